"""The settings in force, and whether all that is needed is there."""

from __future__ import annotations

import typer

from ctxreview.cli import console
from ctxreview.cli.commands.options import BaseUrl, Format, Formats, Model, Output, ProviderName, Root
from ctxreview.cli.inputs import repository_root

app = typer.Typer(rich_markup_mode=None)


@app.command()
def config(root: Root = None, format_: Formats = Format.TEXT, output: Output = None) -> None:
    """Show each setting and where it comes from.

    In order of precedence: options, CTXREVIEW_ variables, the repository's .ctxreview.toml (or [tool.ctxreview] in its
    pyproject.toml), the user's config.toml, the defaults. A repository may set only scopes, checklist, ignore and budget.
    For example:

    \b
    ctxreview config
    ctxreview config --format json
    """
    from ctxreview.cli.settings import settings_in
    from ctxreview.context.visible import on_a_line
    from ctxreview.reports.json_text import dumps

    rows = settings_in(repository_root(root))
    if format_ is Format.JSON:
        found = {row.name: {"value": row.value, "from": row.origin} for row in rows}
        console.write(dumps({"schema": "ctxreview.config/1", "settings": found}, 2), output)
        return
    console.write("\n".join(on_a_line(f"{row.name} = {row.shown}  ({row.origin})") for row in rows), output)


@app.command()
def doctor(
    root: Root = None,
    provider: ProviderName = None,
    model: Model = None,
    base_url: BaseUrl = None,
    format_: Formats = Format.TEXT,
) -> None:
    """Check what ctxreview needs and say how to fix what is missing; exit status 2 when a review cannot be made.

    It checks the interpreter, the grammar, the tokenizer's ranks, git, the clipboard, keys (only whether they are set)
    and settings, and connects to the model's address without sending a key or code. For example:

    \b
    ctxreview doctor
    ctxreview doctor --provider none --format json
    """
    from ctxreview.cli.doctor import checks
    from ctxreview.context.visible import on_a_line
    from ctxreview.reports.json_text import dumps
    from ctxreview.review.endpoints import endpoint_of

    found = []
    for check in checks(repository_root(root), lambda: endpoint_of(provider, model, base_url)):
        found.append(check)
        if format_ is Format.TEXT:
            console.write(
                on_a_line(f"{check.state:8} {check.name}: {check.what}")
                + (f"\n         {on_a_line(check.advice)}" if check.advice else ""),
                None,
            )
    if format_ is Format.JSON:
        console.write(dumps({"schema": "ctxreview.doctor/1", "checks": [c._asdict() for c in found]}, 2), None)
    if any(check.state == "problem" for check in found):
        raise typer.Exit(2)
