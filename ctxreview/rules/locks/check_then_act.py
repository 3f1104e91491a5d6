"""A look at a concurrent dictionary, and then an act on what was seen: two steps.

What it flags
-------------
``ContainsKey`` or ``TryGetValue`` in a condition and then a write by the same key to the same ``ConcurrentDictionary``; or an entry read
and written in one expression (``counts[key]++``). Not under a lock.

Why it matters here
-------------------
Each call is atomic, the two together are not. Another thread may add, change or remove the entry in between, and its value is
overwritten.

When it is fine
---------------
Every thread would write an equal value and nobody keeps the first one; only one thread writes; or the write is a ``TryAdd`` or ``TryUpdate``
whose answer is looked at.

Example
-------
```csharp
class C {
    readonly ConcurrentDictionary<int, Session> _open = new();
    Session Get(int id) {
        if (!_open.TryGetValue(id, out var session)) {
            session = new Session(id);
            _open[id] = session;
        }
        return session;
    }
}
```

Instead
-------
```csharp
class C {
    readonly ConcurrentDictionary<int, Session> _open = new();
    Session Get(int id) {
        return _open.GetOrAdd(id, key => new Session(key));
    }
}
```

Source
------
.NET API documentation, ``ConcurrentDictionary``:
<https://learn.microsoft.com/dotnet/api/system.collections.concurrent.concurrentdictionary-2>. ParallelHelper PH_B007:
<https://github.com/Concurrency-Lab/ParallelHelper/blob/master/doc/analyzers/PH_B007.md>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctxreview.behaviour.lock_usage import declared, is_called_locked, is_under, locks, masked_source
from ctxreview.behaviour.places import lines
from ctxreview.model.declarations import Function, Member, Nesting
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.rules.prefilter import ALWAYS

ID = "check-then-act"
SEVERITY = "medium"
LANGUAGES = ("csharp",)
NEEDS = ("ConcurrentDictionary",)
BEYOND = ALWAYS

_ARGUMENT = rb"((?:[^(),\[\]]|\((?:[^()]|\([^()]*\))*\)|\[[^\[\]]*\])+)"


def check(outline: Outline) -> list[Finding]:
    """Each look and act on one entry, and each entry counted up in place."""
    if b"ConcurrentDictionary<" not in outline.source.data:
        return []
    code, nesting, held = masked_source(outline), Nesting(outline.functions), locks(outline)
    found = []
    told = set()
    for (_, name), member in declared(outline).items():
        if simple_type_or_array(member.declares) != "ConcurrentDictionary" or name in told:
            continue
        told.add(name)
        for at, act, look in (*_looks(name, code), *_counts(name, code)):
            function = nesting.innermost(at)
            if function is None or function.kind == "constructor" or nesting.innermost(act) is not function:
                continue
            if any(s.owner == function.span and is_under(act, s) for s in held):
                continue
            if not is_called_locked(function, outline, held):
                found.append(_finding(outline, name, member, at, act, look, function))
    return found


def _looks(name: str, code: bytes) -> Iterator[tuple[Span, Span, str]]:
    """A look in the condition of an ``if``, the write by that key in its branch or after it, and the method that looks."""
    on = rb"(?<![\w.])(?:this\.)?%s" % re.escape(name.encode())
    look = re.compile(rb"\bif\s*\(\s*(!?)\s*" + on + rb"\s*\.\s*(ContainsKey|TryGetValue)\s*\(\s*" + _ARGUMENT)
    for hit in look.finditer(code):
        start = code.find(b")", hit.end())
        # What follows in the same block, which is as far as the look is about it.
        end = _block_end(code, start)
        key = re.escape(b" ".join(hit[3].split()))
        act = re.compile(on + rb"\s*(?:\[\s*%s\s*\]\s*=(?!=)|\.\s*(?:AddOrUpdate)\s*\(\s*%s\b)" % (key, key)).search(
            code, start, end
        )
        if act is not None and b"TryAdd" not in code[start : act.start()]:
            yield Span(*hit.span()), Span(*act.span()), hit[2].decode()


def _block_end(code: bytes, at: int) -> int:
    """The end of the statement list around ``at``; the branch of an ``if`` at ``at`` included."""
    depth = 0
    for hit in re.finditer(rb"[{}]", code[at:]):
        depth += 1 if hit[0] == b"{" else -1
        if depth < 0 or (depth == 0 and not re.match(rb"\s*else\b", code[at + hit.end() : at + hit.end() + 40])):
            return at + hit.start()
    return len(code)


def _counts(name: str, code: bytes) -> Iterator[tuple[Span, Span, str]]:
    """An entry counted up, or computed from itself."""
    on = rb"(?<![\w.])(?:this\.)?%s\s*" % re.escape(name.encode())
    step = re.compile(rb"(?:\+\+|--)\s*" + on + rb"\[[^\[\]]+\]|" + on + rb"\[[^\[\]]+\]\s*(?:\+\+|--|[-+*/|&^]=)")
    for hit in step.finditer(code):
        yield Span(*hit.span()), Span(*hit.span()), ""


def _finding(
    outline: Outline, name: str, member: Member, at: Span, act: Span, look: str, function: Function
) -> Finding:
    severity: Severity = "medium" if at == act else "low"
    both = f"{look} and a write of the same entry" if look else "a read and a write of one entry in one expression"
    return Finding(
        ID,
        severity,
        "syntactic",
        f"{function.name} makes {both} of the concurrent dictionary `{name}`: two steps, between which others may change it.",
        "What if another thread changes the entry in between: is its value lost?",
        lines(outline, at),
        (lines(outline, act, "acts"), lines(outline, member.span, name)),
        about=(function.name, look, name),
    )
