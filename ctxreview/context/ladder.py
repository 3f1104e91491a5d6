"""What of the file the model gets to see: the ladder, climbed until the token budget is full.

The function whole, then the type's header with the state the function uses, then the rest of the type as
signatures. A scope's two ends and the selection are never left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from ctxreview.context.budget import ExcerptBudget
from ctxreview.context.groups import in_order, of_other_places, of_type, whole_lines
from ctxreview.model.declarations import Function, TypeDecl, outermost
from ctxreview.model.outline import Outline
from ctxreview.model.review import Context, Excerpt, Tokens
from ctxreview.model.source import Span
from ctxreview.tokens import Tokenizer


def fill_budget(
    context: Context,
    types: tuple[TypeDecl, ...],
    pointed: Span,
    beyond: Sequence[Excerpt],
    budget: int,
    tokenizer: Tokenizer,
    fixed: int,
) -> Context:
    """``context`` with excerpts and omissions; ``fixed`` is the size of the prompt without them, in tokens.

    ``beyond`` are excerpts of other places, the most needed first: callers before, others after what the type declares.

    Raises :class:`BudgetError` when the function does not fit even with everything left out that may be.
    """
    source = context.selection.source
    page = ExcerptBudget(context, budget, tokenizer, fixed)
    shown = [(m, _whole(m, context.outline)) for m in outermost(context.functions)]
    rest = list(of_type(context, types, [s for _, s in shown], pointed)) if types else []
    rest = in_order(rest, of_other_places(beyond, source))
    page.reserve(rest)
    for member, span in shown:
        why = "encloses the selection" if span.contains(pointed) else "the selection touches it"
        page.function(Excerpt(source, span, "function", why), member)
    if not shown:
        for state in [m for m in context.outline.members if m.span.overlaps(pointed)]:
            page.require(Excerpt(source, whole_lines(source, state.span), "field", "the selection is in it"))
    for header in rest[0].excerpts if types else ():
        if header.span.overlaps(context.selection.span):
            page.require(header)
    for lines in page.uncovered():  # which no excerpt holds
        page.need(Excerpt(source, lines, "member", "selected"))
    if not page.add_all(rest):
        for group in rest:
            page.add(group)
    if types:
        page.count_bodies(types[0])
    return context._replace(
        excerpts=tuple(page.excerpts),
        omitted=tuple(page.omitted),
        tokens=Tokens(budget - page.remaining, budget, tokenizer.name),
    )


def _whole(function: Function, outline: Outline) -> Span:
    """The function's lines; for an accessor the whole property, since its other half shares the state."""
    holders = outline.members if function.kind == "accessor" else ()
    return whole_lines(outline.source, next((m.span for m in holders if m.span.contains(function.span)), function.span))
