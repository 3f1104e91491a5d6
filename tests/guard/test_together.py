"""What an edit does at several places, or to several callers, is one finding with the places."""

from __future__ import annotations

from pathlib import Path

from ctxreview import compare
from ctxreview.model.review import Finding

POOL = """class Pool
{
    readonly object _gate = new();
    readonly List<int> _free = new();
    int _taken;
    public int Take()
    {
        lock (_gate)
        {
            _taken++;
            return _free.Count;
        }
    }
    public int Free() { lock (_gate) { return _free.Count; } }
    public void Give(int one) { lock (_gate) { _free.Add(one); _taken--; } }
}
"""
USER = """class %s
{
    readonly object _own = new();
    readonly Unit _unit;
    int _count;
    void Add() { _unit.Under(() => { _count++; }); }
    int Count() { return _count; }
}
"""
UNIT = """class Unit
{
    readonly object _gate = new();
    internal void Under(Action work)
    {
        lock (_gate) { work(); }
    }
}
"""


def found(folder: Path, files: dict[str, str], path: str, old: str, new: str) -> list[Finding]:
    """The findings above a note of an edit in one of some files."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / ".git").mkdir(exist_ok=True)
    before = files[path].splitlines()
    after = files[path].replace(old, new).splitlines()
    assert before != after
    hunk = [f"@@ -1,{len(before)} +1,{len(after)} @@", *(f"-{x}" for x in before), *(f"+{x}" for x in after)]
    patch = "\n".join((f"--- a/{path}", f"+++ b/{path}", *hunk, ""))
    compared = compare(patch=patch, root=folder)
    return [f for one in compared.files for f in one.result.findings if f.severity != "note"]


def test_one_change_in_several_members_is_told_once(tmp_path: Path) -> None:
    """A lock that is another object now in three members is one finding that has the other two places."""
    other = "readonly object _gate = new();\n    readonly object _other = new();"
    edited = POOL.replace("lock (_gate)", "lock (_other)").replace("readonly object _gate = new();", other)
    edited = edited.replace("Free() { lock (_other)", "Free() { lock (_gate)")
    asked = [f for f in found(tmp_path, {"Pool.cs": POOL}, "Pool.cs", POOL, edited) if f.rule == "scope-change"]
    (told,) = [f for f in asked if "_other" in f.message]
    assert told.message.endswith("The same at 1 more place.")
    assert {r.start_line for r in told.related} >= {16}


def test_what_several_callers_lose_is_told_once(tmp_path: Path) -> None:
    """Three files call what the edit changes: one finding names two and counts the third, and a test's call is none of them."""
    files = {f"src/{name}.cs": USER % name for name in ("One", "Two", "Three")} | {"src/Unit.cs": UNIT}
    files["tests/UnitTests.cs"] = USER % "UnitTests"
    seen = found(tmp_path, files, "src/Unit.cs", "lock (_gate) { work(); }", "work();")
    (told,) = [f for f in seen if f.message.startswith("Seen from")]
    assert told.message.startswith("Seen from src/One.cs, src/Three.cs and 1 more: ")
    callers = {r.path for r in told.related if "calls Under" in r.what}
    assert callers == {"src/One.cs", "src/Two.cs", "src/Three.cs"}


def test_a_test_is_compared_by_itself(tmp_path: Path) -> None:
    """A test that waits no longer for the product's own lock loses nothing; one that has a lock of its own does."""
    unit = UNIT.replace("internal void Under(Action work)", "internal async Task Under(Action work)")
    unit = unit.replace(
        "lock (_gate) { work(); }", "await _one.WaitAsync(); try { work(); } finally { _one.Release(); }"
    )
    unit = unit.replace("readonly object _gate = new();", "readonly SemaphoreSlim _one = new(1, 1);")
    test = "class UnitTests\n{\n    readonly Unit _unit = new();\n    async Task Test() { await _unit.Under(() => { }); }\n}\n"
    files = {"src/Unit.cs": unit, "tests/UnitTests.cs": test, "tests/PoolTests.cs": POOL}
    edit = "await _unit.Under(() => { });", "_ = _unit.Under(() => { });"
    assert not [f for f in found(tmp_path, files, "tests/UnitTests.cs", *edit) if f.related]
    assert found(
        tmp_path, files, "tests/PoolTests.cs", "lock (_gate) { _free.Add(one); _taken--; }", "_free.Add(one); _taken--;"
    )
