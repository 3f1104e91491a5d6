"""What was kept of reviews, and what is said of one to others."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from ctxreview.cli import console
from ctxreview.cli.commands.options import Brief, Color, Colors, Format, Formats, KeptFormat, NoPager, Output
from ctxreview.cli.inputs import detail_of, read_text, refuse_beside, refuse_own_input
from ctxreview.cli.results import print_texts, target_for
from ctxreview.errors import ConfigError, SourceError, StoppedError

if TYPE_CHECKING:
    from ctxreview.llm.store import Stored
    from ctxreview.reports.report import Form

app = typer.Typer(rich_markup_mode=None)


Text = Annotated[str, typer.Argument(metavar="[TEXT]", help="Only reviews that contain this text.", show_default=False)]


@app.command()
def log(
    ctx: typer.Context,
    text: Text = "",
    stats: Annotated[bool, typer.Option("--stats", help="Show totals by month and model instead.")] = False,
    purge: Annotated[bool, typer.Option("--purge", help="Delete stored reviews instead.")] = False,
    older_than: Annotated[
        int | None, typer.Option(metavar="DAYS", help="With --purge: only reviews older than this.")
    ] = None,
    limit: Annotated[int, typer.Option(help="List at most this many reviews.")] = 50,
    format_: Formats = Format.TEXT,
    color: Colors = Color.AUTO,
    no_pager: NoPager = False,
    output: Output = None,
) -> None:
    """List the stored reviews, newest first.

    With TEXT, only reviews that contain it: in place, question, prompt, reply or result. --stats shows tokens, cost and
    verdicts; --purge deletes. --format json prints JSON Lines, one document per review. For example:

    \b
    ctxreview log UpdateRecord
    ctxreview log --stats
    ctxreview log --purge --older-than 30
    """
    from ctxreview.llm import store
    from ctxreview.reports import stored
    from ctxreview.reports.json_text import dumps
    from ctxreview.reports.paint import Paint

    if older_than is not None and not purge:
        raise ConfigError("--older-than limits what --purge deletes; give both.")
    if purge:
        refuse_beside(
            ctx,
            "--purge",
            "deletes reviews and prints none",
            "text",
            "stats",
            "limit",
            "format_",
            "color",
            "no_pager",
            "output",
        )
    if stats:
        refuse_beside(ctx, "--stats", "sums up all stored reviews", "text", "limit")
    if older_than is not None and older_than < 0:
        raise ConfigError(f"--older-than {older_than}: give a number of days.")
    if purge:
        _purge(older_than)
        return
    target = target_for(ctx, format_, output, color, no_pager)
    paint = Paint(target.layout is not None and target.layout.colour)
    damaged: list[int] = []
    if stats:
        sums = store.monthly_totals()
        lines = [dumps({"schema": "ctxreview.stats/1", **s._asdict()}) for s in sums]
        shown = stored.totals_text(sums, paint)
    else:
        rows = []
        for row in store.search_reviews(text, limit, damaged.append):
            if stored.is_sound(row):
                rows.append(row)
            else:
                damaged.append(row.id)
        lines = [dumps(stored.review_summary(row)) for row in rows]
        shown = stored.reviews_list(rows, paint)
    for number in sorted(damaged, reverse=True):
        console.say(str(store.damaged_review(number)))
    if lines:
        print_texts(["\n".join(lines) if target.layout is None else shown], target)
    elif not damaged:
        console.say("No stored review contains that text." if text else "No review is stored yet.")
    if damaged:
        raise typer.Exit(2)


def _purge(older_than: int | None) -> None:
    from ctxreview.llm import store

    done = store.purge_reviews(older_than)
    console.say(f"{done.reviews} {'review was' if done.reviews == 1 else 'reviews were'} deleted.")
    if left := ", ".join(done.batches):
        console.say(
            f"Submitted batches that are not fetched yet were kept: {left}; batch cancel --forget gives them up."
        )


@app.command()
def show(
    ctx: typer.Context,
    number: Annotated[
        str, typer.Argument(metavar="[ID]", help="The review's number in ctxreview log, or last.")
    ] = "last",
    sent: Annotated[
        bool, typer.Option("--sent", help="Print what was sent to the model and its reply instead.")
    ] = False,
    format_: Annotated[KeptFormat, typer.Option("--format")] = KeptFormat.TEXT,
    brief: Brief = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Also show everything the model saw.")] = False,
    color: Colors = Color.AUTO,
    no_pager: NoPager = False,
    output: Output = None,
) -> None:
    """Print a stored review as `review` printed it; as JSON everything that is stored about it.

    For example:

    \b
    ctxreview show last
    ctxreview show 1 --sent
    ctxreview show 1 --format json
    ctxreview show 1 --format html -o review.html
    """
    from ctxreview.reports import stored
    from ctxreview.reports.json_text import dumps
    from ctxreview.reports.paint import Paint
    from ctxreview.reports.report import report

    if sent:
        refuse_beside(ctx, "--sent", "prints prompt and reply", "format_", "brief", "verbose")
    other = "" if format_ is KeptFormat.TEXT else f"--format {format_}"
    detail = detail_of(brief, verbose, other)
    if other:
        refuse_beside(ctx, other, "prints all there is", "verbose")
    target = target_for(ctx, format_, output, color, no_pager)
    paint = Paint(target.layout is not None and target.layout.colour)
    row = _kept(number)
    if sent:
        made = stored.sent_text(row, paint)
    elif target.form == "json":
        made = dumps(stored.review_record(row), 2)
    else:
        try:
            made = report(stored.stored_review(row), cast("Form", target.form), target.layout, detail)
        except stored.OlderReviewError as error:
            if target.form != "text":
                raise
            console.say(str(error))
            made = stored.sent_text(row, paint)
    print_texts([made], target)


@app.command()
def comment(
    ctx: typer.Context,
    number: Annotated[
        str, typer.Argument(metavar="[ID]", help="The review's number in ctxreview log, or last.")
    ] = "last",
    of: Annotated[
        str | None,
        typer.Option("--of", metavar="FILE|-", help="Instead: what `review` or `guard` printed with --format json."),
    ] = None,
    omit: Annotated[
        list[int] | None, typer.Option(metavar="N", help="Leave suggestion N out; may be repeated.")
    ] = None,
    reject: Annotated[
        list[str] | None,
        typer.Option(
            metavar="N:WHY", help="Say that suggestion N is rejected and why, without its diff; may be repeated."
        ),
    ] = None,
    note: Annotated[str | None, typer.Option(help="Your own words, which come first.")] = None,
    answer: Annotated[
        str | None, typer.Option(help="Your answer to the question; required without a terminal.")
    ] = None,
    because: Annotated[
        str | None, typer.Option(help="Why you pass on a suggestion that conflicts; required without a terminal.")
    ] = None,
    output: Output = None,
) -> None:
    """Turn a stored review into a comment (Markdown for GitHub, GitLab, Azure DevOps), once you have answered for it.

    --of takes a review without a model, or the guard's result. It shows what the model saw and did not see and what the guard found, and asks: does this code touch shared state,
    run inside a transaction, or acquire a lock, and if so, would any suggested optimisation affect that?
    For example:

    \b
    ctxreview comment 1 --answer "Yes, under the transaction; it stays there."
    ctxreview comment 1 --reject "1: the row is updated below" --answer "Yes; nothing changes."
    """
    refuse_own_input(ctx, output)
    from ctxreview.reports import comment as comments
    from ctxreview.reports.words import TEAM_QUESTION

    if of is not None:
        refuse_beside(ctx, "--of", "names what the comment is about", "number")
        about, since = comments.printed_subject(read_text(of), of), ""
    else:
        row = _kept(number)
        about, since = comments.stored_subject(row), _since(row)
    count = len(about.found.suggestions)
    rejected = dict(_rejected(each) for each in reject or ())
    for one in (*(omit or ()), *rejected):
        if not 0 < one <= count:
            raise ConfigError(f"There is no suggestion {one} here: the suggestions are numbered from 1 to {count}.")
    if both := rejected.keys() & set(omit or ()):
        raise ConfigError(f"Suggestion {min(both)} cannot be left out and rejected: give --omit or --reject.")
    own = "" if note is None else _own_words("--note", note)
    console.say(comments.evidence(about) + (f"\n{since}" if since else ""))  # before anything is asked
    person = comments.Person(_answered("--answer", answer, TEAM_QUESTION), "", own, frozenset(omit or ()), rejected)
    if comments.conflicts(about.found, person):
        why = _answered("--because", because, "The guard found a conflict. Why do you pass the suggestion on?")
        person = person._replace(because=why)
    elif because is not None:
        raise ConfigError(
            "--because says why a conflicting suggestion is passed on, but none that conflicts is passed on here."
        )
    console.write(comments.comment(about, person, since), output)


def _rejected(given: str) -> tuple[int, str]:
    """A suggestion's number and why it is rejected. Raises where one of them is missing."""
    number, _, why = given.partition(":")
    if not number.strip().isdecimal() or len(number) > 9 or not why.strip():
        raise ConfigError(
            f'--reject {given!r}: give the number of a suggestion and why: --reject "1: it loses the lock".'
        )
    return int(number), _own_words("--reject", why.strip())


def _answered(option: str, given: str | None, question: str) -> str:
    """A person's answer: as given, or asked for on the terminal. Raises where there is none."""
    if given is None:
        if sys.stdin is None or not sys.stdin.isatty():
            raise ConfigError(f'There is no terminal to ask on: answer with {option} "...": {question}')
        console.say(f"\n{question}")
        try:
            given = input()
        except (EOFError, KeyboardInterrupt):
            raise StoppedError("Stopped; without an answer there is no comment.") from None
    if not any(c.isalnum() for c in given):
        raise ConfigError(f"{option}: without an answer there is no comment. {question}")
    return _own_words(option, given)


def _own_words(option: str, given: str) -> str:
    """What a person says in a comment. Raises where it claims more than a tool can know."""
    from ctxreview.model.claims import claims

    word = claims(given)
    if word is not None:
        raise ConfigError(f"{option}: a comment does not use the word {word!r}; say what you looked at and found.")
    return given.encode("utf-8", "replace").decode()


def _since(row: Stored) -> str:
    """What has become of a review's file since, ``""`` where it is as it was or that is not known."""
    from hashlib import sha256

    from ctxreview.workspace.reading import read_source

    if row.source_digest is None:
        return ""
    path, _, _ = row.selection.rpartition(":")
    try:
        now = read_source(Path(row.repository) / path, Path(row.repository)).data
    except SourceError:
        return f"{path} no longer exists or cannot be read: the line numbers are those that the model saw."
    if sha256(now).hexdigest() == row.source_digest:
        return ""
    return f"{path} has changed since the model saw it: the line numbers may have shifted."


def _kept(number: str) -> Stored:
    from ctxreview.llm import store

    if number != "last" and not number.isdecimal():
        raise ConfigError(f"{number!r} is not the number of a review: use one from ctxreview log, or last.")
    try:
        row = store.stored_review(None if number == "last" else int(number))
    except OverflowError:  # no integer of SQLite is as large
        row = None
    if row is None:
        raise ConfigError(
            "No review is stored yet." if number == "last" else f"There is no review {number}; see ctxreview log."
        )
    return row
