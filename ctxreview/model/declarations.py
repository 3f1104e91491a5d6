"""What a file declares: functions, types and the state that they have."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

from ctxreview.model.kinds import FunctionKind, MemberKind, TypeKind
from ctxreview.model.source import Span

EXTENSION: TypeKind = "extension block"
"""A type that is a part of the type around it, whose members are called on values of another type."""


class Function(NamedTuple):
    """What runs when it is called: a member with code, a local function or a lambda.

    ``opening`` goes from its start to its body, ``container`` is the name of the type that declares it.
    """

    kind: FunctionKind
    span: Span
    name: str
    opening: Span
    container: str = ""


class TypeDecl(NamedTuple):
    """The declaration of a type, or one of its parts.

    ``opening`` goes from its start to its body, ``container`` is the name of the type around it. ``qualified`` is its name with
    its namespace and the types around it, the number of its parameters after a backtick.
    """

    kind: TypeKind
    span: Span
    name: str
    opening: Span
    container: str = ""
    qualified: str = ""


class Member(NamedTuple):
    """State of a type: a field, property or event with the names it declares.

    ``kind`` is ``field``, ``property``, ``indexer`` or ``event``; ``declares`` is the declared type as written;
    ``explicit`` says that only an interface's name reaches it.
    """

    kind: MemberKind
    names: tuple[str, ...]
    span: Span
    declares: str = ""
    modifiers: tuple[str, ...] = ()
    explicit: bool = False


class Head(NamedTuple):
    """What declares a member: its whole lines without the body, as ``span`` and as ``first`` to ``last`` (1-based, inclusive).

    ``state`` is the member where it is not a function.
    """

    span: Span
    first: int
    last: int
    state: Member | None = None


Decl = TypeVar("Decl", Function, TypeDecl)


class Nesting(Generic[Decl]):
    """Functions or types, which nest, indexed by where they start: what holds a place is found in logarithmic time."""

    def __init__(self, scopes: tuple[Decl, ...]) -> None:
        """``scopes`` in source order, outer before inner."""
        self.scopes: tuple[Decl, ...] = scopes
        self._starts = [s.span.start for s in scopes]
        self._parents: list[int] = []
        open_: list[int] = []
        for i, scope in enumerate(scopes):
            while open_ and scopes[open_[-1]].span.end <= scope.span.start:
                open_.pop()
            self._parents.append(open_[-1] if open_ else -1)
            open_.append(i)

    def innermost(self, span: Span) -> Decl | None:
        """The innermost one that holds ``span``."""
        at = bisect_right(self._starts, span.start) - 1
        while at >= 0 and not self.scopes[at].span.contains(span):
            at = self._parents[at]
        return self.scopes[at] if at >= 0 else None

    def outermost(self, span: Span) -> Decl | None:
        """The outermost one that holds ``span``."""
        at = bisect_right(self._starts, span.start) - 1
        found = None
        while at >= 0:
            found = self.scopes[at] if self.scopes[at].span.contains(span) else found
            at = self._parents[at]
        return found

    def around(self, span: Span) -> list[Decl]:
        """Those that hold ``span``, which is not empty, innermost first."""
        at = bisect_right(self._starts, span.start) - 1
        found = []
        while at >= 0:
            if self.scopes[at].span.contains(span):
                found.append(self.scopes[at])
            at = self._parents[at]
        return found

    def name_around(self, span: Span) -> str:
        """The name of the innermost one that holds ``span``; ``""`` where none does."""
        around = self.innermost(span)
        return around.name if around is not None else ""


def outermost(functions: Iterable[Function]) -> list[Function]:
    """The functions that are not inside another of them."""
    found: list[Function] = []
    for function in sorted(functions, key=lambda f: (f.span.start, -f.span.end)):
        if not found or not found[-1].span.contains(function.span):
            found.append(function)
    return found
