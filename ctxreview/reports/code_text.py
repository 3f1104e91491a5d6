"""Code for a terminal: numbered lines with the scopes drawn in the margin, the selection marked, and what is left out counted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ctxreview.context.listing import lines_shown, numbered
from ctxreview.context.visible import one_line
from ctxreview.model.phrases import amount
from ctxreview.reports.brackets import Bracket, brackets
from ctxreview.reports.layout import Layout, wrap
from ctxreview.reports.shapes.context import ContextDocument
from ctxreview.reports.shown import Shown

TALLEST = 3
"""Lines of output that one line of code may take."""


class Sheet:
    """The selected file as it is drawn: each line once made, to be counted and printed."""

    def __init__(self, about: ContextDocument, beside: Shown, layout: Layout, numbers: Sequence[int]) -> None:
        """``numbers`` are all lines that may be shown."""
        self._layout = layout
        self._lines = dict(beside["files"][0]["lines"])
        self._selected = about["selection"]["start_line"], about["selection"]["end_line"]
        self._brackets = _brackets(about, numbers)
        self._margin = max((b.column + 1 for b in self._brackets), default=0)
        self._width = len(str(max(numbers, default=1)))
        filled = [text for n in numbers if (text := self._lines[n].expandtabs(4)).strip()]
        # What stands further left than where it begins, such as a directive, does not move the rest to the right.
        self._dedent = len(filled[0]) - len(filled[0].lstrip()) if filled else 0

    def height(self, number: int, tallest: int = TALLEST) -> int:
        """How many lines of output a line takes, at most ``tallest``."""
        return len(self._parts(number, tallest))

    def lines(self, numbers: Sequence[int], cut: Collection[int] = ()) -> Iterator[str]:
        """The given lines, which are in order, and how many are left out between them; those to be ``cut`` on one line each."""
        previous = 0
        for number in numbers:
            if previous and number > previous + 1:
                yield self._gap(number - previous - 1)
            yield from self._line(number, 1 if number in cut else TALLEST)
            previous = number

    def _gap(self, left_out: int) -> str:
        told = self._layout.paint(f"… {amount(left_out, 'line')}", "dim")
        return f"{'':{self._width + 2}} {told}"

    def _parts(self, number: int, tallest: int) -> list[str]:
        text = self._lines[number].expandtabs(4).rstrip()
        text = text[min(self._dedent, len(text) - len(text.lstrip())) :]
        depth = len(text) - len(text.lstrip())
        room = self._layout.columns - self._width - self._margin - 4
        indent = min(depth + 4, room // 2)
        parts = wrap(text, room, room - indent)
        if tallest == 1 and len(parts) > 1:
            return [f"{wrap(text, room - 2, room)[0]} …"]
        if len(parts) > tallest:
            hidden = sum(map(len, parts[tallest - 1 :]))
            parts = [*parts[: tallest - 1], f"… {amount(hidden, 'character', 'more')}"]
        return [parts[0], *(f"{' ' * indent}{part}" for part in parts[1:])]

    def _line(self, number: int, tallest: int) -> Iterator[str]:
        first, last = self._selected
        chosen = first <= number <= last
        paint = self._layout.paint
        for at, part in enumerate(self._parts(number, tallest)):
            mark = paint(">", "bold", "yellow") if chosen and not at else " "
            label = str(number) if not at else ""
            margin = "".join(self._sign(number, column, at) for column in range(self._margin))
            yield f"{mark} {label:>{self._width}} {margin} {paint(part, 'bold') if chosen else part}".rstrip()

    def _sign(self, number: int, column: int, at: int) -> str:
        here = next((b for b in self._brackets if b.column == column and b.first <= number <= b.last), None)
        if here is None:
            return " "
        if here.first == here.last:
            sign = " " if at else "╶"
        elif number == here.last:
            sign = " " if at else "└"
        else:
            sign = "┌" if number == here.first and not at else "│"
        return self._layout.paint(sign, "green" if here.encloses else "dim")


def _brackets(about: ContextDocument, numbers: Sequence[int]) -> list[Bracket]:
    """The scopes of the selected file as they are drawn beside some of its lines."""
    path, first, last = about["selection"]["path"], min(numbers, default=0), max(numbers, default=0)
    return brackets(
        (s["start_line"], s["end_line"], s["encloses_selection"])
        for s in about["scopes"]
        if s["path"] == path and s["start_line"] <= last and first <= s["end_line"]
    )


def shown_in(about: ContextDocument, path: str) -> dict[int, bool]:
    """The lines of a file's excerpts: whether the model sees each, or it is left out."""
    return lines_shown(
        (
            (e["start_line"], e["end_line"]),
            [(r["start_line"], r["end_line"]) for r in e.get("elided", ())],
        )
        for e in about["excerpts"]
        if e["path"] == path
    )


def file_listings(about: ContextDocument, beside: Shown) -> Iterator[tuple[str, str]]:
    """What the model sees of each file, by its path as numbered lines: the selected file first."""
    own = about["selection"]
    texts = {file["path"]: dict(file["lines"]) for file in beside["files"]}
    for path in dict.fromkeys((own["path"], *(e["path"] for e in about["excerpts"]))):
        selected = (own["start_line"], own["end_line"]) if path == own["path"] else (0, 0)
        yield path, numbered(shown_in(about, path), texts[path].__getitem__, selected)


def other_files_text(about: ContextDocument, beside: Shown, layout: Layout) -> Iterator[str]:
    """What the model sees of other files."""
    for path, code in file_listings(about, beside):
        if path != about["selection"]["path"]:
            yield ""
            yield from layout.hang(one_line(path), "", 2)
            yield from listing_text(code, layout)


def listing_text(code: str, layout: Layout) -> Iterator[str]:
    """A listing in the width of the layout."""
    for line in code.split("\n"):
        number, bar, text = line.partition(" | ")
        yield from _numbered(f"{number}{bar}", text, layout)


def _numbered(label: str, text: str, layout: Layout) -> Iterator[str]:
    text = text.expandtabs(4)
    indent = len(label) + min(len(text) - len(text.lstrip()) + 4, 24)
    yield from layout.hang(text, label, indent)
