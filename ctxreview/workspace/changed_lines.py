"""Which lines of changed files differ.

Compared is text, so neither encoding, byte order mark nor line ends are a change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ctxreview.errors import SourceError
from ctxreview.model.review import Finding
from ctxreview.model.source import Lines
from ctxreview.workspace.changed_files import Changed
from ctxreview.workspace.decoding import decode
from ctxreview.workspace.line_diff import staying

Ranges = tuple[tuple[int, int], ...]
"""First and last lines (1-based, inclusive); where lines are only gone, the two between which they stood, reversed."""

ALL: Ranges = ((1, 1 << 60),)


class Changes:
    """The changed lines of files that differ, by path, all of one that is new; ``notes`` say what could not be compared.

    ``given`` is the option with the range that was asked for, for messages.
    """

    def __init__(self, given: str) -> None:
        self.given = given
        self.lines: dict[str, Ranges] = {}
        self._missing = 0

    def seen(self, changed: Iterable[Changed]) -> Iterator[Changed]:
        """The files as they are, each once its lines are taken down. One that is gone has none."""
        for one in changed:
            if not one.gone:
                if lines := _between(one.before, one.after):
                    self.lines[one.path] = lines
                self._missing += bool(one.was) and one.before is None and one.after is not None
            yield one

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be compared."""
        if not self._missing:
            return ()
        what = "1 file" if self._missing == 1 else f"{self._missing:,} files"
        return (
            f"{self.given}: the content of {what} at that revision is not in this clone, and nothing is fetched; all lines count as changed.",
        )


def touches(finding: Finding, changed: Ranges) -> bool:
    """Whether a line of the finding's place was changed, or the first or last one of a place it points to."""
    related = [r for r in finding.related if r.path == finding.at.path]
    return any(_overlaps(finding.at, *c) or any(_changed_at_end(r, *c) for r in related) for c in changed)


def _overlaps(place: Lines, first: int, last: int) -> bool:
    return place.start_line <= last and first <= place.end_line


def _changed_at_end(place: Lines, first: int, last: int) -> bool:
    return first <= place.start_line <= last or first <= place.end_line <= last


def _between(before: bytes | None, after: bytes | None) -> Ranges:
    """The lines of ``after`` that are not those of ``before``; all where one of the two is not a text."""
    if before is None or after is None:
        return ALL
    try:
        return changed_lines(decode(before, "").data.splitlines(), decode(after, "").data.splitlines())
    except SourceError:
        return ALL


def changed_lines(before: Sequence[bytes], after: Sequence[bytes]) -> Ranges:
    """The lines of ``after`` that are not those of ``before``.

    Lines that both have once are held against each other first, as by ``git diff --patience``; between them the fewest edits
    are looked for. Where there are too many, all lines between count as changed.
    """
    ranges = []
    i = j = 0
    for k, m in (*staying(before, after), (len(before), len(after))):
        if m > j:
            ranges.append((j + 1, m))
        elif k > i:
            ranges.append((j + 1, j))
        i, j = k + 1, m + 1
    return tuple(ranges)
