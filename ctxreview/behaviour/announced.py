"""What a flag tells who looks at it: that data is there, or that it is given up. A flag that turns everybody away may come before the data is."""

from __future__ import annotations

from collections.abc import Iterator

from ctxreview.behaviour.conditions import leaving
from ctxreview.behaviour.effects import Effect
from ctxreview.behaviour.version import version
from ctxreview.model import il
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span


def turns_away(outline: Outline, flag: Effect, look: Effect, uses: list[Effect]) -> bool:
    """Whether whoever looks at a flag and sees what was written leaves, or passes over all of ``uses``."""
    if flag.place is None or {flag.at.path, look.at.path} != {outline.source.path}:
        return False
    name = flag.place.key.rpartition(".")[2]
    written = {value for unit in _around(outline, flag) for value in _written(unit, name)}
    if len(written) != 1 or None in written:
        return False
    value = next(iter(written))
    asked = [n for unit in _around(outline, look) for n in _asking(outline, unit, look, name)]
    ways = ("throw",) if look.path else ("throw", "return")  # whoever calls a helper goes on when it returns
    return bool(asked) and all(_passes_over(outline, one, name, value, look, uses, ways) for one in asked)


def _around(outline: Outline, effect: Effect) -> Iterator[il.Unit]:
    """The function in which an effect is done."""
    for function in outline.outermost:
        first, last = outline.source.lines_of(function.span)
        if first <= effect.at.start_line <= last and (unit := version(outline).units.get(function.span)) is not None:
            yield unit


def _written(unit: il.Unit, name: str) -> Iterator[str | None]:
    """The constants that a function writes to a member; ``None`` for another value."""
    for node in il.walk(unit):
        if isinstance(node, il.Assign) and _is(node.target, name):
            yield _constant(node.value) if node.operator == "=" else None
        elif isinstance(node, il.Call) and len(node.arguments) > 1 and _is(node.arguments[0].value, name):
            yield _constant(node.arguments[1].value) if node.arguments[0].mode == "reference" else None


def _constant(value: il.Value) -> str | None:
    return value.text if isinstance(value, il.Constant) and value.kind in ("boolean", "number", "null") else None


def _is(value: il.Value, name: str) -> bool:
    return il.last_name(value) == name


def _asking(outline: Outline, unit: il.Unit, look: Effect, name: str) -> Iterator[il.Branch | il.Loop]:
    """The branches and loops of a function whose condition looks at a member at the place of ``look``."""
    for node in il.walk(unit):
        if isinstance(node, il.Branch | il.Loop) and node.condition is not None:
            first, last = outline.source.lines_of(node.condition.span)
            if first <= look.at.start_line <= last and any(_names(node.condition, name)):
                yield node


def _names(value: il.Value, name: str) -> Iterator[bool]:
    return (True for n in il.walk(value) if isinstance(n, il.Name | il.Access) and _is(n, name))


def _passes_over(
    outline: Outline,
    asked: il.Branch | il.Loop,
    name: str,
    value: str | None,
    look: Effect,
    uses: list[Effect],
    ways: tuple[str, ...],
) -> bool:
    assert asked.condition is not None
    holds = _holds(asked.condition, name, value)
    if isinstance(asked, il.Loop):
        return (
            asked.kind == "before" and holds is False and all(_is_in(outline, e, look, asked.body.span) for e in uses)
        )
    if holds is None:
        return False
    taken, passed = (asked.then, asked.otherwise) if holds else (asked.otherwise, asked.then)
    if taken is not None and (leaving(taken) in ways or _ends_by_asking(outline, taken, name, value)):
        return True
    return passed is not None and all(_is_in(outline, e, look, passed.span) for e in uses)


def _ends_by_asking(outline: Outline, block: il.Block, name: str, value: str | None) -> bool:
    """Whether a block ends by a call of a function that throws where a member has a value."""
    last = block.statements[-1] if block.statements else None
    call = last.value if isinstance(last, il.Do) and isinstance(last.value, il.Call) else None
    if call is None or call.arguments:
        return False
    own = (version(outline).units[d.span] for d in version(outline).functions(call.callee))
    return any(
        isinstance(s, il.Branch) and _holds(s.condition, name, value) is True and leaving(s.then) == "throw"
        for unit in own
        for s in unit.body.statements
    )


def _is_in(outline: Outline, effect: Effect, look: Effect, span: Span) -> bool:
    """Whether an effect of the function that looks is within a part of it."""
    if not look.path:
        return span.contains(effect.span)
    first, last = outline.source.lines_of(span)
    return effect.path == look.path and first <= effect.at.start_line <= last


def _holds(condition: il.Value, name: str, value: str | None) -> bool | None:
    """Whether a condition holds while a member has a value; ``None`` where that does not say."""
    if isinstance(condition, il.Operation):
        if condition.operator in ("!", "not") and len(condition.operands) == 1:
            of = _holds(condition.operands[0], name, value)
            return None if of is None else not of
        if condition.operator in ("&&", "||", "and", "or"):
            each = [_holds(o, name, value) for o in condition.operands]
            decisive = condition.operator in ("||", "or")
            if decisive in each:
                return decisive
            return None if None in each else not decisive
        if condition.operator in ("==", "!=") and len(condition.operands) == 2:
            sides = [_value(o, name, value) for o in condition.operands]
            return None if None in sides else (sides[0] == sides[1]) == (condition.operator == "==")
    known = _value(condition, name, value)
    return {"true": True, "false": False}.get(known or "")


def _value(of: il.Value, name: str, value: str | None) -> str | None:
    """What a value is while a member has one: that itself, a step that gives it, or a constant."""
    if isinstance(of, il.Call) and of.arguments and _is(of.arguments[0].value, name):
        return value
    return value if _is(of, name) else _constant(of)
