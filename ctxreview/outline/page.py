"""What the scope forms read of one file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.languages import Construct, Language
from ctxreview.model import Fact, Nesting, Scope, Source, Span
from ctxreview.outline import nodes

if TYPE_CHECKING:
    from tree_sitter import Node

    from ctxreview.outline import Captures


class Page(NamedTuple):
    """One tree with what is already known of it; ``declares`` has the type of each member by name."""

    captures: Captures
    calls: list[nodes.Call]
    language: Language
    source: Source
    types: Nesting
    functions: Nesting
    declares: Mapping[str, str]
    facts: tuple[Fact, ...]
    comments: tuple[Span, ...]

    def owner(self, node: Node) -> Scope | None:
        """The innermost function around ``node``."""
        return self.functions.innermost(nodes.span(node))

    def owner_span(self, node: Node) -> Span:
        """The span of the innermost function around ``node``; empty outside every function."""
        owner = self.owner(node)
        return owner.span if owner is not None else Span(0, 0)

    def constructs(self, field: str, name: str, on: Node | None) -> tuple[Construct, ...]:
        """The constructs that list a call under ``field``, by its name, or by its receiver's last name and its name.

        A construct that asks for a receiver gets one that matches.
        """
        if name not in self.language.named(field):
            return ()
        table = self.language.table(field)
        known = table.get(name, ())
        if on is not None:
            known = (*table.get(f"{nodes.simple_name(on)}.{name}", ()), *known)
        return tuple(c for c in known if not c.on or re.search(c.on, nodes.text(on, 400)))
