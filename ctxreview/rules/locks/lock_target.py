"""A lock on an object that unrelated code can lock too, or that no other code can.

What it flags
-------------
``lock`` on ``this``, on a ``typeof``, or on a string; on an object created in the statement itself, in the same
function and shared with nobody, or by a property or method each time it is asked; or on a field that is reassigned
outside the constructor.

Why it matters here
-------------------
Unrelated code can lock ``this``, types and interned strings: a deadlock that nobody sees coming. Nobody else has a
new object, so a lock on it excludes nothing. Two equal strings may be one object or two. After a field is reassigned,
later callers lock the new object while an earlier one still holds the old one.

When it is fine
---------------
A private, read-only field that is only used as a lock; an object from a shared table with one object per key; a local
that a lambda or task shares. ``this`` of a private nested type.

Example
-------
```csharp
class C {
    void M() {
        lock (typeof(C)) { _n++; }
    }
}
```

Instead
-------
```csharp
class C {
    private readonly object _gate = new();
    void M() {
        lock (_gate) { _n++; }
    }
}
```

Source
------
C# reference, "The lock statement": <https://learn.microsoft.com/dotnet/csharp/language-reference/statements/lock>.
Sonar S2551, S2445, S6507 and S3998: <https://rules.sonarsource.com/csharp/RSPEC-2551/>,
<https://rules.sonarsource.com/csharp/RSPEC-2445/>, <https://rules.sonarsource.com/csharp/RSPEC-6507/>,
<https://rules.sonarsource.com/csharp/RSPEC-3998/>. .NET analyser CA2002:
<https://learn.microsoft.com/dotnet/fundamentals/code-analysis/quality-rules/ca2002>. CodeQL
``cs/unsafe-sync-on-field``: <https://codeql.github.com/codeql-query-help/csharp/cs-unsafe-sync-on-field/>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ctxreview.behaviour.boundary import without_comments
from ctxreview.behaviour.lock_usage import declared, lock_key, looks_empty, masked_source, modifiers, open_block_headers
from ctxreview.behaviour.places import lines, member_of, scope_lines
from ctxreview.behaviour.same import Same
from ctxreview.kept import kept
from ctxreview.languages import load
from ctxreview.model.declarations import Function
from ctxreview.model.facts import Fact
from ctxreview.model.kinds import Severity
from ctxreview.model.notation import OPTIONAL_SELF
from ctxreview.model.outline import Outline, contained_in
from ctxreview.model.regions import Region
from ctxreview.model.review import Finding
from ctxreview.model.source import Span
from ctxreview.regex import regex
from ctxreview.rules.prefilter import LOCKS
from ctxreview.workspace.code_of_tests import is_test_code

ID = "lock-target"
SEVERITY = "medium"
LANGUAGES = ("csharp",)
NEEDS = ("lock",)
BEYOND = LOCKS
ONCE = "low"
"""``lint`` tells one lock on ``this`` a file."""

TARGETS: tuple[tuple[str, Severity, str, str], ...] = (
    (
        r"new\b",
        "high",
        "an object created here: nobody else can lock it, so it excludes nothing",
        "Which object do the other users of this state lock?",
    ),
    (r"typeof\s*\(", "medium", "a type, which any code in the process can lock", "Who else locks it?"),
    (r'[$@]*"', "medium", "a string, which may be shared with any code in the process", "Who else locks it?"),
    (r"this$", "low", "this, which every holder of the object can lock", "Does anyone outside lock this object?"),
)


def check(outline: Outline) -> list[Finding]:
    """Each ``lock`` whose target is shared with strangers, or with nobody."""
    found = []
    for scope in outline.regions:
        if scope.construct != "lock":
            continue
        for pattern, severity, what, question in TARGETS:
            if re.match(pattern, scope.resource):
                if scope.resource == "this" and (_is_private(scope, outline) or _signals(scope, outline)):
                    break
                if severity == "low" and is_test_code(outline.source.path):
                    break
                found.append(
                    Finding(
                        ID,
                        severity,
                        "syntactic",
                        f"The lock is on {what}.",
                        question,
                        scope_lines(outline, scope),
                        about=(pattern,),
                    )
                )
                break
        else:
            found += list(_by_name(scope, outline))
    return list(_once(found))


def _once(found: list[Finding]) -> Iterator[Finding]:
    """The findings, of the locks on one field that is reassigned the first."""
    told: dict[tuple[str, ...], Finding] = {}
    for finding in found:
        key = (*finding.about, *(str(at.start_line) for at in finding.related))
        if finding.about[:1] != ("replaced",) or key not in told:
            told[key] = finding
            yield finding


def _signals(scope: Region, outline: Outline) -> bool:
    """Whether those who hold the object are woken by it under the lock: others lock it on purpose."""
    return _WAKES.search(without_comments(outline, scope.span)) is not None


def _is_private(scope: Region, outline: Outline) -> bool:
    """Whether only the type around it can name the type whose object is locked: it is nested and says nothing else."""
    around = outline.types_around(scope.opening)
    if len(around) < 2 or around[1].kind == "interface":
        return False
    head = re.findall(r"\w+", outline.source.text(around[0].opening).partition(around[0].name)[0])
    return load(outline.language).words.reached.isdisjoint(head)


def _by_name(scope: Region, outline: Outline) -> Iterator[Finding]:
    """What the declaration of a locked name says against it."""
    name = lock_key(scope)
    if re.match(r"(?:[sS]tring\.)(Intern|Format|Concat|Join)\(", name):
        yield _finding(
            scope,
            outline,
            "medium",
            "a string, which may be shared with any code in the process",
            "Who else locks it?",
            ("interned",),
        )
    if _makes_one(name, scope.container, outline):
        yield _made_each_time(name, scope, outline)
    if not name.isidentifier():
        return
    function = next((f for f in outline.functions_around(scope.owner) if f.span == scope.owner), None)
    local = _local(name, function, scope, outline) if function is not None else None
    if local is not None:
        type_, value = local
        if type_ == "string" or re.match(r'[$@]*"|[sS]tring\.', value):
            question = "Do all users of the same key get the same object, and who else locks it?"
            yield _finding(
                scope,
                outline,
                "medium",
                f"the string `{name}`: two equal strings may be one object or two",
                question,
                ("local", name),
            )
        elif value.startswith("new") and _is_unshared(name, function, scope, outline):
            question = "Which object do the other users of this state lock?"
            yield _finding(
                scope,
                outline,
                "high",
                f"`{name}`, which is created in this call: nobody else can lock it",
                question,
                ("made here", name),
            )
        elif _makes_one(value.strip(), scope.container, outline):
            yield _made_each_time(value.strip(), scope, outline)
        return
    member = declared(outline).get((scope.container, name))
    if member is None or "readonly" in modifiers(member, outline):
        return
    if member.declares.rstrip("?") in ("string", "String"):
        question = "Do all users get the same object, and who else locks it?"
        yield _finding(
            scope,
            outline,
            "medium",
            f"the string `{name}`, which may be shared with any code in the process",
            question,
            ("field", name),
        )
    written = _written(Same(outline), name, scope.container)
    if written:
        question = "Do holders of the old object and of the new one exclude each other?"
        # What a test sets up is there before anybody waits.
        severity: Severity = "note" if is_test_code(outline.source.path) else "medium"
        made = _finding(
            scope, outline, severity, f"`{name}`, which is reassigned elsewhere", question, ("replaced", name)
        )
        yield made._replace(related=tuple(lines(outline, f.span, "is reassigned") for f in written[:3]))


_WAKES = regex(r"\bMonitor\s*\.\s*(?:Pulse|PulseAll|Wait)\s*\(\s*this\b")
_MAKES = regex(r"(?:=>|\{\s*return\b)\s*new\b[^;{}]*(?:\{[^{}]*\})?;?[\s}]*$")
_ASKED = regex(r"(?:this\.)?(\w+)\s*(\(.*\))?$", re.DOTALL)


def _makes_one(asked: str, container: str, outline: Outline) -> bool:
    """Whether a property or call of the type gives a new object each time: all that it does is to make one."""
    said = _ASKED.match(asked)
    if said is None:
        return False
    kinds = ((said[1], "method"),) if said[2] else ((said[1], "property"), (f"{said[1]}.get", "accessor"))
    declared = _functions(Same(outline))
    found = [f for name, kind in kinds for f in declared.get((container, name, kind), ())]
    for function in found:
        code = without_comments(outline, function.span)
        hit = _MAKES.search(code)
        if hit is None or re.search(r";|=>|\breturn\b", code[: hit.start()]):
            return False
    return bool(found)


@kept(4)
def _functions(same: Same) -> Mapping[tuple[str, str, str], list[Function]]:
    """The functions of a file by the name of their type, their own and their kind."""
    found: dict[tuple[str, str, str], list[Function]] = {}
    for function in same.outline.functions:
        found.setdefault((function.container, function.name, function.kind), []).append(function)
    return found


def _made_each_time(asked: str, scope: Region, outline: Outline) -> Finding:
    return _finding(
        scope,
        outline,
        "high",
        f"`{asked}`, which makes a new object each time it is asked: nobody else can lock it",
        "Which object do the other users of this state lock?",
        ("made each time", asked),
    )


@kept(4)
def _written(same: Same, name: str, container: str) -> list[Fact]:
    """Where a field of the type gets another object."""
    writes = (f for f in same.outline.facts if f.kind == "write" and f.name == name and f.is_state)
    return [f for f in writes if _replaces(f, container, same.outline)]


@kept(4)
def _may_declare(same: Same, name: str, function: Span) -> bool:
    """Whether something in the function looks like a declaration of the name: most locks are on a field."""
    code = without_comments(same.outline, function)
    return re.search(rf"[\w.>]\??\s+{re.escape(name)}\s*(?:[=,);]|in\b)", code) is not None


def _finding(
    scope: Region, outline: Outline, severity: Severity, what: str, question: str, about: tuple[str, ...]
) -> Finding:
    at = scope_lines(outline, scope)
    return Finding(ID, severity, "syntactic", f"The lock is on {what}.", question, at, about=about)


def _replaces(fact: Fact, container: str, outline: Outline) -> bool:
    """Whether a write gives the field another object while others may lock it: not where it was null, or is disposed of."""
    member = member_of(outline, fact.span)
    if member is None or member.kind in ("constructor", "finalizer") or member.container != container:
        return False
    written = outline.source.text(fact.span)
    code = masked_source(outline)
    around = open_block_headers(code, member.opening.end, fact.span.start)
    if any(looks_empty(header, fact.spelled, outline) for header in around):
        return False
    if re.match(
        rf"\s*\{{?\s*if\s*\(\s*{OPTIONAL_SELF}{re.escape(fact.spelled)}\s*(?:!=|is\s+not)\s*null\s*\)\s*\{{?\s*return\b".encode(),
        code[member.opening.end : fact.span.start],
    ):
        return False  # once it has one, it keeps it
    if "??=" in written or re.search(r"=\s*(?:null|default)!?$", written) or "Interlocked" in written:
        return False
    return re.match(rf"(?:this\.)?{re.escape(fact.spelled)}\s*=(?!=)", written) is not None and not re.match(
        r"Dispose|Init(?![a-z])|Initiali[sz]e|Open|Start|Setup|Set_?Up|OnInit", member.name
    )


def _local(name: str, function: Function | None, scope: Region, outline: Outline) -> tuple[str, str] | None:
    """The type and the value of a local variable or parameter, as written; ``None`` where the name is none."""
    if function is None or not _may_declare(Same(outline), name, function.span):
        return None
    code = without_comments(outline, Span(function.span.start, scope.opening.start))
    found = re.findall(rf"\b([\w.]+(?:<[^;()=]*>)?)\??\s+{re.escape(name)}\s*(?:=(?![=>])\s*([^;]+)|[,);]|in\b)", code)
    found = [
        (t, v)
        for t, v in found
        if t not in ("return", "await", "in", "out", "ref", "is", "as", "lock", "new", "not", "else")
    ]
    return (found[-1][0], found[-1][1]) if found else None


def _is_unshared(name: str, function: Function | None, scope: Region, outline: Outline) -> bool:
    """Whether a new object goes nowhere but into locks: no argument, no field, no lambda or local function gets it."""
    if function is None or any(f.span != function.span for f in contained_in(function.span, outline.functions)):
        return False
    code = re.sub(rf"\block\s*\(\s*{re.escape(name)}\s*\)", "", without_comments(outline, function.span))
    return len(re.findall(rf"\b{re.escape(name)}\b", code)) == 1
