"""The uses of some names in a file: calls, creations, and the name alone, each with what the file says of its receiver."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from ctxreview.languages import nodes, parents
from ctxreview.languages.syntax import Syntax
from ctxreview.model.facts import Argument, Gives, Reference
from ctxreview.outline.file_view import FileView
from ctxreview.outline.scopes.callback import handed
from ctxreview.outline.symbols import types
from ctxreview.outline.symbols.names import Names, places
from ctxreview.outline.symbols.written_names import simple_type_or_array

if TYPE_CHECKING:
    from tree_sitter import Node


_LONGEST = 1000
"""Bytes of a dotted name; what is longer is none."""
_PARTS = 32
"""Parts of a name that are looked through."""


def references(root: Node, page: FileView, names: Names, wanted: Collection[str]) -> Iterator[Reference]:
    """The uses of the ``wanted`` names that ``root`` has, in source order; declarations are none."""
    for at in places(names.data, wanted):
        node = parents.leaf(root, *at)
        if node is not None and node.type in page.syntax.identifiers and nodes.span(node) == at:
            found = _reference(node, page, names)
            if found is not None:
                yield found


def _reference(node: Node, page: FileView, names: Names) -> Reference | None:
    syntax, name, at = page.syntax, nodes.text(node), nodes.span(node)
    whole, parent, generic = node, parents.parent(node), 0
    if parent is not None and parent.type in syntax.generics:
        generic = _type_arguments(parent, syntax)
        whole, parent = parent, parents.parent(parent)
    if parent is None or _declares(whole, parent, syntax):
        return None
    whole, on, qualified = _qualified(whole, parent, syntax)
    parent = parents.parent(whole)
    found = Reference(name, "name", nodes.span(whole), at, generic=generic)
    if parent is None:
        return found
    if syntax.is_called(whole, parent):
        found = found._replace(form="call", span=nodes.span(parent), arguments=_arguments(parent, names))
        if name in page.language.shape.naming_calls:
            return None
    elif parent.type in syntax.creations and syntax.type(parent) == whole:
        found = found._replace(form="new", span=nodes.span(parent), arguments=_arguments(parent, names))
    elif parent.type in syntax.attributes and syntax.name(parent) == whole:
        found = found._replace(form="attribute", span=nodes.span(parent))
    elif not qualified and (created := _implicit(whole, parent, syntax)) is not None:
        found = found._replace(form="new", span=nodes.span(created), arguments=_arguments(created, names))
    elif not qualified and (parent.type in syntax.type_places or syntax.type(parent) == whole):
        found = found._replace(form="type")
    elif _is_only_named(whole, page):
        return None
    else:
        kept = parent.type in syntax.keeping
        writes = _writes(whole, parent, names)
        removed = _removes(whole, parent, syntax)
        found = found._replace(
            run_under=handed(whole, page), writes=writes, escapes=kept and not writes and not removed, removed=removed
        )
    if not qualified:
        local = names.local(name, at)
        return found._replace(local=local is not None and local.function.span.size > 0)
    type_ = receiver_type(on, names)
    return found._replace(receiver=nodes.text(on, 200), type=type_, root=type_ or _root_type(on, names))


def _qualified(name: Node, parent: Node, syntax: Syntax) -> tuple[Node, Node | None, bool]:
    """The access that a name is the last part of, else the name; what it is asked of; and whether it is asked of something."""
    if parent.type in syntax.accesses and syntax.member(parent) == name:
        return parent, syntax.object(parent), True
    if parent.type in syntax.bindings and (access := parents.parent(parent)) is not None:
        whole = access if access.type in syntax.conditional_accesses else parent
        return whole, syntax.conditional_object(access), True
    on = syntax.object(parent) if syntax.is_called(name, parent) else None
    return name, on, on is not None


def _type_arguments(name: Node, syntax: Syntax) -> int:
    """How many type arguments a generic name has."""
    return sum(len(c.named_children) for c in name.named_children if c.type in syntax.type_argument_lists)


def _root_type(on: Node | None, names: Names) -> str:
    """The type of the first name of ``a.b.c``, or of ``this.a.b``."""
    if on is None or nodes.span(on).size > _LONGEST:
        return ""
    while on is not None and (on.type in names.syntax.value_wraps or on.type in names.syntax.accesses):
        inner = names.syntax.object(on) or (on.named_children[0] if on.named_children else None)
        if inner is not None and inner.type in names.syntax.selves:
            break
        on = inner
    return types.declared(on, names) if on is not None else ""


def _declares(node: Node, parent: Node, syntax: Syntax) -> bool:
    """Whether the name is the one that a declaration gives, or one in a namespace's."""
    for around in islice(parents.ancestors(parent), _PARTS):
        if parent.type not in syntax.qualified_names:
            break
        node, parent = parent, around
    if parent.type in syntax.naming:
        return True
    if parent.type in syntax.qualifying:
        return False
    if parent.type in syntax.arguments and syntax.name(parent) == node:
        return True
    return syntax.name(parent) == node and parent.type not in syntax.attributes | syntax.calls


def _implicit(node: Node, parent: Node, syntax: Syntax) -> Node | None:
    """The ``new(...)`` whose type a declaration names: ``Order _order = new(1);``."""
    if syntax.type(parent) != node:
        return None
    waiting = [d for d in parent.named_children if d.type in syntax.variables] or [parent]
    for declarator in waiting:
        value = declarator.named_children[-1] if declarator.named_children else None
        if value is not None and value.type in syntax.implicit_creations:
            return value
    return None


def _is_only_named(node: Node, page: FileView) -> bool:
    """Whether the name is in a call such as ``nameof(...)``, which only names it."""
    call = page.syntax.called_with(node)
    return call is not None and page.syntax.call_name(call) in page.language.shape.naming_calls


def _writes(node: Node, parent: Node, names: Names) -> bool:
    """Whether the place is assigned to, stepped, or handed to be written."""
    syntax = names.syntax
    if parent.type in syntax.assignments:
        return syntax.left(parent) == node
    if parent.type in syntax.steps:
        return any(c.type in ("++", "--") for c in parent.children)
    return parent.type in syntax.arguments and parent.children[0].type in names.words.by_reference


def _removes(node: Node, parent: Node, syntax: Syntax) -> bool:
    """Whether the name is what an assignment takes off: a handler of an event, or a number."""
    if parent.type not in syntax.assignments or syntax.left(parent) == node:
        return False
    return any(c.type == "-=" for c in parent.children)


def _arguments(call: Node, names: Names) -> tuple[Argument, ...]:
    return tuple(_argument(a, names) for a in names.syntax.given(call))


def _argument(node: Node, names: Names) -> Argument:
    passed = next((c.type for c in node.children if c.type in names.words.referring), "")
    if node.type not in names.syntax.arguments:
        return Argument("", "", _shape(node, names))
    named = names.syntax.name(node)
    value = next(reversed(node.named_children or node.children), None)  # `this` is not a named node
    return Argument(nodes.text(named), passed, _shape(value, names), _gives(value, names))


def _gives(value: Node | None, names: Names) -> Gives:
    """What a lambda with a block returns; what only throws may return anything."""
    syntax = names.syntax
    body = syntax.body(value) if value is not None and value.type in syntax.lambdas else None
    if value is None or body is None or body.type not in syntax.blocks:
        return ""
    inside, left = [], list(body.children)
    while left:
        node = left.pop()
        inside.append(node)
        left += node.children if node.type not in syntax.deferred else ()
    returned = [n for n in inside if n.type in syntax.returns]
    if not returned and any(n.type in syntax.throws for n in inside):
        return ""
    waits = any(nodes.text(n) in names.words.asynchronous for n in value.children if n != body)
    if any(n.named_children for n in returned):
        return "task of value" if waits else "value"
    return "task" if waits else "nothing"


def _shape(value: Node | None, names: Names) -> str:
    """What an argument is, as far as it shows: a literal's kind, ``lambda``, ``type:X``; ``""`` where it does not."""
    while value is not None and value.type in names.syntax.literal_wraps and value.named_children:
        value = value.named_children[0]
    if value is None:
        return ""
    if value.type in names.syntax.literals:
        return names.syntax.literals[value.type]
    if value.type in names.syntax.selves:
        own = names.types.innermost(nodes.span(value))
        return f"type:{own.name}" if own is not None else ""
    type_ = types.declared(value, names)
    if not type_ and value.type in names.syntax.casts:
        type_ = nodes.text(names.syntax.type(value))
    return f"type:{simple_type_or_array(type_)}" if type_ and "<" not in type_ else ""


def receiver_type(on: Node | None, names: Names) -> str:
    """The type of what a member is used on, as written; ``""`` where the file does not tell.

    ``this`` and ``base`` are said by the receiver itself; a simple name that nothing here declares is a type's name.
    """
    while on is not None and on.type in names.syntax.value_wraps and on.named_children:
        on = on.named_children[0]
    if on is None:
        return ""
    if on.type in names.syntax.casts or on.type in names.syntax.conversions:
        return nodes.text(names.syntax.type(on) or names.syntax.right(on))
    if on.type in names.syntax.calls:
        return _asked_for(on, names)
    if on.type in names.syntax.typed_names:
        return nodes.text(on)
    if on.type in names.syntax.accesses and (declared := _on_parameter(on, names)):
        return declared
    found = types.declared(on, names)
    if not found and on.type in names.syntax.identifiers:
        found = _made_by_service(on, names)
    if found or not names.syntax.is_path(on):
        return found
    text = nodes.text(on) if nodes.span(on).size <= _LONGEST else ""
    first = text.partition(".")[0]
    known = names.local(first, nodes.span(on)) is not None or first in names.visible(nodes.span(on))
    return "" if known or not all(p[:1].isupper() for p in text.split(".")) else text


def _asked_for(call: Node, names: Names) -> str:
    """The type that a service locator is asked for: ``services.GetRequiredService<Orders>()``."""
    syntax = names.syntax
    callee = syntax.callee(call)
    name = syntax.name(callee) if callee is not None else None
    name = name or callee
    if name is None or name.type not in syntax.generics or not re.match(names.gives_service, nodes.text(name)):
        return ""
    listed = next((c for c in name.named_children if c.type in syntax.type_argument_lists), None)
    return nodes.text(listed.named_children[0]) if listed is not None and len(listed.named_children) == 1 else ""


def _made_by_service(on: Node, names: Names) -> str:
    local = names.local(nodes.text(on), nodes.span(on))
    value = local.node.named_children[-1] if local is not None and local.node.named_children else None
    while value is not None and value.type in names.syntax.value_wraps and value.named_children:
        value = value.named_children[0]
    return _asked_for(value, names) if value is not None and value.type in names.syntax.calls else ""


def _on_parameter(on: Node, names: Names) -> str:
    """``this._orders`` and ``other._orders`` where the file declares the field of the other's type."""
    inner = names.syntax.object(on)
    if inner is None or inner.type in names.syntax.selves:
        return ""
    owner = simple_type_or_array(types.declared(inner, names))
    return names.type_of_member(owner, nodes.text(names.syntax.name(on))) if owner else ""
