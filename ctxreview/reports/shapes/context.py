"""A context, and what is in its place where there is none."""

from typing import Literal, NotRequired, TypedDict

from ctxreview.model.kinds import Certainty, FactKind, Form, FunctionKind, Mode, RegionKind, Role, Verdict
from ctxreview.model.protection import Standing
from ctxreview.reports.shapes.places import Lines, Place


class Parse(TypedDict):
    """Whether the grammar could read the file, and what was rewritten before it could."""

    clean: bool
    normalised: list[str]


class Function(TypedDict):
    """A function that the selection touches; ``type`` is the one that declares it."""

    kind: FunctionKind
    name: str
    type: str | None
    start_line: int
    end_line: int


class Range(TypedDict):
    """Lines of the scope's file, inclusive."""

    start_line: int
    end_line: int


class Scope(TypedDict):
    """A transaction or lock around the selection, in its functions or in a caller: ``via`` are the calls from there.

    ``not_held_at`` are lines between its first and last that do not run under it: what follows its completion, and branches in which
    it was not acquired. ``alternatives_at`` are the lines that open it in other branches: one of them at most is held.
    """

    kind: RegionKind
    construct: str
    form: Form
    path: str
    start_line: int
    end_line: int
    resource: str | None
    mode: Mode | None
    encloses_selection: bool
    certainty: Certainty
    completes_at: list[int]
    not_held_at: list[Range]
    alternatives_at: list[int]
    exits_at: list[int]
    isolation: str | None
    async_flow: bool | None
    intent_comment: str | None
    note: str | None
    via: list[str]


class NamedPlace(Place):
    """Lines with the member that they are in, or what is called or written there."""

    name: str


class Access(Place):
    """A read or write that is not under the lock: in ``member``, or in the function ``through`` which that calls."""

    member: str
    through: str | None
    writes: bool
    under: list[str]
    in_one_step: bool


class ProtectedPlace(TypedDict):
    """State that is used under a lock: ``protected`` where all that changes it is under it, ``partly`` where not all is."""

    name: str
    standing: Standing
    written_in: list[str]
    read_in: list[str]
    written_shared_in: list[str]
    without: list[Access]


class Together(TypedDict):
    """Places that are written in one go in each of the members."""

    places: list[str]
    members: list[str]


class LockProtection(Place):
    """What a lock protects; with ``only_here`` no other file can use that."""

    certainty: Certainty
    resource: str
    places: list[ProtectedPlace]
    together: list[Together]
    taken_in: list[NamedPlace]
    only_here: bool
    functions_left_out: int


class Decision(TypedDict):
    """A read of rows, and the writes that depend on it."""

    read: NamedPlace
    writes: list[NamedPlace]


class TransactionProtection(Place):
    """What a transaction keeps together: its writes, the reads that decide them, and what that relies on."""

    certainty: Certainty
    writes: list[NamedPlace]
    decisions: list[Decision]
    isolation: str | None
    hints: list[NamedPlace]


class Protections(TypedDict):
    """What the locks and transactions of the file protect that hold the selection or a part of it."""

    locks: list[LockProtection]
    transactions: list[TransactionProtection]


class Fact(TypedDict):
    """What the code does at a place."""

    kind: FactKind
    name: str
    start_line: int
    end_line: int


class Excerpt(TypedDict):
    """Source that the model gets to see; ``elided`` are lines left out of it."""

    path: str
    start_line: int
    end_line: int
    role: Role
    why: str
    tokens: int
    elided: NotRequired[list[Lines]]


class Omission(TypedDict):
    """Source that the model does not get to see."""

    path: str
    start_line: int
    end_line: int
    why: str


class PromptSize(TypedDict):
    """Tokens of the prompt, of the budget, and how they were counted."""

    prompt: int
    budget: int
    tokenizer: str


class PromptDocument(TypedDict):
    """What ``prompt --format json`` prints for a selection: what is sent, in which form the reply is asked for, and how many secrets of a kind are replaced in it."""

    schema: Literal["ctxreview.prompt/1"]
    id: NotRequired[str]
    tags: NotRequired[list[str]]
    selection: Place
    system: str
    user: str
    reply: Literal["json", "markdown"]
    tokens: PromptSize
    redacted: dict[str, int]


class ContextDocument(TypedDict):
    """What ``context --format json`` prints for a selection."""

    schema: Literal["ctxreview.context/1"]
    id: NotRequired[str]
    tags: NotRequired[list[str]]
    selection: Place
    language: str
    parse: Parse
    functions: list[Function]
    scopes: list[Scope]
    protections: Protections
    verdict: Verdict
    facts: list[Fact]
    excerpts: list[Excerpt]
    omitted: list[Omission]
    repository: list[str]
    blind_spots: list[str]
    tokens: PromptSize


class ErrorDocument(TypedDict):
    """What is in the place of a selection that failed, where several were given."""

    schema: Literal["ctxreview.error/1"]
    id: NotRequired[str]
    tags: NotRequired[list[str]]
    selection: str
    error: str
