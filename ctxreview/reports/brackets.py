"""Scopes as they are drawn in the margin of code: nested ones beside each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

MOST_COLUMNS = 8
"""Scopes that are drawn beside each other; of more the outer ones."""


class Bracket(NamedTuple):
    """A scope in the margin: its lines and its column."""

    first: int
    last: int
    column: int
    encloses: bool


def brackets(scopes: Iterable[tuple[int, int, bool]]) -> list[Bracket]:
    """The scopes, given by first and last line and whether they hold the selection, each in the first column that is free there."""
    ends: list[int] = []  # the last line of each column
    found = []
    for first, last, encloses in sorted(scopes, key=lambda s: (s[0], -s[1])):
        column = next((c for c, end in enumerate(ends) if end < first), len(ends))
        if column >= MOST_COLUMNS:
            continue
        ends[column : column + 1] = [last]
        found.append(Bracket(first, last, column, encloses))
    return found
