"""The intermediate language: what a function does, in order and with its structure, whatever language it is written in.

A :class:`Unit` is one function. Its body is statements, whose parts are values; a value is a tree, evaluated operand by operand
from the left, the value itself last. What the lowering of a language does not understand is :class:`Opaque` and never dropped. Every
node has the span of the source that it stands for, and no node reaches beyond the one that holds it.

The design follows the generic tree and the small IL of Semgrep; calls stay inside the values that use them, since a query is a
chain of calls and is easier to recognise as one.
"""

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, Protocol, TypeAlias

from ctxreview.model.source import Span

Binding = Literal["local", "parameter", "captured", "member", "static", "function", "type", "unknown"]
"""What a name stands for. ``captured`` is a variable of an enclosing unit; ``member`` and ``static`` are state of the type around
it, ``function`` one of its functions. ``unknown`` is what the file does not declare: a base type's member, or a type."""

ConstantKind = Literal["string", "number", "character", "boolean", "null", "default", "name", "type"]
"""``name`` is the text of a declared name (``nameof``), ``type`` a type used as a value."""

ExitKind = Literal["return", "throw", "break", "continue", "goto", "end"]
"""``end`` ends an iterator."""

LoopKind = Literal["before", "after", "each"]
"""When a loop looks: before each turn, after it, or at each element of a sequence."""

HoldKind = Literal["lock", "disposal", "pin"]
"""What a :class:`Held` statement gives back at its end."""


class Constant(NamedTuple):
    """A literal. ``text`` is its value where it is a string or a name, otherwise as written."""

    span: Span
    kind: ConstantKind
    text: str


class Name(NamedTuple):
    """A simple name; ``declared`` is where a variable's name is declared, ``None`` for all that is not a variable."""

    span: Span
    text: str
    binding: Binding
    declared: Span | None = None


class Self(NamedTuple):
    """The object whose function runs; ``base`` where it is asked as its base type."""

    span: Span
    base: bool = False


class Matched(NamedTuple):
    """The value that a pattern tests, inside the pattern."""

    span: Span


class Access(NamedTuple):
    """The member ``name`` of a value; with ``conditional``, only where the value is not null."""

    span: Span
    of: "Value"
    name: str
    conditional: bool = False


class Element(NamedTuple):
    """An element of a value."""

    span: Span
    of: "Value"
    arguments: tuple["Argument", ...]
    conditional: bool = False


class Argument(NamedTuple):
    """A value that is handed over. ``mode`` is empty, or ``reference``, ``result`` or ``spread``."""

    span: Span
    value: "Value"
    name: str = ""
    mode: str = ""


class Call(NamedTuple):
    """A call of ``function``, which is a name, a member of a receiver, or any other value."""

    span: Span
    function: "Value"
    arguments: tuple[Argument, ...]
    types: tuple[str, ...] = ()

    @property
    def callee(self) -> str:
        """The called name; empty where a value without a name is called."""
        return self.function.name if isinstance(self.function, Access) else getattr(self.function, "text", "")

    @property
    def receiver(self) -> "Value | None":
        """The value whose member is called."""
        return self.function.of if isinstance(self.function, Access) else None


class Create(NamedTuple):
    """A new object of ``type`` (empty where the place it is given to says it), with what its initialiser sets, in order."""

    span: Span
    type: str
    arguments: tuple[Argument, ...]
    members: tuple[Argument, ...] = ()


class Lambda(NamedTuple):
    """A function as a value; when it runs is for its receiver to say."""

    span: Span
    unit: "Unit"


class Assign(NamedTuple):
    """``operator`` is ``=`` or a compound one; ``declares`` is the declared type where the target is a new variable."""

    span: Span
    target: "Value"
    operator: str
    value: "Value"
    declares: str = ""


class Await(NamedTuple):
    """Waits for a value without blocking the thread."""

    span: Span
    value: "Value"


class Raise(NamedTuple):
    """Throws inside an expression; ``value`` is ``None`` where the exception at hand is thrown again."""

    span: Span
    value: "Value | None"


class Operation(NamedTuple):
    """Operands put together; those from ``lazy`` on (an index) are evaluated only if the ones before say so."""

    span: Span
    operator: str
    operands: tuple["Value", ...]
    lazy: int = 1 << 30


class Opaque(NamedTuple):
    """What was not understood, and the names that it uses."""

    span: Span
    names: tuple[str, ...]


class Block(NamedTuple):
    """Statements in order."""

    span: Span
    statements: tuple["Statement", ...]


class Do(NamedTuple):
    """Evaluates a value for what it does."""

    span: Span
    value: "Value"


class Branch(NamedTuple):
    """``otherwise`` is ``None`` where there is none."""

    span: Span
    condition: "Value"
    then: Block
    otherwise: Block | None


class Arm(NamedTuple):
    """One way of a :class:`Choice`: taken where one of ``tests`` holds, each about :class:`Matched`; without any, otherwise."""

    span: Span
    tests: tuple["Value", ...]
    body: Block


class Choice(NamedTuple):
    """The first arm that matches ``subject``."""

    span: Span
    subject: "Value"
    arms: tuple[Arm, ...]


class Loop(NamedTuple):
    """``first`` is done once before, ``condition`` is ``None`` where it never ends on its own, ``step`` follows each turn.

    Of a loop over ``each`` element the condition is an :class:`Assign` of the element from the sequence. ``awaited`` says
    that each element is awaited.
    """

    span: Span
    kind: LoopKind
    first: tuple["Value", ...]
    condition: "Value | None"
    step: tuple["Value", ...]
    body: Block
    awaited: bool = False


class Handler(NamedTuple):
    """Catches exceptions of ``type`` (empty: all), ``name`` being the variable, where ``filter`` holds."""

    span: Span
    type: str
    name: Name | None
    filter: "Value | None"
    body: Block


class Try(NamedTuple):
    """``always`` runs however the body ends."""

    span: Span
    body: Block
    handlers: tuple[Handler, ...]
    always: Block | None


class Held(NamedTuple):
    """``body`` with what ``subjects`` hold, which is released at its end, however it ends; ``awaited``: asynchronously."""

    span: Span
    kind: HoldKind
    subjects: tuple["Value", ...]
    body: Block
    awaited: bool = False


class Exit(NamedTuple):
    """Leaves; ``label`` is where a jump goes."""

    span: Span
    kind: ExitKind
    value: "Value | None" = None
    label: str = ""


class Yield(NamedTuple):
    """Hands one element to whoever enumerates."""

    span: Span
    value: "Value"


class Label(NamedTuple):
    """Where a jump comes to."""

    span: Span
    name: str


class Define(NamedTuple):
    """A function declared inside the body; it runs when it is called."""

    span: Span
    unit: "Unit"


class Parameter(NamedTuple):
    """``mode`` is empty, or the word that says how it is passed; ``default`` is what stands for a missing argument."""

    span: Span
    name: Name
    type: str
    mode: str = ""
    default: "Value | None" = None


class Unit(NamedTuple):
    """One function: ``kind`` is the outline's word for it, ``home`` the name of the type that declares it.

    ``span`` is the function's as in the outline. ``returns`` is the declared type of its result, ``interface`` the one that alone reaches it.
    """

    span: Span
    name: str
    kind: str
    home: str
    parameters: tuple[Parameter, ...]
    body: Block
    returns: str = ""
    asynchronous: bool = False
    static: bool = False
    interface: str = ""


class Declared(NamedTuple):
    """A function of a file that is lowered when somebody asks for it: ``span``, ``name``, ``kind`` and ``home`` are those of the unit that ``lowered`` makes."""

    span: Span
    name: str
    kind: str
    home: str
    lowered: Callable[[], Unit]


Value: TypeAlias = (
    Constant
    | Name
    | Self
    | Matched
    | Access
    | Element
    | Call
    | Create
    | Lambda
    | Assign
    | Await
    | Raise
    | Operation
    | Opaque
)
Statement: TypeAlias = Block | Do | Branch | Choice | Loop | Try | Held | Exit | Yield | Label | Define | Opaque


class Node(Protocol):
    """A value, a statement or a part of one. Not their union: what a type checker makes of thirty tuples takes it half a minute."""

    @property
    def span(self) -> Span:
        """The source that it stands for."""

    def __iter__(self) -> Iterator[object]:
        """Its fields, in order."""


def children(node: Node) -> Iterator[Node]:
    """The nodes directly under ``node``, in the order in which they are evaluated or run.

    What is assigned is evaluated before the place that it is assigned to; the statements of a loop's step follow its body.
    """
    if isinstance(node, Assign):
        yield node.value
        yield node.target
        return
    if isinstance(node, Loop):
        yield from node.first
        if node.condition is not None and node.kind != "after":
            yield node.condition
        yield node.body
        yield from node.step
        if node.condition is not None and node.kind == "after":
            yield node.condition
        return
    for part in node:
        if isinstance(part, Span):
            continue
        if isinstance(part, NODES):
            yield part
        elif isinstance(part, tuple):
            yield from (p for p in part if isinstance(p, NODES))


def walk(node: Node, *, into: bool = True, within: Span | None = None) -> Iterator[Node]:
    """``node`` and all under it, what holds others before them; without ``into``, not the functions that are inside.

    With ``within``, only what shares a place with it, and what that is in.
    """
    waiting = [node]
    while waiting:
        at = waiting.pop()
        yield at
        if into or at is node or not isinstance(at, Unit):
            inner = reversed(at.statements if isinstance(at, Block) else list(children(at)))
            waiting += inner if within is None else (n for n in inner if n.span.overlaps(within))


def last_name(value: "Value") -> str:
    """The name of a variable or of the member that is accessed; ``""`` of what has none."""
    return value.text if isinstance(value, Name) else value.name if isinstance(value, Access) else ""


NODES = (
    Constant, Name, Self, Matched, Access, Element, Call, Create, Lambda, Assign, Await, Raise, Operation, Opaque, Block, Do,
    Branch, Choice, Loop, Try, Held, Exit, Yield, Label, Define, Argument, Arm, Handler, Parameter, Unit,
)  # fmt: skip
"""Every class of node."""
