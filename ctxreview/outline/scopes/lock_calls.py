"""The calls of a file that take or release something, and what is known of what they are called on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.languages import Construct, nodes
from ctxreview.languages.words import any_of
from ctxreview.model.notation import without_self
from ctxreview.model.source import Span
from ctxreview.outline.file_view import FileView
from ctxreview.outline.scopes.block import declared_type
from ctxreview.outline.scopes.slots import slots

if TYPE_CHECKING:
    from tree_sitter import Node


class LockCall(NamedTuple):
    """An acquire or a release; ``certain`` when the name or the declared type leaves no doubt.

    ``by`` is the type's own method that does it, where it is done by a call of one; ``""`` where it is done here.
    ``assumed`` says that only that method's name tells what it does. ``slots`` is how many may hold it at once.
    """

    node: Node
    resource: str
    constructs: tuple[Construct, ...]
    acquires: bool
    certain: bool
    by: str = ""
    assumed: bool = False
    slots: int = 1


CallsByReceiver = dict[tuple[Span, str], list[LockCall]]
"""Acquires and releases by function and receiver, in source order."""


def lock_calls(page: FileView) -> CallsByReceiver:
    """The calls that take or release something, signals aside."""
    named = page.language.named("acquires") | page.language.named("releases")
    found: CallsByReceiver = {}
    known: dict[tuple[str, Span | None], int] = {}
    for node, name in page.calls:
        if name not in named:
            continue
        for field in ("acquires", "releases"):
            event = _event(node, name, field, page)
            if event is None:
                continue
            count = slots(event.node, event.resource, event.constructs, page, known)
            if count:  # else a signal, which nobody holds
                key = page.owner_span(node), without_self(event.resource)
                found.setdefault(key, []).append(event._replace(slots=count))
    return found


def _event(node: Node, name: str, field: str, page: FileView) -> LockCall | None:
    on = page.syntax.receiver(node)
    table = page.language.table(field)
    known = table.get(f"{page.syntax.simple_name(on)}.{name}")
    if known:  # a static class such as Monitor: the first argument is what is locked
        given = page.syntax.arguments_of(node)
        return LockCall(node, nodes.text(given[0]), known, field == "acquires", certain=True) if given else None
    known = table.get(name)
    if not known or on is None:
        return None
    resource = nodes.text(on)
    if resource in page.language.words.own:
        return None
    declared = declared_type(page, resource, nodes.span(on)) or _type_here(node, resource, page)
    certain = tuple(c for c in known if declared in c.types)
    known = tuple(c for c in known if not c.on or re.search(c.on, resource))
    if declared and not _sounds_like_lock(declared, page):
        known = tuple(
            c for c in known if not (c.types and c.kind == "lock")
        )  # something else that has calls of these names
    if not certain and not known:
        return None
    return LockCall(node, resource, certain or known, field == "acquires", bool(certain))


def _sounds_like_lock(type_: str, page: FileView) -> bool:
    """Whether a type is taken for one of locks by its name alone, without the letter of an interface."""
    names = (type_, type_[1:])
    return any(
        looks.kind == "lock" and looks.on and re.search(looks.on, name)
        for looks in page.language.looks_like
        for name in names
    )


_MADE_HERE = r"\b{name}\s*=[^=;][^;]*?\b{new}\s+(?:\w+\.)*(\w+)\s*\("
_TYPED = r"\b([A-Z]\w*)\??\s+{name}\s*[=,);]"
_GIVEN = r"\b{name}\s*=[^=;(]*?\w<(?:\w+\.)*(\w+)>\("
"""What a call gives that names one type: nearly always that."""
_NEAR = 4_000
"""Bytes before a use in which a variable's type is looked for."""


def _type_here(node: Node, resource: str, page: FileView) -> str:
    """The type of a local variable or parameter that the function tells, or of an entry of a collection; ``""`` for none."""
    name, _, entry = resource.partition("[")
    if entry and (
        kept := re.search(r"([A-Z]\w*)\s*(?:>+|\[\])\??$", page.declared(without_self(name), nodes.span(node)) or "")
    ):
        return kept[1]
    member = page.functions.outermost(nodes.span(node)) if name.isidentifier() and not entry else None
    statement = page.syntax.statement_of(node)
    if member is None or (statement is not None and statement.type in page.syntax.subject_statements):
        return ""
    before = page.source.text(Span(max(member.span.start, node.start_byte - _NEAR), node.start_byte))
    for form in (_MADE_HERE, _TYPED, _GIVEN):
        found = re.findall(form.format(name=re.escape(name), new=any_of(page.language.words.creating)), before)
        if found:
            return str(found[-1])
    return ""
