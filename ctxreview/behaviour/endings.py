"""Where a lock is released, and a transaction committed or rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from ctxreview.behaviour.comparison import Pair
from ctxreview.behaviour.conditions import conditions, tests
from ctxreview.behaviour.effects import Effect, Hold, Kind, Trace
from ctxreview.behaviour.paths import in_one_run
from ctxreview.behaviour.version import version
from ctxreview.model import il
from ctxreview.model.outline import Outline


class Ending(NamedTuple):
    """``hold`` is ended at other places after the edit: ``before`` and ``after`` are what ends it, in order; ``at`` is one that is new or gone.

    ``added`` says which.
    """

    hold: Hold
    before: tuple[Effect, ...]
    after: tuple[Effect, ...]
    at: Effect
    added: bool


def endings(pair: Pair) -> Iterator[Ending]:
    """The locks and transactions of one function that are ended more often, or less often, than before."""
    old, new = (_by_key(t) for t in (pair.before, pair.after))
    for key in old.keys() & new.keys():
        paired = old[key].region.form == new[key].region.form == "acquire-release"
        was, now = _ends(pair.before, old[key], paired), _ends(pair.after, new[key], paired)
        if not was or not now or len(was) == len(now):
            continue
        added = len(now) > len(was)
        if added and _is_divided(pair, was, now, old[key], new[key]):
            continue
        if not added and any(_is_always(new[key].outline, pair.after, e) for e in now):
            continue  # what is left ends it on every way
        other = pair.was if added else pair.became
        at = next((e for e in (now if added else was) if e.number not in other), (now if added else was)[0])
        yield Ending(new[key], was, now, at, added)


def _is_divided(pair: Pair, was: tuple[Effect, ...], now: tuple[Effect, ...], old: Hold, new: Hold) -> bool:
    """Whether what was ended in one place is ended in a place of its own on each of the ways that led there, by conditions that there were."""
    if len(was) != 1 or any(e.path for e in (*was, *now)) or was[0].kind != now[0].kind != "release":
        return False
    unit = version(old.outline).units.get(pair.before.function.span)
    then = version(new.outline).units.get(pair.after.function.span)
    if unit is None or then is None or new.outline.source.path != old.outline.source.path:
        return False
    led = {c.test for c in conditions(old.outline, unit, was[0].span)}
    known = tests(old.outline, unit)
    ways = [{c.test for c in conditions(new.outline, then, e.span)} for e in now]
    if not all(led <= way <= known for way in ways):
        return False
    return not any(in_one_run(new.outline, a.span, b.span, new.region.opening) for a, b in combinations(now, 2))


def forgotten(pair: Pair, removing: frozenset[str]) -> Iterator[Effect]:
    """The first removal that an edit adds from the collection which the locks of a function are taken from, by a call of one of the names ``removing``."""
    keys = {h.key for h in pair.after.sections if h.kind == "lock"}
    for write in pair.after.of("write"):
        if write.number in pair.was or write.place is None or write.place.kind != "inside":
            continue
        if write.name in removing and any(k.startswith((f"{write.place.of}.", f"{write.place.of}[")) for k in keys):
            yield write
            return


def _is_always(outline: Outline, of: Trace, effect: Effect) -> bool:
    """Whether an effect of the traced function itself is done however what stands before it ends."""
    unit = version(outline).units.get(of.function.span)
    tries = (n for n in il.walk(unit) if isinstance(n, il.Try)) if unit is not None else ()
    return any(t.always is not None and t.always.span.contains(effect.span) for t in tries)


def _by_key(of: Trace) -> dict[tuple[str, str], Hold]:
    """The holds that a function takes once, by what they are and what they are on."""
    keys = [(h.kind, h.key) for h in of.sections]
    return {k: h for k, h in zip(keys, of.sections, strict=True) if keys.count(k) == 1 and h.own and h.kind != "retry"}


def _ends(of: Trace, hold: Hold, paired: bool) -> tuple[Effect, ...]:
    """What ends a hold: the calls that do, and further calls of their names under it.

    A rollback of what is undone at the end of its block in any case ends nothing: it counts where only calls end it, ``paired``.
    """
    kinds: tuple[Kind, ...] = ("release", "commit")
    if paired:
        kinds = (*kinds, "rollback")
    sure = [e for e in of.of(*kinds) if e.party == hold.key]
    names = {e.name for e in sure if e.kind == "release"}
    more = [e for e in of.of("call", "signal") if e.name in names and e.under(hold)]
    return tuple(sorted((*sure, *more), key=lambda e: e.number))
