"""Two locks that are taken in one order here and in the other order there.

What it flags
-------------
In one type, a lock taken under another one, and elsewhere the second under the first, directly or by a call of one of the type's own methods.

Why it matters here
-------------------
Two threads that take them at the same time may each hold the one and wait for the other, for ever.

When it is fine
---------------
The inner acquire gives up after a time, or a third lock is always held around both.

Example
-------
```csharp
class C {
    readonly object _a = new(), _b = new();
    void M() { lock (_a) { lock (_b) { Work(); } } }
    void N() { lock (_b) { lock (_a) { Work(); } } }
}
```

Instead
-------
```csharp
class C {
    readonly object _a = new(), _b = new();
    void M() { lock (_a) { lock (_b) { Work(); } } }
    void N() { lock (_a) { lock (_b) { Work(); } } }
}
```

Source
------
CodeQL ``cs/inconsistent-lock-sequence``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.model import Finding, Outline, Scope
from ctxreview.outline.nesting import Nesting
from ctxreview.rules.evidence import LOCK
from ctxreview.rules.guarded import bare, declared, gate, is_under, locks, methods, own_calls
from ctxreview.rules.places import scope_lines

ID = "lock-order"
SEVERITY = "high"
NEEDS = (LOCK,)


class _Pair(NamedTuple):
    """A lock taken under another one; ``via`` is the method that is called, where it does."""

    outer: Scope
    inner: Scope
    via: str


def check(outline: Outline) -> list[Finding]:
    """Each two locks of a type that are taken in both orders."""
    held = [s for s in locks(outline) if s.form in ("block", "declaration", "acquire-release") and s.mode != "shared"]
    if len({gate(s) for s in held}) < 2:
        return []
    own = {*declared(outline)}
    held = [s for s in held if (s.container, gate(s)) in own or gate(s) == "this"]
    if len({gate(s) for s in held}) < 2:
        return []
    found, seen = [], dict[tuple[str, str, str], _Pair]()
    for pair in _pairs(held, outline):
        type_, a, b = pair.outer.container, gate(pair.outer), gate(pair.inner)
        seen.setdefault((type_, a, b), pair)
        other = seen.get((type_, b, a))
        if other is None or seen[type_, a, b] is not pair:
            continue
        by = " and ".join(f"by {p.via}" for p in (other, pair) if p.via)
        found.append(
            Finding(
                ID,
                "medium" if by else "high",
                "resolved" if by else "syntactic",
                f"`{a}` is locked under `{b}` in one place and `{b}` under `{a}` in another{', ' + by if by else ''}.",
                "Can two threads be in both places at once, each waiting for the other's lock?",
                scope_lines(outline, pair.inner if not pair.via else pair.outer),
                tuple(scope_lines(outline, s) for s in (other.outer, other.inner)),
            )
        )
    return found


def _pairs(held: list[Scope], outline: Outline) -> Iterator[_Pair]:
    nesting, by_name = Nesting(outline.functions), methods(outline)
    code = bare(outline)
    for outer in held:
        if "releases it" in outer.note:
            continue
        for inner in held:
            if inner.owner == outer.owner and is_under(inner.head, outer) and inner.span.start > outer.span.start:
                yield from _pair(outer, inner, "", outline)
        for name, at in own_calls(code, outer.span):
            called = by_name.get((outer.container, name), [])
            around = nesting.innermost(at)
            if len(called) != 1 or not is_under(at, outer) or around is None or around.span != outer.owner:
                continue
            for inner in held:
                if inner.owner == called[0].span:
                    yield from _pair(outer, inner, name, outline)


def _pair(outer: Scope, inner: Scope, via: str, outline: Outline) -> Iterator[_Pair]:
    if gate(outer) != gate(inner) and "Try" not in outline.source.text(inner.head):
        yield _Pair(outer, inner, via)
