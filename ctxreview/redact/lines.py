"""What is around a place: its line, and whether that is in a comment."""

from __future__ import annotations


def is_in_block_comment(text: str, at: int) -> bool:
    """Whether the place is in a comment that began on a line above, of which the last 3,000 characters are examined."""
    start = text.rfind("/*", max(0, at - 3000), at)
    return start >= 0 and text.find("*/", start, at) < 0


def line_at(text: str, at: int) -> str:
    """The line around the offset, or what 500 characters show of it."""
    start = max(text.rfind("\n", 0, at) + 1, at - 500)
    return text[start : at + 500].partition("\n")[0].rstrip("\r")
