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

from ctxreview.behaviour.added import holds_one_step, is_held_already, is_sent_as_before
from ctxreview.behaviour.affected import affected, not_told
from ctxreview.behaviour.boundary import crossed, guarded_state, mention, work
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.effects import Effect
from ctxreview.behaviour.exclusion import Judgement, Loss, judged, lost_with_helpers
from ctxreview.behaviour.lock_usage import lock_key
from ctxreview.behaviour.moved_lines import does_anything, moved_lines, sides
from ctxreview.behaviour.pairing import Match, pairing
from ctxreview.behaviour.places import lines, member_of, scope_lines
from ctxreview.behaviour.removal import went_unused, what_it_held
from ctxreview.behaviour.renames import is_another_of_its_kind, is_any_object, is_same_lock, renamed_state
from ctxreview.behaviour.strictness import Levelled, Respanned, levelled, respanned
from ctxreview.languages import load
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Isolation, Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Lines, Span
from ctxreview.rules.locks.lock_split import splits

ID = "scope-change"
SEVERITY = "high"


def compare(before: Outline, after: Outline) -> list[Finding]:
    """What happened to each scope, and which scopes are new."""
    matches, added = pairing(before, after).scopes
    split = splits(before, after)  # told as that: neither a new lock nor, without state, work that left it
    parts = {part for _, every, told in split for part in every if told or part is every[0]}
    whole_ = {whole for whole, _, _ in split}
    matches = tuple((old, new) for old, new in matches if old not in whole_)
    both = comparison(before, after)
    found: list[Finding] = []
    for whole, every, told in split:
        found += _between(whole, every, before, after) or (
            () if told else _torn(whole, every, judged(both, whole), before)
        )
    for old, new in matches:
        if new is None and is_sent_as_before(both, old, after=False):
            continue
        if new is None and went_unused(old, before, after):
            continue
        verdict = judged(both, old)
        if new is None:
            changes = [_joined(old, matches, before, after) or _removed(old, before, after, verdict)]
        else:
            changes = _changed(old, new, before, after, verdict)
        if new is not None and verdict.losses and all(f.informs for f in changes):
            changes.append(_lost(old, new, verdict.losses[0], before))
        elif new is not None and all(f.informs for f in changes):
            changes += _came_in(old, verdict, before, after)
        found += [_weakened(f) for f in changes] if old.certainty == "assumed" else changes
    found += [_lost(hold.region, None, loss, hold.outline) for hold, loss in lost_with_helpers(both)]
    for pair in not_told(affected(both), after, [f for f in found if not f.informs]):
        found += [_levelled(one) for one in levelled(pair)]
        found += [_respanned(one) for one in respanned(pair)]
    found += [
        _finding(
            "note" if _is_one_step(s, after) else "medium",
            f"The edit adds a {s.construct}{_on(s)}.",
            "What must it exclude or keep together, and is the nesting with the scopes around it right?",
            scope_lines(after, s),
        )
        for s in added
        if s not in parts and not is_sent_as_before(both, s, after=True) and not is_held_already(both, s)
    ]
    return found


def _levelled(one: Levelled) -> Finding:
    """A level of isolation that stands elsewhere."""
    return _finding(
        "medium",
        f"The edit changes the isolation of the {one.hold.construct} from {one.was} to {one.now}.",
        "Does anything read here decide what is written, and what keeps it unchanged until then?",
        one.begin.at._replace(what=""),
    )


def _respanned(one: Respanned) -> Finding:
    """A transaction that has another extent of a loop."""
    name = one.hold.construct if one.hold is not None else "transaction"
    return _finding(
        "medium",
        f"Each turn of the loop is a {name} of its own now; one spanned all of them."
        if one.each
        else f"One {name} spans all turns of the loop now; each turn had its own.",
        "What is undone now when one turn fails, and for how long are the rows of the others locked?",
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
    return [
        _finding(
            "medium",
            f"{_named(now)} {does} under the {old.construct}{_on(old)} now.",
            "How long is it held now, and can this work wait for code that waits for it?",
            lines(after, now.span),
            _before(old, before),
        )
        for now, does in came or [(e, "is awaited") for e in verdict.waits[:1]]
    ]


def _torn(whole: Region, parts: list[Region], verdict: Judgement, before: Outline) -> list[Finding]:
    """What was one step under a lock that has several parts now."""
    return [_lost(whole, parts[0], loss, before) for loss in verdict.losses if loss.what != "under"][:1]


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
            _finding(
                "high",
                f"The edit moves code out of the parts of the {whole.construct}{_on(whole)}: {_quoted(lost, [])}.",
                "Must this still happen together with what remains under it?",
                scope_lines(after, parts[0]),
                _before(whole, before),
            )
        ]
        if lost
        else []
    )


def _is_one_step(scope: Region, outline: Outline) -> bool:
    """Whether a new transaction is in no other one and holds one call."""
    return (
        scope.kind == "transaction"
        and holds_one_step(outline, scope)
        and not any(s != scope and s.span.contains(scope.opening) for s in outline.regions)
    )


def _before(scope: Region, outline: Outline) -> Lines:
    return scope_lines(outline, scope)._replace(what=f"{scope.construct}, before the edit")


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
            return _finding(
                "medium",
                f"The edit joins the {old.construct}{_on(old)} of lines {_range(before, old.span)} with another one.",
                "Was it released in between on purpose, to let others in?",
                scope_lines(after, new),
                _before(old, before),
            )
    return None


def _lost(old: Region, new: Region | None, loss: Loss, before: Outline) -> Finding:
    """What a lock or transaction no longer keeps, where no line of it tells."""
    name, it, now = f"{old.construct}{_on(old)}", _named(loss.before), loss.after.at
    if "deferred" in loss.after.traits:
        message = f"{it} happens when the result is walked, and no longer under the {name}."
        question = "Who walks it, and what if another thread changes it meanwhile?"
    elif any(h.region == old for h in (*loss.after.lapsed, *loss.before.holds)) and loss.after.lapsed:
        message = f"{it} runs in a task that the {name} does not wait for."
        question = "What if the lock or transaction ends before the task?"
    elif loss.what == "together" and loss.other is not None:
        message = f"{it} and {_named(loss.other)[0].lower()}{_named(loss.other)[1:]} were one step under the {name}, and are now two."
        question = "What if another thread runs in between?"
    elif loss.what == "apart" and loss.other is not None:
        message = f"The {name} kept {it[0].lower()}{it[1:]} apart from {_named(loss.other)[0].lower()}{_named(loss.other)[1:]}, and no longer does."
        question = "What does one see while the other runs?"
    else:
        message = f"{it} no longer happens under the {name}."
        question = "Must this still happen together with what remains under it?"
    related = [_before(old, before)]
    if loss.other is not None:
        related.insert(0, loss.other.at)
    return _finding("high" if loss.certain else "medium", message, question, now, *related)


def _named(effect: Effect) -> str:
    """An effect as people read it, as the first words of a sentence."""
    words = {"read": "The read of", "write": "The write of", "query": "The query by", "save": "The save by"}
    name = effect.name or (effect.place.of.rpartition(".")[2] if effect.place is not None else "")
    if effect.place is not None and effect.place.kind == "inside":
        name = effect.place.of.rpartition(".")[2]
    return f"{words.get(effect.kind, 'The call of')} `{name}`"


def _removed(old: Region, before: Outline, after: Outline, verdict: Judgement) -> Finding:
    now = pairing(before, after).became(old.opening)
    member = now.member if now is not None else None
    at = lines(after, member.span, member.kind) if member is not None else Lines(after.source.path, 1, 1)
    held = what_it_held(old, before, after)
    severity: Severity = "note" if held == "nothing" else "medium" if held == "one read" else "high"
    named_level = old.isolation is not None and bool(old.isolation.level) and not old.isolation.default
    if verdict.keeps and member is not None and not named_level:  # a level that is named is lost with the transaction
        return _finding(
            "note" if severity == "high" else severity,
            f"The edit removes the {old.construct}{_on(old)} of lines {_range(before, old.span)}; what it guaranteed still holds without it.",
            "Did it protect something that this file does not show?",
            at,
            _before(old, before),
        )._replace(informs=True)
    found = _finding(
        severity,
        f"The edit removes the {old.construct}{_on(old)} of lines {_range(before, old.span)}.",
        "What did it protect, and what protects that now?",
        at,
        _before(old, before),
    )
    return found._replace(informs=severity == "note" and member is not None)


def _changed(old: Region, new: Region, before: Outline, after: Outline, verdict: Judgement) -> list[Finding]:
    found: list[Finding] = []

    def changed(severity: Severity, message: str, question: str) -> None:
        found.append(_finding(severity, message, question, scope_lines(after, new), _before(old, before)))

    def told(severity: Severity, message: str, question: str) -> None:
        changed(severity, message, question)
        found[-1] = found[-1]._replace(informs=True)

    name, language = f"{old.construct}{_on(old)}", load(after.language)
    if (old.construct, old.kind) != (new.construct, new.kind):
        ambient = any(language.is_ambient(s.name) for s in (old, new))
        same = old.kind == new.kind == "transaction" and _level(old) == _level(new)
        same = same and (not ambient or old.name == new.name)
        plain = is_any_object(old, before) and is_any_object(new, after)
        same = same or (plain and verdict.keeps and not verdict.gone and old.kind == new.kind == "lock")
        changed(
            "note" if same and old.mode == new.mode else "medium",
            f"The edit turns the {name} into a {new.construct}.",
            "Do both have the same default isolation, ownership and reentrancy?",
        )
    if old.kind == "lock" and lock_key(old) != lock_key(new) and not is_same_lock(old, new, before, after):
        changed(
            "note" if verdict.keeps and not is_another_of_its_kind(old, new, before, after) else "high",
            f"The edit locks `{new.resource}` where it locked `{old.resource}`.",
            "Do the other users of the same state also take the new lock?",
        )
    if old.mode != new.mode:
        changed(
            "note" if verdict.keeps and old.kind == "lock" else "medium" if new.mode == "exclusive" else "high",
            f"The edit changes the {name} from {old.mode or 'its default mode'} to {new.mode or 'its default mode'}.",
            "Does anything under it still write, or rely on excluding others?",
        )
    if _level(old) != _level(new):
        changed(
            "medium",
            f"The edit changes the isolation of the {name} from {_told(old.isolation)} to {_told(new.isolation)}.",
            "Does a write depend on what is read here, and what keeps that unchanged until then?",
        )
    if old.async_flow and new.async_flow is False:
        # What is awaited under it is async_flow's finding.
        changed("medium", f"The {name} no longer flows across await.", "Is anything awaited under it?")
    if old.completes_at and not new.completes_at:
        changed(
            "high",
            f"The {name} is no longer completed: its work is rolled back.",
            "Where is it completed now?",
        )
    if old.form == new.form == "acquire-release" and new.unreleased and not old.unreleased:
        changed(
            "high",
            f"The {name} is no longer released here.",
            "What releases it now, also after an exception?",
        )
    if pairing(before, after).stayed(old, new):
        return found
    out, into = moved_lines(old, new, before, after)
    names = {key.rpartition(".")[2]: state.name for key, state in renamed_state(before, after).items()}
    rewritten_out, rewritten_in = crossed(work(old, before, names), work(new, after), [*out, *into])
    if out or rewritten_out:
        state = _state(old, before)
        severity: Severity = (
            "high" if rewritten_out or any(does_anything(line, state, language) for line in out) else "low"
        )
        severity = "low" if verdict.keeps else severity
        (told if verdict.keeps else changed)(
            severity,
            f"The edit moves code out of the {name}: {_quoted(out, rewritten_out)}.",
            "Must this still happen together with what remains under it?",
        )
    if into or rewritten_in:
        state = _state(old, before)
        pure = (
            not verdict.entered and not rewritten_in and not any(does_anything(line, state, language) for line in into)
        )
        (told if pure else changed)(
            "low" if pure else "medium",
            f"The edit moves code into the {name}: {_quoted(into, rewritten_in)}.",
            "How long is it held now, and can this work wait for code that waits for it?",
        )
    return found


def _told(isolation: Isolation | None) -> str:
    return isolation.text if isolation is not None else "None"


def _level(scope: Region) -> Isolation | None:
    """The isolation that the source names; the default where it is left to the method that opens the scope."""
    isolation = scope.isolation
    if isolation is None:
        return None
    if isolation.is_open and isolation.given_by.rpartition(".")[2] == scope.construct:
        return Isolation(default=True)
    return isolation if isolation.is_open else isolation._replace(given_by="")


def _state(scope: Region, outline: Outline) -> tuple[str, ...]:
    return guarded_state(outline) if scope.kind == "lock" else ()


def _quoted(code: list[str], rewritten: list[str]) -> str:
    shown = [f"`{line if len(line) <= 60 else line[:59] + '…'}`" for line in code] + rewritten
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")


def _on(scope: Region) -> str:
    return f" on `{scope.resource}`" if scope.kind == "lock" and scope.resource else ""


def _range(outline: Outline, span: Span) -> str:
    first, last = outline.source.lines_of(span)
    return f"{first}-{last}"


def _finding(severity: Severity, message: str, question: str, at: Lines, *related: Lines) -> Finding:
    return Finding(ID, severity, "syntactic", message, question, at, related, informs=severity == "note")
