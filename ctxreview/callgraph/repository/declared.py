"""One declaration of a type, and what its head says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ctxreview.languages import load
from ctxreview.model.declarations import EXTENSION, Function, TypeDecl
from ctxreview.model.outline import Outline
from ctxreview.outline.symbols.signatures import bases, modifiers


class Declared(NamedTuple):
    """One declaration of a type: a whole one, or a part."""

    outline: Outline
    type: TypeDecl

    @property
    def name(self) -> str:
        """Its simple name."""
        return self.type.name

    @property
    def qualified(self) -> str:
        """Its name with those of the types and namespaces around it."""
        return self.type.qualified

    @property
    def bases(self) -> tuple[str, ...]:
        """The types it derives from, as written."""
        return bases(self.outline.source.text(self.type.opening), self.name, load(self.outline.language))

    @property
    def modifiers(self) -> frozenset[str]:
        """The words before its keyword, such as ``static`` and ``partial``."""
        if self.type.kind == EXTENSION:
            words = load(self.outline.language).words
            return words.shared | words.partial
        return modifiers(self.outline.source.text(self.type.opening), self.name, load(self.outline.language))

    @property
    def functions(self) -> Sequence[Function]:
        """The function-like members of this part, none of nested types."""
        return self.outline.functions_of(self.type.span)
