"""One version of a file as the analyses ask about it: its functions as data, its state, and which function a call runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import NamedTuple

from ctxreview.behaviour.body import Same
from ctxreview.behaviour.file_types import FileTypes
from ctxreview.behaviour.units import Units, units
from ctxreview.model import il
from ctxreview.model.declarations import Member, Nesting, TypeDecl
from ctxreview.model.facts import Fact
from ctxreview.model.notation import without_self
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Crossing, Region
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array

WORD = re.compile(r"[A-Za-z_]\w*")
"""A name, a keyword or a word in a comment."""
_NEVER_CALLED = ("initialiser", "constructor", "finalizer", "lambda")
"""Functions that no call names."""
NOWHERE = Span(0, 0)
"""A place in no type: what is written there may be any type of the name."""


class Closure(NamedTuple):
    """A function, in the version whose file has it."""

    unit: il.Unit
    version: Version


class Ending(NamedTuple):
    """Where a region is committed, or else released."""

    span: Span
    region: Region
    commits: bool


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


class Version(FileTypes):
    """A file before or after an edit. All that is asked of it is made once."""

    @cached_property
    def units(self) -> Units:
        """The functions of the file as far as the outline has read them, and what its fields start with."""
        outline = self.outline
        if not outline.unread:
            return _units(outline.source)
        places = (*(f.span for f in outline.outermost), *(m.span for m in outline.members))
        return units(outline.source, None, tuple(sorted(filter(outline.has_read, places))))

    @cached_property
    def words(self) -> Mapping[Span, frozenset[str]]:
        """The words of each member, by its place; also of those that were not read."""
        text = self.outline.source.text
        return {f.span: frozenset(WORD.findall(text(f.span))) for f in self.outline.outermost}

    def initialiser(self, home: str, name: str) -> il.Unit | None:
        """What some state of a type starts with; ``None`` where nothing says."""
        found = [d for d in self.units.named(name) if d.kind == "initialiser" and d.home == home]
        return self.units[found[-1].span] if found else None

    def _functions(self, name: str) -> Iterator[il.Declared]:
        """The functions of a name that a call may run."""
        return (d for d in self.units.named(name) if d.kind not in _NEVER_CALLED)

    @cached_property
    def facts(self) -> Mapping[Span, tuple[Fact, ...]]:
        """What the outline knows of calls and accesses, by their spans."""
        found: dict[Span, tuple[Fact, ...]] = {}
        for fact in self.outline.facts:
            found[fact.span] = (*found.get(fact.span, ()), fact)
        return found

    @cached_property
    def crossings(self) -> Mapping[Span, Crossing[Region]]:
        """The regions of each function, to be asked for those around a place."""
        return {owner: Crossing(regions) for owner, regions in self.regions.items()}

    @cached_property
    def openings(self) -> Mapping[Span, Crossing[Region]]:
        """The regions of each function, to be asked for those that open around a place."""
        return {owner: Crossing(regions, attrgetter("opening")) for owner, regions in self.regions.items()}

    @cached_property
    def endings(self) -> Mapping[Span, Crossing[Ending]]:
        """The places of each function at which a region ends."""
        found: dict[Span, list[Ending]] = {}
        for region in self.outline.regions:
            ends = [Ending(c, region, commits=True) for c in region.completes_at]
            if region.form == "acquire-release" and region.closing.size:
                ends.append(Ending(region.closing, region, commits=False))
            found.setdefault(region.owner, []).extend(ends)
        return {owner: Crossing(ends) for owner, ends in found.items()}

    @cached_property
    def regions(self) -> Mapping[Span, tuple[Region, ...]]:
        """The transactions and locks by the span of the function that runs under them."""
        found: dict[Span, tuple[Region, ...]] = {}
        for region in self.outline.regions:
            found[region.owner] = (*found.get(region.owner, ()), region)
        return found

    # Types and state.

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
                    member.declares,
                    member,
                    static=bool(words & (about.shared | about.constants)),
                    fixed=bool(words & about.fixed),
                    volatile=bool(words & about.volatile),
                    changes=not words & about.constants and (bool(open_) or changed.get(name, False)),
                )
        return found

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
                and own.get(t.name)
                and not self._sets(own[t.name])
            )
        )

    def _sets(self, states: list[State]) -> bool:
        """Whether one of some properties can be set from outside."""
        return any(s.member.kind == "property" and not s.static and self._is_settable(s.member) for s in states)

    # Functions.

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
            for declared in self._functions(name):
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
            if not (above and type_ == home) and (fits := self._fitting(type_, name, arguments)):
                unit = fits[0] if len(fits) == 1 else None
                if unit is None or unit.body.span.size:
                    return Closure(unit, self) if unit is not None else None
                below = self.children.get(type_, ())
                if below:
                    return self.method(below[0], name, arguments) if len(below) == 1 else None
                break
        for other, type_ in self._elsewhere(home, name, at, state=False):
            fits = other._fitting(type_, name, arguments) if not (above and type_ == home) else []
            if len(fits) > 1:
                return None
            if fits and fits[0].body.span.size:
                return Closure(fits[0], other)
        return None

    def only_method(self, home: str, name: str) -> Closure | None:
        """The method of that name which functions of a type of the file see, where there is one with a body."""
        for type_ in self.lineage(home):
            fits = [self.units[d.span] for d in self._functions(name) if d.home == type_ and d.kind == "method"]
            if fits:
                return Closure(fits[0], self) if len(fits) == 1 and fits[0].body.span.size else None
        return None

    def _fitting(self, home: str, name: str, arguments: int) -> list[il.Unit]:
        """The methods of a type of the file that a call of so many arguments may run."""
        key = home, name, arguments
        if key not in self._fits:
            self._fits[key] = self._fitted(home, name, arguments)
        return self._fits[key]

    @cached_property
    def _fits(self) -> dict[tuple[str, str, int], list[il.Unit]]:
        return {}

    def _fitted(self, home: str, name: str, arguments: int) -> list[il.Unit]:
        listed = [self.units[d.span] for d in self._functions(name) if d.home == home and d.kind == "method"]
        fits = [u for u in listed if self._takes(u, arguments)]
        exact = [u for u in fits if len(u.parameters) == arguments]
        return exact if len(fits) > 1 and exact else fits

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
        listed = (self.units[d.span] for d in self._functions(name))
        return [Closure(u, self) for u in listed if self.extends(u) and self._takes(u, arguments + 1)]

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

    def is_iterator(self, unit: il.Unit) -> bool:
        """Whether a function gives a sequence and runs as that is walked."""
        if unit.span not in self._iterators:
            self._iterators[unit.span] = any(isinstance(n, il.Yield) for n in il.walk(unit, into=False))
        return self._iterators[unit.span]

    @cached_property
    def _iterators(self) -> dict[Span, bool]:
        return {}

    def extends(self, unit: il.Unit) -> bool:
        """Whether a function is called on its first argument."""
        return bool(unit.parameters) and not self.language.words.receiving.isdisjoint(unit.parameters[0].mode.split())

    def _takes(self, unit: il.Unit, arguments: int) -> bool:
        """Whether a function can be given so many arguments."""
        many = self.language.words.collecting
        lists = [p for p in unit.parameters if not many.isdisjoint(p.mode.split())]
        needed = sum(p.default is None and p not in lists for p in unit.parameters)
        return needed <= arguments <= (1 << 30 if lists else len(unit.parameters))

    def local(self, unit: il.Unit, name: il.Name) -> il.Unit | None:
        """The local function of a unit of the file that a name stands for."""
        if unit.span not in self._locals:
            self._locals[unit.span] = [at for at in il.walk(unit) if isinstance(at, il.Define)]
        declared = name.declared
        of = (d for d in self._locals[unit.span] if d.unit.name == name.text)
        return next((d.unit for d in of if declared is not None and d.span.contains(declared)), None)

    @cached_property
    def _locals(self) -> dict[Span, list[il.Define]]:
        return {}

    def home_of(self, unit: il.Unit) -> str:
        """The type around a unit."""
        return unit.home or self.nesting.name_around(unit.span)


_units = lru_cache(maxsize=64)(
    units
)  # a file of which there is one outline in each version of a repository is lowered once


@lru_cache(maxsize=64)
def _version(same: Same) -> Version:
    return Version(same.outline)


def version(outline: Outline) -> Version:
    """What is asked of a file, kept while both versions are compared."""
    return _version(Same(outline))
