"""Which files are linted: those that a person names, those of a folder, or all of a repository."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ctxreview.errors import SourceError
from ctxreview.file_access import contents
from ctxreview.languages import extensions, language_of
from ctxreview.workspace.files import list_workspace
from ctxreview.workspace.reading import read_source
from ctxreview.workspace.roots import find_root

BLANK = b"\xef\xbb\xbf \t\r\n"
"""What an empty file has."""


class Listing(NamedTuple):
    """What is to be linted: paths from ``root``, sorted.

    ``named`` are those that somebody named, whatever they are; ``failed`` has a sentence for each file that cannot be, and
    ``notes`` one for each folder without any.
    """

    root: Path
    paths: tuple[str, ...]
    named: frozenset[str] = frozenset()
    failed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


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


def is_empty_file(path: Path) -> bool:
    """Whether a file that can be read has nothing but blanks in its first 1,024 bytes, and no more than these."""
    try:
        return not contents(path, 1024).strip(BLANK)
    except OSError:
        return False
