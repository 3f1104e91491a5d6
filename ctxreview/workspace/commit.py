"""The commit that a file was read at: what a report says beside its path."""

from __future__ import annotations

from codecs import BOM_UTF8
from hashlib import sha1
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
    if around is None:
        return None
    path = f"{path_in_checkout(source.root, around)}{source.path}"
    head = git.run_git(source.root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if head is None:
        return None
    blob = git.run_git(source.root, "rev-parse", "--verify", "--quiet", f"HEAD:{path}")
    known = blob.decode("ascii", "replace").strip() if blob is not None else ""
    name = head.decode("ascii", "replace").strip()
    if source.encoding not in _MARKS or len(name) != _SHA1:
        return Commit(name, None)
    data = _MARKS[source.encoding] + source.data
    # Files are checked out with the platform's line ends, or committed with them.
    return Commit(name, known not in (_blob(data), _blob(data.replace(b"\r\n", b"\n"))))


def _blob(data: bytes) -> str:
    """The name of a file's content as an object of git (SHA-1 repositories; https://git-scm.com/book/en/v2/Git-Internals-Git-Objects)."""
    return sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
