"""Two threads of which each writes one thing and then looks at the other: whoever comes second sees what the first one wrote.

Where one of them looks first, both may see what was there before: a message that is put into a queue just then is not seen by the
consumer, which has not said yet that it sleeps, and wakes nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Comparison, Pair
from ctxreview.behaviour.effects import Effect, Trace
from ctxreview.behaviour.version import version
from ctxreview.languages.behaviour import Behaviour


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


class Unexpected(NamedTuple):
    """``sent`` goes out before the ``entry`` of who waits for the answer is made; it went out behind that. ``taker`` takes the entry."""

    sent: Effect
    entry: Effect
    taker: Effect


def unexpected(both: Comparison, pair: Pair, about: Behaviour) -> Iterator[Unexpected]:
    """The first entry of a function that an edit puts behind what may be answered before."""
    for was in pair.before.of("write"):
        entry, place = pair.became.get(was.number), was.place
        if entry is None or place is None or place.kind != "inside" or not about.has("adds", was.name):
            continue
        home, _, name = place.of.rpartition(".")
        state = version(both.before).state(home, name)
        if state is None or not any(one in state.type for one in about.of("answered_by")):
            continue
        later = pair.before.effects[was.number + 1 :]
        out = (
            pair.became.get(e.number)
            for e in later
            if e.kind in ("io", "call") and about.pattern("sends").search(e.name)
        )
        sent = next((now for now in out if now is not None and now.number < entry.number), None)
        every = (now for _, now in both.places(place.key))
        taker = next((e for e in every if e is not None and about.has("removes", e.name)), None)
        if sent is not None and taker is not None:
            yield Unexpected(sent, entry, taker)
            return
