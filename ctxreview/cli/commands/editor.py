"""Where the code is written: the server that editors start, and what they need to know of it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ctxreview.cli import console
from ctxreview.cli.commands.options import BaseUrl, Hops, Model, ProviderName, Root
from ctxreview.cli.inputs import repository_root
from ctxreview.errors import ConfigError
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

    serve(Served(hops, provider, model, base_url))


@app.command()
def init(
    editor: Annotated[
        str,
        typer.Argument(
            metavar="EDITOR",
            help="vscode, visual-studio, rider, intellij, vim, neovim, emacs, helix, zed or sublime.",
            show_default=False,
        ),
    ],
    print_: Annotated[bool, typer.Option("--print", help="Print what belongs in each file; write nothing.")] = False,
    root: Root = None,
) -> None:
    """Set up an editor: write its own file, or add to it, so that a review is a key or a menu away.

    The change is shown first; on a terminal it asks. What is there stays, comments too; where ours does not go into a file, or is at odds
    with it, nothing is written and the status is 2. For example:

    \b
    ctxreview init vscode
    ctxreview init neovim --print
    """
    from ctxreview.cli.editors import writing
    from ctxreview.cli.editors.setups import parts_of, text_of

    parts, home = parts_of(editor), repository_root(root)
    if print_ or all(part.place is None for part in parts):
        for part in parts:
            if part.place is not None:
                try:
                    console.say(f"{part.place(home)}:")
                except ConfigError as error:  # an editor that was never started has no place for it yet
                    console.say(str(error))
            console.write(text_of(part).rstrip("\n"), None)
        return
    made = []
    for part in parts:
        path = part.place(home) if part.place is not None else home
        if part.beside and not path.parent.is_dir():
            console.say(f"{path.parent}: is not there, so that {part.beside}; --print shows them.")
            continue
        made.append(writing.planned(part, path, home))
    new = [one for one in made if one.before != one.new]
    if not new:
        console.say(f"Nothing is missing in {' and '.join(str(one.path) for one in made)}.")
        return
    for one in new:
        console.write(writing.shown(one, console.coloured(sys.stdout)), None)
    if not console.confirmed(f"Write {' and '.join(str(one.path) for one in new)}?"):
        return
    for one in new:
        writing.write(one)
