"""Forms E and F: lambdas that an executor runs, and members that an attribute puts under a scope."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from ctxreview.kept import kept
from ctxreview.languages import Construct, Language, nodes, parents
from ctxreview.model.declarations import Function, TypeDecl
from ctxreview.model.kinds import Form
from ctxreview.model.notation import SELF
from ctxreview.model.regions import Region
from ctxreview.model.source import Span
from ctxreview.outline.file_view import FileView
from ctxreview.outline.scopes.block import ASSUMED, isolation
from ctxreview.regex import regex

if TYPE_CHECKING:
    from tree_sitter import Node

_WORD = regex(r"\w+")


def callbacks(page: FileView) -> Iterator[Region]:
    """Lambdas that an executor runs under a transaction or lock: its first lambda, where it is given several."""
    named = page.language.named("runs")
    for node, name in page.calls:
        on = page.syntax.receiver(node)
        by = page.syntax.simple_name(on) if on is not None and page.syntax.is_path(on) else ""
        assumed = _runs_by_name(page.language, name, by)
        if (name not in named and assumed is None) or page.opens_nothing(node):
            continue
        given = next((a for a in page.syntax.arguments_of(node) if a.type in page.syntax.deferred), None)
        if given is None:
            continue
        span = nodes.span(given)
        known = page.constructs("runs", node)
        for construct in (c for c in known if c.resolved) if known and known[0].resolved else known[:1]:
            made = _scope(construct, name, "callback", span, Span(span.start, span.start), nodes.text(on), page)
            yield made._replace(isolation=isolation(construct, node, page))
        if not known and assumed is not None:
            made = _scope(assumed, name, "callback", span, Span(span.start, span.start), nodes.text(on), page)
            yield made._replace(certainty="assumed")


@kept(4096)
def _runs_by_name(language: Language, name: str, on: str) -> Construct | None:
    """What a call of that name, on what is named so, is assumed to run its lambda under."""
    for looks in language.looks_like:
        by_runner = looks.runner and re.search(looks.runner, on) and re.search(looks.running, name)
        if by_runner or re.search(looks.runs, name):
            return Construct(name, looks.kind, note=ASSUMED)
    return None


def handed(group: Node, page: FileView) -> Region | None:
    """The scope in which an executor runs a method that it is handed by name: from its call's start to its end."""
    call = page.syntax.called_with(group)
    if call is None:
        return None
    name, on = page.syntax.call_name(call), page.syntax.receiver(call)
    constructs = page.constructs("runs", call)
    runs = (
        a
        for a in page.syntax.arguments_of(call)
        if a.type in page.syntax.deferred or page.syntax.simple_name(a)[:1].isupper()
    )
    if not constructs or next(runs, None) != group:
        return None
    span = nodes.span(call)
    made = _scope(constructs[0], name, "callback", span, Span(span.start, span.start), nodes.text(on), page)
    return made._replace(owner=page.owner_span(call), isolation=isolation(constructs[0], call, page))


def attributes(page: FileView) -> Iterator[Region]:
    """Members and types that an attribute or modifier marks, and those that implement what is marked in the same file."""
    table: dict[str, list[tuple[Construct, str]]] = {}
    for entry, constructs in page.language.table("attributes").items():
        name, _, needs = entry.partition("(")
        table.setdefault(name, []).extend((c, needs.rstrip(")")) for c in constructs)
    related: _Related | None = None
    for node in page.captures.get("attribute", []):
        name = page.syntax.simple_name(page.syntax.name(node)).removesuffix(page.language.words.marking)
        marked = next(islice(parents.ancestors(node), 1, None), None) if name in table else None
        if marked is None:
            continue
        for construct, needs in table[name]:
            if needs in nodes.text(node):
                head = nodes.span(node)
                shown = construct.construct
                yield _scope(construct, shown, "attribute", nodes.span(marked), head, SELF, page)
                related = related or _Related(page)
                yield from _inherited(construct, marked, page, related)
    words = page.language.table("modifiers")
    for node in page.captures.get("function", []) if words else ():
        for modifier in page.syntax.modifiers_of(node):
            for construct in words.get(nodes.text(modifier), ()):
                head = nodes.span(modifier)
                yield _scope(construct, construct.construct, "attribute", nodes.span(node), head, SELF, page)


class _Related:
    """The types of a file by the words of what they derive from, and its functions by their types' and their own names."""

    def __init__(self, page: FileView) -> None:
        self.deriving: defaultdict[str, list[TypeDecl]] = defaultdict(list)
        self.functions: defaultdict[tuple[str, str], list[Function]] = defaultdict(list)
        for type_ in page.types.scopes:
            for word in set(_WORD.findall(page.source.text(type_.opening).partition(":")[2])):
                self.deriving[word].append(type_)
        for function in page.functions.scopes:
            self.functions[function.container, function.name].append(function)


def _inherited(construct: Construct, marked: Node, page: FileView, related: _Related) -> Iterator[Region]:
    """The same for members that implement or override a marked one, or whose type derives from a marked type."""
    whole = nodes.span(marked)
    marked_type = page.types.innermost(whole)
    if marked_type is None:
        return
    method = page.functions.innermost(whole)
    for type_ in related.deriving[marked_type.name]:
        if type_ == marked_type:
            continue
        spans = [type_.span]
        if method is not None and method.span == whole:
            spans = [f.span for f in related.functions[type_.name, method.name]]
        for span in spans:
            made = _scope(construct, construct.construct, "attribute", span, Span(span.start, span.start), SELF, page)
            yield made._replace(certainty="resolved", note=f"{made.note} The mark is on {marked_type.name}.".strip())


def _scope(
    construct: Construct, shown: str, form: Form, span: Span, head: Span, resource: str, page: FileView
) -> Region:
    return Region(
        kind=construct.kind,
        span=span,
        name=construct.construct,
        construct=shown,
        form=form,
        opening=head,
        closing=Span(span.end - 1, span.end),
        resource=resource,
        mode=construct.mode if construct.kind == "lock" or construct.mode == "retried" or construct.resolved else "",
        isolation=construct.isolation,
        async_flow=construct.flows,
        owner=span,
        certainty="resolved" if construct.resolved else "syntactic",
        note=construct.note,
        reruns=construct.reruns,
    )
