"""The functions that are being traced, what is held at a place in them, and the effects so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

from ctxreview.behaviour.effects import Effect, Hold, Kind, Place, Trait
from ctxreview.behaviour.known import Known, either, short
from ctxreview.behaviour.lock_usage import lock_key
from ctxreview.behaviour.places import lines
from ctxreview.behaviour.version import Version
from ctxreview.model import il
from ctxreview.model.notation import SELF
from ctxreview.model.regions import NO_SCOPE, Region
from ctxreview.model.source import Lines, Span

MOST_EFFECTS = 3_000
"""Effects of one trace; what is beyond is cut, and said to be."""
MOST_CALLS = 6
"""Functions of the file that are followed inside each other."""
MOST_FOLLOWED = 400
"""Calls that are followed for one trace."""
MOST_VALUES = 10_000
"""Values of one trace after which no further call is followed: a chain of helpers with large tables took seconds."""
MOST_CALLS_AWAY = 3
"""Functions of other files that are followed inside each other."""
MOST_FOLLOWED_AWAY = 40
"""Calls into other files, and on from there, that are followed for one trace."""


class Frame:
    """One function that is being traced: the traced one itself, or a helper in place of its call.

    ``base`` are the holds at the call, which is at ``call`` in the function ``above``; a function that somebody else runs has none. ``shown``
    is the call's place in the traced function, ``unfinished`` the effects of tasks that were started, each with the number of holds at the start.
    """

    def __init__(
        self, version: Version, unit: il.Unit, base: tuple[Hold, ...], above: Frame | None, call: Span | None
    ) -> None:
        self.version = version
        self.unit = unit
        self.base = base
        self.above = above
        self.call = call
        self.shown: Span | None = (above.shown or call) if above is not None else None
        around = above.home if above is not None and above.version is version else ""
        self.home: str = version.home_of(unit) or around
        self.this = Known(f"{SELF} {self.home}", made="state", type=self.home)
        self.path: tuple[str, ...] = (*above.path, unit.name) if above is not None else ()
        self.traits: frozenset[Trait] = above.traits if above is not None else frozenset()
        self.returned: list[Known] = []
        self.chosen: frozenset[int] = frozenset()
        """What decides which of its returns is reached."""
        self.unfinished: dict[int, int] = {}
        self.keys: dict[Region, str] = {}
        self.types: dict[Region, str] = {}
        self.levels: dict[Region, str] = {}
        self.sections: dict[Region, int] = {}
        self.made: set[str] = set()
        """The contexts and connections that were made in it or in what it called."""

    def result(self) -> Known | None:
        """What it gives; of several values the one that was chosen, by what chose it."""
        found: Known | None = None
        for known in self.returned:
            found = either(found, known)
        return found.also(self.chosen) if found is not None and len(self.returned) > 1 else found

    def is_running(self, unit: il.Unit) -> bool:
        """Whether a function is this one or one that called it."""
        at: Frame | None = self
        while at is not None:
            if at.unit is unit:
                return True
            at = at.above
        return False


MOST_HOLDS = 32
"""Transactions and locks of one function that are held at one place, the last to begin first."""


class Frames:
    """The state of a trace that is being made."""

    def __init__(self, version: Version, unit: il.Unit) -> None:
        self.frame = Frame(version, unit, (), None, None)
        self.own = version
        self.path = version.outline.source.path
        self.effects: list[Effect] = []
        self.unseen: dict[str, None] = {}
        self.sections: dict[int, Hold] = {}
        self.control: frozenset[int] = frozenset()
        self.followed = 0
        self.values = 0
        self.away = 0
        self.alone = set[int]()
        """The values that are statements by themselves, by identity: nobody gets what they give."""
        self.variables: dict[tuple[str, Span], Known] = {}
        self.iterated: dict[int, int] = {}
        """The effects of iterators that nobody has walked yet, each with the number of holds at the call."""

    @property
    def version(self) -> Version:
        """The version whose file has the code at hand."""
        return self.frame.version

    def missed(self, what: str, span: Span) -> None:
        """Remember what was not understood, and where."""
        first, _ = self.version.outline.source.lines_of(span)
        self.unseen[f"{what} in line {first} of {self.version.outline.source.path}"] = None

    # Holds.

    def held(self, span: Span) -> tuple[Hold, ...]:
        """What is held at a place of the function at hand, outermost first."""
        frame = self.frame
        own = frame.version.crossings.get(frame.unit.span)
        near = list(islice(own.near(span), MOST_HOLDS + 1)) if own is not None else []
        if len(near) > MOST_HOLDS:
            self.missed("More is held at once than is followed", span)
            near.pop()
        inside = [r for r in near if not _is_left_out(span, r) and not self._holds_nothing(r)]
        if not inside:
            return frame.base
        return (*frame.base, *(self.hold(r) for r in sorted(inside, key=lambda r: (r.span.start, -r.span.end))))

    def hold(self, region: Region) -> Hold:
        """A transaction or lock that the function at hand takes."""
        frame = self.frame
        section = frame.sections.setdefault(region, len(self.sections))
        told = frame.keys.get(region) if region.resource or region.kind == "lock" else None
        named = frame.this.key if region.resource == SELF else f"{frame.home}.{lock_key(region)}"
        key = told or (named if region.resource else region.construct)
        made = Hold(
            "retry" if region.mode == "retried" else "lock" if region.kind == "lock" else "transaction",
            key,
            section,
            region.mode,
            frame.levels.get(region, region.isolation.text if region.isolation is not None else None),
            region.construct,
            not region.path,
            region,
            frame.version.outline,
            frame.types.get(region, ""),
        )
        self.sections[section] = made
        return made

    def _holds_nothing(self, region: Region) -> bool:
        return region.mode in NO_SCOPE and region.mode != "retried"

    # Effects.

    def emit(  # noqa: PLR0913  an effect's parts
        self,
        kind: Kind,
        span: Span,
        key: str,
        name: str,
        needs: frozenset[int] = frozenset(),
        *,
        place: Place | None = None,
        party: str = "",
        text: str = "",
        of: Known | None = None,
        traits: Iterable[Trait] = (),
        understood: bool = True,
    ) -> int:
        """Add an effect; gives its index. ``of`` is the object that is written, saved or handed over."""
        index, frame = len(self.effects), self.frame
        if index >= MOST_EFFECTS:
            self.missed("What follows is more than is traced", span)
            return MOST_EFFECTS - 1
        depends = self.control if needs <= self.control else needs | self.control
        self.effects.append(
            Effect(
                index,
                kind,
                short(f"{kind} {key}"),
                name,
                frame.shown or span,
                self._seen_at(span, name),
                place,
                party,
                text,
                self.held(span),
                (),
                depends if max(depends, default=-1) < index else frozenset(n for n in depends if n < index),
                self.control,
                of.made if of is not None else "",
                of.made_by if of is not None else frozenset(),
                frozenset(traits) | frame.traits | self._own(party),
                frame.path,
                understood,
            )
        )
        return index

    def _seen_at(self, span: Span, name: str) -> Lines:
        """Where something is done: in another file than that of the traced function, the call that leads there."""
        frame, at = self.frame, span
        while frame.above is not None and frame.version.outline.source.path != self.path:
            frame, at = frame.above, frame.call or at
        if frame is self.frame or frame.version.outline.source.path != self.path:
            return lines(self.version.outline, span, name)
        there = lines(self.version.outline, span)
        return lines(frame.version.outline, at, f"{name} ({there.path}:{there.start_line})")

    def makes(self, party: str) -> None:
        """Remember that the code at hand made a context or connection."""
        frame: Frame | None = self.frame
        while frame is not None:
            frame.made.add(party)
            frame = frame.above

    def _own(self, party: str) -> frozenset[Trait]:
        """The trait of what goes through a context that a helper or delegate made itself."""
        frame = self.frame
        while party and frame.above is not None:
            if party in frame.made:
                return frozenset(("own",))
            frame = frame.above
        return frozenset()

    def mark(self, indices: Iterable[int], trait: Trait) -> None:
        """Give effects a trait."""
        for i in indices:
            self.effects[i] = self.effects[i]._replace(traits=self.effects[i].traits | {trait})

    @contextmanager
    def under(self, needs: frozenset[int]) -> Iterator[None]:
        """What runs here only runs because of ``needs``."""
        before = self.control
        self.control = before | needs
        try:
            yield
        finally:
            self.control = before

    # Variables.

    def variable(self, name: il.Name) -> Known | None:
        """What is known of a variable."""
        if name.declared is None:
            return None
        return self.variables.get((self.version.outline.source.path, name.declared))

    def assign(self, name: il.Name, value: Known) -> None:
        """A variable gets a value."""
        if name.declared is not None:
            self.variables[self.version.outline.source.path, name.declared] = value

    # Tasks.

    def finish(self, frame: Frame, kept: frozenset[int]) -> None:
        """Let the holds of a function that ends lapse for the tasks that it did not wait for; ``kept`` are those that it gives back."""
        for index, count in frame.unfinished.items():
            effect = self.effects[index]
            if "awaited" in effect.traits:
                continue
            first = len(frame.base) if index in kept else 0
            lapsed = tuple(h for h in effect.holds[first:count] if not h.is_of_statement)
            holds = tuple(h for h in effect.holds if h not in lapsed)
            traits: frozenset[Trait] = effect.traits
            if index not in kept or lapsed:
                traits |= {"unawaited"}
            self._lapse(frame, effect, holds, lapsed, traits)

    def besides_acquires(self, pending: frozenset[int]) -> frozenset[int]:
        """The effects of some tasks without those that take a lock."""
        return frozenset(i for i in pending if self.effects[i].kind != "acquire")

    def lapse(self, indices: Iterable[int], span: Span) -> None:
        """Let the holds under which tasks were started lapse, as far as they are over where the tasks are waited for."""
        held = {h.section for h in self.held(span)}
        for index in indices:
            effect, count = self.effects[index], self.frame.unfinished.get(index)
            if count is None:
                continue
            begun = effect.holds[len(self.frame.base) : count]
            over = tuple(h for h in begun if h.section not in held and not h.is_of_statement)
            if over:
                holds = tuple(h for h in effect.holds if h not in over)
                self.frame.unfinished[index] = count - len(over)
                self._lapse(self.frame, effect, holds, over, effect.traits)

    def _lapse(
        self, frame: Frame, effect: Effect, holds: tuple[Hold, ...], over: tuple[Hold, ...], traits: frozenset[Trait]
    ) -> None:
        """``over`` are no longer holds of what a task does that ``frame`` started and did not wait for while they lasted."""
        waited = len(frame.path) if over else effect.waited
        self.effects[effect.number] = effect._replace(
            holds=holds, lapsed=(*effect.lapsed, *over), traits=traits, waited=waited
        )

    def walk(self, known: Known, span: Span | None) -> None:
        """Let the effects of an iterator happen where its sequence is walked, or with ``None`` when all that is held is over."""
        held = self.held(span) if span is not None else ()
        for index in known.walks:
            effect, count = self.effects[index], self.iterated.pop(index, None)
            if count is not None:
                over = tuple(h for h in effect.holds[:count] if h not in held)
                self.effects[index] = effect._replace(
                    holds=(*held, *effect.holds[count:]),
                    lapsed=(*effect.lapsed, *over) if span is None else effect.lapsed,
                )


def _is_left_out(span: Span, region: Region) -> bool:
    """Whether a place between a region's ends does not run under it."""
    return region.opens_in(span) or any(g.contains(span) for g in region.excluded)
