"""Other names that an answer gives to what it shows: a statement that differs by them alone is the one of the original."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple


class Renames(NamedTuple):
    """The new names by the old ones."""

    names: dict[str, str]

    def explain(self, old: str, new: str) -> bool:
        """Whether some code is other code under the new names."""
        return bool(self.names) and new == re.sub(r"\w+", lambda m: self.names.get(m[0], m[0]), old)


def renames(pairs: Iterable[tuple[str, str]], shown: frozenset[str]) -> Renames:
    """What several pairs of old and new code call otherwise in the same way, where none of the words ``shown`` is an old name."""
    found = Counter(words for old, new in pairs for words in _substituted(old, new))
    once = Counter(old for old, _ in found)
    return Renames({a: b for (a, b), count in found.items() if count > 1 and once[a] == 1 and a not in shown})


def _substituted(old: str, new: str) -> frozenset[tuple[str, str]]:
    """The words of ``old`` and what is in their place in ``new``, where nothing else differs; empty where more does."""
    a, b = (re.findall(r"\w+|[^\w\s]", code) for code in (old, new))
    pairs = {(x, y) for x, y in zip(a, b, strict=False) if x != y}
    are_names = all(re.fullmatch(r"[^\W\d]\w*", word) for pair in pairs for word in pair)
    return frozenset(pairs) if len(a) == len(b) and are_names else frozenset()
