"""State that an edit gave another name and nothing else: declared as before, and named as often."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from ctxreview.behaviour.body import Same
from ctxreview.behaviour.effects import Effect, Hold, Trace
from ctxreview.behaviour.lock_usage import masked_source
from ctxreview.behaviour.version import State, version
from ctxreview.model.outline import Outline

_WORD = re.compile(rb"[A-Za-z_]\w*")


def renamed_state(before: Outline, after: Outline) -> Mapping[str, State]:
    """The state after the edit by the keys that it had before."""
    return _renamed_state(Same(before), Same(after))


@lru_cache(maxsize=4)
def _renamed_state(one: Same, two: Same) -> Mapping[str, State]:
    before, after = one.outline, two.outline
    old, new = ({s.key: s for s in version(o).states} for o in (before, after))
    gone, fresh = ([s for key, s in a.items() if key not in b] for a, b in ((old, new), (new, old)))
    if not gone or not fresh:
        return {}
    had, has = (Counter(_WORD.findall(masked_source(o))) for o in (before, after))
    found = {}
    for state in gone:
        like = [
            s
            for s in fresh
            if _declared(s, after) == _declared(state, before)
            and has[s.name.encode()] - had[s.name.encode()] == had[state.name.encode()] - has[state.name.encode()] > 0
        ]
        if len(like) == 1:
            found[state.key] = like[0]
    return found


def _declared(state: State, outline: Outline) -> tuple[str, str, str]:
    """The home, the type and the declaration of state, without its name and layout."""
    text = re.sub(rf"\b{re.escape(state.name)}\b", "", outline.source.text(state.member.span))
    return state.home, "".join(state.type.split()), "".join(text.split())


def under_new_names(of: Trace, names: Mapping[str, State]) -> Trace:
    """A trace of the version before the edit, with the keys of state as they are after it."""
    if not names:
        return of
    pattern = re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, names))})(?!\w)")

    def named(text: str) -> str:
        return pattern.sub(lambda m: names[m[0]].key, text)

    def held(holds: tuple[Hold, ...]) -> tuple[Hold, ...]:
        return tuple(h._replace(key=named(h.key)) for h in holds)

    def effect(e: Effect) -> Effect:
        place = e.place._replace(key=named(e.place.key), of=named(e.place.of)) if e.place is not None else None
        return e._replace(
            key=named(e.key), place=place, party=named(e.party), holds=held(e.holds), lapsed=held(e.lapsed)
        )

    return of._replace(effects=tuple(map(effect, of.effects)), sections=held(of.sections))
