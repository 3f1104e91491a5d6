"""One state, two locks: they do not exclude each other.

What it flags
-------------
A field that is written under one lock in one member and under a different lock in another, and never under both.

Why it matters here
-------------------
Two sections exclude each other only if they lock the same object. Here two threads may write at once, each under its
own lock.

When it is fine
---------------
The two never run at the same time, or both names refer to the same object.

Example
-------
```csharp
class C {
    readonly object _gate = new(), _other = new();
    int _n;
    void Up() { lock (_gate) { _n++; } }
    void Down() { lock (_other) { _n--; } }
}
```

Instead
-------
```csharp
class C {
    readonly object _gate = new();
    int _n;
    void Up() { lock (_gate) { _n++; } }
    void Down() { lock (_gate) { _n--; } }
}
```

Source
------
C# reference, "The lock statement": <https://learn.microsoft.com/dotnet/csharp/language-reference/statements/lock>. What
becomes of a lock that is not one object: Sonar S2445, <https://rules.sonarsource.com/csharp/RSPEC-2445/>, and CodeQL
``cs/unsafe-sync-on-field``, <https://codeql.github.com/codeql-query-help/csharp/cs-unsafe-sync-on-field/>.
"""

from __future__ import annotations

import re
from collections import defaultdict

from ctxreview.behaviour.lock_usage import (
    Use,
    declared,
    lock_key,
    locked_uses,
    locks,
    looks_empty,
    masked_source,
    open_block_headers,
)
from ctxreview.behaviour.places import lines
from ctxreview.model.notation import OPTIONAL_SELF, SELF
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.rules.prefilter import LOCK

ID = "mixed-locks"
SEVERITY = "medium"
NEEDS = (LOCK,)


def check(outline: Outline) -> list[Finding]:
    """Each field that is written under different locks."""
    held = [s for s in locks(outline) if s.form != "attribute" and s.mode != "shared"]
    own = declared(outline) if len({lock_key(s) for s in held}) > 1 else {}
    known = {name for _, name in own} | {SELF}
    by_state: defaultdict[tuple[str, str], list[Use]] = defaultdict(list)
    for use in locked_uses(outline, held) if own else ():
        # Of a lock that is not a field of this type it is not known which object it is.
        if use.fact.kind == "write" and use.gates and use.gates <= known and use.member.kind != "constructor":
            by_state[use.state].append(use)
    found = []
    for (_, name), writes in by_state.items():
        if name not in known or writes[0].fact.is_volatile:
            continue
        first = writes[0]
        other = next((u for u in writes if not u.gates & first.gates and u.member.span != first.member.span), None)
        if other is None or any(u.gates >= first.gates | other.gates for u in writes):
            continue
        # What is locked is the object itself: it is filled in under its own lock, and put there once under another.
        outer = [u for u in writes if name not in u.gates]
        if len(outer) < len(writes) and all(_is_first_value(u, name, outline) for u in outer):
            continue
        found.append(
            Finding(
                ID,
                "medium",
                "syntactic",
                f"`{name}` is written under the lock on `{min(first.gates)}` and under the lock on `{min(other.gates)}`.",
                "Which of the two guards it, and can both writes run at the same time?",
                lines(outline, other.fact.span),
                (lines(outline, first.fact.span, f"under the lock on {min(first.gates)}"),),
                about=(name, min(first.gates), min(other.gates)),
            )
        )
    return found


def _is_first_value(use: Use, name: str, outline: Outline) -> bool:
    """Whether a write only gives a field a value where it has none."""
    code, at = masked_source(outline), use.fact.span
    if re.match(rf"{OPTIONAL_SELF}{re.escape(name)}\s*\?\?=".encode(), code[slice(*at)]):
        return True
    above = open_block_headers(code, use.function.opening.end, at.start)
    return any(looks_empty(header, name, outline) for header in above)
