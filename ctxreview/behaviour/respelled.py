"""Two versions of a function that differ by nothing but the names of its variables: no letter of what it does is another one."""

from __future__ import annotations

from ctxreview.behaviour.body import Body
from ctxreview.behaviour.version import version
from ctxreview.model import il
from ctxreview.regex import regex

_PIECE = regex(r"[^\W\d]\w*|\S")
_OWN = ("local", "parameter", "captured")


def is_respelled(old: Body, new: Body) -> bool:
    """Whether each name that differs is that of one variable before and of one after, and of nothing else in the function.

    Where a variable is called as something else is anywhere in the function, the answer is no.
    """
    first, second = _PIECE.findall(old.words), _PIECE.findall(new.words)
    if len(first) != len(second):
        return False
    pairs = {(a, b) for a, b in zip(first, second, strict=True) if a != b}
    names, others = {a for a, _ in pairs}, {b for _, b in pairs}
    if not pairs or len(names) != len(pairs) or len(others) != len(pairs):
        return False
    if not names.isdisjoint(second) or not others.isdisjoint(first):
        return False
    return names <= _variables(old) and others <= _variables(new)


def _variables(of: Body) -> frozenset[str]:
    """The names that stand for variables in a function, and for nothing else."""
    unit = version(of.outline).units.get(of.member.span)
    if unit is None:
        return frozenset()
    own, other = set[str](), set[str]()
    for node in il.walk(unit):
        if isinstance(node, il.Name):
            (own if node.binding in _OWN else other).add(node.text)
        elif isinstance(node, il.Access) or (isinstance(node, il.Argument) and node.name):
            other.add(node.name)
        elif isinstance(node, il.Parameter):
            own.add(node.name.text)
        elif isinstance(node, il.Opaque):
            other.update(node.names)
        elif isinstance(node, il.Constant) and node.kind == "name":
            other.add(node.text)
    return frozenset(own - other)
