"""What frameworks do around code that no call shows: pipelines, turns and registrations, as assumptions with places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from ctxreview.callgraph.callers import Callee
from ctxreview.callgraph.index import Declared, Repository
from ctxreview.callgraph.wrappers import scope_words
from ctxreview.languages import data, load
from ctxreview.model.declarations import Function
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type

MAX_PLACES = 3
"""Places of a registration that are named."""


_RUNS_ON = re.compile(rb"\b(?:next|_next|Next|Proceed|Invoke|InvokeAsync|Send|continuation)\s*\(|\bOn\w+\s*\(")
"""How the rest of a pipeline is run, or the methods that are called around it."""


class Frameworks(NamedTuple):
    """The names in a language's ``frameworks.toml``."""

    pipeline: tuple[str, ...]
    registration: tuple[str, ...]
    settings: tuple[str, ...]
    tokens: tuple[str, ...]
    turns: Mapping[str, str]


@cache
def frameworks(language: str) -> Frameworks:
    """What is known of a language's frameworks; nothing for a language without the file."""
    told = data(language, "frameworks.toml")
    lists = {key: tuple(told.get(key, ())) for key in ("pipeline", "registration", "settings", "tokens")}
    return Frameworks(**lists, turns=told.get("turns", {}))


def assumptions(
    outline: Outline, functions: Sequence[Function], roots: Sequence[Declared], repository: Repository
) -> Iterator[str]:
    """Sentences on what may hold a transaction or lock around the functions without a call that shows it.

    ``roots`` are the types of the functions at which the ways to the selected ones begin.
    """
    home = outline.type_of(functions[-1].span) if functions else None
    if home is None:
        return
    about = frameworks(outline.language)
    own = Declared(outline, home)
    names = {f.name for f in functions}
    for root in dict.fromkeys([own, *roots]):
        above, unknown = repository.ancestors(root)
        for base in unknown:
            if base in about.turns:
                yield f"{root.scope.name} is {about.turns[base]}. That is the runtime's doing and was not proven."
        yield from _marks(root, above, names, repository)
    if any(repository.ancestors(r)[1] or r.scope.kind == "interface" for r in (own, *roots)):
        yield from _interceptors(own, about, repository)


def marked(outline: Outline, functions: Sequence[Function], repository: Repository) -> Iterator[Region]:
    """The scopes that marks in other files may put around the functions: on what they implement or override, or on its type.

    Whether an interceptor acts on a mark is not in the source: they are assumed.
    """
    for function in functions:
        home = outline.type_of(function.span)
        if home is None or function.kind != "method":
            continue
        count = len(Callee(outline, function).signature.parameters)
        for part in repository.ancestors(Declared(outline, home))[0]:
            there, source = part.outline, part.outline.source
            same = [f for f in part.functions if f.name == function.name]
            owners = {f.span for f in same if len(Callee(there, f).signature.parameters) == count}
            for scope in there.regions if source.path != outline.source.path else ():
                covers = scope.owner in owners or (bool(owners) and scope.span == part.scope.span)
                if scope.form == "attribute" and scope.opening.size > 1 and covers:
                    where = f"The mark is on {part.scope.name} ({source.path}:{source.line_of(scope.opening.start)})."
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


def _marks(own: Declared, above: Sequence[Declared], names: set[str], repository: Repository) -> Iterator[str]:
    """Attributes on bases in other files: those that the catalogue knows, and those that hold a scope themselves."""
    for part in (*repository.parts(own), *above):
        there = part.outline
        source = there.source
        elsewhere = part.scope.qualified != own.scope.qualified
        named = [f for f in part.functions if f.name in names]
        owners = {f.span for f in named}
        for scope in there.regions:
            covers = scope.span == part.scope.span or scope.owner in owners
            if elsewhere and scope.form == "attribute" and covers and scope.opening.size > 1:
                line = source.line_of(scope.opening.start)
                mark = source.text(scope.opening)
                yield (
                    f"{part.scope.name} is marked [{mark}] ({source.path}:{line}), which an interceptor may act on with a "
                    f"{scope.kind}: assumed, not proven."
                )
        heads = [part.scope.opening, *(f.opening for f in named)]
        for head in heads:
            for mark in re.findall(r"(?:^|[\[,])\s*(\w+)(?=\s*[\](,])", _attributes(source.text(head)), re.MULTILINE):
                for declared in (*repository.types(f"{mark}Attribute"), *repository.types(mark)):
                    opened = _opened(declared, repository)
                    if opened is not None:
                        line = source.line_of(head.start + max(0, source.text(head).find(mark)))
                        yield (
                            f"[{mark}] at {source.path}:{line} is {declared.scope.name} ({_place(declared)}), which holds a "
                            f"{opened.construct} of its own: that it does so around this code is assumed."
                        )


def _attributes(head: str) -> str:
    """The attribute lists at a head's beginning."""
    found = re.match(r"(?:\s*\[[^\]]*\])+", re.sub(r"//[^\n]*", "", head))
    return found[0] if found is not None else ""


def _interceptors(own: Declared, about: Frameworks, repository: Repository) -> Iterator[str]:
    """Types of the repository that hold a scope around what passes through them, and where they are registered."""
    for interceptor in repository.memo(("interceptors",), lambda: tuple(_found(about, repository))):
        type_ = interceptor.type_
        if type_.scope.qualified == own.scope.qualified:
            continue
        registered = ", ".join(interceptor.registered)
        where = f"it is registered at {registered}" if registered else "no registration was found"
        yield (
            f"{type_.scope.name} ({_place(type_)}) holds a {interceptor.opened.construct} around what passes through it; {where}. "
            "Whether this code does was not proven."
        )


class _Interceptor(NamedTuple):
    """A type that ``opened`` a scope around what passes through it, and the places where it is registered."""

    type_: Declared
    opened: Region
    registered: tuple[str, ...]


def _found(about: Frameworks, repository: Repository) -> Iterator[_Interceptor]:
    repository.prefetch_words(about.pipeline)
    paths = dict.fromkeys(p for word in about.pipeline for p in repository.files(word))
    words = re.compile(rb"\b(?:%s)\b" % b"|".join(w.encode() for w in about.pipeline))
    scopes = scope_words(repository.language, repository.wrappers)
    for path in paths:
        text = repository.text(path)
        if not any(w in text for w in scopes) or not _RUNS_ON.search(text):
            continue
        there = repository.heads(path)
        for type_ in there.types if there is not None else ():
            if there is None or not words.search(there.source.data, type_.span.start, type_.span.end):
                continue
            declared = Declared(there, type_)
            opened = _opened(declared, repository)
            registered = tuple(_registrations(declared, repository)) if opened is not None else ()
            if opened is not None and (registered or not type_.name.endswith("Attribute")):
                yield _Interceptor(declared, opened, registered)


def _opened(declared: Declared, repository: Repository) -> Region | None:
    """The transaction or lock that a type's own code holds around the rest of a pipeline, or leaves open before it."""
    source, span = declared.outline.source, declared.scope.span
    if not _RUNS_ON.search(source.data, span.start, span.end):
        return None
    words = (re.compile(re.escape(word)) for word in scope_words(repository.language, repository.wrappers))
    near = sorted(Span(*hit.span()) for word in words for hit in word.finditer(source.data, span.start, span.end))
    whole = repository.outline_for(source.path, (), tuple(near)) if near else None
    held = (s for s in whole.regions if declared.scope.span.contains(s.span)) if whole is not None else iter(())
    for scope in held:
        if whole is None or scope.certainty == "assumed" or scope.form == "attribute":
            continue
        function = whole.function_of(scope.opening)
        runs = _RUNS_ON.search(whole.source.data, scope.span.start, scope.span.end) is not None
        if runs or (function is not None and scope.unreleased and function.name.startswith("On")):
            return scope
    return None


def _place(declared: Declared) -> str:
    source = declared.outline.source
    return f"{source.path}:{source.line_of(declared.scope.opening.end - 1)}"


def _registrations(declared: Declared, repository: Repository) -> list[str]:
    """Where the type is handed to a call in another file: ``AddOpenBehavior(typeof(X))``, ``Filters.Add<X>()``."""
    name = declared.scope.name.encode()
    given = load(declared.outline.language).words.type_of.encode()
    by_type = rb"|%s\(\s*(?:[\w.]+\.)?%s\b" % (given, name) if given else b""
    handed = re.compile(rb"<\s*(?:[\w.]+\.)?%s\s*>\s*\(%s" % (name, by_type))
    found = []
    for path in repository.files(declared.scope.name):
        source = repository.source(path)
        if source is not None and path != declared.outline.source.path:
            found += [f"{path}:{source.line_of(hit.start())}" for hit in handed.finditer(source.data)]
    return found[:MAX_PLACES]


def registrations(outline: Outline, functions: Sequence[Function], repository: Repository) -> Iterator[str]:
    """How the database contexts that the functions' type holds are registered."""
    home = outline.type_of(functions[-1].span) if functions else None
    if home is None:
        return
    about = frameworks(outline.language)
    held = {simple_type(m.declares) for m in outline.members if home.span.contains(m.span)}
    held |= set(re.findall(r"\w+", outline.source.text(home.opening)))
    names = sorted(n for n in held if n.endswith("Context") and n not in ("DbContext", "HttpContext"))
    if not names:
        return
    repository.prefetch_words(about.registration)
    for word in about.registration:
        for path in repository.files(word):
            source = repository.source(path)
            for name in names if source is not None else ():
                called = (
                    re.search(rb"\b%s\s*<\s*(?:[\w.,\s]+[.,]\s*)?%s\s*>" % (word.encode(), name.encode()), source.data)
                    if source
                    else None
                )
                if source is not None and called is not None:
                    rest = source.data[called.start() : called.start() + 1500].split(b";")[0]
                    said = [s for s in about.settings if s.encode() in rest]
                    more = f" with {', '.join(said)}" if said else ""
                    yield f"{name} is registered at {path}:{source.line_of(called.start())} ({word}{more})."
