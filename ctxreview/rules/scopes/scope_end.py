"""An edit adds or removes a place where a lock is released or a transaction ends, or makes it conditional.

What it flags
-------------
A lock that is released, or a transaction that is committed or rolled back, in more or fewer places than before the
edit, while it is acquired once as before. A call that acquires or ends one and is now conditional. A lock that is
removed from the collection it is taken from.

Why it matters here
-------------------
Each exit has to release a lock exactly once: one release too many admits a second thread or throws, one too few
leaves the lock taken forever. A transaction that ends on another path keeps or drops its work.

When it is fine
---------------
The new place covers an exit that was forgotten, or the removed one was unreachable. A removed place is fine when a
``finally`` still covers it, and so is a condition that only checks whether there is anything to end.

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
from ctxreview.behaviour.effects import Effect
from ctxreview.behaviour.endings import Ending, endings, forgotten
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.behaviour.skipped import Conditional, Unasked, conditional, unasked
from ctxreview.languages import load
from ctxreview.languages.behaviour import behaviour_of
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
    found += [_on_condition(before, after, one) for one in every.values()]
    found += [_always(before, after, one) for pair in both.changed for one in unasked(both, pair)]
    removing = behaviour_of(load(after.language)).of("removes")
    return [*found, *(_forgotten(one) for pair in affected(both) for one in forgotten(pair, removing))]


def _forgotten(removal: Effect) -> Finding:
    """A lock that is taken from what hands it out."""
    name = removal.place.of.rpartition(".")[2] if removal.place is not None else removal.name
    return Finding(
        ID,
        "high",
        "resolved",
        f"The edit removes from `{name}` a lock that others may wait for: the next caller gets another one.",
        "What excludes the holder of the new one while others still wait for the old one?",
        removal.at._replace(what=""),
        about=(name, removal.name),
    )


def _on_condition(before: Outline, after: Outline, one: Conditional) -> Finding:
    test = " ".join(after.source.text(one.condition.at).split())
    what = f"The {one.name} is begun" if one.takes else f"`{one.name}` is called"
    return Finding(
        ID,
        "medium",
        "syntactic",
        f"{what} now only on the condition `{test}`.",
        "What happens when the condition is false, and what ends it then?",
        lines(after, one.at),
        (lines(before, one.was, f"{one.name}, before the edit"),),
        about=(one.name, one.condition.test),
    )


def _always(before: Outline, after: Outline, one: Unasked) -> Finding:
    test = " ".join(before.source.text(one.condition.at).split())
    return Finding(
        ID,
        "medium",
        "resolved",
        f"`{one.name}` is called now whatever `{test}` says, and was called only where it holds.",
        "What does it end where nothing was taken?",
        lines(after, one.at),
        (lines(before, one.was, f"{one.name}, before the edit"),),
        about=(one.name, one.condition.test),
    )


_DOES = {
    "release": "released",
    "call": "released",
    "signal": "released",
    "commit": "committed",
    "rollback": "rolled back",
}


def _finding(after: Outline, one: Ending) -> Finding:
    does = _DOES[one.at.kind]
    places = f"{len(one.after)} places" if len(one.after) > 1 else "one place"
    place = one.at.at._replace(what="") if one.added else None
    return Finding(
        ID,
        "medium",
        "resolved",
        f"The {one.hold.construct} is now {does} in one place {'more' if one.added else 'fewer'}: it ends in {places}, before the edit in {len(one.before)}.",
        "Does it end exactly once on each exit, and should the work up to there be kept?",
        place or scope_lines(after, one.hold.region),
        (
            scope_lines(after, one.hold.region)
            if one.added
            else one.at.at._replace(what=f"{one.at.name}, before the edit"),
        ),
        about=(one.hold.construct, one.at.name),
    )
