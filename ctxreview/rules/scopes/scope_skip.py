"""An edit lets work under a transaction or lock be skipped, or changes which failures leave it.

What it flags
-------------
A new exit inside a lock before work that always ran, such as ``if (_closed) return;``, and an exception that leaves a
transaction before work that it covered. A handler around or under a scope that catches a failure without rethrowing
it, where the handler is new or used to throw.

Why it matters here
-------------------
Work under the scope was done together or not at all. When a part is skipped, or a failure is caught in between,
others see what was done until then, and the caller cannot tell.

When it is fine
---------------
A condition that is inverted, split or moved decides the same work as before; a check of the arguments is up to the
caller. A return out of a transaction is reported as early-exit.

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
    leaves = "an exception leaves it" if one.condition.leaves == "throw" else "an exit leaves it"
    return Finding(
        ID,
        "medium",
        "syntactic",
        f"Under the {one.region.construct} {leaves} before `{one.effect.name}`, on a condition that did not affect it before.",
        "What do others see when the rest is not done?",
        lines(after, one.condition.at),
        (one.effect.at, scope_lines(after, one.region)),
        about=(one.region.construct, one.effect.name, one.condition.test),
    )


def _handled(after: Outline, one: Caught) -> Finding:
    what = one.type or "Any exception"
    name = one.region.construct
    message = (
        f"{what} that is thrown at the {name} is now caught and not rethrown."
        if one.added
        else f"{what} that is thrown at the {name} is no longer caught there, or is now rethrown."
    )
    return Finding(
        ID,
        "medium",
        "syntactic",
        message,
        "What is kept of the work up to there, and who learns of the failure?",
        lines(after, one.at),
        (scope_lines(after, one.region),),
        about=(name, one.type),
    )
