"""Chat Completions: what Ollama, vLLM, llama.cpp, LM Studio and most gateways speak."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import httpx2
import openai
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.completion_create_params import ResponseFormat

from ctxreview.llm.providers import Endpoint, Progress
from ctxreview.llm.providers.causes import blames_schema, said
from ctxreview.llm.providers.faults import Pieces, fault, finished, used
from ctxreview.llm.providers.wire import EventClasses, followed, is_stream
from ctxreview.model.review import Completion, Prompt, Usage

_ENDINGS = {None: "truncated", "stop": "whole", "length": "length", "content_filter": "content_filter"}
"""Finish reason to a key of the fault table; the others are for tools, which nobody offered."""


def _some(http: httpx2.Client) -> openai.Stream[ChatCompletionChunk]:
    return openai.OpenAI(api_key="-", base_url="http://-/", http_client=http).chat.completions.create(
        model="-", messages=[], stream=True
    )


_CLASSES = EventClasses(
    _some,
    {
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    },
)

_REFUSALS = (openai.BadRequestError, openai.UnprocessableEntityError, openai.InternalServerError)

_Start = Callable[[ResponseFormat | openai.Omit], openai.Stream[ChatCompletionChunk]]


def body(endpoint: Endpoint, prompt: Prompt) -> dict[str, Any]:
    """What is sent to ask about ``prompt``, but for how the answer comes."""
    return {
        "model": endpoint.model,
        "messages": [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
        "max_tokens": endpoint.max_reply_tokens,  # the old name: local servers ignore the new one
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "review", "schema": prompt.schema, "strict": True},
        },
    }


def chat(client: openai.OpenAI, endpoint: Endpoint, prompt: Prompt, progress: Progress) -> Completion:
    """Ask by ``POST /chat/completions``, within a :func:`~ctxreview.llm.providers.wire.http_client`.

    Raises:
        ProviderError: the answer is not whole; what the SDK raises is the line's to translate.
    """

    _CLASSES.begin()
    sent = body(endpoint, prompt)

    def start(response_format: ResponseFormat | openai.Omit) -> openai.Stream[ChatCompletionChunk]:
        how = sent | {"response_format": response_format, "stream_options": {"include_usage": True}}
        made: openai.Stream[ChatCompletionChunk] = client.chat.completions.create(**how, stream=True)
        return made

    try:
        stream = start(sent["response_format"])
    except _REFUSALS as error:
        blamed = blames_schema(said(error))
        if error.status_code >= 500 and not blamed:
            raise
        # Whatever the reason given: small servers give odd ones, and another refusal costs nothing.
        stream = _start_older(start, prompt) if blamed else start(openai.omit)
    with stream:
        _CLASSES.wait()
        return followed(endpoint, _read(endpoint, stream), progress)


def _start_older(start: _Start, prompt: Prompt) -> openai.Stream[ChatCompletionChunk]:
    """With the schema as llama-cpp-python knows it, where it becomes a grammar; without, where that is refused too."""
    # Not among the SDK's types: https://llama-cpp-python.readthedocs.io/en/latest/#json-schema-mode
    form: Any = {"type": "json_object", "schema": prompt.schema}
    try:
        return start(form)
    except _REFUSALS:
        return start(openai.omit)


def _read(endpoint: Endpoint, stream: openai.Stream[ChatCompletionChunk]) -> Generator[str, None, Completion]:
    pieces, refused = Pieces(endpoint), Pieces(endpoint)
    seen = False
    reason: str | None = None
    usage = Usage(None, None)
    model = endpoint.model
    for chunk in stream:
        seen = True
        model = chunk.model or model
        if chunk.usage:
            usage = used(chunk.usage, "prompt_tokens", "completion_tokens")
        for choice in chunk.choices or ():
            reason = choice.finish_reason or reason
            refused.add(choice.delta.refusal or "")
            if choice.delta.content:
                pieces.add(choice.delta.content)
                yield choice.delta.content
    if not seen and not is_stream(stream.response):
        raise fault(endpoint, "not-a-stream")
    note = str(refused)
    ending = "refusal" if note else _ENDINGS.get(reason, "stopped")
    answer = Completion(str(pieces), endpoint.provider, model, usage)
    return finished(endpoint, answer, ending, note or reason or "")


def completion(endpoint: Endpoint, answered: ChatCompletion) -> Completion:
    """A completion that came whole. Raises ProviderError where it is not an answer."""
    usage = used(answered.usage, "prompt_tokens", "completion_tokens")
    if not answered.choices:
        raise fault(endpoint, "empty")
    (choice, *_) = answered.choices
    note = choice.message.refusal or ""
    ending = "refusal" if note else _ENDINGS.get(choice.finish_reason, "stopped")
    answer = Completion(choice.message.content or "", endpoint.provider, answered.model or endpoint.model, usage)
    return finished(endpoint, answer, ending, note or choice.finish_reason)
