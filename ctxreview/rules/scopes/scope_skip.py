"""An edit lets work under a transaction or lock be skipped, or ends a failure there that was thrown before.

What it flags
-------------
A new way out inside a lock before work that was done in every case, such as ``if (_closed) return;``, and an exception that leaves a
transaction before work that it held. A handler around or under a scope that ends a failure and does not throw it on, where it is new or
is one that throws now.

Why it matters here
-------------------
What stood under the scope was done together or not at all. Where a part is passed over, or a failure is caught between, others see what
was done until then, and who called cannot tell.

When it is fine
---------------
A condition that is turned round, split or moved decides the same work as before; one about the arguments is the caller's. A return
out of a transaction is early-exit's.

Example
-------
```csharp
class C {
    readonly object _gate = new();
    bool _closed;
    int _free;
    void Close() { lock (_gate) _closed = true; }
    void Put() {
        lock (_gate) {
            if (_closed) return;
            _free++;
        }
    }
}
```

Instead
-------
```csharp
class C {
    readonly object _gate = new();
    bool _closed;
    int _free;
    void Close() { lock (_gate) _closed = true; }
    void Put() {
        lock (_gate) {
            _free++;
        }
    }
}
```

Source
------
C# reference, "The lock statement": <https://learn.microsoft.com/dotnet/csharp/language-reference/statements/lock>. .NET
documentation, "Best practices for exceptions": <https://learn.microsoft.com/dotnet/standard/exceptions/best-practices-for-exceptions>.
"""

from __future__ import annotations

from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.behaviour.skipped import Caught, Skipped, caught, skipped
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding

ID = "scope-skip"
SEVERITY = "medium"
HOOKS = ("lower",)


def compare(before: Outline, after: Outline) -> list[Finding]:
    """The first work of each scope that is passed over, and the first handler of each that ends a failure."""
    both = comparison(before, after)
    found = [_passed(after, one) for pair in both.changed for one in skipped(both, pair)]
    return [*found, *(_handled(after, one) for pair in both.changed for one in caught(both, pair))]


def _passed(after: Outline, one: Skipped) -> Finding:
    leaves = "an exception leaves it" if one.condition.leaves == "throw" else "it is left"
    return Finding(
        ID,
        "medium",
        "syntactic",
        f"Under the {one.region.construct} {leaves} before `{one.effect.name}`, on a condition that did not decide this before.",
        "What do others see where the rest is not done?",
        lines(after, one.condition.at),
        (one.effect.at, scope_lines(after, one.region)),
        about=(one.region.construct, one.effect.name, one.condition.test),
    )


def _handled(after: Outline, one: Caught) -> Finding:
    what = one.type or "Any exception"
    name = one.region.construct
    message = (
        f"{what} that is thrown at the {name} is caught now, and not thrown on."
        if one.added
        else f"{what} that is thrown at the {name} is not caught there any more, or thrown on."
    )
    return Finding(
        ID,
        "medium",
        "syntactic",
        message,
        "What is kept of the work until then, and who learns of the failure?",
        lines(after, one.at),
        (scope_lines(after, one.region),),
        about=(name, one.type),
    )
