"""What the ``using`` directives of a file say."""

from __future__ import annotations

import re

from ctxreview.languages.imports import Imports
from ctxreview.regex import regex

_USING = regex(
    rb"^[ \t]*+(?:global\s++)?using\s++(?:(static)\s++)?(?:unsafe\s++)?(?:([\w@]++)\s*+=\s*+)?(?:global::)?([^;=()\n]+?)\s*+;",
    re.MULTILINE,
)
_GLOBAL_USING = regex(rb"^[ \t]*+global\s++using\b[^;\n]*+;", re.MULTILINE)


def imports(data: bytes, *, shared: bool = False) -> Imports:
    """What the directives of a file import; with ``shared``, the global ones alone, which hold in every file of its project."""
    if shared:
        data = b"\n".join(hit[0] for hit in _GLOBAL_USING.finditer(data)) if b"global using" in data else b""
    imported, members, aliases = set(), set(), {}
    for static, alias, named in _USING.findall(data):
        name = named.decode("utf-8", "replace")
        if alias:
            aliases[alias.decode("utf-8", "replace")] = name
        elif static:
            members.add(name)
        else:
            imported.add(name)
    return Imports(frozenset(imported), frozenset(members), aliases)
