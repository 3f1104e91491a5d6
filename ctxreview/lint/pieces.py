"""Files that are linted on the machines of a cluster, which have the repository at the same place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from ctxreview.config import project
from ctxreview.languages import language_of
from ctxreview.lint.listing import Listing
from ctxreview.lint.plan import Plan, plan_of
from ctxreview.lint.run import Linted, Piecework, are_few, lint_few, lint_file, repositories_of
from ctxreview.processes.cluster import cluster_map
from ctxreview.workspace.contents import bytes_of

OTHER = "{path}: a worker has another text of it; give each the same checkout."


class Piece(NamedTuple):
    """How files are linted there: with which rules, by the options of the command, which of them somebody named, and whether they are few in all."""

    root: Path
    named: frozenset[str]
    select: str | None
    ignore: str | None
    few: bool

    def lint(self, files: Sequence[tuple[str, str]]) -> list[Linted]:
        """Each file, given with the digest of its bytes."""
        plan = plan_of(project(self.root), self.select, self.ignore)
        alike = tuple(path for path, digest in files if _digest(self.root, path) == digest)
        made = {result.path: result for result in self._linted(Listing(self.root, alike, self.named), plan)}
        return [made.get(path) or Linted(path, failed=OTHER.format(path=path)) for path, _ in files]

    def _linted(self, listing: Listing, plan: Plan) -> Iterable[Linted]:
        if self.few:
            return lint_few(listing, plan)
        repositories = repositories_of(listing, plan)
        return (lint_file(path, listing, plan, repositories[language_of(path).name]) for path in listing.paths)


def piecework(address: str, files: Listing, select: str | None, ignore: str | None) -> Piecework:
    """What lints files on the cluster whose scheduler has that address."""

    def work(paths: Sequence[str]) -> Iterator[Linted]:
        piece = Piece(files.root, files.named, select, ignore, are_few(paths))
        return cluster_map(piece.lint, [(path, _digest(files.root, path)) for path in paths], address, files.root)

    return work


def _digest(root: Path, path: str) -> str:
    return sha256(bytes_of(root, path)).hexdigest()
