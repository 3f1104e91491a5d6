"""Chains of calls in a piece of source: what each starts at, and its links."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ctxreview.languages import language_of, nodes
from ctxreview.model.source import Source, Span
from ctxreview.outline.parse import read

if TYPE_CHECKING:
    from tree_sitter import Node

    from ctxreview.languages.syntax import Syntax


class Link(NamedTuple):
    """A call on what is before it: ``span`` is from the end of that to the end of the call, with the dot."""

    name: str
    span: Span


class Chain(NamedTuple):
    """An expression and the calls on it, one after the other; ``root`` is what the first one is made on."""

    span: Span
    root: Span
    links: tuple[Link, ...]


class Chains(NamedTuple):
    """The longest chains, in source order, those in the arguments of others too; the queries in a syntax of their own; texts of several lines."""

    calls: tuple[Chain, ...]
    queries: tuple[Span, ...]
    texts: tuple[Span, ...]


def call_chains(source: Source, within: Span) -> Chains:
    """All chains of calls inside ``within``."""
    syntax = language_of(source.path).syntax
    root = read(source.data, language_of(source.path), within.start, (within,)).root
    waiting = [root.descendant_for_byte_range(within.start, max(within.start, within.end - 1)) or root]
    calls: list[Chain] = []
    queries: list[Span] = []
    texts: list[Span] = []
    inner: set[int] = set()  # the calls that another one is made on
    while waiting:
        node = waiting.pop()
        if not within.overlaps(nodes.span(node)):
            continue
        if node.type in syntax.calls and node.id not in inner:
            chain = _chain(node, syntax, inner)
            calls += [chain] if chain.links else []
        elif node.type in syntax.queries:
            queries.append(nodes.span(node))
        elif node.type in syntax.texts and node.start_point.row < node.end_point.row:
            texts.append(nodes.span(node))
        waiting += node.named_children
    return Chains(tuple(sorted(calls)), tuple(sorted(queries)), tuple(sorted(texts)))


def _chain(call: Node, syntax: Syntax, inner: set[int]) -> Chain:
    links: list[Link] = []
    at = call
    while at.type in syntax.calls and (on := syntax.receiver(at)) is not None:
        inner.add(at.id)
        links.append(Link(syntax.call_name(at), Span(on.end_byte, at.end_byte)))
        at = on
    return Chain(nodes.span(call), nodes.span(at), tuple(reversed(links)))
