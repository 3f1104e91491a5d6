"""What a model would see."""

import typer

from ctxreview.cli.commands.options import (
    Budget,
    Color,
    Colors,
    Hops,
    Listed,
    Many,
    ManyFormats,
    NoPager,
    Output,
    Root,
)
from ctxreview.cli.inputs import selections_given
from ctxreview.cli.results import Result, print_each, target_for
from ctxreview.review import DEFAULT_HOPS, DEFAULT_QUESTION

app = typer.Typer(rich_markup_mode=None)


@app.command()
def context(
    ctx: typer.Context,
    selections: Many = None,
    listed: Listed = None,
    format_: ManyFormats = None,
    root: Root = None,
    hops: Hops = DEFAULT_HOPS,
    budget: Budget = None,
    color: Colors = Color.AUTO,
    no_pager: NoPager = False,
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
    from ctxreview.review.context import build
    from ctxreview.review.request import Run, Siblings, options

    run, chosen = Run(), options(root, hops, budget, DEFAULT_QUESTION)
    given, many = selections_given(selections, listed, format_)
    target = target_for(ctx, format_ or ("json" if many else "text"), output, color, no_pager)

    def made(selection: str, siblings: Siblings) -> Result:
        value = build(run.resolve(selection, chosen, siblings), whole=False)
        if target.layout is None:
            return Result(dumps(context_document(value), None if many else 2))
        from ctxreview.reports.text import context_text, verdict_of

        return Result(context_text(value, target.layout).rstrip("\n"), line=verdict_of(value))

    print_each(given, many, root, run, made, target)
