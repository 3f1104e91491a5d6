"""Files as they were read, places in them, and what the person pointed at.

Offsets are byte offsets into :attr:`Source.data`, half-open. Lines and columns are 1-based and inclusive and appear only
where a person or another program reads them; :class:`Source` is the one place that converts.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of byte offsets."""

    start: int
    end: int

    def contains(self, other: "Span") -> bool:
        """Whether ``other`` is within this span (a span holds itself)."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: "Span") -> bool:
        """Whether the two share at least one byte."""
        return self.start < other.end and other.start < self.end

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self.end - self.start


class Spans:
    """Some spans in any order, which may lie over each other, indexed to be asked about many places."""

    def __init__(self, spans: Iterable[Span]) -> None:
        ordered = sorted(spans)
        self._starts = [s.start for s in ordered]
        self._furthest = list(accumulate((s.end for s in ordered), max))

    def contains(self, span: Span) -> bool:
        """Whether one of them holds ``span``."""
        before = bisect_right(self._starts, span.start)
        return before > 0 and self._furthest[before - 1] >= span.end

    def overlaps(self, span: Span) -> bool:
        """Whether one of them shares a byte with ``span``."""
        before = bisect_left(self._starts, span.end)
        return before > 0 and self._furthest[before - 1] > span.start

    def touches(self, span: Span) -> bool:
        """Whether one of them shares a byte or an edge with ``span``."""
        before = bisect_right(self._starts, span.end)
        return before > 0 and self._furthest[before - 1] >= span.start


def contains_any(span: Span, others: Sequence[Span]) -> bool:
    """Whether ``span`` holds one of ``others``, which are in source order and apart from each other."""
    first = bisect_left(others, Span(span.start, span.start))
    return first < len(others) and span.contains(others[first])


@dataclass(frozen=True)
class Source:
    """One file as it was read; ``path`` is relative to ``root``, the repository, with forward slashes.

    ``data`` is valid UTF-8 without a byte order mark, line ends untouched; ``encoding`` is the
    Python codec the file was read with. Lines end with ``\\n``, ``\\r\\n`` or a lone ``\\r``, as in editors; the
    three further line ends of the C# specification are not counted.
    """

    path: str
    data: bytes
    encoding: str = "utf-8"
    root: Path = Path()

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Byte offset of the first byte of each line."""
        # Bytes, unlike strings, are split at \n, \r and \r\n only.
        starts = tuple(accumulate(map(len, self.data.splitlines(keepends=True)), initial=0))
        return starts if self.data.endswith((b"\n", b"\r")) or len(starts) == 1 else starts[:-1]

    @property
    def newline(self) -> str:
        """The first line end in the file; ``\\n`` where there is none."""
        if len(self.starts) > 1:
            head = self.data[: self.starts[1]]
            return "\r\n" if head.endswith(b"\r\n") else "\r" if head.endswith(b"\r") else "\n"
        return "\n"

    @property
    def line_count(self) -> int:
        """Number of lines; text after the last line end counts as one, an empty rest does not."""
        return len(self.starts) - (self.starts[-1] == len(self.data) and len(self.starts) > 1)

    def line_of(self, offset: int) -> int:
        """1-based line of the byte at ``offset``."""
        return bisect_right(self.starts, offset)

    def lines_of(self, span: Span) -> tuple[int, int]:
        """First and last line (1-based, inclusive) that ``span`` touches."""
        found = self._lines.get(span)
        if found is None:  # the same places are asked for again and again
            starts = self.starts
            found = bisect_right(starts, span.start), bisect_right(starts, max(span.start, span.end - 1))
            self._lines[span] = found
        return found

    @cached_property
    def _lines(self) -> dict[Span, tuple[int, int]]:
        return {}

    def line_span(self, first: int, last: int | None = None) -> Span:
        """Lines ``first`` to ``last`` (1-based, inclusive), without the last line's end."""
        last = first if last is None else last
        starts, data = self.starts, self.data
        end = starts[last] if last < len(starts) else len(data)
        if end > starts[last - 1] and data[end - 1] in b"\r\n":
            end -= 2 if data.endswith(b"\r\n", starts[last - 1], end) else 1
        return Span(self.starts[first - 1], end)

    def text(self, span: Span) -> str:
        """The text of ``span``; a span cut inside a character shows U+FFFD there."""
        return self.data[span.start : span.end].decode("utf-8", "replace")

    @cached_property
    def lines(self) -> list[str]:
        """The texts of all lines, without their ends; one more, empty, after a last line end."""
        text = self.data.decode("utf-8", "replace")
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        return text.split("\n")

    def line(self, number: int) -> str:
        """The text of one line (1-based), without its line end."""
        return self.lines[number - 1]


class Selection(NamedTuple):
    """What the person pointed at. ``given`` is the text they gave, for messages and batches."""

    source: Source
    span: Span
    given: str

    @property
    def lines(self) -> tuple[int, int]:
        """First and last selected line, 1-based and inclusive."""
        return self.source.lines_of(self.span)


class Lines(NamedTuple):
    """A place for people: path and 1-based inclusive lines, with a word on what is there."""

    path: str
    start_line: int
    end_line: int
    what: str = ""


def segments(path: str) -> list[str]:
    """The names in a path with slashes of either kind, without ``.`` and the ``..`` it begins with."""
    parts = [part for part in re.split(r"[\\/]+", path) if part not in ("", ".")]
    while parts and parts[0] == "..":
        parts.pop(0)
    return parts


def same_path(given: str, source: Source) -> bool:
    """Whether ``given`` names the file, as seen from its root, a folder in it or one around it.

    Models shorten paths from the left and change slashes.
    """
    parts = segments(given)
    return bool(parts) and [*source.root.parts, *segments(source.path)][-len(parts) :] == parts
