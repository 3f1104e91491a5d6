"""A model's review, or what the source proves without one."""

from __future__ import annotations

import sys
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Annotated, cast

import typer

from ctxreview.cli import console
from ctxreview.cli.asked import PACE, agree_to_send_secrets, asking_of, brought_answer, connected, models_asked
from ctxreview.cli.commands.options import (
    BaseUrl,
    Brief,
    Budget,
    BufferPath,
    CaretLine,
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
    Models,
    NoPager,
    Output,
    Paste,
    PasteIn,
    Patch,
    ProviderName,
    Quiet,
    RetryFailed,
    ReviewFormat,
    Root,
    Scopes,
    Stdin,
    Text,
    TextVariable,
)
from ctxreview.cli.inputs import detail_of, refuse_beside
from ctxreview.cli.results import Result, Target, exit_on_findings, print_each, target_for
from ctxreview.cli.selected import selections_given
from ctxreview.errors import ConfigError
from ctxreview.review import DEFAULT_HOPS, DEFAULT_QUESTION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ctxreview.llm.prices import Limits
    from ctxreview.llm.providers import Endpoint
    from ctxreview.model.review import Finding, Review
    from ctxreview.reports.report import Form
    from ctxreview.reports.review_text import Detail
    from ctxreview.reports.shapes.review import ReviewDocument
    from ctxreview.review.ask import Planned
    from ctxreview.review.batch import Make
    from ctxreview.review.request import Options, Run, Siblings
    from ctxreview.review.versions import Change


app = typer.Typer(rich_markup_mode=None)


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
    text_env: TextVariable = None,
    caret: CaretLine = None,
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
    retry_failed: RetryFailed = False,
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
    from ctxreview.review import endpoints, keeping, pipeline, replies
    from ctxreview.review.ask import provider_for
    from ctxreview.review.request import options

    tell = console.progress_teller(quiet, verbose)
    if reply == "-" and (stdin or paste or text == "-"):
        option = "--stdin" if stdin else "--text" if text is not None else "--paste"
        raise ConfigError(f"{option} reads standard input, so that --reply needs a file; name it.")
    brought = None if reply is None else brought_answer(ctx, reply, model)
    model = _model_beside(ctx, format_, dry_run, models, model)
    detail = detail_of(brief, verbose, "--dry-run" if dry_run else _other(format_))
    limits = endpoints.limits(max_tokens, max_cost)
    whom = models_asked(models, provider, model, base_url, dry_run) if brought is None else [None]
    chosen = [options(root, hops, budget, message, e.model if e else model, e, exact_tokens) for e in whom]
    given = selections_given(ctx, selections, listed, root)
    run, many = given.run, given.many
    if brought is not None and many:
        raise ConfigError("--reply is one answer; give one selection.")
    target = target_for(ctx, format_ or ("json" if many else "text"), output, color, no_pager)
    if no_redact:
        agree_to_send_secrets(whom, dry_run)
    if dry_run:
        if exact_tokens:
            raise ConfigError(
                "--exact-tokens sends the prompt to be counted, and --dry-run sends nothing; give only one."
            )
        print_each(given, _planner(run, list(zip(whom, chosen, strict=True)), limits, no_redact, target, many), target)
        return
    account = Account(limits)
    live = not quiet and console.is_live(sys.stderr)
    keeper = keeping.Keeper(console.say)
    shown = live and not (output is None and console.is_live(sys.stdout))
    at_once = asking_of(ctx, whom, many, account, tell, shown, keeper)
    if at_once is not None and not no_redact:
        keeper.begin()
    told = at_once.told if at_once is not None else tell
    ask = partial(
        provider_for,
        fresh=fresh or no_redact,
        account=account,
        say=told,
        live=live and at_once is None,
        several=at_once and at_once.several,
    )
    line = connected(whom, brought, ask, at_once, keeper)

    def one(selection: str, siblings: Siblings) -> Result:
        if many:
            told(f"{selection} …")
        values = []
        for endpoint, its, asks in zip(whom, chosen, line.askers, strict=True):
            request = run.resolve(selection, its, siblings)
            with keeping.failures_kept(asks, endpoint, line.fail) as noted:
                read = replies.reader(request) if brought else None
                values.append(pipeline.review(request, noted, unredacted=no_redact, read=read))
            if asks is not None:
                keeping.keep_review(values[-1], endpoint, line.keep)
        return _result(selection, values, target, detail, len(given.selections) if many else 0)

    first = _compared(given.change, hops, target) if given.change is not None else None
    with closing(keeper):
        found = print_each(given, one, target, first=first, asking=at_once)
    exit_on_findings(found, fail_on)


def _planner(
    run: Run,
    whom: Sequence[tuple[Endpoint | None, Options]],
    limits: Limits,
    unredacted: bool,
    target: Target,
    many: bool,
) -> Make[Result]:
    """What makes the plans of a selection, one for each model that would be asked."""
    from ctxreview.review.ask import plan_request

    indent = None if many or len(whom) > 1 else 2

    def planned(selection: str, siblings: Siblings) -> Result:
        plans = []
        for endpoint, its in whom:
            made = plan_request(run.resolve(selection, its, siblings), endpoint, limits, unredacted=unredacted)
            plans.append(_printed_plan(made, unredacted, target.layout is not None, indent))
        return Result("\n".join(plans), line=plans[0].partition("\n")[0])

    return planned


def _compared(change: Change, hops: int, target: Target) -> Result:
    """What the guard says of the change that is reviewed. Raises where it has no place in what is printed."""
    from ctxreview.reports.ci import FORMS
    from ctxreview.reports.ci.gathered import of_comparison
    from ctxreview.reports.comparison import comparison_document, comparison_text
    from ctxreview.reports.json_text import dumps
    from ctxreview.review.versions import compare

    value = compare(change, hops)
    if target.form in ("html", "summary"):
        return Result("", value.findings, part=value)
    if target.form in FORMS:
        return Result("", value.findings, part=of_comparison(value))
    made = dumps(comparison_document(value, {})) if target.layout is None else comparison_text(value, target.layout)
    return Result(made, value.findings)


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


def _result(selection: str, values: Sequence[Review], target: Target, detail: Detail, many: int) -> Result:
    """The reviews of one selection by each model that was asked, as they are printed: alone, or as one of ``many``."""
    from ctxreview.reports.batch import item_of
    from ctxreview.reports.ci import FORMS
    from ctxreview.reports.ci.gathered import of_reviews
    from ctxreview.reports.page_packed import MOST_OPEN, packed
    from ctxreview.reports.report import report
    from ctxreview.reports.review_text import verdict_line
    from ctxreview.reports.shown import reviewed
    from ctxreview.review.manifest import marks_of

    found, stored = _found(values), all(v.from_store is not None for v in values)
    if target.form == "json":
        return Result(_document(values, None if many else 2), found, stored=stored)
    if target.form == "summary":
        return Result("", found, part=item_of(selection, marks_of(selection), values), stored=stored)
    made = reviewed(values)
    if target.form in FORMS and (many or target.form != "markdown"):
        return Result("", found, part=of_reviews(values, verdict_line(made)), stored=stored)
    if target.form == "html":
        return Result("", found, part=packed(made) if many > MOST_OPEN else made, stored=stored)
    text = report(made, cast("Form", target.form), target.layout, detail)
    return Result(text, found, verdict_line(made), stored=stored)


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


BATCH = """Review many selections, as `review` does; the same command goes on where it stopped.

    Prints one JSON document per selection, in order; contexts are made on all cores, and --jobs questions wait for the model at once.
    Every answer is in the store before anything else happens to it: after Ctrl-C, a crash or --max-cost, the same command takes from there what is done
    and asks about the rest. What failed by key, network or server is asked again; what the model refused, or answered in no usable form, fails
    again without being asked, until --retry-failed. The status is 2 while anything is missing; the last line on standard error counts.
    `batch submit`, `status`, `fetch` and `cancel` use the provider's own batch engine: within a day, for half the price.

    For example:

    \b
    ctxreview batch src/RecordService.cs:31-33 src/RecordService.cs:51 -m "optimize this" -o reviews.jsonl
    ctxreview batch --scopes src --max-cost 5
    ctxreview batch --scopes src --provider local --model m --dry-run
    """
app.command("batch", help=BATCH)(review)
