"""What the tools do: arguments and roots in, a document and a text out, by what the library has.

They run in the process of :mod:`ctxreview.servers.mcp.work`, and raise a :class:`CtxreviewError` with one sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import ctxreview
from ctxreview.context.listing import file_listings
from ctxreview.context.visible import one_line, visible
from ctxreview.errors import ConfigError, SourceError
from ctxreview.model.regions import Region
from ctxreview.model.review import Comparison, Finding
from ctxreview.model.source import Span
from ctxreview.regex import regex
from ctxreview.reports.comparison import comparison_document, comparison_text
from ctxreview.reports.document import finding_document, guarded_document, review_document
from ctxreview.reports.findings import findings_summary, findings_text
from ctxreview.reports.json_text import Document, clean
from ctxreview.reports.layout import Layout
from ctxreview.reports.text import context_text
from ctxreview.reports.words import HAZARDS, NO_HAZARD, NOT_AN_APPROVAL, TEAM_QUESTION
from ctxreview.review import DEFAULT_HOPS, DEFAULT_QUESTION
from ctxreview.servers.mcp import roots, shapes

_MEMBER = regex(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_LINES = regex(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?")

WIDE = Layout(400)
"""Lines of code are not wrapped: whoever reads it is no terminal."""

FILE_ALONE = "Other files were not read: their callers, locks and types are unknown here. Ask again with other_files to have them read."


class Result(NamedTuple):
    """What a tool returns: a document of the tool's shape without ``cut``, and the same for people as text."""

    document: Document
    text: str


def expand_selection(given: shapes.ExpandSelection, of: Sequence[Path]) -> Result:
    """The lines with all that they depend on."""
    place = roots.file_in(of, given.path)
    selected = _selection(place, given.start_line, given.end_line, given.member)
    hops = _hops(given.other_files)
    value = ctxreview.review(selected, text=given.text, root=place.root, hops=hops, budget=given.budget)
    made = review_document(value)
    listings = [{"path": visible(source.path), "listing": listing} for source, listing in file_listings(value.context)]
    document = {key: made[key] for key in ("context", "hazards", "checklist", "notice")} | {"code": clean(listings)}
    asked = (f"- {item['id']} ({item['answer']}): {item['question']} {item['note']}" for item in made["checklist"])
    said = [
        context_text(value.context, WIDE),
        HAZARDS,
        findings_text(value.hazards, 1) if value.hazards else NO_HAZARD,
        "",
        "Checklist, with what the source alone answers",
        *map(one_line, asked),
        "",
        *([FILE_ALONE] if not hops else []),
        made["notice"],
    ]
    return Result(document, "\n".join(said))


def find_scopes(given: shapes.FindScopes, of: Sequence[Path]) -> Result:
    """The transactions and locks of a file."""
    place = roots.file_in(of, given.path)
    made = ctxreview.scopes(place.path, text=given.text, root=place.root)
    found = [_scope(region, made) for region in made.regions]
    document = {
        "path": made.source.path,
        "language": made.language,
        "clean": made.parse.clean,
        "scopes": found,
    }
    lines = [
        one_line(
            f"{s['start_line']}-{s['end_line']}: {s['kind']}, {s['construct']} {s['resource'] or ''} in {s['function'] or s['type'] or 'the file'}. {s['note'] or ''}"
        )
        for s in found
    ]
    told = "\n".join([f"{one_line(made.source.path)}: {len(found)} transactions and locks", *lines])
    return Result(clean(document), told)


def _scope(region: Region, made: ctxreview.Outline) -> Document:
    source = made.source
    first, last = source.lines_of(region.span)
    around = made.member_of(region.opening)
    return {
        "kind": region.kind,
        "construct": region.construct,
        "form": region.form,
        "resource": region.resource or None,
        "mode": region.mode or None,
        "start_line": first,
        "end_line": source.line_of(region.closing.start) if region.form == "acquire-release" else last,
        "function": (around.name or None) if around is not None else None,
        "type": (region.container or None) if around is None else around.container or None,
        "isolation": region.isolation.text if region.isolation is not None else None,
        "async_flow": region.async_flow,
        "completes_at": [source.line_of(call.start) for call in region.completes_at],
        "certainty": region.certainty,
        "explained": region.intent is not None,
        "note": region.note or None,
    }


def check_suggestion(given: shapes.CheckSuggestion, of: Sequence[Path]) -> Result:
    """What is proposed for lines, held against the scopes."""
    place = roots.file_in(of, given.path)
    selected = _selection(place, given.start_line, given.end_line, given.member)
    if (given.replacement is None) == (given.answer is None):
        raise ConfigError("Give replacement, the new text of the selected lines, or answer, Markdown or a diff.")
    replace = given.replacement is not None
    answer = given.replacement if given.replacement is not None else given.answer or ""
    hops = _hops(given.other_files)
    made = ctxreview.guard(selected, answer, replace=replace, text=given.text, root=place.root, hops=hops)
    from ctxreview.guard.check import worst

    verdict = worst([one.verdict for one in made])
    document = {
        "verdict": verdict,
        "suggestions": [guarded_document(one) for one in made],
        "failed": [],
        "notes": _notes(hops),
        "notice": NOT_AN_APPROVAL if verdict == "no-known-conflict" else TEAM_QUESTION,
    }
    said = [f"Guard: {verdict}"]
    for one in made:
        said.append(one_line(f"{one.verdict}: {one.suggestion.title} {one.reason}"))
        said += [findings_text(one.findings, 1)] if one.findings else []
    ends = [NOT_AN_APPROVAL] if verdict == "no-known-conflict" else []
    return Result(clean(document), "\n".join([*said, *_notes(hops), *ends, TEAM_QUESTION]))


def check_diff(given: shapes.CheckDiff, of: Sequence[Path]) -> Result:
    """A diff, or a range of git's, held against the scopes of all its files."""
    root = roots.root_named(of, given.root)
    if (given.patch is None) == (given.diff is None):
        raise ConfigError("Give patch, the text of a unified diff, or diff, a range such as main...HEAD.")
    if given.diff is not None:
        roots.check_git(root)
    hops = _hops(given.other_files)
    made: Comparison = ctxreview.compare(given.diff, patch=given.patch, root=root, hops=hops)
    told = comparison_document(made, {})
    document = {
        "verdict": told["verdict"],
        "suggestions": told["suggestions"],
        "failed": told["failed"],
        "notes": [*told["notes"], *_notes(hops)],
        "notice": NOT_AN_APPROVAL if made.verdict == "no-known-conflict" else TEAM_QUESTION,
    }
    failed = [one_line(sentence) for sentence in made.failed]
    return Result(document, "\n".join([comparison_text(made, WIDE), *failed, *_notes(hops)]))


def list_hazards(given: shapes.ListHazards, of: Sequence[Path]) -> Result:
    """What the rules find in a file."""
    place = roots.file_in(of, given.path)
    text = given.text
    if text is None and not given.other_files:
        text = _text_of(place)
    made = ctxreview.lint(place.path, text=text, root=place.root)
    if made.failed:
        raise SourceError(made.failed[0])
    notes = [] if given.other_files and given.text is None else [FILE_ALONE]
    document = {
        "path": place.inside,
        "findings": [finding_document(finding) for finding in made.findings],
        "suppressed": made.suppressed,
        "notes": [*made.notes, *notes],
    }
    return Result(clean(document), "\n".join([_told(made.findings), *notes]))


def explain_rule(given: shapes.ExplainRule, of: Sequence[Path]) -> Result:
    """What a rule says of itself."""
    rule = ctxreview.explain(given.rule)
    text = rule_text(rule)
    return Result({"rule": rule.id, "severity": rule.severity, "looks_at": rule.looks_at, "text": text}, text)


def rule_text(rule: ctxreview.RuleEntry) -> str:
    """A rule as a page of Markdown."""
    from ctxreview.rules.catalogue import markdown, plain

    only = f" It is asked of {rule.asked_of}." if rule.asked_of else ""
    heading = f"# {rule.id}\n\n{plain(rule.summary)} Severity {rule.severity}; looks at {rule.looks_at}.{only}"
    return f"{heading}\n\n{markdown(rule, 2)}\n"


def review(given: shapes.Review, of: Sequence[Path]) -> Result:
    """The finished prompt about a selection."""
    place = roots.file_in(of, given.path)
    form = _LINES.fullmatch(given.lines)
    if form is None:
        raise SourceError(f"lines: {given.lines[:40]!r} are none; give them as 31-33.")
    first, last = int(form[1]), int(form[2] or form[1])
    question = given.question if given.question is not None else DEFAULT_QUESTION
    made = ctxreview.prompt(_selection(place, first, last, None), question, root=place.root, hops=0)
    return Result({}, f"{made.system}\n\n{made.user}")


def checklist(given: shapes.Checklist, of: Sequence[Path]) -> Result:
    """The questions that every review answers, those of a root among them where there is one root."""
    from ctxreview.config import project, prompt_file
    from ctxreview.prompt.checklist import load

    own = project(of[0]).checklist if len(of) == 1 else ()
    shipped = load(prompt_file("checklists/concurrency.toml"))
    asked = [one_line(f"- {item.id}: {item.question}") for items in (shipped, own) for item in items]
    head = "Answer each question with yes, no or cannot-tell, and with the lines that say so, before you propose a change of this code."
    return Result({}, "\n".join([head, "", *asked, "", TEAM_QUESTION]))


def _selection(place: roots.Place, first: int | None, last: int | None, member: str | None) -> str:
    if member is not None:
        if first is not None or last is not None:
            raise SourceError("Give start_line and end_line, or member.")
        if _MEMBER.fullmatch(member) is None:
            raise SourceError(f"member: {member[:100]!r} is no name of a member; give one such as Orders.Take.")
        return f"{place.path}:{member}"
    if first is None:
        raise SourceError("Give start_line and end_line, or member.")
    return f"{place.path}:{first}-{last if last is not None else first}"


def _hops(other_files: bool) -> int:
    return DEFAULT_HOPS if other_files else 0


def _notes(hops: int) -> list[str]:
    return [] if hops else [FILE_ALONE]


def _told(findings: Sequence[Finding]) -> str:
    return findings_text(findings, 1) if findings else findings_summary(findings, 1)


def _text_of(place: roots.Place) -> str:
    from ctxreview.workspace.reading import read_source

    source = read_source(place.path, place.root)
    return source.text(Span(0, len(source.data)))


Tool = Callable[[Any, Sequence[Path]], Result]


class Entry(NamedTuple):
    """A tool: what it does, what it is asked and what it returns, ``None`` for a prompt, which returns a text."""

    does: Tool
    asked: type[Any]
    returns: Any
    title: str = ""
    about: str = ""


TOOLS: dict[str, Entry] = {
    "expand_selection": Entry(
        cast("Tool", expand_selection),
        shapes.ExpandSelection,
        shapes.Expanded,
        "Expand a selection to what it depends on",
        "Call this before you propose any change of code. Given lines or a member of a file, it returns the whole function, the transactions and locks that hold it, what they protect, the hazards that are there, a checklist, and what was not seen. Where the verdict is cannot-tell, call it again with other_files before you conclude.",
    ),
    "find_scopes": Entry(
        cast("Tool", find_scopes),
        shapes.FindScopes,
        shapes.FoundScopes,
        "Find the transactions and locks of a file",
        "Lists each transaction and lock of a file: from which line to which it is held, on what, in which function, and where it completes.",
    ),
    "check_suggestion": Entry(
        cast("Tool", check_suggestion),
        shapes.CheckSuggestion,
        shapes.Checked,
        "Check a change of selected lines",
        "Call this with what you are about to propose, before you propose it. The change is applied in memory and compared with the transactions and locks of the file. A finding is evidence and a question, which you quote; no-known-conflict is not an approval.",
    ),
    "check_diff": Entry(
        cast("Tool", check_diff),
        shapes.CheckDiff,
        shapes.Checked,
        "Check a diff of several files",
        "Compares both versions of all files that a unified diff or a range of git's changes, as check_suggestion does for one.",
    ),
    "list_hazards": Entry(
        cast("Tool", list_hazards),
        shapes.ListHazards,
        shapes.Hazards,
        "List the hazards of a file",
        "Lists what the rules find in a file as it is: hazards of transactions, locks, tracked entities and SQL, each with its lines and a question.",
    ),
    "explain_rule": Entry(
        cast("Tool", explain_rule),
        shapes.ExplainRule,
        shapes.Explained,
        "Explain a rule",
        "Says what a rule flags, why that matters, when it is fine, with an example.",
    ),
}

PROMPTS: dict[str, Entry] = {
    "checklist": Entry(
        cast("Tool", checklist),
        shapes.Checklist,
        None,
        "The concurrency checklist",
        "The questions that are answered before a change of code is proposed.",
    ),
    "review": Entry(
        cast("Tool", review),
        shapes.Review,
        None,
        "Review lines with their full context",
        "The finished prompt about lines of a file: all that they depend on, the question, the checklist.",
    ),
}
