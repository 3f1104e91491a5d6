"""What a rule says of itself."""

from __future__ import annotations

from typing import Annotated

import typer

from ctxreview.cli.commands.options import Color, Colors, NoPager, Output
from ctxreview.cli.results import print_texts, target_for

app = typer.Typer(rich_markup_mode=None)

WIDEST = 100
"""Columns of prose, however wide the terminal is."""


@app.command()
def explain(
    ctx: typer.Context,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The rule's ID, as in a finding.")],
    color: Colors = Color.AUTO,
    no_pager: NoPager = False,
    output: Output = None,
) -> None:
    """Explain a rule: what it flags, why it matters and when it is fine, with an example.

    For example:

    \b
    ctxreview explain lock-target
    """
    from shutil import get_terminal_size

    from ctxreview.reports.explain import explain_text
    from ctxreview.rules.catalogue import entry

    target = target_for(ctx, "text", output, color, no_pager)
    width = min(WIDEST, get_terminal_size((WIDEST, 24)).columns) if output is None else WIDEST
    coloured = target.layout is not None and target.layout.colour
    print_texts([explain_text(entry(rule), width, coloured)], target)
