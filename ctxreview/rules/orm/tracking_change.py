"""An edit changes what the context tracks: for all its queries, or for a re-read.

What it flags
-------------
An edit that sets ``QueryTrackingBehavior.NoTracking`` for a context whose changes the file saves; an edit that
removes ``AsNoTracking`` from a second query of a set, or adds ``AsTracking`` to it, when a tracked query and then a
transaction or lock come before it. A query that now asks for tracking and did not; a call such as ``Update`` under a
transaction or lock that no longer passes a received object to the context before the save.

Why it matters here
-------------------
With tracking off by default every query of the context returns detached entities, whose changes ``SaveChanges`` does
not send. Conversely, a tracking query does not overwrite the values of an entity that is already tracked: a re-read
after taking a lock then returns the values from before the lock.

When it is fine
---------------
The context only reads, or its writing queries use ``AsTracking``; the re-read is of other rows, or is not a check.

Example
-------
```csharp
class C {
    void M(int id) {
        var row = _db.Rows.First(r => r.Id == id);
        lock (_gate) {
            var now = _db.Rows.First(r => r.Id == id);
            if (now.State == 0) { row.State = 1; _db.SaveChanges(); }
        }
    }
}
```

Instead
-------
```csharp
class C {
    void M(int id) {
        var row = _db.Rows.First(r => r.Id == id);
        lock (_gate) {
            var now = _db.Rows.AsNoTracking().First(r => r.Id == id);
            if (now.State == 0) { row.State = 1; _db.SaveChanges(); }
        }
    }
}
```

Source
------
EF Core documentation, "Tracking vs. No-Tracking Queries": <https://learn.microsoft.com/ef/core/querying/tracking>. An
issue of EF Core: <https://github.com/dotnet/efcore/issues/26811>.
"""

from __future__ import annotations

from collections import Counter

from ctxreview.behaviour.affected import affected, not_told
from ctxreview.behaviour.body import Body, bodies, root_of, source_of
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.effects import Effect
from ctxreview.behaviour.member_diff import Change, changes
from ctxreview.behaviour.tracked import Untold, retracked, untold
from ctxreview.model.facts import Fact
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.rules.context_saves import context_saves
from ctxreview.rules.orm.no_tracking_write import UNTRACKED

ID = "tracking-change"
SEVERITY = "high"
LANGUAGES = ("csharp",)


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each setting that stops tracking, and each re-read that starts it."""
    found = [f for c in changes(before, after) for f in (*_stopped(c, after), *_tracked_again(c))]
    pairs = list(not_told(affected(comparison(before, after)), after, found))
    found += [_retracked(one) for pair in pairs for one in retracked(pair)]
    return [*found, *(_untold(one) for pair in pairs for one in untold(pair))]


def _retracked(query: Effect) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"The query by {query.name} now asks for tracking: for a row that the context already tracks it returns the earlier values.",
        "Does the context already track the row, and are its values still current?",
        query.at._replace(what=""),
    )


def _untold(one: Untold) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"{one.call.name} no longer passes the object to the context, and {one.save.name} still saves.",
        "Does the context track the object and detect its changes?",
        one.save.at._replace(what=""),
        (one.call.at._replace(what=f"{one.call.name}, before the edit"),),
    )


def _setting(body: Body, fact: Fact) -> str:
    """What is set, whatever the variable of the context is called."""
    return body.text(fact.span).removeprefix(root_of(fact.target))


def _stopped(change: Change, after: Outline) -> list[Finding]:
    old = Counter(_setting(change.before, f) for f in _settings(change.before))
    found = []
    for setting in _settings(change.after):
        saved = context_saves(after.facts)
        old[_setting(change.after, setting)] -= 1
        if not saved or old[_setting(change.after, setting)] >= 0:
            continue
        written = next((w for b in bodies(after) if (w := _written(b, root_of(setting.target)))), None)
        found.append(
            Finding(
                ID,
                "high" if written is not None else "medium",
                "syntactic",
                "The edit turns tracking off for all queries of the context"
                + (f", and `{written.target}.{written.name}` of a query is changed and saved" if written else "")
                + ": SaveChanges does not send changes of untracked entities.",
                "Which queries of this context return entities that are changed and saved, and do they ask for tracking?",
                change.at(setting.span),
                (change.at(saved[0].span, saved[0].name),) if change.after.member.span.contains(saved[0].span) else (),
            )
        )
    return found


def _settings(body: Body) -> list[Fact]:
    """What turns tracking off for a context."""
    return [
        f
        for f in body.facts
        if f.kind == "tracking" and f.name.endswith("QueryTrackingBehavior") and ".NoTracking" in body.text(f.span)
    ]


def _written(body: Body, context: str) -> Fact | None:
    """A write to what a query of ``context`` gave, saved later in the same member."""
    for read in (f for f in body.facts if f.kind == "read" and f.result.isidentifier()):
        if root_of(read.target) != context or any(t in read.target for t in (*UNTRACKED, "AsTracking")):
            continue
        for write in (f for f in body.facts if f.kind == "write" and f.span.start > read.span.end):
            if root_of(write.target) == read.result and any(f.span > write.span for f in context_saves(body.facts)):
                return write
    return None


def _tracked_again(change: Change) -> list[Finding]:
    sources = {source_of(c.on) for c in (*change.gone(*UNTRACKED), *change.added("AsTracking"))}
    reads = [
        f
        for f in change.after.facts
        if f.kind == "read" and not f.is_state and source_of(f.target) in sources and not _untracked(f)
    ]
    old = Counter(f.target for f in change.before.facts if f.kind == "read" and not f.is_state)
    new = Counter(f.target for f in reads)
    found = []
    for first, second in ((a, b) for i, a in enumerate(reads) for b in reads[i + 1 :]):
        between = [s for s in change.after.holds if first.span.end <= s.opening.end <= second.span.start]
        if (
            source_of(first.target) != source_of(second.target)
            or new[second.target] <= old[second.target]
            or not between
        ):
            continue
        same = _asked(change.after, first) == _asked(change.after, second)
        found.append(
            Finding(
                ID,
                "high" if same else "medium",
                "syntactic",
                f"The edit makes the query of `{source_of(second.target)}` after the {between[0].construct} a tracking query: an entity "
                "loaded by an earlier query keeps its old values.",
                "Does this query check for changes made before the lock was taken, and so need fresh values?",
                change.at(second.span, "reads again"),
                (change.at(first.span, "read first"), change.at(between[0].opening, between[0].construct)),
            )
        )
        break
    return found


def _untracked(read: Fact) -> bool:
    return any(f"{name}(" in read.target for name in UNTRACKED)


def _asked(body: Body, read: Fact) -> str:
    """What is asked of the source, whichever way it is tracked."""
    asked = body.text(read.span)
    for name in (*UNTRACKED, "AsTracking"):
        asked = asked.replace(f".{name}()", "")
    return "".join(asked.split())
