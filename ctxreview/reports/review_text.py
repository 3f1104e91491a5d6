"""A review for a terminal: hazards, answers, and suggestions with their verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ctxreview.context.visible import one_line, visible
from ctxreview.model.kinds import GuardVerdict
from ctxreview.model.phrases import place
from ctxreview.model.regions import Region
from ctxreview.model.review import Change, ChecklistAnswer, Evidence, Finding, GuardResult, Review
from ctxreview.redact import redact
from ctxreview.reports.paint import SEVERITY_COLOURS, VERDICT_COLOURS, Paint
from ctxreview.reports.text import code_text, known_text, other_files_text, selection_text
from ctxreview.reports.words import (
    HOW_TO_ASK,
    NOT_ASKED,
    NOTICE,
    UNANSWERED,
    charge,
    ignored,
    number_or_unknown,
    question,
    unredacted,
)


def review_text(value: Review, colour: bool = False) -> str:
    """A review for people at a terminal."""
    paint = Paint(colour)
    asked = value.provider is not None
    out = [
        paint("Question", "bold"),
        *_quoted(value.question),
        f"  Asked instead: is this a safe change, given everything this function is doing?{'' if asked else ' (not sent)'}",
        "",
        *selection_text(value.context, paint),
        "",
        *code_text(value.context, paint),
        *other_files_text(value.context, paint),
        "",
        *known_text(value.context, paint),
        "",
    ]
    out += hazards_text(value.hazards, paint)
    if value.ignored:
        out[-1:] = [f"  {ignored(value)}", ""]
    if asked:
        out += [paint(one_line(f"Answer of {value.provider} ({value.model})"), "bold"), *_quoted(value.summary), ""]
    out += [paint("Checklist" if asked else "Checklist, as far as the source proves it", "bold")]
    for answer in value.checklist:
        out += _answer(answer, paint)
    out.append("")
    if asked:
        out += guard_text(value.suggestions, colour).rstrip("\n").split("\n")
        out.append("")
    out += list(_end(value, paint))
    return "\n".join([*out, ""])


def _quoted(text: str) -> list[str]:
    """What somebody else wrote, indented line by line."""
    return [f"  {line}" for line in redact(visible(text)).text.split("\n")]


def hazards_text(found: Sequence[Finding], paint: Paint) -> Iterator[str]:
    """What the rules found in the code as it is, line by line."""
    yield paint("Hazards found by rules", "bold")
    if not found:
        yield "  The rules found nothing. That does not prove that there is nothing."
    for finding in found:
        yield from _finding(finding, paint)
    yield ""


def _finding(finding: Finding, paint: Paint) -> Iterator[str]:
    at = finding.at
    severity = paint(finding.severity, SEVERITY_COLOURS[finding.severity])
    yield f"  - {severity} {finding.rule}, {place(at.start_line, at.end_line)} ({finding.certainty}): {one_line(finding.message)}"
    yield f"    Question: {one_line(finding.question)}"
    for other in finding.related:
        yield f"    See {place(other.start_line, other.end_line)}{': ' + one_line(other.what) if other.what else ''}."


def _answer(answer: ChecklistAnswer, paint: Paint) -> Iterator[str]:
    yield f"  {paint(f'{answer.answer:11}', 'bold')} {answer.question}"
    yield from (f"              {_cited(e)}" for e in answer.evidence)
    if answer.note:
        yield f"              {one_line(answer.note)}"


def _cited(evidence: Evidence) -> str:
    doubt = "" if evidence.supported else " (unsupported: this text is not there)"
    return f"{one_line(evidence.path)}:{evidence.line}: {one_line(evidence.quote)}{doubt}"


def guard_text(values: Sequence[GuardResult], colour: bool = False) -> str:
    """Suggestions with diff and guard verdict."""
    paint = Paint(colour)
    if not values:
        return "No suggestion was made.\n"
    out: list[str] = []
    for number, value in enumerate(values, 1):
        verdict = paint(value.verdict, "bold", VERDICT_COLOURS[value.verdict])
        out.append(f"{paint(f'Suggestion {number}', 'bold')}: {one_line(value.suggestion.title)}: {verdict}")
        if value.suggestion.rationale:
            out += _quoted(value.suggestion.rationale)
        if value.reason:
            out.append(f"  {'Applied in part' if value.applied else 'Not applied'}: {one_line(value.reason)}")
        if value.changes:
            out.append(f"  Changes: {'; '.join(_changed(c) for c in value.changes)}.")
        out += [
            f"  {_coloured(line, paint)}" for line in redact(visible(value.diff.rstrip("\n"))).text.split("\n") if line
        ]
        if value.findings:
            out.append("  Line numbers below are those after the edit.")
        for finding in value.findings:
            out += _finding(finding, paint)
        if not value.findings:
            out.append(f"  Question: {question(value)}")
        if value.verdict == "no-known-conflict":
            out.append("  The rules know of no conflict with the scopes of this file. That is not an approval.")
    return "\n".join(out) + "\n"


def _changed(change: Change) -> str:
    """Lines before the edit and what they are after it."""
    before, after = (place(lines.start_line, lines.end_line) for lines in (change.before, change.after))
    return f"{after} new" if not change.old else f"{before} gone" if not change.new else f"{before} to {after}"


def _coloured(line: str, paint: Paint) -> str:
    return paint(line, "green") if line.startswith("+") else paint(line, "red") if line.startswith("-") else line


def _end(value: Review, paint: Paint) -> Iterator[str]:
    if value.provider is None:
        size = value.prompt.tokens
        about = "about " if size.tokenizer == "estimate" else ""
        yield f"{paint(NOT_ASKED, 'bold')} The prompt has {about}{size.prompt:,} tokens."
        yield HOW_TO_ASK.format(selection=one_line(value.context.selection.given))
    elif value.usage is not None:
        sent, got, cost = value.usage.prompt_tokens, value.usage.reply_tokens, value.usage.cost
        when = "" if value.from_store is None else ", when the model was asked; this time a stored answer was used"
        yield f"Tokens: {number_or_unknown(sent)} sent, {number_or_unknown(got)} received; {charge(cost)}{when}."
    yield from unredacted(value)
    yield NOTICE if value.provider is not None else UNANSWERED


def verdict_line(verdict: GuardVerdict, scopes: Sequence[Region]) -> str:
    """The guard's overall verdict in one line."""
    held = {0: "no scope in this file holds the selection", 1: "1 scope holds the selection"}.get(
        len(scopes), f"{len(scopes)} scopes hold the selection"
    )
    return f"Guard: {verdict} ({held})."
