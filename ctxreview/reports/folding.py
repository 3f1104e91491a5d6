"""Which lines of the selected functions a person gets to see: all that fit, and else those that say what runs under a scope."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from ctxreview.regex import regex
from ctxreview.reports.code_text import TALLEST
from ctxreview.reports.places import few
from ctxreview.reports.shown import Shown

MOST_OF_SELECTION = 16
"""Selected lines that are shown before all else; of more the first and last."""
_ONLY_MARKS = regex(r"[\W_]*")


class Needs(NamedTuple):
    """Lines that reviews name, as first and last ones: those of findings and edits, and those that answers cite."""

    findings: Sequence[tuple[int, int]]
    cited: Sequence[tuple[int, int]]


def folded(
    every: list[int],
    selected: tuple[int, int],
    beside: Shown,
    needs: Needs,
    room: int,
    height: Callable[[int, int], int],
) -> tuple[list[int], set[int]]:
    """The lines to show in at most ``room`` lines of output, in order, and those of them that are to be cut to one.

    ``height`` tells how many lines of output a line takes where it may take so many. ``every`` line of the functions is shown where they fit;
    otherwise those that are needed, of which only the ``selected`` ones and those of findings may take more than one line.
    """
    first, last = selected
    if _cost(every, lambda n: height(n, TALLEST)) <= room:
        return every, set()
    full = {*range(first, last + 1), *(n for a, b in needs.findings for n in few(a, b))}

    def size(number: int) -> int:
        return height(number, TALLEST if number in full else 1)

    shown: set[int] = set()
    for rank in _ranks(first, last, beside, needs):
        wanted = sorted(rank.intersection(every) - shown, key=lambda n: (max(first - n, n - last, 0), n))
        if _cost(shown.union(wanted), size) <= room:
            shown.update(wanted)
            continue
        low, high = 0, len(wanted)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if _cost(shown.union(wanted[:middle]), size) <= room else (low, middle - 1)
        shown.update(wanted[:low])
        break
    made = _without_small_gaps(sorted(shown))
    return made, set(made) - full


def _ranks(first: int, last: int, beside: Shown, needs: Needs) -> Iterator[set[int]]:
    """Lines, those first that are needed most."""
    bearing = beside["bearing"]
    chosen = range(first, last + 1) if last - first < MOST_OF_SELECTION else (first, last)
    yield {*bearing["ends"], *chosen}
    found = {n for a, b in needs.findings for n in few(a, b)}
    yield found
    changes = set(bearing["changes"])
    yield changes
    yield _heads(found | changes, dict(beside["files"][0]["lines"]))
    yield {n for a, b in needs.cited for n in few(a, b)}
    yield set(range(first, last + 1))
    yield set(bearing["acts"])


def _heads(numbers: Iterable[int], texts: Mapping[int, str]) -> set[int]:
    """The lines that the given ones are indented under: conditions, loops and the like."""
    found: set[int] = set()
    for number in texts.keys() & numbers:
        depth = _indent(texts[number])
        for above in range(number - 1, max(0, number - 200), -1):
            text = texts.get(above, "")
            if not _ONLY_MARKS.fullmatch(text) and _indent(text) < depth:
                if above in found:
                    break
                found.add(above)
                depth = _indent(text)
    return found


def _indent(text: str) -> int:
    text = text.expandtabs(4)
    return len(text) - len(text.lstrip())


def _cost(numbers: Iterable[int], size: Callable[[int], int]) -> int:
    """Lines of output that the given ones and the marks of the gaps between them take."""
    shown = _without_small_gaps(sorted(numbers))
    gaps = sum(b > a + 1 for a, b in pairwise(shown))
    return sum(map(size, shown)) + gaps


def _without_small_gaps(shown: Sequence[int]) -> list[int]:
    """A gap of one line is that line: its mark would be as long."""
    between = (b - 1 for a, b in pairwise(shown) if b == a + 2)
    return sorted({*shown, *between})
