"""What holds a transaction or a lock: regions of code, and the wrappers whose calls open some."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from operator import attrgetter
from typing import Generic, NamedTuple, TypeVar

from ctxreview.model.kinds import Certainty, End, Form, Mode, RegionKind
from ctxreview.model.source import Span

NO_SCOPE = ("suppressed", "retried")
"""Modes in which nothing is held: a suppressed transaction, and a delegate that is only run again."""


class Isolation(NamedTuple):
    """An isolation level: what the source names, the documented ``default``, or what it is ``given_by``.

    Without a ``level`` the default is the provider's own, and what the source has for it was not found.
    """

    level: str = ""
    default: bool = False
    given_by: str = ""

    @property
    def is_open(self) -> bool:
        """Whether only what gives it is known."""
        return not self.level and not self.default

    @property
    def text(self) -> str:
        """As it is told to people and other programs."""
        if self.is_open:
            return f"given by {self.given_by}"
        level = self.level or "the provider's own"
        return f"{level} (default)" if self.default else level


class Hop(NamedTuple):
    """A call on the way to the selected function: who makes it, and its ``path:line``."""

    caller: str
    place: str

    def __str__(self) -> str:
        return f"{self.caller} ({self.place})"


class Region(NamedTuple):
    """A stretch of code that holds a transaction or a lock.

    ``construct`` is what opens it (``TransactionScope``, ``lock``, ``SemaphoreSlim``), ``name`` the catalogue's name of that.
    ``opening`` is the part that opens it, ``closing`` the part that ends it (empty where the end of a block does).
    ``excluded`` are parts of the span that do not run under it: the branch in which it was not acquired, and what
    follows its completion; ``alternatives`` are what opens it in other branches, so that one of them at most is held. ``owner`` is the span of the function that runs under it. ``completes_at`` are the calls that
    commit; ``exits`` the ways out that stand before them.
    ``acquired`` and ``released`` say where that is done, ``leaks_on_exception`` that its release is in no ``finally``, and
    ``reruns`` that the code in it may run more than once. ``path`` and ``via`` are those of a region that a caller holds:
    its file, and the calls from there. ``note`` is for people: nothing is decided by it.
    """

    kind: RegionKind
    span: Span
    name: str
    construct: str
    form: Form
    opening: Span = Span(0, 0)
    closing: Span = Span(0, 0)
    container: str = ""
    resource: str = ""
    mode: Mode = ""
    isolation: Isolation | None = None
    async_flow: bool | None = None
    completes_at: tuple[Span, ...] = ()
    exits: tuple[Span, ...] = ()
    excluded: tuple[Span, ...] = ()
    alternatives: tuple[Span, ...] = ()
    owner: Span = Span(0, 0)
    certainty: Certainty = "syntactic"
    note: str = ""
    intent: Span | None = None
    path: str = ""
    via: tuple[Hop, ...] = ()
    acquired: End = "here"
    released: End = "here"
    leaks_on_exception: bool = False
    reruns: bool = False

    @property
    def unreleased(self) -> bool:
        """Whether its function never ends it."""
        return self.released in ("elsewhere", "never")

    @property
    def does(self) -> str:
        """What its function does with it, as it is told to people."""
        if self.unreleased or self.form == "returned":
            return "opens"
        return "ends" if self.acquired == "elsewhere" else "holds"

    @property
    def end_is_known(self) -> bool:
        """Whether what is in its function shows where it ends."""
        return self.released != "never" and (self.released != "method" or self.acquired == "method")

    def opens_in(self, span: Span) -> bool:
        """Whether ``span`` is a part of what opens the region, and so runs before it is held."""
        return self.form in ("block", "declaration", "acquire-release") and self.opening.contains(span)


class Wrapper(NamedTuple):
    """A method of the repository that opens a scope and returns it, or else runs a delegate under one.

    Without a ``kind`` its body was read and does neither. ``construct`` names what is opened in the end, with its ``mode``,
    ``isolation``, ``async_flow`` and the calls that complete it; ``through`` are the functions that open it, each with its path
    and span, the called one first.
    """

    name: str
    kind: RegionKind | None
    note: str
    opens: bool
    mode: Mode = ""
    construct: str = ""
    isolation: Isolation | None = None
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


_Crossed = TypeVar("_Crossed")


class Crossing(Generic[_Crossed]):
    """Regions, or parts of some, which may cross each other as a pair of calls may cross a block.

    They are indexed by where they start and how far any before reaches: what ended long before is not looked at.
    ``part`` is the span by which they are asked for.
    """

    def __init__(self, scopes: Iterable[_Crossed], part: Callable[[_Crossed], Span] = attrgetter("span")) -> None:
        self._given = tuple(scopes)
        spans = self._spans = [part(s) for s in self._given]
        self._order = sorted(range(len(spans)), key=lambda i: spans[i].start)
        self._starts = [spans[i].start for i in self._order]
        self._furthest = list(accumulate((spans[i].end for i in self._order), max))

    def around(self, span: Span) -> list[_Crossed]:
        """Those that hold ``span``, in the order given."""
        return [self._given[i] for i in sorted(self._holding(span))]

    def near(self, span: Span) -> Iterator[_Crossed]:
        """Those that hold ``span``, the last to start first: who asks for few of them does not wait for all."""
        return (self._given[i] for i in self._holding(span))

    def _holding(self, span: Span) -> Iterator[int]:
        at = bisect_right(self._starts, span.start) - 1
        while at >= 0 and self._furthest[at] >= span.end:
            if self._spans[self._order[at]].end >= span.end:
                yield self._order[at]
            at -= 1
