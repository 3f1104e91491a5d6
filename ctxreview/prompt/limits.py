"""How much of an answer is read, and where in it the reply is: what is asked of every answer, also where none has the reply's form."""

from __future__ import annotations

import re

from ctxreview.errors import ReplyError

LONGEST = 1_000_000
"""Characters of an answer: what no model of 2026 can say at once. More is refused, not read for minutes."""

MOST_LINES = 20_000
"""Lines of an answer, those that JSON writes as ``\\n`` counted."""

MOST_EDITS = 500
"""Edits of one answer, in all its suggestions."""


def within_reason(text: str) -> None:
    """Raises :class:`ReplyError` where an answer has more than :data:`LONGEST` characters or :data:`MOST_LINES` lines."""
    if len(text) > LONGEST:
        raise ReplyError(f"The answer has {len(text):,} characters; at most {LONGEST:,} are read.")
    lines = text.count("\n") + text.count("\\n")
    if lines > MOST_LINES:
        raise ReplyError(f"The answer has {lines:,} lines; at most {MOST_LINES:,} are read.")


def unfenced(text: str) -> str:
    """What is in the one code fence that is the whole text; without one the text itself."""
    whole = text.strip()
    opened = re.match(r"```(?:json)?[^\S\n]*\n", whole)
    if opened is None or not whole.endswith("\n```") or len(whole) < opened.end() + 4:
        return text
    return whole[opened.end() : -4]
