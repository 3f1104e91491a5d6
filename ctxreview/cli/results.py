"""One result for each selection: printed whole, or as JSON Lines."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

import typer

from ctxreview.errors import CtxreviewError, LimitError, NotAskedError, StoppedError
from ctxreview.model.kinds import SEVERITIES
from ctxreview.model.phrases import amount

if TYPE_CHECKING:
    from ctxreview.cli.selected import Given
    from ctxreview.llm.prices import Account
    from ctxreview.model.review import Comparison, Finding
    from ctxreview.processes.home import Home
    from ctxreview.reports.ci import BuildForm
    from ctxreview.reports.ci.rows import Found
    from ctxreview.reports.layout import Layout
    from ctxreview.reports.page_packed import Packed
    from ctxreview.reports.page_parts import Failed
    from ctxreview.reports.shapes.batch import BatchItem, Spent
    from ctxreview.reports.shown import Reviewed
    from ctxreview.review.ask import Several
    from ctxreview.review.batch import Elsewhere, Make

    Part = Reviewed | Packed | Failed | Comparison | Found | BatchItem
from ctxreview.cli.console import layout, print_line, say, untold, write, write_lines, write_pieces
from ctxreview.cli.inputs import refuse_beside, refuse_own_input

ENDED = (NotAskedError, LimitError)
"""What says that nobody was asked, since the run had ended."""

COMMANDS = ("github", "azure")
"""The forms that are commands to a build."""


class Result(NamedTuple):
    """The printed result of one selection, with its findings; ``line`` says it in short.

    Where all are printed as one text, it is a ``part`` of that instead: of a page, or of what was found in a form for builds.
    ``stored`` says that it was reviewed before, and its answers are the store's.
    """

    text: str
    findings: tuple[Finding, ...] = ()
    line: str = ""
    part: Part | None = None
    stored: bool = False


class Asking(NamedTuple):
    """How several selections are asked about: at one pace, on one account; where it is ``live`` a bar counts them.

    ``named`` says that each is told as it is begun, and ``kept`` that the same command would find finished reviews in the store.
    """

    several: Several
    home: Home
    account: Account
    tell: Callable[[str], None]
    live: bool
    named: bool
    kept: bool

    @property
    def told(self) -> Callable[[str], None]:
        """Tells of each selection and question, where that is wanted."""
        return self.tell if self.named else untold

    def sum_up(self, count: int, failed: int, missed: int, stored: int) -> None:
        """Say what became of ``count`` selections: ``stored`` were reviewed before; of those ``failed``, ``missed`` were not asked about."""
        parts = [f"{count - failed:,} reviewed" + (f" ({stored:,} from the store)" if stored else "")]
        parts += [f"{failed - missed:,} failed"] if failed > missed else []
        parts += [f"{missed:,} not asked"] if missed else []
        cost = f", ${self.account.cost:.4f}" if self.account.cost else ""
        said = f"{amount(count, 'selection')}: {', '.join(parts)}; {self.account.tokens:,} tokens{cost}."
        (say if failed else self.tell)(said)


class Target(NamedTuple):
    """Where results go, a file or standard output, and in which form; text has a ``layout`` and perhaps goes through a pager."""

    output: Path | None
    form: Literal["text", "html", "json", "summary"] | BuildForm
    layout: Layout | None = None
    paged: bool = False


def target_for(ctx: typer.Context, form: str, output: Path | None, color: str, no_pager: bool) -> Target:
    """Where and how results are printed.

    Raises where options about text stand beside another ``form``, and where the result would be written over what is read.
    """
    refuse_own_input(ctx, output)
    if form != "text":
        refuse_beside(ctx, f"--format {form}", "has no colours and no pages", "color", "no_pager")
        return Target(output, cast("Literal['html', 'json', 'summary'] | BuildForm", str(form)))
    return Target(output, "text", layout(output, color), paged=output is None and not no_pager)


def print_each(
    given: Given,
    make: Make[Result],
    target: Target,
    *,
    first: Result | None = None,
    asking: Asking | None = None,
    elsewhere: Elsewhere[Result] | None = None,
) -> list[Finding]:
    """One result, or one after the other: a selection that fails is an error document, and the others go on.

    Where ``make`` asks a model, ``asking`` says how; several may be made ``elsewhere`` instead. With a layout the results are text for people, several with a summary in the end.
    On a page they are together. Otherwise each is a document, several are JSON Lines. ``first`` is printed before those of several.
    The findings are returned, of several selections one of each severity.
    """
    try:
        if not given.many:
            (only,) = given.selections
            return _print_one(only, make, target)
        return _print_all(given, _results(given, make, asking, elsewhere), target, first, asking)
    except KeyboardInterrupt:
        more = (
            " To continue, run the same command: finished reviews come from the store."
            if asking and asking.kept
            else ""
        )
        raise StoppedError(f"Stopped; the current selection was not finished.{more}") from None


def _print_one(given: str, make: Make[Result], target: Target) -> list[Finding]:
    from ctxreview.review.request import ALONE

    made = make(given, ALONE)
    print_texts([made.text] if made.part is None else _whole([made.part], target, None, complete=True), target)
    return list(made.findings)


def print_whole(parts: list[Part], target: Target) -> None:
    """Print parts as one text."""
    print_texts(_whole(parts, target, None, complete=True), target)


def _whole(parts: list[Part], target: Target, asking: Asking | None, *, complete: bool) -> Iterator[str]:
    """The text that is made of all parts; nothing where it is empty. Not ``complete`` is where something could not be read at all."""
    from ctxreview.reports.ci import build_text
    from ctxreview.reports.ci.rows import merged
    from ctxreview.reports.page_many import html_of

    if target.form == "html":
        yield from html_of(cast("list[Reviewed | Failed | Comparison | Packed]", parts))
    elif target.form == "summary":
        yield from _summary(parts, asking, complete=complete)
    elif made := build_text(target.form, merged(cast("list[Found]", parts))):
        yield made


def _summary(parts: list[Part], asking: Asking | None, *, complete: bool) -> Iterator[str]:
    from ctxreview.model.review import Comparison
    from ctxreview.reports.batch import batch_text
    from ctxreview.reports.comparison import comparison_document

    compared = [comparison_document(part, {}) for part in parts if isinstance(part, Comparison)]
    items = cast("list[BatchItem]", [part for part in parts if not isinstance(part, Comparison)])
    spent: Spent | None = {"tokens": asking.account.tokens, "cost": asking.account.cost} if asking is not None else None
    return batch_text(items, spent, compared[0] if compared else None, complete=complete)


def _failed_part(selection: str, error: CtxreviewError, target: Target) -> Part:
    from ctxreview.reports.batch import failed_item
    from ctxreview.reports.ci.gathered import of_failure
    from ctxreview.reports.page_parts import Failed
    from ctxreview.review.manifest import marks_of

    why = str(error)
    if target.form == "summary":
        return failed_item(selection, marks_of(selection), why, asked=not isinstance(error, ENDED))
    return Failed(selection, why) if target.form == "html" else of_failure(selection, why)


def _print_all(
    asked: Given,
    made_of_each: Iterator[Result | CtxreviewError],
    target: Target,
    first: Result | None,
    asking: Asking | None,
) -> list[Finding]:
    from ctxreview.reports.document import error_document
    from ctxreview.reports.json_text import dumps
    from ctxreview.reports.several_text import failure_text, selection_text, summary_text
    from ctxreview.review.manifest import marked, named

    gc.freeze()  # else turning the collector on again looks at all that start-up made: 3 ms
    gc.enable()  # see __main__
    failed = missed = stored = 0
    given = asked.selections
    found = {f.severity: f for f in first.findings} if first is not None else {}
    told: list[str] = []
    parts: list[Part] = []
    whole = target.form not in ("text", "json")

    def texts() -> Iterator[str]:
        nonlocal failed, missed, stored
        if first is not None and first.part is not None:
            parts.append(first.part)
        elif first is not None:
            yield f"{first.text}\n" if target.layout is not None else first.text
        results = zip(given, made_of_each, strict=True)
        for number, (one, made) in enumerate(results, 1):
            heading = f"Selection {number} of {len(given)}: {named(one)}"
            if isinstance(made, CtxreviewError):
                failed, missed = failed + 1, missed + isinstance(made, ENDED)
                told.append(f"failed: {made}")
                if target.layout is not None:
                    yield selection_text(heading, failure_text(str(made), target.layout), target.layout)
                    continue
                say(str(made))
                if whole:
                    parts.append(_failed_part(one, made, target))
                else:
                    yield marked(dumps(error_document(str(one), str(made))), one)
                continue
            stored += made.stored
            found.update((f.severity, f) for f in made.findings)
            told.append(made.line)
            if made.part is not None:
                parts.append(made.part)
                continue
            yield marked(made.text, one) if target.layout is None else selection_text(heading, made.text, target.layout)
        if target.layout is not None and told:
            yield summary_text(told, target.layout)
        if whole:
            yield from _whole(parts, target, asking, complete=not asked.failed)

    print_texts(texts(), target)
    if asking is not None:
        asking.sum_up(len(given), failed, missed, stored)
    elif failed:
        say(f"{amount(failed, 'selection')} failed.")
    if failed or asked.failed:
        raise typer.Exit(2)
    return list(found.values())


def _results(
    given: Given, make: Make[Result], asking: Asking | None, elsewhere: Elsewhere[Result] | None
) -> Iterator[Result | CtxreviewError]:
    if asking is None:
        from ctxreview.review.batch import each_selection

        return each_selection(given.selections, given.root, given.run, make, sequential=False, elsewhere=elsewhere)
    return _asked(given, make, asking)


def _asked(given: Given, make: Make[Result], asking: Asking) -> Iterator[Result | CtxreviewError]:
    from ctxreview.cli.progress import Tally
    from ctxreview.review.asked import each_asked

    with Tally(len(given.selections), asking.account, asking.tell, live=asking.live) as seen:
        yield from each_asked(given.selections, given.root, given.run, make, asking.several.pace, asking.home, seen)


def print_texts(texts: Iterable[str], target: Target) -> None:
    """Print results as they come; documents are written to a file so too, text and pages whole."""
    from ctxreview.cli.pager import show

    if target.output is None and target.form in COMMANDS:
        for text in texts:
            print_line(text, commands=True)
    elif target.output is None:
        show(texts, wanted=target.paged)
    elif target.form == "json":
        write_lines(texts, target.output)
    elif target.form == "html":
        write_pieces(texts, target.output)
    else:
        write("\n".join(texts), target.output)


def exit_on_findings(found: Iterable[Finding], limit: str | None) -> None:
    """End with status 1 where a finding is of that severity or worse."""
    if limit is not None and any(SEVERITIES.index(f.severity) <= SEVERITIES.index(limit) for f in found):
        raise typer.Exit(1)
