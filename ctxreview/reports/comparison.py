"""Two versions of files compared by the guard: for a terminal, and as a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from ctxreview.context.listing import redacted
from ctxreview.context.visible import one_line
from ctxreview.model.kinds import GUARD_VERDICTS
from ctxreview.model.phrases import amount
from ctxreview.model.review import ComparedFile, Comparison
from ctxreview.reports.document import guarded_document, suggestion_document
from ctxreview.reports.json_text import Document, clean
from ctxreview.reports.layout import Layout
from ctxreview.reports.paint import VERDICT_COLOURS
from ctxreview.reports.shapes.review import CheckedSuggestion
from ctxreview.reports.suggestion_text import MOST_EVIDENCE, edited_lines, findings_text
from ctxreview.reports.text import PLAIN
from ctxreview.reports.words import TEAM_QUESTION

MOST_NAMED = 8
"""Files without findings that are named; the others are counted."""


def comparison_text(value: Comparison, layout: Layout = PLAIN) -> str:
    """What the guard says of a change: the verdict, then each file with what was found, and the files without."""
    telling = [file for file in value.files if file.result.findings or file.result.reason]
    quiet = [file for file in value.files if not (file.result.findings or file.result.reason)]
    out = [*layout.hang(summary(value), f"Guard: {value.verdict}: ", 2, "bold", VERDICT_COLOURS[value.verdict]), ""]
    for sentence in value.notes:
        out += layout.hang(one_line(sentence), "", 2)
    for file in sorted(telling, key=lambda f: GUARD_VERDICTS.index(f.result.verdict)):
        out += [*_file_text(file, layout), ""]
    if telling:
        out.append("  (Lines are those after the change.)")
    if quiet:
        named = ", ".join(one_line(file.after.path) for file in quiet[:MOST_NAMED])
        more = f" and {len(quiet) - MOST_NAMED:,} more" if len(quiet) > MOST_NAMED else ""
        told = f"The rules know of no conflict in {named}{more}. That is not an approval."
        out += layout.hang(told, "", 2)
    if value.files:
        out += layout.hang(TEAM_QUESTION, "Question: ", 2)
    return "\n".join(out)


def summary(value: Comparison) -> str:
    """What was compared, in how many files, and with which verdicts."""
    if not value.files:
        return f"{one_line(value.given)}: no source file was compared"
    counts = Counter(file.result.verdict for file in value.files)
    each = ", ".join(f"{counts[verdict]:,} {verdict}" for verdict in GUARD_VERDICTS if counts[verdict])
    return f"{one_line(value.given)}: {amount(len(value.files), 'file')} compared ({each})"


def _file_text(file: ComparedFile, layout: Layout) -> Iterator[str]:
    result = file.result
    label = f"{result.verdict}: "
    yield from layout.hang(one_line(result.suggestion.title), label, 2, "bold", VERDICT_COLOURS[result.verdict])
    if result.reason:
        yield from layout.hang(f"Not compared: {one_line(result.reason)}", "  ", 4)
    made = cast("CheckedSuggestion", suggestion_document(result))
    after = edited_lines(dict(enumerate(redacted(file.before), 1)), made)
    yield from findings_text(made["findings"], after, file.after.path, layout, whole=True, evidence=MOST_EVIDENCE)


def comparison_document(value: Comparison, not_asked: Mapping[str, Sequence[str]]) -> Document:
    """The guard's result as ``ctxreview.guard/1``: a suggestion is what became of one file.

    ``not_asked`` are rules that do not apply, by language.
    """
    others = sorted({rule for rules in not_asked.values() for rule in rules})
    found: Document = clean(
        {
            "compared": value.given,
            "verdict": value.verdict,
            "suggestions": [_file_document(file) for file in value.files],
            "failed": list(value.failed),
            "notes": list(value.notes),
        }
    )
    return {"schema": "ctxreview.guard/1", **found, **({"not_asked": others} if others else {})}


def _file_document(file: ComparedFile) -> Document:
    return {
        **guarded_document(file.result),
        "path": file.after.path,
        "path_before": file.was or None,
        "gone": file.gone,
    }
