"""What an edit takes from under a lock or a transaction, and whether anything is lost by it.

A lock keeps two accesses of a shared place apart if both are under it and one of them writes. It keeps two accesses together if both are in
one section and one decides the other, or others see them as one. What an edit has to keep is what was kept before: an access
that was under no lock asks for none. A name of a lock says nothing here: all uses may move to another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Literal, NamedTuple

from ctxreview.behaviour.accounted import OUTSIDE, has_proof, is_accounted_for, is_plain_look
from ctxreview.behaviour.affected import touched
from ctxreview.behaviour.comparison import Comparison, Pair, section_of
from ctxreview.behaviour.effects import Effect, Hold, Trace
from ctxreview.behaviour.keeping_out import are_kept_apart, is_still_under, keep_out
from ctxreview.behaviour.one_save import is_one_save_now, is_one_statement_now
from ctxreview.behaviour.paths import in_one_run
from ctxreview.behaviour.version import version
from ctxreview.model.declarations import Function
from ctxreview.model.regions import Region


class Loss(NamedTuple):
    """What an effect no longer has: ``apart`` from ``other``, ``together`` with it in one section, or ``under`` the region at all.

    ``before`` and ``after`` are the effect in both versions, ``other`` the one that it is about, after the edit. ``certain`` says
    that all on the way was understood.
    """

    what: Literal["apart", "together", "under"]
    before: Effect
    after: Effect
    other: Effect | None = None
    certain: bool = True


class Judgement(NamedTuple):
    """What a region lost, and whether it is known that this is all. ``moved`` are effects that left it, lost or not.

    ``gone`` are calls under it that are made no more, ``entered`` effects that came under it, each before and after the edit, and ``waits`` those that are awaited under a lock and were not.
    """

    losses: tuple[Loss, ...]
    complete: bool
    moved: tuple[tuple[Effect, Effect], ...] = ()
    entered: tuple[tuple[Effect, Effect], ...] = ()
    waits: tuple[Effect, ...] = ()
    gone: tuple[Effect, ...] = ()

    @property
    def keeps(self) -> bool:
        """Whether it is proved that nothing is lost."""
        return self.complete and not self.losses


UNKNOWN = Judgement((), complete=False)
KEPT = Judgement((), complete=True)


def judged(both: Comparison, region: Region) -> Judgement:
    """What the edit takes from under a region that stood before it."""
    member = both.before.member_of(region.opening)
    if member is not None and member.span not in touched(both) and both.both.scope_after.get(region) is not None:
        return KEPT
    pair = both.of(region.owner)
    section = section_of(pair.before, region) if pair is not None else None
    of_member = region.form == "attribute" and region.kind != "lock"  # whoever calls the member opens it
    if pair is None or section is None or region.form == "sql" or of_member:
        return UNKNOWN
    hold = next(h for h in pair.before.sections if h.section == section)
    if hold.kind == "lock" and _is_held_by_callers(both, region):
        return KEPT
    inside = [
        e
        for e in pair.before.effects
        if any(h.section == section for h in e.holds) and not _outlives(e, pair.became.get(e.number), hold)
    ]
    moved = [
        (e, now) for e in inside if (now := pair.became.get(e.number)) is not None and not is_still_under(now, hold)
    ]
    if hold.kind == "lock":
        losses = tuple(_of_lock(both, pair, hold, inside))
        complete = pair.understood and all(has_proof(both, pair, hold, e, now) for e, now in moved)
        complete = complete and is_accounted_for(both, pair, hold, inside)
    elif is_one_statement_now(pair, inside):
        return Judgement((), pair.understood)
    elif is_one_save_now(pair, hold, inside):
        losses, complete = (), pair.understood
    else:
        losses = tuple(_of_transaction(pair, inside, moved))
        complete = pair.understood and not any(e.number not in pair.was for e in pair.after.of("save"))
    losses = tuple(sorted(losses, key=lambda loss: (not loss.certain, loss.what == "under")))
    entered = tuple(_entered(pair, hold))
    waits = tuple(_waits(pair, hold))
    gone = tuple(e for e in inside if e.kind in OUTSIDE and e.number not in pair.became)
    return Judgement(losses, complete and not _is_lost_track(pair, inside), tuple(moved), entered, waits, gone)


def _outlives(effect: Effect, now: Effect | None, hold: Hold) -> bool:
    """Whether an effect is one of a task that is begun under the region still, and not waited for any more: see :mod:`.lifetime`."""
    return now is not None and "awaited" in effect.traits and any(h.key == hold.key for h in now.lapsed)


def _entered(pair: Pair, hold: Hold) -> Iterator[tuple[Effect, Effect]]:
    for number, now in pair.became.items():
        was = pair.before.effects[number]
        if not any(h.kind == hold.kind and h.key == hold.key for h in was.holds) and is_still_under(now, hold):
            yield was, now


def _waits(pair: Pair, hold: Hold) -> Iterator[Effect]:
    """What is awaited under a lock and was not done under it, where less was awaited before."""
    had, has = ([e for e in of.effects if _is_kept_by(e, hold)] for of in (pair.before, pair.after))
    if hold.kind != "lock" or sum(e.kind == "await" for e in has) <= sum(e.kind == "await" for e in had):
        return
    names = {e.name for e in had}
    for wait in has:
        waited = pair.after.effects[max(wait.depends)] if wait.kind == "await" and wait.depends else None
        if waited is None or wait.number in pair.was or waited.name in names:
            continue
        if any(pair.after.effects[n].kind == "acquire" for n in wait.depends):
            continue  # for a lock: that is told by its name
        if waited.kind == "call" or waited.number not in pair.was:
            yield waited


def _is_kept_by(effect: Effect, hold: Hold) -> bool:
    return any((h.kind, h.key, h.mode) == (hold.kind, hold.key, hold.mode) for h in effect.holds)


def _is_lost_track(pair: Pair, inside: list[Effect]) -> bool:
    """Whether what was done is done by effects after the edit that nothing before is known to be."""
    gone = [e for e in inside if e.is_seen and e.kind in OUTSIDE and e.number not in pair.became]
    fresh = [e for e in pair.after.effects if e.is_seen and e.kind in OUTSIDE and e.number not in pair.was]
    return bool(gone and fresh)


def lost_with_helpers(both: Comparison) -> Iterator[tuple[Hold, Loss]]:
    """What changed functions no longer keep apart since they do themselves what a helper did that took a lock: one of each function."""
    for pair in both.changed:
        own = pair.before.function.span
        for hold in pair.before.sections:
            here = hold.outline is both.before
            if hold.kind != "lock" or (here and own.contains(hold.region.opening)):
                continue  # the region is in the function: see :func:`judged`
            if here and both.both.scope_after.get(hold.region) is None:
                continue  # it is gone: that says it
            loss = next(
                (x for x in _of_lock(both, pair, hold, list(pair.before.within(hold))) if x.what == "apart"), None
            )
            if loss is not None:
                yield hold, loss
                break


def _is_held_by_callers(both: Comparison, region: Region) -> bool:
    """Whether all that runs under a lock still does after the edit, since every caller of the function holds it too."""
    member = both.before.member_of(region.opening)
    return member is not None and _is_held_around(both, region, (member,))


def _is_held_around(both: Comparison, region: Region, members: tuple[Function, ...]) -> bool:
    """Whether what runs under a lock still does in each function that calls the last of some, or in all that call that one."""
    callers = both.callers(both.before, members[-1])
    if not callers:
        return False
    for pair in callers:
        caller = pair.before.function
        hold = next((h for h in pair.before.sections if h.region == region), None)
        inside = [e for e in pair.before.within(hold) if e.is_seen] if hold is not None else []
        after = [pair.became.get(e.number) for e in inside]
        if hold is not None and all(now is not None and is_still_under(now, hold) for now in after):
            continue
        own = both.before.member_of(caller.span) == caller
        if caller in members or not own or not _is_held_around(both, region, (*members, caller)):
            return False
    return True


# Locks.


def _of_lock(both: Comparison, pair: Pair, hold: Hold, inside: list[Effect]) -> Iterator[Loss]:
    told: set[int] = set()
    for effect in inside:
        now = pair.became.get(effect.number)
        if now is None:
            continue
        if effect.kind in ("read", "write"):
            # Of two that are no longer kept apart, the one that left is told.
            left = effect.is_seen and not is_still_under(now, hold)
            other = _meets(both, hold, effect, now) if left else None
            if other is not None and not is_plain_look(both, pair, effect, now, inside):
                told.add(effect.number)
                yield Loss("apart", effect, now, other, pair.understood)
        elif effect.kind == "await":
            begun = pair.before.effects[max(effect.depends, default=effect.number)]
            then = pair.became.get(begun.number)
            if begun in inside and then is not None and is_still_under(then, hold) and not is_still_under(now, hold):
                yield Loss("under", begun, now, None, certain=False)
        elif effect.kind in OUTSIDE and not now.locks and not _is_done_once(now) and _touches(pair, effect, inside):
            if _is_made_ahead(pair, effect, now, inside):
                continue
            about = version(both.before).about
            late = about.pattern("only_disposes").search(effect.name) or any(
                about.has(kind, effect.name) for kind in ("settles", "gives_back")
            )
            if late and _is_last(both, pair, now, hold):
                continue
            told.add(effect.number)
            yield Loss("under", effect, now, None, certain=False)
    yield from _parts_apart(both, pair, hold, inside)
    yield from _apart(both, pair, inside, told)
    yield from _signals_apart(both, pair, hold, inside, told)


def _parts_apart(both: Comparison, pair: Pair, hold: Hold, inside: list[Effect]) -> Iterator[Loss]:
    """The first look, new and under no lock, at objects that a collection under the lock holds and that others change under it."""
    held = {e.place.of: e for e in inside if e.kind == "read" and e.place is not None and e.place.kind == "inside"}
    for look in pair.after.of("read"):
        first = held.get(look.place.of) if look.place is not None and look.place.kind == "inside" else None
        if first is None or look.place is None or look.place.key == f"{look.place.of}[]":
            continue
        if look.number in pair.was or look.locks or not look.is_seen:
            continue
        every = (*both.places(look.place.key), *both.places(f"{look.place.of}[]"))
        changed = (then for was, then in every if was.kind == "write" and was.name == look.name)
        other = next((then for then in changed if then is not None and hold.key in then.locks), None)
        if other is not None:
            yield Loss("apart", first, look, other, certain=False)
            return


def _signals_apart(both: Comparison, pair: Pair, hold: Hold, inside: list[Effect], told: set[int]) -> Iterator[Loss]:
    """Steps that decided a signal in one section, where others of the same place are under that lock: what they count may change before the signal."""
    for signal in inside:
        then = pair.became.get(signal.number)
        if signal.kind != "signal" or then is None or is_still_under(then, hold):
            continue
        for step in inside:
            now = pair.became.get(step.number)
            if (
                now is None
                or step.place is None
                or step.number not in signal.decided_by - told
                or is_still_under(now, hold)
            ):
                continue
            others = (t for w, t in both.places(step.place.key) if w.kind == "write" and w.span != step.span)
            if step.kind == "write" and any(t is not None and hold.key in t.locks for t in others):
                told.add(step.number)
                yield Loss("together", step, now, then, pair.understood)


def _meets(both: Comparison, hold: Hold, effect: Effect, now: Effect) -> Effect | None:
    """The access of the same place that was kept apart from this one, and is no longer."""
    assert effect.place is not None
    # Another thread may be at the effect itself, which a helper may do that is named where the place is not.
    for was, then in ((effect, now), *both.places(effect.place.key)):
        if then is None or "write" not in (effect.kind, was.kind):
            continue
        if not any(h.kind == "lock" and h.key == hold.key and keep_out(h.mode, hold.mode) for h in was.holds):
            continue
        if not are_kept_apart(now, then):
            return then
    return None


def _is_last(both: Comparison, pair: Pair, now: Effect, hold: Hold) -> bool:
    """Whether an effect follows all that is under a lock still, in every run."""
    later = (e for e in pair.after.effects[now.number + 1 :] if is_still_under(e, hold))
    return not any(now.path or e.path or in_one_run(both.after, now.span, e.span) for e in later)


def _is_made_ahead(pair: Pair, effect: Effect, now: Effect, inside: list[Effect]) -> bool:
    """Whether a static function of others only gives what is used under a lock, made of nothing that the lock guards."""
    if not {"apart"} <= effect.traits & now.traits:
        return False
    guarded = {e.number for e in inside if e.place is not None}
    used = any(effect.number in e.depends - e.decided_by for e in pair.before.effects)
    return used and not guarded & (effect.depends - effect.decided_by)


def _is_done_once(now: Effect) -> bool:
    return "once" in now.traits


def _touches(pair: Pair, effect: Effect, inside: list[Effect]) -> bool:
    """Whether what is not known may have to do with the rest of its section: it needs it, or decides it, or is all that there is."""
    decides = pair.before.decides
    rest = [e for e in inside if e.number != effect.number and e.is_seen]
    if not rest:
        return True
    return any(decides(e, effect) or decides(effect, e) for e in rest) or effect.kind != "call" or not effect.depends


def _apart(both: Comparison, pair: Pair, inside: list[Effect], told: set[int]) -> Iterator[Loss]:
    """Accesses that were one step and are two."""
    shared = [e for e in inside if e.kind in ("read", "write") and e.is_seen]
    yield from _seen_apart(both, pair, shared, told)
    for second in shared:
        for first in shared:
            if (
                first.number >= second.number
                or {first.number, second.number} & told
                or "write" not in (first.kind, second.kind)
            ):
                continue
            was = first.kind == "read" and second.kind == "write" and pair.before.decides(first, second)
            was = was or _drains(both, first, second)
            if not was and not (first.kind == second.kind == "write" and first.place != second.place):
                continue
            one, other = pair.became.get(first.number), pair.became.get(second.number)
            if one is None or other is None or _in_one_step(one, other):
                continue
            if was and _looks_again(pair, first, other):
                continue
            told |= {first.number, second.number}
            yield Loss("together", first, one, other, pair.understood)


def _seen_apart(both: Comparison, pair: Pair, shared: list[Effect], told: set[int]) -> Iterator[Loss]:
    """Two looks, the first such, at what others write in one step, from which one thing is made."""
    kept = (e for e in shared if e.kind == "read" and e.number in pair.became and e.number not in told)
    reads = {e.place.key: e for e in kept if e.place is not None}
    for first, second in combinations(reads.values(), 2):
        one, other = pair.became.get(first.number), pair.became.get(second.number)
        if one is None or other is None or not one.locks or not other.locks or _in_one_step(one, other):
            continue
        if {first.number, second.number} <= _made_of(pair.before) and _is_one_group(both, first, second):
            told |= {first.number, second.number}
            yield Loss("together", first, one, other, certain=False)
            return


def _made_of(of: Trace) -> frozenset[int]:
    """The effects that what a function gives is made of."""
    return frozenset().union(*(e.depends for e in of.of("return")))


def _is_one_group(both: Comparison, first: Effect, second: Effect) -> bool:
    """Whether some section writes both places."""
    assert first.place is not None
    assert second.place is not None
    one, other = (
        {(h.region, h.outline.source.path) for e, _ in both.places(p.key) if e.kind == "write" for h in e.holds}
        for p in (first.place, second.place)
    )
    return not one.isdisjoint(other)


def _drains(both: Comparison, first: Effect, second: Effect) -> bool:
    """Whether what one step read is taken out by another: what came in between would be lost unread."""
    if first.kind != "read" or first.place is None or second.place is None or first.place.kind != "inside":
        return False
    emptied = first.place.key == second.place.key and version(both.before).about.has("removes", second.name)
    return emptied or (second.place.kind == "state" and first.place.of == second.place.of)


def _in_one_step(one: Effect, other: Effect) -> bool:
    mine = {h.section for h in one.holds if h.kind == "lock"}
    return one.number == other.number or bool(mine & {h.section for h in other.holds if h.kind == "lock"})


def _looks_again(pair: Pair, first: Effect, act: Effect) -> bool:
    """Whether the act is decided by a look at the same place in its own section."""
    for number in act.decided_by:
        look = pair.after.effects[number]
        if look.key == first.key and look.number != act.number and _in_one_step(look, act):
            return True
    return "both ways" in act.traits and "atomic" in act.traits


# Transactions.


def _of_transaction(pair: Pair, inside: list[Effect], moved: Iterable[tuple[Effect, Effect]]) -> Iterator[Loss]:
    """Work on data that left a transaction."""
    work = [e for e in inside if e.kind in ("query", "save", "call", "tracking", "write") and e.is_seen]
    if [e.kind for e in work] == ["query"] and not work[0].text:
        return  # one statement on its own
    for effect, now in moved:
        if effect.kind == "call" and not effect.party and work[:1] == [effect]:
            continue  # it came first and still does: nothing that was read in the transaction decides it
        if effect.kind in ("query", "save", "tracking") or (
            effect.kind == "call" and (effect.party or _is_connected(pair, effect, work))
        ):
            yield Loss("under", effect, now, None, pair.understood and effect.kind != "call")


def _is_connected(pair: Pair, effect: Effect, work: list[Effect]) -> bool:
    decides = pair.before.decides
    return any(decides(e, effect) or decides(effect, e) for e in work if e.number != effect.number)
