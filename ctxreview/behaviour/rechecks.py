"""What is done under a lock because of a look under it, and is done without one after the edit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Pair
from ctxreview.behaviour.effects import Effect, Hold, Trace


class LostLook(NamedTuple):
    """``act`` is done under ``hold`` without a look at the place that ``look`` read there before the edit.

    ``earlier`` is a look at it before the lock, where one is left; ``certain`` says that all was understood.
    """

    act: Effect
    look: Effect
    hold: Hold
    earlier: Effect | None
    certain: bool


def lost_looks(pair: Pair) -> Iterator[LostLook]:
    """The first act under each lock that nothing under it decides any more."""
    told: set[int] = set()
    for number, now in sorted(pair.became.items()):
        was = pair.before.effects[number]
        if not now.is_seen or now.kind not in ("write", "save", "io", "call", "foreign") or "atomic" in now.traits:
            continue
        hold = next((h for h in reversed(now.holds) if h.kind == "lock" and h.own), None)
        old = next((h for h in was.holds if hold is not None and h.kind == "lock" and h.key == hold.key), None)
        if hold is None or old is None or hold.section in told or _looks(pair.after, now, hold):
            continue
        read = {e.place.key for e in pair.after.within(hold) if e.kind == "read" and e.place is not None}
        look = next((e for e in _looks(pair.before, was, old) if e.place is not None and e.place.key not in read), None)
        if look is None or look.place is None or _count(pair.before, look, hold) <= _count(pair.after, look, hold):
            continue  # of several alike, one may be taken for another
        if _looks_itself(pair.after, now, look):
            continue
        told.add(hold.section)
        before = (e for e in pair.after.effects[: now.number] if e.kind == "read" and not e.under(hold))
        earlier = next((e for e in before if e.place is not None and e.place.key == look.place.key), None)
        yield LostLook(now, look, hold, earlier, pair.understood)


def _looks_itself(of: Trace, act: Effect, look: Effect) -> bool:
    """Whether the act is a call on the collection that was looked at, and what it answers is used."""
    if act.place is None or look.place is None or act.place.kind != "inside" or act.place.of != look.place.of:
        return False
    return "both ways" in act.traits and any(act.number in e.depends for e in of.effects[act.number + 1 :])


def _count(of: Trace, look: Effect, hold: Hold) -> int:
    """How often the place of a look is read under a lock."""
    return sum(e.key == look.key and hold.key in e.locks for e in of.of("read"))


def _looks(of: Trace, act: Effect, hold: Hold) -> list[Effect]:
    """The reads of shared state in the same section that decide an effect."""
    return [e for e in of.within(hold) if e.kind == "read" and e.is_seen and of.decides(e, act)]
