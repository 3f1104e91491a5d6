"""A concurrent dictionary copied or sorted by LINQ.

What it flags
-------------
``ToList``, ``OrderBy`` or ``Reverse`` called on a ``ConcurrentDictionary`` itself, or a ``List`` constructed from it,
outside every lock.

Why it matters here
-------------------
LINQ reads the count, allocates, and copies in a second step. An entry added in between makes it throw
``ArgumentException``. The dictionary's own ``ToArray``, ``Keys`` and ``Values`` copy in one step, and enumerating it
never throws.

When it is fine
---------------
Nobody adds entries while it is copied.

Example
-------
```csharp
class C {
    readonly ConcurrentDictionary<int, Job> _jobs = new();
    List<KeyValuePair<int, Job>> All() { return _jobs.ToList(); }
}
```

Instead
-------
```csharp
class C {
    readonly ConcurrentDictionary<int, Job> _jobs = new();
    KeyValuePair<int, Job>[] All() { return _jobs.ToArray(); }
}
```

Source
------
ParallelHelper PH_B008, which says that this behaviour is not documented and may change:
<https://github.com/Concurrency-Lab/ParallelHelper/blob/master/doc/analyzers/PH_B008.md>.
"""

from __future__ import annotations

from collections.abc import Iterator

from ctxreview.behaviour.lock_usage import declared, is_under, locks, masked_source, own_uses
from ctxreview.behaviour.places import lines
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Crossing
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.regex import regex
from ctxreview.rules.prefilter import ALWAYS

ID = "concurrent-snapshot"
SEVERITY = "low"
LANGUAGES = ("csharp",)
NEEDS = ("ConcurrentDictionary",)
BEYOND = ALWAYS

_COPIED = regex(rb"\s*\.\s*(ToList|OrderBy|OrderByDescending|Reverse)\s*\(")
_LISTED = regex(rb"\bnew\s+List\s*<[^;(){}]*>\s*\(\s*(?:this\.)?([\w\x80-\xff]+)\s*\)")


def check(outline: Outline) -> list[Finding]:
    """Each such copy of a dictionary that the file declares."""
    if b"ConcurrentDictionary<" not in outline.source.data:
        return []
    names = {n for (_, n), m in declared(outline).items() if simple_type_or_array(m.declares) == "ConcurrentDictionary"}
    if not names:
        return []
    code, held = masked_source(outline), Crossing(locks(outline))
    found = []
    for at, name, how in _copies(names, code):
        if outline.function_of(at) is None or any(is_under(at, s) for s in held.near(at)):
            continue
        found.append(
            Finding(
                ID,
                "low",
                "syntactic",
                f"{how} copies the concurrent dictionary `{name}` in two steps: an entry added in between makes it throw.",
                "Can another thread add to it meanwhile? Its own ToArray, Keys and Values copy in one step.",
                lines(outline, at),
                about=(how, name),
            )
        )
    return found


def _copies(names: set[str], code: bytes) -> Iterator[tuple[Span, str, str]]:
    """Where one of the dictionaries is copied, its name, and how."""
    for name in sorted(names):
        for use in own_uses(name, code):
            if hit := _COPIED.match(code, use.end):
                yield Span(use.start, hit.end()), name, hit[1].decode()
    for hit in _LISTED.finditer(code):
        if (name := hit[1].decode("utf-8", "replace")) in names:
            yield Span(*hit.span()), name, "List"
