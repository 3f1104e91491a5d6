"""Indivisible steps whose answer says who goes on, and that an edit takes away: two that come at once both do what one did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Comparison
from ctxreview.behaviour.effects import Effect
from ctxreview.behaviour.publication import is_let_in_once
from ctxreview.behaviour.version import version


class LetIn(NamedTuple):
    """``step`` said before the edit who does ``work``, which is done after it by whoever comes."""

    step: Effect
    work: Effect


def let_in(both: Comparison) -> Iterator[LetIn]:
    """The first such step of each changed function, where its state is kept: of state that is gone, see :func:`.publication.resynchronised`."""
    for pair in both.changed:
        kept = {e.place for e in pair.after.effects if "atomic" in e.traits}
        for step in pair.before.of("write"):
            if not step.traits >= _ANSWERS or step.locks or step.place is None or step.place.kind != "state":
                continue
            home, _, name = step.place.key.rpartition(".")
            if step.number in pair.became or step.place in kept or version(both.after).state(home, name) is None:
                continue
            decided = (e for e in pair.before.effects if step.number in e.decided_by and e.is_seen)
            then = [now for e in decided if (now := pair.became.get(e.number)) is not None and now.kind != "read"]
            if then and not any(now.locks or is_let_in_once(pair.after, now) for now in then):
                yield LetIn(step, then[0])
                break


_ANSWERS = frozenset({"atomic", "both ways"})
