"""What happens under the scope: what is awaited, left, changed by what was read there, called out to, and run again."""

from __future__ import annotations

from collections.abc import Iterator

from ctxreview.behaviour.effects import Effect, Trace
from ctxreview.model import il
from ctxreview.model.phrases import amount, listed
from ctxreview.model.regions import Region
from ctxreview.prompt.answers.seen import Found, Place, Seen, called

_JUMPS: dict[str, tuple[type, ...]] = {"break": (il.Loop, il.Choice), "continue": (il.Loop,)}
"""What a jump leaves: the nearest of these around it."""


def awaits(seen: Seen) -> Found:
    """What is awaited under the scope, and whether what is held lasts over it."""
    found = [(f, held) for f in seen.facts("await") if (held := seen.holder(f.span)) is not None]
    if found:
        places = [seen.at_span(f.span, f"await under {held.construct}") for f, held in found]
        return Found("yes", places, " ".join(dict.fromkeys(_lasts(held, seen) for _, held in found)).strip())
    against = seen.none_found() or (Found("cannot-tell", (), seen.broken) if seen.broken else None)
    return against or Found(
        "no", (), f"No await in {seen.names} is under {seen.named_scopes}. Read: {seen.read_members}."
    )


def _lasts(scope: Region, seen: Seen) -> str:
    """Whether a hold lasts over an await, as far as it is known."""
    if scope.kind == "transaction":
        if scope.async_flow is None:
            return ""
        return f"{scope.construct} {'flows' if scope.async_flow else 'does not flow'} over await."
    if scope.construct in seen.about.of("thread_bound"):
        return (
            f"{scope.construct} belongs to the thread that took it, and another thread may run what follows the await."
        )
    return ""


def early_exits(seen: Seen) -> Found:
    """The statements that leave the scope from within."""
    places: list[Place] = []
    doubtful: list[il.Node] = []
    for node in seen.nodes:
        kind = node.kind if isinstance(node, il.Exit) else "throw" if isinstance(node, il.Raise) else ""
        scope = seen.holder(node.span) if kind else None
        if scope is None or any(isinstance(a, il.Exit) and a.kind == "throw" for a in seen.around(node)):
            continue
        leaves = _leaves(node, kind, scope, seen)
        if leaves:
            places.append(seen.at_span(node.span, f"{kind} under {scope.construct}"))
        elif leaves is None:
            doubtful.append(node)
    if places:
        return Found("yes", places)
    if (none := seen.none_found()) is not None:
        return none
    if seen.not_all_statements:
        return Found("cannot-tell", (), seen.not_all_statements)
    if doubtful:
        at = seen.source.line_of(doubtful[0].span.start)
        return Found(
            "cannot-tell",
            (),
            f"Whether what is thrown or where it jumps to in line {at} lies outside the scope is not known.",
        )
    return Found("no", (), f"No such statement in {seen.names} leaves {seen.named_scopes}. Read: {seen.read_members}.")


def _leaves(node: il.Node, kind: str, scope: Region, seen: Seen) -> bool | None:
    """Whether a jump, return or exception leaves a scope; ``None`` where it may."""
    if scope.path:
        return None if kind == "throw" else False  # a caller goes on under what it holds
    inside = [a for a in seen.around(node) if scope.span.contains(a.span) and a.span != scope.span]
    if kind in ("return", "end"):
        return True
    if kind == "throw":
        caught = any(isinstance(a, il.Try) and a.handlers and a.body.span.contains(node.span) for a in inside)
        return None if caught else True
    if kind in _JUMPS:
        return not any(isinstance(a, _JUMPS[kind]) for a in inside)
    return None


def writes_that_rest_on_reads(seen: Seen) -> Found:
    """Pairs of a read and a write that it decides, both under one hold."""
    places: list[Place] = []
    doubts: list[str] = []
    # What the function does itself says more than what it does through helpers.
    for trace, effect in sorted(seen.effects, key=lambda of: bool(of[1].path)):
        if not _changes(effect) and effect.kind not in _MAY_CHANGE:
            continue
        mine = [e for e in trace.effects[: effect.number] if _reads(e, trace) or e.kind == "io"]
        mine = [e for e in mine if _together(e, effect, seen) and trace.decides(e, effect)]
        read = next((e for e in reversed(mine) if _reads(e, trace)), None)
        if _changes(effect) and read is not None:
            what = f"{_said(effect)} depends on {_said(read)} (line {read.at.start_line})"
            places += [seen.at(effect, what), seen.at(read, what)]
        elif _changes(effect) and "both ways" in effect.traits:
            places.append(seen.at(effect, f"{effect.name} reads and changes {_shown(effect)}"))
        elif mine:
            doubts.append(
                called(effect, seen.source)
                if effect.kind == "call"
                else f"{effect.name or _shown(effect)} (line {effect.at.start_line})"
            )
    if places:
        return Found("yes", places)
    doubts += [called(e, seen.source) for e in _stored(seen)]
    if (none := seen.none_found()) is not None:
        return none
    if seen.not_followed:
        return Found("cannot-tell", (), seen.not_followed)
    if doubts:
        return Found("cannot-tell", (), f"What is read there decides {listed(doubts)}: what that changes was not read.")
    return Found(
        "no",
        (),
        f"Nothing that {seen.names} changes or saves under {seen.named_scopes} depends on what it reads there. "
        f"{seen.read_with(e for _, e in seen.effects)}",
    )


_MAY_CHANGE = ("call", "foreign", "io", "spawn", "tracking")


def _stored(seen: Seen) -> Iterator[Effect]:
    """The calls that are given an object which another call gave and which was changed since, all under one hold: it may be what was read."""
    for trace, write in seen.effects:
        if write.kind != "write" or write.place is None or write.place.kind != "object":
            continue
        given = {
            n for n in write.made_by if trace.effects[n].kind == "call" and _together(trace.effects[n], write, seen)
        }
        after = (e for e in trace.effects[write.number + 1 :] if e.kind in ("call", "io") and e.made_by & given)
        yield from (e for e in after if _together(write, e, seen))


def _reads(effect: Effect, trace: Trace) -> bool:
    """Whether an effect reads what others can change; a variable that a lambda uses is that only where it is written again."""
    if effect.kind == "query":
        return True
    if effect.kind != "read" or effect.place is None or not effect.place.shared:
        return False
    return effect.place.kind != "captured" or any(w.place == effect.place for w in trace.of("write"))


def _changes(effect: Effect) -> bool:
    if effect.kind == "write":
        return effect.place is not None and effect.place.shared
    return effect.kind == "save"


def _together(first: Effect, second: Effect, seen: Seen) -> bool:
    """Whether two effects are under one hold of what the checklist means, which nothing let go in between."""
    if seen.of_callers and seen.is_under(first):
        return True
    mine = {(h.kind, h.section) for h in first.holds}
    return seen.is_under(first) and any((h.kind, h.section) in mine for h in second.holds)


def _said(effect: Effect) -> str:
    """A read or change, for people."""
    if effect.kind in ("query", "save"):
        return f"the {effect.kind} {effect.name}"
    return f"the {effect.kind} of {_shown(effect)}"


def _shown(effect: Effect) -> str:
    """The state of an effect without its type; a variable that a lambda uses by its name."""
    key = effect.place.key if effect.place is not None else effect.name
    return key.removesuffix("[]").removesuffix("[*]").rpartition(".")[2].rpartition(" ")[2]


_OUT = {"io": "leaves the process", "foreign": "is code of others", "query": "queries", "save": "saves"}


def calls_out(seen: Seen) -> Found:
    """I/O, queries and saves, delegates and events of others under the scope."""
    every = [e for _, e in seen.effects if e.kind in _OUT]
    # That something is a query may be known by names alone: it is cited where nothing else is.
    out = [e for e in every if e.kind != "query"] or every
    if out:
        return Found("yes", [seen.at(e, f"{_asked(e, seen)} {_OUT[e.kind]}") for e in out])
    if (none := seen.none_found()) is not None:
        return none
    if seen.not_followed:
        return Found("cannot-tell", (), seen.not_followed)
    unread = [
        called(e, seen.source) for _, e in seen.effects if e.kind in ("call", "spawn") and not _stays_inside(e, seen)
    ]
    unread += [f"new {c.type} (line {seen.source.line_of(c.span.start)})" for c in seen.unread_creations()]
    if unread:
        return Found("cannot-tell", (), f"Not read: {listed(unread)}.")
    return Found(
        "no",
        (),
        f"Nothing in {seen.names} does so under {seen.named_scopes}, logging aside. {seen.read_with(e for _, e in seen.effects)}",
    )


def _asked(effect: Effect, seen: Seen) -> str:
    """What is called: of a delegate or event that is invoked its own name."""
    name = effect.name or _shown(effect)
    if effect.kind != "foreign" or not seen.about.has("calls_it", name):
        return name
    return effect.key.removesuffix(f".{name}").rpartition(".")[2].rpartition(" ")[2] or name


def _stays_inside(effect: Effect, seen: Seen) -> bool:
    """Whether what is called is known to neither leave the process nor run what others gave."""
    name = effect.key.removeprefix(f"{effect.kind} ")
    return seen.about.has("starts", effect.name) or not seen.about.of("stays_inside").isdisjoint((name, effect.name))


def runs_again(seen: Seen) -> Found:
    """What runs the code again, in the function and in the callers that are known."""
    context = seen.context
    again = [s for s in context.touched if s.mode == "retried" or s.reruns]
    places = [seen.opening(s, f"{s.construct} may run it again") for s in again]
    places += [
        seen.at(e, f"{e.name} is in a delegate that may be called again")
        for t in seen.traces
        for e in t.effects
        if "again" in e.traits and context.selection.span.overlaps(e.span)
    ]
    if places:
        return Found("yes", places)
    if seen.broken:
        return Found("cannot-tell", (), seen.broken)
    delegates = list(_delegates(seen))
    if delegates:
        at = seen.source.line_of(delegates[0].span.start)
        return Found("cannot-tell", (), f"How often the delegate of line {at} is called was not read.")
    if context.callers_complete:
        return Found(
            "no", (), f"Neither the function nor a caller does. Read: {seen.read_members} and all its callers."
        )
    if not context.callers_certain:
        first, *others = context.doubts or (f"Who calls {seen.names} was not looked for.",)
        more = f" There {'is' if len(others) == 1 else 'are'} {amount(len(others), 'such case', 'more')}."
        return Found("cannot-tell", (), f"{first}{more if others else ''}")
    read = f"{seen.read_members} and the callers that were found, tests aside; there may be others"
    return Found("no", (), f"Neither the function nor a caller that was found does. Read: {read}.")


def _delegates(seen: Seen) -> Iterator[il.Lambda]:
    """The lambdas around the selection that no scope runs."""
    span = seen.context.selection.span
    for unit in seen.units:
        for node in il.walk(unit.body):
            if (
                isinstance(node, il.Lambda)
                and node.span.contains(span)
                and node.unit.span not in seen.outline.immediate
            ):
                yield node
