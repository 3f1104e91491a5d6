"""Which places of a function can be passed in one run of it."""

from __future__ import annotations

from collections.abc import Iterator

from ctxreview.behaviour.version import version
from ctxreview.model import il
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span


def exclude_each_other(outline: Outline, one: Span, other: Span) -> bool:
    """Whether two places are in different ways of one branch, so that no run but one in a loop passes both."""
    for ways in (*_branches(outline, one), *_values(outline, one)):
        first, second = (next((n for n, w in enumerate(ways) if w.span.contains(at)), None) for at in (one, other))
        if first is not None and second is not None and first != second:
            return True
    return False


def in_one_run(outline: Outline, one: Span, other: Span, start: Span | None = None) -> bool:
    """Whether a single run can pass both places, as far as branches tell: neither is in a way that leaves before the other.

    With ``start``, a place before both, a run begins there: one turn of a loop that it is in.
    """
    if exclude_each_other(outline, one, other):
        return False
    first, second = sorted((one, other))
    ways = (way for found in (_branches(outline, first), _handlers(outline, first)) for ways in found for way in ways)
    around = [n.span for n in _nodes(outline, first) if isinstance(n, il.Loop) and n.span.contains(first)]
    turn = start is not None and bool(around) and max(around).contains(start)  # the innermost one
    return not any(
        way.span.contains(first) and not way.span.contains(second) and (_leaves(way) or (turn and _jumps(way)))
        for way in ways
    )


def _branches(outline: Outline, place: Span) -> Iterator[list[il.Block]]:
    """The ways of each branch in the member around a place, of which a run takes one."""
    for node in _nodes(outline, place):
        if isinstance(node, il.Branch):
            yield [node.then, *([node.otherwise] if node.otherwise is not None else [])]
        elif isinstance(node, il.Choice):
            yield [arm.body for arm in node.arms]


def _values(outline: Outline, place: Span) -> Iterator[tuple[il.Value, ...]]:
    """The values of each operation around a place that gives one of them."""
    for node in _nodes(outline, place):
        if isinstance(node, il.Operation) and node.operator == "?:":
            yield node.operands[1:]


def _handlers(outline: Outline, place: Span) -> Iterator[list[il.Block]]:
    """The handlers of each ``il.Try`` in the member around a place."""
    for node in _nodes(outline, place):
        if isinstance(node, il.Try):
            yield [handler.body for handler in node.handlers]


def _nodes(outline: Outline, place: Span) -> Iterator[il.Node]:
    member = outline.member_of(place)
    unit = version(outline).units.get(member.span) if member is not None else None
    return il.walk(unit) if unit is not None else iter(())


def _jumps(way: il.Block) -> bool:
    """Whether a block ends by leaving the turn of a loop."""
    last = way.statements[-1] if way.statements else None
    return isinstance(last, il.Exit) and last.kind in ("continue", "break")


def _leaves(way: il.Block) -> bool:
    """Whether the end of a block is never reached."""
    match way.statements[-1] if way.statements else None:
        case il.Block() as last:
            return _leaves(last)
        case il.Held() as last:
            return _leaves(last.body)
        case il.Try() as last:
            ways = (last.body, *(handler.body for handler in last.handlers))
            return all(map(_leaves, ways)) or (last.always is not None and _leaves(last.always))
        case il.Branch() as last:
            return last.otherwise is not None and _leaves(last.then) and _leaves(last.otherwise)
        case il.Exit() as last:
            return last.kind in ("return", "throw", "end")
        case il.Do() as last:
            return isinstance(last.value, il.Raise)
    return False
