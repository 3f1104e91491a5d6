"""Queues that are made for one thread at a time at one of their ends, and what is at that end on several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ctxreview.behaviour.comparison import Comparison
from ctxreview.behaviour.consuming import often, starts
from ctxreview.behaviour.lock_usage import is_reached
from ctxreview.behaviour.version import Version, version
from ctxreview.languages.behaviour import Behaviour
from ctxreview.model import il
from ctxreview.model.declarations import Function
from ctxreview.model.source import Span


class Promised(NamedTuple):
    """``queue`` is made for one thread at its ``end`` since the edit, by ``promise`` at ``at``; ``use``, in the function ``name``, may run on several at once."""

    queue: str
    end: str
    promise: str
    at: Span
    use: Span
    name: str


def promised(both: Comparison, about: Behaviour) -> Iterator[Promised]:
    """Each queue that is told since the edit that one thread at a time takes from it, or gives to it, and one place where several do."""
    ends = about.ends_of_one
    if not any(name.encode() in both.after.source.data for name in ends):
        return
    known = {(queue, promise) for queue, promise, _ in _promises(version(both.before), ends)}
    for queue, promise, at in dict.fromkeys(_promises(version(both.after), ends)):
        use = None if (queue, promise) in known else _at_once(version(both.after), queue, ends[promise], at)
        if use is not None:
            yield Promised(queue, ends[promise], promise, at, *use)


def _promises(of: Version, ends: Mapping[str, str]) -> Iterator[tuple[str, str, Span]]:
    """The name of each queue that is made with a promise, the promise, and where it is made."""
    for unit in of.units:
        if unit.kind == "initialiser":
            given: list[tuple[str, il.Node]] = [(unit.name, unit.body)]
        else:
            given = [(il.last_name(n.target), n.value) for n in il.walk(unit) if isinstance(n, il.Assign)]
        for name, value in given:
            for made in il.walk(value):
                for one in made.members if isinstance(made, il.Create) else ():
                    if one.name in ends and getattr(one.value, "text", "") == "true":
                        yield name, one.name, one.span


def _at_once(of: Version, queue: str, end: str, made: Span) -> tuple[Span, str] | None:
    """A call on one end of a queue that more than one thread may be in, and the name of its function. The queue is ``made`` there; one that a function makes is its own."""
    for member in of.outline.outermost:
        unit = of.units.get(member.span) if {queue, end} <= of.words[member.span] else None
        if unit is None:
            continue
        is_own = member.kind != "constructor" and member.span.contains(made)
        open_ = end in of.about.of("open_end") and is_reached(member, of.outline)
        open_ = not is_own and (open_ or _is_begun_often(of, member))
        begun = [n.span for s in often(of, unit) for n in il.walk(unit, within=s) if isinstance(n, il.Lambda)]
        for node in il.walk(unit):
            at = node.receiver if isinstance(node, il.Call) else None
            if not (isinstance(at, il.Access) and at.name == end and il.last_name(at.of) == queue):
                continue
            if open_ or any(s.contains(node.span) for s in begun):
                return node.span, member.name
    return None


def _is_begun_often(of: Version, member: Function | None) -> bool:
    """Whether a function is named more than once or where it runs often, or the only function that names it is.

    What no function of the file names is looked for in others.
    """
    seen: set[tuple[str, str]] = set()
    outline = of.outline
    while member is not None and (key := (outline.source.path, member.name)) not in seen:
        seen.add(key)
        begun = [(outline, *one) for one in starts(outline, member.name, member.container)]
        beyond = outline.elsewhere
        if not begun and beyond is not None and is_reached(member, outline):
            there = beyond.naming(member.container, member.name, outline)
            begun = [(o, *one) for o in there for one in starts(o, member.name, member.container)]
        if len(begun) != 1:
            return len(begun) > 1
        outline, _, around = begun[0]
        member = next((m for m in outline.outermost if m.span == around), None)
    return False
