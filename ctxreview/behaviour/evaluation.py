"""What a value does and what is known of it: names, members, elements, assignments, operators."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from ctxreview.behaviour.effects import Place, Trait
from ctxreview.behaviour.insides import Insides
from ctxreview.behaviour.known import UNKNOWN, Known, Query, constant, either, short, union
from ctxreview.behaviour.version import Closure, State
from ctxreview.model import il
from ctxreview.model.notation import SELF
from ctxreview.model.source import Span

DEEPEST = 150
"""Values and statements inside each other, helpers included."""


class Values(Insides):
    """Evaluates the values of the intermediate language, each part once, in their order."""

    depth = 0
    matched: Known = UNKNOWN

    def value(self, node: il.Value) -> Known:
        """What is known of a value, after the effects of evaluating it."""
        self.depth += 1
        self.values += 1
        try:
            if self.depth > DEEPEST:
                self.missed("What is nested deeper than is traced", node.span)
                return UNKNOWN
            spine: list[il.Value] = []
            at = node
            while (first := _first(at)) is not None:
                spine.append(at)
                at = first
            known = self._leaf(at)
            for part in reversed(spine):
                known = self._around(part, known)
            return known
        finally:
            self.depth -= 1

    @abstractmethod
    def assignment(self, node: il.Assign) -> Known:
        """A place gets a value; in :mod:`.storing`."""

    @abstractmethod
    def call(self, node: il.Call, on: Known | None) -> Known:
        """A call with what is known of its receiver; in :mod:`.calling`."""

    @abstractmethod
    def create(self, node: il.Create) -> Known:
        """A new object; in :mod:`.calling`."""

    @abstractmethod
    def follow(
        self, closure: Closure, on: Known | None, arguments: Sequence[tuple[str, Known]], span: Span, name: str
    ) -> Known:
        """A function of the file in place of its call; in :mod:`.calling`."""

    def _leaf(self, node: il.Value) -> Known:  # noqa: PLR0911  one return a form
        match node:
            case il.Constant():
                return Known("null", made="fresh") if node.kind == "null" else constant(node.text)
            case il.Name():
                return self.name(node)
            case il.Self():
                return self.frame.this
            case il.Matched():
                return self.matched
            case il.Call():
                return self.call(node, None)
            case il.Create():
                return self.create(node)
            case il.Lambda():
                return Known("lambda", made="fresh", functions=(Closure(node.unit, self.version),))
            case il.Assign():
                return self.assignment(node)
            case il.Raise():
                thrown = self.value(node.value) if node.value is not None else UNKNOWN
                self.emit("throw", node.span, "", thrown.type, thrown.needs)
                return UNKNOWN
            case il.Operation():
                return Known(f"({node.operator})", made="fresh")
            case _:
                self.missed("Syntax that is not understood", node.span)
                return UNKNOWN

    def _around(self, node: il.Value, first: Known) -> Known:
        match node:
            case il.Access():
                return self.access(node, first)
            case il.Element():
                given = [self.value(a.value) for a in node.arguments]
                return self._inside(node.span, first, "[]", union(k.needs for k in given))
            case il.Call():
                return self.call(node, first)
            case il.Await():
                return self.awaited(node.span, first)
            case il.Operation():
                return self._operation(node, first)
            case _:
                return first

    def awaited(self, span: Span, task: Known) -> Known:
        """What a task gives, after it was waited for."""
        kept = task.state.key if task.state is not None and task.state.kind == "state" else ""
        index = self.emit("await", span, kept, "await", task.needs | task.pending)
        self.mark(task.pending or task.made_by, "awaited")
        self.mark((i for i in task.pending if self.effects[i].kind == "acquire"), "taken")
        self.lapse(task.pending, span)
        return task._replace(pending=frozenset(), needs=task.needs | task.pending | {index})

    # Names and members.

    def name(self, node: il.Name) -> Known:
        """A name that is read."""
        match node.binding:
            case "local" | "parameter" | "captured":
                known = self.variable(node)
                if node.binding == "captured" and self.frame.traits & {"later", "parallel"}:
                    place = Place("captured", f"captured {node.text}")
                    needs = known.needs if known is not None else frozenset[int]()
                    index = self.emit("read", node.span, place.key, node.text, needs, place=place)
                    return (known or UNKNOWN).also(frozenset((index,)))
                return known or Known(f"{node.binding}", made="unknown")
            case "member" | "static" | "unknown":
                state = self.version.state(self.frame.home, node.text)
                if state is not None:
                    return self.read(node.span, state, self.frame.this)
                if node.binding == "unknown" and not node.text[:1].isupper():
                    return self._undeclared(node)
                party = node.text if self.version.is_source(node.text, "") else ""
                return Known(node.text, made="state", constant=node.text, party=party)
            case _:
                found = self.named_function(node) if node.binding == "function" else None
                functions = (found,) if found is not None else ()
                return Known(node.text, made="state", functions=functions)

    @abstractmethod
    def named_function(self, node: il.Name) -> Closure | None:
        """The one function that a name stands for which is not called; in :mod:`.calling`."""

    def _undeclared(self, node: il.Name) -> Known:
        """State that a base type or another part of the type declares, in another file."""
        key = f"{self.frame.home}.{node.text}"
        place = Place("state", key, of=key)
        party = key if self.version.is_source(node.text, "") else ""
        return Known(key, state=place, made="state", party=party)

    def read(self, span: Span, state: State, on: Known) -> Known:
        """State of an object that is read."""
        getter = state.version.getter(state)
        if getter is not None:
            return self.follow(Closure(getter, state.version), on, (), span, state.name)
        known = self.standing(state)
        if known.constant is not None and state.fixed:
            self.said(known.constant, span)
            return known
        if on.made in ("fresh", "query") and not on.party:
            return known._replace(needs=on.needs, made=on.made, made_by=on.made_by, rows=on.rows, state=None)
        rows = self._rows(state, on)
        if rows is not None:
            return rows
        needs = on.needs
        if not state.fixed and known.state is not None:
            traits = volatile(state)
            index = self.emit("read", span, state.key, state.name, needs, place=known.state, traits=traits, of=on)
            needs |= {index}
        return known.also(needs)

    def _rows(self, state: State, on: Known) -> Known | None:
        """The query that a set of a context is."""
        around = on.party or (f"{SELF} {state.home}" if self.version.is_source(state.home, "") else "")
        if not around or state.static or self.version.is_source(state.name, "") or state.member.kind != "property":
            return None
        element = state.type.partition("<")[2].rpartition(">")[0]
        return Known(
            f"{around}.{state.name}",
            on.needs,
            made="state",
            party=around,
            query=Query(state.name, around, type=element),
        )

    def standing(self, state: State) -> Known:
        """What is known of state without reading it."""
        immutable = state.version.is_immutable(state.type)
        place = Place("state", state.key, state.changes, state.key, immutable)
        party = state.key if self.version.is_source(state.name, state.type) else ""
        known = Known(state.key, state=place, made="state", type=state.type, party=party)
        unit = state.version.initialiser(state.home, state.name)
        if not state.fixed or unit is None or self.frame.is_running(unit):
            return known
        return self.initial(Closure(unit, state.version), known)

    @abstractmethod
    def initial(self, starts: Closure, state: Known) -> Known:
        """State that never changes, with what it starts with; in :mod:`.calling`."""

    def access(self, node: il.Access, on: Known) -> Known:
        """A member that is read."""
        state = self.member(node.of, on, node.name)
        if state is not None:
            return self.read(node.span, state, on)
        named = isinstance(node.of, il.Name) and node.of.binding in ("type", "unknown")
        within = isinstance(node.of, il.Access) and on.state is None and on.made == "state"  # of a namespace
        if (named or within) and on.constant is not None:
            text = f"{on.constant}.{node.name}"
            self.said(text, node.span)
            party = text if self.version.is_source(node.name, "") else ""
            return Known(text, made="state", constant=text, party=party)
        if isinstance(node.of, il.Self):
            return self._undeclared(il.Name(node.span, node.name, "unknown"))
        if self.version.about.has("waits", node.name) and on.pending:
            return self.awaited(node.span, on)
        if on.party:
            query = Query(node.name, on.party) if on.query is None else on.query
            return Known(f"{on.key}.{node.name}", on.needs, made="state", party=on.party, query=query)
        if on.query is not None:
            return on
        if on.state is not None and self._is_view(on, node.name):
            place = self.inside(on)
            return on._replace(key=f"{on.key}.{node.name}", type="", state=place, unwalked=place)
        return self._inside(node.span, on, f".{node.name}", frozenset())

    def said(self, text: str, span: Span) -> None:
        """A constant that may say that nobody else is to have what is asked for."""
        if text in self.version.about.of("alone"):
            self.emit("alone", span, text, text.rpartition(".")[2], text=text)

    def _operation(self, node: il.Operation, first: Known) -> Known:  # noqa: PLR0911  one return a form
        operator, rest = node.operator, node.operands[1:]
        if operator == "is":
            outer, self.matched = self.matched, first
            try:
                tested = [self.value(p) for p in rest]
            finally:
                self.matched = outer
            return Known("is", first.needs | union(k.needs for k in tested), made="fresh")
        if operator == "switch":
            return self._switch(first, rest)
        known = [first]
        for n, operand in enumerate(rest, 1):
            if n >= node.lazy:
                with self.under(union(k.needs for k in known[: 1 if operator == "?:" else n])):
                    known.append(self.value(operand))
            else:
                known.append(self.value(operand))
        self.control |= _tested(node, known)
        match operator:
            case "cast":
                return known[-1]._replace(type=first.constant or "") if len(known) > 1 else first
            case "as":
                return first._replace(type=known[-1].constant or "")
            case "?:" if len(known) > 2:
                return either(known[1], known[2]).also(first.needs)
            case "??" if len(known) > 1:
                return either(first, known[1])
            case "?." | "ref":
                return known[-1].also(first.needs)
            case "tuple":
                needs, pending = union(k.needs for k in known), union(k.pending for k in known)
                return Known("tuple", needs, made="fresh", pending=pending, items=tuple(known))
            case "+" | "text" if all(k.constant is not None for k in known):
                return constant("".join(k.constant or "" for k in known))._replace(needs=union(k.needs for k in known))
            case _:
                said = " ".join(k.key for k in known)
                # Of a text with gaps the parts that are known still tell what it asks for.
                parts = "".join(k.constant if k.constant is not None else "{}" for k in known)
                text = parts if operator in ("+", "text") and any(k.constant for k in known) else None
                return Known(short(f"({operator} {said})"), union(k.needs for k in known), made="fresh", constant=text)

    def _switch(self, subject: Known, arms: Sequence[il.Value]) -> Known:
        found: Known | None = None
        needs = subject.needs
        outer, self.matched = self.matched, subject
        try:
            for arm in arms:
                operands = arm.operands if isinstance(arm, il.Operation) else (arm,)
                needs |= union(self.value(p).needs for p in operands[:-1])
                with self.under(needs):
                    found = either(found, self.value(operands[-1]))
        finally:
            self.matched = outer
        return (found or UNKNOWN).also(needs)


def _first(node: il.Value) -> il.Value | None:
    """What is evaluated first of a value; ``None`` where it is evaluated as a whole."""
    match node:
        case il.Access() | il.Element():
            return node.of
        case il.Call():
            return node.receiver if isinstance(node.function, il.Access) else None
        case il.Await():
            return node.value
        case il.Operation():
            return node.operands[0] if node.operands and node.lazy > 0 else None
        case _:
            return None


def _tested(node: il.Operation, known: Sequence[Known]) -> frozenset[int]:
    """What says whether an operation throws: what follows is done only where it does not."""
    throws = node.lazy < len(node.operands) and isinstance(node.operands[-1], il.Raise)
    return union(k.needs for k in known[:-1]) if throws else frozenset()


def volatile(state: State) -> tuple[Trait, ...]:
    """The traits of an access to state by how it is declared."""
    return ("volatile",) if state.volatile else ()
