"""Which files are read for calls of a function: those that name it, the nearest first where there are many."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from ctxreview.callgraph.callers.override_set import OverrideSet
from ctxreview.languages import load
from ctxreview.outline.symbols.written_names import simple_type

MAX_FILES = 150
"""Files read for one name at most: a name in more of them is everybody's, and says little."""
MAX_TEXT = 1_500_000
"""Bytes of these files at most: parsing that much takes half a second."""
MAX_FAR = 20
"""Files that name the target and none of its types: up to here they are read, for receivers whose type is not written."""


def files_to_read(family: OverrideSet) -> tuple[list[str], list[str]]:
    """The files that may hold calls, and a sentence where not all of them are read."""
    own = [p.outline.source.path for p in family.parts]
    if family.private:
        return sorted(own), []
    home, words = family.home, load(family.repository.language).words
    family.repository.prefetch_words(
        [family.target.name, home.name, *map(simple_type, home.bases), *words.shared_import]
    )
    hits = family.repository.files_with(family.target.name)
    if family.signature.extends or family.signature.on or family.creates:
        near = list(hits)
    else:
        types = {t.name for t in (family.home, *family.above, *family.below)}
        types |= {a for a, of in family.repository.types.shared_imports.aliases.items() if simple_type(of) in types}
        family.repository.prefetch_words(types)
        named = {p for t in types for p in family.repository.files_with(t)}
        near = [p for p in hits if p in named or p in own]
        far = [p for p in hits if p not in named and p not in own]
        if len(far) <= MAX_FAR:
            near = sorted((*near, *far))  # a receiver of a type that is not written down, such as a var
        elif far:
            return _nearest(family, near), [
                f"{len(far)} more files use the name {family.target.name} and none of the types that declare it; "
                "they were not read."
            ]
    read = _nearest(family, near)
    if len(read) < len(near):
        return read, [
            f"{family.target.name} occurs in {len(near)} files; the {len(read)} nearest were searched for calls."
        ]
    return near, []


def _nearest(family: OverrideSet, paths: Sequence[str]) -> list[str]:
    """As many files as may be read, those first that share the most folders with the target's."""
    own = family.target.outline.source.path.split("/")

    def apart(path: str) -> tuple[int, str]:
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(own, path.split("/"), strict=False)))
        return -same, path

    kept: list[str] = []
    size = 0
    for path in sorted(paths, key=apart)[:MAX_FILES]:
        size += len(family.repository.text_of(path))
        if kept and size > MAX_TEXT:
            break
        kept.append(path)
    return sorted(kept)
