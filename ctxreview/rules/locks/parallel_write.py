"""A parallel loop that writes state shared by its iterations.

What it flags
-------------
In the body of ``Parallel.For``, ``ForEach``, ``ForEachAsync``, ``Invoke``, PLINQ's ``ForAll`` or an operator on
``AsParallel()``, a write of a field or captured variable, or a call that modifies a collection that is not
thread-safe, without a lock or ``Interlocked``. Also ``Parallel`` called under a lock that the body takes. Compared before
and after an edit: a timer that was started again when its run had ended, and that has a period now.

Why it matters here
-------------------
The iterations run at the same time: increments are lost, and a ``List`` that grows loses entries or throws. The
workers do not hold a lock that the calling thread holds: it does not protect them, and it blocks those that try to
take it. A timer with a period starts its next run on another thread whether the last one has ended or not.

When it is fine
---------------
Each iteration writes its own array element, or a flag that all set to the same value.

Example
-------
```csharp
class C {
    int Sum(int[] values) {
        var sum = 0;
        Parallel.ForEach(values, v => { sum += v; });
        return sum;
    }
}
```

Instead
-------
```csharp
class C {
    int Sum(int[] values) {
        var sum = 0;
        Parallel.ForEach(values, v => Interlocked.Add(ref sum, v));
        return sum;
    }
}
```

Source
------
PVS-Studio V3190: <https://pvs-studio.com/en/docs/warnings/v3190/>. ParallelHelper PH_S010:
<https://github.com/Concurrency-Lab/ParallelHelper/blob/master/doc/analyzers/PH_S010.md>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ctxreview.behaviour.body import bodies
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.lock_usage import (
    declared,
    is_collection,
    is_under,
    lock_key,
    locks,
    masked_source,
    open_block_headers,
)
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.behaviour.rearmed import periodic
from ctxreview.languages.behaviour import names_of
from ctxreview.model.declarations import Function, Nesting
from ctxreview.model.facts import Fact
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.regex import regex

ID = "parallel-write"
SEVERITY = "high"
LANGUAGES = ("csharp",)
NEEDS = ("Parallel", "ForAll")

_SAME = regex(r"=\s*(?:true|false|null|default)\s*$")


def compare(before: Outline, after: Outline) -> list[Finding]:
    """A timer whose runs may overlap, and did not."""
    if b"Timer" not in before.source.data or b"Timer" not in after.source.data:
        return []
    return [
        Finding(
            ID,
            "medium",
            "resolved",
            "The timer runs again after each period now, whether its last run has ended or not; it was started for one run at a time.",
            "What if a run takes longer than the period?",
            lines(after, one.now),
            (lines(before, one.before, "for one run, before the edit"),),
        )
        for one in periodic(comparison(before, after))
    ]


def check(outline: Outline) -> list[Finding]:
    """Each write, in a parallel body, of what the runs share; and each lock around one that its body takes."""
    parallel = names_of(outline.language).of("runs_parallel")
    loops = [
        f for f in outline.facts if f.kind == "spawn" and not parallel.isdisjoint((f.name, f"{f.target}.{f.name}"))
    ]
    loops = [
        f for f in loops if "TaskScheduler.Current" not in outline.source.text(f.span)
    ]  # as in a grain: one at a time
    loops += _queries(outline, loops)
    if not loops:
        return []
    nesting, held = Nesting(outline.functions), locks(outline)
    found: list[Finding] = []
    for loop in loops:
        found += _writes(loop, nesting, held, outline)
        function = nesting.innermost(loop.span)
        outer = [s for s in held if function is not None and s.owner == function.span and is_under(loop.span, s)]
        for inner in held:
            same = next((s for s in outer if lock_key(s) == lock_key(inner)), None)
            if same is not None and loop.span.contains(inner.span) and inner.owner != same.owner:
                found.append(
                    Finding(
                        ID,
                        "high",
                        "syntactic",
                        f"Parallel.{loop.name} is called under the lock on `{lock_key(same)}`, which its body also takes: the workers wait for the caller.",
                        "Who releases the lock while the caller waits for its workers?",
                        lines(outline, inner.opening),
                        (scope_lines(outline, same),),
                        about=(loop.name, lock_key(same)),
                    )
                )
    return found


def _queries(outline: Outline, loops: list[Fact]) -> list[Fact]:
    """The chains of calls on ``AsParallel()``, from there to the end of their statement; those of ``ForAll`` aside."""
    if b"AsParallel" not in outline.source.data:
        return []
    found = []
    for body in bodies(outline):
        for call in body.calls:
            end = body.statement_end(call.span.end)
            span = Span(call.span.start, end)
            if call.name == "AsParallel" and not any(loop.span.contains(call.span) for loop in loops):
                found.append(Fact("spawn", span, "AsParallel"))
    return found


def _writes(loop: Fact, nesting: Nesting[Function], held: list[Region], outline: Outline) -> Iterator[Finding]:
    own = declared(outline)
    told = set()
    for fact in outline.facts:
        if fact.kind != "write" or not loop.span.contains(fact.span) or not (fact.is_state or fact.captured):
            continue
        function = nesting.innermost(fact.span)
        if function is None or not loop.span.contains(function.span) or fact.name in told:
            continue
        around = [s for s in held if loop.span.contains(s.span) and s.span.contains(fact.span)]
        if any(not _is_of_one_run(s, loop, outline) for s in around) or fact.is_volatile:
            continue
        if fact.captured and _is_of_the_body(fact, loop, outline):
            continue
        written = outline.source.text(fact.span)
        type_ = (
            simple_type_or_array(own[function.container, fact.name].declares)
            if (function.container, fact.name) in own
            else _local_type(fact, loop, outline)
        )
        if written == fact.spelled:
            written += outline.source.data[fact.span.end : fact.span.end + 1].decode("utf-8", "replace")
        severity = _severity(fact, written, type_, outline)
        if severity is None or _is_of_one_iteration(fact, function, outline):
            continue
        told.add(fact.name)
        yield Finding(
            ID,
            severity,
            "syntactic",
            f"`{fact.name}` is written in the body of {loop.name if loop.name in ('ForAll', 'AsParallel') else f'Parallel.{loop.name}'}, by all its iterations at once.",
            "What keeps two iterations from writing it at the same time?",
            lines(outline, fact.span),
            (lines(outline, loop.span, loop.name),),
            about=(fact.name, loop.name),
        )


def _is_of_one_iteration(fact: Fact, function: Function, outline: Outline) -> bool:
    """Whether the write is done for one value of what the iterations count."""
    code = masked_source(outline)
    counted = re.match(rb"\(?\s*(?:\w+\s+)?(\w+)", code[slice(*function.opening)])
    if counted is None:
        return False
    alone = re.compile(rb"\bif\s*\(\s*%s\s*==\s*[\w.]+\s*\)" % re.escape(counted[1]))
    return any(alone.search(h) for h in open_block_headers(code, function.opening.end, fact.span.start))


def _is_of_one_run(lock: Region, loop: Fact, outline: Outline) -> bool:
    """Whether what is locked belongs to one run of the body: its element, or what it declares."""
    root = re.escape(lock_key(lock).removeprefix("this.").partition(".")[0].strip())
    own = rf"\(?(?:[\w<>?, ]*[\s,(])?{root}\s*(?:,[^()=]*)?\)?\s*=>|\b(?:var|[\w<>]+)\s+{root}\s*=(?!=)"
    return bool(root) and re.search(own, outline.source.text(loop.span)) is not None


def _severity(fact: Fact, written: str, type_: str, outline: Outline) -> Severity | None:
    """How surely the write is one that the runs disturb each other by; ``None`` where it is not."""
    name = re.escape(fact.name)
    if _SAME.search(written):
        return None
    if re.match(rf"(?:this\.)?{name}\s*\[", written):
        return "medium" if is_collection(type_, outline) else None  # an element of an array may be the run's own
    if re.match(rf"(?:this\.)?{name}\s*[!?]?\.", written):
        return "high" if is_collection(type_, outline) else None  # the type that is called may be made for it
    return "high" if re.search(r"\+\+|--|[-+*/|&^]=", written) else "medium"


def _is_of_the_body(fact: Fact, loop: Fact, outline: Outline) -> bool:
    """Whether the variable is declared in the body: captured by a lambda inside it."""
    body = outline.source.text(loop.span)
    name = re.escape(fact.name)
    return re.search(rf"\b(?:var|[\w.]+(?:<[^;()=]*>)?\??(?:\[\])?)\s+{name}\s*(?:=(?!=)|;|\bin\b)", body) is not None


def _local_type(fact: Fact, loop: Fact, outline: Outline) -> str:
    """The type of a captured variable, as it is declared or made above the loop."""
    code = outline.source.data[: loop.span.start].decode("utf-8", "replace")
    name = re.escape(fact.name)
    found = re.findall(
        rf"\b(?:((?!var\b)[\w.]+)(?:<[^;()=]*>)?\??((?:\[[,\s]*\]\??)*)\s+{name}\s*[=;]"
        rf"|var\s+{name}\s*=\s*new\s+([\w.]+)(?:<[^;()=]*>)?\s*(\[?))",
        code[-20_000:],
    )
    if not found:
        return ""
    declares, ranks, made, of_many = found[-1]
    return "[]" if ranks or of_many else simple_type_or_array(made or declares)
