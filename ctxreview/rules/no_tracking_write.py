"""An untracked entity is changed and saved: the change is not sent.

What it flags
-------------
A query with ``AsNoTracking()`` whose result is written to afterwards, with ``SaveChanges`` after the write in
the same function and nothing (``Update``, ``Attach``, ``Entry``) that hands the entity back to the context. Where the
result's own method is called instead (``order.Ship();``), the rule asks: the method may change it.

Why it matters here
-------------------
``AsNoTracking`` changes no SQL and releases no lock. It detaches the result: the change tracker does not see the
write and ``SaveChanges`` sends nothing, without an exception. Inside a transaction or lock the guarded write is
silently missing, the scope completes, and the next reader sees the old row: it looks exactly like a race.

When it is fine
---------------
The result is only read or returned, is attached again before it is saved, is a copy (``Select(... => new ...)``), or is
read again with tracking before the write.

Example
-------
```csharp
class C {
    void M(int id) {
        var row = _db.Rows.AsNoTracking().First(r => r.Id == id);
        row.State = 1;
        _db.SaveChanges();
    }
}
```

Instead
-------
```csharp
class C {
    void M(int id) {
        var row = _db.Rows.First(r => r.Id == id);
        row.State = 1;
        _db.SaveChanges();
    }
}
```

Source
------
EF Core documentation, "Tracking vs. No-Tracking Queries".
"""

from __future__ import annotations

import re

from ctxreview.model import Fact, Finding, Outline, Scope, Span
from ctxreview.rules.code import starting, within
from ctxreview.rules.places import lines, member_of, scope_lines

ID = "no-tracking-write"
SEVERITY = "high"

UNTRACKED = frozenset({"AsNoTracking", "AsNoTrackingWithIdentityResolution"})
NEEDS = tuple(sorted(UNTRACKED))
REATTACHES = frozenset({"Update", "UpdateRange", "Attach", "AttachRange", "Entry"})


_ELEMENT = r"\.\s*(?:First|Last|Single|ElementAt|Find|ToList|ToArray|AsEnumerable|AsAsyncEnumerable)\w*\s*\("
_READS_ONLY = r"(?:Get|To|Is|Has|Dispose|Validate|Verify|Ensure|Assert|Check|Throw|Log|Print|Write|Copy|Equals)"


def check(outline: Outline) -> list[Finding]:
    """Each untracked query whose result is changed and saved in the same function."""
    found = []
    for query in outline.facts:
        if query.kind != "tracking" or query.name not in UNTRACKED:
            continue
        member = member_of(outline, query.span)
        if member is None or _copies(outline, query):
            continue
        bound = _bound(outline, member, query)
        later = within(outline, Span(query.span.start, member.span.end))
        again = next((f.span.start for f in later if _reads_again(outline, f, query, bound)), member.span.end)
        names = _aliases(outline, member, bound) if bound else set()
        writes = [
            f
            for f in later
            if f.kind == "write"
            and f.span.start < again
            and (_root(f.target) in names or f.span.start == query.span.start)
        ]
        saves = [f for f in later if f.kind == "save" and f.name.startswith("SaveChanges")]
        if not saves or any(_reattaches(f, outline, names) for f in later if f.span < saves[-1].span):
            continue
        name = bound or "the result"
        if writes and saves[-1].span.start > writes[0].span.start:
            save = next(s for s in saves if s.span.start > writes[0].span.start)
            found.append(_finding(outline, query, name, writes[0], save))
        elif calls := _own_calls(outline, names, query, Span(query.span.end, min(again, saves[-1].span.start))):
            found.append(_maybe(outline, query, name, calls[0], saves[-1]))
    return found


def _chain(outline: Outline, query: Fact) -> Span:
    """The query with all its calls."""
    return max((f.span for f in starting(outline, query.span.start) if f.kind != "write"), key=_end)


def _end(span: Span) -> int:
    return span.end


def _copies(outline: Outline, query: Fact) -> bool:
    """Whether the query makes new objects, which no context tracks in any case."""
    return bool(re.search(r"\.Select\([^;]*?=>\s*new\b", outline.source.text(_chain(outline, query))))


def _bound(outline: Outline, member: Scope, query: Fact) -> str:
    """The variable that gets the result, or an element of it; ``""`` where none does."""
    if query.detail.isidentifier():
        return query.detail
    source = outline.source
    named = re.match(
        r"[\s)]*is\s+(?:not\s+)?(?:\{[^}]*\}|[\w.<>?]+)\s+(\w+)",
        source.text(Span(_chain(outline, query).end, member.span.end)),
    )
    if named:
        return named[1]
    statement = re.split(r"[;{}]", source.text(Span(member.span.start, query.span.start)))[-1]
    assigned = re.search(r"(?:^|[\s(])(\w+)\s*=(?![=>])", statement)
    return assigned[1] if assigned else ""


def _reads_again(outline: Outline, fact: Fact, query: Fact, bound: str) -> bool:
    """Whether the variable gets another, tracked entity."""
    if fact.kind != "read" or fact.detail != bound or fact.span.start <= query.span.end:
        return False
    return not any(f"{name}(" in outline.source.text(fact.span) for name in UNTRACKED)


def _aliases(outline: Outline, member: Scope, name: str) -> set[str]:
    """The variable, and what elements of it are called: taken from it, in loops and in lambdas over it."""
    code = outline.source.text(member.span)
    names: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one in names:
            continue
        names.add(one)
        of = rf"(?:await\s+)?{re.escape(one)}\b"
        waiting += re.findall(rf"\bforeach\s*\(\s*[\w<>\[\],.?]+\s+(\w+)\s+in\s+{of}", code)
        waiting += re.findall(rf"\b(\w+)\s*=\s*{of}(?:[^;=]*?{_ELEMENT}|\s*\[|\s*!?\s*;)", code)
        waiting += re.findall(rf"\b{re.escape(one)}\s*\??\.\s*ForEach\s*\(\s*\(?\s*(?:\w+\s+)?(\w+)\s*\)?\s*=>", code)
    return names


def _root(target: str) -> str:
    return re.split(r"[.\[?(!]", target, maxsplit=1)[0]


def _reattaches(fact: Fact, outline: Outline, names: set[str]) -> bool:
    if fact.kind != "tracking" or fact.name not in REATTACHES:
        return False
    given = outline.source.text(fact.span)
    return any(re.search(rf"\(\s*(?:\w+\s*:\s*)?{re.escape(n)}\b", given) for n in names)


def _own_calls(outline: Outline, names: set[str], query: Fact, between: Span) -> list[Span]:
    """Statements that call the entity's own methods, which may change it: ``order.Ship();``."""
    source = outline.source
    if re.search(r"\.To(List|Array|Dictionary|HashSet)\w*\(", source.text(_chain(outline, query))):
        names = names - {query.detail}
    found = []
    for name in names:
        call = rf"[;{{}})]\s*((?:await\s+)?{re.escape(name)}\s*[!?]?\.\s*(?!{_READS_ONLY})\w+\s*\()"
        for hit in re.finditer(call.encode(), source.data[between.start : between.end]):
            found.append(Span(between.start + hit.start(1), between.start + hit.end(1)))
    return sorted(found)


def _finding(outline: Outline, query: Fact, name: str, write: Fact, save: Fact) -> Finding:
    return Finding(
        rule=ID,
        severity="high",
        certainty="syntactic",
        message=(
            f"{query.name} detaches `{name}`, whose {write.name} is then changed and saved{_under(outline, query)}: "
            "the change tracker does not see the change, and SaveChanges does not send it."
        ),
        question=f"Is `{name}` meant to be updated here? If so it has to stay tracked, or be attached before {save.name}.",
        at=lines(outline, query.span),
        related=(
            lines(outline, write.span, f"writes {write.name}"),
            lines(outline, save.span, save.name),
            *(scope_lines(outline, s) for s in outline.holds if outline.under(query, s)),
        ),
    )


def _maybe(outline: Outline, query: Fact, name: str, call: Span, save: Fact) -> Finding:
    return Finding(
        rule=ID,
        severity="medium",
        certainty="assumed",
        message=(
            f"{query.name} detaches `{name}`; a method of its own is then called, and {save.name} follows"
            f"{_under(outline, query)}: what that method changes is not sent."
        ),
        question=f"Does the call change `{name}`? If so it has to stay tracked, or be attached before {save.name}.",
        at=lines(outline, query.span),
        related=(
            lines(outline, call, "calls its method"),
            lines(outline, save.span, save.name),
            *(scope_lines(outline, s) for s in outline.holds if outline.under(query, s)),
        ),
    )


def _under(outline: Outline, query: Fact) -> str:
    held = [s for s in outline.holds if outline.under(query, s)]
    return f" under the {held[0].construct}" if held else ""
