"""Tasks that a function gives away unfinished although what they use ends with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.version import version
from ctxreview.languages.behaviour import Behaviour
from ctxreview.model import il
from ctxreview.model.declarations import Function
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array


class Elided(NamedTuple):
    """``call`` was waited for before the edit; its task is returned now, and ``name``, which it uses, ends at ``end``."""

    call: il.Call
    name: str
    end: Span


def elided(before: tuple[Outline, Function], after: tuple[Outline, Function]) -> Iterator[Elided]:
    """The first task of a function that is no longer waited for while something else ends what it uses."""
    old, new = (version(o).units.get(f.span) for o, f in (before, after))
    if old is None or new is None or not old.asynchronous or new.asynchronous:
        return
    about = version(after[0]).about
    if simple_type_or_array(new.returns) not in about.of("task_types"):
        return
    waited = {
        n.callee
        for a in il.walk(old, into=False)
        if isinstance(a, il.Await)
        for n in il.walk(a.value, into=False)
        if isinstance(n, il.Call)
    }
    assigned: dict[Span, list[il.Value]] = {}
    for node in il.walk(new, into=False):
        if isinstance(node, il.Assign) and isinstance(node.target, il.Name) and node.target.declared is not None:
            assigned.setdefault(node.target.declared, []).append(node.value)
    for statement in il.walk(new, into=False):
        for name, end in _ended(statement, about):
            taken = _also(name.declared, assigned, about) if name.declared is not None else frozenset[Span]()
            inside = statement.body if isinstance(statement, il.Held | il.Try) else statement
            for leaving in il.walk(inside, into=False):
                if not isinstance(leaving, il.Exit) or leaving.kind != "return" or leaving.value is None:
                    continue
                for call in _given(leaving.value, assigned):
                    if call.callee in waited and _uses(call, taken, about):
                        yield Elided(call, name.text, end)
                        return


def _ended(statement: il.Node, about: Behaviour) -> Iterator[tuple[il.Name, Span]]:
    """The variables that a statement ends when its body is left, each with where."""
    if isinstance(statement, il.Held) and statement.kind == "disposal":
        for subject in statement.subjects:
            name = subject.target if isinstance(subject, il.Assign) else subject
            if isinstance(name, il.Name) and name.declared is not None:
                yield name, subject.span
    if isinstance(statement, il.Try) and statement.always is not None:
        for call in il.walk(statement.always, into=False):
            if isinstance(call, il.Call) and about.has("gives_back", call.callee):
                named: tuple[il.Value | None, ...] = (call.receiver, *(a.value for a in call.arguments))
                for one in named:
                    if isinstance(one, il.Name) and one.declared is not None:
                        yield one, call.span


def _also(name: Span, assigned: dict[Span, list[il.Value]], about: Behaviour) -> frozenset[Span]:
    """A variable, and those that have a part of it."""
    found = frozenset((name,))
    for other, values in assigned.items():  # in the order of the text
        if other not in found and any(_is_of(value, found, about) for value in values):
            found |= {other}
    return found


def _given(value: il.Value, assigned: dict[Span, list[il.Value]]) -> Iterator[il.Call]:
    """The calls one of which gives a value."""
    if isinstance(value, il.Name) and value.declared is not None:
        values = assigned.get(value.declared, [])
        yield from (v for v in values[:1] if isinstance(v, il.Call) and len(values) == 1)
    elif isinstance(value, il.Call):
        yield value
    elif isinstance(value, il.Create):
        yield from (a.value for a in value.arguments if isinstance(a.value, il.Call))
    elif isinstance(value, il.Operation) and value.operator in ("?:", "??"):
        yield from (operand for operand in value.operands if isinstance(operand, il.Call))


def _uses(call: il.Call, names: frozenset[Span], about: Behaviour) -> bool:
    """Whether a call is made on one of some variables, or is given one or a part of it."""
    on = call.receiver
    while isinstance(on, il.Access | il.Element | il.Call):
        on = on.receiver if isinstance(on, il.Call) else on.of
    return _is_one(on, names) or any(_is_of(a.value, names, about) for a in call.arguments)


def _is_of(value: il.Value, names: frozenset[Span], about: Behaviour) -> bool:
    """Whether a value is one of some variables, a part of it, or made of it."""
    match value:
        case il.Name():
            return _is_one(value, names)
        case il.Access():
            return about.has("hands_on", value.name) and _is_of(value.of, names, about)
        case il.Call():
            on = value.receiver
            return on is not None and about.has("hands_on", value.callee) and _is_of(on, names, about)
        case il.Create():
            return any(_is_of(a.value, names, about) for a in (*value.arguments, *value.members))
        case il.Assign():
            return _is_of(value.value, names, about)
        case il.Operation():
            whole = value.operator in ("?:", "??", "cast", "as", "tuple")
            return whole and any(_is_of(operand, names, about) for operand in value.operands)
        case il.Lambda():
            return any(isinstance(n, il.Name) and _is_one(n, names) for n in il.walk(value.unit.body))
        case _:
            return False


def _is_one(value: il.Value | None, names: frozenset[Span]) -> bool:
    return isinstance(value, il.Name) and value.declared in names
