"""The types that a repository declares, by name, and what a type's name means where it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ctxreview.callgraph.repository.declared import Declared
from ctxreview.callgraph.repository.sources import SourceIndex
from ctxreview.languages import load
from ctxreview.languages.imports import Imports
from ctxreview.model.declarations import EXTENSION, TypeDecl
from ctxreview.model.outline import Outline
from ctxreview.model.source import Source, Span
from ctxreview.outline.symbols.signatures import arity
from ctxreview.outline.symbols.written_names import simple_type


class TypeIndex:
    """The types of a repository, read as far as somebody asks."""

    def __init__(self, sources: SourceIndex) -> None:
        self._sources = sources
        self._language = load(sources.language)

    def named(self, name: str) -> tuple[Declared, ...]:
        """The declarations of types of a simple name."""

        def read() -> tuple[Declared, ...]:
            found: list[Declared] = []
            for path in self._sources.files_with(name):
                if name in self._sources.declared_names(path):
                    made = self._sources.heads(path)
                    found += self._of_file(path, made).get(name, ()) if made is not None else ()
            return tuple(found)

        return self._sources.memo(("types", name), read)

    def _of_file(self, path: str, made: Outline) -> Mapping[str, list[Declared]]:
        """The types of a file by their simple names."""

        def listed() -> dict[str, list[Declared]]:
            found: dict[str, list[Declared]] = {}
            for type_ in made.types:
                found.setdefault(type_.name, []).append(Declared(made, type_))
            return found

        return self._sources.memo_of(path, "types of file", listed)

    def prefetch(self, names: Iterable[str]) -> None:
        """Read the declarations of all of the types, to be asked for one by one later."""
        new = {n for n in names if not self._sources.has_memo(("types", n))}
        self._sources.prefetch_words(new)
        self._sources.prefetch_heads(
            p for n in sorted(new) for p in self._sources.files_with(n) if n in self._sources.declared_names(p)
        )

    def parts(self, declared: Declared) -> tuple[Declared, ...]:
        """All parts of a type, the given one among them."""
        words, head = (
            self._language.words,
            declared.type.opening,
        )  # most types are not partial, and their words need not be distinguished
        if declared.type.kind != EXTENSION and words.parts.search(declared.outline.source.data, *head) is None:
            return (declared,)
        if words.partial.isdisjoint(declared.modifiers):
            return (declared,)

        def grouped() -> dict[str, tuple[Declared, ...]]:
            parts: dict[str, list[Declared]] = {}
            for one in self.named(declared.name):
                parts.setdefault(one.qualified, []).append(one)
            return {qualified: tuple(listed) for qualified, listed in parts.items()}

        by_qualified = self._sources.memo(("parts", declared.name), grouped)
        return by_qualified.get(declared.qualified, (declared,))

    def resolve(self, written: str, around: Outline, at: Span) -> tuple[Declared, ...]:
        """The declarations that a type's name can mean at a place: those of one type, or of several where it is open."""
        home = around.type_of(at)
        key = "resolve", written, around.source.path, home.qualified if home is not None else ""
        return self._sources.memo(key, lambda: self._resolved(written, around, home))

    def _resolved(self, written: str, around: Outline, home: TypeDecl | None) -> tuple[Declared, ...]:
        written = self._without_alias(written, around.source)
        name, count = simple_type(written), arity(written)
        found = [t for t in self.named(name) if _arity(t.type) == count]
        if len({t.qualified for t in found}) <= 1:
            return tuple(found)
        for space in _enclosing(home):
            near = [
                t
                for t in found
                if _namespace(t.qualified) == space or written.startswith(_namespace(t.qualified) + ".")
            ]
            if near:
                return tuple(near)
        own = self._imports_of(around.source)
        used = own.imported | own.members
        imported = [t for t in found if _namespace(t.qualified) in used]
        return tuple(imported or found)

    def _without_alias(self, written: str, source: Source) -> str:
        """A type's name as written, or what it is another name for.

        Global names are those of one project, which is not known: a type that is declared under the name comes first.
        """
        name = written.rstrip("?")
        alias = self._imports_of(source).aliases.get(name)
        if alias is None or (name not in self._language.imports(source.data).aliases and self.named(name)):
            return written
        return alias

    def _imports_of(self, source: Source) -> Imports:
        """What a file imports, and what any file imports for all."""
        own = self._language.imports
        return self._sources.memo(("imports", source.path), lambda: own(source.data).over(self.shared_imports))

    @property
    def shared_imports(self) -> Imports:
        """What the imports of all files that hold in a whole project say together."""

        def read() -> Imports:
            found = Imports()
            for word in self._language.words.shared_import:
                for path in self._sources.files_with(word):  # in generated code the word is on every line
                    found = self._language.imports(self._sources.text_of(path), shared=True).over(found)
            return found

        return self._sources.memo(("shared imports",), read)

    def imports_members(self, source: Source, type_: TypeDecl) -> bool:
        """Whether a file imports the members of a type."""
        return type_.qualified in self._imports_of(source).members


def _enclosing(home: TypeDecl | None) -> list[str]:
    """The names of a type and of the types and namespaces around it, inner first."""
    name = home.qualified if home is not None else ""
    found = []
    while name:
        found.append(name)
        name = _namespace(name)
    return found


def _namespace(qualified: str) -> str:
    """The namespace or type around a type."""
    return qualified.rpartition(".")[0]


def _arity(type_: TypeDecl) -> int:
    """How many type parameters it has."""
    last = type_.qualified.rpartition(".")[2]
    return int(last.partition("`")[2] or 0)
