"""Which functions of a file are read inside, where only some places in it are asked for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from ctxreview.model.source import Span, Spans


class Within:
    """The spans that are asked for. Functions are asked about one after the other, as they are in the file."""

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        """``spans`` are sorted."""
        self._spans = Spans(Span(*s) for s in spans)
        self._starts = [start for start, _ in spans]
        self._following = 0  # the first that starts after all functions so far

    def reads(self, start: int, end: int) -> bool:
        """Whether the function in ``[start, end)`` touches one of them, or is the first after one that none touches."""
        after = bisect_right(self._starts, end, self._following)
        follows, self._following = after > self._following, after
        return follows or self._spans.touches(Span(start, end))
