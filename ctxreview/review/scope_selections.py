"""Every function that holds a transaction or lock, as a selection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ctxreview.errors import SourceError
from ctxreview.model.regions import Wrappers
from ctxreview.model.source import Selection
from ctxreview.outline import outline
from ctxreview.processes import cores, parallel_map
from ctxreview.workspace.reading import read_source

MIN_SHARED = 24
"""With fewer files, starting processes takes longer than they save."""


def scopes_in(paths: Sequence[str], root: Path, wrappers: Wrappers) -> dict[str, Selection]:
    """The members of some files, given from ``root``, in which a transaction or lock begins, by the text that names each, in source order.

    A file that cannot be read has none.
    """

    def work(path: str) -> list[tuple[int, int]]:
        try:
            source = read_source(root / path, root)
        except SourceError:
            return []
        made = outline(source, wrappers=wrappers)
        members = {m.span for region in made.regions if (m := made.member_of(region.opening)) is not None}
        return [source.lines_of(span) for span in sorted(members)]

    shared = len(paths) >= MIN_SHARED and cores() > 1
    every = parallel_map(work, paths) if shared else map(work, paths)
    return dict(_selections(zip(paths, every, strict=True), root))


def _selections(found: Iterator[tuple[str, list[tuple[int, int]]]], root: Path) -> Iterator[tuple[str, Selection]]:
    for path, lines in found:
        if not lines:
            continue
        source = read_source(root / path, root)
        for first, last in lines:
            given = f"{path}:{first}-{last}"
            yield given, Selection(source, source.line_span(first, last), given)
