"""New objects to values: what they are made with, and what their initialisers set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctxreview.languages.csharp.lowering.values import SELF, Values, parts, span
from ctxreview.model.il import Argument, Create, Operation
from ctxreview.model.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node


class Creations(Values):
    """Lowers creations and initialisers."""

    def created(self, node: Node) -> Create:
        """A new object or array, with what its initialiser sets."""
        type_ = node.child_by_field_name("type")
        arguments = list(self.arguments(node.child_by_field_name("arguments")))
        listed = next((c for c in node.children if c.type == "argument_list"), None)
        if not arguments and listed is not None:
            arguments = list(self.arguments(listed))
        if type_ is not None and type_.type == "array_type":
            ranks = (c for c in type_.children if c.type == "array_rank_specifier")
            arguments += [Argument(span(c), self.value(c)) for rank in ranks for c in parts(rank)]
        inside = node.child_by_field_name("initializer")
        inside = inside or next((c for c in node.children if c.type == "initializer_expression"), None)
        return Create(
            span(node), self.text(type_), tuple(arguments), self.members(inside) if inside is not None else ()
        )

    def anonymous(self, node: Node) -> Create:
        """A new object of a type without a name, or a copy with other members."""
        found: list[Argument] = []
        inside = [c for c in node.children if c.is_named or c.type in (*SELF, "=")]
        while inside:
            named = len(inside) > 2 and inside[1].type == "="
            value = inside[2] if named else inside[0]
            if value.type != "comment":
                found.append(
                    Argument(
                        Span(inside[0].start_byte, value.end_byte),
                        self.value(value),
                        self.text(inside[0]) if named else "",
                        "member",
                    )
                )
            inside = inside[3 if named else 1 :]
        return Create(span(node), "", (), tuple(found))

    def members(self, node: Node) -> tuple[Argument, ...]:
        """What an initialiser sets: members by name, elements in order."""
        if node.type == "with_initializer":
            return self.anonymous(node).members  # the same form
        found = []
        for part in parts(node):
            left = part.child_by_field_name("left") if part.type == "assignment_expression" else None
            right = part.child_by_field_name("right")
            if left is not None and right is not None and left.type == "identifier":
                found.append(Argument(span(part), self.value(right), self.text(left), "member"))
            elif left is not None and right is not None:
                key = tuple(self.value(k) for k in parts(left))
                found.append(
                    Argument(span(part), Operation(span(part), "index", (*key, self.value(right))), "", "index")
                )
            elif part.type == "collection_element":
                spread = any(c.type == "spread_element" for c in part.children)
                found.append(Argument(span(part), self.only(parts(part)[-1]), "", "spread" if spread else "element"))
            else:
                found.append(Argument(span(part), self.value(part), "", "element"))
        return tuple(found)
