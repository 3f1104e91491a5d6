"""The rules over files, and what they say."""

from __future__ import annotations

import os
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctxreview.cli import console
from ctxreview.cli.commands.options import FailOn, Output, Root
from ctxreview.errors import ConfigError, StoppedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ctxreview.lint.run import Linted, Listing, Plan
    from ctxreview.model.review import Finding
    from ctxreview.model.source import Source

app = typer.Typer(rich_markup_mode=None)

WIDEST = 100
"""Columns of prose, however wide the terminal is."""
BAR_SECONDS = 0.1
"""The progress bar is drawn again after that."""


class LintFormat(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


Paths = Annotated[list[Path] | None, typer.Argument(metavar="[PATH...]", help="Files and folders.", show_default=False)]


@app.command()
def explain(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The rule's ID, as in a finding.")], output: Output = None
) -> None:
    """Explain a rule: what it flags, why it matters and when it is fine, with an example.

    For example:

    \b
    ctxreview explain lock-target
    """
    from shutil import get_terminal_size

    from ctxreview.reports.explain import text
    from ctxreview.rules.catalogue import entry

    width = min(WIDEST, get_terminal_size((WIDEST, 24)).columns) if output is None else WIDEST
    console.write(text(entry(rule), width, console.colour(output)), output)


@app.command()
def lint(
    ctx: typer.Context,
    paths: Paths = None,
    format_: Annotated[LintFormat, typer.Option("--format")] = LintFormat.TEXT,
    select: Annotated[str | None, typer.Option(metavar="RULE,...", help="Run only these rules.")] = None,
    ignore: Annotated[str | None, typer.Option(metavar="RULE,...", help="Skip these rules.")] = None,
    diff: Annotated[
        str | None,
        typer.Option("--diff", metavar="REV", help="Report only findings on lines changed since this revision."),
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Hide the findings recorded in this file.")
    ] = None,
    write_baseline: Annotated[
        bool,
        typer.Option("--write-baseline", help="Record the findings in the --baseline file instead of printing them."),
    ] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the rules instead of running them.")] = False,
    root: Root = None,
    fail_on: FailOn = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress bar.")] = False,
    output: Output = None,
) -> None:
    """Find hazards in files and folders, or in the whole repository, without a model.

    A comment on a finding's line or on the line above silences it: // ctxreview: ignore RULE because REASON. --diff
    reports only findings on changed lines. --baseline with --write-baseline records the current findings in a file, and
    --baseline alone hides them. For example:

    \b
    ctxreview lint src
    ctxreview lint src --baseline known.json --write-baseline
    ctxreview lint src --baseline known.json
    """
    import gc

    from ctxreview.config import project
    from ctxreview.lint import baseline as baselines
    from ctxreview.lint import run as linting
    from ctxreview.workspace.changed_lines import changes_since

    gc.enable()  # see __main__
    if listed:
        beside = ("paths", "select", "ignore", "diff", "baseline", "write_baseline", "root", "fail_on", "quiet")
        console.alone(ctx, "--list", "lists the rules", *beside)
        console.write(_rules(format_), output)
        return
    if root is not None and not root.is_dir():
        raise ConfigError(f"--root {root}: is not a folder.")
    if write_baseline and (baseline is None or diff is not None):
        raise ConfigError("--write-baseline writes all that is found to the --baseline; give one, and no --diff.")
    if write_baseline:
        # With --fail-on as well: what a baseline has never fails, and the same command line serves in a build.
        console.alone(ctx, "--write-baseline", "writes the findings and prints none", "format_", "output")
    known = baselines.read(baseline) if baseline is not None and (not write_baseline or baseline.is_file()) else ()
    home = linting.root_of(paths or (), root)
    plan = linting.planned(project(home), select, ignore)
    files = linting.listing(paths or (), home)
    changes = changes_since(diff, home, files.paths) if diff is not None else None
    if changes is not None:
        plan = plan._replace(changed=changes.lines)
    for sentence in (*files.failed, *files.notes, *(changes.notes if changes is not None else ())):
        console.say(sentence)
    every = _linted(files, plan, quiet)
    results = [result for result in every if not result.failed]
    failed = [*files.failed, *(result.failed for result in every if result.failed)]
    if write_baseline and baseline is not None:
        looked = {result.path for result in every}
        others = [entry for entry in known if paths and entry.path not in looked]
        made = [*linting.entries(results), *others]
        console.write(baselines.text(made), baseline)
        console.say(f"{_number(len(made))} in {baseline}.")
    else:
        results, old = linting.known_before(results, known)
        if old:
            console.say(f"{_number(old)} known from {baseline}.")
        found = _report(results, home, old, failed, format_, output)
        if not failed:
            console.fail_on(found, fail_on)
    if failed:
        console.say(f"{'1 thing' if len(failed) == 1 else f'{len(failed):,} things'} could not be linted.")
        raise typer.Exit(2)


def _rules(format_: LintFormat) -> str:
    from ctxreview.reports import document
    from ctxreview.rules import catalogue

    every = catalogue.entries()
    if format_ is LintFormat.SARIF:
        raise ConfigError("--list: rules are listed as text or json.")
    made = {"schema": "ctxreview.rules/1", "rules": catalogue.rows(every)}
    return document.dumps(made, 2) if format_ is LintFormat.JSON else catalogue.listed(every)


def _source(path: str, root: Path) -> Source:
    """A file that was linted, once more; empty where it is gone since."""
    from ctxreview.errors import SourceError
    from ctxreview.model.source import Source
    from ctxreview.workspace.reading import read_source

    try:
        return read_source(root / path, root)
    except SourceError:
        return Source(path, b"")


def _report(
    results: list[Linted], root: Path, known: int, failed: list[str], format_: LintFormat, output: Path | None
) -> list[Finding]:
    """Print the findings, and give them."""
    from ctxreview.languages import language_of
    from ctxreview.reports import document, findings, sarif
    from ctxreview.reports.words import not_asked
    from ctxreview.rules import not_asked_of

    found = [finding for result in results for finding in result.findings]
    silenced = sum(result.suppressed for result in results)
    if silenced:
        console.say(f"{_number(silenced)} silenced by comments.")
    languages = sorted({language_of(result.path).name for result in results})
    others = {language: rules for language in languages if (rules := not_asked_of(language))}
    if format_ is not LintFormat.JSON:
        for language, rules in others.items():
            console.say(not_asked(language, rules))
    if format_ is LintFormat.JSON:
        console.write(document.dumps(findings.lint(found, len(results), silenced, known, failed, others), 2), output)
    elif format_ is LintFormat.SARIF:
        files = (
            (_source(r.path, root), tuple(zip(r.findings, r.fingerprints, strict=True))) for r in results if r.findings
        )
        console.write(document.dumps(sarif.document(files, failed), 2), output)
    else:
        console.write(findings.text(found, len(results), console.colour(output)), output)
    return found


def _number(count: int) -> str:
    return "1 finding is" if count == 1 else f"{count:,} findings are"


def _linted(files: Listing, plan: Plan, quiet: bool) -> list[Linted]:
    """The files' findings, with a bar on a terminal; a file that cannot be read is said at once."""
    from ctxreview.lint.run import lint as each

    made: list[Linted] = []
    try:
        for result in _with_bar(each(files, plan), len(files.paths), quiet):
            made.append(result)
            if result.failed:
                console.say(result.failed)
    except KeyboardInterrupt:
        raise StoppedError(f"Stopped; {len(made):,} of {len(files.paths):,} files were linted.") from None
    return made


def _with_bar(results: Iterable[Linted], count: int, quiet: bool) -> Iterator[Linted]:
    """The results, counted by a bar on standard error where that is a terminal for people."""
    if quiet or os.environ.get("NO_COLOR") or not console.is_live(sys.stderr):
        yield from results
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = TextColumn("Linting"), BarColumn(), MofNCompleteColumn(), TextColumn("files")
    # Without a thread of its own, which processes that fork could not copy.
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as progress:
        task = progress.add_task("", total=count)
        shown = 0.0
        for result in results:
            progress.advance(task)
            if (now := time.monotonic()) - shown > BAR_SECONDS:
                shown = now
                progress.refresh()
            yield result
