"""Edits of many kinds, by what they do: each is asked about, or left alone, whatever it is spelled like."""

from __future__ import annotations

import pytest

from ctxreview import rules
from tests.rules.test_rules import outlined

FIELDS = """
    readonly ShopContext _db; readonly IMail _mail; readonly SemaphoreSlim _gate = new(1); readonly object _sync = new(); int _n;
    readonly List<int> _items = new(); readonly IDbConnection _conn; readonly Dictionary<int, string> _map = new();
"""

LOUD = {
    "isolation const": (
        'const IsolationLevel Level = IsolationLevel.Serializable;async Task M(int id) { using var tx = await _db.Database.BeginTransactionAsync(Level); var s = await _db.Stocks.FirstAsync(x => x.Id == id); if (s.Free > 0) { s.Free--; } await _db.SaveChangesAsync(); await tx.CommitAsync(); }',
        'const IsolationLevel Level = IsolationLevel.ReadCommitted;async Task M(int id) { using var tx = await _db.Database.BeginTransactionAsync(Level); var s = await _db.Stocks.FirstAsync(x => x.Id == id); if (s.Free > 0) { s.Free--; } await _db.SaveChangesAsync(); await tx.CommitAsync(); }',
    ),
    "isolation static readonly": (
        'static readonly IsolationLevel Level = IsolationLevel.Serializable;async Task M(int id) { using var tx = await _db.Database.BeginTransactionAsync(Level); var s = await _db.Stocks.FirstAsync(x => x.Id == id); if (s.Free > 0) { s.Free--; } await _db.SaveChangesAsync(); await tx.CommitAsync(); }',
        'static readonly IsolationLevel Level = IsolationLevel.ReadCommitted;async Task M(int id) { using var tx = await _db.Database.BeginTransactionAsync(Level); var s = await _db.Stocks.FirstAsync(x => x.Id == id); if (s.Free > 0) { s.Free--; } await _db.SaveChangesAsync(); await tx.CommitAsync(); }',
    ),
    "hint const": (
        'const string Lock = "WITH (UPDLOCK)"; async Task M(int id) { using var tx = _db.Database.BeginTransaction(); var s = await _db.Stocks.FromSqlRaw("SELECT * FROM Stocks " + Lock + " WHERE Id = {0}", id).FirstAsync(); s.Free--; await _db.SaveChangesAsync(); tx.Commit(); }',
        'const string Lock = ""; async Task M(int id) { using var tx = _db.Database.BeginTransaction(); var s = await _db.Stocks.FromSqlRaw("SELECT * FROM Stocks " + Lock + " WHERE Id = {0}", id).FirstAsync(); s.Free--; await _db.SaveChangesAsync(); tx.Commit(); }',
    ),
    "hint const nolock": (
        'const string Lock = "WITH (UPDLOCK)"; async Task M(int id) { using var tx = _db.Database.BeginTransaction(); var s = await _db.Stocks.FromSqlRaw("SELECT * FROM Stocks " + Lock + " WHERE Id = {0}", id).FirstAsync(); s.Free--; await _db.SaveChangesAsync(); tx.Commit(); }',
        'const string Lock = "WITH (NOLOCK)"; async Task M(int id) { using var tx = _db.Database.BeginTransaction(); var s = await _db.Stocks.FromSqlRaw("SELECT * FROM Stocks " + Lock + " WHERE Id = {0}", id).FirstAsync(); s.Free--; await _db.SaveChangesAsync(); tx.Commit(); }',
    ),
    "TransactionOptions field": (
        'static readonly TransactionOptions Options = new TransactionOptions { IsolationLevel = IsolationLevel.Serializable }; void M(int id) { using var scope = new TransactionScope(TransactionScopeOption.Required, Options); var s = _db.Stocks.First(x => x.Id == id); if (s.Free > 0) s.Free--; _db.SaveChanges(); scope.Complete(); }',
        'static readonly TransactionOptions Options = new TransactionOptions { IsolationLevel = IsolationLevel.ReadCommitted }; void M(int id) { using var scope = new TransactionScope(TransactionScopeOption.Required, Options); var s = _db.Stocks.First(x => x.Id == id); if (s.Free > 0) s.Free--; _db.SaveChanges(); scope.Complete(); }',
    ),
    "helper save removed": (
        'void Save() { _db.SaveChanges(); } void M(int id) { using var tx = _db.Database.BeginTransaction(); var s = _db.Stocks.First(x => x.Id == id); s.Free--; Save(); tx.Commit(); }',
        'void Save() {  } void M(int id) { using var tx = _db.Database.BeginTransaction(); var s = _db.Stocks.First(x => x.Id == id); s.Free--; Save(); tx.Commit(); }',
    ),
    "whenall via helpers": (
        'Task<int> Count() => _db.Orders.CountAsync(); Task<int> Lines() => _db.Lines.CountAsync(); async Task M() { var a = await Count(); var b = await Lines(); }',
        'Task<int> Count() => _db.Orders.CountAsync(); Task<int> Lines() => _db.Lines.CountAsync(); async Task M() { await Task.WhenAll(Count(), Lines()); }',
    ),
    "mail into retry via helper": (
        'async Task Notify(int id) { await _mail.SendAsync(id); } async Task M(int id) { var strategy = _db.Database.CreateExecutionStrategy(); await strategy.ExecuteAsync(async () => { using var tx = await _db.Database.BeginTransactionAsync(); _db.Add(new Order(id)); await _db.SaveChangesAsync(); await tx.CommitAsync(); }); await Notify(id); }',
        'async Task Notify(int id) { await _mail.SendAsync(id); } async Task M(int id) { var strategy = _db.Database.CreateExecutionStrategy(); await strategy.ExecuteAsync(async () => { using var tx = await _db.Database.BeginTransactionAsync(); _db.Add(new Order(id)); await _db.SaveChangesAsync(); await tx.CommitAsync(); await Notify(id); }); }',
    ),
    "helper loses tx": (
        'IDbTransaction Tx { get; set; } void M(int id) { using var tx = _conn.BeginTransaction(); Run("UPDATE A SET X=1", tx); Run("UPDATE B SET X=1", tx); tx.Commit(); } void Run(string sql, IDbTransaction tx) { _conn.Execute(sql, null, tx); }',
        'IDbTransaction Tx { get; set; } void M(int id) { using var tx = _conn.BeginTransaction(); Run("UPDATE A SET X=1", tx); Run("UPDATE B SET X=1", tx); tx.Commit(); } void Run(string sql, IDbTransaction tx) { _conn.Execute(sql); }',
    ),
    "commit before save in helper": (
        'void Finish(IDbContextTransaction tx) { _db.SaveChanges(); tx.Commit(); } void M(int id) { using var tx = _db.Database.BeginTransaction(); var s = _db.Stocks.First(x => x.Id == id); s.Free--; Finish(tx); }',
        'void Finish(IDbContextTransaction tx) { tx.Commit(); _db.SaveChanges(); } void M(int id) { using var tx = _db.Database.BeginTransaction(); var s = _db.Stocks.First(x => x.Id == id); s.Free--; Finish(tx); }',
    ),
    "a transaction around two changes": (
        'void M(int id) { var s = _db.Stocks.First(x => x.Id == id); s.Free--; _db.SaveChanges(); _db.Add(new A()); _db.SaveChanges(); }',
        'void M(int id) { using var tx = _db.Database.BeginTransaction(); var s = _db.Stocks.First(x => x.Id == id); s.Free--; _db.SaveChanges(); _db.Add(new A()); _db.SaveChanges(); tx.Commit(); }',
    ),
    "a way out inside a lock": (
        'async Task M() { await _gate.WaitAsync(); try { _n++; } finally { _gate.Release(); } }',
        'async Task M() { await _gate.WaitAsync(); try { if (_n == 3) return; _n++; } finally { _gate.Release(); } }',
    ),
    "an exception before the rest of a transaction": (
        'void M(int id) { using var tx = _db.Database.BeginTransaction(); _db.Add(new A()); _db.SaveChanges(); _db.Add(new B()); _db.SaveChanges(); tx.Commit(); }',
        'void M(int id) { using var tx = _db.Database.BeginTransaction(); _db.Add(new A()); _db.SaveChanges(); if (!_db.Rows.Any(r => r.Id == id)) throw new Gone(); _db.Add(new B()); _db.SaveChanges(); tx.Commit(); }',
    ),
    "a lock that is not got is passed over": (
        'void M() { _gate.Wait(100); try { _n++; } finally { _gate.Release(); } }',
        'void M() { try { _gate.Wait(100); } catch (TimeoutException) { return; } try { _n++; } finally { _gate.Release(); } }',
    ),
    "a failure that was caught under a lock leaves it": (
        'void M() { lock (_sync) { try { _items.Add(Make()); } catch (Exception e) { _items.Clear(); } } } int Make() => 3;',
        'void M() { lock (_sync) { _items.Add(Make()); } } int Make() => 3;',
    ),
    "a failure is thrown on after the rollback": (
        'void M() { var tx = _conn.BeginTransaction(); try { _conn.Execute("UPDATE A SET X = 1", null, tx); tx.Commit(); } catch (Exception e) { tx.Rollback(); } }',
        'void M() { var tx = _conn.BeginTransaction(); try { _conn.Execute("UPDATE A SET X = 1", null, tx); tx.Commit(); } catch (Exception e) { tx.Rollback(); throw; } }',
    ),
    "a release on a condition": (
        'bool _disposed; void M() { _gate.Wait(); try { _n++; } finally { _gate.Release(); } }',
        'bool _disposed; void M() { _gate.Wait(); try { _n++; } finally { if (!_disposed) _gate.Release(); } }',
    ),
    "an acquire on a condition": (
        'void M(bool strict) { using var tx = _conn.BeginTransaction(); _conn.Execute("EXEC sp_getapplock @Resource = 1", null, tx); _conn.Execute("UPDATE A SET X = 1", null, tx); tx.Commit(); }',
        'void M(bool strict) { using var tx = _conn.BeginTransaction(); if (strict) { _conn.Execute("EXEC sp_getapplock @Resource = 1", null, tx); } _conn.Execute("UPDATE A SET X = 1", null, tx); tx.Commit(); }',
    ),
    "another function, which is awaited under a lock": (
        'async Task M() { await _gate.WaitAsync(); try { Load(); } finally { _gate.Release(); } }',
        'async Task M() { await _gate.WaitAsync(); try { await _mail.LoadAsync(); } finally { _gate.Release(); } }',
    ),
    "statements that are given a transaction": (
        'void M(int id) { UseTransaction((c, t) => { c.Query<int>("SELECT 1", new { id }); return 0; }); }',
        'void M(int id) { UseTransaction((c, t) => { c.Query<int>("SELECT 1", new { id }, transaction: t); return 0; }); }',
    ),
    "commands that are given a transaction": (
        'void M() { var tx = _conn.BeginTransaction(); var c = _conn.CreateCommand(); c.CommandText = "UPDATE A SET X = 1"; c.ExecuteNonQuery(); tx.Commit(); }',
        'void M() { var tx = _conn.BeginTransaction(); var c = _conn.CreateCommand(); c.CommandText = "UPDATE A SET X = 1"; c.Transaction = tx; c.ExecuteNonQuery(); tx.Commit(); }',
    ),
    "a query that asks for tracking": (
        'Task<Order> M(int id) => _db.Orders.FromSqlRaw("SELECT * FROM Orders FOR UPDATE").SingleAsync();',
        'Task<Order> M(int id) => _db.Orders.FromSqlRaw("SELECT * FROM Orders FOR UPDATE").AsTracking().SingleAsync();',
    ),
    "a context that is not told of what it saves": (
        'void M(Order o) { lock (_sync) { _db.Orders.Update(o); _db.SaveChanges(); } }',
        'void M(Order o) { lock (_sync) { _db.SaveChanges(); } }',
    ),
    "rows that others have locked are passed over by what decides the same statement": (
        'void M() { _conn.Execute("UPDATE Jobs SET State = 1 WHERE Id IN (SELECT Id FROM Jobs LIMIT 5)"); }',
        'void M() { _conn.Execute("UPDATE Jobs SET State = 1 WHERE Id IN (SELECT Id FROM Jobs LIMIT 5 FOR UPDATE SKIP LOCKED)"); }',
    ),
    "rows that others have locked are passed over by a statement in a constant": (
        'const string Next = "UPDATE Jobs SET State = 1 WHERE Id IN (SELECT Id FROM Jobs LIMIT 5)";',
        'const string Next = "UPDATE Jobs SET State = 1 WHERE Id IN (SELECT Id FROM Jobs LIMIT 5 FOR UPDATE SKIP LOCKED)";',
    ),
    "a flag that becomes volatile": (
        'bool _done; void M() { _done = true; } bool N() => _done;',
        'volatile bool _done; void M() { _done = true; } bool N() => _done;',
    ),
    "a collection without a lock that becomes one for several threads": (
        'readonly List<int> _all = new(); void M() { _all.Add(1); }',
        'readonly ConcurrentQueue<int> _all = new(); void M() { _all.Enqueue(1); }',
    ),
    "a state word with steps of another kind": (
        'int _ended; bool M() => Interlocked.CompareExchange(ref _ended, 1, 0) == 0; bool N() => _ended == 1;',
        'int _word; bool M() => (Interlocked.Or(ref _word, 1) & 1) == 0; bool N() => (Volatile.Read(ref _word) & 1) != 0; bool O() => _word > 2;',
    ),
    "a lock that every object has becomes one for all": (
        'readonly SemaphoreSlim _own = new(1); void M() { _own.Wait(); try { _n++; } finally { _own.Release(); } } void N() { _own.Wait(); try { _n--; } finally { _own.Release(); } }',
        'static readonly SemaphoreSlim Every = new(1); void M() { Every.Wait(); try { _n++; } finally { Every.Release(); } } void N() { Every.Wait(); try { _n--; } finally { Every.Release(); } }',
    ),
    "timed acquire ignored": (
        'void M() { if (!_gate.Wait(100)) return; try { _n++; } finally { _gate.Release(); } }',
        'void M() { _gate.Wait(100); try { _n++; } finally { _gate.Release(); } }',
    ),
    "token removed": (
        'void M(int id, byte[] v) { var s = _db.Stocks.First(x => x.Id == id); _db.Entry(s).Property(x => x.Version).OriginalValue = v; s.Free--; _db.SaveChanges(); }',
        'void M(int id, byte[] v) { var s = _db.Stocks.First(x => x.Id == id);  s.Free--; _db.SaveChanges(); }',
    ),
    "token sql": (
        'void M(int id, int v) { var n = _conn.Execute("UPDATE Stock SET Free = Free - 1, Version = Version + 1 WHERE Id = @id AND Version = @v", new { id, v }); if (n == 0) throw new Conflict(); }',
        'void M(int id, int v) { var n = _conn.Execute("UPDATE Stock SET Free = Free - 1, Version = Version + 1 WHERE Id = @id", new { id, v }); if (n == 0) throw new Conflict(); }',
    ),
    "affected rows": (
        'void M(int id, int v) { var n = _conn.Execute("UPDATE Stock SET Free = Free - 1, Version = Version + 1 WHERE Id = @id AND Version = @v", new { id, v }); if (n == 0) throw new Conflict(); }',
        'void M(int id, int v) { var n = _conn.Execute("UPDATE Stock SET Free = Free - 1, Version = Version + 1 WHERE Id = @id AND Version = @v", new { id, v });  }',
    ),
    "async foreach lambda": (
        'async Task M(List<Order> all) { foreach (var o in all) { await _mail.SendAsync(o.Id); } }',
        'async Task M(List<Order> all) { all.ForEach(async o => await _mail.SendAsync(o.Id)); }',
    ),
    "ctx disposed early": (
        'List<Order> M(Func<ShopContext> open) { using var db = open(); var q = db.Orders.Where(o => o.Due); return q.ToList(); }',
        'List<Order> M(Func<ShopContext> open) { IQueryable<Order> q; using (var db = open()) { q = db.Orders.Where(o => o.Due); } return q.ToList(); }',
    ),
    "lock local object": (
        'void M() { lock (_sync) { _items.Add(1); } } int N() { lock (_sync) { return _items.Count; } }',
        'void M() { var g = new object(); lock (g) { _items.Add(1); } } int N() { lock (_sync) { return _items.Count; } }',
    ),
    "reader unlocked": (
        'void M() { lock (_sync) { _items.Add(1); } } int N() { lock (_sync) { return _items.Count; } }',
        'void M() { lock (_sync) { _items.Add(1); } } int N() { return _items.Count; }',
    ),
    "interlocked lost": (
        'void M() { Interlocked.Increment(ref _n); } int N() => Volatile.Read(ref _n);',
        'void M() { _n++; } int N() => Volatile.Read(ref _n);',
    ),
    "volatile read lost": (
        'void M() { Interlocked.Increment(ref _n); } int N() => Volatile.Read(ref _n);',
        'void M() { Interlocked.Increment(ref _n); } int N() => _n;',
    ),
    "check leaves lock": (
        'string M(int k) { lock (_sync) { if (!_map.TryGetValue(k, out var v)) { v = Make(k); _map[k] = v; } return v; } } string Make(int k) => k.ToString(); void Z() { lock (_sync) _map.Clear(); }',
        'string M(int k) { if (!_map.TryGetValue(k, out var v)) { v = Make(k); lock (_sync) { _map[k] = v; } } return v; } string Make(int k) => k.ToString(); void Z() { lock (_sync) _map.Clear(); }',
    ),
    "savepoint rollback removed": (
        'void M() { using var tx = _db.Database.BeginTransaction(); _db.Add(new A()); _db.SaveChanges(); tx.CreateSavepoint("a"); try { _db.Add(new B()); _db.SaveChanges(); } catch { tx.RollbackToSavepoint("a"); } tx.Commit(); }',
        'void M() { using var tx = _db.Database.BeginTransaction(); _db.Add(new A()); _db.SaveChanges(); tx.CreateSavepoint("a"); try { _db.Add(new B()); _db.SaveChanges(); } catch {  } tx.Commit(); }',
    ),
    "handle stored": (
        'void M() { using var h = _lk.Acquire(); _n++; _items.Add(1); } readonly IDistributedLock _lk; IDisposable _kept;',
        'void M() { _kept = _lk.Acquire(); _n++; _items.Add(1); } readonly IDistributedLock _lk; IDisposable _kept;',
    ),
    "early return before commit": (
        'void M(int id) { using var tx = _db.Database.BeginTransaction(); var s = _db.Stocks.First(x => x.Id == id); s.Free--; _db.SaveChanges(); tx.Commit(); }',
        'void M(int id) { using var tx = _db.Database.BeginTransaction(); var s = _db.Stocks.First(x => x.Id == id); s.Free--; _db.SaveChanges(); if (s.Free == 0) return; tx.Commit(); }',
    ),
    "release twice": (
        'async Task M() { await _gate.WaitAsync(); try { _n++; } finally { _gate.Release(); } }',
        'async Task M() { await _gate.WaitAsync(); if (_n > 3) { _gate.Release(); return; } try { _n++; } finally { _gate.Release(); } }',
    ),
    "commit twice": (
        'void M() { using var tx = _db.Database.BeginTransaction(); _db.Add(new A()); _db.SaveChanges(); tx.Commit(); }',
        'void M() { using var tx = _db.Database.BeginTransaction(); _db.Add(new A()); _db.SaveChanges(); if (_n > 3) { tx.Commit(); return; } tx.Commit(); }',
    ),
    "the second look under the lock": (
        'async Task<string> M(CancellationToken ct) { var t = _token; if (t != null) return t; await _gate.WaitAsync(ct); try { t = _token; if (t != null) return t; t = await _client.FetchAsync(ct); _token = t; return t; } finally { _gate.Release(); } } string _token; readonly IClient _client;',
        'async Task<string> M(CancellationToken ct) { var t = _token; if (t != null) return t; await _gate.WaitAsync(ct); try { t = await _client.FetchAsync(ct); _token = t; return t; } finally { _gate.Release(); } } string _token; readonly IClient _client;',
    ),
    "a flag set before what it announces, looked at in a helper": (
        "static volatile bool s_loaded; static readonly Dictionary<int, int> s_rates = new(); static readonly object s_lock = new();"
        "static int Rate(int k) { Load(); return s_rates[k]; }"
        "static void Load() { if (s_loaded) return; lock (s_lock) { if (s_loaded) return; s_rates[1] = 2; s_loaded = true; } }",
        "static volatile bool s_loaded; static readonly Dictionary<int, int> s_rates = new(); static readonly object s_lock = new();"
        "static int Rate(int k) { Load(); return s_rates[k]; }"
        "static void Load() { if (s_loaded) return; lock (s_lock) { if (s_loaded) return; s_loaded = true; s_rates[1] = 2; } }",
    ),
}  # fmt: skip

QUIET = {
    "isolation const rename": (
        'const IsolationLevel Level = IsolationLevel.Serializable;async Task M(int id) { using var tx = await _db.Database.BeginTransactionAsync(IsolationLevel.Serializable); var s = await _db.Stocks.FirstAsync(x => x.Id == id); if (s.Free > 0) { s.Free--; } await _db.SaveChangesAsync(); await tx.CommitAsync(); }',
        'const IsolationLevel Level = IsolationLevel.Serializable;async Task M(int id) { using var tx = await _db.Database.BeginTransactionAsync(Level); var s = await _db.Stocks.FirstAsync(x => x.Id == id); if (s.Free > 0) { s.Free--; } await _db.SaveChangesAsync(); await tx.CommitAsync(); }',
    ),
    "a transaction around one change": (
        'void M(int id) { _conn.Execute("UPDATE Stock SET Free = 0", id); }',
        'void M(int id) { using var tx = _conn.BeginTransaction(); _conn.Execute("UPDATE Stock SET Free = 0", id, tx); tx.Commit(); }',
    ),
    "a condition is turned round, split and put into a pattern": (
        'string _s; void M() { lock (_sync) { if (_s != null && _n > 0) { _n--; } } }',
        'string _s; void M() { lock (_sync) { if (_s is null) return; if (!(0 < _n)) return; _n--; } }',
    ),
    "a lock with its work comes under a condition": (
        'void M(bool b) { lock (_sync) { _n--; } }',
        'void M(bool b) { if (b) { lock (_sync) { _n--; } } }',
    ),
    "a release of what may not be there": (
        'void M(SemaphoreSlim gate) { gate.Wait(); try { _n++; } finally { gate.Release(); } }',
        'void M(SemaphoreSlim gate) { gate.Wait(); try { _n++; } finally { if (gate != null) gate.Release(); } }',
    ),
    "a release of what a variable says was taken": (
        'void M() { _gate.Wait(); try { _n++; } finally { _gate.Release(); } }',
        'void M() { var taken = false; try { _gate.Wait(); taken = true; _n++; } finally { if (taken) _gate.Release(); } }',
    ),
    "a handler that tells and throws on": (
        'void M() { lock (_sync) { _items.Add(Make()); } } int Make() => 3;',
        'void M() { lock (_sync) { try { _items.Add(Make()); } catch (Exception e) { Console.WriteLine(e); throw; } } } int Make() => 3;',
    ),
    "one more statement is given the transaction": (
        'void M(int id) { using var tx = _conn.BeginTransaction(); _conn.Execute("UPDATE A SET X = 1", null, tx); _conn.Execute("UPDATE B SET X = 1", null); tx.Commit(); }',
        'void M(int id) { using var tx = _conn.BeginTransaction(); _conn.Execute("UPDATE A SET X = 1", null, tx); _conn.Execute("UPDATE B SET X = 1", null, tx); tx.Commit(); }',
    ),
    "a context that tracks what it is told of": (
        'void M(int id) { lock (_sync) { var o = _db.Orders.First(x => x.Id == id); o.State = 1; _db.Orders.Update(o); _db.SaveChanges(); } }',
        'void M(int id) { lock (_sync) { var o = _db.Orders.First(x => x.Id == id); o.State = 1; _db.SaveChanges(); } }',
    ),
    "what was called under a lock is awaited": (
        'async Task M() { await _gate.WaitAsync(); try { Work(); } finally { _gate.Release(); } }',
        'async Task M() { await _gate.WaitAsync(); try { await Work(); } finally { _gate.Release(); } }',
    ),
    "a save under a lock is awaited": (
        'async Task M() { await _gate.WaitAsync(); try { _db.SaveChanges(); } finally { _gate.Release(); } }',
        'async Task M() { await _gate.WaitAsync(); try { await _db.SaveChangesAsync(); } finally { _gate.Release(); } }',
    ),
    "state that is locked and used gets another name": (
        'static Dictionary<int, string> s_names = new(); string M(int k) { lock (s_names) { if (s_names.TryGetValue(k, out var v)) s_names.Remove(k); return v; } }',
        'static Dictionary<int, string> s_known = new(); string M(int k) { lock (s_known) { if (s_known.TryGetValue(k, out var v)) s_known.Remove(k); return v; } }',
    ),
    "a flag with indivisible steps gets another name": (
        'int _ended; bool M() => Interlocked.Exchange(ref _ended, 1) == 0; bool N() => _ended == 1;',
        'int _closed; bool M() => Interlocked.Exchange(ref _closed, 1) == 0; bool N() => _closed == 1;',
    ),
    "inline helper save": (
        'void Save() { _db.SaveChanges(); } void M(int id) { using var tx = _db.Database.BeginTransaction(); var s = _db.Stocks.First(x => x.Id == id); s.Free--; Save(); tx.Commit(); }',
        'void Save() { _db.SaveChanges(); } void M(int id) { using var tx = _db.Database.BeginTransaction(); var s = _db.Stocks.First(x => x.Id == id); s.Free--; _db.SaveChanges(); tx.Commit(); }',
    ),
    "lock behind property rename": (
        'void M() { lock (_sync) { _items.Add(1); } } int N() { lock (_sync) { return _items.Count; } }',
        'object Gate => _sync; void M() { lock (Gate) { _items.Add(1); } } int N() { lock (_sync) { return _items.Count; } }',
    ),
    "interlocked via helper": (
        'void M() { Interlocked.Increment(ref _n); } int N() => Volatile.Read(ref _n);',
        'void M() { Up(); } void Up() => Interlocked.Increment(ref _n); int N() => Volatile.Read(ref _n);',
    ),
    "extract under lock2": (
        'string M(int k) { lock (_sync) { if (!_map.TryGetValue(k, out var v)) { v = Make(k); _map[k] = v; } return v; } } string Make(int k) => k.ToString(); void Z() { lock (_sync) _map.Clear(); }',
        'string M(int k) { lock (_sync) { if (!_map.TryGetValue(k, out var v)) { v = Put(k); } return v; } } string Make(int k) => k.ToString(); void Z() { lock (_sync) _map.Clear(); }string Put(int k) { var v = Make(k); _map[k] = v; return v; }',
    ),
    "early return before work": (
        'void M(int id) { using var tx = _db.Database.BeginTransaction(); var s = _db.Stocks.First(x => x.Id == id); s.Free--; _db.SaveChanges(); tx.Commit(); }',
        'void M(int id) { if (id == 0) return; using var tx = _db.Database.BeginTransaction(); var s = _db.Stocks.First(x => x.Id == id); s.Free--; _db.SaveChanges(); tx.Commit(); }',
    ),
    "try/catch rollback": (
        'void M() { using var tx = _db.Database.BeginTransaction(); _db.Add(new A()); _db.SaveChanges(); tx.Commit(); }',
        'void M() { using var tx = _db.Database.BeginTransaction(); try { _db.Add(new A()); _db.SaveChanges(); tx.Commit(); } catch { tx.Rollback(); throw; } }',
    ),
    "invert": (
        'void M() { _gate.Wait(); try { if (_n > 0) { _n--; } } finally { _gate.Release(); } }',
        'void M() { _gate.Wait(); try { if (_n <= 0) return; _n--; } finally { _gate.Release(); } }',
    ),
    "invert lock": (
        'void M() { lock (_sync) { if (_n > 0) { _n--; } } } void N() { lock (_sync) _n++; }',
        'void M() { lock (_sync) { if (_n <= 0) return; _n--; } } void N() { lock (_sync) _n++; }',
    ),
    "extract": (
        'void M() { _gate.Wait(); try { if (_n > 0) { _n--; } } finally { _gate.Release(); } }',
        'void M() { _gate.Wait(); try { Take(); } finally { _gate.Release(); } } void Take() { if (_n > 0) { _n--; } }',
    ),
    "a call that came first moves before the transaction": (
        'async Task M(int id) { using var tx = _db.Database.BeginTransaction(); var a = await _mail.CheckAsync(id); if (!a) return; var s = _db.Stocks.First(x => x.Id == id); s.Free--; _db.SaveChanges(); tx.Commit(); }',
        'async Task M(int id) { var a = await _mail.CheckAsync(id); if (!a) return; using var tx = _db.Database.BeginTransaction(); var s = _db.Stocks.First(x => x.Id == id); s.Free--; _db.SaveChanges(); tx.Commit(); }',
    ),
}  # fmt: skip


def asked(before: str, after: str) -> list[str]:
    """The rules that ask about an edit of a class's members, notes aside."""
    one, two = (f"class C {{ {FIELDS} {members} }}" for members in (before, after))
    return [f.rule for f in rules.compare(outlined(one), outlined(two)) if f.severity != "note" and not f.informs]


@pytest.mark.parametrize("case", LOUD)
def test_what_is_lost_is_asked_about(case: str) -> None:
    """An edit that loses something is asked about."""
    assert asked(*LOUD[case]) != []


@pytest.mark.parametrize("case", QUIET)
def test_what_is_kept_is_left_alone(case: str) -> None:
    """An edit that keeps everything is left alone."""
    assert asked(*QUIET[case]) == []


TWO_LOCKS = """class C {
    readonly object _a = new(), _b = new(); int _x;
    void Set(string s) { lock (_b) { _x = s.Length; } }
    void Set(int v) { lock (_a) { _x = v; } lock (_b) { _x += v; } }
    void Up() { lock (_a) { _x++; } }
}
"""


def test_what_two_untouched_members_do_is_not_what_an_edit_added() -> None:
    """Of three members under two locks one is named: after an edit of that one, the next that was there already is not new."""
    after = TWO_LOCKS.replace("lock (_a) { _x = v; }", "_x = v;")
    assert "mixed-locks" in [f.rule for f in rules.check(outlined(after))]
    assert "mixed-locks" not in asked(TWO_LOCKS, after)


def test_what_an_edited_member_does_is_new() -> None:
    """The edit that puts the second lock there is told, also where another field had such a pair before."""
    before = TWO_LOCKS.replace("int _x;", "int _x, _y;").replace(
        "Up() { lock (_a) { _x++; } }", "Up() { lock (_a) { _x++; _y++; } }"
    )
    after = before.replace("_x += v;", "_x += v; _y = v;")
    assert "mixed-locks" in asked(before, after)
