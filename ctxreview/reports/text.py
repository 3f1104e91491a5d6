"""Reports for a terminal: plain text, with colours where the caller says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ctxreview.context.listing import file_listings, redacted, shown_lines
from ctxreview.context.proofs import proven, suggested
from ctxreview.context.visible import one_line, visible
from ctxreview.model.kinds import GuardVerdict
from ctxreview.model.regions import Region
from ctxreview.model.review import Change, ChecklistAnswer, Context, Evidence, Finding, GuardResult, Review
from ctxreview.redact import redact
from ctxreview.reports.document import scope_lines
from ctxreview.reports.words import (
    HOW_TO_ASK,
    NOT_ASKED,
    NOTICE,
    UNANSWERED,
    charge,
    ignored,
    left_out,
    place,
    question,
    seen,
    unredacted,
)

COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
SEVERITY_COLOURS = {"high": "red", "medium": "yellow", "low": "cyan", "note": "dim"}
VERDICT_COLOURS = {"conflicts": "red", "needs-human": "yellow", "no-known-conflict": "dim"}


class Paint(NamedTuple):
    """Colours a text, or leaves it as it is."""

    colour: bool

    def __call__(self, text: str, *names: str) -> str:
        """``text`` in the named colours."""
        codes = ";".join(COLOURS[n] for n in names if n in COLOURS)
        return f"\x1b[{codes}m{text}\x1b[0m" if self.colour and codes else text


def context(value: Context, colour: bool = False) -> str:
    """The context for people: code with the scopes drawn in the margin, then what is known and what is not."""
    paint = Paint(colour)
    return "\n".join(
        [*_head(value, paint), "", *_code(value, paint), *_elsewhere(value, paint), "", *_known(value, paint), ""]
    )


def _head(value: Context, paint: Paint) -> Iterator[str]:
    first, last = value.selection.lines
    source = value.selection.source
    yield paint(one_line(f"{value.path}, {place(first, last)}"), "bold")
    for function in value.functions:
        inside = f" of {function.container}" if function.container else ""
        name = f" {function.name}" if function.name != function.kind else ""
        yield f"  {one_line(f'{function.kind}{name}{inside}, {place(*source.lines_of(function.span))}')}"
    if not value.functions:
        yield "  outside every function"
    yield f"  verdict: {paint(value.verdict, 'bold')}"


def _code(value: Context, paint: Paint) -> Iterator[str]:
    source = value.selection.source
    first, last = value.selection.lines
    shown = shown_lines([e for e in value.excerpts if e.source.path == source.path], source)
    scopes = [(s, *scope_lines(s, value)) for s in value.scopes if not s.path]
    width = len(str(max(shown, default=1)))
    lines = redacted(source)
    previous = 0
    for number in sorted(shown):
        line = lines[number - 1]
        if not shown[number]:
            continue
        if previous and number > previous + 1:
            yield f"{'':{width + 2}}{paint('…', 'dim')}"
        previous = number
        chosen = first <= number <= last
        margin = "".join(_margin(number, a, b, s in value.enclosing, paint) for s, a, b in scopes)
        mark = paint(">", "bold", "yellow") if chosen else " "
        yield f"{mark} {number:{width}} {margin} {paint(line, 'bold') if chosen else line}".rstrip()


def _elsewhere(value: Context, paint: Paint) -> Iterator[str]:
    """What the model sees of other files."""
    for source, code in file_listings(value):
        if source.path != value.path:
            yield ""
            yield paint(one_line(source.path), "bold")
            yield from code.split("\n")


def _margin(number: int, first: int, last: int, encloses: bool, paint: Paint) -> str:
    sign = " "
    if first <= number <= last:
        sign = "╶" if first == last else "┌" if number == first else "└" if number == last else "│"
    return sign if sign == " " else paint(sign, "green" if encloses else "dim")


def _known(value: Context, paint: Paint) -> Iterator[str]:
    said = proven(value)
    if said:
        yield paint("What the source proves", "bold")
        yield from (f"  - {one_line(s)}" for s in said)
    likely = suggested(value)
    if likely:
        yield paint("What names suggest", "bold")
        yield from (f"  - {one_line(s)}" for s in likely)
    yield paint("What the model sees", "bold")
    yield from (f"  - {one_line(s)}" for s in seen(value))
    yield paint("What it does not see", "bold")
    yield from (f"  - {one_line(s)}" for s in (*value.blind_spots, *left_out(value)))
    tokens = value.tokens
    how = "estimated" if tokens.tokenizer == "estimate" else f"counted with {tokens.tokenizer}"
    yield f"About {tokens.prompt:,} of {tokens.budget:,} tokens ({how})."


def review(value: Review, colour: bool = False) -> str:
    """A review for people at a terminal."""
    paint = Paint(colour)
    asked = value.provider is not None
    out = [
        paint("Question", "bold"),
        *_told(value.question),
        f"  Asked instead: is this a safe change, given everything this function is doing?{'' if asked else ' (not sent)'}",
        "",
        *_head(value.context, paint),
        "",
        *_code(value.context, paint),
        *_elsewhere(value.context, paint),
        "",
        *_known(value.context, paint),
        "",
    ]
    out += hazards(value.hazards, paint)
    if value.ignored:
        out[-1:] = [f"  {ignored(value)}", ""]
    if asked:
        out += [paint(one_line(f"Answer of {value.provider} ({value.model})"), "bold"), *_told(value.summary), ""]
    out += [paint("Checklist" if asked else "Checklist, as far as the source proves it", "bold")]
    for answer in value.checklist:
        out += _answer(answer, paint)
    out.append("")
    if asked:
        out += guard(value.suggestions, colour).rstrip("\n").split("\n")
        out.append("")
    out += list(_end(value, paint))
    return "\n".join([*out, ""])


def _told(text: str) -> list[str]:
    """What somebody else wrote, indented line by line."""
    return [f"  {line}" for line in redact(visible(text)).text.split("\n")]


def hazards(found: Sequence[Finding], paint: Paint) -> Iterator[str]:
    """What the rules found in the code as it is, line by line."""
    yield paint("Hazards found by rules", "bold")
    if not found:
        yield "  None of the rules found anything. That is no proof that there is nothing."
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
    doubt = "" if evidence.supported else " (unsupported: this does not stand there)"
    return f"{one_line(evidence.path)}:{evidence.line}: {one_line(evidence.quote)}{doubt}"


def guard(values: Sequence[GuardResult], colour: bool = False) -> str:
    """Suggestions with diff and guard verdict."""
    paint = Paint(colour)
    if not values:
        return "No suggestion was made.\n"
    out: list[str] = []
    for number, value in enumerate(values, 1):
        verdict = paint(value.verdict, "bold", VERDICT_COLOURS[value.verdict])
        out.append(f"{paint(f'Suggestion {number}', 'bold')}: {one_line(value.suggestion.title)}: {verdict}")
        if value.suggestion.rationale:
            out += _told(value.suggestion.rationale)
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
        when = "" if value.from_store is None else ", when the model was asked; this time its answer was kept"
        yield f"Tokens: {_number(sent)} sent, {_number(got)} received; {charge(cost)}{when}."
    yield from unredacted(value)
    yield NOTICE if value.provider is not None else UNANSWERED


def _number(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"


def verdict_line(verdict: GuardVerdict, scopes: Sequence[Region]) -> str:
    """The guard's overall verdict in one line."""
    held = {0: "no scope in this file holds the selection", 1: "1 scope holds the selection"}.get(
        len(scopes), f"{len(scopes)} scopes hold the selection"
    )
    return f"Guard: {verdict} ({held})."
