"""An attribute that opens a scope, on a member that nobody calls from outside.

What it flags
-------------
``[UnitOfWork]``, ``[Transaction]``, ``[Transactional]`` or ``[DisableConcurrentExecution]`` on a private or static method of a class.

Why it matters here
-------------------
An interceptor or a job runner opens the scope around a call that it makes or passes on. A private or static method is called directly: no
scope is opened, and nothing says so.

When it is fine
---------------
The attribute is woven into the method when it is compiled.

Example
-------
```csharp
class OrderService {
    public void Ship(int id) { Mark(id); }
    [UnitOfWork]
    private void Mark(int id) { _orders.Find(id).State = 1; }
}
```

Instead
-------
```csharp
class OrderService {
    [UnitOfWork]
    public virtual void Ship(int id) { Mark(id); }
    private void Mark(int id) { _orders.Find(id).State = 1; }
}
```

Source
------
ABP documentation, "Unit of work" (interception by virtual methods or interfaces); Hangfire documentation, job filters.
"""

from __future__ import annotations

import re

from ctxreview.model import Finding, Outline
from ctxreview.rules.places import lines, scope_lines

ID = "scope-attribute"
SEVERITY = "medium"

_INTERCEPTED = (
    "UnitOfWork",
    "Transaction",
    "Transactional",
    "DisableConcurrentExecution",
    "SkipWhenPreviousJobIsRunning",
)
NEEDS = (*_INTERCEPTED, *(f"{name}Attribute" for name in _INTERCEPTED))


def check(outline: Outline) -> list[Finding]:
    """Each such attribute on a member that is not called through an interceptor."""
    found = []
    for scope in outline.holds:
        if scope.form != "attribute" or not scope.span.holds(scope.head):
            continue
        name = re.match(r"\w+(?:\.\w+)*", outline.source.text(scope.head))
        attribute = name[0].rpartition(".")[2].removesuffix("Attribute") if name else ""
        function = next((f for f in outline.functions if f.span == scope.span), None)
        type_ = next(iter(outline.around(scope.span, "type")), None)
        if attribute not in _INTERCEPTED or function is None or function.construct not in ("method", "local function"):
            continue
        if type_ is None or type_.construct not in ("class", "record"):
            continue
        header = outline.source.text(function.head).partition(f"{function.name}")[0]
        words = set(re.findall(r"\w+", re.sub(r"\[[^\]]*\]", "", header)))
        how = "static" if "static" in words else "private" if not words & {"public", "protected", "internal"} else ""
        explicit = re.search(rf"\.\s*{re.escape(function.name)}\s*[(<]", outline.source.text(function.head)) is not None
        if how and not explicit:
            found.append(
                Finding(
                    ID,
                    "medium",
                    "syntactic",
                    f"[{attribute}] stands on {function.name}, which is {how}: a direct call passes no interceptor.",
                    "What opens the scope when this is called from its own type?",
                    lines(outline, scope.head, attribute),
                    (scope_lines(outline, scope),),
                )
            )
    return found
