"""Standard input, output and error: results to the one, sentences for people to the other, and their answers."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

import typer

from ctxreview import file_access as files
from ctxreview.errors import ConfigError, CtxreviewError, SourceError, StoppedError
from ctxreview.model.kinds import SEVERITIES

if TYPE_CHECKING:
    from ctxreview.model.review import Finding
    from ctxreview.review.batch import Make
    from ctxreview.review.request import Run

MOST = 64 * 1024 * 1024
"""Bytes that are read of a file or pipe that a person names."""


def say(sentence: str) -> None:
    """A sentence for the person; it may quote a server, a file's name or a model, which do nothing to the terminal."""
    from ctxreview.context.listing import visible
    from ctxreview.redact import redact

    if sys.stderr is not None:  # closed by the caller: print() would take standard output instead
        print(redact(visible(sentence)).text, file=sys.stderr, flush=True)


def teller(quiet: bool, verbose: bool) -> Callable[[str], None]:
    """Tells of progress, as much as was asked for; warnings and errors are told by :func:`say` all the same."""
    if quiet and verbose:
        raise ConfigError("--quiet says less and --verbose more; give one.")
    if verbose:
        import logging

        handler = logging.StreamHandler(sys.stderr)
        own = logging.getLogger("ctxreview")  # not the SDKs', which know the key
        own.handlers, own.level, own.propagate = [handler], logging.INFO, False
    return (lambda sentence: None) if quiet else say


def colour(output: Path | None) -> bool:
    """Whether a result may have colours: on a terminal that has them, unless somebody said otherwise; never in a file."""
    return output is None and coloured(sys.stdout)


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
    """Whether a line on a stream can be written over, as a progress bar is: on a terminal that is not a dumb one."""
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def write(result: str, output: Path | None) -> None:
    """Print a result, or write it to a file: whole, or not at all."""
    if output is None:
        _line(result)
        return
    try:
        files.write(output, f"{result}\n".encode("utf-8", "replace"))
    except files.CutShortError as error:
        raise ConfigError(f"{output}: has taken only a part ({error.strerror}).") from None
    except OSError as error:
        raise ConfigError(f"{output}: cannot be written ({error.strerror}); nothing was written.") from None


def _line(result: str) -> None:
    try:
        print(result, flush=True)
    except BrokenPipeError:
        # The reader has gone (`| head`); Python would complain again when it closes the stream, and typer exit with 1.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(2) from None


def read_text(name: str) -> str:
    """The text of a file, of standard input for ``-``. Raises :class:`SourceError` where it cannot be read."""
    return decoded(_bytes(name))


def _bytes(name: str) -> bytes:
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


def decoded(raw: bytes) -> str:
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
    return "".join(_decoded(line) for line in raw.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True))


def _decoded(line: bytes) -> str:
    for codec in ("utf-8", "cp1252"):
        with contextlib.suppress(UnicodeDecodeError):
            return line.decode(codec)
    return line.decode("latin-1")


def selections(given: Sequence[str] | None, listed: str | None, form: str | None) -> tuple[list[str], bool]:
    """The selections given as arguments or ``listed`` in a file, and whether they are printed as JSON Lines.

    Raises :class:`ConfigError` for none, and for several where another ``form`` was asked for.
    """
    if listed is not None and given:
        raise ConfigError("Give selections as arguments or with --selections, not both.")
    if form not in (None, "json") and (listed is not None or len(given or ()) > 1):
        raise ConfigError(
            f"--format {form}: several selections, and those of --selections, are printed as JSON, one a line; "
            "give one selection, or leave --format out."
        )
    if listed is not None:
        return [line for line in read_text(listed).splitlines() if line.strip()], True
    if not given:
        from ctxreview.workspace.selection_form import FORMS

        raise ConfigError(f"Nothing is selected: give {FORMS}, or --selections FILE.")
    return list(given), len(given) > 1


def alone(ctx: typer.Context, option: str, does: str, *others: str) -> None:
    """Raises :class:`ConfigError` where parameters were given beside an option that would not look at them."""
    known = {p.name: p for p in ctx.command.params}
    beside = [
        known[name] for name in others if (source := ctx.get_parameter_source(name)) and source.name == "COMMANDLINE"
    ]
    if beside:
        said = ", ".join(max(p.opts, key=len) if p.param_type_name == "option" else p.make_metavar(ctx) for p in beside)
        raise ConfigError(f"{option} {does}; give it without {said}.")


class Result(NamedTuple):
    """The printed result of one selection, with its findings."""

    text: str
    findings: tuple[Finding, ...] = ()


def print_each(
    given: Sequence[str],
    many: bool,
    root: Path | None,
    run: Run,
    make: Make[Result],
    output: Path | None,
    *,
    sequential: bool = False,
) -> list[Finding]:
    """One result, or JSON Lines: a selection that fails is an error document, and the others go on.

    The findings of all are returned.
    """
    try:
        if not many:
            (only,) = given
            return _print_one(only, make, output)
        return _print_all(given, root, run, make, output, sequential)
    except KeyboardInterrupt:
        raise StoppedError("Stopped; the selection that was under way was not finished.") from None


def _print_one(given: str, make: Make[Result], output: Path | None) -> list[Finding]:
    from ctxreview.review.request import ALONE

    made = make(given, ALONE)
    write(made.text, output)
    return list(made.findings)


def _print_all(
    given: Sequence[str], root: Path | None, run: Run, make: Make[Result], output: Path | None, sequential: bool
) -> list[Finding]:
    from ctxreview.reports import document
    from ctxreview.review.batch import each

    gc.freeze()  # else turning the collector on again looks at all that start-up made: 3 ms
    gc.enable()  # see __main__
    failed = 0
    found: list[Finding] = []

    def lines() -> Iterator[str]:
        nonlocal failed
        for one, made in zip(given, each(given, root, run, make, sequential=sequential), strict=True):
            if isinstance(made, CtxreviewError):
                failed += 1
                say(str(made))
                yield document.dumps(document.error(one, str(made)))
            else:
                found.extend(made.findings)
                yield made.text

    if output is None:
        for line in lines():
            _line(line)
    else:
        write("\n".join(lines()), output)
    if failed:
        say(f"{failed} selections failed.")
        raise typer.Exit(2)
    return found


def fail_on(found: Iterable[Finding], limit: str | None) -> None:
    """End with status 1 where a finding is of that severity or worse."""
    if limit is not None and any(SEVERITIES.index(f.severity) <= SEVERITIES.index(limit) for f in found):
        raise typer.Exit(1)


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
