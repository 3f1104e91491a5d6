"""Text of a given width: paragraphs with hanging indents, in which no word is cut, and colours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.regex import regex
from ctxreview.reports.paint import Paint

NARROWEST = 60
"""Columns that a text needs; on a terminal that has fewer its lines are broken by the terminal."""
WIDEST = 120
"""Columns of prose, however wide the terminal is: longer lines are hard to read. Code takes all there are."""
_WORD = regex(r"\s*\S+")
_JOINTS = frozenset("/\\.,:;()[]{}<>=&|?+-_")
"""Characters after which a word may go on in the next line, where it is longer than a line."""


class Layout(NamedTuple):
    """The ``width`` of a text in columns, and whether it has colours."""

    width: int = 80
    colour: bool = False

    @property
    def columns(self) -> int:
        """The width that lines are made for."""
        return max(self.width, NARROWEST)

    def paint(self, text: str, *names: str) -> str:
        """``text`` in the named colours."""
        return Paint(self.colour)(text, *names) if text else text

    def hang(self, text: str, label: str = "", indent: int = 2, *colours: str) -> Iterator[str]:
        """``text`` behind a ``label`` in ``colours``; all lines but the first are indented by ``indent`` columns.

        The label is ours: it is shorter than a line.
        """
        columns = min(self.columns, WIDEST)
        parts = wrap(text, columns - cells(label), columns - indent)
        yield self.paint(label if parts[0] else label.rstrip(), *colours) + parts[0]
        yield from (f"{' ' * indent}{part}" for part in parts[1:])

    def block(self, text: str, indent: int = 2) -> Iterator[str]:
        """The lines of a text of somebody else, each a paragraph that is indented."""
        for line in text.split("\n"):
            yield from self.hang(line.expandtabs(4), " " * indent, indent)


def cells(text: str) -> int:
    """Columns that a text without control characters takes; at least one for each character."""
    if text.isascii():
        return len(text)
    from rich.cells import get_character_cell_size

    return sum(max(1, get_character_cell_size(c)) for c in text)


def wrap(text: str, first: int, rest: int) -> list[str]:
    """``text`` in lines of at most ``first`` columns, and ``rest`` from the second on; one empty line for no text.

    Lines end between words. A word that is wider than a line ends after a joint such as ``/`` or ``.``, and within a name only
    where that has none. Blanks at the start of the text stay.
    """
    lines: list[str] = []
    line, used, room = "", 0, max(first, 8)
    for found in _WORD.findall(text):
        if line and used + cells(found) > room:
            lines.append(line)
            line, used, room = "", 0, max(rest, 8)
        word = found if line or not lines else found.lstrip()
        while cells(word) > room:
            piece = _start_of(word, room)
            lines.append(piece.rstrip())
            word, room = word[len(piece) :].lstrip(), max(rest, 8)
        line, used = line + word, used + cells(word)
    return [*lines, line] if line or not lines else lines


def _start_of(word: str, room: int) -> str:
    """As much of a long word as fits, up to its last joint."""
    end = used = joint = 0
    for end, character in enumerate(word):
        used += cells(character)
        if used > room:
            break
        if character in _JOINTS:
            joint = end + 1
    return word[: joint if joint > room // 3 else max(end, 1)]
