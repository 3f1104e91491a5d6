"""A lock that stays held after an exception.

What it flags
-------------
An acquire and its release in one function, where the release is not in a ``finally`` and the code between the two can
throw or exit.

Why it matters here
-------------------
After an exception or an early return the semaphore, mutex or monitor stays taken, and every later caller waits
forever.

When it is fine
---------------
The release is in a ``finally``, or nothing between the two can fail: it computes with variables and fields, and
releases before it returns. In code of tests it is a note: what a failed test holds is given back with its process.

Example
-------
```csharp
class C {
    void M() {
        _gate.Wait();
        Work();
        _gate.Release();
    }
}
```

Instead
-------
```csharp
class C {
    void M() {
        _gate.Wait();
        try { Work(); }
        finally { _gate.Release(); }
    }
}
```

Source
------
Sonar S2222, "Locks should be released on all paths": <https://rules.sonarsource.com/csharp/RSPEC-2222/>.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from ctxreview.behaviour.body import own_facts
from ctxreview.behaviour.failing import can_fail
from ctxreview.behaviour.lock_usage import masked_source
from ctxreview.behaviour.places import lines
from ctxreview.behaviour.version import version
from ctxreview.languages import load
from ctxreview.languages.behaviour import names_of
from ctxreview.model import il
from ctxreview.model.notation import without_self
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.regex import regex
from ctxreview.rules.prefilter import LOCK
from ctxreview.workspace.code_of_tests import is_test_code

ID = "release-outside-finally"
SEVERITY = "medium"
NEEDS = (LOCK,)

_WAITED = regex(r"^(?:\s*\.\s*\w+\s*\([^()]*\))+")
"""What the acquire's own task is waited for with."""


def _is_of_unknown_type(scope: Region, outline: Outline) -> bool:
    """Whether a variable is what some call gave, and nothing in the file says that it is a lock but the names of two methods."""
    if not scope.resource.isidentifier() or scope.construct.encode() in outline.source.data:
        return False
    there = version(outline)
    unit = there.units.get(scope.owner)
    made = il.walk(unit.body, into=False) if unit is not None else ()
    return any(
        isinstance(n, il.Assign)
        and isinstance(n.target, il.Name)
        and n.target.text == scope.resource
        and n.declares in load(outline.language).words.inferred
        and isinstance(n.value, il.Call)
        for n in made
    )


def _is_released_in_each_branch(scope: Region, outline: Outline) -> bool:
    """Whether the release is the first thing in one branch, and the other's is in a ``finally``, with nothing that fails before them."""
    unit = version(outline).units.get(scope.owner)
    for node in il.walk(unit.body, into=False, within=scope.closing) if unit is not None else ():
        if not isinstance(node, il.Branch) or node.otherwise is None:
            continue
        for one, other in ((node.then, node.otherwise), (node.otherwise, node.then)):
            if not one.statements or not one.statements[0].span.contains(scope.closing):
                continue
            for safe in il.walk(other, into=False):
                if not isinstance(safe, il.Try) or safe.always is None:
                    continue
                ends = any(_is_called_on(n, scope.resource, outline) for n in il.walk(safe.always, into=False))
                if ends and not can_fail(outline, scope.owner, Span(scope.opening.end, safe.span.start)):
                    return True
    return False


def _is_released_by_handlers(scope: Region, outline: Outline) -> bool:
    """Whether all that can fail before the release is in a ``try`` whose handler of every failure releases it too."""
    unit = version(outline).units.get(scope.owner)
    held = Span(scope.opening.end, scope.closing.start)
    every = names_of(outline.language).of("every_failure")
    for node in il.walk(unit.body, into=False, within=held) if unit is not None else ():
        if not isinstance(node, il.Try) or not held.contains(node.span):
            continue
        last = node.handlers[-1] if node.handlers else None
        if last is None or last.filter is not None or (last.type and last.type not in every):
            continue
        ends = all(
            any(_is_called_on(n, scope.resource, outline) for n in il.walk(h.body, into=False)) for h in node.handlers
        )
        outside = (Span(held.start, node.span.start), Span(node.span.end, held.end))
        if ends and not any(can_fail(outline, scope.owner, part) for part in outside if part.size):
            return True
    return False


def _is_called_on(node: il.Node, resource: str, outline: Outline) -> bool:
    on = node.function.of if isinstance(node, il.Call) and isinstance(node.function, il.Access) else None
    return on is not None and without_self(outline.source.text(on.span)) == without_self(resource)


def _released_before(exits: list[Span], scope: Region, outline: Outline) -> list[Span]:
    """From each release that is the statement before one of the exits to the end of that: there the lock is not held."""
    unit, found = version(outline).units.get(scope.owner), list[Span]()
    for node in il.walk(unit.body, into=False, within=scope.span) if unit is not None and exits else ():
        if isinstance(node, il.Block):
            for one, other in pairwise(node.statements):
                left = isinstance(other, il.Exit) and any(other.span.overlaps(at) for at in exits)
                if left and any(_is_release(n, scope, outline) for n in il.walk(one, into=False)):
                    found.append(Span(one.span.start, other.span.end))
    return found


def _is_release(node: il.Node, scope: Region, outline: Outline) -> bool:
    """Whether a node is a call like the one that ends the scope."""
    last = outline.source.text(scope.closing)
    return (
        isinstance(node, il.Call)
        and _is_called_on(node, scope.resource, outline)
        and re.search(rf"\b{re.escape(node.callee)}\b", last) is not None
    )


def _exits(outline: Outline, scope: Region) -> list[Span]:
    """Where the function with the lock is left, from the acquire on."""
    own = own_facts(outline).get(scope.owner, ())
    return [f.span for f in own if f.kind == "exit" and f.span.start >= scope.opening.end]


def _held(left_out: Iterable[Span], first: int, last: int) -> list[Span]:
    """What runs while the lock is held, from one offset to another, without the parts in which it is not."""
    parts, at = [], first
    for left in sorted(s for s in left_out if s.end <= last):
        if left.start > at:
            parts.append(Span(at, left.start))
        at = max(at, left.end)
    return [*parts, Span(at, last)]


def check(outline: Outline) -> list[Finding]:
    """Each acquire whose release is not in a ``finally``, with code between the two."""
    found, tested = [], is_test_code(outline.source.path)
    for scope in outline.regions:
        if scope.kind != "lock" or not scope.leaks_on_exception:
            continue
        # What hands the lock on gives back what the release's own call gives.
        handed = next((at for at in _exits(outline, scope) if at.contains(scope.closing)), scope.closing)
        exits = [at for at in scope.exits if at != handed and not any(part.contains(at) for part in scope.excluded)]
        released = _released_before(exits, scope, outline)
        exits = [at for at in exits if not any(part.overlaps(at) for part in released)]
        between = masked_source(outline)[scope.opening.end : handed.start].decode("utf-8", "replace")
        if "(" not in _WAITED.sub("", between) and not exits:
            continue
        if _is_of_unknown_type(scope, outline) or _is_released_in_each_branch(scope, outline):
            continue
        held = _held((*scope.excluded, *released), scope.opening.end, handed.start)
        if not exits and not any(can_fail(outline, scope.owner, part) for part in held):
            continue
        if _is_released_by_handlers(scope, outline):
            continue
        found.append(
            Finding(
                rule=ID,
                severity="note" if tested else "medium",  # a test that fails leaves nobody waiting
                certainty="syntactic",
                message=f"`{scope.resource}` is acquired and released, but the release is not in a finally.",
                question="What releases it if the code in between throws or returns?",
                at=lines(outline, scope.opening, "acquired"),
                related=(lines(outline, scope.closing, "released"),),
                about=(scope.resource,),
            )
        )
    return found
