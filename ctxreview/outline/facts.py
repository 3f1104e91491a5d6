"""What the code does: reads, writes, saves, awaits, exits and calls out, each at its place."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from ctxreview.languages import Language
from ctxreview.model import Fact, Source
from ctxreview.outline import nodes
from ctxreview.outline.nesting import Nesting

if TYPE_CHECKING:
    from tree_sitter import Node

    from ctxreview.outline import Captures


def facts(
    captures: Captures, calls: list[nodes.Call], language: Language, source: Source, nesting: Nesting
) -> tuple[Fact, ...]:
    """All facts of a file in source order."""
    local = _locals(captures)
    found: list[Fact] = []
    for call in calls:
        found += _call(call, language)
    for node in captures.get("fact.write", []):
        found += _write(node, local, nesting)
    found += [Fact("await", nodes.span(n), "await") for n in captures.get("fact.await", [])]
    exits = language.shape["exits"]
    found += [Fact("exit", nodes.span(n), exits[n.type]) for n in captures.get("fact.exit", [])]
    for node in captures.get("text", []):
        found += _sql(node, language, source)
    return tuple(sorted(found, key=lambda f: (f.span.start, -f.span.end)))


def _call(call: nodes.Call, language: Language) -> list[Fact]:
    node, name = call
    on = nodes.receiver(node)
    kind = language.facts.get(name)
    if kind is None and on is None:
        return []
    last = nodes.simple_name(on)
    kind = language.facts.get(f"{last}.*") or language.facts.get(f"{last}.{name}") or kind
    if kind is None or kind == "ignore" or language.facts.get(f"{last}.{name}") == "ignore":
        return []
    return [Fact(kind, nodes.span(node), name, nodes.text(on, 200), bound_to(node))]


def bound_to(node: Node) -> str:
    """The variable that gets the value of a call, through the rest of its chain, ``await`` and parentheses."""
    for parent in nodes.ancestors(node):
        match parent.type:
            case "variable_declarator":
                return nodes.text(parent.child_by_field_name("name"))
            case "assignment_expression":
                return nodes.text(parent.child_by_field_name("left"))
            case "foreach_statement":
                return nodes.text(parent.child_by_field_name("left"))
            case (
                "member_access_expression"
                | "invocation_expression"
                | "await_expression"
                | "parenthesized_expression"
                | "conditional_access_expression"
                | "cast_expression"
                | "postfix_unary_expression"
                | "binary_expression"
            ):
                continue
            case _:
                return ""
    return ""


def _write(node: Node, local: dict[str, list[int]], nesting: Nesting) -> list[Fact]:
    """An assignment or increment of anything but a local variable or an object initializer's property."""
    if node.type == "assignment_expression":
        target = node.child_by_field_name("left")
        if node.parent is not None and node.parent.type in (
            "initializer_expression",
            "with_initializer",
            "attribute_argument",
        ):
            return []
    else:
        if not any(c.type in ("++", "--") for c in node.children):
            return []
        target = node.named_children[0] if node.named_children else None
    while target is not None and target.type == "element_access_expression":
        target = target.child_by_field_name("expression")
    if target is None:
        return []
    name = nodes.simple_name(target) or nodes.text(target)
    if target.type == "identifier":
        member = nesting.outermost(nodes.span(target))
        if member is not None and any(member.span.start <= at < member.span.end for at in local.get(name, ())):
            return []
    on = target.child_by_field_name("expression")
    return [Fact("write", nodes.span(node), name, nodes.text(on, 200))]


def _locals(captures: Captures) -> dict[str, list[int]]:
    """Name to the offsets where a local variable or parameter of that name is declared."""
    found: dict[str, list[int]] = {}
    for node in captures.get("local", []):
        if node.type == "variable_declarator" and _declares_member(node):
            continue
        name = node.child_by_field_name("name") or node.child_by_field_name("left") or node
        if name.type == "identifier":
            found.setdefault(nodes.text(name), []).append(node.start_byte)
        else:
            for word in re.findall(r"\w+", nodes.text(name)):
                found.setdefault(word, []).append(node.start_byte)
    return found


def _declares_member(declarator: Node) -> bool:
    holder = declarator.parent.parent if declarator.parent is not None else None
    return holder is not None and holder.type in ("field_declaration", "event_field_declaration")


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _sql(node: Node, language: Language, source: Source) -> list[Fact]:
    if node.end_byte - node.start_byte < 8:  # "COMMIT" in quotes has eight bytes
        return []
    literal = source.text(nodes.span(node))  # as read: the tree may have a mended text
    upper = literal.upper()
    return [
        Fact("sql-hint", nodes.span(node), sql["name"], detail=found.group(0).strip(' "@$\n\r\t'))
        for sql in language.sql
        # Compiling an expression costs more than most files' literals together: look for its words first.
        if any(word in upper for word in sql["words"])
        and any(word in upper for word in sql.get("beside", ("",)))
        and (found := _pattern(sql["pattern"]).search(literal))
    ]
