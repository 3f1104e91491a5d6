"""The rules over files, and what they find."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctxreview.cli import console, linted
from ctxreview.cli.commands.options import (
    BufferPath,
    CaretLine,
    Color,
    Colors,
    FailOn,
    Listed,
    NoPager,
    Output,
    Paste,
    PasteIn,
    Patch,
    Root,
    Scheduler,
    Scopes,
    Stdin,
    Text,
    TextVariable,
)
from ctxreview.cli.inputs import refuse_beside
from ctxreview.cli.results import Target, exit_on_findings, print_texts, target_for
from ctxreview.errors import ConfigError, StoppedError

if TYPE_CHECKING:
    from ctxreview.lint.listing import Listing
    from ctxreview.lint.plan import Plan
    from ctxreview.lint.run import Linted, Piecework
    from ctxreview.model.review import Finding
    from ctxreview.model.source import Source
    from ctxreview.reports.findings import Selected
from ctxreview.cli.progress import with_bar

app = typer.Typer(rich_markup_mode=None)


class LintFormat(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"
    AZURE = "azure"
    GITLAB = "gitlab"
    RDJSON = "rdjson"


Selections = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH|SELECTION...]",
        help="Files and folders, or selections as of context: lines, members, links.",
        show_default=False,
    ),
]


@app.command()
def lint(
    ctx: typer.Context,
    selections: Selections = None,
    listed: Listed = None,
    format_: Annotated[LintFormat, typer.Option("--format")] = LintFormat.TEXT,
    select: Annotated[str | None, typer.Option(metavar="RULE,...", help="Run only these rules.")] = None,
    ignore: Annotated[str | None, typer.Option(metavar="RULE,...", help="Skip these rules.")] = None,
    diff: Annotated[
        str | None,
        typer.Option(
            "--diff",
            metavar="RANGE",
            help="Report findings on changed lines, and what the change does to scopes: REV, A..B or A...B.",
        ),
    ] = None,
    staged: Annotated[
        bool, typer.Option("--staged", help="The same for what is staged to be committed, as git's index has it.")
    ] = False,
    patch: Patch = None,
    scopes: Scopes = None,
    stdin: Stdin = False,
    path: BufferPath = None,
    text: Text = None,
    text_env: TextVariable = None,
    caret: CaretLine = None,
    paste: Paste = False,
    within: PasteIn = None,
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Hide the findings recorded in this file.")
    ] = None,
    write_baseline: Annotated[
        bool,
        typer.Option("--write-baseline", help="Record the findings in the --baseline file instead of printing them."),
    ] = False,
    rules: Annotated[bool, typer.Option("--list", help="List the rules instead of running them.")] = False,
    root: Root = None,
    scheduler: Scheduler = None,
    fail_on: FailOn = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Show no progress bar.")] = False,
    color: Colors = Color.AUTO,
    no_pager: NoPager = False,
    output: Output = None,
) -> None:
    """Find hazards in files and folders, or in the whole repository, without a model.

    A comment on a finding's line or on the line above silences it: // ctxreview: ignore RULE because REASON. --diff
    reports only findings on changed lines, and what guard --diff finds: scopes that go, work that leaves them; --staged does so for the next
    commit, --patch for a diff. Of selections, also listed (--selections), of copied code (--text, --paste) and of functions with a scope (--scopes) only findings that
    touch their lines are reported; what holds in callers is for review. --baseline with --write-baseline records the current findings in a file, and --baseline alone hides them. For example:

    \b
    ctxreview lint src
    ctxreview lint src/RecordService.cs:UpdateRecord
    ctxreview lint --diff main...HEAD
    ctxreview lint --staged --fail-on high
    ctxreview lint src --baseline known.json --write-baseline
    ctxreview lint src --baseline known.json
    """
    import gc

    from ctxreview.config import project
    from ctxreview.lint import run as linting
    from ctxreview.lint.baseline import baseline_text, read_baseline
    from ctxreview.lint.plan import plan_of

    gc.enable()  # see __main__
    if rules:
        beside = (
            "selections",
            "select",
            "ignore",
            *linted.WAYS,
            "baseline",
            "write_baseline",
            "root",
            "scheduler",
            "fail_on",
            "quiet",
        )
        refuse_beside(ctx, "--list", "lists the rules", *beside, "color")
        target = target_for(ctx, format_, output, color, no_pager)
        print_texts([_list_of_rules(format_)], target)
        return
    if root is not None and not root.is_dir():
        raise ConfigError(f"--root {root}: is not a folder.")
    given = linted.given(ctx, selections or (), root)
    if scheduler is not None:
        refuse_beside(ctx, "--scheduler", "lints files that each worker has on its disk", *linted.WAYS)
        if not given.alone:
            raise ConfigError("--scheduler shares whole files among the workers; give files and folders alone.")
    if write_baseline:
        _refuse_beside_baseline(ctx, baseline is not None and given.alone)
    target = target_for(ctx, format_, output, color, no_pager)
    known = read_baseline(baseline) if baseline is not None and (not write_baseline or baseline.is_file()) else ()
    home = given.home(root)
    plan = plan_of(project(home), select, ignore, comparing=given.comparing)
    files, plan, selected = linted.listing(given, home, root, plan)
    for sentence in (*files.failed, *files.notes):
        console.say(sentence)
    every = _linted(files, plan, quiet, _piecework(scheduler, files, select, ignore))
    results = [result for result in every if not result.failed]
    failed = [*files.failed, *given.unread, *(result.failed for result in every if result.failed)]
    if write_baseline and baseline is not None:
        looked = {result.path for result in every}
        others = [entry for entry in known if given.paths and entry.path not in looked]
        made = [*linting.baseline_entries(results), *others]
        console.write(baseline_text(made), baseline)
        console.say(f"{_findings_are(len(made))} in {baseline}.")
    else:
        results, old = linting.without_known(results, known)
        if old:
            console.say(f"{_findings_are(old)} known from {baseline}.")
        results = linting.told_once(results, plan.once)
        found = _report(results, files, old, failed, target, selected)
        if not failed:
            exit_on_findings(found, fail_on)
    if failed:
        console.say(f"{'1 thing' if len(failed) == 1 else f'{len(failed):,} things'} could not be linted.")
        raise typer.Exit(2)


def _refuse_beside_baseline(ctx: typer.Context, alone: bool) -> None:
    """Raises where --write-baseline is not ``alone`` with its file, or stands beside options that say how findings are printed."""
    if not alone:
        raise ConfigError(
            "--write-baseline records all findings in the --baseline file; give --baseline, and nothing but paths."
        )
    # Not --fail-on: what a baseline has never fails, and the same command line serves in a build.
    printed = ("format_", "output", "color", "no_pager")
    refuse_beside(ctx, "--write-baseline", "records the findings and prints none", *printed)


def _list_of_rules(format_: LintFormat) -> str:
    from ctxreview.reports.json_text import dumps
    from ctxreview.rules import catalogue

    every = catalogue.entries()
    if format_ not in (LintFormat.TEXT, LintFormat.JSON):
        raise ConfigError("--list: rules are listed as text or json.")
    made = {"schema": "ctxreview.rules/1", "rules": catalogue.rows(every)}
    return dumps(made, 2) if format_ is LintFormat.JSON else catalogue.listed(every)


def _source(path: str, files: Listing) -> Source:
    """A file that was linted, once more; empty where it is gone since."""
    from ctxreview.model.source import Source
    from ctxreview.workspace.files import Workspace, read_file

    if (text := files.texts.get(path)) is not None:
        return text
    return read_file(files.place or Workspace(files.root, ()), path) or Source(path, b"")


def _report(
    results: list[Linted],
    files: Listing,
    known: int,
    failed: list[str],
    target: Target,
    selected: Sequence[Selected],
) -> list[Finding]:
    """Print the findings, and give them."""
    from ctxreview.languages import language_of
    from ctxreview.reports.ci import build_text
    from ctxreview.reports.ci.rows import Found, Note, rows_of
    from ctxreview.reports.findings import findings_text, lint_document
    from ctxreview.reports.json_text import dumps
    from ctxreview.reports.words import rules_not_asked
    from ctxreview.rules import not_asked_of

    found = [finding for result in results for finding in result.findings]
    silenced = sum(result.suppressed for result in results)
    if silenced:
        console.say(f"{_findings_are(silenced)} silenced by comments.")
    languages = sorted({language_of(result.path).name for result in results})
    others = {language: rules for language in languages if (rules := not_asked_of(language))}
    if target.form != "json":
        for language, rules in others.items():
            console.say(rules_not_asked(language, rules))
    if target.layout is not None:
        made = findings_text(found, len(results), target.layout.colour)
    elif target.form == "json":
        made = dumps(lint_document(found, len(results), silenced, known, failed, others, selected), 2)
    else:
        rows = (
            row for r in results if r.findings for row in rows_of(_source(r.path, files), r.findings, r.fingerprints)
        )
        notes = (*(Note("not-checked", said) for said in failed), *(Note("said", said) for said in files.notes))
        made = build_text(target.form, Found(tuple(rows), notes))
    print_texts([made], target)
    return found


def _findings_are(count: int) -> str:
    return "1 finding is" if count == 1 else f"{count:,} findings are"


def _piecework(scheduler: str | None, files: Listing, select: str | None, ignore: str | None) -> Piecework | None:
    """What lints the files on a cluster, where one is to."""
    if scheduler is None:
        return None
    from ctxreview.lint.pieces import piecework
    from ctxreview.processes.cluster import check_address

    check_address(scheduler)
    return piecework(scheduler, files, select, ignore)


def _linted(files: Listing, plan: Plan, quiet: bool, piecework: Piecework | None) -> list[Linted]:
    """The files' findings, with a bar on a terminal; a file that cannot be read is said at once."""
    from ctxreview.lint.run import latest, lint_files

    made: list[Linted] = []
    try:
        for result in with_bar(lint_files(files, plan, piecework), len(files.paths), quiet):
            made.append(result)
            if result.failed:
                console.say(result.failed)
    except KeyboardInterrupt:
        raise StoppedError(f"Stopped; {len(made):,} of {len(files.paths):,} files were linted.") from None
    return latest(made)
