"""What was on disk, or whole, when the next step relied on it, and is not any more.

What it flags
-------------
Compared before and after an edit: ``Flush(true)``, ``FlushToDisk`` or a call named ``Sync`` or ``Fsync`` that is gone
from a function which writes; a log that is truncated, or a file that is deleted or moved, before such a call and no
longer behind it; a file that was replaced by ``File.Move`` or ``File.Replace`` and is written in its place now.

Why it matters here
-------------------
What is written is in the memory of the operating system until it is flushed to disk. After a crash the log that was
truncated is gone, and so is what it described. Whoever opens a file while it is written sees a part of it; a move is
one step.

When it is fine
---------------
The data can be made again, or another function flushes what several have written. Nobody else reads the file.

Example
-------
```csharp
class C {
    void Checkpoint() {
        _pages.WriteBack();
        _journal.Truncate();
        RandomAccess.FlushToDisk(_file);
    }
}
```

Instead
-------
```csharp
class C {
    void Checkpoint() {
        _pages.WriteBack();
        RandomAccess.FlushToDisk(_file);
        _journal.Truncate();
    }
}
```

Source
------
.NET API documentation, ``FileStream.Flush(bool)`` ("causes any intermediate file buffers to be written"),
``RandomAccess.FlushToDisk`` and ``File.Replace``: <https://learn.microsoft.com/dotnet/api/system.io.filestream.flush>,
<https://learn.microsoft.com/dotnet/api/system.io.randomaccess.flushtodisk>. For the order of log and pages:
PostgreSQL documentation, "Write-Ahead Logging": <https://www.postgresql.org/docs/current/wal-intro.html>.
"""

from __future__ import annotations

from ctxreview.behaviour.comparison import Pair, comparison
from ctxreview.behaviour.durable import Unsynced, in_its_place, unsynced
from ctxreview.behaviour.places import lines
from ctxreview.languages.behaviour import names_of
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding

ID = "durable-write"
SEVERITY = "medium"
LANGUAGES = ("csharp",)


def compare(before: Outline, after: Outline) -> list[Finding]:
    """What is no longer on disk in time, and each file that is written in its place."""
    both, about = comparison(before, after), names_of(after.language)
    found = [_unsynced(after, pair, one) for pair, one in unsynced(both, about)]
    for pair in both.changed if any(name.encode() in before.source.data for name in ("Move", "Replace")) else ():
        one = in_its_place(before, after, pair, about)
        if one is not None:
            found.append(
                Finding(
                    ID,
                    "medium",
                    "syntactic",
                    f"{one.name} writes the file in its place; before, it was replaced in one step.",
                    "Who may open it meanwhile, and what is there after a crash?",
                    lines(after, one.write),
                    (lines(before, one.move, "replaced in one step, before the edit"),),
                    about=(one.name,),
                )
            )
    return found


def _unsynced(after: Outline, pair: Pair, one: Unsynced) -> Finding:
    drop, was = one.drop, one.sync.at._replace(what=f"{one.sync.name}, before the edit")
    name = pair.after.function.name
    return Finding(
        ID,
        "high" if drop is not None else "medium",
        "resolved",
        f"{name} no longer flushes to disk what it writes ({one.sync.name})."
        if drop is None
        else f"{drop.name} comes before {one.sync.name}: what it relies on is not on disk yet.",
        "What is left after a crash here?",
        lines(after, pair.after.function.opening) if drop is None else drop.at._replace(what=""),
        (was,),
        about=(one.sync.name,),
    )
