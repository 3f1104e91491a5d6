"""The methods of a file that open a scope for their callers: who looks at all files knows their names before anybody calls one."""

from __future__ import annotations

from collections.abc import Iterator

from ctxreview.callgraph.repository.index import Repository
from ctxreview.callgraph.wrappers.bodies import may_wrap, opens_itself
from ctxreview.callgraph.wrappers.known_names import known_calls
from ctxreview.model.outline import Outline


def wrapping(outline: Outline, repository: Repository) -> Iterator[str]:
    """The names of the methods of a file that open a transaction or lock for their caller, or run what they are given under one."""
    known = known_calls(outline.language)
    held = [r.span for r in (*outline.regions, *outline.returned) if r.certainty != "assumed" and r.form != "sql"]
    for function in outline.functions if held else ():
        may = function.name not in known and may_wrap(outline, function)
        if may and any(map(function.span.contains, held)) and opens_itself(outline, function, repository):
            yield function.name
