"""Which lines of changed files differ.

Compared is text, so neither encoding, byte order mark nor line ends are a change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ctxreview.errors import SourceError
from ctxreview.model.review import Finding
from ctxreview.model.source import Lines
from ctxreview.workspace.changed_files import Changed
from ctxreview.workspace.decoding import decode
from ctxreview.workspace.line_diff import staying

Ranges = tuple[tuple[int, int], ...]
"""First and last lines (1-based, inclusive); where lines are only gone, the two between which they stood, reversed."""

ALL: Ranges = ((1, 1 << 60),)


class Changes(NamedTuple):
    """The changed lines of each file that differs, by its path from the root; ``notes`` say what could not be compared."""

    lines: Mapping[str, Ranges]
    notes: tuple[str, ...] = ()


def changes_of(changed: Iterable[Changed], given: str) -> Changes:
    """Which lines of some files differ, all of one that is new; ``given`` is the range that was asked for, for messages.

    A file that is gone has no lines.
    """
    found: dict[str, Ranges] = {}
    missing = 0
    for one in changed:
        if one.gone:
            continue
        if lines := _between(one.before, one.after):
            found[one.path] = lines
        missing += bool(one.was) and one.before is None and one.after is not None
    return Changes(found, _notes(missing, given))


def touches(finding: Finding, changed: Ranges) -> bool:
    """Whether a line of the finding's place was changed, or the first or last one of a place it points to."""
    related = [r for r in finding.related if r.path == finding.at.path]
    return any(_overlaps(finding.at, *c) or any(_changed_at_end(r, *c) for r in related) for c in changed)


def _overlaps(place: Lines, first: int, last: int) -> bool:
    return place.start_line <= last and first <= place.end_line


def _changed_at_end(place: Lines, first: int, last: int) -> bool:
    return first <= place.start_line <= last or first <= place.end_line <= last


def _notes(missing: int, revision: str) -> tuple[str, ...]:
    if not missing:
        return ()
    what = "1 file" if missing == 1 else f"{missing:,} files"
    return (
        f"--diff {revision}: the content of {what} at that revision is not in this clone, and nothing is fetched; all lines count as changed.",
    )


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
