"""What lint is asked about: files and folders, a change, or selections as other commands take them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from ctxreview.cli.inputs import folder_in, read_text, refuse_beside
from ctxreview.cli.selected import Given as Chosen
from ctxreview.cli.selected import selections_given
from ctxreview.errors import ConfigError, CtxreviewError
from ctxreview.review import DEFAULT_HOPS

if TYPE_CHECKING:
    from ctxreview.lint.listing import Listing
    from ctxreview.lint.plan import Plan
    from ctxreview.reports.findings import Selected
    from ctxreview.workspace.changed_lines import Ranges

COMPARING = ("diff", "staged", "patch")
"""The parameters of which each names two versions."""
SELECTING = ("listed", "scopes", "stdin", "path", "text", "text_env", "caret", "paste", "within")
"""The parameters that select, or say where, besides the arguments."""
WAYS = (*COMPARING, *SELECTING)


class Given(NamedTuple):
    """What was given: ``paths``, of two versions where one of the next three is there, the ``buffer`` of a whole file, or what was ``chosen``."""

    paths: Sequence[Path] = ()
    diff: str | None = None
    staged: bool = False
    patch: str | None = None
    buffer: Path | None = None
    chosen: Chosen | None = None

    @property
    def comparing(self) -> bool:
        """Whether it is two versions."""
        return self.diff is not None or self.staged or self.patch is not None

    @property
    def unread(self) -> tuple[str, ...]:
        """What could not be read where it was looked for what to lint; it is said already."""
        return self.chosen.failed if self.chosen is not None else ()

    @property
    def alone(self) -> bool:
        """Whether it is nothing but paths, or nothing: then all of the files is linted."""
        return not self.comparing and self.buffer is None and self.chosen is None

    def home(self, root: Path | None) -> Path:
        """The repository: ``root``, or the one around what was given first."""
        from ctxreview.lint.listing import root_of
        from ctxreview.workspace.selection_form import is_link, path_in

        if self.chosen is None:
            return root_of([*self.paths, *([self.buffer] if self.buffer is not None else [])], root)
        first = [Path(path_in(one)) for one in self.chosen.selections[:1] if not is_link(one)]
        return root_of(first, self.chosen.root or root)


def given(ctx: typer.Context, arguments: Sequence[str], root: Path | None) -> Given:
    """What was given. Raises :class:`ConfigError` where something stands beside what would not look at it."""
    params = ctx.params
    diff, staged, patch = params["diff"], params["staged"], params["patch"]
    if diff is not None and staged:
        raise ConfigError("--diff and --staged each name two versions; give one.")
    if patch is not None:
        refuse_beside(ctx, "--patch", "is a change of its own", "diff", "staged")
    selected = [one for one in arguments if not _is_whole(one)]
    if (made := Given([Path(one) for one in arguments], diff, staged, patch)).comparing:
        option = "--patch" if patch is not None else "--staged" if staged else "--diff"
        refuse_beside(ctx, option, "selects what changed", *SELECTING)
        if selected:
            raise ConfigError(f"{option} selects what changed; give files and folders beside it, not {selected[0]}.")
        return made
    if params["stdin"] and not arguments:
        refuse_beside(
            ctx, "--stdin", "is the text of one file", *(way for way in SELECTING if way not in ("stdin", "path"))
        )
        if params["path"] is None:
            raise ConfigError("--stdin: give --path, the file that it is.")
        return Given(buffer=Path(params["path"]))
    if selected or any(params[way] for way in SELECTING):
        return Given(chosen=selections_given(ctx, arguments, params["listed"], root))
    return made


def listing(given: Given, home: Path, root: Path | None, plan: Plan) -> tuple[Listing, Plan, tuple[Selected, ...]]:
    """The files that are linted, the plan with the lines that count, and what was selected. ``home`` is the repository, ``root`` the one that was given."""
    from ctxreview.lint.changes import of_patch, since
    from ctxreview.lint.listing import files_named
    from ctxreview.workspace import revision

    if given.staged:
        return *since(revision.staged(home), given.paths, home, plan, DEFAULT_HOPS), ()
    if given.diff is not None:
        return *since(revision.range_of(given.diff, home), given.paths, home, plan, DEFAULT_HOPS), ()
    if given.patch is not None:
        text = read_text(given.patch)
        return *of_patch(text, given.patch, given.paths, home, folder_in(home), plan, DEFAULT_HOPS), ()
    if given.buffer is not None:
        return _buffer(given.buffer, root), plan, ()
    if given.chosen is not None:
        return _selected(given.chosen, home, plan)
    return files_named(given.paths, home), plan, ()


def _is_whole(given: str) -> bool:
    """Whether a text names a file or folder, there or not, and no lines or member of one."""
    from ctxreview.workspace.selection_form import is_link, path_in

    if is_link(given):
        return False
    try:
        return path_in(given) == given or Path(given).exists()
    except (OSError, ValueError):
        return True  # what is wrong with it is said where it is read


def _buffer(path: Path, root: Path | None) -> Listing:
    """A file with the text that is on standard input."""
    from ctxreview.languages import language_of
    from ctxreview.lint.listing import Listing
    from ctxreview.workspace.reading import source_of

    source = source_of(path, read_text("-"), root)
    language_of(source.path)
    return Listing(source.root, (source.path,), frozenset((source.path,)), texts={source.path: source})


def _selected(chosen: Chosen, home: Path, plan: Plan) -> tuple[Listing, Plan, tuple[Selected, ...]]:
    """The files in which something is selected, of which only that counts; a file or folder among the selections counts whole."""
    from ctxreview.lint.listing import Listing

    version = chosen.run.version
    texts = {source.path: source for source in version.edited} if version is not None else {}
    lines: dict[str, Ranges] = {}
    named: set[str] = set()
    failed: list[str] = []
    notes: list[str] = []
    rows: list[Selected] = []
    for one in chosen.selections:
        row, files = _row(one, chosen, home)
        rows.append(row)
        named |= files.named
        failed += files.failed
        notes += files.notes
        for path, own in row.places.items():
            lines[path] = (*lines.get(path, ()), *own)
    paths = tuple(sorted(lines))
    made = Listing(home, paths, frozenset(named), tuple(failed), tuple(notes), texts=texts)
    # Each selection has its own findings, so that none is told at another one's.
    return made, plan._replace(changed=lines, once={}), tuple(rows)


def _row(one: str, chosen: Chosen, home: Path) -> tuple[Selected, Listing]:
    """One selection, and its files with what could not be read of them."""
    from ctxreview.languages import language_of
    from ctxreview.lint.listing import Listing, files_named
    from ctxreview.model.source import Lines
    from ctxreview.reports.findings import Selected
    from ctxreview.review.manifest import marks_of
    from ctxreview.workspace.changed_lines import ALL

    marks = marks_of(one)
    if (chosen.run.version is None or one not in chosen.run.version.selections) and _is_whole(one):
        files = files_named([Path(one)], home)
        return Selected(one, marks, dict.fromkeys(files.paths, ALL), error=" ".join(files.failed)), files
    try:
        selection = chosen.run.select(one, home)
        language_of(selection.source.path)
    except CtxreviewError as error:
        return Selected(one, marks, {}, error=str(error)), Listing(home, (), failed=(str(error),))
    path, (first, last) = selection.source.path, selection.lines
    row = Selected(one, marks, {path: ((first, last),)}, Lines(path, first, last))
    return row, Listing(home, (path,), frozenset((path,)))
