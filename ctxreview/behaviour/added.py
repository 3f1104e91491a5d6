"""Whether a transaction or lock that an edit adds is one: what runs under it may have been under the same before, or be one step."""

from __future__ import annotations

import re

from ctxreview.behaviour.accounted import OUTSIDE
from ctxreview.behaviour.comparison import Comparison, Pair, section_of
from ctxreview.behaviour.effects import Effect, Hold
from ctxreview.behaviour.lock_usage import lock_key
from ctxreview.behaviour.tracing import trace
from ctxreview.behaviour.version import version
from ctxreview.model import il
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region


def is_sent_as_before(both: Comparison, region: Region, *, after: bool) -> bool:
    """Whether a lock that is in the text of a statement is in one that is sent as it was, from wherever the text is taken.

    ``after`` says that the region is one after the edit.
    """
    if region.form != "sql":
        return False
    for pair in both.changed:
        for number, now in pair.became.items():
            was = " ".join(pair.before.effects[number].text.split())
            if region.construct.upper() in was.upper() and was == " ".join(now.text.split()):
                of, trace_ = (both.after, pair.after) if after else (both.before, pair.before)
                if of.member_of(region.opening) in (None, trace_.function):
                    return True
        here, there = (pair.after, pair.before) if after else (pair.before, pair.after)
        own = next((h for h in here.sections if h.region == region), None)
        same = (h for h in there.sections if h.is_of_statement and h.construct == region.construct)
        if own is not None and any(_texts(own) == _texts(h) != [] for h in same):
            return True
    return False


def _texts(hold: Hold) -> list[str]:
    """The texts in the statement that takes a lock."""
    units = version(hold.outline).units
    owner = units.get(hold.region.owner)
    every = (
        (n for n in il.walk(owner) if isinstance(n, il.Constant) and n.kind == "string") if owner is not None else ()
    )
    return [n.text for n in every if hold.region.opening.contains(n.span)]


def holds_one_step(outline: Outline, region: Region) -> bool:
    """Whether a transaction holds one call at most, and nothing else: what that sends is as much one step as it was without."""
    member = outline.member_of(region.opening)
    of = trace(outline, member) if member is not None else None
    section = section_of(of, region) if of is not None else None
    if of is None or section is None or not region.completes_at:
        return False
    inside = [e for e in of.effects if e.kind in (*OUTSIDE, "foreign") and any(h.section == section for h in e.holds)]
    return len(inside) <= 1 and not any(e.kind in ("io", "spawn") for e in inside)


def is_taken_for_another(outline: Outline, region: Region) -> bool:
    """Whether a lock that a function takes and does not release is that of one which calls it and does."""
    taken = outline.member_of(region.opening)
    return (
        taken is not None
        and region.unreleased
        and any(
            r.acquired == "method"
            and (r.construct, lock_key(r)) == (region.construct, lock_key(region))
            and re.search(rf"\b{re.escape(taken.name)}\b", outline.source.text(r.opening))
            for r in outline.regions
        )
    )


def holds_new_work(both: Comparison, added: Region) -> bool:
    """Whether a region that the edit adds holds nothing that was done before: nobody waits for what nobody did.

    It is in a member that the edit adds too, or is the only lock where it is taken, and what it holds is accesses to new state alone.
    """
    member = both.after.member_of(added.opening)
    if member is None or added.form in ("sql", "attribute"):
        return False
    found = [(p, h) for p in both.changed for h in p.after.sections if h.region == added]
    if not any(b.member.span == member.span for b in both.both.fresh) and not _is_for_new_state(both, found):
        return False
    return not any(_was_done_without(p, e) for p, h in found for e in p.after.within(h) if _is_work(e))


def _is_for_new_state(both: Comparison, found: list[tuple[Pair, Hold]]) -> bool:
    """Whether a lock is held alone, and for accesses to state that the edit adds alone, wherever it is taken."""
    inside = [e for p, h in found for e in p.after.within(h) if e.kind not in ("acquire", "release")]
    fresh = {s.key for s in version(both.after).states} - {s.key for s in version(both.before).states}
    return (
        any(e.kind == "write" for e in inside)
        and all(e.kind in ("read", "write") and len(e.holds) == 1 for e in inside)
        and all(e.place is not None and (e.place.of or e.place.key) in fresh for e in inside)
        and all(h.kind == "lock" and p.after.understood for p, h in found)
    )


def _was_done_without(pair: Pair, effect: Effect) -> bool:
    """Whether something was done before the edit, and not under another lock that is left now."""
    was = pair.was.get(effect.number)
    return was is not None and (not was.locks or bool(was.locks & effect.locks))


def _is_work(effect: Effect) -> bool:
    return effect.is_seen or effect.kind in ("await", *OUTSIDE)


def is_held_already(both: Comparison, added: Region) -> bool:
    """Whether all that runs under a region that the edit adds ran under the same before, which a helper or every caller took."""
    member = both.after.member_of(added.opening)
    if member is None:
        return False
    callers = both.callers(both.after, member) or []
    looked = [p for p in callers if any(h.region == added for h in p.after.sections)]
    named = both.naming((member.name.partition(".")[0],))
    looked = looked or [p for p in named if p.after.function == member]
    looked = looked or [p for p in named if any(h.region == added for h in p.after.sections)]
    return bool(looked) and all(_is_held_in(pair, added) for pair in looked)


def _is_held_in(pair: Pair, added: Region) -> bool:
    hold = next((h for h in pair.after.sections if h.region == added), None)
    inside = [e for e in pair.after.within(hold) if e.is_seen] if hold is not None else []
    before = [pair.was.get(e.number) for e in inside]
    return bool(inside) and all(
        was is not None and _held(now, added) <= {(h.kind, h.key, h.mode) for h in was.holds}
        for now, was in zip(inside, before, strict=True)
    )


def _held(effect: Effect, added: Region) -> set[tuple[str, str, str]]:
    """What the region makes an effect hold: the kind, what it is on and the mode; where it is the call of a helper that is followed, what this takes."""
    through = [h for h in effect.holds if h.region != added and effect.path and added.form == "callback"]
    return {(h.kind, h.key, h.mode) for h in through or effect.holds if through or h.region == added}


def takes_nothing(both: Comparison, added: Region) -> bool:
    """Whether a region that only its name tells of is opened by a function of the file, which takes no lock and calls nothing that might."""
    if added.certainty != "assumed" or not any(version(both.after).functions(added.construct)):
        return False
    traces = [p.after for p in both.changed if any(h.region == added for h in p.after.sections)]
    opening = [e for t in traces for e in t.effects if added.construct in e.path and added.opening.overlaps(e.span)]
    # Without any effect nothing shows that it is this function which is called, and not one of that name elsewhere.
    return bool(opening) and not any(e.kind in (*OUTSIDE, "acquire", "begin", "foreign") for e in opening)


def holds_reads_alone(both: Comparison, added: Region) -> bool:
    """Whether a lock holds nothing but reads of state that were there before, and nothing is held around it: nobody waits in it."""
    member = both.after.member_of(added.opening) if added.kind == "lock" else None
    pair = next((p for p in both.changed if p.after.function == member), None)
    section = section_of(pair.after, added) if pair is not None else None
    if pair is None or section is None or not pair.after.understood:
        return False
    inside = [e for e in pair.after.effects if any(h.section == section for h in e.holds)]
    reads = [e for e in inside if e.kind == "read"]
    return (
        bool(reads)
        and all(pair.was.get(e.number) is not None for e in reads)
        and all(e.kind in ("read", "return", "throw", "release", "end") for e in inside)
        and all(len(e.holds) == 1 for e in inside)
    )
