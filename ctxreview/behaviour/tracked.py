"""Objects that a context does not track, are changed, and are saved: the change is not sent.

What makes a query untracked may stand anywhere on the way: an operator, a view of the context, an extension, a compiled query.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Pair
from ctxreview.behaviour.effects import Effect, Trace


class LostUpdate(NamedTuple):
    """``query`` gives an object that nobody tracks, ``write`` changes it, and ``save`` does not send that.

    ``certain`` says that everything between was understood.
    """

    query: Effect
    write: Effect
    save: Effect
    certain: bool


def lost_updates(of: Trace) -> Iterator[LostUpdate]:
    """The lost updates of one function, one for each query."""
    told: set[int] = set()
    for write in of.of("write"):
        if write.place is None or write.place.kind != "rows" or write.made != "query":
            continue
        asked = [of.effects[n] for n in sorted(write.made_by) if of.effects[n].kind == "query"]
        if not asked or asked[0].number in told or not all(_is_untracked(q) for q in asked):
            continue
        save = next((e for e in of.effects[write.number :] if _sends(e, asked[0])), None)
        if save is None or any(_hands_back(e, write) for e in of.effects[asked[0].number : save.number]):
            continue
        told.add(asked[0].number)
        yield LostUpdate(asked[0], write, save, of.understood and all(e.understood for e in (asked[0], write, save)))


def strayed(pair: Pair, *, is_called_back: bool) -> Iterator[tuple[Effect, Effect]]:
    """The first query that stops tracking by the edit, and the write to what it gives, where whoever calls the function may save it.

    That is where a base type calls it, or it is given the context.
    """
    for number, now in sorted(pair.became.items()):
        was = pair.before.effects[number]
        if now.kind != "query" or not _is_untracked(now) or _is_untracked(was) or "projected" in was.traits:
            continue
        of_rows = [w for w in pair.after.of("write") if w.place is not None and w.place.kind == "rows"]
        writes = [w for w in of_rows if now.number in w.made_by and w.made == "query"]
        if writes and not any(_hands_back(e, writes[0]) for e in pair.after.effects[now.number :]):
            if is_called_back or now.party.startswith("parameter"):
                yield now, writes[0]
            return


class Unsaved(NamedTuple):
    """``save`` sent ``change`` before the edit, and nothing does now. ``completed`` says that a transaction is committed without it."""

    save: Effect
    change: Effect
    completed: bool
    certain: bool


def unsaved(pair: Pair, states: re.Pattern[str]) -> Iterator[Unsaved]:
    """The first change of each context that nothing saves any more; what a call sends whose name ``states`` a statement is that alone."""
    saves = [e for e in pair.before.of("save") if e.place is None and e.party and not states.search(e.name)]
    for party in dict.fromkeys(e.party for e in saves):
        if any(
            e.party == party
            for e in pair.after.of("save", "call", "foreign")
            if e.name not in _names(pair.before, party)
        ):
            continue
        change = next(
            (e for e in pair.after.effects if e.number in pair.was and _is_change(pair.after, e, party)), None
        )
        save = [e for e in saves if e.party == party][-1]
        if change is not None and not any(e.party == party for e in pair.after.of("save")):
            yield Unsaved(save, change, any(e.party == party for e in pair.after.of("commit")), pair.understood)


def retracked(pair: Pair) -> Iterator[Effect]:
    """The first query that asks for tracking and did not before, where nothing shows that its objects are changed: then they have to be tracked."""
    for number, now in sorted(pair.became.items()):
        if now.kind != "query" or "retracked" not in now.traits or "retracked" in pair.before.effects[number].traits:
            continue
        if not any(now.number in write.made_by for write in pair.after.of("write")):
            yield now
            return


class Untold(NamedTuple):
    """``call`` told a context, under a transaction or lock, of an object that it need not know; ``save`` is without it now."""

    call: Effect
    save: Effect


def untold(pair: Pair) -> Iterator[Untold]:
    """The first object that a context is not told of any more before it saves."""
    for call in pair.before.of("tracking"):
        if call.number in pair.became or not call.holds or call.made in ("fresh", "query"):
            continue
        save = next((e for e in pair.after.of("save") if e.party == call.party and e.number in pair.was), None)
        if save is not None and not any(e.party == call.party for e in pair.after.of("tracking")):
            yield Untold(call, save)
            return


def _names(of: Trace, party: str) -> frozenset[str]:
    return frozenset(e.name for e in of.of("call", "foreign") if e.party == party)


def _is_change(of: Trace, effect: Effect, party: str) -> bool:
    if effect.kind == "tracking":
        return effect.party == party
    made = [of.effects[n] for n in effect.made_by]
    return (
        effect.kind == "write"
        and effect.made == "query"
        and any(q.party == party and not _is_untracked(q) for q in made)
    )


def _is_untracked(query: Effect) -> bool:
    return "untracked" in query.traits and not query.traits & {"retracked", "projected"}


def _sends(effect: Effect, query: Effect) -> bool:
    """Whether an effect saves what the context of the query tracks."""
    return effect.kind == "save" and effect.place is None and bool(effect.party) and effect.party == query.party


def _hands_back(effect: Effect, write: Effect) -> bool:
    """Whether the object may be given to a context again, or be sent in another way."""
    if effect.kind in ("tracking", "save", "call", "foreign") and effect.made_by & write.made_by:
        return True
    return effect.kind in ("tracking", "save") and effect.made == "query" and not effect.made_by
