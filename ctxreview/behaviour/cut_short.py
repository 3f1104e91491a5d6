"""What is cut short where a caller's sign to stop is obeyed: a save behind a call that stays done, what takes something back, what cleans up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from ctxreview.behaviour.comparison import Pair
from ctxreview.behaviour.effects import Effect, Trace
from ctxreview.behaviour.version import Version, version
from ctxreview.model import il
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array


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
    signs = _signs(unit, there)
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


def _signs(unit: il.Unit, there: Version) -> frozenset[str]:
    """The names of a function's parameters by which its caller says that he has stopped."""
    stops = there.about.of("stops")
    return frozenset(p.name.text for p in unit.parameters if simple_type_or_array(p.type) in stops)


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


class CleanedUp(NamedTuple):
    """``call`` cleans up or takes back, also where the caller has asked to stop; it is given that ``sign`` now, and may do nothing then."""

    call: il.Call
    sign: str


_OTHERWISE = ("log", "rollback", "dispose")
"""What is harmless to leave out, or happens by itself at the end."""


def cleaned_up(pair: Pair, before: Outline, after: Outline) -> Iterator[CleanedUp]:
    """The calls in a ``finally`` or in the handler of every failure that are handed the function's own sign to stop, and were not."""
    had, has = (_cleaning(of, o) for of, o in ((pair.before, before), (pair.after, after)))
    for key, (call, sign) in has.items():
        if sign and key in had and not had[key][1]:
            yield CleanedUp(call, sign)


def _cleaning(of: Trace, outline: Outline) -> Mapping[tuple[str, int], tuple[il.Call, str]]:
    """The calls that clean up, by their text up to the arguments and their number, each with the sign to stop that it is given, or ``""``."""
    there = version(outline)
    unit = there.units.get(of.function.span)
    if unit is None:
        return {}
    signs = _signs(unit, there)
    found: dict[tuple[str, int], tuple[il.Call, str]] = {}
    seen = Counter[str]()
    for block in _cleanups(unit, there):
        for node in il.walk(block, into=False):
            if not isinstance(node, il.Call):
                continue
            called = " ".join(outline.source.text(node.function.span).split())
            if any(e.kind in _OTHERWISE and e.span == node.span and not e.path for e in of.effects):
                continue
            seen[called] += 1
            given = (a.value.text for a in node.arguments if isinstance(a.value, il.Name) and a.value.text in signs)
            found[called, seen[called]] = node, next(given, "")
    return found


def _cleanups(unit: il.Unit, there: Version) -> Iterator[il.Block]:
    every = there.about.of("every_failure")
    for node in il.walk(unit.body, into=False):
        if isinstance(node, il.Try):
            if node.always is not None:
                yield node.always
            yield from (h.body for h in node.handlers if not h.type or h.type in every)
