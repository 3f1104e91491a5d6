"""What the rest of the repository says of a name: outlines of the files that hit, types by name and how they derive.

Each file is read at most once for each set of names that is asked for, however many selections ask.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain as chain_of
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from ctxreview.languages import extensions
from ctxreview.model.declarations import EXTENSION, Function, TypeDecl
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Wrapper, Wrappers
from ctxreview.model.source import Source, Span
from ctxreview.outline import outline
from ctxreview.outline.symbols.names import places, whole
from ctxreview.outline.symbols.signatures import arity, bases, modifiers
from ctxreview.outline.symbols.written_names import simple_type
from ctxreview.processes import cores, parallel_map
from ctxreview.workspace.files import Workspace, read, search, workspace
from ctxreview.workspace.files import words as every_word

T = TypeVar("T")

NO_SOURCE = Source("", b"")

MAX_PASSES = 40
"""Searches of the text before all its words are read into a table, which costs as much as forty of them."""
MAX_TABLE = 12_000
"""Files up to which that table is made: it takes memory in proportion to the text."""
MAX_DERIVING = 60
"""Files read for the types that derive from one: :attr:`Repository.cut` has those with more."""
MAX_HELD = 12_000_000
"""Bytes of files whose outlines are kept from selection to selection: an outline takes several times its file."""
MIN_SHARED = 400_000
"""Bytes of files from which on several processes outline them: with fewer, starting them takes longer than they save."""
MAX_CLIMB = 64
"""Types looked at on the way up from one to its bases."""


class Declared(NamedTuple):
    """One declaration of a type: a whole one, or a part."""

    outline: Outline
    scope: TypeDecl

    @property
    def bases(self) -> tuple[str, ...]:
        """The types it derives from, as written."""
        return bases(self.outline.source.text(self.scope.opening), self.scope.name)

    @property
    def modifiers(self) -> frozenset[str]:
        """The words before its keyword, such as ``static`` and ``partial``."""
        if self.scope.kind == EXTENSION:
            return frozenset(("static", "partial"))
        return modifiers(self.outline.source.text(self.scope.opening), self.scope.name)

    @property
    def functions(self) -> Sequence[Function]:
        """The function-like members of this part, none of nested types."""
        return self.outline.functions_of(self.scope.span)


class Usings(NamedTuple):
    """What ``using`` directives import: namespaces, the members of types, and other names for types, as written."""

    imported: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = MappingProxyType({})

    def over(self, others: Usings) -> Usings:
        """These and the others; of two aliases this one's."""
        return Usings(
            self.imported | others.imported, self.members | others.members, {**others.aliases, **self.aliases}
        )


_USING = re.compile(
    rb"^[ \t]*+(?:global\s++)?using\s++(?:(static)\s++)?(?:unsafe\s++)?(?:([\w@]++)\s*+=\s*+)?(?:global::)?([^;=()\n]+?)\s*+;",
    re.MULTILINE,
)
_GLOBAL_USING = re.compile(rb"^[ \t]*+global\s++using\b[^;\n]*+;", re.MULTILINE)


def _usings(data: bytes) -> Usings:
    imported, members, aliases = set(), set(), {}
    for static, alias, named in _USING.findall(data):
        name = named.decode("utf-8", "replace")
        if alias:
            aliases[alias.decode("utf-8", "replace")] = name
        elif static:
            members.add(name)
        else:
            imported.add(name)
    return Usings(frozenset(imported), frozenset(members), aliases)


class Repository:
    """The files of a repository, read as far as somebody asks."""

    def __init__(self, place: Workspace, language: str, wrappers: Wrappers) -> None:
        """``language`` is the one whose files are in ``place``."""
        self.place = place
        self.language = language
        self.wrappers = wrappers
        self._hits: dict[str, tuple[str, ...]] = {}
        self._sources: dict[str, Source | None] = {}
        self._outlines: dict[tuple[str, frozenset[str], tuple[Span, ...]], Outline] = {}
        self._together: dict[str, frozenset[str]] = {}
        self._heads: dict[str, Outline] = {}
        self._declared: dict[str, frozenset[str]] = {}
        self._types: dict[str, tuple[Declared, ...]] = {}
        self._parts: dict[str, tuple[Declared, ...]] = {}
        self._bases: dict[tuple[str, Span], tuple[tuple[str, tuple[Declared, ...]], ...]] = {}
        self._usings: dict[str, Usings] = {}
        self._above: dict[str, tuple[tuple[Declared, ...], tuple[str, ...]]] = {}
        self._below: dict[str, tuple[Declared, ...]] = {}
        self._meant: dict[tuple[str, str, str], tuple[Declared, ...]] = {}
        self._made: dict[tuple[str, ...], Any] = {}
        self._texts: dict[str, bytes] = {}
        self.cut: set[str] = set()
        self.parsed = 0
        self._trimmed = 0
        self._passes = 0
        self._words: Mapping[str, tuple[str, ...]] | None = None
        self._origin: Repository | None = None
        self._edited: Source | None = None

    def edited(self, source: Source) -> Repository:
        """The repository with another text of one of its files, as after an edit that is on no disk.

        What was read of the other files is shared.
        """
        other = Repository(self.place, self.language, self.wrappers)
        other._origin = self
        other._sources = {**self._sources, source.path: source}
        other._texts = self._texts
        other._outlines = {key: made for key, made in self._outlines.items() if key[0] != source.path}
        other._heads = {path: made for path, made in self._heads.items() if path != source.path}
        other._declared = {path: names for path, names in self._declared.items() if path != source.path}
        other._edited = source
        return other

    def prefetch_words(self, words: Iterable[str]) -> None:
        """Search for all of the words in one pass over the text, to be asked for one by one later."""
        new = {w for w in words if w not in self._hits and w.isidentifier()}
        if not new:
            return
        if self._origin is not None and self._edited is not None:
            self._origin.prefetch_words(new)
            own = self._edited
            for word in new:
                others = (p for p in self._origin.files(word) if p != own.path)
                here = whole(word.encode()).search(own.data) is not None
                self._hits[word] = tuple(sorted((*others, own.path))) if here else tuple(others)
            return
        self._passes += 1
        if self._words is None and self._passes > MAX_PASSES and len(self.place.paths) <= MAX_TABLE:
            self._words = every_word(self.place, self._texts)
        if self._words is not None:
            self._hits.update((w, self._words.get(w, ())) for w in new)
        else:
            self._hits.update(search(self.place, new, self._texts))

    def read_together(self, names: Iterable[str]) -> None:
        """From now on read the uses of all of the names at once where a file has several of them; they are asked for one by one."""
        wanted = dict.fromkeys(names)
        self.prefetch_words(wanted)
        found: dict[str, list[str]] = {}
        for name in wanted:
            for path in self.files(name):
                found.setdefault(path, []).append(name)
        self._together = {path: frozenset(several) for path, several in found.items() if len(several) > 1}

    def trim(self) -> None:
        """Forget what was read, once it is much; to be called between selections. What was found of words is kept."""
        if self.parsed - self._trimmed > MAX_HELD:
            self._trimmed = self.parsed
            for cache in (
                self._sources,
                self._outlines,
                self._heads,
                self._types,
                self._parts,
                self._bases,
                self._usings,
                self._above,
                self._below,
            ):
                cache.clear()
            self._meant.clear()
            self._made.clear()

    def files(self, word: str) -> tuple[str, ...]:
        """The paths of the files in which the word stands as a whole identifier."""
        self.prefetch_words([word])
        return self._hits.get(word, ())

    def source(self, path: str) -> Source | None:
        """One file; ``None`` where it cannot be read."""
        if path not in self._sources:
            self._sources[path] = read(self.place, path)
        return self._sources[path]

    def text(self, path: str) -> bytes:
        """What :meth:`source` of a file has as data, empty where it cannot be read: where a search has read it, at no cost."""
        if path in self._texts and path not in self._sources:
            return self._texts[path]
        source = self.source(path)
        return source.data if source is not None else b""

    def declared(self, path: str) -> frozenset[str]:
        """The names of types that a file may declare, by its text alone: all that it does are among them."""
        if path not in self._declared:
            self._declared[path] = frozenset(_named_types(self.text(path)))
        return self._declared[path]

    def outline_for(self, path: str, names: Iterable[str], within: tuple[Span, ...] = ()) -> Outline | None:
        """The outline of a file with the references to ``names``; only functions that name one are read inside.

        With ``within``, only the functions at these places, whatever they name.
        """
        key = path, frozenset(names), within
        source = self.source(path)
        if source is None:
            return None
        if key not in self._outlines:
            several = self._together.get(path, key[1])
            if key[1] and key[1] < several and not within and (made := self.outline_for(path, several)) is not None:
                references = tuple(r for r in made.references if r.name in key[1])
                self._outlines[key] = replace(made, references=references)
            else:
                within = within or tuple(places(source.data, key[1]))
                self.parsed += len(source.data)
                self._outlines[key] = outline(source, None, self.wrappers, within, key[1])
            self._heads.setdefault(path, self._outlines[key])
        return self._outlines[key]

    def outlines_for(self, paths: Sequence[str], names: Iterable[str]) -> list[Outline]:
        """:meth:`outline_for` of several files, without those that cannot be read, on every core where there is much to read."""
        wanted = frozenset(names)
        alone = (p for p in paths if not wanted or not wanted < self._together.get(p, wanted))
        missing = (p for p in alone if (p, wanted, ()) not in self._outlines)
        sizes = {p: len(s.data) for p in missing if (s := self.source(p))}
        if sum(sizes.values()) >= MIN_SHARED and cores() > 1:
            new = sorted(sizes, key=lambda p: -sizes[p])  # a large one at the end would be waited for

            def made(path: str) -> Outline | None:
                found = self.outline_for(path, wanted)
                return found and replace(found, source=NO_SOURCE)  # it is here already

            for path, found in zip(new, parallel_map(made, new), strict=True):
                source = self.source(path)
                if found is not None and source is not None:
                    self.parsed += len(source.data)
                    self._outlines[path, wanted, ()] = replace(found, source=source)
                    self._heads.setdefault(path, self._outlines[path, wanted, ()])
        return [found for path in paths if (found := self.outline_for(path, wanted)) is not None]

    def reoutline(self, known: Outline, found: tuple[Wrapper, ...], calls: Iterable[tuple[int, int]]) -> Outline:
        """An outline once more, with further wrappers known, and as much of the file read inside.

        ``calls`` are the offsets of the names of their calls, each with an index in ``found``.
        """
        own = known.wrappers
        there = {w: i for i, w in enumerate((*own.found, *(w for w in dict.fromkeys(found) if w not in own.found)))}
        at = {*own.calls, *((offset, there[found[i]]) for offset, i in calls)}
        wrappers = own._replace(found=tuple(there), calls=tuple(sorted(at)))
        within = tuple(f.span for f in known.outermost if known.has_read(f.span)) if known.unread else None
        names = frozenset(r.name for r in known.references)
        return outline(known.source, None, wrappers, within, names)

    def heads(self, path: str) -> Outline | None:
        """An outline of a file of which nothing but heads is asked: types, members and functions without their bodies.

        Any that was made already will do: all have the heads.
        """
        if path not in self._heads and (made := self.outline_for(path, ())) is not None:
            self._heads[path] = made
        return self._heads.get(path)

    def memo(self, key: tuple[str, ...], made: Callable[[], T]) -> T:
        """What ``made`` gives, made once for each key."""
        if key not in self._made:
            self._made[key] = made()
        found: T = self._made[key]
        return found

    def types(self, name: str) -> tuple[Declared, ...]:
        """The declarations of types of a simple name."""
        if name not in self._types:
            found: list[Declared] = []
            for path in self.files(name):
                if name in self.declared(path):
                    made = self.heads(path)
                    found += self._typed(path, made).get(name, ()) if made is not None else ()
            self._types[name] = tuple(found)
        return self._types[name]

    def _typed(self, path: str, made: Outline) -> Mapping[str, list[Declared]]:
        """The types of a file by their simple names."""

        def listed() -> dict[str, list[Declared]]:
            found: dict[str, list[Declared]] = {}
            for type_ in made.types:
                found.setdefault(type_.name, []).append(Declared(made, type_))
            return found

        return self.memo(("types", path), listed)

    def look_up(self, names: Iterable[str]) -> None:
        """Read the declarations of all of the types, to be asked for one by one later."""
        new = {n for n in names if n not in self._types}
        self.prefetch_words(new)
        self._prepare(p for n in sorted(new) for p in self.files(n) if n in self.declared(p))

    def _prepare(self, paths: Iterable[str]) -> None:
        """Read the heads of files that will be asked for one by one."""
        self.outlines_for([p for p in dict.fromkeys(paths) if p not in self._heads], ())

    def parts(self, declared: Declared) -> tuple[Declared, ...]:
        """All parts of a type, the given one among them."""
        head = declared.scope.opening  # most types are not partial, and their words need not be told apart
        if declared.scope.kind != EXTENSION and declared.outline.source.data.find(b"partial", *head) < 0:
            return (declared,)
        if "partial" not in declared.modifiers:
            return (declared,)
        same = declared.scope.qualified
        if same not in self._parts:
            parts: dict[str, list[Declared]] = {}
            for one in self.types(declared.scope.name):
                parts.setdefault(one.scope.qualified, []).append(one)
            self._parts.update((name, tuple(listed)) for name, listed in parts.items())
        return self._parts.get(same, (declared,))

    def resolve(self, written: str, around: Outline, at: Span) -> tuple[Declared, ...]:
        """The declarations that a type's name can mean at a place: those of one type, or of several where it is open."""
        home = around.type_of(at)
        key = written, around.source.path, home.qualified if home is not None else ""
        if key not in self._meant:
            self._meant[key] = self._resolved(written, around, at)
        return self._meant[key]

    def _resolved(self, written: str, around: Outline, at: Span) -> tuple[Declared, ...]:
        written = self._meant_by(written, around.source)
        name, count = simple_type(written), arity(written)
        found = [t for t in self.types(name) if _arity(t.scope) == count]
        if len({t.scope.qualified for t in found}) <= 1:
            return tuple(found)
        spaces = self._visible(around, at)
        for space in spaces:
            near = [
                t
                for t in found
                if _space(t.scope.qualified) == space or written.startswith(_space(t.scope.qualified) + ".")
            ]
            if near:
                return tuple(near)
        usings = self._usings_of(around.source)
        used = usings.imported | usings.members
        imported = [t for t in found if _space(t.scope.qualified) in used]
        return tuple(imported or found)

    def _visible(self, around: Outline, at: Span) -> list[str]:
        """The types and namespaces around a place, inner first."""
        home = around.type_of(at)
        name = home.qualified if home is not None else ""
        found = []
        while name:
            found.append(name)
            name = _space(name)
        return found

    def _meant_by(self, written: str, source: Source) -> str:
        """A type's name as written, or what it is another name for.

        Global names are those of one project, which is not known: a type that is declared under the name comes first.
        """
        name = written.rstrip("?")
        alias = self._usings_of(source).aliases.get(name)
        if alias is None or (name not in _usings(source.data).aliases and self.types(name)):
            return written
        return alias

    def _usings_of(self, source: Source) -> Usings:
        """What a file's ``using`` directives say, and those that are global, in whatever file."""
        if source.path not in self._usings:
            self._usings[source.path] = _usings(source.data).over(self.global_usings)
        return self._usings[source.path]

    @property
    def global_usings(self) -> Usings:
        """What the ``global using`` directives of all files say together."""
        return self.memo(("global usings",), self._global_usings)

    def _global_usings(self) -> Usings:
        found = Usings()
        for path in self.files("global"):  # in generated code the word stands on every line
            text = self.text(path)
            lines = (hit[0] for hit in _GLOBAL_USING.finditer(text)) if b"global using" in text else ()
            found = _usings(b"\n".join(lines)).over(found)
        return found

    def imports_members(self, source: Source, type_: TypeDecl) -> bool:
        """Whether a file has ``using static`` of a type."""
        return type_.qualified in self._usings_of(source).members

    def member_type(self, written: str, chain: Sequence[str], around: Outline, at: Span) -> str:
        """The declared type of ``chain``, member after member, on a type as written; ``""`` where one is not found."""
        for name in chain:
            known = self.resolve(written, around, at)
            own = (p for t in known for p in self.parts(t))
            parts = chain_of(own, (a for t in known for a in self.climb(t)))
            found = next(
                ((m.declares, p) for p in parts for m in p.outline.named(name) if p.scope.span.contains(m.span)),
                None,
            )
            if found is None:
                return ""
            written, around, at = found[0], found[1].outline, found[1].scope.span
        return written

    def ancestors(self, declared: Declared) -> tuple[tuple[Declared, ...], tuple[str, ...]]:
        """The types that a type derives from, near first, and the names of bases that the repository does not have."""
        if declared.scope.qualified not in self._above:
            self._above[declared.scope.qualified] = self._ancestors(declared)
        return self._above[declared.scope.qualified]

    def _ancestors(self, declared: Declared) -> tuple[tuple[Declared, ...], tuple[str, ...]]:
        unknown: dict[str, None] = {}
        return tuple(self._climb(declared, unknown)), tuple(unknown)

    def climb(self, declared: Declared) -> Iterator[Declared]:
        """:meth:`ancestors` of a type in the repository, each looked for when it is asked for."""
        return self._climb(declared, {})

    def _climb(self, declared: Declared, unknown: dict[str, None]) -> Iterator[Declared]:
        """The types above one, near first, each looked for when it is asked for; names that lead nowhere are noted."""
        waiting = [*self.parts(declared)]
        seen = {declared.scope.qualified}
        while waiting and len(seen) < MAX_CLIMB:
            here = waiting.pop(0)
            for base, known in self._bases_of(here):
                if not known:
                    unknown[simple_type(base)] = None
                for one in known:
                    if one.scope.qualified not in seen:
                        seen.add(one.scope.qualified)
                        yield one
                        waiting += self.parts(one)

    def _bases_of(self, part: Declared) -> tuple[tuple[str, tuple[Declared, ...]], ...]:
        """The bases of a part as written, each with the declarations that it can mean."""
        key = part.outline.source.path, part.scope.span
        if key not in self._bases:
            written = part.bases
            self.look_up(map(simple_type, written))
            self._bases[key] = tuple((b, self.resolve(b, part.outline, part.scope.span)) for b in written)
        return self._bases[key]

    def descendants(self, declared: Declared) -> tuple[Declared, ...]:
        """The types that derive from a type, directly or not."""
        if declared.scope.qualified not in self._below:
            self._below[declared.scope.qualified] = self._descendants(declared)
        return self._below[declared.scope.qualified]

    def _descendants(self, declared: Declared) -> tuple[Declared, ...]:
        found: dict[str, Declared] = {}
        waiting = deque([declared])
        looked = 0
        while waiting and looked <= MAX_DERIVING:
            here = waiting.popleft()
            name = here.scope.name
            if name not in self._hits:
                self.prefetch_words((name, *(w.scope.name for w in waiting)))
            paths = [p for p in self.files(name) if name in self._in_heads(p)]
            self._prepare(paths[: MAX_DERIVING - looked])
            for path in paths:
                looked += 1
                made = self.heads(path) if looked <= MAX_DERIVING else None
                if made is None:
                    continue
                for one, named in self._deriving(path, made).get(name, ()):
                    type_ = one.scope
                    if type_.qualified in found or type_.qualified == declared.scope.qualified:
                        continue
                    known = {t.scope.qualified for b in named for t in self.resolve(b, made, type_.span)}
                    if here.scope.qualified in known:
                        found[type_.qualified] = one
                        waiting.append(one)
        if looked > MAX_DERIVING:
            self.cut.add(declared.scope.qualified)
        return tuple(found.values())

    def _in_heads(self, path: str) -> frozenset[str]:
        """The names that stand in what may be a list of base types in a file."""
        return self.memo(("heads", path), lambda: frozenset(_named_bases(self.text(path))))

    def _deriving(self, path: str, made: Outline) -> Mapping[str, list[tuple[Declared, list[str]]]]:
        """The types of a file by the simple names of their bases, each with the bases of that name as written."""

        def listed() -> dict[str, list[tuple[Declared, list[str]]]]:
            found: dict[str, list[tuple[Declared, list[str]]]] = {}
            for one in (Declared(made, t) for t in made.types):
                by_name: dict[str, list[str]] = {}
                for base in one.bases:
                    by_name.setdefault(simple_type(base), []).append(base)
                for name, named in by_name.items():
                    found.setdefault(name, []).append((one, named))
            return found

        return self.memo(("deriving", path), listed)


_TYPE_WORDS = (b"class", b"struct", b"interface", b"record", b"union")
_NAME = re.compile(rb"\s+@?([\w\x80-\xff]+)")


def _named_types(data: bytes) -> Iterator[str]:
    """What follows the keywords of types: the names of those that are declared, and some words of comments."""
    for word in _TYPE_WORDS:
        at = data.find(word)
        while at >= 0:
            at += len(word)
            if name := _NAME.match(data, at):
                yield name[1].decode("utf-8", "replace")
            at = data.find(word, at)


_HEAD_END = re.compile(rb"[{};]")
_WORD = re.compile(rb"[\w\x80-\xff]+")
_TYPE_HEAD = re.compile(rb"\b(?:class|struct|interface|record|union)\s")


def _named_bases(data: bytes) -> Iterator[str]:
    """What follows the keyword of a type and a colon, up to a brace or semicolon: all base types, and other words."""
    done = 0
    for hit in _TYPE_HEAD.finditer(data):
        if hit.start() < done:
            continue
        start = max(data.rfind(mark, max(0, hit.start() - 2000), hit.start()) for mark in (b"{", b"}", b";")) + 1
        end = _HEAD_END.search(data, hit.end())
        done = end.start() if end is not None else len(data)
        colon = data.find(b":", start, done)
        if colon >= 0:
            yield from (w.decode("utf-8", "replace") for w in _WORD.findall(data, max(colon, hit.end()), done))


def _space(qualified: str) -> str:
    return qualified.rpartition(".")[0]


def _arity(type_: TypeDecl) -> int:
    last = type_.qualified.rpartition(".")[2]
    return int(last.partition("`")[2] or 0)


def open_repository(root: Path, language: str, wrappers: Wrappers) -> Repository:
    """The repository under ``root``, its files listed and none of them read."""
    endings = [extension for extension, name in extensions().items() if name == language]
    return Repository(workspace(root, endings), language, wrappers)
