"""Methods of the repository that open a transaction or take a lock for their callers: their calls are scopes too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from ctxreview.callgraph.callers import Callee, reaches
from ctxreview.callgraph.index import Declared, Repository
from ctxreview.languages import load, with_wrappers
from ctxreview.model.declarations import Function
from ctxreview.model.facts import Fact, Reference
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Isolation, Region, Wrapper, Wrappers
from ctxreview.model.review import Excerpt
from ctxreview.model.source import Span
from ctxreview.outline.excerpts import excerpt_of
from ctxreview.outline.symbols.signatures import given
from ctxreview.outline.symbols.written_names import simple_type, without_async

MAX_BODY = 3000
"""Bytes from the start of a wrapper's body within which it opens something: they are short."""
MAX_FILES = 12
"""Files that declare a method of the name; a name that more of them declare is an everyday one."""
MAX_SEARCHED = 400
"""Files in which its declaration is looked for."""
MAX_LEVELS = 3
"""Wrappers in a row, each of which hands on what it is given, or returns what the next one opened."""

_HEADER = re.compile(r"\busing\b([^;{}]*)")
_CALLED = re.compile(r"\b(\w+)\s*(?:<[^<>()]{0,200}>)?\s*\(")
_BEFORE = re.compile(r"(\w+)\s*(?:<[^<>()]*>)?\s*\Z")
_MARKS = re.compile(r"[()]|=>|\bdelegate\b")
_KEPT = re.compile(
    r"(?<![\w.])(\w+)\s*=\s*(?:await\s+)?(?:[\w.!?]+\.)?(\w+)\s*(?:<[^<>()]{0,200}>)?\s*\((?=[^;]{0,400};)"
)
_ENDED = re.compile(
    r"(?<![\w.])(\w+)\s*[!?]?\.\s*(?:Dispose|Commit|Complete|Rollback|Release)\w*\s*\(|\busing\s*\(\s*(\w+)\s*\)"
)
_RETURNED = re.compile(r"(?:\breturn|=>)\s*(?:await\s+)?(?:[\w.!?]+\.)?(\w+)\s*(?:<[^<>()]{0,200}>)?\s*\(")
_HANDED = re.compile(r"[(,]\s*(?:\w+\s*:(?!:))?\s*(?:\w+\s*\.\s*){0,8}(\w+)\s*(?=[,)])")
_TELLS_ONLY = re.compile(
    r"(?:ConfigureAwait|nameof|typeof|Log\w*|ThrowIf\w*|Write(?:Line)?|AsTask|FromResult|Invoke)\Z"
)


class _Opened(NamedTuple):
    """A scope that a wrapper holds, in its own file's outline, and the functions that lead to it, with their paths."""

    scope: Region
    opens: bool
    through: tuple[tuple[str, Span], ...]


class _Read(NamedTuple):
    """A method whose body was read: the scopes that it wraps; without any, whether it is sure that it opens nothing."""

    target: Callee
    opened: tuple[_Opened, ...]
    opens_nothing: bool = False


def wrapped(outline: Outline, spans: Sequence[Span], repository: Repository, names: frozenset[str]) -> Outline:
    """``outline`` with the wrappers that the functions at ``spans`` call; the same one where they call none.

    ``names`` are what :func:`expect` gave for these functions and perhaps others.
    """
    found: list[Wrapper] = []
    calls: list[tuple[int, int]] = []
    known = {offset for offset, _ in outline.wrappers.calls}
    for reference, wrappers in _calls(outline, spans, repository, names, MAX_LEVELS):
        if reference.name_span.start not in known:
            calls += [(reference.name_span.start, len(found) + i) for i in range(len(wrappers))]
            found += wrappers
    made = repository.reoutline(outline, tuple(found), calls) if found else outline
    open_ = [s for s in made.regions if _is_given(s) and any(span.contains(s.opening) for span in spans)]
    levels = {s: level for s in open_ if (level := constant(made, s, repository)) is not None}
    if not levels:
        return made
    return replace(made, regions=tuple(_with_level(s, levels[s]) if s in levels else s for s in made.regions))


class Constant(NamedTuple):
    """Where a level's name is declared, in that file's outline, and the level."""

    outline: Outline
    span: Span
    level: str

    @property
    def place(self) -> str:
        """``path:line``."""
        return f"{self.outline.source.path}:{self.outline.source.line_of(self.span.start)}"


def _is_given(scope: Region) -> bool:
    return scope.isolation is not None and scope.isolation.is_open


def _with_level(scope: Region, found: Constant) -> Region:
    name = scope.isolation.given_by if scope.isolation is not None else ""
    return scope._replace(
        isolation=Isolation(found.level, given_by=name),
        note=f"{scope.note} Its isolation is {name} ({found.place}).".strip(),
    )


def constant(outline: Outline, scope: Region, repository: Repository) -> Constant | None:
    """The constant, read-only field or static member of the repository that gives a scope's isolation."""
    named = re.fullmatch(
        r"(?:[\w.]*?(\w+)\.)?(\w+)(?:\(\))?", scope.isolation.given_by if scope.isolation is not None else ""
    )
    if named is None:
        return None
    home = outline.type_of(scope.opening)
    if named[1] and named[1] not in ("this", "base"):
        known = repository.resolve(named[1], outline, scope.opening)
    else:
        own = Declared(outline, home) if home is not None else None
        known = (*repository.parts(own), *repository.ancestors(own)[0]) if own is not None else ()
    for part in (p for k in known for p in repository.parts(k)):
        for span in (
            *(m.span for m in part.outline.members if named[2] in m.names),
            *(f.span for f in part.functions if f.name == named[2]),
        ):
            text = part.outline.source.text(span) if part.scope.span.contains(span) else ""
            levels = set(re.findall(r"\bIsolationLevel\.(\w+)", text))
            if len(levels) == 1 and re.search(r"\b(?:const|readonly|static)\b", text.partition("=")[0]):
                return Constant(part.outline, span, levels.pop())
    return None


def opened(outline: Outline, span: Span, repository: Repository, *, direct: bool) -> Iterator[Excerpt]:
    """What the wrappers that a function calls really open: their heads, the two ends of the scope, and what they run.

    Not the methods that it calls itself, unless ``direct`` asks for these too. And the constants that give an isolation.
    """
    used = [outline.wrappers.found[i] for at, i in outline.wrappers.calls if span.start <= at < span.end]
    for path, where in dict.fromkeys(t for w in used for t in w.through[0 if direct else 1 :]):
        there = repository.outline_for(path, (), (where,))
        function = next((f for f in there.functions if f.span == where), None) if there is not None else None
        if there is None or function is None:
            continue
        holds = [s for s in there.regions if where.contains(s.span)]
        kept = [Span(where.start, function.opening.end), *(s.opening for s in holds), *(s.closing for s in holds)]
        kept += [c for s in holds for c in s.completes_at]
        kept += [f.span for f in there.facts if f.calls == "delegate" and where.contains(f.span)]
        does = ", ".join(dict.fromkeys(f"holds {s.construct}" for s in holds)) or "hands on what it is given"
        yield excerpt_of(there, kept, "callee", f"{Callee(there, function).shown}, which is called on the way, {does}")
        for scope in filter(_is_given, holds):
            yield from _constant(there, scope, repository)
    for scope in outline.regions:
        if (
            span.contains(scope.opening)
            and scope.isolation is not None
            and scope.isolation.given_by
            and not _is_given(scope)
        ):
            yield from _constant(outline, scope, repository)


def _constant(outline: Outline, scope: Region, repository: Repository) -> Iterator[Excerpt]:
    """What gives a scope's isolation, where it is a constant."""
    found = constant(outline, scope, repository)
    if found is not None:
        name = scope.isolation.given_by if scope.isolation is not None else ""
        yield excerpt_of(found.outline, [found.span], "field", f"{name}: the isolation of {scope.construct}")


def expect(
    functions: Iterable[tuple[Outline, Span]], repository: Repository, groups: frozenset[str] = frozenset()
) -> frozenset[str]:
    """The names of the repository's wrappers that may be called in these functions, whose files are read for them.

    ``groups`` are methods that may be handed to one by their names.
    """
    called = [(o.source.path, _candidates(o, span, repository, groups)) for o, span in functions]
    repository.prefetch_words(name for _, names in called for name in names)
    found = frozenset(n for n in {n for _, names in called for n in names} if _declared(n, repository, MAX_LEVELS))
    repository.outlines_for(sorted({path for path, names in called if not found.isdisjoint(names)}), found)
    return found


def _calls(
    outline: Outline, spans: Sequence[Span], repository: Repository, names: frozenset[str], levels: int
) -> Iterator[tuple[Reference, tuple[Wrapper, ...]]]:
    """The calls in ``spans`` that surely are those of methods that were read, with what each is a wrapper of."""
    there = repository.outline_for(outline.source.path, names) if names else None
    for reference in there.references if there is not None else ():
        if there is None or reference.form != "call" or not any(s.contains(reference.name_span) for s in spans):
            continue
        declared = _declared(reference.name, repository, levels)
        read = [d for d in declared if any(_surely(d.target, there, reference, repository))]
        opened = next((d for d in read if d.opened), None)
        if opened is not None:
            yield reference, tuple(_wrapper(opened, o, there, reference, repository) for o in opened.opened)
        elif read and all(d.opens_nothing for d in read):
            name, shown = reference.name, read[0].target.shown
            yield reference, tuple(Wrapper(name, None, f"{shown} opens nothing.", opens) for opens in (True, False))


def _surely(target: Callee, there: Outline, reference: Reference, repository: Repository) -> Iterator[bool]:
    return (c.certainty == "resolved" for c in reaches(target, there, [reference], repository))


def _wrapper(read: _Read, opened: _Opened, there: Outline, reference: Reference, repository: Repository) -> Wrapper:
    target, scope = read.target, opened.scope
    does = "opens and returns" if opened.opens else "runs what it is given under"
    note = f"{target.shown} ({target.outline.source.path}:{target.outline.source.line_of(target.name_at)}) {does} {scope.construct}."
    return Wrapper(
        name=reference.name,
        kind=scope.kind,
        note=note,
        opens=opened.opens,
        mode=scope.mode,
        construct=scope.name,
        isolation=_isolation(scope, target, there, reference, repository),
        async_flow=scope.async_flow,
        completes=tuple(sorted(_completing(there, scope))),
        through=opened.through,
    )


def _completing(there: Outline, scope: Region) -> frozenset[str]:
    """The calls that complete what was opened in the end."""
    return load(there.language).completing(scope.name)


def _isolation(
    scope: Region, target: Callee, there: Outline, reference: Reference, repository: Repository
) -> Isolation | None:
    """The isolation of a wrapper's scope: of one that its parameter gives, what the call has for it, or else its default."""
    level = scope.isolation
    if level is None or not level.is_open:
        return level
    wanted = re.split(r"\W", level.given_by, maxsplit=1)[0]
    declared = target.signature
    parameters = [p.name for p in declared.parameters]
    if wanted not in parameters:
        fixed = constant(target.outline, scope, repository)
        return Isolation(fixed.level) if fixed is not None else level
    place = parameters.index(wanted) - (1 if declared.extends and reference.receiver else 0)
    text = there.source.text(reference.span)
    after = len(there.source.text(Span(reference.span.start, reference.name_span.end)))
    listed = given(text, after)
    value = next((v for name, v in listed if name == wanted), None)
    if value is None and 0 <= place < len(listed) and not any(name for name, _ in listed[: place + 1]):
        value = listed[place][1]
    if value is None:
        default = re.search(rf"\b{re.escape(wanted)}\s*=\s*([^,()]+)", target.head)
        value = default[1].strip() if default is not None else level.given_by
    named = re.search(r"\bIsolationLevel\.(\w+)", value)
    return Isolation(named[1]) if named is not None else Isolation(given_by=" ".join(value.split())[:100])


def _candidates(
    outline: Outline, span: Span, repository: Repository, groups: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """The names that may be wrappers': called in a ``using``, with a delegate, or for what is ended later."""

    def made() -> tuple[str, ...]:
        text, known = outline.source.text(span), _catalogue(outline.language)
        names = [n for header in _HEADER.findall(text) for n in _CALLED.findall(header)]
        names += _given_delegates(text, groups.union(outline.methods))
        ended = {a or b for a, b in _ENDED.findall(text)}
        names += [called for variable, called in _KEPT.findall(text) if variable in ended]

        def may(name: str) -> bool:
            return known.isdisjoint((name, without_async(name))) or _tells(outline.language, name)

        return tuple(filter(may, dict.fromkeys(names)))

    key = ("candidates", outline.source.path, str(span.start), str(span.end), *sorted(groups))
    return repository.memo(key, made)


@cache
def _catalogue(language: str) -> frozenset[str]:
    """The calls that are known to read, write or save on whatever receiver."""
    return frozenset(name for name in load(language).facts if "." not in name)


def _given_delegates(text: str, methods: frozenset[str]) -> Iterator[str]:
    """The names of calls that have a lambda between their parentheses, or one of ``methods`` for an argument."""
    open_: list[int] = []
    for mark in _MARKS.finditer(text):
        if mark[0] == "(":
            open_.append(mark.start())
        elif mark[0] == ")":
            del open_[-1:]
        elif open_:
            yield from _name_before(text, open_[-1])
    for hit in _HANDED.finditer(text) if methods else ():
        if hit[1] in methods and (opening := _opening(text, hit.start())) is not None:
            yield from _name_before(text, opening)


def _name_before(text: str, opening: int) -> Iterator[str]:
    """The name of the call whose parenthesis opens there."""
    if called := _BEFORE.search(text[max(0, opening - 200) : opening]):
        yield called[1]


def _opening(text: str, at: int) -> int | None:
    """The parenthesis that holds the argument that begins after ``at``."""
    depth = 0
    for place in range(at, max(-1, at - MAX_BODY), -1):
        if text[place] == ")":
            depth += 1
        elif text[place] == "(":
            if depth == 0:
                return place
            depth -= 1
    return None


def _declared(name: str, repository: Repository, levels: int) -> tuple[_Read, ...]:
    """The methods of that name that wrap a scope, or whose name tells that they might."""
    return repository.memo(("wrapper", name, str(levels)), lambda: tuple(_found(name, repository, levels)))


def _found(name: str, repository: Repository, levels: int) -> Iterator[_Read]:
    named = re.compile(rb"%s\s*(?:<[^<>()]{0,200}>)?\s*\(" % name.encode())
    tells = _tells(repository.language, name)
    files = 0
    for path in repository.files(name)[:MAX_SEARCHED]:
        text = repository.text(path)
        declared = tuple(Span(*m.span()) for m in named.finditer(text) if _is_declared(text, *m.span()))
        if not declared:
            continue
        files += 1
        there = repository.outline_for(path, {name}, declared) if files <= MAX_FILES else None
        for function in there.functions if there is not None else ():
            has_body = function.opening.end < function.span.end and function.kind in ("method", "local function")
            if there is not None and function.name == name and has_body:
                read = _read(there, function, repository, levels)
                if read.opened or tells:
                    yield read


_TYPE_BEFORE = re.compile(rb"[\w>\]?]\s+\Z|\w\.\Z")
_NO_TYPE = re.compile(rb"(?:\b(?:return|await|new|else|throw|in|is|when|case|yield)\s+|\b_?[a-z]\w*\.)\Z")


_AFTER = re.compile(rb"\s*(?:where[^;{}]{0,400})?(?:\{|=>)")
_ROUND = re.compile(rb"[()]")


def _is_declared(data: bytes, at: int, parameters: int) -> bool:
    """Whether the name at ``at`` follows a type and has a body after its ``parameters``, and is not what a call stands after."""
    before = data[max(0, at - 80) : at]
    if _TYPE_BEFORE.search(before) is None or _NO_TYPE.search(before) is not None:
        return False
    depth = 1
    for mark in _ROUND.finditer(data, parameters, parameters + 1000):
        depth += 1 if mark[0] == b"(" else -1
        if not depth:
            return _AFTER.match(data, mark.end()) is not None
    return False


@cache
def scope_words(language: str, own: Wrappers) -> tuple[bytes, ...]:
    """Names without which a file opens nothing that the catalogue knows or the project has named as its ``own``."""
    about = with_wrappers(load(language), own)
    names = {n for field in ("creates", "opens", "acquires", "runs") for n in about.named(field)}
    return tuple(n.encode() for n in sorted(names | {"lock"}))


@cache
def _tells(language: str, name: str) -> bool:
    """Whether a call of that name is taken for one that opens a scope, where its body is not read."""
    about = load(language)
    looks = any(re.search(one.opens, name) or re.search(one.runs, name) for one in about.looks_like)
    return looks or name in about.named("opens") or name in about.named("runs")


def _read(there: Outline, function: Function, repository: Repository, levels: int) -> _Read:
    """What a function opens and gives to its caller, or what it runs a delegate under, itself or by further wrappers."""
    target = Callee(there, function)
    own = (there.source.path, function.span)
    delegates = frozenset(p.name for p in target.signature.parameters)
    handed = list(_handed(there, function, delegates, repository, levels - 1)) if levels > 1 else []
    names = frozenset(_inner(there, function, repository, levels - 1)) if levels > 1 else frozenset[str]()
    calls = list(_calls(there, (function.span,), repository, names, levels - 1)) if names else []
    if calls:
        found = tuple(w for _, ws in calls for w in ws)
        at = [(r.name_span.start, i) for i, r in enumerate(r for r, ws in calls for _ in ws)]
        there = repository.reoutline(there, found, at)
        target = Callee(there, next(f for f in there.functions if f.span == function.span))
    further = {r.name_span.start: w.through for r, ws in calls for w in ws if w.kind is not None}

    def opened(scope: Region, *, opens: bool) -> _Opened:
        beyond = [
            through
            for at, through in further.items()
            if scope.opening.start <= at < max(scope.opening.end, scope.span.start)
        ]
        beyond += [
            through for at, through in further.items() if scope.form == "callback" and _is_call(there, at, scope)
        ]
        return _Opened(scope, opens, (own, *(beyond[-1] if beyond else ())))

    runs = [f for f in there.facts if function.span.contains(f.span) and _runs(f, delegates)]
    held = [s for s in there.regions if s.certainty != "assumed" and function.span.contains(s.span)]
    under = [opened(s, opens=False) for s in held if any(_is_under(there, f.span, s) for f in runs)]
    for reference, wrappers in handed:
        around = (s for s in held if _is_under(there, reference.name_span, s))
        under += [opened(s, opens=False) for s in around]
        under += [
            _Opened(_as_scope(w, function), False, (own, *w.through))
            for w in wrappers
            if w.kind is not None and not w.opens
        ]
    if under:
        return _Read(target, _told(under))
    returns = target.signature.returns
    if not (simple_type(returns) in ("void", "Task", "ValueTask") and "<" not in returns):
        every = (*there.returned, *there.regions)
        left = [s for s in every if function.span.contains(s.span) and (s in there.returned or s.unreleased)]
        if any(s.certainty != "assumed" for s in left):
            return _Read(target, _told([opened(s, opens=True) for s in left if s.certainty != "assumed"][:1]))
    return _Read(target, (), not held and not handed and _is_plain(there, function, delegates))


def _told(opened: Sequence[_Opened]) -> tuple[_Opened, ...]:
    """Of several scopes one of each kind and mode, the innermost: it is what decides in the end."""
    kept = {(o.scope.kind, o.scope.mode == "retried"): o for o in opened}
    return tuple(kept.values())


def _is_under(there: Outline, span: Span, scope: Region) -> bool:
    return there.runs_under(span, scope) and not any(g.contains(span) for g in scope.excluded)


def _is_call(there: Outline, at: int, scope: Region) -> bool:
    """Whether the name at ``at`` is that of the call that is given the lambda which is ``scope``."""
    return at < scope.span.start and ";" not in there.source.text(Span(at, scope.span.start))


def _runs(fact: Fact, delegates: frozenset[str]) -> bool:
    """Whether a fact is a call of one of these parameters."""
    if fact.calls == "delegate":
        return fact.name in delegates
    return fact.name in ("Invoke", "DynamicInvoke") and fact.target.rstrip("?!") in delegates


def _inner(there: Outline, function: Function, repository: Repository, levels: int) -> Iterator[str]:
    """The names of further wrappers that a wrapper's body may call."""
    text = there.source.text(Span(function.opening.end, function.span.end))[:MAX_BODY]
    names = dict.fromkeys((*_candidates(there, function.span, repository), *_RETURNED.findall(text)))
    repository.prefetch_words(names)
    return (
        n
        for n in names
        if n not in _catalogue(there.language) and n != function.name and _declared(n, repository, levels)
    )


def _handed(
    there: Outline, function: Function, delegates: frozenset[str], repository: Repository, levels: int
) -> Iterator[tuple[Reference, tuple[Wrapper, ...]]]:
    """The calls that a function gives one of its own parameters, where they are those of wrappers that run it."""
    text = there.source.text(Span(function.opening.end, function.span.end))[:MAX_BODY]
    names = {
        called
        for hit in _HANDED.finditer(text)
        if hit[1] in delegates and (opening := _opening(text, hit.start())) is not None
        for called in _name_before(text, opening)
    }
    repository.prefetch_words(names)
    wanted = frozenset(n for n in names if n not in _catalogue(there.language) and _declared(n, repository, levels))
    for reference, wrappers in _calls(there, (function.span,), repository, wanted, levels):
        call = there.source.text(reference.span)
        after = len(there.source.text(Span(reference.span.start, reference.name_span.end)))
        if any(value in delegates for _, value in given(call, after)):
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


def _is_plain(there: Outline, function: Function, delegates: frozenset[str]) -> bool:
    """Whether a body only runs what it is given, or has nothing to call: what it does is all seen then."""
    body = there.source.text(Span(function.opening.end, function.span.end))
    if re.search(r"\bnew\b|\bbase\.", body) or not body.strip(" \t\r\n;"):
        return False
    return all(n in delegates or _TELLS_ONLY.match(n) or n in _WORDS for n in _CALLED.findall(body))


_WORDS = frozenset({"if", "while", "for", "foreach", "switch", "catch", "return", "await", "throw"})
