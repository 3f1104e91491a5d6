"""The order of what others see: what is sent before its commit, what is called before it is saved, who is woken before there is something to do."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from ctxreview.behaviour.comparison import Pair
from ctxreview.behaviour.effects import Effect, Hold, Trace
from ctxreview.behaviour.version import Version, version
from ctxreview.languages.behaviour import Behaviour
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


class SentEarly(NamedTuple):
    """``call`` followed ``save`` before the edit and comes before it now, with no transaction around them."""

    call: Effect
    save: Effect


def sent_early(pair: Pair, saves_all: Collection[str]) -> Iterator[SentEarly]:
    """The first call out that waited for a save and does not any more."""
    for save in pair.after.of("save"):
        was = pair.was.get(save.number)
        if was is None or save.name not in saves_all or any(h.kind == "transaction" for h in save.holds):
            continue
        for number, now in sorted(pair.became.items()):
            if number > was.number and now.number < save.number and now.kind in ("io", "foreign"):
                yield SentEarly(now, save)
                return


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
            if any(e.kind == "call" and e.name in mark.path and _turn(loops[1], now, e) for e in pair.after.effects):
                continue  # it was done in a helper that each turn calls still, and that is not followed any more
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


class Hasty(NamedTuple):
    """``sign`` said that the work was done after ``work`` before the edit, and says so before it now."""

    sign: Effect
    work: Effect


def hasty(pair: Pair, about: Behaviour) -> Iterator[Hasty]:
    """The first work that is told to be done before it is begun: what told it again when it failed does not any more."""
    for number, sign in sorted(pair.became.items()):
        was = pair.before.effects[number]
        if sign.kind not in _CALLED or not about.has("acknowledges", sign.name):
            continue
        for earlier, work in sorted(pair.became.items()):
            before = pair.before.effects[earlier]
            turned = earlier < number and work.number > sign.number
            if not turned or work.kind not in _CALLED or about.has("acknowledges", work.name):
                continue
            works = "awaited" in before.traits or work.kind != "call" or about.pattern("handles").search(work.name)
            if works and not _answers(pair.after, work) and pair.always_before(before, was):
                yield Hasty(sign, work)
                return


class Foretold(NamedTuple):
    """``call`` told others what ``kept`` had made lasting before the edit, and is made before it now."""

    call: Effect
    kept: Effect


def foretold(pair: Pair, about: Behaviour) -> Iterator[Foretold]:
    """The first call that tells others of what is not kept yet, by a unit of work of which only the names are known."""
    for number, kept in sorted(pair.became.items()):
        was = pair.before.effects[number]
        if kept.kind not in ("call", "commit") or not about.pattern("keeps").search(kept.name):
            continue
        if any(h.kind == "transaction" and h.key == kept.party for h in kept.holds):
            continue  # of one that is known: see :func:`hastened`
        for later, call in sorted(pair.became.items()):
            then = pair.before.effects[later]
            turned = later > number and call.number < kept.number
            if turned and _announces(call, about) and call.party != kept.party and pair.always_before(was, then):
                yield Foretold(call, kept)
                return


def _announces(call: Effect, about: Behaviour) -> bool:
    return (
        call.kind in _CALLED and "awaited" in call.traits and about.pattern("announces").search(call.name) is not None
    )


_CALLED = ("call", "io", "save", "foreign")


class Deprived(NamedTuple):
    """The function waited for the task ``wait`` and then ended ``name``, which the task uses; ``end`` comes first now."""

    end: Effect
    wait: Effect
    name: str


def deprived(pair: Pair, after: Outline, about: Behaviour) -> Iterator[Deprived]:
    """The first thing that is ended while a task that was told to come to its end still uses it."""
    of = version(after)
    unit = of.units.get(pair.after.function.span)
    if unit is None:
        return
    called = {n.span: n for n in il.walk(unit) if isinstance(n, il.Call)}
    for number, wait in sorted(pair.became.items()):
        was = pair.before.effects[number]
        told = any(about.has("tells_end", e.name) for e in pair.after.effects[: wait.number])
        if wait.kind != "await" or "." not in wait.key or not told:
            continue
        for later, end in sorted(pair.became.items()):
            if later < number or end.number > wait.number or not about.pattern("only_disposes").search(end.name):
                continue
            on = called[end.span].receiver if end.span in called else None
            name = on.text if isinstance(on, il.Name) else on.name if isinstance(on, il.Access) else ""
            first = pair.after.effects[: end.number]
            if name and any(about.has("tells_end", e.name) for e in first) and _works_with(of, was.key, name):
                yield Deprived(end, wait, name)
                return


def _works_with(of: Version, task: str, name: str) -> bool:
    """Whether a function that a task is begun with names some state."""
    home, _, kept = task.rpartition(" ")[2].rpartition(".")
    for unit in of.units:
        for node in il.walk(unit):
            if not isinstance(node, il.Assign) or il.last_name(node.target) != kept:
                continue
            words = {n.text for n in il.walk(node.value) if isinstance(n, il.Name)}
            for runs in (u for u in of.units if u.name in words and u.home == home):
                words |= {n.text for n in il.walk(runs) if isinstance(n, il.Name)}
            if name in words:
                return True
    return False
