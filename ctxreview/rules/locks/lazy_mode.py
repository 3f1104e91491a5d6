"""A lazy value in a mode that is not thread-safe, or that lets several threads create it.

What it flags
-------------
A static ``Lazy<T>`` in mode ``None``. Compared before and after an edit: the mode of a ``Lazy<T>`` field changed to
``None`` or ``PublicationOnly``; a static field that was initialized with the type and is now filled on first use,
under no lock.

Why it matters here
-------------------
The default mode runs the factory once while other threads wait, and the runtime does the same for a static
constructor. ``PublicationOnly`` lets several threads run it and keeps one result; ``None`` is not thread-safe at all.

When it is fine
---------------
Only one thread uses the value, every use is under a lock, or the factory may safely run twice.

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
.NET API documentation, ``LazyThreadSafetyMode``:
<https://learn.microsoft.com/dotnet/api/system.threading.lazythreadsafetymode>. For the rule itself no document or
analyser was checked.
"""

from __future__ import annotations

import re

from ctxreview.behaviour.body import facts_named
from ctxreview.behaviour.lock_usage import Use, declared, locked_uses, locks, masked_source, modifiers
from ctxreview.behaviour.places import lines
from ctxreview.model.declarations import Member
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.regex import regex
from ctxreview.rules.prefilter import ALWAYS

ID = "lazy-mode"
SEVERITY = "medium"
LANGUAGES = ("csharp",)
NEEDS = ("Lazy",)
BEYOND = ALWAYS

_MODE = regex(
    r"\bLazyThreadSafetyMode\s*\.\s*(\w+)|,\s*(?:isThreadSafe\s*:\s*)?(false|true)\s*\)\s*;?\s*$|\bnew\s*(?:\w+\s*<[^()]*>\s*)?\(\s*(?:isThreadSafe\s*:\s*)?(false|true)\s*\)"
)
_SAYS = {
    "None": "is not thread-safe",
    "PublicationOnly": "lets several threads run the factory",
}


def check(outline: Outline) -> list[Finding]:
    """Each static lazy value in mode ``None``."""
    if b"Lazy<" not in outline.source.data:
        return []
    return [
        _finding(outline, name, member, f"`{name}` is static, and its Lazy uses mode None, which {_SAYS['None']}.")
        for (_, name), member in declared(outline).items()
        if simple_type_or_array(member.declares) == "Lazy"
        and _mode(outline, name, member) == "None"
        and "static" in (words := modifiers(member, outline))
        and "ThreadStatic" not in words
    ]


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each lazy value whose mode an edit weakens."""
    now = declared(after)
    found = _filled_late(before, after)
    if b"Lazy<" not in before.source.data:
        return found
    for key, member in declared(before).items():
        if (
            simple_type_or_array(member.declares) != "Lazy"
            or key not in now
            or simple_type_or_array(now[key].declares) != "Lazy"
        ):
            continue
        old, new = _mode(before, key[1], member), _mode(after, key[1], now[key])
        static = "static" in modifiers(now[key], after)
        # A static one in mode None is a hazard on its own, and told as such.
        if new in _SAYS and old not in (new, "None") and not (static and new == "None"):
            message = f"The edit changes the mode of the Lazy `{key[1]}` from {old} to {new}, which {_SAYS[new]}."
            found.append(_finding(after, key[1], now[key], message))
    return found or _kept_elsewhere(before, after)


_STRONG = regex(rb"\bnew\s+Lazy\s*<|\bLazyThreadSafetyMode\s*\.\s*ExecutionAndPublication\b")
_WEAK = regex(rb"\bLazyThreadSafetyMode\s*\.\s*(None|PublicationOnly)\b")


def _kept_elsewhere(before: Outline, after: Outline) -> list[Finding]:
    """The first lazy value that no field declares, as an entry of a dictionary, and whose mode an edit weakens."""
    old, new = masked_source(before), masked_source(after)
    weak = list(_WEAK.finditer(new))
    fewer = len(_STRONG.findall(new)) - len(weak) < len(_STRONG.findall(old)) - len(_WEAK.findall(old))
    if not fewer or len(weak) <= len(_WEAK.findall(old)):
        return []
    mode = weak[-1][1].decode()
    return [
        Finding(
            ID,
            "medium",
            "syntactic",
            f"The edit makes a Lazy in mode {mode}, which {_SAYS[mode]}.",
            "Can two threads request it at the same time, and what if its factory runs twice?",
            lines(after, Span(*weak[-1].span())),
            about=("Lazy", mode),
        )
    ]


def _filled_late(before: Outline, after: Outline) -> list[Finding]:
    """Each static field that the runtime filled once, and that any thread may fill now."""
    late = {u.state: u for u in _late(after)} if b"static" in after.source.data else {}
    if not late:
        return []
    known = {u.state for u in _late(before)}
    return [
        Finding(
            ID,
            "medium",
            "syntactic",
            f"`{name}` was initialized once, with {type_}; now two threads may initialize it at the same time.",
            "What if it is created twice, and one instance is discarded while in use?",
            lines(after, late[type_, name].fact.span, name),
        )
        for (type_, name), member in declared(before).items()
        if (type_, name) in late and (type_, name) not in known and _is_initialized(before, type_, name, member)
    ]


def _late(outline: Outline) -> list[Use]:
    """The writes of static fields that first look whether they are empty, without a lock."""
    found = []
    for use in locked_uses(outline, locks(outline)):
        fact = use.fact
        if fact.kind != "write" or not fact.is_static or use.gates:
            continue
        name = re.escape(fact.spelled)
        above = outline.source.text(Span(max(use.function.span.start, fact.span.start - 200), fact.span.start))
        looks = re.search(rf"\bif\s*\(\s*(?:\w+\.)?{name}\s*(?:==|is)\s*(?:null|default)\s*\)[\s{{]*(?:\w+\.)?$", above)
        if looks or re.match(rf"(?:\w+\.)?{name}\s*\?\?=", outline.source.text(fact.span)):
            found.append(use)
    return found


def _is_initialized(outline: Outline, type_: str, name: str, member: Member) -> bool:
    """Whether a static field gets its value in its declaration or in the static constructor."""
    if "static" not in modifiers(member, outline):
        return False
    if re.search(rf"\b{re.escape(name)}\s*=(?!\s*null\b)", outline.source.text(member.span)):
        return True
    makers = [f for f in outline.functions if f.kind == "constructor" and f.container == type_]
    static = [f for f in makers if re.match(r"[^(]*\bstatic\b", outline.source.text(f.span))]
    written = [f.span for f in facts_named(outline, name) if f.kind == "write"] if static else []
    return any(s.span.contains(at) for at in written for s in static)


def _finding(outline: Outline, name: str, member: Member, message: str) -> Finding:
    question = "Can two threads request it at the same time, and what if its factory runs twice?"
    return Finding(ID, "medium", "syntactic", message, question, lines(outline, member.span, name), about=(name,))


def _mode(outline: Outline, name: str, member: Member) -> str:
    """The mode in the declaration, or in what is assigned to it elsewhere; the default where none is written."""
    written = [outline.source.text(member.span)]
    written += [outline.source.text(f.span) for f in facts_named(outline, name) if f.kind == "write"]
    for text in written:
        told = _MODE.search(text)
        if told:
            return told[1] or ("None" if "false" in (told[2], told[3]) else "ExecutionAndPublication")
    return "ExecutionAndPublication"
