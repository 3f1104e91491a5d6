"""A lock on something that others can lock too, or that nobody else can.

What it flags
-------------
``lock`` on ``this``, on a ``typeof`` or a string literal, or on an object made in the statement itself.

Why it matters here
-------------------
``this``, types and interned strings can be locked by code far away: a deadlock nobody sees. A new object is known to
nobody else: the lock excludes nothing.

When it is fine
---------------
A private field that is only used as a lock.

Example
-------
```csharp
class C {
    void M() {
        lock (typeof(C)) { _n++; }
    }
}
```

Instead
-------
```csharp
class C {
    private readonly object _gate = new();
    void M() {
        lock (_gate) { _n++; }
    }
}
```

Source
------
C# reference, "The lock statement"; Sonar rule S2551.
"""

from __future__ import annotations

import re

from ctxreview.model import Finding, Outline, Severity
from ctxreview.rules.places import scope_lines

ID = "lock-target"
SEVERITY = "medium"

TARGETS: tuple[tuple[str, Severity, str, str], ...] = (
    (
        r"new\b",
        "high",
        "an object made here: nobody else can lock it, so it excludes nothing",
        "Which object do the other users of this state lock?",
    ),
    (r"typeof\s*\(", "medium", "a type, which any code in the process can lock", "Who else locks it?"),
    (r'[$@]*"', "medium", "a string, which may be shared with any code in the process", "Who else locks it?"),
    (r"this$", "low", "this, which every holder of the object can lock", "Does anyone outside lock this object?"),
)


def check(outline: Outline) -> list[Finding]:
    """Each ``lock`` whose target is shared with strangers, or with nobody."""
    found = []
    for scope in outline.holds:
        if scope.construct != "lock":
            continue
        for pattern, severity, what, question in TARGETS:
            if re.match(pattern, scope.resource):
                found.append(
                    Finding(ID, severity, "syntactic", f"The lock is on {what}.", question, scope_lines(outline, scope))
                )
                break
    return found
