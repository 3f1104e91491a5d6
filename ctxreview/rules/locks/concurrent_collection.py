"""A lock is removed because the collection under it became concurrent.

What it flags
-------------
An edit that gives a field a concurrent type and removes a lock that covered more than one call on it: other state, an
external call, or several calls on the collection itself.

Why it matters here
-------------------
A concurrent collection makes each single call atomic. What the lock kept together no longer is: the file written with
the dictionary, the count next to the list, the check before the write.

When it is fine
---------------
The lock covered one call on the collection, or several that one atomic call (``GetOrAdd``, ``TryAdd``) now replaces.

Example
-------
```csharp
class C {
    readonly ConcurrentDictionary<int, string> _names = new();
    int _changes;
    void Put(int id, string name) {
        _names[id] = name;
        _changes++;
        File.WriteAllText("names", name);
    }
}
```

Instead
-------
```csharp
class C {
    readonly Dictionary<int, string> _names = new();
    readonly object _gate = new();
    int _changes;
    void Put(int id, string name) {
        lock (_gate) {
            _names[id] = name;
            _changes++;
            File.WriteAllText("names", name);
        }
    }
}
```

Source
------
.NET API documentation, ``ConcurrentDictionary``:
<https://learn.microsoft.com/dotnet/api/system.collections.concurrent.concurrentdictionary-2>. A Jellyfin commit, where
one lock had kept a dictionary and a file together: <https://github.com/jellyfin/jellyfin/commit/526c918524>. A pull
request of puppeteer-sharp: <https://github.com/hardkoded/puppeteer-sharp/pull/2231>.
"""

from __future__ import annotations

from collections.abc import Iterator

from ctxreview.behaviour.lock_usage import declared, is_under, lock_key, locks
from ctxreview.behaviour.pairing import pairing
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.model.facts import Fact
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.outline.symbols.written_names import simple_type_or_array

ID = "concurrent-collection"
SEVERITY = "high"
LANGUAGES = ("csharp",)


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each lock that went when what it guarded became a concurrent collection."""
    return [finding for _, finding in torn(before, after)]


def torn(before: Outline, after: Outline) -> list[tuple[Region, Finding]]:
    """The locks that went when what they guarded became a concurrent collection, each with the finding that says so: no other rule does."""
    if b"Concurrent" not in after.source.data:
        return []
    known = declared(before)
    turned = {
        key: member
        for key, member in declared(after).items()
        if _is_concurrent(member.declares) and key in known and not _is_concurrent(known[key].declares)
    }
    if not turned:
        return []
    kept = pairing(before, after).scope_after
    found: list[tuple[Region, Finding]] = []
    for scope in locks(before):
        if scope in kept:
            continue
        inside = [f for f in before.facts if is_under(f.span, scope) and not scope.opening.contains(f.span)]
        for (type_, name), member in turned.items():
            if scope.container == type_ and any(f.is_state and f.name == name for f in inside):
                as_now = lines(after, member.span, f"{name}, as {simple_type_or_array(member.declares)}")
                lost = _lost(scope, name, inside, before, after)
                found += [(scope, f._replace(related=(as_now, *f.related))) for f in lost]
    return found


def _is_concurrent(type_: str) -> bool:
    return simple_type_or_array(type_).startswith("Concurrent")


def _lost(scope: Region, name: str, inside: list[Fact], before: Outline, after: Outline) -> Iterator[Finding]:
    now = pairing(before, after).became(scope.opening)
    if now is None:
        return
    there = now.member
    others = [f.name for f in inside if f.is_state and f.name not in (name, lock_key(scope)) and not f.is_readonly]
    calls = [f.name for f in inside if f.kind in ("io", "save")]
    left = [f for f in after.facts if there.span.contains(f.span) and f.is_state and f.name == name]
    severity: Severity = "high"
    if others or calls:
        what = " and ".join(f"`{n}`" for n in list(dict.fromkeys([*others, *calls]))[:3])
        message = f"with {what} beside `{name}`"
    elif len(left) > 1:
        severity = "medium"
        message = f"which covered several uses of `{name}`; each is atomic only on its own"
    else:
        return
    yield Finding(
        ID,
        severity,
        "syntactic",
        f"`{name}` becomes a concurrent collection, and the {scope.construct} on `{scope.resource}` is removed, {message}.",
        "What keeps the work under the lock together, now that only single calls on the collection are atomic?",
        lines(after, there.span, there.name),
        (scope_lines(before, scope)._replace(what=f"{scope.construct}, before the edit"),),
        about=(name,),
    )
