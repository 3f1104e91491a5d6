"""State is written under a read lock, or the write lock of the same object is taken under it.

What it flags
-------------
A write of the type's state, or a call that modifies one of its collections, under a read lock. A write lock taken
while the same function holds the read lock.

Why it matters here
-------------------
A read lock admits other readers at the same time: two of them may write at once. ``ReaderWriterLockSlim`` throws
``LockRecursionException`` when a thread that holds the read lock asks for the write lock, with either recursion
policy; an asynchronous lock waits for itself.

When it is fine
---------------
The write is atomic (``Interlocked``, ``Volatile``), the field is volatile, or the collection is thread-safe. To read
first and then write, use the upgradeable lock.

Example
-------
```csharp
class C {
    readonly ReaderWriterLockSlim _rw = new();
    readonly Dictionary<int, string> _names = new();
    string Get(int id) {
        _rw.EnterReadLock();
        try {
            if (!_names.ContainsKey(id)) { _names[id] = Load(id); }
            return _names[id];
        }
        finally { _rw.ExitReadLock(); }
    }
}
```

Instead
-------
```csharp
class C {
    readonly ReaderWriterLockSlim _rw = new();
    readonly Dictionary<int, string> _names = new();
    string Get(int id) {
        _rw.EnterWriteLock();
        try {
            if (!_names.ContainsKey(id)) { _names[id] = Load(id); }
            return _names[id];
        }
        finally { _rw.ExitWriteLock(); }
    }
}
```

Source
------
.NET API documentation, ``ReaderWriterLockSlim`` (recursion):
<https://learn.microsoft.com/dotnet/api/system.threading.readerwriterlockslim>. Sonar S7131 for mixed modes:
<https://rules.sonarsource.com/csharp/RSPEC-7131/>. That a write under the read lock is a race is background knowledge.
"""

from __future__ import annotations

from collections.abc import Iterator

from ctxreview.behaviour.lock_usage import declared, is_under, lock_key, locked_uses, locks
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.rules.prefilter import LOCK

ID = "reader-lock"
SEVERITY = "medium"
LANGUAGES = ("csharp",)
NEEDS = (LOCK,)

_WAITS = {
    "ReaderWriterLockSlim": "which throws LockRecursionException",
    "ReaderWriterLock": "which waits for the thread's own read lock",
    "AsyncReaderWriterLock": "which waits for its own read lock",
}


def check(outline: Outline) -> list[Finding]:
    """Each read lock under which state is written or the same object is locked again."""
    held = locks(outline)
    shared = [s for s in held if s.mode == "shared" and s.construct in _WAITS]
    found = list(_written(outline, held, shared)) if shared else []
    for scope in shared:
        for inner in held:
            # Taken again after it was let go is another thing: the read lock's span ends with its last release.
            if inner.owner != scope.owner or lock_key(inner) != lock_key(scope) or inner.mode == "shared":
                continue
            # An upgradeable lock is beside readers; only the slim one forbids the same thread to take both.
            if inner.mode == "upgradeable" and scope.construct != "ReaderWriterLockSlim":
                continue
            if _is_held_stronger(scope, held, outline) or b"UpgradeToWriterLock" in _head(inner, outline):
                continue  # the read lock is exchanged, and given up meanwhile
            if (
                inner.span.start > scope.span.start
                and scope.span.contains(inner.opening)
                and not _let_go(scope, inner, outline)
            ):
                found.append(
                    Finding(
                        ID,
                        "high",
                        "syntactic",
                        f"Under the read lock on `{scope.resource}`, its {inner.mode or 'write'} lock is taken, {_WAITS[scope.construct]}.",
                        "Is the read lock released first, and is the state read again?",
                        lines(outline, inner.opening, inner.construct),
                        (scope_lines(outline, scope),),
                        about=(scope.resource, inner.mode, scope.construct),
                    )
                )
    return found


def _head(scope: Region, outline: Outline) -> bytes:
    return outline.source.data[scope.opening.start : scope.opening.end]


def _is_held_stronger(scope: Region, held: list[Region], outline: Outline) -> bool:
    """Whether the write or upgradeable lock is held around the read lock, or said to be: it may be taken again there."""
    if b"WriteLockHeld" in outline.source.data[scope.owner.start : scope.opening.start]:
        return True
    return any(
        s.mode != "shared" and s.owner == scope.owner and lock_key(s) == lock_key(scope) and is_under(scope.opening, s)
        for s in held
    )


def _let_go(scope: Region, inner: Region, outline: Outline) -> bool:
    """Whether a release, or the exit of a branch, is between the two."""
    between = outline.source.data[scope.opening.end : inner.opening.start]
    return b"ExitReadLock" in between or b"ReleaseReaderLock" in between or b".Dispose" in between


def _written(outline: Outline, held: list[Region], shared: list[Region]) -> Iterator[Finding]:
    own = declared(outline)
    told = set()
    for use in locked_uses(outline, held):
        fact = use.fact
        if fact.kind != "write" or fact.is_volatile or use.member.kind == "constructor":
            continue
        under = [s for s in held if s.owner == use.function.span and is_under(fact.span, s)]
        if not under or any(s not in shared for s in under):
            continue
        member = own.get(use.state)
        if member is not None and simple_type_or_array(member.declares).startswith(
            ("Concurrent", "ConditionalWeak", "Blocking")
        ):
            continue
        key = under[0].span, fact.name
        if key not in told:
            told.add(key)
            yield Finding(
                ID,
                "medium",
                "syntactic",
                f"`{fact.name}` is written under a read lock on `{under[0].resource}`, which other threads may hold at the same time.",
                "What keeps two readers from writing it at the same time?",
                lines(outline, fact.span),
                (scope_lines(outline, under[0]),),
                about=(fact.name, under[0].resource),
            )
