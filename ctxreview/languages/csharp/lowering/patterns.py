"""Patterns to values about what is matched."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from ctxreview.languages.csharp.lowering.values import DEEPEST, LAZY, Values, parts, span
from ctxreview.model.il import Access, Assign, Constant, Matched, Operation, Value
from ctxreview.model.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node


class Patterns(Values):
    """Lowers what stands after ``is``, ``case`` and before the arrow of an arm."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._constants: dict[int, Node] = {}
        self._patterns: dict[str, Callable[[Node], Value]] = {
            "constant_pattern": self._constant_pattern,
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

    def matches(self, node: Node, whole: Span, first: Value) -> Value:
        """``first is pattern``. The grammar has ``a is null && b`` as ``a is (null && b)``: that is put right."""
        pattern = node.child_by_field_name("pattern")
        if pattern is None:
            return self.opaque(node)
        last = pattern
        while last.type in ("and_pattern", "or_pattern", "negated_pattern") and parts(last):
            last = parts(last)[-1]
        inside = parts(last)
        if last.type != "constant_pattern" or not inside:
            return Operation(whole, "is", (first, self.pattern(pattern)), 1)
        rest = constant = inside[0]
        while constant.type == "binary_expression" and self.text(constant.child_by_field_name("operator")) in LAZY:
            left = constant.child_by_field_name("left")
            if left is None:
                break
            constant = left
        if constant.id == rest.id:
            return Operation(whole, "is", (first, self.pattern(pattern)), 1)
        self._constants[last.id] = constant
        test = Operation(
            Span(whole.start, constant.end_byte), "is", (first, self.pattern(pattern, constant.end_byte)), 1
        )
        self.given[constant.id] = test
        try:
            return self.value(rest)
        finally:
            del self.given[constant.id], self._constants[last.id]

    def pattern(self, node: Node, end: int | None = None) -> Value:
        """What is tested of :class:`Matched`; ``end`` is where the pattern ends if the grammar has it end too late."""
        if self.depth >= DEEPEST:
            return self.opaque(node)
        self.depth += 1
        try:
            made = self._patterns.get(node.type)
            found = made(node) if made is not None else self._value_pattern(node)
            return _cut(found, end) if end is not None else found
        finally:
            self.depth -= 1

    def _constant_pattern(self, node: Node) -> Value:
        inside = self._constants.get(node.id) or parts(node)[-1]
        return Operation(span(inside), "==", (Matched(span(inside)), self.value(inside)))

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


def _cut(value: Value, end: int) -> Value:
    """A pattern that ends at ``end``: so do the parts that reach beyond it."""
    if value.span.end <= end:
        return value
    if isinstance(value, Operation):
        value = value._replace(operands=tuple(_cut(o, end) for o in value.operands))
    return value._replace(span=Span(value.span.start, end))
