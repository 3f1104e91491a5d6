"""A transaction or lock without a comment that says why.

What it flags
-------------
A transaction or an explicit lock without a comment at its head (directly above the statement, or beside it) that says
what it protects. A comment that only repeats the statement (``// take the lock``) does not count. For a lock, a
comment at the declaration of the locked field counts for all its uses.

``lint`` tells it once a file, with the lines of the others, unless the rule is asked for by name (``--select missing-intent``).

Why it matters here
-------------------
The next reader, person or model, sees a slow construct without a reason and suggests removing it.

When it is fine
---------------
The comment is there. Whether it is true is for a person to judge. Or the lock says by itself what it protects: it is a collection, its
field is named after another one (``_cacheLock`` beside ``_cache``), or the comment of its type speaks of it. Tests are not
asked, nor methods that open a scope for others or only run what they are given under one.

Example
-------
```csharp
class C {
    void M() {
        using (var tx = _db.Database.BeginTransaction()) {
            tx.Commit();
        }
    }
}
```

Instead
-------
```csharp
class C {
    void M() {
        // Two workers must not claim the same row: the read has to keep its lock until the commit.
        using (var tx = _db.Database.BeginTransaction()) {
            tx.Commit();
        }
    }
}
```

Source
------
The incident this project starts from: see the README. What such a comment has to say of a ``TransactionScope`` depends
on its documentation: <https://learn.microsoft.com/dotnet/api/system.transactions.transactionscope>.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from functools import cached_property

from ctxreview.behaviour.body import body_of
from ctxreview.behaviour.lock_usage import is_collection
from ctxreview.behaviour.places import scope_lines
from ctxreview.kept import kept
from ctxreview.model.declarations import Member, TypeDecl
from ctxreview.model.notation import SELF, without_self
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.regex import regex
from ctxreview.rules.prefilter import LOCK, TRANSACTION
from ctxreview.workspace.code_of_tests import is_test_code

ID = "missing-intent"
SEVERITY = "note"
NEEDS = (LOCK, TRANSACTION)


FORMS = ("block", "declaration", "acquire-release")
"""The scopes that a statement opens, above which a comment can stand."""

_REPEATS = """
    a access accesses acquire acquired an and are around at atomic atomically await be been before begin being block by code
    commit concurrent concurrently connection create critical db database do done dispose each ensure enter entering entry
    exclusive exclusively execute executed exit field first for from get grab guard guarded has have here hold holding if in
    inside is isolation it its leave let level lock locker locking make makes must mutex mutual mutually monitor need needed
    needs new next no not now object of on once one only open our out over perform protect protected read reader release
    root run safe safely safety scope section semaphore shared should single so some start started still sync synchronisation
    synchronise synchronization synchronize synchronized take taken task tasks the then there these this thread threads
    threading threadsafe time to todo fixme hack tran transaction transactional tx under unlock us use used using via wait
    waiting was we while will with within wrap wrapped write writer xxx you
"""
"""Words that say no more than that there is a transaction or lock; the statement's own words say no more either."""

_MARKS = regex(r"^[ \t]*(?:///?|/\*+|\*(?!/))|\*/", re.MULTILINE)
_TAG = regex(r"<[^<>\"]*(?:\"([^\"]*)\")?[^<>]*>")
_NO_PROSE = regex(r"(?i)\s*(?:ctxreview:|resharper |nosonar|nolint|pragma |#|[-=*/\s]*$)|.*[;{}]\s*$")
_ENDS = b";{}"


ONCE = "note"
"""``lint`` tells one of that severity a file."""


def check(outline: Outline) -> list[Finding]:
    """Each transaction and explicit lock of which nothing says why: no comment at its head or at the lock's field, and no name or type."""
    if is_test_code(outline.source.path):
        return []
    plain = _Plain(outline)
    return [
        Finding(
            rule=ID,
            severity="note",
            certainty="syntactic",
            message=f"The {scope.construct} has no comment that says what it protects."
            if not comment_at(scope, outline)
            else f"The comment at the {scope.construct} only repeats the statement and does not say what it protects.",
            question="Why is it here, and what under it must not change? Write it above.",
            at=scope_lines(outline, scope),
            about=(scope.construct, "comment" if comment_at(scope, outline) else ""),
        )
        for scope in outline.regions
        if scope.form in FORMS
        and scope.certainty != "assumed"
        and not is_told(scope, outline)
        and not plain.covers(scope)
    ]


class _Plain:
    """Which scopes of a file need no comment: what they are looked up by is gathered once."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self._delegates = [f for f in outline.facts if f.calls == "delegate"]
        self._types: dict[Span, bool] = {}

    def covers(self, scope: Region) -> bool:
        """Whether a scope is its callers' business, or the lock's own name or type says what it protects."""
        return self._is_for_others(scope) or (scope.kind == "lock" and self._says_itself(scope))

    def _is_for_others(self, scope: Region) -> bool:
        """Whether its function opens it or ends it for others, or runs a delegate that it was given under it."""
        if scope.unreleased or scope.acquired == "elsewhere":
            return True
        inside = {n for f in self._delegates if scope.span.contains(f.span) for n in (f.name, f.target)}
        owner = self.outline.function_of(scope.opening) if inside else None
        if owner is None:
            return False
        head = self.outline.source.text(Span(owner.span.start, owner.opening.end))
        return not inside.isdisjoint(re.findall(r"\w+", head))

    def _says_itself(self, scope: Region) -> bool:
        """Whether what is locked is a collection, is named after other state of its type, or is spoken of at the head of the type."""
        around = self.outline.types_around(scope.opening)
        if any(map(self._is_told_by, around)):
            return True
        name = without_self(scope.resource)
        declared = [m for m in self.outline.named(name) if any(t.span.contains(m.span) for t in around)]
        if any(is_collection(simple_type_or_array(m.declares), self.outline) for m in declared):
            return True
        own = _words(name) - _words(_REPEATS)
        mine = int(_words(name) == own)  # the lock's own name is not another
        return bool(own and declared) and any(self._names.get(t.span, Counter())[own] > mine for t in around)

    def _is_told_by(self, type_: TypeDecl) -> bool:
        if type_.span not in self._types:
            line = self.outline.source.line_of(type_.span.start)
            comment = _above(line, self.outline, documentation=True)
            self._types[type_.span] = _SPEAKS.search(comment) is not None and says_why(comment, "")
        return self._types[type_.span]

    @cached_property
    def _names(self) -> dict[Span, Counter[frozenset[str]]]:
        """For each type how often its members, those of types in it too, have names of the same words."""
        found: dict[Span, Counter[frozenset[str]]] = {}
        for member in self.outline.members:
            words = [_words(name) for name in member.names]
            for type_ in self.outline.types_around(member.span):
                found.setdefault(type_.span, Counter()).update(words)
        return found


_SPEAKS = regex(r"(?i)\b(?:thread|lock|concurren|atomic|transaction|serializ|synchroni|race)\w*")


def is_told(scope: Region, outline: Outline) -> bool:
    """Whether a comment says why the scope is there: at its head, or at the declaration of the locked field."""
    comment = comment_at(scope, outline)
    return bool(comment and says_why(comment, _code(scope.opening, outline))) or _is_told_at_field(scope, outline)


def comment_at(scope: Region, outline: Outline) -> str:
    """The comments directly above the statement that opens the scope, and beside it; ``""`` where there are none."""
    source = outline.source
    first, last = source.lines_of(scope.opening)
    above = dict.fromkeys(
        _above(line, outline, documentation=False) for line in (first, statement_line(scope, outline))
    )
    found = [text for text in above if text]
    rest = Span(scope.opening.start, source.line_span(last).end)
    found += [source.text(c) for c in _comments(rest, outline) if source.line_of(c.start) <= last]
    return "\n".join(found)


def statement_line(scope: Region, outline: Outline) -> int:
    """The line on which the statement begins that opens the scope."""
    body = body_of(outline, scope.opening)
    if body is None:
        return outline.source.line_of(scope.opening.start)
    masked, shift = body.code.masked, body.member.span.start
    before = masked[: scope.opening.start - shift]
    start = max(before.rfind(bytes([end])) for end in _ENDS) + 1
    return outline.source.line_of(start + len(before[start:]) - len(before[start:].lstrip()) + shift)


def says_why(comment: str, code: str) -> bool:
    """Whether a comment says anything beyond the code beside it and that there is a transaction or lock."""
    bare = _TAG.sub(lambda tag: f" {tag[1] or ''} ", _MARKS.sub("", comment))
    prose = " ".join(line for line in bare.splitlines() if not _NO_PROSE.match(line))
    return bool(_words(prose) - _words(code) - _words(_REPEATS))


@kept(64)
def _words(text: str) -> frozenset[str]:
    """The words of a text or the names in code, in lower case and without the commonest endings."""
    apart = re.sub(r"([a-z\d])([A-Z])", r"\1 \2", text)
    return frozenset(re.sub(r"(?<=\w\w\w)(?:ing|ed|es|s|e)$", "", w.lower()) for w in re.findall(r"[^\W\d_]+", apart))


def _above(line: int, outline: Outline, documentation: bool) -> str:
    """The comment lines that end on the line before ``line`` (1-based), without a gap; ``///`` only where asked for."""
    source, comments = outline.source, outline.comments
    start = source.line_span(line).start
    found: list[str] = []
    for number in range(bisect_left(comments, Span(start, start)) - 1, -1, -1):
        comment = comments[number]
        first, last = source.lines_of(comment)
        before = source.data[source.line_span(first).start : comment.start]
        after = source.data[comment.end : source.line_span(last).end]
        text = source.text(comment)
        if last != line - 1 or before.strip() or after.strip() or (text.startswith("///") and not documentation):
            break
        found.append(text)
        line = first
    return "\n".join(reversed(found))


def _comments(span: Span, outline: Outline) -> Iterator[Span]:
    """The comments that begin in ``span``."""
    comments = outline.comments
    for number in range(bisect_left(comments, Span(span.start, 0)), len(comments)):
        if comments[number].start >= span.end:
            return
        yield comments[number]


def _code(span: Span, outline: Outline) -> str:
    """The text of ``span`` without the comments in it."""
    text = outline.source.text(span)
    for comment in _comments(span, outline):
        text = text.replace(outline.source.text(comment), " ")
    return text


def _is_told_at_field(scope: Region, outline: Outline) -> bool:
    """Whether the locked field's declaration has a comment above or beside it that says what it protects."""
    if scope.kind != "lock":
        return False
    around = outline.types_around(scope.opening)
    owner, _, name = scope.resource.rpartition(".")
    if owner not in ("", SELF, *(t.name for t in around)):
        return False
    fields = outline.named(name)
    own = [m for m in fields if any(t.span.contains(m.span) for t in around)]
    return any(_is_told_of(member, outline) for member in own or fields)


def _is_told_of(member: Member, outline: Outline) -> bool:
    source = outline.source
    first, last = source.lines_of(member.span)
    beside = [source.text(c) for c in _comments(Span(member.span.start, source.line_span(last).end), outline)]
    return says_why("\n".join([_above(first, outline, documentation=True), *beside]), _code(member.span, outline))
