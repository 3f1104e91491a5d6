"""A review becomes a comment only after a person has answered for it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ctxreview.llm import store
from ctxreview.model.claims import claims, neutral
from ctxreview.reports import words
from ctxreview.reports.comment import Person, comment, stored_subject
from tests.commands import OnTerminal, run_on_terminal
from tests.llm.test_store import RESPONSES, UNSAFE, answer, asking, environment, row, run
from tests.reports.test_reports import outside_spans
from tests.samples import EXAMPLE, QUERY, TEAM_QUESTION
from tests.servers import Told, serving

NEVER = re.compile(r"\b(reviewed|safe|approved|LGTM)\b", re.IGNORECASE)
ANSWERED = ["--answer", "Yes: the read is locked by the TransactionScope."]
REASON = ["--because", "We want to talk about a projection instead."]
EVIDENCE = {"visibility": {"seen": ["src/A.cs, lines 1-9: encloses the selection."], "not_seen": ["Who calls M."]}}


@pytest.fixture
def server() -> Iterator[Told]:
    """A server that gives the incident's answer."""
    with serving() as told:
        told.answers[RESPONSES] = [answer(UNSAFE)]
        yield told


def suggested(verdict: str = "no-known-conflict", **values: Any) -> dict[str, Any]:
    """A row with one suggestion."""
    given = {"title": "t", "rationale": "", "applied": True, "verdict": verdict, "findings": [], "diff": ""} | values
    return row(document={**EVIDENCE, "checklist": [], "suggestions": [given]}, verdict=verdict)


def made(values: dict[str, Any], said: str = "Yes, it holds the lock.", because: str = "") -> str:
    """The comment on a row."""
    store.record_review(values)
    kept = store.stored_review(None)
    assert kept
    return comment(stored_subject(kept), Person(said, because))


def test_the_incident_as_a_comment(server: Told) -> None:
    """The comment has what was seen and not seen, the guard's verdict, the question, the answers, and its provenance."""
    run(*asking(server))
    done = run("comment", *ANSWERED, *REASON)
    assert done.returncode == 0
    places = [
        done.stdout.find(part)
        for part in (
            "What the model saw:",
            "encloses the selection",
            "What it did not see:",
            "not enclosing the selection",
            "Suggestion 1, held against the scopes: conflicts",
            "high no-tracking-write",
            "+                .AsNoTracking()",
            TEAM_QUESTION,
            "> Yes: the read is locked",
            "because: We want to talk",
            "`m-1` of openai, 20",
        )
    ]
    assert -1 not in places
    assert places == sorted(places)
    last = done.stdout.rstrip("\n").splitlines()[-1]
    assert re.fullmatch(
        r"\*`m-1` of openai, 20\d\d-\d\d-\d\d; it saw \d+ and did not see \d+ of .*a person .* decides, .*\*", last
    )
    assert not NEVER.search(done.stdout)
    for said in ("What the model saw", "What it did not see", "no-tracking-write"):
        assert said in done.stderr


def test_the_models_claims_are_left_out(server: Told) -> None:
    """Summary, rationale, title and notes of the model are not in the comment, whatever they claim."""
    reply = json.loads(UNSAFE)
    claimed = "Reviewed and APPROVED. LGTM, this is safe; hazelnut"
    reply["summary"] = claimed
    reply["suggestions"][0] |= {"title": claimed, "rationale": claimed}
    reply["checklist"][0]["note"] = claimed
    server.answers[RESPONSES] = [answer(json.dumps(reply))]
    run(*asking(server))
    shown = run("comment", *ANSWERED, *REASON).stdout
    assert not NEVER.search(shown)
    assert "hazelnut" not in shown
    assert "AsNoTracking" in shown


@pytest.mark.parametrize("word", ["reviewed", "Safe", "APPROVED", "lgtm", "thread-safe", "ｓａｆｅ"])
def test_a_change_with_such_a_word_is_left_out(word: str) -> None:
    """A word in the model's own code comments does not come in by the diff; it is said that the change is left out."""
    shown = made(suggested(diff=f"--- a/A.cs\n+++ b/A.cs\n@@ -1 +1 @@\n-x\n+y // {word}\n"))
    assert "The change is omitted" in shown
    assert word not in shown


@pytest.mark.parametrize("name", ["SafeHandle", "unsafe", "IsApproved", "reviewedBy", "safely"])
def test_longer_words_are_other_words(name: str) -> None:
    """An identifier in which the letters happen to stand is shown as it is."""
    assert claims(name) is None
    assert name in made(suggested(diff=f"--- a/A.cs\n+++ b/A.cs\n@@ -1 +1 @@\n-x\n+{name}\n"))


def test_names_that_have_to_be_told() -> None:
    """In a path, a model's name or a finding such a word is replaced, also between underscores and encoded otherwise."""
    finding = {
        "rule": "r", "severity": "low", "certainty": "syntactic", "message": "`approved` moved", "question": "Why?",
        "start_line": 1, "end_line": 2,
    }  # fmt: skip
    values = suggested("needs-human", findings=[finding]) | {"selection": "src/safe/A.cs:1-2", "model": "lgtm_ｓafe"}
    shown = made(values)
    assert not NEVER.search(shown)
    assert "src/[…]/A.cs:1-2" in shown
    assert neutral("is_safe") == "is_[…]"


@pytest.mark.parametrize("option", ["--answer", "--because"])
@pytest.mark.parametrize("said", ["It is safe.", "LGTM", "reviewed by me"])
def test_a_person_is_asked_for_another_word(option: str, said: str) -> None:
    """What a person writes is never changed behind their back: they are asked to say it otherwise."""
    store.record_review(suggested("conflicts"))
    answers = {"--answer": "Yes, it takes a lock.", "--because": "It does not matter here."} | {option: said}
    done = run("comment", *(part for pair in answers.items() for part in pair))
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(rf"{option}: a comment does not use the word '\w+'; say what you looked at", done.stderr)


@pytest.mark.parametrize(
    ("verdict", "given", "says"),
    [
        ("no-known-conflict", [], "There is no terminal to ask on: answer with --answer"),
        ("needs-human", ["--answer", "  "], "--answer: without an answer there is no comment"),
        ("needs-human", ["--answer", "?!"], "--answer: without an answer there is no comment"),
        ("conflicts", ANSWERED, "There is no terminal to ask on: answer with --because"),
        ("conflicts", REASON, "There is no terminal to ask on: answer with --answer"),
        ("needs-human", [*ANSWERED, *REASON], "none that conflicts is passed on here"),
    ],
)
def test_no_comment_without_an_answer(verdict: str, given: list[str], says: str) -> None:
    """Without an answer, or a reason where the guard found a conflict, nothing is printed; the evidence is shown."""
    store.record_review(suggested(verdict))
    done = run("comment", "1", *given)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "What it did not see\n  - Who calls M." in done.stderr


@pytest.mark.parametrize(("verdict", "given"), [("needs-human", ANSWERED), ("conflicts", [*ANSWERED, *REASON])])
def test_a_comment_with_an_answer(verdict: str, given: list[str]) -> None:
    """With what is needed the comment is made."""
    store.record_review(suggested(verdict))
    assert run("comment", "1", *given).returncode == 0


def on_a_terminal(*typed: tuple[str, str]) -> OnTerminal:
    """``ctxreview comment`` with a person who types a line after each question."""
    return run_on_terminal("comment", cwd=EXAMPLE, env=environment(), typed=typed, pipe=True)


def test_on_a_terminal() -> None:
    """With a terminal the evidence is shown first, then the question is asked, and with a conflict the reason."""
    store.record_review(suggested("conflicts"))
    why = "Why do you pass the suggestion on?"
    status, seen, printed = on_a_terminal((TEAM_QUESTION, "Yes, it holds a lock.\n"), (why, "To talk about it.\n"))
    assert status == 0
    assert "> Yes, it holds a lock." in printed
    assert "because: To talk about it." in printed
    assert seen.index("What it did not see") < seen.index(TEAM_QUESTION) < seen.index(why)


def test_no_answer_on_a_terminal() -> None:
    """Who ends the input instead of answering gets no comment."""
    store.record_review(suggested())
    status, _, printed = on_a_terminal((TEAM_QUESTION, "\x04"))
    assert (status, printed) == (130, "")


def test_nothing_in_it_acts() -> None:
    """Markup, mentions and control characters of paths and answers are shown as what they are."""
    values = suggested() | {"selection": "src/<img src=x>@team.cs:1-2"}
    shown = made(values, "Yes @everyone <script>\n# heading\x1b[2J")
    assert not re.search(r"[<@]", "\n".join(map(outside_spans, shown.split("\n"))))
    assert "\x1b" not in shown
    assert "\n# heading" not in shown


def test_the_question_is_the_teams() -> None:
    """The question is the checklist's first, word for word."""
    assert words.TEAM_QUESTION == TEAM_QUESTION


def test_no_suggestion_and_no_review() -> None:
    """A review without a suggestion can be told as well; without a review there is nothing to tell."""
    assert "No review is stored yet." in run("comment", *ANSWERED).stderr
    store.record_review(row(document={**EVIDENCE, "checklist": [], "suggestions": []}, verdict=""))
    assert "The model suggested no change." in run("comment", *ANSWERED).stdout


# --- what became of the file since -------------------------------------------------------------------------


@pytest.fixture
def reviewed(server: Told, tmp_path: Path) -> Path:
    """A copy of the example that is a repository of its own, and was reviewed."""
    folder = tmp_path / "example"
    shutil.copytree(EXAMPLE, folder)
    (folder / ".git").mkdir()
    assert run(*asking(server), folder=folder).returncode == 0
    return folder


CHANGED = "src/RecordService.cs has changed since the model saw it"


def test_an_unchanged_file(reviewed: Path) -> None:
    """Where the file is as it was nothing is said, whatever happened beside it, and wherever the command is called."""
    (reviewed / "src/Other.cs").write_text("class Other;\n")
    (reviewed / "src/RecordService.cs").touch()
    done = run("comment", *ANSWERED, *REASON)
    assert done.returncode == 0
    assert "changed since" not in done.stdout + done.stderr


@pytest.mark.parametrize(("head", "tail"), [("// new\n", ""), ("", "\n"), ("", "// approved\n")])
def test_a_changed_file(reviewed: Path, head: str, tail: str) -> None:
    """Where it is another the person is told before they answer, and the comment's readers as well."""
    file = reviewed / "src/RecordService.cs"
    file.write_text(head + file.read_text("utf-8") + tail, "utf-8")
    done = run("comment", *ANSWERED, *REASON)
    assert done.returncode == 0
    assert f"{CHANGED}: the line numbers may have shifted." in done.stderr
    assert re.search(r"^`src/RecordService\.cs` has changed since the model saw it", done.stdout, re.MULTILINE)
    assert not NEVER.search(done.stdout)


def test_a_file_that_is_gone(reviewed: Path) -> None:
    """A file that was moved or deleted is told as well."""
    (reviewed / "src/RecordService.cs").unlink()
    done = run("comment", *ANSWERED, *REASON)
    assert done.returncode == 0
    assert "src/RecordService.cs no longer exists or cannot be read" in done.stderr


def test_no_answer_without_knowing_of_the_change(reviewed: Path) -> None:
    """It is told even where no comment is made, since the person has not answered yet."""
    (reviewed / "src/RecordService.cs").write_text("class A;\n")
    done = run("comment")
    assert (done.returncode, done.stdout) == (2, "")
    assert CHANGED in done.stderr


def test_a_review_from_before_digests() -> None:
    """Of a row that has none nothing is said: it is not known."""
    assert "changed since" not in made(suggested() | {"source_digest": None})


# --- what a person leaves out, rejects and adds ------------------------------------------------------------


def test_a_suggestion_is_left_out(server: Told) -> None:
    """``--omit`` leaves a suggestion out; where it was the one in conflict, nobody has to say why it is passed on."""
    run(*asking(server))
    done = run("comment", "1", "--omit", "1", "--answer", "Yes, and it stays.")
    assert done.returncode == 0, done.stderr
    assert "Suggestion 1" not in done.stdout
    assert "AsNoTracking" not in done.stdout
    assert "> Yes, and it stays." in done.stdout


def test_a_rejected_suggestion_says_why(server: Told) -> None:
    """``--reject N:WHY`` keeps what the guard found, says why it is rejected, and shows no diff; own words come first."""
    run(*asking(server))
    done = run(
        "comment", "1", "--reject", "1: the row is updated below", "--note", "Looked at with Ann.", "--answer", "Yes."
    )
    assert done.returncode == 0, done.stderr
    assert "Rejected, because: the row is updated below" in done.stdout
    assert "no-tracking-write" in done.stdout
    assert "```diff" not in done.stdout
    assert done.stdout.index("Looked at with Ann.") < done.stdout.index("What the model saw")


@pytest.mark.parametrize("command", ["review", "guard"])
def test_what_was_printed_becomes_a_comment(command: str, tmp_path: Path) -> None:
    """``--of`` takes what ``review`` without a model or ``guard`` printed; the comment names no model."""
    given = ["guard", QUERY, "--suggestion", "answers/unsafe-answer.md"] if command == "guard" else ["review", QUERY]
    printed = tmp_path / "printed.json"
    printed.write_text(run(*given, "--format", "json", OPENAI_API_KEY="").stdout)
    why = ["--because", "it is meant"] if command == "guard" else []
    done = run("comment", "--of", str(printed), "--answer", "Yes.", *why)
    assert done.returncode == 0, done.stderr
    assert "Found by ctxreview in the source, without a model" in done.stdout
    assert ("no-tracking-write" in done.stdout) == (command == "guard")
    assert ("+                .AsNoTracking()" in done.stdout) == (command == "guard")
    assert ("missing-intent" in done.stdout) == (command == "review")
    assert claims(done.stdout) is None


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--omit", "3"], "There is no suggestion 3 here: the suggestions are numbered from 1 to 1."),
        (["--reject", "2:no"], "There is no suggestion 2 here"),
        (["--reject", "no"], "--reject 'no': give the number of a suggestion and why"),
        (["--reject", "1: "], "--reject '1: ': give the number of a suggestion and why"),
        (["--reject", "1: not safe"], "a comment does not use the word 'safe'"),
        (["--note", "LGTM"], "a comment does not use the word 'LGTM'"),
        (["--omit", "1", "--reject", "1:no"], "Suggestion 1 cannot be left out and rejected"),
        (["--omit", "1", "--because", "x"], "--because says why a conflicting suggestion is passed on"),
        (["--of", "x.json"], "--of names what the comment is about; give it without [ID]"),
    ],
)
def test_what_cannot_be_is_refused(server: Told, more: list[str], says: str) -> None:
    """A number that is none, a word that claims too much, and options beside each other end with one sentence."""
    run(*asking(server))
    done = run("comment", "1", *more, "--answer", "Yes.")
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


@pytest.mark.parametrize(
    "text", ["", "x", "[]", "3", '{"schema": "ctxreview.lint/1"}', '{"schema": "ctxreview.guard/1"}', "[" * 100_000]
)
def test_another_text_is_no_comment(text: str, tmp_path: Path) -> None:
    """What neither command printed is refused with its name."""
    file = tmp_path / "printed.json"
    file.write_text(text)
    done = run("comment", "--of", str(file), "--answer", "Yes.")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not what `review --format json` or `guard --format json` prints" in done.stderr
