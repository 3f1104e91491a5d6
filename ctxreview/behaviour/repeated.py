"""What is done once, and may be done again when a retry runs it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Pair
from ctxreview.behaviour.effects import Effect, Hold
from ctxreview.languages.behaviour import Behaviour


class Repeated(NamedTuple):
    """``effect`` was done once before the edit, and is done again whenever ``hold`` runs its delegate again."""

    effect: Effect
    hold: Hold


def repeated(pair: Pair) -> Iterator[Repeated]:
    """What leaves the process, or changes what it reads, and comes under a retry by the edit: the first of each kind."""
    told: set[tuple[int, str]] = set()
    for number, now in sorted(pair.became.items()):
        hold = next((h for h in now.holds if h.kind == "retry"), None)
        was = pair.before.effects[number]
        if hold is None or any(h.kind == "retry" for h in was.holds) or (hold.section, now.kind) in told:
            continue
        if now.kind in ("io", "spawn", "foreign") or _adds_up(now):
            told.add((hold.section, now.kind))
            yield Repeated(now, hold)


class Multiplied(NamedTuple):
    """``effect`` was done once however many asked for it, and may be done by several at the same time after the edit."""

    effect: Effect
    before: Effect


def multiplied(pair: Pair) -> Iterator[Multiplied]:
    """What an object that runs its function once did, and any caller does now: the first of each function."""
    for number, now in sorted(pair.became.items()):
        was = pair.before.effects[number]
        if (
            "once" in was.traits
            and "once" not in now.traits
            and now.traits & _OFTEN
            and now.is_seen
            and now.locks <= was.locks
            and now.kind in _WORK
        ):
            yield Multiplied(now, was)
            return


_OFTEN = frozenset(("again", "later", "parallel", "each", "in loop"))
"""Traits of what may be done more than once for one run of the function around it."""


class Portioned(NamedTuple):
    """``was`` saved all at once, and ``now``, in a helper, saves at each turn of a loop."""

    was: Effect
    now: Effect
    certain: bool


def portioned(pair: Pair, saves_all: Collection[str]) -> Iterator[Portioned]:
    """The first save of what its context tracks that comes into a loop by a helper which is called there, and is in no transaction."""
    old = [e for e in pair.before.of("save") if e.name in saves_all]
    if any(e.traits & _OFTEN for e in old):
        return
    for now in pair.after.of("save"):
        was = next((e for e in old if e.key == now.key), None)
        looped = "in loop" in now.traits and "retried" not in now.traits and now.path
        if was is not None and looped and not any(h.kind == "transaction" for h in now.holds):
            yield Portioned(was, now, pair.understood)
            return


def saved_early(pair: Pair, saves_all: Collection[str], about: Behaviour) -> Iterator[Portioned]:
    """The first save, new and in a helper, of what the function had given its context to be saved with the rest, in no transaction."""
    saves = [e for e in pair.after.of("save") if e.name in saves_all and not e.traits & _OFTEN]
    for now in saves:
        if now.number in pair.was or not now.path or any(h.kind == "transaction" for h in now.holds):
            continue
        earlier = [w for e in pair.after.effects[: now.number] if (w := _given_before(pair, e, about)) is not None]
        later = (pair.was[e.number] for e in saves if e.number > now.number and e.number in pair.was)
        was = next((e for e in later if any(g.number < e.number for g in earlier)), None)
        rest = [e for e in pair.after.effects[now.number :] if e.number in pair.was]
        between = any(e.kind in _MAY_FAIL or _given_before(pair, e, about) is not None for e in rest)
        if was is not None and between and not any(h.kind == "transaction" for h in was.holds):
            yield Portioned(was, now, pair.understood)
            return


def _given_before(pair: Pair, effect: Effect, about: Behaviour) -> Effect | None:
    """What an effect was before the edit, where it tells a context of a change, or makes one to a row."""
    tells = effect.kind == "call" and effect.party and about.has("changes_tracked", effect.name)
    rows = effect.kind == "write" and effect.place is not None and effect.place.kind == "rows"
    return pair.was.get(effect.number) if tells or rows else None


_MAY_FAIL = ("throw", "query", "io", "foreign", "call")
"""What may end a function behind a save."""


class Remade(NamedTuple):
    """``call`` was given a value that ``chance`` made once, and each attempt makes one of its own after the edit."""

    call: Effect
    chance: Effect
    before: Effect


def remade(pair: Pair) -> Iterator[Remade]:
    """The first call in what is tried again that is given another value at each attempt."""
    for number, now in sorted(pair.became.items()):
        if now.kind not in _WORK or now.kind == "write" or not _is_tried(now):
            continue
        was = [pair.before.effects[n] for n in pair.before.effects[number].depends]
        has = [pair.after.effects[n] for n in now.depends]
        old = next((e for e in was if e.kind == "chance"), None)
        new = next((e for e in has if e.kind == "chance" and _is_tried(e)), None)
        once = not any(e.kind == "chance" and _is_tried(e) for e in was)
        if old is not None and new is not None and once:
            yield Remade(now, new, old)
            return


def _is_tried(effect: Effect) -> bool:
    return "retried" in effect.traits or any(h.kind == "retry" for h in effect.holds)


_WORK = ("io", "call", "foreign", "save", "query", "spawn", "write")


def _adds_up(effect: Effect) -> bool:
    """Whether a write changes what stays when the database has undone its part."""
    place = effect.place
    return (
        effect.kind == "write"
        and "both ways" in effect.traits
        and place is not None
        and place.kind not in ("rows", "object")
    )
