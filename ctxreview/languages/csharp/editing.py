"""What the rewrites have in common: edits, whole words, and what is before or after a place in code."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ctxreview.languages import keyword_masking as standing
from ctxreview.languages.csharp.lex import Code
from ctxreview.regex import regex

Edit = tuple[int, bytes]
"""A byte offset and the bytes that replace as many there."""
Rewrite = Callable[[Code], Iterator[Edit]]

LONGEST = 4096
"""Bytes of code blanked as one piece at most: longer is neither a parameter list nor a pattern, and nesting
that deep would make the work quadratic."""

NAME = rb"@?[^\W\d][\w\x80-\xff]*+|@?[\x80-\xff][\w\x80-\xff]*+"
ASSIGNS = rb"(?:=(?![=>])|(?:\+|-|\*|/|%|&|\||\^|<<|>>>?|\?\?)=(?!=))"

_SPACE = regex(rb"\s*+")
_LAST_WORD = regex(rb"[\w@\x80-\xff]++\Z|=>\Z")


def word(*words: bytes) -> bytes:
    """A pattern for whole words, the word first: only so can ``re`` search for it as a literal."""
    choice = b"|".join(word + rb"(?<![\w@\x80-\xff]" + word + rb")" for word in words)
    return b"(?:" + choice + rb")(?![\w\x80-\xff])"


def blank(code: Code, start: int, end: int) -> Edit:
    """Spaces for the code in ``[start, end)``; comments and line ends in it stay."""
    pairs = zip(code.data[start:end], code.masked[start:end], strict=True)
    return start, bytes(byte if seen in b" \t\r\n\f\v" else 0x20 for byte, seen in pairs)


def as_name(code: Code, at: int) -> Edit:
    """The contextual keyword at ``at`` as an ordinary name, told from all others by its first letter."""
    return at, standing.mask(code.data[at : at + 2])


def after(code: Code, at: int) -> int:
    """The byte offset of the first code byte at or after ``at``; the length where there is none."""
    found = _SPACE.match(code.masked, at)
    return found.end() if found else at


def word_before(code: Code, at: int) -> bytes:
    """The word, arrow or other character that ends right before ``at``, white space aside."""
    end = code.previous(at) + 1
    window = code.masked[max(0, end - 64) : end]
    found = _LAST_WORD.search(window)
    return found.group() if found else window[-1:]
