"""An attribute that opens a scope, on a member that is only called directly.

What it flags
-------------
``[UnitOfWork]``, ``[Transaction]``, ``[Transactional]`` or ``[DisableConcurrentExecution]`` on a private or static
method of a class. Compared before and after an edit: a member without such an attribute that calls one with it
directly.

Why it matters here
-------------------
An interceptor or a job runner opens the scope around a call that it makes or forwards. A private or static method is
called directly: no scope is opened, and nothing reports it.

When it is fine
---------------
The attribute is woven into the method at compile time, or the framework generates the code around the method or calls
it by reflection (Wolverine, CSLA).

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
ABP documentation, "Unit of Work", and Orleans documentation, "Transactions", for interception:
<https://abp.io/docs/latest/framework/architecture/domain-driven-design/unit-of-work> and
<https://learn.microsoft.com/dotnet/orleans/grains/transactions>. The attributes are those of the catalogue
(``constructs.toml``).
"""

from __future__ import annotations

import re

from ctxreview.behaviour.lock_usage import own_calls
from ctxreview.behaviour.member_diff import changes
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.model.declarations import Function
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.regex import regex

ID = "scope-attribute"
SEVERITY = "medium"
LANGUAGES = ("csharp",)

_INTERCEPTED = (
    "UnitOfWork",
    "Transaction",
    "Transactional",
    "DisableConcurrentExecution",
    "SkipWhenPreviousJobIsRunning",
)
_NO_INTERCEPTOR = regex(rb"(?:using|namespace)\s+(?:static\s+)?[\w.]*(?:Wolverine|Csla)")
"""Frameworks that generate the code around the method, or call it by reflection, whatever its modifiers."""
NEEDS = (*_INTERCEPTED, *(f"{name}Attribute" for name in _INTERCEPTED))


def check(outline: Outline) -> list[Finding]:
    """Each such attribute on a member that is not called through an interceptor."""
    found: list[Finding] = []
    if _NO_INTERCEPTOR.search(outline.source.data):
        return found
    for scope, attribute, function in _marked(outline):
        type_ = outline.type_of(scope.span)
        if function.kind not in ("method", "local function"):
            continue
        if type_ is None or type_.kind not in ("class", "record"):
            continue
        header = outline.source.text(function.opening).partition(f"{function.name}")[0]
        words = set(re.findall(r"\w+", re.sub(r"\[[^\]]*\]", "", header)))
        how = "static" if "static" in words else "private" if not words & {"public", "protected", "internal"} else ""
        explicit = (
            re.search(rf"\.\s*{re.escape(function.name)}\s*[(<]", outline.source.text(function.opening)) is not None
        )
        if how and not explicit:
            found.append(
                Finding(
                    ID,
                    "medium",
                    "syntactic",
                    f"[{attribute}] is on {function.name}, which is {how}: a direct call bypasses the interceptor.",
                    "What opens the scope when its own type calls it?",
                    lines(outline, scope.opening, attribute),
                    (scope_lines(outline, scope),),
                    about=(attribute, function.name, how),
                )
            )
    return found


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each direct call of an intercepted method that an edit adds to a member that is not intercepted."""
    marked = {(f.container, f.name): (scope, attribute) for scope, attribute, f in _marked(after)}
    if not marked:
        return []
    found = []
    for change in changes(before, after):
        type_, caller = change.after.key
        if (type_, caller) in marked or any(s.form == "attribute" for s in change.after.holds):
            continue
        old, new = (own_calls(b.outline, b.member.span) for b in (change.before, change.after))
        known = {name for name, _ in old}
        for name, at in new:
            if (type_, name) in marked and name not in known:
                scope, attribute = marked[type_, name]
                found.append(
                    Finding(
                        ID,
                        "medium",
                        "assumed",
                        f"{caller} now calls {name} directly, bypassing the interceptor that opens the scope of [{attribute}].",
                        "Are calls from its own type intercepted, and what opens the scope if not?",
                        change.at(at, name),
                        (scope_lines(after, scope),),
                    )
                )
    return found


def _marked(outline: Outline) -> list[tuple[Region, str, Function]]:
    """The scopes that such an attribute on a member opens, with its name and the member."""
    found = []
    for scope in outline.regions:
        if scope.form != "attribute" or not scope.span.contains(scope.opening):
            continue
        name = re.match(r"\w+(?:\.\w+)*", outline.source.text(scope.opening))
        attribute = name[0].rpartition(".")[2].removesuffix("Attribute") if name else ""
        function = next((f for f in outline.functions if f.span == scope.span), None)
        if attribute in _INTERCEPTED and function is not None:
            found.append((scope, attribute, function))
    return found
