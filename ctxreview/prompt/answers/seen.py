"""What was read to answer the checklist: the scopes that it asks about, and the traces of the selected functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from ctxreview.behaviour.effects import Effect, Trace
from ctxreview.behaviour.tracing import trace
from ctxreview.behaviour.version import version
from ctxreview.callgraph.callees import concurrency_tokens
from ctxreview.callgraph.elsewhere import Family
from ctxreview.callgraph.repository.index import Repository
from ctxreview.languages.behaviour import Behaviour, names_of
from ctxreview.model import il
from ctxreview.model.declarations import outermost
from ctxreview.model.facts import Fact
from ctxreview.model.kinds import Answer
from ctxreview.model.phrases import listed
from ctxreview.model.phrases import place as lines_text
from ctxreview.model.regions import NO_SCOPE, Region
from ctxreview.model.review import Context, Excerpt
from ctxreview.model.source import Source, Span
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.regex import regex

_CALLS = regex(r"\)\s*:\s*\w")
"""A type's head that gives its base a value."""


class Place(NamedTuple):
    """A line (1-based) that proves an answer, and what is there, for people."""

    source: Source
    line: int
    what: str


class Found(NamedTuple):
    """An answer with the ``places`` that prove a yes; ``why`` says what was read, what was not, or what else is known."""

    answer: Answer
    places: Sequence[Place] = ()
    why: str = ""


class Seen:
    """One context, and the effects of its functions as far as they could be followed."""

    def __init__(self, context: Context, repository: Repository | None) -> None:
        self.context = context
        self.source = context.selection.source
        self.is_repository = repository is not None
        self._repository = repository
        self.outline = context.outline if repository is None else Family(repository).linked(context.outline)
        self.members = outermost(context.functions)
        self.about: Behaviour = names_of(self.outline.language)

    # Scopes.

    @cached_property
    def scopes(self) -> tuple[Region, ...]:
        """The scopes that the checklist means: those that hold the selection or a part of it, else those of its functions.

        What is only assumed and what holds nothing is left out.
        """
        touched = tuple(filter(_holds, self.context.touched))
        return touched or tuple(s for s in self.context.scopes if not s.path and _holds(s))

    @cached_property
    def is_held(self) -> bool:
        """Whether one of them is known to hold the selection, or a part of it."""
        return any(map(_holds, self.context.touched))

    @cached_property
    def own(self) -> tuple[Region, ...]:
        """Those of the :attr:`scopes` that the selected functions take."""
        return tuple(s for s in self.scopes if not s.path)

    @cached_property
    def of_callers(self) -> tuple[Region, ...]:
        """Those that callers hold around all of the selected function."""
        return tuple(s for s in self.scopes if s.path)

    def name(self, scope: Region) -> str:
        """A scope as it is told to people: what it is, on what, and where."""
        on = f" on {scope.resource}" if scope.resource and scope.kind == "lock" else ""
        where = f" of {scope.path}" if scope.path not in ("", self.context.path) else ""
        first, last = self.context.source_of(scope).lines_of(scope.span)
        return f"{scope.construct}{on} ({lines_text(first, last)}{where})"

    @property
    def named_scopes(self) -> str:
        """All :attr:`scopes`, as they are told to people."""
        return listed([self.name(s) for s in self.scopes])

    def none_found(self) -> Found | None:
        """The answer to what is asked of a scope where none holds the selection; ``None`` where one does."""
        if self.is_held:
            return None
        if self.context.verdict == "no-scope-found":
            return Found("no", (), f"No scope holds the selection. Read: {self.read_members} and all its callers.")
        return Found("cannot-tell", (), "Whether a scope holds the selection is not known: see what is not visible.")

    # What was read.

    @property
    def names(self) -> str:
        """The names of the selected functions."""
        return listed([m.name for m in self.members]) or "the selection"

    @property
    def read_members(self) -> str:
        """The selected functions with their lines."""
        return listed([f"{m.name}, {lines_text(*self.source.lines_of(m.span))}" for m in self.members]) or "no function"

    def read_with(self, effects: Iterable[Effect]) -> str:
        """The selected functions, and those in which some of their effects are."""
        called = dict.fromkeys(e.path[0] for e in effects if e.path)
        more = f", with {listed(list(called))}, which it calls" if called else ""
        return f"Read: {self.read_members}{more}."

    @cached_property
    def broken(self) -> str:
        """What stands against a no about the text of the functions; empty where nothing does."""
        errors = [
            e for e in self.outline.parse.errors if any(m.span.overlaps(Span(e.start, e.end + 1)) for m in self.members)
        ]
        if not self.members:
            return "The selection lies outside every function."
        return f"The parser could not read line {self.source.line_of(errors[0].start)}." if errors else ""

    @property
    def not_all_statements(self) -> str:
        """What stands against a no about each statement of the functions; empty where nothing does."""
        if self.broken or len(self.units) == len(self.members):
            return self.broken
        return "The statements of the function were not read one by one."

    @cached_property
    def traces(self) -> tuple[Trace, ...]:
        """The effects of the functions, those of helpers in place of their calls."""
        found = (trace(self.outline, m) for m in self.members)
        return tuple(t for t in found if t is not None)

    @cached_property
    def not_followed(self) -> str:
        """What stands against a no about what the functions do; empty where nothing does."""
        if self.broken:
            return self.broken
        if len(self.traces) < len(self.members):
            return "What the functions do was not traced."
        missed = next((s for t in self.traces for s in t.unseen), "")
        return f"{missed}." if missed else ""

    @cached_property
    def effects(self) -> tuple[tuple[Trace, Effect], ...]:
        """The effects under the :attr:`scopes`, each with its trace."""
        own = self.own
        return tuple(
            (t, e)
            for t in self.traces
            for e in t.effects
            if self.is_under(e) and not any(s.opens_in(e.span) for s in own)
        )

    def is_under(self, effect: Effect) -> bool:
        """Whether an effect happens under one of the :attr:`scopes`."""
        if self.of_callers and not effect.traits & {"later", "unawaited", "dropped"}:
            return True
        return any(h.region.span == s.span and h.region.opening == s.opening for h in effect.holds for s in self.own)

    def facts(self, kind: str) -> Iterator[Fact]:
        """The facts of a kind that happen under the :attr:`scopes`, in the functions' own text."""
        for fact in self.context.facts:
            if fact.kind == kind and self.holder(fact.span) is not None:
                yield fact

    def holder(self, span: Span) -> Region | None:
        """The scope under which the code at a place runs, the functions' own before their callers'."""
        for scope in self.own:
            if (
                self.outline.runs_under(span, scope)
                and not scope.opens_in(span)
                and not any(g.contains(span) for g in scope.excluded)
            ):
                return scope
        inner = self.outline.function_of(span)
        if self.of_callers and inner in self.context.functions:
            return self.of_callers[0]
        return None

    @cached_property
    def units(self) -> tuple[il.Unit, ...]:
        """The functions in the intermediate language."""
        every = version(self.outline).units
        return tuple(unit for m in self.members if (unit := every.get(m.span)) is not None)

    @cached_property
    def _parents(self) -> dict[int, il.Node]:
        return {id(child): node for unit in self.units for node in il.walk(unit) for child in il.children(node)}

    def around(self, node: il.Node) -> Iterator[il.Node]:
        """The nodes around one of a function, innermost first."""
        above = self._parents.get(id(node))
        while above is not None:
            yield above
            above = self._parents.get(id(above))

    @cached_property
    def nodes(self) -> tuple[il.Node, ...]:
        """What the functions are made of under the :attr:`scopes`."""
        every = (n for unit in self.units for n in il.walk(unit.body))
        return tuple(n for n in every if self.holder(self._made_at(n)) is not None)

    def _made_at(self, node: il.Node) -> Span:
        """Where a node is evaluated: a function that is a value, where it is made and not where it runs."""
        if isinstance(node, (il.Lambda, il.Unit, il.Argument)) and (above := self._parents.get(id(node))) is not None:
            return self._made_at(above)
        return node.span

    def concurrency_tokens(self) -> Iterator[Excerpt]:
        """The concurrency tokens, declared in other files, of what the functions read."""
        if self._repository is not None:
            yield from concurrency_tokens(self.outline, self.context.functions, self._repository)

    def unread_creations(self) -> Iterator[il.Create]:
        """The objects that are made under the :attr:`scopes` by constructors of which it is not known what they do."""
        for node in self.nodes:
            if isinstance(node, il.Create) and not self._only_keeps(node):
                yield node

    def _only_keeps(self, node: il.Create) -> bool:
        """Whether making an object does nothing but keep what it is given, as far as its type tells."""
        kind = simple_type_or_array(node.type)
        lists = ("collections", "concurrent", "immutable", "signals", "made")
        if (
            not kind
            or kind == "[]"
            or any(kind in self.about.of(n) for n in lists)
            or kind.endswith(tuple(self.about.of("made_suffix")))
        ):
            return True
        if self._repository is None:
            return False
        known = self._repository.types.resolve(node.type, self.outline, node.span)
        made = [f for d in known for f in d.functions if f.kind == "constructor"]
        return bool(known) and not any(_CALLS.search(d.outline.source.text(d.type.opening)) for d in known) and not made

    # Places.

    def at(self, effect: Effect, what: str) -> Place:
        """The line of an effect, in the selected file."""
        return Place(self.source, effect.at.start_line, what)

    def at_span(self, span: Span, what: str) -> Place:
        """The line on which a place of the selected file begins."""
        return Place(self.source, self.source.line_of(span.start), what)

    def opening(self, scope: Region, what: str) -> Place:
        """The line that opens a scope, in its file."""
        there = self.context.source_of(scope)
        return Place(there, there.line_of(scope.opening.start), what)


def _holds(scope: Region) -> bool:
    return scope.mode not in NO_SCOPE and scope.certainty != "assumed"


def called(effect: Effect, source: Source | None = None) -> str:
    """A call of what was not read, with its line; with ``source``, where it is in the function's own text, as that has it."""
    name = effect.key.removeprefix(f"{effect.kind} ")
    written = source.text(effect.span).partition("(")[0] if source is not None and not effect.path else ""
    if _WRITTEN.fullmatch(written):
        name = written
    if not _PATH.fullmatch(name):  # on something that has no name: only what is called can be told
        name = effect.name
    return f"{name} (line {effect.at.start_line})"


_WRITTEN = regex(r"[\w.?!]+")
_PATH = regex(r"[\w.<>?,\[\]]+")
