"""Which scopes hold a place, where scopes may cross each other, as a pair of calls may cross a block."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate

from ctxreview.model import Scope, Span


class Crossing:
    """Scopes indexed by where they start and how far any before reaches: what ended long before is not looked at."""

    def __init__(self, scopes: Iterable[Scope]) -> None:
        self._given = tuple(scopes)
        self._order = sorted(range(len(self._given)), key=lambda i: self._given[i].span.start)
        self._starts = [self._given[i].span.start for i in self._order]
        self._furthest = list(accumulate((self._given[i].span.end for i in self._order), max))

    def around(self, span: Span) -> list[Scope]:
        """Those that hold ``span``, in the order given."""
        found = []
        at = bisect_right(self._starts, span.start) - 1
        while at >= 0 and self._furthest[at] >= span.end:
            if self._given[self._order[at]].span.end >= span.end:
                found.append(self._order[at])
            at -= 1
        return [self._given[i] for i in sorted(found)]
