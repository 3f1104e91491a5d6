"""The files of a commit as git has them stored, in the place of those on the disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ctxreview.workspace.revision import stored_texts

MOST_KEPT = 256 * 1024 * 1024
"""Bytes of texts that are kept once they were read; others are read once more when they are asked for again."""


class StoredFiles:
    """The files of a commit by their paths from ``root``, with the digest of each; their texts are read as far as somebody asks."""

    def __init__(self, root: Path, digests: Mapping[str, str]) -> None:
        self.root = root
        self.digests = digests
        self._kept: dict[str, bytes] = {}
        self._room = MOST_KEPT

    def contents(self, paths: Sequence[str]) -> list[bytes]:
        """The bytes of some files, and none where git does not have them, or they are larger than any file that is read."""
        wanted = {path: self.digests.get(path, "") for path in paths}
        texts = {digest: self._kept[digest] for digest in wanted.values() if digest in self._kept}
        for digest, text in stored_texts(self.root, [d for d in wanted.values() if d and d not in texts]):
            texts[digest] = text or b""
            if len(texts[digest]) <= self._room:
                self._kept[digest] = texts[digest]
                self._room -= len(texts[digest])
        return [texts.get(wanted[path], b"") for path in paths]
