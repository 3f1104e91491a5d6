"""A language is data: a package with ``language.toml``, ``constructs.toml`` and ``outline.scm``.

``language.toml`` says which files are meant, what roles the grammar's nodes play and where it keeps the parts that the
outline reads; ``outline.scm`` says which nodes are functions, types, scopes and facts, in a closed vocabulary
of captures; ``constructs.toml`` says which API names open a transaction, take a lock or read and write, and
``queries.toml``, where there is one, tells the language's queries from ordinary calls.
Names are in a table and not in the patterns: tree-sitter takes two to four milliseconds to compile each
pattern over a call, so that the catalogue as a query would cost half a second at every start.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import Any, NamedTuple, get_args

import tree_sitter

from ctxreview.errors import SourceError
from ctxreview.languages.imports import Imports, no_imports
from ctxreview.languages.masked import Masked
from ctxreview.languages.patterns import Patterns, parse
from ctxreview.languages.shape import Shape, shape_of
from ctxreview.languages.syntax import Syntax
from ctxreview.languages.words import NOTHING, Words
from ctxreview.model.kinds import Effect, FactKind, Form, Mode, RegionKind
from ctxreview.model.regions import Isolation, Wrappers

PACKAGES: dict[str, str] = {"csharp": f"{__name__}.csharp"}
"""The languages that there are: the name of each, and the Python package with its data and hooks."""

CAPTURES = frozenset(
    {
        "function",  # a function-like member, a local function or a lambda
        "function.run",  # one statement of code outside any member; all of them are one function
        "type",
        "member",  # a field, property or event: state, or the header around accessors
        "scope.lock",  # this statement is the lock scope, its first named child or keyword the resource
        "scope.subject",  # holds what its subject opened until its own end
        "scope.subject.rest",  # the same, until the end of the enclosing statement list
        "call",
        "new",
        "attribute",
        "text",  # a string literal
        "local",  # with a name field: declares a local variable or parameter
        "comment",
        "fact.write",
        "fact.await",
        "fact.exit",
    }
)
"""The closed vocabulary; an unknown capture is an error when the language is loaded."""


class Construct(NamedTuple):
    """One entry of the catalogue: an API that opens a transaction or takes a lock, with both its ends.

    ``creates`` are type names in an object creation, ``opens`` calls whose result holds the scope until
    it is disposed, ``acquires`` and ``releases`` the two calls of a pair on one receiver (a dotted entry
    such as ``Monitor.Enter`` names the receiver too, and then the first argument is the resource),
    ``runs`` calls that run their lambda argument under the scope, ``attributes`` marks on a member, ``modifiers`` the same by
    keywords. ``types`` are the
    declared types of what is acquired, which make an acquire certain; ``wrapper`` is the index of a wrapper that was read in the repository, ``flows`` whether what it opens follows an await; ``on`` is a regular expression that the
    receiver of ``opens`` and ``runs`` must match, and that of ``acquires`` and ``releases`` where its type is not known;
    ``provider`` is one for the receivers, by name or declared type, whose ``isolation`` is known to be the documented one: of
    another one, what it passes on is not known; ``reruns`` says that what it ``runs`` may run more than once; ``arguments`` is the least number of arguments of ``opens``, ``counted`` that made with nothing in it, it is a signal and no lock, and ``given`` a regular expression that they must match.
    """

    construct: str
    kind: RegionKind
    creates: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()
    acquires: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    modifiers: tuple[str, ...] = ()
    completes: tuple[str, ...] = ()
    mode: Mode = "exclusive"
    isolation: Isolation | None = None
    async_flow: str | None = None
    types: tuple[str, ...] = ()
    on: str = ""
    note: str = ""
    arguments: int = 0
    given: str = ""
    provider: str = ""
    wrapper: int | None = None
    counted: bool = False
    flows: bool | None = None
    reruns: bool = False

    @property
    def resolved(self) -> bool:
        """Whether it was read in the repository."""
        return self.wrapper is not None


class Looks(NamedTuple):
    """What is assumed to hold a scope of a kind by its name alone; ``""`` for nothing.

    Regular expressions for the names of what a ``using`` calls or creates (``opens``), of what it takes something from (``on``)
    by a call (``takes``), of calls that are given a lambda (``runs``), and of what runs one (``runner``) by a call of a general
    name (``running``).
    """

    kind: RegionKind
    opens: str
    runs: str
    on: str = ""
    takes: str = ""
    runner: str = ""
    running: str = ""


class Texts(NamedTuple):
    """Where a text goes, by the names of what it is given to: regular expressions.

    Calls and objects that send SQL, that tell people or compare, those on what people are told by, calls that only put texts
    together, and variables that hold a message.
    """

    sends: str = NOTHING
    tells: str = NOTHING
    told_by: str = NOTHING
    composes: str = NOTHING
    message: str = NOTHING


@dataclass(frozen=True, eq=False)
class Language:
    """One language: how to parse it and what its constructs mean."""

    name: str
    shape: Shape
    constructs: tuple[Construct, ...]
    facts: Mapping[str, Effect]
    marks: Mapping[str, FactKind]
    sql: Sequence[Mapping[str, Any]]
    texts: Texts
    looks_like: tuple[Looks, ...]
    grammar: tree_sitter.Language
    patterns: Patterns
    syntax: Syntax
    words: Words
    disposals: frozenset[str]
    """The calls that end what holds a scope, whether or not it was completed."""
    completed_by_leaving: frozenset[Form]
    """The forms of transactions that are completed where they are left, but by an exception; others are undone without a completing call."""
    gives_service: str
    """A regular expression for calls that give an object of the type which is their type argument."""
    lock_named: str
    """A regular expression for the names of a type's own methods that tell that they take or release a lock."""
    fences: frozenset[str]
    """What fenced code of the language is marked with in Markdown; ``""`` where it is not marked."""
    empty: frozenset[int] = frozenset()
    """The wrappers, by their index, whose bodies open nothing."""

    @cached_property
    def normalise(self) -> Callable[..., Any] | None:
        """What rewrites source that the grammar cannot read, where the language has such a pass."""
        return self._pass("normalise")

    @cached_property
    def skim(self) -> Callable[..., Any] | None:
        """What blanks the bodies that nobody asks for, where the language has such a pass."""
        return self._pass("skim")

    @cached_property
    def first_token(self) -> Callable[..., Any] | None:
        """What tells where a declaration begins whose attributes are compiled under conditions, where there are such."""
        return self._pass("first_token")

    @cached_property
    def lower(self) -> Callable[..., Any] | None:
        """What turns a tree into units of the intermediate language, where the language has such a pass."""
        return self._pass("lower")

    @cached_property
    def imports(self) -> Callable[..., Imports]:
        """What tells what a file imports, by its text; a keyword ``shared`` asks only for what holds in its whole project."""
        return self._pass("imports") or no_imports

    @cached_property
    def lex(self) -> Callable[[bytes], Masked]:
        """What distinguishes code from comments and literals; without such a pass all of a text is code."""
        return self._pass("lex") or Masked.whole

    def has(self, hook: str) -> bool:
        """Whether the language has the hook of that name."""
        return (folder_of(self.name) / f"{hook}.py").exists()

    def _pass(self, name: str) -> Callable[..., Any] | None:
        if not self.has(name):
            return None
        found: Callable[..., Any] = getattr(import_module(f"{PACKAGES[self.name]}.{name}"), name)
        return found

    def data(self, name: str) -> Mapping[str, Any]:
        """One of the language's files of data; empty where it has no such file."""
        return data(self.name, name)

    def parser(self, read: list[tree_sitter.Range]) -> tree_sitter.Parser:
        """A new parser of these ranges, of all where there are none: one that threads shared would get another's ranges."""
        return tree_sitter.Parser(self.grammar, included_ranges=read)

    def named(self, field: str) -> frozenset[str]:
        """The names under ``field`` without the receivers that some ask for."""
        return _named(self, field)

    @cached_property
    def completions(self) -> frozenset[str]:
        """The calls that complete or release what any construct opens."""
        opening = (c for c in self.constructs if c.opens or c.creates)
        return frozenset(name for c in opening for name in (*c.completes, *c.releases))

    def is_ambient(self, construct: str) -> bool:
        """Whether a transaction of that construct is joined by what is called under it, without being handed over."""
        return any(c.construct == construct and c.async_flow is not None for c in self.constructs)

    def completing(self, construct: str) -> frozenset[str]:
        """The calls that complete scopes of that construct."""
        return _completing(self, construct)

    def table(self, field: str) -> Mapping[str, tuple[Construct, ...]]:
        """The constructs by the names they list under ``field``, such as ``opens``."""
        return _table(self, field)


@cache
def _table(language: Language, field: str) -> Mapping[str, tuple[Construct, ...]]:
    names: dict[str, tuple[Construct, ...]] = {}
    for construct in language.constructs:
        for name in getattr(construct, field):
            names[name] = (*names.get(name, ()), construct)
    return names


@cache
def _named(language: Language, field: str) -> frozenset[str]:
    return frozenset(entry.rpartition(".")[2] for entry in _table(language, field))


@cache
def _completing(language: Language, construct: str) -> frozenset[str]:
    return frozenset(name for c in language.constructs if c.construct == construct for name in c.completes)


@cache
def folder_of(name: str) -> Path:
    """The folder of a language's package."""
    spec = find_spec(PACKAGES[name])
    if spec is None or spec.origin is None:
        raise ValueError(f"{name}: there is no package {PACKAGES[name]}")
    return Path(spec.origin).parent


@cache
def data(language: str, name: str) -> Mapping[str, Any]:
    """A file of a language's data, such as ``queries.toml``; empty where it has none."""
    path = folder_of(language) / name
    return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}


@cache
def load(name: str) -> Language:
    """The language of that name in :data:`PACKAGES`.

    Raises :class:`ValueError` for an unknown capture, key, role, field, node type or form in its data, and where it has no
    extensions, grammar or shape. All of its files but ``language.toml`` and ``outline.scm`` may be missing.
    """
    about, catalogue = data(name, "language.toml"), data(name, "constructs.toml")
    for key in ("extensions", "grammar", "shape"):
        if key not in about:
            raise ValueError(f"{name}/language.toml: there is no {key}")
    shape = shape_of(about["shape"], f"{name}/language.toml")
    grammar = tree_sitter.Language(import_module(about["grammar"]).language())
    patterns = parse((folder_of(name) / "outline.scm").read_text("utf-8"))
    unknown = {p.capture for p in patterns} - CAPTURES
    if unknown:
        raise ValueError(f"{name}/outline.scm: unknown capture {', '.join(sorted(unknown))}")
    completed = frozenset(catalogue.get("completed_by_leaving", ()))
    if not completed.issubset(get_args(Form)):
        raise ValueError(f"{name}/constructs.toml: completed_by_leaving has a form that there is not")
    return Language(
        name=name,
        shape=shape,
        constructs=tuple(_construct(row) for row in catalogue.get("scope", ())),
        facts={called: kind for kind, names in catalogue.get("fact", {}).items() for called in names},
        marks={mark: kind for kind, names in catalogue.get("mark", {}).items() for mark in names},
        sql=catalogue.get("sql", ()),
        texts=Texts(**catalogue.get("texts", {})),
        looks_like=tuple(Looks(kind, **row) for kind, row in catalogue.get("looks_like", {}).items()),
        grammar=grammar,
        patterns=Patterns(patterns, shape.bodies, shape.leaves, grammar),
        words=Words(about.get("words", {}), f"{name}/language.toml"),
        disposals=frozenset(catalogue.get("disposals", ())),
        completed_by_leaving=completed,
        gives_service=catalogue.get("gives_service", NOTHING),
        lock_named=catalogue.get("lock_named", NOTHING),
        fences=frozenset(("", name, *about.get("fences", ()))),
        syntax=Syntax(about.get("roles", {}), about.get("fields", {}), grammar, f"{name}/language.toml"),
    )


def _construct(row: dict[str, Any]) -> Construct:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    if "isolation" in values:
        values["isolation"] = Isolation(**values["isolation"])
    return Construct(**values)


@cache
def with_wrappers(language: Language, wrappers: Wrappers) -> Language:
    """``language`` with a project's own names: calls whose result, or whose lambda, is under a lock or transaction."""
    kinds: tuple[tuple[RegionKind, tuple[str, ...]], ...] = (
        ("lock", wrappers.lock),
        ("transaction", wrappers.transaction),
    )
    own = tuple(
        Construct(name, kind, opens=(name,), runs=(name,), note="Listed in the project's settings.")
        for kind, names in kinds
        for name in names
    )
    read = tuple(
        Construct(
            w.construct or w.name,
            w.kind or "lock",
            opens=(w.name,) if w.opens else (),
            runs=() if w.opens else (w.name,),
            completes=w.completes,
            mode=w.mode,
            isolation=w.isolation,
            note=w.note,
            wrapper=i,
            flows=w.async_flow,
        )
        for i, w in enumerate(wrappers.found)
    )
    empty = frozenset(i for i, w in enumerate(wrappers.found) if w.kind is None)
    own = (*read, *own)
    return replace(language, constructs=(*own, *language.constructs), empty=empty) if own else language


def extensions() -> Mapping[str, str]:
    """File extension (lower case, with its dot) to language name, of every language there is."""
    return _extensions(tuple(PACKAGES))


@cache
def _extensions(names: tuple[str, ...]) -> Mapping[str, str]:
    return {extension: name for name in names for extension in data(name, "language.toml")["extensions"]}


def language_of(path: str) -> Language:
    """The language of a file, by its extension. Raises :class:`SourceError` when there is none for it."""
    name = extensions().get(PurePath(path).suffix.lower().rstrip())
    if name is None:
        known = ", ".join(sorted(extensions()))
        raise SourceError(f"{path}: the language of this file is not supported; ctxreview reads {known}.")
    return load(name)
