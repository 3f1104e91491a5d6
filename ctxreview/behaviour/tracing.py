"""A function to its :class:`~ctxreview.behaviour.effects.Trace`: its statements run once, in order, both ways of each branch."""

from __future__ import annotations

from ctxreview.behaviour.conditions import leaving
from ctxreview.behaviour.effects import Trace, Trait
from ctxreview.behaviour.evaluation import DEEPEST
from ctxreview.behaviour.known import Known, either
from ctxreview.behaviour.outside import Outside
from ctxreview.behaviour.same import Same
from ctxreview.behaviour.version import version
from ctxreview.kept import kept
from ctxreview.model import il
from ctxreview.model.declarations import Function
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span


class Tracer(Outside):
    """Traces one function."""

    def run(self, unit: il.Unit) -> None:
        """Trace the body of a function in the frame at hand."""
        self._block(unit.body)

    def _block(self, block: il.Block) -> bool:
        """Trace statements in order; gives whether the end can be reached."""
        for n, statement in enumerate(block.statements):
            if not self._statement(statement):
                labels = any(isinstance(s, il.Label) for s in block.statements[n + 1 :])
                if not labels:
                    return False
        return True

    def _statement(self, at: il.Statement) -> bool:  # noqa: PLR0911  one case a form
        self.depth += 1
        try:
            if self.depth > DEEPEST:
                self.missed("What is nested deeper than is traced", at.span)
                return True
            match at:
                case il.Block():
                    return self._block(at)
                case il.Do():
                    self.alone.add(id(at.value))
                    self.value(at.value)
                    return not isinstance(at.value, il.Raise)
                case il.Branch():
                    return self._branch(at)
                case il.Choice():
                    return self._choice(at)
                case il.Loop():
                    return self._loop(at)
                case il.Try():
                    return self._try(at)
                case il.Held():
                    return self._held(at)
                case il.Exit():
                    return self._exit(at)
                case il.Yield():
                    known = self.value(at.value)
                    self.frame.returned.append(known)
                    self.emit("return", at.span, "yield", "yield", known.needs, of=known)
                    return True
                case il.Opaque():
                    self.missed("Syntax that is not understood", at.span)
                    return True
                case _:  # a function declared inside runs where it is called
                    return True
        finally:
            self.depth -= 1

    def _ways(self, ways: list[il.Block | None], needs: frozenset[int]) -> bool:
        """Trace each way from the same start, and go on with what any of them may have left."""
        before, outer = dict(self.variables), self.control
        after: list[dict[tuple[str, Span], Known]] = []
        ends = []
        for way in ways:
            self.variables = dict(before)
            self.control = outer | needs
            ends.append(self._block(way) if way is not None else True)
            if ends[-1]:
                after.append(self.variables)
        self.control = outer | (needs if not all(ends) else frozenset())
        self.variables = _merged(after) if after else before
        return any(ends)

    def _branch(self, at: il.Branch) -> bool:
        condition = self.value(at.condition)
        return self._ways([at.then, at.otherwise], condition.needs)

    def _choice(self, at: il.Choice) -> bool:
        subject = self.value(at.subject)
        needs = subject.needs
        outer, self.matched = self.matched, subject
        for arm in at.arms:
            for test in arm.tests:
                needs |= self.value(test).needs
        self.matched = outer
        ways: list[il.Block | None] = [arm.body for arm in at.arms]
        if all(arm.tests for arm in at.arms):
            ways.append(None)
        self._ways(ways, needs)
        return True  # a break ends an arm and not what is around

    def _loop(self, at: il.Loop) -> bool:
        for value in at.first:
            self.value(value)
        outer = self.control
        before = dict(self.variables)
        needs: frozenset[int] = frozenset()
        if at.condition is not None and at.kind != "after":
            if at.kind == "each" and isinstance(at.condition, il.Assign):
                source = self.value(at.condition.value)
                element = self.enumerate(at.condition.span, source)
                element = element._replace(
                    type="" if at.condition.declares in self.version.language.words.inferred else at.condition.declares
                )
                if at.awaited:
                    element = self.awaited(at.condition.span, element)
                self.write(at.condition.target, element, at.condition.span, compound=False)
                needs = element.needs
            else:
                needs = self.value(at.condition).needs
        self.control = outer | needs
        first = len(self.effects)
        self._block(at.body)
        begun = (i for i in self.frame.unfinished if i >= first and "awaited" not in self.effects[i].traits)
        self.mark(begun, "each")
        self.mark((e.number for e in self.effects[first:] if e.kind in _EACH_TURN), "in loop")
        for value in at.step:
            self.value(value)
        if at.condition is not None and at.kind == "after":
            self.value(at.condition)
        if _tries_again(at.body, until=at.kind == "each"):
            self.mark(range(first, len(self.effects)), "retried")
        self.control = outer
        self.variables = _merged([before, self.variables])
        return at.condition is not None or any(isinstance(s, il.Exit) and s.kind == "break" for s in il.walk(at.body))

    def _try(self, at: il.Try) -> bool:
        before, outer = dict(self.variables), self.control
        ends = [self._block(at.body)]
        after = [self.variables]
        for handler in at.handlers:
            self.variables = _merged([before, after[0]])
            self.control = outer
            if handler.filter is not None:
                self.value(handler.filter)
            ends.append(self._block(handler.body))
            after.append(self.variables)
        self.variables = _merged([v for v, end in zip(after, ends, strict=True) if end] or after)
        self.control = self.control if not at.handlers else outer
        if at.always is not None:
            first = len(self.effects)
            self._block(at.always)
            self.mark(range(first, len(self.effects)), "always")
        return any(ends)

    def _held(self, at: il.Held) -> bool:
        regions = [
            r for r in self.version.regions.get(self.frame.unit.span, ()) if r.span == at.span and r.form == "block"
        ]
        subjects = []
        for subject in at.subjects:
            known = self.value(subject)
            subjects.append(known)
            for region in regions:
                if region not in self.frame.keys and at.kind == "lock":
                    self.frame.keys[region], self.frame.types[region] = known.key, known.type
                    self.emit("acquire", subject.span, known.key, region.construct, known.needs, party=known.key)
        end = self._block(at.body)
        for known in reversed(subjects) if at.kind == "disposal" else ():
            if known.party and known.party == known.key:  # the context itself, and not what was begun on it
                self.emit(
                    "dispose",
                    Span(at.span.end - 1, at.span.end),
                    known.party,
                    "dispose",
                    known.needs,
                    party=known.party,
                )
        for region in regions:
            if region.kind == "lock":
                hold = self.hold(region)
                self.emit(
                    "release",
                    region.closing if region.closing.size else at.span,
                    hold.key,
                    region.construct,
                    party=hold.key,
                )
        return end

    def _exit(self, at: il.Exit) -> bool:
        known = self.value(at.value) if at.value is not None else None
        if at.kind == "return":
            if known is not None:
                self.frame.returned.append(known)
                self.frame.chosen |= self.control
            query = known.query if known is not None else None
            traits: tuple[Trait, ...] = ("deferred", *query.traits) if query is not None else ()
            needs = known.needs if known is not None else frozenset[int]()
            if self.frame.above is None:
                if known is not None:
                    self._leave(at.span, known)
                self.emit(
                    "return",
                    at.span,
                    "",
                    "return",
                    needs,
                    of=known,
                    traits=traits,
                    party=query.party if query is not None else "",
                    text=query.text if query is not None else "",
                )
        elif at.kind == "throw":
            self.emit(
                "throw",
                at.span,
                "",
                known.type if known is not None else "",
                known.needs if known is not None else frozenset(),
            )
        elif at.kind == "end" and self.frame.above is None:
            self.emit("end", at.span, "", "end")
        return False

    def _leave(self, span: Span, known: Known) -> None:
        """What is read of a sequence when whoever gets it walks it: nothing that the traced function holds is in force then."""
        self.walk(known, None)
        place = known.unwalked
        if place is not None and place.shared:
            index = self.emit("read", span, place.key, "", known.needs, place=place, traits=("deferred",))
            effect = self.effects[index]
            self.effects[index] = effect._replace(holds=(), lapsed=effect.holds)


_EACH_TURN = ("commit", "save", "io", "call", "foreign", "spawn")


def _tries_again(body: il.Block, *, until: bool) -> bool:
    """Whether a turn of a loop goes on to the next one after a failure, with ``until`` only where it would have been the last one."""
    tries = [s for s in il.walk(body, into=False) if isinstance(s, il.Try)]
    last = not until or any(
        isinstance(n, il.Exit) and n.kind in ("return", "break") for t in tries for n in il.walk(t.body)
    )
    return last and any(not leaving(h.body) for t in tries for h in t.handlers)


def _merged(after: list[dict[tuple[str, Span], Known]]) -> dict[tuple[str, Span], Known]:
    """Variables after one of several ways."""
    if len(after) == 1:
        return after[0]
    merged = dict(after[0])
    for other in after[1:]:
        for key, known in other.items():
            mine = merged.get(key)
            if mine is not known:
                merged[key] = either(mine, known)
    return merged


@kept(512)
def _trace(same: Same, function: Function) -> Trace | None:
    of = version(same.outline)
    unit = of.units.get(function.span)
    if unit is None:
        return None
    tracer = Tracer(of, unit)
    for n, parameter in enumerate(unit.parameters):
        if parameter.name.declared is not None:
            party = f"parameter {n}" if of.is_source(parameter.name.text, parameter.type) else ""
            tracer.assign(parameter.name, Known(f"parameter {n}", made="parameter", type=parameter.type, party=party))
    if unit.kind == "accessor":
        tracer.variables[same.outline.source.path, unit.span] = Known("parameter value", made="parameter")
    tracer.run(unit)
    kept = frozenset().union(*(k.pending for k in tracer.frame.returned)) if not unit.asynchronous else frozenset[int]()
    tracer.finish(tracer.frame, kept)
    return Trace(function, tuple(tracer.effects), tuple(tracer.sections.values()), tuple(tracer.unseen))


def trace(outline: Outline, function: Function) -> Trace | None:
    """The effects of a function of ``outline``, helpers in place of their calls; ``None`` where the language has no lowering."""
    return _trace(Same(outline), function)
