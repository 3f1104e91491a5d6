"""Objects that each call made for itself, and that the object whose function it is keeps for all calls after an edit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Comparison, Pair
from ctxreview.behaviour.version import State, Version, version
from ctxreview.model import il
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array


class Kept(NamedTuple):
    """Calls of ``function`` made such an object each; ``used`` is where the one in ``state`` is used now, under no lock."""

    state: State
    function: str
    used: Span


def kept(both: Comparison, changes: Callable[[str], bool]) -> Iterator[Kept]:
    """Each new state of a type that ``changes`` (by its simple name) when it is used, of objects that had none before which changed."""
    was, now = version(both.before), version(both.after)
    for state in now.states:
        type_ = simple_type_or_array(state.type)
        if not changes(type_) or was.state(state.home, state.name) is not None or not _was_unchanging(state.home, was):
            continue
        if not _is_made_by_its_own(state, now):
            continue
        for pair in both.naming((state.name,)):
            used = _used(pair, state, both.after)
            if used is not None and _makes(was, pair.before.function.span, type_):
                yield Kept(state, pair.after.function.name, used)
                break


def _was_unchanging(home: str, was: Version) -> bool:
    """Whether a type was declared whose objects changed by nothing that was done with them: several threads could use one."""
    own = [s for s in was.states if s.home == home and not s.static]
    changing = was.about.of("collections")
    return home in was.homes and all(
        (s.fixed or was.getter(s) is not None) and not s.changes and simple_type_or_array(s.type) not in changing
        for s in own
    )


def _is_made_by_its_own(state: State, now: Version) -> bool:
    """Whether the type makes the object itself, where it is declared or in a constructor: who hands one in says whose it is."""
    unit = now.initialiser(state.home, state.name)
    body = unit.body.statements if unit is not None else ()
    if body and isinstance(body[0], il.Exit) and isinstance(body[0].value, il.Create):
        return True
    makers = (f for f in now.outline.functions if f.kind == "constructor" and f.container == state.home)
    units = (now.units.get(f.span) for f in makers)
    return any(
        isinstance(n, il.Assign) and isinstance(n.value, il.Create) and _is(n.target, state)
        for unit in units
        if unit is not None
        for n in il.walk(unit.body, into=False)
    )


def _makes(of: Version, function: Span, type_: str) -> bool:
    unit = of.units.get(function)
    return unit is not None and any(
        isinstance(n, il.Create) and simple_type_or_array(n.type) == type_ for n in il.walk(unit.body)
    )


def _used(pair: Pair, state: State, after: Outline) -> Span | None:
    """Where a function that is no constructor uses state, held by nothing."""
    function = pair.after.function
    unit = version(after).units.get(function.span)
    if unit is None or function.kind == "constructor" or any(h.kind == "lock" for h in pair.after.sections):
        return None
    return next((n.span for n in il.walk(unit.body) if _is(n, state)), None)


def _is(node: il.Node, state: State) -> bool:
    """Whether a name, or a member of the object at hand, is some state of it."""
    if isinstance(node, il.Name):
        return node.declared is None and node.text == state.name
    return isinstance(node, il.Access) and isinstance(node.of, il.Self) and node.name == state.name


def is_only_one(home: str, of: Version) -> bool:
    """Whether a type makes its own one object: nobody else can call its constructors, and it keeps one of itself."""
    words, text = of.language.words, of.outline.source.text
    makers = [f for f in of.outline.functions if f.kind == "constructor" and f.container == home]
    makers = [f for f in makers if words.shared.isdisjoint(text(f.opening).split())]
    hidden = [f for f in makers if not words.hidden.isdisjoint(text(f.opening).split())]
    kept = (s for s in of.states if s.home == home and s.static)
    one = any(simple_type_or_array(s.type) == home or f"<{home}>" in s.type for s in kept)
    return bool(makers) and len(hidden) == len(makers) and one
