"""The commands around a review: what was kept of it, what is said of it to others; the rules without one, and what they say.

A module of its own because :mod:`ctxreview.cli` reads it only when one of them is asked for.
"""

from __future__ import annotations

import os
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctxreview.cli import (
    DEFAULT_HOPS,
    BaseUrl,
    Budget,
    FailOn,
    Format,
    Fresh,
    Hops,
    MaxCost,
    MaxTokens,
    Model,
    One,
    Output,
    ProviderName,
    Root,
    _colour,
    _endpoint,
    _fail_on,
    _job,
    _print,
    _say,
)
from ctxreview.errors import ConfigError, SourceError, StoppedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ctxreview.linting import Linted, Listing, Plan
    from ctxreview.model import Finding, Source
    from ctxreview.store import Stored

app = typer.Typer(rich_markup_mode=None)

Text = Annotated[str, typer.Argument(metavar="[TEXT]", help="Only reviews in which this stands.", show_default=False)]
Formats = Annotated[Format, typer.Option("--format")]

WIDEST = 100
"""Columns of prose, however wide the terminal is."""


@app.command()
def log(
    text: Text = "",
    stats: Annotated[bool, typer.Option("--stats", help="Sum up by month and model instead.")] = False,
    purge: Annotated[bool, typer.Option("--purge", help="Delete what is kept instead.")] = False,
    older_than: Annotated[int | None, typer.Option(metavar="DAYS", help="With --purge: only what is older.")] = None,
    limit: Annotated[int, typer.Option(help="The most reviews to list.")] = 50,
    format_: Formats = Format.TEXT,
    output: Output = None,
) -> None:
    """List the reviews that were kept, newest first.

    With a text those in which it stands, in place, question, prompt, reply or result; with --stats tokens, cost and
    verdicts; --purge deletes. For example:

    \b
    ctxreview log UpdateRecord
    ctxreview log --stats
    ctxreview log --purge --older-than 30
    """
    from ctxreview import store
    from ctxreview.reports import document, stored

    if older_than is not None and not purge:
        raise ConfigError("--older-than says what --purge deletes; give both.")
    if purge and (text or stats):
        raise ConfigError("--purge deletes whatever stands in it; give it without a text and without --stats.")
    if older_than is not None and older_than < 0:
        raise ConfigError(f"--older-than {older_than}: give a number of days.")
    if purge:
        gone = store.purge(older_than)
        _say(f"{gone} {'review was' if gone == 1 else 'reviews were'} deleted.")
        return
    if stats:
        sums = store.sums()
        lines = [document.dumps({"schema": "ctxreview.stats/1", **s._asdict()}) for s in sums]
        shown = stored.summed(sums)
    else:
        rows = store.search(text, limit)
        lines = [document.dumps(stored.summary(row)) for row in rows]
        shown = stored.listed(rows)
    if not lines:
        _say("Nothing that was kept has that text." if text else "No review was kept yet.")
        return
    _print("\n".join(lines) if format_ is Format.JSON else shown, output)


@app.command()
def show(
    number: Annotated[str, typer.Argument(metavar="[ID]", help="Its number in ctxreview log, or last.")] = "last",
    format_: Formats = Format.TEXT,
    output: Output = None,
) -> None:
    """Print all that was kept of one review. For example:

    \b
    ctxreview show last
    ctxreview show 1 --format json
    """
    from ctxreview.reports import document, stored

    row = _kept(number)
    _print(document.dumps(stored.document(row), 2) if format_ is Format.JSON else stored.whole(row), output)


@app.command()
def comment(
    number: Annotated[str, typer.Argument(metavar="[ID]", help="Its number in ctxreview log, or last.")] = "last",
    answer: Annotated[str | None, typer.Option(help="Your answer to the question; needed without a terminal.")] = None,
    because: Annotated[
        str | None, typer.Option(help="Why a suggestion that conflicts is passed on; needed without a terminal.")
    ] = None,
    output: Output = None,
) -> None:
    """Turn a kept review into a comment (Markdown for GitHub, GitLab, Azure DevOps), after you have answered for it.

    It shows what the model saw and did not see and what the guard found, and asks: does this code touch shared state,
    run inside a transaction, or acquire a lock, and if so, would any suggested optimisation affect that?
    For example:

    \b
    ctxreview comment 1 --answer "Yes, under the transaction; it stays there."
    """
    from ctxreview.reports import comment as comments
    from ctxreview.reports.words import TEN_SECONDS

    row = _kept(number)
    since = _since(row)
    _say(comments.evidence(row) + (f"\n{since}" if since else ""))
    answered = _answered("--answer", answer, TEN_SECONDS)
    reason = ""
    if row.verdict == "conflicts":
        reason = _answered("--because", because, "The guard found a conflict. Why is the suggestion passed on?")
    elif because is not None:
        raise ConfigError("--because says why a suggestion that conflicts is passed on, and here none conflicts.")
    _print(comments.comment(row, answered, reason, since), output)


@app.command()
def config(root: Root = None, format_: Formats = Format.TEXT, output: Output = None) -> None:
    """Show each setting and where it comes from.

    An option wins over a CTXREVIEW_ variable, that over the repository's .ctxreview.toml (or [tool.ctxreview] in its
    pyproject.toml), that over the user's config.toml, that over what is built in. A repository may set scopes,
    checklist, ignore and budget, and nothing else. For example:

    \b
    ctxreview config
    ctxreview config --format json
    """
    from ctxreview.doctor import settings
    from ctxreview.reports import document

    rows = settings(_home(root))
    if format_ is Format.JSON:
        found = {row.name: {"value": row.value, "from": row.origin} for row in rows}
        _print(document.dumps({"schema": "ctxreview.config/1", "settings": found}, 2), output)
        return
    _print("\n".join(f"{row.name} = {row.shown}  ({row.origin})" for row in rows), output)


@app.command()
def doctor(
    root: Root = None,
    provider: ProviderName = None,
    model: Model = None,
    base_url: BaseUrl = None,
    format_: Formats = Format.TEXT,
) -> None:
    """Check what ctxreview needs and say what to do about what is missing; status 2 when a review cannot be made.

    It looks at the interpreter, the grammar, the tokenizer's ranks, git, clipboard, keys (whether they are there) and
    settings, and knocks at the model's address without a key and without code. For example:

    \b
    ctxreview doctor
    ctxreview doctor --provider none --format json
    """
    from ctxreview.doctor import checks
    from ctxreview.reports import document

    found = []
    for check in checks(_home(root), lambda: _endpoint(provider, model, base_url)):
        found.append(check)
        if format_ is Format.TEXT:
            _print(
                f"{check.state:8} {check.name}: {check.what}" + (f"\n         {check.advice}" if check.advice else ""),
                None,
            )
    if format_ is Format.JSON:
        _print(document.dumps({"schema": "ctxreview.doctor/1", "checks": [c._asdict() for c in found]}, 2), None)
    if any(check.state == "problem" for check in found):
        raise typer.Exit(2)


# --- rules and intent --------------------------------------------------------------------------------------


@app.command()
def explain(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Its ID, as a finding names it.")], output: Output = None
) -> None:
    """Say what a rule flags, why it matters, when it is fine, with an example.

    For example:

    \b
    ctxreview explain lock-target
    """
    from shutil import get_terminal_size

    from ctxreview.reports.explain import text
    from ctxreview.rules.catalogue import entry

    width = min(WIDEST, get_terminal_size((WIDEST, 24)).columns) if output is None else WIDEST
    _print(text(entry(rule), width, _colour(output)), output)


@app.command()
def intent(
    selection: One,
    write: Annotated[bool, typer.Option("--write", help="Put it into the file; on a terminal after asking.")] = False,
    provider: ProviderName = None,
    model: Model = None,
    base_url: BaseUrl = None,
    fresh: Fresh = False,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    root: Root = None,
    hops: Hops = DEFAULT_HOPS,
    budget: Budget = None,
) -> None:
    """Draft the comment that says why the transaction or lock around the selection is there, as a diff.

    A model drafts it where one is configured (--provider none: without), from the whole context; without one it is made
    of facts: what belongs together, who shares the lock, what must not be changed. It is a draft: read it, and correct it.

    --write shows the diff and then puts the comment into the file, which keeps its encoding and line ends; on a terminal
    it asks first. A scope that has such a comment is left as it is, with status 0; where there is none to say why of, the
    status is 2.

    For example:

    \b
    ctxreview intent src/RecordService.cs:31-33
    """
    from ctxreview import asking
    from ctxreview import intent as intents
    from ctxreview.prices import Account
    from ctxreview.providers import chosen
    from ctxreview.reports.change import diff
    from ctxreview.review import context_of
    from ctxreview.rewriting import rewrite
    from ctxreview.rules.missing_intent import is_told

    within = asking.limits(max_tokens, max_cost)
    endpoint = _endpoint(provider, model, base_url)
    job = _job(root, hops, budget, intents.QUESTION, endpoint.model if endpoint else model, endpoint)
    value = context_of(selection, job)
    scope = intents.scope_of(value)
    source = value.selection.source
    where = f"{value.path}:{source.line_of(scope.head.start)}"
    if is_told(scope, value.outline):
        _say(f"{where}: a comment says already why the {scope.construct} is there; nothing was drafted.")
        return
    endpoint = chosen(endpoint) if endpoint is not None else None
    asks = asking.asking(endpoint, fresh, Account(within), _say, live=True) if endpoint is not None else None
    made = intents.draft(value, scope, job, asks)
    if made.review is not None and endpoint is not None:
        asking.keep(made.review, endpoint, _say)
    _print(diff(source, made.after, _colour(None)), None)
    by = "No model was asked: this is what the source proves" if made.review is None else "A model drafted this"
    _say(f"{by}. Whether it is why the {scope.construct} is there, you know.")
    if not write or not _confirmed(f"Write it into {value.path}?"):
        return
    rewrite(source, made.after)
    _say(f"{where}: the comment was written.")


def _confirmed(question: str) -> bool:
    """Whether a person agrees; without a terminal the option that led here has said so."""
    if sys.stdin is None or not sys.stdin.isatty():
        return True
    _say(f"{question} [y/N]")
    try:
        agreed = input().strip().lower() in ("y", "yes")
    except (EOFError, KeyboardInterrupt):
        raise StoppedError("Stopped; nothing was written.") from None
    if not agreed:
        _say("Nothing was written.")
    return agreed


# --- what they share ---------------------------------------------------------------------------------------


def _home(root: Path | None) -> Path:
    """The repository: the given one, or the one around the current folder."""
    from ctxreview.selection import find_root

    if root is not None and not root.is_dir():
        raise ConfigError(f"--root {root}: is not a folder.")
    return root.resolve() if root is not None else find_root(Path.cwd() / "x")


def _answered(option: str, given: str | None, question: str) -> str:
    """A person's answer: as given, or asked for on the terminal. Raises where there is none."""
    from ctxreview.reports.comment import claims

    if given is None:
        if sys.stdin is None or not sys.stdin.isatty():
            raise ConfigError(f'There is no terminal to ask on: answer with {option} "...": {question}')
        _say(f"\n{question}")
        try:
            given = input()
        except (EOFError, KeyboardInterrupt):
            raise StoppedError("Stopped; without an answer there is no comment.") from None
    if not any(c.isalnum() for c in given):
        raise ConfigError(f"{option}: without an answer there is no comment. {question}")
    word = claims(given)
    if word is not None:
        raise ConfigError(f"{option}: a comment does not use the word {word!r}; say what you looked at and found.")
    return given.encode("utf-8", "replace").decode()


def _since(row: Stored) -> str:
    """What has become of a review's file since, ``""`` where it is as it was or that is not known."""
    from hashlib import sha256

    from ctxreview.selection import read

    if row.source_digest is None:
        return ""
    path, _, _ = row.selection.rpartition(":")
    try:
        now = read(Path(row.repository) / path, Path(row.repository)).data
    except SourceError:
        return f"{path} is not there any more, or cannot be read: the lines are those that the model saw."
    if sha256(now).hexdigest() == row.source_digest:
        return ""
    return f"{path} has changed since the model saw it: the lines are those of then, and may be others now."


def _kept(number: str) -> Stored:
    from ctxreview import store

    if number != "last" and not number.isdecimal():
        raise ConfigError(f"{number!r} is not the number of a review: take one from ctxreview log, or last.")
    try:
        row = store.get(None if number == "last" else int(number))
    except OverflowError:  # no integer of SQLite is as large
        row = None
    if row is None:
        raise ConfigError(
            "No review was kept yet." if number == "last" else f"There is no review {number}; see ctxreview log."
        )
    return row


# --- lint --------------------------------------------------------------------------------------------------

BAR_SECONDS = 0.1
"""The progress bar is drawn again after that."""


class LintFormat(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


Paths = Annotated[list[Path] | None, typer.Argument(metavar="[PATH...]", help="Files and folders.", show_default=False)]


@app.command()
def lint(
    paths: Paths = None,
    format_: Annotated[LintFormat, typer.Option("--format")] = LintFormat.TEXT,
    select: Annotated[str | None, typer.Option(metavar="RULE,...", help="Ask only these rules.")] = None,
    ignore: Annotated[str | None, typer.Option(metavar="RULE,...", help="Do not ask these rules.")] = None,
    diff: Annotated[
        str | None, typer.Option("--diff", metavar="REV", help="Only findings on lines changed since this revision.")
    ] = None,
    baseline: Annotated[Path | None, typer.Option(metavar="FILE", help="Leave out the findings of this file.")] = None,
    write_baseline: Annotated[
        bool, typer.Option("--write-baseline", help="Write what is found to the --baseline instead of printing it.")
    ] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the rules instead.")] = False,
    root: Root = None,
    fail_on: FailOn = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress bar.")] = False,
    output: Output = None,
) -> None:
    """Find hazards in files and folders, or in the whole repository, without any model.

    A finding is silenced by a comment on its line or above it: // ctxreview: ignore RULE because REASON. --diff tells
    what stands on changed lines; old findings go into a file with --baseline and --write-baseline, and --baseline
    leaves them out. For example:

    \b
    ctxreview lint src
    ctxreview lint src --baseline known.json --write-baseline
    ctxreview lint src --baseline known.json
    """
    import gc

    from ctxreview import baseline as baselines
    from ctxreview import linting
    from ctxreview.changed import since
    from ctxreview.config import project

    gc.enable()  # see __main__
    if listed:
        _print(_rules(format_), output)
        return
    if root is not None and not root.is_dir():
        raise ConfigError(f"--root {root}: is not a folder.")
    if write_baseline and (baseline is None or diff is not None):
        raise ConfigError("--write-baseline writes all that is found to the --baseline; give one, and no --diff.")
    known = baselines.read(baseline) if baseline is not None and (not write_baseline or baseline.exists()) else ()
    home = linting.root_of(paths or (), root)
    plan = linting.planned(project(home), select, ignore, since(diff, home) if diff is not None else None)
    files = linting.listing(paths or (), home)
    for sentence in (*files.failed, *files.notes):
        _say(sentence)
    every = _linted(files, plan, quiet)
    results = [result for result in every if not result.failed]
    failed = [*files.failed, *(result.failed for result in every if result.failed)]
    if write_baseline and baseline is not None:
        looked = {result.path for result in every}
        others = [entry for entry in known if paths and entry.path not in looked]
        made = [*linting.entries(results), *others]
        _print(baselines.text(made), baseline)
        _say(f"{_number(len(made))} in {baseline}.")
    else:
        results, old = linting.known_before(results, known)
        if old:
            _say(f"{_number(old)} known from {baseline}.")
        found = _report(results, home, old, failed, format_, output)
        if not failed:
            _fail_on(found, fail_on)
    if failed:
        _say(f"{'1 thing' if len(failed) == 1 else f'{len(failed):,} things'} could not be linted.")
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
    from ctxreview import selection
    from ctxreview.errors import SourceError
    from ctxreview.model import Source

    try:
        return selection.read(root / path, root)
    except SourceError:
        return Source(path, b"")


def _report(
    results: list[Linted], root: Path, known: int, failed: list[str], format_: LintFormat, output: Path | None
) -> list[Finding]:
    """Print the findings, and give them."""
    from ctxreview.reports import document, findings, sarif

    found = [finding for result in results for finding in result.findings]
    silenced = sum(result.suppressed for result in results)
    if silenced:
        _say(f"{_number(silenced)} silenced by comments.")
    if format_ is LintFormat.JSON:
        _print(document.dumps(findings.lint(found, len(results), silenced, known, failed), 2), output)
    elif format_ is LintFormat.SARIF:
        files = (
            (_source(r.path, root), tuple(zip(r.findings, r.fingerprints, strict=True))) for r in results if r.findings
        )
        _print(document.dumps(sarif.document(files, failed), 2), output)
    else:
        _print(findings.text(found, len(results), _colour(output)), output)
    return found


def _number(count: int) -> str:
    return "1 finding is" if count == 1 else f"{count:,} findings are"


def _linted(files: Listing, plan: Plan, quiet: bool) -> list[Linted]:
    """The files' findings, with a bar on a terminal; a file that cannot be read is said at once."""
    from ctxreview.linting import lint as each

    made: list[Linted] = []
    try:
        for result in _with_bar(each(files, plan), len(files.paths), quiet):
            made.append(result)
            if result.failed:
                _say(result.failed)
    except KeyboardInterrupt:
        raise StoppedError(f"Stopped; {len(made):,} of {len(files.paths):,} files were linted.") from None
    return made


def _with_bar(results: Iterable[Linted], count: int, quiet: bool) -> Iterator[Linted]:
    """The results, counted by a bar on standard error where that is a terminal for people."""
    if quiet or os.environ.get("NO_COLOR") or sys.stderr is None or not sys.stderr.isatty():
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
