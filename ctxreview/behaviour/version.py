"""One version of a file as the analyses ask about it: its functions as data, its state, and which function a call runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from ctxreview.behaviour.file_functions import FileFunctions
from ctxreview.behaviour.file_regions import FileRegions
from ctxreview.behaviour.same import Same
from ctxreview.kept import kept
from ctxreview.languages.words import any_of
from ctxreview.model import il
from ctxreview.model.declarations import Member, Nesting, TypeDecl
from ctxreview.model.notation import without_self
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array

NOWHERE = Span(0, 0)
"""A place in no type: what is written there may be any type of the name."""


class Closure(NamedTuple):
    """A function, in the version whose file has it."""

    unit: il.Unit
    version: Version


class State(NamedTuple):
    """A field, property or event that the file of ``version`` declares: ``home`` is its type's name, ``type`` its declared one as written."""

    version: Version
    home: str
    name: str
    type: str
    member: Member
    static: bool
    fixed: bool
    volatile: bool
    changes: bool

    @property
    def key(self) -> str:
        """The same for every use."""
        return f"{self.home}.{self.name}"


class Condition(NamedTuple):
    """``test`` is the same in both versions, ``at`` where it is; ``leaves`` is how an exit before the place leaves, ``""`` where it is around it."""

    test: str
    at: Span
    leaves: str = ""


class Version(FileFunctions, FileRegions):
    """A file before or after an edit. All that is asked of it is made once."""

    @cached_property
    def exits(self) -> dict[int, tuple[il.Block, tuple[tuple[int, Condition], ...]]]:
        """What :mod:`.conditions` knows of the exits of blocks, by their identity: to compare them would take as long as to look again."""
        return {}

    @cached_property
    def _declared(self) -> Mapping[tuple[str, str], State]:
        found: dict[tuple[str, str], State] = {}
        makers = Nesting(tuple(f for f in self.outline.outermost if f.kind == "constructor"))
        changed: dict[str, bool] = {}
        about = self.language.words
        for fact in self.outline.facts:
            if fact.kind == "write" and makers.outermost(fact.span) is None:
                changed[fact.name] = True
                changed[without_self(fact.target).partition(".")[0]] = True
        for type_ in self.outline.types:
            for one in self._given(type_):
                found[type_.name, one.names[0]] = State(
                    self,
                    type_.name,
                    one.names[0],
                    one.declares,
                    one,
                    False,
                    True,
                    False,
                    changed.get(one.names[0], False),
                )
        for member in self.outline.members:
            home = self.nesting.name_around(member.span)
            words = frozenset(member.modifiers)
            held = simple_type_or_array(member.declares) in self.about.of("collections") and member.kind == "field"
            open_ = words & about.reached and (held or (not words & about.fixed and self._is_settable(member)))
            for name in member.names:
                found[home, name] = State(
                    self,
                    home,
                    name,
                    self._made_as(member) if words & about.fixed else member.declares,
                    member,
                    static=bool(words & (about.shared | about.constants)),
                    fixed=bool(words & about.fixed),
                    volatile=bool(words & about.volatile),
                    changes=not words & about.constants and (bool(open_) or changed.get(name, False)),
                )
        return found

    def _made_as(self, member: Member) -> str:
        """The type of what never changes: the one it is made as, where that says more than the declared one."""
        text = self.outline.source.text(member.span)
        new = any_of(self.language.words.creating)
        made = re.search(rf"=\s*{new}\s+([\w.]+(?:<.*>)?)\s*\(", text) if member.kind == "field" else None
        return made[1] if made is not None and self.is_concurrent(made[1]) else member.declares

    def _given(self, type_: TypeDecl) -> Iterator[Member]:
        """The parameters of a type's own constructor, which its functions use as state; those of a record are properties."""
        from ctxreview.outline.symbols.signatures import signature

        if type_.kind in ("class", "struct"):
            for one in signature(self.outline.source.text(type_.opening), type_.name, self.language).parameters:
                yield Member("field", (one.name,), type_.opening, one.type)

    def _is_settable(self, member: Member) -> bool:
        """Whether others can set it: a field, or a property with an accessor that sets and is not said to be closed."""
        if member.kind != "property":
            return member.kind == "field"
        first = self.outline.source.text
        return any(
            member.span.contains(u.span)
            and u.name.rpartition(".")[2] in self.about.of("setters")
            and not self.language.words.hidden & set(first(u.span).split())
            for u in self._accessors
        )

    @cached_property
    def _accessors(self) -> tuple[il.Declared, ...]:
        return tuple(d for d in self.units.declared if d.kind == "accessor")

    def state(self, home: str, name: str, at: Span = NOWHERE) -> State | None:
        """The state of that name that functions of the type ``home`` see; a base type's is its own.

        ``home`` is a type of the file, or one of another file as it is written ``at`` a place.
        """
        for type_ in (*self.lineage(home), *self.types_around.get(home, ())):
            if (type_, name) in self._declared:
                return self._declared[type_, name]
        for other, type_ in self._elsewhere(home, name, at, state=True):
            if (type_, name) in other._declared:
                return other._declared[type_, name]
        return None

    @property
    def states(self) -> tuple[State, ...]:
        """All state of the file."""
        return tuple(self._declared.values())

    def is_immutable(self, type_: str) -> bool:
        """Whether values of a type, as written, have no insides that change: by the language's list, or a record of the file."""
        name = simple_type_or_array(type_)
        return name in self.about.of("immutable") or name in self._frozen

    @cached_property
    def _frozen(self) -> frozenset[str]:
        """The types of the file of which nothing but constructors writes anything, and the enumerations."""
        own: dict[str, list[State]] = {}
        for state in self._declared.values():
            own.setdefault(state.home, []).append(state)
        written = {f.name for f in self.outline.facts if f.kind == "write" and f.target}
        return frozenset(
            t.name
            for t in self.outline.types
            if t.kind == "enum"
            or (
                all(
                    not s.changes
                    and s.name not in written
                    and simple_type_or_array(s.type) not in self.about.of("collections")
                    and simple_type_or_array(s.type) != "[]"
                    and (s.fixed or s.member.kind == "property")
                    for s in own.get(t.name, ())
                    if not s.static
                )
                and t.kind in ("record", "struct", "class")
                and (own.get(t.name) or self._is_plain(t))
                and not self._sets(own.get(t.name, []))
            )
        )

    def _is_plain(self, type_: TypeDecl) -> bool:
        """Whether a type is a record that declares all it has in its head, and that are values or objects, not collections."""
        from ctxreview.outline.symbols.signatures import signature

        if type_.kind != "record" or self.children.get(type_.name):
            return False
        given = signature(self.outline.source.text(type_.opening), type_.name, self.language).parameters
        kinds = [simple_type_or_array(one.type) for one in given]
        return bool(kinds) and not any(k == "[]" or k in self.about.of("collections") for k in kinds)

    def _sets(self, states: list[State]) -> bool:
        """Whether one of some properties can be set from outside."""
        return any(s.member.kind == "property" and not s.static and self._is_settable(s.member) for s in states)

    def getter(self, state: State) -> il.Unit | None:
        """The function that reading a property runs; ``None`` where it only gives what it keeps."""
        return self._property(state, (state.name, *(f"{state.name}.{a}" for a in self.about.of("getters"))))

    def setter(self, state: State) -> il.Unit | None:
        """The function that writing a property runs; ``None`` where it only keeps what it is given."""
        return self._property(state, tuple(f"{state.name}.{a}" for a in self.about.of("setters")))

    def _property(self, state: State, names: tuple[str, ...]) -> il.Unit | None:
        if state.member.kind != "property":
            return None
        for name in names:
            for declared in self.functions(name):
                if state.member.span.contains(declared.span) and (unit := self.units[declared.span]).body.span.size:
                    return unit
        return None

    def method(
        self, home: str, name: str, arguments: int, at: Span = NOWHERE, *, above: bool = False
    ) -> Closure | None:
        """The one method that a call can run; ``None`` where there is none with a body, or several.

        ``home`` is the type that is asked: one of the file, or of another file as it is written ``at`` a place. ``above`` asks only
        those that it derives from.
        """
        for type_ in self.lineage(home):
            if not (above and type_ == home) and (fits := self.fitting(type_, name, arguments)):
                unit = fits[0] if len(fits) == 1 else None
                if unit is None or unit.body.span.size:
                    return Closure(unit, self) if unit is not None else None
                below = self.children.get(type_, ())
                if len(below) == 1 and below[0] in self.lineage(home):
                    return None  # this was asked: it has the method in another part, if at all
                if below:
                    return self.method(below[0], name, arguments) if len(below) == 1 else None
                break
        for other, type_ in self._elsewhere(home, name, at, state=False):
            fits = other.fitting(type_, name, arguments) if not (above and type_ == home) else []
            if len(fits) > 1:
                return None
            if fits and fits[0].body.span.size:
                return Closure(fits[0], other)
        return None

    def only_method(self, home: str, name: str) -> Closure | None:
        """The method of that name which functions of a type of the file see, where there is one with a body."""
        for type_ in self.lineage(home):
            fits = [self.units[d.span] for d in self.functions(name) if d.home == type_ and d.kind == "method"]
            if fits:
                return Closure(fits[0], self) if len(fits) == 1 and fits[0].body.span.size else None
        return None

    def extension(self, name: str, arguments: int, at: Span | None) -> Closure | None:
        """The one method of any type that is called on its first argument, and which such a call can run.

        Other files are asked where ``at`` says where the call stands.
        """
        fits = self._extending(name, arguments)
        beyond = self.outline.elsewhere
        if not fits and at is not None and beyond is not None and name not in self.catalogued:
            fits = [
                f for o in beyond.extensions(name, self.outline, at) for f in version(o)._extending(name, arguments)
            ]
        return fits[0] if len(fits) == 1 else None

    def _extending(self, name: str, arguments: int) -> list[Closure]:
        listed = (self.units[d.span] for d in self.functions(name))
        return [Closure(u, self) for u in listed if self.extends(u) and self.takes(u, arguments + 1)]

    def _elsewhere(self, home: str, name: str, at: Span, *, state: bool) -> tuple[tuple[Version, str], ...]:
        """The files in which a type has a member of this name, each with the type's name there, near first."""
        beyond = self.outline.elsewhere
        if beyond is None or not home:
            return ()
        own = self.places.get(home)
        key = home, name, own or at, state
        if key not in self._found:
            known = own is None and simple_type_or_array(home) in self.catalogued_types
            written = "" if own is not None else home
            found = () if known else beyond.declaring(written, name, self.outline, own or at, state=state)
            self._found[key] = tuple((version(there), type_) for there, type_ in found)
        return self._found[key]

    @cached_property
    def _found(self) -> dict[tuple[str, str, Span, bool], tuple[tuple[Version, str], ...]]:
        return {}


@kept(64)
def _version(same: Same) -> Version:
    return Version(same.outline)


def version(outline: Outline) -> Version:
    """What is asked of a file, kept while both versions are compared."""
    return _version(Same(outline))
