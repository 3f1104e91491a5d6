"""Reports as Markdown, for notes and tickets. Code sits behind fences it cannot close; text is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctxreview.listing import files, proven, visible
from ctxreview.model import Context, Finding, Guarded, Review
from ctxreview.redact import redact
from ctxreview.reports.words import NOTICE, UNANSWERED, end, ignored, left_out, place, seen


def escaped(text: str) -> str:
    """``text`` on one line with nothing left that Markdown or HTML would act on."""
    shown = re.sub(r"([\\`*_{}\[\]<>#|~!])", r"\\\1", redact(visible(" ".join(text.split()))).text)
    return shown.replace("&", "&amp;").replace("@", "&#64;")


def fenced(text: str, language: str = "") -> str:
    """``text`` as a code block that nothing in it can close."""
    shown = redact(visible(text)).text
    fence = "`" * max(3, 1 + max((len(r) for r in re.findall(r"`+", shown)), default=0))
    return f"{fence}{language}\n{shown}\n{fence}"


def context(value: Context) -> str:
    """The context of one selection."""
    return "\n".join([*_context(value), ""])


def _context(value: Context) -> Iterator[str]:
    first, last = value.selection.lines
    yield f"## {escaped(value.path)}, {place(first, last)}: {value.verdict}"
    yield ""
    for source, code in files(value):
        if source.path != value.path:
            yield f"\n### {escaped(source.path)}\n"
        yield fenced(code, value.outline.language)
    yield ""
    yield "**What the source proves**"
    yield ""
    yield from (f"- {escaped(s)}" for s in proven(value))
    yield ""
    yield "**What the model sees**"
    yield ""
    yield from (f"- {escaped(s)}" for s in seen(value))
    yield ""
    yield "**What it does not see**"
    yield ""
    yield from (f"- {escaped(s)}" for s in (*value.blind_spots, *left_out(value)))


def review(value: Review) -> str:
    """One review."""
    asked = value.provider is not None
    out = [
        "# ctxreview",
        "",
        f"> {escaped(value.question)}",
        "",
        *_context(value.context),
        "",
        "## Hazards found by rules",
        "",
    ]
    out += [_finding(f) for f in value.hazards] or [
        "None of the rules found anything. That is no proof that there is nothing."
    ]
    if value.ignored:
        out += ["", ignored(value)]
    if asked:
        out += ["", f"## Answer of {escaped(f'{value.provider} ({value.model})')}", "", escaped(value.summary)]
    out += ["", "## Checklist" if asked else "## Checklist, as far as the source proves it", ""]
    for answer in value.checklist:
        out.append(f"- **{answer.answer}**: {escaped(answer.question)}")
        for e in answer.evidence:
            doubt = "" if e.supported else " (unsupported: this does not stand there)"
            out.append(f"  - {escaped(e.path)}:{e.line}: {escaped(e.quote)}{doubt}")
        if answer.note:
            out.append(f"  - {escaped(answer.note)}")
    if asked:
        out += ["", "## Suggestions", ""]
        for suggestion in value.suggestions:
            out += guarded(suggestion)
        if not value.suggestions:
            out.append("None.")
    out += ["", *(f"{redact(visible(s)).text}\n" for s in end(value)), NOTICE if asked else UNANSWERED, ""]
    return "\n".join(out)


def _finding(finding: Finding) -> str:
    at = place(finding.at.start_line, finding.at.end_line)
    return f"- **{finding.severity}** {finding.rule}, {at} ({finding.certainty}): {escaped(finding.message)} {escaped(finding.question)}"


def guarded(value: Guarded) -> Iterator[str]:
    """One suggestion with the guard's verdict, line by line."""
    yield f"### {escaped(value.suggestion.title)}: {value.verdict}"
    yield ""
    if value.suggestion.rationale:
        yield escaped(value.suggestion.rationale)
        yield ""
    if value.reason:
        yield f"{'Applied in part' if value.applied else 'Not applied'}: {escaped(value.reason)}"
        yield ""
    if value.diff:
        yield fenced(value.diff.rstrip("\n"), "diff")
        yield ""
    yield from (_finding(f) for f in value.findings)
    yield ""
