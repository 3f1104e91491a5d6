"""The rules over a text: as it is, and as its literals are put together, decoded or distinguished by their lines."""

from __future__ import annotations

from collections.abc import Iterator

from ctxreview.redact.encoded import byte_lists, encoded_sum, encoded_texts
from ctxreview.redact.expressions import Expressions
from ctxreview.redact.joined_text import JoinedText
from ctxreview.redact.literals import Literals
from ctxreview.redact.plain_text import Found, secrets_in, whole_placeholders
from ctxreview.redact.rules import kinds, placeholders
from ctxreview.redact.side_by_side import secrets_side_by_side


def find_secrets(text: str) -> list[Found]:
    """Where the secrets are, in order, apart from each other, placeholders left alone."""
    spans = secrets_in(text)
    more = list(_secrets_in_parts(text))
    if more:
        stand = [mark.span() for mark in placeholders(text)]
        more = [(*whole, kind) for start, end, kind in more if (whole := whole_placeholders(text, start, end, stand))]
    merged: list[Found] = []
    for start, end, kind in sorted([*spans, *more]):
        if merged and start < merged[-1][1]:
            last = merged[-1]
            merged[-1] = (last[0], max(last[1], end), min(last[2], kind, key=kinds().index))
        else:
            merged.append((start, end, kind))
    return merged


def _secrets_in_parts(text: str) -> Iterator[Found]:
    """The secrets that show when literals are read as they are put together: one span for each part."""
    if '"' not in text and "'" not in text and "//" not in text and "byte" not in text and "*" not in text:
        return
    literals = Literals(text)
    read = JoinedText(text)
    decoded = JoinedText(text)
    for start, end, value in Expressions(literals).built_texts():
        read.add(start, end, value)
        if (of_sum := encoded_sum(value)) is not None:
            decoded.add(start, end, of_sum)
    for start, end, value in byte_lists(text):
        read.add(start, end, value)
    yield from read.found()
    for start, end, value in encoded_texts(literals):
        decoded.add(start, end, value)
    yield from decoded.found()
    yield from secrets_side_by_side(literals)
