"""Places in files, and findings, which many documents have."""

from typing import TypedDict

from ctxreview.model.kinds import Certainty, Severity


class Lines(TypedDict):
    """Lines of a file that the text around it names."""

    start_line: int
    end_line: int


class Place(TypedDict):
    """Lines of a file."""

    path: str
    start_line: int
    end_line: int


class RelatedPlace(Place):
    """Another place that belongs to a finding, and what it is."""

    what: str


class Finding(TypedDict):
    """Evidence and a question."""

    rule: str
    severity: Severity
    certainty: Certainty
    message: str
    question: str
    path: str
    start_line: int
    end_line: int
    related: list[RelatedPlace]
