"""What lint is asked about: files and folders, a change, a buffer, or copied code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from ctxreview.cli.console import say
from ctxreview.cli.inputs import copied_text, folder_in, read_text, refuse_beside
from ctxreview.errors import ConfigError
from ctxreview.review import DEFAULT_HOPS

if TYPE_CHECKING:
    from ctxreview.lint.listing import Listing
    from ctxreview.lint.plan import Plan
    from ctxreview.review.pasted_selection import Found

WAYS = ("diff", "staged", "patch", "stdin", "text", "paste")
"""The parameters of which each says what is linted, besides paths."""


class Given(NamedTuple):
    """What was given; ``alone`` says that it is paths, or nothing, so that all of the files is linted."""

    paths: Sequence[Path]
    diff: str | None
    staged: bool
    patch: str | None
    stdin: bool
    path: str | None
    text: str | None
    paste: bool
    within: Path | None

    @property
    def comparing(self) -> bool:
        """Whether it is two versions."""
        return self.diff is not None or self.staged or self.patch is not None

    @property
    def alone(self) -> bool:
        """Whether it is nothing but paths."""
        return not (self.comparing or self.stdin or self.text is not None or self.paste)

    @property
    def places(self) -> list[Path]:
        """The paths that say which repository is meant."""
        named = [Path(self.path)] if self.path is not None else []
        return [*self.paths, *named, *([self.within] if self.within is not None else [])]


def check(ctx: typer.Context, given: Given) -> None:
    """Raises :class:`ConfigError` where something was given beside what would not look at it."""
    if given.diff is not None and given.staged:
        raise ConfigError("--diff and --staged each name two versions; give one.")
    if given.stdin:
        others = [way for way in WAYS if way != "stdin"]
        refuse_beside(ctx, "--stdin", "is the text of one file", "paths", "within", *others)
        if given.path is None:
            raise ConfigError("--stdin: give --path, the file that it is.")
    elif given.path is not None:
        raise ConfigError("--path names the file that --stdin is; give both, or the path as an argument.")
    if given.paste:
        refuse_beside(ctx, "--paste", "finds the copied code anywhere", "paths", "diff", "staged", "patch", "text")
    elif given.within is not None:
        raise ConfigError("--in says where --paste looks; give both.")
    if given.text is not None:
        refuse_beside(ctx, "--text", "is copied code of one file", "diff", "staged", "patch")
        if len(given.paths) != 1:
            raise ConfigError(
                "--text: give the file that the copied code is from, as PATH, or PATH:LINE with the caret's line."
            )
    if given.patch is not None:
        refuse_beside(ctx, "--patch", "is a change of its own", "diff", "staged")


def listing(given: Given, home: Path, root: Path | None, plan: Plan) -> tuple[Listing, Plan]:
    """The files that are linted, and the plan with the lines that count. ``home`` is the repository, ``root`` the one that was given."""
    from ctxreview.lint.changes import of_patch, since
    from ctxreview.lint.listing import files_named
    from ctxreview.review.pasted_selection import find_fragment, select_fragment
    from ctxreview.workspace import revision

    if given.staged:
        return since(revision.staged(home), given.paths, home, plan, DEFAULT_HOPS)
    if given.diff is not None:
        return since(revision.range_of(given.diff, home), given.paths, home, plan, DEFAULT_HOPS)
    if given.patch is not None:
        return of_patch(read_text(given.patch), given.patch, given.paths, home, folder_in(home), plan, DEFAULT_HOPS)
    if given.stdin:
        return _buffer(given.path or "", root), plan
    if given.text is not None:
        return _lines(select_fragment(str(given.paths[0]), read_text(given.text), root), plan)
    if given.paste:
        files = files_named([given.within] if given.within is not None else [], home)
        for sentence in (*files.failed, *files.notes):
            say(sentence)
        return _lines(find_fragment(copied_text(), files.paths, home), plan)
    return files_named(given.paths, home), plan


def _buffer(path: str, root: Path | None) -> Listing:
    """A file with the text that is on standard input."""
    from ctxreview.languages import language_of
    from ctxreview.lint.listing import Listing
    from ctxreview.workspace.reading import source_of

    source = source_of(Path(path), read_text("-"), root)
    language_of(source.path)
    return Listing(source.root, (source.path,), frozenset((source.path,)), texts={source.path: source})


def _lines(found: Found, plan: Plan) -> tuple[Listing, Plan]:
    """The file that copied code is from, of which only its lines count."""
    from ctxreview.lint.listing import Listing

    selection = found.selection
    said = found.note or f"The copied code is {selection.given}."
    path = selection.source.path
    files = Listing(selection.source.root, (path,), frozenset((path,)), notes=(said,))
    return files, plan._replace(changed={path: (selection.lines,)})
