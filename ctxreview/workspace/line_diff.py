"""Which lines of two texts are the same ones: in time that grows as the texts do, whatever they hold."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import NamedTuple, TypeVar

from ctxreview.model.source import Span

MOST_LINES = 1_000
"""Lines up to which every one is compared with every other."""
_BESIDE = 100
"""Equal lines on either side of what differs that are compared too, or as many as differ: they tell which of two equal lines is new."""
_LEVELS = 100
_EDITS = 300
_STEPS = 2_000_000
_AROUND = 3
"""Lines that a unified diff shows around what differs."""


Line = TypeVar("Line", bound=Hashable)


class Block(NamedTuple):
    """``size`` lines that are the same from index ``start`` of one text and ``new_start`` of the other, 0-based."""

    start: int
    new_start: int
    size: int


def blocks(a: Sequence[Line], b: Sequence[Line]) -> list[Block]:
    """The runs of lines that stay, in order; an empty one at the end of both texts last.

    Around what differs every line is compared with every other: that reads best, and takes as long as the cube of their number. Of
    texts of many lines this is done between the first and the last that differ; where many are there too, :func:`staying` decides.
    """
    head, shorter = 0, min(len(a), len(b))
    while head < shorter and a[head] == b[head]:
        head += 1
    tail = 0
    while tail < shorter - head and a[-1 - tail] == b[-1 - tail]:
        tail += 1
    longer = max(len(a), len(b))
    if longer <= MOST_LINES and longer > head + tail:
        beside = max(_BESIDE, longer - head - tail)
        head, tail = max(0, head - beside), max(0, tail - beside)
    old, new = a[head : len(a) - tail], b[head : len(b) - tail]
    if max(len(old), len(new)) <= MOST_LINES:
        middle: list[Block] = [
            Block(*m) for m in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()[:-1]
        ]
    else:
        middle = [Block(i, j, 1) for i, j in staying(old, new)]
    found: list[Block] = []
    moved = [Block(block.start + head, block.new_start + head, block.size) for block in middle]
    for i, j, size in (Block(0, 0, head), *moved, Block(len(a) - tail, len(b) - tail, tail)):
        if found and (found[-1].start + found[-1].size, found[-1].new_start + found[-1].size) == (i, j):
            found[-1] = found[-1]._replace(size=found[-1].size + size)
        elif size:
            found.append(Block(i, j, size))
    return [*found, Block(len(a), len(b), 0)]


def runs(a: Sequence[Line], b: Sequence[Line]) -> Iterator[tuple[Span, Span]]:
    """The runs of lines that differ, in order: their indexes in both texts, half-open, one of the two perhaps empty."""
    i = j = 0
    for k, m, size in blocks(a, b):
        if k > i or m > j:
            yield Span(i, k), Span(j, m)
        i, j = k + size, m + size


def unified(a: Sequence[str], b: Sequence[str], name: str, new_name: str) -> Iterator[str]:
    """The lines of a unified diff, without line ends, with three lines around what differs; none where nothing does."""
    hunks: list[list[tuple[Span, Span]]] = []
    for old, new in runs(a, b):
        if hunks and old.start - hunks[-1][-1][0].end <= 2 * _AROUND:
            hunks[-1].append((old, new))
        else:
            hunks.append([(old, new)])
    if hunks:
        yield from (f"--- {name}", f"+++ {new_name}")
    for hunk in hunks:
        (first, new_first), (last, new_last) = hunk[0], hunk[-1]
        before, after = min(_AROUND, first.start), min(_AROUND, len(a) - last.end)
        shown = Span(first.start - before, last.end + after)
        yield f"@@ -{_range(shown)} +{_range(Span(new_first.start - before, new_last.end + after))} @@"
        at = shown.start
        for old, new in hunk:
            yield from (f" {line}" for line in a[at : old.start])
            yield from (f"-{line}" for line in a[old.start : old.end])
            yield from (f"+{line}" for line in b[new.start : new.end])
            at = old.end
        yield from (f" {line}" for line in a[at : shown.end])


def _range(lines: Span) -> str:
    """The line numbers as a unified diff has them: from 1, an empty range by the line before it."""
    start = lines.start + (lines.size > 0)
    return f"{start}" if lines.size == 1 else f"{start},{lines.size}"


def staying(a: Sequence[Line], b: Sequence[Line]) -> list[tuple[int, int]]:
    """Pairs of lines, by their 0-based index, that stay: in the same order in both texts, in that order.

    Lines that both have once are held against each other first, as by ``git diff --patience``; between them the fewest edits
    are looked for. Where there are too many, no line between stays.
    """
    found: list[tuple[int, int]] = []
    left = _STEPS
    waiting = [(0, len(a), 0, len(b), 0)]
    while waiting:
        i, k, j, m, level = waiting.pop()
        while i < k and j < m and a[i] == b[j]:
            found.append((i, j))
            i, j = i + 1, j + 1
        while i < k and j < m and a[k - 1] == b[m - 1]:
            k, m = k - 1, m - 1
            found.append((k, m))
        if i == k or j == m or level > _LEVELS:
            continue
        anchors: list[tuple[int, int]] = _anchors(a, b, i, k, j, m)
        if anchors:
            ends = [(i - 1, j - 1), *anchors, (k, m)]
            found += anchors
            waiting += [(p + 1, q, r + 1, s, level + 1) for (p, r), (q, s) in pairwise(ends)]
        else:
            pairs, steps = _fewest(a[i:k], b[j:m], left)
            found += [(i + p, j + q) for p, q in pairs]
            left -= steps
    return sorted(found)


def _anchors(a: Sequence[Line], b: Sequence[Line], i: int, k: int, j: int, m: int) -> list[tuple[int, int]]:
    """The longest row of lines in the same order among those that stand once in either part."""
    here, there = Counter(a[i:k]), Counter(b[j:m])
    where = {line: n for n, line in enumerate(b[j:m], j) if there[line] == 1}
    pairs = [(n, where[line]) for n, line in enumerate(a[i:k], i) if here[line] == 1 and line in where]
    tails: list[int] = []  # the smallest last place in b of a row of each length
    rows: list[int] = []
    before: list[int] = []
    for n, (_, place) in enumerate(pairs):
        length = bisect_left(tails, place)
        before.append(rows[length - 1] if length else -1)
        tails[length : length + 1] = [place]
        rows[length : length + 1] = [n]
    row = []
    n = rows[-1] if rows else -1
    while n >= 0:
        row.append(pairs[n])
        n = before[n]
    return row[::-1]


def _fewest(a: Sequence[Line], b: Sequence[Line], most: int) -> tuple[list[tuple[int, int]], int]:
    """Pairs of lines that stay in the fewest edits from ``a`` to ``b`` (Myers 1986), and the steps that took; none beyond."""
    if set(a).isdisjoint(b):
        return [], len(a) + len(b)
    furthest = {1: 0}
    trail: list[dict[int, int]] = []
    steps = 0
    for edits in range(min(len(a) + len(b), _EDITS) + 1):
        trail.append(furthest)
        furthest = dict(furthest)
        for k in range(-edits, edits + 1, 2):
            down = k == -edits or (k != edits and furthest[k - 1] < furthest[k + 1])
            x = furthest[k + 1] if down else furthest[k - 1] + 1
            y = x - k
            while x < len(a) and y < len(b) and a[x] == b[y]:
                x, y = x + 1, y + 1
                steps += 1
            furthest[k] = x
            if x >= len(a) and y >= len(b):
                return _followed(trail, len(a), len(b)), steps
        steps += edits + 1
        if steps > most:
            break
    return [], steps


def _followed(trail: Sequence[Mapping[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    """The pairs on the way that led to the end, from there back."""
    pairs = []
    for edits in range(len(trail) - 1, -1, -1):
        furthest, k = trail[edits], x - y
        down = k == -edits or (k != edits and furthest[k - 1] < furthest[k + 1])
        came = k + 1 if down else k - 1
        u = furthest[came] if edits else 0
        v = u - came if edits else 0
        # After the edit, lines are the same up to here.
        s, t = ((u, v + 1) if down else (u + 1, v)) if edits else (0, 0)
        while x > s and y > t:
            x, y = x - 1, y - 1
            pairs.append((x, y))
        x, y = u, v
    return pairs
