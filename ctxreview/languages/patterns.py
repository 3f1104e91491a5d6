"""The patterns of an ``outline.scm``, matched in one walk over the tree.

The file is a tree-sitter query, kept to flat patterns: a node type, at most one condition on a child (a field's type,
or a token), and one capture. That subset is matched here because compiling any query costs 5 ms at every start,
the fifth part of a bare parse in a fresh process; a test holds the two to the same captures.
"""

import re
from typing import NamedTuple

import tree_sitter

_PATTERN = re.compile(
    r"""\s* \( \s* (?P<kind>\w+) \s*
        (?: (?P<field>\w+) : \s* \( \s* (?P<child>\w+) \s* \) | "(?P<token>[^"]+)" )? \s*
        \) \s* @(?P<capture>[\w.]+)""",
    re.VERBOSE,
)


class Pattern(NamedTuple):
    """One pattern: nodes of ``kind`` get ``capture`` if the condition on a child holds."""

    kind: str
    capture: str
    field: str | None = None
    child: str | None = None
    token: str | None = None

    def matches(self, node: tree_sitter.Node) -> bool:
        """Whether the condition holds; there may be none."""
        if self.field is not None:
            return any(c.type == self.child for c in node.children_by_field_name(self.field))
        return self.token is None or any(c.type == self.token for c in node.children)


def parse(text: str) -> tuple[Pattern, ...]:
    """The patterns of a query's text. Raises :class:`ValueError` for anything but flat patterns."""
    code = re.sub(r";.*", "", text).rstrip()
    found, at = [], 0
    while at < len(code):
        match = _PATTERN.match(code, at)
        if match is None:
            raise ValueError(f"not a flat pattern: {code[at:].strip().splitlines()[0]}")
        found.append(Pattern(match["kind"], match["capture"], match["field"], match["child"], match["token"]))
        at = match.end()
    return tuple(found)


class Patterns:
    """The patterns of one language by the id of the node type they start with."""

    def __init__(self, patterns: tuple[Pattern, ...], grammar: tree_sitter.Language) -> None:
        """Raises :class:`ValueError` for a node type that the grammar does not know."""
        self._by_kind: dict[int, list[Pattern]] = {}
        for pattern in patterns:
            kind = grammar.id_for_node_kind(pattern.kind, True)
            if not kind:
                raise ValueError(f"the grammar has no node type {pattern.kind}")
            self._by_kind.setdefault(kind, []).append(pattern)

    def captures(self, root: tree_sitter.Node) -> dict[str, list[tree_sitter.Node]]:
        """Nodes by capture, in source order, outer before inner."""
        found: dict[str, list[tree_sitter.Node]] = {}
        cursor = root.walk()
        by_kind = self._by_kind
        while True:
            node = cursor.node
            if node is not None and node.kind_id in by_kind:
                for pattern in by_kind[node.kind_id]:
                    if pattern.matches(node):
                        found.setdefault(pattern.capture, []).append(node)
            if cursor.goto_first_child():
                continue
            while not cursor.goto_next_sibling():
                if not cursor.goto_parent():
                    return found
