"""Which functions of a file have to do with some names: told by their text, so that nothing else is read or traced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ctxreview.behaviour.effects import Hold
from ctxreview.behaviour.file_functions import WORD
from ctxreview.behaviour.version import Version
from ctxreview.model import il
from ctxreview.model.declarations import Function, Member
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span
from ctxreview.outline.symbols.signatures import signature
from ctxreview.outline.symbols.written_names import simple_type_or_array

MOST_READ = 80
"""Functions of a file that are read for what its locks protect: those that take them first."""
DEEPEST = 3
"""Calls from a function that takes a lock to one that is read for what it does, and from there to who calls it too."""


class Users:
    """The functions of a file by the words in their text; ``left_out`` are those beyond :data:`MOST_READ` that name what is asked for."""

    def __init__(self, of: Version) -> None:
        self.version = of
        self.outline: Outline = of.outline
        self.left_out: list[Function] = []

    def beyond(self, left_out: Iterable[Function]) -> Users:
        """The same, where more functions were left out before."""
        self.left_out += left_out
        return self

    def naming(self, names: Iterable[str]) -> list[Function]:
        """The functions whose text has one of the names."""
        wanted = frozenset(names)
        words = self.version.words
        return [f for f in self.outline.outermost if not wanted.isdisjoint(words[f.span])]

    def around(self, locks: frozenset[str]) -> tuple[Function, ...]:
        """Those that name a lock, what they call, who else names state that these do, and who calls those of them that are closed."""
        words = self.version.words
        methods = frozenset(self.outline.methods)
        found = dict.fromkeys(self.naming(locks))
        waiting = list(found)
        for _ in range(DEEPEST):
            called = methods & frozenset().union(*(words[f.span] for f in waiting))
            waiting = [f for f in self.outline.outermost if f.name in called and f not in found]
            found.update(dict.fromkeys(waiting))
        named = frozenset().union(*(words[f.span] for f in found)) & self._changing()
        found.update(dict.fromkeys(self.naming(named)))
        found.update(dict.fromkeys(self.callers(found)))
        every = list(found)
        self.left_out = every[MOST_READ:]
        return tuple(every[:MOST_READ])

    def callers(self, functions: Iterable[Function]) -> Iterator[Function]:
        """Who names those of the functions that only the file can call, and who names these where that is so for them too."""
        known = set(functions)
        waiting = [f for f in known if self.is_closed(f)]
        for _ in range(DEEPEST):
            new = [f for f in self.naming(f.name.partition(".")[0] for f in waiting) if f not in known]
            yield from new
            known.update(new)
            waiting = [f for f in new if self.is_closed(f)]

    def is_closed(self, function: Function) -> bool:
        """Whether only its own type can call a method, or use a property whose accessor it is."""
        type_ = self.outline.type_of(function.span)
        if function.kind not in ("method", "property", "accessor") or type_ is None or type_.kind == "interface":
            return False
        open_ = self.version.language.words.reached
        if function.kind == "method":
            head = self.outline.source.text(Span(function.span.start, function.opening.end))
            said = signature(head, function.name, self.version.language)
            return not said.interface and said.modifiers.isdisjoint(open_)
        members = (m for m in self.outline.members if m.span.contains(function.span))
        return all(not m.explicit and open_.isdisjoint(m.modifiers) for m in members)

    def is_named_elsewhere(self, function: Function) -> bool:
        """Whether another function, or what state starts with, names it."""
        name = function.name.partition(".")[0]
        fields = (self.outline.source.text(m.span) for m in self.outline.members if not m.span.contains(function.span))
        return any(f.span != function.span for f in self.naming((name,))) or any(
            name in WORD.findall(t) for t in fields
        )

    def by_reference(self, state: str) -> Iterator[Span]:
        """Where state of that name is given by reference, so that what is called may write it."""
        for function in self.naming((state,)):
            unit = self.version.units.get(function.span)
            for node in il.walk(unit) if unit is not None else ():
                if (
                    isinstance(node, il.Argument)
                    and node.mode in ("reference", "result")
                    and _is_state(node.value, state)
                ):
                    yield node.span

    def of_others(self, state: str) -> Iterator[il.Access]:
        """Where code says of which object it means state of that name, and it is not the one whose function runs."""
        for function in self.naming((state,)):
            unit = self.version.units.get(function.span)
            for node in il.walk(unit) if unit is not None else ():
                if isinstance(node, il.Access) and node.name == state and not _is_own(node.of):
                    yield node

    def is_handed_out(self, state: str) -> bool:
        """Whether the object that state of that name refers to is returned, or given to what may keep it."""
        known, language = self.version.about, self.version.language
        takes = language.named("acquires") | language.named("releases")
        for function in self.naming((state,)):
            unit = self.version.units.get(function.span)
            for node in il.walk(unit) if unit is not None else ():
                given: list[il.Value] = []
                if isinstance(node, il.Exit) and node.kind == "return" and node.value is not None:
                    given = [node.value]
                elif isinstance(node, il.Create) and simple_type_or_array(node.type) not in known.of("collections"):
                    given = [a.value for a in (*node.arguments, *node.members)]
                elif isinstance(node, il.Call) and not known.has("pure", node.callee) and node.callee not in takes:
                    given = [a.value for a in node.arguments if not a.mode]
                if any(_is_state(value, state) for value in given):
                    return True
        return False

    def _changing(self) -> frozenset[str]:
        """The names of state that can change."""
        return frozenset(name for m in self.outline.members if self._can_change(m) for name in m.names)

    def _can_change(self, member: Member) -> bool:
        fixed = not self.version.language.words.fixed.isdisjoint(member.modifiers)
        kind = simple_type_or_array(member.declares)
        return (
            not fixed
            or kind in self.version.about.of("collections")
            or kind == "[]"
            or self.version.is_concurrent(kind)
        )


def lock_words(of: Version, lock: Hold) -> frozenset[str]:
    """The names by which code reaches what a hold locks: those that the file declares, or else all."""
    named = frozenset(WORD.findall(f"{lock.name} {lock.region.resource}"))
    known = frozenset(name for m in of.outline.members for name in m.names)
    return named & known or named


def _is_own(of: il.Value) -> bool:
    """Whether members of a value are those of the object whose function runs, or of a type."""
    return isinstance(of, il.Self) or (isinstance(of, il.Name) and of.binding == "type")


def _is_state(value: il.Value, state: str) -> bool:
    """Whether a value is what state of that name refers to, not a part of it."""
    if isinstance(value, il.Access):
        return value.name == state and isinstance(value.of, il.Self)
    return isinstance(value, il.Name) and value.text == state and value.declared is None
