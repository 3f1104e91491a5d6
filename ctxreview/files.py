"""Files that a stranger may have put there: read without waiting and up to a limit, written whole or not at all.

What goes wrong is an :class:`OSError`; its ``strerror`` is a clause for people, such as "it is a pipe or a device". A pipe in a
checkout would keep a reader waiting for ever, a device has no end, and what a name stands for can be another thing after it
was looked at: so nothing but a regular file is opened, and what was opened is looked at once more.
"""

from __future__ import annotations

import errno
import os
import stat

_READING = os.O_RDONLY
for _flag in ("O_BINARY", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY"):  # not each system has each of them
    _READING |= getattr(os, _flag, 0)
_CHUNK = 256 * 1024


def contents(path: str | os.PathLike[str], most: int, within: str | os.PathLike[str] | None = None) -> bytes:
    """The bytes of a regular file, ``most`` of them at the most; links are followed, but not out of the folder ``within``.

    Raises :class:`OSError` for anything else, :class:`FileNotFoundError` among them.
    """
    real = os.path.realpath(path, strict=True)
    if within is not None:
        home = os.path.realpath(within, strict=True)
        if not real.startswith(f"{home.rstrip(os.sep)}{os.sep}"):
            raise OSError(errno.EXDEV, f"it leads out of {home}", os.fspath(path))
    file = opened(real)
    try:
        return taken(file, most)
    finally:
        os.close(file)


def opened(path: str | os.PathLike[str]) -> int:
    """The descriptor of a regular file, opened for reading; not through a link. The caller closes it.

    Raises :class:`OSError` where it is anything else, or cannot be opened.
    """
    _regular(os.lstat(path), path)  # before it is opened, which is enough for some devices to do something
    file = os.open(path, _READING)
    try:
        _regular(os.fstat(file), path)
    except OSError:
        os.close(file)
        raise
    return file


def taken(file: int, most: int) -> bytes:
    """What there still is to read, to the end, of a descriptor; it stays open.

    Raises :class:`OSError` where that is more than ``most`` bytes; no more is kept of it in memory.
    """
    parts, left = [], most
    while part := os.read(file, min(_CHUNK, left + 1)):
        left -= len(part)
        if left < 0:
            raise OSError(errno.EFBIG, f"it has more than {most:,} bytes")
        parts.append(part)
    return b"".join(parts)


def _regular(about: os.stat_result, path: str | os.PathLike[str]) -> None:
    if stat.S_ISDIR(about.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder", os.fspath(path))
    if stat.S_ISLNK(about.st_mode):
        raise OSError(errno.ELOOP, "it is a link", os.fspath(path))
    if not stat.S_ISREG(about.st_mode):
        raise OSError(errno.EINVAL, "it is a pipe or a device", os.fspath(path))
