"""The HTTP connection under both SDKs: its time limits, its retries, its manners, and its failures as sentences.

The SDKs' own retries are turned off. They also send a prompt again that a server has taken and not answered, which
may be paid twice; they have no end for a whole call; and the anthropic SDK sleeps through a Retry-After of days.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2

from ctxreview import interrupts
from ctxreview.errors import ConfigError
from ctxreview.model import Completion
from ctxreview.providers import Endpoint, Progress
from ctxreview.providers.causes import details, key_of, key_of_answer, said
from ctxreview.providers.faults import ASKED_AGAIN, fault

LONGEST_WAIT = 60.0
"""Seconds. A server that asks to wait longer is not waited for."""

_LOG = logging.getLogger(__name__)
_Sdk = TypeVar("_Sdk")


@contextmanager
def line(endpoint: Endpoint, sdk_error: type[Exception]) -> Iterator[httpx2.Client]:
    """An HTTP client for one call, with the endpoint's time limits and retries.

    Proxies and certificate files come from the usual environment variables. Redirects are not
    followed: source code and key go to the address that was named and to no other.

    Raises:
        ConfigError: one of these variables cannot be used.
        ProviderError: for whatever the SDK (its base class is ``sdk_error``), httpx2 or a decoder
            raises in the body. Nothing else is caught: KeyboardInterrupt passes, and so do bugs.
    """
    opened = _opened(endpoint)
    try:
        with opened:
            yield opened
    except (sdk_error, httpx2.HTTPError, httpx2.InvalidURL, json.JSONDecodeError, UnicodeDecodeError) as error:
        wait = asked_to_wait(getattr(getattr(error, "response", None), "headers", {}))
        key = key_of(error)
        if key in ("TimeoutException", "ConnectTimeout") and opened.left <= 0:
            key = "total"
        # The cause is cut off: it holds the request with the key, and quotes a server that may quote it.
        raise fault(endpoint, key, said(error), wait) from None


def client(sdk: Callable[..., _Sdk], endpoint: Endpoint, http: httpx2.Client) -> _Sdk:
    """An SDK's client that sends by ``http``, a :func:`line`."""
    return sdk(
        api_key=endpoint.api_key, base_url=endpoint.base_url, http_client=http, timeout=http.timeout, max_retries=0
    )


def _opened(endpoint: Endpoint) -> _Line:
    try:
        return _Line(endpoint)
    except OSError as error:  # a file that is missing, or that holds no certificate (ssl.SSLError)
        raise ConfigError(
            f"SSL_CERT_FILE or SSL_CERT_DIR names no certificates that can be used ({error.strerror or error}): "
            "correct it."
        ) from None
    except (ValueError, ImportError, httpx2.InvalidURL):  # not quoted: it may hold a password
        raise ConfigError(
            "HTTPS_PROXY, HTTP_PROXY or ALL_PROXY is not the address of an http:// or https:// proxy: correct it."
        ) from None


class _Line(httpx2.Client):
    """Keeps an endpoint's time limits, and sends again what was certainly not taken."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._deadline = time.monotonic() + endpoint.total_seconds
        self._retries = endpoint.retries
        host = urlsplit(endpoint.base_url or "").hostname or ""
        super().__init__(
            timeout=httpx2.Timeout(endpoint.read_seconds, connect=endpoint.connect_seconds),
            event_hooks={"response": [self._timed]},
            # What stays on this machine goes through no proxy, which would read the code.
            mounts={f"all://[{host}]" if ":" in host else f"all://{host}": None} if _here(host) else None,
        )

    @property
    def left(self) -> float:
        """Seconds until the call must be over."""
        return self._deadline - time.monotonic()

    def send(self, request: httpx2.Request, **how: Any) -> httpx2.Response:
        """Send a request, up to ``retries`` times again; see :data:`~ctxreview.providers.faults.ASKED_AGAIN`."""
        limits: dict[str, float | None] = request.extensions["timeout"]
        attempt = 0
        while True:
            left = self.left
            if left <= 0:
                raise httpx2.ReadTimeout("total time is over", request=request)
            request.extensions["timeout"] = {name: left if s is None else min(s, left) for name, s in limits.items()}
            # A gateway's address may have a key in its path: only the end of it is told.
            about = f"{request.method} {request.url.host} …/{request.url.path.rpartition('/')[2]}"
            wait = min(8.0, 0.5 * 2**attempt) * random.uniform(0.75, 1.0)
            try:
                response = super().send(request, **how)
            except httpx2.HTTPError as error:
                _LOG.info("%s: %s", about, type(error).__name__)
                if attempt == self._retries or key_of(error) not in ASKED_AGAIN or wait > self.left:
                    raise
            else:
                _LOG.info("%s: status %d", about, response.status_code)
                asked = asked_to_wait(response.headers)
                if asked is not None:
                    wait = asked * random.uniform(1.0, 1.1)
                if attempt == self._retries or not _passes(response) or wait > min(LONGEST_WAIT, self.left):
                    return response
                response.close()
            _LOG.info("Asking again in %.1f s.", wait)
            time.sleep(wait)
            attempt += 1

    def _timed(self, response: httpx2.Response) -> None:
        if isinstance(response.stream, httpx2.SyncByteStream):
            response.stream = _Timed(response.stream, self._deadline)


def _here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _passes(response: httpx2.Response) -> bool:
    """Whether a server says of an error that it may pass by itself."""
    if response.status_code < 400 or response.headers.get("x-should-retry") == "false":
        return False
    response.read()
    try:
        body = details(response.json())
    except ValueError:
        body = {}
    return key_of_answer(response.status_code, body, str(body.get("message", ""))) in ASKED_AGAIN


def followed(endpoint: Endpoint, reading: Generator[str, None, Completion], progress: Progress) -> Completion:
    """The completion that ``reading`` returns, after telling ``progress`` of each piece it yields.

    Raises:
        ProviderError: an event lacks what its type promises.
    """
    received = 0
    while True:
        try:
            received += len(next(reading))
        except StopIteration as end:
            answer: Completion = end.value
            return answer
        except (AttributeError, TypeError):
            # The SDKs do not validate events: a field that is missing arrives as None.
            raise fault(endpoint, "garbled") from None
        interrupts.check()
        progress(received)


def asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that a Retry-After header asks for (number or date), ``None`` where there is none."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) / unit)
        except (KeyError, ValueError):
            continue
    try:
        return max(0.0, parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time())
    except (KeyError, ValueError, OverflowError):
        return None


def is_stream(response: httpx2.Response) -> bool:
    """Whether the server answered with events; the SDKs read anything else as a stream without any."""
    return "event-stream" in response.headers.get("content-type", "")


class _Timed(httpx2.SyncByteStream):
    """A response body that ends in a time-out once the deadline is over.

    It is checked on raw bytes, since keep-alive comments and pings never reach an SDK's events.
    """

    def __init__(self, body: httpx2.SyncByteStream, deadline: float) -> None:
        self._body = body
        self._deadline = deadline

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._body:
            interrupts.check()
            if time.monotonic() >= self._deadline:
                raise httpx2.ReadTimeout("total time is over")
            yield piece

    def close(self) -> None:
        self._body.close()
