"""An edit reads from the change tracker what was read from the database, or the other way round.

What it flags
-------------
``First``/``Single(…)`` that an edit turns into ``Find``, when the set was queried before in the method, or under a
transaction or lock; ``Find`` that it turns into a query after an ``Add`` to the same set that is not saved yet, or in a loop whose earlier
turns may have made one.

Why it matters here
-------------------
``Find`` returns an entity that the context already tracks without a query: it gives neither a fresh value nor a lock that a query
would take. A query always reads the database, and does not see what was added but not saved.

When it is fine
---------------
Nothing of the set was tracked before, and nothing relies on the read itself.

Example
-------
```csharp
class C {
    void M(int id) {
        var row = _db.Rows.First(r => r.Id == id);
        using var tx = _db.Database.BeginTransaction();
        var now = _db.Rows.Find(id);
        if (now.State == 0) { row.State = 1; _db.SaveChanges(); }
        tx.Commit();
    }
}
```

Instead
-------
```csharp
class C {
    void M(int id) {
        var row = _db.Rows.First(r => r.Id == id);
        using var tx = _db.Database.BeginTransaction();
        var now = _db.Rows.AsNoTracking().First(r => r.Id == id);
        if (now.State == 0) { row.State = 1; _db.SaveChanges(); }
        tx.Commit();
    }
}
```

Source
------
EF Core documentation, "Accessing Tracked Entities" (``Find``) and "Tracking vs. No-Tracking Queries":
<https://learn.microsoft.com/ef/core/change-tracking/entity-entries> and
<https://learn.microsoft.com/ef/core/querying/tracking>.
"""

from __future__ import annotations

from ctxreview.behaviour.body import CallText, source_of
from ctxreview.behaviour.member_diff import Change, changes
from ctxreview.languages import load
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding

ID = "find-or-query"
SEVERITY = "high"
LANGUAGES = ("csharp",)

QUERIES = ("First", "FirstOrDefault", "Single", "SingleOrDefault")


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each query by key that changed its way."""
    return [f for c in changes(before, after) for f in (*_no_query(c), *_no_tracker(c))]


def _no_query(change: Change) -> list[Finding]:
    """A query that is a ``Find`` now."""
    asked = {source_of(c.on) for c in change.gone(*QUERIES)}
    found = []
    for call in change.added("Find"):
        source = source_of(call.on)
        if source not in asked or call.on.count("(") > source.count("("):
            continue
        earlier = next(
            (
                f
                for f in change.after.facts
                if f.kind == "read" and f.span.end < call.start and source_of(f.target) == source and _tracks(f.target)
            ),
            None,
        )
        held = change.after.under(call.span)
        if earlier is None and not held:
            continue
        found.append(
            Finding(
                ID,
                "high" if earlier is not None and held else "medium" if earlier is not None else "low",
                "syntactic",
                f"Find on `{source}` replaces a query: an entity that is already tracked is returned as it is, and "
                "no query is sent"
                + (f" under the {held[0].construct}" if held else "")
                + ("; the set is queried earlier." if earlier is not None else "."),
                "Does this read have to return a fresh value, or take a lock?",
                change.at(call.chain),
                (change.at(earlier.span, "queried before"),) if earlier is not None else (),
            )
        )
    return found


def _tracks(chain: str) -> bool:
    return "AsNoTracking" not in chain and ".Select(" not in chain


def _no_tracker(change: Change) -> list[Finding]:
    """A ``Find`` that is a query now."""
    asked = {source_of(c.on) for c in change.gone("Find")}
    found = []
    for call in change.added(*QUERIES):
        source = source_of(call.on)
        add = next(
            (
                c
                for c in change.after.calls
                if c.base in ("Add", "AddRange") and source_of(c.on) == source and c.span.end < call.start
            ),
            None,
        )
        if source in asked and add is None:
            found += _in_a_loop(change, call, source)
        if source not in asked or add is None:
            continue
        saved = any(c.base == "SaveChanges" and add.span < c.span < call.span for c in change.after.calls)
        if not saved:
            found.append(
                Finding(
                    ID,
                    "high",
                    "syntactic",
                    f"A query of `{source}` replaces Find, after {add.name} and before the save: it does not "
                    "see the added entity.",
                    "Can it be the entity that was added above?",
                    change.at(call.chain),
                    (change.at(add.span, add.name),),
                )
            )
    return found


def _in_a_loop(change: Change, call: CallText, source: str) -> list[Finding]:
    """A query in a loop that adds to the set behind it, and saves only after all of its turns."""
    body = change.after
    looping = load(body.outline.language).words.looping
    turns = [b for b in body.blocks(call.start)[:-1] if body.opener(b) in looping]
    adds = [c for c in body.calls if c.base in ("Add", "AddRange") and source_of(c.on) == source]
    for turn in turns:
        add = next((c for c in adds if turn.contains(c.span) and c.span > call.span), None)
        if add is None:
            continue
        if any(c.base == "SaveChanges" and turn.contains(c.span) for c in body.calls):
            return []
        return [
            Finding(
                ID,
                "medium",
                "syntactic",
                f"A query of `{source}` replaces Find in a loop that adds to it: what an earlier turn added is not saved, and it does not see it.",
                "Can two turns be about the same entity?",
                change.at(call.chain),
                (change.at(add.span, add.name),),
            )
        ]
    return []
