"""What is said under "What the source proves", to people and to the model: no more than the text bears out."""

from __future__ import annotations

import pytest

from ctxreview import rules
from ctxreview.context.proofs import proven, suggested
from ctxreview.model.outline import Outline
from ctxreview.model.regions import Region
from ctxreview.model.review import ChecklistAnswer, Context
from ctxreview.model.source import Source
from ctxreview.outline import outline
from ctxreview.prompt.answers import answers
from ctxreview.reports.document import context_document
from ctxreview.reports.text import context_text
from tests.samples import ITEMS, PATH, context_of, shop


def read(members: str) -> Outline:
    """The outline of one class."""
    return outline(Source(PATH, f"class C\n{{\n{members}\n}}\n".encode()))


def in_method(statements: str, fields: str = "") -> Outline:
    """The outline of a class with one method."""
    return read(f"{fields}\nasync Task<int> M(int id, string name)\n{{\n{statements}\n}}")


def lines(found: Outline, scope: Region) -> list[tuple[int, int]]:
    """The lines of a scope's gaps."""
    return [found.source.lines_of(g) for g in scope.excluded]


def rules_of(found: Outline) -> list[str]:
    """The rules that find something, notes aside."""
    return [f.rule for f in rules.check(found) if f.severity != "note"]


# --- SQL in texts ----------------------------------------------------------------------------------------------

TOLD = [
    '_logger.LogInformation("Begin transaction {Id} for {Name}", id, name);',
    '_log.Debug("BEGIN TRANSACTION");',
    'Console.WriteLine($"BEGIN TRANSACTION {id}");',
    'throw new InvalidOperationException("BEGIN TRANSACTION");',
    'throw new Broken(string.Format("begin transaction {0}", id));',
    'string message = "BEGIN TRANSACTION";',
    'var t = "Begin transaction";',
    'var u = "BEGIN TRANSACTION for " + name;',
    'if (name == "BEGIN TRANSACTION") return 0;',
    'switch (name) { case "BEGIN TRANSACTION": break; }',
    '_logger.LogDebug("SELECT * FROM x FOR UPDATE");',
]
SENT = [
    'c.Execute("Begin Transaction");',
    'c.Execute("BEGIN TRAN t1; UPDATE x SET y = 1; COMMIT");',
    'c.Execute(string.Format("BEGIN TRANSACTION t{0}", id));',
    'var sql = "begin transaction isolation level serializable";',
    'const string begin = "START TRANSACTION READ WRITE";',
    'cmd.CommandText = "BEGIN TRANSACTION";',
    'using var q = new SqlCommand("BEGIN TRANSACTION", c);',
    'Run("BEGIN TRAN");',
    'var rows = c.Query("SELECT * FROM x FOR UPDATE");',
]


@pytest.mark.parametrize("statement", TOLD)
def test_what_people_are_told_is_not_sql(statement: str) -> None:
    """A text that is logged, thrown, compared or reads as a sentence opens nothing, and is not listed as SQL."""
    found = in_method(statement)
    assert (found.regions, [f for f in found.facts if f.kind == "sql-hint"]) == ((), [])


@pytest.mark.parametrize("statement", SENT)
def test_what_can_be_sent_is_sql(statement: str) -> None:
    """A text that goes to what sends it, or is SQL by its whole shape, opens what it says."""
    assert [(s.form, s.certainty) for s in in_method(statement).regions] == [("sql", "assumed")]


# --- transactions ----------------------------------------------------------------------------------------------

LEVELS = {
    "using var tx = _db.Database.BeginTransaction();": "the provider's own (default)",
    "using var tx = _conn.BeginTransaction();": "the provider's own (default)",
    "using var tx = _typed.BeginTransaction();": "the provider's own (default)",
    "using var tx = _db.BeginTransaction();": "given by _db.BeginTransaction",
    "using var tx = await _uow.BeginTransactionAsync();": "given by _uow.BeginTransactionAsync",
    "using var tx = await _uow.BeginTransactionAsync(IsolationLevel.Snapshot);": "Snapshot",
    "using var tx = BeginTransaction();": "Serializable",
    "using var tx = this.BeginTransaction();": "Serializable",
    "_work.ExecuteInTransaction(() => { Do(); });": "given by _work.ExecuteInTransaction",
    "_work.ExecuteInTransaction(() => { Do(); }, IsolationLevel.Snapshot);": "Snapshot",
}


@pytest.mark.parametrize("statement", LEVELS)
def test_the_default_isolation_is_the_providers_alone(statement: str) -> None:
    """The documented default is claimed of what documents it; of a wrapper, what its text in the file says, or nothing."""
    own = "IDbTx BeginTransaction() { return Open(IsolationLevel.Serializable); }\nIDbConnection _typed;\n"
    assert [s.isolation and s.isolation.text for s in in_method(statement, own).regions] == [LEVELS[statement]]


def answered(about: Context) -> dict[str, ChecklistAnswer]:
    """What the source answers of the checklist, by the items' ids."""
    return {a.id: a for a in answers(ITEMS, about)}


def test_an_execution_strategy_is_not_a_transaction() -> None:
    """What only runs its delegate again is told as that, and proves no transaction; the one in the delegate does."""
    about = context_of(
        shop(
            "var strategy = _db.Database.CreateExecutionStrategy();\n"
            "await strategy.ExecuteAsync(async () =>\n{\n    «await Next();»\n});\nreturn 0;"
        )
    )
    (said,) = (s for s in proven(about) if "ExecuteAsync" in s)
    assert said.startswith(
        "Retry by ExecuteAsync, lines 15-18, holds the selection (syntactic). An execution strategy runs"
    )
    found = answered(about)
    assert found["isolation-and-hints"].answer == "no"
    assert found["runs-again"].answer == "yes"
    assert "ExecuteAsync" not in found["shared-state"].note


def test_the_note_of_a_scope_is_a_sentence() -> None:
    """What is said of a lock beside its extent begins as a sentence does."""
    (said,) = (s for s in proven(context_of(f"class C\n{{\n{LOCK}}}\n")) if s.startswith("Lock on"))
    assert said == "Lock on `_gate`, line 4, holds the selection (syntactic). It is a System.Threading.Lock."


LOCK = "    readonly System.Threading.Lock _gate = new();\n    void M() { lock (_gate) { «A();» } }\n"
EXITS = {
    "the lambda of a wrapper": ("return _db.ExecuteInTransaction(() => { if (id == 0) return 1; Work(); return 2; });", 0),
    "a throw in it": ("return _db.ExecuteInTransaction(() => { if (id == 0) throw new X(); return 2; });", 1),
    "a unit of work that saves": (
        "await _uow.BeginTransactionAsync();\nif (id == 0) return 0;\nreturn await _uow.SaveChangesAsync();", 0
    ),
    "the commit itself": ("using var tx = _conn.BeginTransaction();\nreturn tx.Commit();", 0),
    "before the commit": ("using var tx = _conn.BeginTransaction();\nif (id == 0) return 0;\ntx.Commit();", 1),
    "before a commit that is given it": (
        "using var tx = _conn.BeginTransaction();\nif (id == 0) return 0;\n_db.CommitTransaction(tx);", 1
    ),
    "an object made with it": (
        "using var tx = _conn.BeginTransaction();\nif (id == 0)\n{\n    var job = new Job(_conn, tx);\n    return job;\n}\ntx.Commit();", 0
    ),
    "a new object": ("using var tx = _conn.BeginTransaction();\nif (id == 0) return new Job(tx);\ntx.Commit();", 0),
    "itself": ("var tx = _conn.BeginTransaction();\nif (id == 0) return tx;\ntx.Commit();", 0),
    "a command that was made with it": (
        "using var tx = _conn.BeginTransaction();\nvar command = new Command(tx);\nvar found = command.Run();\nif (found == 0) return found;\n"
        "tx.Commit();", 1
    ),
    "handed on": ("using var tx = _conn.BeginTransaction();\nFinish(tx);\nreturn 0;", 0),
    "never completed": ("using (var tx = _conn.BeginTransaction())\n{\nWork();\nreturn 0;\n}", 1),
}  # fmt: skip


@pytest.mark.parametrize("case", EXITS)
def test_left_without_completing(case: str) -> None:
    """An exit is said to leave a transaction uncompleted only where the completion is seen, or cannot be elsewhere."""
    statements, count = EXITS[case]
    assert [len(s.exits) for s in in_method(statements).regions] == [count]


AFTER = {
    "own block": ("using var tx = _conn.BeginTransaction();\nWork();\ntx.Commit();\nLater();", [(9, 9)]),
    "in a block of a using": (
        "using var tx = _conn.BeginTransaction();\nusing (Scope())\n{\n_db.CommitTransaction(tx);\nInner();\n}\nLater();",
        [(10, 10), (12, 12)],
    ),
    "a try with a finally": (
        "var tx = _conn.BeginTransaction();\ntry\n{\ntx.Commit();\nLater();\n}\nfinally\n{\ntx.Dispose();\n}", [(10, 10)]
    ),
    "on one branch": ("using var tx = _conn.BeginTransaction();\nif (id > 0)\n{\ntx.Commit();\n}\nLater();", []),
    "a try that catches": (
        "using var tx = _conn.BeginTransaction();\ntry\n{\ntx.Commit();\n}\ncatch\n{\n}\nLater();", []
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", AFTER)
def test_a_transaction_ends_with_its_commit(case: str) -> None:
    """What follows the commit is not held, as far as nothing decides whether the commit was reached."""
    statements, gaps = AFTER[case]
    found = in_method(statements)
    assert [lines(found, s) for s in found.regions] == [gaps]


NESTED = {
    "if and else": "DbTransaction tx;\nif (id > 0) { tx = c.BeginTransaction(); } else { tx = c.BeginTransaction(); }",
    "if and else, each to its end": "if (id > 0) { var a = c.BeginTransaction(); a.Commit(); } else { var b = c.BeginTransaction(); b.Commit(); }",
    "sections": "DbTransaction tx;\nswitch (id) { case 1: tx = c.BeginTransaction(); break; default: tx = c.BeginTransaction(); break; }",
    "a conditional expression": "var tx = id > 0 ? c.BeginTransaction(IsolationLevel.Snapshot) : c.BeginTransaction();",
    "a fallback": "DbTransaction tx;\ntry { tx = c.BeginTransaction(); } catch (DbException) { tx = c.BeginTransaction(); }",
}


@pytest.mark.parametrize("case", NESTED)
def test_branches_do_not_nest(case: str) -> None:
    """Transactions begun on branches of which one runs are not nested in each other; two in a row are."""
    assert "nested-transaction" not in rules_of(in_method(NESTED[case]))
    both = "var a = c.BeginTransaction();\nif (id > 0) { var b = c.BeginTransaction(); b.Commit(); }\na.Commit();"
    assert "nested-transaction" in rules_of(in_method(both))


# --- locks -----------------------------------------------------------------------------------------------------

SIGNALS = [
    "readonly SemaphoreSlim _s = new SemaphoreSlim(0);",
    "readonly SemaphoreSlim _s = new(0, 1);",
    "readonly SemaphoreSlim _s = new(maxCount: 1, initialCount: 0);",
    "SemaphoreSlim _s { get; } = new(0);",
    "readonly SemaphoreSlim _s;\nC() { _s = new SemaphoreSlim(0); }",
]
HELD = "await _s.WaitAsync();\ntry\n{\nWork();\n}\nfinally\n{\n_s.Release();\n}"


@pytest.mark.parametrize("field", SIGNALS)
def test_an_empty_semaphore_is_a_signal(field: str) -> None:
    """A semaphore that is made with nothing in it holds nothing; one made with a slot does, under the same name elsewhere too."""
    other = "class D { readonly SemaphoreSlim _s = new(1, 1); async Task N() { await _s.WaitAsync(); _s.Release(); } }"
    assert [s.container for s in in_method(HELD, f"{field}\n{other}").regions] == ["D"]
    local = in_method("var s = new SemaphoreSlim(0);\nawait s.WaitAsync();\nWork();\ns.Release();")
    assert local.regions == ()


COUNTS = {
    "readonly SemaphoreSlim _s = new SemaphoreSlim(1, 1);": "exclusive",
    "readonly SemaphoreSlim _s = new(4);": "shared",
    "readonly SemaphoreSlim _s = new(maxCount: 1_000, initialCount: 2);": "shared",
    "readonly SemaphoreSlim _s;\nC() { _s = new(2); }\nC(int n) { _s = new(3); }": "shared",
    "readonly SemaphoreSlim _s;\nC() { _s = new(1); }\nC(int n) { _s = new(3); }": "",
    "readonly SemaphoreSlim _s = new(Environment.ProcessorCount);": "",
    "readonly SemaphoreSlim _s;\nC(SemaphoreSlim s) { _s = s; }": "",
}


@pytest.mark.parametrize("field", COUNTS)
def test_how_many_a_semaphore_lets_in(field: str) -> None:
    """A semaphore is called exclusive where it is made with one slot, shared where with several, and neither where the file does not say."""
    assert [s.mode for s in in_method(HELD, field).regions] == [COUNTS[field]]


@pytest.mark.parametrize(
    ("field", "said"), [("Lock _s;", "Lock"), ("SpinLock _s;", "SpinLock"), ("", "Enter and Exit")]
)
def test_a_lock_is_named_as_it_is_declared(field: str, said: str) -> None:
    """What is entered and left is a Lock or a SpinLock where the declaration says so, and not one of the two."""
    name = "_s" if field else "gate"
    found = in_method(f"{name}.Enter();\ntry\n{{\nWork();\n}}\nfinally\n{{\n{name}.Exit();\n}}", field)
    assert [s.construct for s in found.regions] == [said]


def test_fields_of_one_name_in_two_classes() -> None:
    """What one class opens and keeps in a field is not ended by another class that has a field of that name."""
    first = "DbTransaction _tx;\nvoid B() { _tx = _conn.BeginTransaction(); }"
    other = "class D { DbTransaction _tx; void E() { _tx.Commit(); } }"
    assert [s.container for s in read(f"{first}\n{other}").regions] == ["C"]
    assert [s.container for s in read(f"{first}\nvoid E() {{ _tx.Commit(); }}").regions] == ["C", "C"]


GUARDED = """\
readonly {type} {gate} = new();
{field}
void Add(int id) {{ lock ({gate}) {{ _all.Add(id); }} }}
void Drop(int id) {{ lock ({gate}) {{ _all.Remove(id); }} }}
int Count() {{ lock ({gate}) {{ return _all.Count; }} }}
List<int> All() {{ lock ({gate}) {{ return _all; }} }}
bool Has(int id) {{ return _all.Contains(id); }}
"""
OTHER = (
    "class D { readonly object _gate = new(); readonly List<int> _all = new(); int N() { lock (_all) { return 1; } } }"
)


@pytest.mark.parametrize("other", ["", OTHER], ids=["alone", "beside a class with the same names"])
@pytest.mark.parametrize("self_", [False, True], ids=["gate", "itself"])
def test_a_collection_that_is_its_own_lock(self_: bool, other: str) -> None:
    """A collection that is locked itself is seen as one beside its lock is, whatever other classes of the file have."""
    gate, type_, field = ("_all", "List<int>", "") if self_ else ("_gate", "object", "readonly List<int> _all = new();")
    found = read(GUARDED.format(gate=gate, type=type_, field=field) + other)
    assert sorted(set(rules_of(found)) & {"outside-lock", "leaked-collection"}) == ["leaked-collection", "outside-lock"]


def test_a_split_of_a_collections_own_lock() -> None:
    """A lock on the collection that is split is told as a split."""
    whole = "lock (_all) { if (!_all.Contains(id)) { _all.Add(id); } }\nreturn 0;"
    parts = (
        "bool has;\nlock (_all) { has = _all.Contains(id); }\nlock (_all) { if (!has) { _all.Add(id); } }\nreturn 0;"
    )
    before, after = (in_method(code, "readonly List<int> _all = new();") for code in (whole, parts))
    assert "lock-split" in [f.rule for f in rules.compare(before, after)]


FORGOTTEN = "void Reset() {{ _all.Clear(); }}\nvoid Forget(int id) {{ {look} lock (_gate) {{ _all.Remove(id); }} }}"


@pytest.mark.parametrize(
    ("look", "told"),
    [
        ("if (!_all.Contains(id)) return;", True),
        ("if (_all.Count == 0) return;", True),
        ("if (_all == null) return;", False),
        ("if (id == 0) return;", False),
    ],
)
def test_a_look_outside_the_lock_beside_another_members_fault(look: str, told: bool) -> None:
    """A look into a collection before its lock is told where one other member changes it without the lock, too."""
    code = GUARDED.format(gate="_gate", type="object", field="readonly List<int> _all = new();") + FORGOTTEN
    before, after = (read(code.replace("{{", "{").replace("}}", "}").replace("{look}", first)) for first in ("", look))
    assert [f.rule for f in rules.compare(before, after) if f.rule == "outside-lock"] == ["outside-lock"] * told


BRANCHES = {
    "if and else": "if (id > 0) { tx = _conn.BeginTransaction(IsolationLevel.Serializable); }\nelse { tx = _conn.BeginTransaction(); }",
    "try and catch": "try { tx = _conn.BeginTransaction(IsolationLevel.Snapshot); }\ncatch (DbException) { tx = _conn.BeginTransaction(); }",
    "two sections": "switch (id) { case 1: tx = _conn.BeginTransaction(IsolationLevel.Snapshot); break;\ndefault: tx = _conn.BeginTransaction(); break; }",
}


@pytest.mark.parametrize("form", BRANCHES)
def test_a_transaction_that_one_of_two_branches_opens(form: str) -> None:
    """What follows the branches runs under one of the two: each says where the other is opened, to people and programs."""
    context = context_of(
        f"class C\n{{\nasync Task M(int id)\n{{\nDbTransaction tx;\n{BRANCHES[form]}\n«Save(tx);»\ntx.Commit();\n}}\n}}\n"
    )
    first, second = (context.outline.source.line_of(s.opening.start) for s in context.scopes)
    assert [s.alternatives for s in context.scopes] == [(context.scopes[1].opening,), (context.scopes[0].opening,)]
    said = [s for s in proven(context) if s.startswith("Transaction")]
    assert f"line {second} opens it in another branch instead" in said[0]
    assert f"line {first} opens it in another branch instead" in said[1]
    scopes = context_document(context)["scopes"]
    assert [s["alternatives_at"] for s in scopes] == [[second], [first]]


def test_transactions_of_branches_that_end_in_them() -> None:
    """Two transactions that each end in their branch are not told as one of two."""
    branch = "var tx = _conn.BeginTransaction(); Save(tx); tx.Commit();"
    found = in_method(f"if (id > 0) {{ {branch} }} else {{ {branch} }}\nreturn 0;")
    assert [s.alternatives for s in found.regions] == [(), ()]


def test_lines_after_a_commit_are_told_to_programs() -> None:
    """JSON has the lines between a scope's ends that do not run under it."""
    context = context_of(
        "class C\n{\nvoid M()\n{\nusing var tx = _conn.BeginTransaction();\n«Save(tx);»\ntx.Commit();\nTell();\n}\n}\n"
    )
    (scope,) = context_document(context)["scopes"]
    assert scope["not_held_at"] == [{"start_line": 8, "end_line": 8}]


# --- other rules -----------------------------------------------------------------------------------------------

DICTIONARY = "readonly object _gate = new();\nreadonly ConcurrentDictionary<int, List<int>> _d = new();\n"
STEP = "void Step(int id) { if (!_d.ContainsKey(id)) { _d[id] = new List<int>(); } }"
CALLED = "public void A(int id) { lock (_gate) { Step(id); } }\npublic void B(int id) { lock (_gate) { Via(id); } }\nvoid Via(int id) { Step(id); }\n"


def test_a_look_and_act_under_the_callers_lock() -> None:
    """Two steps are left alone where every call of their private method is under a lock, and told where one is not."""
    assert "check-then-act" not in rules_of(read(DICTIONARY + CALLED + STEP))
    assert "check-then-act" in rules_of(read(f"{DICTIONARY}{CALLED}public {STEP}"))
    assert "check-then-act" in rules_of(read(f"{DICTIONARY}{CALLED}{STEP}\npublic void D(int id) {{ Step(id); }}"))
    assert "check-then-act" in rules_of(read(f"{DICTIONARY}{CALLED}{STEP}\nAction<int> D() => Step;"))


@pytest.mark.parametrize("made", ["var b = new List<int>[9];", "List<int>[] b = new List<int>[9];"])
def test_an_array_of_lists_is_not_a_list(made: str) -> None:
    """Each run of a parallel loop may have an element of an array to itself."""
    body = "Parallel.For(0, 9, i => {{ b[i] = {0}; }});"
    assert "parallel-write" not in rules_of(in_method(made + body.format("new List<int>()")))
    assert "parallel-write" in rules_of(in_method("var b = new List<int>();" + body.format("i")))


RETRIES = {
    "a loop with a context for each try": (
        "for (var i = 0; i < 3; i++)\n{\nusing var db = _factory.CreateDbContext();\nusing var tx = db.Database.BeginTransaction();\n"
        "try { db.Orders.First(o => o.Id == id).N = 1; db.SaveChanges(); tx.Commit(); return 1; }\ncatch (DbUpdateConcurrencyException) { tx.Rollback(); }\n}\nreturn 0;"
    ),
    "a delegate that starts from nothing": (
        "List<int> ids = null; var n = 0;\nvar strategy = _db.Database.CreateExecutionStrategy();\n"
        "await strategy.ExecuteInTransactionAsync(async () => { ids = new List<int>(); n = 0; ids.Add(1); n++; await _db.SaveChangesAsync(); }, null);\nreturn n;"
    ),
    "a delegate that empties first": (
        "var ids = new List<int>();\nvar strategy = _db.Database.CreateExecutionStrategy();\n"
        "await strategy.ExecuteInTransactionAsync(async () => { ids.Clear(); ids.Add(1); await _db.SaveChangesAsync(); }, null);\nreturn 0;"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", RETRIES)
def test_right_retries(case: str) -> None:
    """A try that begins anew each time is left alone; one that goes on with what the last one left is told."""
    assert rules_of(in_method(RETRIES[case])) == []
    left = RETRIES["a delegate that starts from nothing"].replace("n = 0; ids", "if (id > 0) { n = 0; } ids")
    assert "retried-delegate" in rules_of(in_method(left))


# --- the checklist and the words -------------------------------------------------------------------------------


def tracked(statements: str) -> str:
    """Whether something read is changed and saved, as far as the source proves it."""
    return answered(context_of(shop(statements)))["tracking-and-later-writes"].answer


BEGIN = "using var tx = _db.Database.BeginTransaction();\n"
SAVE = "_db.SaveChanges();\ntx.Commit();\nreturn 0;"


def test_what_has_to_stay_tracked() -> None:
    """Only a write to what a query gave, with a save after it, proves that it has to be tracked."""
    assert tracked(f"{BEGIN}var o = «_db.Orders.First()»;\no.N = 1;\n{SAVE}") == "yes"
    assert tracked(f"{BEGIN}var all = «_db.Orders.ToList()»;\nforeach (var o in all) o.N = 1;\n{SAVE}") == "yes"
    assert tracked(f"{BEGIN}int r;\nRun(async () => {{ r = «await Next()»; }});\n{SAVE}") == "no"
    assert tracked(f"{BEGIN}var o = «_db.Orders.First()»;\n_total = 1;\n{SAVE}") == "no"
    assert tracked(f"{BEGIN}var o = «_db.Orders.First()»;\no.N = 1;\ntx.Commit();\nreturn 0;") == "no"
    assert tracked(f"{BEGIN}var o = «_db.Orders.AsNoTracking().First()»;\no.N = 1;\n{SAVE}") == "no"


def test_nothing_is_said_twice() -> None:
    """Names that are the same as their kind stand once, and one more line is one line."""
    about = context_of(
        shop("lock (_gate)\n{\n" + "    «_count++;»\n" + "    _total++;\n" * 6 + "}\nreturn await Next();")
    )
    assert answered(about)["shared-state"].note.endswith("and 2 more lines.")
    fewer = context_of(
        shop("lock (_gate)\n{\n" + "    «_count++;»\n" + "    _total++;\n" * 5 + "}\nreturn await Next();")
    )
    assert answered(fewer)["shared-state"].note.endswith("and 1 more line.")
    assert "Awaits: line 24." in proven(about)
    inner = context_of(shop("Run(() => { «_count++;» });\nreturn 0;"))
    assert "lambda in method Ship of Orders" in context_text(inner)
    assert "lambda lambda" not in context_text(inner)


def test_members_of_a_nested_type_stand_under_its_head() -> None:
    """What a nested type declares is not shown as if the outer type did: the line that begins it stands above."""
    about = context_of("""class Queue
{
    private sealed class Fetched
    {
        public long Id { get; set; }
    }
    void Take()
    {
        «Next();»
    }
    void Next() { }
}
""")
    shown = [
        about.selection.source.line(n) for e in about.excerpts for n in {about.selection.source.lines_of(e.span)[0]}
    ]
    assert [line.strip() for line in shown if "Fetched" in line or "Id" in line] == [
        "private sealed class Fetched",
        "public long Id { get; set; }",
    ]


def test_a_field_of_a_nested_type() -> None:
    """A nested type's field of the same name is not shown as the one that the function uses; another one with its type."""
    code = "class C\n{\n    int _n;\n    class Entry { public int _n; public int Age; }\n    int Ship(Entry e)\n    {\n        return «_n + new Entry { Age = 1 }.Age»;\n    }\n}\n"
    whys = [e.why for e in context_of(code).excerpts if e.role == "field"]
    assert whys == ["_n: used by the function", "Age of Entry: used by the function"]


# --- what only names tell ----------------------------------------------------------------------------------------


def test_what_is_assumed_is_not_among_what_is_proven() -> None:
    """A lock of SQL in a text, and what calls do whose declarations were not read, stand apart; no item rests on the first."""
    about = context_of(
        shop('var sql = quick ? "FOR UPDATE SKIP LOCKED" : "FOR UPDATE";\n«_count++;»\nFile.Delete(sql);')
    )
    likely = suggested(about)
    assert [s[:15] for s in likely] == ["Lock FOR UPDATE", "Calls out: File"]
    assert not set(likely) & set(proven(about))
    assert not [s for s in proven(about) if "assumed" in s or "File.Delete" in s]
    assert not [a for a in answered(about).values() if "under FOR UPDATE" in a.note]


def test_a_commit_of_a_proven_transaction_is_proven() -> None:
    """That a transaction's own variable commits it needs no other name; another Commit does."""
    about = context_of(
        shop("using var t = _db.Database.BeginTransaction();\n«_count++;»\nt.Commit();\n_work.Commit();")
    )
    assert "Commits or rolls back: t.Commit (line 16)." in proven(about)
    assert "Commits or rolls back: _work.Commit (line 17)." in suggested(about)


def test_what_a_delegate_does_is_not_known() -> None:
    """A delegate or event that is called is said as that, and as code of others under the lock."""
    code = shop(
        "lock (_gate)\n{\n    «next(1);»\n    Done?.Invoke();\n}",
        "public event Action Done;\n    void Ship(Action<int> next)",
    )
    about = context_of(code)
    assert [s for s in proven(about) if s.startswith("Calls")] == [
        "Calls delegates or events: next (line 17), Done.Invoke (line 18)."
    ]
    assert answered(about)["calls-out"].note == "From the source alone: next is code of others; Done is code of others."


LEVELS_GIVEN = {
    "c.BeginTransaction(_bus, autoCommit: true)": "given by c.BeginTransaction",
    "_db.Database.BeginTransaction(_bus, autoCommit: true)": "given by _db.Database.BeginTransaction",
    "_db.Database.BeginTransaction()": "the provider's own (default)",
    "_db.Database.BeginTransactionAsync(cancellationToken)": "the provider's own (default)",
    "c.BeginTransaction(_level)": "given by _level",
    "c.BeginTransaction(wanted)": "given by wanted",
    "c.BeginTransaction(Level())": "given by Level()",
    "new TransactionScope(TransactionScopeOption.Required, wait)": "Serializable (default)",
    "new TransactionScope(TransactionScopeOption.Required, _settings)": "given by _settings",
}


@pytest.mark.parametrize("opens", LEVELS_GIVEN)
def test_an_argument_is_a_level_by_its_type_or_name(opens: str) -> None:
    """A publisher, a flag or a time that is handed to what opens a transaction says nothing of its isolation."""
    fields = "IPublisher _bus; Level _level; TransactionOptions _settings;"
    found = read(f"{fields}\nvoid M(IsolationLevel wanted, TimeSpan wait) {{ using ({opens}) {{ A(); }} }}")
    assert [s.isolation and s.isolation.text for s in found.regions] == [LEVELS_GIVEN[opens]]


def test_lines_that_a_scope_does_not_hold() -> None:
    """In the branch where the lock was not taken, and after the commit, the scope does not hold the selection."""
    for body in (
        "if (!_lock.TryEnterWriteLock(1))\n{\n    «_count++;»\n    return 0;\n}\n_lock.ExitWriteLock();",
        "using var t = _db.Database.BeginTransaction();\nt.Commit();\n«_count++;»",
    ):
        about = context_of(shop(body))
        assert about.enclosing == ()
        assert ", does not hold the selection;" in proven(about)[0]


def test_a_lock_that_only_a_calls_name_tells() -> None:
    """Of a lock that is known by the name of a call that is said, unless what it is called on is declared as one."""
    said = "Only the name LockAsync suggests that it is a lock."
    for declared, note in {"Helper": said, "AsyncLock": "", "Nito.AsyncEx.AsyncLock": ""}.items():
        found = read(f"{declared} _l;\nasync Task M(int id) {{ using (await _l.LockAsync(id)) {{ A(); }} }}")
        assert [s.note for s in found.regions] == [note]


def test_what_a_primary_constructor_was_given_is_not_shared_state() -> None:
    """A parameter that no code of the type assigns is as good as a readonly field; one that is assigned is state."""
    for body, answer in (("_log.Write(1);", "cannot-tell"), ("_n++;", "yes"), ("(_n, x) = (1, 2);", "yes")):
        about = context_of(
            f"class C(ILog _log, int _n)\n{{\n    void Ship(int x)\n    {{\n        «{body}»\n    }}\n}}\n"
        )
        assert answered(about)["shared-state"].answer == answer


def test_what_begins_does_not_run_under_what_it_begins() -> None:
    """The call that opens a scope is not held by it, as a fact and in the callers of the method that it calls."""
    about = context_of(
        "class C\n{\n    IUnitOfWork _uow;\n    void Ship()\n    {\n        using var t = _uow.BeginTransaction(Next());\n        t.Commit();\n    }\n"
        "    IsolationLevel Next() { «_n++;» return _level; }\n    int _n; IsolationLevel _level;\n}\n"
    )
    assert about.enclosing == ()
    lock = context_of(shop("await _slots.WaitAsync();\ntry { «_count++;» } finally { _slots.Release(); }"))
    assert answered(lock)["awaits-and-async-flow"].answer == "no"


def test_a_suppressed_transaction_is_none() -> None:
    """A scope that suppresses the transaction holds none, and has no isolation."""
    body = "using (new TransactionScope(TransactionScopeOption.Suppress))\n{\n    «_count++;»\n}"
    first = proven(context_of(shop(body)))[0]
    assert first.startswith(
        "No transaction by TransactionScope, lines 14-17, is around the selection; mode suppressed;"
    )
    assert "isolation" not in first


def test_a_call_named_as_a_lock_hint_is_proof_of_none() -> None:
    """A wrapper's ``WithLock`` runs what it is given and is not SQL; of a query it is what a name suggests."""
    wrapper = in_method("await _locker.WithLock(async () => { _n++; });", "readonly Locker _locker; int _n;")
    assert not [f for f in wrapper.facts if f.kind == "sql-hint"]
    query = context_of(
        "class C { ISession _session; void M() { «var r = _session.Query<Row>().WithLock(LockMode.Upgrade).ToList();» } }"
    )
    assert not any("SQL that locks" in said for said in proven(query))
    assert any("SQL that locks" in said for said in suggested(query))


@pytest.mark.parametrize(
    "opens",
    [
        "new TransactionScope(TransactionScopeOption.Required, new TransactionOptions { IsolationLevel = level });",
        "new TransactionScope(TransactionScopeOption.Required, new() { Timeout = t, IsolationLevel = level, });",
        "Open(out _); TransactionOptions o = new() { IsolationLevel = level }; return new(TransactionScopeOption.Required, o);",
        "var o = new TransactionOptions(); o.IsolationLevel = level; return new TransactionScope(TransactionScopeOption.Required, o);",
    ],
)
def test_an_isolation_that_a_parameter_gives_is_not_the_default(opens: str) -> None:
    """An options object that takes its level from a parameter has the level of whoever calls, and no default."""
    code = f"TransactionScope Open(IsolationLevel level, TimeSpan t) {{ {opens if 'return' in opens else f'return {opens}'} }}"
    used = read(
        f"{code}\nvoid M(IsolationLevel level) {{ {opens.replace('return', 'using TransactionScope s =') if 'return' in opens else f'using var s = {opens}'} N(); }}"
    )
    told = {s.isolation.text for s in used.regions if s.isolation is not None}
    assert told == {"given by level"}
