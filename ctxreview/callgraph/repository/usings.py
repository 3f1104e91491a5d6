"""What the ``using`` directives of a file say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

_USING = re.compile(
    rb"^[ \t]*+(?:global\s++)?using\s++(?:(static)\s++)?(?:unsafe\s++)?(?:([\w@]++)\s*+=\s*+)?(?:global::)?([^;=()\n]+?)\s*+;",
    re.MULTILINE,
)
_GLOBAL_USING = re.compile(rb"^[ \t]*+global\s++using\b[^;\n]*+;", re.MULTILINE)


class Usings(NamedTuple):
    """What ``using`` directives import: namespaces, the members of types, and other names for types, as written."""

    imported: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = MappingProxyType({})

    def over(self, others: Usings) -> Usings:
        """These and the others; of two aliases this one's."""
        return Usings(
            self.imported | others.imported, self.members | others.members, {**others.aliases, **self.aliases}
        )


def usings(data: bytes) -> Usings:
    """What the directives of a file import, global ones among them."""
    imported, members, aliases = set(), set(), {}
    for static, alias, named in _USING.findall(data):
        name = named.decode("utf-8", "replace")
        if alias:
            aliases[alias.decode("utf-8", "replace")] = name
        elif static:
            members.add(name)
        else:
            imported.add(name)
    return Usings(frozenset(imported), frozenset(members), aliases)


def global_usings(data: bytes) -> Usings:
    """What the ``global using`` directives of a file import, which hold in every file of its project."""
    lines = (hit[0] for hit in _GLOBAL_USING.finditer(data)) if b"global using" in data else ()
    return usings(b"\n".join(lines))
