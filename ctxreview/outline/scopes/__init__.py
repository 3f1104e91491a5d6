"""Transaction and lock scopes with both their ends, in the forms the catalogue knows."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ctxreview.languages import nodes, parents
from ctxreview.languages.syntax import Syntax
from ctxreview.model.facts import Fact
from ctxreview.model.regions import Region
from ctxreview.model.source import Source, Span
from ctxreview.outline.file_view import FileView
from ctxreview.outline.scopes.acquire_release import pairs
from ctxreview.outline.scopes.assigned import variables
from ctxreview.outline.scopes.block import locks, subjects
from ctxreview.outline.scopes.callback import attributes, callbacks
from ctxreview.outline.scopes.sql import statements

if TYPE_CHECKING:
    from tree_sitter import Node


def scopes(page: FileView) -> tuple[Region, ...]:
    """All transaction and lock scopes of a file, in source order, outer before inner."""
    found = [
        *locks(page),
        *subjects(page),
        *variables(page),
        *pairs(page),
        *callbacks(page),
        *attributes(page),
    ]
    completing = {f.name for f in page.facts if f.kind == "complete"}
    calls = {nodes.span(c.node): c.node for c in page.calls if c.name in completing}
    leaving = page.captures.get("fact.exit", [])
    jumps = {nodes.span(n): n for n in leaving if n.type in page.syntax.jumps}
    ways = [f for f in page.facts if f.kind in ("complete", "exit")]
    thrown = frozenset(nodes.span(n) for n in leaving if n.type in page.syntax.throws)
    given = {nodes.span(n): n for n in leaving if n.type in page.syntax.returns}
    finished = (_finish(s, page, ways, calls, jumps, given, thrown) for s in (*found, *statements(page, found)))
    return tuple(sorted(finished, key=lambda s: (s.span.start, -s.span.end)))


def _finish(
    scope: Region,
    page: FileView,
    ways: list[Fact],
    calls: dict[Span, Node],
    jumps: dict[Span, Node],
    given: dict[Span, Node],
    thrown: frozenset[Span],
) -> Region:
    """Fill in what follows from the scope's place: owner, where it completes, early exits, intent."""
    owner = page.functions.innermost(scope.opening) if scope.owner.size == 0 else None
    span = owner.span if owner is not None else scope.owner
    completes, leaving = _ways_out(scope, span, ways, page, calls)
    exits = (
        e
        for e in leaving
        if not (e in given and _gives_away(given[e], scope, page))
        and (e not in jumps or _leads_out(jumps[e], scope.span, page))
    )
    return scope._replace(
        owner=span,
        container=owner.container if owner is not None else page.types.name_around(span),
        completes_at=completes,
        exits=tuple(_left(scope, exits, completes, thrown, page)),
        excluded=(*scope.excluded, *_after(completes, scope, page, calls)),
        intent=_intent(scope.opening.start, page.source, page.comments),
    )


def _left(
    scope: Region, exits: Iterator[Span], completes: tuple[Span, ...], thrown: frozenset[Span], page: FileView
) -> Iterator[Span]:
    """The exits that leave the scope before it completes.

    Of a form that the language completes by leaving it, only an exception does. Where no completion is seen, what is handed the
    transaction or keeps it may be what completes it.
    """
    for exit_ in exits:
        if scope.kind == "transaction":
            if scope.form in page.language.completed_by_leaving:
                if exit_ in thrown:
                    yield exit_
                continue
            if not completes and (scope.form not in ("block", "declaration") or _is_handed_on(scope, page)):
                continue
        if not completes or (exit_.start < completes[0].start and not exit_.contains(completes[0])):
            yield exit_


def _is_handed_on(scope: Region, page: FileView) -> bool:
    """Whether the variable that holds a transaction is an argument somewhere in the scope."""
    if not scope.resource.isidentifier():
        return True  # nobody here can complete it: whoever keeps it does
    handed = re.compile(rb"[(,]\s*(?:\w+\s*:\s*)?%s\s*[,)]" % re.escape(scope.resource.encode()))
    return handed.search(page.source.data, scope.opening.end, scope.span.end) is not None


def _gives_away(exit_: Node, scope: Region, page: FileView) -> bool:
    """Whether what a ``return`` gives is what holds a transaction, or an object that was made with it: that completes it."""
    value, name, syntax = next(iter(exit_.named_children), None), scope.resource, page.syntax
    if scope.kind != "transaction" or value is None or not name.isidentifier():
        return False
    if nodes.text(value) == name or _is_made_with(value, name, syntax):
        return True
    if value.type not in syntax.identifiers:
        return False
    becomes = re.compile(rb"%s\s*=(?!=)" % re.escape(nodes.text(value).encode()))
    for around in parents.ancestors(exit_):
        if around.start_byte < scope.opening.start:
            break
        inside = [
            s for s in around.named_children if around.type in syntax.statement_lists and s.end_byte <= exit_.start_byte
        ]
        while inside:
            node = inside.pop()
            if becomes.match(page.source.data, node.start_byte) and any(
                _is_made_with(c, name, syntax) for c in node.named_children
            ):
                return True
            inside += [c for c in node.named_children if c.type not in syntax.statement_lists]
    return False


def _is_made_with(value: Node, name: str, syntax: Syntax) -> bool:
    """Whether a value is a new object that a variable is given to."""
    new = syntax.creations | syntax.implicit_creations
    return value.type in new and any(nodes.text(a) == name for a in syntax.arguments_of(value))


def _ways_out(
    scope: Region, owner: Span, ways: list[Fact], page: FileView, calls: dict[Span, Node]
) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """The calls that complete the scope, and the statements that may leave it."""
    first, last = bisect_left(ways, scope.opening.end, key=_start), bisect_left(ways, scope.span.end, key=_start)
    completes, exits = [], []
    ends = page.language.completing(scope.name)
    for fact in ways[first:last]:
        if not scope.span.contains(fact.span):
            continue
        function = page.functions.innermost(fact.span)
        if function is not None and function.span != owner and owner.contains(function.span):
            continue
        if fact.kind == "exit":
            exits.append(fact.span)
        elif fact.name in ends and (not scope.resource or _completes(fact, scope.resource, calls, page.syntax)):
            completes.append(fact.span)
    return tuple(completes), tuple(exits)


def _completes(fact: Fact, resource: str, calls: dict[Span, Node], syntax: Syntax) -> bool:
    """Whether a call completes what a variable holds: it is called on it, or is given it (``_db.CommitTransaction(tx)``)."""
    if fact.target == resource:
        return True
    call = calls.get(fact.span)
    return call is not None and any(nodes.text(a) == resource for a in syntax.arguments_of(call))


def _leads_out(jump: Node, scope: Span, page: FileView) -> bool:
    """Whether a jump leaves ``scope``; one to a place in it does not, nor does ``yield return``, which comes back."""
    syntax, data = page.syntax, page.source.data
    if jump.type in syntax.yields:
        return any(c.type == "break" for c in jump.children)
    # The tree has no labels of jumps out of loops.
    if label := page.language.words.label.match(data, jump.start_byte):
        declared = re.compile(rb"[;{}:\n]\s*%s\s*:(?!:)" % re.escape(label[1]))
        return declared.search(data, *scope) is None
    for around in parents.ancestors(jump):
        if not scope.contains(nodes.span(around)):
            return True
        if around.type in (syntax.switches if jump.type in syntax.gotos else syntax.loops) or (
            jump.type in syntax.breaks and around.type in syntax.switches
        ):
            return False
    return True


def _start(fact: Fact) -> int:
    return fact.span.start


def _after(completes: tuple[Span, ...], scope: Region, page: FileView, calls: dict[Span, Node]) -> tuple[Span, ...]:
    """What follows the last completion up to the scope's end, where nothing decides whether it is reached.

    After a commit on one of several branches the transaction may still be open.
    """
    if scope.kind != "transaction" or not completes or scope.form not in ("block", "declaration", "acquire-release"):
        return ()
    call = calls.get(completes[-1])
    statement = page.syntax.statement_of(call) if call else None
    if statement is None or statement.type not in page.syntax.expression_statements:
        return ()
    found = []
    for around in parents.ancestors(statement):
        if around.type in page.syntax.blocks:
            rest = Span(statement.end_byte, min(around.end_byte - 1, scope.span.end, scope.closing.start))
            text = page.source.data[rest.start : rest.end]
            start = rest.start + len(text) - len(text.lstrip())
            if text.strip():
                found.append(Span(start, start + len(text.strip())))
        elif around.type not in page.syntax.passed or _catches(around, page.syntax):
            break
        if around.end_byte >= scope.span.end:
            break
        statement = around
    return tuple(found)


def _catches(statement: Node, syntax: Syntax) -> bool:
    return statement.type in syntax.tries and any(c.type in syntax.catches for c in statement.named_children)


def _intent(at: int, source: Source, comments: tuple[Span, ...]) -> Span | None:
    """The comment lines directly above the line of ``at``, without a gap."""
    start = source.starts[source.line_of(at) - 1]
    if source.data[start:at].strip():
        return None
    first: int | None = None
    edge = start
    for above in range(bisect_left(comments, Span(start, start)) - 1, -1, -1):
        comment = comments[above]
        gap = source.data[comment.end : edge]
        if gap.strip() or gap.count(b"\n") > 1:
            break
        line = source.starts[source.line_of(comment.start) - 1]
        if source.data[line : comment.start].strip():
            break
        first, edge = comment.start, line
    return None if first is None else Span(first, start)
