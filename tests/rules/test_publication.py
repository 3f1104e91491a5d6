"""Steps that other threads see without a lock: flags before what they announce, indivisible steps that are none any more."""

from __future__ import annotations

import pytest

from tests.rules.test_scope_change import compared

LOUD = {
    "a flag before its data": (
        "reordered-work",
        "bool _ready; Dictionary<string, int> _t = new(); int Get(string k) { if (!_ready) Load(); return _t[k]; }"
        "void Load() { lock (_gate) { if (_ready) return; foreach (var x in Read()) _t[x] = 1; _ready = true; } }",
        "bool _ready; Dictionary<string, int> _t = new(); int Get(string k) { if (!_ready) Load(); return _t[k]; }"
        "void Load() { lock (_gate) { if (_ready) return; _ready = true; foreach (var x in Read()) _t[x] = 1; } }",
    ),
    "a flag before what a helper fills": (
        "reordered-work",
        "bool _ready; Dictionary<string, int> _t = new(); int Get(string k) { if (!_ready) Load(); return _t[k]; }"
        "void Load() { lock (_gate) { if (_ready) return; Build(); _ready = true; } } void Build() { _t.Clear(); _t.Add(string.Empty, 1); }",
        "bool _ready; Dictionary<string, int> _t = new(); int Get(string k) { if (!_ready) Load(); return _t[k]; }"
        "void Load() { lock (_gate) { if (_ready) return; _ready = true; Build(); } } void Build() { _t.Clear(); _t.Add(string.Empty, 1); }",
    ),
    "an increment": (
        "volatile-field",
        "void M() { Interlocked.Increment(ref _free); } void N() { Interlocked.Decrement(ref _free); }",
        "void M() { _free++; } void N() { Interlocked.Decrement(ref _free); }",
    ),
    "compare and exchange": (
        "volatile-field",
        "int _owner; bool M(int me) { return Interlocked.CompareExchange(ref _owner, me, 0) == 0; }",
        "int _owner; bool M(int me) { if (_owner != 0) return false; _owner = me; return true; }",
    ),
    "an answer read again": (
        "volatile-field",
        "int M() { return Interlocked.Increment(ref _free); }",
        "int M() { Interlocked.Increment(ref _free); return _free; }",
    ),
    "an exchange whose old value is used": (
        "volatile-field",
        "Job _job; void M(Job next) { var old = Interlocked.Exchange(ref _job, next); old.Stop(); }",
        "Job _job; void M(Job next) { var old = _job; _job = next; old.Stop(); }",
    ),
}

QUIET = {
    "two values that nobody looks at between": (
        "int _a; int _b; void M() { lock (_gate) { _a = 1; _b = 2; } } int N() { lock (_gate) return _a + _b; }",
        "int _a; int _b; void M() { lock (_gate) { _b = 2; _a = 1; } } int N() { lock (_gate) return _a + _b; }",
    ),
    "a flag that decides nothing about the other": (
        "bool _ready; int _b; void M() { lock (_gate) { _b = 2; _ready = true; } } bool N() { if (_ready) return true; return false; }",
        "bool _ready; int _b; void M() { lock (_gate) { _ready = true; _b = 2; } } bool N() { if (_ready) return true; return false; }",
    ),
    "an increment under the lock of all others": (
        "int _x; void M() { Interlocked.Increment(ref _x); }",
        "int _x; void M() { lock (_gate) { _x++; } }",
    ),
    "the answer in a variable": (
        "int M() { return Interlocked.Increment(ref _free); }",
        "int M() { var n = Interlocked.Increment(ref _free); return n; }",
    ),
    "an exchange whose old value is disposed otherwise": (
        "Job _job; void M(Job next) { var old = Interlocked.Exchange(ref _job, next); old.Stop(); old.Dispose(); }",
        "Job _job; void M(Job next) { using var old = Interlocked.Exchange(ref _job, next); old.Stop(); }",
    ),
}


@pytest.mark.parametrize("case", LOUD)
def test_what_others_see_changes(case: str) -> None:
    """What other threads can see in between is held against the edit, once."""
    rule, before, after = LOUD[case]
    assert [f.severity for f in compared(before, after) if f.rule == rule] == ["high"]


@pytest.mark.parametrize("case", QUIET)
def test_nothing_that_others_see_changes(case: str) -> None:
    """An edit after which others see the same is left alone by these rules."""
    assert not [f for f in compared(*QUIET[case]) if f.rule in ("reordered-work", "volatile-field")]
