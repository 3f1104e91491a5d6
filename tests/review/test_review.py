"""A review end to end: the command as a process, a real server on 127.0.0.1, and what comes out."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from llmock.scenarios import Fail, Match, Reply
from llmock.testing import LLMockServer

from ctxreview.errors import ReplyError
from ctxreview.model.review import Completion, Prompt, Usage
from ctxreview.review.pipeline import review
from tests.commands import run_command
from tests.samples import EXAMPLE, ITEMS, QUERY, READ_ONLY, TEAM_QUESTION, request, unwrapped

KEY = "sk-test-9d1c55ab03e84f6a"
DIALECTS = ("responses", "chat", "messages")
VARIABLES = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
NEVER = re.compile(r"\bapproved\b|\bLGTM\b|safe to merge", re.IGNORECASE)

UNSAFE = json.loads((EXAMPLE / "answers/unsafe-answer.json").read_text("utf-8"))
INVENTED = {"path": "src/RecordService.cs", "line": 44, "quote": "transaction.Rollback();"}
ANSWER = json.dumps(
    UNSAFE
    | {
        "checklist": [
            {**UNSAFE["checklist"][0], "evidence": [*UNSAFE["checklist"][0]["evidence"], INVENTED]},
            {"id": "tracking-and-later-writes", "answer": "no", "evidence": [], "note": "It is a read query."},
        ]
    }
)
HARMLESS = json.dumps({"summary": "Leave it as it is.", "checklist": [], "suggestions": []})


@pytest.fixture(scope="module")
def server() -> Iterator[LLMockServer]:
    """A scripted server for both providers."""
    with LLMockServer() as running:
        yield running


@pytest.fixture(autouse=True)
def fresh(server: LLMockServer) -> None:
    """Nothing is scripted and nothing was asked."""
    server.state.scenarios.clear()
    server.state.journal.clear()


def environment(tmp: Path, **variables: str) -> dict[str, str]:
    """This process's environment without its keys, proxies, settings and terminal."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().endswith("_PROXY")
        and not name.startswith(("OPENAI_", "ANTHROPIC_", "CTXREVIEW_"))
        and name != "PYTHONPATH"
    }
    own = {"XDG_CONFIG_HOME": str(tmp), "CTXREVIEW_STATE_DIR": os.environ["CTXREVIEW_STATE_DIR"]}
    return kept | own | variables


def run(tmp: Path, *arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """The command in the example's folder; a key is nowhere in what it prints, and neither is a traceback."""
    done = run_command(*arguments, cwd=EXAMPLE, env=environment(tmp, **variables), stdin=stdin)
    for output in (done.stdout, done.stderr):
        assert KEY not in output
        assert KEY[-8:] not in output
        assert "Traceback" not in output
        assert not NEVER.search(output)
    return done


def asked(
    tmp: Path, server: LLMockServer, dialect: str, *arguments: str, **more: str
) -> subprocess.CompletedProcess[str]:
    """``ctxreview review`` against the server; chat is met only where the Responses API is missing."""
    provider = "anthropic" if dialect == "messages" else "openai"
    if dialect == "chat":
        server.state.scenarios.add(Fail(404, times=None, match=Match(path="/v1/responses")))
    where = ("--provider", provider, "--base-url", server.base_url(provider), "--model", "m-1")
    return run(tmp, "review", *where, *arguments, **{VARIABLES[provider]: KEY}, **more)


def requests(server: LLMockServer, path: str) -> list[Any]:
    """What was asked at a path."""
    return [entry for entry in server.state.journal.records(wait=1) if entry.path.endswith(path)]


PATHS = {"responses": "/v1/responses", "chat": "/chat/completions", "messages": "/messages"}

# --- one selection -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_incident(tmp_path: Path, server: LLMockServer, dialect: str) -> None:
    """The whole method goes out; the incident's answer comes back with citations looked up, its suggestion in conflict."""
    server.state.scenarios.add(Reply(text=ANSWER))
    done = asked(tmp_path, server, dialect, QUERY, "-m", "optimize this", "--format", "json")
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert re.fullmatch(r"Asking (openai|anthropic) \(m-1\): about [\d,]+ tokens\.\n", done.stderr)
    found = json.loads(done.stdout)
    assert (found["schema"], found["question"], found["status"]) == ("ctxreview.review/1", "optimize this", "complete")
    assert found["provider"] == {"name": "anthropic" if dialect == "messages" else "openai", "model": "m-1"}
    assert found["context"]["verdict"] == "in-scope"
    first, second, *others = found["checklist"]
    assert (first["id"], first["question"], first["answer"]) == ("shared-state", TEAM_QUESTION, "yes")
    assert [e["supported"] for e in first["evidence"]] == [True, False]
    assert second["answer"] == "no"
    assert {a["answer"] for a in others} == {"cannot-tell"}
    assert [a["id"] for a in found["checklist"]] == [i.id for i in ITEMS]
    (suggestion,) = found["suggestions"]
    assert (suggestion["applied"], suggestion["verdict"]) == (True, "conflicts")
    assert suggestion["findings"][0]["rule"] == "no-tracking-write"
    assert "+                .AsNoTracking()" in suggestion["diff"]
    assert found["usage"]["prompt_tokens"] > 0
    assert found["usage"]["reply_tokens"] > 0
    assert found["usage"]["cost"] is None
    assert found["notice"].startswith(
        "This is AI-assisted output. It does not count as a review until a person has answered:"
    )
    assert any("encloses the selection" in s for s in found["visibility"]["seen"])
    assert any("Who calls RecordService.UpdateRecord" in s for s in found["context"]["blind_spots"])
    (request,) = requests(server, PATHS[dialect])
    sent = json.dumps(request.body)
    for text in ("using (var scope = new TransactionScope", "_db.SaveChanges();", "scope.Complete();", TEAM_QUESTION):
        assert text in sent
    assert '"additionalProperties": false' in sent


TEXT_PARTS = (
    "conflicts: method UpdateRecord of RecordService, ",
    "Suggestion 1: conflicts: Add AsNoTracking() to the query",
    "high no-tracking-write ",
    "AsNoTracking detaches `record`",
    "+ .AsNoTracking()",
    "Question: Is `record` meant to be updated here?",
    "Hazards found by rules",
    "What holds the selection",
    "Answer of openai (m-1) The query can skip change tracking.",
    "(unsupported: this text is not there)",
    "The model did not answer this item.",
    "Edit of suggestion 1: Add AsNoTracking() to the query",
    "@@ -29,6 +29,7 @@",
    "> 31 │ var record = _db.Records",
    "Question: optimize this Asked instead: is this a safe change, given everything this function is doing? Tokens: ",
    "cost unknown.",
    "This is AI-assisted output. It does not count as a review until a person has answered",
)
MARKDOWN_PARTS = (
    "# ctxreview\n\n> optimize this\n",
    "```csharp\n",
    "> 31 |             var record = _db.Records",
    "## Answer of openai (m-1)",
    f"- **yes**: {TEAM_QUESTION}",
    "(unsupported: this text is not there)",
    "### Add AsNoTracking() to the query: conflicts",
    "```diff\n",
    "+                .AsNoTracking()",
    "- **high** no-tracking-write, lines 31-32 (syntactic)",
    "This is AI-assisted output. It does not count as a review until a person has answered",
)


def without_spans(report: str) -> str:
    """A report without the marks of code spans, in which Markdown puts what is not a plain word."""
    return re.sub(r"(?<!`)`(?!`)", "", report)


@pytest.mark.parametrize(("form", "parts"), [("text", TEXT_PARTS), ("markdown", MARKDOWN_PARTS)])
def test_for_people(tmp_path: Path, server: LLMockServer, form: str, parts: tuple[str, ...]) -> None:
    """The same review as text and as Markdown, in a fixed order, without a colour in a file."""
    server.state.scenarios.add(Reply(text=ANSWER))
    done = asked(tmp_path, server, "responses", QUERY, "-m", "optimize this", "--format", form)
    assert done.returncode == 0
    report = without_spans(done.stdout) if form == "markdown" else unwrapped(done.stdout)
    places = [report.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert places == sorted(places)
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("dialect", DIALECTS)
def test_one_repair(tmp_path: Path, server: LLMockServer, dialect: str) -> None:
    """A reply in the wrong form is asked for once more, with the fault named, and both are counted."""
    server.state.scenarios.add(Reply(text="Sure! Here is my review."), Reply(text=HARMLESS))
    done = asked(tmp_path, server, dialect, QUERY, "--format", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["summary"] == "Leave it as it is."
    first, second = requests(server, PATHS[dialect])
    assert "Your last reply could not be used. The reply is not in the requested form" in json.dumps(second.body)
    assert "Your last reply" not in json.dumps(first.body)
    found = json.loads(done.stdout)
    assert found["usage"]["prompt_tokens"] > 1.5 * found["prompt_tokens"]


@pytest.mark.parametrize("dialect", ["chat", "messages"])
def test_no_second_repair(tmp_path: Path, server: LLMockServer, dialect: str) -> None:
    """A second reply in the wrong form ends the work with one sentence, exit 2 and no review."""
    server.state.scenarios.add(Reply(text="Sure!", times=None))
    done = asked(tmp_path, server, dialect, QUERY)
    assert (done.returncode, done.stdout) == (2, "")
    last = done.stderr.splitlines()[-1]
    assert "twice gave an answer in a form that cannot be read; nothing was reviewed." in last
    assert len(requests(server, PATHS[dialect])) == 2


def test_provider_error(tmp_path: Path, server: LLMockServer) -> None:
    """A key that is not accepted is one sentence and exit 2, however the server quotes it."""
    server.state.scenarios.add(Fail(401, message=f"Incorrect API key provided: {KEY}", times=None))
    done = asked(tmp_path, server, "responses", QUERY)
    assert (done.returncode, done.stdout) == (2, "")
    assert "did not accept the key: set OPENAI_API_KEY" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(("answer", "status"), [(ANSWER, 1), (HARMLESS, 0)], ids=["conflicts", "harmless"])
def test_fail_on(tmp_path: Path, server: LLMockServer, answer: str, status: int) -> None:
    """``--fail-on high`` exits with 1 for a suggestion that conflicts, and still prints the review."""
    server.state.scenarios.add(Reply(text=answer))
    done = asked(tmp_path, server, "responses", QUERY, "--fail-on", "high", "--format", "json")
    assert done.returncode == status
    assert json.loads(done.stdout)["schema"] == "ctxreview.review/1"


@pytest.mark.parametrize(("severity", "status"), [("low", 0), ("note", 1)])
def test_fail_on_hazards(tmp_path: Path, severity: str, status: int) -> None:
    """``--fail-on`` counts the hazards in the code too, and needs no model for that."""
    assert run(tmp_path, "review", QUERY, "--fail-on", severity).returncode == status


# --- several selections ------------------------------------------------------------------------------------


def test_several_selections(tmp_path: Path, server: LLMockServer) -> None:
    """Several selections are one JSON document a line in their order; a failing one leaves its own document."""
    server.state.scenarios.add(Reply(text=ANSWER), Reply(text=HARMLESS))
    selections = [QUERY, "src/Missing.cs:1", READ_ONLY]
    where = ("--provider", "openai", "--base-url", server.base_url("openai"), "--model", "m-1")
    done = run(
        tmp_path, "review", *where, "--jobs", "1", "--selections", "-", stdin="\n".join(selections), OPENAI_API_KEY=KEY
    )
    assert done.returncode == 2
    first, failed, last = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["schema"], first["suggestions"][0]["verdict"]) == ("ctxreview.review/1", "conflicts")
    assert (failed["schema"], failed["selection"]) == ("ctxreview.error/1", "src/Missing.cs:1")
    assert failed["error"].startswith("src/Missing.cs: cannot be read")
    assert (last["summary"], last["context"]["selection"]["start_line"]) == ("Leave it as it is.", 51)
    assert done.stderr.splitlines()[0] == failed["error"]
    assert done.stderr.splitlines()[1].startswith("3 selections: 2 reviewed, 1 failed; ")


def test_a_bad_answer_does_not_stop_the_others(tmp_path: Path, server: LLMockServer) -> None:
    """When one selection's model fails, the next is asked all the same."""
    server.state.scenarios.add(Reply(text="No."), Reply(text="No!"), Reply(text=HARMLESS))
    done = asked(tmp_path, server, "responses", QUERY, READ_ONLY, "--jobs", "1")
    assert done.returncode == 2
    assert [json.loads(line)["schema"] for line in done.stdout.splitlines()] == [
        "ctxreview.error/1",
        "ctxreview.review/1",
    ]


# --- whom to ask -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", VARIABLES)
def test_a_key_chooses_the_provider(tmp_path: Path, server: LLMockServer, provider: str) -> None:
    """With one key in the environment, and the SDK's own address variable, no option is needed."""
    server.state.scenarios.add(Reply(text=HARMLESS))
    address = {f"{provider.upper()}_BASE_URL": server.base_url(provider)}
    done = run(tmp_path, "review", QUERY, "--format", "json", **{VARIABLES[provider]: KEY}, **address)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["provider"]["name"] == provider


def test_two_keys_need_a_choice(tmp_path: Path, server: LLMockServer) -> None:
    """With both keys nobody is asked before one is chosen; ``none`` is a choice."""
    keys = dict.fromkeys(VARIABLES.values(), KEY)
    done = run(tmp_path, "review", QUERY, **keys)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "There are keys for openai and anthropic; choose one with --provider, or none.\n"
    offline = run(tmp_path, "review", QUERY, "--provider", "none", "--format", "json", **keys)
    assert (offline.returncode, json.loads(offline.stdout)["provider"]) == (0, None)


def test_no_key(tmp_path: Path) -> None:
    """Without a key the source is still reviewed as far as it goes, and it says that no model was asked."""
    done = run(tmp_path, "review", QUERY, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert (found["provider"], found["usage"], found["suggestions"]) == (None, None, [])
    assert found["notice"].startswith("No model was asked")
    answers = {a["id"]: a["answer"] for a in found["checklist"]}
    assert answers["shared-state"] == answers["tracking-and-later-writes"] == "yes"
    assert answers["other-users-of-the-lock"] == "cannot-tell"
    assert answers["awaits-and-async-flow"] == "no"
    assert all(e["supported"] for a in found["checklist"] for e in a["evidence"])


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_no_key_for_people(tmp_path: Path, form: str) -> None:
    """Without a model the reports say so, how to ask one, and what a person still has to answer."""
    done = run(tmp_path, "review", QUERY, "--format", form)
    for part in (
        "No model was asked",
        "set OPENAI_API_KEY or ANTHROPIC_API_KEY",
        "It does not count as a review until",
    ):
        assert part in unwrapped(without_spans(done.stdout))
    assert "AI-assisted" not in done.stdout


# --- in process --------------------------------------------------------------------------------------------


def completion(text: str, tokens: int | None = 10) -> Completion:
    """A finished answer."""
    return Completion(text, "fake", "m-1", Usage(tokens, tokens, None))


def test_a_provider_is_a_callable() -> None:
    """Anything that takes a prompt and gives a completion is a provider."""
    sent: list[Prompt] = []
    found = review(request(f"{EXAMPLE}/{QUERY}"), lambda prompt: sent.append(prompt) or completion(ANSWER))
    assert [g.verdict for g in found.suggestions] == ["conflicts"]
    assert (found.provider, found.model, found.usage) == ("fake", "m-1", Usage(10, 10, None))
    assert sent == [found.prompt]


def test_without_a_provider() -> None:
    """Without a provider the review is what the source proves."""
    found = review(request(f"{EXAMPLE}/{QUERY}"), None)
    assert (found.provider, found.suggestions, found.usage) == (None, (), None)
    assert [h.rule for h in found.hazards] == ["missing-intent"]


def test_hazards_are_those_of_the_selected_function() -> None:
    """Hazards in other methods of the file are not this review's."""
    assert review(request(f"{EXAMPLE}/{READ_ONLY}"), None).hazards == ()


@pytest.mark.parametrize(("tokens", "sum_"), [(10, 20), (None, None)])
def test_repair_in_process(tokens: int | None, sum_: int | None) -> None:
    """The second request is the first with the fault at its end; both are counted, and unknown stays unknown."""
    texts = iter(["{", HARMLESS])
    sent: list[Prompt] = []
    found = review(request(f"{EXAMPLE}/{QUERY}"), lambda prompt: sent.append(prompt) or completion(next(texts), tokens))
    assert len(sent) == 2
    assert sent[1].user.startswith(sent[0].user)
    assert "The reply is not in the requested form" in sent[1].user
    assert sent[1].system == sent[0].system
    assert found.usage == Usage(sum_, sum_, None)
    assert found.summary == "Leave it as it is."


def test_two_bad_replies_in_process() -> None:
    """Two replies in the wrong form are a ReplyError that names who answered."""
    with pytest.raises(ReplyError, match=r"^fake \(m-1\) twice gave an answer in a form that cannot be read"):
        review(request(f"{EXAMPLE}/{QUERY}"), lambda prompt: completion("no"))
