"""A value read under a transaction is kept beyond it.

What it flags
-------------
Under a transaction: a cache that stores the result of a query, or that runs a query to fill itself; a static field
that is set to such a result.

Why it matters here
-------------------
The transaction may have changed the value and may still roll it back, and others see it before the commit. The lock
that kept the value true ends with the transaction.

When it is fine
---------------
The cache is filled after the commit, or is discarded with the transaction.

Example
-------
```csharp
class C {
    void M(int id) {
        using var tx = _db.Database.BeginTransaction();
        var row = _db.Rows.First(r => r.Id == id);
        _cache.Set(id, row);
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
        var row = _db.Rows.First(r => r.Id == id);
        _db.SaveChanges();
        tx.Commit();
        _cache.Set(id, row);
    }
}
```

Source
------
Sonar S2696 for static fields that instance methods set: <https://rules.sonarsource.com/csharp/RSPEC-2696/>. The rest is
background knowledge.
"""

from __future__ import annotations

import re

from ctxreview.behaviour.body import Body, holding, within
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.regex import regex
from ctxreview.rules.prefilter import TRANSACTION

ID = "cached-read"
SEVERITY = "medium"
LANGUAGES = ("csharp",)
NEEDS = (TRANSACTION,)

FILLS = frozenset(
    {"Set", "SetString", "Add", "TryAdd", "GetOrCreate", "GetOrAdd", "AddOrUpdate", "Put", "Insert", "GetOrSet"}
)
_CACHE = regex(r"(?i)cache\w*$")


def check(outline: Outline) -> list[Finding]:
    """Each value of a query under a transaction that something longer-lived keeps."""
    found = []
    for body, scope in holding(outline, "transaction"):
        if scope.mode in ("retried", "suppressed") or scope.form not in ("block", "declaration"):
            continue
        inside = within(outline, scope.span)
        reads = [f for f in inside if f.kind == "read" and not f.is_state and f.target]
        bound = {f.result for f in reads if f.result.isidentifier()}
        if not reads:
            continue
        for call in body.calls:
            if call.base not in FILLS or not scope.span.contains(call.span) or not _CACHE.search(call.on):
                continue
            asks = any(call.span.contains(f.span) for f in reads)
            if (asks or _mentions(call.given, bound)) and scope in body.under(call.span):
                found.append(_finding(body, scope, call.chain, f"`{call.on}` keeps", call.on))
        for fact in inside:
            if fact.kind == "write" and fact.is_static and outline.under(fact.span, scope):
                value = body.plain(fact.span).partition("=")[2]
                if _mentions(value, bound):
                    found.append(
                        _finding(body, scope, fact.span, f"The static `{fact.name}` keeps", f"static {fact.name}")
                    )
    return found


def _mentions(text: str, names: set[str]) -> bool:
    return any(re.search(rf"\b{re.escape(n)}\b", text) for n in names)


def _finding(body: Body, scope: Region, at: Span, what: str, keeper: str) -> Finding:
    return Finding(
        ID,
        "medium",
        "syntactic",
        f"{what} the result of a query under the {scope.construct}, before the commit.",
        "What do others see if it is rolled back, or if the row changes afterwards?",
        lines(body.outline, at),
        (scope_lines(body.outline, scope),),
        about=(keeper, scope.construct),
    )
