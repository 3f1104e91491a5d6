"""Which lines of a work tree differ from a revision.

Git is asked what the revision has (:mod:`ctxreview.workspace.git`), and the files are compared here: ``git diff`` runs the filters that a
repository's settings name, and its attributes and index can hide a file. Compared is text, so neither encoding, byte order mark
nor line ends are a change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha1, sha256
from pathlib import Path
from typing import NamedTuple

from ctxreview.errors import SourceError
from ctxreview.model.review import Finding
from ctxreview.model.source import Lines
from ctxreview.workspace import git
from ctxreview.workspace.contents import bytes_at
from ctxreview.workspace.decoding import decode
from ctxreview.workspace.line_diff import staying
from ctxreview.workspace.readable import linked_file
from ctxreview.workspace.renames import renamed_files
from ctxreview.workspace.revision import files_at, files_gone, stored_texts

Ranges = tuple[tuple[int, int], ...]
"""First and last lines (1-based, inclusive); where lines are only gone, the two between which they stood, reversed."""

ALL: Ranges = ((1, 1 << 60),)


class Changes(NamedTuple):
    """The changed lines of each file that differs, by its path from the root; ``notes`` say what could not be compared."""

    lines: Mapping[str, Ranges]
    notes: tuple[str, ...] = ()


def changes_since(revision: str, root: Path, paths: Sequence[str]) -> Changes:
    """Which lines of some files differ from ``revision``; ``paths`` are relative to ``root``, which is resolved.

    Committed or not, and whatever attributes and index say of a file. One that git does not track is new in all its lines, a
    renamed one only in those that were edited. Raises :class:`ConfigError` where there is no git, no repository or no such
    revision.
    """
    then = files_at(revision, root)
    tracked = git.tracked_files(root) or frozenset()
    wide = any(len(digest) == 64 for digest in then.values())
    found: dict[str, Ranges] = {}
    differ: dict[str, str] = {}
    new: dict[str, tuple[str, ...]] = {}
    real = dict.fromkeys(paths, "")
    for path in paths:
        real[path], raw = _current(root, path)
        if raw is None:
            found[path] = ALL  # why, is said where it is read
        elif (old := then.get(real[path])) is None:
            found[path] = ALL
            if path in tracked:
                new[path] = tuple(_digests(raw, wide))
        elif old not in _digests(raw, wide):
            differ[path] = old
    differ |= renamed_files(root, new, files_gone(root, then) if new else {})
    missing = 0
    after: dict[str, list[str]] = {}
    for path, old in differ.items():
        after.setdefault(old, []).append(path)
    for old, text in stored_texts(root, after):
        for path in after[old]:
            found.pop(path, None)
            if lines := _between(text, bytes_at(root, real[path])):
                found[path] = lines
            missing += text is None
    return Changes(found, _notes(missing, revision))


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


def _current(root: Path, path: str) -> tuple[str, bytes | None]:
    """What a file has now, with its path; for a link within the root those of the file that it leads to."""
    raw = bytes_at(root, path)
    if raw is None and (leads := linked_file(root, path)) is not None:
        return leads, bytes_at(root, leads)
    return path, raw


def _digests(raw: bytes, wide: bool) -> Iterator[str]:
    """The digests that git has for a file with these bytes: as they are, and with the line ends that it stores."""
    for form in (raw, raw.replace(b"\r\n", b"\n")):
        made = sha256 if wide else sha1
        yield made(b"blob %d\0" % len(form) + form, usedforsecurity=False).hexdigest()


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
