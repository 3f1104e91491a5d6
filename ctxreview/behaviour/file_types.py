"""The types that a file declares, what derives from what, and which types and calls a language's lists know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from ctxreview.languages import Language, load
from ctxreview.languages.behaviour import Behaviour, behaviour_of
from ctxreview.model.declarations import Nesting
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span
from ctxreview.outline.symbols.types import queries
from ctxreview.outline.symbols.written_names import simple_type_or_array


class FileTypes:
    """A file as its types say. All that is asked of it is made once."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.language: Language = load(outline.language)
        self.about: Behaviour = behaviour_of(self.language)
        self.queries = queries(self.language)
        self.nesting = Nesting(outline.types)

    @cached_property
    def homes(self) -> frozenset[str]:
        """The names of the types that the file declares."""
        return frozenset(t.name for t in self.outline.types)

    @cached_property
    def parents(self) -> Mapping[str, tuple[str, ...]]:
        """The types that each type of the file derives from, by simple name, as far as the file declares them."""
        from ctxreview.outline.symbols.signatures import bases

        text = self.outline.source.text
        return {
            t.name: tuple(
                b
                for w in bases(text(t.opening), t.name, self.language)
                if (b := simple_type_or_array(w)) in self.homes and b != t.name
            )
            for t in self.outline.types
        }

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """The types of the file that derive from each."""
        found: dict[str, tuple[str, ...]] = {}
        for child, every in self.parents.items():
            for parent in every:
                found[parent] = (*found.get(parent, ()), child)
        return found

    def lineage(self, home: str) -> Iterator[str]:
        """A type and those that it derives from, nearest first."""
        seen, waiting = {home}, [home]
        while waiting:
            at = waiting.pop(0)
            yield at
            for parent in self.parents.get(at, ()):
                if parent not in seen:
                    seen.add(parent)
                    waiting.append(parent)

    @cached_property
    def types_around(self) -> Mapping[str, tuple[str, ...]]:
        """The types around each type."""
        return {t.name: tuple(o.name for o in self.nesting.around(t.span)[1:]) for t in self.outline.types}

    def is_reference(self, type_: str) -> bool:
        """Whether a variable of an immutable type, as written, is one reference, which is read in one step."""
        name = simple_type_or_array(type_)
        held = any(t.name == name and t.kind in ("struct", "enum") for t in self.outline.types)
        return name not in self.about.of("values") and not held

    def is_concurrent(self, type_: str) -> bool:
        """Whether each operation on values of a type, as written, is made for several threads."""
        return simple_type_or_array(type_) in self.about.of("concurrent")

    def is_signal(self, type_: str) -> bool:
        """Whether values of a type are only taken, signalled or cancelled."""
        return simple_type_or_array(type_) in self.about.of("signals")

    def is_source(self, name: str, type_: str) -> bool:
        """Whether a value is a context, session or repository, by its name or declared type."""
        kind = simple_type_or_array(type_)
        if kind in self.queries.memory or kind in self.queries.values:
            return False
        return name.lower().endswith(self.queries.sources) or kind.lower().endswith(self.queries.sources)

    @cached_property
    def places(self) -> Mapping[str, Span]:
        """Where the file declares its types."""
        return {t.name: t.span for t in self.outline.types}

    @cached_property
    def catalogued(self) -> frozenset[str]:
        """Calls of which it is known what they do, on whatever they are called."""
        lists = ("pure", "changes", "copies", "runs_now", "waits", "calls_it")
        known = self.queries.linq | self.queries.through | self.queries.asking | frozenset(self.language.facts)
        return known.union(*map(self.about.of, lists))

    @cached_property
    def catalogued_types(self) -> frozenset[str]:
        """Types of which it is known what calls on them do, and ``""`` and ``[]``."""
        lists = (
            "immutable",
            "values",
            "collections",
            "concurrent",
            "signals",
            "atomic_on",
            "volatile_on",
            "pure_on",
            "task_types",
            "untyped",
        )
        known = self.queries.memory | self.queries.values | {"", "[]"}
        return known.union(*map(self.about.of, lists))
