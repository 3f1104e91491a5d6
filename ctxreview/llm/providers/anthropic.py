"""Anthropic's Messages API, and servers that speak it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import anthropic
import httpx2
from anthropic.types import Message, MessageParam, OutputConfigParam, RawMessageStreamEvent

from ctxreview.llm.providers import Endpoint, Progress, Provider
from ctxreview.llm.providers.causes import blames_schema, said
from ctxreview.llm.providers.faults import Pieces, fault, finished, tokens
from ctxreview.llm.providers.wire import EventClasses, client, followed, http_client, is_stream
from ctxreview.model.review import Completion, Prompt, Usage

_ENDINGS = {
    None: "truncated",
    "end_turn": "whole",
    "stop_sequence": "whole",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}
"""Stop reason to a key of the fault table; the others are for tools, which nobody offered."""


def _some(http: httpx2.Client) -> anthropic.Stream[RawMessageStreamEvent]:
    sdk = anthropic.Anthropic(api_key="-", base_url="http://-/", http_client=http)
    return sdk.messages.create(model="-", max_tokens=1, messages=[], stream=True)


_CLASSES = EventClasses(
    _some,
    {"type": "message_start", "message": {"type": "message", "role": "assistant", "content": [], "usage": {}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": ""}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {}},
    {"type": "message_stop"},
)


def connect(endpoint: Endpoint) -> Provider:
    """Ask by ``POST /v1/messages``. ``endpoint`` must be :func:`~ctxreview.llm.providers.resolve_url`."""

    def ask(prompt: Prompt, progress: Progress) -> Completion:
        _CLASSES.begin()
        with (
            http_client(endpoint, anthropic.AnthropicError) as http,
            _open(client(anthropic.Anthropic, endpoint, http), endpoint, prompt) as stream,
        ):
            _CLASSES.wait()
            return followed(endpoint, _read(endpoint, stream), progress)

    return ask


def count_tokens(endpoint: Endpoint, prompt: Prompt) -> int:
    """Input tokens as Anthropic counts them, schema included.

    Raises:
        ProviderError: the count could not be had.
    """
    with http_client(endpoint, anthropic.AnthropicError) as http:
        answer = client(anthropic.Anthropic, endpoint, http).messages.count_tokens(
            model=endpoint.model,
            system=prompt.system,
            messages=_messages(prompt),
            output_config=_schema(prompt),
        )
    count = tokens(getattr(answer, "input_tokens", None))
    if count is None:  # the SDK does not validate: a proxy's HTML page arrives as text
        raise fault(endpoint, "not-a-stream")
    return count


def _messages(prompt: Prompt) -> list[MessageParam]:
    return [{"role": "user", "content": prompt.user}]


def _schema(prompt: Prompt) -> OutputConfigParam:
    return {"format": {"type": "json_schema", "schema": prompt.schema}}


def body(endpoint: Endpoint, prompt: Prompt) -> dict[str, Any]:
    """What is sent to ask about ``prompt``, but for how the answer comes."""
    return {
        "model": endpoint.model,
        "max_tokens": endpoint.max_reply_tokens,
        "system": prompt.system,
        "messages": _messages(prompt),
        "output_config": _schema(prompt),
    }


def _open(sdk: anthropic.Anthropic, endpoint: Endpoint, prompt: Prompt) -> anthropic.Stream[RawMessageStreamEvent]:
    def start(**sent: Any) -> anthropic.Stream[RawMessageStreamEvent]:
        stream: anthropic.Stream[RawMessageStreamEvent] = sdk.messages.create(**sent, stream=True)
        return stream

    sent = body(endpoint, prompt)
    try:
        return start(**sent)
    except anthropic.BadRequestError as error:
        # Older models and compatible servers have no schemas; the prompt says the form in words too.
        if not blames_schema(said(error)):
            raise
        return start(**sent | {"output_config": anthropic.omit})


def _read(endpoint: Endpoint, stream: anthropic.Stream[RawMessageStreamEvent]) -> Generator[str, None, Completion]:
    pieces = Pieces(endpoint)
    started: Message | None = None
    reason: str | None = None
    note = ""
    spent: int | None = None
    for event in stream:
        match event.type:
            case "message_start":
                started = event.message
            case "content_block_delta" if event.delta.type == "text_delta":
                pieces.add(event.delta.text)
                yield event.delta.text
            case "message_delta":
                reason = event.delta.stop_reason
                note = (event.delta.stop_details and event.delta.stop_details.explanation) or ""
                spent = tokens(getattr(event.usage, "output_tokens", None))
    if started is None:
        raise fault(endpoint, "truncated" if is_stream(stream.response) else "not-a-stream")
    usage = Usage(_input_tokens(started), spent)
    answer = Completion(str(pieces), endpoint.provider, started.model or endpoint.model, usage)
    return finished(endpoint, answer, _ENDINGS.get(reason, "stopped"), note or reason or "")


def completion(endpoint: Endpoint, message: Message) -> Completion:
    """A message that came whole. Raises ProviderError where it is not an answer."""
    details = getattr(message, "stop_details", None)
    note = (details and details.explanation) or ""
    text = "".join(block.text for block in message.content or () if block.type == "text")
    usage = Usage(_input_tokens(message), tokens(getattr(message.usage, "output_tokens", None)))
    answer = Completion(text, endpoint.provider, message.model or endpoint.model, usage)
    reason = message.stop_reason
    return finished(endpoint, answer, _ENDINGS.get(reason, "stopped"), note or reason or "")


def _input_tokens(message: Message) -> int | None:
    """All that was read: the API counts apart what came from its cache and what went into it."""
    read = tokens(getattr(message.usage, "input_tokens", None))
    for name in ("cache_creation_input_tokens", "cache_read_input_tokens"):
        more = tokens(getattr(message.usage, name, None) or 0)
        read = None if read is None or more is None else read + more
    return read
