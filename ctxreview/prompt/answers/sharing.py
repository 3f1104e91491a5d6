"""The team's own question: shared state, transactions, locks."""

from __future__ import annotations

from ctxreview.behaviour.effects import Effect
from ctxreview.model.phrases import listed
from ctxreview.prompt.answers.seen import Found, Place, Seen, called

_HARMLESS = ("return", "throw", "end", "log")


def shared_state(seen: Seen) -> Found:
    """The scopes that hold the selection, and the state that the functions use and that can change."""
    context = seen.context
    places: list[Place] = []
    if seen.is_held:
        enclosing = frozenset(context.enclosing)
        places = [
            seen.opening(s, f"{s.construct} holds {'the selection' if s in enclosing else 'a part of it'}")
            for s in seen.scopes
        ]
    used = [f for f in context.facts if f.is_state and not f.is_readonly]
    places += [seen.at_span(f.span, f"{f.name} is {'changed' if f.kind == 'write' else 'read'}") for f in used]
    if places:
        return Found("yes", places)
    if context.verdict != "no-scope-found":
        return Found("cannot-tell", (), "It touches none itself; whether a caller holds a scope is not known.")
    if seen.not_followed:
        return Found("cannot-tell", (), seen.not_followed)
    effects = [e for t in seen.traces for e in t.effects if not _is_harmless(e)]
    if effects:
        return Found(
            "cannot-tell",
            (),
            f"What shared state these touch was not read: {listed([called(e, seen.source) for e in effects])}.",
        )
    return Found(
        "no", (), f"No state, transaction or lock. {seen.read_with(e for t in seen.traces for e in t.effects)}"
    )


def _is_harmless(effect: Effect) -> bool:
    if effect.kind in ("read", "write"):
        return effect.place is None or not effect.place.shared
    return effect.kind in _HARMLESS
