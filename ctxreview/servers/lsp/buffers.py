"""The open files, as the editor has them."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from lsprotocol import types
from pygls.uris import to_fs_path, urlparse

from ctxreview.config import project
from ctxreview.languages import PACKAGES, extensions
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Wrappers
from ctxreview.model.source import Selection, Source
from ctxreview.outline import outline
from ctxreview.servers.lsp.positions import Units, offset_of
from ctxreview.workspace.reading import source_of
from ctxreview.workspace.roots import find_root


class Buffer(NamedTuple):
    """One version of a file as the editor has it, saved or not.

    ``text`` is all of it, whatever it is; ``root`` the repository that the file is in.
    """

    uri: str
    version: int
    path: Path
    root: Path
    text: Source

    @property
    def is_blank(self) -> bool:
        """Whether nothing is in it."""
        return not self.text.data.strip()

    def source(self) -> Source:
        """It as a file of its repository, each byte where it is. Raises :class:`SourceError` where the file would be refused."""
        data = self.text.data
        if data.startswith(BOM_UTF8):  # else it would be taken off
            data = b" " * len(BOM_UTF8) + data.removeprefix(BOM_UTF8)
        return source_of(self.path, data.decode(), self.root)

    def outline(self) -> Outline:
        """What is in it, by itself and the repository's settings. Raises as :meth:`source` does, and :class:`ConfigError`."""
        return _outlined(self.source(), project(self.root).scopes)

    def selection(self, first: int, last: int) -> Selection:
        """Some lines of it (1-based, inclusive)."""
        source = self.source()
        return Selection(source, source.line_span(first, last), f"{source.path}:{first}-{last}")


@lru_cache(maxsize=4)
def _outlined(source: Source, wrappers: Wrappers) -> Outline:
    return outline(source, None, wrappers)


def opened(item: types.TextDocumentItem, folders: Iterable[Path]) -> Buffer | None:
    """An open file in a language that is known; ``None`` for any other. One that was never saved is in the first folder."""
    path = to_fs_path(item.uri)
    around = tuple(folders)
    if path is None and item.uri.startswith("untitled:") and item.language_id in PACKAGES:
        endings = (e for e, language in extensions().items() if language == item.language_id)
        name = Path(urlparse(item.uri)[2]).name or "Untitled"
        path = str((around[0] if around else Path.cwd()) / f"{name}{next(endings)}")
    if path is None or "\0" in path or Path(path).suffix.lower() not in extensions():
        return None
    return Buffer(item.uri, item.version, Path(path), root_of(Path(path), around), _text(item.text))


def root_of(path: Path, folders: Iterable[Path]) -> Path:
    """The repository around a file: what git has, else the innermost of the folders that are open, else what its project says."""
    found = find_root(str(path.parent))
    if (found / ".git").exists():
        return found
    holding = [folder for folder in folders if path.is_relative_to(folder)]
    return max(holding, key=lambda folder: len(folder.parts), default=found)


def changed(
    buffer: Buffer, version: int, changes: Sequence[types.TextDocumentContentChangeEvent], units: Units
) -> Buffer:
    """The buffer after some edits, one after the other."""
    text = buffer.text
    for change in changes:
        if not isinstance(change, types.TextDocumentContentChangePartial):
            text = _text(change.text)
            continue
        start, end = sorted(offset_of(text, place, units) for place in (change.range.start, change.range.end))
        text = Source("", text.data[:start] + _text(change.text).data + text.data[end:])
    return buffer._replace(version=version, text=text)


def _text(given: str) -> Source:
    """A text; half a pair of UTF-16 is a replacement character, as long as it."""
    try:
        return Source("", given.encode())
    except UnicodeEncodeError:
        return Source("", given.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode())
