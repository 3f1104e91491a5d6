"""Batches that are submitted to a provider's engine, as JSON and as a line of text each."""

from __future__ import annotations

from typing import NamedTuple

from ctxreview.context.visible import visible
from ctxreview.llm.batches import Submitted
from ctxreview.model.phrases import amount
from ctxreview.reports.json_text import Document
from ctxreview.reports.shapes.submitted import BatchState

STATES: dict[str, BatchState] = {"sending": "sending", "open": "under-way", "ended": "fetched", "none": "not-made"}
"""The state in the store to the one that is told."""


class Told(NamedTuple):
    """A batch as it is told: the row of the store, and what is known besides.

    ``failures`` are selection, key, fault and sentence of each question without an answer. ``tokens`` are those of the prompts; costs are US
    dollars: ``expected``, at ``most``, and ``paid`` in the end.
    """

    row: Submitted
    state: BatchState
    said: str = ""
    answered: int | None = None
    failed: int | None = None
    tokens: int | None = None
    expected: float | None = None
    most: float | None = None
    paid: float | None = None
    failures: tuple[tuple[str, str, str, str], ...] = ()


def told_document(told: Told) -> Document:
    """A batch as ``ctxreview.submitted/1``."""
    row = told.row
    return {
        "schema": "ctxreview.submitted/1",
        "id": row.id,
        "batch": row.batch or None,
        "provider": row.provider,
        "host": row.host,
        "model": row.model,
        "submitted": None if told.state == "planned" else row.at,
        "state": told.state,
        "said": told.said or None,
        "questions": row.size,
        "answered": told.answered,
        "failed": told.failed,
        "prompt_tokens": told.tokens,
        "expected_cost": told.expected,
        "most_cost": told.most,
        "cost": told.paid,
        "failures": [
            dict(zip(("selection", "key", "fault", "error"), failure, strict=True)) for failure in told.failures
        ],
    }


def told_text(told: Told) -> str:
    """A batch in a line."""
    row = told.row
    whom = f"{row.provider} ({row.model}) at {row.host}"
    questions = amount(row.size, "question")
    sent = f"{questions} to {whom}, {told.tokens or 0:,} tokens, {_planned(told)}"
    since = f"since {row.at[:16].replace('T', ' ')} UTC"
    match told.state:
        case "planned":
            made = f"A batch of {sent}"
        case "sending":
            until = row.until[:16].replace("T", " ")
            made = f"{row.named}: {questions} to {whom} {since}; it is not known yet whether it was made, but after {until} UTC"
        case "not-made":
            made = f"{row.named}: {questions} to {whom} are in no batch, and asked again by the next submit"
        case "under-way" if told.tokens is not None:
            made = f"{row.named}: {sent}"
        case "under-way" | "ended":
            word = "can be fetched" if told.state == "ended" else "under way"
            made = f"{row.named}: {questions} to {whom} {since}; {word} ({told.said}), {_counts(told)}"
        case "fetched":
            paid = "" if told.paid is None else f"; ${told.paid:.4f}"
            made = f"{row.named}: {questions} to {whom}; fetched, {_counts(told)}{paid}"
    return visible(f"{made}.")


def _planned(told: Told) -> str:
    if told.expected is None or told.most is None:
        return "at an unknown price"
    return f"about ${told.expected:.4f}, at most ${told.most:.4f}, at the half price of batches"


def _counts(told: Told) -> str:
    failed = f", {told.failed:,} without an answer" if told.failed else ""
    return f"{told.answered or 0:,} answered{failed}"
