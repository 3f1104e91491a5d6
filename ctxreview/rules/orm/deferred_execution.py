"""Work that starts under a transaction or lock and runs after it ends, or a scope that stays open for its consumer.

What it flags
-------------
``yield return`` under a transaction or lock; a method without ``async`` that returns the task of a call made inside
one; an edit that removes ``ToList`` or its kin from a query that is returned from inside one, or from inside the
block that disposes its context, or that leaves a task unawaited when its lock is released or its context disposed, or when something else that it uses is
disposed or given back. Also a task that was awaited and that nothing awaits any more.

Why it matters here
-------------------
An iterator holds the transaction or lock for as long as its consumer takes. A task that is returned without await
continues after the block has committed, rolled back or released. A query that is returned unexecuted runs when it is
enumerated, outside the transaction or on a disposed context.

When it is fine
---------------
The lock is meant to cover the whole enumeration, or the returned value is unrelated to the scope.

Example
-------
```csharp
class C {
    Task M(int id) {
        using (var tx = _db.Database.BeginTransaction()) {
            _db.Add(new Row(id));
            return _db.SaveChangesAsync();
        }
    }
}
```

Instead
-------
```csharp
class C {
    async Task M(int id) {
        using (var tx = _db.Database.BeginTransaction()) {
            _db.Add(new Row(id));
            await _db.SaveChangesAsync();
            tx.Commit();
        }
    }
}
```

Source
------
C# compiler warning CS9237 (``yield return`` in a lock):
<https://learn.microsoft.com/dotnet/csharp/language-reference/compiler-messages/lock-semantics>. For tasks AsyncFixer's
FAQ, ParallelHelper PH_B011, Meziantou MA0100 and ErrorProne.NET EPC26: <https://github.com/semihokur/AsyncFixer>,
<https://github.com/Concurrency-Lab/ParallelHelper/blob/master/doc/analyzers/PH_B011.md>,
<https://github.com/meziantou/Meziantou.Analyzer/blob/main/docs/Rules/MA0100.md>,
<https://github.com/SergeyTeplyakov/ErrorProne.NET/blob/master/docs/Rules/EPC26.md>; AsyncFixer01 is advice that leads
here. That an unread query runs after its context is disposed is background knowledge (LINQ's deferred execution).
"""

from __future__ import annotations

import re

from ctxreview.behaviour.affected import affected, not_told
from ctxreview.behaviour.body import Body, CallText, body_of, source_of, within
from ctxreview.behaviour.comparison import Pair, comparison
from ctxreview.behaviour.effects import Effect
from ctxreview.behaviour.elided import Elided, elided
from ctxreview.behaviour.lifetime import (
    Disposed,
    GivenBack,
    Outlived,
    Unread,
    disposed,
    given_back,
    outlived,
    unread,
    unwaited,
)
from ctxreview.behaviour.lock_usage import is_reached, masked_source, own_uses
from ctxreview.behaviour.member_diff import Change, changes
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.behaviour.version import version
from ctxreview.languages.behaviour import names_of
from ctxreview.model.facts import Fact
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.regex import regex
from ctxreview.rules.prefilter import LOCK, TRANSACTION

ID = "deferred-execution"
SEVERITY = "high"
LANGUAGES = ("csharp",)
NEEDS = (LOCK, TRANSACTION)

THREADS = ("lock", "Lock", "Monitor", "Mutex", "ReaderWriterLockSlim", "ReaderWriterLock", "SpinLock")
"""Locks that belong to a thread: they are never held over an await, and a task is begun under one on purpose."""

MATERIALISERS = ("ToList", "ToArray", "ToDictionary", "ToHashSet", "ToLookup")
_TASK = regex(r"\b(?:Value)?Task\b")
_RETURNED = regex(
    r"return\s+(?!await\b)[^;]*?\b(\w+Async|Task\s*\.\s*(?:Run|WhenAll|Factory\.StartNew))\s*(?:<[^<>()]*>)?\s*\([^;]*\)"
    r"(?:\.ConfigureAwait\(\w+\))?\s*;$",
    re.S,
)
_OWN = regex(r"return\s+(?:this\s*\.\s*)?(\w+)\s*\([^;]*\)\s*;$", re.S)
_OBSERVED = regex(rb"\.\s*CreateObservable\w+\s*(?:<[^;()]*>)?\s*\([^;]*$")
"""Before a function that instruments ask for all that it gives, whenever they are read."""
_FINISHED = regex(rb"\bFromResult\b|\bTask\.CompletedTask\b|\bnew ValueTask\b")


def check(outline: Outline) -> list[Finding]:
    """Each value that is yielded and each task that is returned from inside a scope."""
    found = []
    for scope in outline.regions:
        if scope.form not in ("block", "declaration", "acquire-release") or scope.mode == "retried":
            continue
        exits = [f for f in within(outline, scope.span) if f.kind == "exit" and f.name in ("yield", "return")]
        exits = [f for f in exits if outline.under(f.span, scope)]
        body = body_of(outline, scope.opening) if exits else None
        if body is None:
            continue
        yields = [f for f in exits if _is_yield(outline.source.text(f.span), scope)]
        if yields and not _is_walked_at_once(body, scope):
            found.append(_held(outline, scope, yields[0]))
        if scope.name not in THREADS:
            found += [_unawaited(outline, scope, f, name) for f in exits if (name := _task(body, scope, f))]
    return found


def _is_yield(code: str, scope: Region) -> bool:
    """Whether an exit gives the consumer something else than what holds the scope, which is the consumer's to end."""
    yielded = re.match(r"yield\s+return\s*(.*?)\s*;?$", code, re.DOTALL)
    return yielded is not None and (not scope.resource or yielded[1] != scope.resource)


def _is_walked_at_once(body: Body, scope: Region) -> bool:
    """Whether an iterator is the type's own and only handed to what walks it to its end, before it goes on."""
    outline, member = body.outline, body.member
    if scope.owner != member.span or member.kind != "method" or is_reached(member, outline):
        return False
    code = masked_source(outline)
    mentions = [at for at in own_uses(member.name, code) if not member.opening.contains(at)]
    return bool(mentions) and all(_OBSERVED.search(code, max(0, at.start - 200), at.start) for at in mentions)


def _held(outline: Outline, scope: Region, value: Fact) -> Finding:
    return Finding(
        ID,
        "medium",
        "syntactic",
        f"The {scope.construct} is held while the consumer of this iterator runs.",
        "Who enumerates it, for how long, and is it disposed when the enumeration stops early?",
        lines(outline, value.span),
        (scope_lines(outline, scope),),
        about=(scope.construct,),
    )


def _task(body: Body, scope: Region, exit_: Fact) -> str:
    """The call whose task a method without ``async`` returns, past what the scope's end does."""
    owner = next((f for f in body.outline.functions if f.span == scope.owner), None)
    if owner is None or owner.kind in ("lambda", "constructor"):
        return ""
    head = body.outline.source.text(Span(owner.span.start, owner.opening.end or owner.span.start))
    text = body.plain(exit_.span)
    returned = _RETURNED.match(text) or _own(body, text)
    if returned is None or re.search(r"\basync\b", head) or not _TASK.search(head):
        return ""
    if (
        scope.form == "acquire-release"
        and exit_.span.start < scope.closing.start
        and "finally" not in body.plain(scope.span)
    ):
        return ""
    return "" if _is_done_at_once(body.outline, returned[1]) else returned[1]


def _is_done_at_once(outline: Outline, name: str) -> bool:
    """Whether the file's own method of that name gives tasks that are finished already."""
    data = outline.source.data
    own = [data[f.span.start : f.span.end] for f in outline.functions if f.kind == "method" and f.name == name]
    return bool(own) and not any(b"async " in code or not _FINISHED.search(code) for code in own)


def _own(body: Body, text: str) -> re.Match[str] | None:
    """The call of a method of the file that gives a task."""
    called = _OWN.match(text)
    if called is None:
        return None
    declared = [f for f in body.outline.functions if f.kind == "method" and f.name == called[1]]
    heads = (body.outline.source.text(Span(f.span.start, f.opening.end)).partition("(")[0] for f in declared)
    return called if any(_TASK.search(head) for head in heads) else None


def _unawaited(outline: Outline, scope: Region, exit_: Fact, name: str) -> Finding:
    severity: Severity = "high" if scope.kind == "transaction" else "medium"
    return Finding(
        ID,
        severity,
        "syntactic",
        f"The task of {name} is returned and not awaited: it may still run when the {scope.construct} ends.",
        "Does its work have to finish before the scope ends?",
        lines(outline, exit_.span),
        (scope_lines(outline, scope),),
        about=(name, scope.construct),
    )


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each query that is no longer read inside the scope that it is returned from."""
    found = []
    for change in changes(before, after):
        for call in change.gone(*MATERIALISERS):
            exit_ = _returned(change, call)
            if exit_ is not None and not _has_run(change, call):
                found += _unread(change, call, exit_)
    for pair in affected(comparison(before, after)):
        ends = elided((before, pair.before.function), (after, pair.after.function))
        found += [_outlasting(after, one) for one in ends if not _is_done_at_once(after, one.call.callee)]
    left: list[tuple[Pair, Effect]] = []
    told = (*found, *(f for f in check(after) if f.severity == SEVERITY))
    for pair in not_told(affected(comparison(before, after)), after, told):
        found += [_outlived(one) for one in outlived(pair)]
        found += [_escaped(after, one) for one in unread(pair)]
        found += [_disposed(one) for one in disposed(pair)]
        found += [_given_back(one) for one in given_back(pair, names_of(after.language))]
        left += [
            (pair, one)
            for one in unwaited(pair)
            if not _is_gone(before, after, one) and not _is_for_callers(before, after, pair, one)
        ]
    first = {one.key: (p, one) for p, one in sorted(left, key=lambda each: -len(each[1].path))}
    return [*found, *(_left(after, pair, one) for pair, one in first.values())]


def _given_back(one: GivenBack) -> Finding:
    return Finding(
        ID,
        "high",
        "resolved" if one.certain else "syntactic",
        f"{one.back.name} gives back what {'the task that is awaited behind it' if one.use.kind == 'await' else one.use.name} uses: another one may have it by then.",
        "Must everything that uses it have ended before it is given back?",
        one.back.at._replace(what=""),
        (one.use.at._replace(what="used until here"),),
        about=(one.back.name, one.use.name),
    )


def _has_run(change: Change, call: CallText) -> bool:
    """Whether what a call read had been read by a call on the way to it."""
    on = (f for f in change.before.facts if f.kind == "read" and not f.is_state and f.span.start == call.start)
    return any(f.span.end < call.span.end and not _STREAMS.search(f.name) for f in on)


def _is_gone(before: Outline, after: Outline, task: Effect) -> bool:
    """Whether the state that kept a task is there no more: what took its place is waited for under another name."""
    home, _, name = task.key.removeprefix(f"{task.kind} ").rpartition(".")
    return version(before).state(home, name) is not None and version(after).state(home, name) is None


def _is_for_callers(before: Outline, after: Outline, pair: Pair, task: Effect) -> bool:
    """Whether every caller of a function waits for the task itself."""
    callers = comparison(before, after).callers(after, pair.after.function)
    return bool(callers) and all(any(e.key == task.key for e in p.after.of("await")) for p in callers or ())


def _left(after: Outline, pair: Pair, task: Effect) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"{pair.after.function.name} no longer waits for `{task.key.rpartition('.')[2]}`.",
        "What does it still use, and what is lost if it has not finished?",
        lines(after, pair.after.function.span),
        (task.at._replace(what="waited for before the edit"),),
    )


def _outlived(one: Outlived) -> Finding:
    what = one.after.name or one.after.kind
    if one.hold is None:
        return Finding(
            ID,
            "medium",
            "resolved",
            f"{what} is no longer awaited: the code after it does not know whether it finished or failed.",
            "Does the code after it rely on it, or does it use something that is disposed by then?",
            one.after.at._replace(what=""),
        )
    return Finding(
        ID,
        "high" if one.certain else "medium",
        "resolved",
        f"{what} is no longer awaited before the {one.hold.construct} ends: it may continue without it.",
        "Does its work have to finish before the scope ends?",
        one.after.at._replace(what=""),
        (scope_lines(one.hold.outline, one.hold.region),),
    )


def _outlasting(after: Outline, one: Elided) -> Finding:
    return Finding(
        ID,
        "high",
        "resolved",
        f"The task of {one.call.callee} is returned and no longer awaited: `{one.name}`, which it uses, ends before it.",
        "Does its work have to finish before that?",
        lines(after, one.call.span),
        (lines(after, one.end, f"ends `{one.name}`"),),
        about=(one.call.callee, one.name),
    )


def _disposed(one: Disposed) -> Finding:
    if one.unfinished:
        message = f"{one.query.name} is not awaited before what it enumerates is disposed."
    else:
        message = f"The query that {one.query.name} runs uses an object that is disposed before it."
    return Finding(
        ID,
        "high" if one.certain else "medium",
        "resolved",
        message,
        "Does it have to run before that?",
        one.query.at._replace(what=""),
        (one.disposal.at._replace(what="disposed here"),),
    )


def _escaped(after: Outline, one: Unread) -> Finding:
    return Finding(
        ID,
        "high" if one.certain else "medium",
        "resolved",
        f"The query that {one.query.name} ran is returned unexecuted: it runs when it is enumerated, after {_end(one)}.",
        "Does the caller enumerate it before that, and should it see what others have committed by then?",
        lines(after, one.returned.span),
        (one.query.at._replace(what=f"{one.query.name}, before the edit"),),
    )


def _end(one: Unread) -> str:
    return f"the {one.holds[-1].construct} has ended" if one.holds else "its context is disposed"


def _returned(change: Change, call: CallText) -> Fact | None:
    """Where the edit returns the query that ``call`` read."""
    source = source_of(call.on)
    for fact in change.after.facts:
        if fact.kind != "exit" or fact.name not in ("return", "yield"):
            continue
        text = change.after.text(fact.span)
        whole = change.after.text(change.after.member.span)
        names = [source, *re.findall(r"\b(\w+)\s*=\s*" + re.escape(source), whole)]
        for name in names:
            if re.match(rf"(?:yield\s+)?return\s+(?:this\.)?{re.escape(name)}\b(?!\s*\()", text) and not re.search(
                r"\.(?:To[A-Z]\w*|First|Single|Last|Count|Any|All|Sum|Min|Max|Average|Find)\w*\s*(?:<[^<>]*>)?\(", text
            ):
                return fact
    return None


_STREAMS = regex(r"Unbuffered|Reader")
"""In the names of calls that read their rows only while somebody walks them."""
_CONTEXT = r"\busing\b[^;{{}}]*\b{}\s*=[^;]*?(?:CreateDbContext|new\s+\w*Context\b|new\s+\w*Connection\b|OpenSession)"


def _unread(change: Change, call: CallText, exit_: Fact) -> list[Finding]:
    held = change.after.under(exit_.span)
    name = source_of(call.on).partition(".")[0]
    disposed = re.search(_CONTEXT.format(re.escape(name)), change.after.plain(change.after.member.span))
    if not held and disposed is None:
        return []
    until = f"`{name}` is disposed" if disposed else f"the {held[0].construct} has ended"
    return [
        Finding(
            ID,
            "high",
            "syntactic",
            f"The query that {call.name} ran is returned unexecuted: it runs when it is enumerated, after {until}.",
            "Does the caller enumerate it before that, and should it see what others have committed by then?",
            change.at(exit_.span),
            (change.was(call.span, call.name),),
        )
    ]
