"""What the types of a repository derive from, and what derives from them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from ctxreview.callgraph.repository.declared import Declared
from ctxreview.callgraph.repository.sources import SourceIndex
from ctxreview.callgraph.repository.type_index import TypeIndex
from ctxreview.callgraph.repository.type_words import base_names
from ctxreview.languages import load
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type

MAX_DERIVING = 60
"""Files read for the types that derive from one: :attr:`Hierarchy.cut` has those with more."""
MAX_CLIMB = 64
"""Types looked at on the way up from one to its bases."""


class Hierarchy:
    """The types above and below a type, read as far as somebody asks.

    ``cut`` has the qualified names of types from which more types derive than were read.
    """

    def __init__(self, sources: SourceIndex, types: TypeIndex) -> None:
        self._sources = sources
        self._types = types
        self.cut: set[str] = set()

    def member_type(self, written: str, members: Sequence[str], around: Outline, at: Span) -> str:
        """The declared type of the last of ``members``, each looked up on the type of the one before.

        The first is a member of the type that is ``written`` at a place. ``""`` where one is not found.
        """
        for name in members:
            known = self._types.resolve(written, around, at)
            own = (p for t in known for p in self._types.parts(t))
            parts = chain(own, (a for t in known for a in self.climb(t)))
            found = next(
                ((m.declares, p) for p in parts for m in p.outline.named(name) if p.type.span.contains(m.span)),
                None,
            )
            if found is None:
                return ""
            written, around, at = found[0], found[1].outline, found[1].type.span
        return written

    def ancestors(self, declared: Declared) -> tuple[tuple[Declared, ...], tuple[str, ...]]:
        """The types that a type derives from, near first, and the names of bases that the repository does not have."""

        def climbed() -> tuple[tuple[Declared, ...], tuple[str, ...]]:
            unknown: dict[str, None] = {}
            return tuple(self._climb(declared, unknown)), tuple(unknown)

        return self._sources.memo(("ancestors", declared.qualified), climbed)

    def climb(self, declared: Declared) -> Iterator[Declared]:
        """:meth:`ancestors` of a type in the repository, each looked for when it is asked for."""
        return self._climb(declared, {})

    def _climb(self, declared: Declared, unknown: dict[str, None]) -> Iterator[Declared]:
        """The types above one, near first, each looked for when it is asked for; names that lead nowhere are noted."""
        waiting = [*self._types.parts(declared)]
        seen = {declared.qualified}
        while waiting and len(seen) < MAX_CLIMB:
            here = waiting.pop(0)
            for base, known in self._bases(here):
                if not known:
                    unknown[simple_type(base)] = None
                for one in known:
                    if one.qualified not in seen:
                        seen.add(one.qualified)
                        yield one
                        waiting += self._types.parts(one)

    def _bases(self, part: Declared) -> tuple[tuple[str, tuple[Declared, ...]], ...]:
        """The bases of a part as written, each with the declarations that it can mean."""

        def resolved() -> tuple[tuple[str, tuple[Declared, ...]], ...]:
            written = part.bases
            self._types.prefetch(map(simple_type, written))
            return tuple((b, self._types.resolve(b, part.outline, part.type.span)) for b in written)

        return self._sources.memo(("bases", part.outline.source.path, part.type.span), resolved)

    def descendants(self, declared: Declared) -> tuple[Declared, ...]:
        """The types that derive from a type, directly or not."""
        return self._sources.memo(("descendants", declared.qualified), lambda: self._descendants(declared))

    def _descendants(self, declared: Declared) -> tuple[Declared, ...]:
        found: dict[str, Declared] = {}
        waiting = deque([declared])
        looked = 0
        while waiting and looked <= MAX_DERIVING:
            here = waiting.popleft()
            name = here.name
            if not self._sources.has_searched(name):
                self._sources.prefetch_words((name, *(w.name for w in waiting)))
            paths = [p for p in self._sources.files_with(name) if name in self._base_names(p)]
            self._sources.prefetch_heads(paths[: MAX_DERIVING - looked])
            for path in paths:
                looked += 1
                made = self._sources.heads(path) if looked <= MAX_DERIVING else None
                if made is None:
                    continue
                for one, written in self._deriving(path, made).get(name, ()):
                    if one.qualified in found or one.qualified == declared.qualified:
                        continue
                    known = {t.qualified for b in written for t in self._types.resolve(b, made, one.type.span)}
                    if here.qualified in known:
                        found[one.qualified] = one
                        waiting.append(one)
        if looked > MAX_DERIVING:
            self.cut.add(declared.qualified)
        return tuple(found.values())

    def _base_names(self, path: str) -> frozenset[str]:
        """The names that stand in what may be a list of base types in a file."""
        return self._sources.memo_of(
            path,
            "base names",
            lambda: frozenset(base_names(self._sources.text_of(path), load(self._sources.language).words)),
        )

    def _deriving(self, path: str, made: Outline) -> Mapping[str, list[tuple[Declared, list[str]]]]:
        """The types of a file by the simple names of their bases, each with the bases of that name as written."""

        def listed() -> dict[str, list[tuple[Declared, list[str]]]]:
            found: dict[str, list[tuple[Declared, list[str]]]] = {}
            for one in (Declared(made, t) for t in made.types):
                by_name: dict[str, list[str]] = {}
                for base in one.bases:
                    by_name.setdefault(simple_type(base), []).append(base)
                for name, written in by_name.items():
                    found.setdefault(name, []).append((one, written))
            return found

        return self._sources.memo_of(path, "deriving", listed)
