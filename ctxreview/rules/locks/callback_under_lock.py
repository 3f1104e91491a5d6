"""An edit calls a delegate or raises an event under a lock, which runs unknown code.

What it flags
-------------
Compared before and after an edit: more calls of delegates or events under a lock in the same member; a
``TaskCompletionSource`` that is completed under a lock, or by functions that others call, and is made without
``RunContinuationsAsynchronously`` now.

Why it matters here
-------------------
The called code may take other locks, wait for a thread that waits for this lock, or re-enter and change what is being
enumerated. What waits for the task of a ``TaskCompletionSource`` goes on inside the call that completes it.

When it is fine
---------------
The delegate belongs to the type and does none of that, or its argument must not change before it returns.

Example
-------
```csharp
class C {
    readonly object _gate = new();
    event EventHandler Changed;
    int _n;
    void Add() {
        lock (_gate) {
            _n++;
            Changed?.Invoke(this, EventArgs.Empty);
        }
    }
}
```

Instead
-------
```csharp
class C {
    readonly object _gate = new();
    event EventHandler Changed;
    int _n;
    void Add() {
        lock (_gate) { _n++; }
        Changed?.Invoke(this, EventArgs.Empty);
    }
}
```

Source
------
.NET documentation, "Managed threading best practices" (deadlocks):
<https://learn.microsoft.com/dotnet/standard/threading/managed-threading-best-practices>. For the rule itself no
document or analyser was checked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from ctxreview.behaviour.affected import affected, not_told
from ctxreview.behaviour.comparison import Comparison, Pair, comparison
from ctxreview.behaviour.effects import Effect, Hold, Trace
from ctxreview.behaviour.lock_usage import end_of_arguments, is_reached, lock_key, locks, masked_source
from ctxreview.behaviour.pairing import pairing
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.behaviour.tracing import trace
from ctxreview.behaviour.users import Users
from ctxreview.behaviour.version import version
from ctxreview.model.facts import Fact
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Crossing, Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.regex import regex

ID = "callback-under-lock"
SEVERITY = "medium"
LANGUAGES = ("csharp",)


class _Call(NamedTuple):
    fact: Fact
    scope: Region


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each call of a delegate or event that an edit puts under a lock."""
    both = pairing(before, after)
    known = Counter((both.key_before(c.fact.span), _called(c.fact)) for c in _calls(before))
    found, fresh = [], []
    for call in _calls(after):
        key = both.key_after(call.fact.span), _called(call.fact)
        if known[key]:
            known[key] -= 1
        else:
            fresh.append((call, key))
    # What stood in another function under the same lock is no new call.
    moved = Counter(
        (_called(c.fact), lock_key(c.scope))
        for c in _calls(before)
        if both.became(c.fact.span) is None or known[both.key_before(c.fact.span), _called(c.fact)] > 0
    )
    for call, key in fresh:
        if moved[key[1], lock_key(call.scope)] > 0:
            moved[key[1], lock_key(call.scope)] -= 1
            continue
        if _is_given_here(call.fact, comparison(before, after)):
            continue
        found.append(
            Finding(
                ID,
                "medium",
                "syntactic",
                f"The edit calls `{key[1]}` under the {call.scope.construct} on `{call.scope.resource}`: unknown code runs while it is held.",
                "Can that code take a lock, wait for another thread, or re-enter this type?",
                lines(after, call.fact.span, key[1]),
                (scope_lines(after, call.scope),),
            )
        )
    pairs = not_told(affected(comparison(before, after)), after, found)
    found += [_kept(one, hold) for pair in pairs for one, hold in _brought(pair)]
    return [*found, *_inline(before, after)]


_SOURCE = "TaskCompletionSource"
_MADE = regex(
    rb"\bnew\s+(?:\w+\s*\.\s*)*TaskCompletionSource\b\s*(?:<[^;(){}]*>)?\s*\(|\bTaskCompletionSource\b\s*(?:<[^;(){}]*>)?\s*\??\s+\w+\s*=\s*new\s*\("
)
_COMPLETES = (
    "SetResult",
    "TrySetResult",
    "SetException",
    "TrySetException",
    "SetCanceled",
    "TrySetCanceled",
    "SetFromTask",
    "TrySetFromTask",
)


def _inline(before: Outline, after: Outline) -> Iterator[Finding]:
    """What is completed under a lock, and lets those who wait go on there and then since the edit."""
    if b"RunContinuationsAsynchronously" not in before.source.data:
        return
    (was_apart, was), (apart, now) = _sources(before), _sources(after)
    if len(apart) >= len(was_apart) or len(now) <= len(was):
        return
    both = pairing(before, after)
    known = Counter(both.key_before(at) for at in was)
    fresh: list[Span] = []
    for at in now:
        key = both.key_after(at)
        known[key] -= 1
        fresh += [at] if known[key] < 0 else []
    compared = comparison(before, after)
    users = [p.after.function.name for p in compared.naming(_COMPLETES)]
    traces = [p.after for p in compared.naming((*_COMPLETES, *users))] + list(compared.fresh(_COMPLETES))
    done = (e for t in traces for e in t.of("call", "signal") if e.name in _COMPLETES and e.locks and not e.lapsed)
    one = next(done, None)
    if not fresh:
        return
    if one is None:
        open_ = (t for t in traces if is_reached(t.function, after))
        left = next(
            ((t, e) for t in open_ for e in t.of("call", "signal") if e.name in _COMPLETES and not e.path), None
        )
        if left is not None:
            name, step = left[0].function.name, left[1]
            yield Finding(
                ID,
                "medium",
                "assumed",
                f"The edit makes a {_SOURCE} without RunContinuationsAsynchronously, and whoever calls {name} runs what waits for it.",
                "Does a caller hold a lock then, or read what others wait for?",
                lines(after, fresh[0], _SOURCE),
                (step.at._replace(what=f"{step.name} in {name}"),),
                about=(_SOURCE, name),
            )
        return
    hold = next(h for h in one.holds if h.kind == "lock")
    yield Finding(
        ID,
        "medium",
        "resolved",
        f"The edit makes a {_SOURCE} without RunContinuationsAsynchronously, and {one.name} is called under the {hold.construct} on `{hold.name}`: who waits goes on inside it.",
        "Can the code that waits take a lock, wait for another thread, or re-enter this type?",
        lines(after, fresh[0], _SOURCE),
        (one.at._replace(what="completed under the lock"),),
        about=(_SOURCE, one.name, hold.name),
    )


def _sources(outline: Outline) -> tuple[list[Span], list[Span]]:
    """Where sources of tasks are made whose continuations run apart, and whose run inside; those of which an argument may say it are neither."""
    code = masked_source(outline)
    apart, inside = list[Span](), list[Span]()
    for hit in _MADE.finditer(code):
        at = Span(hit.start(), end_of_arguments(code, hit.end()))
        given = code[hit.end() : at.end - 1].strip()
        if b"RunContinuationsAsynchronously" in given:
            apart.append(at)
        elif not given or b"TaskCreationOptions." in given:
            inside.append(at)
    return apart, inside


def _is_given_here(call: Fact, both: Comparison) -> bool:
    """Whether a delegate is a parameter of a function that only its type can call, and all who call it give code that is read with theirs."""
    of = version(both.after)
    member, name = both.after.member_of(call.span), _called(call)
    unit = of.units.get(member.span) if member is not None else None
    if member is None or unit is None or name not in {p.name.text for p in unit.parameters}:
        return False
    users = [f for f in Users(of).naming((member.name,)) if f.span != member.span]
    if not users or not Users(of).is_closed(member):
        return False
    traces = [trace(both.after, f) for f in users]
    return all(t is not None and _runs(t, member.name) and not _is_unknown(t, member.name, name) for t in traces)


def _runs(of: Trace, helper: str) -> bool:
    """Whether a function's trace has the helper in place of its calls."""
    return any(helper in e.path for e in of.effects) and not any(
        e.name == helper and "cut" in e.traits for e in of.effects
    )


def _is_unknown(of: Trace, helper: str, called: str) -> bool:
    """Whether the helper runs there what is not known."""
    return any(e.kind == "foreign" and e.path[-1:] == (helper,) and e.name in ("", called) for e in of.effects)


def _brought(pair: Pair) -> Iterator[tuple[Effect, Hold]]:
    """The first call of a function that a collection or another call gave, under a lock that held none of these before."""
    for hold in pair.after.sections:
        calls = (e for e in pair.after.within(hold) if e.kind == "foreign" and not e.name)
        call = next(calls, None) if hold.kind == "lock" else None
        held = (e for e in pair.before.of("foreign") if hold.key in e.locks)
        if call is not None and not any(held) and any(h.key == hold.key for h in pair.before.sections):
            yield call, hold


def _kept(call: Effect, hold: Hold) -> Finding:
    name = call.key.removeprefix(f"{call.kind} ").rstrip(".").rpartition(".")[2]
    return Finding(
        ID,
        "medium",
        "resolved",
        f"The edit calls what `{name}` gives under the {hold.construct} on `{hold.name}`: unknown code runs while it is held.",
        "Can that code take a lock, wait for another thread, or re-enter this type?",
        call.at._replace(what=""),
        (scope_lines(hold.outline, hold.region),),
        about=(name, hold.name),
    )


def _called(fact: Fact) -> str:
    """The delegate or event that a call runs."""
    return fact.target.rpartition(".")[2] if fact.name in ("Invoke", "DynamicInvoke") else fact.name


def _calls(outline: Outline) -> list[_Call]:
    held = locks(outline)
    taken = Crossing(held)
    found = []
    for fact in outline.facts if held else ():
        if fact.kind != "io" or not (fact.calls or fact.name in ("Invoke", "DynamicInvoke")):
            continue
        scope = next((s for s in taken.around(fact.span) if outline.under(fact.span, s)), None)
        if scope is not None:
            found.append(_Call(fact, scope))
    return found
