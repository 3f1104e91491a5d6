"""Kept reviews: as a list, one whole, and summed up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ctxreview.context.visible import one_line, visible
from ctxreview.errors import ConfigError, StoreError
from ctxreview.llm.store import MonthlyTotal, Stored, damaged_review
from ctxreview.model.phrases import amount
from ctxreview.reports.json_text import dumps
from ctxreview.reports.paint import VERDICT_COLOURS, Paint
from ctxreview.reports.words import cost_text, counts_by_kind, number_or_unknown, whose

if TYPE_CHECKING:
    from ctxreview.reports.shown import Reviewed

PLAIN = Paint(colour=False)


class Finding(msgspec.Struct, frozen=True):
    """A finding of a kept review."""

    severity: str
    rule: str
    certainty: str
    message: str
    question: str
    start_line: int
    end_line: int


class EditedLines(msgspec.Struct, frozen=True):
    """A run of lines before or after an edit."""

    start_line: int
    lines: tuple[str, ...]


class Suggestion(msgspec.Struct, frozen=True):
    """A suggestion of a kept review, as the guard found it."""

    title: str
    verdict: str
    findings: tuple[Finding, ...]
    diff: str = ""
    reason: str = ""
    before: tuple[EditedLines, ...] = ()
    after: tuple[EditedLines, ...] = ()


class Problem(msgspec.Struct, frozen=True):
    """A problem that the model reported without an edit."""

    path: str
    line: int
    severity: str
    why: str


class Answer(msgspec.Struct, frozen=True):
    """An answered item of the checklist."""

    question: str
    answer: str
    note: str


class Visibility(msgspec.Struct, frozen=True):
    """What the model saw and what it did not see, a sentence each."""

    seen: tuple[str, ...]
    not_seen: tuple[str, ...]


class Kept(msgspec.Struct, frozen=True):
    """What is shown and passed on of a kept review: the part of ``ctxreview.review/1`` that is read again, or of ``ctxreview.guard/1``."""

    suggestions: tuple[Suggestion, ...]
    checklist: tuple[Answer, ...] = ()
    visibility: Visibility | None = None
    hazards: tuple[Finding, ...] = ()
    findings: tuple[Problem, ...] = ()
    not_redacted: dict[str, int] | None = None


def stored_document(row: Stored) -> Kept:
    """The result of a kept review.

    Raises :class:`StoreError` where it has another shape, or where it, the reply or what is shown beside it is not JSON.
    """
    try:
        json.loads(row.reply)
        if row.shown is not None:
            json.loads(row.shown)
        return msgspec.convert(json.loads(row.document), Kept)
    except (ValueError, RecursionError):  # msgspec's own errors are ValueErrors
        raise damaged_review(row.id) from None


def is_sound(row: Stored) -> bool:
    """Whether a kept review can be shown."""
    try:
        stored_document(row)
    except StoreError:
        return False
    return True


def reviews_list(rows: Sequence[Stored], paint: Paint = PLAIN) -> str:
    """One line a review: number, time, place, model, the guard's worst verdict, and the question."""
    return "\n".join(
        f"{row.id:>5}  {row.at[:16].replace('T', ' ')}  {one_line(row.selection)}  {one_line(row.model)}  "
        f"{paint(row.verdict or 'no suggestion', VERDICT_COLOURS.get(row.verdict, ''))}{_origin(row)}  {one_line(row.question)}"
        for row in rows
    )


def _origin(row: Stored) -> str:
    return "" if row.answered_from is None else f" (answer of {row.answered_from})"


def review_record(row: Stored) -> dict[str, Any]:
    """A kept review as ``ctxreview.stored/1``: the columns, with reply and review as JSON values.

    Raises :class:`StoreError` as :func:`kept` does.
    """
    stored_document(row)
    values = row._asdict()
    values["reply"] = json.loads(values["reply"])
    values["shown"] = None if row.shown is None else json.loads(row.shown)
    return {"schema": "ctxreview.stored/1", **values, "document": json.loads(values["document"])}


class OlderReviewError(ConfigError):
    """An older version kept too little of a review to print it again."""


def stored_review(row: Stored) -> Reviewed:
    """A kept review with what is shown beside it: text, Markdown and page are made of it as they were when it was new.

    Raises :class:`StoreError` where what is kept has another shape, and :class:`OlderReviewError` where an older version kept less.
    """
    from ctxreview.reports.shapes.review import ReviewDocument
    from ctxreview.reports.shown import Reviewed, Shown

    try:
        beside = None if row.shown is None else json.loads(row.shown)
        if beside is None or (isinstance(beside, dict) and beside and beside.keys() < Shown.__required_keys__):
            raise OlderReviewError(
                f"Review {row.id} was stored by an older ctxreview, which kept less of the code: --sent and --format json print what there is."
            )
        document = msgspec.convert(json.loads(row.document), ReviewDocument)
        made = Reviewed([document], msgspec.convert(beside, Shown), row.at)
    except (ValueError, RecursionError):  # msgspec's own errors are ValueErrors
        raise damaged_review(row.id) from None
    if not made.shown["files"]:
        raise damaged_review(row.id)
    return made


def review_summary(row: Stored) -> dict[str, Any]:
    """What the list says of a review, as ``ctxreview.log/1``."""
    names = (
        "id", "at", "repository", "selection", "question", "provider", "model", "verdict", "prompt_tokens",
        "reply_tokens", "cost", "answered_from",
    )  # fmt: skip
    return {"schema": "ctxreview.log/1", **{name: getattr(row, name) for name in names}}


def sent_text(row: Stored, paint: Paint = PLAIN) -> str:
    """What was sent to the model, and its reply. Raises :class:`StoreError` as :func:`stored_document` does."""
    found = stored_document(row)
    return "\n".join([*_head(row, found), "", *_texts(row, paint)])


def _head(row: Stored, found: Kept) -> Iterator[str]:
    yield f"Review {row.id}, {row.at}: {one_line(row.selection)} in {one_line(row.repository)}"
    yield f"  question: {one_line(row.question)}"
    yield f"  model: {one_line(whose(row.model, row.provider))}{_origin(row)}"
    yield f"  tokens: {number_or_unknown(row.prompt_tokens)} sent, {number_or_unknown(row.reply_tokens)} received; {cost_text(row.cost)}"
    yield f"  context: {one_line(row.context_digest)}"
    if found.not_redacted is not None:
        yield f"  secrets sent unredacted, with --no-redact, and not stored: {counts_by_kind(found.not_redacted)}"


def _texts(row: Stored, paint: Paint) -> Iterator[str]:
    yield paint("===== system =====", "bold")
    yield visible(row.system)
    yield paint("===== user =====", "bold")
    yield visible(row.user)
    yield paint("===== reply =====", "bold")
    yield dumps(json.loads(row.reply), 2)


def totals_text(sums: Sequence[MonthlyTotal], paint: Paint = PLAIN) -> str:
    """A line for each month and model."""
    return "\n".join(f"{paint(s.month, 'bold')}  {_sum(s)}" for s in sums)


def _sum(value: MonthlyTotal) -> str:
    cost = cost_text(value.cost)
    if value.cost is not None and value.unpriced:
        cost += f" and {value.unpriced} of unknown cost"
    return (
        f"{one_line(value.model)}: {amount(value.reviews, 'review')}, {value.asked} asked; "
        f"{value.prompt_tokens:,} tokens sent, {value.reply_tokens:,} received; {cost}; "
        f"{value.conflicts} conflicts, {value.needs_human} needs-human, {value.no_known_conflict} no-known-conflict"
    )
