"""A small HTTP server that answers as it is told, for what llmock does not speak.

Real sockets on 127.0.0.1: resets, redirects and endless streams reach the SDKs as they would from afar.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

SSE = "text/event-stream"
JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, ``before`` seconds after the question.

    ``pieces`` go out one by one, ``pause`` seconds apart, then ``reset`` breaks the line.
    """

    pieces: tuple[bytes, ...] = ()
    status: int = 200
    kind: str = SSE
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0.0
    reset: bool = False
    before: float = 0.0


@dataclass
class Told:
    """What the server answers on each path (the last answer repeats), what it was asked, which paths were got, with which headers, and how many questions were there at once."""

    url: str
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    got: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Told]:
    """A server on a free port of 127.0.0.1 for as long as the block runs; with ``tls``, one for https."""
    server = _Server(("127.0.0.1", 0), _Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        server.told.url = server.told.url.replace("http:", "https:")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.told
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.told = Told(f"http://127.0.0.1:{self.server_address[1]}")

    def shutdown_request(self, request: Any) -> None:
        self.close_request(request)  # without the polite half-close, so that a reset is a reset


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        told = self.server.told
        told.asked.append((self.path, body))
        with told.lock:
            told.at_once += 1
            told.most_at_once = max(told.most_at_once, told.at_once)
        self._answer()
        with told.lock:
            told.at_once -= 1

    def do_GET(self) -> None:
        self.server.told.got.append(self.path)
        self._answer()

    def _answer(self) -> None:
        self.server.told.headers.append(dict(self.headers))
        with self.server.told.lock:
            scripted = self.server.told.answers.get(self.path) or [error(404, {"detail": "Not Found"})]
            answer = scripted.pop(0) if len(scripted) > 1 else scripted[0]
        try:
            time.sleep(answer.before)
            self.send_response(answer.status)
            for name, value in {"content-type": answer.kind, **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            for piece in answer.pieces:
                self.wfile.write(piece)
                self.wfile.flush()
                time.sleep(answer.pause)
        except OSError:
            return  # the client has left, which is what some tests are about
        if answer.reset:
            time.sleep(0.05)  # a reset overtakes what has not been read yet
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@dataclass
class Passed:
    """A proxy's address, and the first line of each request that came through it."""

    url: str
    lines: list[str] = field(default_factory=list)


@contextmanager
def proxying(to: str, refuses: bool = False) -> Iterator[Passed]:
    """A proxy that brings everything to the server at ``to``, whatever the name asked for; or that refuses all."""
    host, port = to.rpartition("/")[2].split(":")
    proxy = _Proxy(("127.0.0.1", 0), _Relay)
    proxy.to, proxy.refuses = (host, int(port)), refuses
    proxy.passed = Passed(f"http://127.0.0.1:{proxy.server_address[1]}")
    threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield proxy.passed
    finally:
        proxy.shutdown()
        proxy.server_close()


class _Proxy(ThreadingTCPServer):
    daemon_threads = True
    to: tuple[str, int]
    refuses: bool
    passed: Passed


class _Relay(StreamRequestHandler):
    server: _Proxy

    def handle(self) -> None:
        first = self.rfile.readline().decode()
        method, target, version = first.split()
        self.server.passed.lines.append(first.strip())
        rest = []
        while (line := self.rfile.readline()).strip():
            rest.append(line)
        if self.server.refuses:
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(self.server.to) as other:
            if method == "CONNECT":
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                path = "/" + target.split("/", 3)[3]
                other.sendall(f"{method} {path} {version}\r\n".encode() + b"".join(rest) + b"\r\n")
            back = threading.Thread(target=_copy, args=(other.makefile("rb", 0), self.connection), daemon=True)
            back.start()
            _copy(self.rfile, other)
            back.join()


def _copy(source: Any, sink: socket.socket) -> None:
    try:
        while piece := source.read1(65536) if hasattr(source, "read1") else source.read(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return  # one of the two has left


def certificates(folder: Path, *names: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate authority made here: its file, and a server's context with a certificate for the names."""
    (folder / "names.cnf").write_text("subjectAltName=" + ",".join(names))
    for command in (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=tests -keyout ca.key -out ca.pem",
        "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=server -keyout server.key -out server.csr",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names.cnf -out server.pem",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return folder / "ca.pem", context


def events(*data: dict[str, Any]) -> tuple[bytes, ...]:
    """Server-sent events, one piece each, named by their ``type`` where they have one."""
    return tuple(
        (f"event: {item['type']}\n" if "type" in item else "").encode() + f"data: {json.dumps(item)}\n\n".encode()
        for item in data
    )


def error(status: int, body: dict[str, Any], **headers: str) -> Answer:
    """A JSON error answer."""
    return Answer((json.dumps(body).encode(),), status, JSON, headers)


def response(status: str = "completed", text: str = "", **fields: Any) -> dict[str, Any]:
    """The last event of a Responses stream, named after ``status``."""
    part = {"type": "output_text", "text": text, "annotations": []}
    output = [{"type": "message", "id": "m", "role": "assistant", "status": status, "content": [part]}]
    body = {"id": "r", "object": "response", "created_at": 0, "model": "m-1", "status": status, "output": output}
    return {"type": f"response.{status}", "sequence_number": 9, "response": body | fields}


def delta(text: str) -> dict[str, Any]:
    """A piece of text in a Responses stream."""
    return {"type": "response.output_text.delta", "delta": text, "item_id": "m", "sequence_number": 1}


def chunk(text: str | None = None, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    """A chunk of a Chat Completions stream."""
    choice = {"index": 0, "delta": {"content": text} | fields, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m-1", "choices": [choice]}


def message(*texts: str, stop: str | None = "end_turn", **stopped: Any) -> tuple[dict[str, Any], ...]:
    """The events of a Messages stream; without a stop reason it ends after the text."""
    head = {"id": "m", "type": "message", "role": "assistant", "model": "m-1", "content": [], "stop_reason": None}
    usage = {"input_tokens": 7, "cache_read_input_tokens": 4, "output_tokens": 1}
    start = {"type": "message_start", "message": head | {"usage": usage}}
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    told = [{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": t}} for t in texts]
    last = {"type": "message_delta", "delta": {"stop_reason": stop} | stopped, "usage": {"output_tokens": 5}}
    return (start, block, *told) if stop is None else (start, block, *told, last, {"type": "message_stop"})


@dataclass(frozen=True)
class Flood:
    """What comes after a request: ``head``, and ``piece`` again and again, ``pause`` seconds apart, for as long as somebody reads."""

    head: bytes
    piece: bytes
    pause: float = 0.0


@dataclass
class Flooding:
    """A flooding server's address, and how many connections it had."""

    url: str
    asked: int = 0


@contextmanager
def flooding(flood: Flood) -> Iterator[Flooding]:
    """A server that answers every request, whatever it asks, by ``flood``."""
    server = _Flooder(("127.0.0.1", 0), _Pours)
    server.flood, server.flooding = flood, Flooding(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield server.flooding
    finally:
        server.shutdown()
        server.server_close()


class _Flooder(ThreadingTCPServer):
    daemon_threads = True
    flood: Flood
    flooding: Flooding


class _Pours(StreamRequestHandler):
    server: _Flooder

    def handle(self) -> None:
        length = 0
        while (line := self.rfile.readline()).strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        self.rfile.read(length)
        self.server.flooding.asked += 1
        try:
            self.wfile.write(self.server.flood.head)
            while True:
                self.wfile.write(self.server.flood.piece)
                time.sleep(self.server.flood.pause)
        except OSError:
            return  # the client has had enough
