"""What is done once, and may be done again when a retry runs it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Pair
from ctxreview.behaviour.effects import Effect, Hold


class Repeated(NamedTuple):
    """``effect`` was done once before the edit, and is done again whenever ``hold`` runs its delegate again."""

    effect: Effect
    hold: Hold


def repeated(pair: Pair) -> Iterator[Repeated]:
    """What leaves the process, or changes what it reads, and comes under a retry by the edit: the first of each kind."""
    told: set[tuple[int, str]] = set()
    for number, now in sorted(pair.became.items()):
        hold = next((h for h in now.holds if h.kind == "retry"), None)
        was = pair.before.effects[number]
        if hold is None or any(h.kind == "retry" for h in was.holds) or (hold.section, now.kind) in told:
            continue
        if now.kind in ("io", "spawn", "foreign") or _adds_up(now):
            told.add((hold.section, now.kind))
            yield Repeated(now, hold)


def _adds_up(effect: Effect) -> bool:
    """Whether a write changes what stays when the database has undone its part."""
    place = effect.place
    return (
        effect.kind == "write"
        and "both ways" in effect.traits
        and place is not None
        and place.kind not in ("rows", "object")
    )
