"""What a call does: a function of the file is followed in its place, one that the catalogue knows is what it says, the rest is unknown."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from ctxreview.behaviour.effects import Hold, Kind, Trait
from ctxreview.behaviour.frames import (
    MOST_CALLS,
    MOST_CALLS_AWAY,
    MOST_FOLLOWED,
    MOST_FOLLOWED_AWAY,
    MOST_VALUES,
    Frame,
)
from ctxreview.behaviour.known import UNKNOWN, Known, either, short, union
from ctxreview.behaviour.opening import Given, Openings, name_said, on_type
from ctxreview.behaviour.version import Closure
from ctxreview.model import il
from ctxreview.model.regions import Region
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array


class Ran(NamedTuple):
    """What a function did that somebody else runs: its ``effects``, and of these the ones of the ``task`` that it gives."""

    effects: frozenset[int] = frozenset()
    task: frozenset[int] = frozenset()


class Calls(Openings):
    """Evaluates calls and creations."""

    def call(self, node: il.Call, on: Known | None) -> Known:
        """A call, after its receiver."""
        name = node.callee
        if on is None and not name:
            on = self.value(node.function)
        regions = self._opened(node.span, name)
        closures = self._closures(node, on)
        # A function that is handed over runs where it is called, not where it is.
        given = [(a.name, self.value(a.value)) for a in node.arguments]
        self._results(node, on, given)
        for region in regions:
            self._open(region, node, on, given)
            if region.kind == "transaction" and (there := self._begun_in(self._function(node, on, len(given)))):
                self.frame.keys[region] = there
        closed = self._closed(node.span)
        if closed is not None:
            return self._close(closed, node, on, given)
        if closures and not regions:
            return self._either(closures, node, on, given)
        run = self._function(node, on, len(given))
        if run is not None and (not self._is_away(run) or self._goes_there(run, regions, given)):
            extends = on is not None and on.constant is None and run.version.extends(run.unit)
            arguments = [("", on), *given] if extends and on is not None else given
            this = self.frame.this if isinstance(node.function, il.Name) else None if extends else on
            first = len(self.effects)
            found = self.follow(run, this, arguments, node.span, name)
            if not self._is_ended(node.span) or self._only_saves(first):
                return self._begun(regions, node, found, on, given)
            saved = next((e.party for e in self.effects[first:] if e.kind == "save"), "")
            ended = self.outside(node, on._replace(party=saved or on.party) if on is not None else None, given)
            return ended._replace(pending=ended.pending | found.pending)
        if regions:
            return self._begun(regions, node, Known(f"{name}()", made="fresh"), on, given)
        return self.outside(node, on, given)

    def create(self, node: il.Create) -> Known:
        """A new object; its initialiser sets members in their order."""
        given = [(a.name, self.value(a.value)) for a in node.arguments]
        members = [self._member_of_new(m) for m in node.members]
        every = [*(k for _, k in given), *members]
        needs = union(k.needs for k in every)
        type_ = simple_type_or_array(node.type)
        kept = type_ in self.version.homes  # an object of the file that keeps what it is given does not walk it
        lazy = [k for k in every if k.unwalked is not None or k.walks] if kept else []
        for _, known in given:
            if known not in lazy:
                self.walk(known, node.span)
                needs |= self.escaping(node.span, known)
        functions = tuple(dict.fromkeys(f for k in every for f in k.functions))
        about = self.version.about
        if about.has("runs_once", type_) or about.has("runs_itself", type_):
            for closure in functions:
                when: Trait = (
                    "once" if about.has("runs_once", type_) else "dropped" if closure.unit.asynchronous else "again"
                )
                needs |= self.run_function(closure, node.span, ("later", when), ()).effects
            functions = ()
        party = f"new {type_}" if self.version.is_source("", node.type) else ""
        if self.version.about.has("connects", type_):
            party = next((k.party for _, k in given if k.party), f"new {type_}")
        if party == f"new {type_}":
            self.makes(party)
        copied = members and given and any(a.mode == "copy" for a in node.arguments)
        named = [k for _, k in given if k.constant not in ("true", "false")] if about.has("named_locks", type_) else []
        made = Known(
            short(f"new {node.type}[{name_said(named[0])}]" if named else f"new {node.type}"),
            needs,
            made="fresh",
            type=given[0][1].type if copied else node.type,
            party=party or next((k.party for _, k in given if k.party), ""),
            functions=functions,
            pending=union(k.pending for k in every),
            level=self._level(every),
            unwalked=next((k.unwalked for k in lazy if k.unwalked is not None), None),
            walks=union(k.walks for k in lazy),
            text=next((k.constant for _, k in given if k.constant and " " in k.constant), ""),
        )
        for region in self._opened(node.span, type_):
            self._open(region, node, None, given)
            made = self._begun((region,), node, made, None, given)
        return made

    def _member_of_new(self, member: il.Argument) -> Known:
        """What an initialiser sets; of a sequence whose elements it takes, these."""
        known = self.value(member.value)
        return self.enumerate(member.span, known) if member.mode == "spread" else known

    def initial(self, starts: Closure, state: Known) -> Known:
        """State that never changes, with what it starts with: a constant, a function, what a compiled query does."""
        body = starts.unit.body.statements
        value = body[0].value if body and isinstance(body[0], il.Exit) else None
        if isinstance(value, il.Call) and starts.version.about.has("wraps", value.callee):
            value = next((a.value for a in value.arguments if isinstance(a.value, il.Lambda)), None)
        if isinstance(value, il.Lambda):
            return state._replace(functions=(Closure(value.unit, starts.version),))
        if not isinstance(value, il.Constant | il.Operation | il.Name | il.Access):
            return state
        before, outer = (len(self.effects), dict(self.unseen)), self.frame
        self.frame = Frame(starts.version, starts.unit, (), outer, None)
        try:
            found = self.value(value)
        finally:
            self.frame = outer
        del self.effects[before[0] :]
        self.unseen = before[1]
        return state._replace(constant=found.constant) if found.constant is not None else state

    # Regions that a call ends.

    def _close(self, closed: tuple[Region, bool], node: il.Call, on: Known | None, given: Given) -> Known:
        region, commits = closed
        run = self._function(node, on, len(given))
        if run is not None and not self._is_away(run) and not self._is_too_far(run):
            self.follow(
                run, self.frame.this if isinstance(node.function, il.Name) else on, given, node.span, node.callee
            )
        kind: Kind = "commit" if commits else "release" if region.kind == "lock" else "rollback"
        key = self.frame.keys.get(region) or self.hold(region).key
        needs = union(k.needs for _, k in given) | (on.needs if on is not None else frozenset())
        index = self.emit(
            kind, node.span, key, node.callee, needs, party=key, traits=self.ending(kind, [k for _, k in given])
        )
        return Known(kind, frozenset((index,)), pending=self.pending(node.callee, index))

    def _begun_in(self, run: Closure | None) -> str:
        """The context or connection of its own type that a function begins a transaction on; empty where none is."""
        if run is None:
            return ""
        home, opens = run.version.home_of(run.unit), self.version.language.named("opens")
        for node in il.walk(run.unit.body):
            on: il.Value | None = node.receiver if isinstance(node, il.Call) and node.callee in opens else None
            while isinstance(on, il.Access) and not isinstance(on.of, il.Self):
                on = on.of
            name = on.name if isinstance(on, il.Access) else on.text if isinstance(on, il.Name) else ""
            state = run.version.state(home, name) if name and home else None
            if state is not None and run.version.is_source("", state.type):
                return state.key
        return ""

    def _only_saves(self, first: int) -> bool:
        """Whether what was done from an effect on is a save and no end of a transaction, whatever the call is named."""
        kinds = {e.kind for e in self.effects[first:]}
        return "save" in kinds and kinds.isdisjoint(("commit", "rollback", "begin"))

    # Functions of the file.

    def _closures(self, node: il.Call, on: Known | None) -> tuple[Closure, ...]:
        """The functions that a call of a value runs."""
        if isinstance(node.function, il.Name):
            if node.function.binding in ("local", "parameter", "captured"):
                known = self.variable(node.function)
                return known.functions if known is not None else ()
            state = self.version.state(self.frame.home, node.callee)
            return self.standing(state).functions if state is not None else ()
        if on is not None and on.functions and (self.version.about.has("calls_it", node.callee) or not node.callee):
            return on.functions
        if isinstance(node.function, il.Access):
            state = self.member(node.function.of, on or UNKNOWN, node.callee)
            return self.standing(state).functions if state is not None else ()
        return ()

    def _either(self, closures: Sequence[Closure], node: il.Call, on: Known | None, given: Given) -> Known:
        found: Known | None = None
        for closure in closures:
            found = either(found, self.follow(closure, None, given, node.span, node.callee or "delegate"))
        return found or UNKNOWN

    def _goes_there(self, run: Closure, regions: Sequence[Region], given: Given) -> bool:
        """Whether a function of another file is followed: not where its call is known as a region already, nor too far."""
        known = any(f.unit.span in self.version.outline.immediate for _, k in given for f in k.functions)
        return not regions and not known and not self._is_too_far(run)

    def _is_away(self, run: Closure) -> bool:
        """Whether a call leads to another file than that of the traced function, or is made in one."""
        return run.version is not self.own or self.version is not self.own

    def _is_too_far(self, run: Closure) -> bool:
        """Whether a function is not followed any more: too many are, or it runs already."""
        depth, away, at = 0, 0, self.frame
        while at.above is not None:
            depth, away, at = depth + 1, away + (at.version is not self.own), at.above
        if self._is_away(run) and (away >= MOST_CALLS_AWAY or self.away >= MOST_FOLLOWED_AWAY):
            return True
        many = self.followed >= MOST_FOLLOWED or self.values >= MOST_VALUES
        return depth >= MOST_CALLS or many or self.frame.is_running(run.unit)

    def _function(self, node: il.Call, on: Known | None, arguments: int) -> Closure | None:
        """The function that a call runs, where it is certain."""
        name, version, at = node.callee, self.version, self.frame.unit.span
        if isinstance(node.function, il.Name):
            if node.function.declared is not None:
                local = self._local(node.function)
                return Closure(local, version) if local is not None else None
            return version.method(self.frame.home, name, arguments)
        if not isinstance(node.function, il.Access):
            return None
        of = node.function.of
        if isinstance(of, il.Self):
            return version.method(self.frame.home, name, arguments, above=of.base)
        if on_type(node) and isinstance(of, il.Name) and (on is None or on.state is None):
            return version.method(of.text, name, arguments, at) or version.extension(name, arguments, None)
        kind = on.type if on is not None else ""
        found = version.method(
            simple_type_or_array(kind) if simple_type_or_array(kind) in version.homes else kind, name, arguments, at
        )
        return found or version.extension(name, arguments, at)

    def named_function(self, node: il.Name) -> Closure | None:
        """The one function that a name stands for which is not called."""
        if node.declared is not None:
            local = self._local(node)
            return Closure(local, self.version) if local is not None else None
        return self.version.only_method(self.frame.home, node.text)

    def _local(self, name: il.Name) -> il.Unit | None:
        """The local function that a name stands for."""
        frame: Frame | None = self.frame
        while frame is not None:
            found = frame.version.local(frame.unit, name)
            if found is not None:
                return found
            frame = frame.above
        return None

    def follow(self, closure: Closure, on: Known | None, arguments: Given, span: Span, name: str) -> Known:
        """A function in place of its call."""
        unit = closure.unit
        too_far, away = self._is_too_far(closure), self._is_away(closure)
        if away:
            self.away += 1
        else:
            self.followed += 1
        if too_far:
            if not away:  # what other files do was never part of what is understood here
                self.missed(f"{name} is called, which was not followed further,", span)
            index = self.emit(
                "call", span, name, name, union(k.needs for _, k in arguments), traits=("cut",), understood=away
            )
            return Known(f"{name}()", frozenset((index,)))
        outer, before, held = self.frame, self.control, self.held(span)
        first = len(self.effects)
        frame = Frame(closure.version, unit, held, outer, span)
        if on is not None and not unit.static:
            frame.this = on if on.type else on._replace(type=frame.home)
        self._bind(frame, unit, arguments)
        self.frame = frame
        try:
            self.run(unit)
        finally:
            self.frame, self.control = outer, before
        made = frame.result() or Known(f"{name}()", made="fresh")
        self.finish(frame, made.pending if not unit.asynchronous else frozenset())
        type_ = made.type or _result(unit.returns, closure.version.about.of("task_types"))
        if closure.version.is_iterator(unit):
            walks = frozenset(range(first, len(self.effects)))
            self.iterated.update(dict.fromkeys(walks, len(held)))
            return made._replace(walks=walks, type=type_)
        started = self._started(first) if unit.asynchronous else made.pending
        if started:
            outer.unfinished.update(dict.fromkeys(started, len(held)))
        return made._replace(pending=started, type=type_)

    def _started(self, first: int) -> frozenset[int]:
        """The effects of an asynchronous function from ``first`` on: waited for where its own task is."""
        for index in range(first, len(self.effects)):
            effect = self.effects[index]
            self.effects[index] = effect._replace(traits=effect.traits - {"awaited"})
        return frozenset(range(first, len(self.effects)))

    def _bind(self, frame: Frame, unit: il.Unit, arguments: Given) -> None:
        """The parameters get what the call gives them."""
        path = frame.version.outline.source.path
        named = {n: k for n, k in arguments if n}
        listed = [k for n, k in arguments if not n]
        for n, parameter in enumerate(unit.parameters):
            known = named.get(parameter.name.text) or (listed[n] if n < len(listed) else None)
            if known is None and parameter.default is not None:
                known = self.value(parameter.default)
            if known is not None and not known.type:
                known = known._replace(type=parameter.type)
            if parameter.name.declared is not None:
                self.variables[path, parameter.name.declared] = known or UNKNOWN
        for name in frame.version.about.of("given_to_setter") & named.keys():
            self.variables[path, unit.span] = named[name]

    @abstractmethod
    def run(self, unit: il.Unit) -> None:
        """Trace the body of a function in the frame at hand; in :mod:`.tracing`."""

    def run_function(
        self,
        closure: Closure,
        span: Span,
        traits: Sequence[Trait],
        held: tuple[Hold, ...],
        needs: frozenset[int] = frozenset(),
        element: Known | None = None,
    ) -> Ran:
        """A function that somebody else runs, here or at another time, under what is held then; what it is given is ``element``, or made of ``needs``."""
        outer, before = self.frame, self.control
        if self.frame.is_running(closure.unit):
            return Ran()
        frame = Frame(closure.version, closure.unit, held, outer, None)
        frame.path = outer.path
        frame.this = outer.this
        frame.traits = outer.traits | frozenset(traits)
        for region in closure.version.regions.get(closure.unit.span, ()):
            if region.form == "callback" and region in outer.keys:
                frame.keys[region] = outer.keys[region]
        first = len(self.effects)
        self._bind(
            frame,
            closure.unit,
            [("", element or Known("element", needs, made="unknown")) for _ in closure.unit.parameters],
        )
        self.frame = frame
        try:
            self.run(closure.unit)
        finally:
            self.frame, self.control = outer, before
        given = union(k.pending for k in frame.returned) if not closure.unit.asynchronous else frozenset[int]()
        self.finish(frame, given)
        if closure.unit.asynchronous:
            given = self._started(first)
        return Ran(frozenset(range(first, len(self.effects))), given)

    def _results(self, node: il.Call, on: Known | None, given: Given) -> None:
        """Variables that a call gives values to."""
        needs = union(k.needs for _, k in given) | (on.needs if on is not None else frozenset())
        place = self.inside(on) if on is not None and on.state is not None else None
        for argument in node.arguments:
            if argument.mode == "result":
                target = argument.value
                if isinstance(target, il.Name):
                    self.assign(
                        target,
                        Known(f"{on.key}[]", needs, state=self.part(place), made="state")
                        if on is not None and place is not None
                        else Known("result", needs),
                    )

    @abstractmethod
    def outside(self, node: il.Call, on: Known | None, given: Given) -> Known:
        """A call of what the file does not have; in :mod:`.outside`."""

    @abstractmethod
    def pending(self, name: str, number: int) -> frozenset[int]:
        """The effects of a call that has not ended when it returns; in :mod:`.outside`."""

    @abstractmethod
    def escaping(self, span: Span, known: Known, *, whole: bool = False) -> frozenset[int]:
        """The effects of handing a value to what is not followed; in :mod:`.outside`."""


def _result(returns: str, tasks: frozenset[str]) -> str:
    """The type of what a function gives once it has ended: that of a task is the task's."""
    inner = returns.partition("<")[2].rpartition(">")[0]
    return inner if simple_type_or_array(returns) in tasks else returns
