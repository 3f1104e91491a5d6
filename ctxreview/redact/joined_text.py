"""A text as it reads when its literals are put together."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from ctxreview.redact.literals import Value
from ctxreview.redact.plain_text import Found, secrets_in
from ctxreview.redact.values import compiled

_BEFORE, _AFTER = 80, 24
"""Characters around what is put together that are read with it: the name that it is given to, and a method called on it."""
_NEAR = 24
"""Characters between two letters of an array of them."""


class JoinedText:
    """A text of lines as they read when the literals are put together, and where each character stands."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.parts: list[str] = []
        self.size = 0
        self.places: list[tuple[int, int, int, int]] = []  # where in the text, how long, and where in the source

    def _put(self, text: str, start: int, end: int) -> None:
        if text:
            if start >= 0:
                self.places.append((self.size, len(text), start, end))
            self.parts.append(text)
            self.size += len(text)

    def add(self, start: int, end: int, value: Value) -> None:
        """The line of ``start:end`` with the value as one literal instead."""
        source = self.source
        first = max(source.rfind("\n", 0, start) + 1, start - _BEFORE)
        last = source.find("\n", end, end + _AFTER)
        self._put(source[first:start], first, start)
        self._put('"', -1, -1)
        for piece in value:
            self._put(piece.text, piece.start, piece.end)
        self._put('"', -1, -1)
        rest = last if last >= 0 else min(end + _AFTER, len(source))
        self._put(source[end:rest], end, rest)
        self._put("\n", -1, -1)

    def found(self) -> Iterator[Found]:
        """The secrets of that text, where they are in the source."""
        starts = [at for at, _, _, _ in self.places]
        for start, end, kind in secrets_in("".join(self.parts)):
            run: tuple[int, int] | None = None
            for at, length, there, until in self.places[max(bisect_right(starts, start) - 1, 0) :]:
                if at >= end:
                    break
                a, b = max(start, at), min(end, at + length)
                if a >= b:
                    continue
                span = (there + a - at, there + b - at) if until - there == length else (there, until)
                if (
                    run
                    and 0 <= span[0] - run[1] <= _NEAR
                    and not compiled(r"\w{2}").search(self.source, run[1], span[0])
                ):
                    run = (run[0], max(run[1], span[1])) if b - a == 1 or run[1] == span[0] else run
                    if run[1] == max(run[1], span[1]):
                        continue
                if run:
                    yield (*run, kind)
                run = span
            if run:
                yield (*run, kind)
