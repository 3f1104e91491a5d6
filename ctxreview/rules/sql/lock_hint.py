"""An edit changes how a query locks: a hint, or a tag that may stand for one, is removed or added.

What it flags
-------------
``FOR UPDATE``, ``FOR SHARE``, ``UPDLOCK``, ``HOLDLOCK``, ``XLOCK`` and their kin that an edit removes from the SQL of
a file; ``NOLOCK``, ``READUNCOMMITTED`` and ``READPAST`` that it adds where something is saved or a transaction is
open; a ``TagWith`` that it removes. A ``LockMode.Upgrade``, ``FileShare.None`` or ``When.NotExists`` that a function
no longer passes, itself or through a helper.

Why it matters here
-------------------
At most isolation levels the hint is what keeps the row unchanged from the read to the end of the transaction. LINQ
cannot express it. With ``NOLOCK`` a decision can rest on rows that are later rolled back. An interceptor of the
project may turn a tag into the hint.

When it is fine
---------------
The statement became one that checks and writes in one step, a token guards the row, or the result is only displayed.

Example
-------
```csharp
class C {
    void M() {
        using var tx = _db.Database.BeginTransaction();
        var job = _db.Jobs.OrderBy(j => j.Id).First();
        job.Taken = true;
        _db.SaveChanges();
        tx.Commit();
    }
}
```

Instead
-------
```csharp
class C {
    void M() {
        using var tx = _db.Database.BeginTransaction();
        var job = _db.Jobs.FromSqlRaw("SELECT id, taken FROM jobs LIMIT 1 FOR UPDATE").Single();
        job.Taken = true;
        _db.SaveChanges();
        tx.Commit();
    }
}
```

Source
------
SQL Server documentation, "Table Hints": <https://learn.microsoft.com/sql/t-sql/queries/hints-transact-sql-table>. An
issue of EF Core: <https://github.com/dotnet/efcore/issues/26042>. EF Core documentation, "Interceptors":
<https://learn.microsoft.com/ef/core/logging-events-diagnostics/interceptors>. A commit of CAP and the one that reverts
it: <https://github.com/dotnetcore/CAP/commit/0a94921e> and <https://github.com/dotnetcore/CAP/commit/d918ea8f>. A
commit of MassTransit: <https://github.com/MassTransit/MassTransit/commit/b1039e85e>. One of Hangfire, which argues the
trade-off: <https://github.com/HangfireIO/Hangfire/commit/c2d4b57b>.
"""

from __future__ import annotations

import re
from collections import Counter

from ctxreview.behaviour.affected import affected, not_told
from ctxreview.behaviour.body import body_of
from ctxreview.behaviour.comparison import Pair, comparison
from ctxreview.behaviour.effects import Effect
from ctxreview.behaviour.lock_usage import masked_source, own_uses
from ctxreview.behaviour.member_diff import Change, changes, saves
from ctxreview.behaviour.places import lines
from ctxreview.behaviour.strictness import Loosened, is_asked_still, loosened
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.model.source import Lines, Span
from ctxreview.regex import regex

ID = "lock-hint"
SEVERITY = "high"
LANGUAGES = ("csharp",)

_HINT = regex(
    r"\b(FOR\s+(?:NO\s+KEY\s+|KEY\s+)?(?:UPDATE|SHARE)|LOCK\s+IN\s+SHARE\s+MODE|UPDLOCK|HOLDLOCK|XLOCK|TABLOCKX?|PAGLOCK"
    r"|ROWLOCK|SERIALIZABLE|REPEATABLEREAD|NOLOCK|READUNCOMMITTED|READ\s+UNCOMMITTED|READPAST|SKIP\s+LOCKED)\b",
    re.IGNORECASE,
)
WEAK = ("NOLOCK", "READUNCOMMITTED", "READ UNCOMMITTED", "READPAST", "SKIP LOCKED")
_CHANGES = regex(r"(?i)\bupdate\s+\S+(?:\s+\w+)?\s+set\b|\binsert\s+into\b|\bdelete\s+from\b|\bmerge\s+into\b")
_SOME = regex(r"(?i)\b(?:limit|top|fetch\s+(?:first|next))\b")
"""What asks for some rows: whichever of them nobody has."""
_NAMED = regex(rb"[\w>?]\s+(\w+)\s*=\s*[$@\"]*$")  # of a declaration
_LOCKING_TAG = regex(r"(?i)lock|for\s*_?update|hint")


def compare(before: Outline, after: Outline) -> list[Finding]:
    """The hints that the file's SQL lost, the weak ones that it gained, and the tags that are gone."""
    old, new = _hints(before), _hints(after)
    lost, gained = _counts(old) - _sent(new, after), _counts(new) - _sent(old, before)
    found = []
    places: dict[Span, list[str]] = {}
    for hint in lost:
        if hint not in WEAK or hint == "READPAST":
            place = next(s for h, s in old if h == hint)
            places.setdefault(place, []).append(hint)
    found += [_lost(hints, p, gained, before, after) for p, hints in places.items() if not _deleted(p, before, after)]
    for hint in gained:
        if hint in WEAK:
            place = [s for h, s in new if h == hint][-1]
            found += _weak(hint, place, before, after)
    for change in changes(before, after):
        found += _untagged(change, after)
    for pair in not_told(affected(comparison(before, after)), after, found):
        found += [
            _shared(pair, one)
            for one in loosened(pair)
            if (
                _count(one.word, after) < _count(one.word, before)
                or _is_unused(one.before, after)
                or is_asked_still(pair, one)
            )
            and (not _is_gone(one.before, before, after) or _goes_there(pair))
        ]
    return found


def _count(word: str, outline: Outline) -> int:
    return outline.source.data.count(word.encode())


def _shared(pair: Pair, one: Loosened) -> Finding:
    """What is no longer asked for alone."""
    return Finding(
        ID,
        "medium",
        "resolved",
        f"{pair.after.function.name} no longer requests {one.word}: others can now hold the same one at the same time.",
        "What keeps another session or process from taking the same row, file or key?",
        pair.after.effects[0].at._replace(what="") if pair.after.effects else one.before.at,
        (one.before.at._replace(what=f"{one.word}, before the edit"),),
    )


def _is_gone(said: Effect, before: Outline, after: Outline) -> bool:
    """Whether a word stood in a helper that the edit takes away: what asked with it asks for nothing any more."""
    return any(f.name in said.path[-1:] for f in before.functions) and not any(
        f.name in said.path[-1:] for f in after.functions
    )


def _is_unused(said: Effect, after: Outline) -> bool:
    """Whether a word stands in a helper that nobody names any more."""
    return bool(said.path) and len(re.findall(rf"\b{re.escape(said.path[-1])}\b".encode(), masked_source(after))) == 1


def _goes_there(pair: Pair) -> bool:
    """Whether a function goes to what it asked for in other ways: it reads there, and writes."""
    fresh = [e for e in pair.after.of("io") if e.number not in pair.was]
    names = {e.key for e in fresh}
    return len(names) > 1 and any(pair.after.decides(a, b) for b in fresh for a in fresh if a.number < b.number)


def _hints(outline: Outline) -> list[tuple[str, Span]]:
    """The hints in the file's SQL, each with its literal."""
    return [
        (" ".join(hit[1].upper().split()), fact.span)
        for fact in outline.facts
        if fact.kind == "sql-hint"
        for hit in _HINT.finditer(outline.source.text(fact.span))
    ]


def _counts(hints: list[tuple[str, Span]]) -> Counter[str]:
    return Counter(hint for hint, _ in hints)


def _sent(hints: list[tuple[str, Span]], outline: Outline) -> Counter[str]:
    """The hints as often as they are sent: a text that a name stands for counts wherever that is used."""
    found = Counter[str]()
    for hint, place in hints:
        found[hint] += _uses(place, outline)
    return found


def _uses(place: Span, outline: Outline) -> int:
    """How often a literal is used that a variable or constant is declared as; once where it is none."""
    named = _NAMED.search(outline.source.data[max(0, place.start - 200) : place.start])
    if named is None:
        return 1
    code, body = masked_source(outline), body_of(outline, place)
    if body is not None:
        code = code[body.member.span.start : body.member.span.end]
    return max(1, sum(1 for _ in own_uses(named[1].decode("utf-8", "replace"), code)) - 1)


def _deleted(place: Span, before: Outline, after: Outline) -> bool:
    """Whether the query went with its member."""
    body = body_of(before, place)
    return body is not None and all(c.before is not body for c in changes(before, after))


def _lost(hints: list[str], place: Span, gained: Counter[str], before: Outline, after: Outline) -> Finding:
    change = next((c for c in changes(before, after) if c.before.member.span.contains(place)), None)
    at = change.at() if change is not None else Lines(after.source.path, 1, 1)
    stronger = any(h not in WEAK for h in gained)
    severity: Severity = "low"
    if any(h not in ("ROWLOCK", "PAGLOCK") for h in hints):
        severity = "medium" if stronger or hints == ["READPAST"] else "high"
    return Finding(
        ID,
        severity,
        "syntactic",
        f"The edit removes {', '.join(hints)} from the SQL: the rows that it reads are no longer locked that way."
        if hints != ["READPAST"]
        else "The edit removes READPAST from the SQL: the query now waits for rows that others have locked.",
        "What keeps another session from reading or changing the same rows until the transaction ends?",
        at,
        (lines(before, place, f"{hints[0]}, before the edit"),),
    )


def _weak(hint: str, place: Span, before: Outline, after: Outline) -> list[Finding]:
    change = next((c for c in changes(before, after) if c.after.member.span.contains(place)), None)
    if change is None and body_of(after, place) is not None:
        return []  # the member is new
    decides = change is not None and bool(saves(change.after)) and hint not in ("READPAST", "SKIP LOCKED")
    text = after.source.text(place)
    alone = bool(_CHANGES.search(text))  # what it reads decides what the same text writes
    locks = not _SOME.search(text) and any(" ".join(h.upper().split()) not in WEAK for h in _HINT.findall(text))
    if not decides and not alone and not locks and (change is None or not change.after.under(place, "transaction")):
        return []
    skips = hint in ("READPAST", "SKIP LOCKED")
    return [
        Finding(
            ID,
            "high" if decides else "medium",
            "syntactic",
            f"The edit adds {hint} to a query "
            + (
                "in a method that also saves"
                if decides
                else "that also writes"
                if alone
                else "that locks all rows it reads"
                if locks
                else "under a transaction"
            )
            + (": it skips rows that others have locked." if skips else ": it reads uncommitted data."),
            "Does a write depend on what is read here?",
            lines(after, place, hint),
        )
    ]


def _untagged(change: Change, after: Outline) -> list[Finding]:
    found = []
    for call in change.gone("TagWith"):
        locking = bool(_LOCKING_TAG.search(call.given))
        intercepted = b"CommandInterceptor" in after.source.data
        if locking or intercepted or change.before.under(call.span, "transaction"):
            found.append(
                Finding(
                    ID,
                    "high" if locking and intercepted else "medium" if locking or intercepted else "low",
                    "syntactic" if intercepted else "assumed",
                    f"The edit removes TagWith({call.given[:40]}).",
                    "Does an interceptor of the project turn this tag into a hint or a lock?",
                    change.at(),
                    (change.was(call.span, "TagWith"),),
                )
            )
    return found
