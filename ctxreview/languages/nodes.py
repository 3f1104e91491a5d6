"""What a syntax node of any language tells: its bytes and its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctxreview.languages import keyword_masking as standing
from ctxreview.model.source import Span
from ctxreview.regex import regex

if TYPE_CHECKING:
    from tree_sitter import Node


def span(node: Node) -> Span:
    """The bytes of ``node``."""
    return Span(node.start_byte, node.end_byte)


_AROUND_ACCESS = regex(r"\s+(?=\??\.)|(?<=\.)\s+")


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
        if part.is_extra and "comment" in part.type:  # no grammar calls it anything else
            raw[part.start_byte - at : part.end_byte - at] = b" " * len(raw[part.start_byte - at : part.end_byte - at])
        waiting += part.children
    return raw.decode("utf-8", "replace")
