"""Two atomic operations replace one lock: each is atomic, the pair is not.

What it flags
-------------
An edit that removes a lock and uses ``Interlocked`` or ``Volatile`` on two or more variables in the same member.

Why it matters here
-------------------
Between the two operations another thread sees the first change without the second. Values that the lock kept
consistent, such as a sum and its count, no longer are.

When it is fine
---------------
The variables are unrelated, or nobody reads them together.

Example
-------
```csharp
class C {
    int _n, _sum;
    void Add(int x) {
        Interlocked.Increment(ref _n);
        Interlocked.Add(ref _sum, x);
    }
}
```

Instead
-------
```csharp
class C {
    readonly object _gate = new();
    int _n, _sum;
    void Add(int x) {
        lock (_gate) { _n++; _sum += x; }
    }
}
```

Source
------
.NET runtime, memory model (atomicity is that of one operation):
<https://github.com/dotnet/runtime/blob/main/docs/design/specs/Memory-model.md>.
"""

from __future__ import annotations

from ctxreview.behaviour.lock_usage import is_under, locks
from ctxreview.behaviour.pairing import pairing
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.model.notation import without_self
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.model.source import Span

ID = "interlocked-pair"
SEVERITY = "high"
LANGUAGES = ("csharp",)


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each lock whose place several atomic operations took."""
    if b"Interlocked." not in after.source.data and b"Volatile." not in after.source.data:
        return []
    both = pairing(before, after)
    found = []
    for scope in locks(before):
        if scope in both.scope_after:
            continue
        together = {f.name for f in before.facts if f.is_state and f.kind == "write" and is_under(f.span, scope)}
        atomic = [
            f
            for f in after.facts
            if f.kind == "write"
            and not f.is_state
            and without_self(f.target) in together
            and both.key_after(f.span) == both.key_before(scope.opening)
        ]
        names = list(dict.fromkeys(without_self(f.target) for f in atomic))
        if len(names) > 1:
            found.append(
                Finding(
                    ID,
                    "high",
                    "syntactic",
                    f"{' and '.join(f'`{n}`' for n in names)} were written together under the {scope.construct} on "
                    f"`{scope.resource}`; now each is changed by its own atomic operation.",
                    "Does any code read them together, and can they then disagree?",
                    lines(after, Span(atomic[0].span.start, atomic[-1].span.end)),
                    (scope_lines(before, scope)._replace(what=f"{scope.construct}, before the edit"),),
                )
            )
    return found
