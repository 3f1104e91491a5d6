"""An await while a lock that belongs to the thread is held.

What it flags
-------------
``await`` between the acquire and the release of a ``Monitor``, ``Mutex``, ``ReaderWriterLockSlim``,
``ReaderWriterLock``, ``SpinLock`` or ``Lock``. Compared before and after an edit: ``ConfigureAwait(false)`` added to
such an await, or, in a window or control, to an await after which one of its members is set, or anywhere to one after
which a collection is changed that windows watch (``ObservableCollection``, ``BindingList``).

Why it matters here
-------------------
These locks belong to the thread that took them. Code after the await may run on another thread, where the release
throws (``SynchronizationLockException``, or ``ApplicationException`` for a mutex) and the lock stays taken. The
compiler rejects an await only inside a ``lock`` statement.

When it is fine
---------------
A synchronization context, such as that of a user interface, brings the code back to the same thread, and nothing says
``ConfigureAwait(false)``. A ``SemaphoreSlim`` does not belong to a thread.

Example
-------
```csharp
class C {
    async Task M() {
        Monitor.Enter(_gate);
        try { await Work(); }
        finally { Monitor.Exit(_gate); }
    }
}
```

Instead
-------
```csharp
class C {
    readonly SemaphoreSlim _slots = new(1, 1);
    async Task M() {
        await _slots.WaitAsync();
        try { await Work(); }
        finally { _slots.Release(); }
    }
}
```

Source
------
.NET API documentation, ``ReaderWriterLockSlim`` ("managed thread affinity"), ``Monitor.Exit`` and
``Mutex.ReleaseMutex``: <https://learn.microsoft.com/dotnet/api/system.threading.readerwriterlockslim>,
<https://learn.microsoft.com/dotnet/api/system.threading.monitor.exit>,
<https://learn.microsoft.com/dotnet/api/system.threading.mutex.releasemutex>. C# compiler error CS1996:
<https://learn.microsoft.com/dotnet/csharp/language-reference/compiler-messages/async-await-errors>. An issue of the
.NET analysers: <https://github.com/dotnet/roslyn-analyzers/issues/3419>.
"""

from __future__ import annotations

from collections import Counter

from ctxreview.behaviour.body import within
from ctxreview.behaviour.lock_usage import lock_key, locks
from ctxreview.behaviour.member_diff import changes
from ctxreview.behaviour.pairing import pairing
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.languages.behaviour import names_of
from ctxreview.languages.words import any_of
from ctxreview.model.facts import Fact
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.regex import regex
from ctxreview.rules.prefilter import LOCK

ID = "thread-affine-await"
SEVERITY = "high"
LANGUAGES = ("csharp",)
NEEDS = (LOCK,)

NAMED = "Enter and Exit"
"""Told by the names of its two calls, where the type is not known."""


def check(outline: Outline) -> list[Finding]:
    """Each lock that belongs to a thread and is held over an await; the first await is the place."""
    found = []
    for scope, awaits in _awaited(outline):
        # An acquire and release by name alone may be some other type's.
        named = scope.construct == NAMED
        severity: Severity = "note" if named else "high"
        found.append(
            Finding(
                ID,
                severity,
                "assumed" if named else "syntactic",
                f"The {scope.construct} on `{scope.resource}` is held across an await; only the thread that took it can release it.",
                "Which thread runs the code after the await?",
                lines(outline, awaits[0].span),
                (scope_lines(outline, scope),),
                about=(scope.construct, scope.resource),
            )
        )
    return found


def _awaited(outline: Outline) -> list[tuple[Region, list[Fact]]]:
    """The scopes that belong to a thread, with both their ends, and the awaits between them."""
    found = []
    declares = {name: m.declares for m in outline.members for name in m.names}
    bound = names_of(outline.language).of("thread_bound") | {NAMED}
    for scope in locks(outline):
        if scope.construct not in bound or scope.form != "acquire-release" or not scope.end_is_known:
            continue
        declared = simple_type_or_array(declares.get(lock_key(scope), ""))
        if scope.construct == NAMED and declared:
            continue  # a lock of another type, which may not belong to a thread
        awaits = [
            f
            for f in within(outline, scope.span)
            if f.kind == "await"
            and scope.opening.end <= f.span.start < scope.closing.start
            and outline.under(f.span, scope)
        ]
        if awaits:
            found.append((scope, awaits))
    return found


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each such await that an edit gives ``ConfigureAwait(false)``."""
    if b"ConfigureAwait" not in after.source.data:
        return []
    return [*_locked(before, after), *_shown(before, after)]


def _locked(before: Outline, after: Outline) -> list[Finding]:
    both = pairing(before, after)
    known = Counter(
        (both.key_before(s.opening), lock_key(s))
        for s, awaits in _awaited(before)
        for a in awaits
        if _leaves(a, before)
    )
    found = []
    for scope, awaits in _awaited(after):
        for one in awaits:
            key = both.key_after(scope.opening), lock_key(scope)
            if not _leaves(one, after):
                continue
            if known[key]:
                known[key] -= 1
                continue
            found.append(
                Finding(
                    ID,
                    "high",
                    "syntactic",
                    f"The edit adds ConfigureAwait(false) under the {scope.construct} on `{scope.resource}`: the code after it may run on another thread.",
                    "Which thread releases the lock?",
                    lines(after, one.span),
                    (scope_lines(after, scope),),
                )
            )
    return found


def _leaves(fact: Fact, outline: Outline) -> bool:
    return "ConfigureAwait(false)" in outline.source.text(fact.span)


_SHOWN = regex(
    r":[^{]*?\b(?:\w*(?:Window|Form|UserControl|Page|Activity|Fragment|Control|ViewController)|Dialog|DispatcherObject)\b"
)
_WATCHED = frozenset({"ObservableCollection", "BindingList", "BindingSource", "ObservableRangeCollection"})
_DISPATCHED = regex(r"\b(?:Invoke|InvokeAsync|BeginInvoke|TryEnqueue|Post|Send|RunAsync|SwitchToMainThreadAsync)\s*\(")
"""What brings work back to the thread of the windows."""
_SETS = regex(r"(?:\b[A-Z_]\w*|\bthis)\s*!?\.\s*[A-Z]\w*\s*(?:[-+]?=(?!=)|\.(?:Add|Clear|Remove)\w*\s*\()")


def _shown(before: Outline, after: Outline) -> list[Finding]:
    """Each await of a window or control that an edit lets go on elsewhere, before something of it is set, or a collection that windows watch is changed."""
    found = []
    watched = frozenset(n for m in after.members if simple_type_or_array(m.declares) in _WATCHED for n in m.names)
    changed = regex(rf"\b{any_of(watched)}\s*\.\s*(?:Add|Clear|Remove|Insert|Move)\w*\s*\(") if watched else None
    for change in changes(before, after):
        body = change.after
        type_ = body.outline.type_of(body.member.span)
        head = type_ is not None and after.source.text(type_.opening).partition("{")[0]
        old = sum(f.kind == "await" and _leaves(f, before) for f in change.before.facts)
        new = [f for f in body.facts if f.kind == "await" and _leaves(f, after)]
        if not head or len(new) <= old:
            continue
        rest = body.plain(Span(new[-1].span.end, body.member.span.end))
        sets = _SETS.search(rest) if _SHOWN.search(head) else None
        sets = sets or (changed.search(rest) if changed is not None else None)
        if sets is not None and not _DISPATCHED.search(rest[: sets.start()]):
            found.append(
                Finding(
                    ID,
                    "medium",
                    "assumed",
                    f"The edit adds ConfigureAwait(false), and `{' '.join(sets[0].split())}` of {'a window or control' if _SHOWN.search(head) else 'what windows watch'} follows, possibly on another thread.",
                    "Which thread may use it?",
                    lines(after, new[-1].span),
                )
            )
    return found
