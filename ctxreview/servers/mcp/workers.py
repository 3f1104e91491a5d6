"""The processes in which calls are done: started when they are needed, kept, and ended with a call that is given up."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import Process

from ctxreview.servers.mcp.work import LENGTH, SECONDS, Answer

AT_ONCE = 2
"""Calls that are done at once; others wait."""
MOST_WAITING = 100
"""Calls that wait or are done; further ones are refused."""
MOST_DONE = 200
"""Calls after which a process is replaced: what the library keeps of files that it has read would go on to grow."""
LARGEST = 16_000_000
"""Bytes of an answer, which is bounded to much less."""

TOO_LONG = f"It took longer than {SECONDS} seconds and was given up; leave out other_files, or select less."
TOO_MANY = f"More than {MOST_WAITING} calls are under way; ask again when some are answered."
ENDED = "The process that did the call ended before it answered; ask again with less selected."


class Workers:
    """Processes that do calls for the roots given; to be used by :meth:`serving`."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(map(str, roots))
        self._free: list[Process] = []
        self._all: dict[Process, int] = {}  # each with how many calls it has done
        self._waiting = 0
        self._limit = anyio.CapacityLimiter(AT_ONCE)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Starts the first process, so that the first call does not wait for it, and leaves none behind at the end."""
        try:
            self._free.append(await self._start())
            yield
        finally:
            with anyio.CancelScope(shield=True):
                for process in tuple(self._all):
                    await self._end(process)

    async def call(self, kind: str, name: str, arguments: Any) -> Answer:
        """The answer to a call. Where it is cancelled, or takes too long, the process that does it is ended."""
        if self._waiting >= MOST_WAITING:
            return Answer({}, "", TOO_MANY)
        self._waiting += 1
        try:
            async with self._limit:
                return await self._answered({"kind": kind, "name": name, "arguments": arguments})
        finally:
            self._waiting -= 1

    async def _answered(self, call: dict[str, Any]) -> Answer:
        process = self._free.pop() if self._free else await self._start()
        done = False
        try:
            with anyio.fail_after(SECONDS):
                made = await _asked(process, json.dumps(call).encode())
            done = True
            return made
        except TimeoutError:
            return Answer({}, "", TOO_LONG)
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError, ValueError):
            return Answer({}, "", ENDED)
        finally:
            calls = self._all.get(process, MOST_DONE) + 1
            if done and calls < MOST_DONE:
                self._all[process] = calls
                self._free.append(process)
            else:
                with anyio.CancelScope(shield=True):
                    await self._end(process)

    async def _start(self) -> Process:
        # Neither the current folder nor an empty entry of PYTHONPATH, which means it, is looked at for modules: it may be a stranger's.
        given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, given)), "PYTHONUTF8": "1"}
        process = await anyio.open_process(
            [sys.executable, "-P", "-m", "ctxreview.servers.mcp.work", *self._roots],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None,
            env=environment,
            start_new_session=os.name == "posix",
        )
        self._all[process] = 0
        return process

    async def _end(self, process: Process) -> None:
        """End a process, and those that it has started to share its work."""
        self._all.pop(process, None)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        with contextlib.suppress(OSError, anyio.BrokenResourceError):
            await process.aclose()


async def _asked(process: Process, call: bytes) -> Answer:
    assert process.stdin is not None
    assert process.stdout is not None
    await process.stdin.send(len(call).to_bytes(LENGTH, "big") + call)
    got = bytearray()
    length = LENGTH
    while len(got) < length:
        got += await process.stdout.receive()
        if len(got) >= LENGTH:
            length = LENGTH + int.from_bytes(got[:LENGTH], "big")
            if length > LARGEST:
                raise ValueError(length)
    return Answer(**json.loads(got[LENGTH:]))
