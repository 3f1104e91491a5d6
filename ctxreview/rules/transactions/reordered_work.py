"""An edit swaps two steps under one transaction or lock.

What it flags
-------------
Compared before and after an edit: under a scope that remains, a write that moves behind the save that sent it, and
two steps that swap although one may see the effect of the other: a read and a write of the same state, a query and a
save, two saves, an external call and a save, an exit and a write or save. Also a flag that is set before the data it
announces, when the flag is read without the lock. A signal that is given before the
data, or an object that is published before it is prepared. Without a scope, a message that is acknowledged before it
is handled, a message that goes out before the commit which it tells of, and what is disposed of before a task that uses
it has been waited for, and a question that is sent before the entry of who waits for the answer is made.

Why it matters here
-------------------
The scope keeps others out, and they find what the order inside it leaves. A write after the last save is not sent; a
query before a save does not see what it writes; a message sent before a failing save is not taken back.

When it is fine
---------------
Neither step depends on the other: they concern different rows, or nobody looks between the two.

Example
-------
```csharp
class C {
    void M(Order order) {
        using var tx = _db.Database.BeginTransaction();
        _db.SaveChanges();
        order.State = 1;
        tx.Commit();
    }
}
```

Instead
-------
```csharp
class C {
    void M(Order order) {
        using var tx = _db.Database.BeginTransaction();
        order.State = 1;
        _db.SaveChanges();
        tx.Commit();
    }
}
```

Source
------
EF Core documentation, "Tracking vs. No-Tracking Queries", for what ``SaveChanges`` sends:
<https://learn.microsoft.com/ef/core/querying/tracking>. No document or analyser was checked for the order of two steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from ctxreview.behaviour.affected import affected
from ctxreview.behaviour.body import Body, root_of, source_of, squeezed, within
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.handshake import Unexpected, unexpected
from ctxreview.behaviour.member_diff import Change, changes
from ctxreview.behaviour.ordering import (
    Deprived,
    Foretold,
    Hasty,
    Postponed,
    deprived,
    foretold,
    hasty,
    loops_of,
    postponed,
    woken,
)
from ctxreview.behaviour.paths import exclude_each_other
from ctxreview.behaviour.publication import early, unfinished
from ctxreview.behaviour.readied import shown
from ctxreview.languages import load
from ctxreview.languages.behaviour import names_of
from ctxreview.model.facts import Fact
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding

ID = "reordered-work"
SEVERITY = "medium"


class _Step(NamedTuple):
    """What one fact does: its kind (``state`` for a write or read of the type's own), and what it concerns."""

    kind: str
    what: str


def compare(before: Outline, after: Outline) -> list[Finding]:
    """The first two steps that change places, for each scope; of nested scopes the outer one tells."""
    found = []
    for change in changes(before, after):
        told: list[Region] = []
        for old, new in change.scopes:
            if new is None or any(t.span.contains(new.span) for t in told):
                continue
            finding = _turned(change, old, new)
            if finding is not None:
                told.append(new)
                found.append(finding)
    found += [*_early(before, after), *_woken(before, after), *_unprepared(before, after)]
    for pair in affected(comparison(before, after)):
        loops = loops_of(before, pair.before), loops_of(after, pair.after)
        found += [_postponed(one) for one in postponed(pair, loops)]
        found += [_hasty(one) for one in hasty(pair, names_of(after.language))]
        found += [_unexpected(one) for one in unexpected(comparison(before, after), pair, names_of(after.language))]
        found += [_foretold(one) for one in foretold(pair, names_of(after.language))]
        found += [_deprived(one) for one in deprived(pair, after, names_of(after.language))]
    return found


def _hasty(one: Hasty) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"{one.sign.name} now says that the message was handled before {one.work.name} has done so.",
        "Does anybody get it again when that fails, or the process ends in between?",
        one.sign.at._replace(what=""),
        (one.work.at._replace(what=one.work.name),),
        about=(one.sign.name, one.work.name),
    )


def _unexpected(one: Unexpected) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"{one.sent.name} now comes before the entry by which its answer is found: one that comes at once finds nobody who waits.",
        "What becomes of an answer that is there before the entry is?",
        one.sent.at._replace(what=""),
        (one.entry.at._replace(what="the entry"), one.taker.at._replace(what="takes it")),
        about=(one.sent.name, one.entry.name),
    )


def _foretold(one: Foretold) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"{one.call.name} now tells others of what {one.kept.name} keeps only afterwards.",
        "What have they been told when that fails, and what do they find when they look at once?",
        one.call.at._replace(what=""),
        (one.kept.at._replace(what=one.kept.name),),
        about=(one.call.name, one.kept.name),
    )


def _deprived(one: Deprived) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"`{one.name}` is disposed of before `{one.wait.key.rpartition('.')[2]}`, which uses it, has been waited for.",
        "What becomes of the work that it has still to do?",
        one.end.at._replace(what=""),
        (one.wait.at._replace(what="waited for here"),),
        about=(one.name, one.wait.key),
    )


def _postponed(one: Postponed) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"Each turn of the loop did {one.mark.name} after {one.call.name}; now that comes when all turns are over.",
        "What is done again when one of them fails, or the process ends in between?",
        one.mark.at._replace(what=""),
        (one.call.at._replace(what="done in each turn"),),
        about=(one.call.name, one.mark.name),
    )


def _woken(before: Outline, after: Outline) -> Iterator[Finding]:
    """Each signal that is given too early."""
    calls_off = names_of(after.language).of("calls_off")
    for pair in affected(comparison(before, after)):
        for one in woken(pair, calls_off):
            name, data = one.signal.key.rpartition(".")[0].rpartition(".")[2], one.data.place
            what = data.of.rpartition(".")[2] if data is not None else one.data.name
            yield Finding(
                ID,
                "high",
                "resolved",
                f"`{name}` is now signalled before `{what}` is written: who waited for it may find nothing there.",
                "Does the woken thread look at it immediately?",
                one.signal.at._replace(what=""),
                (one.data.at,),
                about=(name, what),
            )


def _early(before: Outline, after: Outline) -> Iterator[Finding]:
    """Each flag that is set too early."""
    told = set[tuple[str, str]]()
    for one in early(comparison(before, after)):
        flag, data = (e.place.of.rpartition(".")[2] for e in (one.flag, one.data) if e.place is not None)
        if (one.flag.key, one.data.key) in told:
            continue
        told.add((one.flag.key, one.data.key))
        yield Finding(
            ID,
            "high",
            "syntactic",
            f"`{flag}` is now written before `{data}`, and is read without the lock: a thread that sees it may find `{data}` unfinished.",
            "Does the flag announce that the rest is done?",
            one.flag.at,
            (one.data.at, one.look.at._replace(what=f"reads {flag}")),
            about=(flag, data),
        )


def _unprepared(before: Outline, after: Outline) -> Iterator[Finding]:
    """Each object that others can see before it is ready."""
    for one in unfinished(comparison(before, after)):
        name = one.state.name
        yield Finding(
            ID,
            "high",
            "resolved",
            f"`{name}` is now written before {one.step.name}, and is read without the lock: a reader may get what is not ready.",
            "Does a reader rely on what follows?",
            one.state.at,
            (one.step.at._replace(what=f"{one.step.name} follows"), one.look.at._replace(what=f"reads {name}")),
            about=(name, one.step.name),
        )
    for late in shown(comparison(before, after)):
        name = late.state.name
        what = "what is put into it" if late.step == "[]" else late.step
        yield Finding(
            ID,
            "high",
            "resolved",
            f"`{name}` is now written before {what}, and is read without the lock: a reader may get what is not ready.",
            "Does a reader rely on what follows?",
            late.state.at,
            (late.at._replace(what=f"{what} follows"), late.look.at._replace(what=f"reads {name}")),
            about=(name, late.step),
        )


def _turned(change: Change, old: Region, new: Region) -> Finding | None:
    was, now = _steps(change.before, old), _steps(change.after, new)
    both = [s for s in was if s in now]
    for first, second in combinations(both, 2):
        apart = was[first].span.end <= was[second].span.start and now[second].span.end <= now[first].span.start
        sent = first.kind == "save" and second.kind == "write" and not _saved_later(was, second)
        if not apart or not _matters(first, second) or sent:
            continue
        if _never_both(change.before.outline, was[first], was[second]):
            continue
        if _never_both(change.after.outline, now[first], now[second]):
            continue
        unsent = first.kind == "write" and second.kind == "save" and not _saved_later(now, first)
        return Finding(
            ID,
            "high" if unsent else "medium",
            "syntactic",
            f"{_said(second)} came after {_said(first)} under the {new.construct}, and now comes before it"
            + (": nothing sends the write." if unsent else "."),
            "Does either of the two depend on the effect of the other?",
            change.at(now[first].span, _said(first)),
            (change.at(now[second].span, _said(second)), change.was(was[first].span, _said(first))),
        )
    return None


def _never_both(outline: Outline, one: Fact, other: Fact) -> bool:
    """Whether no run had both: an exit that was in the other way of the branch."""
    return "exit" in (one.kind, other.kind) and exclude_each_other(outline, one.span, other.span)


def _steps(body: Body, scope: Region) -> dict[_Step, Fact]:
    """What happens under the scope, in source order, each thing that happens once."""
    held = within(body.outline, scope.span)
    facts = [(step, f) for f in held if (step := _step(body, f)) is not None and body.outline.under(f.span, scope)]
    count = Counter(step for step, _ in facts)
    return {step: fact for step, fact in facts if count[step] == 1}


def _step(body: Body, fact: Fact) -> _Step | None:
    base = load(body.outline.language).words.untwinned(fact.name)
    if fact.is_state:
        return _Step(f"state {fact.kind}", fact.name) if not fact.is_readonly else None
    match fact.kind:
        case "write" if fact.target:
            return _Step("write", f"{root_of(fact.target)}.{fact.name}")
        case "read" if fact.target:
            return _Step("read", source_of(fact.target))
        case "save":
            return _Step("save", f"{root_of(fact.target)}.{base}" if fact.target else base)
        case "io" if not fact.calls:
            return _Step("io", f"{fact.target}.{base}")
        case "exit" if fact.name in ("return", "throw"):
            return _Step("exit", squeezed(body.plain(fact.span)))
        case _:
            return None


_PAIRS = frozenset(
    frozenset(pair)
    for pair in (
        ("write", "save"), ("read", "save"), ("io", "save"), ("exit", "save"), ("exit", "write"), ("exit", "state write"),
        ("exit", "io"),
    )
)  # fmt: skip


def _matters(a: _Step, b: _Step) -> bool:
    """Whether one of the two may see what the other one does."""
    if a.kind.startswith("state") and b.kind.startswith("state"):
        return a.what == b.what
    return frozenset((a.kind, b.kind)) in _PAIRS or a.kind == b.kind == "save"


def _saved_later(steps: dict[_Step, Fact], write: _Step) -> bool:
    return any(s.kind == "save" and f.span > steps[write].span for s, f in steps.items())


def _said(step: _Step) -> str:
    words = {
        "state write": "the write of",
        "state read": "the read of",
        "write": "the write of",
        "read": "the query of",
    }
    words |= {"save": "the save", "io": "the external call", "exit": "the exit"}
    return f"{words[step.kind]} `{step.what[:50]}`"
