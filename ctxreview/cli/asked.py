"""Whom a command asks, and how: the models, an answer that is brought, one question or several at one pace."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import typer

from ctxreview.cli import console
from ctxreview.cli.inputs import read_text, refuse_beside
from ctxreview.cli.results import Asking
from ctxreview.errors import ConfigError, StoppedError

if TYPE_CHECKING:
    from ctxreview.llm.prices import Account
    from ctxreview.llm.providers import Endpoint
    from ctxreview.prompt.asking import Provider
    from ctxreview.review.keeping import Fail, Keep, Keeper


def brought_answer(ctx: typer.Context, reply: str, model: str | None) -> Provider:
    """What answers with the text of ``reply``. Raises where options were given that are about asking a model."""
    from ctxreview.review import replies

    asked = (
        "provider",
        "models",
        "base_url",
        "exact_tokens",
        "fresh",
        "dry_run",
        "max_cost",
        "max_tokens",
        "no_redact",
        *PACE,
    )
    refuse_beside(ctx, "--reply", "asks nobody", *asked)
    return replies.brought(read_text(reply), model)


def models_asked(
    models: str | None, provider: str | None, model: str | None, base_url: str | None, dry_run: bool
) -> list[Endpoint | None]:
    """Who is asked; a server of one's own is asked for its model, unless nothing is sent."""
    from ctxreview.llm.providers import resolve_model
    from ctxreview.review import endpoints

    asked = endpoints.endpoint_names(models, provider, model, base_url) if models is not None else [(provider, model)]
    whom = [endpoints.endpoint_of(a_provider, a_model, base_url) for a_provider, a_model in asked]
    if models is not None and None in whom:
        raise ConfigError("--models needs a provider: set OPENAI_API_KEY or ANTHROPIC_API_KEY, or give --provider.")
    return whom if dry_run else [resolve_model(e) if e is not None else None for e in whom]


PACE = ("jobs", "requests_per_minute", "tokens_per_minute", "retry_failed")


def asking_of(
    ctx: typer.Context,
    whom: Sequence[Endpoint | None],
    many: bool,
    account: Account,
    tell: Callable[[str], None],
    live: bool,
    keeper: Keeper,
) -> Asking | None:
    """How a model is asked about several selections; ``None`` where none is, or about one. Raises where options were given for that alone.

    One's own machine is asked one thing after the other where nobody said otherwise.
    """
    if not many or not any(whom):
        what, why = ("One selection", "is one question") if any(whom) else ("A review without a model", "asks nobody")
        refuse_beside(ctx, what, why, *PACE)
        return None
    from ctxreview.config import number
    from ctxreview.processes.home import Home
    from ctxreview.review.ask import Several
    from ctxreview.review.pace import JOBS, Pace

    own = any(e is not None and e.provider == "local" for e in whom)
    jobs, requests, tokens, retry_failed = (ctx.params[name] for name in PACE)
    retries = max(e.retries for e in whom if e is not None)
    keeps = number("keep_days") != 0 and not ctx.params["no_redact"]
    pace = Pace(jobs or (1 if own else JOBS), requests, tokens, retries)
    several = Several(pace, keeper.answer if keeps else None, retry_failed)
    return Asking(several, Home(), account, tell, live, ctx.params["verbose"], keeps and not ctx.params["fresh"])


class Connected(NamedTuple):
    """Who answers each question, and what keeps reviews, and answers that cannot be used where they are kept."""

    askers: list[Provider | None]
    keep: Keep
    fail: Fail | None


def connected(
    whom: Sequence[Endpoint | None],
    brought: Provider | None,
    ask: Callable[[Endpoint], Provider],
    at_once: Asking | None,
    keeper: Keeper,
) -> Connected:
    """The models as they are asked from here, or, for several questions ``at_once``, from any process."""
    askers = [ask(endpoint) if endpoint is not None else brought for endpoint in whom]
    if at_once is None:
        return Connected(askers, keeper.review, None)
    home, keeps = at_once.home, at_once.several.keep is not None
    asked = [home.of(asks) if asks is not None else None for asks in askers]
    return Connected(asked, home.of(keeper.review), home.of(keeper.failed) if keeps else None)


def agree_to_send_secrets(whom: Sequence[Endpoint | None], dry_run: bool) -> None:
    """Ask twice whether secrets may be sent. Raises where that is not answered with a yes, or cannot be asked."""
    from urllib.parse import urlsplit

    from ctxreview.llm.providers import address

    if not all(whom):
        raise ConfigError("--no-redact applies to what is sent, and no model is asked; omit it.")
    if dry_run:
        return
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr)):
        raise ConfigError("--no-redact sends secrets and asks you first: run it on a terminal, or omit it.")
    hosts = sorted({urlsplit(address(e)).hostname or "" for e in whom if e is not None})
    named = " and ".join(hosts)
    for question, wanted in (
        (f"Keys, passwords and tokens in the code will be sent to {named} unredacted. Send them? (yes)", "yes"),
        (f"This cannot be undone. To send them, type the host's name ({named}):", named),
    ):
        console.say(question)
        try:
            agreed = input().strip() == wanted
        except (EOFError, KeyboardInterrupt):
            raise StoppedError("Stopped; nothing was sent.") from None
        if not agreed:
            raise ConfigError("Nothing was sent. Without --no-redact, secrets are replaced.")
