"""An edit adds or removes a place at which a lock is released or a transaction is committed or rolled back, or a condition of it.

What it flags
-------------
A lock that is released, or a transaction that is committed or rolled back, at more places or at fewer ones than before the edit,
while it is taken once as before. A call that takes or ends one and that is made on a condition now.

Why it matters here
-------------------
Each way out has to end a lock once: one too many lets a second thread in or throws, one too few leaves it taken for ever. A
transaction that is ended on another way keeps or drops what was done on it.

When it is fine
---------------
The new place ends a way out that had been forgotten, or the one that is gone could not be reached. A place less is left alone where a
``finally`` ends it still, and a condition that only asks whether there is anything to end.

Example
-------
```csharp
class C {
    readonly SemaphoreSlim _gate = new(1);
    int _n;
    void M() {
        _gate.Wait();
        try {
            if (_n > 3) { _gate.Release(); return; }
            _n++;
        }
        finally { _gate.Release(); }
    }
}
```

Instead
-------
```csharp
class C {
    readonly SemaphoreSlim _gate = new(1);
    int _n;
    void M() {
        _gate.Wait();
        try {
            if (_n > 3) return;
            _n++;
        }
        finally { _gate.Release(); }
    }
}
```

Source
------
.NET API documentation, ``SemaphoreSlim.Release``: <https://learn.microsoft.com/dotnet/api/system.threading.semaphoreslim.release>.
"""

from __future__ import annotations

from ctxreview.behaviour.affected import affected
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.endings import Ending, endings
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.behaviour.skipped import Conditional, conditional
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding

ID = "scope-end"
SEVERITY = "medium"
HOOKS = ("lower",)


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each lock or transaction that is ended elsewhere than before, or on a condition."""
    both = comparison(before, after)
    found = [_finding(after, one) for pair in affected(both) for one in endings(pair)]
    every = {(c.name, c.at): c for pair in both.changed for c in conditional(both, pair)}
    return [*found, *(_on_condition(before, after, one) for one in every.values())]


def _on_condition(before: Outline, after: Outline, one: Conditional) -> Finding:
    test = " ".join(after.source.text(one.condition.at).split())
    what = f"The {one.name} is begun" if one.takes else f"`{one.name}` is called"
    return Finding(
        ID,
        "medium",
        "syntactic",
        f"{what} only on the condition `{test}` now.",
        "What holds where the condition does not, and who ends it then?",
        lines(after, one.at),
        (lines(before, one.was, f"{one.name}, before the edit"),),
        about=(one.name, one.condition.test),
    )


_DOES = {"release": "released", "call": "released", "commit": "committed", "rollback": "rolled back"}


def _finding(after: Outline, one: Ending) -> Finding:
    does = _DOES[one.at.kind]
    places = f"{len(one.after)} places" if len(one.after) > 1 else "one place"
    place = one.at.at._replace(what="") if one.added else None
    return Finding(
        ID,
        "medium",
        "resolved",
        f"The {one.hold.construct} is {does} at {'a further place' if one.added else 'a place less'} now: it is ended at {places}, before the edit at {len(one.before)}.",
        "Is it ended exactly once on each way out, and is what was done until then to be kept?",
        place or scope_lines(after, one.hold.region),
        (
            scope_lines(after, one.hold.region)
            if one.added
            else one.at.at._replace(what=f"{one.at.name}, before the edit"),
        ),
        about=(one.hold.construct, one.at.name),
    )
