"""Places for findings: spans as the lines that people see."""

from __future__ import annotations

from ctxreview.model.declarations import Function
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.source import Lines, Span


def lines(outline: Outline, span: Span, what: str = "") -> Lines:
    """The 1-based inclusive lines of ``span``."""
    return Lines(outline.source.path, *outline.source.lines_of(span), what)


def scope_lines(outline: Outline, scope: Region) -> Lines:
    """The lines of a scope, named by its construct."""
    return lines(outline, scope.span, scope.construct)


def member_of(outline: Outline, span: Span) -> Function | None:
    """The outermost function that holds ``span``."""
    chain = outline.functions_around(span)
    return chain[-1] if chain else None
