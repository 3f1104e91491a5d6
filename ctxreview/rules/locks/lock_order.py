"""Two locks that are taken in opposite orders.

What it flags
-------------
In one type, a lock taken under another one, and elsewhere the second taken under the first, directly or through a
call of one of the type's own methods. Compared before and after an edit: two nested locks in a new order that nothing
else in the type uses; several locks or rows that were taken in an order of their own (the smaller key first, a sorted
sequence, ``ORDER BY`` beside ``FOR UPDATE``) and are taken as they come.

Why it matters here
-------------------
Two threads that take them at the same time may each hold one and wait for the other, forever.

When it is fine
---------------
The inner acquire has a timeout, or a third lock is always held around both.

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
CodeQL ``cs/inconsistent-lock-sequence``:
<https://codeql.github.com/codeql-query-help/csharp/cs-inconsistent-lock-sequence/>.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterator
from typing import NamedTuple

from ctxreview.behaviour.body import own_facts
from ctxreview.behaviour.canonical_order import disordered
from ctxreview.behaviour.comparison import Comparison, comparison
from ctxreview.behaviour.lock_usage import (
    declared,
    end_of_arguments,
    is_under,
    lock_key,
    locks,
    masked_source,
    methods,
    own_calls,
)
from ctxreview.behaviour.pairing import pairing
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.languages.behaviour import names_of
from ctxreview.model.declarations import Function, Nesting
from ctxreview.model.notation import AWAIT, SELF
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.regex import regex
from ctxreview.rules.prefilter import LOCK

ID = "lock-order"
SEVERITY = "high"
NEEDS = (LOCK,)

_AWAITED = regex(rf"\b{AWAIT}\s+(?:\w+\s*\.\s*)?$".encode())
_MEMBER = regex(rb"\s*\.\s*(\w+)")


class _Pair(NamedTuple):
    """A lock taken under another one; ``via`` is the method that is called, where it does."""

    outer: Region
    inner: Region
    via: str


def check(outline: Outline) -> list[Finding]:
    """Each two locks of a type that are taken in both orders."""
    held = [s for s in locks(outline) if s.form in ("block", "declaration", "acquire-release") and s.mode != "shared"]
    if len({lock_key(s) for s in held}) < 2:
        return []
    own = {*declared(outline)}
    held = [s for s in held if (s.container, lock_key(s)) in own or lock_key(s) == SELF]
    if len({lock_key(s) for s in held}) < 2:
        return []
    found, seen = [], dict[tuple[str, str, str], _Pair]()
    for pair in _pairs(held, outline):
        type_, a, b = pair.outer.container, lock_key(pair.outer), lock_key(pair.inner)
        first, second = (f"{k}{_counted(s, outline)}" for k, s in ((a, pair.outer), (b, pair.inner)))
        seen.setdefault((type_, first, second), pair)
        other = seen.get((type_, second, first))
        if other is None or seen[type_, first, second] is not pair:
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
                about=(a, b, *(p.via for p in (other, pair) if p.via)),
            )
        )
    return found


def _counted(scope: Region, outline: Outline) -> str:
    """What takes an object by its own count: another lock than the one that a statement takes on the same object."""
    about = names_of(outline.language)
    own = about.has("signals", scope.construct) and not about.has("locked_by_statement", scope.construct)
    return f" {scope.construct}" if own else ""


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each two locks that a member takes in another order than before the edit, unless other members do so already."""
    both = pairing(before, after)
    old, new = _orders(before, both.key_before), _orders(after, both.key_after)
    told = {f.at for f in check(after)}
    found = []
    for (member, a, b), pair in new.items():
        at = scope_lines(after, pair.inner)
        agrees = any((x, y) == (a, b) and other != member for other, x, y in old)
        turned = (member, b, a) in old and (member, a, b) not in old and (member, b, a) not in new
        if turned and not agrees and at not in told:
            was = old[member, b, a]
            found.append(
                Finding(
                    ID,
                    "medium",
                    "syntactic",
                    f"The edit locks `{b}` under `{a}`; before, it locked `{a}` under `{b}`.",
                    "Does other code, in this type or another, still take both in the old order?",
                    at,
                    (scope_lines(before, was.outer)._replace(what=f"{was.outer.construct}, before the edit"),),
                )
            )
    return [*found, *_disordered(comparison(before, after))]


def _disordered(both: Comparison) -> Iterator[Finding]:
    """Each function that takes several locks or rows as they come, where it took them in one order."""
    for pair in both.changed:
        for one in disordered(both, pair):
            name = (*one.taken.path, one.taken.name)[0]
            yield Finding(
                ID,
                "medium",
                "resolved" if pair.understood else "syntactic",
                f"{name} no longer takes several in one fixed order: `{one.by}` made it the same for every caller.",
                "Can two callers that need the same ones in opposite orders now wait for each other?",
                lines(both.after, one.taken.span),
                (lines(both.before, one.before.span, f"in the order of {one.by}, before the edit"),),
                about=(name, one.by),
            )


def _orders(outline: Outline, key: Callable[[Span], Hashable]) -> dict[tuple[Hashable, str, str], _Pair]:
    """The pairs of locks that are nested in one member, by the member's ``key``, the outer and the inner lock."""
    found: dict[tuple[Hashable, str, str], _Pair] = {}
    held = [s for s in locks(outline) if s.form in ("block", "declaration", "acquire-release") and s.mode != "shared"]
    for pair in _pairs(held, outline) if len(held) > 1 else ():
        if not pair.via:
            found.setdefault((key(pair.outer.opening), lock_key(pair.outer), lock_key(pair.inner)), pair)
    return found


def _pairs(held: list[Region], outline: Outline) -> Iterator[_Pair]:
    nesting, by_name = Nesting(outline.functions), methods(outline)
    by_owner: dict[Span, list[Region]] = {}
    for scope in held:
        by_owner.setdefault(scope.owner, []).append(scope)
    for outer in held:
        if not outer.end_is_known:
            continue
        beside = by_owner[outer.owner]
        first, last = (bisect_right(beside, at, key=_start) for at in outer.span)
        for inner in beside[first:last]:
            if is_under(inner.opening, outer):
                yield from _pair(outer, inner, "", outline)
        for name, at in own_calls(outline, outer.span):
            called = by_name.get((outer.container, name), [])
            around = nesting.innermost(at)
            if len(called) != 1 or not is_under(at, outer) or around is None or around.span != outer.owner:
                continue
            around_call = [s for s in beside if s != outer and s.form == "block" and is_under(at, s)]
            for inner in by_owner.get(called[0].span, ()):
                if inner.form == "block" and any(lock_key(s) == lock_key(inner) for s in around_call):
                    continue  # it has that one already
                if not _is_taken_later(inner, called[0], at, outline):
                    yield from _pair(outer, inner, name, outline)


def _is_taken_later(inner: Region, called: Function, call: Span, outline: Outline) -> bool:
    """Whether a lock is taken after an await of a function that the call does not wait for: the caller goes on, and gives back its own."""
    code = masked_source(outline)
    waited = _MEMBER.match(code, end_of_arguments(code, call.end))
    if waited is not None and waited[1].decode("utf-8", "replace") in names_of(outline.language).of("waits"):
        return False
    if _AWAITED.search(code[max(0, call.start - 40) : call.start]):
        return False
    awaits = (f.span.start for f in own_facts(outline).get(called.span, ()) if f.kind == "await")
    return min(awaits, default=inner.opening.end) < inner.opening.start


def _start(scope: Region) -> int:
    return scope.span.start


def _pair(outer: Region, inner: Region, via: str, outline: Outline) -> Iterator[_Pair]:
    if lock_key(outer) != lock_key(inner) and "Try" not in outline.source.text(inner.opening):
        yield _Pair(outer, inner, via)
