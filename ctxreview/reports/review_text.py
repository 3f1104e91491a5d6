"""A review for a terminal: the verdict, suggestions and hazards first, then the checklist, and the code last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

from ctxreview.context.listing import redacted
from ctxreview.context.visible import one_line, visible
from ctxreview.model.kinds import GUARD_VERDICTS, SEVERITIES, GuardVerdict
from ctxreview.model.phrases import amount
from ctxreview.model.review import ChecklistAnswer, Context, Evidence, Finding, GuardResult, Review
from ctxreview.redact import redact
from ctxreview.reports.code_text import Sheet, other_files_text
from ctxreview.reports.folding import Needs, folded, own_lines
from ctxreview.reports.layout import Layout, cells
from ctxreview.reports.paint import SEVERITY_COLOURS, VERDICT_COLOURS
from ctxreview.reports.places import numbers, runs
from ctxreview.reports.suggestion_text import Text, edits_text, findings_text, suggestions_text
from ctxreview.reports.text import PLAIN, held, holders_text, known_text, not_seen_text, subject
from ctxreview.reports.words import (
    HOW_TO_ASK,
    NOT_ASKED,
    NOTICE,
    UNANSWERED,
    cost_text,
    ignored_line,
    number_or_unknown,
    problems,
    unredacted_lines,
)

Detail = Literal["brief", "folded", "whole"]
"""``brief`` ends after the hazards, ``folded`` has of long functions what bears on the scopes, ``whole`` all that the model saw."""

TALLEST = 150
"""Lines of a folded review, where what stands before the code leaves that room."""
LEAST_CODE = 24
"""Lines of output that the code of a folded review has in any case."""


def review_text(value: Review, layout: Layout = PLAIN, detail: Detail = "folded") -> str:
    """A review for people at a terminal."""
    whole = detail == "whole"
    asked = value.provider is not None
    source = value.context.selection.source
    out = [*verdict_text(value.context, value.suggestions if asked else None, value.hazards, layout), ""]
    if asked:
        out += [*suggestions_text(value.suggestions, source, layout, whole=whole), ""]
        out += problems_text(value, layout)
    out += hazards_text(value, layout, whole=whole)
    if detail == "brief":
        return "\n".join(out)
    out += holders_text(value.context, layout)
    out += _checklist(value, layout, whole=whole)
    out += known_text(value.context, layout) if whole else not_seen_text(value.context, layout)
    out += [""] * whole
    out += edits_text(value.suggestions, layout, whole=whole)
    end = list(_end(value, layout))
    out += code_text(value, layout, len(own_lines(value.context)) * 3 if whole else TALLEST - len(out) - len(end) - 2)
    out += other_files_text(value.context, layout) if whole else ()
    return "\n".join([*out, "", *end, ""])


def verdict_text(
    about: Context, given: Sequence[GuardResult] | None, hazards: Sequence[Finding], layout: Layout
) -> Iterator[str]:
    """The verdict in a line: what was looked at and where, what holds it, and how many suggestions and hazards there are.

    Without ``given`` no model was asked.
    """
    verdict, said = _verdict(about, given, hazards)
    colours = ("bold", VERDICT_COLOURS[verdict]) if verdict is not None else ("bold",)
    yield from layout.hang(said, f"{verdict or about.verdict}: ", 2, *colours)


def verdict_line(values: Sequence[Review]) -> str:
    """The verdict on one selection in a line, as it is listed with others; ``values`` are the reviews by each model."""
    first = values[0]
    given = None if first.provider is None else [g for v in values for g in v.suggestions]
    verdict, said = _verdict(first.context, given, first.hazards)
    return f"{verdict or first.context.verdict}: {said}"


def _verdict(
    about: Context, given: Sequence[GuardResult] | None, hazards: Sequence[Finding]
) -> tuple[GuardVerdict | None, str]:
    """The guard's worst verdict, and what there is to say in short."""
    verdict = min((g.verdict for g in given or ()), key=GUARD_VERDICTS.index, default=None)
    parts = [f"{subject(about)}, {held(about)}", _suggested(given)]
    counts = Counter(f.severity for f in hazards)
    parts.append("hazards: " + (", ".join(f"{counts[s]} {s}" for s in SEVERITIES if counts[s]) or "none found"))
    return verdict, "; ".join(parts)


def _suggested(given: Sequence[GuardResult] | None) -> str:
    if given is None:
        return "no model was asked"
    if not given:
        return "no suggestion"
    counts = Counter(g.verdict for g in given)
    return f"{amount(len(given), 'suggestion')} ({', '.join(f'{counts[v]} {v}' for v in GUARD_VERDICTS if counts[v])})"


def problems_text(value: Review, layout: Layout) -> Iterator[str]:
    """What the model reports without an edit."""
    if value.problems:
        yield layout.paint("Reported by the model, without an edit", "bold")
        for severity, said in problems(value):
            yield from layout.hang(one_line(said), f"  {severity} ", 4, SEVERITY_COLOURS[severity])
        yield ""


def hazards_text(value: Review, layout: Layout, *, whole: bool) -> Iterator[str]:
    """What the rules found in the code as it is."""
    source = value.context.selection.source
    yield layout.paint("Hazards found by rules", "bold")
    if not value.hazards:
        yield from layout.hang("None of the rules found anything. That is no proof that there is nothing.", "  ", 2)
    lines = Text(redacted(source) if value.hazards else ())
    yield from findings_text(value.hazards, lines, source.path, layout, whole=whole, evidence=1)
    if value.ignored:
        yield from layout.hang(ignored_line(value), "  ", 2)
    yield ""


def code_text(value: Review, layout: Layout, room: int) -> Iterator[str]:
    """The code of the selected functions in about ``room`` lines of output: whole, or what bears on the scopes and findings."""
    about = value.context
    every = own_lines(about)
    sheet = Sheet(about, layout, every)
    places = [p for h in value.hazards for p in (h.at, *h.related)]
    named = [(p.start_line, p.end_line) for p in places if p.path == about.path]
    cited = [(e.line, e.line) for a in value.checklist for e in a.evidence if e.path == about.path and e.supported]
    needs = Needs([*named, *_before_edits(value.suggestions, about.path)], cited)
    yield layout.paint("Code", "bold")
    yield from sheet.lines(*folded(about, needs, max(room - 1, LEAST_CODE), sheet.height))


def _before_edits(given: Sequence[GuardResult], path: str) -> Iterator[tuple[int, int]]:
    """The lines of the file as it is that suggestions change or findings on them name."""
    for result in given:
        yield from ((c.before.start_line, c.before.end_line) for c in result.changes)
        for place in (p for f in result.findings for p in (f.at, *f.related)):
            passed = [c for c in result.changes if c.after.end_line < place.start_line]
            moved = sum(len(c.new) - len(c.old) for c in passed)
            if place.path == path:
                yield place.start_line - moved, place.end_line - moved


def _checklist(value: Review, layout: Layout, *, whole: bool) -> Iterator[str]:
    if value.provider is not None:
        yield from layout.hang(f"{one_line(value.provider)} ({one_line(value.model or '')})", "Answer of ", 2, "bold")
        yield from layout.block(redact(visible(value.summary)).text)
        yield ""
    yield layout.paint(
        "Checklist" if value.provider is not None else "Checklist, as far as the source proves it", "bold"
    )
    width = max((len(a.id) for a in value.checklist), default=0)
    for answer in value.checklist:
        yield from _row(answer, width, value.context.path, layout)
        if whole:
            yield from _told(answer, layout)
    yield ""


def _row(answer: ChecklistAnswer, width: int, path: str, layout: Layout) -> Iterator[str]:
    """One item in a line: the answer, its name, and the lines that show it, or why there are none."""
    cited = ", ".join(_cited(answer.evidence, path))
    said = (
        cited if cited and answer.answer != "cannot-tell" else "; ".join(filter(None, (cited, one_line(answer.note))))
    )
    label = f"  {answer.answer:11} {one_line(answer.id):{width}}  "
    if cells(label) > layout.columns // 2 + 8:
        yield from layout.hang(one_line(answer.id), f"  {answer.answer:11} ", 14)
        label = " " * 14
    colour = {"yes": "", "no": "dim", "cannot-tell": "yellow"}[answer.answer]
    yield from layout.hang(said, label, cells(label), colour)


def _cited(evidence: Sequence[Evidence], path: str) -> Iterator[str]:
    """The cited lines, runs of them together: ``:28``, ``:40-43``, ``src/Other.cs:7``."""
    own = {e.line for e in evidence if e.path == path and e.supported is not False}
    yield from (f":{numbers(*run)}" for run in runs(own))
    for e in evidence:
        if e.path != path or e.supported is False:
            doubt = " (unsupported: this text is not there)" if e.supported is False else ""
            yield f"{one_line(e.path) if e.path != path else ''}:{e.line}{doubt}"


def _told(answer: ChecklistAnswer, layout: Layout) -> Iterator[str]:
    yield from layout.hang(one_line(answer.question), " " * 14, 14)
    for e in answer.evidence:
        yield from layout.hang(f"{one_line(e.path)}:{e.line}: {one_line(e.quote)}", " " * 14, 16)
    if answer.note:
        yield from layout.hang(one_line(answer.note), " " * 14, 14)


def guard_text(values: Sequence[GuardResult], about: Context, verdict: GuardVerdict, layout: Layout = PLAIN) -> str:
    """What the guard says of suggestions: the verdict, each suggestion with what was found, and the edits."""
    label = f"Guard: {verdict}: "
    return "\n".join(
        [
            *layout.hang(
                f"{subject(about)}, {held(about)}; {_suggested(values)}", label, 2, "bold", VERDICT_COLOURS[verdict]
            ),
            "",
            *suggestions_text(values, about.selection.source, layout, whole=True),
            "",
            *edits_text(values, layout, whole=True),
        ]
    )


def _end(value: Review, layout: Layout) -> Iterator[str]:
    instead = "Asked instead: is this a safe change, given everything this function is doing?"
    said = [
        f"Question: {one_line(value.question)}",
        f"{instead}{'' if value.provider is not None else ' (not sent)'}",
    ]
    if value.provider is None:
        size = value.prompt.tokens
        about = "about " if size.tokenizer == "estimate" else ""
        given = one_line(value.context.selection.given)
        said.append(f"{NOT_ASKED} The prompt has {about}{size.prompt:,} tokens. {HOW_TO_ASK.format(selection=given)}")
    elif value.usage is not None:
        sent, got, cost = value.usage.prompt_tokens, value.usage.reply_tokens, value.usage.cost
        when = "" if value.from_store is None else ", when the model was asked; this time a stored answer was used"
        said.append(
            f"Tokens: {number_or_unknown(sent)} sent, {number_or_unknown(got)} received; {cost_text(cost)}{when}."
        )
    said += [*unredacted_lines(value), NOTICE if value.provider is not None else UNANSWERED]
    for each in said:
        yield from layout.hang(each, "", 2)
