"""A file as tokens: where rows of them stand, and how the runs of a fragment, between which code is left out, may lie over it."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from ctxreview.errors import SourceError
from ctxreview.guard.placing.elisions import masked
from ctxreview.guard.placing.likeness import Near
from ctxreview.kept import kept
from ctxreview.model.source import Source
from ctxreview.regex import regex

TOKEN = regex(r"\w+|[^\w\s]")
Row = tuple[str, ...]
"""Some tokens."""

_MOST_READINGS = 2_000
"""Ways to lay the runs of a fragment over a file that are followed."""
_MOST_COMPARED = 50_000_000
"""Characters that are compared to find one row."""
_TORN, _NOWHERE = 3, 6
"""What it costs that a hole ends in another block than it begins in, and that a run is not there, as so many differences."""
_OPENS, _CLOSES = frozenset("([{"), frozenset(")]}")


class Place(NamedTuple):
    """Lines of a file, 1-based and inclusive; ``cost`` tokens of the fragment differ, or are not there.

    ``columns`` are those of its first and last character, 1-based and inclusive, where it is a part of these lines.
    """

    first: int
    last: int
    cost: int
    columns: tuple[int, int] | None = None

    def overlaps(self, other: Place) -> bool:
        """Whether the two share a line."""
        return self.first <= other.last and other.first <= self.last


def is_word(token: str) -> bool:
    """Whether a token is a word or number, not a mark."""
    return token[0].isalnum() or token[0] == "_"


def words_in(tokens: Sequence[str]) -> Counter[str]:
    """How often each word is among some tokens."""
    return Counter(filter(is_word, tokens))


class FileTokens:
    """A file as tokens: the line of each, and how many brackets are open before it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.texts: list[str] = []
        self.lines: list[int] = []
        steps: list[int] = []
        for number, line in enumerate(source.lines, 1):
            if not (found := TOKEN.findall(line)):
                continue
            self.texts += found
            self.lines += [number] * len(found)
            code = masked(line) if '"' in line or "'" in line or "/" in line else line
            if len(code) == len(line):
                steps += ((code[m.start()] in _OPENS) - (code[m.start()] in _CLOSES) for m in TOKEN.finditer(line))
            else:
                steps += [0] * len(found)
        self.depth = [*accumulate(steps, initial=0)]
        self.joined = "\n".join(("", *self.texts, ""))
        self._offsets = [*accumulate((len(t) + 1 for t in self.texts), initial=0)]
        self._columns: dict[int, list[tuple[int, int]]] = {}
        self._at_depth: dict[int, list[int]] = {}
        for at, depth in enumerate(self.depth):
            self._at_depth.setdefault(depth, []).append(at)

    def occurrences(self, row: Row) -> list[Near]:
        """Where a row of tokens stands, in order; of a long one that is everywhere the first places."""
        wanted = "\n".join(("", *row, ""))
        most = max(_MOST_READINGS, _MOST_COMPARED // len(wanted))
        found: list[Near] = []
        at = self.joined.find(wanted)
        while at >= 0 and len(found) < most:
            start = bisect_left(self._offsets, at)
            found.append(Near(start, start + len(row), 0))
            at = self.joined.find(wanted, at + 1)
        return found

    def laid(self, places: Sequence[Sequence[Near]], rows: Sequence[Sequence[str]] = ()) -> list[Near]:
        """The ways to take one place of each run, in order, with what closes all that it opens between any two.

        With ``rows``, the tokens of the runs, a run may be nowhere, and what is between may end in another block: that costs.
        Raises :class:`SourceError` where there are too many.
        """
        ways = list(places[0]) if places else []
        if rows:
            ways.append(Near(-1, -1, len(rows[0]) + _NOWHERE))
        for number, following in enumerate(places[1:], 1):
            ordered = sorted(following)
            starts = [near.start for near in ordered]
            made = [way._replace(cost=way.cost + len(rows[number]) + _NOWHERE) for way in ways] if rows else []
            for way in ways:
                after = ordered if way.start < 0 else self._after(way.end, ordered, starts, torn=bool(rows))
                start = way.start
                made += (Near(start if start >= 0 else n.start, n.end, way.cost + n.cost) for n in after)
                if len(made) > _MOST_READINGS and not rows:
                    raise SourceError(
                        "The fragment leaves so much out that it may be from too many places; give more of it."
                    )
            ways = sorted(made, key=lambda n: n.cost)[:_MOST_READINGS] if rows else made
        return [way for way in ways if way.start >= 0]

    def _after(self, end: int, ordered: Sequence[Near], starts: Sequence[int], *, torn: bool) -> Iterator[Near]:
        """The places behind a hole that begins at ``end``."""
        depth = self.depth[end]
        closing = self._at_depth.get(depth - 1, [])
        at = bisect_left(closing, end)
        limit = closing[at] if at < len(closing) else len(self.depth)
        first = bisect_left(starts, end)
        over = 0  # places in another block, of which a few are enough: the nearest ones
        for number in range(first, len(ordered)):
            near = ordered[number]
            if near.start < limit:
                if self.depth[near.start] == depth:
                    yield near
                elif torn and over < 2:
                    over += 1
                    yield near._replace(cost=near.cost + _TORN)
            elif torn and over < 4:
                over += 1
                yield near._replace(cost=near.cost + _TORN)
            else:
                return

    def place(self, near: Near) -> Place:
        """The lines of some tokens, and the columns where more than these stand on them."""
        first, last = self.lines[near.start], self.lines[near.end - 1]
        before = near.start > 0 and self.lines[near.start - 1] == first
        after = near.end < len(self.lines) and self.lines[near.end] == last
        columns = (self._column(near.start)[0], self._column(near.end - 1)[1]) if before or after else None
        return Place(first, last, near.cost, columns)

    def _column(self, at: int) -> tuple[int, int]:
        """The columns of the first and last character of a token."""
        line = self.lines[at]
        if line not in self._columns:
            self._columns[line] = [(m.start() + 1, m.end()) for m in TOKEN.finditer(self.source.line(line))]
        return self._columns[line][at - bisect_left(self.lines, line)]

    def has(self, row: Row, near: Near) -> bool:
        """Whether a row of tokens stands in a place just so."""
        start, end = self._offsets[near.start], self._offsets[near.end]
        return self.joined.find("\n".join(("", *row, "")), start, end + 1) >= 0

    def within(self, first: int, last: int) -> Near:
        """The tokens of some lines."""
        return Near(bisect_left(self.lines, first), bisect_left(self.lines, last + 1), 0)

    def line(self, number: int) -> Row:
        """The tokens of one line."""
        its = self.within(number, number)
        return tuple(self.texts[its.start : its.end])


@kept(4)
def tokens_of(source: Source) -> FileTokens:
    """A file as tokens."""
    return FileTokens(source)
