"""An untracked entity is changed and saved: the change is not sent.

What it flags
-------------
A query with ``AsNoTracking()`` whose result is written to afterwards, with ``SaveChanges`` after the write in
the same function and nothing (``Update``, ``Attach``, ``Entry``) that hands the entity back to the context.

Why it matters here
-------------------
``AsNoTracking`` changes no SQL and releases no lock. It detaches the result: the change tracker does not see the
write and ``SaveChanges`` sends nothing, without an exception. Inside a transaction or lock the guarded write is
silently missing, the scope completes, and the next reader sees the old row: it looks exactly like a race.

When it is fine
---------------
The result is only read or returned, is attached again before it is saved, is a copy (``Select(... => new ...)``), or is
read again with tracking before the write.

Example
-------
```csharp
class C {
    void M(int id) {
        var row = _db.Rows.AsNoTracking().First(r => r.Id == id);
        row.State = 1;
        _db.SaveChanges();
    }
}
```

Instead
-------
```csharp
class C {
    void M(int id) {
        var row = _db.Rows.First(r => r.Id == id);
        row.State = 1;
        _db.SaveChanges();
    }
}
```

Source
------
EF Core documentation, "Tracking vs. No-Tracking Queries".
"""

from __future__ import annotations

import re

from ctxreview.model import Fact, Finding, Outline, Scope
from ctxreview.rules.places import lines, member_of, scope_lines

ID = "no-tracking-write"
SEVERITY = "high"

UNTRACKED = frozenset({"AsNoTracking", "AsNoTrackingWithIdentityResolution"})
REATTACHES = frozenset({"Update", "UpdateRange", "Attach", "AttachRange", "Entry"})


def check(outline: Outline) -> list[Finding]:
    """Each untracked query whose result is changed and saved in the same function."""
    found = []
    for query in outline.facts:
        if query.kind != "tracking" or query.name not in UNTRACKED or not query.detail:
            continue
        member = member_of(outline, query.span)
        if member is None:
            continue
        if _copies(outline, query):
            continue
        later = [f for f in outline.facts if member.span.holds(f.span) and f.span.start > query.span.end]
        again = next((f for f in later if _reads_again(outline, f, query)), None)
        if again is not None:
            later = [f for f in later if f.span.start < again.span.start]
        names = _aliases(outline, member, query.detail)
        writes = [f for f in later if f.kind == "write" and _root(f.target) in names]
        saves = [
            f
            for f in later
            if f.kind == "save" and f.name.startswith("SaveChanges") and writes and f.span.start > writes[0].span.start
        ]
        if writes and saves and not any(_reattaches(f, outline, names) for f in later if f.span < saves[-1].span):
            found.append(_finding(outline, query, writes[0], saves[0]))
    return found


def _copies(outline: Outline, query: Fact) -> bool:
    """Whether the query makes new objects, which no context tracks in any case."""
    source = outline.source
    chains = [f.span for f in outline.facts if f.span.start == query.span.start and f.detail == query.detail]
    return bool(re.search(r"\.Select\([^;]*?=>\s*new\b", source.text(max(chains, key=len))))


def _reads_again(outline: Outline, fact: Fact, query: Fact) -> bool:
    """Whether the variable gets another, tracked entity."""
    if fact.kind != "read" or fact.detail != query.detail or fact.span.start <= query.span.end:
        return False
    return not any(f"{name}(" in outline.source.text(fact.span) for name in UNTRACKED)


_TAKES = r"(?:\s*[!?]?\s*\.\s*(?:First|Last|Single|ElementAt|Find)\w*\s*\(|\s*\[|\s*!?\s*;)"


def _aliases(outline: Outline, member: Scope, name: str) -> set[str]:
    """The variable, and what loops over it or elements of it are called."""
    code = outline.source.text(member.span)
    looped = re.findall(rf"\bforeach\s*\(\s*[\w<>\[\],.?]+\s+(\w+)\s+in\s+{re.escape(name)}\b", code)
    taken = re.findall(rf"\b(\w+)\s*=\s*{re.escape(name)}\b{_TAKES}", code)
    return {name, *looped, *taken}


def _root(target: str) -> str:
    return re.split(r"[.\[?(!]", target, maxsplit=1)[0]


def _reattaches(fact: Fact, outline: Outline, names: set[str]) -> bool:
    if fact.kind != "tracking" or fact.name not in REATTACHES:
        return False
    given = outline.source.text(fact.span)
    return any(re.search(rf"\(\s*(?:\w+\s*:\s*)?{re.escape(n)}\b", given) for n in names)


def _finding(outline: Outline, query: Fact, write: Fact, save: Fact) -> Finding:
    held = [s for s in outline.holds if outline.under(query, s)]
    under = f" under the {held[0].construct}" if held else ""
    return Finding(
        rule=ID,
        severity="high",
        certainty="syntactic",
        message=(
            f"{query.name} detaches `{query.detail}`, whose {write.name} is then changed and saved{under}: "
            "the change tracker does not see the change, and SaveChanges does not send it."
        ),
        question=f"Is `{query.detail}` meant to be updated here? If so it has to stay tracked, or be attached before {save.name}.",
        at=lines(outline, query.span),
        related=(
            lines(outline, write.span, f"writes {write.target}.{write.name}"),
            lines(outline, save.span, save.name),
            *(scope_lines(outline, s) for s in held),
        ),
    )
