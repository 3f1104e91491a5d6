"""The sentences a person reads when a model gave no whole answer: what, where, what to do.

Both SDKs name their exceptions alike and both sit on httpx2, so one table serves every provider. It
is keyed by HTTP status, by exception name, or by how an answer ended; :mod:`.causes` finds the key.
"""

from __future__ import annotations

import re
from itertools import groupby
from urllib.parse import urlsplit

from ctxreview.errors import ProviderError
from ctxreview.llm.providers import KEY_VARIABLES, Endpoint
from ctxreview.model.review import Completion, Usage
from ctxreview.regex import regex

_REJECTED = "{who} rejected the request{said}: check --model and --base-url."
_OUTAGE = "{who} failed on its side{said}: ask again later."
_DROPPED = "{who} dropped the connection before the answer was whole: ask again."
_GARBLED = "{who} sent something that its API does not define: ask again, or check --base-url."
_NO_ROUTE = "{who} cannot be reached: check --base-url, whether the server runs, and the network or HTTPS_PROXY."

SENTENCES: dict[str, str] = {
    # The request was answered with a status.
    "3xx": "{who} redirects elsewhere, where code is not sent unasked: set --base-url to the address it now has.",
    "401": "{who} did not accept the key: set {variable} to a valid one.",
    "402": "{who} says that no credit is left{said}: top up the account, or set {variable} to another key.",
    "403": "{who} does not let this key use {model}{said}: use another key ({variable}) or another --model.",
    "404": "{who} has no such address or no model {model}{said}: check --base-url and --model.",
    "405": "{who} takes no questions at this address{said}: check --base-url, which often ends in /v1.",
    "408": _OUTAGE,
    "409": _OUTAGE,
    "413": "{who} finds the prompt too long for {model}{said}: lower --budget or select less.",
    "429": "{who} is limiting requests{wait}: ask again later, or use another key ({variable}) or --model.",
    "4xx": _REJECTED,
    "529": "{who} is overloaded{wait}: ask again later, or use another --model.",
    "5xx": _OUTAGE,
    "model": "{who} has no model {model} that this key may use{said}: choose another with --model.",
    # There was no answer, or not all of it.
    "ConnectTimeout": "{who} did not accept a connection within {connect:g} s: check --base-url and the network.",
    "ConnectError": _NO_ROUTE,
    "APIConnectionError": _NO_ROUTE,
    "ProxyError": "{who} cannot be reached through the proxy: check HTTPS_PROXY and NO_PROXY.",
    "SSLCertVerificationError": "{who} shows a certificate that is not trusted: name your CA file in SSL_CERT_FILE.",
    "TimeoutException": "{who} sent nothing for {read:g} s: select less, use a faster --model, or raise CTXREVIEW_READ_SECONDS.",
    "total": "{who} did not finish within {total:g} s: select less, use a faster --model, or raise CTXREVIEW_TOTAL_SECONDS.",
    "NetworkError": _DROPPED,
    "RemoteProtocolError": _DROPPED,
    "not-a-stream": "{who} did not answer as this API does: check --base-url, which often ends in /v1.",
    "garbled": _GARBLED,
    "UnsoundError": _GARBLED,
    "InvalidURL": "{who} has an address that cannot be asked: correct --base-url.",
    "TooMuchError": "{who} sent more than any answer has, and was not read to the end: ask again, or check --base-url.",
    "CompressedError": "{who} compressed its answer, which was not asked for: turn that off there, or check --base-url.",
    # The answer came, but it is not one.
    "truncated": "{who} ended the answer early, without saying that it was finished: ask again.",
    "length": "{who} cut the answer short, at {limit} tokens or its own limit: select less or use another --model.",
    "content_filter": "{who} withheld the answer by its content filter{said}: select less or use another --model.",
    "refusal": "{who} refused to answer{said}: ask differently or use another --model.",
    "empty": "{who} sent an empty answer: ask again, or use another --model.",
    "stopped": "{who} stopped without finishing the answer{said}: ask again, or use another --model.",
    # What becomes of questions in a batch.
    "expired": "{who} did not answer within the 24 hours that a batch has: ask again.",
    "canceled": "{who} had not answered when the batch was canceled: ask again.",
    "no-batches": "{who} has no batches: run ctxreview batch without submit.",
    "gone": "{who} does not know this batch: it was deleted there, or another key submitted it; ctxreview batch cancel --forget gives it up.",
    # What only servers of one's own do.
    "cut": "{who} read only a part of the prompt{said}: give it a larger context, or lower --budget.",
    "models": "{who} has several models{said}: choose one with --model.",
    "no-model": "{who} has no model yet: load one, for Ollama with ollama pull NAME.",
}
"""Each is one sentence. ``{said}`` quotes the server, ``{wait}`` its Retry-After."""

_WANTS_KEY = (
    "{who} wants a key, which --provider local does not send: use --provider openai with --base-url, and set "
    "OPENAI_API_KEY."
)
_NOT_RUNNING = (
    "{who} does not answer: start it, for Ollama with ollama serve and for llama.cpp with llama-server, or name its "
    "address with --base-url."
)

LOCAL: dict[str, str] = {
    "401": _WANTS_KEY,
    "402": _OUTAGE,
    "403": _WANTS_KEY,
    "429": "{who} is limiting requests{wait}: ask again later, or use another --model.",
    "model": "{who} has no model {model}{said}: load it, for Ollama with ollama pull {model}, or choose another with --model.",
    "ConnectError": _NOT_RUNNING,
    "APIConnectionError": _NOT_RUNNING,
}
"""The sentences that are others for a server of one's own."""

ASKED_AGAIN = frozenset({"408", "409", "429", "529", "5xx", "ConnectError"})
"""The rows after which a prompt is sent again: the server says that it did not take it, or there was no connection.

After silence, a dropped connection or half an answer it may have been read, and paid, already.
"""

LONGEST_WAIT = 60.0
"""Seconds. A server that asks to wait longer is not waited for."""

LIMITING = frozenset({"429", "529"})
"""The rows that say that fewer questions at once would be answered."""

FOR_ALL = frozenset({
    "3xx", "401", "402", "403", "404", "405", "model", "ConnectTimeout", "ConnectError", "APIConnectionError", "ProxyError",
    "SSLCertVerificationError", "InvalidURL", "models", "no-model",
})  # fmt: skip
"""The rows that any other question would end in too: address, key, model or network."""

UNPAID = ASKED_AGAIN | FOR_ALL | {"413", "4xx"}
"""The rows after which nothing is charged: the question was not taken."""

_KEY_SHAPES = regex(r"\b(?:sk|pk|rk)-[\w*.-]{4,}|(?i:\bbearer)\s+\S+")
_FRAGMENT = 8

LONGEST_SAID = 10_000
"""Characters of what a server says about an error that are examined; 200 of them are shown."""

_LONGEST_SECRET = 1_000
_LONGEST_NAME = 200
_MOST_TEXT = 16 * 2**20
_MOST_TOKENS = 10**9


def fault(endpoint: Endpoint, key: str, said: str = "", wait: float | None = None) -> ProviderError:
    """The error for one row of :data:`SENTENCES`.

    ``said`` is what the server wrote: it is quoted on one line without the key or any part of it.
    ``wait`` is how long the server asks to wait, in seconds.
    """
    parts = urlsplit(endpoint.base_url or "")
    # Host and port only: an address may carry a name and a password.
    host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
    quote = quotable(said, endpoint.api_key or "")
    own = LOCAL if endpoint.provider == "local" else {}
    return ProviderError(
        own.get(key, SENTENCES[key]).format(
            who=f"{endpoint.provider} at {host}",
            model=endpoint.model,
            variable=KEY_VARIABLES.get(endpoint.provider),
            said=f" (“{quote}”)" if quote else "",
            wait="" if wait is None else f" (it asks to wait {wait:g} s)",
            connect=endpoint.connect_seconds,
            read=endpoint.read_seconds,
            total=endpoint.total_seconds,
            limit=endpoint.max_reply_tokens,
        ),
        key,
        wait,
    )


def finished(endpoint: Endpoint, answer: Completion, ending: str, note: str = "") -> Completion:
    """``answer``, if ``ending`` is ``"whole"`` and there is text in it.

    Raises:
        ProviderError: for every other ending, which is a key of :data:`SENTENCES`, quoting ``note``.
    """
    if ending != "whole":
        raise fault(endpoint, ending, note)
    if not answer.text.strip():
        raise fault(endpoint, "empty")
    return answer._replace(
        text=_mended(answer.text),
        model=answer.model if is_name(answer.model) else endpoint.model,
    )


class Pieces:
    """The pieces of a text that come one by one, up to 16 MiB of memory."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._pieces: list[str] = []
        self._size = 0

    def add(self, piece: str) -> None:
        """Add one. Raises ProviderError where it is too much."""
        self._size += len(piece) * (1 if piece.isascii() else 4)
        if self._size > _MOST_TEXT:
            raise fault(self._endpoint, "TooMuchError")
        if piece:
            self._pieces.append(piece)

    def __str__(self) -> str:
        return "".join(self._pieces)


def is_name(value: object) -> bool:
    """Whether a server's word for a model can be one."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME and value.isprintable()


def used(counted: object, sent: str, received: str) -> Usage:
    """The tokens that an SDK's object, or whatever a server gave for it, has under two names."""
    return Usage(tokens(getattr(counted, sent, None)), tokens(getattr(counted, received, None)))


def tokens(value: object) -> int | None:
    """A number of tokens as a server gives it; ``None`` where that is not one. Nothing reads a billion of them."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS:
        return value
    return None


def _mended(text: str) -> str:
    """``text`` without halves of surrogate pairs, which JSON can escape and nothing can write."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def quotable(text: str, key: str) -> str:
    """At most 200 characters on one line, without markup, control characters, secrets or any part of ``key``."""
    from ctxreview.redact import redact  # an answer needs it only when it is an error

    cut = len(text) > LONGEST_SAID
    text = redact(text[:LONGEST_SAID]).text  # first of all: what is cut short is no longer known
    text = re.sub(r"<[^>]*>", " ", text[:-_LONGEST_SECRET] if cut else text)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    # Servers quote a wrong key in part, so it is not enough to look for the whole of it.
    size = min(_FRAGMENT, len(key))
    hidden = [False] * len(text)
    for at in range(len(text) - size + 1 if size else 0):
        if text[at : at + size] in key:
            hidden[at : at + size] = [True] * size
    runs = groupby(zip(text, hidden, strict=True), key=lambda pair: pair[1])
    shown = "".join("[key]" if secret else "".join(c for c, _ in run) for secret, run in runs)
    shown = _KEY_SHAPES.sub("[key]", shown)
    return shown if len(shown) <= 200 else shown[:199] + "…"
