"""OpenAI's Responses API, Chat Completions where a server has only that.

The second is for compatible servers (Ollama, vLLM, llama.cpp, LM Studio, gateways); Azure's
``https://NAME.openai.azure.com/openai/v1/`` has the first.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import httpx2
import openai
from openai.types.responses import Response, ResponseStreamEvent

from ctxreview.llm.providers import Endpoint, Progress, Provider
from ctxreview.llm.providers.causes import blames_schema, key_of, key_of_answer, said
from ctxreview.llm.providers.faults import Pieces, fault, finished, used
from ctxreview.llm.providers.openai_chat import chat
from ctxreview.llm.providers.wire import EventClasses, client, followed, http_client, is_stream
from ctxreview.model.review import Completion, Prompt

_INCOMPLETE = {"max_output_tokens": "length", "content_filter": "content_filter"}
"""Reasons to keys of the fault table."""


class _NoResponsesError(Exception):
    """The server has no Responses API."""


def connect(endpoint: Endpoint) -> Provider:
    """Ask by ``POST /responses``, or ``/chat/completions`` from the first time the former is missing.

    ``endpoint`` must be :func:`~ctxreview.llm.providers.resolve_url`.
    """
    has_responses = True

    def ask(prompt: Prompt, progress: Progress) -> Completion:
        nonlocal has_responses
        with http_client(endpoint, openai.OpenAIError) as http:
            sdk = client(openai.OpenAI, endpoint, http)
            if has_responses:
                try:
                    return _respond(sdk, endpoint, prompt, progress)
                except _NoResponsesError:
                    has_responses = False
            return chat(sdk, endpoint, prompt, progress)

    return ask


def body(endpoint: Endpoint, prompt: Prompt) -> dict[str, Any]:
    """What is sent to ask about ``prompt``, but for how the answer comes."""
    return {
        "model": endpoint.model,
        "instructions": prompt.system,
        "input": prompt.user,
        "max_output_tokens": endpoint.max_reply_tokens,
        "text": {"format": {"type": "json_schema", "name": "review", "schema": prompt.schema, "strict": True}},
        "store": False,  # the default keeps the source code on the server for a month
    }


def _some(http: httpx2.Client) -> openai.Stream[ResponseStreamEvent]:
    return openai.OpenAI(api_key="-", base_url="http://-/", http_client=http).responses.create(stream=True)


_PART = {"type": "output_text", "text": "", "annotations": []}
_OUTPUT = {"type": "message", "id": "", "role": "assistant", "status": "completed", "content": [_PART]}
_CLASSES = EventClasses(
    _some,
    {"type": "response.output_text.delta", "delta": ""},
    *(
        {"type": f"response.{how}", "response": {"object": "response", "status": how, "output": [_OUTPUT]}}
        for how in ("completed", "incomplete", "failed")
    ),
)


def _respond(sdk: openai.OpenAI, endpoint: Endpoint, prompt: Prompt, progress: Progress) -> Completion:
    _CLASSES.begin()
    sent = body(endpoint, prompt)
    stream: openai.Stream[ResponseStreamEvent]
    try:
        stream = sdk.responses.create(**sent, stream=True)
    except openai.BadRequestError as error:
        if not blames_schema(said(error)):
            raise
        stream = sdk.responses.create(**sent | {"text": openai.omit}, stream=True)
    except openai.APIStatusError as error:
        # A model that does not exist is a 404 too. In doubt chat is tried: it says the same of a model.
        if error.status_code in (404, 405, 501) and key_of(error) != "model":
            raise _NoResponsesError from error
        raise
    with stream:
        _CLASSES.wait()
        return followed(endpoint, _read(endpoint, stream), progress)


def _read(endpoint: Endpoint, stream: openai.Stream[ResponseStreamEvent]) -> Generator[str, None, Completion]:
    pieces, refused = Pieces(endpoint), Pieces(endpoint)
    seen = False
    final: Response | None = None
    for event in stream:
        seen = True
        match event.type:
            case "response.output_text.delta":
                pieces.add(event.delta)
                yield event.delta
            case "response.refusal.delta":
                refused.add(event.delta)
            case "response.completed" | "response.incomplete" | "response.failed":
                final = event.response
            case "error":
                raise fault(endpoint, key_of_answer(None, {"code": event.code}, event.message), event.message)
    if not seen and not is_stream(stream.response):
        raise _NoResponsesError  # LM Studio answers 200 with {"error": "Unexpected endpoint or method"}
    if final is None:
        raise fault(endpoint, "truncated")
    return completion(endpoint, final, str(pieces), str(refused))


def completion(endpoint: Endpoint, final: Response, text: str = "", refused: str = "") -> Completion:
    """A response that came whole, after ``text``, or a refusal, came in pieces. Raises ProviderError where it is not an answer."""
    ending, note = _ending(final, refused)
    usage = used(final.usage, "input_tokens", "output_tokens")
    answer = Completion(final.output_text or text, endpoint.provider, final.model or endpoint.model, usage)
    return finished(endpoint, answer, ending, note)


def _ending(final: Response, refused: str) -> tuple[str, str]:
    """How the response ended, and what the server says about it; the event's name may contradict the status."""
    if final.error:
        return key_of_answer(None, {"code": final.error.code}, final.error.message), final.error.message
    if final.status == "incomplete":
        reason = (final.incomplete_details and final.incomplete_details.reason) or ""
        return _INCOMPLETE.get(reason, "stopped"), reason
    for item in final.output or ():
        for part in item.content if item.type == "message" else ():
            if part.type == "refusal":
                refused = part.refusal
    if refused:
        return "refusal", refused
    return ("whole", "") if final.status == "completed" else ("stopped", final.status or "")
