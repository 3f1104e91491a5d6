"""What a call is made on: how surely its receiver is of a type over which the target can be reached."""

from __future__ import annotations

import re

from ctxreview.callgraph.callers.override_set import OverrideSet
from ctxreview.callgraph.repository.declared import Declared
from ctxreview.languages import load
from ctxreview.languages.lists import repository_lists
from ctxreview.languages.words import Words
from ctxreview.model.declarations import Function, TypeDecl
from ctxreview.model.facts import Reference
from ctxreview.model.kinds import Certainty
from ctxreview.model.notation import without_self
from ctxreview.model.outline import Outline
from ctxreview.outline.symbols.signatures import constraints
from ctxreview.outline.symbols.written_names import simple_type
from ctxreview.regex import regex

_COLLECTED = regex(r"\.(\w+)(?:<[^<>]*>)?\([^()]*(?:\([^()]*\)[^()]*)*\)$")


def reach(family: OverrideSet, outline: Outline, reference: Reference) -> tuple[Certainty, str] | None:
    """How surely a use of the name is one of the target, by what it is made on; ``None`` for another's."""
    on = reference.receiver
    if (on == "" or on in _words(family).own) and reference.type == "":
        return _reach_inside(family, outline, reference)
    if family.signature.extends:
        return _reach_extension(family, outline, reference)
    if family.signature.on and simple_type(reference.type) == simple_type(family.signature.on):
        return "resolved", ""
    if not reference.type and reference.form == "call":
        reference = reference._replace(type=_chained(family, outline, reference))
    if not reference.type and _gives_a_collection(on, outline.language):
        return None
    if not reference.type:
        return "assumed", f"the file does not show the type of {on}"
    return _reach_typed(family, outline, reference)


def _words(family: OverrideSet) -> Words:
    return load(family.repository.language).words


def _is_static(family: OverrideSet) -> bool:
    return not _words(family).shared.isdisjoint(family.signature.modifiers)


def _reach_typed(family: OverrideSet, outline: Outline, reference: Reference) -> tuple[Certainty, str] | None:
    """A use on something of a type that the file tells; of a type parameter, by what it has to be."""
    limits = _limits(outline, reference)
    if limits:
        reached = (_reach_declared(family, outline, reference._replace(type=limit), False) for limit in limits)
        return next((found for found in reached if found is not None), None)
    return _reach_declared(family, outline, reference, limits is not None)


def _reach_declared(
    family: OverrideSet, outline: Outline, reference: Reference, parameter: bool
) -> tuple[Certainty, str] | None:
    """``parameter`` says that the type is a type parameter, which may be anything."""
    on = reference.receiver
    known = family.repository.types.resolve(reference.type, outline, reference.name_span) if not parameter else ()
    if not known:
        near = simple_type(reference.type) == family.home.name
        parameter = parameter or re.fullmatch(r"[A-Z]|T[A-Z]\w*", simple_type(reference.type)) is not None
        if near or parameter or simple_type(reference.type) in _words(family).untyped:
            return "assumed", f"the file does not show the type of {on}"
        return (
            ("assumed", f"{simple_type(reference.type)} is not declared in this repository")
            if _may_be(family, reference)
            else None
        )
    names = {t.qualified for t in known}
    if family.home.qualified not in names and names.isdisjoint(family.reached):
        return None
    if len(names) > 1:
        return "assumed", f"{simple_type(reference.type)} is the name of {len(names)} types"
    return "resolved", ""


def _chained(family: OverrideSet, outline: Outline, reference: Reference) -> str:
    """The type of a receiver such as ``_services.Orders``, by what its parts are declared as in the repository."""
    parts = without_self(reference.receiver).replace("?", "").replace("!", "").split(".")
    if not all(p.isidentifier() for p in parts):
        return ""
    if not reference.root and not (parts[0][:1].isupper() or parts[0].startswith("_")):
        return ""  # a local variable whose type is not written
    if reference.root:
        return family.repository.hierarchy.member_type(reference.root, parts[1:], outline, reference.name_span)
    home = next(iter(outline.types_around(reference.name_span)), None)  # a member of another part, or an inherited one
    return (
        family.repository.hierarchy.member_type(home.name, parts, outline, reference.name_span)
        if home is not None
        else ""
    )


def _may_be(family: OverrideSet, reference: Reference) -> bool:
    """Whether a receiver of a type from elsewhere can be the target's: where the target's type has unknown bases."""
    return simple_type(reference.type) in family.unknown_bases


def _reach_inside(family: OverrideSet, outline: Outline, reference: Reference) -> tuple[Certainty, str] | None:
    """A use on the object itself, or without a receiver."""
    around = outline.types_around(reference.name_span)
    if reference.receiver:
        around = around[:1]
    for n, type_ in enumerate(around):
        static = _is_static(family)
        if n > 0 and not static:
            break
        home = type_.qualified
        if reference.receiver in _words(family).above:
            return _reach_base(family, Declared(outline, type_))
        if home == family.home.qualified:
            return "resolved", ""
        if home in family.reached:
            return "resolved", ""
        if home in family.below_names:
            return None  # it declares the member anew
    bare = reference.receiver == "" and _is_static(family)
    return (
        ("resolved", "") if bare and family.repository.types.imports_members(outline.source, family.home.type) else None
    )


def _reach_base(family: OverrideSet, type_: Declared) -> tuple[Certainty, str] | None:
    """A use on ``base`` in a type: it means the nearest declaration above."""
    for above in family.repository.hierarchy.climb(type_):
        name = above.qualified
        if name == family.home.qualified:
            return "resolved", ""
        if name not in family.reached and above.type.kind != "interface" and family.declares(above):
            return None
    return None


def _reach_extension(family: OverrideSet, outline: Outline, reference: Reference) -> tuple[Certainty, str] | None:
    """A call of an extension method, on a value or by its class."""
    if simple_type(reference.type) == family.home.name:
        return "resolved", ""
    wanted = simple_type(family.signature.extends)
    if not reference.type:
        return "assumed", f"the file does not show the type of {reference.receiver}"
    if simple_type(reference.type) == wanted:
        return "resolved", ""
    known = family.repository.types.resolve(reference.type, outline, reference.name_span)
    above = [t.name for k in known for t in family.repository.hierarchy.ancestors(k)[0]]
    return ("resolved", "") if wanted in above else None


def _limits(outline: Outline, reference: Reference) -> tuple[str, ...] | None:
    """The types that a receiver is at least whose type is a type parameter; ``None`` where it is none."""
    around: tuple[Function | TypeDecl, ...] = (
        *outline.functions_around(reference.name_span),
        *outline.types_around(reference.name_span),
    )
    found: dict[str, tuple[str, ...] | None] = {}
    waiting = [reference.type.rstrip("?")]
    while waiting:
        type_ = waiting.pop()
        if type_ not in found:
            text, language = outline.source.text, load(outline.language)
            heads = (constraints(text(s.opening), s.name, type_, language) for s in around if type_.isidentifier())
            found[type_] = next((of for of in heads if of is not None), None)
            waiting += found[type_] or ()
    if found[reference.type.rstrip("?")] is None:
        return None
    return tuple(type_ for type_, of in found.items() if of is None)


def _gives_a_collection(receiver: str, language: str) -> bool:
    """Whether a receiver is what a call of the library gives that is a collection or text, not a type of the repository."""
    found = _COLLECTED.search(receiver)
    return found is not None and found[1] in repository_lists(language).of("collecting")
