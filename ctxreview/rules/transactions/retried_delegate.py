"""A retry inside a transaction, or a retried delegate with side effects that accumulate.

What it flags
-------------
An execution strategy or retry policy that runs its delegate inside an open transaction; in a delegate that is retried
after a failure, a change to an outside counter or collection, or a message that is sent. Compared before and after an
edit: what a ``Lazy`` did once and any caller now does; a key that was made once and is made anew for each attempt.

Why it matters here
-------------------
After a deadlock the database has rolled back the whole transaction, so a retry of the last part runs alone; EF Core
refuses a retrying strategy in a transaction that it did not open. Side effects of the delegate outside the database
are not rolled back: they happen twice.

When it is fine
---------------
The retry is around the transaction; the delegate starts from scratch each time, or its side effects may happen twice.

Example
-------
```csharp
class C {
    void M(int id) {
        var tries = 0;
        var strategy = _db.Database.CreateExecutionStrategy();
        strategy.Execute(() => {
            using var tx = _db.Database.BeginTransaction();
            tries++;
            _db.SaveChanges();
            tx.Commit();
        });
    }
}
```

Instead
-------
```csharp
class C {
    void M(int id) {
        var tries = 0;
        var strategy = _db.Database.CreateExecutionStrategy();
        strategy.Execute(() => {
            using var tx = _db.Database.BeginTransaction();
            _db.SaveChanges();
            tx.Commit();
        });
        tries++;
    }
}
```

Source
------
EF Core documentation, "Connection Resiliency":
<https://learn.microsoft.com/ef/core/miscellaneous/connection-resiliency>. What a failed statement does to the
transaction in PostgreSQL is background knowledge.
"""

from __future__ import annotations

import re

from ctxreview.behaviour.affected import affected, not_told
from ctxreview.behaviour.body import holding, within
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.places import lines, member_of, scope_lines
from ctxreview.behaviour.repeated import Multiplied, Remade, Repeated, multiplied, remade, repeated
from ctxreview.behaviour.version import version
from ctxreview.languages.behaviour import names_of
from ctxreview.model import il
from ctxreview.model.facts import Fact
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Lines, Span
from ctxreview.regex import regex
from ctxreview.rules.prefilter import TRANSACTION
from ctxreview.workspace.code_of_tests import is_test_code

ID = "retried-delegate"
SEVERITY = "medium"
LANGUAGES = ("csharp",)
NEEDS = (TRANSACTION,)

RUN_ONCE = ("RunInTransaction", "UseTran")
"""Executors that open a transaction around a delegate and, in the libraries that have them, do not retry it."""

_POLICY = regex(r"(?i)(?:polic(?:y|ies)|retry\w*|resilience\w*|retrypipeline)$")
_ASKS = regex(r"(?:Get|Head|Read|Download|Exists)(?![a-z])")
"""Calls that ask for something and leave nothing behind."""
_AGAIN = regex(r"\+\+|--|[-+*/|&^]=|\.\s*(?:Add\w*|Push|Enqueue|Insert\w*|Append\w*)\s*\(")


def check(outline: Outline) -> list[Finding]:
    """Each retry under a transaction, and what a retried delegate leaves behind."""
    found = []
    for body, scope in holding(outline, "transaction"):
        if scope.mode == "retried":
            before = Span(scope.opening.start - 1, scope.opening.start)
            around = [s for s in body.under(before, "transaction") if s.mode not in ("retried", "suppressed")]
            found += [_inside(outline, scope_lines(outline, scope), scope.name, around[0])] if around else []
        elif scope.form in ("block", "declaration") and scope.mode != "suppressed":
            for call in body.calls_in(scope.span):
                named = call.base in ("Execute", "ExecuteAndCapture", "WaitAndRetry") and _POLICY.search(call.on)
                if named and scope in body.under(call.span):
                    found.append(_inside(outline, lines(outline, call.chain, call.name), call.name, scope))
        if scope.form == "callback" and scope.reruns and not scope.construct.startswith(RUN_ONCE):
            found += [_trace(outline, scope, f) for f in within(outline, scope.span) if _leaves(outline, scope, f)]
    return found


def compare(before: Outline, after: Outline) -> list[Finding]:
    """What the edit puts under a retry, through helpers too."""
    found = []
    for pair in affected(comparison(before, after)):
        told = check(after) if any(h.kind == "retry" for h in pair.after.sections) else ()
        found += [_repeated(one) for p in not_told((pair,), after, told) for one in repeated(p)]
        found += [_multiplied(one) for one in multiplied(pair)]
        found += [_remade(one) for one in remade(pair)]
    return found


def _multiplied(one: Multiplied) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"{one.effect.name} ran once for all who requested it; now two callers may run it at the same time.",
        "Is it right when that happens twice?",
        one.effect.at._replace(what=""),
        (one.before.at._replace(what="once, before the edit"),),
    )


def _remade(one: Remade) -> Finding:
    return Finding(
        ID,
        "high",
        "resolved",
        f"Each attempt gives {one.call.name} another value of {one.chance.name}; all of them had the same.",
        "Does the other side know by it that it has done this already?",
        one.chance.at._replace(what=""),
        (one.call.at._replace(what="given to"), one.before.at._replace(what="made once, before the edit")),
    )


def _repeated(one: Repeated) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"{one.effect.name} now runs again whenever the {one.hold.construct} retries its delegate.",
        "What does the second run repeat that the first has already done?",
        one.effect.at._replace(what=""),
        (scope_lines(one.hold.outline, one.hold.region),),
    )


def _inside(outline: Outline, retry: Lines, by: str, transaction: Region) -> Finding:
    return Finding(
        ID,
        "medium",
        "syntactic",
        f"{by} retries inside the {transaction.construct}, not around it.",
        "What is left of the transaction when the first attempt fails?",
        retry,
        (scope_lines(outline, transaction),),
        about=(by, transaction.construct),
    )


def _leaves(outline: Outline, scope: Region, fact: Fact) -> bool:
    """Whether the fact is seen outside of the delegate, and again when it is run again."""
    if not outline.under(fact.span, scope):
        return False
    if fact.kind == "io":
        called = not names_of(outline.language).has("calls_it", fact.name)
        return called and not fact.calls and not _ASKS.match(fact.name)
    text = outline.source.text(fact.span)
    outside = fact.captured or fact.is_state
    if fact.kind != "write" or not outside or not _AGAIN.search(text):
        return False
    return not _is_set_anew(outline, scope, fact) and not _is_noted(outline, scope, fact)


def _is_noted(outline: Outline, scope: Region, fact: Fact) -> bool:
    """Whether a handler in the delegate notes the failure that it catches: it stands for each of them."""
    member = member_of(outline, fact.span)
    unit = version(outline).units.get(member.span) if member is not None else None
    tries = (n for n in il.walk(unit.body) if isinstance(n, il.Try)) if unit is not None else ()
    handlers = (h for n in tries if scope.span.contains(n.span) for h in n.handlers)
    text = outline.source.text(fact.span)
    return any(
        h.body.span.contains(fact.span) and h.name is not None and re.search(rf"\b{re.escape(h.name.text)}\b", text)
        for h in handlers
    )


def _is_set_anew(outline: Outline, scope: Region, fact: Fact) -> bool:
    """Whether each run gives the variable another value, or empties it, before it changes it."""
    fresh = re.compile(rf"(?:this\.)?{re.escape(fact.spelled)}\s*(?:=(?!=)|[?!]?\.\s*Clear\s*\()")
    block = outline.source.text(Span(scope.span.start, fact.span.start))
    depth = 0
    for hit in re.finditer(rf"[{{}}]|(?<![\w.]){fresh.pattern}", block):
        if hit[0] in "{}":
            depth += 1 if hit[0] == "{" else -1
        elif depth <= 1:
            return True  # in the delegate's own block, where every run comes by
    return False


def _trace(outline: Outline, scope: Region, fact: Fact) -> Finding:
    what = f"sends ({fact.name})" if fact.kind == "io" else f"changes `{fact.name}`, which is declared outside it"
    return Finding(
        ID,
        "note" if is_test_code(outline.source.path) else "medium",  # a test counts how often it runs
        "syntactic",
        f"The delegate that {scope.construct} may retry {what}.",
        "Is it correct if that happens twice?",
        lines(outline, fact.span),
        (scope_lines(outline, scope),),
        about=(scope.construct, fact.kind, fact.name),
    )
