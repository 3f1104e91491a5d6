"""What is in one file: functions, types, the regions that hold a transaction or lock, facts, references."""

from bisect import bisect_left, bisect_right
from collections.abc import KeysView, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol, TypeVar

from ctxreview.model.declarations import Function, Head, Member, Nesting, TypeDecl, outermost
from ctxreview.model.facts import Fact, Reference
from ctxreview.model.regions import NO_WRAPPERS, Crossing, Region, Wrappers
from ctxreview.model.source import Source, Span, contains_any


class Parse(NamedTuple):
    """How well the file parsed. ``normalised`` names the rewrites; ``errors`` are the broken spans.

    ``inactive`` are whole lines that were left out because another ``#if`` branch was taken.
    """

    clean: bool
    normalised: tuple[str, ...] = ()
    errors: tuple[Span, ...] = ()
    inactive: tuple[Span, ...] = ()


Place = TypeVar("Place", Function, TypeDecl, Region, Fact)


def _holding(span: Span, places: Sequence[Place]) -> list[Place]:
    return [p for p in places if p.span.contains(span)]


def _inner_first(places: Sequence[Place]) -> tuple[Place, ...]:
    """Places around one span; of those with the same span, as they were."""
    return tuple(sorted(places, key=lambda p: (p.span.size, -p.span.start)))


def contained_in(span: Span, places: Sequence[Place]) -> list[Place]:
    """Those that ``span`` holds, of some scopes or facts in source order."""
    first, last = (bisect_left(places, at, key=lambda p: p.span.start) for at in span)
    return [p for p in places[first:last] if p.span.end <= span.end]


class Elsewhere(Protocol):
    """What the other files of a repository declare, in one version of it: looked for when it is asked for.

    The outlines that it gives are of whole files and ask the same one in their turn. Each file has one outline.
    """

    def declaring(
        self, written: str, name: str, around: "Outline", at: Span, *, state: bool
    ) -> "tuple[tuple[Outline, str], ...]":
        """Where a type that is ``written`` at a place has ``state`` or a method of this name: each file with the type's name there, near first.

        Parts of the type come before those that it derives from; of a member without a body, what implements it follows. An empty
        ``written`` means the type around the place.
        """
        ...

    def extensions(self, name: str, around: "Outline", at: Span) -> "tuple[Outline, ...]":
        """The files that have a method of this name which is called on its first argument; ``at`` is where it is called."""
        ...

    def users(self, home: str, name: str, around: "Outline", *, reached: bool) -> "tuple[Outline, ...]":
        """The other files that may use the state of this name of a type: its parts, and where it is ``reached`` from outside the rest too."""
        ...

    def relatives(self, home: str, name: str, around: "Outline", *, family: bool) -> "tuple[Outline, ...] | None":
        """The other files with the name in parts of a type, with ``family`` also in types that it derives from or that derive from it.

        ``None`` where a class that it may derive from would count and is not in the repository, or more files have the name than are read.
        """
        ...

    def naming(self, home: str, name: str, around: "Outline") -> "tuple[Outline, ...]":
        """The first other files that have the name of a type and that of a member of it."""
        ...

    def file(self, path: str) -> "Outline | None":
        """The outline of one file of the repository; ``None`` where it cannot be read, or too much was."""
        ...

    def changed_beside(self, path: str) -> frozenset[str]:
        """The names of functions that the edit changes in other files than this one, or by what they call there."""
        ...


@dataclass(frozen=True)
class Outline:
    """What is in one file: functions, types, scopes and facts, each in source order.

    ``unread`` are the bodies of functions of which only the head was read, and ``references`` the uses of the names
    that were asked for, in source order; ``returned`` are scopes that a function opens and returns open. ``elsewhere`` is asked what
    other files declare; without it the file is examined on its own.
    """

    source: Source
    language: str
    functions: tuple[Function, ...]
    types: tuple[TypeDecl, ...]
    regions: tuple[Region, ...]
    members: tuple[Member, ...]
    facts: tuple[Fact, ...]
    comments: tuple[Span, ...]
    parse: Parse
    wrappers: Wrappers = NO_WRAPPERS
    unread: tuple[Span, ...] = ()
    references: tuple[Reference, ...] = ()
    returned: tuple[Region, ...] = ()
    elsewhere: Elsewhere | None = field(default=None, compare=False, repr=False)

    def has_read(self, span: Span) -> bool:
        """Whether all of ``span`` was read, with no body in it left out."""
        return not contains_any(span, self.unread)

    @cached_property
    def outermost(self) -> tuple[Function, ...]:
        """The functions that are not inside another one: members, and lambdas that a field holds."""
        return tuple(outermost(self.functions))

    @cached_property
    def methods(self) -> KeysView[str]:
        """The names of methods and operators, each once, in the order of their first."""
        return dict.fromkeys(f.name for f in self.functions if f.kind in ("method", "operator")).keys()

    def outermost_in(self, home: Span) -> Sequence[Function]:
        """The :attr:`outermost` functions of the type at ``home`` and of the types in it."""
        if home not in self._outermost:  # the same for every selection in the type
            self._outermost[home] = contained_in(home, self.outermost)
        return self._outermost[home]

    @cached_property
    def _outermost(self) -> dict[Span, Sequence[Function]]:
        return {}

    def functions_of(self, home: Span) -> Sequence[Function]:
        """The :attr:`outermost` functions of the type at ``home``, none of the types in it."""
        if home not in self._own:  # the same for every overload and every call of it
            around = ((f, self._types.innermost(f.span)) for f in self.outermost_in(home))
            self._own[home] = [f for f, type_ in around if type_ is not None and type_.span == home]
        return self._own[home]

    @cached_property
    def _own(self) -> dict[Span, Sequence[Function]]:
        return {}

    def heads(self, home: Span) -> tuple[Head, ...]:
        """What declares the members of the type at ``home``, the types in it and their members, in source order."""
        found = self._heads.get(home)
        if found is None:
            named = (f for f in self.outermost_in(home) if f.kind not in ("accessor", "lambda"))
            every = [self._head(f.opening if f.opening.end < f.span.end else f.span, None) for f in named]
            every += [self._head(self.declaration(m), m) for m in self.members if home.contains(m.span)]
            every += [self._head(t.opening, None) for t in self.types if home.contains(t.span) and t.span != home]
            found = tuple(sorted(every, key=lambda h: h.span))
            self._heads[home] = found
        return found

    @cached_property
    def _heads(self) -> dict[Span, tuple[Head, ...]]:
        return {}

    def _head(self, head: Span, member: Member | None) -> Head:
        text = self.source.data[head.start : head.end].rstrip()
        lines = self.source.lines_of(Span(head.start, max(head.start + 1, head.start + len(text))))
        return Head(self.source.line_span(*lines), *lines, member)

    def declaration(self, member: Member) -> Span:
        """A field whole; a property up to its accessors' bodies."""
        inside = contained_in(member.span, self.functions) if member.kind != "field" else ()
        bodies = [f.opening.end for f in inside if f.opening.end < f.span.end]
        return Span(member.span.start, min(bodies)) if bodies else member.span

    def named(self, name: str) -> Sequence[Member]:
        """The :attr:`members` that declare the name, in source order."""
        return self._named.get(name, ())

    @cached_property
    def _named(self) -> dict[str, list[Member]]:
        found: dict[str, list[Member]] = {}
        for member in self.members:
            for name in dict.fromkeys(member.names):
                found.setdefault(name, []).append(member)
        return found

    def holding(self, span: Span) -> list[Region]:
        """The :attr:`regions` that hold ``span``, in source order."""
        return self._holds.around(span)

    @cached_property
    def _holds(self) -> Crossing[Region]:
        return Crossing(self.regions)

    def opened_in(self, span: Span) -> list[Region]:
        """The :attr:`regions` whose opening is in ``span``, in source order: a large file is asked for each of its functions."""
        openings, order = self._openings
        first = bisect_left(openings, span.start)
        last = bisect_right(openings, span.end)
        return [s for i in sorted(order[first:last]) if span.contains((s := self.regions[i]).opening)]

    @cached_property
    def _openings(self) -> tuple[list[int], list[int]]:
        order = sorted(range(len(self.regions)), key=lambda i: self.regions[i].opening.start)
        return [self.regions[i].opening.start for i in order], order

    def functions_around(self, span: Span) -> tuple[Function, ...]:
        """The functions that hold ``span``, innermost first."""
        return _inner_first(self._functions.around(span)[::-1] if span.size else _holding(span, self.functions))

    def types_around(self, span: Span) -> tuple[TypeDecl, ...]:
        """The types that hold ``span``, innermost first."""
        return _inner_first(self._types.around(span)[::-1] if span.size else _holding(span, self.types))

    def function_of(self, span: Span) -> Function | None:
        """The innermost function that holds ``span``."""
        return next(iter(self.functions_around(span)), None)

    def type_of(self, span: Span) -> TypeDecl | None:
        """The innermost type that holds ``span``."""
        return self._types.innermost(span) if span.size else next(iter(self.types_around(span)), None)

    @cached_property
    def _functions(self) -> Nesting[Function]:
        return Nesting(self.functions)

    @cached_property
    def _types(self) -> Nesting[TypeDecl]:
        return Nesting(self.types)

    def under(self, span: Span, scope: Region) -> bool:
        """Whether what is done at ``span`` happens under the scope: inside it, and in the function that holds it."""
        function = self.function_of(span)
        within = scope.span.contains(span) and not any(g.contains(span) for g in scope.excluded)
        return within and (function is None or function.span == scope.owner)

    def runs_under(self, span: Span, scope: Region) -> bool:
        """Whether the code at ``span`` runs under the scope: inside it, and not in a function that only is there.

        Lambdas that an executor runs at once (``form`` ``callback``) do run where they are.
        """
        if not scope.span.contains(span):
            return False
        chain = self.functions_around(span)
        for function in chain:
            if function.span == scope.owner or (function is chain[-1] and scope.owner.contains(function.span)):
                return True
            if function.span not in self.immediate:
                return False
        return True

    @cached_property
    def immediate(self) -> frozenset[Span]:
        """The lambdas that an executor runs where they are."""
        return frozenset(s.span for s in self.regions if s.form == "callback")

    def member_of(self, span: Span) -> Function | None:
        """The outermost function that holds ``span``."""
        return self._functions.outermost(span)
