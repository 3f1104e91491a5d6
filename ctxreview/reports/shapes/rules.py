"""The rules and what they find."""

from typing import Literal, NotRequired, TypedDict

from ctxreview.model.kinds import Severity
from ctxreview.reports.shapes.places import Finding, Place


class LintedSelection(TypedDict):
    """A selection as it was given, and where it is: null for whole files and folders, and where it could not be resolved, which ``error`` says.

    ``findings`` are the places (from 0) of those that touch it in the document's ``findings``.
    """

    selection: str
    id: NotRequired[str]
    tags: NotRequired[list[str]]
    at: Place | None
    error: str | None
    findings: list[int]


class LintDocument(TypedDict):
    """What ``lint --format json`` prints: ``baseline`` counts findings known before, ``not_asked`` are rules by language.

    ``selections`` are there where not only files and folders were given.
    """

    schema: Literal["ctxreview.lint/1"]
    findings: list[Finding]
    files: int
    suppressed: int
    baseline: int
    failed: list[str]
    not_asked: NotRequired[dict[str, list[str]]]
    selections: NotRequired[list[LintedSelection]]


class BaselineEntry(TypedDict):
    """A known finding."""

    rule: str
    path: str
    fingerprint: str


class BaselineDocument(TypedDict):
    """The file that ``lint --write-baseline`` writes."""

    schema: Literal["ctxreview.baseline/1"]
    findings: list[BaselineEntry]


class Rule(TypedDict):
    """A rule: whether it looks at code as it is (``check``) and at edits (``compare``)."""

    id: str
    severity: Severity
    summary: str
    check: bool
    compare: bool


class RulesDocument(TypedDict):
    """What ``lint --list --format json`` prints."""

    schema: Literal["ctxreview.rules/1"]
    rules: list[Rule]
