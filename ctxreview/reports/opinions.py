"""Several models' reviews of one selection side by side. Where they differ, both are shown: nothing is averaged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ctxreview.context.visible import one_line, visible
from ctxreview.model.review import ChecklistAnswer, Review
from ctxreview.redact import redact
from ctxreview.reports.code_text import TALLEST, other_files_text
from ctxreview.reports.document import review_document
from ctxreview.reports.folding import own_lines
from ctxreview.reports.json_text import Document
from ctxreview.reports.layout import Layout
from ctxreview.reports.markdown import context_markdown, escaped, problems_markdown, suggestion_markdown, table_cell
from ctxreview.reports.review_text import Detail, code_text, hazards_text, problems_text, verdict_text
from ctxreview.reports.suggestion_text import edits_text, suggestions_text
from ctxreview.reports.text import PLAIN, holders_text, known_text, not_seen_text
from ctxreview.reports.words import NOTICE, ignored_line, unredacted_lines

ROOM = 80
"""Lines of output that the code takes where not all is asked for."""
SAME = "The same answer from several models is not evidence: they may have learned the same mistake."


class Compared(NamedTuple):
    """One item of the checklist with the answer of each model, in the order of the reviews."""

    id: str
    question: str
    answers: tuple[ChecklistAnswer, ...]

    @property
    def differs(self) -> bool:
        """Whether two models gave different answers; ``cannot-tell`` is one."""
        return len({a.answer for a in self.answers}) > 1


def compared_answers(values: Sequence[Review]) -> tuple[Compared, ...]:
    """The items of the checklist that all the reviews share, with all their answers."""
    together = zip(*(v.checklist for v in values), strict=True)
    return tuple(Compared(answers[0].id, answers[0].question, answers) for answers in together)


def _name(value: Review) -> str:
    return one_line(f"{value.provider} ({value.model})")


def opinions_document(values: Sequence[Review]) -> Document:
    """The reviews and where they differ as ``ctxreview.opinions/1``."""
    items = compared_answers(values)
    reviews = [review_document(v) for v in values]
    by_id = [{a["id"]: a for a in r["checklist"]} for r in reviews]
    return {
        "schema": "ctxreview.opinions/1",
        "question": reviews[0]["question"],
        "differences": [
            {
                "id": item.id,
                "question": item.question,
                "answers": [
                    {
                        **(r["provider"] or {}),
                        **{k: v for k, v in answers[item.id].items() if k not in ("id", "question")},
                    }
                    for r, answers in zip(reviews, by_id, strict=True)
                ],
            }
            for item in items
            if item.differs
        ],
        "same": [{"id": i.id, "answer": i.answers[0].answer} for i in items if not i.differs],
        "reviews": reviews,
        "notice": NOTICE,
    }


def opinions_text(values: Sequence[Review], layout: Layout = PLAIN, detail: Detail = "folded") -> str:
    """The reviews for people at a terminal: what each model suggests, hazards, and what differs; the context once."""
    return "\n".join(_text(values, layout, detail)) + "\n" * (detail != "brief")


def _text(values: Sequence[Review], layout: Layout, detail: Detail) -> Iterator[str]:
    first, whole = values[0], detail == "whole"
    source = first.context.selection.source
    everything = [g for v in values for g in v.suggestions]
    yield from verdict_text(first.context, everything, first.hazards, layout)
    yield ""
    for value in values:
        yield layout.paint(f"Answer of {_name(value)}", "bold")
        yield from layout.block(redact(visible(value.summary)).text)
        yield from suggestions_text(value.suggestions, source, layout, whole=whole)
        yield ""
        yield from problems_text(value, layout)
    yield from hazards_text(first, layout, whole=whole)
    if detail == "brief":
        return
    yield from _differences(values, layout)
    yield from holders_text(first.context, layout)
    if whole:
        yield from known_text(first.context, layout)
        yield ""
    else:
        yield from not_seen_text(first.context, layout)
    for value in values:
        yield from edits_text(value.suggestions, layout, whole=whole)
    together = first._replace(suggestions=tuple(everything))
    yield from code_text(together, layout, len(own_lines(first.context)) * TALLEST if whole else ROOM)
    yield from other_files_text(first.context, layout) if whole else ()
    yield ""
    for said in (*unredacted_lines(first), NOTICE):
        yield from layout.hang(said, "", 2)


def _differences(values: Sequence[Review], layout: Layout) -> Iterator[str]:
    items = compared_answers(values)
    names = [_name(v) for v in values]
    width = min(max(map(len, names)), layout.columns // 3)
    yield layout.paint("Where the models differ", "bold")
    for item in items:
        if item.differs:
            yield from layout.hang(item.question, "  ", 2)
            for name, answer in zip(names, item.answers, strict=True):
                yield from layout.hang(
                    f"{name:{width}}  {one_line(answer.note)}", f"    {answer.answer:11} ", 16, "bold"
                )
    if not any(item.differs for item in items):
        yield "  In no answer."
    yield ""
    yield layout.paint("Where they agree", "bold")
    for item in items:
        if not item.differs:
            yield from layout.hang(item.question, f"  {item.answers[0].answer:11} ", 14)
    yield from layout.hang(SAME, "  ", 2)
    yield ""


def opinions_markdown(values: Sequence[Review]) -> str:
    """The reviews as Markdown, the answers that differ as a table."""
    return "\n".join(_markdown(values)) + "\n"


def _markdown(values: Sequence[Review]) -> Iterator[str]:
    items = compared_answers(values)
    names = [escaped(_name(v)) for v in values]
    heads = [table_cell(_name(v)) for v in values]
    yield context_markdown(values[0].context)
    if values[0].ignored:
        yield ignored_line(values[0])
        yield ""
    yield "## Where the models differ"
    yield ""
    if any(item.differs for item in items):
        yield f"| | {' | '.join(heads)} |"
        yield f"|---|{'---|' * len(names)}"
        for item in items:
            if item.differs:
                cells = (f"**{a.answer}** {table_cell(a.note)}".strip() for a in item.answers)
                yield f"| {table_cell(item.question)} | {' | '.join(cells)} |"
    else:
        yield "In no answer."
    yield ""
    yield "## Where they agree"
    yield ""
    yield from (f"- **{i.answers[0].answer}**: {escaped(i.question)}" for i in items if not i.differs)
    yield ""
    yield SAME
    for name, value in zip(names, values, strict=True):
        yield ""
        yield f"## Answer of {name}"
        yield ""
        yield escaped(value.summary)
        yield ""
        for guarded in value.suggestions:
            yield from suggestion_markdown(guarded)
        if not value.suggestions:
            yield "No suggestion."
        yield from problems_markdown(value)
    yield ""
    yield from (f"{escaped(s)}\n" for s in unredacted_lines(values[0]))
    yield NOTICE
