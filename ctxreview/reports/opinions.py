"""Several models' reviews of one selection side by side. Where they differ, both are shown: nothing is averaged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ctxreview.context.visible import one_line, visible
from ctxreview.redact import redact
from ctxreview.reports.json_text import Document
from ctxreview.reports.layout import Layout
from ctxreview.reports.markdown import (
    context_part,
    escaped,
    hazards_markdown,
    said_markdown,
    table_cell,
)
from ctxreview.reports.review_text import Detail, code_text, hazards_text, problems_text, verdict_text
from ctxreview.reports.shapes.review import ChecklistAnswer, ReviewDocument
from ctxreview.reports.shown import Reviewed
from ctxreview.reports.suggestion_text import edits_text, suggestions_text
from ctxreview.reports.text import PLAIN, holders_text, known_text, not_seen_text
from ctxreview.reports.words import NOTICE, SAME_ANSWER, unredacted_line

ROOM = 80
"""Lines of output that the code takes where not all is asked for."""


class Compared(NamedTuple):
    """One item of the checklist with the answer of each model, in the order of the reviews."""

    id: str
    question: str
    answers: tuple[ChecklistAnswer, ...]

    @property
    def differs(self) -> bool:
        """Whether two models gave different answers; ``cannot-tell`` is one."""
        return len({a["answer"] for a in self.answers}) > 1


def compared_answers(values: Sequence[ReviewDocument]) -> tuple[Compared, ...]:
    """The items of the checklist that all the reviews share, with all their answers."""
    together = zip(*(v["checklist"] for v in values), strict=True)
    return tuple(Compared(answers[0]["id"], answers[0]["question"], answers) for answers in together)


def _name(value: ReviewDocument) -> str:
    provider = value["provider"]
    return one_line(f"{provider['name']} ({provider['model']})") if provider else ""


def opinions_document(values: Sequence[ReviewDocument]) -> Document:
    """The reviews and where they differ as ``ctxreview.opinions/1``."""
    items = compared_answers(values)
    return {
        "schema": "ctxreview.opinions/1",
        "question": values[0]["question"],
        "differences": [
            {
                "id": item.id,
                "question": item.question,
                "answers": [
                    {**(v["provider"] or {}), **{key: answer[key] for key in ("answer", "evidence", "note")}}
                    for v, answer in zip(values, item.answers, strict=True)
                ],
            }
            for item in items
            if item.differs
        ],
        "same": [{"id": i.id, "answer": i.answers[0]["answer"]} for i in items if not i.differs],
        "reviews": list(values),
        "notice": NOTICE,
    }


def opinions_text(given: Reviewed, layout: Layout = PLAIN, detail: Detail = "folded") -> str:
    """The reviews for people at a terminal: what each model suggests, hazards, and what differs; the context once."""
    return "\n".join(_text(given, layout, detail)) + "\n" * (detail != "brief")


def _text(given: Reviewed, layout: Layout, detail: Detail) -> Iterator[str]:
    first, beside, whole = given.documents[0], given.shown, detail == "whole"
    lines, path = dict(beside["files"][0]["lines"]), first["context"]["selection"]["path"]
    yield from verdict_text(given, layout)
    yield ""
    for value in given.documents:
        yield layout.paint(f"Answer of {_name(value)}", "bold")
        yield from layout.block(redact(visible(value["summary"] or "")).text)
        yield from suggestions_text(value["suggestions"], lines, path, layout, whole=whole)
        yield ""
        yield from problems_text(value["findings"], layout)
    yield from hazards_text(first, beside, layout, whole=whole)
    if detail == "brief":
        return
    yield from _differences(given.documents, layout)
    yield from holders_text(beside, layout)
    if whole:
        yield from known_text(first["context"], beside, first["visibility"]["seen"], layout)
        yield ""
    else:
        yield from not_seen_text(beside, layout)
    for value in given.documents:
        yield from edits_text(value["suggestions"], layout, whole=whole)
    yield from code_text(given, layout, None if whole else ROOM)
    yield ""
    for said in (*dict.fromkeys(map(unredacted_line, given.documents)), NOTICE):
        if said:
            yield from layout.hang(said, "", 2)


def _differences(values: Sequence[ReviewDocument], layout: Layout) -> Iterator[str]:
    items = compared_answers(values)
    names = [_name(v) for v in values]
    width = min(max(map(len, names)), layout.columns // 3)
    yield layout.paint("Where the models differ", "bold")
    for item in items:
        if item.differs:
            yield from layout.hang(one_line(item.question), "  ", 2)
            for name, answer in zip(names, item.answers, strict=True):
                label = f"    {answer['answer']:11} "
                yield from layout.hang(f"{name:{width}}  {one_line(answer['note'])}", label, 16, "bold")
    if not any(item.differs for item in items):
        yield "  In no answer."
    yield ""
    yield layout.paint("Where they agree", "bold")
    for item in items:
        if not item.differs:
            yield from layout.hang(one_line(item.question), f"  {item.answers[0]['answer']:11} ", 14)
    yield from layout.hang(SAME_ANSWER, "  ", 2)
    yield ""


def opinions_markdown(given: Reviewed) -> str:
    """The reviews as Markdown, the answers that differ as a table."""
    return "\n".join(_markdown(given)) + "\n"


def _markdown(given: Reviewed) -> Iterator[str]:
    values = given.documents
    items = compared_answers(values)
    names = [escaped(_name(v)) for v in values]
    heads = [table_cell(_name(v)) for v in values]
    yield from context_part(values[0], given.shown)
    yield ""
    yield from hazards_markdown(values[0])
    yield ""
    yield "## Where the models differ"
    yield ""
    if any(item.differs for item in items):
        yield f"| | {' | '.join(heads)} |"
        yield f"|---|{'---|' * len(names)}"
        for item in items:
            if item.differs:
                cells = (f"**{a['answer']}** {table_cell(a['note'])}".strip() for a in item.answers)
                yield f"| {table_cell(item.question)} | {' | '.join(cells)} |"
    else:
        yield "In no answer."
    yield ""
    yield "## Where they agree"
    yield ""
    yield from (f"- **{i.answers[0]['answer']}**: {escaped(i.question)}" for i in items if not i.differs)
    yield ""
    yield SAME_ANSWER
    for name, value in zip(names, values, strict=True):
        yield ""
        yield f"## Answer of {name}"
        yield ""
        yield escaped(value["summary"] or "")
        yield ""
        yield from said_markdown(value)
    yield ""
    yield from (f"{escaped(s)}\n" for s in dict.fromkeys(map(unredacted_line, values)) if s)
    yield NOTICE
