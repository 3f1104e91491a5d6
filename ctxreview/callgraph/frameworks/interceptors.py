"""Types of the repository that hold a scope around what passes through them, such as the steps of a pipeline."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from ctxreview.callgraph.repository.declared import Declared
from ctxreview.callgraph.repository.index import Repository
from ctxreview.callgraph.wrappers.known_names import scope_words
from ctxreview.languages import load
from ctxreview.languages.lists import repository_lists
from ctxreview.model.regions import Region
from ctxreview.model.source import Span

MAX_PLACES = 3
"""Places of a registration that are named."""


class Interceptor(NamedTuple):
    """A type that ``opened`` a scope around what passes through it, and the places where it is registered."""

    type_: Declared
    opened: Region
    registered: tuple[str, ...]


def interceptors_around(own: Declared, pipeline: Sequence[str], repository: Repository) -> Iterator[str]:
    """Types of the repository that hold a scope around what passes through them, and where they are registered."""
    for interceptor in repository.memo(("interceptors",), lambda: tuple(_read_interceptors(pipeline, repository))):
        type_ = interceptor.type_
        if type_.qualified == own.qualified:
            continue
        registered = ", ".join(interceptor.registered)
        where = f"it is registered at {registered}" if registered else "no registration was found"
        yield (
            f"{type_.name} ({place_of(type_)}) holds {interceptor.opened.construct} around the calls that pass through it; {where}. "
            "Whether this code passes through it was not proven."
        )


@cache
def _runs_rest(language: str) -> re.Pattern[bytes]:
    """How the rest of a pipeline is run, or the methods that are called around it."""
    return re.compile(repository_lists(language).text("runs_rest").encode())


def _read_interceptors(pipeline: Sequence[str], repository: Repository) -> Iterator[Interceptor]:
    repository.prefetch_words(pipeline)
    paths = dict.fromkeys(p for word in pipeline for p in repository.files_with(word))
    words = re.compile(rb"\b(?:%s)\b" % b"|".join(w.encode() for w in pipeline))
    scopes, runs_rest = scope_words(repository.language, repository.wrappers), _runs_rest(repository.language)
    marking = load(repository.language).words.marking
    for path in paths:
        text = repository.text_of(path)
        if not any(w in text for w in scopes) or not runs_rest.search(text):
            continue
        there = repository.heads(path)
        for type_ in there.types if there is not None else ():
            if there is None or not words.search(there.source.data, type_.span.start, type_.span.end):
                continue
            declared = Declared(there, type_)
            opened = scope_around_the_rest(declared, repository)
            registered = tuple(_registrations(declared, repository)) if opened is not None else ()
            if opened is not None and (registered or not marking or not type_.name.endswith(marking)):
                yield Interceptor(declared, opened, registered)


def scope_around_the_rest(declared: Declared, repository: Repository) -> Region | None:
    """The transaction or lock that a type's own code holds around the rest of a pipeline, or leaves open before it."""
    source, span = declared.outline.source, declared.type.span
    runs_rest, around = _runs_rest(repository.language), repository_lists(repository.language).pattern("around")
    if not runs_rest.search(source.data, span.start, span.end):
        return None
    words = (re.compile(re.escape(word)) for word in scope_words(repository.language, repository.wrappers))
    near = sorted(Span(*hit.span()) for word in words for hit in word.finditer(source.data, span.start, span.end))
    whole = repository.outline_for(source.path, (), tuple(near)) if near else None
    held = (s for s in whole.regions if declared.type.span.contains(s.span)) if whole is not None else iter(())
    for scope in held:
        if whole is None or scope.certainty == "assumed" or scope.form == "attribute":
            continue
        function = whole.function_of(scope.opening)
        runs = runs_rest.search(whole.source.data, scope.span.start, scope.span.end) is not None
        if runs or (function is not None and scope.unreleased and around.search(function.name)):
            return scope
    return None


def place_of(declared: Declared) -> str:
    """``path:line`` of a type."""
    source = declared.outline.source
    return f"{source.path}:{source.line_of(declared.type.opening.end - 1)}"


def _registrations(declared: Declared, repository: Repository) -> list[str]:
    """Where the type is handed to a call in another file: ``AddOpenBehavior(typeof(X))``, ``Filters.Add<X>()``."""
    name = declared.name.encode()
    given = load(declared.outline.language).words.type_of.encode()
    by_type = rb"|%s\(\s*(?:[\w.]+\.)?%s\b" % (given, name) if given else b""
    handed = re.compile(rb"<\s*(?:[\w.]+\.)?%s\s*>\s*\(%s" % (name, by_type))
    found = []
    for path in repository.files_with(declared.name):
        source = repository.source(path)
        if source is not None and path != declared.outline.source.path:
            found += [f"{path}:{source.line_of(hit.start())}" for hit in handed.finditer(source.data)]
    return found[:MAX_PLACES]
