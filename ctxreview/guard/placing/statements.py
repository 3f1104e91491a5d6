"""Statements from an answer: the stretch of statements in the function that they become with the least change.

A reading says which stretch a fragment replaces. It costs the words that come and go: those of selected lines go for next to
nothing, since the answer is about them. A reading is doubtful where its result could not be meant: a statement stands twice, a
variable is declared twice or no longer, code is never reached. The least reading that is not doubtful is taken where it is
clearly the least.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ctxreview.guard.placing.cut import anchored, as_selected, cut
from ctxreview.guard.placing.edits import becoming, lines_of, replacing, solid, written
from ctxreview.guard.placing.elisions import is_elision, without_ends
from ctxreview.guard.placing.expressions import expression, links
from ctxreview.guard.placing.notes import with_notes
from ctxreview.guard.placing.refusals import Instead, UnplacedError, several
from ctxreview.guard.placing.siblings import Item, words_of
from ctxreview.guard.placing.snippets import (
    COMMENT_LINE,
    LIKE,
    UNREADABLE,
    alike,
    as_statements,
    shortened,
    words,
)
from ctxreview.model.review import Context, Edit
from ctxreview.model.source import Source, Span
from ctxreview.outline.statement_lists import StatementList, statement_lists

_MOST_COMPARED = 200_000
"""Pairs of statements that are held against each other."""
_MOST_READINGS = 400
"""Stretches of statements that a fragment is tried in."""
_MOST_FILLED, _CLOSE = 8, 0.1
"""Stretches in which what a fragment leaves out is filled in; how much less alike than the best a statement may be to begin or end one."""
_SURELY = 0.8
"""How much alike a statement has to be to one that is not selected, to be a version of that one."""
_DROPPED = 3.0
"""What it may cost more that a fragment replaces all that is selected, where it could also be a new version of a part."""
_OF_SELECTED, _OF_TOUCHED, _OF_OTHERS = 0.15, 0.7, 1.5
"""What it costs that a word goes: of a selected statement, of one that is selected in part, of another one; one that comes costs 1."""


class _Reading(NamedTuple):
    """Statements and the text that they become.

    ``doubt`` says why that may not be meant; it ``copies`` where a statement would stand twice, and is ``selected`` where the statements are what is selected.
    """

    cost: float
    items: tuple[Item, ...]
    text: tuple[str, ...]
    doubt: str
    copies: bool
    selected: bool


def statements(body: Sequence[str], plain: Sequence[str], context: Context) -> tuple[Edit, ...]:
    """The edits of a fragment that declares nothing; ``plain`` is it without elisions.

    Raises :class:`UnplacedError` when it has no certain place.
    """
    source = context.selection.source
    outer = [f for f in context.functions if not any(o != f and o.span.contains(f.span) for o in context.functions)]
    if not outer:
        first, last = context.selection.lines
        return (becoming(solid(body), first, last, source),)
    if all(line.lstrip().startswith(".") for line in solid(plain)[:1]):
        return (anchored(body, context, whole=False) or links(without_ends(plain), outer[0].span, context),)
    parsed = as_statements(plain, source)
    lists = statement_lists(parsed.source, parsed.functions[0].span) if parsed.functions else ()
    given = [Item(parsed.source, s, lists[0], i) for i, s in enumerate(lists[0].statements)] if lists else []
    if not given or parsed.parse.errors:
        return (cut(body, context) or expression(without_ends(body), outer[0].span, context),)
    edge = anchored(body, context, whole=True)
    if edge is not None and edge.end_line in _last_lines(source, outer[0].span):
        return (edge,)
    if len(given) == 1 and given[0].text.startswith("{") and len(lists) > 1:
        inner = [n for n, line in enumerate(body) if line.strip()]
        return statements(body[inner[0] + 1 : inner[-1]], plain[inner[0] + 1 : inner[-1]], context)
    placing = _Placing(body, given, lists, parsed.source, outer[0].span, context)
    return ((None if placing.selected else as_selected(body, context, whole=True)) or placing.edit(),)


def _last_lines(source: Source, function: Span) -> set[int]:
    """The lines on which statements end: a statement that goes on after its first block does not end with that."""
    lists = statement_lists(source, function)
    return {source.lines_of(s.span)[1] for block in lists for s in block.statements}


class _Placing:
    """A fragment and the function that it is to be placed in."""

    def __init__(
        self,
        body: Sequence[str],
        given: Sequence[Item],
        lists: Sequence[StatementList],
        fragment: Source,
        function: Span,
        context: Context,
    ) -> None:
        self.source = source = context.selection.source
        self.chosen = context.selection.lines
        self.given = given
        every = [Item(fragment, s, a, i) for a in lists for i, s in enumerate(a.statements)]
        self.given_keys = Counter(i.key for i in every)
        self.declared = frozenset[str]().union(*(i.statement.declares for i in every))
        self.body = without_ends(body)
        self.words = words("\n".join(self.body))
        self.there = [
            Item(source, s, a, i) for a in statement_lists(source, function) for i, s in enumerate(a.statements)
        ]
        if len(self.given) * len(self.there) > _MOST_COMPARED:
            raise UnplacedError(
                f"It has {len(given):,} statements and the function {len(self.there):,}, which are too many to hold each against each.",
                Instead.PARTS,
            )
        self.keys = Counter(i.key for i in self.there)
        self.selected = self._selected()
        self.unfilled: list[Sequence[Item]] = []
        self.like = {(g.index, t.statement.span): g.is_like(t) for g in given for t in self.there}

    def edit(self) -> Edit:
        """The one edit that the fragment means. Raises :class:`UnplacedError` where there is none, or another one as well."""
        readings = sorted(self._readings(), key=lambda r: r.cost)
        certain = [r for r in readings if not r.doubt]
        if not certain:
            certain = [r for r in readings if r.selected and self._is_about(r)][:1]
        if not certain:
            raise UnplacedError((readings[0].doubt or UNREADABLE) if readings else self._nowhere(), Instead.REPLACE)
        most = certain[0].cost + max(1.0, 0.05 * self.words.total())
        close = [r for r in certain if r.cost <= most]
        best = close[0]
        if len({self._result(r) for r in close}) > 1:
            named = [r for r in close if self._touches(r)]
            named = [r for r in named if r.selected and self._is_about(r)] or named
            if len({self._result(r) for r in named}) != 1:
                raise UnplacedError(_several(close), Instead.LINES)
            best = named[0]
        whole = next((r for r in certain if r.selected), best)
        if self._is_part(best, whole) and whole.cost <= best.cost + _DROPPED:
            if not any(self._versions(whole.items)):
                raise UnplacedError(_several([whole, best]), Instead.LINES)
            best = whole
        if any(self._is_within(best, stretch) for stretch in self.unfilled):
            raise UnplacedError('It leaves code out ("..."), and what that stands for is not certain.', Instead.METHOD)
        return replacing(self.source, *self._lines(best.items), best.text)

    # --- readings ------------------------------------------------------------------------------------------

    def _readings(self) -> Iterator[_Reading]:
        """Each stretch of siblings that the fragment may replace: it begins and ends with a version of a statement of it, or as what is selected does."""
        selected = self.selected
        best: dict[int, float] = {}
        for (n, _), like in self.like.items():
            best[n] = max(best.get(n, 0.0), like)
        edges = {s for (n, s), like in self.like.items() if like >= max(LIKE, best[n] - _CLOSE)}
        blocks: dict[Span, list[Item]] = {}
        for item in self.there:
            blocks.setdefault(item.siblings.span, []).append(item)
        stretches = []
        for items in blocks.values():
            ends = [i for i in items if i.statement.span in edges or i in (selected[:1] + selected[-1:])]
            stretches += [items[a.index : b.index + 1] for a in ends for b in ends if a.index <= b.index]
        if len(stretches) > _MOST_READINGS:
            raise UnplacedError(
                f"It could stand in {len(stretches):,} places, which are too many to try.", Instead.REPLACE
            )
        if any(is_elision(line) for line in self.body):
            # To fill each in takes long, and those that lack most of what is shown are none.
            stretches = sorted(stretches, key=lambda s: ((self.words - words_of(s)).total(), len(s)))[:_MOST_FILLED]
        for stretch in stretches:
            text = self._written(stretch)
            if text is None:
                self.unfilled.append(stretch)
            else:
                cost = self._cost(stretch, text)
                if stretch == selected or (words("\n".join(text)) & words_of(stretch)).total():
                    copy = self._copied(stretch)
                    doubt = copy or self._doubt(stretch, text) or self._far(stretch)
                    yield _Reading(cost, tuple(stretch), tuple(text), doubt, bool(copy), stretch == selected)

    def _selected(self) -> list[Item]:
        """The statements that are what is selected, all of it; none where something else is selected, or a part of one."""
        first, last = self.chosen
        within = [i for i in self.there if first <= i.first and i.last <= last]
        top = [i for i in within if i.siblings == within[0].siblings]
        covered = {n for i in top for n in range(i.first, i.last + 1)}
        rest = (self.source.line(n) for n in range(first, last + 1) if n not in covered)
        return top if all(not line.strip() or COMMENT_LINE.match(line) for line in rest) else []

    def _lines(self, items: Sequence[Item]) -> tuple[int, int]:
        """The lines of some statements, with the comments around them that are selected too, or that the fragment shows."""
        return with_notes(items[0].first, items[-1].last, self.body, self.source, self.chosen[0])

    def _written(self, items: Sequence[Item]) -> list[str] | None:
        """The fragment in the place of some statements, with what it leaves out of them; ``None`` where that is not certain."""
        try:
            return written(self.body, *self._lines(items), self.source, self.chosen)
        except UnplacedError:
            return None

    # --- what a reading costs ------------------------------------------------------------------------------

    def _cost(self, items: Sequence[Item], text: Sequence[str]) -> float:
        left = words("\n".join(text))
        cost, first = 0.0, self.chosen[0]
        for price in (_OF_OTHERS, _OF_TOUCHED, _OF_SELECTED):
            there = words_of([i for i in items if self._price(i) == price])
            cost += price * (there - left).total()
            left -= there
        return cost + left.total() + 0.001 * abs(items[0].first - first)

    def _price(self, item: Item) -> float:
        first, last = self.chosen
        if first <= item.first and item.last <= last:
            return _OF_SELECTED
        return _OF_TOUCHED if item.first <= last and first <= item.last else _OF_OTHERS

    def _is_about(self, reading: _Reading) -> bool:
        """Whether the fragment begins or ends as the statements that it would replace."""
        found = self._versions(reading.items)
        return all(found) if reading.copies else any(found)

    def _versions(self, items: Sequence[Item]) -> list[bool]:
        """Whether the first and the last statement of the fragment are like those of ``items``, and like no others more."""
        return [self._is_version(self.given[n], items[n]) for n in (0, -1)]

    def _is_part(self, reading: _Reading, whole: _Reading) -> bool:
        """Whether a reading replaces only a part of what another one does, and something of it would go."""
        (first, last), (start, end) = (
            (r.items[0].statement.span.start, r.items[-1].statement.span.end) for r in (reading, whole)
        )
        return (
            start <= first
            and last <= end
            and (start, end) != (first, last)
            and self._result(reading) != self._result(whole)
        )

    def _is_within(self, reading: _Reading, items: Sequence[Item]) -> bool:
        """Whether a reading replaces a part of what the fragment, as it begins and ends, is rather a version of."""
        own = {i.statement.span for i in reading.items}
        return own < {i.statement.span for i in items} and all(self._versions(items))

    def _is_version(self, given: Item, item: Item) -> bool:
        """Whether a statement is like one of the function, and like no other one more."""
        like = self.like[given.index, item.statement.span]
        return like >= LIKE and all(self.like[given.index, i.statement.span] <= like for i in self.there)

    def _is_surely(self, given: Item, item: Item) -> bool:
        """Whether a statement is nearly one of the function, or gives the same place a value."""
        same = given.target is not None and given.target == item.target
        return same or self.like[given.index, item.statement.span] >= _SURELY

    def _touches(self, reading: _Reading) -> bool:
        first, last = self.chosen
        return reading.items[0].first <= last and first <= reading.items[-1].last

    def _result(self, reading: _Reading) -> tuple[str, ...]:
        first, last = self._lines(reading.items)
        own = lines_of(self.source, *self.source.lines_of(self.there[0].siblings.span))
        start = self.source.line_of(self.there[0].siblings.span.start)
        return (*own[: first - start], *reading.text, *own[last - start + 1 :])

    # --- what speaks against a reading ---------------------------------------------------------------------

    def _copied(self, items: Sequence[Item]) -> str:
        """That a statement would stand twice."""
        span = Span(items[0].statement.span.start, items[-1].statement.span.end)
        own = Counter(i.key for i in self.there if span.contains(i.statement.span))
        ends = {i.key for i in self.there if i.statement.exits}
        for key, count in self.given_keys.items():
            if count > own[key] < self.keys[key] and len(re.findall(r"\w+", key)) > 1 and key not in ends:
                return f"A line in it stands elsewhere in the function already, and would stand there twice: `{shortened(key)}`."
        return ""

    def _doubt(self, items: Sequence[Item], text: Sequence[str]) -> str:
        """Why the result cannot be meant; empty where nothing is known."""
        span = Span(items[0].statement.span.start, items[-1].statement.span.end)
        outside = [i for i in self.there if not span.contains(i.statement.span)]
        around = [i for i in outside if i.siblings.span.contains(span) and not i.statement.span.contains(span)]
        twice = next((i for i in around if i.statement.declares & self.declared), None)
        if twice is not None:
            name = min(twice.statement.declares & self.declared)
            return f"It declares {name}, which line {twice.first} declares already."
        known = frozenset[str]().union(*(g.statement.declares for g in self.given))
        if any(is_elision(line) for line in self.body):
            known |= self.declared | frozenset(re.findall(r"\w+", "\n".join(text)))
        after = [i for i in around if i.siblings == items[0].siblings and i.index > items[-1].index]
        for item in items:
            lost = sorted(n for n in item.statement.declares - known if any(n in a.words for a in after))
            if lost:
                return f"It no longer declares {lost[0]}, which the code after line {items[-1].last} uses."
        if after and self.given[-1].statement.exits and not items[-1].statement.exits:
            return f"It ends before line {after[0].first}, which would never be reached."
        return self._lost(items) or self._orphaned(items, outside) or self._cut(items)

    def _lost(self, items: Sequence[Item]) -> str:
        """That statements go which are not selected, and of which nothing comes back."""
        gone, come = [], [g for g in self.given if not any(self.like[g.index, i.statement.span] >= LIKE for i in items)]
        for item in items:
            kept = any(self.like[g.index, item.statement.span] >= LIKE for g in self.given)
            absorbed = (item.words & self.words).total() * 2 >= item.words.total()
            if self._price(item) == _OF_OTHERS and not kept and not absorbed:
                gone.append(item)
        return (
            f"It leaves out line {gone[0].first} between what it shows, without saying so."
            if len(gone) > len(come)
            else ""
        )

    def _far(self, items: Sequence[Item]) -> str:
        """That nothing of them is selected, and that a part of the fragment is not surely a version of one."""
        first, last = items[0].first, items[-1].last
        if first <= self.chosen[1] and self.chosen[0] <= last:
            return ""
        if self.words == words_of(items):
            return f"It is what stands in lines {first}-{last} already."
        if all(any(self._is_surely(g, i) for i in items) for g in self.given):
            return ""
        return f"It is most like lines {first}-{last}, which are not selected."

    def _orphaned(self, items: Sequence[Item], outside: Sequence[Item]) -> str:
        """That a variable of the selected statements would be left without any use."""
        used = words_of(items)
        for item in outside:
            if self._price(item) == _OF_SELECTED and item.siblings == items[0].siblings:
                for name in item.statement.declares:
                    others = (
                        o for o in outside if o != item and not o.statement.span.contains(items[0].statement.span)
                    )
                    if used[name] and not self.words[name] and not any(o.words[name] for o in others):
                        return f"It leaves {name} of line {item.first} without any use."
        return ""

    def _cut(self, items: Sequence[Item]) -> str:
        """That the last statement is shown without a block that it has, such as the one for other cases."""
        last, own = self.given[-1], items[-1]
        fewer = last.statement.blocks < own.statement.blocks
        if fewer and last.statement.blocks and alike(last.head, own.head) == 1.0:
            return f"It shows the statement of line {own.first} without all of its blocks."
        return ""

    def _nowhere(self) -> str:
        held = [i for i in self.there if i.first <= self.chosen[0] and self.chosen[1] <= i.last]
        if held and not self.selected:
            return f"Only a part of the statement of lines {held[-1].first}-{held[-1].last} is selected, and nothing like it is in the function."
        return "Nothing like it is in the function, and no statement is selected."


def _several(readings: Sequence[_Reading]) -> str:
    """The sentence for two readings that explain a fragment equally well."""
    places = sorted({r.items[0].first for r in readings})
    if len(places) > 1:
        return f"It could stand in {several(places)}."
    first, second = (f"{r.items[0].first}-{r.items[-1].last}" for r in readings[:2])
    return f"Whether it replaces lines {first} or {second} is not certain."
