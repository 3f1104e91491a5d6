"""Comments that say why a scope is there."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ctxreview.cli import console
from ctxreview.cli.commands.options import (
    BaseUrl,
    Budget,
    Color,
    Colors,
    Fresh,
    Hops,
    MaxCost,
    MaxTokens,
    Model,
    NoPager,
    One,
    ProviderName,
    Root,
)
from ctxreview.cli.results import print_texts, target_for
from ctxreview.review import DEFAULT_HOPS

app = typer.Typer(rich_markup_mode=None)


@app.command()
def intent(
    ctx: typer.Context,
    selection: One,
    write: Annotated[
        bool, typer.Option("--write", help="Write the comment into the file; on a terminal, ask first.")
    ] = False,
    provider: ProviderName = None,
    model: Model = None,
    base_url: BaseUrl = None,
    fresh: Fresh = False,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    root: Root = None,
    hops: Hops = DEFAULT_HOPS,
    budget: Budget = None,
    color: Colors = Color.AUTO,
    no_pager: NoPager = False,
) -> None:
    """Draft the comment that says why the transaction or lock around the selection is there, as a diff.

    If a model is configured, it drafts the comment from the full context (--provider none: no model); otherwise the draft
    is made from facts: what belongs together, who shares the lock, what must not be changed. It is a draft: read it, and
    correct it.

    --write shows the diff and then writes the comment into the file, keeping its encoding and line endings; on a terminal
    it asks first. A scope that already has such a comment is left unchanged, with status 0. If there is no scope to
    explain, the status is 2.

    For example:

    \b
    ctxreview intent src/RecordService.cs:31-33
    """
    from ctxreview.intent import draft as intents
    from ctxreview.llm.prices import Account
    from ctxreview.llm.providers import resolve_model
    from ctxreview.reports.change import diff
    from ctxreview.review import ask as asking
    from ctxreview.review.context import build
    from ctxreview.review.endpoints import endpoint_of, limits
    from ctxreview.review.keeping import Keeper, keep_review
    from ctxreview.review.request import Run, options
    from ctxreview.rules.scopes.missing_intent import is_told
    from ctxreview.workspace.rewrite import rewrite

    within = limits(max_tokens, max_cost)
    endpoint = endpoint_of(provider, model, base_url)
    chosen = options(root, hops, budget, intents.QUESTION, endpoint.model if endpoint else model, endpoint)
    value = build(Run().resolve(selection, chosen))
    scope = intents.scope_of(value)
    source = value.selection.source
    where = f"{value.path}:{source.line_of(scope.opening.start)}"
    if is_told(scope, value.outline):
        console.say(f"{where}: a comment already says why the {scope.construct} is there; nothing was drafted.")
        return
    endpoint = resolve_model(endpoint) if endpoint is not None else None
    asks = (
        asking.provider_for(endpoint, fresh, Account(within), console.say, live=console.is_live(sys.stderr))
        if endpoint is not None
        else None
    )
    made = intents.draft(value, scope, chosen.tokenizer, asks)
    if made.review is not None and endpoint is not None:
        keep_review(made.review, endpoint, Keeper(console.say).review)
    target = target_for(ctx, "text", None, color, no_pager)
    print_texts([diff(source, made.after, target.layout is not None and target.layout.colour)], target)
    by = "No model was asked: this is what the source proves" if made.review is None else "A model drafted this"
    console.say(f"{by}. Check that it is really why the {scope.construct} is there.")
    if not write or not console.confirmed(f"Write it into {value.path}?"):
        return
    rewrite(source, made.after)
    console.say(f"{where}: the comment was written.")
