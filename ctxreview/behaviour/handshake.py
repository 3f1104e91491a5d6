"""Two threads of which each writes one thing and then looks at the other: whoever comes second sees what the first one wrote.

Where one of them looks first, both may see what was there before: a message that is put into a queue just then is not seen by the
consumer, which has not said yet that it sleeps, and wakes nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Comparison, Pair
from ctxreview.behaviour.effects import Effect, Trace


class Early(NamedTuple):
    """``look`` stands before ``flag`` is written, and stood behind it; ``partner``, in the function ``name``, looks at the flag after it wrote what the look is at."""

    look: Effect
    flag: Effect
    partner: Effect
    name: str


def early(both: Comparison, pair: Pair) -> Iterator[Early]:
    """The first look of a function that an edit puts before the flag."""
    flags = [e for e in pair.before.of("write") if e.traits & _ORDERED and not e.locks and e.number in pair.became]
    for was in flags:
        flag = pair.became[was.number]
        if not flag.traits & _ORDERED or flag.locks or was.place is None:
            continue
        for look in pair.before.of("read"):
            now = pair.became.get(look.number)
            if now is None or look.place is None or not look.is_seen or look.place.of == was.place.of:
                continue
            if look.number < was.number or now.number > flag.number or look.locks or _looks(pair.after, now, flag):
                continue
            found = _partner(both, pair, now, flag)
            if found is not None:
                yield Early(now, flag, *found)
                return


_ORDERED = frozenset({"atomic", "volatile"})


def _looks(of: Trace, look: Effect, flag: Effect) -> bool:
    """Whether the place of a look is looked at behind the flag, too."""
    return any(e.place == look.place and e.number > flag.number for e in of.of("read", "write"))


def _partner(both: Comparison, pair: Pair, look: Effect, flag: Effect) -> tuple[Effect, str] | None:
    """What another function writes that the look is at, before it looks at the flag."""
    assert look.place is not None
    assert flag.place is not None
    for other in both.naming((look.place.of.rpartition(".")[2],)):
        of = other.after
        if other is pair or of.function.kind == "constructor":
            continue
        written = (e for e in of.of("write") if e.place is not None and e.place.of == look.place.of and not e.locks)
        first = next(written, None)
        asks = (e for e in of.of("read", "write") if e.place == flag.place and not e.locks)
        if first is not None and any(e.number > first.number for e in asks):
            return first, of.function.name
    return None
