"""A changed source written back to its file, as it was read: encoding, byte order mark, line ends and mode stay."""

from __future__ import annotations

import os
from pathlib import Path

from ctxreview import file_access as files
from ctxreview.errors import SourceError
from ctxreview.model.source import Source
from ctxreview.workspace.decoding import decode
from ctxreview.workspace.reading import MAX_BYTES

_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe\0\0", b"\0\0\xfe\xff", b"\xff\xfe", b"\xfe\xff")


def rewrite(before: Source, after: Source) -> None:
    """Replace the file that was read as ``before`` by ``after``, in one step: a reader sees the one or the other.

    Raises :class:`SourceError`, and leaves the file as it is, where it was changed since it was read, holds bytes that
    would not come back the same, or cannot be written.
    """
    file = Path(os.path.realpath(before.root / before.path))
    try:
        seen = file.stat()
        raw = files.contents(file, MAX_BYTES, before.root)
        mark = next((m for m in _MARKS if raw.startswith(m)), b"")
        if decode(raw, before.path).data != before.data:
            raise SourceError(f"{before.path}: was changed since it was read; nothing was written.")
        if mark + _encoded(before) != raw:
            raise SourceError(
                f"{before.path}: has bytes that are not valid {before.encoding.upper()}; nothing was written, since they would be lost."
            )
        files.write(file, mark + _encoded(after), seen)
    except OSError as error:
        raise SourceError(f"{before.path}: cannot be written ({error.strerror}); nothing was written.") from None


def _encoded(source: Source) -> bytes:
    """The text in the file's encoding, without a byte order mark."""
    if source.encoding.startswith("utf-8"):
        return source.data
    return source.data.decode("utf-8").encode(source.encoding)
