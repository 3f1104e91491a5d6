"""Calls that wait, or act only on what their caller saw or owns, and that an edit replaces by ones which act, or give up, whatever there is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Comparison, Pair
from ctxreview.behaviour.effects import Effect, Trace
from ctxreview.behaviour.version import Version, version
from ctxreview.model.outline import Outline


class Weakened(NamedTuple):
    """``before`` is done no more, and ``now`` instead of it."""

    before: Effect
    now: Effect


def refused(both: Comparison, pair: Pair) -> Iterator[Weakened]:
    """What was handed over when there was room for it, and is dropped now where there is none: nobody looks at the answer."""
    about = version(both.after).about
    if about.pattern("has_room").search(both.after.source.data.decode("utf-8", "replace")):
        return

    def waits(_: Trace, effect: Effect) -> bool:
        return about.has("waits_for_room", effect.name) and "task" in effect.traits

    def gives_up(of: Trace, effect: Effect) -> bool:
        return about.has("may_refuse", effect.name) and not any(effect.number in e.depends for e in of.effects)

    yield from _instead(pair, waits, gives_up)


def overwritten(both: Comparison, pair: Pair) -> Iterator[Weakened]:
    """Entries that were changed if they were the ones that were seen, or added if there was none, and are changed whatever they are now."""

    def compares(of: Trace, effect: Effect) -> bool:
        about = version(both.after).about
        asked = any(effect.number in e.depends for e in of.effects)
        adds = effect.kind == "write" and about.has("adds_new", effect.name) and "atomic" in effect.traits
        return (adds and asked) or _compares(both, of is pair.after, effect)

    def puts(of: Trace, effect: Effect) -> bool:
        about = version(both.after).about
        changes = about.has("removes", effect.name) or about.has("puts", effect.name)
        return effect.kind == "write" and changes and not effect.locks and not compares(of, effect)

    for one in _instead(pair, compares, puts):
        if one.now.place == one.before.place and _is_removal(version(both.after), one.before) == _is_removal(
            version(both.after), one.now
        ):
            yield one


def disowned(both: Comparison, pair: Pair) -> Iterator[Weakened]:
    """Keys that were deleted or changed if they had some value, and are so whatever they have now, or after a look at them."""
    about = version(both.after).about

    def acts(of: Trace, effect: Effect) -> bool:
        asked = about.has("changes_key", effect.name) and any(
            about.has("asks_key", e.name) for e in of.effects[: effect.number]
        )
        return asked or about.has("deletes_any", effect.name)

    yield from _instead(pair, lambda _, effect: about.has("deletes_own", effect.name), acts)


def _instead(
    pair: Pair, strong: Callable[[Trace, Effect], bool], weak: Callable[[Trace, Effect], bool]
) -> Iterator[Weakened]:
    """The first call of one kind where an edit leaves fewer of these and makes more of the other kind."""
    had, has = ([e for e in of.effects if strong(of, e)] for of in (pair.before, pair.after))
    were, are = ([e for e in of.effects if weak(of, e)] for of in (pair.before, pair.after))
    if len(has) >= len(had) or len(are) <= len(were):
        return
    known = {e.key for e in has}
    gone = next((e for e in had if e.key not in known), had[0])
    old = {pair.became[e.number].number for e in were if e.number in pair.became}
    now = next((e for e in are if e.number not in old and e.place == gone.place), None)
    now = now if now is not None else next((e for e in are if e.number not in old), are[-1])
    yield Weakened(gone, now)


def _compares(both: Comparison, is_after: bool, effect: Effect) -> bool:
    """Whether a change of an entry is made only if that is still the one which the call is given."""
    outline: Outline = both.after if is_after else both.before
    about = version(outline).about
    if effect.kind != "write":
        return False
    if "atomic" not in effect.traits:
        return about.has("compares_pair", effect.name) and _is_by_pair(both, is_after, effect)
    if about.has("compares", effect.name):
        return True
    said = outline.source.text(effect.span)
    given = re.search(rf"\b{re.escape(effect.name)}\s*\((.*)\)$", said, re.DOTALL) if not effect.path else None
    return about.has("compares_entry", effect.name) and given is not None and not re.search(r"\bout\b", given[1])


def _is_by_pair(both: Comparison, is_after: bool, effect: Effect) -> bool:
    """Whether a call reaches a collection made for several threads as one of keys with their values, of which it is given both."""
    of = version(both.after if is_after else both.before)
    home, _, name = effect.place.of.rpartition(".") if effect.place is not None else ("", "", "")
    state = of.state(home, name)
    member = of.outline.member_of(effect.span)
    text = of.outline.source.text(member.span) if member is not None and not effect.path else ""
    return state is not None and of.is_concurrent(state.type) and bool(of.about.pattern("by_pair").search(text))


def _is_removal(of: Version, effect: Effect) -> bool:
    return of.about.has("removes", effect.name)
