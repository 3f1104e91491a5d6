"""Lines as reports give them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ctxreview.context.visible import one_line
from ctxreview.model.phrases import numbers
from ctxreview.model.regions import Region
from ctxreview.model.review import Context
from ctxreview.reports.shapes.places import Finding, Place

MOST_OF_ONE = 6
"""Lines shown of a statement, a head or a finding; of more the first and last."""


def few(first: int, last: int) -> Iterable[int]:
    """The lines of a run that are shown where not all are."""
    return range(first, last + 1) if last - first < MOST_OF_ONE else (first, last)


def line_range(pair: tuple[int, int]) -> dict[str, int]:
    """A first and a last line as JSON has them."""
    return {"start_line": pair[0], "end_line": pair[1]}


def scope_lines(scope: Region, value: Context) -> tuple[int, int]:
    """First and last line of a scope; a pair ends on the line where its release is called."""
    source = value.source_of(scope)
    first, last = source.lines_of(scope.span)
    return first, source.line_of(scope.closing.start) if scope.form == "acquire-release" else last


def scope_word(kind: str, mode: str) -> str:
    """What a scope is called: its kind, or what its mode makes of it."""
    return {"retried": "retry", "suppressed": "no transaction"}.get(mode, kind)


def path_line(at: Place | Finding) -> str:
    """A place as compilers print it, which terminals and editors open: ``src/Orders.cs:28-31``."""
    return f"{one_line(at['path'])}:{numbers(at['start_line'], at['end_line'])}"


def runs(lines: Collection[int]) -> Iterator[tuple[int, int]]:
    """The runs of line numbers that follow each other, as their first and last, in order."""
    for first in sorted(n for n in lines if n - 1 not in lines):
        last = first
        while last + 1 in lines:
            last += 1
        yield first, last
