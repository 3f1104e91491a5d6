"""What a person gives a command: texts from files and standard input, selections, options beside each other."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ctxreview import file_access as files
from ctxreview.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from ctxreview.reports.review_text import Detail
    from ctxreview.review.versions import Change

MOST = 64 * 1024 * 1024
"""Bytes that are read of a file or pipe that a person names."""


def read_text(name: str) -> str:
    """The text of a file, of standard input for ``-``. Raises :class:`SourceError` where it cannot be read."""
    return decoded_text(_bytes_given(name))


def _bytes_given(name: str) -> bytes:
    """What a person named; :data:`MOST` bytes at the most."""
    try:
        if name != "-":
            return files.given(name, MOST)
        if sys.stdin is None:
            raise SourceError("-: standard input is closed; name a file, or pipe something into the command.")
        raw = sys.stdin.buffer.read(MOST + 1)
    except (OSError, ValueError) as error:  # ValueError: a stream that is closed
        why = getattr(error, "strerror", None) or error
        raise SourceError(
            f"{name}: cannot be read ({why}); check {'what is piped' if name == '-' else 'the path'}."
        ) from None
    if len(raw) > MOST:
        raise SourceError(f"-: has more than {MOST:,} bytes; check what is piped.")
    return raw


def decoded_text(raw: bytes) -> str:
    """The text of bytes as people and shells write them: UTF-8, UTF-16 (PowerShell's ``>``), or, line by line, Windows-1252.

    A diff has each line in the encoding of its file.
    """
    from ctxreview.workspace.decoding import decode

    with contextlib.suppress(UnicodeDecodeError):
        return raw.decode("utf-8-sig")
    with contextlib.suppress(SourceError):
        read = decode(raw, "")
        if read.encoding.startswith(("utf-16", "utf-32")):
            return read.data.decode()
    return "".join(_decoded_line(line) for line in raw.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True))


def _decoded_line(line: bytes) -> str:
    for codec in ("utf-8", "cp1252"):
        with contextlib.suppress(UnicodeDecodeError):
            return line.decode(codec)
    return line.decode("latin-1")


def copied_text() -> str:
    """What the clipboard has, or where that has no text, standard input. Raises :class:`ConfigError` where there is neither."""
    import pyperclip

    try:
        text = pyperclip.paste()
    except pyperclip.PyperclipException:
        text = ""
    if text.strip():
        return text
    if sys.stdin is None or sys.stdin.isatty():
        raise ConfigError(
            "--paste: the clipboard has no text, or cannot be read; pipe the code into the command instead."
        )
    return read_text("-")


def repository_root(root: Path | None) -> Path:
    """The repository: the given one, or the one around the current folder. Raises :class:`ConfigError` where that is not a folder."""
    from ctxreview.workspace.roots import find_root

    if root is not None and not root.is_dir():
        raise ConfigError(f"--root {root}: is not a folder.")
    return (root or find_root(str(Path.cwd()))).resolve()


def folder_in(root: Path) -> str:
    """The current folder, from ``root``; ``""`` where it is not below."""
    here = Path.cwd().resolve()
    return here.relative_to(root).as_posix() if here.is_relative_to(root) else ""


def change_given(diff: str | None, patch: str | None, root: Path | None) -> Change:
    """The change that --diff or --patch names. Raises :class:`ConfigError` where both do."""
    from ctxreview.review.versions import change_of_patch, change_of_range

    if diff is not None and patch is not None:
        raise ConfigError("--diff and --patch each name a change; give one.")
    home = repository_root(root)
    if diff is not None:
        return change_of_range(diff, home)
    return change_of_patch(read_text(patch or ""), patch or "", home, folder_in(home))


def refuse_beside(ctx: typer.Context, option: str, does: str, *others: str) -> None:
    """Raises :class:`ConfigError` where parameters were given beside an option that would not look at them."""
    known = {p.name: p for p in ctx.command.params}
    beside = [
        known[name] for name in others if (source := ctx.get_parameter_source(name)) and source.name == "COMMANDLINE"
    ]
    if beside:
        said = ", ".join(max(p.opts, key=len) if p.param_type_name == "option" else p.make_metavar(ctx) for p in beside)
        raise ConfigError(f"{option} {does}; give it without {said}.")


def detail_of(brief: bool, verbose: bool, other: str) -> Detail:
    """How much of a review is printed. Raises where ``--brief`` stands beside what it says nothing of: ``other``."""
    if brief and verbose:
        raise ConfigError("--brief says less and --verbose more; give one.")
    if brief and other:
        raise ConfigError(f"--brief is about the text of a review; give it without {other}.")
    return "brief" if brief else "whole" if verbose else "folded"


def refuse_own_input(ctx: typer.Context, output: Path | None) -> None:
    """Raise :class:`ConfigError` where ``output`` is a file that another argument names, by itself or as the path of a selection."""
    if output is None:
        return
    from ctxreview.context.visible import on_a_line
    from ctxreview.workspace.selection_form import path_in

    for name, value in ctx.params.items():
        for given in value if isinstance(value, (list, tuple)) else (value,):
            if name == "output" or not isinstance(given, (str, Path)):
                continue
            for path in (given, path_in(str(given))):
                with contextlib.suppress(OSError, ValueError):
                    if output.is_file() and output.samefile(path):
                        raise ConfigError(f"-o: {on_a_line(str(output))} is a file that is read; name another one.")
