"""What the tools are asked, and what they return: of these types are the schemas that a client gets.

Lines are 1-based and inclusive. ``cut`` has a line for each list and text that is not whole, since an answer is bounded.
"""

from typing import Annotated, Any, Literal, TypedDict

import msgspec
from msgspec import Meta, Struct

from ctxreview.model.kinds import Certainty, Form, GuardVerdict, Mode, RegionKind, Severity
from ctxreview.reports.shapes.context import ContextDocument
from ctxreview.reports.shapes.places import Finding
from ctxreview.reports.shapes.review import CheckedSuggestion, ChecklistAnswer

Path = Annotated[str, Meta(description="The file, from the root of the server, or absolute and in a root.")]
FirstLine = Annotated[int, Meta(ge=1, description="First selected line, from 1.")] | None
LastLine = Annotated[int, Meta(ge=1, description="Last selected line; without it the first.")] | None
MemberName = (
    Annotated[str, Meta(description="A member of the file in place of lines, such as Orders.Take or Take.")] | None
)
Unsaved = Annotated[str, Meta(description="The file's text where that is not on disk, or not yet.")] | None
OtherFiles = Annotated[
    bool,
    Meta(
        description="Also read the other files of the root: callers, the locks that they hold, wrappers. Sees more, and takes seconds, or up to a minute in a large repository."
    ),
]
RootName = Annotated[str, Meta(description="Which root of the server, where it has several.")] | None


class ExpandSelection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lines, or a member, of a file."""

    path: Path
    start_line: FirstLine = None
    end_line: LastLine = None
    member: MemberName = None
    text: Unsaved = None
    other_files: OtherFiles = False
    budget: Annotated[int, Meta(ge=1, le=64_000, description="Largest prompt in tokens.")] | None = None


class FindScopes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file."""

    path: Path
    text: Unsaved = None


class CheckSuggestion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is proposed for lines, or a member, of a file."""

    path: Path
    start_line: FirstLine = None
    end_line: LastLine = None
    member: MemberName = None
    replacement: Annotated[str, Meta(description="The new text of exactly the selected lines.")] | None = None
    answer: (
        Annotated[str, Meta(description="In place of replacement: Markdown with fenced code, or a unified diff.")]
        | None
    ) = None
    text: Unsaved = None
    other_files: OtherFiles = False


class CheckDiff(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change of several files."""

    patch: Annotated[str, Meta(description="The text of a unified diff, applied already or not.")] | None = None
    diff: (
        Annotated[
            str,
            Meta(
                description="In place of patch, a range of git's: main...HEAD, A..B, or HEAD for what is uncommitted."
            ),
        ]
        | None
    ) = None
    root: RootName = None
    other_files: OtherFiles = False


class ListHazards(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file."""

    path: Path
    text: Unsaved = None
    other_files: OtherFiles = False


class ExplainRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule."""

    rule: Annotated[str, Meta(description="The rule's ID, as in a finding.")]


class Review(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the prompt ``review`` is made of; prompts have nothing but texts as arguments."""

    path: Path
    lines: Annotated[str, Meta(description="The selected lines, such as 31-33.")]
    question: Annotated[str, Meta(description="What is asked about them.")] | None = None


class Checklist(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing: the prompt ``checklist`` has no arguments."""


class Listing(TypedDict):
    """The shown lines of a file, numbered; selected ones are marked with ``>``."""

    path: str
    listing: str


class Expanded(TypedDict):
    """A selection with all that it depends on.

    ``checklist`` has each question with what the source alone answers, ``code`` the code that ``context`` tells of, without secrets.
    """

    context: ContextDocument
    hazards: list[Finding]
    checklist: list[ChecklistAnswer]
    code: list[Listing]
    notice: str
    cut: list[str]


class FoundScope(TypedDict):
    """A transaction or lock: where it is held, in which function, on what. ``explained`` says whether a comment says why."""

    kind: RegionKind
    construct: str
    form: Form
    resource: str | None
    mode: Mode | None
    start_line: int
    end_line: int
    function: str | None
    type: str | None
    isolation: str | None
    async_flow: bool | None
    completes_at: list[int]
    certainty: Certainty
    explained: bool
    note: str | None


class FoundScopes(TypedDict):
    """The transactions and locks of a file, in source order; ``clean`` says whether the grammar could read all of it."""

    path: str
    language: str
    clean: bool
    scopes: list[FoundScope]
    cut: list[str]


class Checked(TypedDict):
    """What the guard says of a change: ``no-known-conflict`` says that no rule found anything, and no more than that."""

    verdict: GuardVerdict
    suggestions: list[CheckedSuggestion]
    failed: list[str]
    notes: list[str]
    notice: str
    cut: list[str]


class Hazards(TypedDict):
    """What the rules find in a file as it is; ``suppressed`` counts what comments silence."""

    path: str
    findings: list[Finding]
    suppressed: int
    notes: list[str]
    cut: list[str]


class Explained(TypedDict):
    """A rule, and all that it says of itself in Markdown."""

    rule: str
    severity: Severity
    looks_at: Literal["code", "edits", "code and edits"]
    text: str
    cut: list[str]


def schema_of(shape: Any) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a shape, an object at its top."""
    made = msgspec.json.schema(shape)
    top = made["$ref"].rpartition("/")[2]
    shared = {name: inner for name, inner in made["$defs"].items() if name != top}
    whole = {key: value for key, value in made["$defs"][top].items() if key != "title"}
    return {**whole, **({"$defs": shared} if shared else {})}
