"""A model asked for an answer in a form, and once more where it comes in another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from ctxreview.errors import ReplyError
from ctxreview.model.review import Completion, Context, Prompt, Reply, Usage
from ctxreview.prompt.checklist import Item

T = TypeVar("T")

Provider = Callable[[Prompt], Completion]
"""Asks a model; a provider of :mod:`ctxreview.llm.providers` with its progress bound."""

Reader = Callable[[str, Sequence[Item], Context], Reply]
"""Makes a reply of an answer to a prompt about a context, by the checklist's items."""


def ask_for_form(provider: Provider, prompt: Prompt, read: Callable[[str], T], unusable: str) -> tuple[T, Completion]:
    """What ``read`` makes of the answer, and the answer with the usage of all that was asked.

    An answer for which ``read`` raises :class:`ReplyError` gets one chance to be corrected. Raises :class:`ReplyError`
    where the second is ``unusable`` as well, which says as what.
    """
    first = provider(prompt)
    try:
        return read(first.text), first
    except ReplyError as error:
        import logging  # takes 4 ms, and hardly any answer needs it

        logging.getLogger(__name__).info("Asking once more for the form. %s", error)
        again = prompt._replace(
            user=f"{prompt.user}\nYour last reply could not be used. {error} Reply again with the JSON object alone.\n",
        )
        second = provider(again)
        try:
            return read(second.text), second._replace(usage=_total(first.usage, second.usage))
        except ReplyError as still:
            raise ReplyError(f"{first.provider} ({first.model}) twice gave an answer {unusable} {still}") from None


def redacting_replies(provider: Provider, texts: Iterable[str]) -> Provider:
    """``provider``, whose answers have none of the secrets in ``texts``: what is shown and kept never has."""
    from ctxreview.redact import masked, redact

    secrets = [secret for text in texts for secret in redact(text).secrets]

    def ask(prompt: Prompt) -> Completion:
        completion = provider(prompt)
        return completion._replace(text=masked(completion.text, secrets))

    return ask


def _total(first: Usage, second: Usage) -> Usage:
    """What two questions used together; unknown where it is of one."""

    def add(a: int | None, b: int | None) -> int | None:
        return None if a is None or b is None else a + b

    return Usage(
        add(first.prompt_tokens, second.prompt_tokens),
        add(first.reply_tokens, second.reply_tokens),
        None if first.cost is None or second.cost is None else first.cost + second.cost,
    )
