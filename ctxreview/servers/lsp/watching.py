"""Diagnostics as one types: soon of the file by itself, and with the files around it once nobody types."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from lsprotocol.types import Diagnostic

from ctxreview.errors import CtxreviewError
from ctxreview.model.review import Finding
from ctxreview.servers.lsp.buffers import Buffer
from ctxreview.servers.lsp.looking import findings_alone, findings_within
from ctxreview.servers.lsp.work import Worker

TYPING = 0.03
"""Seconds without an edit until a file is looked at: edits that come together are one."""
SETTLED = 0.6
"""Seconds without an edit until the files around are searched for what they open for it."""

Outcome = tuple[Finding, ...] | str
"""What was found in a version of a file, or why it was not looked at."""
Tell = Callable[[Buffer, bool], None]
"""Tells the client what there is to say of a version of a file; with true, that it is something else than was told of it before."""


@dataclass
class _File:
    """What is known of an open file: its latest outcome, and that of an answer that was checked.

    ``leans`` says that other files made a difference when it was looked at last: then nothing is told before they are read too.
    """

    buffer: Buffer
    found: Outcome | None = None
    checked: tuple[Finding, ...] = ()
    leans: bool = False
    known: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Watch:
    """The open files, each looked at when it changes. ``tell`` is called for each version of which something is known."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._files: dict[str, _File] = {}
        self._soon, self._settled = Worker("soon"), Worker("settled")

    def buffer(self, uri: str) -> Buffer | None:
        """The latest version of an open file."""
        file = self._files.get(uri)
        return file.buffer if file is not None else None

    def put(self, buffer: Buffer) -> None:
        """There is a new version of a file: what was being looked at of the one before is stopped."""
        file = self._files.get(buffer.uri)
        wait = 0.0 if file is None else TYPING
        if file is None:
            file = self._files[buffer.uri] = _File(buffer)
        file.buffer, file.checked = buffer, ()
        self._look(file, wait)

    def drop(self, uri: str) -> Buffer | None:
        """A file was closed; its last version."""
        file = self._files.pop(uri, None)
        if file is None:
            return None
        file.known.set()
        if file.task is not None:
            file.task.cancel()
        return file.buffer

    def saved(self, uri: str) -> None:
        """A file is on the disk as it is open: look anew at it, and at those to which other files made a difference."""
        for file in self._files.values():
            if file.leans or file.buffer.uri == uri:
                self._look(file, TYPING)

    def check(self, buffer: Buffer, found: Sequence[Finding]) -> bool:
        """What was found in an answer to this version; whether it is the latest one still."""
        file = self._files.get(buffer.uri)
        if file is None or file.buffer.version != buffer.version:
            return False
        path = buffer.source().path
        file.checked = tuple(f for f in found if f.at.path == path)
        self._tell(buffer, True)
        return True

    async def known(self, uri: str) -> bool:
        """Wait until something is known of the latest version of a file; false where it is not open."""
        while (file := self._files.get(uri)) is not None:
            if file.found is not None:
                return True
            await file.known.wait()
        return False

    def diagnostics(
        self, uri: str, made: Callable[[Finding, Buffer], Diagnostic], refused: Callable[[str, Buffer], Diagnostic]
    ) -> list[Diagnostic]:
        """All that is to be told of a file now."""
        file = self._files.get(uri)
        if file is None or file.found is None:
            return []
        if isinstance(file.found, str):
            return [refused(file.found, file.buffer)]
        known = {(f.rule, f.at) for f in file.found}
        return [made(f, file.buffer) for f in (*file.found, *(c for c in file.checked if (c.rule, c.at) not in known))]

    def _look(self, file: _File, wait: float) -> None:
        if file.task is not None:
            file.task.cancel()
        file.found = None
        file.known.clear()
        file.task = asyncio.get_running_loop().create_task(self._looked(file, file.buffer, wait))

    async def _looked(self, file: _File, buffer: Buffer, wait: float) -> None:
        """Look at a version; cancelled by the next one."""
        await asyncio.sleep(wait)
        if not file.leans:
            self._learn(file, await self._soon.do(partial(_outcome, findings_alone, buffer)))
            await asyncio.sleep(SETTLED if wait else 0)
        self._learn(file, await self._settled.do(partial(_outcome, findings_within, buffer)))

    def _learn(self, file: _File, found: Outcome) -> None:
        before, file.found = file.found, found
        file.known.set()
        if before != found:
            file.leans = file.leans or before is not None
            self._tell(file.buffer, before is not None)


def _outcome(look: Callable[[Buffer], tuple[Finding, ...]], buffer: Buffer) -> Outcome:
    try:
        return look(buffer)
    except CtxreviewError as error:
        return str(error)
    except Exception as error:
        return f"an error of ctxreview's own ({type(error).__name__})."


def result_id(diagnostics: Sequence[Diagnostic]) -> str:
    """By what a client knows that nothing else is told of a file than before."""
    return hashlib.sha256(repr(diagnostics).encode()).hexdigest()[:16]
