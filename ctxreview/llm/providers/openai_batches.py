"""OpenAI's Batch API: a file of requests, a batch of it, and files of answers and errors.

https://developers.openai.com/api/docs/guides/batch. Requests are for ``/v1/responses``; where a server takes none of these, for
``/v1/chat/completions``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from tempfile import TemporaryFile
from typing import Any, Literal

import openai
from openai.types import Batch
from openai.types.chat import ChatCompletion
from openai.types.responses import Response

from ctxreview.llm.providers import Endpoint, openai_chat
from ctxreview.llm.providers import openai as openai_responses
from ctxreview.llm.providers.causes import details, key_of_answer, said
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
from ctxreview.llm.providers.faults import fault, quotable
from ctxreview.llm.providers.wire import client, http_client
from ctxreview.model.review import Completion

Form = Literal["/v1/responses", "/v1/chat/completions"]

NAME = "ctxreview"
"""The key of a batch's metadata that has our name for it."""

KEPT_SECONDS = 14 * 86_400
"""How long the server keeps our files: the least that Azure takes. OpenAI's own default is 30 days."""

_ENDED = frozenset({"failed", "completed", "expired", "cancelled"})
_STATES = _ENDED | {"validating", "in_progress", "finalizing", "cancelling"}


class Batches:
    """The batches of an endpoint, which must be :func:`~ctxreview.llm.providers.resolve_url`."""

    most_questions = 50_000
    most_bytes = 200_000_000
    named = True

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def size(self, question: Question) -> int:
        """The bytes of a question's line."""
        return len(self._line(question, "/v1/responses"))

    def upload(self, part: Part) -> str:
        """Bring the file of requests there."""
        return self._upload(part, "/v1/responses")

    def create(self, part: Part, uploaded: str) -> str:
        """Make a batch of an uploaded file; of another one with requests for chat where this is no address for batches there."""
        try:
            return self._create(part, uploaded, "/v1/responses")
        except _NoResponsesError:
            return self._create(part, self._upload(part, "/v1/chat/completions"), "/v1/chat/completions")

    def standing(self, batch: str) -> Standing:
        """How a batch stands."""
        with understood(self._endpoint, "gone"), http_client(self._endpoint, openai.OpenAIError) as http:
            return self._standing(client(openai.OpenAI, self._endpoint, http).batches.retrieve(batch))

    def standings(self) -> Iterator[Standing]:
        """The account's batches, newest first."""
        with understood(self._endpoint, "no-batches"), http_client(self._endpoint, openai.OpenAIError) as http:
            for batch in islice(client(openai.OpenAI, self._endpoint, http).batches.list(limit=100), MOST_LISTED):
                yield self._standing(batch)

    def results(self, standing: Standing) -> Iterator[Item | None]:
        """The lines of the batch's files."""
        for file in standing.files:
            with (
                understood(self._endpoint, "gone"),
                http_client(self._endpoint, openai.OpenAIError, file=True) as http,
                client(openai.OpenAI, self._endpoint, http).files.with_streaming_response.content(file) as response,
            ):
                yield from items(self._endpoint, response.iter_bytes(), standing.total, self._item)

    def cancel(self, batch: str) -> None:
        """Have no more of its questions answered."""
        with understood(self._endpoint, "gone"), http_client(self._endpoint, openai.OpenAIError) as http:
            client(openai.OpenAI, self._endpoint, http).batches.cancel(batch)

    def _line(self, question: Question, form: Form) -> bytes:
        at = replace(self._endpoint, max_reply_tokens=question.room)
        make = openai_responses.body if form == "/v1/responses" else openai_chat.body
        sent = {"custom_id": question.key, "method": "POST", "url": form, "body": make(at, question.prompt)}
        return json.dumps(sent).encode() + b"\n"

    def _upload(self, part: Part, form: Form) -> str:
        with TemporaryFile() as file:
            for question in part.questions():
                file.write(self._line(question, form))
            file.seek(0)
            with understood(self._endpoint, "no-batches"), http_client(self._endpoint, openai.OpenAIError) as http:
                made = client(openai.OpenAI, self._endpoint, http).files.create(
                    file=(f"{NAME}-{part.name}.jsonl", file, "application/jsonl"),
                    purpose="batch",
                    expires_after={"anchor": "created_at", "seconds": KEPT_SECONDS},
                )
                return identified(made.id)

    def _create(self, part: Part, file: str, form: Form) -> str:
        once = replace(self._endpoint, retries=0)
        with understood(self._endpoint, "no-batches"), http_client(once, openai.OpenAIError) as http:
            try:
                made = client(openai.OpenAI, once, http).batches.create(
                    input_file_id=file,
                    endpoint=form,
                    completion_window="24h",
                    metadata={NAME: part.name},
                    output_expires_after={"anchor": "created_at", "seconds": KEPT_SECONDS},
                )
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if form == "/v1/responses" and ("endpoint" in said(error) or form in said(error)):
                    raise _NoResponsesError from error
                raise
            return identified(made.id)

    def _standing(self, batch: Batch) -> Standing:
        if batch.status not in _STATES:
            raise ValueError("status")
        counts = batch.request_counts
        errors = (batch.errors and batch.errors.data) or ()
        why = next((e.message for e in errors if isinstance(e.message, str)), "")
        files = (batch.output_file_id, batch.error_file_id)
        return Standing(
            identified(batch.id),
            batch.status,
            batch.status in _ENDED,
            amount(counts.total) if counts else 0,
            amount(counts.completed) if counts else 0,
            amount(counts.failed) if counts else 0,
            float(amount(batch.created_at)),
            tuple(identified(file) for file in files if file),
            quotable(why, self._endpoint.api_key or ""),
            str((batch.metadata or {}).get(NAME, "")),
        )

    def _item(self, line: dict[str, Any]) -> Item:
        return Item(line["custom_id"], outcome(lambda: self._completion(line)))

    def _completion(self, line: dict[str, Any]) -> Completion:
        at = self._endpoint
        if line.get("error"):
            told = details(line)
            message = str(told.get("message") or "")
            raise fault(at, key_of_answer(None, told, message), message)
        status, body = amount(line["response"]["status_code"]), line["response"]["body"]
        if status >= 300:
            told = details(body)
            message = str(told.get("message") or "")
            raise fault(at, key_of_answer(status, told, message), message)
        if body.get("object") == "chat.completion":
            return openai_chat.completion(at, ChatCompletion.construct(**body))
        return openai_responses.completion(at, Response.construct(**body))


class _NoResponsesError(Exception):
    """The server has batches, but not of requests to the Responses API."""
