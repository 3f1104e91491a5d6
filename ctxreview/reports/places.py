"""Lines as reports give them."""

from __future__ import annotations

from ctxreview.model.regions import Region
from ctxreview.model.review import Context


def line_range(pair: tuple[int, int]) -> dict[str, int]:
    """A first and a last line as JSON has them."""
    return {"start_line": pair[0], "end_line": pair[1]}


def scope_lines(scope: Region, value: Context) -> tuple[int, int]:
    """First and last line of a scope; a pair ends on the line where its release is called."""
    source = value.source_of(scope)
    first, last = source.lines_of(scope.span)
    return first, source.line_of(scope.closing.start) if scope.form == "acquire-release" else last
