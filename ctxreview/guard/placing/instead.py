"""Code that an answer shows as it was before and as it is after: the one takes the place of the other.

The code after may show more of what is around the change than the code before. What it has besides, and the file has right there, is
around it already and does not come once more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product

from ctxreview.guard.placing import fragments
from ctxreview.guard.placing.edits import lines_of
from ctxreview.guard.placing.elisions import balance, is_elision, is_telling, squeezed, without_elisions
from ctxreview.guard.placing.refusals import Instead, UnplacedError, several
from ctxreview.guard.placing.snippets import COMMENT_LINE, as_statements, words
from ctxreview.model.review import Context, Edit
from ctxreview.model.source import Span
from ctxreview.outline.statement_lists import Statement, statement_lists

_NEAR = 5
"""Lines beside a change of which one may be shown and others not."""


def touched(places: Sequence[tuple[int, int]], context: Context) -> list[tuple[int, int]]:
    """The places that hold a selected line."""
    chosen_first, chosen_last = context.selection.lines
    return [(first, last) for first, last in places if first <= chosen_last and chosen_first <= last]


def instead(before: str, after: str, context: Context) -> tuple[Edit, ...]:
    """The edits that put ``after`` in the place of ``before``, which quotes the file. Raises :class:`UnplacedError`."""
    source = context.selection.source
    places = fragments.quoted(before, source)
    if fragments.declares(after, context):
        return fragments.edits(after, context)
    if not places:
        raise UnplacedError("What it shows as the code before is not in the file as it is now.", Instead.QUOTED)
    own = touched(places, context) or places
    if len(own) > 1:
        raise UnplacedError(f"What it shows as the code before occurs in {several(a for a, _ in own)}.", Instead.LINES)
    return _Change(own[0], after, context).edits()


class _Change:
    """The lines ``first`` to ``last`` of a file, the text that they become, and the function around them."""

    def __init__(self, place: tuple[int, int], after: str, context: Context) -> None:
        self.source, self.context, self.after = context.selection.source, context, after.lstrip("\n")
        self.first, self.last = place
        start = self.source.line_span(self.first).start
        text = self.source.text(self.source.line_span(self.first))
        member = context.outline.member_of(Span(at := start + len(text) - len(text.lstrip()), at + 1))
        self.member = member.span if member is not None else None
        self.top, self.bottom = self.source.lines_of(self.member) if self.member else (self.first, self.last)
        self.given = [squeezed(line) for line in self.after.split("\n") if line.strip()]
        self.own = Counter(key for _, key in self._keys(self.first, self.last))

    def edits(self) -> tuple[Edit, ...]:
        """The edits that replace them, and those lines around them that the text has too."""
        for first, last in self._stretches():
            # Neither has to be whole: what the one opens and does not close, the other does not either.
            if balance("\n".join(lines_of(self.source, first, last))) == balance(self.after):
                if self._is_doubled(first, last) or self._is_lost():
                    break
                return fragments.edits(self.after, self.context, (first, last))
        else:
            found = fragments.edits(self.after, self.context)
            if any(e.start_line <= self.first and self.last <= e.end_line for e in found):
                return found
        raise UnplacedError(
            "What it shows as the code after has other lines around it than the code before.", Instead.METHOD
        )

    def _keys(self, first: int, last: int) -> list[tuple[int, str]]:
        lines = ((n, squeezed(self.source.line(n))) for n in range(first, last + 1))
        return [(n, key) for n, key in lines if key]

    def _stretches(self) -> Iterator[tuple[int, int]]:
        """The lines with those above and below that the text has besides, the most first."""
        spare = Counter(self.given) - Counter({key: n for key, n in self.own.items() if is_telling(key)})
        above = _taken(self._keys(self.top, self.first - 1)[::-1], spare)
        below = _taken(self._keys(self.last + 1, self.bottom), spare)
        ways = product(range(len(above), -1, -1), range(len(below), -1, -1))
        for up, down in sorted(ways, key=sum, reverse=True):
            top, bottom = [key for _, key in above[:up][::-1]], [key for _, key in below[:down]]
            says = up + down == 0 or any(map(is_telling, (*top, *bottom)))
            # A block without its head is not another one's.
            if says and (not top or words(top[0])) and self._is_around(top, bottom):
                yield above[up - 1][0] if up else self.first, below[down - 1][0] if down else self.last

    def _is_around(self, above: Sequence[str], below: Sequence[str]) -> bool:
        """Whether the text has some lines in their order, with nothing of the code before above or below them."""
        head = _laid(above, self.given)
        tail = _laid(below[::-1], self.given[::-1])
        if head is None or tail is None or head + tail > len(self.given):
            return False
        beyond = [*self.given[:head], *self.given[len(self.given) - tail :]]
        come = Counter(beyond) - Counter([*above, *below])
        return not any(key in self.own and is_telling(key) for key in come)

    def _is_doubled(self, first: int, last: int) -> bool:
        """Whether the text begins or ends with something that stands near the lines that it replaces, and stays there."""
        parts = (self.top, first - 1), (first, last), (last + 1, self.bottom)
        above, there, below = ([key for _, key in self._keys(*part)] for part in parts)
        kept, near = Counter(there), {*above[-_NEAR:], *below[:_NEAR]}
        stays = [n for n, key in enumerate(self.given) if kept[key] and is_telling(key) and key not in near]
        ends = [*self.given[: stays[0]], *self.given[stays[-1] + 1 :]] if stays else self.given
        come = Counter(self.given) - kept
        if any(come[k] and k in near and len(words(k)) > 1 and not COMMENT_LINE.match(k) for k in ends):
            return True
        # What is moved to where the same thing stands, or is both around the code before and in it, may be either.
        edges = (above[-1:], there[0], self.given[0]), (below[:1], there[-1], self.given[-1])
        moves = any(given != own and [given] == beside and is_telling(given) for beside, own, given in edges)
        return moves or any(is_telling(key) and self.own[key] for key in kept - self.own)

    def _is_lost(self) -> bool:
        """Whether a variable goes that is still used, or the end of a function that gives a value."""
        given = as_statements(without_elisions(self.after.split("\n")), self.source)
        if self.member is None or not given.functions or given.parse.errors or self._leaves_out():
            return False
        lists = statement_lists(given.source, given.functions[0].span)
        declared = {name for block in lists for s in block.statements for name in s.declares}
        there = statement_lists(self.source, self.member)
        every = [s for block in there for s in block.statements]
        within = [s for s in every if self._is_within(s)]
        gone = {name for s in within for name in s.declares} - declared
        rest = self.source.text(Span(self.source.line_span(self.last).end, self.member.end))
        used = set(words(f"{self.after}\n{rest}"))
        tail = there[0].statements[-1:] if there else ()
        exits = bool(lists and lists[0].statements and lists[0].statements[-1].exits)
        value = any(s.exits and self._is_within(s) and len(words(self.source.text(s.span))) > 1 for s in tail)
        return bool(gone & used) or (value and not exits)

    def _is_within(self, statement: Statement) -> bool:
        first, last = self.source.lines_of(statement.span)
        return self.first <= first and last <= self.last

    def _leaves_out(self) -> bool:
        return any(is_elision(line) for line in self.given)


def _taken(lines: Sequence[tuple[int, str]], spare: Counter[str]) -> list[tuple[int, str]]:
    """Which lines, one after the other, are among those to spare."""
    found, left = list[tuple[int, str]](), spare.copy()
    for n, key in lines:
        if not left[key]:
            break
        left[key] -= 1
        found.append((n, key))
    return found


def _laid(keys: Sequence[str], given: Sequence[str]) -> int | None:
    """How many lines of ``given`` it takes until all of some lines have come, in their order; ``None`` where they do not."""
    at = 0
    for key in keys:
        while at < len(given) and given[at] != key:
            at += 1
        at += 1
    return at if at <= len(given) else None
