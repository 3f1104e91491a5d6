"""Several models' reviews of one selection side by side. Where they differ, both are shown: nothing is averaged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ctxreview.context.visible import one_line, visible
from ctxreview.model.review import ChecklistAnswer, Review
from ctxreview.redact import redact
from ctxreview.reports.document import review_document
from ctxreview.reports.json_text import Document
from ctxreview.reports.markdown import context_markdown, escaped, suggestion_markdown, table_cell
from ctxreview.reports.paint import Paint
from ctxreview.reports.review_text import guard_text, hazards_text
from ctxreview.reports.text import context_text
from ctxreview.reports.words import NOTICE, ignored, unredacted

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


def opinions_text(values: Sequence[Review], colour: bool = False) -> str:
    """The reviews for people at a terminal: the context once, then what differs, then each model's own words."""
    return "\n".join(_text(values, Paint(colour), colour)) + "\n"


def _text(values: Sequence[Review], paint: Paint, colour: bool) -> Iterator[str]:
    items = compared_answers(values)
    names = [_name(v) for v in values]
    width = max(map(len, names))
    yield context_text(values[0].context, colour)
    yield from hazards_text(values[0].hazards, paint)
    if values[0].ignored:
        yield ignored(values[0])
        yield ""
    yield paint("Where the models differ", "bold")
    for item in items:
        if item.differs:
            yield f"  {item.question}"
            for name, answer in zip(names, item.answers, strict=True):
                note = one_line(answer.note)
                yield f"    {name:{width}}  {paint(f'{answer.answer:11}', 'bold')}  {note}".rstrip()
    if not any(item.differs for item in items):
        yield "  In no answer."
    yield ""
    yield paint("Where they agree", "bold")
    yield from (f"  {item.answers[0].answer:11} {item.question}" for item in items if not item.differs)
    yield f"  {SAME}"
    for name, value in zip(names, values, strict=True):
        yield ""
        yield paint(f"Answer of {name}", "bold")
        yield from (f"  {line}" for line in redact(visible(value.summary)).text.split("\n"))
        yield guard_text(value.suggestions, colour).rstrip("\n")
    yield ""
    yield from unredacted(values[0])
    yield NOTICE


def opinions_markdown(values: Sequence[Review]) -> str:
    """The reviews as Markdown, the answers that differ as a table."""
    return "\n".join(_markdown(values)) + "\n"


def _markdown(values: Sequence[Review]) -> Iterator[str]:
    items = compared_answers(values)
    names = [escaped(_name(v)) for v in values]
    heads = [table_cell(_name(v)) for v in values]
    yield context_markdown(values[0].context)
    if values[0].ignored:
        yield ignored(values[0])
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
    yield ""
    yield from (f"{escaped(s)}\n" for s in unredacted(values[0]))
    yield NOTICE
