"""The findings of many files, as text and as ``ctxreview.lint/1``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ctxreview.context.visible import one_line
from ctxreview.model.kinds import SEVERITIES
from ctxreview.model.phrases import place
from ctxreview.model.review import Finding
from ctxreview.model.source import Lines
from ctxreview.reports.batch import Marks
from ctxreview.reports.document import finding_document
from ctxreview.reports.json_text import Document, clean
from ctxreview.reports.paint import SEVERITY_COLOURS, Paint
from ctxreview.workspace.changed_lines import Ranges, touches


class Selected(NamedTuple):
    """A selection that was linted: as it was given, what the caller knows it by, and the lines that are it in each file.

    ``at`` is its place where it is in one file and not all of that; ``error`` says why it could not be resolved.
    """

    given: str
    marks: Marks
    places: Mapping[str, Ranges]
    at: Lines | None = None
    error: str = ""


def findings_text(found: Sequence[Finding], files: int, colour: bool = False) -> str:
    """One finding after the other as compilers print them, each with its question, and their number in the end."""
    paint = Paint(colour)
    return "\n".join([*(line for finding in found for line in _told(finding, paint)), findings_summary(found, files)])


def _told(finding: Finding, paint: Paint) -> Iterator[str]:
    at = finding.at
    severity = paint(finding.severity, SEVERITY_COLOURS[finding.severity])
    where = paint(f"{one_line(at.path)}:{at.start_line}", "bold")
    doubt = "" if finding.certainty == "syntactic" else f" ({finding.certainty})"
    yield f"{where}: {severity} {finding.rule}: {one_line(finding.message)}{doubt}"
    yield f"    Question: {one_line(finding.question)}"
    for other in finding.related:
        where = place(other.start_line, other.end_line)
        there = "" if other.path == at.path else f" of {one_line(other.path)}"
        yield f"    See {where}{there}{': ' + one_line(other.what) if other.what else ''}."


def findings_summary(found: Sequence[Finding], files: int) -> str:
    """How many findings of which severity there are, in how many of the files."""
    looked = "1 file was" if files == 1 else f"{files:,} files were"
    if not found:
        return f"{looked} checked. The rules found nothing, which does not prove that there is nothing."
    counts = Counter(finding.severity for finding in found)
    each = ", ".join(f"{counts[s]:,} {s}" for s in SEVERITIES if counts[s])
    holding = len({finding.at.path for finding in found})
    return f"{len(found):,} finding{'s' if len(found) > 1 else ''} ({each}) in {holding:,} of {files:,} file{'s' if files != 1 else ''}."


def lint_document(
    found: Sequence[Finding],
    files: int,
    suppressed: int,
    known: int,
    failed: Sequence[str],
    not_asked: Mapping[str, Sequence[str]],
    selected: Sequence[Selected] = (),
) -> Document:
    """The findings as ``ctxreview.lint/1``.

    ``files`` were looked at; ``suppressed`` counts findings that comments silence, ``baseline`` those known before, and
    ``failed`` says what could not be looked at. ``not_asked`` are, by language, rules about other ones, told where there are some.
    ``selected`` is what was linted where that were not files and folders alone.
    """
    made: Document = clean(
        {
            "findings": [finding_document(f) for f in found],
            "files": files,
            "suppressed": suppressed,
            "baseline": known,
            "failed": list(failed),
        }
    )
    told: Document = (
        {"not_asked": {language: list(rules) for language, rules in not_asked.items()}} if not_asked else {}
    )
    if selected:
        told["selections"] = [_selected(one, found) for one in selected]
    return {"schema": "ctxreview.lint/1", **made, **told}


def _selected(one: Selected, found: Sequence[Finding]) -> Document:
    """A selection with the numbers of its findings in the document."""
    at = one.at
    own = (n for n, f in enumerate(found) if (lines := one.places.get(f.at.path)) and touches(f, lines))
    marks: Document = {} if one.marks.id is None else {"id": one.marks.id}
    marks |= {"tags": list(one.marks.tags)} if one.marks.tags else {}
    place = None if at is None else {"path": at.path, "start_line": at.start_line, "end_line": at.end_line}
    made: Document = clean({"selection": str(one.given), **marks, "at": place, "error": one.error or None})
    return {**made, "findings": list(own)}
