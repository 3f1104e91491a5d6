"""A lock or isolation level that belongs to the session and stays with it.

What it flags
-------------
``pg_advisory_lock``, ``GET_LOCK`` or ``sp_getapplock`` with ``@LockOwner = 'Session'`` in the SQL of a file that has no text
to release it.

Why it matters here
-------------------
Such a lock does not end with the transaction. A pool keeps the session when the connection is closed; until it is reset or
ended, nobody else gets the lock.

When it is fine
---------------
It is released somewhere else, or the session ends with the process that holds it on purpose.

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
PostgreSQL documentation, "Advisory Locks"; SQL Server documentation, ``sp_getapplock``; dotnet/SqlClient#96 for what a pooled
session keeps.
"""

from __future__ import annotations

import re

from ctxreview.model import Finding, Outline
from ctxreview.rules.places import lines

ID = "session-lock"
SEVERITY = "medium"
NEEDS = (re.compile(rb"(?i:pg_(?:try_)?advisory_lock\w*|get_lock|sp_getapplock)"),)

_PAIRS = (
    (re.compile(r"(?i)\bpg_(?:try_)?advisory_lock(?:_shared)?\b"), re.compile(rb"(?i)pg_advisory_unlock")),
    (re.compile(r"(?i)\bGET_LOCK\s*\("), re.compile(rb"(?i)RELEASE_(?:ALL_)?LOCKS?")),
    (re.compile(r"(?is)sp_getapplock.*\bsession\b"), re.compile(rb"(?i)sp_releaseapplock")),
)


def check(outline: Outline) -> list[Finding]:
    """Each lock of the session whose release the file does not know."""
    found = []
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
                        f"{fact.detail} takes a lock of the session, and this file has no text that releases it.",
                        "Where is it released, also after an exception, and on the same connection?",
                        lines(outline, fact.span),
                    )
                )
    return found
