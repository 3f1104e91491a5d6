"""State that was put back however the work ended is no longer put back when that throws.

What it flags
-------------
An edit that takes the write of shared state, or the signal to who waits, out of a ``finally``, while calls that may
throw stand before it; also a lock that the end of a ``using`` gave back, and that a call gives back now; and what a
``finally`` or the handler of every failure calls, where it is given the caller's own sign to stop now.

Why it matters here
-------------------
A flag such as "busy" is a lock too: what sets it keeps others out until it is put back. After the first exception it
stays set, and nobody gets in any more. A lease is one, too: given back with a token that is cancelled, it stays taken.

When it is fine
---------------
Nothing before it throws, or every exception is caught and leads to it.

Example
-------
```csharp
class C {
    readonly IPump _pump;
    bool _busy;
    void M() {
        if (_busy) return;
        _busy = true;
        _pump.Run();
        _busy = false;
    }
}
```

Instead
-------
```csharp
class C {
    readonly IPump _pump;
    bool _busy;
    void M() {
        if (_busy) return;
        _busy = true;
        try { _pump.Run(); }
        finally { _busy = false; }
    }
}
```

Source
------
C# reference, "Exception-handling statements":
<https://learn.microsoft.com/dotnet/csharp/language-reference/statements/exception-handling-statements>.
"""

from __future__ import annotations

from ctxreview.behaviour.affected import affected, not_told
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.cut_short import CleanedUp, cleaned_up
from ctxreview.behaviour.places import lines
from ctxreview.behaviour.resets import Skippable, skippable
from ctxreview.languages.behaviour import names_of
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.rules.locks import release_outside_finally

ID = "put-back"
SEVERITY = "medium"
HOOKS = ("lower",)


def compare(before: Outline, after: Outline) -> list[Finding]:
    """What an exception passes over after the edit, the first of each place, and what a cancelled caller does."""
    every = names_of(after.language).of("every_failure")
    told = release_outside_finally.check(after)
    found = list[Finding]()
    for pair in not_told(affected(comparison(before, after)), after, told):
        found += [_finding(one) for one in skippable(pair, after, every)]
        found += [_cleaned_up(one, after) for one in cleaned_up(pair, before, after)]
    return list(dict.fromkeys(found))


def _finding(one: Skippable) -> Finding:
    place = one.after.place
    what = place.of.rpartition(".")[2] if place is not None else one.after.party.rpartition(".")[2] or one.after.name
    return Finding(
        ID,
        "medium",
        "resolved",
        f"`{what}` was put back however the work ended; an exception passes over that now.",
        "Who is kept out for good when the work before it throws?",
        one.after.at._replace(what=""),
        (one.throwing.at._replace(what="may throw"), one.before.at._replace(what="always done, before the edit")),
        about=(what, one.after.name),
    )


def _cleaned_up(one: CleanedUp, after: Outline) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"{one.call.callee} is given {one.sign} now: once the caller has asked to stop, it may do nothing.",
        "What stays taken or half done when the work was cancelled?",
        lines(after, one.call.span),
        about=(one.call.callee, one.sign),
    )
