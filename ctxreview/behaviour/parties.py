"""Through which context or connection data is read and written under a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Pair
from ctxreview.behaviour.effects import Effect, Hold, Kind, Trace
from ctxreview.behaviour.paths import in_one_run
from ctxreview.behaviour.version import State, version
from ctxreview.languages.behaviour import Behaviour, names_of
from ctxreview.model import il
from ctxreview.model.outline import Outline
from ctxreview.outline.symbols.written_names import simple_type

_DATA: tuple[Kind, ...] = ("query", "save")


class Stranger(NamedTuple):
    """``effect`` goes through another context or connection than the transaction ``hold`` is on."""

    effect: Effect
    hold: Hold
    certain: bool


def strangers(pair: Pair) -> Iterator[Stranger]:
    """Reads and writes that the edit takes out of the transaction around them by giving them to another party, the first of each."""
    told: set[tuple[str, int]] = set()
    for effect in pair.after.of(*_DATA):
        hold = next((h for h in reversed(effect.holds) if h.kind == "transaction"), None)
        if (
            hold is None
            or not effect.party
            or hold.key == "ambient"
            or (hold.key == effect.party and not _is_of_a_helper(effect, hold))
            or (effect.party, hold.section) in told
        ):
            continue
        was = _was(pair, effect) or _gone(pair, hold)
        if was is None or not _is_on(was, hold):
            continue
        if was.party == effect.party and not _is_of_a_helper(effect, hold) > _is_of_a_helper(was, hold):
            continue
        told.add((effect.party, hold.section))
        yield Stranger(effect, hold, pair.understood)


def _is_of_a_helper(effect: Effect, hold: Hold) -> bool:
    """Whether a helper has made the party itself through which it goes, as the transaction's was made, and did not begin that."""
    owner = hold.outline.member_of(hold.region.opening)
    return "own" in effect.traits and (owner is None or owner.name not in effect.path)


def _was(pair: Pair, effect: Effect) -> Effect | None:
    """What an effect was before the edit: the same one, or the same kind of access to the same rows."""
    found = pair.was.get(effect.number)
    if found is not None:
        return found
    rows = effect.place.of if effect.place is not None else effect.name
    return next(
        (
            e
            for e in pair.before.of(effect.kind)
            if e.number not in pair.became and (e.place.of if e.place is not None else e.name) == rows
        ),
        None,
    )


def _gone(pair: Pair, hold: Hold) -> Effect | None:
    """An access through a transaction's own context or connection that is no longer made."""
    return next(
        (e for e in pair.before.of(*_DATA) if e.number not in pair.became and _is_on(e, hold) and e.party == hold.key),
        None,
    )


def _is_on(was: Effect, hold: Hold) -> bool:
    return any(h.kind == "transaction" and h.key == was.party and h.construct == hold.construct for h in was.holds)


class Together(NamedTuple):
    """Two accesses that begin on one context or connection before either was waited for; ``start`` is what runs them together, if anything does."""

    first: Effect
    second: Effect
    start: Effect | None
    certain: bool


def together(after: Outline, pair: Pair) -> Iterator[Together]:
    """Accesses of one party that the edit runs at the same time, the first two of each start; of one that is begun for each element, itself twice."""
    several, one = names_of(after.language), _Given(after, pair)
    for start in pair.after.of("spawn"):
        data = (pair.after.effects[n] for n in sorted(start.depends))
        each = next((e for e in data if _is_for_one(e, several) and _is_shared(e) and not _was_shared(pair, e)), None)
        if each is not None:
            yield Together(each, each, start, pair.understood)
            continue
        begun: dict[str, list[Effect]] = {}
        found: Together | None = None
        for effect in pair.after.effects[: start.number]:
            if effect.kind == "await":
                begun = {party: [e for e in of if e.number not in effect.depends] for party, of in begun.items()}
            elif _is_for_one(effect, several) and effect.number in start.depends and found is None:
                earlier = begun.setdefault(one.party(effect), [])
                first = next((e for e in earlier if not _were_together(pair, e, effect)), None)
                found = one.together(first, effect, start) if first is not None else None
                earlier.append(effect)
        if found is not None:
            yield found
    if not any(pair.after.of("spawn")):
        yield from _overlapping(after, pair, one)


class _Given:
    """Which contexts of several types are one after an edit: those of a type that each is given, where a request has one."""

    def __init__(self, after: Outline, pair: Pair) -> None:
        self._after, self._pair = version(after), pair
        self._parties: dict[str, str] = {}

    def party(self, effect: Effect) -> str:
        """The party of an access, the same for two that are given the same."""
        if effect.party not in self._parties:
            self._parties[effect.party] = self._given(effect.party) or effect.party
        return self._parties[effect.party]

    def together(self, first: Effect, second: Effect, start: Effect | None) -> Together:
        """Two accesses of one party; that two types are given the same is only likely."""
        return Together(first, second, start, first.party == second.party and self._pair.understood)

    def _given(self, party: str) -> str:
        home, _, name = party.rpartition(".")
        state = self._after.state(home, name, self._pair.after.function.span) if home else None
        if state is None or state.static or not state.fixed:
            return ""
        kind = simple_type(state.type)
        if not state.version.about.pattern("one_a_request").search(kind):
            return ""
        return f"given {kind} {self._made_with(home)}" if _is_given(state) else ""

    def _made_with(self, home: str) -> str:
        """What the function at hand gives to an object of a type that it makes, as written; ``""`` where it makes none."""
        unit = self._after.units.get(self._pair.after.function.span)
        made = (n for n in il.walk(unit) if isinstance(n, il.Create) and n.type == home) if unit is not None else ()
        return next((", ".join(self._after.outline.source.text(a.span) for a in n.arguments) for n in made), "")


def _is_given(state: State) -> bool:
    """Whether a constructor sets some state to what it is given, and nothing else does."""
    if any(t.opening == state.member.span for t in state.version.outline.types):
        return True  # a parameter of the type itself
    makers = [d for d in state.version.units.declared if d.kind == "constructor" and d.home == state.home]
    assigned = [
        n.value
        for d in makers
        for n in il.walk(state.version.units[d.span])
        if isinstance(n, il.Assign) and il.last_name(n.target) == state.name
    ]
    return bool(assigned) and all(isinstance(v, il.Name) and v.binding == "parameter" for v in assigned)


def _overlapping(after: Outline, pair: Pair, one: _Given) -> Iterator[Together]:
    """The first two accesses of one party of which the second begins before anybody has waited for the first."""
    ended, several = _waits(pair.before), names_of(after.language)
    begun: dict[str, Effect] = {}
    for effect in pair.after.effects:
        if effect.kind == "await":
            begun = {party: e for party, e in begun.items() if e.number not in effect.depends}
        elif _is_for_one(effect, several):
            first = begun.get(one.party(effect))
            if first is not None:
                then = sorted(w.number for e in (first, effect) if (w := pair.was.get(e.number)) is not None)
                overlapped = len(then) > 1 and ended.get(then[0], then[1]) >= then[1]
                if not overlapped and in_one_run(after, first.span, effect.span):
                    yield one.together(first, effect, None)
                    return
            elif "task" in effect.traits:
                begun[one.party(effect)] = effect


def _is_for_one(effect: Effect, about: Behaviour) -> bool:
    """Whether an access goes through something that only one may use at a time, as far as its name tells."""
    return effect.kind in _DATA and effect.party != "" and not about.has("for_several", effect.name)


def _waits(of: Trace) -> dict[int, int]:
    """Where each effect is waited for first."""
    found: dict[int, int] = {}
    for wait in of.of("await"):
        for number in wait.depends:
            found.setdefault(number, wait.number)
    return found


def _is_shared(effect: Effect) -> bool:
    """Whether an access is one of several that go through the same context at the same time."""
    return bool(effect.traits & {"each", "parallel"}) and "own" not in effect.traits


def _was_shared(pair: Pair, effect: Effect) -> bool:
    was = pair.was.get(effect.number)
    return was is not None and _is_shared(was)


def _were_together(pair: Pair, first: Effect, second: Effect) -> bool:
    was = [pair.was.get(e.number) for e in (first, second)]
    return any(all(w is not None and w.number in s.depends for w in was) for s in pair.before.of("spawn"))


class Unbound(NamedTuple):
    """``effect`` was given the transaction ``hold`` before the edit and is not any more."""

    effect: Effect
    hold: Hold


def unbound(pair: Pair) -> Iterator[Unbound]:
    """Commands that lose their transaction though they are in it."""
    for number, now in sorted(pair.became.items()):
        was = pair.before.effects[number]
        if now.kind not in ("query", "save", "call") or not _given(pair.before, was) or _given(pair.after, now):
            continue
        hold = next(
            (h for h in reversed(now.holds) if h.kind == "transaction" and h.key in (now.party, was.party)), None
        )
        if hold is not None:
            yield Unbound(now, hold)


def _given(of: Trace, effect: Effect) -> bool:
    """Whether an effect needs the value that a transaction was begun with."""
    return any(of.effects[n].kind == "begin" for n in effect.depends)


class Late(NamedTuple):
    """``save`` was part of the transaction before the edit, and follows its ``commit`` after it."""

    save: Effect
    commit: Effect
    certain: bool


def late(pair: Pair) -> Iterator[Late]:
    """The first save that the edit puts after the commit of its own context's transaction."""
    for commit in pair.after.of("commit"):
        was = pair.was.get(commit.number)
        if was is None:
            continue
        for number, now in sorted(pair.became.items()):
            before = pair.before.effects[number]
            if (
                now.kind == "save"
                and now.party == commit.party
                and before.number < was.number
                and now.number > commit.number
            ):
                yield Late(now, commit, pair.understood)
                return


class Joined(NamedTuple):
    """More than one connection joins the transaction ``hold`` after the edit, and one before; ``effect`` opens the last."""

    effect: Effect
    hold: Hold


def joined(pair: Pair, opens: frozenset[str]) -> Iterator[Joined]:
    """Transactions that any connection joins and that the edit gives a second one; ``opens`` are the calls that open one."""
    before = max((len(_opened(pair.before, h, opens)) for h in _ambient(pair.before)), default=0)
    for hold in _ambient(pair.after):
        found = _opened(pair.after, hold, opens)
        if len(found) > 1 and before <= 1:
            yield Joined(found[-1], hold)


def _ambient(of: Trace) -> Iterator[Hold]:
    return (h for h in of.sections if h.kind == "transaction" and h.key == "ambient")


def _opened(of: Trace, hold: Hold, opens: frozenset[str]) -> list[Effect]:
    """What opens the connections that data is read or written through under a transaction, one for each connection."""
    own = [
        e
        for e in of.within(hold)
        if next((h for h in reversed(e.holds) if h.kind == "transaction"), hold).section == hold.section
    ]
    opened = [e for e in own if e.party and e.kind in ("call", "io", "foreign") and e.name in opens]
    parties = {e.party for e in opened}
    used = {e.party: e for e in own if e.kind in _DATA and e.party and e.party not in parties}
    return [*opened, *used.values()]
