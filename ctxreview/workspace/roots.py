"""The repository around a file, and the file that a path leads to: looked for once for each folder."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

_ROOT_MARKS = (".sln", ".slnx", ".csproj")


@lru_cache(maxsize=512)
def find_root(folder: str) -> Path:
    """The repository around a folder: the nearest with ``.git``, else with a solution or project, else itself."""
    around = (Path(folder), *Path(folder).parents)
    for outer in around:
        if (outer / ".git").exists():
            return outer
    for outer in around:
        try:
            if any(entry.suffix in _ROOT_MARKS for entry in outer.iterdir()):
                return outer
        except OSError:
            break
    return Path(folder)


def home_of(folder: str, root: Path | None = None) -> Path:
    """The repository that holds a folder, as written from the current one: ``root``, or the one around it."""
    return _resolved(root) if root is not None else _home(os.path.join(os.getcwd(), folder))


@lru_cache(maxsize=1024)
def _home(folder: str) -> Path:
    """The repository around a folder, which may be written with ``..`` in it."""
    return _resolved(find_root(os.path.normpath(folder)))


@lru_cache(maxsize=64)
def _resolved(root: Path) -> Path:
    return root.resolve()


def real_path(path: Path) -> str:
    """The file that a path leads to; many selections share a folder."""
    folder, name = os.path.split(path)
    near = os.path.join(_real_folder(os.path.join(os.getcwd(), folder)), name)
    plain = name not in ("", ".", "..") and not os.path.islink(near)
    return near if plain else os.path.realpath(path, strict=True)


def forget_roots() -> None:
    """Look at folders anew from here on: links in them and repositories around them may be others by now."""
    for known in (_real_folder, _home, _resolved, find_root):
        known.cache_clear()


@lru_cache(maxsize=1024)
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder, strict=True)
