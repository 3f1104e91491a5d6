"""Several locks or rows that are taken in an order which does not depend on who asks, and are taken as they come after the edit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.comparison import Comparison, Pair
from ctxreview.behaviour.effects import Effect, Trace
from ctxreview.behaviour.version import version
from ctxreview.languages import Language, load
from ctxreview.languages.behaviour import behaviour_of
from ctxreview.model import il
from ctxreview.model.outline import Outline
from ctxreview.model.source import Span

MOST_TAKEN = 20
"""Locks and rows of one function that are looked at, the first ones: the whole function is gone through for each."""


class Disordered(NamedTuple):
    """``taken`` takes one of several after the edit; ``before`` was sorted by ``by``, the call or the SQL that said so."""

    taken: Effect
    before: Effect
    by: str


def disordered(both: Comparison, pair: Pair) -> Iterator[Disordered]:
    """The first lock or row of a function that is one of several in no particular order any more."""
    language = load(both.before.language)
    about = behaviour_of(language)
    old, new = _taken(pair.before, language), _taken(pair.after, language)
    if not old or not new:
        return
    first, second = (_unit(o, t) for o, t in ((both.before, pair.before), (both.after, pair.after)))
    if first is None or second is None:
        return
    sorts, of_two, sorted_rows = about.of("sorts"), about.of("of_two"), about.pattern("sorted_rows")
    if any(isinstance(n, il.Call) and (n.callee in sorts or n.callee in of_two) for n in il.walk(second)):
        return  # still in some order
    unsorted = not _chooses(second)
    for was in old[:MOST_TAKEN]:
        now = next((e for e in new if e.key == was.key and e.path[:1] == was.path[:1]), None)
        if now is None:
            continue
        several = unsorted and (sum(e.key == now.key for e in new) > 1 or _loop(second, now) is not None)
        by = (_of_two(first, was, of_two) or _of_loop(first, was, sorts)) if several else ""
        said = sorted_rows.search(was.text) if not about.pattern("one_row").search(was.text) else None
        if not by and said is not None and now.text and not sorted_rows.search(now.text):
            by = " ".join(said[0].split())
        if by:
            yield Disordered(now, was, by)
            return


def _taken(of: Trace, language: Language) -> list[Effect]:
    """What takes a lock, or rows that others wait for, in order; also where only the name of a call says so."""
    asks = behaviour_of(language).pattern("asks_to_lock")
    return [
        e
        for e in of.effects
        if e.kind == "acquire"
        or (e.kind in ("query", "save", "call") and _locks_rows(e.text, language))
        or (e.kind == "call" and asks.search(e.name) is not None)
    ]


def _locks_rows(text: str, language: Language) -> bool:
    """Whether a statement keeps others from the rows, or the name, that it asks for, as the language's list of SQL says."""
    for sql in language.sql if text else ():
        if sql.get("kind") == "lock" and sql.get("mode") != "shared":
            said = re.search(sql["pattern"], text, re.IGNORECASE)
            if said is not None and not any(word in said[0].upper() for word in sql.get("unless", ())):
                return True
    return False


def _unit(outline: Outline, of: Trace) -> il.Unit | None:
    return version(outline).units.get(of.function.span)


def _of_two(unit: il.Unit, taken: Effect, names: frozenset[str]) -> str:
    """The call that gives the smaller or the larger of two, where that decides which one is taken."""
    made = {n.target.text: n.value for n in il.walk(unit) if isinstance(n, il.Assign) and isinstance(n.target, il.Name)}
    for node in il.walk(unit, within=taken.span):
        if not taken.span.overlaps(node.span):
            continue
        given = made.get(node.text) if isinstance(node, il.Name) else node
        if isinstance(given, il.Call) and given.callee in names and len(given.arguments) == 2:
            return given.callee
    return ""


def _loop(unit: il.Unit, taken: Effect) -> il.Loop | None:
    """The loop through a sequence that takes one in each turn."""
    each = (n for n in il.walk(unit) if isinstance(n, il.Loop) and n.kind == "each")
    return next((n for n in each if n.body.span.contains(taken.span)), None)


def _of_loop(unit: il.Unit, taken: Effect, names: frozenset[str]) -> str:
    """The call that sorts what the loop around goes through."""
    loop = _loop(unit, taken)
    if loop is None:
        return ""
    every = [n for n in il.walk(loop) if not n.span.overlaps(loop.body.span) and n is not loop]
    through = {n.text for n in every if isinstance(n, il.Name)}
    every += [n for n in il.walk(unit) if _gives(n, through, loop.span)]
    calls = (n for e in every for n in il.walk(e) if isinstance(n, il.Call))
    return next((c.callee for c in calls if c.callee in names), "")


def _gives(node: il.Node, names: set[str], loop: Span) -> bool:
    """Whether a node before a loop sets one of these variables, or calls something with one."""
    if node.span.start >= loop.start:
        return False
    if isinstance(node, il.Assign):
        return isinstance(node.target, il.Name) and node.target.text in names
    return isinstance(node, il.Call) and any(isinstance(n, il.Name) and n.text in names for n in il.walk(node))


def _chooses(unit: il.Unit) -> bool:
    """Whether a function compares two things and swaps or chooses between them: that is an order of its own."""
    for node in il.walk(unit):
        if isinstance(node, il.Operation) and node.operator == "?:" and _compares(node.operands[0]):
            return True
        if isinstance(node, il.Branch) and _compares(node.condition) and _swaps(node.then):
            return True
    return False


def _compares(value: il.Value) -> bool:
    return any(isinstance(n, il.Operation) and n.operator in ("<", ">", "<=", ">=") for n in il.walk(value))


def _swaps(block: il.Block) -> bool:
    """Whether a block sets two variables, one after the other or at once."""
    sets = [n.target for n in il.walk(block) if isinstance(n, il.Assign)]
    return len(sets) > 1 or any(isinstance(t, il.Operation) for t in sets)
