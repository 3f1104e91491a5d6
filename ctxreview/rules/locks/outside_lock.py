"""State used under a lock nearly everywhere, and without it in one place.

What it flags
-------------
A field or property that is written under one lock and mostly used under it, and is used in another member under no
lock. A property with a locked setter and an unlocked getter is reported as unlocked-getter. Also a read of a plain
collection before or after the lock, in a member that takes it: a plain collection cannot be read while another thread
changes it.

Why it matters here
-------------------
A lock excludes only code that takes it. The one use without it may see a half-changed value, or change the value
while another thread does so under the lock.

When it is fine
---------------
The member runs before the object is shared (a constructor), all its callers hold the lock, or a stale value of one
reference or number does no harm, which is told as a note. A collection that is only ever replaced, and never changed in
place, can be read at any time (an edit that changes it in place is told). A comment says that what is read is immutable, or that the member is for debugging.
Its type, or that of the object it is given, is made for several threads; a helper is given it together with its lock.

Example
-------
```csharp
class C {
    readonly object _gate = new();
    int _free;
    void Take() { lock (_gate) { if (_free > 0) { _free--; } } }
    void Give() { lock (_gate) { _free++; } }
    void Reset() { _free = 0; }
}
```

Instead
-------
```csharp
class C {
    readonly object _gate = new();
    int _free;
    void Take() { lock (_gate) { if (_free > 0) { _free--; } } }
    void Give() { lock (_gate) { _free++; } }
    void Reset() { lock (_gate) { _free = 0; } }
}
```

Source
------
PVS-Studio V3223: <https://pvs-studio.com/en/docs/warnings/v3223/>. ParallelHelper PH_B003, PH_B009 and PH_B010:
<https://github.com/Concurrency-Lab/ParallelHelper/blob/master/doc/analyzers/PH_B003.md>,
<https://github.com/Concurrency-Lab/ParallelHelper/blob/master/doc/analyzers/PH_B009.md>,
<https://github.com/Concurrency-Lab/ParallelHelper/blob/master/doc/analyzers/PH_B010.md>. CodeQL
``cs/unsynchronized-static-access``:
<https://codeql.github.com/codeql-query-help/csharp/cs-unsynchronized-static-access/>.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.in_place import InPlace, in_place
from ctxreview.behaviour.lock_usage import (
    Use,
    declared,
    end_of_arguments,
    is_collection,
    is_said,
    is_said_to_be_held,
    lock_key,
    locked_uses,
    locks,
    masked_source,
    own_calls,
)
from ctxreview.behaviour.places import lines
from ctxreview.languages.behaviour import names_of
from ctxreview.model.declarations import Function, Member
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.regex import regex
from ctxreview.rules.locks.own_guard import is_given_with_the_lock, is_safe
from ctxreview.rules.locks.single_read import IS_NULL, SIZE, is_part, is_single
from ctxreview.rules.prefilter import LOCK, LOCKS

ID = "outside-lock"
SEVERITY = "medium"
LANGUAGES = ("csharp",)
NEEDS = (LOCK,)
BEYOND = LOCKS

_BEFORE_OR_AFTER = frozenset({"constructor", "finalizer"})
_QUIET = regex(r"(?i)^(Dispose|ToString|GetHashCode|Debug|Start|Init|Setup|Open|OnActivate|OnDeserializ)")
_ATOMIC = regex(rb"\b(?:Interlocked|Volatile)\s*\.\s*\w+(?:<[^()]*>)?\s*\(\s*(?:ref|in)\s+([\w.\x80-\xff]+)")
_OWN_NAME = regex(rb"(?<![\w.\x80-\xff])(?:this\.)?([A-Za-z_\x80-\xff][\w\x80-\xff]*)")
_MANY_READERS = frozenset(("Hashtable",))
"""Collections that may be read while one thread changes them: only who changes them needs the lock."""
_MEANT = regex(
    rb"(?i)\bimmutable\b|\bdebug(?:ger|ging)?\b|\bracy?\b|\bbenign\b|\bstale\b|\bsnapshot\b|\batomic(?:ally)?\b"
)
"""What a comment says of a use that needs no lock."""
_SAME = regex(rb"\s*[!?]?\s*\.\s*(?:IsReadOnly|IsFixedSize|IsSynchronized|SyncRoot|Comparer|KeyComparer)\b")
"""What a collection answers the same at any time."""
_IF = regex(rb"\bif\s*\(")
_BRANCH = regex(rb"\s*(?:\{[^{}]*\}|[^;{}]*;)")
"""A branch without blocks of its own."""
_ELSE_ASKED = regex(rb"\s*\?\?\s*(?:this\s*\.\s*)?(\w+)\s*\(")


def check(outline: Outline) -> list[Finding]:
    """Each field with its first use outside the lock that the others take."""
    return _found(outline, mostly=True)


def almost(outline: Outline) -> list[Finding]:
    """The same where half of the uses take the lock: an edit by which more do so did not take the others out of it."""
    return _found(outline, mostly=False)


def _found(outline: Outline, *, mostly: bool) -> list[Finding]:
    held = [s for s in locks(outline) if s.form in ("block", "declaration", "acquire-release")]
    if not held:
        return []
    own = declared(outline)
    by_state: defaultdict[tuple[str, str], list[Use]] = defaultdict(list)
    for use in locked_uses(outline, held):
        if use.state in own and use.member.kind not in _BEFORE_OR_AFTER and not is_safe(own[use.state], use, outline):
            by_state[use.state].append(use)
    found: list[Finding] = []
    exempt: set[Span] | None = None
    atomic = _atomic(outline)
    for state, uses in by_state.items():
        if state[1] in atomic:
            continue
        safe = simple_type_or_array(own[state].declares) in _MANY_READERS
        every = [u for u in uses if u.gates or u.fact.kind == "write"] if safe else uses
        found += _beside(state[1], every, own[state], held, outline)
        guard = _guard(every, mostly=mostly)
        if not guard or not any(not u.gates for u in every):
            continue
        if exempt is None:
            exempt = _exempt(outline, held)
        found += _outside(state[1], guard, every, exempt, own[state], outline, mostly=mostly)
    return found


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each look at how much a collection has that the edit takes out of the lock: under it, the number was the one of that moment.

    And each collection that was replaced as a whole, and is changed in place now while others walk it.
    """
    changed = [_changed(one) for one in in_place(comparison(before, after))]
    looks = [f for f in check(after) if f.severity == "note" and f.about[1:2] == ("look",)] if locks(before) else []
    known = {f.about for f in check(before)} if looks else set()
    return [*changed, *(f._replace(severity="low") for f in looks if f.about not in known)]


def _changed(one: InPlace) -> Finding:
    return Finding(
        ID,
        "high",
        "resolved",
        f"`{one.state.name}` was replaced as a whole, and {one.write.name if one.write.name.isidentifier() else 'an assignment'} changes it in place now: a look that nothing keeps out may meet it half changed.",
        "What keeps the two apart?",
        one.write.at._replace(what=""),
        (one.look.at._replace(what="looks at what it holds"),),
        about=(one.state.name, "in place"),
    )


def _guard(every: list[Use], *, mostly: bool) -> str:
    """The lock under which it is written, and used in most places, or in half of them."""
    counts: defaultdict[str, int] = defaultdict(int)
    for use in every:
        for taken in use.gates:
            counts[taken] += 1
    most = max(counts, key=lambda g: counts[g], default="")
    writes = [u for u in every if u.fact.kind == "write" and not u.deferred]
    under = sum(most in u.gates for u in writes)
    if not most or not under or (mostly and under * 2 <= len(writes)):
        return ""
    if not mostly:
        return most if counts[most] * 2 >= len(every) else ""
    places = {u.member.span for u in every if most in u.gates}
    return most if counts[most] * 3 >= len(every) * 2 and len(places) > 1 else ""


def _atomic(outline: Outline) -> frozenset[str]:
    """What ``Interlocked`` or ``Volatile`` use anywhere: its uses without a lock are on purpose."""
    used = b" ".join(_ATOMIC.findall(outline.source.data)).decode("utf-8", "replace")
    return frozenset(re.findall(r"\w+", used))


def _exempt(outline: Outline, held: list[Region]) -> set[Span]:
    """Functions that may run under the lock of who calls them, or say something about locks themselves."""
    code = masked_source(outline)
    called = {name for scope in held for name, _ in own_calls(outline, scope.span)}
    by_name: defaultdict[str, list[Function]] = defaultdict(list)
    for function in outline.functions:
        by_name[function.name].append(function)
    waiting, found = list(called), set()
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for function in by_name.get(name, ()):
            found.add(function.span)
            waiting += [n for n, _ in own_calls(outline, function.span)]
    read = _read_under(held, code)
    for function in outline.outermost:
        # A property that is read under the lock, as a method that is called there.
        is_read = function.kind in ("accessor", "property") and function.name.partition(".")[0] in read
        is_quiet = _QUIET.search(function.name.rpartition(".")[0] or function.name)
        if is_read or is_quiet or is_said_to_be_held(function, outline):
            found.add(function.span)
    return found


def _read_under(held: list[Region], code: bytes) -> set[str]:
    """The names that are under a lock, those of other objects' members aside."""
    found, done = set[bytes](), 0
    for start, end in sorted((s.opening.end, s.span.end) for s in held):
        found |= set(_OWN_NAME.findall(code, max(start, done), max(end, done)))
        done = max(end, done)
    return {name.decode("utf-8", "replace") for name in found}


def _outside(
    name: str, gate: str, every: list[Use], exempt: set[Span], member: Member, outline: Outline, *, mostly: bool
) -> Iterator[Finding]:
    under = [u for u in every if gate in u.gates]
    inside = {u.member.span for u in under}
    # A member that takes the lock too looks first and locks then, or has copied: told elsewhere, if at all.
    open_ = [
        u
        for u in every
        if not u.gates and not u.deferred and u.member.span not in inside and u.member.span not in exempt
    ]
    open_ = [u for u in open_ if u.fact.span.start > u.member.opening.start and not _is_same_property(u, under)]
    open_ = [u for u in open_ if not is_said(u.member, outline, _MEANT)]
    rechecking = {u.member.name for u in under}
    code = masked_source(outline)
    open_ = [u for u in open_ if not (u.fact.is_readonly and IS_NULL.match(code, u.fact.span.end))]
    open_ = [u for u in open_ if not _SAME.match(code, u.fact.span.end)]
    open_ = [u for u in open_ if not is_given_with_the_lock(u, gate, outline)]
    open_ = [u for u in open_ if not _is_the_lock(u, gate) and not _is_looked_at_again(u, rechecking, code)]
    # A compound assignment reads and writes in one place.
    if not open_ or (mostly and len({u.fact.span.start for u in open_}) * 3 > len(under)):
        return
    writes = [u for u in open_ if u.fact.kind == "write"]
    collection = is_collection(simple_type_or_array(member.declares), outline)
    whole = collection or simple_type_or_array(member.declares) == "[]"
    changed = any(_changes(u, name, code) for u in every if u.fact.kind == "write")
    if whole and not changed:  # only ever replaced: whichever of its versions is read, it is whole
        open_ = writes
    if not open_:
        return
    # A number, or one reference, may be old, and is one that was.
    single = [u for u in open_ if u not in writes and is_single(u, name, member, code, collection=collection)]
    harmless = len(single) == len(open_) and (
        not _is_wide(member, outline) or all(is_part(u, member, code) for u in open_)
    )
    severity: Severity = "note" if harmless else "medium" if writes or collection else "low"
    first = (writes or open_)[0]
    use = "written" if writes else "used" if collection else "read"
    yield Finding(
        ID,
        severity,
        "syntactic",
        f"`{name}` is {use} in {first.member.name} without the lock on `{gate}`, which covers {len(under)} other uses of it.",
        "Can this run while another thread holds the lock, and what would it see or overwrite?",
        lines(outline, first.fact.span),
        tuple(lines(outline, u.fact.span, f"under the lock on {gate}") for u in under[:2]),
        about=(name, use, gate),
    )


def _beside(name: str, every: list[Use], member: Member, held: list[Region], outline: Outline) -> Iterator[Finding]:
    """The first look into a collection outside the lock under which it is changed, in a member that takes that lock."""
    open_ = [u for u in every if not u.gates and not u.deferred and u.fact.kind == "read"]
    if not open_ or not is_collection(simple_type_or_array(member.declares), outline):
        return
    writes = [u for u in every if u.fact.kind == "write" and u.gates]
    gates = frozenset[str].intersection(*(u.gates for u in writes)) if writes else frozenset[str]()
    code = masked_source(outline)
    bare = sum(
        u.fact.kind == "write" and not u.gates and not u.deferred for u in every
    )  # a fault of its own, where they are few
    if not gates or bare >= len(writes) or not any(_changes(u, name, code) for u in writes):
        return
    taken = {s.owner for s in held if lock_key(s) in gates}
    looks = [u for u in open_ if u.function.span in taken and _looks_into(u, name, code)]
    looks = [u for u in looks if not _SAME.match(code, u.fact.span.end)]
    if not looks or is_said_to_be_held(looks[0].member, outline):
        return
    # How many there are may be an old number, and is one that was; what is in there may be half changed.
    inside = [u for u in looks if not SIZE.match(code, u.fact.span.end)]
    first, change = (inside or looks)[0], next(u for u in writes if _changes(u, name, code))
    yield Finding(
        ID,
        "medium" if inside else "note",
        "syntactic",
        f"`{name}` is read in {first.member.name} outside the lock on `{min(gates)}`, under which it is changed.",
        f"What does a {simple_type_or_array(member.declares)} return while another thread changes it?",
        lines(outline, first.fact.span),
        (lines(outline, change.fact.span, f"changed under the lock on {min(gates)}"),),
        about=(name, "look", min(gates)),
    )


_CHANGING = rb"(?:Try)?(?:Add|Remove|Insert|Clear|Enqueue|Dequeue|Push|Pop|UnionWith|ExceptWith|IntersectWith|SymmetricExceptWith|Sort|Reverse)\w*\s*\("


def _changes(use: Use, name: str, code: bytes) -> bool:
    """Whether a write changes what the collection has, and does not put another one in its place."""
    start = max(0, use.fact.span.start - len(name) - 8)
    own = re.escape(name.encode())
    return (
        re.search(rb"\b%s\s*[!?]?\s*(?:\[|\.\s*%s)" % (own, _CHANGING), code[start : use.fact.span.end + 1]) is not None
    )


def _looks_into(use: Use, name: str, code: bytes) -> bool:
    """Whether a read asks the collection for something, or goes through it; the reference alone can be read at any time."""
    at, end = use.fact.span.start, code.find(name.encode(), use.fact.span.start) + len(name.encode())
    before, after = code[max(0, at - 40) : at], code[end : end + 40]
    return (
        re.match(rb"\s*[!?]?\s*(?:\[|\.\s*\w)", after) is not None
        or re.search(rb"\bin\s+(?:this\.)?$", before) is not None
    )


def _is_wide(member: Member, outline: Outline) -> bool:
    """Whether a field is read in more than one step on some platform."""
    type_ = member.declares
    return type_.startswith("(") or simple_type_or_array(type_) in names_of(outline.language).of("wide")


def _is_the_lock(use: Use, gate: str) -> bool:
    """Whether the use is in the property or method that gives the lock itself."""
    return use.member.name.partition(".")[0] == gate.partition("(")[0]


def _is_looked_at_again(use: Use, rechecking: set[str], code: bytes) -> bool:
    """Whether a reference is read, and a method is asked, where there is none or on that condition, that reads it once more under the lock."""
    if use.fact.kind != "read":
        return False
    asked = _ELSE_ASKED.match(code, use.fact.span.end)
    if asked is not None:
        return asked[1].decode("utf-8", "replace") in rechecking
    begin = max(code.rfind(mark, use.function.opening.end, use.fact.span.start) for mark in (b";", b"{", b"}"))
    opened = _IF.search(code, max(begin, use.function.opening.end), use.fact.span.start)
    if opened is None:
        return False
    closed = end_of_arguments(code, opened.end())
    branch = _BRANCH.match(code, closed)
    named = {n.decode("utf-8", "replace") for n in _OWN_NAME.findall(branch[0])} if branch is not None else set()
    return use.fact.span.end <= closed and not named.isdisjoint(rechecking)


def _is_same_property(use: Use, under: list[Use]) -> bool:
    """Whether the use is one accessor's, and the other accessor of the property takes the lock."""
    if use.member.kind != "accessor":
        return False
    name = use.member.name.rpartition(".")[0]
    return any(u.member.kind == "accessor" and u.member.name.rpartition(".")[0] == name for u in under)
