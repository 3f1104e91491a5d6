"""Two versions of a file as traces: which effect became which, and what of the file has to be looked at.

Members are paired by :mod:`ctxreview.behaviour.pairing`, their effects by key: first those that also have the same holds, in order;
then the rest in order; then wherever they stand. State that was only given another name has the new one in both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from ctxreview.behaviour.body import Body
from ctxreview.behaviour.effects import Effect, Hold, Trace
from ctxreview.behaviour.pairing import pairing
from ctxreview.behaviour.renames import renamed_state, under_new_names
from ctxreview.behaviour.same import SameTwo
from ctxreview.behaviour.tracing import trace
from ctxreview.behaviour.version import version
from ctxreview.kept import kept
from ctxreview.languages import load
from ctxreview.model.declarations import Function
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.source import Span
from ctxreview.regex import regex
from ctxreview.workspace.line_diff import blocks

MOST_TRACED = 300
"""Functions of a file that are traced for one comparison: those that differ first."""


class Pair:
    """A function before and after the edit, with what became of each effect."""

    def __init__(self, before: Trace, after: Trace, regions: Mapping[Region, Region]) -> None:
        """``regions`` are what the transactions and locks before the edit became."""
        self.before, self.after, self._regions = before, after, regions

    @cached_property
    def became(self) -> Mapping[int, Effect]:
        """The effects after the edit, by the numbers of those before it."""
        return {
            a: self.after.effects[b]
            for a, b in _matched(self.before.effects, self.after.effects, self._regions).items()
        }

    @cached_property
    def was(self) -> Mapping[int, Effect]:
        """The effects before the edit, by the numbers of those after it."""
        return {now.number: self.before.effects[a] for a, now in self.became.items()}

    def always_before(self, first: Effect, second: Effect) -> bool:
        """Whether before the edit all effects of the one key came before all of the other: else their order says nothing."""
        one, other = ([e.number for e in self.before.effects if e.key == k] for k in (first.key, second.key))
        return max(one) < min(other)

    @property
    def understood(self) -> bool:
        """Whether both versions were understood as a whole."""
        return self.before.understood and self.after.understood

    @property
    def unseen(self) -> tuple[str, ...]:
        """What was not followed in either."""
        return tuple(dict.fromkeys((*self.before.unseen, *self.after.unseen)))


class Comparison:
    """A file before and after an edit. What is asked for is traced, and nothing else."""

    def __init__(self, before: Outline, after: Outline) -> None:
        self.before, self.after = before, after
        self.both = pairing(before, after)
        self._pairs: dict[Span, Pair | None] = {}
        self._places: dict[str, tuple[tuple[Effect, Effect | None], ...]] = {}

    def of(self, function: Span) -> Pair | None:
        """The traces of the member around a place before the edit; ``None`` where it is gone or has no trace."""
        member = self.before.member_of(function)
        if member is None:
            return None
        if member.span not in self._pairs:
            now = self.both.became(member.span)
            self._pairs[member.span] = self._made(member.span, now)
        return self._pairs[member.span]

    def _made(self, span: Span, now: Body | None) -> Pair | None:
        member = self.before.member_of(span)
        first = trace(self.before, member) if member is not None else None
        second = trace(self.after, now.member) if now is not None else None
        if first is None or second is None:
            return None
        return Pair(under_new_names(first, renamed_state(self.before, self.after)), second, self.both.scope_after)

    def naming(self, names: Iterable[str]) -> tuple[Pair, ...]:
        """The functions whose text, before or after the edit, has one of the names."""
        wanted = frozenset(names)
        found = []
        for old, new in self.both.members:
            if wanted & (version(self.before).words[old.member.span] | version(self.after).words[new.member.span]):
                pair = self.of(old.member.span)
                if pair is not None:
                    found.append(pair)
            if len(found) >= MOST_TRACED:
                break
        return tuple(found)

    @cached_property
    def changed(self) -> tuple[Pair, ...]:
        """The functions whose own text differs."""
        pairs = (self.of(old.member.span) for old, new in self.both.members if old.words != new.words)
        return tuple(p for p in pairs if p is not None)

    def fresh(self, names: Iterable[str]) -> tuple[Trace, ...]:
        """The functions that the edit adds whose text has one of the names."""
        wanted = frozenset(names)
        bodies = (b for b in self.both.fresh if wanted & version(self.after).words[b.member.span])
        return tuple(t for b in bodies if (t := trace(self.after, b.member)) is not None)

    def places(self, key: str) -> tuple[tuple[Effect, Effect | None], ...]:
        """The accesses of a place before the edit in the whole file and in others that are known to use it, each with what became of it."""
        if key not in self._places:
            self._places[key] = self._accesses(key)
        return self._places[key]

    def _accesses(self, key: str) -> tuple[tuple[Effect, Effect | None], ...]:
        home, _, name = key.partition("[")[0].rpartition(".")
        state = version(self.before).state(home, name)
        words = state.version.language.words if state is not None else None
        reached = state is not None and words is not None and not words.reached.isdisjoint(state.member.modifiers)
        return tuple(
            (e, pair.became.get(e.number))
            for pair in self.using(home, name, reached=reached)
            for e in pair.before.of("read", "write")
            if e.place is not None and e.place.key == key
        )

    def using(self, home: str, name: str, *, reached: bool) -> Iterator[Pair]:
        """The functions that name a member of a type, in this file and in others that are known to use it; ``reached`` from outside the type."""
        yield from self.naming((name,))
        first, second = self.before.elsewhere, self.after.elsewhere
        if first is None or second is None or not home:
            return
        for before in first.users(home, name, self.before, reached=reached):
            after = second.file(before.source.path)
            if after is not None:
                yield from comparison(before, after).naming((name,))

    def has_in_body(self, pair: Pair, name: str) -> bool:
        """Whether a function of the file has a name behind its head, before or after the edit."""
        texts = (
            o.source.text(Span(f.opening.end, f.span.end))
            for o, f in ((self.before, pair.before.function), (self.after, pair.after.function))
        )
        return any(re.search(rf"\b{re.escape(name)}\b", text) for text in texts)

    def callers(self, of: Outline, member: Function) -> list[Pair] | None:
        """The other functions that name one of either version which only its type can call, or those above and below it.

        ``None`` where others may, or new ones do.
        """
        words, said = version(of).language.words, frozenset(of.source.text(member.opening).split())
        if any(t.function.name != member.name for t in self.fresh((member.name,))):
            return None
        if said.isdisjoint(words.reached):
            pairs = list(self.using(member.container, member.name, reached=False))
        elif said & words.reached <= words.inherited:
            first, second = self.before.elsewhere, self.after.elsewhere
            others = (
                first.relatives(member.container, member.name, self.before, family=True) if first is not None else None
            )
            there = [(o, second.file(o.source.path)) for o in others or ()] if second is not None else []
            if others is None or any(after is None for _, after in there):
                return None
            every = (self, *(comparison(o, now) for o, now in there if now is not None))
            pairs = [p for one in every for p in one.naming((member.name,)) if one.has_in_body(p, member.name)]
        else:
            return None
        return [p for p in pairs if member not in (p.before.function, p.after.function)]


def _matched(before: Sequence[Effect], after: Sequence[Effect], regions: Mapping[Region, Region]) -> dict[int, int]:
    """The numbers of effects that are one another."""
    became = {old: new.opening.start for old, new in regions.items()}
    held_in = {id(e): " ".join(_place(e, h, became.get(h.region, -1)) for h in e.holds) for e in before}
    held_in |= {id(e): " ".join(_place(e, h, h.region.opening.start) for h in e.holds) for e in after}
    found: dict[int, int] = {}
    ways: tuple[Callable[[Effect], str], ...] = (
        lambda e: f"{e.key} {held_in[id(e)]} {e.path}",
        lambda e: f"{e.key} {_holds(e)} {e.path}",
        lambda e: f"{e.key} {_holds(e)}",
        lambda e: e.key,
    )
    for way in ways:
        taken = set(found.values())
        left = [e for e in before if e.number not in found]
        there = [e for e in after if e.number not in taken]
        for at, to, size in blocks([way(e) for e in left], [way(e) for e in there]):
            found.update((left[at + n].number, there[to + n].number) for n in range(size))
    taken = set(found.values())
    rest: dict[str, list[int]] = {}
    for effect in after:
        if effect.number not in taken:
            rest.setdefault(effect.key, []).append(effect.number)
    for effect in before:
        if effect.number not in found and rest.get(effect.key):
            found[effect.number] = rest[effect.key].pop(0)
    return found


def _place(effect: Effect, hold: Hold, opening: int) -> str:
    """What tells a hold from the others of a trace: where it is taken, or in another file on what."""
    there = hold.outline.source.path
    return str(opening) if there == effect.at.path else f"{there} {hold.key}"


def _holds(effect: Effect) -> str:
    return " ".join(sorted(f"{h.kind} {h.key}" for h in effect.holds))


def locked(both: Comparison, old: Region, new: Region) -> tuple[str, str] | None:
    """What two regions lock that are one another, by name and value; ``None`` where nothing says, or where it is not a lock that is handed out by name."""
    pair = both.of(old.owner)
    if pair is None:
        return None
    keys = [next((h.key for h in t.sections if h.region == r), "") for t, r in ((pair.before, old), (pair.after, new))]
    made = all(key.startswith(_NEW) and "[" in key for key in keys)
    if not made and ("[" not in old.resource or "[" not in new.resource):
        return None
    first, second = (_NUMBERED.sub("parameter", k) for k in keys)
    return (first, second) if first and second else None


def made_here(both: Comparison, old: Region, new: Region) -> bool:
    """Whether what a region locks is an object that is made there, and was one that others may have."""
    pair = both.of(old.owner)
    if pair is None:
        return False
    keys = [next((h.key for h in t.sections if h.region == r), "") for t, r in ((pair.before, old), (pair.after, new))]
    made = all(way.startswith(_NEW) for way in keys[1].split("|"))
    return made and bool(keys[0]) and not keys[0].startswith(_NEW)


_NEW = "new "
"""How the key of an object begins that is made where it is used."""


def chosen_among(both: Comparison, old: Region, new: Region) -> bool:
    """Whether what a region locks is one of several, of which what was locked before is one."""
    pair = both.of(old.owner)
    if pair is None:
        return False
    keys = [next((h.key for h in t.sections if h.region == r), "") for t, r in ((pair.before, old), (pair.after, new))]
    ways = keys[1].split("|")
    return len(ways) > 1 and keys[0] in ways


def takes_the_same(both: Comparison, old: Region, new: Region) -> bool:
    """Whether a helper that opens a region takes the lock of the one before the edit, in its mode or in that which the lock itself has."""
    pair = both.of(old.owner)
    hold = next((h for h in pair.before.sections if h.region == old), None) if pair is not None else None
    if pair is not None and hold is not None and _is_by_room(old, both.before):
        now = next((h for h in pair.after.sections if h.region == new), None)
        if now is not None and now.key == hold.key and not new.mode:
            return True  # how many it lets in is for the lock to say
    return (
        pair is not None
        and hold is not None
        and any(
            e.path and e.party == hold.key and e.text in ("", hold.mode) and new.opening.contains(e.span)
            for e in pair.after.of("acquire")
        )
    )


def _is_by_room(scope: Region, outline: Outline) -> bool:
    """Whether a lock is exclusive because it has room for one."""
    return any(c.counted and c.construct == scope.construct for c in load(outline.language).constructs)


def holds_state_alone(both: Comparison, old: Region) -> bool:
    """Whether a lock before the edit holds steps of state and nothing else: nobody waits, calls others or takes a further lock under it."""
    pair = both.of(old.owner)
    hold = next((h for h in pair.before.sections if h.region == old), None) if pair is not None else None
    inside = list(pair.before.within(hold)) if pair is not None and hold is not None else []
    return bool(inside) and all(e.kind in _STEPS or "apart" in e.traits for e in inside)


_STEPS = ("read", "write", "return", "throw", "end", "log", "release")
_NUMBERED = regex(r"\bparameter \d+")


def section_of(of: Trace, region: Region) -> int | None:
    """The section of a transaction or lock that the traced function itself takes; ``None`` where nothing says."""
    return next((h.section for h in of.sections if h.region == region), None)


@kept(16)
def _comparison(both: SameTwo) -> Comparison:
    return Comparison(both.before, both.after)


def comparison(before: Outline, after: Outline) -> Comparison:
    """The comparison of two outlines of a file; kept while both are compared."""
    return _comparison(SameTwo(before, after))
