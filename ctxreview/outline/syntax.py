"""How the outline reads one syntax node: names, receivers, arguments, bodies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, takewhile
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.languages import keyword_masking as standing
from ctxreview.languages import parents
from ctxreview.model.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node


def span(node: Node) -> Span:
    """The bytes of ``node``."""
    return Span(node.start_byte, node.end_byte)


_AROUND_ACCESS = re.compile(r"\s+(?=\??\.)|(?<=\.)\s+")


def text(node: Node | None, most: int | None = None) -> str:
    """The node's text (at most the first ``most`` bytes) on one line, without spaces around member access."""
    raw = node.text if node is not None else None
    if raw is None or node is None:
        return ""
    raw = raw[:most]
    plain = (raw if raw.isascii() else standing.as_read(raw)).decode("utf-8", "replace")
    if plain.isidentifier():
        return plain
    if "//" in plain or "/*" in plain:
        plain = _without_comments(node, plain)
    words = plain.split()
    return _AROUND_ACCESS.sub("", " ".join(words)) if len(words) > 1 else plain.strip()


def _without_comments(node: Node, plain: str) -> str:
    waiting, at = [node], node.start_byte
    raw = bytearray(plain.encode("utf-8", "replace"))
    while waiting:
        part = waiting.pop()
        if part.type == "comment":
            raw[part.start_byte - at : part.end_byte - at] = b" " * len(raw[part.start_byte - at : part.end_byte - at])
        waiting += part.children
    return raw.decode("utf-8", "replace")


def simple_name(node: Node | None) -> str:
    """The last simple name of a name, member access or generic name: ``a.b.C<int>`` gives ``C``."""
    while node is not None and (kind := node.type) not in ("identifier", "this", "base"):
        if kind == "conditional_access_expression":
            inner = node.named_children[-1] if node.named_children else None
        else:
            inner = node.child_by_field_name("name") or (
                node.named_children[0] if kind == "generic_name" and node.named_children else None
            )
        if inner is None:
            return ""
        node = inner
    return text(node)


def receiver(call: Node) -> Node | None:
    """The expression a call is made on: ``a.b`` of ``a.b.C()`` and of ``a.b?.C()``; ``None`` for ``C()``."""
    callee = call.child_by_field_name("function")
    if callee is None:
        return None
    return callee.child_by_field_name("condition" if callee.type == "conditional_access_expression" else "expression")


def call_name(call: Node) -> str:
    """The simple name of what is called."""
    return simple_name(call.child_by_field_name("function"))


def created(node: Node) -> str:
    """The simple name of the type of a creation: of ``new(...)`` what the declaration or the function around it says."""
    if node.type == "object_creation_expression":
        return simple_name(node.child_by_field_name("type"))
    for parent in islice(parents.ancestors(node), 8):
        if parent.type == "variable_declaration":
            return simple_name(parent.child_by_field_name("type"))
        if parent.type.endswith(("_declaration", "local_function_statement")):
            type_ = parent.child_by_field_name("returns") or parent.child_by_field_name("type")
            return simple_name(type_) if _gives(node, parent) else ""
    return ""


_GIVING = frozenset(
    {"return_statement", "arrow_expression_clause", "conditional_expression", "parenthesized_expression", "block"}
)


def _gives(node: Node, function: Node) -> bool:
    """Whether a value is what a function returns: nothing but ``return`` or ``=>`` and branches stand between them."""
    between = (p.type for p in takewhile(lambda p: p != function, parents.ancestors(node)))
    kinds = list(between)
    deep = frozenset({"return_statement", "arrow_expression_clause"})
    return any(k in deep for k in kinds) and kinds[0] in _GIVING - {"block"}


def name_at(call: Node) -> int:
    """The byte offset of the simple name of what is called."""
    node = call.child_by_field_name("function")
    while node is not None and node.type not in ("identifier", "this", "base"):
        inner = node.child_by_field_name("name")
        if inner is None and node.named_children:
            inner = node.named_children[0 if node.type == "generic_name" else -1]
        if inner is None:
            break
        node = inner
    return node.start_byte if node is not None else call.start_byte


class Call(NamedTuple):
    """A call and the simple name of what it calls."""

    node: Node
    name: str


def calls(captured: list[Node]) -> list[Call]:
    """The captured calls with their names."""
    return [Call(n, call_name(n)) for n in captured]


def arguments(call: Node) -> list[Node]:
    """The argument expressions of a call or creation, names and ``ref`` stripped."""
    listed = call.child_by_field_name("arguments")
    if listed is None:
        listed = next((c for c in call.named_children if c.type == "argument_list"), None)
    if listed is None:
        return []
    return [a.named_children[-1] for a in listed.named_children if a.type == "argument" and a.named_children]


def called_with(value: Node) -> Node | None:
    """The call that has ``value`` for an argument; ``None`` where it is none."""
    if parents.kind(value) != "argument":
        return None
    call = next(islice(parents.ancestors(value), 2, None), None)
    return call if call is not None and call.type == "invocation_expression" else None


_ARMS = frozenset({"switch_section", "switch_expression_arm", "catch_clause"})


def other_branches(node: Node, within: Span) -> Iterator[Span]:
    """What never runs together with ``node``: the other branch of an ``if`` or ``?:``, and other sections, arms and catches.

    Up to the node at ``within``, or as many levels as people write. What a ``catch`` does runs without the last statement of its
    ``try``.
    """
    inner = node
    for around in islice(parents.ancestors(node), parents.DEEP):
        if span(around) == within:
            return
        if around.type in ("if_statement", "conditional_expression"):
            branches = [around.child_by_field_name(name) for name in ("consequence", "alternative")]
            if inner in branches:
                yield from (span(b) for b in branches if b is not None and b != inner)
        elif inner.type in _ARMS:
            yield from (span(c) for c in around.named_children if c.type == inner.type and c != inner)
        elif around.type == "try_statement" and inner.type == "block" and _is_last(node, inner):
            yield from (span(c) for c in around.named_children if c.type == "catch_clause")
        inner = around


def _is_last(node: Node, block: Node) -> bool:
    """Whether ``node`` is, or is in, the last statement of a block."""
    last = [c for c in block.named_children if c.type != "comment"][-1:]
    return bool(last) and span(last[0]).contains(span(node)) and last[0].type.endswith("_statement")


def last_child(node: Node) -> Node | None:
    """The last named child; ``None`` for a leaf."""
    return node.named_children[-1] if node.named_children else None


def body(function: Node) -> Node | None:
    """What runs: the block, or the expression after ``=>``."""
    found = function.child_by_field_name("body") or function.child_by_field_name("value")
    if found is None:
        found = next((c for c in function.children if c.type in ("block", "arrow_expression_clause")), None)
    return found


def statement_list_end(node: Node) -> Node | None:
    """The block (or file) in whose statement list ``node`` stands, through ``#if`` and labels."""
    return next((p for p in parents.ancestors(node) if p.type in ("block", "switch_section", "compilation_unit")), None)
