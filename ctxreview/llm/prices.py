"""What asking costs: a dated table of prices, and limits that are kept before anything is sent."""

from __future__ import annotations

import math
import threading
import tomllib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ctxreview.config import user_folder
from ctxreview.errors import ConfigError, LimitError, ProviderError
from ctxreview.llm.providers.faults import UNPAID
from ctxreview.model.review import Completion, Prompt, Usage

SHIPPED = Path(__file__).parent / "prices.toml"
FILE = "prices.toml"
CURRENCY = "USD"
OWN = "local"
"""The provider that charges nothing; what the machine itself costs is not counted."""
MILLION = 1_000_000

IN_A_BATCH = 0.5
"""What OpenAI, Azure and Anthropic take of the price for a question in a batch."""

EXPECTED_REPLY = 1_500
"""Tokens of an ordinary reply: nine answers of a hundred tokens with note and citation, and two suggestions.

Reckoned, not measured; what a model thinks before it answers is billed too and comes on top.
"""


class Price(NamedTuple):
    """US dollars for a million tokens of prompt and of reply, read at ``source`` on the day ``read``.

    It holds for prompts of at most ``up_to`` tokens, ``None`` for all.
    """

    host: str
    models: tuple[str, ...]
    prompt: float
    reply: float
    read: str
    source: str
    up_to: int | None = None

    def cost(self, prompt_tokens: int, reply_tokens: int) -> float | None:
        """US dollars, ``None`` where the price for such a prompt is not known."""
        if self.up_to is not None and prompt_tokens > self.up_to:
            return None
        return (prompt_tokens * self.prompt + reply_tokens * self.reply) / MILLION


def price(address: str, *models: str) -> Price | None:
    """The price of the first of ``models`` that has one at ``address``; ``None`` where none is known.

    Names must be the same to the letter: a dated model may cost something else than the one without a date. Raises
    :class:`ConfigError` when the user's table is not one.
    """
    host = urlsplit(address).hostname
    rows = [*table(user_folder() / FILE), *table(SHIPPED)]
    return next((row for model in models for row in rows if row.host == host and model in row.models), None)


def rate(provider: str, address: str, *models: str) -> Price | None:
    """The :func:`price` at ``address``, or none at all where ``provider`` is the user's own machine."""
    if provider == OWN:
        return Price(urlsplit(address).hostname or "", models, 0.0, 0.0, "", "a model that you run yourself")
    return price(address, *models)


@lru_cache(maxsize=4)
def table(path: Path) -> tuple[Price, ...]:
    """The prices in a file, none where there is no file. Raises :class:`ConfigError` when it is not a table."""
    try:
        found = tomllib.loads(path.read_text("utf-8-sig"))
        if found["currency"] != CURRENCY or set(found) != {"currency", "price"}:
            raise ValueError(f'it must have currency = "{CURRENCY}" and [[price]] tables, and nothing else')
        return tuple(_price(row) for row in found["price"])
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path}: is not a valid price table ({error}); each [[price]] needs host, models, prompt, reply, read, source."
        ) from None


def _price(row: dict[str, Any]) -> Price:
    made = Price(**{**row, "models": tuple(row["models"]), "read": row["read"].isoformat()})
    numbers = (made.prompt, made.reply, *([] if made.up_to is None else [made.up_to]))
    if not all(isinstance(n, int | float) and not isinstance(n, bool) and 0 <= n < math.inf for n in numbers):
        raise ValueError("prices must be numbers of 0 or more")
    return made


def batch_rate(provider: str, address: str, *models: str) -> Price | None:
    """The :func:`rate` of a question in a batch."""
    at = rate(provider, address, *models)
    return at and at._replace(prompt=at.prompt * IN_A_BATCH, reply=at.reply * IN_A_BATCH)


class Limits(NamedTuple):
    """The most that one run may use: tokens sent and received, and US dollars; ``None`` for as much as it takes."""

    tokens: int | None = None
    cost: float | None = None


class Reserved(NamedTuple):
    """What one question may take: tokens of the reply, and what is set aside for it, in tokens and US dollars."""

    room: int
    tokens: int
    cost: float


class Account:
    """What a run may still use of its limits, over all questions and models, also those that several threads ask at once."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.tokens = 0
        self.cost = 0.0
        self._waiting = 0
        self._changed = threading.Condition()

    def reserve(self, prompt: Prompt, model: str, at: Price | None, largest_reply: int) -> Reserved:
        """Set aside the most that a question can take. Where others under way have too much set aside, they are waited for.

        Raises :class:`LimitError` as :meth:`room` does.
        """
        with self._changed:
            while True:
                try:
                    room = self.room(prompt, model, at, largest_reply)
                    break
                except LimitError:
                    if not self._waiting:
                        raise
                    self._changed.wait()
            tokens = prompt.tokens.prompt + room
            made = Reserved(room, tokens, (at.cost(prompt.tokens.prompt, room) if at else None) or 0.0)
            self._waiting += 1
            self.tokens += tokens
            self.cost += made.cost
            return made

    def settle(self, reserved: Reserved, tokens: int, cost: float) -> None:
        """Count what was used in place of what was set aside."""
        with self._changed:
            self._waiting -= 1
            self.tokens += tokens - reserved.tokens
            self.cost += cost - reserved.cost
            self._changed.notify_all()

    def commit(self, prompt: Prompt, model: str, at: Price | None, largest_reply: int) -> tuple[int, float | None]:
        """Count the most that a question can take, which nobody settles here; the room of its reply, and what that costs.

        Raises :class:`LimitError` as :meth:`room` does.
        """
        room = self.room(prompt, model, at, largest_reply)
        cost = at.cost(prompt.tokens.prompt, room) if at else None
        self.tokens += prompt.tokens.prompt + room
        self.cost += cost or 0.0
        return room, cost

    def room(self, prompt: Prompt, model: str, at: Price | None, largest_reply: int) -> int:
        """How many tokens a reply to ``prompt`` may have: ``largest_reply``, or what the limits leave.

        Raises:
            LimitError: an ordinary reply would not fit into what is left, or it cannot be known what it costs.
        """
        size, room = prompt.tokens.prompt, largest_reply
        expected = min(EXPECTED_REPLY, largest_reply)
        if self.limits.tokens is not None:
            room = min(room, self.limits.tokens - self.tokens - size)
            if room < expected:
                raise LimitError(
                    f"Nothing was sent: the prompt has about {size:,} tokens, a reply about {expected:,}, and only {max(0, self.limits.tokens - self.tokens):,} of "
                    f"--max-tokens {self.limits.tokens:,} are left."
                )
        if self.limits.cost is not None:
            cost = at.cost(size, expected) if at else None
            if at is None or cost is None:
                raise LimitError(
                    f"Nothing was sent: the price of {model} is unknown, so --max-cost cannot be enforced; add it to "
                    f"{user_folder() / FILE}, or use --max-tokens."
                )
            left = self.limits.cost - self.cost
            if cost > left:
                raise LimitError(
                    f"Nothing was sent: this would cost about ${cost:.4f}, and only ${max(0.0, left):.4f} of "
                    f"--max-cost {self.limits.cost:g} are left."
                )
            if at.reply:
                room = min(room, math.floor((left * MILLION - size * at.prompt) / at.reply))
        return room


def counted(
    ask: Callable[[Prompt, int], Completion],
    account: Account,
    provider: str,
    address: str,
    model: str,
    largest_reply: int,
) -> Callable[[Prompt], Completion]:
    """``ask``, which takes a prompt and the largest reply in tokens, within the limits, and with the cost filled in.

    Where the provider does not say what was used, or the answer was not whole, the most that it can have been is
    counted against the limits; a question that a server did not take costs nothing.
    """

    def asked(prompt: Prompt) -> Completion:
        at = rate(provider, address, model)
        kept = account.reserve(prompt, model, at, largest_reply)
        size, used, spent = prompt.tokens.prompt, kept.tokens, kept.cost
        try:
            answer = ask(prompt, kept.room)
            sent, got = answer.usage.prompt_tokens, answer.usage.reply_tokens
            paid = rate(provider, address, answer.model, model)
            cost = paid.cost(sent, got) if paid and sent is not None and got is not None else None
            used = (size if sent is None else sent) + (kept.room if got is None else got)
            spent = kept.cost if cost is None else cost
        except ProviderError as error:
            if error.key in UNPAID:
                used, spent = 0, 0.0
            raise
        finally:
            account.settle(kept, used, spent)
        return answer._replace(usage=Usage(sent, got, cost))

    return asked


class Plan(NamedTuple):
    """What asking would send and cost, without asking. All are tokens or US dollars.

    ``address`` is without name and password; ``refused`` is why the limits do not allow it.
    """

    provider: str
    model: str
    address: str
    reply_expected: int
    reply_most: int
    price: Price | None
    expected: float | None
    most: float | None
    refused: str = ""


def plan(prompt: Prompt, provider: str, model: str, address: str, largest_reply: int, limits: Limits) -> Plan:
    """What asking ``model`` would take."""
    at = rate(provider, address, model)
    refused, room = "", largest_reply
    try:
        room = Account(limits).room(prompt, model, at, largest_reply)
    except LimitError as error:
        refused = str(error)
    size, expected = prompt.tokens.prompt, min(EXPECTED_REPLY, largest_reply)
    parts = urlsplit(address)
    where = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or ""
    return Plan(
        provider,
        model,
        f"{parts.scheme}://{where}{parts.path}",
        expected,
        room,
        at,
        at.cost(size, expected) if at else None,
        at.cost(size, room) if at else None,
        refused,
    )
