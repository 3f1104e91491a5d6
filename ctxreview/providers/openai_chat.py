"""Chat Completions: what Ollama, vLLM, llama.cpp, LM Studio and most gateways speak."""

from __future__ import annotations

from collections.abc import Generator

import openai
from openai.types.chat import ChatCompletionChunk
from openai.types.chat.completion_create_params import ResponseFormat

from ctxreview.model import Completion, Prompt, Usage
from ctxreview.providers import Endpoint, Progress
from ctxreview.providers.faults import fault, finished
from ctxreview.providers.wire import followed, is_stream

_ENDINGS = {None: "truncated", "stop": "whole", "length": "length", "content_filter": "content_filter"}
"""Finish reason to a key of the fault table; the others are for tools, which nobody offered."""


def chat(client: openai.OpenAI, endpoint: Endpoint, prompt: Prompt, progress: Progress) -> Completion:
    """Ask by ``POST /chat/completions``, within a :func:`~ctxreview.providers.wire.line`.

    Raises:
        ProviderError: the answer is not whole; what the SDK raises is the line's to translate.
    """

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
        return followed(endpoint, _read(endpoint, stream), progress)


def _read(endpoint: Endpoint, stream: openai.Stream[ChatCompletionChunk]) -> Generator[str, None, Completion]:
    pieces: list[str] = []
    refused: list[str] = []
    seen = False
    reason: str | None = None
    usage = Usage(None, None)
    model = endpoint.model
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
                yield choice.delta.content
    if not seen and not is_stream(stream.response):
        raise fault(endpoint, "not-a-stream")
    note = "".join(refused)
    ending = "refusal" if note else _ENDINGS.get(reason, "stopped")
    answer = Completion("".join(pieces), endpoint.provider, model, usage)
    return finished(endpoint, answer, ending, note or reason or "")
