"""Which overload a call means, by its arguments."""

from __future__ import annotations

from collections.abc import Sequence

from ctxreview.callgraph.callers.override_set import OverrideSet
from ctxreview.languages import load
from ctxreview.languages.words import Words
from ctxreview.model.facts import Argument, Reference
from ctxreview.outline.symbols.signatures import Cost, Signature, cost, is_inferred
from ctxreview.outline.symbols.written_names import simple_type


def overload_doubt(family: OverrideSet, reference: Reference) -> str | None:
    """``""`` where the call is the target's, a doubt in words where it may be another overload's, ``None`` where it is."""
    extended = bool(family.signature.extends) and simple_type(reference.type) != family.home.name
    given = reference.arguments
    if reference.generic and reference.generic != family.signature.generic:
        return None
    words = load(family.repository.language).words
    own = _cost(family.signature, given, extended, words)
    if own is None or not (reference.generic or is_inferred(family.signature)):
        return None
    doubt = False
    for other in family.overloads:
        if reference.generic != other.generic if reference.generic else not is_inferred(other):
            continue
        theirs = _cost(other, given, extended, words)
        if theirs is None or theirs > own:
            continue
        # A method without type parameters is the better one only where its parameters are of the same types.
        open_ = theirs.converted == own.converted and own.generic and not all(a.shape for a in given)
        if theirs < own and not open_:
            return None
        doubt = True
    return f"its arguments also fit another overload of {family.target.name}" if doubt else ""


def _cost(declared: Signature, given: Sequence[Argument], extended: bool, words: Words) -> Cost | None:
    return cost(declared.without_receiver() if extended and declared.extends else declared, given, words)
