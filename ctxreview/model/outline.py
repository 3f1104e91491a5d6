"""What is in one file: functions, types, the scopes that hold a transaction or lock, facts, references."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Literal, NamedTuple, TypeVar

from ctxreview.model.kinds import Certainty, ScopeKind
from ctxreview.model.source import Source, Span, contains_any


class Wrapper(NamedTuple):
    """A method of the repository that opens a scope and returns it, or else runs a delegate under one.

    Without a ``kind`` its body was read and does neither. ``construct`` names what is opened in the end, with its ``mode``,
    ``isolation``, ``async_flow`` and the calls that complete it; ``through`` are the functions that open it, each with its path
    and span, the called one first.
    """

    name: str
    kind: ScopeKind | None
    note: str
    opens: bool
    mode: str = ""
    construct: str = ""
    isolation: str | None = None
    async_flow: bool | None = None
    completes: tuple[str, ...] = ()
    through: tuple[tuple[str, Span], ...] = ()


class Wrappers(NamedTuple):
    """A project's own names for what takes a lock or opens a transaction, such as ``_gate.HoldAsync``.

    ``lock`` and ``transaction`` are named in its settings, ``found`` are methods that were read, and ``calls`` the places in
    one file that are surely their calls: the byte offset of the called name, and the index in ``found``. Without ``calls`` each
    call of their names is taken for theirs, as in a text that was changed since.
    """

    lock: tuple[str, ...] = ()
    transaction: tuple[str, ...] = ()
    found: tuple[Wrapper, ...] = ()
    calls: tuple[tuple[int, int], ...] = ()


NO_WRAPPERS = Wrappers()
NO_SCOPE = ("suppressed", "retried")
"""Modes in which nothing is held: a suppressed transaction, and a delegate that is only run again."""
EXTENSION = "extension block"
"""The word for a type scope that is a part of the type around it, whose members are called on values of another type."""


class Scope(NamedTuple):
    """A function, a type, or a stretch of code that holds a transaction or a lock.

    ``construct`` is what opens it (``TransactionScope``, ``lock``, ``SemaphoreSlim``; for functions
    and types the field's word: ``method``, ``constructor``, ``lambda``, ``class``). ``opening`` is the
    part that opens it, ``closing`` the part that ends it (empty where the end of a block does).
    ``excluded`` are parts of the span that do not run under it: the branch in which it was not acquired, and what
    follows its completion. ``owner`` is the span of the function that runs under the scope. ``completes_at`` are the calls that
    commit; ``exits`` the ways out that stand before them.
    ``isolation`` ends with ``(default)`` where the source does not name one. ``path`` and ``via`` are those of a scope
    that a caller holds: its file, and the calls from there. ``qualified`` is a type's name with its namespace and
    the types around it, the number of its parameters after a backtick. ``unreleased`` says that its function never
    ends it.
    """

    kind: ScopeKind
    span: Span
    name: str
    construct: str
    form: str = ""
    opening: Span = Span(0, 0)
    closing: Span = Span(0, 0)
    container: str = ""
    resource: str = ""
    mode: str = ""
    isolation: str | None = None
    async_flow: bool | None = None
    completes_at: tuple[Span, ...] = ()
    exits: tuple[Span, ...] = ()
    excluded: tuple[Span, ...] = ()
    owner: Span = Span(0, 0)
    certainty: Certainty = "syntactic"
    note: str = ""
    intent: Span | None = None
    path: str = ""
    via: tuple[str, ...] = ()
    qualified: str = ""
    unreleased: bool = False

    def opens_in(self, span: Span) -> bool:
        """Whether ``span`` is a part of what opens the scope, and so runs before it is held."""
        return self.form in ("block", "declaration", "acquire-release") and self.opening.contains(span)


class Nesting:
    """Scopes of one kind that nest, indexed by where they start: what holds a place is found in logarithmic time."""

    def __init__(self, scopes: tuple[Scope, ...]) -> None:
        """``scopes`` in source order, outer before inner."""
        self.scopes = scopes
        self._starts = [s.span.start for s in scopes]
        self._parents: list[int] = []
        open_: list[int] = []
        for i, scope in enumerate(scopes):
            while open_ and scopes[open_[-1]].span.end <= scope.span.start:
                open_.pop()
            self._parents.append(open_[-1] if open_ else -1)
            open_.append(i)

    def innermost(self, span: Span) -> Scope | None:
        """The innermost one that holds ``span``."""
        at = bisect_right(self._starts, span.start) - 1
        while at >= 0 and not self.scopes[at].span.contains(span):
            at = self._parents[at]
        return self.scopes[at] if at >= 0 else None

    def outermost(self, span: Span) -> Scope | None:
        """The outermost one that holds ``span``."""
        at = bisect_right(self._starts, span.start) - 1
        found = None
        while at >= 0:
            found = self.scopes[at] if self.scopes[at].span.contains(span) else found
            at = self._parents[at]
        return found

    def around(self, span: Span) -> list[Scope]:
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


class Crossing:
    """Scopes that may cross each other, as a pair of calls may cross a block.

    They are indexed by where they start and how far any before reaches: what ended long before is not looked at.
    """

    def __init__(self, scopes: Iterable[Scope]) -> None:
        self._given = tuple(scopes)
        self._order = sorted(range(len(self._given)), key=lambda i: self._given[i].span.start)
        self._starts = [self._given[i].span.start for i in self._order]
        self._furthest = list(accumulate((self._given[i].span.end for i in self._order), max))

    def around(self, span: Span) -> list[Scope]:
        """Those that hold ``span``, in the order given."""
        return [self._given[i] for i in sorted(self._holding(span))]

    def near(self, span: Span) -> Iterator[Scope]:
        """Those that hold ``span``, the last to start first: who asks for few of them does not wait for all."""
        return (self._given[i] for i in self._holding(span))

    def _holding(self, span: Span) -> Iterator[int]:
        at = bisect_right(self._starts, span.start) - 1
        while at >= 0 and self._furthest[at] >= span.end:
            if self._given[self._order[at]].span.end >= span.end:
                yield self._order[at]
            at -= 1


class Fact(NamedTuple):
    """Something the code does at ``span``; it belongs to its innermost function.

    ``kind`` is one of ``read``, ``write``, ``save``, ``await``, ``exit``, ``io``, ``spawn``,
    ``tracking``, ``fence``, ``sql-hint``, ``complete``. ``name`` is the called, read or written name,
    ``target`` the receiver it concerns (``""`` where there is none; of an ``Interlocked`` call the variable),
    ``detail`` the variable that gets a call's value, or the words of a ``sql-hint`` that were recognised. Of state
    that the file declares, ``detail`` says what it is, always in two or more words: ``instance field``,
    ``static volatile field``, ``readonly property``, ``instance event``; ``instance backing field`` and ``static backing
    field`` are what the property of that name keeps; of an enclosing function's variable, ``captured``.
    """

    kind: str
    span: Span
    name: str
    target: str = ""
    detail: str = ""

    @property
    def is_state(self) -> bool:
        """Whether it reads or writes state that the file declares, and no result of a query."""
        return self.kind in ("read", "write") and self.detail.endswith((" field", " property", " event", " parameter"))

    @property
    def spelled(self) -> str:
        """The name as the code has it: what a property keeps is ``field`` there."""
        return "field" if self.detail.endswith(" backing field") else self.name


class Argument(NamedTuple):
    """One argument of a call: the name it is given by, ``ref``, ``out`` or ``in``, and what it shows of its type.

    ``shape`` is a literal's kind (``string``, ``number``, ``real``, ``bool``, ``char``, ``null``), ``lambda``,
    ``type:X`` for a value of the declared type ``X``, or ``""`` where the file does not tell.
    """

    name: str
    passed: str
    shape: str


class Reference(NamedTuple):
    """A use of a name that was asked for; ``name_span`` is the name, ``span`` the call, creation or access it is a part of.

    ``receiver`` is the text before the dot, ``type`` its type as written where the file tells it; a receiver that
    the file does not declare and that looks like a type's name is its own type. ``root`` is the type of the first name
    of a dotted receiver, ``generic`` the number of type arguments. ``local`` says that the name is a
    local variable or parameter, ``escapes`` that it is an argument or is kept by name alone. ``run_under`` is the scope under which an executor runs a method that it is handed.
    """

    name: str
    form: Literal["call", "new", "name", "type", "attribute"]
    span: Span
    name_span: Span
    receiver: str = ""
    type: str = ""
    root: str = ""
    generic: int = 0
    arguments: tuple[Argument, ...] = ()
    local: bool = False
    writes: bool = False
    escapes: bool = False
    run_under: Scope | None = None


class Member(NamedTuple):
    """State of a type: a field, property or event with the names it declares.

    ``kind`` is ``field``, ``property``, ``indexer`` or ``event``; ``declares`` is the declared type as written;
    ``explicit`` says that only an interface's name reaches it.
    """

    kind: str
    names: tuple[str, ...]
    span: Span
    declares: str = ""
    modifiers: tuple[str, ...] = ()
    explicit: bool = False


class Parse(NamedTuple):
    """How well the file parsed. ``normalised`` names the mends; ``errors`` are the broken spans.

    ``inactive`` are whole lines that were left out because another ``#if`` branch was taken.
    """

    clean: bool
    normalised: tuple[str, ...] = ()
    errors: tuple[Span, ...] = ()
    inactive: tuple[Span, ...] = ()


class Head(NamedTuple):
    """What declares a member: its whole lines without the body, as ``span`` and as ``first`` to ``last`` (1-based, inclusive).

    ``state`` is the member where it is no function.
    """

    span: Span
    first: int
    last: int
    state: Member | None = None


Place = TypeVar("Place", Scope, Fact)


def contained_in(span: Span, places: Sequence[Place]) -> list[Place]:
    """Those that ``span`` holds, of some scopes or facts in source order."""
    first, last = (bisect_left(places, at, key=lambda p: p.span.start) for at in span)
    return [p for p in places[first:last] if p.span.end <= span.end]


def outermost(functions: Iterable[Scope]) -> list[Scope]:
    """The functions that stand in no other of them."""
    found: list[Scope] = []
    for function in sorted(functions, key=lambda f: (f.span.start, -f.span.end)):
        if not found or not found[-1].span.contains(function.span):
            found.append(function)
    return found


@dataclass(frozen=True)
class Outline:
    """What is in one file: functions, types, scopes and facts, each in source order.

    ``unread`` are the bodies of functions of which only the head was read, and ``references`` the uses of the names
    that were asked for, in source order; ``returned`` are scopes that a function opens and returns open.
    """

    source: Source
    language: str
    scopes: tuple[Scope, ...]
    members: tuple[Member, ...]
    facts: tuple[Fact, ...]
    comments: tuple[Span, ...]
    parse: Parse
    wrappers: Wrappers = NO_WRAPPERS
    unread: tuple[Span, ...] = ()
    references: tuple[Reference, ...] = ()
    returned: tuple[Scope, ...] = ()

    def has_read(self, span: Span) -> bool:
        """Whether all of ``span`` was read, and no body in it left out."""
        return not contains_any(span, self.unread)

    @cached_property
    def functions(self) -> tuple[Scope, ...]:
        """Function-like members, local functions and lambdas, outer before inner."""
        return tuple(s for s in self.scopes if s.kind == "function")

    @cached_property
    def outermost(self) -> tuple[Scope, ...]:
        """The functions that stand in no other: members, and lambdas that a field holds."""
        return tuple(outermost(self.functions))

    @cached_property
    def methods(self) -> tuple[str, ...]:
        """The names of methods and operators, each once, in the order of their first."""
        return tuple(dict.fromkeys(f.name for f in self.functions if f.construct in ("method", "operator")))

    def outermost_in(self, home: Span) -> Sequence[Scope]:
        """The :attr:`outermost` functions of the type at ``home`` and of the types in it."""
        if home not in self._outermost:  # the same for every selection in the type
            self._outermost[home] = contained_in(home, self.outermost)
        return self._outermost[home]

    @cached_property
    def _outermost(self) -> dict[Span, Sequence[Scope]]:
        return {}

    def functions_of(self, home: Span) -> Sequence[Scope]:
        """The :attr:`outermost` functions of the type at ``home``, none of the types in it."""
        if home not in self._own:  # the same for every overload and every call of it
            around = ((f, self._types.innermost(f.span)) for f in self.outermost_in(home))
            self._own[home] = [f for f, type_ in around if type_ is not None and type_.span == home]
        return self._own[home]

    @cached_property
    def _own(self) -> dict[Span, Sequence[Scope]]:
        return {}

    def heads(self, home: Span) -> tuple[Head, ...]:
        """What declares the members of the type at ``home`` and of the types in it, in source order."""
        found = self._heads.get(home)
        if found is None:
            named = (f for f in self.outermost_in(home) if f.construct not in ("accessor", "lambda"))
            every = [self._head(f.opening if f.opening.end < f.span.end else f.span, None) for f in named]
            every += [self._head(self.declaration(m), m) for m in self.members if home.contains(m.span)]
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

    @cached_property
    def types(self) -> tuple[Scope, ...]:
        """Type declarations, outer before inner."""
        return tuple(s for s in self.scopes if s.kind == "type")

    @cached_property
    def regions(self) -> tuple[Scope, ...]:
        """The transaction and lock scopes."""
        return tuple(s for s in self.scopes if s.kind in ("transaction", "lock"))

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

    def holding(self, span: Span) -> list[Scope]:
        """The :attr:`regions` that hold ``span``, in source order."""
        return self._holds.around(span)

    @cached_property
    def _holds(self) -> Crossing:
        return Crossing(self.regions)

    def scopes_around(self, span: Span, kind: ScopeKind) -> tuple[Scope, ...]:
        """Scopes of ``kind`` that hold ``span``, innermost first."""
        if not span.size or kind not in ("function", "type"):
            hits = [s for s in self.scopes if s.kind == kind and s.span.contains(span)]
        else:
            hits = (self._functions if kind == "function" else self._types).around(span)[::-1]
        return tuple(sorted(hits, key=lambda s: (s.span.size, -s.span.start)))

    @cached_property
    def _functions(self) -> Nesting:
        return Nesting(self.functions)

    @cached_property
    def _types(self) -> Nesting:
        return Nesting(self.types)

    def under(self, fact: Fact, scope: Scope) -> bool:
        """Whether the fact happens under the scope: inside it, and in the function that holds it."""
        function = self.function_of(fact.span)
        within = scope.span.contains(fact.span) and not any(g.contains(fact.span) for g in scope.excluded)
        return within and (function is None or function.span == scope.owner)

    def runs_under(self, span: Span, scope: Scope) -> bool:
        """Whether the code at ``span`` runs under the scope: inside it, and not in a function that only stands there.

        Lambdas that an executor runs at once (``form`` ``callback``) do run where they stand.
        """
        if not scope.span.contains(span):
            return False
        chain = self.scopes_around(span, "function")
        for function in chain:
            if function.span == scope.owner or (function is chain[-1] and scope.owner.contains(function.span)):
                return True
            if function.span not in self.immediate:
                return False
        return True

    @cached_property
    def immediate(self) -> frozenset[Span]:
        """The lambdas that an executor runs where they stand."""
        return frozenset(s.span for s in self.regions if s.form == "callback")

    def function_of(self, span: Span) -> Scope | None:
        """The innermost function that holds ``span``."""
        return next(iter(self.scopes_around(span, "function")), None)

    def member_of(self, span: Span) -> Scope | None:
        """The outermost function that holds ``span``."""
        return self._functions.outermost(span)
