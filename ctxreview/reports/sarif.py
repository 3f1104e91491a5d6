"""Findings as SARIF 2.1.0, in the form that GitHub code scanning takes.

The format: OASIS, https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html.
What GitHub reads of it, and its limits: https://docs.github.com/en/code-security/code-scanning, "SARIF support for code
scanning" and "SARIF results exceed limits". It takes one location of a result, links the related ones only where the
message does, and of the fingerprints reads ``primaryLocationLineHash`` alone; an upload of more than
:data:`MOST_RESULTS` results is refused as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal
from urllib.parse import quote

from ctxreview import __version__
from ctxreview.model.kinds import SEVERITIES, Severity
from ctxreview.model.phrases import place
from ctxreview.model.review import Finding
from ctxreview.model.source import Lines, Source
from ctxreview.rules.catalogue import RuleEntry, entries, markdown, plain

Document = dict[str, Any]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
MOST_RESULTS = 25_000
MOST_RELATED = 100
"""Locations of a result that GitHub shows."""

LONGEST_DESCRIPTION = 1_024
"""Characters of a rule's descriptions that GitHub takes."""

LEVELS: dict[Severity, Literal["error", "warning", "note"]] = {
    "high": "error",
    "medium": "warning",
    "low": "note",
    "note": "note",
}
PROBLEMS: dict[Severity, str] = {
    "high": "error",
    "medium": "warning",
    "low": "recommendation",
    "note": "recommendation",
}
PRECISIONS: dict[Severity, str] = {"high": "high", "medium": "medium", "low": "medium", "note": "medium"}
"""A rule is ``high`` only where its findings were looked at one by one and held; no rule is called ``very-high``."""


Known = tuple[Finding, str]
"""A finding with its fingerprint, see :func:`ctxreview.lint.baseline.fingerprints`."""


def sarif_document(files: Iterable[tuple[Source, Sequence[Known]]], failed: Sequence[str] = ()) -> Document:
    """One run with the findings of each file; ``failed`` says what could not be looked at.

    Of more than :data:`MOST_RESULTS` the worst are kept, and a notification says how many were left out.
    """
    rules = entries()
    index = {rule.id: number for number, rule in enumerate(rules)}
    found = [pair for source, known in files for pair in _results(source, known, index)]
    left = len(found) - MOST_RESULTS
    if left > 0:
        found = sorted(found, key=lambda pair: SEVERITIES.index(pair[0]))[:MOST_RESULTS]
    run: Document = {
        "tool": {
            "driver": {
                "name": "ctxreview",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "columnKind": "utf16CodeUnits",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "results": [result for _, result in found],
    }
    notes = [{"level": "error", "message": {"text": _text(sentence)}} for sentence in failed]
    if left > 0:
        said = f"{left} findings of the lowest severity are not listed: code scanning takes {MOST_RESULTS}."
        notes.append({"level": "warning", "message": {"text": said}})
    if notes:
        run["invocations"] = [{"executionSuccessful": not failed, "toolExecutionNotifications": notes}]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _results(source: Source, known: Sequence[Known], index: dict[str, int]) -> Iterator[tuple[Severity, Document]]:
    for finding, known_by in known:
        related = _related(finding, source)[:MOST_RELATED]
        result: Document = {
            "ruleId": finding.rule,
            "level": LEVELS[finding.severity],
            "message": {"text": _message(finding, related)},
            "locations": [{"physicalLocation": _primary(finding.at, source)}],
            "partialFingerprints": {"primaryLocationLineHash": known_by},
            "properties": {"certainty": finding.certainty, "question": _text(finding.question)},
        }
        if (
            finding.rule in index
        ):  # what lint says of suppressions, or of an edit that no longer parses, is not a rule's
            result["ruleIndex"] = index[finding.rule]
        if related:
            result["relatedLocations"] = related
        yield finding.severity, result


def _rule(rule: RuleEntry) -> Document:
    summary = plain(rule.summary)
    first = " ".join(plain(rule.sections[0][1]).split())
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": summary[:LONGEST_DESCRIPTION]},
        "fullDescription": {"text": f"{summary} {first}"[:LONGEST_DESCRIPTION]},
        "help": {
            "text": "\n\n".join(f"{heading}\n{plain(text)}" for heading, text in rule.sections),
            "markdown": markdown(rule, 2),
        },
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {
            "precision": PRECISIONS[rule.severity],
            "problem.severity": PROBLEMS[rule.severity],
            "tags": ["concurrency", "correctness"],
        },
    }


def _message(finding: Finding, related: Sequence[Document]) -> str:
    """Evidence and question, and a link to each related place: GitHub shows only those that the message links."""
    links = ", ".join(f"[{r['message']['text'].replace('[', '(').replace(']', ')')}]({r['id']})" for r in related)
    said = f"{_text(finding.message)} {_text(finding.question)}".replace("](", "] (")
    return f"{said} See {links}." if links else said


def _related(finding: Finding, source: Source) -> list[Document]:
    """The places a finding refers to; of one that has several lines, such as a scope, where it begins and ends."""
    found: list[Document] = []
    for lines in finding.related:
        what = _text(lines.what)
        ends = [("", lines.start_line)]
        if lines.end_line > lines.start_line:
            ends = [("begin", lines.start_line), ("end", lines.end_line)]
        for end, line in ends:
            of = f"{end} of {what}" if end and what else what or end
            text = f"{place(line, line)}: {of}" if of else place(line, line)
            location = {"artifactLocation": _artifact(lines.path), "region": _region(lines.path, line, source)}
            found.append({"id": len(found) + 1, "physicalLocation": location, "message": {"text": text}})
    return found


def _primary(at: Lines, source: Source) -> Document:
    """The first line, with all lines around it: an alert shows in a pull request only where all of its lines changed."""
    location: Document = {
        "artifactLocation": _artifact(at.path),
        "region": _region(at.path, at.start_line, source),
    }
    if at.end_line > at.start_line:
        location["contextRegion"] = {"startLine": at.start_line, "endLine": at.end_line}
    return location


def _region(path: str, line: int, source: Source) -> Document:
    """One line, from its first to its last character (1-based columns in UTF-16 units, the end one past) where it is known."""
    text = _line(source, line).rstrip() if path == source.path else ""
    region = {"startLine": line, "endLine": line}
    if text:
        region["startColumn"] = _units(text[: len(text) - len(text.lstrip())]) + 1
        region["endColumn"] = _units(text) + 1
    return region


def _line(source: Source, number: int) -> str:
    return source.line(number) if 1 <= number <= source.line_count else ""


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _artifact(path: str) -> Document:
    return {"uri": quote(path, errors="surrogateescape"), "uriBaseId": ROOT}


def _text(text: str) -> str:
    """One line, without secrets, and with what no JSON reader takes written out."""
    from ctxreview.context.visible import one_line

    return re.sub("[\ud800-\udfff]", "\ufffd", one_line(text))
