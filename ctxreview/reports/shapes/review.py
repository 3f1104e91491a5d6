"""What the guard and the models say."""

from typing import Literal, NotRequired, TypedDict

from ctxreview.model.kinds import Answer, Confidence, GuardVerdict, Severity
from ctxreview.reports.shapes.context import ContextDocument
from ctxreview.reports.shapes.places import Finding, Lines, Place


class ChangedLines(Lines):
    """A run of lines before or after an edit. An ``end_line`` before its ``start_line`` means no line, in front of that."""

    lines: list[str]


class CheckedSuggestion(TypedDict):
    """A suggestion after the guard looked at it; ``reason`` says why it, or a part of it, was not applied.

    Where two versions were compared it is what became of one file: ``path`` is its path after, or before where it is ``gone``,
    and ``path_before`` that before, null where it is new.
    """

    title: str
    applied: bool
    verdict: GuardVerdict
    reason: NotRequired[str]
    question: str
    before: list[ChangedLines]
    after: list[ChangedLines]
    findings: list[Finding]
    path: NotRequired[str]
    path_before: NotRequired[str | None]
    gone: NotRequired[bool]


class ReviewedSuggestion(CheckedSuggestion):
    """A suggestion of a model, with its reason, how sure it says it is, and its diff."""

    rationale: str
    confidence: Confidence | None
    diff: str


class GuardDocument(TypedDict):
    """What ``guard --format json`` prints; ``not_asked`` are the rules about other languages.

    Of an answer it has the ``selection``; where two versions were ``compared`` it has that range or patch, ``failed`` with a sentence
    for each file that was not compared, and ``notes`` on the others.
    """

    schema: Literal["ctxreview.guard/1"]
    selection: NotRequired[Place]
    compared: NotRequired[str]
    failed: NotRequired[list[str]]
    notes: NotRequired[list[str]]
    verdict: GuardVerdict
    suggestions: list[CheckedSuggestion]
    not_asked: NotRequired[list[str]]


class Evidence(TypedDict):
    """A line that the model cites; ``supported`` says whether the quote is there."""

    path: str
    line: int
    quote: str
    supported: bool | None


class ChecklistAnswer(TypedDict):
    """An item of the checklist, answered."""

    id: str
    question: str
    answer: Answer
    evidence: list[Evidence]
    note: str


class Problem(TypedDict):
    """A problem that the model reports without an edit; ``shown`` says whether it was shown that line."""

    path: str
    line: int
    severity: Severity
    why: str
    shown: bool | None


class Ignored(Lines):
    """A hazard of a rule that the repository's settings ignore."""

    rule: str


class Provider(TypedDict):
    """Who answered."""

    name: str
    model: str


class Usage(TypedDict):
    """What the provider says was used; the cost is in US dollars."""

    prompt_tokens: int | None
    reply_tokens: int | None
    cost: float | None


class Visibility(TypedDict):
    """What the model saw and what it did not see, as sentences."""

    seen: list[str]
    not_seen: list[str]


class ReviewDocument(TypedDict):
    """What ``review --format json`` prints for a selection; ``not_redacted`` counts secrets that were sent, by kind."""

    schema: Literal["ctxreview.review/1"]
    id: NotRequired[str]
    tags: NotRequired[list[str]]
    question: str
    context: ContextDocument
    hazards: list[Finding]
    ignored: list[Ignored]
    provider: Provider | None
    summary: str | None
    checklist: list[ChecklistAnswer]
    suggestions: list[ReviewedSuggestion]
    findings: list[Problem]
    usage: Usage | None
    from_store: bool
    not_redacted: NotRequired[dict[str, int]]
    prompt_tokens: int
    visibility: Visibility
    status: Literal["complete", "incomplete"]
    notice: str


class ModelAnswer(TypedDict):
    """One model's answer to an item on which they differ."""

    name: str
    model: str
    answer: Answer
    evidence: list[Evidence]
    note: str


class Difference(TypedDict):
    """An item of the checklist that the models answer differently."""

    id: str
    question: str
    answers: list[ModelAnswer]


class SameAnswer(TypedDict):
    """An item of the checklist that the models answer alike."""

    id: str
    answer: Answer


class OpinionsDocument(TypedDict):
    """What ``review --models A,B --format json`` prints."""

    schema: Literal["ctxreview.opinions/1"]
    id: NotRequired[str]
    tags: NotRequired[list[str]]
    question: str
    differences: list[Difference]
    same: list[SameAnswer]
    reviews: list[ReviewDocument]
    notice: str
