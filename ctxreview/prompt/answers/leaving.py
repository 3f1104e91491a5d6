"""What is made under the scope and can run after it: tasks, lambdas, sequences and queries."""

from __future__ import annotations

from collections.abc import Iterator

from ctxreview.behaviour.effects import Effect, Trace
from ctxreview.behaviour.version import version
from ctxreview.model import il
from ctxreview.model.phrases import listed
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.prompt.answers.seen import Found, Place, Seen


def deferred(seen: Seen) -> Found:
    """What is known to go on or to be walked after the scope, or what may."""
    places = [p for t in seen.traces for e in t.effects for p in _outlives(e, t, seen)]
    doubts: list[str] = []
    for node in seen.nodes:
        found = _of(node, seen)
        if isinstance(found, Place):
            places.append(found)
        elif found:
            doubts.append(f"{found} (line {seen.source.line_of(node.span.start)})")
    if places:
        return Found("yes", places)
    if (none := seen.none_found()) is not None:
        return none
    if seen.not_all_statements:
        return Found("cannot-tell", (), seen.not_all_statements)
    if doubts:
        return Found("cannot-tell", (), f"When these run, or what they give, was not read: {listed(doubts)}.")
    return Found(
        "no",
        (),
        f"No query, sequence, task or lambda that {seen.names} makes under {seen.named_scopes} leaves it unrun. "
        f"Read: {seen.read_members}.",
    )


_SAYS_LITTLE = ("await", "log", "end", "return", "throw")
"""Kinds of effects that go on after the scope with others that say more."""


def _outlives(effect: Effect, trace: Trace, seen: Seen) -> Iterator[Place]:
    """What the trace shows to go on after the scope."""
    sections = {(s.span, s.opening) for s in seen.own}
    if any((h.region.span, h.region.opening) in sections for h in effect.lapsed):
        if effect.kind in _SAYS_LITTLE:
            return
        *callers, what = effect.not_waited_for
        by = f", which {callers[-1]} calls," if callers and callers[-1] else ""
        yield seen.at(effect, f"{what or _state(effect)}{by} goes on after the scope")
    elif effect.kind == "return" and "deferred" in effect.traits and seen.is_under(effect):
        yield seen.at(effect, "a query is returned that has not run")
    elif effect.kind == "spawn" and seen.about.has("starts", effect.name) and seen.is_under(effect):
        if "awaited" in effect.traits or _is_waited_for(effect, trace):
            return
        yield seen.at(effect, f"{effect.name} starts work that nobody waits for")


def _is_waited_for(effect: Effect, trace: Trace) -> bool:
    later = (e for e in trace.effects[effect.number + 1 :] if e.kind == "await")
    return any(effect.number in e.depends for e in later)


def _state(effect: Effect) -> str:
    return effect.place.key.rpartition(".")[2] if effect.place is not None else ""


def _of(node: il.Node, seen: Seen) -> Place | str:
    """What a node makes that runs later: a place where that is certain, what it is where it may; empty where it makes nothing."""
    if isinstance(node, il.Lambda):
        return _of_lambda(node, seen)
    if isinstance(node, il.Name) and node.binding == "function":
        return _of_method_group(node, seen)
    if isinstance(node, il.Yield):
        return "what goes on when the next element is asked for"
    if isinstance(node, il.Create) and _runs_what_it_is_given(node, seen):
        return seen.at_span(node.span, f"what the {simple_type_or_array(node.type)} is given runs later")
    if isinstance(node, il.Call):
        about = seen.about
        if about.is_task(node.callee):
            return "" if _is_waited(node, seen) else f"the task of {node.callee}"
        if node.callee in version(seen.outline).queries.through:
            return "" if _is_walked(node, seen) else f"the sequence of {node.callee}"
    value = _given_away(node, seen)
    return f"what {_name(value)} gives" if value is not None and _may_be_lazy(value, seen) else ""


def _runs_what_it_is_given(node: il.Create, seen: Seen) -> bool:
    """Whether an object runs by itself the function that it is made with: not one that is made with a number alone."""
    first = node.arguments[0].value if node.arguments else None
    is_function = isinstance(first, (il.Lambda, il.Create)) or (
        isinstance(first, il.Name) and first.binding == "function"
    )
    return seen.about.has("runs_itself", simple_type_or_array(node.type)) and (is_function or len(node.arguments) > 1)


def _of_lambda(node: il.Lambda, seen: Seen) -> Place | str:
    if node.unit.span in seen.outline.immediate:
        return ""
    around = list(seen.around(node))
    call = next((a for a in around[:2] if isinstance(a, (il.Call, il.Create))), None)
    if isinstance(call, il.Call):
        name = call.callee
        if (
            seen.about.has("runs_now", name)
            or seen.about.has("runs_again", name)
            or seen.about.has("runs_parallel", name)
        ):
            return ""  # as a part of a sequence, when that is walked: see there
        return f"the lambda that {name or 'a call'} is given"
    if around and isinstance(around[0], il.Assign) and isinstance(around[0].target, (il.Access, il.Name)):
        target = around[0].target
        if around[0].operator.startswith("-"):
            return ""
        if isinstance(target, il.Access) or target.declared is None:
            return seen.at_span(node.span, f"a lambda is kept in {_name(target)}")
    return "a lambda"


def _of_method_group(node: il.Name, seen: Seen) -> Place | str:
    around = next(seen.around(node), None)
    if isinstance(around, il.Argument):
        return f"{node.text}, which is handed on,"
    if isinstance(around, il.Assign) and around.value is node:
        if around.operator.startswith("-"):
            return ""
        target = around.target
        if isinstance(target, il.Access) or (isinstance(target, il.Name) and target.declared is None):
            return seen.at_span(node.span, f"{node.text} is kept in {_name(target)}")
        return f"{node.text}, which is handed on,"
    return ""


def _is_waited(node: il.Node, seen: Seen) -> bool:
    """Whether the task of a call is awaited, or waited for, where it is called."""
    for around in seen.around(node):
        if isinstance(around, il.Await):
            return True
        if isinstance(around, il.Access) and around.name in seen.about.of("waits"):
            return True
        if not isinstance(around, (il.Access, il.Call)) or (
            isinstance(around, il.Call) and around.callee not in seen.about.of("plumbing")
        ):
            return False
    return False


def _is_walked(node: il.Call, seen: Seen) -> bool:
    """Whether a sequence is walked in the expression that makes it, or by the loop over it."""
    queries = version(seen.outline).queries
    at: il.Node = node
    for around in seen.around(node):
        if isinstance(around, il.Access) and around.of is at:
            at = around
            continue
        if isinstance(around, il.Call) and around.function is at:
            if around.callee not in queries.through:
                return (
                    around.callee in queries.linq
                    or seen.about.has("pure", around.callee)
                    or seen.about.has("copies", around.callee)
                )
            at = around
            continue
        if isinstance(around, il.Argument):
            at = around
            continue
        if isinstance(around, il.Call) and at in around.arguments:
            if around.callee in queries.through:
                at = around
                continue
            return seen.about.has("changes", around.callee) or seen.about.has("pure", around.callee)
        if isinstance(around, il.Create) and at in around.arguments:
            return simple_type_or_array(around.type) in seen.about.of("collections")
        if isinstance(around, il.Await):
            at = around
            continue
        if isinstance(around, il.Assign) and around.value is at:
            loop = next(seen.around(around), None)
            return isinstance(loop, il.Loop) and loop.kind == "each" and loop.condition is around
        return False
    return False


def _given_away(node: il.Node, seen: Seen) -> il.Value | None:
    """What is returned, or kept in state, where the type of that says that it may be lazy."""
    lazy = seen.about.of("lazy_types")
    if isinstance(node, il.Exit) and node.kind == "return" and node.value is not None:
        unit = next((a for a in seen.around(node) if isinstance(a, il.Unit)), None) or next(
            (u for u in seen.units if u.span.contains(node.span)), None
        )
        if unit is None:
            return None
        returns = unit.returns.strip()
        if unit.asynchronous:
            returns = returns.partition("<")[2].rpartition(">")[0]
        return node.value if simple_type_or_array(returns) in lazy else None
    if isinstance(node, il.Assign) and isinstance(node.target, (il.Name, il.Access)):
        target = node.target
        if isinstance(target, il.Name) and target.declared is not None:
            return None
        name = target.text if isinstance(target, il.Name) else target.name
        declared = seen.outline.named(name)
        return node.value if any(simple_type_or_array(m.declares) in lazy for m in declared) else None
    return None


def _may_be_lazy(value: il.Value, seen: Seen) -> bool:
    """Whether a value may be a sequence or task that has not run; constants, collections and what is copied are none."""
    about = seen.about
    if isinstance(value, il.Constant):
        return False
    if isinstance(value, il.Create):
        return (
            simple_type_or_array(value.type) not in about.of("collections") and simple_type_or_array(value.type) != "[]"
        )
    if isinstance(value, il.Call):
        return not (about.has("copies", value.callee) or value.callee in version(seen.outline).queries.linq)
    if isinstance(value, (il.Name, il.Access)):
        name = value.text if isinstance(value, il.Name) else value.name
        if isinstance(value, il.Name) and value.declared is not None:
            return True
        kinds = {simple_type_or_array(m.declares) for m in seen.outline.named(name)}
        return not kinds or not kinds <= about.of("collections") | about.of("concurrent") | {"[]"}
    return True


def _name(value: il.Node) -> str:
    if isinstance(value, il.Call):
        return value.callee or "a call"
    if isinstance(value, il.Access):
        return value.name
    return value.text if isinstance(value, il.Name) else "a value"
