"""Which model to ask, and the limits: options, environment and user settings resolved to endpoints and limits."""

from __future__ import annotations

import os

from ctxreview.config import number, user
from ctxreview.errors import ConfigError
from ctxreview.llm.prices import Limits
from ctxreview.llm.providers import DEFAULT_MODELS, KEY_VARIABLES, LARGEST_REPLIES, PROVIDERS, TIMEOUTS, Endpoint


def endpoint_of(provider: str | None, model: str | None, base_url: str | None) -> Endpoint | None:
    """The endpoint as given, else of the provider whose key is in the environment, else None.

    Raises :class:`ConfigError` for an unknown provider, and when several keys are set.
    """
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


def endpoint_names(
    models: str, provider: str | None, model: str | None, base_url: str | None
) -> list[tuple[str | None, str]]:
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
        raise ConfigError("--base-url applies to all of --models; give the names without PROVIDER:.")
    return found


def limits(max_tokens: int | None, max_cost: float | None) -> Limits:
    """The limits as given, or else as the user set them. Raises :class:`ConfigError` when they are none."""
    own = user()
    max_tokens = own.get("max_tokens") if max_tokens is None else max_tokens
    max_cost = own.get("max_cost") if max_cost is None else max_cost
    if max_tokens is not None and max_tokens < 1:
        raise ConfigError(f"--max-tokens {max_tokens}: give the maximum number of tokens to send and receive.")
    if max_cost is not None and not 0 < max_cost < float("inf"):
        raise ConfigError(f"--max-cost {max_cost:g}: give a maximum in US dollars, such as 0.05.")
    return Limits(max_tokens, max_cost)
