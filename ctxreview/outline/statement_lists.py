"""The statements of a piece of source as lists of siblings: what each declares for those after it, and whether it ends the list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.languages import language_of, nodes
from ctxreview.languages.syntax import Syntax
from ctxreview.model.source import Source, Span
from ctxreview.outline.parse import read

if TYPE_CHECKING:
    from tree_sitter import Node


class Statement(NamedTuple):
    """A statement: ``declares`` are the variables that the statements after it may use; after one that ``exits`` nothing runs.

    ``head`` is what is before its first block; all of it where it has none. ``blocks`` counts the blocks that are its own.
    """

    span: Span
    declares: frozenset[str]
    exits: bool
    head: Span
    blocks: int


class StatementList(NamedTuple):
    """The statements of one block or section, in source order; ``span`` is the block with its braces."""

    span: Span
    statements: tuple[Statement, ...]


def statement_lists(source: Source, within: Span) -> tuple[StatementList, ...]:
    """All lists of statements inside ``within``, outer before inner, those of lambdas and local functions too."""
    syntax = language_of(source.path).syntax
    root = read(source.data, language_of(source.path), within.start, (within,)).root
    waiting = [root.descendant_for_byte_range(within.start, max(within.start, within.end - 1)) or root]
    found: list[StatementList] = []
    while waiting:
        node = waiting.pop()
        if (node.type in syntax.blocks or node.type in syntax.sections) and within.contains(nodes.span(node)):
            found.append(StatementList(nodes.span(node), tuple(_listed(node, syntax))))
        waiting += node.named_children
    return tuple(sorted(found, key=lambda a: (a.span.start, -a.span.end)))


def _listed(block: Node, syntax: Syntax) -> Iterator[Statement]:
    for node in block.named_children:
        if node.type in syntax.comments or (
            node.type not in syntax.statements and node.type not in syntax.blocks and block.type in syntax.sections
        ):
            continue
        exits = node.type in syntax.returns or node.type in syntax.throws or node.type in syntax.jumps
        declared: set[str] = set()
        first, blocks = node.end_byte, 0
        waiting = [node]
        while waiting:
            part = waiting.pop()
            if part.type in syntax.blocks or (part.type in syntax.deferred and part.id != node.id):
                first = min(first, part.start_byte)
                blocks += part.type in syntax.blocks and part.id != node.id
                continue
            # A loop or a block keeps what its head declares.
            outlives = part.type in syntax.variables and node.type in syntax.local_declarations
            if outlives or part.type in syntax.declared_in_place:
                name = syntax.name(part) or (part.named_child(0) if part.type in syntax.named_by_first else None)
                # One declaration may give several variables the parts of a value.
                declared.update(nodes.text(name).strip("()").replace(",", " ").split() if name is not None else ())
            waiting += part.named_children
        yield Statement(nodes.span(node), frozenset(declared), exits, Span(node.start_byte, first), blocks)


def expressions(source: Source, within: Span) -> tuple[Span, ...]:
    """Spans of what may be an expression on its own inside ``within``: all but statements, lists and single words."""
    syntax = language_of(source.path).syntax
    root = read(source.data, language_of(source.path), within.start, (within,)).root
    waiting = [root.descendant_for_byte_range(within.start, max(within.start, within.end - 1)) or root]
    none = (
        syntax.statements
        | syntax.statement_lists
        | syntax.lists
        | syntax.comments
        | syntax.declarations
        | syntax.bounds
    )
    others = syntax.variable_groups | syntax.variables | syntax.arguments | syntax.argument_lists | syntax.modifiers
    found: list[Span] = []
    while waiting:
        node = waiting.pop()
        if node.named_child_count and node.type not in none and node.type not in others:
            found.append(nodes.span(node))
        waiting += node.named_children
    return tuple(sorted(s for s in found if within.contains(s)))
