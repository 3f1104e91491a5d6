"""The result of an acquire that may fail is ignored.

What it flags
-------------
The result of ``TryEnter``, of ``Wait`` or ``WaitOne`` with a timeout, of ``LockTake`` or of a distributed lock's
``TryAcquire`` that nothing checks. Of an edit also: the result no longer decides whether the work is done, or nobody
waits for the task of ``WaitAsync`` or ``LockAsync`` any more; or ``TryWrite`` hands over what ``WriteAsync`` did, and
nobody looks whether there was room; or a bounded channel drops what its writers waited to hand over.

Why it matters here
-------------------
On a timeout the call returns ``false`` (or ``null``) and the code continues without the lock. The release in the
``finally`` then releases a lock that was never taken.

When it is fine
---------------
The wait is infinite (``Timeout.Infinite``), or the call throws when it fails. A semaphore that only wakes a waiter
guards nothing: it starts with no slot, or only others release it.

Example
-------
```csharp
class C {
    readonly SemaphoreSlim _slots = new(1, 1);
    async Task M() {
        await _slots.WaitAsync(TimeSpan.FromSeconds(5));
        try { Work(); }
        finally { _slots.Release(); }
    }
}
```

Instead
-------
```csharp
class C {
    readonly SemaphoreSlim _slots = new(1, 1);
    async Task M() {
        if (!await _slots.WaitAsync(TimeSpan.FromSeconds(5))) { return; }
        try { Work(); }
        finally { _slots.Release(); }
    }
}
```

Source
------
READMEs of DistributedLock and RedLock.net: <https://github.com/madelson/DistributedLock> and
<https://github.com/samcook/RedLock.net>. nopCommerce, ``ILocker``: <https://github.com/nopSolutions/nopCommerce>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctxreview.behaviour.affected import affected
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.effects import Effect, Hold
from ctxreview.behaviour.lock_usage import lock_key, masked_source
from ctxreview.behaviour.pairing import Pairing, pairing
from ctxreview.behaviour.places import lines, member_of, scope_lines
from ctxreview.behaviour.taking import Unanswered, Unread, unanswered, unread, untaken
from ctxreview.behaviour.weaker import Weakened, refused
from ctxreview.languages.behaviour import names_of
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.regex import regex
from ctxreview.rules.prefilter import LOCK

ID = "ignored-acquire"
SEVERITY = "high"
LANGUAGES = ("csharp",)
NEEDS = (LOCK,)

_TIME = regex(
    r"(?i)^(?:\w+:\s*)?(?:\d+$|.*\bTimeSpan\b|.*(?:timeout|timespan|delay|millis|seconds|minutes|duration|interval|wait)\w*)"
)
_TOKEN = regex(r"(?i)(?:token|\bct)$|^\w*cancell\w*$")
_ENDLESS = regex(r"-\s*1\b|\bInfinite\w*\b|\bMaxValue\b")


def check(outline: Outline) -> list[Finding]:
    """Each lock whose acquire may fail unseen."""
    found = []
    for scope in outline.regions:
        if scope.kind != "lock" or scope.certainty == "assumed":
            continue
        if scope.form == "acquire-release":
            call = outline.source.text(scope.opening)
            failed = _may_fail(call, outline) and _is_dropped(scope, outline) and not _is_signal(scope, outline)
            end = "answers false"
        else:
            failed = scope.form in ("block", "declaration") and _is_unseen(scope, outline)
            end = "returns a handle that holds nothing"
        if failed:
            found.append(
                Finding(
                    ID,
                    "high",
                    "syntactic",
                    f"When the lock on `{scope.resource}` is not taken, the call {end}, and nothing checks that.",
                    "What stops the code below from running without the lock?",
                    lines(outline, scope.opening, scope.construct),
                    (scope_lines(outline, scope),),
                    about=(scope.resource, scope.form),
                )
            )
    return found


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each lock that nobody waits for any more, and whose answer no longer decides whether the work under it is done."""
    told = {f.at.start_line for f in check(after)}
    found = []
    both, answers = comparison(before, after), names_of(after.language).pattern("answers_lock")
    for pair in affected(both):
        found += [_refused(one) for one in refused(both, pair)]
        found += [_untaken(one) for one in untaken(pair)]
        found += [_unread(after, one) for one in unread(pair, both.both.scope_after, answers)]
        found += [_unanswered(one) for one in unanswered(pair, _hold_may_fail) if one.acquire.at.start_line not in told]
    return [*dict.fromkeys(found), *_dropping(before, after)]


_BOUNDED = regex(rb"\bCreateBounded\b[^;(]*\(")
_OPTIONS = regex(rb"\bnew\s+BoundedChannelOptions\s*\(")
_MODE = regex(rb"\bBoundedChannelFullMode\s*\.\s*(Wait|Drop\w+)")
_TELLS = regex(rb"\bitemDropped\s*:|\bCreateBounded\b[^;(]*\((?:[^(),;{}]|\([^()]*\)|\{[^{}]*\})*,")
"""A call that is told what was dropped."""
_ONE = regex(rb"\bBoundedChannelOptions\s*\(\s*1\s*\)|\bcapacity\s*:\s*1\s*[,)]")
"""A channel that only keeps the latest, or whether there is anything."""
_WAITS = regex(rb"\.\s*(?:WriteAsync|WaitToWriteAsync)\s*\(")
_ASKS = regex(rb"\.\s*TryWrite\s*\(")
_TOLD = regex(r"(?i)log|metric|telemetr|tracing|diagnos")
"""What names of types say whose channel only tells people."""


def _dropping(before: Outline, after: Outline) -> Iterator[Finding]:
    """A bounded channel whose writers waited for room, and that drops what there is no room for since the edit."""
    if b"BoundedChannelFullMode" not in after.source.data or b"Bounded" not in before.source.data:
        return
    old, new = masked_source(before), masked_source(after)
    was, now = (list(_MODE.finditer(code)) for code in (old, new))
    waited, waits = (sum(h[1] == b"Wait" for h in found) for found in (was, now))
    drops = [h for h in now if h[1] != b"Wait"]
    made, makes = (max(len(_BOUNDED.findall(code)), len(_OPTIONS.findall(code))) for code in (old, new))
    if len(drops) <= len(was) - waited or (waits >= waited and makes > made):
        return
    if len(_TELLS.findall(new)) > len(_TELLS.findall(old)) or _ONE.search(new):
        return
    if _ASKS.search(new) and not _WAITS.search(new):
        return  # nobody waited
    both = pairing(before, after)
    hit = next((h for h in drops if _is_fresh(both, after, h)), None)
    at = Span(*hit.span()) if hit is not None else None
    if hit is None or at is None or any(_TOLD.search(t.name) for t in after.types_around(at)):
        return
    mode = hit[1].decode()
    yield Finding(
        ID,
        "medium",
        "syntactic",
        f"Who wrote to the bounded channel waited for room; with {mode} it loses something, and nobody is told.",
        "What becomes of what is lost when the queue is full?",
        lines(after, at, mode),
        about=("full mode", mode),
    )


def _is_fresh(both: Pairing, after: Outline, hit: re.Match[bytes]) -> bool:
    """Whether the edit changed the line."""
    line = after.source.line_of(hit.start())
    hunk = both.lines.hunk_after(line)
    return hunk.new_start <= line - 1 < hunk.new_end


def _refused(one: Weakened) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"{one.before.name} waited for room; {one.now.name} answers whether there was any, and nobody looks.",
        "What becomes of what is handed over when the queue is full?",
        one.now.at._replace(what=""),
        (one.before.at._replace(what=f"{one.before.name}, before the edit"),),
        about=(one.before.name, one.now.name),
    )


def _unread(after: Outline, one: Unread) -> Finding:
    name = one.region.construct
    return Finding(
        ID,
        "high",
        "resolved",
        f"`{name}` answers whether the lock was taken, and nobody looks at that any more.",
        "What stops the caller from going on without the lock?",
        one.query.at._replace(what=""),
        (lines(after, one.region.opening, name),),
        about=(name, one.query.name),
    )


def _untaken(acquire: Effect) -> Finding:
    name = acquire.party.rpartition(".")[2]
    return Finding(
        ID,
        "high",
        "resolved",
        f"The lock on `{name}` is asked for, and nobody waits until it is taken.",
        "What stops the code below from running beside who has the lock?",
        acquire.at._replace(what=""),
        about=(name, "wait"),
    )


def _unanswered(one: Unanswered) -> Finding:
    return Finding(
        ID,
        "high",
        "resolved",
        f"`{one.work.name}` is done whether or not the lock on `{one.hold.name}` was taken.",
        "What stops it from running beside who has the lock?",
        one.work.at._replace(what=""),
        (one.acquire.at._replace(what="may not be taken"),),
        about=(one.hold.name, one.work.name),
    )


def _hold_may_fail(hold: Hold) -> bool:
    """Whether a lock may not be taken where its acquire returns: it answers, or gives a handle that may be none."""
    call = hold.outline.source.text(hold.region.opening)
    if hold.region.form == "acquire-release":
        return _may_fail(call, hold.outline) or re.search(r"\.\s*TryEnter\w*\s*\(", call) is not None
    return re.search(r"\bTryAcquire\w*\s*\(|(?i:redlock)\w*\s*\.\s*CreateLock", call) is not None


def _may_fail(call: str, outline: Outline) -> bool:
    """Whether an acquire answers whether it succeeded."""
    hit = re.search(r"\.\s*(\w+)\s*\((.*)\)\s*$", call, re.DOTALL)
    if hit is None or _ENDLESS.search(hit[2]):
        return False
    given = [a.strip() for a in re.split(r",(?![^(]*\))", hit[2]) if a.strip()]
    if hit[1].startswith("TryEnter"):
        return not any(a.startswith(("ref ", "out ")) for a in given)
    if hit[1] in ("LockTake", "LockTakeAsync"):
        return True
    if hit[1] not in ("Wait", "WaitAsync", "WaitOne") or not given or _TOKEN.search(given[0]):
        return False
    # What takes two takes a time first.
    return len(given) > 1 or _TIME.match(given[0]) is not None or _is_time(given[0], outline)


def _is_time(name: str, outline: Outline) -> bool:
    """Whether the file declares a name as a time or a number."""
    written = re.escape(name.encode())
    return re.search(rb"\b(?:TimeSpan|int)\s+%s\b" % written, masked_source(outline)) is not None


def _is_dropped(scope: Region, outline: Outline) -> bool:
    """Whether the call is a statement of its own."""
    code = masked_source(outline)
    before = code[max(0, scope.opening.start - 200) : scope.opening.start].rstrip()
    after = code[scope.opening.end : scope.opening.end + 200].lstrip()
    before = re.sub(rb"(?:\b_\s*=\s*)?\bawait$", b"", before).rstrip()
    after = re.sub(rb"^\.\s*ConfigureAwait\s*\([^()]*\)\s*", b"", after)
    starts = before.endswith((b";", b"{", b"}")) or re.search(rb"\b(?:else|do)$", before) is not None
    return starts and after.startswith(b";")


def _is_signal(scope: Region, outline: Outline) -> bool:
    """Whether a semaphore wakes a waiter and guards nothing: made without a slot, or given by who did not wait for it."""
    if scope.construct not in ("SemaphoreSlim", "Semaphore"):
        return False
    name = re.escape(lock_key(scope).rpartition(".")[2].encode())
    data = outline.source.data
    if not scope.unreleased:
        given = [hit.start() for hit in re.finditer(rb"\b%s\s*\.\s*Release\s*\(" % name, data)]
        members = {m.span for at in given if (m := member_of(outline, Span(at, at))) is not None}
        return any(not re.search(rb"\b%s\s*\.\s*Wait" % name, data[m.start : m.end]) for m in members)
    made = re.search(rb"\b%s\s*=\s*new\b[^;()]*\(\s*(?:\w+\s*:\s*)?(\d+)" % name, data)
    if made is not None:
        return int(made[1]) == 0
    member = member_of(outline, scope.opening)
    return member is None or not re.search(rb"\b%s\s*\.\s*Release\b" % name, data[scope.opening.end : member.span.end])


def _is_unseen(scope: Region, outline: Outline) -> bool:
    """Whether a handle that may hold nothing is asked nowhere in its scope."""
    head = " ".join(outline.source.text(scope.opening).split())
    called = re.search(r"\b(TryAcquire\w*|CreateLock(?:Async)?)\s*\(", head)
    if called is None:
        return False
    variable = re.search(r"\b(\w+)\s*=[^=]", head)
    rest = outline.source.data[scope.opening.end : scope.span.end].decode("utf-8", "replace")
    if called[1].startswith("CreateLock"):
        # RedLock: the lock is made with its time; whether it was acquired is a property of it.
        return "redlock" in head.lower() and "IsAcquired" not in rest
    if rest.lstrip().startswith("??") or re.search(r"\?\?\s*throw\b", head):
        return False
    if variable is None:
        return True
    name = re.escape(variable[1])
    return (
        re.search(
            rf"\b{name}\s*(==|!=|is\b|\?\.|\?\?)|\b{name}\.(IsAcquired|HasValue|Acquired|Success)|[(,]\s*{name}\s*[,)]",
            rest,
        )
        is None
    )
