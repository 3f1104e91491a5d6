"""What shows that a lock may go or be another one: of all that was done under it, it is known what became of it and why that is enough."""

from __future__ import annotations

from typing import Literal

from ctxreview.behaviour.comparison import Comparison, Pair
from ctxreview.behaviour.effects import Effect, Hold, Place, Trace
from ctxreview.behaviour.version import version
from ctxreview.model import il
from ctxreview.model.notation import SELF
from ctxreview.model.outline import Outline
from ctxreview.outline.symbols.written_names import simple_type_or_array

OUTSIDE = ("call", "io", "save", "query", "spawn", "tracking")
"""What may touch things that the file does not show."""


def is_plain_look(both: Comparison, pair: Pair, effect: Effect, now: Effect, inside: list[Effect]) -> bool:
    """Whether a read is the only use of shared state in its section, and one look at a reference or value that is ordered or has no insides."""
    place = effect.place
    if effect.kind != "read" or place is None or place.kind != "state":
        return False
    others = {e.place.key for e in inside if e.kind in ("read", "write") and e.is_seen and e.place is not None}
    if others != {place.key} or any(e.kind == "write" for e in inside):
        return False
    looks = [e for e in pair.after.of("read") if e.place is not None and e.place.key == place.key]
    if len(looks) != 1:
        return False
    if now.traits & {"volatile", "atomic"}:
        return True
    home, _, name = place.key.rpartition(".")
    state = version(both.before).state(home, name)
    return place.immutable and state is not None and version(both.before).is_reference(state.type)


def has_proof(both: Comparison, pair: Pair, hold: Hold, effect: Effect, now: Effect) -> bool:
    """Whether something shows that another lock is meant to take a lock's place: it is new, or others use the place under it too."""
    if effect.kind not in ("read", "write") or effect.place is None or effect.place.kind not in ("state", "inside"):
        return True
    if not now.locks:
        plain = is_plain_look(both, pair, effect, now, [effect]) or "atomic" in now.traits
        return plain or _is_snapshot(both, pair, effect)
    if any(is_new_lock(both, key) for key in now.locks):
        return True
    return any(
        then is not None and then.locks & now.locks and was.at != effect.at and was.path == ()
        for was, then in both.places(effect.place.key)
        if hold.key in was.locks
    )


def _is_snapshot(both: Comparison, pair: Pair, effect: Effect) -> bool:
    """Whether a read of what state holds is one look at what is replaced after the edit, and never changed."""
    place = effect.place
    if effect.kind != "read" or place is None or place.kind != "inside":
        return False
    home, _, name = place.of.rpartition(".")
    state = version(both.after).state(home, name)
    looks = [e for e in pair.after.of("read") if e.place is not None and e.place.key == place.of]
    if state is None or len(looks) != 1 or not (looks[0].place and looks[0].place.kind == "state"):
        return False
    if (
        not state.volatile
        and not looks[0].traits & {"volatile", "atomic"}
        and not version(both.after).is_reference(state.type)
    ):
        return False
    every = (*(p.after for p in both.naming((name,))), *both.fresh((name,)))
    return not any(
        e.kind == "write" and e.place is not None and e.place.kind == "inside" and e.place.of == place.of
        for of in every
        for e in of.effects
    )


def _is_replaced(both: Comparison, pair: Pair, effect: Effect) -> bool:
    """Whether what changed in what state holds is another state after the edit, which never changes itself.

    It is set under one lock always, or always in a step that makes the new one of that which is there.
    """
    place = effect.place
    if place is None or place.kind != "inside":
        return False
    home, _, name = place.of.rpartition(".")
    state = version(both.after).state(home, name)
    if state is None or not version(both.after).is_immutable(state.type):
        return False
    traces = (*(p.after for p in both.naming((name,))), *both.fresh((name,)))
    every = [(of, e) for of in traces if of.function.kind != "constructor" for e in of.of("write")]
    writes = [(of, e) for of, e in every if e.place is not None and e.place.of == place.of]
    common = frozenset.intersection(*(frozenset(e.locks) for _, e in writes)) if writes else frozenset()
    here = any(e in pair.after.effects for _, e in writes)
    in_one = bool(common) or all(_makes_anew(both, of, e) for of, e in writes)
    return here and in_one and all(e.place is not None and e.place.kind == "state" for _, e in writes)


def _makes_anew(both: Comparison, of: Trace, step: Effect) -> bool:
    """Whether a step sets state to what it makes of that which is there: by itself, or by a comparison that is tried again."""
    about = version(both.after).about
    if "atomic" not in step.traits or about.has("steps_set", step.name) or about.has("steps_add", step.name):
        return False
    unit = version(both.after).units.get(of.function.span)
    around = il.walk(unit, within=step.span) if unit is not None else ()
    tried = any(isinstance(n, il.Loop) and n.span.contains(step.span) for n in around)
    return tried or not about.has("steps_compare", step.name)


def _is_made_once(both: Comparison, place: Place) -> bool:
    """Whether what was kept in a place is kept after the edit by what makes it the first time that somebody asks, and never changes."""
    home, _, name = place.of.rpartition(".")
    there = version(both.after)
    state = there.state(home, name)
    return state is not None and state.fixed and there.about.has("runs_once", simple_type_or_array(state.type))


def is_new_lock(both: Comparison, lock: str) -> bool:
    """Whether the edit adds what is locked."""
    home, _, name = lock.rpartition(".")
    return not both.before.named(name) and version(both.before).state(home, name) is None


def is_accounted_for(both: Comparison, pair: Pair, hold: Hold, inside: list[Effect]) -> bool:
    """Whether it is known of all that was done under a lock what became of it: nothing else shows that the lock may go, or be another one.

    A lock that stays, as strong as it was, needs no account.
    """
    now = both.both.scope_after.get(hold.region)
    then = next((h for h in pair.after.sections if h.region == now), None)
    if then is not None and then.key == hold.key and then.mode == hold.mode:
        return True
    done = [e for e in inside if e.kind not in ("acquire", "release", "log", "return", "throw", "end", "await")]
    steps = {e.place.key for e in pair.after.effects if e.place is not None and "atomic" in e.traits}
    left = {e.key for e in done if (n := pair.became.get(e.number)) is not None and hold.key in n.locks}
    lost = [
        e
        for e in done
        if e.is_seen
        and e.number not in pair.became
        and not (e.kind == "read" and e.key in left)  # what is read once is read as it was
        and not _is_snapshot(both, pair, e)
        and not _is_replaced(both, pair, e)
    ]
    if not done:
        # What is given there comes of nothing that changes; a lock that holds nothing at all is waited for.
        return any(e.kind in ("return", "throw") for e in inside)
    if any(e.place is None or not (e.place.key in steps or _is_made_once(both, e.place)) for e in lost):
        return False
    if now is None:
        return True
    if any(e.kind in (*OUTSIDE, "foreign") and "apart" not in e.traits for e in done):
        return False
    if then is None or then.key == hold.key:
        return then is not None
    keys = {e.place.key for e in done if e.place is not None and e.is_seen}
    return (
        bool(keys)
        and _fixed_for(both.before, hold) == _fixed_for(both.after, then) != ""
        and all(
            after is not None and then.key in after.locks
            for key in keys
            for was, after in both.places(key)
            if hold.key in was.locks and not (after is None and _is_replaced(both, pair, was))
        )
    )


def _fixed_for(outline: Outline, hold: Hold) -> Literal["", "object", "type"]:
    """Whether a lock is on one object for as long as its owner lives, itself or what a field holds that never changes, and what owns it."""
    home, _, name = hold.key.rpartition(".")
    state = version(outline).state(home, name) if home else None
    if state is None:
        return "object" if hold.key.startswith(f"{SELF} ") else ""
    if not state.fixed and state.changes:
        return ""
    return "type" if state.static else "object"
