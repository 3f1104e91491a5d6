"""The providers' batch engines: many questions in one upload, answered within a day, for half the price.

``engine(endpoint)`` gives an :class:`Engine`. A batch is made in two steps, so that whoever makes it can write down in between
that it is about to be made: what :meth:`Engine.upload` brings there costs nothing, and :meth:`Engine.create` has to be paid.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NamedTuple, Protocol

from ctxreview.errors import ConfigError, ProviderError
from ctxreview.llm.providers import Endpoint, resolve_url
from ctxreview.llm.providers.bounds import lines
from ctxreview.llm.providers.faults import UNPAID, fault
from ctxreview.model.review import Completion, Prompt
from ctxreview.regex import regex

MOST_LISTED = 1_000
"""Batches of an account that are looked through for one."""

EACH_ANSWER = 2**20
"""Bytes that each answer may take of a batch's results: ten times what 16,000 tokens are."""

NOT_TAKEN = UNPAID - {"408", "5xx"}
"""The rows after which it is certain that no batch was made. A gateway that gives up may have passed it on."""

MODULES = {
    "openai": "ctxreview.llm.providers.openai_batches",
    "anthropic": "ctxreview.llm.providers.anthropic_batches",
}
"""The providers that have an engine, with the module of each."""

_ID = regex(r"[A-Za-z0-9_-]{1,200}")


class Question(NamedTuple):
    """A question as it is sent: ``key`` comes back with its answer, which has at most ``room`` tokens."""

    key: str
    prompt: Prompt
    room: int


class Part(NamedTuple):
    """The questions of one batch; ``name`` is ours, and goes along where an engine takes one."""

    name: str
    questions: Callable[[], Iterator[Question]]


class Standing(NamedTuple):
    """A batch as its server says that it stands.

    ``state`` is the server's own word, ``total`` the number of questions; ``done`` and ``failed`` are known of some only when it ``ended``.
    ``made`` is when, in seconds since 1970. ``files`` are where results are, ``why`` says what is wrong with all of it, and ``name`` is
    that of the :class:`Part`, where the server has it.
    """

    batch: str
    state: str
    ended: bool
    total: int
    done: int
    failed: int
    made: float
    files: tuple[str, ...] = ()
    why: str = ""
    name: str = ""


class Item(NamedTuple):
    """What became of one question."""

    key: str
    given: Completion | ProviderError


class Engine(Protocol):
    """A provider's batches. Every method raises :class:`ProviderError` where it cannot be done."""

    most_questions: int
    most_bytes: int
    named: bool
    """Whether the server keeps our name of a batch."""

    def size(self, question: Question) -> int:
        """The bytes that a question takes of ``most_bytes``."""

    def upload(self, part: Part) -> str:
        """Bring there what can be brought without paying; gives what :meth:`create` needs."""

    def create(self, part: Part, uploaded: str) -> str:
        """Make a batch, and give its id. Is never tried twice by itself."""

    def standing(self, batch: str) -> Standing:
        """How a batch stands."""

    def standings(self) -> Iterator[Standing]:
        """The account's batches, newest first, :data:`MOST_LISTED` at most."""

    def results(self, standing: Standing) -> Iterator[Item | None]:
        """What became of the questions of a batch that ended, in any order; ``None`` for a line that cannot be read."""

    def cancel(self, batch: str) -> None:
        """Have no more of its questions answered."""


def engine(endpoint: Endpoint) -> Engine:
    """The batches of ``endpoint``; nothing is sent yet.

    Raises:
        ConfigError: it has none, or as :func:`~ctxreview.llm.providers.resolve_url`.
    """
    if endpoint.provider not in MODULES:
        raise ConfigError(
            f"{endpoint.provider} has no batches; {' and '.join(MODULES)} have. Run ctxreview batch without submit."
        )
    made: Engine = import_module(MODULES[endpoint.provider]).Batches(resolve_url(endpoint))
    return made


def items(
    endpoint: Endpoint, pieces: Iterable[bytes], count: int, item: Callable[[dict[str, Any]], Item]
) -> Iterator[Item | None]:
    """What ``item`` makes of each line of the results of ``count`` questions; ``None`` of one that is damaged.

    Raises :class:`~ctxreview.llm.providers.bounds.TooMuchError` where there is more than answers can have.
    """
    for line in lines(pieces, (count + 8) * EACH_ANSWER):
        try:
            made = item(json.loads(line)) if line is not None else None
            yield made if made is None or isinstance(made.key, str) else None
        except ProviderError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError):  # the SDKs do not validate
            yield None


def outcome(read: Callable[[], Completion]) -> Completion | ProviderError:
    """An answer, or why it is none."""
    try:
        return read()
    except ProviderError as error:
        return error


@contextmanager
def understood(endpoint: Endpoint, lacking: str) -> Iterator[None]:
    """What a server says that its API does not define is a fault; an address that it does not have is the fault ``lacking``."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError):
        raise fault(endpoint, "not-a-stream") from None
    except ProviderError as error:
        if error.key in ("404", "405"):
            raise fault(endpoint, lacking) from None
        raise


def identified(value: object) -> str:
    """An id as a server gives it. Raises :class:`ValueError` where that is none."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError("id")
    return value


def amount(value: object) -> int:
    """A number of questions, or a time in seconds, as a server gives it. Raises :class:`ValueError` where that is none."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**11:
        raise ValueError("number")
    return value
