"""An edit removes the only thing that ends a transaction after a failure.

What it flags
-------------
``Rollback`` or ``Dispose`` of a transaction that an edit removes, where no ``using`` disposes it. A rollback to
a savepoint that is removed or becomes a full rollback, where the rest is committed.

Why it matters here
-------------------
After a failure the transaction stays open with its locks until its connection is reset or collected; later work on
that connection may run in it.

When it is fine
---------------
A ``using`` disposes the transaction, which rolls back what was not committed.

Example
-------
```csharp
class C {
    void M() {
        var tx = _conn.BeginTransaction();
        Work(tx);
        tx.Commit();
    }
}
```

Instead
-------
```csharp
class C {
    void M() {
        var tx = _conn.BeginTransaction();
        try { Work(tx); tx.Commit(); }
        catch { tx.Rollback(); throw; }
    }
}
```

Source
------
Issues of SqlClient: <https://github.com/dotnet/SqlClient/issues/96> and
<https://github.com/dotnet/SqlClient/issues/1098>.
"""

from __future__ import annotations

import re

from ctxreview.behaviour.affected import affected, not_told
from ctxreview.behaviour.body import Body, CallText, root_of
from ctxreview.behaviour.comparison import Pair, comparison
from ctxreview.behaviour.member_diff import Change, changes
from ctxreview.behaviour.places import lines
from ctxreview.behaviour.strictness import Undone, undone
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding

ID = "rollback-removed"
SEVERITY = "high"
LANGUAGES = ("csharp",)

ENDS = ("Rollback", "RollbackTransaction", "RollbackTran", "Dispose", "AbortTransaction")


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each end of a transaction that is gone while the transaction stays."""
    found = []
    for change in changes(before, after):
        for call in change.gone(*ENDS):
            name = root_of(call.on)
            if _begun(change.before, name, call) and _begun(change.after, name, call):
                found += _open(change, name, call)
                break
    for pair in not_told(affected(comparison(before, after)), after, found):
        found += [_undone(after, pair, one) for one in undone(pair)]
    return found


def _undone(after: Outline, pair: Pair, one: Undone) -> Finding:
    """A part that is kept, or that takes the rest with it."""
    what = "undoes the whole transaction" if one.after is not None else "undoes no part of the transaction by itself"
    return Finding(
        ID,
        "high" if pair.understood else "medium",
        "resolved",
        f"{pair.after.function.name} {what} where {one.before.name} rolled back to a savepoint, and commits what is left.",
        "What of the failed part is committed now, or what else is undone with it?",
        one.after.at._replace(what="") if one.after is not None else lines(after, pair.after.function.span),
        (one.before.at._replace(what=f"{one.before.name}, before the edit"),),
    )


def _begun(body: Body, name: str, call: CallText) -> bool:
    """Whether the member opens the transaction that the call ends."""
    return any(
        s.kind == "transaction" and (s.resource == name or root_of(s.resource) == name or call.base in ENDS[1:3])
        for s in body.holds
    ) or bool(re.search(rf"\b{re.escape(name)}\s*=[^;=]*Begin\w*Transaction", body.plain(body.member.span)))


def _open(change: Change, name: str, call: CallText) -> list[Finding]:
    text = change.after.plain(change.after.member.span)
    if re.search(rf"\busing\b[^;{{}}]*\b{re.escape(name)}\b", text):
        return []
    left = [c for c in change.after.calls if c.base in ENDS and root_of(c.on) == name]
    return [
        Finding(
            ID,
            "medium" if left else "high",
            "syntactic",
            f"The edit removes {call.name} of `{name}`, and no using disposes it.",
            "What ends the transaction when the work in it throws?",
            change.at(),
            (change.was(call.span, call.name),),
        )
    ]
