"""Findings as GitLab's code quality report, which a merge request shows beside its changes.

The form: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format. Of several with one fingerprint GitLab shows one.
"""

from __future__ import annotations

from ctxreview.model.kinds import Severity
from ctxreview.reports.ci.rows import Found, Row, path_of
from ctxreview.reports.json_text import Document, dumps

LEVELS: dict[Severity, str] = {"high": "critical", "medium": "major", "low": "minor", "note": "info"}


def text(found: Found) -> str:
    """A JSON array with an object for each finding."""
    return dumps_list([_issue(row) for row in found.rows])


def dumps_list(issues: list[Document]) -> str:
    """The array, an object a line."""
    rows = ",\n".join(f"  {dumps(issue)}" for issue in issues)
    return f"[\n{rows}\n]" if rows else "[]"


def _issue(row: Row) -> Document:
    finding, at = row.finding, row.finding.at
    return {
        "description": row.said,
        "check_name": finding.rule,
        "fingerprint": row.mark,
        "severity": LEVELS[finding.severity],
        "location": {"path": path_of(at), "lines": {"begin": at.start_line, "end": at.end_line}},
    }
