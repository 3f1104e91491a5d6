"""Two versions of files on a page: each file that something was found on, both versions side by side."""

from __future__ import annotations

from typing import NamedTuple, cast

from ctxreview.model.kinds import GUARD_VERDICTS
from ctxreview.model.phrases import numbers
from ctxreview.model.review import ComparedFile, Comparison
from ctxreview.reports.comparison import summary
from ctxreview.reports.document import suggestion_document
from ctxreview.reports.page_parts import Edited, Link, edited
from ctxreview.reports.shapes.review import ReviewedSuggestion


class Compared(NamedTuple):
    """A comparison; the ids on it begin with ``prefix``. ``quiet`` are the files on which nothing was found."""

    prefix: str
    verdict: str
    given: str
    said: str
    severities: tuple[str, ...]
    files: tuple[Edited, ...]
    quiet: tuple[str, ...]
    failed: tuple[str, ...]
    notes: tuple[str, ...]


def compared(value: Comparison, prefix: str) -> Compared:
    """What the page says of a comparison, the worst file first."""
    telling = [file for file in value.files if file.result.findings or file.result.reason]
    worst = sorted(telling, key=lambda file: GUARD_VERDICTS.index(file.result.verdict))
    made = (_edited(file, f"{prefix}v{number}") for number, file in enumerate(worst, 1))
    return Compared(
        prefix,
        value.verdict,
        value.given,
        summary(value),
        tuple(finding.severity for finding in value.findings),
        tuple(made),
        tuple(file.after.path for file in value.files if not (file.result.findings or file.result.reason)),
        value.failed,
        value.notes,
    )


def _edited(file: ComparedFile, anchor: str) -> Edited:
    own = file.after.path

    def place(path: str, first: int, last: int) -> Link:  # of which the page shows nothing but the hunks
        return Link(f"{'' if path == own else path}:{numbers(first, last)}", "")

    return edited(cast("ReviewedSuggestion", suggestion_document(file.result)), anchor, own, place)
