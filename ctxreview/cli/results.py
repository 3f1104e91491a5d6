"""One result for each selection: printed whole, or as JSON Lines."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from ctxreview.errors import CtxreviewError, StoppedError
from ctxreview.model.kinds import SEVERITIES
from ctxreview.model.phrases import amount

if TYPE_CHECKING:
    from ctxreview.model.review import Finding
    from ctxreview.review.batch import Make
    from ctxreview.review.request import Run
from ctxreview.cli.console import print_line, say, write


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
        raise StoppedError("Stopped; the current selection was not finished.") from None


def _print_one(given: str, make: Make[Result], output: Path | None) -> list[Finding]:
    from ctxreview.review.request import ALONE

    made = make(given, ALONE)
    write(made.text, output)
    return list(made.findings)


def _print_all(
    given: Sequence[str], root: Path | None, run: Run, make: Make[Result], output: Path | None, sequential: bool
) -> list[Finding]:
    from ctxreview.reports.document import error_document
    from ctxreview.reports.json_text import dumps
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
                yield dumps(error_document(one, str(made)))
            else:
                found.extend(made.findings)
                yield made.text

    if output is None:
        for line in lines():
            print_line(line)
    else:
        write("\n".join(lines()), output)
    if failed:
        say(f"{amount(failed, 'selection')} failed.")
        raise typer.Exit(2)
    return found


def exit_on_findings(found: Iterable[Finding], limit: str | None) -> None:
    """End with status 1 where a finding is of that severity or worse."""
    if limit is not None and any(SEVERITIES.index(f.severity) <= SEVERITIES.index(limit) for f in found):
        raise typer.Exit(1)
