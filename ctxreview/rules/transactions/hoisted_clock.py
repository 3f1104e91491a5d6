"""A timestamp or sequence number taken under a lock or transaction is now taken before it.

What it flags
-------------
Compared before and after an edit: ``DateTime.UtcNow``, ``Stopwatch.GetTimestamp()``, ``GetUtcNow()``, a new
time-ordered identifier or the next number of a sequence that was read under a lock or transaction and is now read
before it.

Why it matters here
-------------------
A thread that waits for the lock has read the value before it waited. A later holder may then write an earlier time or
a lower number than the holder before it, so an order by that value is not the order of the work.

When it is fine
---------------
Nothing is ordered or compared by the value, or it records when the work was requested.

Example
-------
```csharp
class C {
    readonly object _gate = new();
    DateTime _last;
    void Touch() {
        var now = DateTime.UtcNow;
        lock (_gate) { _last = now; }
    }
}
```

Instead
-------
```csharp
class C {
    readonly object _gate = new();
    DateTime _last;
    void Touch() {
        lock (_gate) { _last = DateTime.UtcNow; }
    }
}
```

Source
------
.NET API documentation, ``DateTime.UtcNow`` (a value of the moment it is read):
<https://learn.microsoft.com/dotnet/api/system.datetime.utcnow>. For the rule itself no document or analyser was
checked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable

from ctxreview.behaviour.lock_usage import masked_source
from ctxreview.behaviour.pairing import pairing
from ctxreview.behaviour.places import lines, member_of
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.regex import regex

ID = "hoisted-clock"
SEVERITY = "medium"
LANGUAGES = ("csharp",)

_TAKEN = regex(
    rb"\b(?:DateTime(?:Offset)?\s*\.\s*(?:UtcNow|Now)|Stopwatch\s*\.\s*GetTimestamp|Environment\s*\.\s*TickCount(?:64)?"
    rb"|\w+\s*\.\s*(?:GetUtcNow|GetLocalNow|UtcNow)|Guid\s*\.\s*CreateVersion7|\w*(?:Next\w*(?:Id|Number|Sequence|Version)))\b"
)

Taken = dict[tuple[Hashable, str], tuple[Counter[str], Counter[str], Region]]
"""By member and kind of scope: what is taken under it, what before it, and the scope."""


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each value that an edit takes before the scope under which it was taken."""
    if not before.regions or not after.regions or not _TAKEN.search(before.source.data):
        return []
    both = pairing(before, after)
    now = _taken(after, both.key_after)
    found = []
    for key, (under, ahead, _) in _taken(before, both.key_before).items():
        if key not in now:
            continue
        under_now, ahead_now, scope = now[key]
        for what in (under - under_now) & (ahead_now - ahead):
            found.append(
                Finding(
                    ID,
                    "medium",
                    "syntactic",
                    f"`{what}` was taken under the {scope.construct} and is now taken before it: a thread that waits there has an older value.",
                    "Is anything ordered or compared by it?",
                    lines(after, scope.opening, scope.construct),
                )
            )
    return found


def _taken(outline: Outline, standing: Callable[[Span], Hashable]) -> Taken:
    code = masked_source(outline)
    found: Taken = {}
    for scope in outline.regions:
        member = member_of(outline, scope.opening)
        if member is None:
            continue
        key = standing(scope.opening), scope.kind
        under, ahead, first = found.setdefault(key, (Counter(), Counter(), scope))
        under.update(_named(code[scope.span.start : scope.span.end]))
        if first is scope:
            ahead.update(_named(code[member.span.start : scope.span.start]))
    return found


def _named(code: bytes) -> list[str]:
    return ["".join(hit.decode("utf-8", "replace").split()) for hit in _TAKEN.findall(code)]
