"""Anthropic's Message Batches: one request with all questions, and a file of what became of them.

https://platform.claude.com/docs/en/build-with-claude/batch-processing. A batch has no name of ours, so one that was made while this
process died is known by its results alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

import anthropic
import httpx2
from anthropic.types import Message
from anthropic.types.messages import MessageBatch
from anthropic.types.messages.batch_create_params import Request

from ctxreview.llm.providers import Endpoint
from ctxreview.llm.providers import anthropic as messages
from ctxreview.llm.providers.causes import details, key_of_answer
from ctxreview.llm.providers.engines import (
    MOST_LISTED,
    Item,
    Part,
    Question,
    Standing,
    amount,
    identified,
    items,
    outcome,
    understood,
)
from ctxreview.llm.providers.faults import fault
from ctxreview.llm.providers.wire import client, http_client
from ctxreview.model.review import Completion

_STATES = frozenset({"in_progress", "canceling", "ended"})


class Batches:
    """The batches of an endpoint, which must be :func:`~ctxreview.llm.providers.resolve_url`."""

    most_questions = 100_000
    most_bytes = 64_000_000
    """A quarter of what is allowed: the request is made in memory."""
    named = False

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def size(self, question: Question) -> int:
        """The bytes of a question within the request, or a few more."""
        import json

        return len(json.dumps(self._request(question))) + 2

    def upload(self, part: Part) -> str:
        """There is nothing that could be brought there before."""
        return ""

    def create(self, part: Part, uploaded: str) -> str:
        """Make a batch."""
        once = replace(self._endpoint, retries=0)
        requests = [self._request(question) for question in part.questions()]
        with understood(self._endpoint, "no-batches"), http_client(once, anthropic.AnthropicError) as http:
            made = client(anthropic.Anthropic, once, http).messages.batches.create(requests=requests)
            return identified(made.id)

    def standing(self, batch: str) -> Standing:
        """How a batch stands."""
        with understood(self._endpoint, "gone"), http_client(self._endpoint, anthropic.AnthropicError) as http:
            return _standing(client(anthropic.Anthropic, self._endpoint, http).messages.batches.retrieve(batch))

    def standings(self) -> Iterator[Standing]:
        """The workspace's batches, newest first."""
        with understood(self._endpoint, "no-batches"), http_client(self._endpoint, anthropic.AnthropicError) as http:
            listed = client(anthropic.Anthropic, self._endpoint, http).messages.batches.list(limit=100)
            for batch in islice(listed, MOST_LISTED):
                yield _standing(batch)

    def results(self, standing: Standing) -> Iterator[Item | None]:
        """The lines of the batch's results, from the address that we know: the one that the server tells may be anybody's."""
        with (
            understood(self._endpoint, "gone"),
            http_client(self._endpoint, anthropic.AnthropicError, file=True) as http,
        ):
            sdk: Any = client(anthropic.Anthropic, self._endpoint, http)
            response: httpx2.Response = sdk.get(
                f"/v1/messages/batches/{standing.batch}/results",
                cast_to=httpx2.Response,
                options={"headers": {"Accept": "application/binary"}},
                stream=True,
            )
            yield from items(self._endpoint, response.iter_bytes(), standing.total, self._item)

    def cancel(self, batch: str) -> None:
        """Have no more of its questions answered."""
        with understood(self._endpoint, "gone"), http_client(self._endpoint, anthropic.AnthropicError) as http:
            client(anthropic.Anthropic, self._endpoint, http).messages.batches.cancel(batch)

    def _request(self, question: Question) -> Request:
        at = replace(self._endpoint, max_reply_tokens=question.room)
        sent: Any = messages.body(at, question.prompt)
        return Request(custom_id=question.key, params=sent)

    def _item(self, line: dict[str, Any]) -> Item:
        return Item(line["custom_id"], outcome(lambda: self._completion(line["result"])))

    def _completion(self, result: dict[str, Any]) -> Completion:
        match result["type"]:
            case "succeeded":
                return messages.completion(self._endpoint, Message.construct(**result["message"]))
            case "expired" | "canceled" as how:
                raise fault(self._endpoint, how)
            case _:
                told = details(details(result))  # the error of an answer that is an error
                message = str(told.get("message") or "")
                raise fault(self._endpoint, key_of_answer(None, told, message), message)


def _standing(batch: MessageBatch) -> Standing:
    if batch.processing_status not in _STATES:
        raise ValueError("status")
    counts = batch.request_counts
    done = amount(counts.succeeded)
    failed = sum(amount(n) for n in (counts.canceled, counts.errored, counts.expired))
    made = batch.created_at
    if not isinstance(made, datetime):
        raise ValueError("time")
    return Standing(
        identified(batch.id),
        batch.processing_status,
        batch.processing_status == "ended",
        done + failed + amount(counts.processing),
        done,
        failed,
        made.timestamp(),
    )
