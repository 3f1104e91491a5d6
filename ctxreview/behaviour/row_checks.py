"""Optimistic concurrency: that a row is only written if it is still what was read, and that somebody looks whether it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Comparison, Pair
from ctxreview.behaviour.conditions import conditions
from ctxreview.behaviour.effects import Effect, Trace
from ctxreview.behaviour.version import version
from ctxreview.regex import regex

_WRITES = regex(r"(?is)^\s*(?:update|delete|merge)\b")
_WHERE = regex(r"(?is)\bwhere\b(.*?)(?:\breturning\b|\border\s+by\b|\boption\s*\(|;|$)")
_AND = regex(r"(?i)\band\b")


class Unchecked(NamedTuple):
    """``what`` is the condition that ``effect`` no longer has; ``where`` it was, before the edit.

    ``kind`` is ``condition`` (of the SQL), ``original`` (the value that the row is compared with) ``count`` (how many rows were written),
    ``state`` (of the row, which decided whether it is written) or ``refreshed`` (what the row is compared with is read anew and written over).
    """

    kind: str
    what: str
    effect: Effect
    where: Effect
    certain: bool


def unchecked(pair: Pair, compared_with: frozenset[str]) -> Iterator[Unchecked]:
    """What an edit takes from the checks of its writes; ``compared_with`` are the members that say what a row is compared with."""
    for number, now in sorted(pair.became.items()):
        was = pair.before.effects[number]
        if now.kind != "save":
            continue
        lost = [c for c in _conditions(was.text) if c not in _conditions(now.text)] if now.text else []
        if lost and len(_conditions(now.text)) < len(_conditions(was.text)):
            yield Unchecked("condition", lost[0], now, was, pair.understood)
        elif was.text and _WRITES.match(was.text) and _decides(pair.before, was) and not _decides(pair.after, now):
            yield Unchecked("count", now.name, now, was, pair.understood)
    for was in pair.before.of("write"):
        if was.name in compared_with and not any(e.name == was.name for e in pair.after.of("write")):
            save = next((e for e in pair.after.of("save") if e.place is None), None)
            if save is not None:
                yield Unchecked("original", was.name, save, was, pair.understood)
                return


def refreshed(pair: Pair, reads: frozenset[str]) -> Iterator[Unchecked]:
    """A save that an edit adds behind a call of ``reads``, which gives what the row has now: then it differs from nothing."""
    fresh = [e for e in pair.after.effects if e.number not in pair.was]
    asked = next((e for e in fresh if e.name in reads), None)
    save = next((e for e in fresh if e.kind == "save" and asked is not None and e.number > asked.number), None)
    if asked is not None and save is not None and any(pair.before.of("save")):
        yield Unchecked("refreshed", asked.name, save, next(pair.before.of("save")), pair.understood)


def unguarded(both: Comparison, pair: Pair) -> Iterator[Unchecked]:
    """The first column that a function writes without the look at it which decided that before, where no query asks for it either."""
    first, second = (
        version(o).units.get(f.span)
        for o, f in ((both.before, pair.before.function), (both.after, pair.after.function))
    )
    if first is None or second is None:
        return
    texts = ["".join(o.source.text(u.span).split()) for o, u in ((both.before, first), (both.after, second))]
    for number, now in sorted(pair.became.items()):
        was = pair.before.effects[number]
        if now.kind != "write" or now.place is None or now.place.kind != "rows" or was.path or now.path:
            continue
        had = [c.test for c in conditions(both.before, first, was.span) if f".{now.name}=" in c.test]
        has = [c.test for c in conditions(both.after, second, now.span)]
        lost = next((t for t in had if t not in has), None)
        asked = lost.partition("=")[2] if lost is not None else ""
        if lost is not None and asked and texts[1].count(asked) < texts[0].count(asked):
            yield Unchecked("state", lost, now, was, pair.understood)
            return


def _conditions(text: str) -> list[str]:
    """The conditions that all have to hold for a row to be written, without layout."""
    found = _WHERE.search(text) if _WRITES.match(text) else None
    return [" ".join(part.split()).casefold() for part in _AND.split(found[1])] if found else []


def _decides(of: Trace, save: Effect) -> bool:
    """Whether anything that follows needs what a write gave back."""
    return any(save.number in e.depends for e in of.effects[save.number + 1 :] if e.kind != "await")
