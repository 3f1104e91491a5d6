"""The files of editors, read and written: the change is shown first, and what is there stays."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from ctxreview import file_access
from ctxreview.cli import console
from ctxreview.cli.editors.setups import Part, after
from ctxreview.errors import ConfigError
from ctxreview.model.source import Source
from ctxreview.reports.change import diff

MOST = 4 * 1024 * 1024
"""Bytes of an editor's file that are read."""
_MARK = b"\xef\xbb\xbf"


class Planned(NamedTuple):
    """What is to become of one file: its bytes ``before``, ``None`` where it is not there, and the text it is to have.

    ``mark`` is the byte order mark that it begins with, ``seen`` what was there when it was read.
    """

    part: Part
    path: Path
    before: bytes | None
    text: str
    mark: bytes = b""
    seen: os.stat_result | None = None

    @property
    def new(self) -> bytes:
        """The bytes that it is to have."""
        return self.mark + self.text.encode()


def planned(part: Part, path: Path, home: Path) -> Planned:
    """What is to become of a file; one in the repository ``home`` is not looked for through a link that leads out of it.

    Raises :class:`ConfigError` where it cannot be read, or where ours does not go into it.
    """
    if path.is_relative_to(home) and not Path(os.path.realpath(path.parent)).is_relative_to(home):
        raise ConfigError(f"{path.parent}: is a link out of the repository; nothing was written.")
    try:
        seen = path.stat()
        raw = file_access.contents(path, MOST, home if path.is_relative_to(home) else None)
    except FileNotFoundError:
        return Planned(part, path, None, after(part, None, path))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); nothing was written.") from None
    mark = _MARK if raw.startswith(_MARK) else b""
    try:
        text = raw.removeprefix(mark).decode()
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not in UTF-8; nothing was written. Add by hand what --print shows.") from None
    return Planned(part, path, raw, after(part, text, path), mark, seen)


def shown(one: Planned, colour: bool) -> str:
    """What is to become of a file, as a diff."""
    before = (one.before or b"").removeprefix(one.mark)
    name = one.path.as_posix().lstrip("/")
    return diff(Source(name, before), Source(name, one.text.encode()), colour)


def write(one: Planned) -> None:
    """Write a file, whole or not at all. Raises :class:`ConfigError` where that cannot be done, or where it has changed since."""
    try:
        one.path.parent.mkdir(parents=True, exist_ok=True)
        file_access.write(one.path, one.new, one.seen)
    except OSError as error:
        raise ConfigError(f"{one.path}: cannot be written ({error.strerror}).") from None
    done = "was written" if one.before is None else "was added to"
    console.say(f"{one.path}: {done}.{f' {one.part.note}' if one.part.note else ''}")
