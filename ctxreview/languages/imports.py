"""What a file imports: what the directives at its head say, or their like."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Imports(NamedTuple):
    """What a file imports: namespaces, the members of types, and other names for types, as written."""

    imported: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = MappingProxyType({})

    def over(self, others: Imports) -> Imports:
        """These and the others; of two aliases this one's."""
        return Imports(
            self.imported | others.imported, self.members | others.members, {**others.aliases, **self.aliases}
        )


def no_imports(data: bytes, *, shared: bool = False) -> Imports:
    """What is known of the imports of a language that has no hook for them: nothing."""
    return Imports()
