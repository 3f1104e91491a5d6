"""Which statements of a function can be left out, as runs of whole lines."""

from __future__ import annotations

from collections.abc import Callable

from ctxreview.context.groups import whole_lines
from ctxreview.languages import load
from ctxreview.model.declarations import Function
from ctxreview.model.outline import Outline
from ctxreview.model.review import Context
from ctxreview.model.source import Source, Span, Spans
from ctxreview.outline import pieces


def removable_statements(context: Context, function: Function, silent: Callable[[Span], bool]) -> list[Span]:
    """The statements of a function, largest first, that touch neither the selection nor any scope nor another function of it."""
    source = context.selection.source
    others = (f.span for f in context.functions if f is not function)
    kept = Spans([context.selection.span, *(s.span for s in context.scopes), *others])
    # What follows an early `return` guard is dropped before the guard: exits decide what runs under the scope.
    found = [
        s
        for s in pieces(source, function.span)
        if not kept.overlaps(s) and not kept.contains(s) and has_own_lines(source, s, silent)
    ]
    return sorted(found, key=lambda s: s.size, reverse=True)


def silence_of(outline: Outline) -> Callable[[Span], bool]:
    """Tells whether there are only blanks and comments in a span, and lines that mark a region."""
    data, comments = outline.source.data, Spans(outline.comments)
    markers = tuple(marker.encode() for marker in load(outline.language).shape.markers)

    def silent(span: Span) -> bool:
        at = span.start
        for line in data[span.start : span.end].splitlines(keepends=True):
            text, start = line.strip(), at + len(line) - len(line.lstrip())
            if text and not comments.contains(Span(start, start + len(text))) and not text.startswith(markers):
                return False
            at += len(line)
        return True

    return silent


def has_own_lines(source: Source, span: Span, silent: Callable[[Span], bool]) -> bool:
    """Whether nothing else is on the statement's lines, a comment behind it aside."""
    whole = whole_lines(source, span)
    return silent(Span(whole.start, span.start)) and silent(Span(span.end, whole.end))


def runs_of_lines(source: Source, elided: list[Span], silent: Callable[[Span], bool]) -> tuple[Span, ...]:
    """Neighbouring statements joined to runs of whole lines, with the comments between them."""
    runs: list[Span] = []
    for span in sorted(whole_lines(source, e) for e in elided):
        if runs and silent(Span(runs[-1].end, span.start)):
            runs[-1] = Span(runs[-1].start, max(runs[-1].end, span.end))
        else:
            runs.append(span)
    return tuple(runs)
