"""An untracked entity is changed and saved: the change is not sent.

What it flags
-------------
A query with ``AsNoTracking()`` whose result is then written to, followed by ``SaveChanges`` in the same function,
with no call (``Update``, ``Attach``, ``Entry``) that returns the entity to the context. The rule also asks when a
method of the result is called instead (``order.Ship();``), or the result is passed to a method whose name suggests a
change (``_mapper.Map(changes, order)``). A method of the same file is followed. Compared
before and after an edit: a query that is no longer tracked and whose result is changed, where a caller may save it.

Why it matters here
-------------------
``AsNoTracking`` changes no SQL and releases no lock. It detaches the result: the change tracker does not see the
write and ``SaveChanges`` sends nothing, without an exception. Inside a transaction or lock the guarded write is
silently lost, the scope completes, and the next reader sees the old row: it looks exactly like a race.

When it is fine
---------------
The result is only read or returned, is attached before the save, is a copy (``Select(... => new ...)``), or is read
again with tracking before the write; or its context ends before the write.

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
EF Core documentation, "Tracking vs. No-Tracking Queries": <https://learn.microsoft.com/ef/core/querying/tracking>; and
the remarks of ``AsNoTracking``:
<https://learn.microsoft.com/dotnet/api/microsoft.entityframeworkcore.entityframeworkqueryableextensions.asnotracking>.
That it changes neither the SQL nor a lock: EF Core's own test of an untracked query asserts a plain ``SELECT``.
"""

from __future__ import annotations

import re

from ctxreview.behaviour.affected import affected, not_told
from ctxreview.behaviour.body import CallText, body_of, root_of, source_of, starting, within
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.effects import Effect
from ctxreview.behaviour.places import lines, member_of, scope_lines
from ctxreview.behaviour.tracked import LostUpdate, lost_updates, strayed
from ctxreview.languages import load
from ctxreview.model.declarations import Function
from ctxreview.model.facts import Fact
from ctxreview.model.notation import SELF
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.regex import regex
from ctxreview.rules.context_saves import context_saves
from ctxreview.workspace.code_of_tests import is_test_code

ID = "no-tracking-write"
SEVERITY = "high"
LANGUAGES = ("csharp",)

UNTRACKED = ("AsNoTracking", "AsNoTrackingWithIdentityResolution")
NEEDS = UNTRACKED
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
        reach = _context_reach(outline, member, query)
        later = tuple(f for f in later if reach.contains(f.span))
        names = _aliases(outline, member, bound) if bound else set()
        writes = [
            f
            for f in later
            if f.kind == "write"
            and f.span.start < again
            and (_root(f.target) in names or f.span.start == query.span.start)
            and not _is_another(outline, member, query, f, names)
        ]
        saves = context_saves(later)
        if not saves or any(_reattaches(f, outline, names) for f in later if f.span < saves[-1].span):
            continue
        name = bound or "the result"
        if writes and saves[-1].span.start > writes[0].span.start:
            save = next(s for s in saves if s.span.start > writes[0].span.start)
            found.append(_finding(outline, query, name, writes[0], save))
            continue
        between = Span(query.span.end, min(again, saves[-1].span.start))
        if calls := _own_calls(outline, names, query, between):
            found.append(_maybe(outline, query, name, calls[0], saves[-1], ""))
        elif given := _given(outline, names, between):
            found.append(_maybe(outline, query, name, given.span, saves[-1], given.name))
    return found


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each update that the edit loses because what makes its query untracked stands elsewhere: a view, an extension, a compiled query."""
    found: list[Finding] = []
    pairs = [
        p for p in affected(comparison(before, after)) if any("untracked" in e.traits for e in p.after.of("query"))
    ]
    for pair in not_told(pairs, after, check(after) if pairs else ()):
        known = {lost.write.key for lost in lost_updates(pair.before)}
        lost = [one for one in lost_updates(pair.after) if one.write.key not in known]
        found += [_lost(after, one) for one in lost]
        if not known and not lost:
            found += [
                _strayed(after, query, write)
                for query, write in strayed(pair, is_called_back=_overrides(pair.after.function, after))
            ]
    return found


def _overrides(function: Function, outline: Outline) -> bool:
    head = outline.source.text(Span(function.span.start, function.opening.end)).split()
    return not load(outline.language).words.overriding.isdisjoint(head)


def _strayed(after: Outline, query: Effect, write: Effect) -> Finding:
    return Finding(
        rule=ID,
        severity="medium",
        certainty="assumed",
        message=f"What {query.name} reads here is not tracked any more, and its {write.name} is then changed: whoever saves it sends nothing.",
        question="Does a caller or a base type save what is changed here?",
        at=lines(after, query.span),
        related=(write.at._replace(what=f"writes {write.name}"),),
    )


def _lost(after: Outline, lost: LostUpdate) -> Finding:
    query, write, save = lost.query, lost.write, lost.save
    held = _under(after, query.span)
    where = f" under the {held}" if held else ""
    holds = dict.fromkeys(h.region for h in query.holds if h.own and h.outline is after)
    return Finding(
        rule=ID,
        severity="high" if lost.certain else "medium",
        certainty="resolved" if lost.certain else "assumed",
        message=(
            f"The result of {query.name} is not tracked, and its {write.name} is then changed and saved{where}: "
            "the change tracker does not see the change, and SaveChanges does not send it."
        ),
        question=f"Is the row meant to be updated here? If so, it must stay tracked, or be attached before {save.name}.",
        at=lines(after, query.span),
        related=(
            write.at._replace(what=f"writes {write.name}"),
            save.at._replace(what=save.name),
            *(scope_lines(after, region) for region in holds),
        ),
    )


def given_untracked(outline: Outline, member: Function) -> Fact | None:
    """The untracked query whose entities a function gives to whoever calls it, whatever its arguments are."""
    body = body_of(outline, member.span)
    for query in within(outline, member.span) if body is not None else ():
        if body is None or query.kind != "tracking" or query.name not in UNTRACKED or _copies(outline, query):
            continue
        block = body.block(query.span.start)
        if block.start > member.opening.end and re.search(r"\S", body.plain(Span(member.opening.end + 1, block.start))):
            continue  # in a branch, as where a parameter asks for it
        statement = re.split(r"[;{}]", body.plain(Span(member.opening.start, query.span.start)))[-1]
        bound = _bound(outline, member, query)
        rest = body.plain(Span(query.span.end, member.span.end))
        returned = re.findall(r"\breturn\b([^;]*);", rest)
        if " ? " in statement or "AsTracking(" in rest:
            continue
        if re.search(r"\breturn\b|=>", statement) or (
            bound and any(re.search(rf"(?<![\w.]){re.escape(bound)}\b", given) for given in returned)
        ):
            return query
    return None


def _chain(outline: Outline, query: Fact) -> Span:
    """The query with all its calls."""
    return max((f.span for f in starting(outline, query.span.start) if f.kind != "write"), key=_end)


def _end(span: Span) -> int:
    return span.end


def _copies(outline: Outline, query: Fact) -> bool:
    """Whether the query makes new objects, which no context would track in any case."""
    return bool(re.search(r"\.Select\([^;]*?=>\s*new\b", outline.source.text(_chain(outline, query))))


def _bound(outline: Outline, member: Function, query: Fact) -> str:
    """The variable that gets the result, or an element of it; ``""`` where none does."""
    if query.result.isidentifier():
        return query.result
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
    if fact.kind != "read" or fact.result != bound or fact.span.start <= query.span.end:
        return False
    return not any(f"{name}(" in outline.source.text(fact.span) for name in UNTRACKED)


def _context_reach(outline: Outline, member: Function, query: Fact) -> Span:
    """The block at whose end a local context is gone, or the member: what is saved after it goes by another context."""
    body = body_of(outline, query.span)
    context = re.escape(root_of(source_of(query.target)))
    if body is None or not context:
        return member.span
    for block in body.blocks(query.span.start)[:-1]:
        shift = max(member.span.start, block.start - 300)
        head = re.split(r"[;{}]", body.plain(Span(shift, block.start)))[-1]
        if re.search(rf"\w[>?\]]*\s+{context}\s*=[^=>]", head + body.plain(Span(block.start, query.span.start))):
            return block
    return member.span


def _is_another(outline: Outline, member: Function, query: Fact, write: Fact, names: set[str]) -> bool:
    """Whether the variable got something else last, or a tracked entity, before it is written to."""
    name = _root(write.target)
    before = outline.source.text(Span(member.span.start, write.span.start))
    given = re.findall(rf"(?<![\w.]){re.escape(name)}\s*=(?![=>])([^;]*);", before)
    if name not in names or not given or outline.source.text(query.span) in given[-1]:
        return False
    of = "|".join(map(re.escape, names))
    return "AsTracking(" in given[-1] or not re.search(rf"\b(?:{of}|{'|'.join(NEEDS)})\b", given[-1])


def _aliases(outline: Outline, member: Function, name: str) -> set[str]:
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
        names = names - {query.result}
    found = []
    for name in names:
        call = rf"[;{{}})]\s*((?:await\s+)?{re.escape(name)}\s*[!?]?\.\s*(?!{_READS_ONLY})\w+\s*\()"
        for hit in re.finditer(call.encode(), source.data[between.start : between.end]):
            found.append(Span(between.start + hit.start(1), between.start + hit.end(1)))
    return sorted(found)


_CHANGES = regex(
    r"(?:Apply|Patch|Modify|Change|Mark|Assign|Fill|Populate|Increment|Decrement|Mutate|Edit|Touch|Set(?=[A-Z](?!alues)))(?![a-z])"
)
_SECOND = ("Map", "Adapt", "CopyTo")
"""They write into what they are given second."""


def _given(outline: Outline, names: set[str], between: Span) -> CallText | None:
    """The call that is handed the entity and changes it, as its body shows or its name says."""
    body = body_of(outline, between)
    for call in body.calls if body is not None else ():
        arguments = re.split(r",(?![^()\[\]]*[)\]])", call.given) if between.contains(call.span) else []
        places = [i for i, a in enumerate(arguments) if a.strip() in names]
        if not places or call.creates:
            continue
        own = [f for f in outline.functions if f.name == call.name] if call.on in ("", SELF) else []
        if own and any(_sets(outline, f, i) for f in own for i in places):
            return call
        if not own and (_CHANGES.match(call.name) or (call.base in _SECOND and places[0] == 1)):
            return call
    return None


def _sets(outline: Outline, function: Function, index: int) -> bool:
    """Whether a function sets something of its parameter with that index, from 0."""
    head, body = (
        outline.source.text(function.opening),
        outline.source.text(Span(function.opening.end, function.span.end)),
    )
    declared = re.search(r"\((.*)\)", head, re.S)
    parameters = re.split(r",(?![^<>()\[\]]*[>)\]])", declared[1]) if declared else []
    named = re.search(r"(\w+)\s*(?:=.*)?$", parameters[index].strip()) if index < len(parameters) else None
    return named is not None and bool(
        re.search(rf"\b{re.escape(named[1])}\s*!?\.\s*\w+\s*(?:(?:[-+*/|&^%]|\?\?)?=(?![=>])|\+\+|--)", body)
    )


def _finding(outline: Outline, query: Fact, name: str, write: Fact, save: Fact) -> Finding:
    held = _under(outline, query.span)
    where = f" under the {held}" if held else ""
    return Finding(
        rule=ID,
        severity="note" if is_test_code(outline.source.path) else "high",  # a test of tracking does so on purpose
        certainty="syntactic",
        message=(
            f"{query.name} detaches `{name}`, whose {write.name} is then changed and saved{where}: "
            "the change tracker does not see the change, and SaveChanges does not send it."
        ),
        question=f"Is `{name}` meant to be updated here? If so, it must stay tracked, or be attached before {save.name}.",
        at=lines(outline, query.span),
        related=(
            lines(outline, write.span, f"writes {write.name}"),
            lines(outline, save.span, save.name),
            *(scope_lines(outline, s) for s in outline.regions if outline.under(query.span, s)),
        ),
        about=(query.name, name, write.name, held),
    )


def _maybe(outline: Outline, query: Fact, name: str, call: Span, save: Fact, given: str) -> Finding:
    held = _under(outline, query.span)
    where = f" under the {held}" if held else ""
    what = f"`{given}` then receives it" if given else "one of its methods is then called"
    return Finding(
        rule=ID,
        severity="note" if is_test_code(outline.source.path) else "medium",
        certainty="assumed",
        message=(
            f"{query.name} detaches `{name}`; {what}, and {save.name} follows"
            f"{where}: changes that the method makes are not sent."
        ),
        question=f"Does the call change `{name}`? If so, it must stay tracked, or be attached before {save.name}.",
        at=lines(outline, query.span),
        related=(
            lines(outline, call, "may change it"),
            lines(outline, save.span, save.name),
            *(scope_lines(outline, s) for s in outline.regions if outline.under(query.span, s)),
        ),
        about=(query.name, name, given, save.name, held),
    )


def _under(outline: Outline, query: Span) -> str:
    """The construct under which the query runs; ``""`` for none."""
    held = [s for s in outline.regions if outline.under(query, s)]
    return held[0].construct if held else ""
