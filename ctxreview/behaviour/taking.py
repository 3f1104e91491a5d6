"""Whether a lock was taken where the work under it is done: its acquire was waited for, and what it answered was looked at."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from ctxreview.behaviour.comparison import Pair
from ctxreview.behaviour.effects import Effect, Hold, Trace
from ctxreview.model.regions import Region


def untaken(pair: Pair) -> Iterator[Effect]:
    """The acquires that nobody waits for, the first of each lock that has more of them than before."""
    before = Counter(e.key for e in _left_alone(pair.before))
    after = list(_left_alone(pair.after))
    told: set[str] = set()
    for acquire in after:
        if acquire.key not in told and sum(e.key == acquire.key for e in after) > before[acquire.key]:
            told.add(acquire.key)
            yield acquire


def _left_alone(of: Trace) -> Iterator[Effect]:
    """The acquires that are tasks which were neither waited for nor given to anybody who may wait."""
    for acquire in of.of("acquire"):
        if {"task"} != acquire.traits & {"task", "taken", "awaited"}:
            continue
        later = of.effects[acquire.number + 1 :]
        if any(acquire.number in e.decided_by for e in later):
            continue
        if not any(acquire.number in e.depends and e.kind not in ("spawn", "await") for e in later):
            yield acquire


class Reentered(NamedTuple):
    """``acquire`` is of a lock that is held already, by ``hold``; ``inner`` is what it takes."""

    acquire: Effect
    hold: Hold
    inner: Hold


def reentered(pair: Pair) -> Iterator[Reentered]:
    """The acquires of a lock that the function has already, itself or by its callers, where it had none such before."""
    known = {(one.acquire.party, one.hold.mode, one.inner.mode) for one in _reentered(pair.before)}
    yield from (
        one for one in _reentered(pair.after) if (one.acquire.party, one.hold.mode, one.inner.mode) not in known
    )


def _reentered(of: Trace) -> Iterator[Reentered]:
    for acquire in of.of("acquire"):
        hold = next((h for h in acquire.holds if h.kind == "lock" and h.key == acquire.party), None)
        if hold is None or {"task"} == acquire.traits & {"task", "taken"}:
            continue
        had = {h.section for h in acquire.holds}
        later = (h for e in of.effects[acquire.number + 1 :] for h in e.holds)
        inner = next((h for h in later if h.key == hold.key and h.section not in had), None)
        # What a helper has and takes again by itself is told of the helper.
        mine = not hold.own or of.function.span.contains(hold.region.opening)
        if inner is not None and mine:
            yield Reentered(acquire, hold, inner)


class Unanswered(NamedTuple):
    """``work`` is done under ``hold`` whatever the ``acquire`` of it answered; before the edit it was done with the lock only."""

    work: Effect
    acquire: Effect
    hold: Hold


def unanswered(pair: Pair, may_fail: Callable[[Hold], bool]) -> Iterator[Unanswered]:
    """The first work under each lock that an acquire which ``may_fail`` decides no more."""
    for hold in pair.after.sections:
        acquire = _acquire(pair.after, hold)
        if hold.kind != "lock" or not hold.own or acquire is None or not may_fail(hold):
            continue
        for work in pair.after.within(hold):
            if work.kind not in _WORK or not work.is_seen or acquire.number in work.decided_by:
                continue
            was = pair.was.get(work.number)
            mine, theirs = (
                [h for h in of.holds if h.kind == "lock" and h.name == hold.name] if of is not None else []
                for of in (work, was)
            )
            if was is None or not theirs:
                continue
            # One lock may be asked for twice around a place: which of the two it is tells their order.
            nth = next(n for n, h in enumerate(mine) if h.section == hold.section)
            old = theirs[nth] if len(mine) == len(theirs) else theirs[0]
            then = _acquire(pair.before, old)
            decided = then is not None and then.number in was.decided_by
            if then is not None and (decided or not may_fail(old)) and not _asked(pair, acquire):
                yield Unanswered(work, acquire, hold)
            break


class Unread(NamedTuple):
    """``query`` asks for the lock of ``region`` and answers whether it got it; nobody looks at that any more."""

    query: Effect
    region: Region


def unread(pair: Pair, regions: Mapping[Region, Region], answers: re.Pattern[str]) -> Iterator[Unread]:
    """The statements that ask for a lock by a call which ``answers``, and whose answer was looked at before the edit."""
    for old, new in regions.items():
        if old.form != "sql" or old.kind != "lock" or not answers.search(new.construct):
            continue
        sent = [_sending(of, r) for of, r in ((pair.before, old), (pair.after, new))]
        if sent[0] is None or sent[1] is None:
            continue
        if _is_used(pair.before, sent[0]) and not _is_used(pair.after, sent[1]):
            yield Unread(sent[1], new)


def _sending(of: Trace, region: Region) -> Effect | None:
    """What sends the statement of a region: the first that is sent from there on."""
    if not of.function.span.contains(region.opening):
        return None
    sent = (e for e in of.of("query", "save") if not e.path and e.span.end > region.opening.start)
    return next(sent, None)


def _is_used(of: Trace, effect: Effect) -> bool:
    """Whether something is made or decided of what an effect gives."""
    return any(effect.number in e.depends and e.kind != "await" for e in of.effects[effect.number + 1 :])


_WORK = ("write", "save", "io", "call", "foreign", "query", "spawn")


def _acquire(of: Trace, hold: Hold) -> Effect | None:
    """The effect that takes a hold."""
    first = next(of.within(hold), None)
    if first is None:
        return None
    return next((e for e in reversed(of.effects[: first.number]) if e.kind == "acquire" and e.party == hold.key), None)


def _asked(pair: Pair, acquire: Effect) -> bool:
    """Whether something that the edit adds is given what the acquire answered, and may look at it."""
    return any(
        acquire.number in e.depends - e.decided_by and e.kind in _WORK and e.number not in pair.was
        for e in pair.after.effects[acquire.number + 1 :]
    )
