"""Who calls a function, from where, and how surely: one step up, by what the repository says.

A call counts as ``resolved`` where a declaration and what the call is made on agree, as ``assumed`` where only the
name does; what is known to call something else is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import takewhile
from typing import NamedTuple

from ctxreview.callgraph.index import Declared, Repository
from ctxreview.model.declarations import EXTENSION, Function, TypeDecl
from ctxreview.model.facts import Argument, Reference
from ctxreview.model.kinds import Certainty
from ctxreview.model.outline import Outline, contained_in
from ctxreview.model.source import Span
from ctxreview.outline.symbols.signatures import Cost, Signature, constraints, cost, extension, is_inferred, signature
from ctxreview.outline.symbols.written_names import simple_type, without_self

MAX_TEXT = 1_500_000
"""Bytes of them: parsing that much takes half a second."""
MAX_FILES = 150
"""Files read for one name at most: a name in more of them is everybody's, and says little."""

LOCAL = ("local function",)
UNNAMED = ("lambda", "operator", "conversion operator", "finalizer", "indexer", "top-level statements")
"""Functions whose uses have no name that a search could find."""


class Callee(NamedTuple):
    """The function whose callers are looked for, in the outline of its file."""

    outline: Outline
    function: Function

    @property
    def type(self) -> TypeDecl | None:
        """The type that declares it."""
        return self.outline.type_of(self.function.span)

    @property
    def name(self) -> str:
        """The name that stands where it is used: a constructor's type, an accessor's property."""
        if self.function.kind == "accessor":
            return self.function.name.rpartition(".")[0]
        return self.function.name

    @property
    def head(self) -> str:
        """The text of its head; an accessor's property's."""
        holder = None
        if self.function.kind == "accessor":
            holder = next((m.span for m in self.outline.members if m.span.contains(self.function.span)), None)
        start = holder.start if holder is not None else self.function.span.start
        return self.outline.source.text(Span(start, max(start, self.function.opening.end)))

    @property
    def name_at(self) -> int:
        """The byte offset of its name."""
        head = self.outline.source.data[self.function.span.start : self.function.opening.end]
        return self.function.span.start + max(
            0, head.find(self.name.encode() + b"(", 0), head.rfind(self.name.encode())
        )

    @property
    def signature(self) -> Signature:
        """Its signature; with the receiver first where an ``extension`` block declares one."""
        own, home = signature(self.head, self.name), self.type
        if home is None or home.kind != EXTENSION:
            return own
        return extension(own, self.outline.source.text(home.opening))

    @property
    def is_iterator(self) -> bool:
        """Whether its body runs when somebody goes through what it gives, and not where it is called."""
        own = (
            f for f in contained_in(self.function.span, self.outline.facts) if f.kind == "exit" and f.name == "yield"
        )
        return any(self.outline.function_of(f.span) == self.function for f in own)

    @property
    def shown(self) -> str:
        """``Type.Method``, as chains and sentences name it."""
        return shown(self.outline, self.function)


class CallSite(NamedTuple):
    """A place that calls the target; ``doubt`` says in words what makes it only ``assumed``."""

    outline: Outline
    reference: Reference
    certainty: Certainty
    doubt: str = ""

    @property
    def line(self) -> int:
        """The 1-based line of the call's name."""
        return self.outline.source.line_of(self.reference.name_span.start)

    @property
    def place(self) -> str:
        """``path:line``."""
        return f"{self.outline.source.path}:{self.line}"


class CallSites(NamedTuple):
    """The calls of one target.

    ``open_`` are sentences on callers that cannot be known: a framework's, or too many files to read. ``size`` are the
    bytes of the files that were read for them, now or before.
    """

    calls: tuple[CallSite, ...]
    open_: tuple[str, ...] = ()
    size: int = 0


def shown(outline: Outline, function: Function) -> str:
    """``Type.Method`` of the member around a function; ``top-level statements`` outside every type."""
    member = outline.member_of(function.span) or function
    home = outline.type_of(member.span)
    if home is None:
        return "top-level statements" if member.kind == "top-level statements" else member.name
    return f"{home.name}.{'field' if member.kind == 'lambda' else member.name}"


def calls(target: Callee, repository: Repository) -> CallSites:
    """The places that call the target, in order of path and line."""
    function = target.function
    if function.kind in LOCAL:
        return CallSites(tuple(_local_calls(target, repository)))
    if function.kind in UNNAMED or not target.name.isidentifier():
        return CallSites((), (f"Who uses {target.shown} is not searched: a {function.kind} has no name to look for.",))
    home = target.type
    if home is None:
        return CallSites(())
    family = OverrideSet(target, Declared(target.outline, home), repository)
    paths, left = family.paths()
    found = []
    own = target.name.encode()
    read = repository.outlines_for([p for p in paths if own in repository.text(p)], family.words)
    repository.look_up(simple_type(name) for o in read for r in o.references for name in (r.type, r.root) if name)
    for outline in read:
        found += [c for r in outline.references if (c := family.call(outline, r)) is not None]
    size = sum(len(repository.text(p)) for p in paths)
    return CallSites(tuple(found), (*family.open_, *left, *_unparsed(target, read)), size)


def _unparsed(target: Callee, read: Sequence[Outline]) -> Iterator[str]:
    """A sentence on files that name the target where the parser lost its way: a call there may have been missed."""
    broken = [o for o in read if o.parse.errors]
    if broken:
        source, at = broken[0].source, broken[0].parse.errors[0].start
        more = f" and {len(broken) - 1} more files" if len(broken) > 1 else ""
        yield (
            f"{source.path}{more} could not be parsed whole (line {source.line_of(at)}): calls of {target.name} there may "
            "be missed."
        )


def reaches(target: Callee, outline: Outline, used: Iterable[Reference], repository: Repository) -> Iterator[CallSite]:
    """Those of the uses of the target's name in a file that are calls of it."""
    home = target.type
    if home is not None:
        key = "family", target.outline.source.path, str(target.function.span.start)
        family = repository.memo(key, lambda: OverrideSet(target, Declared(target.outline, home), repository))
        yield from (c for r in used if (c := family.call(outline, r)) is not None)


def _local_calls(target: Callee, repository: Repository) -> Iterator[CallSite]:
    """The calls of a local function: its name, in the member around it."""
    member = target.outline.member_of(target.function.span) or target.function
    outline = repository.outline_for(target.outline.source.path, {target.name})
    for reference in outline.references if outline is not None else ():
        if (
            outline is not None
            and not reference.receiver
            and member.span.contains(reference.name_span)
            and reference.form in ("call", "name")
        ):
            yield CallSite(outline, reference, "resolved")


class OverrideSet:
    """The types over which the target can be reached, and what tells its calls from others of the name."""

    def __init__(self, target: Callee, home: Declared, repository: Repository) -> None:
        self.target = target
        self.repository = repository
        self.home = home
        self.signature = target.signature
        self.private = _is_private(target)
        self.creates = target.function.kind == "constructor"
        self.words = {target.name}
        self._declaring: dict[str, bool] = {}

    @cached_property
    def parts(self) -> tuple[Declared, ...]:
        """All parts of the target's type."""
        return self.repository.parts(self.home)

    @cached_property
    def _up(self) -> tuple[tuple[Declared, ...], tuple[str, ...]]:
        return ((), ()) if self.private else self.repository.ancestors(self.home)

    @property
    def above(self) -> tuple[Declared, ...]:
        """The types of the repository that it derives from."""
        return self._up[0]

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of its other bases."""
        return self._up[1]

    @cached_property
    def below(self) -> tuple[Declared, ...]:
        """The types that derive from it."""
        closed = self.private or self.home.modifiers & {"sealed", "static"}
        return () if closed else self.repository.descendants(self.home)

    @cached_property
    def _below_names(self) -> frozenset[str]:
        return frozenset(t.scope.qualified for t in self.below)

    @cached_property
    def declaring(self) -> tuple[Declared, ...]:
        """Those above it that declare the member."""
        return tuple(t for t in self.above if self._declares(t))

    @cached_property
    def reached(self) -> frozenset[str]:
        """The types over which the member can be the target."""
        return frozenset(t.scope.qualified for t in (self.home, *self.declaring, *self._inheriting()))

    # --- where to look ---------------------------------------------------------------------------------------

    def paths(self) -> tuple[list[str], list[str]]:
        """The files that may hold calls, and a sentence where not all of them are read."""
        own = [p.outline.source.path for p in self.parts]
        if self.private:
            return sorted(own), []
        home = self.home
        self.repository.prefetch_words([self.target.name, home.scope.name, *map(simple_type, home.bases), "global"])
        hits = self.repository.files(self.target.name)
        if self.signature.extends or self.signature.on or self.creates:
            near = list(hits)
        else:
            types = {t.scope.name for t in (self.home, *self.above, *self.below)}
            types |= {a for a, of in self.repository.global_usings.aliases.items() if simple_type(of) in types}
            self.repository.prefetch_words(types)
            named = {p for t in types for p in self.repository.files(t)}
            near = [p for p in hits if p in named or p in own]
            far = [p for p in hits if p not in named and p not in own]
            if len(far) <= MAX_FAR:
                near = sorted((*near, *far))  # a receiver of a type that is not written down, such as a var
            elif far:
                return self._nearest(near), [
                    f"{len(far)} more files name something {self.target.name} and none of the types that declare it; "
                    "they were not read."
                ]
        read = self._nearest(near)
        if len(read) < len(near):
            return read, [
                f"{self.target.name} stands in {len(near)} files; the {len(read)} nearest were read for calls of it."
            ]
        return near, []

    def _nearest(self, paths: Sequence[str]) -> list[str]:
        """As many files as may be read, those first that share the most folders with the target's."""
        own = self.target.outline.source.path.split("/")

        def apart(path: str) -> tuple[int, str]:
            same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(own, path.split("/"), strict=False)))
            return -same, path

        kept: list[str] = []
        size = 0
        for path in sorted(paths, key=apart)[:MAX_FILES]:
            size += len(self.repository.text(path))
            if kept and size > MAX_TEXT:
                break
            kept.append(path)
        return sorted(kept)

    # --- which types -----------------------------------------------------------------------------------------

    def _declares(self, type_: Declared) -> bool:
        """Whether a type declares a member that the target overrides or implements."""
        name = type_.scope.qualified
        if name not in self._declaring:
            self._declaring[name] = any(self._same(f, p) for p in self.repository.parts(type_) for f in p.functions)
        return self._declaring[name]

    def _same(self, function: Function, part: Declared) -> bool:
        other = Callee(part.outline, function)
        if other.name != self.target.name:
            return False
        return len(other.signature.parameters) == len(self.signature.parameters)

    def _inheriting(self) -> Iterator[Declared]:
        """The derived types that have the target's code: those that do not declare the member anew."""
        if not self.creates:
            yield from (t for t in self.below if not self._declares(t))

    @property
    def open_(self) -> tuple[str, ...]:
        """Why somebody outside the repository may call the target."""
        if self.private or self.creates:
            return ()
        home, name = self.home.scope.name, self.target.shown
        if self.home.scope.qualified in self.repository.cut:
            return (f"More types derive from {home} than were read: calls of {name} on them may be missed.",)
        if not self.unknown:
            return ()
        overrides = "override" in self.signature.modifiers and not self.declaring
        interfaces = [u for u in self.unknown if u[:1] == "I" and u[1:2].isupper() and u not in PLAIN]
        if overrides:
            return (
                f"{name} overrides a member of {', '.join(self.unknown)}, which is not in this repository: what calls it, and under which transaction or lock, is not known.",
            )
        if interfaces and not self.declaring and "public" in self.signature.modifiers:
            return (
                f"{home} implements {', '.join(interfaces)}, which is not in this repository: who calls {name} through it is not known.",
            )
        return ()

    # --- which calls -----------------------------------------------------------------------------------------

    def call(self, outline: Outline, reference: Reference) -> CallSite | None:
        """The reference as a call of the target, or ``None`` where it is one of something else."""
        if self.creates:
            return self._creation(outline, reference)
        if reference.form not in ("call", "name") or (reference.local and not reference.receiver):
            return None
        if reference.writes and self.target.function.kind == "method":
            return None  # a property of that name
        read = self.target.function.kind in ("accessor", "property")
        if read and (reference.form != "name" or not self._by_access(reference)):
            return None
        reached = self._reach(outline, reference)
        if reached is None:
            return None
        certainty, doubt = reached
        if reference.form == "call":
            told = self._overload(reference)
            if told is None:
                return None
            if told:
                certainty, doubt = "assumed", told
        return CallSite(outline, reference, certainty, doubt)

    def _by_access(self, reference: Reference) -> bool:
        kind = self.target.function.name.rpartition(".")[2] if self.target.function.kind == "accessor" else "get"
        return reference.writes if kind in ("set", "init") else not reference.writes

    def _creation(self, outline: Outline, reference: Reference) -> CallSite | None:
        if reference.form != "new":
            return None
        known = self.repository.resolve(reference.name, outline, reference.name_span)
        if known and self.home.scope.qualified not in {t.scope.qualified for t in known}:
            return None
        told = self._overload(reference)
        return None if told is None else CallSite(outline, reference, "assumed" if told else "resolved", told)

    def _reach(self, outline: Outline, reference: Reference) -> tuple[Certainty, str] | None:
        """How surely a use of the name is one of the target, by what it is made on; ``None`` for another's."""
        on = reference.receiver
        if on in ("", "this", "base") and reference.type == "":
            return self._reach_inside(outline, reference)
        if self.signature.extends:
            return self._reach_extension(outline, reference)
        if self.signature.on and simple_type(reference.type) == simple_type(self.signature.on):
            return "resolved", ""
        if not reference.type and reference.form == "call":
            reference = reference._replace(type=self._chained(outline, reference))
        if not reference.type and _gives_a_collection(on):
            return None
        if not reference.type:
            return "assumed", f"the type of {on} is not told by the file"
        return self._reach_typed(outline, reference)

    def _reach_typed(self, outline: Outline, reference: Reference) -> tuple[Certainty, str] | None:
        """A use on something of a type that the file tells; of a type parameter, by what it has to be."""
        limits = _limits(outline, reference)
        if limits:
            reached = (self._reach_declared(outline, reference._replace(type=limit), False) for limit in limits)
            return next((found for found in reached if found is not None), None)
        return self._reach_declared(outline, reference, limits is not None)

    def _reach_declared(self, outline: Outline, reference: Reference, parameter: bool) -> tuple[Certainty, str] | None:
        """``parameter`` says that the type is a type parameter, which may be anything."""
        on = reference.receiver
        known = self.repository.resolve(reference.type, outline, reference.name_span) if not parameter else ()
        if not known:
            near = simple_type(reference.type) == self.home.scope.name
            parameter = parameter or re.fullmatch(r"[A-Z]|T[A-Z]\w*", simple_type(reference.type)) is not None
            if near or parameter or simple_type(reference.type) in ("var", "dynamic", "object"):
                return "assumed", f"the type of {on} is not told by the file"
            return (
                ("assumed", f"{simple_type(reference.type)} is not declared in this repository")
                if self._may_be(reference)
                else None
            )
        names = {t.scope.qualified for t in known}
        if self.home.scope.qualified not in names and names.isdisjoint(self.reached):
            return None
        if len(names) > 1:
            return "assumed", f"{simple_type(reference.type)} is the name of {len(names)} types"
        return "resolved", ""

    def _chained(self, outline: Outline, reference: Reference) -> str:
        """The type of a receiver such as ``_services.Orders``, by what its parts are declared as in the repository."""
        parts = without_self(reference.receiver).replace("?", "").replace("!", "").split(".")
        if not all(p.isidentifier() for p in parts):
            return ""
        if not reference.root and not (parts[0][:1].isupper() or parts[0].startswith("_")):
            return ""  # a local variable whose type is not written
        if reference.root:
            return self.repository.member_type(reference.root, parts[1:], outline, reference.name_span)
        home = next(
            iter(outline.types_around(reference.name_span)), None
        )  # a member of another part, or an inherited one
        return self.repository.member_type(home.name, parts, outline, reference.name_span) if home is not None else ""

    def _may_be(self, reference: Reference) -> bool:
        """Whether a receiver of a type from elsewhere can be the target's: where the target's type has unknown bases."""
        return simple_type(reference.type) in self.unknown

    def _reach_inside(self, outline: Outline, reference: Reference) -> tuple[Certainty, str] | None:
        """A use on the object itself, or without a receiver."""
        around = outline.types_around(reference.name_span)
        if reference.receiver:
            around = around[:1]
        for n, type_ in enumerate(around):
            static = "static" in self.signature.modifiers
            if n > 0 and not static:
                break
            home = type_.qualified
            if reference.receiver == "base":
                return self._reach_base(Declared(outline, type_))
            if home == self.home.scope.qualified:
                return "resolved", ""
            if home in self.reached:
                return "resolved", ""
            if home in self._below_names:
                return None  # it declares the member anew
        bare = reference.receiver == "" and "static" in self.signature.modifiers
        return ("resolved", "") if bare and self.repository.imports_members(outline.source, self.home.scope) else None

    def _reach_base(self, type_: Declared) -> tuple[Certainty, str] | None:
        """A use on ``base`` in a type: it means the nearest declaration above."""
        for above in self.repository.climb(type_):
            name = above.scope.qualified
            if name == self.home.scope.qualified:
                return "resolved", ""
            if name not in self.reached and above.scope.kind != "interface" and self._declares(above):
                return None
        return None

    def _reach_extension(self, outline: Outline, reference: Reference) -> tuple[Certainty, str] | None:
        """A call of an extension method, on a value or by its class."""
        if simple_type(reference.type) == self.home.scope.name:
            return "resolved", ""
        wanted = simple_type(self.signature.extends)
        if not reference.type:
            return "assumed", f"the type of {reference.receiver} is not told by the file"
        if simple_type(reference.type) == wanted:
            return "resolved", ""
        known = self.repository.resolve(reference.type, outline, reference.name_span)
        above = [t.scope.name for k in known for t in self.repository.ancestors(k)[0]]
        return ("resolved", "") if wanted in above else None

    def _overload(self, reference: Reference) -> str | None:
        """``""`` where the call is the target's, a doubt in words where it may be another overload's, ``None`` where it is."""
        extended = bool(self.signature.extends) and simple_type(reference.type) != self.home.scope.name
        given = reference.arguments
        if reference.generic and reference.generic != self.signature.generic:
            return None
        own = _cost(self.signature, given, extended)
        if own is None or not (reference.generic or is_inferred(self.signature)):
            return None
        doubt = False
        for other in self._others:
            if reference.generic != other.generic if reference.generic else not is_inferred(other):
                continue
            theirs = _cost(other, given, extended)
            if theirs is None or theirs > own:
                continue
            # A method without type parameters is the better one only where its parameters are of the same types.
            open_ = theirs.converted == own.converted and own.generic and not all(a.shape for a in given)
            if theirs < own and not open_:
                return None
            doubt = True
        return f"its arguments fit another overload of {self.target.name} as well" if doubt else ""

    @cached_property
    def _others(self) -> list[Signature]:
        """The signatures of the other functions of the name in the type."""
        own = self.target.function
        found = []
        for part in self.parts:
            for function in part.functions:
                other = Callee(part.outline, function)
                is_own = part.outline.source.path == self.target.outline.source.path and function.span == own.span
                if other.name == self.target.name and not is_own and function.kind == own.kind:
                    found.append(other.signature)
        return [s for s in found if not self._is_other_part(s)]

    def _is_other_part(self, other: Signature) -> bool:
        """Whether it is the same partial method, declared once and implemented once."""
        own = self.signature
        same = [p.type for p in other.parameters] == [p.type for p in own.parameters]
        return same and "partial" in own.modifiers & other.modifiers


def _limits(outline: Outline, reference: Reference) -> tuple[str, ...] | None:
    """The types that a receiver is at least whose type is a type parameter; ``None`` where it is none."""
    around: tuple[Function | TypeDecl, ...] = (
        *outline.functions_around(reference.name_span),
        *outline.types_around(reference.name_span),
    )
    found: dict[str, tuple[str, ...] | None] = {}
    waiting = [reference.type.rstrip("?")]
    while waiting:
        type_ = waiting.pop()
        if type_ not in found:
            heads = (constraints(outline.source.text(s.opening), s.name, type_) for s in around if type_.isidentifier())
            found[type_] = next((of for of in heads if of is not None), None)
            waiting += found[type_] or ()
    if found[reference.type.rstrip("?")] is None:
        return None
    return tuple(type_ for type_, of in found.items() if of is None)


_COLLECTED = re.compile(r"\.(\w+)(?:<[^<>]*>)?\([^()]*(?:\([^()]*\)[^()]*)*\)$")


def _gives_a_collection(receiver: str) -> bool:
    """Whether a receiver is what a call of .NET's own gives that is a collection or text, and no type of a repository."""
    found = _COLLECTED.search(receiver)
    return found is not None and found[1] in COLLECTING


COLLECTING = frozenset(
    ["Where", "Select", "SelectMany", "FindAll", "ToList", "ToArray", "ToDictionary", "ToHashSet", "ToLookup", "OrderBy",
     "OrderByDescending", "ThenBy", "GroupBy", "Distinct", "Take", "Skip", "Concat", "Union", "Cast", "OfType", "Reverse",
     "AsEnumerable", "AsQueryable", "ToString", "Trim", "Split", "Substring", "Replace", "ToLower", "ToUpper", "Join"]
)  # fmt: skip

PLAIN = frozenset(
    ["IDisposable", "IAsyncDisposable", "IEnumerable", "IAsyncEnumerable", "IEnumerator", "IQueryable", "IEquatable",
     "IComparable", "IComparer", "IEqualityComparer", "ICloneable", "IFormattable", "ICollection", "IList", "IDictionary",
     "IReadOnlyCollection", "IReadOnlyList", "IReadOnlyDictionary", "ISet", "IServiceProvider", "INotifyPropertyChanged",
     "INotifyPropertyChanging", "IObservable", "IConvertible", "ISerializable", "IListSource", "IOrderedQueryable"]
)  # fmt: skip
"""Interfaces of .NET's own whose few members have names that say so: another member is not called through them."""

MAX_FAR = 20
"""Files that name the target and none of its types: up to here they are read, for receivers whose type is not written."""


def _cost(declared: Signature, given: Sequence[Argument], extended: bool) -> Cost | None:
    return cost(declared.without_receiver() if extended and declared.extends else declared, given)


def _is_private(target: Callee) -> bool:
    """Whether only its own type can name it: C#'s default for a member of a class or struct."""
    home = target.type
    if home is None or home.kind in ("interface", "enum"):
        return False
    declared = target.signature
    if declared.interface:
        return False
    if target.function.kind == "accessor":
        own = target.outline.source.text(target.function.opening).split()
        if "private" in own:
            return True
    return not declared.modifiers & {"public", "protected", "internal"}
