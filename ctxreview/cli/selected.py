"""What a command is asked about: selections as arguments, listed in a file, or what a range or a diff changes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import typer

from ctxreview.cli.console import say
from ctxreview.cli.inputs import change_given, copied_text, read_text, refuse_beside
from ctxreview.errors import ConfigError

if TYPE_CHECKING:
    from ctxreview.review.batch import Elsewhere, Maker
    from ctxreview.review.pasted_selection import Found
    from ctxreview.review.request import Run
    from ctxreview.review.versions import Change


T = TypeVar("T")

GIVEN, BUFFER, COPIED = (
    ("selection", "selections", "listed"),
    ("stdin", "path"),
    ("text", "text_env", "caret", "paste", "within"),
)
"""The parameters that select by themselves, say which buffer is selected in, and what was copied."""


class Given(NamedTuple):
    """The selections that a command is asked about, and whether they are ``many``: then results are JSON Lines without a form.

    ``run`` reads them, ``root`` is the repository where it is known. ``change`` is what they are of, where a range or a diff was given;
    ``failed`` has a sentence for each part of that which could not be read, which is said already.
    """

    selections: list[str]
    many: bool
    run: Run
    root: Path | None
    change: Change | None = None
    failed: tuple[str, ...] = ()


def selections_given(
    ctx: typer.Context, selections: Sequence[str] | None, listed: str | None, root: Path | None
) -> Given:
    """What is asked about, by the arguments, ``listed`` in a file, or by --diff or --patch.

    Raises :class:`ConfigError` for none.
    """
    given = _given(ctx, selections, listed, root)
    if not ctx.params.get("lint"):
        return given
    if not given.many:
        raise ConfigError(
            "--lint leaves out some of several selections; give several, --selections, --diff, --patch or --scopes."
        )
    from ctxreview.cli.cheap import worth_asking

    return worth_asking(given)


def made_elsewhere(given: Given, scheduler: str, maker: Maker[T]) -> Elsewhere[T]:
    """How the results of selections are made on the cluster whose ``scheduler`` has that address.

    Raises :class:`ConfigError` where that is no address, or where what is selected is on nobody's disk.
    """
    from ctxreview.processes.cluster import check_address
    from ctxreview.review.batch import Elsewhere

    version = given.run.version
    if not given.many or (version is not None and (version.place.stored is not None or version.edited)):
        raise ConfigError("--scheduler shares several selections of files on the disk; give these, or omit it.")
    check_address(scheduler)
    return Elsewhere(scheduler, version.place.root if version is not None else Path.cwd(), maker)


def _given(ctx: typer.Context, selections: Sequence[str] | None, listed: str | None, root: Path | None) -> Given:
    from ctxreview.review.request import Run

    diff, patch = ctx.params.get("diff"), ctx.params.get("patch")
    if diff is not None or patch is not None:
        option = "--diff" if diff is not None else "--patch"
        refuse_beside(ctx, option, "selects what changed", *GIVEN, *BUFFER, *COPIED, "scopes")
        return _changed(change_given(diff, patch, root))
    if scopes := ctx.params.get("scopes"):
        refuse_beside(ctx, "--scopes", "selects functions", *GIVEN, *BUFFER, *COPIED)
        return _with_scopes([Path(path) for path in scopes], root)
    if ctx.params.get("paste"):
        refuse_beside(ctx, "--paste", "finds the copied code anywhere", *GIVEN, *BUFFER, "text", "text_env", "caret")
        within = ctx.params.get("within")
        return _of_copied([Path(within)] if within is not None else [], root, quiet=bool(ctx.params.get("quiet")))
    if ctx.params.get("within") is not None:
        raise ConfigError("--in says where --paste looks; give both.")
    if (variable := ctx.params.get("text_env")) is not None:
        refuse_beside(ctx, "--text-env", "is the selected text of one file", "listed", "text", *BUFFER)
        return _of_editor(list(selections or ()), variable, ctx.params.get("caret"), root)
    if ctx.params.get("caret") is not None:
        raise ConfigError(
            "--line says where the caret is in the file whose selected text --text-env has; give both, or PATH:LINE."
        )
    if (text := ctx.params.get("text")) is not None:
        refuse_beside(ctx, "--text", "is copied code of one file", "listed", *BUFFER)
        return _of_fragment(list(selections or ()), text, root, quiet=ctx.info_name != "lint")
    if ctx.params.get("stdin"):
        refuse_beside(ctx, "--stdin", "is the text of one file", "listed", *COPIED)
        return _of_buffer(list(selections or ()), ctx.params.get("path"), root)
    if ctx.params.get("path") is not None:
        raise ConfigError("--path names the file that --stdin is; give both, or the path in the selection.")
    if listed is not None and selections:
        raise ConfigError("Give selections as arguments or with --selections, not both.")
    if listed is not None:
        from ctxreview.review.manifest import selections_in

        return Given(selections_in(read_text(listed), listed), True, Run(), root)
    if not selections:
        from ctxreview.workspace.selection_form import FORMS

        raise ConfigError(f"No selection: give {FORMS}, --selections FILE, --diff RANGE or --patch FILE.")
    many = ctx.info_name in ("batch", "batch submit") or len(selections) > 1
    return Given(list(selections), many, Run(), root)


def _of_fragment(selections: list[str], text: str, root: Path | None, *, quiet: bool) -> Given:
    """The place of copied code in the file that a selection names."""
    from ctxreview.review.pasted_selection import select_fragment

    if len(selections) != 1:
        raise ConfigError(
            "--text: give the file that the copied code is from, as PATH, or PATH:LINE with the caret's line."
        )
    return _found(select_fragment(selections[0], read_text(text), root), quiet=quiet)


def _of_editor(selections: list[str], variable: str, line: int | None, root: Path | None) -> Given:
    """What is selected in an editor, which gives its text in a variable, or nothing, and the caret's line."""
    from ctxreview.review.pasted_selection import select_fragment
    from ctxreview.review.request import Run

    if len(selections) != 1:
        raise ConfigError("--text-env: give the file that is open in the editor, as PATH with --line N.")
    place = f"{selections[0]}:{line}" if line is not None else selections[0]
    text = os.environ.get(variable, "")
    if not text.strip():
        return Given([place], False, Run(), root)
    return _found(select_fragment(place, text, root), quiet=True)


def _of_copied(within: list[Path], root: Path | None, *, quiet: bool) -> Given:
    """The place of what was copied, in the repository or a folder of it."""
    from ctxreview.lint.listing import files_named, root_of
    from ctxreview.review.pasted_selection import find_fragment

    home = root_of(within, root)
    files = files_named(within, home)
    told = (*files.failed, *files.notes)
    if told and not files.paths:
        raise ConfigError(told[0])
    for sentence in told:
        say(sentence)
    return _found(find_fragment(copied_text(), files.paths, home), quiet=quiet)


def _found(found: Found, *, quiet: bool) -> Given:
    from ctxreview.languages import extensions
    from ctxreview.review.request import Run, Version
    from ctxreview.workspace.files import list_workspace

    selection = found.selection
    if found.note:
        say(found.note)
    elif not quiet:
        say(f"The copied code is {selection.given}.")
    home = selection.source.root
    version = Version(list_workspace(home, tuple(extensions())), (), {selection.given: selection})
    return Given([selection.given], False, Run(version), home)


def _with_scopes(paths: list[Path], root: Path | None) -> Given:
    """The functions of some files and folders that hold a transaction or lock."""
    from ctxreview.config import project
    from ctxreview.languages import extensions
    from ctxreview.lint.listing import files_named, root_of
    from ctxreview.review.request import Run, Version
    from ctxreview.review.scope_selections import scopes_in
    from ctxreview.workspace.files import list_workspace

    home = root_of(paths, root)
    files = files_named(paths, home)
    for sentence in (*files.failed, *files.notes):
        say(sentence)
    found = scopes_in(files.paths, home, project(home).scopes)
    if not found:
        say("No function there holds a transaction or lock, as far as the files show.")
    version = Version(list_workspace(home, tuple(extensions())), (), found)
    return Given(list(found), True, Run(version), home, failed=files.failed)


def _of_buffer(selections: list[str], path: str | None, root: Path | None) -> Given:
    """Selections of a file whose text is on standard input, with the repository around it as it is on the disk."""
    from ctxreview.languages import extensions
    from ctxreview.review.request import Run, Version
    from ctxreview.workspace.files import list_workspace
    from ctxreview.workspace.selection_form import path_in

    if not selections:
        raise ConfigError(
            "--stdin: give the lines or the member that is meant, such as 31-33 with --path, or PATH:31-33."
        )
    given = selections if path is None else [f"{path}:{one}" for one in selections]
    if len({path_in(one) for one in given}) > 1:
        raise ConfigError("--stdin is the text of one file; give selections of one.")
    text, run = read_text("-"), Run()
    found = {one: run.select(one, root, text) for one in given}
    source = found[given[0]].source
    version = Version(list_workspace(source.root, tuple(extensions())), (source,), found)
    return Given(given, len(given) > 1, Run(version), root)


def _changed(change: Change) -> Given:
    """What a change touches in the version after it; what is not among that is said."""
    from ctxreview.review.request import Run
    from ctxreview.review.versions import selected

    change, version, made = selected(change)
    failed = dict.fromkeys((*change.failed, *made.failed))
    for sentence in (*change.notes, *made.notes, *failed):
        say(sentence)
    if not made.selections:
        say(f"{change.given}: no changed line is in a type or function.")
    return Given(list(made.selections), True, Run(version), change.place.root, change, tuple(failed))
