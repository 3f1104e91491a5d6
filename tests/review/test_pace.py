"""Several selections asked about at once: at one pace, each once, in the order given."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxreview import processes
from ctxreview.cli import progress
from ctxreview.errors import ReplyError
from ctxreview.llm.prices import Account, Limits
from ctxreview.review.pace import MINUTE, Pace
from tests import ROOT
from tests.commands import run_on_terminal
from tests.llm.providers.test_faults import whole
from tests.llm.providers.test_network import environment, run
from tests.servers import JSON, Answer, Told, error, serving

CHAT = "/v1/chat/completions"
CLASS = "class C{n} {{\n    object _gate = new(); int _count;\n    public void Add() {{\n        lock (_gate) {{ _count++; }}\n    }}\n}}\n"
COUNT = 17
"""Files, and selections but for one that is given twice: enough for two processes."""
GIVEN = COUNT + 1
KILLED = 3


@pytest.fixture
def server() -> Iterator[Told]:
    """A server that finds nothing to change, after a while."""
    with serving() as told:
        told.answers[CHAT] = [Answer(whole("local").pieces, before=0.2)]
        yield told


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A repository, and the selections in it, one of which is given twice."""
    for n in range(COUNT):
        (tmp_path / f"C{n}.cs").write_text(CLASS.format(n=n))
    (tmp_path / "all.txt").write_text("".join(f"C{n}.cs:4\n" for n in (*range(COUNT), 0)))
    return tmp_path


def asked(server: Told, *more: str) -> list[str]:
    """The arguments of a review of all selections."""
    who = ["--provider", "local", "--base-url", f"{server.url}/v1", "--model", "m-1"]
    return ["review", "--selections", "all.txt", "--root", ".", *who, *more]


def own(code: Path) -> dict[str, str]:
    """A store of one's own."""
    return {"CTXREVIEW_STATE_DIR": str(code / "state"), "CTXREVIEW_RETRIES": "1"}


def prompts(server: Told) -> Counter[str]:
    """How often each prompt was sent."""
    return Counter(json.dumps(body["messages"]) for _, body in server.asked)


def test_several_wait_for_an_answer_at_once(code: Path, server: Told) -> None:
    """No more than ``--jobs`` are on their way, and more than one is; results are in the order given, each prompt is sent once."""
    done = run(code, *asked(server, "--jobs", "4"), where=code, **own(code))
    assert done.returncode == 0, done.stderr
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    assert [d["context"]["selection"]["path"] for d in documents] == [f"C{n}.cs" for n in (*range(COUNT), 0)]
    assert [d["from_store"] for d in documents] == [False] * COUNT + [True]
    assert set(prompts(server).values()) == {1}
    assert 1 < server.most_at_once <= 4
    assert done.stderr.splitlines()[-1].startswith(f"{GIVEN} selections: {GIVEN} reviewed (1 from the store); ")


def test_one_after_the_other_for_a_model_of_ones_own(code: Path, server: Told) -> None:
    """A local server answers one question at a time, unless somebody says otherwise."""
    done = run(code, *asked(server), where=code, **own(code))
    assert (done.returncode, server.most_at_once) == (0, 1)


def test_a_limit_holds_for_all(code: Path, server: Told) -> None:
    """What a server did not take because it limits requests is sent again, by its Retry-After, and nothing is lost."""
    limited = error(429, {"error": {"message": "slow down"}}, **{"retry-after": "0.2"})
    server.answers[CHAT] = [*[limited] * 5, *server.answers[CHAT]]
    done = run(code, *asked(server, "--jobs", "6"), where=code, **own(code))
    assert done.returncode == 0, done.stderr
    assert len(server.asked) == COUNT + 5


def test_no_more_is_asked_after_failures_that_are_everybodys(code: Path, server: Told) -> None:
    """A wrong model, key or address fails five times in a row and not for each selection; what was not asked is counted as that."""
    server.answers[CHAT] = [error(401, {"error": {"message": "who are you"}})]
    done = run(code, *asked(server, "--jobs", "2"), where=code, **own(code))
    assert done.returncode == 2
    assert 5 <= len(server.asked) <= 6
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    assert [d["schema"] for d in documents] == ["ctxreview.error/1"] * (COUNT + 1)
    assert "the run had stopped after an error" in documents[-1]["error"]
    failed = len(server.asked)
    assert f"{GIVEN} selections: 0 reviewed, {failed} failed, {GIVEN - failed} not asked; 0 tokens." in done.stderr


def test_a_server_that_wants_an_hour_is_not_waited_for(code: Path, server: Told) -> None:
    """A Retry-After that is too long ends the run with what the server said."""
    server.answers[CHAT] = [error(429, {"error": {"message": "tomorrow"}}, **{"retry-after": "3600"})]
    done = run(code, *asked(server, "--jobs", "2"), where=code, **own(code))
    assert (done.returncode, len(server.asked) <= 2) == (2, True)
    assert "it asks to wait 3600 s" in done.stderr


def test_a_failure_of_one_is_not_everybodys(code: Path, server: Told) -> None:
    """An answer that is withheld is one selection's; the others are asked all the same."""
    server.answers[CHAT] = [Answer((b"{}",), kind=JSON)] * 7 + server.answers[CHAT]
    done = run(code, *asked(server, "--jobs", "2"), where=code, **own(code))
    assert done.returncode == 2
    assert len(server.asked) in (COUNT, COUNT + 1), "one is given twice, and is asked again if it is among these"
    assert re.search(rf"{GIVEN - 7} reviewed(?: \(1 from the store\))?, 7 failed;", done.stderr), done.stderr


def test_what_a_limit_leaves_is_not_asked(code: Path, server: Told) -> None:
    """``--max-tokens`` ends the run before it is passed, however many are on their way at once."""
    done = run(code, *asked(server, "--jobs", "6", "--max-tokens", "14000"), where=code, **own(code))
    assert done.returncode == 2
    sent = len(server.asked)
    assert 0 < sent < COUNT
    assert f"{GIVEN - sent} not asked" in done.stderr or f"{COUNT - sent} not asked" in done.stderr, (
        "one is given twice"
    )
    used = int(done.stderr.rsplit("; ", 1)[1].partition(" ")[0].replace(",", ""))
    assert used <= 14_000


def test_a_run_that_is_killed_goes_on_where_it_was(code: Path, server: Told) -> None:
    """What is in the file is whole lines; a second run asks about the rest alone, and writes what an undisturbed one writes."""
    command = asked(server, "--jobs", "2", "-o", "out.jsonl")
    process = subprocess.Popen(
        [sys.executable, "-m", "ctxreview", *command],
        cwd=code,
        env=environment(code, **own(code)),
        stderr=subprocess.DEVNULL,
    )
    file = code / "out.jsonl"
    while process.poll() is None and (not file.exists() or file.read_bytes().count(b"\n") < KILLED):
        pass
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    lines = file.read_bytes().splitlines(keepends=True)
    assert lines and all(json.loads(line) for line in lines)
    before = len(server.asked)
    done = run(code, *command, where=code, **own(code))
    assert done.returncode == 0, done.stderr
    again = file.read_bytes().splitlines(keepends=True)
    assert len(again) == COUNT + 1
    repeated = [count for count in prompts(server).values() if count > 1]
    assert len(repeated) <= 2, "what was on its way when the run was killed"
    assert len(server.asked) - before <= COUNT - len(lines) + 2
    undisturbed = run(code, *asked(server, "-o", "other.jsonl"), where=code, CTXREVIEW_STATE_DIR=str(code / "other"))
    assert undisturbed.returncode == 0

    def reviews(name: str) -> list[object]:
        return [json.loads(line) | {"from_store": None} for line in (code / name).read_text().splitlines()]

    assert reviews("out.jsonl") == reviews("other.jsonl")


REFUSED = Answer(
    (
        b'data: {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m-1", "choices": [{"index": 0, "delta": '
        b'{"refusal": "I will not."}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n',
    )
)
UNUSABLE = Answer(
    (
        b'data: {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m-1", "choices": [{"index": 0, "delta": '
        b'{"content": "Looks good."}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n',
    )
)


@pytest.mark.parametrize(("answer", "times"), [(REFUSED, 1), (UNUSABLE, 2)])
def test_what_failed_is_paid_again_only_if_somebody_says_so(
    code: Path, server: Told, answer: Answer, times: int
) -> None:
    """A refusal, and an answer that cannot be used, are told again and not asked again; with ``--retry-failed`` they are, and nothing else."""
    good = server.answers[CHAT]
    server.answers[CHAT] = [answer]
    command = asked(server, "--jobs", "9")
    first = run(code, *command, where=code, **own(code))
    assert (first.returncode, len(server.asked)) == (2, COUNT * times)
    server.answers[CHAT] = good
    (code / "C1.cs").write_text(CLASS.format(n="Other"))
    again = run(code, *command, where=code, **own(code))
    assert (again.returncode, len(server.asked)) == (2, COUNT * times + 1), "another question"
    errors = [d["error"] for d in map(json.loads, again.stdout.splitlines()) if "error" in d]
    assert len(errors) == GIVEN - 1
    assert all(error.endswith("; use --retry-failed to ask again.") for error in errors)
    last = run(code, *command, "--retry-failed", where=code, **own(code))
    assert (last.returncode, len(server.asked)) == (0, COUNT * times + COUNT), last.stderr
    assert run(code, *command, where=code, **own(code)).returncode == 0
    assert len(server.asked) == COUNT * times + COUNT


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["C0.cs:4", "--provider", "local"], "One selection is one question; give it without --jobs."),
        (["C0.cs:4", "C1.cs:4"], "A review without a model asks nobody; give it without --jobs."),
        (["C0.cs:4", "--reply", "r.md"], "--reply asks nobody; give it without --jobs."),
        (["C0.cs:4", "--dry-run"], "--dry-run sends nothing; give it without --jobs."),
    ],
)
def test_jobs_of_nothing(code: Path, server: Told, arguments: list[str], says: str) -> None:
    """An option about several questions is refused where there are none."""
    (code / "r.md").write_text("x")
    at = ["--base-url", f"{server.url}/v1", "--model", "m-1"] if "local" in arguments else []
    done = run(code, "review", *arguments, *at, "--jobs", "3", where=code, OPENAI_API_KEY="")
    assert (done.returncode, done.stderr.strip()) == (2, says)


def begun(code: Path, server: Told) -> subprocess.Popen[str]:
    """A batch, when it has asked its first questions, which nobody answers."""
    server.answers[CHAT] = [Answer(before=30)]
    process = subprocess.Popen(
        [sys.executable, "-m", "ctxreview", *asked(server, "--jobs", "4")],
        cwd=code,
        env=environment(code, **own(code)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background jobs ignore the signal, and their children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no thread of ours runs yet
    )
    while len(server.asked) < 4:
        assert process.poll() is None
        time.sleep(0.01)
    return process


def test_interrupted(code: Path, server: Told) -> None:
    """Ctrl-C ends all processes with one sentence and status 130."""
    with begun(code, server) as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)  # all of them held its streams
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1].startswith("Stopped; the current selection was not finished. To continue, run the same")


@pytest.mark.skipif(processes.cores() < 2 or sys.platform != "linux", reason="there is one process, or no list of them")
def test_a_process_that_is_ended_from_outside(code: Path, server: Told) -> None:
    """What the system ends, for want of memory say, ends the run with a sentence and leaves no process behind."""
    with begun(code, server) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert len(children) == 2
        os.kill(int(children[0]), signal.SIGKILL)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert err.startswith("A worker process was killed, often for lack of memory")


def test_a_bar_tells_how_far_it_is(code: Path, server: Told) -> None:
    """On a terminal a bar has what is done, what failed, what it costs and the time left."""
    (code / "ctxreview").mkdir()
    (code / "ctxreview" / "prices.toml").write_text(PRICES)
    server.answers[CHAT] = [Answer((b"{}",), kind=JSON), *server.answers[CHAT]]
    variables = environment(code, **own(code), TERM="xterm")
    variables.pop("CI", None)
    ended = run_on_terminal(*asked(server, "-o", "out.jsonl", "--jobs", "3"), cwd=code, env=variables, columns=120)
    assert ended.status == 2
    shown = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", ended.shown)
    assert re.search(rf"Reviewing .* \d+/{GIVEN} 1 failed \$0\.00 about \d+ s left", shown), shown
    assert f"{GIVEN} selections: {GIVEN - 1} reviewed" in shown


def test_a_line_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no terminal a line tells the same, from time to time."""
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    account, lines = Account(Limits()), list[str]()
    account.cost = 1.234
    with progress.Tally(3, account, lines.append, live=False) as seen:
        for made in (None, "a result", ReplyError("no"), "a result"):
            seen(made)
    assert lines == [
        "0 of 3 done, $1.23.",
        "1 of 3 done, $1.23; about 0 s left.",
        "2 of 3 done, 1 failed, $1.23; about 0 s left.",
    ]


PRICES = """\
currency = "USD"
[[price]]
host = "127.0.0.1"
models = ["gpt-6.2-sol", "m-1"]
prompt = 2.0
reply = 8.0
read = 2026-11-30
source = "a test"
"""
PAGE = (ROOT / "docs/batch.md").read_text("utf-8")
SHOWN = [c for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL) for c in block.splitlines()]


def test_every_command_on_the_page_works(tmp_path: Path) -> None:
    """The commands of docs/batch.md run as they are shown, one after the other, and ask about each selection once."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "ctxreview").mkdir()
    (tmp_path / "ctxreview" / "prices.toml").write_text(PRICES)
    assert len(SHOWN) == 5
    with serving() as told:
        told.answers["/v1/responses"] = [whole("responses")]
        for command in SHOWN:
            program, *arguments = shlex.split(command)
            assert program == ".venv/bin/ctxreview"
            done = run(tmp_path, *arguments, where=tmp_path, **own(tmp_path), OPENAI_BASE_URL=f"{told.url}/v1")
            assert done.returncode == 0, (command, done.stderr)
        times = Counter(json.dumps(body["input"]) for _, body in told.asked)
    assert set(times.values()) == {1}
    assert json.loads((tmp_path / "summary.json").read_text())["complete"]
    assert done.stderr.strip() == "5 selections: 5 reviewed (5 from the store); 0 tokens."


@given(
    st.lists(st.tuples(st.floats(0, 30), st.integers(1, 900)), max_size=60), st.integers(1, 10), st.integers(100, 2_000)
)
def test_no_minute_has_more_than_its_limits(steps: list[tuple[float, int]], requests: int, tokens: int) -> None:
    """Whenever prompts come, any minute has at most so many, with so many tokens, or one that is larger than the limit alone."""
    pace = Pace(8, requests, tokens)
    now, sent = 0.0, list[tuple[float, int]]()
    for pause, size in steps:
        now += pause
        while (wait := pace.wait(size, now)) > 0:
            now += wait + 1e-6
        pace.sent(size, now)
        sent.append((now, size))
    for at, _ in sent:
        within = [size for when, size in sent if at - MINUTE < when <= at]
        assert len(within) <= requests
        assert sum(within) <= tokens or len(within) == 1
