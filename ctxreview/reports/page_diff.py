"""A unified diff as rows of two columns: what was there, and what is there instead."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from ctxreview.context.visible import visible
from ctxreview.redact import redact
from ctxreview.regex import regex

_HUNK = regex(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


class Cell(NamedTuple):
    """A line of one side: its number, and its text before, in and after what differs from the other side."""

    number: int
    before: str
    changed: str
    after: str


class Pair(NamedTuple):
    """A row: equal lines on both sides, or an old line, a new line or both."""

    kind: str
    old: Cell | None
    new: Cell | None


class Hunk(NamedTuple):
    """Rows side by side, and the same lines below each other; ``path`` is the new file's where another one begins."""

    path: str
    pairs: tuple[Pair, ...]
    lines: tuple[Pair, ...]


def hunks(diff: str) -> Iterator[Hunk]:
    """The hunks of a unified diff, without secrets: some span lines, so the whole of it is looked at."""
    path, told = "", ""
    old = new = old_left = new_left = 0
    rows: list[Pair] = []
    for line in redact(visible(diff.rstrip("\n"))).text.split("\n"):
        if begin := _HUNK.match(line):
            if rows:
                yield _hunk(told, rows)
                rows, path = [], ""
            told = path
            old, old_left, new, new_left = (int(n or 1) for n in begin.groups())
        elif (old_left > 0 and line[:1] in ("-", " ")) or (new_left > 0 and line[:1] in ("+", " ")):
            text = line[1:].expandtabs(4)
            before = Cell(old, text, "", "") if line[0] != "+" else None
            after = Cell(new, text, "", "") if line[0] != "-" else None
            rows.append(Pair({"-": "gone", "+": "added", " ": "same"}[line[0]], before, after))
            old, old_left = old + (before is not None), old_left - (before is not None)
            new, new_left = new + (after is not None), new_left - (after is not None)
        elif line.startswith("+++ "):
            if rows:
                yield _hunk(told, rows)
                rows = []
            path = line[4:].removeprefix("b/")
    if rows:
        yield _hunk(told, rows)


def _hunk(path: str, rows: list[Pair]) -> Hunk:
    """Without the blanks that all its lines begin with: they take a third of a narrow column."""
    texts = [cell.before for row in rows for cell in (row.old, row.new) if cell and cell.before.strip()]
    depth = min((len(text) - len(text.lstrip(" ")) for text in texts), default=0)

    def less(cell: Cell | None) -> Cell | None:
        return cell._replace(before=cell.before[depth:]) if cell else None

    shown = [Pair(row.kind, less(row.old), less(row.new)) for row in rows]
    return Hunk(path, tuple(_aligned(shown)), tuple(shown))


def _aligned(rows: list[Pair]) -> Iterator[Pair]:
    """The rows with each run of old lines beside the new ones that follow it."""
    gone: list[Cell] = []
    added: list[Cell] = []
    for row in [*rows, None]:
        if row is not None and row.kind == "gone" and not added and row.old:
            gone.append(row.old)
        elif row is not None and row.kind == "added" and row.new:
            added.append(row.new)
        else:
            yield from (_pair(old, new) for old, new in zip_longest(gone, added))
            gone, added = [row.old] if row is not None and row.kind == "gone" and row.old else [], []
            if row is not None and row.kind == "same":
                yield row


def _pair(old: Cell | None, new: Cell | None) -> Pair:
    if old is None or new is None:
        return Pair("gone" if new is None else "added", old, new)
    a, b = old.before, new.before
    shortest = min(len(a), len(b))
    start = next((i for i in range(shortest) if a[i] != b[i]), shortest)
    end = next((i for i in range(shortest - start) if a[-1 - i] != b[-1 - i]), shortest - start)
    if not (a[:start].strip() or a[len(a) - end :].strip()):  # they have nothing in common
        return Pair("changed", old, new)
    return Pair("changed", _marked(old, start, end), _marked(new, start, end))


def _marked(cell: Cell, start: int, end: int) -> Cell:
    text = cell.before
    stop = len(text) - end
    return Cell(cell.number, text[:start], text[start:stop], text[stop:])
