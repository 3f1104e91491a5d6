"""Members that a framework calls: an action of a controller has no call that could be found, and is called all the same."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from ctxreview.callgraph.callers.callee import Callee
from ctxreview.callgraph.frameworks.marks import mark_names
from ctxreview.callgraph.repository.declared import Declared
from ctxreview.callgraph.repository.index import Repository
from ctxreview.languages import data, load
from ctxreview.outline.symbols.written_names import simple_type
from ctxreview.regex import regex


class Entry(NamedTuple):
    """One kind of member that a framework calls: an ``[[entry]]`` of a language's ``frameworks.toml``."""

    framework: str
    how: str
    marks: frozenset[str]
    bases: frozenset[str]
    takes: frozenset[str]
    members: str


@cache
def _entries(language: str) -> tuple[Entry, ...]:
    return tuple(_entry(told) for told in data(language, "frameworks.toml").get("entry", ()))


def _entry(told: Mapping[str, Any]) -> Entry:
    marks, bases, takes = (frozenset(told.get(key, ())) for key in ("marks", "bases", "takes"))
    return Entry(told["framework"], told["how"], marks, bases, takes, told.get("members", ""))


def entry_of(target: Callee, repository: Repository) -> Entry | None:
    """The framework that calls a function, as its attributes, its parameters and its type's bases outside the repository tell."""
    known = _entries(target.outline.language)
    if not known or target.function.kind != "method" or target.type is None:
        return None
    marks = set(mark_names(target.outline, target.function.opening))
    declared = target.signature
    takes = {simple_type(p.type) for p in declared.parameters}
    hidden = not declared.modifiers & load(target.outline.language).words.reached
    bases = set(repository.hierarchy.ancestors(Declared(target.outline, target.type))[1]) if not hidden else set()
    for entry in known:
        if not regex(entry.members).search(target.name):
            continue
        if entry.marks & marks or entry.bases & bases or entry.takes & takes:
            return entry
        if entry.members and not (entry.marks or entry.bases or entry.takes):
            return entry
    return None
