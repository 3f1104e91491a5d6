"""Questions for a provider's batch engine: made on every core, put together in parts that the engine takes, and sent.

Only what nobody has answered yet is sent, and nothing that is in another batch which is still to be fetched. What is sent is a prompt as
it would be asked otherwise, so that its answer is found by the same key.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

from ctxreview.errors import ConfigError, CtxreviewError, LimitError, ProviderError
from ctxreview.llm import answers, batches, prices, store
from ctxreview.llm.batches import Submitted
from ctxreview.llm.prices import Account, Price
from ctxreview.llm.providers import Endpoint, resolve_url
from ctxreview.llm.providers.engines import NOT_TAKEN, Engine, Part, Question, engine
from ctxreview.model.review import Prompt, Tokens
from ctxreview.review.batch import each_selection
from ctxreview.review.context import build
from ctxreview.review.keeping import keep_days
from ctxreview.review.pipeline import render
from ctxreview.review.request import Options, Run, Siblings

GRACE = 60.0
"""Seconds after which a server that got a request has surely made what it asks for."""


class Model(NamedTuple):
    """Whom the questions are for, with the address filled in, and how selections are asked about."""

    endpoint: Endpoint
    options: Options
    engine: Engine
    price: Price | None

    @property
    def address(self) -> str:
        """Where it is asked."""
        return self.endpoint.base_url or ""


def with_some_key(endpoint: Endpoint) -> Endpoint:
    """An endpoint of which nothing is asked, and which so needs no key."""
    return endpoint if endpoint.api_key else replace(endpoint, api_key="none")


def model_for(endpoint: Endpoint, options: Options) -> Model:
    """The engine of an endpoint. Raises :class:`ConfigError` where it has none, or cannot be asked."""
    at = resolve_url(endpoint)
    price = prices.batch_rate(at.provider, at.base_url or "", at.model)
    return Model(at, options, engine(at), price)


class Pile:
    """The questions of one batch, on the disk: all of them would not fit into memory."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.name = secrets.token_hex(8)
        self.asked: dict[str, str] = {}
        self.bytes = self.tokens = 0
        self.expected: float | None = 0.0
        self.most: float | None = 0.0
        self._schema: dict[str, object] = {}
        self._file = TemporaryFile()  # noqa: SIM115 - it lives as long as this

    def fits(self, size: int) -> bool:
        """Whether the engine takes a question of some bytes more."""
        engine = self.model.engine
        return len(self.asked) < engine.most_questions and self.bytes + size <= engine.most_bytes

    def add(self, selection: str, question: Question, size: int, most: float | None) -> None:
        """Add a question of some bytes that costs so much at ``most``, US dollars."""
        sent, price = question.prompt, self.model.price
        expected = min(prices.EXPECTED_REPLY, question.room)
        cost = price.cost(sent.tokens.prompt, expected) if price else None
        self.asked[question.key] = selection
        self.bytes += size
        self.tokens += sent.tokens.prompt
        self.expected = None if self.expected is None or cost is None else self.expected + cost
        self.most = None if self.most is None or most is None else self.most + most
        self._schema = sent.schema  # the same for all
        line = json.dumps([question.key, question.room, sent.system, sent.user, sent.tokens])
        self._file.write(line.encode() + b"\n")

    def questions(self) -> Iterator[Question]:
        """The questions, in the order in which they were added."""
        self._file.seek(0)
        for line in self._file:
            key, room, system, user, tokens = json.loads(line)
            yield Question(key, Prompt(system, user, self._schema, Tokens(*tokens)), room)


class Gathered(NamedTuple):
    """What is to be sent, and what is not: questions that are ``answered``, those in a batch by that, and errors by selection.

    ``over`` is the limit that some are over, which are ``left`` out.
    """

    piles: list[Pile]
    answered: int
    elsewhere: dict[str, int]
    failed: dict[str, CtxreviewError]
    over: LimitError | None
    left: int


def gather(
    given: Sequence[str],
    root: Path | None,
    run: Run,
    models: Sequence[Model],
    account: Account,
    *,
    retry_failed: bool,
    seen: Callable[[object], None],
) -> Gathered:
    """The questions about some selections that are to be sent, within the limits of ``account``; ``seen`` is called with each as it is made.

    Raises :class:`StoreError`.
    """
    done, open_ = answers.settled(failures=not retry_failed), batches.waiting()
    piles: list[Pile] = []
    last: dict[int, Pile] = {}
    answered, left, over = 0, 0, None
    elsewhere: dict[str, int] = {}
    failed: dict[str, CtxreviewError] = {}
    made = each_selection(given, root, run, partial(_prompts, run, models), sequential=False)
    for selection, prompts in zip(given, made, strict=True):
        seen(prompts)
        if isinstance(prompts, CtxreviewError):
            failed[selection] = prompts
            continue
        for number, (model, prompt) in enumerate(zip(models, prompts, strict=True)):
            at = model.endpoint
            key = store.answer_key(prompt, at.provider, model.address, at.model)
            if key in done:
                answered += 1
                continue
            if key in open_:
                elsewhere[open_[key].named] = elsewhere.get(open_[key].named, 0) + 1
                continue
            if any(key in pile.asked for pile in piles):
                continue
            try:
                room, most = account.commit(prompt, at.model, model.price, at.max_reply_tokens)
            except LimitError as error:
                over, left = over or error, left + 1
                continue
            question = Question(key, prompt, room)
            size = model.engine.size(question)
            if number not in last or not last[number].fits(size):
                last[number] = Pile(model)
                piles.append(last[number])
            last[number].add(selection, question, size, most)
    return Gathered(piles, answered, elsewhere, failed, over, left)


def _prompts(run: Run, models: Sequence[Model], selection: str, siblings: Siblings) -> list[Prompt]:
    """What is sent about a selection to each model."""
    requests = (run.resolve(selection, model.options, siblings) for model in models)
    return [render(build(request), request) for request in requests]


def send(pile: Pile) -> Submitted:
    """Make a batch of some questions: uploaded, written down, made, and written down again.

    Raises:
        ProviderError: it was not made, or it is not known whether it was; then the store has it as about to be made.
        ConfigError: another process has submitted some of the questions meanwhile.
        StoreError: it could not be written down.
    """
    at, part = pile.model.endpoint, Part(pile.name, pile.questions)
    uploaded = pile.model.engine.upload(part)
    seconds = at.total_seconds + GRACE
    row = batches.begun(part.name, at.provider, pile.model.address, at.model, seconds, pile.asked)
    if others := store.record([batches.written(row)], keep_days())[0]:
        raise ConfigError(
            f"Some of these questions were submitted meanwhile, in {', '.join(others)}: run the same command again."
        )
    try:
        batch = pile.model.engine.create(part, uploaded)
    except ProviderError as error:
        if error.key in NOT_TAKEN or error.key == "no-batches":
            store.record([batches.became(row, "none")], keep_days())
            raise
        raise ProviderError(
            f"{error} Whether the batch {row.id} was made is not known; ctxreview batch status finds out.", error.key
        ) from None
    store.record([batches.became(row, "open", batch)], keep_days())
    return row._replace(batch=batch, state="open")
