"""A transaction that a unit of work opens, and that another call on it commits or rolls back: where it ends is in another file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ctxreview.callgraph.callees import called_names, methods_called
from ctxreview.callgraph.repository.declared import Declared
from ctxreview.callgraph.repository.index import Repository
from ctxreview.languages import load
from ctxreview.model.declarations import Function
from ctxreview.model.facts import Reference
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.source import Span

MAX_LEVELS = 3
"""Methods of one type that call each other, until one of them commits."""


def with_ends_elsewhere(outline: Outline, spans: Sequence[Span], repository: Repository) -> Outline:
    """``outline`` with the ends of those transactions of the functions at ``spans`` that nothing in the file ends."""
    open_ = dict.fromkeys(r for span in spans for r in outline.opened_in(span) if _is_open(r))
    if not open_:
        return outline
    names = {n for r in open_ for n in called_names(outline.source.text(r.owner), outline.language)}
    there = repository.outline_for(outline.source.path, names, tuple(sorted({r.owner for r in open_})))
    ended = {r: end for r in open_ if there is not None and (end := _ended(r, outline, there, repository)) is not None}
    if not ended:
        return outline
    return replace(outline, regions=tuple(ended.get(r, r) for r in outline.regions))


def _is_open(region: Region) -> bool:
    return region.kind == "transaction" and region.released == "never" and not region.path


def _ended(region: Region, outline: Outline, there: Outline, repository: Repository) -> Region | None:
    """The region up to the last call on what opened it that ends it."""
    calls = [r for r in there.references if r.form == "call" and region.owner.contains(r.name_span)]
    opening = next((r for r in calls if region.opening.contains(r.name_span)), None)
    if opening is None or opening.receiver in ("", *load(outline.language).words.own):
        return None
    ends: list[tuple[Reference, str]] = []
    for call in calls:
        if call.receiver == opening.receiver and call.name_span.start >= region.opening.end:
            place = next(_ends(call, there, repository), "")
            if place:
                ends.append((call, place))
    if not ends:
        return None
    last, place = ends[-1]
    left = tuple(
        f.span
        for f in outline.facts
        if f.kind == "exit" and region.opening.end <= f.span.start and f.span.end <= ends[0][0].span.start
        if outline.under(f.span, region)
    )
    return region._replace(
        span=Span(region.span.start, max(region.opening.end, last.span.end)),
        closing=last.span,
        completes_at=tuple(call.span for call, _ in ends),
        exits=left,
        released="here",
        certainty="resolved",
        note=f"{last.name} ends it ({place}).",
    )


def _ends(call: Reference, there: Outline, repository: Repository) -> Iterator[str]:
    """``path:line`` of what ends a transaction in the methods that a call can run."""
    for part, function in methods_called(call, there, repository):
        yield from _done(part, function, repository, MAX_LEVELS)


def _done(part: Declared, function: Function, repository: Repository, levels: int) -> Iterator[str]:
    path = part.outline.source.path
    names = {
        function.name,
        *called_names(
            repository.text_of(path)[function.span.start : function.span.end].decode("utf-8", "replace"),
            part.outline.language,
        ),
    }
    inside = repository.outline_for(path, names, (function.span,))
    if inside is None:
        return
    for fact in inside.facts:
        if fact.kind == "complete" and function.span.contains(fact.span):
            yield f"{path}:{inside.source.line_of(fact.span.start)}"
    own_words = load(inside.language).words.own
    for call in inside.references if levels > 1 else ():
        if call.form == "call" and function.span.contains(call.name_span) and call.receiver in ("", *own_words):
            for further, own in methods_called(call, inside, repository):
                if own.span != function.span:
                    yield from _done(further, own, repository, levels - 1)
