"""An edit splits one lock into several.

What it flags
-------------
An edit after which a member takes a lock several times where it took it once, when more than one of the parts uses
the same state, or two states that were used together.

Why it matters here
-------------------
Another thread may run between the parts. What the first part read may have changed when the second writes, and two
values that were changed together can be seen with only one of them changed.

When it is fine
---------------
The second part reads the state again and decides afresh, the two parts are unrelated, or only one of them touches
state.

Example
-------
```csharp
class C {
    readonly object _gate = new();
    int _free;
    bool Take() {
        bool any;
        lock (_gate) { any = _free > 0; }
        Prepare();
        lock (_gate) { _free = _free - 1; }
        return any;
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
            Prepare();
            _free = _free - 1;
            return any;
        }
    }
}
```

Source
------
CodeQL and ParallelHelper for what a guarded field is:
<https://codeql.github.com/codeql-query-help/csharp/cs-unsynchronized-static-access/> and
<https://github.com/Concurrency-Lab/ParallelHelper/blob/master/doc/analyzers/PH_B009.md>. ErrorProne.NET's ERP031 ("Lock
at the smallest scope") is advice that leads here:
<https://github.com/SergeyTeplyakov/ErrorProne.NET/blob/master/docs/Rules/ERP031.md>.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations

from ctxreview.behaviour.lock_usage import is_under, lock_key, locked_uses, locks, own_calls
from ctxreview.behaviour.pairing import pairing
from ctxreview.behaviour.paths import in_one_run
from ctxreview.behaviour.places import member_of, scope_lines
from ctxreview.model.declarations import Function
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span

ID = "lock-split"
SEVERITY = "high"

Held = dict[tuple[Span, str], list[Region]]
"""The locks by their member's place after the edit, and by what they lock."""


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each lock that an edit splits."""
    return [finding for _, _, told in splits(before, after) for finding in told]


def splits(before: Outline, after: Outline) -> list[tuple[Region, list[Region], list[Finding]]]:
    """Each lock that an edit takes in several parts, with these parts and what there is to ask about them."""
    became = pairing(before, after).became
    old = _held(before, lambda s: body.member if (body := became(s.opening)) is not None else None)
    new = _held(after, lambda s: member_of(after, s.opening))
    found = []
    for key, scopes in old.items():
        parts = new.get(key, [])
        if len(parts) <= len(scopes):
            continue
        same = {_text(s, before) for s in scopes} & {_text(s, after) for s in parts}
        whole = [s for s in scopes if _text(s, before) not in same]
        parts = [s for s in parts if _text(s, after) not in same]
        apart = not any(in_one_run(after, a.opening, b.opening) for a, b in combinations(parts, 2))
        if len(whole) == 1 and len(parts) > 1 and not apart and not _is_beside(whole[0], parts, before, after):
            found.append((whole[0], parts, list(_split(whole[0], parts, before, after))))
    return found


def _is_beside(whole: Region, parts: list[Region], before: Outline, after: Outline) -> bool:
    """Whether one part has all that the lock held of state and calls: then the others are locks of their own."""
    had = _done(whole, before)
    return bool(had) and any(not had - _done(part, after) for part in parts)


def _done(lock: Region, outline: Outline) -> Counter[tuple[str, str]]:
    uses = Counter((u.fact.kind, u.fact.name) for u in locked_uses(outline, [lock]) if u.gates)
    return uses + Counter(("call", name) for name, _ in own_calls(outline, lock.span))


def _held(outline: Outline, member: Callable[[Region], Function | None]) -> Held:
    found: Held = {}
    for scope in locks(outline):
        owner = member(scope)
        if owner is not None:
            found.setdefault((owner.span, lock_key(scope)), []).append(scope)
    return found


def _text(scope: Region, outline: Outline) -> str:
    return " ".join(outline.source.text(scope.span).split())


def _split(whole: Region, parts: list[Region], before: Outline, after: Outline) -> Iterator[Finding]:
    inside = [u.fact for u in locked_uses(before, [whole]) if u.gates]
    # A reference that never changes is not a state to keep together; what is changed through it is.
    together = {f.name for f in inside if not f.is_readonly or f.kind == "write"}
    used = [u.fact for u in locked_uses(after, parts) if u.gates and u.fact.name in together]
    first, *rest = ([f for f in used if is_under(f.span, p)] for p in parts)
    later = [f for facts in rest for f in facts]
    if not first or not later:
        return
    read = [f.name for f in first if f.kind == "read"]
    crossing = [f.name for f in later if f.kind == "write" and f.name in read]
    severity: Severity = "medium"
    if crossing:
        name = crossing[0]
        again = any(
            f.name == name and f.kind == "read" for facts in rest for f in facts if _decides(f.span.start, after)
        )
        severity = "medium" if again else "high"
        what = f"`{name}` is read in the first part and written in a later one"
    else:
        names = list(dict.fromkeys(f.name for f in (*first, *later)))
        what = (
            ", ".join(f"`{n}`" for n in names[:3]) + (" is" if len(names) == 1 else " are") + " used in several of them"
        )
        if not any(f.kind == "write" for f in used):
            severity = "low"
        elif {f.name for f in first if f.kind == "write"} ^ {f.name for f in later if f.kind == "write"} == together:
            severity = "high"  # what was written together is written apart
    yield Finding(
        ID,
        severity,
        "syntactic",
        f"The edit splits the {whole.construct} on `{whole.resource}` into {len(parts)}: {what}.",
        "If another thread changes it in between, is it read and decided again?",
        scope_lines(after, parts[0]),
        (
            *(scope_lines(after, p) for p in parts[1:]),
            scope_lines(before, whole)._replace(what=f"{whole.construct}, before the edit"),
        ),
    )


def _decides(at: int, outline: Outline) -> bool:
    """Whether a read is in the condition of an ``if`` or loop."""
    line = outline.source.line(outline.source.line_of(at))
    return any(f"{word} (" in line or f"{word}(" in line for word in ("if", "while"))
