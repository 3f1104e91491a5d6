"""Two versions of a repository, by a range of git's or a diff: compared by the guard, and what changed as selections."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ctxreview.callgraph.repository.index import Repository, repository_of
from ctxreview.config import project
from ctxreview.guard import versions
from ctxreview.guard.check import worst
from ctxreview.guard.patched import patched, said_of
from ctxreview.languages import extensions
from ctxreview.model.review import Comparison
from ctxreview.model.source import Source
from ctxreview.review.changed_selections import ChangedSelections, selections_of
from ctxreview.review.request import Version
from ctxreview.workspace.changed_files import Changed, changed_files
from ctxreview.workspace.contents import as_text
from ctxreview.workspace.files import Workspace, list_commit, list_workspace
from ctxreview.workspace.revision import range_of


class Change(NamedTuple):
    """What ``given``, a range or a diff, changes. Where the files of ``place`` are not those after it, ``is_before`` says so.

    ``failed`` has a sentence for each file that is not among the changed ones though it should be, ``notes`` what else there is to say.
    """

    given: str
    place: Workspace
    changed: Iterable[Changed]
    is_before: bool = False
    failed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def change_of_range(given: str, root: Path) -> Change:
    """What a range such as ``main...HEAD`` changes, read once as it is asked for. ``root`` is resolved.

    Raises :class:`ConfigError` where it is not a range.
    """
    span = range_of(given, root)
    known = tuple(extensions())
    place = list_workspace(root, known) if span.after is None else list_commit(span.after, root, known)
    return Change(given, place, changed_files(span, root, place.paths))


def change_of_patch(text: str, given: str, root: Path, folder: str = "") -> Change:
    """What a unified diff changes in the files of the work tree, or has changed where it is applied to them already.

    ``given`` names it. ``folder`` is the one that paths in it may be seen from, as a path from ``root``, which is resolved.
    Raises :class:`SourceError` where it is not a diff.
    """
    place = list_workspace(root, tuple(extensions()))
    made = patched(text, given, place, folder)
    return Change(given, place, made.changed, not made.applied, made.failed, said_of(made, given))


def compare(change: Change, hops: int) -> Comparison:
    """What a change does across scopes, in all its files together. Callers elsewhere are followed for ``hops`` calls.

    Raises :class:`ConfigError` where the repository's settings are wrong.
    """
    root = change.place.root
    own = project(root)

    def opened(language: str) -> Repository | None:
        return repository_of(change.place, language, own.scopes) if hops else None

    told = versions.compare(change.given, change.changed, root, opened, hops)
    verdict = worst((told.verdict, "needs-human")) if change.failed else told.verdict
    return told._replace(failed=(*change.failed, *told.failed), verdict=verdict, notes=change.notes)


def selected(change: Change) -> tuple[Change, Version, ChangedSelections]:
    """The change, now to be read more than once, with the version after it and what changed in that as selections."""
    changed = tuple(change.changed)
    made = selections_of(changed, change.place.root)
    edited = tuple(_edited(changed)) if change.is_before else ()
    return change._replace(changed=changed), Version(change.place, edited, made.selections), made


def _edited(changed: Iterable[Changed]) -> Iterable[Source]:
    """The files that a diff which is not applied makes; one that it moves away or deletes has no text."""
    for one in changed:
        if one.was not in ("", one.path):
            yield Source(one.was, b"")
        yield Source(one.path, as_text(one.after or b""))
