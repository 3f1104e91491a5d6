"""What was submitted to a provider's batch engine."""

from typing import Literal, TypedDict

BatchState = Literal["planned", "sending", "under-way", "ended", "fetched", "not-made"]
"""``sending`` is one of which it is not known yet whether it was made; ``ended`` one whose answers can be fetched."""


class Unanswered(TypedDict):
    """A question without an answer that can be used; ``key`` is its id in the batch, ``fault`` a word for programs."""

    selection: str
    key: str
    fault: str
    error: str


class SubmittedDocument(TypedDict):
    """What ``batch submit``, ``status``, ``fetch`` and ``cancel`` print with ``--format json``, one document a batch and line.

    ``id`` is ctxreview's, ``batch`` the provider's, and ``said`` the provider's word for the state. ``answered`` and ``failed`` are as the
    provider counts, of a batch that was fetched as they are in the store. Costs are US dollars.
    """

    schema: Literal["ctxreview.submitted/1"]
    id: str
    batch: str | None
    provider: str
    host: str
    model: str
    submitted: str | None
    state: BatchState
    said: str | None
    questions: int
    answered: int | None
    failed: int | None
    prompt_tokens: int | None
    expected_cost: float | None
    most_cost: float | None
    cost: float | None
    failures: list[Unanswered]
