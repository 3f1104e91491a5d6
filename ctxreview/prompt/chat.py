"""A chat's answer in Markdown to the parts of a reply, as ``prompt --for chat`` asks for them; what another chat wrote, as far as it goes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

from ctxreview.model.kinds import Answer, Severity
from ctxreview.model.review import ChecklistAnswer, Evidence, Problem
from ctxreview.prompt.checklist import Item
from ctxreview.prompt.limits import MOST_EDITS, within_reason
from ctxreview.regex import regex

_HEADING = regex(r" {0,3}#{1,6}[ \t]+(.+?)[ \t#]*$")
_FENCE = regex(r"[ \t]*(?:>[ \t]?)*(`{3,}|~{3,})")
_ITEM = regex(
    r"[ \t]*(?:[-*+]|\d+[.)])?[ \t]*[*_`]*([\w-]{1,80})[*_`]*[ \t]*:[*_ \t]*(yes|no|cannot[- ]tell)\b[*_`]*(.*)",
    re.IGNORECASE,
)
_PROBLEM = regex(
    r"[ \t]*(?:[-*+]|\d+[.)])[ \t]*[*_`]*([^\s`*():][^`*()\n]{0,300}?):(\d{1,7})(?:-\d{1,7})?[*_`]*[ \t]*\(?[*_]*(high|medium|low)[*_]*\)?[ \t]*[:,.-]*[ \t]*(.*)",
    re.IGNORECASE,
)
_CITED = regex(r"`?([^\s`\"“(]{1,300}):(\d{1,7})`?:?[ \t]*(?:`([^`\n]{1,400})`|[\"“]([^\"”\n]{1,400})[\"”])")
_OWN = {"checklist": "checklist", "findings": "findings", "suggestions": "suggestions", "suggestion": "suggestions"}


class Answered(NamedTuple):
    """The parts of an answer; ``suggestions`` is what is left of its text, with its fences, for the guard to place.

    ``checklist`` has the items that it answers.
    """

    summary: str
    checklist: tuple[ChecklistAnswer, ...]
    problems: tuple[Problem, ...]
    suggestions: str


def read_chat(text: str, checklist: Sequence[Item]) -> Answered:
    """The parts of an answer in Markdown.

    Raises :class:`ReplyError` where it has more characters or lines than are read.
    """
    within_reason(text)
    parts = _parts(text)
    asked = {item.id.casefold(): item for item in checklist}
    answers = {answer.id: answer for answer in _answers(parts["checklist"], asked)}
    return Answered(
        summary=_first_paragraph(parts[""]),
        checklist=tuple(answers.values()),
        problems=tuple(_problems(parts["findings"])),
        suggestions="\n".join((*parts[""], *parts["suggestions"])),
    )


def _parts(text: str) -> dict[str, list[str]]:
    """The lines under each heading of ours, without it; those before, and under other headings there, under ``""``."""
    parts: dict[str, list[str]] = {"": [], "checklist": [], "findings": [], "suggestions": []}
    part, fence = "", ""
    for line in text.splitlines():
        opened = _FENCE.match(line)
        if opened is not None:
            fence = "" if fence and opened[1].startswith(fence) else fence or opened[1]
        heading = _HEADING.fullmatch(line) if not fence else None
        if heading is not None and (own := _OWN.get(heading[1].strip("*_: ").casefold())) is not None:
            part = own
            continue
        parts[part].append(line)
    return parts


def _first_paragraph(lines: Sequence[str]) -> str:
    """The first paragraph of prose."""
    found: list[str] = []
    for line in lines:
        if _FENCE.match(line):
            break
        if not line.strip() or _HEADING.fullmatch(line):
            if found:
                break
            continue
        found.append(line.strip())
    return " ".join(found)


def _answers(lines: Sequence[str], asked: dict[str, Item]) -> Iterator[ChecklistAnswer]:
    for line in lines:
        read = _ITEM.match(line)
        item = asked.get(read[1].casefold()) if read is not None else None
        if read is not None and item is not None:
            answer = cast("Answer", read[2].lower().replace(" ", "-"))
            note = read[3].strip().lstrip(":,.;-–—* ").strip()
            evidence = (Evidence(c[1], int(c[2]), c[3] or c[4]) for c in _CITED.finditer(note))
            yield ChecklistAnswer(item.id, item.question, answer, tuple(evidence), note)


def _problems(lines: Sequence[str]) -> Iterator[Problem]:
    read = [p for line in lines if (p := _PROBLEM.match(line)) is not None]
    for problem in read[:MOST_EDITS]:
        yield Problem(problem[1].strip(), int(problem[2]), cast("Severity", problem[3].lower()), problem[4].strip())
