"""An edit makes a query return copies, which are then changed or passed to the context.

What it flags
-------------
``Select(… => new …)`` that an edit adds to a query whose result the method changes and saves, or passes to
``Update``, ``Attach``, ``Remove`` or ``Entry``.

Why it matters here
-------------------
The result of a projection is not tracked: a change to it is not sent. When it is passed to ``Update``, every property
is written, and those that the projection omits are written with their defaults; an omitted concurrency token no
longer says which version was read.

When it is fine
---------------
The result is only read or returned.

Example
-------
```csharp
class C {
    void M(int id) {
        var row = _db.Rows.Select(r => new Row { Id = r.Id, State = r.State }).First(r => r.Id == id);
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
        var row = _db.Rows.Where(r => r.Open).First(r => r.Id == id);
        row.State = 1;
        _db.SaveChanges();
    }
}
```

Source
------
EF Core documentation, "Tracking vs. No-Tracking Queries" (custom projections) and "Efficient Querying":
<https://learn.microsoft.com/ef/core/querying/tracking> and
<https://learn.microsoft.com/ef/core/performance/efficient-querying>.
"""

from __future__ import annotations

import re

from ctxreview.behaviour.body import Body, CallText, root_of, source_of
from ctxreview.behaviour.member_diff import Change, changes
from ctxreview.model.facts import Fact
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.regex import regex
from ctxreview.rules.context_saves import context_saves

ID = "projection"
SEVERITY = "high"
LANGUAGES = ("csharp",)

HANDS_BACK = frozenset({"Update", "UpdateRange", "Attach", "AttachRange", "Entry", "Remove", "RemoveRange"})
_NEW = regex(r"=>\s*(?:\{\s*return\s+)?new\b")


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each query that gives new objects now, and whose result is written."""
    found = []
    for change in changes(before, after):
        for call in change.added("Select"):
            read = _read(change.after, call) if _NEW.search(call.given) else None
            used = _written(change.after, read) if read is not None else None
            if read is not None and used is not None:
                found.append(_finding(change, call, read, used))
    return found


def _read(body: Body, select: CallText) -> Fact | None:
    """The read whose query holds the projection, where a variable gets it."""
    return next(
        (
            f
            for f in body.facts
            if f.kind == "read" and f.span.contains(select.span) and f.result.isidentifier() and source_of(f.target)
        ),
        None,
    )


def _written(body: Body, read: Fact) -> Fact | None:
    """What hands the result back to the context, or changes it before it is saved."""
    elements = re.findall(
        rf"\bforeach\s*\(\s*[\w<>.?]+\s+(\w+)\s+in\s+{re.escape(read.result)}\b", body.plain(body.member.span)
    )
    names = {read.result, *elements}
    later = [f for f in body.facts if f.span.start > read.span.end]
    saved = context_saves(later)
    for fact in later:
        if not saved or fact.span > saved[-1].span:
            continue
        if fact.kind in ("tracking", "write") and fact.name in HANDS_BACK:
            given = re.search(r"\(\s*(\w+)\b", body.text(fact.span)[len(fact.target) :])
            if given and given[1] in names:
                return fact
        elif fact.kind == "write" and root_of(fact.target) in names:
            return fact
    return None


def _finding(change: Change, call: CallText, read: Fact, used: Fact) -> Finding:
    back = used.name in HANDS_BACK
    return Finding(
        ID,
        "high",
        "syntactic",
        f"The query now returns new objects, and `{read.result}` is then "
        + (
            f"passed to {used.name}: properties that the projection omits are sent with their defaults."
            if back
            else f"changed ({used.name}) and saved: the result of a projection is not tracked, so the change is not sent."
        ),
        f"Is `{read.result}` meant to be updated here, with all its columns and its concurrency token?",
        change.at(call.span),
        (change.at(used.span, used.name),),
    )
