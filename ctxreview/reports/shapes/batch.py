"""What became of several selections, in short."""

from typing import Literal, NotRequired, TypedDict

from ctxreview.model.kinds import GuardVerdict, Severity, Verdict
from ctxreview.reports.shapes.places import Place
from ctxreview.reports.shapes.review import GuardDocument, Provider, Usage

ItemStatus = Literal["complete", "incomplete", "failed", "not-asked"]
"""``not-asked`` is one of which nobody was asked, since a limit or an error had ended the run."""


class FoundAt(Place):
    """What a rule or the guard found, in short."""

    rule: str
    severity: Severity


class ModelReview(TypedDict):
    """What one model's answer came to, or the source alone where nobody was asked.

    ``verdict`` is the worst of its suggestions, null where there is none; ``findings`` are the guard's on them, with lines after the edit;
    ``problems`` counts what the model reports without an edit.
    """

    provider: Provider | None
    verdict: GuardVerdict | None
    suggestions: int
    findings: list[FoundAt]
    problems: int
    usage: Usage | None
    from_store: bool


class BatchItem(TypedDict):
    """A selection as it was given and where that is, null where it could not be resolved; ``verdict`` says whether a scope holds it.

    ``hazards`` are what the rules found; ``reviews`` has one for each model; ``not_seen`` counts what was not seen of its context.
    """

    selection: str
    id: NotRequired[str]
    tags: NotRequired[list[str]]
    status: ItemStatus
    at: Place | None
    verdict: Verdict | None
    hazards: list[FoundAt]
    reviews: list[ModelReview]
    not_seen: int
    error: str | None


class BatchCounts(TypedDict):
    """Selections: each is ``complete``, ``incomplete``, ``failed`` or ``not_asked``. Of the first two some are ``from_store``."""

    selections: int
    complete: int
    incomplete: int
    failed: int
    not_asked: int
    from_store: int


class BatchUsage(TypedDict):
    """Sums of all models' answers, also of those that an earlier run paid for, in US dollars; ``unpriced`` are of unknown cost."""

    answers: int
    prompt_tokens: int
    reply_tokens: int
    cost: float
    unpriced: int


class Spent(TypedDict):
    """What this run asked, failures among it: tokens of prompts and replies, US dollars."""

    tokens: int
    cost: float


class BatchDocument(TypedDict):
    """What ``batch --format summary`` prints, and ``review --format summary``: one document of all selections.

    ``complete`` says that nothing is missing. ``verdicts``, ``severities`` and ``rules`` count reviews by their verdict, and hazards and findings
    by severity and rule. ``compared`` is what the guard says of the range or diff that the selections are of.
    """

    schema: Literal["ctxreview.batch/1"]
    complete: bool
    counts: BatchCounts
    verdicts: dict[str, int]
    severities: dict[str, int]
    rules: dict[str, int]
    usage: BatchUsage
    spent: Spent | None
    compared: NotRequired[GuardDocument]
    notice: str
    items: list[BatchItem]
