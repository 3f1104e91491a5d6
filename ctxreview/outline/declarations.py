"""The functions, types and members that a tree declares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

from ctxreview.languages import Language, nodes, parents
from ctxreview.languages.syntax import Syntax, last_child
from ctxreview.model.declarations import EXTENSION, Function, Member, Nesting, TypeDecl
from ctxreview.model.kinds import FunctionKind
from ctxreview.model.regions import Region
from ctxreview.model.source import Source, Span

if TYPE_CHECKING:
    from tree_sitter import Node

    from ctxreview.outline import Captures

Place = TypeVar("Place", Function, TypeDecl, Region)


def outer_first(places: Iterable[Place]) -> tuple[Place, ...]:
    """Places in source order, outer before inner."""
    return tuple(sorted(places, key=lambda p: (p.span.start, -p.span.end)))


def functions(captures: Captures, language: Language, types: Nesting[TypeDecl], source: Source) -> tuple[Function, ...]:
    """The functions of a file, outer before inner; its top-level statements are one."""
    words = language.shape.functions
    found = [_function(node, language, types, source) for node in captures.get("function", [])]
    run = captures.get("function.run", [])
    if run:
        whole = Span(run[0].start_byte, run[-1].end_byte)
        found.append(Function(words[run[0].type], whole, "top-level statements", Span(whole.start, whole.start)))
    return outer_first(found)


def _function(node: Node, language: Language, types: Nesting[TypeDecl], source: Source) -> Function:
    kind: FunctionKind = language.shape.functions[node.type]
    first = node.child(0)
    start = node.start_byte
    if first is not None and first.type in language.syntax.conditional_heads and language.first_token is not None:
        start = language.first_token(node, source.data)
    whole = Span(start, node.end_byte)
    inner = language.syntax.body(node)
    return Function(
        kind=kind,
        span=whole,
        name=_function_name(node, kind, language),
        opening=Span(whole.start, inner.start_byte if inner is not None else whole.end),
        container=types.name_around(whole),
    )


def _function_name(node: Node, kind: FunctionKind, language: Language) -> str:
    """The name of a function, or what it is called by the language's own pattern for its kind."""
    syntax, shape = language.syntax, language.shape
    name = nodes.text(syntax.name(node))
    pattern = shape.named.get(kind)
    if pattern is None:
        return name
    if "{" not in pattern:
        return pattern
    holder = next((p for p in parents.ancestors(node) if p.type in syntax.declarations), None)
    outer = nodes.text(syntax.name(holder)) if holder is not None else ""
    parts = {"operator": nodes.text(syntax.operator(node)), "type": nodes.text(syntax.type(node))}
    return pattern.format(name=name, holder=outer or shape.nameless, **parts)


def types(root: Node, captures: Captures, language: Language, source: Source) -> tuple[TypeDecl, ...]:
    """The types of a file, outer before inner."""
    block = language.shape.block.encode()
    found: list[TypeDecl] = []
    open_: list[TypeDecl] = []
    listed = captures.get("type", [])
    namespace = (
        next((c for c in root.children if c.type in language.syntax.namespaces_of_files), None) if listed else None
    )
    for node in listed:
        inner = language.syntax.block(node)
        whole = nodes.span(node)
        while open_ and not open_[-1].span.contains(whole):
            open_.pop()
        made = TypeDecl(
            kind=language.shape.types[node.type],
            span=whole,
            name=nodes.text(language.syntax.name(node)),
            opening=Span(node.start_byte, inner.start_byte if inner is not None else node.end_byte),
            container=open_[-1].name if open_ else "",
            qualified=_inside(open_[-1], whole, _counted_name(node, language.syntax))
            if open_
            else _qualified(node, namespace, language.syntax),
        )
        if open_ and block and source.data.startswith(block, whole.start):
            around = open_[-1]
            made = made._replace(
                name=around.name, kind=EXTENSION, container=around.container, qualified=around.qualified
            )
        found.append(made)
        open_.append(made)
    return tuple(found)


_LONGEST = 4_000
"""Letters of a name with all that is around it: of types that are nested deeper than people write it is shortened."""


def _inside(around: TypeDecl, whole: Span, name: str) -> str:
    """The qualified name of a type in another one."""
    return f"{around.qualified}.{name}" if len(around.qualified) < _LONGEST else f"{whole.start}.{name}"


def _qualified(type_: Node, namespace: Node | None, syntax: Syntax) -> str:
    """The name of a type that is not nested in another, with its namespace."""
    parts = [_counted_name(type_, syntax)]
    for node in parents.ancestors(type_):
        if node.type in syntax.namespaces:
            parts.append(nodes.text(syntax.name(node)))
    if namespace is not None and namespace.end_byte <= type_.start_byte:
        parts.append(nodes.text(syntax.name(namespace) or last_child(namespace)))
    return ".".join(reversed(parts))


def _counted_name(type_: Node, syntax: Syntax) -> str:
    """The name of a type, the number of its parameters after a backtick."""
    listed = next((c for c in type_.named_children if c.type in syntax.type_parameter_lists), None)
    parameters = len([c for c in listed.named_children if c.type in syntax.type_parameters]) if listed else 0
    return nodes.text(syntax.name(type_)) + (f"`{parameters}" if parameters else "")


def members(captures: Captures, language: Language) -> list[Member]:
    """The fields, properties and events of a file."""
    syntax = language.syntax
    found = []
    for node in captures.get("member", []):
        listed = syntax.variable_group(node)
        variables = syntax.variables_of(listed)
        if listed is not node or variables:
            names = tuple(nodes.text(syntax.name(v)) for v in variables)
        else:
            names = (nodes.text(syntax.name(node)) or language.shape.nameless,)
        found.append(
            Member(
                kind=language.shape.members[node.type],
                names=names,
                span=nodes.span(node),
                declares=nodes.text(syntax.type(listed)),
                modifiers=tuple(nodes.text(m) for m in syntax.modifiers_of(node)),
                explicit=any(c.type in syntax.explicit_members for c in node.named_children),
            )
        )
    return found
