"""The context of a request: its file outlined as far as needed, and what the repository around it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ctxreview.context import build as contexts
from ctxreview.model.declarations import Function
from ctxreview.model.outline import Outline
from ctxreview.model.review import Context, Surroundings
from ctxreview.review.request import Request, Siblings

if TYPE_CHECKING:
    from ctxreview.callgraph.repository.index import Repository


def build(request: Request, *, whole: bool = True) -> Context:
    """Everything the model would be told about one selection.

    With ``whole``, all of its file is outlined, as rules need it, and not the selected functions alone.

    Raises :class:`BudgetError` when the function does not fit even with everything left out that may be, and
    :class:`SourceError` when the selection is outside every type and function.
    """
    if whole:
        return _built(request, None)
    context = _built(request, request.siblings)
    return context if all(context.outline.has_read(f.span) for f in context.functions) else _built(request, None)


def build_to_compare(request: Request) -> Context:
    """What the guard compares edits of one selection by: all of its file, and nothing that only the model would be told.

    Raises as :func:`build` does.
    """
    return _built(request, None, shown=False)


def _built(request: Request, within: Siblings | None, *, shown: bool = True) -> Context:
    selection, settings = request.selection, request.settings
    source, own = selection.source, settings.project.scopes
    found = request.outline(source, None, own, within)
    inactive = next((d for d in found.parse.inactive if d.overlaps(selection.span)), None)
    if inactive is not None:
        # `#if` had to be decided to read the file: it is decided again, for the branch that holds the selection.
        keep = inactive.end - len(source.data[inactive.start : inactive.end].lstrip())
        found = request.outline(source, keep, own, Siblings({}, (selection.span,)) if within is not None else None)
    look = None
    if request.repository is not None:
        found, look = _surrounded(request, request.repository, found, shown=shown)
    return contexts.build(
        selection, found, settings.budget, request.options.tokenizer, settings.fixed, look, protected=shown
    )


def _surrounded(
    request: Request, repository: Repository, found: Outline, *, shown: bool
) -> tuple[Outline, contexts.Look]:
    """The outline with the scopes that the repository's own wrappers open, and a look around it."""
    from ctxreview.callgraph.finished import with_ends_elsewhere
    from ctxreview.callgraph.surroundings import surroundings
    from ctxreview.callgraph.wrappers.scopes import expect_wrappers, with_wrapped_scopes

    repository.trim()
    span = request.selection.span
    selected = [m.span for m in found.outermost if m.span.overlaps(span) and found.has_read(m.span)]
    wrappers = expect_wrappers(((found, s) for s in selected), repository)

    def look(outline: Outline, functions: Sequence[Function]) -> Surroundings:
        return surroundings(outline, functions, repository, request.options.hops, shown=shown)

    return with_ends_elsewhere(with_wrapped_scopes(found, selected, repository, wrappers), selected, repository), look
