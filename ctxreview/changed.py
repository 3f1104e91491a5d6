"""Which lines of a work tree differ from a revision, as git sees it."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ctxreview.errors import ConfigError
from ctxreview.model import Finding, Lines
from ctxreview.workspace import git, git_program

GIT_SECONDS = 120
"""Git is not waited for any longer."""

Ranges = tuple[tuple[int, int], ...]
"""First and last lines (1-based, inclusive); where lines are only gone, the two between which they stood, reversed."""

ALL: Ranges = ((1, 1 << 60),)

_DIFF = (
    "-c",
    "diff.suppressBlankEmpty=false",
    "diff",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--ignore-submodules",
    "--relative",
    "--find-renames",
    "--unified=0",
    "--src-prefix=a/",
    "--dst-prefix=b/",
)
_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def since(revision: str, root: Path) -> Mapping[str, Ranges]:
    """The changed lines of each file under ``root`` that differs from ``revision``, by its path from there.

    Committed or not; a file that git does not track and no ``.gitignore`` names is new in all its lines, a renamed one only in
    those that were edited. Raises :class:`ConfigError` where there is no git, no repository or no such revision.
    """
    if git_program(root) is None:
        raise ConfigError(f"--diff {revision}: git is asked for it, and is not installed.")
    tree = git(root, GIT_SECONDS, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if tree is None:
        inside = git(root, GIT_SECONDS, "rev-parse", "--is-inside-work-tree") is not None
        raise ConfigError(
            f"--diff {revision}: there is no such revision in {root}; give a branch, a tag or a commit."
            if inside
            else f"--diff {revision}: {root} is not in a git repository."
        )
    made = git(root, GIT_SECONDS, *_DIFF, tree.decode().strip(), "--")
    new = git(root, GIT_SECONDS, "ls-files", "--others", "--exclude-standard", "-z")
    if made is None or new is None:
        raise ConfigError(f"--diff {revision}: git cannot compare it with the files of {root}.")
    found: dict[str, list[tuple[int, int]]] = {}
    for path, lines in _hunks(made):
        found.setdefault(path, []).append(lines)
    return {p: tuple(lines) for p, lines in found.items()} | {os.fsdecode(p): ALL for p in new.split(b"\0") if p}


def touches(finding: Finding, changed: Ranges) -> bool:
    """Whether a line of the finding's place was changed, or the first or last one of a place it points to."""
    related = [r for r in finding.related if r.path == finding.at.path]
    return any(_in(finding.at, *c) or any(_at_end(r, *c) for r in related) for c in changed)


def _in(place: Lines, first: int, last: int) -> bool:
    return place.start_line <= last and first <= place.end_line


def _at_end(place: Lines, first: int, last: int) -> bool:
    return first <= place.start_line <= last or first <= place.end_line <= last


def _hunks(diff: bytes) -> Iterator[tuple[str, tuple[int, int]]]:
    """Each hunk's lines in the new file, with its path."""
    path = ""
    lines = iter(diff.split(b"\n"))
    for line in lines:
        if line.startswith(b"+++ "):
            path = _path(line[4:])
        elif hunk := _HUNK.match(line):
            gone, first, count = int(hunk[1] or b"1"), int(hunk[2]), int(hunk[3] or b"1")
            left = gone + count
            while left > 0:  # what is in a hunk may look like a header
                left -= not next(lines, b"").startswith(b"\\")
            if path:
                yield path, (first, first + count - 1) if count else (first + 1, first)


def _path(written: bytes) -> str:
    """The path in a header of a diff; ``""`` for a file that is gone."""
    name = written.removesuffix(b"\t")
    if name.startswith(b'"'):
        name = codecs.escape_decode(name[1:-1])[0]
    return "" if name == b"/dev/null" else os.fsdecode(name.removeprefix(b"b/"))
