"""What locks keep out: whether an effect is still under what it was under, and whether two accesses can happen at once."""

from __future__ import annotations

from ctxreview.behaviour.effects import Effect, Hold


def is_still_under(now: Effect, hold: Hold) -> bool:
    """Whether an effect is still under what it was under, as strongly."""
    return any(
        h.kind == hold.kind and h.key == hold.key and _STRENGTH.get(h.mode, 2) >= _STRENGTH.get(hold.mode, 2)
        for h in now.holds
    )


_STRENGTH = {"shared": 0, "upgradeable": 1}
"""Modes of a lock by how much they keep out; every other one keeps out all."""


def keep_out(mode: str, other: str) -> bool:
    """Whether a lock in one mode keeps who takes it in another one waiting."""
    return not ({mode, other} <= _STRENGTH.keys() and "shared" in (mode, other))


def are_kept_apart(a: Effect, b: Effect) -> bool:
    """Whether two accesses cannot happen at once, or do no harm if they do."""
    for mine in a.holds:
        for theirs in b.holds:
            if mine.kind == theirs.kind == "lock" and mine.key == theirs.key and keep_out(mine.mode, theirs.mode):
                return True
    atomic = [bool(e.traits & {"atomic"}) for e in (a, b)]
    if all(atomic):
        return True
    # One indivisible step and a look: the look is at one value or the other.
    return any(atomic) and any(e.kind == "read" and e.place is not None and e.place.kind == "state" for e in (a, b))
