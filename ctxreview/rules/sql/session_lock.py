"""A lock or isolation level that belongs to the session and outlives the transaction.

What it flags
-------------
``pg_advisory_lock``, ``GET_LOCK`` or ``sp_getapplock`` with ``@LockOwner = 'Session'`` in the SQL of a file that
never releases it; ``SET TRANSACTION ISOLATION LEVEL`` for SQL Server, or ``SET SESSION ...`` for any database, in a
member that does not restore it.

Why it matters here
-------------------
Such a lock does not end with the transaction. A pool keeps the session when the connection is closed; until the
session is reset or ended, nobody else gets the lock. In SQL Server an isolation level also stays with a pooled
connection: its next user works under that level without knowing.

When it is fine
---------------
It is released elsewhere, or the session deliberately lives as long as the process. In PostgreSQL and MySQL ``SET
TRANSACTION`` ends with the transaction.

Example
-------
```csharp
class C {
    void M(int id) {
        _db.Database.ExecuteSql($"SELECT pg_advisory_lock({id})");
        Work();
    }
}
```

Instead
-------
```csharp
class C {
    void M(int id) {
        _db.Database.ExecuteSql($"SELECT pg_advisory_xact_lock({id})");
        Work();
    }
}
```

Source
------
What a pooled session keeps: <https://github.com/dotnet/SqlClient/issues/96>. Which locks end with the transaction and
which with the session: PostgreSQL documentation, "Advisory Locks",
<https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS>; SQL Server documentation,
``sp_getapplock``,
<https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-getapplock-transact-sql>.
"""

from __future__ import annotations

import re

from ctxreview.behaviour.places import lines, member_of
from ctxreview.languages.behaviour import names_of
from ctxreview.model.facts import Fact
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.regex import regex

ID = "session-lock"
SEVERITY = "medium"
NEEDS = (regex(rb"(?i:pg_(?:try_)?advisory_lock\w*|get_lock|sp_getapplock)"),)

_PAIRS = (
    (regex(r"(?i)\bpg_(?:try_)?advisory_lock(?:_shared)?\b"), regex(rb"(?i)pg_advisory_unlock")),
    (regex(r"(?i)\bGET_LOCK\s*\("), regex(rb"(?i)RELEASE_(?:ALL_)?LOCKS?")),
    (regex(r"(?is)sp_getapplock.*\bsession\b"), regex(rb"(?i)sp_releaseapplock")),
)


_LEVEL = regex(
    r"(?i)\bSET\s+(SESSION\s+(?:CHARACTERISTICS\s+AS\s+)?)?TRANSACTION\s+ISOLATION\s+LEVEL\s+(\w+(?:\s+(?:UN)?COMMITTED|\s+READ)?)"
)


def check(outline: Outline) -> list[Finding]:
    """Each lock of the session whose release the file does not know, and each isolation level that stays with it."""
    found = _levels(outline)
    for fact in outline.facts:
        if fact.kind != "sql-hint" or fact.name != "application lock":
            continue
        text = outline.source.text(fact.span)
        for taken, released in _PAIRS:
            if taken.search(text) and not released.search(outline.source.data):
                found.append(
                    Finding(
                        ID,
                        "medium",
                        "syntactic",
                        f"{fact.sql} takes a session lock, and nothing in this file releases it.",
                        "Where is it released, on the same connection and also after an exception?",
                        lines(outline, fact.span),
                        about=(fact.sql,),
                    )
                )
    return found


def _levels(outline: Outline) -> list[Finding]:
    told = [f for f in outline.facts if f.kind == "sql-hint" and f.name == "isolation level"]
    set_ = {f: hit for f in told if (hit := _LEVEL.search(outline.source.text(f.span))) is not None}
    names, text = names_of(outline.language), outline.source.data.decode("utf-8", "replace")
    server = bool(told) and names.pattern("keeps_level").search(text) and not names.pattern("resets_level").search(text)
    found = []
    for fact, hit in set_.items():
        level = " ".join(hit[2].upper().split())
        if level == "READ COMMITTED" or not (hit[1] or server) or _is_set_back(fact, set_, outline):
            continue
        found.append(
            Finding(
                ID,
                "medium",
                "syntactic" if hit[1] else "assumed",
                f"The SQL sets the session's isolation level to {level}, and this member does not restore it.",
                "Who gets this connection from the pool next, and under which isolation level?",
                lines(outline, fact.span),
                about=(level,),
            )
        )
    return found


def _is_set_back(fact: Fact, set_: dict[Fact, re.Match[str]], outline: Outline) -> bool:
    """Whether the same text, or a later one of the member, sets another level."""
    member = member_of(outline, fact.span)
    later = any(f.span > fact.span and (member is None or member.span.contains(f.span)) for f in set_)
    return later or len(_LEVEL.findall(outline.source.text(fact.span))) > 1
