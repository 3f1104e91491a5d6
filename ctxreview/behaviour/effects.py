"""What a function does to what others can see: its effects, in order, with what is held and what each of them needs.

The values here are what properties are compared on; :mod:`ctxreview.behaviour.tracing` makes them. A :class:`Trace` is one
function with the functions of the file, and of others that were found, put in place of their calls, so that code which was extracted, inlined,
renamed or moved to a constant gives the same trace. How to read one:

- Two versions of an effect have the same :attr:`Effect.key`; nothing in a key depends on the name of a local variable.
- ``depends`` are numbers of earlier effects of the same trace. A check and its act: the act's ``depends`` hold the check, or something that it decides (see
  :meth:`Trace.decides`). A query and the write to the entity it gave: ``made_by`` of the write is the query.
- Two effects are atomic together under a lock if both have a :class:`Hold` with the same ``section``.
- A hold that ends before a task that was started under it is not a hold of what the task does: those effects have the trait
  ``unawaited``, and the holds are in ``lapsed``.
- Where something on the way was not understood, ``understood`` of the effect is false, and :attr:`Trace.unseen` says what.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Literal, NamedTuple

from ctxreview.model.declarations import Function
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.source import Lines, Span

Kind = Literal[
    "read", "write", "query", "save", "tracking", "begin", "commit", "rollback", "acquire", "release", "await", "io", "foreign",
    "spawn", "call", "log", "fence", "dispose", "signal", "alone", "chance", "return", "throw", "end",
]  # fmt: skip
"""``read`` and ``write`` are of a :class:`Place`; ``query`` is data read by a query that runs now, ``save`` anything sent that
changes data, ``tracking`` what a context is told of an object; ``begin``, ``commit``, ``rollback`` of a transaction, ``acquire``,
``release`` of a lock; ``io`` leaves the process, ``foreign`` calls a delegate or event of others, ``spawn`` starts a task, ``call`` is
a function that was not found, ``fence`` orders memory, ``dispose`` ends a context or connection,
``signal`` wakes who waits, ``chance`` makes a value that is another one each time, ``alone`` says (``text``) that nobody else may have what is asked for; ``return``, ``throw`` and ``end`` leave the traced function."""

Trait = Literal[
    "untracked", "retracked", "projected", "split", "deferred", "by key", "hinted", "atomic", "volatile", "awaited", "unawaited", "dropped", "again", "later",
    "parallel", "cut", "both ways", "once", "each", "own", "task", "in part", "cancellable", "in loop", "taken", "always", "retried", "apart", "durable",
]  # fmt: skip
"""``untracked``: the objects that a query gives are not tracked, ``retracked``: tracking was asked for, ``projected``: they are copies;
``split``: several statements; ``by key``: an object that is tracked already is given without a query; ``hinted``: a lock hint is in its SQL;
``deferred``: a query that leaves the function without having run. ``atomic``: one indivisible operation, ``volatile``: ordered with what other
threads see; ``awaited`` and ``unawaited`` of what starts a task, ``dropped`` of an asynchronous function that is run as if it were none; ``again``: may run more than once for one call, ``later``: may run after the
function has returned, ``parallel``: beside others of its kind; ``cut``: the function was found but not followed; ``both ways``: a write that
reads what it writes; ``once``: whoever asks first runs it, and nobody else does;
``each``: of a task that is begun once for each element, before the one before it has ended; ``own``: through a context that such a task, or one
that runs beside others, has made itself; ``task``: it goes on until somebody has waited for it;
``in part``: it undoes what followed a savepoint; ``cancellable``: it is given the caller's sign to stop; ``in loop``: a commit, save or call that each turn of a loop makes; ``taken``: of a lock whose
acquire is a ``task``, it was waited for; ``always``: it is done however what stands before it ends; ``retried``: it is a part of what is tried again after a failure; ``apart``: a call of a type's function that is given nothing which leads back to the file;
``durable``: after it, what was written is on disk."""

Made = Literal["", "fresh", "query", "state", "parameter", "captured", "unknown"]
"""Where an object comes from: made here, given by a query, kept by state, handed over, a variable of an enclosing function."""


class Place(NamedTuple):
    """Something that is read or written. ``key`` is the same for the same place in every function and version.

    ``kind`` is ``state`` (``C._count``: a field, property or static), ``inside`` (``C._items[]``: what the object that state
    refers to holds; ``C._items[*]``: what those hold), ``rows`` (``Orders.Status`` of an entity or table), ``captured`` (a variable that a delegate which runs later
    or in parallel shares), ``object`` (a member of an object that came in as a parameter or from an unknown call).
    ``shared`` says that others may reach it and that it changes after construction.
    """

    kind: Literal["state", "inside", "rows", "captured", "object"]
    key: str
    shared: bool = True
    of: str = ""
    """The state that it belongs to: ``C._items`` for both ``C._items`` and ``C._items[]``."""
    immutable: bool = False
    """A reference to, or value of, a type that has no insides that change."""


class Hold(NamedTuple):
    """A transaction or lock in force at an effect.

    ``key`` names what is locked (``C._gate``) or the context or connection that the transaction is on; ``section`` is the same for two effects if
    nothing let go in between. ``mode`` and ``isolation`` are the outline's; constants are resolved. ``own`` says that the traced function or a
    helper of it takes the hold; otherwise a caller does. ``region`` is the outline's, in ``outline``. ``type`` is that of what is locked, as written,
    where it is known.
    """

    kind: Literal["lock", "transaction", "retry"]
    key: str
    section: int
    mode: str
    isolation: str | None
    construct: str
    own: bool
    region: Region
    outline: Outline
    type: str = ""

    @property
    def is_of_statement(self) -> bool:
        """Whether a statement that was sent takes it: it lasts as long as the transaction, and not as the code around."""
        return self.region.form == "sql"

    @property
    def name(self) -> str:
        """What is locked, as people read it: without the type."""
        return self.key.rpartition(".")[2] or self.key


class Effect(NamedTuple):
    """One effect; ``number`` is its index in :attr:`Trace.effects`.

    ``name`` is the called, read or written name as written. ``party`` is the canonical key of the context, connection or object that a database
    effect goes through (``C._db``, ``parameter 0``, ``new Db``). ``text`` is the SQL or other constant that it is given, constants resolved. ``span`` is in the
    traced function (the call of the helper, where it is one), ``at`` are the lines where it is done, or in another file the lines of the call
    that leads there, and ``path`` the helpers on the way.
    """

    number: int
    kind: Kind
    key: str
    name: str
    span: Span
    at: Lines
    place: Place | None = None
    party: str = ""
    text: str = ""
    holds: tuple[Hold, ...] = ()
    lapsed: tuple[Hold, ...] = ()
    depends: frozenset[int] = frozenset()
    decided_by: frozenset[int] = frozenset()
    """Of those that it depends on, the ones whose value says whether it happens at all."""
    made: Made = ""
    made_by: frozenset[int] = frozenset()
    """The effects (queries, calls) that gave the object which is written, saved or returned."""
    traits: frozenset[Trait] = frozenset()
    path: tuple[str, ...] = ()
    understood: bool = True
    waited: int = 0
    """Of an effect with ``lapsed``: how many of ``path``, from the first on, are waited for. The next one is not, or the effect itself."""

    @property
    def locks(self) -> frozenset[str]:
        """The keys of the locks that are held, in whatever mode."""
        return frozenset(h.key for h in self.holds if h.kind == "lock")

    def under(self, hold: Hold) -> bool:
        """Whether the effect happens in the section of ``hold``."""
        return any(h.section == hold.section and h.kind == hold.kind for h in self.holds)

    @property
    def not_waited_for(self) -> tuple[str, ...]:
        """Of an effect with ``lapsed``: the helpers on the way to what nobody waits for while the holds last, and that itself (a name; empty for an access)."""
        return (*self.path, self.name)[: self.waited + 1]

    @property
    def is_seen(self) -> bool:
        """Whether another thread or session could see that it happened, or where."""
        if self.kind in ("read", "write"):
            return self.place is not None and self.place.shared
        return self.kind in ("query", "save", "commit", "rollback", "io", "foreign", "call", "spawn", "tracking")


class Trace:
    """The effects of one function, helpers included; compared by identity.

    ``unseen`` are sentences about what was not followed: calls deeper than the limit, recursion, syntax that was not understood.
    ``sections`` are the holds that the function takes, by :attr:`Hold.section`, also those under which nothing happens.
    """

    def __init__(
        self,
        function: Function,
        effects: tuple[Effect, ...],
        sections: tuple[Hold, ...] = (),
        unseen: tuple[str, ...] = (),
    ) -> None:
        self.function, self.effects, self.sections, self.unseen = function, effects, sections, unseen

    @property
    def understood(self) -> bool:
        """Whether all of it was understood; calls of unknown functions are effects and do not count against it."""
        return not self.unseen

    def of(self, *kinds: Kind) -> Iterator[Effect]:
        """The effects of these kinds, in order."""
        return (e for e in self.effects if e.kind in kinds)

    def within(self, hold: Hold) -> Iterator[Effect]:
        """The effects in the section of ``hold``, in order."""
        return iter(self._in_sections.get((hold.kind, hold.section), ()))

    @cached_property
    def _in_sections(self) -> Mapping[tuple[str, int], list[Effect]]:
        found: dict[tuple[str, int], list[Effect]] = {}
        for effect in self.effects:
            for section in {(h.kind, h.section) for h in effect.holds}:
                found.setdefault(section, []).append(effect)
        return found

    def decides(self, first: Effect, second: Effect) -> bool:
        """Whether an effect decides a later one, by data or by control flow, through any number of steps."""
        return bool(self._deciding[second.number] >> first.number & 1)

    @cached_property
    def _deciding(self) -> list[int]:
        """The numbers of the effects that decide each one, as the bits of an integer."""
        found: list[int] = []
        for effect in self.effects:
            bits = 0
            for number in sorted(effect.depends, reverse=True):
                if not bits >> number & 1:  # else all that decides that one is there already
                    bits |= found[number] | 1 << number
            found.append(bits)
        return found


def keys_of(effects: tuple[Effect, ...]) -> list[str]:
    """The keys of effects in order: what two versions are aligned by."""
    return [e.key for e in effects]
