"""Findings in reviewdog's diagnostic format, from which it makes comments on many forges.

The form: ``DiagnosticResult`` of https://github.com/reviewdog/reviewdog/blob/master/proto/rdf/reviewdog.proto. A range without columns
is of whole lines, the last one included.
"""

from __future__ import annotations

from ctxreview.context.visible import one_line
from ctxreview.model.kinds import Severity
from ctxreview.model.source import Lines
from ctxreview.reports.ci.rows import Found, Proposal, Row, path_of
from ctxreview.reports.json_text import Document, dumps

LEVELS: dict[Severity, str] = {"high": "ERROR", "medium": "WARNING", "low": "INFO", "note": "INFO"}
SUGGESTED = "suggested-edit"
"""In the place of a rule, for a suggestion."""


def text(found: Found) -> str:
    """One JSON object with a diagnostic for each finding, and for each suggestion that can be taken over."""
    made = [*map(_diagnostic, found.rows), *map(_proposed, found.proposals)]
    return dumps({"source": {"name": "ctxreview"}, "diagnostics": made}, 2)


def _proposed(proposal: Proposal) -> Document:
    """A suggestion is of the same lines as what it is made for, or no comment can have it."""
    location = _location(proposal.at)
    return {
        "message": proposal.said,
        "location": location,
        "severity": "INFO",
        "code": {"value": SUGGESTED},
        "suggestions": [{"range": location["range"], "text": proposal.text}],
    }


def _diagnostic(row: Row) -> Document:
    finding = row.finding
    made: Document = {
        "message": row.said,
        "location": _location(finding.at),
        "severity": LEVELS[finding.severity],
        "code": {"value": finding.rule},
    }
    if finding.related:
        related = [{"message": one_line(at.what), "location": _location(at)} for at in finding.related]
        made["related_locations"] = related
    return made


def _location(at: Lines) -> Document:
    ends = {"start": {"line": at.start_line}, "end": {"line": max(at.start_line, at.end_line)}}
    return {"path": path_of(at), "range": ends}
