"""What of the file the model gets to see: the ladder, climbed until the token budget is full.

The function whole, then the type's header with the state the function uses, then the rest of the type as
signatures. A scope's two ends and the selection are never left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from ctxreview.errors import BudgetError
from ctxreview.listing import listing, proven
from ctxreview.model import Context, Excerpt, Member, Omission, Outline, Role, Scope, Source, Span, Tokens
from ctxreview.outline import statements
from ctxreview.tokens import Tokenizer

Add = Callable[[Span, Role, str], None]
Weighed = Callable[[Excerpt], Excerpt]


def fill(
    context: Context, types: tuple[Scope, ...], pointed: Span, budget: int, tokenizer: Tokenizer, fixed: int
) -> Context:
    """``context`` with excerpts and omissions; ``fixed`` is the size of the prompt without them, in tokens.

    Raises :class:`BudgetError` when the function does not fit even with everything left out that may be.
    """
    outline, source = context.outline, context.selection.source
    room = budget - fixed - tokenizer.count("\n".join(proven(context)))
    excerpts: list[Excerpt] = []
    omitted: list[Omission] = []

    def weighed(excerpt: Excerpt) -> Excerpt:
        return replace(excerpt, tokens=tokenizer.count(listing([excerpt], context.selection)))

    def add(span: Span, role: Role, why: str) -> None:
        nonlocal room
        excerpt = weighed(Excerpt(source, span, role, why))
        if excerpt.tokens <= room:
            room -= excerpt.tokens
            excerpts.append(excerpt)
        else:
            omitted.append(Omission(source.path, *source.lines_of(span), f"{why}: over the token budget"))

    shown = [(m, _whole(m, outline)) for m in outermost(context.functions)]
    for member, span in shown:
        why = "encloses the selection" if span.holds(pointed) else "the selection touches it"
        excerpt = weighed(Excerpt(source, span, "function", why))
        if excerpt.tokens > room:
            excerpt = _elide(excerpt, member, context, pointed, room, weighed, budget)
            omitted += [
                Omission(
                    source.path,
                    *source.lines_of(e),
                    "statements outside every scope and the selection: over the token budget",
                )
                for e in excerpt.elided
            ]
        room -= excerpt.tokens
        excerpts.append(excerpt)
    if not shown:
        for member_ in [m for m in outline.members if m.span.overlaps(pointed)]:
            add(_lines(source, member_.span), "field", "the selection lies in it")
    if types:
        add(_lines(source, types[0].head), "type-header", f"declares {types[0].name}, which holds the selection")
        taken = [e.span for e in excerpts]
        code = "\n".join(source.text(s) for _, s in shown) if shown else source.text(pointed)
        home = types[0].span
        state = [m for m in outline.members if home.holds(m.span) and not any(t.overlaps(m.span) for t in taken)]
        used = [m for m in state if _mentions(code, m)]
        for member_ in used:
            add(
                _lines(source, _declaration(member_, outline)),
                "field",
                f"{', '.join(member_.names)}: used by the function",
            )
        if not shown:
            _add_users(add, outline, home, pointed)
        _add_signatures(add, outline, home, [e.span for e in excerpts], [m for m in state if m not in used])
        hidden = [
            f
            for f in outermost(f for f in outline.functions if home.holds(f.span))
            if not any(e.role == "function" and e.span.holds(f.span) for e in excerpts)
        ]
        if hidden:
            first, last = source.lines_of(home)
            omitted.append(
                Omission(
                    source.path,
                    first,
                    last,
                    f"the bodies of {len(hidden)} other members of {types[0].name}: not enclosing the selection",
                )
            )
    total = budget - room
    return replace(
        context, excerpts=tuple(excerpts), omitted=tuple(omitted), tokens=Tokens(total, budget, tokenizer.name)
    )


def _whole(function: Scope, outline: Outline) -> Span:
    """The function's lines; for an accessor the whole property, since its other half shares the state."""
    holder = next((m.span for m in outline.members if m.span.holds(function.span)), None)
    span = holder if holder is not None and function.construct == "accessor" else function.span
    return _lines(outline.source, span)


def _lines(source: Source, span: Span) -> Span:
    """``span`` widened to whole lines."""
    first, last = source.lines_of(span)
    return source.line_span(first, last)


def _declaration(member: Member, outline: Outline) -> Span:
    """A field whole; a property up to its accessors' bodies."""
    bodies = [f.head.end for f in outline.functions if member.span.holds(f.span) and f.head.end < f.span.end]
    return Span(member.span.start, min(bodies)) if bodies and member.kind != "field" else member.span


def _mentions(code: str, member: Member) -> bool:
    return any(
        re.search(rf"(?<![\w.]){re.escape(n)}\b|\bthis\.{re.escape(n)}\b", code) for n in member.names if n != "this[]"
    )


def _add_users(add: Add, outline: Outline, home: Span, pointed: Span) -> None:
    """For a selected field: the members that use it, whole, as far as the budget goes."""
    names = [m for m in outline.members if m.span.overlaps(pointed)]
    for function in outermost(f for f in outline.functions if home.holds(f.span)):
        if any(_mentions(outline.source.text(function.span), m) for m in names):
            add(_lines(outline.source, function.span), "function", "uses the selected member")


def _add_signatures(add: Add, outline: Outline, home: Span, taken: list[Span], state: list[Member]) -> None:
    source = outline.source
    heads = [
        f.head if f.head.end < f.span.end else f.span
        for f in outermost(
            f for f in outline.functions if home.holds(f.span) and f.construct not in ("accessor", "lambda")
        )
    ]
    heads += [_declaration(m, outline) for m in state]
    for head in sorted(heads):
        line = _lines(
            source, Span(head.start, max(head.start + 1, head.start + len(source.data[head.start : head.end].rstrip())))
        )
        if not any(t.overlaps(line) for t in taken):
            taken.append(line)
            add(line, "signatures", "another member of the type, without its body")


def _elide(
    excerpt: Excerpt, function: Scope, context: Context, pointed: Span, room: int, weighed: Weighed, budget: int
) -> Excerpt:
    """Leave out whole statements, largest first, that touch neither the selection nor any scope."""
    source = excerpt.source
    kept = [pointed, *(s.span for s in context.scopes), *(f.span for f in context.functions if f is not function)]
    # What follows an early `return` guard is dropped before the guard: exits decide what runs under the scope.
    waiting = [
        s
        for s in statements(source, function.span)
        if not any(s.overlaps(k) or k.holds(s) for k in kept) and _own_lines(source, s)
    ]
    elided: list[Span] = []
    smallest = excerpt
    for statement in sorted(waiting, key=len, reverse=True):
        if any(e.holds(statement) for e in elided):
            continue
        elided.append(statement)
        smallest = weighed(replace(excerpt, elided=_runs(source, elided)))
        if smallest.tokens <= room:
            return smallest
    first, last = source.lines_of(excerpt.span)
    raise BudgetError(
        f"{source.path}:{first}-{last}: {function.name} needs {budget - room + smallest.tokens:,} tokens even without "
        f"every statement outside its scopes and the selection, and the budget is {budget:,}; raise it with --budget."
    )


def _own_lines(source: Source, span: Span) -> bool:
    """Whether nothing else stands on the statement's lines."""
    whole = _lines(source, span)
    before, after = source.data[whole.start : span.start], source.data[span.end : whole.end]
    return not before.strip() and not after.strip()


def _runs(source: Source, elided: list[Span]) -> tuple[Span, ...]:
    """Neighbouring statements joined to runs of whole lines."""
    runs: list[Span] = []
    for span in sorted(_lines(source, e) for e in elided):
        if runs and not source.data[runs[-1].end : span.start].strip():
            runs[-1] = Span(runs[-1].start, max(runs[-1].end, span.end))
        else:
            runs.append(span)
    return tuple(runs)


def outermost(functions: Iterable[Scope]) -> list[Scope]:
    """The functions that stand in no other of them."""
    every = list(functions)
    return [f for f in every if not any(o.span.holds(f.span) and o.span != f.span for o in every)]
