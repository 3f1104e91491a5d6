"""A lock that goes with all the work that was done under it: to another type with its state, into a helper that takes it, or for good."""

from __future__ import annotations

from collections.abc import Iterator

from ctxreview.behaviour.accounted import is_new_lock
from ctxreview.behaviour.comparison import Comparison, Pair
from ctxreview.behaviour.effects import Effect, Hold
from ctxreview.behaviour.publication import is_let_in_once
from ctxreview.behaviour.renames import renamed_state
from ctxreview.behaviour.version import version
from ctxreview.model.regions import Region

_SAYS_NOTHING = ("acquire", "release", "log", "return", "throw", "end", "await", "fence")
"""Kinds of effects that are no work which a lock could be there for."""


def is_spent(both: Comparison, region: Region) -> bool:
    """Whether a lock is gone with all that was done under it, and whatever is done in its place needs none that is not taken."""
    pair = both.of(region.owner) if region.kind == "lock" and region.form not in ("sql", "attribute") else None
    hold = next((h for h in pair.before.sections if h.region == region), None) if pair is not None else None
    return pair is not None and hold is not None and _is_spent_in(both, pair, hold)


def _is_spent_in(both: Comparison, pair: Pair, hold: Hold) -> bool:
    work = [e for e in pair.before.within(hold) if e.kind not in _SAYS_NOTHING]
    if not any(e.is_seen for e in work) or not pair.after.understood:
        return False
    if not (
        _goes_with_state(both, hold, work)
        or any(h.key == hold.key and h.mode == hold.mode for e in pair.after.effects for h in e.holds)
    ):
        return False  # what waits for others and changes what they see is no longer done
    if not all(is_let_in_once(pair.after, now) for now in _decided(pair, work)):
        return False
    left = [
        now for e in work if e.is_seen and not _needs_none(e, hold) and (now := pair.became.get(e.number)) is not None
    ]
    if not all(_is_held(both, hold, now) for now in left) or not all(_in_one_section(left[0], now) for now in left):
        return False
    fresh = [e for e in pair.after.effects if e.number not in pair.was]
    elsewhere = _written_elsewhere(both, pair, hold, work)
    return not any(_is_open(e) for e in (*fresh, *elsewhere)) and not _is_torn(pair, fresh)


def _goes_with_state(both: Comparison, hold: Hold, work: list[Effect]) -> bool:
    """Whether the type has no longer what was read and written under its lock, and nothing else was written."""
    for effect in work:
        if effect.kind in ("save", "query", "tracking", "io", "spawn"):
            return False
        if effect.kind not in ("read", "write") or not effect.is_seen or effect.place is None:
            continue
        home, _, name = effect.place.key.partition("[")[0].rpartition(".")
        if effect.kind == "read" and home != hold.region.container:
            continue  # what another type has is not this lock's
        gone = version(both.before).state(home, name) is not None and version(both.after).state(home, name) is None
        if not gone or f"{home}.{name}" in renamed_state(both.before, both.after):
            return False
    return True


def _decided(pair: Pair, work: list[Effect]) -> Iterator[Effect]:
    """What is done still, under no lock, and was decided by what was done under one."""
    numbers = frozenset(e.number for e in work)
    for effect in pair.before.effects:
        now = pair.became.get(effect.number)
        if (
            now is not None
            and not now.locks
            and effect.is_seen
            and effect.kind != "read"
            and numbers & effect.decided_by
        ):
            yield now


def _needs_none(effect: Effect, hold: Hold) -> bool:
    """Whether an effect may leave a lock: a call of others' code, or what a helper reads of another type for itself."""
    if effect.kind == "foreign":
        return True
    of = effect.place.key.partition(".")[0] if effect.place is not None else hold.region.container
    return effect.kind == "read" and bool(effect.path) and of != hold.region.container


def _is_held(both: Comparison, hold: Hold, now: Effect) -> bool:
    """Whether what was under a lock still is, or under one that the edit brings."""
    same = any(h.key == hold.key and h.mode == hold.mode for h in now.holds)
    return same or any(is_new_lock(both, key) for key in now.locks)


def _is_open(effect: Effect) -> bool:
    """Whether an effect writes what others see, in no lock and not as one step."""
    return effect.kind == "write" and effect.is_seen and not effect.locks and "atomic" not in effect.traits


def _written_elsewhere(both: Comparison, pair: Pair, hold: Hold, work: list[Effect]) -> Iterator[Effect]:
    """The writes that other functions do since the edit, or did under the lock, of places that were written under it."""
    keys = {e.place.key: e.place for e in work if e.kind == "write" and e.place is not None}
    names = {(place.of or key).partition("[")[0].rpartition(".")[2] for key, place in keys.items()}
    others = [p for p in both.naming(names) if p is not pair] if names else []
    came = (
        e for p in others for e in p.after.of("write") if (was := p.was.get(e.number)) is None or hold.key in was.locks
    )
    made = (e for t in both.fresh(names) for e in t.of("write")) if names else ()
    yield from (e for e in (*came, *made) if e.place is not None and e.place.key in keys)


def _is_torn(pair: Pair, fresh: list[Effect]) -> bool:
    """Whether of two steps that came in the place of one, the first decides the other, on the same thing and in no common section."""
    for second in fresh:
        if second.kind not in ("write", "call") or not second.is_seen:
            continue
        for first in fresh[: fresh.index(second)]:
            if first.kind not in ("read", "write", "call") or not pair.after.decides(first, second):
                continue
            if first.span == second.span and second.kind == "call":
                continue  # one call of a helper, which waits or calls out behind its own lock
            same = _thing(pair, first) & _thing(pair, second)
            if same and not _in_one_section(first, second) and not _looks_again(pair, second):
                return True
    return False


def _looks_again(pair: Pair, act: Effect) -> bool:
    """Whether a look at the same thing decides an act in its own section."""
    looks = (pair.after.effects[n] for n in act.decided_by)
    return any(_thing(pair, look) & _thing(pair, act) and _in_one_section(look, act) for look in looks)


def _thing(pair: Pair, effect: Effect) -> frozenset[str]:
    """The state that a step is on: what it reads or writes inside of, or what a call is made on."""
    if effect.kind != "call":
        place = effect.place
        return frozenset((place.of,)) if place is not None and place.of and place.kind != "state" else frozenset()
    on = effect.key.partition(" ")[2].rpartition(".")[0]
    read = (pair.after.effects[n] for n in effect.depends - effect.decided_by)
    kept = (e.place.key for e in read if e.kind == "read" and e.place is not None and e.place.kind == "state")
    return frozenset((*kept, *([on] if on else [])))


def _in_one_section(one: Effect, other: Effect) -> bool:
    mine = {h.section for h in one.holds if h.kind == "lock"}
    return bool(mine & {h.section for h in other.holds if h.kind == "lock"})
