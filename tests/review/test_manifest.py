"""``--selections`` with JSON Lines: questions of their own, ids and tags that come back, and a sentence for what is no entry."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from ctxreview.review.manifest import Asked, selections_in
from tests.commands import run_command
from tests.guard.test_versions import SERVICE, repo
from tests.reports.test_schemas import valid
from tests.workspace.test_git import write

__all__ = ["repo"]
ENTRIES = [
    {"selection": f"{SERVICE}:31-33", "question": "Is ##this## right?", "id": "A-1", "tags": ["db", "é"]},
    f"{SERVICE}:31-33",
    {"selection": f"{SERVICE}:31-33", "id": "A-2"},
    {"selection": f"{SERVICE}:31-33", "question": "Why?", "tags": []},
    {"selection": "src/Gone.cs:1", "id": "A-3", "tags": ["gone"]},
]
MANIFEST = "\n\n".join(one if isinstance(one, str) else json.dumps(one) for one in ENTRIES)


@pytest.mark.parametrize(
    ("command", "schema"),
    [
        (("context", "--hops", "0"), "ctxreview.context/1"),
        (("prompt", "--hops", "0"), "ctxreview.prompt/1"),
        (("review", "-q", "--provider", "none"), "ctxreview.review/1"),
        (("review", "-q", "--provider", "local", "--model", "m", "--dry-run"), "ctxreview.dry-run/1"),
    ],
)
def test_each_document_has_what_its_entry_has(repo: Path, command: tuple[str, ...], schema: str) -> None:
    """Id and tags come back, also of one that fails, as the schemas say; a question is asked in the place of the run's."""
    done = run_command(*command, "--selections", "-", "--format", "json", cwd=repo, stdin=MANIFEST)
    assert done.returncode == 2
    *made, failed = done.stdout.splitlines()
    found = valid("\n".join(made), schema)
    assert [(d.get("id"), d.get("tags")) for d in found] == [("A-1", ["db", "é"]), (None, None), ("A-2", None), (None, None)]  # fmt: skip
    (error,) = valid(failed, "ctxreview.error/1")
    assert (error["id"], error["tags"], error["selection"]) == ("A-3", ["gone"], "src/Gone.cs:1")
    if schema == "ctxreview.prompt/1":
        assert ["> Why?" in d["user"] for d in found] == [False, False, False, True]
        assert all(d["reply"] == "json" and d["tokens"]["prompt"] > 1000 for d in found)
    if schema == "ctxreview.review/1":
        asked = [d["question"] for d in found]
        assert asked == ["Is ##this## right?", "Can you optimize this?", "Can you optimize this?", "Why?"]
        assert found[0]["context"]["tokens"]["prompt"] != found[1]["context"]["tokens"]["prompt"]


def test_on_all_cores_too(repo: Path) -> None:
    """Where the contexts of many files are made by several processes, each entry keeps its own; text has the ids in its headings."""
    write(repo, {f"src/C{n}.cs": f"class C{n}\n{{\n    void M() {{ }}\n}}\n" for n in range(30)})
    given = "".join(json.dumps({"selection": f"src/C{n}.cs:3", "id": f"n{n}"}) + "\n" for n in range(30))
    many = ("context", "--hops", "0", "--selections", "-")
    done = run_command(*many, cwd=repo, stdin=given)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(d["id"], d["selection"]["path"]) for d in found] == [(f"n{n}", f"src/C{n}.cs") for n in range(30)]
    text = run_command(*many, "--format", "text", cwd=repo, stdin=given).stdout
    assert "Selection 7 of 30: src/C6.cs:3 (n6)\n" in text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"selection": 5}', "expected str, got int - at $.selection"),
        ('{"question": "x"}', "object missing required field selection"),
        ('{"selection": "a.cs:1", "text": ""}', "object contains unknown field text"),
        ('  {"selection": "a.cs:1"', "is not JSON (Input data was truncated)"),
        ('{"selection": " "}', "its selection is empty"),
        ('{"selection": "a.cs:1", "tags": "x"}', "expected array, got str - at $.tags"),
    ],
)  # fmt: skip
def test_what_is_no_entry_is_told_with_its_line(repo: Path, line: str, said: str) -> None:
    """One sentence with the number of the line, before anything is done."""
    write(repo, {"list.jsonl": f"{SERVICE}:31\n\n{line}\n{line}\n"})
    done = run_command("review", "--provider", "none", "--selections", "list.jsonl", cwd=repo)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f'list.jsonl, line 3: {said}; write {{"selection": "PATH:LINE"')


def test_standard_input_is_named_and_what_is_long_is_cut(repo: Path) -> None:
    """An entry of a pipe is told as that; of a text that is not a selection there is only so much in its sentence."""
    piped = run_command("context", "--selections", "-", cwd=repo, stdin='{"selection": 3}\n')
    assert (piped.returncode, piped.stderr.startswith("standard input, line 1: ")) == (2, True)
    long = run_command("context", "--selections", "-", cwd=repo, stdin="x" * 5_000)
    assert "…' is not a selection: write PATH:LINE" in long.stderr
    assert len(long.stderr) < 500


def test_an_entry_is_a_selection() -> None:
    """As a text it is the selection; with another question it is another one, and it goes from process to process."""
    plain, own, other = Asked("a.cs:1", id="x"), Asked("a.cs:1", "Why?"), Asked("a.cs:1", "Where?")
    assert plain == "a.cs:1"
    assert hash(plain) == hash("a.cs:1")
    assert len({plain, own, other, "a.cs:1", Asked("a.cs:1", "Why?", "y")}) == 3
    assert pickle.loads(pickle.dumps(own)).question == "Why?"
    assert [*selections_in(f"{json.dumps({'selection': 'b.cs:2', 'question': 'Why?'})}\r\nc.cs:3\n", "-")] == [
        Asked("b.cs:2", "Why?"),
        "c.cs:3",
    ]


def test_no_secret_comes_back(repo: Path) -> None:
    """What an id or a tag has of a key is replaced, as everywhere in a document."""
    key = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
    entry = json.dumps({"selection": f"{SERVICE}:31-33", "id": key, "tags": ["db", key]})
    done = run_command("context", "--selections", "-", "--format", "json", cwd=repo, stdin=entry)
    made = json.loads(done.stdout)
    assert (made["id"], made["tags"]) == ("[REDACTED:github-token:1]", ["db", "[REDACTED:github-token:1]"])
    assert key not in done.stdout + done.stderr
