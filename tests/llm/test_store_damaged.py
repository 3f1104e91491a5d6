"""A store that others wrote into, left open, or that is on a full disk."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ctxreview.errors import StoreError
from ctxreview.llm import store, store_file
from tests.llm.test_store import row, run
from tests.reports.test_comment import ANSWERED, EVIDENCE

SOUND: dict[str, Any] = {**EVIDENCE, "checklist": [], "suggestions": []}
SHAPES = ["no JSON", "", "null", "[]", "3", '"text"', "{}", '{"visibility": 3}', "[" * 100_000, '{"a": ' * 50_000]
COLUMNS: list[tuple[str, object]] = [
    *(("document", shape) for shape in SHAPES),
    ("document", json.dumps({**SOUND, "suggestions": [3], "checklist": [3]})),
    ("document", json.dumps({**SOUND, "suggestions": [{"title": 3}], "checklist": [{"answer": None}]})),
    ("document", json.dumps({**SOUND, "visibility": {"seen": [3], "not_seen": []}})),
    ("document", json.dumps({**SOUND, "not_redacted": {"key": "many"}})),
    ("document", json.dumps({**SOUND, "usage": 7}).replace("7", "9" * 100_000)),
    ("reply", "no JSON"),
    *(("shown", shape) for shape in ("no JSON", "", "[" * 100_000, "9" * 5_000)),
    ("document", b"\x00\xff\xfe"),
    ("selection", b"\xff"),
    ("model", b"\x00"),
    ("at", b"\xff\xff"),
    ("at", "\x1b[31m\u202e"),
    ("question", b"blob"),
    ("system", b"blob"),
    ("prompt_tokens", "many"),
    ("cost", "dear"),
    ("answered_from", b"\x01"),
]  # fmt: skip


def change(column: str, value: object) -> None:
    """Write past the program into the last of three reviews."""
    for _ in range(3):
        store.record_review(row(document=SOUND))
    with closing(sqlite3.connect(store_file.store_path())) as db, db:
        db.execute(f"UPDATE review SET {column} = ? WHERE id = 2", (value,))


@pytest.mark.parametrize(("column", "value"), COLUMNS, ids=range(len(COLUMNS)))
def test_a_damaged_row(column: str, value: object) -> None:
    """Showing it or commenting on it is refused with its number; the list has the others, and sums go on."""
    change(column, value)
    for command in (["show", "2"], ["comment", "2", *ANSWERED], ["show", "2", "--format", "json"]):
        done = run(*command)
        assert (done.returncode, done.stdout) == (2, ""), command
        assert "review 2 is damaged" in done.stderr
    for form in ("text", "json"):
        listed = run("log", "--format", form)
        assert (listed.returncode, len(listed.stdout.splitlines())) == (2, 2)
        assert "review 2 is damaged" in listed.stderr
    stats = run("log", "--stats")
    assert stats.returncode == 0
    assert stats.stdout.replace("\n", "").isprintable()
    assert run("show", "3").returncode == 0


def test_texts_of_a_row_do_not_steer_a_terminal() -> None:
    """Control characters in any column are written out."""
    store.record_review(row(document=SOUND))
    with closing(sqlite3.connect(store_file.store_path())) as db, db:
        for column in ("selection", "repository", "question", "model", "provider", "context_digest", "system", "user"):
            db.execute(f"UPDATE review SET {column} = ?", ("\x1b[31m\u202e",))
    sent = run("show", "--sent")
    assert (sent.returncode, sent.stderr) == (0, "")
    assert sent.stdout.count("\\u202e") >= 7
    assert not {"\x1b", "\u202e"} & set(sent.stdout)


def test_a_missing_value() -> None:
    """A column without a value, in a file without our constraints, is as damaged as one of another type."""
    change("question", "x")
    with closing(sqlite3.connect(store_file.store_path())) as db, db:
        db.executescript(
            "PRAGMA writable_schema = ON;"
            "UPDATE sqlite_master SET sql = replace(sql, 'question TEXT NOT NULL', 'question TEXT') WHERE name = 'review';"
            "PRAGMA writable_schema = RESET; UPDATE review SET question = NULL WHERE id = 2;"
        )
    assert "review 2 is damaged" in run("show", "2").stderr
    assert len(run("log").stdout.splitlines()) == 2


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_numbers_without_a_form(value: float) -> None:
    """JSON has no infinity and no NaN; they are null, and what is printed can be read by any reader."""
    change("cost", value)
    with closing(sqlite3.connect(store_file.store_path())) as db, db:
        db.execute("UPDATE review SET document = ? WHERE id = 2", (json.dumps({**SOUND, "usage": float("nan")}),))
        db.execute("UPDATE review SET reply = ? WHERE id = 2", (json.dumps({"summary": value, "note": float("nan")}),))

    def never(name: str) -> float:
        raise AssertionError(name)

    shown = json.loads(run("show", "2", "--format", "json").stdout, parse_constant=never)
    assert (shown["cost"], shown["document"]["usage"]) == (None, None)
    _, _, reply = run("show", "2").stdout.partition("===== reply =====\n")
    assert json.loads(reply.partition("\n}\n")[0] + "}", parse_constant=never) == {"summary": None, "note": None}
    lines = run("log", "--format", "json").stdout.splitlines()
    assert [json.loads(line, parse_constant=never)["id"] for line in lines] == [3, 2, 1]


HALF = "\ud800 and \udfff"


@pytest.mark.parametrize("column", ["reply", "document", "question"])
def test_half_a_character(column: str) -> None:
    """Half a surrogate pair, as JSON can escape one, is written out for people and U+FFFD in JSON; as bytes it is damage."""
    suggestion = {"title": HALF, "verdict": HALF, "diff": HALF, "findings": [], "reason": HALF}
    answer = {"question": HALF, "answer": HALF, "note": HALF}
    told = {
        **SOUND,
        "visibility": {"seen": [HALF], "not_seen": [HALF]},
        "suggestions": [suggestion],
        "checklist": [answer],
    }
    value = HALF.encode("utf-8", "surrogatepass") if column == "question" else json.dumps(told)
    change(column, value)
    for command in (["show", "2"], ["show", "2", "--format", "json"], ["comment", "2", *ANSWERED], ["log"]):
        done = run(*command)
        assert done.returncode == (2 if column == "question" else 0), done.stderr
        if "json" in command and column != "question":
            assert "\ufffd and \ufffd" in json.dumps(json.loads(done.stdout)[column], ensure_ascii=False)


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A umask that leaves everything to everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_a_store_that_is_open_to_all_is_closed() -> None:
    """File, write-ahead log and folder of an older time are made the owner's alone, which is told once."""
    store.record_review(row(document=SOUND))
    reader = sqlite3.connect(store_file.store_path())  # keeps the write-ahead log there
    reader.execute("SELECT count(*) FROM review").fetchone()
    store.record_review(row(document=SOUND))
    files = [store_file.store_path().parent / f"{store_file.FILE}{end}" for end in ("", "-wal", "-shm")]
    for file in files:
        file.chmod(0o666)
    store_file.store_path().parent.chmod(0o777)
    first, second = run("log"), run("log")
    reader.close()
    assert first.returncode == second.returncode == 0
    assert (
        "other users of this machine could read or change it; now only you can read the reviews and change what is there."
        in first.stderr
    )
    assert second.stderr == ""
    assert not store_file.store_path().parent.stat().st_mode & stat.S_IWOTH
    assert {stat.S_IMODE(f.stat().st_mode) for f in files if f.exists()} == {0o600}


DIES = "import os, sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('UPDATE review SET user = user || ?', ('z',)); db.commit(); os._exit(0)"


@pytest.mark.parametrize(
    ("log", "length"),
    [(False, 200_000), (True, 200_000), (False, 2_000)],
    ids=["", "with a log of changes left", "of small reviews"],
)
def test_a_full_disk_can_be_freed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: bool, length: int) -> None:
    """On a disk without a byte left reviews can be deleted, all or the old ones, and their room is free afterwards.

    Also where a process left a log of changes for which the file has no room, and where what is freed is too little for the file
    to be opened again.
    """
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True, check=False
    ).returncode:
        pytest.skip("only root may mount a disk of its own")
    try:
        monkeypatch.setenv("CTXREVIEW_STATE_DIR", str(disk / "state"))
        for older_than in ("400", None):
            for _ in range(3):
                store.record_review(row(document=SOUND, user="x" * length))
            with closing(sqlite3.connect(store_file.store_path())) as db, db:
                db.execute("UPDATE review SET at = '2001-01-01T00:00:00+00:00' WHERE id % 3 > 0")
            if log:
                subprocess.run([sys.executable, "-c", DIES, str(store_file.store_path())], check=True)
                assert (disk / "state" / f"{store_file.FILE}-wal").stat().st_size > 100_000
            with pytest.raises(OSError), (disk / "filler").open("wb", buffering=0) as filler:
                while filler.write(b"x" * 4096):
                    pass
            if not log:
                with pytest.raises(StoreError):
                    store.record_review(row(document=SOUND, user="y" * 500_000))
            kept = store_file.store_path().stat().st_size
            done = run("log", "--purge", *(["--older-than", older_than] if older_than else []))
            assert done.returncode == 0, done.stderr
            assert re.fullmatch(r"\d reviews? (was|were) deleted.", done.stderr.strip())
            assert store_file.store_path().stat().st_size < (kept / 2 if length > 10_000 else kept)
            assert os.statvfs(disk).f_bavail > length // 4_000
            (disk / "filler").unlink()
            assert len(store.search_reviews("", 50)) == (1 if older_than else 0)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
