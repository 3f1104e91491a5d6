"""A context for a terminal: where the selection is and what holds it, what is known and what is not, then the code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from ctxreview.context.visible import one_line
from ctxreview.model.phrases import amount, numbers
from ctxreview.model.review import Context
from ctxreview.reports.code_text import Sheet, other_files_text, shown_in
from ctxreview.reports.document import context_document
from ctxreview.reports.holding import held, selected
from ctxreview.reports.layout import Layout
from ctxreview.reports.shapes.context import ContextDocument
from ctxreview.reports.shown import Shown, shown
from ctxreview.reports.words import DOES_NOT_SEE, HOLDS, NAMES_SUGGEST, SEES, SOURCE_PROVES, visible_parts

PLAIN = Layout()
MOST_NOT_SEEN = 8
"""Things that were not seen and are told one by one."""


def context_text(value: Context, layout: Layout = PLAIN) -> str:
    """The context for people: what the model is told, and all code that it sees."""
    about, beside = cast("ContextDocument", context_document(value)), shown(value)
    lines = sorted(n for n, is_shown in shown_in(about, value.path).items() if is_shown)
    return "\n".join(
        [
            *layout.hang(f"{subject(about, beside)}, {beside['held']}", f"{value.verdict}: ", 2, "bold"),
            "",
            *holders_text(beside, layout),
            *known_text(about, beside, tuple(visible_parts(value)), layout),
            "",
            *Sheet(about, beside, layout, lines).lines(lines),
            *other_files_text(about, beside, layout),
            "",
        ]
    )


def verdict_of(value: Context) -> str:
    """The verdict on a context in a line, as it is listed with others."""
    at = f"{value.path}:{numbers(*value.selection.lines)}"
    return one_line(f"{value.verdict}: {selected(value)}, {at}, {held(value)}")


def subject(about: ContextDocument, beside: Shown) -> str:
    """What is selected and where: ``method Take of Stock, src/Stock.cs:28-31``."""
    at = about["selection"]
    return one_line(f"{beside['selected']}, {at['path']}:{numbers(at['start_line'], at['end_line'])}")


def holders_text(beside: Shown, layout: Layout) -> Iterator[str]:
    """What holds the selection or a part of it: a line for each scope, and what it protects."""
    if not beside["holders"]:
        return
    yield layout.paint(HOLDS, "bold")
    for holder in beside["holders"]:
        yield from layout.hang(one_line(holder["said"]), "  ", 4)
        for said in holder["protects"]:
            yield from layout.hang(one_line(said), "    ", 4)
    yield ""


def known_text(about: ContextDocument, beside: Shown, seen: Sequence[str], layout: Layout) -> Iterator[str]:
    """What the source proves, what names suggest, and what the model sees and does not see."""
    parts = (
        (SOURCE_PROVES, beside["proven"]),
        (NAMES_SUGGEST, beside["suggested"]),
        (SEES, seen),
        (DOES_NOT_SEE, beside["not_seen"]),
    )
    for heading, said in parts:
        if said:
            yield layout.paint(heading, "bold")
        for each in said:
            yield from layout.hang(one_line(each), "  - ", 4)
    tokens = about["tokens"]
    how = "estimated" if tokens["tokenizer"] == "estimate" else f"counted with {one_line(tokens['tokenizer'])}"
    yield f"About {tokens['prompt']:,} of {tokens['budget']:,} tokens ({how})."


def not_seen_text(beside: Shown, layout: Layout) -> Iterator[str]:
    """What was not seen and a person can look at, or have shown."""
    said = beside["to_look_at"]
    if not said:
        return
    yield layout.paint("What was not seen", "bold")
    for each in said[:MOST_NOT_SEEN]:
        yield from layout.hang(one_line(each), "  - ", 4)
    if len(said) > MOST_NOT_SEEN:
        yield f"  - {amount(len(said) - MOST_NOT_SEEN, 'thing', 'more')}; -v lists all."
    yield ""
