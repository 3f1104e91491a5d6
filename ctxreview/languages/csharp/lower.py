"""A file of C# to the units of the intermediate language: its functions, what its fields start with, its top-level statements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from ctxreview.languages.csharp.lowering.statements import Statements
from ctxreview.languages.csharp.lowering.values import DEEPEST, parts, span
from ctxreview.model.il import Block, Declared, Exit, Unit
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
) -> tuple[Declared, ...]:
    """The functions of a tree in source order, each to be lowered; one inside another stands in that one's body.

    ``data`` are the bytes of the file as read, ``kinds`` the outline's word for each type of node that is a function. With
    ``within``, only members that touch one of these spans are among them.
    """
    units = _Units(data, kinds, within)
    units.enter(root, "")
    units.run()
    return tuple(sorted(units.found, key=lambda of: of.span))


class _Units(Statements):
    def __init__(self, data: bytes, kinds: Mapping[str, str], within: tuple[Span, ...] | None) -> None:
        super().__init__(data)
        self.kinds = kinds
        self.within = within
        self.found: list[Declared] = []
        self._run: list[Node] = []

    def enter(self, node: Node, home: str) -> None:
        """Find the members under ``node``, which is a file, a namespace or the body of the type ``home``."""
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
        """Find the statements outside any member, which are one function."""
        if self._run:
            whole = Span(self._run[0].start_byte, self._run[-1].end_byte)
            self._add(whole, "top-level statements", self.kinds["global_statement"], "", partial(self._main, whole))

    def _main(self, whole: Span) -> Unit:
        with self.names.unit():
            for one in self._run:
                self.declare_functions(one)
            body = Block(whole, self.statements([p for one in self._run for p in parts(one)], whole.end))
        return Unit(whole, "top-level statements", self.kinds["global_statement"], "", (), body)

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

    def _add(self, at: Span, name: str, kind: str, home: str, lowered: Callable[[], Unit]) -> None:
        """A function of the type that is entered."""
        depth, around = self.depth, self.names.types

        def made() -> Unit:
            outer, self.depth = self.depth, depth
            try:
                with self.names.inside(around):
                    return lowered()
            finally:
                self.depth = outer

        self.found.append(Declared(at, name, kind, home, made))

    def _member(self, node: Node, home: str) -> None:
        if node.type in _FIELDS:
            listed = next((c for c in node.children if c.type == "variable_declaration"), None)
            for one in listed.named_children if listed is not None else []:
                if one.type == "variable_declarator" and any(c.type == "=" for c in one.children):
                    self._initialiser(one, parts(one)[-1], home)
            return
        name, kind = self.text(node.child_by_field_name("name")), self.kinds.get(node.type, "")
        if node.type not in _WITH_ACCESSORS:
            self._add(span(node), name, kind, home, partial(self.function, node, kind, home))
            return
        name = name or "this[]"
        shared = node.child_by_field_name("parameters")
        value = node.child_by_field_name("value")
        if value is not None and value.type == "arrow_expression_clause":
            self._add(span(node), name, kind, home, partial(self.function, node, kind, home, name))
        elif value is not None:
            self._initialiser(node, value, home)
        accessors = node.child_by_field_name("accessors")
        given = parts(shared) if shared is not None else []
        for one in accessors.named_children if accessors is not None else []:
            if one.type == "accessor_declaration":
                own = f"{name}.{self.text(one.child_by_field_name('name'))}"
                self._add(span(one), own, "accessor", home, partial(self.accessor, one, own, home, given))

    def _initialiser(self, node: Node, value: Node, home: str) -> None:
        name = self.text(node.child_by_field_name("name"))

        def lowered() -> Unit:
            with self.names.unit():
                made = self.value(value)
            body = Block(span(value), (Exit(span(value), "return", made),))
            return Unit(span(node), name, INITIALISER, home, (), body)

        self._add(span(node), name, INITIALISER, home, lowered)
