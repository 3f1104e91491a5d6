"""What was put back however the work before it ended, and is not any more where that throws."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Pair
from ctxreview.behaviour.effects import Effect
from ctxreview.behaviour.version import version
from ctxreview.model import il
from ctxreview.model.outline import Outline


class Skippable(NamedTuple):
    """``after`` was done always, where it is ``before`` or by the end of a block, and is passed over when ``throwing`` throws."""

    before: Effect
    after: Effect
    throwing: Effect


def skippable(pair: Pair, after: Outline, every: frozenset[str]) -> Iterator[Skippable]:
    """What an edit no longer puts back after a failure, the first of each place; ``every`` are the types of all failures."""
    told: set[str] = set()
    for number, now in sorted(pair.became.items()):
        was = pair.before.effects[number]
        if "always" not in was.traits or "always" in now.traits or was.key in told or not _is_reset(was):
            continue
        if any(
            e.key == now.key and ("always" in e.traits or _handles(after, pair, e, every)) for e in pair.after.effects
        ):
            continue
        earlier = (pair.was.get(e.number) for e in pair.after.effects[: now.number] if e.kind in _MAY_THROW)
        throwing = next((e for e in earlier if e is not None and e.number < number and "always" not in e.traits), None)
        if throwing is not None:
            told.add(was.key)
            yield Skippable(was, now, pair.became[throwing.number])
    yield from (one for one in _released(pair) if not _handles(after, pair, one.after, every))


_MAY_THROW = ("call", "io", "foreign", "query", "save", "spawn", "await")


def _is_reset(effect: Effect) -> bool:
    return effect.kind == "signal" or (effect.kind == "write" and effect.is_seen)


def _handles(outline: Outline, pair: Pair, effect: Effect, every: frozenset[str]) -> bool:
    """Whether an effect is done whatever is thrown, since all of it is caught there."""
    unit = version(outline).units.get(pair.after.function.span)
    tries = (n for n in il.walk(unit) if isinstance(n, il.Try)) if unit is not None else ()
    return any(
        h.body.span.contains(effect.span) and (not h.type or h.type in every) and h.filter is None
        for t in tries
        for h in t.handlers
    )


def _released(pair: Pair) -> Iterator[Skippable]:
    """A lock that the end of a block gave back, and that a call gives back now which an exception passes over."""
    for release in pair.after.of("release"):
        hold = next((h for h in release.holds if h.key == release.party and h.own), None)
        if hold is None or hold.region.form != "acquire-release" or "always" in release.traits or release.path:
            continue
        first = next((e for e in pair.after.within(hold) if e.number != release.number and e.number in pair.was), None)
        was = pair.was[first.number] if first is not None else None
        old = next((h for h in was.holds if h.key == hold.key), None) if was is not None else None
        if first is not None and was is not None and old is not None and old.region.form in ("block", "declaration"):
            yield Skippable(was, release, first)
