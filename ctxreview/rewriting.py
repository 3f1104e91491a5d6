"""A changed source written back to its file, as it was read: encoding, byte order mark, line ends and mode stay."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from ctxreview.errors import SourceError
from ctxreview.model import Source
from ctxreview.selection import decode

_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe\0\0", b"\0\0\xfe\xff", b"\xff\xfe", b"\xfe\xff")


def rewrite(before: Source, after: Source) -> None:
    """Replace the file that was read as ``before`` by ``after``, in one step: a reader sees the one or the other.

    Raises :class:`SourceError`, and leaves the file as it is, where it was changed since it was read, holds bytes that
    would not come back the same, or cannot be written.
    """
    file = Path(os.path.realpath(before.root / before.path))
    try:
        raw, stat = file.read_bytes(), file.stat()
        mark = next((m for m in _MARKS if raw.startswith(m)), b"")
        if decode(raw, before.path).data != before.data:
            raise SourceError(f"{before.path}: was changed since it was read; nothing was written.")
        if mark + _encoded(before) != raw:
            raise SourceError(
                f"{before.path}: holds bytes that are no {before.encoding.upper()}; nothing was written, since they would be lost."
            )
        if not os.access(file, os.W_OK):
            raise SourceError(f"{before.path}: may not be written (it is read-only); nothing was written.")
        _replace(file, mark + _encoded(after), stat)
    except OSError as error:
        raise SourceError(f"{before.path}: cannot be written ({error.strerror}); nothing was written.") from None


def _encoded(source: Source) -> bytes:
    """The text in the file's encoding, without a byte order mark."""
    if source.encoding.startswith("utf-8"):
        return source.data
    return source.data.decode("utf-8").encode(source.encoding)


def _replace(file: Path, new: bytes, stat: os.stat_result) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".part", dir=file.parent)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(new)
            out.flush()
            os.fsync(out.fileno())
        part.chmod(stat.st_mode & 0o7777)
        if hasattr(os, "chown"):
            with contextlib.suppress(OSError):  # only the owner and root can give a file away
                os.chown(part, stat.st_uid, stat.st_gid)
        now = file.stat()
        if (now.st_mtime_ns, now.st_size, now.st_ino) != (stat.st_mtime_ns, stat.st_size, stat.st_ino):
            raise SourceError(f"{file.name}: was changed while it was written; nothing was written.")
        part.replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
