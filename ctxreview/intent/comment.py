"""Sentences as the lines of a comment."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

WIDEST = 100
"""Columns of a comment's line, its indentation included."""

NARROWEST = 40
"""Columns of text that a line has at least, however deep it stands."""

MOST_LINES = 8


def comment_lines(sentences: Sequence[str], indented: int) -> tuple[str, ...]:
    """The sentences as ``//`` lines without their indentation, which takes ``indented`` columns; whole sentences only.

    What would be longer than :data:`MOST_LINES` is left out, the last sentences first; the first is always there.
    """
    width = max(NARROWEST, WIDEST - indented - len("// "))
    for end in range(len(sentences), 0, -1):
        lines = wrap(" ".join(sentences[:end]), width, break_on_hyphens=False)
        if len(lines) <= MOST_LINES or end == 1:
            return tuple(f"// {line}" for line in lines[:MOST_LINES])
    return ()
