"""A context that each turn of a loop made for itself and that all turns share after the edit: what it keeps of one turn is there in the next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Comparison, Pair
from ctxreview.behaviour.effects import Effect
from ctxreview.behaviour.version import version
from ctxreview.languages.behaviour import Behaviour
from ctxreview.model import il
from ctxreview.model.source import Span


class Lasting(NamedTuple):
    """``made`` is where the context is made after the edit, ``was`` where each turn made it; ``save`` is one of a turn."""

    name: str
    made: Span
    was: Span
    save: Effect


def lasting(both: Comparison, pair: Pair, about: Behaviour) -> Iterator[Lasting]:
    """The first context of a function that outlives a turn of a loop now: of one that nothing bounds, or that goes on after a failed save."""
    first, second = (
        version(o).units.get(t.function.span) for o, t in ((both.before, pair.before), (both.after, pair.after))
    )
    if first is None or second is None:
        return
    old, new = _made_in_turns(first, about), _makers(second, about)
    for number, now in sorted(pair.became.items()):
        was = pair.before.effects[number]
        if was.kind != "save" or "in loop" not in was.traits or "in loop" not in now.traits:
            continue
        loop = _loop(second, now.span)
        if loop is None or (loop.kind == "each" and not _goes_on(loop, now.span)):
            continue
        for name, at in old.items():
            then = new.get(name)
            if then is not None and then.end <= loop.span.start and _around(first, was.span, at) and name in now.party:
                yield Lasting(name, then, at, now)
                return


def _makers(unit: il.Unit, about: Behaviour) -> dict[str, Span]:
    """Where a function makes contexts or what gives them, by the name of the type or call, where there is one of a name."""
    found: dict[str, list[Span]] = {}
    for node in il.walk(unit):
        if isinstance(node, il.Create):
            found.setdefault(node.type, []).append(node.span)
        elif isinstance(node, il.Call) and about.has("makes_contexts", node.callee):
            found.setdefault(about.base(node.callee), []).append(node.span)
    return {name: spans[0] for name, spans in found.items() if len(spans) == 1}


def _made_in_turns(unit: il.Unit, about: Behaviour) -> dict[str, Span]:
    return {name: at for name, at in _makers(unit, about).items() if _loop(unit, at) is not None}


def _loop(unit: il.Unit, at: Span) -> il.Loop | None:
    """The innermost loop whose body has a place."""
    inside = [n for n in il.walk(unit) if isinstance(n, il.Loop) and n.body.span.contains(at)]
    return inside[-1] if inside else None


def _around(unit: il.Unit, save: Span, made: Span) -> bool:
    """Whether the loop around a save makes the context, too, in each turn."""
    loop = _loop(unit, save)
    return loop is not None and loop.body.span.contains(made)


def _goes_on(loop: il.Loop, save: Span) -> bool:
    """Whether a failure of the save ends in a handler within the loop."""
    return any(isinstance(n, il.Try) and n.handlers and n.body.span.contains(save) for n in il.walk(loop.body))
