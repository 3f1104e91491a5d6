"""The repository around a file: its source files.

Nothing of the repository is executed or followed out of its root.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from ctxreview.errors import SourceError
from ctxreview.model.source import Source
from ctxreview.workspace import git
from ctxreview.workspace.decoding import decode
from ctxreview.workspace.ignored import Ignored
from ctxreview.workspace.readable import readable_files
from ctxreview.workspace.reading import MAX_BYTES, read_source
from ctxreview.workspace.revision import files_at
from ctxreview.workspace.stored import StoredFiles

MAX_FILES = 100_000
"""More files than this are not searched: reading them takes seconds."""
MAX_ENTRIES = 500_000
"""No more files and folders than this are examined."""
MAX_UNASKED = 20_000
"""So many files and folders are examined before a folder without tracked files is looked up in the ignored ones first.

Reading the patterns takes longer than looking into a few folders that have no source."""
BUILT = frozenset(("bin", "obj", ".git", ".vs"))
"""Folders of build output, in any case, even where they are tracked."""
VENDORED = frozenset(
    [
        "node_modules",
        "bower_components",
        "packages",
        "vendor",
        "vendors",
        "third_party",
        "third-party",
        "thirdparty",
        "3rd_party",
        "3rd-party",
        "3rdparty",
        "extern",
        "external",
        "externals",
    ]
)
"""Folders of other people's code (github-linguist's ``vendor.yml``, NuGet's ``packages``), in lower case only: a folder
``Vendor`` or ``External`` is a namespace of the project's own."""
GENERATED = (".g", ".g.i", ".designer", ".generated")
"""How the names of generated files end before their extension, in any case (Roslyn's ``GeneratedCodeUtilities``)."""


class Workspace(NamedTuple):
    """The source files of a repository as they were listed.

    ``paths`` are relative to ``root``, with forward slashes, and sorted; bytes of a name that are not UTF-8 are
    surrogates (:func:`os.fsdecode`). ``left_out`` has one sentence for each limit that was hit. Where the files are those of a
    commit, ``stored`` has them.
    """

    root: Path
    paths: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    stored: StoredFiles | None = None


def list_workspace(root: Path, extensions: Collection[str]) -> Workspace:
    """The files under ``root`` with one of the ``extensions`` (lower case, with their dot).

    These are the files on the disk that git tracks or would track: what no ``.gitignore`` and no other of git's lists names, or
    is tracked all the same. :data:`BUILT`, :data:`VENDORED` and :data:`GENERATED` say what is left out even so.
    """
    home = root.resolve()
    suffixes = tuple(extensions)

    names, stopped = _walk(home, lambda name: _wanted(name, suffixes))
    paths, large = readable_files(home, names)
    left_out = list(stopped)
    if large:
        left_out.append(
            f"{_count(large)} over {MAX_BYTES:,} bytes {_were(large)} not searched: {', '.join(large[:3])}"
            + (", …." if len(large) > 3 else ".")
        )
    some, cut = _within_reason(paths)
    return Workspace(home, some, (*left_out, *cut))


def _within_reason(paths: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The paths up to the limit, and what is said of the others."""
    beyond = paths[MAX_FILES:]
    said = (
        f"{_count(beyond)} beyond the first {MAX_FILES:,} by name {_were(beyond)} not searched, from {beyond[0]} on; "
        "name a smaller folder with --root."
        if beyond
        else ""
    )
    return tuple(paths[:MAX_FILES]), (said,) if said else ()


def list_commit(commit: str, root: Path, extensions: Collection[str]) -> Workspace:
    """The files of a commit under ``root``, which is resolved, that :func:`list_workspace` would list if they were on the disk."""
    stored = StoredFiles(root, files_at(commit, root))
    paths = sorted(path for path in stored.digests if is_listed(path, extensions))
    return Workspace(root, *_within_reason(paths), stored)


def is_listed(path: str, extensions: Collection[str]) -> bool:
    """Whether a path, from a root, is one that :func:`list_workspace` would list if git tracked it."""
    *folders, name = path.split("/")
    return _wanted(name, tuple(extensions)) and all(map(_entered, folders))


def _wanted(name: str, suffixes: tuple[str, ...]) -> bool:
    low = name.lower().rstrip()
    return low.endswith(suffixes) and not low.rpartition(".")[0].endswith(GENERATED)


def read_file(place: Workspace, path: str) -> Source | None:
    """One file of the workspace; ``None`` where it cannot be read as text or leads out of the root.

    What a link leads to has its own path.
    """
    try:
        if place.stored is not None:
            (raw,) = place.stored.contents([path])
            return replace(decode(raw, path), root=place.root)
        return read_source(place.root / path, place.root)
    except SourceError:
        return None


def _count(names: Sequence[str]) -> str:
    return f"{len(names):,} file{'s' if len(names) > 1 else ''}"


def _were(names: Sequence[str]) -> str:
    return "were" if len(names) > 1 else "was"


def _entered(folder: str) -> bool:
    return folder not in VENDORED and folder.lower() not in BUILT


def _walk(home: Path, wanted: Callable[[str], bool]) -> tuple[list[str], tuple[str, ...]]:
    """The files under ``home`` with a wanted name that are tracked or not ignored, and what was not looked at."""
    tracked = git.tracked_files(home) or frozenset()
    held = _folders(tracked)
    ignored = Ignored(home)
    waiting, names, said = [""], list[str](), list[str]()
    seen = 0
    while waiting:
        inside = waiting.pop()
        try:
            with os.scandir(f"{home}/{inside}") as entries:
                found = sorted(entries, key=attrgetter("name"))
        except OSError:
            continue
        if inside and inside not in held and any(entry.name == ".git" for entry in found):
            continue  # another repository, as git sees it
        seen += len(found)
        if seen > MAX_ENTRIES:
            where = f"in {inside} and after it" if inside else "here"
            said.append(
                f"Only {MAX_ENTRIES:,} files and folders are searched; those {where} were not: "
                "name a smaller folder with --root."
            )
            break
        below = []
        for entry in found:
            path = inside + entry.name
            if entry.is_dir(follow_symlinks=False):
                path += "/"
                if _entered(entry.name) and (path in held or seen < MAX_UNASKED or path not in ignored):
                    below.append(path)
            elif wanted(entry.name) and (path in tracked or path not in ignored):
                names.append(path)
        waiting += reversed(below)
    return names, (*said, *ignored.left_out)


def _folders(paths: Iterable[str]) -> set[str]:
    """All folders that hold one of some paths, each with a slash at its end."""
    found = {""}
    for lowest in {path[: path.rfind("/") + 1] for path in paths}:
        folder = lowest
        while folder not in found:
            found.add(folder)
            folder = folder[: folder[:-1].rfind("/") + 1]
    return found
