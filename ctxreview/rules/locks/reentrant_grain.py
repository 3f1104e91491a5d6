"""A grain or actor whose turns can interleave.

What it flags
-------------
Compared before and after an edit: ``[Reentrant]``, ``[AlwaysInterleave]`` or ``[MayInterleave]`` added to a grain. In
the code: state that a method of a reentrant grain reads before an await and writes after it; state of a grain or
actor that is used in ``Task.Run``.

Why it matters here
-------------------
A grain handles one call at a time, so its fields need no lock. When calls interleave, another call may run at each
await and change what was read before it. ``Task.Run`` leaves the grain's scheduler: its body runs in parallel with
the grain's own code.

When it is fine
---------------
The state is read again after the await, or nothing depends on it.

Example
-------
```csharp
[Reentrant]
class AccountGrain : Grain {
    int _balance;
    public async Task Add(int x) {
        var old = _balance;
        await Log(x);
        _balance = old + x;
    }
}
```

Instead
-------
```csharp
class AccountGrain : Grain {
    int _balance;
    public async Task Add(int x) {
        var old = _balance;
        await Log(x);
        _balance = old + x;
    }
}
```

Source
------
Orleans documentation, "Request scheduling" (``[Reentrant]``, ``[AlwaysInterleave]``):
<https://learn.microsoft.com/dotnet/orleans/grains/request-scheduling>; the attributes were looked at in its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctxreview.behaviour.body import own_facts
from ctxreview.behaviour.places import lines
from ctxreview.model.declarations import Function, Nesting, TypeDecl
from ctxreview.model.facts import Fact
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.regex import regex
from ctxreview.rules.prefilter import ALWAYS

ID = "reentrant-grain"
SEVERITY = "high"
LANGUAGES = ("csharp",)
NEEDS = (
    "Reentrant",
    "Grain",
    "JournaledGrain",
    "ReceiveActor",
    "UntypedActor",
    "UntypedPersistentActor",
    "ReceivePersistentActor",
)
BEYOND = ALWAYS

_MARK = regex(r"\[[^\[\]]*\b(Reentrant|AlwaysInterleave|MayInterleave)\b")
_ACTOR = regex(
    r":[^{]*\b(?:Grain(?:<[^{]*>)?|JournaledGrain|ReceiveActor|UntypedActor|UntypedPersistentActor|ReceivePersistentActor)\b"
)


def check(outline: Outline) -> list[Finding]:
    """State over an await in each reentrant grain, and state in tasks that leave the grain or actor."""
    data = outline.source.data
    found: list[Finding] = []
    if b"Reentrant" in data or b"Interleave" in data:
        for type_ in outline.types:
            if re.search(r"\[[^\[\]]*\bReentrant\b", outline.source.text(type_.opening)):
                found += _over_awaits(type_, outline)
    if b"Task.Run" in data or b"StartNew" in data:
        for type_ in outline.types:
            if _ACTOR.search(outline.source.text(type_.opening)):
                found += _tasks(type_, outline)
    return found


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each mark that an edit adds."""
    if b"Reentrant" not in after.source.data and b"Interleave" not in after.source.data:
        return []
    known = {(s.container, s.name, mark) for s, mark in _marks(before)}
    there = {(f.container, f.name) for f in before.functions} | {(t.container, t.name) for t in before.types}
    return [
        Finding(
            ID,
            "high" if (scope.container, scope.name) in there else "medium",
            "syntactic",
            f"The edit adds [{mark}] to {scope.name}: another call may run at each await.",
            "Which method relies on a field keeping its value across an await?",
            lines(after, scope.opening, scope.name),
        )
        for scope, mark in _marks(after)
        if (scope.container, scope.name, mark) not in known
    ]


def _marks(outline: Outline) -> Iterator[tuple[Function | TypeDecl, str]]:
    every: tuple[Function | TypeDecl, ...] = (*outline.types, *outline.functions)
    for scope in every:
        if scope.kind not in ("class", "interface", "method"):
            continue
        marked = _MARK.match(outline.source.text(scope.opening))
        if marked:
            yield scope, marked[1]


def _over_awaits(type_: TypeDecl, outline: Outline) -> Iterator[Finding]:
    for function in outline.functions:
        if function.kind != "method" or not type_.span.contains(function.span):
            continue
        here = own_facts(outline).get(function.span, [])
        awaits = [f.span for f in here if f.kind == "await"]
        states = [f for f in here if f.is_state and not f.is_readonly] if awaits else []
        if any(_is_flag(name, states, awaits[0].start) for name in {f.name for f in states}):
            continue
        for name in dict.fromkeys(f.name for f in states):
            found = _stale(name, states, [a.start for a in awaits])
            if found is not None:
                yield Finding(
                    ID,
                    "medium",
                    "syntactic",
                    f"{type_.name} is reentrant, and {function.name} reads `{name}` before an await and writes it afterwards.",
                    "What if another call changes it during the await?",
                    lines(outline, found[1].span),
                    (lines(outline, found[0].span, "read before the await"),),
                    about=(type_.name, function.name, name),
                )


def _is_flag(name: str, states: list[Fact], first: int) -> bool:
    """Whether state is looked at and set before the first await, and set back after it: it keeps a second call out."""
    uses = [f for f in states if f.name == name]
    kinds = [f.kind for f in uses if f.span.end <= first]
    return kinds[:2] == ["read", "write"] and uses[-1].kind == "write" and uses[-1].span.start > first


def _stale(name: str, states: list[Fact], awaits: list[int]) -> tuple[Fact, Fact] | None:
    """A read before an await and the first use after it, where that is a plain write."""
    uses = [f for f in states if f.name == name]
    for at in awaits:
        read = next((f for f in uses if f.kind == "read" and f.span.end <= at), None)
        later = [f for f in uses if f.span.start > at or (f.kind == "write" and f.span.end > at)]
        # What is written before the await, too, tells others that this call is under way.
        marked = any(f.kind == "write" and f.span.end <= at for f in uses)
        if read is None or not later or marked:
            continue
        if later[0].kind == "write" and not any(f.kind == "read" for f in later[:2]):
            return read, later[0]
    return None


def _tasks(type_: TypeDecl, outline: Outline) -> Iterator[Finding]:
    nesting = Nesting(outline.functions)
    told = set()
    for spawn in outline.facts:
        if spawn.kind != "spawn" or spawn.name not in ("Run", "StartNew") or not type_.span.contains(spawn.span):
            continue
        if "Task.Run" not in (text := outline.source.text(spawn.span)) or "this" in text:
            continue
        for fact in outline.facts:
            if not fact.is_state or fact.kind != "write" or not spawn.span.contains(fact.span) or fact.name in told:
                continue
            function = nesting.innermost(fact.span)
            if function is not None and spawn.span.contains(function.span):
                told.add(fact.name)
                yield Finding(
                    ID,
                    "medium",
                    "syntactic",
                    f"`{fact.name}` of {type_.name} is written in Task.Run, which runs in parallel with the grain's or actor's own code.",
                    "What keeps the two from using it at the same time?",
                    lines(outline, fact.span),
                    (lines(outline, spawn.span, "Task.Run"),),
                    about=(fact.name, type_.name),
                )
