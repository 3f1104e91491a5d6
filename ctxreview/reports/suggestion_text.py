"""Findings and suggestions for a terminal: verdict, what was found, the lines that show it, and the question; edits apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ctxreview.context.visible import one_line, visible
from ctxreview.model.kinds import SEVERITIES
from ctxreview.model.phrases import amount, numbers, place
from ctxreview.redact import redact
from ctxreview.reports.layout import Layout, wrap
from ctxreview.reports.paint import SEVERITY_COLOURS, VERDICT_COLOURS
from ctxreview.reports.places import path_line
from ctxreview.reports.shapes.places import Finding, Place
from ctxreview.reports.shapes.review import ChangedLines, CheckedSuggestion, ReviewedSuggestion
from ctxreview.reports.words import AFTER_THE_EDIT, NO_SUGGESTION, NOT_AN_APPROVAL, applied, sure

MOST_EVIDENCE = 3
"""Lines of code that are shown for one finding."""
MOST_WHOLE = 6
"""Findings of one list that are told with message and question where not all is asked for; of the others only rule and place."""
MOST_OF_DIFF = 24
"""Lines of one diff where not all is asked for."""


class Text(NamedTuple):
    """Lines of a file by their numbers as they are shown, without secrets; ``new`` are those that an edit made."""

    lines: Mapping[int, str]
    new: frozenset[int] = frozenset()


def edited_lines(lines: Mapping[int, str], given: CheckedSuggestion) -> Text:
    """Those of the ``lines`` of the selected file that an edit leaves, by their new numbers, and those that it makes."""
    made: dict[int, str] = {}
    runs = list(zip(given["before"], given["after"], strict=True))
    for number, text in lines.items():
        if any(b["start_line"] <= number <= b["end_line"] for b, _ in runs):
            continue
        moved = sum(len(a["lines"]) - len(b["lines"]) for b, a in runs if b["end_line"] < number)
        made[number + moved] = text
    new = {n: text for _, a in runs for n, text in enumerate(a["lines"], a["start_line"])}
    made.update(new)
    order = sorted(made)
    texts = redact(visible("\n".join(made[n] for n in order))).text.split("\n")  # a key may span lines
    return Text(dict(zip(order, texts, strict=True)), frozenset(new))


def findings_in_order(found: Sequence[Finding]) -> list[list[Finding]]:
    """The findings, the worst first; those that say the same of several places together."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in sorted(found, key=_order):
        same = tuple(finding[key] for key in ("severity", "rule", "certainty", "message", "question", "path"))
        groups.setdefault(same, []).append(finding)
    return list(groups.values())


def _order(finding: Finding) -> tuple[object, ...]:
    return SEVERITIES.index(finding["severity"]), finding["path"], finding["start_line"], finding["end_line"]


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
    doubt = "" if first["certainty"] == "syntactic" else f" ({first['certainty']})"
    others = "".join(f", :{numbers(f['start_line'], f['end_line'])}" for f in group[1:])
    text = f"{one_line(first['rule'])} {path_line(first)}{others}{doubt}"
    yield from layout.hang(text, f"  {first['severity']} ", 4, SEVERITY_COLOURS[first["severity"]])


def _body(group: Sequence[Finding], lines: Text, path: str, layout: Layout, evidence: int) -> Iterator[str]:
    first = group[0]
    yield from layout.hang(one_line(first["message"]), "    ", 4)
    chosen = _chosen(group, lines, path, evidence)
    yield from _evidence(chosen, lines, layout)
    related = {(r["path"], r["start_line"], r["end_line"], r["what"]): r for f in group for r in f["related"]}
    for other in related.values():
        if other["path"] != path or other["start_line"] not in chosen:
            what = f": {one_line(other['what'])}" if other["what"] else ""
            at = path_line(other) if other["path"] != path else place(other["start_line"], other["end_line"])
            yield from layout.hang(f"{at}{what}", "    See ", 6)
    yield from layout.hang(one_line(first["question"]), "    Question: ", 6)


def _chosen(group: Sequence[Finding], lines: Text, path: str, most: int) -> list[int]:
    """The lines that show a finding: the one that an edit made, or where it is, then what it goes with."""
    places: list[Finding | Place] = [*group, *(r for f in group for r in f["related"])]
    within = [range(p["start_line"], p["end_line"] + 1) for p in places if p["path"] == path]
    first = [next((n for n in lines_of if n in lines.new), lines_of.start) for lines_of in within]
    more = (n for lines_of in within for n in lines_of[:MOST_EVIDENCE])
    return [n for n in dict.fromkeys((*first, *more)) if lines.lines.get(n, "").strip()][:most]


def _evidence(chosen: Sequence[int], lines: Text, layout: Layout) -> Iterator[str]:
    """Some lines, each on one line of output; with a mark where an edit made it."""
    width = max((len(str(n)) for n in chosen), default=1)
    for number in sorted(chosen):
        added = number in lines.new
        label = f"      {number:>{width}} {'+' if added else ' '} "
        text = " ".join(lines.lines[number].split())
        parts = wrap(text, layout.columns - len(label) - 2, layout.columns)
        shown = f"{parts[0]} …" if len(parts) > 1 else parts[0]
        yield layout.paint(f"{label}{shown}", "green" if added else "")


def suggestions_text(
    values: Sequence[CheckedSuggestion], lines: Mapping[int, str], path: str, layout: Layout, *, whole: bool
) -> Iterator[str]:
    """Suggestions of edits to the file ``path``: the verdict on each, why, and what a person has to answer.

    ``lines`` are those of the file before the edit that are known.
    """
    if not values:
        yield NO_SUGGESTION
        return
    for number, value in enumerate(values, 1):
        label = f"Suggestion {number}: {value['verdict']}: "
        yield from layout.hang(one_line(value["title"]), label, 2, "bold", VERDICT_COLOURS[value["verdict"]])
        if told := applied(value):
            yield from layout.hang(one_line(told), "  ", 4)
        after = edited_lines(lines, value) if value["findings"] else Text({})
        yield from findings_text(value["findings"], after, path, layout, whole=whole, evidence=MOST_EVIDENCE)
        if not value["findings"]:
            yield from layout.hang(one_line(value["question"]), "    Question: ", 6)
        if value["verdict"] == "no-known-conflict":
            yield from layout.hang(NOT_AN_APPROVAL, "  ", 2)
    if any(v["findings"] for v in values):
        yield f"  {AFTER_THE_EDIT}"


def edits_text(values: Sequence[ReviewedSuggestion], layout: Layout, *, whole: bool) -> Iterator[str]:
    """What the suggestions change, and the reasons that the model gave."""
    for number, value in enumerate(values, 1):
        if not value["diff"].strip() and not value["rationale"]:
            continue
        yield from layout.hang(one_line(value["title"]), f"Edit of suggestion {number}: ", 2, "bold")
        if value["rationale"]:
            yield from layout.block(redact(visible(value["rationale"])).text)
        if confidence := sure(value["confidence"]):
            yield from layout.hang(confidence, "  ", 4)
        changes = list(map(_changed, value["before"], value["after"]))
        if changes:
            yield from layout.hang(f"Changes: {'; '.join(changes)}.", "  ", 4)
        diff = redact(visible(value["diff"].rstrip("\n"))).text.split("\n")
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


def _changed(before: ChangedLines, after: ChangedLines) -> str:
    """Lines before the edit and what they are after it."""
    old, new = (place(lines["start_line"], lines["end_line"]) for lines in (before, after))
    return f"{new} new" if not before["lines"] else f"{old} gone" if not after["lines"] else f"{old} to {new}"
