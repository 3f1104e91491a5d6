"""Which member, scope and line after an edit is which one before it.

A member is known by its type, its explicit interface, its name, its parameters' types and its accessor; a scope by its member,
what it takes and what it holds; a line by where a comparison of the two texts puts it. What was renamed, or got other
parameters, is told by what it does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TypeVar

from ctxreview.behaviour.body import Body, bodies, body_of, root_of, squeezed
from ctxreview.behaviour.boundary import without_comments
from ctxreview.behaviour.identity import Identity, home_of, identity
from ctxreview.behaviour.line_pairs import LinePairs
from ctxreview.behaviour.lock_usage import lock_key
from ctxreview.behaviour.same import SameTwo
from ctxreview.behaviour.version import version
from ctxreview.kept import kept
from ctxreview.languages import load
from ctxreview.languages.words import Words
from ctxreview.model.notation import SELF
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.source import Span
from ctxreview.regex import regex

MOST_PAIRS = 40_000
"""Of what is alike only by what it does, at most so many pairs are compared; beyond that the order decides."""

Match = tuple[Region, Region | None]
One = TypeVar("One")


class Pairing:
    """The members, scopes and lines of a file before and after an edit."""

    def __init__(self, before: Outline, after: Outline) -> None:
        self.before, self.after = before, after
        self._names: dict[int, Identity] = {}

    @cached_property
    def lines(self) -> LinePairs:
        """The lines of both."""
        return LinePairs(self.before.source.lines, self.after.source.lines)

    @cached_property
    def members(self) -> tuple[tuple[Body, Body], ...]:
        """The members that are in both versions, in the order of the first."""
        left, there = list(bodies(self.before)), list(bodies(self.after))
        words = load(self.before.language).words
        found: list[tuple[Body, Body]] = []
        keys: tuple[Callable[[Body], Hashable], ...] = (
            lambda b: (home_of(b), b.member.name, b.words),
            self._named,
            lambda b: self._named(b)._replace(type=b.member.container, parameters=()),
            lambda b: (b.member.container, *_untwinned(self._named(b), words)),
        )
        for key in keys:
            old, new = _grouped(left, key), _grouped(there, key)
            for name in old.keys() & new.keys():
                found += _nearest(old[name], new[name], at_least=0)
            paired = {id(b) for pair in found for b in pair}
            left, there = ([b for b in bodies_ if id(b) not in paired] for bodies_ in (left, there))
        gone, fresh = _grouped(left, _container), _grouped(there, _container)
        for type_ in gone.keys() & fresh.keys():
            found += _nearest(gone[type_], fresh[type_], at_least=_RENAMED)
        for type_, now in self.types.items():
            found += self._in_renamed(gone.get(type_, ()), fresh.get(now, ()))
        return tuple(sorted(found, key=lambda pair: pair[0].member.span))

    @cached_property
    def types(self) -> dict[str, str]:
        """What types are called after the edit, by the names that they had: of those that were renamed, which is told by what their members do."""
        had, has = ({t.name for t in o.types} for o in (self.before, self.after))
        gone, fresh = (
            {name: _words_of(of) for name, of in _grouped(bodies(o), _container).items() if name in own}
            for o, own in ((self.before, had - has), (self.after, has - had))
        )
        if len(gone) * len(fresh) > MOST_PAIRS:
            return {}
        ranked = sorted((-dice(gone[a], fresh[b]), str(a), str(b)) for a in gone for b in fresh)
        found: dict[str, str] = {}
        for alike, old, new in ranked:
            if -alike >= _SAME_TYPE and old not in found and new not in found.values():
                found[old] = new
        return found

    def _in_renamed(self, old: Sequence[Body], new: Sequence[Body]) -> Iterator[tuple[Body, Body]]:
        """The members of a type that was renamed, by their names and then by what they do."""

        def named(b: Body) -> Hashable:
            return "" if b.member.kind == "constructor" else b.member.name, b.member.kind

        before, after = _grouped(old, named), _grouped(new, named)
        found = [pair for name in before.keys() & after.keys() for pair in _nearest(before[name], after[name], 0)]
        paired = {id(b) for pair in found for b in pair}
        left, there = ([b for b in of if id(b) not in paired] for of in (old, new))
        yield from (*found, *_nearest(left, there, at_least=_RENAMED))

    def _named(self, body: Body) -> Identity:
        if id(body) not in self._names:
            self._names[id(body)] = identity(body)
        return self._names[id(body)]

    @cached_property
    def fresh(self) -> tuple[Body, ...]:
        """The members that the edit adds."""
        known = {id(new) for _, new in self.members}
        return tuple(b for b in bodies(self.after) if id(b) not in known)

    def became(self, span: Span) -> Body | None:
        """The member after the edit that the one around ``span`` before it is."""
        return self._became.get(id(body_of(self.before, span)))

    def was(self, span: Span) -> Body | None:
        """The member before the edit that the one around ``span`` after it is."""
        return self._was.get(id(body_of(self.after, span)))

    def stayed(self, old: Region, new: Region) -> bool:
        """Whether a transaction or lock holds the same code of a member in which nothing differs."""
        was, now = body_of(self.before, old.opening), body_of(self.after, new.opening)
        if was is None or now is None or self._became.get(id(was)) is not now:
            return False
        if was.code.data != now.code.data:
            return False
        shift = now.member.span.start - was.member.span.start
        return [_moved(s, shift) for s in (old.opening, old.span, *old.excluded)] == [
            new.opening,
            new.span,
            *new.excluded,
        ]

    def key_before(self, span: Span) -> Hashable:
        """What stands for the member around ``span`` before the edit in both versions."""
        body = body_of(self.before, span)
        return id(self._became.get(id(body), body))

    def key_after(self, span: Span) -> Hashable:
        """What stands for the member around ``span`` after the edit in both versions."""
        return id(body_of(self.after, span))

    @cached_property
    def _became(self) -> dict[int, Body]:
        return {id(old): new for old, new in self.members}

    @cached_property
    def _was(self) -> dict[int, Body]:
        return {id(new): old for old, new in self.members}

    @cached_property
    def scopes(self) -> tuple[tuple[Match, ...], tuple[Region, ...]]:
        """Each transaction and lock before the edit with the one that it became, and those that are new."""
        found: dict[Region, Region] = {}
        outer = [[s for s in o.regions if body_of(o, s.opening) is None] for o in (self.before, self.after)]
        for a, b in self.members:
            same = a.words == b.words and len(a.holds) == len(b.holds)
            found |= zip(a.holds, b.holds, strict=True) if same else self._matched(a.holds, b.holds)
        found |= self._matched(*outer)
        taken = set(found.values())
        for scope in self.before.regions:
            if scope not in found:
                moved = next((s for s in self._extracted(scope) if s not in taken), None)
                if moved is not None:
                    found[scope] = moved
                    taken.add(moved)
        matches = tuple((old, found.get(old)) for old in self.before.regions)
        return matches, tuple(s for s in self.after.regions if s not in taken)

    @cached_property
    def scope_after(self) -> dict[Region, Region]:
        """The scopes of both versions, by those before the edit."""
        return {old: new for old, new in self.scopes[0] if new is not None}

    def _extracted(self, scope: Region) -> Iterator[Region]:
        """The same scope, or after these one that takes the same for much of the same work, in a new member that the scope's own one names now."""
        now = self._became.get(id(body_of(self.before, scope.opening)))
        if now is None:
            return
        named = frozenset(_WORD.findall(now.plain(now.member.span)))
        there = [
            s
            for body in self.fresh
            if body.member.name in named and body.member.container == now.member.container
            for s in body.holds
        ]
        overloads = {b.member.span for b in self.fresh if b.member.name == now.member.name}
        wanted = _exact(scope, self.before)
        yield from (s for s in there if _exact(s, self.after) == wanted)
        held = _work(scope, self.before)
        for other in there:
            least = _OVERLOADED if other.owner in overloads else _RENAMED
            if _taken(other) == _taken(scope) and dice(held, _work(other, self.after)) >= least:
                yield other

    def _matched(self, old: Sequence[Region], new: Sequence[Region]) -> dict[Region, Region]:
        found: dict[Region, Region] = {}
        before, after = _grouped(old, lambda s: _exact(s, self.before)), _grouped(new, lambda s: _exact(s, self.after))
        for key in before.keys() & after.keys():
            mine, theirs = before[key], after[key]
            if len(mine) != len(theirs):  # alike in every letter: where they are tells which is gone
                at = {self._line(self.after, s): s for s in theirs}
                here = [(s, at.get(self.lines.after(self._line(self.before, s)) or 0)) for s in mine]
                placed = {s: there for s, there in here if there is not None}
                found |= placed
                taken = set(placed.values())
                mine, theirs = [s for s in mine if s not in placed], [s for s in theirs if s not in taken]
            found |= dict(zip(mine, theirs, strict=False))
        taken = set(found.values())
        mine, theirs = [s for s in old if s not in found], [s for s in new if s not in taken]
        if len(mine) * len(theirs) > MOST_PAIRS:
            return found | self._in_order(mine, theirs)
        held = {s: _work(s, self.before) for s in mine} | {s: _work(s, self.after) for s in theirs}
        ranked = sorted(
            (-likeness, abs(i - j), i, j)
            for i, a in enumerate(mine)
            for j, b in enumerate(theirs)
            if (likeness := self._likeness(a, b, held)) > 0
        )
        for _, _, i, j in ranked:
            if mine[i] not in found and theirs[j] not in taken:
                found[mine[i]] = theirs[j]
                taken.add(theirs[j])
        left, there = [s for s in mine if s not in found], [s for s in theirs if s not in taken]
        return found | self._replaced(left, there)

    def _replaced(self, mine: Sequence[Region], theirs: Sequence[Region]) -> dict[Region, Region]:
        """The locks of a member that are others altogether, if as many: what was under the one is under the other."""
        if len(mine) != len(theirs):
            return {}
        pairs = dict(zip(mine, theirs, strict=True))
        alike = all(old.kind == new.kind == "lock" and self._are_named(old, new) for old, new in pairs.items())
        return pairs if alike else {}

    def _are_named(self, old: Region, new: Region) -> bool:
        """Whether both locks are members that the file declares, or parts of one thing: a variable may be another name of a lock."""
        if (
            old.form == _WHOLE != new.form and old.resource == SELF
        ):  # an attribute locks the object itself for the whole member
            return _is_declared(new, self.after)
        if old.form in _OF_ELSEWHERE or new.form in _OF_ELSEWHERE:
            return False
        declared = _is_declared(old, self.before) and _is_declared(new, self.after)
        return declared or root_of(lock_key(old)) == root_of(lock_key(new)) != ""

    def _in_order(self, mine: Sequence[Region], theirs: Sequence[Region]) -> dict[Region, Region]:
        """The scopes by what they take alone, in their order."""
        first, second = _grouped(mine, _taken), _grouped(theirs, _taken)
        pairs = (zip(first[key], second[key], strict=False) for key in first.keys() & second.keys())
        return {old: new for found in pairs for old, new in found}

    def _likeness(self, old: Region, new: Region, held: dict[Region, Counter[str]]) -> float:
        """How much two scopes that differ are alike, from 0 for not at all."""
        if old.kind != new.kind or (old.form == "sql") != (new.form == "sql"):
            return 0
        same = dice(held[old], held[new])
        construct, on = old.construct == new.construct, lock_key(old) == lock_key(new)
        here = self._beside(old, new)
        other = old.kind == "lock" and not construct and not on
        if other and not (here and same >= _REPLACED and self._are_named(old, new)):
            return 0
        if not same and not here:
            return 0
        return 4 * same + 3.5 * on + construct + (old.form == new.form) / 2 + here / 2

    def _beside(self, old: Region, new: Region) -> bool:
        """Whether both are at the same place of the text, or in what was written for one another."""
        line, now = self._line(self.before, old), self._line(self.after, new)
        there = self.lines.after(line)
        if there is not None:
            return there == now
        hunk = self.lines.hunk(line)
        return hunk.new_start <= now - 1 < hunk.new_end

    @staticmethod
    def _line(outline: Outline, scope: Region) -> int:
        return outline.source.line_of(scope.opening.start)


_WORD = regex(r"\w+")
_RENAMED = 0.3
"""How much of its words a member has to keep to be the same under another name."""
_WHOLE = "attribute"
_OF_ELSEWHERE = ("sql", _WHOLE)
"""Forms of scopes that hold more than a stretch of the member."""
_SAME_TYPE = 0.5
"""The same for a type."""
_REPLACED = 0.5
"""How much of its work a lock has to keep to be the same as one of another kind on something else."""
_OVERLOADED = 0.15
"""The same for a scope that goes from a member to an overload that it calls."""


def _untwinned(of: Identity, words: Words) -> tuple[str, str, str]:
    return of.interface, words.untwinned(of.name), of.kind


def _moved(span: Span, by: int) -> Span:
    return Span(span.start + by, span.end + by)


def _container(body: Body) -> str:
    return body.member.container


def _grouped(found: Iterable[One], key: Callable[[One], Hashable]) -> dict[Hashable, list[One]]:
    groups: dict[Hashable, list[One]] = {}
    for one in found:
        groups.setdefault(key(one), []).append(one)
    return groups


def _nearest(old: Sequence[Body], new: Sequence[Body], at_least: float) -> list[tuple[Body, Body]]:
    """The pairs that are most alike in their words, each member once; those that are the same in their order."""
    if not old or not new:
        return []
    if (len(old) == len(new) == 1 and not at_least) or len(old) * len(new) > MOST_PAIRS:
        return list(zip(old, new, strict=False))
    if all(b.words == old[0].words for b in (*old, *new)):
        return list(zip(old, new, strict=False))
    words = {id(b): Counter(re.findall(r"\w+", b.words)) for b in (*old, *new)}
    ranked = sorted(
        (-alike, abs(i - j), i, j)
        for i, a in enumerate(old)
        for j, b in enumerate(new)
        if (alike := dice(words[id(a)], words[id(b)])) >= at_least
    )
    first: dict[int, int] = {}
    for _, _, i, j in ranked:
        if i not in first and j not in first.values():
            first[i] = j
    return [(old[i], new[j]) for i, j in first.items()]


def _words_of(members: Iterable[Body]) -> Counter[str]:
    return Counter(word for b in members for word in _WORD.findall(b.words))


def dice(a: Counter[str], b: Counter[str]) -> float:
    """How much two heaps have in common: 0 for nothing, 1 for all."""
    whole = a.total() + b.total()
    return 2 * (a & b).total() / whole if whole else 0


def _is_declared(lock: Region, outline: Outline) -> bool:
    """Whether what is locked is a member that its type declares, in whichever part: a variable may be another name of one."""
    name = lock_key(lock)
    return any(name in m.names for m in outline.members) or version(outline).state(lock.container, name) is not None


def _taken(scope: Region) -> Hashable:
    return scope.kind, scope.construct, lock_key(scope)


def _exact(scope: Region, outline: Outline) -> Hashable:
    return (_taken(scope), scope.form, squeezed(without_comments(outline, scope.span)))


def _work(scope: Region, outline: Outline) -> Counter[str]:
    """The statements and headers that a scope holds, without layout."""
    code = without_comments(outline, Span(min(scope.opening.end, scope.span.end), scope.span.end))
    return Counter(" ".join(line.split()) for line in re.split(r"[;{}]", code) if re.search(r"\w", line))


@kept(16)
def _pairing(both: SameTwo) -> Pairing:
    return Pairing(both.before, both.after)


def pairing(before: Outline, after: Outline) -> Pairing:
    """How the two outlines of a file go together; kept while both are compared."""
    return _pairing(SameTwo(before, after))
