"""An edit adds or removes a place at which a lock is released or a transaction is committed or rolled back.

What it flags
-------------
A lock that is released, or a transaction that is committed or rolled back, at more places or at fewer ones than before the edit,
while it is taken once as before.

Why it matters here
-------------------
Each way out has to end a lock once: one too many lets a second thread in or throws, one too few leaves it taken for ever. A
transaction that is ended on another way keeps or drops what was done on it.

When it is fine
---------------
The new place ends a way out that had been forgotten, or the one that is gone could not be reached. A place less is left alone where a
``finally`` ends it still.

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
from ctxreview.behaviour.places import scope_lines
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding

ID = "scope-end"
SEVERITY = "medium"
HOOKS = ("lower",)


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each lock or transaction that is ended elsewhere than before."""
    return [_finding(after, one) for pair in affected(comparison(before, after)) for one in endings(pair)]


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
