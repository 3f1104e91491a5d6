"""A file of C# to the units of the intermediate language: its functions, what its fields start with, its top-level statements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ctxreview.languages.csharp.lowering.statements import Statements
from ctxreview.languages.csharp.lowering.values import DEEPEST, parts, span
from ctxreview.model.il import Block, Exit, Unit
from ctxreview.model.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_TYPES = ("class_declaration", "struct_declaration", "record_declaration", "interface_declaration", "enum_declaration")
_WITH_ACCESSORS = ("property_declaration", "indexer_declaration", "event_declaration")
_FIELDS = ("field_declaration", "event_field_declaration")
INITIALISER = "initialiser"
"""The kind of a unit that is the value which a field or a property starts with."""


def lower(
    root: Node, data: bytes, kinds: Mapping[str, str], within: tuple[Span, ...] | None = None
) -> tuple[Unit, ...]:
    """The units of a tree in source order; a function inside another stands in that one's body.

    ``data`` are the bytes of the file as read, ``kinds`` the outline's word for each type of node that is a function. With
    ``within``, only members that touch one of these spans are lowered.
    """
    lowering = _Units(data, kinds, within)
    lowering.enter(root, "")
    lowering.run()
    return tuple(sorted(lowering.found, key=lambda unit: unit.span))


class _Units(Statements):
    def __init__(self, data: bytes, kinds: Mapping[str, str], within: tuple[Span, ...] | None) -> None:
        super().__init__(data)
        self.kinds = kinds
        self.within = within
        self.found: list[Unit] = []
        self._run: list[Node] = []

    def enter(self, node: Node, home: str) -> None:
        """Lower the members under ``node``, which is a file, a namespace or the body of the type ``home``."""
        waiting = list(reversed(node.named_children))
        while waiting:
            at = waiting.pop()
            if at.type in _TYPES:
                self._enter_type(at)
            elif at.type == "global_statement":
                self._run.append(at)
            elif at.type in self.kinds or at.type in (*_WITH_ACCESSORS, *_FIELDS):
                if self._is_wanted(at):
                    self._member(at, home)
            else:
                waiting += reversed(at.named_children)

    def run(self) -> None:
        """Lower the statements outside any member, which are one function."""
        if not self._run:
            return
        whole = Span(self._run[0].start_byte, self._run[-1].end_byte)
        with self.names.unit():
            for one in self._run:
                self.declare_functions(one)
            body = Block(whole, self.statements([p for one in self._run for p in parts(one)], whole.end))
        self.found.append(Unit(whole, "top-level statements", self.kinds["global_statement"], "", (), body))

    def _is_wanted(self, node: Node) -> bool:
        return self.within is None or any(s.overlaps(span(node)) for s in self.within)

    def _enter_type(self, node: Node) -> None:
        body = node.child_by_field_name("body")
        if body is None or self.depth >= DEEPEST or not self._is_wanted(node):
            return
        self.depth += 1
        try:
            with self.names.type(node):
                self.enter(body, self.text(node.child_by_field_name("name")))
        finally:
            self.depth -= 1

    def _member(self, node: Node, home: str) -> None:
        if node.type in _FIELDS:
            listed = next((c for c in node.children if c.type == "variable_declaration"), None)
            for one in listed.named_children if listed is not None else []:
                if one.type == "variable_declarator" and any(c.type == "=" for c in one.children):
                    self._initialiser(one, parts(one)[-1], home)
            return
        if node.type not in _WITH_ACCESSORS:
            self.found.append(self.function(node, self.kinds[node.type], home))
            return
        name = self.text(node.child_by_field_name("name")) or "this[]"
        shared = node.child_by_field_name("parameters")
        value = node.child_by_field_name("value")
        if value is not None and value.type == "arrow_expression_clause":
            self.found.append(self.function(node, self.kinds[node.type], home, name))
        elif value is not None:
            self._initialiser(node, value, home)
        accessors = node.child_by_field_name("accessors")
        for one in accessors.named_children if accessors is not None else []:
            if one.type == "accessor_declaration":
                own = f"{name}.{self.text(one.child_by_field_name('name'))}"
                self.found.append(self.accessor(one, own, home, parts(shared) if shared is not None else []))

    def _initialiser(self, node: Node, value: Node, home: str) -> None:
        with self.names.unit():
            made = self.value(value)
        body = Block(span(value), (Exit(span(value), "return", made),))
        self.found.append(Unit(span(node), self.text(node.child_by_field_name("name")), INITIALISER, home, (), body))
