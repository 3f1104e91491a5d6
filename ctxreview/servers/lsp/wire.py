"""Messages on a pipe: taken apart so that what is broken is answered, and what follows it is read all the same."""

from __future__ import annotations

import json
import os
import re
from typing import Any, NamedTuple

MOST = 64 * 1024 * 1024
"""Bytes of one message that are read; of a longer one nothing is kept."""
MOST_HEADER = 16 * 1024
"""Bytes without the blank line that ends a header after which they are taken for none."""
PIECE = 64 * 1024

PARSE_ERROR, INVALID_REQUEST = -32700, -32600

_LENGTH = re.compile(rb"content-length:[ \t]*(\d{1,12})[ \t]*(?:\r?\n|\Z)", re.IGNORECASE)
_FIELDS = re.compile(rb"(?:[\w-]+:[^\r\n]*\r?\n)*(?:[\w-]+:[^\r\n]*)?")
_END = re.compile(rb"\r?\n\r?\n")


class Fault(NamedTuple):
    """What is answered to bytes that are no message: a code of JSON-RPC, and one sentence."""

    code: int
    sentence: str


class Inbox:
    """The messages that come through a file descriptor, which is read in one thread alone."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._held = bytearray()

    def next(self) -> dict[str, Any] | Fault | None:
        """The next message, or what is wrong with it; ``None`` at the end. Waits for it."""
        while (end := _END.search(self._held)) is None:
            if len(self._held) > MOST_HEADER:
                self._held = self._held[_next_start(self._held) :]
                return Fault(PARSE_ERROR, "There is no header with a Content-Length.")
            if not self._read():
                return None
        header = bytes(self._held[: end.start()])
        lengths = list(_LENGTH.finditer(header))
        if not lengths:
            del self._held[: end.end()]
            return Fault(PARSE_ERROR, "There is no header with a Content-Length.")
        length = lengths[-1]
        if not _FIELDS.fullmatch(header[: length.start()]):
            del self._held[: length.start()]  # what is before it is told, and it is read next
            return Fault(PARSE_ERROR, "There is something between two messages.")
        del self._held[: end.end()]
        return self._body(int(length[1]))

    def _body(self, length: int) -> dict[str, Any] | Fault | None:
        if length > MOST:
            if not self._skip(length):
                return None
            return Fault(INVALID_REQUEST, f"A message has {length:,} bytes; up to {MOST:,} are read.")
        while len(self._held) < length:
            if not self._read():
                return None
        body = bytes(self._held[:length])
        del self._held[:length]
        made = _parsed(body)
        if isinstance(made, Fault) and made.code == PARSE_ERROR and (start := _next_start(body)) < length:
            self._held[:0] = body[start:]  # the length was wrong: another message is in it
        return made

    def _skip(self, length: int) -> bool:
        while length > len(self._held):
            length -= len(self._held)
            self._held.clear()
            if not self._read():
                return False
        del self._held[:length]
        return True

    def _read(self) -> bool:
        piece = os.read(self._descriptor, PIECE)
        self._held += piece
        return bool(piece)


class Outbox:
    """The messages that go out, each whole."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.broken = False

    def write(self, data: bytes) -> None:
        """Write a message; nothing, where nobody reads any more."""
        rest = memoryview(data)
        try:
            while rest and not self.broken:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            self.broken = True

    def close(self) -> None:
        """Nothing is left to close: the descriptor ends with the process."""


def _next_start(data: bytes | bytearray) -> int:
    """Where the header of another message may start; the end of ``data`` where none does."""
    found = re.search(rb"content-length:", data, re.IGNORECASE)
    return found.start() if found is not None else len(data)


def _parsed(body: bytes) -> dict[str, Any] | Fault:
    try:
        made = json.loads(body)
    except (ValueError, RecursionError):
        return Fault(PARSE_ERROR, "A message is not JSON.")
    if not isinstance(made, dict) or made.get("jsonrpc") != "2.0":
        return Fault(INVALID_REQUEST, 'A message is not an object with "jsonrpc": "2.0".')
    return made
