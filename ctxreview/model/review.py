"""What is made of an outline: the context, the prompt, the reply, the findings and the finished review."""

from typing import Literal, NamedTuple

from ctxreview.model.declarations import Function
from ctxreview.model.facts import Fact
from ctxreview.model.kinds import Answer, Certainty, Confidence, GuardVerdict, Role, Severity, Verdict
from ctxreview.model.outline import Outline
from ctxreview.model.protection import Protection
from ctxreview.model.regions import Region
from ctxreview.model.source import Lines, Selection, Source, Span


class SharedUse(NamedTuple):
    """Where another ``member`` takes the lock ``name`` of the selected code, or with ``writes`` changes the state of that name."""

    member: str
    span: Span
    name: str
    writes: bool = False


class Excerpt(NamedTuple):
    """A piece of source the model gets to see. ``elided`` are byte spans left out of it.

    ``users`` are the places in it that take the lock of the selected code too, or change the same state. ``why`` is for people:
    nothing is decided by it.
    """

    source: Source
    span: Span
    role: Role
    why: str
    tokens: int = 0
    elided: tuple[Span, ...] = ()
    users: tuple[SharedUse, ...] = ()


class Surroundings(NamedTuple):
    """What the rest of the repository says about a selection.

    ``scopes`` are held by callers, ``excerpts`` are of other places, the most needed first; ``said`` are sentences on the project's target and
    libraries.

    ``sources`` are the files of the callers. ``callers_complete`` says that all callers are known and that the search was not cut,
    ``callers_certain`` that each one that was found, tests aside, calls for certain, and at once; ``doubts`` are sentences on those that do not.
    ``settled`` are those of the ``blind_spots`` that tell what was found: nothing is left to look at; ``supposed`` those that names suggest.
    """

    scopes: tuple[Region, ...] = ()
    excerpts: tuple[Excerpt, ...] = ()
    said: tuple[str, ...] = ()
    blind_spots: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    callers_complete: bool = False
    settled: tuple[str, ...] = ()
    supposed: tuple[str, ...] = ()
    callers_certain: bool = False
    doubts: tuple[str, ...] = ()


class Omission(NamedTuple):
    """Source lines (1-based, inclusive) that the model does not get to see, and why.

    ``for_room`` says that a larger budget would show them.
    """

    path: str
    start_line: int
    end_line: int
    why: str
    for_room: bool = True


class Tokens(NamedTuple):
    """Size of the finished prompt against its budget, and how it was counted."""

    prompt: int
    budget: int
    tokenizer: str


class Context(NamedTuple):
    """Everything the model will be told about a selection, and what it will not see.

    ``scopes`` are all scopes of the touched functions and those that callers hold, ``enclosing`` those that hold the
    selection. ``others`` are the files in which callers hold one. ``protections`` say what those of the file that hold the selection
    or a part of it protect. ``callers_complete`` says that all callers are known and were read, ``callers_certain`` that those that were found call for certain, and at once; ``doubts`` are sentences on those that do not. ``settled`` are those of the
    ``blind_spots`` that leave nothing to look at, ``supposed`` those that names suggest; ``said`` is what the repository says in sentences (see :class:`Surroundings`).
    """

    selection: Selection
    outline: Outline
    functions: tuple[Function, ...]
    scopes: tuple[Region, ...]
    enclosing: tuple[Region, ...]
    facts: tuple[Fact, ...]
    excerpts: tuple[Excerpt, ...]
    omitted: tuple[Omission, ...]
    blind_spots: tuple[str, ...]
    verdict: Verdict
    tokens: Tokens
    others: tuple[Source, ...] = ()
    protections: tuple[Protection, ...] = ()
    callers_complete: bool = False
    settled: tuple[str, ...] = ()
    supposed: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    callers_certain: bool = False
    doubts: tuple[str, ...] = ()

    @property
    def unseen(self) -> tuple[str, ...]:
        """The blind spots that leave something to look at, and that nothing suggests either."""
        told = frozenset((*self.settled, *self.supposed))
        return tuple(s for s in self.blind_spots if s not in told)

    @property
    def touched(self) -> tuple[Region, ...]:
        """The scopes that hold the selection, and those that hold a part of it."""
        span, enclosing = self.selection.span, frozenset(self.enclosing)
        partly = (
            s
            for s in self.scopes
            if not s.path and s.span.overlaps(span) and not s.span.contains(span) and s not in enclosing
        )
        return (*self.enclosing, *partly)

    def source_of(self, scope: Region) -> Source:
        """The file that a scope is in: the selection's own, or that of the caller that holds it."""
        if scope.path in ("", self.path):
            return self.selection.source
        return next(s for s in self.others if s.path == scope.path)

    @property
    def path(self) -> str:
        """The file's path as shown: relative to the repository's root, with forward slashes."""
        return self.selection.source.path


class Finding(NamedTuple):
    """Evidence and a question: what was seen, how surely, and what a person has to answer.

    ``about`` has the names and words that tell it from other findings of its rule: with ``at`` it is what a program may know it
    by. ``message`` and ``question`` are for people: nothing is decided by them.
    ``informs`` says that it tells of a change by which nothing is lost: it does not change a verdict.
    """

    rule: str
    severity: Severity
    certainty: Certainty
    message: str
    question: str
    at: Lines
    related: tuple[Lines, ...] = ()
    about: tuple[str, ...] = ()
    informs: bool = False


class Prompt(NamedTuple):
    """What is sent: two texts, the JSON schema of the reply, and the size in tokens."""

    system: str
    user: str
    schema: dict[str, object]
    tokens: Tokens


class Usage(NamedTuple):
    """What the provider says was used. ``cost`` is in US dollars, ``None`` where unknown."""

    prompt_tokens: int | None
    reply_tokens: int | None
    cost: float | None = None


class Completion(NamedTuple):
    """A finished answer as text. A provider never returns a cut, refused or empty one: it raises.

    ``stored`` is the number of the kept review whose answer this is, ``None`` where the model was asked.
    """

    text: str
    provider: str
    model: str
    usage: Usage
    stored: int | None = None


class Evidence(NamedTuple):
    """A line the model cites. ``supported`` says whether the quote is there (or within two lines)."""

    path: str
    line: int
    quote: str
    supported: bool | None = None


class ChecklistAnswer(NamedTuple):
    """One answered item of the checklist."""

    id: str
    question: str
    answer: Answer
    evidence: tuple[Evidence, ...] = ()
    note: str = ""


class Edit(NamedTuple):
    """Replace ``original`` (lines ``start_line`` to ``end_line``, 1-based, inclusive) by ``replacement``.

    ``start_line`` 0 means that only ``original`` says where. ``verbatim`` texts have their line ends, and every line in
    them counts; there ``end_line`` may be ``start_line - 1``: nothing is replaced, and the text goes before ``start_line``.
    """

    path: str
    start_line: int
    end_line: int
    original: str
    replacement: str
    verbatim: bool = False


class Suggestion(NamedTuple):
    """One proposed change. ``unplaced`` says why it, or a part of it, has no certain place in the file.

    ``confidence`` is the model's own, ``None`` where it gives none: nothing is decided by it.
    """

    title: str
    rationale: str
    edits: tuple[Edit, ...]
    unplaced: str = ""
    confidence: Confidence | None = None


class Problem(NamedTuple):
    """A problem that the model reports without an edit. ``shown`` says whether it was shown that line."""

    path: str
    line: int
    severity: Severity
    why: str
    shown: bool | None = None


class Reply(NamedTuple):
    """The model's answer after strict parsing."""

    summary: str
    checklist: tuple[ChecklistAnswer, ...]
    suggestions: tuple[Suggestion, ...]
    problems: tuple[Problem, ...] = ()


class Change(NamedTuple):
    """Lines before an edit and what they are after it. An end before its start means: no line, before that start."""

    before: Lines
    after: Lines
    old: tuple[str, ...]
    new: tuple[str, ...]


class GuardResult(NamedTuple):
    """A suggestion after the guard looked at it. ``reason`` says why it, or a part of it, was not applied."""

    suggestion: Suggestion
    applied: bool
    verdict: GuardVerdict
    findings: tuple[Finding, ...]
    diff: str = ""
    reason: str = ""
    changes: tuple[Change, ...] = ()


class ComparedFile(NamedTuple):
    """A file in two versions, and what the guard says of the change. ``was`` is its path before, ``""`` where it is new.

    Both sources have the path after, or the one before where the file is ``gone``; a version that is not there has no text.
    """

    before: Source
    after: Source
    was: str
    result: GuardResult
    gone: bool = False


class Comparison(NamedTuple):
    """Two versions of some files, compared as one edit. ``given`` is what was asked for.

    ``failed`` has a sentence for each file that could not be compared, ``notes`` on what else there is to know of it.
    """

    given: str
    verdict: GuardVerdict
    files: tuple[ComparedFile, ...]
    failed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those of all files."""
        return tuple(f for file in self.files for f in file.result.findings)


class Review(NamedTuple):
    """The whole result. ``provider`` and ``model`` are ``None`` where no model was asked.

    ``reply`` is the text the model answered with; ``from_store`` the number of the kept review that it was taken from,
    ``None`` where the model was asked. ``ignored`` are hazards of rules that the repository's settings ignore; the guard
    ignores none. ``prompt`` has no secrets; ``bare`` is how many of each kind were sent as they are all the same,
    ``None`` where none could be.
    """

    question: str
    context: Context
    prompt: Prompt
    hazards: tuple[Finding, ...]
    checklist: tuple[ChecklistAnswer, ...]
    suggestions: tuple[GuardResult, ...]
    summary: str = ""
    provider: str | None = None
    model: str | None = None
    usage: Usage | None = None
    status: Literal["complete", "incomplete"] = "complete"
    reply: str = ""
    from_store: int | None = None
    ignored: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    bare: dict[str, int] | None = None
