"""Expressions to values.

What stands first in an expression (the receiver of a call, the left side of an operator) is gone down to in a loop, so that a
chain of a thousand calls takes no depth; everything else is as deep as people nest it, and :data:`DEEPEST` ends the rest.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ctxreview.languages.csharp.lowering.literals import content, literal
from ctxreview.languages.csharp.lowering.names import Names
from ctxreview.model.il import (
    Access,
    Argument,
    Assign,
    Await,
    Call,
    Constant,
    ConstantKind,
    Create,
    Element,
    Lambda,
    Name,
    Opaque,
    Operation,
    Raise,
    Self,
    Unit,
    Value,
)
from ctxreview.model.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node

DEEPEST = 120
"""Levels of nesting that are lowered; what is deeper is opaque."""
LONGEST = 1000
"""Links of one chain."""

_FIRST = {
    "invocation_expression": "function",
    "member_access_expression": "expression",
    "conditional_access_expression": "condition",
    "element_access_expression": "expression",
    "binary_expression": "left",
    "as_expression": "left",
    "is_expression": "left",
    "is_pattern_expression": "expression",
    "conditional_expression": "condition",
    "postfix_unary_expression": "",
    "with_expression": "",
    "switch_expression": "",
    "parenthesized_expression": "",
}
"""What is evaluated first of an expression: the field, or where the grammar has none its first part."""
LAZY = ("&&", "||", "??")
LOGICAL = ("binary_expression", "is_pattern_expression")
SELF = ("this", "base")
_KINDS: dict[str, ConstantKind] = {
    "integer_literal": "number",
    "real_literal": "number",
    "boolean_literal": "boolean",
    "character_literal": "character",
    "null_literal": "null",
    "default_expression": "default",
    "typeof_expression": "type",
    "sizeof_expression": "type",
    "predefined_type": "type",
    "nullable_type": "type",
    "array_type": "type",
    "implicit_type": "type",
}
_LISTS = ("initializer_expression", "collection_expression", "element_binding_expression", "bracketed_argument_list")
_CREATES = (
    "object_creation_expression",
    "implicit_object_creation_expression",
    "array_creation_expression",
    "implicit_array_creation_expression",
    "stackalloc_expression",
    "implicit_stackalloc_expression",
)


def span(node: Node) -> Span:
    """The bytes of a node."""
    return Span(node.start_byte, node.end_byte)


def parts(node: Node) -> list[Node]:
    """The children that mean something: named ones, and ``this`` and ``base``, which the grammar does not name."""
    return [c for c in node.children if (c.is_named or c.type in SELF) and c.type != "comment"]


class Values(ABC):
    """Lowers expressions; statements and units are lowered by what derives from it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.names = Names(data)
        self.depth = 0
        self._leaves: dict[str, Callable[[Node], Value]] = {
            "identifier": self._name,
            "generic_name": self._name,
            "discard": self._name,
            **dict.fromkeys(
                ("alias_qualified_name", "qualified_name"),
                lambda node: Name(span(node), self.text(node).rpartition("::")[2], "type"),
            ),
            "this": lambda node: Self(span(node)),
            "base": lambda node: Self(span(node), base=True),
            "string_literal": self._string,
            "verbatim_string_literal": self._string,
            "raw_string_literal": self._string,
            "interpolated_string_expression": self._interpolated,
            "assignment_expression": self._assignment,
            "prefix_unary_expression": self._prefix,
            "await_expression": lambda node: Await(span(node), self.only(node)),
            "throw_expression": lambda node: Raise(span(node), self.only(node)),
            "cast_expression": self._cast,
            "checked_expression": self.only,
            "argument": self.only,
            "ref_expression": lambda node: Operation(span(node), "ref", (self.only(node),)),
            "declaration_expression": self.designation,
            "lambda_expression": self._lambda,
            "anonymous_method_expression": self._lambda,
            "anonymous_object_creation_expression": self.anonymous,
            "tuple_expression": lambda node: self._operation(node, "tuple"),
            "range_expression": lambda node: self._operation(node, ".."),
            "tuple_pattern": self.designation,
            "parenthesized_variable_designation": self.designation,
            "query_expression": self.query,
            **dict.fromkeys(_KINDS, self._constant),
            **dict.fromkeys(_CREATES, self.created),
            **dict.fromkeys(_LISTS, lambda node: Create(span(node), "", (), self.members(node))),
            **dict.fromkeys(
                ("makeref_expression", "reftype_expression", "refvalue_expression"),
                lambda node: self._operation(node, "ref"),
            ),
        }

    def text(self, node: Node | None) -> str:
        """The text of a node as the file has it, blanks folded."""
        data = self.data[node.start_byte : node.end_byte] if node is not None else b""
        return " ".join(data.decode("utf-8", "replace").split())

    def value(self, node: Node) -> Value:
        """The value of an expression."""
        if self.depth >= DEEPEST:
            return self.opaque(node)
        chain: list[Node] = []
        at: Node | None = node
        regrouped: Value | None = None
        above = ""
        self.depth += 1
        try:
            while at is not None:
                if at.type in LOGICAL and above not in LOGICAL:
                    regrouped = self.regrouped(at)
                first = self._first(at) if regrouped is None else None
                if first is None:
                    break
                chain.append(at)
                above, at = at.type, first
            if at is None or len(chain) > LONGEST:
                return self.opaque(node)
            made = self._leaf(at) if regrouped is None else regrouped
            for outer in reversed(chain):
                made = self._around(outer, made)
            return made
        finally:
            self.depth -= 1

    def opaque(self, node: Node) -> Opaque:
        """What is not understood, with the names in it."""
        words = re.findall(rb"[^\W\d]\w*", self.data[node.start_byte : node.end_byte])
        return Opaque(span(node), tuple(dict.fromkeys(w.decode("utf-8", "replace") for w in words)))

    @abstractmethod
    def unit(
        self,
        node: Node,
        name: str,
        kind: str,
        home: str,
        parameters: Sequence[Node],
        body: Node | None,
        returns: str = "",
    ) -> Unit:
        """One function; in :mod:`.statements`."""

    @abstractmethod
    def pattern(self, node: Node) -> Value:
        """What is tested of :class:`Matched`; in :mod:`.patterns`."""

    @abstractmethod
    def regrouped(self, node: Node) -> Value | None:
        """A condition whose parts the grammar put together wrongly, put right; in :mod:`.patterns`."""

    @abstractmethod
    def created(self, node: Node) -> Create:
        """A new object or array; in :mod:`.creations`."""

    @abstractmethod
    def anonymous(self, node: Node) -> Create:
        """A new object of a type without a name; in :mod:`.creations`."""

    @abstractmethod
    def members(self, node: Node) -> tuple[Argument, ...]:
        """What an initialiser sets: members by name, elements in order; in :mod:`.creations`."""

    @abstractmethod
    def query(self, node: Node) -> Value:
        """The calls that query syntax stands for; in :mod:`.queries`."""

    def _first(self, node: Node) -> Node | None:
        field = _FIRST.get(node.type)
        if field is None:
            return None
        found = node.child_by_field_name(field) if field else next(iter(parts(node)), None)
        return None if node.type == "invocation_expression" and self._is_nameof(node) else found

    def _is_nameof(self, node: Node) -> bool:
        return self.text(node.child_by_field_name("function")) == "nameof"

    def _leaf(self, node: Node) -> Value:
        if node.is_missing or node.type == "ERROR":
            return self.opaque(node)
        made = self._leaves.get(node.type)
        return made(node) if made is not None else self._other(node)

    def _other(self, node: Node) -> Value:
        if node.type == "invocation_expression":  # nameof
            (of,) = parts(node.child_by_field_name("arguments") or node)[:1] or [node]
            return Constant(span(node), "name", re.split(r"[.:]", self.text(of))[-1].partition("<")[0])
        if node.type.startswith("preproc"):
            inside = tuple(self.value(c) for c in parts(node) if not c.type.startswith("preproc"))
            return Operation(span(node), "compiled", inside, 0)
        return self.opaque(node)

    def only(self, node: Node) -> Value:
        """The last part of a node, which is all that it means."""
        inside = parts(node)
        return self.value(inside[-1]) if inside else self.opaque(node)

    def _operation(self, node: Node, operator: str) -> Operation:
        return Operation(span(node), operator, tuple(self.value(c) for c in parts(node)))

    # What goes around the part that is evaluated first.

    def _around(self, node: Node, first: Value) -> Value:  # noqa: PLR0911  one return a form
        whole = Span(min(node.start_byte, first.span.start), node.end_byte)
        match node.type:
            case "parenthesized_expression" | "argument":
                return first
            case "invocation_expression":
                arguments = node.child_by_field_name("arguments")
                return Call(whole, first, self.arguments(arguments), self._types(node.child_by_field_name("function")))
            case "member_access_expression":
                return Access(whole, first, self._member_name(node.child_by_field_name("name")))
            case "conditional_access_expression":
                return self._conditional(node, whole, first)
            case "element_access_expression":
                return Element(whole, first, self.arguments(node.child_by_field_name("subscript")))
            case "is_pattern_expression":
                pattern = node.child_by_field_name("pattern")
                tested = self.pattern(pattern) if pattern is not None else self.opaque(node)
                return Operation(whole, "is", (first, tested), 1)
            case "is_expression" | "as_expression":
                right = node.child_by_field_name("right")
                kind = Constant(span(right or node), "type", self.text(right))
                return Operation(whole, "is" if node.type == "is_expression" else "as", (first, kind))
            case "conditional_expression":
                ways = (node.child_by_field_name("consequence"), node.child_by_field_name("alternative"))
                return Operation(whole, "?:", (first, *(self.value(w) for w in ways if w is not None)), 1)
            case "postfix_unary_expression":
                sign = node.children[-1]
                if sign.type == "!":
                    return first
                return Assign(whole, first, sign.type, Constant(span(sign), "number", "1"))
            case "with_expression":
                copied = Argument(first.span, first, mode="copy")
                return Create(whole, "", (copied,), self.members(parts(node)[-1]))
            case "switch_expression":
                arms = (self._arm(a) for a in parts(node)[1:] if a.type == "switch_expression_arm")
                return Operation(whole, "switch", (first, *arms), 1)
            case _:
                operator, right = self.text(node.child_by_field_name("operator")), node.child_by_field_name("right")
                operands = (first,) if right is None else (first, self.value(right))
                return Operation(whole, operator, operands, 1 if operator in LAZY else 1 << 30)

    def _conditional(self, node: Node, whole: Span, first: Value) -> Value:
        last = parts(node)[-1]
        if last.type == "member_binding_expression":
            return Access(whole, first, self._member_name(last.child_by_field_name("name")), conditional=True)
        if last.type == "element_binding_expression":
            return Element(whole, first, self.arguments(last), conditional=True)
        return Operation(whole, "?.", (first, self.value(last)), 1)

    def _member_name(self, node: Node | None) -> str:
        return self.text(node).partition("<")[0].removeprefix("@")

    def _types(self, node: Node | None) -> tuple[str, ...]:
        """The type arguments at the end of what is called."""
        while node is not None and node.type not in ("generic_name", "identifier"):
            node = node.child_by_field_name("name") or (parts(node)[-1] if node.type.startswith("cond") else None)
        listed = next((c for c in node.children if c.type == "type_argument_list"), None) if node is not None else None
        return tuple(self.text(c) for c in listed.named_children) if listed is not None else ()

    def arguments(self, listed: Node | None) -> tuple[Argument, ...]:
        """The arguments of a call, a creation or an element, in the order written."""
        return tuple(self._argument(a) for a in (parts(listed) if listed is not None else ()))

    def _argument(self, node: Node) -> Argument:
        if node.type != "argument":
            return Argument(span(node), self.value(node))
        name = node.child_by_field_name("name")
        words = {c.type for c in node.children}
        mode = "result" if "out" in words else "reference" if words & {"ref", "in"} else ""
        return Argument(span(node), self.only(node), self.text(name), mode)

    # Single forms.

    def _name(self, node: Node) -> Name:
        text = self.text(node).partition("<")[0].removeprefix("@")
        binding, declared = self.names.bound(text)
        return Name(span(node), text, "local" if text == "_" and declared is None else binding, declared)

    def _constant(self, node: Node) -> Constant:
        kind = _KINDS[node.type]
        inside = node.child_by_field_name("type") if kind == "type" else None
        return Constant(span(node), kind, self.text(inside or node))

    def _string(self, node: Node) -> Constant:
        return Constant(span(node), "string", literal(node.type, self.data[node.start_byte : node.end_byte]))

    def _interpolated(self, node: Node) -> Value:
        found: list[Value] = []
        verbatim = "@" in self.text(node.children[0])
        for part in node.children:
            if part.type == "interpolation":
                found += [self.value(c) for c in parts(part) if not c.type.startswith("interpolation_")]
            elif part.type in ("string_content", "escape_sequence", "string_literal_content"):
                found.append(
                    Constant(span(part), "string", content(self.data[part.start_byte : part.end_byte], verbatim))
                )
        return Operation(span(node), "text", tuple(found))

    def _assignment(self, node: Node) -> Value:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return self.opaque(node)
        value = self.value(right)
        return Assign(span(node), self.value(left), self.text(node.child_by_field_name("operator")), value)

    def _prefix(self, node: Node) -> Value:
        sign = node.children[0]
        value = self.only(node)
        if sign.type in ("++", "--"):
            return Assign(span(node), value, sign.type, Constant(span(sign), "number", "1"))
        return Operation(span(node), sign.type, (value,))

    def _cast(self, node: Node) -> Value:
        type_ = node.child_by_field_name("type")
        return Operation(span(node), "cast", (Constant(span(type_ or node), "type", self.text(type_)), self.only(node)))

    def designation(self, node: Node) -> Value:
        """New variables: one, or several that a tuple is taken apart into."""
        if node.type in ("tuple_pattern", "parenthesized_variable_designation"):
            return Operation(span(node), "tuple", tuple(self.designation(c) for c in parts(node)))
        if node.type == "declaration_expression":
            return self.designation(parts(node)[-1])
        return self.declare(node)

    def declare(self, node: Node) -> Name:
        """A new local variable with that name."""
        name = self.text(node).removeprefix("@")
        if name == "_":
            return Name(span(node), name, "local", None)
        self.names.declare(name, span(node))
        return Name(span(node), name, "local", span(node))

    def _lambda(self, node: Node) -> Value:
        parameters = node.child_by_field_name("parameters")
        body = node.child_by_field_name("body") or next((c for c in node.children if c.type == "block"), None)
        listed = [parameters] if parameters is not None and parameters.type != "parameter_list" else None
        given = listed if listed is not None else parts(parameters) if parameters is not None else []
        return Lambda(span(node), self.unit(node, "lambda", "lambda", "", given, body))

    def _arm(self, node: Node) -> Value:
        with self.names.block():
            tested, *rest = parts(node)
            values = [self.pattern(tested)]
            values += [self.only(r) if r.type == "when_clause" else self.value(r) for r in rest]
            return Operation(span(node), "arm", tuple(values), 1)
