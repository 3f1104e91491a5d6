"""The types over which a function can be reached: those that declare it, and those that inherit or override it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from ctxreview.callgraph.callers.callee import Callee
from ctxreview.callgraph.repository.declared import Declared
from ctxreview.callgraph.repository.index import Repository
from ctxreview.languages import load
from ctxreview.languages.lists import repository_lists
from ctxreview.model.declarations import Function
from ctxreview.outline.symbols.signatures import Signature


class OverrideSet:
    """The types over which the target can be reached.

    ``private`` says that only its own type can name it, ``creates`` that it is a constructor.
    """

    def __init__(self, target: Callee, home: Declared, repository: Repository) -> None:
        self.target = target
        self.repository = repository
        self.home = home
        self.signature = target.signature
        self.private = target.is_private
        self.creates = target.function.kind == "constructor"
        self._words = load(repository.language).words
        self._declaring: dict[str, bool] = {}

    @cached_property
    def parts(self) -> tuple[Declared, ...]:
        """All parts of the target's type."""
        return self.repository.types.parts(self.home)

    @cached_property
    def _up(self) -> tuple[tuple[Declared, ...], tuple[str, ...]]:
        return ((), ()) if self.private else self.repository.hierarchy.ancestors(self.home)

    @property
    def above(self) -> tuple[Declared, ...]:
        """The types of the repository that it derives from."""
        return self._up[0]

    @property
    def unknown_bases(self) -> tuple[str, ...]:
        """The names of its bases that the repository does not have."""
        return self._up[1]

    @cached_property
    def below(self) -> tuple[Declared, ...]:
        """The types that derive from it."""
        closed = self.private or self.home.modifiers & self._words.sealed
        return () if closed else self.repository.hierarchy.descendants(self.home)

    @cached_property
    def below_names(self) -> frozenset[str]:
        """The qualified names of the types that derive from it."""
        return frozenset(t.qualified for t in self.below)

    @cached_property
    def declaring(self) -> tuple[Declared, ...]:
        """Those above it that declare the member."""
        return tuple(t for t in self.above if self.declares(t))

    @cached_property
    def reached(self) -> frozenset[str]:
        """The types over which the member can be the target."""
        return frozenset(t.qualified for t in (self.home, *self.declaring, *self._inheriting()))

    def declares(self, type_: Declared) -> bool:
        """Whether a type declares a member that the target overrides or implements."""
        name = type_.qualified
        if name not in self._declaring:
            self._declaring[name] = any(
                self._is_same(f, p) for p in self.repository.types.parts(type_) for f in p.functions
            )
        return self._declaring[name]

    def _is_same(self, function: Function, part: Declared) -> bool:
        other = Callee(part.outline, function)
        if other.name != self.target.name:
            return False
        return len(other.signature.parameters) == len(self.signature.parameters)

    def _inheriting(self) -> Iterator[Declared]:
        """The derived types that have the target's code: those that do not declare the member anew."""
        if not self.creates:
            yield from (t for t in self.below if not self.declares(t))

    @cached_property
    def overloads(self) -> list[Signature]:
        """The signatures of the other functions of the name in the type."""
        own = self.target.function
        found = []
        for part in self.parts:
            for function in part.functions:
                other = Callee(part.outline, function)
                is_own = part.outline.source.path == self.target.outline.source.path and function.span == own.span
                if other.name == self.target.name and not is_own and function.kind == own.kind:
                    found.append(other.signature)
        return [s for s in found if not self._is_other_part(s)]

    def _is_other_part(self, other: Signature) -> bool:
        """Whether it is the same partial method, declared once and implemented once."""
        own = self.signature
        same = [p.type for p in other.parameters] == [p.type for p in own.parameters]
        return same and bool(self._words.partial & own.modifiers & other.modifiers)

    @property
    def unknown_callers(self) -> tuple[str, ...]:
        """A sentence on why callers that were not read, or are outside the repository, may call the target."""
        if self.private or self.creates:
            return ()
        home, name = self.home.name, self.target.qualified_name
        if self.home.qualified in self.repository.hierarchy.cut:
            return (f"More types derive from {home} than were read: calls of {name} on them may be missed.",)
        if not self.unknown_bases:
            return ()
        overrides = self._words.overriding & self.signature.modifiers and not self.declaring
        plain = repository_lists(self.repository.language).of("interfaces")
        interfaces = [u for u in self.unknown_bases if u[:1] == "I" and u[1:2].isupper() and u not in plain]
        if overrides:
            return (
                f"{name} overrides a member of {', '.join(self.unknown_bases)}, which is not in this repository: what calls it, and under which transaction or lock, is unknown.",
            )
        if interfaces and not self.declaring and self._words.public & self.signature.modifiers:
            return (
                f"{home} implements {', '.join(interfaces)}, which is not in this repository: its callers through the interface are unknown.",
            )
        return ()
