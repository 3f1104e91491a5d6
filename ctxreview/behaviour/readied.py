"""Objects that are filled through a variable, before and after others can see them by the state that they are put into."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Comparison
from ctxreview.behaviour.effects import Effect, Trace
from ctxreview.behaviour.places import lines
from ctxreview.behaviour.publication import is_for_others, open_look
from ctxreview.behaviour.version import State, Version, version
from ctxreview.model import il
from ctxreview.model.source import Lines, Span
from ctxreview.outline.symbols.written_names import simple_type


class Shown(NamedTuple):
    """``step`` fills, ``at`` a place, what the write of ``state`` shows to others before, and filled it first before the edit; ``look`` reads the state without the write's lock."""

    state: Effect
    step: str
    at: Lines
    look: Effect


class _Put(NamedTuple):
    """State gets what the variables stand for; ``within`` are the statements that follow in every run."""

    state: State
    span: Span
    variables: frozenset[Span]
    within: Span


def shown(both: Comparison) -> Iterator[Shown]:
    """Each object that an edit shows to others before it is filled."""
    old, new = version(both.before), version(both.after)
    for pair in both.changed:
        before, after = old.units.get(pair.before.function.span), new.units.get(pair.after.function.span)
        if before is None or after is None or pair.after.function.kind == "constructor":
            continue
        for put in _puts(after, new, pair.after):
            was = [p for p in _puts(before, old, pair.before) if p.state.key == put.state.key]
            early = {s for p in was for s, at in _steps(before, p, old) if at.end <= p.span.start}
            late = {s for p in was for s, at in _steps(before, p, old) if _follows(p, at)}
            step = next(((s, at) for s, at in _steps(after, put, new) if _follows(put, at) and s in early - late), None)
            write = next((e for e in pair.after.of("write") if _is_of(e, put)), None)
            look = open_look(both, write) if step is not None and write is not None else None
            if step is not None and write is not None and look is not None and is_for_others(both, write):
                yield Shown(write, step[0], lines(both.after, step[1]), look)


def _is_of(effect: Effect, put: _Put) -> bool:
    return effect.place is not None and effect.place.key == put.state.key and effect.span.overlaps(put.span)


def _follows(put: _Put, at: Span) -> bool:
    return at.start >= put.span.end and put.within.contains(at)


def _puts(unit: il.Unit, of: Version, trace: Trace) -> Iterator[_Put]:
    """Where a function gives state what it has in a variable, what it gives to one at once, or a new object."""
    inner: set[Span] = set()
    nodes = list(il.walk(unit, into=False))
    for node in nodes:
        found: tuple[list[il.Node], il.Node] | None = None
        if isinstance(node, il.Assign) and node.operator == "=" and node.span not in inner:
            targets, value = [node.target], node.value
            while isinstance(value, il.Assign) and value.operator == "=":
                inner.add(value.span)
                targets.append(value.target)
                value = value.value
            found = list(targets), value
        elif isinstance(node, il.Call) and of.about.has("steps_set", node.callee) and len(node.arguments) > 1:
            found = [node.arguments[0].value], node.arguments[1].value
        if found is None:
            continue
        variables = frozenset(v.declared for v in (*found[0], found[1]) if isinstance(v, il.Name) and v.declared)
        states = [s for t in found[0] if (s := _state(t, of, trace.function.container)) is not None]
        if states and (variables or isinstance(found[1], il.Create)):
            blocks = (n.span for n in nodes if isinstance(n, il.Block) and n.span.contains(node.span))
            yield _Put(states[0], node.span, variables, min(blocks, key=lambda s: s.size, default=node.span))


def _state(target: il.Node, of: Version, home: str) -> State | None:
    """The state of the object at hand that a place is, where it is a reference."""
    if isinstance(target, il.Name) and target.declared is None:
        found = of.state(home, target.text)
    elif isinstance(target, il.Access) and isinstance(target.of, il.Self):
        found = of.state(home, target.name)
    else:
        return None
    if found is None or (of.is_immutable(found.type) and simple_type(found.type) not in of.about.of("read_only")):
        return None
    return found


def _steps(unit: il.Unit, put: _Put, of: Version) -> Iterator[tuple[str, Span]]:
    """What a function changes in the object through a variable, or by the state once it has it: the member or call by its name, an element by none."""
    nodes = list(il.walk(unit, into=False))
    for node in nodes:
        if isinstance(node, il.Assign):
            on = node.target.of if isinstance(node.target, il.Access | il.Element) else None
            name = node.target.name if isinstance(node.target, il.Access) else "[]"
        elif isinstance(node, il.Call) and of.about.has("changes", node.callee):
            on, name = node.receiver, node.callee
        else:
            continue
        itself = getattr(on, "text", "") == put.state.name and node.span.start >= put.span.end
        if not isinstance(on, il.Name) or not (on.declared in put.variables or (itself and on.declared is None)):
            continue
        anew = (
            n
            for n in nodes
            if isinstance(n, il.Assign) and isinstance(n.target, il.Name) and n.target.declared == on.declared
        )
        if not any(put.span.end <= n.span.start <= node.span.start for n in anew):  # else it is another object by now
            yield name, node.span
