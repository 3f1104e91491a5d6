"""The HTTP connection under both SDKs: its time limits, its manners, and its failures as sentences.

The SDKs retry by themselves (408, 409, 429, 5xx, no connection, no first byte) and honour
Retry-After; what they lack is an end to it: httpx2 has no limit for a whole call, and the anthropic
SDK sleeps through a Retry-After of days.
"""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime

import httpx2

from ctxreview.model import Completion
from ctxreview.providers import Endpoint, Progress
from ctxreview.providers.causes import key_of, said
from ctxreview.providers.faults import fault

LONGEST_WAIT = 60.0
"""Seconds. A server that asks to wait longer is not waited for."""


@contextmanager
def line(endpoint: Endpoint, sdk_error: type[Exception]) -> Iterator[httpx2.Client]:
    """An HTTP client for one call, with the endpoint's time limits.

    Proxies and certificate files come from the usual environment variables. Redirects are not
    followed: source code and key go to the address that was named and to no other.

    Raises:
        ProviderError: for whatever the SDK (its base class is ``sdk_error``), httpx2 or a decoder
            raises in the body. Nothing else is caught: KeyboardInterrupt passes, and so do bugs.
    """
    deadline = time.monotonic() + endpoint.total_seconds

    def before(request: httpx2.Request) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise httpx2.ReadTimeout("total time is over", request=request)
        limits: dict[str, float | None] = request.extensions["timeout"]
        request.extensions["timeout"] = {name: left if s is None else min(s, left) for name, s in limits.items()}

    def after(response: httpx2.Response) -> None:
        if (asked_to_wait(response.headers) or 0.0) > min(LONGEST_WAIT, deadline - time.monotonic()):
            response.headers["x-should-retry"] = "false"  # both SDKs obey it before anything else
        if isinstance(response.stream, httpx2.SyncByteStream):
            response.stream = _Timed(response.stream, deadline)

    limits = httpx2.Timeout(endpoint.read_seconds, connect=endpoint.connect_seconds)
    try:
        with httpx2.Client(timeout=limits, event_hooks={"request": [before], "response": [after]}) as client:
            yield client
    except (sdk_error, httpx2.HTTPError, httpx2.InvalidURL, json.JSONDecodeError, UnicodeDecodeError) as error:
        wait = asked_to_wait(getattr(getattr(error, "response", None), "headers", {}))
        key = key_of(error)
        if key in ("TimeoutException", "ConnectTimeout") and time.monotonic() >= deadline:
            key = "total"
        # The cause is cut off: it holds the request with the key, and quotes a server that may quote it.
        raise fault(endpoint, key, said(error), wait) from None


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
            if time.monotonic() >= self._deadline:
                raise httpx2.ReadTimeout("total time is over")
            yield piece

    def close(self) -> None:
        self._body.close()
