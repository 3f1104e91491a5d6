"""A wait whose condition is not checked again, or a pulse that wakes only one waiter, or that is gone.

What it flags
-------------
``Monitor.Wait`` outside every loop. Compared before and after an edit: ``Monitor.PulseAll`` that became
``Monitor.Pulse``, and a function that no longer pulses an object on which others wait. An ``AutoResetEvent`` that
becomes a ``ManualResetEvent`` and is never reset, or the other way round.

Why it matters here
-------------------
Between the pulse and the return of ``Wait`` another thread may take the lock and change the state back, so the
condition must be checked again. ``Pulse`` wakes one waiter: when waiters have different conditions, it may be one
that cannot proceed.

When it is fine
---------------
The state changes in one direction only and one thread waits for it, or the reason for waking does not matter. A
wait with a timeout, after which nothing relies on what was waited for, is told as a note.

Example
-------
```csharp
class C {
    object Take() {
        lock (_gate) {
            if (_items.Count == 0) Monitor.Wait(_gate);
            return _items.Dequeue();
        }
    }
}
```

Instead
-------
```csharp
class C {
    object Take() {
        lock (_gate) {
            while (_items.Count == 0) Monitor.Wait(_gate);
            return _items.Dequeue();
        }
    }
}
```

Source
------
ParallelHelper PH_B004: <https://github.com/Concurrency-Lab/ParallelHelper/blob/master/doc/analyzers/PH_B004.md>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctxreview.behaviour.failing import can_fail
from ctxreview.behaviour.lock_usage import end_of_arguments, locks, masked_source, open_block_headers
from ctxreview.behaviour.pairing import pairing
from ctxreview.behaviour.places import lines
from ctxreview.behaviour.version import version
from ctxreview.model.declarations import Function, Nesting
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.regex import regex
from ctxreview.workspace.code_of_tests import is_test_code

ID = "monitor-wait"
SEVERITY = "medium"
LANGUAGES = ("csharp",)
NEEDS = ("Monitor", "AutoResetEvent", "ManualResetEvent", "ManualResetEventSlim")

_WAIT = regex(rb"\bMonitor\s*\.\s*Wait\s*\(")
_PULSE = regex(rb"\bMonitor\s*\.\s*(Pulse|PulseAll)\s*\(\s*(?:this\.)?([\w.]+)\s*\)")
_BY_WAIT = "AutoResetEvent"
_EVENTS = frozenset({_BY_WAIT, "ManualResetEvent", "ManualResetEventSlim"})
_WAITED = regex(rb"\bMonitor\s*\.\s*Wait\s*\(\s*(?:this\.)?([\w.]+)\s*[,)]")
_ONLY = regex(rb"=>|[{};]|\breturn\b")
_FIRST = regex(rb"\s*(\w+)\s*[,)]")
_COUNTED = regex(rb"\+\+|--|[-+*/|&^]=")
_LOOP = regex(rb"\b(?:while|for|foreach)\s*\(|\bdo$")
_Pulses = dict[tuple[str, str, str], list[Span]]
"""The pulses by their function's name, ``Pulse`` or ``PulseAll``, and the object."""


def check(outline: Outline) -> list[Finding]:
    """Each wait outside every loop of its function."""
    if b"Monitor.Wait" not in outline.source.data:
        return []
    code, nesting = masked_source(outline), Nesting(outline.functions)
    found = []
    for hit in _WAIT.finditer(code):
        at = Span(*hit.span())
        function = nesting.innermost(at)
        if function is None:
            continue
        around = open_block_headers(code, function.opening.end, at.start)
        if any(_LOOP.search(h) for h in around) or b"goto" in code[function.span.start : function.span.end]:
            continue
        if _is_handed_on(function, at, code):
            continue  # who calls it has the condition
        if re.search(rb"\bif\s*\(", around[-1]) and around[-1].count(b"(") > around[-1].count(b")"):
            continue  # a handshake: what is asked is whether the pulse came in time
        asked = any(re.search(rb"\bif\s*\(.*\)$", h, re.DOTALL) for h in (around[-1], *around[-2:-1]))
        # In a test the thread that waits and the one that wakes it are in view.
        severity: Severity = "medium" if asked else "note" if is_test_code(outline.source.path) else "low"
        if asked and _only_looks_after(function, at, outline, code):
            severity = "note"
        found.append(
            Finding(
                ID,
                severity,
                "syntactic",
                f"Monitor.Wait is called {'under an if' if asked else 'without a condition'} and not in a loop: when it returns, the state may have changed again.",
                "Is the condition checked again, in case another thread was faster?",
                lines(outline, at),
                about=("if" if asked else "no condition",),
            )
        )
    return found


def _only_looks_after(function: Function, wait: Span, outline: Outline, code: bytes) -> bool:
    """Whether the wait has a timeout, and what follows under the lock copes with whatever state it finds: it cannot fail, and adds nothing up."""
    closed = end_of_arguments(code, wait.end)
    around = [s for s in locks(outline) if s.span.contains(wait)]
    if b"," not in code[wait.end : closed] or not around:
        return False
    rest = Span(closed, min(s.span.end for s in around))
    return not _COUNTED.search(code, *rest) and not can_fail(outline, function.span, rest)


def _is_handed_on(function: Function, wait: Span, code: bytes) -> bool:
    """Whether all that a method does is to wait on what it is given."""
    closed = end_of_arguments(code, wait.end)
    rest = _ONLY.sub(b"", code[function.opening.end : wait.start] + code[closed : function.span.end]).strip()
    on = _FIRST.match(code, wait.end)
    given = re.findall(rb"\w+(?=\s*(?:=[^,()]*)?[,)])", code[slice(*function.opening)])
    return not rest and on is not None and on[1] in given


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each pulse to all that an edit turns into a pulse to one, and each function that wakes nobody any more."""
    found = list(_rearmed(before, after)) if b"ResetEvent" in before.source.data else []
    if b"Pulse" not in before.source.data:
        return found
    old, new = _pulses(before), _pulses(after)
    found += _silent(before, after, old, new)
    for key, places in new.items():
        function, kind, what = key
        every = function, "PulseAll", what
        fewer = len(old.get(every, ())) - len(new.get(every, ()))
        if kind == "Pulse" and fewer > 0 and len(places) > len(old.get(key, ())):
            found.append(
                Finding(
                    ID,
                    "medium",
                    "syntactic",
                    f"The edit wakes one waiter of `{what}` where it woke all of them.",
                    "Do all waiters wait for the same condition, and is one woken for each that can proceed?",
                    lines(after, places[-1]),
                )
            )
    return found


def _rearmed(before: Outline, after: Outline) -> Iterator[Finding]:
    """Each event that a wait no longer resets, and nobody else does, and each that a wait resets since the edit, although nobody did."""
    was = {s.key: s for s in version(before).states}
    for state in version(after).states:
        old = was.get(state.key)
        kinds = [simple_type_or_array(s.type) if s is not None else "" for s in (old, state)]
        if old is None or (kinds[0] == _BY_WAIT) == (kinds[1] == _BY_WAIT) or not set(kinds) <= _EVENTS:
            continue
        resets = re.compile(rb"\b%s\s*\.\s*Reset\s*\(" % re.escape(state.name).encode())
        if any(resets.search(masked_source(outline)) for outline in (before, after)):
            continue
        stays = kinds[0] == _BY_WAIT
        yield Finding(
            ID,
            "high" if stays else "medium",
            "syntactic",
            f"`{state.name}` stays set after the first Set: no wait resets it any more, and nothing else does."
            if stays
            else f"`{state.name}` lets one waiter through for each Set now; it stayed set for all.",
            "Does whoever waits again wait for the next Set?"
            if stays
            else "Are there several waiters, or does one wait again?",
            lines(after, state.member.span),
            (lines(before, old.member.span, f"{kinds[0]}, before the edit"),),
            about=(state.name,),
        )


def _silent(before: Outline, after: Outline, old: _Pulses, new: _Pulses) -> Iterator[Finding]:
    """Each function that has no pulse of an object on which others wait still, and had one."""
    waits = {hit[1] for hit in _WAITED.finditer(masked_source(after))}
    still = {(name, what) for name, _, what in new}
    both = pairing(before, after)
    for (_, kind, what), places in old.items():
        now = both.became(places[0])
        if now is None or what.encode() not in waits or (now.member.name, what) in still:
            continue
        if len(new) > len(old) or _is_called_to_wake(now.member, new, what, after):
            continue  # it is done in another function
        yield Finding(
            ID,
            "high",
            "syntactic",
            f"{now.member.name} no longer wakes who waits on `{what}`.",
            "Who tells the waiters that the state has changed?",
            lines(after, now.member.opening),
            (lines(before, places[0], f"Monitor.{kind}, before the edit"),),
        )


def _is_called_to_wake(function: Function, pulses: _Pulses, what: str, outline: Outline) -> bool:
    """Whether a function names one that wakes who waits on an object."""
    names = {name for name, _, on in pulses if on == what and name != function.name}
    return any(re.search(rf"\b{re.escape(name)}\b", outline.source.text(function.span)) for name in names if name)


def _pulses(outline: Outline) -> _Pulses:
    nesting = Nesting(outline.functions)
    found: _Pulses = {}
    for hit in _PULSE.finditer(masked_source(outline)):
        around = nesting.outermost(Span(*hit.span()))
        key = around.name if around is not None else "", hit[1].decode(), hit[2].decode("utf-8", "replace")
        found.setdefault(key, []).append(Span(*hit.span()))
    return found
