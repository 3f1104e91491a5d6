"""Two versions of a repository, compared by the guard: a range of git's or a diff, without a selection and without a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ctxreview.callgraph.repository.index import Repository, repository_of
from ctxreview.config import project
from ctxreview.guard.check import worst
from ctxreview.guard.patched import patched, said_of
from ctxreview.guard.versions import compare
from ctxreview.languages import extensions
from ctxreview.model.review import Comparison
from ctxreview.workspace.changed_files import changed_files
from ctxreview.workspace.files import Workspace, list_commit, list_workspace
from ctxreview.workspace.revision import range_of


def compare_range(given: str, root: Path, hops: int) -> Comparison:
    """What a range such as ``main...HEAD`` changes across scopes. ``root`` is resolved; callers are followed for ``hops`` calls.

    Raises :class:`ConfigError` where the range is not one, or the repository's settings are wrong.
    """
    span = range_of(given, root)
    place = _listed(root, span.after)
    return compare(given, changed_files(span, root, place.paths), root, _opener(place, hops), hops)


def compare_patch(text: str, given: str, root: Path, hops: int, folder: str = "") -> Comparison:
    """What a unified diff changes across scopes in the files of the work tree, or has changed where it is applied to them already.

    ``given`` names it. ``folder`` is the one that paths in it may be seen from, as a path from ``root``, which is resolved.
    Raises :class:`SourceError` where it is not a diff.
    """
    place = _listed(root, None)
    made = patched(text, given, place, folder)
    told = compare(given, made.changed, root, _opener(place, hops), hops)
    failed = (*made.failed, *told.failed)
    verdict = worst((told.verdict, "needs-human")) if made.failed else told.verdict
    return told._replace(failed=failed, verdict=verdict, notes=said_of(made, given))


def _listed(root: Path, commit: str | None) -> Workspace:
    known = tuple(extensions())
    return list_workspace(root, known) if commit is None else list_commit(commit, root, known)


def _opener(place: Workspace, hops: int) -> Callable[[str], Repository | None]:
    own = project(place.root)
    return lambda language: repository_of(place, language, own.scopes) if hops else None
