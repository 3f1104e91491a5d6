"""What an edit takes from under a lock or transaction: left alone where nothing is lost, however much of the text changed."""

from __future__ import annotations

import pytest

from ctxreview import rules
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.model.source import Source
from ctxreview.outline import outline

FIELDS = """
    readonly object _gate = new(); readonly ReaderWriterLockSlim _rw = new(); readonly Db _db; readonly ILogger _logger; readonly IRouter _router;
    readonly Dictionary<string, int> _prices = new(); readonly List<Action<string>> _listeners = new(); readonly List<Driver> _drivers = new();
    int _free; long _bytes; volatile ImmutableList<string> _names;
    void Put(string key, int price) { _rw.EnterWriteLock(); try { _prices[key] = price; } finally { _rw.ExitWriteLock(); } }
    void Listen(Action<string> it) { lock (_gate) _listeners.Add(it); }
    void Name(string it) { lock (_gate) _names = _names.Add(it); }
    void Join(Driver it) { lock (_gate) _drivers.Add(it); }
    void Fill() { lock (_gate) _free = 9; }
"""

QUIET = {
    "a log line leaves": (
        'void M() { lock (_gate) { _free--; var n = _free; _logger.LogInformation("{N}", n); } }',
        'void M() { int n; lock (_gate) { _free--; n = _free; } _logger.LogInformation("{N}", n); }',
    ),
    "a calculation leaves": (
        "void M(int a, int b) { lock (_gate) { var sum = Math.Max(a, b) * 2; _free += sum; } }",
        "void M(int a, int b) { var sum = Math.Max(a, b) * 2; lock (_gate) { _free += sum; } }",
    ),
    "a list is copied under the lock and walked after it": (
        "void M(string s) { lock (_gate) { _free++; foreach (var l in _listeners) l(s); } }",
        "void M(string s) { Action<string>[] all; lock (_gate) { _free++; all = _listeners.ToArray(); } foreach (var l in all) l(s); }",
    ),
    "a shared lock where only reads happen": (
        "int M(string k) { _rw.EnterWriteLock(); try { return _prices.TryGetValue(k, out var p) ? p : 0; } finally { _rw.ExitWriteLock(); } }",
        "int M(string k) { _rw.EnterReadLock(); try { return _prices.TryGetValue(k, out var p) ? p : 0; } finally { _rw.ExitReadLock(); } }",
    ),
    "one read of a volatile reference": (
        "ImmutableList<string> M() { lock (_gate) { return _names; } }",
        "ImmutableList<string> M() => _names;",
    ),
    "every use of a counter becomes atomic": (
        "long Bytes { get { lock (_gate) { return _bytes; } } } void M(int n) { lock (_gate) { _bytes += n; } }",
        "long Bytes => Interlocked.Read(ref _bytes); void M(int n) => Interlocked.Add(ref _bytes, n);",
    ),
    "every lock of this becomes one private object": (
        "int _seats; bool M() { lock (this) { if (_seats == 0) return false; _seats--; return true; } } void N() { lock (this) _seats++; }",
        "readonly object _seatLock = new(); int _seats; bool M() { lock (_seatLock) { if (_seats == 0) return false; _seats--; return true; } }"
        "void N() { lock (_seatLock) _seats++; }",
    ),
    "a lock that is never another one becomes a private one": (
        "readonly List<int> _seats = new(); void M(int n) { lock (_seats) { _seats.Add(n); } } int N() { lock (_seats) return _seats.Count; }",
        "readonly object _seatLock = new(); readonly List<int> _seats = new(); void M(int n) { lock (_seatLock) { _seats.Add(n); } }"
        "int N() { lock (_seatLock) return _seats.Count; }",
    ),
    "a condition becomes a guard clause": (
        "bool M(int n) { lock (_gate) { if (_free >= n) { _free -= n; return true; } else { return false; } } }",
        "bool M(int n) { lock (_gate) { if (_free < n) { return false; } _free -= n; return true; } }",
    ),
    "a section is extracted": (
        "bool M() { lock (_gate) { if (_free == 0) return false; _free--; return true; } }",
        "bool M() { lock (_gate) { return Take(); } } bool Take() { if (_free == 0) return false; _free--; return true; }",
    ),
    "the text of a statement moves to a constant": (
        'void M() { using var tx = _db.Database.BeginTransaction(); _db.Jobs.FromSqlRaw("SELECT * FROM Jobs WITH (UPDLOCK)").First().State = 1;'
        "_db.SaveChanges(); tx.Commit(); }",
        'const string Next = "SELECT * FROM Jobs WITH (UPDLOCK)"; void M() { using var tx = _db.Database.BeginTransaction();'
        "_db.Jobs.FromSqlRaw(Next).First().State = 1; _db.SaveChanges(); tx.Commit(); }",
    ),
    "one query by itself": (
        "List<Job> M() { using var tx = _db.Database.BeginTransaction(); var all = _db.Jobs.AsNoTracking().Where(j => j.Open).ToList(); tx.Commit(); return all; }",
        "List<Job> M() => _db.Jobs.AsNoTracking().Where(j => j.Open).ToList();",
    ),
}  # fmt: skip

LOUD = {
    "a look leaves and the act stays": (
        "bool M() { lock (_gate) { if (_free == 0) return false; _free--; return true; } }",
        "bool M() { if (_free == 0) return false; lock (_gate) { _free--; return true; } }",
    ),
    "a helper looks under a lock of its own": (
        "bool M() { lock (_gate) { if (!Any()) return false; _free--; return true; } } bool Any() => _free > 0;",
        "bool M() { if (!Any()) return false; lock (_gate) { _free--; return true; } } bool Any() { lock (_gate) return _free > 0; }",
    ),
    "a copy is chosen from and the choice is written later": (
        "void M(Ride r) { lock (_gate) { var best = _drivers.OrderBy(d => _router.Distance(d)).First(); best.Ride = r; _free++; } }",
        "void M(Ride r) { List<Driver> all; lock (_gate) { all = _drivers.ToList(); } var best = all.OrderBy(d => _router.Distance(d)).First();"
        "lock (_gate) { best.Ride = r; _free++; } }",
    ),
    "a shared lock where something is written": (
        "void M(string k) { _rw.EnterWriteLock(); try { _prices[k] = 1; } finally { _rw.ExitWriteLock(); } }",
        "void M(string k) { _rw.EnterReadLock(); try { _prices[k] = 1; } finally { _rw.ExitReadLock(); } }",
    ),
    "one of two uses becomes atomic": (
        "void M() { lock (_gate) { _bytes++; } } void N() { lock (_gate) { _bytes = _bytes * 2; } }",
        "void M() { Interlocked.Increment(ref _bytes); } void N() { lock (_gate) { _bytes = _bytes * 2; } }",
    ),
    "two counters that were one step": (
        "int _sum; void M(int n) { lock (_gate) { _bytes++; _sum += n; } } void N() { lock (_gate) { _bytes = 0; _sum = 0; } }",
        "int _sum; void M(int n) { Interlocked.Increment(ref _bytes); Interlocked.Add(ref _sum, n); } void N() { lock (_gate) { _bytes = 0; _sum = 0; } }",
    ),
    "one lock of this becomes another": (
        "int _seats; bool M() { lock (this) { if (_seats == 0) return false; _seats--; return true; } } void N() { lock (this) _seats++; }",
        "readonly object _seatLock = new(); int _seats; bool M() { lock (_seatLock) { if (_seats == 0) return false; _seats--; return true; } }"
        "void N() { lock (this) _seats++; }",
    ),
    "a task outlives its lock": (
        "async Task M() { await _turn.WaitAsync(); try { await MoveAsync(); } finally { _turn.Release(); } } readonly SemaphoreSlim _turn = new(1); int _at;"
        "async Task MoveAsync() { await Task.Delay(1); _at++; }",
        "Task M() { _turn.Wait(); try { return MoveAsync(); } finally { _turn.Release(); } } readonly SemaphoreSlim _turn = new(1); int _at;"
        "async Task MoveAsync() { await Task.Delay(1); _at++; }",
    ),
    "a lock is waited for, holds nothing, and goes": (
        "void M() { lock (_gate) { } _router.Start(); }",
        "void M() { _router.Start(); }",
    ),
    "a lock goes with what it held, and others are under it still": (
        "void M(Driver d) { lock (_gate) { if (_drivers.Count > 3) _drivers.Clear(); } _router.Start(); }",
        "void M(Driver d) { _router.Start(); }",
    ),
    "a flag under a lock makes room for the answer of a call": (
        "bool _stopped; readonly TaskCompletionSource<bool> _end; void M() { lock (_gate) { if (_stopped) return; _stopped = true; } _router.Stop(); }",
        "readonly TaskCompletionSource<bool> _end; void M() { if (_end.TrySetResult(true)) _router.Stop(); }",
    ),
    "a lock of this around foreign code becomes a private one": (
        "int _seats; void M() { lock (this) { _seats--; _router.Book(_seats); } }",
        "readonly object _seatLock = new(); int _seats; void M() { lock (_seatLock) { _seats--; _router.Book(_seats); } }",
    ),
    "a lock of what is replaced becomes one of its own": (
        "int[] _seats = new int[9]; void M(int n) { lock (_seats) { _seats[n]++; } } void N() { lock (_seats) { _seats = new int[9]; } }",
        "readonly object _seatLock = new(); int[] _seats = new int[9]; void M(int n) { lock (_seatLock) { _seats[n]++; } }"
        "void N() { lock (_seatLock) { _seats = new int[9]; } }",
    ),
    "a transaction of its own joins the one around it": (
        "void M() { using (var tx = new TransactionScope(TransactionScopeOption.RequiresNew)) { _db.SaveChanges(); tx.Complete(); } }",
        "void M() { using (var tx = new TransactionScope(TransactionScopeOption.Required)) { _db.SaveChanges(); tx.Complete(); } }",
    ),
}  # fmt: skip


def compared(before: str, after: str) -> list[Finding]:
    """What is reported for an edit of members of a type with the usual fields."""

    def outlined(members: str) -> Outline:
        found = outline(Source("case.cs", f"class C {{ {FIELDS} {members} }}".encode()))
        assert not found.parse.errors, members
        return found

    return list(rules.compare(outlined(before), outlined(after)))


@pytest.mark.parametrize("case", QUIET)
def test_nothing_is_lost(case: str) -> None:
    """An edit that keeps what its locks and transactions kept is reported at most, and changes no verdict."""
    assert [f for f in compared(*QUIET[case]) if not f.informs] == []


@pytest.mark.parametrize("case", LOUD)
def test_something_is_lost(case: str) -> None:
    """An edit that lets others in where they were kept out is held against it."""
    assert "high" in {f.severity for f in compared(*LOUD[case]) if not f.informs}


RENAMED = {
    "a variable through which a lock is reached": (
        "void M(object state) { var waiter = (Waiter)state; lock (waiter.Owner.Gate) { waiter.Owner.Remove(waiter); } }",
        "void M(object state) { var one = (Waiter)state; lock (one.Owner.Gate) { one.Owner.Remove(one); } }",
    ),
    "a transaction whose name stands in a text": (
        'void M() { using var transaction = _db.Database.BeginTransaction(); _db.Save(); transaction.Commit(); _logger.LogError("after the transaction"); }',
        'void M() { using var tx = _db.Database.BeginTransaction(); _db.Save(); tx.Commit(); _logger.LogError("after the transaction"); }',
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", RENAMED)
def test_a_renamed_variable_is_no_edit(case: str) -> None:
    """A local variable gets another name, and nothing is said, not even a note."""
    assert compared(*RENAMED[case]) == []


WAITING = """
class Tokens(IClient client)
{
    readonly ReaderWriterLockSlim _lock = new();
    Token _last;

    Token Get()
    {
        _lock.EnterReadLock();
        try { if (_last != null) { return _last; } } finally { _lock.ExitReadLock(); }
        _lock.EnterWriteLock();
        try { return _last = Fetch(); } finally { _lock.ExitWriteLock(); }
    }

    Token Fetch() => client.Fetch();
    Task<Token> FetchAsync() => client.FetchAsync();
}
"""


def test_what_is_awaited_under_a_lock_is_told_once_and_where_the_edit_stands() -> None:
    """The finding is at the edited line, not in the helper that it calls, and of the two modes of a lock for the one that holds it."""
    edited = WAITING.replace("Token Get()", "async Task<Token> Get()").replace(
        "_last = Fetch()", "_last = await FetchAsync()"
    )
    before, after = (outline(Source("Tokens.cs", code.encode())) for code in (WAITING, edited))
    found = [f for f in rules.compare(before, after) if f.rule == "scope-change"]
    line = next(n for n, text in enumerate(edited.splitlines(), 1) if "await FetchAsync" in text)
    assert [f.at.start_line for f in found] == [line]


def test_another_lock_of_a_type_with_parts_that_are_not_read() -> None:
    """Where every lock of the file becomes another one, a type that has parts in other files is asked about, and one that has none is not."""
    was, now = QUIET["every lock of this becomes one private object"]
    for word, severities in (("partial ", {"medium"}), ("", {"note"})):
        before, after = (outline(Source("case.cs", f"{word}class C {{ {code} }}".encode())) for code in (was, now))
        found = [f for f in rules.compare(before, after) if f.rule == "scope-change"]
        assert {f.severity for f in found} == severities
