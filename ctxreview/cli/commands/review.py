"""A model's review, or what the source proves without one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, cast

import typer

from ctxreview.cli import console
from ctxreview.cli.commands.options import (
    BaseUrl,
    Brief,
    Budget,
    BufferPath,
    Cheap,
    Color,
    Colors,
    Diff,
    Exact,
    FailOn,
    Fresh,
    Hops,
    Listed,
    Many,
    MaxCost,
    MaxTokens,
    Message,
    Model,
    NoPager,
    Output,
    Paste,
    PasteIn,
    Patch,
    ProviderName,
    Quiet,
    ReviewFormat,
    Root,
    Scopes,
    Stdin,
    Text,
)
from ctxreview.cli.inputs import detail_of, read_text, refuse_beside
from ctxreview.cli.results import Asking, Result, Target, exit_on_findings, print_each, target_for
from ctxreview.cli.selected import selections_given
from ctxreview.errors import ConfigError, StoppedError
from ctxreview.review import DEFAULT_HOPS, DEFAULT_QUESTION

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ctxreview.llm.prices import Account
    from ctxreview.llm.providers import Endpoint
    from ctxreview.model.review import Finding, Review
    from ctxreview.prompt.asking import Provider
    from ctxreview.reports.report import Form
    from ctxreview.reports.review_text import Detail
    from ctxreview.reports.shapes.review import ReviewDocument
    from ctxreview.review.ask import Planned
    from ctxreview.review.request import Siblings
    from ctxreview.review.versions import Change


app = typer.Typer(rich_markup_mode=None)


Models = Annotated[
    str | None,
    typer.Option(metavar="A,B", help="Ask several models, each MODEL or PROVIDER:MODEL, and show where they differ."),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        min=1, help="Of several selections, ask about this many at once. [default: 8; 1 for --provider local]"
    ),
]
RequestsPerMinute = Annotated[int | None, typer.Option(min=1, help="Send at most this many requests in a minute.")]
TokensPerMinute = Annotated[
    int | None, typer.Option(min=1, help="Send prompts of at most this many tokens in a minute.")
]
Given = Annotated[
    str | None,
    typer.Option(
        "--reply", metavar="FILE|-", help="Check this chat answer (JSON or Markdown) instead of asking a model."
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be sent and what it would cost; send nothing.")
]
NoRedact = Annotated[
    bool, typer.Option("--no-redact", help="Send secrets unredacted, after asking twice on a terminal.")
]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", help="Also show everything the model saw, and log every request and retry.")
]


@app.command()
def review(
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
    format_: Annotated[
        ReviewFormat | None, typer.Option("--format", help="[default: text; several selections: json]")
    ] = None,
    provider: ProviderName = None,
    model: Model = None,
    models: Models = None,
    base_url: BaseUrl = None,
    reply: Given = None,
    exact_tokens: Exact = False,
    fresh: Fresh = False,
    dry_run: DryRun = False,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    jobs: Jobs = None,
    requests_per_minute: RequestsPerMinute = None,
    tokens_per_minute: TokensPerMinute = None,
    no_redact: NoRedact = False,
    root: Root = None,
    hops: Hops = DEFAULT_HOPS,
    budget: Budget = None,
    fail_on: FailOn = None,
    quiet: Quiet = False,
    brief: Brief = False,
    verbose: Verbose = False,
    color: Colors = Color.AUTO,
    no_pager: NoPager = False,
    output: Output = None,
) -> None:
    """Ask a model with the full context and check its answer; without a model, report what the source proves.

    For example:

    \b
    ctxreview review src/RecordService.cs:31-33 -m "optimize this"
    ctxreview review src/RecordService.cs:31-33 --provider local --dry-run
    ctxreview review src/RecordService.cs:31 src/RecordService.cs:51 --quiet
    ctxreview review src/RecordService.cs:31-33 --reply answers/chat-answer.md
    ctxreview review --diff main...HEAD --format text
    """
    from ctxreview.llm.prices import Account
    from ctxreview.review import ask as asking
    from ctxreview.review import endpoints, pipeline, replies
    from ctxreview.review.request import options

    tell = console.progress_teller(quiet, verbose)
    if reply == "-" and (stdin or paste or text == "-"):
        option = "--stdin" if stdin else "--text" if text is not None else "--paste"
        raise ConfigError(f"{option} reads standard input, so that --reply needs a file; name it.")
    brought = None if reply is None else _brought(ctx, reply, model)
    model = _model_beside(ctx, format_, dry_run, models, model)
    detail = detail_of(brief, verbose, "--dry-run" if dry_run else _other(format_))
    limits = endpoints.limits(max_tokens, max_cost)
    whom = _whom(models, provider, model, base_url, dry_run) if brought is None else [None]
    chosen = [options(root, hops, budget, message, e.model if e else model, e, exact_tokens) for e in whom]
    given = selections_given(ctx, selections, listed, root)
    run, many = given.run, given.many
    if brought is not None and many:
        raise ConfigError("--reply is one answer; give one selection.")
    target = target_for(ctx, format_ or ("json" if many else "text"), output, color, no_pager)
    if no_redact:
        _agree_to_send_secrets(whom, dry_run)
    if dry_run:
        if exact_tokens:
            raise ConfigError(
                "--exact-tokens sends the prompt to be counted, and --dry-run sends nothing; give only one."
            )
        indent = None if many or len(whom) > 1 else 2

        def planned(selection: str, siblings: Siblings) -> Result:
            plans = []
            for its, endpoint in zip(chosen, whom, strict=True):
                request = run.resolve(selection, its, siblings)
                made = asking.plan_request(request, endpoint, limits, unredacted=no_redact)
                plans.append(_printed_plan(made, no_redact, target.layout is not None, indent))
            return Result("\n".join(plans), line=plans[0].partition("\n")[0])

        print_each(given, planned, target)
        return
    account = Account(limits)
    live = not quiet and console.is_live(sys.stderr)
    at_once = _asking(ctx, whom, many, account, tell, live and not (output is None and console.is_live(sys.stdout)))
    told = at_once.told if at_once is not None else tell
    askers = [
        asking.provider_for(
            e, fresh or no_redact, account, told, live=live and not at_once, pace=at_once and at_once.pace
        )
        if e is not None
        else brought
        for e in whom
    ]

    def one(selection: str, siblings: Siblings) -> Result:
        if many:
            told(f"{selection} …")
        values = []
        for endpoint, its, asks in zip(whom, chosen, askers, strict=True):
            request = run.resolve(selection, its, siblings)
            values.append(
                pipeline.review(request, asks, unredacted=no_redact, read=replies.reader(request) if brought else None)
            )
            if asks is not None:
                asking.keep_review(values[-1], endpoint, console.say)
        return _result(values, target, detail, len(given.selections) if many else 0)

    first = _compared(given.change, hops, target) if given.change is not None else None
    exit_on_findings(print_each(given, one, target, first=first, asking=at_once), fail_on)


def _compared(change: Change, hops: int, target: Target) -> Result:
    """What the guard says of the change that is reviewed. Raises where it has no place in what is printed."""
    from ctxreview.reports.ci import FORMS
    from ctxreview.reports.ci.gathered import of_comparison
    from ctxreview.reports.comparison import comparison_document, comparison_text
    from ctxreview.reports.json_text import dumps
    from ctxreview.review.versions import compare

    value = compare(change, hops)
    if target.form == "html":
        return Result("", value.findings, part=value)
    if target.form in FORMS:
        return Result("", value.findings, part=of_comparison(value))
    made = dumps(comparison_document(value, {})) if target.layout is None else comparison_text(value, target.layout)
    return Result(made, value.findings)


def _brought(ctx: typer.Context, reply: str, model: str | None) -> Provider:
    """What answers with the text of ``reply``. Raises where options were given that are about asking a model."""
    from ctxreview.review import replies

    asked = (
        "provider",
        "models",
        "base_url",
        "exact_tokens",
        "fresh",
        "dry_run",
        "max_cost",
        "max_tokens",
        "no_redact",
        *PACE,
    )
    refuse_beside(ctx, "--reply", "asks nobody", *asked)
    return replies.brought(read_text(reply), model)


def _whom(
    models: str | None, provider: str | None, model: str | None, base_url: str | None, dry_run: bool
) -> list[Endpoint | None]:
    """Who is asked; a server of one's own is asked for its model, unless nothing is sent."""
    from ctxreview.llm.providers import resolve_model
    from ctxreview.review import endpoints

    asked = endpoints.endpoint_names(models, provider, model, base_url) if models is not None else [(provider, model)]
    whom = [endpoints.endpoint_of(a_provider, a_model, base_url) for a_provider, a_model in asked]
    if models is not None and None in whom:
        raise ConfigError("--models needs a provider: set OPENAI_API_KEY or ANTHROPIC_API_KEY, or give --provider.")
    return whom if dry_run else [resolve_model(e) if e is not None else None for e in whom]


PACE = ("jobs", "requests_per_minute", "tokens_per_minute")


def _asking(
    ctx: typer.Context,
    whom: Sequence[Endpoint | None],
    many: bool,
    account: Account,
    tell: Callable[[str], None],
    live: bool,
) -> Asking | None:
    """How a model is asked about several selections; ``None`` where none is, or about one. Raises where options were given for that alone.

    One's own machine is asked one thing after the other where nobody said otherwise.
    """
    if not many or not any(whom):
        what, why = ("One selection", "is one question") if any(whom) else ("A review without a model", "asks nobody")
        refuse_beside(ctx, what, why, *PACE)
        return None
    from ctxreview.config import number
    from ctxreview.review.pace import JOBS, Pace

    own = any(e is not None and e.provider == "local" for e in whom)
    jobs, requests, tokens = (ctx.params[name] for name in PACE)
    retries = max(e.retries for e in whom if e is not None)
    kept = number("keep_days") != 0 and not (ctx.params["fresh"] or ctx.params["no_redact"])
    return Asking(Pace(jobs or (1 if own else JOBS), requests, tokens, retries), account, tell, live, kept)


def _found(values: Sequence[Review]) -> tuple[Finding, ...]:
    """All that rules and guard found."""
    return tuple(f for v in values for f in (*v.hazards, *(f for s in v.suggestions for f in s.findings)))


def _model_beside(
    ctx: typer.Context, form: ReviewFormat | None, dry_run: bool, models: str | None, model: str | None
) -> str | None:
    """The model that is meant beside ``models``. Raises where options were given that would not be looked at."""
    if dry_run and form not in (None, ReviewFormat.TEXT, ReviewFormat.JSON):
        raise ConfigError(f"--dry-run prints text or JSON; omit --format {form}.")
    if dry_run:
        refuse_beside(ctx, "--dry-run", "reviews nothing, so there is no finding", "fail_on")
        refuse_beside(ctx, "--dry-run", "sends nothing", *PACE)
    source = ctx.get_parameter_source("model")
    # CTXREVIEW_MODEL says which one where none is named.
    return None if models is not None and source is not None and source.name == "ENVIRONMENT" else model


def _other(form: ReviewFormat | None) -> str:
    """The option by which something else than text is printed; ``""`` for text."""
    return "" if form in (None, ReviewFormat.TEXT) else f"--format {form}"


def _result(values: Sequence[Review], target: Target, detail: Detail, many: int) -> Result:
    """The reviews of one selection by each model that was asked, as they are printed: alone, or as one of ``many``."""
    from ctxreview.reports.ci import FORMS
    from ctxreview.reports.ci.gathered import of_reviews
    from ctxreview.reports.page_packed import MOST_OPEN, packed
    from ctxreview.reports.report import report
    from ctxreview.reports.review_text import verdict_line
    from ctxreview.reports.shown import reviewed

    if target.form == "json":
        return Result(_document(values, None if many else 2), _found(values))
    made = reviewed(values)
    if target.form in FORMS and (many or target.form != "markdown"):
        return Result("", _found(values), part=of_reviews(values, verdict_line(made)))
    if target.form == "html":
        return Result("", _found(values), part=packed(made) if many > MOST_OPEN else made)
    return Result(report(made, cast("Form", target.form), target.layout, detail), _found(values), verdict_line(made))


def _document(values: Sequence[Review], indent: int | None) -> str:
    """The reviews of one selection by each model that was asked, as JSON."""
    from ctxreview.reports.document import review_document
    from ctxreview.reports.json_text import dumps
    from ctxreview.reports.opinions import opinions_document

    documents = [cast("ReviewDocument", review_document(v)) for v in values]
    return dumps(documents[0] if len(documents) == 1 else opinions_document(documents), indent)


def _printed_plan(made: Planned, unredacted: bool, as_text: bool, indent: int | None) -> str:
    from ctxreview.prompt.build import not_seen
    from ctxreview.reports.json_text import dumps
    from ctxreview.reports.plan import plan_document, plan_text

    about = made.context, made.prompt, made.plan, not_seen(made.context), unredacted
    return plan_text(*about) if as_text else dumps(plan_document(*about), indent)


def _agree_to_send_secrets(whom: Sequence[Endpoint | None], dry_run: bool) -> None:
    """Ask twice whether secrets may be sent. Raises where that is not answered with a yes, or cannot be asked."""
    from urllib.parse import urlsplit

    from ctxreview.llm.providers import address

    if not all(whom):
        raise ConfigError("--no-redact applies to what is sent, and no model is asked; omit it.")
    if dry_run:
        return
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr)):
        raise ConfigError("--no-redact sends secrets and asks you first: run it on a terminal, or omit it.")
    hosts = sorted({urlsplit(address(e)).hostname or "" for e in whom if e is not None})
    named = " and ".join(hosts)
    for question, wanted in (
        (f"Keys, passwords and tokens in the code will be sent to {named} unredacted. Send them? (yes)", "yes"),
        (f"This cannot be undone. To send them, type the host's name ({named}):", named),
    ):
        console.say(question)
        try:
            agreed = input().strip() == wanted
        except (EOFError, KeyboardInterrupt):
            raise StoppedError("Stopped; nothing was sent.") from None
        if not agreed:
            raise ConfigError("Nothing was sent. Without --no-redact, secrets are replaced.")
