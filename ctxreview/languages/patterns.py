"""The patterns of an ``outline.scm``, matched in one walk over the tree.

The file is a tree-sitter query, kept to flat patterns: a node type, at most one condition on a child (a field's type,
or a token), and one capture. That subset is matched here because compiling any query costs 5 ms at every start,
the fifth part of a bare parse in a fresh process; a test holds the two to the same captures.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import tree_sitter

from ctxreview.languages import parents
from ctxreview.languages.within import Within
from ctxreview.regex import regex

_PATTERN = regex(
    r"""\s* \( \s* (?P<kind>\w+) \s*
        (?: (?P<field>\w+) : \s* \( \s* (?P<child>\w+) \s* \) | "(?P<token>[^"]+)" )? \s*
        \) \s* @(?P<capture>[\w.]+)""",
    re.VERBOSE,
)


UNREAD = "unread"
"""The capture of bodies that were not entered."""

_DECLARING = ("function", "member")
"""The captures of what holds bodies."""


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


def _touches(node: tree_sitter.Node, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a node has a byte in one of the spans, which are sorted and apart from each other."""
    before = bisect_left(spans, (node.end_byte,))
    return before > 0 and spans[before - 1][1] > node.start_byte


class Patterns:
    """The patterns of one language by the id of the node type they start with."""

    def __init__(
        self, patterns: tuple[Pattern, ...], bodies: Sequence[str], leaves: Sequence[str], grammar: tree_sitter.Language
    ) -> None:
        """``bodies`` are the node types of what a function runs, ``leaves`` those that no pattern matches inside.

        Raises :class:`ValueError` for a node type that the grammar does not know.
        """

        def kind(name: str) -> int:
            found = grammar.id_for_node_kind(name, True)
            if not found:
                raise ValueError(f"the grammar has no node type {name}")
            return found

        self._bodies = frozenset(kind(name) for name in bodies)
        self._leaves = frozenset(kind(name) for name in leaves)
        self._by_kind: dict[int, list[Pattern]] = {}
        for pattern in patterns:
            self._by_kind.setdefault(kind(pattern.kind), []).append(pattern)

    def gives(self, node: tree_sitter.Node, capture: str) -> bool:
        """Whether a node gets ``capture``."""
        return any(p.capture == capture and p.matches(node) for p in self._by_kind.get(node.kind_id, ()))

    def captures(
        self,
        root: tree_sitter.Node,
        within: Sequence[tuple[int, int]] | None = None,
        lit: Sequence[tuple[int, int]] | None = None,
    ) -> dict[str, list[tree_sitter.Node]]:
        """Nodes by capture, in source order, outer before inner.

        With ``within`` (sorted byte ranges), a function's body is entered only where the function touches one of them,
        or follows one that no function touches; the others are captured as :data:`UNREAD`. Code outside any member is
        always entered.

        With ``lit`` (sorted byte ranges, apart from each other), only functions and members that touch one of them are
        entered; the other functions are :data:`UNREAD` as a whole.

        The parents of nodes in a deep tree are kept: see :mod:`ctxreview.languages.parents`.
        """
        found: dict[str, list[tree_sitter.Node]] = {}
        asked = Within(within) if within is not None else None
        cursor = root.walk()
        by_kind, leaves = self._by_kind, self._leaves
        entered = 0  # what is before is a part of a body that is read whole
        depth = deepest = 0
        while True:
            node = cursor.node
            kind = node.kind_id if node is not None else 0
            passed = kind in leaves
            if node is not None and kind in by_kind:
                for pattern in by_kind[kind]:
                    if pattern.matches(node):
                        capture = pattern.capture
                        if lit is not None and capture in _DECLARING and node.start_byte >= entered:
                            passed = not _touches(node, lit)
                            capture = UNREAD if passed and capture == "function" else capture
                        found.setdefault(capture, []).append(node)
                        if capture == "function.run":
                            entered = max(entered, node.end_byte)
            if asked is not None and node is not None and kind in self._bodies and node.start_byte >= entered:
                of = next((f for f in reversed(found.get("function", ())) if f.end_byte >= node.end_byte), node)
                passed = not asked.reads(of.start_byte, of.end_byte)
                if passed:
                    found.setdefault(UNREAD, []).append(node)
                entered = node.end_byte
            if not passed and cursor.goto_first_child():
                depth += 1
                deepest = max(deepest, depth)
                continue
            while not cursor.goto_next_sibling():
                if not cursor.goto_parent():
                    parents.keep(root if deepest > parents.DEEP else None)
                    return found
                depth -= 1
