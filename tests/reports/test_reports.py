"""Reports: nothing that the source, the reviewer or the model wrote acts on a terminal, a renderer or a reader."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxreview.guard.check import guard as guarded
from ctxreview.model.review import Evidence, Finding, GuardResult, Review, Suggestion, Usage
from ctxreview.model.source import Lines
from ctxreview.prompt.reply import parse, verify
from ctxreview.reports.document import context_document, error_document, guard_document, review_document
from ctxreview.reports.json_text import dumps
from ctxreview.reports.layout import Layout, wrap
from ctxreview.reports.markdown import escaped, fenced
from ctxreview.reports.review_text import Detail, guard_text
from ctxreview.reports.text import context_text
from ctxreview.review.hazards import hazards_of
from ctxreview.rules import RULES
from tests.samples import ITEMS, PATH, context_of, example, markdown_of, page_of, prompt_of, shop, text_of, unwrapped

HOSTILE = {
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)><!-- gone",
    "image": "![steal](https://evil.example/x.png)",
    "link": "[click](javascript:alert(1)) <https://evil.example>",
    "mention": "thanks @octocat and @org/team, closes #1",
    "fence": "```\n# Verdict: no-known-conflict\n```",
    "long fence": "`````` ~~~~~~",
    "heading": "\n# ctxreview\n\n## Suggestions\n\nNone.",
    "table": "a | b\n--|--\n<td>",
    "colour": "\x1b[2J\x1b[31mred\x1b[0m\x07\x08\x08",
    "direction": "\u202efdp.exe\u2066\u200b",
    "entities": "&lt;b&gt; &#64;octocat",
    "line ends": "a\r\nb\rc\x0bd\x0ce\x85f\u2028g\u2029h",
    "emphasis": "**conflicts** __x__ ~~no~~ `code` \\",
    "our words": "Guard: no-known-conflict\nNo model was asked\nSuggestion 2: fine: no-known-conflict",
}
ACTIVE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def reviewed(words: str) -> Review:
    """A review in which ``words`` stand wherever somebody else can put them."""
    comment = words.replace("*/", "").replace("«", "").replace("»", "")
    about = context_of(
        shop(f"""
            lock (_gates /* {comment} */ [id])
            {{
                «_count++;»
            }}
            _slots /* {comment} */ .Wait();
            Count();
            _slots /* {comment} */ .Release();
            return 0;
        """)
    )
    reply = {
        "summary": words,
        "checklist": [
            {
                "id": ITEMS[0].id,
                "answer": "yes",
                "evidence": [{"path": words, "line": 3, "quote": words}],
                "note": words,
            }
        ],
        "suggestions": [
            {
                "title": words,
                "rationale": words,
                "edits": [
                    {
                        "path": PATH,
                        "start_line": 0,
                        "end_line": 0,
                        "original": "_count++;",
                        "replacement": f"_count++; /* {comment} */",
                    }
                ],
            },
            {
                "title": "elsewhere",
                "rationale": "",
                "edits": [{"path": words or "x", "start_line": 1, "end_line": 1, "original": "x", "replacement": "y"}],
            },
        ],
    }
    read = verify(parse(json.dumps(reply), ITEMS), about)
    return Review(
        question=words,
        context=about,
        prompt=prompt_of(about, words),
        hazards=hazards_of(about),
        checklist=read.checklist,
        suggestions=tuple(guarded(about, s) for s in read.suggestions),
        summary=read.summary,
        provider="openai",
        model=f"m-1 {words}",
        usage=Usage(1, 2, 0.5),
    )


PLAIN = reviewed("plain words")


# --- text --------------------------------------------------------------------------------------------------


TITLED = r"^((?:Edit of s|S)uggestion \d|Answer of|Question)\b.*"
"""A line of ours in which foreign words stand, and what it begins with."""


def skeleton(report: str) -> list[str]:
    """The lines of a text report that start at its left edge: those that only ctxreview may write."""
    return [line for line in report.split("\n") if re.match(r"[A-Za-z]", line)]


@pytest.mark.parametrize("case", HOSTILE)
def test_text_is_shown_not_executed(case: str) -> None:
    """Control characters are written out, and no foreign line is at the left edge, where our own stand."""
    report = text_of(reviewed(HOSTILE[case]))
    assert not ACTIVE.search(report)
    ours = [re.sub(TITLED, r"\1", line) for line in skeleton(report)]
    plain = [re.sub(TITLED, r"\1", line) for line in skeleton(text_of(PLAIN))]
    numbers = r"\d[\d,]*"
    assert [re.sub(numbers, "n", line) for line in ours] == [re.sub(numbers, "n", line) for line in plain]


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_characters="«»\0", exclude_categories=["Cs"]), max_size=30))
def test_no_text_acts_on_a_terminal(words: str) -> None:
    """Of any words, none reach the terminal as control characters, and the report keeps its parts."""
    report = text_of(reviewed(words))
    assert not ACTIVE.search(report)
    assert [line for line in skeleton(report) if line in ("Hazards found by rules", "Checklist", "Code")] == [
        "Hazards found by rules",
        "Checklist",
        "Code",
    ]


def test_colour_only_where_asked() -> None:
    """Colours are ours, and only there when the caller wants them."""
    assert "\x1b" not in text_of(PLAIN)
    coloured = text_of(PLAIN, Layout(colour=True))
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == text_of(PLAIN)


DETAILS: tuple[Detail, ...] = get_args(Detail)


def width_of(line: str) -> int:
    """Columns of a line, by Unicode's own property."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in line)


@settings(max_examples=40, deadline=None)
@given(
    st.text(st.characters(exclude_characters="«»\0", exclude_categories=["Cs", "Cn"]), max_size=400),
    st.integers(60, 220),
    st.sampled_from(("brief", "folded", "whole")),
)
def test_no_line_is_wider_than_asked(words: str, width: int, detail: Detail) -> None:
    """Whatever stands in code, names and replies: no line has more columns than the terminal."""
    report = text_of(reviewed(words), Layout(width), detail)
    assert [line for line in report.split("\n") if width_of(line) > width] == []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text("abcdefghij", min_size=1, max_size=20), max_size=40), st.integers(20, 80), st.integers(20, 80))
def test_no_word_is_cut(words: list[str], first: int, rest: int) -> None:
    """The words of a text that are not wider than a line are whole in the lines that are made of it, in their order."""
    lines = wrap(" ".join(words), first, rest)
    assert " ".join(lines).split() == words
    assert [line for line in lines if line != line.strip()] == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("src/Orders/Shipping/Orders.cs:28", ["src/Orders/", "Shipping/", "Orders.cs:28"]),
        ("x" * 25, ["x" * 12, "x" * 12, "x"]),
        ("価格の計算をする", ["価格の計算を", "する"]),
        ("", [""]),
    ],
)
def test_a_word_wider_than_a_line(text: str, lines: list[str]) -> None:
    """What is wider than a line goes on after a slash or another joint, and only without one within a name."""
    assert wrap(text, 12, 12) == lines


def test_the_order_of_a_review() -> None:
    """The verdict is the first line; ``brief`` ends after the hazards, the code is the last part, and only the whole says what the model saw."""
    brief, folded, whole = (text_of(PLAIN, Layout(100), detail) for detail in DETAILS)
    parts = ("Suggestion 1: ", "Hazards found by rules", "What holds the selection", "Checklist", "Edit of ", "Code")
    places = [folded.find(f"\n{part}") for part in parts]
    assert -1 not in places
    assert places == sorted(places)
    assert folded.startswith("needs-human: method Ship of Orders, src/Orders.cs:")
    assert folded.startswith(brief.rstrip())
    assert "What holds the selection" not in brief
    assert ["What the model sees" in report for report in (brief, folded, whole)] == [False, False, True]
    assert all(item.question in unwrapped(whole) for item in ITEMS)


def test_a_long_function_is_folded() -> None:
    """Of a long function stay its head, the scope's ends, the selection, later writes, ways out and their conditions; the rest is counted."""
    filler = "\n".join(f"    Log({n});" for n in range(200))
    body = f"lock (_gate)\n{{\n{filler}\n    «var old = _count;»\n{filler}\n    if (old > 5)\n    {{\n        return 1;\n    }}\n{filler}\n    _count++;\n}}\nreturn 0;"
    about = context_of(shop(body))
    report = text_of(PLAIN._replace(context=about, hazards=(), suggestions=()), Layout(80))
    code = report.partition("\nCode\n")[2]
    for part in (
        "public async Task<int> Ship(int id)",
        "┌     lock (_gate)",
        "> 216 │",
        "if (old > 5)",
        "return 1;",
        "_count++;",
        "└     }",
        "… 200 lines",
    ):
        assert part in code
    assert len(report.splitlines()) <= 150
    whole = text_of(PLAIN._replace(context=about, hazards=(), suggestions=()), Layout(80), "whole")
    assert whole.count("Log(") == 600


def test_findings_that_say_the_same_are_one() -> None:
    """A finding of several places is told once; after six findings only rule and place are."""
    same = [Finding("missing-intent", "note", "syntactic", "m.", "q?", Lines(PATH, n, n)) for n in (3, 5)]
    many = [Finding("lock-order", "low", "syntactic", f"message {n}.", "q?", Lines(PATH, n, n)) for n in range(1, 9)]
    report = text_of(PLAIN._replace(hazards=(*same, *many)), Layout(80))
    assert "note missing-intent src/Orders.cs:3, :5\n" in report
    assert [f"message {n}." in report for n in range(1, 9)] == [True] * 6 + [False] * 2
    assert "  low lock-order src/Orders.cs:8\n" in report
    assert "message 8." in text_of(PLAIN._replace(hazards=tuple(many)), Layout(80), "whole")


def test_scope_in_the_margin() -> None:
    """The code has line numbers, the selection its mark, the scope its extent."""
    lines = context_text(example()).splitlines()
    drawn = {int(m[1]): line for line in lines if (m := re.match(r"[> ] +(\d+) ", line))}
    assert drawn[31].startswith(">  31 │             var record = _db.Records")
    assert [n for n, line in drawn.items() if line.startswith(">")] == [31, 32, 33]
    assert [n for n, line in drawn.items() if "┌" in line or "└" in line] == [28, 46]
    assert all("│" in drawn[n] for n in range(29, 46))
    assert "│" not in drawn[47]


def test_approval_is_nobodys_to_give() -> None:
    """No known conflict is said to be no approval, and no suggestion is said to be none."""
    about = example()
    quiet = GuardResult(Suggestion("t", "", ()), applied=True, verdict="no-known-conflict", findings=())
    assert "That is not an approval." in unwrapped(guard_text([quiet], about, quiet.verdict))
    assert "\nNo suggestion was made.\n" in guard_text([], about, "needs-human")
    assert guard_text([], about, "needs-human").startswith(
        "Guard: needs-human: method UpdateRecord of RecordService,\n"
    )


# --- Markdown ----------------------------------------------------------------------------------------------


def outside_code(report: str) -> tuple[list[str], int]:
    """The lines of a Markdown report outside its code blocks, and how many blocks there are."""
    out: list[str] = []
    fence, blocks = "", 0
    for line in report.split("\n"):
        mark = re.match(r" {0,3}(`{3,}|~{3,})", line)
        if fence:
            if re.fullmatch(rf" {{0,3}}{re.escape(fence[0])}{{{len(fence)},}} *", line):
                fence = ""
        elif mark:
            fence, blocks = mark[1], blocks + 1
        else:
            out.append(line)
    assert not fence, "a code block does not end"
    return out, blocks


def outside_spans(line: str) -> str:
    """A line of Markdown without its code spans."""
    return re.sub(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", "", line)


def headings(lines: list[str]) -> list[str]:
    """The headings, without what they quote; a code span may have a blank of its own."""
    return [re.sub(" +", " ", re.split(r"[:,(]", line.replace("`", ""))[0]) for line in lines if line.startswith("#")]


OURS = [
    "# ctxreview",
    f"## {PATH}",
    "## Hazards found by rules",
    "## Answer of openai ",
    "## Checklist",
    "## Suggestions",
]


@pytest.mark.parametrize("case", HOSTILE)
def test_markdown_is_shown_not_executed(case: str) -> None:
    """No foreign text makes HTML, an image, a link, a mention, a heading or a code block."""
    report = markdown_of(reviewed(HOSTILE[case]))
    assert not ACTIVE.search(report)
    lines, blocks = outside_code(report)
    assert blocks == 2
    found = headings(lines)
    assert [h for h in found if not h.startswith("### ")] == OURS
    assert sum(h.startswith("### ") for h in found) == 2
    for line in lines:
        bare = outside_spans(line)
        assert not re.search(r"[<@`\[\]!|~]", bare), line
        assert not re.search(r">", bare.removeprefix("> ")), line
        assert "&" not in bare, line


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["`", "```", "~~~", "\n", "\\", "<b>", "@x", "# ", "> ", "[x](y)", "![", "]", "|", "- ", "1. "])
        | st.text(st.characters(exclude_characters="«»\0", exclude_categories=["Cs"]), max_size=6),
        max_size=12,
    ).map("".join)
)
def test_no_text_changes_the_markdown(words: str) -> None:
    """Of any words, the report keeps its headings and its two code blocks."""
    lines, blocks = outside_code(markdown_of(reviewed(words)))
    assert blocks == 2
    assert [h for h in headings(lines) if not h.startswith("### ")] == OURS


ESCAPED = {
    "a_b*c": "`a_b*c`",
    "<img src=x>": "`<img src=x>`",
    "@octocat": "`@octocat`",
    "&lt;": "`&lt;`",
    "a\nb\t c": "a b c",
    "```": "` ``` `",
    "a`b``c": "``a`b` `c``",
    "\x1b[1m": r"`\x1b[1m`",
    r"\<": r"`\<`",
}


@pytest.mark.parametrize("raw", ESCAPED)
def test_escaped(raw: str) -> None:
    """What Markdown or HTML would act on is escaped, and a line end is a blank."""
    assert escaped(raw) == ESCAPED[raw]


@pytest.mark.parametrize("code", ["x", "```", "a ```` b", "`" * 20, "~~~", "\n```\n````\n"])
def test_fenced(code: str) -> None:
    """A fence is longer than any run of backticks in it."""
    made = fenced(code, "csharp")
    opening, closing = made.split("\n")[0], made.split("\n")[-1]
    assert opening == f"{closing}csharp"
    assert closing not in code


def test_a_hostile_selection_in_the_advice() -> None:
    """The command that is proposed quotes the selection, and nothing in it gets out of the quotes."""
    about = context_of(shop("return 0;"))
    given = "a`<img src=x>\x1b[31m\n# x.cs:1"
    offline = PLAIN._replace(
        context=about._replace(selection=about.selection._replace(given=given)), provider=None, model=None
    )
    advice = next(line for line in markdown_of(offline).split("\n") if "To ask a model" in line)
    assert not re.search(r"[`<#\[]", outside_spans(advice))
    assert "\x1b" not in text_of(offline)
    assert "# x.cs:1" not in text_of(offline).split("\n")


# --- JSON --------------------------------------------------------------------------------------------------

SCOPE_KEYS = {
    "kind", "construct", "form", "path", "start_line", "end_line", "resource", "encloses_selection", "certainty",
    "completes_at", "isolation", "async_flow", "intent_comment", "via",
}  # fmt: skip
LINES = {"start_line", "end_line"}
CONTEXT_KEYS = {
    "schema", "selection", "language", "parse", "functions", "scopes", "verdict", "facts", "excerpts", "omitted",
    "blind_spots", "tokens",
}  # fmt: skip
FINDING_KEYS = {"rule", "severity", "certainty", "message", "question", "related", *LINES}
REVIEW_KEYS = {
    "schema", "question", "context", "hazards", "provider", "checklist", "suggestions", "usage", "visibility", "status",
    "notice",
}  # fmt: skip


def test_context_document() -> None:
    """The context has the documented keys, and the documented values for the example."""
    found = context_document(example())
    assert found.keys() >= CONTEXT_KEYS
    assert found["schema"] == "ctxreview.context/1"
    assert found["selection"] == {"path": "src/RecordService.cs", "start_line": 31, "end_line": 33}
    assert found["parse"].items() >= {"clean": True, "normalised": []}.items()
    assert found["functions"] == [
        {"kind": "method", "name": "UpdateRecord", "type": "RecordService", "start_line": 24, "end_line": 47}
    ]
    (scope,) = found["scopes"]
    assert scope.keys() >= SCOPE_KEYS
    assert scope["kind"] == "transaction"
    assert (scope["construct"], scope["form"], scope["resource"]) == ("TransactionScope", "block", "scope")
    assert (scope["start_line"], scope["end_line"], scope["completes_at"]) == (28, 46, [44])
    assert (scope["isolation"], scope["async_flow"], scope["encloses_selection"]) == ("RepeatableRead", False, True)
    assert (scope["certainty"], scope["intent_comment"], scope["via"]) == ("syntactic", None, [])
    read = next(f for f in found["facts"] if f["kind"] == "read")
    assert read.items() >= {"kind": "read", "name": "FirstOrDefault", "start_line": 31, "end_line": 33}.items()
    for excerpt in found["excerpts"]:
        assert {"path", "role", "why", "tokens", *LINES} <= excerpt.keys()
    for omission in found["omitted"]:
        assert {"path", "why", *LINES} <= omission.keys()
    assert found["tokens"].keys() == {"prompt", "budget", "tokenizer"}


def test_what_a_lock_protects_in_the_document() -> None:
    """Places with how they are used, what is written together, who takes the lock, and each access without it."""
    (tree,) = context_document(
        context_of(
            shop("lock (_gate)\n{\n    _count = id;\n    «_total++;»\n}").rstrip().removesuffix("}")
            + "    public int Peek() => _count;\n}\n"
        )
    )["protections"]["locks"]
    assert (tree["resource"], tree["certainty"], tree["only_here"], tree["functions_left_out"]) == (
        "_gate",
        "syntactic",
        True,
        0,
    )
    assert [(p["name"], p["standing"], p["written_in"]) for p in tree["places"]] == [
        ("_count", "protected", ["Ship"]),
        ("_total", "protected", ["Ship"]),
    ]
    assert tree["together"] == [{"places": ["_count", "_total"], "members": ["Ship"]}]
    assert [t["name"] for t in tree["taken_in"]] == ["Ship"]
    (access,) = tree["places"][0]["without"]
    assert (access["member"], access["writes"], access["under"], access["in_one_step"]) == ("Peek", False, [], False)


def test_intent_is_quoted() -> None:
    """The comment above a scope is in the document."""
    about = example("src/DocumentedRecordService.cs:25-27")
    (scope,) = context_document(about)["scopes"]
    assert scope["intent_comment"].startswith("// Two workers must never claim the same record.")


def findings_of(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Every finding in a document."""
    return [f for s in found["suggestions"] for f in s["findings"]] + found.get("hazards", [])


def test_guard_document() -> None:
    """The guard's result has the documented keys."""
    checked = guarded(
        PLAIN.context,
        Suggestion(
            "t",
            "r",
            (PLAIN.suggestions[0].suggestion.edits[0]._replace(original="lock (_gates", replacement="lock (_others"),),
        ),
    )
    found = guard_document([checked, *PLAIN.suggestions], PLAIN.context, "needs-human")
    assert found.keys() == {"schema", "selection", "verdict", "suggestions"}
    assert found["selection"] == {"path": PATH, "start_line": 16, "end_line": 16}
    assert (found["schema"], found["verdict"]) == ("ctxreview.guard/1", "needs-human")
    for suggestion in found["suggestions"]:
        assert {"title", "applied", "verdict", "findings"} <= suggestion.keys()
    assert [s["applied"] for s in found["suggestions"]][-1] is False
    assert found["suggestions"][-1]["reason"]


def test_review_document() -> None:
    """The review has the documented keys, in every part."""
    found = review_document(PLAIN)
    assert found.keys() >= REVIEW_KEYS
    assert (found["schema"], found["status"]) == ("ctxreview.review/1", "complete")
    assert found["provider"].keys() == {"name", "model"}
    assert found["usage"] == {"prompt_tokens": 1, "reply_tokens": 2, "cost": 0.5}
    assert found["visibility"].keys() == {"seen", "not_seen"}
    assert found["context"].keys() >= CONTEXT_KEYS
    for answer in found["checklist"]:
        assert {"id", "question", "answer", "evidence", "note"} <= answer.keys()
        for evidence in answer["evidence"]:
            assert evidence.keys() == {"path", "line", "quote", "supported"}
    for suggestion in found["suggestions"]:
        assert {"title", "applied", "verdict", "findings", "diff"} <= suggestion.keys()
    assert found["hazards"]
    for finding in findings_of(found):
        assert finding.keys() >= FINDING_KEYS
        assert {"path", *LINES} <= set(finding["related"][0] if finding["related"] else {"path", *LINES})


def test_offline_review_document() -> None:
    """Without a model, provider and usage are null and the notice says so."""
    found = review_document(PLAIN._replace(provider=None, model=None, usage=None, suggestions=(), summary=""))
    assert (found["provider"], found["usage"], found["summary"]) == (None, None, None)
    assert found["notice"].startswith("No model was asked")
    assert "AI-assisted" not in found["notice"]


@pytest.mark.parametrize("case", HOSTILE)
def test_json_lines(case: str) -> None:
    """A document is one line however a reader splits lines, in ASCII, and comes back as it was."""
    found = review_document(reviewed(HOSTILE[case]))
    line = dumps(found)
    assert len(line.splitlines()) == 1
    assert line.isascii()
    assert not ACTIVE.search(line)
    assert json.loads(line) == found == json.loads(dumps(found, 2))


def test_error_document() -> None:
    """A selection that failed leaves a document that names it."""
    assert error_document("a.cs:1", "a.cs: is empty.") == {
        "schema": "ctxreview.error/1",
        "selection": "a.cs:1",
        "error": "a.cs: is empty.",
    }


# --- all formats -------------------------------------------------------------------------------------------

FORMATS = {
    "text": text_of,
    "markdown": markdown_of,
    "html": page_of,
    "json": lambda value: dumps(review_document(value)),
}


@pytest.mark.parametrize("form", FORMATS)
def test_secrets_stay_here(form: str) -> None:
    """A key that is in the source, the question or a quote is in no report."""
    key = "AKIA" + "QWERTYUIOPASDFGH"
    assert key not in FORMATS[form](reviewed(key))


@pytest.mark.parametrize("form", FORMATS)
def test_never_approved(form: str) -> None:
    """No report of ours approves of anything, and each says what a person still has to answer."""
    for value in (PLAIN, PLAIN._replace(provider=None, model=None, usage=None, suggestions=())):
        report = FORMATS[form](value)
        assert not re.search(r"\bapproved\b|\bLGTM\b|safe to merge", report, re.IGNORECASE)
        question = "It does not count as a review until a person has answered: does this code touch shared state"
        assert question in unwrapped(report)


@pytest.mark.parametrize("form", FORMATS)
def test_unsupported_evidence_is_marked(form: str) -> None:
    """A citation that does not hold is marked in every format."""
    report = unwrapped(FORMATS[form](PLAIN))
    assert ("unsupported: this text is not there" in report) or ('"supported": false' in report)
    assert PLAIN.checklist[0].evidence == (Evidence("plain words", 3, "plain words", False),)


def test_every_severity_has_its_colour() -> None:
    """A finding of any rule can be printed in colour."""
    about = example()
    for rule in RULES:
        finding = Finding(rule.ID, rule.SEVERITY, "syntactic", "m.", "q?", Lines(about.path, 1, 2))
        assert "\x1b[" in text_of(PLAIN._replace(hazards=(finding,)), Layout(colour=True))
