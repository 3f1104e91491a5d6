"""What a rule says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ctxreview.cli import console
from ctxreview.cli.commands.options import Output

if TYPE_CHECKING:
    pass


app = typer.Typer(rich_markup_mode=None)

WIDEST = 100
"""Columns of prose, however wide the terminal is."""


@app.command()
def explain(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The rule's ID, as in a finding.")], output: Output = None
) -> None:
    """Explain a rule: what it flags, why it matters and when it is fine, with an example.

    For example:

    \b
    ctxreview explain lock-target
    """
    from shutil import get_terminal_size

    from ctxreview.reports.explain import explain_text
    from ctxreview.rules.catalogue import entry

    width = min(WIDEST, get_terminal_size((WIDEST, 24)).columns) if output is None else WIDEST
    console.write(explain_text(entry(rule), width, console.colour(output)), output)
