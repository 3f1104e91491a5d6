"""Several selections for a terminal, one after the other: a heading over each, and a summary in the end."""

from __future__ import annotations

from collections.abc import Sequence

from ctxreview.context.visible import one_line
from ctxreview.reports.layout import Layout


def selection_text(heading: str, text: str, layout: Layout) -> str:
    """One result under its heading."""
    return "\n".join([*layout.hang(one_line(heading), "", 2), layout.paint("─" * layout.columns, "dim"), text, ""])


def failure_text(sentence: str, layout: Layout) -> str:
    """Why there is no result."""
    return "\n".join(layout.hang(one_line(sentence), "failed: ", 2, "bold", "red"))


def summary_text(told: Sequence[str], layout: Layout) -> str:
    """What was said of each selection, a line each."""
    lines = (line for said in told for line in layout.hang(one_line(said), "  - ", 4))
    return "\n".join([layout.paint("Summary", "bold"), *lines])
