"""A type's own methods that take a lock and leave it held, or release it: a call of one does what the method does."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ctxreview.languages import nodes
from ctxreview.model.declarations import Function
from ctxreview.model.notation import SELF, without_self
from ctxreview.model.source import Span, contains_any
from ctxreview.outline.file_view import FileView
from ctxreview.outline.scopes.lock_calls import CallsByReceiver, LockCall
from ctxreview.outline.symbols.signatures import signature

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_LEVELS = 3
"""Methods of a type that call each other, the last of which takes or releases a lock."""


def add_own_methods(every: CallsByReceiver, page: FileView) -> None:
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


_Own = Mapping[str, list[tuple[Function, LockCall]]]


def _own_methods(every: CallsByReceiver, page: FileView) -> _Own:
    """The methods that only take or only release something, by name, with the last of it; what it is, a caller can name too."""
    found: dict[str, list[tuple[Function, LockCall]]] = {}
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
    declared = signature(page.source.text(function.opening), function.name, page.language)
    return next((i for i, p in enumerate(declared.parameters) if p.name == name), None)


def _by_own(node: Node, name: str, own: _Own, page: FileView) -> Iterator[tuple[tuple[Span, str], LockCall]]:
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
    call = re.compile(rf"{page.language.words.uncreated}\b(\w+)\s*\(".encode())
    for function in page.functions.scopes if called else ():
        if function.name not in called or not contains_any(function.span, unread):
            continue
        body = unread[bisect_left(unread, function.span)]
        if any(word.decode() in named for word in call.findall(page.source.data, body.start, body.end)):
            return True
    return False


def _add_named(every: CallsByReceiver, page: FileView) -> None:
    """The calls of a type's own methods whose names tell that they take or release a lock, and whose bodies do not."""
    known = {e.node for events in every.values() for e in events if e.by}
    tells = re.compile(page.language.lock_named)
    named = {n for n in page.language.named("acquires") | page.language.named("releases") if tells.search(n)}
    for node, name in page.calls:
        if name in named and node not in known and not page.has_receiver(node):
            for field in ("acquires", "releases"):
                constructs = page.language.table(field).get(name, ())
                if constructs:
                    event = LockCall(node, SELF, constructs, field == "acquires", certain=False, by=name, assumed=True)
                    every.setdefault((page.owner_span(node), SELF), []).append(event)
