"""Form D: acquire and release on one receiver, and what has only one of the two here."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.languages import Construct, parents
from ctxreview.model import Scope, Span, Spans
from ctxreview.outline import nodes
from ctxreview.outline.held import declared_type
from ctxreview.outline.page import Page

if TYPE_CHECKING:
    from tree_sitter import Node


OUTSIDE_FINALLY = "The release is not in a finally: an exception leaves it held."


class _Event(NamedTuple):
    """An acquire or a release; ``certain`` when the name or the declared type leaves no doubt."""

    node: Node
    resource: str
    constructs: tuple[Construct, ...]
    acquires: bool
    certain: bool


def pairs(page: Page) -> Iterator[Scope]:
    """Acquire and release on the same receiver in the same function; alone, where the lock is known to be one."""
    every = _events(page)
    for (owner, resource), events in every.items():
        opened: set[int] = set()
        tried = {e.node.id: t for e in events if not e.acquires and (t := _tried(e.node)) is not None}
        within = Spans(tried.values())
        order = _Order(events)
        given: Sequence[int] = ()
        for i, event in enumerate(events):
            if not event.acquires:
                continue
            opened.add(i)
            ends = order.release_after(i)
            if ends is not None:
                construct, release = ends
                covered = release.id in tried or within.hold(nodes.span(event.node))
                note = "" if covered else OUTSIDE_FINALLY
                yield _scope(construct, event, owner, nodes.span(event.node), nodes.span(release), note)
            elif not event.constructs[0].releases and owner.size:
                given = given or _given(resource, owner, page)
                end = _with_what_has_it(event, owner, given)
                yield _scope(event.constructs[0], event, owner, nodes.span(event.node), end, "")
            elif event.certain and owner.size and (handed := _handed_on(event, owner, resource, every)) is not None:
                note = "It is released by a function that stands in this one, which may run later."
                yield _scope(event.constructs[0], event, owner, nodes.span(event.node), handed, note)
            elif event.certain and owner.size:
                end = Span(owner.end - 1, owner.end)
                note = "Nothing in this function releases it."
                made = _scope(event.constructs[0], event, owner, nodes.span(event.node), end, note)
                yield made._replace(is_left_open=True)
        if events and not opened and events[-1].certain and owner.size:
            function = page.owner(events[-1].node)
            start = function.head.end if function is not None else owner.start
            note = "It is acquired elsewhere: this function releases it."
            last = events[-1]
            made = _scope(last.constructs[0], last, owner, Span(start, start + 1), nodes.span(last.node), note)
            yield made._replace(certainty="assumed")


def _with_what_has_it(acquire: _Event, owner: Span, given: Sequence[int]) -> Span:
    """Where the block ends that declares what a lock is taken on: nothing else gives it back."""
    last = bisect_left(given, acquire.node.start_byte) - 1
    for around in parents.ancestors(acquire.node) if last >= 0 else ():
        if around.type in ("block", "using_statement") and around.start_byte <= given[last]:
            return Span(around.end_byte - 1, around.end_byte)
    return Span(owner.end - 1, owner.end)


def _given(name: str, within: Span, page: Page) -> Sequence[int]:
    """The places where a function gives the variable a value, its own start the first."""
    value = re.compile(rb"\b%s\s*=(?!=)" % re.escape(name.encode()))
    return [within.start, *(m.start() for m in value.finditer(page.source.data, *within))]


def _handed_on(
    acquire: _Event, owner: Span, resource: str, every: Mapping[tuple[Span, str], list[_Event]]
) -> Span | None:
    """The last release in a lambda or local function that follows in the same function and takes nothing itself."""
    inner = [e for (of, on), e in every.items() if on == resource and of != owner and owner.holds(of)]
    found = [
        nodes.span(e.node)
        for events in inner
        if not any(e.acquires for e in events)
        for e in events
        if e.node.start_byte > acquire.node.end_byte and any(c in e.constructs for c in acquire.constructs)
    ]
    return max(found, default=None)


def _events(page: Page) -> dict[tuple[Span, str], list[_Event]]:
    """Acquires and releases by function and receiver, in source order."""
    named = page.language.named("acquires") | page.language.named("releases")
    found: dict[tuple[Span, str], list[_Event]] = {}
    for node, name in page.calls:
        if name not in named:
            continue
        for field in ("acquires", "releases"):
            event = _event(node, name, field, page)
            if event is not None:
                key = page.owner_span(node), event.resource.removeprefix("this.")
                found.setdefault(key, []).append(event)
    return found


def _event(node: Node, name: str, field: str, page: Page) -> _Event | None:
    on = nodes.receiver(node)
    table = page.language.table(field)
    known = table.get(f"{nodes.simple_name(on)}.{name}")
    if known:  # a static class such as Monitor: the first argument is what is locked
        given = nodes.arguments(node)
        return _Event(node, nodes.text(given[0]), known, field == "acquires", certain=True) if given else None
    known = table.get(name)
    if not known or on is None:
        return None
    resource = nodes.text(on)
    declared = declared_type(page, resource)
    certain = tuple(c for c in known if declared in c.types)
    known = tuple(c for c in known if not c.on or re.search(c.on, resource))
    if not certain and not known:
        return None
    return _Event(node, resource, certain or known, field == "acquires", bool(certain))


class _Order:
    """Where the acquires and releases of one receiver in one function come in their order."""

    def __init__(self, events: list[_Event]) -> None:
        self._events = events
        self._acquires = [i for i, e in enumerate(events) if e.acquires]
        self._releases: dict[tuple[Construct, ...], list[int]] = {}

    def release_after(self, acquire: int) -> tuple[Construct, Node] | None:
        """The release that ends an acquire: the last one before the same receiver is acquired again."""
        events, known = self._events, self._events[acquire].constructs
        if known not in self._releases:
            fitting = (i for i, e in enumerate(events) if not e.acquires and any(c in e.constructs for c in known))
            self._releases[known] = list(fitting)
        releases = self._releases[known]
        first = bisect_right(releases, acquire)
        if first == len(releases):
            return None
        again = bisect_right(self._acquires, releases[first])
        end = self._acquires[again] if again < len(self._acquires) else len(events)
        last = events[releases[bisect_left(releases, end) - 1]]
        return next(c for c in known if c in last.constructs), last.node


def _scope(construct: Construct, event: _Event, owner: Span, head: Span, tail: Span, note: str) -> Scope:
    return Scope(
        kind=construct.kind,
        span=Span(head.start, tail.end),
        name=construct.construct,
        construct=construct.construct,
        form="acquire-release",
        head=head,
        tail=tail,
        resource=event.resource,
        mode=construct.mode if construct.kind == "lock" else "",
        isolation=construct.isolation,
        owner=owner,
        gaps=tuple(_failed(event.node)) if event.acquires else (),
        note=f"{note} {construct.note}".strip(),
    )


def _failed(acquire: Node) -> Iterator[Span]:
    """The branch that runs when a conditional acquire did not succeed."""
    node, negated = acquire, False
    for parent in parents.ancestors(acquire):
        match parent.type:
            case "await_expression" | "parenthesized_expression" | "invocation_expression" | "member_access_expression":
                pass
            case "prefix_unary_expression":
                negated = not negated
            case "if_statement":
                if parent.child_by_field_name("condition") == node:
                    branch = parent.child_by_field_name("consequence" if negated else "alternative")
                    if branch is not None:
                        yield nodes.span(branch)
                return
            case _:
                return
        node = parent


def _tried(release: Node) -> Span | None:
    """The ``try`` whose ``finally``, or catch of everything, a release stands in: code that throws there passes it."""
    for parent in parents.ancestors(release):
        if parent.type == "finally_clause" or (parent.type == "catch_clause" and _catches_all(parent)):
            around = parents.parent(parent)
            return nodes.span(around) if around is not None else None
    return None


def _catches_all(catch: Node) -> bool:
    parts = {c.type: c for c in catch.named_children}
    declared = parts.get("catch_declaration")
    named = declared.child_by_field_name("type") if declared is not None else None
    return "catch_filter_clause" not in parts and (declared is None or nodes.simple_name(named) == "Exception")
