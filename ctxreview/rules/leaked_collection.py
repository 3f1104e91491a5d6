"""A collection that a lock guards is handed out: its user enumerates it outside the lock.

What it flags
-------------
A ``return`` under a lock of a collection of the type that is changed in place: the collection itself, a read-only wrapper,
its ``Keys`` or ``Values``, or a query on it that nothing has run yet.

Why it matters here
-------------------
The lock ends with the return. The caller enumerates while others change it under the lock: an exception in the best case, a
wrong result otherwise. A lazy query runs at the caller, too.

When it is fine
---------------
The collection is replaced as a whole and never changed, is made for several threads, or the caller holds the lock.

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
ParallelHelper, "leaked outbound collection"; .NET API documentation, ``List<T>`` (thread safety of enumerating).
"""

from __future__ import annotations

import re

from ctxreview.model import Fact, Finding, Outline
from ctxreview.rules.guarded import COLLECTIONS, declared, locks, simple, uses
from ctxreview.rules.places import lines

ID = "leaked-collection"
SEVERITY = "medium"

_LAZY = (
    r"(?:Where|Select|SelectMany|OrderBy|OrderByDescending|Skip|Take|OfType|Cast|Concat|Distinct|Reverse|AsEnumerable)"
)
_HANDED = re.compile(
    r"return\s+(?:this\.)?(\w+)\s*(?P<how>|\.\s*AsReadOnly\(\)|\.\s*(?:Keys|Values)"
    rf"|(?:\.\s*{_LAZY}\s*(?:<[^;()]*>)?\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\s*)+);?$"
)


def check(outline: Outline) -> list[Finding]:
    """Each return, under a lock, of a collection that is changed under it elsewhere."""
    held = locks(outline)
    collections = {k for k, m in declared(outline).items() if simple(m.declares) in COLLECTIONS} if held else ()
    if not collections:
        return []
    every = [u for u in uses(outline, held) if u.state in collections]
    changed = {(u.state, g) for u in every if u.fact.kind == "write" and _in_place(u.fact, outline) for g in u.gates}
    found = []
    returns = [f for f in outline.facts if f.kind == "exit" and f.name == "return"]
    for use in every:
        statement = next((r for r in returns if r.span.holds(use.fact.span) and use.function.span.holds(r.span)), None)
        if use.fact.kind != "read" or statement is None:
            continue
        shared = [g for g in use.gates if (use.state, g) in changed]
        handed = _HANDED.match(" ".join(outline.source.text(statement.span).split()))
        if not shared or handed is None or handed[1] != use.fact.name:
            continue
        what = "itself" if not handed["how"] else f"by `{handed['how'].strip().lstrip('.').split('(')[0]}`"
        found.append(
            Finding(
                ID,
                "medium",
                "syntactic",
                f"`{use.fact.name}`, which is changed under `{shared[0]}`, is returned {what}: the caller uses it outside the lock.",
                "Does the caller enumerate it while others change it, or does it need a copy made under the lock?",
                lines(outline, statement.span),
                tuple(
                    lines(outline, u.fact.span, "changed")
                    for u in every
                    if u.state == use.state and _changes(u.fact, outline)
                )[:3],
            )
        )
    return found


def _changes(fact: Fact, outline: Outline) -> bool:
    return fact.kind == "write" and _in_place(fact, outline)


def _in_place(fact: Fact, outline: Outline) -> bool:
    """Whether the collection is changed, and not replaced by another one."""
    return re.match(rf"(?:this\.)?{re.escape(fact.name)}\s*=(?!=)", outline.source.text(fact.span)) is None
