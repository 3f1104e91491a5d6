"""The folders that a server may look into, and the files in them that a client names."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ctxreview.errors import SourceError
from ctxreview.file_access import contents
from ctxreview.regex import regex

LONGEST = 4096
"""Characters of a path."""
LONGEST_LIST = 65_536
"""Bytes of git's list of other stores."""

_DEVICE = regex(r"[\\/]{2}[?.][\\/]|\\\\|//", re.S)
"""How Windows begins the names of devices, of paths that it does not look at, and of other machines."""
_DRIVE = regex(r"^[A-Za-z]:")
_RESERVED = regex(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:[ .].*)?", re.I | re.S)


class Place(NamedTuple):
    """A path that is in a root, links followed; ``path`` is as long as it takes and ``inside`` as the root sees it. Both are ``root`` for the root."""

    root: Path
    path: Path
    inside: str


def opened(given: Sequence[Path]) -> tuple[Path, ...]:
    """The roots, links followed, each once. Raises :class:`SourceError` where one is no folder."""
    found = []
    for path in given:
        try:
            real = path.resolve(strict=True)
        except (OSError, RuntimeError, ValueError):
            raise SourceError(f"--root {path}: is not a folder.") from None
        if not real.is_dir():
            raise SourceError(f"--root {path}: is not a folder.")
        found.append(real)
    return tuple(dict.fromkeys(found))


def file_in(roots: Sequence[Path], given: str) -> Place:
    """The file that a client means; it need not be there.

    A path is seen from the root, or is absolute and in one. Where several roots have it, it has to be absolute. Raises
    :class:`SourceError` where it leads out of all roots, in the same words whether there is something or not.
    """
    _check(given)
    named = [root for root in roots if _is_in(os.path.normpath(root / given), root)]
    found = [place for root in named if (place := _within(root, given)) is not None]
    there = [place for place in found if os.path.lexists(place.path)]
    if not there and len(found) == len(named):  # else a link leads out of a root
        there = found[:1]
    if not there:
        raise SourceError(f"{given}: is not in a folder that this server may read; give a path from its root.")
    if len({place.path for place in there}) > 1:
        raise SourceError(f"{given}: is in {len(there)} roots of this server; give the absolute path.")
    (place, *_) = sorted(there, key=lambda one: -len(one.root.parts))
    if place.path == place.root:
        raise SourceError(f"{given}: is a folder; name a file.")
    return place


def root_named(roots: Sequence[Path], given: str | None) -> Path:
    """The root that a client means; without a name the only one. Raises :class:`SourceError` where it is none, or not said which."""
    if given is None:
        if len(roots) == 1:
            return roots[0]
        raise SourceError(f"This server has {len(roots)} roots; give root: {', '.join(map(str, roots))}.")
    _check(given)
    for root in roots:
        if given in (str(root), root.as_posix(), root.name):
            return root
    raise SourceError(f"{given}: is not a root of this server; give one of {', '.join(map(str, roots))}.")


def _check(given: str) -> None:
    if not given.strip() or len(given) > LONGEST:
        raise SourceError(f"path: has {len(given):,} characters; give the path of a file.")
    if "\0" in given:
        raise SourceError("path: has a NUL in it; no file has such a name.")
    if is_device(given, os.name == "nt"):
        raise SourceError(f"{given}: names a device or another machine; give a path from the root of this server.")
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in given):
        raise SourceError("path: has half a character in it; no file that is read has such a name.")


def is_device(given: str, windows: bool) -> bool:
    """Whether a path names a device, another machine or another stream of a file, or is one that Windows does not look at."""
    if _DEVICE.match(given):
        return True
    if not windows:
        return False
    behind = _DRIVE.sub("", given, 1)
    parts = behind.replace("\\", "/").split("/")
    return ":" in behind or any(_RESERVED.fullmatch(part) for part in parts)


def _within(root: Path, given: str) -> Place | None:
    """A path in a root; ``None`` where a link leads out of it."""
    real = os.path.realpath(root / given)
    return Place(root, Path(real), Path(real).relative_to(root).as_posix()) if _is_in(real, root) else None


def _is_in(path: str, root: Path) -> bool:
    above = str(root)
    return path == above or path.startswith(f"{above.rstrip(os.sep)}{os.sep}")


def check_git(root: Path) -> None:
    """Raises :class:`SourceError` where the ``.git`` of a root makes git read what another folder has stored.

    A linked work tree is no such case: the repository that it belongs to names it in turn.
    """
    entry = root / ".git"
    if not os.path.lexists(entry):
        return
    said = f"{root}: its .git leads to another folder, which this server may not read; give the change as patch."
    if entry.is_symlink() or not (entry.is_dir() or _is_named_back(entry)):
        raise SourceError(said)
    try:
        stores = contents(entry / "objects/info/alternates", LONGEST_LIST, root).decode("utf-8", "replace").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError:
        raise SourceError(said) from None
    for store in filter(None, stores):
        if not _is_in(os.path.realpath(entry / "objects" / store), root):
            raise SourceError(said)


def _is_named_back(entry: Path) -> bool:
    """Whether the folder that a ``.git`` file leads to says that its work tree is here."""
    try:
        there = contents(entry, LONGEST).decode("utf-8", "replace").partition("gitdir:")[2].strip()
        back = contents(entry.parent / there / "gitdir", LONGEST).decode("utf-8", "replace").strip()
        return os.path.realpath(entry.parent / there / back) == os.path.realpath(entry)
    except (OSError, ValueError):
        return False
