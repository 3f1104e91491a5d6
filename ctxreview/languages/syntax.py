"""A grammar's nodes by what they are: the one place where node types and fields are asked.

``[roles]`` of a ``language.toml`` says which node types play a role, ``[fields]`` which field of a node has a part of it. What a
grammar has no nodes for stays empty, and is then nowhere found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, takewhile
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.languages import parents
from ctxreview.languages.nodes import span, text
from ctxreview.languages.roles import Fields, Roles
from ctxreview.model.source import Span

if TYPE_CHECKING:
    from tree_sitter import Language, Node


class Call(NamedTuple):
    """A call and the simple name of what it calls."""

    node: Node
    name: str


class Syntax(Roles):
    """How nodes of one grammar are read: by their roles, and by their parts."""

    def __init__(self, roles: Mapping[str, str], fields: Mapping[str, str], grammar: Language, where: str) -> None:
        """``roles`` gives node types with spaces between them, and a ``*`` at the start or end for any letters, and ``fields`` names of fields.

        Raises :class:`ValueError` for a role, field or node type that there is not; ``where`` is said in it.
        """
        kinds = [grammar.node_kind_for_id(i) or "" for i in range(grammar.node_kind_count)]
        known = frozenset(kinds)
        for role in Roles.__annotations__:
            setattr(self, role, _expanded(roles.get(role, "").split(), kinds, known, f"{where}: role {role}"))
        for role in roles:
            if role not in Roles.__annotations__:
                raise ValueError(f"{where}: unknown role {role}")
        shapes = {
            "string": self.texts,
            "char": self.characters,
            "number": self.integers,
            "real": self.reals,
            "bool": self.booleans,
            "null": self.nulls,
            "lambda": self.lambdas,
        }
        self.literals = {kind: shape for shape, kinds_ in shapes.items() for kind in kinds_}
        """What a literal or lambda shows of its type, by its node type."""
        self._bodies = self.blocks | self.expression_bodies
        self._field = Fields()
        for field in Fields.__annotations__:
            setattr(self._field, field, fields.get(field, ""))
        for field, name in fields.items():
            if field not in Fields.__annotations__:
                raise ValueError(f"{where}: unknown field {field}")
            if grammar.field_id_for_name(name) is None:
                raise ValueError(f"{where}: field {field}: the grammar has no field {name}")

    # --- parts of a node; None where it has none

    def name(self, node: Node) -> Node | None:
        """The name that it has or gives."""
        return node.child_by_field_name(self._field.name)

    def type(self, node: Node) -> Node | None:
        """The type that it names."""
        return node.child_by_field_name(self._field.type)

    def returned(self, function: Node) -> Node | None:
        """The type that a function returns."""
        return function.child_by_field_name(self._field.returns) or function.child_by_field_name(self._field.type)

    def object(self, access: Node) -> Node | None:
        """What a member is asked of."""
        return access.child_by_field_name(self._field.object)

    def conditional_object(self, access: Node) -> Node | None:
        """What a member is asked of unless it is null."""
        return access.child_by_field_name(self._field.conditional_object)

    def member(self, access: Node) -> Node | None:
        """The member that is asked for."""
        return access.child_by_field_name(self._field.member) or access.child_by_field_name(self._field.name)

    def callee(self, call: Node) -> Node | None:
        """What is called; the call itself where the grammar keeps the receiver and the name in it."""
        return call.child_by_field_name(self._field.callee) if self._field.callee else call

    def left(self, node: Node) -> Node | None:
        """The left side, such as of an assignment or a loop over a collection."""
        return node.child_by_field_name(self._field.left)

    def right(self, node: Node) -> Node | None:
        """The right side."""
        return node.child_by_field_name(self._field.right)

    def operator(self, node: Node) -> Node | None:
        """The operator."""
        return node.child_by_field_name(self._field.operator)

    def pattern(self, node: Node) -> Node | None:
        """The pattern of a test."""
        return node.child_by_field_name(self._field.pattern)

    def condition(self, node: Node) -> Node | None:
        """The condition of a branch."""
        return node.child_by_field_name(self._field.condition)

    def consequence(self, node: Node) -> Node | None:
        """What runs where a condition holds."""
        return node.child_by_field_name(self._field.consequence)

    def alternative(self, node: Node) -> Node | None:
        """What runs where it does not."""
        return node.child_by_field_name(self._field.alternative)

    def parameters_of(self, function: Node) -> Node | None:
        """The list of parameters."""
        return function.child_by_field_name(self._field.parameters)

    def block(self, node: Node) -> Node | None:
        """The body that a statement or type has a field for."""
        return node.child_by_field_name(self._field.body)

    def body(self, function: Node) -> Node | None:
        """What runs: the block, or the expression after ``=>``."""
        found = function.child_by_field_name(self._field.body) or function.child_by_field_name(self._field.value)
        if found is None:
            found = next((c for c in function.children if c.type in self._bodies), None)
        return found

    # --- names and calls

    def simple_name(self, node: Node | None) -> str:
        """The last simple name of a name, member access or generic name: ``a.b.C<int>`` gives ``C``."""
        while node is not None and (kind := node.type) not in self.names:
            if kind in self.conditional_accesses:
                inner = node.named_children[-1] if node.named_children else None
            else:
                inner = self.member(node) or (
                    node.named_children[0] if kind in self.generics and node.named_children else None
                )
            if inner is None:
                return ""
            node = inner
        return text(node)

    def receiver(self, call: Node) -> Node | None:
        """The expression a call is made on: ``a.b`` of ``a.b.C()`` and of ``a.b?.C()``; ``None`` for ``C()``."""
        callee = self.callee(call)
        if callee is None:
            return None
        return self.conditional_object(callee) if callee.type in self.conditional_accesses else self.object(callee)

    def is_path(self, node: Node) -> bool:
        """Whether it is a name alone, or a member of something."""
        return node.type in self.identifiers or node.type in self.accesses

    def locked(self, statement: Node) -> Node | None:
        """What a statement locks: what is between its parentheses, which the grammar may have no name for."""
        inside = [c for c in statement.children if c.type not in self.comments]
        wrapped = next((c for c in inside if c.type in self.parenthesized), None)
        if wrapped is not None:
            inside = [c for c in wrapped.children if c.type not in self.comments]
        opened = next((i for i, c in enumerate(inside) if c.type == "("), len(inside))
        return inside[opened + 1] if opened + 1 < len(inside) else None

    def call_name(self, call: Node) -> str:
        """The simple name of what is called."""
        return self.simple_name(self.callee(call))

    def bare_callee(self, call: Node) -> Node | None:
        """The name that is called where nothing is before it; ``None`` for a call on something."""
        callee = self.callee(call)
        if callee is call:
            return self.name(call) if self.object(call) is None else None
        return callee if callee is not None and callee.type in self.identifiers else None

    def is_called(self, callee: Node, around: Node) -> bool:
        """Whether ``around`` is a call of ``callee``, or of what it names."""
        if around.type not in self.calls:
            return False
        return (self.callee(around) if self._field.callee else self.name(around)) == callee

    def created(self, node: Node) -> str:
        """The simple name of the type of a creation: of ``new(...)`` what the declaration or the function around it says."""
        if node.type in self.creations:
            return self.simple_name(self.type(node))
        for parent in islice(parents.ancestors(node), 8):
            if parent.type in self.variable_groups:
                return self.simple_name(self.type(parent))
            if parent.type in self.declarations:
                return self.simple_name(self.returned(parent)) if self._gives(node, parent) else ""
        return ""

    def _gives(self, node: Node, function: Node) -> bool:
        """Whether a value is what a function returns: nothing but ``return`` or ``=>`` and branches are between them."""
        kinds = [p.type for p in takewhile(lambda p: p != function, parents.ancestors(node))]
        returning = self.returns | self.expression_bodies
        giving = returning | self.conditionals | self.parenthesized
        return any(k in returning for k in kinds) and kinds[0] in giving

    def name_at(self, call: Node) -> int:
        """The byte offset of the simple name of what is called."""
        node = self.callee(call)
        while node is not None and node.type not in self.names:
            inner = self.member(node)
            if inner is None and node.named_children:
                inner = node.named_children[0 if node.type in self.generics else -1]
            if inner is None:
                break
            node = inner
        return node.start_byte if node is not None else call.start_byte

    def named_calls(self, captured: list[Node]) -> list[Call]:
        """The captured calls with their names."""
        return [Call(n, self.call_name(n)) for n in captured]

    def argument_list(self, call: Node) -> Node | None:
        """The list of arguments of a call or creation."""
        listed = call.child_by_field_name(self._field.arguments)
        if listed is None:
            listed = next((c for c in call.named_children if c.type in self.argument_lists), None)
        return listed

    def given(self, call: Node) -> list[Node]:
        """The arguments of a call or creation as they are wrapped: with names and ``ref``."""
        listed = self.argument_list(call)
        if listed is None:
            return []
        if not self.arguments:
            return [a for a in listed.named_children if a.type not in self.comments]
        return [a for a in listed.named_children if a.type in self.arguments]

    def arguments_of(self, call: Node) -> list[Node]:
        """The argument expressions of a call or creation, names and ``ref`` stripped."""
        given = self.given(call)
        return [a.named_children[-1] for a in given if a.named_children] if self.arguments else given

    def called_with(self, value: Node) -> Node | None:
        """The call that has ``value`` for an argument; ``None`` where it is none."""
        if parents.kind(value) not in (self.arguments or self.argument_lists):
            return None
        call = next(islice(parents.ancestors(value), 2 if self.arguments else 1, None), None)
        return call if call is not None and call.type in self.calls else None

    # --- statements

    def other_branches(self, node: Node, within: Span) -> Iterator[Span]:
        """What never runs together with ``node``: the other branch of an ``if`` or ``?:``, and other sections, arms and catches.

        Up to the node at ``within``, or as many levels as people write. What a ``catch`` does runs without the last statement
        of its ``try``.
        """
        inner = node
        for around in islice(parents.ancestors(node), parents.DEEP):
            if span(around) == within:
                return
            if around.type in self.ifs or around.type in self.conditionals:
                branches = [self.consequence(around), self.alternative(around)]
                if inner in branches:
                    yield from (span(b) for b in branches if b is not None and b != inner)
            elif inner.type in self.arms:
                yield from (span(c) for c in around.named_children if c.type == inner.type and c != inner)
            elif around.type in self.tries and inner.type in self.blocks:
                catches = [span(c) for c in around.named_children if c.type in self.catches]
                yield from catches if catches and self._is_last(node, inner) else ()
            inner = around

    def _is_last(self, node: Node, block: Node) -> bool:
        """Whether ``node`` is, or is in, the last statement of a block."""
        last = [c for c in block.named_children if c.type not in self.comments][-1:]
        return bool(last) and span(last[0]).contains(span(node)) and last[0].type in self.statements

    def statement_of(self, node: Node) -> Node | None:
        """The innermost statement around a node."""
        return next((p for p in parents.ancestors(node) if p.type in self.statements), None)

    def statement_list_end(self, node: Node) -> Node | None:
        """The block (or file) in whose statement list ``node`` stands, through ``#if`` and labels."""
        return next((p for p in parents.ancestors(node) if p.type in self.statement_lists), None)

    def modifiers_of(self, member: Node) -> list[Node]:
        """The modifiers of a member."""
        found = [c for c in member.named_children if c.type in self.modifiers]
        for listed in member.named_children if self.modifier_lists else ():
            found += [c for c in listed.children if not c.is_named] if listed.type in self.modifier_lists else []
        return found

    def variable_group(self, declaration: Node) -> Node:
        """What has the type and the variables of a declaration: a node of its own in it, or else the declaration."""
        return next(
            (c for c in (declaration, *declaration.named_children) if c.type in self.variable_groups), declaration
        )

    def variables_of(self, declaration: Node) -> list[Node]:
        """The variables that a declaration has as its own children."""
        return [c for c in declaration.named_children if c.type in self.variables]


def last_child(node: Node) -> Node | None:
    """The last named child; ``None`` for a leaf."""
    return node.named_children[-1] if node.named_children else None


def _expanded(names: Sequence[str], kinds: Sequence[str], known: frozenset[str], where: str) -> frozenset[str]:
    found: set[str] = set()
    for name in names:
        if name.startswith("*"):
            meant = [k for k in kinds if k.endswith(name[1:])]
        elif name.endswith("*"):
            meant = [k for k in kinds if k.startswith(name[:-1])]
        else:
            meant = [name] if name in known else []
        if not meant:
            raise ValueError(f"{where}: the grammar has no node type {name}")
        found.update(meant)
    return frozenset(found)
