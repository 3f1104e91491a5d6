"""The check before a lock does not cover everything that is set up under it.

What it flags
-------------
Double-checked locking (``if``, lock, the same ``if``) where the condition reads a non-volatile flag and something
else is set up under the lock; where the checked field is written before the rest; or where the field is wider than a
reference.

Why it matters here
-------------------
A thread that finds the condition met takes no lock. It may see the flag but not yet the data, an object that is not
fully initialized, or half of a value.

When it is fine
---------------
.NET's memory model lists the form on a single reference field, assigned once and after the object is complete, as
correct, with or without ``volatile``. A volatile flag that is set last is correct too.

Example
-------
```csharp
class C {
    readonly object _gate = new();
    bool _ready;
    Settings _settings;
    Settings Get() {
        if (!_ready) {
            lock (_gate) {
                if (!_ready) {
                    _settings = Load();
                    _ready = true;
                }
            }
        }
        return _settings;
    }
}
```

Instead
-------
```csharp
class C {
    readonly object _gate = new();
    Settings _settings;
    Settings Get() {
        if (_settings == null) {
            lock (_gate) {
                if (_settings == null) { _settings = Load(); }
            }
        }
        return _settings;
    }
}
```

Source
------
.NET runtime, memory model (the reference-field form is correct):
<https://github.com/dotnet/runtime/blob/main/docs/design/specs/Memory-model.md>. CodeQL
``cs/unsafe-double-checked-lock``: <https://codeql.github.com/codeql-query-help/csharp/cs-unsafe-double-checked-lock/>.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from ctxreview.behaviour.body import within
from ctxreview.behaviour.lock_usage import (
    declared,
    is_collection,
    is_under,
    masked_source,
    open_block_headers,
    own_calls,
)
from ctxreview.behaviour.places import lines, scope_lines
from ctxreview.languages.behaviour import names_of
from ctxreview.model.declarations import Member
from ctxreview.model.facts import Fact
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.regex import regex

ID = "double-checked-lock"
SEVERITY = "medium"
LANGUAGES = ("csharp",)
NEEDS = ("lock",)

_FLAGS = frozenset({"bool", "int", "byte", "short", "uint", "char"})
_NO_CALLS = frozenset({"if", "nameof", "lock", "typeof", "while", "foreach", "for", "using", "catch"})
_IF = regex(rb"\bif\s*\((.*)\)\s*$", re.DOTALL)
_INNER = regex(rb"\s*\{\s*if\s*\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)")


def check(outline: Outline) -> list[Finding]:
    """Each lock that looks twice at something that does not stand for the rest."""
    found: list[Finding] = []
    own: dict[tuple[str, str], Member] = {}
    for scope in outline.regions:
        if scope.construct != "lock" or not scope.owner.size:
            continue
        code = masked_source(outline)
        inner = _INNER.match(code, scope.opening.end)
        if inner is None:
            continue
        around = open_block_headers(code, scope.owner.start, scope.opening.start)
        # Without braces the `if` is before the lock itself, with braces before theirs.
        outer = next((m for h in (around[-1], *around[-2:-1]) if (m := _IF.search(h))), None)
        if outer is None:
            continue
        own = own or declared(outline)
        under = [
            f
            for f in within(outline, scope.span)
            if is_under(f.span, scope) and outline.under(f.span, scope) and not scope.opening.contains(f.span)
        ]
        writes = [f for f in under if f.kind == "write" and f.is_state and f.span.start >= inner.end()]
        looked = [
            f for f in writes if _names(outer[1], f.spelled) and _names(inner[1], f.spelled) and _assigns(f, code)
        ]
        if looked:
            doubt = _unsafe(looked[0], writes, scope, outer[1], own.get((scope.container, looked[0].name)), outline)
            if doubt is not None:
                found.append(_finding(outline, scope, looked[0], doubt))
    return found


def _names(condition: bytes, name: str) -> bool:
    return re.search(rb"(?<![\w.])(?:this\.)?%s\b" % re.escape(name.encode()), condition) is not None


def _assigns(fact: Fact, code: bytes) -> bool:
    """Whether the field itself gets a value, and not an entry of what it holds."""
    name = re.escape(fact.spelled.encode())
    return re.match(rb"(?:this\.)?%s\s*(?:\?\?)?=[^=]" % name, code[fact.span.start : fact.span.end + 1]) is not None


_BARRIER = regex(rb"\bMemoryBarrier\s*\(")
_EMPTIED = regex(rb"=\s*(?:null|default)!?\s*$")


class _Doubt(NamedTuple):
    """What speaks against the form: of which kind it is, the other thing that matters, and both in words."""

    kind: Literal["flag", "ordinary", "ordinary call", "wide", "later", "used", "empty"]
    other: str
    words: str


def _unsafe(
    looked: Fact, writes: list[Fact], scope: Region, condition: bytes, member: Member | None, outline: Outline
) -> _Doubt | None:
    """What speaks against the form."""
    if member is None:
        return None
    code = masked_source(outline)
    others = [f for f in writes if f.name != looked.name]
    # What the value does to others comes before the field gets it.
    later = next((f for f in others if f.span.start > looked.span.start and not looked.span.contains(f.span)), None)
    type_ = simple_type_or_array(member.declares) or member.declares
    nullable = member.declares.endswith("?")
    if type_ in _FLAGS and not nullable:
        if later is not None and _sets(looked, code):
            return _Doubt("flag", later.name, f"`{looked.name}` is set before `{later.name}` is written")
        written = code[scope.opening.end : looked.span.start]
        ordered = looked.is_volatile or b"Volatile.Read" in condition or _BARRIER.search(written) is not None
        return None if ordered else _flag(looked, others, scope, outline)
    if type_ in names_of(outline.language).of("wide") or (type_ in _FLAGS and nullable):
        words = f"`{looked.name}` is a {member.declares}, which is not read atomically on every platform"
        return _Doubt("wide", member.declares, words)
    asks_of_it = re.search(rb"(?<![\w.])(?:this\.)?%s\s*\.\s*\w" % re.escape(looked.spelled.encode()), condition)
    if later is not None and _EMPTIED.search(code[slice(*looked.span)]):
        return None  # it is taken out, and nobody sees it any more
    if later is not None and asks_of_it is None:  # what is in there is asked for, and not whether it is there
        return _Doubt(
            "later", later.name, f"`{later.name}` is written after `{looked.name}`, which others may already see"
        )
    return _unfinished(looked, type_, scope, outline)


def _flag(looked: Fact, others: list[Fact], scope: Region, outline: Outline) -> _Doubt | None:
    """What an ordinary flag stands for."""
    calls = [n for n, _ in own_calls(outline, Span(scope.opening.end, scope.span.end)) if n not in _NO_CALLS]
    if not others and not calls:
        return None
    other = f"`{others[0].name}`" if others else f"what {calls[0]} does"
    words = f"`{looked.name}` is not volatile and stands for {other}"
    return _Doubt("ordinary" if others else "ordinary call", others[0].name if others else calls[0], words)


def _used(looked: Fact, scope: Region, code: bytes) -> bool:
    """Whether a member of the new object is called or set under the lock, after others see it."""
    rest = code[looked.span.end : scope.span.end]
    name = re.escape(looked.spelled.encode())
    used = re.search(rb"(?<![\w.])(?:this\.)?%s\s*[!?]?(?:\.\s*\w+\s*(?:\(|=[^=])|\[[^\]]*\]\s*=[^=])" % name, rest)
    return used is not None and not re.search(rb"\breturn\b", rest[: used.start()])


def _unfinished(looked: Fact, type_: str, scope: Region, outline: Outline) -> _Doubt | None:
    """Whether others see the object before it is set up: it is used, or a method that may fill it is called, after."""
    code = masked_source(outline)
    if _used(looked, scope, code):
        return _Doubt("used", "", f"`{looked.name}` is used after it is assigned, when others may use it too")
    value = code[looked.span.start : looked.span.end].partition(b"=")[2].strip()
    if not is_collection(type_, outline) or not re.match(rb"new\b[\w\s<>,.?\[\]]*\(\s*\)$|\[\s*\]$", value):
        return None
    calls = [n for n, _ in own_calls(outline, Span(looked.span.end, scope.span.end)) if n not in _NO_CALLS]
    if not calls:
        return None
    return _Doubt("empty", calls[0], f"`{looked.name}` is assigned empty before {calls[0]} is called")


def _sets(fact: Fact, code: bytes) -> bool:
    return re.search(rb"=\s*(true|1)\s*$", code[fact.span.start : fact.span.end]) is not None


def _finding(outline: Outline, scope: Region, looked: Fact, doubt: _Doubt) -> Finding:
    return Finding(
        ID,
        "medium",
        "syntactic",
        f"A check of `{looked.name}` skips the lock on `{scope.resource}`, and {doubt.words}.",
        "Can a thread that skips the lock see one without the other?",
        lines(outline, scope.opening, scope.construct),
        (lines(outline, looked.span, f"writes {looked.name}"), scope_lines(outline, scope)),
        about=(scope.resource, looked.name, doubt.kind, doubt.other),
    )
