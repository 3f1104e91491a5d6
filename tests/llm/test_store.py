"""What is kept of reviews: the command in processes of its own, a real server on 127.0.0.1, and the file they share."""

from __future__ import annotations

import json
import os
import random
import re
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ctxreview.errors import StoreError
from ctxreview.llm import answers, store, store_file
from ctxreview.model.review import Completion, Prompt, Tokens, Usage
from ctxreview.review.keeping import columns
from ctxreview.review.pipeline import review
from tests.commands import run_command, start_command
from tests.samples import EXAMPLE, QUERY, READ_ONLY, request
from tests.servers import Answer, Told, delta, error, events, response, serving

KEY = "sk-test-71ce04be99d2"
SECRET = "AKIA" + "QWERTYUIOPASDFGH"
RESPONSES = "/v1/responses"
UNSAFE = (EXAMPLE / "answers/unsafe-answer.json").read_text("utf-8")
HARMLESS = json.dumps({"summary": "Leave it as it is.", "checklist": [], "suggestions": []})
USED = {"input_tokens": 2000, "output_tokens": 300, "total_tokens": 2300, "input_tokens_details": {"cached_tokens": 0}}


def answer(text: str, status: str = "completed", **fields: Any) -> Answer:
    """A streamed answer of the Responses API."""
    return Answer(events(delta(text), response(status, text, usage=USED | {"output_tokens_details": {}}, **fields)))


@pytest.fixture
def server() -> Iterator[Told]:
    """A server that gives the incident's answer to everybody."""
    with serving() as told:
        told.answers[RESPONSES] = [answer(UNSAFE)]
        yield told


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without keys, addresses and settings, but with the test's store."""
    kept = {k: v for k, v in os.environ.items() if not re.match(r"(OPENAI|ANTHROPIC|CTXREVIEW)_|.*_proxy$", k, re.I)}
    return kept | {"CTXREVIEW_STATE_DIR": os.environ["CTXREVIEW_STATE_DIR"], "OPENAI_API_KEY": KEY} | variables


def run(*arguments: str, folder: Path = EXAMPLE, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command in the example's folder."""
    done = run_command(*arguments, cwd=folder, env=environment(**variables))
    assert "Traceback" not in done.stderr
    return done


def asking(server: Told, *more: str) -> list[str]:
    """The arguments of a review as JSON that asks the server."""
    return ["review", QUERY, "--base-url", f"{server.url}/v1", "--model", "m-1", "--format", "json", *more]


def rows() -> list[dict[str, Any]]:
    """All rows in the file, read past the code under test."""
    if not store_file.store_path().exists():
        return []
    with closing(sqlite3.connect(store_file.store_path())) as db:
        db.row_factory = sqlite3.Row
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE name = 'review'")]
        return [dict(row) for row in db.execute("SELECT * FROM review ORDER BY id")] if tables else []


def row(**values: Any) -> dict[str, Any]:
    """The columns of a review in short."""
    return {
        "key": "k", "repository": "/r", "selection": "src/A.cs:1-2", "question": "q", "context_digest": "d",
        "provider": "openai", "model": "m-1", "system": "s", "user": "u", "reply": {"summary": "fine"},
        "document": {"checklist": [], "suggestions": [], "visibility": {"seen": [], "not_seen": []}}, "verdict": "conflicts", "prompt_tokens": 10,
        "reply_tokens": 5, "cost": 0.25, "answered_from": None, "source_digest": None, "shown": None,
    } | values  # fmt: skip


# --- what is kept ------------------------------------------------------------------------------------------


def test_a_finished_review_is_kept_whole(server: Told) -> None:
    """Place, digest, prompt, reply, findings, usage, model and time of a finished review are in its row."""
    printed = json.loads(run(*asking(server, "-m", "optimize this")).stdout)
    (kept,) = rows()
    assert (kept["selection"].endswith("src/RecordService.cs:31-33"), kept["question"]) == (True, "optimize this")
    assert (kept["provider"], kept["model"], kept["verdict"]) == ("openai", "m-1", "conflicts")
    assert (kept["prompt_tokens"], kept["reply_tokens"], kept["answered_from"]) == (2000, 300, None)
    assert re.fullmatch(r"[0-9a-f]{64}", kept["context_digest"])
    assert json.loads(kept["document"]) == printed
    assert json.loads(kept["reply"]) == json.loads(UNSAFE)
    sent = server.asked[0][1]
    assert (kept["system"], kept["user"]) == (sent["instructions"], sent["input"])
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", kept["at"])


def test_without_a_model_nothing_is_kept(state: Path) -> None:
    """A review by the source alone costs nothing and can be had again: no file is made for it."""
    assert run("review", QUERY, "--provider", "none").returncode == 0
    assert not state.exists()


@pytest.mark.parametrize(
    "bad",
    [
        answer(UNSAFE, "incomplete", incomplete_details={"reason": "max_output_tokens"}),
        Answer(events(delta("I cannot help with that."))),
        error(401, {"error": {"message": "no"}}),
        answer("Sure! It looks fine."),
        answer(""),
    ],
    ids=["cut", "broken off", "refused key", "no review", "empty"],
)
def test_what_is_not_finished_is_not_kept(server: Told, bad: Answer) -> None:
    """A cut, refused or unreadable answer leaves no row, and the next review asks again."""
    server.answers[RESPONSES] = [bad]
    assert run(*asking(server)).returncode == 2
    assert rows() == []
    server.answers[RESPONSES] = [answer(UNSAFE)]
    assert json.loads(run(*asking(server)).stdout)["from_store"] is False


def test_secrets_are_not_kept(server: Told, tmp_path: Path) -> None:
    """A secret in code, question or reply is in none of the store's files."""
    (tmp_path / "A.cs").write_text(
        f'class A\n{{\n    string K = "{SECRET}";\n    void M()\n    {{\n        lock (_g) {{ _n++; }}\n    }}\n}}\n'
    )
    leaked = {"summary": f'Remove password = "{SECRET}" now.', "checklist": [], "suggestions": []}
    server.answers[RESPONSES] = [answer(json.dumps(leaked))]
    place = ["review", "A.cs:6", "--base-url", f"{server.url}/v1", "--model", "m-1", "-m", f"why {SECRET}?"]
    assert run(*place, folder=tmp_path).returncode == 0
    assert len(rows()) == 1
    assert "[REDACTED:" in rows()[0]["reply"]
    assert [f for f in store_file.store_path().parent.iterdir() if SECRET.encode() in f.read_bytes()] == []
    assert json.loads(run(*place, "--format", "json", folder=tmp_path).stdout)["from_store"] is True


def test_only_the_owner_may_read_it(server: Told) -> None:
    """The file, and what SQLite puts beside it, have mode 600, and a folder made for it 700, whatever the umask."""
    before = os.umask(0)
    try:
        run(*asking(server))
        with closing(sqlite3.connect(store_file.store_path())) as db:
            db.execute("BEGIN IMMEDIATE")
            modes = {f.name: stat.S_IMODE(f.stat().st_mode) for f in store_file.store_path().parent.iterdir()}
    finally:
        os.umask(before)
    assert set(modes.values()) == {0o600}
    assert f"{store_file.FILE}-wal" in modes
    assert stat.S_IMODE(store_file.store_path().parent.stat().st_mode) == 0o700


# --- answers from the store --------------------------------------------------------------------------------


def test_the_same_prompt_is_answered_from_the_store(server: Told) -> None:
    """The second time nobody is asked: it says so, gives the same review, and the log counts one question."""
    first = json.loads(run(*asking(server)).stdout)
    again = run(*asking(server))
    second = json.loads(again.stdout)
    assert len(server.asked) == 1
    assert re.fullmatch(
        r"Answered from the store: m-1 answered the same prompt on [\d-]+\. Use --fresh to ask again\.\n", again.stderr
    )
    assert (first["from_store"], second["from_store"]) == (False, True)
    assert {**first, "from_store": True} == second
    assert [r["answered_from"] for r in rows()] == [None, 1]
    (summed,) = store.monthly_totals()
    assert (summed.reviews, summed.asked, summed.prompt_tokens) == (1, 1, 2000)


def test_for_people_too(server: Told) -> None:
    """The text and the Markdown say that the tokens are those of the time when the model was asked."""
    run(*asking(server))
    for form in ("text", "markdown"):
        assert "when the model was asked; this time a stored answer was used." in " ".join(
            run(*asking(server)[:-1], form).stdout.split()
        )


def test_fresh_asks_again(server: Told) -> None:
    """``--fresh`` asks, and what it got is the answer from then on."""
    run(*asking(server))
    server.answers[RESPONSES] = [answer(HARMLESS)]
    assert json.loads(run(*asking(server, "--fresh")).stdout)["summary"] == "Leave it as it is."
    assert json.loads(run(*asking(server)).stdout)["summary"] == "Leave it as it is."
    assert len(server.asked) == 2


@pytest.mark.parametrize("other", [["--model", "m-2"], ["-m", "another question"], ["--provider", "anthropic"]])
def test_anything_else_is_asked(server: Told, other: list[str]) -> None:
    """Another model, question or provider is another question."""
    run(*asking(server))
    asked = len(server.asked)
    run(*asking(server, *other), ANTHROPIC_API_KEY=KEY)
    assert len(server.asked) > asked


def test_another_address_is_asked(server: Told) -> None:
    """A model of the same name at another address is another model."""
    run(*asking(server))
    with serving() as other:
        other.answers[RESPONSES] = [answer(HARMLESS)]
        assert json.loads(run(*asking(other)).stdout)["from_store"] is False


def test_changed_code_is_asked(server: Told, tmp_path: Path) -> None:
    """When the function changes its prompt changes, so that no old answer is given for new code."""
    place = ["review", "A.cs:1", "--base-url", f"{server.url}/v1", "--model", "m-1", "--format", "json"]
    server.answers[RESPONSES] = [answer(HARMLESS)]
    for code in ("class A { void M() { lock (_g) { _x++; } } }\n", "class A { void M() { lock (_g) { _x--; } } }\n"):
        (tmp_path / "A.cs").write_text(code)
        assert json.loads(run(*place, folder=tmp_path).stdout)["from_store"] is False
    assert len(server.asked) == 2


def test_the_guard_looks_at_kept_answers_again(server: Told) -> None:
    """Only the model's words are taken from the store: findings are made anew from the source."""
    run(*asking(server))
    with closing(sqlite3.connect(store_file.store_path())) as db:
        db.execute("UPDATE review SET document = '{}', verdict = ''")
        db.commit()
    assert json.loads(run(*asking(server)).stdout)["suggestions"][0]["verdict"] == "conflicts"


# --- when it cannot be kept --------------------------------------------------------------------------------


def reviewed(done: subprocess.CompletedProcess[str]) -> None:
    """The review was made and printed; what could not be kept is one sentence each."""
    assert done.returncode == 0
    assert json.loads(done.stdout)["suggestions"][0]["verdict"] == "conflicts"
    assert "This review was not kept. " in done.stderr


def test_a_folder_that_cannot_be_written(server: Told) -> None:
    """Without a place for the file the review is printed all the same."""
    reviewed(run(*asking(server), CTXREVIEW_STATE_DIR="/proc/none"))


def test_a_full_disk(server: Told, state: Path) -> None:
    """When the file cannot grow the review is printed, and what was kept before is still there."""
    run(*asking(server))
    reviewed(
        subprocess.run(
            [sys.executable, "-m", "ctxreview", *asking(server, "--fresh")],
            capture_output=True, encoding="utf-8", cwd=EXAMPLE, env=environment(), timeout=60, check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
        )
    )  # fmt: skip
    assert [r["id"] for r in rows()] == [1]


@pytest.mark.parametrize("damage", [b"this is not a database" * 99, b""], ids=["another file", "empty"])
def test_a_damaged_file(server: Told, state: Path, damage: bytes) -> None:
    """A file that is not a store is left alone and named; an empty one is a store that nothing was kept in."""
    state.mkdir()
    (state / store_file.FILE).write_bytes(damage)
    done = run(*asking(server))
    if damage:
        reviewed(done)
        assert (state / store_file.FILE).read_bytes() == damage
        listed = run("log")
        assert (listed.returncode, listed.stdout, listed.stderr.count("\n")) == (2, "", 1)
        assert "file is not a database" in listed.stderr
    else:
        assert len(rows()) == 1


def test_a_newer_store_is_left_alone(server: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a newer version wrote is neither read nor written."""
    store.record_review(row())
    with closing(sqlite3.connect(store_file.store_path())) as db:
        db.execute("PRAGMA user_version = 99")
    done = run(*asking(server))
    reviewed(done)
    assert f"was written by a newer ctxreview (version 99, this one knows {len(store_file.MIGRATIONS)})" in done.stderr
    assert len(rows()) == 1


def test_a_migration_keeps_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of an older version is brought to the newer one once, with everything that is in it."""
    store.record_review(row(question="old"))
    added = (
        "ALTER TABLE review ADD COLUMN note TEXT NOT NULL DEFAULT 'none';\nCREATE INDEX review_note ON review (note);"
    )
    monkeypatch.setattr(store_file, "MIGRATIONS", (*store_file.MIGRATIONS, added))
    store.record_review(row(question="new"))
    assert [(r["question"], r["note"]) for r in rows()] == [("old", "none"), ("new", "none")]


def test_a_store_of_the_first_version(server: Told, state: Path) -> None:
    """What the first version kept is still answered from and shown; its reviews have no digest of their file."""
    run(*asking(server))
    with closing(sqlite3.connect(store_file.store_path())) as db:
        db.executescript(
            "ALTER TABLE review DROP COLUMN source_digest; ALTER TABLE review DROP COLUMN shown; DROP TABLE answer; DROP TABLE batch; PRAGMA user_version = 1;"
        )
    assert json.loads(run(*asking(server)).stdout)["from_store"] is True
    assert [r["source_digest"] is None for r in rows()] == [True, False]
    shown = run("show", "1")
    assert (shown.returncode, shown.stdout) == (0, run("show", "1", "--sent").stdout)
    assert "Review 1 was stored by an older ctxreview" in shown.stderr


def test_a_failed_migration_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """When a migration fails half-way the file is as it was."""
    store.record_review(row())
    broken = "ALTER TABLE review ADD COLUMN note TEXT;\nCREATE INDEX review_note ON nothing (note);"
    with monkeypatch.context() as patch:
        patch.setattr(store_file, "MIGRATIONS", (*store_file.MIGRATIONS, broken))
        with pytest.raises(StoreError, match="nothing"):
            store.record_review(row())
    assert ["note" in r for r in rows()] == [False]
    assert store.record_review(row()) == 2


# --- many at once ------------------------------------------------------------------------------------------


def test_two_processes_at_once(server: Told) -> None:
    """Processes that make the store and write to it at the same time each keep all of theirs."""
    script = (
        "import json, sys\nfrom ctxreview.llm import store\n"
        "values = json.load(sys.stdin)\n"
        "for n in range(20):\n    store.record_review(values | {'question': f'{sys.argv[1]}-{n}'})\n    store.stored_answer('k')\n"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", script, str(n)], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for n in range(4)
    ]
    for child in children:
        assert child.stdin
        child.stdin.write(json.dumps(row()).encode())
        child.stdin.close()
    for child in children:
        assert child.stderr
        assert child.stderr.read() == b""
        child.stderr.close()
        assert child.wait(60) == 0
    assert sorted(r["question"] for r in rows()) == sorted(f"{n}-{m}" for n in range(4) for m in range(20))


MOMENTS = 12


def test_kill_9_loses_nothing_that_was_finished(server: Told) -> None:
    """After ``kill -9`` at any moment the store opens, is sound, and holds every review that was printed."""
    selections = [QUERY, READ_ONLY, "src/RecordService.cs:73"]
    server.answers[RESPONSES] = [Answer(answer(HARMLESS).pieces, pause=0.02)]
    where = ["--base-url", f"{server.url}/v1", "--model", "m-1", "--fresh"]
    command = ["review", *selections, *where]
    assert run(*command).returncode == 0
    started = time.monotonic()
    assert run(*command).returncode == 0
    whole = time.monotonic() - started
    moments = random.Random(0)
    printed = len(rows())
    for _ in range(MOMENTS // 2):
        pair = [start_command(*command, cwd=EXAMPLE, env=environment()) for _ in range(2)]
        for child in pair:  # two at a time, so that one dies while the other writes
            time.sleep(moments.uniform(0.2, 1.0) * whole)
            child.kill()
        for child in pair:
            printed += child.wait(30).stdout.count("\n")
        kept = rows()
        assert len(kept) >= printed
        assert all(json.loads(r["document"])["status"] == "complete" and json.loads(r["reply"]) for r in kept)
    assert printed > 3, "nothing was finished before it was killed: the test has shown nothing"
    assert store.record_review(row()) > printed


# --- log and show ------------------------------------------------------------------------------------------


def test_log_lists_and_searches() -> None:
    """The log names each review, newest first; a text finds those in which it stands, in any letter case."""
    store.record_review(row(question="first", user="the prompt of UpdateRecord"))
    store.record_review(row(question="second", verdict="", answered_from=1))
    listed = run("log").stdout.splitlines()
    assert [re.split(r"\s{2,}", line.strip())[0] for line in listed] == ["2", "1"]
    assert "src/A.cs:1-2  m-1  no suggestion (answer of 1)  second" in listed[0]
    assert "conflicts  first" in listed[1]
    assert run("log", "updaterecord").stdout.splitlines() == listed[1:]
    assert run("log", "100%").stderr == "No stored review contains that text.\n"
    assert [json.loads(line)["id"] for line in run("log", "--format", "json").stdout.splitlines()] == [2, 1]
    assert len(run("log", "--limit", "1").stdout.splitlines()) == 1


def test_an_empty_log_makes_no_file(state: Path) -> None:
    """Looking into a store that is not there says so and makes none."""
    for command in (["log"], ["log", "--stats"], ["log", "--purge"]):
        done = run(*command)
        assert (done.returncode, done.stdout) == (0, "")
    assert run("show").returncode == 2
    assert not state.exists()


def test_stats() -> None:
    """Tokens, cost and verdicts are summed by model and month; answers that were used again count once."""
    for values in ({}, {"cost": None}, {"answered_from": 1}, {"model": "m-2", "verdict": "", "cost": None}):
        store.record_review(row(**values))
    with closing(sqlite3.connect(store_file.store_path())) as db:
        db.execute("UPDATE review SET at = '2026-02-03T00:00:00+00:00' WHERE model = 'm-2'")
        db.commit()
    now, before = run("log", "--stats").stdout.splitlines()
    assert now[9:] == (
        "m-1: 2 reviews, 2 asked; 20 tokens sent, 10 received; $0.2500 and 1 of unknown cost; "
        "2 conflicts, 0 needs-human, 0 no-known-conflict"
    )
    assert before == (
        "2026-02  m-2: 1 review, 1 asked; 10 tokens sent, 5 received; cost unknown; "
        "0 conflicts, 0 needs-human, 0 no-known-conflict"
    )


def test_what_was_sent(server: Told) -> None:
    """What was sent and answered is shown whole on request, and JSON has it all."""
    run(*asking(server))
    shown = run("show", "1", "--sent").stdout
    for part in ("Review 1, ", "m-1 of openai", "2,000 sent, 300 received; cost unknown", "===== user =====",
                 "scope.Complete();", "===== reply =====", "AsNoTracking"):  # fmt: skip
        assert part in shown
    found = json.loads(run("show", "--format", "json").stdout)
    assert (found["schema"], found["id"], found["document"]["schema"]) == (
        "ctxreview.stored/1",
        1,
        "ctxreview.review/1",
    )


@pytest.mark.parametrize("form", [["text"], ["text", "--brief"], ["text", "-v"], ["markdown"], ["html"], ["json"]])
def test_show_prints_what_review_printed(server: Told, tmp_path: Path, form: list[str]) -> None:
    """Each of several reviews is shown as it was printed, with the code as it was then."""
    reply = json.loads(UNSAFE)
    path = "src/RecordService.cs"
    reply["suggestions"].append({"title": "leave it", "rationale": "it is short", "confidence": "low", "edits": []})
    reply["findings"] = [{"path": path, "line": n, "severity": "low", "why": "look here"} for n in (30, 900)]
    reply["checklist"][0]["evidence"] = [{"path": path, "line": n, "quote": "scope.Complete();"} for n in (44, 30)]
    server.answers[RESPONSES] = [answer(json.dumps(reply))]
    code = tmp_path / "code"
    shutil.copytree(EXAMPLE, code)
    asked = ["--base-url", f"{server.url}/v1", "--model", "m-1", "--format", *form]
    selections = [f"{path}:31-33", f"{path}:51", f"{path}:15"]
    printed = [run("review", given, *asked, folder=code) for given in selections]
    several = [] if form == ["markdown"] else selections
    together = run("review", *several, *asked, "--fresh", folder=code) if several else None
    assert [p.stderr for p in printed if p.returncode] == []
    (code / path).write_text("class Gone {}\n")
    date = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")  # the one thing that only the moment knows
    for number, made in enumerate(printed, 1):
        shown = run("show", str(number), "--format", *form).stdout
        if form == ["json"]:
            assert json.loads(shown)["document"] == json.loads(made.stdout)
        else:
            assert date.sub("", shown) == date.sub("", made.stdout)
    if together is not None and form[0] == "text":
        assert all(run("show", str(n), "--format", *form).stdout in together.stdout for n in (4, 5, 6))


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        (
            "shown",
            None,
            "Review 1 was stored by an older ctxreview, which kept less of the code: --sent and --format json print what there is.",
        ),
        ("shown", '{"files": [], "held": ""}', "Review 1 was stored by an older ctxreview"),
        ("shown", "[]", "review 1 is damaged and cannot be shown"),
        ("shown", "no JSON", "review 1 is damaged and cannot be shown"),
        (
            "document",
            '{"checklist": [], "suggestions": [], "visibility": {"seen": [], "not_seen": []}}',
            "review 1 is damaged",
        ),
    ],
)
def test_a_page_of_what_is_not_there(server: Told, column: str, value: str | None, says: str) -> None:
    """Where the code was not kept, or is damaged, that is one sentence and status 2."""
    run(*asking(server))
    with closing(sqlite3.connect(store_file.store_path())) as db:
        db.execute(f"UPDATE review SET {column} = ?", (value,))
        db.commit()
    done = run("show", "--format", "html")
    assert run("show").stderr == done.stderr
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert says in done.stderr


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["show"], "No review is stored yet."),
        (["show", "7"], "There is no review 7; see ctxreview log."),
        (["show", "9" * 40], "There is no review 9"),
        (["show", "x"], "'x' is not the number of a review"),
        (["log", "--older-than", "3"], "--older-than limits what --purge deletes"),
        (["log", "--purge", "--older-than", "-3"], "--older-than -3: give a number of days"),
        (["log", "word", "--purge"], "--purge deletes reviews and prints none"),
    ],
)
def test_refused(args: list[str], says: str) -> None:
    """What cannot be shown or deleted is one sentence and status 2."""
    done = run(*args)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert says in done.stderr


# --- retention ---------------------------------------------------------------------------------------------


def aged(days: int) -> None:
    """Make every row so much older."""
    with closing(sqlite3.connect(store_file.store_path())) as db:
        db.execute("UPDATE review SET at = strftime('%Y-%m-%dT%H:%M:%S+00:00', at, ?)", (f"-{days} days",))
        db.commit()


def test_old_reviews_are_deleted() -> None:
    """Keeping a review deletes those older than the days that reviews are kept, and no others."""
    store.record_review(row())
    aged(store.KEEP_DAYS - 1)
    store.record_review(row())
    assert [r["id"] for r in rows()] == [1, 2]
    aged(2)
    store.record_review(row())
    assert [r["id"] for r in rows()] == [2, 3]


def test_purge_leaves_nothing_behind() -> None:
    """What was purged is in none of the files, and its number is never given again."""
    store.record_review(row(question="cobalt-heron", user="cobalt-heron " * 5000))
    assert run("log", "--purge").stderr == "1 review was deleted.\n"
    assert [f for f in store_file.store_path().parent.iterdir() if b"cobalt-heron" in f.read_bytes()] == []
    assert store.record_review(row()) == 2


def test_purge_of_old_ones() -> None:
    """With ``--older-than`` younger reviews stay."""
    store.record_review(row())
    aged(40)
    store.record_review(row())
    assert run("log", "--purge", "--older-than", "30").stderr == "1 review was deleted.\n"
    assert [r["id"] for r in rows()] == [2]


# --- in process --------------------------------------------------------------------------------------------


def test_a_key_is_all_that_was_sent() -> None:
    """Who was asked and every word of the prompt are in the key; how tokens were counted is not."""
    made = Prompt("s", "u", {"type": "object"}, Tokens(10, 100, "estimate"))
    same = store.answer_key(made._replace(tokens=Tokens(11, 99, "o200k_base")), "p", "a", "m")
    assert same == store.answer_key(made, "p", "a", "m")
    others = [
        store.answer_key(made._replace(system="su", user=""), "p", "a", "m"),
        store.answer_key(made._replace(schema={}), "p", "a", "m"),
        store.answer_key(made, "q", "a", "m"),
        store.answer_key(made, "p", "b", "m"),
        store.answer_key(made, "p", "a", "n"),
    ]
    assert len({same, *others}) == 6


def test_a_repaired_answer_is_kept_under_the_question() -> None:
    """An answer that had to be mended answers the same prompt the next time without being mended."""
    texts = iter(["no", f"```json\n{HARMLESS}\n```"])
    asked: list[Prompt] = []

    def ask(prompt: Prompt) -> Completion:
        asked.append(prompt)
        return Completion(next(texts), "fake", "m-1", Usage(10, 5))

    def asks(prompt: Prompt) -> Completion:
        return answers.answer_from_store(ask, "fake", "", "m-1", lambda _: None)(prompt)

    first = review(request(f"{EXAMPLE}/{QUERY}"), asks)
    store.record_review(columns(first, store.answer_key(first.prompt, "fake", "", "m-1")))
    second = review(request(f"{EXAMPLE}/{QUERY}"), asks)
    assert len(asked) == 2
    assert (first.from_store, second.from_store, second.summary) == (None, 1, first.summary)
    assert second.usage == Usage(20, 10)


def test_an_answer_waits_for_its_review_and_goes_with_it() -> None:
    """An answer is there before its review is, without secrets, and not any more when the review is kept, or all is purged."""
    given = Completion(json.dumps({"summary": f"It is {SECRET}."}), "fake", "m-1", Usage(10, 5, 0.1))
    for key in ("a", "b"):
        store.record([answers.kept(answers.answer_of(key, given))])
    found = answers.waiting_answer("a")
    assert found is not None
    assert SECRET not in found.reply
    assert (found.model, found.prompt_tokens, found.cost, found.fault) == ("m-1", 10, 0.1, "")
    store.record_review(row(key="a"))
    assert answers.waiting_answer("a") is None
    store.record([answers.unusable(["b"], "It cannot be read.")])
    failed = answers.waiting_answer("b")
    assert failed is not None
    assert (failed.fault, failed.sentence, failed.reply) == (answers.FORM, "It cannot be read.", "")
    assert store.purge_reviews(None).reviews == 1
    assert answers.waiting_answer("b") is None
