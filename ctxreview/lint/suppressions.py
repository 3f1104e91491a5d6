"""Comments in the source that silence a rule at one place, with a reason.

``// ctxreview: ignore lock-target because the type never leaves this assembly``, at the end of the line a finding starts
on, or in the comment lines right above it; several rules are separated by commas. The reason is for the next reader: without one
nothing is silenced, and that is a finding on its own, as is a rule that does not exist, and a comment that silences nothing.

Only real comments count, no texts. They silence ``lint`` and nothing else: a review shows every hazard of what was selected, and
no comment in suggested code takes anything from what the guard finds.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from ctxreview.errors import did_you_mean
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.model.source import Lines, Span
from ctxreview.regex import regex

ID = "suppression"
"""The rule of findings about suppressions themselves."""

MARK = b"ctxreview:"
"""Without it a file has no suppression."""

_MARKED = regex(r"/[/*]+\s*ctxreview:")
_IGNORE = regex(r"ignore\b(?P<rules>.*?)(?:\bbecause\b(?P<reason>.*))?", re.DOTALL)
_FORM = "write // ctxreview: ignore RULE because REASON"


class Suppression(NamedTuple):
    """One comment: the line (1-based) it is about, and the rules that it silences there.

    ``wrong`` says why it silences nothing.
    """

    span: Span
    line: int
    rules: tuple[str, ...]
    wrong: str = ""


def suppressed(
    outline: Outline, found: Sequence[Finding], ran: Collection[str], known: Collection[str]
) -> tuple[list[Finding], int]:
    """The findings that no comment silences with those about the comments, in source order, and the number of the others.

    ``ran`` are the rules that were asked: whether a comment silences one of the others is not told. ``known`` are all.
    """
    written = list(suppressions(outline, known))
    silenced = {(s.line, rule) for s in written for rule in s.rules if not s.wrong}
    kept = [f for f in found if (f.at.start_line, f.rule) not in silenced]
    count = len(found) - len(kept)
    there = {(f.at.start_line, f.rule) for f in found}
    for one in written:
        idle = [r for r in one.rules if (one.line, r) not in there]
        if one.wrong:
            kept.append(_finding(outline, one, "low", one.wrong, "What makes this place an exception to the rule?"))
        elif idle and all(r in ran for r in idle):
            what = f"The suppression of {', '.join(idle)} silences nothing here."
            kept.append(_finding(outline, one, "note", what, "Is it still needed, and is it in the right place?"))
    return sorted(kept, key=lambda f: (f.at.start_line, f.rule)), count


def suppressions(outline: Outline, known: Collection[str]) -> Iterator[Suppression]:
    """The suppressions of a file, in source order."""
    if MARK not in outline.source.data:
        return
    below = _below(outline)
    for comment in outline.comments:
        text = outline.source.text(comment)
        marked = _MARKED.match(text)
        if marked is not None:
            said = text[marked.end() :].strip().removesuffix("*/").strip()
            yield _read(said, known)._replace(span=comment, line=below[comment])


def _read(said: str, known: Collection[str]) -> Suppression:
    form = _IGNORE.fullmatch(said)
    rules = tuple(r for r in re.split(r"[\s,]+", form["rules"]) if r) if form is not None else ()
    made = Suppression(Span(0, 0), 0, rules)
    if form is None:
        return made._replace(wrong=f"This suppression is not understood; {_FORM}.")
    if not rules:
        return made._replace(wrong=f"The suppression names no rule and silences nothing; {_FORM}.")
    for rule in rules:
        if rule not in known:
            hint = did_you_mean(rule, known, "each finding shows its rule.")
            return made._replace(wrong=f"The suppression names {rule}, which is not a rule of lint; {hint}")
    if not any(c.isalnum() for c in form["reason"] or ""):
        return made._replace(
            wrong=f"The suppression of {', '.join(rules)} has no reason and silences nothing; {_FORM}."
        )
    return made


def _below(outline: Outline) -> dict[Span, int]:
    """The line that each comment is about: its own where code is on it, else the first one below that is not a comment."""
    source = outline.source
    found: dict[Span, int] = {}
    alone: dict[int, int] = {}
    for comment in reversed(outline.comments):
        first, last = source.lines_of(comment)
        if source.data[source.line_span(first).start : comment.start].strip():
            found[comment] = first
        elif source.data[comment.end : source.line_span(last).end].strip():
            found[comment] = last
        else:
            found[comment] = alone[first] = alone.get(last + 1, last + 1)
    return found


def _finding(outline: Outline, about: Suppression, severity: Severity, message: str, question: str) -> Finding:
    at = Lines(outline.source.path, *outline.source.lines_of(about.span))
    return Finding(ID, severity, "syntactic", message, question, at)
