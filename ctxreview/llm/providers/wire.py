"""The HTTP connection under both SDKs: its time limits, its retries, its manners, and its failures as sentences.

The SDKs' own retries are turned off. They also send a prompt again that a server has taken and not answered, which
may be paid twice; they have no end for a whole call; and the anthropic SDK sleeps through a Retry-After of days.
"""

from __future__ import annotations

import json
import logging
import math
import os
import random
import ssl
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, TypeVar

import httpx2

from ctxreview import interrupts
from ctxreview.errors import ConfigError
from ctxreview.llm.providers import SDK_PREFIXES, Endpoint, Progress, makers_own
from ctxreview.llm.providers.addresses import host_of, is_this_machine
from ctxreview.llm.providers.bounds import Body, CompressedError, Watchdog
from ctxreview.llm.providers.causes import blames_schema, details, key_of, key_of_answer, said
from ctxreview.llm.providers.faults import ASKED_AGAIN, LONGEST_SAID, LONGEST_WAIT, fault
from ctxreview.model.review import Completion

_GRACE = 0.5
"""Seconds that a connection which the watchdog ends has to say so, before it is left behind."""

_ENDED = (
    "TimeoutException",
    "ConnectTimeout",
    "ConnectError",
    "APIConnectionError",
    "NetworkError",
    "RemoteProtocolError",
)
"""How it looks when the watchdog ends a connection."""

_HIDING = threading.Lock()
"""Held while variables are out of the environment, which all threads share."""

_READING = threading.Lock()
"""Held while certificates are read: many questions begin at once."""

_LOG = logging.getLogger(__name__)
_Sdk = TypeVar("_Sdk")


@contextmanager
def http_client(endpoint: Endpoint, sdk_error: type[Exception], *, file: bool = False) -> Iterator[httpx2.Client]:
    """An HTTP client for one call, with the endpoint's time limits and retries; what is streamed are events, or with ``file`` one.

    Proxies and certificate files come from the usual environment variables. Redirects are not
    followed: source code and key go to the address that was named and to no other.

    Raises:
        ConfigError: one of these variables cannot be used.
        ProviderError: for whatever the SDK (its base class is ``sdk_error``), httpx2 or a decoder
            raises in the body. Nothing else is caught: KeyboardInterrupt passes, and so do bugs.
    """
    opened = _opened(endpoint, file=file)
    opened.watchdog.start()
    try:
        with opened:
            yield opened
    except (sdk_error, httpx2.HTTPError, httpx2.InvalidURL, json.JSONDecodeError, UnicodeDecodeError) as error:
        wait = asked_to_wait(getattr(getattr(error, "response", None), "headers", {}))
        key = key_of(error)
        if key in _ENDED and opened.watchdog.left <= 0:
            key = "total"
        # The cause is cut off: it holds the request with the key, and quotes a server that may quote it.
        raise fault(endpoint, key, said(error), wait) from None
    finally:
        opened.watchdog.stop()


def client(sdk: Callable[..., _Sdk], endpoint: Endpoint, http: httpx2.Client) -> _Sdk:
    """An SDK's client that sends by ``http``, a :func:`http_client`.

    What else the SDK finds in its environment variables, such as an account or headers, is for its maker alone.
    """
    with _HIDING, _without(() if makers_own(endpoint) else SDK_PREFIXES):
        return sdk(
            api_key=endpoint.api_key, base_url=endpoint.base_url, http_client=http, timeout=http.timeout, max_retries=0
        )


@contextmanager
def _without(prefixes: tuple[str, ...]) -> Iterator[None]:
    """This process without the environment variables that begin so."""
    hidden = {name: value for name, value in os.environ.items() if prefixes and name.startswith(prefixes)}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)


def _opened(endpoint: Endpoint, *, file: bool) -> DeadlineClient:
    try:
        return DeadlineClient(endpoint, file=file)
    except OSError as error:  # a file that is missing, or that holds no certificate (ssl.SSLError)
        raise ConfigError(
            f"SSL_CERT_FILE or SSL_CERT_DIR names no certificates that can be used ({error.strerror or error}): "
            "correct it."
        ) from None
    except (ValueError, ImportError, httpx2.InvalidURL):  # not quoted: it may hold a password
        raise ConfigError(
            "HTTPS_PROXY, HTTP_PROXY or ALL_PROXY is not the address of an http:// or https:// proxy: correct it."
        ) from None


def _certificates(file: str | None, folder: str | None) -> ssl.SSLContext:
    """The certificates that are trusted, by what the variables name: to read them takes as long as a short review, so that one thread does for all."""
    with _READING:
        return _certificates_read(file, folder)


@lru_cache(maxsize=1)
def _certificates_read(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    return httpx2.create_ssl_context()


class DeadlineClient(httpx2.Client):
    """Keeps an endpoint's time limits, and sends again what was certainly not taken."""

    def __init__(self, endpoint: Endpoint, *, file: bool = False) -> None:
        self.watchdog = Watchdog(endpoint.total_seconds)
        self._file = file
        self._retries = endpoint.retries
        self._streamed = False
        here = is_this_machine(host_of(endpoint.base_url or ""))
        trusted = _certificates(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
        super().__init__(
            verify=trusted,
            timeout=httpx2.Timeout(endpoint.read_seconds, connect=endpoint.connect_seconds),
            event_hooks={"response": [self._bounded]},
            # What stays on this machine goes through no proxy, which would read the code.
            transport=httpx2.HTTPTransport(verify=trusted) if here else None,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # nobody needs what a server sets
        )

    def send(self, request: httpx2.Request, **how: Any) -> httpx2.Response:
        """Send a request, up to ``retries`` times again; see :data:`~ctxreview.llm.providers.faults.ASKED_AGAIN`."""
        limits: dict[str, float | None] = request.extensions["timeout"]
        request.extensions["trace"] = self.watchdog
        request.headers["accept-encoding"] = "identity"
        self._streamed = bool(how.get("stream"))
        attempt = 0
        while True:
            left = self.watchdog.left
            if left <= 0:
                raise httpx2.ReadTimeout("total time is over", request=request)
            request.extensions["timeout"] = {name: left if s is None else min(s, left) for name, s in limits.items()}
            # A gateway's address may have a key in its path: only the end of it is told.
            about = f"{request.method} {request.url.host} …/{request.url.path.rpartition('/')[2]}"
            wait = min(8.0, 0.5 * 2**attempt) * random.uniform(0.75, 1.0)
            try:
                response = self._sent(request, how)
            except httpx2.HTTPError as error:
                _LOG.info("%s: %s", about, type(error).__name__)
                if attempt == self._retries or key_of(error) not in ASKED_AGAIN or wait > self.watchdog.left:
                    raise
            else:
                _LOG.info("%s: status %d", about, response.status_code)
                asked = asked_to_wait(response.headers)
                if asked is not None:
                    wait = asked * random.uniform(1.0, 1.1)
                if attempt == self._retries or not _passes(response) or wait > min(LONGEST_WAIT, self.watchdog.left):
                    return response
                response.close()
            _LOG.info("Asking again in %.1f s.", wait)
            time.sleep(wait)
            attempt += 1

    def _sent(self, request: httpx2.Request, how: dict[str, Any]) -> httpx2.Response:
        """Send a request once, in a thread that is left behind when the time is over.

        A look-up of the host's name cannot be ended: getaddrinfo(3) has no time limit, and tries each name server for the
        seconds of resolv.conf(5). A connection that is made after that is ended by the watchdog before anything is sent.
        """
        outcome: Future[httpx2.Response] = Future()
        send = super().send

        def settle() -> None:
            try:
                outcome.set_result(send(request, **how))
            except BaseException as error:  # also a Ctrl-C that interrupts.check raises: it belongs to who waits
                outcome.set_exception(error)

        threading.Thread(target=settle, daemon=True).start()
        try:
            return outcome.result(max(0.0, self.watchdog.left) + _GRACE)
        except TimeoutError:
            raise httpx2.ConnectTimeout("total time is over", request=request) from None

    def _bounded(self, response: httpx2.Response) -> None:
        failed = response.status_code >= 300
        if response.headers.pop("content-encoding", "identity").strip().lower() not in ("", "identity"):
            if not failed:
                raise CompressedError("content-encoding")
            response.stream = httpx2.ByteStream(b"")
        elif isinstance(response.stream, httpx2.SyncByteStream):
            response.stream = Body(
                response.stream, self.watchdog, failed=failed, streamed=self._streamed, file=self._file
            )
        # JSON and events are UTF-8 whatever is said of them, and some character sets are not text to Python.
        if "content-type" in response.headers:
            response.headers["content-type"] = response.headers["content-type"].partition(";")[0].strip()


def _passes(response: httpx2.Response) -> bool:
    """Whether a server says of an error that it may pass on its own."""
    if response.status_code < 400 or response.headers.get("x-should-retry") == "false":
        return False
    response.read()
    try:
        body = details(response.json())
    except ValueError:
        body = {}
    message = str(body.get("message", ""))[:LONGEST_SAID]
    # llama-cpp-python calls a form of schema that it does not know an error of its own, 500.
    return not blames_schema(message) and key_of_answer(response.status_code, body, message) in ASKED_AGAIN


class EventClasses:
    """The classes of what an SDK reads, made once and beforehand, while the server is waited for.

    An SDK makes each when it reads the first event of its kind, which takes half a second. Of 64 answers that come at once
    each would have all of them made. ``read`` reads a stream of some events by the client that it is given.
    """

    def __init__(self, read: Callable[[httpx2.Client], Iterable[object]], *some: dict[str, Any]) -> None:
        self._read = read
        self._stream = "".join(f"event: {one.get('type', 'message')}\ndata: {json.dumps(one)}\n\n" for one in some)
        self._begun = threading.Lock()
        self._made = threading.Event()

    def begin(self) -> None:
        """Begin to make them, in a thread; they are made once."""
        if self._begun.acquire(blocking=False):
            threading.Thread(target=self._make, daemon=True).start()

    def wait(self) -> None:
        """Return when they are made, or cannot be: then whoever reads makes them."""
        self._made.wait()

    def _make(self) -> None:
        def answer(_: httpx2.Request) -> httpx2.Response:
            return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=self._stream)

        try:
            with suppress(Exception), httpx2.Client(transport=httpx2.MockTransport(answer)) as http:
                for _ in self._read(http):
                    pass
        finally:
            self._made.set()


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
            asked = float(headers[name]) / unit
        except (KeyError, ValueError):
            continue
        if math.isfinite(asked):
            return max(0.0, asked)
    try:
        return max(0.0, parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time())
    except (KeyError, ValueError, OverflowError):
        return None


def is_stream(response: httpx2.Response) -> bool:
    """Whether the server answered with events; the SDKs read anything else as a stream without any."""
    return "event-stream" in response.headers.get("content-type", "")
