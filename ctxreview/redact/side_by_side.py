"""Keys of a known format whose parts are literals that follow each other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from ctxreview.redact.formats import Format, starts_a_word
from ctxreview.redact.literals import Literal, Literals
from ctxreview.redact.plain_text import Found
from ctxreview.redact.rules import rules, rules_tried
from ctxreview.redact.values import compiled

_LONGEST_PART = 2000
_MOST_STATEMENTS = 6
"""Statements that the parts of a key may be in, as constants."""
_FARTHEST = 300
"""Characters between two parts of a key."""


class _Row(NamedTuple):
    """Literals in a row, read as one text."""

    source: str
    literals: list[Literal]
    texts: list[str]
    starts: list[int]
    """Where each begins in the one text."""
    joined: str
    bounds: list[int]
    """The last literal of the statement of each, see :func:`_one_statement`."""

    def holding(self, at: int) -> int:
        """The number of the literal that has this character of the one text."""
        return bisect_right(self.starts, at) - 1


def _row(literals: Literals) -> _Row | None:
    listed = ((one, one.text) for one in literals.all)
    members = [
        (o, text) for o, text in listed if 0 < len(text) <= _LONGEST_PART and "\n" not in text and not _filled(text)
    ]
    if len(members) < 2:
        return None
    texts = [text for _, text in members]
    starts = [0, *accumulate(map(len, texts))][:-1]
    return _Row(literals.source, [one for one, _ in members], texts, starts, "".join(texts), [])


def _filled(text: str) -> bool:
    """Whether a literal is nothing but the places that others fill: ``{0}{1}``."""
    return text.startswith("{") and compiled(r"(?:\{\d{1,2}\})+").fullmatch(text) is not None


def secrets_side_by_side(literals: Literals) -> Iterator[Found]:
    """Keys that can be told by themselves whose parts are literals that follow each other, whatever joins them."""
    row = _row(literals)
    if row is None:
        return
    for number, _ in rules_tried(row.joined.lower()):
        form = rules()[number].format
        if form is None:
            continue
        at, done = -1, 0
        while (at := row.joined.find(form.anchor, max(at + 1, done))) >= 0:
            start = at - form.back
            if start < 0:
                continue
            first = row.holding(start)
            if not (start == row.starts[first] or starts_a_word(row.joined, start)):
                continue
            if key := _over_several(form, row, start, first):
                done = key[1]
                yield from ((*span, form.kind) for span in _spans(row, *key))


def _over_several(form: Format, row: _Row, start: int, first: int) -> tuple[int, int] | None:
    """Start and end of the key in the one text, where it takes more than one literal."""
    if not row.bounds:
        row.bounds.extend(_bounds(row))
    last = first
    for _ in range(_MOST_STATEMENTS):
        last = row.bounds[last]
        if key := _within(form, row, start, first, last):
            return key if row.holding(key[1] - 1) > first and compiled(r"\D*\d").match(row.joined, *key) else None
        if last + 1 >= len(row.literals) or row.literals[last + 1].start - row.literals[last].end > _FARTHEST:
            return None
        last += 1
    return None


def _within(form: Format, row: _Row, start: int, first: int, last: int) -> tuple[int, int] | None:
    """The key that ends with the literal ``last`` or before; words after it are not a part of it."""
    end = row.starts[last] + len(row.texts[last])
    key = form.at(row.joined, start, end)
    while key and (final := row.holding(key[1] - 1)) > first:
        if not compiled(r"[A-Za-z]{3,}(?:[-_. ][A-Za-z]+)*").fullmatch(row.texts[final]):
            break
        if (less := form.at(row.joined, start, row.starts[final])) is None:
            break
        key = less
    return key


def _bounds(row: _Row) -> list[int]:
    """For each literal the last one that the code puts together with it."""
    bounds, last = [], len(row.literals) - 1
    for number in range(len(row.literals) - 1, -1, -1):
        if number < last and not _one_statement(row, number):
            last = number
        bounds.append(last)
    return bounds[::-1]


def _one_statement(row: _Row, number: int) -> bool:
    """Whether no statement ends between a literal and the next, but for one that ``+=`` or ``.Append(`` goes on with."""
    start, end = row.literals[number].end, row.literals[number + 1].start
    if end - start > 200:
        return False
    if row.source.find(";", start, end) < 0:
        return True
    goes_on = compiled(
        r"[^;]{0,40};\s{0,80}\w{1,60}(?:\.(?:Append\w*|Add|Write)\(|\s{0,5}\+=|\s{0,5}=\s{0,5}\w{1,60}\s{0,5}\+)\s{0,40}(?:\"(?:\{\d{1,2}\}){1,20}\",\s*)?"
    )
    return goes_on.fullmatch(row.source, start, end) is not None


def _spans(row: _Row, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the parts of a key are in the source: one span for letters that are literals of their own."""
    run: tuple[int, int] | None = None
    single = False
    for number in range(row.holding(start), row.holding(end - 1) + 1):
        pieces, size = row.literals[number].pieces, len(row.texts[number])
        if len(pieces) == 1:
            first = pieces[0].start
            span = (first + max(start - row.starts[number], 0), first + min(end - row.starts[number], size))
        else:
            span = (pieces[0].start, pieces[-1].end)
        if run and single and size == 1:
            run = (run[0], span[1])
            continue
        if run:
            yield run
        run, single = span, size == 1
    if run:
        yield run
