"""What an open file holds, without a question: findings, what holds a line, scopes as lenses and symbols."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsprotocol.types import CodeLens, Command, DocumentSymbol, Range, SymbolKind

from ctxreview.config import project
from ctxreview.context.visible import one_line
from ctxreview.lint import run as linting
from ctxreview.lint.listing import Listing
from ctxreview.lint.plan import plan_of
from ctxreview.model.outline import Outline
from ctxreview.model.phrases import numbers
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.reports.places import scope_word
from ctxreview.review.request import Run, options
from ctxreview.servers.lsp.buffers import Buffer
from ctxreview.servers.lsp.positions import Units, range_of

LARGEST = 1_000_000
"""Tokens: what only says what holds a line is not left out for want of room."""
MOST_HOLDERS = 8
"""Scopes around one line that are told."""


def findings_alone(buffer: Buffer) -> tuple[Finding, ...]:
    """What the rules find in a buffer by itself: quick enough for every keystroke. Raises as :meth:`Buffer.source` does."""
    if buffer.is_blank:
        return ()
    plan = plan_of(project(buffer.root), None, None)
    source = buffer.source()
    found = linting.hazards_of(source, plan, buffer.outline)
    (shown,) = linting.told_once([linting.Linted(source.path, found, ("",) * len(found))], plan.once)
    return shown.findings


def findings_within(buffer: Buffer) -> tuple[Finding, ...]:
    """What the rules find in a buffer with what other files open for it, as ``ctxreview lint --stdin`` does."""
    if buffer.is_blank:
        return ()
    plan = plan_of(project(buffer.root), None, None)
    source = buffer.source()
    files = Listing(source.root, (source.path,), frozenset((source.path,)), texts={source.path: source})
    results = linting.told_once(linting.latest(linting.lint_files(files, plan)), plan.once)
    return tuple(finding for result in results for finding in result.findings)


def held(buffer: Buffer, line: int, hops: int) -> tuple[str, ...]:
    """What holds a line (1-based), since which line, and what it protects, a sentence each; none where nothing is known to.

    Raises as :func:`ctxreview.context` does.
    """
    from ctxreview.context.protected import sentence
    from ctxreview.reports.holding import holder
    from ctxreview.review.context import build

    selection = buffer.selection(line, line)
    span, outline = selection.span, buffer.outline()
    if not buffer.text.data[slice(*span)].strip() or not (outline.type_of(span) or outline.function_of(span)):
        return ()
    value = build(Run().resolve(selection, options(None, hops, LARGEST, "")), whole=False)
    enclosing, protects = frozenset(value.enclosing), {p.region: sentence(p) for p in value.protections}
    said: dict[str, None] = {}
    for scope in value.touched[:MOST_HOLDERS]:
        since = value.source_of(scope).line_of(scope.span.start)
        said[f"Since line {since}: {one_line(holder(scope, value, whole=scope in enclosing))}"] = None
        said[one_line(protects.get(scope, ""))] = None
    return tuple(filter(None, said))


def lenses(buffer: Buffer, units: Units, review: str) -> list[CodeLens]:
    """A lens above each transaction and lock of a buffer, which reviews it by the command ``review``."""
    outline = buffer.outline()
    made = []
    for scope in outline.regions:
        shown = range_of(buffer.text, _opening(scope, outline), units)
        command = Command(
            f"{_said(scope, outline)} · review with full context",
            review,
            arguments=[
                buffer.uri,
                {"start": _plain(shown)["start"], "end": _plain(range_of(buffer.text, scope.span, units))["end"]},
            ],
        )
        made.append(CodeLens(shown, command))
    return made


def symbols(buffer: Buffer, units: Units) -> list[DocumentSymbol]:
    """The functions of a buffer that hold a transaction or lock, each with what it holds."""
    outline = buffer.outline()
    made = []
    for function in outline.outermost:
        inside = [s for s in outline.regions if function.span.contains(s.span)]
        if not inside:
            continue
        name = ".".join(filter(None, (function.container, function.name)))
        whole = range_of(buffer.text, function.span, units)
        opening = Span(function.span.start, max(function.span.start, function.opening.end))
        head = range_of(buffer.text, _trimmed(opening, outline), units)
        kept = list(_nested(inside, outline, buffer, units))
        made.append(DocumentSymbol(name or function.kind, SymbolKind.Method, whole, head, children=kept))
    return made


def unexplained(buffer: Buffer, first: int, last: int) -> bool:
    """Whether a scope that a statement opens in the function of these lines has no comment that says why."""
    from ctxreview.rules.scopes.missing_intent import FORMS, is_told

    outline = buffer.outline()
    span = outline.source.line_span(first, last)
    around = outline.member_of(span)
    near = around.span if around is not None else span
    return any(
        s.form in FORMS and s.certainty != "assumed" and near.overlaps(s.span) and not is_told(s, outline)
        for s in outline.regions
    )


def _nested(scopes: Sequence[Region], outline: Outline, buffer: Buffer, units: Units) -> Iterator[DocumentSymbol]:
    """Scopes as symbols, each in the smallest one that holds it."""
    made: list[tuple[Region, DocumentSymbol]] = []
    for scope in sorted(scopes, key=lambda s: (s.span.start, -s.span.end)):
        kind = SymbolKind.Key if scope.kind == "lock" else SymbolKind.Event
        shown = range_of(buffer.text, scope.span, units)
        symbol = DocumentSymbol(
            _said(scope, outline), kind, shown, range_of(buffer.text, _opening(scope, outline), units), children=[]
        )
        holders = [(outer, its) for outer, its in made if outer.span.contains(scope.span)]
        made.append((scope, symbol))
        if not holders:
            yield symbol
            continue
        _, parent = min(holders, key=lambda pair: pair[0].span.size)
        parent.children = [*(parent.children or ()), symbol]


def _opening(scope: Region, outline: Outline) -> Span:
    """What opens a scope, within it."""
    inside = scope.span.contains(scope.opening) and scope.opening.size
    return _trimmed(scope.opening if inside else Span(scope.span.start, scope.span.start), outline)


def _trimmed(span: Span, outline: Outline) -> Span:
    """A span without the blanks at its end."""
    text = outline.source.data[span.start : span.end]
    return Span(span.start, span.start + len(text.rstrip()))


def _said(scope: Region, outline: Outline) -> str:
    """``lock on _gate, lines 12-18``."""
    source = outline.source
    first, last = source.lines_of(scope.span)
    if scope.form == "acquire-release":
        last = source.line_of(scope.closing.start)
    on = f" on {scope.resource}" if scope.resource and scope.kind == "lock" else f" {scope.construct}"
    doubt = ", assumed from names" if scope.certainty == "assumed" else ""
    word = "line" if first == last else "lines"
    return one_line(f"{scope_word(scope.kind, scope.mode)}{on}, {word} {numbers(first, max(first, last))}{doubt}")


def _plain(within: Range) -> dict[str, dict[str, int]]:
    """A range as JSON has it: the argument of a command is not structured."""
    return {
        end: {"line": at.line, "character": at.character} for end, at in (("start", within.start), ("end", within.end))
    }
