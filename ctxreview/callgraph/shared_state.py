"""The state that functions touch and the locks that they take: where they are declared, and which uses are theirs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ctxreview.callgraph.repository.declared import Declared
from ctxreview.callgraph.repository.index import Repository
from ctxreview.languages import load
from ctxreview.languages.lists import repository_lists
from ctxreview.languages.words import Words
from ctxreview.model.declarations import Function, Member, outermost
from ctxreview.model.facts import Reference
from ctxreview.model.notation import SELF, without_self
from ctxreview.model.outline import Outline
from ctxreview.outline.excerpts import mentioned
from ctxreview.outline.symbols.written_names import simple_type


class Shared(NamedTuple):
    """A field, property or event that the function touches, or a lock that it takes: where it is declared."""

    name: str
    home: Declared
    member: Member
    lock: bool

    @property
    def words(self) -> frozenset[str]:
        """The words of its declaration before its type."""
        text = self.home.outline.source.text(self.member.span)
        return frozenset(re.findall(r"\w+", text.partition(self.member.declares or self.name)[0]))

    @property
    def _language(self) -> Words:
        return load(self.home.outline.language).words

    @property
    def is_static(self) -> bool:
        """Whether all objects share it."""
        return not self.words.isdisjoint(self._language.shared)

    @property
    def is_private(self) -> bool:
        """Whether only its own type reaches it."""
        return not self.words & self._language.reached and self.home.type.kind != "interface"

    @property
    def can_race(self) -> bool:
        """Whether it can change, or is a thing that can: no constant, no service that is only called."""
        if self.words & self._language.constants or re.search(r"[lL]og(ger)?$", self.name):
            return False
        if not self.words & self._language.kept:
            return True
        return (
            repository_lists(self.home.outline.language).pattern("collections").search(self.member.declares) is not None
        )


def state_shared_by(outline: Outline, functions: Sequence[Function], repository: Repository) -> Iterator[Shared]:
    """What the functions lock and touch, in the parts of their type and in types that a lock names."""
    home = outline.type_of(functions[-1].span) if functions else None
    if home is None:
        return
    touched = outermost(functions)
    locks = {
        without_self(s.resource)
        for s in outline.regions
        if s.kind == "lock" and s.resource and any(f.span.contains(s.span) or s.span.contains(f.span) for f in touched)
    }
    named = {w for f in touched for w in mentioned(outline.source.text(f.span))}
    seen: set[tuple[str, str]] = set()
    for part in repository.types.parts(Declared(outline, home)):
        for member in part.outline.members:
            around = part.outline.types_around(member.span)
            if not around or around[0].span != part.type.span:
                continue
            for name in member.names:
                if name in named and (part.qualified, name) not in seen:
                    seen.add((part.qualified, name))
                    yield Shared(name, part, member, name in locks)
    for lock in sorted(locks):
        owner, _, name = lock.rpartition(".")
        if owner and owner[:1].isupper():
            for declared in repository.types.resolve(owner, outline, functions[-1].span):
                found = next((m for m in declared.outline.named(name) if declared.type.span.contains(m.span)), None)
                if found is not None:
                    yield Shared(name, declared, found, lock=True)


def is_use_of(reference: Reference, there: Outline, one: Shared, repository: Repository) -> bool:
    """Whether a use of the name is one of that member, by the type around it or the one it is used on."""
    if reference.local:
        return False
    home = one.home.qualified
    if reference.receiver in ("", SELF):
        around = there.types_around(reference.name_span)
        if around and around[0].qualified == home:
            return True
        outer = any(t.qualified == home for t in around[1:]) and "static" in one.words and reference.receiver == ""
        if not around or (one.is_private and not outer):
            return False
        declared = any(around[0].span.contains(m.span) for m in there.named(one.name))
        if outer and not declared:
            return True
        if declared or one.is_private:
            return False
        return around[0].qualified in {t.qualified for t in repository.hierarchy.descendants(one.home)}
    if not reference.type or simple_type(reference.type) != one.home.name:
        return False
    known = {t.qualified for t in repository.types.resolve(reference.type, there, reference.name_span)}
    return known == {home}
