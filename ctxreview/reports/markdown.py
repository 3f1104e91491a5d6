"""Reports as Markdown, for notes, tickets and comments.

Forges look for mentions, issues, commits, addresses and the like in what Markdown has become, so that neither a backslash
nor an entity keeps them from it; code is what none of them touches (html-pipeline's ``IGNORE_PARENTS`` of GitHub, Banzai's
of GitLab). So a word of somebody else's text is a plain one, or is in a code span. Code sits behind fences it cannot
close.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctxreview.context.listing import file_listings
from ctxreview.context.proofs import proven, suggested
from ctxreview.context.visible import one_line, visible
from ctxreview.model.phrases import place
from ctxreview.model.review import Context, Finding, GuardResult, Review
from ctxreview.redact import redact
from ctxreview.reports.words import (
    NOTICE,
    UNANSWERED,
    closing_lines,
    ignored_line,
    omitted_parts,
    problems,
    sure,
    visible_parts,
)

_PLAIN = re.compile(
    r"""["'(]{0,3}(?:[^\x00-\x7f]|[A-Za-z0-9]|(?<=[^\W_])[-'](?=[^\W_]))*["')]{0,3}[.,;:?!]?["')]{0,3}"""
)
"""A word that no forge and no Markdown acts on: letters and digits with the punctuation of prose around them."""
_REFERENCE = re.compile(r"""["'(]*(?:[0-9a-f]{7,64}|[a-z][a-z0-9]*-\d+|www|[-=+*]+)["').,;:?!]*""", re.IGNORECASE)
"""What looks plain and is none: a commit, ``GH-1``, the mark of a list or heading."""
_NUMBERED = re.compile(r"""["'(]*\d+[.)]["').,;:?!]*""")
"""The mark of a numbered list, where the text begins with it."""
_MARK = re.compile(r"[.,;:?!)]{1,3}")
_WORDS = re.compile(r"`([^`]+)`|(\S+)")


def escaped(text: str) -> str:
    """``text`` on one line with nothing left that Markdown, HTML or a forge would act on.

    What is not a plain word is a code span; a span that the text has keeps its bounds.
    """
    shown = one_line(text)
    parts: list[tuple[bool, list[str]]] = []  # whether it is code, and its pieces
    at = 0
    for word in _WORDS.finditer(shown):
        is_code = word[1] is not None or not _is_plain(word[0], first=not shown[: word.start()].strip())
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
    code, mark = (code[:-1], code[-1]) if re.search(r"[^.,:][.,:]$", code[-2:]) else (code, "")
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


def context_markdown(value: Context) -> str:
    """The context of one selection."""
    return "\n".join([*_context(value), ""])


def _context(value: Context) -> Iterator[str]:
    first, last = value.selection.lines
    yield f"## {escaped(value.path)}, {place(first, last)}: {value.verdict}"
    yield ""
    for source, code in file_listings(value):
        if source.path != value.path:
            yield f"\n### {escaped(source.path)}\n"
        yield fenced(code, value.outline.language)
    yield ""
    yield "**What the source proves**"
    yield ""
    yield from (f"- {escaped(s)}" for s in proven(value))
    yield ""
    if likely := suggested(value):
        yield "**What names suggest**"
        yield ""
        yield from (f"- {escaped(s)}" for s in likely)
        yield ""
    yield "**What the model sees**"
    yield ""
    yield from (f"- {escaped(s)}" for s in visible_parts(value))
    yield ""
    yield "**What it does not see**"
    yield ""
    yield from (f"- {escaped(s)}" for s in (*value.unseen, *omitted_parts(value)))


def review_markdown(value: Review) -> str:
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
        "The rules found nothing. That does not prove that there is nothing."
    ]
    if value.ignored:
        out += ["", ignored_line(value)]
    if asked:
        out += ["", f"## Answer of {escaped(f'{value.provider} ({value.model})')}", "", escaped(value.summary)]
    out += ["", "## Checklist" if asked else "## Checklist, as far as the source proves it", ""]
    for answer in value.checklist:
        out.append(f"- **{answer.answer}**: {escaped(answer.question)}")
        for e in answer.evidence:
            doubt = "" if e.supported else " (unsupported: this text is not there)"
            out.append(f"  - {escaped(f'{e.path}:{e.line}: {e.quote}')}{doubt}")
        if answer.note:
            out.append(f"  - {escaped(answer.note)}")
    if asked:
        out += ["", "## Suggestions", ""]
        for suggestion in value.suggestions:
            out += suggestion_markdown(suggestion)
        if not value.suggestions:
            out.append("None.")
        out += problems_markdown(value)
    out += ["", *(f"{escaped(s)}\n" for s in closing_lines(value)), NOTICE if asked else UNANSWERED, ""]
    return "\n".join(out)


def problems_markdown(value: Review) -> Iterator[str]:
    """What the model reports without an edit, line by line."""
    if value.problems:
        yield from ("", "## Reported by the model, without an edit", "")
        yield from (f"- **{severity}**: {escaped(said)}" for severity, said in problems(value))


def _finding(finding: Finding) -> str:
    at = place(finding.at.start_line, finding.at.end_line)
    return f"- **{finding.severity}** {escaped(finding.rule)}, {at} ({finding.certainty}): {escaped(finding.message)} {escaped(finding.question)}"


def suggestion_markdown(value: GuardResult) -> Iterator[str]:
    """One suggestion with the guard's verdict, line by line."""
    yield f"### {escaped(value.suggestion.title)}: {value.verdict}"
    yield ""
    if value.suggestion.rationale:
        yield escaped(value.suggestion.rationale)
        yield ""
    if confidence := sure(value.suggestion):
        yield confidence
        yield ""
    if value.reason:
        yield f"{'Applied in part' if value.applied else 'Not applied'}: {escaped(value.reason)}"
        yield ""
    if value.diff:
        yield fenced(value.diff.rstrip("\n"), "diff")
        yield ""
    yield from (_finding(f) for f in value.findings)
    yield ""
