"""The finished prompt, for any chat."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from ctxreview.cli import console
from ctxreview.cli.commands.options import (
    FORMS,
    BaseUrl,
    Budget,
    BufferPath,
    CaretLine,
    Cheap,
    Diff,
    Exact,
    Hops,
    Message,
    Model,
    Output,
    Paste,
    PasteIn,
    Patch,
    ProviderName,
    Quiet,
    Root,
    Stdin,
    Text,
    TextVariable,
)
from ctxreview.cli.inputs import refuse_own_input
from ctxreview.cli.selected import only_one, selections_given
from ctxreview.review import DEFAULT_HOPS, DEFAULT_QUESTION

app = typer.Typer(rich_markup_mode=None)


class Reader(StrEnum):
    """Whom a prompt is for."""

    API = "api"
    CHAT = "chat"


@app.command()
def prompt(
    ctx: typer.Context,
    selection: Annotated[str | None, typer.Argument(metavar="[SELECTION]", help=FORMS, show_default=False)] = None,
    diff: Diff = None,
    patch: Patch = None,
    stdin: Stdin = False,
    path: BufferPath = None,
    text: Text = None,
    text_env: TextVariable = None,
    caret: CaretLine = None,
    paste: Paste = False,
    within: PasteIn = None,
    lint: Cheap = False,
    message: Message = DEFAULT_QUESTION,
    for_: Annotated[
        Reader, typer.Option("--for", help="Who answers: an API, in JSON, or a chat, in Markdown for review --reply.")
    ] = Reader.API,
    copy: Annotated[bool, typer.Option("--copy", help="Copy the prompt to the clipboard.")] = False,
    root: Root = None,
    hops: Hops = DEFAULT_HOPS,
    budget: Budget = None,
    provider: ProviderName = None,
    model: Model = None,
    base_url: BaseUrl = None,
    exact_tokens: Exact = False,
    quiet: Quiet = False,
    output: Output = None,
) -> None:
    """Print the finished prompt, ready to paste into any chat.

    For example:

    \b
    ctxreview prompt src/RecordService.cs:31-33 -m "optimize this"
    ctxreview prompt src/RecordService.cs:31-33 -o prompt.txt
    ctxreview prompt src/RecordService.cs:31-33 --for chat --copy
    """
    refuse_own_input(ctx, output)
    from ctxreview.review.context import build
    from ctxreview.review.pipeline import render
    from ctxreview.review.request import options

    # Whom it is for says how large it may be, and who counts it; no one is asked.
    endpoint = None
    if exact_tokens or provider is not None or base_url:
        from ctxreview.review.endpoints import endpoint_of

        endpoint = endpoint_of(provider, model, base_url)
    given = selections_given(ctx, [selection] if selection is not None else None, None, root)
    request = given.run.resolve(only_one(given), options(root, hops, budget, message, model, endpoint, exact_tokens))
    made = render(build(request, whole=False), request, form="chat" if for_ is Reader.CHAT else "json")
    counted_by = "estimated" if made.tokens.tokenizer == "estimate" else made.tokens.tokenizer
    if not quiet:
        console.say(f"{made.tokens.prompt:,} tokens ({counted_by}).")
    finished = f"===== system =====\n{made.system}\n===== user =====\n{made.user}"
    if copy:
        import pyperclip

        try:
            pyperclip.copy(finished)
            there = pyperclip.paste().splitlines() == finished.splitlines()  # a failed helper program says nothing
        except pyperclip.PyperclipException:
            there = False
        if there and not quiet:
            console.say("The prompt is on the clipboard.")
        if there and output is None:
            return
        if not there:
            console.say(
                f"No clipboard is available; the prompt is {'printed' if output is None else 'written'} instead."
            )
    console.write(finished.rstrip("\n"), output)
