"""The published JSON Schemas are those of the types, and what the commands print is as they say."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ctxreview.reports.schemas import FOLDER, file_of, name_of, schema_texts
from ctxreview.reports.shapes import DOCUMENTS
from tests import ROOT
from tests.engines import engines
from tests.guard.test_versions import INCIDENT, commit, edit, repo
from tests.llm.test_store import RESPONSES, UNSAFE, answer, run
from tests.samples import EXAMPLE, QUERY, READ_ONLY
from tests.servers import Told, serving

__all__ = ["repo"]

FOLDER = ROOT / FOLDER
BY_NAME = {name_of(document): document for document in DOCUMENTS}


@pytest.fixture
def server() -> Iterator[Told]:
    """A server that gives the incident's answer to everybody."""
    with serving() as told:
        told.answers[RESPONSES] = [answer(UNSAFE)]
        yield told


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the example that is a repository of its own."""
    home = tmp_path / "record-service"
    shutil.copytree(EXAMPLE, home)
    (home / ".git").mkdir()
    return home


def strict(shape: Any) -> Any:
    """A schema that also forbids keys which it does not name."""
    if isinstance(shape, list):
        return [strict(inner) for inner in shape]
    if not isinstance(shape, dict):
        return shape
    closed = {"additionalProperties": False} if "properties" in shape and "type" in shape else {}
    return {**{key: strict(inner) for key, inner in shape.items()}, **closed}


def valid(printed: str, name: str) -> list[Any]:
    """The documents that a command printed, one or one a line; each is of that name and of its published schema."""
    published = json.loads((FOLDER / file_of(BY_NAME[name])).read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(published)
    try:
        found = [json.loads(printed)]
    except ValueError:
        found = [json.loads(line) for line in printed.splitlines()]
    assert found
    for document in found:
        assert document["schema"] == name
        jsonschema.validate(document, strict(published), jsonschema.Draft202012Validator)
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_the_published_schema(document: Any, expect: Callable[[Path, str], None]) -> None:
    """The file of a document's schema is the one that its type gives."""
    expect(FOLDER / file_of(document), schema_texts()[file_of(document)])


def test_nothing_else_is_published() -> None:
    """Each file in the folder is a document's, and each document that the program names has one."""
    assert {path.name for path in FOLDER.iterdir()} == set(schema_texts())
    sources = "".join(
        path.read_text("utf-8") for path in (ROOT / "ctxreview").rglob("*.py") if "shapes" not in path.parts
    )
    assert all(f'"{name}"' in sources for name in BY_NAME)


def test_a_key_too_many_or_too_few_is_noticed() -> None:
    """The validation of these tests can fail."""
    document = {"schema": "ctxreview.error/1", "selection": "A.cs:1", "error": "There is no such file."}
    assert valid(json.dumps(document), "ctxreview.error/1") == [document]
    for wrong in ({**document, "more": 1}, {k: v for k, v in document.items() if k != "error"}):
        with pytest.raises(jsonschema.ValidationError):
            valid(json.dumps(wrong), "ctxreview.error/1")


def test_contexts_and_errors() -> None:
    """A selection's context, several of them a line each, and what is in the place of one that failed."""
    assert valid(run("context", QUERY, "--format", "json").stdout, "ctxreview.context/1")[0]["scopes"]
    locks = valid(run("context", "src/RecordService.cs:75", "--format", "json").stdout, "ctxreview.context/1")
    assert locks[0]["protections"]["locks"][0]["taken_in"]
    lines = run("context", QUERY, "src/None.cs:1", READ_ONLY, "--format", "json").stdout.splitlines()
    names = ("ctxreview.context/1", "ctxreview.error/1", "ctxreview.context/1")
    assert len([valid(line, name) for line, name in zip(lines, names, strict=True)]) == 3


def test_the_guards_opinion(project: Path) -> None:
    """A suggestion that conflicts, with its findings."""
    done = run("guard", QUERY, "--suggestion", "answers/unsafe-answer.json", "--format", "json", folder=project)
    assert valid(done.stdout, "ctxreview.guard/1")[0]["suggestions"][0]["findings"]


def test_reviews_and_what_is_kept_of_them(server: Told) -> None:
    """A review with a model and one without; the log, the whole, and the sum."""
    valid(run("review", QUERY, "--provider", "none", "--format", "json").stdout, "ctxreview.review/1")
    where = ["review", QUERY, "--base-url", f"{server.url}/v1", "--format", "json"]
    found = valid(run(*where, "--model", "m-1").stdout, "ctxreview.review/1")[0]
    assert found["checklist"]
    assert found["suggestions"]
    valid(run("log", "--format", "json").stdout, "ctxreview.log/1")
    valid(run("log", "--stats", "--format", "json").stdout, "ctxreview.stats/1")
    valid(
        json.dumps(valid(run("show", "--format", "json").stdout, "ctxreview.stored/1")[0]["document"]),
        "ctxreview.review/1",
    )
    valid(run(*where, "--models", "m-1,m-2").stdout, "ctxreview.opinions/1")
    for more in (["--model", "m-1"], ["--provider", "openai", "--model", "gpt-5"]):
        valid(run(*where, *more, "--dry-run").stdout, "ctxreview.dry-run/1")
    valid(run("review", QUERY, "--provider", "none", "--dry-run", "--format", "json").stdout, "ctxreview.dry-run/1")


def test_submitted_batches() -> None:
    """A batch as it is planned, under way, and fetched."""
    with engines() as server:
        where = ["--base-url", f"{server.url}/v1", "--format", "json"]
        what = ["batch", "submit", QUERY, READ_ONLY, "--provider", "openai", "--model", "m-1", *where]
        valid(run(*what, "--dry-run").stdout, "ctxreview.submitted/1")
        sent = valid(run(*what).stdout, "ctxreview.submitted/1")
        status = valid(run("batch", "status", *where).stdout, "ctxreview.submitted/1")
        assert [document["state"] for document in (*sent, *status)] == ["under-way", "under-way"]
        server.becomes = lambda number, request: ["answered", "expired"][number]
        server.end()
        assert valid(run("batch", "fetch", *where).stdout, "ctxreview.submitted/1")[0]["failures"]


def test_what_became_of_a_batch(server: Told, tmp_path: Path) -> None:
    """Each selection in short with its id, also one that failed and one that a limit left out; counts and cost are of all, and of this run alone."""
    entry = {"selection": QUERY, "id": "query", "tags": ["a", "b"]}
    (tmp_path / "given").write_text(f"{json.dumps(entry)}\nsrc/None.cs:1\n{READ_ONLY}\n")
    where = ["--selections", str(tmp_path / "given"), "--base-url", f"{server.url}/v1", "--model", "m-1", "--jobs", "1"]
    done = run("batch", *where, "--format", "summary", "--max-tokens", "5000")
    (made,) = valid(done.stdout, "ctxreview.batch/1")
    assert (done.returncode, made["complete"]) == (2, False)
    counts = {"selections": 3, "complete": 1, "incomplete": 0, "failed": 1, "not_asked": 1, "from_store": 0}
    assert made["counts"] == counts
    assert [(i["selection"], i["status"]) for i in made["items"]] == [
        (QUERY, "complete"),
        ("src/None.cs:1", "failed"),
        (READ_ONLY, "not-asked"),
    ]
    first, failed, left = made["items"]
    assert (first["id"], first["tags"], first["verdict"]) == ("query", ["a", "b"], "in-scope")
    (review,) = first["reviews"]
    assert (review["provider"], review["verdict"]) == ({"name": "openai", "model": "m-1"}, "conflicts")
    assert {f["rule"] for f in review["findings"]} <= set(made["rules"])
    assert made["verdicts"] == {"conflicts": 1, "needs-human": 0, "no-known-conflict": 0}
    assert sum(made["severities"].values()) == len(first["hazards"]) + len(review["findings"])
    assert "None.cs: cannot be read" in failed["error"]
    assert "--max-tokens 5,000" in left["error"]
    used = review["usage"]["prompt_tokens"] + review["usage"]["reply_tokens"]
    assert made["spent"]["tokens"] == made["usage"]["prompt_tokens"] + made["usage"]["reply_tokens"] == used
    (again,) = valid(run("batch", *where, "--format", "summary").stdout, "ctxreview.batch/1")
    assert again["counts"] == counts | {"complete": 2, "not_asked": 0, "from_store": 1}
    assert again["spent"]["tokens"] < again["usage"]["prompt_tokens"] + again["usage"]["reply_tokens"]
    assert again["usage"]["answers"] == 2


def test_what_became_of_a_range(repo: Path) -> None:
    """Of a range the document begins with what the guard says of both versions, without a model too."""
    name, *pairs = INCIDENT["lock"]
    edit(repo, name, *pairs)  # type: ignore[arg-type]
    commit(repo)
    printed = run("review", "--diff", "main...HEAD", "--provider", "none", "--format", "summary", folder=repo).stdout
    (made,) = valid(printed, "ctxreview.batch/1")
    assert made["compared"]["suggestions"]
    assert (made["complete"], made["spent"], made["counts"]["selections"]) == (True, None, len(made["items"]))


def test_findings_and_rules(project: Path) -> None:
    """Lint's findings, its baseline, and the list of rules."""
    assert valid(run("lint", ".", "--format", "json", folder=project).stdout, "ctxreview.lint/1")[0]["findings"]
    run("lint", ".", "--baseline", "known.json", "--write-baseline", folder=project)
    assert valid((project / "known.json").read_text("utf-8"), "ctxreview.baseline/1")[0]["findings"]
    valid(run("lint", "--list", "--format", "json").stdout, "ctxreview.rules/1")


def test_settings_and_what_is_missing() -> None:
    """What is set, and whether it suffices."""
    valid(run("config", "--format", "json").stdout, "ctxreview.config/1")
    valid(run("doctor", "--provider", "none", "--format", "json").stdout, "ctxreview.doctor/1")
