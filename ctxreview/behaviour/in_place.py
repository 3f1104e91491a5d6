"""Collections that were replaced as a whole and are changed in place after an edit, while others walk them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Comparison
from ctxreview.behaviour.effects import Effect, Trace
from ctxreview.behaviour.keeping_out import are_kept_apart
from ctxreview.behaviour.version import State, version
from ctxreview.outline.symbols.written_names import simple_type_or_array


class InPlace(NamedTuple):
    """``write`` changes what ``state`` holds, and ``look`` may be in it at the time."""

    state: State
    write: Effect
    look: Effect


def in_place(both: Comparison) -> Iterator[InPlace]:
    """Each collection that nothing changed in place before the edit, with a change and a look that nothing keeps apart."""
    of = version(both.after)
    for state in of.states:
        kind = simple_type_or_array(state.type)
        if version(both.before).state(state.home, state.name) is None or of.is_concurrent(state.type):
            continue
        if kind != "[]" and kind not in of.about.of("collections"):
            continue
        before = [p.before for p in both.naming((state.name,))]
        if any(_inside(before, state, "write")) or not any(
            e.place is not None and e.place.key == state.key for t in _shared(before) for e in t.of("write")
        ):
            continue
        after = [*(p.after for p in both.naming((state.name,))), *both.fresh((state.name,))]
        found = (
            InPlace(state, write, look)
            for write in _inside(after, state, "write")
            for look in _inside(after, state, "read")
            if not are_kept_apart(write, look)
        )
        yield from list(found)[:1]


def _shared(traces: list[Trace]) -> Iterator[Trace]:
    """The functions that run when others may have the object."""
    return (t for t in traces if t.function.kind != "constructor")


def _inside(traces: list[Trace], state: State, kind: str) -> Iterator[Effect]:
    for of in _shared(traces):
        for effect in of.effects:
            if effect.kind == kind and effect.place is not None and effect.place.key == f"{state.key}[]":
                yield effect
