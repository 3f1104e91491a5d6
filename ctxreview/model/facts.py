"""What the code of a file does, and how it uses names that were asked for."""

from typing import Literal, NamedTuple

from ctxreview.model.kinds import FactKind, StateKind
from ctxreview.model.regions import Region
from ctxreview.model.source import Span


class StateUse(NamedTuple):
    """What kind of state a fact is about, and how its declaration says that it is shared.

    A ``backing field`` is what the property of that name keeps; a ``parameter`` is a primary constructor's.
    """

    kind: StateKind
    static: bool = False
    volatile: bool = False
    readonly: bool = False


class Fact(NamedTuple):
    """Something the code does at ``span``; it belongs to its innermost function.

    ``name`` is the called, read or written name, ``target`` the receiver it concerns (``""`` where there is none; of an
    ``Interlocked`` call the variable). ``state`` is what it reads or writes, where the file declares that; ``captured`` says
    that it writes a variable of an enclosing function. Of a call, ``result`` is the variable that gets its value, ``calls``
    what it calls that has no name of its own, ``dropped`` that nobody awaits it, and ``by_callee`` that a method of the
    repository does it, with a context that its object keeps. ``sql`` are the words of a ``sql-hint`` that were recognised.
    """

    kind: FactKind
    span: Span
    name: str
    target: str = ""
    result: str = ""
    state: StateUse | None = None
    captured: bool = False
    calls: Literal["", "delegate", "event"] = ""
    dropped: bool = False
    by_callee: bool = False
    sql: str = ""

    @property
    def is_state(self) -> bool:
        """Whether it reads or writes state that the file declares, not the result of a query."""
        return self.state is not None and self.kind in ("read", "write")

    @property
    def is_static(self) -> bool:
        """Whether it is about state that all objects share."""
        return self.state is not None and self.state.static

    @property
    def is_volatile(self) -> bool:
        """Whether it is about state that is declared volatile."""
        return self.state is not None and self.state.volatile

    @property
    def is_readonly(self) -> bool:
        """Whether it is about state that keeps the value it was made with."""
        return self.state is not None and self.state.readonly

    @property
    def spelled(self) -> str:
        """The name as the code has it: what a property keeps is ``field`` there."""
        return "field" if self.state is not None and self.state.kind == "backing field" else self.name


Gives = Literal["", "value", "nothing", "task of value", "task"]


class Argument(NamedTuple):
    """One argument of a call: the name it is given by, ``ref``, ``out`` or ``in``, and what it shows of its type.

    ``gives`` is what a lambda with a block returns, ``""`` where that is not told; ``task`` for an asynchronous one.

    ``shape`` is a literal's kind (``string``, ``number``, ``real``, ``bool``, ``char``, ``null``), ``lambda``,
    ``type:X`` for a value of the declared type ``X``, or ``""`` where the file does not tell.
    """

    name: str
    passed: str
    shape: str
    gives: Gives = ""


class Reference(NamedTuple):
    """A use of a name that was asked for; ``name_span`` is the name, ``span`` the call, creation or access it is a part of.

    ``receiver`` is the text before the dot, ``type`` its type as written where the file tells it; a receiver that
    the file does not declare and that looks like a type's name is its own type. ``root`` is the type of the first name
    of a dotted receiver, ``generic`` the number of type arguments. ``local`` says that the name is a
    local variable or parameter, ``escapes`` that it is an argument or is kept by name alone, ``removed`` that it is
    taken off an event. ``run_under`` is the scope under which an executor runs a method that it is handed.
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
    removed: bool = False
    run_under: Region | None = None
