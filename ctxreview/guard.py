"""Each suggestion applied to the source in memory, outlined again, and compared with the scopes.

Takes what chat models answer: the structured reply, a unified diff, or Markdown with fenced code. Needs no model.
"""

from __future__ import annotations

import difflib
import re
import textwrap
from collections.abc import Sequence
from itertools import pairwise

from ctxreview import rules
from ctxreview.errors import ReplyError
from ctxreview.model import Context, Edit, Finding, Guarded, GuardVerdict, Lines, Outline, Source, Span, Suggestion
from ctxreview.outline import outline
from ctxreview.reply import parse, same_path

WORST: tuple[GuardVerdict, ...] = ("conflicts", "needs-human", "no-known-conflict")
"""Guard verdicts, worst first."""

_CODE_FENCES = frozenset({"", "csharp", "cs", "c#"})
_ELISION = re.compile(
    r"^\s*(//|/\*|#)?\s*(\.\.\.|…)|^\s*(//|/\*).*\b(existing|rest|remaining|unchanged|same|other)\b.*(\.\.\.|…)",
    re.MULTILINE | re.IGNORECASE,
)


class _UnappliedError(Exception):
    """Why an edit has no certain place: one sentence."""


def worst(verdicts: Sequence[GuardVerdict]) -> GuardVerdict:
    """The worst of some verdicts; ``no-known-conflict`` where there are none."""
    return min(verdicts, key=WORST.index, default="no-known-conflict")


def suggestions(text: str, context: Context) -> tuple[Suggestion, ...]:
    """The suggestions in a model's answer. Raises :class:`ReplyError` when there is no code in it."""
    text = text.replace("\r\n", "\n")
    stripped = text.strip()
    if re.match(r"(```(json)?\s*)?\{\s*\"", stripped):
        found_there = parse(stripped, ()).suggestions
        if not found_there:
            raise ReplyError("This answer suggests no change, so there is nothing to check.")
        return found_there
    if re.search(r"^@@ -\d", stripped, re.MULTILINE) and not re.search(r"^```", stripped, re.MULTILINE):
        return _from_diff(text, "The given diff")
    found: list[Suggestion] = []
    fences = r"^[ \t]*(`{3,})[ \t]*([\w#+-]*)[^\n]*\n(.*?)^[ \t]*\1`*[ \t]*$"
    for fence in re.finditer(fences, text, re.MULTILINE | re.DOTALL):
        language, code = fence[2].lower(), textwrap.dedent(fence[3])
        title = f"Code block {len(found) + 1}"
        if language == "diff":
            found += _from_diff(code, title)
        elif language in _CODE_FENCES:
            found.append(Suggestion(title, _sentence_before(text, fence.start()), (_fragment(code, context),)))
    if not found:
        raise ReplyError(
            "There is no suggestion in this answer: ctxreview reads a structured reply (JSON), a unified diff, "
            "or Markdown with fenced code."
        )
    return tuple(found)


def _sentence_before(text: str, at: int) -> str:
    paragraphs = [p.strip() for p in re.split(r"\n\s*\n", text[:at]) if p.strip()]
    return paragraphs[-1] if paragraphs else ""


def _fragment(code: str, context: Context) -> Edit:
    """A fenced fragment replaces the type or function it declares, or else the selected lines."""
    source = context.selection.source
    types = context.outline.around(context.selection.span, "type")
    whole = next((t for t in types if re.search(rf"\b{t.construct}\s+(struct\s+)?{re.escape(t.name)}\b", code)), None)
    if whole is not None:
        first, last = source.lines_of(whole.span)
        if re.search(r"^\s*namespace\b", code, re.MULTILINE):
            first, last = 1, source.line_count
        return Edit(source.path, first, last, source.text(source.line_span(first, last)), code.rstrip("\n"))
    for function in reversed(context.functions):
        if re.search(
            rf"^[^\n=;.]*\b{re.escape(function.name)}\s*(<[^<>()]*>)?\s*\([^;]*?\)[^;]*?(\{{|=>)", code, re.MULTILINE
        ):
            first, last = source.lines_of(function.span)
            break
    else:
        first, last = context.selection.lines
    return Edit(source.path, first, last, source.text(source.line_span(first, last)), code.rstrip("\n"))


def _from_diff(text: str, title: str) -> tuple[Suggestion, ...]:
    from unidiff.errors import UnidiffParseError
    from unidiff.patch import PatchSet

    try:
        files = PatchSet(text if text.endswith("\n") else text + "\n")
    except UnidiffParseError as error:
        raise ReplyError(f"{title} cannot be read: {error}") from None
    edits = [
        Edit(
            path=file.path,
            start_line=hunk.source_start,
            end_line=hunk.source_start + hunk.source_length - 1,
            original="".join(line.value for line in hunk if not line.is_added).rstrip("\n"),
            replacement="".join(line.value for line in hunk if not line.is_removed).rstrip("\n"),
        )
        for file in files
        for hunk in file
    ]
    if not edits:
        raise ReplyError(f"{title} has no hunk that can be read.")
    return (Suggestion(title, "", tuple(edits)),)


def guard(context: Context, suggestion: Suggestion) -> Guarded:
    """What ``suggestion`` changes across the scopes of the selected file."""
    before = context.outline
    try:
        after = apply(suggestion, before.source)
    except _UnappliedError as why:
        return Guarded(suggestion, applied=False, verdict="needs-human", findings=(), reason=str(why))
    changed = outline(after, wrappers=before.wrappers)
    findings = list(rules.compare(before, changed))
    if len(changed.parse.errors) > len(before.parse.errors):
        findings.append(_unparsed(changed))
    verdict: GuardVerdict = "no-known-conflict"
    if findings:
        verdict = "conflicts" if any(f.severity == "high" for f in findings) else "needs-human"
    return Guarded(
        suggestion, applied=True, verdict=verdict, findings=tuple(findings), diff=_diff(before.source, after)
    )


def _unparsed(changed: Outline) -> Finding:
    at = changed.parse.errors[0]
    return Finding(
        rule="unparsed-edit",
        severity="medium",
        certainty="syntactic",
        message="After the edit the file no longer parses, so its scopes are uncertain.",
        question="Is the suggestion complete, and is it in the right place?",
        at=Lines(changed.source.path, *changed.source.lines_of(at)),
    )


def apply(suggestion: Suggestion, source: Source) -> Source:
    """``source`` with every edit made, in memory. Raises when an edit has no certain place in it."""
    placed: list[tuple[Span, bytes]] = []
    if not suggestion.edits:
        raise _UnappliedError("It proposes no edit.")
    for edit in suggestion.edits:
        if not same_path(edit.path, source.path):
            raise _UnappliedError(f"It changes {edit.path}, which is not the reviewed file.")
        if _ELISION.search(edit.replacement) and not _ELISION.search(edit.original):
            raise _UnappliedError('It leaves code out ("..."), so what it replaces is not certain.')
        first, last = _place(edit, source)
        span = source.line_span(first, last)
        placed.append((span, _fitted(edit, source, first, last).encode()))
    placed.sort()
    if any(a[0].end > b[0].start for a, b in pairwise(placed)):
        raise _UnappliedError("Its edits overlap.")
    data = source.data
    for span, new in reversed(placed):
        data = data[: span.start] + new + data[span.end :]
    if data == source.data:
        raise _UnappliedError("It changes nothing.")
    return Source(source.path, data, source.encoding)


def _place(edit: Edit, source: Source) -> tuple[int, int]:
    """The lines an edit replaces: where it says, if its original text stands there, else the one place it does."""
    wanted = [_squeezed(line) for line in edit.original.strip("\n").splitlines()]
    if not any(wanted):
        raise _UnappliedError("It does not quote the lines it replaces.")
    lines = [_squeezed(source.line(n)) for n in range(1, source.line_count + 1)]
    size = len(wanted)
    places = [n + 1 for n in range(len(lines) - size + 1) if lines[n : n + size] == wanted]
    if edit.start_line in places:
        return edit.start_line, edit.start_line + size - 1
    if len(places) == 1:
        return places[0], places[0] + size - 1
    raise _UnappliedError(
        "The lines it replaces are not in the file as it is now."
        if not places
        else f"The lines it replaces stand in {len(places)} places: {', '.join(map(str, places[:5]))}."
    )


def _squeezed(line: str) -> str:
    return " ".join(line.split())


def _fitted(edit: Edit, source: Source, first: int, last: int) -> str:
    """The replacement with the file's indentation and line ends."""
    old = next((source.line(n) for n in range(first, last + 1) if source.line(n).strip()), "")
    new = edit.replacement.strip("\n").splitlines()
    start = next((line for line in new if line.strip()), "")
    missing = _indent(old)[: len(_indent(old)) - len(_indent(start))] if len(_indent(old)) > len(_indent(start)) else ""
    # A fragment from a chat often lacks the indentation of its first line only.
    rest = [line for line in new[1:] if line.strip()]
    only_first = bool(rest) and all(line.startswith(_indent(old)) for line in rest)
    shifted = [missing + line if line.strip() and (i == 0 or not only_first) else line for i, line in enumerate(new)]
    return source.newline.join(shifted)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _diff(before: Source, after: Source) -> str:
    a, b = (s.data.decode("utf-8", "replace").splitlines() for s in (before, after))
    return "\n".join(difflib.unified_diff(a, b, f"a/{before.path}", f"b/{after.path}", lineterm="")) + "\n"
