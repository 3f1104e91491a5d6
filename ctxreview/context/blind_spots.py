"""What is not known of a selection: one sentence for each thing that was not followed or not found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ctxreview.languages import Language, language_of
from ctxreview.model.declarations import Function, TypeDecl
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Excerpt, Surroundings
from ctxreview.model.source import Source, Span
from ctxreview.regex import regex

_CALLED = regex(r"\b(\w+)\s*(?:<[\w, ]*>)?\(")


def blind_spots_in_file(
    pointed: Span,
    outline: Outline,
    functions: tuple[Function, ...],
    members: list[Function],
    scopes: tuple[Region, ...],
    around_it: tuple[Region, ...],
    types: tuple[TypeDecl, ...],
) -> Iterable[str]:
    """What the selected file does not tell: of scopes, and of what the parser could not read."""
    source = outline.source
    if not functions:
        yield "The selection is outside every function; what runs it, and under which lock, is unknown."
    around = frozenset(around_it)
    for scope in scopes:
        yield from _scope_blind_spots(scope, scope in around, pointed, source, functions)
    broken = [
        e for e in outline.parse.errors if any(m.span.overlaps(Span(e.start, e.end + 1)) for m in members or types)
    ]
    if broken:
        lines = ", ".join(str(source.line_of(e.start)) for e in broken[:5])
        yield f"The parser could not read this code at line {lines}; scopes there may be missed."
    if source.encoding in ("cp1252", "latin-1"):
        yield f"The file is not UTF-8; it was read as {source.encoding}."


def blind_spots_beyond(
    members: list[Function], types: tuple[TypeDecl, ...], source: Source, beyond: Surroundings | None
) -> Iterable[str]:
    """What only other files could tell, where they were not looked at."""
    if beyond is not None:
        return
    for member in members:
        yield (
            f"Who calls {member.name}: other files were not searched, so a transaction or lock that a caller "
            "opens is not visible."
        )
    language = language_of(source.path)
    for type_ in types:
        before, _, bases = _parts_of_head(source.data[type_.opening.start : type_.opening.end], type_.name, language)
        for word in language.words.partial.intersection(before.split()):
            yield f"{type_.name} is {word}: its parts in other files were not read."
        if bases and type_.kind != "enum":
            yield f"{type_.name} derives from {bases}: the members declared there were not read."


def _parts_of_head(head: bytes, name: str, language: Language) -> tuple[str, str, str]:
    """What is before the type's name, after it and after what begins its bases; without attributes, parameters and constraints."""
    bare, shorter = "", language.lex(head).masked.decode("utf-8", "replace")
    while bare != shorter:
        bare, shorter = shorter, re.sub(r"\([^()]*\)|\[[^\[\]]*\]", "", shorter)
    before, _, after = language.words.bases_ended.split(bare)[0].partition(name)
    parameters, *bases = language.words.bases_marked.split(after, maxsplit=1)
    return before, parameters.strip(), " ".join("".join(bases).split())


def _scope_blind_spots(
    scope: Region, encloses: bool, pointed: Span, source: Source, functions: tuple[Function, ...]
) -> Iterable[str]:
    first, last = source.lines_of(scope.span)
    if not encloses and scope.span.contains(pointed):
        inner = functions[0]
        yield (
            f"The selection is in a {inner.kind} inside the {scope.construct} of lines "
            f"{first}-{last}; it runs when it is called, possibly after that scope has ended."
        )
    gap = next((g for g in scope.excluded if g.contains(pointed)), None)
    if gap is not None and encloses:
        a, b = source.lines_of(gap)
        why = "that branch runs when it was not acquired" if scope.kind == "lock" else "it has completed by then"
        yield f"The selection is within the {scope.construct} of lines {first}-{last} but in lines {a}-{b}, where {why}."
    if scope.certainty == "assumed":
        yield f"That the {scope.construct} at line {first} holds a {scope.kind} is assumed from names, not proven."
    if scope.isolation is not None and scope.isolation.is_open:
        yield f"The isolation level of the {scope.construct} at line {first} is {scope.isolation.text}: not found."


def calls_not_shown(outline: Outline, members: list[Function], excerpts: Sequence[Excerpt]) -> Iterable[str]:
    """The members of the same file that the code calls by name, and of which ``excerpts``, those of other places, show nothing."""
    shown = [e.span for e in excerpts if e.role == "callee" and e.source.path == outline.source.path]
    own = {m.name for m in members} | {f.name for f in outline.functions if any(s.overlaps(f.span) for s in shown)}
    code = "\n".join(outline.source.text(m.span) for m in members)
    names = [name for name in outline.methods if name in code and name not in own]
    called = set(_CALLED.findall(code)) if names else set[str]()
    if called.intersection(names):
        yield f"The code of these calls is not shown: {', '.join(n for n in names if n in called)}."
