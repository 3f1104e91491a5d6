"""State that was read once into a variable and is read anew for each use after the edit: between two reads another thread may change it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Comparison, Pair
from ctxreview.behaviour.effects import Effect


class Unpinned(NamedTuple):
    """``read`` is the one read before the edit, ``again`` are those after it that its uses have instead, in order."""

    read: Effect
    again: tuple[Effect, ...]


def unpinned(both: Comparison, pair: Pair) -> Iterator[Unpinned]:
    """Each state that others change while this runs, as their locks or atomic operations say, and of which two uses no longer see the same value."""
    once = [e for e in pair.before.of("read") if e.place is not None and e.place.kind == "state" and not e.locks]
    for read in once:
        if sum(_is_on(e, read) for e in pair.before.of("read")) > 1:
            continue
        again = [e for e in pair.after.of("read") if _is_on(e, read)]
        if len(again) < 2 or any(e.locks for e in again):
            continue
        changed_here = any(_is_on(e, read) for e in pair.after.of("write"))
        seen = _seen(pair, read, {e.number for e in again})
        if seen and not changed_here and _is_changed_meanwhile(both, read):
            yield Unpinned(read, tuple(e for e in again if e.number in seen))


def _is_on(effect: Effect, read: Effect) -> bool:
    return effect.place is not None and read.place is not None and effect.place.key == read.place.key


def _seen(pair: Pair, read: Effect, again: set[int]) -> set[int]:
    """The reads by which the uses go after the edit; none where all go by one, or each is decided by the one that it uses."""
    users = [e for e in pair.before.effects if read.number in e.depends and e.number in pair.became]
    now = [pair.became[e.number] for e in users if e.kind not in ("return", "throw", "end")]
    used = {n for e in now for n in e.depends - e.decided_by} & again
    asked = {n for e in now for n in e.decided_by} & again
    apart = len(used) > 1 or bool(used and asked - used and not used <= asked)
    return used | asked if apart else set()


def _is_changed_meanwhile(both: Comparison, read: Effect) -> bool:
    """Whether a lock or an atomic operation is used to change it: somebody expects that others look at the same time."""
    if read.traits & {"volatile", "atomic"}:
        return True
    every = both.places(read.place.key) if read.place is not None else ()
    return any(e.kind == "write" and (e.locks or e.traits & {"volatile", "atomic"}) for e, _ in every)
