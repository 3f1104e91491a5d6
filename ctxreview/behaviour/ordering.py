"""The order of what others see: what is sent before its commit, what is called before it is saved, who is woken before there is something to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Pair
from ctxreview.behaviour.effects import Effect, Hold, Trace


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
    """Whether an effect may be seen by others at once, and is no question whose answer is used."""
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
    """Each turn of a loop made ``call`` and then its ``save``; nothing is saved before all calls were made now."""

    call: Effect
    save: Effect


def postponed(pair: Pair) -> Iterator[Postponed]:
    """The first save that followed a call out in each turn, and follows all turns after the edit."""
    for save in pair.after.of("save"):
        was = pair.was.get(save.number)
        if was is None or "in loop" not in was.traits or "in loop" in save.traits:
            continue
        for number, now in sorted(pair.became.items()):
            call = pair.before.effects[number]
            often = "in loop" in call.traits and now.traits & {"in loop", "each", "parallel"}
            if number < was.number and now.number < save.number and often and _goes_out(pair.after, now):
                yield Postponed(now, save)
                return


class Woken(NamedTuple):
    """``signal`` followed ``data`` before the edit, and is given before it now."""

    signal: Effect
    data: Effect


def woken(pair: Pair) -> Iterator[Woken]:
    """The first signal that an edit gives before the write of shared state which it announced."""
    for signal in pair.before.of("signal"):
        now = pair.became.get(signal.number)
        if now is None:
            continue
        for data in pair.before.effects[: signal.number]:
            then = pair.became.get(data.number)
            if data.kind != "write" or not data.is_seen or then is None or then.number < now.number:
                continue
            sections = {h.section for h in now.holds if h.kind == "lock"}
            if not sections & {h.section for h in then.holds}:
                yield Woken(now, then)
                return
