"""How much of a server's answer is read, for how long, and what is kept from the SDKs.

The SDKs read whatever comes: a line of gigabytes, 3 GB out of a compressed megabyte, JSON that nests until Python
gives up. A read time-out does not help either, since each byte starts it anew. So bytes are counted and events are cut
apart before an SDK sees them, and a watchdog ends the connection itself when the time is over.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import httpx2

from ctxreview import interrupts
from ctxreview.regex import regex

MOST_ANSWER = 64 * 2**20
"""Bytes of a whole stream of events."""

MOST_EVENT = 8 * 2**20
"""Bytes of one event. In memory it is up to twenty times that while it is read: as bytes, as text and as values."""

MOST_BODY = 4 * 2**20
"""Bytes of an answer that is not a stream: a list of models, a count of tokens."""

MOST_LINE = 4 * 2**20
"""Bytes of one line of a batch's results: an answer with all that stands around it."""

MOST_ERROR = 2**20
"""Bytes of an error's body; the status tells more than the rest of it."""

MOST_VALUES = 20_000
"""Marks of structure in one JSON text. An SDK makes an object with a dictionary out of each."""

DEEPEST = 100
"""Levels of one JSON text; Python's reader gives up at about a thousand."""

_FIELD = regex(rb"^(?:data|event)(?::[^\n]*)?$", re.MULTILINE)
_MOST_FIELDS = 1_000
_LONG_NUMBER = regex(rb"\d{400}")
_STRUCTURE = regex(rb"[\[\]{},:]")


class TooMuchError(httpx2.TransportError):
    """A server sent more than anything that was asked for can have."""


class CompressedError(httpx2.TransportError):
    """A server compressed its answer, though ``Accept-Encoding: identity`` was sent."""


class UnsoundError(httpx2.TransportError):
    """A JSON text nests, or has numbers, as no answer does."""


class Watchdog:
    """Ends the connections of one call when its time is over, whatever is going on in them then.

    It learns of them as the ``trace`` extension of each request (https://www.encode.io/httpcore/extensions/#trace).
    """

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._socket: socket.socket | None = None
        # A thread that waits for longer than about 300 years is an OverflowError.
        self._timer = threading.Timer(min(seconds, threading.TIMEOUT_MAX), self._bite)
        self._timer.daemon = True

    @property
    def left(self) -> float:
        """Seconds until the call must be over."""
        return self._deadline - time.monotonic()

    def start(self) -> None:
        """Wait from now on."""
        self._timer.start()

    def stop(self) -> None:
        """The call is over."""
        self._timer.cancel()

    def __call__(self, event: str, told: dict[str, Any]) -> None:
        """What the ``trace`` extension calls."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._socket = told["return_value"].get_extra_info("socket")
            if self.left <= 0:
                self._bite()

    def _bite(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # it is closed already
                # Not SSLSocket's own, which takes the TLS object from under the thread that reads.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class Body(httpx2.SyncByteStream):
    """The body of ``response`` within its bounds, ``left`` seconds long; ``streamed`` where events or a ``file`` were asked for.

    What is not an event of such a stream is left out. Each event, and each other body, comes in one piece. A file comes as it is sent,
    for :func:`lines`.
    An error's body is cut off, and left out where its JSON cannot be read without harm.

    Raises:
        TooMuchError, UnsoundError, ReadTimeout: while it is read.
    """

    def __init__(
        self, body: httpx2.SyncByteStream, watchdog: Watchdog, *, failed: bool, streamed: bool, file: bool = False
    ) -> None:
        self._file = file
        self._body = body
        self._watchdog = watchdog
        self._failed = failed
        self._streamed = streamed

    def __iter__(self) -> Iterator[bytes]:
        if self._failed:
            yield from _error(self._timed())
        elif self._streamed and self._file:
            yield from self._timed()
        elif self._streamed:
            yield from _events(self._timed())
        else:
            yield _whole(self._timed())

    def close(self) -> None:
        """Close the body beneath."""
        self._body.close()

    def _timed(self) -> Iterator[bytes]:
        """The pieces as they come; also keep-alive comments, which no SDK tells of, are checked for the time."""
        for piece in self._body:
            self._check()
            yield piece
        self._check()  # a connection that was ended looks like a body that is over

    def _check(self) -> None:
        interrupts.check()
        if self._watchdog.left <= 0:
            raise httpx2.ReadTimeout("total time is over")


def _error(pieces: Iterable[bytes]) -> Iterator[bytes]:
    read = bytearray()
    for piece in pieces:
        read += piece
        if len(read) >= MOST_ERROR:
            break
    with suppress(UnsoundError):
        yield _sound(bytes(read[:MOST_ERROR]))


def _whole(pieces: Iterable[bytes]) -> bytes:
    read = bytearray()
    for piece in pieces:
        read += piece
        if len(read) > MOST_BODY:
            raise TooMuchError("body")
    return _sound(bytes(read))


def _events(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Whole events, their fields ``data`` and ``event`` alone, lines ended by LF.

    See https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream.
    """
    rest, total, held = bytearray(), 0, b""
    for piece in pieces:
        total += len(piece)
        if total > MOST_ANSWER:
            raise TooMuchError("answer")
        text = held + piece
        held = b"\r" if text.endswith(b"\r") else b""  # LF may follow, which is one end of a line and not two
        known = max(0, len(rest) - 1)
        rest += text.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        end = rest.rfind(b"\n\n", known)
        if end >= 0:
            whole = bytes(rest[:end])
            del rest[: end + 2]
            if b"data" in whole or b"event" in whole:  # else keep-alive comments, of which there may be millions
                for block in whole.split(b"\n\n"):
                    yield from _event(block)
        if len(rest) > MOST_EVENT:
            raise TooMuchError("event")
    yield from _event(bytes(rest))


def _event(block: bytes) -> Iterator[bytes]:
    if len(block) > MOST_EVENT:
        raise TooMuchError("event")
    fields = []
    for field in _FIELD.finditer(block.removeprefix(b"\xef\xbb\xbf")):
        fields.append(field[0])
        if len(fields) > _MOST_FIELDS:
            raise TooMuchError("event")
    if fields:
        yield _sound(b"\n".join(fields)) + b"\n\n"


def lines(pieces: Iterable[bytes], most: int) -> Iterator[bytes | None]:
    """The lines of a text that is not empty, without their ends; ``None`` for one that nobody can read without harm.

    Raises :class:`TooMuchError` after ``most`` bytes.
    """
    rest, total, skipping = bytearray(), 0, False
    for piece in pieces:
        total += len(piece)
        if total > most:
            raise TooMuchError("lines")
        *whole, last = piece.split(b"\n")
        for line in whole:
            if not skipping:
                yield from _line(bytes(rest) + line)
            rest.clear()
            skipping = False
        if not skipping:
            rest += last
            if len(rest) > MOST_LINE:
                yield None
                skipping = True
                rest.clear()
    if not skipping:
        yield from _line(bytes(rest))


def _line(text: bytes) -> Iterator[bytes | None]:
    if len(text) > MOST_LINE:
        yield None
    elif text.strip():
        try:
            yield _sound(text)
        except UnsoundError:
            yield None


def _sound(text: bytes) -> bytes:
    """``text`` if reading it as JSON takes neither much memory nor many levels.

    Raises :class:`UnsoundError`. What is not JSON is another's to complain about.
    """
    plain = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    if plain.count(b'"') > 2 * MOST_VALUES:
        raise UnsoundError("values")
    outside = b"".join(plain.split(b'"')[::2])
    depth = 0
    for n, mark in enumerate(_STRUCTURE.finditer(outside)):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(mark[0], 0)
        if depth > DEEPEST or n > MOST_VALUES:
            raise UnsoundError("values")
    if _LONG_NUMBER.search(outside):
        raise UnsoundError("number")
    return text
