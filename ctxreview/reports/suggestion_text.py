"""Findings and suggestions for a terminal: verdict, what was found, the lines that show it, and the question; edits apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ctxreview.context.visible import one_line, visible
from ctxreview.model.kinds import SEVERITIES
from ctxreview.model.phrases import amount, place
from ctxreview.model.review import Change, Finding, GuardResult
from ctxreview.model.source import Lines, Source
from ctxreview.redact import redact
from ctxreview.reports.layout import Layout, wrap
from ctxreview.reports.paint import SEVERITY_COLOURS, VERDICT_COLOURS
from ctxreview.reports.places import numbers, path_line
from ctxreview.reports.words import sure, team_question

MOST_EVIDENCE = 3
"""Lines of code that are shown for one finding."""
MOST_WHOLE = 6
"""Findings of one list that are told with message and question where not all is asked for; of the others only rule and place."""
MOST_OF_DIFF = 24
"""Lines of one diff where not all is asked for."""


class Text(tuple[str, ...]):
    """The lines of a file as they are shown, without secrets; ``new`` are the numbers of those that an edit made."""

    new: frozenset[int]

    def __new__(cls, lines: Sequence[str], new: frozenset[int] = frozenset()) -> Text:
        """Without secrets already."""
        made = super().__new__(cls, lines)
        made.new = new
        return made


def edited_lines(source: Source, changes: Sequence[Change]) -> Text:
    """The lines of the selected file after the ``changes``, which are in source order."""
    old = source.lines[: source.line_count]
    lines: list[str] = []
    new: set[int] = set()
    done = 0
    for change in changes:
        lines += old[done : change.before.start_line - 1]
        new.update(range(len(lines) + 1, len(lines) + 1 + len(change.new)))
        lines += change.new
        done = change.before.end_line
    lines += old[done:]
    return Text(redact(visible("\n".join(lines))).text.split("\n"), frozenset(new))


def findings_in_order(found: Sequence[Finding]) -> list[list[Finding]]:
    """The findings, the worst first; those that say the same of several places together."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in sorted(found, key=lambda f: (SEVERITIES.index(f.severity), f.at)):
        same = (finding.severity, finding.rule, finding.certainty, finding.message, finding.question, finding.at.path)
        groups.setdefault(same, []).append(finding)
    return list(groups.values())


def findings_text(
    found: Sequence[Finding], lines: Text, path: str, layout: Layout, *, whole: bool, evidence: int
) -> Iterator[str]:
    """Findings with their evidence, of which ``lines`` of the file ``path`` are shown; all of them ``whole``, or the worst."""
    groups = findings_in_order(found)
    for number, group in enumerate(groups):
        shortly = number >= MOST_WHOLE and not whole
        yield from _head(group, layout)
        if not shortly:
            yield from _body(group, lines, path, layout, evidence)


def _head(group: Sequence[Finding], layout: Layout) -> Iterator[str]:
    first = group[0]
    doubt = "" if first.certainty == "syntactic" else f" ({first.certainty})"
    others = "".join(f", :{numbers(f.at.start_line, f.at.end_line)}" for f in group[1:])
    text = f"{first.rule} {path_line(first.at)}{others}{doubt}"
    yield from layout.hang(text, f"  {first.severity} ", 4, SEVERITY_COLOURS[first.severity])


def _body(group: Sequence[Finding], lines: Text, path: str, layout: Layout, evidence: int) -> Iterator[str]:
    first = group[0]
    yield from layout.hang(one_line(first.message), "    ", 4)
    chosen = _chosen(group, lines, path, evidence)
    yield from _evidence(chosen, lines, layout)
    for other in dict.fromkeys(r for f in group for r in f.related):
        if other.path != path or other.start_line not in chosen:
            what = f": {one_line(other.what)}" if other.what else ""
            at = path_line(other) if other.path != path else place(other.start_line, other.end_line)
            yield from layout.hang(f"{at}{what}", "    See ", 6)
    yield from layout.hang(one_line(first.question), "    Question: ", 6)


def _chosen(group: Sequence[Finding], lines: Text, path: str, most: int) -> list[int]:
    """The lines that show a finding: the one that an edit made, or where it is, then what it goes with."""
    places: list[Lines] = [f.at for f in group] + [r for f in group for r in f.related]
    here = [p for p in places if p.path == path]
    within = [range(p.start_line, p.end_line + 1) for p in here]
    first = [next((n for n in lines_of if n in lines.new), lines_of.start) for lines_of in within]
    more = (n for lines_of in within for n in lines_of[:MOST_EVIDENCE])
    return [n for n in dict.fromkeys((*first, *more)) if 0 < n <= len(lines) and lines[n - 1].strip()][:most]


def _evidence(chosen: Sequence[int], lines: Text, layout: Layout) -> Iterator[str]:
    """Some lines, each on one line of output; with a mark where an edit made it."""
    width = max((len(str(n)) for n in chosen), default=1)
    for number in sorted(chosen):
        added = number in lines.new
        label = f"      {number:>{width}} {'+' if added else ' '} "
        text = " ".join(lines[number - 1].split())
        parts = wrap(text, layout.columns - len(label) - 2, layout.columns)
        shown = f"{parts[0]} …" if len(parts) > 1 else parts[0]
        yield layout.paint(f"{label}{shown}", "green" if added else "")


def suggestions_text(values: Sequence[GuardResult], source: Source, layout: Layout, *, whole: bool) -> Iterator[str]:
    """Suggestions of edits to ``source``: the verdict on each, why, and what a person has to answer."""
    if not values:
        yield "No suggestion was made."
        return
    for number, value in enumerate(values, 1):
        label = f"Suggestion {number}: {value.verdict}: "
        yield from layout.hang(one_line(value.suggestion.title), label, 2, "bold", VERDICT_COLOURS[value.verdict])
        if value.reason:
            told = f"{'Applied in part' if value.applied else 'Not applied'}: {one_line(value.reason)}"
            yield from layout.hang(told, "  ", 4)
        after = edited_lines(source, value.changes) if value.findings else Text(())
        yield from findings_text(value.findings, after, source.path, layout, whole=whole, evidence=MOST_EVIDENCE)
        if not value.findings:
            yield from layout.hang(team_question(value), "    Question: ", 6)
        if value.verdict == "no-known-conflict":
            told = "The rules know of no conflict with the scopes of this file. That is not an approval."
            yield from layout.hang(told, "  ", 2)
    if any(v.findings for v in values):
        yield "  (Lines are those after the edit.)"


def edits_text(values: Sequence[GuardResult], layout: Layout, *, whole: bool) -> Iterator[str]:
    """What the suggestions change, and the reasons that the model gave."""
    for number, value in enumerate(values, 1):
        if not value.diff.strip() and not value.suggestion.rationale:
            continue
        yield from layout.hang(one_line(value.suggestion.title), f"Edit of suggestion {number}: ", 2, "bold")
        if value.suggestion.rationale:
            yield from layout.block(redact(visible(value.suggestion.rationale)).text)
        if confidence := sure(value.suggestion):
            yield from layout.hang(confidence, "  ", 4)
        if value.changes:
            yield from layout.hang(f"Changes: {'; '.join(map(_changed, value.changes))}.", "  ", 4)
        diff = redact(visible(value.diff.rstrip("\n"))).text.split("\n")
        cut = len(diff) if whole or len(diff) <= MOST_OF_DIFF + 1 else MOST_OF_DIFF
        for line in diff[:cut]:
            if line:
                yield from _diff_line(line.expandtabs(4), layout)
        if cut < len(diff):
            yield f"  … {amount(len(diff) - cut, 'line', 'more')}; -v shows all."
        yield ""


def _diff_line(line: str, layout: Layout) -> Iterator[str]:
    colour = {"+": "green", "-": "red"}.get(line[0], "")
    depth = len(line) - len(line[1:].lstrip())
    indent = min(depth + 4, layout.columns // 2)
    for at, part in enumerate(wrap(line, layout.columns - 2, layout.columns - 2 - indent)):
        yield f"  {layout.paint(' ' * indent + part if at else part, colour)}".rstrip()


def _changed(change: Change) -> str:
    """Lines before the edit and what they are after it."""
    before, after = (place(lines.start_line, lines.end_line) for lines in (change.before, change.after))
    return f"{after} new" if not change.old else f"{before} gone" if not change.new else f"{before} to {after}"
