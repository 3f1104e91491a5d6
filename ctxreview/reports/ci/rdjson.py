"""Findings in reviewdog's diagnostic format, from which it makes comments on many forges.

The form: ``DiagnosticResult`` of https://github.com/reviewdog/reviewdog/blob/master/proto/rdf/reviewdog.proto. A range without columns
is of whole lines, the last one included.
"""

from __future__ import annotations

from ctxreview.context.visible import one_line, visible
from ctxreview.model.kinds import Severity
from ctxreview.model.source import Lines
from ctxreview.reports.ci.rows import Found, Row
from ctxreview.reports.json_text import Document, dumps

LEVELS: dict[Severity, str] = {"high": "ERROR", "medium": "WARNING", "low": "INFO", "note": "INFO"}


def text(found: Found) -> str:
    """One JSON object with a diagnostic for each finding."""
    return dumps({"source": {"name": "ctxreview"}, "diagnostics": [_diagnostic(row) for row in found.rows]}, 2)


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
    return {"path": visible(at.path), "range": ends}
