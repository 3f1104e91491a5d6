"""What the model must see for a selection, within the budget, and what it will not see.

The ladder, widest need first: the whole function, the scopes that hold it, the type's header with the
state the function uses, then the rest of the type as signatures. A scope's two ends are never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ctxreview.context.blind_spots import blind_spots_beyond, blind_spots_in_file, calls_not_shown
from ctxreview.context.ladder import fill_budget
from ctxreview.context.pointed import functions_touched, pointed_code
from ctxreview.errors import SourceError
from ctxreview.model.declarations import Function, outermost
from ctxreview.model.kinds import Verdict
from ctxreview.model.outline import Outline, contained_in
from ctxreview.model.protection import Protection
from ctxreview.model.regions import NO_SCOPE, Region
from ctxreview.model.review import Context, Surroundings, Tokens
from ctxreview.model.source import Selection, Spans, contains_any
from ctxreview.tokens import Tokenizer

Look = Callable[[Outline, Sequence[Function]], Surroundings]
"""Tells what the repository says about the functions around a selection."""


def build(
    selection: Selection,
    outline: Outline,
    budget: int,
    tokenizer: Tokenizer,
    fixed: int,
    look: Look | None = None,
    *,
    protected: bool = True,
) -> Context:
    """The context of one selection, in its own file, or with ``look`` in its repository.

    ``budget`` and ``fixed`` are tokens: the size of the whole prompt, and of its part that is the same for
    every selection; ``protected`` asks what the scopes around it protect. Raises :class:`BudgetError` when the function does not fit even with everything left
    out that may be, and :class:`SourceError` when the selection lies outside every type and function.
    """
    pointed = pointed_code(selection, outline)
    functions = functions_touched(pointed, outline)
    types = outline.types_around(functions[-1].span if functions else pointed)
    if not functions and not types:
        first, last = selection.lines
        where = f"{selection.source.path}:{first}-{last}: is outside every type and function"
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
            *blind_spots_beyond(members, types, outline.source, around),
            *blind_spots_in_file(pointed, outline, functions, members, scopes, around_it, types),
            *calls_not_shown(outline, members, beyond.excerpts),
        ),
        verdict="cannot-tell",
        tokens=Tokens(0, budget, tokenizer.name),
        others=beyond.sources,
        callers_complete=beyond.callers_complete,
        settled=beyond.settled,
        supposed=beyond.supposed,
        said=beyond.said,
        callers_certain=beyond.callers_certain,
        doubts=beyond.doubts,
    )
    context = context._replace(
        verdict=_verdict(context, beyond), protections=_protections(context) if protected else ()
    )
    return fill_budget(context, types, pointed, beyond.excerpts, budget, tokenizer, fixed)


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
