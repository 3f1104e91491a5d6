"""Which places of a function can be passed in one run of it."""

from __future__ import annotations

from ctxreview.behaviour.version import version
from ctxreview.model import il
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span


def exclude_each_other(outline: Outline, one: Span, other: Span) -> bool:
    """Whether two places are in different ways of one branch, so that no run but one in a loop passes both."""
    member = outline.member_of(one)
    unit = version(outline).units.get(member.span) if member is not None else None
    for node in il.walk(unit) if unit is not None else ():
        if isinstance(node, il.Branch):
            ways = [node.then, *([node.otherwise] if node.otherwise is not None else [])]
        elif isinstance(node, il.Choice):
            ways = [arm.body for arm in node.arms]
        else:
            continue
        first, second = (next((n for n, w in enumerate(ways) if w.span.contains(at)), None) for at in (one, other))
        if first is not None and second is not None and first != second:
            return True
    return False


def in_one_run(outline: Outline, one: Span, other: Span) -> bool:
    """Whether a single run can pass both places, as far as branches tell: neither is in a way that leaves before the other."""
    if exclude_each_other(outline, one, other):
        return False
    first, second = sorted((one, other))
    member = outline.member_of(first)
    unit = version(outline).units.get(member.span) if member is not None else None
    for node in il.walk(unit) if unit is not None else ():
        if isinstance(node, il.Branch):
            ways = [node.then, *([node.otherwise] if node.otherwise is not None else [])]
        elif isinstance(node, il.Choice):
            ways = [arm.body for arm in node.arms]
        elif isinstance(node, il.Try):
            ways = [handler.body for handler in node.handlers]
        else:
            continue
        for way in ways:
            if way.span.contains(first) and not way.span.contains(second) and _leaves(way):
                return False
    return True


def _leaves(way: il.Block) -> bool:
    """Whether the end of a block is never reached."""
    last = way.statements[-1] if way.statements else None
    if isinstance(last, il.Block):
        return _leaves(last)
    if isinstance(last, il.Exit):
        return last.kind in ("return", "throw", "end")
    return isinstance(last, il.Do) and isinstance(last.value, il.Raise)
