"""What locks and transactions protect: what is said of them, and where nothing is claimed."""

from __future__ import annotations

import pytest

from ctxreview.behaviour.protection import protections
from ctxreview.context.protected import sentence
from ctxreview.model.protection import LockProtection, TransactionProtection
from ctxreview.model.regions import Region
from ctxreview.model.source import Source, Span
from ctxreview.outline import outline

FIELDS = """
    readonly object _gate = new(); readonly object _other = new(); static readonly object Shared = new();
    readonly SemaphoreSlim _turn = new(1); readonly ReaderWriterLockSlim _rw = new(); readonly Db _db;
    int _free; int _waiting; bool _open; volatile bool _done; static int _all; readonly int _size;
    readonly List<string> _names = new(); readonly ConcurrentDictionary<int, int> _known = new();
""".replace("\n", " ")
"""On one line, so that the members below begin on the first."""


def told(members: str, at: str = "", around: str = "") -> list[str]:
    """What is said of the scopes at the text ``at`` (without: of the first one) of a type with the usual fields."""
    source = Source("case.cs", f"class C {{ {FIELDS} {members} }} {around}".encode())
    file = outline(source)
    start = source.data.index(at.encode()) if at else file.regions[0].span.start
    inside = [r for r in file.regions if r.span.contains(Span(start, start + 1))]
    return [sentence(p) for p in protections(file, inside)]


def the_lock(members: str) -> LockProtection:
    """What the first scope, a lock, protects."""
    source = Source("case.cs", f"class C {{ {FIELDS} {members} }}".encode())
    file = outline(source)
    (found,) = protections(file, file.regions[:1])
    assert isinstance(found, LockProtection)
    return found


PROTECTED = {
    "two places that are written together, one of them read without the lock": (
        """public void Take() { lock (_gate) { _free--; _waiting++; } } public void Return() { lock (_gate) { _free++; _waiting--; } }
        public int Count() => _free;""",
        "`_gate` protects `_free` and `_waiting`, written together in Take and Return; `_free` is read without it in Count (line 2).",
    ),
    "a collection in a readonly field": (
        "public void Add(string n) { lock (_gate) { _names.Add(n); } }",
        "`_gate` protects `_names`.",
    ),
    "a collection that is the lock": (
        "public void Add(string n) { lock (_names) { _names.Add(n); } } public int N() => _names.Count;",
        "`_names` protects its contents; `_names` is read without it in N (line 1).",
    ),
    "the object itself": ("public void M() { lock (this) { _free = 1; } }", "`this` protects `_free`."),
    "static state under a static lock": (
        "public static void M() { lock (Shared) { _all++; } }",
        "`Shared` protects `_all`.",
    ),
    "static state under its type": ("public void M() { lock (typeof(C)) { _all++; } }", "`typeof(C)` protects `_all`."),
    "a semaphore of one": (
        "public async Task M() { await _turn.WaitAsync(); try { _free = 1; } finally { _turn.Release(); } }",
        "`_turn` protects `_free`.",
    ),
    "both modes of a lock": (
        """public void Set() { _rw.EnterWriteLock(); try { _free = 1; } finally { _rw.ExitWriteLock(); } }
        public int Get() { _rw.EnterReadLock(); try { return _free; } finally { _rw.ExitReadLock(); } }""",
        "`_rw` protects `_free`.",
    ),
    "a lock behind a property": (
        "object Gate => _gate; public void M() { lock (Gate) { _free = 1; } } public void N() { lock (_gate) { _free = 2; } }",
        "`Gate` protects `_free`.",
    ),
    "a helper that is only called under the lock": (
        "public void M() { lock (_gate) { Take(); } } void Take() { _free--; }",
        "`_gate` protects `_free`.",
    ),
    "a private setter that is only used under the lock": (
        "int Free { get => _free; set { _free = value; } } public void M() { lock (_gate) { Free = 1; } }",
        "`_gate` protects `_free`.",
    ),
    "what constructors write": (
        "public C() { _free = 3; Fill(); } void Fill() { _waiting = 1; } public void M() { lock (_gate) { _free = 1; _waiting = 2; } }",
        "`_gate` protects `_free` and `_waiting`, written together in M.",
    ),
    "an ordered read without the lock": (
        "public void M() { lock (_gate) { _done = true; } } public bool Done => _done;",
        "`_gate` protects `_done`; `_done` is read without it in Done (line 1, in one step).",
    ),
    "a write without the lock": (
        "public void M() { lock (_gate) { _free = 1; } } public void N() { _free = 2; }",
        "`_free` is written under `_gate` in M and without it in N (line 1).",
    ),
    "a write under another lock": (
        "public void M() { lock (_gate) { _free = 1; } } public void N() { lock (_other) { _free = 2; } }",
        "`_free` is written under `_gate` in M and without it in N (line 1, under `_other`).",
    ),
    "a read by a helper of who calls it without the lock": (
        "public void M() { lock (_gate) { _free = Left(); } } int Left() => _free; public int N() => Left();",
        "`_gate` protects `_free`; `_free` is read without it in N through Left (line 1).",
    ),
    "a read by a helper under the lock of an object of another type": (
        "public void M() { lock (_gate) { _free = 1; } } bool Left(int n) => n < _free; public bool N(Item item) { lock (item) { return Left(item.N); } }",
        "`_gate` protects `_free`; `_free` is read without it in N through Left (line 1, under `item`).",
    ),
    "a read under an object that may be the lock": (
        "public void M() { lock (_gate) { _free = 1; } } public int N(object item) { lock (item) { return _free; } }",
        "`_gate` protects `_free`.",
    ),
    "a read under an object of any type": (
        "public void M() { lock (_gate) { _free = 1; } } public int N<TItem>(TItem item) { lock (item) { return _free; } }",
        "`_gate` protects `_free`.",
    ),
    "state that callers in other files reach": (
        "public int Total; public void M() { lock (_gate) { Total = 1; } }",
        "`_gate` protects `Total` (as far as this file shows).",
    ),
    "writes in two sections of one member": (
        "public void M() { lock (_gate) { _free = 1; } lock (_gate) { _waiting = 1; } }",
        "`_gate` protects `_free` and `_waiting`.",
    ),
    "writes of which one run makes only one": (
        "public void M(bool b) { lock (_gate) { if (b) { _free = 1; } else { _waiting = 1; } } }",
        "`_gate` protects `_free` and `_waiting`.",
    ),
    "a write that returns before the other": (
        "public void M(bool b) { lock (_gate) { if (b) { _free = 1; return; } _waiting = 1; } }",
        "`_gate` protects `_free` and `_waiting`.",
    ),
    "a part of what is protected": (
        """public void M() { lock (_gate) { _free = 1; _waiting = 1; } } public void N() { lock (_gate) { _open = true; } }""",
        "`_gate` protects `_free`, `_waiting` and `_open`; `_free` and `_waiting` are written together in M.",
    ),
    "state of another type": (
        "readonly Node _node = new(); public void M() { lock (_gate) { _node.Next = 1; } }",
        "`_gate` protects `Node.Next` (as far as this file shows).",
    ),
}


@pytest.mark.parametrize("case", PROTECTED)
def test_what_a_lock_protects(case: str) -> None:
    """What all writes after construction have is what the lock protects; each other access is told with its line."""
    members, expected = PROTECTED[case]
    assert told(members, around="class Node { public int Next; }") == [expected]


USED = {
    "what is only read under it": "public void M() { lock (_gate) { if (_open) Go(); } } public void N() { _open = true; }",
    "what a delegate writes at another time": (
        "public void M() { lock (_gate) { _open = true; } } public void N() { Later(() => { _open = false; }); }"
    ),
    "what a delegate writes that a lock hands on": (
        "public void M() { lock (_gate) { _open = true; Later(() => { _open = false; }); } }"
    ),
    "static state under the lock of one object": "public void M() { lock (_gate) { _all++; } }",
    "a collection made for several threads": "public void M() { lock (_gate) { _known.TryAdd(1, 2); } }",
    "a collection that came from elsewhere": (
        "readonly List<int> _given; public C(List<int> given) { _given = given; } public void M() { lock (_gate) { _given.Add(1); } }"
    ),
    "a collection that is handed out": "public void M() { lock (_gate) { _names.Add(null); } } public List<string> All => _names;",
    "a collection that is handed on": "public void M() { lock (_gate) { _names.Add(null); } } public void N() { Keep(_names); }",
    "what is written while others read it": (
        "public void M() { _rw.EnterReadLock(); try { _free = 1; } finally { _rw.ExitReadLock(); } }"
    ),
    "what a semaphore of several slots lets several do": (
        "readonly SemaphoreSlim _four = new(4); public async Task M() { await _four.WaitAsync(); try { _free = 1; } finally { _four.Release(); } }"
    ),
    "what is written by reference": "public void M() { lock (_gate) { _free = 1; } } \n public void N() { Other.Fill(out _free); }",
    "what is mostly written without it": (
        "public void M() { lock (_gate) { _free = 1; } } public void N() { _free = 2; }\n public void O() { _free = 3; }"
    ),
    "what another lock is held for at each write": (
        """public void M() { lock (_gate) { lock (_other) { _free = 1; } } } public void N() { lock (_other) { _free = 2; } }"""
    ),
}


@pytest.mark.parametrize("case", USED)
def test_what_is_only_used_under_a_lock(case: str) -> None:
    """What chance, another lock or code that is not seen may explain is said to be used under it, and no more."""
    found = the_lock(USED[case])
    assert [p.standing for p in found.places] == ["used"]
    assert sentence(found).startswith("Used under `")


SILENT = {
    "a lock that is handed over": "public void M(object gate) { lock (gate) { _free = 1; } }",
    "a lock for each key": "public void M(int n) { lock (_known[n]) { _free = 1; } }",
    "a lock that is replaced": "object _now = new(); public void M() { lock (_now) { _free = 1; _now = new(); } }",
    "a lock that a property makes": "object Made => new object(); public void M() { lock (Made) { _free = 1; } }",
    "a lock of the method": "public void M() { var gate = new object(); lock (gate) { _free = 1; } }",
    "a lock of a base type": "public void M() { lock (_base) { _free = 1; } }",
}


@pytest.mark.parametrize("case", SILENT)
def test_nothing_is_said_of_a_lock_that_is_not_known(case: str) -> None:
    """Of what may be another object each time nothing is said: a false claim is worse than none."""
    assert told(SILENT[case]) == []


def test_what_never_changes_is_not_protected() -> None:
    """State that only constructors write needs no lock."""
    assert the_lock("public C() { _size = 1; } public int M() { lock (_gate) { return _size; } }").places == ()


UNCERTAIN = {
    "a name says that callers hold it": "public void TakeLocked() { _free--; }",
    "a comment says that callers hold it": "/// The caller holds the lock.\n public int Left() => _free;",
    "the lock is handed to what takes it": "public int Left() { Enter(_gate); return _free; }",
    "a delegate runs at another time": "public void Left() { Later(() => Show(_free)); }",
    "a helper that is named and not called": "int Left() => _free; public void Say() { Show(nameof(Left)); }",
    "a variable keeps what was read under it": "public int Left() { List<string> n; lock (_gate) { n = _names; }\n return n.Count; }",
}


@pytest.mark.parametrize("case", UNCERTAIN)
def test_an_access_of_which_it_is_not_sure_is_not_told(case: str) -> None:
    """What may run under the lock all the same is not said to be without it."""
    found = the_lock(f'public void M() {{ lock (_gate) {{ _free = 1; _names.Add(""); }} }} {UNCERTAIN[case]}')
    assert [p.without for p in found.places] == [(), ()]


def test_who_takes_the_lock_is_told_with_lines() -> None:
    """Each place that takes it, those of helpers and of accessors among them."""
    found = the_lock(
        "public void M() { lock (_gate) { _free = 1; } }\n int P { get { lock (_gate) { return _free; } } }\n void N() { lock (_other) { } }"
    )
    assert [(step.name, step.at.start_line) for step in found.takers] == [("M", 1), ("P.get", 2)]


def test_only_what_names_the_lock_or_its_places_is_read() -> None:
    """Of an outline of one function the others that matter are read, and it says the same."""
    members = "".join(f"public void Far{n}() {{ Show({n}); }}\n" for n in range(50))
    code = f"class C {{ {FIELDS} public void M() {{ lock (_gate) {{ _free = 1; }} }}\n{members} public int N() => _free; }}"
    source = Source("case.cs", code.encode())
    at = source.data.index(b"_free = 1")
    whole, one = outline(source), outline(source, None, within=(Span(at, at + 1),))
    assert len(one.unread) > 50
    regions: tuple[Region, ...] = one.regions
    assert [sentence(p) for p in protections(one, regions)] == [sentence(p) for p in protections(whole, whole.regions)]


def test_a_lock_that_another_member_gives_is_the_same_where_only_one_is_read() -> None:
    """Which object a property gives is known also where only the selected function was read before."""
    code = f"class C {{ {FIELDS} object Gate => this; public void M() {{ lock (Gate) {{ _free = 1; }} }} }}"
    source = Source("case.cs", code.encode())
    at = source.data.index(b"_free = 1")
    one = outline(source, None, within=(Span(at, at + 1),))
    assert [sentence(p) for p in protections(one, one.regions)] == ["`Gate` protects `_free`."]


TRANSACTIONS = {
    "writes that belong together": (
        """public void M() { using var t = _db.Database.BeginTransaction();
        _db.Orders.Add(new Order()); _db.Lines.ExecuteDelete(); _db.SaveChanges(); t.Commit(); }""",
        "The transaction of BeginTransaction keeps together `Orders.Add` (line 2), `Lines.ExecuteDelete` (line 2) and "
        "`_db.SaveChanges` (line 2).",
    ),
    "a read that decides a write": (
        """public void M(int id) { using var t = _db.Database.BeginTransaction(IsolationLevel.Serializable);
        if (!_db.Orders.Any(o => o.Id == id))
            _db.Orders.ExecuteDelete();
        t.Commit(); }""",
        "The transaction of BeginTransaction keeps together `Orders.ExecuteDelete` (line 3); `Orders.ExecuteDelete` (line 3) "
        "depends on the result of `Orders.Any` (line 2); that relies on isolation Serializable.",
    ),
}


@pytest.mark.parametrize("case", TRANSACTIONS)
def test_what_a_transaction_keeps_together(case: str) -> None:
    """Its writes in order, the reads that these depend on, and the isolation that the source names for it."""
    members, expected = TRANSACTIONS[case]
    assert told(members) == [expected]


def test_what_only_names_tell_is_assumed() -> None:
    """That a call saves is told by its name: what a transaction keeps together is not a proof."""
    source = Source("case.cs", f"class C {{ {FIELDS} {TRANSACTIONS['writes that belong together'][0]} }}".encode())
    file = outline(source)
    (found,) = protections(file, file.regions)
    assert isinstance(found, TransactionProtection)
    assert found.certainty == "assumed"
