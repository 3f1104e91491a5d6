"""A process that has the program and the SDKs imported, and forks itself for each command.

Importing the SDKs takes more than a second of processor time; some hundred tests start a command that needs them. A forked
command is a process of its own in all that these tests look at: arguments, environment, working folder, pipes and exit
status. :mod:`tests.commands` starts this server and says what starts anew all the same.

Each message on the control socket carries five descriptors: standard input,
output and error of a command, a file with a :class:`Request`, and a socket on which its :class:`End` is told. A socket that is
closed or shut down ends what is at its other end: the command by SIGKILL, or with the control socket this server.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import threading
from importlib import import_module
from typing import NoReturn, TypedDict

from tests.servers import chunk, delta, message, response

READY = b"+"
IMPORTED_WHERE_USED = (
    "anthropic.resources.messages", "anyio.streams.tls", "encodings.idna", "encodings.utf_8_sig", "httpcore2", "jinja2",
    "openai.lib.streaming.responses", "openai.resources.chat", "openai.resources.responses", "tiktoken",
    "tree_sitter_c_sharp", "truststore",
)  # fmt: skip
"""What the modules of the program and the SDKs import at their first use."""


class Request(TypedDict):
    """A command, as JSON."""

    argv: list[str]
    cwd: str
    env: dict[str, str]


class End(TypedDict):
    """How a command ended, as JSON: its exit status, negative for a signal, and its processor time in seconds."""

    status: int
    seconds: float


def import_all() -> None:
    """Everything that a command may import, but for what reads the environment while it is imported."""
    import ctxreview

    for module in pkgutil.walk_packages(ctxreview.__path__, "ctxreview."):
        if module.name != "ctxreview.rules.page":
            import_module(module.name)
    for name in IMPORTED_WHERE_USED:
        import_module(name)
    _build_models()


def _build_models() -> None:
    """The SDKs' classes for what is streamed: each is built when the first event of its kind is read, which takes half a second."""
    import anthropic._models
    import openai._models
    from anthropic.types import RawMessageStreamEvent
    from openai.types.chat import ChatCompletionChunk
    from openai.types.responses import ResponseStreamEvent

    for event in (delta(""), *(response(status) for status in ("completed", "incomplete", "failed"))):
        openai._models.construct_type(type_=ResponseStreamEvent, value=event)
    openai._models.construct_type(type_=ChatCompletionChunk, value=chunk("", "stop"))
    for event in message(""):
        anthropic._models.construct_type(type_=RawMessageStreamEvent, value=event)


def serve(control: socket.socket) -> None:
    """Fork a process for each message, until the other side leaves. Returns in each of these processes."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([control, reader, *running.values()], [], [])
        if reader in ready:
            os.read(reader, 4096)
            _tell_ends(running)
        for pid, connection in running.items():
            if connection in ready:
                os.kill(pid, signal.SIGKILL)
        if control not in ready:
            continue
        message, descriptors, _, _ = socket.recv_fds(control, 1, 5)
        if not message:
            sys.exit()
        *files, connection = descriptors
        if pid := os.fork():
            running[pid] = socket.socket(fileno=connection)
            for file in files:
                os.close(file)
            continue
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for ours in (control, *running.values()):
            ours.close()
        for ours in (reader, writer, connection):
            os.close(ours)
        _become(files)
        return


def _tell_ends(running: dict[int, socket.socket]) -> None:
    while running:
        pid, status, used = os.wait4(-1, os.WNOHANG)
        if not pid:
            return
        end = End(status=os.waitstatus_to_exitcode(status), seconds=used.ru_utime + used.ru_stime)
        with running.pop(pid) as connection:
            connection.setblocking(False)
            try:
                connection.send(json.dumps(end).encode())
            except OSError:
                continue  # whoever asked has left


def _become(files: list[int]) -> None:
    """Make this process that of a command: its streams, environment, folder and arguments."""
    *streams, given = files
    with open(given, "rb") as file:  # noqa: PTH123
        request: Request = json.load(file)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdout.reconfigure(line_buffering=os.isatty(1))  # type: ignore[union-attr]
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv[:] = request["argv"]


def main(control: int) -> None:
    """The server, on a socket's descriptor; and, in a forked process, the command."""
    import_all()
    assert threading.active_count() == 1, "a process with threads cannot be forked"
    gc.freeze()
    server = socket.socket(fileno=control)
    server.send(READY)
    serve(server)
    from ctxreview.__main__ import main as command

    status = 0
    try:
        command()
    except SystemExit as end:
        status = _status(end.code)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    _end(status)


def _status(code: object) -> int:
    if code is None or isinstance(code, int):
        return int(code or 0)
    print(code, file=sys.stderr)
    return 1


def _end(status: int) -> NoReturn:
    """What Python does at its end, but for freeing all that was imported: that takes longer than most commands."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except OSError:
        status = 120
    sys.stderr.flush()
    os._exit(status & 0xFF)
