"""How strictly others are kept out: files and rows that are asked for alone, levels of isolation behind helpers, parts that are undone by themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Pair
from ctxreview.behaviour.effects import Effect, Hold, Trace
from ctxreview.behaviour.version import version
from ctxreview.model import il
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array


class Loosened(NamedTuple):
    """``word`` kept others out where ``before`` was done, and stands nowhere on the way to it now."""

    word: str
    before: Effect


def loosened(pair: Pair) -> Iterator[Loosened]:
    """The words of a function that ask for something alone, and that it does not say any more."""
    had, has = (Counter(e.text for e in of.of("alone")) for of in (pair.before, pair.after))
    if sum(has.values()) >= sum(had.values()):
        return
    for word in had - has:
        yield Loosened(word, next(e for e in pair.before.of("alone") if e.text == word))


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


class Cancellable(NamedTuple):
    """``end`` is given up when its caller asks for it, and was not; ``call`` was done before it and is not taken back."""

    end: Effect
    call: Effect


def cancellable(pair: Pair) -> Iterator[Cancellable]:
    """The first save or commit that an edit lets be cancelled, behind a call that the transaction does not undo."""
    for number, now in sorted(pair.became.items()):
        was = pair.before.effects[number]
        if now.kind not in ("save", "commit") or "cancellable" not in now.traits or "cancellable" in was.traits:
            continue
        calls = (e for e in pair.after.effects[: now.number] if _is_final(e))
        call = next(iter(calls), None)
        if call is not None:
            yield Cancellable(now, call)
            return


def _is_final(effect: Effect) -> bool:
    """Whether an effect is one of another system: given up afterwards, what it did stays."""
    outside = effect.kind == "io" or (effect.kind == "call" and "task" in effect.traits)
    return outside and not effect.party and "awaited" in effect.traits and "cancellable" not in effect.traits


class TakenBack(NamedTuple):
    """At ``stop`` the caller's sign to stop is obeyed now, after ``commit`` is done; the handler of that failure calls ``undo``."""

    stop: Span
    commit: Effect
    undo: Effect


def taken_back(pair: Pair, before: Outline, after: Outline) -> Iterator[TakenBack]:
    """The first place behind a commit at which an edit lets the caller stop, where a handler takes back by another system what is committed."""
    had, has = list(_stops(pair.before, before)), list(_stops(pair.after, after))
    if len(has) > len(had):
        yield has[len(had)]


def _stops(of: Trace, outline: Outline) -> Iterator[TakenBack]:
    """The places between a commit and the end of what a handler guards at which the caller can stop."""
    there = version(outline)
    unit = there.units.get(of.function.span)
    if unit is None:
        return
    signs = {p.name.text for p in unit.parameters if simple_type_or_array(p.type) in there.about.of("stops")}
    own = [e for e in of.effects if not e.path]
    for node in il.walk(unit.body, into=False):
        if not isinstance(node, il.Try):
            continue
        commit = next((e for e in own if e.kind == "commit" and node.body.span.contains(e.span)), None)
        undo = _undoing(node, commit, own, there.about.of("every_failure")) if commit is not None else None
        if commit is None or undo is None:
            continue
        for call in il.walk(node.body, into=False):
            if isinstance(call, il.Call) and call.span.start >= commit.span.end:
                given = {a.value.text for a in call.arguments if isinstance(a.value, il.Name)}
                if there.about.has("gives_up", call.callee) or not signs.isdisjoint(given):
                    yield TakenBack(call.span, commit, undo)


def _undoing(guarded: il.Try, commit: Effect, own: list[Effect], every: Collection[str]) -> Effect | None:
    """What a handler of all failures does in another system, whether the commit was made or not; what asks that sets a variable behind it."""
    told = {
        n.target.text
        for n in il.walk(guarded.body, into=False)
        if isinstance(n, il.Assign) and isinstance(n.target, il.Name) and n.span.start >= commit.span.end
    }
    for handler in guarded.handlers:
        if (handler.type and handler.type not in every) or handler.filter is not None:
            continue
        asked = [
            branch.span
            for branch in il.walk(handler.body, into=False)
            if isinstance(branch, il.Branch)
            and any(isinstance(n, il.Name) and n.text in told for n in il.walk(branch.condition))
        ]
        for effect in own:
            within = _is_final(effect) and handler.body.span.contains(effect.span)
            if within and not any(span.contains(effect.span) for span in asked):
                return effect
    return None
