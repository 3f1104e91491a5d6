"""Transaction and lock scopes with both their ends, in the forms the catalogue knows."""

from __future__ import annotations

from bisect import bisect_left

from ctxreview.model import Scope, Source, Span
from ctxreview.outline.held import locks, subjects
from ctxreview.outline.marked import attributes, callbacks
from ctxreview.outline.page import Page
from ctxreview.outline.pairs import pairs
from ctxreview.outline.sql import statements
from ctxreview.outline.variables import variables


def scopes(page: Page) -> tuple[Scope, ...]:
    """All transaction and lock scopes of a file."""
    found = [
        *locks(page),
        *subjects(page),
        *variables(page),
        *pairs(page),
        *callbacks(page),
        *attributes(page),
    ]
    return tuple(_finish(s, page) for s in (*found, *statements(page, found)))


def _finish(scope: Scope, page: Page) -> Scope:
    """Fill in what follows from the scope's place: owner, where it completes, early exits, intent."""
    owner = page.functions.innermost(scope.head) if scope.owner.size == 0 else None
    span = owner.span if owner is not None else scope.owner
    completes, exits = _ways_out(scope, span, page)
    return scope._replace(
        owner=span,
        container=owner.container if owner is not None else page.types.name_around(span),
        completes_at=completes,
        exits=tuple(e for e in exits if not completes or e.start < completes[0].start),
        gaps=(*scope.gaps, *_after(completes, scope, page)),
        intent=_intent(scope.head.start, page.source, page.comments),
    )


def _ways_out(scope: Scope, owner: Span, page: Page) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """The calls that complete the scope, and the statements that leave its function or a loop around it."""
    first, last = bisect_left(page.starts, scope.head.end), bisect_left(page.starts, scope.span.end)
    completes, exits = [], []
    ends = page.language.completing(scope.name)
    for fact in page.facts[first:last]:
        if fact.kind not in ("complete", "exit") or not scope.span.holds(fact.span):
            continue
        function = page.functions.innermost(fact.span)
        if function is not None and function.span != owner and owner.holds(function.span):
            continue
        if fact.kind == "exit":
            exits.append(fact.span)
        elif fact.name in ends and (not scope.resource or fact.target == scope.resource):
            completes.append(fact.span)
    return tuple(completes), tuple(exits)


def _after(completes: tuple[Span, ...], scope: Scope, page: Page) -> tuple[Span, ...]:
    """What follows the last completion up to the scope's end, where the completion is a statement of its own block.

    After a commit on one of several branches the transaction may still be open, so that only the indentation-free
    case counts: nothing but closing braces of the scope may follow at a lower depth.
    """
    if scope.kind != "transaction" or not completes or scope.form not in ("block", "declaration", "acquire-release"):
        return ()
    data = page.source.data
    end = data.find(b";", completes[-1].end) + 1
    rest = data[end : scope.span.end]
    depth = data[scope.head.end : completes[-1].start]
    nested = depth.count(b"{") - depth.count(b"}") - (scope.form == "block")
    if end <= 0 or nested > 0 or not rest.strip(b" \t\r\n}"):
        return ()
    start = end + len(rest) - len(rest.lstrip())
    return (Span(start, start + len(rest.strip(b" \t\r\n}"))),)


def _intent(at: int, source: Source, comments: tuple[Span, ...]) -> Span | None:
    """The comment lines directly above the line of ``at``, without a gap."""
    start = source.starts[source.line_of(at) - 1]
    if source.data[start:at].strip():
        return None
    first: int | None = None
    edge = start
    for comment in reversed(comments[: bisect_left(comments, Span(start, start))]):
        gap = source.data[comment.end : edge]
        if gap.strip() or gap.count(b"\n") > 1:
            break
        line = source.starts[source.line_of(comment.start) - 1]
        if source.data[line : comment.start].strip():
            break
        first, edge = comment.start, line
    return None if first is None else Span(first, start)
