"""Asking a model on somebody's behalf: from the store where it was asked before, within limits."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.context.visible import visible
from ctxreview.errors import NotAskedError, StoreError
from ctxreview.llm import answers, batches, prices
from ctxreview.llm.answers import Answer
from ctxreview.llm.prices import Account, Limits
from ctxreview.llm.providers import Endpoint, address, connect, resolve_url
from ctxreview.llm.store import answer_key
from ctxreview.model.review import Completion, Context, Prompt
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


class Several(NamedTuple):
    """How one of several questions is asked: at a ``pace``, with its answer kept by ``keep`` as soon as it comes, ``None`` where nothing is.

    What failed before in a way that would be the same again is not asked again, unless ``retry_failed``.
    """

    pace: Pace
    keep: Callable[[Answer], None] | None
    retry_failed: bool = False


def provider_for(
    endpoint: Endpoint, fresh: bool, account: Account, say: Say, *, live: bool, several: Several | None = None
) -> Provider:
    """Asks ``endpoint`` within the limits of ``account``, unless the store has the answer and nothing ``fresh`` is wanted.

    As one of ``several`` it also sends again what a server did not take. ``live`` shows on standard error, which is a terminal then,
    that it is waited for and how much has come.
    Raises :class:`ConfigError` when it cannot be asked; the SDK is imported for the first question and not before.
    """
    at = resolve_url(endpoint)
    where = at.base_url or ""
    if several is not None:
        endpoint = replace(endpoint, retries=0)
    gc.enable()  # see __main__; an SDK makes garbage
    connected = cache(lambda largest_reply: connect(replace(endpoint, max_reply_tokens=largest_reply)))

    def ask(made: Prompt, largest_reply: int) -> Completion:
        say(f"Asking {endpoint.provider} ({endpoint.model}): about {made.tokens.prompt:,} tokens.")
        with _waiting(f"{endpoint.provider} ({endpoint.model})", live) as progress:
            return connected(largest_reply)(made, progress)

    counted = prices.counted(ask, account, at.provider, where, at.model, endpoint.max_reply_tokens)
    if several is not None:
        if several.keep is not None:  # before the next is sent: no more than are asked at once can be lost
            counted = answers.noted(counted, at.provider, where, at.model, several.keep)
        counted = several.pace.paced(counted)
    if fresh:
        return counted
    if several is not None:
        counted = _unless_submitted(counted, at)
    failures = several is not None and not several.retry_failed
    return answers.answer_from_store(counted, at.provider, where, at.model, say, failures=failures)


def _unless_submitted(ask: Provider, at: Endpoint) -> Provider:
    """``ask``, but for questions in a batch that was submitted and not fetched yet: they would be paid twice."""

    @cache
    def waiting() -> dict[str, batches.Submitted]:
        try:
            return batches.waiting()
        except StoreError:  # which is told where an answer is looked for
            return {}

    def asked(prompt: Prompt) -> Completion:
        row = waiting().get(answer_key(prompt, at.provider, at.base_url or "", at.model))
        if row is not None:
            raise NotAskedError(
                f"The model was not asked: the question is in the batch {row.named} since {row.at[:10]}. Run ctxreview batch "
                "fetch for its answer, or ask all the same with --fresh."
            )
        return ask(prompt)

    return asked


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
