"""Loops that end by the failure which says that their caller has stopped, and that catch it now and go on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Comparison, Pair
from ctxreview.behaviour.conditions import leaving
from ctxreview.behaviour.version import Version, version
from ctxreview.model import il
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array


class Endless(NamedTuple):
    """The handler at ``caught`` ends the failure by which ``loop`` came to its end, and nothing else ends that."""

    caught: Span
    loop: Span


def endless(both: Comparison, pair: Pair) -> Iterator[Endless]:
    """The first loop of a function that obeyed its caller's sign to stop and now goes on."""
    of = version(both.before), version(both.after)
    units = of[0].units.get(pair.before.function.span), of[1].units.get(pair.after.function.span)
    if units[0] is None or units[1] is None:
        return
    has = list(_endless(of[1], units[1]))
    had = list(_endless(of[0], units[0])) if has else []
    signs = _signs(of[0], units[0])
    obeyed = sum(_names(n, signs) for n in il.walk(units[0].body) if isinstance(n, il.Loop) and n.kind != "each")
    if len(has) > len(had) and obeyed > len(had):
        yield has[len(had)]


def _signs(of: Version, unit: il.Unit) -> frozenset[str]:
    """The names of what tells a function to stop: of its parameters, and of its type's state."""
    stops = of.about.of("stops") | of.about.of("stop_sources")
    given = {p.name.text for p in unit.parameters if simple_type_or_array(p.type) in stops}
    kept = (m for m in of.outline.members if simple_type_or_array(m.declares) in stops)
    return frozenset(given.union(*(m.names for m in kept)))


def _names(node: il.Node, words: frozenset[str]) -> bool:
    return any(
        (isinstance(n, il.Name) and n.text in words) or (isinstance(n, il.Access) and n.name in words)
        for n in il.walk(node)
    )


def _endless(of: Version, unit: il.Unit) -> Iterator[Endless]:
    signs = _signs(of, unit)
    for loop in il.walk(unit.body) if signs else ():
        if not isinstance(loop, il.Loop) or loop.kind == "each" or not _goes_on(loop):
            continue
        for guarded in loop.body.statements:
            if not isinstance(guarded, il.Try) or not _names(guarded.body, signs) or _asks(guarded.body, signs):
                continue
            beside = (*loop.body.statements, *loop.step, *loop.first)
            if any(_names(s, signs) for s in beside if s is not guarded):
                continue
            caught = _taking_stops(of, guarded.handlers)
            outside = [*(h.body for h in guarded.handlers), *([guarded.always] if guarded.always else [])]
            if caught is not None and _stays(caught) and not any(_names(b, signs) for b in outside):
                yield Endless(caught.span, loop.span)


def _goes_on(loop: il.Loop) -> bool:
    """Whether the condition of a loop never ends it."""
    return loop.condition is None or (isinstance(loop.condition, il.Constant) and loop.condition.kind == "boolean")


def _asks(body: il.Block, signs: frozenset[str]) -> bool:
    """Whether a branch asks for the sign to stop, and leaves."""
    branches = (n for n in il.walk(body, into=False) if isinstance(n, il.Branch))
    return any(_names(b.condition, signs) and leaving(b.then, jumps=True) for b in branches)


def _taking_stops(of: Version, handlers: tuple[il.Handler, ...]) -> il.Handler | None:
    """The handler that gets the failure which says that the caller has stopped."""
    for handler in handlers:
        if handler.type in of.about.of("stopped"):
            if handler.filter is None or not _stays(handler):
                return handler
        elif handler.filter is None and (not handler.type or handler.type in of.about.of("every_failure")):
            return handler
    return None


def _stays(handler: il.Handler) -> bool:
    """Whether the loop goes on after a handler."""
    return leaving(handler.body, jumps=True) in ("", "continue")
