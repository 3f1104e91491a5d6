"""A collection guarded by a lock is handed out and can be enumerated outside the lock.

What it flags
-------------
A ``return`` under a lock of a collection of the type that is modified in place: the collection itself, a read-only
wrapper, its ``Keys`` or ``Values``, or a query on it that has not run yet. Also a variable that receives it under the
lock and is used after it. Compared before and after an edit: a collection inside a dictionary of collections that was
copied, and is returned itself.

Why it matters here
-------------------
The lock ends with the return. The caller enumerates while others modify the collection under the lock: an exception
at best, a wrong result otherwise. A lazy query also runs in the caller.

When it is fine
---------------
The collection is replaced as a whole and never modified, or is swapped for a new one under the lock; it is
thread-safe; or the caller holds the lock.

Example
-------
```csharp
class C {
    readonly object _gate = new();
    readonly List<int> _items = new();
    void Add(int x) { lock (_gate) { _items.Add(x); } }
    IReadOnlyList<int> All() { lock (_gate) { return _items; } }
}
```

Instead
-------
```csharp
class C {
    readonly object _gate = new();
    readonly List<int> _items = new();
    void Add(int x) { lock (_gate) { _items.Add(x); } }
    IReadOnlyList<int> All() { lock (_gate) { return _items.ToArray(); } }
}
```

Source
------
ParallelHelper PH_S027: <https://github.com/Concurrency-Lab/ParallelHelper/blob/master/doc/analyzers/PH_S027.md>.
Orleans, ``InMemoryJobQueue.cs`` ("Snapshot the jobs under the lock"): <https://github.com/dotnet/orleans>.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from typing import NamedTuple

from ctxreview.behaviour.body import facts_named, own_facts
from ctxreview.behaviour.lock_usage import (
    Use,
    declared,
    is_called_locked,
    is_collection,
    is_said,
    is_under,
    locked_uses,
    locks,
    masked_source,
    methods,
)
from ctxreview.behaviour.places import lines
from ctxreview.languages.behaviour import names_of
from ctxreview.model.facts import Fact
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Crossing, Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.outline.symbols.names import whole
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.regex import regex
from ctxreview.rules.prefilter import LOCK, LOCKS

ID = "leaked-collection"
SEVERITY = "medium"
LANGUAGES = ("csharp",)
NEEDS = (LOCK,)
BEYOND = LOCKS

_NEW = regex(r"=\s*(?:new\b|\[\s*\])")
_ENDED = regex(rb"\s*;")

_LAZY = (
    r"(?:Where|Select|SelectMany|OrderBy|OrderByDescending|Skip|Take|OfType|Cast|Concat|Distinct|Reverse|AsEnumerable)"
)
_HANDED = regex(
    r"return\s+(?:this\.)?(\w+)\s*(?P<how>|\.\s*AsReadOnly\(\)|\.\s*(?:Keys|Values)"
    rf"|(?:\.\s*{_LAZY}\s*(?:<[^;()]*>)?\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\s*)+);?$"
)


def check(outline: Outline) -> list[Finding]:
    """Each return, under a lock, of a collection that is changed under it elsewhere."""
    held = locks(outline)
    collections = (
        {k for k, m in declared(outline).items() if is_collection(simple_type_or_array(m.declares), outline)}
        if held
        else ()
    )
    if not collections:
        return []
    uses: dict[tuple[str, str], list[Use]] = {}
    for use in locked_uses(outline, held):
        if use.state in collections:
            uses.setdefault(use.state, []).append(use)
    changed = {
        (state, g)
        for state, every in uses.items()
        for u in every
        if u.fact.kind == "write" and _in_place(u.fact, outline) and not _is_filled_first(u, every, outline)
        for g in u.gates
    }
    found = []
    taken = Crossing(held)
    returns = {
        span: [f for f in facts if f.kind == "exit" and f.name == "return"]
        for span, facts in own_facts(outline).items()
    }
    for use in (u for every in uses.values() for u in every):
        shared = next((g for g in use.gates if (use.state, g) in changed), "")
        handed = _handed(use, returns, taken, outline) if shared and use.fact.kind == "read" else None
        if handed is None or use.member.name in _FOR_DEBUGGERS or _is_told(use, outline):
            continue
        if handed.variable:
            what = f"is what `{handed.variable}` stands for, which is used"
        else:
            what = f"is returned{f' by `{handed.by}`' if handed.by else ' itself'} and used"
        found.append(
            Finding(
                ID,
                "medium",
                "syntactic",
                f"`{use.fact.name}`, which is changed under `{shared}`, {what} outside the lock.",
                "Can it be enumerated while others change it, or should it be copied under the lock?",
                lines(outline, use.fact.span),
                tuple(lines(outline, u.fact.span, "changed") for u in uses[use.state] if _changes(u.fact, outline))[:3],
                about=(use.fact.name, shared, *handed),
            )
        )
    return found


_LOOKED_UP = regex(rb"\s*\.\s*TryGetValue\s*\([^;{}]*?\bout\s+(?:[\w.<>,?\[\]]+\s+)?(\w+)\s*\)")
_ELEMENT = regex(rb"\s*\[[^\[\];{}]*\]\s*!?")
_CALLED = regex(rb"\s*[!?]?\s*\.\s*(\w+)\s*\(")
_GIVEN = regex(rb"(?<![\w.])(\w+)\s*=\s*(?:this\s*\.\s*)?$")


class _Element(NamedTuple):
    """A collection inside another one, as it is looked up: by a ``variable``, or where that is empty by the element itself."""

    use: Use
    variable: bytes
    end: int


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each collection inside another one that an edit hands out where it gave a copy."""
    found = _inner(after)
    known = {f.about for f in _inner(before)} if found else set[tuple[str, ...]]()
    old = methods(before)
    return [
        f
        for f in found
        if f.about not in known
        and any(_COPIES.search(masked_source(before), *m.span) for m in old.get((f.about[2], f.about[3]), ()))
    ]


_COPIES = regex(
    rb"\.\s*To(?:List|Array|HashSet|Immutable\w+|Frozen\w+)\s*\(|\[\s*\.\.|\bnew\s+\w+\s*(?:<[^;(){}]*>)?\s*\(\s*\w"
)


def _inner(outline: Outline) -> list[Finding]:
    """Each return under a lock of a collection inside another one, where such are changed under that lock."""
    held, code = locks(outline), masked_source(outline)
    outer = {k for k, m in declared(outline).items() if _holds_collections(m.declares, outline)} if held else set()
    elements: list[_Element] = []
    changed: dict[tuple[tuple[str, str], str], Span] = {}
    about = names_of(outline.language)
    for use in locked_uses(outline, held) if outer else ():
        if use.state not in outer or not use.gates:
            continue
        hit = _LOOKED_UP.match(code, use.fact.span.end) or _LOOKED_UP.match(
            code, use.fact.span.start + len(use.fact.spelled)
        )
        element = _ELEMENT.match(code, use.fact.span.start + len(use.fact.spelled))
        if hit is not None:
            elements.append(_Element(use, hit[1], hit.end()))
        elif element is not None:
            given = _GIVEN.search(code, max(0, use.fact.span.start - 100), use.fact.span.start)
            given = given if _ENDED.match(code, element.end()) else None
            elements.append(_Element(use, given[1] if given is not None else b"", element.end()))
    for one in elements:
        for at in _places(one, code):
            call = _CALLED.match(code, at.end)
            if call is not None and about.has("changes", call[1].decode("utf-8", "replace")):
                changed.update(((one.use.state, g), at) for g in one.use.gates)
    taken, exits = Crossing(held), own_facts(outline)
    found = []
    for one in elements:
        gate = next((g for g in one.use.gates if (one.use.state, g) in changed), "")
        scope = next((s for s in taken.around(one.use.fact.span) if s.owner == one.use.function.span), None)
        if not gate or scope is None or is_called_locked(one.use.member, outline, held):
            continue
        for leave in exits.get(one.use.function.span, ()):
            if (
                leave.name != "return"
                or not is_under(leave.span, scope)
                or not any(leave.span.contains(at) and _is_whole(at, code, leave) for at in _places(one, code))
            ):
                continue
            name = one.use.fact.name
            found.append(
                Finding(
                    ID,
                    "medium",
                    "syntactic",
                    f"A collection in `{name}`, such as are changed under `{gate}`, is returned itself and used outside the lock.",
                    "Can it be enumerated while others change it, or should it be copied under the lock?",
                    lines(outline, leave.span),
                    (lines(outline, changed[one.use.state, gate], "changed"),),
                    about=(name, gate, one.use.member.container, one.use.member.name),
                )
            )
            break
    return found


def _places(one: _Element, code: bytes) -> list[Span]:
    """Where the collection stands after it was looked up: its variable, or the element."""
    if not one.variable:
        return [Span(one.use.fact.span.start, one.end)]
    return [Span(*h.span()) for h in whole(one.variable).finditer(code, one.end, one.use.function.span.end)]


def _is_whole(at: Span, code: bytes, leave: Fact) -> bool:
    """Whether what is returned is the collection itself, in one case or all."""
    before, after = code[leave.span.start : at.start].rstrip(), code[at.end : leave.span.end].lstrip(b"! \r\n\t")
    return before.endswith((b"return", b"?", b":")) and (not after or after.startswith((b";", b":", b"??")))


def _holds_collections(type_: str, outline: Outline) -> bool:
    """Whether a type, as written, is a dictionary of collections that change in place."""
    inner = _VALUES.match(type_)
    if inner is None or not is_collection(simple_type_or_array(type_), outline):
        return False
    return is_collection(simple_type_or_array(inner[1].strip()), outline)


_VALUES = regex(r"(?:\w+\.)*\w+<[\w.?\[\]]+\s*,\s*(.+)>\??$")

_FOR_DEBUGGERS = frozenset(("GetScheduledTasks",))
"""What the framework asks for only while a debugger holds every other thread."""
_SAID = regex(
    rb"(?i)\b(?:not|never|n't)\b[^.;]{0,20}\b(?:clon|cop[iy])|\b(?:if|while|as long as)\b[^.;]{0,40}\b(?:hold|holding|own)\b"
)
"""What a comment says of a collection that who calls may use under the lock alone."""


def _is_told(use: Use, outline: Outline) -> bool:
    """Whether a comment says so, at the function or at the property that it is an accessor of."""
    at = next((m.span for m in outline.members if m.span.contains(use.fact.span)), use.member.span)
    return is_said(use.member, outline, _SAID) or is_said(use.member._replace(span=at), outline, _SAID)


class _Handed(NamedTuple):
    """How a collection leaves the lock: returned, ``by`` a method of it or itself, or as a ``variable`` that is used after."""

    by: str = ""
    variable: str = ""


def _handed(use: Use, returns: Mapping[Span, list[Fact]], taken: Crossing[Region], outline: Outline) -> _Handed | None:
    """How the collection leaves the lock; ``None`` where it does not."""
    name = use.fact.name
    own = returns.get(use.function.span, [])
    near = bisect_right(own, use.fact.span.start, key=_start)
    if near and (statement := own[near - 1]).span.contains(use.fact.span):
        handed = _HANDED.match(" ".join(outline.source.text(statement.span).split()))
        if handed is None or handed[1] != use.fact.spelled:
            return None
        return _Handed(by=handed["how"].strip().lstrip(".").split("(")[0] if handed["how"] else "")
    code = masked_source(outline)
    into = re.search(rb"(\w+)\s*=\s*(?:this\.)?$", code[max(0, use.fact.span.start - 100) : use.fact.span.start])
    if into is None or not _ENDED.match(code, use.fact.span.end):
        return None
    scope = next(s for s in taken.around(use.fact.span) if s.owner == use.function.span and is_under(use.fact.span, s))
    local = re.compile(rb"(?<![\w.])%s\b" % into[1])
    # A collection that is taken away and replaced by a new one under the lock belongs to who took it.
    if any(f.kind == "write" and is_under(f.span, scope) for f in facts_named(outline, name)):
        return None
    used = local.search(code, scope.span.end, use.function.span.end) is not None
    return _Handed(variable=into[1].decode()) if used and into[1].decode() != name else None


def _is_filled_first(change: Use, every: list[Use], outline: Outline) -> bool:
    """Whether, among ``every`` use of a collection, it is a new one that was put there in the same function, under the same locks: nobody else has it yet."""
    return any(
        u.fact.kind == "write"
        and u.function.span == change.function.span
        and u.gates == change.gates
        and u.fact.span.start < change.fact.span.start
        and _NEW.search(outline.source.text(u.fact.span)) is not None
        and not _in_place(u.fact, outline)
        for u in every
    )


def _changes(fact: Fact, outline: Outline) -> bool:
    return fact.kind == "write" and _in_place(fact, outline)


def _in_place(fact: Fact, outline: Outline) -> bool:
    """Whether the collection is changed, and not replaced by another one."""
    return re.match(rf"(?:this\.)?{re.escape(fact.spelled)}\s*=(?!=)", outline.source.text(fact.span)) is None


def _start(fact: Fact) -> int:
    return fact.span.start
