"""Which of several places a sentence means: the one that is selected, or the only one of the selected function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from ctxreview.guard.placing.refusals import Instead, UnplacedError
from ctxreview.model.phrases import listed
from ctxreview.model.review import Context
from ctxreview.model.source import Source, Span

Found = TypeVar("Found")


def function_of(context: Context) -> Span:
    """The selected function; just what is selected where that is in none, or in several."""
    function = context.outline.member_of(context.selection.span)
    return function.span if function is not None else context.selection.span


def only(found: Sequence[Found], what: str, context: Context, span: Callable[[Found], Span]) -> Found:
    """The one of these that the selection touches, or else the only one. Raises :class:`UnplacedError` with the lines of several."""
    touched = [f for f in found if span(f).overlaps(context.selection.span)]
    meant = touched or found
    if len(meant) != 1:
        raise UnplacedError(
            f"It is not certain what {what} refers to: there are {len(meant)} places, in {lines_said(map(span, meant), context.selection.source)}."
            if meant
            else f"There is nothing in the selected function that {what} can mean.",
            Instead.LINES,
        )
    return meant[0]


def lines_said(spans: Iterable[Span], source: Source) -> str:
    """``line 3``, ``lines 3 and 5``: where some places begin, past the blanks before them."""
    starts = [s.start + len(t) - len(t.lstrip()) for s in spans for t in (source.data[s.start : s.end],)]
    numbers = list(dict.fromkeys(str(source.line_of(at)) for at in sorted(starts)))
    return f"line{'s' if len(numbers) > 1 else ''} {listed(numbers)}" if numbers else ""
