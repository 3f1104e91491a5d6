"""What a model would see."""

import typer

from ctxreview.cli.commands.options import (
    Budget,
    BufferPath,
    Cheap,
    Color,
    Colors,
    Diff,
    Hops,
    Listed,
    Many,
    ManyFormats,
    NoPager,
    Output,
    Paste,
    PasteIn,
    Patch,
    Root,
    Scopes,
    Stdin,
    Text,
)
from ctxreview.cli.results import Result, print_each, target_for
from ctxreview.cli.selected import selections_given
from ctxreview.review import DEFAULT_HOPS, DEFAULT_QUESTION

app = typer.Typer(rich_markup_mode=None)


@app.command()
def context(
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
    ctxreview context --diff main...HEAD --format text
    """
    from ctxreview.reports.document import context_document
    from ctxreview.reports.json_text import dumps
    from ctxreview.review.context import build
    from ctxreview.review.request import Siblings, options

    chosen = options(root, hops, budget, DEFAULT_QUESTION)
    given = selections_given(ctx, selections, listed, root)
    target = target_for(ctx, format_ or ("json" if given.many else "text"), output, color, no_pager)

    def made(selection: str, siblings: Siblings) -> Result:
        value = build(given.run.resolve(selection, chosen, siblings), whole=False)
        if target.layout is None:
            return Result(dumps(context_document(value), None if given.many else 2))
        from ctxreview.reports.text import context_text, verdict_of

        return Result(context_text(value, target.layout).rstrip("\n"), line=verdict_of(value))

    print_each(given, made, target)
