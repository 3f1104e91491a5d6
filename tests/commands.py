"""Commands of the program as processes of their own, for tests that only look at what goes in and comes out.

What is in this module is forked from :mod:`tests.command_server`, with pipes or on a terminal of its own. Tests of start-up,
signals, memory, the shell and the installed script start the program themselves.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import resource
import select
import selectors
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

from tests import ROOT
from tests.command_server import READY, End, Request

SCRIPT = Path(sys.executable).parent / "ctxreview"
READ_AT_START = re.compile(r"PYTHON\w+|LC_\w+|LANG|_?TYPER_\w+|(OPENAI|ANTHROPIC)_LOG|LD_\w+|MALLOC_\w+")
"""Variables that Python and the libraries read while they start: a command for which they differ is started anew."""


class Done(subprocess.CompletedProcess[str]):
    """A command that has ended; ``seconds`` is the processor time that it took, whatever else the machine did."""

    seconds: float


class Running:
    """A command that was started; :meth:`wait` gives its end."""

    def __init__(self, request: Request, given: bytes | None = None) -> None:
        self._argv = request["argv"]
        self._rest = memoryview(given or b"")
        (stdin, self._in), (self._out, stdout), (self._err, stderr) = (os.pipe() for _ in range(3))
        if given is None:
            os.close(stdin)
            stdin = os.open(os.devnull, os.O_RDONLY)
        self._told = _forked(request, stdin, stdout, stderr)

    def kill(self) -> None:
        """End the command by SIGKILL, at once."""
        self._told.shutdown(socket.SHUT_WR)

    @property
    def has_ended(self) -> bool:
        """Whether it has ended by itself; that is told when it has."""
        return bool(select.select([self._told], [], [], 0)[0])

    def wait(self, timeout: float) -> Done:
        """The command when it has ended. Raises :class:`subprocess.TimeoutExpired` after some seconds, and kills it."""
        deadline = time.monotonic() + timeout
        told = self._told.fileno()
        read = {self._out: b"", self._err: b"", told: b""}
        try:
            with selectors.DefaultSelector() as selector:
                for descriptor in read:
                    selector.register(descriptor, selectors.EVENT_READ)
                os.set_blocking(self._in, False)
                selector.register(self._in, selectors.EVENT_WRITE)
                while selector.get_map():
                    ready = selector.select(max(0, deadline - time.monotonic()))
                    if not ready:
                        raise subprocess.TimeoutExpired(self._argv, timeout, read[self._out], read[self._err])
                    for key, _ in ready:
                        if key.fd == self._in:
                            if not self._write():
                                selector.unregister(self._in)
                                os.close(self._in)
                        elif piece := os.read(key.fd, 65536):
                            read[key.fd] += piece
                        else:
                            selector.unregister(key.fd)
        finally:
            os.close(self._out)
            os.close(self._err)
            self._told.close()
        end: End = json.loads(read[told])
        return _done(self._argv, end, read[self._out], read[self._err])

    def _write(self) -> bool:
        """Write some of what the command is given; whether there is more."""
        try:
            self._rest = self._rest[os.write(self._in, self._rest) :] if self._rest else self._rest
        except BrokenPipeError:
            return False
        return bool(self._rest)


class OnTerminal(NamedTuple):
    """How a command on a terminal ended: its exit status, what the terminal showed, and what went into a pipe instead."""

    status: int
    shown: str
    piped: str


def run_on_terminal(
    *arguments: str | os.PathLike[str],
    cwd: Path,
    env: Mapping[str, str],
    typed: tuple[tuple[str, str], ...] = (),
    columns: int = 80,
    pipe: bool = False,
    timeout: float = 60,
) -> OnTerminal:
    """The command on a terminal with 24 lines of some columns, when it has ended; ``env`` is its whole environment.

    ``typed`` is what a person types, each text after the one that has to be shown first. With ``pipe`` the terminal is standard
    input and error, and standard output is a pipe. Raises :class:`subprocess.TimeoutExpired` after ``timeout`` seconds, when the
    command is killed.
    """
    assert _at_start(env) == AT_START, "such a command is started anew"
    argv = _argv(arguments)
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    out, stdout = os.pipe() if pipe else (-1, terminal)
    told = _forked(Request(argv=argv, cwd=str(cwd), env=dict(env)), terminal, stdout, terminal)
    waiting, read = list(typed), {controller: b"", told.fileno(): b""} | ({out: b""} if pipe else {})
    deadline = time.monotonic() + timeout
    try:
        with selectors.DefaultSelector() as selector:
            for descriptor in read:
                selector.register(descriptor, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(max(0, deadline - time.monotonic()))
                if not ready:
                    raise subprocess.TimeoutExpired(argv, timeout, read[controller])
                for key, _ in ready:
                    if piece := _piece(key.fd):
                        read[key.fd] += piece
                    else:
                        selector.unregister(key.fd)
                while waiting and waiting[0][0] in read[controller].decode("utf-8", "ignore"):
                    os.write(controller, waiting.pop(0)[1].encode())
        end: End = json.loads(read[told.fileno()])
    finally:
        told.close()
        for descriptor in {controller, out} - {-1}:
            os.close(descriptor)
    return OnTerminal(end["status"], read[controller].decode().replace("\r\n", "\n"), read.get(out, b"").decode())


def _piece(descriptor: int) -> bytes:
    """Some of what there is to read; nothing at the end, also at that of a terminal."""
    try:
        return os.read(descriptor, 65536)
    except OSError:  # how Linux says that the terminal's last user has gone
        return b""


def _forked(request: Request, stdin: int, stdout: int, stderr: int) -> socket.socket:
    """Start a command with these streams, which are closed here; its :class:`End` comes by the socket."""
    told, theirs = socket.socketpair()
    with theirs, TemporaryFile() as file:
        file.write(json.dumps(request).encode())
        file.seek(0)
        socket.send_fds(_server()[0], [b"!"], [stdin, stdout, stderr, file.fileno(), theirs.fileno()])
    for descriptor in {stdin, stdout, stderr}:
        os.close(descriptor)
    return told


def _at_start(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if READ_AT_START.fullmatch(name)}


AT_START = _at_start(os.environ)


def start_command(*arguments: str | os.PathLike[str], cwd: Path, env: Mapping[str, str]) -> Running:
    """The command with these arguments, forked and running; ``env`` is its whole environment."""
    return Running(Request(argv=_argv(arguments), cwd=str(cwd), env=dict(env)))


def run_command(
    *arguments: str | os.PathLike[str],
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: str | bytes | None = None,
    timeout: float = 60,
) -> Done:
    """The command with these arguments, when it has ended; ``env`` is its whole environment, by default this process's.

    Without ``stdin`` its standard input is the null device. Raises :class:`subprocess.TimeoutExpired` after ``timeout``
    seconds, when the command is killed.
    """
    argv, whole = _argv(arguments), dict(os.environ if env is None else env)
    given = stdin.encode() if isinstance(stdin, str) else stdin
    if _at_start(whole) == AT_START:
        return Running(Request(argv=argv, cwd=str(cwd), env=whole), given).wait(timeout)
    before = _seconds_of_children()
    entry = {"stdin": subprocess.DEVNULL} if given is None else {"input": given}
    raw = subprocess.run(argv, cwd=cwd, env=whole, capture_output=True, timeout=timeout, check=False, **entry)  # type: ignore[call-overload]
    return _done(argv, End(status=raw.returncode, seconds=_seconds_of_children() - before), raw.stdout, raw.stderr)


def _argv(arguments: tuple[str | os.PathLike[str], ...]) -> list[str]:
    return [str(SCRIPT), *(os.fspath(a) for a in arguments)]


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _done(argv: list[str], end: End, out: bytes, err: bytes) -> Done:
    done = Done(argv, end["status"], out.decode(), err.decode())
    done.seconds = end["seconds"]
    return done


@cache
def _server() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """This process's server and its control socket: it ends when the socket does.

    Raises :class:`RuntimeError`, with what it said, where it could not start.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        server = subprocess.Popen(
            [sys.executable, "-P", "-c", f"from tests.command_server import main; main({theirs.fileno()})"],
            pass_fds=[theirs.fileno()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
    if ours.recv(1) != READY:
        raise RuntimeError(server.communicate()[1].decode())
    return ours, server
