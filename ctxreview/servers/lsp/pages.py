"""Texts that an editor opens as files: a folder of this process alone, which goes when it does."""

from __future__ import annotations

import shutil
import tempfile
from functools import cached_property
from pathlib import Path

from ctxreview.rules import catalogue

MOST = 20
"""Texts of one kind that are there at a time; the next one comes in the place of the oldest."""


class Pages:
    """Files of this server, none of them in a repository."""

    def __init__(self) -> None:
        self._shown: dict[str, int] = {}

    @cached_property
    def _folder(self) -> Path:
        return Path(tempfile.mkdtemp(prefix="ctxreview-"))

    def of_rule(self, rule: str) -> str:
        """The address of what ``ctxreview explain`` says of a rule, as Markdown."""
        file = self._folder / f"{rule}.md"
        if not file.exists():
            entry = catalogue.entry(rule)
            summary = " ".join(entry.summary.split()).replace("``", "`")
            file.write_text(
                f"# {entry.id} ({entry.severity})\n\n{summary}\n\n{catalogue.markdown(entry, 2)}\n", "utf-8"
            )
        return file.as_uri()

    def add(self, kind: str, text: str) -> str:
        """The address of a text that is shown once, such as a review."""
        number = self._shown[kind] = self._shown.get(kind, 0) % MOST + 1
        file = self._folder / f"{kind}-{number}.md"
        file.write_text(text, "utf-8")
        return file.as_uri()

    def close(self) -> None:
        """Nobody looks at them any more."""
        if "_folder" in self.__dict__:
            shutil.rmtree(self._folder, ignore_errors=True)
