"""A batch that is killed, again and again, and goes on: nothing is lost, and nothing that is finished is asked about twice."""

from __future__ import annotations

import json
import random
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands import start_command
from tests.llm.providers.test_faults import whole
from tests.llm.providers.test_network import environment, run
from tests.servers import Answer, Told, serving

CHAT = "/v1/chat/completions"
CLASS = "class C{n} {{\n    object _gate = new(); int _count;\n    public void Add() {{\n        lock (_gate) {{ _count++; }}\n    }}\n}}\n"
COUNT, KILLS, SEED = 50, 20, 25
"""Selections, how often the batch is killed, and of what the moments are made."""


@pytest.fixture
def server() -> Iterator[Told]:
    """A server that finds nothing to change, soon."""
    with serving() as told:
        told.answers[CHAT] = [Answer(whole("local").pieces, before=0.01)]
        yield told


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A repository, and the selections in it."""
    for n in range(COUNT):
        (tmp_path / f"C{n}.cs").write_text(CLASS.format(n=n))
    (tmp_path / "all.txt").write_text("".join(f"C{n}.cs:4\n" for n in range(COUNT)))
    return tmp_path


def files_asked(server: Told, since: int = 0) -> list[str]:
    """The file that each question was about."""
    asked = [json.dumps(body["messages"]) for _, body in server.asked[since:]]
    return [re.search(r"class (C\d+)", text)[1] + ".cs" for text in asked]  # type: ignore[index]


def finished(code: Path) -> set[str]:
    """The files whose reviews are in the store, or in what was written."""
    file = code / "state" / "reviews.sqlite3"
    rows: list[tuple[str]] = []
    if file.exists():
        with closing(sqlite3.connect(file)) as db:
            if db.execute("PRAGMA user_version").fetchone() != (0,):
                rows = db.execute("SELECT selection FROM review").fetchall()
    return {selection.partition(":")[0] for (selection,) in rows} | {path for path, _ in written(code / "out.jsonl")}


def written(file: Path) -> list[tuple[str, object]]:
    """Path and review of each line, whatever was answered from the store."""
    if not file.exists():
        return []
    text = file.read_text()
    assert text == "" or text.endswith("\n"), "half a line"
    documents = [json.loads(line) | {"from_store": None} for line in text.splitlines()]
    return [(d["context"]["selection"]["path"], d) for d in documents]


def test_killed_at_any_moment(code: Path, server: Told) -> None:
    """Killed at twenty random moments, the same command writes in the end what an undisturbed run writes, and pays for nothing twice."""
    who = ["--provider", "local", "--base-url", f"{server.url}/v1", "--model", "m-1", "--jobs", "4"]
    command = ["batch", "--selections", "all.txt", "--root", ".", *who]
    moments = random.Random(SEED)
    state = {"CTXREVIEW_STATE_DIR": str(code / "state")}
    stages = set[int]()
    for number in range(KILLS + 1):
        done_before, before = finished(code), len(server.asked)
        running = start_command(*command, "-o", "out.jsonl", cwd=code, env=environment(code, **state))
        if number < KILLS:
            # With four on their way, the fifth question says that one was answered. Of some the store has the answer, and no review yet.
            wanted, latest = before + moments.randint(0, 9), time.monotonic() + 60
            while len(server.asked) < wanted and not running.has_ended and time.monotonic() < latest:
                time.sleep(0.001)
            time.sleep(moments.uniform(0, 0.05))
            running.kill()
        ended = running.wait(60)  # also for the processes that it had started: they hold its streams
        stages.add(len(done_before))
        assert not done_before & set(files_asked(server, before)), "what is finished is not asked again"
    assert ended.returncode == 0, ended.stderr
    assert len(stages) > 5, "it was killed while it got on"
    assert set(files_asked(server)) == {f"C{n}.cs" for n in range(COUNT)}
    assert len(server.asked) <= COUNT + 4 * KILLS, "what was on its way when it was killed may be asked again"
    undisturbed = run(
        code, *command, "-o", "other.jsonl", where=code, CTXREVIEW_STATE_DIR=str(code / "other"), CTXREVIEW_RETRIES="1"
    )
    assert undisturbed.returncode == 0, undisturbed.stderr
    assert written(code / "out.jsonl") == written(code / "other.jsonl")


def test_others_use_the_store_meanwhile(code: Path, server: Told) -> None:
    """Two batches at once, and whoever looks into the store meanwhile, leave it whole, with all reviews of both."""
    server.answers[CHAT] = [Answer(whole("local").pieces, before=0.05)]
    state = {"CTXREVIEW_STATE_DIR": str(code / "state")}
    who = ["--provider", "local", "--base-url", f"{server.url}/v1", "--jobs", "2"]
    command = ["batch", "--selections", "all.txt", "--root", ".", *who]
    running = [
        start_command(*command, "--model", f"m-{n}", "-o", f"{n}.jsonl", "-q", cwd=code, env=environment(code, **state))
        for n in range(2)
    ]
    for _ in range(6):
        assert run(code, "log", where=code, **state).returncode == 0
        time.sleep(0.2)
    for one in running:
        ended = one.wait(60)
        assert (ended.returncode, "not kept" in ended.stderr) == (0, False), ended.stderr
    with closing(sqlite3.connect(code / "state" / "reviews.sqlite3")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("SELECT count(*) FROM review").fetchone() == (2 * COUNT,)


def test_what_cannot_be_kept_is_said_first(code: Path, server: Told) -> None:
    """A store that cannot be used is told once, before anything is asked, with what that means for the same run again."""
    (code / "state").mkdir()
    (code / "state" / "reviews.sqlite3").write_bytes(b"this is not a database" * 99)
    who = ["--provider", "local", "--base-url", f"{server.url}/v1", "--model", "m-1"]
    done = run(code, "batch", "C1.cs:4", "C2.cs:4", *who, where=code, CTXREVIEW_STATE_DIR=str(code / "state"))
    assert done.stderr.count("Nothing of this run is kept: the same run again asks and pays for everything again.") == 1
    assert done.stderr.index("Nothing of this run is kept") < done.stderr.index("2 selections: 2 reviewed")
