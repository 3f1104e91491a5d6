"""What the scope forms read of one file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.languages import Construct, Language, nodes
from ctxreview.languages.syntax import Call, Syntax
from ctxreview.languages.words import any_of
from ctxreview.model.declarations import Function, Nesting, TypeDecl
from ctxreview.model.facts import Fact
from ctxreview.model.notation import without_self
from ctxreview.model.source import Source, Span

if TYPE_CHECKING:
    from tree_sitter import Node

    from ctxreview.outline import Captures


_DECLARED = r"\b{name}\s*=\s*{new}\s+([\w.]+)(?!(?:<[\w\s,.<>?]{{0,200}}>)?\s*\[)\b|\b([A-Z][\w.]*)(?:<[\w\s,.<>?]{{0,200}}>)?\??\s+{name}\s*[=;,)]"
"""A local variable or parameter with the type that it is made of, or declared as."""


_OVERLAP = 300
"""Bytes that a declaration may go over."""
_NEAR = 10_000
"""Bytes before a use in which its declaration is looked for."""


class FileView(NamedTuple):
    """One tree with what is already known of it.

    ``declares`` has the declared types of members, by their names and the spans of the types that declare them.
    """

    captures: Captures
    calls: list[Call]
    language: Language
    syntax: Syntax
    source: Source
    types: Nesting[TypeDecl]
    functions: Nesting[Function]
    declares: Mapping[str, Mapping[Span, str]]
    facts: tuple[Fact, ...]
    comments: tuple[Span, ...]
    locals_: dict[tuple[str, int], tuple[str, int]]
    """The types of variables by name and function, as far as each was searched."""
    wrapped: Mapping[int, frozenset[int]] = MappingProxyType({})
    """The calls of wrappers that were read: by the offset of the called name, the wrappers' indexes."""

    def has_receiver(self, call: Node) -> bool:
        """Whether a call is made on something else than the object at hand."""
        on = nodes.text(self.syntax.receiver(call))
        return on != "" and on not in self.language.words.own

    def owner(self, node: Node) -> Function | None:
        """The innermost function around ``node``."""
        return self.functions.innermost(nodes.span(node))

    def owner_span(self, node: Node) -> Span:
        """The span of the innermost function around ``node``; empty outside every function."""
        owner = self.owner(node)
        return owner.span if owner is not None else Span(0, 0)

    def home(self, name: str, at: Span) -> Span | None:
        """The type that declares the member ``name`` as it is seen at ``at``; of a type that does not, the only one that may."""
        found = self.declares.get(name)
        if found is None:
            return None
        for type_ in self.types.around(at):
            if type_.span in found:
                return type_.span
        return next(iter(found)) if len(found) == 1 else None

    def declared(self, name: str, at: Span) -> str | None:
        """The type, as written, of the member that ``name`` is at ``at``; ``None`` where the file does not tell."""
        home = self.home(name, at)
        return self.declares[name][home] if home is not None else None

    def constructs(self, field: str, call: Node) -> tuple[Construct, ...]:
        """The constructs that list a call under ``field``, by its name, or by its receiver's last name and its name.

        A construct that asks for a receiver gets one that matches by its name, or by its type where the function or file
        declares it. Where the call is one of a wrapper that was read, what that does alone.
        """
        name = self.syntax.call_name(call)
        if name not in self.language.named(field):
            return ()
        table = self.language.table(field)
        known, on = table.get(name, ()), self.syntax.receiver(call)
        if any(c.resolved for c in known):
            read = self._read(call, known)
            known = tuple(c for c in known if c.wrapper in read) if read else tuple(c for c in known if not c.resolved)
            if read:
                return known if read.isdisjoint(self.language.empty) else ()
        if on is not None:
            known = (*table.get(f"{self.syntax.simple_name(on)}.{name}", ()), *known)
        return tuple(c for c in known if not c.on or (on is not None and self.is_named(c.on, on)))

    def _read(self, call: Node, known: Iterable[Construct]) -> frozenset[int]:
        """The wrappers, by their index, of which it is a call."""
        if self.wrapped:
            return self.wrapped.get(self.syntax.name_at(call), frozenset())
        return frozenset(c.wrapper for c in known if c.wrapper is not None)

    def opens_nothing(self, call: Node) -> bool:
        """Whether what it calls was read, and neither opens something for its caller nor runs a delegate under it."""
        if not self.language.empty:
            return False
        name = self.syntax.call_name(call)
        known = (*self.language.table("opens").get(name, ()), *self.language.table("runs").get(name, ()))
        return not self._read(call, known).isdisjoint(self.language.empty)

    def opening(self, call: Node) -> tuple[Construct, ...]:
        """The constructs that a call opens."""
        found = self.constructs("opens", call)
        given = self.syntax.arguments_of(call) if any(c.arguments or c.given for c in found) else []
        return tuple(
            c
            for c in found
            if len(given) >= c.arguments and (not c.given or any(re.search(c.given, nodes.text(a)) for a in given))
        )

    def is_named(self, kind: str, on: Node) -> bool:
        """Whether a receiver matches, or else its declared type."""
        text = nodes.text(on, 400)
        if re.search(kind, text):
            return True
        name = without_self(text)
        if not name.isidentifier():
            return False
        if (declared := self.declared(name, nodes.span(on))) is not None:
            return re.search(kind, declared) is not None
        declared = self.local_type(name, on)
        return bool(declared) and re.search(kind, declared) is not None

    def local_type(self, name: str, on: Node) -> str:
        """The type that the function tells of a variable before ``on``; ``""`` for none. What was searched once is not again."""
        around = self.functions.outermost(nodes.span(on))
        start = around.span.start if around is not None else 0
        known, end = self.locals_.get((name, start), ("", start))
        if not known and end < on.start_byte:
            near = Span(max(end, on.start_byte - _NEAR), on.start_byte)
            found = re.search(
                _DECLARED.format(name=re.escape(name), new=any_of(self.language.words.creating)), self.source.text(near)
            )
            known = found[1] or found[2] if found is not None else ""
            self.locals_[name, start] = known, max(start, on.start_byte - _OVERLAP)
        return known
