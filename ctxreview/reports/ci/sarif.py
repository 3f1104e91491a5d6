"""Findings as SARIF 2.1.0, in the form that GitHub code scanning takes.

The format: OASIS, https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html.
What GitHub reads of it, and its limits: https://docs.github.com/en/code-security/code-scanning, "SARIF support for code
scanning" and "SARIF results exceed limits". It takes one location of a result, links the related ones only where the
message does, and of the fingerprints reads ``primaryLocationLineHash`` alone; an upload of more than
:data:`MOST_RESULTS` results is refused as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import quote

from ctxreview import __version__
from ctxreview.model.kinds import SEVERITIES, Severity
from ctxreview.model.phrases import place
from ctxreview.model.review import Finding
from ctxreview.model.source import Lines
from ctxreview.reports.ci.rows import Found, NoteKind, Row
from ctxreview.reports.json_text import dumps
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


MOST_NOTES = 1_000
"""Notifications of a run; the others are counted."""

NOTES: dict[NoteKind | Literal["not-listed"], tuple[Literal["error", "warning", "note"], str]] = {
    "not-checked": ("error", "Something could not be looked at: the results are incomplete."),
    "not-seen": ("warning", "Something was not seen that may bear on the results."),
    "said": ("note", "What was compared or asked."),
    "not-listed": ("warning", "There are more results or notifications than are listed."),
}
"""The kinds of notifications. The levels are those of section 3.58.6: an ``error`` makes the results incomplete, with a ``warning``
the analysis might be so while the results are probably valid, and a ``note`` asks for nothing. With an ``error`` the run has failed
(3.20.21)."""


def text(found: Found) -> str:
    """The document of what was found, indented for people."""
    return dumps(sarif_document(found), 2)


def sarif_document(found: Found) -> Document:
    """One run. Of more than :data:`MOST_RESULTS` findings the worst are kept, and a notification says how many were left out."""
    rules = entries()
    index = {rule.id: number for number, rule in enumerate(rules)}
    rows: Sequence[Row] = found.rows
    notes = [_note(note.kind, _text(note.text), note.at) for note in found.notes[:MOST_NOTES]]
    if (left := len(rows) - MOST_RESULTS) > 0:
        rows = sorted(rows, key=lambda row: SEVERITIES.index(row.finding.severity))[:MOST_RESULTS]
        said = f"{left} findings of the lowest severity are not listed: code scanning takes {MOST_RESULTS}."
        notes.append(_note("not-listed", said))
    if (more := len(found.notes) - MOST_NOTES) > 0:
        notes.append(_note("not-listed", f"{more} more notifications are not listed."))
    run: Document = {
        "tool": {
            "driver": {
                "name": "ctxreview",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(rule) for rule in rules],
                "notifications": [
                    {"id": kind, "shortDescription": {"text": told}, "defaultConfiguration": {"level": level}}
                    for kind, (level, told) in NOTES.items()
                ],
            }
        },
        "columnKind": "utf16CodeUnits",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "results": [_result(row, index) for row in rows],
    }
    if notes:
        failed = any(note.kind == "not-checked" for note in found.notes)
        run["invocations"] = [{"executionSuccessful": not failed, "toolExecutionNotifications": notes}]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _note(kind: NoteKind | Literal["not-listed"], said: str, at: Lines | None = None) -> Document:
    made: Document = {
        "descriptor": {"id": kind, "index": list(NOTES).index(kind)},
        "level": NOTES[kind][0],
        "message": {"text": said},
    }
    if at is not None:
        region = {"startLine": at.start_line, "endLine": at.end_line}
        made["locations"] = [{"physicalLocation": {"artifactLocation": _artifact(at.path), "region": region}}]
    return made


def _result(row: Row, index: dict[str, int]) -> Document:
    finding = row.finding
    related = _related(row)[:MOST_RELATED]
    result: Document = {
        "ruleId": finding.rule,
        "level": LEVELS[finding.severity],
        "message": {"text": _message(finding, related)},
        "locations": [{"physicalLocation": _primary(row)}],
        "partialFingerprints": {"primaryLocationLineHash": row.mark},
        "properties": {"certainty": finding.certainty, "question": _text(finding.question)},
    }
    if finding.rule in index:  # what lint says of suppressions, or of an edit that no longer parses, is not a rule's
        result["ruleIndex"] = index[finding.rule]
    if related:
        result["relatedLocations"] = related
    return result


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


def _related(row: Row) -> list[Document]:
    """The places a finding refers to; of one that has several lines, such as a scope, where it begins and ends."""
    found: list[Document] = []
    for lines in row.finding.related:
        what = _text(lines.what)
        ends = [("", lines.start_line)]
        if lines.end_line > lines.start_line:
            ends = [("begin", lines.start_line), ("end", lines.end_line)]
        for end, line in ends:
            of = f"{end} of {what}" if end and what else what or end
            text = f"{place(line, line)}: {of}" if of else place(line, line)
            location = {"artifactLocation": _artifact(lines.path), "region": _region(lines.path, line, row)}
            found.append({"id": len(found) + 1, "physicalLocation": location, "message": {"text": text}})
    return found


def _primary(row: Row) -> Document:
    """The first line, with all lines around it: an alert shows in a pull request only where all of its lines changed."""
    at = row.finding.at
    location: Document = {
        "artifactLocation": _artifact(at.path),
        "region": _region(at.path, at.start_line, row),
    }
    if at.end_line > at.start_line:
        location["contextRegion"] = {"startLine": at.start_line, "endLine": at.end_line}
    return location


def _region(path: str, line: int, row: Row) -> Document:
    """One line, from its first to its last character (1-based columns in UTF-16 units, the end one past) where it is known."""
    text = row.lines.get(line, "").rstrip() if path == row.finding.at.path else ""
    region = {"startLine": line, "endLine": line}
    if text:
        region["startColumn"] = _units(text[: len(text) - len(text.lstrip())]) + 1
        region["endColumn"] = _units(text) + 1
    return region


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _artifact(path: str) -> Document:
    return {"uri": quote(path, errors="surrogateescape"), "uriBaseId": ROOT}


def _text(text: str) -> str:
    """One line, without secrets, and with what no JSON reader takes written out."""
    from ctxreview.context.visible import one_line

    return re.sub("[\ud800-\udfff]", "\ufffd", one_line(text))
