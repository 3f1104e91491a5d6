"""The commit that a file was read at: what a report says beside its path."""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from functools import lru_cache
from hashlib import sha1
from pathlib import Path
from typing import NamedTuple

from ctxreview.model.source import Source
from ctxreview.workspace import git
from ctxreview.workspace.git import git_root, path_in_checkout

_MARKS = {"utf-8": b"", "utf-8-sig": BOM_UTF8}
"""Codecs whose text is a file's bytes, and what stands before it."""


_SHA1 = 40
"""Digits of a name in a repository whose names :func:`_blob` gives; others have SHA-256."""


class Commit(NamedTuple):
    """The checked-out commit by its full name; ``changed`` says that the file is not as it is there, ``None`` that nobody can tell."""

    name: str
    changed: bool | None


def commit_of(source: Source) -> Commit | None:
    """The commit that is checked out around a file; ``None`` without git, a repository or a commit."""
    around = git_root(source.root)
    name = _head(around, _marks(around)) if around is not None else ""
    if around is None or not name:
        return None
    folder, _, file = f"{path_in_checkout(source.root, around)}{source.path}".rpartition("/")
    if source.encoding not in _MARKS or len(name) != _SHA1:
        return Commit(name, None)
    data = _MARKS[source.encoding] + source.data
    # Files are checked out with the platform's line ends, or committed with them.
    known = _blobs(around, name, folder).get(file, "")
    return Commit(name, known not in (_blob(data), _blob(data.replace(b"\r\n", b"\n"))))


def _marks(around: Path) -> tuple[object, ...]:
    """What is another one when another commit is checked out: when git wrote which. Where it keeps that elsewhere, this is new each time."""
    folder = around / ".git"
    try:
        written = [(folder / name).stat() for name in ("HEAD", "logs/HEAD")]
    except OSError:
        return (object(),)
    return tuple((w.st_mtime_ns, w.st_size) for w in written)


@lru_cache(8)
def _head(around: Path, _marks: tuple[object, ...]) -> str:
    """The name of the checked-out commit; ``""`` where there is none."""
    said = git.run_git(around, "rev-parse", "--verify", "--quiet", "HEAD^{commit}") or b""
    return said.decode("ascii", "replace").strip()


@lru_cache(64)
def _blobs(around: Path, name: str, folder: str) -> dict[str, str]:
    """The names of the objects that a commit has in a folder, by file: of many reviews, those of a folder come together."""
    listed = git.run_git(around, "ls-tree", "-z", f"{name}:{folder}") or b""
    rows = (row.partition("\t") for row in os.fsdecode(listed).split("\0"))
    return {file: about.rpartition(" ")[2] for about, _, file in rows}


def _blob(data: bytes) -> str:
    """The name of a file's content as an object of git (SHA-1 repositories; https://git-scm.com/book/en/v2/Git-Internals-Git-Objects)."""
    return sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
