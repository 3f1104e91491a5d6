"""A System.Threading.Lock that is also used as an ordinary object: two different locks.

What it flags
-------------
A field of type ``Lock`` that is taken by ``lock`` or ``EnterScope`` and also passed to ``Monitor``, or stored or
passed as an ``object``.

Why it matters here
-------------------
``lock`` on a ``Lock`` enters that type's own lock. ``Monitor``, and ``lock`` on the same instance as an ``object``,
enter the object's monitor, which is a different lock. The two do not exclude each other, and ``Monitor.Wait`` and
``Pulse`` throw.

When it is fine
---------------
Every use is a ``lock`` statement or a method of ``Lock``, or the parameter that receives it is a ``Lock`` too.

Example
-------
```csharp
class C {
    readonly Lock _gate = new();
    void M() { lock (_gate) { Monitor.PulseAll(_gate); } }
}
```

Instead
-------
```csharp
class C {
    readonly object _gate = new();
    void M() { lock (_gate) { Monitor.PulseAll(_gate); } }
}
```

Source
------
C# compiler warning CS9216:
<https://learn.microsoft.com/dotnet/csharp/language-reference/compiler-messages/lock-semantics>. A Smartstore commit
that took such a change back: <https://github.com/smartstore/Smartstore/commit/2f31be6f0>.
"""

from __future__ import annotations

from ctxreview.behaviour.lock_usage import declared, lock_key, masked_source, own_uses
from ctxreview.behaviour.places import lines
from ctxreview.model.kinds import Certainty, Severity
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.regex import regex
from ctxreview.rules.prefilter import LOCKS

ID = "lock-type"
SEVERITY = "high"
LANGUAGES = ("csharp",)
NEEDS = ("Lock",)
BEYOND = LOCKS

_TYPES = frozenset({"Lock", "System.Threading.Lock", "Threading.Lock"})
_MONITOR = regex(rb"\bMonitor\s*\.\s*(\w+)\s*\(\s*(?:this\.)?([\w\x80-\xff]+)")
_OBJECT = regex(
    rb"\(\s*object\s*\)\s*(?:this\.)?([\w\x80-\xff]+)|\bobject\??\s+\w+\s*=>?\s*(?:this\.)?([\w\x80-\xff]+)\s*;"
    rb"|\bobject\??\s+\w+\s*\{\s*get\s*(?:=>|\{\s*return)\s*(?:this\.)?([\w\x80-\xff]+)\s*;"
)
_OBJECTS = regex(rb"\b(?:<object\??>\s*(?:\([^()]*\))?|object\??\[\d*\])\s*\{([^{}]*)")
_ELEMENT = regex(rb"(?<![\w.\x80-\xff])(?:this\.)?([\w\x80-\xff]+)\s*(?:,|$)")
_ENDS_ARGUMENT = regex(rb"\s*[,)]")
_LOCKS = regex(rb"\block ?$")


def check(outline: Outline) -> list[Finding]:
    """Each use of a ``Lock`` field as an object."""
    if not any(m.declares.rstrip("?") in _TYPES for m in outline.members):
        return []
    locked = {(s.container, lock_key(s)) for s in outline.regions if s.construct in ("lock", "Lock")}
    code = masked_source(outline)
    monitors, objects = _monitors(code), _objects(code)
    found = []
    for (type_, name), member in declared(outline).items():
        # A type of the project may be named Lock too; one that is locked by `lock` is not.
        if member.declares.rstrip("?") not in _TYPES or (type_, name) not in locked:
            continue
        monitor, how = monitors.get(name, (None, ""))
        cases: tuple[tuple[Span | None, str, str, Severity, Certainty], ...] = (
            (monitor, how, f"is passed to Monitor.{how}, which enters the object's monitor", "high", "syntactic"),
            (objects.get(name), "cast", "is converted to an object, whose lock is its monitor", "high", "syntactic"),
            (
                _given(name, code),
                "given",
                "is passed as an argument; as an object, its lock is its monitor",
                "low",
                "assumed",
            ),
        )
        for hit, how, what, severity, certainty in cases:
            if hit is not None:
                found.append(
                    Finding(
                        ID,
                        severity,
                        certainty,
                        f"`{name}` is a System.Threading.Lock and is locked as one, and it {what}.",
                        "Do all users enter the same lock?",
                        lines(outline, hit),
                        (lines(outline, member.span, name),),
                        about=(name, how),
                    )
                )
                break
    return found


def _monitors(code: bytes) -> dict[str, tuple[Span, str]]:
    """What is given to ``Monitor``: by its name the first place, and the method."""
    found: dict[str, tuple[Span, str]] = {}
    for hit in _MONITOR.finditer(code):
        found.setdefault(hit[2].decode("utf-8", "replace"), (Span(*hit.span()), hit[1].decode()))
    return found


def _objects(code: bytes) -> dict[str, Span]:
    """What is turned into an ``object``, alone or as an element of a collection: by its name the first place."""
    found = [(Span(*hit.span()), hit[hit.lastindex or 0]) for hit in _OBJECT.finditer(code)]
    for several in _OBJECTS.finditer(code):
        found += [(Span(several.start(), hit.end()), hit[1]) for hit in _ELEMENT.finditer(code, *several.span(1))]
    return {name.decode("utf-8", "replace"): at for at, name in sorted(found, reverse=True)}


def _given(name: str, code: bytes) -> Span | None:
    """The first place where the name is an argument of anything but ``lock``."""
    for use in own_uses(name, code):
        opening = max(code.rfind(b"(", 0, use.start), code.rfind(b")", 0, use.start))
        is_argument = code[opening : opening + 1] == b"(" and _ENDS_ARGUMENT.match(code, use.end)
        if is_argument and not _LOCKS.search(code[max(0, opening - 8) : opening]):
            return Span(opening, use.end)
    return None
