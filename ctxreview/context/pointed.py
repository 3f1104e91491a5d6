"""The code that a selection means, and the functions that it touches."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from ctxreview.model.declarations import Function, outermost
from ctxreview.model.outline import Outline
from ctxreview.model.source import Selection, Span


def pointed_code(selection: Selection, outline: Outline) -> Span:
    """The selected code without the blanks and comments around it; where there is none, what follows."""
    source, span = selection.source, selection.span
    comments = outline.comments
    first, last = bisect_left(comments, (span.start,)), bisect_left(comments, (span.end,))
    inside = [c for c in comments[max(0, first - 1) : last] if c.overlaps(span)]
    code = _without_ends(source.data, span, inside)
    if code.size:
        return code
    if outline.function_of(Span(span.start, span.start)) is not None:
        return Span(span.start, span.start)
    home = outline.types_around(Span(span.start, span.start))
    following = [f.span for f in outline.functions if f.span.start >= span.end]
    following += [t.span for t in outline.types if t.span.start >= span.end]
    following += [m.span for m in outline.members if m.span.start >= span.end]
    following = [s for s in following if not home or home[0].span.contains(s)]
    if following:
        nearest = min(following, key=lambda s: (s.start, s.end))
        return Span(nearest.start, nearest.start + 1)
    return Span(span.start, span.start)


def _without_ends(data: bytes, span: Span, comments: Sequence[Span]) -> Span:
    """``span`` without white space and comments at its two ends."""
    start, end, moved = span.start, span.end, True
    while moved and start < end:
        moved = False
        stripped = data[start:end].lstrip()
        start, moved = end - len(stripped), moved or len(stripped) < end - start
        end = start + len(data[start:end].rstrip())
        for comment in comments:
            if comment.start <= start < comment.end:
                start, moved = min(comment.end, end), True
            if comment.start < end <= comment.end:
                end, moved = max(comment.start, start), True
    return Span(start, max(start, end))


def functions_touched(pointed: Span, outline: Outline) -> tuple[Function, ...]:
    """The functions the selection touches: one member with what is nested around it, or several members."""
    chain = outline.functions_around(pointed)
    if chain:
        return chain
    touched = [f for f in outline.functions if f.span.overlaps(pointed)]
    return tuple(outermost(touched))
