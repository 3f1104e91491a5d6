"""Where the code is written: the server that editors start."""

from __future__ import annotations

from typing import Annotated

import typer

from ctxreview.cli.commands.options import BaseUrl, Hops, Model, ProviderName
from ctxreview.review import DEFAULT_HOPS

app = typer.Typer(rich_markup_mode=None)


@app.command()
def lsp(
    stdio: Annotated[
        bool, typer.Option("--stdio", help="Accepted for clients that give it: there is no other way.")
    ] = False,
    provider: ProviderName = None,
    model: Model = None,
    base_url: BaseUrl = None,
    hops: Hops = DEFAULT_HOPS,
) -> None:
    """Serve an editor by the Language Server Protocol, on standard input and output.

    It shows findings as you type, what holds a line and what that protects, and offers a review, the complete prompt, the check of an
    answer on the clipboard and the draft of a comment. A model is asked for a review alone. It needs pygls: pip install 'ctxreview[lsp]'. An
    editor starts it, so by:

    \b
    ctxreview lsp
    ctxreview lsp --provider none --hops 1
    """
    from ctxreview.servers.lsp import Served, serve

    raise typer.Exit(serve(Served(hops, provider, model, base_url)))
