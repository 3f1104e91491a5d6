"""Which places of a function can be passed in one run of it."""

from __future__ import annotations

from ctxreview.behaviour.version import version
from ctxreview.model import il
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span


def exclude_each_other(outline: Outline, one: Span, other: Span) -> bool:
    """Whether two places stand in different ways of one branch, so that no run but one in a loop passes both."""
    member = outline.member_of(one)
    unit = version(outline).unit_at.get(member.span) if member is not None else None
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
