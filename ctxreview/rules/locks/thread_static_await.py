"""A thread-local value used before and after an await.

What it flags
-------------
A ``[ThreadStatic]`` field or a ``ThreadLocal<T>`` that an asynchronous function uses both before and after an
``await``. An edit by which an ``AsyncLocal<T>`` becomes one of these, or plain state.

Why it matters here
-------------------
Code after the await may run on another thread, which has another value, or none: the value stored earlier is missing,
and what remains on the first thread is found by whatever runs there next.

When it is fine
---------------
A synchronization context brings the code back to its thread. ``AsyncLocal<T>`` follows the asynchronous flow.

Example
-------
```csharp
class C {
    [ThreadStatic] static StringBuilder t_text;
    async Task M() {
        t_text = new StringBuilder();
        await Work();
        t_text.Append("done");
    }
}
```

Instead
-------
```csharp
class C {
    static readonly AsyncLocal<StringBuilder> s_text = new();
    async Task M() {
        s_text.Value = new StringBuilder();
        await Work();
        s_text.Value.Append("done");
    }
}
```

Source
------
ParallelHelper PH_S029: <https://github.com/Concurrency-Lab/ParallelHelper/blob/master/doc/analyzers/PH_S029.md>. .NET
analyser CA2019: <https://learn.microsoft.com/dotnet/fundamentals/code-analysis/quality-rules/ca2019>. Sonar S2996 and
S3005: <https://rules.sonarsource.com/csharp/RSPEC-2996/>, <https://rules.sonarsource.com/csharp/RSPEC-3005/>.
"""

from __future__ import annotations

from ctxreview.behaviour.body import own_facts
from ctxreview.behaviour.lock_usage import declared, modifiers
from ctxreview.behaviour.places import lines
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.rules.prefilter import ALWAYS

ID = "thread-static-await"
SEVERITY = "medium"
LANGUAGES = ("csharp",)
NEEDS = ("ThreadStatic", "ThreadLocal")
BEYOND = ALWAYS


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each value that followed the asynchronous flow and does not any more."""
    if b"AsyncLocal<" not in before.source.data:
        return []
    now, found = declared(after), []
    for key, member in declared(before).items():
        here = now.get(key)
        if simple_type_or_array(member.declares) != "AsyncLocal" or here is None:
            continue
        kind = simple_type_or_array(here.declares)
        own = "ThreadStatic" in modifiers(here, after) or kind == "ThreadLocal"
        if own or (
            kind == simple_type_or_array(member.declares.partition("<")[2].rpartition(">")[0].rstrip("?")) and kind
        ):
            found.append(
                Finding(
                    ID,
                    "medium",
                    "syntactic",
                    f"`{key[1]}` followed the asynchronous flow; now {'each thread has its own' if own else 'all callers share it'}.",
                    "Is it read after an await, or while another request is under way?",
                    lines(after, here.span),
                    (lines(before, member.span, "AsyncLocal, before the edit"),),
                    about=(key[1],),
                )
            )
    return found


def check(outline: Outline) -> list[Finding]:
    """Each such value with the await between two of its uses."""
    data = outline.source.data
    if b"ThreadStatic" not in data and b"ThreadLocal<" not in data:
        return []
    own = {
        key
        for key, member in declared(outline).items()
        if simple_type_or_array(member.declares) == "ThreadLocal" or "ThreadStatic" in modifiers(member, outline)
    }
    found = []
    for function in outline.functions:
        here = own_facts(outline).get(function.span, [])
        awaits = [f.span for f in here if f.kind == "await"]
        if not awaits:
            continue
        told = set()
        for fact in here:
            if not fact.is_state or (function.container, fact.name) not in own or fact.name in told:
                continue
            told.add(fact.name)
            uses = [f for f in here if f.is_state and f.name == fact.name]
            between = next((a for a in awaits if uses[0].span.end <= a.start < uses[-1].span.start), None)
            if between is not None:
                found.append(
                    Finding(
                        ID,
                        "medium",
                        "syntactic",
                        f"`{fact.name}` is thread-local, and {function.name} uses it before and after an await.",
                        "Which thread runs the code after the await, and what is the value there?",
                        lines(outline, between),
                        (lines(outline, uses[0].span, "used before"), lines(outline, uses[-1].span, "used after")),
                        about=(fact.name, function.name),
                    )
                )
    return found
