"""OpenAI's Responses API, Chat Completions where a server has only that.

The second is for compatible servers (Ollama, vLLM, llama.cpp, LM Studio, gateways); Azure's
``https://NAME.openai.azure.com/openai/v1/`` has the first.
"""

from __future__ import annotations

import httpx2
import openai
from openai.types.chat import ChatCompletionChunk
from openai.types.chat.completion_create_params import ResponseFormat
from openai.types.responses import Response, ResponseStreamEvent, ResponseTextConfigParam

from ctxreview.model import Completion, Prompt, Usage
from ctxreview.providers import Endpoint, Progress, Provider
from ctxreview.providers.causes import blames_schema, key_of, key_of_answer
from ctxreview.providers.faults import fault, finished
from ctxreview.providers.wire import line

_INCOMPLETE = {"max_output_tokens": "length", "content_filter": "content_filter"}
_FINISH = {None: "truncated", "stop": "whole", "length": "length", "content_filter": "content_filter"}
"""Reasons to keys of the fault table; the others are for tools, which nobody offered."""


class _NoResponses(Exception):
    """The server has no Responses API."""


def connect(endpoint: Endpoint) -> Provider:
    """Ask by ``POST /responses``, or ``/chat/completions`` from the first time the former is missing.

    ``endpoint`` must be :func:`~ctxreview.providers.located`.
    """
    has_responses = True

    def ask(prompt: Prompt, progress: Progress) -> Completion:
        nonlocal has_responses
        with line(endpoint, openai.OpenAIError) as http:
            client = _client(endpoint, http)
            if has_responses:
                try:
                    return _respond(client, endpoint, prompt, progress)
                except _NoResponses:
                    has_responses = False
            return _chat(client, endpoint, prompt, progress)

    return ask


def _client(endpoint: Endpoint, http: httpx2.Client) -> openai.OpenAI:
    return openai.OpenAI(
        api_key=endpoint.api_key,
        base_url=endpoint.base_url,
        http_client=http,
        timeout=http.timeout,
        max_retries=endpoint.retries,
    )


def _respond(client: openai.OpenAI, endpoint: Endpoint, prompt: Prompt, progress: Progress) -> Completion:
    def start(text: ResponseTextConfigParam | openai.Omit) -> openai.Stream[ResponseStreamEvent]:
        return client.responses.create(
            model=endpoint.model,
            instructions=prompt.system,
            input=prompt.user,
            max_output_tokens=endpoint.max_reply_tokens,
            text=text,
            store=False,  # the default keeps the source code on the server for a month
            stream=True,
        )

    schema: ResponseTextConfigParam = {
        "format": {"type": "json_schema", "name": "review", "schema": prompt.schema, "strict": True}
    }
    try:
        try:
            stream = start(schema)
        except openai.BadRequestError as error:
            if not blames_schema(error):
                raise
            stream = start(openai.omit)
    except openai.APIStatusError as error:
        # A model that does not exist is a 404 too. In doubt chat is tried: it says the same of a model.
        if error.status_code in (404, 405, 501) and key_of(error) != "model":
            raise _NoResponses from error
        raise
    with stream:
        return _read_response(endpoint, stream, progress)


def _read_response(endpoint: Endpoint, stream: openai.Stream[ResponseStreamEvent], progress: Progress) -> Completion:
    pieces: list[str] = []
    refused: list[str] = []
    received = 0
    seen = False
    final: Response | None = None
    for event in stream:
        seen = True
        match event.type:
            case "response.output_text.delta":
                pieces.append(event.delta)
                received += len(event.delta)
                progress(received)
            case "response.refusal.delta":
                refused.append(event.delta)
            case "response.completed" | "response.incomplete" | "response.failed":
                final = event.response
            case "error":
                raise fault(endpoint, key_of_answer(None, {"code": event.code}, event.message), event.message)
    if not seen and not _is_stream(stream):
        raise _NoResponses  # LM Studio answers 200 with {"error": "Unexpected endpoint or method"}
    if final is None:
        raise fault(endpoint, "truncated")
    ending, note = _ending(final, "".join(refused))
    usage = Usage(final.usage and final.usage.input_tokens, final.usage and final.usage.output_tokens)
    return finished(endpoint, "".join(pieces) or final.output_text, ending, usage, final.model, note)


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


def _chat(client: openai.OpenAI, endpoint: Endpoint, prompt: Prompt, progress: Progress) -> Completion:
    def start(response_format: ResponseFormat | openai.Omit) -> openai.Stream[ChatCompletionChunk]:
        return client.chat.completions.create(
            model=endpoint.model,
            messages=[{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
            max_tokens=endpoint.max_reply_tokens,  # the old name: local servers ignore the new one
            response_format=response_format,
            stream_options={"include_usage": True},
            stream=True,
        )

    schema: ResponseFormat = {
        "type": "json_schema",
        "json_schema": {"name": "review", "schema": prompt.schema, "strict": True},
    }
    try:
        stream = start(schema)
    except (openai.BadRequestError, openai.UnprocessableEntityError):
        # Whatever the reason given: small servers give odd ones, and a second refusal costs nothing.
        stream = start(openai.omit)
    with stream:
        return _read_chat(endpoint, stream, progress)


def _read_chat(endpoint: Endpoint, stream: openai.Stream[ChatCompletionChunk], progress: Progress) -> Completion:
    pieces: list[str] = []
    refused: list[str] = []
    received = 0
    seen = False
    reason: str | None = None
    usage = Usage(None, None)
    model = ""
    for chunk in stream:
        seen = True
        model = chunk.model or model
        if chunk.usage:
            usage = Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
        for choice in chunk.choices or ():
            reason = choice.finish_reason or reason
            refused.append(choice.delta.refusal or "")
            if choice.delta.content:
                pieces.append(choice.delta.content)
                received += len(choice.delta.content)
                progress(received)
    if not seen and not _is_stream(stream):
        raise fault(endpoint, "not-a-stream")
    note = "".join(refused)
    ending = _FINISH.get(reason, "stopped")
    return finished(endpoint, "".join(pieces), "refusal" if note else ending, usage, model, note or reason or "")


def _is_stream(stream: openai.Stream[ResponseStreamEvent] | openai.Stream[ChatCompletionChunk]) -> bool:
    return "event-stream" in stream.response.headers.get("content-type", "")
