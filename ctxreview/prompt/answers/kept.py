"""The objects that the code calls on under a lock, and where the file uses them without it.

What such a call does is often not known: it may change the object, which no access of state shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from ctxreview.behaviour.protection import outlined_with
from ctxreview.behaviour.users import Users
from ctxreview.behaviour.version import version
from ctxreview.languages import load
from ctxreview.model import il
from ctxreview.model.declarations import Function
from ctxreview.model.notation import without_self
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.prompt.answers.seen import Seen

_UNSHARED = ("constructor", "finalizer")
"""Functions that run while no other thread has the object."""


class Kept:
    """The uses of the objects that the code calls on under the lock of one region."""

    def __init__(self, seen: Seen, lock: Region) -> None:
        self.seen = seen
        self.lock = lock
        self._own = without_self(lock.resource)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The fields and properties of the file whose objects are called on; not those that only tell people, signal, or cannot change."""
        receivers = (n.receiver for n in self.seen.nodes if isinstance(n, il.Call))
        found = dict.fromkeys(filter(None, map(_field, receivers)))
        return tuple(name for name in found if self._can_change(name))

    def without(self, name: str) -> Iterator[tuple[Function, int]]:
        """The functions that use an object without the lock, construction aside, each with the line (1-based) of its first such use."""
        users = [f for f in Users(version(self.seen.outline)).naming((name,)) if f.kind not in _UNSHARED]
        read = self._read(users)
        masked = load(read.language).lex(read.source.data).masked
        locks = [r for r in read.regions if r.kind == "lock" and without_self(r.resource) == self._own]
        word = re.compile(rf"(?<![\w]){re.escape(name)}\b".encode())
        for function in users:
            for use in word.finditer(masked, function.span.start, function.span.end):
                at = Span(*use.span())
                if not any(_holds(read, r, at) for r in locks):
                    yield function, read.source.line_of(at.start)
                    break

    def _read(self, users: Iterable[Function]) -> Outline:
        """The outline with the locks of some functions."""
        outline = self.seen.context.outline
        missing = [f.span for f in users if not outline.has_read(f.span)]
        return outlined_with(outline, self.lock, (self.lock.owner, *(f.span for f in users))) if missing else outline

    def _can_change(self, name: str) -> bool:
        about, outline = self.seen.about, self.seen.outline
        declared = outline.named(name)
        kinds = {simple_type_or_array(m.declares) for m in declared}
        fixed = about.of("immutable") | about.of("signals")
        tells = about.pattern("tells_on")
        return bool(declared) and not kinds <= fixed and not any(map(tells.match, {name, *kinds}))


def _field(receiver: il.Value | None) -> str:
    """The name of the field or property that a call is made on; ``""`` for another receiver."""
    if isinstance(receiver, il.Name):
        return (
            receiver.text if receiver.declared is None and receiver.binding in ("member", "static", "unknown") else ""
        )
    return receiver.name if isinstance(receiver, il.Access) and isinstance(receiver.of, il.Self) else ""


def _holds(outline: Outline, lock: Region, at: Span) -> bool:
    """Whether a use runs under a lock, or is what it is taken on."""
    return lock.opening.contains(at) or (
        outline.runs_under(at, lock) and not any(g.contains(at) for g in lock.excluded)
    )
