"""The bytes and the text of a workspace's files, many of them read at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from ctxreview import file_access
from ctxreview.errors import SourceError
from ctxreview.workspace.decoding import decode
from ctxreview.workspace.readable import linked_file
from ctxreview.workspace.reading import MAX_BYTES

CHUNK = 128
"""Files that are open at once."""
_THREADS = 4
_BUFFER = 256 * 1024


def contents_of(root: Path, paths: Sequence[str]) -> Iterable[bytes]:
    """The bytes of some files, as :func:`bytes_of` has them, so that a disk is asked for several at once."""
    if not hasattr(os, "posix_fadvise"):
        if len(paths) < CHUNK:
            return [bytes_of(root, path) for path in paths]
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(_THREADS) as pool:
            return list(pool.map(lambda path: bytes_of(root, path), paths))
    files = [_descriptor(root, path) for path in paths]
    for file in files:
        if file is not None:
            with suppress(OSError):  # a pipe
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_WILLNEED)
    # One that was not opened because too many files were open is, once those before it are closed.
    return [
        bytes_of(root, path) if file is None else _read_descriptor(file)
        for path, file in zip(paths, files, strict=True)
    ]


def bytes_of(root: Path, path: str) -> bytes:
    """The bytes of a file, and none where it cannot be read; not through a link that leads out of ``root``."""
    file = _descriptor(root, path)
    return b"" if file is None else _read_descriptor(file)


def bytes_at(root: Path, path: str) -> bytes | None:
    """The bytes of a file that is not a link; ``None`` where it cannot be read."""
    try:
        with os.fdopen(file_access.opened(f"{root}/{path}"), "rb", 0) as file:
            return file_access.taken(file.fileno(), MAX_BYTES)
    except (OSError, ValueError):
        return None


def _descriptor(root: Path, path: str) -> int | None:
    try:
        return file_access.opened(f"{root}/{path}")
    except OSError:
        if (leads := linked_file(root, path)) is None:
            return None
    try:
        return file_access.opened(root / leads)
    except OSError:
        return None


def _read_descriptor(file: int) -> bytes:
    """What an open file has, which is closed then."""
    try:
        raw = os.read(file, _BUFFER)
        while len(raw) <= MAX_BYTES and len(raw) % _BUFFER == 0 and (more := os.read(file, _BUFFER)):
            raw += more
    except OSError:
        return b""
    finally:
        os.close(file)
    return raw


def as_text(raw: bytes) -> bytes:
    """The text as UTF-8; none where it is none."""
    if raw.startswith(b"\xef\xbb\xbf"):
        return raw[3:]
    if b"\0" in raw or raw.startswith((b"\xff\xfe", b"\xfe\xff")) or not raw.isascii():
        try:
            return decode(raw, "").data
        except SourceError:  # binary, or marked as what it is not
            return b""
    return raw
