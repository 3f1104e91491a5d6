"""Model text to :class:`Reply`, strictly; citations looked up in the source.

The structs below are the reply's form; ``reply.schema.json`` is the same form as a JSON schema, kept as a file
because a prompt's size is needed where nothing is parsed. A test holds the two together. The schema wants every key; what a
key with a default says is not missed in an answer that was asked for with an older schema.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from ctxreview.context.visible import visible
from ctxreview.errors import ReplyError
from ctxreview.model.kinds import Confidence
from ctxreview.model.review import ChecklistAnswer, Context, Edit, Evidence, Problem, Reply, Suggestion
from ctxreview.model.source import Source, same_path
from ctxreview.prompt.checklist import Item
from ctxreview.prompt.limits import MOST_EDITS, unfenced, within_reason
from ctxreview.redact import redact

NEAR = 2
"""A quote may stand this many lines away from the line that is cited."""


class _Evidence(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    path: str
    line: int
    quote: str


class _Answer(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    id: str
    answer: Literal["yes", "no", "cannot-tell"]
    evidence: list[_Evidence]
    note: str


class _Edit(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    path: str
    start_line: int
    end_line: int
    original: str
    replacement: str


class _Suggestion(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    title: str
    rationale: str
    edits: list[_Edit]
    confidence: Confidence | None = None


class _Problem(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    path: str
    line: int
    severity: Literal["high", "medium", "low"]
    why: str


class _Reply(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    summary: str
    checklist: list[_Answer]
    suggestions: list[_Suggestion]
    findings: list[_Problem] = []


def parse(text: str, checklist: Sequence[Item]) -> Reply:
    """The reply in ``text``: one JSON object, alone or in one code fence.

    Items the model left out become ``cannot-tell`` and say so; ids it invented are dropped.
    Raises :class:`ReplyError` with the place of the first thing that is wrong.
    """
    within_reason(text)
    try:
        wire = msgspec.json.decode(unfenced(text), type=_Reply)
    except (msgspec.DecodeError, UnicodeError) as error:
        # The error may quote the reply, and is shown, and sent in the second question.
        said = redact(visible(str(error))).text
        raise ReplyError(f"The reply is not in the requested form: {said.rstrip('.')}.") from None
    if len(wire.findings) > MOST_EDITS:
        raise ReplyError(f"The reply has {len(wire.findings):,} findings; up to {MOST_EDITS:,} are read.")
    made = sum(len(s.edits) for s in wire.suggestions)
    if made > MOST_EDITS or len(wire.suggestions) > MOST_EDITS:
        raise ReplyError(
            f"The reply has {len(wire.suggestions):,} suggestions with {made:,} edits; at most {MOST_EDITS:,} of each are read."
        )
    given = {a.id: a for a in wire.checklist}
    return Reply(
        summary=wire.summary,
        checklist=tuple(_answer(item, given.get(item.id)) for item in checklist),
        suggestions=tuple(
            Suggestion(
                s.title,
                s.rationale,
                tuple(Edit(e.path, e.start_line, e.end_line, e.original, e.replacement) for e in s.edits),
                confidence=s.confidence,
            )
            for s in wire.suggestions
        ),
        problems=tuple(Problem(p.path, p.line, p.severity, p.why) for p in wire.findings),
    )


def _answer(item: Item, given: _Answer | None) -> ChecklistAnswer:
    if given is None:
        return ChecklistAnswer(item.id, item.question, "cannot-tell", (), "The model did not answer this item.")
    evidence = tuple(Evidence(e.path, e.line, e.quote) for e in given.evidence)
    return ChecklistAnswer(item.id, item.question, given.answer, evidence, given.note)


def verify(reply: Reply, context: Context) -> Reply:
    """``reply`` with each citation marked: does the quote stand on its line, or within two lines of it, and was the line shown?"""
    sources = {s.path: s for s in (context.selection.source, *(e.source for e in context.excerpts))}.values()
    return reply._replace(
        checklist=tuple(
            a._replace(evidence=tuple(e._replace(supported=any(_supported(e, s) for s in sources)) for e in a.evidence))
            for a in reply.checklist
        ),
        problems=tuple(p._replace(shown=_is_shown(p, context)) for p in reply.problems),
    )


def _is_shown(problem: Problem, context: Context) -> bool:
    """Whether the model was shown the line that it reports."""
    return any(
        same_path(problem.path, e.source)
        and 1 <= problem.line <= e.source.line_count
        and e.span.overlaps(e.source.line_span(problem.line, problem.line))
        and not any(gap.contains(e.source.line_span(problem.line, problem.line)) for gap in e.elided)
        for e in context.excerpts
    )


def _supported(evidence: Evidence, source: Source) -> bool:
    quote = _squeezed(evidence.quote)
    if not quote or not same_path(evidence.path, source) or not 1 <= evidence.line <= source.line_count:
        return False
    first, last = max(1, evidence.line - NEAR), min(source.line_count, evidence.line + NEAR)
    near = source.text(source.line_span(first, last))
    # The model saw the code with secrets replaced and control characters written out.
    return any(quote in _squeezed(seen) for seen in (near, visible(redact(near).text)))


def _squeezed(text: str) -> str:
    """One line, whatever the layout; a secret's number depends on how much text was looked at."""
    return " ".join(re.sub(r"\[REDACTED:([\w-]+):\d+\]", r"[REDACTED:\1]", text).split())
