"""Code on a page: numbered lines with syntax colours, the scopes as brackets beside them, and what is on each line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from ctxreview.context.visible import visible
from ctxreview.model.kinds import SEVERITIES, Severity
from ctxreview.model.phrases import numbers
from ctxreview.redact import redact
from ctxreview.reports.brackets import Bracket, brackets
from ctxreview.reports.places import scope_word
from ctxreview.reports.shapes.context import ContextDocument, Scope
from ctxreview.reports.shapes.places import Finding
from ctxreview.reports.shown import ShownFile

MOST_COLOURED = 400_000
"""Characters of a file up to which its code gets syntax colours: Pygments takes about a second for a million."""
LONGEST_COLOURED = 2_000
"""Characters of a line up to which the file's code does."""
MOST_NOTES = 3
"""Notes beside one line; of more the rest is counted."""
NOTED = {
    "write": "writes {}",
    "save": "saves",
    "complete": "completes",
    "tracking": "tracking",
    "token": "token",
    "sql-hint": "SQL hint",
    "io": "calls out",
}
"""What is noted beside a line, by the kind of its fact."""


class Piece(NamedTuple):
    """A run of characters of one line, and the class of its colour."""

    text: str
    colour: str


class Row(NamedTuple):
    """A line as it is drawn; ``left_out`` counts the lines before it that are not shown.

    ``columns`` are the classes of its cells in the margin, ``opens`` what the scopes that begin on it are called.
    """

    number: int
    left_out: int
    columns: tuple[str, ...]
    pieces: tuple[Piece, ...]
    selected: bool
    hazard: Severity | None
    opens: tuple[str, ...]
    notes: tuple[str, ...]


class Sheet(NamedTuple):
    """One file; ``columns`` is how many scopes are drawn beside each other."""

    path: str
    rows: tuple[Row, ...]
    columns: int
    words: str


def sheet(file: ShownFile, about: ContextDocument, hazards: Sequence[Finding]) -> Sheet:
    """A file of a context with what is known of its lines."""
    own = file["path"] == about["selection"]["path"]
    scopes = [s for s in about["scopes"] if s["path"] == file["path"]]
    drawn = brackets((s["start_line"], s["end_line"], s["encloses_selection"]) for s in scopes)
    columns = max((b.column + 1 for b in drawn), default=0)
    first, last = (about["selection"]["start_line"], about["selection"]["end_line"]) if own else (0, -1)
    notes = _notes(about) if own else {}
    worst = _worst(file["path"], hazards)
    coloured = _coloured(file, about["language"])
    rows = []
    previous = 0
    for number, _ in file["lines"]:
        rows.append(
            Row(
                number,
                number - previous - 1 if previous else 0,
                tuple(_cell(number, column, drawn, scopes) for column in range(columns)),
                coloured[number],
                first <= number <= last,
                worst.get(number),
                tuple(dict.fromkeys(_name(s) for s in scopes if s["start_line"] == number)),
                notes.get(number, ()),
            )
        )
        previous = number
    return Sheet(file["path"], tuple(rows), columns, numbers(first, last) if own else "")


def _cell(number: int, column: int, drawn: Sequence[Bracket], scopes: Sequence[Scope]) -> str:
    """The class of a line's cell in one column of the margin; ``""`` where nothing is drawn."""
    here = next((b for b in drawn if b.column == column and b.first <= number <= b.last), None)
    if here is None:
        return ""
    ends = ("top",) * (number == here.first) + ("end",) * (number == here.last)
    mine = (s for s in scopes if (s["start_line"], s["end_line"]) == (here.first, here.last))
    free = any(r["start_line"] <= number <= r["end_line"] for s in mine for r in s["not_held_at"])
    return " ".join(("bar", *ends, *(("holds",) if here.encloses else ()), *(("free",) if free else ())))


def _name(scope: Scope) -> str:
    what = scope_word(scope["kind"], scope["mode"] or "")
    on = f" {scope['resource']}" if scope["resource"] and scope["kind"] == "lock" else ""
    return f"{what}{on} {numbers(scope['start_line'], scope['end_line'])}"


def _notes(about: ContextDocument) -> dict[int, tuple[str, ...]]:
    """What is noted beside the lines of the selected file."""
    found: dict[int, dict[str, None]] = {}
    for scope in about["scopes"]:
        if scope["kind"] == "transaction" and scope["path"] == about["selection"]["path"]:
            for number in scope["exits_at"]:
                found.setdefault(number, {})["leaves uncompleted"] = None
    for fact in about["facts"]:
        if fact["kind"] in NOTED:
            said = NOTED[fact["kind"]].format(fact["name"])
            found.setdefault(fact["start_line"], {})[said] = None
    made = {}
    for number, notes in found.items():
        more = len(notes) - MOST_NOTES
        made[number] = (*list(notes)[:MOST_NOTES], *((f"{more} more",) if more > 0 else ()))
    return made


def _worst(path: str, hazards: Sequence[Finding]) -> dict[int, Severity]:
    """The worst severity of what was found on each line."""
    found: dict[int, Severity] = {}
    for hazard in sorted(hazards, key=lambda h: SEVERITIES.index(h["severity"])):
        if hazard["path"] == path:
            found.setdefault(hazard["start_line"], hazard["severity"])
    return found


def _coloured(file: ShownFile, language: str) -> Mapping[int, tuple[Piece, ...]]:
    """The pieces of each line: with colours where the file is not too large, and runs of lines that belong together at a time."""
    texts = {number: redact(visible(text)).text for number, text in file["lines"]}
    if sum(map(len, texts.values())) > MOST_COLOURED or max(map(len, texts.values()), default=0) > LONGEST_COLOURED:
        return {number: (Piece(text, ""),) for number, text in texts.items()}
    made: dict[int, tuple[Piece, ...]] = {}
    for _, run in groupby(enumerate(texts), lambda each: each[1] - each[0]):
        run_of = [number for _, number in run]
        lines = _lexed("\n".join(texts[n] for n in run_of), language)
        made.update(zip(run_of, lines, strict=True))
    return made


def _lexed(text: str, language: str) -> Iterator[tuple[Piece, ...]]:
    """The lines of ``text`` in pieces. What Pygments knows no lexer for has no colours."""
    from pygments.lexers import find_lexer_class_by_name
    from pygments.token import STANDARD_TYPES
    from pygments.util import ClassNotFound

    try:
        lexer = find_lexer_class_by_name(language)(stripnl=False, stripall=False, ensurenl=False)
    except ClassNotFound:
        yield from ((Piece(line, ""),) for line in text.split("\n"))
        return
    line: list[Piece] = []
    for token, value in lexer.get_tokens(text):
        colour = _COLOURS.get(STANDARD_TYPES.get(token, "")[:1], "")
        for at, part in enumerate(value.split("\n")):
            if at:
                yield tuple(line)
                line = []
            if part:
                line.append(Piece(part, colour))
    yield tuple(line)


_COLOURS = {"k": "k", "s": "s", "c": "c", "m": "m"}
"""Classes of Pygments by their first letter (keywords, strings, comments, numbers) and ours; names and marks are not coloured."""
