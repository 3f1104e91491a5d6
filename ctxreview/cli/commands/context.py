"""What a model would see."""

import typer

from ctxreview.cli import console
from ctxreview.cli.commands.options import (
    Budget,
    Format,
    Hops,
    Listed,
    Many,
    ManyFormats,
    Output,
    Root,
)
from ctxreview.cli.inputs import selections_given
from ctxreview.cli.results import Result, print_each
from ctxreview.model.review import Context
from ctxreview.review import DEFAULT_HOPS, DEFAULT_QUESTION

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
    from ctxreview.reports.document import context_document
    from ctxreview.reports.json_text import dumps
    from ctxreview.reports.text import context_text
    from ctxreview.review.context import build
    from ctxreview.review.request import Run, Siblings, options

    run, chosen = Run(), options(root, hops, budget, DEFAULT_QUESTION)
    given, many = selections_given(selections, listed, format_)

    def shown(value: Context) -> str:
        if format_ is Format.JSON or many:
            return dumps(context_document(value), None if many else 2)

        return context_text(value, console.layout(output)).rstrip("\n")

    def made(selection: str, siblings: Siblings) -> Result:
        return Result(shown(build(run.resolve(selection, chosen, siblings), whole=False)))

    print_each(given, many, root, run, made, output)
