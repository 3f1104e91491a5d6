"""What became of many selections as one document, ``ctxreview.batch/1``: counts and cost, and each selection in short.

An item is made as soon as its review is there, of some hundred bytes: of ten thousand reviews a few megabytes are held.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.model.kinds import GUARD_VERDICTS, SEVERITIES
from ctxreview.reports.json_text import clean, dumps, redacted_text
from ctxreview.reports.words import NOT_ASKED, NOTICE, UNANSWERED

if TYPE_CHECKING:
    from ctxreview.model.review import Finding, Review
    from ctxreview.reports.json_text import Document
    from ctxreview.reports.shapes.batch import (
        BatchCounts,
        BatchItem,
        BatchUsage,
        FoundAt,
        ItemStatus,
        ModelReview,
        Spent,
    )


class Marks(NamedTuple):
    """What a caller knows a selection by."""

    id: str | None = None
    tags: tuple[str, ...] = ()


def item_of(selection: str, marks: Marks, values: Sequence[Review]) -> BatchItem:
    """A selection's reviews by each model that was asked, in short."""
    about = values[0].context
    first, last = about.selection.lines
    item: BatchItem = {
        "selection": str(selection),
        "status": "complete" if all(v.status == "complete" for v in values) else "incomplete",
        "at": {"path": about.path, "start_line": first, "end_line": last},
        "verdict": about.verdict,
        "hazards": list(map(_found, values[0].hazards)),
        "reviews": list(map(_review, values)),
        "not_seen": len(about.unseen) + len(about.omitted),
        "error": None,
    }
    cleaned: BatchItem = clean(item)
    return _marked(cleaned, marks)


def failed_item(selection: str, marks: Marks, why: str, *, asked: bool) -> BatchItem:
    """A selection that has no review; ``asked`` says that it failed by itself, and not because the run had ended."""
    item: BatchItem = {
        "selection": redacted_text(str(selection)),
        "status": "failed" if asked else "not-asked",
        "at": None,
        "verdict": None,
        "hazards": [],
        "reviews": [],
        "not_seen": 0,
        "error": redacted_text(why),
    }
    return _marked(item, marks)


def _marked(item: BatchItem, marks: Marks) -> BatchItem:
    if marks.id is not None:
        item["id"] = marks.id
    if marks.tags:
        item["tags"] = list(marks.tags)
    return item


def batch_text(
    items: Sequence[BatchItem], spent: Spent | None, compared: Document | None, *, complete: bool
) -> Iterator[str]:
    """The document, a line for what is about all and a line for each item.

    ``spent`` is what the run asked, and ``compared`` what the guard says of the change that the selections are of. Not ``complete`` is also a
    run that left out what it could not read.
    """
    counts = _counts(items)
    found = [f for item in items for f in (*item["hazards"], *(f for r in item["reviews"] for f in r["findings"]))]
    asked = any(review["provider"] for item in items for review in item["reviews"])
    head = {
        "schema": "ctxreview.batch/1",
        "complete": complete and counts["complete"] == counts["selections"],
        "counts": counts,
        "verdicts": _counted(
            GUARD_VERDICTS, (r["verdict"] for item in items for r in item["reviews"] if r["verdict"] is not None)
        ),
        "severities": _counted(SEVERITIES, (f["severity"] for f in found)),
        "rules": dict(sorted(Counter(f["rule"] for f in found).items())),
        "usage": _usage(items),
        "spent": spent,
        **({} if compared is None else {"compared": compared}),
        "notice": NOTICE if asked else f"{NOT_ASKED} {UNANSWERED}",
    }
    yield f'{dumps(head)[:-1]}, "items": ['
    for number, item in enumerate(items, 1):
        yield f"  {dumps(item)}{',' if number < len(items) else ''}"
    yield "]}"


def _review(value: Review) -> ModelReview:
    usage = value.usage
    verdicts = [suggestion.verdict for suggestion in value.suggestions]
    return {
        "provider": {"name": value.provider, "model": value.model or ""} if value.provider is not None else None,
        "verdict": min(verdicts, key=GUARD_VERDICTS.index, default=None),
        "suggestions": len(verdicts),
        "findings": [_found(finding) for suggestion in value.suggestions for finding in suggestion.findings],
        "problems": len(value.problems),
        "usage": None
        if usage is None
        else {"prompt_tokens": usage.prompt_tokens, "reply_tokens": usage.reply_tokens, "cost": usage.cost},
        "from_store": value.from_store is not None,
    }


def _found(value: Finding) -> FoundAt:
    at = value.at
    return {
        "path": at.path,
        "start_line": at.start_line,
        "end_line": at.end_line,
        "rule": value.rule,
        "severity": value.severity,
    }


def _counted(words: Sequence[str], found: Iterable[str]) -> dict[str, int]:
    counts = Counter(found)
    return {word: counts[word] for word in words}


def _counts(items: Sequence[BatchItem]) -> BatchCounts:
    counts: Counter[ItemStatus] = Counter(item["status"] for item in items)
    stored = sum(bool(item["reviews"]) and all(r["from_store"] for r in item["reviews"]) for item in items)
    return {
        "selections": len(items),
        "complete": counts["complete"],
        "incomplete": counts["incomplete"],
        "failed": counts["failed"],
        "not_asked": counts["not-asked"],
        "from_store": stored,
    }


def _usage(items: Sequence[BatchItem]) -> BatchUsage:
    used = [review["usage"] for item in items for review in item["reviews"] if review["usage"] is not None]
    return {
        "answers": len(used),
        "prompt_tokens": sum(usage["prompt_tokens"] or 0 for usage in used),
        "reply_tokens": sum(usage["reply_tokens"] or 0 for usage in used),
        "cost": sum((usage["cost"] or 0.0 for usage in used), 0.0),
        "unpriced": sum(usage["cost"] is None for usage in used),
    }
