"""What a simple name stands for at a place: a local variable or parameter, or state that the file declares."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.languages import Language, nodes, parents
from ctxreview.languages.syntax import Syntax
from ctxreview.model.declarations import EXTENSION, Function, Member, Nesting, TypeDecl
from ctxreview.model.facts import StateUse
from ctxreview.model.source import Span
from ctxreview.outline.symbols.object_or_type import ObjectOrType
from ctxreview.regex import regex

if TYPE_CHECKING:
    from tree_sitter import Node

_ARGUMENTS = regex(rb"<[^<>]*+>")
_MOST_PARTS = 16
"""Types of one name in one file that are taken for parts of one: more of them are made up."""
_GENERIC = regex(rb"([\w\x80-\xff]++)\s*+<")
"""What has type parameters or arguments."""
_BASE = regex(rb"(?:\w+\s*+(?:\.|::)\s*+)*(\w+)\s*+(\x00)?")
"""A base as it is named, and a zero for its type arguments."""


class Local(NamedTuple):
    """The declaration of a local variable or parameter, and the function it is declared in."""

    node: Node
    function: Function


class State(NamedTuple):
    """A field, property, event or primary constructor's parameter: ``use`` says which, ``type`` is as declared."""

    use: StateUse
    type: str
    private: bool

    @property
    def static(self) -> bool:
        """Whether all objects share it."""
        return self.use.static


class Names:
    """The names of one file."""

    def __init__(
        self,
        data: bytes,
        whole: bytes,
        language: Language,
        locals_: Iterable[Node],
        members: Iterable[Member],
        functions: Nesting[Function],
        types: Nesting[TypeDecl],
    ) -> None:
        """``data`` is the text that was parsed, ``whole`` the file's, with every body in it."""
        self.functions = functions
        self.types = types
        self.data = data
        self.syntax = syntax = language.syntax
        self.words = language.words
        self.gives_service = language.gives_service
        self._nameless = language.shape.nameless
        self._whole = whole
        self._members = tuple(members)
        self._locals: dict[str, list[Node]] = {}
        self._homes: dict[str, dict[Span, list[tuple[Node, Span | None]]]] = {}
        for node in locals_:
            for name in _declared(node, syntax):
                self._locals.setdefault(name, []).append(node)
        self._visible: dict[Span | None, dict[str, State]] = {}
        self._kinds = ObjectOrType(whole, self.words)
        self._named_bases: dict[Span, list[TypeDecl]] = {}
        self._assigned: dict[Span, frozenset[str]] = {}

    def local(self, name: str, at: Span) -> Local | None:
        """The variable or parameter that ``name`` is at ``at``: the innermost function's own first."""
        if name not in self._locals:
            return None
        if name not in self._homes:
            self._homes[name] = self._by_function(name)
        homes = self._homes[name]
        for function in self.functions.around(at):
            declared = homes.get(function.span)
            if declared is not None:
                above = bisect_right(declared, at.start, key=_start)  # a later one's is only what it is without
                for i in chain(range(above - 1, -1, -1), range(above, len(declared))):
                    node, reach = declared[i]
                    if reach is None or reach.contains(at):
                        return Local(node, function)
        return self._receiver(name, at) if name in self._receivers else None

    def _receiver(self, name: str, at: Span) -> Local | None:
        """What the members of an ``extension`` block are called on: a parameter of each of them."""
        function = self.functions.outermost(at)
        if function is not None:
            for block in self.types.around(at):
                if block.span in self._receivers[name]:
                    return Local(self._receivers[name][block.span], function)
        return None

    @cached_property
    def _receivers(self) -> dict[str, dict[Span, Node]]:
        """The receivers by name and ``extension`` block."""
        found: dict[str, dict[Span, Node]] = {}
        if any(type_.kind == EXTENSION for type_ in self.types.scopes):
            for name, declarations in self._locals.items():
                for node in declarations:
                    block = self._with_head(node)
                    if block is not None and block.kind == EXTENSION:
                        found.setdefault(name, {})[block.span] = node
        return found

    def _with_head(self, node: Node) -> TypeDecl | None:
        """The type that has a parameter in its head."""
        at = nodes.span(node)
        type_ = self.types.innermost(at) if node.type in self.syntax.parameters else None
        return type_ if type_ is not None and type_.opening.contains(at) else None

    def _by_function(self, name: str) -> dict[Span, list[tuple[Node, Span | None]]]:
        """The declarations of a name by function, and how far each reaches; ``None`` where it can be nothing else."""
        is_state = name.encode() in self.declared
        found: dict[Span, list[tuple[Node, Span | None]]] = {}
        for node in self._locals[name]:
            start = node.start_byte
            function = self.functions.innermost(Span(start, start + 1))
            if function is not None:
                found.setdefault(function.span, []).append((node, _reach(node, self.syntax) if is_state else None))
        return found

    def visible(self, at: Span) -> dict[str, State]:
        """The state that code at ``at`` can name: its type's, inherited in this file, and outer types' statics."""
        inner = self.types.innermost(at)
        key = inner.span if inner is not None else None
        if key not in self._visible:
            self._visible[key] = self._seen_from(inner) if inner is not None else {}
        return self._visible[key]

    @property
    def type_names(self) -> Collection[str]:
        """The types that the file declares."""
        return self._named

    def member(self, on: str, name: str, at: Span) -> State | None:
        """The state that ``on.name`` is at ``at``, where ``on`` is ``this`` or a type of this file."""
        if on == self.words.self:
            return self.visible(at).get(name)
        states = (self._own.get(type_.span, {}).get(name) for type_ in self._named.get(on, ()))
        return next((state for state in states if state is not None and state.static), None)

    def is_object(self, name: str) -> bool:
        """Whether the file uses what has its type's name as an object, and nowhere as an enumeration or a class."""
        return self._kinds.is_object(name)

    def type_of_member(self, owner: str, name: str) -> str:
        """The declared type of a member of a type that this file declares, ``""`` where it does not."""
        states = (self._own.get(type_.span, {}).get(name) for type_ in reversed(self._named.get(owner, ())))
        return next((state.type for state in states if state is not None), "")

    @cached_property
    def declared(self) -> frozenset[bytes]:
        """The names of all state that the file declares, and ``field`` where that may be what a property keeps."""
        own = (name.encode() for states in self._own.values() for name in states)
        return frozenset(chain(own, (kept,) if (kept := self.words.backing.encode()) and kept in self.data else ()))

    def bare(self, name: str, at: Span) -> tuple[str, State | None]:
        """The state that a bare name is at ``at`` where it is not a local, and the name that it is told by."""
        return self._backing(name, at) or (name, self.visible(at).get(name))

    def _backing(self, name: str, at: Span) -> tuple[str, State] | None:
        """The property whose own ``field`` is meant at ``at``, and what it keeps; ``None`` where it is none.

        The keyword of C# 14. Where the type has a member of that name, it is taken for the member, as it was before.
        """
        if not name or name != self.words.backing or name in self.visible(at) or self.local(name, at) is not None:
            return None
        for function in self.functions.around(at):
            owner, _, accessor = function.name.partition(".")
            if function.kind == "property" or (function.kind == "accessor" and accessor in self.words.keeping):
                type_ = self.types.innermost(at)
                kept = self._own.get(type_.span, {}).get(owner) if type_ is not None else None
                if kept is None:
                    return None
                return owner, kept._replace(use=StateUse("backing field", kept.static))
        return None

    def _seen_from(self, type_: TypeDecl) -> dict[str, State]:
        seen: dict[str, State] = {}
        for outer in self._around(type_):
            for part in self._parts(outer):
                for name, state in self._own.get(part.span, {}).items():
                    if outer is type_ or state.static:
                        seen.setdefault(name, state)
            for base in self._bases(outer):
                for name, state in self._own.get(base.span, {}).items():
                    if not state.private and (outer is type_ or state.static):
                        seen.setdefault(name, state)
        return seen

    def _around(self, type_: TypeDecl) -> Iterator[TypeDecl]:
        """The type and those it is nested in, inner first."""
        yield from self.types.around(type_.span)

    def _parts(self, type_: TypeDecl) -> list[TypeDecl]:
        """The parts of a partial type in this file; the type alone where it is not partial."""
        if not self._is_partial(type_):
            return [type_]
        return self._partial[type_.name, type_.container, self._generic(type_)]

    @cached_property
    def _partial(self) -> dict[tuple[str, str, bool], list[TypeDecl]]:
        """The parts of the partial types."""
        found: dict[tuple[str, str, bool], list[TypeDecl]] = {}
        for type_ in self.types.scopes:
            if self._is_partial(type_):
                found.setdefault((type_.name, type_.container, self._generic(type_)), []).append(type_)
        return found

    def _is_partial(self, type_: TypeDecl) -> bool:
        return self.words.parts.search(self._head(type_)) is not None

    def _generic(self, type_: TypeDecl) -> bool:
        return type_.name.encode() in _GENERIC.findall(self._head(type_))

    def _head(self, type_: TypeDecl) -> bytes:
        return self.data[type_.opening.start : type_.opening.end]

    def _bases(self, type_: TypeDecl) -> list[TypeDecl]:
        """The types of this file that the type derives from."""
        found: dict[Span, TypeDecl] = {}
        waiting = [type_]
        while waiting:
            for base in self._named_as_bases(waiting.pop()):
                if base.span != type_.span and base.span not in found:
                    found[base.span] = base
                    waiting.append(base)
        return list(found.values())

    def _named_as_bases(self, type_: TypeDecl) -> list[TypeDecl]:
        if type_.span not in self._named_bases:
            head = self._head(type_)
            while (flat := re.sub(rb"\([^()]*\)", b"", head)) != head:
                head = flat  # without attributes' arguments and a primary constructor's parameters
            derived = self.words.derives.search(head)
            bases = derived[1] if derived is not None else b""
            while (flat := _ARGUMENTS.sub(b"\0", bases)) != bases:
                bases = flat
            named = (self._type(word, bool(generic), type_) for word, generic in _BASE.findall(bases))
            self._named_bases[type_.span] = [base for parts in named for base in parts]
        return self._named_bases[type_.span]

    def _type(self, name: bytes, generic: bool, at: TypeDecl) -> list[TypeDecl]:
        """The type of that name, in its parts, as it is seen from another: the one declared nearest."""
        same = self._named.get(name.decode("utf-8", "replace"), [])
        alike = [t for t in same if self._generic(t) == generic] or same
        for outer in (*(t.name for t in self._around(at)), ""):
            near = [t for t in alike if t.container == outer]
            if near:
                return near[:_MOST_PARTS]
        return alike[:_MOST_PARTS]

    @cached_property
    def _named(self) -> dict[str, list[TypeDecl]]:
        """The types by name, which several may have."""
        found: dict[str, list[TypeDecl]] = {}
        for type_ in self.types.scopes:
            found.setdefault(type_.name, []).append(type_)
        return found

    @cached_property
    def _own(self) -> dict[Span, dict[str, State]]:
        """The state that each type declares, by the type's span."""
        found: dict[Span, dict[str, State]] = {}
        for member in self._members:
            type_ = self.types.innermost(Span(member.span.start, member.span.start + 1))
            if type_ is not None:
                state = self._state(member)
                if state is not None:
                    found.setdefault(type_.span, {}).update(
                        (name, state) for name in member.names if name != self._nameless
                    )
        for name, declarations in self._locals.items():
            for node in declarations:
                type_ = self._with_head(node)
                if type_ is not None and type_.kind != EXTENSION:
                    if type_.kind == "record":
                        use = StateUse("property")
                    else:
                        use = StateUse("parameter", readonly=not self._is_assigned(name, type_))
                    declares = nodes.text(self.syntax.type(node))
                    found.setdefault(type_.span, {})[name] = State(use, declares, private=False)
        return found

    def _is_assigned(self, parameter: str, type_: TypeDecl) -> bool:
        """Whether the type's code gives its parameter another value, or may do so in another file."""
        if self._is_partial(type_):
            return True
        if type_.span not in self._assigned:
            found = b" ".join(
                b" ".join(filter(None, m.groups())) for m in self.words.written.finditer(self._whole, *type_.span)
            )
            self._assigned[type_.span] = frozenset(re.findall(r"\w+", found.decode("utf-8", "replace")))
        return parameter in self._assigned[type_.span]

    def _state(self, member: Member) -> State | None:
        """``None`` for a constant, which is not a state, for an indexer, and for what only an interface's name reaches."""
        if not self.words.constants.isdisjoint(member.modifiers) or member.explicit or member.kind == "indexer":
            return None
        sharing = (self.words.shared, self.words.volatile, self.words.kept)
        static, volatile, readonly = (not words.isdisjoint(member.modifiers) for words in sharing)
        use = StateUse(member.kind, static, volatile, readonly)
        return State(use, member.declares, private=self.words.reached.isdisjoint(member.modifiers))


def _start(declaration: tuple[Node, Span | None]) -> int:
    return declaration[0].start_byte


def _reach(declaration: Node, syntax: Syntax) -> Span | None:
    """The block in which a variable is known; ``None`` for a parameter, which is known in all of its function."""
    if declaration.type in syntax.parameters or declaration.type in syntax.bare_parameters:
        return None
    around = (declaration, *parents.ancestors(declaration))
    bound = next((n for n in around if n.type in syntax.bounds), None)
    return nodes.span(bound) if bound is not None else None


def _declared(node: Node, syntax: Syntax) -> list[str]:
    """The names that a declaration of locals gives."""
    kind = node.type
    if kind in syntax.bare_parameters:
        return [nodes.text(node)]
    if kind in syntax.variables and _declares_member(node, syntax):
        return []
    name = syntax.name(node) or syntax.left(node)
    if name is None and kind in syntax.named_by_first and node.named_children:
        name = node.named_children[0]
    if name is None:
        return []
    if name.type in syntax.identifiers:
        return [nodes.text(name)]
    return re.findall(r"\w+", nodes.text(name))


def _declares_member(declarator: Node, syntax: Syntax) -> bool:
    around = parents.parent(declarator)
    if around is not None and around.type in syntax.variable_groups:
        around = parents.parent(around)
    return around is not None and around.type in syntax.fields


def places(data: bytes, names: Iterable[str]) -> list[Span]:
    """Where the names stand as whole identifiers, in order; comments and texts count."""
    return sorted(Span(*hit.span()) for name in names for hit in whole(name.encode()).finditer(data))


def whole(name: bytes) -> re.Pattern[bytes]:
    """A pattern for a whole identifier, the name first: only so can ``re`` search for it as a literal."""
    word = re.escape(name)
    return re.compile(word + rb"(?<![\w\x80-\xff]" + word + rb")(?![\w\x80-\xff])")
