"""A lazy value whose mode lets several threads make it, or is not made for several threads.

What it flags
-------------
A static ``Lazy<T>`` in mode ``None``. Compared before and after an edit: the mode of a ``Lazy<T>`` field changed to ``None`` or
``PublicationOnly``.

Why it matters here
-------------------
The default runs the factory once and makes the others wait. ``PublicationOnly`` lets several threads run it and keeps one result;
``None`` does nothing for several threads at all.

When it is fine
---------------
Only one thread uses the value, every use is under a lock, or the factory has no effect that counts when it happens twice.

Example
-------
```csharp
class C {
    static readonly Lazy<Client> s_client = new(() => new Client(), LazyThreadSafetyMode.None);
}
```

Instead
-------
```csharp
class C {
    static readonly Lazy<Client> s_client = new(() => new Client());
}
```

Source
------
Background knowledge: no document or analyser was checked for this rule.
"""

from __future__ import annotations

import re

from ctxreview.model import Finding, Member, Outline
from ctxreview.rules.evidence import ALWAYS
from ctxreview.rules.guarded import declared, modifiers, simple
from ctxreview.rules.places import lines

ID = "lazy-mode"
SEVERITY = "medium"
NEEDS = ("Lazy",)
BEYOND = ALWAYS

_MODE = re.compile(
    r"\bLazyThreadSafetyMode\s*\.\s*(\w+)|,\s*(?:isThreadSafe\s*:\s*)?(false|true)\s*\)\s*;?\s*$|\(\s*(false|true)\s*\)"
)
_SAYS = {
    "None": "does nothing for several threads",
    "PublicationOnly": "lets several threads run the factory",
}


def check(outline: Outline) -> list[Finding]:
    """Each static lazy value in mode ``None``."""
    if b"Lazy<" not in outline.source.data:
        return []
    return [
        _finding(outline, name, member, f"`{name}` is static, and its Lazy has the mode None, which {_SAYS['None']}.")
        for (_, name), member in declared(outline).items()
        if simple(member.declares) == "Lazy"
        and _mode(outline, name, member) == "None"
        and "static" in (words := modifiers(member, outline))
        and "ThreadStatic" not in words
    ]


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each lazy value whose mode an edit weakens."""
    if b"Lazy<" not in before.source.data:
        return []
    now = declared(after)
    found = []
    for key, member in declared(before).items():
        if simple(member.declares) != "Lazy" or key not in now or simple(now[key].declares) != "Lazy":
            continue
        old, new = _mode(before, key[1], member), _mode(after, key[1], now[key])
        static = "static" in modifiers(now[key], after)
        # A static one in mode None is a hazard by itself, and told as such.
        if new in _SAYS and old not in (new, "None") and not (static and new == "None"):
            message = f"The edit changes the mode of the Lazy `{key[1]}` from {old} to {new}, which {_SAYS[new]}."
            found.append(_finding(after, key[1], now[key], message))
    return found


def _finding(outline: Outline, name: str, member: Member, message: str) -> Finding:
    question = "Can two threads ask for it at the same time, and what if its factory runs twice?"
    return Finding(ID, "medium", "syntactic", message, question, lines(outline, member.span, name))


def _mode(outline: Outline, name: str, member: Member) -> str:
    """The mode in the declaration, or in what is assigned to it elsewhere; the default where none is written."""
    written = [outline.source.text(member.span)]
    written += [outline.source.text(f.span) for f in outline.facts if f.kind == "write" and f.name == name]
    for text in written:
        told = _MODE.search(text)
        if told:
            return told[1] or ("None" if "false" in (told[2], told[3]) else "ExecutionAndPublication")
    return "ExecutionAndPublication"
