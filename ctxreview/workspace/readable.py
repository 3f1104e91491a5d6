"""Which files of a workspace may be read: those within its root, by links too, of a usual size."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from ctxreview.workspace.reading import MAX_BYTES


def readable_files(home: Path, names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Those of the names, in order, that are files within ``home``: the ones of a usual size, and the larger ones.

    A link counts where its target is within ``home`` and not among the files already.
    """
    folders = {"": True}

    def real(folder: str) -> bool:
        if (known := folders.get(folder)) is None:
            known = real(folder.rpartition("/")[0]) and not _leads_away(os.lstat(f"{home}/{folder}"))
            folders[folder] = known
        return known

    sizes: dict[str, int] = {}
    links = []
    for name in names:
        try:
            if not real(name.rpartition("/")[0]):  # tracked before its folder became a link
                continue
            about = os.lstat(f"{home}/{name}")
        except OSError:  # tracked, and deleted since
            continue
        if stat.S_ISLNK(about.st_mode):
            links.append(name)
        elif stat.S_ISREG(about.st_mode):
            sizes[name] = about.st_size
    shown = set(sizes)
    for link in links:
        if (file := linked_file(home, link)) and file not in shown:
            shown.add(file)
            sizes[link] = (home / file).stat().st_size
    ordered = sorted(sizes)
    return [n for n in ordered if sizes[n] <= MAX_BYTES], [n for n in ordered if sizes[n] > MAX_BYTES]


def _leads_away(about: os.stat_result) -> bool:
    junction: int = getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1)
    return stat.S_ISLNK(about.st_mode) or getattr(about, "st_reparse_tag", 0) == junction


def linked_file(home: Path, link: str) -> str | None:
    """The file within ``home`` that a link leads to in the end, as a path from ``home``."""
    try:
        real = (home / link).resolve(strict=True)
    except (OSError, RuntimeError):
        return None
    return real.relative_to(home).as_posix() if real.is_file() and real.is_relative_to(home) else None
