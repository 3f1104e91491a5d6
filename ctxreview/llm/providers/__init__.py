"""Asking a model: one callable per provider, whatever its API looks like.

``connect(endpoint)`` gives a :data:`Provider`. It returns a whole answer or raises
:class:`~ctxreview.errors.ProviderError` with one sentence. The SDKs are heavy (0.5 s to 1.8 s to
import), so a provider's module is imported when it is used and not before.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from ctxreview.errors import ConfigError
from ctxreview.model.review import Completion, Prompt

Progress = Callable[[int], None]
"""Called while the answer streams in, with the number of characters received so far."""

Provider = Callable[[Prompt, Progress], Completion]
"""Sends one prompt and waits for the whole answer; raises ProviderError."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A provider and model, its key, and its timeouts.

    ``base_url`` ``None`` is the provider's own address (or the one in its environment variable,
    see :func:`resolve_url`). All times are seconds: ``connect_seconds`` to establish a connection,
    ``read_seconds`` for the longest silence, ``total_seconds`` for the whole call with its retries.
    ``max_reply_tokens`` includes what the model thinks before it answers; ``retries`` counts the
    attempts after the first.
    """

    provider: str
    model: str
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    connect_seconds: float = 10.0
    # A local model reads a long prompt, and a large one thinks, for minutes without a word.
    read_seconds: float = 300.0
    total_seconds: float = 900.0
    max_reply_tokens: int = 16_000
    retries: int = 2


TIMEOUTS: dict[str, Any] = {
    name: Endpoint.__dataclass_fields__[name].default
    for name in ("connect_seconds", "read_seconds", "total_seconds", "retries")
}
"""What a person may set of how long an endpoint is waited for, with the defaults."""


@dataclass(frozen=True, slots=True)
class _Vendor:
    """What differs between providers before the first byte is sent.

    ``model`` ``""`` is asked of the server; without a ``key_variable`` no key is sent. What is in its
    ``header_variables`` the SDK sends along, which is for the provider's own host. ``budget`` and ``reply`` are the
    largest prompt and reply in tokens where nobody set another number.
    """

    module: str
    model: str
    url: str
    url_variable: str = ""
    key_variable: str = ""
    header_variables: tuple[str, ...] = ()
    counts_tokens: bool = False
    budget: int | None = None
    reply: int = 16_000


_VENDORS = {
    "openai": _Vendor(
        module="ctxreview.llm.providers.openai",
        model="gpt-6.2-sol",
        url="https://api.openai.com/v1",
        url_variable="OPENAI_BASE_URL",
        key_variable="OPENAI_API_KEY",
        header_variables=("OPENAI_CUSTOM_HEADERS", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"),
    ),
    "anthropic": _Vendor(
        module="ctxreview.llm.providers.anthropic",
        model="claude-sonnet-5-5",
        url="https://api.anthropic.com",
        url_variable="ANTHROPIC_BASE_URL",
        key_variable="ANTHROPIC_API_KEY",
        header_variables=("ANTHROPIC_CUSTOM_HEADERS",),
        counts_tokens=True,
    ),
    # Prompt and reply together fit into the 16,384 tokens of context that a local server can be told to hold.
    "local": _Vendor(
        module="ctxreview.llm.providers.local", model="", url="http://127.0.0.1:11434/v1", budget=8_000, reply=8_000
    ),
}

PROVIDERS: tuple[str, ...] = tuple(_VENDORS)
"""The names of the providers."""

DEFAULT_MODELS: dict[str, str] = {name: vendor.model for name, vendor in _VENDORS.items() if vendor.model}
"""Provider name to the model that is asked where nobody chose one; the others are asked what they have."""

BUDGETS: dict[str, int] = {name: vendor.budget for name, vendor in _VENDORS.items() if vendor.budget}
"""Provider name to its largest prompt in tokens, for those where it is not the common one."""

LARGEST_REPLIES: dict[str, int] = {name: vendor.reply for name, vendor in _VENDORS.items()}
"""Provider name to the largest reply in tokens."""

COUNTING: tuple[str, ...] = tuple(name for name, vendor in _VENDORS.items() if vendor.counts_tokens)
"""The providers that count a prompt's tokens when they are asked to."""

KEY_VARIABLES: dict[str, str] = {name: vendor.key_variable for name, vendor in _VENDORS.items() if vendor.key_variable}
"""Provider name to the environment variable that usually holds its key; the others are sent none."""

SDK_PREFIXES = ("OPENAI_", "AZURE_OPENAI_", "ANTHROPIC_")
"""How the variables begin that the SDKs read."""

# Servers without keys ignore it; the SDKs insist on having one.
_NO_KEY = "no-key-needed"


def resolve_url(endpoint: Endpoint) -> Endpoint:
    """The endpoint with its address and key filled in, as it will be used.

    The address is, in this order, the endpoint's own, the SDK's environment variable
    (``OPENAI_BASE_URL``, ``ANTHROPIC_BASE_URL``: who routes an SDK through a gateway must not be
    bypassed), the provider's. A server at another address than the provider's may do without a key.

    Raises:
        ConfigError: no such provider, not an http(s) address, no key where one is needed, or a broken one.
    """
    vendor = _vendor(endpoint.provider)
    url = address(endpoint)
    key = (endpoint.api_key or "").strip()
    if not key and vendor.key_variable and url.rstrip("/") == vendor.url:
        raise ConfigError(f"{endpoint.provider} needs a key: set {vendor.key_variable}.")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ConfigError(
            f"The key for {endpoint.provider} has characters that no valid key has: correct {vendor.key_variable}."
        )
    return replace(endpoint, base_url=url, api_key=key or _NO_KEY)


def makers_own(endpoint: Endpoint) -> bool:
    """Whether the server is the provider's own: at its host, or at a regional one below it, by https."""
    vendor, url = _vendor(endpoint.provider), urlsplit(address(endpoint))
    own = urlsplit(vendor.url)
    if own.scheme != "https":
        return False  # nobody's but the user's
    host = (url.hostname or "").removesuffix(".")
    return url.scheme == "https" and (host == own.hostname or host.endswith(f".{own.hostname}"))


def address(endpoint: Endpoint) -> str:
    """The address that will be asked, as :func:`resolve_url` finds it. Raises :class:`ConfigError` where it is not one."""
    from ctxreview.llm.providers.addresses import is_address

    vendor = _vendor(endpoint.provider)
    url = (endpoint.base_url or os.environ.get(vendor.url_variable) or vendor.url).strip(" ")
    if not is_address(url):
        other = f" (or {vendor.url_variable})" if vendor.url_variable else ""
        raise ConfigError(
            f"The address for {endpoint.provider} is not an http:// or https:// URL: correct --base-url{other}, "
            f"for example {vendor.url}."
        )
    return url


def variables(endpoint: Endpoint) -> tuple[list[str], list[str]]:
    """The environment variables that are set and used to ask ``endpoint``, and those whose content is kept from it.

    Raises:
        ConfigError: as :func:`address`.
    """
    from ctxreview.llm.providers.addresses import host_of, is_this_machine

    vendor, url = _vendor(endpoint.provider), address(endpoint)
    names = [vendor.key_variable] if endpoint.api_key else []
    names += [] if endpoint.base_url else [vendor.url_variable]
    names += vendor.header_variables if makers_own(endpoint) else ()
    if not is_this_machine(host_of(url)):
        names += (spelled for name in (url.partition(":")[0], "all", "no") for spelled in _spellings(f"{name}_proxy"))
    if url.startswith("https:"):
        names += ("SSL_CERT_FILE", "SSL_CERT_DIR")
    used = [name for name in names if os.environ.get(name)]
    every = (name for other in _VENDORS.values() for name in other.header_variables)
    return used, [name for name in every if os.environ.get(name) and name not in used]


def _spellings(name: str) -> tuple[str, str]:
    return name.upper(), name


def resolve_model(endpoint: Endpoint) -> Endpoint:
    """The endpoint with a model: its own, or the only one that the server has.

    Raises:
        ConfigError: as :func:`resolve_url`.
        ProviderError: the server has none or several models, or cannot be asked for them.
    """
    if endpoint.model:
        return endpoint
    return replace(endpoint, model=import_module(_vendor(endpoint.provider).module).only_model(resolve_url(endpoint)))


def connect(endpoint: Endpoint) -> Provider:
    """A callable that asks ``endpoint``; nothing is sent before it is called.

    Raises:
        ConfigError: as :func:`resolve_url`. The callable itself raises ProviderError.
    """
    provider: Provider = import_module(_vendor(endpoint.provider).module).connect(resolve_url(endpoint))
    return provider


def ping(endpoint: Endpoint, seconds: float) -> None:
    """Connect to the address without sending a key or code; any answer will do.

    Raises:
        ConfigError: as :func:`resolve_url`.
        ProviderError: nothing answered within ``seconds``.
    """
    import httpx2

    from ctxreview.llm.providers.wire import http_client

    at = resolve_url(replace(endpoint, connect_seconds=seconds, read_seconds=seconds, total_seconds=seconds, retries=0))
    with http_client(at, httpx2.HTTPError) as http, http.stream("GET", at.base_url or ""):
        return  # the status is there; what else comes is not read


def count_tokens(endpoint: Endpoint, prompt: Prompt) -> int:
    """The prompt's size in tokens as one of the :data:`COUNTING` providers counts it.

    Sends the prompt to the provider, which is why it happens on demand only.

    Raises:
        ConfigError: as :func:`resolve_url`, or the provider does not count.
        ProviderError: the provider could not be asked.
    """
    vendor = _vendor(endpoint.provider)
    if not vendor.counts_tokens:
        raise ConfigError(f"{endpoint.provider} does not count tokens; {', '.join(COUNTING)} does.")
    count: int = import_module(vendor.module).count_tokens(resolve_url(endpoint), prompt)
    return count


def _vendor(name: str) -> _Vendor:
    if name not in _VENDORS:
        raise ConfigError(f"There is no provider {name!r}: choose one of {', '.join(PROVIDERS)} with --provider.")
    return _VENDORS[name]
