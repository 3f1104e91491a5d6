"""Calls of what the file does not have: what the catalogue says of them, what they do to state, which functions they run and when."""

from __future__ import annotations

from ctxreview.behaviour.calling import Ran
from ctxreview.behaviour.effects import Kind, Place, Trait
from ctxreview.behaviour.known import UNKNOWN, Known, Query, sent, short, union
from ctxreview.behaviour.opening import Given
from ctxreview.behaviour.unknown_calls import UnknownCalls
from ctxreview.model import il
from ctxreview.model.facts import Fact
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array

_KINDS: dict[str, Kind] = {"save": "save", "io": "io", "spawn": "spawn", "tracking": "tracking", "fence": "fence"}


class Outside(UnknownCalls):
    """Evaluates calls that are not followed."""

    started: frozenset[int] = frozenset()
    """The effects of the tasks that the call at hand starts."""

    def outside(self, node: il.Call, on: Known | None, given: Given) -> Known:
        """A call of what the file does not have, by what is known of it."""
        self.started = frozenset()
        through = node.callee in self.version.queries.through
        for walked in (*([on] if on is not None and not through else []), *(k for _, k in given)):
            self.walk(walked, node.span)
        known = self._outside(node, on, given)
        if on is not None and through:
            known = known._replace(walks=on.walks)
        return known._replace(pending=known.pending | self.started) if self.started else known

    def _outside(self, node: il.Call, on: Known | None, given: Given) -> Known:
        about, name, span = self.version.about, node.callee, node.span
        receiver = node.receiver
        if on is None and isinstance(node.function, il.Name) and self.frame.this.party:
            on = self.frame.this  # a base type's method, called on the context itself
        told_by = (
            receiver.text if isinstance(receiver, il.Name) else receiver.name if isinstance(receiver, il.Access) else ""
        )
        values = [k for _, k in given]
        needs = union(k.needs for k in values) | (on.needs if on is not None else frozenset())
        fact = self._fact(span)
        kind = simple_type_or_array(on.type) if on is not None else ""
        if on is not None and f"{on.constant or kind}.{name}" in about.of("by_chance"):
            index = self.emit("chance", span, name, name, needs)
            return Known(f"{on.constant or kind}.{name}()", needs | {index}, made="fresh")
        step = self._single_step(node, on, kind or told_by or "-", values, needs)
        if step is not None:
            return step
        ran = self._run_given(node, on, given, fact)
        needs |= ran
        if (on is not None and (on.query is not None or on.party) and fact is None) or self._extends_query(on, name):
            extended = self._query(on, name, values, node, needs)
            if extended is not None:
                return extended
        asks = on is not None and on.query is not None and about.base(name) in self.version.queries.linq
        if asks or (fact is not None and fact.kind == "read"):
            source = on if on is not None else UNKNOWN
            text = sent(values, on)
            if on is not None and not asks and any(f"{n}: {k.constant}" in about.of("reads_later") for n, k in given):
                query = Query(on.key, on.party or on.key, (name,), text=text)
                return on._replace(key=short(f"{on.key}.{name}()"), needs=needs, query=query, made="query")
            found = self.run_query(span, source.also(needs), name, text)
            index = max(found.made_by)
            if about.has("by_key", name):
                self.mark((index,), "by key")
            return found._replace(pending=self.pending(name, index))
        if fact is not None and fact.kind == "spawn" and fact.dropped and not about.has("starts", name):
            fact = None  # a call that nobody waits for is the call that somebody waited for
        if fact is not None and (fact.kind in _KINDS or fact.kind == "complete"):
            return self._catalogued(fact, node, on, values, needs, ran)
        if on is not None and on.state is not None and self._is_of_state(on):
            found_ = self._on_state(node, on, values, needs)
            if found_ is not None:
                return found_
        through_all = self._looks_through(node, on)
        if through_all or self._is_pure(node, on) or self._works_on_its_own(on, values):
            escaped = frozenset[int]()
            for known in (*([on] if on is not None else []), *values):
                escaped |= self.escaping(span, known, whole=through_all)
            return self._pure(node, on, values, needs | escaped)
        return self.unknown(node, on, values, needs, ran)

    def _single_step(
        self, node: il.Call, on: Known | None, told_by: str, values: list[Known], needs: frozenset[int]
    ) -> Known | None:
        """A call that tells people, waits, wakes who waits, or is one indivisible step; ``None`` where it is none of these."""
        about, name, span = self.version.about, node.callee, node.span
        if about.pattern("tells_on").match(told_by) and told_by not in about.of("collections"):
            self.emit("log", span, "", name, needs)
            return Known("log", needs)
        if on is None:
            return None
        if about.has("waits", name) and on.pending:
            return self.awaited(span, on)
        type_ = (on.constant or "").rpartition(".")[2]  # the name of a namespace may be before it
        if type_ in about.of("atomic_on") | about.of("volatile_on"):
            return self._atomic(node, type_, values, needs)
        if told_by in about.of("waited_on") and on.state is not None and about.has("wakes", name):
            return Known("signal", frozenset((self.emit("signal", span, f"{on.key}.{name}", name, needs),)))
        return None

    def _fact(self, span: Span) -> Fact | None:
        facts = [f for f in self.version.facts.get(span, ()) if f.kind not in ("await", "sql-hint", "exit", "write")]
        return next((f for f in facts if not f.is_state), None)

    def _atomic(self, node: il.Call, on: str, values: list[Known], needs: frozenset[int]) -> Known:
        """One indivisible step on the variable that is the first argument."""
        first = values[0] if values else UNKNOWN
        place = first.state or self._captured(node)
        atomic = on in self.version.about.of("atomic_on")
        about = self.version.about
        only_reads = about.has("reads_only", node.callee) or (
            about.has("steps_compare", node.callee) and len(values) == 3 and values[1].key == values[2].key
        )  # what would be set is there already
        traits: tuple[Trait, ...] = ("atomic",) if atomic else ("volatile",)
        # The variable was read to be handed over by reference: that is not a read of its own.
        own = next((e for e in reversed(self.effects) if e.kind == "read" and e.place == place), None)
        if own is not None and own.number in first.needs:
            # One that a step made of it before is a read of its own.
            if only_reads or own.number != len(self.effects) - 1 or own.traits & {"atomic", "volatile"}:
                self.mark((own.number,), traits[0])
            else:
                self.effects.pop()
                needs -= {own.number}
            if only_reads:
                return Known(own.key, needs | {own.number}, state=place, made="state")
        if place is None:
            index = self.emit("fence", node.span, node.callee, node.callee, needs)
            return Known(node.callee, frozenset((index,)))
        kind: Kind = "read" if only_reads else "write"
        both: tuple[Trait, ...] = ("both ways",) if atomic and kind == "write" else ()
        index = self.emit(kind, node.span, place.key, node.callee, needs, place=place, traits=(*traits, *both))
        return Known(f"{node.callee} {place.key}", needs | {index}, made="fresh")

    def _captured(self, node: il.Call) -> Place | None:
        """The variable of the function around that a step is on, where it was just read to be handed over."""
        first = node.arguments[0].value if node.arguments else None
        last = next((e for e in reversed(self.effects) if e.kind == "read"), None)
        if not isinstance(first, il.Name) or first.binding != "captured" or last is None or last.place is None:
            return None
        return last.place if (last.place.kind, last.name) == ("captured", first.text) else None

    def _run_given(self, node: il.Call, on: Known | None, given: Given, fact: Fact | None) -> frozenset[int]:
        """Run the functions that are handed over, as far as it is known when they run; gives the effects of those that ran."""
        about, name = self.version.about, node.callee
        on_type = f"{on.constant}.{name}" if on is not None and on.constant is not None else name
        needs: frozenset[int] = frozenset()
        started: frozenset[int] = frozenset()
        for closure in dict.fromkeys(f for _, k in given for f in k.functions):
            executor = closure.unit.span in self.version.outline.immediate
            if executor:
                for region in self.version.regions.get(closure.unit.span, ()):
                    if region.form == "callback" and on is not None:
                        self.frame.keys[region] = on.party if region.kind == "transaction" and on.party else on.key
            held = self.held(node.span)
            if executor or (on is not None and on.query is not None and self._asks(name)):
                ran = self.run_function(closure, node.span, (), held)
            elif (
                closure.unit.asynchronous
                and not about.is_task(name)
                and any(about.has("drops_tasks", n) for n in (on_type, name))
                and (id(node) in self.alone or not about.has("each", name) or about.has("runs_parallel", on_type))
            ):
                walked = on if on is not None and on.constant is None else next((k for _, k in given), None)
                element = self.enumerate(node.span, walked) if walked is not None and about.has("each", name) else None
                ran = self.run_function(closure, node.span, ("later", "dropped"), (), element=element)
            elif about.has("runs_parallel", on_type) or about.has("runs_parallel", name):
                ran = self.run_function(closure, node.span, ("parallel",), (), union(k.needs for _, k in given))
                started |= self._given_back(name, ran)
            elif fact is not None and fact.kind == "spawn":
                ran = self.run_function(closure, node.span, ("later",), held)
                self.frame.unfinished.update(dict.fromkeys(ran.effects, len(held)))
                started |= ran.effects
            elif about.has("runs_again", name):
                ran = self.run_function(closure, node.span, ("again",), held)
            elif about.has("runs_now", name):
                ran = self.run_function(closure, node.span, (), held)
                self.mark(ran.task, "each")
                self.frame.unfinished.update(dict.fromkeys(ran.task, len(held)))
                started |= ran.task
            else:
                tried = on is not None and about.pattern("retries").search(f"{on.key} {on.type} {name}") is not None
                when: tuple[Trait, ...] = ("later", "retried") if tried else ("later",)
                ran = self.run_function(closure, node.span, when, ())
                started |= self._given_back(name, ran)
            needs |= ran.effects
        self.started = started
        return needs

    def _asks(self, name: str) -> bool:
        """Whether a call of that name goes through the rows of a query."""
        queries, base = self.version.queries, self.version.about.base(name)
        return (
            name in queries.through | queries.asking or base in queries.linq or self.version.about.has("runs_now", name)
        )

    def _given_back(self, name: str, ran: Ran) -> frozenset[int]:
        """The effects of a function that ends before the task ends which the call that runs it gives."""
        if not self.version.about.is_task(name):
            return frozenset()
        self.frame.unfinished.update(dict.fromkeys(ran.task, 0))
        return ran.task

    def _extends_query(self, on: Known | None, name: str) -> bool:
        if on is None or on.constant is not None:
            return False
        return name in self.version.queries.asking or (on.query is not None and name in self.version.queries.through)

    def _query(
        self, on: Known | None, name: str, values: list[Known], node: il.Call, needs: frozenset[int]
    ) -> Known | None:
        """A call that makes a query of one, or of a context; ``None`` where it is something else."""
        assert on is not None
        queries, about = self.version.queries, self.version.about
        if name not in queries.through | queries.asking and not self.gives_source(node):
            return None
        trait = about.operators.get(name)
        traits = on.query.traits if on.query is not None else frozenset[Trait]()
        if trait == "retracked":
            off = any(about.operators.get(f"As{(k.constant or '').rpartition('.')[2]}") == "untracked" for k in values)
            traits = traits - {"untracked", "retracked"} | {"untracked" if off else "retracked"}
        elif trait is not None:
            traits |= {trait}  # type: ignore[arg-type]
        source = on.query.source if on.query is not None and on.query.source else ""
        element = "" if trait == "projected" else on.query.type if on.query is not None else ""
        if on.query is None or (node.types and name in queries.asking):
            element = node.types[0] if node.types else ""
            source = element or (name if on.party else on.key)
        text = next(
            (k.constant for k in values if k.constant and " " in k.constant),
            on.query.text if on.query is not None else "",
        )
        operators = (*(on.query.operators if on.query is not None else ()), name)
        party = on.party or (on.query.party if on.query is not None else "")
        query = Query(source, party, operators, traits, element, text or "")
        return on._replace(key=short(f"{on.key}.{name}()"), needs=on.needs | needs, query=query, made="query")

    def _catalogued(
        self,
        fact: Fact,
        node: il.Call,
        on: Known | None,
        values: list[Known],
        needs: frozenset[int],
        ran: frozenset[int],
    ) -> Known:
        """What the catalogue says of a call; whoever waits for a task that it starts waits for what it ``ran``."""
        name = self.version.about.base(node.callee)
        party = on.party or on.key if on is not None else self.frame.home
        text = sent(values, on)
        objects = [k for k in values if k.made in ("query", "fresh", "parameter", "unknown")]
        if fact.kind == "complete":
            kind: Kind = "rollback" if self.version.about.has("rolls_back", name) else "commit"
            index = self.emit(kind, node.span, party, node.callee, needs, party=party, traits=self.ending(kind, values))
            return Known(kind, frozenset((index,)), pending=self.pending(node.callee, index))
        kind = _KINDS[fact.kind]
        for known in values:
            needs |= self.escaping(node.span, known)
        if kind == "spawn":
            needs |= union(k.pending for k in values)
            if self.version.about.has("first_of", name):  # the others go on
                values = [k._replace(pending=self.besides_acquires(k.pending)) for k in values]
        if (kind == "io" and fact.calls) or self.version.about.has("calls_it", name):
            kind = "foreign"
        source = on.query.source if on is not None and on.query is not None else ""
        key = (
            f"{source or party}.{name}"
            if kind != "save" or not self.version.about.has("saves_all", name)
            else f"{party}.{name}"
        )
        place = Place("rows", source, of=source) if source else None
        traits = (*(on.query.traits if on is not None and on.query is not None else ()), *self.ending(kind, values))
        traits = (*traits, *self.durable(name, values))
        index = self.emit(
            kind, node.span, key, node.callee, needs, party=party, text=text, of=objects[0] if objects else None, place=place, traits=traits
        )  # fmt: skip
        return Known(
            key, frozenset((index,)), made="unknown", made_by=frozenset((index,)),
            pending=self.pending(node.callee, index) | union(k.pending for k in values) | (ran if kind == "spawn" else frozenset()),
        )  # fmt: skip

    def _is_of_state(self, on: Known) -> bool:
        """Whether a call on what state refers to is one on its insides, not a call of a service."""
        kind = simple_type_or_array(on.type)
        if on.state is not None and on.state.kind == "inside":
            return True
        return (
            kind in self.version.about.of("collections")
            or kind in self.version.queries.memory
            or self.version.is_concurrent(kind)
            or self.version.is_immutable(kind)
        )

    def _on_state(self, node: il.Call, on: Known, values: list[Known], needs: frozenset[int]) -> Known | None:
        about, name = self.version.about, node.callee
        place = self.inside(on)
        for known in values:
            needs |= self.escaping(node.span, known)
        if place is None:
            return Known(
                short(f"{on.key}.{name}()"), needs, made="state", type=on.type if about.has("pure", name) else ""
            )
        if name in self.version.queries.through:
            return on._replace(
                state=place, needs=on.needs | needs, type="", key=short(f"{on.key}.{name}()"), unwalked=place
            )
        traits = self.at_once(on)
        if about.has("changes", name):
            both: tuple[Trait, ...] = () if about.has("only_changes", name) else ("both ways",)
            index = self.emit(
                "write",
                node.span,
                place.key,
                name,
                needs,
                place=place,
                of=values[-1] if values else None,
                traits=(*traits, *both),
            )
            return Known(short(f"{on.key}.{name}()"), needs | {index}, made="state", state=None)
        if not about.has("pure", name) and not about.has("copies", name):
            return None
        index_ = (
            self.emit("read", node.span, place.key, name, needs, place=place, traits=traits) if place.shared else None
        )
        needs |= {index_} if index_ is not None else frozenset()
        key = short(f"{on.key}.{name}()")
        if about.has("copies", name):
            return Known(key, needs, made="fresh", parts=self.part(place))
        return Known(key, needs, made="state", state=self.part(place))

    def _looks_through(self, node: il.Call, on: Known | None) -> bool:
        """Whether a call gives a value made of all that it is given, and changes nothing."""
        type_ = (on.constant or "").rpartition(".")[2] if on is not None else ""
        return f"{type_}.{node.callee}" in self.version.about.of("looks_through") and id(node) not in self.alone

    def _works_on_its_own(self, on: Known | None, values: list[Known]) -> bool:
        """Whether a call changes nothing but what it is given, and that is this function's own."""
        type_ = (on.constant or "").rpartition(".")[2] if on is not None else ""
        return type_ in self.version.about.of("changes_given") and all(v.state is None for v in values)

    def _is_pure(self, node: il.Call, on: Known | None) -> bool:
        about = self.version.about
        if about.has("pure", node.callee):
            return True
        if about.has("pure_answers", node.callee) and id(node) not in self.alone:
            return True
        if on is None:
            return False
        if on.made == "fresh" and not on.party and not on.query and about.has("changes", node.callee):
            return True
        return (
            on.constant is not None and simple_type_or_array(on.constant) in about.of("pure_on")
        ) or self.version.is_immutable(on.type)

    def _pure(self, node: il.Call, on: Known | None, values: list[Known], needs: frozenset[int]) -> Known:
        said = f"{on.key}.{node.callee}()" if on is not None else f"{node.callee}()"
        receiver = node.receiver
        pending = union(k.pending for k in values) | (on.pending if on is not None else frozenset())
        if isinstance(receiver, il.Name) and receiver.declared is not None and on is not None:
            # What is put into a local collection is a part of it from here on.
            made_by = on.made_by | union(k.made_by for k in values)
            decided = self.control if self.version.about.has("changes", node.callee) else frozenset[int]()
            self.assign(
                receiver, on._replace(needs=on.needs | needs | decided, pending=on.pending | pending, made_by=made_by)
            )
        kept = on if on is not None and on.made in ("query", "fresh") else None
        parts = on.parts if on is not None else None
        if parts is not None and not self._gives_collection(node.callee):
            return Known(short(said), needs, parts, made="state", pending=pending)
        return Known(
            short(said), needs, made=kept.made if kept else "fresh", made_by=kept.made_by if kept else frozenset(), pending=pending,
            parts=parts, rows=kept.rows if kept else "",
        )  # fmt: skip

    def _gives_collection(self, name: str) -> bool:
        """Whether what a pure call on a collection gives is one too, or says something of it."""
        return self.version.about.has("copies", name) or name in self.version.queries.through
