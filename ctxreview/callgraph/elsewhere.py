"""What other files declare, for the traces of one version of a repository: the members of a type, and methods called on values.

Only what is asked for is looked for, by a search of the text; a file is outlined whole once a member of it is needed. How much
is looked for is bounded, and :attr:`Family.cut` says what was left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ctxreview.callgraph.callees import called_names
from ctxreview.callgraph.repository.declared import Declared
from ctxreview.callgraph.repository.index import Repository
from ctxreview.languages import load
from ctxreview.model.declarations import Function
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span
from ctxreview.outline.symbols.signatures import signature
from ctxreview.outline.symbols.written_names import simple_type
from ctxreview.regex import regex
from ctxreview.workspace.code_of_tests import is_test_code

MOST_FILES = 20
"""Files that are outlined whole for one comparison, and as many more for each further file that is edited in it."""
MOST_BYTES = 600_000
"""Bytes of these, for each file that is edited."""
MOST_ASKING = 60
"""Functions whose words are looked for in the repository, for each edited file; those beyond only find what was looked for before."""
MOST_EDITED = 10
"""Edited files that count for these limits."""
MOST_USERS = 8
"""Files that are read since they may use the same state."""
EVERYDAY = 200
"""Files with a method's name from which on it is not looked for among those that are called on values."""

_TYPE_NAME = regex(r"\b[A-Z]\w+")


class Family:
    """The outlines of one version of a repository that know each other: those that are given, and those that they lead to.

    ``changed`` are the names of what an edit changes, by the paths of their files, ``leading`` those of functions that call it.
    """

    def __init__(self, repository: Repository, edited: int = 1, decided: dict[str, bool] | None = None) -> None:
        """``edited`` is how many files the edit changes.

        ``decided`` says of paths whether their files are read. Two versions that are compared have one: else a file that only one of
        them has room for would look like a change.
        """
        self.repository = repository
        self._decided = decided if decided is not None else {}
        self._edited = min(max(edited, 1), MOST_EDITED)
        self.cut: dict[str, None] = {}
        self.changed: dict[str, frozenset[str]] = {}
        self.leading: dict[str, frozenset[str]] = {}
        self._whole: dict[str, Outline | None] = {}
        self._asking: set[tuple[str, Span]] = set()
        self._read = 0
        self._declaring: dict[tuple[str, str, str, str, bool], tuple[tuple[Outline, str], ...]] = {}
        self._extensions: dict[str, tuple[Outline, ...]] = {}

    def linked(self, outline: Outline) -> Outline:
        """An outline whose file is a part of this version, and which asks it what other files declare."""
        made = replace(outline, elsewhere=self)
        if not outline.unread:
            self._whole[outline.source.path] = made
        return made

    def expect(self, functions: Iterable[tuple[Outline, Span]]) -> None:
        """Search for the words of functions that will be traced, in one pass over the text."""
        words: set[str] = set()
        for around, at in functions:
            member = around.member_of(at)
            key = around.source.path, member.span if member is not None else at
            if key in self._asking or len(self._asking) >= MOST_ASKING * self._edited:
                continue
            self._asking.add(key)
            text = around.source.text(key[1])
            mentioned = frozenset(re.findall(r"\w+", text))
            kept = (simple_type(m.declares) for n in mentioned for m in around.named(n))
            own = frozenset(t.name for t in around.types) | frozenset(around.methods)
            words |= {*called_names(text, around.language), *_TYPE_NAME.findall(text), *kept} - own
        self.repository.prefetch_words(words)

    # What is asked of it: see :class:`ctxreview.model.outline.Elsewhere`.

    def declaring(
        self, written: str, name: str, around: Outline, at: Span, *, state: bool
    ) -> tuple[tuple[Outline, str], ...]:
        """Where the type that is ``written`` at a place has ``state`` or a method of this name."""
        home = around.type_of(at)
        key = written, name, around.source.path, home.qualified if home is not None else "", state
        if key not in self._declaring:
            known: tuple[Declared, ...] = ()
            if not written:
                known = (Declared(around, home),) if home is not None else ()
            elif self._may_look_for(simple_type(written), around, at):
                known = self.repository.types.resolve(written, around, at)
            self._declaring[key] = (
                tuple(self._read_for(around, at, self._having(known, name, state=state)))
                if len(_names(known)) == 1
                else ()
            )
        return self._declaring[key]

    def extensions(self, name: str, around: Outline, at: Span) -> tuple[Outline, ...]:
        """The files that have a method of this name which is called on its first argument."""
        if name not in self._extensions:
            found = self._extending(name) if self._may_look_for(name, around, at) else ()
            self._extensions[name] = tuple(o for o, _ in self._read_for(around, at, ((p, "") for p in found)))
        return self._extensions[name]

    def users(self, home: str, name: str, around: Outline, *, reached: bool) -> tuple[Outline, ...]:
        """The other files that may use the state of this name of a type."""
        own = next((t for t in around.types if t.name == home), None)
        known = (Declared(around, own),) if own is not None else self.repository.types.resolve(home, around, Span(0, 0))
        if len(_names(known)) != 1:
            return ()
        parts = self.repository.types.parts(known[0])
        if not reached and len(parts) == 1 and own is not None:
            return ()
        self.repository.prefetch_words((home, name))
        named = self.repository.files_with(name)
        deriving = self.repository.hierarchy.descendants(known[0]) if reached else ()
        near = {d.outline.source.path for one in (*parts, *deriving) for d in self.repository.types.parts(one)}
        direct = re.compile(rf"\b{home}\s*\.\s*{name}\b".encode()) if reached else None
        paths = [
            p
            for p in named
            if p in near or (direct is not None and direct.search(self.repository.text_of(p)) and not is_test_code(p))
        ]
        self.cut.update(dict.fromkeys(paths[MOST_USERS:]))  # they may use it otherwise
        found = (self.file(p) for p in paths[:MOST_USERS] if p != around.source.path)
        return tuple(o for o in found if o is not None)

    def relatives(self, home: str, name: str, around: Outline, *, family: bool) -> tuple[Outline, ...] | None:
        """The other files with the name in the parts of a type, or in the types above and below it too; ``None`` where not all are known."""
        own = next((t for t in around.types if t.name == home), None)
        if own is None:
            return None
        known, types = Declared(around, own), self.repository.types
        above, unknown = self.repository.hierarchy.ancestors(known) if family else ((), ())
        contract = load(around.language).words.contract
        if any(not contract or re.match(contract, base) is None for base in unknown):
            return None
        self.repository.prefetch_words((home, name))
        every = (known, *above, *(self.repository.hierarchy.descendants(known) if family else ()))
        near = {d.outline.source.path for one in every for d in types.parts(one)} - {around.source.path}
        named = [p for p in self.repository.files_with(name) if p in near]
        found = tuple(o for p in named[:MOST_USERS] if (o := self.file(p)) is not None)
        return found if len(found) == len(named) else None

    def naming(self, home: str, name: str, around: Outline) -> tuple[Outline, ...]:
        """The first other files, but tests, with the name of a type and that of a member."""
        self.repository.prefetch_words((home, name))
        of_type = frozenset(self.repository.files_with(home)) - {around.source.path}
        paths = [p for p in self.repository.files_with(name) if p in of_type and not is_test_code(p)]
        return tuple(o for p in paths[:MOST_USERS] if (o := self.file(p)) is not None)

    def changed_beside(self, path: str) -> frozenset[str]:
        """The names of functions that the edit changes in other files than this one."""
        every = (*self.changed.items(), *self.leading.items())
        return frozenset(name for where, names in every if where != path for name in names)

    def file(self, path: str) -> Outline | None:
        """The outline of a file with all its bodies; ``None`` where it cannot be read, or too much was."""
        if path not in self._whole:
            source = self.repository.source(path)
            size = len(source.data) if source is not None else 0
            others = len(self._whole) - len(self.changed)
            if source is None:
                return None
            fits = others < MOST_FILES * self._edited and self._read + size <= MOST_BYTES * self._edited
            if not self._decided.setdefault(path, fits):
                return None
            self._read += size
            made = self.repository.whole(path)
            self._whole[path] = replace(made, elsewhere=self) if made is not None else None
        return self._whole[path]

    def _may_look_for(self, word: str, around: Outline, at: Span) -> bool:
        """Whether a word was looked for, or may be."""
        self.expect([(around, at)])
        return len(self._asking) < MOST_ASKING * self._edited or self.repository.has_searched(word)

    def _read_for(self, around: Outline, at: Span, wanted: Iterable[tuple[str, str]]) -> Iterator[tuple[Outline, str]]:
        """Files with what is wanted of each; what is not read for a function that the edit changes is noted."""
        member = around.member_of(at)
        asks = member is not None and member.name in self.changed.get(around.source.path, ())
        for path, name in wanted:
            there = self.file(path)
            if there is not None:
                yield there, name
            elif asks:
                self.cut[path] = None

    def _having(self, known: tuple[Declared, ...], name: str, *, state: bool) -> Iterator[tuple[str, str]]:
        """The parts of a type, those above it, and then what implements it, that have state or a method of the name."""
        for part in self._upwards(known):
            if part.type.kind == "enum":  # a constant's name says as much as its value
                continue
            if state and _has_state(part, name):
                yield part.outline.source.path, part.name
            elif not state and (own := _methods(part, name)):
                if _have_body(own):
                    yield part.outline.source.path, part.name
                else:
                    yield from self._implementing(part, name)

    def _upwards(self, known: tuple[Declared, ...]) -> Iterator[Declared]:
        seen: set[tuple[str, Span]] = set()
        for one in known:
            for part in (
                *self.repository.types.parts(one),
                *(p for a in self.repository.hierarchy.climb(one) for p in self.repository.types.parts(a)),
            ):
                key = part.outline.source.path, part.type.span
                if key not in seen:
                    seen.add(key)
                    yield part

    def _implementing(self, part: Declared, name: str) -> Iterator[tuple[str, str]]:
        """The one type that can be made and derives from another; doubles for tests are not counted beside others."""
        below = self.repository.hierarchy.descendants(part)
        made = [d for d in below if d.type.kind != "interface" and "abstract" not in d.modifiers]
        meant = [d for d in made if not is_test_code(d.outline.source.path)] or made
        if len(_names(meant)) == 1:
            having = (up for up in self._upwards(tuple(meant)) if _have_body(_methods(up, name)))
            yield from ((up.outline.source.path, up.name) for up in having)

    def _extending(self, name: str) -> list[str]:
        paths = self.repository.files_with(name)
        if len(paths) > EVERYDAY:
            return []
        marks = "|".join(load(self.repository.language).words.receiving)
        before = r"\s*(?:<[^<>()]{0,200}>)?\s*\(\s*(?:\[[^\]]{0,200}\]\s*)?"
        head = re.compile(rf"{name}(?<!\w{name}){before}(?:{marks})\s".encode())
        return [p for p in paths if head.search(self.repository.text_of(p)) and not is_test_code(p)]


def _names(known: Iterable[Declared]) -> set[str]:
    return {d.qualified for d in known}


def _has_state(part: Declared, name: str) -> bool:
    given = signature(part.outline.source.text(part.type.opening), part.name, load(part.outline.language))
    return any(part.type.span.contains(m.span) for m in part.outline.named(name)) or any(
        p.name == name for p in given.parameters
    )


def _methods(part: Declared, name: str) -> list[Function]:
    return [f for f in part.functions if f.name == name]


def _have_body(methods: list[Function]) -> bool:
    """Whether one of some functions of a name is more than a declaration."""
    return any(f.opening.end < f.span.end for f in methods)
