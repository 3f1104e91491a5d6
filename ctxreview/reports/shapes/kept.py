"""What is kept of reviews."""

from typing import Any, Literal, TypedDict

from ctxreview.model.kinds import GuardVerdict


class Kept(TypedDict):
    """A kept review in short; ``answered_from`` is the one whose answer was used again."""

    id: int
    at: str
    repository: str
    selection: str
    question: str
    provider: str
    model: str
    verdict: GuardVerdict | Literal[""]
    prompt_tokens: int | None
    reply_tokens: int | None
    cost: float | None
    answered_from: int | None


class LogDocument(Kept):
    """What ``log --format json`` prints of a kept review, one a line."""

    schema: Literal["ctxreview.log/1"]


class StoredDocument(Kept):
    """What ``show --format json`` prints: all that was kept of a review, its reply and its ``ctxreview.review/1`` among it.

    ``shown`` is the code that reports show, and what is said of it there; reviews of older versions have none or less of it.
    """

    schema: Literal["ctxreview.stored/1"]
    key: str
    context_digest: str
    system: str
    user: str
    reply: dict[str, Any]
    document: dict[str, Any]
    source_digest: str | None
    shown: dict[str, Any] | None


class StatsDocument(TypedDict):
    """What ``log --stats --format json`` prints of a month and a model, one a line; ``unpriced`` are of unknown cost."""

    schema: Literal["ctxreview.stats/1"]
    month: str
    model: str
    reviews: int
    asked: int
    prompt_tokens: int
    reply_tokens: int
    cost: float | None
    unpriced: int
    conflicts: int
    needs_human: int
    no_known_conflict: int
