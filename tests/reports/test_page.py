"""The HTML report: one file that says what the JSON document says, and that a browser can only show."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ctxreview.model.review import ComparedFile, Comparison, Review
from ctxreview.reports.document import review_document
from ctxreview.reports.page import page
from ctxreview.reports.page_code import LONGEST_COLOURED, Piece, sheet
from ctxreview.reports.page_diff import hunks
from ctxreview.reports.page_parts import Failed
from ctxreview.reports.shown import reviewed
from ctxreview.workspace.line_diff import unified
from tests.commands import run_command
from tests.guard.test_versions import INCIDENT, commit, edit, repo
from tests.llm.test_store import HARMLESS, RESPONSES, UNSAFE, answer, asking, run
from tests.project.test_hostile import Page, assert_inert
from tests.reports.test_reports import HOSTILE, PLAIN
from tests.reports.test_reports import reviewed as hostile
from tests.samples import EXAMPLE, QUERY, context_of, page_of, shop
from tests.servers import serving
from tests.workspace.test_git import git, write

__all__ = ["repo"]

OFFLINE = PLAIN._replace(provider=None, model=None, usage=None, suggestions=(), summary="")
OTHER = PLAIN._replace(
    model="m-2", checklist=tuple(a._replace(answer="no", note="not at all") for a in PLAIN.checklist)
)


def shown(source: str) -> str:
    """The words that a browser would show, without blanks and the marks of names."""
    found = assert_inert(source)
    return re.sub(r"[`\s]", "", "".join(w for w in found.words if not w.startswith(":root")))


def words_of(document: Any, name: str = "") -> list[str]:
    """The texts of a document that are for people, and its names."""
    if isinstance(document, dict):
        return [w for key, value in document.items() for w in words_of(value, key)]
    if isinstance(document, list | tuple):
        return [w for value in document for w in words_of(value, name)]
    wanted = (
        "message",
        "question",
        "note",
        "summary",
        "title",
        "rationale",
        "reason",
        "rule",
        "seen",
        "not_seen",
        "notice",
        "why",
        "answer",
    )
    return [document] if isinstance(document, str) and name in wanted else []


@pytest.mark.parametrize("value", [PLAIN, OFFLINE, PLAIN._replace(bare={"jwt": 2})], ids=["asked", "offline", "bare"])
def test_it_says_what_the_document_says(value: Review) -> None:
    """Every sentence of the JSON document is on it, with the notes of its scopes and the counts of secrets that were sent."""
    words = shown(page_of(value))
    document = review_document(value)
    for said in words_of({**document, "context": {}}):
        assert re.sub(r"[`\s]", "", said) in words, said
    assert ("2jwt" in words) == (value.bare is not None)


def test_the_verdict_comes_first() -> None:
    """Verdict, suggestions, hazards, what holds it, checklist, code, and what is known: in that order, each in the index."""
    found = assert_inert(page_of(PLAIN))
    parts = ["verdict", "suggestions", "hazards", "holds", "checklist", "code", "seen"]
    ids = [dict(a)["id"] for tag, a in found.tags if tag in ("h2", "section") and dict(a).get("id") in parts]
    assert ids == parts
    assert [dict(a)["href"] for tag, a in found.tags if tag == "a"][1 : len(parts) + 1] == [f"#{p}" for p in parts]


def test_a_models_paragraph_is_wrapped_by_the_browser() -> None:
    """A line's end within a paragraph is a blank, as in Markdown; lists, code and further paragraphs begin on a line of their own."""
    said = "It skips the\nchange tracker, and\n`save` does less:\n- one\n- two\n\nMore:\n```\ncode\n```"
    text = page_of(PLAIN._replace(summary=said))
    wrapped = "It skips the change tracker, and <code>save</code> does less:\n- one\n- two\n\nMore:\n```"
    assert wrapped in text


def test_it_shows_where_several_models_differ() -> None:
    """Several reviews are one page: the answers of each beside each other, and each model's own words."""
    words = shown(page_of(PLAIN, OTHER))
    for value in (PLAIN, OTHER):
        for said in words_of({**review_document(value), "context": {}}):
            assert re.sub(r"[`\s]", "", said) in words, said
    assert "Thesameanswerfromseveralmodelsisnotevidence" in words


def test_several_selections_are_one_page() -> None:
    """Each selection is an article with places of its own; one that failed says why; the index names them all."""
    source = page([reviewed([PLAIN]), Failed("src/Nope.cs:3", "it is not there"), reviewed([OFFLINE])])
    found = assert_inert(source)
    assert [tag for tag, _ in found.tags].count("article") == 3
    assert [dict(a)["href"] for tag, a in found.tags if tag == "a"][1:4] == ["#r1verdict", "#r2verdict", "#r3verdict"]
    assert "itisnotthere" in shown(source)
    assert source.count("<h1>") == 1


def test_a_change_is_both_versions_side_by_side(repo: Path) -> None:
    """A range's page has its verdict first, then each file that something was found on, old and new side by side, and the others by name."""
    name, *pairs = INCIDENT["transaction"]
    edit(repo, str(name), *pairs)  # type: ignore[arg-type]
    edit(repo, "src/Record.cs", ("    Done,", "    Done, Gone,"))
    commit(repo)
    alone = run_command("guard", "--diff", "main...HEAD", "--format", "html", "--fail-on", "high", cwd=repo)
    assert alone.returncode == 1
    found = assert_inert(alone.stdout)
    assert [dict(a)["id"] for tag, a in found.tags if tag == "section" and dict(a).get("id")] == ["verdict", "v1"]
    assert re.search(r'class="t gone">.*TransactionScope', alone.stdout)
    words = shown(alone.stdout)
    assert "main...HEAD:2filescompared(1conflicts,1no-known-conflict)" in words
    assert "1.src/RecordService.cs" in words
    assert "src/Record.cs" in words
    both = run_command("review", "--diff", "main...HEAD", "--format", "html", "-q", cwd=repo)
    assert both.returncode == 0, both.stderr
    parts = [tag for tag, _ in assert_inert(both.stdout).tags].count("article")
    assert parts > 1
    assert "Bothversionsofwhatchanged" in shown(both.stdout)
    refused = run_command("guard", QUERY, "--suggestion", "-", "--format", "html", cwd=EXAMPLE)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "give --diff or --patch" in refused.stderr


def test_nothing_to_ask_about(tmp_path: Path) -> None:
    """Where no function holds a scope each format is what it is with nothing in it."""
    write(tmp_path, {"A.cs": "class A { }\n"})
    for form in ("html", "markdown", "text", "json", "sarif", "github", "azure", "gitlab", "rdjson"):
        done = run_command("review", "--scopes", ".", "--format", form, "--root", ".", cwd=tmp_path)
        assert done.returncode == 0, (form, done.stderr)
        assert "Traceback" not in done.stderr
    assert "0selections" in shown(run_command("review", "--scopes", ".", "--format", "html", cwd=tmp_path).stdout)


@pytest.mark.parametrize("case", HOSTILE)
def test_nothing_in_a_comparison_acts(case: str) -> None:
    """Whatever a range, paths, both versions and sentences have, the elements are ours."""
    words = HOSTILE[case]
    value = hostile(words)
    source = value.context.selection.source
    (result, *_) = (s for s in value.suggestions if s.applied)
    told = tuple(f._replace(message=words, question=words) for f in (*value.hazards, *result.findings))
    file = ComparedFile(source, source, words, result._replace(findings=told, reason=words))
    quiet = ComparedFile(replace(source, path=words), replace(source, path=words), words, result._replace(findings=()))
    assert_inert(page([Comparison(words, "conflicts", (file, quiet), (words,), (words,))]))


@pytest.mark.parametrize("case", HOSTILE)
def test_nothing_in_it_acts(case: str) -> None:
    """Whatever is in source, question and reply, the elements are ours; also with several models and selections."""
    value = hostile(HOSTILE[case])
    assert_inert(page_of(value))
    assert_inert(page_of(value, OTHER._replace(context=value.context)))
    assert_inert(page([reviewed([value]), Failed(HOSTILE[case], HOSTILE[case])]))


def test_the_policy_allows_its_own_style_alone() -> None:
    """The digest in the policy is that of the style element's text, byte for byte."""
    source = page_of(PLAIN)
    style = source.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in source
    assert not re.search(r"url\(|@import|expression", style)


def test_it_needs_nothing_from_elsewhere() -> None:
    """No script, no address to load from, no attribute that runs anything."""
    found = Page(page_of(PLAIN))
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & {tag for tag, _ in found.tags}
    assert not {name for _, attributes in found.tags for name, _ in attributes} & {"src", "style", "onload"}


@pytest.mark.parametrize("value", [PLAIN, OFFLINE], ids=["asked", "offline"])
def test_it_never_claims_more_than_a_tool_can_know(value: Review) -> None:
    """Its own words are none of reviewed, safe and approved, and it says what a person still has to answer."""
    words = " ".join(Page(page_of(value)).words)
    assert not re.search(r"\b(reviewed|safe|approved|LGTM)\b", words, re.IGNORECASE)
    assert "It does not count as a review until a person has answered: does this code touch shared state" in words


# --- code --------------------------------------------------------------------------------------------------


def test_scopes_are_brackets_beside_the_code() -> None:
    """Nested scopes are drawn beside each other, each begins where it is opened, and its name stands there."""
    about = context_of(
        shop("""
            lock (_gate)
            {
                lock (_other)
                {
                    «_count++;»
                }
            }
            return 0;
        """)
    )
    given = reviewed([OFFLINE._replace(context=about)])
    rows = sheet(given.shown["files"][0], given.documents[0]["context"], []).rows
    named = {row.opens[0].split()[1]: row for row in rows if row.opens}
    (selected,) = [row for row in rows if row.selected]
    assert selected.columns == ("bar holds", "bar holds")
    assert selected.notes == ("writes _count",)
    assert (named["_gate"].columns, named["_other"].columns) == (("bar top holds", ""), ("bar holds", "bar top holds"))
    assert [row.columns for row in rows if "end" in " ".join(row.columns)] == [
        ("bar holds", "bar end holds"),
        ("bar end holds", ""),
    ]


def test_a_line_outside_the_scope_is_drawn_apart() -> None:
    """What runs after the commit is between a scope's lines and not under it; an exit before it is noted."""
    done = run_command("review", QUERY, "--format", "html", cwd=EXAMPLE)
    found = done.stdout
    assert re.search(r'id="L45"><td class="n"><a href="#L45">45</a></td><td class="bar holds free">', found)
    assert re.search(r'id="L37".*<span class="tag">leaves uncompleted</span>', found)


def test_colours_are_for_code_of_usual_size() -> None:
    """Keywords, strings, comments and numbers have classes; a file with a line of thousands of characters has none."""
    about = context_of(shop('«var text = "a" + 1; // why»'))
    given = reviewed([OFFLINE._replace(context=about)])
    file, context = given.shown["files"][0], given.documents[0]["context"]
    (line,) = [row.pieces for row in sheet(file, context, []).rows if row.selected]
    coloured = [piece for piece in line if piece.colour]
    assert coloured == [Piece("var", "k"), Piece('"a"', "s"), Piece("1", "m"), Piece("// why", "c")]
    assert "".join(piece.text for piece in line).strip() == 'var text = "a" + 1; // why'
    file["lines"][0] = (file["lines"][0][0], "x" * (LONGEST_COLOURED + 1))
    assert not any(piece.colour for row in sheet(file, context, []).rows for piece in row.pieces)


# --- diffs -------------------------------------------------------------------------------------------------


def test_a_diff_has_two_sides() -> None:
    """Old lines stand beside the new ones, what differs in them is marked, and numbers are those of each side."""
    old = ["a", "  b(1);", "c", "d"]
    new = ["a", "  b(2);", "  more();", "c"]
    (hunk,) = hunks("\n".join(unified(old, new, "a/A.cs", "b/A.cs")))
    sides = [
        (
            row.kind,
            row.old and (row.old.number, "".join(row.old[1:])),
            row.new and (row.new.number, "".join(row.new[1:])),
        )
        for row in hunk.pairs
    ]
    assert sides == [
        ("same", (1, "a"), (1, "a")),
        ("changed", (2, "  b(1);"), (2, "  b(2);")),
        ("added", None, (3, "  more();")),
        ("same", (3, "c"), (4, "c")),
        ("gone", (4, "d"), None),
    ]
    changed = hunk.pairs[1]
    assert changed.old and changed.new
    assert (changed.old.changed, changed.new.changed) == ("1", "2")
    assert [row.kind for row in hunk.lines] == ["same", "gone", "added", "added", "same", "gone"]


def test_lines_that_look_like_a_diffs_own_are_lines() -> None:
    """A removed SQL comment and an added increment begin like a file's heading and are none."""
    made = list(hunks("\n".join(unified(["-- a", "b"], ["++ c", "b"], "a/A.sql", "b/A.sql"))))
    assert [(row.kind, "".join((row.old or row.new or ())[1:])) for hunk in made for row in hunk.pairs] == [  # type: ignore[arg-type]
        ("changed", "-- a"),
        ("same", "b"),
    ]
    assert made[0].path == "A.sql"


# --- the command -------------------------------------------------------------------------------------------


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
    assert "no-tracking-write" in words


def test_the_command_shows_two_models_on_one_page() -> None:
    """``review --models A,B --format html`` prints one page."""
    with serving() as server:
        reply = json.loads(HARMLESS)
        reply["checklist"] = [{"id": "shared-state", "answer": "yes", "evidence": [], "note": "it does"}]
        server.answers[RESPONSES] = [answer(HARMLESS), answer(json.dumps(reply))]
        done = run("review", QUERY, "--base-url", f"{server.url}/v1", "--models", "m-1,m-2", "--format", "html")
    assert done.returncode == 0, done.stderr
    assert "Thesameanswerfromseveralmodels" in shown(done.stdout)
    assert done.stdout.count("<!DOCTYPE html>") == 1


def test_the_command_puts_several_selections_on_one_page() -> None:
    """Several selections are one page; one that fails is on it, on standard error too, and the status is 2."""
    done = run_command("review", QUERY, "src/Nope.cs:3", "--format", "html", cwd=EXAMPLE)
    assert done.returncode == 2
    assert done.stdout.count("<!DOCTYPE html>") == 1
    assert "src/Nope.cs: cannot be read" in done.stderr
    assert "failed" in shown(done.stdout)


def test_the_head_says_which_commit(tmp_path: Path) -> None:
    """The commit that is checked out stands in the head, and that the file has changed since; without git there is none."""
    source = "class A\n{\n    object _gate = new();\n    int _n;\n    void M() { lock (_gate) { _n++; } }\n}\n"
    write(tmp_path, {"A.cs": source})
    assert "Commit" not in shown(run_command("review", "A.cs:5", "--format", "html", cwd=tmp_path).stdout)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    name = git(tmp_path, "rev-parse", "HEAD")[:12]
    assert f"Commit{name}Date" in shown(run_command("review", "A.cs:5", "--format", "html", cwd=tmp_path).stdout)
    write(tmp_path, {"A.cs": source.replace("\n", "\r\n")})
    assert f"Commit{name}Date" in shown(run_command("review", "A.cs:5", "--format", "html", cwd=tmp_path).stdout)
    write(tmp_path, {"A.cs": source.replace("_n++", "_n--")})
    assert f"Commit{name},changedsinceDate" in shown(
        run_command("review", "A.cs:5", "--format", "html", cwd=tmp_path).stdout
    )


def test_a_repository_whose_names_are_others(tmp_path: Path) -> None:
    """Where git names objects by SHA-256, nobody can tell whether the file has changed, and the head says so."""
    write(tmp_path, {"A.cs": "class A\n{\n    object _gate = new();\n    void M() { lock (_gate) { } }\n}\n"})
    git(tmp_path, "init", "-q", "--object-format=sha256")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    done = run_command("review", "A.cs:4", "--format", "html", cwd=tmp_path)
    assert f"Commit{git(tmp_path, 'rev-parse', 'HEAD')[:12]},perhapschangedsince" in shown(done.stdout)


def test_what_was_found_is_not_among_what_is_not_seen() -> None:
    """A blind spot that was settled is known, and only what leaves something to look at is not seen."""
    words = shown(run_command("review", QUERY, "--format", "html", cwd=EXAMPLE).stdout)
    known, _, unseen = words.partition("Whatitdoesnotsee")
    assert "RecordsDbContextisregisteredat" in known
    assert "RecordsDbContextisregisteredat" not in unseen
    assert "thebodiesof7othermembers" in unseen
