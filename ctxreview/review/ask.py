"""Asking a model on somebody's behalf: from the store where it was asked before, within limits, and kept afterwards."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.config import number
from ctxreview.context.visible import visible
from ctxreview.errors import StoreError
from ctxreview.llm import prices, store
from ctxreview.llm.prices import Account, Limits
from ctxreview.llm.providers import Endpoint, address, connect, resolve_url
from ctxreview.model.review import Completion, Context, Prompt, Review, Usage
from ctxreview.prompt.asking import Provider
from ctxreview.review.context import build
from ctxreview.review.pipeline import render
from ctxreview.review.request import Request

if TYPE_CHECKING:
    from ctxreview.review.pace import Pace

Say = Callable[[str], None]
"""Tells the person one sentence."""


class Planned(NamedTuple):
    """What a review of one selection would send; without a ``plan`` no model would be asked.

    ``prompt`` has no secrets, whatever would be sent.
    """

    context: Context
    prompt: Prompt
    plan: prices.Plan | None


def plan_request(request: Request, endpoint: Endpoint | None, within: Limits, *, unredacted: bool) -> Planned:
    """What a review of one selection would send to ``endpoint`` and cost."""
    context = build(request)
    prompt = render(context, request)
    if endpoint is None:
        return Planned(context, prompt, None)
    sent = render(context, request, bare=True) if unredacted else prompt
    return Planned(
        context,
        prompt,
        prices.plan(sent, endpoint.provider, endpoint.model, address(endpoint), endpoint.max_reply_tokens, within),
    )


def provider_for(
    endpoint: Endpoint, fresh: bool, account: Account, say: Say, *, live: bool, pace: Pace | None = None
) -> Provider:
    """Asks ``endpoint`` within the limits of ``account``, unless the store has the answer and nothing ``fresh`` is wanted.

    With a ``pace`` it is one of several that ask, which also sends again what a server did not take. ``live`` shows on standard error, which is a terminal then, that it is waited for and how much has come.
    Raises :class:`ConfigError` when it cannot be asked; the SDK is imported for the first question and not before.
    """
    at = resolve_url(endpoint)
    where = at.base_url or ""
    if pace is not None:
        endpoint = replace(endpoint, retries=0)
    gc.enable()  # see __main__; an SDK makes garbage
    connected = cache(lambda largest_reply: connect(replace(endpoint, max_reply_tokens=largest_reply)))

    def ask(made: Prompt, largest_reply: int) -> Completion:
        say(f"Asking {endpoint.provider} ({endpoint.model}): about {made.tokens.prompt:,} tokens.")
        with _waiting(f"{endpoint.provider} ({endpoint.model})", live) as progress:
            return connected(largest_reply)(made, progress)

    counted = prices.counted(ask, account, at.provider, where, at.model, endpoint.max_reply_tokens)
    if pace is not None:
        counted = pace.paced(counted)
    return counted if fresh else store.answer_from_store(counted, at.provider, where, at.model, say)


@contextmanager
def _waiting(name: str, live: bool) -> Iterator[Callable[[int], None]]:
    """Shows that a model is at work and how many characters have come, until it has answered."""
    if not live:
        yield lambda characters: None
        return
    from rich.console import Console
    from rich.text import Text

    shown = visible(name)
    with Console(stderr=True).status(Text(f"{shown}: waiting for the answer …")) as status:
        yield lambda characters: status.update(Text(f"{shown}: {characters:,} characters …"))


def keep_review(value: Review, endpoint: Endpoint | None, say: Say) -> None:
    """Keep a finished review of ``endpoint``, or one whose reply was brought; where that cannot be done, the person is told.

    With ``keep_days`` 0 nothing is kept.
    """
    days = number("keep_days")
    if days is None:
        days = store.KEEP_DAYS
    if days == 0:
        return
    try:
        # What was answered to a prompt with secrets in it is found by its number alone: a key would be a digest of them.
        at = resolve_url(endpoint) if endpoint is not None and value.bare is None else None
        known = store.answer_key(value.prompt, at.provider, at.base_url or "", at.model) if at is not None else ""
        store_review(value, known, days)
    except StoreError as error:
        say(f"This review was not kept. {error}")


def store_review(value: Review, key: str, keep_days: int) -> int:
    """Keep a finished review for which a model was asked, and give its number in the store.

    Raises :class:`StoreError` when it cannot be kept.
    """
    from hashlib import sha256

    from ctxreview.guard.check import worst
    from ctxreview.reports.document import context_document
    from ctxreview.reports.json_text import clean, dumps
    from ctxreview.reports.shown import reviewed

    context, usage = value.context, value.usage or Usage(None, None)
    first, last = context.selection.lines
    seen = dumps(context_document(context))
    made = reviewed([value])
    return store.record_review(
        {
            "key": key,
            "repository": str(context.selection.source.root),
            "selection": f"{context.path}:{first}-{last}",
            "question": value.question,
            "context_digest": sha256(seen.encode()).hexdigest(),
            "provider": value.provider,
            "model": value.model,
            "system": value.prompt.system,
            "user": value.prompt.user,
            "reply": clean(_as_json(value.reply)),
            "document": made.documents[0],
            "verdict": worst([g.verdict for g in value.suggestions]) if value.suggestions else "",
            "prompt_tokens": usage.prompt_tokens,
            "reply_tokens": usage.reply_tokens,
            "cost": usage.cost,
            "answered_from": value.from_store,
            "shown": made.shown,
            "source_digest": sha256(context.selection.source.data).hexdigest(),
        },
        keep_days,
    )


def _as_json(reply: str) -> object:
    """The object that a reply is; the text of one in Markdown."""
    import json

    from ctxreview.prompt.limits import unfenced

    try:
        return json.loads(unfenced(reply))
    except ValueError:
        return reply
