"""Asking a model on somebody's behalf: from the store where it was asked before, within limits, and kept afterwards."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from ctxreview.config import number, user
from ctxreview.errors import ConfigError, StoreError
from ctxreview.llm import prices, store
from ctxreview.llm.prices import Account, Limits
from ctxreview.llm.providers import PROVIDERS, Endpoint, address, connect, resolve_url
from ctxreview.model.review import Completion, Prompt, Review
from ctxreview.prompt.request import Job, Provider
from ctxreview.review.pipeline import context_of, prompt_of, record, sent_of

Say = Callable[[str], None]
"""Tells the person one sentence."""


def limits(max_tokens: int | None, max_cost: float | None) -> Limits:
    """The limits as given, or else as the user set them. Raises :class:`ConfigError` when they are none."""
    own = user()
    max_tokens = own.get("max_tokens") if max_tokens is None else max_tokens
    max_cost = own.get("max_cost") if max_cost is None else max_cost
    if max_tokens is not None and max_tokens < 1:
        raise ConfigError(f"--max-tokens {max_tokens}: give the number of tokens that may be sent and received.")
    if max_cost is not None and not 0 < max_cost < float("inf"):
        raise ConfigError(f"--max-cost {max_cost:g}: give an amount in US dollars, such as 0.05.")
    return Limits(max_tokens, max_cost)


def named(models: str, provider: str | None, model: str | None, base_url: str | None) -> list[tuple[str | None, str]]:
    """Provider and model for each name in ``A,B``: of ``openai:A`` that provider, of ``A`` the one chosen elsewhere.

    Raises :class:`ConfigError` when fewer than two are named, or one twice, or one address is to serve two providers.
    """
    if model is not None:
        raise ConfigError("Give --model for one model or --models for several, not both.")
    found: list[tuple[str | None, str]] = []
    for name in (part.strip() for part in models.split(",")):
        before, colon, after = name.partition(":")  # names of local models have colons too
        found.append((before, after) if colon and before in PROVIDERS else (provider, name))
    if len(found) < 2 or len(set(found)) < len(found) or not all(name for _, name in found):
        raise ConfigError(f"--models {models}: name at least two different models, such as A,B.")
    if base_url is not None and len({chosen for chosen, _ in found}) > 1:
        raise ConfigError(
            "--base-url is one address for all of --models; give it without PROVIDER: in front of the names."
        )
    return found


def planned(selection: str, job: Job, endpoint: Endpoint | None, within: Limits, indent: int | None) -> str:
    """What a review of one selection would send and cost: as JSON, or as text where ``indent`` is 0."""
    from ctxreview.prompt.build import not_seen
    from ctxreview.reports import document, plan

    context = context_of(selection, job)
    made = prompt_of(context, job)
    found = None
    if endpoint is not None:
        where = address(endpoint)
        size = sent_of(made, context, job)
        found = prices.plan(size, endpoint.provider, endpoint.model, where, endpoint.max_reply_tokens, within)
    if indent == 0:
        return plan.text(context, made, found, not_seen(context), job.unredacted)
    return document.dumps(plan.document(context, made, found, not_seen(context), job.unredacted), indent)


def asking(endpoint: Endpoint, fresh: bool, account: Account, say: Say, *, live: bool) -> Provider:
    """Asks ``endpoint`` within the limits of ``account``, unless the store has the answer and nothing ``fresh`` is wanted.

    ``live`` shows how much has come on standard error, which is a terminal then.
    Raises :class:`ConfigError` when it cannot be asked; the SDK is imported for the first question and not before.
    """
    at = resolve_url(endpoint)
    where = at.base_url or ""
    gc.enable()  # see __main__; an SDK makes garbage
    connected = cache(lambda largest_reply: connect(replace(endpoint, max_reply_tokens=largest_reply)))

    def progress(characters: int) -> None:
        if live:
            line = f"\r{endpoint.provider} ({endpoint.model}): {characters:,} characters …"
            print(line, end="", file=sys.stderr, flush=True)

    def ask(made: Prompt, largest_reply: int) -> Completion:
        say(f"Asking {endpoint.provider} ({endpoint.model}): about {made.tokens.prompt:,} tokens.")
        try:
            return connected(largest_reply)(made, progress)
        finally:
            if live:
                print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    counted = prices.counted(ask, account, at.provider, where, at.model, endpoint.max_reply_tokens)
    return counted if fresh else store.answering(counted, at.provider, where, at.model, say)


def keep(value: Review, endpoint: Endpoint, say: Say) -> None:
    """Keep a finished review of ``endpoint``; where that cannot be done, the person is told.

    With ``keep_days`` 0 nothing is kept.
    """
    at = resolve_url(endpoint)
    days = number("keep_days")
    if days is None:
        days = store.KEEP_DAYS
    if days == 0:
        return
    try:
        # What was answered to a prompt with secrets in it is found by its number alone: a key would be a digest of them.
        known = store.key(value.prompt, at.provider, at.base_url or "", at.model) if value.bare is None else ""
        record(value, known, days)
    except StoreError as error:
        say(f"This review was not kept. {error}")
