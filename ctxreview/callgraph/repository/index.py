"""What the rest of the repository says of a name: outlines of the files that hit, types by name and how they derive."""

from __future__ import annotations

from pathlib import Path

from ctxreview.callgraph.repository.hierarchy import Hierarchy
from ctxreview.callgraph.repository.sources import SourceIndex
from ctxreview.callgraph.repository.type_index import TypeIndex
from ctxreview.languages import extensions
from ctxreview.model.regions import Wrappers
from ctxreview.workspace.files import Workspace, list_workspace


class Repository(SourceIndex):
    """The files of a repository, the types that they declare and how these derive, read as far as somebody asks."""

    def __init__(self, place: Workspace, language: str, wrappers: Wrappers) -> None:
        """``language`` is the one whose files are in ``place``."""
        super().__init__(place, language, wrappers)
        self.types = TypeIndex(self)
        self.hierarchy = Hierarchy(self, self.types)


def open_repository(root: Path, language: str, wrappers: Wrappers) -> Repository:
    """The repository under ``root``, its files listed and none of them read."""
    endings = [extension for extension, name in extensions().items() if name == language]
    return Repository(list_workspace(root, endings), language, wrappers)


def repository_of(place: Workspace, language: str, wrappers: Wrappers) -> Repository:
    """The files of one language among those of a workspace, none of them read."""
    endings = tuple(extension for extension, name in extensions().items() if name == language)
    own = tuple(path for path in place.paths if path.lower().rstrip().endswith(endings))
    return Repository(place._replace(paths=own), language, wrappers)
