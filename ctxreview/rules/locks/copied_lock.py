"""A lock that is a value is copied: who takes the copy excludes nobody.

What it flags
-------------
A ``SpinLock`` in a ``readonly`` field or behind a property, of which each use takes a copy; one that is assigned to a
variable, or is a parameter without ``ref``.

Why it matters here
-------------------
``SpinLock`` is a structure: its state is in the variable itself. A method that is called on a ``readonly`` field changes
a copy of it, so that the field is never locked, and two threads are in at the same time.

When it is fine
---------------
Never while two threads use it.

Example
-------
```csharp
class C {
    readonly SpinLock _spin = new(false);
    int _n;
    void M() {
        var taken = false;
        try { _spin.Enter(ref taken); _n++; }
        finally { if (taken) _spin.Exit(); }
    }
}
```

Instead
-------
```csharp
class C {
    SpinLock _spin = new(false);
    int _n;
    void M() {
        var taken = false;
        try { _spin.Enter(ref taken); _n++; }
        finally { if (taken) _spin.Exit(); }
    }
}
```

Source
------
.NET API documentation, ``SpinLock`` (remarks): <https://learn.microsoft.com/dotnet/api/system.threading.spinlock>.
Roslyn analyzers, RS0042 and Sonar's rule for ``readonly`` structures are background knowledge.
"""

from __future__ import annotations

from collections.abc import Iterator

from ctxreview.behaviour.places import lines
from ctxreview.behaviour.version import Version, version
from ctxreview.languages import load
from ctxreview.model import il
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.rules.prefilter import ALWAYS

ID = "copied-lock"
SEVERITY = "high"
LANGUAGES = ("csharp",)
NEEDS = ("SpinLock",)
BEYOND = ALWAYS


def check(outline: Outline) -> list[Finding]:
    """Each lock that is a value, and a copy of which is taken."""
    of = version(outline)
    copied = of.about.of("copied")
    if not any(name.encode() in outline.source.data for name in copied):
        return []
    kept = load(outline.language).words.kept
    held = [s for s in of.states if simple_type_or_array(s.type) in copied]
    found = []
    for state in held:
        once = bool(kept & frozenset(state.member.modifiers))
        if once or state.member.kind == "property":
            how = "cannot be changed" if once else "is a property"
            found.append(_finding(outline, state.name, state.member.span, f"{how}: each use locks a copy of it"))
    for name, at, how in _copies(of, outline, {s.name for s in held}, copied):
        found.append(_finding(outline, name, at, how))
    return found


def _copies(of: Version, outline: Outline, held: set[str], copied: frozenset[str]) -> Iterator[tuple[str, Span, str]]:
    for member in outline.outermost:
        unit = of.units.get(member.span)
        if unit is None or of.words[member.span].isdisjoint(held | copied):
            continue
        for node in il.walk(unit):
            if isinstance(node, il.Parameter) and not node.mode and simple_type_or_array(node.type) in copied:
                yield node.name.text, node.span, "is handed over as a copy"
            elif isinstance(node, il.Assign) and node.declares and _is_held(node.value, held):
                yield _name(node.value), node.span, "is copied to a variable, whose lock is another one"


def _is_held(value: il.Value, held: set[str]) -> bool:
    state = isinstance(value, il.Name) and value.binding in ("member", "static")
    return (state or isinstance(value, il.Access)) and _name(value) in held


def _name(value: il.Value) -> str:
    return value.text if isinstance(value, il.Name) else value.name if isinstance(value, il.Access) else ""


def _finding(outline: Outline, name: str, at: Span, how: str) -> Finding:
    return Finding(
        ID,
        "high",
        "syntactic",
        f"`{name}` is a lock that is a value, and it {how}.",
        "Do all threads lock the same variable?",
        lines(outline, at),
        about=(name, how),
    )
