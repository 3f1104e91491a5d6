"""A transaction or lock that does not say why.

What it flags
-------------
A transaction or an explicit lock without a comment directly above it that says what it protects. For a lock, a
comment at the declaration of the locked field counts for all its uses.

Why it matters here
-------------------
The next reader, person or model, sees a slow construct without a reason and suggests to remove it.

When it is fine
---------------
The comment is there.

Example
-------
```csharp
class C {
    void M() {
        using (var tx = _db.Database.BeginTransaction()) {
            tx.Commit();
        }
    }
}
```

Instead
-------
```csharp
class C {
    void M() {
        // Two workers must not claim the same row: the read has to keep its lock until the commit.
        using (var tx = _db.Database.BeginTransaction()) {
            tx.Commit();
        }
    }
}
```

Source
------
The incident this project starts from: see the README.
"""

from __future__ import annotations

import re

from ctxreview.model import Finding, Outline, Scope
from ctxreview.rules.evidence import LOCK, TRANSACTION
from ctxreview.rules.places import scope_lines

ID = "missing-intent"
SEVERITY = "note"
NEEDS = (LOCK, TRANSACTION)


_SUPPRESSES = re.compile(r"\s*/[/*]+\s*ctxreview:")


def check(outline: Outline) -> list[Finding]:
    """Each transaction and explicit lock without a comment at its head or at the lock's field."""
    return [
        Finding(
            rule=ID,
            severity="note",
            certainty="syntactic",
            message=f"The {scope.construct} has no comment that says what it protects.",
            question="Why is it here, and what must not be changed under it? Write it above.",
            at=scope_lines(outline, scope),
        )
        for scope in outline.holds
        if scope.form in ("block", "declaration", "acquire-release")
        and scope.certainty != "assumed"
        and not _is_told(scope, outline)
        and not _at_field(scope, outline)
    ]


def _is_told(scope: Scope, outline: Outline) -> bool:
    """Whether a comment stands above it that says more than which rules do not count here."""
    lines = re.split(r"[\r\n]+", outline.source.text(scope.intent)) if scope.intent is not None else []
    return any(line.strip() and not _SUPPRESSES.match(line) for line in lines)


def _at_field(scope: Scope, outline: Outline) -> bool:
    """Whether the locked field's declaration has a comment above or beside it."""
    name = re.sub(r"^this\.", "", scope.resource)
    source = outline.source
    for member in outline.members:
        if scope.kind == "lock" and name in member.names:
            first, last = source.lines_of(member.span)
            near = source.line_span(max(1, first - 1), last)
            return any(c.overlaps(near) for c in outline.comments)
    return False
