"""The bodies of methods that may be wrappers: what they open and return, and what they run a delegate under."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ctxreview.callgraph.callers.call_sites import calls_among
from ctxreview.callgraph.callers.callee import Callee
from ctxreview.callgraph.repository.index import Repository
from ctxreview.callgraph.wrappers.call_text import (
    MAX_BODY,
    calls_given,
    is_declaration,
    is_plain,
    possible_wrappers,
    returned_calls,
)
from ctxreview.callgraph.wrappers.isolation import flow_of_call, isolation_of_call
from ctxreview.callgraph.wrappers.known_names import known_calls, may_open, scope_texts
from ctxreview.languages import load
from ctxreview.languages.lists import repository_lists
from ctxreview.model.declarations import Function
from ctxreview.model.facts import Fact, Reference
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region, Wrapper
from ctxreview.model.source import Span
from ctxreview.outline.symbols.signatures import arguments_written
from ctxreview.outline.symbols.written_names import simple_type

MAX_FILES = 12
"""Files that declare a method of the name; a name that more of them declare is an everyday one."""
MAX_SEARCHED = 400
"""Files in which its declaration is looked for."""
MAX_LEVELS = 3
"""Wrappers in a row, each of which hands on what it is given, or returns what the next one opened."""
LARGE_FILE = 1 << 20
"""Bytes of a file from which on only the methods that are called directly are read in it, and none that these call."""


class WrappedScope(NamedTuple):
    """A scope that a wrapper holds, in its own file's outline, and the functions that lead to it, with their paths."""

    scope: Region
    opens: bool
    through: tuple[tuple[str, Span], ...]


class ReadMethod(NamedTuple):
    """A method whose body was read: the scopes that it wraps; without any, whether it is sure that it opens nothing."""

    target: Callee
    opened: tuple[WrappedScope, ...]
    opens_nothing: bool = False


def wrapper_calls(
    outline: Outline, spans: Sequence[Span], repository: Repository, names: frozenset[str], levels: int
) -> Iterator[tuple[Reference, tuple[Wrapper, ...]]]:
    """The calls in ``spans`` that surely are those of methods that were read, with what each is a wrapper of."""
    there = repository.outline_for(outline.source.path, names) if names else None
    for reference in there.references if there is not None else ():
        if there is None or reference.form != "call" or not any(s.contains(reference.name_span) for s in spans):
            continue
        declared = wrapper_methods(reference.name, repository, levels)
        read = [d for d in declared if _is_resolved(d.target, there, reference, repository)]
        opened = next((d for d in read if d.opened), None)
        if opened is not None:
            yield reference, tuple(_wrapper(opened, o, there, reference, repository) for o in opened.opened)
        elif read and all(d.opens_nothing for d in read):
            name, shown = reference.name, read[0].target.qualified_name
            yield reference, tuple(Wrapper(name, None, f"{shown} opens nothing.", opens) for opens in (True, False))


def _is_resolved(target: Callee, there: Outline, reference: Reference, repository: Repository) -> bool:
    return any(c.certainty == "resolved" for c in calls_among([reference], there, target, repository))


def _wrapper(
    read: ReadMethod, opened: WrappedScope, there: Outline, reference: Reference, repository: Repository
) -> Wrapper:
    """What a call of the method that was read is: a scope that the method holds for the call or gives to it."""
    target, scope = read.target, opened.scope
    does = "opens and returns" if opened.opens else "runs its argument under"
    note = f"{target.qualified_name} ({target.outline.source.path}:{target.outline.source.line_of(target.name_at)}) {does} {scope.construct}."
    return Wrapper(
        name=reference.name,
        kind=scope.kind,
        note=note,
        opens=opened.opens,
        mode=scope.mode,
        construct=scope.name,
        isolation=isolation_of_call(scope, target, there, reference, repository),
        async_flow=flow_of_call(scope, target, there, reference),
        completes=tuple(sorted(load(there.language).completing(scope.name))),
        through=opened.through,
    )


def wrapper_methods(name: str, repository: Repository, levels: int) -> tuple[ReadMethod, ...]:
    """The methods of that name that wrap a scope, or whose name tells that they might."""
    return repository.memo(("wrapper", name, str(levels)), lambda: tuple(_read_methods(name, repository, levels)))


def _read_methods(name: str, repository: Repository, levels: int) -> Iterator[ReadMethod]:
    named = re.compile(rb"%s\s*(?:<[^<>()]{0,200}>)?\s*\(" % name.encode())
    tells, words = may_open(repository.language, name), load(repository.language).words
    files = 0
    for path in repository.files_with(name)[:MAX_SEARCHED]:
        text = repository.text_of(path)
        if len(text) > LARGE_FILE and levels < MAX_LEVELS:
            continue
        declared = tuple(Span(*m.span()) for m in named.finditer(text) if is_declaration(text, *m.span(), words))
        if not declared:
            continue
        files += 1
        if levels == 1 and not tells:  # what it calls is not looked at: only what opens something itself is read
            opens = scope_texts(repository.language, repository.wrappers)
            declared = tuple(d for d in declared if opens.search(text, max(0, d.start - MAX_BODY), d.end + MAX_BODY))
        there = repository.outline_for(path, {name}, declared) if declared and files <= MAX_FILES else None
        for function in there.functions if there is not None else ():
            if there is not None and function.name == name and may_wrap(there, function):
                read = _read_body(there, function, repository, levels)
                if read.opened or tells:
                    yield read


def may_wrap(there: Outline, function: Function) -> bool:
    """Whether a function is one that is called by its name, and has a body that was read."""
    has_body = function.opening.end < function.span.end and there.has_read(function.span)
    return has_body and function.kind in ("method", "local function")


def opens_itself(there: Outline, function: Function, repository: Repository) -> bool:
    """Whether a function opens a scope for its caller, or runs what it is given under one, without another wrapper."""
    return bool(_read_body(there, function, repository, 1).opened)


def _read_body(there: Outline, function: Function, repository: Repository, levels: int) -> ReadMethod:
    """What a function opens and gives to its caller, or what it runs a delegate under, itself or by further wrappers."""
    target = Callee(there, function)
    own = (there.source.path, function.span)
    delegates = frozenset(p.name for p in target.signature.parameters)
    handed = list(_calls_given_parameters(there, function, delegates, repository, levels - 1)) if levels > 1 else []
    names = frozenset(_inner_wrappers(there, function, repository, levels - 1)) if levels > 1 else frozenset[str]()
    calls = list(wrapper_calls(there, (function.span,), repository, names, levels - 1)) if names else []
    if calls:
        found = tuple(w for _, ws in calls for w in ws)
        at = [(r.name_span.start, i) for i, r in enumerate(r for r, ws in calls for _ in ws)]
        there = repository.reoutline(there, found, at)
        target = Callee(there, next(f for f in there.functions if f.span == function.span))
    further = {r.name_span.start: w.through for r, ws in calls for w in ws if w.kind is not None}

    def opened(scope: Region, *, opens: bool) -> WrappedScope:
        beyond = [
            through
            for at, through in further.items()
            if scope.opening.start <= at < max(scope.opening.end, scope.span.start)
        ]
        beyond += [
            through
            for at, through in further.items()
            if scope.form == "callback" and _is_call_of_callback(there, at, scope)
        ]
        return WrappedScope(scope, opens, (own, *(beyond[-1] if beyond else ())))

    runs = [f for f in there.facts if function.span.contains(f.span) and _runs_parameter(f, delegates, there.language)]
    held = [s for s in there.regions if s.certainty != "assumed" and function.span.contains(s.span)]
    under = [opened(s, opens=False) for s in held if any(_is_under(there, f.span, s) for f in runs)]
    for reference, wrappers in handed:
        around = (s for s in held if _is_under(there, reference.name_span, s))
        under += [opened(s, opens=False) for s in around]
        under += [
            WrappedScope(_as_scope(w, function), False, (own, *w.through))
            for w in wrappers
            if w.kind is not None and not w.opens
        ]
    if under:
        return ReadMethod(target, _deciding(under))
    returns = target.signature.returns
    if not (simple_type(returns) in repository_lists(there.language).of("nothing") and "<" not in returns):
        every = (*there.returned, *there.regions)
        left = [s for s in every if function.span.contains(s.span) and (s in there.returned or s.unreleased)]
        if any(s.certainty != "assumed" for s in left):
            return ReadMethod(target, _deciding([opened(s, opens=True) for s in left if s.certainty != "assumed"][:1]))
    return ReadMethod(target, (), not held and not handed and is_plain(there, function, delegates))


def _deciding(opened: Sequence[WrappedScope]) -> tuple[WrappedScope, ...]:
    """Of several scopes one of each kind and mode, the innermost: it is what decides in the end."""
    kept = {(o.scope.kind, o.scope.mode == "retried"): o for o in opened}
    return tuple(kept.values())


def _is_under(there: Outline, span: Span, scope: Region) -> bool:
    return there.runs_under(span, scope) and not any(g.contains(span) for g in scope.excluded)


def _is_call_of_callback(there: Outline, at: int, scope: Region) -> bool:
    """Whether the name at ``at`` is that of the call that is given the lambda which is ``scope``."""
    return at < scope.span.start and ";" not in there.source.text(Span(at, scope.span.start))


def _runs_parameter(fact: Fact, delegates: frozenset[str], language: str) -> bool:
    """Whether a fact is a call of one of these parameters."""
    if fact.calls == "delegate":
        return fact.name in delegates
    return fact.name in repository_lists(language).of("runs_it") and fact.target.rstrip("?!") in delegates


def _inner_wrappers(there: Outline, function: Function, repository: Repository, levels: int) -> Iterator[str]:
    """The names of further wrappers that a wrapper's body may call."""
    text = there.source.text(Span(function.opening.end, function.span.end))[:MAX_BODY]
    names = dict.fromkeys((*possible_wrappers(there, function.span, repository), *returned_calls(text, there.language)))
    repository.prefetch_words(names)
    return (
        n
        for n in names
        if n not in known_calls(there.language) and n != function.name and wrapper_methods(n, repository, levels)
    )


def _calls_given_parameters(
    there: Outline, function: Function, delegates: frozenset[str], repository: Repository, levels: int
) -> Iterator[tuple[Reference, tuple[Wrapper, ...]]]:
    """The calls that a function gives one of its own parameters, where they are those of wrappers that run it."""
    names = frozenset(calls_given(there.source.text(Span(function.opening.end, function.span.end)), delegates))
    repository.prefetch_words(names)
    wanted = frozenset(
        n for n in names if n not in known_calls(there.language) and wrapper_methods(n, repository, levels)
    )
    for reference, wrappers in wrapper_calls(there, (function.span,), repository, wanted, levels):
        if any(value in delegates for _, value in arguments_written(reference, there)):
            yield reference, wrappers


def _as_scope(wrapper: Wrapper, function: Function) -> Region:
    """What a further wrapper runs a delegate under, as a scope of the whole function that hands it on."""
    return Region(
        kind=wrapper.kind or "lock",
        span=function.span,
        name=wrapper.construct,
        construct=wrapper.construct,
        form="callback",
        mode=wrapper.mode,
        isolation=wrapper.isolation,
        async_flow=wrapper.async_flow,
        certainty="resolved",
    )
