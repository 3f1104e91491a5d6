"""Many questions at once: how many, how fast, and when no more is asked. Shared by all threads that ask.

A server that limits requests says so to one of them and means all: its Retry-After holds for each, and half as many are asked at once
from then on, slowly more again with each answer.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque

from ctxreview.errors import CtxreviewError, LimitError, NotAskedError, ProviderError
from ctxreview.llm.providers.faults import ASKED_AGAIN, FOR_ALL, LIMITING, LONGEST_WAIT
from ctxreview.model.review import Completion, Prompt
from ctxreview.prompt.asking import Provider

JOBS = 8
"""Questions that wait for an answer at once where nobody set another number."""
MOST_ALIKE = 5
"""Failures in a row that would be every other question's too, after which no more is asked."""
MOST_LIMITED = 8
"""How often one question is sent again to a server that limits requests."""
MINUTE = 60.0

_LOG = logging.getLogger(__name__)


class Pace:
    """When the next question may be sent.

    At most ``jobs`` wait for an answer at once, and in any minute at most ``requests`` with ``tokens`` in their prompts are sent; ``None``
    is no limit. ``retries`` are the attempts after the first where a server fails on its side.
    """

    def __init__(self, jobs: int, requests: int | None = None, tokens: int | None = None, retries: int = 0) -> None:
        self.jobs = jobs
        self._requests = requests
        self._tokens = tokens
        self._retries = retries
        self._changed = threading.Condition()
        self._allowed = float(jobs)
        self._asking = 0
        self._resume = 0.0
        self._sent: deque[tuple[float, int]] = deque()
        self._alike = 0
        self._stopped: CtxreviewError | None = None

    @property
    def stopped(self) -> CtxreviewError | None:
        """Why no more is asked, ``None`` as long as there is no reason."""
        return self._stopped

    def paced(self, ask: Provider) -> Provider:
        """``ask`` in its time, and again where the server did not take the question.

        Raises :class:`NotAskedError` once no more is asked.
        """
        return lambda prompt: self._asked(ask, prompt)

    def _asked(self, ask: Provider, prompt: Prompt) -> Completion:
        failed = 0
        while True:
            self._enter(prompt.tokens.prompt)
            try:
                answer = ask(prompt)
            except ProviderError as error:
                failed += 1
                again = self._failed(error, failed)
                if not again:
                    raise
            except LimitError as error:
                self._left(stop=error)
                raise
            except BaseException:
                self._left()
                raise
            else:
                self._left(answered=True)
                return answer

    def _enter(self, tokens: int) -> None:
        """Wait until a prompt of that size may be sent."""
        with self._changed:
            while True:
                if self._stopped is not None:
                    raise NotAskedError(f"The model was not asked: the run had stopped after an error. {self._stopped}")
                wait = self.wait(tokens, time.monotonic())
                if wait <= 0 and self._asking < int(self._allowed):
                    self._asking += 1
                    self.sent(tokens, time.monotonic())
                    return
                self._changed.wait(wait if wait > 0 else None)

    def sent(self, tokens: int, now: float) -> None:
        """Count a prompt of that size."""
        self._sent.append((now, tokens))

    def wait(self, tokens: int, now: float) -> float:
        """Seconds from ``now`` until the limits of a minute, and what a server asked for, allow a prompt of that size."""
        while self._sent and self._sent[0][0] <= now - MINUTE:
            self._sent.popleft()
        until = self._resume
        if self._requests is not None and len(self._sent) >= self._requests:
            until = max(until, self._sent[-self._requests][0] + MINUTE)
        if self._tokens is not None:
            over = sum(size for _, size in self._sent) + tokens - self._tokens
            for at, size in self._sent:  # a prompt that is larger than the limit is sent alone
                if over <= 0:
                    break
                until, over = max(until, at + MINUTE), over - size
        return until - now

    def _failed(self, error: ProviderError, times: int) -> bool:
        """Take note of a failure; whether the question is to be sent again."""
        limited = error.key in LIMITING
        now = time.monotonic()
        backoff = min(LONGEST_WAIT, 0.5 * 2**times)
        wait = (backoff if error.wait is None else error.wait) * random.uniform(1.0, 1.1)
        again = (
            error.key in ASKED_AGAIN and times <= (MOST_LIMITED if limited else self._retries) and wait <= LONGEST_WAIT
        )
        if again and not limited:
            time.sleep(wait)
        with self._changed:
            self._asking -= 1
            if again and limited:
                if now >= self._resume:  # those that were under way are the same limit once more
                    self._allowed = max(1.0, self._allowed / 2)
                self._resume = max(self._resume, now + wait)
                _LOG.info("Asking again in %.1f s, at most %d at once.", self._resume - now, int(self._allowed))
            if not again:
                self._alike = self._alike + 1 if error.key in FOR_ALL | LIMITING else 0
                too_long = limited and wait > LONGEST_WAIT
                if (self._alike >= MOST_ALIKE or too_long) and self._stopped is None:
                    self._stopped = error
            self._changed.notify_all()
        return again

    def _left(self, *, answered: bool = False, stop: CtxreviewError | None = None) -> None:
        with self._changed:
            self._asking -= 1
            if answered:
                self._alike = 0
                self._allowed = min(float(self.jobs), self._allowed + 1 / self._allowed)
            if stop is not None and self._stopped is None:
                self._stopped = stop
            self._changed.notify_all()
