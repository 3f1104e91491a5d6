"""What one lock protects: the accesses of state under it and without it, and which places are written in one go.

An access counts as one without the lock only where that is certain: in a function that others call as it is, or through a helper in place
of its call; not in a delegate of which it is not known when it runs, nor where the lock is named and not understood.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Literal

from ctxreview.behaviour.effects import Effect, Hold, Trace
from ctxreview.behaviour.file_functions import WORD
from ctxreview.behaviour.lock_usage import is_said_to_be_held
from ctxreview.behaviour.paths import in_one_run
from ctxreview.behaviour.places import lines
from ctxreview.behaviour.same_lock import lock_name, may_be
from ctxreview.behaviour.tracing import trace
from ctxreview.behaviour.users import Users, lock_words
from ctxreview.behaviour.version import State, Version
from ctxreview.model.declarations import Function
from ctxreview.model.kinds import Certainty
from ctxreview.model.notation import SELF
from ctxreview.model.outline import Outline
from ctxreview.model.protection import Access, Group, LockProtection, ProtectedPlace, Standing, Step
from ctxreview.model.regions import Region
from ctxreview.model.source import Lines, Span
from ctxreview.outline.symbols.written_names import simple_type_or_array

MOST_TRACED = 60
"""Functions of a file that are traced for one lock: those that take it first."""
MOST_EFFECTS = 3_000
"""Effects of these together, after which no further function is traced."""
_ALONE = ("constructor", "finalizer")
"""Functions that run while no other thread has the object."""
_ELSEWHERE = frozenset({"later", "parallel", "dropped", "cut", "unawaited"})
"""Traits of what may run at another time, under what is held then."""


_Run = Literal["as it is", "called", "alone", "unknown"]
"""How a function is run: by anybody, with nothing that a caller of the file holds; by functions of the file alone, in whose traces it is;
before or after others have the object."""


class Guarded:
    """Who uses what one lock protects, by the traces of one file."""

    def __init__(self, users: Users, lock: Hold) -> None:
        """``lock`` is a hold on it, whose key is the same for each (see :func:`is_stable`)."""
        self.users = users
        self.version: Version = users.version
        self.outline = users.outline
        self.key = lock.key
        self.lock = lock
        self.traces: dict[Span, Trace] = {}
        self.not_traced: list[Function] = []
        self._effects = 0
        self._names = lock_words(self.version, lock)
        self._add(users.naming(self._names))
        of = {e.place.of for e in self.under if e.place is not None and e.kind == "write"}
        self._add(users.naming(key.rpartition(".")[2] for key in of))
        self._add(users.callers([t.function for t in self.traces.values()]))
        self.traces = dict(sorted(self.traces.items()))
        self.__dict__.pop("under", None)

    def _add(self, functions: Iterable[Function]) -> None:
        self.__dict__.pop("under", None)
        for function in sorted(functions, key=lambda f: f.span.size):  # a large one says little more than a small one
            if function.span in self.traces or not self.outline.has_read(function.span):
                continue
            if len(self.traces) >= MOST_TRACED or self._effects >= MOST_EFFECTS:
                self.not_traced.append(function)
                continue
            found = trace(self.outline, function)
            if found is not None:
                self.traces[function.span] = found
                self._effects += len(found.effects)

    # Under the lock.

    @cached_property
    def under(self) -> tuple[Effect, ...]:
        """The accesses under the lock, after construction."""
        return tuple(
            e
            for t in self.traces.values()
            if t.function.kind not in _ALONE
            for e in t.of("read", "write")
            if e.is_seen and self.hold(e) is not None and self._state(e) is not None
        )

    def hold(self, effect: Effect) -> Hold | None:
        """The hold on the lock in force at an effect, the strongest of several."""
        held = [h for h in effect.holds if h.kind == "lock" and h.key == self.key]
        return next((h for h in held if h.mode in ("", "exclusive")), held[0] if held else None)

    def _state(self, effect: Effect) -> str | None:
        """The state that an access is of; ``None`` for a part of what it holds, and for what is not the object's."""
        place = effect.place
        if place is None or place.kind not in ("state", "inside") or place.key.endswith("[*]"):
            return None
        # Of an object that is locked itself only what it holds is something that the lock protects.
        return place.of if place.kind == "inside" or place.of != self.key else None

    def takers(self) -> tuple[Step, ...]:
        """Where the lock is taken, each named by its member."""
        every = {
            h.region: h for t in self.traces.values() for h in t.sections if h.kind == "lock" and h.key == self.key
        }
        found = (Step(_member(h), lines(h.outline, region.opening)) for region, h in every.items() if region.owner)
        return tuple(sorted(found, key=lambda step: step.at))

    # Without it.

    @cached_property
    def _run_as(self) -> Mapping[Span, _Run]:
        """How the traced functions are run, as far as the file shows it."""
        return {at: self._how(t.function) for at, t in self.traces.items()}

    def _how(self, function: Function) -> _Run:
        if function.kind in _ALONE:
            return "alone"
        if not self.users.is_closed(function):
            return "unknown" if function.kind == "lambda" else "as it is"
        found: set[_Run] = set()
        for caller in self.users.naming((function.name.partition(".")[0],)):
            if caller.span == function.span:
                continue
            of = self.traces.get(caller.span)
            if of is None:
                return "unknown"
            inside = [e for e in of.effects if function.name in e.path]
            if any(not e.traits & _ELSEWHERE for e in inside):
                found.add("called")
            elif inside:
                found.add("unknown" if any(h.kind == "lock" for h in of.sections) else "as it is")
        if "unknown" in found or not found:
            return "unknown" if found or self.users.is_named_elsewhere(function) else "as it is"
        return "as it is" if "as it is" in found else "called"

    def _without(self) -> Iterator[tuple[str, Access, bool]]:
        """The accesses without the lock by their state, and whether that is certain of each."""
        for of in self.traces.values():
            run = self._run_as[of.function.span]
            if run in ("alone", "called"):
                continue  # of what is called the effects are those of its callers
            sure = run == "as it is" and self._tells(of)
            for effect in of.of("read", "write"):
                state = self._state(effect)
                if state is None or not effect.is_seen or self.hold(effect) is not None:
                    continue
                yield state, self._access(of, effect), sure and self._is_certain(effect, state)

    def _tells(self, of: Trace) -> bool:
        """Whether a function's trace shows each lock that it takes, and nothing says that its callers hold one."""
        mine = [h for h in of.sections if h.kind == "lock" and h.key == self.key]
        words = self.version.words[of.function.span]
        if not mine and self._names & words and (not self._is_data or words & self.version.language.named("acquires")):
            return False
        if any(not h.region.end_is_known or h.region.certainty == "assumed" for h in mine):
            return False
        return of.understood and not is_said_to_be_held(of.function, self.outline)

    @cached_property
    def _is_data(self) -> bool:
        """Whether what is locked is used for itself, too."""
        known = self._declared(self.key)
        kind = simple_type_or_array(known.type) if known is not None else ""
        return kind in self.version.about.of("collections") or kind == "[]"

    def _is_certain(self, effect: Effect, state: str) -> bool:
        if effect.traits & _ELSEWHERE or any(
            h.kind == "lock" and may_be(self.version, h, self.key) for h in effect.holds
        ):
            return False
        if any(h.key == self.key for h in effect.lapsed) or effect.at.path != self.outline.source.path:
            return False
        code = self.outline.source.text(self.outline.source.line_span(effect.at.start_line, effect.at.end_line))
        if state.rpartition(".")[2] not in WORD.findall(code):
            return False  # what a variable holds, which may be no longer what the state refers to
        helper = self.outline.member_of(_first_code(self.outline, effect.at))
        return helper is None or not effect.path or not is_said_to_be_held(helper, self.outline)

    def _access(self, of: Trace, effect: Effect) -> Access:
        others = (lock_name(self.version, h) for h in effect.holds if h.kind == "lock")
        return Access(
            of.function.name,
            effect.at._replace(what=""),
            effect.kind == "write",
            effect.path[-1] if effect.path else "",
            tuple(dict.fromkeys(others)),
            bool(effect.traits & {"atomic", "volatile"}),
        )

    # Together.

    def protection(self, region: Region, certainty: Certainty) -> LockProtection:
        """What the lock protects, told of the region that takes it."""
        without: dict[str, list[Access]] = {}
        unsure: dict[str, list[Access]] = {}
        states = sorted({s for e in self.under if (s := self._state(e)) is not None}, key=self._order)
        doubtful = set(self._doubtful(states))
        for state, access, certain in self._without():
            (without if certain else unsure).setdefault(state, []).append(access)
        doubtful |= {s for s, accesses in unsure.items() if any(a.writes for a in accesses)}
        places = [
            self._place(s, _each_once(without.get(s, ())), s in doubtful)._replace(unsure=tuple(unsure.get(s, ())))
            for s in states
        ]
        protected = {p.name for p in places if p.standing == "protected"}
        return LockProtection(
            region,
            region.resource,
            certainty,
            tuple(places),
            tuple(self._groups(protected)),
            self.takers(),
            all(map(self._is_private, states)),
            len({f.span for f in (*self.not_traced, *self.users.left_out)}),
        )

    def _declared(self, state: str) -> State | None:
        home, _, name = state.rpartition(".")
        return self.version.state(home, name)

    def _order(self, state: str) -> tuple[int, str]:
        """States in the order in which the file declares them."""
        known = self._declared(state)
        return (known.member.span.start if known is not None else len(self.outline.source.data), state)

    def _shown(self, state: str) -> str:
        """State as people read it: with its type where that is another one than the lock's."""
        home, _, name = state.rpartition(".")
        return (
            name if home == self.key.removeprefix(f"{SELF} ").rpartition(".")[0] or home in self.key.split() else state
        )

    def _place(self, state: str, without: Sequence[Access], doubtful: bool) -> ProtectedPlace:
        mine = [e for e in self.under if self._state(e) == state]
        changes = [e for e in mine if e.kind == "write"]
        writes = [(e, self.hold(e)) for e in changes]
        alone = [h for _, h in writes if h is not None and h.mode in ("", "exclusive")]
        shared = [h for _, h in writes if h is not None and h.mode not in ("", "exclusive")]
        known = self._declared(state)
        standing: Standing = "protected"
        outside = {a.member for a in without if a.writes}
        if (
            outside
            and alone
            and len(outside) <= len(set(self._members(alone)))
            and not self._has_another(changes, without)
        ):
            standing = "partly"
        elif outside or not alone or shared or doubtful or known is None or (known.static and not self._is_static()):
            standing = "used"
        elif all("atomic" in e.traits for e in changes) or (
            any(e.place is not None and e.place.kind == "inside" for e in changes) and not self._is_own(known)
        ):
            standing = "used"  # others may have the object too
        return ProtectedPlace(
            self._shown(state),
            standing,
            self._members(alone),
            self._members(h for e in mine if e.kind == "read" and (h := self.hold(e)) is not None),
            self._members(shared),
            tuple(without),
        )

    def _has_another(self, under: Sequence[Effect], without: Sequence[Access]) -> bool:
        """Whether another lock is held at every write."""
        names = [{h.name for h in e.holds if h.kind == "lock" and h.key != self.key} for e in under]
        names += [set(a.under) for a in without if a.writes]
        return bool(set.intersection(*names)) if names else False

    def _is_own(self, state: State) -> bool:
        """Whether the object that state refers to was made for it, as far as the traces tell, and is handed to nobody else."""
        if self.users.is_handed_out(state.name):
            return False
        written = (
            e
            for f in self.users.naming((state.name,))
            if self.outline.has_read(f.span) and (f.span in self.traces or f.kind == "constructor")
            for t in (trace(self.outline, f),)
            for e in (t.of("write") if t is not None else ())
            if e.place is not None and e.place.kind == "state" and e.place.key == state.key
        )
        return all(e.made in ("fresh", "") for e in written)

    def _members(self, held: Iterable[Hold]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(_member(h) for h in held))

    def _is_static(self) -> bool:
        """Whether all objects of the type have the one lock."""
        if self.key.startswith(f"{SELF} "):
            return False
        known = self._declared(self.key)
        return known is None or known.static

    def _is_private(self, state: str) -> bool:
        """Whether no other file can use some state."""
        known = self._declared(state)
        if known is None:
            return False
        home = self.outline.type_of(known.member.span)
        whole = home is not None and self.version.language.words.partial.isdisjoint(
            self.outline.source.text(home.opening).split()
        )
        return whole and self.version.language.words.reached.isdisjoint(known.member.modifiers)

    def _groups(self, protected: set[str]) -> Iterator[Group]:
        """The places that are written in one section, each set of them once, those of most members first."""
        found: dict[frozenset[str], dict[str, None]] = {}
        for of in self.traces.values():
            sections: dict[int, list[Effect]] = {}
            for effect in of.of("write"):
                held = self.hold(effect)
                state = self._state(effect)
                if held is not None and state is not None and self._shown(state) in protected and effect.is_seen:
                    sections.setdefault(held.section, []).append(effect)
            for writes in sections.values():
                places = self._together(writes)
                held = self.hold(writes[0])
                if len(places) > 1 and held is not None and of.function.kind not in _ALONE:
                    found.setdefault(places, {})[_member(held)] = None
        every = sorted(found.items(), key=lambda item: (-len(item[1]), -len(item[0])))
        for places, members in every:
            if not any(places < other and members.keys() <= theirs.keys() for other, theirs in every):
                yield Group(tuple(sorted(places)), tuple(members))

    def _together(self, writes: Sequence[Effect]) -> frozenset[str]:
        """The places of some writes of which one run can make all."""
        by_place: dict[str, list[Effect]] = {}
        for effect in writes:
            by_place.setdefault(self._shown(self._state(effect) or ""), []).append(effect)
        taken: dict[str, list[Effect]] = {}
        for name, mine in by_place.items():
            if all(any(self._in_one_run(a, b) for a in mine for b in theirs) for theirs in taken.values()):
                taken[name] = mine
        return frozenset(taken)

    def _in_one_run(self, one: Effect, other: Effect) -> bool:
        if one.path == other.path == ():
            return in_one_run(self.outline, one.span, other.span)
        if one.span != other.span:
            return in_one_run(self.outline, one.span, other.span)
        return one.path == other.path and one.decided_by == other.decided_by

    # What was not looked at.

    def _doubtful(self, states: Iterable[str]) -> Iterator[str]:
        """Those of some state that something may write which no trace shows."""
        seen: dict[str, set[int]] = {}
        for effect in (e for t in self.traces.values() for e in t.of("read", "write")):
            if effect.kind == "write" or effect.traits & {"atomic", "volatile"}:
                seen.setdefault(self._state(effect) or "", set()).add(effect.at.start_line)
        written: dict[str, list[Span]] = {}
        for fact in self.outline.facts:
            member = self.outline.member_of(fact.span) if fact.kind == "write" and fact.is_state else None
            if member is not None and member.kind not in _ALONE and member.span in self.traces:
                written.setdefault(fact.name, []).append(fact.span)
        words = self.version.words
        left = frozenset().union(*(words[f.span] for f in (*self.not_traced, *self.users.left_out)))
        for state in states:
            name = state.rpartition(".")[2]
            places = (*written.get(name, ()), *self.users.by_reference(name))
            lines_ = (self.outline.source.lines_of(at) for at in places)
            if name in left or any(seen.get(state, set()).isdisjoint(range(a, b + 1)) for a, b in lines_):
                yield state


def _member(hold: Hold) -> str:
    """The member that takes a hold."""
    around = hold.outline.member_of(hold.region.owner)
    return around.name if around is not None else ""


def _each_once(accesses: Iterable[Access]) -> list[Access]:
    """Each line once, told of the function that it is in where that is run as it is."""
    found: dict[tuple[Lines, bool], Access] = {}
    for access in sorted(accesses, key=lambda a: (a.at.start_line, bool(a.through))):
        found.setdefault((access.at, access.writes), access)
    return list(found.values())


def _first_code(outline: Outline, at: Lines) -> Span:
    """The first character of a line that is not a blank."""
    line = outline.source.line_span(at.start_line, at.start_line)
    blanks = len(outline.source.data[line.start : line.end]) - len(outline.source.data[line.start : line.end].lstrip())
    return Span(line.start + blanks, line.start + blanks + 1)
