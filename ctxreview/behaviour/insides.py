"""What an object holds that something refers to: members, the elements of a collection, the rows of a query."""

from __future__ import annotations

from ctxreview.behaviour.effects import Place, Trait
from ctxreview.behaviour.frames import Frames
from ctxreview.behaviour.known import Known, Query, short
from ctxreview.behaviour.version import State
from ctxreview.model import il
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array


class Insides(Frames):
    """Evaluates uses of what an object holds."""

    def _is_view(self, on: Known, name: str) -> bool:
        """Whether a member of a collection shows what that holds at any time."""
        return self.version.about.has("views", name) and simple_type_or_array(on.type) in self.version.about.of(
            "collections"
        )

    def member(self, of: il.Value, on: Known, name: str) -> State | None:
        """The state that a member access means: of a type of the file, or of what the type itself or a field of it is in another file."""
        version, at = self.version, self.frame.unit.span
        if isinstance(of, il.Self):
            return version.state(self.frame.home, name)
        if isinstance(of, il.Name) and of.binding in ("type", "unknown") and on.state is None:
            return version.state(of.text, name, at)
        kind = simple_type_or_array(on.type)
        if kind in version.homes:
            return version.state(kind, name)
        kept = on.state is not None and on.state.kind == "state"
        return version.state(on.type, name, at) if kept and on.type else None

    def _inside(self, span: Span, on: Known, step: str, needs: frozenset[int]) -> Known:
        """What an object holds that something refers to."""
        if on.parts is not None and on.state is None and step == "[]":
            return Known(f"{on.parts.of}[]", on.needs | needs, on.parts, made="state")
        place = self.inside(on)
        known = Known(short(f"{on.key}{step}"), on.needs | needs, made=on.made, made_by=on.made_by, rows=on.rows)
        if step == "[]":
            known = known._replace(party=on.party)  # one of what was made on it
        if place is None:
            return known
        known = known._replace(state=self.part(place), type="")
        if place.shared:
            index = self.emit(
                "read", span, place.key, step.strip("."), known.needs, place=place, traits=self.at_once(on)
            )
            known = known.also(frozenset((index,)))
        return known

    def inside(self, on: Known) -> Place | None:
        """The place of what an object holds; ``None`` where it is this function's own, or cannot change."""
        place = on.state
        if place is None or place.immutable or on.constant is not None:
            return None
        return place if place.kind == "inside" else Place("inside", f"{place.of}[]", place.shared, place.of)

    def part(self, place: Place) -> Place:
        """An object that another one holds: what changes in it changes nothing of which objects are held."""
        return place._replace(key=f"{place.of}[*]", immutable=self._holds_values(place.of))

    def _holds_values(self, of: str) -> bool:
        """Whether all that some state can hold are values that do not change, by the arguments of its type."""
        home, _, name = of.rpartition(".")
        state = self.version.state(home, name)
        given = state.type.partition("<")[2].rpartition(">")[0] if state is not None else ""
        if (
            state is None
            or not given
            or "<" in given
            or simple_type_or_array(state.type) not in self.version.about.of("collections")
        ):
            return False
        return all(state.version.is_immutable(one.strip()) for one in given.split(","))

    def at_once(self, on: Known) -> tuple[Trait, ...]:
        """Traits of an operation on an object: each is atomic on what is made for several threads."""
        return ("atomic",) if self.version.is_concurrent(on.type) else ()

    def enumerate(self, span: Span, on: Known) -> Known:
        """The elements of a value that is walked now."""
        if on.query is not None:
            return self.run_query(span, on, self.version.language.words.each, "")
        if on.parts is not None and on.state is None:
            return Known(f"{on.parts.of}[]", on.needs, on.parts, made="state")
        self.walk(on, span)
        place = self.inside(on)
        if place is not None and place.shared:
            index = self.emit("read", span, place.key, "", on.needs, place=place, traits=self.at_once(on))
            on = on.also(frozenset((index,)))
        state = self.part(place) if place is not None else None
        return on._replace(key=short(f"{on.key}[]"), type="", state=state, unwalked=None, walks=frozenset())

    def run_query(self, span: Span, on: Known, name: str, text: str) -> Known:
        """The rows of a query, which runs here."""
        query = on.query or Query(on.key, on.party or on.key)
        index = self.emit(
            "query", span, query.source, name, on.needs, party=query.party, text=text or query.text, traits=query.traits,
            place=Place("rows", query.source, of=query.source),
        )  # fmt: skip
        only = frozenset((index,))
        copy = "projected" in query.traits
        return Known(
            f"row of {query.source}",
            on.needs | only,
            made="fresh" if copy else "query",
            made_by=only,
            type="" if copy else query.type,
            rows="" if copy else query.source,
        )
