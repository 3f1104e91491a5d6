"""Types that an answer declares and the file does not have: they go beside the type that uses them.

A type that nothing else in the answer uses has no place: it may be of another file, or replace one under another name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ctxreview.guard.placing.edits import columns, moved, solid
from ctxreview.guard.placing.elisions import leaves_out, without_elisions
from ctxreview.guard.placing.snippets import COMMENT_LINE, as_members, parsed, words
from ctxreview.languages import language_of
from ctxreview.model.review import Context, Edit
from ctxreview.model.source import Source


class NewType(NamedTuple):
    """A type that the file does not have: its lines, and its name and those of its members that the file does not have either."""

    name: str
    lines: tuple[str, ...]
    names: frozenset[str]
    hidden: bool


class Apart(NamedTuple):
    """The new types of a fragment, and its ``rest`` with blank lines in their place; none where nothing else is declared or done."""

    types: tuple[NewType, ...]
    rest: tuple[str, ...]

    def unused(self) -> list[str]:
        """Which of the types nothing uses: neither the rest nor a type that is used."""
        used, left = set(words("\n".join(self.rest))), list(self.types)
        while now := [t for t in left if t.names & used]:
            left = [t for t in left if t not in now]
            used |= {word for t in now for word in words("\n".join(t.lines))}
        return [t.name for t in left]


def apart(body: Sequence[str], context: Context) -> Apart:
    """The types of a fragment that the file does not have; none where one is not whole, or of another namespace."""
    source, nothing = context.selection.source, Apart((), tuple(body))
    plain = without_elisions(body)
    found, before = parsed(plain, source), 0
    named = any("." in t.qualified for t in found.types)
    if not named and not (members := as_members(plain, source)).parse.errors:
        found, before = members, 1
    around = [*found.types[:before]]
    tops = [
        t
        for t in found.types[before:]
        if not any(o not in (t, *around) and o.span.contains(t.span) for o in found.types)
    ]
    known = {t.name for t in context.outline.types}
    there = frozenset(words(source.data.decode("utf-8", "replace")))
    spaces = {t.qualified.rpartition(".")[0] for t in context.outline.types if not t.container}
    fresh: dict[tuple[int, int], NewType] = {}
    hidden = language_of(source.path).words.hidden
    for top in tops:
        if top.name in known or any(f.span.contains(top.span) for f in found.functions if f.kind == "method"):
            continue
        if named and top.qualified.rpartition(".")[0] not in spaces:
            return nothing
        first, last = (n - before for n in found.source.lines_of(top.span))
        head = frozenset(re.findall(r"\w+", found.source.text(top.opening)))
        own = {f.name for f in found.functions if top.span.contains(f.span)}
        fresh[first, last] = NewType(top.name, (), frozenset({top.name} | own) - there, bool(head & hidden))
    for n, line in enumerate(body, 1):
        signature = re.fullmatch(language_of(source.path).shape.fragments.signatures, line)
        if signature is not None and signature["name"] not in there:
            fresh[n, n] = NewType(signature["name"], (), frozenset({signature["name"]}), False)
    rest, types = list(body), list[NewType]()
    for (start, last), new in sorted(fresh.items()):
        first = start
        while first > 1 and COMMENT_LINE.match(body[first - 2]):
            first -= 1
        lines = body[first - 1 : last]
        if leaves_out(lines, ()):
            return nothing
        types.append(new._replace(lines=tuple(lines)))
        rest[first - 1 : last] = [""] * len(lines)
    left = parsed(without_elisions(rest), source)
    is_rest = left.types or left.functions or left.members or left.parse.errors
    return Apart(tuple(types), tuple(rest) if is_rest else ()) if types and not found.parse.errors else nothing


def beside(types: Sequence[NewType], context: Context) -> list[Edit]:
    """The edits that put new types behind the type around the selection; those that are its alone behind the selected member."""
    source, span = context.selection.source, context.selection.span
    member, around = context.outline.member_of(span), context.outline.types_around(span)
    outer = max((t.span for t in around), key=lambda s: s.end - s.start, default=None)
    inside = [t for t in types if t.hidden and member is not None]
    found = []
    if inside and member is not None:
        found.append(behind([t.lines for t in inside], source.lines_of(member.span), source))
    if outside := [t.lines for t in types if t not in inside]:
        found.append(behind(outside, source.lines_of(outer) if outer is not None else (1, source.line_count), source))
    return found


def behind(parts: Sequence[Sequence[str]], place: tuple[int, int], source: Source) -> Edit:
    """The edit that puts some code behind the lines ``place``, each part as deep as these and after a blank line."""
    first, last = place
    depth = columns(source.line(first))
    lines = ["" for _ in range(last >= len(source.starts))]
    for part in parts:
        shown = solid(part)
        lines += ["", *moved(shown, depth - columns(shown[0]), source)]
    return Edit(source.path, last + 1, last, "", source.newline.join((*lines, "")), verbatim=True)
