"""An edit removes, narrows, widens or replaces a transaction or lock.

What it flags
-------------
Compared before and after an edit: a scope that is removed or added; statements that moved out of it or into it;
another lock object, isolation level or mode; the async flow or the commit removed. Helpers of the file are followed.

Why it matters here
-------------------
Work under one scope was atomic. A statement that leaves the scope may see or leave a state that nobody was meant to
see.

When it is fine
---------------
The edit keeps every scope with the same work inside. Renaming or reformatting the same statements is not a change.
Pure work and log lines may leave a scope: they are reported for information and not held against the edit. The same
holds when the scope's guarantee stays: a copy that is enumerated later, one read of a volatile reference, one atomic
operation for each use, another lock for every use.

Example
-------
```csharp
class C {
    readonly object _gate = new();
    int _free;
    bool Take() {
        var any = _free > 0;
        lock (_gate) {
            if (any) _free--;
            return any;
        }
    }
}
```

Instead
-------
```csharp
class C {
    readonly object _gate = new();
    int _free;
    bool Take() {
        lock (_gate) {
            var any = _free > 0;
            if (any) _free--;
            return any;
        }
    }
}
```

Source
------
EF Core documentation, "Using Transactions": <https://learn.microsoft.com/ef/core/saving/transactions>. .NET API
documentation, ``TransactionScope`` and ``IsolationLevel``:
<https://learn.microsoft.com/dotnet/api/system.transactions.transactionscope> and
<https://learn.microsoft.com/dotnet/api/system.transactions.isolationlevel>. C# reference, "The lock statement":
<https://learn.microsoft.com/dotnet/csharp/language-reference/statements/lock>. The README's incident. On the other side
an issue of nopCommerce, where a lower isolation level ended 246 deadlocks:
<https://github.com/nopSolutions/nopCommerce/issues/8212>.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ctxreview.behaviour.added import (
    holds_new_work,
    holds_one_step,
    holds_reads_alone,
    is_held_already,
    is_sent_as_before,
    is_taken_for_another,
    takes_nothing,
)
from ctxreview.behaviour.affected import affected, not_told, touched
from ctxreview.behaviour.boundary import guarded_state, mention
from ctxreview.behaviour.comparison import Comparison, comparison
from ctxreview.behaviour.exclusion import Judgement, judged, lost_with_helpers
from ctxreview.behaviour.lock_usage import lock_key
from ctxreview.behaviour.moved_lines import sides
from ctxreview.behaviour.pairing import Match, pairing
from ctxreview.behaviour.places import lines, member_of, scope_lines
from ctxreview.behaviour.removal import went_unused, what_it_held
from ctxreview.behaviour.spent import is_spent
from ctxreview.behaviour.strictness import Levelled, Respanned, is_taken_as_lock, levelled, respanned
from ctxreview.languages import load
from ctxreview.languages.behaviour import names_of
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.phrases import listed
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Lines
from ctxreview.rules.locks.concurrent_collection import torn
from ctxreview.rules.locks.lock_split import splits
from ctxreview.rules.scopes.scope_finding import (
    RULE,
    before_edit,
    finding_of,
    line_range,
    loss_finding,
    named,
    on_resource,
    one_of,
    quoted,
)
from ctxreview.rules.scopes.scope_kept import changes_of

ID = RULE
SEVERITY = "high"


def compare(before: Outline, after: Outline) -> list[Finding]:
    """What happened to each scope, and which scopes are new."""
    matches, added = pairing(before, after).scopes
    split = splits(before, after)  # told as that: neither a new lock nor, without state, work that left it
    parts = {part for _, every, told in split for part in every if told or part is every[0]}
    whole_ = {whole for whole, _, _ in split}
    matches = tuple((old, new) for old, new in matches if old not in whole_)
    both = comparison(before, after)
    told_there = {scope for scope, _ in torn(before, after)}
    found: list[Finding] = []
    gone: dict[tuple[object, ...], list[Region]] = {}
    left: dict[Finding, Region] = {}
    told_of = set[tuple[str, Lines]]()
    for whole, every, told in split:
        found += _between(whole, every, before, after) or (
            () if told else _torn(whole, every, judged(both, whole), before)
        )
    for old, new in matches:
        member = before.member_of(old.opening)
        if new is not None and member is not None and member.span not in touched(both):
            continue
        if (new is None or new.form == old.form) and is_sent_as_before(both, old, after=False):
            continue
        if new is None and (old in told_there or went_unused(old, before, after)):
            continue
        verdict = judged(both, old)
        if new is None:
            joined = _joined(old, matches, before, after)
            change = joined or _removed((old,), before, after, verdict)
            if joined is None:  # several parts of a function that took one lock are one change
                key = change.at, old.construct, old.resource, change.severity, change.informs, old.certainty
                gone.setdefault(key, []).append(old)
                if len(gone[key]) > 1:
                    continue
            changes = [change]
        else:
            changes = changes_of(old, new, before, after, verdict)
        if new is not None and verdict.losses and all(f.informs for f in changes):
            # What ran under several that it has left is told of the first.
            lost = verdict.losses[0]
            changes += [loss_finding(old, new, lost, before)] if (lost.what, lost.after.at) not in told_of else []
            told_of.add((lost.what, lost.after.at))
        elif new is not None and all(f.informs for f in changes):
            changes += _came_in(old, verdict, before, after)
        found += [_weakened(f) for f in changes] if old.certainty == "assumed" else changes
        left.update((f, old) for f in found[len(found) - len(changes) :] if f.about)
    found = _in_one(found, gone.values(), before, after)
    found = [f for f in found if f not in left or not _is_told(f, left)]
    found += [loss_finding(hold.region, None, loss, hold.outline) for hold, loss in lost_with_helpers(both)]
    for pair in not_told(affected(both), after, [f for f in found if not f.informs]):
        found += [_levelled(one) for one in levelled(pair)]
        found += [_respanned(one) for one in respanned(pair)]
    found += [
        finding_of(
            "note" if _asks_little(s, both) else "medium",
            f"The edit adds {one_of(s.construct)}{on_resource(s)}.",
            "What must it exclude or keep together, and is the nesting with the scopes around it right?",
            scope_lines(after, s),
        )
        for s in added
        if s not in parts
        and not is_sent_as_before(both, s, after=True)
        and not is_taken_for_another(after, s)
        and not is_held_already(both, s)
    ]
    return found


def _in_one(found: list[Finding], gone: Iterable[list[Region]], before: Outline, after: Outline) -> list[Finding]:
    """The findings, that of the first of several parts which are ``gone`` alike with the places of the others."""
    for each in gone:
        if len(each) > 1:
            verdict = judged(comparison(before, after), each[0])
            alone, every = (_removed(some, before, after, verdict) for some in (each[:1], each))
            found = [
                f._replace(message=every.message, related=every.related)
                if (f.at, f.related) == (alone.at, alone.related)
                else f
                for f in found
            ]
    return found


def _levelled(one: Levelled) -> Finding:
    """A level of isolation that stands elsewhere."""
    return finding_of(
        "medium",
        f"The edit changes the isolation of the {one.hold.construct} from {one.was} to {one.now}.",
        "Does anything read here decide what is written, and what keeps it unchanged until then?",
        one.begin.at._replace(what=""),
    )


def _respanned(one: Respanned) -> Finding:
    """A transaction that has another extent of a loop."""
    name = one.hold.construct if one.hold is not None else "transaction"
    return finding_of(
        "medium",
        f"Each iteration of the loop now has its own {name}; before, one spanned all of them."
        if one.each
        else f"One {name} now spans all iterations of the loop; before, each had its own.",
        "What is undone when one iteration fails, and for how long are the rows of the others locked?",
        one.commit.at._replace(what=""),
        one.before.at._replace(what=f"{one.before.name}, before the edit"),
    )


def _came_in(old: Region, verdict: Judgement, before: Outline, after: Outline) -> list[Finding]:
    """What may wait or call back that a helper brought under a lock or transaction."""
    # A call out in a transaction's own function is external_call's finding.
    kinds = ("io", "foreign", "call", "query", "save", "spawn")
    told = old.kind == "transaction"
    outside = [e for _, e in verdict.entered if e.kind in kinds and not (told and e.kind == "io" and not e.path)]
    came = [(now, "happens") for now in outside[:1]] if verdict.complete else []
    if _holds_back(old, before):
        return []  # it says how many may do this at once, and excludes nobody
    return [
        finding_of(
            "medium",
            f"{named(now)} now {does} under the {old.construct}{on_resource(old)}.",
            "How long is it held now, and can this work wait for code that waits for it?",
            lines(after, now.span),
            before_edit(old, before),
        )
        for now, does in came or [(e, "is awaited") for e in verdict.waits[:1]]
    ]


def _torn(whole: Region, parts: list[Region], verdict: Judgement, before: Outline) -> list[Finding]:
    """What was one step under a lock that has several parts now."""
    return [loss_finding(whole, parts[0], loss, before) for loss in verdict.losses if loss.what != "under"][:1]


def _between(whole: Region, parts: list[Region], before: Outline, after: Outline) -> list[Finding]:
    """The state that a lock held and that is between or beside its parts now."""
    state = guarded_state(before)
    was, first = sides(whole, before), sides(parts[0], after)
    now = Counter[str]()
    for part in parts:
        now += sides(part, after).inside
    out = [line for line in was.inside - now if first.outside(line) > was.outside(line)]
    lost = [line for line in out if any(re.search(mention(name), line) for name in state)]
    return (
        [
            finding_of(
                "high",
                f"The edit moves code out of the parts of the {whole.construct}{on_resource(whole)}: {quoted(lost, [])}.",
                "Must this still happen together with what remains under it?",
                scope_lines(after, parts[0]),
                before_edit(whole, before),
            )
        ]
        if lost
        else []
    )


def _asks_little(added: Region, both: Comparison) -> bool:
    """Whether a scope that the edit adds keeps nobody from what he did before, or only for as long as state is read."""
    after = both.after
    return (
        _is_one_step(added, after)
        or holds_new_work(both, added)
        or _holds_back(added, after)
        or holds_reads_alone(both, added)
        or takes_nothing(both, added)
        or _was_said(both, added)
    )


def _was_said(both: Comparison, added: Region) -> bool:
    """Whether the function of a new lock said before, in other words, that nobody else may have what it asks for."""
    pair = next((p for p in both.changed if p.after.function.span == added.owner), None)
    return added.kind == "lock" and pair is not None and is_taken_as_lock(pair)


def _is_one_step(scope: Region, outline: Outline) -> bool:
    """Whether a new transaction is outside all others and holds one call."""
    return (
        scope.kind == "transaction"
        and holds_one_step(outline, scope)
        and not any(s != scope and s.span.contains(scope.opening) for s in outline.regions)
    )


def _is_told(finding: Finding, left: Mapping[Finding, Region]) -> bool:
    """Whether what left a lock that another function takes has left one of the function's own, too."""
    here = left[finding]
    own = (f for f, of in left.items() if of.acquired != "elsewhere" and of.owner == here.owner)
    return here.acquired == "elsewhere" and any(set(finding.about) <= set(f.about) for f in own)


def _holds_back(scope: Region, outline: Outline) -> bool:
    """Whether a lock has room for several who all do the same under it: it says how many, and keeps nothing apart."""
    slots = any(c.counted and c.construct == scope.construct for c in load(outline.language).constructs)
    return slots and scope.kind == "lock" and scope.mode == "shared"


def _weakened(finding: Finding) -> Finding:
    """What happened to a scope that was only assumed to be one."""
    return finding._replace(severity="medium" if finding.severity == "high" else finding.severity, certainty="assumed")


def _joined(old: Region, matches: tuple[Match, ...], before: Outline, after: Outline) -> Finding | None:
    """A scope that went up in another one of the same kind on the same resource, with all its work."""
    inside, own = sides(old, before).inside, member_of(before, old.opening)
    for other, new in matches:
        if new is None or (other.construct, lock_key(other)) != (old.construct, lock_key(old)):
            continue
        if own is None or member_of(before, other.opening) != own:
            continue
        there = sides(new, after).inside
        # What the other one held already is not what came into it, unless it is around this one.
        gained = there if other.span.contains(old.span) else there - sides(other, before).inside
        if inside and not inside - gained:
            nested = other.span.contains(old.span)  # then nobody was let in between
            return finding_of(
                "note" if nested else "medium",
                f"The edit joins the {old.construct}{on_resource(old)} of lines {line_range(before, old.span)} with another one.",
                "Was it released in between on purpose, to let others in?",
                scope_lines(after, new),
                before_edit(old, before),
            )
    return None


def _removed(removed: Sequence[Region], before: Outline, after: Outline, verdict: Judgement) -> Finding:
    """What is said of parts of a function that took the same lock or transaction, and of which the first one is looked at."""
    old = removed[0]
    now = pairing(before, after).became(old.opening)
    member = now.member if now is not None else None
    at = lines(after, member.span, member.kind) if member is not None else Lines(after.source.path, 1, 1)
    held = what_it_held(old, before, after)
    severity: Severity = "note" if held == "nothing" else "medium" if held == "one read" else "high"
    level = old.isolation
    usual = level is not None and (level.default or level.level in names_of(before.language).of("usual_levels"))
    named_level = level is not None and bool(level.level) and not usual
    ranges = listed([line_range(before, one.span) for one in removed])
    what = f"The edit removes the {old.construct}{on_resource(old)} of lines {ranges}"
    was = [before_edit(one, before) for one in removed]
    if old.mode == "suppressed" and member is not None and held != "nothing":
        return finding_of(
            "medium",
            f"{what}, which kept a caller's transaction out: what ran outside of it runs in it now.",
            "Must this stay done when the caller's transaction is rolled back?",
            at,
            *was,
        )
    if verdict.keeps and member is not None and not named_level:  # a level that is named is lost with the transaction
        return finding_of(
            "note" if severity == "high" else severity,
            f"{what}; what it guaranteed still holds without it.",
            "Did it protect something that this file does not show?",
            at,
            *was,
        )._replace(informs=True)
    if severity != "note" and is_spent(comparison(before, after), old):
        return finding_of(
            "note",
            f"{what} with all that was done under it.",
            "Is what is done instead safe for several threads by itself?",
            at,
            *was,
        )._replace(informs=True)
    found = finding_of(severity, f"{what}.", "What did it protect, and what protects that now?", at, *was)
    return found._replace(informs=severity == "note" and member is not None)
