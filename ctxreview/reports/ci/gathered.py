"""The rows of what the guard and the models found.

A suggestion stands in no file, and what was found on it has the lines after it: its rows have those that are there now. Of a model
nothing is told but the problems that it reports, as its own words: a reader takes a claim beside a line for the tool's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ctxreview.context.visible import one_line
from ctxreview.model.claims import neutral
from ctxreview.model.review import ComparedFile, Comparison, Context, Finding, GuardResult, Problem, Review
from ctxreview.model.source import Lines, Source
from ctxreview.reports.ci.proposals import proposal_of
from ctxreview.reports.ci.rows import Found, Note, merged, rows_of
from ctxreview.reports.comparison import summary
from ctxreview.reports.words import NOT_ASKED, NOTICE, QUESTION, UNANSWERED, omitted_parts

REPORTED = "reported-by-model"
"""In the place of a rule, for a problem that a model reports."""


def of_comparison(value: Comparison) -> Found:
    """What the guard found between two versions."""
    notes = [Note("not-checked", sentence) for sentence in value.failed]
    notes += [Note("said", sentence) for sentence in (summary(value), *value.notes)]
    return merged([*map(_of_file, value.files), Found((), tuple(notes))])


def _of_file(file: ComparedFile) -> Found:
    result, path = file.result, file.after.path
    source = file.before if file.gone else file.after
    notes = [Note("not-seen", f"{path} was not compared: {result.reason}")] if result.reason else []
    told = [f"{result.verdict}: {result.suggestion.title}"] if result.findings or result.reason else []
    return Found(tuple(rows_of(source, result.findings)), tuple(notes), tuple(told))


def of_guard(checked: Sequence[GuardResult], about: Context) -> Found:
    """What the guard found in an answer to one selection."""
    made = [_of_suggestion(result, f"Suggestion {number}", about) for number, result in enumerate(checked, 1)]
    told = tuple(f"{result.verdict}: suggestion {number}" for number, result in enumerate(checked, 1))
    return merged([*made, Found((), tuple(_not_seen(about)), told)])


def of_reviews(values: Sequence[Review], line: str) -> Found:
    """What was found for one selection, by each model that was asked. ``line`` says it in short."""
    about = values[0].context
    parts = [Found(tuple(rows_of(about.selection.source, values[0].hazards)), tuple(_not_seen(about)), (line,))]
    for value in values:
        of = f" of {value.model}" if len(values) > 1 else ""
        parts += [_of_suggestion(s, f"Suggestion {n}{of}", about) for n, s in enumerate(value.suggestions, 1)]
        reported = [_reported(problem, str(value.model)) for problem in value.problems]
        parts.append(Found(tuple(rows_of(about.selection.source, reported))))
        asked = NOTICE if value.provider is not None else f"{NOT_ASKED} {UNANSWERED}"
        parts.append(Found((), (Note("said", asked),)))
    return merged(parts)


def of_failure(selection: str, why: str) -> Found:
    """A selection that could not be looked at."""
    return Found((), (Note("not-checked", why),), (f"failed: {selection}",))


def _not_seen(about: Context) -> Iterator[Note]:
    at = Lines(about.path, *about.selection.lines)
    return (Note("not-seen", sentence, at) for sentence in (*about.unseen, *omitted_parts(about.omitted)))


def _of_suggestion(result: GuardResult, name: str, about: Context) -> Found:
    source = about.selection.source
    found = [
        _before(finding, result, source)._replace(message=f"{name}: {finding.message}") for finding in result.findings
    ]
    notes = [Note("not-seen", f"{name} was not compared whole: {result.reason}")] if result.reason else []
    proposal = proposal_of(result, name, source)
    return Found(tuple(rows_of(source, found)), tuple(notes), proposals=() if proposal is None else (proposal,))


def _before(finding: Finding, result: GuardResult, source: Source) -> Finding:
    """A finding with the lines of the file as it is."""
    return finding._replace(
        at=_lines_before(finding.at, result, source),
        related=tuple(_lines_before(at, result, source) for at in finding.related),
    )


def _lines_before(at: Lines, result: GuardResult, source: Source) -> Lines:
    most = max(source.line_count, 1) if at.path == source.path else None
    first, last = (_line_before(at.path, number, result, most) for number in (at.start_line, at.end_line))
    return at._replace(start_line=first, end_line=max(first, last))


def _line_before(path: str, number: int, result: GuardResult, most: int | None) -> int:
    """The number that a line after an edit had before it; of a new one that of the line whose place it takes, or that is before it."""
    moved = 0
    for change in result.changes:
        if change.after.path != path:
            continue
        if number < change.after.start_line:
            break
        if number <= change.after.end_line:
            moved = change.after.start_line - change.before.start_line
            most = change.before.end_line
            break
        moved += len(change.new) - len(change.old)
    before = number - moved
    return max(1, before if most is None else min(before, most))


def _reported(problem: Problem, model: str) -> Finding:
    shown = "" if problem.shown else " The model was not shown that line."
    said = f"{one_line(model)} reports: {neutral(problem.why)}{shown}"
    at = Lines(problem.path, problem.line, problem.line)
    return Finding(REPORTED, problem.severity, "assumed", said, QUESTION, at)
