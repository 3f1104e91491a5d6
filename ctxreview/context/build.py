"""What the model must see for a selection, within the budget, and what it will not see.

The ladder, widest need first: the whole function, the scopes that hold it, the type's header with the
state the function uses, then the rest of the type as signatures. A scope's two ends are never left out.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

from ctxreview.context.ladder import fill_budget
from ctxreview.errors import SourceError
from ctxreview.languages import language_of
from ctxreview.model.declarations import Function, TypeDecl, outermost
from ctxreview.model.kinds import Verdict
from ctxreview.model.outline import Outline, contained_in
from ctxreview.model.protection import Protection
from ctxreview.model.regions import NO_SCOPE, Region
from ctxreview.model.review import Context, Surroundings, Tokens
from ctxreview.model.source import Selection, Source, Span, Spans, contains_any
from ctxreview.tokens import Tokenizer

Look = Callable[[Outline, Sequence[Function]], Surroundings]
"""Tells what the repository says about the functions around a selection."""

_CALLED = re.compile(r"\b(\w+)\s*(?:<[\w, ]*>)?\(")


def build(
    selection: Selection,
    outline: Outline,
    budget: int,
    tokenizer: Tokenizer,
    fixed: int,
    look: Look | None = None,
) -> Context:
    """The context of one selection, in its own file, or with ``look`` in its repository.

    ``budget`` and ``fixed`` are tokens: the size of the whole prompt, and of its part that is the same for
    every selection. Raises :class:`BudgetError` when the function does not fit even with everything left
    out that may be, and :class:`SourceError` when the selection lies outside every type and function.
    """
    pointed = _pointed(selection, outline)
    functions = _functions(pointed, outline)
    types = outline.types_around(functions[-1].span if functions else pointed)
    if not functions and not types:
        first, last = selection.lines
        where = f"{selection.source.path}:{first}-{last}: lies outside every type and function"
        if outline.parse.errors:
            broken = selection.source.line_of(outline.parse.errors[0].start)
            raise SourceError(f"{where} that could be parsed; the parser failed at line {broken}.")
        raise SourceError(f"{where}; point at a line inside one.")
    around = look(outline, functions) if look is not None else None
    beyond = around or Surroundings()
    members = outermost(functions)
    spans = [m.span for m in members]
    inside = Spans(spans)
    scopes = tuple(s for s in outline.regions if inside.contains(s.span) or contains_any(s.span, spans))
    around_it = tuple(s for s in scopes if outline.runs_under(pointed, s))
    enclosing = tuple(s for s in around_it if not any(g.contains(pointed) for g in s.excluded))
    facts = tuple(f for span in spans for f in contained_in(span, outline.facts))
    context = Context(
        selection=selection,
        outline=outline,
        functions=functions,
        scopes=(*scopes, *beyond.scopes),
        enclosing=(*enclosing, *beyond.scopes),
        facts=facts,
        excerpts=(),
        omitted=(),
        blind_spots=(
            *beyond.blind_spots,
            *_not_searched(members, types, outline.source, around),
            *_blind_spots(pointed, outline, functions, members, scopes, around_it, types),
        ),
        verdict="cannot-tell",
        tokens=Tokens(0, budget, tokenizer.name),
        others=beyond.sources,
    )
    context = context._replace(verdict=_verdict(context, beyond), protections=_protections(context))
    return fill_budget(context, types, pointed, beyond.excerpts, budget, tokenizer, fixed)


def _pointed(selection: Selection, outline: Outline) -> Span:
    """The selected code without the blanks and comments around it; where there is none, what follows."""
    source, span = selection.source, selection.span
    comments = outline.comments
    first, last = bisect_left(comments, (span.start,)), bisect_left(comments, (span.end,))
    inside = [c for c in comments[max(0, first - 1) : last] if c.overlaps(span)]
    code = _trim(source.data, span, inside)
    if code.size:
        return code
    if outline.function_of(Span(span.start, span.start)) is not None:
        return Span(span.start, span.start)
    home = outline.types_around(Span(span.start, span.start))
    following = [f.span for f in outline.functions if f.span.start >= span.end]
    following += [t.span for t in outline.types if t.span.start >= span.end]
    following += [m.span for m in outline.members if m.span.start >= span.end]
    following = [s for s in following if not home or home[0].span.contains(s)]
    if following:
        nearest = min(following, key=lambda s: (s.start, s.end))
        return Span(nearest.start, nearest.start + 1)
    return Span(span.start, span.start)


def _trim(data: bytes, span: Span, comments: Sequence[Span]) -> Span:
    """``span`` without white space and comments at its two ends."""
    start, end, moved = span.start, span.end, True
    while moved and start < end:
        moved = False
        stripped = data[start:end].lstrip()
        start, moved = end - len(stripped), moved or len(stripped) < end - start
        end = start + len(data[start:end].rstrip())
        for comment in comments:
            if comment.start <= start < comment.end:
                start, moved = min(comment.end, end), True
            if comment.start < end <= comment.end:
                end, moved = max(comment.start, start), True
    return Span(start, max(start, end))


def _functions(pointed: Span, outline: Outline) -> tuple[Function, ...]:
    """The functions the selection touches: one member with what is nested around it, or several members."""
    chain = outline.functions_around(pointed)
    if chain:
        return chain
    touched = [f for f in outline.functions if f.span.overlaps(pointed)]
    return tuple(outermost(touched))


def _verdict(context: Context, beyond: Surroundings) -> Verdict:
    # A selection that only partly runs under a scope is in it, for what the checklist asks. And no scope in this file
    # proves nothing about callers in others: "no-scope-found" needs all of them.
    # What was only assumed is reported as a scope, and decides nothing.
    def held(scope: Region) -> bool:
        return scope.certainty != "assumed" and scope.mode not in NO_SCOPE

    if any(map(held, context.touched)):
        return "in-scope"
    return (
        "no-scope-found"
        if beyond.callers_complete and not context.touched and not context.outline.parse.errors
        else "cannot-tell"
    )


def _protections(context: Context) -> tuple[Protection, ...]:
    """What the scopes of the file protect that hold the selection or a part of it; most selections have none."""
    own = ("", context.path)
    held = [s for s in context.touched if s.path in own and s.mode not in NO_SCOPE and s.certainty != "assumed"]
    if not held:
        return ()
    from ctxreview.behaviour.protection import protections

    return protections(context.outline, held)


def _blind_spots(
    pointed: Span,
    outline: Outline,
    functions: tuple[Function, ...],
    members: list[Function],
    scopes: tuple[Region, ...],
    around_it: tuple[Region, ...],
    types: tuple[TypeDecl, ...],
) -> Iterable[str]:
    source = outline.source
    if not functions:
        yield "The selection lies outside every function; what runs it, and under which lock, is not known."
    around = frozenset(around_it)
    for scope in scopes:
        yield from _scope_blind_spots(scope, scope in around, pointed, source, functions)
    called = _callees(outline, members)
    if called:
        yield f"What these calls do is not shown: {', '.join(called)}."
    broken = [
        e for e in outline.parse.errors if any(m.span.overlaps(Span(e.start, e.end + 1)) for m in members or types)
    ]
    if broken:
        lines = ", ".join(str(source.line_of(e.start)) for e in broken[:5])
        yield f"The parser could not read this code at line {lines}; scopes there may be missed."
    if source.encoding in ("cp1252", "latin-1"):
        yield f"The file is not UTF-8; it was read as {source.encoding}."


def _not_searched(
    members: list[Function], types: tuple[TypeDecl, ...], source: Source, beyond: Surroundings | None
) -> Iterable[str]:
    """What only other files could tell, where they were not looked at."""
    if beyond is not None:
        return
    for member in members:
        yield (
            f"Who calls {member.name}: other files were not searched, so a transaction or lock that a caller "
            "opened is not seen."
        )
    partial = language_of(source.path).words.partial
    for type_ in types:
        before, _, bases = _declared(source.text(type_.opening), type_.name)
        for word in partial.intersection(before.split()):
            yield f"{type_.name} is {word}: its parts in other files were not read."
        if bases and type_.kind != "enum":
            yield f"{type_.name} derives from {bases}: what that declares was not read."


def _declared(head: str, name: str) -> tuple[str, str, str]:
    """What stands before the type's name, after it and after the colon; without attributes, parameters and constraints."""
    bare, shorter = "", re.sub(r"//[^\n]*|/\*.*?\*/", " ", head, flags=re.S)
    while bare != shorter:
        bare, shorter = shorter, re.sub(r"\([^()]*\)|\[[^\[\]]*\]", "", shorter)
    before, _, after = re.split(r"\bwhere\b", bare)[0].partition(name)
    parameters, _, bases = after.partition(":")
    return before, parameters.strip(), " ".join(bases.split())


def _scope_blind_spots(
    scope: Region, encloses: bool, pointed: Span, source: Source, functions: tuple[Function, ...]
) -> Iterable[str]:
    first, last = source.lines_of(scope.span)
    if not encloses and scope.span.contains(pointed):
        inner = functions[0]
        yield (
            f"The selection is in a {inner.kind} that stands inside the {scope.construct} of lines "
            f"{first}-{last}; it runs when it is called, which may be after that scope has ended."
        )
    gap = next((g for g in scope.excluded if g.contains(pointed)), None)
    if gap is not None and encloses:
        a, b = source.lines_of(gap)
        why = "that branch runs when it was not acquired" if scope.kind == "lock" else "it has completed by then"
        yield f"The selection is within the {scope.construct} of lines {first}-{last} but in lines {a}-{b}, where {why}."
    if scope.certainty == "assumed":
        yield f"Whether the {scope.construct} at line {first} holds a {scope.kind} was assumed from names, not proven."
    if scope.isolation is not None and scope.isolation.is_open:
        yield f"The isolation level of the {scope.construct} at line {first} is {scope.isolation.text}: not found."


def _callees(outline: Outline, members: list[Function]) -> list[str]:
    """Members of the same file that the code calls by name."""
    own = {m.name for m in members}
    code = "\n".join(outline.source.text(m.span) for m in members)
    names = [name for name in outline.methods if name in code and name not in own]
    called = set(_CALLED.findall(code)) if names else ()
    return [name for name in names if name in called]
