"""An edit removes the second check: the read under the scope that confirms an earlier one.

What it flags
-------------
A query of a set, or a ``Reload``, under a transaction or lock, that an edit removes while an earlier query of the
same source remains; a field that was checked before a lock and again under it, and is now checked only before.

Why it matters here
-------------------
Between the first read and the moment the lock is held, others may have changed the row. The second read is the one
that counts; without it the decision rests on stale data.

When it is fine
---------------
The first read is under the same scope and locks the row, or a token makes the save fail.

Example
-------
```csharp
class C {
    void M(int id) {
        var row = _db.Rows.First(r => r.Id == id);
        lock (_gate) {
            if (row.State == 0) { row.State = 1; _db.SaveChanges(); }
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
            _db.Entry(row).Reload();
            if (row.State == 0) { row.State = 1; _db.SaveChanges(); }
        }
    }
}
```

Source
------
.NET API documentation, ``ConcurrentDictionary.GetOrAdd``, has the same pattern in its remarks:
<https://learn.microsoft.com/dotnet/api/system.collections.concurrent.concurrentdictionary-2.getoradd>. For the rule
itself (check, lock, check again) no document or analyser was checked.
"""

from __future__ import annotations

import re
from collections import Counter

from ctxreview.behaviour.affected import affected, not_told
from ctxreview.behaviour.body import Body, source_of, within
from ctxreview.behaviour.boundary import mention
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.member_diff import Change, changes
from ctxreview.behaviour.rechecks import LostLook, lost_looks
from ctxreview.behaviour.version import version
from ctxreview.languages import load
from ctxreview.model.facts import Fact
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span

ID = "reread-removed"
SEVERITY = "medium"
LANGUAGES = ("csharp",)

REFRESHES = frozenset({"Reload", "GetDatabaseValues", "Refresh"})


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each read under a scope that is gone, with the earlier one that is left."""
    found = [f for c in changes(before, after) for f in (*_removed(c), *_rechecked(c))]
    pairs = not_told(affected(comparison(before, after)), after, found)
    lost = [_lost(one) for pair in pairs for one in lost_looks(pair) if not _is_kept(one, after)]
    first = {(f.at, f.about): f for f in sorted(lost, key=lambda f: f.severity != "medium")}
    return [*found, *first.values()]


def _is_kept(one: LostLook, after: Outline) -> bool:
    """Whether what was looked at can no longer be another one: a look at it has nothing to find."""
    place = one.look.place
    home, _, name = place.key.rpartition(".") if place is not None and place.kind == "state" else ("", "", "")
    state = version(after).state(home, name) if home else None
    return state is not None and state.fixed


def _lost(one: LostLook) -> Finding:
    place = one.look.place
    name = place.of.rpartition(".")[2] if place is not None and place.kind == "inside" else one.look.name
    left = (one.earlier.at._replace(what="checked before"),) if one.earlier is not None else ()
    return Finding(
        ID,
        "high" if one.certain and one.earlier is not None else "medium",
        "resolved",
        f"`{name}` was checked under the {one.hold.construct} before {one.act.name}, and no longer is.",
        "What if another thread runs between the check and the lock?",
        one.act.at._replace(what=""),
        (*left, one.look.at._replace(what=f"{one.look.name}, before the edit")),
        about=(name, one.hold.construct),
    )


def _rechecked(change: Change) -> list[Finding]:
    """Each lock under which a field was looked at again, and is now only written: the look before it is left."""
    found = []
    for old, new in change.scopes:
        if new is None or old.kind != "lock":
            continue
        looked = {f.name for f in _state(change.before, old, "read")} - {
            f.name for f in _state(change.after, new, "read")
        }
        written = {f.name for f in _state(change.after, new, "write")}
        for name in sorted(looked & written):
            condition = _condition(change.after, new)
            if condition is not None and re.search(mention(name), change.after.plain(condition)):
                found.append(
                    Finding(
                        ID,
                        "high",
                        "syntactic",
                        f"`{name}` was checked again under the {old.construct} and is now only checked before it.",
                        "What if another thread runs between the check and the lock?",
                        change.at(new.opening, new.construct),
                        (change.at(condition, "checked before"), change.was(old.span, old.construct)),
                    )
                )
    return found


def _condition(body: Body, scope: Region) -> Span | None:
    """The condition of the ``if`` that holds a scope and little else."""
    start = body.member.span.start
    for end in (scope.opening.start, body.block(scope.opening.start).start):
        hit = re.search(r"\bif\s*\(([^{};]*)\)\s*$", body.plain(Span(start, max(start, end))))
        if hit is not None:
            at = start + len(body.plain(Span(start, end))[: hit.start(1)].encode())
            return Span(at, at + len(hit[1].encode()))
    return None


def _state(body: Body, scope: Region, kind: str) -> list[Fact]:
    return [
        f
        for f in within(body.outline, scope.span)
        if f.is_state and f.kind == kind and body.outline.under(f.span, scope) and scope.opening.end <= f.span.start
    ]


def _removed(change: Change) -> list[Finding]:
    words = load(change.before.outline.language).words

    def key(fact: Fact) -> str:
        """What is asked; of a refresh also the entity."""
        base = words.untwinned(fact.name)
        return f"{base} {fact.target}" if base in REFRESHES else source_of(fact.target)

    old, new = _reads(change.before.facts), _reads(change.after.facts)
    left = Counter(map(key, new))
    for called in change.called:
        left += Counter(map(key, _reads(called.facts)))
    found = []
    for second in reversed(old):
        if left[key(second)] >= sum(key(f) == key(second) for f in old):
            continue
        held = change.before.under(second.span)
        first = next(
            (
                f
                for f in new
                if key(f) == key(second) or (words.untwinned(second.name) in REFRESHES and f.result in second.target)
            ),
            None,
        )
        stays = next((s for s in change.after.holds if held and s.kind == held[0].kind), None)
        if not held or first is None or stays is None or first.span.start > stays.opening.end:
            continue
        found.append(
            Finding(
                ID,
                "medium",
                "syntactic",
                f"The edit removes {second.name} under the {held[0].construct}; the remaining read is before it.",
                "Can others change the row between that read and this scope, and what detects that now?",
                change.at(stays.opening, stays.construct),
                (change.at(first.span, "read before"), change.was(second.span, "read again")),
            )
        )
        break
    return found


def _reads(facts: tuple[Fact, ...]) -> list[Fact]:
    return [f for f in facts if f.kind == "read" and not f.is_state and "." in f"{f.target}." and f.target]
