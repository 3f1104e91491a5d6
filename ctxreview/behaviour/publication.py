"""What other threads may see of one another's steps without a lock: indivisible steps that are none any more, flags that are set too early."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Comparison, Pair
from ctxreview.behaviour.effects import Effect


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
    """Each indivisible change of a place that an edit makes an ordinary one, under no lock, or whose answer it reads again."""
    for pair in both.changed:
        for effect in pair.before.of("write"):
            now = pair.became.get(effect.number)
            if now is None or "atomic" not in effect.traits or effect.place is None or effect.place.kind != "state":
                continue
            if "atomic" not in now.traits:
                if not now.locks and ("both ways" in now.traits or _decides(pair, now)):
                    yield Divided(effect, now)
                continue
            again = _read_again(pair, effect, now)
            if again is not None:
                yield Divided(effect, now, again)


def _decides(pair: Pair, now: Effect) -> bool:
    """Whether a look at the place says if it is written, or what with."""
    return any(
        pair.after.effects[n].kind == "read" and pair.after.effects[n].place == now.place for n in pair.after.needs(now)
    )


def _read_again(pair: Pair, effect: Effect, now: Effect) -> Effect | None:
    """A new read of the place behind the step, for what used the step's answer."""
    used = [e for e in pair.before.effects if effect.number in e.depends]
    for number in range(now.number + 1, len(pair.after.effects)):
        read = pair.after.effects[number]
        fresh = read.kind == "read" and read.place == now.place and number not in pair.was
        if fresh and not read.locks and "atomic" not in read.traits:
            then = (pair.became.get(e.number) for e in used)
            if any(t is not None and number in t.depends and now.number not in t.depends for t in then):
                return read
    return None


def early(both: Comparison) -> Iterator[Early]:
    """Each flag that an edit sets before what it announces, where someone looks at the flag without the lock."""
    for pair in both.changed:
        writes = [
            e
            for e in pair.before.of("write")
            if e.is_seen and e.place is not None and e.place.kind in ("state", "inside")
        ]
        for flag in writes:
            now = pair.became.get(flag.number)
            if flag.place is None or flag.place.kind != "state" or now is None or "both ways" in flag.traits:
                continue
            for data in writes:
                then = pair.became.get(data.number)
                if then is None or data.place is None or data.place.of == flag.place.of or data.number > flag.number:
                    continue
                look = _look(both, now, then) if then.number > now.number else None
                if look is not None:
                    yield Early(now, then, look)
                    break


def _look(both: Comparison, flag: Effect, data: Effect) -> Effect | None:
    """A read of the flag that decides something, under no lock that its write is under, before a use of the data."""
    assert flag.place is not None
    assert data.place is not None
    name = flag.place.key.rpartition(".")[2]
    # The look may stand in a function of its own, and the use in one that calls it.
    for pair in both.naming((name, *(p.after.function.name for p in both.naming((name,))))):
        for read in pair.after.of("read"):
            if read.place is None or read.place.key != flag.place.key or read.locks & flag.locks:
                continue
            then = pair.after.effects[read.number + 1 :]
            uses = any(e.place is not None and e.place.of == data.place.of and e.number != data.number for e in then)
            if uses and any(read.number in e.decided_by for e in then):
                return read
    return None
