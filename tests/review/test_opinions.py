"""A second opinion: several models asked about the same lines, and shown where they differ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from llmock.scenarios import Fail, Match, Reply
from llmock.testing import LLMockServer

from tests.llm.test_store import KEY, UNSAFE, rows, run
from tests.samples import ITEMS, QUERY, TEAM_QUESTION, unwrapped

NO = json.dumps(
    {
        "summary": "Nothing here is shared.",
        "checklist": [{"id": ITEMS[0].id, "answer": "no", "evidence": [], "note": "I see no | lock."}],
        "suggestions": [],
    }
)


@pytest.fixture
def server() -> Iterator[LLMockServer]:
    """A server on which m-1 gives the incident's answer and m-2 denies that anything is shared."""
    with LLMockServer() as running:
        running.state.scenarios.add(
            Reply(text=UNSAFE, times=None, match=Match(model="m-1")),
            Reply(text=NO, times=None, match=Match(model="m-2")),
            Fail(401, times=None, match=Match(model="m-3")),
        )
        yield running


def opinions(server: LLMockServer, models: str, *more: str) -> Any:
    """A review by several models on one server."""
    return run("review", QUERY, "--base-url", server.base_url("openai"), "--models", models, *more)


def test_where_they_differ(server: LLMockServer) -> None:
    """Answers that differ stand side by side with who gave them; those that are the same apart; no third is made of them."""
    done = opinions(server, "m-1,m-2", "--format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["schema"] == "ctxreview.opinions/1"
    first = found["differences"][0]
    assert (first["id"], first["question"]) == ("shared-state", TEAM_QUESTION)
    assert [(a["name"], a["model"], a["answer"]) for a in first["answers"]] == [
        ("openai", "m-1", "yes"),
        ("openai", "m-2", "no"),
    ]
    assert len(found["differences"]) + len(found["same"]) == len(ITEMS)
    assert [r["provider"]["model"] for r in found["reviews"]] == ["m-1", "m-2"]
    assert [r["suggestions"][0]["verdict"] for r in found["reviews"] if r["suggestions"]] == ["conflicts"]
    assert "answer" not in first
    assert "verdict" not in found


def test_each_is_kept_by_itself(server: LLMockServer) -> None:
    """Each review is in the store, so that asking one of the models again is answered from there."""
    opinions(server, "m-1,m-2")
    assert [r["model"] for r in rows()] == ["m-1", "m-2"]
    again = opinions(server, "m-2,m-1")
    assert again.stderr.count("Answered from the store") == 2


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_for_people(server: LLMockServer, form: str) -> None:
    """For people the context stands once, then the differences, then what each model says."""
    shown = opinions(server, "m-1,m-2", "--format", form).stdout
    first, second = (
        f"Answer of openai {'`(m-1)`' if form == 'markdown' else '(m-1)'}".replace("m-1", m) for m in ("m-1", "m-2")
    )
    answers = (first, "AsNoTracking", second, "Nothing here is shared.")
    differences = (
        "Where the models differ",
        TEAM_QUESTION,
        "Where they agree",
        "The same answer from several models is not evidence",
    )
    order = (*differences, *answers) if form == "markdown" else (*answers, *differences, "Code")
    shown_once = unwrapped(shown)
    places = [shown_once.find(part) for part in (*order, "It does not count as a review until")]
    assert -1 not in places
    assert form == "markdown" or places == sorted(places)
    assert shown.count("What it does not see" if form == "markdown" else "What holds the selection") == 1
    if form == "markdown":
        (line,) = [line for line in shown.splitlines() if line.startswith(f"| {TEAM_QUESTION}")]
        assert "**yes**" in line
        assert r"**no** I see no `\|` lock." in line


def test_models_that_agree(server: LLMockServer) -> None:
    """Where no answer differs it says so, and that this proves nothing."""
    server.state.scenarios.add(Reply(text=NO, times=None, match=Match(model="m-4")))
    shown = opinions(server, "m-2,m-4").stdout
    assert "Where the models differ\n  In no answer.\n" in shown
    assert "is not evidence" in shown


def test_two_providers(server: LLMockServer) -> None:
    """A name may say whose model it is, each with the key and address of its own."""
    variables = {f"{p.upper()}_BASE_URL": server.base_url(p) for p in ("openai", "anthropic")}
    done = run(
        "review", QUERY, "--models", "openai:m-1, anthropic:m-2", "--format", "json", ANTHROPIC_API_KEY=KEY, **variables
    )
    assert [r["provider"]["name"] for r in json.loads(done.stdout)["reviews"]] == ["openai", "anthropic"]


def test_one_that_fails_is_no_second_opinion(server: LLMockServer) -> None:
    """When one model cannot be asked there is no comparison; what the other answered is kept and not paid for again."""
    done = opinions(server, "m-1,m-3")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did not accept the key" in done.stderr
    assert [r["model"] for r in rows()] == ["m-1"]


def test_fail_on_counts_all(server: LLMockServer) -> None:
    """``--fail-on`` sees the findings on every model's suggestions."""
    assert opinions(server, "m-2,m-1", "--fail-on", "high").returncode == 1


def test_a_plan_for_each(server: LLMockServer) -> None:
    """A dry run says for each model what would be sent, and sends nothing."""
    done = opinions(server, "m-1,m-2", "--dry-run", "--format", "json")
    assert [json.loads(line)["provider"]["model"] for line in done.stdout.splitlines()] == ["m-1", "m-2"]
    assert len(server.state.journal.records(wait=0)) == 0


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--models", "m-1"], "--models m-1: name at least two different models"),
        (["--models", "m-1,m-1"], "name at least two different models"),
        (["--models", "m-1,"], "name at least two different models"),
        (["--models", "m-1,m-2", "--model", "m-3"], "Give --model for one model or --models for several"),
        (["--models", "m-1,m-2", "--provider", "none"], "--models needs a provider: set OPENAI_API_KEY"),
        (["--models", "openai:m-1,anthropic:m-2", "--base-url", "http://x"], "--base-url applies to all"),
    ],
)
def test_refused(given: list[str], says: str) -> None:
    """Names that make no comparison are one sentence."""
    done = run("review", QUERY, *given)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert says in done.stderr
