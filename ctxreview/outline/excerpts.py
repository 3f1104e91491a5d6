"""Excerpts of other places: the lines that matter, and nothing of what is between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ctxreview.model.kinds import Role
from ctxreview.model.notation import SELF
from ctxreview.model.outline import Outline
from ctxreview.model.review import Excerpt
from ctxreview.model.source import Source, Span

_APART = bytes(b if chr(b).isalnum() or b in b"_." or b >= 0x80 else 0x20 for b in range(0x100))
"""Spaces for all that is not a part of a name or of a member's path."""

_OF_SELF = f"{SELF}.".encode()


def mentioned(code: str) -> set[str]:
    """The names that are in code by themselves or after ``this.``, and not as a member of something else."""
    words = (word.removeprefix(_OF_SELF).partition(b".")[0] for word in code.encode().translate(_APART).split())
    return {word.decode() for word in words if word}


def excerpt_of(outline: Outline, kept: Sequence[Span], role: Role, why: str) -> Excerpt:
    """An excerpt from the first to the last of the lines of ``kept``; the others between them are left out."""
    source = outline.source
    lines = sorted({n for span in kept for n in _lines(source, span)})
    elided = tuple(
        source.line_span(before + 1, after - 1)
        for before, after in pairwise(lines)
        if source.data[source.starts[before] : source.starts[after - 1]].strip()
    )
    return Excerpt(source, source.line_span(lines[0], lines[-1]), role, why, elided=elided)


def _lines(source: Source, span: Span) -> range:
    """The lines of a span, without blank ones at its end."""
    end = span.start + len(source.data[span.start : span.end].rstrip())
    first, last = source.lines_of(Span(span.start, max(span.start + 1, end)))
    return range(first, last + 1)
