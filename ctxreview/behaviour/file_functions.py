"""The functions of a file as data, and which of them a call may run by its name and number of arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from ctxreview.behaviour.file_types import FileTypes
from ctxreview.behaviour.units import Units, units
from ctxreview.kept import kept
from ctxreview.model import il
from ctxreview.model.source import Span
from ctxreview.regex import regex

WORD = regex(r"[A-Za-z_]\w*")
"""A name, a keyword or a word in a comment."""
_NEVER_CALLED = ("initialiser", "constructor", "finalizer", "lambda")
"""Functions that no call names."""


class FileFunctions(FileTypes):
    """A file as its functions say."""

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

    def functions(self, name: str) -> Iterator[il.Declared]:
        """The functions of a name that a call may run."""
        return (d for d in self.units.named(name) if d.kind not in _NEVER_CALLED)

    def fitting(self, home: str, name: str, arguments: int) -> list[il.Unit]:
        """The methods of a type of the file that a call of so many arguments may run."""
        key = home, name, arguments
        if key not in self._fits:
            self._fits[key] = self._fitted(home, name, arguments)
        return self._fits[key]

    @cached_property
    def _fits(self) -> dict[tuple[str, str, int], list[il.Unit]]:
        return {}

    def _fitted(self, home: str, name: str, arguments: int) -> list[il.Unit]:
        listed = [self.units[d.span] for d in self.functions(name) if d.home == home and d.kind == "method"]
        fits = [u for u in listed if self.takes(u, arguments)]
        exact = [u for u in fits if len(u.parameters) == arguments]
        return exact if len(fits) > 1 and exact else fits

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

    def takes(self, unit: il.Unit, arguments: int) -> bool:
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


_units = kept(64)(units)  # a file of which there is one outline in each version of a repository is lowered once
