"""A review made ready for a page of many: what is listed and searched of it, and its own part of a page, packed."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple, Protocol, cast

from ctxreview.context.visible import one_line
from ctxreview.model.phrases import numbers
from ctxreview.reports.json_text import Document
from ctxreview.reports.page_parts import Failed, entry
from ctxreview.reports.page_template import counted, environment
from ctxreview.reports.shapes.review import ReviewDocument
from ctxreview.reports.shown import Reviewed

MOST_OPEN = 50
"""Reviews up to which a page has them all open; of more each is packed as soon as it is made."""
PREFIX = "r"
"""What the ids of a review's part begin with: one is on the page at a time."""
MOST_SEARCHED = 4_000
"""Characters of what a review says that are searched."""


class Packed(NamedTuple):
    """A review on a page of many.

    ``row`` is what is listed: ``path``, ``lines``, ``name``, ``verdict``, ``found`` (severities with their numbers), ``rules`` and
    ``text``, what is searched beside these. ``body`` is its part of a page, compressed (zlib); empty for one that failed.
    The sums are of its models.
    """

    row: Document
    body: bytes
    models: tuple[str, ...] = ()
    tokens: int = 0
    cost: float = 0.0
    priced: bool = True


def packed(given: Reviewed) -> Packed:
    """A review, packed."""
    made = entry(given, PREFIX)
    context = made.document["context"]
    html = str(
        cast("_Parts", environment().get_template("page_parts.html.j2").module).review(made, "h2", "h3", "h4", "h5")
    )
    found = [f for d in given.documents for f in (*d["hazards"], *(f for s in d["suggestions"] for f in s["findings"]))]
    selected = context["selection"]
    row = {
        "path": one_line(selected["path"]),
        "lines": numbers(selected["start_line"], selected["end_line"]),
        "name": f"{one_line(given.shown['selected'])}, {given.shown['held']}",
        "verdict": made.verdict or context["verdict"],
        "found": counted([f["severity"] for f in found]),
        "rules": sorted({one_line(f["rule"]) for f in found}),
        "text": one_line(" ".join(dict.fromkeys(_searched(given)))[:MOST_SEARCHED]),
    }
    used = [d["usage"] for d in given.documents if d["usage"] is not None and not d["from_store"]]
    costs = [u["cost"] for u in used]
    return Packed(
        row,
        zlib.compress(html.encode("utf-8", "replace"), 9),
        tuple(one_line(d["provider"]["model"]) for d in given.documents if d["provider"] is not None),
        sum((u["prompt_tokens"] or 0) + (u["reply_tokens"] or 0) for u in used),
        sum(cost or 0.0 for cost in costs),
        None not in costs,
    )


def packed_failure(given: Failed) -> Packed:
    """A selection that has no review."""
    why = one_line(given.why)
    path, _, lines = one_line(given.selection).rpartition(":")
    row = {
        "path": path or lines,
        "lines": lines if path else "",
        "name": why,
        "verdict": "failed",
        "found": [],
        "rules": [],
        "text": why,
    }
    return Packed(row, b"")


class _Parts(Protocol):
    """The macros of a template."""

    def review(self, made: object, *headings: str) -> str: ...


def _searched(given: Reviewed) -> Iterator[str]:
    """What a person may look for: questions, what was found and asked, summaries and titles."""
    for document in given.documents:
        yield document["question"]
        yield document["summary"] or ""
        yield from _told(document)


def _told(document: ReviewDocument) -> Iterator[str]:
    for finding in document["hazards"]:
        yield finding["message"]
    for suggestion in document["suggestions"]:
        yield suggestion["title"]
        yield from (finding["message"] for finding in suggestion["findings"])
    yield from (problem["why"] for problem in document["findings"])
    yield from (answer["note"] for answer in document["checklist"])
