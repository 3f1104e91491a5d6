"""Methods of the repository that open a transaction or take a lock for their callers: their calls are scopes too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from ctxreview.callers import Target, reaches
from ctxreview.languages import load, with_wrappers
from ctxreview.model import Fact, Outline, Reference, Scope, Span, Wrapper, Wrappers
from ctxreview.outline.signatures import simple
from ctxreview.repository import Repository

OPENS, RUNS = "opens and returns", "runs what it is given under"

MAX_BODY = 3000
"""Bytes from the start of a wrapper's body within which it opens something: they are short."""
MAX_FILES = 12
"""Files in which a wrapper's declaration is looked for; a name in more of them is an everyday one."""

_HEADER = re.compile(r"\busing\b([^;{}]*)")
_CALLED = re.compile(r"\b(\w+)\s*(?:<[^<>()]{0,200}>)?\s*\(")
_BEFORE = re.compile(r"(\w+)\s*(?:<[^<>()]*>)?\s*\Z")
_MARKS = re.compile(r"[()]|=>|\bdelegate\b")


def wrapped(outline: Outline, span: Span, repository: Repository, names: frozenset[str]) -> Outline:
    """``outline`` with the wrappers that the function at ``span`` calls; the same one where it calls none.

    ``names`` are what :func:`expect` gave for this function and perhaps others.
    """
    known = {w.name for w in outline.wrappers.found}
    found = wrappers(outline, span, repository, names)
    new = tuple(w for w in found if w.name not in known)
    return repository.again(outline, new) if new else outline


def expect(functions: Iterable[tuple[Outline, Span]], repository: Repository) -> frozenset[str]:
    """The names of the repository's wrappers that may be called in these functions, whose files are read for them."""
    called = [(o.source.path, _candidates(o, span, repository)) for o, span in functions]
    repository.look_for(name for _, names in called for name in names)
    found = frozenset(n for n in {n for _, names in called for n in names} if _declared(n, repository))
    repository.uses_all(sorted({path for path, names in called if not found.isdisjoint(names)}), found)
    return found


def wrappers(outline: Outline, span: Span, repository: Repository, names: frozenset[str]) -> tuple[Wrapper, ...]:
    """What is called in a ``using`` or with a lambda inside ``span``, and opens or runs under a scope of its own."""
    called = [n for n in _candidates(outline, span, repository) if n in names]
    there = repository.uses(outline.source.path, names) if called else None
    if there is None:
        return ()
    used = [r for r in there.references if span.holds(r.at)]
    found = (_wrapper(_declared(name, repository), name, there, used, repository) for name in called)
    return tuple(w for w in found if w is not None)


def _candidates(outline: Outline, span: Span, repository: Repository) -> tuple[str, ...]:
    """The names that are called in a ``using`` or with a lambda there and that the catalogue does not know."""

    def made() -> tuple[str, ...]:
        text, known = outline.source.text(span), _catalogue(outline.language)
        names = [n for header in _HEADER.findall(text) for n in _CALLED.findall(header)]
        names += _given_lambdas(text)
        return tuple(n for n in dict.fromkeys(names) if n not in known and n.removesuffix("Async") not in known)

    return repository.once(("candidates", outline.source.path, str(span.start), str(span.end)), made)


@cache
def _catalogue(language: str) -> frozenset[str]:
    """The calls that are known to read, write, open or run."""
    about = load(language)
    return frozenset({n.rpartition(".")[2] for n in about.facts} | about.named("opens") | about.named("runs"))


def _given_lambdas(text: str) -> Iterator[str]:
    """The names of calls that have a lambda between their parentheses."""
    open_: list[int] = []
    for mark in _MARKS.finditer(text):
        if mark[0] == "(":
            open_.append(mark.start())
        elif mark[0] == ")":
            del open_[-1:]
        elif open_ and (called := _BEFORE.search(text[max(0, open_[-1] - 200) : open_[-1]])):
            yield called[1]


def _wrapper(
    declared: Sequence[tuple[Target, Scope, str]],
    name: str,
    there: Outline,
    used: Sequence[Reference],
    repository: Repository,
) -> Wrapper | None:
    """The first of the declared wrappers of a name that one of the uses is surely a call of."""
    named = [r for r in used if r.name == name]
    for target, scope, how in declared:
        if any(c.certainty == "resolved" for c in reaches(target, there, named, repository)):
            line = target.outline.source.line_of(target.name_at)
            note = f"{target.shown} ({target.outline.source.path}:{line}) {how} {scope.construct}."
            return Wrapper(name, scope.kind, note, opens=how == OPENS, mode=scope.mode)
    return None


def _declared(name: str, repository: Repository) -> tuple[tuple[Target, Scope, str], ...]:
    """The methods of that name that wrap a scope, with the scope and how."""
    return repository.once(("wrapper", name), lambda: tuple(_found(name, repository)))


def _found(name: str, repository: Repository) -> Iterator[tuple[Target, Scope, str]]:
    declares = re.compile(
        name.encode() + rb"\s*(?:<[^<>()]{0,200}>)?\s*\([^;{}]{0,800}\)\s*(?:where[^;{}]{0,400})?(?:\{|=>)"
    )
    words = scope_words(repository.language, repository.wrappers)
    for path in repository.files(name)[:MAX_FILES]:
        text = repository.text(path)
        bodies = [text[m.end() : m.end() + MAX_BODY] for m in declares.finditer(text) if _is_declared(text, m.start())]
        if not any(w in body for body in bodies for w in words):
            continue
        there = repository.uses(path, {name})
        for function in there.functions if there is not None else ():
            if there is not None and function.name == name and function.construct == "method":
                made = _kind(there, function)
                if made is not None:
                    yield Target(there, function), *made


_TYPE_BEFORE = re.compile(rb"[\w>\]?]\s+\Z|\w\.\Z")
_NO_TYPE = re.compile(rb"(?:\b(?:return|await|new|else|throw|in|is|when|case|yield)\s+|\b_?[a-z]\w*\.)\Z")


def _is_declared(data: bytes, at: int) -> bool:
    """Whether the name at ``at`` follows a type, as in a declaration, and not what a call stands after."""
    before = data[max(0, at - 80) : at]
    return _TYPE_BEFORE.search(before) is not None and _NO_TYPE.search(before) is None


@cache
def scope_words(language: str, own: Wrappers) -> tuple[bytes, ...]:
    """Names without which a file opens nothing that the catalogue knows or the project has named as its ``own``."""
    about = with_wrappers(load(language), own)
    names = {n for field in ("creates", "opens", "acquires", "runs") for n in about.named(field)}
    return tuple(n.encode() for n in sorted(names | {"lock"}))


def _kind(there: Outline, function: Scope) -> tuple[Scope, str] | None:
    """The scope that a function opens and gives to its caller, or that it runs a delegate under."""
    declared = Target(there, function).signature
    parameters = {p.name for p in declared.parameters}
    for scope in there.holds:
        if scope.certainty == "assumed" or not function.span.holds(scope.span):
            continue
        run: Fact | None = next((f for f in _delegates(there) if f.name in parameters and there.under(f, scope)), None)
        if run is not None:
            return scope, RUNS
    if simple(declared.returns) in ("void", "Task", "ValueTask") and "<" not in declared.returns:
        return None
    for scope in (*there.returned, *there.holds):
        if function.span.holds(scope.span) and (scope in there.returned or scope.is_left_open):
            return scope, OPENS
    return None


def _delegates(there: Outline) -> Iterator[Fact]:
    return (f for f in there.facts if f.detail == "delegate")
