"""The uses of some names in a file: calls, creations, and the name alone, each with what the file says of its receiver."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from ctxreview.languages import parents
from ctxreview.model.facts import Argument, Reference
from ctxreview.outline import syntax as nodes
from ctxreview.outline.file_view import FileView
from ctxreview.outline.scopes.callback import handed
from ctxreview.outline.symbols import types
from ctxreview.outline.symbols.names import Names, places

if TYPE_CHECKING:
    from tree_sitter import Node


_QUALIFIED = frozenset({"member_access_expression", "member_binding_expression", "generic_name", "qualified_name"})
"""Nodes whose ``name`` is no declaration."""
_TYPE_PLACES = frozenset(
    {"base_list", "type_argument_list", "nullable_type", "array_type", "generic_name", "qualified_name", "type_pattern",
     "declaration_pattern", "cast_expression", "as_expression", "is_expression", "typeof_expression", "using_directive",
     "primary_constructor_base_type", "type_parameter_constraint", "ref_type", "pointer_type", "alias_qualified_name"}
)  # fmt: skip
_LITERALS = {
    "string_literal": "string",
    "verbatim_string_literal": "string",
    "raw_string_literal": "string",
    "interpolated_string_expression": "string",
    "character_literal": "char",
    "integer_literal": "number",
    "real_literal": "real",
    "boolean_literal": "bool",
    "null_literal": "null",
    "lambda_expression": "lambda",
    "anonymous_method_expression": "lambda",
}
_AROUND = frozenset({"parenthesized_expression", "prefix_unary_expression"})
_LONGEST = 1000
"""Bytes of a dotted name; what is longer is none."""
_PARTS = 32
"""Parts of a name that are looked through."""
_PEELED = frozenset({"parenthesized_expression", "await_expression", "postfix_unary_expression", "checked_expression"})


def references(root: Node, page: FileView, names: Names, wanted: Collection[str]) -> Iterator[Reference]:
    """The uses of the ``wanted`` names that ``root`` has, in source order; declarations are none."""
    for at in places(names.data, wanted):
        node = root.descendant_for_byte_range(*at)
        if node is not None and node.type == "identifier" and nodes.span(node) == at:
            found = _reference(node, page, names)
            if found is not None:
                yield found


def _reference(node: Node, page: FileView, names: Names) -> Reference | None:
    name, at = nodes.text(node), nodes.span(node)
    whole, parent, generic = node, parents.parent(node), 0
    if parent is not None and parent.type == "generic_name":
        generic = _type_arguments(parent)
        whole, parent = parent, parents.parent(parent)
    if parent is None or _declares(whole, parent):
        return None
    on: Node | None = None
    qualified = False
    if parent.type == "member_access_expression" and parent.child_by_field_name("name") == whole:
        on, whole, qualified = parent.child_by_field_name("expression"), parent, True
    elif parent.type == "member_binding_expression" and (access := parents.parent(parent)) is not None:
        on, qualified = access.child_by_field_name("condition"), True
        whole = access if access.type == "conditional_access_expression" else parent
    parent = parents.parent(whole)
    found = Reference(name, "name", nodes.span(whole), at, generic=generic)
    if parent is None:
        return found
    if parent.type == "invocation_expression" and parent.child_by_field_name("function") == whole:
        found = found._replace(form="call", span=nodes.span(parent), arguments=_arguments(parent, names))
        if name == "nameof":
            return None
    elif parent.type == "object_creation_expression" and parent.child_by_field_name("type") == whole:
        found = found._replace(form="new", span=nodes.span(parent), arguments=_arguments(parent, names))
    elif parent.type == "attribute" and parent.child_by_field_name("name") == whole:
        found = found._replace(form="attribute", span=nodes.span(parent))
    elif not qualified and (created := _implicit(whole, parent)) is not None:
        found = found._replace(form="new", span=nodes.span(created), arguments=_arguments(created, names))
    elif not qualified and (parent.type in _TYPE_PLACES or parent.child_by_field_name("type") == whole):
        found = found._replace(form="type")
    elif _in_nameof(whole):
        return None
    else:
        kept = parent.type in ("argument", "assignment_expression", "equals_value_clause", "variable_declarator")
        writes = _writes(whole, parent)
        found = found._replace(run_under=handed(whole, page), writes=writes, escapes=kept and not writes)
    if not qualified:
        local = names.local(name, at)
        return found._replace(local=local is not None and local.function.span.size > 0)
    type_ = receiver_type(on, names)
    return found._replace(receiver=nodes.text(on, 200), type=type_, root=type_ or _root_type(on, names))


def _type_arguments(name: Node) -> int:
    """How many type arguments a generic name has."""
    return sum(len(c.named_children) for c in name.named_children if c.type == "type_argument_list")


def _root_type(on: Node | None, names: Names) -> str:
    """The type of the first name of ``a.b.c``, or of ``this.a.b``."""
    if on is None or nodes.span(on).size > _LONGEST:
        return ""
    while on is not None and on.type in (*_PEELED, "member_access_expression"):
        inner = on.child_by_field_name("expression") or (on.named_children[0] if on.named_children else None)
        if inner is not None and inner.type == "this":
            break
        on = inner
    return types.declared(on, names) if on is not None else ""


def _declares(node: Node, parent: Node) -> bool:
    """Whether the name is the one that a declaration gives, or one in a namespace's."""
    for around in islice(parents.ancestors(parent), _PARTS):
        if parent.type != "qualified_name":
            break
        node, parent = parent, around
    if parent.type in ("namespace_declaration", "file_scoped_namespace_declaration", "using_directive", "name_colon"):
        return True
    if parent.type in _QUALIFIED:
        return False
    if parent.type == "argument" and parent.child_by_field_name("name") == node:
        return True
    return parent.child_by_field_name("name") == node and parent.type not in ("attribute", "invocation_expression")


def _implicit(node: Node, parent: Node) -> Node | None:
    """The ``new(...)`` whose type a declaration names: ``Order _order = new(1);``."""
    if parent.child_by_field_name("type") != node:
        return None
    waiting = [d for d in parent.named_children if d.type == "variable_declarator"] or [parent]
    for declarator in waiting:
        value = declarator.named_children[-1] if declarator.named_children else None
        if value is not None and value.type == "implicit_object_creation_expression":
            return value
    return None


def _in_nameof(node: Node) -> bool:
    """Whether the name stands in ``nameof(...)``, which only names it."""
    call = nodes.called_with(node)
    return call is not None and nodes.call_name(call) == "nameof"


def _writes(node: Node, parent: Node) -> bool:
    """Whether the place is assigned to, stepped, or handed by ``ref`` or ``out``."""
    if parent.type == "assignment_expression":
        return parent.child_by_field_name("left") == node
    if parent.type in ("prefix_unary_expression", "postfix_unary_expression"):
        return any(c.type in ("++", "--") for c in parent.children)
    return parent.type == "argument" and parent.children[0].type in ("ref", "out")


def _arguments(call: Node, names: Names) -> tuple[Argument, ...]:
    listed = call.child_by_field_name("arguments")
    if listed is None:
        listed = next((c for c in call.named_children if c.type == "argument_list"), None)
    if listed is None:
        return ()
    return tuple(_argument(a, names) for a in listed.named_children if a.type == "argument")


def _argument(node: Node, names: Names) -> Argument:
    passed = next((c.type for c in node.children if c.type in ("ref", "out", "in")), "")
    named = node.child_by_field_name("name")
    value = next(reversed(node.named_children or node.children), None)  # `this` is no named node
    return Argument(nodes.text(named), passed, _shape(value, names))


def _shape(value: Node | None, names: Names) -> str:
    """What an argument is, as far as it shows: a literal's kind, ``lambda``, ``type:X``; ``""`` where it does not."""
    while value is not None and value.type in _AROUND and value.named_children:
        value = value.named_children[0]
    if value is None:
        return ""
    if value.type in _LITERALS:
        return _LITERALS[value.type]
    if value.type == "this":
        own = names.types.innermost(nodes.span(value))
        return f"type:{own.name}" if own is not None else ""
    type_ = types.declared(value, names)
    if not type_ and value.type == "cast_expression":
        type_ = nodes.text(value.child_by_field_name("type"))
    return f"type:{types.simple(type_)}" if type_ and "<" not in type_ else ""


def receiver_type(on: Node | None, names: Names) -> str:
    """The type of what a member is used on, as written; ``""`` where the file does not tell.

    ``this`` and ``base`` are said by the receiver itself; a simple name that nothing here declares is a type's name.
    """
    while on is not None and on.type in _PEELED and on.named_children:
        on = on.named_children[0]
    if on is None:
        return ""
    if on.type in ("cast_expression", "as_expression"):
        return nodes.text(on.child_by_field_name("type") or on.child_by_field_name("right"))
    if on.type == "invocation_expression":
        return _asked_for(on)
    if on.type in ("generic_name", "qualified_name", "predefined_type"):
        return nodes.text(on)
    if on.type == "member_access_expression" and (declared := _on_parameter(on, names)):
        return declared
    found = types.declared(on, names)
    if not found and on.type == "identifier":
        found = _made_by_service(on, names)
    if found or on.type not in ("identifier", "member_access_expression"):
        return found
    text = nodes.text(on) if nodes.span(on).size <= _LONGEST else ""
    first = text.partition(".")[0]
    known = names.local(first, nodes.span(on)) is not None or first in names.visible(nodes.span(on))
    return "" if known or not all(p[:1].isupper() for p in text.split(".")) else text


def _asked_for(call: Node) -> str:
    """The type that a service locator is asked for: ``services.GetRequiredService<Orders>()``."""
    callee = call.child_by_field_name("function")
    name = callee.child_by_field_name("name") if callee is not None else None
    name = name or callee
    if (
        name is None
        or name.type != "generic_name"
        or not re.match(r"(Get\w*Service|Resolve|CreateInstance)", nodes.text(name))
    ):
        return ""
    listed = next((c for c in name.named_children if c.type == "type_argument_list"), None)
    return nodes.text(listed.named_children[0]) if listed is not None and len(listed.named_children) == 1 else ""


def _made_by_service(on: Node, names: Names) -> str:
    local = names.local(nodes.text(on), nodes.span(on))
    value = local.node.named_children[-1] if local is not None and local.node.named_children else None
    while value is not None and value.type in _PEELED and value.named_children:
        value = value.named_children[0]
    return _asked_for(value) if value is not None and value.type == "invocation_expression" else ""


def _on_parameter(on: Node, names: Names) -> str:
    """``this._orders`` and ``other._orders`` where the file declares the field of the other's type."""
    inner = on.child_by_field_name("expression")
    if inner is None or inner.type == "this":
        return ""
    owner = types.simple(types.declared(inner, names))
    return names.type_of_member(owner, nodes.text(on.child_by_field_name("name"))) if owner else ""
