"""An edit sends a tracked change immediately, or stops checking the result.

What it flags
-------------
``ExecuteUpdate``, ``ExecuteDelete`` or a bulk call that replaces a change sent by ``SaveChanges``; a version or token
that an edit removes from such a call; a number of affected rows that is no longer checked; a column that was changed by
what is in it and is read, changed and saved now.

Why it matters here
-------------------
``ExecuteUpdate`` and ``ExecuteDelete`` run immediately and bypass the change tracker: tracked instances keep their
old values, no concurrency token is checked unless the condition names it, and without a transaction the statement is
not undone when a later ``SaveChanges`` fails. With a token in the condition, the number of rows is the only sign of a
conflict.

When it is fine
---------------
Nothing else is saved with it, the rows carry no token, and no tracked instance of them is used afterwards.

Example
-------
```csharp
class C {
    void M(int id) {
        _db.Rows.Where(r => r.Id == id).ExecuteUpdate(s => s.SetProperty(r => r.State, 1));
    }
}
```

Instead
-------
```csharp
class C {
    void M(int id, int version) {
        var rows = _db.Rows.Where(r => r.Id == id && r.Version == version)
            .ExecuteUpdate(s => s.SetProperty(r => r.State, 1).SetProperty(r => r.Version, version + 1));
        if (rows == 0) Retry(id);
    }
}
```

Source
------
EF Core documentation, "ExecuteUpdate and ExecuteDelete":
<https://learn.microsoft.com/ef/core/saving/execute-insert-update-delete>. That bulk libraries pass the change tracker
and the transaction by unless they are given one is background knowledge and differs by library.
"""

from __future__ import annotations

import re
from collections import Counter

from ctxreview.behaviour.body import Body, CallText, root_of, source_of, squeezed
from ctxreview.behaviour.member_diff import Change, changes
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.regex import regex
from ctxreview.rules.context_saves import context_saves

ID = "immediate-execution"
SEVERITY = "medium"
LANGUAGES = ("csharp",)

EXECUTES = ("ExecuteUpdate", "ExecuteDelete")
BULK = ("BulkInsert", "BulkUpdate", "BulkDelete", "BulkMerge", "BulkInsertOrUpdate", "BulkCopy", "SqlBulkCopy")
COUNTED = (*EXECUTES, "ExecuteNonQuery", "ExecuteSqlRaw", "ExecuteSqlInterpolated", "ExecuteSql", "ExecuteSqlCommand")
_TOKEN = regex(r"\b(\w*[vV]ersion(?:Number)?|ROWVERSION|\w*Timestamp|\w*ConcurrencyStamp|[eE][tT]ag|xmin)\b")

_REMARK = regex(r"(?s)/\*.*?\*/|--[^\n]*")


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each statement that is now sent at once, and each check that is gone from one."""
    found = []
    for change in changes(before, after):
        executed = [c for c in change.added(*EXECUTES) if not c.creates]
        if executed and any(c.base == "SaveChanges" for c in change.before.calls):
            found += _executed(change, executed[0])
        found += [_bulk(change, c) for c in change.added(*BULK)[:1] if _saved_before(change)]
        found += _unchecked(change)
        found += _taken_apart(change)
    return found


_COMPARED = regex(rb"\bIsRowVersion\b|\bIsConcurrencyToken\b|\[\s*(?:Timestamp|ConcurrencyCheck)\b")
"""What makes a save compare a row with what was read."""


def _taken_apart(change: Change) -> list[Finding]:
    """A column that was changed by what is in it, in one statement, and is read, changed and saved now."""
    after = change.after
    if any(c.base in COUNTED for c in after.calls) or _COMPARED.search(after.outline.source.data):
        return []
    saved = next(iter(context_saves(after.facts)), None)
    for old in (c for c in change.before.calls if c.base == "ExecuteUpdate"):
        hit = _FROM_ITSELF.search(change.before.text(old.chain))
        source = source_of(old.on)
        read = next((f for f in after.facts if f.kind == "read" and source_of(f.target) == source), None)
        written = hit is not None and re.search(rf"\.{hit[2]}\s*[-+]?=(?!=)", after.plain(after.member.span))
        if hit is not None and written and saved is not None and read is not None and not _saved_before(change):
            return [
                Finding(
                    ID,
                    "medium",
                    "syntactic",
                    f"`{hit[2]}` was changed by what is in the row, in one statement; it is read, changed and saved now.",
                    "What if another request changes the row between the two?",
                    change.at(read.span),
                    (change.at(saved.span, saved.name),),
                    about=(hit[2], old.name),
                )
            ]
    return []


def _saved_before(change: Change) -> bool:
    return any(c.base == "SaveChanges" for c in change.before.calls)


def _tokens(body: Body) -> bool:
    return any(f.kind == "token" for f in body.facts)


def _executed(change: Change, call: CallText) -> list[Finding]:
    after = change.after
    source = source_of(call.on)
    named, counted = bool(_TOKEN.search(after.text(call.chain))), not after.is_statement(call.start)
    conflict = _tokens(change.before) and not (named and counted)
    tracked = next(
        (
            f
            for f in after.facts
            if f.kind == "read" and f.result and source_of(f.target) == source and "AsNoTracking" not in f.target
        ),
        None,
    )
    saved = next(iter(context_saves(after.facts)), None)
    severity: Severity = "low"
    about = ""
    if named and counted and saved is None:
        return []
    if conflict:
        severity, about = "high", ", and does not check the concurrency token that SaveChanges checked"
    elif _removes_what_was_read(change, call):
        severity = "note"
    elif tracked is not None and saved is not None and saved.span > call.span:
        severity, about = "medium", f", and `{tracked.result}`, tracked and saved later, keeps its old values"
    elif saved is not None or after.under(call.span):
        severity = "medium"
    elif counted and _is_one_step(after.text(call.chain)):
        severity, about = "note", ": what was read, checked and saved is one statement now"
    if (
        not conflict
        and saved is None
        and not after.under(call.span)
        and _is_all_that_was_done(change, call, counted=counted)
    ):
        return []
    unused = "" if counted else " The number of rows is not checked."
    return [
        Finding(
            ID,
            severity,
            "syntactic",
            f"{call.name} on `{source}` runs immediately and not with SaveChanges{about}.{unused}",
            "Do tracked entities, concurrency tokens or other saved changes depend on SaveChanges doing this?",
            change.at(call.chain),
            (change.at(saved.span, saved.name),) if saved is not None else (),
            informs=severity == "note",
        )
    ]


_FROM_ITSELF = regex(r"\.SetProperty\(\s*(\w+)\s*=>\s*\1\.(\w+)\s*,\s*(\w+)\s*=>[^;]*?\b\3\.\2\b")
"""A column that is set to a value made of the one which it has."""


def _is_one_step(chain: str) -> bool:
    """Whether a statement changes a column by what is in it, only where that meets a condition."""
    hit = _FROM_ITSELF.search(chain)
    return hit is not None and re.search(rf"\.{hit[2]}\b", chain[: hit.start()]) is not None


def _removes_what_was_read(change: Change, call: CallText) -> bool:
    """Whether a transaction removes, as it did, the rows that were read for nothing else, and those are not checked when they are saved."""
    before = change.before
    reads = [f for f in before.facts if f.kind == "read" and f.result and squeezed(f.target) == call.on]
    if call.base != "ExecuteDelete" or len(reads) != 1 or _COMPARED.search(before.outline.source.data):
        return False
    name, root = reads[0].result, root_of(call.on)
    removed = [c for c in before.calls if c.base == "RemoveRange" and c.given == name and root_of(c.on) == root]
    used = len(re.findall(rf"\b{re.escape(name)}\b", before.plain(before.member.span)))
    held = change.after.under(call.span, "transaction") and before.under(reads[0].span, "transaction")
    return bool(held) and len(removed) == 1 and used == 2


def _is_all_that_was_done(change: Change, call: CallText, *, counted: bool) -> bool:
    """Whether the one save before sent nothing but the removal of what the same query gave, through a context that the function makes."""
    before, root = change.before, root_of(call.on)
    reads = [f for f in before.facts if f.kind == "read" and f.result and squeezed(f.target) == call.on]
    saves = [c for c in before.calls if c.base == "SaveChanges"]
    own = re.search(rf"[\w>?]\s+{re.escape(root)}\s*=\s*[^=;]*\b(?:new|Create\w*)\b", before.plain(before.member.span))
    if call.base != "ExecuteDelete" or own is None or len(reads) != 1 or len(saves) != 1:
        return False
    writes = [f for f in before.facts if f.kind == "write" and not f.is_state]
    removed = [
        c for c in before.calls if c.base == "RemoveRange" and c.given == reads[0].result and root_of(c.on) == root
    ]
    return len(writes) == len(removed) == 1 and (counted or before.is_statement(saves[0].start))


def _bulk(change: Change, call: CallText) -> Finding:
    held = change.after.under(call.span, "transaction")
    return Finding(
        ID,
        "medium",
        "assumed",
        f"{call.name} replaces a tracked change"
        + (f" under the {held[0].construct}" if held else "")
        + ": such a library may use its own connection and transaction.",
        "Is it given this transaction, and what checks concurrency tokens and updates tracked entities?",
        change.at(call.chain),
    )


def _unchecked(change: Change) -> list[Finding]:
    """Counts of rows that were used before, and tokens that were in the condition before."""
    found = []
    left = [c for c in change.after.calls if c.base in COUNTED]
    for old in (c for c in change.before.calls if c.base in COUNTED):
        same = [c for c in left if c.name == old.name and source_of(c.on) == source_of(old.on)]
        if not same:
            continue
        new = next((c for c in same if (c.on, c.given) == (old.on, old.given)), same[0])
        left.remove(new)
        text, now = change.before.text(old.chain), change.after.text(new.chain)
        token = next(iter((_named(text) - _named(now)).elements()), "")
        if token:
            found.append(
                _gone(change, new, "high", f"The edit removes `{token}` from the condition of {new.name}", "a conflict")
            )
        elif not change.before.is_statement(old.start) and change.after.is_statement(new.start):
            severity: Severity = "high" if _TOKEN.search(text) else "medium"
            what = f"The edit no longer checks the number of rows that {new.name} changed"
            found.append(_gone(change, new, severity, what, "a row that someone else has changed or claimed"))
    return found


def _named(text: str) -> Counter[str]:
    """The tokens that a statement names, those of the SQL's remarks left out."""
    return Counter(set(_TOKEN.findall(_REMARK.sub("", text))))


def _gone(change: Change, call: CallText, severity: Severity, what: str, sign: str) -> Finding:
    return Finding(ID, severity, "syntactic", f"{what}.", f"What detects {sign} now?", change.at(call.chain))
