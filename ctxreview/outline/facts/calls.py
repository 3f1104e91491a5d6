"""What a call does, by the catalogue: its name, and where that is too general, what it is called on or with.

``Type.Name`` in the catalogue means that receiver, ``Type.*`` all its calls; a receiver in lower case is a word
that the receiver's declared type or else its name ends with (``session.Get``: ``ISession``, ``_session``); ``sql`` is
also an argument that is SQL by its text or name. A name of :data:`TWINS` stands for its twin that gives a task too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ctxreview.languages import Language, nodes, parents
from ctxreview.languages.syntax import Call, Syntax
from ctxreview.model.facts import Fact
from ctxreview.model.kinds import Effect, FactKind
from ctxreview.outline.facts.state import Written, state_of, target_name, write
from ctxreview.outline.symbols import types
from ctxreview.outline.symbols.names import Names
from ctxreview.outline.symbols.written_names import simple_type_or_array

if TYPE_CHECKING:
    from tree_sitter import Node

_SQL = frozenset(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "EXEC", "EXECUTE", "WITH", "CREATE", "ALTER", "DROP", "TRUNCATE",
     "SET", "BEGIN", "CALL", "DECLARE"}
)  # fmt: skip
"""What a statement of SQL starts with."""


class Known(NamedTuple):
    """The catalogue's entries for one called name; a kind is ``ignore`` where nothing is to be told."""

    exact: dict[str, Effect]
    words: tuple[tuple[str, Effect], ...]
    plain: Effect


NOTHING = Known({}, (), "")

TWINS = ("read", "save", "complete", "io")
"""Kinds of calls that may have a twin that gives a task."""


@cache
def catalogue(language: Language) -> dict[str, Known]:
    """The entries by called name; ``*`` has the receivers whose every call is known."""
    exact: dict[str, dict[str, Effect]] = {}
    words: dict[str, list[tuple[str, Effect]]] = {}
    plain: dict[str, Effect] = {}
    for entry, kind in language.facts.items():
        on, _, name = entry.rpartition(".")
        twin = language.words.twin if kind in TWINS and name != "*" else ""
        for called in dict.fromkeys((name, f"{name}{twin}")):
            if not on:
                plain.setdefault(called, kind)
            elif on[0].islower():
                words.setdefault(called, []).append((on, kind))
            else:
                exact.setdefault(called, {})[on] = kind
    plain |= {name: kind for name, kind in language.facts.items() if "." not in name}  # before any twin
    return {
        name: Known(exact.get(name, {}), tuple(words.get(name, ())), plain.get(name, ""))
        for name in exact.keys() | words.keys() | plain.keys()
    }


@cache
def _every(language: Language) -> tuple[tuple[bytes, str, Effect], ...]:
    """The receivers whose every call is known, with the bytes that such a call has."""
    return tuple((f"{on}.".encode(), on, kind) for on, kind in catalogue(language).get("*", NOTHING).exact.items())


def effects(calls: Sequence[Call], language: Language, names: Names, written: Written) -> Iterator[Fact]:
    """The facts of the calls that the catalogue knows, of delegates that are called, and of tasks nobody awaits."""
    known = catalogue(language)
    # Only the receivers that stand among the calls: asking each call for its own would cost more than the rest.
    first, last = (calls[0].node.start_byte, max(c.node.end_byte for c in calls)) if calls else (0, 0)
    every = {on: kind for mark, on, kind in _every(language) if names.data.find(mark, first, last) >= 0}
    any_name = any(kind != "ignore" for kind in every.values())
    for call in calls:
        node, name = call
        bare = names.syntax.bare_callee(node)
        fact = None
        if bare is not None:
            fact = _bare(node, bare, name, known.get(name, NOTHING).plain, names)
        elif any_name or name in known:
            fact = _on_receiver(call, known.get(name, NOTHING), every, language, names, written)
        if (
            fact is None
            and language.words.is_task(name)
            and known.get(name, NOTHING).plain != "ignore"
            and _is_dropped(node, names.syntax)
        ):
            fact = Fact("spawn", nodes.span(node), name, nodes.text(names.syntax.receiver(node), 200), dropped=True)
        if fact is not None:
            yield fact


def _bare(node: Node, callee: Node, name: str, kind: Effect, names: Names) -> Fact | None:
    """A call of the type's own method is nothing yet; saving and completing are, by whatever way they are reached."""
    at = nodes.span(callee)
    local = names.local(name, at)
    if local is not None:
        own = local.node.type in names.syntax.variables and any(
            c.type in names.syntax.lambdas for c in local.node.named_children
        )
        return None if own else Fact("io", nodes.span(node), name, calls="delegate")
    state = names.visible(at).get(name)
    if state is not None:
        return Fact("io", nodes.span(node), name, calls="event" if state.use.kind == "event" else "delegate")
    return (
        Fact(kind, nodes.span(node), name, result=bound_to(node, names.syntax))
        if kind in ("save", "complete")
        else None
    )


def _on_receiver(
    call: Call, known: Known, every: dict[str, Effect], language: Language, names: Names, written: Written
) -> Fact | None:
    node, name = call
    on = names.syntax.receiver(node)
    last = _receiver_name(on, names.syntax) if every or known.exact or known.words else ""
    kind = known.exact.get(last) or every.get(last) or _by_word(known, node, on, last, names) or known.plain
    if not kind or kind == "ignore" or on is None:
        return None
    if last in every or last in known.exact:
        return _exact(kind, node, name, on, names.syntax, written)
    if kind == "write":
        return _change(node, on, language, names, written)
    if known.plain == kind and _is_something_else(kind, call, on, language, names):
        return None
    state = state_of(on, names) if kind == "io" else None
    raises = state is not None and state.use.kind == "event"
    result = bound_to(node, names.syntax)
    return Fact(kind, nodes.span(node), name, nodes.text(on, 200), result, calls="event" if raises else "")


def _is_something_else(kind: FactKind, call: Call, on: Node, language: Language, names: Names) -> bool:
    """Whether a call that is known by its name alone has a receiver, or a use, that speaks against it."""
    about = types.queries(language)
    twin = language.words.twin
    if language.words.is_task(call.name) and call.name.removesuffix(twin) in about.linq:
        return _receiver_name(on, names.syntax) in about.made
    if call.name in about.linq:
        return not types.asks_a_source(call.node, on, language, names)
    if kind == "sql-hint" and any(a.type in names.syntax.deferred for a in names.syntax.arguments_of(call.node)):
        return True  # it runs what it is given: WithLock(() => ...) of a wrapper, not of a query
    return kind == "tracking" and _makes_a_value(call.node, names.syntax) and not types.is_source(on, language, names)


def _makes_a_value(node: Node, syntax: Syntax) -> bool:
    """Whether a call with arguments is made for its value, as one that tells a context of an object is not."""
    if not syntax.arguments_of(node):
        return False
    used = syntax.accesses | syntax.expression_bodies
    return not _is_statement(node, syntax) and parents.kind(node) not in used


def _receiver_name(on: Node | None, syntax: Syntax) -> str:
    """The simple name of a receiver; of a call or creation, what it calls or makes."""
    on = target_name(on, syntax)
    if on is None:
        return ""
    if on.type in syntax.calls:
        return syntax.call_name(on)
    if on.type in syntax.creations:
        return syntax.simple_name(syntax.type(on))
    return syntax.simple_name(on)


def _by_word(known: Known, node: Node, on: Node | None, last: str, names: Names) -> Effect:
    if not known.words:
        return ""
    said = (simple_type_or_array(types.declared(on, names)) or last).lower()
    for word, kind in known.words:
        if said.endswith(word) or (
            word == "sql" and any(_is_sql(a, names.syntax) for a in names.syntax.arguments_of(node))
        ):
            return kind
    return ""


def _is_sql(argument: Node, syntax: Syntax) -> bool:
    """Whether it is a literal that starts as SQL does, or is named as SQL is."""
    if syntax.is_path(argument):
        return syntax.simple_name(argument).lower().endswith(("sql", "query"))
    if argument.type not in syntax.texts:
        return False
    words = nodes.text(argument, 60).lstrip('$@" ').split(maxsplit=1)
    return bool(words) and words[0].rstrip('";').upper() in _SQL


def _exact(kind: FactKind, node: Node, name: str, on: Node, syntax: Syntax, written: Written) -> Fact:
    """A call on a known type; where it works on a variable by ``ref``, that is the target."""
    listed = syntax.argument_list(node)
    first = listed.named_children[0] if listed is not None and listed.named_children else None
    if kind not in ("read", "write") or first is None or first.children[0].type != "ref":
        return Fact(kind, nodes.span(node), name, nodes.text(on, 200), bound_to(node, syntax))
    by_reference = first.named_children[-1]
    target = target_name(by_reference, syntax)
    if target is not None:
        written.plain.add((syntax.member(target) or target).start_byte)
    return Fact(kind, nodes.span(node), name, nodes.text(by_reference, 200), bound_to(node, syntax))


def _change(node: Node, on: Node, language: Language, names: Names, written: Written) -> Fact | None:
    """A call that changes what it is called on, such as a collection's Add; not on a function's own local."""
    target = target_name(on, names.syntax)
    if target is None or not names.syntax.is_path(target):
        return None
    declared = simple_type_or_array(types.declared(target, names))
    if declared in types.queries(language).values or (not declared and not _is_statement(node, names.syntax)):
        return None  # the call gives a new value, or may do so
    fact = write(target, nodes.span(node), names)
    if fact is not None:
        written.plain.add((names.syntax.member(target) or target).start_byte)
    return fact


def _is_statement(node: Node, syntax: Syntax) -> bool:
    """Whether nothing takes the call's value."""
    parent = parents.parent(node)
    while parent is not None and (parent.type in syntax.awaits or parent.type in syntax.conditional_accesses):
        parent = parents.parent(parent)
    return parent is not None and parent.type in syntax.expression_statements


def _is_dropped(node: Node, syntax: Syntax) -> bool:
    """Whether a task is neither awaited nor kept: a statement alone, or given to ``_``."""
    parent = parents.parent(node)
    if parent is None or (node.text or b"").startswith(b"await"):  # `await a?.B()` parses as `(await a)?.B()`
        return False
    if parent.type in syntax.assignments:
        left = syntax.left(parent)
        return left is not None and left.text == b"_"
    return parent.type in syntax.expression_statements


def bound_to(node: Node, syntax: Syntax) -> str:
    """The variable that gets a call's value, through the rest of its chain, ``await``, ``?:``, tuples and queries.

    A call in a pattern is bound to what the pattern declares; one with an ``out`` declaration to that.
    """
    inner = node
    place: int | None = None
    for parent in parents.ancestors(node):
        kind = parent.type
        if kind in syntax.arguments and (around := parents.parent(parent)) is not None and around.type in syntax.tuples:
            place = around.named_children.index(parent)
        elif kind in syntax.conditionals:
            if syntax.condition(parent) == inner:
                return ""
        elif kind in syntax.variables:
            return _one_of(syntax.name(parent) or parent.named_children[0], place, syntax)
        elif kind in syntax.assignments or kind in syntax.each_loops:
            return _one_of(syntax.left(parent), place, syntax)
        elif kind in syntax.pattern_tests:
            return _pattern_name(syntax.pattern(parent), syntax)
        elif kind not in syntax.chains:
            break
        inner = parent
    return _out(node, syntax)


def _one_of(name: Node | None, place: int | None, syntax: Syntax) -> str:
    """A declared or assigned name; of several, the one at ``place``."""
    if name is not None and place is not None and name.type in syntax.tuple_patterns:
        parts = name.named_children
        if place >= len(parts):
            return ""
        part = parts[place]
        part = part.named_children[-1] if part.type in syntax.arguments else part
        return nodes.text(syntax.name(part) or part)
    return nodes.text(name)


def _pattern_name(pattern: Node | None, syntax: Syntax) -> str:
    while pattern is not None and pattern.type in syntax.pattern_wraps:
        pattern = pattern.named_children[0] if pattern.named_children else None
    return nodes.text(syntax.name(pattern)) if pattern is not None else ""


def _out(node: Node, syntax: Syntax) -> str:
    if b"out " not in (node.text or b""):
        return ""
    declared = [a for a in syntax.arguments_of(node) if a.type in syntax.declared_in_place]
    return nodes.text(syntax.name(declared[0])) if len(declared) == 1 else ""
