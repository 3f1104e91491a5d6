"""Suggestions that a forge can offer to take over where they stand, each whole or not at all.

One of which the rules know a conflict is not offered: a click would bring in what the findings beside it ask about. Nor is one in several
parts far apart, of which a click would take one; one that was not applied as a whole; and one with what cannot be shown as it is.
"""

from __future__ import annotations

from ctxreview.context.visible import visible
from ctxreview.model.review import GuardResult
from ctxreview.model.source import Lines, Source, same_path
from ctxreview.redact import redact
from ctxreview.regex import regex
from ctxreview.reports.ci.rows import Proposal
from ctxreview.reports.words import NOT_AN_APPROVAL, NOTICE

MOST_LINES = 60
"""Lines that a suggestion may replace: a comment beside more is not read."""

_REPLACED = "[REDACTED"
"""What a model was shown in the place of a secret begins so."""
_ACTS = regex(r"(?m)^\s*(?:/\w|[`~]{3})")
"""A line that GitLab takes for a quick action, also in code, or that ends the block around it."""


def proposal_of(result: GuardResult, name: str, source: Source) -> Proposal | None:
    """A suggestion in ``source`` as it can be taken over; ``None`` where it should not or cannot be. ``name`` says which one it is."""
    if not result.changes or result.reason or result.verdict != "no-known-conflict":
        return None
    if not all(same_path(edit.path, source) for edit in result.suggestion.edits):
        return None
    first = min(change.before.start_line for change in result.changes)
    last = max(change.before.end_line for change in result.changes)
    if last < first:  # new lines alone: the line beside them is given again, since a comment needs one
        first, last = (first - 1, last) if first > 1 else (first, first)
    if last - first >= MOST_LINES or last > source.line_count:
        return None
    lines, following = list[str](), first
    for change in result.changes:
        lines += [source.line(n) for n in range(following, change.before.start_line)]
        lines += change.new
        following = max(following, change.before.start_line, change.before.end_line + 1)
    lines += [source.line(n) for n in range(following, last + 1)]
    text = "\n".join(lines)
    if visible(text) != text or redact(text).text != text or _REPLACED in text or _ACTS.search(text):
        return None
    return Proposal(Lines(source.path, first, last), text, f"{name}. {NOT_AN_APPROVAL} {NOTICE}")
