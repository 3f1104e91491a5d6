"""Whether a stretch of a function can end by an exception, as far as its file tells.

What cannot are reads and writes of variables and fields, arithmetic, and calls of the type's own functions that do no more. Running out of
memory, and what a debugger or an abort raises, are aside.
"""

from __future__ import annotations

from ctxreview.behaviour.version import Version, version
from ctxreview.model import il
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span

DEEPEST = 4
"""Calls in a row that are followed."""

_PLAIN = (
    *(il.Constant, il.Self, il.Matched, il.Assign, il.Argument),
    *(il.Block, il.Do, il.Branch, il.Choice, il.Arm, il.Loop, il.Label),
)
_DIVIDE = frozenset(("/", "%"))


def can_fail(outline: Outline, function: Span, within: Span) -> bool:
    """Whether anything that starts ``within`` can raise, in the function at ``function``; so it is where that is not understood."""
    there = version(outline)
    unit = there.units.get(function)
    return unit is None or _fails(there, unit, within, DEEPEST)


def _fails(there: Version, unit: il.Unit, within: Span, left: int) -> bool:
    """Whether a part of a unit may raise; the name of a call is not a value that is read."""
    nodes = [n for n in il.walk(unit.body, into=False, within=within) if within.start <= n.span.start < within.end]
    called = {n.function for n in nodes if isinstance(n, il.Call)}
    never = there.about.of("never_raises")
    safe = {n for n in nodes if isinstance(n, il.Call) and f"{_on(n)}.{n.callee}" in never}
    plain = [n.function.span for n in safe]
    nodes = [n for n in nodes if not any(s.contains(n.span) for s in plain) and n not in safe]
    return any(n not in called and _may_raise(n, there, unit, left) for n in nodes)


def _may_raise(node: il.Node, there: Version, unit: il.Unit, left: int) -> bool:
    match node:
        case il.Name() if node.binding in ("local", "parameter"):
            return False
        case il.Name() if node.binding in ("member", "static"):
            return _runs_code(there, unit.home, node.text)
        case il.Access() if _is_own(node):
            return _runs_code(there, unit.home, node.name)
        case il.Operation():
            match node.operator, node.operands:
                case "cast", (il.Constant() as type_, _):
                    return type_.text not in there.about.of("values")
            return node.operator in _DIVIDE
        case il.Assign():
            return node.operator.removesuffix("=") in _DIVIDE
        case il.Exit():
            return node.kind == "throw"
        case il.Call() if _is_own(node.function):
            own = there.only_method(unit.home, node.callee)
            whole = own.unit.body.span if own is not None else unit.span
            return own is None or not left or own.unit.asynchronous or _fails(own.version, own.unit, whole, left - 1)
    return not isinstance(node, _PLAIN)


def _on(call: il.Call) -> str:
    """The name that a call is made on; ``""`` for something else."""
    on = call.function.of if isinstance(call.function, il.Access) else None
    return on.text if isinstance(on, il.Name) else ""


def _is_own(value: il.Value) -> bool:
    """Whether a value is a function of the type or a member of the object at hand."""
    if isinstance(value, il.Name):
        return value.binding == "function"
    return isinstance(value, il.Access) and isinstance(value.of, il.Self) and not value.of.base


def _runs_code(there: Version, home: str, name: str) -> bool:
    """Whether reading or writing a member of the type runs code; so it may where it is declared elsewhere."""
    state = there.state(home, name)
    return state is None or there.getter(state) is not None or there.setter(state) is not None
