"""Which line of one text is which line of another, and what was changed between the lines that are the same."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from ctxreview.workspace.line_diff import Block, blocks


class ChangedLines(NamedTuple):
    """Lines that the edit changed: half-open ranges of 0-based line numbers before and after it."""

    start: int
    end: int
    new_start: int
    new_end: int


class LinePairs:
    """The lines of two texts side by side, compared without their layout."""

    def __init__(self, before: Sequence[str], after: Sequence[str]) -> None:
        old, new = [" ".join(x.split()) for x in before], [" ".join(x.split()) for x in after]
        self._equal = [Block(0, 0, 0), *blocks(old, new)]
        self._starts = [a for a, _, _ in self._equal]
        self._new_starts = [b for _, b, _ in self._equal]

    def after(self, line: int) -> int | None:
        """The 1-based line after the edit that a line before it is; ``None`` where it was changed or taken away."""
        a, b, size = self._equal[max(0, bisect_right(self._starts, line - 1) - 1)]
        return b + line - a if a <= line - 1 < a + size else None

    def hunk(self, line: int) -> ChangedLines:
        """What was changed around a line before the edit."""
        return self._between(bisect_right(self._starts, line - 1) - 1)

    def hunk_after(self, line: int) -> ChangedLines:
        """What was changed around a line after the edit."""
        return self._between(bisect_right(self._new_starts, line - 1) - 1)

    def _between(self, at: int) -> ChangedLines:
        a, b, size = self._equal[max(0, at)]
        follows = next(((x, y) for x, y, more in self._equal[at + 1 :] if more), None)
        end, new_end = follows if follows is not None else self._equal[-1][:2]
        return ChangedLines(a + size, end, b + size, new_end)
