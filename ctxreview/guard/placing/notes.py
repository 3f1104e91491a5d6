"""The comments around some statements that go with them: those that are selected, and those that a fragment shows."""

from __future__ import annotations

from collections.abc import Sequence

from ctxreview.guard.placing.edits import lines_of, places_of
from ctxreview.guard.placing.elisions import squeezed
from ctxreview.guard.placing.snippets import COMMENT_LINE
from ctxreview.model.source import Source


def with_notes(first: int, last: int, body: Sequence[str], source: Source, chosen: int) -> tuple[int, int]:
    """The lines ``first`` to ``last`` of a file with the comments around them that ``body`` begins or ends with, or from the selected line ``chosen`` on."""
    shown = [squeezed(line) for line in body if line.strip()]
    lead = next((i for i, line in enumerate(shown) if not COMMENT_LINE.match(line)), 0)
    trail = next((i for i, line in enumerate(reversed(shown)) if not COMMENT_LINE.match(line)), 0)
    above = places_of(shown[:lead], source, 1, first - 1) if lead else []
    below = places_of(shown[-trail:], source, last + 1) if trail else []
    start = chosen if _are_notes(chosen, first - 1, source) else first
    return (
        next((a for a, b in above if _adjoin(b, first, source)), start),
        next((b for a, b in below if _adjoin(last, a, source)), last),
    )


def _are_notes(first: int, last: int, source: Source) -> bool:
    lines = lines_of(source, first, last)
    return bool(lines) and all(not line.strip() or COMMENT_LINE.match(line) for line in lines)


def _adjoin(upper: int, lower: int, source: Source) -> bool:
    return all(not source.line(n).strip() for n in range(upper + 1, lower))
