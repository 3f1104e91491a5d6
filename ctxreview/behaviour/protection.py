"""What the locks and transactions around a place protect, by the traces of those who use them or the same state.

A lock protects a place if all that changes it after construction does so under that lock. Which functions matter is told by their text:
no other is read, lowered or traced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ctxreview.behaviour.effects import Effect, Hold
from ctxreview.behaviour.guarded import Guarded
from ctxreview.behaviour.places import lines
from ctxreview.behaviour.same_lock import is_stable
from ctxreview.behaviour.tracing import trace
from ctxreview.behaviour.users import Users, lock_words
from ctxreview.behaviour.version import Version, version
from ctxreview.model.notation import OPTIONAL_AWAIT
from ctxreview.model.outline import Outline
from ctxreview.model.protection import Decision, Protection, Step, TransactionProtection
from ctxreview.model.regions import NO_SCOPE, Region
from ctxreview.model.source import Span
from ctxreview.outline import outline as outlined
from ctxreview.regex import regex

_CHAIN = regex(rf"{OPTIONAL_AWAIT}(\w+(?:\s*[?!]?\.\s*\w+)*)")


def protections(outline: Outline, regions: Sequence[Region]) -> tuple[Protection, ...]:
    """What each of some regions of a file protects; nothing of those that hold nothing, or of which nothing is known.

    Of an outline that has not read all bodies, those that matter are read.
    """
    told: list[Protection] = []
    seen: set[str] = set()
    for region in (r for r in regions if r.mode not in NO_SCOPE):
        there = outline if outline.has_read(region.owner) else outlined_with(outline, region, (region.owner,))
        hold = _hold(there, region)
        if hold is not None and hold.kind == "transaction":
            told += _transaction(there, region, hold)
        elif hold is not None and hold.kind == "lock" and hold.key not in seen:
            found = _guarded(there, region, hold)
            if found is not None and found.key not in seen:
                told.append(found.protection(region, region.certainty))
            seen |= {hold.key, found.key if found is not None else hold.key}
    return tuple(told)


def _hold(outline: Outline, region: Region) -> Hold | None:
    """The transaction or lock that a region is, in the trace of the member that takes it."""
    member = outline.member_of(region.owner)
    of = trace(outline, member) if member is not None else None
    return next((h for h in of.sections if h.region.span == region.span), None) if of is not None else None


def _guarded(outline: Outline, region: Region, hold: Hold) -> Guarded | None:
    """What the lock of a region protects; ``None`` where it may be another object each time that it is taken."""
    users, lock = Users(version(outline)), hold
    if outline.unread:
        wanted = users.around(lock_words(users.version, hold))
        read = outlined_with(outline, region, [region.owner, *(f.span for f in wanted)])
        users = Users(version(read)).beyond(users.left_out)
        lock = _hold(read, region) or hold  # which object a property gives is known now
    return Guarded(users, lock) if is_stable(users.version, lock) else None


def outlined_with(outline: Outline, region: Region, within: Iterable[Span]) -> Outline:
    """The file again, with the functions at some places read, in the ``#if`` branch of a region."""
    calls = outline.wrappers._replace(calls=())
    return outlined(outline.source, region.opening.start, calls, tuple(sorted(set(within))))


# Transactions.


def _transaction(outline: Outline, region: Region, hold: Hold) -> Iterator[TransactionProtection]:
    member = outline.member_of(region.owner)
    of = trace(outline, member) if member is not None else None
    if of is None:
        return
    about = version(outline)
    inside = [e for e in of.within(hold) if _is_on(e, hold)]
    writes = [e for e in inside if _writes(e, about)]
    decisions = [
        Decision(_step(outline, query), tuple(_step(outline, w) for w in writes if of.decides(query, w)))
        for query in inside
        if query.kind == "query"
    ]
    hints = tuple(
        Step(f.sql, lines(outline, f.span))
        for f in outline.facts
        if f.kind == "sql-hint" and f.sql and outline.under(f.span, region)
    )
    isolation = region.isolation
    level = isolation.level if isolation is not None and not isolation.default else ""
    if writes:
        yield TransactionProtection(
            region,
            "assumed",
            tuple(dict.fromkeys(_step(outline, w) for w in writes)),
            tuple(d for d in decisions if d.writes),
            level,
            hints,
        )


def _is_on(effect: Effect, hold: Hold) -> bool:
    """Whether an effect goes through what the transaction is on; an ambient one takes in all."""
    return hold.key == "ambient" or not effect.party or effect.party == hold.key


def _writes(effect: Effect, about: Version) -> bool:
    """Whether an effect changes rows, or what will be saved."""
    if effect.kind == "write":
        return effect.place is not None and effect.place.kind == "rows"
    return effect.kind == "save" or (
        effect.kind == "call" and bool(effect.party) and about.about.has("changes", effect.name)
    )


def _step(outline: Outline, effect: Effect) -> Step:
    """What is called or written by an effect, as the code names it."""
    at = effect.at._replace(what="")
    if effect.place is not None and effect.kind == "write":
        return Step(effect.place.key, at)
    chain = _CHAIN.match(outline.source.text(effect.span)) if not effect.path else None
    queries = version(outline).queries
    steps = [s for s in re.split(r"\W+", chain[1]) if s] if chain is not None else []
    while steps and (steps[-1] == effect.name or steps[-1] in queries.through | queries.asking | queries.linq):
        steps.pop()
    name = f"{steps[-1]}.{effect.name}" if steps and effect.name else effect.name
    return Step(name or effect.key, at)
