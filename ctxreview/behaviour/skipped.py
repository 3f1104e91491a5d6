"""What is done under a transaction or lock in fewer cases than before, and which failures are caught there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ctxreview.behaviour.comparison import Comparison, Pair, section_of
from ctxreview.behaviour.conditions import BUILD, conditions, leaving, tests
from ctxreview.behaviour.effects import Effect
from ctxreview.behaviour.version import Condition, version
from ctxreview.languages import load
from ctxreview.model import il
from ctxreview.model.declarations import Function
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.source import Span

_DONE = ("write", "save", "query", "io", "call", "foreign", "spawn", "commit", "tracking")


class Skipped(NamedTuple):
    """``effect``, under ``region`` after the edit, is not reached any more where ``condition`` leaves before it."""

    region: Region
    effect: Effect
    condition: Condition


def skipped(both: Comparison, pair: Pair) -> Iterator[Skipped]:
    """The first step of each transaction and lock that a new exit inside passes over; of a transaction one by an exception."""
    units = _units(both, pair)
    if units is None:
        return
    done = _done_under(pair)
    for old, new in _kept(both, pair):
        was, now = section_of(pair.before, old), section_of(pair.after, new)
        if was is None or now is None:
            continue
        for effect, then in done.get((was, now), ()):
            had = {c.test for c in conditions(both.before, units[0], effect.span)}
            fresh = [c for c in conditions(both.after, units[1], then.span) if c.test not in had]
            out = next((c for c in fresh if _leaves(c, new) and _asks_others(pair, c)), None)
            kept = {c.test for c in conditions(both.after, units[1], then.span)}
            if out is not None and had <= kept:
                yield Skipped(new, then, out)
                break


def _done_under(pair: Pair) -> dict[tuple[int, int], list[tuple[Effect, Effect]]]:
    """The effects that stay and matter to others, before and after the edit, in order, by the sections that they are under in both."""
    found: dict[tuple[int, int], list[tuple[Effect, Effect]]] = {}
    for number, then in sorted(pair.became.items()):
        effect = pair.before.effects[number]
        if then.kind in _DONE and (then.kind != "write" or then.is_seen):
            for key in {(was.section, now.section) for was in effect.holds for now in then.holds}:
                found.setdefault(key, []).append((effect, then))
    return found


def _units(both: Comparison, pair: Pair) -> tuple[il.Unit, il.Unit] | None:
    """A function before and after the edit, lowered; ``None`` where one of the two could not be."""
    before = version(both.before).units.get(pair.before.function.span)
    after = version(both.after).units.get(pair.after.function.span)
    return (before, after) if before is not None and after is not None else None


def _leaves(condition: Condition, region: Region) -> bool:
    if not region.span.contains(condition.at):
        return False
    return condition.leaves == "throw" or (condition.leaves != "" and region.kind == "lock")


def _asks_others(pair: Pair, condition: Condition) -> bool:
    """Whether a condition looks at what others may change: one about what was handed over is the caller's."""
    return any(condition.at.contains(e.span) and (e.is_seen or e.kind in _DONE) for e in pair.after.effects)


def _kept(both: Comparison, pair: Pair) -> Iterator[tuple[Region, Region]]:
    """The transactions and locks of a function that it still has."""
    member = pair.before.function.span
    for old, new in both.both.scope_after.items():
        if (
            member.contains(old.opening)
            and pair.after.function.span.contains(new.opening)
            and old.form not in ("sql", "attribute")
        ):
            yield old, new


class Caught(NamedTuple):
    """A handler around or under ``region`` that ends a failure and does not throw: ``at`` is new, or, with ``added`` false, what is left of it."""

    region: Region
    at: Span
    type: str
    added: bool


def caught(both: Comparison, pair: Pair) -> Iterator[Caught]:
    """The first handler of each transaction and lock that the edit makes end a failure, or makes throw it on."""
    units = _units(both, pair)
    if units is None:
        return
    told, about = set[Span](), version(both.after).about
    old_helpers = _lowered(both.before, (m for m in both.before.outermost if both.both.became(m.span) is None))
    new_helpers = _lowered(both.after, (b.member for b in both.both.fresh))
    for old, new in _kept(both, pair):
        had, has = (list(_ending(u, r, about.of("fails_with"))) for u, r in ((units[0], old), (units[1], new)))
        had += _in_helpers(units[0], old, old_helpers)
        has += _in_helpers(units[1], new, new_helpers)
        types, now = Counter(h.type for h in had), Counter(h.type for h in has)
        fresh = next((h for h in reversed(has) if (now - types)[h.type]), None)
        if fresh is not None and (_covers_new_work(pair, units[1], fresh) or _is_tried_again(pair, new)):
            continue
        if fresh is not None and fresh.span not in told:
            told.add(fresh.span)
            yield Caught(new, fresh.span, fresh.type, added=True)
        elif fresh is None and new.opening not in told:
            # What went out of the region with its work catches what it did.
            gone = next((t for t in types - now if _handlers(units[1])[t] < _handlers(units[0])[t]), None)
            if gone is not None:
                told.add(new.opening)
                yield Caught(new, new.opening, gone, added=False)


def _covers_new_work(pair: Pair, unit: il.Unit, handler: il.Handler) -> bool:
    """Whether a handler is for work alone that the edit brings: what was done before ends as it did."""
    tried = next((n for n in il.walk(unit) if isinstance(n, il.Try) and handler in n.handlers), None)
    if tried is None:
        return False
    inside = [e for e in pair.after.effects if tried.body.span.contains(e.span) and e.kind in (*_DONE, "acquire")]
    return bool(inside) and not any(e.number in pair.was for e in inside)


def _is_tried_again(pair: Pair, region: Region) -> bool:
    """Whether all that a region holds is done again after a failure, and the last one is thrown."""
    held = [e for e in pair.after.effects if any(h.region == region for h in e.holds)]
    last = pair.after.effects[-1] if pair.after.effects else None
    return bool(held) and all("retried" in e.traits for e in held) and last is not None and last.kind == "throw"


def _ending(unit: il.Unit, region: Region, fails_with: frozenset[str]) -> Iterator[il.Handler]:
    """The handlers around the opening of a region, and under it, that do not end by throwing, or by a task that failed."""
    for node in il.walk(unit, within=region.span):
        if isinstance(node, il.Try) and (node.span.overlaps(region.span) or node.body.span.contains(region.opening)):
            yield from (h for h in node.handlers if leaving(h.body) != "throw" and not _keeps(h, unit, fails_with))


def _handlers(unit: il.Unit) -> Counter[str]:
    """The handlers of a function that do not end by throwing, by what they catch."""
    tried = (n for n in il.walk(unit) if isinstance(n, il.Try))
    return Counter(h.type for n in tried for h in n.handlers if leaving(h.body) != "throw")


def _keeps(handler: il.Handler, unit: il.Unit, fails_with: frozenset[str]) -> bool:
    """Whether a handler keeps the failure in state, by itself or in what is made of it, or gives it to a task: whoever asks there learns of it."""
    if handler.name is None:
        return False
    given = (n.arguments for n in il.walk(handler.body) if isinstance(n, il.Call) and n.callee in fails_with)
    if any(
        isinstance(v, il.Name) and v.text == handler.name.text for values in given for a in values for v in il.walk(a)
    ):
        return True
    own = [n for n in il.walk(handler.body) if isinstance(n, il.Assign) and _is_of(n.value, handler.name.text)]
    variables = {n.target.text for n in own if isinstance(n.target, il.Name) and n.target.binding == "local"}
    passed = (n for n in il.walk(unit) if variables and isinstance(n, il.Assign))
    own += [n for n in passed if isinstance(n.value, il.Name) and n.value.text in variables]
    return any(map(_is_kept, own))


def _is_of(value: il.Value, failure: str) -> bool:
    """Whether a value is a failure, or an object that is made with it."""
    made = [a.value for a in value.arguments] if isinstance(value, il.Create) else [value]
    return any(isinstance(v, il.Name) and v.text == failure for v in made)


def _is_kept(assign: il.Assign) -> bool:
    """Whether a value is given to state."""
    target = assign.target
    return isinstance(target, il.Access) or (isinstance(target, il.Name) and target.binding != "local")


def _lowered(outline: Outline, functions: Iterable[Function]) -> dict[str, il.Unit]:
    """Some functions of a file, by their names."""
    units = version(outline).units
    return {f.name: unit for f in functions if (unit := units.get(f.span)) is not None}


def _in_helpers(unit: il.Unit, region: Region, helpers: Mapping[str, il.Unit]) -> Iterator[il.Handler]:
    """The handlers of the functions that one calls under a region, of those that only one version has: what stood there stands here."""
    called = {n.callee for n in il.walk(unit, within=region.span) if isinstance(n, il.Call)} if helpers else set()
    for name in sorted(called & helpers.keys()):
        for node in il.walk(helpers[name]):
            if isinstance(node, il.Try):
                yield from (h for h in node.handlers if leaving(h.body) != "throw")


class Conditional(NamedTuple):
    """A step that takes or ends a lock or transaction, and does so on ``condition`` only after the edit."""

    name: str
    takes: bool
    at: Span
    was: Span
    condition: Condition


def conditional(both: Comparison, pair: Pair) -> Iterator[Conditional]:
    """The calls that end something, and the openings of what outlasts the condition, that an edit puts under a condition."""
    units = _units(both, pair)
    if units is None:
        return
    first, second = units
    for old, new in both.both.scope_after.items():
        if not first.span.contains(old.opening) or not second.span.contains(new.opening) or old.form == "attribute":
            continue
        fresh = _fresh(
            [
                *_around(both.before, first, old.opening, old.span),
                *_inside(both.before, first, old.opening, old.name),
            ],
            [
                *_around(both.after, second, new.opening, new.span),
                *_inside(both.after, second, new.opening, new.name),
            ],
        )
        if fresh is not None and not _is_of_the_build(fresh, both):
            yield Conditional(new.construct, True, new.opening, old.opening, fresh)
    language = version(both.after).language
    names = language.named("releases").union(*(language.completing(h.construct) for h in pair.after.sections))
    ends, now = (_calls(u, names, o) for u, o in ((first, both.before), (second, both.after)))
    for key in ends.keys() & now.keys():
        if len(ends[key]) != len(now[key]):
            continue
        for call, then in zip(ends[key], now[key], strict=True):
            fresh = _fresh(_around(both.before, first, call.span), _around(both.after, second, then.span))
            left = {c.test for c in conditions(both.before, first, call.span)}  # by an exit before it, too
            if fresh is None or fresh.test in left or _is_of_the_build(fresh, both):
                continue
            if not _asks_for_it(fresh, then, second, both.after):
                yield Conditional(then.callee, False, then.span, call.span, fresh)


def _is_of_the_build(fresh: Condition, both: Comparison) -> bool:
    """Whether the condition says what is compiled, and stood somewhere in the file before: around the type, perhaps."""
    if not fresh.test.startswith(BUILD):
        return False
    asked = both.after.source.text(fresh.at).split()
    directive = re.compile(load(both.before.language).shape.conditional.lines)
    found = ((line, directive.match(line)) for line in both.before.source.lines)
    return any(hit is not None and line[hit.end() :].split() == asked for line, hit in found)


class Unasked(NamedTuple):
    """A step at ``at`` that ends a lock whatever says whether it was taken; before the edit, at ``was``, it was done on ``condition`` only."""

    name: str
    at: Span
    was: Span
    condition: Condition


def unasked(both: Comparison, pair: Pair) -> Iterator[Unasked]:
    """The releases that an edit makes on every way, where they asked whether there was anything to release."""
    units = _units(both, pair)
    if units is None:
        return
    releases = version(both.after).language.named("releases")
    ends, now = (_calls(u, releases, o) for u, o in zip(units, (both.before, both.after), strict=True))
    for key in ends.keys() & now.keys():
        if len(ends[key]) != len(now[key]):
            continue
        for call, then in zip(ends[key], now[key], strict=True):
            had = _around(both.before, units[0], call.span)
            has = {c.test for c in _around(both.after, units[1], then.span)}
            asked = next((c for c in had if c.test not in has and _asks_for_it(c, call, units[0], both.before)), None)
            if asked is not None and any(isinstance(n, il.Name) and n.text == asked.test for n in il.walk(units[1])):
                yield Unasked(then.callee, then.span, call.span, asked)


class Unconditional(NamedTuple):
    """``now`` is a step in a condition, done whatever ``condition`` says; before the edit, as ``before``, it was done on one answer to that only.

    ``asked`` says that the condition is still asked before the step.
    """

    before: Effect
    now: Effect
    condition: Condition
    asked: bool


def unconditional(both: Comparison, pair: Pair) -> Iterator[Unconditional]:
    """The steps whose answer decides what else is done, such as one that only the first caller gets a yes from, and that are made before another condition is asked now."""
    units = _units(both, pair)
    if units is None:
        return
    told: set[Span] = set()
    for number, now in sorted(pair.became.items()):
        step = pair.before.effects[number]
        if step.kind != "write" or not now.is_seen or now.span in told:
            continue
        if not ("atomic" in step.traits & now.traits or (step.path and now.path)) or not _decides(pair, step, now):
            continue
        has = {c.test for c in conditions(both.after, units[1], now.span)}
        lost = [c for c in conditions(both.before, units[0], step.span) if c.test not in has]
        later = tests(both.after, units[1]) - has
        asked = next((c for c in lost if c.test in later), None)
        if asked is not None:
            told.add(now.span)
            first = asked.test in tests(both.after, units[1], until=now.span.start)
            yield Unconditional(step, now, asked, first)


def _decides(pair: Pair, step: Effect, now: Effect) -> bool:
    """Whether something depends on what a step answers, in both versions."""
    return all(any(e.number in x.decided_by for x in of.effects) for of, e in ((pair.before, step), (pair.after, now)))


def _around(outline: Outline, unit: il.Unit, place: Span, within: Span | None = None) -> list[Condition]:
    """The conditions around a place, without those that are around all of ``within``."""
    found = [c for c in conditions(outline, unit, place) if not c.leaves]
    if within is None:
        return found
    far = {c.at for c in conditions(outline, unit, within)}
    return [c for c in found if c.at not in far]


def _inside(outline: Outline, unit: il.Unit, opening: Span, name: str) -> list[Condition]:
    """The conditions inside the statement that opens a region on which the call is made that does."""
    language = version(outline).language
    opens = frozenset((name,)).union(*(language.named(f) for f in ("opens", "acquires", "creates")))
    call = next(
        (
            n.span
            for n in il.walk(unit, into=False, within=opening)
            if isinstance(n, il.Call) and n.callee in opens and opening.contains(n.span)
        ),
        None,
    )
    return _around(outline, unit, call, opening) if call is not None else []


def _fresh(had: list[Condition], has: list[Condition]) -> Condition | None:
    """A condition that came to those that were."""
    known = {c.test for c in had}
    fresh = [c for c in has if c.test not in known]
    return fresh[0] if fresh and known <= {c.test for c in has} else None


def _calls(unit: il.Unit, names: frozenset[str], outline: Outline) -> dict[str, list[il.Call]]:
    found: dict[str, list[il.Call]] = {}
    for node in il.walk(unit):
        if isinstance(node, il.Call) and node.callee in names:
            found.setdefault("".join(outline.source.text(node.span).split()), []).append(node)
    return found


def _asks_for_it(condition: Condition, call: il.Call, unit: il.Unit, outline: Outline) -> bool:
    """Whether a condition only asks whether there is anything to end: by the object, or by a variable of the function that says so."""
    taken = (r for r in outline.regions if r.kind == "lock" and condition.at.contains(r.opening))
    if any(r.closing.overlaps(call.span) for r in taken):
        return True
    names = [n for n in il.walk(unit) if isinstance(n, il.Name) and condition.at.contains(n.span)]
    if any(n.text == condition.test and n.binding == "local" for n in names):
        return True
    held = call.receiver or (call.arguments[0].value if call.arguments else None)
    return held is not None and "".join(outline.source.text(held.span).split()) == condition.test.partition("=")[0]
