"""A transaction inside another one.

What it flags
-------------
A ``TransactionScope`` with ``RequiresNew`` or ``Suppress`` inside another transaction; one that joins an outer scope
with another isolation level; a transaction begun on a connection or context that already has one open. The inner one
may be in a method of the same type that is called under the outer one, directly or through other methods.

Why it matters here
-------------------
``RequiresNew`` and ``Suppress`` commit independently, on a second connection: their work stays when the outer
transaction is rolled back, and waits forever when it needs a row that the outer one holds. Joining with another
isolation level throws. Beginning twice on one connection throws in most providers; in linq2db it rolls back the open
transaction.

When it is fine
---------------
The inner work must survive a rollback, such as an audit record, and touches no row of the outer one. Code of tests is not
looked at.

Example
-------
```csharp
class C {
    void M(int id) {
        using (var outer = new TransactionScope()) {
            _db.Add(new Row(id));
            _db.SaveChanges();
            using (var inner = new TransactionScope(TransactionScopeOption.RequiresNew)) {
                _log.Insert(id);
                inner.Complete();
            }
            outer.Complete();
        }
    }
}
```

Instead
-------
```csharp
class C {
    void M(int id) {
        using (var outer = new TransactionScope()) {
            _db.Add(new Row(id));
            _db.SaveChanges();
            outer.Complete();
        }
        using (var inner = new TransactionScope()) {
            _log.Insert(id);
            inner.Complete();
        }
    }
}
```

Source
------
.NET documentation, "Implementing an Implicit Transaction using Transaction Scope":
<https://learn.microsoft.com/dotnet/framework/data/transactions/implementing-an-implicit-transaction-using-transaction-scope>.
linq2db's documentation of ``BeginTransaction``: <https://linq2db.github.io/>.
"""

from __future__ import annotations

import re
from itertools import islice

from ctxreview.behaviour.body import is_over, root_of
from ctxreview.behaviour.lock_usage import end_of_arguments, masked_source, methods, open_block_headers, own_calls
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.model.declarations import Function
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Crossing, Isolation, Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.regex import regex
from ctxreview.rules.prefilter import TRANSACTION, TRANSACTIONS
from ctxreview.workspace.code_of_tests import is_test_code

ID = "nested-transaction"
SEVERITY = "medium"
LANGUAGES = ("csharp",)
NEEDS = (TRANSACTION,)
BEYOND = TRANSACTIONS  # the methods that lead from one to the other

FORMS = ("block", "declaration", "acquire-release")
_PARAMETER = regex(rb"(\w+)\s*(?:=[^,()]*)?[,)]")
_NAME = regex(rb"(?<![\w.])\w+")
_IS_MISSING = regex(rb"\s*(?:\?\?|==\s*null\b|is\s+null\b)")
MAX_NAMED = 16
"""Transactions around one that are named, the nearest."""


def check(outline: Outline) -> list[Finding]:
    """Each transaction that is opened under another one in the same function."""
    if is_test_code(outline.source.path):
        return []
    scopes = [
        s
        for s in outline.regions
        if s.kind == "transaction" and s.form in FORMS and s.certainty != "assumed" and s.mode != "retried"
    ]
    found = []
    by_owner: dict[Span, list[Region]] = {}
    for scope in scopes:
        by_owner.setdefault(scope.owner, []).append(scope)
    around = {owner: Crossing(own) for owner, own in by_owner.items()}
    for inner in scopes:
        near = (s for s in around[inner.owner].near(inner.opening) if s != inner and _within(outline, inner, s))
        nearest = list(islice((s for s in near if s.mode != "suppressed"), MAX_NAMED + 1))
        outer = nearest[MAX_NAMED - 1 :: -1]
        told = _told(outline, inner, min(outer, key=lambda s: s.span.size)) if outer else None
        if told is not None:
            severity, message, question, about = told
            places = tuple(scope_lines(outline, s) for s in outer)
            if len(nearest) > MAX_NAMED:
                places = (places[0]._replace(what=f"{places[0].what}, and others around it"), *places[1:])
            found.append(
                Finding(ID, severity, "syntactic", message, question, scope_lines(outline, inner), places, about)
            )
    return found + _called(outline, scopes)


def _called(outline: Outline, scopes: list[Region]) -> list[Finding]:
    """Each transaction that a method of the type opens when it is called under another one."""
    if len({s.owner for s in scopes}) < 2:
        return []
    by_name, by_owner = methods(outline), {s.owner: s for s in reversed(scopes)}
    found: dict[Span, Finding] = {}
    for outer in (s for s in scopes if s.mode != "suppressed"):
        seen = {outer.owner}
        waiting = [(n, at) for n, at in _calls(outline, outer) if not is_over(outline, outer, at.start)]
        while waiting:
            name, first = waiting.pop(0)
            called = by_name.get((outer.container, name), [])
            if len(called) != 1 or called[0].span in seen:
                continue
            seen.add(called[0].span)
            inner = by_owner.get(called[0].span)
            told = _told(outline, inner, outer) if inner is not None else None
            if inner is None:
                waiting += [(n, first) for n, _ in _own_calls(outline, called[0].span, called[0])]
            elif (
                told is not None
                and not _is_local(outline, inner, called[0])
                and not _is_given(outline, inner, called[0], outer, first)
            ):
                severity, message, question, about = told
                places = (scope_lines(outline, outer), lines(outline, first, "called here"))
                finding = Finding(
                    ID, severity, "resolved", message, question, scope_lines(outline, inner), places, about
                )
                found.setdefault(inner.opening, finding)
    return [*found.values()]


def _calls(outline: Outline, scope: Region) -> list[tuple[str, Span]]:
    """The calls of the type's own methods that run under the transaction."""
    calls = _own_calls(outline, scope.owner, scope)
    return [(n, at) for n, at in calls if not any(g.contains(at) for g in scope.excluded)]


def _own_calls(outline: Outline, owner: Span, within: Region | Function) -> list[tuple[str, Span]]:
    """The calls of the type's own methods after what opens the place, by the function at ``owner`` and none in it."""
    calls = [(n, at) for n, at in own_calls(outline, within.span) if at.start > within.opening.end]
    return [(n, at) for n, at in calls if (around := outline.function_of(at)) is not None and around.span == owner]


def _is_local(outline: Outline, scope: Region, function: Function) -> bool:
    """Whether a transaction is begun on what the function declares itself: another connection than its caller's."""
    name = root_of(_begun_on(outline, scope))
    code = outline.source.text(Span(function.span.start, scope.opening.end))
    return bool(name) and re.search(rf"[\w>?\]]\s+{re.escape(name)}\s*[=,)]", code) is not None


def _is_given(outline: Outline, inner: Region, function: Function, outer: Region, call: Span) -> bool:
    """Whether a transaction is begun only where the caller gives none, and the call gives its own."""
    code = masked_source(outline)
    names = _PARAMETER.findall(code, *function.opening)
    before = (
        code[inner.opening.start : inner.opening.end],
        *open_block_headers(code, function.opening.end, inner.opening.start),
    )
    missing = any(
        _IS_MISSING.match(part, hit.end()) for part in before for hit in _NAME.finditer(part) if hit[0] in names
    )
    if not missing or not outer.resource:
        return False
    given = code[call.end : end_of_arguments(code, call.end)]
    return re.search(rb"(?<![\w.])%s\b" % re.escape(outer.resource.encode()), given) is not None


def _within(outline: Outline, inner: Region, outer: Region) -> bool:
    inside = (
        outer.span.contains(inner.opening) and outer.opening.end <= inner.opening.start and inner.owner == outer.owner
    )
    return (
        inside
        and not is_over(outline, outer, inner.opening.start)
        and not any(g.contains(inner.opening) for g in outer.excluded)
    )


def _told(outline: Outline, inner: Region, outer: Region) -> tuple[Severity, str, str, tuple[str, ...]] | None:
    if inner.mode in ("requires new", "suppressed"):
        return (
            "medium",
            f"The {inner.construct} ({inner.mode}) is inside another {outer.construct}: its work is not rolled back with it.",
            "Must it survive a rollback, and can it need a row that the outer transaction holds?",
            (inner.construct, inner.mode, outer.construct),
        )
    if inner.name == outer.name == "TransactionScope":
        asked, open_ = _named(inner.isolation), _named(outer.isolation, or_default=True)
        if inner.isolation is None or outer.isolation is None or not asked or not open_ or asked == open_:
            return None
        return (
            "high",
            f"The TransactionScope joins one with another isolation level ({inner.isolation.text} under {outer.isolation.text}): "
            "its constructor throws.",
            "Which level is intended for both?",
            (inner.isolation.text, outer.isolation.text),
        )
    on, other = _begun_on(outline, inner), _begun_on(outline, outer)
    if inner.name == outer.name == "DbTransaction" and on and on == other:
        return (
            "medium",
            f"A second transaction is begun on `{on}` while one is open.",
            "Does the provider nest transactions, refuse the second, or end the first?",
            (on,),
        )
    return None


def _named(isolation: Isolation | None, or_default: bool = False) -> str:
    """A level that the source names; ``""`` where it is given elsewhere, or where a scope that joins takes any (its default)."""
    if isolation is None or isolation.level == "Unspecified" or (isolation.default and not or_default):
        return ""
    return isolation.level


def _begun_on(outline: Outline, scope: Region) -> str:
    """What a transaction is begun on: a connection or context, without a context's ``Database``."""
    begun = re.search(r"([\w.?!]+)\s*\.\s*(?:Open|Begin)\w*Transaction", outline.source.text(scope.opening))
    return re.sub(r"^this\.|[?!]", "", begun[1]).removesuffix(".Database") if begun else ""
