"""An edit takes the time, an id or a sequence number before the transaction or lock is held.

What it flags
-------------
``DateTime.UtcNow`` and its kin, a new id or a next sequence number that was taken under a transaction or lock, and that an
edit takes before it.

Why it matters here
-------------------
Taken under the lock, the values have the order in which the lock was held. Taken before it, one that waited longer can
write an older time or a smaller number after a newer one.

When it is fine
---------------
Nothing compares or sorts by the value.

Example
-------
```csharp
class C {
    void M() {
        lock (_gate) {
            _last = DateTime.UtcNow;
        }
    }
}
```
```csharp
class C {
    void M() {
        var now = DateTime.UtcNow;
        lock (_gate) {
            _last = now;
        }
    }
}
```

Instead
-------
```csharp
class C {
    void M() {
        lock (_gate) {
            var now = DateTime.UtcNow;
            _last = now;
        }
    }
}
```

Source
------
Background knowledge; no documentation of one product is quoted for it.
"""

from __future__ import annotations

import re
from collections import Counter

from ctxreview.model import Finding, Outline, Scope
from ctxreview.rules.changes import changes
from ctxreview.rules.code import Body

ID = "hoisted-clock"
SEVERITY = "low"

_TAKEN = re.compile(
    r"\b(DateTime(?:Offset)?\.(?:Utc)?Now|Stopwatch\.GetTimestamp|Environment\.TickCount64|Guid\.CreateVersion7"
    r"|\w+\.GetUtcNow|\w*[nN]ext(?:Id|Sequence|Value|Number|Version)\w*)\b"
)


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each such value that is taken less often inside a scope, and more often before it."""
    found = []
    for change in changes(before, after):
        for old, new in change.scopes:
            if new is None:
                continue
            (early, inside), (early_now, inside_now) = _counts(change.before, old), _counts(change.after, new)
            for name in (inside - inside_now) & (early_now - early):
                found.append(
                    Finding(
                        ID,
                        "low",
                        "syntactic",
                        f"{name} is taken before the {new.construct} now; it was taken under it.",
                        "Does anything rely on its order, such as a comparison with what another holder wrote?",
                        change.at(new.head, new.construct),
                        (change.was(old.span, old.construct),),
                    )
                )
    return found


def _counts(body: Body, scope: Scope) -> tuple[Counter[str], Counter[str]]:
    """What is taken in the member before the scope, and what under it."""
    text, start = body.plain(body.member.span), body.member.span.start
    early: Counter[str] = Counter()
    inside: Counter[str] = Counter()
    for hit in _TAKEN.finditer(text):
        at = len(text[: hit.start()].encode()) + start
        if at < scope.head.start:
            early[hit[1]] += 1
        elif scope.head.end <= at < scope.span.end:
            inside[hit[1]] += 1
    return early, inside
