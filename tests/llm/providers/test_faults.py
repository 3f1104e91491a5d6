"""Everything that can go wrong between a review and a model, as docs/providers.md promises it.

The command runs in this process, the servers are on 127.0.0.1, and nothing between the two is replaced.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ctxreview.cli import app as cli
from ctxreview.llm import store_file
from ctxreview.llm.providers.faults import LOCAL, SENTENCES
from tests import ROOT
from tests.samples import EXAMPLE, QUERY, READ_ONLY
from tests.servers import Answer, Told, chunk, delta, error, events, message, response, serving

KEY = "sk-test-5b0e77aa41d9c63f"
HARMLESS = json.dumps({"summary": "Leave it as it is.", "checklist": [], "suggestions": []})
DOCUMENT = (ROOT / "docs/providers.md").read_text("utf-8")


class Row(NamedTuple):
    """A row of the document's table."""

    sent: int
    status: int
    said: str


ROWS = {
    name: Row(int(sent), int(status), said)
    for name, sent, status, said in re.findall(r"^\| ([\w ,-]+) \| (\d) \| (\d) \| (.*?) ?\|$", DOCUMENT, re.MULTILINE)
}


class Api(NamedTuple):
    """How a provider is asked for, and where it is met."""

    options: tuple[str, ...]
    base: str
    path: str
    variable: str = "OPENAI_API_KEY"


APIS = {
    "responses": Api(("--provider", "openai"), "/v1", "/v1/responses"),
    "chat": Api(("--provider", "openai"), "/v1", "/v1/chat/completions"),
    "azure": Api((), "/openai/v1/", "/openai/v1/responses"),
    "anthropic": Api(("--provider", "anthropic"), "", "/v1/messages", "ANTHROPIC_API_KEY"),
    "local": Api(("--provider", "local"), "/v1", "/v1/chat/completions"),
}
USED = {
    "input_tokens": 2000, "output_tokens": 300, "total_tokens": 2300, "input_tokens_details": {"cached_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 0},
}  # fmt: skip
SPENT = {"anthropic": (11, 5)}


def whole(api: str, text: str = HARMLESS) -> Answer:
    """An answer that ends as it should."""
    if api == "anthropic":
        return Answer(events(*message(text[:20], text[20:])))
    if api in ("chat", "local"):
        used = {"prompt_tokens": 2000, "completion_tokens": 300, "total_tokens": 2300}
        last = chunk() | {"choices": [], "usage": used}
        return Answer(events(chunk(text[:20]), chunk(text[20:]), chunk(finish="stop"), last))
    return Answer(events(delta(text[:20]), delta(text[20:]), response("completed", text, usage=USED)))


def ended(api: str, how: str) -> Answer:
    """An answer that ends by ``refusal``, ``length`` or ``content_filter``."""
    if api == "anthropic":
        stop = {"length": "max_tokens"}.get(how, "refusal")
        return Answer(events(*message("{" if how == "length" else "", stop=stop)))
    if api in ("chat", "local"):
        if how == "refusal":
            return Answer(events(chunk(refusal="I cannot help."), chunk(finish="stop")))
        return Answer(events(chunk("{"), chunk(finish=how)))
    if how == "refusal":  # completed, and with an empty text
        part = {"type": "refusal", "refusal": "I cannot help."}
        item = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part]}
        return Answer(events(response("completed", output=[item])))
    reason = {"length": "max_output_tokens"}.get(how, how)
    return Answer(events(delta("{"), response("incomplete", "{", incomplete_details={"reason": reason})))


REFUSED_KEY: dict[str, dict[str, Any]] = {
    "responses": {"error": {"message": f"Incorrect API key provided: {KEY}.", "code": "invalid_api_key"}},
    "chat": {"object": "error", "message": "Unauthorized", "type": "AuthenticationError", "code": 401},
    "azure": {"error": {"code": "401", "message": "Access denied due to invalid subscription key."}},
    "anthropic": {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}},
    "local": {"error": {"message": "Invalid API Key", "type": "authentication_error", "code": 401}},
}
NO_MODEL: dict[str, dict[str, Any]] = {
    "responses": {"error": {"code": "model_not_found", "message": "The model `m-1` does not exist", "param": "model"}},
    "chat": {"object": "error", "message": "The model `m-1` does not exist.", "type": "NotFoundError", "code": 404},
    "azure": {"error": {"code": "DeploymentNotFound", "message": "The API deployment does not exist."}},
    "anthropic": {"type": "error", "error": {"type": "not_found_error", "message": "model: m-1"}},
    "local": {"error": {"message": 'model "m-1" not found, try pulling it first', "type": "not_found_error"}},
}
SOON = {"retry-after": "0.01"}


def broken(status: int, **headers: str) -> Answer:
    """An error answer that says nothing of its own."""
    return error(status, {"error": {"message": "no"}}, **headers)


def told(api: str, fault: str) -> list[Answer]:
    """What the server answers, one after the other."""
    first = whole(api).pieces[:1]
    return {
        "401": lambda: [error(401, REFUSED_KEY[api])],
        "403": lambda: [broken(403)],
        "404 model": lambda: [error(404, NO_MODEL[api])],
        "429 twice": lambda: [broken(429, **SOON), broken(429, **SOON), whole(api)],
        "429 for ever": lambda: [broken(429, **SOON)],
        "429 with a long wait": lambda: [broken(429, **{"retry-after": "3600"})],
        "500": lambda: [broken(500, **SOON)],
        "529": lambda: [broken(529, **SOON)],
        "slow first byte": lambda: [Answer(whole(api).pieces, before=1.5)],
        "endless": lambda: [Answer((b": alive\n\n",) * 60, pause=0.05)],
        "drop mid-stream": lambda: [Answer(first, reset=True)],
        "truncated stream": lambda: [Answer(first)],
        "invalid JSON": lambda: [whole(api, HARMLESS[:-20])],
        "schema ignored": lambda: [whole(api, "Sure! Here is my review: it looks fine."), whole(api)],
        "schema refused": lambda: [
            error(400, {"error": {"message": "json_schema is not supported in response_format"}}),
            whole(api),
        ],
        "refusal": lambda: [ended(api, "refusal")],
        "length stop": lambda: [ended(api, "length")],
        "content filter": lambda: [ended(api, "content_filter")],
        "empty": lambda: [whole(api, "")],
    }[fault]()


FAULTS = [name for name in ROWS if "," not in name]
WAITS = {
    "connect time-out": {"CTXREVIEW_CONNECT_SECONDS": "0.2"},
    "slow first byte": {"CTXREVIEW_READ_SECONDS": "0.3"},
    "endless": {"CTXREVIEW_TOTAL_SECONDS": "0.5"},
}


class Done(NamedTuple):
    """What a run of the command left."""

    status: int
    out: str
    err: str


class Desk:
    """A person who calls the command in the example's folder."""

    def __init__(self, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self._patch = patch
        self._capture = capture

    def review(self, api: str, url: str, *more: str, **variables: str) -> Done:
        """``ctxreview review`` as JSON."""
        options = (*APIS[api].options, "--base-url", url + APIS[api].base, "--model", "m-1", "--format", "json")
        arguments = ["ctxreview", "review", *options, *(more or (QUERY,))]
        with self._patch.context() as patch:
            patch.setattr("sys.argv", arguments)
            patch.setenv(APIS[api].variable, KEY)
            for name, value in variables.items():
                patch.setenv(name, value)
            try:
                cli.main()
                status = 0
            except SystemExit as end:
                status = int(end.code or 0)
        done = Done(status, *self._capture.readouterr())
        for text in (done.out, done.err):
            assert KEY[-8:] not in text
            assert "Traceback" not in text
        return done


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """No setting, proxy or key of this machine takes part."""
    for name in list(os.environ):
        if name.upper().endswith("_PROXY") or re.match(r"(OPENAI|ANTHROPIC|CTXREVIEW)_(?!STATE_DIR)|SSL_CERT", name):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(EXAMPLE)
    return Desk(monkeypatch, capsys)


@pytest.fixture
def server() -> Iterator[Told]:
    """A server that has nothing to say yet."""
    with serving() as running:
        yield running


@contextmanager
def deaf(listening: bool) -> Iterator[str]:
    """An address where nobody listens, or where somebody does and takes no more connections."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        if listening:
            server.listen(0)
            for _ in range(2):  # one more than the backlog holds
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def kept() -> list[dict[str, Any]]:
    """The store's rows, read past the code under test."""
    if not store_file.store_path().exists():
        return []
    with closing(sqlite3.connect(store_file.store_path())) as db:
        db.row_factory = sqlite3.Row
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        there = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'review'").fetchone()
        return [dict(row) for row in db.execute("SELECT * FROM review ORDER BY id")] if there else []


def promised(api: str, fault: str) -> Row:
    """The table's row for a fault of a provider."""
    return ROWS.get(f"{fault}, {api}", ROWS[fault])


def pattern(said: str, api: str, url: str) -> str:
    """The sentence of a row as a regular expression."""
    provider = APIS[api].options[1] if APIS[api].options else "openai"
    filled = {
        "WHO": re.escape(f"{provider} at {url.removeprefix('http://')}"),
        "PROVIDER": provider,
        "MODEL": "m-1",
        r"(?<!_)VARIABLE": APIS[api].variable,
        "SAID": "(?: \\(“[^”]+”\\))?",
        "WAIT": "(?: \\(it asks to wait [\\d.]+ s\\))?",
        r"(?<!_)SECONDS": r"[\d.]+",
        "LIMIT": r"\d+",
        "REASON": ".+",
    }
    made = re.escape(said)
    for word, meant in filled.items():
        made = re.sub(word, meant.replace("\\", r"\\"), made)
    return made


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("api", APIS)
def test_fault(desk: Desk, server: Told, api: str, fault: str) -> None:
    """Status, sentence and number of requests are those of the table; only a finished review is kept, and kept once."""
    path = APIS[api].path
    row = promised(api, fault)
    with ExitStack() as stack:
        url = server.url
        if fault in ("connection refused", "connect time-out"):
            url = stack.enter_context(deaf(fault == "connect time-out"))
        else:
            server.answers[path] = told(api, fault)
        done = desk.review(api, url, **WAITS.get(fault, {}))
    asked = [body for at, body in server.asked if at == path]
    assert (done.status, len(asked)) == (row.status, row.sent), done.err
    if row.status:
        assert done.out == ""
        assert re.fullmatch(pattern(row.said, api, url), done.err.splitlines()[-1]), done.err
        assert kept() == []
        server.answers[path] = [whole(api)]
        done = desk.review(api, server.url)
        assert len([at for at, _ in server.asked if at == path]) == len(asked) + 1
    assert done.status == 0, done.err
    found = json.loads(done.out)
    assert (found["status"], found["from_store"], found["summary"]) == ("complete", False, "Leave it as it is.")
    assert [r["answered_from"] for r in kept()] == [None]
    sent, got = SPENT.get(api, (2000, 300))
    times = 2 if fault == "schema ignored" else 1  # what had to be asked for again is paid, too
    assert (kept()[0]["prompt_tokens"], kept()[0]["reply_tokens"]) == (sent * times, got * times)
    assert found["usage"]["prompt_tokens"] == sent * times


def test_each_sentence_of_the_document_is_the_programs() -> None:
    """What the table says is what the program has, but for the words that are filled in."""
    words = {
        "WHO": "{who}", "MODEL": "{model}", "SAID": "{said}", "WAIT": "{wait}", "LIMIT": "{limit}",
        " (it asks to wait 3600 s)": "{wait}",
    }  # fmt: skip
    known = {re.sub(r"\{(connect|read|total)[^}]*\}", "SECONDS", s) for s in (*SENTENCES.values(), *LOCAL.values())}
    for name, row in ROWS.items():
        said = re.sub(r"(?<!_)VARIABLE", "{variable}", row.said)
        for word, field in words.items():
            said = said.replace(word, field)
        assert said in known or not said or name == "invalid JSON", name


@pytest.mark.parametrize("fault", ["500", "drop mid-stream", "invalid JSON", "length stop"])
def test_a_fault_among_several(desk: Desk, server: Told, fault: str) -> None:
    """Reviews before and after the one that failed are kept; the next run asks for that one alone.

    What would fail in the same way again, for the same money, is asked about where that is wanted.
    """
    path = APIS["responses"].path
    ok = whole("responses")
    row = ROWS[fault]
    server.answers[path] = [ok, *(told("responses", fault) * row.sent), ok]
    selections = (QUERY, READ_ONLY, "src/RecordService.cs:73")
    done = desk.review("responses", server.url, *selections, "--jobs", "1")
    assert done.status == 2
    first, failed, last = (json.loads(line) for line in done.out.splitlines())
    assert (first["status"], failed["schema"], last["status"]) == ("complete", "ctxreview.error/1", "complete")
    assert re.fullmatch(pattern(row.said, "responses", server.url), failed["error"])
    assert len(kept()) == 2
    server.asked.clear()
    more = ["--retry-failed"] if fault in ("invalid JSON", "length stop") else []
    if more:
        told_again = desk.review("responses", server.url, *selections, "--jobs", "1")
        assert (told_again.status, server.asked) == (2, [])
        assert failed["error"] in told_again.out
    again = desk.review("responses", server.url, *selections, "--jobs", "1", *more)
    assert [json.loads(line)["from_store"] for line in again.out.splitlines()] == [True, False, True]
    assert (again.status, len(server.asked)) == (0, 1)
    assert [r["answered_from"] for r in kept()] == [None, None, *([1, 2] if more else []), 1, None, 2]
