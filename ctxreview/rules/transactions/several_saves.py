"""An edit splits one unit of work into several saves, or joins several saves into one.

What it flags
-------------
A transaction that an edit removes from around two or more statements that change data; a ``SaveChanges`` that an edit
splits, or moves into a loop or a helper that is called in one, without a transaction around the saves; several saves
that it joins although something between them queries the database or uses a key that the first one sets; a helper that
saves by itself what was saved with the rest.

Why it matters here
-------------------
Without an open transaction, each ``SaveChanges``, each ``ExecuteUpdate`` or ``ExecuteDelete`` and each SQL statement
is its own transaction. When the second fails, the first stays, and others see the state between the two.

When it is fine
---------------
One statement is left, an outer transaction covers them, or each part is correct without the other.

Example
-------
```csharp
class C {
    void M(int id) {
        _db.Images.Where(i => i.Id == id).ExecuteDelete();
        _db.Images.Add(new Image(id));
        _db.SaveChanges();
    }
}
```

Instead
-------
```csharp
class C {
    void M(int id) {
        using var tx = _db.Database.BeginTransaction();
        _db.Images.Where(i => i.Id == id).ExecuteDelete();
        _db.Add(new Image(id));
        _db.SaveChanges();
        tx.Commit();
    }
}
```

Source
------
EF Core documentation, "Using Transactions" and "ExecuteUpdate and ExecuteDelete" ("each execute within their own
transaction"): <https://learn.microsoft.com/ef/core/saving/transactions> and
<https://learn.microsoft.com/ef/core/saving/execute-insert-update-delete>. A commit of Jellyfin:
<https://github.com/jellyfin/jellyfin/commit/5d65cfcd99>.
"""

from __future__ import annotations

import re
from itertools import pairwise

from ctxreview.behaviour.affected import affected, not_told
from ctxreview.behaviour.body import Body, root_of
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.member_diff import Change, changes, saves, transactions
from ctxreview.behaviour.paths import exclude_each_other
from ctxreview.behaviour.repeated import Portioned, portioned, saved_early
from ctxreview.languages import load
from ctxreview.languages.behaviour import names_of
from ctxreview.model.facts import Fact
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.rules.context_saves import context_saves

ID = "several-saves"
SEVERITY = "high"
LANGUAGES = ("csharp",)

"""What is there to be saved: an edit that adds some is a new piece of work, not a split of the old one."""


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each member whose changes no longer stand or fall together as before."""
    found = []
    for change in changes(before, after):
        removed = [old for old, new in change.scopes if new is None and old in transactions(change.before)]
        loose = _loose(change.after)
        if removed and (len(loose) > 1 or any(change.after.in_loop(f.span.start) for f in loose)):
            found.append(_apart(change, loose, removed[0]))
        elif not removed:
            found += _split(change) or _only_in_loop(change) or _joined(change)
    about = names_of(after.language)
    named = {f"{name}{end}" for name in about.of("saves_all") for end in ("", *about.of("task_suffix"))}
    pairs = list(not_told(affected(comparison(before, after)), after, found))
    found += [_in_helper(one) for pair in pairs for one in portioned(pair, named)]
    return [*found, *(_too_early(one) for pair in pairs for one in saved_early(pair, named, about))]


def _too_early(one: Portioned) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"{one.now.path[0]} saves by itself what was saved with the rest by {one.was.name}.",
        "What remains in the database if what follows fails, and who can see the state between the two?",
        one.now.at._replace(what=""),
        (one.was.at._replace(what=f"{one.was.name}, before the edit"),),
        about=(one.now.name, one.now.path[0]),
    )


def _in_helper(one: Portioned) -> Finding:
    return Finding(
        ID,
        "high" if one.certain else "medium",
        "resolved",
        f"{one.now.path[-1]} saves in each turn of a loop what a single {one.was.name} saved.",
        "What remains in the database if a later one fails, and who can see the state between them?",
        one.now.at._replace(what=""),
        (one.was.at._replace(what=f"{one.was.name}, before the edit"),),
        about=(one.now.name, *one.now.path[-1:]),
    )


def _loose(body: Body) -> list[Fact]:
    """What is saved outside every transaction that the member opens."""
    return [f for f in saves(body) if not body.under(f.span, "transaction")]


def _ending(body: Body) -> list[Fact]:
    """What is saved outside every transaction that the member opens, or ends one by itself."""
    ends = load(body.outline.language).completing
    return [f for f in saves(body) if all(f.name in ends(s.name) for s in body.under(f.span, "transaction"))]


def _apart(change: Change, loose: list[Fact], removed: Region) -> Finding:
    names = ", ".join(dict.fromkeys(f.name for f in loose))
    return Finding(
        ID,
        "high",
        "syntactic",
        f"Without the {removed.construct} each of {len(loose)} statements ({names}) is its own transaction.",
        "What remains in the database if the second one fails, and who can see the state between them?",
        change.at(loose[0].span, loose[0].name),
        (*(change.at(f.span, f.name) for f in loose[1:4]), change.was(removed.span, removed.construct)),
    )


def _split(change: Change) -> list[Finding]:
    """``SaveChanges`` that are more than before, or now in a loop, with no transaction around them."""
    old, new = (context_saves(_ending(b)) for b in (change.before, change.after))
    if not old:
        return []
    looped = [f for f in _loose(change.after) if f in new and change.after.in_loop(f.span.start)]
    into_loop = looped and not any(change.before.in_loop(f.span.start) for f in old)
    if not into_loop and (len(new) <= len(old) or not _in_one_run(change.after, new)):
        return []
    work = names_of(change.after.outline.language).of("changes_tracked")
    more = sum(c.base in work for c in change.after.calls) > sum(c.base in work for c in change.before.calls)
    return [
        Finding(
            ID,
            "medium" if more else "high",
            "syntactic",
            f"The edit saves in a loop what a single {old[0].name} saved."
            if into_loop
            else f"The edit saves {_times(len(new))} what was saved {_times(len(old))}, without a transaction around them.",
            "What remains in the database if a later one fails, and who can see the state between them?",
            change.at((looped or new)[0].span),
            tuple(change.at(f.span, f.name) for f in new[1:4]),
        )
    ]


def _only_in_loop(change: Change) -> list[Finding]:
    """A save that was always reached and is now in a loop alone: what was changed outside of it waits for its first turn."""
    old, new = (context_saves(b.facts) for b in (change.before, change.after))
    before, after = change.before, change.after
    if not old or not new or any(before.in_loop(f.span.start) for f in old):
        return []
    changed = [f for f in after.facts if f.kind == "write" and f.target and not f.is_state]
    left = [f for f in changed if not after.in_loop(f.span.start)]
    if not left or not all(after.in_loop(f.span.start) for f in new):
        return []
    return [
        Finding(
            ID,
            "high",
            "syntactic",
            f"The edit saves only in a loop; {left[0].name} is changed outside it, and is not sent when the loop does not run.",
            "Is it sent when there is nothing to iterate over, and together with the rest?",
            change.at(new[0].span, new[0].name),
            (change.at(left[0].span, f"changes {left[0].name}"), change.was(old[0].span, old[0].name)),
        )
    ]


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"


def _in_one_run(body: Body, found: list[Fact]) -> bool:
    """Whether two of them run one after the other: the block of the first holds the next."""
    return any(
        body.block(a.span.start).contains(b.span)
        and not exclude_each_other(body.outline, a.span, b.span)
        and not re.search(r"\breturn\b", body.plain(Span(a.span.end, b.span.start)))
        for a, b in pairwise(found)
    )


def _joined(change: Change) -> list[Finding]:
    """Fewer ``SaveChanges``, where what was between two of them needed the first."""
    old = context_saves(change.before.facts)
    new = context_saves(change.after.facts)
    if not (len(old) > len(new) >= 1):
        return []
    for first, second in pairwise(old):
        between = change.before.plain(Span(first.span.end, second.span.start))
        asked = [
            f
            for f in change.before.facts
            if first.span.end <= f.span.start < second.span.start
            and f.kind in ("read", "save")
            and not f.is_state
            and root_of(f.target) == root_of(first.target)
            and any((g.kind, g.name, g.target) == (f.kind, f.name, f.target) for g in change.after.facts)
        ]
        key = re.search(r"(?<!=> )\b(?!\w+\.\w+\s*=[^=])(\w+)\.(Id|Key)\b(?!\s*=[^=])", between)
        text = change.after.plain(Span(change.after.member.span.start, new[0].span.end))
        if key and not re.search(rf"\b{re.escape(key[0])}\b", text):
            key = None  # it is used behind a save still, or not at all
        if asked or key:
            what = f"`{asked[0].name}` queries the database" if asked else f"`{key[0]}` is used" if key else ""
            return [
                Finding(
                    ID,
                    "medium",
                    "syntactic",
                    f"The edit saves {_times(len(new))} what was saved {_times(len(old))}, and {what} between them.",
                    "Does that need the result of the first save: a generated key, a trigger's value, a locked row?",
                    change.at(new[0].span, new[0].name),
                    (change.was(first.span, first.name), change.was(second.span, second.name)),
                )
            ]
    return []
