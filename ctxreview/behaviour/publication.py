"""What other threads may see of one another's steps without a lock: indivisible steps that are none any more, flags that are set too early."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.affected import affected
from ctxreview.behaviour.announced import turns_away
from ctxreview.behaviour.comparison import Comparison, Pair
from ctxreview.behaviour.effects import Effect, Trace
from ctxreview.behaviour.renames import renamed_state
from ctxreview.behaviour.version import State, version
from ctxreview.model import il
from ctxreview.model.outline import Outline
from ctxreview.outline.symbols.written_names import simple_type_or_array


class Divided(NamedTuple):
    """A step that was indivisible: ``now`` is what became of it, ``again`` a read of its place where its own answer was used."""

    before: Effect
    now: Effect
    again: Effect | None = None


class Early(NamedTuple):
    """A write of a ``flag`` that comes before that of the ``data`` which it announces, and the ``look`` at it without their lock."""

    flag: Effect
    data: Effect
    look: Effect


def divided(both: Comparison) -> Iterator[Divided]:
    """Each indivisible change that an edit makes two steps, under no lock, or whose answer it reads again.

    It is one of a place, or of a collection that is made for several threads: then its look and its act are each indivisible still.
    """
    for pair in affected(both):
        for effect in pair.before.of("write"):
            now = pair.became.get(effect.number)
            if now is None or "atomic" not in effect.traits or effect.place is None or _is_kept_apart(both, now):
                continue
            again = None
            if effect.place.kind == "state" and "atomic" not in now.traits:
                if not ("both ways" in now.traits or _decides(pair, now) or _is_read_apart(pair, effect, now)):
                    continue
            elif effect.place.kind == "state":
                again = _read_again(pair, effect, now)
                if again is None and not (_sets_at_once(both, now) and _is_torn(pair, effect, now)):
                    continue
            elif not (effect.place.kind == "inside" and "both ways" in effect.traits and _is_torn(pair, effect, now)):
                continue
            yield Divided(effect, now, again)


def _is_kept_apart(both: Comparison, now: Effect) -> bool:
    """Whether a step is under a lock, and no other one of its place is done without: that one is indivisible for itself alone."""
    if not now.locks or now.place is None:
        return bool(now.locks)
    others = (then for _, then in both.places(now.place.key) if then is not None and then.kind == "write")
    return all(then.locks & now.locks for then in others)


def unasked(both: Comparison) -> Iterator[Divided]:
    """Each indivisible step whose answer decided what else is done, and that nobody asks any more."""
    for pair in both.changed:
        for effect in pair.before.of("write"):
            now = pair.became.get(effect.number)
            if (
                now is None
                or now.locks
                or not {"atomic", "both ways"} <= effect.traits & now.traits
                or effect.place is None
            ):
                continue
            decided = [e for e in pair.before.effects if effect.number in e.decided_by and e.is_seen]
            then = [t for e in decided if (t := pair.became.get(e.number)) is not None]
            if then and not any(now.number in e.depends for e in pair.after.effects):
                yield Divided(effect, now)


class Respecified(NamedTuple):
    """An indivisible step that is another one ``now``: with ``compared`` it was made only if its place had what was seen, else it set or added."""

    before: Effect
    now: Effect
    compared: bool


def respecified(both: Comparison) -> Iterator[Respecified]:
    """Each indivisible change under no lock that was made on a condition or set its place, and is made whatever is there, or adds to it, now.

    Where the answer of both is asked for, the new one may tell the same: a flag that is exchanged says who was first, as one that is compared does.
    """
    about = version(both.after).about
    for pair in both.changed:
        for effect in pair.before.of("write"):
            now = pair.became.get(effect.number)
            if now is None or effect.place is None or effect.place.kind != "state" or not now.is_seen or now.locks:
                continue
            if "atomic" not in effect.traits or effect.name == now.name:
                continue
            asked = any(now.number in e.depends for e in pair.after.effects)
            sets = "atomic" not in now.traits or about.has("steps_set", now.name)
            if about.has("steps_compare", effect.name) and sets and not asked:
                yield Respecified(effect, now, compared=True)
            elif about.has("steps_set", effect.name) and about.has("steps_add", now.name):
                yield Respecified(effect, now, compared=False)


def _is_read_apart(pair: Pair, effect: Effect, now: Effect) -> bool:
    """Whether the place is read on its own now where the step's answer was used, or just before it is written."""
    fresh = list(_fresh_reads(pair, now))
    used = any(effect.number in e.depends for e in pair.before.effects)
    return bool(fresh) and (used or ("both ways" in effect.traits and fresh[0].number == now.number - 1))


def _is_torn(pair: Pair, effect: Effect, now: Effect) -> bool:
    """Whether a collection's own step became a look, and an act whose answer nobody asks for."""
    if "both ways" in now.traits:
        return not any(now.number in e.depends for e in pair.after.effects) and _read_instead(pair, effect, now)
    return any(r.number < now.number for r in _fresh_reads(pair, now))


def _fresh_reads(pair: Pair, now: Effect) -> Iterator[Effect]:
    """The reads of a step's place that the edit brings, under no lock."""
    for read in pair.after.of("read"):
        if read.place == now.place and read.number not in pair.was and not read.locks:
            yield read


def _read_instead(pair: Pair, effect: Effect, now: Effect) -> bool:
    """Whether what used the step's answer uses a new read of its place, and the step's no more."""
    then = [
        t for e in pair.before.effects if effect.number in e.depends and (t := pair.became.get(e.number)) is not None
    ]
    return any(r.number in t.depends and now.number not in t.depends for r in _fresh_reads(pair, now) for t in then)


def _decides(pair: Pair, now: Effect) -> bool:
    """Whether a look at the place says if it is written, or what with."""
    return any(e.place == now.place and pair.after.decides(e, now) for e in pair.after.of("read"))


def _read_again(pair: Pair, effect: Effect, now: Effect) -> Effect | None:
    """A new read of the place behind the step, for what used the step's answer."""
    used = [e for e in pair.before.effects if effect.number in e.depends]
    for read in _fresh_reads(pair, now):
        if read.number > now.number and "atomic" not in read.traits:
            then = (pair.became.get(e.number) for e in used)
            if any(t is not None and read.number in t.depends and now.number not in t.depends for t in then):
                return read
    return None


class Resynchronised(NamedTuple):
    """State that other threads see in another way: ``what`` is ``volatile``, ``concurrent`` or ``indivisible``, ``gained`` after the edit or lost; ``fresh`` is not there before."""

    what: str
    state: State
    gained: bool
    fresh: bool = False


def resynchronised(both: Comparison) -> Iterator[Resynchronised]:
    """State that becomes ordered or made for several threads where it was used without a lock, and whose indivisible steps went with it."""
    old, new = ({s.key: s for s in version(o).states} for o in (both.before, both.after))
    names = renamed_state(both.before, both.after)
    was = {names[key].key if key in names else key: state for key, state in old.items()}
    for key, state in new.items():
        before = was.get(key)
        what = "volatile" if state.volatile and (before is None or not before.volatile) else ""
        if what and before is None and any(key_ not in new and _stands_for(s, state) for key_, s in was.items()):
            continue  # it has another name
        if before is not None and _is_shared_by(both.after, state) and not _is_shared_by(both.before, before):
            once = version(both.after).about.has("runs_once", simple_type_or_array(state.type))
            what = what or ("" if once else "concurrent")  # what is made once is looked at by all and changed by none
        accesses = [e for at in (key, f"{key}[]") for e, _ in both.places(at)] if what and before is not None else []
        if what and (any(not e.locks for e in accesses) if before is not None else _is_asked(both, key, state)):
            yield Resynchronised(what, state, gained=True, fresh=before is None)
    moved = {s.name for key, s in new.items() if key not in was}  # to another type
    for key, state in was.items():
        if (
            key not in new
            and state.name not in moved
            and any("atomic" in e.traits and e.kind == "write" for e, _ in both.places(key))
            and _is_missed(both, key, state, [s for now, s in new.items() if now not in was])
        ):
            yield Resynchronised("indivisible", state, gained=False)


def _stands_for(old: State, new: State) -> bool:
    """Whether state that is gone was of the kind that new state of its type is."""
    return old.volatile and (old.home, old.type, old.static) == (new.home, new.type, new.static)


def _is_missed(both: Comparison, key: str, state: State, fresh: list[State]) -> bool:
    """Whether state that is gone decided what is done still, or other state is written where it was, by other steps than its own."""
    instead = {s.key for s in fresh}
    if any(s.type == state.type and _steps(both, s, after=True) == _steps(both, state) for s in fresh):
        return False  # it has another name
    for pair in both.naming((state.name,)):
        own = {e.number for e in pair.before.effects if e.place is not None and e.place.key == key}
        then = (e for e in pair.before.effects if own & e.decided_by and e.kind not in _ONLY_LOOKS)
        decided = (pair.became[e.number] for e in then if e.number in pair.became)
        if not all(is_let_in_once(pair.after, now) for now in decided):
            return True
        kept = {e.name for e in pair.after.effects}
        if any(
            own & (e.depends - e.decided_by) and e.number not in own and e.name in kept for e in pair.before.effects
        ):
            return True  # what it was done with came from the step
        steps = Counter(e.name for e in pair.before.of("write") if e.number in own)
        there = [e for e in pair.after.of("write") if e.place is not None and e.place.key in instead]
        if there and Counter(e.name for e in there if "atomic" in e.traits) != steps:
            return True
    return False


_ONLY_LOOKS = ("read", "acquire", "release", "log")
"""Kinds of effects that do nothing by themselves which may be done once only."""


def is_let_in_once(of: Trace, effect: Effect) -> bool:
    """Whether another step says who does something: an indivisible one, or a look and a write of its place under one lock."""
    for number in effect.decided_by:
        step = of.effects[number]
        if {"atomic", "both ways"} <= step.traits:
            return True
        sections = {h.section for h in step.holds if h.kind == "lock"}
        turned = (e for e in of.of("write") if e.place == step.place and number in e.decided_by)
        if step.kind == "read" and any(sections & {h.section for h in e.holds} for e in turned):
            return True
    return False


def _steps(both: Comparison, state: State, *, after: bool = False) -> Counter[str]:
    """The indivisible steps of state in one version."""
    traces = _after(both, state) if after else [p.before for p in both.naming((state.name,))]
    every = (e for t in traces for e in t.of("read", "write") if e.place is not None and e.place.key == state.key)
    return Counter(e.name for e in every if "atomic" in e.traits)


def _is_asked(both: Comparison, key: str, state: State) -> bool:
    """Whether new state decides what was done before without asking it."""
    of = version(both.after)
    for property_ in version(both.before).states:
        now = of.state(property_.home, property_.name) if property_.home == state.home else None
        getter = of.getter(now) if now is not None and version(both.before).getter(property_) is None else None
        if getter is not None and any(isinstance(n, il.Name) and n.text == state.name for n in il.walk(getter)):
            return not property_.volatile  # it stands behind a property that kept its value itself
    writes = [e for t in _after(both, state) for e in t.of("write") if e.place is not None and e.place.key == key]
    if writes and all(e.locks for e in writes):
        return False  # those who look first look once more under the lock, which is told of
    for pair in both.naming((state.name,)):
        reads = {e.number for e in pair.after.of("read") if e.place is not None and e.place.key == key and not e.locks}
        if reads and any(reads & e.decided_by and e.number in pair.was for e in pair.after.effects):
            return True
    return False


def _after(both: Comparison, state: State) -> list[Trace]:
    """The functions after the edit that name state, without the constructors."""
    names = (state.name,)
    every = [*(p.after for p in both.naming(names)), *both.fresh(names)]
    return [t for t in every if t.function.kind != "constructor"]


def _is_shared_by(outline: Outline, state: State) -> bool:
    return version(outline).is_concurrent(state.type)


def early(both: Comparison) -> Iterator[Early]:
    """Each flag that an edit sets before what it announces, where someone looks at the flag without the lock."""
    for pair in both.changed:
        if pair.after.function.kind == "constructor":
            continue  # nobody else has the object yet
        writes = [
            e
            for e in pair.before.of("write")
            if e.is_seen and e.place is not None and e.place.kind in ("state", "inside")
        ]
        for flag in writes:
            now = pair.became.get(flag.number)
            if flag.place is None or flag.place.kind != "state" or now is None:
                continue
            if "both ways" in flag.traits and not _sets_at_once(both, flag):
                continue
            for data in writes:
                then = pair.became.get(data.number)
                if then is None or data.place is None or data.place.of == flag.place.of or data.number > flag.number:
                    continue
                turned = then.number > now.number and pair.always_before(data, flag)
                look = _look(both, now, then) if turned else None
                if look is not None and (is_for_others(both, now) or is_for_others(both, then)):
                    yield Early(now, then, look)
                    break


def _sets_at_once(both: Comparison, flag: Effect) -> bool:
    """Whether an indivisible step puts a value that was made before, and does not count."""
    about = version(both.before).about
    return "atomic" in flag.traits and (about.has("steps_set", flag.name) or about.has("steps_compare", flag.name))


def is_for_others(both: Comparison, write: Effect) -> bool:
    """Whether anything says that several threads use a place: a lock, an order or an indivisible step at some use of it."""
    assert write.place is not None
    of = write.place.of or write.place.key
    uses = [e for key in (of, f"{of}[]") for pair in both.places(key) for e in pair if e is not None]
    return any(e.locks or e.traits & _ORDERED for e in (write, *uses))


_ORDERED = frozenset(("volatile", "atomic", "parallel"))
"""Traits of effects that only several threads need."""


class Unfinished(NamedTuple):
    """``step`` prepared an object before the edit and follows the write of it to ``state`` now; ``look`` reads that without its lock."""

    state: Effect
    step: Effect
    look: Effect


def unfinished(both: Comparison) -> Iterator[Unfinished]:
    """Each object that an edit lets others see before it is prepared."""
    for pair in both.changed:
        for number, now in sorted(pair.became.items()) if pair.after.function.kind != "constructor" else ():
            if now.kind != "write" or not now.is_seen or now.place is None or now.place.kind != "state":
                continue
            prepared, ready = (
                Counter(e.name for e in of.effects[:n] if e.kind in ("call", "write"))
                for of, n in ((pair.before, number), (pair.after, now.number))
            )
            later = pair.after.effects[now.number + 1 :]
            reads = frozenset(e.number for e in later if e.kind == "read" and e.place and e.place.key == now.place.key)
            again = max((e.number for e in later if e.kind == "write" and e.place == now.place), default=now.number)
            step = next((e for e in later if prepared[e.name] > ready[e.name] and _is_on(e, now, reads)), None)
            if step is not None and step.number < again:
                continue  # it is before a write that is made once more
            if step is None or any(e.name == step.name and e.kind == step.kind for e in pair.before.effects[number:]):
                continue
            look = open_look(both, now)
            if look is not None and is_for_others(both, now):
                yield Unfinished(now, step, look)
                break


def open_look(both: Comparison, write: Effect) -> Effect | None:
    """A read of state after the edit under no lock that its write is under."""
    looks = (e for p in both.naming((write.name,)) for e in p.after.of("read"))
    return next(
        (e for e in looks if e.place is not None and e.place == write.place and not e.locks & write.locks), None
    )


def _is_on(step: Effect, write: Effect, reads: frozenset[int]) -> bool:
    """Whether a step is one on what state refers to since it was written; ``reads`` are the numbers of the reads since then."""
    assert write.place is not None
    if step.kind == "write":
        return step.place is not None and step.place.kind == "inside" and step.place.of == write.place.key
    return step.kind == "call" and not reads.isdisjoint(step.depends)


def _look(both: Comparison, flag: Effect, data: Effect) -> Effect | None:
    """A read of the flag that decides something, under no lock that its write is under, before a use of the data."""
    assert flag.place is not None
    assert data.place is not None
    name = flag.place.key.rpartition(".")[2]
    # The look may be in a function of its own, and the use in one that calls it.
    for pair in both.naming((name, *(p.after.function.name for p in both.naming((name,))))):
        for read in pair.after.of("read"):
            if read.place is None or read.place.key != flag.place.key or read.locks & flag.locks:
                continue
            then = pair.after.effects[read.number + 1 :]
            made = (e for e in then if e.kind == "write" and e.place == flag.place and not flag.place.immutable)
            if any(read.number in e.decided_by for e in made):
                continue  # it asks whether the object is there yet, to make it
            uses = [e for e in then if e.place is not None and e.place.of == data.place.of and e.number != data.number]
            if not uses or not any(read.number in e.decided_by for e in then):
                continue
            if not turns_away(both.after, flag, read, uses):
                return read
    return None
