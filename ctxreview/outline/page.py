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


_DECLARED = r"\b{name}\s*=\s*new\s+([\w.]+)|\b((?!(?:var|return|await|new|in|is|as)\b)[A-Z][\w.]*)(?:<[\w\s,.<>?]{{0,200}}>)?\??\s+{name}\s*[=;,)]"
"""A local variable or parameter with the type that it is made of, or declared as."""


_NEAR = 10_000
"""Bytes before a use in which its declaration is looked for."""


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

        A construct that asks for a receiver gets one that matches by its name, or by its type where the function or file
        declares it.
        """
        if name not in self.language.named(field):
            return ()
        table = self.language.table(field)
        known = table.get(name, ())
        if on is not None:
            known = (*table.get(f"{nodes.simple_name(on)}.{name}", ()), *known)
        return tuple(c for c in known if not c.on or (on is not None and self._is_named(c.on, on)))

    def opening(self, call: Node) -> tuple[Construct, ...]:
        """The constructs that a call opens."""
        found = self.constructs("opens", nodes.call_name(call), nodes.receiver(call))
        given = nodes.arguments(call) if any(c.arguments or c.given for c in found) else []
        return tuple(
            c
            for c in found
            if len(given) >= c.arguments and (not c.given or any(re.search(c.given, nodes.text(a)) for a in given))
        )

    def _is_named(self, kind: str, on: Node) -> bool:
        """Whether a receiver matches, or else its declared type."""
        text = nodes.text(on, 400)
        if re.search(kind, text):
            return True
        name = text.removeprefix("this.")
        if not name.isidentifier():
            return False
        if name in self.declares:
            return re.search(kind, self.declares[name]) is not None
        around = self.functions.outermost(nodes.span(on))
        start = max(around.span.start if around is not None else 0, on.start_byte - _NEAR)
        declared = re.search(_DECLARED.format(name=re.escape(name)), self.source.text(Span(start, on.start_byte)))
        return declared is not None and re.search(kind, declared[1] or declared[2]) is not None
