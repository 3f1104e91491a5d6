"""Secrets that show in a text as it is."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from ctxreview.redact.formats import key_lines
from ctxreview.redact.rules import placeholders, rules, rules_tried

Found = tuple[int, int, str]
"""Start, end and kind."""


def secrets_in(text: str) -> list[Found]:
    """The secrets that show in the text as it is, as :func:`find_secrets` gives them."""
    lowered = text.lower()
    if len(lowered) != len(text):  # one letter of Unicode has a longer lower case, and offsets must fit
        lowered = re.sub("[A-Z]+", lambda letters: letters[0].lower(), text)
    stand = [mark.span() for mark in placeholders(text)]
    starts = [start for start, _ in stand]
    spans = []
    for order, anchors in rules_tried(lowered):
        kind, _, any_case, finder, _ = rules()[order]
        space = lowered if any_case else text
        for anchor in anchors:
            done, at = 0, -1
            while (at := space.find(anchor, max(at + 1, done))) >= 0:
                if stand and (before := bisect_right(starts, at) - 1) >= 0 and at < stand[before][1]:
                    continue
                for start, end in finder(text, at):
                    done = max(done, end)
                    if whole := whole_placeholders(text, start, end, stand):
                        spans.append((*whole, order, kind))
    spans += [
        (*whole, 0, "private-key") for span in key_lines(text) if (whole := whole_placeholders(text, *span, stand))
    ]
    merged: list[tuple[int, int, int, str]] = []
    for start, end, order, kind in sorted(spans):
        if merged and start < merged[-1][1]:
            last = merged[-1]
            best = min((last[2], last[3]), (order, kind))  # the table has the most telling rules first
            merged[-1] = (last[0], max(last[1], end), *best)
        else:
            merged.append((start, end, order, kind))
    return [(start, end, kind) for start, end, _, kind in merged]


def whole_placeholders(text: str, start: int, end: int, stand: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """The span with the placeholders that it cuts made whole; nothing where it holds only placeholders."""
    if not stand:
        return (start, end) if start < end else None
    first = bisect_right(stand, (start, len(text))) - 1
    if first >= 0 and start < stand[first][1]:
        start = stand[first][0]
    last = bisect_right(stand, (end - 1, len(text))) - 1
    if last >= 0 and end - 1 < stand[last][1]:
        end = max(end, stand[last][1])
    rest, at = "", start
    for number in range(max(first, 0), last + 1):
        if stand[number][0] >= at:
            rest += text[at : stand[number][0]]
            at = stand[number][1]
    return (start, end) if (rest + text[at:end]).strip() else None
