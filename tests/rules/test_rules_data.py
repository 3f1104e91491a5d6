"""Hazards of data under transactions and locks: each rule's loud cases, and its legitimate twins."""

from __future__ import annotations

from types import ModuleType
from typing import NamedTuple

import pytest

from ctxreview import rules
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.model.source import Source
from ctxreview.outline import outline
from ctxreview.rules.orm import (
    cached_read,
    deferred_execution,
    find_or_query,
    immediate_execution,
    projection,
    reread_removed,
    shared_context,
    split_query,
    tracking_change,
)
from ctxreview.rules.scopes import scope_change
from ctxreview.rules.sql import composed_sql, lock_hint, session_lock
from ctxreview.rules.transactions import (
    async_flow,
    early_exit,
    external_call,
    nested_transaction,
    retried_delegate,
    rollback_removed,
    second_connection,
    several_saves,
    swallowed_failure,
    transaction_argument,
    work_after_complete,
)
from tests.samples import PATH, shop

EDITS = (
    tracking_change,
    immediate_execution,
    several_saves,
    find_or_query,
    projection,
    split_query,
    lock_hint,
    reread_removed,
    rollback_removed,
)
"""The rules about edits."""


class Case(NamedTuple):
    """An edit of one method's statements, and how severe it is; ``""`` for one that is left alone."""

    rule: ModuleType
    what: str
    before: str
    after: str
    severity: str = ""


def name(value: object) -> str:
    """A short name for a test's parameter."""
    if isinstance(value, Case):
        return f"{name(value.rule)}: {value.what}"
    return value.__name__.rpartition(".")[2] if isinstance(value, ModuleType) else str(value)


def outlined(code: str) -> Outline:
    """The outline of a file."""
    return outline(Source(PATH, code.encode()))


def compared(rule: ModuleType, before: str, after: str) -> list[Finding]:
    """What one rule says of an edit from one file to another."""
    findings: list[Finding] = rule.compare(outlined(before), outlined(after))
    return findings


CASES = (
    Case(
        tracking_change,
        "off for the whole context",
        """
        var order = await _db.Orders.FirstAsync(o => o.Id == id);
        order.State = 1;
        await _db.SaveChangesAsync();
        """,
        """
        _db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.NoTracking;
        var order = await _db.Orders.FirstAsync(o => o.Id == id);
        order.State = 1;
        await _db.SaveChangesAsync();
        """,
        "high",
    ),
    Case(
        tracking_change,
        "off, and the file saves what it adds",
        "_db.Add(new Order(id));\nawait _db.SaveChangesAsync();",
        """
        _db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.NoTracking;
        _db.Add(new Order(id));
        await _db.SaveChangesAsync();
        """,
        "medium",
    ),
    Case(
        tracking_change,
        "off where nothing is saved",
        "return await _db.Orders.CountAsync();",
        "_db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.NoTracking;\nreturn await _db.Orders.CountAsync();",
    ),
    Case(
        tracking_change,
        "re-read after a semaphore",
        """
        var order = await _db.Orders.FirstAsync(o => o.Id == id);
        await _slots.WaitAsync();
        var now = await _db.Orders.AsNoTracking().FirstAsync(o => o.Id == id);
        _slots.Release();
        """,
        """
        var order = await _db.Orders.FirstAsync(o => o.Id == id);
        await _slots.WaitAsync();
        var now = await _db.Orders.FirstAsync(o => o.Id == id);
        _slots.Release();
        """,
        "high",
    ),
    Case(
        tracking_change,
        "the only read is tracked now",
        "lock (_gate)\n{\n    var order = _db.Orders.AsNoTracking().First(o => o.Id == id);\n}",
        "lock (_gate)\n{\n    var order = _db.Orders.First(o => o.Id == id);\n}",
    ),
    Case(
        immediate_execution,
        "a token is no longer checked",
        """
        try
        {
            var order = await _db.Orders.FirstAsync(o => o.Id == id);
            order.State = 1;
            await _db.SaveChangesAsync();
        }
        catch (DbUpdateConcurrencyException)
        {
            throw;
        }
        """,
        "await _db.Orders.Where(o => o.Id == id).ExecuteUpdateAsync(s => s.SetProperty(o => o.State, 1));",
        "high",
    ),
    Case(
        immediate_execution,
        "the tracked instance is saved later",
        """
        var order = await _db.Orders.FirstAsync(o => o.Id == id);
        order.State = 1;
        order.Total = 2;
        await _db.SaveChangesAsync();
        """,
        """
        var order = await _db.Orders.FirstAsync(o => o.Id == id);
        await _db.Orders.Where(o => o.Id == id).ExecuteUpdateAsync(s => s.SetProperty(o => o.State, 1));
        order.Total = 2;
        await _db.SaveChangesAsync();
        """,
        "medium",
    ),
    Case(
        immediate_execution,
        "one change, sent at once",
        "var order = _db.Orders.First(o => o.Id == id);\norder.State = 1;\n_db.SaveChanges();",
        "_db.Orders.Where(o => o.Id == id).ExecuteUpdate(s => s.SetProperty(o => o.State, 1));",
        "low",
    ),
    Case(
        immediate_execution,
        "the version leaves the condition",
        """
        var n = await _db.Orders.Where(o => o.Id == id && o.Version == version).ExecuteUpdateAsync(s => s.SetProperty(o => o.State, 1));
        if (n == 0) throw new Lost();
        """,
        """
        var n = await _db.Orders.Where(o => o.Id == id).ExecuteUpdateAsync(s => s.SetProperty(o => o.State, 1));
        if (n == 0) throw new Lost();
        """,
        "high",
    ),
    Case(
        immediate_execution,
        "the number of rows is not looked at",
        """
        var n = command.ExecuteNonQuery();
        if (n != 1) throw new Lost();
        """,
        "command.ExecuteNonQuery();",
        "medium",
    ),
    Case(
        immediate_execution,
        "a bulk library",
        "_db.Orders.AddRange(orders);\n_db.SaveChanges();",
        "_db.BulkInsert(orders);",
        "medium",
    ),
    Case(
        immediate_execution,
        "it was executed before, too",
        "await _db.Orders.Where(o => o.Id == id).ExecuteDeleteAsync();\nawait _db.SaveChangesAsync();",
        "await _db.Orders.Where(o => o.Old && o.Id == id).ExecuteDeleteAsync();\nawait _db.SaveChangesAsync();",
    ),
    Case(
        immediate_execution,
        "the count was never looked at",
        "await _db.Orders.Where(o => o.Id == id).ExecuteDeleteAsync();\n_count++;",
        "await _db.Orders.Where(o => o.Id == id).ExecuteDeleteAsync();",
    ),
    Case(
        several_saves,
        "the transaction around a delete and a save goes",
        """
        using var context = _provider.CreateDbContext();
        using var transaction = context.Database.BeginTransaction();
        context.Images.Where(e => e.ItemId == id).ExecuteDelete();
        context.Images.AddRange(images);
        context.SaveChanges();
        transaction.Commit();
        """,
        """
        using var context = _provider.CreateDbContext();
        context.Images.Where(e => e.ItemId == id).ExecuteDelete();
        context.Images.AddRange(images);
        context.SaveChanges();
        """,
        "high",
    ),
    Case(
        several_saves,
        "saved in the loop now",
        """
        foreach (var order in orders)
        {
            order.State = 1;
        }
        await _db.SaveChangesAsync();
        """,
        """
        foreach (var order in orders)
        {
            order.State = 1;
            await _db.SaveChangesAsync();
        }
        """,
        "high",
    ),
    Case(
        several_saves,
        "one becomes two",
        "_db.Add(order);\n_db.Add(line);\n_db.SaveChanges();",
        "_db.Add(order);\n_db.SaveChanges();\n_db.Add(line);\n_db.SaveChanges();",
        "high",
    ),
    Case(
        several_saves,
        "a second piece of work, saved by itself",
        "_db.Add(order);\n_db.SaveChanges();",
        "_db.Add(order);\n_db.SaveChanges();\n_db.Add(audit);\n_db.SaveChanges();",
        "medium",
    ),
    Case(
        several_saves,
        "joined, but the key is used between",
        """
        _db.Orders.Add(order);
        _db.SaveChanges();
        _db.Lines.Add(new Line { Order = order.Id });
        _db.SaveChanges();
        """,
        """
        _db.Orders.Add(order);
        _db.Lines.Add(new Line { Order = order.Id });
        _db.SaveChanges();
        """,
        "medium",
    ),
    Case(
        several_saves,
        "joined, nothing between",
        "_db.Add(order);\n_db.SaveChanges();\n_db.Add(line);\n_db.SaveChanges();",
        "_db.Add(order);\n_db.Add(line);\n_db.SaveChanges();",
    ),
    Case(
        several_saves,
        "the transaction around one read goes",
        """
        using var transaction = _db.Database.BeginTransaction();
        var order = _db.Orders.First(o => o.Id == id);
        transaction.Commit();
        return order.State;
        """,
        "var order = _db.Orders.First(o => o.Id == id);\nreturn order.State;",
    ),
    Case(
        several_saves,
        "one save for each of two ways out",
        "order.State = 1;\n_db.SaveChanges();\nreturn 0;",
        """
        if (id == 0)
        {
            _db.SaveChanges();
            return 1;
        }
        order.State = 1;
        _db.SaveChanges();
        return 0;
        """,
    ),
    Case(
        several_saves,
        "two under a transaction",
        """
        using var tx = _db.Database.BeginTransaction();
        _db.Add(order);
        _db.Add(line);
        _db.SaveChanges();
        tx.Commit();
        """,
        """
        using var tx = _db.Database.BeginTransaction();
        _db.Add(order);
        _db.SaveChanges();
        _db.Add(line);
        _db.SaveChanges();
        tx.Commit();
        """,
    ),
    Case(
        find_or_query,
        "Find after a tracked query, under a lock",
        """
        var order = _db.Orders.First(o => o.Id == id);
        lock (_gate)
        {
            var now = _db.Orders.AsNoTracking().First(o => o.Id == id);
        }
        """,
        """
        var order = _db.Orders.First(o => o.Id == id);
        lock (_gate)
        {
            var now = _db.Orders.Find(id);
        }
        """,
        "high",
    ),
    Case(
        find_or_query,
        "Find under a transaction, nothing queried before",
        "using var tx = _db.Database.BeginTransaction();\nvar order = _db.Orders.First(o => o.Id == id);\ntx.Commit();",
        "using var tx = _db.Database.BeginTransaction();\nvar order = _db.Orders.Find(id);\ntx.Commit();",
        "low",
    ),
    Case(
        find_or_query,
        "a query after an unsaved Add",
        "_db.Orders.Add(made);\nvar order = _db.Orders.Find(id);",
        "_db.Orders.Add(made);\nvar order = _db.Orders.FirstOrDefault(o => o.Id == id);",
        "high",
    ),
    Case(
        find_or_query,
        "a query after a saved Add",
        "_db.Orders.Add(made);\n_db.SaveChanges();\nvar order = _db.Orders.Find(id);",
        "_db.Orders.Add(made);\n_db.SaveChanges();\nvar order = _db.Orders.FirstOrDefault(o => o.Id == id);",
    ),
    Case(
        find_or_query,
        "Find where nothing is held and nothing was queried",
        "var order = _db.Orders.First(o => o.Id == id);\nreturn order.State;",
        "var order = _db.Orders.Find(id);\nreturn order.State;",
    ),
    Case(
        projection,
        "changed and saved",
        "var order = _db.Orders.First(o => o.Id == id);\norder.State = 1;\n_db.SaveChanges();",
        """
        var order = _db.Orders.Select(o => new Order { Id = o.Id, State = o.State }).First(o => o.Id == id);
        order.State = 1;
        _db.SaveChanges();
        """,
        "high",
    ),
    Case(
        projection,
        "given to Update",
        "var order = await _db.Orders.FirstAsync(o => o.Id == id);\n_db.Update(order);\nawait _db.SaveChangesAsync();",
        """
        var order = await _db.Orders.Select(o => new Order { Id = o.Id }).FirstAsync(o => o.Id == id);
        _db.Update(order);
        await _db.SaveChangesAsync();
        """,
        "high",
    ),
    Case(
        projection,
        "only shown",
        "var order = _db.Orders.First(o => o.Id == id);\nreturn order.State;",
        "var order = _db.Orders.Select(o => new { o.State }).First(o => o.Id == id);\nreturn order.State;",
    ),
    Case(
        projection,
        "decides what another entity gets",
        """
        var order = _db.Orders.First(o => o.Id == id);
        other.State = order.State;
        _db.SaveChanges();
        """,
        """
        var order = _db.Orders.Select(o => new { o.State }).First(o => o.Id == id);
        other.State = order.State;
        _db.SaveChanges();
        """,
    ),
    Case(
        split_query,
        "under a transaction of the default level",
        """
        using var tx = _db.Database.BeginTransaction();
        var order = _db.Orders.Include(o => o.Lines).First(o => o.Id == id);
        tx.Commit();
        """,
        """
        using var tx = _db.Database.BeginTransaction();
        var order = _db.Orders.Include(o => o.Lines).AsSplitQuery().First(o => o.Id == id);
        tx.Commit();
        """,
        "medium",
    ),
    Case(
        split_query,
        "only shown",
        "return _db.Orders.Include(o => o.Lines).ToList().Count;",
        "return _db.Orders.Include(o => o.Lines).AsSplitQuery().ToList().Count;",
        "low",
    ),
    Case(
        split_query,
        "in a serializable scope",
        """
        using var scope = new TransactionScope();
        var order = _db.Orders.Include(o => o.Lines).First(o => o.Id == id);
        scope.Complete();
        """,
        """
        using var scope = new TransactionScope();
        var order = _db.Orders.Include(o => o.Lines).AsSplitQuery().First(o => o.Id == id);
        scope.Complete();
        """,
    ),
    Case(
        split_query,
        "split before, too",
        "return _db.Orders.AsSplitQuery().Include(o => o.Lines).ToList().Count;",
        "return _db.Orders.Include(o => o.Lines).AsSplitQuery().ToList().Count;",
    ),
    Case(
        lock_hint,
        "a claim without FOR UPDATE",
        """
        var sql = $@"
        SELECT id, type FROM {_prefix}.queue LIMIT 1 FOR UPDATE;
        DELETE FROM {_prefix}.queue LIMIT 1;";
        using var tx = connection.BeginTransaction(IsolationLevel.ReadCommitted);
        var message = await connection.QueryFirstAsync(sql, transaction: tx);
        """,
        """
        var sql = $@"
        SELECT @id:=id AS id, @type:=type AS type FROM {_prefix}.queue LIMIT 1;
        DELETE FROM {_prefix}.queue WHERE id = @id AND type = @type;";
        using var tx = connection.BeginTransaction(IsolationLevel.ReadCommitted);
        var message = await connection.QueryFirstAsync(sql, transaction: tx);
        """,
        "high",
    ),
    Case(
        lock_hint,
        "raw SQL becomes LINQ",
        """
        using var tx = _db.Database.BeginTransaction();
        var order = _db.Orders.FromSqlRaw("SELECT * FROM orders WITH (UPDLOCK) WHERE id = {0}", id).Single();
        tx.Commit();
        """,
        """
        using var tx = _db.Database.BeginTransaction();
        var order = _db.Orders.Single(o => o.Id == id);
        tx.Commit();
        """,
        "high",
    ),
    Case(
        lock_hint,
        "several hints of one query",
        'conn.Execute("SELECT TOP 1 * FROM queue WITH (UPDLOCK, READPAST, ROWLOCK)");',
        'conn.Execute("SELECT TOP 1 * FROM queue");',
        "high",
    ),
    Case(
        lock_hint,
        "NOLOCK where something is saved",
        'var n = conn.ExecuteScalar<int>("SELECT n FROM stock WHERE id = 1");\n_db.Add(new Sale(n));\n_db.SaveChanges();',
        'var n = conn.ExecuteScalar<int>("SELECT n FROM stock WITH (NOLOCK) WHERE id = 1");\n_db.Add(new Sale(n));\n_db.SaveChanges();',
        "high",
    ),
    Case(
        lock_hint,
        "a tag that names a lock",
        'var order = _db.Orders.TagWith("ForUpdate").First(o => o.Id == id);',
        "var order = _db.Orders.First(o => o.Id == id);",
        "medium",
    ),
    Case(
        lock_hint,
        "a tag that says where it is",
        'var order = _db.Orders.TagWith("GetOrder").First(o => o.Id == id);',
        "var order = _db.Orders.First(o => o.Id == id);",
    ),
    Case(
        lock_hint,
        "NOLOCK on a dashboard",
        'return conn.ExecuteScalar<int>("SELECT COUNT(*) FROM jobs WHERE state = 1");',
        'return conn.ExecuteScalar<int>("SELECT COUNT(*) FROM jobs WITH (NOLOCK) WHERE state = 1");',
    ),
    Case(
        lock_hint,
        "the same hint in another layout",
        'conn.Execute("SELECT * FROM jobs WITH (UPDLOCK, HOLDLOCK) WHERE id = 1");',
        'conn.Execute("select id from jobs with (holdlock, updlock) where id = 1");',
    ),
    Case(
        reread_removed,
        "the check under the semaphore",
        """
        var order = await _db.Orders.FirstAsync(o => o.Id == id);
        await _slots.WaitAsync();
        var again = await _db.Orders.AsNoTracking().AnyAsync(o => o.Id == id && o.State == 0);
        if (again) order.State = 1;
        _slots.Release();
        """,
        """
        var order = await _db.Orders.FirstAsync(o => o.Id == id);
        await _slots.WaitAsync();
        if (order.State == 0) order.State = 1;
        _slots.Release();
        """,
        "medium",
    ),
    Case(
        reread_removed,
        "the reload in a transaction",
        """
        var order = _db.Orders.First(o => o.Id == id);
        using var tx = _db.Database.BeginTransaction();
        _db.Entry(order).Reload();
        tx.Commit();
        """,
        """
        var order = _db.Orders.First(o => o.Id == id);
        using var tx = _db.Database.BeginTransaction();
        tx.Commit();
        """,
        "medium",
    ),
    Case(
        reread_removed,
        "the first one goes, and the second stays",
        """
        var order = _db.Orders.First(o => o.Id == id);
        lock (_gate)
        {
            order = _db.Orders.First(o => o.Id == id);
        }
        """,
        """
        lock (_gate)
        {
            var order = _db.Orders.First(o => o.Id == id);
        }
        """,
    ),
    Case(
        reread_removed,
        "another set is no longer read",
        """
        var order = _db.Orders.First(o => o.Id == id);
        lock (_gate)
        {
            var n = _db.Lines.Count(l => l.OrderId == id);
        }
        """,
        "var order = _db.Orders.First(o => o.Id == id);\nlock (_gate)\n{\n    _count++;\n}",
    ),
    Case(
        rollback_removed,
        "the handler goes",
        """
        var tx = conn.BeginTransaction();
        try
        {
            Work(tx);
            tx.Commit();
        }
        catch
        {
            tx.Rollback();
            throw;
        }
        """,
        "var tx = conn.BeginTransaction();\nWork(tx);\ntx.Commit();",
        "high",
    ),
    Case(
        rollback_removed,
        "the handler goes, Dispose stays",
        """
        var tx = conn.BeginTransaction();
        try
        {
            Work(tx);
            tx.Commit();
        }
        catch
        {
            tx.Rollback();
            throw;
        }
        finally
        {
            tx.Dispose();
        }
        """,
        """
        var tx = conn.BeginTransaction();
        try
        {
            Work(tx);
            tx.Commit();
        }
        finally
        {
            tx.Dispose();
        }
        """,
        "medium",
    ),
    Case(
        rollback_removed,
        "a using disposes of it",
        """
        using var tx = conn.BeginTransaction();
        try
        {
            Work(tx);
            tx.Commit();
        }
        catch
        {
            tx.Rollback();
            throw;
        }
        """,
        "using var tx = conn.BeginTransaction();\nWork(tx);\ntx.Commit();",
    ),
    Case(
        rollback_removed,
        "something else is disposed of",
        "var tx = conn.BeginTransaction();\nWork(tx);\nreader.Dispose();\ntx.Commit();\ntx.Dispose();",
        "var tx = conn.BeginTransaction();\nWork(tx);\ntx.Commit();\ntx.Dispose();",
    ),
    Case(
        deferred_execution,
        "ToList goes, the context is disposed",
        "using var db = _factory.CreateDbContext();\nreturn db.Orders.Where(o => o.State == id).ToList();",
        "using var db = _factory.CreateDbContext();\nreturn db.Orders.Where(o => o.State == id);",
        "high",
    ),
    Case(
        deferred_execution,
        "ToList goes, in a transaction",
        "using var tx = _db.Database.BeginTransaction();\nvar found = _db.Orders.Where(o => o.State == id).ToList();\ntx.Commit();\nreturn found;",
        "using (var tx = _db.Database.BeginTransaction())\n{\n    return _db.Orders.Where(o => o.State == id);\n}",
        "high",
    ),
    Case(
        deferred_execution,
        "ToList goes, nothing is held",
        "return _db.Orders.Where(o => o.State == id).ToList();",
        "return _db.Orders.Where(o => o.State == id);",
    ),
    Case(
        deferred_execution,
        "counted instead",
        "using var db = _factory.CreateDbContext();\nreturn db.Orders.Where(o => o.State == id).ToList().Count;",
        "using var db = _factory.CreateDbContext();\nreturn db.Orders.Where(o => o.State == id).Count();",
    ),
    Case(
        transaction_argument,
        "the only argument goes",
        'using var tx = conn.BeginTransaction();\nconn.Execute("UPDATE a SET n = 1", null, tx);\ntx.Commit();',
        'using var tx = conn.BeginTransaction();\nconn.Execute("UPDATE a SET n = 1");\ntx.Commit();',
        "medium",
    ),
    Case(
        transaction_argument,
        "the command's transaction goes",
        """
        using var tx = conn.BeginTransaction();
        var command = conn.CreateCommand();
        command.Transaction = tx;
        command.ExecuteNonQuery();
        tx.Commit();
        """,
        """
        using var tx = conn.BeginTransaction();
        var command = conn.CreateCommand();
        command.ExecuteNonQuery();
        tx.Commit();
        """,
        "medium",
    ),
    Case(
        transaction_argument,
        "the transaction goes with it",
        'using var tx = conn.BeginTransaction();\nconn.Execute("UPDATE a SET n = 1", null, tx);\ntx.Commit();',
        'conn.Execute("UPDATE a SET n = 1");',
    ),
    Case(
        transaction_argument,
        "it has a name now",
        'using var tx = conn.BeginTransaction();\nconn.Execute("UPDATE a SET n = 1", null, tx);\ntx.Commit();',
        'using var tx = conn.BeginTransaction();\nconn.Execute("UPDATE a SET n = 1", transaction: tx);\ntx.Commit();',
    ),
    Case(
        early_exit,
        "a guard clause after a call",
        "using var tx = _db.Database.BeginTransaction();\nClaim(id);\n_db.SaveChanges();\ntx.Commit();\nreturn 1;",
        "using var tx = _db.Database.BeginTransaction();\nClaim(id);\nif (id == 0) return 0;\n_db.SaveChanges();\ntx.Commit();\nreturn 1;",
        "low",
    ),
    Case(
        early_exit,
        "a guard clause before anything is done",
        "using var tx = _db.Database.BeginTransaction();\nvar order = _db.Orders.First();\n_db.SaveChanges();\ntx.Commit();\nreturn 1;",
        "using var tx = _db.Database.BeginTransaction();\nvar order = _db.Orders.First();\nif (order.Done) return 0;\n_db.SaveChanges();\ntx.Commit();\nreturn 1;",
    ),
    Case(
        work_after_complete,
        "the commit moves up",
        "using var tx = _db.Database.BeginTransaction();\n_db.SaveChanges();\nother.ExecuteNonQuery();\ntx.Commit();",
        "using var tx = _db.Database.BeginTransaction();\n_db.SaveChanges();\ntx.Commit();\nother.ExecuteNonQuery();",
        "high",
    ),
    Case(
        work_after_complete,
        "it came after the commit before",
        "using var tx = _db.Database.BeginTransaction();\n_db.SaveChanges();\ntx.Commit();\nother.ExecuteNonQuery();",
        "using var tx = _db.Database.BeginTransaction();\n_db.SaveChanges();\n_count++;\ntx.Commit();\nother.ExecuteNonQuery();",
    ),
    Case(
        external_call,
        "out of the outbox",
        "await _outbox.AddAsync(message);\nawait _db.SaveChangesAsync();",
        "await _bus.Publish(message);\nawait _db.SaveChangesAsync();",
        "medium",
    ),
    Case(
        external_call,
        "into the outbox",
        "await _bus.Publish(message);\nawait _db.SaveChangesAsync();",
        "await _outbox.AddAsync(message);\nawait _db.SaveChangesAsync();",
    ),
    Case(
        scope_change,
        "the last statements fall into a using declaration",
        "using (var tx = _db.Database.BeginTransaction())\n{\n    _db.SaveChanges();\n    tx.Commit();\n}\nNotify(id);",
        "using var tx = _db.Database.BeginTransaction();\n_db.SaveChanges();\nNotify(id);\ntx.Commit();",
        "medium",
    ),
    Case(
        scope_change,
        "nothing follows the block that becomes a declaration",
        "using (var tx = _db.Database.BeginTransaction())\n{\n    _db.SaveChanges();\n    tx.Commit();\n}",
        "using var tx = _db.Database.BeginTransaction();\n_db.SaveChanges();\ntx.Commit();",
    ),
    Case(
        scope_change,
        "the transaction around one read goes",
        "using (var tx = _db.Database.BeginTransaction())\n{\n    return _db.Orders.Count();\n}",
        "return _db.Orders.Count();",
        "note",
    ),
    Case(
        scope_change,
        "the transaction around two reads goes",
        "using (var tx = _db.Database.BeginTransaction())\n{\n    return _db.Orders.Count() - _db.Lines.Count();\n}",
        "return _db.Orders.Count() - _db.Lines.Count();",
        "high",
    ),
    Case(
        scope_change,
        "the transaction around a read goes that something else is called with",
        "using (var tx = _db.Database.BeginTransaction())\n{\n    return SaveAll(_db.Orders.Count());\n}",
        "return SaveAll(_db.Orders.Count());",
        "high",
    ),
    Case(
        scope_change,
        "a transaction around an update and what is read after it",
        "_db.Orders.Where(o => o.Id == id).ExecuteUpdate(s => s.SetProperty(o => o.State, 1));",
        """
        using (var tx = _db.Database.BeginTransaction())
        {
            _db.Orders.Where(o => o.Id == id).ExecuteUpdate(s => s.SetProperty(o => o.State, 1));
            var changed = _db.Orders.AsNoTracking().Where(o => o.Id == id).ToArray();
            tx.Commit();
        }
        """,
        "medium",
    ),
    Case(
        scope_change,
        "a transaction around a payment",
        "await _httpClient.PostAsync(id);\n_db.SaveChanges();",
        """
        using (var tx = _db.Database.BeginTransaction())
        {
            await _httpClient.PostAsync(id);
            _db.SaveChanges();
            tx.Commit();
        }
        """,
        "medium",
    ),
    Case(
        scope_change,
        "a delegate in a transaction becomes a block",
        "_db.RunInTransaction(() => { _db.SaveChanges(); });",
        "using (var tx = _db.BeginTransaction())\n{\n    _db.SaveChanges();\n    tx.Commit();\n}",
        "note",
    ),
    Case(
        scope_change,
        "a read is prefetched above the transaction",
        """
        using var tx = _db.Database.BeginTransaction();
        foreach (var order in orders)
        {
            if (!_db.Orders.Any(o => o.Id == order.Id)) _db.Add(order);
        }
        _db.SaveChanges();
        tx.Commit();
        """,
        """
        var known = _db.Orders.Where(o => ids.Contains(o.Id)).Select(o => o.Id).ToHashSet();
        using var tx = _db.Database.BeginTransaction();
        foreach (var order in orders)
        {
            if (!known.Contains(order.Id)) _db.Add(order);
        }
        _db.SaveChanges();
        tx.Commit();
        """,
        "high",
    ),
    Case(
        tracking_change,
        "the query moves under the lock instead",
        """
        var order = _db.Orders.First(o => o.Id == id);
        lock (_gate)
        {
            var now = _db.Orders.AsNoTracking().First(o => o.Id == id);
            if (now.State == 0) { order.State = 1; _db.SaveChanges(); }
        }
        """,
        """
        lock (_gate)
        {
            var order = _db.Orders.First(o => o.Id == id);
            if (order.State == 0) { order.State = 1; _db.SaveChanges(); }
        }
        """,
    ),
    Case(
        find_or_query,
        "the query moves into the transaction instead",
        """
        var order = _db.Orders.First(o => o.Id == id);
        using var tx = _db.Database.BeginTransaction();
        var now = _db.Orders.AsNoTracking().First(o => o.Id == id);
        if (now.State == 0) { order.State = 1; _db.SaveChanges(); }
        tx.Commit();
        """,
        """
        using var tx = _db.Database.BeginTransaction();
        var order = _db.Orders.First(o => o.Id == id);
        if (order.State == 0) { order.State = 1; _db.SaveChanges(); }
        tx.Commit();
        """,
    ),
    Case(
        reread_removed,
        "the read moves under the lock instead",
        """
        var order = _db.Orders.First(o => o.Id == id);
        lock (_gate)
        {
            _db.Entry(order).Reload();
            if (order.State == 0) { order.State = 1; _db.SaveChanges(); }
        }
        """,
        """
        lock (_gate)
        {
            var order = _db.Orders.First(o => o.Id == id);
            if (order.State == 0) { order.State = 1; _db.SaveChanges(); }
        }
        """,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=name)
def test_edit(case: Case) -> None:
    """An edit is asked about once, as severely as it deserves, and its legitimate twin is left alone."""
    before, after = outlined(shop(case.before)), outlined(shop(case.after))
    findings: list[Finding] = case.rule.compare(before, after)
    assert [f.severity for f in findings] == ([case.severity] if case.severity else [])
    assert all(f in rules.compare(before, after) for f in findings)


@pytest.mark.parametrize("rule", EDITS, ids=name)
def test_every_rule_has_its_cases(rule: ModuleType) -> None:
    """Each rule has at least two edits that are asked about and two that are left alone."""
    assert sum(c.rule is rule and bool(c.severity) for c in CASES) >= 2
    assert sum(c.rule is rule and not c.severity for c in CASES) >= 2


FLOW = "TransactionScopeAsyncFlowOption.Enabled"


class Code(NamedTuple):
    """One method's statements as they are, and how often the rule asks about them."""

    rule: ModuleType
    what: str
    body: str
    severity: str = ""
    head: str = "public async Task<int> Ship(int id)"


CHECKED = (
    deferred_execution,
    shared_context,
    second_connection,
    nested_transaction,
    transaction_argument,
    retried_delegate,
    composed_sql,
    cached_read,
    swallowed_failure,
    early_exit,
    work_after_complete,
    external_call,
    session_lock,
)
"""The rules about code as it is."""

STANDING = (
    Code(
        deferred_execution,
        "yields under a lock",
        "lock (_gate)\n{\n    foreach (var order in _cache.Values) yield return order;\n}",
        "medium",
        "public IEnumerable<Order> All()",
    ),
    Code(
        deferred_execution,
        "returns a task from a using",
        "using var tx = _db.Database.BeginTransaction();\nreturn _db.SaveChangesAsync();",
        "high",
        "public Task<int> Ship(int id)",
    ),
    Code(
        deferred_execution,
        "awaits it",
        "using var tx = _db.Database.BeginTransaction();\nreturn await _db.SaveChangesAsync();",
    ),
    Code(
        deferred_execution,
        "passes a task through, nothing is held",
        "return _db.SaveChangesAsync();",
        head="public Task<int> Ship(int id)",
    ),
    Code(
        deferred_execution,
        "yields what was copied under the lock",
        "Order[] all;\nlock (_gate)\n{\n    all = _cache.Values.ToArray();\n}\nforeach (var order in all) yield return order;",
        head="public IEnumerable<Order> All()",
    ),
    Code(
        deferred_execution,
        "begins a task under a lock of the thread",
        "lock (_gate)\n{\n    return WaitAsync(_count);\n}",
        head="public Task<int> Ship(int id)",
    ),
    Code(
        async_flow,
        "await using",
        f"await using var scope = new TransactionScope({FLOW});\nawait _db.SaveChangesAsync();\nscope.Complete();",
        "medium",
    ),
    Code(
        second_connection,
        "after the first was committed",
        "var tx = s.BeginTransaction();\ntx.Commit();\ns.Close();\nvar t = OpenSession();\ntx = t.BeginTransaction();\ntx.Commit();",
    ),
    Code(
        second_connection,
        "the context's own connection is opened",
        "using var tx = _db.Database.BeginTransaction();\n_db.Database.OpenConnection();\ntx.Commit();",
    ),
    Code(
        nested_transaction,
        "in another branch of #if",
        """
        #if NET8_0_OR_GREATER
        await using var tx = await conn.BeginTransactionAsync();
        #else
        using var tx = conn.BeginTransaction();
        #endif
        tx.Commit();
        """,
    ),
    Code(
        retried_delegate,
        "a strategy in a suppressed scope",
        "using var scope = new TransactionScope(TransactionScopeOption.Suppress);\nstrategy.Execute(() => { _db.SaveChanges(); });\nscope.Complete();",
    ),
    Code(
        shared_context,
        "two queries at once",
        "await Task.WhenAll(_db.Orders.ToListAsync(), _db.Lines.ToListAsync());",
        "high",
    ),
    Code(
        shared_context,
        "two tasks with names",
        """
        var orders = _db.Orders.ToListAsync();
        var lines = _db.Lines.ToListAsync();
        await Task.WhenAll(orders, lines);
        """,
        "high",
    ),
    Code(
        shared_context,
        "a parallel loop",
        "await Parallel.ForEachAsync(ids, async (i, stop) => { await _db.Orders.FirstAsync(o => o.Id == i); });",
        "high",
    ),
    Code(
        shared_context,
        "left alone in a transaction",
        "using var tx = _db.Database.BeginTransaction();\n_ = NotifyAsync(id);\n_db.SaveChanges();\ntx.Commit();",
        "medium",
    ),
    Code(
        shared_context,
        "a context for each",
        """
        await Parallel.ForEachAsync(ids, async (i, stop) =>
        {
            await using var db = _factory.CreateDbContext();
            await db.Orders.FirstAsync(o => o.Id == i);
        });
        """,
    ),
    Code(
        shared_context,
        "one after the other",
        "var orders = await _db.Orders.ToListAsync();\nvar lines = await _db.Lines.ToListAsync();",
    ),
    Code(shared_context, "only computed", "Parallel.ForEach(orders, o => o.Sum());"),
    Code(
        second_connection,
        "another context in a transaction",
        "using var tx = _db.Database.BeginTransaction();\nusing var other = new LogDbContext();\nother.SaveChanges();\ntx.Commit();",
        "medium",
    ),
    Code(
        second_connection,
        "two connections in a TransactionScope",
        """
        using var scope = new TransactionScope();
        using var a = new SqlConnection(_text);
        using var b = new SqlConnection(_other);
        scope.Complete();
        """,
        "medium",
    ),
    Code(
        second_connection,
        "the only connection of a TransactionScope",
        "using var scope = new TransactionScope();\nusing var a = new SqlConnection(_text);\nscope.Complete();",
    ),
    Code(
        second_connection,
        "the connection that the transaction is begun on",
        "using var conn = new SqlConnection(_text);\nusing var tx = conn.BeginTransaction();\ntx.Commit();",
    ),
    Code(
        nested_transaction,
        "the log must survive",
        """
        using (var outer = new TransactionScope())
        {
            using (var inner = new TransactionScope(TransactionScopeOption.Suppress)) { Log(id); }
            outer.Complete();
        }
        """,
        "medium",
    ),
    Code(
        nested_transaction,
        "begun twice",
        """
        using var tx = conn.BeginTransaction();
        using var again = conn.BeginTransaction();
        again.Commit();
        tx.Commit();
        """,
        "medium",
    ),
    Code(
        nested_transaction,
        "one on each of two contexts",
        """
        session.first.BeginTransaction();
        session.second.BeginTransaction();
        Work();
        session.first.Commit();
        session.second.Commit();
        """,
    ),
    Code(
        nested_transaction,
        "twice on what the instance keeps",
        """
        using var tx = this._store.Connection.BeginTransaction();
        using var again = _store.Connection.BeginTransaction();
        again.Commit();
        tx.Commit();
        """,
        "medium",
    ),
    Code(
        retried_delegate,
        "it is asked again",
        "await strategy.ExecuteAsync(async () => await _httpClient.GetAsync(url));",
    ),
    Code(
        nested_transaction,
        "joins with another level",
        """
        using (var outer = new TransactionScope())
        {
            using (var inner = new TransactionScope(TransactionScopeOption.Required, new TransactionOptions { IsolationLevel = IsolationLevel.ReadCommitted })) { inner.Complete(); }
            outer.Complete();
        }
        """,
        "high",
    ),
    Code(
        nested_transaction,
        "joins whatever level there is",
        """
        using (var outer = new TransactionScope(TransactionScopeOption.Required, new TransactionOptions { IsolationLevel = IsolationLevel.ReadCommitted }))
        {
            using (var inner = new TransactionScope()) { inner.Complete(); }
            outer.Complete();
        }
        """,
    ),
    Code(
        nested_transaction,
        "stands on the same transaction",
        """
        using var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled);
        var transaction = Transaction.Current;
        using (var inner = new TransactionScope(transaction)) { inner.Complete(); }
        scope.Complete();
        """,
    ),
    Code(
        nested_transaction,
        "joins as it is",
        """
        using (var outer = new TransactionScope())
        {
            using (var inner = new TransactionScope()) { inner.Complete(); }
            outer.Complete();
        }
        """,
    ),
    Code(
        nested_transaction,
        "one after the other",
        """
        using (var tx = conn.BeginTransaction()) { tx.Commit(); }
        using (var tx = conn.BeginTransaction()) { tx.Commit(); }
        """,
    ),
    Code(
        transaction_argument,
        "a query is not told",
        """
        using var tx = conn.BeginTransaction();
        var n = conn.ExecuteScalar<int>("SELECT n FROM a");
        conn.Execute("UPDATE a SET n = 1", transaction: tx);
        tx.Commit();
        """,
        "medium",
    ),
    Code(
        transaction_argument,
        "one of three",
        """
        using var tx = conn.BeginTransaction();
        conn.Execute("UPDATE a SET n = 1", null, tx);
        conn.Execute("UPDATE b SET n = 1", null);
        conn.Execute("UPDATE c SET n = 1", null, tx);
        tx.Commit();
        """,
        "medium",
    ),
    Code(
        transaction_argument,
        "nobody is told",
        'using var tx = conn.BeginTransaction();\nconn.Execute("UPDATE a SET n = 1");\ntx.Commit();',
    ),
    Code(
        transaction_argument,
        "another connection",
        """
        using var tx = conn.BeginTransaction();
        conn.Execute("UPDATE a SET n = 1", null, tx);
        other.Execute("UPDATE b SET n = 1");
        tx.Commit();
        """,
    ),
    Code(
        retried_delegate,
        "a strategy in a transaction",
        "using var tx = _db.Database.BeginTransaction();\nstrategy.Execute(() => { _db.SaveChanges(); });\ntx.Commit();",
        "medium",
    ),
    Code(
        retried_delegate,
        "a policy in a transaction",
        "using var tx = _db.Database.BeginTransaction();\nawait _retryPolicy.ExecuteAsync(() => _db.SaveChangesAsync());\ntx.Commit();",
        "medium",
    ),
    Code(
        retried_delegate,
        "a message in the delegate",
        "await strategy.ExecuteAsync(async () => { await _db.SaveChangesAsync(); await _bus.Publish(new Done(id)); });",
        "medium",
    ),
    Code(
        retried_delegate,
        "the transaction in the delegate",
        "strategy.Execute(() => { using var tx = _db.Database.BeginTransaction(); _db.SaveChanges(); tx.Commit(); });",
    ),
    Code(
        retried_delegate,
        "a delegate that runs once",
        "var n = 0;\n_db.RunInTransaction(() => { n++; });\nreturn n;",
    ),
    Code(
        retried_delegate,
        "the result is set",
        "var n = 0;\nstrategy.Execute(() => { n = _db.SaveChanges(); });\nreturn n;",
    ),
    Code(
        composed_sql,
        "ordered over FOR UPDATE",
        'var job = _db.Jobs.FromSqlRaw("SELECT * FROM jobs FOR UPDATE").OrderBy(j => j.Id).First();',
        "medium",
    ),
    Code(
        composed_sql,
        "filtered over UPDLOCK",
        'var job = await _db.Jobs.FromSqlRaw("SELECT * FROM jobs WITH (UPDLOCK)").Where(j => j.Id == id).FirstAsync();',
        "medium",
    ),
    Code(composed_sql, "as it is", 'var job = _db.Jobs.FromSqlRaw("SELECT * FROM jobs FOR UPDATE").ToList();'),
    Code(
        composed_sql,
        "no lock in it",
        'var job = _db.Jobs.FromSqlRaw("SELECT * FROM jobs").Where(j => j.Id == id).First();',
    ),
    Code(
        cached_read,
        "filled by a query",
        """
        using var tx = _db.Database.BeginTransaction();
        var order = _memoryCache.GetOrCreate(id, e => _db.Orders.First(o => o.Id == id));
        tx.Commit();
        """,
        "medium",
    ),
    Code(
        cached_read,
        "given what was read",
        "using var scope = new TransactionScope();\nvar order = _db.Orders.First(o => o.Id == id);\n_cache.TryAdd(id, order);\nscope.Complete();",
        "medium",
    ),
    Code(
        cached_read,
        "after the commit",
        "using var tx = _db.Database.BeginTransaction();\nvar order = _db.Orders.First(o => o.Id == id);\ntx.Commit();\n_cache.Add(id, order);",
    ),
    Code(
        cached_read,
        "under a lock",
        "lock (_gate)\n{\n    var order = _db.Orders.First();\n    _cache.Add(id, order);\n}",
    ),
    Code(
        cached_read,
        "another value",
        "using var tx = _db.Database.BeginTransaction();\nvar order = _db.Orders.First(o => o.Id == id);\n_cache.Add(id, made);\ntx.Commit();",
    ),
    Code(
        swallowed_failure,
        "an empty handler",
        "try\n{\n    await _db.SaveChangesAsync();\n}\ncatch (DbUpdateConcurrencyException)\n{\n    // last wins\n}",
        "medium",
    ),
    Code(
        swallowed_failure,
        "goes on to the commit",
        """
        using var tx = _db.Database.BeginTransaction();
        try
        {
            _db.SaveChanges();
        }
        catch (Exception e)
        {
            _logger.LogError(e, "not saved");
        }
        tx.Commit();
        """,
        "medium",
    ),
    Code(
        swallowed_failure,
        "tells the caller",
        "try\n{\n    await _db.SaveChangesAsync();\n}\ncatch (DbUpdateConcurrencyException)\n{\n    return -1;\n}",
    ),
    Code(
        swallowed_failure,
        "reads again",
        "try\n{\n    _db.SaveChanges();\n}\ncatch (DbUpdateConcurrencyException e)\n{\n    e.Entries.Single().Reload();\n}",
    ),
    Code(
        swallowed_failure,
        "the commit stands in the try",
        """
        using var tx = _db.Database.BeginTransaction();
        try
        {
            _db.SaveChanges();
            tx.Commit();
        }
        catch (Exception e)
        {
            _logger.LogError(e, "not saved");
        }
        """,
    ),
    Code(
        early_exit,
        "a return after a save",
        "using var tx = _db.Database.BeginTransaction();\n_db.SaveChanges();\nif (id == 0) return 0;\ntx.Commit();\nreturn 1;",
        "medium",
    ),
    Code(
        early_exit,
        "a loop around it goes on",
        """
        foreach (var order in orders)
        {
            using var scope = new TransactionScope();
            _db.SaveChanges();
            if (order.Done) continue;
            scope.Complete();
        }
        """,
        "medium",
    ),
    Code(
        early_exit,
        "nothing saved yet",
        "using var tx = _db.Database.BeginTransaction();\nif (id == 0) return 0;\n_db.SaveChanges();\ntx.Commit();\nreturn 1;",
    ),
    Code(
        early_exit,
        "rolled back on purpose",
        """
        using var tx = _db.Database.BeginTransaction();
        _db.SaveChanges();
        if (id == 0)
        {
            tx.Rollback();
            return 0;
        }
        tx.Commit();
        return 1;
        """,
    ),
    Code(
        early_exit,
        "a loop inside it goes on",
        """
        using var tx = _db.Database.BeginTransaction();
        foreach (var order in orders)
        {
            _db.SaveChanges();
            if (order.Done) continue;
            order.State = 1;
        }
        tx.Commit();
        """,
    ),
    Code(
        work_after_complete,
        "a query after Complete",
        "using (var scope = new TransactionScope())\n{\n    _db.SaveChanges();\n    scope.Complete();\n    return _db.Orders.Count();\n}",
        "high",
    ),
    Code(
        work_after_complete,
        "a save after Complete",
        "using (var scope = new TransactionScope())\n{\n    scope.Complete();\n    _db.SaveChanges();\n}",
        "high",
    ),
    Code(
        work_after_complete,
        "a save in a scope of its own after Complete",
        """
        using (var scope = new TransactionScope())
        {
            _db.SaveChanges();
            scope.Complete();
            using var log = new TransactionScope(TransactionScopeOption.RequiresNew);
            _db.SaveChanges();
            log.Complete();
        }
        """,
    ),
    Code(
        work_after_complete,
        "a save in a scope that joins after Complete",
        """
        using (var scope = new TransactionScope())
        {
            scope.Complete();
            using var log = new TransactionScope();
            _db.SaveChanges();
            log.Complete();
        }
        """,
        "high",
    ),
    Code(
        deferred_execution,
        "a task that is finished already",
        "using var tx = conn.BeginTransaction();\nreturn SaveAsync(tx);\n}\nTask<int> SaveAsync(DbTransaction tx)\n{\n    return Task.FromResult(Write(tx));",
        head="Task<int> Ship(int id)",
    ),
    Code(
        deferred_execution,
        "a task that goes on",
        "using var tx = conn.BeginTransaction();\nreturn SaveAsync(tx);\n}\nasync Task<int> SaveAsync(DbTransaction tx)\n{\n    return await Write(tx);",
        "high",
        head="Task<int> Ship(int id)",
    ),
    Code(
        work_after_complete,
        "a query after the block",
        "using (var scope = new TransactionScope())\n{\n    _db.SaveChanges();\n    scope.Complete();\n}\nreturn _db.Orders.Count();",
    ),
    Code(
        work_after_complete,
        "a query after a commit",
        "using var tx = _db.Database.BeginTransaction();\n_db.SaveChanges();\ntx.Commit();\nreturn _db.Orders.Count();",
    ),
    Code(
        external_call,
        "a queue that is given the transaction",
        "tx.Begin();\n_queue.Send(message, tx);\ntx.Commit();",
    ),
    Code(
        external_call,
        "a queue beside the transaction",
        "tx.Begin();\n_queue.Send(message);\ntx.Commit();",
        "low",
    ),
    Code(
        external_call,
        "a payment in a transaction",
        'using var tx = _db.Database.BeginTransaction();\nawait _httpClient.PostAsync("pay", body);\ntx.Commit();',
        "medium",
    ),
    Code(
        external_call,
        "a message in a transaction",
        "using var tx = _db.Database.BeginTransaction();\nawait _bus.Publish(new Done(id));\nawait _db.SaveChangesAsync();\ntx.Commit();",
        "low",
    ),
    Code(
        external_call,
        "after the commit",
        "using var tx = _db.Database.BeginTransaction();\nawait _db.SaveChangesAsync();\ntx.Commit();\nawait _bus.Publish(new Done(id));",
    ),
    Code(
        external_call,
        "a bus that keeps it in an outbox",
        "using var tx = _db.Database.BeginTransaction();\nawait _capBus.PublishAsync(new Done(id));\ntx.Commit();",
    ),
    Code(
        external_call,
        "a handler in this process",
        "using var tx = _db.Database.BeginTransaction();\nawait _mediator.Publish(new Done(id));\ntx.Commit();",
    ),
    Code(session_lock, "MySQL", "conn.Execute(\"SELECT GET_LOCK('a', 10)\");", "medium"),
    Code(session_lock, "SQL Server", "conn.Execute(\"EXEC sp_getapplock 'a', 'Exclusive', 'Session'\");", "medium"),
    Code(session_lock, "of the transaction", 'conn.Execute("SELECT pg_advisory_xact_lock(1)");'),
    Code(
        session_lock,
        "released",
        'conn.Execute("SELECT pg_advisory_lock(1)");\nWork();\nconn.Execute("SELECT pg_advisory_unlock(1)");',
    ),
)


@pytest.mark.parametrize("case", STANDING, ids=lambda c: f"{name(c.rule)}: {c.what}")
def test_standing(case: Code) -> None:
    """Code as it is is asked about once, as severely as it deserves, and its legitimate twin is left alone."""
    found = outlined(shop(case.body, case.head))
    findings: list[Finding] = case.rule.check(found)
    assert [f.severity for f in findings] == ([case.severity] if case.severity else [])
    assert all(f in rules.check(found) for f in findings)


@pytest.mark.parametrize("rule", CHECKED, ids=name)
def test_every_checking_rule_has_its_cases(rule: ModuleType) -> None:
    """Each rule has at least two loud and two quiet cases besides its own examples."""
    assert sum(c.rule is rule and bool(c.severity) for c in STANDING) >= 2
    assert sum(c.rule is rule and not c.severity for c in STANDING) >= 2


def test_a_hint_that_goes_with_its_member_is_no_change() -> None:
    """A query that is deleted with its method locks nothing less; the same query without its hint does."""
    kept = "public class Orders { void Other() { } }"
    locking = 'public class Orders { void Take() { Run("SELECT * FROM jobs FOR UPDATE"); } void Other() { } }'
    assert compared(lock_hint, locking, kept) == []
    assert len(compared(lock_hint, locking, locking.replace(" FOR UPDATE", ""))) == 1
