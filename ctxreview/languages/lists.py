"""Names and regular expressions of a language, looked up by what they are: what its files of data list."""

from __future__ import annotations

import re
from functools import cache

from ctxreview.languages import data
from ctxreview.languages.words import NOTHING


class Lists:
    """The lists of one file of data; of a language that has no such file, or no such list, all are empty."""

    def __init__(self, language: str, file: str) -> None:
        """``file`` is its name, such as ``behaviour.toml``."""
        self._lists = data(language, file)
        self._found: dict[str, frozenset[str]] = {}
        self._patterns: dict[str, re.Pattern[str]] = {}

    def of(self, name: str) -> frozenset[str]:
        """The names that a list has."""
        if name not in self._found:
            self._found[name] = frozenset(self._lists.get(name, ()))
        return self._found[name]

    def text(self, name: str) -> str:
        """A regular expression as written; where there is none, one that matches nothing."""
        found: str = self._lists.get(name, NOTHING)
        return found

    def pattern(self, name: str) -> re.Pattern[str]:
        """The same, compiled."""
        if name not in self._patterns:
            self._patterns[name] = re.compile(self.text(name))
        return self._patterns[name]


@cache
def repository_lists(language: str) -> Lists:
    """What is looked for in the text of a repository's files: ``repository.toml``."""
    return Lists(language, "repository.toml")
