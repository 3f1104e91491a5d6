"""One result for each selection: printed whole, or as JSON Lines."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

import typer

from ctxreview.errors import CtxreviewError, StoppedError
from ctxreview.model.kinds import SEVERITIES
from ctxreview.model.phrases import amount

if TYPE_CHECKING:
    from ctxreview.cli.selected import Given
    from ctxreview.model.review import Finding
    from ctxreview.reports.layout import Layout
    from ctxreview.reports.page_parts import Failed
    from ctxreview.reports.shown import Reviewed
    from ctxreview.review.batch import Make
from ctxreview.cli.console import layout, say, write
from ctxreview.cli.inputs import refuse_beside


class Result(NamedTuple):
    """The printed result of one selection, with its findings; ``line`` says it in short. On a page it is an ``entry`` instead."""

    text: str
    findings: tuple[Finding, ...] = ()
    line: str = ""
    entry: Reviewed | None = None


class Target(NamedTuple):
    """Where results go, a file or standard output, and in which form; text has a ``layout`` and perhaps goes through a pager."""

    output: Path | None
    form: Literal["text", "markdown", "html", "json", "sarif"]
    layout: Layout | None = None
    paged: bool = False


def target_for(ctx: typer.Context, form: str, output: Path | None, color: str, no_pager: bool) -> Target:
    """Where and how results are printed. Raises where options about text stand beside another ``form``."""
    if form != "text":
        refuse_beside(ctx, f"--format {form}", "has no colours and no pages", "color", "no_pager")
        return Target(output, cast("Literal['markdown', 'html', 'json', 'sarif']", str(form)))
    return Target(output, "text", layout(output, color), paged=output is None and not no_pager)


def print_each(
    given: Given, make: Make[Result], target: Target, *, first: Result | None = None, sequential: bool = False
) -> list[Finding]:
    """One result, or one after the other: a selection that fails is an error document, and the others go on.

    With a layout the results are text for people, several with a summary in the end. On a page they are together. Otherwise each is
    a document, several are JSON Lines. ``first`` is printed before those of several. The findings of all are returned.
    """
    try:
        if not given.many:
            (only,) = given.selections
            return _print_one(only, make, target)
        return _print_all(given, make, target, first, sequential)
    except KeyboardInterrupt:
        raise StoppedError("Stopped; the current selection was not finished.") from None


def _print_one(given: str, make: Make[Result], target: Target) -> list[Finding]:
    from ctxreview.review.request import ALONE

    made = make(given, ALONE)
    print_texts([_page([made.entry]) if made.entry else made.text], target)
    return list(made.findings)


def _page(entries: list[Reviewed | Failed]) -> str:
    from ctxreview.reports.page import page

    return page(entries).rstrip("\n")


def _print_all(
    asked: Given, make: Make[Result], target: Target, first: Result | None, sequential: bool
) -> list[Finding]:
    from ctxreview.reports.document import error_document
    from ctxreview.reports.json_text import dumps
    from ctxreview.reports.page_parts import Failed
    from ctxreview.reports.several_text import failure_text, selection_text, summary_text
    from ctxreview.review.batch import each_selection

    gc.freeze()  # else turning the collector on again looks at all that start-up made: 3 ms
    gc.enable()  # see __main__
    failed = 0
    given = asked.selections
    found: list[Finding] = [*first.findings] if first is not None else []
    told: list[str] = []
    entries: list[Reviewed | Failed] = []

    def texts() -> Iterator[str]:
        nonlocal failed
        if first is not None:
            yield f"{first.text}\n" if target.layout is not None else first.text
        each = each_selection(given, asked.root, asked.run, make, sequential=sequential)
        results = zip(given, each, strict=True)
        for number, (one, made) in enumerate(results, 1):
            heading = f"Selection {number} of {len(given)}: {one}"
            if isinstance(made, CtxreviewError):
                failed += 1
                told.append(f"failed: {made}")
                if target.layout is not None:
                    yield selection_text(heading, failure_text(str(made), target.layout), target.layout)
                    continue
                say(str(made))
                if target.form == "html":
                    entries.append(Failed(one, str(made)))
                    continue
                yield dumps(error_document(one, str(made)))
                continue
            found.extend(made.findings)
            told.append(made.line)
            if made.entry is not None:
                entries.append(made.entry)
                continue
            yield made.text if target.layout is None else selection_text(heading, made.text, target.layout)
        if target.layout is not None and told:
            yield summary_text(told, target.layout)
        if target.form == "html":
            yield _page(entries)

    print_texts(texts(), target)
    if failed:
        say(f"{amount(failed, 'selection')} failed.")
    if failed or asked.failed:
        raise typer.Exit(2)
    return found


def print_texts(texts: Iterable[str], target: Target) -> None:
    """Print results as they come, or write them to a file together."""
    from ctxreview.cli.pager import show

    if target.output is None:
        show(texts, wanted=target.paged)
    else:
        write("\n".join(texts), target.output)


def exit_on_findings(found: Iterable[Finding], limit: str | None) -> None:
    """End with status 1 where a finding is of that severity or worse."""
    if limit is not None and any(SEVERITIES.index(f.severity) <= SEVERITIES.index(limit) for f in found):
        raise typer.Exit(1)
