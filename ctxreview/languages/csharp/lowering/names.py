"""What a name stands for: variables by the block that declares them, members by the types around."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.model.il import Binding
from ctxreview.model.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_STATE = frozenset({"field_declaration", "event_field_declaration", "property_declaration", "event_declaration"})
_TYPES = frozenset(
    {
        "class_declaration",
        "struct_declaration",
        "record_declaration",
        "interface_declaration",
        "enum_declaration",
        "delegate_declaration",
    }
)


class _Variable(NamedTuple):
    binding: Binding
    declared: Span
    unit: int


class Names:
    """The names in force at the place that is being lowered; blocks are entered and left in source order."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._blocks: list[dict[str, _Variable]] = []
        self._types: list[dict[str, Binding]] = []
        self._unit = 0

    @contextmanager
    def block(self) -> Iterator[None]:
        """A block: what is declared in it ends with it."""
        self._blocks.append({})
        try:
            yield
        finally:
            self._blocks.pop()

    @contextmanager
    def unit(self) -> Iterator[None]:
        """A function inside: the variables around it are captured."""
        self._unit += 1
        try:
            with self.block():
                yield
        finally:
            self._unit -= 1

    @contextmanager
    def type(self, node: Node) -> Iterator[None]:
        """A type declaration with its members."""
        self._types.append(_members(node, self._data))
        try:
            yield
        finally:
            self._types.pop()

    @property
    def types(self) -> tuple[dict[str, Binding], ...]:
        """The members of the types that are entered, outermost first."""
        return tuple(self._types)

    @contextmanager
    def inside(self, types: tuple[dict[str, Binding], ...]) -> Iterator[None]:
        """A member of the innermost of some types, and nothing else around it."""
        outer, self._types, self._blocks, blocks = self._types, list(types), [], self._blocks
        try:
            yield
        finally:
            self._types, self._blocks = outer, blocks

    def declare(self, name: str, declared: Span, binding: Binding = "local") -> None:
        """A variable, a parameter or a local function of the innermost block."""
        if self._blocks:
            self._blocks[-1][name] = _Variable(binding, declared, self._unit)

    def bound(self, name: str) -> tuple[Binding, Span | None]:
        """What ``name`` stands for, and where it is declared if it is a variable or a local function."""
        for block in reversed(self._blocks):
            found = block.get(name)
            if found is not None:
                own = found.unit == self._unit or found.binding == "function"
                return (found.binding if own else "captured"), found.declared
        for members in reversed(self._types):
            if name in members:
                return members[name], None
        return "unknown", None


def _members(type_: Node, data: bytes) -> dict[str, Binding]:
    """The members that a type declares, by name; the parameters of its primary constructor are state."""
    found: dict[str, Binding] = {}

    def text(node: Node | None) -> str:
        return data[node.start_byte : node.end_byte].decode("utf-8", "replace") if node is not None else ""

    for parameters in type_.children:
        if parameters.type == "parameter_list":
            for one in parameters.named_children:
                found[text(one.child_by_field_name("name"))] = "member"
    body = type_.child_by_field_name("body")
    waiting = list(body.named_children) if body is not None else []
    while waiting:
        node = waiting.pop()
        if node.type.startswith("preproc"):
            waiting += node.named_children
        elif node.type in _STATE:
            own: Binding = "static" if _is_static(node, data) else "member"
            listed = next((c for c in node.named_children if c.type == "variable_declaration"), None)
            names = [d.child_by_field_name("name") for d in listed.named_children] if listed is not None else []
            for name in names or [node.child_by_field_name("name")]:
                found[text(name)] = own
        elif node.type == "method_declaration":
            found.setdefault(text(node.child_by_field_name("name")), "function")
        elif node.type == "enum_member_declaration":
            found[text(node.child_by_field_name("name"))] = "static"
        elif node.type in _TYPES:
            found.setdefault(text(node.child_by_field_name("name")), "type")
    found.pop("", None)
    return found


def _is_static(node: Node, data: bytes) -> bool:
    words = {data[c.start_byte : c.end_byte] for c in node.children if c.type == "modifier"}
    return bool(words & {b"static", b"const"})
