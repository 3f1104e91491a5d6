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
    written: defaultdict[str, dict[tuple[str, str], Use]] = defaultdict(dict)
    for use in every:
        if use.fact.kind == "write" and use.gates and use.function.name.endswith(".set"):
            written[use.function.name.rpartition(".")[0]][use.state] = use
    read: defaultdict[str, defaultdict[tuple[str, str], list[Use]]] = defaultdict(lambda: defaultdict(list))
    for use in every:
        if use.fact.kind == "read" and use.function.name.endswith(".get"):
            read[use.function.name.rpartition(".")[0]][use.state].append(use)
    found = []
    for name, writes in written.items():
        reads = read[name]
        # A getter that looks first and locks then is another form.
        unlocked = [s for s in writes if s in reads and not any(u.gates for u in reads[s])]
        if not unlocked:
            continue
        types = [own[s].declares if s in own else "" for s in unlocked]
        wide = next((t for t in types if _is_wide(t, outline.language)), "")
        # One reference or number may be old, and is one that was.
        severity: Severity = "medium" if wide else "note" if len(reads) == 1 else "low"
        half = f", and a {wide} is not read atomically on every platform" if wide else ""
        gate = min(writes[unlocked[0]].gates)
        found.append(
            Finding(
                ID,
                severity,
                "syntactic",
                f"{name} is set under the lock on `{gate}` and read without it{half}.",
                "May a reader see a stale value, or one field without the other?",
                lines(outline, reads[unlocked[0]][0].fact.span),
                tuple(lines(outline, writes[s].fact.span, "set under the lock") for s in unlocked),
                about=(name, gate, wide),
            )
        )
    return found


def _is_wide(type_: str, language: str) -> bool:
    """Whether a value of that type may be read half written."""
    named = simple_type_or_array(type_)
    return named in names_of(language).of("wide") or type_.startswith("(") or (type_.endswith("?") and named in _VALUES)


_VALUES = frozenset({"int", "bool", "uint", "short", "byte", "char", "float"})
