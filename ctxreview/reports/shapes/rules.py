"""The rules and what they find."""

from typing import Literal, NotRequired, TypedDict

from ctxreview.model.kinds import Severity
from ctxreview.reports.shapes.places import Finding


class LintDocument(TypedDict):
    """What ``lint --format json`` prints: ``baseline`` counts findings known before, ``not_asked`` are rules by language."""

    schema: Literal["ctxreview.lint/1"]
    findings: list[Finding]
    files: int
    suppressed: int
    baseline: int
    failed: list[str]
    not_asked: NotRequired[dict[str, list[str]]]


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
