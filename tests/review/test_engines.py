"""Questions submitted to the providers' batch engines: sent once, answered in any order, fetched as often as wanted, never lost."""

from __future__ import annotations

import json
import os
import re
import shlex
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from ctxreview.cli.app import app
from ctxreview.llm import batches, store
from ctxreview.llm.providers import anthropic_batches, openai_batches
from tests import ROOT
from tests.commands import run_on_terminal, start_command
from tests.engines import ANTHROPIC_ID, HARMLESS, Engines, engines
from tests.llm.providers.test_faults import whole
from tests.llm.providers.test_network import environment, run
from tests.servers import serving

CLASS = "class C{n} {{\n    object _gate = new(); int _count;\n    public void Add() {{\n        lock (_gate) {{ _count++; }}\n    }}\n}}\n"
COUNT = 5
BASE = {"openai": "/v1", "anthropic": ""}
MADE = {"openai": "POST /v1/batches", "anthropic": "POST /v1/messages/batches"}
LIVE = ("POST /v1/responses", "POST /v1/chat/completions", "POST /v1/messages")
PRICES = """\
currency = "USD"
[[price]]
host = "127.0.0.1"
models = ["m-1", "gpt-6.2-sol"]
prompt = 2.0
reply = 10.0
read = 2026-11-30
source = "a test"
"""
both = pytest.mark.parametrize("api", ["openai", "anthropic"])


@pytest.fixture
def server() -> Iterator[Engines]:
    """A server of both APIs."""
    with engines() as running:
        yield running


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A repository, the selections in it, and prices."""
    for n in range(COUNT):
        (tmp_path / f"C{n}.cs").write_text(CLASS.format(n=n))
    (tmp_path / "all.txt").write_text("".join(f"C{n}.cs:4\n" for n in range(COUNT)))
    (tmp_path / "ctxreview").mkdir()
    (tmp_path / "ctxreview" / "prices.toml").write_text(PRICES)
    return tmp_path


class Desk:
    """A person with a repository, a store of their own, and a server."""

    def __init__(self, code: Path, server: Engines, api: str) -> None:
        self.code, self.server, self.api = code, server, api
        self.state = code / "state" / "reviews.sqlite3"
        self.at = ["--base-url", server.url + BASE[api]]
        self.same = ["--selections", "all.txt", "--root", ".", "--provider", api, "--model", "m-1"]
        self.own = {
            "CTXREVIEW_STATE_DIR": str(code / "state"),
            "ANTHROPIC_API_KEY": "sk-ant-1",
            "CTXREVIEW_RETRIES": "0",
        }

    def batch(self, *arguments: str, **variables: str) -> CompletedProcess[str]:
        """``ctxreview batch`` with some arguments; the person's settings name the server."""
        return run(
            self.code, "batch", *arguments, where=self.code, CTXREVIEW_BASE_URL=self.at[1], **self.own, **variables
        )

    def submit(self, *more: str) -> CompletedProcess[str]:
        return self.batch("submit", *self.same, *more)

    def fetched(self, *more: str) -> tuple[int, list[dict[str, Any]]]:
        """Status and documents of ``batch fetch``."""
        done = self.batch("fetch", *more, "--format", "json")
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    def reviewed(self) -> tuple[int, str, list[dict[str, Any]]]:
        """Status, last line and documents of the batch with the same selections."""
        done = self.batch(*self.same)
        return done.returncode, done.stderr.splitlines()[-1], [json.loads(line) for line in done.stdout.splitlines()]

    def asked_live(self) -> int:
        """Questions that were asked without a batch."""
        return sum(self.server.log.count(path) for path in LIVE)

    def rows(self, what: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.state)) as db:
            return db.execute(what).fetchall()


@pytest.fixture
def desk(code: Path, server: Engines, api: str) -> Desk:
    """A person with that repository and that server."""
    return Desk(code, server, api)


@both
def test_the_whole_walk(desk: Desk, api: str) -> None:
    """What is submitted is asked nowhere else, comes back in any order, and becomes the reviews that asking would have given, at half price."""
    planned = desk.submit("--dry-run")
    assert (planned.returncode, desk.server.log) == (0, [])
    assert re.search(r"A batch of 5 questions to \w+ \(m-1\) at 127.0.0.1, [\d,]+ tokens, about \$0.0", planned.stdout)
    sent = desk.submit()
    assert (sent.returncode, len(desk.server.made)) == (0, 1), sent.stderr
    name = desk.server.made[0].id
    assert sent.stdout.startswith(f"{name}: 5 questions to {api} (m-1)")
    assert all(ANTHROPIC_ID.fullmatch(key) for key in desk.server.asked)
    again = desk.submit()
    assert (again.returncode, again.stdout, len(desk.server.made)) == (0, "", 1)
    assert f"5 questions of these: in the batch {name}" in again.stderr
    status = desk.batch("status")
    assert (status.returncode, "under way (in_progress), 0 answered." in status.stdout) == (0, True)
    assert desk.fetched()[0] == 2
    assert desk.reviewed()[:2] == (2, "5 selections: 0 reviewed, 5 not asked; 0 tokens.")
    desk.server.end()
    assert "can be fetched" in desk.batch("status").stdout
    state, (told,) = desk.fetched()
    assert (state, told["state"], told["answered"], told["failures"]) == (0, "fetched", 5, [])
    each = (2000 * 2.0 + 300 * 10.0) / 1e6 / 2
    assert told["cost"] == pytest.approx(5 * each)
    assert desk.fetched() == (0, [])
    assert desk.fetched(name)[1] == [told], "as often as wanted"
    status_, line, reviews = desk.reviewed()
    assert (status_, line) == (0, "5 selections: 5 reviewed; 0 tokens.")
    assert [r["context"]["selection"]["path"] for r in reviews] == [f"C{n}.cs" for n in range(COUNT)]
    assert {r["summary"] for r in reviews} == {"Leave it as it is."}
    assert [r["usage"]["cost"] for r in reviews] == [pytest.approx(each)] * COUNT
    assert desk.asked_live() == 0
    assert desk.rows("SELECT count(*) FROM answer") == [(0,)]


@both
def test_what_is_sent_is_what_would_be_asked(desk: Desk, api: str) -> None:
    """The body of a request in a batch is that of the question as it is asked otherwise, but for the stream."""
    assert desk.submit().returncode == 0
    with serving() as told:
        path = "/v1/messages" if api == "anthropic" else "/v1/responses"
        told.answers[path] = [whole("anthropic" if api == "anthropic" else "responses")]
        where = ["--base-url", told.url + BASE[api]]
        assert run(desk.code, "batch", *desk.same, *where, where=desk.code, **desk.own).returncode == 0
    inner = "params" if api == "anthropic" else "body"
    sent = [request[inner] for request in desk.server.made[0].requests]
    asked = [{k: v for k, v in body.items() if k != "stream"} for _, body in told.asked]
    assert sorted(json.dumps(b, sort_keys=True) for b in sent) == sorted(json.dumps(b, sort_keys=True) for b in asked)


@both
def test_what_became_of_each(desk: Desk) -> None:
    """Refused and cut answers are final, expired and failed ones are asked again: each is told with its selection, and nothing is paid twice."""
    ways = ["answered", "refused", "expired", "errored", "cut"]
    desk.server.becomes = lambda number, request: ways[number]
    assert desk.submit().returncode == 0
    desk.server.end()
    done = desk.batch("fetch")
    assert done.returncode == 2
    assert "fetched, 1 answered, 4 without an answer; $" in done.stdout
    assert (
        "C2.cs:4 (" in done.stderr and "did not answer within the 24 hours that a batch has: ask again." in done.stderr
    )
    (told,) = desk.fetched(desk.server.made[0].id)[1]
    assert {f["selection"]: f["fault"] for f in told["failures"]} == {
        "C1.cs:4": "refusal", "C2.cs:4": "expired", "C3.cs:4": "5xx" if desk.api == "openai" else "529", "C4.cs:4": "length",
    }  # fmt: skip
    assert {f["key"] for f in told["failures"]} <= set(desk.server.asked)
    desk.server.becomes = lambda number, request: "answered"
    assert desk.submit().returncode == 0
    assert len(desk.server.made[1].requests) == 2, "those that expired and failed"
    desk.server.end()
    assert desk.fetched()[0] == 0
    status, line, _ = desk.reviewed()
    assert (status, line, desk.asked_live()) == (2, "5 selections: 3 reviewed, 2 failed; 0 tokens.", 0)
    assert desk.submit("--retry-failed").returncode == 0
    assert len(desk.server.made[2].requests) == 2, "those that were refused and cut"
    desk.server.end()
    assert desk.fetched()[0] == 0
    assert desk.reviewed()[:2] == (0, "5 selections: 5 reviewed (3 from the store); 0 tokens.")
    assert desk.asked_live() == 0


@both
def test_killed_while_it_is_made(desk: Desk, api: str) -> None:
    """A process that is killed after the batch was made, and before it knew, loses nothing: the batch is found, and not made again."""
    desk.server.hangs = re.escape(MADE[api])
    variables = environment(desk.code, CTXREVIEW_BASE_URL=desk.at[1], **desk.own)
    running = start_command("batch", "submit", *desk.same, cwd=desk.code, env=variables)
    latest = time.monotonic() + 60
    while not desk.server.made and time.monotonic() < latest:
        time.sleep(0.01)
    running.kill()
    running.wait(60)
    desk.server.hangs = ""
    assert desk.rows("SELECT state, batch FROM batch") == [("sending", "")]
    assert desk.submit().returncode == 0
    assert len(desk.server.made) == 1
    if api == "openai":
        assert desk.rows("SELECT state, batch FROM batch") == [("open", "batch_0")], "by our name"
    else:
        told = desk.batch("status")
        assert "it is not known yet whether it was made" in told.stdout, "its results will tell"
        assert desk.fetched()[0] == 2
    assert desk.reviewed()[0] == 2
    desk.server.end()
    assert desk.fetched()[0] == 0
    assert desk.reviewed()[:2] == (0, "5 selections: 5 reviewed; 0 tokens.")
    assert (len(desk.server.made), desk.asked_live()) == (1, 0)


@both
def test_a_gateway_that_gives_up(desk: Desk, api: str) -> None:
    """Whether a batch was made is not known after a 502: it is said, found out later, and until then nothing is asked again."""
    desk.server.mute = re.escape(MADE[api])
    sent = desk.submit()
    assert sent.returncode == 2
    assert re.search(r"Whether the batch \w+ was made is not known; ctxreview batch status finds out\.", sent.stderr)
    assert len(desk.server.made) == 1, "nor is it tried again"
    desk.server.mute = ""
    desk.server.becomes = lambda number, request: "expired"
    desk.server.end()
    assert desk.fetched()[0] == 2
    desk.server.mute = re.escape(MADE[api])
    assert desk.submit().returncode == 2
    desk.server.mute = ""
    assert desk.fetched()[0] == 2, "the one before had the same questions, and is not taken for this one"
    desk.server.becomes = lambda number, request: "answered"
    desk.server.end()
    assert desk.fetched()[0] == 0
    assert desk.reviewed()[0] == 0
    assert (len(desk.server.made), desk.asked_live()) == (2, 0)


@both
def test_never_made(desk: Desk, api: str) -> None:
    """What certainly was not made is asked again by the next submit; before that is certain it is not, unless somebody gives it up."""
    assert desk.submit().returncode == 0
    batch = desk.server.made.pop()
    for other in range(3):  # of somebody else, as large and with other ids
        desk.server.made.append(
            type(batch)(
                f"{batch.id}{other}", [r | {"custom_id": f"x{n}"} for n, r in enumerate(batch.requests)], batch.endpoint
            )
        )
    desk.server.end()
    with closing(sqlite3.connect(desk.state)) as db, db:
        db.execute("UPDATE batch SET state = 'sending', batch = ''")
    assert "it is not known yet" in desk.batch("status").stdout
    assert "There is nothing to submit." in desk.submit().stderr
    with closing(sqlite3.connect(desk.state)) as db, db:
        db.execute("UPDATE batch SET until = ?", (datetime(2026, 1, 1, tzinfo=UTC).isoformat(),))
    assert "are in no batch, and asked again by the next submit" in desk.batch("status").stdout
    assert desk.submit().returncode == 0
    assert len(desk.server.made) == 4
    desk.server.made.pop()
    gone = desk.batch("fetch")
    assert (gone.returncode, "does not know this batch" in gone.stderr) == (2, True)
    assert desk.batch("cancel", "--forget").returncode == 0
    assert desk.submit().returncode == 0
    assert len(desk.server.made) == 4


@both
def test_hostile_results(desk: Desk, api: str) -> None:
    """Lines that are damaged, too long, too deep, of somebody else or there twice are counted and left out; all others are kept."""
    desk.server.results_url = "http://127.0.0.1:9/elsewhere"
    assert desk.submit().returncode == 0
    key = desk.server.asked[0]
    foreign = json.dumps(
        {"custom_id": "f" * 64, "result": {"type": "expired"}, "error": {"code": "batch_expired"}}
    ).encode()
    desk.server.extra = [
        b"{", b"", b"\xff\xfe", b"[" * 200 + b"]" * 200, b"null", b'{"custom_id": 7}', b'{"n": ' + b"9" * 500 + b"}",
        json.dumps({"custom_id": key}).encode(), b'"' + b"x" * (5 * 2**20) + b'"', foreign, foreign,
        json.dumps({"custom_id": key, "result": {"type": "succeeded", "message": 3}, "response": {"status_code": "no"}}).encode(),
    ]  # fmt: skip
    desk.server.end()
    done = desk.batch("fetch")
    assert done.returncode == 0, done.stderr
    assert "fetched, 5 answered; $" in done.stdout
    assert re.search(r": \d+ lines of the results cannot be read, and were left out\.", done.stderr)
    assert "2 lines of the results were about nothing that was asked, or came twice." in done.stderr
    assert len(done.stderr.splitlines()) == 3
    assert desk.reviewed()[0] == 0


@both
def test_results_that_lack_something(desk: Desk) -> None:
    """What the server counts and does not give is waited for; results without an end are read as far as answers can go, and kept."""
    assert desk.submit().returncode == 0
    desk.server.end()
    (batch,) = desk.server.made
    file = batch.files.get("output")
    lines = desk.server.files[file].splitlines() if file else batch.lines
    if file:
        desk.server.files[file] = b"\n".join(lines[1:]) + b"\n"
    batch.lines = lines[1:]
    done = desk.batch("fetch")
    assert (done.returncode, "4 answered, 1 without an answer" in done.stdout) == (2, True)
    assert "not all answers that the server counts are in its results" in done.stderr
    assert "There is nothing to submit." in desk.submit().stderr
    desk.server.endless = b'{"custom_id": "nobody"}\n' * 4000
    done = desk.batch("fetch")
    assert (done.returncode, done.stdout) == (2, "")
    assert "sent more than any answer has, and was not read to the end" in done.stderr
    desk.server.endless = b""
    if file:
        desk.server.files[file] = b"\n".join(lines)
    batch.lines = lines
    assert desk.fetched()[0] == 0
    assert desk.reviewed()[0] == 0


@both
def test_cancel(desk: Desk) -> None:
    """What was answered before a cancel is fetched, the rest is asked by the next submit; what has ended is not canceled."""
    assert desk.batch("cancel").stderr == "No batch is submitted that is not fetched yet.\n"
    assert desk.submit().returncode == 0
    assert desk.submit("-m", "is it safe?").returncode == 0
    which = desk.batch("cancel")
    names = [batch.id for batch in desk.server.made]
    assert (which.returncode, which.stderr) == (2, f"Give the id of a batch: one of {', '.join(names)}.\n")
    assert desk.batch("cancel", "batch_9").returncode == 2
    assert re.search(r"under way \(cancell?ing\)", desk.batch("cancel", names[0]).stdout)
    desk.server.end()
    assert "can be fetched" in desk.batch("cancel", names[1]).stdout
    status, told = desk.fetched()
    assert (status, [t["answered"] for t in told]) == (2, [3, 5])
    assert {f["fault"] for f in told[0]["failures"]} == {"canceled"}
    assert desk.submit().returncode == 0
    assert len(desk.server.made[2].requests) == 2


@pytest.mark.parametrize("api", ["openai"])
def test_limits_of_money(desk: Desk) -> None:
    """``--max-cost`` is kept by the most that all answers can cost, at half price; what it leaves out is said, and submitted later."""
    sent = desk.submit("--max-cost", "0.2")
    assert sent.returncode == 2
    (taken,) = [len(batch.requests) for batch in desk.server.made]
    assert 1 < taken < COUNT
    assert f"{COUNT - taken} questions left out by the limit." in sent.stderr.replace("question left", "questions left")
    most = sum(r["body"]["max_output_tokens"] for r in desk.server.made[0].requests) * 10.0 / 2e6
    assert most < 0.2
    assert desk.submit("--max-cost", "5").returncode == 0
    assert sorted(desk.server.asked) == sorted(set(desk.server.asked))
    assert len(desk.server.asked) == COUNT


@pytest.mark.parametrize("api", ["openai"])
def test_a_bar_while_questions_are_made(desk: Desk) -> None:
    """On a terminal a bar tells how many questions are made; what is printed has nothing of it."""
    variables = environment(desk.code, CTXREVIEW_BASE_URL=desk.at[1], **desk.own, TERM="xterm")
    variables.pop("CI", None)
    given = ("batch", "submit", *desk.same, "--dry-run")
    ended = run_on_terminal(*given, cwd=desk.code, env=variables, columns=120)
    shown = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", ended.shown)
    assert (ended.status, desk.server.log) == (0, [])
    assert re.search(rf"Making questions .*{COUNT}/{COUNT}", shown), shown
    assert "Making questions" not in desk.batch("submit", *desk.same, "--dry-run").stderr


@both
def test_one_file_for_each_model_and_within_the_limits(
    desk: Desk, api: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Questions are split where the engine takes no more of them, or no more bytes, and each batch has one model."""
    engine = {"openai": openai_batches.Batches, "anthropic": anthropic_batches.Batches}[api]
    assert engine.most_questions == {"openai": 50_000, "anthropic": 100_000}[api]
    assert engine.most_bytes <= {"openai": 200_000_000, "anthropic": 256_000_000}[api]
    for name in list(os.environ):
        if re.match(r"(OPENAI|ANTHROPIC|CTXREVIEW)_(?!STATE)", name):
            monkeypatch.delenv(name)
    for name, value in desk.own.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(desk.code))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    monkeypatch.chdir(desk.code)
    monkeypatch.setattr(engine, "most_questions", 2)
    arguments = ["batch", "submit", "--selections", "all.txt", "--provider", api, *desk.at]
    app([*arguments, "--models", "m-1,m-2"], standalone_mode=False)
    inner = "params" if api == "anthropic" else "body"
    models = [{request[inner]["model"] for request in batch.requests} for batch in desk.server.made]
    assert sorted(len(batch.requests) for batch in desk.server.made) == [1, 1, 2, 2, 2, 2]
    assert [len(names) for names in models] == [1] * 6
    assert capsys.readouterr().out.count("\n") == 6
    monkeypatch.setattr(engine, "most_questions", 100)
    monkeypatch.setattr(engine, "most_bytes", 20_000)
    app([*arguments, "--model", "m-3"], standalone_mode=False)
    sizes = [sum(len(json.dumps(r)) for r in batch.requests) for batch in desk.server.made[6:]]
    assert len(sizes) > 1
    assert max(sizes) <= 20_000


@pytest.mark.parametrize("api", ["openai"])
def test_a_server_that_takes_chat_alone(desk: Desk) -> None:
    """Where batches are for Chat Completions only, the file is written for that; the answers are found all the same."""
    desk.server.endpoints = ("/v1/chat/completions",)
    assert desk.submit().returncode == 0
    assert [batch.endpoint for batch in desk.server.made] == ["/v1/chat/completions"]
    desk.server.becomes = lambda number, request: "refused" if number == 1 else "answered"
    desk.server.end()
    assert "4 answered, 1 without" in desk.batch("fetch").stdout
    assert desk.reviewed()[:2] == (2, "5 selections: 4 reviewed, 1 failed; 0 tokens.")


@pytest.mark.parametrize("api", ["openai"])
def test_a_batch_that_fails_as_a_whole(desk: Desk) -> None:
    """What the server says of a batch that it could not begin is told of each question, and all can be submitted again."""
    assert desk.submit().returncode == 0
    desk.server.made[0].status = "failed"
    desk.server.made[0].errors = [
        {"code": "token_limit_exceeded", "message": "Enqueued token limit reached", "line": None}
    ]
    done = desk.batch("fetch")
    assert (done.returncode, "fetched, 0 answered, 5 without an answer" in done.stdout) == (2, True)
    assert done.stderr.count("Enqueued token limit reached") == COUNT
    assert desk.submit().returncode == 0
    assert len(desk.server.made) == 2


@both
def test_who_has_no_batches(desk: Desk) -> None:
    """A server or provider without batches, a missing key, another address: one sentence each, status 2, and nothing is kept."""
    desk.server.has_batches = False
    sent = desk.submit("-q")
    assert (sent.returncode, sent.stdout) == (2, "")
    assert sent.stderr.endswith("has no batches: run ctxreview batch without submit.\n")
    assert sent.stderr.count("\n") == 1
    local = desk.batch("submit", "C1.cs:4", "--provider", "local", "--model", "m")
    assert (local.returncode, local.stderr.count("\n")) == (2, 1)
    assert local.stderr.startswith("local has no batches; openai and anthropic have.")
    none = run(desk.code, "batch", "submit", "C1.cs:4", where=desk.code, OPENAI_API_KEY="")
    assert (none.returncode, none.stderr) == (
        2,
        "batch submit needs a provider: set OPENAI_API_KEY or ANTHROPIC_API_KEY.\n",
    )
    kept = desk.batch("submit", *desk.same, CTXREVIEW_KEEP_DAYS="0")
    assert (kept.returncode, kept.stderr.startswith("With keep_days 0 ")) == (2, True)
    desk.server.has_batches = True
    assert desk.submit().returncode == 0
    lost = run(desk.code, "batch", "fetch", where=desk.code, **desk.own, CTXREVIEW_BASE_URL="http://127.0.0.1:9/v1")
    assert (lost.returncode, lost.stdout) == (2, "")
    assert "was submitted to another address at 127.0.0.1: give that with --base-url" in lost.stderr


@pytest.mark.parametrize("api", ["openai"])
def test_no_secret_is_kept_or_sent(desk: Desk) -> None:
    """Neither the key nor a password in the address or in the code stands in the store, and the code's is not sent."""
    secret = "AKIAIOSFODNN7EXAMPLE"
    (desk.code / "C0.cs").write_text(CLASS.format(n=0).replace("_count++", f'_count++; Use("{secret}")'))
    desk.at[1] = desk.at[1].replace("http://", "http://me:pass-7f31c@")
    desk.server.says = lambda request: HARMLESS.replace("Leave it", f"{secret}: leave it")
    assert desk.submit().returncode == 0
    assert secret not in json.dumps(desk.server.made[0].requests)
    desk.server.end()
    assert desk.fetched()[0] == 0
    assert desk.reviewed()[0] == 0
    kept = b"".join(file.read_bytes() for file in desk.state.parent.iterdir())
    for text in (secret, "pass-7f31c", environment(desk.code)["OPENAI_API_KEY"]):
        assert text.encode() not in kept


def test_two_that_submit_at_once(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two processes that have gathered the same questions, the second writes down nothing, and is told which batch has them."""
    monkeypatch.setenv("CTXREVIEW_STATE_DIR", str(code / "state"))
    asked = {"a" * 64: "C0.cs:4"}
    rows = [batches.begun(name, "openai", "https://api.openai.com/v1", "m", 1.0, asked) for name in ("one", "two")]
    assert [store.record([batches.written(row)])[0] for row in rows] == [[], ["one"]]
    assert [row.id for row in batches.submitted()] == ["one"]
    store.record([batches.became(rows[0], "none")])
    assert store.record([batches.written(rows[1])]) == [[]]
    store.record([], keep_days=0)
    assert [row.id for row in batches.submitted()] == ["two"], "what is paid and not fetched does not grow old"


@pytest.mark.parametrize("api", ["openai"])
def test_a_purge(desk: Desk) -> None:
    """What is paid and not fetched outlives a purge, which says so; a row that somebody damaged is told, and purged."""
    assert desk.submit().returncode == 0
    purged = run(desk.code, "log", "--purge", where=desk.code, **desk.own)
    assert purged.stderr.splitlines()[1].startswith("Submitted batches that are not fetched yet were kept: batch_0;")
    with closing(sqlite3.connect(desk.state)) as db, db:
        db.execute("UPDATE batch SET questions = x'00ff'")
    damaged = desk.batch("fetch")
    assert (damaged.returncode, damaged.stderr.count("\n")) == (2, 1)
    assert damaged.stderr.startswith("A submitted batch is damaged in the store")
    assert run(desk.code, "log", "--purge", where=desk.code, **desk.own).returncode == 0
    assert desk.batch("fetch").returncode == 0


@pytest.mark.parametrize("api", ["openai"])
def test_a_file_of_that_name(desk: Desk) -> None:
    """``batch`` with selections is as it was: only its first word can be a command, and a file of that name is reached by its path."""
    (desk.code / "submit").write_text("x")
    for arguments in (["./submit"], ["C0.cs:4", "submit"]):
        done = desk.batch(*arguments, "--provider", "none")
        assert (done.returncode, "submit" in done.stdout.splitlines()[-1]) == (2, True)
        assert desk.server.log == []


PAGE = (ROOT / "docs/batch.md").read_text("utf-8")
SHOWN = [
    c for block in re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL) for c in block.splitlines()
]


def test_the_commands_of_the_page(tmp_path: Path, server: Engines) -> None:
    """The commands of docs/batch.md about engines run as they are shown, one after the other."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    assert [c.split()[2] for c in SHOWN] == ["submit", "submit", "status", "fetch", "--selections", "cancel"]
    for command in SHOWN:
        program, *arguments = shlex.split(command)
        assert program == ".venv/bin/ctxreview"
        state = {"CTXREVIEW_STATE_DIR": str(tmp_path / "state"), "OPENAI_BASE_URL": f"{server.url}/v1"}
        done = run(tmp_path, *arguments, where=tmp_path, **state)
        assert done.returncode == 0, (command, done.stderr)
        if "status" in arguments:
            server.end()
    assert sum(server.log.count(path) for path in LIVE) == 0
    assert len(server.made) == 1
