"""A function that is called: its name, signature and type, as those who look for its callers need them."""

from __future__ import annotations

from typing import NamedTuple

from ctxreview.languages import load
from ctxreview.model.declarations import EXTENSION, Function, TypeDecl
from ctxreview.model.outline import Outline, contained_in
from ctxreview.model.source import Span
from ctxreview.outline.symbols.signatures import Signature, extension, signature


class Callee(NamedTuple):
    """The function whose callers are looked for, in the outline of its file."""

    outline: Outline
    function: Function

    @property
    def type(self) -> TypeDecl | None:
        """The type that declares it."""
        return self.outline.type_of(self.function.span)

    @property
    def name(self) -> str:
        """The name that stands where it is used: a constructor's type, an accessor's property."""
        if self.function.kind == "accessor":
            return self.function.name.rpartition(".")[0]
        return self.function.name

    @property
    def head(self) -> str:
        """The text of its head; an accessor's property's."""
        holder = None
        if self.function.kind == "accessor":
            holder = next((m.span for m in self.outline.members if m.span.contains(self.function.span)), None)
        start = holder.start if holder is not None else self.function.span.start
        return self.outline.source.text(Span(start, max(start, self.function.opening.end)))

    @property
    def name_at(self) -> int:
        """The byte offset of its name."""
        head = self.outline.source.data[self.function.span.start : self.function.opening.end]
        return self.function.span.start + max(
            0, head.find(self.name.encode() + b"(", 0), head.rfind(self.name.encode())
        )

    @property
    def signature(self) -> Signature:
        """Its signature; with the receiver first where an ``extension`` block declares one."""
        language = load(self.outline.language)
        own, home = signature(self.head, self.name, language), self.type
        if home is None or home.kind != EXTENSION:
            return own
        return extension(own, self.outline.source.text(home.opening), language)

    @property
    def is_private(self) -> bool:
        """Whether only its own type can name it, as far as its head says."""
        home = self.type
        if home is None or home.kind in ("interface", "enum"):
            return False
        declared, words = self.signature, load(self.outline.language).words
        if declared.interface:
            return False
        if self.function.kind == "accessor":
            own = self.outline.source.text(self.function.opening).split()
            if not words.hidden.isdisjoint(own):
                return True
        return not declared.modifiers & words.reached

    @property
    def is_iterator(self) -> bool:
        """Whether its body runs when somebody enumerates its result, and not where it is called."""
        own = (
            f for f in contained_in(self.function.span, self.outline.facts) if f.kind == "exit" and f.name == "yield"
        )
        return any(self.outline.function_of(f.span) == self.function for f in own)

    @property
    def qualified_name(self) -> str:
        """``Type.Method``, as chains and sentences name it."""
        return qualified_name(self.outline, self.function)


def qualified_name(outline: Outline, function: Function) -> str:
    """``Type.Method`` of the member around a function; ``top-level statements`` outside every type."""
    member = outline.member_of(function.span) or function
    home = outline.type_of(member.span)
    if home is None:
        return "top-level statements" if member.kind == "top-level statements" else member.name
    return f"{home.name}.{'field' if member.kind == 'lambda' else member.name}"
