"""A failure is caught and ignored although the data depends on it.

What it flags
-------------
A ``catch`` of a concurrency exception that is empty or only logs; a ``catch`` inside a transaction that continues to
the commit after a save in its ``try`` failed. Compared before and after an edit: a loop that came to its end by the
failure which says that its caller has stopped, and that catches it now and goes on.

Why it matters here
-------------------
A concurrency exception means that someone else changed the row: when it is ignored, this change is lost and nobody
learns of it. Inside a transaction, the work before the failure is committed without the part that failed. A worker that
catches its own cancellation fails at each turn until the process is killed, in the middle of whatever it does.

When it is fine
---------------
The handler reads the row again, reports the failure to the caller, or the failed part is optional, and a comment or
message says that the conflict is expected. A loop of a worker does the work again, and asks itself whether it has to stop.

Example
-------
```csharp
class C {
    void M(Row row) {
        try { row.State = 1; _db.SaveChanges(); }
        catch (DbUpdateConcurrencyException e) { _log.Warn(e); }
    }
}
```

Instead
-------
```csharp
class C {
    void M(Row row) {
        try { row.State = 1; _db.SaveChanges(); }
        catch (DbUpdateConcurrencyException e) { throw new Conflict(e); }
    }
}
```

Source
------
EF Core documentation, "Handling Concurrency Conflicts": <https://learn.microsoft.com/ef/core/saving/concurrency>. .NET
API documentation, ``TransactionScope.Complete``:
<https://learn.microsoft.com/dotnet/api/system.transactions.transactionscope.complete>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctxreview.behaviour.affected import affected
from ctxreview.behaviour.body import Body, body_of, holding, within
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.halting import endless
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.languages import load
from ctxreview.languages.behaviour import names_of
from ctxreview.languages.words import any_of
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.regex import regex
from ctxreview.rules.prefilter import CONFLICT, TRANSACTION

ID = "swallowed-failure"
SEVERITY = "medium"
NEEDS = (CONFLICT, TRANSACTION)

_EXPECTED = regex(
    r"(?i)\b(?:expected|on purpose|deliberate(?:ly)?|intentional(?:ly)?|by design|harmless|(?:safe|fine|okay?) to ignore)\b"
)
"""What a comment or message in a handler says of why nothing has to be done."""
_COUNTED = frozenset(("for",))
"""Loops that end after some turns, and the work with them."""


def check(outline: Outline) -> list[Finding]:
    """Each forgotten concurrency exception, and each handler in a transaction that goes on to the commit."""
    found = []
    words, about = load(outline.language).words, names_of(outline.language)
    leaves = re.compile(rf"\b{any_of(words.leaving)}\b|{about.text('fails')}")
    for fact in outline.facts:
        if fact.kind == "token" and fact.name.endswith(words.thrown):
            body = body_of(outline, fact.span)
            block = _block_after(body, fact.span.end) if body is not None else None
            if (
                body is not None
                and block is not None
                and _only_logs(body, block)
                and not _is_done_again(body, fact.span)
            ):
                if _EXPECTED.search(outline.source.text(block)):
                    continue
                found.append(_forgotten(outline, fact.name, fact.span))
    for body, scope in holding(outline, "transaction"):
        if scope.form not in ("block", "declaration") or not scope.completes_at:
            continue
        last = scope.completes_at[-1]
        if body.blocks(last.start)[0] != scope.span and body.opener(body.block(last.start)) in ("if", "else", "case"):
            continue  # completed on a condition, which the handler may decide
        for tried, caught in _handlers(body, scope.span):
            saved = [f for f in within(outline, tried) if f.kind == "save" and outline.under(f.span, scope)]
            if (
                saved
                and caught.end <= last.start
                and not about.pattern("says_failed").search(body.plain(tried))
                and not leaves.search(body.plain(caught))
            ):
                found.append(
                    Finding(
                        ID,
                        "medium",
                        "syntactic",
                        f"When {saved[0].name} fails, the handler continues and the {scope.construct} is completed.",
                        "Is the work before the failure correct without the part that failed?",
                        lines(outline, caught),
                        (lines(outline, saved[0].span, saved[0].name), scope_lines(outline, scope)),
                        about=(saved[0].name, scope.construct),
                    )
                )
    return found


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each loop that nothing stops any more."""
    both = comparison(before, after)
    return [
        Finding(
            ID,
            "medium",
            "resolved",
            "The handler now also catches the exception with which a caller stops the loop around it: the loop goes on.",
            "What ends the loop when the caller asks for it?",
            lines(after, one.caught),
            (lines(after, Span(one.loop.start, one.loop.start), "the loop"),),
        )
        for pair in affected(both)
        for one in endless(both, pair)
    ]


def _forgotten(outline: Outline, name: str, at: Span) -> Finding:
    return Finding(
        ID,
        "medium",
        "syntactic",
        f"{name} is caught and ignored: the conflicting change is lost.",
        "Who learns of it, or what is read and done again?",
        lines(outline, at),
        about=(name,),
    )


def _block_after(body: Body, at: int) -> Span | None:
    """The braces that follow a ``catch (…)`` and its filter."""
    shift, masked = body.member.span.start, body.code.masked
    while at - shift < len(masked):
        char = masked[at - shift : at - shift + 1]
        if char in (b"{", b"("):
            end = body.code.partner.get(at - shift)
            if end is None:
                return None
            if char == b"{":
                return Span(at, end + 1 + shift)
            at = end + shift
        at += 1
    return None


def _is_done_again(body: Body, caught: Span) -> bool:
    """Whether the handler ends a turn of a loop that goes on until it is told to stop: what it tried is tried again."""
    words = load(body.outline.language).words
    around = body.opener(body.block(caught.start))
    return around in words.looping - {words.each, *_COUNTED}


def _only_logs(body: Body, block: Span) -> bool:
    inside = body.plain(Span(block.start + 1, block.end - 1))
    return not names_of(body.outline.language).pattern("logging").sub("", inside).strip()


def _handlers(body: Body, within_: Span) -> Iterator[tuple[Span, Span]]:
    """The blocks of each ``try`` and ``catch`` inside a span."""
    shift, masked = body.member.span.start, body.code.masked
    words = load(body.outline.language).words
    catch = re.compile(rf"\b{any_of(words.catching)}\b\s*".encode())
    try_ = re.compile(rf"\b{any_of(words.trying)}\s*$".encode())
    tried: Span | None = None
    for hit in catch.finditer(masked, within_.start - shift, within_.end - shift):
        end = len(masked[: hit.start()].rstrip())
        start = body.code.partner.get(end - 1)
        caught = _block_after(body, hit.end() + shift)
        if start is None or caught is None:
            continue
        before = Span(start + shift, end + shift)
        if body.opener(before) in words.trying and try_.search(masked[:start]):
            tried = before
        if tried is not None:
            yield tried, caught
