"""What a model would see."""

import typer

from ctxreview.cli import console, jobs
from ctxreview.cli.commands.options import (
    DEFAULT_HOPS,
    DEFAULT_QUESTION,
    Budget,
    Format,
    Hops,
    Listed,
    Many,
    ManyFormats,
    Output,
    Root,
)
from ctxreview.model.review import Context

app = typer.Typer(rich_markup_mode=None)


@app.command()
def context(
    selections: Many = None,
    listed: Listed = None,
    format_: ManyFormats = None,
    root: Root = None,
    hops: Hops = DEFAULT_HOPS,
    budget: Budget = None,
    output: Output = None,
) -> None:
    """Print what the model would see: functions, scopes, facts, and what it would not see.

    For example:

    \b
    ctxreview context src/RecordService.cs:31-33
    ctxreview context src/RecordService.cs:31-33 --format json
    """
    from ctxreview.reports import document
    from ctxreview.review.batch import Shown
    from ctxreview.review.pipeline import context_of

    job = jobs.job(root, hops, budget, DEFAULT_QUESTION, None)._replace(whole=False)
    given, many = console.selections(selections, listed, format_)

    def shown(value: Context) -> str:
        if format_ is Format.JSON or many:
            return document.dumps(document.context(value), None if many else 2)
        from ctxreview.reports import text

        return text.context(value, console.colour(output)).rstrip("\n")

    console.print_each(given, many, job, lambda one, its: Shown(shown(context_of(one, its))), output)
