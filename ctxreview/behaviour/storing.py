"""What gets a value: variables, state, what objects hold, rows."""

from __future__ import annotations

from ctxreview.behaviour.effects import Place, Trait
from ctxreview.behaviour.evaluation import Values, volatile
from ctxreview.behaviour.known import Known, union
from ctxreview.behaviour.version import Closure
from ctxreview.model import il
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array


class Stores(Values):
    """Evaluates assignments."""

    def assignment(self, node: il.Assign) -> Known:
        """A place gets a value; the value is evaluated first."""
        known = self.value(node.value)
        compound = node.operator != "="
        if node.declares and node.declares not in self.version.language.words.inferred and not known.type:
            known = known._replace(type=node.declares)
        unknown = node.declares and not known.party and known.query is None and known.made == "unknown"
        if unknown and isinstance(node.target, il.Name) and self.version.is_source(node.target.text, known.type):
            known = known._replace(
                party=known.key
            )  # what came from nowhere that is known is a context where it is called one
            self.makes(known.party)
        self.write(node.target, known, node.span, compound=compound)
        return known

    def write(self, target: il.Value, value: Known, span: Span, *, compound: bool) -> None:
        """Assign to a variable, a member, an element, or several of them."""
        match target:
            case il.Name(binding="local" | "parameter" | "captured"):
                self._write_variable(target, value, span, compound=compound)
            case il.Name() | il.Access():
                self._write_member(target, value, span, compound=compound)
            case il.Element():
                on = self.value(target.of)
                given = [self.value(a.value) for a in target.arguments]
                self.change(span, on, "[]", value.needs | union(k.needs for k in given), compound=compound)
            case il.Operation(operator="tuple"):
                items = value.items if len(value.items) == len(target.operands) else (value,) * len(target.operands)
                around = value.needs - union(k.needs for k in value.items)
                for part, item in zip(target.operands, items, strict=True):
                    self.write(part, item.also(around), part.span, compound=compound)
            case _:
                self.value(target)

    def _write_variable(self, target: il.Name, value: Known, span: Span, *, compound: bool) -> None:
        before = self.variable(target)
        if target.binding == "captured" and self.frame.traits & {"later", "parallel", "again"}:
            place = Place("captured", f"captured {target.text}")
            traits: tuple[Trait, ...] = ("both ways",) if compound else ()
            self.emit("write", span, place.key, target.text, value.needs, place=place, traits=traits)
        if compound and before is not None:
            value = Known(before.key, before.needs | value.needs, made=before.made, type=before.type)
        self.assign(target, value.also(self.control))

    def _write_member(self, target: il.Name | il.Access, value: Known, span: Span, *, compound: bool) -> None:
        on = self.frame.this
        if isinstance(target, il.Access):
            on = self.value(target.of)
            state = self.member(target.of, on, target.name)
            name = target.name
        else:
            state, name = self.version.state(self.frame.home, target.text), target.text
        if state is not None and on.made not in ("fresh", "query"):
            setter = state.version.setter(state)
            if setter is not None and not self.frame.is_running(setter):
                self.follow(
                    Closure(setter, state.version),
                    on,
                    ((next(iter(self.version.about.of("given_to_setter")), ""), value),),
                    span,
                    name,
                )
                return
            traits: tuple[Trait, ...] = volatile(state)
            needs = value.needs | on.needs
            place = Place("state", state.key, state.changes, state.key, state.version.is_immutable(state.type))
            if compound:
                needs |= {self.emit("read", target.span, state.key, name, needs, place=place, traits=traits)}
                traits = (*traits, "both ways")
            self.emit("write", span, state.key, name, needs, place=place, of=value, traits=traits)
            return
        if (isinstance(target, il.Name) and on.made == "state") or (
            isinstance(target, il.Access) and isinstance(target.of, il.Self)
        ):
            key = f"{self.frame.home}.{name}"
            self.emit("write", span, key, name, value.needs, place=Place("state", key, of=key), of=value)
            return
        self._bind_to(target, on, value)
        self.change(span, on, f".{name}", value.needs, compound=compound)

    def _bind_to(self, target: il.Name | il.Access, on: Known, value: Known) -> None:
        """What is given a connection or transaction goes through that from here on, and what is given a statement sends that."""
        if not isinstance(target, il.Access) or not isinstance(target.of, il.Name):
            return
        if value.party and self.version.about.has("binds", target.name):
            self.assign(target.of, on._replace(party=value.party))
        if value.constant and self.version.about.has("says", target.name):
            self.assign(target.of, on._replace(text=value.constant))

    def change(
        self, span: Span, on: Known, step: str, needs: frozenset[int], *, compound: bool = False
    ) -> frozenset[int]:
        """Something changes in the object that ``on`` is; gives the effects of it."""
        traits: tuple[Trait, ...] = (*self.at_once(on), *(("both ways",) if compound else ()))
        name = step.strip(".")
        if on.rows or on.made == "query":
            place = Place("rows", f"{on.rows}.{name}", of=on.rows)
        elif on.made == "fresh":
            return frozenset()
        else:
            inside = self.inside(on)
            if inside is None and on.state is not None and on.state.immutable:
                return frozenset()
            place = inside or Place("object", f"{simple_type_or_array(on.type) or on.key}.{name}", shared=False)
        return frozenset(
            (self.emit("write", span, place.key, name, on.needs | needs, place=place, of=on, traits=traits),)
        )
