"""The providers against real HTTP: the SDKs are real, the servers are on 127.0.0.1."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import get_args

import pytest
from anthropic.types import Model
from llmock.scenarios import Delay, Fail, Match, Reply, SlowFirstToken, StreamFault
from llmock.testing import LLMockServer
from openai.types import ChatModel

from ctxreview.errors import ConfigError, ProviderError
from ctxreview.llm.providers import DEFAULT_MODELS, Endpoint, connect, count_tokens, resolve_url
from ctxreview.model.review import Prompt, Tokens
from tests.servers import Answer, Told, chunk, delta, error, events, message, response, serving

KEY = "sk-test-4f8a1c77d2e94b0f"
TEXT = '{"summary": "the update is read under the lock", "checklist": []}'
SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"summary": {"type": "string"}},
    "required": ["summary"],
    "additionalProperties": False,
}
PROMPT = Prompt("You review code.", "Is this safe?", SCHEMA, Tokens(10, 100, "estimate"))


@dataclass(frozen=True)
class Dialect:
    """One of the three APIs: its provider and its path under the provider's base address."""

    provider: str
    path: str


DIALECTS = {
    "responses": Dialect("openai", "/v1/responses"),
    "chat": Dialect("openai", "/v1/chat/completions"),
    "messages": Dialect("anthropic", "/v1/messages"),
}


@pytest.fixture(autouse=True)
def no_detours(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, address or key of this machine takes part."""
    for name in list(os.environ):
        if name.upper().endswith("_PROXY") or name.startswith(("OPENAI_", "ANTHROPIC_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def llmock() -> Iterator[LLMockServer]:
    """A scripted server for both providers."""
    with LLMockServer() as server:
        yield server


@pytest.fixture
def told() -> Iterator[Told]:
    """A server of our own, for what llmock cannot say."""
    with serving() as server:
        yield server


def endpoint(url: str, provider: str = "openai", **changes: object) -> Endpoint:
    """An endpoint at ``url`` that tries once; it waits longer than a busy machine ever takes."""
    fields = {"connect_seconds": 30.0, "read_seconds": 30.0, "total_seconds": 60.0, "retries": 0} | changes
    return Endpoint(provider, "m-1", url, KEY, **fields)  # type: ignore[arg-type]


def ask(where: Endpoint) -> str:
    """The text of one answer."""
    return connect(where)(PROMPT, lambda received: None).text


def mocked(server: LLMockServer, dialect: str, **changes: object) -> Endpoint:
    """An endpoint that meets ``dialect``: chat is found only when the Responses API is missing."""
    server.state.scenarios.clear()
    if dialect == "chat":
        server.state.scenarios.add(Fail(404, times=None, match=Match(path="/v1/responses")))
    provider = DIALECTS[dialect].provider
    return endpoint(server.base_url(provider), provider, **changes)


def sentence(raised: pytest.ExceptionInfo[ProviderError]) -> str:
    """The message, after the checks that hold for each: one line, one sentence, where, never the key."""
    text = str(raised.value)
    assert "\n" not in text
    assert text.endswith(".")
    assert ". " not in re.sub(r"“.*?”", "", text), "more than one sentence"
    assert KEY not in text
    assert KEY[-8:] not in text
    assert "127.0.0.1" in text
    assert raised.value.__cause__ is None
    return text


@pytest.mark.parametrize("dialect", DIALECTS)
def test_whole_answer(llmock: LLMockServer, dialect: str) -> None:
    """A whole answer comes back with its model and usage, and progress counts its characters."""
    where = mocked(llmock, dialect)
    llmock.state.scenarios.add(Reply(text=TEXT))
    seen: list[int] = []
    answer = connect(where)(PROMPT, seen.append)
    assert (answer.text, answer.provider, answer.model) == (TEXT, DIALECTS[dialect].provider, "m-1")
    assert answer.usage.prompt_tokens and answer.usage.reply_tokens
    assert answer.usage.cost is None
    assert seen == sorted(seen)
    assert seen[-1] == len(TEXT)
    assert len(seen) > 1


FAULTS = {
    "wrong key": (Fail(401, times=None), "did not accept the key: set (OPENAI|ANTHROPIC)_API_KEY"),
    "forbidden": (Fail(403, times=None), "does not let this key use m-1 .*another --model"),
    "unknown model": (Fail(404, message="model: m-1", times=None), "no model m-1 that this key may use.*--model"),
    "coded model": (Fail(400, code="model_not_found", times=None), "no model m-1 that this key may use"),
    "no credit": (Fail(402, times=None), "no credit is left"),
    "too long": (Fail(400, message="prompt is too long: 9 > 5", times=None), "too long for m-1 .*lower --budget"),
    "too large": (Fail(413, times=None), "too long for m-1"),
    "rejected": (Fail(400, message="odd", times=None), "rejected the request \\(“odd”\\)"),
    "429 for ever": (Fail(429, retry_after=0.01, times=None), "limiting requests .*ask again later"),
    "500": (Fail(500, retry_after=0.01, times=None), "failed on its side"),
    "503": (Fail(503, retry_after=0.01, times=None), "failed on its side"),
    "529": (Fail(529, retry_after=0.01, times=None), "is overloaded"),
    "no first byte": (Delay(1.0), "sent nothing for 0.4 s"),
    "slow first event": (SlowFirstToken(1.0), "sent nothing for 0.4 s"),
    "stall": (StreamFault("stall", after_chunks=5, stall_seconds=1.0), "sent nothing for 0.4 s"),
    "dropped": (StreamFault("disconnect", after_chunks=5), "dropped the connection before the answer was whole"),
    "truncated": (StreamFault("truncate", after_chunks=5), "ended the answer early"),
    "truncated at once": (StreamFault("truncate", after_chunks=0), "ended the answer early"),
    "garbled": (StreamFault("malformed", after_chunks=3), "sent something that its API does not define"),
    "length": (Reply(text=TEXT, finish_reason="length"), "cut the answer short, at 16000 tokens"),
    "empty": (Reply(text=""), "sent an empty answer"),
    "blank": (Reply(text=" \n "), "sent an empty answer"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_fault(llmock: LLMockServer, dialect: str, fault: str) -> None:
    """Each fault becomes its own sentence, in every dialect, after the SDK's retries."""
    scenario, pattern = FAULTS[fault]
    path = ("/anthropic" if dialect == "messages" else "") + DIALECTS[dialect].path
    patience = {"read_seconds": 0.4} if "sent nothing" in pattern else {}
    where = mocked(llmock, dialect, retries=2 if isinstance(scenario, Fail) else 0, **patience)
    llmock.state.scenarios.add(replace(scenario, match=Match(path=path)))
    if isinstance(scenario, StreamFault):
        llmock.state.scenarios.add(Reply(text=TEXT))
    with pytest.raises(ProviderError, match=pattern) as raised:
        ask(where)
    sentence(raised)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("status", [429, 500, 529])
def test_fault_that_passes(llmock: LLMockServer, dialect: str, status: int) -> None:
    """A server that fails twice and then answers costs two retries and no error."""
    path = ("/anthropic" if dialect == "messages" else "") + DIALECTS[dialect].path
    where = mocked(llmock, dialect, retries=2)
    llmock.state.scenarios.add(Fail(status, retry_after=0.01, times=2, match=Match(path=path)), Reply(text=TEXT))
    assert ask(where) == TEXT


REFUSED = {"type": "refusal", "refusal": "I cannot help."}
REFUSAL_ITEM = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [REFUSED]}
OVERLOAD = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}

ENDINGS = {
    "responses: refusal in a completed response": (
        "responses",
        (response(output=[REFUSAL_ITEM]),),
        "refused to answer .“I cannot help.”.: ask",
    ),
    "responses: length": (
        "responses",
        (delta("{"), response("incomplete", "{", incomplete_details={"reason": "max_output_tokens"})),
        "cut the answer short",
    ),
    "responses: content filter": (
        "responses",
        (response("incomplete", incomplete_details={"reason": "content_filter"}),),
        "content filter",
    ),
    "responses: failed": (
        "responses",
        (response("failed", error={"code": "server_error", "message": "oops"}),),
        "failed on its side .“oops”.",
    ),
    "responses: rate limit in the stream": (
        "responses",
        (delta("{"), response("failed", error={"code": "rate_limit_exceeded", "message": "slow"})),
        "limiting requests",
    ),
    "responses: error event": (
        "responses",
        (delta("{"), {"type": "error", "code": "server_error", "message": "oops", "sequence_number": 2}),
        "failed on its side .“oops”.",
    ),
    "responses: cancelled": ("responses", (response("cancelled") | {"type": "response.completed"},), "“cancelled”"),
    "responses: no final event": ("responses", (delta(TEXT),), "ended the answer early"),
    "chat: refusal": ("chat", (chunk(refusal="No."), chunk(finish="stop")), "refused to answer .“No.”."),
    "chat: content filter": ("chat", (chunk("{"), chunk(finish="content_filter")), "content filter"),
    "chat: tool call": ("chat", (chunk(finish="tool_calls"),), "stopped without finishing .* .“tool_calls”."),
    "chat: no finish reason": ("chat", (chunk(TEXT),), "ended the answer early"),
    "chat: error event": ("chat", (chunk("{"), {"error": {"message": "oom", "code": 500}}), "side .“oom”."),
    "chat: bare error": ("chat", ({"error": "oom"},), "failed on its side"),
    "messages: refusal": (
        "messages",
        message("I", stop="refusal", stop_details={"type": "refusal", "category": "cyber", "explanation": "Cyber."}),
        "refused to answer .“Cyber.”.",
    ),
    "messages: length": ("messages", message("{", stop="max_tokens"), "cut the answer short"),
    "messages: window": ("messages", message("{", stop="model_context_window_exceeded"), "cut the answer"),
    "messages: tool": ("messages", message("{", stop="tool_use"), "stopped without finishing"),
    "messages: no stop reason": ("messages", message(TEXT, stop=None), "ended the answer early"),
    "messages: error event": ("messages", (*message("{", stop=None), OVERLOAD), "is overloaded"),
}


def wired(told: Told, dialect: str, *answers: Answer, **changes: object) -> Endpoint:
    """An endpoint at the told server, which gives ``answers`` where ``dialect`` asks."""
    told.answers[DIALECTS[dialect].path] = list(answers)
    provider = DIALECTS[dialect].provider
    return endpoint(told.url + ("/v1" if provider == "openai" else ""), provider, **changes)


@pytest.mark.parametrize("name", ENDINGS)
def test_ending(told: Told, name: str) -> None:
    """Each way in which an answer ends without being one is told as what it is."""
    dialect, data, pattern = ENDINGS[name]
    with pytest.raises(ProviderError, match=pattern) as raised:
        ask(wired(told, dialect, Answer(events(*data))))
    sentence(raised)


GARBLED = {
    "responses": (
        {"type": "response.output_text.delta"},
        {"type": "response.completed", "response": {}},
        {"type": "error"},
    ),
    "chat": ({"choices": [{}]}, {"choices": [{"delta": None, "finish_reason": "stop"}]}, {"choices": 7}),
    "messages": (
        {"type": "content_block_delta"},
        {"type": "message_delta"},
        {"type": "content_block_delta", "delta": {"type": "text_delta"}},
    ),
}


@pytest.mark.parametrize(("dialect", "event"), [(d, event) for d, several in GARBLED.items() for event in several])
def test_event_without_its_fields(told: Told, dialect: str, event: dict[str, object]) -> None:
    """An event that lacks what its type promises is the server's fault and no traceback."""
    with pytest.raises(ProviderError, match="sent something that its API does not define") as raised:
        ask(wired(told, dialect, Answer(events(event, *message("x")[:1]))))
    sentence(raised)


WHOLE = {
    "responses": events(delta(TEXT[:9]), delta(TEXT[9:]), response("completed", TEXT)),
    "chat": events(chunk(TEXT[:9]), chunk(TEXT[9:]), chunk(finish="stop")),
    "messages": events(*message(TEXT[:9], TEXT[9:])),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_request(told: Told, dialect: str) -> None:
    """Each API's own schema feature carries the schema, and OpenAI is told to keep nothing."""
    assert ask(wired(told, dialect, Answer(WHOLE[dialect]))) == TEXT
    body = told.asked[-1][1]
    assert body["stream"] is True
    assert body["model"] == "m-1"
    strict = {"name": "review", "schema": SCHEMA, "strict": True}
    expected = {
        "responses": {
            "text": {"format": {"type": "json_schema", **strict}},
            "store": False,
            "max_output_tokens": 16000,
        },
        "chat": {"response_format": {"type": "json_schema", "json_schema": strict}, "max_tokens": 16000},
        "messages": {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}, "max_tokens": 16000},
    }
    assert expected[dialect].items() <= body.items()


def test_cached_input_is_counted(told: Told) -> None:
    """What Anthropic read from its cache is part of the prompt's tokens."""
    answer = connect(wired(told, "messages", Answer(WHOLE["messages"])))(PROMPT, lambda received: None)
    assert (answer.usage.prompt_tokens, answer.usage.reply_tokens) == (11, 5)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_reset(told: Told, dialect: str) -> None:
    """A connection reset in the middle of an answer is a dropped one, whatever the SDK raises."""
    with pytest.raises(ProviderError, match="dropped the connection") as raised:
        ask(wired(told, dialect, Answer(WHOLE[dialect][:1], reset=True)))
    sentence(raised)


MISSING = {
    "Ollama": Answer((b"404 page not found",), 404, "text/plain"),
    "vLLM": error(404, {"detail": "Not Found"}),
    "llama.cpp": error(404, {"error": {"code": 404, "message": "File Not Found", "type": "not_found_error"}}),
    "LM Studio": Answer((b'{"error":"Unexpected endpoint or method. (POST /v1/responses)"}',), 200, "application/json"),
    "Azure": error(404, {"error": {"code": "404", "message": "Resource not found"}}),
    "OpenAI": error(404, {"error": {"code": "unknown_url", "message": "Unknown request URL: POST /v1/responses."}}),
    "405": error(405, {"detail": "Method Not Allowed"}),
}


@pytest.mark.parametrize("server", MISSING)
def test_no_responses_api(told: Told, server: str) -> None:
    """A server without the Responses API is asked by chat, and asked so at once the next time."""
    told.answers["/v1/chat/completions"] = [Answer(WHOLE["chat"])]
    provider = connect(wired(told, "responses", MISSING[server]))
    assert [provider(PROMPT, lambda received: None).text for _ in range(2)] == [TEXT, TEXT]
    assert told.paths == ["/v1/responses", "/v1/chat/completions", "/v1/chat/completions"]


def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that are slept from here on, without sleeping; threads that run already sleep as they do."""
    waited: list[float] = []
    others = {t.ident for t in threading.enumerate() if t is not threading.current_thread()}
    really = time.sleep

    def slept(seconds: float) -> None:
        if threading.get_ident() in others:
            really(seconds)
        else:
            waited.append(seconds)

    monkeypatch.setattr(time, "sleep", slept)
    return waited


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("wait", [{"retry-after": "0.6"}, {"retry-after-ms": "600"}])
def test_retry_after_is_waited_for(
    told: Told, dialect: str, wait: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a server asks to wait is waited, and a tenth of it more at most."""
    busy = error(429, {"error": {"message": "slow down"}}, **wait)
    waited = sleeps(monkeypatch)
    assert ask(wired(told, dialect, busy, Answer(WHOLE[dialect]), retries=2)) == TEXT
    (once,) = (w for w in waited if w)  # the server's own pauses are 0
    assert 0.6 <= once <= 0.67


@pytest.mark.parametrize("dialect", DIALECTS)
def test_waits_grow_and_differ(told: Told, dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Retry-After each wait is about twice the one before, and no two runs wait the same."""
    waited = sleeps(monkeypatch)
    with pytest.raises(ProviderError, match="failed on its side"):
        ask(wired(told, dialect, error(500, {}), retries=4))
    waits = [w for w in waited if w]  # the server's own pauses are 0
    assert len(waits) == 4
    assert all(
        low <= wait <= high for wait, low, high in zip(waits, (0.37, 0.7, 1.4, 2.9), (0.5, 1, 2, 4), strict=True)
    )
    assert len({round(wait / 2**n, 6) for n, wait in enumerate(waits)}) == 4


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "final",
    [
        error(429, {"error": {"code": "insufficient_quota", "message": "You exceeded your current quota."}}),
        error(500, {"error": {"message": "no"}}, **{"x-should-retry": "false"}),
        error(402, {"error": {"message": "no"}}),
        error(501, {"error": {"type": "authentication_error", "code": "model_not_found", "message": "no"}}),
    ],
    ids=["quota", "told not to", "credit", "model"],
)
def test_what_does_not_pass_is_asked_once(told: Told, dialect: str, final: Answer) -> None:
    """An error that another request cannot mend is not asked for again, whatever its status."""
    with pytest.raises(ProviderError) as raised:
        ask(wired(told, dialect, final, retries=2))
    sentence(raised)
    assert told.paths.count(DIALECTS[dialect].path) == 1


UNKNOWN = {
    "Ollama": {"error": {"message": 'model "m-1" not found, try pulling it first', "type": "not_found_error"}},
    "vLLM": {"object": "error", "message": "The model `m-1` does not exist.", "type": "NotFoundError", "code": 404},
    "Azure": {"error": {"code": "DeploymentNotFound", "message": "The API deployment does not exist."}},
    "OpenAI": {"error": {"code": "model_not_found", "message": "The model `m-1` does not exist", "param": "model"}},
}


@pytest.mark.parametrize("server", UNKNOWN)
def test_unknown_model_is_not_a_missing_api(told: Told, server: str) -> None:
    """A 404 for the model is reported and not taken for a missing Responses API."""
    with pytest.raises(ProviderError, match="no model m-1 that this key may use") as raised:
        ask(wired(told, "responses", error(404, UNKNOWN[server])))
    sentence(raised)
    assert told.paths == ["/v1/responses"]


def test_nothing_at_this_address(told: Told) -> None:
    """A server that has neither API is told from a model that is missing as far as it can be."""
    with pytest.raises(ProviderError, match="no such address or no model m-1") as raised:
        ask(endpoint(told.url))
    assert "check --base-url" in sentence(raised)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_schema_rejected(told: Told, dialect: str) -> None:
    """A server that rejects the schema is asked once more: by the older name that small servers know, or without it."""
    reason = {"error": {"message": "response_format / output_config.format: json_schema is not supported"}}
    assert ask(wired(told, dialect, error(400, reason), Answer(WHOLE[dialect]))) == TEXT
    bodies = [body for path, body in told.asked if path == DIALECTS[dialect].path]
    assert len(bodies) == 2
    assert not {"text", "output_config"} & bodies[1].keys()
    older = {"response_format": {"type": "json_object", "schema": SCHEMA}} if dialect == "chat" else {}
    assert {k: v for k, v in bodies[1].items() if k == "response_format"} == older


def test_each_schema_rejected(told: Told) -> None:
    """llama-cpp-python calls a schema that it does not know an error of its own; it is asked on, and not again."""
    reason = {"error": {"message": "('body', 'response_format', 'type'): Input should be 'text' or 'json_object'"}}
    refused = [error(500, reason), error(422, reason)]
    assert ask(wired(told, "chat", *refused, Answer(WHOLE["chat"]), retries=2)) == TEXT
    bodies = [body for path, body in told.asked if path == DIALECTS["chat"].path]
    assert [body.get("response_format", {}).get("type") for body in bodies] == ["json_schema", "json_object", None]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_not_an_api(told: Told, dialect: str) -> None:
    """A web page that answers 200 is not mistaken for an empty or truncated answer."""
    page = Answer((b"<html><body>Welcome</body></html>",), 200, "text/html")
    told.answers["/v1/chat/completions"] = [page]
    with pytest.raises(ProviderError, match="did not answer as this API does: check --base-url") as raised:
        ask(wired(told, dialect, page))
    sentence(raised)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_key_never_shows(told: Told, dialect: str) -> None:
    """A server that quotes the key, whole or in part, with markup and escapes, is quoted without them."""
    text = f"<b>bad</b>\x1b[31m key {KEY}\n(starts {KEY[:12]}, ends {KEY[-9:]})"
    with pytest.raises(ProviderError, match="rejected the request") as raised:
        ask(wired(told, dialect, error(400, {"error": {"message": text}})))
    assert "(“bad [31m key [key] (starts [key], ends [key])”)" in sentence(raised)
    assert KEY not in repr(endpoint(told.url))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_redirect_is_not_followed(told: Told, dialect: str) -> None:
    """A redirect does not carry source code to another address."""
    told.answers["/elsewhere"] = [Answer(WHOLE[dialect])]
    with pytest.raises(ProviderError, match="redirects elsewhere") as raised:
        ask(wired(told, dialect, Answer((), 307, headers={"location": "/elsewhere", "content-length": "0"})))
    sentence(raised)
    assert "/elsewhere" not in told.paths


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("wait", ["3600", "Fri, 01 Jan 2123 00:00:00 GMT"])
def test_long_wait_is_not_waited(told: Told, dialect: str, wait: str) -> None:
    """A Retry-After beyond the limit ends the call at once, with the time in the sentence."""
    busy = error(429, {"error": {"message": "slow down"}}, **{"retry-after": wait})
    before = time.monotonic()
    with pytest.raises(ProviderError, match=r"it asks to wait \d+") as raised:
        ask(wired(told, dialect, busy, retries=2))
    assert time.monotonic() - before < 15
    sentence(raised)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_total_time(told: Told, dialect: str) -> None:
    """Keep-alive comments, which no SDK shows, do not stretch a call past its total time."""
    alive = Answer((b": alive\n\n",) * 400, pause=0.1)
    before = time.monotonic()
    with pytest.raises(ProviderError, match=r"did not finish within 0\.5 s") as raised:
        ask(wired(told, dialect, alive, total_seconds=0.5))
    assert time.monotonic() - before < 15
    sentence(raised)


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_connection_refused(provider: str) -> None:
    """Where nothing listens, the sentence says so and names the settings."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ProviderError, match=r"cannot be reached: .*--base-url") as raised:
        ask(endpoint(url, provider))
    sentence(raised)


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_unknown_host(provider: str) -> None:
    """A host name that does not exist cannot be reached, and an address's password is not shown."""
    with pytest.raises(ProviderError, match=r"at nowhere\.invalid cannot be reached") as raised:
        ask(endpoint("http://user:secret@nowhere.invalid/v1", provider))
    assert "secret" not in str(raised.value)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="how a full backlog behaves is the system's choice")
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_connect_timeout(provider: str) -> None:
    """A server that accepts no connection is given up after the connect time-out."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for client in (first, second):
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        with pytest.raises(ProviderError, match=r"did not accept a connection within 0\.2 s") as raised:
            ask(endpoint(url, provider, connect_seconds=0.2))
    sentence(raised)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("kind", [KeyboardInterrupt, ZeroDivisionError])
def test_interrupt_passes(told: Told, dialect: str, kind: type[BaseException]) -> None:
    """Ctrl-C and a bug in the caller's progress are not turned into provider errors."""

    def stop(received: int) -> None:
        raise kind

    with pytest.raises(kind):
        connect(wired(told, dialect, Answer(WHOLE[dialect])))(PROMPT, stop)


def test_count_tokens(told: Told) -> None:
    """Anthropic counts the prompt with its schema; openai has no such call here and is not asked."""
    told.answers["/v1/messages/count_tokens"] = [Answer((b'{"input_tokens": 42}',), kind="application/json")]
    assert count_tokens(endpoint(told.url, "anthropic"), PROMPT) == 42
    with pytest.raises(ConfigError, match="openai does not count tokens; anthropic does"):
        count_tokens(endpoint(told.url), PROMPT)
    assert told.paths == ["/v1/messages/count_tokens"]
    assert told.asked[0][1]["output_config"]["format"]["schema"] == SCHEMA


@pytest.mark.parametrize(
    ("answer", "pattern"),
    [
        (Answer((b"<html>hello</html>",), kind="text/html"), "did not answer as this API does"),
        (error(401, {"error": {"type": "authentication_error", "message": "no"}}), "set ANTHROPIC_API_KEY"),
    ],
)
def test_count_tokens_fails(told: Told, answer: Answer, pattern: str) -> None:
    """A count that cannot be had is a sentence, too."""
    told.answers["/v1/messages/count_tokens"] = [answer]
    with pytest.raises(ProviderError, match=pattern) as raised:
        count_tokens(endpoint(told.url, "anthropic"), PROMPT)
    sentence(raised)


@pytest.mark.parametrize(
    ("wrong", "pattern"),
    [
        (Endpoint("acme", "m"), "no provider 'acme': choose one of openai, anthropic"),
        (Endpoint("openai", "m"), "openai needs a key: set OPENAI_API_KEY"),
        (Endpoint("anthropic", "m"), "anthropic needs a key: set ANTHROPIC_API_KEY"),
        (Endpoint("openai", "m", "localhost:11434/v1"), "not an http:// or https:// URL: correct --base-url"),
        (Endpoint("openai", "m", "http://[half"), "not an http:// or https:// URL"),
        (Endpoint("openai", "m", api_key="sk-\u2026abc"), "characters that no valid key has: correct OPENAI_API_KEY"),
        (Endpoint("openai", "m", api_key="sk-a\nb"), "characters that no valid key has"),
    ],
)
def test_wrong_settings(wrong: Endpoint, pattern: str) -> None:
    """A setting that cannot work is reported before anything is sent."""
    with pytest.raises(ConfigError, match=pattern) as raised:
        connect(wrong)
    assert "sk-" not in str(raised.value)


def test_local_server_needs_no_key(told: Told) -> None:
    """A server at an address of one's own is asked without a key."""
    where = replace(wired(told, "responses", Answer(WHOLE["responses"])), api_key=None)
    assert ask(where) == TEXT


def test_address_from_the_environment(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who routes the SDK through a gateway by its variable is not bypassed."""
    monkeypatch.setenv("OPENAI_BASE_URL", told.url)
    assert resolve_url(Endpoint("openai", "m")).base_url == told.url


def test_default_models() -> None:
    """The default models are among those that the SDKs list."""
    known = {name for literal in get_args(Model) for name in get_args(literal)} | set(get_args(ChatModel))
    assert set(DEFAULT_MODELS.values()) <= known


def test_nothing_heavy_is_imported() -> None:
    """Importing the package imports neither SDK nor their transport."""
    code = (
        "import sys, ctxreview.llm.providers; print({'openai', 'anthropic', 'httpx2', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.skipif(
    "CTXREVIEW_TEST_OPENAI_BASE_URL" not in os.environ,
    reason="CTXREVIEW_TEST_OPENAI_BASE_URL names no OpenAI-compatible server",
)
def test_real_server() -> None:
    """A real OpenAI-compatible server answers with JSON that fits the schema."""
    where = Endpoint(
        "openai",
        os.environ.get("CTXREVIEW_TEST_OPENAI_MODEL", DEFAULT_MODELS["openai"]),
        os.environ["CTXREVIEW_TEST_OPENAI_BASE_URL"],
        os.environ.get("CTXREVIEW_TEST_OPENAI_API_KEY"),
    )
    prompt = replace(PROMPT, user='Summarise "x = 1" as JSON: {"summary": "..."}')
    assert "summary" in json.loads(connect(where)(prompt, lambda received: None).text)
