"""Database work after the transaction was completed, inside its block.

What it flags
-------------
A query or save after ``TransactionScope.Complete`` in the same block; and an edit that lets a save come after ``Complete`` or
``Commit`` that came before it.

Why it matters here
-------------------
After ``Complete`` the ambient transaction cannot be used: a connection that is opened there throws. After a ``Commit`` each
statement is a transaction of its own: it stays when a later one fails.

When it is fine
---------------
Nothing after it touches the database, or what follows a commit is right by itself.

Example
-------
```csharp
class C {
    void M(int id) {
        using (var scope = new TransactionScope()) {
            _db.SaveChanges();
            scope.Complete();
            _db.Add(new Row(id));
            _db.SaveChanges();
        }
    }
}
```

Instead
-------
```csharp
class C {
    void M(int id) {
        using (var scope = new TransactionScope()) {
            _db.SaveChanges();
            _db.Add(new Row(id));
            _db.SaveChanges();
            scope.Complete();
        }
    }
}
```

Source
------
.NET documentation, ``TransactionScope.Complete`` ("the last statement in the using block").
"""

from __future__ import annotations

from collections import Counter

from ctxreview.model import Fact, Finding, Outline, Scope
from ctxreview.rules.changes import changes
from ctxreview.rules.code import Body, holding, source_of, within
from ctxreview.rules.evidence import TRANSACTION
from ctxreview.rules.places import lines, scope_lines

ID = "work-after-complete"
SEVERITY = "high"
NEEDS = (TRANSACTION,)


def check(outline: Outline) -> list[Finding]:
    """Each ``TransactionScope`` with a query or save after its completion."""
    found = []
    for body, scope in holding(outline, "transaction"):
        if scope.construct != "TransactionScope" or scope.form != "block":
            continue
        late = [f for f in _late(body, scope) if not f.is_state]
        if late:
            found.append(
                Finding(
                    ID,
                    "high",
                    "syntactic",
                    f"{late[0].name} follows the completion of the TransactionScope, inside its block.",
                    "Is it meant to be part of the transaction?",
                    lines(outline, late[0].span),
                    (lines(outline, scope.completes_at[-1], "completed"), scope_lines(outline, scope)),
                )
            )
    return found


def _late(body: Body, scope: Scope) -> list[Fact]:
    """Queries and saves of the scope's own function between its last completion and its end."""
    return [
        f
        for gap in scope.gaps
        if scope.completes_at and gap.start >= scope.completes_at[-1].end
        for f in within(body.outline, gap)
        if f.kind in ("read", "save") and not f.is_state and _owned(body, scope, f)
    ]


def _owned(body: Body, scope: Scope, fact: Fact) -> bool:
    function = body.outline.function_of(fact.span)
    return function is not None and function.span == scope.owner


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each save that came before a commit and now comes after it."""
    found = []
    for change in changes(before, after):
        for old, new in change.scopes:
            if new is None or not old.completes_at or not new.completes_at or new.construct == "TransactionScope":
                continue
            early = Counter(_key(f) for f in within(before, old.span) if f.kind == "save" and before.under(f, old))
            late = [f for f in _late(change.after, new) if f.kind == "save"]
            was_late = Counter(_key(f) for f in _late(change.before, old) if f.kind == "save")
            still = Counter(_key(f) for f in within(after, new.span) if f.kind == "save" and after.under(f, new))
            moved = [f for f in late if (early - still)[_key(f)] and not was_late[_key(f)]]
            if moved:
                found.append(
                    Finding(
                        ID,
                        "high",
                        "syntactic",
                        f"{moved[0].name} comes after the {new.construct} is committed now; it came before.",
                        "Does it have to be undone with the rest, and may others see the state between?",
                        change.at(moved[0].span),
                        (change.at(new.completes_at[-1], "committed"),),
                    )
                )
    return found


def _key(fact: Fact) -> tuple[str, str]:
    return fact.name.removesuffix("Async"), source_of(fact.target)
