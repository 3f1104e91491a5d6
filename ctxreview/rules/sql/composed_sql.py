"""A query composed over SQL with a lock hint.

What it flags
-------------
An operator such as ``Where``, ``OrderBy``, ``Take`` or ``Include`` on ``FromSql…`` whose text has a lock hint.

Why it matters here
-------------------
EF Core sends the text as a subquery of a larger statement. The lock covers what the inner query reads, which may be
more than what it returns, and some databases reject the hint there.

When it is fine
---------------
The database accepts the hint in a subquery, and the inner text alone selects the rows.

Example
-------
```csharp
class C {
    void M(int id) {
        var job = _db.Jobs.FromSqlRaw("SELECT * FROM jobs FOR UPDATE").Where(j => j.Id == id).Single();
    }
}
```

Instead
-------
```csharp
class C {
    void M(int id) {
        var job = _db.Jobs.FromSql($"SELECT * FROM jobs WHERE id = {id} FOR UPDATE").AsEnumerable().Single();
    }
}
```

Source
------
EF Core documentation, "SQL Queries" ("EF Core will treat your SQL as a subquery"):
<https://learn.microsoft.com/ef/core/querying/sql-queries>. An issue of EF Core:
<https://github.com/dotnet/efcore/issues/26042>.
"""

from __future__ import annotations

from ctxreview.behaviour.body import body_of
from ctxreview.behaviour.places import lines
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.regex import regex
from ctxreview.rules.prefilter import Text

ID = "composed-sql"
SEVERITY = "medium"
LANGUAGES = ("csharp",)
NEEDS = (
    Text(
        regex(rb"FromSql\w*"),
        regex(rb"(?i:FOR\s+(?:NO\s+KEY\s+|KEY\s+)?(?:UPDATE|SHARE)|(?:UPD|HOLD|ROW|X|TAB)LOCK|READPAST)"),
    ),
)

COMPOSES = frozenset(
    {
        "Where",
        "OrderBy",
        "OrderByDescending",
        "Take",
        "Skip",
        "Include",
        "Join",
        "GroupBy",
        "Distinct",
        "Union",
        "Concat",
    }
)
_WEAK = ("NOLOCK", "READUNCOMMITTED")


def check(outline: Outline) -> list[Finding]:
    """Each operator on locking SQL; one finding for a query."""
    found = []
    for hint in outline.facts:
        if hint.kind != "sql-hint" or hint.name not in ("FOR UPDATE", "FOR SHARE", "table hint"):
            continue
        body = body_of(outline, hint.span) if hint.sql.upper() not in _WEAK else None
        sql = (
            next((c for c in body.calls if c.base.startswith("FromSql") and c.span.contains(hint.span)), None)
            if body
            else None
        )
        if body is None or sql is None:
            continue
        chain = (c for c in body.calls if c.start == sql.start and c.span.start > sql.span.end)
        for call in chain:
            if call.base == "AsEnumerable" or call.base.startswith("AsAsync"):
                break
            if call.base in COMPOSES:
                found.append(
                    Finding(
                        ID,
                        "medium",
                        "syntactic",
                        f"{call.name} is composed over SQL with {hint.sql.upper()}: EF Core sends the text as a subquery.",
                        "Which rows does the statement lock, and does the database accept the hint in a subquery?",
                        lines(outline, call.span),
                        (lines(outline, hint.span, hint.sql.upper()),),
                        about=(call.name, hint.sql.upper()),
                    )
                )
                break
    return found
