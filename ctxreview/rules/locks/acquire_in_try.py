"""A wait inside the try whose finally releases.

What it flags
-------------
A wait on a ``SemaphoreSlim`` with a cancellation token or a timeout inside the ``try`` whose ``finally`` releases it.

Why it matters here
-------------------
A cancelled wait throws, and a timed-out wait returns ``false``: nothing was acquired, and the ``finally`` releases
anyway. The semaphore then admits one more than it should.

When it is fine
---------------
A variable records whether the wait succeeded, and the release checks it. A wait without a token, or with
``CancellationToken.None``, cannot be cancelled.

Example
-------
```csharp
class C {
    readonly SemaphoreSlim _slots = new(1);
    async Task M(CancellationToken token) {
        try {
            await _slots.WaitAsync(token);
            Work();
        }
        finally { _slots.Release(); }
    }
}
```

Instead
-------
```csharp
class C {
    readonly SemaphoreSlim _slots = new(1);
    async Task M(CancellationToken token) {
        await _slots.WaitAsync(token);
        try { Work(); }
        finally { _slots.Release(); }
    }
}
```

Source
------
.NET API documentation, ``SemaphoreSlim``: <https://learn.microsoft.com/dotnet/api/system.threading.semaphoreslim>.
Sonar S2222: <https://rules.sonarsource.com/csharp/RSPEC-2222/>.
"""

from __future__ import annotations

import re

from ctxreview.behaviour.lock_usage import masked_source, open_block_headers
from ctxreview.behaviour.places import lines
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.regex import regex
from ctxreview.rules.prefilter import LOCK

ID = "acquire-in-try"
SEVERITY = "high"
LANGUAGES = ("csharp",)
NEEDS = (LOCK,)

_TOKEN = regex(r"(?i)\(.*(?:cancel|token|\bct\b|stopping)")
_TIMED = regex(r"\([^(),]+(?:\([^()]*\))?,")
"""Two arguments, of which the first is a time."""
_NO_TOKEN = regex(r"\bCancellationToken\s*\.\s*None\b")


def check(outline: Outline) -> list[Finding]:
    """Each such wait whose release does not ask whether it succeeded."""
    found = []
    for scope in outline.regions:
        if (
            scope.construct != "SemaphoreSlim"
            or scope.form != "acquire-release"
            or not scope.owner.contains(scope.closing)
        ):
            continue
        wait = _NO_TOKEN.sub("", outline.source.text(scope.opening))
        timed = _TIMED.search(wait) is not None
        if not timed and not _TOKEN.search(wait):
            continue
        code = masked_source(outline)
        around = open_block_headers(code, scope.owner.start, scope.opening.start)
        after = open_block_headers(code, scope.owner.start, scope.closing.start)
        depth = len(around) - 1
        # The acquire's innermost block is a try, and the release's, as deep, the finally of that same try.
        if depth < 1 or len(after) != len(around) or around[-2] != b"try" or after[-2] != b"finally":
            continue
        if not _is_its_finally(code[scope.opening.end : scope.closing.start]) or not (
            timed or around[-1] in (b"", b"await")
        ):
            continue
        if after[-1] not in (b"", b"_ ="):
            continue  # an `if` without braces asks
        found.append(
            Finding(
                ID,
                "high",
                "syntactic",
                f"`{scope.resource}` is acquired inside the try whose finally releases it: it is released even when the wait fails.",
                "If the wait is cancelled or times out, which slot does the finally release?",
                lines(outline, scope.opening, "acquired"),
                (lines(outline, scope.closing, "released"),),
                about=(scope.resource,),
            )
        )
    return found


def _is_its_finally(between: bytes) -> bool:
    """Whether the code after an acquire leaves its try once, and goes on to that try's finally, past its catches."""
    depth, begin = 0, 0
    for hit in re.finditer(rb"[{}]", between):
        if hit[0] == b"}":
            depth -= 1
            begin = hit.end() if depth == -1 else begin
            continue
        if depth == -1 and not re.match(rb"\s*(?:catch\b|finally\b)", between[begin : hit.start()]):
            return False
        depth += 1
    return depth == 0
