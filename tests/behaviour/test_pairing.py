"""Members, scopes and hazards before and after an edit: each finding names the one that the edit changed."""

from __future__ import annotations

import pytest

from ctxreview import rules
from ctxreview.model.review import Finding
from ctxreview.model.source import Source
from ctxreview.outline import outline
from tests.samples import PATH

GATES = """\
interface ISnapshot { int Total(); int this[int n] { get; } }
class Gates : ISnapshot
{
    readonly object _gate = new();
    readonly BooksDb _db;
    int _n, _sum;
    public int Limit
    {
        get { lock (_gate) { return _sum + _n; } }
        set { lock (_gate) { _sum = value; _n = value; } }
    }
    int ISnapshot.Total() { lock (_gate) { return _n + 1 + _sum; } }
    public int Total() { lock (_gate) { return _n + 2 + _sum; } }
    public int Total(int by) { lock (_gate) { return _n + 3 + _sum + by; } }
    public int Total(string by) { lock (_gate) { return _n + 4 + _sum + by.Length; } }
    public T Total<T>(T by) { lock (_gate) { _n++; _sum++; return by; } }
    public int this[int n] { get { lock (_gate) { return _n + 5 + _sum; } } }
    int ISnapshot.this[int n] { get { lock (_gate) { return _n + 6 + _sum; } } }
    public int this[string n] { get { lock (_gate) { return _n + 7 + _sum; } } }
    public static bool operator +(Gates a, Gates b) { lock (a._gate) { a._n++; b._n++; return true; } }
    public static bool operator +(Gates a, int b) { lock (a._gate) { a._n++; a._n += b; return true; } }
    void Pass(int by)
    {
        lock (_gate)
        {
            _n = 0;
            _sum += by;
        }
        Prepare();
        lock (_gate)
        {
            _n++;
            _sum++;
        }
        Prepare();
        lock (_gate)
        {
            _n++;
            _sum++;
        }
    }
    void Close(int by)
    {
        using (var tx = _db.Database.BeginTransaction())
        {
            _db.First(by);
            _db.SaveChanges();
            tx.Commit();
        }
        using (var tx = _db.Database.BeginTransaction())
        {
            _db.Second(by);
            _db.SaveChanges();
            tx.Commit();
        }
    }
}
"""

FIRST = "        lock (_gate)\n        {\n            _n = 0;\n            _sum += by;\n        }\n"
TWIN = "        lock (_gate)\n        {\n            _n++;\n            _sum++;\n        }\n"
CLOSE = "        using (var tx = _db.Database.BeginTransaction())\n        {{\n            _db.{0}(by);\n            _db.SaveChanges();\n            tx.Commit();\n        }}\n"


def compared(before: str, after: str) -> list[Finding]:
    """What an edit changes."""
    assert before != after
    old, new = (outline(Source(PATH, text.encode())) for text in (before, after))
    return list(rules.compare(old, new))


def scopes(after: str, before: str = GATES) -> list[tuple[str, str]]:
    """What is said of scopes: the severity and the sentence."""
    return [(f.severity, f.message) for f in compared(before, after) if f.rule in ("scope-change", "lock-split")]


def line(text: str) -> int:
    """The first line of the file that has the text."""
    return next(n for n, there in enumerate(GATES.splitlines(), 1) if text in there)


ALONE = {
    "getter": "{ lock (_gate) { return _sum + _n; } }",
    "setter": "{ lock (_gate) { _sum = value; _n = value; } }",
    "explicit method": "{ lock (_gate) { return _n + 1 + _sum; } }",
    "method": "{ lock (_gate) { return _n + 2 + _sum; } }",
    "overload by number": "{ lock (_gate) { return _n + 3 + _sum + by; } }",
    "overload by text": "{ lock (_gate) { return _n + 4 + _sum + by.Length; } }",
    "generic overload": "{ lock (_gate) { _n++; _sum++; return by; } }",
    "indexer": "{ lock (_gate) { return _n + 5 + _sum; } }",
    "explicit indexer": "{ lock (_gate) { return _n + 6 + _sum; } }",
    "indexer by text": "{ lock (_gate) { return _n + 7 + _sum; } }",
    "operator": "{ lock (a._gate) { a._n++; b._n++; return true; } }",
    "operator by number": "{ lock (a._gate) { a._n++; a._n += b; return true; } }",
}


@pytest.mark.parametrize("which", ALONE)
def test_the_member_that_lost_its_lock_is_named(which: str) -> None:
    """Of members of one name the one whose lock was removed is named, and nothing is said of the others."""
    body = ALONE[which]
    bare = "{" + body.partition(") {")[2].removesuffix(" } }") + " }"
    gate = "a._gate" if "a._gate" in body else "_gate"
    at = line(body)
    assert scopes(GATES.replace(body, bare)) == [("high", f"The edit removes the lock on `{gate}` of lines {at}-{at}.")]


@pytest.mark.parametrize("which", ALONE)
def test_a_member_before_it_or_in_its_place(which: str) -> None:
    """A new overload in front of a member, and members that change places, change no scope that was there."""
    body = ALONE[which]
    start = GATES.rfind("\n", 0, GATES.index(body)) + 1
    whole = GATES[start : GATES.index("\n", start) + 1]
    if which in ("getter", "setter"):
        other = (
            "        "
            + ("set" if which == "getter" else "get")
            + " "
            + ALONE["setter" if which == "getter" else "getter"]
            + "\n"
        )
        swapped = GATES.replace(whole, "").replace(other, other + whole if which == "getter" else whole + other)
        assert scopes(swapped) == []
        return
    moved = GATES.replace(whole, "").replace("    void Close(", f"{whole}    void Close(")
    assert scopes(moved) == []
    fresh = "    public int Total(Guid by) { lock (_gate) { return _n + 8 + _sum; } }\n"
    assert scopes(GATES.replace(whole, fresh + whole)) == [("note", "The edit adds a lock on `_gate`.")]


def test_a_parameter_more_with_the_lock_gone() -> None:
    """An overload that gets another parameter is still itself."""
    after = GATES.replace(
        "Total(int by) { lock (_gate) { return _n + 3 + _sum + by; } }",
        "Total(int by, bool all) { return _n + 3 + _sum + by; }",
    )
    at = line("_n + 3")
    assert scopes(after) == [("high", f"The edit removes the lock on `_gate` of lines {at}-{at}.")]


def test_a_renamed_member_keeps_its_scopes() -> None:
    """A member under another name, in a type with further new members, is known by what it does."""
    after = GATES.replace("void Close(int by)", "void Unrelated() { }\n    void Finish(int by)")
    assert scopes(after) == []


IN_ONE = {
    "first removed": (GATES.replace(FIRST, "        _n = 0;\n        _sum += by;\n"), FIRST, "removes"),
    "first of two alike removed": (
        GATES.replace(TWIN, "        _n++;\n        _sum++;\n", 1), TWIN, "removes"
    ),
    "first transaction removed": (
        GATES.replace(CLOSE.format("First"), "        _db.First(by);\n        _db.SaveChanges();\n"), CLOSE.format("First"), "removes"
    ),
    "second transaction removed": (
        GATES.replace(CLOSE.format("Second"), "        _db.Second(by);\n        _db.SaveChanges();\n"), CLOSE.format("Second"), "removes"
    ),
}  # fmt: skip


@pytest.mark.parametrize("which", IN_ONE)
def test_of_several_scopes_the_one_that_went_is_named(which: str) -> None:
    """In a member with several scopes the one that was removed is named by its lines; nothing is said to be joined."""
    after, was, verb = IN_ONE[which]
    at = GATES[: GATES.index(was)].count("\n") + 1
    ((severity, message),) = scopes(after)
    assert (severity, f"of lines {at}-{at + was.count(chr(10)) - 1}." in message, verb in message) == (
        "high",
        True,
        True,
    )


def test_the_last_of_two_scopes_alike() -> None:
    """Of two scopes that are the same in every letter, the second is named when the second goes."""
    head, _, tail = GATES.rpartition(TWIN)
    at = head.count("\n") + 1
    assert scopes(f"{head}        _n++;\n        _sum++;\n{tail}") == [
        ("high", f"The edit removes the lock on `_gate` of lines {at}-{at + 4}.")
    ]


def test_a_new_scope_before_one_like_it() -> None:
    """A new lock in front of others leaves them what they are."""
    fresh = "        lock (_gate)\n        {\n            if (_n > by) return;\n        }\n"
    assert scopes(GATES.replace(FIRST, fresh + FIRST)) == [("medium", "The edit adds a lock on `_gate`.")]


def test_scopes_that_are_joined() -> None:
    """Two locks in a row that become one are said to be joined."""
    both = FIRST[:-10] + TWIN.partition("{\n")[2]
    after = GATES.replace(FIRST + "        Prepare();\n" + TWIN, both + "        Prepare();\n")
    assert ("medium", "The edit joins the lock on `_gate`") in [(s, m.partition(" of ")[0]) for s, m in scopes(after)]


def test_a_scope_that_moves_into_a_new_method() -> None:
    """A lock that goes with all its work into a method that is called in its place is neither gone nor new."""
    after = GATES.replace(FIRST, "        Reset(by);\n").replace(
        "    void Pass(", f"    void Reset(int by)\n    {{\n{FIRST}    }}\n    void Pass("
    )
    assert scopes(after) == []


# --- hazards that are in the code ----------------------------------------------------------------------------

HAZARDS = """\
class Turns
{
    readonly object _gate = new();
    readonly ReaderWriterLockSlim _turn = new();
    int _n;
    async Task First()
    {
        _turn.EnterWriteLock();
        try
        {
            _n = await Fetch(1);
        }
        finally
        {
            _turn.ExitWriteLock();
        }
    }
    async Task Second()
    {
        _turn.EnterWriteLock();
        try
        {
            _n = Get(2);
        }
        finally
        {
            _turn.ExitWriteLock();
        }
    }
}
"""


def hazards(after: str) -> list[tuple[str, int]]:
    """The rules of hazards that the edit adds, with their lines."""
    return [(f.rule, f.at.start_line) for f in compared(HAZARDS, after) if f.rule == "thread-affine-await"]


def test_a_new_hazard_is_told_where_it_is() -> None:
    """Where one method had the hazard already, the other one is named that gets it."""
    assert hazards(HAZARDS.replace("Get(2)", "await Fetch(2)")) == [("thread-affine-await", 23)]


def test_a_hazard_that_goes_from_one_member_to_another() -> None:
    """A hazard that is mended in one method and made in another one is new there."""
    after = HAZARDS.replace("await Fetch(1)", "Get(1)").replace("Get(2)", "await Fetch(2)")
    assert hazards(after) == [("thread-affine-await", 23)]


OLD = {
    "lines in front of it": HAZARDS.replace("    async Task First", "    int _more;\n    async Task First"),
    "its line written anew": HAZARDS.replace("await Fetch(1)", "await Fetch(1, 7)"),
    "its names changed": HAZARDS.replace("_turn", "_order"),
    "its method renamed and moved": HAZARDS.replace("First", "Last").replace("    int _n;\n", "").replace(
        "    async Task Last", "    int _n;\n    async Task Last"
    ),
    "its code indented": HAZARDS.replace("            _n = await Fetch(1);", "            if (_n == 0)\n            {\n                _n = await Fetch(1);\n            }"),
}  # fmt: skip


@pytest.mark.parametrize("which", OLD)
def test_an_old_hazard_is_not_told_again(which: str) -> None:
    """A hazard that was there before the edit is not held against it."""
    assert hazards(OLD[which]) == []
