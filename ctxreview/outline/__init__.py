"""Source to :class:`Outline`: what functions, types, transactions, locks and facts are in one file.

A tree with errors is outlined like any other; :class:`Parse` says what was broken. Nothing here knows a
language by name: node types come from the language's folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctxreview.languages import Language, language_of
from ctxreview.model import Member, Outline, Parse, Scope, Source, Span
from ctxreview.outline import facts, nodes, scopes
from ctxreview.outline.nesting import Nesting

if TYPE_CHECKING:
    from tree_sitter import Node

Captures = dict[str, list["Node"]]


def outline(source: Source) -> Outline:
    """Outline ``source``. Raises :class:`SourceError` when no language is known for its extension."""
    language = language_of(source.path)
    root = language.parser.parse(source.data).root_node
    captures = language.patterns.captures(root)
    types = Nesting(_types(captures, language))
    functions = _functions(captures, language, types)
    comments = tuple(nodes.span(n) for n in captures.get("comment", []))
    nesting = Nesting(functions)
    read = facts.facts(captures, language, nesting)
    holds = scopes.scopes(captures, language, source, nesting, read, comments)
    every = (*types.scopes, *functions, *holds)
    return Outline(
        source=source,
        language=language.name,
        scopes=tuple(sorted(every, key=lambda s: (s.span.start, -s.span.end))),
        members=tuple(_members(captures, language)),
        facts=read,
        comments=comments,
        parse=Parse(clean=not root.has_error, errors=tuple(_errors(root)) if root.has_error else ()),
    )


def statements(source: Source, within: Span) -> tuple[Span, ...]:
    """Spans of all statements inside ``within``, outer before inner: what may be elided as a unit."""
    language = language_of(source.path)
    root = language.parser.parse(source.data).root_node
    top = root.descendant_for_byte_range(within.start, max(within.start, within.end - 1)) or root
    found, waiting = [], [top]
    while waiting:
        node = waiting.pop()
        if node.type == "block":
            found += [nodes.span(c) for c in node.named_children if c.type != "comment"]
        waiting += node.named_children
    return tuple(sorted((s for s in found if within.holds(s)), key=lambda s: (s.start, -s.end)))


def _functions(captures: Captures, language: Language, types: Nesting) -> tuple[Scope, ...]:
    words = language.shape["functions"]
    found = [_function(node, words[node.type], types) for node in captures.get("function", [])]
    run = captures.get("function.run", [])
    if run:
        whole = Span(run[0].start_byte, run[-1].end_byte)
        found.append(
            Scope("function", whole, "top-level statements", words[run[0].type], head=Span(whole.start, whole.start))
        )
    return tuple(sorted(found, key=lambda s: (s.span.start, -s.span.end)))


def _function(node: Node, construct: str, types: Nesting) -> Scope:
    whole = nodes.span(node)
    inner = nodes.body(node)
    return Scope(
        kind="function",
        span=whole,
        name=_function_name(node, construct),
        construct=construct,
        head=Span(whole.start, inner.start_byte if inner is not None else whole.end),
        tail=Span(whole.end - 1, whole.end),
        container=types.name_around(whole),
        owner=whole,
    )


def _function_name(node: Node, construct: str) -> str:
    name = nodes.text(node.child_by_field_name("name"))
    match construct:
        case "lambda":
            return "lambda"
        case "indexer":
            return "this[]"
        case "operator":
            return f"operator {nodes.text(node.child_by_field_name('operator'))}"
        case "conversion operator":
            return f"operator {nodes.text(node.child_by_field_name('type'))}"
        case "accessor":
            holder = next((p for p in nodes.ancestors(node) if p.type.endswith("_declaration")), None)
            outer = nodes.text(holder.child_by_field_name("name")) if holder is not None else ""
            return f"{outer or 'this[]'}.{name}"
        case _:
            return name


def _types(captures: Captures, language: Language) -> tuple[Scope, ...]:
    found: list[Scope] = []
    for node in captures.get("type", []):
        inner = node.child_by_field_name("body")
        whole = nodes.span(node)
        found.append(
            Scope(
                kind="type",
                span=whole,
                name=nodes.text(node.child_by_field_name("name")),
                construct=language.shape["types"][node.type],
                head=Span(node.start_byte, inner.start_byte if inner is not None else node.end_byte),
                tail=Span(node.end_byte - 1, node.end_byte),
                container=next((t.name for t in reversed(found) if t.span.holds(whole)), ""),
            )
        )
    return tuple(found)


def _members(captures: Captures, language: Language) -> list[Member]:
    found = []
    for node in captures.get("member", []):
        listed = next((c for c in node.named_children if c.type == "variable_declaration"), None)
        if listed is not None:
            names = tuple(
                nodes.text(d.child_by_field_name("name"))
                for d in listed.named_children
                if d.type == "variable_declarator"
            )
        else:
            names = (nodes.text(node.child_by_field_name("name")) or "this[]",)
        declares = nodes.text((listed or node).child_by_field_name("type"))
        found.append(Member(language.shape["members"][node.type], names, nodes.span(node), declares))
    return found


def _errors(root: Node) -> list[Span]:
    """The spans the grammar could not read; a missing token has the empty span where it should stand."""
    found, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        if node.is_error or node.is_missing:
            found.append(nodes.span(node))
        elif node.has_error:
            waiting += node.children
    return sorted(found)
