"""Form D: acquire and release on one receiver, and what has only one of the two here."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ctxreview.languages import Construct, nodes, parents
from ctxreview.languages.syntax import Syntax
from ctxreview.model.kinds import Mode
from ctxreview.model.regions import Region
from ctxreview.model.source import Span, Spans
from ctxreview.outline.file_view import FileView
from ctxreview.outline.scopes.block import isolation
from ctxreview.outline.scopes.lock_calls import LockCall, lock_calls
from ctxreview.outline.scopes.own_methods import add_own_methods
from ctxreview.outline.scopes.slots import UNSEEN

if TYPE_CHECKING:
    from tree_sitter import Node


OUTSIDE_FINALLY = "The release is not in a finally: an exception leaves it held."


def pairs(page: FileView) -> Iterator[Region]:
    """Acquire and release on the same receiver in the same function; alone, where the lock is known to be one."""
    every = lock_calls(page)
    add_own_methods(every, page)
    for (owner, resource), events in every.items():
        opened: set[int] = set()
        own = [e for e in events if e.by]
        tried = {e.node.id: t for e in events if not e.acquires and (t := _tried(e.node, page)) is not None}
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
                later = bool(owner.size) and _is_postponed(release, page.syntax)
                tail = Span(owner.end - 1, owner.end) if later else nodes.span(release)
                covered = later or release.id in tried or within.contains(nodes.span(event.node))
                note = "" if covered else OUTSIDE_FINALLY
                by = [e.by for e in own if e.node in (event.node, release)]
                note = f"{note} It is taken and released by {' and '.join(by)}.".strip() if len(by) > 1 else note
                note = f"{note} {by[0]} {'takes' if event.by else 'releases'} it.".strip() if len(by) == 1 else note
                takes = len(by) > 1 or (len(by) == 1 and bool(event.by))
                releases = len(by) > 1 or (len(by) == 1 and not event.by)
                made = _scope(construct, event, owner, nodes.span(event.node), tail, note, page)
                branches = tuple(b for b in page.syntax.other_branches(event.node, owner) if made.span.overlaps(b))
                made = made._replace(
                    excluded=tuple(dict.fromkeys((*made.excluded, *branches))),
                    acquired="method" if takes else "here",
                    released="method" if releases else "here",
                    leaks_on_exception=not covered,
                )
                yield made._replace(certainty="assumed") if event.assumed else made
            elif event.by:
                continue
            elif not event.constructs[0].releases and owner.size:
                given = given or _given(resource, owner, page)
                end = _with_what_has_it(event, owner, given, page.syntax)
                yield _scope(event.constructs[0], event, owner, nodes.span(event.node), end, "", page)
            elif event.certain and owner.size and (handed := _handed_on(event, owner, resource, every)) is not None:
                note = "A function nested in this one releases it, and may run later."
                made = _scope(event.constructs[0], event, owner, nodes.span(event.node), handed, note, page)
                yield made._replace(released="later")
            elif event.certain and owner.size:
                end = Span(owner.end - 1, owner.end)
                note = "Nothing in this function releases it."
                made = _scope(event.constructs[0], event, owner, nodes.span(event.node), end, note, page)
                yield made._replace(released="never")
        if events and not opened and events[-1].certain and not events[-1].by and owner.size:
            function = page.owner(events[-1].node)
            start = function.opening.end if function is not None else owner.start
            note = "It is acquired elsewhere: this function releases it."
            last = events[-1]
            made = _scope(last.constructs[0], last, owner, Span(start, start + 1), nodes.span(last.node), note, page)
            yield made._replace(certainty="assumed", acquired="elsewhere")


def _is_postponed(release: Node, syntax: Syntax) -> bool:
    """Whether a release runs when its function ends, however that ends."""
    return bool(syntax.postponed) and any(a.type in syntax.postponed for a in parents.ancestors(release))


def _with_what_has_it(acquire: LockCall, owner: Span, given: Sequence[int], syntax: Syntax) -> Span:
    """Where the block ends that declares what a lock is taken on: nothing else gives it back."""
    holding = syntax.blocks | syntax.subject_statements
    last = bisect_left(given, acquire.node.start_byte) - 1
    for around in parents.ancestors(acquire.node) if last >= 0 else ():
        if around.type in holding and around.start_byte <= given[last]:
            return Span(around.end_byte - 1, around.end_byte)
    return Span(owner.end - 1, owner.end)


def _given(name: str, within: Span, page: FileView) -> Sequence[int]:
    """The places where a function gives the variable a value, its own start the first."""
    value = re.compile(rb"\b%s\s*=(?!=)" % re.escape(name.encode()))
    return [within.start, *(m.start() for m in value.finditer(page.source.data, *within))]


def _handed_on(
    acquire: LockCall, owner: Span, resource: str, every: Mapping[tuple[Span, str], list[LockCall]]
) -> Span | None:
    """The last release in a lambda or local function that follows in the same function and takes nothing itself."""
    inner = [e for (of, on), e in every.items() if on == resource and of != owner and owner.contains(of)]
    found = [
        nodes.span(e.node)
        for events in inner
        if not any(e.acquires for e in events)
        for e in events
        if e.node.start_byte > acquire.node.end_byte and any(c in e.constructs for c in acquire.constructs)
    ]
    return max(found, default=None)


class _Order:
    """Where the acquires and releases of one receiver in one function come in their order."""

    def __init__(self, events: list[LockCall]) -> None:
        self.lock_calls = events
        self._acquires = [i for i, e in enumerate(events) if e.acquires]
        self._releases: dict[tuple[Construct, ...], list[int]] = {}

    def release_after(self, acquire: int) -> tuple[Construct, Node] | None:
        """The release that ends an acquire: the last one before the same receiver is acquired again."""
        events, known = self.lock_calls, self.lock_calls[acquire].constructs
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


def _scope(
    construct: Construct, event: LockCall, owner: Span, head: Span, tail: Span, note: str, page: FileView
) -> Region:
    return Region(
        kind=construct.kind,
        span=Span(head.start, tail.end),
        name=construct.construct,
        construct=construct.construct,
        form="acquire-release",
        opening=head,
        closing=tail,
        resource=event.resource,
        mode=_mode(construct, event.slots),
        isolation=isolation(construct, event.node, page) if event.acquires else construct.isolation,
        owner=owner,
        excluded=tuple(_failed(event.node, page)) if event.acquires else (),
        note=" ".join(
            filter(None, (note, construct.note, f"{event.slots} can hold it at once." if event.slots > 1 else ""))
        ),
    )


def _mode(construct: Construct, slots: int) -> Mode:
    if construct.kind != "lock" or slots == UNSEEN:
        return ""
    return "shared" if slots > 1 else construct.mode


def _failed(acquire: Node, page: FileView) -> Iterator[Span]:
    """The branch that runs when a conditional acquire did not succeed."""
    node, negated, syntax = acquire, False, page.syntax
    passing = syntax.awaits | syntax.parenthesized | syntax.calls | syntax.accesses
    for parent in parents.ancestors(acquire):
        if parent.type in syntax.negations:
            negated = not negated
        elif parent.type in syntax.binaries | syntax.pattern_tests:
            turned = _asks_for_opposite(parent, node, page)
            if turned is None:
                return
            negated = negated != turned
        elif parent.type in syntax.ifs:
            branch = syntax.consequence(parent) if negated else syntax.alternative(parent)
            if syntax.condition(parent) == node and branch is not None:
                yield nodes.span(branch)
            return
        elif parent.type not in passing:
            return
        node = parent


def _asks_for_opposite(test: Node, value: Node, page: FileView) -> bool | None:
    """Whether a comparison holds where ``value`` is false; ``None`` where it is compared with something else than true or false."""
    words, data = page.language.words, page.source.data
    beside = data[test.start_byte : value.start_byte] + b" " + data[value.end_byte : test.end_byte]
    said = frozenset(beside.decode("utf-8", "replace").split())
    if len(said) > 3 or not said & (words.holding | words.failing):
        return None
    return bool(said & words.failing) != bool(said & (words.differing | words.negating))


def _tried(release: Node, page: FileView) -> Span | None:
    """The ``try`` whose ``finally``, or catch of everything, a release is in: code that throws there passes it."""
    syntax = page.syntax
    for parent in parents.ancestors(release):
        if parent.type in syntax.finallies or (parent.type in syntax.catches and _catches_all(parent, page)):
            around = parents.parent(parent)
            return nodes.span(around) if around is not None else None
    return None


def _catches_all(catch: Node, page: FileView) -> bool:
    syntax, parts = page.syntax, catch.named_children
    declared = next((c for c in parts if c.type in syntax.catch_declarations), None)
    named = syntax.type(declared) if declared is not None else None
    everything = declared is None or syntax.simple_name(named) in page.language.shape.caught
    return everything and not any(c.type in syntax.catch_filters for c in parts)
