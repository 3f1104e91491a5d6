"""The rules about locks and shared memory: what each finds in code and in edits, and which twins it leaves alone."""

from __future__ import annotations

import re
from types import ModuleType

import pytest
from samples import PATH

from ctxreview import rules
from ctxreview.model import Finding, Outline, Source
from ctxreview.outline import outline
from ctxreview.rules import (
    concurrent_collection,
    interlocked_pair,
    lock_split,
    volatile_field,
)

FIELDS = """\
    readonly object _gate = new();
    readonly object _other = new();
    readonly List<int> _items = new();
    readonly SemaphoreSlim _slots = new(1, 1);
    readonly ReaderWriterLockSlim _rw = new();
    int _n, _sum;
    volatile bool _stop;
    event EventHandler Changed;
"""


def outlined(code: str) -> Outline:
    """The outline of a class with some locks and state, and these members; of a whole file, as it is."""
    whole = (
        code if re.match(r"\s*(\[\w+\]\s*)?(public |static )*class ", code) else f"class C\n{{\n{FIELDS}\n{code}\n}}\n"
    )
    return outline(Source(PATH, whole.encode()))


def found(rule: ModuleType, code: str) -> list[Finding]:
    """What one rule finds in a file."""
    findings: list[Finding] = rule.check(outlined(code))
    return findings


def edited(rule: ModuleType, before: str, after: str) -> list[Finding]:
    """What one rule finds in an edit, by itself or as a hazard that is new."""
    old, new = outlined(before), outlined(after)
    assert not new.parse.errors
    return [f for f in rules.compare(old, new) if f.rule == rule.ID]


LOUD: dict[tuple[ModuleType, str], str] = {
    (volatile_field, "compound assignment"): "volatile int _v; void M(int x) { _v += x; }",
    (volatile_field, "counted down"): "static volatile int s_v; void M() { --s_v; }",
}
QUIET: dict[tuple[ModuleType, str], str] = {
    (volatile_field, "assigned"): "void M() { _stop = true; }",
    (volatile_field, "under a lock"): "volatile int _v; void M() { lock (_gate) { _v++; } }",
    (volatile_field, "in the constructor"): "volatile int _v; C() { _v++; }",
    (volatile_field, "not volatile"): "void M() { _n++; }",
}

LOUD_EDITS: dict[tuple[ModuleType, str], tuple[str, str, str]] = {
    # before, after, severity
    (lock_split, "look and write"): (
        "void M() { lock (_gate) { if (_n > 0) { Work(); _n = _n - 1; } } }",
        "void M() { bool any; lock (_gate) { any = _n > 0; } Work(); lock (_gate) { _n = 0; } }",
        "high",
    ),
    (lock_split, "two values"): (
        "void M(int x) { lock (_gate) { _n++; _sum += x; } }",
        "void M(int x) { lock (_gate) { _n++; } Work(); lock (_gate) { _sum += x; } }",
        "medium",
    ),
    (lock_split, "acquire and release"): (
        "void M() { _slots.Wait(); try { var n = _n; Work(); _n = n + 1; } finally { _slots.Release(); } }",
        "void M() { int n; _slots.Wait(); try { n = _n; } finally { _slots.Release(); } Work();"
        " _slots.Wait(); try { _n = n + 1; } finally { _slots.Release(); } }",
        "high",
    ),
    (concurrent_collection, "other state"): (
        "Dictionary<int, int> _d = new(); void M(int x) { lock (_gate) { _d[x] = 1; _sum += x; } }",
        "ConcurrentDictionary<int, int> _d = new(); void M(int x) { _d[x] = 1; _sum += x; }",
        "high",
    ),
    (concurrent_collection, "look before the write"): (
        "Dictionary<int, int> _d = new(); void M(int x) { lock (_gate) { if (!_d.ContainsKey(x)) _d[x] = 1; } }",
        "ConcurrentDictionary<int, int> _d = new(); void M(int x) { if (!_d.ContainsKey(x)) _d[x] = 1; }",
        "medium",
    ),
    (volatile_field, "modifier removed"): (
        "volatile bool _done; void Run() { while (!_done) { } } void Stop() { _done = true; }",
        "bool _done; void Run() { while (!_done) { } } void Stop() { _done = true; }",
        "high",
    ),
    (volatile_field, "Volatile.Read removed"): (
        "bool Ready() { return Volatile.Read(ref _n) > 0; } void Set() { Volatile.Write(ref _n, 1); }",
        "bool Ready() { return _n > 0; } void Set() { Volatile.Write(ref _n, 1); }",
        "medium",
    ),
    (volatile_field, "counted instead of locked"): (
        "int _v; void M() { lock (_gate) { _v++; } }",
        "volatile int _v; void M() { _v++; }",
        "medium",
    ),
    (interlocked_pair, "two counters"): (
        "void M(int x) { lock (_gate) { _n++; _sum += x; } }",
        "void M(int x) { Interlocked.Increment(ref _n); Interlocked.Add(ref _sum, x); }",
        "high",
    ),
    (interlocked_pair, "one exchanged, one written"): (
        "void M(int x) { lock (_gate) { _n = x; _sum = 0; } }",
        "void M(int x) { Interlocked.Exchange(ref this._n, x); Volatile.Write(ref _sum, 0); }",
        "high",
    ),
}
QUIET_EDITS: dict[tuple[ModuleType, str], tuple[str, str]] = {
    (lock_split, "only one part touches state"): (
        "void M() { lock (_gate) { _n++; Log(); } }",
        "void M() { lock (_gate) { _n++; } lock (_gate) { Log(); } }",
    ),
    (lock_split, "another lock"): (
        "void M() { lock (_gate) { _n++; } }",
        "void M() { lock (_gate) { _n++; } lock (_other) { _sum++; } }",
    ),
    (lock_split, "a second lock around something new"): (
        "void M() { lock (_gate) { _n++; } }",
        "void M() { lock (_gate) { _n++; } Work(); lock (_gate) { _sum++; } }",
    ),
    (concurrent_collection, "one call"): (
        "Dictionary<int, int> _d = new(); void M(int x) { lock (_gate) { _d[x] = 1; } }",
        "ConcurrentDictionary<int, int> _d = new(); void M(int x) { _d[x] = 1; }",
    ),
    (concurrent_collection, "one atomic call for two"): (
        "Dictionary<int, int> _d = new(); void M(int x) { lock (_gate) { if (!_d.ContainsKey(x)) _d[x] = 1; } }",
        "ConcurrentDictionary<int, int> _d = new(); void M(int x) { _d.TryAdd(x, 1); }",
    ),
    (concurrent_collection, "the lock stays"): (
        "Dictionary<int, int> _d = new(); void M(int x) { lock (_gate) { _d[x] = 1; _sum++; } }",
        "ConcurrentDictionary<int, int> _d = new(); void M(int x) { lock (_gate) { _d[x] = 1; _sum++; } }",
    ),
    (volatile_field, "now under a lock"): (
        "volatile bool _done; bool Done() { return _done; } void Stop() { _done = true; }",
        "bool _done; bool Done() { lock (_gate) { return _done; } } void Stop() { lock (_gate) { _done = true; } }",
    ),
    (volatile_field, "now through Volatile"): (
        "volatile bool _done; bool Done() { return _done; } void Stop() { _done = true; }",
        "bool _done; bool Done() { return Volatile.Read(ref _done); } void Stop() { Volatile.Write(ref _done, true); }",
    ),
    (volatile_field, "the field is gone"): (
        "volatile bool _done; bool Done() { return _done; }",
        "bool Done() { return _source.IsCancellationRequested; }",
    ),
    (interlocked_pair, "one counter"): (
        "void M() { lock (_gate) { _n++; } }",
        "void M() { Interlocked.Increment(ref _n); }",
    ),
    (interlocked_pair, "the lock stays"): (
        "void M(int x) { lock (_gate) { _n++; _sum += x; } }",
        "void M(int x) { lock (_gate) { Interlocked.Increment(ref _n); Interlocked.Add(ref _sum, x); } }",
    ),
}

MINE = sorted({r for r, _ in (*LOUD, *LOUD_EDITS)}, key=lambda r: r.__name__)
COMPARES = [r for r in MINE if hasattr(r, "compare")]


def name(value: object) -> str:
    """A rule's module or a case, for a test's name."""
    return value.__name__.rpartition(".")[2] if isinstance(value, ModuleType) else str(value)


@pytest.mark.parametrize(("rule", "case"), LOUD, ids=name)
def test_loud(rule: ModuleType, case: str) -> None:
    """The rule finds exactly one thing, with evidence and a question, and the check of all rules has it too."""
    (finding,) = found(rule, LOUD[rule, case])
    assert finding.rule == rule.ID
    assert finding.message.endswith(".")
    assert "?" in finding.question
    assert finding in rules.check(outlined(LOUD[rule, case]))


@pytest.mark.parametrize(("rule", "case"), QUIET, ids=name)
def test_quiet(rule: ModuleType, case: str) -> None:
    """The legitimate twin is left alone."""
    assert found(rule, QUIET[rule, case]) == []


@pytest.mark.parametrize(("rule", "case"), LOUD_EDITS, ids=name)
def test_loud_edit(rule: ModuleType, case: str) -> None:
    """The edit has one finding of the rule, with its severity, evidence and a question."""
    before, after, severity = LOUD_EDITS[rule, case]
    (finding,) = edited(rule, before, after)
    assert finding.severity == severity
    assert finding.message.endswith(".")
    assert "?" in finding.question
    assert 1 <= finding.at.start_line <= finding.at.end_line


@pytest.mark.parametrize(("rule", "case"), QUIET_EDITS, ids=name)
def test_quiet_edit(rule: ModuleType, case: str) -> None:
    """The edit's legitimate twin is left alone."""
    assert edited(rule, *QUIET_EDITS[rule, case]) == []


@pytest.mark.parametrize("rule", COMPARES, ids=name)
def test_its_example_is_an_edit(rule: ModuleType) -> None:
    """An edit that turns what to write instead into the example is found; one that changes nothing is not."""
    example, instead = (
        re.search(rf"^{heading}\n-+\n```csharp\n(.*?)```", rule.__doc__ or "", re.MULTILINE | re.DOTALL)
        for heading in ("Example", "Instead")
    )
    assert example
    assert instead
    assert edited(rule, instead[1], example[1])
    assert edited(rule, instead[1], instead[1]) == []


@pytest.mark.parametrize("rule", COMPARES, ids=name)
def test_every_edit_rule_has_its_cases(rule: ModuleType) -> None:
    """Each rule about edits has at least two loud and two quiet edits besides its own examples."""
    assert sum(r is rule for r, _ in LOUD_EDITS) >= 2
    assert sum(r is rule for r, _ in QUIET_EDITS) >= 2
