"""Blocks of one answer that only work together: one declares a field, a method or a type, and another uses it.

Blocks that use nothing of each other stay suggestions by themselves, as alternatives are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ctxreview.guard.placing.edits import fitted, is_here, lines_of
from ctxreview.guard.placing.snippets import as_members
from ctxreview.model.review import Context, Edit, Suggestion
from ctxreview.model.source import Source, Span
from ctxreview.regex import regex

_NAME = regex(r"[^\W\d]\w*")


class Part(NamedTuple):
    """What one block suggests on its own; ``code`` is the block, where it is a fragment of the selected file."""

    suggestion: Suggestion
    code: str = ""


def joined(parts: Sequence[Part], context: Context) -> list[Suggestion]:
    """The suggestions of the blocks, those that need each other as one, at the place of the first.

    New functions that are in a block of their own are placed behind the function that calls them.
    """
    source = context.selection.source
    found = [p.suggestion for p in parts]
    if len(found) < 2:
        return found
    known = frozenset(_NAME.findall(source.data.decode("utf-8", "replace")))
    added = [_text(p, source) for p in parts]
    uses = [frozenset(_NAME.findall(text)) - known for text in added]
    declared = [_declared(text, source) & new for text, new in zip(added, uses, strict=True)]
    group = list(range(len(found)))
    for i, names in enumerate(declared):
        users = [j for j in range(len(found)) if j != i and names & uses[j]]
        if any(names & declared[j] for j in users):
            continue  # both declare it: the one is instead of the other
        if found[i].unplaced and users:
            found[i] = _beside(parts[i], found[users[0]], context)
        for j in users if not found[i].unplaced else ():
            first, second = sorted((group[i], group[j]))
            group = [first if g == second else g for g in group]
    return [_one([s for s, g in zip(found, group, strict=True) if g == n]) for n in dict.fromkeys(group)]


def _text(part: Part, source: Source) -> str:
    if part.suggestion.unplaced:
        return part.code
    return "\n".join(_added(e) for e in part.suggestion.edits if is_here(e, source))


def _beside(part: Part, user: Suggestion, context: Context) -> Suggestion:
    """The block's functions behind the member in which they are used; as it was where that is not certain."""
    source = context.selection.source
    lines = part.code.rstrip().split("\n")
    here = [e for e in user.edits if is_here(e, source) and e.start_line]
    there = as_members(lines, source)
    whole = bool(there.outermost) and not there.members and len(there.types) == 1
    member = context.outline.member_of(_code(here[0].start_line, source)) if here else None
    if not whole or member is None:
        return part.suggestion
    first, last = source.lines_of(member.span)
    if any(e.start_line <= last < e.end_line for e in here):
        return part.suggestion
    like = lines_of(source, first, last)
    new = source.newline.join(("", *fitted(lines, like, source), ""))
    edit = Edit(source.path, last + 1, last, "", new, verbatim=True)
    return Suggestion(part.suggestion.title, part.suggestion.rationale, (edit,))


def _code(line: int, source: Source) -> Span:
    """The first byte of a line that is not a blank."""
    span = source.line_span(line)
    text = source.data[span.start : span.end]
    start = span.start + len(text) - len(text.lstrip())
    return Span(start, start + 1)


def _added(edit: Edit) -> str:
    """The lines that an edit brings and does not replace."""
    old = {" ".join(line.split()) for line in edit.original.split("\n")}
    return "\n".join(line for line in edit.replacement.split("\n") if " ".join(line.split()) not in old)


def _declared(text: str, source: Source) -> frozenset[str]:
    """The names that some lines declare, read as members of a type."""
    there = as_members(text.split("\n"), source)
    if there.parse.errors:
        return frozenset()
    types = [t.name for t in there.types[1:]]
    return frozenset((*(n for m in there.members for n in m.names), *(f.name for f in there.outermost), *types))


def _one(parts: Sequence[Suggestion]) -> Suggestion:
    if len(parts) == 1:
        return parts[0]
    reasons = "\n\n".join(dict.fromkeys(p.rationale for p in parts if p.rationale))
    return Suggestion(" and ".join(p.title for p in parts), reasons, tuple(e for p in parts for e in p.edits))
