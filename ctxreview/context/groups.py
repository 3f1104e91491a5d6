"""What may be shown beside the selected functions, in groups: of their type, and of other places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ctxreview.languages import load
from ctxreview.model.declarations import Head, TypeDecl
from ctxreview.model.outline import Outline
from ctxreview.model.review import Context, Excerpt
from ctxreview.model.source import Source, Span, Spans
from ctxreview.outline.excerpts import mentioned
from ctxreview.workspace.code_of_tests import is_test_code

ROLES = {
    "caller": "callers",
    "field": "declarations",
    "same-lock": "members under the same lock",
    "member": "members that use the same state",
    "callee": "members that the function calls",
}


class Group(NamedTuple):
    """Excerpts that may be left out, and the one sentence that then stands for those that are."""

    excerpts: list[Excerpt]
    what: str
    lines: tuple[int, int]
    source: Source


def of_type(context: Context, types: tuple[TypeDecl, ...], shown: list[Span], pointed: Span) -> Iterator[Group]:
    """Of the type what may be left out: its header, the state the function uses, users of a field, signatures."""
    outline, source = context.outline, context.selection.source
    home = types[0].span
    lines = source.lines_of(home)
    header = Excerpt(
        source,
        whole_lines(source, types[0].opening),
        "type-header",
        f"declares {types[0].name}, which contains the selection",
    )
    yield Group([header], "1 type header", lines, source)
    code = "\n".join(source.text(s) for s in shown) if shown else source.text(pointed)
    taken = shown or [m.span for m in outline.members if m.span.overlaps(pointed)]
    own = Spans(taken)
    heads = outline.heads(home)
    words = mentioned(code)
    states = [h.state for h in heads if h.state is not None]
    used = {m.span: m for m in states if not words.isdisjoint(m.names) and not own.overlaps(m.span)}
    inner = {span: around for span in used if (around := outline.type_of(span) or types[0]) != types[0]}
    mine = {name for span, m in used.items() if span not in inner for name in m.names}
    used = {span: m for span, m in used.items() if span not in inner or mine.isdisjoint(m.names)}
    fields = [
        Excerpt(
            source,
            whole_lines(source, outline.declaration(m)),
            "field",
            f"{', '.join(m.names)}{f' of {inner[span].name}' if span in inner else ''}: used by the function",
        )
        for span, m in sorted(used.items())
    ]
    branches = [
        Excerpt(source, span, "field", "conditional compilation decides on what is shown")
        for span in _branch_lines(outline, home, [*shown, *(f.span for f in fields)])
    ]
    yield Group([*fields, *branches], f"{len(fields)} declarations that the function uses", lines, source)
    users = [] if shown else list(_users(outline, home, pointed))
    yield Group(
        [Excerpt(source, s, "function", "uses the selected member") for s in users],
        f"{len(users)} members that use the selected one",
        lines,
        source,
    )
    taken = [*taken, header.span, *(f.span for f in (*fields, *branches))]
    others = [h for h in heads if h.state is None or not (h.state.span in used or own.overlaps(h.state.span))]
    signatures = [
        Excerpt(source, s, "signatures", "another member of the type, without its body")
        for s in _apart(others, {n for first, last in map(source.lines_of, taken) for n in range(first, last + 1)})
    ]
    yield Group(signatures, f"{len(signatures)} signatures", lines, source)


def _branch_lines(outline: Outline, home: Span, shown: Sequence[Span]) -> Iterator[Span]:
    """In a type, the lines of conditional compilation around something that is shown: without them all branches look like code."""
    source = outline.source
    line = re.compile(load(outline.language).shape.conditional.lines)
    first, last = source.lines_of(home)
    opened: list[list[int]] = []
    for number in range(first, last + 1) if b"#" in source.data[home.start : home.end] else ():
        found = line.match(source.line(number))
        if found is None:
            continue
        if found["opens"]:
            opened.append([])
        if opened:
            opened[-1].append(number)
        if found["closes"] and opened:
            numbers = opened.pop()
            inside = source.line_span(numbers[0], numbers[-1])
            if any(inside.contains(span) for span in shown):
                yield from (source.line_span(n, n) for n in numbers)


def of_other_places(beyond: Sequence[Excerpt], own: Source) -> list[Group]:
    """Excerpts of other places as groups: one for each role and file, in their order."""
    found: dict[tuple[str, str], list[Excerpt]] = {}
    for excerpt in beyond:
        found.setdefault((excerpt.role, excerpt.source.path), []).append(excerpt)
    groups = []
    for (role, path), excerpts in found.items():
        lines = [e.source.lines_of(e.span) for e in excerpts]
        where = "" if path == own.path else f" in {path}"
        what = f"{len(excerpts)} excerpts of {ROLES[role]}{where}"
        groups.append(Group(excerpts, what, (min(a for a, _ in lines), max(b for _, b in lines)), excerpts[0].source))
    return groups


def in_order(own: list[Group], others: list[Group]) -> list[Group]:
    """The order in which they are shown: the type's header, callers, declarations, the other places, callers in tests, signatures."""
    callers = [g for g in others if g.excerpts[0].role == "caller"]
    tests = [g for g in callers if is_test_code(g.source.path)]
    rest = [g for g in others if g.excerpts[0].role != "caller"]
    return [*own[:1], *(g for g in callers if g not in tests), *own[1:-1], *rest, *tests, *own[-1:]]


def _users(outline: Outline, home: Span, pointed: Span) -> Iterator[Span]:
    """For a selected field: the lines of the members that use it."""
    names = {n for m in outline.members if m.span.overlaps(pointed) for n in m.names}
    for function in outline.outermost:
        if home.contains(function.span) and not names.isdisjoint(mentioned(outline.source.text(function.span))):
            yield whole_lines(outline.source, function.span)


def _apart(heads: Iterable[Head], taken: set[int]) -> Iterator[Span]:
    """Those heads that share no line with ``taken``, nor with one before."""
    for span, first, last, _ in heads:
        if first == last:
            if first not in taken:
                taken.add(first)
                yield span
        elif taken.isdisjoint(own := range(first, last + 1)):
            taken.update(own)
            yield span


def whole_lines(source: Source, span: Span) -> Span:
    """``span`` widened to whole lines."""
    first, last = source.lines_of(span)
    return source.line_span(first, last)
