"""Code as bytes and *masked* to the same length: a plain regular expression over the masked bytes sees code only."""

from __future__ import annotations

from functools import cached_property
from itertools import compress

_BRACKETS = bytes(b in b"()[]{}" for b in range(256))
_OPENING = {0x29: 0x28, 0x5D: 0x5B, 0x7D: 0x7B}
_CLOSING = {opening: closing for closing, opening in _OPENING.items()}
_NEAR = 2048
"""Bytes around a bracket in which its other half is sought before all brackets of the file are paired."""


class Masked:
    """The bytes and what they are. ``masked`` has the length of ``data``: spaces for comments, zeros for the text of literals."""

    def __init__(self, data: bytes, masked: bytes) -> None:
        self.data = data
        self.masked = masked

    @classmethod
    def whole(cls, data: bytes) -> Masked:
        """``data`` of which all is code."""
        return cls(data, data)

    @cached_property
    def partner(self) -> dict[int, int]:
        """For each bracket that has one, the byte offset of its other half, both ways."""
        found: dict[int, int] = {}
        open_: list[int] = []
        masked = self.masked
        for at in compress(range(len(masked)), masked.translate(_BRACKETS)):
            opening = _OPENING.get(masked[at])
            if opening is None:
                open_.append(at)
            elif open_ and masked[open_[-1]] == opening:
                found[at] = open_.pop()
                found[found[at]] = at
        return found

    def other_half(self, at: int) -> int | None:
        """The byte offset of the bracket that closes or opens what the one at ``at`` does; ``None`` where it has none.

        Most are near, and a file has thousands; once one was not, :attr:`partner` answers for all.
        """
        if "partner" in vars(self):
            return self.partner.get(at)
        masked = self.masked
        opens = masked[at] in _CLOSING
        start = at if opens else max(0, at - _NEAR)
        near = masked[start : at + _NEAR if opens else at + 1]
        places = compress(range(start, start + len(near)), near.translate(_BRACKETS))
        pairs = _CLOSING if opens else _OPENING
        waiting: list[int] = []
        for place in places if opens else reversed(list(places)):
            if (other := pairs.get(masked[place])) is not None:
                waiting.append(other)
            elif masked[place] != waiting.pop():
                break  # they do not pair
            elif not waiting:
                return place
        return self.partner.get(at)

    def previous(self, at: int) -> int:
        """The byte offset of the last code byte before ``at``; -1 where there is none."""
        width = 64
        while at > 0:
            start = max(0, at - width)
            if kept := self.masked[start:at].rstrip():
                return start + len(kept) - 1
            at, width = start, 2 * width
        return -1
