"""An edit whose meaning is in other files: parts of a type, base types, helpers, constants. Each loud case has its quiet twin."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import pytest

from ctxreview import guard
from tests.guard.test_across import edited, repository

CACHE = """
    public partial class Cache
    {
        public void Put(string key, string value)
        {
            Audit(key);
            Store(key, value);
        }

        public string Read(string key)
        {
            lock (_gate)
            {
                return _items[key];
            }
        }

        public void Drop(string key)
        {
            lock (_gate)
            {
                var name = Label(key);
                _items.Remove(key);
                _log.LogInformation(name);
            }
        }
    }
"""
CACHE_PART = """
    public partial class Cache
    {
        private readonly object _gate = new();
        private readonly Dictionary<string, string> _items = new();
        private readonly ILogger _log;
        private int _puts;

        private void Store(string key, string value)
        {
            lock (_gate)
            {
                _items[key] = value;
            }
        }

        private void Unguarded(string key, string value) => _items[key] = value;

        private void Guarded(string key, string value)
        {
            lock (_gate)
            {
                _items[key] = value;
            }
        }

        private void Audit(string key) => _log.LogInformation(key);

        private string Label(string key) => "dropped " + key.Trim();
    }
"""
PARTS = {"Cache.cs": CACHE, "Cache.State.cs": CACHE_PART}

QUEUE_BASE = """
    public abstract class WorkQueue
    {
        protected readonly object Sync = new();
        protected readonly Queue<Job> Waiting = new();
        protected int Taken;

        protected void Push(Job job)
        {
            lock (Sync)
            {
                Waiting.Enqueue(job);
            }
        }

        protected bool TryTake(out Job job)
        {
            job = null;
            if (Waiting.Count == 0) return false;
            job = Waiting.Dequeue();
            Taken++;
            return true;
        }

        protected string Title(Job job) => job.Name.ToUpper();
    }
"""
QUEUE = """
    public sealed class MailQueue : WorkQueue
    {
        private readonly ILogger _log;

        public Job Next()
        {
            lock (Sync)
            {
                if (TryTake(out var job))
                {
                    return job;
                }
            }
            return null;
        }

        public void Add(Job job)
        {
            Push(job);
        }

        public void Show(Job job)
        {
            lock (Sync)
            {
                var title = Title(job);
                Waiting.Enqueue(job);
                _log.LogInformation(title);
            }
        }
    }
"""
BASES = {"MailQueue.cs": QUEUE, "WorkQueue.cs": QUEUE_BASE}

LEVELS = """
    public static class Levels
    {
        public const IsolationLevel Strict = IsolationLevel.Serializable;
        public const IsolationLevel Money = IsolationLevel.Serializable;
        public static readonly IsolationLevel Loose = IsolationLevel.ReadCommitted;
        public const string Hint = "WITH (UPDLOCK)";
        public const string None = "";
    }
    public static class Rows
    {
        public static IQueryable<T> Lean<T>(this IQueryable<T> rows) where T : class => rows.AsNoTracking();
        public static IQueryable<T> Current<T>(this IQueryable<T> rows) where T : class => rows.AsTracking();
        public static string Code(string text) => text.Trim().ToUpper();
    }
"""
SHOP = """
    public sealed class Shop
    {
        private readonly ShopContext _db;
        private readonly ILogger _log;
        private readonly object _gate = new();
        private string _last;

        public void Ship(int id)
        {
            using (var transaction = _db.Database.BeginTransaction(Levels.Strict))
            {
                var order = _db.Orders.Where(o => o.Id == id).First();
                if (order.Status != Status.Open) return;
                order.Status = Status.Shipped;
                _db.SaveChanges();
                transaction.Commit();
            }
        }

        public string Status(int id)
        {
            var order = _db.Orders.Where(o => o.Id == id).First();
            return order.Status.ToString();
        }

        public void Remember(string text)
        {
            lock (_gate)
            {
                var code = Rows.Code(text);
                _last = code;
            }
        }
    }
"""
HELPERS = {"Shop.cs": SHOP, "Levels.cs": LEVELS}

STOCK = """
    public interface IStock { int Free(string sku); void Take(string sku, int count); string Name(string sku); void Keep(); }
    public sealed class Stock(ShopContext db) : IStock
    {
        public int Free(string sku) => db.Stock.Where(s => s.Sku == sku).First().Free;

        public void Take(string sku, int count)
        {
            var row = db.Stock.Where(s => s.Sku == sku).First();
            row.Free -= count;
        }

        public string Name(string sku) => "sku " + sku.ToUpper();

        public void Keep() => db.SaveChanges();
    }
"""
SALES = """
    public sealed class Sales
    {
        private readonly ShopContext _db;
        private readonly IStock _stock;

        public bool Sell(string sku, int count)
        {
            using (var transaction = _db.Database.BeginTransaction())
            {
                var name = _stock.Name(sku);
                if (_stock.Free(sku) < count) return false;
                _stock.Take(sku, count);
                _db.Sold.Add(new Sale(name, count));
                _stock.Keep();
                transaction.Commit();
                return true;
            }
        }
    }
"""
INJECTED = {"Sales.cs": SALES, "Stock.cs": STOCK}

INVOICES = """
    public abstract class Repository(IUnitOfWork work) { protected IDbConnection Db => work.Connection; protected IDbTransaction Tx => work.Transaction; }
    public sealed class Invoices(IUnitOfWork work) : Repository(work)
    {
        public Task<Invoice> Get(int id) => Db.QuerySingleAsync<Invoice>("SELECT * FROM invoice WHERE id = @id", new { id }, Tx);
        public Task Pay(int id) => Db.ExecuteAsync("UPDATE invoice SET paid = 1 WHERE id = @id", new { id }, Tx);
        public Task Note(int id) => Db.ExecuteAsync("INSERT INTO payment (id) VALUES (@id)", new { id }, Tx);
        public Task Tell(int id) => Task.Delay(id);
    }
"""
PAYING = """
    public sealed class Paying(IUnitOfWork work, Invoices invoices)
    {
        public async Task Pay(int id)
        {
            work.Begin();
            var invoice = await invoices.Get(id);
            await invoices.Pay(invoice.Id);
            await invoices.Note(invoice.Id);
            await invoices.Tell(id);
            work.Commit();
        }
    }
"""
DAPPER = {"Paying.cs": PAYING, "Invoices.cs": INVOICES}
PAID = "await invoices.Pay(invoice.Id);\nawait invoices.Note(invoice.Id);\nawait invoices.Tell(id);"


class Case(NamedTuple):
    """An edit of one file of a repository: the lines that go and those that come."""

    files: dict[str, str]
    path: str
    old: str
    new: str


SELL = """
    using (var transaction = _db.Database.BeginTransaction())
    {
        var name = _stock.Name(sku);
        if (_stock.Free(sku) < count) return false;
"""

LOUD = {
    "a helper of another part took the lock": Case(PARTS, "Cache.cs", "Store(key, value);", "_items[key] = value;"),
    "another helper of that part takes none": Case(PARTS, "Cache.cs", "Store(key, value);", "Unguarded(key, value);"),
    "a base type's helper took the lock": Case(BASES, "MailQueue.cs", "Push(job);", "Waiting.Enqueue(job);"),
    "a base type's check and act leave the lock": Case(
        BASES, "MailQueue.cs", "lock (Sync)\n{\nif (TryTake(out var job))\n{\nreturn job;\n}\n}", "if (TryTake(out var job))\n{\nreturn job;\n}"
    ),
    "an extension reads untracked": Case(
        HELPERS, "Shop.cs", "var order = _db.Orders.Where(o => o.Id == id).First();\nif (order.Status != Status.Open) return;", "var order = _db.Orders.Lean().Where(o => o.Id == id).First();\nif (order.Status != Status.Open) return;"
    ),
    "a static method of another type reads untracked": Case(
        HELPERS, "Shop.cs", "var order = _db.Orders.Where(o => o.Id == id).First();\nif (order.Status != Status.Open) return;", "var order = Rows.Lean(_db.Orders).Where(o => o.Id == id).First();\nif (order.Status != Status.Open) return;"
    ),
    "a weaker level behind a name": Case(
        HELPERS, "Shop.cs", "using (var transaction = _db.Database.BeginTransaction(Levels.Strict))", "using (var transaction = _db.Database.BeginTransaction(Levels.Loose))"
    ),
    "a check of an injected store leaves the transaction": Case(
        INJECTED, "Sales.cs", SELL,
        "if (_stock.Free(sku) < count) return false;\nusing (var transaction = _db.Database.BeginTransaction())\n{\nvar name = _stock.Name(sku);",
    ),
    "two calls of a repository share a connection": Case(
        DAPPER, "Paying.cs", PAID, "await Task.WhenAll(invoices.Pay(invoice.Id), invoices.Note(invoice.Id));\nawait invoices.Tell(id);"
    ),
    "a repository's task is kept while it is called again": Case(
        DAPPER, "Paying.cs", PAID, "var paid = invoices.Pay(invoice.Id);\nvar noted = invoices.Note(invoice.Id);\nawait Task.WhenAll(paid, noted);\nawait invoices.Tell(id);"
    ),
    "an injected store saved": Case(INJECTED, "Sales.cs", "_stock.Keep();\ntransaction.Commit();", "transaction.Commit();"),
}  # fmt: skip

QUIET = {
    "the lock is written out": Case(PARTS, "Cache.cs", "Store(key, value);", "lock (_gate)\n{\n_items[key] = value;\n}"),
    "a base type's lock is written out": Case(BASES, "MailQueue.cs", "Push(job);", "lock (Sync)\n{\nWaiting.Enqueue(job);\n}"),
    "another helper takes the same lock": Case(PARTS, "Cache.cs", "Store(key, value);", "Guarded(key, value);"),
    "a pure helper of another part leaves the lock": Case(
        PARTS, "Cache.cs", "lock (_gate)\n{\nvar name = Label(key);\n_items.Remove(key);", "var name = Label(key);\nlock (_gate)\n{\n_items.Remove(key);"
    ),
    "a pure helper of a base type leaves the lock": Case(
        BASES, "MailQueue.cs", "lock (Sync)\n{\nvar title = Title(job);", "var title = Title(job);\nlock (Sync)\n{"
    ),
    "an extension reads untracked what is only looked at": Case(
        HELPERS, "Shop.cs", "var order = _db.Orders.Where(o => o.Id == id).First();\nreturn order.Status.ToString();", "var order = _db.Orders.Lean().Where(o => o.Id == id).First();\nreturn order.Status.ToString();"
    ),
    "an extension reads tracked": Case(
        HELPERS, "Shop.cs", "var order = _db.Orders.Where(o => o.Id == id).First();\nif (order.Status != Status.Open) return;", "var order = _db.Orders.Current().Where(o => o.Id == id).First();\nif (order.Status != Status.Open) return;"
    ),
    "the same level behind another name": Case(
        HELPERS, "Shop.cs", "using (var transaction = _db.Database.BeginTransaction(Levels.Strict))", "using (var transaction = _db.Database.BeginTransaction(Levels.Money))"
    ),
    "a pure function of another type leaves the lock": Case(
        HELPERS, "Shop.cs", "lock (_gate)\n{\nvar code = Rows.Code(text);", "var code = Rows.Code(text);\nlock (_gate)\n{"
    ),
    "a call of a repository runs beside what uses no connection": Case(
        DAPPER, "Paying.cs", PAID, "await invoices.Pay(invoice.Id);\nawait Task.WhenAll(invoices.Note(invoice.Id), invoices.Tell(id));"
    ),
    "an injected store only names a thing before the transaction": Case(
        INJECTED, "Sales.cs", "using (var transaction = _db.Database.BeginTransaction())\n{\nvar name = _stock.Name(sku);",
        "var name = _stock.Name(sku);\nusing (var transaction = _db.Database.BeginTransaction())\n{",
    ),
    "an injected store does independent work in another order": Case(
        INJECTED, "Sales.cs", "_stock.Take(sku, count);\n_db.Sold.Add(new Sale(name, count));", "_db.Sold.Add(new Sale(name, count));\n_stock.Take(sku, count);"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LOUD)
def test_what_another_file_says_makes_an_edit_loud(tmp_path: Path, case: str) -> None:
    """The edited file alone does not show what is lost: the declaration in another file does."""
    of = LOUD[case]
    checked = edited(repository(tmp_path, of.files), of.path, of.old, of.new)
    assert checked.verdict != "no-known-conflict"
    assert {f.at.path for f in checked.findings} == {of.path}


@pytest.mark.parametrize("case", QUIET)
def test_what_another_file_says_keeps_an_edit_quiet(tmp_path: Path, case: str) -> None:
    """The twin keeps what the declaration in another file says that there is to keep."""
    of = QUIET[case]
    checked = edited(repository(tmp_path, of.files), of.path, of.old, of.new)
    assert (checked.verdict, [f.message for f in checked.findings if not f.informs]) == ("no-known-conflict", [])


def test_this_file_alone_is_looked_at_without_hops(tmp_path: Path) -> None:
    """With ``--hops 0`` no other file is asked: what an extension does is unknown."""
    of = LOUD["an extension reads untracked"]
    assert edited(repository(tmp_path, of.files), of.path, of.old, of.new, hops=0).verdict == "no-known-conflict"


REMOTE = """
    public sealed class Remote(HttpClient client) : IStock
    {
        public int Free(string sku) => 1;
        public void Take(string sku, int count) => client.PostAsync("take", null).Wait();
        public string Name(string sku) => client.GetStringAsync(sku).Result;
        public void Keep() => client.PostAsync("keep", null).Wait();
    }
"""
NAMES = """
    public sealed class Names(IStock stock)
    {
        private readonly object _gate = new();
        private string _last;
        private string _before;

        public void Take(string sku)
        {
            lock (_gate)
            {
                _before = _last;
                _last = stock.Name(sku);
            }
        }
    }
"""


@pytest.mark.parametrize(
    ("path", "verdict"),
    [("Remote.cs", "needs-human"), ("Sales.Tests/Remote.cs", "no-known-conflict"), ("", "no-known-conflict")],
)
def test_of_several_implementations_none_is_followed(tmp_path: Path, path: str, verdict: str) -> None:
    """Which of two stores is injected is not known, so neither is taken for what runs; a double for tests is not counted."""
    (tmp_path / "Sales.Tests").mkdir()
    folder = repository(tmp_path, {"Names.cs": NAMES, "Stock.cs": STOCK, **({path: REMOTE} if path else {})})
    checked = edited(
        folder,
        "Names.cs",
        "lock (_gate)\n{\n_before = _last;\n_last = stock.Name(sku);",
        "var name = stock.Name(sku);\nlock (_gate)\n{\n_before = _last;\n_last = name;",
    )
    assert checked.verdict == verdict


def test_what_is_too_much_to_read_is_said(tmp_path: Path) -> None:
    """A file that is not read since it is too large is named in a note, which changes no verdict."""
    large = HELPERS["Levels.cs"] + "    // " + "x" * 700_000 + "\n"
    checked = edited(
        repository(tmp_path, {**HELPERS, "Levels.cs": large}), "Shop.cs", "_last = code;", "_last = code.Trim();"
    )
    (note,) = [f for f in checked.findings if f.rule == "unread-files"]
    assert note.informs
    assert "not read: Levels.cs." in note.message
    assert checked.verdict == "no-known-conflict"


def test_both_versions_read_the_same_files(tmp_path: Path) -> None:
    """Where more files are called than are read, one call fewer makes room for another file: that the last one is read changes nothing."""
    step = "public sealed class Step{0} {{ private int _done; public void Go() {{ _done++; }} }}"
    last = 'public sealed class Step20 { private HttpClient _client; public void Go() { _client.PostAsync("go", null).Wait(); } }'
    steps = {f"Step{n}.cs": step.format(n) for n in range(20)} | {"Step20.cs": last}
    fields = "\n".join(f"private readonly Step{n} _step{n} = new();" for n in range(21))
    calls = "\n".join(f"_step{n}.Go();" for n in range(1, 21))
    all_ = f"public sealed class All\n{{\nprivate readonly object _gate = new();\n{fields}\npublic void Go()\n{{\nlock (_gate)\n{{\n_step0.Go();\n{calls}\n}}\n}}\n}}"
    checked = edited(repository(tmp_path, {**steps, "All.cs": all_}), "All.cs", "_step0.Go();\n", "")
    assert [(f.rule, f.severity) for f in checked.findings] == [("unread-files", "note")]


LINK_BASE = """
    public abstract class LinkBase{bases}
    {{
        protected readonly object _gate = new();
        private int _state;

        public void Move(int next)
        {{
            {before}
            {{
                OnMoving(next);
                _state = next;
            }}
        }}

        protected abstract void OnMoving(int next);
    }}
"""
LINK = """
    public sealed class Link : LinkBase
    {
        private int _credit;

        public void Grant(int credit)
        {
            lock (_gate)
            {
                _credit += credit;
            }
        }

        protected override void OnMoving(int next)
        {
            lock (_gate)
            {
                _credit = next;
            }
        }
    }
"""


@pytest.mark.parametrize(
    ("bases", "before", "verdict"),
    [
        ("", "lock (_gate)", "no-known-conflict"),
        (" : IDisposable", "lock (_gate)", "no-known-conflict"),
        (" : ControllerBase", "lock (_gate)", "conflicts"),
        ("", "for (;;)", "conflicts"),
    ],
    ids=["it holds the lock", "an interface calls nothing", "another base may call", "it holds none"],
)
def test_a_lock_that_the_base_type_holds(tmp_path: Path, bases: str, before: str, verdict: str) -> None:
    """A lock around what only the type above can call may go where that holds it, and nobody unknown is above."""
    files = {"LinkBase.cs": LINK_BASE.format(bases=bases, before=before), "Link.cs": LINK}
    folder = repository(tmp_path, files)
    checked = edited(folder, "Link.cs", "lock (_gate)\n{\n_credit = next;\n}", "_credit = next;")
    assert checked.verdict == verdict


GATED = """
    public sealed partial class Table
    {
        private readonly object _gate = new();
        private readonly Dictionary<int, string> _rows = new();

        public void Put(int id, string row)
        {
            lock (_gate)
            {
                _rows[id] = row;
            }
        }
    }
"""
GATED_PART = """
    public sealed partial class Table
    {
        public int Count()
        {
            {0}
            {
                return _rows.Count;
            }
        }
    }
"""


@pytest.mark.parametrize("part", ["lock (_lock)", "lock (_gate)"])
def test_a_lock_that_another_takes_the_place_of(tmp_path: Path, part: str) -> None:
    """A lock of a type in parts is another one where all parts take the new one, and not where one is left behind."""
    folder = repository(tmp_path, {"Table.cs": GATED, "Table.Count.cs": GATED_PART.replace("{0}", "lock (_gate)")})
    everywhere = part == "lock (_lock)"
    kept = "" if everywhere else "private readonly object _gate = new();\n        "
    gated = GATED.replace("private readonly object _gate = new();", f"{kept}private readonly object _lock = new();")
    after = gated.replace("lock (_gate)", "lock (_lock)"), GATED_PART.replace("{0}", part)
    diff = "".join(
        "".join(unified_diff(old.splitlines(True), new.splitlines(True), f"a/{name}", f"b/{name}"))
        for name, old, new in zip(
            ("Table.cs", "Table.Count.cs"),
            (dedent(t).lstrip("\n") for t in (GATED, GATED_PART.replace("{0}", "lock (_gate)"))),
            (dedent(t).lstrip("\n") for t in after),
            strict=True,
        )
        if old != new
    )
    (result,) = guard(f"{folder / 'Table.cs'}:8", f"```diff\n{diff}```\n", root=folder)
    assert (result.verdict == "conflicts") != everywhere, result.findings
