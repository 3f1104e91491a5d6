"""Which files differ between two versions of a repository, and what each has in both.

Git is asked what a commit has (:mod:`ctxreview.workspace.git`), and the files are compared here: ``git diff`` runs the filters that a
repository's settings name, and its attributes and index can hide a file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha1, sha256
from pathlib import Path
from typing import NamedTuple

from ctxreview.languages import extensions
from ctxreview.workspace import git
from ctxreview.workspace.contents import bytes_at
from ctxreview.workspace.files import is_listed
from ctxreview.workspace.readable import linked_file
from ctxreview.workspace.renames import renamed_files
from ctxreview.workspace.revision import Range, files_at, stored_texts

_AT_ONCE = 256
"""Files whose texts are asked for together."""


class Changed(NamedTuple):
    """A file that differs: its ``path``, and that before, which is another one where it was renamed and ``""`` where the file is new.

    ``before`` and ``after`` are its bytes, ``None`` where they cannot be read. One that is ``gone`` has its old path in both.
    """

    path: str
    was: str
    before: bytes | None = None
    after: bytes | None = None
    gone: bool = False


class _Differing(NamedTuple):
    """What differs, by its path: the digests before and after, ``""`` for what is not there, and the paths before."""

    before: dict[str, str]
    after: dict[str, str]
    was: dict[str, str]
    gone: frozenset[str]


def changed_files(
    span: Range, root: Path, paths: Sequence[str], counts: Callable[[str], bool] = lambda path: True
) -> Iterator[Changed]:
    """The files that differ among ``paths``, which are those after, and the ones that are gone, sorted by path.

    ``root`` is resolved, and paths are relative to it; ``counts`` says of one that is gone whether it is asked for. Committed or not,
    and whatever attributes and index say of a file. One that git does not track is new.
    """
    if span.after is None:
        yield from _since(span.before, root, paths, counts)
        return
    then, now = files_at(span.before, root), files_at(span.after, root)
    own = {path: now[path] for path in paths if path in now}
    lost = _lost(then, lambda path: path not in now)
    new = {path: (digest,) for path, digest in own.items() if path not in then}
    read = cache(lambda: dict(stored_texts(root, [digest for (digest,) in new.values()])))
    renamed = renamed_files(root, new, lost if new else {}, lambda path: read()[new[path][0]])
    was = {path: path for path, digest in own.items() if then.get(path, digest) != digest} | renamed
    gone = frozenset(path for path in lost if path not in renamed.values() and counts(path))
    made = _Differing(
        {path: then[old] for path, old in was.items()} | {path: then[path] for path in gone},
        {path: own[path] for path in (*was, *new)},
        was | dict.fromkeys(new.keys() - renamed.keys(), ""),
        gone,
    )
    for some in _batches(sorted((*made.was, *gone))):
        texts = dict(
            stored_texts(root, [d for path in some for d in (made.before.get(path), made.after.get(path)) if d])
        )
        for path in some:
            before, after = (texts.get(side.get(path, "")) for side in (made.before, made.after))
            yield Changed(path, made.was.get(path, path), before, after, path in gone)


def _since(commit: str, root: Path, paths: Sequence[str], counts: Callable[[str], bool]) -> Iterator[Changed]:
    """What the files on the disk differ in from a commit."""
    then = files_at(commit, root)
    tracked = git.tracked_files(root) or frozenset()
    wide = any(len(digest) == 64 for digest in then.values())
    was: dict[str, str] = {}
    new: dict[str, tuple[str, ...]] = {}
    real = dict.fromkeys(paths, "")
    for path in paths:
        real[path], raw = _current(root, path)
        if raw is None:
            was[path] = path  # why, is said where it is read
        elif (old := then.get(real[path])) is None:
            was[path] = ""
            if path in tracked:
                new[path] = tuple(_digests(raw, wide))
        elif old not in _digests(raw, wide):
            was[path] = real[path]
    lost = _lost(then, lambda path: not os.path.lexists(root / path))
    if lost:
        left_out = git.left_out_files(root)
        lost = {path: old for path, old in lost.items() if path not in left_out}
    renamed = renamed_files(root, new, lost if new else {}, lambda path: bytes_at(root, path))
    was |= renamed
    gone = frozenset(path for path in lost if path not in renamed.values() and counts(path))
    for some in _batches(sorted((*was, *gone))):
        olds = {path: then.get(was.get(path, path), "") for path in some}
        texts = dict(stored_texts(root, filter(None, olds.values())))
        for path in some:
            after = bytes_at(root, real[path]) if path not in gone else None
            yield Changed(path, was.get(path, path), texts.get(olds[path]), after, path in gone)


def _batches(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    return (paths[at : at + _AT_ONCE] for at in range(0, len(paths), _AT_ONCE))


def _lost(then: Mapping[str, str], is_gone: Callable[[str], bool]) -> dict[str, str]:
    """The source files of then that are not there any more, with their digests."""
    known = tuple(extensions())
    return {path: old for path, old in then.items() if is_listed(path, known) and is_gone(path)}


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
