"""The HTML report: one file that says what the Markdown report says, and that a browser can only show."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from ctxreview.model.review import Review
from ctxreview.reports.markdown import review_markdown
from ctxreview.reports.opinions import opinions_markdown
from ctxreview.reports.page import opinions_page, review_page
from tests.llm.test_store import HARMLESS, RESPONSES, UNSAFE, answer, asking, run
from tests.project.test_hostile import Page, assert_inert
from tests.reports.test_reports import HOSTILE, PLAIN, reviewed
from tests.samples import QUERY
from tests.servers import serving

OFFLINE = PLAIN._replace(provider=None, model=None, usage=None, suggestions=(), summary="")
OTHER = PLAIN._replace(
    model="m-2", checklist=tuple(a._replace(answer="no", note="not at all") for a in PLAIN.checklist)
)


def shown(source: str) -> str:
    """The words that a browser would show, blanks as one."""
    found = assert_inert(source)
    return " ".join(" ".join(w for w in found.words if not w.startswith("body {")).split())


def said(report: str) -> list[str]:
    """The words of a Markdown report, line by line, without its marks."""
    plain = [re.sub(r"^([#>\s-]|\|)+|\*\*|\|$", "", line) for line in report.split("\n") if not line.startswith("```")]
    plain = [
        re.sub(r"\\(.)", r"\1", line).replace("&#64;", "@").replace("&amp;", "&").replace("`", "") for line in plain
    ]
    return [" ".join(part.split()) for line in plain for part in line.split(" | ") if part.strip() and part != "---"]


@pytest.mark.parametrize("value", [PLAIN, OFFLINE, PLAIN._replace(bare={"jwt": 2})], ids=["asked", "offline", "bare"])
def test_it_says_what_the_markdown_report_says(value: Review) -> None:
    """Every sentence of the Markdown report is in it, in the same order but for what code is marked by."""
    words = re.sub(r"[`\s]", "", shown(review_page(value)))
    for line in said(review_markdown(value)):
        assert re.sub(r"\s", "", line) in words, line


def test_it_shows_where_several_models_differ() -> None:
    """Several reviews are one page: the answers that differ as a table, and each model's own words."""
    words = re.sub(r"[`\s]", "", shown(opinions_page([PLAIN, OTHER])))
    for line in said(opinions_markdown([PLAIN, OTHER])):
        if not re.fullmatch(r"[-|]+", line):
            assert re.sub(r"\s", "", line).replace("Nosuggestion.", "None.") in words, line


@pytest.mark.parametrize("case", HOSTILE)
def test_nothing_in_it_acts(case: str) -> None:
    """Whatever is in source, question and reply, the elements are ours; also with several models."""
    assert_inert(review_page(reviewed(HOSTILE[case])))
    assert_inert(opinions_page([reviewed(HOSTILE[case]), OTHER._replace(context=reviewed(HOSTILE[case]).context)]))


def test_the_policy_allows_its_own_style_alone() -> None:
    """The digest in the policy is that of the style element's text, byte for byte."""
    source = review_page(PLAIN)
    style = source.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in source
    assert not re.search(r"url\(|@import|expression", style)


def test_it_needs_nothing_from_elsewhere() -> None:
    """No script, no address to load from, no attribute that runs anything."""
    found = Page(review_page(PLAIN))
    assert not {"script", "link", "img", "iframe", "object", "a", "base", "form"} & {tag for tag, _ in found.tags}
    assert not {name for _, attributes in found.tags for name, _ in attributes} & {"src", "href", "style", "onload"}


@pytest.mark.parametrize("value", [PLAIN, OFFLINE], ids=["asked", "offline"])
def test_it_never_claims_more_than_a_tool_can_know(value: Review) -> None:
    """Its own words are none of reviewed, safe and approved, and it says what a person still has to answer."""
    words = shown(review_page(value))
    assert not re.search(r"\b(reviewed|safe|approved|LGTM)\b", words, re.IGNORECASE)
    assert "It does not count as a review until a person has answered: does this code touch shared state" in words


def test_the_command_writes_it_to_a_file(tmp_path: Path) -> None:
    """``review --format html -o`` writes the whole page, also with a model's suggestions in it."""
    with serving() as server:
        server.answers[RESPONSES] = [answer(UNSAFE)]
        out = tmp_path / "review.html"
        given = [a for a in asking(server) if a not in ("--format", "json")]
        done = run(*given, "--format", "html", "-o", str(out))
    assert (done.returncode, done.stdout) == (0, "")
    words = shown(out.read_text("utf-8"))
    assert ".AsNoTracking()" in words
    assert "conflicts" in words
    assert '<strong class="high">high</strong> no-tracking-write' in out.read_text("utf-8")


def test_the_command_shows_two_models_on_one_page() -> None:
    """``review --models A,B --format html`` prints one page."""
    with serving() as server:
        reply = json.loads(HARMLESS)
        reply["checklist"] = [{"id": "shared-state", "answer": "yes", "evidence": [], "note": "it does"}]
        server.answers[RESPONSES] = [answer(HARMLESS), answer(json.dumps(reply))]
        done = run("review", QUERY, "--base-url", f"{server.url}/v1", "--models", "m-1,m-2", "--format", "html")
    assert done.returncode == 0, done.stderr
    assert "Where the models differ" in shown(done.stdout)
    assert done.stdout.count("<!DOCTYPE html>") == 1
