"""Where agents work: the server that they start."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ctxreview.cli import console
from ctxreview.errors import ConfigError

app = typer.Typer(rich_markup_mode=None)


@app.command()
def mcp(
    root: Annotated[
        list[Path] | None,
        typer.Option("--root", help="A folder that may be read; several may be given. Default: the current one."),
    ] = None,
    http: Annotated[
        int | None,
        typer.Option("--http", metavar="PORT", min=0, max=65535, help="Serve by HTTP on 127.0.0.1, 0 for a free port."),
    ] = None,
) -> None:
    """Serve an agent by the Model Context Protocol, on standard input and output.

    Its tools expand a selection, list scopes and hazards, and check a suggestion or a diff. They read the files of the roots and write
    nothing; no model is asked. An agent starts it; docs/agents.md says how. It needs the extra mcp: pip install 'ctxreview[mcp]'.
    For example:

    \b
    ctxreview mcp --root .
    """
    try:
        from ctxreview.servers.mcp.serving import serve
    except ImportError as error:  # it is not there, or is of another version
        if (error.name or "").partition(".")[0] == "ctxreview":
            raise
        raise ConfigError("mcp needs the extra mcp: install ctxreview[mcp].") from None
    if http is None and sys.stdin is not None and sys.stdin.isatty():
        console.say(
            "ctxreview mcp: waits for an agent's messages on standard input; docs/agents.md says how one starts it."
        )
    serve(root or [Path()], http)
