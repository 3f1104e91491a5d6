"""A chat's answer held against the scopes."""

from __future__ import annotations

from typing import Annotated

import typer

from ctxreview.cli import console
from ctxreview.cli.commands.options import (
    Budget,
    Color,
    Colors,
    FailOn,
    Format,
    Formats,
    Hops,
    NoPager,
    One,
    Output,
    Root,
)
from ctxreview.cli.inputs import read_text
from ctxreview.cli.results import exit_on_findings, print_texts, target_for
from ctxreview.review import DEFAULT_HOPS, DEFAULT_QUESTION

app = typer.Typer(rich_markup_mode=None)


@app.command()
def guard(
    ctx: typer.Context,
    selection: One,
    suggestion: Annotated[str, typer.Option("--suggestion", metavar="FILE|-", help="The answer of a chat or model.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the suggestion as the new text of the selected lines.")
    ] = False,
    format_: Formats = Format.TEXT,
    root: Root = None,
    hops: Hops = DEFAULT_HOPS,
    budget: Budget = None,
    fail_on: FailOn = None,
    color: Colors = Color.AUTO,
    no_pager: NoPager = False,
    output: Output = None,
) -> None:
    """Apply a chat's answer in memory and report what it changes across scopes. Needs no model.

    For example:

    \b
    ctxreview guard src/RecordService.cs:31-33 --suggestion answers/unsafe-answer.md
    """
    from ctxreview.guard import check as guards
    from ctxreview.reports.document import guard_document
    from ctxreview.reports.json_text import dumps
    from ctxreview.reports.review_text import guard_text
    from ctxreview.reports.words import rules_not_asked
    from ctxreview.review.context import build_to_compare
    from ctxreview.review.pipeline import check_suggestions
    from ctxreview.review.request import Run, options
    from ctxreview.rules import not_asked_of

    target = target_for(ctx, format_, output, color, no_pager)
    request = Run().resolve(selection, options(root, hops, budget, DEFAULT_QUESTION))
    value = build_to_compare(request)
    read = guards.replacement if replace else guards.suggestions
    checked = check_suggestions(read(read_text(suggestion), value), value, request)
    verdict = guards.worst([c.verdict for c in checked])
    others = not_asked_of(value.outline.language)
    if target.layout is None:
        console.write(dumps(guard_document(checked, value, verdict, others), 2), output)
    else:
        print_texts([guard_text(checked, value, verdict, target.layout).rstrip("\n")], target)
        if others:
            console.say(rules_not_asked(value.outline.language, others))
    exit_on_findings([f for c in checked for f in c.findings], fail_on)
