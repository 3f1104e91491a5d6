"""The finished prompt, for any chat."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctxreview.cli import console
from ctxreview.cli.commands.options import (
    BaseUrl,
    Budget,
    BufferPath,
    CaretLine,
    Cheap,
    Color,
    Diff,
    Exact,
    Hops,
    Listed,
    Many,
    ManyFormats,
    Message,
    Model,
    Output,
    Paste,
    PasteIn,
    Patch,
    ProviderName,
    Quiet,
    Root,
    Scopes,
    Stdin,
    Text,
    TextVariable,
)
from ctxreview.cli.results import Result, Target, print_each, print_texts, target_for
from ctxreview.cli.selected import selections_given
from ctxreview.errors import ConfigError
from ctxreview.review import DEFAULT_HOPS, DEFAULT_QUESTION

if TYPE_CHECKING:
    from ctxreview.prompt.build import ReplyForm
    from ctxreview.review.batch import Make
    from ctxreview.review.request import Options, Run, Siblings

app = typer.Typer(rich_markup_mode=None)


class Reader(StrEnum):
    """Whom a prompt is for."""

    API = "api"
    CHAT = "chat"


@app.command()
def prompt(
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
    message: Message = DEFAULT_QUESTION,
    for_: Annotated[
        Reader, typer.Option("--for", help="Who answers: an API, in JSON, or a chat, in Markdown for review --reply.")
    ] = Reader.API,
    format_: ManyFormats = None,
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
    """Print the finished prompt, ready to paste into any chat; of several selections a JSON document each.

    For example:

    \b
    ctxreview prompt src/RecordService.cs:31-33 -m "optimize this"
    ctxreview prompt src/RecordService.cs:31-33 -o prompt.txt
    ctxreview prompt src/RecordService.cs:31-33 --for chat --copy
    ctxreview prompt --scopes src -o prompts.jsonl
    """
    from ctxreview.review.request import ALONE, options

    # Whom it is for says how large it may be, and who counts it; no one is asked.
    endpoint = None
    if exact_tokens or provider is not None or base_url:
        from ctxreview.review.endpoints import endpoint_of

        endpoint = endpoint_of(provider, model, base_url)
    given = selections_given(ctx, selections, listed, root)
    if copy and not format_ and len(given.selections) == 1:
        given = given._replace(many=False)  # what a change or a list comes to is one prompt: its text is wanted
    target = target_for(ctx, format_ or ("json" if given.many else "text"), output, Color.AUTO, no_pager=True)
    if copy and (given.many or target.form == "json"):
        raise ConfigError("--copy copies the text of one prompt; give one selection, and no --format json.")
    chosen = options(root, hops, budget, message, model, endpoint, exact_tokens)
    make = _maker(given.run, chosen, for_, target, many=given.many, quiet=quiet)
    if not copy:
        print_each(given, make, target)
        return
    made = make(given.selections[0], ALONE)
    if not _copied(made.text, output, quiet=quiet) or output is not None:
        print_texts([made.text], target)


def _maker(run: Run, chosen: Options, reader: Reader, target: Target, *, many: bool, quiet: bool) -> Make[Result]:
    """What makes the prompt of a selection; of a single one its size is said, unless ``quiet``."""
    from ctxreview.reports.json_text import dumps
    from ctxreview.reports.prompt_text import prompt_document, prompt_text
    from ctxreview.review.context import build
    from ctxreview.review.pipeline import render

    form: ReplyForm = "chat" if reader is Reader.CHAT else "json"

    def made(selection: str, siblings: Siblings) -> Result:
        request = run.resolve(selection, chosen, siblings)
        value = render(build(request, whole=False), request, form=form)
        counted_by = "estimated" if value.tokens.tokenizer == "estimate" else value.tokens.tokenizer
        size = f"{value.tokens.prompt:,} tokens ({counted_by})."
        if not (many or quiet):
            console.say(size)
        if target.form == "json":
            return Result(dumps(prompt_document(value, request.selection, form), None if many else 2), line=size)
        return Result(prompt_text(value), line=size)

    return made


def _copied(text: str, output: Path | None, *, quiet: bool) -> bool:
    """Whether a text is on the clipboard now, which is said."""
    import pyperclip

    try:
        pyperclip.copy(text)
        there = pyperclip.paste().splitlines() == text.splitlines()  # a failed helper program says nothing
    except pyperclip.PyperclipException:
        there = False
    if there and not quiet:
        console.say("The prompt is on the clipboard.")
    if not there:
        console.say(f"No clipboard is available; the prompt is {'printed' if output is None else 'written'} instead.")
    return there
