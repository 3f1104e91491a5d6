"""A System.Threading.Lock that is also used as an ordinary object: two different locks.

What it flags
-------------
A field of type ``Lock`` that is taken by ``lock`` or ``EnterScope`` and also given to ``Monitor``, or stored or passed as an ``object``.

Why it matters here
-------------------
``lock`` on a ``Lock`` enters that type's own lock. ``Monitor``, and ``lock`` on the same thing as an ``object``, enter the object's monitor: another lock. The two
do not exclude each other, and ``Monitor.Wait`` and ``Pulse`` throw.

When it is fine
---------------
Every use is a ``lock`` statement or a method of ``Lock``, or the parameter it is given to is a ``Lock`` too.

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

import re

from ctxreview.behaviour.lock_usage import declared, lock_key, masked_source
from ctxreview.behaviour.places import lines
from ctxreview.model.kinds import Certainty, Severity
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.rules.prefilter import LOCKS

ID = "lock-type"
SEVERITY = "high"
LANGUAGES = ("csharp",)
NEEDS = ("Lock",)
BEYOND = LOCKS

_TYPES = frozenset({"Lock", "System.Threading.Lock", "Threading.Lock"})


def check(outline: Outline) -> list[Finding]:
    """Each use of a ``Lock`` field as an object."""
    if not any(m.declares.rstrip("?") in _TYPES for m in outline.members):
        return []
    locked = {(s.container, lock_key(s)) for s in outline.regions if s.construct in ("lock", "Lock")}
    code = masked_source(outline)
    found = []
    for (type_, name), member in declared(outline).items():
        # A type of the project may be named Lock too; one that is locked by `lock` is not.
        if member.declares.rstrip("?") not in _TYPES or (type_, name) not in locked:
            continue
        word = re.escape(name.encode())
        monitor = re.search(rb"\bMonitor\s*\.\s*(\w+)\s*\(\s*(?:this\.)?%s\b" % word, code)
        cast = re.search(
            rb"\(\s*object\s*\)\s*(?:this\.)?%(n)s\b|\bobject\??\s+\w+\s*=>?\s*(?:this\.)?%(n)s\s*;"
            rb"|\bobject\??\s+\w+\s*\{\s*get\s*(?:=>|\{\s*return)\s*(?:this\.)?%(n)s\s*;"
            rb"|\b(?:<object\??>\s*(?:\([^()]*\))?|\bobject\??\[\d*\])\s*\{[^{}]*(?<![\w.])(?:this\.)?%(n)s\s*[,}]"
            % {b"n": word},
            code,
        )
        given = re.search(rb"(?<!\block)(?<!\block )\([^()]*?(?<![\w.])(?:this\.)?%s\s*[,)]" % word, code)
        cases: tuple[tuple[re.Match[bytes] | None, str, str, Severity, Certainty], ...] = (
            (
                monitor,
                monitor[1].decode() if monitor else "",
                f"is given to Monitor.{monitor[1].decode() if monitor else ''}, which enters the object's monitor",
                "high",
                "syntactic",
            ),
            (cast, "cast", "is turned into an object, whose lock is its monitor", "high", "syntactic"),
            (given, "given", "is passed on; where it arrives as an object, its lock is its monitor", "low", "assumed"),
        )
        for hit, how, what, severity, certainty in cases:
            if hit is not None:
                found.append(
                    Finding(
                        ID,
                        severity,
                        certainty,
                        f"`{name}` is a System.Threading.Lock and is locked as one, and it {what}.",
                        "Do all its users enter the same lock?",
                        lines(outline, Span(*hit.span())),
                        (lines(outline, member.span, name),),
                        about=(name, how),
                    )
                )
                break
    return found
