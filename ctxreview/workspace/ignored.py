"""What git ignores: the patterns of the repository, of the folders on the way, and of the user."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ctxreview import file_access
from ctxreview.workspace import git

if TYPE_CHECKING:
    import re

MAX_IGNORE_BYTES = 1024 * 1024
"""A longer ``.gitignore`` ignores nothing: nobody wrote it by hand."""
MAX_IGNORE_SECONDS = 10.0
"""Matching paths with patterns is not gone on with any longer, and nothing else is ignored."""

_STEPS = 30_000_000


class _PatternList(NamedTuple):
    """One list of patterns: where its folder lies, and its patterns, last first, each with the longest path it is tried on.

    ``lead`` leads from its folder down to the root, ``inside`` is the length of the path from the root to its folder.
    """

    lead: str
    inside: int
    patterns: tuple[tuple[re.Pattern[str], bool, int], ...]

    def verdict(self, path: str) -> bool | None:
        """Whether ``path`` (a folder's ends with a slash) is ignored; ``None`` where no pattern matches it.

        The patterns also match what is in a matching folder, which would let ``!*/`` take back any file. As each folder
        on the way is asked for, only matches of the whole path count.
        """
        path = self.lead + path[self.inside :]
        for pattern, ignored, longest in self.patterns:
            # Without an anchor a pattern is one that matches every entry, or every folder, by its last character.
            start = 0 if pattern.pattern.startswith("^") else len(path) - 1
            if len(path) <= longest and (match := pattern.match(path, start)) and match.end() == len(path):
                return ignored
        return None


def _pattern_list(file: str, lead: str, inside: int) -> tuple[_PatternList, ...]:
    """The patterns in a file, if any, read as git does: not through a link, without a byte order mark."""
    try:
        with os.fdopen(file_access.opened(file), "rb", 0) as opened:
            raw = file_access.taken(opened.fileno(), MAX_IGNORE_BYTES)
    except OSError:
        return ()
    import re
    import warnings

    from pathspec.patterns.gitignore import GitIgnorePatternError
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    patterns = []
    with warnings.catch_warnings(action="ignore"):  # of brackets that regular expressions may read otherwise one day
        for line in reversed(os.fsdecode(raw.removeprefix(b"\xef\xbb\xbf")).split("\n")):
            text = re.sub(r"\\.|(?P<whole>(?<![^/!])\*{2,}(?![^/]))|\*{2,}", _as_git_reads, line.rstrip("\r"))
            # ``a/**`` is about each entry below ``a`` and not about ``a`` itself, which is all the same to the library.
            text = re.sub(r"/\*\*(/?)$", r"/**/*\1", text)
            try:
                made = GitIgnoreSpecPattern(text)
            except (GitIgnorePatternError, re.error):  # a pattern that matches nothing
                continue
            if made.regex is not None and made.include is not None:
                patterns.append((made.regex, made.include, _longest_path(text)))
    return (_PatternList(lead, inside, tuple(patterns)),)


def _as_git_reads(run: re.Match[str]) -> str:
    """A run of stars as git reads it: two where they are all between slashes, else one."""
    return run[0] if run[0][0] == "\\" else "**" if run["whole"] else "*"


def _longest_path(pattern: str) -> int:
    """How long a path may be for a pattern to be tried on it: with n stars that takes up to the n-th power of its length."""
    from math import exp, lgamma, log

    stars = pattern.count("*") - pattern.count("**")
    # By logarithms: the factorial of 170 stars is more than a float holds.
    return int(exp((log(_STEPS) + lgamma(stars + 1)) / stars)) if stars > 2 else sys.maxsize


class Ignored:
    """What git would not track, by the patterns of the repository, of the folders on the way, and of the user.

    They are read when they are asked for the first time: most checkouts have nothing to ask them about.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lists: dict[str, tuple[_PatternList, ...]] = {}
        self._folders = {"": False}
        self._seconds = MAX_IGNORE_SECONDS
        self._stopped = ""  # the first path that was not looked up any more

    @property
    def left_out(self) -> tuple[str, ...]:
        """A sentence where patterns took so long that the last paths were not looked up."""
        if not self._stopped:
            return ()
        return (
            f"Matching paths with ignore patterns took over {MAX_IGNORE_SECONDS:g} s; from {self._stopped} on, nothing was "
            "treated as ignored.",
        )

    def __contains__(self, path: str) -> bool:
        """Whether a path from the root is ignored, on its own or by a folder on its way; a folder's ends with a slash."""
        ways = []
        way = path[: path.rstrip("/").rfind("/") + 1]
        while way not in self._folders:
            ways.append(way)
            way = way[: way[:-1].rfind("/") + 1]
        for folder in reversed(ways):
            above = folder[: folder[:-1].rfind("/") + 1]
            self._folders[folder] = self._folders[above] or self._verdict(above, folder)
        above = path[: path.rstrip("/").rfind("/") + 1]
        return self._folders[above] or self._verdict(above, path)

    def _verdict(self, folder: str, path: str) -> bool:
        """What the lists of ``folder`` and above it say of an entry of it; the nearest decide."""
        if self._seconds <= 0:
            self._stopped = self._stopped or path
            return False
        began = time.monotonic()
        here = self._of(folder)
        said = next((ignored for each in here if (ignored := each.verdict(path)) is not None), False)
        self._seconds -= time.monotonic() - began
        return said

    def _of(self, folder: str) -> tuple[_PatternList, ...]:
        if folder not in self._lists:
            above = self._of(folder[: folder[:-1].rfind("/") + 1]) if folder else self._around()
            self._lists[folder] = _pattern_list(f"{self._home}/{folder}.gitignore", "", len(folder)) + above
        return self._lists[folder]

    def _around(self) -> tuple[_PatternList, ...]:
        """The lists that hold in the root and do not be in it: of a repository that it is a folder of, and of the user."""
        around = git.git_root(self._home)
        if around is None:
            return ()
        found: tuple[_PatternList, ...] = ()
        folder = self._home
        while folder != around:
            folder = folder.parent
            found += _pattern_list(f"{folder}/.gitignore", git.path_in_checkout(self._home, folder), 0)
        own = git.run_git(self._home, "rev-parse", "--git-path", "info/exclude")
        users = git.run_git(self._home, "config", "--path", "--get", "core.excludesFile")
        if users is None:
            base = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111 (it may have no home)
            users = os.fsencode(f"{base}/git/ignore")
        for said in (own or b"", users):
            if file := os.fsdecode(said).removesuffix("\n"):
                found += _pattern_list(os.path.realpath(around / file), git.path_in_checkout(self._home, around), 0)
        return found
