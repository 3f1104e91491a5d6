"""A context, and what stands in its place where there is none."""

from typing import Literal, NotRequired, TypedDict

from ctxreview.model.kinds import Certainty, FactKind, Form, FunctionKind, Mode, RegionKind, Role, Verdict
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


class Scope(TypedDict):
    """A transaction or lock around the selection, in its functions or in a caller: ``via`` are the calls from there."""

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
    exits_at: list[int]
    isolation: str | None
    async_flow: bool | None
    intent_comment: str | None
    note: str | None
    via: list[str]


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


class ContextDocument(TypedDict):
    """What ``context --format json`` prints for a selection."""

    schema: Literal["ctxreview.context/1"]
    selection: Place
    language: str
    parse: Parse
    functions: list[Function]
    scopes: list[Scope]
    verdict: Verdict
    facts: list[Fact]
    excerpts: list[Excerpt]
    omitted: list[Omission]
    blind_spots: list[str]
    tokens: PromptSize


class ErrorDocument(TypedDict):
    """What stands in the place of a selection that failed, where several were given."""

    schema: Literal["ctxreview.error/1"]
    selection: str
    error: str
