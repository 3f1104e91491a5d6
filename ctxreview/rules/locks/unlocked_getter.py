"""A property that is set under a lock and read without it.

What it flags
-------------
A property whose setter writes a field under a lock and whose getter reads that field without one.

Why it matters here
-------------------
The getter may see a stale value. For a type that is not written in one step (a ``decimal``, a ``Guid``, on 32 bits a
``long``) it may see half of it.

When it is fine
---------------
The field is volatile, or a stale value of one reference or number does no harm and nothing else is read with it.

Example
-------
```csharp
class C {
    readonly object _gate = new();
    decimal _rate;
    public decimal Rate {
        get { return _rate; }
        set { lock (_gate) { _rate = value; } }
    }
}
```

Instead
-------
```csharp
class C {
    readonly object _gate = new();
    decimal _rate;
    public decimal Rate {
        get { lock (_gate) { return _rate; } }
        set { lock (_gate) { _rate = value; } }
    }
}
```

Source
------
CodeQL ``cs/unsynchronized-getter``: <https://codeql.github.com/codeql-query-help/csharp/cs-unsynchronized-getter/>.
"""

from __future__ import annotations

from collections import defaultdict

from ctxreview.behaviour.lock_usage import Use, declared, locked_uses, locks
from ctxreview.behaviour.places import lines
from ctxreview.languages.behaviour import names_of
from ctxreview.model.kinds import Severity
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.outline.symbols.written_names import simple_type_or_array
from ctxreview.rules.prefilter import LOCK, LOCKS

ID = "unlocked-getter"
SEVERITY = "low"
LANGUAGES = ("csharp",)
NEEDS = (LOCK,)
BEYOND = LOCKS
ONCE = "note"
"""``lint`` tells one of that severity a file."""


def check(outline: Outline) -> list[Finding]:
    """Each getter that reads without the lock under which its setter writes."""
    held = [s for s in locks(outline) if s.form != "attribute"]
    if not held:
        return []
    own = declared(outline)
    every = [u for u in locked_uses(outline, held) if u.function.kind == "accessor" and not u.fact.is_volatile]
    written = {
        (u.function.name.rpartition(".")[0], u.state): u
        for u in every
        if u.fact.kind == "write" and u.gates and u.function.name.endswith(".set")
    }
    read: defaultdict[tuple[str, tuple[str, str]], list[Use]] = defaultdict(list)
    for use in every:
        if use.fact.kind == "read" and use.function.name.endswith(".get"):
            read[use.function.name.rpartition(".")[0], use.state].append(use)
    found = []
    for (name, state), write in written.items():
        reads = read[name, state]
        # A getter that looks first and locks then is another form.
        if not reads or any(u.gates for u in reads):
            continue
        type_ = own[state].declares if state in own else ""
        wide = (
            simple_type_or_array(type_) in names_of(outline.language).of("wide")
            or type_.startswith("(")
            or (type_.endswith("?") and simple_type_or_array(type_) in _VALUES)
        )
        alone = len({s for (property_, s) in read if property_ == name}) == 1
        # One reference or number may be old, and is one that was.
        severity: Severity = "medium" if wide else "note" if alone else "low"
        half = f", and a {type_} is not read atomically on every platform" if wide else ""
        found.append(
            Finding(
                ID,
                severity,
                "syntactic",
                f"{name} is set under the lock on `{min(write.gates)}` and read without it{half}.",
                "May a reader see a stale value, or one field without the other?",
                lines(outline, reads[0].fact.span),
                (lines(outline, write.fact.span, "set under the lock"),),
                about=(name, min(write.gates), type_ if wide else ""),
            )
        )
    return found


_VALUES = frozenset({"int", "bool", "uint", "short", "byte", "char", "float"})
