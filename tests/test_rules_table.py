"""The table of hazards, row by row: which rule asks about each suggestion, and which legitimate twin it leaves alone.

A row is a suggestion that is right alone and wrong in a transaction or lock. Its number is that of the team's table.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest
from samples import PATH, shop

from ctxreview import rules
from ctxreview.model import Finding, Outline, Source
from ctxreview.outline import outline

TX = "using var tx = _db.Database.BeginTransaction();\n"
COMMIT = "\n_db.SaveChanges();\ntx.Commit();"
FLOW = "TransactionScopeOption.Required, TransactionScopeAsyncFlowOption.Enabled"


class Row(NamedTuple):
    """A suggestion, the rule that asks about it, and an edit that looks like it and is right.

    ``before`` and ``after`` are a method's statements, or a whole file when they begin with a type or an attribute;
    ``twin`` is the legitimate edit; ``asks`` is how severely the rule asks about it all the same.
    """

    number: int
    what: str
    rule: str
    before: str
    after: str
    twin: tuple[str, str]
    asks: str = ""


FIELDS = """\
    readonly object _gate = new();
    readonly object _other = new();
    readonly List<int> _items = new();
    readonly SemaphoreSlim _slots = new(1, 1);
    readonly ReaderWriterLockSlim _rw = new();
    readonly ILogger _logger;
    int _n, _sum;
    event EventHandler Changed;
"""


def members(text: str) -> str:
    """A class with some locks and state, and these members."""
    return f"class C\n{{\n{FIELDS}\n{text}\n}}\n"


def code(text: str) -> str:
    """A file: the text itself, or a class whose method has these statements."""
    return (
        text
        if re.match(r"\s*(?:\[\w+|(?:public |static |sealed |partial )*class |using [\w.]+;)", text)
        else shop(text)
    )


def outlined(text: str) -> Outline:
    """The outline of a row's code, which parses."""
    found = outline(Source(PATH, code(text).encode()))
    assert not found.parse.errors, code(text)
    return found


def asked(before: str, after: str) -> list[Finding]:
    """What all rules ask about an edit."""
    return list(rules.compare(outlined(before), outlined(after)))


ROWS = (
    # --- a mapper inside a transaction
    Row(
        1,
        "AsNoTracking on a query whose entity is changed",
        "no-tracking-write",
        TX + "var order = _db.Orders.First(o => o.Id == id);\norder.State = 1;" + COMMIT,
        TX + "var order = _db.Orders.AsNoTracking().First(o => o.Id == id);\norder.State = 1;" + COMMIT,
        (
            TX + "var order = _db.Orders.First(o => o.Id == id);\nreturn order.State;",
            TX + "var order = _db.Orders.AsNoTracking().First(o => o.Id == id);\nreturn order.State;",
        ),
    ),
    Row(
        1,
        "AsNoTracking on a query whose entity is handed to what changes it",
        "no-tracking-write",
        TX + "var order = _db.Orders.First(o => o.Id == id);\n_mapper.Map(changes, order);" + COMMIT,
        TX + "var order = _db.Orders.AsNoTracking().First(o => o.Id == id);\n_mapper.Map(changes, order);" + COMMIT,
        (
            TX + "var order = _db.Orders.First(o => o.Id == id);\n_audit.Log(order);" + COMMIT,
            TX + "var order = _db.Orders.AsNoTracking().First(o => o.Id == id);\n_audit.Log(order);" + COMMIT,
        ),
    ),
    Row(
        2,
        "tracking off for the whole context",
        "tracking-change",
        "var order = _db.Orders.First(o => o.Id == id);\norder.State = 1;\n_db.SaveChanges();",
        "_db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.NoTracking;\n"
        "var order = _db.Orders.First(o => o.Id == id);\norder.State = 1;\n_db.SaveChanges();",
        (
            "return _db.Orders.Count();",
            "_db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.NoTracking;\nreturn _db.Orders.Count();",
        ),
    ),
    Row(
        3,
        "a re-read after the lock that tracks",
        "tracking-change",
        "var order = _db.Orders.First(o => o.Id == id);\nlock (_gate)\n{\n"
        "var now = _db.Orders.AsNoTracking().First(o => o.Id == id);\nif (now.State == 0) { order.State = 1; _db.SaveChanges(); }\n}",
        "var order = _db.Orders.First(o => o.Id == id);\nlock (_gate)\n{\n"
        "var now = _db.Orders.First(o => o.Id == id);\nif (now.State == 0) { order.State = 1; _db.SaveChanges(); }\n}",
        (
            TX + "_db.Orders.Where(o => o.Id == id).ExecuteUpdate(s => s.SetProperty(o => o.State, 1));\n"
            "var rows = _db.Orders.AsNoTracking().ToArray();\ntx.Commit();",
            TX + "_db.Orders.Where(o => o.Id == id).ExecuteUpdate(s => s.SetProperty(o => o.State, 1));\n"
            "var rows = _db.Orders.ToArray();\ntx.Commit();",
        ),
    ),
    Row(
        4,
        "load, change and save become ExecuteUpdate",
        "immediate-execution",
        "var order = _db.Orders.First(o => o.Id == id);\norder.State = 1;\n_db.Add(new Note(id));\n_db.SaveChanges();",
        "_db.Orders.Where(o => o.Id == id).ExecuteUpdate(s => s.SetProperty(o => o.State, 1));\n_db.Add(new Note(id));\n_db.SaveChanges();",
        (
            "_db.Orders.Where(o => o.Id == id).ExecuteUpdate(s => s.SetProperty(o => o.State, 1));",
            "_db.Orders.Where(o => o.Id == id && o.State == 0).ExecuteUpdate(s => s.SetProperty(o => o.State, 1));",
        ),
    ),
    Row(
        5,
        "no transaction around ExecuteDelete and SaveChanges",
        "several-saves",
        TX + "_db.Images.Where(i => i.Id == id).ExecuteDelete();\n_db.Images.Add(new Image(id));" + COMMIT,
        "_db.Images.Where(i => i.Id == id).ExecuteDelete();\n_db.Images.Add(new Image(id));\n_db.SaveChanges();",
        (
            TX + "_db.Images.Where(i => i.Id == id).ExecuteDelete();\ntx.Commit();",
            "_db.Images.Where(i => i.Id == id).ExecuteDelete();",
        ),
    ),
    Row(
        6,
        "one SaveChanges becomes several",
        "several-saves",
        "foreach (var line in lines) { _db.Add(line); }\n_db.SaveChanges();",
        "foreach (var line in lines) { _db.Add(line); _db.SaveChanges(); }",
        (
            TX + "foreach (var line in lines) { _db.Add(line); }" + COMMIT,
            TX + "foreach (var line in lines) { _db.Add(line); _db.SaveChanges(); }\ntx.Commit();",
        ),
    ),
    Row(
        6,
        "several SaveChanges become one although the first makes a key",
        "several-saves",
        TX + "_db.Add(order);\n_db.SaveChanges();\n_db.Add(new Line(order.Id));" + COMMIT,
        TX + "_db.Add(order);\n_db.Add(new Line(order.Id));" + COMMIT,
        (
            TX + "_db.Add(order);\n_db.SaveChanges();\n_db.Add(new Line(order));" + COMMIT,
            TX + "_db.Add(order);\n_db.Add(new Line(order));" + COMMIT,
        ),
    ),
    Row(
        7,
        "a query by key becomes Find",
        "find-or-query",
        "var order = _db.Orders.First(o => o.Id == id);\n"
        + TX
        + "var now = _db.Orders.AsNoTracking().First(o => o.Id == id);\nif (now.State == 0) order.State = 1;"
        + COMMIT,
        "var order = _db.Orders.First(o => o.Id == id);\n"
        + TX
        + "var now = _db.Orders.Find(id);\nif (now.State == 0) order.State = 1;"
        + COMMIT,
        ("return _db.Orders.First(o => o.Id == id).State;", "return _db.Orders.Find(id).State;"),
    ),
    Row(
        8,
        "Find becomes a query after an Add",
        "find-or-query",
        "_db.Orders.Add(new Order(id));\nvar order = _db.Orders.Find(id);\norder.State = 1;\n_db.SaveChanges();",
        "_db.Orders.Add(new Order(id));\nvar order = _db.Orders.FirstOrDefault(o => o.Id == id);\norder.State = 1;\n_db.SaveChanges();",
        (
            "_db.Orders.Add(new Order(id));\n_db.SaveChanges();\nvar order = _db.Orders.Find(id);\nreturn order.State;",
            "_db.Orders.Add(new Order(id));\n_db.SaveChanges();\nvar order = _db.Orders.FirstOrDefault(o => o.Id == id);\nreturn order.State;",
        ),
    ),
    Row(
        9,
        "a projection of what is written",
        "projection",
        "var order = _db.Orders.First(o => o.Id == id);\norder.State = 1;\n_db.SaveChanges();",
        "var order = _db.Orders.Select(o => new Order { Id = o.Id, State = o.State }).First(o => o.Id == id);\norder.State = 1;\n_db.SaveChanges();",
        (
            "var order = _db.Orders.First(o => o.Id == id);\nreturn order.State;",
            "var order = _db.Orders.Select(o => new { o.Id, o.State }).First(o => o.Id == id);\nreturn order.State;",
        ),
    ),
    Row(
        10,
        "a split query",
        "split-query",
        TX
        + "var order = _db.Orders.Include(o => o.Lines).Include(o => o.Notes).First(o => o.Id == id);\norder.Total = order.Lines.Sum(l => l.Price);"
        + COMMIT,
        TX
        + "var order = _db.Orders.Include(o => o.Lines).Include(o => o.Notes).AsSplitQuery().First(o => o.Id == id);\norder.Total = order.Lines.Sum(l => l.Price);"
        + COMMIT,
        (
            "using var tx = _db.Database.BeginTransaction(IsolationLevel.Snapshot);\nvar order = _db.Orders.Include(o => o.Lines).Include(o => o.Notes).First(o => o.Id == id);\norder.Total = 1;"
            + COMMIT,
            "using var tx = _db.Database.BeginTransaction(IsolationLevel.Snapshot);\nvar order = _db.Orders.Include(o => o.Lines).Include(o => o.Notes).AsSplitQuery().First(o => o.Id == id);\norder.Total = 1;"
            + COMMIT,
        ),
    ),
    Row(
        11,
        "a query per turn becomes one query before the transaction",
        "scope-change",
        TX
        + "foreach (var order in orders)\n{\nif (!_db.Orders.Any(o => o.Id == order.Id)) _db.Add(order);\n}"
        + COMMIT,
        "var known = _db.Orders.Where(o => ids.Contains(o.Id)).Select(o => o.Id).ToHashSet();\n"
        + TX
        + "foreach (var order in orders)\n{\nif (!known.Contains(order.Id)) _db.Add(order);\n}"
        + COMMIT,
        (
            TX
            + "foreach (var order in orders)\n{\nif (!_db.Orders.Any(o => o.Id == order.Id)) _db.Add(order);\n}"
            + COMMIT,
            TX + "var known = _db.Orders.Where(o => ids.Contains(o.Id)).Select(o => o.Id).ToHashSet();\n"
            "foreach (var order in orders)\n{\nif (!known.Contains(order.Id)) _db.Add(order);\n}" + COMMIT,
        ),
    ),
    Row(
        12,
        "ToList taken from what is returned",
        "deferred-execution",
        "class C { List<Order> M() { using var db = new ShopContext(); return db.Orders.Where(o => o.Open).ToList(); } }",
        "class C { IEnumerable<Order> M() { using var db = new ShopContext(); return db.Orders.Where(o => o.Open); } }",
        (
            "class C { List<Order> M() { return _db.Orders.Where(o => o.Open).ToList(); } }",
            "class C { IEnumerable<Order> M() { return _db.Orders.Where(o => o.Open); } }",
        ),
    ),
    Row(
        13,
        "yield return under a transaction",
        "deferred-execution",
        "class C { IEnumerable<Order> M() { var all = new List<Order>(); using (var tx = _db.Database.BeginTransaction()) { all.AddRange(_db.Orders); tx.Commit(); } return all; } }",
        "class C { IEnumerable<Order> M() { using (var tx = _db.Database.BeginTransaction()) { foreach (var o in _db.Orders) yield return o; tx.Commit(); } } }",
        (
            "class C { IEnumerable<Order> M() { var all = new List<Order>(); using (var tx = _db.Database.BeginTransaction()) { all.AddRange(_db.Orders); tx.Commit(); } return all; } }",
            "class C { IEnumerable<Order> M() { var all = new List<Order>(); using (var tx = _db.Database.BeginTransaction()) { all.AddRange(_db.Orders); tx.Commit(); } foreach (var o in all) yield return o; } }",
        ),
    ),
    Row(
        14,
        "Task.WhenAll over one context",
        "shared-context",
        "var a = await _db.Orders.CountAsync();\nvar b = await _db.Notes.CountAsync();\nreturn a + b;",
        "var a = _db.Orders.CountAsync();\nvar b = _db.Notes.CountAsync();\nawait Task.WhenAll(a, b);\nreturn a.Result + b.Result;",
        (
            "var a = await One();\nvar b = await Two();\nreturn a + b;",
            "var a = One();\nvar b = Two();\nawait Task.WhenAll(a, b);\nreturn a.Result + b.Result;",
        ),
    ),
    Row(
        15,
        "a context of its own inside the transaction",
        "second-connection",
        TX + "_db.Add(new Note(id));" + COMMIT,
        TX + "using var other = _factory.CreateDbContext();\nother.Add(new Note(id));\nother.SaveChanges();" + COMMIT,
        (
            "_db.Add(new Note(id));\n_db.SaveChanges();",
            "using var other = _factory.CreateDbContext();\nother.Add(new Note(id));\nother.SaveChanges();",
        ),
    ),
    Row(
        16,
        "a second connection in a TransactionScope",
        "second-connection",
        f'using var scope = new TransactionScope({FLOW});\nusing var one = new SqlConnection(_text);\none.Open();\none.Execute("UPDATE a SET x = 1");\none.Execute("UPDATE b SET x = 1");\nscope.Complete();',
        f'using var scope = new TransactionScope({FLOW});\nusing var one = new SqlConnection(_text);\none.Open();\none.Execute("UPDATE a SET x = 1");\nusing var two = new SqlConnection(_text);\ntwo.Open();\ntwo.Execute("UPDATE b SET x = 1");\nscope.Complete();',
        (
            'using var one = new SqlConnection(_text);\none.Open();\none.Execute("UPDATE a SET x = 1");',
            'using var one = new SqlConnection(_text);\none.Open();\none.Execute("UPDATE a SET x = 1");\nusing var two = new SqlConnection(_text);\ntwo.Open();\ntwo.Execute("UPDATE b SET x = 1");',
        ),
    ),
    Row(
        17,
        "the transaction argument dropped",
        "transaction-argument",
        'using var tx = conn.BeginTransaction();\nconn.Execute("UPDATE a SET x = 1", null, tx);\nconn.Execute("UPDATE b SET x = 1", null, tx);\ntx.Commit();',
        'using var tx = conn.BeginTransaction();\nconn.Execute("UPDATE a SET x = 1", null, tx);\nconn.Execute("UPDATE b SET x = 1");\ntx.Commit();',
        (
            'conn.Execute("UPDATE a SET x = 1", null, null);',
            'conn.Execute("UPDATE a SET x = 1");',
        ),
    ),
    Row(
        18,
        "a retry inside the transaction",
        "retried-delegate",
        TX + "_db.SaveChanges();\ntx.Commit();",
        TX + "_policy.Execute(() => _db.SaveChanges());\ntx.Commit();",
        (
            TX + "_db.SaveChanges();\ntx.Commit();",
            "_policy.Execute(() =>\n{\nusing var tx = _db.Database.BeginTransaction();\n_db.SaveChanges();\ntx.Commit();\n});",
        ),
    ),
    Row(
        19,
        "traces in a delegate that is retried",
        "retried-delegate",
        "var strategy = _db.Database.CreateExecutionStrategy();\nstrategy.Execute(() => { _db.SaveChanges(); });\n_count++;",
        "var strategy = _db.Database.CreateExecutionStrategy();\nstrategy.Execute(() => { _db.SaveChanges(); _count++; });",
        (
            "var strategy = _db.Database.CreateExecutionStrategy();\nstrategy.Execute(() => { _db.SaveChanges(); });",
            "var strategy = _db.Database.CreateExecutionStrategy();\nstrategy.Execute(() => { var n = 0; n++; _db.SaveChanges(); });",
        ),
    ),
    Row(
        20,
        "composed over SQL that locks",
        "composed-sql",
        TX
        + 'var job = _db.Jobs.FromSqlRaw("SELECT * FROM jobs LIMIT 1 FOR UPDATE").AsEnumerable().First();\njob.Taken = true;'
        + COMMIT,
        TX
        + 'var job = _db.Jobs.FromSqlRaw("SELECT * FROM jobs LIMIT 1 FOR UPDATE").OrderBy(j => j.Id).First();\njob.Taken = true;'
        + COMMIT,
        (
            'var jobs = _db.Jobs.FromSqlRaw("SELECT * FROM jobs").ToList();',
            'var jobs = _db.Jobs.FromSqlRaw("SELECT * FROM jobs").OrderBy(j => j.Id).ToList();',
        ),
    ),
    Row(
        21,
        "SQL with a hint becomes LINQ",
        "lock-hint",
        TX
        + 'var job = _db.Jobs.FromSqlRaw("SELECT * FROM jobs LIMIT 1 FOR UPDATE").Single();\njob.Taken = true;'
        + COMMIT,
        TX + "var job = _db.Jobs.OrderBy(j => j.Id).First();\njob.Taken = true;" + COMMIT,
        (
            'var job = _db.Jobs.FromSqlRaw("SELECT * FROM jobs LIMIT 1").Single();\nreturn job.Id;',
            "var job = _db.Jobs.OrderBy(j => j.Id).First();\nreturn job.Id;",
        ),
    ),
    Row(
        22,
        "a tag that an interceptor reads is removed",
        "lock-hint",
        'class Locks : DbCommandInterceptor { }\nclass C { void M() { _db.Jobs.TagWith("for update").First().Taken = true; _db.SaveChanges(); } }',
        "class Locks : DbCommandInterceptor { }\nclass C { void M() { _db.Jobs.First().Taken = true; _db.SaveChanges(); } }",
        (
            'return _db.Orders.TagWith("dashboard").Count();',
            "return _db.Orders.Count();",
        ),
    ),
    Row(
        23,
        "the second look is deleted",
        "reread-removed",
        "var order = _db.Orders.First(o => o.Id == id);\nlock (_gate)\n{\n_db.Entry(order).Reload();\nif (order.State == 0) { order.State = 1; _db.SaveChanges(); }\n}",
        "var order = _db.Orders.First(o => o.Id == id);\nlock (_gate)\n{\nif (order.State == 0) { order.State = 1; _db.SaveChanges(); }\n}",
        (
            "var order = _db.Orders.First(o => o.Id == id);\n_db.Entry(order).Reload();\nreturn order.State;",
            "var order = _db.Orders.First(o => o.Id == id);\nreturn order.State;",
        ),
    ),
    Row(
        24,
        "a read under the transaction is cached",
        "cached-read",
        TX + "var order = _db.Orders.First(o => o.Id == id);\norder.State = 1;" + COMMIT,
        TX + "var order = _db.Orders.First(o => o.Id == id);\n_memoryCache.Set(id, order);\norder.State = 1;" + COMMIT,
        (
            TX + "var order = _db.Orders.First(o => o.Id == id);\norder.State = 1;" + COMMIT,
            TX
            + "var order = _db.Orders.First(o => o.Id == id);\norder.State = 1;"
            + COMMIT
            + "\n_memoryCache.Set(id, order);",
        ),
    ),
    Row(
        25,
        "the rows affected are no longer looked at",
        "immediate-execution",
        "var rows = _db.Orders.Where(o => o.Id == id && o.Version == version).ExecuteUpdate(s => s.SetProperty(o => o.State, 1));\nif (rows == 0) throw new DbUpdateConcurrencyException();",
        "_db.Orders.Where(o => o.Id == id && o.Version == version).ExecuteUpdate(s => s.SetProperty(o => o.State, 1));",
        (
            "var rows = _db.Orders.Where(o => o.Id == id && o.Version == version).ExecuteUpdate(s => s.SetProperty(o => o.State, 1));\nif (rows == 0) throw new DbUpdateConcurrencyException();",
            "if (_db.Orders.Where(o => o.Id == id && o.Version == version).ExecuteUpdate(s => s.SetProperty(o => o.State, 1)) == 0) throw new DbUpdateConcurrencyException();",
        ),
    ),
    Row(
        25,
        "the token goes from the SQL",
        "immediate-execution",
        'var rows = _db.Database.ExecuteSqlRaw("UPDATE orders SET state = 1 WHERE id = {0} AND version = {1}", id, version);\nif (rows == 0) throw new DbUpdateConcurrencyException();',
        'var rows = _db.Database.ExecuteSqlRaw("UPDATE orders SET state = 1 WHERE id = {0}", id);\nif (rows == 0) throw new DbUpdateConcurrencyException();',
        (
            'var rows = _db.Database.ExecuteSqlRaw("UPDATE orders SET state = 1 WHERE id = {0} AND version = {1}", id, version);\nif (rows == 0) throw new DbUpdateConcurrencyException();',
            'var rows = _db.Database.ExecuteSqlRaw("UPDATE orders SET state = 2 WHERE id = {0} AND version = {1}", id, version);\nif (rows == 0) throw new DbUpdateConcurrencyException();',
        ),
    ),
    Row(
        26,
        "the conflict is caught and forgotten",
        "swallowed-failure",
        "order.State = 1;\n_db.SaveChanges();",
        "order.State = 1;\ntry { _db.SaveChanges(); }\ncatch (DbUpdateConcurrencyException) { }",
        (
            "order.State = 1;\n_db.SaveChanges();",
            "order.State = 1;\ntry { _db.SaveChanges(); }\ncatch (DbUpdateConcurrencyException) { _db.Entry(order).Reload(); throw; }",
        ),
    ),
    Row(
        27,
        "a bulk call in the place of tracked changes",
        "immediate-execution",
        TX + "_db.Orders.AddRange(orders);" + COMMIT,
        TX + "_db.BulkInsert(orders);\ntx.Commit();",
        (
            "_db.BulkInsert(orders);",
            "_db.BulkInsert(orders, options);",
        ),
    ),
    # --- the mechanics of transactions
    Row(
        28,
        "an await in a TransactionScope that does not flow",
        "async-flow",
        "using var scope = new TransactionScope();\n_db.SaveChanges();\nscope.Complete();",
        "using var scope = new TransactionScope();\nawait _db.SaveChangesAsync();\nscope.Complete();",
        (
            f"using var scope = new TransactionScope({FLOW});\n_db.SaveChanges();\nscope.Complete();",
            f"using var scope = new TransactionScope({FLOW});\nawait _db.SaveChangesAsync();\nscope.Complete();",
        ),
    ),
    Row(
        29,
        "await using on a TransactionScope",
        "async-flow",
        f"using var scope = new TransactionScope({FLOW});\n_db.SaveChanges();\nscope.Complete();",
        f"await using var scope = new TransactionScope({FLOW});\n_db.SaveChanges();\nscope.Complete();",
        (
            "using var tx = await _db.Database.BeginTransactionAsync();\nawait _db.SaveChangesAsync();\nawait tx.CommitAsync();",
            "await using var tx = await _db.Database.BeginTransactionAsync();\nawait _db.SaveChangesAsync();\nawait tx.CommitAsync();",
        ),
    ),
    Row(
        30,
        "another isolation level",
        "scope-change",
        "using var tx = _db.Database.BeginTransaction(IsolationLevel.Serializable);\nif (!_db.Orders.Any(o => o.Id == id)) _db.Add(new Order(id));"
        + COMMIT,
        "using var tx = _db.Database.BeginTransaction(IsolationLevel.ReadUncommitted);\nif (!_db.Orders.Any(o => o.Id == id)) _db.Add(new Order(id));"
        + COMMIT,
        (
            "using var tx = _db.Database.BeginTransaction(IsolationLevel.Serializable);\n_db.Add(new Order(id));"
            + COMMIT,
            "using var tx = _db.Database.BeginTransaction(System.Data.IsolationLevel.Serializable);\n_db.Add(new Order(id));"
            + COMMIT,
        ),
    ),
    Row(
        31,
        "BeginTransaction becomes a TransactionScope",
        "scope-change",
        TX + "order.State = 1;" + COMMIT,
        "using var scope = new TransactionScope();\norder.State = 1;\n_db.SaveChanges();\nscope.Complete();",
        (
            TX + "order.State = 1;" + COMMIT,
            "using (var tx = _db.Database.BeginTransaction())\n{\norder.State = 1;\n_db.SaveChanges();\ntx.Commit();\n}",
        ),
    ),
    Row(
        32,
        "NOLOCK where the read decides a write",
        "lock-hint",
        'using var tx = conn.BeginTransaction();\nvar n = conn.ExecuteScalar<int>("SELECT free FROM stock", null, tx);\nif (n > 0) conn.Execute("UPDATE stock SET free = free - 1", null, tx);\ntx.Commit();',
        'using var tx = conn.BeginTransaction();\nvar n = conn.ExecuteScalar<int>("SELECT free FROM stock WITH (NOLOCK)", null, tx);\nif (n > 0) conn.Execute("UPDATE stock SET free = free - 1", null, tx);\ntx.Commit();',
        (
            'return conn.ExecuteScalar<int>("SELECT COUNT(*) FROM jobs");',
            'return conn.ExecuteScalar<int>("SELECT COUNT(*) FROM jobs WITH (NOLOCK)");',
        ),
    ),
    Row(
        33,
        "UPDLOCK and HOLDLOCK taken away",
        "lock-hint",
        'using var tx = conn.BeginTransaction();\nvar n = conn.ExecuteScalar<int>("SELECT free FROM stock WITH (UPDLOCK, HOLDLOCK)", null, tx);\nconn.Execute("UPDATE stock SET free = 1", null, tx);\ntx.Commit();',
        'using var tx = conn.BeginTransaction();\nvar n = conn.ExecuteScalar<int>("SELECT free FROM stock", null, tx);\nconn.Execute("UPDATE stock SET free = 1", null, tx);\ntx.Commit();',
        (
            'return conn.ExecuteScalar<int>("SELECT COUNT(*) FROM jobs WITH (NOLOCK)");',
            'return conn.ExecuteScalar<int>("SELECT COUNT(*) FROM jobs");',
        ),
    ),
    Row(
        34,
        "a guard clause between the save and the commit",
        "early-exit",
        TX + "_db.SaveChanges();\nif (id > 0) { Work(); }\ntx.Commit();\nreturn 1;",
        TX + "_db.SaveChanges();\nif (id <= 0) return 0;\nWork();\ntx.Commit();\nreturn 1;",
        (
            TX + "if (id > 0) { Work(); }\n_db.SaveChanges();\ntx.Commit();\nreturn 1;",
            TX + "if (id <= 0) return 0;\nWork();\n_db.SaveChanges();\ntx.Commit();\nreturn 1;",
        ),
    ),
    Row(
        35,
        "work behind the commit",
        "work-after-complete",
        "using (var scope = new TransactionScope())\n{\n_db.Add(new Order(id));\n_db.SaveChanges();\n_db.Add(new Note(id));\n_db.SaveChanges();\nscope.Complete();\n}",
        "using (var scope = new TransactionScope())\n{\n_db.Add(new Order(id));\n_db.SaveChanges();\nscope.Complete();\n_db.Add(new Note(id));\n_db.SaveChanges();\n}",
        (
            'using (var scope = new TransactionScope())\n{\n_db.SaveChanges();\n_logger.LogInformation("done");\nscope.Complete();\n}',
            'using (var scope = new TransactionScope())\n{\n_db.SaveChanges();\nscope.Complete();\n}\n_logger.LogInformation("done");',
        ),
    ),
    Row(
        36,
        "a failure is swallowed on the way to the commit",
        "swallowed-failure",
        TX + "_db.SaveChanges();\n_db.Add(new Note(id));\n_db.SaveChanges();\ntx.Commit();",
        TX
        + 'try { _db.SaveChanges(); } catch (Exception e) { _logger.LogError(e, "no"); }\n_db.Add(new Note(id));\n_db.SaveChanges();\ntx.Commit();',
        (
            TX + "_db.SaveChanges();\ntx.Commit();",
            TX
            + 'try { _db.SaveChanges(); tx.Commit(); } catch (Exception e) { _logger.LogError(e, "no"); tx.Rollback(); throw; }',
        ),
    ),
    Row(
        37,
        "RequiresNew inside",
        "nested-transaction",
        "using (var outer = new TransactionScope())\n{\n_db.SaveChanges();\n_log.Insert(id);\nouter.Complete();\n}",
        "using (var outer = new TransactionScope())\n{\n_db.SaveChanges();\nusing (var inner = new TransactionScope(TransactionScopeOption.RequiresNew))\n{\n_log.Insert(id);\ninner.Complete();\n}\nouter.Complete();\n}",
        (
            "using (var outer = new TransactionScope())\n{\n_db.SaveChanges();\nouter.Complete();\n}\n_log.Insert(id);",
            "using (var outer = new TransactionScope())\n{\n_db.SaveChanges();\nouter.Complete();\n}\nusing (var inner = new TransactionScope(TransactionScopeOption.RequiresNew))\n{\n_log.Insert(id);\ninner.Complete();\n}",
        ),
    ),
    Row(
        37,
        "RequiresNew in a method that is called inside",
        "nested-transaction",
        "class C { void M() { using (var outer = new TransactionScope()) { _db.SaveChanges(); Log(1); outer.Complete(); } } void Log(int id) { _log.Insert(id); } }",
        "class C { void M() { using (var outer = new TransactionScope()) { _db.SaveChanges(); Log(1); outer.Complete(); } } void Log(int id) { using (var inner = new TransactionScope(TransactionScopeOption.RequiresNew)) { _log.Insert(id); inner.Complete(); } } }",
        (
            "class C { void M() { using (var outer = new TransactionScope()) { _db.SaveChanges(); outer.Complete(); } Log(1); } void Log(int id) { _log.Insert(id); } }",
            "class C { void M() { using (var outer = new TransactionScope()) { _db.SaveChanges(); outer.Complete(); } Log(1); } void Log(int id) { using (var inner = new TransactionScope(TransactionScopeOption.RequiresNew)) { _log.Insert(id); inner.Complete(); } } }",
        ),
    ),
    Row(
        38,
        "a second BeginTransaction on one connection",
        "nested-transaction",
        "using var tx = conn.BeginTransaction();\nWork(tx);\ntx.Commit();",
        "using var tx = conn.BeginTransaction();\nusing var inner = conn.BeginTransaction();\nWork(inner);\ninner.Commit();\ntx.Commit();",
        (
            "using (var tx = conn.BeginTransaction()) { Work(tx); tx.Commit(); }",
            "using (var tx = conn.BeginTransaction()) { Work(tx); tx.Commit(); }\nusing (var next = conn.BeginTransaction()) { Work(next); next.Commit(); }",
        ),
    ),
    Row(
        38,
        "a second BeginTransaction in a method that is called inside",
        "nested-transaction",
        "class C { void M() { using var tx = _conn.BeginTransaction(); Log(1); tx.Commit(); } void Log(int id) { _log.Insert(id); } }",
        "class C { void M() { using var tx = _conn.BeginTransaction(); Log(1); tx.Commit(); } void Log(int id) { using var inner = _conn.BeginTransaction(); _log.Insert(id); inner.Commit(); } }",
        (
            "class C { void M() { using var tx = _conn.BeginTransaction(); Log(1); tx.Commit(); } void Log(int id) { _log.Insert(id); } }",
            "class C { void M() { using var tx = _conn.BeginTransaction(); Log(1); tx.Commit(); } void Log(int id) { if (_conn.Transaction != null) { _log.Insert(id); } } }",
        ),
    ),
    Row(
        39,
        "a call to another system in the transaction",
        "external-call",
        TX + "order.State = 1;" + COMMIT + '\nawait _http.PostAsJsonAsync("pay", order);',
        TX + 'order.State = 1;\nawait _http.PostAsJsonAsync("pay", order);' + COMMIT,
        (
            TX + "order.State = 1;" + COMMIT,
            TX + "order.State = 1;" + COMMIT + '\nawait _http.PostAsJsonAsync("pay", order);',
        ),
    ),
    Row(
        40,
        "published before the commit",
        "external-call",
        TX + "order.State = 1;" + COMMIT + "\nawait _bus.PublishAsync(new Shipped(id));",
        TX + "order.State = 1;\nawait _bus.PublishAsync(new Shipped(id));" + COMMIT,
        (
            TX + "order.State = 1;\n_outbox.Add(new Shipped(id));" + COMMIT,
            TX + "order.State = 2;\n_outbox.Add(new Shipped(id));" + COMMIT,
        ),
    ),
    Row(
        41,
        "a using block becomes a declaration with work behind it",
        "scope-change",
        "using (var tx = _db.Database.BeginTransaction())\n{\n_db.SaveChanges();\ntx.Commit();\n}\nawait Notify(id);",
        "using var tx = _db.Database.BeginTransaction();\n_db.SaveChanges();\ntx.Commit();\nawait Notify(id);",
        (
            "using (var tx = _db.Database.BeginTransaction())\n{\n_db.SaveChanges();\ntx.Commit();\n}",
            "using var tx = _db.Database.BeginTransaction();\n_db.SaveChanges();\ntx.Commit();",
        ),
    ),
    Row(
        42,
        "a declaration becomes a smaller block",
        "scope-change",
        TX + "_db.Add(new Order(id));\n_db.SaveChanges();\n_db.Add(new Note(id));" + COMMIT,
        "using (var tx = _db.Database.BeginTransaction())\n{\n_db.Add(new Order(id));\n_db.SaveChanges();\ntx.Commit();\n}\n_db.Add(new Note(id));\n_db.SaveChanges();",
        (
            TX + "_db.SaveChanges();\ntx.Commit();",
            "using (var tx = _db.Database.BeginTransaction())\n{\n_db.SaveChanges();\ntx.Commit();\n}",
        ),
    ),
    Row(
        43,
        "the task is returned from inside",
        "deferred-execution",
        "class C { async Task M() { using var tx = _db.Database.BeginTransaction(); await Save(tx); } Task Save(object tx) => Go(); }",
        "class C { Task M() { using var tx = _db.Database.BeginTransaction(); return Save(tx); } Task Save(object tx) => Go(); }",
        (
            "class C { async Task M() { await Save(); } Task Save() => Go(); }",
            "class C { Task M() { return Save(); } Task Save() => Go(); }",
        ),
    ),
    Row(
        44,
        "started under the transaction and not awaited",
        "shared-context",
        TX + "await Audit(id);" + COMMIT,
        TX + "_ = Task.Run(() => Audit(id));" + COMMIT,
        (
            TX + "order.State = 1;" + COMMIT,
            TX
            + "order.State = 1;"
            + COMMIT.replace("tx.Commit();", "tx.Commit();\ntx.Dispose();")
            + "\n_ = Task.Run(() => Audit(id));",
        ),
    ),
    Row(
        45,
        "the rollback dropped",
        "rollback-removed",
        "var tx = _conn.BeginTransaction();\ntry { Work(tx); tx.Commit(); }\ncatch { tx.Rollback(); throw; }",
        "var tx = _conn.BeginTransaction();\nWork(tx);\ntx.Commit();",
        (
            "using var tx = _conn.BeginTransaction();\ntry { Work(tx); tx.Commit(); }\ncatch { tx.Rollback(); throw; }",
            "using var tx = _conn.BeginTransaction();\nWork(tx);\ntx.Commit();",
        ),
    ),
    Row(
        46,
        "the transaction removed as redundant",
        "scope-change",
        TX + '_db.Database.ExecuteSqlRaw("SELECT pg_advisory_xact_lock(1)");\n_db.Add(new Order(id));' + COMMIT,
        '_db.Database.ExecuteSqlRaw("SELECT pg_advisory_xact_lock(1)");\n_db.Add(new Order(id));\n_db.SaveChanges();',
        (
            TX + "var n = _db.Orders.Count();\ntx.Commit();\nreturn n;",
            "var n = _db.Orders.Count();\nreturn n;",
        ),
        asks="note",
    ),
    Row(
        47,
        "a lock of the session in the place of the transaction's",
        "session-lock",
        TX + '_db.Database.ExecuteSqlRaw("SELECT pg_advisory_xact_lock(1)");' + COMMIT,
        TX + '_db.Database.ExecuteSqlRaw("SELECT pg_advisory_lock(1)");' + COMMIT,
        (
            '_db.Database.ExecuteSqlRaw("SELECT pg_advisory_lock(1)");\nWork();\n_db.Database.ExecuteSqlRaw("SELECT pg_advisory_unlock(1)");',
            '_db.Database.ExecuteSqlRaw("SELECT pg_advisory_lock(2)");\nWork();\n_db.Database.ExecuteSqlRaw("SELECT pg_advisory_unlock(2)");',
        ),
    ),
    Row(
        47,
        "an isolation level of the session",
        "session-lock",
        'using var conn = new SqlConnection(_text);\nconn.Execute("UPDATE a SET x = 1");',
        'using var conn = new SqlConnection(_text);\nconn.Execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE");\nconn.Execute("UPDATE a SET x = 1");',
        (
            'using var conn = new NpgsqlConnection(_text);\nusing var tx = conn.BeginTransaction();\nconn.Execute("UPDATE a SET x = 1", null, tx);\ntx.Commit();',
            'using var conn = new NpgsqlConnection(_text);\nusing var tx = conn.BeginTransaction();\nconn.Execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", null, tx);\nconn.Execute("UPDATE a SET x = 1", null, tx);\ntx.Commit();',
        ),
    ),
    # --- locks and shared memory
    Row(
        48,
        "the lock narrowed around a read and a write",
        "scope-change",
        members(
            "int M() { lock (_gate) { var n = _n + 1; Work(); _n = n; return n; } } int N() { lock (_gate) { return _n; } }"
        ),
        members(
            "int M() { var n = _n + 1; Work(); lock (_gate) { _n = n; return n; } } int N() { lock (_gate) { return _n; } }"
        ),
        (
            members('void M() { lock (_gate) { _logger.LogDebug("adding"); _n++; } }'),
            members('void M() { _logger.LogDebug("adding"); lock (_gate) { _n++; } }'),
        ),
    ),
    Row(
        48,
        "one lock becomes two",
        "lock-split",
        members("bool M() { lock (_gate) { var any = _n > 0; Work(); _n = _n - 1; return any; } }"),
        members(
            "bool M() { bool any; lock (_gate) { any = _n > 0; } Work(); lock (_gate) { _n = _n - 1; } return any; }"
        ),
        (
            members("void M() { lock (_gate) { _n++; } lock (_gate) { _sum++; } }"),
            members("void M() { lock (_gate) { _n += 1; } lock (_gate) { _sum += 1; } }"),
        ),
    ),
    Row(
        49,
        "the lock removed around more than a read",
        "scope-change",
        members("void M(int x) { lock (_gate) { _n++; _sum += x; } }"),
        members("void M(int x) { _n++; _sum += x; }"),
        (
            members("int M() { lock (_gate) { return _n; } }"),
            members("int M() { return _n; }"),
        ),
        asks="medium",
    ),
    Row(
        50,
        "a lock and a dictionary become a ConcurrentDictionary",
        "concurrent-collection",
        'class C { readonly object _gate = new(); readonly Dictionary<int, string> _names = new(); void Set(int k, string v) { lock (_gate) { _names[k] = v; File.WriteAllText("names", v); } } }',
        'class C { readonly ConcurrentDictionary<int, string> _names = new(); void Set(int k, string v) { _names[k] = v; File.WriteAllText("names", v); } }',
        (
            "class C { readonly ConcurrentDictionary<int, string> _names = new(); void Set(int k, string v) { _names.TryAdd(k, v); } }",
            "class C { readonly ConcurrentDictionary<int, string> _names = new(); void Set(int k, string v) { _names[k] = v; } }",
        ),
    ),
    Row(
        51,
        "a look and then a write",
        "check-then-act",
        "class C { readonly ConcurrentDictionary<int, int> _d = new(); void M(int k) { _d.AddOrUpdate(k, 1, (_, n) => n + 1); } }",
        "class C { readonly ConcurrentDictionary<int, int> _d = new(); void M(int k) { if (_d.ContainsKey(k)) _d[k] = _d[k] + 1; else _d[k] = 1; } }",
        (
            "class C { readonly ConcurrentDictionary<int, int> _d = new(); int M(int k) { return _d[k]; } }",
            "class C { readonly ConcurrentDictionary<int, int> _d = new(); int M(int k) { return _d.TryGetValue(k, out var n) ? n : 0; } }",
        ),
    ),
    Row(
        52,
        "a costly factory for GetOrAdd",
        "concurrent-factory",
        "class C { readonly ConcurrentDictionary<int, Lazy<Stream>> _d = new(); Stream M(int k) { return _d.GetOrAdd(k, i => new Lazy<Stream>(() => File.OpenRead(Name(i)))).Value; } }",
        "class C { readonly ConcurrentDictionary<int, Stream> _d = new(); Stream M(int k) { return _d.GetOrAdd(k, i => File.OpenRead(Name(i))); } }",
        (
            "class C { readonly ConcurrentDictionary<int, string> _d = new(); string M(int k) { return _d.GetOrAdd(k, i => i.ToString()); } }",
            'class C { readonly ConcurrentDictionary<int, string> _d = new(); string M(int k) { return _d.GetOrAdd(k, i => "#" + i); } }',
        ),
    ),
    Row(
        53,
        "LINQ on a ConcurrentDictionary",
        "concurrent-snapshot",
        "class C { readonly ConcurrentDictionary<int, int> _d = new(); KeyValuePair<int, int>[] M() { return _d.ToArray(); } }",
        "class C { readonly ConcurrentDictionary<int, int> _d = new(); List<KeyValuePair<int, int>> M() { return _d.OrderBy(p => p.Key).ToList(); } }",
        (
            "class C { readonly ConcurrentDictionary<int, int> _d = new(); KeyValuePair<int, int>[] M() { return _d.ToArray(); } }",
            "class C { readonly ConcurrentDictionary<int, int> _d = new(); ICollection<int> M() { return _d.Keys; } }",
        ),
    ),
    Row(
        54,
        "double-checked locking on a flag",
        "double-checked-lock",
        members("bool _ready; int M() { lock (_gate) { if (!_ready) { _n = Load(); _ready = true; } } return _n; }"),
        members(
            "bool _ready; int M() { if (!_ready) { lock (_gate) { if (!_ready) { _n = Load(); _ready = true; } } } return _n; }"
        ),
        (
            members(
                "Client _client; Client M() { lock (_gate) { if (_client == null) { _client = new Client(); } } return _client; }"
            ),
            members(
                "Client _client; Client M() { if (_client == null) { lock (_gate) { if (_client == null) { _client = new Client(); } } } return _client; }"
            ),
        ),
    ),
    Row(
        55,
        "volatile removed",
        "volatile-field",
        "class C { volatile bool _stop; void Run() { while (!_stop) { Work(); } } void Stop() { _stop = true; } }",
        "class C { bool _stop; void Run() { while (!_stop) { Work(); } } void Stop() { _stop = true; } }",
        (
            "class C { readonly object _gate = new(); volatile bool _stop; void Stop() { lock (_gate) { _stop = true; } } bool Get() { lock (_gate) { return _stop; } } }",
            "class C { readonly object _gate = new(); bool _stop; void Stop() { lock (_gate) { _stop = true; } } bool Get() { lock (_gate) { return _stop; } } }",
        ),
    ),
    Row(
        56,
        "a lock becomes volatile and ++",
        "volatile-field",
        "class C { readonly object _gate = new(); int _v; void M() { lock (_gate) { _v++; } } }",
        "class C { volatile int _v; void M() { _v++; } }",
        (
            "class C { readonly object _gate = new(); volatile int _v; void M() { lock (_gate) { _v++; } } }",
            "class C { readonly object _gate = new(); volatile int _v; void M() { lock (_gate) { _v += 1; } } }",
        ),
    ),
    Row(
        57,
        "two Interlocked calls for one lock",
        "interlocked-pair",
        members("void M(int x) { lock (_gate) { _n++; _sum += x; } }"),
        members("void M(int x) { Interlocked.Increment(ref _n); Interlocked.Add(ref _sum, x); }"),
        (
            members("void M() { Interlocked.Add(ref _n, 1); }"),
            members("void M() { Interlocked.Increment(ref _n); }"),
        ),
    ),
    Row(
        58,
        "a read lock around a write",
        "reader-lock",
        members("void M(int x) { lock (_gate) { _items.Add(x); } }"),
        members("void M(int x) { _rw.EnterReadLock(); try { _items.Add(x); } finally { _rw.ExitReadLock(); } }"),
        (
            members(
                "bool M(int x) { _rw.EnterWriteLock(); try { return _items.Contains(x); } finally { _rw.ExitWriteLock(); } } void A(int x) { _rw.EnterWriteLock(); try { _items.Add(x); } finally { _rw.ExitWriteLock(); } }"
            ),
            members(
                "bool M(int x) { _rw.EnterWriteLock(); try { return _items.IndexOf(x) >= 0; } finally { _rw.ExitWriteLock(); } } void A(int x) { _rw.EnterWriteLock(); try { _items.Add(x); } finally { _rw.ExitWriteLock(); } }"
            ),
        ),
    ),
    Row(
        59,
        "a write lock inside the read lock",
        "reader-lock",
        members(
            "void M() { _rw.EnterUpgradeableReadLock(); try { if (_n == 0) { _rw.EnterWriteLock(); try { _n = 1; } finally { _rw.ExitWriteLock(); } } } finally { _rw.ExitUpgradeableReadLock(); } }"
        ),
        members(
            "void M() { _rw.EnterReadLock(); try { if (_n == 0) { _rw.EnterWriteLock(); try { _n = 1; } finally { _rw.ExitWriteLock(); } } } finally { _rw.ExitReadLock(); } }"
        ),
        (
            members(
                "int M() { int n; _rw.EnterReadLock(); try { n = _n; } finally { _rw.ExitReadLock(); } Work(); return n; }"
            ),
            members(
                "int M() { int n; _rw.EnterReadLock(); try { n = _n; } finally { _rw.ExitReadLock(); } return n; }"
            ),
        ),
    ),
    Row(
        60,
        "an await between Enter and Exit",
        "thread-affine-await",
        members(
            "async Task M() { _rw.EnterReadLock(); try { Work(); } finally { _rw.ExitReadLock(); } await Done(); }"
        ),
        members(
            "async Task M() { _rw.EnterReadLock(); try { await Work(); } finally { _rw.ExitReadLock(); } await Done(); }"
        ),
        (
            members("async Task M() { await _slots.WaitAsync(); try { Work(); } finally { _slots.Release(); } }"),
            members("async Task M() { await _slots.WaitAsync(); try { await Work(); } finally { _slots.Release(); } }"),
        ),
    ),
    Row(
        61,
        "ConfigureAwait(false) under a lock of the thread",
        "thread-affine-await",
        members("async Task M() { _rw.EnterReadLock(); try { await Work(); } finally { _rw.ExitReadLock(); } }"),
        members(
            "async Task M() { _rw.EnterReadLock(); try { await Work().ConfigureAwait(false); } finally { _rw.ExitReadLock(); } }"
        ),
        (
            members("async Task M() { await Work(); lock (_gate) { _n++; } }"),
            members("async Task M() { await Work().ConfigureAwait(false); lock (_gate) { _n++; } }"),
        ),
    ),
    Row(
        61,
        "ConfigureAwait(false) before what belongs to the user interface",
        "thread-affine-await",
        "class MainWindow : Window { async void Save_Click(object sender, RoutedEventArgs e) { var n = await Save(); Status.Text = n; } }",
        "class MainWindow : Window { async void Save_Click(object sender, RoutedEventArgs e) { var n = await Save().ConfigureAwait(false); Status.Text = n; } }",
        (
            "class MainWindow : Window { async Task<int> Load() { var n = await Save(); return n + 1; } }",
            "class MainWindow : Window { async Task<int> Load() { var n = await Save().ConfigureAwait(false); return n + 1; } }",
        ),
    ),
    Row(
        62,
        "a lock becomes a SemaphoreSlim that is taken twice",
        "lock-reentry",
        members("void A() { lock (_gate) { B(); } } void B() { lock (_gate) { _n++; } }"),
        members(
            "void A() { _slots.Wait(); try { B(); } finally { _slots.Release(); } } void B() { _slots.Wait(); try { _n++; } finally { _slots.Release(); } }"
        ),
        (
            members(
                "void A() { _slots.Wait(); try { _n++; } finally { _slots.Release(); } B(); } void B() { _slots.Wait(); try { _n++; } finally { _slots.Release(); } }"
            ),
            members(
                "void A() { _slots.Wait(); try { _n += 1; } finally { _slots.Release(); } B(); } void B() { _slots.Wait(); try { _n++; } finally { _slots.Release(); } }"
            ),
        ),
    ),
    Row(
        63,
        "the release taken out of the finally",
        "release-outside-finally",
        members("async Task M() { await _slots.WaitAsync(); try { await Work(); } finally { _slots.Release(); } }"),
        members("async Task M() { await _slots.WaitAsync(); await Work(); _slots.Release(); }"),
        (
            members("async Task M() { await _slots.WaitAsync(); try { await Work(); } finally { _slots.Release(); } }"),
            members(
                "async Task M() { await _slots.WaitAsync(); try { await Work(); await Work(); } finally { _slots.Release(); } }"
            ),
        ),
    ),
    Row(
        63,
        "the acquire moved into the try",
        "acquire-in-try",
        members(
            "async Task M(CancellationToken token) { await _slots.WaitAsync(token); try { await Work(); } finally { _slots.Release(); } }"
        ),
        members(
            "async Task M(CancellationToken token) { try { await _slots.WaitAsync(token); await Work(); } finally { _slots.Release(); } }"
        ),
        (
            members("async Task M() { await _slots.WaitAsync(); try { await Work(); } finally { _slots.Release(); } }"),
            members("async Task M() { try { await _slots.WaitAsync(); await Work(); } finally { _slots.Release(); } }"),
        ),
    ),
    Row(
        64,
        "the answer of the acquire ignored",
        "ignored-acquire",
        members(
            "void M() { if (!Monitor.TryEnter(_gate, 100)) return; try { _n++; } finally { Monitor.Exit(_gate); } }"
        ),
        members("void M() { Monitor.TryEnter(_gate, 100); try { _n++; } finally { Monitor.Exit(_gate); } }"),
        (
            members("void M() { _slots.Wait(); try { _n++; } finally { _slots.Release(); } }"),
            members("void M() { _slots.Wait(Timeout.Infinite); try { _n++; } finally { _slots.Release(); } }"),
        ),
    ),
    Row(
        65,
        "an object becomes a Lock and is still used by Monitor",
        "lock-type",
        "class C { readonly object _g = new(); void M() { lock (_g) { Monitor.PulseAll(_g); } } }",
        "class C { readonly Lock _g = new(); void M() { lock (_g) { Monitor.PulseAll(_g); } } }",
        (
            "class C { readonly object _g = new(); int _n; void M() { lock (_g) { _n++; } } }",
            "class C { readonly Lock _g = new(); int _n; void M() { lock (_g) { _n++; } } }",
        ),
    ),
    Row(
        65,
        "an object becomes a Lock and is given away as an object",
        "lock-type",
        "class C { readonly object _g = new(); int _n; public object SyncRoot => _g; void M() { lock (_g) { _n++; } } }",
        "class C { readonly Lock _g = new(); int _n; public object SyncRoot => _g; void M() { lock (_g) { _n++; } } }",
        (
            "class C { readonly object _g = new(); int _n; public object SyncRoot => this; void M() { lock (_g) { _n++; } } }",
            "class C { readonly Lock _g = new(); int _n; public object SyncRoot => this; void M() { lock (_g) { _n++; } } }",
        ),
    ),
    Row(
        65,
        "an object becomes a Lock and is kept in a collection of objects",
        "lock-type",
        "class C { readonly object _g = new(); readonly List<object> _all; int _n; C() { _all = new List<object> { _g }; } void M() { lock (_g) { _n++; } } }",
        "class C { readonly Lock _g = new(); readonly List<object> _all; int _n; C() { _all = new List<object> { _g }; } void M() { lock (_g) { _n++; } } }",
        (
            "class C { readonly object _g = new(); readonly List<Lock> _all; int _n; C() { _all = new List<Lock> { _h }; } void M() { lock (_g) { _n++; } } }",
            "class C { readonly Lock _g = new(); readonly List<Lock> _all; int _n; C() { _all = new List<Lock> { _h }; } void M() { lock (_g) { _n++; } } }",
        ),
    ),
    Row(
        66,
        "another lock object in one place only",
        "scope-change",
        members("void M() { lock (_gate) { _n++; } } void N() { lock (_gate) { _n--; } }"),
        members("void M() { lock (_other) { _n++; } } void N() { lock (_gate) { _n--; } }"),
        (
            members("void M() { lock (_gate) { _n++; } } void N() { lock (_gate) { _n--; } }"),
            members("void M() { lock (this._gate) { _n++; } } void N() { lock (_gate) { _n--; } }"),
        ),
    ),
    Row(
        66,
        "a lock object of each call",
        "lock-target",
        members("void M() { lock (_gate) { _n++; } }"),
        members("void M() { lock (new object()) { _n++; } }"),
        (
            members("void M() { var gate = _gate; lock (gate) { _n++; } }"),
            members("void M() { var same = _gate; lock (same) { _n++; } }"),
        ),
    ),
    Row(
        66,
        "the lock object assigned again",
        "lock-target",
        "class C { object _g = new(); int _n; void M() { lock (_g) { _n++; } } void Reset() { lock (_g) { _n = 0; } } }",
        "class C { object _g = new(); int _n; void M() { lock (_g) { _n++; } } void Reset() { _g = new object(); lock (_g) { _n = 0; } } }",
        (
            "class C { object _g = new(); int _n; void M() { lock (_g) { _n++; } } }",
            "class C { readonly object _g = new(); int _n; void M() { lock (_g) { _n++; } } }",
        ),
    ),
    Row(
        66,
        "two locks for one state",
        "mixed-locks",
        members(
            "void M() { lock (_gate) { _n++; } } void N() { lock (_gate) { _n--; } } void O() { lock (_gate) { _n = 0; } }"
        ),
        members(
            "void M() { lock (_other) { _n++; } } void N() { lock (_gate) { _n--; } } void O() { lock (_gate) { _n = 0; } }"
        ),
        (
            members("void M() { lock (_gate) { _n++; } } void N() { lock (_gate) { _sum--; } }"),
            members("void M() { lock (_gate) { _n++; } } void N() { lock (_gate) { _sum -= 1; } }"),
        ),
    ),
    Row(
        67,
        "a lock on a string",
        "lock-target",
        members("void M(string key) { lock (_gate) { _n++; } }"),
        members("void M(string key) { lock (string.Intern(key)) { _n++; } }"),
        (
            members("void M(string key) { lock (_gate) { _n++; } }"),
            members("void M(string key) { /* for each key */ lock (_gate) { _n++; } }"),
        ),
    ),
    Row(
        68,
        "nested locks in another order",
        "lock-order",
        members(
            "void A() { lock (_gate) { lock (_other) { _n++; } } } void B() { lock (_gate) { lock (_other) { _n--; } } }"
        ),
        members(
            "void A() { lock (_other) { lock (_gate) { _n++; } } } void B() { lock (_gate) { lock (_other) { _n--; } } }"
        ),
        (
            members("void A() { lock (_gate) { lock (_other) { _n++; } } } void B() { lock (_gate) { _n--; } }"),
            members("void A() { lock (_gate) { lock (_other) { _n += 1; } } } void B() { lock (_gate) { _n--; } }"),
        ),
    ),
    Row(
        68,
        "nested locks in another order, in the one place that has both",
        "lock-order",
        members("void A() { lock (_gate) { lock (_other) { _n++; } } }"),
        members("void A() { lock (_other) { lock (_gate) { _n++; } } }"),
        (
            members("void A() { lock (_gate) { _n++; } lock (_other) { _sum++; } }"),
            members("void A() { lock (_other) { _sum++; } lock (_gate) { _n++; } }"),
        ),
    ),
    Row(
        69,
        "a loop becomes Parallel.ForEach",
        "parallel-write",
        members("void M(int[] all) { foreach (var x in all) { _sum += x; } }"),
        members("void M(int[] all) { Parallel.ForEach(all, x => { _sum += x; }); }"),
        (
            members("void M(int[] all) { foreach (var x in all) { Work(x); } }"),
            members("void M(int[] all) { Parallel.ForEach(all, x => { Work(x); }); }"),
        ),
    ),
    Row(
        69,
        "a loop under a lock becomes Parallel.ForEach under it",
        "parallel-write",
        members("void M(int[] all) { lock (_gate) { foreach (var x in all) { _items.Add(x); } } }"),
        members("void M(int[] all) { lock (_gate) { Parallel.ForEach(all, x => _items.Add(x)); } }"),
        (
            members("void M(int[] all) { lock (_gate) { foreach (var x in all) { _items.Add(x); } } }"),
            members("void M(int[] all) { lock (_gate) { _items.AddRange(all); } }"),
        ),
    ),
    Row(
        69,
        "a query becomes PLINQ",
        "parallel-write",
        members("int[] M(int[] all) { return all.Select(x => { _items.Add(x); return x * 2; }).ToArray(); }"),
        members(
            "int[] M(int[] all) { return all.AsParallel().Select(x => { _items.Add(x); return x * 2; }).ToArray(); }"
        ),
        (
            members("int[] M(int[] all) { return all.Select(x => x * 2).ToArray(); }"),
            members(
                "int[] M(int[] all) { return all.AsParallel().Select(x => { var y = x; y++; return y * 2; }).ToArray(); }"
            ),
        ),
    ),
    Row(
        70,
        "no copy under the lock",
        "leaked-collection",
        members(
            "void A(int x) { lock (_gate) { _items.Add(x); } } List<int> All() { lock (_gate) { return _items.ToList(); } }"
        ),
        members(
            "void A(int x) { lock (_gate) { _items.Add(x); } } List<int> All() { lock (_gate) { return _items; } }"
        ),
        (
            members(
                "void A(int x) { lock (_gate) { _items.Add(x); } } List<int> All() { lock (_gate) { return _items.ToList(); } }"
            ),
            members(
                "void A(int x) { lock (_gate) { _items.Add(x); } } List<int> All() { lock (_gate) { return new List<int>(_items); } }"
            ),
        ),
    ),
    Row(
        71,
        "handlers called under the lock",
        "callback-under-lock",
        members(
            "void M() { int[] all; lock (_gate) { all = _items.ToArray(); } foreach (var x in all) { Changed(this, null); } }"
        ),
        members("void M() { lock (_gate) { foreach (var x in _items) { Changed(this, null); } } }"),
        (
            members("void M() { lock (_gate) { _n++; } Changed(this, null); }"),
            members("void M() { lock (_gate) { _n += 1; } Changed(this, null); }"),
        ),
    ),
    Row(
        72,
        "the time taken before the lock",
        "hoisted-clock",
        members("DateTime _last; void M() { lock (_gate) { _last = DateTime.UtcNow; _n++; } }"),
        members("DateTime _last; void M() { var now = DateTime.UtcNow; lock (_gate) { _last = now; _n++; } }"),
        (
            members("DateTime _last; void M() { lock (_gate) { _last = DateTime.UtcNow; _n++; } }"),
            members("DateTime _last; void M() { lock (_gate) { var now = DateTime.UtcNow; _last = now; _n++; } }"),
        ),
    ),
    Row(
        73,
        "another mode of a Lazy",
        "lazy-mode",
        "class C { static readonly Lazy<Client> s_c = new(() => new Client()); }",
        "class C { static readonly Lazy<Client> s_c = new(() => new Client(), LazyThreadSafetyMode.PublicationOnly); }",
        (
            "class C { static readonly Lazy<Client> s_c = new(() => new Client()); }",
            "class C { static readonly Lazy<Client> s_c = new(() => new Client(), LazyThreadSafetyMode.ExecutionAndPublication); }",
        ),
    ),
    Row(
        73,
        "a static constructor becomes a field that is filled late",
        "lazy-mode",
        "class C { static readonly Client s_c; static C() { s_c = new Client(); } static Client Get() => s_c; }",
        "class C { static Client s_c; static Client Get() => s_c ??= new Client(); }",
        (
            "class C { static readonly Client s_c; static C() { s_c = new Client(); } static Client Get() => s_c; }",
            "class C { static readonly Client s_c = new Client(); static Client Get() => s_c; }",
        ),
    ),
    Row(
        74,
        "a value of the thread in asynchronous code",
        "thread-static-await",
        "class C { [ThreadStatic] static int s_n; void M() { s_n = 1; Work(); Use(s_n); } }",
        "class C { [ThreadStatic] static int s_n; async Task M() { s_n = 1; await Work(); Use(s_n); } }",
        (
            "class C { static readonly AsyncLocal<int> s_n = new(); void M() { s_n.Value = 1; Work(); Use(s_n.Value); } }",
            "class C { static readonly AsyncLocal<int> s_n = new(); async Task M() { s_n.Value = 1; await Work(); Use(s_n.Value); } }",
        ),
    ),
    Row(
        75,
        "the getter without its lock",
        "unlocked-getter",
        members("decimal _d; decimal D { get { lock (_gate) { return _d; } } set { lock (_gate) { _d = value; } } }"),
        members("decimal _d; decimal D { get { return _d; } set { lock (_gate) { _d = value; } } }"),
        (
            members(
                "volatile string _s; string S { get { lock (_gate) { return _s; } } set { lock (_gate) { _s = value; } } }"
            ),
            members("volatile string _s; string S { get { return _s; } set { lock (_gate) { _s = value; } } }"),
        ),
    ),
    Row(
        76,
        "used outside the lock",
        "outside-lock",
        members(
            "void A() { lock (_gate) { _sum++; } } void B() { lock (_gate) { _sum--; } } void D() { lock (_gate) { _sum = 0; } }"
        ),
        members(
            "void A() { lock (_gate) { _sum++; } } void B() { lock (_gate) { _sum--; } } void D() { lock (_gate) { _sum = 0; } } void E() { _sum++; }"
        ),
        (
            members("void A() { lock (_gate) { _sum++; } } void B() { lock (_gate) { _sum--; } }"),
            members(
                "void A() { lock (_gate) { _sum++; } } void B() { lock (_gate) { _sum--; } } void D() { lock (_gate) { _sum = 0; } }"
            ),
        ),
    ),
    Row(
        77,
        "Monitor.Wait under an if",
        "monitor-wait",
        members("void M() { lock (_gate) { while (_n == 0) { Monitor.Wait(_gate); } _n--; } }"),
        members("void M() { lock (_gate) { if (_n == 0) { Monitor.Wait(_gate); } _n--; } }"),
        (
            members("void M() { lock (_gate) { while (_n == 0) { Monitor.Wait(_gate); } _n--; } }"),
            members("void M() { lock (_gate) { while (_n <= 0) Monitor.Wait(_gate); _n--; } }"),
        ),
    ),
    Row(
        77,
        "PulseAll becomes Pulse",
        "monitor-wait",
        members("void M() { lock (_gate) { _n++; Monitor.PulseAll(_gate); } }"),
        members("void M() { lock (_gate) { _n++; Monitor.Pulse(_gate); } }"),
        (
            members("void M() { lock (_gate) { _n++; Monitor.Pulse(_gate); } }"),
            members("void M() { lock (_gate) { _n++; Monitor.PulseAll(_gate); } }"),
        ),
    ),
    *(
        Row(
            78,
            f"[{attribute}] removed",
            "scope-change",
            f"class C {{ [{attribute}] public virtual void Ship(int id) {{ _db.Add(new Order(id)); _db.SaveChanges(); _db.Add(new Note(id)); _db.SaveChanges(); }} }}",
            "class C { public virtual void Ship(int id) { _db.Add(new Order(id)); _db.SaveChanges(); _db.Add(new Note(id)); _db.SaveChanges(); } }",
            (
                "class C { [Obsolete] public virtual void Ship(int id) { _db.Add(new Order(id)); _db.SaveChanges(); } }",
                "class C { public virtual void Ship(int id) { _db.Add(new Order(id)); _db.SaveChanges(); } }",
            ),
        )
        for attribute in (
            "MethodImpl(MethodImplOptions.Synchronized)",
            "DisableConcurrentExecution(60)",
            "UnitOfWork",
            "Transaction",
        )
    ),
    Row(
        78,
        "[DisallowConcurrentExecution] removed from a job",
        "scope-change",
        "[DisallowConcurrentExecution]\npublic class Sweep : IJob { public async Task Execute(IJobExecutionContext context) { _n++; await Work(); } }",
        "public class Sweep : IJob { public async Task Execute(IJobExecutionContext context) { _n++; await Work(); } }",
        (
            "[DisallowConcurrentExecution]\npublic class Sweep : IJob { public async Task Execute(IJobExecutionContext context) { _n++; await Work(); } }",
            "[DisallowConcurrentExecution, Obsolete]\npublic class Sweep : IJob { public async Task Execute(IJobExecutionContext context) { _n++; await Work(); } }",
        ),
    ),
    Row(
        78,
        "the attribute moves to a private method",
        "scope-attribute",
        "class C { [UnitOfWork] public virtual void Ship(int id) { Mark(id); } private void Mark(int id) { _db.Add(new Note(id)); } }",
        "class C { public virtual void Ship(int id) { Mark(id); } [UnitOfWork] private void Mark(int id) { _db.Add(new Note(id)); } }",
        (
            "class C { [UnitOfWork] public virtual void Ship(int id) { Mark(id); } private void Mark(int id) { _db.Add(new Note(id)); } }",
            "class C { [UnitOfWork] public virtual void Ship(int id) { MarkNow(id); } private void MarkNow(int id) { _db.Add(new Note(id)); } }",
        ),
    ),
    Row(
        78,
        "called directly where it was called through its interface",
        "scope-attribute",
        "class C { public void Import(int id) { _orders.Ship(id); } [UnitOfWork] public virtual void Ship(int id) { _db.Add(new Note(id)); } }",
        "class C { public void Import(int id) { Ship(id); } [UnitOfWork] public virtual void Ship(int id) { _db.Add(new Note(id)); } }",
        (
            "class C { [UnitOfWork] public virtual void Import(int id) { _orders.Ship(id); } [UnitOfWork] public virtual void Ship(int id) { _db.Add(new Note(id)); } }",
            "class C { [UnitOfWork] public virtual void Import(int id) { Ship(id); } [UnitOfWork] public virtual void Ship(int id) { _db.Add(new Note(id)); } }",
        ),
    ),
    Row(
        79,
        "a reentrant grain",
        "reentrant-grain",
        "class G : Grain { int _n; public async Task M() { var n = _n; await Work(); _n = n + 1; } }",
        "[Reentrant] class G : Grain { int _n; public async Task M() { var n = _n; await Work(); _n = n + 1; } }",
        (
            "[Reentrant] class G : Grain { int _n; public async Task M() { await Work(); } }",
            "class G : Grain { int _n; public async Task M() { await Work(); } }",
        ),
    ),
    Row(
        79,
        "Task.Run in a grain",
        "reentrant-grain",
        "class G : Grain { int _n; public async Task M() { _n++; await Work(); } }",
        "class G : Grain { int _n; public async Task M() { await Task.Run(() => { _n++; }); await Work(); } }",
        (
            "class G : Grain { int _n; public async Task M() { _n++; await Work(); } }",
            "class G : Grain { int _n; public async Task M() { _n++; await Task.Run(() => Compute(1)); } }",
        ),
    ),
    Row(
        80,
        "a context becomes static",
        "static-shared",
        "class C { readonly ShopDbContext _db = new(); int Count() { return _db.Orders.Count(); } }",
        "class C { static readonly ShopDbContext _db = new(); int Count() { return _db.Orders.Count(); } }",
        (
            'class C { readonly HttpClient _http = new(); Task<string> Get() { return _http.GetStringAsync("a"); } }',
            'class C { static readonly HttpClient _http = new(); Task<string> Get() { return _http.GetStringAsync("a"); } }',
        ),
    ),
    Row(
        80,
        "a context becomes a singleton",
        "static-shared",
        "class Startup { void Add(IServiceCollection services) { services.AddScoped<ShopDbContext>(); } }",
        "class Startup { void Add(IServiceCollection services) { services.AddSingleton<ShopDbContext>(); } }",
        (
            "class Startup { void Add(IServiceCollection services) { services.AddScoped<Clock>(); } }",
            "class Startup { void Add(IServiceCollection services) { services.AddSingleton<Clock>(); } }",
        ),
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r.number}: {r.what}")
def test_loud(row: Row) -> None:
    """The row's suggestion is asked about by its rule."""
    assert row.rule in {rule.ID for rule in rules.RULES}
    assert row.rule in {f.rule for f in asked(row.before, row.after)}


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r.number}: {r.what}")
def test_quiet(row: Row) -> None:
    """That rule leaves the legitimate twin alone, or only asks; no rule holds anything against it."""
    found = asked(*row.twin)
    assert [f for f in found if f.severity == "high"] == []
    assert [f.severity for f in found if f.rule == row.rule] == ([row.asks] if row.asks else [])
