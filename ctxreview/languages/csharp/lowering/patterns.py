"""Patterns to values about what is matched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ctxreview.languages.csharp.lowering.creations import Creations
from ctxreview.languages.csharp.lowering.values import DEEPEST, parts, span
from ctxreview.model.il import Access, Assign, Constant, Matched, Opaque, Operation, Value
from ctxreview.model.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node


class Patterns(Creations):
    """Lowers what is after ``is``, ``case`` and before the arrow of an arm."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._patterns: dict[str, Callable[[Node], Value]] = {
            "constant_pattern": lambda node: self._value_pattern(parts(node)[-1]),
            "declaration_pattern": self._declaration_pattern,
            "var_pattern": lambda node: self._bind(parts(node)[-1], "var", span(node)),
            "type_pattern": lambda node: self._is_type(node, node),
            "recursive_pattern": self._recursive_pattern,
            "list_pattern": lambda node: Operation(span(node), "list", tuple(self.pattern(p) for p in parts(node))),
            "relational_pattern": lambda node: Operation(
                span(node), node.children[0].type, (Matched(span(node)), self.only(node))
            ),
            "negated_pattern": lambda node: Operation(span(node), "not", (self.pattern(parts(node)[-1]),)),
            "parenthesized_pattern": lambda node: self.pattern(parts(node)[-1]),
            "and_pattern": self._both,
            "or_pattern": self._both,
            "discard": lambda node: Operation(span(node), "any", ()),
            "tuple_pattern": self._positional,
            "subpattern": self._subpattern,
        }

    def regrouped(self, node: Node) -> Value | None:
        """``node``, a condition, where a pattern in it has swallowed a ``&&`` or ``||`` that follows; otherwise ``None``.

        The grammar reads ``a is null && b`` as ``a is (null && b)``. The parts are put together again by the language's
        precedence: in a pattern ``not``, ``and``, ``or``, outside of it ``is``, ``&&``, ``||``.
        """
        found = list(self._flat(node))
        patterns = [n for n, part in enumerate(found) if part == "is"]
        if not patterns or not any(part in ("&&", "||") for part in found[patterns[0] :]) or not _swallows(node):
            return None
        return _Conditions(self, found).either()

    def _flat(self, node: Node) -> Iterator[Node | str]:
        """The operands and operators of a condition, in source order."""
        waiting: list[Node | str] = [node]
        while waiting:
            at = waiting.pop()
            if isinstance(at, str):
                yield at
                continue
            operator = _operator(at)
            ends = [at.child_by_field_name(side) for side in ("left", "right", "expression", "pattern")]
            inside = [end for end in ends if end is not None]
            if operator in _BINARY and len(inside) == 2:
                waiting += [inside[1], operator, inside[0]]
            elif at.type in ("negated_pattern", "relational_pattern"):
                waiting += [parts(at)[-1], at.children[0].type]
            elif at.type == "constant_pattern" and parts(at):
                waiting.append(parts(at)[-1])
            else:
                yield at

    def pattern(self, node: Node) -> Value:
        """What is tested of :class:`Matched`."""
        if self.depth >= DEEPEST:
            return self.opaque(node)
        self.depth += 1
        try:
            made = self._patterns.get(node.type)
            return made(node) if made is not None else self._value_pattern(node)
        finally:
            self.depth -= 1

    def _value_pattern(self, node: Node) -> Value:
        return Operation(span(node), "==", (Matched(span(node)), self.value(node)))

    def _bind(self, node: Node, type_: str, at: Span) -> Value:
        return Assign(at, self.designation(node), "=", Matched(at), type_)

    def _is_type(self, node: Node, type_: Node) -> Value:
        return Operation(span(node), "type", (Matched(span(type_)), Constant(span(type_), "type", self.text(type_))))

    def _declaration_pattern(self, node: Node) -> Value:
        type_, name = node.child_by_field_name("type"), node.child_by_field_name("name") or parts(node)[-1]
        bound = self._bind(name, self.text(type_), span(node))
        if type_ is None or type_.type == "implicit_type":
            return bound
        return Operation(span(node), "and", (self._is_type(node, type_), bound), 1)

    def _recursive_pattern(self, node: Node) -> Value:
        type_, name = node.child_by_field_name("type"), node.child_by_field_name("name")
        tests: list[Value] = [self._is_type(type_, type_)] if type_ is not None else []
        for clause in parts(node):
            if clause.type in ("property_pattern_clause", "positional_pattern_clause"):
                tests += [self.pattern(c) for c in parts(clause)]
        if name is not None:
            tests.append(self._bind(name, self.text(type_) or "var", span(name)))
        return Operation(span(node), "and", tuple(tests), 1)

    def _subpattern(self, node: Node) -> Value:
        inside = parts(node)
        if len(inside) < 2:
            return self.pattern(inside[0]) if inside else self.opaque(node)
        of: Value = Matched(span(inside[0]))
        for name in re.findall(r"\w+", self.text(inside[0])):
            of = Access(span(inside[0]), of, name)
        return Operation(span(node), "has", (of, self.pattern(inside[-1])), 1)

    def _positional(self, node: Node) -> Value:
        return Operation(span(node), "and", tuple(self.pattern(c) for c in parts(node)), 1)

    def _both(self, node: Node) -> Value:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        tests = tuple(self.pattern(side) for side in (left, right) if side is not None)
        return Operation(span(node), node.type.removesuffix("_pattern"), tests, 1)


_BINARY = ("&&", "||", "is", "and", "or")
_RELATIONS = ("<", "<=", ">", ">=")


def _operator(node: Node) -> str:
    """The operator of a condition or a pattern with two sides; empty for any other."""
    if node.type == "binary_expression":
        operator = node.child_by_field_name("operator")
        return operator.type if operator is not None else ""
    return {"is_pattern_expression": "is", "and_pattern": "and", "or_pattern": "or"}.get(node.type, "")


def _swallows(node: Node) -> bool:
    """Whether a pattern of the condition holds a ``&&`` or ``||``."""
    waiting = [(node, False)]
    while waiting:
        at, within = waiting.pop()
        operator = _operator(at)
        if within and operator in ("&&", "||"):
            return True
        within = within or at.type.endswith("_pattern")
        if operator or at.type in ("negated_pattern", "relational_pattern", "constant_pattern"):
            waiting += [(c, within) for c in parts(at)]
    return False


class _Conditions:
    """Operands and operators in a row, read by precedence."""

    def __init__(self, lowering: Patterns, row: list[Node | str]) -> None:
        self.lowering = lowering
        self.row = row
        self.at = 0

    def either(self) -> Value:
        """Conditions between ``||``."""
        return self._row("||", self._both)

    def _both(self) -> Value:
        return self._row("&&", self._test)

    def _row(self, operator: str, part: Callable[[], Value]) -> Value:
        found = part()
        while self._takes(operator):
            right = part()
            found = Operation(Span(found.span.start, right.span.end), operator, (found, right), 1)
        return found

    def _takes(self, *operators: str) -> str:
        here = self.row[self.at] if self.at < len(self.row) else None
        if isinstance(here, str) and here in operators:
            self.at += 1
            return here
        return ""

    def _operand(self) -> Node | None:
        here = self.row[self.at] if self.at < len(self.row) else None
        self.at += 1
        return here if not isinstance(here, str) else None

    def _test(self) -> Value:
        operand = self._operand()
        found: Value = self.lowering.value(operand) if operand is not None else Opaque(Span(0, 0), ())
        while self._takes("is"):
            tested = self._row("or", lambda: self._row("and", self._pattern))
            found = Operation(Span(found.span.start, tested.span.end), "is", (found, tested), 1)
        return found

    def _pattern(self) -> Value:
        start = self.row[self.at + 1] if self.at + 1 < len(self.row) else None
        if self._takes("not"):
            inside = self._pattern()
            return Operation(inside.span, "not", (inside,))
        relation = self._takes(*_RELATIONS)
        operand = self._operand()
        if operand is None:
            return Opaque(Span(0, 0) if start is None or isinstance(start, str) else span(start), ())
        if relation:
            return Operation(span(operand), relation, (Matched(span(operand)), self.lowering.value(operand)))
        return self.lowering.pattern(operand)
