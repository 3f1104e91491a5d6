"""Timers that were started again when a run had ended, and that run again after each period now, ended or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ctxreview.behaviour.comparison import Comparison
from ctxreview.behaviour.effects import Effect
from ctxreview.behaviour.version import Version, version
from ctxreview.languages.behaviour import Behaviour
from ctxreview.model import il
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array


class Periodic(NamedTuple):
    """At ``now`` a timer gets a period; ``before`` is where it was started for one run each time."""

    now: Span
    before: Span


class _Start(NamedTuple):
    """A timer is made or set at ``span``; ``runs`` are the names in what it runs, ``again`` whether it does so by itself."""

    span: Span
    again: bool
    runs: frozenset[str]


def periodic(both: Comparison) -> Iterator[Periodic]:
    """The first start of a file's timers that has a period, where all were for one run, and what it runs lets in several threads."""
    had, has = (list(_starts(version(o))) for o in (both.before, both.after))
    first = next((s for s in had if not s.runs), None)
    now = next((s for s in has if s.again), None)
    if first is None or now is None or any(s.again for s in had):
        return
    runs = frozenset().union(*(s.runs for s in has))
    if not any(_excludes_others(p.after.effects) for p in both.naming(tuple(runs)) if p.after.function.name in runs):
        yield Periodic(now.span, first.span)


def _excludes_others(effects: Sequence[Effect]) -> bool:
    """Whether a function takes a lock or makes a step that only one thread at a time gets a yes from."""
    return any(
        e.kind == "acquire" or (e.place is not None and e.place.kind == "state" and {"atomic", "both ways"} <= e.traits)
        for e in effects
    )


def _starts(of: Version) -> Iterator[_Start]:
    about = of.about
    for unit in of.units:
        for node in il.walk(unit.body):
            if (
                isinstance(node, il.Create)
                and len(node.arguments) > _PERIOD
                and about.has("timers", simple_type_or_array(node.type))
            ):
                names = (
                    n.text if isinstance(n, il.Name) else n.callee
                    for n in il.walk(node.arguments[0].value)
                    if isinstance(n, il.Name | il.Call)
                )
                yield _Start(node.span, _is_again(of, node.arguments[-1], about), frozenset(names))
            elif isinstance(node, il.Call) and about.has("ticks", node.callee):
                yield _Start(node.span, again=False, runs=frozenset())  # the next turn waits for this one
            elif isinstance(node, il.Call) and about.has("rearms", node.callee) and len(node.arguments) == _PERIOD - 1:
                yield _Start(node.span, _is_again(of, node.arguments[-1], about), frozenset())


_PERIOD = 3
"""The place of a timer's period among what it is made of: behind what it runs, what that is given, and when it runs first."""


def _is_again(of: Version, period: il.Argument, about: Behaviour) -> bool:
    """Whether a period is one: what never comes is said by its name or by -1."""
    return not about.pattern("never_again").search(of.outline.source.text(period.value.span).strip())
