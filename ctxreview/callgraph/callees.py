"""What the selected code calls and reads that lies elsewhere: callees that acquire or save, and concurrency tokens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ctxreview.callgraph.callers.callee import Callee
from ctxreview.callgraph.frameworks.assumptions import frameworks
from ctxreview.callgraph.repository.declared import Declared
from ctxreview.callgraph.repository.index import Repository
from ctxreview.languages import load
from ctxreview.languages.lists import repository_lists
from ctxreview.model.declarations import Function, outermost
from ctxreview.model.facts import Fact, Reference
from ctxreview.model.outline import Outline
from ctxreview.model.regions import NO_SCOPE, Region
from ctxreview.model.review import Excerpt
from ctxreview.model.source import Span, Spans
from ctxreview.outline.excerpts import excerpt_of, returns_of, with_structure
from ctxreview.outline.symbols.signatures import accepts
from ctxreview.regex import regex

MAX_CALLEES = 12
"""Callees looked at for one function."""
MAX_LEVELS = 3
"""Methods of one type that call each other, until one of them opens, saves or commits."""

SHORT = 80
"""Lines of a function up to which it is shown whole where it runs under the scope, before any that is longer."""
MAX_WHOLE = 400
"""Lines of one that is shown whole at all."""

_CALLED = regex(r"\b(\w+)\s*(?:<[^<>()]{0,200}>)?\s*\(")
_TOLD = ("save", "tracking", "complete")


def callees(outline: Outline, functions: Sequence[Function], repository: Repository) -> Iterator[Excerpt]:
    """Of the functions that the selected ones call, those that take a lock, open a transaction, save or attach."""
    names = {n for f in outermost(functions) for n in called_names(outline.source.text(f.span), outline.language)}
    own = Spans(f.span for f in functions)
    own_keys = {(outline.source.path, f.span) for f in functions}
    there = repository.outline_for(outline.source.path, names, tuple(sorted(f.span for f in functions)))
    seen: dict[tuple[str, Span], _Called] = {}
    under: set[_Key] = set()
    for reference in there.references if there is not None else ():
        if there is None or reference.form != "call" or not own.contains(reference.name_span):
            continue
        for part, function in methods_called(reference, there, repository):
            key = part.outline.source.path, function.span
            if any(f.span == function.span for f in functions if key[0] == outline.source.path):
                continue
            if len(seen) < MAX_CALLEES:
                seen.setdefault(key, (part, function))
            if key in seen and _runs_under(reference, outline):
                under.add(key)
    told = _told(seen.values(), repository, MAX_LEVELS)
    long: list[tuple[int, Excerpt, list[Excerpt]]] = []
    for key, called in seen.items():
        whole = _whole(*called) if key in under else None
        if whole is not None and (lines := _lines(whole)) > SHORT:
            long.append((lines, whole, told[key][:1]))
            yield from told[key][1:]
            continue
        yield from told[key] if whole is None else [whole, *told[key][1:]]
    # What is long must not take the room of what is short; where it does not fit itself, what it does is shown.
    for _, whole, _ in sorted(long, key=lambda each: each[0]):
        yield whole
    for _, _, shorter in long:
        yield from shorter
    yield from _further([seen[key] for key in seen if key in under], {*seen, *own_keys}, repository)


def _further(called: Sequence[_Called], known: set[_Key], repository: Repository) -> Iterator[Excerpt]:
    """What the methods that run under the scope call in their turn, as a whole where it is short: that runs under it too."""
    read = _read(called, repository)
    found: dict[_Key, _Called] = {}
    for part, function in called:
        there = read[part.outline.source.path]
        for call in there.references if there is not None else ():
            if there is None or call.form != "call" or there.function_of(call.name_span) != function:
                continue
            for method in methods_called(call, there, repository):
                if _key(method) not in known and len(found) < MAX_CALLEES:
                    found.setdefault(_key(method), method)
    for method in found.values():
        whole = _whole(*method)
        if whole is not None and _lines(whole) <= SHORT:
            yield whole


_Called = tuple[Declared, Function]
"""A method that is called, and the part of its type that has it."""
_Key = tuple[str, Span]
"""Where it is: the path of its file, and its span."""


def _key(method: _Called) -> _Key:
    return method[0].outline.source.path, method[1].span


def _told(called: Iterable[_Called], repository: Repository, levels: int) -> dict[_Key, list[Excerpt]]:
    """What each of the methods opens, saves or commits, itself or by other methods of its type, its excerpt first.

    The methods of one file are read in it at once, and so are all those that they call.
    """
    read = _read(called, repository)
    does: dict[_Key, _Does] = {}
    for method in called:
        there = read[method[0].outline.source.path]
        if there is not None:
            does[_key(method)] = _does(method[1], there, repository, levels)
    further = {_key(m): m for one in does.values() for methods in one.calls.values() for m in methods}
    below = _told(further.values(), repository, levels - 1) if further else {}
    return {_key(m): list(_excerpts(does[_key(m)], below)) if _key(m) in does else [] for m in called}


def _read(called: Iterable[_Called], repository: Repository) -> dict[str, Outline | None]:
    """An outline of each file with the methods of it, in which all of them were read."""
    of_file: dict[str, list[Function]] = {}
    for part, function in called:
        of_file.setdefault(part.outline.source.path, []).append(function)
    found: dict[str, Outline | None] = {}
    for path, functions in of_file.items():
        text = repository.text_of(path)
        bodies = (text[f.opening.end : f.span.end].decode("utf-8", "replace") for f in functions)
        names = {f.name for f in functions}.union(*(called_names(body, repository.language) for body in bodies))
        found[path] = repository.outline_for(path, names, tuple(sorted({f.span for f in functions})))
    return found


class _Does(NamedTuple):
    """What one method has in its body."""

    function: Function
    outline: Outline
    holds: list[Region]
    facts: list[Fact]
    calls: dict[Reference, list[_Called]]
    """Its calls of methods of its type, where these are asked for."""


def _does(function: Function, there: Outline, repository: Repository, levels: int) -> _Does:
    holds = [s for s in (*there.regions, *there.returned) if function.span.contains(s.span)]
    facts = [f for f in there.facts if f.kind in _TOLD and function.span.contains(f.span)]
    calls = [c for c in there.references if _is_own_call(c, function, there)] if levels > 1 and not holds else []
    own = there.source.path, function.span
    called = {call: [m for m in methods_called(call, there, repository) if _key(m) != own] for call in calls}
    return _Does(function, there, holds, facts, called)


def _excerpts(does: _Does, below: Mapping[_Key, list[Excerpt]]) -> Iterator[Excerpt]:
    """The excerpt of a method, and those of what it calls; none where neither does anything."""
    function, there = does.function, does.outline
    through = [call for call, methods in does.calls.items() if any(below[_key(m)] for m in methods)]
    if not does.holds and not does.facts and not through:
        return
    kept = [Span(function.span.start, function.opening.end)]
    kept += [*(s.opening for s in does.holds), *(s.closing for s in does.holds)]
    kept += [*(f.span for f in does.facts), *(c.span for c in through)]
    kept += [*(c for s in does.holds for c in s.completes_at), *returns_of(there, function)]
    shown = [
        *(f"{s.does} {s.construct}" for s in does.holds),
        *(f"calls {f.name}" for f in does.facts),
        *(f"calls {c.name}" for c in through),
    ]
    name = Callee(there, function).qualified_name
    kept = with_structure(there, function, kept)
    yield excerpt_of(there, kept, "callee", f"{name}, which is called, {', '.join(dict.fromkeys(shown))}")
    for methods in does.calls.values():
        for method in methods:
            yield from below[_key(method)]


def _runs_under(call: Reference, outline: Outline) -> bool:
    """Whether a call of a selected function runs under a transaction or lock that the function takes."""
    at = call.name_span
    scopes = (s for s in outline.holding(at) if s.mode not in NO_SCOPE and not any(g.contains(at) for g in s.excluded))
    return any(outline.runs_under(at, s) and not s.opens_in(at) for s in scopes)


def _whole(part: Declared, function: Function) -> Excerpt | None:
    """A function that runs under the scope, as a whole; ``None`` where it is too long for that."""
    shown = Callee(part.outline, function).qualified_name
    kept = with_structure(part.outline, function, [function.span])
    whole = excerpt_of(part.outline, kept, "callee", f"{shown}, which is called under the scope")
    return whole if _lines(whole) <= MAX_WHOLE else None


def _lines(excerpt: Excerpt) -> int:
    first, last = excerpt.source.lines_of(excerpt.span)
    return last - first + 1


def called_names(code: str, language: str) -> set[str]:
    """The names of what is called in a piece of code, and of what is created."""
    words = load(language).words
    return set(_CALLED.findall(code)) - words.uncalled - words.own


def methods_called(reference: Reference, there: Outline, repository: Repository) -> Iterator[tuple[Declared, Function]]:
    """The methods that a call can run: those of its receiver's type, or of what implements it."""
    if reference.receiver in ("", *load(there.language).words.own):
        home = there.type_of(reference.name_span)
        if home is None or reference.local:
            return
        own = Declared(there, home)
        types = [*repository.types.parts(own), *repository.hierarchy.ancestors(own)[0]]
    elif reference.type:
        types = [
            p
            for t in repository.types.resolve(reference.type, there, reference.name_span)
            for p in repository.types.parts(t)
        ]
        types += [t for d in types if _is_open(d) for t in repository.hierarchy.descendants(d)]
    else:
        return
    words = load(there.language).words
    for part in types:
        for function in part.functions:
            if function.name == reference.name and function.opening.end < function.span.end:
                declared = Callee(part.outline, function).signature
                if any(accepts(d, reference.arguments, words) for d in (declared, declared.without_receiver())):
                    yield part, function


def _is_open(declared: Declared) -> bool:
    return declared.type.kind == "interface" or "abstract" in declared.modifiers


def _is_own_call(call: Reference, function: Function, there: Outline) -> bool:
    own = ("", *load(there.language).words.own)
    return call.form == "call" and function.span.contains(call.name_span) and call.receiver in own and not call.local


def concurrency_tokens(outline: Outline, functions: Sequence[Function], repository: Repository) -> Iterator[Excerpt]:
    """The concurrency tokens of the entities that the selected functions name, or reach by their sets."""
    words = frameworks(outline.language).tokens
    own = Spans(f.span for f in functions)
    if not any(f.kind in ("read", "save", "tracking") and own.contains(f.span) for f in outline.facts):
        return
    repository.prefetch_words([*words, *repository_lists(repository.language).of("sets")])
    paths = dict.fromkeys(p for w in words for p in repository.files_with(w))
    if not paths:
        return
    mentioned = {w for f in outermost(functions) for w in re.findall(r"\w+", outline.source.text(f.span))}
    sets = _sets(repository) if paths else {}
    reached = {entity for entity, names in sets.items() if names & mentioned}
    entities = mentioned | reached
    for path in paths:
        there = repository.heads(path) if not entities.isdisjoint(repository.declared_names(path)) else None
        for member in there.members if there is not None else ():
            if there is None or not any(re.search(rf"\b{w}\b", there.source.text(member.span)) for w in words):
                continue
            home = there.type_of(member.span)
            if home is None or path == outline.source.path:
                continue
            if home.name in reached or (
                home.name in mentioned and _is_meant(Declared(there, home), outline, functions, repository)
            ):
                why = f"{', '.join(member.names)}: concurrency token of {home.name}, which the function reads"
                yield excerpt_of(there, [member.span], "field", why)


def _is_meant(type_: Declared, outline: Outline, functions: Sequence[Function], repository: Repository) -> bool:
    """Whether the type's name means it in the functions, and not another type of that name."""
    meant = repository.types.resolve(type_.type.name, outline, functions[0].span) if functions else ()
    return any(m.outline.source.path == type_.outline.source.path and m.type.span == type_.type.span for m in meant)


_SET = regex(rb"<\s*([\w.]+)\s*\??>\s+(\w+)")


def _sets(repository: Repository) -> dict[str, set[str]]:
    """For each entity the names of its sets in the repository's contexts."""
    found: dict[str, set[str]] = {}
    for kind in repository_lists(repository.language).of("sets"):
        for path in repository.files_with(kind):
            for after in repository.text_of(path).split(kind.encode())[1:]:
                if declared := _SET.match(after):
                    found.setdefault(declared[1].decode().rpartition(".")[2], set()).add(declared[2].decode())
    return found
