"""Database work after the transaction was completed, inside its block.

What it flags
-------------
A query or save after ``TransactionScope.Complete`` in the same block; an edit that moves a save, a query or an
external call from before a ``Commit`` to after it.

Why it matters here
-------------------
After ``Complete`` the ambient transaction cannot be used: opening a connection there throws. After a ``Commit`` each
statement is a transaction of its own: it stays when a later one fails.

When it is fine
---------------
Later database work has a scope of its own (``RequiresNew``, ``Suppress``), or what follows the commit is correct
independently.

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
.NET API documentation, ``TransactionScope.Complete``:
<https://learn.microsoft.com/dotnet/api/system.transactions.transactionscope.complete>. .NET documentation,
"Implementing an Implicit Transaction using Transaction Scope" ("the last statement in the using block"):
<https://learn.microsoft.com/dotnet/framework/data/transactions/implementing-an-implicit-transaction-using-transaction-scope>.
"""

from __future__ import annotations

from collections import Counter

from ctxreview.behaviour.affected import affected, not_told
from ctxreview.behaviour.body import Body, holding, source_of, within
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.member_diff import changes
from ctxreview.behaviour.parties import Late, late
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.languages import load
from ctxreview.languages.words import Words
from ctxreview.model.facts import Fact
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.rules.prefilter import TRANSACTION

ID = "work-after-complete"
SEVERITY = "high"
LANGUAGES = ("csharp",)
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
                    about=(late[0].name,),
                )
            )
    return found


def _late(body: Body, scope: Region, *more: str) -> list[Fact]:
    """Queries, saves (and what is of the kinds ``more``) of the scope's own function after its last completion."""
    return [
        f
        for gap in scope.excluded
        if scope.completes_at and gap.start >= scope.completes_at[-1].end
        for f in within(body.outline, gap)
        if f.kind in ("read", "save", *more)
        and not f.is_state
        and _owned(body, scope, f)
        and not _apart(body, scope, f)
    ]


def _apart(body: Body, scope: Region, fact: Fact) -> bool:
    """Whether a scope inside, with a transaction of its own or none, holds it."""
    inside = (s for s in body.under(fact.span, "transaction") if s.opening.start > scope.opening.start)
    return any(s.mode in ("requires new", "suppressed") for s in inside)


def _owned(body: Body, scope: Region, fact: Fact) -> bool:
    function = body.outline.function_of(fact.span)
    return function is not None and function.span == scope.owner


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each save that came before a commit and now comes after it."""
    found, words = [], load(before.language).words
    for change in changes(before, after):
        for old, new in change.scopes:
            if new is None or not old.completes_at or not new.completes_at or new.construct == "TransactionScope":
                continue
            early = Counter(
                _key(f, words) for f in within(before, old.span) if f.kind in _SEVERITIES and before.under(f.span, old)
            )
            was_late = Counter(_key(f, words) for f in _late(change.before, old, "io"))
            still = Counter(
                _key(f, words) for f in within(after, new.span) if f.kind in _SEVERITIES and after.under(f.span, new)
            )
            behind = [
                f
                for f in _late(change.after, new, "io")
                if (early - still)[_key(f, words)] and not was_late[_key(f, words)]
            ]
            moved = min(behind, key=lambda f: [*_SEVERITIES].index(f.kind), default=None)
            if moved is not None:
                found.append(
                    Finding(
                        ID,
                        _SEVERITIES[moved.kind],
                        "syntactic",
                        f"{moved.name} now comes after the commit of the {new.construct}; it came before.",
                        "Does it have to commit or roll back with the rest, and may others see the state in between?",
                        change.at(moved.span),
                        (change.at(new.completes_at[-1], "committed"),),
                    )
                )
    found += [
        _late_elsewhere(one)
        for pair in not_told(affected(comparison(before, after)), after, found)
        for one in late(pair)
    ]
    return found


def _late_elsewhere(one: Late) -> Finding:
    return Finding(
        ID,
        "high" if one.certain else "medium",
        "resolved",
        f"{one.save.name} now comes after the commit of the transaction; it came before.",
        "Does it have to commit or roll back with the rest, and may others see the state in between?",
        one.save.at._replace(what=""),
        (one.commit.at._replace(what="committed"),),
    )


_SEVERITIES: dict[str, Severity] = {"save": "high", "read": "medium", "io": "low"}
"""How much it changes that something comes after the commit, worst first."""


def _key(fact: Fact, words: Words) -> tuple[str, str, str]:
    return fact.kind, words.untwinned(fact.name), source_of(fact.target)
