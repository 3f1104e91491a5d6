"""Methods of the project that open a transaction or take a lock for others: what their callers run under, and how that is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ctxreview.model.regions import Region
from ctxreview.model.review import Context
from tests.guard.test_across import context_of, edited, repository

STORE = {
    "one level": """
        public async Task<T> ReadAsync<T>(Func<Store, Task<T>> query)
        {
            await using var transaction = await Database.BeginTransactionAsync(IsolationLevel.RepeatableRead);
            var result = await query(this);
            await transaction.CommitAsync();
            return result;
        }
    """,
    "handed on": """
        public Task<T> ReadAsync<T>(Func<Store, Task<T>> query) => Wrap(IsolationLevel.RepeatableRead, query);
        private async Task<T> Wrap<T>(IsolationLevel level, Func<Store, Task<T>> query)
        {
            await using var transaction = await Database.BeginTransactionAsync(level);
            return await query(this);
        }
    """,
    "handed on by name": """
        public async Task<T> ReadAsync<T>(Func<Store, Task<T>> query) { return await Wrap(query: query, level: IsolationLevel.RepeatableRead); }
        private Task<T> Wrap<T>(IsolationLevel level, Func<Store, Task<T>> query) => Inner(level, query);
        private async Task<T> Inner<T>(IsolationLevel level, Func<Store, Task<T>> query)
        {
            using (var transaction = Database.BeginTransaction(level)) { return await query.Invoke(this); }
        }
    """,
    "in a lambda of its own": """
        public Task<T> ReadAsync<T>(Func<Store, Task<T>> query) => Wrap(async () => { Log("read"); return await query(this); });
        private async Task<T> Wrap<T>(Func<Task<T>> work)
        {
            await using var transaction = await Database.BeginTransactionAsync(IsolationLevel.RepeatableRead);
            return await work();
        }
    """,
    "in a strategy": """
        public Task<T> ReadAsync<T>(Func<Store, Task<T>> query)
        {
            var strategy = Database.CreateExecutionStrategy();
            return strategy.ExecuteAsync(async () =>
            {
                await using var transaction = await Database.BeginTransactionAsync(IsolationLevel.RepeatableRead);
                var result = await query(this);
                await transaction.CommitAsync();
                return result;
            });
        }
    """,
    "its default": """
        public async Task<T> ReadAsync<T>(Func<Store, Task<T>> query, IsolationLevel level = IsolationLevel.RepeatableRead)
        {
            await using var transaction = await Database.BeginTransactionAsync(level);
            return await query(this);
        }
    """,
}
HANDLER = """
    public sealed class Handler({store} store)
    {{
        public async Task<Balance?> Handle(int id)
        {{
            var balance = await store.ReadAsync(s =>
                s.Balances
                    .FirstOrDefaultAsync(b => b.Id == id)
            );
            return balance;
        }}
    }}
"""
UNWRAPPED = "var balance = await store.Balances.FirstOrDefaultAsync(b => b.Id == id);"
WRAPPED = "var balance = await store.ReadAsync(s =>\ns.Balances\n.FirstOrDefaultAsync(b => b.Id == id)\n);"


def stored(folder: Path, members: str, interface: bool) -> Path:
    """A store with these members, and what asks it, by its interface or itself."""
    bases = "DbContext, IStore" if interface else "DbContext"
    declared = "public interface IStore { Task<T> ReadAsync<T>(Func<Store, Task<T>> query); }\n" if interface else ""
    files = {
        "Store.cs": f"{declared}public sealed class Store : {bases}\n{{\n{members}\n}}\n",
        "Handler.cs": HANDLER.format(store="IStore" if interface else "Store"),
    }
    return repository(folder, files)


def transactions(about: Context) -> list[Region]:
    """The scopes around the selection in which something is held."""
    return [s for s in about.enclosing if s.mode != "retried"]


@pytest.mark.parametrize("interface", [False, True], ids=["itself", "by its interface"])
@pytest.mark.parametrize("form", STORE)
def test_a_delegate_runs_under_what_its_wrapper_opens(tmp_path: Path, form: str, interface: bool) -> None:
    """One, two or three methods deep, in a strategy's lambda: the scope, its isolation, and an edit that drops it."""
    folder = stored(tmp_path, STORE[form], interface and form != "its default")
    about = context_of(folder, "Handler.cs", "FirstOrDefaultAsync")
    (scope,) = transactions(about)
    assert (scope.kind, scope.certainty, scope.isolation.level) == ("transaction", "resolved", "RepeatableRead")
    assert about.verdict == "in-scope"
    told = [f.message for f in edited(folder, "Handler.cs", WRAPPED, UNWRAPPED).findings]
    assert any(message.startswith("The edit removes the ReadAsync") for message in told)


@pytest.mark.parametrize(("form", "level"), [("one level", "RepeatableRead"), ("in a lambda of its own", "")])
def test_a_large_file_is_read_for_what_is_called_directly(tmp_path: Path, form: str, level: str) -> None:
    """In a file of more than a megabyte a wrapper's own wrappers are not read, and that is said."""
    folder = stored(tmp_path, STORE[form], interface=False)
    with (folder / "Store.cs").open("a", encoding="utf-8") as store:
        store.writelines("// what was here before\n" for _ in range(50_000))
    text = (folder / "Handler.cs").read_text("utf-8")
    (folder / "Store.cs").write_text((folder / "Store.cs").read_text("utf-8") + text, "utf-8")
    (folder / "Handler.cs").unlink()
    about = context_of(folder, "Store.cs", "FirstOrDefaultAsync")
    assert [s.isolation.level for s in transactions(about) if s.certainty == "resolved" and s.isolation] == (
        [level] if level else []
    )
    assert [s for s in about.blind_spots if s.endswith("were not read.")] == [
        "Store.cs has more than 1,048,576 bytes: of its methods that open or pass on a transaction or lock, "
        "those called through another method were not read."
    ]


NOTHING = {
    "a retry": "public async Task<T> ReadAsync<T>(Func<Store, Task<T>> query) { for (var i = 0; ; i++) { try { return await query(this); } catch (IOException) { } } }",
    "after it": "public async Task<T> ReadAsync<T>(Func<Store, Task<T>> query) { using (Database.BeginTransaction()) { Touch(); } return await query(this); }",
    "another delegate": "public Task<T> ReadAsync<T>(Func<Store, Task<T>> query) { Wrap(() => Touch()); return query(this); }\nprivate void Wrap(Action work) { using (Database.BeginTransaction()) { work(); } }",
    "called in a ring": "public Task<T> ReadAsync<T>(Func<Store, Task<T>> query) => Again(query);\nprivate Task<T> Again<T>(Func<Store, Task<T>> query) => ReadAsync(query);",
}


@pytest.mark.parametrize("form", NOTHING)
def test_a_wrapper_that_holds_nothing_around_its_delegate_is_no_scope(tmp_path: Path, form: str) -> None:
    """A retry, a transaction that is over by then, and one around something else hold nothing of the caller's."""
    about = context_of(stored(tmp_path, NOTHING[form], interface=False), "Handler.cs", "FirstOrDefaultAsync")
    assert about.enclosing == ()


FACTORY = """
    public static class Scopes
    {
        public static readonly TransactionOptions Fixed = new() { IsolationLevel = IsolationLevel.ReadCommitted };
        public static TransactionScope Options()
        {
            var options = new TransactionOptions { IsolationLevel = IsolationLevel.ReadCommitted };
            return new TransactionScope(TransactionScopeOption.Required, options, TransactionScopeAsyncFlowOption.Enabled);
        }
        public static TransactionScope Assigned()
        {
            var options = new TransactionOptions();
            options.IsolationLevel = IsolationLevel.ReadCommitted;
            return new(TransactionScopeOption.Required, options, TransactionScopeAsyncFlowOption.Enabled);
        }
        public static TransactionScope Arrow() =>
            new(TransactionScopeOption.Required, new TransactionOptions { IsolationLevel = IsolationLevel.ReadCommitted }, TransactionScopeAsyncFlowOption.Enabled);
        public static TransactionScope Static() => new(TransactionScopeOption.Required, Fixed, TransactionScopeAsyncFlowOption.Enabled);
        public static TransactionScope Kept()
        {
            TransactionScope scope = new(TransactionScopeOption.Required, Fixed, TransactionScopeAsyncFlowOption.Enabled);
            Log("opened");
            return scope;
        }
        public static TransactionScope Handed() => Arrow();
        public static TransactionScope Chosen(bool fresh) => fresh
            ? new(TransactionScopeOption.RequiresNew, Fixed, TransactionScopeAsyncFlowOption.Enabled)
            : new(TransactionScopeOption.Required, Fixed, TransactionScopeAsyncFlowOption.Enabled);
        public static TransactionScope Asked(bool fresh = false, TransactionScopeAsyncFlowOption flow = TransactionScopeAsyncFlowOption.Enabled) =>
            new(TransactionScopeOption.Required, new TransactionOptions { IsolationLevel = IsolationLevel.ReadCommitted }, flow);
        public static TransactionScope Blocking() =>
            new TransactionScope(TransactionScopeOption.Required, new TransactionOptions { IsolationLevel = IsolationLevel.ReadCommitted });
    }
"""
TRANSFER = """
    public sealed class Transfer(ClinicContext db)
    {{
        public async Task Run(int id)
        {{
            using var scope = Scopes.{call};
            var stock = await db.Stock.FirstAsync(s => s.Id == id);
            stock.Count--;
            await db.SaveChangesAsync();
            scope.Complete();
        }}
    }}
"""
CALLS = [
    "Options()",
    "Assigned()",
    "Arrow()",
    "Static()",
    "Kept()",
    "Handed()",
    "Chosen(false)",
    "Asked()",
    "Asked(true)",
]
CALLS += [
    f"Asked({given}System.Transactions.TransactionScopeAsyncFlowOption.Enabled)" for given in ("flow: ", "true, ")
]


@pytest.mark.parametrize("call", CALLS)
def test_a_factory_of_another_file_tells_what_its_scope_is(tmp_path: Path, call: str) -> None:
    """Isolation, async flow and completion are those of the TransactionScope that the factory creates."""
    folder = repository(tmp_path, {"Scopes.cs": FACTORY, "Transfer.cs": TRANSFER.format(call=call)})
    (scope,) = context_of(folder, "Transfer.cs", "stock.Count--").enclosing
    assert (scope.name, scope.certainty) == ("TransactionScope", "resolved")
    assert (scope.isolation.level, scope.async_flow, len(scope.completes_at)) == ("ReadCommitted", True, 1)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("Transfer.cs", "using var scope = Scopes.Arrow();", "using var scope = Scopes.Blocking();"),
        ("Scopes.cs", "public static TransactionScope Handed() => Arrow();", "public static TransactionScope Handed() => Blocking();"),
        ("Transfer.cs", "using var scope = Scopes.Arrow();", "using TransactionScope scope = new(TransactionScopeOption.Required);"),
        ("Transfer.cs", "scope.Complete();", "Log(id);"),
        ("Transfer.cs", "using var scope = Scopes.Arrow();", "using var scope = Scopes.Asked(flow: TransactionScopeAsyncFlowOption.Suppress);"),
    ],
    ids=["another factory", "in the factory", "created here", "not completed", "asked for"],
)  # fmt: skip
def test_losing_the_async_flow_or_the_completion_is_loud(tmp_path: Path, path: str, old: str, new: str) -> None:
    """What the factory's options gave is missed, whichever of the two files the edit is in."""
    call = "Handed()" if path == "Scopes.cs" else "Arrow()"
    folder = repository(tmp_path, {"Scopes.cs": FACTORY, "Transfer.cs": TRANSFER.format(call=call)})
    assert edited(folder, path, old, new).verdict == "conflicts"


def test_another_factory_of_the_same_scope_is_quiet(tmp_path: Path) -> None:
    """Both give what is isolated, flows and is completed alike."""
    folder = repository(tmp_path, {"Scopes.cs": FACTORY, "Transfer.cs": TRANSFER.format(call="Arrow()")})
    old, new = "using var scope = Scopes.Arrow();", "using var scope = Scopes.Options();"
    assert [f for f in edited(folder, "Transfer.cs", old, new).findings if f.severity != "note"] == []


OWN = {
    "released by a method": "async Task Work() { await _gate.WaitAsync(); try { _n++; } finally { Let(); } }",
    "taken by a method": "async Task Work() { await TakeAsync(); try { _n++; } finally { _gate.Release(); } }",
    "both": "async Task Work() { await this.TakeAsync(); try { _n++; } finally { this.Let(); } }",
    "through another": "async Task Work() { await TakeAsync(); try { _n++; } finally { End(); } }",
    "with the lock given": "async Task Work() { await _gate.WaitAsync(); try { _n++; } finally { Free(_gate); } }",
    "by name, one's own body": "void Work() { AcquireLock(); try { _n++; } finally { ReleaseLock(); } }",
    "a variable, in a branch": "async Task Work(string key) { var had = false; try { if (key != null) { had = await _rows.ObtainLock(key); } _n++; } finally { await GiveUp(key, had); } }",
}
HELPERS = """
    class Jobs
    {{
        private readonly SemaphoreSlim _gate = new(1, 1);
        private readonly object _sync = new();
        private readonly IRowLocks _rows;
        private int _n;
        {work}
        private Task TakeAsync() => _gate.WaitAsync();
        private void Let() => _gate.Release();
        private void End() {{ _n = 0; Let(); }}
        private static void Free(SemaphoreSlim one) => one.Release();
        private void AcquireLock() => Monitor.Enter(_sync);
        private void ReleaseLock() => Monitor.Exit(_sync);
        private async ValueTask GiveUp(string key, bool had) {{ if (had && key != null) {{ await _rows.ReleaseLock(key); }} }}
    }}
"""


def held(folder: Path, code: str, **job: Any) -> Context:
    """The context of the line that counts up."""
    lines = code.replace("_n++;", "\n_n++;\n", 1)
    return context_of(repository(folder, {"Jobs.cs": lines}), "Jobs.cs", "_n++", **job)


@pytest.mark.parametrize("form", OWN)
@pytest.mark.parametrize("hops", [0, 3])
def test_a_lock_is_held_between_a_types_own_methods(tmp_path: Path, form: str, hops: int) -> None:
    """What takes or releases may be a method of the type, whose body says what it does, with what it is given."""
    about = held(tmp_path, HELPERS.format(work=OWN[form]), hops=hops)
    assert [(s.kind, s.form, s.certainty) for s in about.enclosing] == [("lock", "acquire-release", "syntactic")]
    assert about.verdict == "in-scope"


def test_methods_of_a_base_that_nobody_read_are_assumed_by_name(tmp_path: Path) -> None:
    """``AcquireLock()`` and ``ReleaseLock()`` of a base in a package: names alone decide no verdict."""
    about = held(
        tmp_path,
        "class Jobs : Base { int _n; void Work() { AcquireLock(); try { _n++; } finally { ReleaseLock(); } } }",
    )
    assert [(s.kind, s.certainty) for s in about.enclosing] == [("lock", "assumed")]
    assert about.verdict == "cannot-tell"


NOT_HELD = {
    "after the release": "async Task Work() { await TakeAsync(); Let(); _n++; }",
    "another type's": "void Work(Other other) { other.TakeAsync(); _n++; other.Let(); }",
    "another lock": "void Work() { AcquireLock(); ReleaseLock(); _n++; Let(); }",
    "before it is taken": "async Task Work() { _n++; await TakeAsync(); Let(); }",
}


@pytest.mark.parametrize("form", NOT_HELD)
def test_what_stands_outside_the_two_calls_is_not_held(tmp_path: Path, form: str) -> None:
    """A pair of the type's own methods holds what is between them, and nothing else."""
    about = held(tmp_path, HELPERS.format(work=NOT_HELD[form]))
    assert [s for s in about.enclosing if s.certainty != "assumed"] == []


WORK = """
    public interface IWork { Task InTransactionAsync(Func<Task> work); Task WithLockAsync(Func<Task> work); }
    public sealed class Work(ShopContext db) : IWork
    {
        public async Task InTransactionAsync(Func<Task> work)
        {
            await using var transaction = await db.Database.BeginTransactionAsync(Levels.Strict);
            await work();
            await transaction.CommitAsync();
        }
        public async Task WithLockAsync(Func<Task> work) { await work(); }
    }
"""
LEVELS = "public static class Levels { public const IsolationLevel Strict = IsolationLevel.Serializable; }\n"
STOCK = """
    public sealed class Stock
    {
        int _n;
        public async Task Add()
        {
            _n++;
        }
        public IEnumerable<int> All()
        {
            _n++;
            yield return _n;
        }
    }
"""
CALLERS = {
    "a lambda": "public Task Run() => work.InTransactionAsync(async () => { await stock.Add(); });",
    "a method by its name": "public Task Run() => work.InTransactionAsync(stock.Add);",
    "under a lock too": "public Task Run() => work.InTransactionAsync(async () => { using (await _gate.LockAsync()) { await stock.Add(); } });",
}


def called(folder: Path, member: str) -> Context:
    """The context of what counts up in the stock, with a caller in another file."""
    caller = f"public sealed class Caller(IWork work, Stock stock)\n{{\n{member}\n}}\n"
    return context_of(
        repository(folder, {"Work.cs": WORK, "Levels.cs": LEVELS, "Stock.cs": STOCK, "Caller.cs": caller}),
        "Stock.cs",
        "_n++",
    )


@pytest.mark.parametrize("form", CALLERS)
def test_a_callers_wrapper_whose_name_tells_is_read_all_the_same(tmp_path: Path, form: str) -> None:
    """``InTransactionAsync`` is resolved by its body, with the isolation that a constant of a third file gives; both are shown."""
    about = called(tmp_path, CALLERS[form])
    (scope,) = [s for s in about.enclosing if s.kind == "transaction"]
    assert (scope.form, scope.certainty, scope.isolation.level) == ("caller", "resolved", "Serializable")
    shown = {(e.source.path, e.role) for e in about.excerpts}
    assert {("Caller.cs", "caller"), ("Work.cs", "callee"), ("Levels.cs", "field")} <= shown
    (body,) = [e for e in about.excerpts if e.source.path == "Work.cs"]
    assert "BeginTransactionAsync(Levels.Strict)" in body.source.text(body.span)


STRICT = """\
public static class Scopes
{
    public static TransactionScope Strict()
    {
        Log("scope");
        return new TransactionScope(TransactionScopeOption.Required, Options);
    }
}
public sealed class Transfer(ClinicDb db)
{
    public void Move(int id)
    {
        using var scope = Scopes.Strict();
        db.Stock.First(s => s.Id == id).Count--;
        db.SaveChanges();
        scope.Complete();
    }
}
"""


@pytest.mark.parametrize("apart", [False, True], ids=["in the same file", "in another file"])
def test_the_factory_that_opens_the_selected_functions_scope_is_shown(tmp_path: Path, apart: bool) -> None:
    """What ``Scopes.Strict()`` really creates is an excerpt, and it is not said to be unseen."""
    factory, user = STRICT[: STRICT.index("public sealed")], STRICT[STRICT.index("public sealed") :]
    files = {"Scopes.cs": factory, "Transfer.cs": user} if apart else {"Transfer.cs": STRICT}
    about = context_of(repository(tmp_path, files), "Transfer.cs", "SaveChanges")
    (shown,) = [e for e in about.excerpts if e.role == "callee"]
    assert "return new TransactionScope(TransactionScopeOption.Required, Options);" in shown.source.text(shown.span)
    assert "Scopes.Strict, which is called in between, opens TransactionScope" in shown.why
    assert not [s for s in about.blind_spots if "not shown: Strict" in s]


def test_a_callers_wrapper_that_opens_nothing_is_no_scope(tmp_path: Path) -> None:
    """``WithLockAsync`` only runs what it is given: its name counts no more once its body was read."""
    assert (
        called(tmp_path, "public Task Run() => work.WithLockAsync(async () => { await stock.Add(); });").enclosing == ()
    )


ENUMERATED = {
    "in a loop": ("lock (this) { foreach (var n in stock.All()) { Use(n); } }", True),
    "into a list": ("lock (this) { var all = stock.All().Where(n => n > 0).ToList(); Use(all); }", True),
    "kept, and in a loop": ("lock (this) { var all = stock.All(); foreach (var n in all) { Use(n); } }", True),
    "given back": ("lock (this) { return stock.All(); }", False),
    "kept in a field": ("lock (this) { _all = stock.All(); }", False),
    "in a loop after it": (
        "IEnumerable<int> all; lock (this) { all = stock.All(); } foreach (var n in all) { Use(n); }",
        False,
    ),
}


@pytest.mark.parametrize("form", ENUMERATED)
def test_an_iterators_body_runs_where_it_is_gone_through(tmp_path: Path, form: str) -> None:
    """A lock of the caller is held while what the iterator gives is gone through under it, and not while it is only called."""
    code, held_ = ENUMERATED[form]
    caller = f"public sealed class Caller(Stock stock)\n{{\npublic object Run() {{ {code} return null; }}\n}}\n"
    folder = repository(tmp_path, {"Stock.cs": STOCK, "Caller.cs": caller})
    about = context_of(folder, "Stock.cs", "yield return")
    assert [s.kind for s in about.enclosing] == (["lock"] if held_ else [])
    assert about.verdict == ("in-scope" if held_ else "cannot-tell")
    assert not any("no transaction or lock was found there" in text for text in about.settled)


@pytest.mark.parametrize("path", ["Stock.cs", "Program.cs"])
def test_top_level_statements_are_callers(tmp_path: Path, path: str) -> None:
    """A program without a class holds what its statements and their local functions hold, in its own file or another."""
    program = "var stock = new Stock();\nlock (gate)\n{\n    Inner();\n}\nvoid Inner()\n{\n    stock.Add();\n}\n"
    files = {"Stock.cs": STOCK, "Program.cs": program}
    if path == "Program.cs":
        files = {"Program.cs": f"{program}{STOCK}"}
    about = context_of(repository(tmp_path, files), path, "_n++")
    assert [(s.kind, s.form, s.via[-1].caller) for s in about.enclosing] == [("lock", "caller", "top-level statements")]


def test_a_mark_on_an_interfaces_method_of_another_file_is_assumed(tmp_path: Path) -> None:
    """Whether an interceptor acts on it is not in the source: it is listed for that method alone, and decides nothing."""
    files = {
        "IPay.cs": "public interface IPay\n{\n    [Transactional]\n    Task Pay(int id);\n    Task Other(int id);\n}\n",
        "Pay.cs": "public sealed class Pay : IPay\n{\n    public async Task Pay(int id)\n    {\n        _one++;\n    }\n"
        "    public async Task Other(int id)\n    {\n        _two++;\n    }\n}\n",
    }
    folder = repository(tmp_path, files)
    (scope,) = context_of(folder, "Pay.cs", "_one++").enclosing
    assert (scope.kind, scope.form, scope.certainty) == ("transaction", "attribute", "assumed")
    assert "IPay.cs:3" in scope.note
    assert context_of(folder, "Pay.cs", "_two++").enclosing == ()


OVERLOADS = """
    public async Task RunAsync(Func<Task> work, IsolationLevel level = IsolationLevel.ReadCommitted)
    {
        await using var transaction = await Database.BeginTransactionAsync(level);
        await work();
        await transaction.CommitAsync();
    }
    public async Task<T> RunAsync<T>(Func<Task<T>> work)
    {
        await using var transaction = await Database.BeginTransactionAsync(IsolationLevel.Serializable);
        var result = await work();
        await transaction.CommitAsync();
        return result;
    }
    public void Plain(Action work) { using (Database.BeginTransaction(IsolationLevel.ReadCommitted)) { work(); } }
    public T Plain<T>(Func<T> work) { using (Database.BeginTransaction(IsolationLevel.Serializable)) { return work(); } }
"""
RUNS = {
    "no value": ("await store.RunAsync(async () => { Touch(id); await Save(); });", "ReadCommitted"),
    "it leaves early": ("await store.RunAsync(async () => { if (id == 0) { return; } Touch(id); });", "ReadCommitted"),
    "a value": ("return await store.RunAsync(async () => { Touch(id); return 1; });", "Serializable"),
    "a value of an inner lambda": ("await store.RunAsync(async () => { Each(x => { return x; }); Touch(id); });", "ReadCommitted"),
    "a level": ("await store.RunAsync(async () => { Touch(id); }, IsolationLevel.Snapshot);", "Snapshot"),
    "a level by name": ("await store.RunAsync(level: IsolationLevel.Snapshot, work: async () => { Touch(id); });", "Snapshot"),
    "waits for nothing": ("store.Plain(() => { Touch(id); });", "ReadCommitted"),
    "waits for nothing and gives": ("return store.Plain(() => { Touch(id); return 1; });", "Serializable"),
}  # fmt: skip


@pytest.mark.parametrize("form", RUNS)
def test_a_wrappers_overload_is_told_by_what_the_lambda_gives(tmp_path: Path, form: str) -> None:
    """The isolation is that of the overload which the lambda fits, and of the level that the call names."""
    call, level = RUNS[form]
    handler = "public sealed class Handler(Store store)\n{\n    public async Task<int> Handle(int id)\n    {\n        @\n    }\n}\n"
    files = {
        "Store.cs": f"public sealed class Store : DbContext\n{{\n{OVERLOADS}\n}}\n",
        "Handler.cs": handler.replace("@", call.replace("Touch(id);", "\nTouch(id);\n")),
    }
    (scope,) = context_of(repository(tmp_path, files), "Handler.cs", "Touch(id)").enclosing
    assert (scope.certainty, scope.isolation.level) == ("resolved", level)


def test_a_parameters_default_is_not_what_a_transaction_is_begun_with(tmp_path: Path) -> None:
    """In the wrapper itself the level is its callers'."""
    folder = repository(tmp_path, {"Store.cs": f"public sealed class Store : DbContext\n{{\n{OVERLOADS}\n}}\n"})
    (scope,) = context_of(folder, "Store.cs", "await work()").enclosing
    assert (scope.isolation.level, scope.isolation.given_by) == ("", "level")
