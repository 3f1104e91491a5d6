"""Which lines of the selected functions a person gets to see: all that fit, and else those that say what runs under a scope."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from ctxreview.model.declarations import outermost
from ctxreview.model.facts import Fact
from ctxreview.model.review import Context
from ctxreview.model.source import Span
from ctxreview.reports.code_text import TALLEST
from ctxreview.reports.places import scope_lines

MOST_OF_SELECTION = 16
"""Selected lines that are shown before all else; of more the first and last."""
MOST_OF_ONE = 6
"""Lines shown of a statement, a head or a finding; of more the first and last."""
_CHANGES = frozenset({"write", "save", "complete", "tracking", "exit"})
_ONLY_MARKS = re.compile(r"[\W_]*")


def own_lines(value: Context) -> list[int]:
    """The lines of the selected functions; of a selection outside every function those that are shown with it."""
    source = value.selection.source
    spans = [m.span for m in outermost(value.functions)] or [
        e.span for e in value.excerpts if e.source.path == source.path and e.span.overlaps(value.selection.span)
    ]
    pairs = [*map(source.lines_of, spans), value.selection.lines]
    return sorted({n for a, b in pairs for n in range(a, b + 1)})


class Needs(NamedTuple):
    """Lines that reviews name, as first and last ones: those of findings and edits, and those that answers cite."""

    findings: Sequence[tuple[int, int]]
    cited: Sequence[tuple[int, int]]


def folded(value: Context, needs: Needs, room: int, height: Callable[[int, int], int]) -> tuple[list[int], set[int]]:
    """The lines to show in at most ``room`` lines of output, in order, and those of them that are to be cut to one.

    ``height`` tells how many lines of output a line takes where it may take so many. All lines of the functions are shown where they fit;
    otherwise those that are needed, of which only the selected ones and those of findings may take more than one line.
    """
    every = own_lines(value)
    first, last = value.selection.lines
    if _cost(every, lambda n: height(n, TALLEST)) <= room:
        return every, set()
    full = {*range(first, last + 1), *(n for a, b in needs.findings for n in _few(a, b))}

    def size(number: int) -> int:
        return height(number, TALLEST if number in full else 1)

    shown: set[int] = set()
    for rank in _ranks(value, needs):
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


def _ranks(value: Context, needs: Needs) -> Iterator[set[int]]:
    """Lines, those first that are needed most."""
    source = value.selection.source
    lines: Callable[[Span], tuple[int, int]] = source.lines_of
    first, last = value.selection.lines
    members = outermost(value.functions)
    ends = [n for m in members for n in (*_few(*lines(m.opening)), lines(m.span)[1])]
    for scope in value.scopes:
        if not scope.path:
            _, end = scope_lines(scope, value)
            ends += [*_few(*lines(scope.opening)), end, *(source.line_of(c.start) for c in scope.completes_at)]
    chosen = range(first, last + 1) if last - first < MOST_OF_SELECTION else (first, last)
    yield {*ends, *chosen}
    found = {n for a, b in needs.findings for n in _few(a, b)}
    yield found
    facts = [f for f in value.facts if not f.is_state or f.kind == "write"]
    changes = _lines_of([f for f in facts if f.kind in _CHANGES], lines)
    yield changes
    yield _heads(found | changes, source.lines)
    yield {n for a, b in needs.cited for n in _few(a, b)}
    yield set(range(first, last + 1))
    yield _lines_of([f for f in facts if f.kind not in _CHANGES], lines)


def _lines_of(facts: Iterable[Fact], lines: Callable[[Span], tuple[int, int]]) -> set[int]:
    return {n for f in facts for n in _few(*lines(f.span))}


def _few(first: int, last: int) -> Iterable[int]:
    return range(first, last + 1) if last - first < MOST_OF_ONE else (first, last)


def _heads(numbers: Iterable[int], texts: Sequence[str]) -> set[int]:
    """The lines that the given ones are indented under: conditions, loops and the like."""
    found: set[int] = set()
    for number in numbers:
        depth = _indent(texts[number - 1])
        for above in range(number - 1, max(0, number - 200), -1):
            text = texts[above - 1]
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
