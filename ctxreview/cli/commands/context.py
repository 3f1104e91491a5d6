"""What a model would see."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from ctxreview.cli.commands.options import (
    Budget,
    BufferPath,
    CaretLine,
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
    Scheduler,
    Scopes,
    Stdin,
    Text,
    TextVariable,
)
from ctxreview.cli.results import Result, print_each, target_for
from ctxreview.cli.selected import made_elsewhere, selections_given
from ctxreview.review import DEFAULT_HOPS, DEFAULT_QUESTION

if TYPE_CHECKING:
    from ctxreview.reports.layout import Layout
    from ctxreview.review.batch import Make
    from ctxreview.review.request import Run, Siblings

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
    text_env: TextVariable = None,
    caret: CaretLine = None,
    paste: Paste = False,
    within: PasteIn = None,
    lint: Cheap = False,
    format_: ManyFormats = None,
    root: Root = None,
    hops: Hops = DEFAULT_HOPS,
    budget: Budget = None,
    scheduler: Scheduler = None,
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
    given = selections_given(ctx, selections, listed, root)
    target = target_for(ctx, format_ or ("json" if given.many else "text"), output, color, no_pager)
    form = _Contexts(root, hops, budget, given.many, target.layout)
    there = form._replace(root=given.root)
    elsewhere = made_elsewhere(given, scheduler, there.maker) if scheduler is not None else None
    print_each(given, form.maker(given.run), target, elsewhere=elsewhere)


class _Contexts(NamedTuple):
    """Makes contexts in the form that was asked for."""

    root: Path | None
    hops: int
    budget: int | None
    many: bool
    layout: Layout | None

    def maker(self, run: Run) -> Make[Result]:
        """What makes the context of a selection."""
        from ctxreview.reports.document import context_document
        from ctxreview.reports.json_text import dumps
        from ctxreview.review.context import build
        from ctxreview.review.request import options

        chosen = options(self.root, self.hops, self.budget, DEFAULT_QUESTION)

        def made(selection: str, siblings: Siblings) -> Result:
            value = build(run.resolve(selection, chosen, siblings), whole=False)
            if self.layout is None:
                return Result(dumps(context_document(value), None if self.many else 2))
            from ctxreview.reports.text import context_text, verdict_of

            return Result(context_text(value, self.layout).rstrip("\n"), line=verdict_of(value))

        return made
