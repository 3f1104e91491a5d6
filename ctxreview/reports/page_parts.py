"""The parts of a page, made of a review's document: what the template puts into words and boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, cast

from ctxreview.model.kinds import GUARD_VERDICTS, SEVERITIES, Severity
from ctxreview.model.phrases import numbers
from ctxreview.reports.page_code import Sheet, sheet
from ctxreview.reports.page_diff import Hunk, hunks
from ctxreview.reports.places import runs
from ctxreview.reports.shapes.context import ContextDocument
from ctxreview.reports.shapes.places import Finding, Place
from ctxreview.reports.shapes.review import ChecklistAnswer, Evidence, ReviewDocument, ReviewedSuggestion
from ctxreview.reports.shown import Reviewed, Shown, ShownFile, before_edit
from ctxreview.reports.words import cost_text, number_or_unknown, whose, why


class Failed(NamedTuple):
    """A selection that has no review, and why."""

    selection: str
    why: str


class Link(NamedTuple):
    """A place as it is written; ``anchor`` is ``""`` where the page does not show it."""

    text: str
    anchor: str


class Told(NamedTuple):
    """Findings that say the same of several places."""

    first: Finding
    places: tuple[Link, ...]
    related: tuple[tuple[Link, str], ...]


class Edited(NamedTuple):
    """A suggestion with what was found; ``named`` are the lines of its diff, after the edit, to which there are links."""

    given: ReviewedSuggestion
    anchor: str
    named: tuple[int, ...]
    hunks: tuple[Hunk, ...]
    found: tuple[Told, ...]


class Answered(NamedTuple):
    """An item of the checklist with one model's answer, or the source's."""

    given: ChecklistAnswer
    places: tuple[Link, ...]
    unsupported: tuple[Evidence, ...]


class Opinion(NamedTuple):
    """What one model says; ``name`` is ``""`` where none was asked."""

    name: str
    document: ReviewDocument
    suggestions: tuple[Edited, ...]
    answers: tuple[Answered, ...]
    problems: tuple[tuple[Severity, Link, str], ...]


class Entry(NamedTuple):
    """One selection; the ids on it begin with ``prefix``. ``own`` are the selected functions, ``rest`` the other lines of their file."""

    prefix: str
    verdict: str
    document: ReviewDocument
    shown: Shown
    facts: tuple[tuple[str, str], ...]
    opinions: tuple[Opinion, ...]
    hazards: tuple[Told, ...]
    own: Sheet
    rest: Sheet | None
    others: tuple[tuple[str, Sheet], ...]


def entry(value: Reviewed, prefix: str) -> Entry:
    """What the page says of one selection."""
    first = value.documents[0]
    about, files = first["context"], value.shown["files"]
    hazards = first["hazards"]
    link = _linker(value.shown, prefix)
    verdicts = [s["verdict"] for d in value.documents for s in d["suggestions"]]
    own, rest = _parted(files[0], about)
    worst = min(verdicts, key=GUARD_VERDICTS.index, default="")
    return Entry(
        prefix,
        worst,
        first,
        value.shown,
        tuple(_facts(value)),
        tuple(_opinion(d, prefix, n, link) for n, d in enumerate(value.documents, 1)),
        tuple(_told(hazards, link)),
        sheet(own, about, hazards),
        sheet(rest, about, hazards) if rest["lines"] else None,
        tuple((f"{prefix}f{n}", sheet(f, about, hazards)) for n, f in enumerate(files[1:], 1)),
    )


def _parted(file: ShownFile, about: ContextDocument) -> tuple[ShownFile, ShownFile]:
    """The lines of the selected functions, and the others; outside every function there are no others."""
    ranges = [(f["start_line"], f["end_line"]) for f in (*about["functions"], about["selection"])]
    if not about["functions"]:
        return file, {"path": file["path"], "lines": []}
    inside = [any(a <= n <= b for a, b in ranges) for n, _ in file["lines"]]
    parts = ([line for line, it in zip(file["lines"], inside, strict=True) if it is wanted] for wanted in (True, False))
    own, rest = ({"path": file["path"], "lines": lines} for lines in parts)
    return cast("ShownFile", own), cast("ShownFile", rest)


Linker = Callable[[str, int, int], Link]
"""Gives the link to lines of a file."""


def _linker(value: Shown, prefix: str) -> Linker:
    anchors = {
        (file["path"], number): f"{prefix}{f'f{at}' if at else ''}L{number}"
        for at, file in enumerate(value["files"])
        for number, _ in file["lines"]
    }
    own = value["files"][0]["path"]

    def link(path: str, first: int, last: int) -> Link:
        return Link(f"{'' if path == own else path}:{numbers(first, last)}", anchors.get((path, first), ""))

    return link


def _facts(value: Reviewed) -> Iterator[tuple[str, str]]:
    """What stands in the head: where, which state of it, who was asked, when and for how much."""
    first, shown = value.documents[0], value.shown
    selected = first["context"]["selection"]
    yield "File", f"{selected['path']}:{numbers(selected['start_line'], selected['end_line'])}"
    if shown["commit"]:
        since = {True: ", changed since", False: "", None: ", perhaps changed since"}[shown["changed"]]
        yield "Commit", f"{shown['commit'][:12]}{since}"
    yield "Date", f"{value.at[:16].replace('T', ' ')} UTC"
    for document in value.documents:
        provider, usage = document["provider"], document["usage"]
        if provider is None:
            yield "Model", "none was asked"
        elif usage is not None:
            stored = "; a stored answer" if document["from_store"] else ""
            tokens = f"{number_or_unknown(usage['prompt_tokens'])} tokens sent, {number_or_unknown(usage['reply_tokens'])} received"
            yield "Model", f"{whose(provider['model'], provider['name'])}: {tokens}, {cost_text(usage['cost'])}{stored}"
        else:
            yield "Model", whose(provider["model"], provider["name"])


def _opinion(document: ReviewDocument, prefix: str, number: int, link: Linker) -> Opinion:
    provider = document["provider"]
    return Opinion(
        f"{provider['name']} ({provider['model']})" if provider else "",
        document,
        tuple(
            edited(given, f"{prefix}m{number}s{at}", document["context"]["selection"]["path"], link)
            for at, given in enumerate(document["suggestions"], 1)
        ),
        tuple(_answered(given, link) for given in document["checklist"]),
        tuple((p["severity"], link(p["path"], p["line"], p["line"]), why(p)) for p in document["findings"]),
    )


def edited(given: ReviewedSuggestion, anchor: str, path: str, link: Linker) -> Edited:
    """An edit of the file ``path``, its ids beginning with ``anchor``.

    Findings on an edit give lines as they are after it: links go to the new side of its diff, or to where the line was before.
    """
    made = tuple(hunks(given["diff"]))
    named: dict[int, None] = {}
    own = {row.new.number for hunk in made if hunk.path in ("", path) for row in hunk.lines if row.new}

    def after(its_path: str, first: int, last: int) -> Link:
        if its_path != path:
            return link(its_path, first, last)
        there = next((n for n in range(first, last + 1) if n in own), None)
        if there:
            named[there] = None
        old = link(path, before_edit(given, first), before_edit(given, last))
        return Link(link(path, first, last).text, f"{anchor}N{there}" if there else old.anchor)

    found = tuple(_told(given["findings"], after))
    return Edited(given, anchor, tuple(named), made, found)


def _told(found: Sequence[Finding], link: Linker) -> Iterator[Told]:
    """The findings, the worst first; those that say the same of several places together."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for each in sorted(found, key=lambda f: (SEVERITIES.index(f["severity"]), f["path"], f["start_line"])):
        same = (each["severity"], each["rule"], each["certainty"], each["message"], each["question"], each["path"])
        groups.setdefault(same, []).append(each)
    for group in groups.values():
        places = tuple(dict.fromkeys(_link(f, link) for f in group))
        related = dict.fromkeys((_link(r, link), r["what"]) for f in group for r in f["related"])
        yield Told(group[0], places, tuple(related))


def _link(at: Finding | Place, link: Linker) -> Link:
    return link(at["path"], at["start_line"], at["end_line"])


def _answered(given: ChecklistAnswer, link: Linker) -> Answered:
    unsupported = tuple(e for e in given["evidence"] if e["supported"] is False)
    lines: dict[str, set[int]] = {}
    for each in given["evidence"]:
        if each["supported"] is not False:
            lines.setdefault(each["path"], set()).add(each["line"])
    places = tuple(link(path, *run) for path, cited in lines.items() for run in runs(cited))
    return Answered(given, places, unsupported)
