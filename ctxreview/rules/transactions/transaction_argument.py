"""A statement that is not given the transaction it stands in.

What it flags
-------------
Under a transaction begun on a connection: a call with SQL on that connection without the transaction, where the other
calls are given it; and an edit that drops the argument or ``command.Transaction = …``.

Why it matters here
-------------------
What a command does that was not given the transaction depends on the provider: some refuse it, some run it inside
anyway, and it is no part of the transaction where it runs on another connection.

When it is fine
---------------
The provider binds every command of the connection to its open transaction, and the team relies on that.

Example
-------
```csharp
class C {
    void M(IDbConnection conn, int id) {
        using var tx = conn.BeginTransaction();
        conn.Execute("UPDATE a SET n = n - 1 WHERE id = @id", new { id }, tx);
        conn.Execute("UPDATE b SET n = n + 1 WHERE id = @id", new { id });
        tx.Commit();
    }
}
```

Instead
-------
```csharp
class C {
    void M(IDbConnection conn, int id) {
        using var tx = conn.BeginTransaction();
        conn.Execute("UPDATE a SET n = n - 1 WHERE id = @id", new { id }, tx);
        conn.Execute("UPDATE b SET n = n + 1 WHERE id = @id", new { id }, tx);
        tx.Commit();
    }
}
```

Source
------
.NET API documentation, ``DbCommand.Transaction``:
<https://learn.microsoft.com/dotnet/api/system.data.common.dbcommand.transaction>. What happens without it differs by
provider, and is background knowledge.
"""

from __future__ import annotations

import re
from collections import Counter

from ctxreview.behaviour.affected import affected, not_told
from ctxreview.behaviour.body import Body, CallText, holding, root_of
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.member_diff import Change, changes
from ctxreview.behaviour.parties import Unbound, unbound
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.rules.prefilter import TRANSACTION

ID = "transaction-argument"
SEVERITY = "medium"
LANGUAGES = ("csharp",)
NEEDS = (TRANSACTION,)

_SQL = re.compile(r"(?:Execute|Query)\w*$")


def check(outline: Outline) -> list[Finding]:
    """Each call on the connection that lacks what its neighbours have."""
    found = []
    for body, scope in holding(outline, "transaction"):
        if not scope.resource.isidentifier():
            continue
        inside = [c for c in body.calls_in(scope.span) if _SQL.match(c.name) and c.on]
        if not any(_has(c, scope.resource) for c in inside):
            continue
        inside = [c for c in inside if outline.under(c.span, scope)]
        given = [c for c in inside if _has(c, scope.resource)]
        for call in inside:
            like = [g for g in given if g.on == call.on and g.on.isidentifier()]
            if like and not _has(call, scope.resource) and call not in given:
                found.append(
                    Finding(
                        ID,
                        "medium",
                        "syntactic",
                        f"{call.name} on `{call.on}` is not given `{scope.resource}`, as {like[0].name} is.",
                        "Does the provider run it in the transaction without being told?",
                        lines(outline, call.chain),
                        (lines(outline, like[0].chain, "is given it"), scope_lines(outline, scope)),
                        about=(call.name, call.on, scope.resource, like[0].name),
                    )
                )
    return found


def _has(call: CallText, transaction: str) -> bool:
    return bool(re.search(rf"\b{re.escape(transaction)}\b|\btransaction\s*:", call.given))


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each argument or assignment of a transaction that the edit drops, while the call and the transaction stay."""
    found = []
    for change in changes(before, after):
        for old, new in change.scopes:
            if (
                new is not None
                and old.kind == "transaction"
                and old.form != "callback"
                and old.resource.isidentifier()
                and new.resource
            ):
                found += _dropped(change, old, new)
    found += [
        _unbound(one) for pair in not_told(affected(comparison(before, after)), after, found) for one in unbound(pair)
    ]
    return found


def _unbound(one: Unbound) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"{one.effect.name} is not given the transaction of the {one.hold.construct} any more.",
        "Does the provider run it in the transaction without being told?",
        one.effect.at._replace(what=""),
        (scope_lines(one.hold.outline, one.hold.region),),
    )


def _dropped(change: Change, old: Region, new: Region) -> list[Finding]:
    had = _given(change.before, old.resource)
    has = _given(change.after, new.resource)
    every = Counter((c.base, root_of(c.on)) for c in change.after.calls)
    old_every = Counter((c.base, root_of(c.on)) for c in change.before.calls)
    found = []
    for key, count in (had - has).items():
        call = next(
            (c for c in change.after.calls if (c.base, root_of(c.on)) == key and not _has(c, new.resource)), None
        )
        others = (
            any((c.base, c.on) == (key[0], call.on) and _has(c, new.resource) for c in change.after.calls)
            if call
            else True
        )
        if every[key] >= old_every[key] and call is not None and count and not others:
            found.append(_finding(change, new, f"The edit no longer gives `{new.resource}` to {call.name}.", call))
    assigned = r"\.Transaction\s*=[^=]"
    text, now = (b.plain(b.member.span) for b in (change.before, change.after))
    if len(re.findall(assigned, text)) > len(re.findall(assigned, now)) and "CreateCommand" in now:
        found.append(_finding(change, new, "The edit no longer sets the command's Transaction.", None))
    return found


def _given(body: Body, transaction: str) -> Counter[tuple[str, str]]:
    return Counter((c.base, root_of(c.on)) for c in body.calls if _has(c, transaction) and root_of(c.on) != transaction)


def _finding(change: Change, scope: Region, message: str, call: CallText | None) -> Finding:
    return Finding(
        ID,
        "medium",
        "syntactic",
        message,
        "Does the provider run it in the transaction without being told?",
        change.at(call.chain if call is not None else scope.opening),
        (change.at(scope.span, scope.construct),),
    )
