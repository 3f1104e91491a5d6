"""The transactions and locks that a call opens, and how it ends one."""

from __future__ import annotations

from collections.abc import Sequence

from ctxreview.behaviour.effects import Kind, Trait
from ctxreview.behaviour.known import Known, short, union
from ctxreview.behaviour.storing import Stores
from ctxreview.model import il
from ctxreview.model.regions import Region
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.regex import regex

Given = Sequence[tuple[str, Known]]
"""Arguments, each with the name that it is given by."""


class Openings(Stores):
    """Knows which regions a call opens and ends."""

    def _opened(self, span: Span, name: str) -> tuple[Region, ...]:
        """The transactions and locks that a call of this name at this place opens."""
        frame = self.frame
        own = frame.version.openings.get(frame.unit.span)
        return tuple(
            r
            for r in (own.around(span) if own is not None else ())
            if r.form not in ("sql", "attribute", "callback")
            and (name in (r.name, r.construct) or self._opens(name, r))
        )

    def _opens(self, name: str, region: Region) -> bool:
        language = self.version.language
        listed = (language.named(f) for f in ("opens", "acquires", "creates", "runs"))
        wrapped = any(w.name == name for w in self.version.outline.wrappers.found)
        return bool(name) and (any(name in names for names in listed) or (wrapped and region.opening.size > 0))

    def _open(self, region: Region, node: il.Call | il.Create, on: Known | None, given: Given) -> None:
        """Remember what a region is on."""
        frame = self.frame
        first = given[0][1] if given else None
        by_type = on is not None and on.constant is not None and isinstance(node, il.Call) and on_type(node)
        subject = first if by_type and first is not None else on
        if region.kind == "lock":
            key = subject.key if subject is not None else region.construct
            by_name = (
                first is not None and "[" in region.resource
            )  # what hands locks out has as many as there are names
            frame.keys[region] = short(f"{key}[{name_said(first)}]") if first is not None and by_name else key
        else:
            party = (subject.party if subject is not None else "") or next((k.party for _, k in given if k.party), "")
            frame.keys[region] = party or "ambient"
        said = [k.constant for _, k in given if k.constant is not None and "." in k.constant]
        levels = [k.level for _, k in given if k.level]
        if region.isolation is not None and levels:
            frame.levels[region] = levels[0]
        elif region.isolation is not None and region.isolation.is_open and said:
            frame.levels[region] = said[0]

    def _level(self, values: Sequence[Known]) -> str:
        """The level of isolation among some values, or that one of them asks for."""
        isolation = self.version.language.words.isolation
        said = (k.constant for k in values if k.constant and isolation in k.constant.split(".")[:-1])
        return next(said, "") or next((k.level for k in values if k.level), "")

    def _begun(self, regions: Sequence[Region], node: il.Value, known: Known, on: Known | None, given: Given) -> Known:
        """The effect of opening regions, and the value that stands for what was opened."""
        for region in regions:
            if known.level:
                self.frame.levels.setdefault(region, known.level)
            if on is None and region.kind == "lock" and (taken := self._taken_in(node.span)):
                self.frame.keys[region] = taken
            hold = self.hold(region)
            kind: Kind = "acquire" if region.kind == "lock" else "begin"
            needs = union(k.needs for _, k in given) | (on.needs if on is not None else frozenset())
            name = node.callee if isinstance(node, il.Call) else ""
            task: tuple[Trait, ...] = ("task",) if kind == "acquire" and self.version.about.is_task(name) else ()
            index = self.emit(
                kind, node.span, hold.key, region.construct, needs, party=hold.key, text=hold.mode, traits=task
            )
            known = known._replace(
                needs=known.needs | {index},
                party=known.party or ("" if kind == "acquire" else hold.key),
                pending=known.pending | ({index} if task else frozenset()),
            )
            for argument in node.arguments if isinstance(node, il.Call) else ():
                if argument.mode in ("reference", "result") and isinstance(argument.value, il.Name):
                    self.assign(argument.value, Known("result", frozenset((index,)), made="fresh"))
        return known

    def _taken_in(self, span: Span) -> str:
        """What the helper that a call is of takes, where it takes one lock and was followed."""
        taken = {e.party for e in self.effects if e.kind == "acquire" and e.path and e.span == span}
        return taken.pop() if len(taken) == 1 else ""

    def _closed(self, span: Span) -> tuple[Region, bool] | None:
        """The region that a call commits or releases, and whether it commits."""
        frame = self.frame
        own = frame.version.endings.get(frame.unit.span)
        for end in own.around(span) if own is not None else ():
            if not end.commits or end.span.size <= span.size + 8:
                return end.region, end.commits
        return None

    def _is_ended(self, span: Span) -> bool:
        return any(f.kind == "complete" for f in self.version.facts.get(span, ()))

    def ending(self, kind: Kind, values: Sequence[Known]) -> tuple[Trait, ...]:
        """The traits of what ends a transaction or sends its changes, by what it is given."""
        stops = [
            k for k in values if simple_type_or_array(k.type) in self.version.about.of("stops") and k.constant is None
        ]
        never = self.version.about.pattern("never_stops")
        in_part = kind == "rollback" and any(k not in stops and not never.search(k.constant or "") for k in values)
        return (*(("cancellable",) if stops else ()), *(("in part",) if in_part else ()))


def name_said(name: Known) -> str:
    """A name by its text, with what is in the gaps of one that is put together."""
    if name.constant is not None and "{}" not in name.constant:
        return name.constant
    key = _PUT_TOGETHER.sub("", name.key)
    return f"{name.constant} {key}" if name.constant else key


_PUT_TOGETHER = regex(r"\((?:text|\+) |\)")
"""How the key of a text says that it is one of several parts; it is the same text whichever way they are put together."""


def on_type(node: il.Call) -> bool:
    """Whether a call is one on a type, as far as its name says."""
    return isinstance(node.receiver, il.Name) and node.receiver.binding in ("type", "unknown")
