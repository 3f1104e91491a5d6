"""How strictly others are kept out: files and rows that are asked for alone, levels of isolation behind helpers, parts that are undone by themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Pair
from ctxreview.behaviour.effects import Effect, Hold, Trace


class Loosened(NamedTuple):
    """``word`` kept others out where ``before`` was done, and stands nowhere on the way to it now."""

    word: str
    before: Effect


def loosened(pair: Pair) -> Iterator[Loosened]:
    """The words of a function that ask for something alone, and that it does not say any more."""
    had, has = (Counter(e.text for e in of.of("alone")) for of in (pair.before, pair.after))
    if sum(has.values()) >= sum(had.values()) or is_taken_as_lock(pair):
        return
    for word in had - has:
        yield Loosened(word, next(e for e in pair.before.of("alone") if e.text == word))


def is_taken_as_lock(pair: Pair) -> bool:
    """Whether a function takes a lock where it said before that nobody else may have what it asks for."""
    said, says = (sum(1 for _ in of.of("alone")) for of in (pair.before, pair.after))
    known = {h.key for h in pair.before.sections}
    fresh = [h for h in pair.after.sections if h.kind == "lock" and h.key not in known]
    return 0 < said - says <= sum(h.region.certainty != "assumed" for h in fresh)


def is_asked_still(pair: Pair, one: Loosened) -> bool:
    """Whether the rows that were asked for with the word are asked for without it, and decide what is written."""
    asked = next((e for e in pair.before.effects[one.before.number :] if e.kind == "query"), None)
    now = pair.became.get(asked.number) if asked is not None else None
    return now is not None and any(
        e.kind in ("write", "save") and pair.after.decides(now, e) for e in pair.after.effects
    )


class Levelled(NamedTuple):
    """``begin`` begins the transaction ``hold`` at another level than before, which stands elsewhere."""

    begin: Effect
    hold: Hold
    was: str
    now: str


def levelled(pair: Pair) -> Iterator[Levelled]:
    """The transactions whose level another function, property or constant gives, and which is another one now."""
    old = {(h.kind, h.key, h.construct): h for h in pair.before.sections}
    for begin in pair.after.of("begin"):
        hold = next((h for h in pair.after.sections if h.key == begin.party and h.kind == "transaction"), None)
        was = old.get((hold.kind, hold.key, hold.construct)) if hold is not None else None
        if hold is None or was is None or not was.isolation or not hold.isolation:
            continue
        told = was.region.isolation == hold.region.isolation  # else the text of the region tells
        if told and was.isolation != hold.isolation and "." in was.isolation and "." in hold.isolation:
            yield Levelled(begin, hold, was.isolation, hold.isolation)
            return


class Respanned(NamedTuple):
    """``commit`` ends a transaction for ``each`` turn of a loop, or for all, and ``before`` did it otherwise."""

    commit: Effect
    before: Effect
    hold: Hold | None
    each: bool


def respanned(pair: Pair) -> Iterator[Respanned]:
    """The first transaction that an edit spreads over all turns of a loop, or gives to each of them."""
    commits = [list(of.of("commit")) for of in (pair.before, pair.after)]
    if len(commits[0]) != len(commits[1]):
        return
    for number, now in sorted(pair.became.items()):
        was = pair.before.effects[number]
        each = "in loop" in now.traits
        if now.kind == "commit" and each != ("in loop" in was.traits):
            hold = next((h for h in pair.after.sections if h.kind == "transaction" and h.key == now.party), None)
            yield Respanned(now, was, hold, each)
            return


class Undone(NamedTuple):
    """``before`` undid a part of a transaction; nothing does now, or ``after`` undoes all of it."""

    before: Effect
    after: Effect | None


def undone(pair: Pair) -> Iterator[Undone]:
    """The first part of a transaction that is not undone by itself any more, while what follows is committed."""
    had, has = (_parts(of) for of in (pair.before, pair.after))
    if len(has) >= len(had) or not any(pair.after.of("commit")):
        return
    gone = next((e for e in had if (now := pair.became.get(e.number)) is None or "in part" not in now.traits), had[0])
    now = pair.became.get(gone.number)
    yield Undone(gone, now if now is not None and now.kind == "rollback" else None)


def _parts(of: Trace) -> list[Effect]:
    return [e for e in of.of("rollback") if "in part" in e.traits]
