"""Form D: acquire and release on one receiver, and what has only one of the two here."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.languages import Construct, nodes, parents
from ctxreview.languages.syntax import Syntax
from ctxreview.model.declarations import Function
from ctxreview.model.kinds import Mode
from ctxreview.model.notation import SELF, without_self
from ctxreview.model.regions import Region
from ctxreview.model.source import Span, Spans, contains_any
from ctxreview.outline.file_view import FileView
from ctxreview.outline.scopes.block import declared_type, isolation
from ctxreview.outline.scopes.slots import UNSEEN, slots

if TYPE_CHECKING:
    from tree_sitter import Node


OUTSIDE_FINALLY = "The release is not in a finally: an exception leaves it held."


class _Event(NamedTuple):
    """An acquire or a release; ``certain`` when the name or the declared type leaves no doubt.

    ``by`` is the type's own method that does it, where it is done by a call of one; ``""`` where it is done here.
    ``assumed`` says that only that method's name tells what it does. ``slots`` is how many may hold it at once.
    """

    node: Node
    resource: str
    constructs: tuple[Construct, ...]
    acquires: bool
    certain: bool
    by: str = ""
    assumed: bool = False
    slots: int = 1


_Events = dict[tuple[Span, str], list[_Event]]
"""Acquires and releases by function and receiver, in source order."""


def pairs(page: FileView) -> Iterator[Region]:
    """Acquire and release on the same receiver in the same function; alone, where the lock is known to be one."""
    every = _events(page)
    _add_own(every, page)
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
                covered = release.id in tried or within.contains(nodes.span(event.node))
                note = "" if covered else OUTSIDE_FINALLY
                by = [e.by for e in own if e.node in (event.node, release)]
                note = f"{note} It is taken and released by {' and '.join(by)}.".strip() if len(by) > 1 else note
                note = f"{note} {by[0]} {'takes' if event.by else 'releases'} it.".strip() if len(by) == 1 else note
                takes = len(by) > 1 or (len(by) == 1 and bool(event.by))
                releases = len(by) > 1 or (len(by) == 1 and not event.by)
                made = _scope(construct, event, owner, nodes.span(event.node), nodes.span(release), note, page)
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


def _with_what_has_it(acquire: _Event, owner: Span, given: Sequence[int], syntax: Syntax) -> Span:
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
    acquire: _Event, owner: Span, resource: str, every: Mapping[tuple[Span, str], list[_Event]]
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


MAX_LEVELS = 3
"""Methods of a type that call each other, the last of which takes or releases a lock."""


def _add_own(every: _Events, page: FileView) -> None:
    """The calls of a type's own methods that take a lock and leave it held, or release what they did not take."""
    for _ in range(MAX_LEVELS):
        own = _own_methods(every, page)
        new = [(key, e) for node, name in page.calls if name in own for key, e in _by_own(node, name, own, page)]
        known = {(e.node.id, e.acquires) for events in every.values() for e in events}
        new = [(key, e) for key, e in new if (e.node.id, e.acquires) not in known]
        for key, event in new:
            events = every.setdefault(key, [])
            events.insert(bisect_left(events, event.node.start_byte, key=lambda e: e.node.start_byte), event)
        if not new:
            break
    _add_named(every, page)


_Own = Mapping[str, list[tuple[Function, _Event]]]


def _own_methods(every: _Events, page: FileView) -> _Own:
    """The methods that only take or only release something, by name, with the last of it; what it is, a caller can name too."""
    found: dict[str, list[tuple[Function, _Event]]] = {}
    for (owner, resource), events in every.items():
        function = next((f for f in page.functions.around(owner) if f.span == owner), None) if owner.size else None
        if function is None or function.kind not in ("method", "local function"):
            continue
        if len({e.acquires for e in events}) > 1 or not (events[-1].certain or events[-1].constructs[0].releases):
            continue
        root = re.split(r"\W", resource, maxsplit=1)[0]
        if root in page.declares or root == SELF or _place(function, root, page) is not None:
            found.setdefault(function.name, []).append((function, events[-1]))
    return found


def _place(function: Function, name: str, page: FileView) -> int | None:
    """The index of a parameter of that name; ``None`` where there is none."""
    head = page.source.text(function.opening)
    declared = re.search(rf"\b{re.escape(function.name)}\s*(?:<[^()]*>)?\s*\((.*)\)", head, re.DOTALL)
    parameters = re.split(r",(?![^<>()\[\]]*[>)\]])", declared[1]) if declared is not None else []
    return next(
        (i for i, p in enumerate(parameters) if re.search(rf"\b{re.escape(name)}\s*(?:=.*)?$", p.strip())), None
    )


def _by_own(node: Node, name: str, own: _Own, page: FileView) -> Iterator[tuple[tuple[Span, str], _Event]]:
    """What a call of one of a type's own methods takes or releases, in the caller's words."""
    if page.has_receiver(node):
        return
    home, owner = page.types.innermost(nodes.span(node)), page.owner_span(node)
    given = page.syntax.arguments_of(node)
    for function, event in own[name]:
        if function.span.contains(owner) or page.types.innermost(function.span) != home:
            continue
        root = re.split(r"\W", event.resource, maxsplit=1)[0]
        place = _place(function, root, page)
        resource = event.resource
        if place is not None and root not in page.declares:
            if place >= len(given):
                continue
            resource = nodes.text(given[place]) + event.resource[len(root) :]
        made = event._replace(node=node, resource=resource, by=name)
        yield (owner, without_self(resource)), made
        return


def reach_out(page: FileView, unread: Sequence[Span]) -> bool:
    """Whether a method that was read calls one of the type's own whose body was not, and which may take or release a lock."""
    called = {name for node, name in page.calls if not page.has_receiver(node)}
    named = page.language.named("acquires") | page.language.named("releases")
    for function in page.functions.scopes if called else ():
        if function.name not in called or not contains_any(function.span, unread):
            continue
        body = unread[bisect_left(unread, function.span)]
        if any(word.decode() in named for word in _CALLED.findall(page.source.data, body.start, body.end)):
            return True
    return False


_CALLED = re.compile(rb"(?<!new )\b(\w+)\s*\(")
_NAMED = re.compile(r"Lock|Mutex|Semaphore")


def _add_named(every: _Events, page: FileView) -> None:
    """The calls of a type's own methods whose names tell that they take or release a lock, and whose bodies do not."""
    known = {e.node for events in every.values() for e in events if e.by}
    named = {n for n in page.language.named("acquires") | page.language.named("releases") if _NAMED.search(n)}
    for node, name in page.calls:
        if name in named and node not in known and not page.has_receiver(node):
            for field in ("acquires", "releases"):
                constructs = page.language.table(field).get(name, ())
                if constructs:
                    event = _Event(node, SELF, constructs, field == "acquires", certain=False, by=name, assumed=True)
                    every.setdefault((page.owner_span(node), SELF), []).append(event)


def _events(page: FileView) -> _Events:
    named = page.language.named("acquires") | page.language.named("releases")
    found: _Events = {}
    known: dict[tuple[str, Span | None], int] = {}
    for node, name in page.calls:
        if name not in named:
            continue
        for field in ("acquires", "releases"):
            event = _event(node, name, field, page)
            if event is None:
                continue
            count = slots(event.node, event.resource, event.constructs, page, known)
            if count:  # else a signal, which nobody holds
                key = page.owner_span(node), without_self(event.resource)
                found.setdefault(key, []).append(event._replace(slots=count))
    return found


def _event(node: Node, name: str, field: str, page: FileView) -> _Event | None:
    on = page.syntax.receiver(node)
    table = page.language.table(field)
    known = table.get(f"{page.syntax.simple_name(on)}.{name}")
    if known:  # a static class such as Monitor: the first argument is what is locked
        given = page.syntax.arguments_of(node)
        return _Event(node, nodes.text(given[0]), known, field == "acquires", certain=True) if given else None
    known = table.get(name)
    if not known or on is None:
        return None
    resource = nodes.text(on)
    if resource in page.language.words.own:
        return None
    declared = declared_type(page, resource, nodes.span(on)) or _type_here(node, resource, page)
    certain = tuple(c for c in known if declared in c.types)
    known = tuple(c for c in known if not c.on or re.search(c.on, resource))
    if declared and not _sounds_like_lock(declared, page):
        known = tuple(
            c for c in known if not (c.types and c.kind == "lock")
        )  # something else that has calls of these names
    if not certain and not known:
        return None
    return _Event(node, resource, certain or known, field == "acquires", bool(certain))


def _sounds_like_lock(type_: str, page: FileView) -> bool:
    """Whether a type is taken for one of locks by its name alone, without the letter of an interface."""
    names = (type_, type_[1:])
    return any(
        looks.kind == "lock" and looks.on and re.search(looks.on, name)
        for looks in page.language.looks_like
        for name in names
    )


_MADE_HERE = r"\b{name}\s*=[^=;][^;]*?\bnew\s+(?:\w+\.)*(\w+)\s*\("
_TYPED = r"\b([A-Z]\w*)\??\s+{name}\s*[=,);]"
_GIVEN = r"\b{name}\s*=[^=;(]*?\w<(?:\w+\.)*(\w+)>\("
"""What a call gives that names one type: nearly always that."""
_NEAR = 4_000
"""Bytes before a use in which a variable's type is looked for."""


def _type_here(node: Node, resource: str, page: FileView) -> str:
    """The type of a local variable or parameter that the function tells, or of an entry of a collection; ``""`` for none."""
    name, _, entry = resource.partition("[")
    if entry and (
        kept := re.search(r"([A-Z]\w*)\s*(?:>+|\[\])\??$", page.declared(without_self(name), nodes.span(node)) or "")
    ):
        return kept[1]
    member = page.functions.outermost(nodes.span(node)) if name.isidentifier() and not entry else None
    statement = page.syntax.statement_of(node)
    if member is None or (statement is not None and statement.type in page.syntax.subject_statements):
        return ""
    before = page.source.text(Span(max(member.span.start, node.start_byte - _NEAR), node.start_byte))
    for form in (_MADE_HERE, _TYPED, _GIVEN):
        found = re.findall(form.format(name=re.escape(name)), before)
        if found:
            return str(found[-1])
    return ""


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


def _scope(
    construct: Construct, event: _Event, owner: Span, head: Span, tail: Span, note: str, page: FileView
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
        excluded=tuple(_failed(event.node, page.syntax)) if event.acquires else (),
        note=" ".join(
            filter(None, (note, construct.note, f"{event.slots} can hold it at once." if event.slots > 1 else ""))
        ),
    )


def _mode(construct: Construct, slots: int) -> Mode:
    if construct.kind != "lock" or slots == UNSEEN:
        return ""
    return "shared" if slots > 1 else construct.mode


def _failed(acquire: Node, syntax: Syntax) -> Iterator[Span]:
    """The branch that runs when a conditional acquire did not succeed."""
    node, negated = acquire, False
    passing = syntax.awaits | syntax.parenthesized | syntax.calls | syntax.accesses
    for parent in parents.ancestors(acquire):
        if parent.type in syntax.negations:
            negated = not negated
        elif parent.type in syntax.ifs:
            branch = syntax.consequence(parent) if negated else syntax.alternative(parent)
            if syntax.condition(parent) == node and branch is not None:
                yield nodes.span(branch)
            return
        elif parent.type not in passing:
            return
        node = parent


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
