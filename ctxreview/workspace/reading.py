"""One file as source, with its path in the repository that holds it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from ctxreview import file_access
from ctxreview.errors import SourceError
from ctxreview.kept import kept
from ctxreview.model.source import Source
from ctxreview.workspace.decoding import decode
from ctxreview.workspace.roots import home_of, real_path
from ctxreview.workspace.selection_form import FORMS

MAX_BYTES = 2 * 1024 * 1024
"""Larger files are refused and not searched: nobody wrote them by hand, and one of this size full of transactions and locks takes some seven seconds."""


def read_source(path: Path, root: Path | None = None) -> Source:
    """Read one file; its path becomes relative to ``root``, or to the repository that holds it.

    Raises :class:`SourceError` when it cannot be read as text or leads out of ``root``.
    """
    try:
        real = real_path(path)
        stat = os.stat(real)
    except (OSError, RuntimeError, ValueError) as error:
        raise SourceError(f"{path}: cannot be read ({_reason(error)}); check the path.") from None
    if S_ISDIR(stat.st_mode):
        raise SourceError(f"{path}: is a folder; name a file and its lines: {FORMS}.")
    if not S_ISREG(stat.st_mode):
        raise SourceError(f"{path}: is a pipe or a device; ctxreview reads files.")
    home = home_of(os.path.dirname(path), root)
    shown = _path_in_repository(path, real, home)
    _check_size(path, stat.st_size)
    return _read_unchanged(real, shown, home, stat.st_mtime_ns, stat.st_size)


def source_of(path: Path, text: str, root: Path | None = None) -> Source:
    """A text as the file at ``path``, which need not be there. Raises :class:`SourceError` as :func:`read_source` does."""
    path = path_from(path, root) or (root / path if root is not None else path)
    home = home_of(os.path.dirname(path), root)
    shown = _path_in_repository(path, os.path.realpath(path), home)
    data = text.encode("utf-8", "replace")
    _check_size(path, len(data))
    return replace(decode(data, shown), root=home)


def _path_in_repository(path: Path, real: str, home: Path) -> str:
    """A file's path from its repository, with forward slashes. Raises :class:`SourceError` where it is outside."""
    above = os.path.join(home, "")
    if not real.startswith(above):
        linked = real != os.path.normpath(os.path.join(os.getcwd(), path))
        raise SourceError(
            f"{path}: is outside {home}"
            + (" (it is a link that points outside)." if linked else "; give the right folder with --root.")
        )
    return real.removeprefix(above).replace(os.sep, "/")


def _check_size(path: Path, size: int) -> None:
    if size > MAX_BYTES:
        raise SourceError(
            f"{path}: has {size:,} bytes; files over {MAX_BYTES:,} are not read: they are not written by hand."
        )


def path_from(path: Path, root: Path | None) -> Path | None:
    """The path as it leads to a file, from the current directory or else from ``root``."""
    if _exists(path):
        return path
    return root / path if root is not None and not path.is_absolute() and _exists(root / path) else None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long, a folder that may not be entered
        return False


def _reason(error: Exception) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else "it is not a path"


@kept(16)
def _read_unchanged(real: str, shown: str, home: Path, _changed: int, _size: int) -> Source:
    for _ in range(3):
        try:
            with os.fdopen(file_access.opened(real), "rb", buffering=0) as file:
                before = os.fstat(file.fileno())
                raw = file_access.taken(file.fileno(), MAX_BYTES)
                after = os.fstat(file.fileno())
        except OSError as error:
            raise SourceError(f"{shown}: cannot be read ({_reason(error)}).") from None
        if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size) and len(raw) == after.st_size:
            return replace(decode(raw, shown), root=home)
    raise SourceError(f"{shown}: changed while it was read; try again when it is complete.")
