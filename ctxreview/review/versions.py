"""Two versions of a repository, compared by the guard: a range of git's, without a selection and without a model."""

from __future__ import annotations

from pathlib import Path

from ctxreview.callgraph.repository.index import Repository, repository_of
from ctxreview.config import project
from ctxreview.guard.versions import compare
from ctxreview.languages import extensions
from ctxreview.model.review import Comparison
from ctxreview.workspace.changed_files import changed_files
from ctxreview.workspace.files import list_commit, list_workspace
from ctxreview.workspace.revision import range_of


def compare_range(given: str, root: Path, hops: int) -> Comparison:
    """What a range such as ``main...HEAD`` changes across scopes. ``root`` is resolved; callers are followed for ``hops`` calls.

    Raises :class:`ConfigError` where the range is not one, or the repository's settings are wrong.
    """
    span = range_of(given, root)
    own = project(root)
    known = tuple(extensions())
    place = list_workspace(root, known) if span.after is None else list_commit(span.after, root, known)

    def opened(language: str) -> Repository | None:
        return repository_of(place, language, own.scopes) if hops else None

    return compare(given, changed_files(span, root, place.paths), root, opened, hops)
