"""What tells a member from every other one of a file: its type, interface, name, kind and the types of its parameters."""

from __future__ import annotations

import re
from typing import NamedTuple

from ctxreview.behaviour.body import Body
from ctxreview.behaviour.same import Same
from ctxreview.kept import kept
from ctxreview.languages import load
from ctxreview.model.declarations import Function, Member
from ctxreview.model.notation import SELF
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span
from ctxreview.outline.symbols.signatures import signature


class Identity(NamedTuple):
    """What tells a member from every other one of a file."""

    type: str
    interface: str
    name: str
    kind: str
    generic: int
    parameters: tuple[str, ...]


def identity(body: Body) -> Identity:
    """The identity of a member."""
    outline, member = body.outline, body.member
    language = load(outline.language)
    words = language.words
    type_ = home_of(body)
    name: str = member.name
    kind: str = member.kind
    if kind in ("property", "accessor", "indexer"):
        head = _property_head(outline, member)
        name = name if "." in name else f"{name}.get"
        own = name.rpartition(".")[0]
        declared = rf"\b{SELF}\s*\[(.*)\]" if own == language.shape.nameless else rf"(?<![\w@])@?{re.escape(own)}\b()"
        found = re.search(declared, head, re.DOTALL)
        before = head[: found.start()] if found is not None else ""
        explicit = re.search(r"([\w<>, ]+)\.\s*$", before)
        listed = signature(f"M({found[1]})", "M", language).parameters if found is not None and found[1] else ()
        return Identity(
            type_, _flat(explicit[1]) if explicit else "", name, "", 0, tuple(_flat(p.type) for p in listed)
        )
    head = outline.source.text(Span(member.span.start, member.opening.end))
    said = signature(head, name, language)
    if kind == "constructor" and words.shared & said.modifiers:
        kind = "static constructor"
    types = (f"{' '.join(sorted(p.passed & words.referring))} {p.type}" for p in said.parameters)
    return Identity(type_, _flat(said.interface), name, kind, said.generic, tuple(_flat(t) for t in types))


def _property_head(outline: Outline, member: Function) -> str:
    """What declares the property or indexer that a function belongs to."""
    around = _declaring(Same(outline)).get(member.name.partition(".")[0], [])
    held = next((m for m in around if m.span.contains(member.span)), None)
    end = member.opening.end if member.opening.end > member.span.start else member.span.end
    text = outline.source.text(Span(held.span.start if held is not None else member.span.start, end))
    return re.split(r"\{|=>", text, maxsplit=1)[0]


@kept(16)
def _declaring(same: Same) -> dict[str, list[Member]]:
    """The properties, indexers and events of a file by name."""
    found: dict[str, list[Member]] = {}
    for member in same.outline.members:
        if member.kind != "field":
            for name in member.names:
                found.setdefault(name, []).append(member)
    return found


def _flat(written: str) -> str:
    return "".join(written.split())


def home_of(body: Body) -> str:
    """The type that declares a member, with the types and namespaces around it."""
    around = body.outline.type_of(body.member.span)
    return (around.qualified or around.name) if around is not None else body.member.container
