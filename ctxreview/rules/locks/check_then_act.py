"""A check of a concurrent dictionary and then an act on the result, in two steps.

What it flags
-------------
``ContainsKey`` or ``TryGetValue`` in a condition, then a write to the same key of the same ``ConcurrentDictionary``;
an entry read and written in one expression (``counts[key]++``). Not under a lock. In an edit: ``TryAdd``,
``TryRemove``, ``GetOrAdd`` or ``AddOrUpdate`` that becomes a check and an act; ``TryUpdate``, ``TryRemove`` of an
entry, or the release of a key by its owner's value, that becomes a change whatever is there; a script that a server
runs in one step and that becomes a look and a change.

Why it matters here
-------------------
Each call is atomic, but the pair is not. Another thread may add, change or remove the entry in between, and its value
is overwritten.

When it is fine
---------------
Every thread would write an equal value and nobody keeps the first one; only one thread writes; or the write is a
``TryAdd`` or ``TryUpdate`` whose result is checked. A value that is made for a missing entry is told as a note, where no
other code puts one, it is no collection or lock, and making it twice changes nothing elsewhere.

Example
-------
```csharp
class C {
    readonly ConcurrentDictionary<int, Session> _open = new();
    Session Get(int id) {
        if (!_open.TryGetValue(id, out var session)) {
            session = new Session(id);
            _open[id] = session;
        }
        return session;
    }
}
```

Instead
-------
```csharp
class C {
    readonly ConcurrentDictionary<int, Session> _open = new();
    Session Get(int id) {
        return _open.GetOrAdd(id, key => new Session(key));
    }
}
```

Source
------
.NET API documentation, ``ConcurrentDictionary``:
<https://learn.microsoft.com/dotnet/api/system.collections.concurrent.concurrentdictionary-2>. ParallelHelper PH_B007:
<https://github.com/Concurrency-Lab/ParallelHelper/blob/master/doc/analyzers/PH_B007.md>.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from ctxreview.behaviour.affected import affected
from ctxreview.behaviour.body import comments_in, facts_named
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.lock_usage import declared, is_called_locked, is_under, locks, masked_source, own_uses
from ctxreview.behaviour.places import lines
from ctxreview.behaviour.publication import divided
from ctxreview.behaviour.weaker import disowned, overwritten
from ctxreview.languages.behaviour import names_of
from ctxreview.model.declarations import Function, Member, Nesting
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Crossing
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.regex import regex
from ctxreview.rules.prefilter import ALWAYS

ID = "check-then-act"
SEVERITY = "medium"
LANGUAGES = ("csharp",)
NEEDS = ("ConcurrentDictionary",)
BEYOND = ALWAYS

_ARGUMENT = rb"((?:[^(),\[\]]|\((?:[^()]|\([^()]*\))*\)|\[[^\[\]]*\])+)"
_LOOK = regex(rb"\bif\s*\(\s*!?\s*(?:this\.)?([\w\x80-\xff]+)\s*\.\s*(ContainsKey|TryGetValue)\s*\(\s*" + _ARGUMENT)
_CREATES = regex(
    rb"\bnew\b|\b(?:\w+\.)*(?:Create|Make|Build|Open|Start|Load|Activator)\w*|(?i:factory|creator?)|await\b"
)
_MEANT = regex(r"(?i)\b(?:concurrent(?:ly)?|twice|more than once|rac(?:e|es|y)|another thread)\b")
_OUT = regex(rb"[^;{}]*?,\s*out\s+(?:[\w.<>\[\]]+\??\s+)?(\w+)\s*\)")
_ENTRY = regex(rb"\s*\[[^\[\]]+\](\s*(?:\+\+|--|[-+*/|&^]=))?")
_STEP = regex(rb"(?:\+\+|--)\s*$")
_BRACE = regex(rb"[{}]")
_PARENTHESIS = regex(rb"[()]")
_CODE = regex(rb"\S")
_IS_FALSE = regex(rb"\)\s*==\s*false\b|\bis\s+false\b")
_PUTS = regex(rb"(?:this\.)?\w+\s*(?:\[[^;]*?\]\s*=(?!=)|\.\s*(?:TryAdd|AddOrUpdate|TryUpdate)\s*\()")
_KEPT_TOO = regex(rb"^\s*\w+\s*=(?!=)")
_VALUE = regex(r"[^<]*<\s*(?:\([^()]*\)|[^<>(),]+(?:<[^()]*?>)?)\s*,\s*(.+)>\??$")
"""The type of a dictionary's values."""
_CHANGED_BY_TAKERS = ("collections", "signals", "waited_on", "concurrent")
_LOCK_MADE = regex(rb"\bnew\s+(?:object|Object)\s*\(")
_AWAITED = regex(
    rb"([;{}]\s*)?\bawait\s+(?!(?:foreach|using)\b)(?:\w+\s*(?:\([^()]*\))?\s*[!?]?\s*\.\s*)*(\w+)\s*(?:<[^()]*>)?\s*\("
)
"""A call that is awaited; first what is before it where nobody takes its value."""
_AWAITED_LOOK = regex(
    rb"(?:Try)?(?:Get|Load|Find|Read|Fetch|Query|Resolve|Look[Uu]p|Compute|Calculate|Select|List|Count|Parse|Deserialize|Download|Build|Make|Determine|Discover|Retrieve|First|Single|To[A-Z]|From[A-Z])\w*"
)
"""Calls that are made for what they give: twice is as good as once."""


def check(outline: Outline) -> list[Finding]:
    """Each look and act on one entry, and each entry counted up in place."""
    if b"ConcurrentDictionary<" not in outline.source.data:
        return []
    code, nesting, held = masked_source(outline), Nesting(outline.functions), locks(outline)
    taken = Crossing(held)
    named: dict[str, Member] = {}
    for (_, name), member in declared(outline).items():
        if simple_type_or_array(member.declares) == "ConcurrentDictionary":
            named.setdefault(name, member)
    looked = _looks(named, code)
    found = []
    for name, member in named.items():
        steps = looked.get(name, ())
        # What the same function puts after the look fills the entry too.
        filling = [
            (Span(s.look.end, around.span.end), _value(s.act, code))
            for s in steps
            if s.fills is not None and (around := nesting.innermost(s.look)) is not None
        ]
        for step in (*steps, *_counts(name, code)):
            at, act = step.look, step.act
            function = nesting.innermost(at)
            if function is None or function.kind == "constructor" or nesting.innermost(act) is not function:
                continue
            if any(s.owner == function.span and is_under(act, s) for s in taken.near(act)):
                continue
            if not is_called_locked(function, outline, held) and not _is_told(at, act, outline):
                harmless = _loses_nothing(step, name, member, outline, filling)
                found.append(_finding(outline, name, member, step, function, harmless))
    return found


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each step of a concurrent collection that an edit takes apart."""
    if b"Concurrent" not in before.source.data:
        return _whatever(before, after, frozenset())
    told = {f.about[-1] for f in check(after) if f.severity != "note"} - {f.about[-1] for f in check(before)}
    found = _whatever(before, after, told)
    for step in divided(comparison(before, after)):
        if step.before.place is None or step.before.place.kind != "inside":
            continue
        name = step.before.place.of.rpartition(".")[2]
        if name in told or any(f.about[:1] == (step.before.name,) for f in found):
            continue
        found.append(
            Finding(
                ID,
                "medium",
                "syntactic",
                f"{step.before.name} checked and changed `{name}` in one step; now there are two steps, and others may change it in between.",
                "If another thread changes the entry in between, is its value lost or used twice?",
                step.now.at,
                (step.before.at._replace(what=f"{step.before.name}, before the edit"),),
                about=(name, step.before.name),
            )
        )
    return found


def _whatever(before: Outline, after: Outline, told: Collection[str]) -> list[Finding]:
    """Each entry or key that is changed whatever it is now, and was only if it was the one that was seen or owned; not of what is ``told``."""
    both = comparison(before, after)
    found = []
    for pair in affected(both):
        for one in (*overwritten(both, pair), *disowned(both, pair)):
            if one.now.place is not None and one.now.place.of.rpartition(".")[2] in told:
                continue
            new = names_of(after.language).has("adds_new", one.before.name)
            found.append(
                Finding(
                    ID,
                    "medium",
                    "resolved",
                    f"{one.before.name} acted only if {'there was no entry' if new else 'the entry still was what was seen'}; {one.now.name if one.now.name.isidentifier() else 'an assignment'} acts whatever is there now.",
                    "What if another thread or process has renewed or taken it in between?",
                    one.now.at._replace(what=""),
                    (one.before.at._replace(what=f"{one.before.name}, before the edit"),),
                    about=(one.before.name, one.now.name),
                )
            )
    return list(dict.fromkeys(found))


class _Step(NamedTuple):
    """A look at an entry and an act on it, one span where one expression does both, and the method that looks.

    ``fills`` is the code between them where the act puts what was made for an entry that was missing.
    """

    look: Span
    act: Span
    how: str
    fills: Span | None = None


def _looks(names: Collection[str], code: bytes) -> dict[str, list[_Step]]:
    """By name: a look in the condition of an ``if``, and the write by that key in its branch or after it."""
    found: dict[str, list[_Step]] = {}
    for hit in _LOOK.finditer(code):
        name = hit[1].decode("utf-8", "replace")
        if name not in names:
            continue
        start = code.find(b")", hit.end())
        # What follows in the same block, which is as far as the look is about it.
        end = _block_end(code, start)
        key = re.escape(b" ".join(hit[3].split()))
        on = rb"(?<![\w.])(?:this\.)?%s" % re.escape(hit[1])
        acts = re.compile(on + rb"\s*(?:\[\s*%s\s*\]\s*=(?!=)|\.\s*(?:AddOrUpdate)\s*\(\s*%s\b)" % (key, key))
        every = list(acts.finditer(code, start, end))
        act = every[0] if every else None
        if act is not None and b"TryAdd" not in code[start : act.start()] and not _keeps_what_it_made(hit, act, code):
            fills = Span(start, every[-1].end()) if _is_fill(hit, act, code) else None
            found.setdefault(name, []).append(_Step(Span(*hit.span()), Span(*act.span()), hit[2].decode(), fills))
    return found


def _is_fill(look: re.Match[bytes], act: re.Match[bytes], code: bytes) -> bool:
    """Whether the act is done for an entry that is missing, and for no other."""
    opened = code.index(b"(", look.start())
    closed = _closed(code, opened + 1, _PARENTHESIS)
    first = _CODE.search(code, closed)
    if first is None:
        return False
    branch = _closed(code, first.end(), _BRACE) if first[0] == b"{" else code.find(b";", closed)
    missing = b"!" in code[opened : look.start(1)] or _IS_FALSE.search(code, look.end(), closed) is not None
    inside = act.start() < branch
    return inside if missing else not inside


def _closed(code: bytes, at: int, marks: re.Pattern[bytes]) -> int:
    """Where the bracket that is open at ``at`` closes, of the kind that ``marks`` finds."""
    depth = 1
    for hit in marks.finditer(code, at):
        depth += 1 if hit[0] in b"({" else -1
        if depth == 0:
            return hit.end()
    return len(code)


def _value(act: Span, code: bytes) -> bytes:
    """What is put, without the variable that keeps it too."""
    return _KEPT_TOO.sub(b"", code[act.end : code.find(b";", act.end)]).strip()


def _loses_nothing(
    step: _Step, name: str, member: Member, outline: Outline, filling: Sequence[tuple[Span, bytes]]
) -> bool:
    """Whether two threads that fill one missing entry only make its value twice, as far as is seen.

    Not where other code puts another value, where each of both values would be changed by who got it, or where making it
    changes something elsewhere.
    """
    if step.fills is None:
        return False
    about, code = names_of(outline.language), masked_source(outline)
    owner, last = outline.function_of(step.look), step.fills.end
    kept = _VALUE.match(member.declares)
    shared = kept is not None and any(simple_type_or_array(kept[1]) in about.of(kind) for kind in _CHANGED_BY_TAKERS)
    if shared:
        return False
    for fact in facts_named(outline, name):
        put = _PUTS.match(code, fact.span.start) if fact.kind == "write" else None
        function = outline.function_of(fact.span) if put is not None else None
        if function is not None and function == owner:
            last = max(last, fact.span.start)
        puts = function is not None and function.kind != "constructor"
        value = _value(Span(fact.span.start, put.end()), code) if put is not None else b""
        if puts and not any(at.start <= fact.span.start < at.end or same == value for at, same in filling):
            return False
    between = code[step.fills.start : last]
    if _LOCK_MADE.search(between):
        return False
    return not any(_AWAITED_LOOK.match(hit[2]) is None or hit[1] for hit in _AWAITED.finditer(between))


def _keeps_what_it_made(look: re.Match[bytes], act: re.Match[bytes], code: bytes) -> bool:
    """Whether an entry that is missing is computed, of nothing that the look gave: two threads may both do so, and nothing is lost.

    What is created may be another object for each of them, and is not such a value.
    """
    given = _OUT.match(code, look.start(3))
    if given is None:
        return False
    name = re.escape(given[1])
    between, value = code[given.end() : act.start()], code[act.end() : code.find(b";", act.end())].strip()
    made = [m[1] for m in re.finditer(rb"(?<![\w.])%s\s*=(?!=)([^;]*)" % name, between)]
    counted = re.search(rb"(?:\+\+|--)\s*%s\b|\b%s\s*(?:\+\+|--|[-+*/%%|&^]=)" % (name, name), between + value)
    created = _CREATES.search(b";".join((*made, value)))
    if (
        not made
        or counted is not None
        or created is not None
        or any(re.search(rb"(?<![\w.])%s\b" % name, m) for m in made)
    ):
        return False
    return value == given[1] or (not made[-1].strip() and re.search(rb"\b%s\b" % name, value) is None)


def _block_end(code: bytes, at: int) -> int:
    """The end of the statement list around ``at``; the branch of an ``if`` at ``at`` included."""
    depth = 0
    for hit in _BRACE.finditer(code, at):
        depth += 1 if hit[0] == b"{" else -1
        if depth < 0 or (depth == 0 and not re.match(rb"\s*else\b", code[hit.end() : hit.end() + 40])):
            return hit.start()
    return len(code)


def _is_told(look: Span, act: Span, outline: Outline) -> bool:
    """Whether a comment between or above them says that two threads may both do it."""
    above = outline.source.line_span(max(1, outline.source.line_of(look.start) - 2)).start
    return any(_MEANT.search(outline.source.text(c)) for c in comments_in(outline, Span(above, act.end)))


def _counts(name: str, code: bytes) -> Iterator[_Step]:
    """An entry counted up, or computed from itself."""
    for at in own_uses(name, code):
        entry = _ENTRY.match(code, at.end)
        before = _STEP.search(code[max(0, at.start - 40) : at.start]) if entry is not None else None
        if entry is not None and (before is not None or entry[1]):
            step = Span(at.start - len(before[0]) if before is not None else at.start, entry.end())
            yield _Step(step, step, "")


def _finding(outline: Outline, name: str, member: Member, step: _Step, function: Function, harmless: bool) -> Finding:
    severity: Severity = "medium" if step.look == step.act else "note" if harmless else "low"
    both = (
        f"{step.how} and a write of the same entry" if step.how else "a read and a write of one entry in one expression"
    )
    return Finding(
        ID,
        severity,
        "syntactic",
        f"{function.name} makes {both} of the concurrent dictionary `{name}`: two steps, and others may change it in between.",
        "If another thread changes the entry in between, is its value lost?",
        lines(outline, step.look),
        (lines(outline, step.act, "acts"), lines(outline, member.span, name)),
        about=(function.name, step.how, name),
    )
