"""A factory with side effects, passed to GetOrAdd or AddOrUpdate.

What it flags
-------------
A lambda passed to ``GetOrAdd`` or ``AddOrUpdate`` of a ``ConcurrentDictionary`` that writes shared state, makes an
external call, starts a task, or creates a disposable object. Compared before and after an edit: values that were made
once, by a ``Lazy<T>``, and are made by a call of another object for each thread that asks.

Why it matters here
-------------------
The dictionary runs the lambda outside its locks. Two threads that ask for the same key may both run it, and one
result is discarded: its side effect has happened, and what it opened is never closed.

When it is fine
---------------
The factory only creates a value, or the value is a ``Lazy<T>`` that runs once. A variable that it sets is compared with
what the call gave, or a comment says that it may run more than once.

Example
-------
```csharp
class C {
    readonly ConcurrentDictionary<string, FileStream> _files = new();
    FileStream Open(string path) {
        return _files.GetOrAdd(path, p => new FileStream(p, FileMode.Append));
    }
}
```

Instead
-------
```csharp
class C {
    readonly ConcurrentDictionary<string, Lazy<FileStream>> _files = new();
    FileStream Open(string path) {
        return _files.GetOrAdd(path, p => new Lazy<FileStream>(() => new FileStream(p, FileMode.Append))).Value;
    }
}
```

Source
------
.NET API documentation, ``ConcurrentDictionary.GetOrAdd`` (remarks):
<https://learn.microsoft.com/dotnet/api/system.collections.concurrent.concurrentdictionary-2.getoradd>. Issues of .NET:
<https://github.com/dotnet/runtime/issues/62919> and <https://github.com/dotnet/corefx/issues/25609>.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from ctxreview.behaviour.body import comments_in, within
from ctxreview.behaviour.lock_usage import declared, end_of_arguments, is_under, locks, masked_source, own_uses
from ctxreview.behaviour.places import lines
from ctxreview.behaviour.version import version
from ctxreview.model.declarations import Function, Nesting
from ctxreview.model.facts import Fact
from ctxreview.model.kinds import Severity
from ctxreview.model.notation import without_self
from ctxreview.model.outline import Outline, contained_in
from ctxreview.model.regions import Crossing
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.regex import regex
from ctxreview.rules.prefilter import ALWAYS

ID = "concurrent-factory"
SEVERITY = "medium"
LANGUAGES = ("csharp",)
NEEDS = ("ConcurrentDictionary",)
BEYOND = ALWAYS

_ADDS = regex(rb"\s*\.\s*(GetOrAdd|AddOrUpdate)\s*\(")
_SEVERITIES: dict[str, Severity] = {"captured": "low", "look": "note", "number": "note"}
_DRAWN = regex(
    r"\s*(?:\{\s*return\s+)?(?:\(\w+\)\s*)?Interlocked\s*\.\s*Increment\s*\([^()]*\)\s*(?:\.\s*ToString\s*\([^()]*\)\s*)?(?:[-+]\s*\d+\s*)?(?:;\s*\}\s*)?$"
)
"""A factory of the next number, as such or as text."""
_GIVEN = regex(rb"(\w+)\s*=\s*(?:this\s*\.\s*)?$")
"""What the call's value is given to."""
_SAID = regex(
    r"(?i)\bconcurrent(?:ly)?\b|\bmore than once\b|\btwice\b|\brac(?:e|es|y)\b|\b(?:several|other|another|two) threads?\b"
)
_LINES_ABOVE = 4
"""Lines above a call in which a comment is about it."""
_LOOKS = regex(r"^(?:Exists|(?:Read|Get|Enumerate)[A-Z]\w*)$")
_FILES = frozenset(("File", "Directory"))
"""What of files only looks: twice is as good as once."""
_USING = regex(rb"\busing\b")
_OPENED = regex(
    rb"\bnew\s+(\w*(?:Connection|Stream|StreamReader|StreamWriter|Socket|TcpClient|UdpClient|Timer|Process|Thread|Watcher|DbContext"
    rb"|HttpClient|MemoryMappedFile))\s*\("
)


def check(outline: Outline) -> list[Finding]:
    """Each factory with an effect."""
    if b"ConcurrentDictionary<" not in outline.source.data:
        return []
    if b"GetOrAdd" not in outline.source.data and b"AddOrUpdate" not in outline.source.data:
        return []
    names = {
        n
        for (_, n), m in declared(outline).items()
        if simple_type_or_array(m.declares) == "ConcurrentDictionary" and "Lazy<" not in m.declares
    }
    code, nesting, held = masked_source(outline), Nesting(outline.functions), Crossing(locks(outline))
    found = []
    for name in names:
        for use in own_uses(name, code):
            call = _ADDS.match(code, use.end)
            if call is None:
                continue
            at = Span(use.start, call.end())
            around = nesting.innermost(at)
            if around is None or any(s.owner == around.span and is_under(at, s) for s in held.near(at)):
                continue
            whole = Span(at.start, end_of_arguments(code, at.end))
            for factory in contained_in(whole, outline.functions):
                if factory.kind != "lambda" or nesting.innermost(_before(factory)) is not around:
                    continue
                effect = _effect(factory, outline, code, nesting)
                if effect is not None and effect.kind == "captured":
                    after = code[whole.end : around.span.end]
                    effect = effect if _is_asked_later(effect.name, code[at.start - 200 : at.start], after) else None
                if effect is not None and not _is_told(whole, outline):
                    # What a captured variable is told may be meant for this call only; looking twice does no harm.
                    severity = _SEVERITIES.get(effect.kind, "medium")
                    found.append(
                        Finding(
                            ID,
                            severity,
                            "syntactic",
                            f"The factory passed to {call[1].decode()} of `{name}` {effect.words}; two threads that request the same key may both run it.",
                            "What if it runs twice and one result is discarded?",
                            lines(outline, factory.span, "factory"),
                            about=(call[1].decode(), name, effect.kind, effect.name),
                        )
                    )
                    break
    return found


_LAZY = regex(r"\b(?:Async)?Lazy\s*<")
_ON = regex(rb"(?<![\w.])(?:this\s*\.\s*)?(\w+)\s*[!?]?\s*\.\s*(\w+)\s*(?:<[\w<>,.?\s]*>\s*)?\(")
_OWN = regex(rb"(?<![\w.])(?:this\s*\.\s*)?(\w+)\s*(?:<[\w<>,.?\s]*>\s*)?\(")
_NAMED = regex(rb"\s*(?:this\s*\.\s*)?(\w+)(?:\s*\.\s*(\w+))?\s*$")
"""A function that is given by its name."""
_DELEGATE = regex(r"Func$|\w+Factory$")


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each value that a lazy one made once for its key, and that two threads may make now by a call of another object."""
    found: list[Finding] = []
    if b"Lazy<" not in before.source.data or b"GetOrAdd" not in after.source.data:
        return found
    now, code = declared(after), masked_source(after)
    nesting, held = Nesting(after.functions), Crossing(locks(after))
    told = {f.at.start_line for f in check(after)}
    for (home, name), member in declared(before).items():
        new = now.get((home, name))
        if new is None or not _LAZY.search(member.declares) or _LAZY.search(new.declares):
            continue
        if {simple_type_or_array(m.declares) for m in (member, new)} != {"ConcurrentDictionary"}:
            continue
        for use in own_uses(name, code):
            call = _ADDS.match(code, use.end)
            around = nesting.innermost(use)
            if (
                call is None
                or around is None
                or any(s.owner == around.span and is_under(use, s) for s in held.near(use))
            ):
                continue
            whole = Span(use.start, end_of_arguments(code, call.end()))
            asked = _asked(_behind_key(code[call.end() : whole.end - 1]), home, after)
            at = lines(after, whole, "factory")
            if asked and at.start_line not in told and not _is_told(whole, after):
                found.append(
                    Finding(
                        ID,
                        "medium",
                        "resolved",
                        f"A Lazy made each value of `{name}` once; two threads that request the same key may both call {asked} now.",
                        "What if it runs twice and one result is discarded?",
                        at,
                        about=("lazy", name, asked),
                    )
                )
    return found


def _behind_key(arguments: bytes) -> bytes:
    """The arguments of a call without the first one."""
    depth = 0
    for at, one in enumerate(arguments):
        depth += (one in b"([{") - (one in b")]}")
        if depth == 0 and one in b",":
            return arguments[at + 1 :]
    return b""


def _asked(code: bytes, home: str, outline: Outline, *, deep: bool = True) -> str:
    """What a factory calls on an object that the type was given; ``""`` where it only makes a value, as far as it can be told."""
    of = version(outline)

    def is_asked(on: bytes, name: bytes) -> bool:
        state = of.state(home, on.decode("utf-8", "replace"))
        if state is None or of.is_immutable(state.type) or of.is_concurrent(state.type):
            return False
        known = simple_type_or_array(state.type) in of.about.of("collections")
        tells = of.about.pattern("tells_on").search(state.name) is not None
        return not known and not tells and not of.about.has("pure", name.decode("utf-8", "replace"))

    named = _NAMED.match(code)
    pairs = [(h[1], h[2]) for h in _ON.finditer(code)] + ([(named[1], named[2])] if named and named[2] else [])
    hit = next((name for on, name in pairs if is_asked(on, name)), None)
    if hit is not None:
        return hit.decode("utf-8", "replace")
    own = [h[1] for h in _OWN.finditer(code)] + ([named[1]] if named and not named[2] else [])
    for name in (o.decode("utf-8", "replace") for o in own):
        state = of.state(home, name)
        if state is not None and _DELEGATE.match(simple_type_or_array(state.type)):
            return name
        bodies = [f for f in outline.functions if f.container == home and f.name == name and f.kind == "method"]
        if deep and len(bodies) == 1:
            body = masked_source(outline)[bodies[0].opening.end : bodies[0].span.end]
            if _asked(body, home, outline, deep=False):
                return name
    return ""


def _is_told(call: Span, outline: Outline) -> bool:
    """Whether a comment at the call says that the factory may run more than once."""
    first = outline.source.line_span(max(1, outline.source.line_of(call.start) - _LINES_ABOVE)).start
    return any(_SAID.search(outline.source.text(c)) for c in comments_in(outline, Span(first, call.end)))


def _is_asked_later(name: str, before: bytes, after: bytes) -> bool:
    """Whether a variable that the factory sets is read after the call, and not to compare it with what the call gave."""
    read = re.search(rb"(?<![\w.])%s\b" % name.encode(), after)
    given = _GIVEN.search(before)
    if read is None or given is None:
        return read is not None
    one, other = re.escape(name.encode()), re.escape(given[1])
    same = rb"\b%s\s*==\s*%s\b|\b%s\s*,\s*%s\s*\)"
    return not any(re.search(same % (a, b, a, b), after) for a, b in ((one, other), (other, one)))


def _before(scope: Function) -> Span:
    return Span(scope.span.start - 1, scope.span.start)


class _Effect(NamedTuple):
    """What a factory does besides making a value."""

    kind: Literal["state", "captured", "call", "look", "number", "disposable"]
    name: str

    @property
    def words(self) -> str:
        """As it is told to people."""
        match self.kind:
            case "state" | "number":
                return f"writes `{self.name}`"
            case "captured":
                return f"writes the variable `{self.name}`"
            case "call" | "look":
                return f"calls `{self.name}`"
            case "disposable":
                return f"creates a `{self.name}`, which must be disposed"


def _effect(factory: Function, outline: Outline, code: bytes, nesting: Nesting[Function]) -> _Effect | None:
    """The first thing that the factory does besides making a value; a look at a file only where there is nothing else."""
    look: _Effect | None = None
    for fact in within(outline, factory.span):
        if nesting.innermost(fact.span) is factory:
            if fact.kind == "write" and _is_shared(fact, factory, outline):
                if _is_number_drawn(fact, factory, outline):
                    look = look or _Effect("number", _written(fact))
                    continue
                return _Effect("captured" if fact.captured else "state", _written(fact))
            if fact.kind in ("io", "save", "spawn") and not fact.calls and "Invoke" not in fact.name:
                if fact.target.rpartition(".")[2] in _FILES and _LOOKS.match(fact.name) is not None:
                    look = look or _Effect("look", fact.name)
                    continue
                return _Effect("call", fact.name)
    # What the factory disposes of itself is not left behind by the one that runs in vain.
    opened = (
        m for m in _OPENED.finditer(code, factory.opening.end, factory.span.end) if not _ends_here(m, factory, code)
    )
    left = next(opened, None)
    if left is not None:
        return _Effect("disposable", left[1].decode())
    return look


def _ends_here(opened: re.Match[bytes], factory: Function, code: bytes) -> bool:
    """Whether what is created is disposed of when the factory ends: a ``using`` has it, or an object that one has."""
    begin = max(code.rfind(mark, factory.opening.end, opened.start()) for mark in (b";", b"{", b"}"))
    return _USING.search(code, max(begin, factory.opening.start), opened.start()) is not None


def _is_number_drawn(fact: Fact, factory: Function, outline: Outline) -> bool:
    """Whether all that the factory does is to draw the next number, in one step: the one drawn in vain is not used."""
    if not outline.source.text(fact.span).startswith("Interlocked."):
        return False
    written = outline.source.text(Span(factory.opening.end, factory.span.end))
    return _DRAWN.match(written) is not None


def _is_shared(fact: Fact, factory: Function, outline: Outline) -> bool:
    """Whether a write is one of state, of a captured variable, or an atomic one of either; a parameter is its own."""
    if fact.is_state or fact.captured:
        return True
    own = re.findall(r"\w+", outline.source.text(factory.opening))
    return outline.source.text(fact.span).startswith("Interlocked.") and without_self(fact.target) not in own


def _written(fact: Fact) -> str:
    return fact.name if fact.is_state or fact.captured else fact.target
