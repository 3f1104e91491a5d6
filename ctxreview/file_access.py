"""Files that a stranger may have put there: read without waiting and up to a limit, written whole or not at all.

What goes wrong is an :class:`OSError`; its ``strerror`` is a clause for people, such as "it is a pipe or a device". A pipe in a
checkout would keep a reader waiting forever, a device has no end, and what a name stands for can be another thing after it
was looked at: so nothing but a regular file is opened, and what was opened is examined once more.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable
from typing import NamedTuple

_READING = os.O_RDONLY
for _flag in ("O_BINARY", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY"):  # not each system has each of them
    _READING |= getattr(os, _flag, 0)
_CHUNK = 256 * 1024
_WRITING = os.O_WRONLY
for _flag in ("O_BINARY", "O_CLOEXEC", "O_NOCTTY"):
    _WRITING |= getattr(os, _flag, 0)
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)
_STREAMS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}


class CutShortError(OSError):
    """A pipe or device has taken only a part of what was written."""


def contents(path: str | os.PathLike[str], most: int, within: str | os.PathLike[str] | None = None) -> bytes:
    """The bytes of a regular file, ``most`` of them at the most; links are followed, but not out of the folder ``within``.

    Raises :class:`OSError` for anything else, :class:`FileNotFoundError` among them.
    """
    real = os.path.realpath(path, strict=True)
    if within is not None:
        home = os.path.realpath(within, strict=True)
        if not real.startswith(f"{home.rstrip(os.sep)}{os.sep}"):
            raise OSError(errno.EXDEV, f"it points outside {home}", os.fspath(path))
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


def given(path: str | os.PathLike[str], most: int) -> bytes:
    """The bytes of what a person named: a file, a device or a pipe, ``most`` of them at the most.

    Raises :class:`OSError`, also for a pipe that nobody writes into.
    """
    file, first = _own(path), b""
    opened_here = file is None
    if file is None:
        file = os.open(path, _READING & ~getattr(os, "O_NOFOLLOW", 0))
    try:
        mode = os.fstat(file).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, "it is a folder", os.fspath(path))
        if opened_here and stat.S_ISFIFO(mode):
            first = _beginning(file)
        if opened_here and _NONBLOCK:
            os.set_blocking(file, True)
        return first + taken(file, most - len(first))
    finally:
        os.close(file)


def write(path: str | os.PathLike[str], new: bytes | Iterable[bytes], seen: os.stat_result | None = None) -> None:
    """Write a file, at once or in the pieces that are given: whole, or not at all.

    A regular file is replaced in one step, where a link leads to it, too; its mode, and its owner if that may be given, stay. A
    device, a pipe or a descriptor (``/dev/stdout``, ``/dev/fd/63``) is opened and written. Raises :class:`OSError`: where it is
    neither, for a link that leads nowhere, a pipe that nobody reads, and a file that is no longer as ``seen``.
    """
    target, pieces = _target(path), [new] if isinstance(new, bytes) else new
    if isinstance(target, _Regular):
        _replace(target, pieces, seen)
        return
    try:
        for piece in pieces:
            _put(target, piece)
    finally:
        os.close(target)


def begun(path: str | os.PathLike[str], first: bytes) -> int:
    """Write a file up to and with ``first``; what is :func:`added` to the descriptor given goes on from there. The caller closes it.

    What was there is replaced in one step, as :func:`write` does it and with the same errors.
    """
    target = _target(path)
    if isinstance(target, _Regular):
        _replace(target, [first], None)
        return os.open(target.file, _WRITING | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0))
    try:
        _put(target, first)
    except BaseException:
        os.close(target)
        raise
    return target


def added(file: int, more: bytes) -> None:
    """Write on; a process that is killed meanwhile leaves the bytes of all calls before. Raises :class:`OSError`."""
    _put(file, more)


class _Regular(NamedTuple):
    """Where a regular file is or is to be, not through a link; ``about`` is what is there."""

    file: str
    about: os.stat_result | None


def _target(path: str | os.PathLike[str]) -> _Regular | int:
    """A regular file to replace, or the descriptor of a stream to write into."""
    stream = _own(path)
    if stream is not None:
        return stream
    try:
        about = os.stat(path)
    except FileNotFoundError:
        if os.path.islink(path):
            raise FileNotFoundError(
                errno.ENOENT, f"it is a link to {os.readlink(path)}, which does not exist"
            ) from None
        return _Regular(os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path)), None)
    if stat.S_ISDIR(about.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder", os.fspath(path))
    if not stat.S_ISREG(about.st_mode):
        return _stream(path)
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "it is read-only", os.fspath(path))
    return _Regular(os.path.realpath(path, strict=True), about)


def _put(file: int, new: bytes) -> None:
    left = memoryview(new)
    try:
        while left:
            left = left[os.write(file, left) :]
    except OSError as error:
        if len(left) < len(new):
            raise CutShortError(error.errno, error.strerror) from None
        raise


def _replace(target: _Regular, new: Iterable[bytes], seen: os.stat_result | None) -> None:
    """Put a regular file in a place."""
    # The name cannot be foreseen, and is not derived from the file's, which may be as long as a name can be. The file is there for
    # its owner only until it has the mode of the one that it replaces; a new one has the mode that new files have.
    file, about = target
    part = os.path.join(os.path.dirname(file), f".ctxreview-{os.urandom(12).hex()}.part")
    made = os.open(part, _WRITING | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600 if about else 0o666)
    try:
        with os.fdopen(made, "wb") as out:
            out.writelines(new)
            out.flush()
            if about is not None:
                _given_to(part, about)
            os.fsync(out.fileno())
        if seen is not None and _stamp(os.stat(file)) != _stamp(seen):
            raise OSError(errno.EBUSY, "it changed while it was being written", file)
        os.replace(part, file)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise


def _given_to(part: str, about: os.stat_result) -> None:
    mode = stat.S_IMODE(about.st_mode)
    now = os.stat(part)
    if hasattr(os, "chown") and (now.st_uid, now.st_gid) != (about.st_uid, about.st_gid):
        try:
            os.chown(part, about.st_uid, about.st_gid)
        except (
            OSError
        ):  # only the owner and root can give a file away; what it may do as its owner, it may not as another
            mode &= 0o777
    os.chmod(part, mode)


def _stamp(about: os.stat_result) -> tuple[int, int, int]:
    return about.st_mtime_ns, about.st_size, about.st_ino


def _stream(path: str | os.PathLike[str]) -> int:
    """A device or pipe, opened for writing; not waited for."""
    try:
        stream = os.open(path, _WRITING | _NONBLOCK)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(errno.ENXIO, "it is a pipe without a reader, or a socket", os.fspath(path)) from None
        raise
    if stat.S_ISREG(os.fstat(stream).st_mode):
        os.close(stream)
        raise OSError(errno.EBUSY, "it changed while it was being written", os.fspath(path))
    if _NONBLOCK:
        os.set_blocking(stream, True)
    return stream


def _own(path: str | os.PathLike[str]) -> int | None:
    """A copy of one of this process's own descriptors, where ``path`` is the name of one, also by links; else ``None``.

    To open the name would begin with the file's first byte again, and not go on where the shell is.
    """
    name = os.fspath(path)
    for _ in range(40):
        if name in _STREAMS:
            return os.dup(_STREAMS[name])
        folder, last = os.path.split(name)
        if last.isdecimal() and os.path.realpath(folder) in (f"/proc/{os.getpid()}/fd", "/dev/fd"):
            return os.dup(int(last))
        if not os.path.islink(name):
            return None
        name = os.path.join(folder, os.readlink(name))
    return None


def _beginning(pipe: int) -> bytes:
    """What a pipe that was opened without waiting begins with. Where nobody has it open to write, nothing may ever come."""
    try:
        first = os.read(pipe, 1)
    except BlockingIOError:
        return b""
    if not first:
        raise OSError(errno.EPIPE, "it is a pipe without a writer")
    return first


def _regular(about: os.stat_result, path: str | os.PathLike[str]) -> None:
    if stat.S_ISDIR(about.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder", os.fspath(path))
    if stat.S_ISLNK(about.st_mode):
        raise OSError(errno.ELOOP, "it is a link", os.fspath(path))
    if not stat.S_ISREG(about.st_mode):
        raise OSError(errno.EINVAL, "it is a pipe or a device", os.fspath(path))
