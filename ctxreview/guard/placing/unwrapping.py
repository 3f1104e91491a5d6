"""A scope that prose takes away: its body stays, less deep, and what acquires, completes and releases it goes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.guard.placing.candidates import function_of, only
from ctxreview.guard.placing.edits import beside, columns, moved, put, verbatim
from ctxreview.guard.placing.elisions import code_only, squeezed
from ctxreview.guard.placing.refusals import Instead, UnplacedError
from ctxreview.languages import language_of
from ctxreview.model.kinds import RegionKind
from ctxreview.model.regions import Region
from ctxreview.model.review import Context, Edit
from ctxreview.model.source import Source, Span
from ctxreview.outline.call_chains import call_chains
from ctxreview.outline.statement_lists import StatementList, statement_lists

NOUNS: dict[str, RegionKind] = {"lock": "lock", "transaction": "transaction"}
"""What people call a scope, whatever opens it."""


def unwrapped(noun: str, around: str, context: Context) -> Edit:
    """The edit without the one scope that a noun can mean, of those that the selection touches; ``around`` is code that it holds.

    Raises :class:`UnplacedError` where there is none, or another one, or where more than its body would be left.
    """
    source = context.selection.source
    word = noun.lower()
    found = [r for r in context.outline.regions if not r.path and r.span.overlaps(context.selection.span)]
    if word in NOUNS:
        found = [r for r in found if r.kind == NOUNS[word]]
    elif word in language_of(source.path).syntax.subject_words:
        found = [r for r in found if word in re.findall(r"\w+", source.text(r.opening))]
    else:
        found = list(scopes_like(squeezed(noun), context).values())
    if around:
        found = [r for r in found if squeezed(around).rstrip(";") in squeezed(source.text(r.span))]
    return without(only(found, f"the {noun}", context, lambda r: r.span), context)


def scopes_like(text: str, context: Context) -> dict[Span, Region]:
    """The scopes that the selection touches and that are opened by just this text, or by what is called so."""
    source = context.selection.source
    return {
        r.span: r
        for r in context.outline.regions
        if not r.path
        and r.span.overlaps(context.selection.span)
        and (text in (r.construct, r.name) or squeezed(source.text(r.opening)).rstrip(" {;") == text)
    }


def without(scope: Region, context: Context) -> Edit:
    """The edit that takes a scope away. Raises :class:`UnplacedError` where it is not made of whole statements, or is used in another way."""
    source = context.selection.source
    if scope.form not in ("block", "declaration", "acquire-release"):
        raise _unclear(scope, source, "is not written as a statement of its own")
    lists = statement_lists(source, function_of(context))
    if scope.form == "block" and (short := _on_one_line(scope, source)) is not None:
        return short
    lines = _Lines(source, scope)
    if scope.form == "block":
        lines.unwrap(scope)
    elif scope.form == "declaration":
        lines.drop(scope.opening)
    else:
        lines.drop(_statement(scope.opening, lists, scope, source))
        own = _statement(scope.closing, lists, scope, source)
        if not lines.unguard(own, lists, scope):
            lines.drop(own)
    for call in scope.completes_at:
        lines.drop(_statement(call, lists, scope, source))
    return lines.edit(call_chains(source, function_of(context)).texts)


def _on_one_line(scope: Region, source: Source) -> Edit | None:
    """The edit of a scope that is a single line: its body in its place."""
    first, last = source.lines_of(scope.span)
    body = source.text(Span(scope.opening.end, scope.span.end)).strip()
    if (
        first != last
        or scope.completes_at
        or not re.fullmatch(r"\{[^{}]*\}", body)
        or _names(scope, source) & _used(body)
    ):
        return None
    return put(source, scope.span, body[1:-1].strip())


def _statement(call: Span, lists: tuple[StatementList, ...], scope: Region, source: Source) -> Span:
    """The statement that is this call and nothing else."""
    words = "|".join(map(re.escape, language_of(source.path).words.awaiting)) or r"\Z\A"
    for block in reversed(lists):
        for statement in block.statements:
            if not statement.span.contains(call):
                continue
            before = source.text(Span(statement.span.start, call.start))
            after = source.text(Span(call.end, statement.span.end))
            if re.fullmatch(rf"(?:(?:{words})\s+)?", before) and re.fullmatch(r"(?:\s*\.\w+\(\w*\))?\s*;?", after):
                return statement.span
            raise _unclear(
                scope, source, f"is taken or ended within the statement of line {source.line_of(call.start)}"
            )
    raise _unclear(scope, source, "is taken or ended in code that is not a statement")


def _names(scope: Region, source: Source) -> set[str]:
    """The variables that what opens a scope declares."""
    found = re.search(r"(\w+)\s*=(?![=>])", code_only(source.text(scope.opening)))
    return {found[1]} if found else set()


def _used(text: str) -> set[str]:
    return set(re.findall(r"\w+", code_only(text)))


def _unclear(scope: Region, source: Source, why: str) -> UnplacedError:
    return UnplacedError(f"The {scope.name} of line {source.line_of(scope.span.start)} {why}.", Instead.METHOD)


class _Part(NamedTuple):
    """Lines that stay, and by how many columns they move."""

    first: int
    last: int
    by: int


class _Lines:
    """The lines of a scope, of which some go and some are moved."""

    def __init__(self, source: Source, scope: Region) -> None:
        self.source, self.scope = source, scope
        self.gone: set[int] = set()
        self.parts: list[_Part] = []

    def drop(self, place: Span) -> None:
        """The lines of a statement go. Raises :class:`UnplacedError` where something else stands on them."""
        first, last = self.source.lines_of(place)
        if "".join(beside(place, self.source)).strip():
            raise _unclear(self.scope, self.source, f"shares line {first} with other code")
        self.gone.update(range(first, last + 1))

    def unwrap(self, scope: Region) -> None:
        """What opens a block goes, and its braces, and what is in it moves to where that stood."""
        body = Span(scope.opening.end, scope.span.end)
        self._opened(Span(scope.span.start, body.start), body)

    def _opened(self, head: Span, body: Span) -> None:
        text = self.source.text(body)
        if not text.startswith("{"):
            self.drop(Span(head.start, head.start + len(self.source.data[head.start : head.end].rstrip())))
            self._move(*self.source.lines_of(body), head)
            return
        self.drop(Span(head.start, body.start + 1))
        self.drop(Span(body.end - 1, body.end))
        self._move(self.source.line_of(body.start) + 1, self.source.line_of(body.end - 1) - 1, head)

    def _move(self, first: int, last: int, to: Span) -> None:
        full = [n for n in range(first, last + 1) if self.source.line(n).strip()]
        if full:
            self.parts.append(
                _Part(
                    first,
                    last,
                    columns(self.source.line(self.source.line_of(to.start))) - columns(self.source.line(full[0])),
                )
            )

    def unguard(self, release: Span, lists: tuple[StatementList, ...], scope: Region) -> bool:
        """Where a release is all that is done at the end of a guarded block, that block is opened; whether it is so.

        Raises :class:`UnplacedError` where more is done there, or failures are caught too.
        """
        source, words = self.source, language_of(self.source.path).words
        end = next(b for b in reversed(lists) if any(s.span == release for s in b.statements))
        for block in reversed(lists):
            for guarded in block.statements:
                first = re.match(r"\w+", source.text(guarded.span))
                if first is None or first[0] not in words.trying or guarded.span.end != end.span.end:
                    continue
                inside = next(b for b in lists if guarded.span.contains(b.span))
                between = source.text(Span(inside.span.end, end.span.start)).split()
                if len(between) != 1 or between[0] in words.catching or len(end.statements) != 1:
                    raise _unclear(
                        scope,
                        source,
                        f"is ended at line {source.line_of(release.start)} beside what else is done there",
                    )
                self._opened(Span(guarded.span.start, inside.span.start), inside.span)
                self.gone.update(range(source.line_of(inside.span.end - 1) + 1, source.line_of(end.span.end - 1) + 1))
                self._whole(Span(inside.span.end, guarded.span.end))
                return True
        return False

    def _whole(self, place: Span) -> None:
        """Raises :class:`UnplacedError` where comments would go with the lines of a place, or code after it."""
        if beside(place, self.source)[1].strip() or "//" in self.source.text(place) or "/*" in self.source.text(place):
            raise _unclear(self.scope, self.source, f"shares line {self.source.line_of(place.end - 1)} with other code")

    def edit(self, texts: tuple[Span, ...]) -> Edit:
        """The edit of all lines. Raises :class:`UnplacedError` where what is left still speaks of the scope."""
        source = self.source
        at = sorted({*self.gone, *(n for p in self.parts for n in (p.first, p.last))})
        first, last = at[0], at[-1]
        new = [line for n, line in self._left(first, last)]
        around = source.lines_of(self.scope.span)
        left = "\n".join(line for _, line in self._left(*around))
        ends = squeezed(source.text(self.scope.closing)) if self.scope.form == "acquire-release" else ""
        if _names(self.scope, source) & _used(left) or (ends and ends in squeezed(left)):
            raise _unclear(self.scope, source, "is used by other code too")
        if any(
            p.by and p.first < line <= p.last for p in self.parts for t in texts for line in (source.lines_of(t)[1],)
        ):
            raise _unclear(self.scope, source, "holds a text of several lines")
        return verbatim(source, first, last, new)

    def _left(self, first: int, last: int) -> Iterator[tuple[int, str]]:
        for n in range(first, last + 1):
            if n not in self.gone:
                by = sum(p.by for p in self.parts if p.first <= n <= p.last)
                yield n, moved([self.source.line(n)], by, self.source)[0]
