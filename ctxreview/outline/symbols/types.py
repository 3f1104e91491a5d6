"""What type an expression has, as far as this file says it; and whether a query on it leaves memory."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ctxreview.languages import Language, nodes, parents
from ctxreview.languages.syntax import Syntax
from ctxreview.outline.facts.state import state_of, word_after
from ctxreview.outline.symbols.names import Names
from ctxreview.outline.symbols.written_names import simple_type_or_array

if TYPE_CHECKING:
    from tree_sitter import Node

_STEPS = 40
"""Calls and variables followed back to where a value comes from."""


def declared(node: Node | None, names: Names) -> str:
    """The type of a name as it is declared in this file, or of an object made here; ``""`` where unknown."""
    if node is None:
        return ""
    if node.type in names.syntax.creations:
        return nodes.text(names.syntax.type(node))
    state = state_of(node, names)
    if state is not None:
        return state.type
    local = names.local(nodes.text(node), nodes.span(node)) if node.type in names.syntax.identifiers else None
    return _local_type(local.node, names.syntax) if local is not None else ""


def _local_type(declaration: Node, syntax: Syntax) -> str:
    said = syntax.type(declaration)
    around = parents.parent(declaration) if said is None and declaration.type in syntax.variables else None
    if around is not None:
        said = syntax.type(around)
    if said is not None and said.type not in syntax.untyped:
        return nodes.text(said)
    value = _value(declaration, syntax)
    return nodes.text(syntax.type(value)) if value is not None and value.type in syntax.made else ""


def _value(declaration: Node, syntax: Syntax) -> Node | None:
    """What a variable is initialised with."""
    if declaration.type not in syntax.variables or len(declaration.named_children) < 2:
        return None
    return declaration.named_children[-1]


class Queries(NamedTuple):
    """The words of a language's ``queries.toml``, to look things up in."""

    linq: frozenset[str]
    pairs: frozenset[str]
    sources: tuple[str, ...]
    asking: frozenset[str]
    starting: frozenset[str]
    through: frozenset[str]
    made: frozenset[str]
    parts: frozenset[str]
    memory: frozenset[str]
    values: frozenset[str]
    calls: tuple[bytes, ...]


@cache
def queries(language: Language) -> Queries:
    """How the language's queries look. Read here, since most starts have none to ask about."""
    told = language.data("queries.toml")
    words: dict[str, Any] = {key: frozenset(told.get(key, ())) for key in Queries._fields}
    words["sources"] = tuple(told.get("sources", ()))
    words["calls"] = tuple(f".{name}".encode() for name in told.get("linq", ()))
    return Queries(**words)


def asks_a_source(call: Node, on: Node | None, language: Language, names: Names) -> bool:
    """Whether a LINQ call on ``on`` reads from outside, as far as names and types of this file tell.

    It does not where the source is in memory: a collection, a member of a local object, or what another query has
    read. It does where something on the way is named as a source of data is, or nothing here declares it.
    """
    about = queries(language)
    if about.pairs and names.syntax.call_name(call) in about.pairs:
        given = names.syntax.arguments_of(call)
        if given and (names.syntax.is_path(given[0]) or given[0].type in names.syntax.calls):
            return False
    return _starts_at_source(on, about, names) or _leads_to_source(on, about, names)


def _starts_at_source(on: Node | None, about: Queries, names: Names) -> bool:
    """Whether a chain plainly starts at a source (``_db.Rows...``): most do, and following each costs time."""
    if on is None:
        return False
    text = names.data[on.start_byte : on.end_byte]
    if any(call in text for call in about.calls):
        return False
    name = word_after(text, 0).decode("utf-8", "replace")
    if not _is_source(name, about) or names.local(name, nodes.span(on)) is not None:
        return False
    state = names.visible(nodes.span(on)).get(name)
    return state is None or simple_type_or_array(state.type) not in about.memory


_Step = tuple[bool | None, "Node | None", bool]
"""Whether it asks a source, where that is known; else what to look at next, and whether a call was made on that."""


def _leads_to_source(on: Node | None, about: Queries, names: Names) -> bool:
    called = False
    for _ in range(_STEPS):
        if on is None:
            return False
        asks, on, called = _step(on, called, about, names)
        if asks is not None:
            return asks
    return False


def _step(on: Node, called: bool, about: Queries, names: Names) -> _Step:
    syntax, kind = names.syntax, on.type
    if kind in syntax.calls:
        return _step_call(on, about, names)
    if kind in syntax.accesses or kind in syntax.conditional_accesses:
        named = _by_name(syntax.simple_name(on), on, about, names)
        return named, syntax.object(on) or syntax.conditional_object(on), False
    if kind in syntax.identifiers:
        return _step_name(on, called, about, names)
    if kind in syntax.queries:
        first = next((c for c in on.named_children if c.type in syntax.query_sources), None)
        return None, first.named_children[-1] if first is not None else None, False
    if kind in syntax.value_wraps:
        return None, on.named_children[0] if on.named_children else None, False
    return False, None, False


def _step_call(on: Node, about: Queries, names: Names) -> _Step:
    syntax = names.syntax
    name = syntax.call_name(on)
    if name in about.made or name.removesuffix(names.words.twin) in about.linq:
        return False, None, False
    if name in about.asking or _is_source(name, about):
        return True, None, False
    return None, syntax.receiver(on), name not in about.through


def _step_name(on: Node, called: bool, about: Queries, names: Names) -> _Step:
    name, at = nodes.text(on), nodes.span(on)
    named = _by_name(name, on, about, names)
    local = names.local(name, at)
    if named is not None or local is not None:
        return named, _value(local.node, names.syntax) if local is not None else None, False
    # A call on what is not declared here is one of a static class; a property may be inherited.
    return not called and name not in names.type_names and name not in names.visible(at), None, False


def _by_name(name: str, on: Node, about: Queries, names: Names) -> bool | None:
    """What a name and its declared type say; ``None`` for nothing."""
    type_ = simple_type_or_array(declared(on, names))
    if name in about.parts or type_ in about.memory or type_ in about.values:
        return False
    return True if _is_source(name, about) or _is_source(type_, about) else None


def is_source(node: Node | None, language: Language, names: Names) -> bool:
    """Whether an expression is a context, session or repository, by its type or name."""
    about = queries(language)
    return _is_source(names.syntax.simple_name(node), about) or _is_source(
        simple_type_or_array(declared(node, names)), about
    )


def _is_source(name: str, about: Queries) -> bool:
    """Whether it is named as a source of data is."""
    return name.lower().endswith(about.sources)
