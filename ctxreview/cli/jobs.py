"""What options, environment and settings files come to: the job, and whom to ask."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ctxreview.errors import ConfigError

if TYPE_CHECKING:
    from ctxreview.llm.providers import Endpoint
    from ctxreview.prompt.request import Job

DEFAULT_BUDGET = 16_000


def job(
    root: Path | None,
    hops: int,
    budget: int | None,
    question: str,
    model: str | None,
    endpoint: Endpoint | None = None,
) -> Job:
    """The job that options and settings ask for; ``budget`` is in tokens.

    Raises :class:`ConfigError` for a budget that is none, and a root that is no folder.
    """
    from ctxreview.config import user
    from ctxreview.review import pipeline as review
    from ctxreview.tokens import tokenizer

    if budget is not None and budget < 1:
        raise ConfigError(
            f"--budget {budget}: give the number of tokens the prompt may have, such as {DEFAULT_BUDGET}."
        )
    if root is not None and not root.is_dir():
        raise ConfigError(f"--root {root}: is not a folder.")
    # Bytes of the command line that are no text arrive as surrogates, which no file and no request can hold.
    most = budget or user().get("budget") or _budget(endpoint)
    made = review.job(root, most, tokenizer(model), question.encode("utf-8", "replace").decode())
    return made._replace(hops=hops, budget_from_project=budget is None)


def _budget(endpoint: Endpoint | None) -> int:
    """The largest prompt where nobody set one."""
    if endpoint is None:
        return DEFAULT_BUDGET
    from ctxreview.llm.providers import BUDGETS

    return BUDGETS.get(endpoint.provider, DEFAULT_BUDGET)


def exactly(job: Job, exact: bool, endpoint: Endpoint | None) -> Job:
    """``job`` with the provider counting its prompts, where that was asked for.

    Raises :class:`ConfigError` where there is no provider that counts.
    """
    if not exact:
        return job
    from ctxreview.llm.providers import COUNTING, count_tokens

    if endpoint is None or endpoint.provider not in COUNTING:
        raise ConfigError(f"--exact-tokens needs a provider that counts tokens: {', '.join(COUNTING)}.")
    return job._replace(token_counter=(endpoint.provider, lambda made: count_tokens(endpoint, made)))


def endpoint(provider: str | None, model: str | None, base_url: str | None) -> Endpoint | None:
    """Whom to ask: as given, else the provider whose key is in the environment, else nobody.

    Raises :class:`ConfigError` for a provider that is not known, and where keys of several are there.
    """
    from ctxreview.config import number, user
    from ctxreview.llm.providers import DEFAULT_MODELS, KEY_VARIABLES, LARGEST_REPLIES, PROVIDERS, TIMEOUTS, Endpoint

    own = user()
    if provider is None and base_url is None:
        provider = own.get("provider")
    if provider is not None and provider == own.get("provider", "openai"):
        model, base_url = model or own.get("model"), base_url or own.get("base_url")
    if provider == "none":
        return None
    with_key = [name for name, variable in KEY_VARIABLES.items() if os.environ.get(variable)]
    if provider is None:
        if base_url is not None:
            provider = "openai"
        elif len(with_key) > 1:
            raise ConfigError(f"There are keys for {' and '.join(with_key)}; choose one with --provider, or none.")
        elif not with_key:
            return None
        else:
            provider = with_key[0]
    if provider not in PROVIDERS:
        raise ConfigError(f"There is no provider {provider!r}; choose one of {', '.join(PROVIDERS)}, or none.")
    key = os.environ.get(KEY_VARIABLES[provider]) if provider in KEY_VARIABLES else None
    patience = {name: value for name in TIMEOUTS if (value := number(name)) is not None}
    largest = LARGEST_REPLIES[provider]
    named = model or DEFAULT_MODELS.get(provider, "")
    return Endpoint(provider, named, base_url, key, max_reply_tokens=largest, **patience)
