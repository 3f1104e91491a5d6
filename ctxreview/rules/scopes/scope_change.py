"""An edit changes a transaction or lock: gone, smaller, larger, or another one.

What it flags
-------------
Compared before and after an edit: a scope that vanished or is new; statements that moved out of it or into it; another
lock object, isolation level or mode; the async flow or the commit taken away. Helpers of the file are looked into.

Why it matters here
-------------------
What stood together under one scope was atomic together. A statement that leaves it may see or leave a state that
nobody was meant to see.

When it is fine
---------------
The edit keeps every scope with the same work inside. A rename or a new layout of the same statements is not a change.
Pure work and log lines may leave a scope: they are told, not held against the edit. Nor is what keeps all that the scope
kept: a copy that is walked later, one look at a volatile reference, one atomic step for each use, another lock for every use.

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

from ctxreview.behaviour.body import body_of, within
from ctxreview.behaviour.boundary import crossed, guarded_state, mention, without_comments, work
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.effects import Effect
from ctxreview.behaviour.endings import holds_one_step
from ctxreview.behaviour.exclusion import (
    Judgement,
    Loss,
    is_held_already,
    is_sent_as_before,
    judged,
    lost_with_helpers,
)
from ctxreview.behaviour.lock_usage import is_reached, lock_key
from ctxreview.behaviour.moved_lines import moved_lines, sides
from ctxreview.behaviour.pairing import Match, pairing
from ctxreview.behaviour.places import lines, member_of, scope_lines
from ctxreview.behaviour.renames import renamed_state
from ctxreview.languages import Language, load
from ctxreview.languages.behaviour import behaviour_of, names_of
from ctxreview.languages.words import any_of
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
        if new is None and _is_dead(old, before) and _is_gone(old, before, after):
            continue
        verdict = judged(both, old)
        if new is None:
            changes = [_joined(old, matches, before, after) or _removed(old, before, after, verdict)]
        else:
            changes = _changed(old, new, before, after, verdict)
        if new is not None and verdict.losses and all(f.informs for f in changes):
            changes.append(_lost(old, new, verdict.losses[0], before))
        elif new is not None and all(f.informs for f in changes):
            changes += _came_in(old, verdict, before)
        found += [_weakened(f) for f in changes] if old.certainty == "assumed" else changes
    found += [_lost(hold.region, None, loss, hold.outline) for hold, loss in lost_with_helpers(both)]
    found += [
        _finding(
            "note" if _is_one_step(s, after) else "medium",
            f"The edit adds a {s.construct}{_on(s)}.",
            "What does it have to exclude or keep together, and does it nest with the scopes around it?",
            scope_lines(after, s),
        )
        for s in added
        if s not in parts and not is_sent_as_before(both, s, after=True) and not is_held_already(both, s)
    ]
    return found


def _came_in(old: Region, verdict: Judgement, before: Outline) -> list[Finding]:
    """What may wait or call back that a helper brought under a lock or transaction."""
    # A call out in a transaction's own function is external_call's finding.
    kinds = ("io", "foreign", "call", "query", "save", "spawn")
    told = old.kind == "transaction"
    outside = [e for _, e in verdict.entered if e.kind in kinds and not (told and e.kind == "io" and not e.path)]
    if not verdict.complete or not outside:
        return [_waits(old, e, before) for e in verdict.waits[:1]]
    return [
        _finding(
            "medium",
            f"{_named(now)} happens under the {old.construct}{_on(old)} now.",
            "How long is it held now, and can this wait for something that waits for it?",
            now.at,
            _before(old, before),
        )
        for now in outside[:1]
    ]


def _waits(old: Region, waited: Effect, before: Outline) -> Finding:
    """Something that is awaited under a lock and was not."""
    return _finding(
        "medium",
        f"{_named(waited)} is awaited under the {old.construct}{_on(old)} now.",
        "How long is it held now, and can this wait for something that waits for it?",
        waited.at,
        _before(old, before),
    )


def _torn(whole: Region, parts: list[Region], verdict: Judgement, before: Outline) -> list[Finding]:
    """What was one step under a lock that has several parts now."""
    return [_lost(whole, parts[0], loss, before) for loss in verdict.losses if loss.what != "under"][:1]


def _between(whole: Region, parts: list[Region], before: Outline, after: Outline) -> list[Finding]:
    """The state that a lock held and that stands between or beside its parts now."""
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
                f"The edit moves out of the parts of the {whole.construct}{_on(whole)}: {_quoted(lost, [])}.",
                "Does this still have to happen together with what stays under it?",
                scope_lines(after, parts[0]),
                _before(whole, before),
            )
        ]
        if lost
        else []
    )


def _is_one_step(scope: Region, outline: Outline) -> bool:
    """Whether a new transaction stands in no other one and holds one call."""
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
                "Was it let go in between on purpose, so that others could come in?",
                scope_lines(after, new),
                _before(old, before),
            )
    return None


def _lost(old: Region, new: Region | None, loss: Loss, before: Outline) -> Finding:
    """What a lock or transaction no longer keeps, where no line of it tells."""
    name, it, now = f"{old.construct}{_on(old)}", _named(loss.before), loss.after.at
    if any(h.region == old for h in (*loss.after.lapsed, *loss.before.holds)) and loss.after.lapsed:
        message = f"{it} happens in a task that the {name} does not wait for."
        question = "What happens when the lock or transaction ends before the task?"
    elif loss.what == "together" and loss.other is not None:
        message = f"{it} and {_named(loss.other)[0].lower()}{_named(loss.other)[1:]} were one step under the {name}, and are two now."
        question = "What if another thread comes in between?"
    elif loss.what == "apart" and loss.other is not None:
        message = f"{it} is not kept apart from {_named(loss.other)[0].lower()}{_named(loss.other)[1:]} any more, as it was by the {name}."
        question = "What does the one see while the other happens?"
    else:
        message = f"{it} no longer happens under the {name}."
        question = "Does this still have to happen together with what stays under it?"
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
    severity = _removal(old, before, after, gone=member is None)
    named_level = old.isolation is not None and bool(old.isolation.level) and not old.isolation.default
    if verdict.keeps and member is not None and not named_level:  # a level that is named is lost with the transaction
        return _informing(
            "note" if severity == "high" else severity,
            f"The edit removes the {old.construct}{_on(old)} of lines {_range(before, old.span)}; what it kept is kept without it.",
            "Was it there for something that the file does not show?",
            at,
            _before(old, before),
        )
    found = _finding(
        severity,
        f"The edit removes the {old.construct}{_on(old)} of lines {_range(before, old.span)}.",
        "What did it protect, and what protects that now?",
        at,
        _before(old, before),
    )
    return found._replace(informs=severity == "note" and member is not None)


def _removal(old: Region, before: Outline, after: Outline, *, gone: bool) -> Severity:
    """How much removing a scope changes; ``gone`` says that its member was removed with it."""
    if _reads_once(old, before) or _sends_once(old, before) or (gone and _left(old, before, after)):
        return "note"
    if old.kind == "lock" and (_reads_one(old, before) or _reads_once_now(old, before, after)):
        return "medium"
    return "high"


def _reads_once(scope: Region, outline: Outline) -> bool:
    """Whether a transaction held one read, of data or by SQL that selects, and nothing that may write."""
    body = body_of(outline, scope.opening) if scope.kind == "transaction" else None
    if body is None:
        return False
    inside = [f for f in within(outline, scope.span) if not f.is_state]
    selects = re.findall(r"(?i)[\"`]\s*(select|with)\b", body.text(scope.span))
    reads = [f for f in inside if f.kind == "read"]
    writes = [f for f in inside if f.kind in ("save", "write", "tracking", "sql-hint", "io", "spawn")]
    calls = [c for c in body.calls if scope.span.contains(c.span)]
    return max(len(selects), len(reads)) == 1 and not writes and not any(_MAY_WRITE.search(c.name) for c in calls)


def _sends_once(scope: Region, outline: Outline) -> bool:
    """Whether a transaction held nothing but one statement that EF Core sends: it is a transaction by itself."""
    about = names_of(outline.language)
    body = body_of(outline, scope.opening) if scope.kind == "transaction" else None
    sent = [f for f in within(outline, scope.span) if f.kind == "save"] if body is not None else []
    if body is None or len(sent) != 1 or not about.has("one_statement", sent[0].name):
        return False
    rest = [c for c in body.calls if scope.span.contains(c.span) and not scope.opening.contains(c.span)]
    own = next((c for c in rest if c.span.start <= sent[0].span.end and c.name == sent[0].name), None)
    return own is not None and all(own.chain.contains(c.span) or about.has("ends", c.name) for c in rest)


_MAY_WRITE = re.compile(
    r"(?i)save|insert|update|delete|remove|upsert|merge|write|store|create|set|lock|claim|add|execute(?!query|reader|scalar)"
)


def _left(old: Region, before: Outline, after: Outline) -> bool:
    """Whether all that the scope held is gone with it: its member was deleted, and its lines stand nowhere else."""
    if pairing(before, after).fresh:
        return False  # it may be what the member became
    there = {" ".join(line.split()) for line in after.source.data.decode("utf-8", "replace").splitlines()}
    own = {before.source.line_of(c.start) for c in old.completes_at}
    ends = {" ".join(before.source.line(n).split()) for n in own}
    return not any(line in there for line in sides(old, before).inside if line not in ends)


def _is_gone(scope: Region, before: Outline, after: Outline) -> bool:
    return pairing(before, after).became(scope.opening) is None


def _is_dead(scope: Region, outline: Outline) -> bool:
    """Whether a scope's member is private and its name stands nowhere else in the file."""
    member = member_of(outline, scope.opening)
    if member is None or member.kind not in ("method", "local function"):
        return False
    parts = load(outline.language).words.parts
    words = outline.source.text(Span(member.span.start, member.opening.end)).partition(f" {member.name}")[0]
    if is_reached(member, outline) or parts.search(words.encode()) or f".{member.name}" in words:
        return False
    around = outline.type_of(member.span)
    if around is None or around.kind == "interface" or parts.search(outline.source.data, *around.opening):
        return False
    return (
        len(re.findall(rf"\b{re.escape(member.name)}\b", without_comments(outline, Span(0, len(outline.source.data)))))
        == 1
    )


def _reads_once_now(lock: Region, before: Outline, after: Outline) -> bool:
    """Whether a lock held nothing but reads of one field and calls that only tell, and the member reads it once now."""
    body = body_of(before, lock.opening)
    used = [f for f in body.facts if lock.span.contains(f.span) and f.is_state] if body is not None else []
    state = {f.name for f in used if not f.is_readonly}
    if body is None or len(state) != 1 or any(f.kind == "write" for f in used):
        return False
    calls = [c for c in body.calls if lock.span.contains(c.span) and not lock.opening.contains(c.span)]
    tells = names_of(before.language).pattern("told_on")
    if any(not tells.search(c.on) for c in calls):
        return False
    now = pairing(before, after).became(lock.opening)
    return now is not None and sum(f.kind == "read" and f.name in state for f in now.facts) == 1


def _reads_one(lock: Region, outline: Outline) -> bool:
    """Whether nothing but one field is read under a lock: one read is atomic by itself, and may still be late."""
    facts = [f for f in within(outline, lock.span) if not lock.opening.contains(f.span) and f.kind != "exit"]
    one = [f for f in facts if f.kind == "read" and f.is_state]
    rest = outline.source.text(Span(lock.opening.end, lock.span.end))
    return len(one) == len(facts) == 1 and "(" not in rest and not re.search(r"\w\s*\.\s*\w", rest.replace("this.", ""))


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
        changed(
            "note" if same and old.mode == new.mode else "medium",
            f"The edit turns the {name} into a {new.construct}.",
            "Do both have the same default isolation, ownership and reentrancy?",
        )
    if old.kind == "lock" and lock_key(old) != lock_key(new) and not _renamed(old, new, before, after):
        changed(
            "note" if verdict.keeps else "high",
            f"The edit locks `{new.resource}` where `{old.resource}` was locked.",
            "Do the other users of the same state take the new lock too?",
        )
    if old.mode != new.mode:
        changed(
            "note" if verdict.keeps and old.kind == "lock" else "medium" if new.mode == "exclusive" else "high",
            f"The edit changes the {name} from {old.mode or 'its default mode'} to {new.mode or 'its default mode'}.",
            "Does anything under it still write, or rely on others being kept out?",
        )
    if _level(old) != _level(new):
        changed(
            "medium",
            f"The edit changes the isolation of the {name} from {_told(old.isolation)} to {_told(new.isolation)}.",
            "Does anything read here decide what is written, and what keeps it unchanged until then?",
        )
    if old.async_flow and new.async_flow is False:
        # What is awaited under it is async_flow's finding.
        changed("medium", f"The {name} no longer flows over await.", "Is anything awaited under it?")
    if old.completes_at and not new.completes_at:
        changed(
            "high",
            f"The {name} is no longer completed: what is done under it is rolled back.",
            "Where is it completed now?",
        )
    if old.form == new.form == "acquire-release" and new.unreleased and not old.unreleased:
        changed(
            "high",
            f"The {name} is no longer released here.",
            "Who releases it now, also after an exception?",
        )
    out, into = moved_lines(old, new, before, after)
    names = {key.rpartition(".")[2]: state.name for key, state in renamed_state(before, after).items()}
    rewritten_out, rewritten_in = crossed(work(old, before, names), work(new, after), [*out, *into])
    if out or rewritten_out:
        state = _state(old, before)
        severity: Severity = "high" if rewritten_out or any(_does(line, state, language) for line in out) else "low"
        severity = "low" if verdict.keeps else severity
        (told if verdict.keeps else changed)(
            severity,
            f"The edit moves out of the {name}: {_quoted(out, rewritten_out)}.",
            "Does this still have to happen together with what stays under it?",
        )
    if into or rewritten_in:
        state = _state(old, before)
        pure = verdict.complete and not verdict.entered and not rewritten_in
        pure = pure and not any(_does(line, state, language) for line in into)
        (told if pure else changed)(
            "low" if pure else "medium",
            f"The edit moves into the {name}: {_quoted(into, rewritten_in)}.",
            "How long is it held now, and can this wait for something that waits for it?",
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


def _renamed(old: Region, new: Region, before: Outline, after: Outline) -> bool:
    """Whether both locks are on the same object under another name: a field's, or that of a variable with the same value."""
    if any(
        k.rpartition(".")[2] == lock_key(old) and s.name == lock_key(new)
        for k, s in renamed_state(before, after).items()
    ):
        return True
    first, second = _value(old, before), _value(new, after)
    return first is not None and first == second


def _value(scope: Region, outline: Outline) -> tuple[str, str] | None:
    """What the local variable that is locked was given, or through whose members the lock is reached, and these members."""
    member = member_of(outline, scope.opening)
    root, _, rest = lock_key(scope).partition(".")
    if member is None or not root.isidentifier():
        return None
    code = outline.source.text(Span(member.span.start, scope.opening.start))
    name = rf"\b[\w.<>?]+\s+{re.escape(root)}\s*"
    found = re.findall(rf"{name}(=)(?!=)\s*([^;]+);|{name}(in)\b\s*([^;{{]+?)\s*\)\s*(?:\{{|\n|$)", code)
    return (" ".join("".join(found[-1]).split()), rest) if found else None


def _does(line: str, state: tuple[str, ...], language: Language) -> bool:
    """Whether a moved line does anything that another thread or session could see: a call, a write, a use of state."""
    words = language.words
    if behaviour_of(language).pattern("logs").match(line):
        return False
    code = re.sub(r'"(\\.|[^"\\])*"', '""', line)
    code = re.sub(r"\bnew\b\s*[\w.<>, ?]*", "", code)
    if words.awaiting.intersection(re.findall(r"\w+", code)):
        return True
    code = re.sub(rf"\b{any_of(words.uncalled)}\s*(?=\()", "", code)
    calls_or_writes = r"[\w>]\s*\(|[.\])]\s*\w*\s*([-+*/|&^%]|\?\?)?=[^=>]|\.\w+\s*(\+\+|--)"
    return bool(re.search(calls_or_writes, code)) or any(re.search(mention(n), code) for n in state)


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


def _informing(severity: Severity, message: str, question: str, at: Lines, *related: Lines) -> Finding:
    """A change by which nothing is lost."""
    return _finding(severity, message, question, at, *related)._replace(informs=True)


def _finding(severity: Severity, message: str, question: str, at: Lines, *related: Lines) -> Finding:
    return Finding(ID, severity, "syntactic", message, question, at, related, informs=severity == "note")
