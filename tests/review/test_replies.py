"""An answer that somebody brings from a chat gets all that a model's answer gets: guard, citations, reports, a place in the store."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.commands import run_command
from tests.samples import EXAMPLE

SELECTION = "src/RecordService.cs:31-33"
PATH = "examples/record-service/src/RecordService.cs"
ANSWER = f"""\
Keep the tracking.

## Checklist

- shared-state: yes: the row is shared, `{PATH}:31 "var record = _db.Records"`
- tracking-and-later-writes: yes: `{PATH}:40 "record.Status = Made.Up;"`

## Findings

- {PATH}:37 (medium): this leaves without completing.
- src/Elsewhere.cs:3 (low): nobody was shown that.

## Suggestions

### Read without tracking

It saves memory.
Confidence: high

```csharp
            var record = _db.Records
                .AsNoTracking()
                .Where(r => r.TenantId == tenantId)
                .FirstOrDefault(r => r.Id == recordId);
```
"""


def review(tmp_path: Path, answer: str, *options: str) -> dict[str, Any]:
    """The review's document for an answer that is brought."""
    done = run(tmp_path, "review", SELECTION, "--reply", "-", "--format", "json", *options, given=answer)
    assert done[0] == 0, done[2]
    found: dict[str, Any] = json.loads(done[1])
    return found


def run(tmp_path: Path, *arguments: str, given: str = "") -> tuple[int, str, str]:
    """Status and output of a command in the example's folder, with a store of its own."""
    own = {"CTXREVIEW_STATE_DIR": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path)}
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "ANTHROPIC_", "CTXREVIEW_"))}
    done = run_command(*arguments, cwd=EXAMPLE, env=kept | own, stdin=given)
    return done.returncode, done.stdout, done.stderr


def test_an_answer_in_markdown(tmp_path: Path) -> None:
    """Its change is held against the scopes, its citations are looked up, its findings say whether their line was shown."""
    found = review(tmp_path, ANSWER, "--model", "some-chat")
    assert found["provider"] == {"name": "chat", "model": "some-chat"}
    assert (found["summary"], found["usage"]) == ("Keep the tracking.", None)
    (suggestion,) = found["suggestions"]
    assert (suggestion["verdict"], suggestion["confidence"]) == ("conflicts", "high")
    assert [f["rule"] for f in suggestion["findings"]] == ["no-tracking-write"]
    assert [(f["line"], f["severity"], f["shown"]) for f in found["findings"]] == [
        (37, "medium", True),
        (3, "low", False),
    ]
    answers = {a["id"]: a for a in found["checklist"]}
    assert [e["supported"] for e in answers["shared-state"]["evidence"]] == [True]
    assert [e["supported"] for e in answers["tracking-and-later-writes"]["evidence"]] == [False]


def test_what_it_does_not_answer_the_source_does(tmp_path: Path) -> None:
    """A chat that was not given the checklist leaves its items to what the source proves."""
    alone = json.loads(run(tmp_path, "review", SELECTION, "--format", "json")[1])["checklist"]
    assert review(tmp_path, "Looks fine to me.")["checklist"] == alone


def test_an_answer_as_the_schema_wants_it(tmp_path: Path) -> None:
    """JSON is read as the answer of an API is, in a fence too."""
    answer = (EXAMPLE / "answers/unsafe-answer.json").read_text("utf-8")
    plain, fenced = (review(tmp_path, text) for text in (answer, f"```json\n{answer}\n```"))
    assert plain["suggestions"] == fenced["suggestions"]
    assert [s["verdict"] for s in plain["suggestions"]] == ["conflicts"]


def test_it_is_kept(tmp_path: Path) -> None:
    """The log has it, ``show`` its words, and a secret of the answer stands nowhere in the store."""
    secret = "ghp_" + "a1B2c3D4" * 4 + "e5F6"
    review(tmp_path, f"{ANSWER}\nUse token {secret} there.\n")
    listed = json.loads(run(tmp_path, "log", "--format", "json")[1])
    assert (listed["provider"], listed["model"], listed["verdict"]) == ("chat", "unknown model", "conflicts")
    shown = run(tmp_path, "show", str(listed["id"]))[1]
    assert "Keep the tracking." in shown
    assert "Reported by the model, without an edit\n  medium " in shown
    assert secret.encode() not in b"".join(p.read_bytes() for p in (tmp_path / "state").iterdir())


@pytest.mark.parametrize(
    ("answer", "options", "says"),
    [
        ("", (), "The reply cannot be read: There is nothing in it."),
        ('{"summary": 3}', (), "The reply cannot be read: The reply is not in the requested form"),
        (ANSWER, ("--provider", "openai"), "--reply asks nobody; give it without --provider."),
        (ANSWER, ("--dry-run",), "--reply asks nobody; give it without --dry-run."),
        (ANSWER, ("src/RecordService.cs:51",), "--reply is one answer; give one selection."),
    ],
)
def test_what_cannot_be_taken(tmp_path: Path, answer: str, options: tuple[str, ...], says: str) -> None:
    """One sentence and status 2; nothing is kept."""
    status, out, said = run(tmp_path, "review", SELECTION, "--reply", "-", *options, given=answer)
    assert (status, out) == (2, "")
    assert says in said
    assert not run(tmp_path, "log")[1].strip()


def test_the_prompt_for_a_chat_and_its_answer(tmp_path: Path) -> None:
    """``prompt --for chat`` asks for the headings that ``review --reply`` reads, and for no JSON."""
    asked = run(tmp_path, "prompt", SELECTION, "--for", "chat")[1]
    assert all(f"\n## {heading}\n" in asked for heading in ("Checklist", "Findings", "Suggestions"))
    assert "JSON" not in asked


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_findings_and_confidence_are_told_to_people(tmp_path: Path, form: str) -> None:
    """Each format has what the model reports without an edit, whether it saw the line, and how sure it says it is."""
    out = run(tmp_path, "review", SELECTION, "--reply", "-", "--format", form, given=ANSWER)[1]
    words = " ".join(out.replace("`", "").split())
    assert "this leaves without completing." in words
    assert "(the model was not shown that line)" in words
    assert "Confidence, by the model itself: high." in words


def test_nobody_was_asked(tmp_path: Path) -> None:
    """Of replies that were brought nobody was asked: they count as reviews, and are told as those of a chat."""
    for _ in range(2):
        page = run(tmp_path, "review", SELECTION, "--reply", "-", "--format", "html", given=ANSWER)[1]
    assert "unknown model in a chat" in page
    total = json.loads(run(tmp_path, "log", "--stats", "--format", "json")[1])
    assert (total["asked"], total["unpriced"], total["cost"]) == (0, 0, None)
    assert total["reviews"] >= 1
    assert "model: unknown model in a chat" in run(tmp_path, "show", "last", "--sent")[1]
