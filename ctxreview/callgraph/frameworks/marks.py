"""Attributes on bases in other files that may put a scope around a function: whether an interceptor acts on them is assumed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ctxreview.callgraph.callers.callee import Callee
from ctxreview.callgraph.frameworks.interceptors import place_of, scope_around_the_rest
from ctxreview.callgraph.repository.declared import Declared
from ctxreview.callgraph.repository.index import Repository
from ctxreview.languages import load
from ctxreview.languages.lists import Lists, repository_lists
from ctxreview.model.declarations import Function
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.source import Span


def scopes_of_marks(outline: Outline, functions: Sequence[Function], repository: Repository) -> Iterator[Region]:
    """The scopes that marks in other files may put around the functions: on what they implement or override, or on its type.

    Whether an interceptor acts on a mark is not in the source: they are assumed.
    """
    for function in functions:
        home = outline.type_of(function.span)
        if home is None or function.kind != "method":
            continue
        count = len(Callee(outline, function).signature.parameters)
        for part in repository.hierarchy.ancestors(Declared(outline, home))[0]:
            there, source = part.outline, part.outline.source
            same = [f for f in part.functions if f.name == function.name]
            owners = {f.span for f in same if len(Callee(there, f).signature.parameters) == count}
            for scope in there.regions if source.path != outline.source.path else ():
                covers = scope.owner in owners or (bool(owners) and scope.span == part.type.span)
                if scope.form == "attribute" and scope.opening.size > 1 and covers:
                    where = f"The attribute is on {part.name} ({source.path}:{source.line_of(scope.opening.start)})."
                    yield scope._replace(
                        span=function.span,
                        opening=Span(function.span.start, function.span.start),
                        closing=Span(function.span.end - 1, function.span.end),
                        owner=function.span,
                        container=function.container,
                        certainty="assumed",
                        note=f"{scope.note} {where}".strip(),
                        intent=None,
                    )


def marks_on_bases(own: Declared, above: Sequence[Declared], names: set[str], repository: Repository) -> Iterator[str]:
    """Attributes on bases in other files: those that the catalogue knows, and those that hold a scope themselves."""
    for part in (*repository.types.parts(own), *above):
        there = part.outline
        source = there.source
        elsewhere = part.qualified != own.qualified
        named = [f for f in part.functions if f.name in names]
        owners = {f.span for f in named}
        for scope in there.regions:
            covers = scope.span == part.type.span or scope.owner in owners
            if elsewhere and scope.form == "attribute" and covers and scope.opening.size > 1:
                line = source.line_of(scope.opening.start)
                mark = source.text(scope.opening)
                yield (
                    f"{part.name} is marked [{mark}] ({source.path}:{line}), which an interceptor may act on with a "
                    f"{scope.kind}: assumed, not proven."
                )
        heads = [part.type.opening, *(f.opening for f in named)]
        for head in heads:
            for mark in mark_names(there, head):
                whole = f"{mark}{load(there.language).words.marking}"
                for declared in (d for name in dict.fromkeys((whole, mark)) for d in repository.types.named(name)):
                    opened = scope_around_the_rest(declared, repository)
                    if opened is not None:
                        line = source.line_of(head.start + max(0, source.text(head).find(mark)))
                        yield (
                            f"[{mark}] at {source.path}:{line} is {declared.name} ({place_of(declared)}), which holds its own "
                            f"{opened.construct}: that it does so around this code is assumed."
                        )


def mark_names(there: Outline, head: Span) -> list[str]:
    """The names of the attributes at the beginning of a head, as they are written."""
    lists = repository_lists(there.language)
    return re.findall(lists.text("mark"), _attributes(there, head, lists), re.MULTILINE)


def _attributes(there: Outline, head: Span, lists: Lists) -> str:
    """The attribute lists at a head's beginning."""
    code = load(there.language).lex(there.source.data[head.start : head.end]).masked
    found = lists.pattern("marks").match(code.decode("utf-8", "replace"))
    return found[0] if found is not None else ""
