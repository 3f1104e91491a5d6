"""Which state needs no lock where it is used: what it holds keeps itself, or the lock goes with it."""

from __future__ import annotations

import re

from ctxreview.behaviour.lock_usage import Use, is_collection
from ctxreview.behaviour.version import version
from ctxreview.model import il
from ctxreview.model.declarations import Member
from ctxreview.model.notation import without_self
from ctxreview.model.outline import Outline
from ctxreview.outline.symbols.written_names import simple_type_or_array

LANGUAGES = ("csharp",)

_SAFE = (
    "Concurrent",
    "Immutable",
    "Interlocked",
    "ThreadLocal",
    "AsyncLocal",
    "Lazy",
    "Blocking",
    "Channel",
    "CancellationToken",
    "Task",
    "Frozen",
)


def is_safe(member: Member, use: Use, outline: Outline) -> bool:
    """Whether what it holds needs no lock: its type says so, or it is a reference that never changes."""
    type_ = simple_type_or_array(member.declares)
    is_event = use.fact.state is not None and use.fact.state.kind == "event"
    if use.fact.is_volatile or is_event or type_.startswith(_SAFE):
        return True
    if use.fact.is_readonly and _made(use.state[1], member, outline).startswith(_SAFE):
        return True
    return use.fact.is_readonly and not is_collection(type_, outline)


def _made(name: str, member: Member, outline: Outline) -> str:
    """The type of the object that a field is given where it is declared; ``""`` where no type is named there."""
    found = re.search(rf"\b{re.escape(name)}\s*=\s*new\s+(?:\w+\s*\.\s*)*(\w+)", outline.source.text(member.span))
    return found[1] if found is not None else ""


def is_given_with_the_lock(use: Use, gate: str, outline: Outline) -> bool:
    """Whether a call is given the state and its lock: what is called takes the one for the other."""
    at = use.fact.span
    unit = version(outline).units.get(use.member.span)
    return any(
        isinstance(n, il.Call)
        and any(
            a.value.span == at or (a.value.span.contains(at) and isinstance(a.value, il.Access)) for a in n.arguments
        )
        and any(without_self(outline.source.text(a.value.span)) == without_self(gate) for a in n.arguments)
        for n in (il.walk(unit, within=at) if unit is not None else ())
    )
