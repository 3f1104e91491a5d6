"""Findings as an editor shows them."""

from __future__ import annotations

from collections.abc import Callable

from lsprotocol.types import (
    CodeDescription,
    Diagnostic,
    DiagnosticRelatedInformation,
    DiagnosticSeverity,
    Location,
    Position,
    Range,
)
from pygls.uris import from_fs_path

from ctxreview.context.visible import one_line
from ctxreview.model.kinds import Severity
from ctxreview.model.review import Finding
from ctxreview.model.source import Lines
from ctxreview.servers.lsp.buffers import Buffer
from ctxreview.servers.lsp.positions import Units, range_of_lines

NAME = "ctxreview"
MOST_LINES = 3
"""Lines of one finding that are marked; of more the first is."""
LEVELS: dict[Severity, DiagnosticSeverity] = {
    "high": DiagnosticSeverity.Error,
    "medium": DiagnosticSeverity.Warning,
    "low": DiagnosticSeverity.Information,
    "note": DiagnosticSeverity.Hint,
}


def diagnostic(finding: Finding, buffer: Buffer, units: Units, explained: Callable[[str], str]) -> Diagnostic:
    """A finding in an open file; ``explained`` gives the address of what a rule says of itself."""
    doubt = "" if finding.certainty == "syntactic" else f" ({finding.certainty})"
    first, last = finding.at.start_line, finding.at.end_line
    return Diagnostic(
        range_of_lines(buffer.text, first, last if last - first < MOST_LINES else first, units),
        f"{one_line(finding.message)}{doubt}\n{one_line(finding.question)}".rstrip(),
        severity=LEVELS[finding.severity],
        code=finding.rule,
        code_description=CodeDescription(explained(finding.rule)),
        source=NAME,
        related_information=[
            DiagnosticRelatedInformation(_location(at, finding, buffer, units), one_line(at.what) or "See here.")
            for at in finding.related
        ],
        data={"severity": finding.severity, "certainty": finding.certainty},
    )


def not_looked_at(sentence: str, buffer: Buffer, units: Units) -> Diagnostic:
    """That a file was not looked at, and why: no finding is not the same as none that was found."""
    return Diagnostic(
        range_of_lines(buffer.text, 1, 1, units),
        f"ctxreview did not look at this file: {one_line(sentence)}",
        severity=DiagnosticSeverity.Information,
        code="not-checked",
        source=NAME,
    )


def _location(at: Lines, finding: Finding, buffer: Buffer, units: Units) -> Location:
    if at.path in ("", finding.at.path):
        return Location(buffer.uri, range_of_lines(buffer.text, at.start_line, at.end_line, units))
    uri = from_fs_path(str(buffer.root / at.path)) or buffer.uri
    return Location(uri, Range(Position(at.start_line - 1, 0), Position(at.end_line - 1, 0)))
