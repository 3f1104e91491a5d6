"""Findings as SARIF 2.1.0: valid by the official schema, and in the form that GitHub code scanning takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest

from ctxreview import __version__, rules
from ctxreview.model.review import Finding
from ctxreview.model.source import Lines, Source
from ctxreview.outline import outline
from ctxreview.reports.ci.rows import Found, Note, rows_of
from ctxreview.reports.ci.sarif import MOST_RESULTS, sarif_document
from ctxreview.reports.ci.sarif import SCHEMA as PUBLISHED
from ctxreview.workspace.reading import read_source
from tests import ROOT
from tests.rules.test_cases import CODE
from tests.rules.test_rules import CHECKS, code_in, name, sections
from tests.samples import EXAMPLE, PATH, shop

SCHEMA = json.loads((ROOT / "tests" / "data" / "sarif-schema-2.1.0.json").read_text("utf-8"))


@cache
def validator() -> Any:
    """The official schema, which is in draft 4."""
    jsonschema.Draft4Validator.check_schema(SCHEMA)
    return jsonschema.Draft4Validator(SCHEMA)


def checked(source: Source) -> tuple[Source, tuple[Finding, ...]]:
    """A file with what all rules find in it."""
    return source, rules.check(outline(source))


def document(*files: tuple[Source, Sequence[Finding]], failed: Sequence[str] = ()) -> dict[str, Any]:
    """The document of some files' findings."""
    rows = tuple(row for source, found in files for row in rows_of(source, found))
    return sarif_document(Found(rows, tuple(Note("not-checked", sentence) for sentence in failed)))


def made(*files: tuple[Source, tuple[Finding, ...]]) -> dict[str, Any]:
    """The document as a reader gets it; it is always valid and has no empty text."""
    found: dict[str, Any] = json.loads(json.dumps(document(*files)))
    assert [e.message for e in validator().iter_errors(found)] == []
    assert [where for where, text in texts(found) if not text.strip()] == []
    return found


def texts(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a document with the way to it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(inner, f"{where}/{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from texts(inner, f"{where}/{number}")
    elif isinstance(value, str):
        yield where, value


def results(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The results of the one run."""
    (run,) = found["runs"]
    listed: list[dict[str, Any]] = run["results"]
    return listed


def code(body: str) -> Source:
    """A class around some statements."""
    return Source(PATH, shop(body).encode())


def finding(**given: Any) -> Finding:
    """A finding with a place and a question."""
    plain = Finding("lock-target", "high", "syntactic", "A lock.", "Why?", Lines(PATH, 1, 1))
    return plain._replace(**given)


TRACKED = code(next(case.text for case in CODE if case.loud and case.rule.ID == "no-tracking-write"))


def test_the_schema_is_the_official_one() -> None:
    """The schema that is used here is OASIS's own, and it does refuse what is not SARIF."""
    assert SCHEMA["id"] == PUBLISHED
    assert PUBLISHED.startswith("https://docs.oasis-open.org/sarif/")
    wrong = document(checked(TRACKED))
    wrong["runs"][0]["results"][0]["level"] = "high"
    assert [e.instance for e in validator().iter_errors(wrong)] == ["high"]


@pytest.mark.parametrize("rule", CHECKS, ids=name)
def test_every_rules_findings_are_valid(rule: ModuleType) -> None:
    """What each rule finds in its own example is valid, and points at a rule and at one place with lines and columns."""
    found = made(checked(Source(PATH, code_in(sections(rule)["Example"]).encode())))
    listed = found["runs"][0]["tool"]["driver"]["rules"]
    assert rule.ID in {r["ruleId"] for r in results(found)}
    for result in results(found):
        assert listed[result["ruleIndex"]]["id"] == result["ruleId"]
        (location,) = result["locations"]
        region = location["physicalLocation"]["region"]
        assert region["startLine"] == region["endLine"] >= 1
        assert 1 <= region["startColumn"] < region["endColumn"]


def test_a_run_without_findings() -> None:
    """Where nothing was found the results are an empty list, and the rules are the same as ever."""
    nothing, something = made(), made(checked(TRACKED))
    assert results(nothing) == []
    assert nothing["runs"][0]["tool"] == something["runs"][0]["tool"]


def test_the_tool_and_its_rules() -> None:
    """The driver has name and version; each rule has help in both forms, short texts, a level and how sure it is."""
    driver = made()["runs"][0]["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("ctxreview", __version__)
    assert [r["id"] for r in driver["rules"]] == sorted(rule.ID for rule in rules.RULES)
    for rule in driver["rules"]:
        assert "What it flags" in rule["help"]["text"]
        assert "``" not in rule["help"]["text"]
        assert rule["help"]["markdown"].startswith("## What it flags\n\n")
        assert rule["help"]["markdown"].count("```") % 2 == 0
        assert len(rule["shortDescription"]["text"]) <= len(rule["fullDescription"]["text"]) <= 1024
        assert rule["properties"]["precision"] in ("high", "medium", "low")
        assert rule["properties"]["problem.severity"] in ("error", "warning", "recommendation")
        assert 1 <= len(rule["properties"]["tags"]) <= 10
        assert re.fullmatch(r"[A-Z]\w+", rule["name"])
    levels = {r["id"]: r["defaultConfiguration"]["level"] for r in driver["rules"]}
    assert levels["no-tracking-write"] == "error"
    assert levels["cached-read"] == "warning"
    assert levels["missing-intent"] == "note"


@pytest.mark.parametrize(
    ("severity", "level"), [("high", "error"), ("medium", "warning"), ("low", "note"), ("note", "note")]
)
def test_severities_become_levels(severity: str, level: str) -> None:
    """A result has the level of its own severity, whatever its rule's is."""
    (result,) = results(made((TRACKED, (finding(severity=severity),))))
    assert result["level"] == level


def test_a_result_is_evidence_and_a_question_with_its_places() -> None:
    """The message says what was seen, asks, and links the write, the save, and where the scope begins and ends."""
    source, found = checked(TRACKED)
    (about,) = [f for f in found if f.rule == "no-tracking-write"]
    (result,) = [r for r in results(made((source, found))) if r["ruleId"] == "no-tracking-write"]
    text = result["message"]["text"]
    assert text.startswith(f"{about.message} {about.question} See [line ")
    places = {r["id"]: r["physicalLocation"]["region"]["startLine"] for r in result["relatedLocations"]}
    assert [int(n) for n in re.findall(r"\]\((\d+)\)", text)] == list(places)
    lines = [n for r in about.related for n in dict.fromkeys((r.start_line, r.end_line))]
    assert list(places.values()) == lines
    labels = [r["message"]["text"] for r in result["relatedLocations"]]
    (scope,) = [r for r in about.related if r.end_line > r.start_line]
    assert f"line {scope.start_line}: begin of {scope.what}" in labels
    assert f"line {scope.end_line}: end of {scope.what}" in labels


def test_a_finding_of_many_lines_is_shown_on_its_first() -> None:
    """The region is one line, since an alert shows in a pull request only where all its lines changed; the rest is around."""
    source, found = checked(code("lock (_gate)\n{\n    _count++;\n}"))
    (result,) = [r for r in results(made((source, found))) if r["ruleId"] == "missing-intent"]
    at = result["locations"][0]["physicalLocation"]
    first = next(n for n, line in enumerate(source.data.decode().split("\n"), 1) if "lock (_gate)" in line)
    assert at["region"] == {"startLine": first, "endLine": first, "startColumn": 9, "endColumn": 21}
    assert at["contextRegion"] == {"startLine": first, "endLine": first + 3}


def test_columns_count_utf16_units() -> None:
    """A character outside the basic plane counts as two columns, as the run says."""
    found = made((Source(PATH, "  /* 𝄞é */ lock (this) { }\n".encode()), (finding(),)))
    assert found["runs"][0]["columnKind"] == "utf16CodeUnits"
    region = results(found)[0]["locations"][0]["physicalLocation"]["region"]
    assert (region["startColumn"], region["endColumn"]) == (3, 28)


def test_a_place_in_another_file_or_past_the_end_has_no_columns() -> None:
    """Of what was not read, or has gone, only the line is told."""
    related = (Lines("src/Other.cs", 3, 3, "the caller"), Lines(PATH, 99, 99))
    (result,) = results(made((Source(PATH, b"class C { }\n"), (finding(related=related),))))
    regions = [r["physicalLocation"]["region"] for r in result["relatedLocations"]]
    assert regions == [{"startLine": 3, "endLine": 3}, {"startLine": 99, "endLine": 99}]
    assert [r["message"]["text"] for r in result["relatedLocations"]] == ["line 3: the caller", "line 99"]


@pytest.mark.parametrize(
    "path", ["src/Orders.cs", "src/With space/Ünï#1.cs", "src/100%/a?b.cs", "c:odd.cs", "src/[x]/(y).cs"]
)
def test_paths_are_relative_uris(path: str) -> None:
    """A path is percent-encoded, has no scheme, query or fragment, and comes back when it is decoded."""
    found = made((Source(path, b"class C { }\n"), (finding(at=Lines(path, 1, 1)),)))
    where = results(found)[0]["locations"][0]["physicalLocation"]["artifactLocation"]
    parts = urlsplit(where["uri"])
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    assert where["uri"].isascii()
    assert unquote(where["uri"]) == path
    assert where["uriBaseId"] in found["runs"][0]["originalUriBaseIds"]


def known_by(source: Source) -> list[tuple[str, str]]:
    """Rule and fingerprint of each result of a file."""
    return [(r["ruleId"], r["partialFingerprints"]["primaryLocationLineHash"]) for r in results(made(checked(source)))]


def test_fingerprints_stay_when_lines_move() -> None:
    """Lines inserted above, another indentation and other line ends leave every fingerprint as it was."""
    text = TRACKED.data.decode()
    before = known_by(TRACKED)
    assert len(before) > 1
    assert len(set(before)) == len(before)
    assert known_by(Source(PATH, f"// new\n\n{text}".encode())) == before
    assert known_by(Source(PATH, text.replace("    ", "\t").replace("\n", "\r\n").encode())) == before


def test_fingerprints_tell_what_is_not_the_same() -> None:
    """Two findings on lines that look alike, another line, another path and another rule are distinguished."""
    twice = code("lock (this)\n{\n    _count++;\n}\nlock (this)\n{\n    _total++;\n}")
    found = [mark for rule, mark in known_by(twice) if rule == "lock-target"]
    assert len(found) == len(set(found)) == 2
    assert [mark.split(":")[1] for mark in found] == ["1", "2"]
    once = code("lock (this)\n{\n    _count++;\n}")
    other = Source("src/Other.cs", once.data)
    assert not {mark for _, mark in known_by(once)} & {mark for _, mark in known_by(other)}
    assert len({mark for _, mark in known_by(once)}) == len(known_by(once))


def test_no_secret_leaves_through_a_message() -> None:
    """A key that a message or a label quotes is replaced, and control characters are written out."""
    key = "sk-ant-api03-" + "Ab3dE6gH9jK2" * 8
    about = finding(message=f"It locks `{key}`\x1b[31m.", related=(Lines(PATH, 1, 1, f"the {key}"),))
    text = json.dumps(document((Source(PATH, b"class C { }\n"), (about,)), failed=[f"{PATH}: {key}"]))
    assert key not in text
    assert "REDACTED" in text
    assert "\\u001b" not in text


def test_code_in_a_message_makes_no_link() -> None:
    """An index and a call that a message quotes do not become a link to a place that does not exist."""
    about = finding(message="It calls `_steps[0](1)`.", related=(Lines(PATH, 1, 1, "of [x](y)"),))
    (result,) = results(made((Source(PATH, b"class C { }\n"), (about,))))
    assert re.findall(r"\[[^\[\]]*\]\([^()]*\)", result["message"]["text"]) == ["[line 1: of (x)(y)](1)"]


def test_what_is_no_rules_has_no_index() -> None:
    """A finding of lint or guard itself, such as one about a suppression, is listed without a rule to point at."""
    (result,) = results(made((TRACKED, (finding(rule="suppression"),))))
    assert result["ruleId"] == "suppression"
    assert "ruleIndex" not in result


def test_more_than_code_scanning_takes() -> None:
    """Of too many findings the worst are kept, and a notification says how many are not listed."""
    many = (*[finding(severity="note")] * MOST_RESULTS, finding(severity="high"), finding(severity="medium"))
    run = document((Source(PATH, b"class C { }\n"), many))["runs"][0]
    assert [r["level"] for r in run["results"][:3]] == ["error", "warning", "note"]
    assert len(run["results"]) == MOST_RESULTS
    (said,) = run["invocations"][0]["toolExecutionNotifications"]
    assert said["message"]["text"].startswith("2 findings of the lowest severity are not listed")


def test_the_example_project() -> None:
    """The findings of a real project's files make one valid run, each in its file."""
    files = [checked(read_source(path, EXAMPLE)) for path in sorted(EXAMPLE.rglob("*.cs"))]
    found = made(*files)
    assert [unquote(r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]) for r in results(found)] == [
        f.at.path for _, findings in files for f in findings
    ]
    assert results(found)
    assert str(ROOT) not in json.dumps(found)
