"""A method that takes a non-reentrant lock is called while that lock is held.

What it flags
-------------
Under a ``SemaphoreSlim``, ``SpinLock``, ``AsyncLock`` or another asynchronous lock, a call of a method of the same
type that waits for the same lock. Compared before and after an edit also what takes it through a property or several
helpers, and a ``ReaderWriterLockSlim`` that a thread has already, which throws unless it was made to allow that.

Why it matters here
-------------------
The thread that holds a ``lock`` may take it again; these locks are not reentrant. With one slot the call waits for
its own caller, forever. Code that was written for ``lock`` does not show it.

When it is fine
---------------
The semaphore has several slots, the inner wait has a timeout, or the lock is released before the call.

Example
-------
```csharp
class C {
    readonly SemaphoreSlim _slots = new(1, 1);
    async Task Add(int x) {
        await _slots.WaitAsync();
        try { await Save(); }
        finally { _slots.Release(); }
    }
    async Task Save() {
        await _slots.WaitAsync();
        try { Write(); }
        finally { _slots.Release(); }
    }
}
```

Instead
-------
```csharp
class C {
    readonly SemaphoreSlim _slots = new(1, 1);
    async Task Add(int x) {
        await _slots.WaitAsync();
        try { SaveHeld(); }
        finally { _slots.Release(); }
    }
    async Task Save() {
        await _slots.WaitAsync();
        try { SaveHeld(); }
        finally { _slots.Release(); }
    }
    void SaveHeld() { Write(); }
}
```

Source
------
Neither of these knows who holds it: Nito.AsyncEx, ``AsyncLock``,
<https://github.com/StephenCleary/AsyncEx/blob/master/doc/AsyncLock.md>; .NET API documentation, ``SemaphoreSlim``,
<https://learn.microsoft.com/dotnet/api/system.threading.semaphoreslim>.
"""

from __future__ import annotations

import re

from ctxreview.behaviour.affected import affected
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.lock_usage import is_under, lock_key, locks, masked_source, methods, own_calls
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.behaviour.taking import Reentered, reentered
from ctxreview.model.declarations import Nesting
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.regex import regex
from ctxreview.rules.prefilter import LOCK

ID = "lock-reentry"
SEVERITY = "high"
LANGUAGES = ("csharp",)
NEEDS = (LOCK,)

ONCE_A_THREAD = frozenset({"ReaderWriterLockSlim"})
"""Locks that refuse a thread which has them already, unless they were made otherwise."""
NOT_AGAIN = frozenset({"SemaphoreSlim", "Semaphore", "AsyncLock", "AsyncSemaphore", "AsyncReaderWriterLock"})


def check(outline: Outline) -> list[Finding]:
    """Each lock held while a method that takes it is called, or while it is taken again in place."""
    held = [s for s in locks(outline) if _only_once(s, outline)]
    owners = {s.owner for s in held}
    if len(owners) < 2:
        return []
    code, by_name, nesting = masked_source(outline), methods(outline), Nesting(outline.functions)
    taken: dict[tuple[Span, str], list[Region]] = {}
    for scope in held:
        taken.setdefault((scope.owner, lock_key(scope)), []).append(scope)
    found = []
    for scope in held:
        if not scope.end_is_known:
            continue
        for name, at in own_calls(outline, scope.span):
            called = by_name.get((scope.container, name), [])
            if len(called) != 1 or called[0].span == scope.owner or not is_under(at, scope):
                continue
            around = nesting.innermost(at)
            again = taken.get((called[0].span, lock_key(scope)), ())
            inner = next((s for s in again if not _gives_up(s, outline)), None)
            if inner is None or around is None or around.span != scope.owner:
                continue
            if "Async" in outline.source.text(inner.opening) and not _waits(code, at, scope):
                continue
            if {scope.mode, inner.mode} == {"shared"} or _SAYS_HELD.match(code, at.end):
                continue
            severity: Severity = "high" if scope.mode else "medium"  # else how many it lets in is not seen
            found.append(
                Finding(
                    ID,
                    severity,
                    "resolved",
                    f"{name} is called under the {scope.construct} on `{scope.resource}` and waits for it again, but it is not reentrant.",
                    "Is it released before the call, or does the call wait for its own caller?",
                    lines(outline, at, name),
                    (scope_lines(outline, scope), scope_lines(outline, inner)),
                    about=(name, scope.construct, scope.resource),
                )
            )
    return found


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each lock that an edit takes where it is held already, also by a property or through several helpers."""
    told = {f.about[-1] for f in check(after)}
    found: list[Finding] = []
    for pair in affected(comparison(before, after)):
        for one in reentered(pair):
            if (
                one.hold.name in told
                or one.hold.region.certainty == "assumed"
                or _gives_up(one.inner.region, one.inner.outline)
            ):
                continue
            if not _throws_or_waits(one, after):
                continue
            by = f"{one.acquire.path[0].partition('.')[0]} is used" if one.acquire.path else "It is taken again"
            found.append(
                Finding(
                    ID,
                    "high" if one.hold.mode else "medium",
                    "resolved",
                    f"{by} under the {one.hold.construct} on `{one.hold.name}` and takes it again, but it is not reentrant.",
                    "Is it released before, or does the code wait for itself?",
                    one.acquire.at._replace(what=""),
                    (scope_lines(one.hold.outline, one.hold.region), scope_lines(one.inner.outline, one.inner.region)),
                    about=(one.acquire.name, one.hold.construct, one.hold.name),
                )
            )
            break
    return found


def _throws_or_waits(one: Reentered, outline: Outline) -> bool:
    """Whether a second acquire in one function waits for itself, or is refused."""
    if one.hold.construct in NOT_AGAIN:
        return one.hold.mode != "shared" or one.inner.mode != "shared"
    if one.hold.construct not in ONCE_A_THREAD or _RECURSIVE.search(outline.source.data):
        return False
    return one.hold.mode != "upgradeable"


_RECURSIVE = regex(rb"\bSupportsRecursion\b")
"""What says that a thread may take its locks several times."""
_SAYS_HELD = regex(rb"\s*\(?[^;{}]*?\b(?i:\w*(?:held|locked|taken))\s*:\s*true\b")
"""Arguments that tell the called method that its caller has the lock."""


def _waits(code: bytes, at: Span, scope: Region) -> bool:
    """Whether a call that gives a task is awaited where it is, or its result asked for: a kept task waits for nobody."""
    before = re.split(rb"[;{}]", code[scope.opening.start : at.start])[-1]
    after = code[at.end : code.find(b";", at.end)]
    return (
        re.search(rb"\bawait\b", before) is not None
        or re.search(rb"\.\s*(?:Wait|Result|GetAwaiter)\b", after) is not None
    )


def _only_once(scope: Region, outline: Outline) -> bool:
    if scope.construct in NOT_AGAIN:
        return scope.form in ("block", "declaration", "acquire-release") and scope.certainty == "syntactic"
    return False


def _gives_up(scope: Region, outline: Outline) -> bool:
    """Whether it waits for a time only: any argument but a token, or a name that says so."""
    call = outline.source.text(scope.opening)
    given = re.search(r"\bWait(?:Async|One)?\s*\((.*)\)", call, re.DOTALL)
    return "Try" in call or bool(
        given and re.sub(r"(?i)[\w.]*(?:cancel\w*|token|\bct)\b", "", given[1]).strip(" ,()\n")
    )
