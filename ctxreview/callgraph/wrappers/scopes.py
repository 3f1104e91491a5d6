"""Methods of the repository that open a transaction or take a lock for their callers: their calls are scopes too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ctxreview.callgraph.callers.callee import Callee
from ctxreview.callgraph.repository.index import Repository
from ctxreview.callgraph.wrappers.bodies import MAX_LEVELS, wrapper_calls, wrapper_methods
from ctxreview.callgraph.wrappers.call_text import possible_wrappers
from ctxreview.callgraph.wrappers.isolation import constant_excerpt, is_given_elsewhere, isolation_constant, with_level
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Wrapper
from ctxreview.model.review import Excerpt
from ctxreview.model.source import Span
from ctxreview.outline.excerpts import excerpt_of


def with_wrapped_scopes(
    outline: Outline, spans: Sequence[Span], repository: Repository, names: frozenset[str], levels: int = MAX_LEVELS
) -> Outline:
    """``outline`` with the wrappers that the functions at ``spans`` call, up to ``levels`` in a row; the same one where they call none.

    ``names`` are what :func:`expect_wrappers` gave for these functions and perhaps others.
    """
    found: list[Wrapper] = []
    calls: list[tuple[int, int]] = []
    known = {offset for offset, _ in outline.wrappers.calls}
    for reference, wrappers in wrapper_calls(outline, spans, repository, names, levels):
        if reference.name_span.start not in known:
            calls += [(reference.name_span.start, len(found) + i) for i in range(len(wrappers))]
            found += wrappers
    made = repository.reoutline(outline, tuple(found), calls) if found else outline
    open_ = [s for span in spans for s in made.opened_in(span) if is_given_elsewhere(s)]
    given = {s: level for s in open_ if (level := isolation_constant(made, s, repository)) is not None}
    if not given:
        return made
    return replace(made, regions=tuple(with_level(s, given[s]) if s in given else s for s in made.regions))


def excerpts_of_wrappers(outline: Outline, span: Span, repository: Repository, *, direct: bool) -> Iterator[Excerpt]:
    """What the wrappers that a function calls really open: their heads, the two ends of the scope, and what they run.

    Not the methods that it calls itself, unless ``direct`` asks for these too. And the constants that give an isolation.
    """
    used = [outline.wrappers.found[i] for at, i in outline.wrappers.calls if span.start <= at < span.end]
    for path, where in dict.fromkeys(t for w in used for t in w.through[0 if direct else 1 :]):
        there = repository.outline_for(path, (), (where,))
        function = next((f for f in there.functions if f.span == where), None) if there is not None else None
        if there is None or function is None:
            continue
        holds = [s for s in (*there.regions, *there.returned) if where.contains(s.span)]
        kept = [Span(where.start, function.opening.end), *(s.opening for s in holds), *(s.closing for s in holds)]
        kept += [c for s in holds for c in s.completes_at]
        kept += [f.span for f in there.facts if f.calls == "delegate" and where.contains(f.span)]
        does = ", ".join(dict.fromkeys(f"{s.does} {s.construct}" for s in holds)) or "passes its argument on"
        yield excerpt_of(
            there, kept, "callee", f"{Callee(there, function).qualified_name}, which is called in between, {does}"
        )
        for scope in filter(is_given_elsewhere, holds):
            yield from constant_excerpt(there, scope, repository)
    for scope in outline.opened_in(span):
        if scope.isolation is not None and scope.isolation.given_by and not is_given_elsewhere(scope):
            yield from constant_excerpt(outline, scope, repository)


def expect_wrappers(
    functions: Iterable[tuple[Outline, Span]], repository: Repository, groups: frozenset[str] = frozenset()
) -> frozenset[str]:
    """The names of the repository's wrappers that may be called in these functions, whose files are read for them.

    ``groups`` are methods that may be handed to one by their names.
    """
    called = [(o.source.path, possible_wrappers(o, span, repository, groups)) for o, span in functions]
    repository.prefetch_words(name for _, names in called for name in names)
    found = frozenset(
        n for n in {n for _, names in called for n in names} if wrapper_methods(n, repository, MAX_LEVELS)
    )
    repository.outlines_for(sorted({path for path, names in called if not found.isdisjoint(names)}), found)
    return found
