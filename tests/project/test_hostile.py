"""Hostile sources: none changes the prompt's structure or the reading of a reply, and no report acts on them.

Each source of ``corpus/hostile/sources.toml`` is held against its twin, which has plain words in the same place.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import regex

from ctxreview.context.visible import visible
from ctxreview.errors import ReplyError
from ctxreview.guard.check import guard
from ctxreview.llm.store import Stored
from ctxreview.model.claims import claims
from ctxreview.model.review import Context, Prompt, Review, Usage
from ctxreview.prompt.reply import parse, verify
from ctxreview.reports import comment
from ctxreview.reports import stored as kept
from ctxreview.reports.document import review_document
from ctxreview.reports.json_text import dumps
from ctxreview.reports.opinions import opinions_markdown, opinions_text
from ctxreview.reports.report import report
from ctxreview.reports.review_text import guard_text
from ctxreview.reports.shown import reviewed
from ctxreview.review.hazards import hazards_of
from tests import ROOT
from tests.llm.test_store import run
from tests.prompt.test_prompt import HEADINGS, sections, shape
from tests.reports.test_reports import outside_code, outside_spans
from tests.samples import ITEMS, PATH, context_of, markdown_of, page_of, prompt_of, shop, text_of

CORPUS = tomllib.loads((ROOT / "tests/corpus/hostile/sources.toml").read_text("utf-8"))
BUDGET = 2_000_000
ACTIVE = regex.compile(r"[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}--[\t\n]]", regex.V1)
"""What a terminal acts on, what turns the direction, ends a line for some readers, or is not seen at all."""


@dataclass(frozen=True)
class Hostile:
    """A source: what it tries, where its text stands, and the text."""

    trick: str
    text: str
    frame: str = ""
    path: str = PATH

    @property
    def twin(self) -> Hostile:
        """The same place with plain words."""
        plain = "plain" if self.frame == "name" else "plain words"
        return Hostile(self.trick, plain, self.frame)

    @property
    def source(self) -> str:
        """The C# file."""
        frame = CORPUS["frames"].get(self.frame, "_count++;\nreturn 0;")
        lines = shop(frame.replace("@@", "\x1a"))
        return lines.replace("\x1a", self.text).replace("«", "").replace("»", "")


def hostile(entry: dict[str, Any]) -> Hostile:
    """A source of the corpus."""
    words = entry.get("text", "") * entry.get("times", 1)
    return Hostile(entry["trick"], words, entry.get("frame", ""), entry.get("path", PATH))


SOURCES = [hostile(entry) for entry in CORPUS["source"]]
every_source = pytest.mark.parametrize("source", SOURCES, ids=[s.trick[:40] for s in SOURCES])


@cache
def context(source: Hostile) -> Context:
    """The context of its method."""
    return context_of(source.source, source.path, BUDGET)


def prompt(source: Hostile) -> Prompt:
    """The prompt for it, with its text as the question as well."""
    return prompt_of(context(source), source.text)


@cache
def review(source: Hostile) -> Review:
    """A review whose reply quotes the source's text wherever a model can."""
    about, made = context(source), prompt(source)
    read = verify(parse(reply(source.text or source.path, source.path), ITEMS), about)
    return Review(
        question=source.text or source.path,
        context=about,
        prompt=made,
        hazards=hazards_of(about),
        checklist=read.checklist,
        suggestions=tuple(guard(about, s) for s in read.suggestions),
        summary=read.summary,
        provider="openai",
        model=f"m-1 {source.text[:200]}",
        usage=Usage(1, 2, 0.5),
    )


def reply(words: str, path: str) -> str:
    """A reply in the right form with these words in every place that is free."""
    item = {"id": ITEMS[0].id, "answer": "yes", "evidence": [{"path": path, "line": 14, "quote": words}], "note": words}
    edits = [{"path": path, "start_line": 14, "end_line": 14, "original": "_count++;", "replacement": "_total++;"}]
    suggestion = {"title": words, "rationale": words, "edits": edits}
    return json.dumps({"summary": words, "checklist": [item], "suggestions": [suggestion]})


# --- the prompt --------------------------------------------------------------------------------------------


def test_the_corpus_is_large_enough() -> None:
    """More than thirty sources, each with a trick of its own, in every kind of place."""
    assert len({s.trick for s in SOURCES}) == len(SOURCES) >= 30
    assert {s.frame for s in SOURCES if s.frame} == set(CORPUS["frames"])


def plan(user: str) -> list[str]:
    """The prompt's lines outside code and quotes, without numbers and without what is quoted of the source."""
    found, fence = [], ""
    for line in user.split("\n"):
        mark = re.match(r"`{3,}", line)
        if fence:
            fence = "" if line == fence else fence
        elif mark:
            fence = mark[0]
            found.append("(code)")
        elif not line.startswith(">"):
            told = re.match(r"(# Code|## |- (?!\w[\w-]*: \w[^`]*\?))", line)
            found.append(told[0] if told else line)
    assert not fence
    return found


@every_source
def test_the_prompt_is_built_like_its_twins(source: Hostile) -> None:
    """Instructions, headings, fences, checklist and schema stand as they do for plain words, in the same order."""
    made, twin = prompt(source), prompt(source.twin)
    assert made.system == twin.system
    assert made.schema == twin.schema
    assert plan(made.user) == plan(twin.user)
    found = shape(made.user)
    assert sections(found) == HEADINGS
    assert found.items == [i.id for i in ITEMS]
    assert len(found.code) == 1
    assert all(re.match(r"[> ] *\d+ \||  +…", line) for line in found.code[0])
    assert len(made.user.splitlines()) == made.user.count("\n")


@every_source
def test_nothing_in_the_prompt_is_hidden(source: Hostile) -> None:
    """What a person could not see is written out, in code, question and names, so that prompt and model show the same."""
    made = prompt(source)
    assert not ACTIVE.search(made.user)
    if source.text and source.frame in ("line-comment", "string", "region"):
        assert visible(source.text).split("\n")[0] in made.user


def test_every_unseen_character_is_written_out() -> None:
    """All of Unicode's default-ignorable code points, formats, separators, surrogates and controls, by their own property."""
    everything = "".join(map(chr, range(0x110000)))
    active = ACTIVE.findall(everything)
    assert {"\u034f", "\U0001bca0", "\U0001d173", "\U000e0fff", "\u2028", "\x85", "\udc80"} <= set(active)
    assert not ACTIVE.search(visible(everything))
    others = everything.translate(dict.fromkeys(map(ord, active)))
    assert visible(others) == others


def test_ordinary_text_of_all_scripts_is_left() -> None:
    """Letters, combining marks, wide blanks and pictures are not tricks."""
    for words in (
        "äöü ñ é e\u0301",
        "Привет 日本語 한국어 עברית العربية हिन्दी ไทย",
        "a\u00a0b\u2003c\u3000d",
        "🚀 ≤ → ½ ™",
    ):
        assert visible(words) == words


# --- the reply ---------------------------------------------------------------------------------------------


@every_source
@pytest.mark.parametrize("fence", ["{}", "```json\n{}\n```", "\n```\n{}\n```\n"])
def test_a_reply_that_quotes_it_is_read_the_same(source: Hostile, fence: str) -> None:
    """Answers, evidence and edits are those of the twin with other words in them."""
    words = source.text or source.path
    about = context(source)
    read = verify(parse(fence.replace("{}", reply(words, source.path)), ITEMS), about)
    plain = parse(reply("plain words", PATH), ITEMS)
    assert [(a.id, a.answer, len(a.evidence)) for a in read.checklist] == [
        (a.id, a.answer, len(a.evidence)) for a in plain.checklist
    ]
    assert (read.summary, read.checklist[0].note) == (words, words)
    (suggestion,) = read.suggestions
    assert (suggestion.title, suggestion.rationale) == (words, words)
    assert [(e.start_line, e.end_line, e.original) for e in suggestion.edits] == [(14, 14, "_count++;")]


@every_source
def test_its_text_alone_is_no_reply(source: Hostile) -> None:
    """What is in the source is never taken for an answer, also when the model gives it back as one."""
    if source.trick == "a whole reply, fenced as replies are":
        assert {a.answer for a in parse(source.text, ITEMS).checklist} == {"cannot-tell"}
        return
    with pytest.raises(ReplyError) as said:
        parse(source.text or source.path, ITEMS)
    assert not ACTIVE.search(str(said.value))


# --- the reports -------------------------------------------------------------------------------------------


def stored(value: Review) -> Stored:
    """The review as the store has it."""
    return Stored(
        1, "2026-11-23T10:00:00+00:00", "k", "/r", f"{value.context.path}:14-14", value.question, "d", "openai",
        value.model or "", value.prompt.system, value.prompt.user, "{}", dumps(review_document(value)),
        "conflicts", 1, 2, 0.5, None, None, dumps(reviewed([value]).shown),
    )  # fmt: skip


REPORTS = {
    "text": text_of,
    "markdown": markdown_of,
    "json": lambda value: dumps(review_document(value)),
    "html": page_of,
    "comment": lambda value: comment.comment(
        comment.stored_subject(stored(value)), comment.Person(value.question or "-", value.question, value.question)
    ),
    "evidence": lambda value: comment.evidence(comment.stored_subject(stored(value))),
    "show": lambda value: kept.sent_text(stored(value)),
    "show as text": lambda value: report(kept.stored_review(stored(value)), "text"),
    "show as html": lambda value: report(kept.stored_review(stored(value)), "html"),
    "guard": lambda value: guard_text(value.suggestions, value.context, "conflicts"),
    "opinions": lambda value: opinions_text(reviewed([value, value])),
    "opinions as markdown": lambda value: opinions_markdown(reviewed([value, value])),
    "opinions as html": lambda value: page_of(value, value),
}


@every_source
@pytest.mark.parametrize("form", REPORTS)
def test_no_report_has_anything_that_acts(form: str, source: Hostile) -> None:
    """No report has a raw control character, or one that turns, hides or ends a line."""
    assert not ACTIVE.search(REPORTS[form](review(source)))


def headings(report: str) -> list[str]:
    """The headings of a Markdown report up to what they quote."""
    return [
        re.split(r"[:,(]| on ", re.sub("[` ]+", " ", line))[0]  # a code span may have a blank at its ends
        for line in outside_code(report)[0]
        if re.match(r"#|\*\*", line)
    ]


@every_source
@pytest.mark.parametrize("form", ["markdown", "comment"])
def test_markdown_is_built_like_its_twins(form: str, source: Hostile) -> None:
    """The same headings and code blocks as with plain words; nothing outside of them is HTML, a link or a mention."""
    report, twin = REPORTS[form](review(source)), REPORTS[form](review(source.twin))
    lines, blocks = outside_code(report)
    left_out = form == "comment" and claims(review(source).suggestions[0].diff)
    assert blocks == outside_code(twin)[1] - bool(left_out)
    kinds = [re.sub(r"^#+ (?!Hazards|Answer|Checklist|Suggestions|ctxreview).*", "#", h) for h in headings(report)]
    assert kinds == [
        re.sub(r"^#+ (?!Hazards|Answer|Checklist|Suggestions|ctxreview).*", "#", h) for h in headings(twin)
    ]
    for line in lines:
        bare = outside_spans(line)
        assert not re.search(r"[<@`\[\]!|~]", bare.replace("[…]", "")), line


class Page(HTMLParser):
    """What a browser would make of a page: elements with attributes, and texts."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.others: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))
        if tag not in ("meta", "br", "col", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)


ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "div", "nav", "main", "article", "section", "header", "footer", "details", "summary",
    "h1", "h2", "h3", "h4", "h5", "p", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "code", "mark", "span", "a",
    "table", "colgroup", "col", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES = {
    "lang": "en", "charset": "utf-8", "http-equiv": "Content-Security-Policy", "name": "referrer|viewport", "class": r"[a-z -]+",
    "id": r"[a-zA-Z0-9]+", "href": r"#[a-zA-Z0-9]+", "tabindex": "0", "role": "region", "aria-label": r".*", "scope": "col", "open": "",
    "colspan": r"\d+",
}  # fmt: skip


def assert_inert(source: str) -> Page:
    """The page, after the checks that hold whatever is in it: our elements, no script, no address but places of the page itself."""
    found = Page(source)
    assert found.open == []
    assert found.others == []
    assert {tag for tag, _ in found.tags} <= ELEMENTS
    for tag, attributes in found.tags:
        for name, value in attributes:
            if (tag, name) != ("meta", "content"):
                assert re.fullmatch(ATTRIBUTES[name], value or "", re.DOTALL), (tag, attributes)
    ids = [value for _, attributes in found.tags for name, value in attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {f"#{one}" for one in ids} >= {v for _, attributes in found.tags for name, v in attributes if name == "href"}
    (policy,) = [dict(a)["content"] for tag, a in found.tags if ("http-equiv", "Content-Security-Policy") in a]
    assert policy and policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    return found


@every_source
def test_the_page_is_built_like_its_twins(source: Hostile) -> None:
    """Elements and attributes are ours and the same as with plain words, but for the lines of code; words are shown."""
    found, twin = assert_inert(page_of(review(source))), assert_inert(page_of(review(source.twin)))
    # How many facts and findings there are, and what colours its words have, depends on the code, and not on this page.
    lines = ("span", "code", "mark", "div", "li", "ul")
    sections = ("h1", "h2", "h3", "section", "blockquote", "details", "footer", "style", "title", "meta")
    assert [t for t, _ in found.tags if t in sections] == [t for t, _ in twin.tags if t in sections]
    assert {t for t, _ in found.tags if t not in lines} == {t for t, _ in twin.tags if t not in lines}
    if source.text:
        assert visible(source.text)[:80].split("\n")[0] in "".join(found.words)


FILE_NAMES = [s.path for s in SOURCES if s.path != PATH] + ["a\rb.cs", "a\x7f\x9b.cs", "'; rm -rf ~;'.cs", "$(x)`y`.cs"]


@pytest.mark.parametrize("name", FILE_NAMES, ids=range(len(FILE_NAMES)))
def test_file_names_are_shown_by_every_command(name: str, tmp_path: Path) -> None:
    """A real file of that name: what the commands print, also in their errors, is inert, and the prompt keeps its form."""
    file = tmp_path / name
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(Hostile("", "").source, "utf-8")
    except (OSError, ValueError):
        pytest.skip("this system has no such file names")
    given = f"{name}:14"
    for command in (
        ["context", given],
        ["context", given, "--format", "json"],
        ["prompt", given],
        *(["review", given, "--provider", "none", "--format", form] for form in ("text", "markdown", "json", "html")),
    ):
        done = run(*command, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert not ACTIVE.search(done.stdout + done.stderr), command
        if command[0] == "prompt":
            assert sections(shape(done.stdout.partition("===== user =====\n")[2])) == HEADINGS
    for wrong in (f"{name}:999", f"{name}x:1"):
        done = run("context", wrong, folder=tmp_path)
        assert done.returncode == 2
        assert not ACTIVE.search(done.stderr)


def test_hostile_error_is_shown_not_executed(tmp_path: Path) -> None:
    """What a server answers and a file's name hold is written out in error messages as well."""
    done = run("context", "no\u001b[2Jsuch\u202e.cs:1", folder=tmp_path)
    assert done.returncode == 2
    assert "no\\x1b[2Jsuch\\u202e.cs" in done.stderr
