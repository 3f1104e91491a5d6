"""One context, connection or transaction used by several tasks at once, or by a task that nobody awaits.

What it flags
-------------
``Task.WhenAll``, ``Parallel`` loops and their kin whose parts use the same context or connection; work that is
started under a transaction and not awaited. Compared before and after an edit: tasks on one context that now overlap,
also those of a method that is started for each element, and those of several types that are each given the one context
of a request; a context that each turn of a loop made, and that all turns share now.

Why it matters here
-------------------
A context and a connection serve one operation at a time: a second one throws or, worse, does not. A task that nobody
awaits may run after the transaction, or inside it when it should not.

When it is fine
---------------
Each task creates its own context, or the tasks only compute.

Example
-------
```csharp
class C {
    private readonly ShopContext _db;
    async Task M() {
        await Task.WhenAll(_db.Orders.ToListAsync(), _db.Lines.ToListAsync());
    }
}
```

Instead
-------
```csharp
class C {
    private readonly ShopContext _db;
    async Task M() {
        var orders = await _db.Orders.ToListAsync();
        var lines = await _db.Lines.ToListAsync();
    }
}
```

Source
------
EF Core documentation, "Asynchronous Programming" and "DbContext Lifetime, Configuration, and Initialization" (avoiding
DbContext threading issues): <https://learn.microsoft.com/ef/core/miscellaneous/async> and
<https://learn.microsoft.com/ef/core/dbcontext-configuration/>. AsyncFixer's documentation, AsyncFixer04:
<https://github.com/semihokur/AsyncFixer>.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from ctxreview.behaviour.affected import affected, not_told
from ctxreview.behaviour.body import Body, body_of, root_of, within
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.long_lived import Lasting, lasting
from ctxreview.behaviour.parties import Together, together
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.languages.behaviour import names_of
from ctxreview.model.facts import Fact
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.regex import regex
from ctxreview.rules.prefilter import TRANSACTION

ID = "shared-context"
SEVERITY = "high"
LANGUAGES = ("csharp",)
NEEDS = ("WhenAll", "WhenAny", "Parallel", "ForAll", TRANSACTION)

_CONTEXT_TYPE = regex(r"(?:Context|Connection|ISession|DbTransaction)\??$")
_CONTEXT_NAME = regex(r"(?i)(?:dbcontext|(?<!http)context|ctx|db|conn|connection)$")


def check(outline: Outline) -> list[Finding]:
    """Each start of several tasks on one context, and each task under a transaction that nobody waits for."""
    found = []
    for fact in outline.facts:
        if fact.kind != "spawn":
            continue
        if fact.name in ("WhenAll", "WhenAny", *_parallel(outline.language)):
            found += _shared(outline, fact)
        elif held := _transaction(outline, fact):
            found.append(_left_alone(outline, fact, held))
    return found


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each start of several tasks whose helpers use the same context, and each context that all turns of a loop share."""
    begun = frozenset({"task", "each", "parallel"})
    both = comparison(before, after)
    pairs = [p for p in affected(both) if any(e.traits & begun for e in p.after.effects)]
    found = [
        Finding(
            ID,
            "high" if one.certain else "medium",
            "resolved",
            f"{_both(one)} the same context or connection{_when(one)}.",
            "Can each have its own context, or be awaited before the next?",
            lines(after, (one.start or one.second).span),
            tuple(dict.fromkeys((one.first.at, one.second.at))),
        )
        for pair in not_told(pairs, after, check(after) if pairs else ())
        for one in together(after, pair)
    ]
    return [
        *found,
        *(_lasting(before, after, one) for p in both.changed for one in lasting(both, p, names_of(after.language))),
    ]


def _lasting(before: Outline, after: Outline, one: Lasting) -> Finding:
    return Finding(
        ID,
        "medium",
        "resolved",
        f"Each turn of the loop had a context of its own (`{one.name}`); all turns share one now, with all that it keeps.",
        "Must a turn see what others have changed meanwhile, and what does it do after a save that failed?",
        lines(after, one.made),
        (
            one.save.at._replace(what=f"{one.save.name} of each turn"),
            lines(before, one.was, "made in each turn, before the edit"),
        ),
        about=(one.name, one.save.name),
    )


def _both(one: Together) -> str:
    if one.first == one.second:
        return f"All calls of {one.first.name} use"
    return f"{one.first.name} and {one.second.name} use"


@cache
def _parallel(language: str) -> frozenset[str]:
    """The names of calls that run what they are given on several threads at once."""
    return frozenset(name.rpartition(".")[2] for name in names_of(language).of("runs_parallel"))


def _when(one: Together) -> str:
    if one.start is None:
        return ", the second before the first is awaited"
    return f", and {one.start.name} runs them at the same time"


def _shared(outline: Outline, fact: Fact) -> list[Finding]:
    body = body_of(outline, fact.span)
    if body is None:
        return []
    inside = [f for f in within(outline, fact.span) if f.kind in ("read", "save") and not f.is_state and f.target]
    if fact.name in _parallel(outline.language) - {"Invoke"} or re.search(r"\.Select\s*\(", body.plain(fact.span)):
        used = {root_of(f.target): f for f in inside if not _made_inside(body, fact, root_of(f.target))}
    else:
        counted = Counter(root_of(f.target) for f in (*inside, *_started(body, fact)))
        used = {root: fact for root, n in counted.items() if n > 1 and not _made_inside(body, fact, root)}
    found = []
    for name, use in used.items():
        certain = True if use.by_callee else _declared(body, name)
        if certain or (certain is None and _CONTEXT_NAME.search(name)):
            found.append(
                Finding(
                    ID,
                    "high" if certain else "medium",
                    "resolved" if certain else "assumed",
                    f"The tasks of {fact.name} use `{name}` at the same time.",
                    "Does each task have its own context or connection?",
                    lines(outline, fact.span),
                    (lines(outline, use.span, use.name),) if use is not fact else (),
                    about=(fact.name, name),
                )
            )
    return found


def _started(body: Body, fact: Fact) -> list[Fact]:
    """The calls whose tasks are given to it by name: begun earlier, and not awaited there."""
    given = set(re.findall(r"\b\w+\b", body.plain(fact.span)[len(fact.target) :]))
    return [
        f
        for f in body.facts
        if f.kind in ("read", "save")
        and f.name.endswith("Async")
        and f.result in given
        and f.span.end < fact.span.start
        and "await" not in body.before(f.span.start)
    ]


def _made_inside(body: Body, fact: Fact, name: str) -> bool:
    """Whether the name is declared in the tasks themselves."""
    text = body.plain(fact.span)
    return not name or bool(
        re.search(
            rf"\b(?:var|\w+)\s+{re.escape(name)}\s*=[^=>]|\b{re.escape(name)}\s*=>|\(\s*[\w, ]*\b{re.escape(name)}\b[\w, ]*\)\s*=>",
            text,
        )
    )


def _declared(body: Body, name: str) -> bool | None:
    """Whether the name is declared as a context or connection; ``None`` where its type is not seen."""
    for member in body.outline.members:
        if name in member.names:
            return bool(_CONTEXT_TYPE.search(member.declares))
    typed = re.search(rf"\b([\w.]+\??)\s+{re.escape(name)}\s*(?:[=,;)]|\bin\b)", body.plain(body.member.span))
    if typed is None or typed[1] in ("var", "await", "return", "in"):
        return None
    return bool(_CONTEXT_TYPE.search(typed[1]))


def _transaction(outline: Outline, fact: Fact) -> Region | None:
    """The transaction under which a task is started that nobody waits for."""
    held = [s for s in outline.regions if s.kind == "transaction" and s.span.contains(fact.span)]
    body = body_of(outline, fact.span) if held else None
    if body is None or _is_no_task(fact) or not (fact.dropped or _dropped(body, fact)):
        return None
    return next((s for s in body.under(fact.span, "transaction") if s.mode not in ("retried", "suppressed")), None)


def _is_no_task(fact: Fact) -> bool:
    """Whether the call only sets something up, or is a test's."""
    return fact.name.startswith("Use") or fact.target.rpartition(".")[2] == "Assert"


def _dropped(body: Body, fact: Fact) -> bool:
    """Whether the started work is a statement alone, neither awaited nor kept."""
    before = body.before(fact.span.start)
    return before in ("", "_ =") and fact.name in names_of(body.outline.language).of("starts")


def _left_alone(outline: Outline, fact: Fact, held: Region) -> Finding:
    return Finding(
        ID,
        "medium",
        "syntactic",
        f"{fact.name} is started under the {held.construct} and is not awaited.",
        "Does it use the transaction or its connection, and what happens if it runs after the transaction ends?",
        lines(outline, fact.span),
        (scope_lines(outline, held),),
        about=(fact.name, held.construct),
    )
