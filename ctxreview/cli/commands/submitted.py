"""The providers' own batch engines: submit, ask how it stands, fetch, cancel."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ctxreview.cli import console
from ctxreview.cli.asked import models_asked
from ctxreview.cli.commands.options import (
    BaseUrl,
    Budget,
    BufferPath,
    Cheap,
    Diff,
    Format,
    Formats,
    Hops,
    Listed,
    Many,
    MaxCost,
    MaxTokens,
    Message,
    Model,
    Models,
    Paste,
    PasteIn,
    Patch,
    ProviderName,
    Quiet,
    RetryFailed,
    Root,
    Scopes,
    Stdin,
    Text,
)
from ctxreview.cli.selected import selections_given
from ctxreview.errors import ConfigError, CtxreviewError
from ctxreview.model.phrases import amount
from ctxreview.review import DEFAULT_HOPS, DEFAULT_QUESTION

if TYPE_CHECKING:
    from ctxreview.reports.submitted import Told
    from ctxreview.review.fetching import Fetched, Known
    from ctxreview.review.submitting import Gathered, Pile

app = typer.Typer(rich_markup_mode=None)

NONE = "No batch is submitted that is not fetched yet."
MANY = 100
"""Selections whose questions take a while, which is said."""
MOST_NAMED = 12
"""Questions without an answer that are named of one batch; the others are counted, and all are in the JSON document."""

Ids = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID]...", help="The batch, by its provider's id or ctxreview's.", show_default=False),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be sent and what it would cost; send nothing.")
]
Forget = Annotated[
    bool,
    typer.Option(
        "--forget", help="Do not ask the server; forget the batch, whose questions may then be asked and paid again."
    ),
]


@app.command("batch submit")
def submit(
    ctx: typer.Context,
    selections: Many = None,
    listed: Listed = None,
    diff: Diff = None,
    patch: Patch = None,
    scopes: Scopes = None,
    stdin: Stdin = False,
    path: BufferPath = None,
    text: Text = None,
    paste: Paste = False,
    within: PasteIn = None,
    lint: Cheap = False,
    message: Message = DEFAULT_QUESTION,
    format_: Formats = Format.TEXT,
    provider: ProviderName = None,
    model: Model = None,
    models: Models = None,
    base_url: BaseUrl = None,
    dry_run: DryRun = False,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    retry_failed: RetryFailed = False,
    root: Root = None,
    hops: Hops = DEFAULT_HOPS,
    budget: Budget = None,
    quiet: Quiet = False,
) -> None:
    """Submit the questions of a batch to the provider's batch engine: answered within a day, for half the price.

    Questions that are answered in the store, or are in a submitted batch, are left out. Afterwards `batch fetch` brings the answers, and
    `batch` with the same selections and options makes the reviews of them. OpenAI and Anthropic have such engines.
    For example:

    \b
    ctxreview batch submit src/RecordService.cs:31-33 src/RecordService.cs:51 --provider openai --dry-run
    ctxreview batch submit --scopes src --provider anthropic --max-cost 5 --dry-run
    """
    from ctxreview.cli.progress import Tally
    from ctxreview.llm.prices import Account
    from ctxreview.llm.providers import resolve_url
    from ctxreview.review import endpoints, keeping, submitting
    from ctxreview.review.request import options

    tell = console.progress_teller(quiet, False)
    limits = endpoints.limits(max_tokens, max_cost)
    whom = models_asked(models, provider, model, base_url, dry_run)
    asked = [endpoint for endpoint in whom if endpoint is not None]
    if not asked:
        raise ConfigError("batch submit needs a provider: set OPENAI_API_KEY or ANTHROPIC_API_KEY.")
    if keeping.keep_days() == 0:
        raise ConfigError(
            "With keep_days 0 no answer of a batch could be kept; set another number, or run ctxreview batch."
        )
    if dry_run:  # which sends nothing, and so needs no key
        asked = [submitting.with_some_key(endpoint) for endpoint in asked]
    made = [submitting.model_for(e, options(root, hops, budget, message, e.model, e)) for e in asked]
    if not dry_run:
        for endpoint in asked:
            resolve_url(endpoint)
        _settle_all(base_url)
    given = selections_given(ctx, selections, listed, root)
    if len(given.selections) > MANY:
        tell(f"Making the questions about {len(given.selections):,} selections.")
    account, live = Account(limits), not quiet and console.is_live(sys.stderr)
    with Tally(len(given.selections), account, tell, live=live, doing="Making questions") as seen:
        found = submitting.gather(
            given.selections, given.root, given.run, made, account, retry_failed=retry_failed, seen=seen
        )
    for error in found.failed.values():
        console.say(str(error))
    for sentence in _left_out(found):
        tell(sentence)
    if found.over is not None:
        console.say(f"{amount(found.left, 'question')} left out by the limit. {found.over}")
    failed = bool(found.failed or found.over or given.failed)
    if not found.piles and not failed:
        tell("There is nothing to submit.")
    elif dry_run:
        tell("Nothing was sent. This is what would be submitted:")
        _print([_planned(pile) for pile in found.piles], format_)
    else:
        sent = _sent(found.piles, format_, tell)
        failed |= sent < len(found.piles)
        if sent:
            tell(
                "Next: run ctxreview batch fetch, until nothing is under way; then ctxreview batch with the same selections and options "
                "makes the reviews."
            )
    if failed:
        raise typer.Exit(2)


def _left_out(found: Gathered) -> Iterator[str]:
    if found.answered:
        yield f"{amount(found.answered, 'question')} of these: the store has what was answered."
    for batch, count in found.elsewhere.items():
        yield f"{amount(count, 'question')} of these: in the batch {batch}, which is not fetched yet."


def _planned(pile: Pile) -> Told:
    from ctxreview.llm.batches import begun
    from ctxreview.reports.submitted import Told

    model = pile.model
    row = begun(pile.name, model.endpoint.provider, model.address, model.endpoint.model, 0.0, pile.asked)
    return Told(row, "planned", tokens=pile.tokens, expected=pile.expected, most=pile.most)


def _sent(piles: Sequence[Pile], form: Format, tell: Callable[[str], None]) -> int:
    """Submit what can be; how many that are."""
    from ctxreview.reports.submitted import Told, told_text
    from ctxreview.review.submitting import send

    sent = 0
    for pile in piles:
        tell(told_text(_planned(pile)))
        try:
            row = send(pile)
        except CtxreviewError as error:
            console.say(str(error))
        else:
            sent += 1
            _print([Told(row, "under-way", "", None, None, pile.tokens, pile.expected, pile.most)], form)
    return sent


def _settle_all(base_url: str | None) -> None:
    """Find out what became of batches that were being made when a process died, as far as their servers can be asked now."""
    from ctxreview.llm import batches
    from ctxreview.review.fetching import Known, each_known, settled

    for one in each_known(batches.submitted(("sending",)), base_url):
        try:
            if isinstance(one, Known):
                settled(one)
        except CtxreviewError as error:  # its questions stay in that batch, which is told of them
            console.say(f"{one.row.named}: {error}")


@app.command("batch status")
def status(ids: Ids = None, base_url: BaseUrl = None, format_: Formats = Format.TEXT) -> None:
    """Say how the submitted batches stand that are not fetched yet.

    For example:

    \b
    ctxreview batch status
    ctxreview batch status --format json
    """
    from ctxreview.reports.submitted import STATES, Told

    failed = False
    for one in _each(ids, base_url, format_):
        if one is None:
            failed = True
        elif one.row.state != "open":
            _print([Told(one.row, STATES[one.row.state])], format_)
        elif (told := _standing(one)) is None:
            failed = True
        else:
            _print([told], format_)
    if failed:
        raise typer.Exit(2)


def _each(ids: list[str] | None, base_url: str | None, form: Format) -> Iterator[Known | None]:
    """The batches that are meant, with what became of those that were being made; ``None`` for one that cannot be asked about, which is told."""
    from ctxreview.llm import batches
    from ctxreview.review.fetching import Unreachable, chosen, each_known, settled

    rows = batches.submitted(("sending", "open", "ended") if ids else batches.OPEN)
    meant = chosen(rows, ids or [])
    if not meant and form is Format.TEXT:
        console.say(NONE)
    for one in each_known(meant, base_url):
        if isinstance(one, Unreachable):
            console.say(str(one.error))
            yield None
            continue
        try:
            yield settled(one)
        except CtxreviewError as error:
            console.say(f"{one.row.named}: {error}")
            yield None


def _standing(one: Known) -> Told | None:
    from ctxreview.reports.submitted import Told

    try:
        standing = one.engine.standing(one.row.batch)
    except CtxreviewError as error:
        console.say(f"{one.row.named}: {error}")
        return None
    if standing.why:
        console.say(f"{one.row.named}: {standing.why}")
    return Told(one.row, "ended" if standing.ended else "under-way", standing.state, standing.done, standing.failed)


@app.command("batch fetch")
def fetch(ids: Ids = None, base_url: BaseUrl = None, format_: Formats = Format.TEXT, quiet: Quiet = False) -> None:
    """Bring the answers of submitted batches that have ended into the store; run it as often as you like.

    The status is 2 while a batch is under way, and where questions were not answered: the next `batch submit`, or `batch`, asks them again.
    For example:

    \b
    ctxreview batch fetch
    ctxreview batch fetch --format json
    """
    from ctxreview.reports.submitted import STATES, Told
    from ctxreview.review import fetching

    failed = came = False
    for one in _each(ids, base_url, format_):
        if one is None:
            failed = True
            continue
        if one.row.state not in ("open", "ended"):
            failed = True
            _print([Told(one.row, STATES[one.row.state])], format_)
            continue
        try:
            standing = one.engine.standing(one.row.batch)
            got = fetching.fetch(one, standing) if standing.ended else None
        except CtxreviewError as error:
            failed = True
            console.say(f"{one.row.named}: {error}")
            continue
        if got is None:
            failed = True
            _print([Told(one.row, "under-way", standing.state, standing.done, standing.failed)], format_)
            continue
        came = came or got.answered > 0
        failed |= bool(got.failures) or not got.whole
        _tell_of(one, got, format_)
        told = Told(one.row, "fetched" if got.whole else "ended", standing.state, got.answered, len(got.failures))
        _print([told._replace(paid=got.cost, failures=tuple(got.failures))], format_)
    if came:
        console.progress_teller(quiet, False)(
            "Next: ctxreview batch with the same selections and options makes the reviews."
        )
    if failed:
        raise typer.Exit(2)


def _tell_of(one: Known, got: Fetched, form: Format) -> None:
    """What a person has to know of what was fetched."""
    name = one.row.named
    for failure in got.failures[:MOST_NAMED] if form is Format.TEXT else ():
        console.say(f"{failure.selection} ({failure.key[:12]}): {failure.sentence}")
    if len(got.failures) > MOST_NAMED and form is Format.TEXT:
        console.say(f"{name}: {len(got.failures) - MOST_NAMED:,} more were not answered; --format json names all.")
    if got.damaged:
        console.say(f"{name}: {amount(got.damaged, 'line')} of the results cannot be read, and were left out.")
    if got.foreign:
        console.say(
            f"{name}: {amount(got.foreign, 'line')} of the results were about nothing that was asked, or came twice."
        )
    if not got.whole:
        console.say(
            f"{name}: not all answers that the server counts are in its results. Fetch again later; ctxreview batch cancel --forget "
            f"{name} gives them up."
        )


@app.command("batch cancel")
def cancel(ids: Ids = None, forget: Forget = False, base_url: BaseUrl = None, format_: Formats = Format.TEXT) -> None:
    """Have a submitted batch canceled: what was answered until then is paid and can be fetched, the rest is asked by nobody.

    Without an ID, the only one that is under way.
    For example:

    \b
    ctxreview batch cancel
    ctxreview batch cancel --forget
    """
    from ctxreview.llm import batches
    from ctxreview.reports.submitted import Told
    from ctxreview.review import fetching

    open_ = batches.submitted()
    if not ids and len(open_) != 1:
        if not open_:
            console.say(NONE)
            return
        raise ConfigError(f"Give the id of a batch: one of {', '.join(row.named for row in open_[:MOST_NAMED])}.")
    if forget:
        for row in fetching.chosen(open_, ids or []):
            fetching.forget(row)
            _print([Told(row, "not-made")], format_)
        return
    failed = False
    for one in _each(ids, base_url, format_):
        if one is None or one.row.state != "open":
            failed = True
            if one is not None:
                console.say(
                    f"{one.row.named}: it is not known whether it was made. Ask again later; --forget gives it up."
                    if one.row.state == "sending"
                    else f"{one.row.named}: there is nothing to cancel."
                )
            continue
        told = _standing(one)
        try:
            if told is not None and told.state != "ended":
                one.engine.cancel(one.row.batch)
                told = _standing(one)
        except CtxreviewError as error:
            console.say(f"{one.row.named}: {error}")
            told = None
        failed |= told is None
        if told is not None:
            _print([told], format_)
    if failed:
        raise typer.Exit(2)


def _print(told: Sequence[Told], form: Format) -> None:
    from ctxreview.reports.json_text import dumps
    from ctxreview.reports.submitted import told_document, told_text

    for one in told:
        console.print_line(dumps(told_document(one)) if form is Format.JSON else told_text(one))
