"""A fragment of an answer on its own: as lines, as an outline, and in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from ctxreview.guard.placing.elisions import without_comments
from ctxreview.languages import language_of
from ctxreview.model.outline import Outline
from ctxreview.model.source import Source
from ctxreview.outline import outline
from ctxreview.regex import regex

COMMENT_LINE = regex(r"\s*(?://|/\*|\*|\*/)")
LIKE = 0.5
"""Code that shares this much of its words is taken for the same, changed."""

UNREADABLE = "With it the file could not be read as code, so it is cut or incomplete, or belongs elsewhere."


def parsed(lines: Sequence[str], source: Source, before: str = "", after: str = "") -> Outline:
    """The outline of a fragment; its first line is line 1 without ``before``, else line 2."""
    text = "\n".join((*((before,) if before else ()), *lines, *((after,) if after else ()), ""))
    return outline(Source(f"fragment{PurePosixPath(source.path).suffix}", text.encode()))


def as_members(lines: Sequence[str], source: Source) -> Outline:
    """The outline of a fragment read as members of a type, from line 2 on."""
    return parsed(lines, source, *language_of(source.path).shape.fragments.members)


def as_statements(lines: Sequence[str], source: Source) -> Outline:
    """The outline of a fragment read as statements of a function, from line 2 on."""
    return parsed(lines, source, *language_of(source.path).shape.fragments.statements)


def words(text: str) -> Counter[str]:
    """How often each word is in some code, in its texts too and its comments aside."""
    return Counter(re.findall(r"\w+", without_comments(text)))


def alike(a: Counter[str], b: Counter[str]) -> float:
    """How much of their words two pieces of code share, from 0 to 1."""
    return 2 * (a & b).total() / max(1, a.total() + b.total())


def shortened(text: str) -> str:
    """A line as a sentence quotes it: at most 80 characters."""
    return text if len(text) <= 80 else f"{text[:79]}…"
