"""What the code of a file does, and how it uses names that were asked for."""

from typing import Literal, NamedTuple

from ctxreview.model.kinds import FactKind
from ctxreview.model.regions import Region
from ctxreview.model.source import Span


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

    kind: FactKind
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
    run_under: Region | None = None
