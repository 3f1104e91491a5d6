"""The order of what others see: what is sent before its commit, what is called before it is saved, who is woken before there is something to do."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from ctxreview.behaviour.comparison import Pair
from ctxreview.behaviour.effects import Effect, Hold, Trace
from ctxreview.behaviour.version import version
from ctxreview.model import il
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span


class Hastened(NamedTuple):
    """``call`` followed the ``commit`` of the transaction ``hold`` before the edit, and comes before it now."""

    call: Effect
    commit: Effect
    hold: Hold


def hastened(pair: Pair) -> Iterator[Hastened]:
    """The first call out of each transaction that waited for its commit and does not any more."""
    for commit in pair.after.of("commit"):
        was = pair.was.get(commit.number)
        hold = next((h for h in commit.holds if h.kind == "transaction" and h.key == commit.party), None)
        if was is None or hold is None:
            continue
        for number, now in sorted(pair.became.items()):
            if number > was.number and now.number < commit.number and now.under(hold) and _goes_out(pair.after, now):
                yield Hastened(now, commit, hold)
                break


def _goes_out(of: Trace, effect: Effect) -> bool:
    """Whether an effect may be seen by others at once, and is not a question whose answer is used."""
    if effect.kind in ("io", "spawn", "foreign"):
        return True
    return effect.kind == "call" and not effect.party and "awaited" in effect.traits and not _answers(of, effect)


def _answers(of: Trace, effect: Effect) -> bool:
    """Whether anything but the wait for it needs what an effect gives."""
    return any(effect.number in e.depends - e.decided_by for e in of.effects[effect.number + 1 :] if e.kind != "await")


class Unsent(NamedTuple):
    """``call`` was made when ``save`` had sent what was changed; nothing is sent before it now."""

    call: Effect
    save: Effect


def unsent(pair: Pair) -> Iterator[Unsent]:
    """The first call out before which the edit no longer saves, where it saves later."""
    if len(list(pair.after.of("save"))) >= len(list(pair.before.of("save"))):
        return
    for number, now in sorted(pair.became.items()):
        call = pair.before.effects[number]
        if call.kind not in ("io", "call", "foreign") or call.party or "awaited" not in call.traits:
            continue
        save = next((e for e in reversed(pair.before.effects[:number]) if e.kind == "save" and e.place is None), None)
        if save is None or any(e.kind == "save" for e in pair.after.effects[: now.number]):
            continue
        if any(e.kind == "save" and e.party == save.party for e in pair.after.effects[now.number :]):
            yield Unsent(now, save)
            return


class Postponed(NamedTuple):
    """Each turn of a loop made ``call`` and then ``mark``, a save or what tells that it was made; all calls come before the first of these now."""

    call: Effect
    mark: Effect


def postponed(pair: Pair, loops: tuple[Sequence[Span], Sequence[Span]]) -> Iterator[Postponed]:
    """The first mark that followed a call out in each turn, and follows all turns after the edit; ``loops`` are those before and after it."""
    for number, now in sorted(pair.became.items()):
        call = pair.before.effects[number]
        often = "in loop" in call.traits and now.traits & {"in loop", "each", "parallel"}
        if not often or not _goes_out(pair.after, now):
            continue
        if not now.traits & {"each", "parallel"} and not any(s.contains(now.span) for s in loops[1]):
            continue  # whoever calls the function has the loop now
        for mark in pair.before.effects[number + 1 :]:
            then = pair.became.get(mark.number)
            if mark.kind not in ("save", "call") or then is None or then.number < now.number or mark.key == call.key:
                continue
            if mark.kind == "call" and ("awaited" not in mark.traits or _answers(pair.before, mark)):
                continue
            if now.traits & then.traits & {"each", "parallel"}:
                continue  # each of those that run side by side now does both, one after the other
            if _turn(loops[0], call, mark) is not None and _turn(loops[1], now, then) is None:
                yield Postponed(now, then)
                return


def loops_of(outline: Outline, of: Trace) -> tuple[Span, ...]:
    """Where the loops of a traced function are."""
    unit = version(outline).units.get(of.function.span)
    return tuple(n.span for n in il.walk(unit) if isinstance(n, il.Loop)) if unit is not None else ()


def _turn(loops: Sequence[Span], one: Effect, other: Effect) -> Span | None:
    """A loop whose turns do both."""
    return next((s for s in loops if s.contains(one.span) and s.contains(other.span)), None)


class Woken(NamedTuple):
    """``signal`` followed ``data`` before the edit, and is given before it now."""

    signal: Effect
    data: Effect


def woken(pair: Pair, calls_off: Collection[str]) -> Iterator[Woken]:
    """The first signal that an edit gives before the write of shared state which it announced; those named in ``calls_off`` announce nothing."""
    for signal in pair.before.of("signal"):
        now = pair.became.get(signal.number)
        if now is None or signal.name in calls_off:
            continue
        for data in pair.before.effects[: signal.number]:
            then = pair.became.get(data.number)
            if data.kind != "write" or not data.is_seen or then is None or then.number < now.number:
                continue
            if not pair.always_before(data, signal):
                continue
            sections = {h.section for h in now.holds if h.kind == "lock"}
            if not sections & {h.section for h in then.holds}:
                yield Woken(now, then)
                return
