"""Passwords in connection strings of every dialect."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctxreview.redact.values import (
    compiled,
    is_placeholder,
)


def connection_password(text: str, at: int) -> Iterator[tuple[int, int]]:
    """``Password=...`` in a connection string of any dialect, ended as that dialect ends it."""
    name = r"(?i:password|passwd|pwd|accountkey|accesskey|sharedaccesskey|sharedsecret(?:value)?)"
    key = compiled(name + r"(\s{0,3})=(?![=>])\s{0,3}").match(text, at)
    if key is None:
        return
    before, after = text[max(text.rfind("\n", 0, at) + 1, at - 500) : at], text[key.end() : key.end() + 500]
    inside = (before.count('"') - before.count('\\"')) % 2 == 1  # of a literal on one line
    literal = before[before.rfind('"') + 1 :] if inside else before
    value = _connection_value(after, inside, not inside and literal.count("'") % 2 == 1, ";" in literal)
    if value is None or is_placeholder(value[1]):
        return
    spaced = key[1] != "" or key[0].endswith(" ")
    if spaced or not inside:  # then it may be an assignment in the code, unless other keys are beside it
        beside = compiled(
            r"(?i)(?:server|source|host|user|uid|userid|id|database|catalog|username|name|endpoint|protocol|security)\s?="
        )
        paired = beside.search(literal[-200:]) is not None or beside.search(after[:200].partition("\n")[0]) is not None
        if spaced and not paired and not (inside and after.startswith("'")):
            return
        if not inside and spaced and re.fullmatch(r"[A-Za-z_][\w.]*[ })]*", value[1]):
            return
        if not inside and " = " in value[1]:
            return  # a = password = b = c;
        if not inside and not paired and (re.fullmatch(r"[A-Za-z_][\w.]*", value[1]) or "(" in value[1]):
            return
        if not inside and spaced and not re.search(r"[;\s]\s*\w+\s?=", literal + " "):
            return
    start = key.end() + value[0]
    yield start, start + len(value[1])


def _connection_value(after: str, inside: bool, single: bool, semicolons: bool) -> tuple[int, str] | None:
    """Offset and text of the value at the start of ``after``; ``single``: of a literal in single quotes."""
    for quote in ("'", '\\"', '""', "&quot;"):
        if after.startswith(quote):
            end = after.find(quote, len(quote))
            return (len(quote), after[len(quote) : end]) if end > len(quote) and "\n" not in after[:end] else None
    stop = r'(?:[^"\r\n\\]|\\[^"\r\n])*' if inside else r"[^\"'\r\n]*" if single else r'[^"\r\n]*'
    line = re.match(stop, after)
    value = line[0] if line else ""
    if semicolons or ";" in value:
        value = value.partition(";")[0].rstrip()
    else:  # libpq parts with blanks, an address with ampersands, Redis with commas
        value = re.split(r"[\s&]|,(?=\s?\w+=)", value, maxsplit=1)[0]
    return (0, value) if value else None
