"""Where a row of tokens is in a longer one, with the fewest that differ: the bit-parallel search of Myers (1999), as Hyyrö (2001) has it.

The pattern is one integer with a bit for each token, so that a file of 20,000 tokens takes some 20 ms however long the fragment is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

MOST_NEAR, _FEWEST, _MOST_TOKENS = 200, 8, 100_000
"""Places of one row that are looked at, those with the fewest differences: fewer of a long row, since each costs as much as the row has tokens."""


class Near(NamedTuple):
    """Tokens ``start`` to ``end`` (half-open), of which ``cost`` have to be changed, added or taken out."""

    start: int
    end: int
    cost: int


def nearest(row: Sequence[str], text: Sequence[str], most: int) -> list[Near]:
    """Where ``row`` is in ``text`` with at most ``most`` differences, the least first; places do not overlap."""
    costs = _distances(row, text, anchored=False)
    ends = sorted((cost, end) for end, cost in enumerate(costs, 1) if cost <= most)
    found: list[Near] = []
    most_near = max(_FEWEST, min(MOST_NEAR, _MOST_TOKENS // len(row)))
    taken, passed = bytearray(len(text)), bytearray(len(text))
    for cost, end in ends:
        if passed[end - 1]:
            continue
        before = text[max(0, end - len(row) - cost) : end][::-1]
        back = _distances(row[::-1], before, anchored=True)
        size = min(range(len(back)), key=back.__getitem__, default=-1) + 1
        start = end - size
        if not size or any(taken[start:end]):
            continue
        found.append(Near(start, end, cost))
        if len(found) == most_near:
            break
        taken[start:end] = b"\1" * size
        last = min(len(text), end + len(row) // 2)  # what ends next to it is the same place
        passed[start:last] = b"\1" * (last - start)
    return found


def _distances(row: Sequence[str], text: Sequence[str], *, anchored: bool) -> list[int]:
    """For each end in ``text`` how many tokens differ between ``row`` and what ends there: all from the start if ``anchored``, else the best part."""
    size = len(row)
    whole, top = (1 << size) - 1, 1 << (size - 1)
    bits: dict[str, int] = {}
    for at, token in enumerate(row):
        bits[token] = bits.get(token, 0) | 1 << at
    more, less, cost = whole, 0, size
    found = []
    for token in text:
        same = bits.get(token, 0)
        across = same | less
        down = (((same & more) + more) ^ more) | same
        up = (less | ~(down | more)) & whole
        down &= more
        if up & top:
            cost += 1
        elif down & top:
            cost -= 1
        up = up << 1 | anchored
        more = ((down << 1) | ~(across | up)) & whole
        less = up & across & whole
        found.append(cost)
    return found
