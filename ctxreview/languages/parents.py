"""What holds a node. tree-sitter keeps no parents: it finds one by going down from the root each time.

That is a microsecond in code that people write, and half a millisecond under ten thousand levels; so the parents of a
tree that is as deep as that are kept from one walk over it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

DEEP = 200
"""Levels; EF Core's deepest file has under a hundred."""

_kept: dict[int, tuple[Node, Node]] = {}
"""Nodes below :data:`DEEP` of the last tree that had some, by their ids, each with its parent.

Trees may share ids, so that the node itself is compared as well; what is not found here is asked of the tree.
"""
_leaves: dict[tuple[int, int], tuple[Node, Node]] = {}
"""Those of them that hold nothing, by where they are, each with the root of its tree."""


def parent(node: Node) -> Node | None:
    """The node that holds ``node``; ``None`` for the root."""
    if _kept:
        known = _kept.get(node.id)
        if known is not None and known[0] == node:
            return known[1]
    return node.parent


def kind(node: Node) -> str:
    """The type of the node that holds ``node``; ``""`` for the root."""
    above = parent(node)
    return above.type if above is not None else ""


def ancestors(node: Node) -> Iterator[Node]:
    """The node's parents, innermost first."""
    above = parent(node)
    while above is not None:
        yield above
        above = parent(above)


def leaf(root: Node, start: int, end: int) -> Node | None:
    """The node that is at these bytes, of which nothing but what it holds is smaller."""
    known = _leaves.get((start, end))
    if known is not None and known[1] == root:
        return known[0]
    return root.descendant_for_byte_range(start, end)


def keep(root: Node | None) -> None:
    """Keep the parents of a tree's deep nodes, in place of those of the tree before; ``None`` for no tree."""
    _kept.clear()
    _leaves.clear()
    if root is None:
        return
    cursor = root.walk()
    above: list[Node] = []
    depth = 0
    while True:
        node = cursor.node
        if node is not None and depth > DEEP:
            _kept[node.id] = node, above[-1]
            if node.is_named and not node.child_count:
                _leaves[node.start_byte, node.end_byte] = node, root
        if node is not None and cursor.goto_first_child():
            depth += 1
            if depth > DEEP:
                above.append(node)
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return
            if depth > DEEP:
                above.pop()
            depth -= 1
