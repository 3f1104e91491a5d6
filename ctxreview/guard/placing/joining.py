"""Blocks of one answer that only work together: one declares a field, a method or a type, and another uses it.

Blocks that use nothing of each other stay suggestions by themselves, as alternatives are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ctxreview.guard.placing.edits import is_here
from ctxreview.guard.placing.importing import import_edits, without_imports
from ctxreview.guard.placing.new_types import apart, behind, beside
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
    declared = [_declared(text, context) & new for text, new in zip(added, uses, strict=True)]
    group = list(range(len(found)))
    waiting = [*range(len(found))]
    while waiting:
        # What is placed beside code that uses it may itself use what has no place yet.
        left, now = waiting, list[int]()
        for i in left:
            users = [j for j in range(len(found)) if j != i and declared[i] & uses[j]]
            if any(declared[i] & declared[j] for j in users):
                continue  # both declare it: the one is instead of the other
            if found[i].unplaced and (placed := [found[j] for j in users if not found[j].unplaced]):
                found[i] = _beside(parts[i], placed[0], context)
            if found[i].unplaced:
                now.append(i)
                continue
            for j in users:
                first, second = sorted((group[i], group[j]))
                group = [first if g == second else g for g in group]
        waiting = now if len(now) < len(left) else []
    return [_one([s for s, g in zip(found, group, strict=True) if g == n]) for n in dict.fromkeys(group)]


def _text(part: Part, source: Source) -> str:
    if part.suggestion.unplaced:
        return part.code
    return "\n".join(_added(e) for e in part.suggestion.edits if is_here(e, source))


def _beside(part: Part, user: Suggestion, context: Context) -> Suggestion:
    """The block's types beside the one that uses them, its functions behind the member in which they are used; as it was where that is not certain."""
    source, given = context.selection.source, part.suggestion
    imports, body = without_imports(part.code.rstrip().split("\n"), source)
    new = apart(body, context)
    if new.types and not any(line.strip() for line in new.rest):
        edits = (*import_edits(imports, source), *beside(new.types, context))
        return Suggestion(given.title, given.rationale, edits)
    here = [e for e in user.edits if is_here(e, source) and e.start_line]
    there = as_members(body, source)
    whole = bool(there.outermost) and not there.members and len(there.types) == 1
    members = (
        context.outline.member_of(_code(e.start_line, source)) for e in here if e.start_line <= source.line_count
    )
    member = next((m for m in members if m is not None), None)
    if imports or not whole or member is None:
        return given
    first, last = source.lines_of(member.span)
    if any(e.start_line <= last < e.end_line for e in here):
        return given
    return Suggestion(given.title, given.rationale, (behind([body], (first, last), source),))


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


def _declared(text: str, context: Context) -> frozenset[str]:
    """The names that some lines declare, read as members of a type, and those of new types."""
    body = without_imports(text.split("\n"), context.selection.source)[1]
    there = as_members(body, context.selection.source)
    new = frozenset[str]().union(*(t.names for t in apart(body, context).types))
    if there.parse.errors:
        return new
    return new.union(*(m.names for m in there.members), (f.name for f in there.outermost))


def _one(parts: Sequence[Suggestion]) -> Suggestion:
    if len(parts) == 1:
        return parts[0]
    reasons = "\n\n".join(dict.fromkeys(p.rationale for p in parts if p.rationale))
    return Suggestion(
        " and ".join(p.title for p in parts), reasons, tuple(dict.fromkeys(e for p in parts for e in p.edits))
    )
