"""What differs between a file before and after an edit, member by member."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from ctxreview.behaviour.body import Body, CallText, source_of
from ctxreview.behaviour.pairing import Match, Pairing, pairing
from ctxreview.behaviour.places import lines
from ctxreview.kept import kept
from ctxreview.model.facts import Fact
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.source import Lines, Span


class Change:
    """A member that the edit changed, in both versions; ``fresh`` are members that the edit adds to the file."""

    def __init__(self, before: Body, after: Body, fresh: tuple[Body, ...]) -> None:
        self.before, self.after, self.fresh = before, after, fresh

    @cached_property
    def _gone(self) -> tuple[CallText, ...]:
        kept = (c for body in (self.after, *self.called) for c in body.calls)
        return _missing(self.before.calls, kept)

    @cached_property
    def _added(self) -> tuple[CallText, ...]:
        return _missing(self.after.calls, self.before.calls)

    @cached_property
    def called(self) -> tuple[Body, ...]:
        """The fresh members that the changed one calls: what was extracted from it is not gone."""
        names = {c.name for c in self.after.calls}
        return tuple(b for b in self.fresh if b.member.name in names)

    def gone(self, *names: str) -> list[CallText]:
        """Calls before the edit, by name without ``Async``, of which there are fewer after it."""
        return [c for c in self._gone if c.base in names]

    def added(self, *names: str) -> list[CallText]:
        """Calls after the edit, by name without ``Async``, of which there were fewer before it."""
        return [c for c in self._added if c.base in names]

    @cached_property
    def scopes(self) -> tuple[Match, ...]:
        """Each scope before the edit with the one after it that it became."""
        became, own = pairing(self.before.outline, self.after.outline).scope_after, set(self.after.holds)
        return tuple((s, new if (new := became.get(s)) in own else None) for s in self.before.holds)

    def at(self, span: Span | None = None, what: str = "") -> Lines:
        """A place after the edit; the member's own where there is none."""
        return lines(self.after.outline, span or self.after.member.opening, what)

    def was(self, span: Span, what: str) -> Lines:
        """A place before the edit."""
        return lines(self.before.outline, span, f"{what}, before the edit")


def _missing(calls: Iterable[CallText], others: Iterable[CallText]) -> tuple[CallText, ...]:
    """The calls that have no partner among ``others``: by name and source first, then by name."""
    exact = Counter((c.base, c.creates, source_of(c.on)) for c in others)
    rest = []
    for call in calls:
        key = (call.base, call.creates, source_of(call.on))
        if exact[key] > 0:
            exact[key] -= 1
        else:
            rest.append(call)
    names = Counter[tuple[str, bool]]()
    for (name, creates, _), n in exact.items():
        names[name, creates] += n
    found = []
    for call in rest:
        if names[call.base, call.creates] > 0:
            names[call.base, call.creates] -= 1
        else:
            found.append(call)
    return tuple(found)


@kept(2)
def _changes(found: Pairing) -> tuple[Change, ...]:
    return tuple(Change(a, b, found.fresh) for a, b in found.members if a.words != b.words)


def changes(before: Outline, after: Outline) -> tuple[Change, ...]:
    """The members that the edit changed; those it adds or removes have nothing to be compared with."""
    return _changes(pairing(before, after))


def saves(body: Body) -> list[Fact]:
    """What the member sends to a database."""
    return [f for f in body.facts if f.kind == "save"]


def transactions(body: Body) -> list[Region]:
    """The transactions that are opened in the member, those that only retry aside."""
    return [s for s in body.holds if s.kind == "transaction" and s.mode not in ("retried", "suppressed")]
