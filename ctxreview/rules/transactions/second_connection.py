"""A second context or connection inside a transaction.

What it flags
-------------
A context or connection that is created inside a transaction begun on another one; inside a ``TransactionScope``, a
second one, or one in a loop.

Why it matters here
-------------------
A transaction begun on a connection covers that connection only: another connection commits independently, keeps its
work when the transaction is rolled back, and can wait for rows that the transaction holds. In a ``TransactionScope``
a second connection makes the transaction distributed, which .NET supports on Windows only, from .NET 7 on.

When it is fine
---------------
The second one writes what must survive a rollback, such as a log, and touches no row of the first. Code of tests, which
looks from a second connection on purpose, is not looked at.

Example
-------
```csharp
class C {
    void M(int id) {
        using var tx = _db.Database.BeginTransaction();
        using var other = _factory.CreateDbContext();
        other.Add(new Row(id));
        other.SaveChanges();
        tx.Commit();
    }
}
```

Instead
-------
```csharp
class C {
    void M(int id) {
        using var db = _factory.CreateDbContext();
        using var tx = db.Database.BeginTransaction();
        db.Add(new Row(id));
        db.SaveChanges();
        tx.Commit();
    }
}
```

Source
------
EF Core documentation, "Using Transactions" (limitations of System.Transactions):
<https://learn.microsoft.com/ef/core/saving/transactions>.
"""

from __future__ import annotations

from ctxreview.behaviour.affected import affected, not_told
from ctxreview.behaviour.body import CallText, holding, is_over
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.parties import Joined, Stranger, joined, strangers
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.languages import load
from ctxreview.languages.behaviour import behaviour_of, names_of
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.regex import regex
from ctxreview.rules.prefilter import TRANSACTION
from ctxreview.workspace.code_of_tests import is_test_code

ID = "second-connection"
SEVERITY = "medium"
LANGUAGES = ("csharp",)
NEEDS = (TRANSACTION,)

_OPENS = regex(r"^(?:CreateDbContext|OpenConnection|OpenSession)$")
_TEXT = regex(r"(?i)\s*(?:\$?\"|[\w.]*conn(?:ection)?_?str(?:ing)?\b)")
"""A connection string, from which a copy opens a connection of its own."""
_CREATES = regex(r"^(?:Sql|Npgsql|MySql|Sqlite|SQLite|Oracle|Odbc|OleDb|Db)Connection$|^\w*DbContext$")


def check(outline: Outline) -> list[Finding]:
    """Each connection too many under a transaction."""
    found: list[Finding] = []
    if is_test_code(outline.source.path):
        return found
    connects = names_of(outline.language).of("connects")
    for body, scope in holding(outline, "transaction"):
        if (
            scope.mode in ("retried", "suppressed")
            or scope.name == "CommittableTransaction"
            or scope.form not in ("block", "declaration", "acquire-release")
        ):
            continue
        opened = [
            c
            for c in body.calls_in(scope.span)
            if _is_opening(c, connects)
            and not body.is_statement(c.start)
            and not is_over(outline, scope, c.start)
            and body.under(c.span, "transaction")[:1] == (scope,)
        ]
        opened = [c for c in opened if not _is_own(scope, c)]
        ambient = load(outline.language).is_ambient(scope.construct) or load(outline.language).is_ambient(scope.name)
        if (
            ambient
            and len(opened) < 2
            and not any(body.in_loop(c.start) and scope.span.contains(body.block(c.start)) for c in opened)
        ):
            continue
        if opened:
            found.append(_finding(outline, scope, opened[-1], ambient))
    return found


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each read or write that the edit gives to another connection than its transaction's, and each connection that joins one too many."""
    found: list[Finding] = []
    about = behaviour_of(load(after.language))
    opens = frozenset(
        name + suffix for name in about.of("opens_connection") for suffix in ("", *about.of("task_suffix"))
    )
    for pair in not_told(affected(comparison(before, after)), after, check(after)):
        found += [_stranger(one) for one in strangers(pair)]
        found += [_joined(one) for one in joined(pair, opens)]
    return found


def _stranger(one: Stranger) -> Finding:
    return Finding(
        ID,
        "high" if one.certain else "medium",
        "resolved",
        f"{one.effect.name} uses a different context or connection than the {one.hold.construct}: its work is not part of this transaction.",
        "Is it meant to commit independently, and can it wait for rows that the transaction holds?",
        one.effect.at._replace(what=""),
        (scope_lines(one.hold.outline, one.hold.region),),
    )


def _joined(one: Joined) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"{one.effect.name} under the {one.hold.construct} opens another connection: the transaction becomes distributed when both are open.",
        "Is it meant to commit independently, and can it wait for rows that the transaction holds?",
        one.effect.at._replace(what=""),
        (scope_lines(one.hold.outline, one.hold.region),),
    )


def _is_opening(call: CallText, connects: frozenset[str]) -> bool:
    if call.creates and call.name in connects:
        return bool(_TEXT.match(call.given))
    return bool(_CREATES.match(call.name) if call.creates else _OPENS.match(call.base))


def _is_own(scope: Region, call: CallText) -> bool:
    """Whether the opening is the transaction's own: part of its head, or of the expression that begins it."""
    return scope.opening.contains(call.span) or call.span.start < scope.opening.end


def _finding(outline: Outline, scope: Region, call: CallText, ambient: bool) -> Finding:
    made = f"new {call.name}" if call.creates else call.name
    return Finding(
        ID,
        "medium",
        "syntactic",
        f"{made} under the {scope.construct} "
        + (
            "opens another connection: the transaction becomes distributed when both are open."
            if ambient
            else "opens another connection: its work is not part of this transaction."
        ),
        "Is it meant to commit independently, and can it wait for rows that the transaction holds?",
        lines(outline, call.chain),
        (scope_lines(outline, scope),),
        about=(made, scope.construct, scope.name if ambient else ""),
    )
