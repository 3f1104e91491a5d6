"""An edit removes the save that sent changes which are still made.

What it flags
-------------
Compared before and after an edit: a member that saved and no longer does, although it still changes an entity or adds
to or removes from a context. An external call that came after a save and now comes before the first one.

Why it matters here
-------------------
The change tracker keeps the changes until something saves them. Under a transaction the commit then commits none of
them, without an exception; and a row that the save would have locked stays free for others.

When it is fine
---------------
The caller saves, or a pipeline does at the end of the request.

Example
-------
```csharp
class C {
    void M(int id) {
        using var tx = _db.Database.BeginTransaction();
        var order = _db.Orders.First(o => o.Id == id);
        order.State = 1;
        tx.Commit();
    }
}
```

Instead
-------
```csharp
class C {
    void M(int id) {
        using var tx = _db.Database.BeginTransaction();
        var order = _db.Orders.First(o => o.Id == id);
        order.State = 1;
        _db.SaveChanges();
        tx.Commit();
    }
}
```

Source
------
EF Core documentation, "Tracking vs. No-Tracking Queries" (changes are sent by ``SaveChanges``):
<https://learn.microsoft.com/ef/core/querying/tracking>. No document or analyser was checked for the rule itself.
"""

from __future__ import annotations

from ctxreview.behaviour.affected import affected, not_told
from ctxreview.behaviour.body import root_of
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.member_diff import Change, changes, saves, transactions
from ctxreview.behaviour.ordering import Unsent, unsent
from ctxreview.behaviour.tracked import Unsaved, unsaved
from ctxreview.languages.behaviour import names_of
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.regex import regex
from ctxreview.rules.context_saves import context_saves

ID = "save-removed"
SEVERITY = "high"
LANGUAGES = ("csharp",)

_MAY_SAVE = regex(r"(?i)save|commit|complete|flush|persist|execute|bulk")


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each member that saves no more."""
    about = names_of(after.language)
    text = about.pattern("sends_text")
    found = [f for c in changes(before, after) for f in _removed(c)]
    found += [
        _unsaved(one)
        for pair in not_told(affected(comparison(before, after)), after, found)
        for one in unsaved(pair, text)
    ]
    for pair in not_told(affected(comparison(before, after)), after, found):
        found += [
            _unsent(one)
            for one in unsent(pair)
            if not text.search(one.save.name) and not about.has("for_several", one.save.name)
        ]
    return found


def _unsent(one: Unsent) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"{one.call.name} is called before anything is saved now; {one.save.name} had sent what was changed until then.",
        "What tells, after a crash behind this call, that it was made?",
        one.call.at._replace(what=""),
        (one.save.at._replace(what=f"{one.save.name}, before the edit"),),
    )


def _unsaved(one: Unsaved) -> Finding:
    return Finding(
        ID,
        "high" if one.certain and one.completed else "medium",
        "resolved",
        f"{one.save.name} is no longer called, and {one.change.name} still makes changes that it sent"
        + (": the transaction is completed without it." if one.completed else "."),
        "What sends these changes now, and inside which transaction?",
        one.change.at._replace(what=""),
        (one.save.at._replace(what=f"{one.save.name}, before the edit"),),
    )


def _removed(change: Change) -> list[Finding]:
    old = context_saves(change.before.facts)
    now = {c.name for c in change.after.calls} - {c.name for c in change.before.calls}
    if not old or saves(change.after) or any(saves(b) for b in change.called) or any(_MAY_SAVE.search(n) for n in now):
        return []
    context = root_of(old[-1].target)
    known = {(f.target, f.name) for f in change.before.facts if f.kind == "write"}
    work = names_of(change.after.outline.language).of("changes_tracked")
    told, tells = (
        [c for c in b.calls if c.base in work and context and root_of(c.on) == context]
        for b in (change.before, change.after)
    )
    kept = [c.chain for c in tells]
    if tells or not told:  # else what was saved is no longer there to be saved
        kept += [f.span for f in change.after.facts if f.kind == "write" and f.target and (f.target, f.name) in known]
    if not kept:
        return []
    held = [s for s in transactions(change.after) if s.completes_at]
    return [
        Finding(
            ID,
            "high" if held else "medium",
            "syntactic",
            f"The edit removes {old[-1].name}, and {change.after.member.name} still makes changes that it sent"
            + (f": the {held[0].construct} is completed without it." if held else "."),
            "What sends these changes now, and inside which transaction?",
            change.at(min(kept)),
            (change.was(old[-1].span, old[-1].name),),
        )
    ]
