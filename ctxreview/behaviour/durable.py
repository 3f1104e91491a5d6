"""What has to be on disk, or whole, before the next step relies on it, and is not any more after an edit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Comparison, Pair
from ctxreview.behaviour.effects import Effect, Trace
from ctxreview.behaviour.version import version
from ctxreview.languages.behaviour import Behaviour
from ctxreview.model import il
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span


class Unsynced(NamedTuple):
    """``sync`` brought to disk, before the edit, what was written; ``drop`` relied on that and comes before it now. Without one, nothing brings it there."""

    sync: Effect
    drop: Effect | None


def unsynced(both: Comparison, about: Behaviour) -> Iterator[tuple[Pair, Unsynced]]:
    """The first of each changed function that is lost or late; what another function does instead is not lost."""
    left = sum(len(list(_syncs(p.before))) - len(list(_syncs(p.after))) for p in both.changed)
    left -= sum(1 for t in _added(both) for _ in _syncs(t))
    for pair in both.changed:
        had, has = list(_syncs(pair.before)), list(_syncs(pair.after))
        if had and not has and left > 0 and any(_writes(pair.after, about)):
            yield pair, Unsynced(had[0], None)
            continue
        late = (
            Unsynced(sync, drop)
            for drop in _drops(pair.after, about)
            for sync in had
            if (was := pair.was.get(drop.number)) is not None
            and (now := pair.became.get(sync.number)) is not None
            and sync.number < was.number
            and drop.number < now.number
        )
        yield from ((pair, one) for one in list(late)[:1])


def _added(both: Comparison) -> Iterator[Trace]:
    return iter(both.fresh(b.member.name for b in both.both.fresh))


def _syncs(of: Trace) -> Iterator[Effect]:
    return (e for e in of.effects if "durable" in e.traits)


def _drops(of: Trace, about: Behaviour) -> Iterator[Effect]:
    """What makes an older copy go away, or a newer one the one that counts."""
    return (e for e in of.of("call", "io", "signal") if about.pattern("drops").search(e.name))


def _writes(of: Trace, about: Behaviour) -> Iterator[Effect]:
    return (e for e in of.of("call", "io") if about.pattern("writes_to_disk").search(e.name))


class InItsPlace(NamedTuple):
    """``write``, after the edit, is of the file that ``move``, before it, replaced in one step."""

    write: Span
    move: Span
    name: str


def in_its_place(before: Outline, after: Outline, pair: Pair, about: Behaviour) -> InItsPlace | None:
    """The first file that a function replaced by another one in one step, and that it writes itself now."""
    moves = {target: call for call in _calls(before, pair.before) if (target := _target(call, about))}
    still = {target for call in _calls(after, pair.after) if (target := _target(call, about))}
    known = {(c.callee, il.last_name(c.arguments[0].value)) for c in _calls(before, pair.before) if c.arguments}
    for call in _calls(after, pair.after):
        given = il.last_name(call.arguments[0].value) if call.arguments else ""
        if (
            given in moves.keys() - still
            and about.pattern("writes_file").search(call.callee)
            and (call.callee, given) not in known
        ):
            return InItsPlace(call.span, moves[given].span, call.callee)
    return None


def _calls(outline: Outline, of: Trace) -> Iterator[il.Call]:
    unit = version(outline).units.get(of.function.span)
    return (n for n in il.walk(unit) if isinstance(n, il.Call)) if unit is not None else iter(())


def _target(call: il.Call, about: Behaviour) -> str:
    """What a call replaces in one step; ``""`` where it does not."""
    on = call.receiver.text if isinstance(call.receiver, il.Name) else ""
    replaces = f"{on}.{call.callee}" in about.of("replaces_file") and len(call.arguments) > 1
    return il.last_name(call.arguments[1].value) if replaces else ""
