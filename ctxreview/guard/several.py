"""The files that one suggestion changes besides that of the selection: each is found, and its edits are made in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from ctxreview.callgraph.repository.index import Repository
from ctxreview.guard.placing.edits import apply
from ctxreview.guard.placing.refusals import UnplacedError
from ctxreview.languages import extensions
from ctxreview.model.review import Edit, Suggestion
from ctxreview.model.source import Source, segments


class Changed(NamedTuple):
    """A file before and after an edit; one that the edit creates has no text before, one that it deletes none after."""

    before: Source
    after: Source


def changed_files(edits: Iterable[Edit], repository: Repository) -> tuple[tuple[Changed, ...], tuple[str, ...]]:
    """What some edits of other files make of these, and the paths of those in which an edit has no certain place."""
    by_path: dict[str, list[Edit]] = {}
    for edit in edits:
        by_path.setdefault(edit.path, []).append(edit)
    found, left = [], []
    for path, own in by_path.items():
        before = _file(path, own, repository)
        after = _made(own, before) if before is not None else None
        if before is not None and after is not None:
            found.append(Changed(before, after))
        else:
            left.append(path)
    return tuple(found), tuple(left)


def _file(path: str, edits: list[Edit], repository: Repository) -> Source | None:
    """The one file of the repository that a path names, as seen from the root or a folder in it; a new one where nothing is quoted."""
    parts = segments(path)
    named = [p for p in repository.place.paths if parts and segments(p)[-len(parts) :] == parts]
    exact = "/".join(parts)
    if exact in named or len(named) == 1:
        return repository.source(exact if exact in named else named[0])
    language = extensions().get(PurePosixPath(path).suffix)
    is_new = (
        [(e.original, e.start_line) for e in edits] == [("", 0)] and bool(edits[0].replacement) and edits[0].verbatim
    )
    if named or not is_new or language != repository.language:
        return None
    return Source(exact, b"", root=repository.place.root)


def _made(edits: list[Edit], before: Source) -> Source | None:
    """A file with its edits made; ``None`` where one has no certain place."""
    for ways in (_as_numbered, _as_quoted):
        try:
            return apply(Suggestion("", "", tuple(ways(edits, before))), before)
        except UnplacedError:
            continue
    return None


def _as_numbered(edits: list[Edit], before: Source) -> Iterator[Edit]:
    """The edits where they say, the hunks of a diff by the lines that they quote."""
    for edit in edits:
        quoted = len(edit.original.splitlines())
        first = edit.start_line if quoted else edit.start_line + 1
        end = first + quoted - 1 if edit.verbatim else edit.end_line
        yield edit._replace(path=before.path, start_line=first if edit.verbatim else edit.start_line, end_line=end)


def _as_quoted(edits: list[Edit], before: Source) -> Iterator[Edit]:
    """The edits where the lines that they quote stand."""
    for edit in edits:
        old, new = edit.original.rstrip("\r\n"), edit.replacement.rstrip("\r\n")
        yield Edit(before.path, edit.start_line, edit.start_line + old.count("\n"), old, new)
