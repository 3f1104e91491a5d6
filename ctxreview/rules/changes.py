"""What differs between a file before and after an edit, member by member."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache

from ctxreview.model import Fact, Lines, Outline, Scope, Span
from ctxreview.rules.code import Body, Call, bodies, source_of
from ctxreview.rules.places import lines


class Change:
    """A member that the edit changed, in both versions; ``fresh`` are members that the edit adds to the file."""

    def __init__(self, before: Body, after: Body, fresh: tuple[Body, ...]) -> None:
        self.before, self.after, self.fresh = before, after, fresh

    @cached_property
    def _gone(self) -> tuple[Call, ...]:
        kept = (c for body in (self.after, *self.called) for c in body.calls)
        return _missing(self.before.calls, kept)

    @cached_property
    def _added(self) -> tuple[Call, ...]:
        return _missing(self.after.calls, self.before.calls)

    @cached_property
    def called(self) -> tuple[Body, ...]:
        """The fresh members that the changed one calls: what was extracted from it is not gone."""
        names = {c.name for c in self.after.calls}
        return tuple(b for b in self.fresh if b.member.name in names)

    def gone(self, *names: str) -> list[Call]:
        """Calls before the edit, by name without ``Async``, of which there are fewer after it."""
        return [c for c in self._gone if c.base in names]

    def added(self, *names: str) -> list[Call]:
        """Calls after the edit, by name without ``Async``, of which there were fewer before it."""
        return [c for c in self._added if c.base in names]

    @cached_property
    def scopes(self) -> tuple[tuple[Scope, Scope | None], ...]:
        """Each scope before the edit with the one after it that it became."""
        left = list(self.after.holds)
        found: dict[int, Scope] = {}
        keys: tuple[Callable[[Scope], object], ...] = (
            lambda s: (s.construct, s.form, s.resource),
            lambda s: (s.construct, s.resource),
            lambda s: (s.kind, s.construct),
            lambda s: s.kind,
        )
        for key in keys:
            for i, old in enumerate(self.before.holds):
                new = next((s for s in left if key(s) == key(old)), None) if i not in found else None
                if new is not None:
                    found[i] = new
                    left.remove(new)
        return tuple((old, found.get(i)) for i, old in enumerate(self.before.holds))

    def at(self, span: Span | None = None, what: str = "") -> Lines:
        """A place after the edit; the member's own where there is none."""
        return lines(self.after.outline, span or self.after.member.head, what)

    def was(self, span: Span, what: str) -> Lines:
        """A place before the edit."""
        return lines(self.before.outline, span, f"{what}, before the edit")


def _missing(calls: Iterable[Call], others: Iterable[Call]) -> tuple[Call, ...]:
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


class _Pair:
    """Two outlines by their identity."""

    def __init__(self, before: Outline, after: Outline) -> None:
        self.before, self.after = before, after

    def __hash__(self) -> int:
        return hash((id(self.before), id(self.after)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Pair) and other.before is self.before and other.after is self.after


@lru_cache(maxsize=1)
def _changes(pair: _Pair) -> tuple[Change, ...]:
    left = list(bodies(pair.before))
    there = list(bodies(pair.after))
    same = Counter((b.key, b.words) for b in left) & Counter((b.key, b.words) for b in there)
    left, there = _without(left, same.copy()), _without(there, same.copy())
    pairs: list[tuple[Body, Body]] = []
    for body in list(left):
        new = next((b for b in there if b.key == body.key), None)
        if new is not None:
            left.remove(body)
            there.remove(new)
            pairs.append((body, new))
    for body in left:
        # A member that was renamed: the only one of its type that is gone, and the only one that is new.
        gone = [b for b in left if b.member.container == body.member.container]
        new_ones = [b for b in there if b.member.container == body.member.container]
        if len(gone) == len(new_ones) == 1:
            there.remove(new_ones[0])
            pairs.append((body, new_ones[0]))
    return tuple(Change(a, b, tuple(there)) for a, b in pairs)


def _without(found: list[Body], same: Counter[tuple[tuple[str, str], str]]) -> list[Body]:
    rest = []
    for body in found:
        if same[body.key, body.words] > 0:
            same[body.key, body.words] -= 1
        else:
            rest.append(body)
    return rest


def changes(before: Outline, after: Outline) -> tuple[Change, ...]:
    """The members that the edit changed; those it adds or removes have nothing to be compared with."""
    return _changes(_Pair(before, after))


def saves(body: Body) -> list[Fact]:
    """What the member sends to a database."""
    return [f for f in body.facts if f.kind == "save"]


def transactions(body: Body) -> list[Scope]:
    """The transactions that are opened in the member, those that only retry aside."""
    return [s for s in body.holds if s.kind == "transaction" and s.mode not in ("retried", "suppressed")]
