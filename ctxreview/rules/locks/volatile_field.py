"""A volatile field that is incremented, or that stops being volatile.

What it flags
-------------
``++``, ``--`` or a compound assignment on a ``volatile`` field outside a lock. Compared before and after an edit:
the modifier or a ``Volatile.Read`` removed from a field that is still shared; an atomic ``Interlocked`` operation
that becomes an ordinary one or a read and a write, also on an element of an array, that compared or set the field
and now sets or adds whatever is there, or whose result is read again from the field; state that was read once into
a variable and is read anew for each use; a look that stood behind the write of a flag and stands before it, while
another thread changes what is looked at and then looks at the flag. Also a field that becomes volatile, a
collection that was used without a lock and becomes a concurrent one, and a field that is removed together with its
atomic operations: threads then see each other's writes differently.

Why it matters here
-------------------
``volatile`` orders reads and writes, but does not make a read and a write one step: two threads that increment at the
same time may count once. Without it the compiler may read the field once before a loop and never again.

When it is fine
---------------
Only one thread ever writes the field, or every use is under a lock or goes through ``Interlocked`` or ``Volatile``.

Example
-------
```csharp
class C {
    volatile int _n;
    void M() { _n++; }
}
```

Instead
-------
```csharp
class C {
    int _n;
    void M() { Interlocked.Increment(ref _n); }
}
```

Source
------
.NET runtime, memory model (the example with a flag):
<https://github.com/dotnet/runtime/blob/main/docs/design/specs/Memory-model.md>. PVS-Studio V3147 and ParallelHelper
PH_B006 (increment): <https://pvs-studio.com/en/docs/warnings/v3147/>,
<https://github.com/Concurrency-Lab/ParallelHelper/blob/master/doc/analyzers/PH_B006.md>. PVS-Studio V3032 (loop on a
field): <https://pvs-studio.com/en/docs/warnings/v3032/>.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator

from ctxreview.behaviour.affected import affected
from ctxreview.behaviour.comparison import comparison
from ctxreview.behaviour.effects import Effect
from ctxreview.behaviour.handshake import early
from ctxreview.behaviour.let_in import let_in
from ctxreview.behaviour.lock_usage import (
    Use,
    declared,
    is_said,
    is_said_to_be_held,
    is_under,
    locked_uses,
    locks,
    masked_source,
    modifiers,
)
from ctxreview.behaviour.pairing import pairing
from ctxreview.behaviour.pinned import unpinned
from ctxreview.behaviour.places import lines
from ctxreview.behaviour.publication import Resynchronised, divided, respecified, resynchronised, unasked
from ctxreview.behaviour.skipped import unconditional
from ctxreview.languages.behaviour import Behaviour, names_of
from ctxreview.model.declarations import Member, Nesting
from ctxreview.model.facts import Fact
from ctxreview.model.kinds import Severity
from ctxreview.model.notation import without_self
from ctxreview.model.outline import Outline
from ctxreview.model.phrases import listed
from ctxreview.model.review import Finding
from ctxreview.model.source import Lines, Span
from ctxreview.regex import regex
from ctxreview.rules.locks.concurrent_collection import torn
from ctxreview.rules.prefilter import ALWAYS
from ctxreview.workspace.code_of_tests import is_test_code

ID = "volatile-field"
SEVERITY = "medium"
LANGUAGES = ("csharp",)
NEEDS = ("volatile",)
BEYOND = ALWAYS

_ONE_THREAD = regex(rb"(?i)\b(?:main|ui|same|single|one|owning)[- ]thread\b")
"""What a comment says of a function that one thread alone runs."""
_COMPOUND = regex(r"(\+\+|--)|[^=!<>](\+|-|\*|/|%|&|\||\^|<<|>>)=[^=]")


def check(outline: Outline) -> list[Finding]:
    """Each read and write in one expression of a volatile field, outside every lock."""
    if not any(f.kind == "write" and f.is_volatile for f in outline.facts):
        return []
    found = []
    # A test counts on the threads that it starts, mostly each on its own.
    severity: Severity = "note" if is_test_code(outline.source.path) else "medium"
    for use in locked_uses(outline, locks(outline)):
        fact = use.fact
        if fact.kind != "write" or not fact.is_volatile or use.gates:
            continue
        if use.member.kind == "constructor" or is_said_to_be_held(use.member, outline):
            continue
        if is_said(use.member, outline, _ONE_THREAD) or (
            use.member.kind == "accessor" and _is_set_locked(use, outline)
        ):
            continue
        if _COMPOUND.search(outline.source.text(fact.span)) and not _is_of_element(fact, outline):
            found.append(
                Finding(
                    ID,
                    severity,
                    "syntactic",
                    f"`{fact.name}` is volatile, and this expression both reads and writes it, which is not atomic.",
                    "Can two threads run this at the same time? If so, it needs Interlocked or a lock.",
                    lines(outline, fact.span),
                    about=(fact.name,),
                )
            )
    return found


def _is_of_element(fact: Fact, outline: Outline) -> bool:
    """Whether what is written is an entry of what the field has: volatile is the reference alone."""
    return (
        re.match(rf"(?:\+\+|--)?\s*(?:\w+\s*\.\s*)?{re.escape(fact.spelled)}\s*\[", outline.source.text(fact.span))
        is not None
    )


def _is_set_locked(use: Use, outline: Outline) -> bool:
    """Whether every assignment of the property that an accessor belongs to is under a lock."""
    name = use.member.name.partition(".")[0].encode()
    code, held = masked_source(outline), locks(outline)
    sets = [
        Span(*hit.span()) for hit in re.finditer(rb"(?<![\w.])(?:this\s*\.\s*)?%s\s*=(?![=>])" % re.escape(name), code)
    ]
    return bool(sets) and all(any(is_under(at, s) for s in held) for at in sets)


def compare(before: Outline, after: Outline) -> list[Finding]:
    """Each field that an edit makes an ordinary one, each ordinary read that was a ``Volatile.Read``, each step that was indivisible."""
    steps = _divided(before, after) if b"Interlocked" in before.source.data else []
    told_of = {f.about[0] for f in steps}
    steps += [f for f in _unasked(before, after) if f.about[0] not in told_of]
    told = {f.at for f in steps}
    steps += [f for f in _respecified(before, after) if f.at not in told]
    steps += [*_resynchronised(before, after), *_unconditional(before, after), *_read_anew(before, after)]
    steps += _looked_early(before, after)
    if b"olatile" not in before.source.data:
        return steps
    now = declared(after)
    found = []
    for state, member in declared(before).items():
        words = modifiers(member, before)
        if "volatile" in words and state in now and not {"volatile", "readonly"} & modifiers(now[state], after):
            found += list(_ordinary(state, now[state], f"`{state[1]}` is no longer volatile", after))
    both = pairing(before, after)
    reads = _volatile_reads(before, both.key_before)
    for key, count in _volatile_reads(after, both.key_after).items():
        reads[key] = reads.get(key, 0) - count
    for (function, name), lost in reads.items():
        member_ = next((m for (_, n), m in now.items() if n == name), None)
        plain = [f for f in after.facts if f.is_state and f.name == name and both.key_after(f.span) == function]
        if lost > 0 and plain and member_ is not None and "volatile" not in modifiers(member_, after):
            what = f"`{name}` is no longer read by Volatile.Read in {_name_around(after, plain[0].span)}"
            found += list(_ordinary(("", name), member_, what, after, plain[0].span))
    return found + steps


def _divided(before: Outline, after: Outline) -> list[Finding]:
    found, about = [], names_of(after.language)
    for step in divided(comparison(before, after)):
        if step.before.place is None or (step.before.place.kind != "state" and not _is_on_variable(step.before, about)):
            continue  # a collection's: see check-then-act
        name = (step.now.place.key if step.now.place is not None else step.now.name).rpartition(".")[2]
        name = name.replace("[*]", "[]")
        if step.again is None:
            message = f"`{name}` is no longer changed in one step: between its read and its write another thread may change it."
            question = "Does another thread change it, and is that change then lost?"
        else:
            message = f"`{name}` is read again where the result of {step.before.name} was used: another thread may have changed it since."
            question = "Must this be the value that the operation itself returned?"
        was = step.before.at._replace(what=f"{step.before.name}, before the edit")
        at = step.now.at if step.again is None else step.again.at
        found.append(Finding(ID, "high", "syntactic", message, question, at, (was,), about=(name, step.before.name)))
    return found


def _is_on_variable(step: Effect, about: Behaviour) -> bool:
    """Whether a step is one on a variable that it is given, which may be an element of an array."""
    return any(about.has(kind, step.name) for kind in ("steps_compare", "steps_set", "steps_add"))


def _unasked(before: Outline, after: Outline) -> list[Finding]:
    both, found = comparison(before, after), []
    gone = [(one.step, one.work, "is not asked any more") for one in let_in(both)]
    for step, now, how in [*((s.before, s.now, "decides nothing any more") for s in unasked(both)), *gone]:
        name = step.place.of.rpartition(".")[2] if step.place is not None else step.name
        message = f"What {step.name} answers of `{name}` {how}: who comes second goes on like the first."
        was = step.at._replace(what=f"{step.name}, before the edit")
        question = "Which of two threads that come here at once may go on?"
        found.append(Finding(ID, "high", "resolved", message, question, now.at, (was,), about=(name, step.name)))
    return found


def _read_anew(before: Outline, after: Outline) -> Iterator[Finding]:
    both = comparison(before, after)
    for pair in both.changed:
        for one in unpinned(both, pair):
            name = one.read.name
            yield Finding(
                ID,
                "medium",
                "resolved" if pair.understood else "syntactic",
                f"`{name}` was read once in {pair.before.function.name}, and is read {len(one.again)} times now: another thread may change it in between.",
                "Must all of these uses see the same value?",
                lines(after, one.again[-1].span),
                (lines(before, one.read.span, "read once, before the edit"),),
                about=(name, "anew"),
            )


def _looked_early(before: Outline, after: Outline) -> Iterator[Finding]:
    both = comparison(before, after)
    for pair in both.changed:
        for one in early(both, pair):
            name, flag = (
                (e.place.of or e.place.key).rpartition(".")[2] for e in (one.look, one.flag) if e.place is not None
            )
            yield Finding(
                ID,
                "high",
                "resolved",
                f"{pair.after.function.name} looks at `{name}` before it writes `{flag}`; it looked behind that. {one.name} changes `{name}` and then looks at `{flag}`: what it does in between is seen by neither.",
                "Who takes note of what comes between the look and the write?",
                one.look.at,
                (one.flag.at._replace(what=f"`{flag}` is written"), one.partner.at._replace(what=one.name)),
                about=(name, flag),
            )


def _respecified(before: Outline, after: Outline) -> list[Finding]:
    found = []
    for step in respecified(comparison(before, after)):
        name = step.now.place.key.rpartition(".")[2] if step.now.place is not None else step.now.name
        if step.compared:
            message = f"`{name}` was changed only if it still had what was seen, and is set now whatever it has."
            question = "Is what another thread has put there in between then lost?"
        else:
            message = f"`{name}` was set whatever it had, and is added to now."
            question = "What is it when another thread changes it at the same time?"
        was = step.before.at._replace(what=f"{step.before.name}, before the edit")
        about = (name, step.before.name)
        found.append(Finding(ID, "high", "resolved", message, question, step.now.at, (was,), about=about))
    return found


def _unconditional(before: Outline, after: Outline) -> Iterator[Finding]:
    both = comparison(before, after)
    for pair in affected(both):
        for step in unconditional(both, pair):
            name = (step.now.place.of or step.now.place.key).rpartition(".")[2] if step.now.place is not None else ""
            test = " ".join(before.source.text(step.condition.at).split())
            if step.asked:
                message = f"`{name}` is changed whatever `{test}` says; that decided before whether it is."
                question = "Which of the two answers left it alone, and may it be changed there too?"
            else:
                message = f"`{name}` is changed before `{test}` is asked; it was changed only where that said so."
                question = "Is it used up for whoever comes next, although nothing is done with it?"
            yield Finding(
                ID,
                "medium",
                "resolved",
                message,
                question,
                step.now.at._replace(what=""),
                (step.before.at._replace(what=f"{step.before.name}, before the edit"),),
                about=(name, step.condition.test),
            )


_NOW = {
    ("volatile", True): ("is now volatile", "are now volatile"),
    ("concurrent", True): (
        "is now a concurrent collection, and was used without a lock",
        "are now concurrent collections, and were used without a lock",
    ),
    ("indivisible", False): (
        "is removed, and with it the atomic operations on it",
        "are removed, and with them the atomic operations on them",
    ),
}
_NEW = (
    "is new, and without a lock it decides what was done before",
    "are new, and without a lock they decide what was done before",
)


def _resynchronised(before: Outline, after: Outline) -> list[Finding]:
    told = {name for _, finding in torn(before, after) for name in finding.about}
    alike: dict[tuple[str, bool, bool, str], list[Resynchronised]] = {}
    for one in resynchronised(comparison(before, after)):
        if one.what != "concurrent" or one.state.name not in told:
            alike.setdefault((one.what, one.gained, one.fresh, one.state.home), []).append(one)
    return [_changed_alike(each, before, after) for each in alike.values()]


def _changed_alike(each: list[Resynchronised], before: Outline, after: Outline) -> Finding:
    """The finding about the members of a type that an edit changes in the same way."""
    one, names = each[0], tuple(e.state.name for e in each)
    outline = after if one.gained else before
    places = [
        lines(outline, e.state.member.span, "" if one.gained else f"{e.state.name}, before the edit") for e in each
    ]
    said = (_NEW if one.fresh else _NOW[one.what, one.gained])[len(each) > 1]
    return Finding(
        ID,
        "medium",
        "syntactic",
        f"{listed([f'`{name}`' for name in names])} {said}.",
        "Which threads use it, and which of their operations must be atomic or ordered?"
        if len(each) == 1
        else "Which threads use them, and which of their operations must be atomic or ordered?",
        places[0] if one.gained else Lines(after.source.path, 1, 1),
        tuple(places[1:] if one.gained else places),
        about=(*names, one.what),
    )


def _ordinary(
    key: tuple[str, str], member: Member, what: str, after: Outline, at: Span | None = None
) -> Iterator[Finding]:
    name = key[1]
    open_ = [u for u in locked_uses(after, locks(after)) if u.fact.name == name and not u.gates]
    open_ = [u for u in open_ if u.member.kind != "constructor" and key[0] in ("", u.member.container)]
    if not open_:
        return  # every use is under a lock, or goes through Interlocked or Volatile
    code = masked_source(after)
    loops = [u for u in open_ if u.fact.kind == "read" and _in_condition(u.fact.span, code)]
    severity: Severity = "high" if loops else "medium"
    where = " and a loop waits for it" if loops else ""
    yield Finding(
        ID,
        severity,
        "syntactic",
        f"{what}{where}.",
        "Which lock or barrier now makes another thread's write visible here?",
        lines(after, loops[0].fact.span if loops else at if at is not None else member.span),
        (lines(after, member.span, name),),
    )


def _in_condition(span: Span, code: bytes) -> bool:
    """Whether it is in the condition of a ``while`` or ``for``."""
    line = code[code.rfind(b"\n", 0, span.start) + 1 : span.start]
    return re.search(rb"\bwhile\s*\([^{}]*$|\bfor\s*\([^;{}]*;[^;{}]*$", line) is not None


def _volatile_reads(outline: Outline, member: Callable[[Span], Hashable]) -> dict[tuple[Hashable, str], int]:
    found: dict[tuple[Hashable, str], int] = {}
    for fact in outline.facts:
        if (fact.kind, fact.name) == ("read", "Read") and "Volatile.Read" in outline.source.text(fact.span):
            key = member(fact.span), without_self(fact.target)
            found[key] = found.get(key, 0) + 1
    return found


def _name_around(outline: Outline, span: Span) -> str:
    around = Nesting(outline.functions).outermost(span)
    return around.name if around is not None else ""
