"""Calls of which nothing is known but their names, and what may follow of what they are given."""

from __future__ import annotations

from ctxreview.behaviour.calling import Calls
from ctxreview.behaviour.effects import Kind, Trait
from ctxreview.behaviour.known import Known, short, union
from ctxreview.model import il
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array


class UnknownCalls(Calls):
    """Evaluates calls that nothing is known of."""

    def unknown(
        self, node: il.Call, on: Known | None, values: list[Known], needs: frozenset[int], ran: frozenset[int]
    ) -> Known:
        """A call that may do anything with what it is given."""
        name = self.version.about.base(node.callee)
        receiver = (
            (on.constant or (f"{simple_type_or_array(on.type)}" if simple_type_or_array(on.type) else on.key))
            if on is not None
            else self.frame.home
        )
        if self.version.about.has("settles", name):
            receiver = ""  # from wherever it was taken
        for known in values:
            needs |= self.escaping(node.span, known)
        delegate = isinstance(node.function, il.Name) and node.function.binding in (
            "local",
            "parameter",
            "captured",
            "member",
            "static",
        )
        delegate = delegate or not isinstance(node.function, il.Name | il.Access)  # what a collection or a call gave
        kind: Kind = "foreign" if delegate or (self.version.about.has("calls_it", name)) else "call"
        if self.version.about.has("goes_back", name) and on is not None and on.party:
            index = self.emit("rollback", node.span, on.party, node.callee, needs, party=on.party, traits=("in part",))
            return Known("rollback", frozenset((index,)), pending=self.pending(node.callee, index))
        text = next((k.constant for k in values if k.constant and " " in k.constant), "")
        written = (
            on if on is not None and on.made in ("query", "fresh") else next((k for k in values if k.made_by), None)
        )
        apart: tuple[Trait, ...] = ("apart",) if on is not None and self._stays_apart(on, values) else ()
        index = self.emit(
            kind, node.span, f"{short(receiver)}.{name}", node.callee, needs, party=on.party if on is not None else "", text=text, of=written,
            traits=(*apart, *self.durable(name, values)),
        )  # fmt: skip
        only = frozenset((index,))
        party = f"{short(receiver)}.{name}()" if self.gives_source(node) else on.party if on is not None else ""
        if self.gives_source(node):
            self.makes(party)
        own = self.pending(node.callee, index)  # whoever waits for it waits for the functions that it was given
        pending = own | union(k.pending for k in values) | (ran if own else frozenset())
        if on is not None:
            pending |= on.pending  # what is made of a task ends after it
        return Known(
            short(f"{receiver}.{name}()"),
            only,
            made="unknown",
            made_by=only,
            pending=pending,
            party=party,
            type=node.types[0] if node.types else "",
        )

    def durable(self, name: str, values: list[Known]) -> tuple[Trait, ...]:
        """The trait of a call after which what was written is on disk."""
        about = self.version.about
        told = about.has("syncs_if_true", name) and any(k.constant == "true" for k in values)
        return ("durable",) if told or about.has("syncs", name) else ()

    def _stays_apart(self, on: Known, values: list[Known]) -> bool:
        """Whether a call is one of a type of which the file has nothing, and is given nothing through which that could come back."""
        given = (
            k.functions or k.party or k.key == self.frame.this.key or (k.state is not None and k.state.kind == "state")
            for k in values
        )
        return on.constant is not None and on.state is None and on.constant not in self.version.homes and not any(given)

    def pending(self, name: str, index: int) -> frozenset[int]:
        """A call whose name says that it gives a task has not ended when it returns."""
        if not self.version.about.is_task(name):
            return frozenset()
        self.frame.unfinished[index] = len(self.effects[index].holds)
        self.mark((index,), "task")
        return frozenset((index,))

    def escaping(self, span: Span, known: Known, *, whole: bool = False) -> frozenset[int]:
        """State that is handed over is looked into: a collection, or of a call that looks through ``whole`` objects whatever may change."""
        place = self.inside(known) if known.state is not None and known.made == "state" else None
        kind = simple_type_or_array(known.type)
        if (
            place is None
            or not place.shared
            or not (
                kind in self.version.about.of("collections")
                or kind == "[]"
                or (known.state is not None and known.state.key.endswith("[]"))
                or (whole and not self.version.is_immutable(known.type))
            )
        ):
            return frozenset()
        return frozenset(
            (self.emit("read", span, place.key, "", known.needs, place=place, traits=self.at_once(known)),)
        )

    def gives_source(self, node: il.Call) -> bool:
        """Whether the name of a call says that it gives a context or session."""
        return self.version.is_source(node.callee, "")
