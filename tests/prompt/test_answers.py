"""What the source alone answers: a yes with its lines, a no with what was read, and cannot-tell with what was not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctxreview.model.review import ChecklistAnswer
from ctxreview.prompt.answers import ANSWERS, answers
from ctxreview.prompt.checklist import Item
from ctxreview.review.context import build
from tests.samples import ITEMS, TEAM_QUESTION, context_of, options, request

FIELDS = """\
    private readonly object _gate = new();
    private readonly object _other = new();
    private readonly SemaphoreSlim _slots = new(1, 1);
    private readonly ReaderWriterLockSlim _rw = new();
    private readonly Db _db;
    private readonly List<int> _list = new();
    private Action _later;
    private event EventHandler Done;
    private IEnumerable<int> _open;
    private int _n, _m;
    private bool _flag;
"""


def answered(code: str) -> dict[str, ChecklistAnswer]:
    """The answers for the code between « and », by id, from the one file."""
    return {a.id: a for a in answers(ITEMS, context_of(code))}


def within(body: str, head: str = "void M(int x, List<int> given)", rest: str = "") -> dict[str, ChecklistAnswer]:
    """The answers for statements of one method; ``rest`` are other members of the class."""
    return answered(f"class C\n{{\n{FIELDS}    {head}\n    {{\n        {body}\n    }}\n{rest}\n}}\n")


def test_each_item_has_its_answer() -> None:
    """Every item of the shipped checklist is one that the source can answer; the first is the team's own question."""
    assert [i.id for i in ITEMS] == list(ANSWERS)
    assert ITEMS[0].question == TEAM_QUESTION


def test_an_item_of_a_project_is_not_answered() -> None:
    """What a project asks beside them the source does not answer."""
    (found,) = answers((Item("audit-log", "Is it logged?"),), context_of("class C { void Ship() { «A();» } }"))
    assert (found.answer, found.evidence, found.note) == ("cannot-tell", (), "The source alone does not answer it.")


CASES = {
    # id: (answer, method, statements, other members)
    "awaits-and-async-flow": (
        ("yes", "async Task M()", "await _slots.WaitAsync(); try { «_n = 1;» await Work(); } finally { _slots.Release(); }", ""),
        ("no", "async Task M()", "await _slots.WaitAsync(); try { «_n = 1;» } finally { _slots.Release(); } await Work();", ""),
        ("no", "void M()", "lock (_gate) { «_n = 1;» Run(async () => { await Work(); }); }", ""),
    ),
    "early-exits": (
        ("yes", "void M(int x)", "lock (_gate) { if (x == 0) return; «_n = 1;» }", ""),
        ("yes", "void M(int x)", "while (true) { lock (_gate) { if (x == 0) break; «_n = 1;» } }", ""),
        ("yes", "void M(int x)", "lock (_gate) { «_n = x > 0 ? x : throw new E();» }", ""),
        ("no", "void M(int x)", "lock (_gate) { while (true) { if (x == 0) break; «_n = 1;» } }", ""),
        ("no", "void M(int x)", "if (x == 0) return; lock (_gate) { «_n = 1;» }", ""),
        ("no", "void M(int x)", "lock (_gate) { «_list.RemoveAll(n => { return n == x; });» }", ""),
        ("no", "void M(int x)", "lock (_gate) { switch (x) { case 1: «_n = 1;» break; default: break; } }", ""),
        ("cannot-tell", "void M(int x)", "lock (_gate) { try { if (x == 0) throw new E(); «_n = 1;» } catch (E) { } }", ""),
    ),
    "writes-that-rest-on-reads": (
        ("yes", "void M()", "lock (_gate) { «if (_flag) _n = 1;» }", "void N() { _flag = true; }"),
        ("yes", "void M()", "lock (_gate) { «_n++;» }", "void N() { _n = 0; }"),
        ("yes", "void M()", "lock (_gate) { «if (Has()) _n = 1;» }", "bool Has() => _flag; void N() { _flag = true; }"),
        ("yes", "void M(List<int> all)", "lock (_gate) { «var kept = new List<int>(); foreach (var g in all) { if (_flag) continue; kept.Add(g); } _list.AddRange(kept);» }", "void N() { _flag = true; }"),
        ("yes", "void M()", "lock (_gate) { «var next = 0; if (_flag) next = 5; _n = next;» }", "void N() { _flag = true; }"),
        ("no", "void M(int x)", "Later(() => { lock (_gate) { «_n = x;» } });", ""),
        ("no", "void M(int x)", "lock (_gate) { «_n = x;» }", ""),
        ("no", "void M(int x)", "if (_flag) { lock (_gate) { «_n = x;» } }", "void N() { _flag = true; }"),
        ("cannot-tell", "void M(Service s)", "lock (_gate) { «if (_flag) s.Send();» }", "void N() { _flag = true; }"),
        ("cannot-tell", "void M(string p)", "lock (_gate) { «if (File.Exists(p)) Make(p);» }", ""),
        ("cannot-tell", "void M(Service s, int x)", "lock (_gate) { «var o = s.Ask(x); o.N = 1; s.Upsert(o);» }", ""),
        ("no", "void M(Service s, int x)", "var o = s.Find(x); lock (_gate) { «o.N = 1; s.Upsert(o);» }", ""),
    ),
    "calls-out": (
        ("yes", "void M()", "using var t = _db.Database.BeginTransaction(); «_db.SaveChanges();» t.Commit();", ""),
        ("no", "void M(Timer t)", "lock (_gate) { «t.Change(1, 2);» }", ""),
        ("yes", "void M(string p)", "lock (_gate) { «File.Delete(p);» }", ""),
        ("yes", "void M()", "lock (_gate) { «Done?.Invoke(this, null);» }", ""),
        ("yes", "void M(Action<int> next)", "lock (_gate) { «next(1);» }", ""),
        ("yes", "void M(string p)", "lock (_gate) { «Drop(p);» }", "void Drop(string p) { File.Delete(p); }"),
        ("no", "void M(string p)", "lock (_gate) { «_n = 1;» } File.Delete(p);", ""),
        ("no", "void M(string p)", "lock (_gate) { «_list.Add(1);» _logger.LogInformation(p); }", ""),
        ("cannot-tell", "void M(Service s)", "lock (_gate) { «s.Work();» }", ""),
        ("cannot-tell", "void M()", "lock (_gate) { «var made = new Thing();» }", ""),
    ),
    "deferred-execution": (
        ("yes", "void M()", "lock (_gate) { «_later = () => _n++;» }", ""),
        ("yes", "void M(Action<object> next)", "lock (_gate) { «_timer = new Timer(new TimerCallback(next), this, 5, 0);» }", "Timer _timer;"),
        ("no", "void M()", "lock (_gate) { «_timer = new Timer(5);» }", "Timer _timer;"),
        ("yes", "void M()", "lock (_gate) { «Done += OnDone;» }", "void OnDone(object s, EventArgs e) { }"),
        ("yes", "void M()", "lock (_gate) { «Task.Run(() => _n++);» }", ""),
        ("no", "void M()", "lock (_gate) { «Done -= OnDone;» }", "void OnDone(object s, EventArgs e) { }"),
        ("no", "void M()", "lock (_gate) { «foreach (var i in _list.Where(n => n > 0)) _n += i;» }", ""),
        ("no", "List<int> M()", "lock (_gate) { «return _list.Where(n => n > 0).ToList();» }", ""),
        ("no", "void M(Timer t)", "lock (_gate) { «t.Change(1, 2);» }", ""),
        ("no", "async Task M()", "await _slots.WaitAsync(); try { «await WorkAsync();» } finally { _slots.Release(); }", ""),
        ("cannot-tell", "void M(Service s)", "lock (_gate) { «s.OnEach(n => _n++);» }", ""),
        ("cannot-tell", "void M(Service s)", "lock (_gate) { «_open = s.Rows();» }", ""),
        ("cannot-tell", "IEnumerable<int> M()", "lock (_gate) { «var q = _list.Where(n => n > 0); return q;» }", ""),
    ),
    "tracking-and-later-writes": (
        ("yes", "void M()", "using var t = _db.Database.BeginTransaction(); var o = «_db.Orders.First()»; o.N = 1; _db.SaveChanges(); t.Commit();", ""),
        ("no", "void M()", "using var t = _db.Database.BeginTransaction(); var o = «_db.Orders.First()»; _n = o.N; _db.SaveChanges(); t.Commit();", ""),
        ("no", "void M(int x)", "lock (_gate) { «_n = x;» }", ""),
        ("no", "void M()", "«_n = 1;» Mark();", "void Mark() { var o = _db.Orders.First(); o.N = 1; _db.SaveChanges(); }"),
        ("yes", "void M()", "var o = «_db.Orders.First()»; Mark(o);", "void Mark(Order o) { o.N = 1; _db.SaveChanges(); }"),
        ("cannot-tell", "void M(Service s)", "var o = «s.Load()»; o.N = 1; s.Store(o);", ""),
    ),
    "isolation-and-hints": (
        ("yes", "void M()", "using var t = _db.Database.BeginTransaction(IsolationLevel.Serializable); «_n = 1;» t.Commit();", ""),
        ("no", "void M(int x)", "lock (_gate) { «_n = x;» }", ""),
        ("cannot-tell", "void M(string sql)", "lock (_gate) { «_db.Database.ExecuteSqlRaw(sql);» }", ""),
    ),
    "other-users-of-the-lock": (
        ("yes", "void M()", "lock (_gate) { «_n = 1;» }", "void N() { lock (_gate) { _n = 2; } }"),
        ("no", "void M()", "lock (_gate) { «_n = 1;» }", "void N() { lock (_other) { _m = 2; } }"),
        ("cannot-tell", "void M()", "lock (Open) { «_n = 1;» }", "public readonly object Open = new();"),
        ("cannot-tell", "void M()", "lock (_gate) { «_n = 1;» }", "void N() { Hand(_gate); }"),
        ("cannot-tell", "void M()", "using var t = _db.Database.BeginTransaction(); «_n = 1;» t.Commit();", ""),
    ),
    "use-without-the-lock": (
        ("yes", "void M()", "lock (_gate) { «_n = 1;» }", "public int N() { return _n; }"),
        ("yes", "void M()", "lock (_gate) { «_n = 1;» }", "public void N() { _n = 2; }"),
        ("no", "void M()", "lock (_gate) { «_n = 1;» }", "public int N() { lock (_gate) { return _n; } }"),
        ("no", "void M()", "lock (_gate) { «_n = 1;» }", "public C() { _n = 7; }"),
        ("cannot-tell", "void M()", "lock (_gate) { «_n = 1;» }", "public void N() { Hand(() => _n); }"),
        ("no", "void M()", "lock (_gate) { «_store.Put(1);» }", "Store _store; void N() { lock (_gate) { _store.Put(2); } }"),
        ("no", "void M()", "lock (_gate) { «_store.Put(1);» }", "readonly Store _store; public C() { _store.Put(2); } // _store.Put(3)"),
        ("cannot-tell", "void M()", "lock (_gate) { «_store.Put(1);» }", "Store _store; void N() { _store.Put(2); }"),
        ("cannot-tell", "void M()", "lock (_store) { «_store.Put(1);» }", "readonly Store _store; void N() { _store.Put(2); }"),
        ("no", "void M()", "lock (_gate) { «_logger.LogInformation(\"a\");» }", "ILogger _logger; void N() { _logger.LogInformation(\"b\"); }"),
    ),
    "runs-again": (
        ("yes", "async Task M()", "var strategy = _db.Database.CreateExecutionStrategy(); await strategy.ExecuteAsync(async () => { «_n = 1;» });", ""),
        ("cannot-tell", "void M()", "lock (_gate) { «_n = 1;» }", ""),
    ),
    "shared-state": (
        ("yes", "void M()", "lock (_gate) { «x();» }", ""),
        ("yes", "void M()", "using (_db.BeginTransaction()) { «x();» }", ""),
        ("yes", "void M()", "«_n++;»", ""),
        ("cannot-tell", "void M()", "«var x = 1;»", ""),
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("item", "expected", "head", "body", "rest"), [(i, *case) for i, cases in CASES.items() for case in cases]
)
def test_loud_and_quiet_twins(item: str, expected: str, head: str, body: str, rest: str) -> None:
    """Each item says yes, no or cannot-tell as the statements are; only a yes has lines, and each stands as it is quoted."""
    found = within(body, head, rest)[item]
    assert found.answer == expected, found.note
    assert bool(found.evidence) == (expected == "yes")
    assert all(e.supported and e.quote for e in found.evidence)


def test_every_answer_is_tried() -> None:
    """Each item has a loud and a quiet case."""
    assert CASES.keys() == ANSWERS.keys()
    assert all(
        {"yes", "no"} <= {c[0] for c in cases} for i, cases in CASES.items() if i not in ("runs-again", "shared-state")
    )


def test_a_no_says_what_was_read() -> None:
    """The note of a no names the scope, the function with its lines and the helpers that were read for it."""
    found = within("lock (_gate) { «Put(x);» }", rest="    void Put(int x) { _n = x; }")["calls-out"]
    assert (
        found.note
        == "Nothing in M does so under lock on _gate (line 16), logging aside. Read: M, lines 14-17, with Put, which it calls."
    )


def test_cannot_tell_names_what_was_not_read() -> None:
    """The note of cannot-tell names the call whose code would have to be seen, with its line."""
    found = within("lock (_gate) { «s.Work();» }", "void M(Service s)")["calls-out"]
    assert found.note == "Not read: s.Work (line 16)."


def test_whether_a_hold_lasts_over_an_await() -> None:
    """Of a lock that belongs to a thread, and of a transaction that does not flow, the answer says so."""
    body = "_rw.EnterWriteLock(); try { «await Work();» } finally { _rw.ExitWriteLock(); }"
    note = within(body, "async Task M()")["awaits-and-async-flow"].note
    assert note.endswith(
        "ReaderWriterLockSlim belongs to the thread that took it, and another thread may run what follows the await."
    )
    flows = "using var t = new TransactionScope(); «await Work();» t.Complete();"
    assert within(flows, "async Task M()")["awaits-and-async-flow"].note.endswith(
        "TransactionScope does not flow over await."
    )


def test_what_was_not_understood_is_no_no() -> None:
    """A function that the parser could not read proves nothing against."""
    found = within("lock (_gate) { «_n = 1;» } @@ ) (;")
    assert "no" not in {
        found[i].answer for i in ("awaits-and-async-flow", "early-exits", "calls-out", "deferred-execution")
    }


def test_no_scope_is_a_no_only_where_all_callers_are_known(tmp_path: Path) -> None:
    """What is asked of a scope is answered no where the repository shows that none is around, and else not."""
    (tmp_path / ".git").mkdir()
    code = "class C {\n private int M() {\n return 1;\n }\n void N() { M(); }\n}\n"
    (tmp_path / "C.cs").write_text(code)
    for hops, expected in ((3, "no"), (0, "cannot-tell")):
        made = request(f"{tmp_path / 'C.cs'}:3", options(root=tmp_path, hops=hops))
        found = {a.id: a.answer for a in answers(ITEMS, build(made), made.repository)}
        assert {found[i] for i in ("awaits-and-async-flow", "early-exits", "calls-out", "use-without-the-lock")} == {
            expected
        }


def test_notes_say_what_a_person_reads_in_the_code() -> None:
    """A call on an element is told as it is written; an access under another lock with that lock; a lock that is assigned again as such."""
    walk = within("lock (_gate) { «foreach (var one in _rows) { one.Stop(); }» }", rest="    List<Row> _rows = new();")
    assert walk["calls-out"].note == "Not read: one.Stop (line 16)."
    beside = within("lock (_gate) { «_n = 1;» }", rest="    void N() { lock (_other) { _n = 2; } }")
    assert beside["use-without-the-lock"].note == "From the source alone: N writes _n without _gate, under _other."
    for body, named in (("Save();", "Later, which Save calls,"), ("Later();", "Later")):
        later = "    async Task Save() { _n = 1; Later(); }\n    async void Later() { await Wait(); _n = 2; }"
        going_on = within(
            f"await _slots.WaitAsync(); try {{ «await {body}» }} finally {{ _slots.Release(); }}".replace(
                "await Later", "Later"
            ),
            "async Task M()",
            later,
        )
        assert going_on["deferred-execution"].note == f"From the source alone: {named} goes on after the scope."
    again = within(
        "lock (_map) { «_n = 1;» }", rest="    Dictionary<int, int> _map = new();\n    void N() { _map = new(); }"
    )
    assert again["other-users-of-the-lock"].note == (
        "What else takes lock on _map (line 16), and what it protects, is not known: _map is assigned again, so that another object may be locked each time."
    )


def test_an_object_that_may_be_another_one_is_no_no() -> None:
    """Where a lambda gets an object whose type is not written and uses its private lock or state, that all is known is not said."""
    rest = "    int N() => _map.GetOrAdd(1, static (k, m) => { lock (m._gate) { return m._n; } }, this);"
    found = within("lock (_gate) { «_n = 1;» }", rest=rest)
    same = "Whether {} of the same object was not found out."
    assert found["other-users-of-the-lock"].note == same.format("_gate (line 18) is")
    assert found["use-without-the-lock"].note == same.format("_gate (line 18) and _n (line 18) are")
    found = within("lock (_gate) { «_n = 1;» }", rest="    int N() { lock (this._gate) { return this._n; } }")
    assert found["other-users-of-the-lock"].answer == "yes"
    assert found["use-without-the-lock"].answer == "no"


def test_objects_that_are_used_without_the_lock_are_named() -> None:
    """Where what a call under the lock changes was not read, the answer says which other members call on the object, and where."""
    found = within("lock (_gate) { «_store.Put(1);» }", rest="    Store _store;\n    void N() { _store.Put(2); }")
    assert found["use-without-the-lock"].note == (
        "_store is used under _gate, and used without the lock in N (line 19); whether that changes what is used here was not read."
    )


def test_what_a_library_sends_asks_for_no_lock(tmp_path: Path) -> None:
    """A query that the library makes is read; a text of the code's, and a save by a method that was not read, are not."""
    (tmp_path / ".git").mkdir()
    body = "var t = _db.Database.BeginTransaction(IsolationLevel.ReadCommitted); t.Dispose();"
    for line, expected in (
        ("_n = _db.Orders.Count();", "no"),
        ("_db.SaveChanges();", "no"),
        ("CommandQueue._db.Orders.First();", "no"),
        ("_n = _db.Database.ExecuteSqlRaw(sql);", "cannot-tell"),
        ("_repo.InsertMany(given);", "cannot-tell"),
    ):
        code = f"class CommandQueue\n{{\n    readonly object _gate = new();\n    static AppDbContext _db; IRepo _repo; int _n;\n    void M(string sql)\n    {{\n        lock (_gate)\n        {{\n            {line}\n        }}\n    }}\n    void O() {{ {body} }}\n}}\n"
        (tmp_path / "C.cs").write_text(code, "utf-8")
        made = request(f"{tmp_path / 'C.cs'}:9", options(root=tmp_path, hops=3))
        found = {a.id: a for a in answers(ITEMS, build(made), made.repository)}["isolation-and-hints"]
        assert found.answer == expected, (line, found.note)


def test_calls_are_followed_into_other_files(tmp_path: Path) -> None:
    """A helper of another type is read where the repository has it."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "C.cs").write_text(
        "class C {\n readonly object _gate = new(); Store _store; Other _other;\n"
        " void M() {\n lock (_gate) {\n _store.Drop();\n } }\n"
        " void N() {\n lock (_gate) {\n _other.Drop();\n } }\n}\n"
    )
    (tmp_path / "D.cs").write_text('class Store { int _n; public void Drop() { File.Delete("a"); } }\n')
    (tmp_path / "E.cs").write_text("class Other { int _n; public void Drop() { _n = 0; } }\n")
    for line, expected in ((5, "yes"), (9, "no")):
        made = request(f"{tmp_path / 'C.cs'}:{line}", options(root=tmp_path, hops=3))
        found = {a.id: a for a in answers(ITEMS, build(made), made.repository)}["calls-out"]
        assert found.answer == expected, found.note


def test_who_else_takes_the_lock_is_found_in_other_files(tmp_path: Path) -> None:
    """A part of the type in another file that takes the lock is a yes with its line there."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "C.cs").write_text(
        "partial class C { readonly object _gate = new(); int _n;\n void M() { lock (_gate) { _n = 1; } } }"
    )
    (tmp_path / "D.cs").write_text("partial class C {\n void N() { lock (_gate) { _n = 2; } } }")
    made = request(f"{tmp_path / 'C.cs'}:2", options(root=tmp_path, hops=3))
    found = {a.id: a for a in answers(ITEMS, build(made), made.repository)}["other-users-of-the-lock"]
    assert [(e.path, e.line) for e in found.evidence] == [("D.cs", 2)]
    assert found.note == "From the source alone: N takes _gate."


@pytest.mark.parametrize(
    ("call", "expected", "says"),
    [
        ("s.Put(1);", "no", "Read: Put, line 5 and the callers that were found, tests aside; there may be others."),
        (
            "Later(() => s.Put(1));",
            "cannot-tell",
            "Chain.C0 (Chain.cs:3) uses Put in a delegate; how often that runs is not known.",
        ),
    ],
)
def test_whether_a_caller_that_was_found_runs_it_again(tmp_path: Path, call: str, expected: str, says: str) -> None:
    """Where callers further up were not followed, the answer is on those that were found; one that may call later leaves it open."""
    (tmp_path / ".git").mkdir()
    store = "class Store\n{\n    readonly object _gate = new();\n    int _n;\n    public void Put(int x) { lock (_gate) { _n = x; } }\n}\n"
    (tmp_path / "Store.cs").write_text(store, "utf-8")
    chain = "".join(f"    public void C{n}(Store s) {{ {f'C{n - 1}(s);' if n else call} }}\n" for n in range(3))
    (tmp_path / "Chain.cs").write_text(f"class Chain\n{{\n{chain}}}\n", "utf-8")
    about = build(request(f"{tmp_path / 'Store.cs'}:5", options(root=tmp_path, hops=1)))
    found = {a.id: a for a in answers(ITEMS, about)}["runs-again"]
    assert found.answer == expected
    assert found.note.endswith(says)
