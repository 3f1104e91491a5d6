"""Which files are linted: those that a person names, those of a folder, or all of a repository."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from ctxreview.errors import SourceError
from ctxreview.file_access import contents
from ctxreview.languages import extensions, language_of
from ctxreview.model.source import Source
from ctxreview.workspace.files import Workspace, list_commit, list_workspace
from ctxreview.workspace.reading import read_source
from ctxreview.workspace.roots import find_root

BLANK = b"\xef\xbb\xbf \t\r\n"
"""What an empty file has."""


class Listing(NamedTuple):
    """What is to be linted: paths from ``root``, sorted.

    ``named`` are those that somebody named, whatever they are; ``failed`` has a sentence for each file that cannot be, and
    ``notes`` one for each folder without any. Where the files are those of a commit, ``place`` has them. ``texts`` are those of files that
    are not there, or not yet; an empty one is a file that is gone.
    """

    root: Path
    paths: tuple[str, ...]
    named: frozenset[str] = frozenset()
    failed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    place: Workspace | None = None
    texts: Mapping[str, Source] = MappingProxyType({})


def root_of(given: Sequence[Path], root: Path | None) -> Path:
    """The repository: the given one, or the one around the first path, or else around the current folder."""
    if root is not None:
        return root.resolve()
    first = Path.cwd() / given[0] if given else Path.cwd()
    return find_root(str(first if first.is_dir() else first.parent)).resolve()


def files_named(given: Sequence[Path], root: Path) -> Listing:
    """The files that the paths name; without any, all source files of the repository.

    A folder has those of its files that :func:`ctxreview.workspace.files.list_workspace` lists.
    """
    chosen, named, failed, notes = set[str](), set[str](), list[str](), list[str]()
    for path in given or (root,):
        if not path.is_dir():
            try:
                source = read_source(path, root)
                language_of(source.path)
                named.add(source.path)
            except SourceError as error:
                failed += () if is_empty_file(path) else (str(error),)
            continue
        real = path.resolve()
        if not real.is_relative_to(root):
            failed.append(f"{path}: is outside {root}; give the right folder with --root.")
            continue
        place = list_workspace(real, tuple(extensions()))
        folder = real.relative_to(root).as_posix().removeprefix(".")
        chosen |= {f"{folder}/{inside}".removeprefix("/") for inside in place.paths}
        failed += place.left_out
        if not place.paths:
            kinds = ", ".join(sorted(extensions()))
            notes.append(f"{path}: has no {kinds} files other than ignored, built, vendored or generated ones.")
    return Listing(root, tuple(sorted(chosen | named)), frozenset(named), tuple(failed), tuple(notes))


def files_of_commit(given: Sequence[Path], root: Path, commit: str) -> Listing:
    """The files of a commit that the paths name; without any, all its source files. Nothing is read of the disk."""
    place = list_commit(commit, root, tuple(extensions()))
    if not given:
        return Listing(root, place.paths, failed=place.left_out, place=place)
    within = [(path, _path_within(path, root)) for path in given]
    chosen = [
        path for path in place.paths if any(is_within(path, folder) for _, folder in within if folder is not None)
    ]
    missing = [path for path, folder in within if folder is None or not any(is_within(p, folder) for p in place.paths)]
    notes = tuple(f"{path}: the revision has no source file of that name or in such a folder." for path in missing)
    return Listing(root, tuple(chosen), failed=place.left_out, notes=notes, place=place)


def counts_among(given: Sequence[Path], root: Path) -> Callable[[str], bool]:
    """What says of a path from ``root`` whether it is, or was, one of the given files or in one of the given folders."""
    within = [_path_within(path, root) for path in given]
    return lambda path: not within or any(is_within(path, folder) for folder in within if folder is not None)


def is_within(path: str, folder: str) -> bool:
    """Whether a path is the other one, or in the folder that the other one is; ``""`` is the root."""
    return not folder or path == folder or path.startswith(f"{folder}/")


def _path_within(path: Path, root: Path) -> str | None:
    """A path that somebody gave, from ``root``; ``None`` where it leads out of it."""
    real = Path(os.path.normpath(Path.cwd() / path))
    return real.relative_to(root).as_posix().removeprefix(".") if real.is_relative_to(root) else None


def is_empty_file(path: Path) -> bool:
    """Whether a file that can be read has nothing but blanks in its first 1,024 bytes, and no more than these."""
    try:
        return not contents(path, 1024).strip(BLANK)
    except OSError:
        return False
