"""Which framework a source file's project targets, and the versions of the libraries through which it reads and writes data."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import cache
from typing import NamedTuple

from ctxreview.file_access import contents
from ctxreview.languages import data
from ctxreview.model.phrases import listed
from ctxreview.model.source import Source

MAX_BYTES = 1 << 20
"""Bytes of a project file; a larger one is not read."""
MAX_ENTRIES = 5_000
"""Entries of a folder in which project files are looked for."""


class ProjectFiles(NamedTuple):
    """How a language's projects say what they use: see ``[project]`` in ``frameworks.toml``."""

    own: str
    shared: tuple[str, ...]
    target: re.Pattern[str]
    between_targets: str
    property: re.Pattern[str]
    given: re.Pattern[str]
    used: re.Pattern[str]
    referred: re.Pattern[str]
    name: re.Pattern[str]
    version: re.Pattern[str]
    libraries: frozenset[str]


@cache
def _project_files(language: str) -> ProjectFiles | None:
    told = data(language, "frameworks.toml").get("project")
    if told is None:
        return None
    lists = {"shared": tuple(told["shared"]), "libraries": frozenset(told["libraries"])}
    patterns = ("target", "property", "given", "used", "referred", "name", "version")
    return ProjectFiles(**{**told, **lists, **{key: re.compile(told[key]) for key in patterns}})


def project_versions(source: Source, language: str) -> Iterator[str]:
    """Sentences on the target and the libraries of the project that ``source`` belongs to; none where no file says it."""
    about = _project_files(language)
    if about is None:
        return
    files = list(_files(source, about))
    told: set[str] = set()
    for path, text in files:
        target = about.target.search(text)
        if target is not None and "target" not in told:
            told.add("target")
            targets = [one for one in _value(target[1], files, about).split(about.between_targets) if one]
            yield f"The project targets {listed(targets)} ({path})."
    uses = [(path, use[0]) for path, text in files for use in about.used.finditer(text)]
    named = [(given[1], path, use) for path, use in uses if (given := about.name.search(use)) is not None]
    own = {name for name, _, use in named if about.referred.match(use)}
    others: dict[str, list[str]] = {}
    for name, path, use in named:
        version = about.version.search(use)
        if version is None or name not in about.libraries or name in told:
            continue
        told.add(name)
        if name in own:
            yield f"{name} is used in version {_value(version[1], files, about)} ({path})."
        else:
            others.setdefault(path, []).append(f"{name} {_value(version[1], files, about)}")
    for path, found in others.items():
        yield f"Versions for the projects of the repository that use them: {', '.join(found)} ({path})."


def _files(source: Source, about: ProjectFiles) -> Iterator[tuple[str, str]]:
    """The nearest project file, and what is shared by the projects below a folder: paths from the root and texts, nearest first."""
    folder, own = source.path.rpartition("/")[0], False
    while True:
        names = _names(source.root / folder)
        mine = [n for n in names if fnmatchcase(n, about.own)] if not own else []
        own = own or bool(mine)
        for name in [*mine[:1], *(n for n in names if n in about.shared)]:
            path = f"{folder}/{name}".lstrip("/")
            with suppress(OSError):  # a link out of the repository, a pipe, or too large
                yield path, contents(source.root / path, MAX_BYTES, source.root).decode("utf-8", "replace")
        if not folder:
            return
        folder = folder.rpartition("/")[0]


def _names(folder: os.PathLike[str]) -> list[str]:
    """The names in a folder, in order; none where it is too large, or cannot be read."""
    found: list[str] = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found.append(entry.name)
            if len(found) > MAX_ENTRIES:
                return []
    return sorted(found)


def _value(written: str, files: list[tuple[str, str]], about: ProjectFiles) -> str:
    """What is written, or the value of the property that it names, on one line and not longer than people write."""
    named = about.property.fullmatch(written.strip())
    if named is not None:
        given = (g for _, text in files for g in about.given.finditer(text))
        written = next((g[2] for g in given if g[1] == named[1]), written)
    return " ".join(written.split())[:80]
