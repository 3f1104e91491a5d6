"""What one consumer of a queue does, one after another and nobody else: its turns that overlap, others that do its work beside it or in its place, and a second one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.body import bodies
from ctxreview.behaviour.comparison import Comparison, Pair
from ctxreview.behaviour.effects import Effect, Trace
from ctxreview.behaviour.tracing import trace
from ctxreview.behaviour.version import Version, version
from ctxreview.languages.behaviour import Behaviour
from ctxreview.model import il
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type


def takes(of: Trace, about: Behaviour) -> Iterator[Effect]:
    """The effects that take from a queue which is made for several threads."""
    for effect in of.effects:
        at_once = effect.kind in ("read", "write") and "atomic" in effect.traits
        if (effect.kind == "call" and about.has("takes", effect.name)) or (
            at_once and about.has("takes_out", effect.name)
        ):
            yield effect


class Overlapping(NamedTuple):
    """``work`` on what ``take`` gave had ended before the next one was taken, and has not any more."""

    work: Effect
    take: Effect


def overlapping(pair: Pair, about: Behaviour) -> Iterator[Overlapping]:
    """The first work of a consumer that is begun for each thing taken and not waited for in its turn."""
    taken = [e for e in takes(pair.after, about) if "each" not in e.traits]
    for number, now in sorted(pair.became.items()):
        was = pair.before.effects[number]
        fresh = now.traits & {"each", "parallel"} - was.traits
        if now.kind not in _WORK or not now.is_seen or not fresh:
            continue
        take = next((t for t in taken if pair.after.decides(t, now)), None)
        if take is not None:
            yield Overlapping(now, take)
            return
    yield from _left_running(pair, about)


def _left_running(pair: Pair, about: Behaviour) -> Iterator[Overlapping]:
    """A task that an edit starts for each thing taken, in place of a call, and that nobody waits for."""
    had, has = (
        [e for e in _taken(t, about) if e.kind == "spawn" and "awaited" not in e.traits]
        for t in (pair.before, pair.after)
    )
    gone = any(e.kind in ("call", "foreign") and e.number not in pair.became for e in _taken(pair.before, about))
    if gone and len(has) > len(had):
        yield Overlapping(has[-1], next(takes(pair.after, about)))


_WORK = ("write", "save", "io", "call", "foreign", "query", "spawn")


class Beside(NamedTuple):
    """``access`` is done beside the ``consumer``, which alone wrote the place before the edit."""

    access: Effect
    consumer: Effect


def beside(both: Comparison, about: Behaviour) -> Iterator[Beside]:
    """The first access of each changed function to what only the consumer of a queue wrote; one look at a value is none."""
    consumers = _consumers(both, about)
    for pair in both.changed if consumers else ():
        yield from _beside(both, pair, consumers, about)


def _beside(both: Comparison, pair: Pair, consumers: list[Pair], about: Behaviour) -> Iterator[Beside]:
    if pair.before.function in {p.before.function for p in consumers}:
        return
    called = {name for p in consumers for e in p.before.effects for name in e.path}
    if pair.before.function.name in called:
        return
    known = {e.place for e in pair.before.effects}
    for access in pair.after.of("read", "write"):
        if "later" in access.traits and called.intersection(access.path):
            continue  # the consumer itself, which is started here
        place = access.place
        if place is None or access.number in pair.was or not access.is_seen or access.locks or place in known:
            continue
        if place.kind not in ("state", "inside") or "atomic" in access.traits:
            continue
        if access.kind == "read" and place.kind == "state":
            continue
        its = (e for p in consumers for e in _taken(p.before, about) if e.place == place and not e.locks)
        own = next((e for e in its if e.kind == "write"), None)
        if own is not None and not _is_used_elsewhere(both, access, consumers, called):
            yield Beside(access, own)
            return


def _consumers(both: Comparison, about: Behaviour) -> list[Pair]:
    """The functions that take from a queue and do something with it, by their own text."""
    names = {f"{n}{s}" for n in about.of("takes") | about.of("takes_out") for s in ("", *about.of("task_suffix"))}
    return [p for p in both.naming(names) if any(_taken(p.before, about))]


def _taken(of: Trace, about: Behaviour) -> Iterator[Effect]:
    """What is done with what was taken."""
    first = next(takes(of, about), None)
    return (e for e in of.effects if first is not None and e.number != first.number and of.decides(first, e))


def _is_used_elsewhere(both: Comparison, access: Effect, consumers: list[Pair], called: set[str]) -> bool:
    """Whether others did the same with the place before the edit too."""
    assert access.place is not None
    own = {p.before.function for p in consumers}
    for pair in both.naming((access.place.of.rpartition(".")[2],)):
        of = pair.before.function
        if of in own or of.name in called or of.kind == "constructor":
            continue
        if any(e.place == access.place for e in pair.before.of(access.kind)):
            return True
    return False


class Several(NamedTuple):
    """A consumer named ``name``, which ran once and is started several times after the edit, the last time at ``at``."""

    name: str
    at: Span
    take: Effect


def several(both: Comparison, about: Behaviour) -> Iterator[Several]:
    """Each consumer that one caller started once, and that is started more than once now."""
    changed = {p.after.function.span for p in both.changed} | {b.member.span for b in both.both.fresh}
    for pair in _consumers(both, about):
        name, take = pair.after.function.name, next(takes(pair.after, about), None)
        if take is None or take.locks or _lets_one_in(pair.after, take) or pair.before.function.name != name:
            continue
        before, after = starts(both.before, name), starts(both.after, name)
        new = [at for at, member in after if member in changed]
        if len(before) == 1 < len(after) and new:
            yield Several(name, new[-1], take)


class Unqueued(NamedTuple):
    """``work`` was done by one consumer for one thing after another, at ``before``, and is done by whoever brings one now."""

    work: Effect
    before: Effect


def unqueued(both: Comparison, about: Behaviour) -> Iterator[Unqueued]:
    """The first work of each consumer that an edit takes away, its queue with it, where nothing else keeps two apart."""
    kept = {id(old) for old, _ in both.both.members}
    gone = (trace(both.before, b.member) for b in bodies(both.before) if id(b) not in kept)
    left = {e.key: e for t in gone if t is not None for e in _taken(t, about) if _is_work(e)}
    if any(any(takes(pair.after, about)) for pair in both.changed):
        return  # of whatever queue
    for pair in both.changed:
        own = {e.number: e for e in _taken(pair.before, about) if _is_work(e)}
        found = [
            Unqueued(now, e)
            for n, e in own.items()
            if (now := pair.became.get(n)) and now.traits & _ANY_TIME - e.traits
        ]
        found += [Unqueued(e, left[e.key]) for e in pair.after.effects if e.key in left and e.number not in pair.was]
        yield from [one for one in found if not one.work.locks][:1]


_ANY_TIME = frozenset({"later", "parallel", "each"})


def _is_work(effect: Effect) -> bool:
    return effect.kind in _WORK and effect.is_seen and not effect.locks


def _lets_one_in(of: Trace, take: Effect) -> bool:
    """Whether a consumer begins with a step that only one caller gets past."""
    return any("atomic" in of.effects[n].traits and n < take.number for n in take.decided_by)


def starts(outline: Outline, name: str, of_type: str = "") -> list[tuple[Span, Span]]:
    """Where a function is named, twice where a loop or what is run for each element does so, each with the member around it.

    With ``of_type`` also where it is called on state of that type.
    """
    found, here = list[tuple[Span, Span]](), version(outline)
    for member in outline.outermost:
        unit = here.units.get(member.span) if name in here.words[member.span] and member.name != name else None
        repeated = often(here, unit) if unit is not None else []
        for node in il.walk(unit) if unit is not None else ():
            named = isinstance(node, il.Name) and node.text == name
            if isinstance(node, il.Access) and node.name == name and isinstance(node.of, il.Name):
                state = here.state(member.container, node.of.text)
                named = of_type != "" and state is not None and simple_type(state.type) == of_type
            if named:
                found += [(node.span, member.span)] * (2 if any(s.contains(node.span) for s in repeated) else 1)
    return found


def often(of: Version, unit: il.Unit) -> list[Span]:
    """What runs more than once for one call of a function: loops, and calls that run what they are given for each element."""
    return [
        n.span
        for n in il.walk(unit)
        if isinstance(n, il.Loop) or (isinstance(n, il.Call) and of.about.has("runs_now", n.callee))
    ]
