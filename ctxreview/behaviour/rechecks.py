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
    for lost in _lost_exits(pair):
        told.add(lost.hold.section)
        yield lost
    for number, now in sorted(pair.became.items()):
        was = pair.before.effects[number]
        if not _is_done(now) or "atomic" in now.traits:
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


def _lost_exits(pair: Pair) -> Iterator[LostLook]:
    """Each lock with the look at what was looked at before it too, and that left it again: it is left no more, and the work is done twice."""
    for exit_ in pair.before.of("return"):
        hold = next((h for h in reversed(exit_.holds) if h.kind == "lock" and h.own), None)
        now = next((h for h in pair.after.sections if hold is not None and (h.kind, h.key) == ("lock", hold.key)), None)
        if hold is None or now is None or exit_.number in pair.became:
            continue
        within = list(pair.before.within(hold))
        acts = (pair.became.get(e.number) for e in within if e.number > exit_.number and _is_done(e))
        act = next((a for a in acts if a is not None and a.under(now)), None)
        look = next((e for e in within if e.number in exit_.decided_by and e.kind == "read" and e.is_seen), None)
        if act is None or look is None or look.place is None or look.number in pair.became:
            continue
        of = look.place.of
        if any(e.place is not None and e.place.of == of for e in pair.after.within(now) if e.number < act.number):
            continue
        earlier = next((e for e in _at(pair.after, of) if e.number < act.number and not e.locks), None)
        if earlier is not None and any(not e.locks and e.number < look.number for e in _at(pair.before, of)):
            yield LostLook(act, look, now, earlier, certain=pair.understood)


def _at(of: Trace, state: str) -> Iterator[Effect]:
    """The looks at some state, and the calls that look and change in one."""
    looks = (e for e in of.of("read", "write") if e.place is not None and e.place.of == state)
    return (e for e in looks if e.kind == "read" or "both ways" in e.traits)


def _is_done(effect: Effect) -> bool:
    """Whether others may see that an effect was done."""
    return effect.is_seen and effect.kind in ("write", "save", "io", "call", "foreign")


def _looks_itself(of: Trace, act: Effect, look: Effect) -> bool:
    """Whether the act is a call on the collection that was looked at, and what it answers is used."""
    if act.place is None or look.place is None or act.place.kind != "inside" or act.place.of != look.place.of:
        return False
    return "both ways" in act.traits and any(act.number in e.depends for e in of.effects[act.number + 1 :])


def _is_only_handed_in(of: Trace, look: Effect) -> bool:
    """Whether a look is at a variable of a function around, and says nowhere whether something is done: it is handed in, and not checked."""
    return (
        look.place is not None
        and look.place.kind == "captured"
        and not any(look.number in e.decided_by for e in of.effects[look.number + 1 :])
    )


def _count(of: Trace, look: Effect, hold: Hold) -> int:
    """How often the place of a look is read under a lock."""
    return sum(e.key == look.key and hold.key in e.locks for e in of.of("read"))


def _looks(of: Trace, act: Effect, hold: Hold) -> list[Effect]:
    """The reads of shared state in the same section that decide an effect."""
    reads = (e for e in of.within(hold) if e.kind == "read" and e.is_seen and of.decides(e, act))
    return [e for e in reads if not _is_only_handed_in(of, e)]
