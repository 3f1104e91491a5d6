"""A write no longer checks that the row is unchanged since it was read, or its result is no longer checked.

What it flags
-------------
An edit that removes a condition from the ``WHERE`` of an ``UPDATE`` or ``DELETE``; that no longer checks how many
rows such a statement changed; or that no longer sets ``OriginalValue``, which ``SaveChanges`` compares with the row.

Why it matters here
-------------------
Without a lock, the condition is the lock: of two writers who read the same row, the second finds no row to write, and
must be told. Without the condition it overwrites what the first one wrote, and without the check nobody notices.

When it is fine
---------------
The condition is now part of another one, or the rows are written under a lock that was taken before they were read.

Example
-------
```csharp
class C {
    void M(int id, int version) {
        var n = _connection.Execute("UPDATE Stock SET Free = Free - 1 WHERE Id = @id", new { id });
        if (n == 0) throw new StaleException();
    }
}
```

Instead
-------
```csharp
class C {
    void M(int id, int version) {
        var n = _connection.Execute("UPDATE Stock SET Free = Free - 1 WHERE Id = @id AND Version = @version", new { id, version });
        if (n == 0) throw new StaleException();
    }
}
```

Source
------
EF Core documentation, "Handling Concurrency Conflicts": <https://learn.microsoft.com/ef/core/saving/concurrency>.
"""

from __future__ import annotations

from ctxreview.behaviour.affected import affected, not_told
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.row_checks import Unchecked, refreshed, unchecked, unguarded
from ctxreview.languages import load
from ctxreview.languages.behaviour import behaviour_of
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.rules.orm import immediate_execution

ID = "concurrency-token"
SEVERITY = "high"
LANGUAGES = ("csharp",)


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each check of a write that the edit takes away."""
    compared = behaviour_of(load(after.language)).of("compared_with")
    told = immediate_execution.compare(before, after)
    pairs = not_told(affected(comparison(before, after)), after, told)
    about, both = behaviour_of(load(after.language)), comparison(before, after)
    reads = frozenset(name + suffix for name in about.of("refreshes") for suffix in ("", *about.of("task_suffix")))
    found = []
    for pair in pairs:
        every = (*unchecked(pair, compared), *refreshed(pair, reads), *unguarded(both, pair))
        found += [_finding(one) for one in every[:1]]
    return found


_SAID = {
    "condition": "{name} now writes the row without the condition `{what}`.",
    "count": "The number of rows that {name} wrote is no longer checked.",
    "state": "{name} is now written without the check `{what}` of the row.",
    "refreshed": "{name} now saves what it compares with {what}: whatever another writer has saved is overwritten.",
    "original": "{name} no longer compares the row with the value that was read: {what} is no longer set.",
}


def _finding(one: Unchecked) -> Finding:
    return Finding(
        ID,
        "high" if one.certain and one.kind in ("condition", "count") else "medium",
        "resolved",
        _SAID[one.kind].format(name=one.effect.name, what=one.what),
        "What keeps two writers who read the same row from overwriting each other?",
        one.effect.at._replace(what=""),
        (one.where.at._replace(what="checked here, before the edit"),),
    )
