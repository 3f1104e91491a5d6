"""Reports as Markdown, for notes, tickets and comments.

Forges look for mentions, issues, commits, addresses and the like in what Markdown has become, so that neither a backslash
nor an entity keeps them from it; code is what none of them touches (html-pipeline's ``IGNORE_PARENTS`` of GitHub, Banzai's
of GitLab). So a word of somebody else's text is a plain one, or is in a code span. Code sits behind fences it cannot
close.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ctxreview.context.visible import one_line, visible
from ctxreview.model.phrases import place
from ctxreview.redact import redact
from ctxreview.regex import regex
from ctxreview.reports.code_text import file_listings
from ctxreview.reports.shapes.places import Finding
from ctxreview.reports.shapes.review import Problem, ReviewDocument, ReviewedSuggestion
from ctxreview.reports.shown import Reviewed, Shown
from ctxreview.reports.words import (
    DOES_NOT_SEE,
    HAZARDS,
    HOLDS,
    HOW_TO_ASK,
    NAMES_SUGGEST,
    NO_HAZARD,
    NO_SUGGESTION,
    NOT_ASKED,
    NOTICE,
    SEES,
    SOURCE_PROVES,
    UNANSWERED,
    UNSUPPORTED,
    WITHOUT_EDIT,
    applied,
    checklist_heading,
    ignored_line,
    problem_lines,
    sure,
    tokens_line,
    unredacted_line,
)

_PLAIN = regex(r"""["'(]{0,3}(?:[^\x00-\x7f]|[A-Za-z0-9]|(?<=[^\W_])[-'](?=[^\W_]))*["')]{0,3}[.,;:?!]?["')]{0,3}""")
"""A word that no forge and no Markdown acts on: letters and digits with the punctuation of prose around them."""
_REFERENCE = regex(r"""["'(]*(?:[0-9a-f]{7,64}|[a-z][a-z0-9]*-\d+|www|[-=+*]+)["').,;:?!]*""", re.IGNORECASE)
"""What looks plain and is none: a commit, ``GH-1``, the mark of a list or heading."""
_NUMBERED = regex(r"""["'(]*\d+[.)]["').,;:?!]*""")
"""The mark of a numbered list, where the text begins with it."""
_MARK = regex(r"[.,;:?!)]{1,3}")
_WORDS = regex(r"`([^`]+)`|(\S+)")


def escaped(text: str) -> str:
    """``text`` on one line with nothing left that Markdown, HTML or a forge would act on.

    What is not a plain word is a code span; a span that the text has keeps its bounds.
    """
    shown = one_line(text)
    parts: list[tuple[bool, list[str]]] = []  # whether it is code, and its pieces
    at = 0
    for word in _WORDS.finditer(shown):
        is_code = word[1] is not None or not _is_plain(word[0], first=not parts)
        inside = bool(parts) and parts[-1][0]  # of a code span that goes on
        glued = word.start() == at  # without a blank before it
        at = word.end()
        if inside and glued and not _MARK.fullmatch(word[0]):
            parts[-1][1].append(word[0])
        elif inside and is_code and word[1] is None:
            parts[-1][1].append(f" {word[0]}")
        else:
            parts.append((is_code, [word[1] if word[1] is not None else word[0]]))
    made: list[str] = []
    for is_code, pieces in parts:
        part = "".join(pieces)
        if made and not (_MARK.fullmatch(part) and made[-1][-1:] == "`"):
            made.append(" ")
        made.append(_span(part) if is_code else part)
    return "".join(made)


def _is_plain(word: str, *, first: bool) -> bool:
    marks = (_REFERENCE, _NUMBERED) if first else (_REFERENCE,)
    return _PLAIN.fullmatch(word) is not None and not any(m.fullmatch(word) for m in marks)


def _span(code: str) -> str:
    """A code span that nothing in it can close, and that does not look like a fence at the start of a line."""
    code, mark = (code[:-1], code[-1]) if re.search(r"[^.,:][.,:]$|\d;$", code[-2:]) else (code, "")
    runs = set(map(len, re.findall(r"`+", code)))
    if {1, 2} <= runs:
        code, runs = re.sub(r"`(?=`)", "` ", code), {1}
    ticks = "`" if 1 not in runs else "``"
    pad = " " if code.startswith("`") or code.endswith("`") else ""
    return f"{ticks}{pad}{code}{pad}{ticks}{mark}"


def table_cell(text: str) -> str:
    """:func:`escaped` in a table, whose cells end at each bar, also in code."""
    return escaped(text).replace("|", "\\|")


def fenced(text: str, language: str = "") -> str:
    """``text`` as a code block that nothing in it can close.

    No line in it begins as a fence or as one of GitLab's quick actions does, which it looks for by a rule of its own.
    """
    shown = re.sub(r"(?m)^(?=[/`~])", " ", redact(visible(text)).text)
    fence = "`" * max(3, 1 + max((len(r) for r in re.findall(r"`+", shown)), default=0))
    return f"{fence}{language}\n{shown}\n{fence}"


def context_part(value: ReviewDocument, beside: Shown) -> Iterator[str]:
    """The context of one selection, line by line."""
    about = value["context"]
    at = about["selection"]
    yield f"## {escaped(at['path'])}, {place(at['start_line'], at['end_line'])}: {about['verdict']}"
    yield ""
    for path, code in file_listings(about, beside):
        if path != at["path"]:
            yield f"\n### {escaped(path)}\n"
        yield fenced(code, about["language"])
    yield ""
    if beside["holders"]:
        yield f"**{HOLDS}**"
        yield ""
        for holder in beside["holders"]:
            yield f"- {escaped(holder['said'])}"
            yield from (f"  - {escaped(said)}" for said in holder["protects"])
        yield ""
    parts = (
        (SOURCE_PROVES, beside["proven"]),
        (NAMES_SUGGEST, beside["suggested"]),
        (SEES, value["visibility"]["seen"]),
        (DOES_NOT_SEE, beside["not_seen"]),
    )
    for heading, said in parts:
        if said:
            yield f"**{heading}**"
            yield ""
            yield from (f"- {escaped(s)}" for s in said)
            yield ""


def hazards_markdown(value: ReviewDocument) -> Iterator[str]:
    """What the rules found in the code as it is, line by line."""
    yield f"## {HAZARDS}"
    yield ""
    yield from (_finding(f) for f in value["hazards"])
    if not value["hazards"]:
        yield NO_HAZARD
    if ignored := ignored_line(value):
        yield ""
        yield ignored


def review_markdown(given: Reviewed) -> str:
    """One review."""
    return "\n".join(_review(given.documents[0], given.shown))


def _review(value: ReviewDocument, beside: Shown) -> Iterator[str]:
    provider = value["provider"]
    yield "# ctxreview"
    yield ""
    yield f"> {escaped(value['question'])}"
    yield ""
    yield from context_part(value, beside)
    yield from hazards_markdown(value)
    if provider is not None:
        yield ""
        name = f"{provider['name']} ({provider['model']})"
        yield f"## Answer of {escaped(name)}"
        yield ""
        yield escaped(value["summary"] or "")
    yield ""
    yield f"## {checklist_heading(value)}"
    yield ""
    for answer in value["checklist"]:
        yield f"- **{answer['answer']}**: {escaped(answer['question'])}"
        for e in answer["evidence"]:
            doubt = "" if e["supported"] else f" {UNSUPPORTED}"
            cited = f"{e['path']}:{e['line']}: {e['quote']}"
            yield f"  - {escaped(cited)}{doubt}"
        if answer["note"]:
            yield f"  - {escaped(answer['note'])}"
    if provider is not None:
        yield ""
        yield "## Suggestions"
        yield ""
        yield from said_markdown(value)
    yield ""
    if provider is None:
        selection = one_line(beside["given"]).replace("`", "?")
        yield escaped(f"{NOT_ASKED} {HOW_TO_ASK.format(selection=selection)}")
        yield ""
    for said in (tokens_line(value), unredacted_line(value)):
        if said:
            yield escaped(said)
            yield ""
    yield NOTICE if provider is not None else UNANSWERED
    yield ""


def said_markdown(value: ReviewDocument) -> Iterator[str]:
    """What a model suggests and what it reports, line by line."""
    for suggestion in value["suggestions"]:
        yield from _suggestion(suggestion)
    if not value["suggestions"]:
        yield NO_SUGGESTION
    yield from _problems(value["findings"])


def _problems(found: Sequence[Problem]) -> Iterator[str]:
    """What the model reports without an edit, line by line."""
    if found:
        yield from ("", f"## {WITHOUT_EDIT}", "")
        yield from (f"- **{severity}**: {escaped(said)}" for severity, said in problem_lines(found))


def _finding(finding: Finding) -> str:
    at = place(finding["start_line"], finding["end_line"])
    said = escaped(f"{finding['message']} {finding['question']}")
    return f"- **{finding['severity']}** {escaped(finding['rule'])}, {at} ({finding['certainty']}): {said}"


def _suggestion(value: ReviewedSuggestion) -> Iterator[str]:
    """One suggestion with the guard's verdict, line by line."""
    yield f"### {escaped(value['title'])}: {value['verdict']}"
    yield ""
    for said in (value["rationale"], sure(value["confidence"]), applied(value)):
        if said:
            yield escaped(said)
            yield ""
    if value["diff"]:
        yield fenced(value["diff"].rstrip("\n"), "diff")
        yield ""
    yield from (_finding(f) for f in value["findings"])
    yield ""
