"""On which conditions a place of a function is reached, however they are written: around it, or as an exit before it.

A condition is taken apart to the comparisons that it is made of, each without its negation, so that a branch that is turned
round, split or joined has the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ctxreview.behaviour.version import Condition, version
from ctxreview.model import il
from ctxreview.model.notation import without_self
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span

BUILD = "compiled"
"""The operator of a condition that says what is compiled; its comparison begins with it."""
_JOINS = frozenset({"&&", "||", "!", "and", "or", "not", "?:"})
_TESTED = frozenset({"is"})
_LEAVING = ("return", "throw", "end", "goto")


def conditions(outline: Outline, unit: il.Unit, place: Span) -> tuple[Condition, ...]:
    """What decides whether ``place`` in ``unit`` is reached, outermost first; of functions inside, those that run where they are count on."""
    return tuple(_walk(outline, unit.body, place))


def tests(outline: Outline, unit: il.Unit, until: int | None = None) -> frozenset[str]:
    """All comparisons of the branches of a function, or of those whose condition ends before the byte ``until``."""
    branches = (n for n in il.walk(unit) if isinstance(n, il.Branch))
    asked = (b.condition for b in branches if until is None or b.condition.span.end <= until)
    return frozenset(t for condition in asked for t in _tests(outline, condition))


def _walk(outline: Outline, start: il.Node, place: Span) -> Iterator[Condition]:
    node: il.Node | None = start
    while node is not None:
        if isinstance(node, il.Branch):
            if not node.condition.span.contains(place):
                yield from (Condition(test, node.condition.span) for test in _tests(outline, node.condition))
        elif isinstance(node, il.Loop) and node.kind == "before" and node.condition is not None and not node.first:
            if node.body.span.contains(place):
                yield from (Condition(test, node.condition.span) for test in _tests(outline, node.condition))
        elif isinstance(node, il.Operation):
            for number, operand in enumerate(node.operands):
                if operand.span.contains(place) and number >= node.lazy:
                    found = ((t, o.span) for o in node.operands[:number] for t in _tests(outline, o))
                    lacking = _lacking(outline) if node.operator == "??" else ""
                    yield from (Condition(f"{test}{lacking}", at) for test, at in found)
        elif isinstance(node, il.Block):
            yield from _left_before(outline, node, place)
        inner: Iterable[il.Node] = node.statements if isinstance(node, il.Block) else il.children(node)
        node = next((c for c in inner if c.span.contains(place)), None)


def _lacking(outline: Outline) -> str:
    """How the comparison of a value with no object ends."""
    return f"={next(iter(version(outline).language.words.nothing), '')}"


def _left_before(outline: Outline, block: il.Block, place: Span) -> Iterator[Condition]:
    """The conditions of the exits of a block that are before the statement with ``place``."""
    known = version(outline).exits
    if id(block) not in known:
        known[id(block)] = (block, tuple(_exits(outline, block)))
    for end, condition in known[id(block)][1]:
        if end > place.start:
            return
        yield condition


def _exits(outline: Outline, block: il.Block) -> Iterator[tuple[int, Condition]]:
    """The conditions of the exits of a block, each with the end of its statement."""
    for statement in block.statements:
        for branch, jumps in _branches(statement):
            exits = [leaves for way in (branch.then, branch.otherwise) if way and (leaves := leaving(way, jumps))]
            for test in _tests(outline, branch.condition) if exits else ():
                yield statement.span.end, Condition(test, branch.condition.span, exits[0])


def _branches(statement: il.Statement) -> Iterator[tuple[il.Branch, bool]]:
    """The branches in a statement, and whether a jump out of a loop leaves the block around it."""
    waiting: list[tuple[il.Node, bool]] = [(statement, True)]
    while waiting:
        node, jumps = waiting.pop()
        if isinstance(node, il.Branch):
            yield node, jumps
        if not isinstance(node, il.Unit):
            inside = jumps and not isinstance(node, il.Loop | il.Choice)
            waiting += [(child, inside) for child in reversed(list(il.children(node)))]


def leaving(block: il.Block, jumps: bool = False) -> str:
    """How a block ends that does not go on: the kind of its exit, with ``jumps`` also one out of a loop; ``""`` where it may go on."""
    last = block.statements[-1] if block.statements else None
    match last:
        case il.Exit():
            return last.kind if jumps or last.kind in _LEAVING else ""
        case il.Block() | il.Held(body=il.Block()):
            return leaving(last if isinstance(last, il.Block) else last.body, jumps)
        case il.Do(value=il.Raise()):
            return "throw"
        case il.Branch():
            ways = [leaving(w, jumps) if w is not None else "" for w in (last.then, last.otherwise)]
            return ways[0] if all(ways) else ""
        case _:
            return ""


def _tests(outline: Outline, condition: il.Value) -> Iterator[str]:
    waiting = [condition]
    while waiting:
        node = waiting.pop()
        if isinstance(node, il.Operation) and node.operator in _JOINS:
            waiting += reversed(node.operands)
        else:
            yield _plain(outline, node)


def _plain(outline: Outline, value: il.Value) -> str:
    """A comparison without layout and negation."""

    def text(node: il.Value) -> str:
        return without_self("".join(outline.source.text(node.span).split()))

    if isinstance(value, il.Operation) and value.operator == BUILD:
        return f"{BUILD} {text(value)}"
    if not isinstance(value, il.Operation) or len(value.operands) != 2:
        return text(value)
    first, second = value.operands
    sign = value.operator
    if sign in _TESTED:  # a pattern: of what is asked of the value, the innermost says it
        while isinstance(second, il.Operation) and second.operator in _JOINS and len(second.operands) == 1:
            second = second.operands[0]
        if (
            isinstance(second, il.Operation)
            and len(second.operands) == 2
            and isinstance(second.operands[0], il.Matched)
        ):
            sign, second = second.operator, second.operands[1]
    if sign in (">", "<="):
        return f"{text(second)}<{text(first)}"
    return f"{text(first)}{'<' if sign in ('<', '>=') else '='}{text(second)}"
