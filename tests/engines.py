"""Servers of batches as strict as OpenAI's and Anthropic's about addresses, ids, limits and order, on 127.0.0.1."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

HARMLESS = json.dumps({"summary": "Leave it as it is.", "checklist": [], "suggestions": []})
ANTHROPIC_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
REQUESTS = {"openai": 50_000, "anthropic": 100_000}
BYTES = {"openai": 200 * 2**20, "anthropic": 256 * 2**20}
HELD = frozenset({"validating", "in_progress", "finalizing"})


class RefusedError(Exception):
    """A request that the server does not take."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Made:
    """A batch that was made: its requests in the order given, and what its server says of it."""

    id: str
    requests: list[dict[str, Any]]
    endpoint: str = ""
    status: str = "in_progress"
    metadata: dict[str, str] = field(default_factory=dict)
    input_file: str = ""
    created: float = field(default_factory=time.time)
    files: dict[str, str | None] = field(default_factory=dict)
    lines: list[bytes] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


@dataclass
class Engines:
    """What the server has, and how it behaves.

    ``becomes`` says what becomes of a request, ``"answered"`` or another word; ``says`` the text of an answer. ``endpoints`` are those that
    batches may be for. ``hangs`` names what is done and never answered, ``mute`` what is answered by status 502 after it was done. ``extra``
    are lines before all results, ``endless`` what comes after them again and again.
    """

    url: str = ""
    made: list[Made] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    live: list[dict[str, Any]] = field(default_factory=list)
    becomes: Callable[[int, dict[str, Any]], str] = lambda number, request: "answered"
    says: Callable[[dict[str, Any]], str] = lambda request: HARMLESS
    endpoints: tuple[str, ...] = ("/v1/responses", "/v1/chat/completions")
    has_batches: bool = True
    hangs: str = ""
    mute: str = ""
    results_url: str = ""
    extra: list[bytes] = field(default_factory=list)
    endless: bytes = b""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def end(self) -> None:
        """Have all batches come to their end."""
        for batch in self.made:
            if batch.status not in ("completed", "ended", "failed", "cancelled"):
                _end(self, batch)

    @property
    def asked(self) -> list[str]:
        """The ids of all questions that were taken, in all batches."""
        return [request["custom_id"] for batch in self.made for request in batch.requests]


@contextmanager
def engines() -> Iterator[Engines]:
    """A server on a free port for as long as the block runs."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.engines = Engines(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield server.engines
    finally:
        server.shutdown()
        server.server_close()


def _end(server: Engines, batch: Made) -> None:
    canceled = batch.status in ("cancelling", "canceling")
    done, failed = [], []
    for number, request in enumerate(batch.requests):
        how = server.becomes(number, request)
        if canceled and how == "answered" and number % 2:
            how = "canceled"
        line = _openai_line(server, request, how) if batch.endpoint else _anthropic_line(server, request, how)
        if line is not None:
            (done if how in ("answered", "refused", "cut") else failed).append(json.dumps(line).encode())
            batch.counts[how] = batch.counts.get(how, 0) + 1
    done.reverse()  # in any order
    if batch.endpoint:
        for name, lines in (("output", [*server.extra, *done]), ("error", failed)):
            if lines:
                batch.files[name] = f"file-{batch.id}-{name}"
                server.files[batch.files[name] or ""] = b"\n".join(lines) + b"\n"
        batch.status = "cancelled" if canceled else "completed"
    else:
        batch.lines = [*server.extra, *failed, *done]
        batch.status = "ended"


def _openai_line(server: Engines, request: dict[str, Any], how: str) -> dict[str, Any] | None:
    line: dict[str, Any] = {"id": "batch_req_1", "custom_id": request["custom_id"], "response": None, "error": None}
    if how in ("expired", "canceled"):
        code = {"expired": "batch_expired", "canceled": "batch_cancelled"}[how]
        return line | {"error": {"code": code, "message": "This request could not be executed in time."}}
    if how == "lost":
        return None
    body: dict[str, Any]
    text = "" if how == "refused" else server.says(request["body"])
    if how == "errored":
        body = {"error": {"message": "The server had an error", "type": "server_error", "code": None}}
    elif request["url"] == "/v1/responses":
        part = {"type": "output_text", "text": text, "annotations": []}
        if how == "refused":
            part = {"type": "refusal", "refusal": "I cannot help."}
        item = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part]}
        usage = {"input_tokens": 2000, "output_tokens": 300, "total_tokens": 2300}
        body = {"id": "r", "object": "response", "created_at": 0, "model": request["body"]["model"], "usage": usage,
                "status": "completed", "output": [item], "instructions": request["body"]["instructions"]}  # fmt: skip
        if how == "cut":
            body |= {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    else:
        usage = {"prompt_tokens": 2000, "completion_tokens": 300, "total_tokens": 2300}
        message = {"role": "assistant", "content": text, "refusal": "No." if how == "refused" else None}
        choice = {"index": 0, "message": message, "finish_reason": "length" if how == "cut" else "stop"}
        body = {"id": "c", "object": "chat.completion", "created": 0, "model": request["body"]["model"],
                "choices": [choice], "usage": usage}  # fmt: skip
    return line | {"response": {"status_code": 500 if how == "errored" else 200, "request_id": "q", "body": body}}


def _anthropic_line(server: Engines, request: dict[str, Any], how: str) -> dict[str, Any] | None:
    if how == "lost":
        return None
    result: dict[str, Any] = {"type": how}
    if how == "errored":
        told = {"type": "overloaded_error", "message": "Overloaded"}
        result["error"] = {"type": "error", "error": told, "request_id": "q"}
    elif how not in ("expired", "canceled"):
        stop = {"refused": "refusal", "cut": "max_tokens"}.get(how, "end_turn")
        usage = {"input_tokens": 1500, "cache_read_input_tokens": 500, "output_tokens": 300}
        result = {"type": "succeeded", "message": {
            "id": "m", "type": "message", "role": "assistant", "model": request["params"]["model"], "stop_reason": stop,
            "content": [{"type": "text", "text": server.says(request["params"])}], "usage": usage,
        }}  # fmt: skip
    return {"custom_id": request["custom_id"], "result": result}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    engines: Engines


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        if self.headers.get("transfer-encoding"):
            raise AssertionError("the length is not said")
        self._serve(self.rfile.read(int(self.headers.get("content-length") or 0)))

    def _serve(self, body: bytes) -> None:
        engines, path = self.server.engines, urlsplit(self.path)
        told = f"{self.command} {path.path}"
        engines.log.append(told)
        try:
            with engines.lock:
                answer = self._answer(engines, path.path, parse_qs(path.query), body)
            if engines.hangs and re.fullmatch(engines.hangs, told):
                time.sleep(60)
            if engines.mute and re.fullmatch(engines.mute, told):
                raise RefusedError(502, "Bad gateway")
        except RefusedError as error:
            self._send(error.status, {"error": {"message": str(error), "type": "invalid_request_error"}})
            return
        if isinstance(answer, bytes):
            self._raw(answer)
        else:
            self._send(200, answer)

    def _send(self, status: int, value: object) -> None:
        made = json.dumps(value).encode()
        with suppress(OSError):  # whoever asked was killed, which is what some tests are about
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(made)))
            self.end_headers()
            self.wfile.write(made)

    def _raw(self, made: bytes) -> None:
        endless = self.server.engines.endless
        self.send_response(200)
        self.send_header("content-type", "application/octet-stream")
        self.send_header("connection", "close")
        self.end_headers()
        try:
            self.wfile.write(made)
            while endless:
                self.wfile.write(endless)
        except OSError:
            return
        finally:
            self.close_connection = True

    def _answer(self, engines: Engines, path: str, query: dict[str, list[str]], body: bytes) -> Any:
        if not engines.has_batches and "batches" in path + "files":
            raise RefusedError(404, "Not Found")
        if not (self.headers.get("authorization") or "").startswith(("Bearer ", "Basic ")):
            raise RefusedError(401, "no key")
        if path.startswith("/v1/messages"):
            if not self.headers.get("anthropic-version"):
                raise RefusedError(400, "anthropic-version: header is required")
            return _anthropic(engines, self.command, path, query, body)
        if path == "/v1/files" and self.command == "POST":
            return _file(engines, self.headers["content-type"], body)
        return _openai(engines, self.command, path, query, body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


def _file(engines: Engines, kind: str, body: bytes) -> Any:
    parts = BytesParser(policy=policy.HTTP).parsebytes(f"content-type: {kind}\r\n\r\n".encode() + body)
    fields = {part.get_param("name", header="content-disposition"): part for part in parts.iter_parts()}  # type: ignore[attr-defined]
    if fields["purpose"].get_content().strip() != "batch":
        raise RefusedError(400, "purpose")
    if not str(fields["file"].get_filename()).endswith(".jsonl"):
        raise RefusedError(400, "Invalid file format")
    seconds = int(fields["expires_after[seconds]"].get_content())
    if not 3600 <= seconds <= 2_592_000 or fields["expires_after[anchor]"].get_content().strip() != "created_at":
        raise RefusedError(400, "expires_after")
    data = fields["file"].get_payload(decode=True)
    assert isinstance(data, bytes)
    if len(data) > BYTES["openai"]:
        raise RefusedError(413, "File is too large")
    name = f"file-{len(engines.files)}"
    engines.files[name] = data
    return {"id": name, "object": "file", "bytes": len(data), "created_at": int(time.time()), "purpose": "batch",
            "filename": fields["file"].get_filename(), "status": "processed"}  # fmt: skip


def _openai(engines: Engines, method: str, path: str, query: dict[str, list[str]], body: bytes) -> Any:
    if match := re.fullmatch(r"/v1/files/([\w-]+)/content", path):
        if match[1] not in engines.files:
            raise RefusedError(404, "No such File object")
        return engines.files[match[1]]
    if path == "/v1/batches" and method == "POST":
        return _openai_object(_openai_made(engines, json.loads(body)))
    if path == "/v1/batches":
        newest = [batch for batch in reversed(engines.made) if batch.endpoint]
        after, limit = query.get("after", [""])[0], int(query.get("limit", ["20"])[0])
        assert 1 <= limit <= 100
        start = next((n + 1 for n, batch in enumerate(newest) if batch.id == after), 0)
        page = newest[start : start + limit]
        return {
            "object": "list",
            "data": [_openai_object(batch) for batch in page],
            "has_more": start + limit < len(newest),
        }
    match = re.fullmatch(r"/v1/batches/([\w-]+)(/cancel)?", path)
    found = next((batch for batch in engines.made if match and batch.id == match[1]), None)
    if match is None or found is None:
        if path in ("/v1/responses", "/v1/chat/completions"):
            engines.live.append(json.loads(body))
        raise RefusedError(404, "No such batch")
    if match[2]:
        if found.status not in HELD:
            raise RefusedError(409, "Cannot cancel a batch that has ended")
        found.status = "cancelling"
    return _openai_object(found)


def _openai_made(engines: Engines, given: dict[str, Any]) -> Made:
    endpoint = given["endpoint"]
    if endpoint not in engines.endpoints:
        raise RefusedError(400, f"Invalid value for 'endpoint': {endpoint}")
    if given["completion_window"] != "24h" or given["input_file_id"] not in engines.files:
        raise RefusedError(400, "completion_window or input_file_id")
    metadata = given.get("metadata") or {}
    if len(metadata) > 16 or any(len(k) > 64 or len(v) > 512 for k, v in metadata.items()):
        raise RefusedError(400, "metadata")
    requests = [json.loads(line) for line in engines.files[given["input_file_id"]].splitlines()]
    errors = []
    ids = [request["custom_id"] for request in requests]
    if len(requests) > REQUESTS["openai"]:
        errors = [{"code": "too_many_tasks", "message": "The batch has more than 50000 requests.", "line": None}]
    elif len(set(ids)) < len(ids) or not all(isinstance(i, str) and 0 < len(i) <= 64 for i in ids):
        errors = [{"code": "duplicate_custom_id", "message": "A custom_id is there twice or too long.", "line": 1}]
    elif any(r["method"] != "POST" or r["url"] != endpoint or "stream" in r["body"] for r in requests):
        errors = [{"code": "mismatched", "message": "A request is for another endpoint, or streams.", "line": 1}]
    elif len({request["body"]["model"] for request in requests}) > 1:
        errors = [{"code": "mismatched_model", "message": "A batch has one model.", "line": 1}]
    made = Made(f"batch_{len(engines.made)}", requests, endpoint, metadata=metadata, input_file=given["input_file_id"])
    made.errors, made.status = errors, "failed" if errors else "in_progress"
    engines.made.append(made)
    return made


def _openai_object(batch: Made) -> dict[str, Any]:
    done = sum(batch.counts.get(how, 0) for how in ("answered", "refused", "cut"))
    counts = {"total": len(batch.requests), "completed": done, "failed": sum(batch.counts.values()) - done}
    return {
        "id": batch.id, "object": "batch", "endpoint": batch.endpoint, "completion_window": "24h", "status": batch.status,
        "created_at": int(batch.created), "input_file_id": batch.input_file, "metadata": batch.metadata,
        "output_file_id": batch.files.get("output"), "error_file_id": batch.files.get("error"), "request_counts": counts,
        "errors": {"object": "list", "data": batch.errors} if batch.errors else None,
    }  # fmt: skip


def _anthropic(engines: Engines, method: str, path: str, query: dict[str, list[str]], body: bytes) -> Any:
    if path == "/v1/messages/batches" and method == "POST":
        if len(body) > BYTES["anthropic"]:
            raise RefusedError(413, "Request exceeds the maximum size")
        requests = json.loads(body)["requests"]
        ids = [request["custom_id"] for request in requests]
        if not 1 <= len(requests) <= REQUESTS["anthropic"] or len(set(ids)) < len(ids):
            raise RefusedError(400, "requests: too many, or a custom_id is there twice")
        for number, request in enumerate(requests):
            if not ANTHROPIC_ID.fullmatch(request["custom_id"]):
                raise RefusedError(400, f"requests.{number}.custom_id: String should match pattern")
            if {"model", "max_tokens", "messages"} - request["params"].keys() or "stream" in request["params"]:
                raise RefusedError(400, f"requests.{number}.params")
        engines.made.append(Made(f"msgbatch_{len(engines.made)}", requests))
        return _anthropic_object(engines, engines.made[-1])
    if path == "/v1/messages/batches":
        newest = [batch for batch in reversed(engines.made) if not batch.endpoint]
        after, limit = query.get("after_id", [""])[0], int(query.get("limit", ["20"])[0])
        start = next((n + 1 for n, batch in enumerate(newest) if batch.id == after), 0)
        page = newest[start : start + limit]
        return {"data": [_anthropic_object(engines, batch) for batch in page], "has_more": start + limit < len(newest),
                "first_id": page[0].id if page else None, "last_id": page[-1].id if page else None}  # fmt: skip
    match = re.fullmatch(r"/v1/messages/batches/([\w-]+)(/cancel|/results)?", path)
    found = next((batch for batch in engines.made if match and batch.id == match[1]), None)
    if match is None or found is None:
        raise RefusedError(404, "Not found")
    if match[2] == "/results":
        if found.status != "ended":
            raise RefusedError(404, "No results yet")
        return b"\n".join(found.lines) + b"\n"
    if match[2] == "/cancel":
        if found.status != "in_progress":
            raise RefusedError(409, "has ended")
        found.status = "canceling"
    return _anthropic_object(engines, found)


def _anthropic_object(engines: Engines, batch: Made) -> dict[str, Any]:
    ended = batch.status == "ended"
    done = sum(batch.counts.get(how, 0) for how in ("answered", "refused", "cut"))
    counts = {"processing": 0 if ended else len(batch.requests), "succeeded": done,
              **{how: batch.counts.get(how, 0) for how in ("errored", "canceled", "expired")}}  # fmt: skip
    made = datetime.fromtimestamp(batch.created, UTC).isoformat()
    return {
        "id": batch.id, "type": "message_batch", "processing_status": batch.status, "request_counts": counts, "created_at": made,
        "expires_at": made, "ended_at": made if ended else None, "archived_at": None, "cancel_initiated_at": None,
        "results_url": engines.results_url or f"{engines.url}/v1/messages/batches/{batch.id}/results" if ended else None,
    }  # fmt: skip
