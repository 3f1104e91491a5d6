"""Excerpts of other places: the lines that matter, and nothing of what is between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from ctxreview.model.declarations import Function
from ctxreview.model.kinds import Role
from ctxreview.model.notation import SELF
from ctxreview.model.outline import Outline, contained_in
from ctxreview.model.review import Excerpt
from ctxreview.model.source import Source, Span
from ctxreview.outline.statement_lists import StatementList, statement_lists

_APART = bytes(b if chr(b).isalnum() or b in b"_." or b >= 0x80 else 0x20 for b in range(0x100))
"""Spaces for all that is not a part of a name or of a member's path."""

_OF_SELF = f"{SELF}.".encode()


def mentioned(code: str) -> set[str]:
    """The names that are in code by themselves or after ``this.``, and not as a member of something else."""
    words = (word.removeprefix(_OF_SELF).partition(b".")[0] for word in code.encode().translate(_APART).split())
    return {word.decode() for word in words if word}


def excerpt_of(outline: Outline, kept: Sequence[Span], role: Role, why: str) -> Excerpt:
    """An excerpt from the first to the last of the lines of ``kept``; the others between them are left out."""
    source = outline.source
    lines = sorted({n for span in kept for n in _lines(source, span)})
    # A single line takes no more room than what would stand for it; a brace alone says nothing without its twin.
    between = {a + 1 for a, b in pairwise(lines) if b == a + 2}
    lines = sorted({*lines, *(n for n in between if source.line(n).strip(" \t{}"))})
    elided = tuple(
        source.line_span(before + 1, after - 1)
        for before, after in pairwise(lines)
        if source.data[source.starts[before] : source.starts[after - 1]].strip()
    )
    return Excerpt(source, source.line_span(lines[0], lines[-1]), role, why, elided=elided)


_GOES_ON = ("break", "continue")
MOST_RETURNS = 12
"""Ways out of a function that an excerpt of it shows."""


def returns_of(outline: Outline, function: Function) -> list[Span]:
    """Where a function is left, those of functions inside it aside; none where these are many."""
    exits = (f for f in contained_in(function.span, outline.facts) if f.kind == "exit")
    found = [f.span for f in exits if f.name not in _GOES_ON and outline.function_of(f.span) == function]
    return found if len(found) <= MOST_RETURNS else []


def with_structure(outline: Outline, function: Function, kept: Sequence[Span]) -> list[Span]:
    """``kept`` with what gives it its sense in a function: the heads and ends of the statements around it, and the head of a nested type.

    Of a statement with several blocks, such as one that handles exceptions or has two branches, each block's head and end is kept.
    """
    found = list(kept)
    lists = statement_lists(outline.source, function.span)
    for block in lists:
        for statement in block.statements:
            if statement.blocks and any(statement.span.contains(k) and statement.span != k for k in kept):
                found += _skeleton(statement.span, statement.head, lists)
    types = outline.types_around(function.span)
    return [*found, *(t.opening for t in types[:-1])]


def _skeleton(statement: Span, head: Span, lists: Sequence[StatementList]) -> Iterator[Span]:
    """The head of a statement, and what stands between its blocks and after them, braces included."""
    own: list[Span] = []
    for block in lists:  # outer before inner
        if statement.contains(block.span) and statement != block.span and not any(o.contains(block.span) for o in own):
            own.append(block.span)
    at = statement.start
    for block_ in own:
        yield Span(at, min(block_.start + 1, block_.end))
        at = max(block_.end - 1, at)
    yield Span(at, statement.end)


def _lines(source: Source, span: Span) -> range:
    """The lines of a span, without blank ones at its end."""
    end = span.start + len(source.data[span.start : span.end].rstrip())
    first, last = source.lines_of(Span(span.start, max(span.start + 1, end)))
    return range(first, last + 1)
