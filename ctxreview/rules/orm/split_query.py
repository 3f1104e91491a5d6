"""An edit splits one query into several statements.

What it flags
-------------
``AsSplitQuery`` or ``QuerySplittingBehavior.SplitQuery`` that an edit adds, where no serializable or snapshot
transaction is visible around the query.

Why it matters here
-------------------
Several statements then read parents and children. A change committed between them shows in one and not in the other:
the result is a state that was never in the database.

When it is fine
---------------
A serializable or snapshot transaction covers the query, or no decision depends on parents and children being
consistent.

Example
-------
```csharp
class C {
    void M(int id) {
        using var tx = _db.Database.BeginTransaction();
        var order = _db.Orders.Include(o => o.Lines).Include(o => o.Notes).AsSplitQuery().First(o => o.Id == id);
        order.Total = order.Lines.Sum(l => l.Price);
        _db.SaveChanges();
        tx.Commit();
    }
}
```

Instead
-------
```csharp
class C {
    void M(int id) {
        using var tx = _db.Database.BeginTransaction();
        var order = _db.Orders.Include(o => o.Lines).Include(o => o.Notes).First(o => o.Id == id);
        order.Total = order.Lines.Sum(l => l.Price);
        _db.SaveChanges();
        tx.Commit();
    }
}
```

Source
------
EF Core documentation, "Single vs. Split Queries": <https://learn.microsoft.com/ef/core/querying/single-split-queries>.
An issue of EF Core: <https://github.com/dotnet/efcore/issues/18022>.
"""

from __future__ import annotations

from ctxreview.behaviour.body import CallText
from ctxreview.behaviour.member_diff import changes, saves
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding

ID = "split-query"
SEVERITY = "medium"
LANGUAGES = ("csharp",)

CONSISTENT = ("Serializable", "Snapshot")


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each query that is split now, and each context that splits all of them."""
    found = []
    for change in changes(before, after):
        split = [
            *change.added("AsSplitQuery"),
            *(c for c in change.added("UseQuerySplittingBehavior") if "SplitQuery" in c.given),
        ]
        for call in split:
            held = change.after.under(call.span)
            if any(s.isolation is not None and s.isolation.level in CONSISTENT for s in held):
                continue
            severity: Severity = "medium" if held or saves(change.after) or not _is_query(call) else "low"
            found.append(
                Finding(
                    ID,
                    severity,
                    "syntactic",
                    "The edit sends one query as several statements"
                    + (f" under the {held[0].construct}" if held else "")
                    + ", and no serializable or snapshot transaction is visible around it.",
                    "Can others change parents or children between the statements, and does anything depend on the two being consistent?",
                    change.at(call.span),
                )
            )
    return found


def _is_query(call: CallText) -> bool:
    return call.name == "AsSplitQuery"
