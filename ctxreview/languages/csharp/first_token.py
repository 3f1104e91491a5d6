"""Where a declaration begins whose attributes are under ``#if``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctxreview.kept import kept
from ctxreview.languages.csharp.conditional import formula, holds, select

if TYPE_CHECKING:
    from tree_sitter import Node

_FURTHER = ("preproc_elif", "preproc_else")


def first_token(declaration: Node, data: bytes) -> int:
    """The byte offset of its first token for a compiler that was given no symbols: what the file ``data`` defines counts."""
    for child in declaration.children:
        if child.type == "comment":
            continue
        if not child.type.startswith("preproc"):
            return child.start_byte
        lit = _lit(child, _defined(data))
        if lit is not None:
            return lit
    return declaration.start_byte


@kept(2)
def _defined(data: bytes) -> frozenset[bytes]:
    """The symbols that the file itself defines."""
    return select(data, None)[0].defined


def _lit(branch: Node | None, symbols: frozenset[bytes]) -> int | None:
    """Where the code of the branches of one ``#if`` begins under ``symbols``; ``None`` where none of them has any."""
    while branch is not None:
        inside = branch.named_children
        condition = inside.pop(0) if branch.type != "preproc_else" and inside else None
        further = next((c for c in inside if c.type in _FURTHER), None)
        if condition is None or holds(formula(condition.text or b""), symbols):
            return next((c.start_byte for c in inside if c.type == "attribute_list"), None)
        branch = further
    return None
