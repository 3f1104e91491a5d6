"""A model's text becomes a reply only in the form that was asked for, and its citations are looked up."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxreview.errors import ReplyError
from ctxreview.guard.check import guard, suggestions
from ctxreview.model.review import Evidence
from ctxreview.prompt import reply as replies
from ctxreview.prompt.build import schema
from ctxreview.prompt.limits import MOST_EDITS, unfenced
from ctxreview.prompt.reply import parse, verify
from tests.samples import EXAMPLE, ITEMS, PATH, context_of, example, shop

# --- the schema --------------------------------------------------------------------------------------------


def derived() -> dict[str, Any]:
    """The schema that msgspec derives from the structs, written as the file writes it."""
    (root,), parts = msgspec.json.schema_components([replies._Reply], ref_template="#/$defs/{name}")

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            made = {k: plain(v) for k, v in value.items() if not (k == "title" and isinstance(v, str))}
            if "$ref" in made:
                made["$ref"] = re.sub(r"_(\w+)$", lambda m: m[1].lower(), made["$ref"])
            return {"type": "string", **made} if "enum" in made else made
        return [plain(v) for v in value] if isinstance(value, list) else value

    named = {name.lstrip("_").lower(): plain(part) for name, part in parts.items()}
    assert root == {"$ref": "#/$defs/_Reply"}
    return {**named.pop("reply"), "$defs": named}


def objects(value: Any) -> list[dict[str, Any]]:
    """Every object schema in a schema."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value] * (isinstance(value, dict) and value.get("type") == "object") + [
        o for v in inside for o in objects(v)
    ]


def test_schema_is_that_of_the_structs() -> None:
    """The file that is sent to models says what the parser accepts."""
    made = derived()
    for part in objects(made):  # the schema wants every key; the parser lets those be that came later
        part["required"] = list(part["properties"])
    made["$defs"]["suggestion"]["properties"]["confidence"] = {"type": "string", "enum": ["high", "low", "medium"]}
    made["properties"]["findings"].pop("default")
    assert schema() == made


def test_schema_is_strict() -> None:
    """Strict modes want every key required and no others, everywhere, and an object at the root."""
    assert schema()["type"] == "object"
    assert len(objects(schema())) == 6
    for part in objects(schema()):
        assert part["additionalProperties"] is False
        assert part["required"] == list(part["properties"])


# --- the form ----------------------------------------------------------------------------------------------

EVIDENCE = {"path": PATH, "line": 15, "quote": "_count++;"}
EDIT = {"path": PATH, "start_line": 15, "end_line": 15, "original": "_count++;", "replacement": "_count += 1;"}
REPLY: dict[str, Any] = {
    "summary": "Leave it.",
    "checklist": [{"id": i.id, "answer": "no", "evidence": [EVIDENCE], "note": f"n {i.id}"} for i in ITEMS],
    "suggestions": [{"title": "t", "rationale": "r", "edits": [EDIT]}],
}
TEXT = json.dumps(REPLY)


@pytest.mark.parametrize("form", ["{}", " \n{}\n ", "```json\n{}\n```", "```\n{}\n```", "\n```json\n{}\n```\n"])
def test_a_reply_alone_or_in_a_fence(form: str) -> None:
    """One JSON object, alone or in one code fence, is the whole reply."""
    read = parse(form.replace("{}", TEXT), ITEMS)
    assert (read.summary, read.suggestions[0].edits[0].replacement) == ("Leave it.", "_count += 1;")
    assert [(a.id, a.question, a.answer) for a in read.checklist] == [(i.id, i.question, "no") for i in ITEMS]
    assert read.checklist[0].evidence == (Evidence(PATH, 15, "_count++;", None),)


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    """The reply with something wrong in it."""
    copy = json.loads(TEXT)
    change(copy)
    return json.dumps(copy)


WRONG = {
    "prose before": (f"Here you are: {TEXT}", "byte 0"),
    "prose after": (f"{TEXT} Hope that helps!", "trailing characters"),
    "prose around a fence": (f"Sure!\n```json\n{TEXT}\n```", "byte 0"),
    "two objects": (f"{TEXT}{TEXT}", "trailing characters"),
    "truncated": (TEXT[:-40], "truncated"),
    "empty": ("", "truncated"),
    "a list": (f"[{TEXT}]", "Expected `object`, got `array`"),
    "unknown key": (changed(lambda r: r.update(verdict="ok")), "unknown field `verdict`"),
    "unknown key deep down": (
        changed(lambda r: r["suggestions"][0]["edits"][0].update(file="x")),
        "unknown field `file` - at `$.suggestions[0].edits[0]`",
    ),
    "missing key": (changed(lambda r: r.pop("summary")), "missing required field `summary`"),
    "missing key deep down": (
        changed(lambda r: r["checklist"][2]["evidence"][0].pop("line")),
        "missing required field `line` - at `$.checklist[2].evidence[0]`",
    ),
    "wrong type": (
        changed(lambda r: r["checklist"][0]["evidence"][0].update(line="15")),
        "Expected `int`, got `str` - at `$.checklist[0].evidence[0].line`",
    ),
    "wrong answer": (
        changed(lambda r: r["checklist"][0].update(answer="maybe")),
        "Invalid enum value 'maybe' - at `$.checklist[0].answer`",
    ),
    "null": (changed(lambda r: r.update(suggestions=None)), "Expected `array`, got `null` - at `$.suggestions`"),
    "half a character": (TEXT.replace("Leave it.", "\\ud800"), "The reply is not in the requested form"),
    "a lone surrogate": (TEXT.replace("Leave it.", "\ud800"), "The reply is not in the requested form"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_form(case: str) -> None:
    """Anything else is refused in one sentence that names the place."""
    text, said = WRONG[case]
    with pytest.raises(ReplyError) as raised:
        parse(text, ITEMS)
    assert said in str(raised.value)
    assert str(raised.value).startswith("The reply is not in the requested form: ")
    assert "\n" not in str(raised.value)


@given(st.text())
def test_no_text_is_an_accident(text: str) -> None:
    """Whatever a model writes is a reply or a ReplyError."""
    with pytest.raises(ReplyError):
        parse(text, ITEMS)


def test_unanswered_items_cannot_be_told() -> None:
    """An item that the model left out is cannot-tell and says so; the checklist keeps its order."""
    left = changed(lambda r: r.update(checklist=[r["checklist"][3], r["checklist"][1]]))
    read = parse(left, ITEMS)
    assert [a.id for a in read.checklist] == [i.id for i in ITEMS]
    answered = {ITEMS[1].id, ITEMS[3].id}
    for answer in read.checklist:
        if answer.id in answered:
            assert (answer.answer, answer.note) == ("no", f"n {answer.id}")
        else:
            assert (answer.answer, answer.evidence) == ("cannot-tell", ())
            assert answer.note == "The model did not answer this item."


def test_invented_items_are_dropped() -> None:
    """An item that nobody asked for is not in the review."""
    invented = {"id": "style", "answer": "yes", "evidence": [], "note": "nice"}
    read = parse(changed(lambda r: r["checklist"].append(invented)), ITEMS)
    assert [a.id for a in read.checklist] == [i.id for i in ITEMS]


# --- citations ---------------------------------------------------------------------------------------------

CITED = shop("""
    lock (_gate)
    {
        _count++;
        var  order =\t_cache[id];
        order.State = 1;
        order.Note = "shipped";
        order.Tries = 2;
        order.Late = false;
    }
    return 0;
""")
LINE = next(n for n, line in enumerate(CITED.splitlines(), 1) if "order.State" in line)
CITATIONS = {
    "the line": (PATH, LINE, "order.State = 1;", True),
    "the line with its indentation": (PATH, LINE, "            order.State = 1;", True),
    "a part of the line": (PATH, LINE, "order.State", True),
    "one line above": (PATH, LINE - 1, "order.State = 1;", True),
    "two lines above": (PATH, LINE - 2, "order.State = 1;", True),
    "two lines below": (PATH, LINE + 2, "order.State = 1;", True),
    "three lines above": (PATH, LINE - 3, "order.State = 1;", False),
    "three lines below": (PATH, LINE + 3, "order.State = 1;", False),
    "several lines": (PATH, LINE, 'order.State = 1;\n            order.Note = "shipped";', True),
    "other white space": (PATH, LINE - 1, "var order = _cache[id];", True),
    "not there": (PATH, LINE, "order.State = 2;", False),
    "another case": (PATH, LINE, "Order.state = 1;", False),
    "another file": ("src/Parcels.cs", LINE, "order.State = 1;", False),
    "another folder": ("test/Orders.cs", LINE, "order.State = 1;", False),
    "the file's name alone": ("Orders.cs", LINE, "order.State = 1;", True),
    "a part of the file's name": ("ders.cs", LINE, "order.State = 1;", False),
    "backslashes": ("src\\Orders.cs", LINE, "order.State = 1;", True),
    "from here": ("./src/Orders.cs", LINE, "order.State = 1;", True),
    "a longer path": ("repo/src/Orders.cs", LINE, "order.State = 1;", False),
    "no path": ("", LINE, "order.State = 1;", False),
    "line 0": (PATH, 0, "public class Orders", False),
    "a negative line": (PATH, -5, "public class Orders", False),
    "past the end": (PATH, len(CITED.splitlines()) + 1, "}", False),
    "a very large line": (PATH, 10**30, "}", False),
    "no quote": (PATH, LINE, "", False),
    "a blank quote": (PATH, LINE, " \n\t", False),
}


@pytest.mark.parametrize("case", CITATIONS)
def test_citation(case: str) -> None:
    """A quote is supported when it is on its line of the reviewed file, or within two lines of it."""
    path, line, quote, supported = CITATIONS[case]
    cited = {"path": path, "line": line, "quote": quote}
    text = changed(lambda r: r["checklist"][0].update(evidence=[cited]))
    (evidence,) = verify(parse(text, ITEMS), context_of(CITED)).checklist[0].evidence
    assert (evidence.path, evidence.line, evidence.quote) == (path, line, quote)
    assert evidence.supported is supported


SHOWN = {
    "a control character": ('_note = "\x1b[31m";', '_note = "\\x1b[31m";'),
    "a character that turns the direction": ("/* \u202e */ _count++;", "/* \\u202e */ _count++;"),
}


@pytest.mark.parametrize("case", SHOWN)
def test_a_quote_of_what_was_shown(case: str) -> None:
    """A quote of a line as the prompt shows it, with control characters written out, is supported."""
    line, quote = SHOWN[case]
    code = shop(f"{line}\nreturn 0;")
    at = code[: code.index(line)].count("\n") + 1
    text = changed(lambda r: r["checklist"][0].update(evidence=[{"path": PATH, "line": at, "quote": quote}]))
    assert verify(parse(text, ITEMS), context_of(code)).checklist[0].evidence[0].supported


def test_a_quote_of_a_redacted_line() -> None:
    """A quote that has the placeholder of a secret is supported, though its number counts the whole prompt's secrets."""
    from ctxreview.redact import redact

    code = shop(
        'var first = "AKIA'
        + 'QWERTYUIOPASDFGH";\nvar second = "Server=db;User Id=sa;Password='
        + 'Tr0ub4dor&3;";\nreturn 0;'
    )
    shown = redact(code).text.splitlines()
    at = next(n for n, line in enumerate(shown, 1) if "second" in line)
    assert "[REDACTED:" in shown[at - 1]
    text = changed(lambda r: r["checklist"][0].update(evidence=[{"path": PATH, "line": at, "quote": shown[at - 1]}]))
    assert verify(parse(text, ITEMS), context_of(code)).checklist[0].evidence[0].supported


@pytest.mark.parametrize("name", ["unsafe-answer", "read-only-answer"])
def test_the_examples_citations_hold(name: str) -> None:
    """Every line that the example's answers cite stands where they say."""
    about = example()
    read = verify(parse((EXAMPLE / f"answers/{name}.json").read_text("utf-8"), ITEMS), about)
    cited = [e for a in read.checklist for e in a.evidence]
    assert cited
    assert all(e.supported for e in cited)


# --- answers of any size -----------------------------------------------------------------------------------


def _with_edits(count: int, replacement: str = "_total++;") -> str:
    """A reply in the right form with so many edits."""
    edit = {"path": PATH, "start_line": 14, "end_line": 14, "original": "_count++;", "replacement": replacement}
    one = {"title": "t", "rationale": "", "edits": [edit] * count}
    return json.dumps({"summary": "s", "checklist": [], "suggestions": [one]})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (json.dumps({"summary": "x" * 10_000_000, "checklist": [], "suggestions": []}), "at most 1,000,000 are read"),
        ("```\n" + "\n" * 10_000_000, "at most 1,000,000 are read"),
        (_with_edits(MOST_EDITS + 1), "1 suggestions with 501 edits; at most 500"),
        (_with_edits(100_000), "characters; at most"),
    ],
)
def test_an_answer_beyond_all_reason(text: str, says: str) -> None:
    """What no model says is refused in a sentence and at once, and not read for minutes."""
    began = time.process_time()
    with pytest.raises(ReplyError, match=says):
        parse(text, ITEMS)
    with pytest.raises(ReplyError):
        suggestions(text, context_of(shop("_count++;\nreturn 0;")))
    assert time.process_time() - began < 3


def test_as_many_edits_as_are_read() -> None:
    """At the limit an answer is read, and a fence of many line breaks is taken off as any other."""
    assert len(parse(_with_edits(MOST_EDITS), ITEMS).suggestions[0].edits) == MOST_EDITS
    assert unfenced("```json\n" + "\n" * 400_000 + "```") == "\n" * 399_999


HOSTILE_CODE = {
    "dollars": "$" * 100_000,
    "comments that never end": "/*" * 50_000,
    "escapes that never end": '"' + '\\"' * 50_000,
    "apostrophes": "'a" * 50_000,
    "line breaks": "\n" * 19_000,
    "comment lines": "// x\n" * 16_000,
    "declarations that never end": "var a = b\n" * 8_000,
    "elisions": "// ...\n_count++;\n" * 6_000,
    "the same line": "_count++;\n" * 8_000,
    "braces in braces": "{" * 20_000 + "}" * 20_000,
    "parentheses": "f(" * 20_000,
}


@pytest.mark.parametrize("words", HOSTILE_CODE.values(), ids=HOSTILE_CODE)
@pytest.mark.parametrize("form", ["fence", "left out", "edit"])
def test_hostile_code_ends_soon(words: str, form: str) -> None:
    """Code made to keep a reader busy is judged, or left to a person, within seconds."""
    about = context_of(shop("_count++;\nreturn 0;"))
    began = time.process_time()
    if form == "edit":
        given = parse(_with_edits(1, words), ITEMS).suggestions
    else:
        head = "public async Task<int> Ship(int id)\n{\n// ...\n" if form == "left out" else ""
        given = suggestions(f"Here it is.\n\n````cs\n{head}{words}\n````\n", about) if words.strip() else ()
    for one in given:
        assert guard(about, one).verdict in ("needs-human", "conflicts", "no-known-conflict")
    assert time.process_time() - began < 10
