"""The rules over a text: as it stands, and as its literals are put together, decoded or told apart by their lines."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from ctxreview.redact.arguments import argument
from ctxreview.redact.calls import calls
from ctxreview.redact.credentials import (
    CLUES,
    HINTS,
    NAMES,
    WORDS,
    assigned,
    authorization,
    clue,
    connection_password,
    cookie,
    given,
    line_value,
    oracle_password,
    parameter,
    remark,
    spelled,
    uri_password,
)
from ctxreview.redact.formats import (
    Finder,
    Format,
    found_at,
    key_lines,
    makers,
    private_key,
    putty_key,
    starts_a_word,
    web_key,
)
from ctxreview.redact.literals import Literal, Literals, Value
from ctxreview.redact.values import compiled

Found = tuple[int, int, str]
"""Start, end and kind."""


class Rule(NamedTuple):
    """What is looked for at each of the anchors."""

    kind: str
    anchors: tuple[str, ...]
    any_case: bool
    find: Finder
    format: Format | None = None
    """The key format that it looks for, which may also be put together from literals."""


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, the most telling first. Looking for the anchors is all that a text without secrets costs."""
    return (
        Rule("private-key", ("-----BEGIN ", "-----END "), False, private_key),
        Rule(
            "private-key",  # RSA.ToXmlString(true)
            ("<D>", "<P>", "<Q>", "<DP>", "<DQ>", "<InverseQ>"),
            False,
            found_at(r"<[A-Za-z]{1,8}>(?P<secret>[A-Za-z0-9+/]{20,3000}={0,2})</"),
        ),
        Rule("private-key", ("private-lines:",), True, putty_key),
        Rule("private-key", ("kty",), False, web_key),
        *(Rule(one.kind, (one.anchor,), False, one.find, one) for one in makers().formats),
        Rule("azure-sas", ("sig=",), True, found_at(r"[Ss][Ii][Gg]=(?P<secret>[A-Za-z0-9%+/_-]{20,200}={0,2})")),
        Rule("signature", ("signature=",), True, found_at(r"(?i:signature)=(?P<secret>[\w%+/~-]{20,1000}={0,2})", inside=True)),
        Rule("azure-storage-key", ("accountkey",), True, connection_password),
        Rule("azure-shared-key", ("accesskey", "sharedsecret"), True, connection_password),
        Rule("uri-password", ("://",), False, uri_password),
        Rule("connection-password", ("password", "passwd", "pwd"), True, connection_password),
        Rule("connection-password", ("@//",), False, oracle_password),
        Rule("authorization", ("bearer ", "basic ", 'bearer"', 'basic"', "ssws ", "authorization"), True, authorization),
        Rule("cookie", ("cookie",), True, cookie),
        Rule("secret", ("secret=",), True, parameter),
        Rule("token", ("token=",), True, parameter),
        Rule("key", ("key=",), True, parameter),
        Rule("credential", tuple(f"{name}(" for name in calls()), False, argument),
        Rule("password", NAMES, True, assigned),
        Rule("password", NAMES, True, given),
        Rule("password", NAMES, True, line_value),
        Rule("password", (*WORDS, *HINTS), True, remark),
        *(Rule(kind, anchors, True, clue(pattern)) for kind, anchors, pattern in CLUES),
        Rule("password", (".AppendChar(",), False, spelled),
        Rule("secret", ("secret", "credential"), True, assigned),
        Rule("token", ("token",), True, assigned),
        Rule("key", ("key",), True, assigned),
        *(Rule("service-key", (one.maker,), True, one.find) for one in makers().near),
    )  # fmt: skip


@cache
def kinds() -> tuple[str, ...]:
    """Every kind that a placeholder can name."""
    return tuple(dict.fromkeys(rule.kind for rule in rules()))


@cache
def _marks_pattern() -> re.Pattern[str]:
    return re.compile(rf"\[REDACTED(?::(?P<kind>{'|'.join(kinds())}):(?P<number>\d{{1,9}}))?\]")


def marks(text: str) -> Iterator[re.Match[str]]:
    """The placeholders that stand in the text; only those of a known kind, so that nothing hides in a false one."""
    return _marks_pattern().finditer(text) if "[REDACTED" in text else iter(())


@cache
def _anchors() -> tuple[AhoCorasick, tuple[list[tuple[int, str]], ...]]:
    """All anchors in lower case, and for each of them the rules that have it, with the anchor as the rule has it."""
    owners: dict[str, list[tuple[int, str]]] = {}
    for number, rule in enumerate(rules()):
        for anchor in rule.anchors:
            owners.setdefault(anchor.lower(), []).append((number, anchor))
    return AhoCorasick(list(owners)), tuple(owners.values())


_STRETCH = 1 << 16
"""Characters that are searched at once: what is found in them is a list of its own."""


def _tried(lowered: str) -> list[tuple[int, list[str]]]:
    """The rules of which anchors stand in the text, in their order, and which anchors these are."""
    search, owners = _anchors()
    present: set[int] = set()
    for at in range(0, len(lowered), _STRETCH):
        # What stands in the name of a file as bytes that are no text is no character for the search.
        stretch = lowered[at : at + _STRETCH + 40].encode("utf-8", "replace").decode()
        met = search.find_matches_as_indexes(stretch, overlapping=True)
        present.update({number for number, _, _ in met})
    tried: dict[int, list[str]] = {}
    for number in sorted(present):
        for rule, anchor in owners[number]:
            tried.setdefault(rule, []).append(anchor)
    return sorted(tried.items())


def found(text: str) -> list[Found]:
    """Where the secrets are, in order, apart from each other, placeholders left alone."""
    spans = _in_one_piece(text)
    more = list(_in_parts(text))
    if more:
        stand = [mark.span() for mark in marks(text)]
        more = [(*whole, kind) for start, end, kind in more if (whole := _around(text, start, end, stand))]
    merged: list[Found] = []
    for start, end, kind in sorted([*spans, *more]):
        if merged and start < merged[-1][1]:
            last = merged[-1]
            merged[-1] = (last[0], max(last[1], end), min(last[2], kind, key=kinds().index))
        else:
            merged.append((start, end, kind))
    return merged


def _in_one_piece(text: str) -> list[Found]:
    """The secrets that show in the text as it stands, as :func:`found` gives them."""
    lowered = text.lower()
    if len(lowered) != len(text):  # one letter of Unicode has a longer lower case, and offsets must fit
        lowered = re.sub("[A-Z]+", lambda letters: letters[0].lower(), text)
    stand = [mark.span() for mark in marks(text)]
    starts = [start for start, _ in stand]
    spans = []
    for order, anchors in _tried(lowered):
        kind, _, any_case, finder, _ = rules()[order]
        space = lowered if any_case else text
        for anchor in anchors:
            done, at = 0, -1
            while (at := space.find(anchor, max(at + 1, done))) >= 0:
                if stand and (before := bisect_right(starts, at) - 1) >= 0 and at < stand[before][1]:
                    continue
                for start, end in finder(text, at):
                    done = max(done, end)
                    if whole := _around(text, start, end, stand):
                        spans.append((*whole, order, kind))
    spans += [(*whole, 0, "private-key") for span in key_lines(text) if (whole := _around(text, *span, stand))]
    merged: list[tuple[int, int, int, str]] = []
    for start, end, order, kind in sorted(spans):
        if merged and start < merged[-1][1]:
            last = merged[-1]
            best = min((last[2], last[3]), (order, kind))  # the table has the most telling rules first
            merged[-1] = (last[0], max(last[1], end), *best)
        else:
            merged.append((start, end, order, kind))
    return [(start, end, kind) for start, end, _, kind in merged]


def _around(text: str, start: int, end: int, stand: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """The span with the placeholders that it cuts made whole; nothing where it holds only placeholders."""
    if not stand:
        return (start, end) if start < end else None
    first = bisect_right(stand, (start, len(text))) - 1
    if first >= 0 and start < stand[first][1]:
        start = stand[first][0]
    last = bisect_right(stand, (end - 1, len(text))) - 1
    if last >= 0 and end - 1 < stand[last][1]:
        end = max(end, stand[last][1])
    rest, at = "", start
    for number in range(max(first, 0), last + 1):
        if stand[number][0] >= at:
            rest += text[at : stand[number][0]]
            at = stand[number][1]
    return (start, end) if (rest + text[at:end]).strip() else None


def _in_parts(text: str) -> Iterator[Found]:
    """The secrets that show when literals are read as they are put together: one span for each part."""
    if '"' not in text and "'" not in text and "//" not in text and "byte" not in text and "*" not in text:
        return
    literals = Literals(text)
    read = _Read(text)
    for start, end, value in literals.expressions():
        read.add(start, end, value)
    for start, end, value in literals.numbers():
        read.add(start, end, value)
    yield from read.found()
    decoded = _Read(text)
    for start, end, value in literals.encoded():
        decoded.add(start, end, value)
    yield from decoded.found()
    yield from _side_by_side(literals)


_BEFORE, _AFTER = 80, 24
"""Characters around what is put together that are read with it: the name that it is given to, and a method called on it."""


class _Read:
    """A text of lines as they read when the literals are put together, and where each character stands."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.parts: list[str] = []
        self.size = 0
        self.places: list[tuple[int, int, int, int]] = []  # where in the text, how long, and where in the source

    def _put(self, text: str, start: int, end: int) -> None:
        if text:
            if start >= 0:
                self.places.append((self.size, len(text), start, end))
            self.parts.append(text)
            self.size += len(text)

    def add(self, start: int, end: int, value: Value) -> None:
        """The line of ``start:end`` with the value as one literal instead."""
        source = self.source
        first = max(source.rfind("\n", 0, start) + 1, start - _BEFORE)
        last = source.find("\n", end, end + _AFTER)
        self._put(source[first:start], first, start)
        self._put('"', -1, -1)
        for piece in value:
            self._put(piece.text, piece.start, piece.end)
        self._put('"', -1, -1)
        rest = last if last >= 0 else min(end + _AFTER, len(source))
        self._put(source[end:rest], end, rest)
        self._put("\n", -1, -1)

    def found(self) -> Iterator[Found]:
        """The secrets of that text, where they stand in the source."""
        starts = [at for at, _, _, _ in self.places]
        for start, end, kind in _in_one_piece("".join(self.parts)):
            run: tuple[int, int] | None = None
            for at, length, there, until in self.places[max(bisect_right(starts, start) - 1, 0) :]:
                if at >= end:
                    break
                a, b = max(start, at), min(end, at + length)
                if a >= b:
                    continue
                span = (there + a - at, there + b - at) if until - there == length else (there, until)
                if (
                    run
                    and 0 <= span[0] - run[1] <= _NEAR
                    and not compiled(r"\w{2}").search(self.source, run[1], span[0])
                ):
                    run = (run[0], max(run[1], span[1])) if b - a == 1 or run[1] == span[0] else run
                    if run[1] == max(run[1], span[1]):
                        continue
                if run:
                    yield (*run, kind)
                run = span
            if run:
                yield (*run, kind)


_NEAR = 24
"""Characters between two letters of an array of them."""


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
    members = [(one, text) for one in literals.all if 0 < len(text := one.text) <= _LONGEST_PART and "\n" not in text]
    if len(members) < 2:
        return None
    texts = [text for _, text in members]
    starts = [0, *accumulate(map(len, texts))][:-1]
    return _Row(literals.source, [one for one, _ in members], texts, starts, "".join(texts), [])


_LONGEST_PART = 2000
_MOST_STATEMENTS = 6
"""Statements that the parts of a key may stand in, as constants."""


def _side_by_side(literals: Literals) -> Iterator[Found]:
    """Keys that can be told by themselves whose parts are literals that follow each other, whatever joins them."""
    row = _row(literals)
    if row is None:
        return
    for number, _ in _tried(row.joined.lower()):
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


_FARTHEST = 300
"""Characters between two parts of a key."""


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
        r"[^;]{0,40};\s{0,80}\w{1,60}(?:\.(?:Append\w*|Add|Write)\(|\s{0,5}\+=|\s{0,5}=\s{0,5}\w{1,60}\s{0,5}\+)\s{0,40}(?:\"\{0\}\",\s*)?"
    )
    return goes_on.fullmatch(row.source, start, end) is not None


def _spans(row: _Row, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the parts of a key stand in the source: one span for letters that are literals of their own."""
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
