"""Standard input, output and error: results to the one, sentences for people to the other, and their answers."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

from ctxreview import file_access as files
from ctxreview.errors import ConfigError, StoppedError

if TYPE_CHECKING:
    from ctxreview.reports.layout import Layout


def say(sentence: str) -> None:
    """A sentence for the person; it may quote a server, a file's name or a model, which do nothing to the terminal."""
    from ctxreview.context.visible import visible
    from ctxreview.redact import redact

    if sys.stderr is not None:  # closed by the caller: print() would take standard output instead
        said = _for_log(redact(visible(sentence)).text)
        print(f"{said}\n", end="", file=sys.stderr, flush=True)  # whole, also from several threads


def progress_teller(quiet: bool, verbose: bool) -> Callable[[str], None]:
    """Tells of progress, as much as was asked for; warnings and errors are told by :func:`say` all the same."""
    if quiet and verbose:
        raise ConfigError("--quiet prints less and --verbose more; give only one.")
    if verbose:
        import logging

        from ctxreview import interrupts

        handler = logging.StreamHandler(sys.stderr)
        # A question that is still under way in a thread has nothing to add once the end was told.
        handler.addFilter(lambda _: not interrupts.pressed())
        own = logging.getLogger("ctxreview")  # not the SDKs', which know the key
        own.handlers, own.level, own.propagate = [handler], logging.INFO, False
    return untold if quiet else say


def untold(sentence: str) -> None:
    """Tells nobody."""


def colour(output: Path | None, when: str = "auto") -> bool:
    """Whether a result may have colours: ``always``, ``never``, or ``auto``: on a terminal that has them, never in a file."""
    return when == "always" or (when == "auto" and output is None and coloured(sys.stdout))


def layout(output: Path | None, when: str) -> Layout:
    """How a text is laid out: in the width of the terminal, or COLUMNS, or 80 columns where there is neither; in colours ``when`` they are wanted."""
    from ctxreview.reports.layout import Layout

    return Layout(shutil.get_terminal_size().columns, colour(output, when))


def coloured(stream: TextIO | None) -> bool:
    """Whether escapes may be written to a stream: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, TERM and CLICOLOR, in that order.

    As at no-color.org, force-color.org and bixense.com/clicolors; an empty variable is one that is not set.
    """
    said = os.environ.get
    if stream is None or said("NO_COLOR"):
        return False
    if said("FORCE_COLOR", "0") not in ("", "0") or said("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return said("TERM") != "dumb" and said("CLICOLOR") != "0" and stream.isatty()


def is_live(stream: TextIO | None) -> bool:
    """Whether a line on a stream can be written over, as a progress bar is: on a terminal that is neither dumb nor a build's."""
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("CI")


def write(result: str, output: Path | None) -> None:
    """Print a result, or write it to a file: whole, or not at all."""
    if output is None:
        print_line(result)
        return
    with _said_of(output):
        files.write(output, f"{result}\n".encode("utf-8", "replace"))


def write_pieces(pieces: Iterable[str], output: Path) -> None:
    """Write a result that comes in pieces of whole lines to a file: whole, or not at all. The file is begun when the first is there."""
    coming = iter(pieces)
    first = next(coming, "")
    with _said_of(output):
        files.write(output, (f"{piece}\n".encode("utf-8", "replace") for piece in chain([first], coming)))


@contextlib.contextmanager
def _said_of(output: Path, *, begun: bool = False) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if begun or isinstance(error, files.CutShortError):
            raise ConfigError(f"{output}: was only partly written ({error.strerror}).") from None
        raise ConfigError(f"{output}: cannot be written ({error.strerror}); nothing was written.") from None


def write_lines(results: Iterable[str], output: Path | None) -> None:
    """Print results, or write them to a file: each is there whole as soon as it comes, whatever ends the command."""
    if output is None:
        for result in results:
            print_line(result)
        return
    file: int | None = None
    try:
        for result in results:
            line = f"{result}\n".encode("utf-8", "replace")
            with _said_of(output, begun=file is not None):
                if file is None:
                    file = files.begun(output, line)
                else:
                    files.added(file, line)
    finally:
        if file is not None:
            os.close(file)


def _for_log(text: str) -> str:
    """``text`` as it may stand in the log of a build, which looks for commands in it."""
    if not (os.environ.get("GITHUB_ACTIONS") or os.environ.get("TF_BUILD")):
        return text
    from ctxreview.context.visible import without_commands

    return without_commands(text)


def print_line(result: str, *, commands: bool = False) -> None:
    """Print a result, which may be ``commands`` to a build; a reader that has gone ends the command."""
    try:
        print(result if commands else _for_log(result), flush=True)
    except BrokenPipeError:
        # The reader has gone (`| head`); Python would complain again when it closes the stream, and typer exit with 1.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(2) from None


def confirmed(question: str) -> bool:
    """Whether a person agrees; without a terminal the option that led here has said so."""
    if sys.stdin is None or not sys.stdin.isatty():
        return True
    say(f"{question} [y/N]")
    try:
        agreed = input().strip().lower() in ("y", "yes")
    except (EOFError, KeyboardInterrupt):
        raise StoppedError("Stopped; nothing was written.") from None
    if not agreed:
        say("Nothing was written.")
    return agreed
