"""C# without the bodies that nobody asks for: lexing tells where they are, and takes a tenth of parsing them.

Same length, same lines and same braces, so that spans in the tree of what is left hold for the file as it was read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ctxreview.languages.csharp.editing import LONGEST
from ctxreview.languages.csharp.lex import BLANK, lex
from ctxreview.languages.within import Within
from ctxreview.regex import regex

LEAST = 32
"""Bytes of a body up to which parsing it costs less than leaving it out."""

_ASYNC = regex(rb"async(?:(?<=[(,=>?:]async)|(?<=[(,=>?:]\sasync))\s*+[,)=?;:]")
"""Where the grammar most often fails on ``async`` as a value. It is rewritten before anything has failed: getting over the
error takes the parser several times as long as all the rest."""
_MARK = regex(rb"[{};]")
_CONTAINER = regex(
    rb"\b(?:class|struct|interface|enum|record|namespace)\s++(?!where\b)[@\w\x80-\xff]|\bextension\s*+[(<]"
)
_UNION = regex(rb"\bunion\s++[@\w\x80-\xff]")
_WHERE = regex(rb"\bwhere\s")
_GROUP = regex(rb"\([^()]*+\)|\[[^\[\]]*+\]")


class Skimmed(NamedTuple):
    """Bytes to parse in place of the ones read, and the bodies that are blank in them, braces included.

    ``rewrites`` names what was rewritten in what is left.
    """

    data: bytes
    bodies: tuple[tuple[int, int], ...]
    rewrites: tuple[str, ...] = ()


def skim(data: bytes, within: Sequence[tuple[int, int]]) -> Skimmed | None:
    """``data`` (valid UTF-8) with the bodies blanked of methods that touch none of the spans ``within`` (sorted).

    The method that follows a span outside every method counts as touched, too. ``None`` where there is nothing to leave
    out, and where braces do not pair: an ``#if`` that splits a statement, say. What is a body is told from the text
    before its brace alone: what is left has to parse, or else that may have been wrong.
    """
    code = lex(data)
    bodies = tuple(_untouched(_bodies(code.masked), within))
    if not bodies:
        return None
    left = bytearray(data)
    for start, end in bodies:
        left[start + 1 : end - 1] = data[start + 1 : end - 1].translate(BLANK)
    rewrites: tuple[str, ...] = ()
    if any(left[hit.start()] != 0x20 for hit in _ASYNC.finditer(code.masked)):
        from ctxreview.languages.csharp.words import async_identifier  # takes two milliseconds

        rewrites = ("async-identifier",)
        for at, name in async_identifier(code):
            if left[at] != 0x20:
                left[at : at + len(name)] = name
    return Skimmed(bytes(left), bodies, rewrites)


def _bodies(masked: bytes) -> list[tuple[int, int, int]]:
    """For each method with a block, in order, where the text before its name begins, and the block; none in doubt."""
    found: list[tuple[int, int, int]] = []
    depth, head = 0, 0
    while mark := _MARK.search(masked, head):
        at, end = mark.span()
        if masked[at] == 0x7D:
            depth -= 1
        elif masked[at] == 0x7B:
            before = masked[head:at].strip()
            if b"union" in before and _UNION.search(before):
                return []  # a type, or a method that returns one of that name
            if _is_container(before):
                depth += 1
            elif depth == 0:
                return []  # top-level statements: blocks that are not methods
            else:
                end = _closing(masked, end)
                if _is_method(before):
                    found.append((head, at, end))
        if depth < 0 or not end:
            return []
        head = end
    return [] if depth else found


def _closing(masked: bytes, at: int) -> int:
    """Where the block ends whose text begins at ``at``; 0 where it does not."""
    depth = 1
    while depth:
        closing = masked.find(b"}", at)
        if closing < 0:
            return 0
        depth += masked.count(b"{", at, closing) - 1
        at = closing + 1
    return at


def _is_container(before: bytes) -> bool:
    """Whether the text before a brace declares a type, a namespace or an extension block."""
    if not _CONTAINER.search(before):
        return False
    constraint = _WHERE.search(before)
    return constraint is None or _CONTAINER.search(before, 0, constraint.start()) is not None


def _is_method(before: bytes) -> bool:
    """Whether the text before a brace is the head of a method or constructor."""
    if len(before) > LONGEST or not (before.endswith(b")") or _WHERE.search(before)):
        return False
    while b"=" in before and (shorter := _GROUP.sub(b"", before)) != before:
        before = shorter  # a parameter's default, an attribute's argument
    return b"=" not in before


def _untouched(bodies: list[tuple[int, int, int]], within: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    asked = Within(within)
    for begins, start, end in bodies:
        if not asked.reads(begins, end) and end - start > LEAST:
            yield start, end
