"""The rules about locks and shared memory: what each finds in code and in edits, and which twins it leaves alone."""

from __future__ import annotations

import re
from types import ModuleType

import pytest

from ctxreview import rules
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.model.source import Source
from ctxreview.outline import outline
from ctxreview.rules.locks import (
    acquire_in_try,
    callback_under_lock,
    check_then_act,
    concurrent_collection,
    concurrent_factory,
    concurrent_snapshot,
    double_checked_lock,
    ignored_acquire,
    interlocked_pair,
    lazy_mode,
    leaked_collection,
    lock_order,
    lock_reentry,
    lock_split,
    lock_target,
    lock_type,
    mixed_locks,
    monitor_wait,
    outside_lock,
    parallel_write,
    reader_lock,
    reentrant_grain,
    static_shared,
    thread_affine_await,
    thread_static_await,
    unlocked_getter,
    volatile_field,
)
from ctxreview.rules.scopes import scope_attribute, scope_change
from ctxreview.rules.transactions import hoisted_clock
from tests.samples import PATH

FIELDS = """\
    readonly object _gate = new();
    readonly object _other = new();
    readonly List<int> _items = new();
    readonly SemaphoreSlim _slots = new(1, 1);
    readonly ReaderWriterLockSlim _rw = new();
    int _n, _sum;
    volatile bool _stop;
    event EventHandler Changed;
"""


def outlined(code: str) -> Outline:
    """The outline of a class with some locks and state, and these members; of a whole file, as it is."""
    whole = (
        code
        if re.match(r"\s*(\[[\w, ]+\]\s*)?(public |static )*class ", code)
        else f"class C\n{{\n{FIELDS}\n{code}\n}}\n"
    )
    return outline(Source(PATH, whole.encode()))


def found(rule: ModuleType, code: str) -> list[Finding]:
    """What one rule finds in a file."""
    findings: list[Finding] = rule.check(outlined(code))
    return findings


def edited(rule: ModuleType, before: str, after: str) -> list[Finding]:
    """What one rule finds in an edit, on its own or as a hazard that is new."""
    old, new = outlined(before), outlined(after)
    assert not new.parse.errors
    return [f for f in rules.compare(old, new) if f.rule == rule.ID]


LOUD: dict[tuple[ModuleType, str], str] = {
    (volatile_field, "compound assignment"): "volatile int _v; void M(int x) { _v += x; }",
    (volatile_field, "counted down"): "static volatile int s_v; void M() { --s_v; }",
    (reader_lock, "a collection is filled"): (
        "void M(int x) { _rw.EnterReadLock(); try { _items.Add(x); } finally { _rw.ExitReadLock(); } }"
    ),
    (reader_lock, "upgraded without the upgradeable lock"): (
        "void M() { _rw.EnterReadLock(); try { if (_n == 0) { _rw.EnterWriteLock(); try { _n = 1; }"
        " finally { _rw.ExitWriteLock(); } } } finally { _rw.ExitReadLock(); } }"
    ),
    (reader_lock, "upgradeable under it, in one thread"): (
        "void M() { _rw.EnterReadLock(); try { _rw.EnterUpgradeableReadLock(); Use(_n); _rw.ExitUpgradeableReadLock(); }"
        " finally { _rw.ExitReadLock(); } }"
    ),
    (reader_lock, "the old lock, not exchanged"): (
        "ReaderWriterLock _old = new(); void M() { _old.AcquireReaderLock(5); _old.AcquireWriterLock(5); _n++;"
        " _old.ReleaseWriterLock(); _old.ReleaseReaderLock(); }"
    ),
    (reader_lock, "asynchronous"): "async Task M() { using (await _async.ReaderLockAsync()) { _n++; } }",
    (thread_affine_await, "reader-writer lock"): (
        "async Task M() { _rw.EnterReadLock(); try { await Work(); } finally { _rw.ExitReadLock(); } }"
    ),
    (thread_affine_await, "spin lock"): (
        "System.Threading.SpinLock _spin; async Task M() { bool on = false; _spin.Enter(ref on); try { await Work(); }"
        " finally { _spin.Exit(); } }"
    ),
    (thread_affine_await, "mutex, awaiting a loop"): (
        "Mutex _mutex = new(); async Task M() { _mutex.WaitOne(); try { await foreach (var x in All()) { } }"
        " finally { _mutex.ReleaseMutex(); } }"
    ),
    (lock_reentry, "semaphore"): (
        "void A() { _slots.Wait(); try { B(); } finally { _slots.Release(); } }"
        " void B() { _slots.Wait(); try { _n++; } finally { _slots.Release(); } }"
    ),
    (lock_reentry, "asynchronous lock"): (
        "async Task A() { using (await _async.LockAsync()) { await this.B(); } }"
        " async Task B() { using (await _async.LockAsync()) { _n++; } }"
    ),
    (lock_reentry, "a task that is waited for"): (
        "void A() { _slots.Wait(); try { B().GetAwaiter().GetResult(); } finally { _slots.Release(); } }"
        " async Task B() { await _slots.WaitAsync(); try { _n++; } finally { _slots.Release(); } }"
    ),
    (leaked_collection, "read-only wrapper"): (
        "void Add(int x) { lock (_gate) { _items.Add(x); } }"
        " IReadOnlyList<int> All() { lock (_gate) { return _items.AsReadOnly(); } }"
    ),
    (leaked_collection, "lazy query"): (
        "void Add(int x) { lock (_gate) { _items.Add(x); } }"
        " IEnumerable<int> Big() { lock (_gate) { return _items.Where(i => i > _n).Select(i => i * 2); } }"
    ),
    (leaked_collection, "a variable for it"): (
        "void Add(int x) { lock (_gate) { _items.Add(x); } }"
        " void M() { List<int> all; lock (_gate) { all = _items; } foreach (var x in all) { Work(x); } }"
    ),
    (leaked_collection, "what a property keeps"): (
        "List<int> All { get { lock (_gate) { return field; } } } = []; void Add(int x) { lock (_gate) { All.Add(x); } }"
    ),
    (leaked_collection, "keys"): (
        "Dictionary<int, int> _d = new(); void Put(int x) { lock (_gate) { _d[x] = 1; } }"
        " IEnumerable<int> Keys { get { lock (_gate) { return _d.Keys; } } }"
    ),
    (lazy_mode, "false"): "static Lazy<int> s_v = new Lazy<int>(() => Make(), false);",
    (lazy_mode, "by name"): "static Lazy<int> s_v = new(isThreadSafe: false, valueFactory: Make); static C() {"
    " s_v = new Lazy<int>(Make, LazyThreadSafetyMode.None); }",
    (
        monitor_wait,
        "under an if with a block",
    ): "void M() { lock (_gate) { if (_n == 0) { Monitor.Wait(_gate); } _n--; } }",
    (monitor_wait, "without a condition"): "void M() { lock (_gate) { Monitor.Wait(_gate, 100); _n--; } }",
    (double_checked_lock, "a method makes it"): (
        "bool _ready; void M() { if (_ready == false) lock (_gate) { if (_ready == false) { Load(); _ready = true; } } }"
    ),
    (double_checked_lock, "flag set first"): (
        "volatile bool _ready; void M() { if (!_ready) { lock (_gate) { if (!_ready) { _ready = true; _n = 5; } } } }"
    ),
    (double_checked_lock, "two references"): (
        "string _a, _b; void M() { if (_a == null) { lock (_gate) { if (_a == null) { _a = A(); _b = B(); } } } }"
    ),
    (double_checked_lock, "set up after it is seen"): (
        "Client _c; Client M() { if (_c is null) { lock (_gate) { if (_c is null) { _c = new Client(); _c.Connect(); } } } return _c; }"
    ),
    (double_checked_lock, "filled after it is seen"): (
        "List<int> _l; void M() { if (_l == null) { lock (_gate) { if (_l == null) { _l = new List<int>(); Fill(); } } } }"
    ),
    (double_checked_lock, "entries after it is seen"): (
        "Dictionary<int, int> _d; void M() { if (_d == null) { lock (_gate) { if (_d == null) { _d = []; _d[1] = 2; } } } }"
    ),
    (double_checked_lock, "what a property keeps"): (
        "Client C { get { if (field == null) { lock (_gate) { if (field == null) { field = new(); field.Connect(); } } } return field; } }"
    ),
    (double_checked_lock, "a date"): (
        "DateTime _at; void M() { if (_at < Now()) { lock (_gate) { if (_at < Now()) { _at = Now(); } } } }"
    ),
    (check_then_act, "ContainsKey"): (
        "ConcurrentDictionary<int, int> _d = new(); void M(int x) { if (_d.ContainsKey(x)) { Work(); _d[x] = 2; } }"
    ),
    (check_then_act, "counted up"): "ConcurrentDictionary<int, int> _d = new(); void M(int x) { _d[x]++; }",
    (concurrent_factory, "counts"): (
        "ConcurrentDictionary<int, int> _d = new(); int M(int x) { return _d.GetOrAdd(x, k => _n++); }"
    ),
    (concurrent_factory, "calls out"): (
        "ConcurrentDictionary<string, string> _d = new(); string M(string x) {"
        " return _d.AddOrUpdate(x, k => File.ReadAllText(k), (k, old) => old); }"
    ),
    (concurrent_snapshot, "sorted"): (
        "ConcurrentDictionary<int, int> _d = new(); int M() { return _d.OrderBy(p => p.Key).First().Value; }"
    ),
    (concurrent_snapshot, "a list of it"): (
        "ConcurrentDictionary<int, int> _d = new(); void M() { Use(new List<KeyValuePair<int, int>>(_d)); }"
    ),
    (
        ignored_acquire,
        "monitor",
    ): "void M() { Monitor.TryEnter(_gate, 100); try { _n++; } finally { Monitor.Exit(_gate); } }",
    (ignored_acquire, "reader-writer lock"): (
        "void M() { _rw.TryEnterWriteLock(_timeout); try { _n++; } finally { _rw.ExitWriteLock(); } }"
    ),
    (ignored_acquire, "given back when something else ends"): (
        "void M(Transaction t) { _slots.Wait(TimeSpan.FromMinutes(1)); t.Ended += (_, _) => _slots.Release(); }"
    ),
    (ignored_acquire, "a time and a token"): (
        "async Task M(CancellationToken ct) { await _slots.WaitAsync(_patience, ct); try { _n++; } finally { _slots.Release(); } }"
    ),
    (ignored_acquire, "a time by its type"): (
        "static readonly TimeSpan Patience = default; void M() { _slots.Wait(Patience); try { _n++; } finally { _slots.Release(); } }"
    ),
    (ignored_acquire, "a provider's distributed lock"): (
        "async Task M() { await using var handle = await _locks.TryAcquireLockAsync(string.Empty, _patience); _n++; }"
    ),
    (ignored_acquire, "distributed lock"): (
        "async Task M() { await using var handle = await _locks.TryAcquireAsync(TimeSpan.Zero); _n++; }"
    ),
    (outside_lock, "written without it"): (
        "void A() { lock (_gate) { _n++; } } void B() { lock (_gate) { _n--; } } void D() { lock (_gate) { Use(_n); } } void R() { _n = 0; }"
    ),
    (outside_lock, "read without it"): (
        "void A() { lock (_gate) { _n++; } } void B() { lock (_gate) { _n--; } } int N() { return _n; }"
    ),
    (outside_lock, "a collection enumerated without it"): (
        "void A(int x) { lock (_gate) { _items.Add(x); } } void B(int x) { lock (_gate) { _items.Remove(x); } }"
        " void D() { lock (_gate) { _items.Clear(); } } int N() { return _items.Count; }"
    ),
    (outside_lock, "a look into a dictionary before it"): (
        "Dictionary<int, string> _d = new(); string G(int k) { if (_d.TryGetValue(k, out var v)) return v;"
        " lock (_gate) { if (!_d.TryGetValue(k, out v)) { v = Make(k); _d[k] = v; } return v; } }"
    ),
    (outside_lock, "a look into a set before it"): (
        "HashSet<int> _s = new(); void P(int k) { if (_s.Contains(k)) return; lock (_gate) { _s.Add(k); } }"
    ),
    (outside_lock, "a count before it"): (
        "void P() { if (_items.Count == 0) return; lock (_gate) { _items.Clear(); } } void A() { lock (_gate) { _items.Add(1); } }"
    ),
    (outside_lock, "an entry after it"): (
        "Dictionary<int, string> _d = new(); string G(int k) { lock (_gate) { _d[k] = Make(k); } return _d[k]; }"
    ),
    (unlocked_getter, "a reference"): "string _s; string S { get { return _s; } set { lock (_gate) { _s = value; } } }",
    (unlocked_getter, "what it keeps"): "int N { get => field; set { lock (_gate) { field = value; _n++; } } }",
    (unlocked_getter, "a long"): "long _l; long L { get => _l; set { lock (_gate) { _l = value; } } }",
    (mixed_locks, "two fields"): "void A() { lock (_gate) { _n = 1; } } void B() { lock (_other) { _n = 2; } }",
    (
        mixed_locks,
        "this and a field",
    ): "void A() { lock (this) { _items.Add(1); } } void B() { lock (_gate) { _items.Clear(); } }",
    (lock_order, "different forms"): (
        "void A() { lock (_gate) { lock (_other) { } } }"
        " void B() { Monitor.Enter(_other); try { lock (_gate) { } } finally { Monitor.Exit(_other); } }"
    ),
    (
        lock_order,
        "by a method",
    ): "void A() { lock (_gate) { lock (_other) { } } } void B() { lock (_other) { D(); } } void D() { lock (_gate) { } }",
    (
        parallel_write,
        "a list",
    ): "void M(int[] all) { var found = new List<int>(); Parallel.ForEach(all, x => found.Add(x)); }",
    (parallel_write, "a field"): "void M(int[] all) { Parallel.For(0, 9, i => { _n++; }); }",
    (parallel_write, "the lock of the caller"): (
        "void M(int[] all) { lock (_gate) { Parallel.ForEach(all, x => { lock (_gate) { _n += x; } }); } }"
    ),
    (thread_static_await, "thread-local"): (
        "readonly ThreadLocal<int> _depth = new(); async Task M() { _depth.Value++; await Work(); _depth.Value--; }"
    ),
    (thread_static_await, "in a lambda"): (
        "[ThreadStatic] static int t_n; void M() { Run(async () => { t_n = 1; await Work(); Use(t_n); }); }"
    ),
    (lock_target, "made in this call"): "void M() { var gate = new object(); lock (gate) { _n++; } }",
    (lock_target, "a key"): "void M(string key) { lock (key) { _n++; } }",
    (lock_target, "an interned string"): 'void M(int id) { lock (string.Intern($"row {id}")) { _n++; } }',
    (lock_target, "a field that is reassigned"): (
        "List<int> _all = new(); void M() { lock (_all) { _all.Add(1); } } void R() { _all = new List<int>(); }"
    ),
    (lock_type, "turned into an object"): "readonly Lock _l = new(); void M() { lock (_l) { _n++; } object o = _l; }",
    (lock_type, "waited for"): "readonly Lock _l = new(); void M() { using (_l.EnterScope()) { Monitor.Wait(_l); } }",
    (scope_attribute, "static"): "[Transactional] public static void M() { _n++; }",
    (scope_attribute, "private by default"): "[UnitOfWork] void M() { _n++; }",
    (reentrant_grain, "written from a read before"): (
        "[Reentrant] class G : Grain { int _n; public async Task M() { var n = _n; await Work(); _n = n + 1; } }"
    ),
    (reentrant_grain, "a task beside the actor"): (
        "class A : ReceiveActor { int _n; void M() { Task.Run(() => { _n++; }); } }"
    ),
    (static_shared, "random"): "static readonly Random s_random = new(); int M() { return s_random.Next(); }",
    (static_shared, "singleton context"): "void M(IServiceCollection s) { s.AddSingleton<ShopDbContext>(); }",
    (acquire_in_try, "with a time, and asked after"): (
        "async Task M(CancellationToken ct) { try { if (!await _slots.WaitAsync(_patience, ct)) { return; } _n++; } finally { _slots.Release(); } }"
    ),
    (acquire_in_try, "synchronous"): (
        "void M(CancellationToken ct) { try { _slots.Wait(ct); _n++; } finally { _slots.Release(); } }"
    ),
    (acquire_in_try, "past a catch"): (
        "async Task M(CancellationToken ct) { try { await _slots.WaitAsync(ct); if (_n > 0) { _n++; } }"
        " catch (OperationCanceledException) { _n = 0; } finally { if (_n > 0) { _n--; } _slots.Release(); } }"
    ),
    (acquire_in_try, "a source's token"): (
        "async Task M() { try { await _slots.WaitAsync(_source.Token); _n++; } finally { _slots.Release(); } }"
    ),
}
QUIET: dict[tuple[ModuleType, str], str] = {
    (volatile_field, "assigned"): "void M() { _stop = true; }",
    (volatile_field, "under a lock"): "volatile int _v; void M() { lock (_gate) { _v++; } }",
    (volatile_field, "in the constructor"): "volatile int _v; C() { _v++; }",
    (volatile_field, "not volatile"): "void M() { _n++; }",
    (reader_lock, "only read"): ("int M() { _rw.EnterReadLock(); try { return _n; } finally { _rw.ExitReadLock(); } }"),
    (reader_lock, "atomic"): (
        "void M() { _rw.EnterReadLock(); try { Interlocked.Increment(ref _n); _stop = true; } finally { _rw.ExitReadLock(); } }"
    ),
    (reader_lock, "a concurrent collection"): (
        "ConcurrentQueue<int> _q = new(); void M() { _rw.EnterReadLock(); try { _q.Enqueue(1); } finally { _rw.ExitReadLock(); } }"
    ),
    (reader_lock, "upgradeable"): (
        "void M() { _rw.EnterUpgradeableReadLock(); try { if (_n == 0) { _rw.EnterWriteLock(); try { _n = 1; }"
        " finally { _rw.ExitWriteLock(); } } } finally { _rw.ExitUpgradeableReadLock(); } }"
    ),
    (reader_lock, "upgradeable beside a distributed reader"): (
        "void M() { using var read = _shared.AcquireReadLock(); using (_shared.AcquireUpgradeableReadLock()) { Use(_n); } }"
    ),
    (reader_lock, "exchanged for the write lock"): (
        "ReaderWriterLock _old = new(); void M() { _old.AcquireReaderLock(5); try { _old.UpgradeToWriterLock(5); _n++; }"
        " finally { _old.ReleaseLock(); } }"
    ),
    (reader_lock, "inside the write lock"): (
        "async Task M() { using (await _async.WriteLockAsync()) { using (await _async.ReadLockAsync()) {"
        " using (await _async.WriteLockAsync()) { _n++; } } } }"
    ),
    (reader_lock, "said to be inside the write lock"): (
        "async Task M() { Debug.Assert(_async.IsWriteLockHeld); using (await _async.ReadLockAsync()) {"
        " using (await _async.WriteLockAsync()) { _n++; } } }"
    ),
    (reader_lock, "let go before"): (
        "void M() { _rw.EnterReadLock(); try { if (_n > 0) return; } finally { _rw.ExitReadLock(); }"
        " _rw.EnterWriteLock(); try { _n = 1; } finally { _rw.ExitWriteLock(); } }"
    ),
    (thread_affine_await, "what is entered is no lock"): (
        "async Task M() { _tracing.Enter(); try { await Work(); } finally { _tracing.Exit(); } }"
    ),
    (thread_affine_await, "a lock of another type"): (
        "readonly KeyedLock _mutex = new(); async Task M() { _mutex.Enter(1); try { await Work(); } finally { _mutex.Exit(1); } }"
    ),
    (thread_affine_await, "semaphore"): (
        "async Task M() { await _slots.WaitAsync(); try { await Work(); } finally { _slots.Release(); } }"
    ),
    (thread_affine_await, "awaited after it"): (
        "async Task M() { Monitor.Enter(_gate); try { _n++; } finally { Monitor.Exit(_gate); } await Work(); }"
    ),
    (thread_affine_await, "awaited in a lambda that runs later"): (
        "void M() { Monitor.Enter(_gate); try { _later = async () => await Work(); } finally { Monitor.Exit(_gate); } }"
    ),
    (lock_reentry, "a task that is kept"): (
        "async Task A() { await _slots.WaitAsync(); try { _later = B(); } finally { _slots.Release(); } await _later; }"
        " async Task B() { await _slots.WaitAsync(); try { _n++; } finally { _slots.Release(); } }"
    ),
    (lock_reentry, "lock is reentrant"): "void A() { lock (_gate) { B(); } } void B() { lock (_gate) { _n++; } }",
    (lock_reentry, "let go before the call"): (
        "void A() { _slots.Wait(); try { _n++; } finally { _slots.Release(); } B(); }"
        " void B() { _slots.Wait(); try { _n++; } finally { _slots.Release(); } }"
    ),
    (lock_reentry, "gives up"): (
        "void A() { _slots.Wait(); try { B(); } finally { _slots.Release(); } }"
        " void B() { if (_slots.Wait(0)) { try { _n++; } finally { _slots.Release(); } } }"
    ),
    (lock_reentry, "several slots"): (
        "SemaphoreSlim _many = new(4); void A() { _many.Wait(); try { B(); } finally { _many.Release(); } }"
        " void B() { _many.Wait(); try { _n++; } finally { _many.Release(); } }"
    ),
    (lock_reentry, "called later"): (
        "void A() { _slots.Wait(); try { _later = () => B(); } finally { _slots.Release(); } }"
        " void B() { _slots.Wait(); try { _n++; } finally { _slots.Release(); } }"
    ),
    (leaked_collection, "copied"): (
        "void Add(int x) { lock (_gate) { _items.Add(x); } }"
        " List<int> All() { lock (_gate) { return _items.Where(i => i > 0).ToList(); } }"
    ),
    (leaked_collection, "replaced as a whole"): (
        "List<int> _all = new(); void Add(int x) { lock (_gate) { _all = new List<int>(_all) { x }; } }"
        " List<int> All() { lock (_gate) { return _all; } }"
    ),
    (leaked_collection, "what a property keeps, replaced"): (
        "List<int> All { get { lock (_gate) { return field; } } set { lock (_gate) { field = value; } } } = [];"
    ),
    (leaked_collection, "taken and replaced"): (
        "List<int> _all = new(); void Add(int x) { lock (_gate) { _all.Add(x); } }"
        " void M() { List<int> all; lock (_gate) { all = _all; _all = new List<int>(); } foreach (var x in all) { Work(x); } }"
    ),
    (leaked_collection, "a variable of the lock"): (
        "void Add(int x) { lock (_gate) { _items.Add(x); } } void M() { lock (_gate) { var all = _items; Work(all); } }"
    ),
    (leaked_collection, "a count"): (
        "void Add(int x) { lock (_gate) { _items.Add(x); } } int Count() { lock (_gate) { return _items.Count; } }"
    ),
    (lazy_mode, "the default"): "static readonly Lazy<int> s_v = new(() => Make());",
    (lazy_mode, "of an instance"): "readonly Lazy<int> _v = new(Make, LazyThreadSafetyMode.None);",
    (
        lazy_mode,
        "written out",
    ): "static readonly Lazy<int> s_v = new(Make, LazyThreadSafetyMode.ExecutionAndPublication);",
    (monitor_wait, "in a while"): "void M() { lock (_gate) { while (_n == 0) { Monitor.Wait(_gate); } _n--; } }",
    (monitor_wait, "in a do"): "void M() { lock (_gate) { do { Monitor.Wait(_gate); } while (_n == 0); } }",
    (monitor_wait, "in an endless loop"): (
        "void M() { lock (_gate) { for (;;) { if (_n > 0) { break; } if (Full()) { Monitor.Wait(_gate, 5); } } } }"
    ),
    (double_checked_lock, "one reference"): (
        "Client _c; Client M() { if (_c is null) { lock (_gate) { _c ??= new Client(); if (_c is null) { _c = new Client(); } } } return _c; }"
    ),
    (double_checked_lock, "what a property keeps, complete"): (
        "Client C { get { if (field == null) { lock (_gate) { if (field == null) { field = new(); } } } return field; } }"
    ),
    (double_checked_lock, "complete before it is seen"): (
        "Client _c; Client M() { if (_c is null) { lock (_gate) { if (_c is null) { var c = new Client(); c.Connect(); _c = c; } } } return _c; }"
    ),
    (double_checked_lock, "volatile flag set last"): (
        "volatile bool _ready; void M() { if (!_ready) { lock (_gate) { if (!_ready) { _n = 5; _ready = true; } } } }"
    ),
    (double_checked_lock, "an entry"): (
        "ConcurrentDictionary<int, int> _d = new(); void M(int x) { if (!_d.TryGetValue(x, out var v)) { lock (_gate) {"
        " if (!_d.TryGetValue(x, out v)) { _d[x] = Make(); _d.Trim(); } } } }"
    ),
    (double_checked_lock, "the flag is all"): (
        "bool _on; void M() { if (!_on) { lock (_gate) { if (!_on) { _on = true; } } } }"
    ),
    (double_checked_lock, "another condition"): (
        "bool _on; void M(int x) { if (x > 0) { lock (_gate) { if (!_on) { _n = 5; _on = true; } } } }"
    ),
    (check_then_act, "under a lock"): (
        "ConcurrentDictionary<int, int> _d = new(); void M(int x) { lock (_gate) { if (!_d.ContainsKey(x)) { _d[x] = 2; } } }"
    ),
    (check_then_act, "TryAdd"): (
        "ConcurrentDictionary<int, int> _d = new(); void M(int x) { if (!_d.TryGetValue(x, out var v)) { _d.TryAdd(x, 1); } }"
    ),
    (check_then_act, "another key"): (
        "ConcurrentDictionary<int, int> _d = new(); void M(int x, int y) { if (!_d.ContainsKey(x)) { _d[y] = 2; } }"
    ),
    (check_then_act, "no concurrent dictionary"): (
        "Dictionary<int, int> _d = new(); void M(int x) { if (!_d.ContainsKey(x)) { _d[x] = 2; } }"
    ),
    (check_then_act, "after the branch"): (
        "ConcurrentDictionary<int, int> _d = new(); void M(int x) { if (_d.ContainsKey(x)) { return; } Other(); }"
        " void N(int x) { _d[x] = 1; }"
    ),
    (concurrent_factory, "only a value"): (
        "ConcurrentDictionary<int, string> _d = new(); string M(int x) { return _d.GetOrAdd(x, k => new string('a', k)); }"
    ),
    (concurrent_factory, "its own parameter"): (
        "ConcurrentDictionary<int, int> _d = new(); int M(int x) { return _d.AddOrUpdate(x, 1, (k, v) => Interlocked.Increment(ref v)); }"
    ),
    (concurrent_factory, "under a lock"): (
        "ConcurrentDictionary<int, int> _d = new(); int M(int x) { lock (_gate) { return _d.GetOrAdd(x, k => _n++); } }"
    ),
    (concurrent_factory, "started once"): (
        "ConcurrentDictionary<int, Lazy<int>> _d = new(); int M(int x) { return _d.GetOrAdd(x, k => new Lazy<int>(() => _n++)).Value; }"
    ),
    (
        concurrent_snapshot,
        "keys",
    ): "ConcurrentDictionary<int, int> _d = new(); int M() { return _d.Keys.ToList().Count; }",
    (concurrent_snapshot, "enumerated"): (
        "ConcurrentDictionary<int, int> _d = new(); int M() { return _d.Where(p => p.Value > 0).ToList().Count; }"
    ),
    (
        concurrent_snapshot,
        "no concurrent one",
    ): "Dictionary<int, int> _d = new(); int M() { return _d.ToList().Count; }",
    (
        ignored_acquire,
        "looked at",
    ): "void M() { if (!Monitor.TryEnter(_gate)) { return; } try { _n++; } finally { Monitor.Exit(_gate); } }",
    (
        ignored_acquire,
        "kept",
    ): "void M() { var taken = _slots.Wait(5); if (taken) { try { _n++; } finally { _slots.Release(); } } }",
    (ignored_acquire, "told by ref"): (
        "void M() { var t = false; try { Monitor.TryEnter(_gate, 5, ref t); if (t) _n++; } finally { if (t) Monitor.Exit(_gate); } }"
    ),
    (
        ignored_acquire,
        "no time",
    ): "async Task M(CancellationToken ct) { await _slots.WaitAsync(ct); try { _n++; } finally { _slots.Release(); } }",
    (
        ignored_acquire,
        "for ever",
    ): "void M() { _slots.Wait(Timeout.Infinite); try { _n++; } finally { _slots.Release(); } }",
    (ignored_acquire, "a token that a timeout cancels"): (
        "async Task M() { await _slots.WaitAsync(_timeoutSource.Token); try { _n++; } finally { _slots.Release(); } }"
    ),
    (ignored_acquire, "a signal, made without a slot"): (
        "SemaphoreSlim _wake = new(0, 1); void Wake() { _wake.Release(); } async Task M() { await _wake.WaitAsync(_interval); Poll(); }"
    ),
    (ignored_acquire, "a signal that is passed on"): (
        "SemaphoreSlim _wake = new(1); void Wake() { _wake.Release(); }"
        " async Task M() { await _wake.WaitAsync(30000); if (Poll()) { _wake.Release(); } }"
    ),
    (ignored_acquire, "a signal that others give"): "async Task M() { await _given.WaitAsync(_interval); Poll(); }",
    (ignored_acquire, "a handle that is asked"): (
        "async Task M() { await using (var h = await _locks.TryAcquireAsync()) { if (h != null) { _n++; } } }"
    ),
    (outside_lock, "only in the constructor"): (
        "C() { _n = 1; } void A() { lock (_gate) { _n++; } } void B() { lock (_gate) { _n--; } } void D() { lock (_gate) { _n--; } }"
    ),
    (outside_lock, "a method that is called under it"): (
        "void A() { lock (_gate) { _n++; Up(); } } void B() { lock (_gate) { _n--; } } void D() { lock (_gate) { _n--; } }"
        " void Up() { _n++; Further(); } void Further() { _n++; }"
    ),
    (outside_lock, "said in a comment"): (
        "void A() { lock (_gate) { _n++; } } void B() { lock (_gate) { _n--; } } void D() { lock (_gate) { _n--; } }\n"
        "// The caller holds the lock.\nvoid Up() { _n++; }"
    ),
    (outside_lock, "atomic on purpose"): (
        "void A() { lock (_gate) { _n++; } } void B() { lock (_gate) { _n--; } } int N() { return _n + Volatile.Read(ref _n); }"
    ),
    (outside_lock, "volatile"): (
        "void A() { lock (_gate) { _stop = true; } } void B() { lock (_gate) { _stop = false; } } bool S() { return _stop; }"
    ),
    (outside_lock, "a look before the lock"): (
        "void A() { if (_n > 0) { lock (_gate) { if (_n > 0) { _n--; } } } } void B() { lock (_gate) { _n++; } }"
    ),
    (outside_lock, "a snapshot that is replaced whole"): (
        "Dictionary<int, string> _d = new(); string G(int k) { if (_d.TryGetValue(k, out var v)) return v;"
        " lock (_gate) { var next = new Dictionary<int, string>(_d); next[k] = Make(k); _d = next; return next[k]; } }"
    ),
    (outside_lock, "a dictionary made for several threads"): (
        "ConcurrentDictionary<int, string> _d = new(); string G(int k) { if (_d.TryGetValue(k, out var v)) return v;"
        " lock (_gate) { v = Make(k); _d[k] = v; return v; } }"
    ),
    (outside_lock, "the reference alone"): (
        "void P() { if (_items == null) return; lock (_gate) { _items.Clear(); } } void A() { lock (_gate) { _items.Add(1); } }"
    ),
    (outside_lock, "changed under no lock at all"): (
        "void P() { if (_items.Count == 0) return; lock (_gate) { Use(_items.Count); } } void A() { _items.Add(1); }"
    ),
    (outside_lock, "as often without it"): (
        "void A() { lock (_gate) { _n++; } } void B() { _n--; } void D() { Use(_n); } void E() { lock (_gate) { Use(_n); } }"
    ),
    (outside_lock, "in a lambda that runs somewhere"): (
        "void A() { lock (_gate) { _n++; } } void B() { lock (_gate) { _n--; } } void D() { lock (_gate) { _n--; } } void E() { Later(() => _n++); }"
    ),
    (unlocked_getter, "both locked"): (
        "string _s; string S { get { lock (_gate) { return _s; } } set { lock (_gate) { _s = value; } } }"
    ),
    (
        unlocked_getter,
        "volatile",
    ): "volatile string _s; string S { get { return _s; } set { lock (_gate) { _s = value; } } }",
    (unlocked_getter, "neither locked"): "string _s; string S { get { return _s; } set { _s = value; } }",
    (
        mixed_locks,
        "both held",
    ): "void A() { lock (_gate) { lock (_other) { _n = 1; } } } void B() { lock (_other) { _n = 2; } }",
    (mixed_locks, "another state"): "void A() { lock (_gate) { _n = 1; } } void B() { lock (_other) { _sum = 2; } }",
    (
        mixed_locks,
        "a lock of somebody else",
    ): "void A(C c) { lock (_gate) { _n = 1; } } void B(C c) { lock (c._other) { _n = 2; } }",
    (
        lock_order,
        "one order",
    ): "void A() { lock (_gate) { lock (_other) { } } } void B() { lock (_gate) { lock (_other) { } } }",
    (
        lock_order,
        "one after the other",
    ): "void A() { lock (_gate) { } lock (_other) { } } void B() { lock (_other) { } lock (_gate) { } }",
    (lock_order, "gives up"): (
        "void A() { lock (_gate) { lock (_other) { } } }"
        " void B() { lock (_other) { if (Monitor.TryEnter(_gate)) { try { } finally { Monitor.Exit(_gate); } } } }"
    ),
    (lock_order, "called later"): (
        "void A() { lock (_gate) { lock (_other) { } } } void B() { lock (_other) { _later = () => D(); } } void D() { lock (_gate) { } }"
    ),
    (parallel_write, "under a lock"): (
        "void M(int[] all) { var sum = 0; Parallel.ForEach(all, x => { lock (_gate) { sum += x; } }); }"
    ),
    (
        parallel_write,
        "elements of an array",
    ): "void M(int[] all) { var to = new int[9]; Parallel.For(0, 9, i => { to[i] = all[i]; }); }",
    (
        parallel_write,
        "a concurrent bag",
    ): "void M(int[] all) { var to = new ConcurrentBag<int>(); Parallel.ForEach(all, x => to.Add(x)); }",
    (parallel_write, "variables of the body"): (
        "void M(int[] all) { Parallel.ForEach(all, x => { var own = 0; Run(() => own++); var list = new List<int>(); list.Add(x); }); }"
    ),
    (
        parallel_write,
        "a flag",
    ): "void M(int[] all) { var any = false; Parallel.ForEach(all, x => { if (x > 0) any = true; }); }",
    (thread_static_await, "only before"): (
        "[ThreadStatic] static int t_n; async Task M() { t_n = 1; Use(t_n); await Work(); }"
    ),
    (thread_static_await, "not asynchronous"): "[ThreadStatic] static int t_n; void M() { t_n = 1; Work(); Use(t_n); }",
    (thread_static_await, "an ordinary static"): "static int s_n; async Task M() { s_n = 1; await Work(); Use(s_n); }",
    (
        lock_target,
        "one object a key",
    ): "void M(string key) { var gate = _gates.GetOrAdd(key, k => new object()); lock (gate) { _n++; } }",
    (
        lock_target,
        "shared with a lambda",
    ): "void M() { var gate = new object(); Run(() => { lock (gate) { _n++; } }); }",
    (lock_target, "handed on"): "void M() { var gate = new object(); Give(gate); lock (gate) { _n++; } }",
    (
        lock_target,
        "set in the constructor",
    ): "object _own; C() { _own = new object(); } void M() { lock (_own) { _n++; } }",
    (lock_target, "made when it is missing"): "object _own; void M() { _own ??= new object(); lock (_own) { _n++; } }",
    (lock_target, "an object that was given"): "void M(Order order) { lock (order) { _n++; } }",
    (
        lock_type,
        "only locked",
    ): "readonly Lock _l = new(); void M() { lock (_l) { _n++; } using (_l.EnterScope()) { _n--; } }",
    (lock_type, "an object"): "void M() { lock (_gate) { Monitor.Pulse(_gate); } }",
    (lock_type, "a type of the project"): "readonly Lock _l = new(); void M() { _l.Obtain(); Use(_l); }",
    (scope_attribute, "public"): "[UnitOfWork] public virtual void M() { _n++; }",
    (scope_attribute, "the framework writes the code around it"): (
        "class D { [Transactional] public static void M() { } } namespace Shop.Wolverine { }"
    ),
    (scope_attribute, "an interface"): "class D { interface I { [Transaction(TransactionOption.Create)] Task M(); } }",
    (scope_attribute, "the runtime's own"): "[MethodImpl(MethodImplOptions.Synchronized)] static void M() { s_n++; }",
    (reentrant_grain, "read again"): (
        "[Reentrant] class G : Grain { int _n; public async Task M() { Use(_n); await Work(); Use(_n); _n = 1; } }"
    ),
    (reentrant_grain, "a mark that a call is under way"): (
        "[Reentrant] class G : Grain { bool _busy; public async Task M() { if (_busy) return; _busy = true; await Work(); _busy = false; } }"
    ),
    (reentrant_grain, "one call at a time"): (
        "class G : Grain { int _n; public async Task M() { var n = _n; await Work(); _n = n + 1; } }"
    ),
    (
        reentrant_grain,
        "a task without state",
    ): "class A : ReceiveActor { int _n; void M() { Task.Run(() => Work()); _n++; } }",
    (static_shared, "of the thread"): "[ThreadStatic] static Random t_random; int M() { return t_random.Next(); }",
    (
        static_shared,
        "under a lock",
    ): "static readonly Random s_random = new(); int M() { lock (s_random) { return s_random.Next(); } }",
    (static_shared, "made to be shared"): (
        "static readonly HttpClient s_http = new(); static readonly Random s_r = Random.Shared; int M() { s_http.Get(); return s_r.Next(); }"
    ),
    (static_shared, "of the instance"): "readonly ShopDbContext _db; int M() { return _db.Orders.Count(); }",
    (acquire_in_try, "with a time, in a try without its release"): (
        "void M(CancellationToken ct) { try { if (_slots.Wait(_patience, ct)) { try { _n++; } finally { _slots.Release(); } } } finally { Done(); } }"
    ),
    (acquire_in_try, "before the try"): (
        "async Task M(CancellationToken ct) { await _slots.WaitAsync(ct); try { _n++; } finally { _slots.Release(); } }"
    ),
    (acquire_in_try, "without a token"): "void M() { try { _slots.Wait(); _n++; } finally { _slots.Release(); } }",
    (acquire_in_try, "a token that is never cancelled"): (
        "async Task M() { try { await _slots.WaitAsync(CancellationToken.None); _n++; } finally { _slots.Release(); } }"
    ),
    (acquire_in_try, "a try of its own"): (
        "async Task M(CancellationToken ct) { try { await _slots.WaitAsync(ct); } catch { return; }"
        " try { _n++; } finally { _slots.Release(); } }"
    ),
    (acquire_in_try, "asked for without braces"): (
        "async Task M(CancellationToken ct) { var taken = false; try { await _slots.WaitAsync(ct); taken = true; _n++; }"
        " finally { if (taken) _slots.Release(); } }"
    ),
    (acquire_in_try, "asked for"): (
        "async Task M(CancellationToken ct) { var taken = false; try { await _slots.WaitAsync(ct); taken = true; _n++; }"
        " finally { if (taken) { _slots.Release(); } } }"
    ),
    (acquire_in_try, "an inner try"): (
        "async Task M(CancellationToken ct) { try { await _slots.WaitAsync(ct); try { _n++; } finally { _slots.Release(); } } finally { Done(); } }"
    ),
}

LOUD_EDITS: dict[tuple[ModuleType, str], tuple[str, str, str]] = {
    # before, after, severity
    (lock_split, "look and write"): (
        "void M() { lock (_gate) { if (_n > 0) { Work(); _n = _n - 1; } } }",
        "void M() { bool any; lock (_gate) { any = _n > 0; } Work(); lock (_gate) { _n = 0; } }",
        "high",
    ),
    (lock_split, "two values"): (
        "void M(int x) { lock (_gate) { _n++; _sum += x; } }",
        "void M(int x) { lock (_gate) { _n++; } Work(); lock (_gate) { _sum += x; } }",
        "high",
    ),
    (lock_split, "acquire and release"): (
        "void M() { _slots.Wait(); try { var n = _n; Work(); _n = n + 1; } finally { _slots.Release(); } }",
        "void M() { int n; _slots.Wait(); try { n = _n; } finally { _slots.Release(); } Work();"
        " _slots.Wait(); try { _n = n + 1; } finally { _slots.Release(); } }",
        "high",
    ),
    (concurrent_collection, "other state"): (
        "Dictionary<int, int> _d = new(); void M(int x) { lock (_gate) { _d[x] = 1; _sum += x; } }",
        "ConcurrentDictionary<int, int> _d = new(); void M(int x) { _d[x] = 1; _sum += x; }",
        "high",
    ),
    (concurrent_collection, "look before the write"): (
        "Dictionary<int, int> _d = new(); void M(int x) { lock (_gate) { if (!_d.ContainsKey(x)) _d[x] = 1; } }",
        "ConcurrentDictionary<int, int> _d = new(); void M(int x) { if (!_d.ContainsKey(x)) _d[x] = 1; }",
        "medium",
    ),
    (volatile_field, "modifier removed"): (
        "volatile bool _done; void Run() { while (!_done) { } } void Stop() { _done = true; }",
        "bool _done; void Run() { while (!_done) { } } void Stop() { _done = true; }",
        "high",
    ),
    (volatile_field, "Volatile.Read removed"): (
        "bool Ready() { return Volatile.Read(ref _n) > 0; } void Set() { Volatile.Write(ref _n, 1); }",
        "bool Ready() { return _n > 0; } void Set() { Volatile.Write(ref _n, 1); }",
        "medium",
    ),
    (volatile_field, "counted instead of locked"): (
        "int _v; void M() { lock (_gate) { _v++; } }",
        "volatile int _v; void M() { _v++; }",
        "medium",
    ),
    (interlocked_pair, "two counters"): (
        "void M(int x) { lock (_gate) { _n++; _sum += x; } }",
        "void M(int x) { Interlocked.Increment(ref _n); Interlocked.Add(ref _sum, x); }",
        "high",
    ),
    (interlocked_pair, "one exchanged, one written"): (
        "void M(int x) { lock (_gate) { _n = x; _sum = 0; } }",
        "void M(int x) { Interlocked.Exchange(ref this._n, x); Volatile.Write(ref _sum, 0); }",
        "high",
    ),
    (reader_lock, "write lock turned read lock"): (
        "void M() { _rw.EnterWriteLock(); try { _n = 1; } finally { _rw.ExitWriteLock(); } }",
        "void M() { _rw.EnterReadLock(); try { _n = 1; } finally { _rw.ExitReadLock(); } }",
        "medium",
    ),
    (thread_affine_await, "ConfigureAwait added"): (
        "async Task M() { Monitor.Enter(_gate); try { await Work(); } finally { Monitor.Exit(_gate); } }",
        "async Task M() { Monitor.Enter(_gate); try { await Work().ConfigureAwait(false); } finally { Monitor.Exit(_gate); } }",
        "high",
    ),
    (thread_affine_await, "made asynchronous"): (
        "void M() { Monitor.Enter(_gate); try { Work(); } finally { Monitor.Exit(_gate); } }",
        "async Task M() { Monitor.Enter(_gate); try { await WorkAsync(); } finally { Monitor.Exit(_gate); } }",
        "high",
    ),
    (lock_reentry, "a semaphore for a lock"): (
        "void A() { lock (_gate) { B(); } } void B() { lock (_gate) { _n++; } }",
        "void A() { _slots.Wait(); try { B(); } finally { _slots.Release(); } }"
        " void B() { _slots.Wait(); try { _n++; } finally { _slots.Release(); } }",
        "high",
    ),
    (leaked_collection, "the copy is saved"): (
        "void Add(int x) { lock (_gate) { _items.Add(x); } } List<int> All() { lock (_gate) { return _items.ToList(); } }",
        "void Add(int x) { lock (_gate) { _items.Add(x); } } List<int> All() { lock (_gate) { return _items; } }",
        "medium",
    ),
    (leaked_collection, "iterated live"): (
        "void Add(int x) { lock (_gate) { _items.Add(x); } }"
        " void M() { IList<int> all; lock (_gate) { all = _items.ToArray(); } foreach (var x in all) { Work(x); } }",
        "void Add(int x) { lock (_gate) { _items.Add(x); } }"
        " void M() { IList<int> all; lock (_gate) { all = _items; } foreach (var x in all) { Work(x); } }",
        "medium",
    ),
    (scope_change, "an attribute removed"): (
        "[DisableConcurrentExecution(60)] public void M() { _n++; }",
        "public void M() { _n++; }",
        "high",
    ),
    (scope_change, "a synchronized method"): (
        "[MethodImpl(MethodImplOptions.Synchronized)] public void M() { _n++; }",
        "public void M() { _n++; }",
        "high",
    ),
    (callback_under_lock, "an event moves in"): (
        "void M() { lock (_gate) { _n++; } Changed(this, null); }",
        "void M() { lock (_gate) { _n++; Changed(this, null); } }",
        "medium",
    ),
    (callback_under_lock, "live instead of a copy"): (
        "void M(Action<int> each) { int[] all; lock (_gate) { all = _items.ToArray(); } foreach (var x in all) { each(x); } }",
        "void M(Action<int> each) { lock (_gate) { foreach (var x in _items) { each(x); } } }",
        "medium",
    ),
    (hoisted_clock, "before a transaction"): (
        "void M() { using (var tx = _db.Database.BeginTransaction()) { _row.At = _time.GetUtcNow(); tx.Commit(); } }",
        "void M() { var at = _time.GetUtcNow(); using (var tx = _db.Database.BeginTransaction()) { _row.At = at; tx.Commit(); } }",
        "medium",
    ),
    (hoisted_clock, "a number"): (
        "void M() { lock (_gate) { _items.Add(NextSequence()); } }",
        "void M() { var next = NextSequence(); lock (_gate) { _items.Add(next); } }",
        "medium",
    ),
    (lazy_mode, "publication only"): (
        "readonly Lazy<int> _v = new(Make);",
        "readonly Lazy<int> _v = new(Make, LazyThreadSafetyMode.PublicationOnly);",
        "medium",
    ),
    (lazy_mode, "assigned in the constructor"): (
        "Lazy<int> _v; C() { _v = new Lazy<int>(Make); }",
        "Lazy<int> _v; C() { _v = new Lazy<int>(Make, isThreadSafe: false); }",
        "medium",
    ),
    (monitor_wait, "one for all"): (
        "void M() { lock (_gate) { _n++; Monitor.PulseAll(_gate); } }",
        "void M() { lock (_gate) { _n++; Monitor.Pulse(_gate); } }",
        "medium",
    ),
    (monitor_wait, "if for while"): (
        "void M() { lock (_gate) { while (_n == 0) { Monitor.Wait(_gate); } _n--; } }",
        "void M() { lock (_gate) { if (_n == 0) { Monitor.Wait(_gate); } _n--; } }",
        "medium",
    ),
    (check_then_act, "an atomic call taken apart"): (
        "ConcurrentDictionary<int, int> _d = new(); void M(int x) { _d.TryAdd(x, 1); }",
        "ConcurrentDictionary<int, int> _d = new(); void M(int x) { if (!_d.ContainsKey(x)) { _d[x] = 1; } }",
        "low",
    ),
    (check_then_act, "an entry that was added or not"): (
        "ConcurrentDictionary<int, int> _d = new(); bool M(int k, int v) { return _d.TryAdd(k, v); }",
        "ConcurrentDictionary<int, int> _d = new(); bool M(int k, int v) { if (_d.ContainsKey(k)) { return false; } _d[k] = v; return true; }",
        "medium",
    ),
    (check_then_act, "an entry that one caller removes"): (
        "ConcurrentDictionary<int, int> _d = new(); void M(int k) { if (_d.TryRemove(k, out var v)) { Close(v); } }",
        "ConcurrentDictionary<int, int> _d = new();"
        " void M(int k) { if (_d.TryGetValue(k, out var v)) { Close(v); _d.TryRemove(k, out _); } }",
        "medium",
    ),
    (check_then_act, "an entry that is counted"): (
        "ConcurrentDictionary<int, int> _d = new(); void M(int k) { _d.AddOrUpdate(k, 1, (_, n) => n + 1); }",
        "ConcurrentDictionary<int, int> _d = new(); void M(int k) { _d.TryGetValue(k, out var n); _d[k] = n + 1; }",
        "medium",
    ),
    (ignored_acquire, "the answer dropped"): (
        "void M() { if (_slots.Wait(50)) { try { _n++; } finally { _slots.Release(); } } }",
        "void M() { _slots.Wait(50); try { _n++; } finally { _slots.Release(); } }",
        "high",
    ),
    (outside_lock, "the lock is left out in one place"): (
        "void A() { lock (_gate) { _n++; } } void B() { lock (_gate) { _n--; } } void D() { lock (_gate) { _n--; } } void R() { lock (_gate) { _n = 0; } }",
        "void A() { lock (_gate) { _n++; } } void B() { lock (_gate) { _n--; } } void D() { lock (_gate) { _n--; } } void R() { _n = 0; }",
        "medium",
    ),
    (mixed_locks, "another object in one place"): (
        "void A() { lock (_gate) { _n = 1; } } void B() { lock (_gate) { _n = 2; } }",
        "void A() { lock (_gate) { _n = 1; } } void B() { lock (_other) { _n = 2; } }",
        "medium",
    ),
    (lock_order, "nested the other way round"): (
        "void A() { lock (_gate) { lock (_other) { } } } void B() { lock (_gate) { lock (_other) { } } }",
        "void A() { lock (_gate) { lock (_other) { } } } void B() { lock (_other) { lock (_gate) { } } }",
        "high",
    ),
    (parallel_write, "a loop made parallel"): (
        "void M(int[] all) { foreach (var x in all) { _n += x; } }",
        "void M(int[] all) { Parallel.ForEach(all, x => { _n += x; }); }",
        "high",
    ),
    (scope_change, "one read"): (
        "int N() { lock (_gate) { return _n; } }",
        "int N() { return _n; }",
        "medium",
    ),
    (scope_change, "two reads"): (
        "int N() { lock (_gate) { return _n + _sum; } }",
        "int N() { return _n + _sum; }",
        "high",
    ),
    (scope_change, "a write"): ("void N() { lock (_gate) { _n = 1; } }", "void N() { _n = 1; }", "high"),
    (lock_target, "an object of its own"): (
        "void M() { lock (_gate) { _n++; } }",
        "void M() { var gate = new object(); lock (gate) { _n++; } }",
        "high",
    ),
    (lock_type, "a modern lock"): (
        "class D { readonly object _g = new(); void M() { lock (_g) { Monitor.Wait(_g, 5); } } }",
        "class D { readonly Lock _g = new(); void M() { lock (_g) { Monitor.Wait(_g, 5); } } }",
        "high",
    ),
    (reentrant_grain, "a method interleaves"): (
        "class G : Grain { public async Task M() { await Work(); } }",
        "class G : Grain { [AlwaysInterleave] public async Task M() { await Work(); } }",
        "high",
    ),
    (reentrant_grain, "a new method"): (
        "class G : Grain { int _n; public async Task N() { await Work(); } }",
        "class G : Grain { int _n; public async Task N() { await Work(); } [AlwaysInterleave] public Task M() { return Work(); } }",
        "medium",
    ),
    (reentrant_grain, "with other attributes"): (
        "class G : Grain { public async Task M() { await Work(); } }",
        "[StatelessWorker, Reentrant] class G : Grain { public async Task M() { await Work(); } }",
        "high",
    ),
    (static_shared, "made static"): (
        "Random _random = new(); int M() { return _random.Next(); }",
        "static Random _random = new(); int M() { return _random.Next(); }",
        "medium",
    ),
    (static_shared, "a context, as its use shows"): (
        "readonly Shop _shop; void M() { _shop.Add(new Row()); _shop.SaveChanges(); }",
        "static Shop _shop; void M() { _shop.Add(new Row()); _shop.SaveChanges(); }",
        "medium",
    ),
    (scope_attribute, "made private"): (
        "[UnitOfWork] public void M() { _n++; }",
        "[UnitOfWork] private void M() { _n++; }",
        "medium",
    ),
    (lock_order, "the only place that nests them"): (
        "void A() { lock (_gate) { lock (_other) { _n++; } } }",
        "void A() { lock (_other) { lock (_gate) { _n++; } } }",
        "medium",
    ),
    (lock_order, "a semaphore and a lock"): (
        "void A() { _slots.Wait(); try { lock (_gate) { _n++; } } finally { _slots.Release(); } }",
        "void A() { lock (_gate) { _slots.Wait(); try { _n++; } finally { _slots.Release(); } } }",
        "medium",
    ),
    (scope_attribute, "called directly now"): (
        "void Import(int id) { _orders.Ship(id); } [UnitOfWork] public virtual void Ship(int id) { Work(); }",
        "void Import(int id) { Ship(id); } [UnitOfWork] public virtual void Ship(int id) { Work(); }",
        "medium",
    ),
    (scope_attribute, "a new call"): (
        "void Import(int id) { } [Transactional] public virtual void Ship(int id) { Work(); }",
        "void Import(int id) { this.Ship(id); } [Transactional] public virtual void Ship(int id) { Work(); }",
        "medium",
    ),
}
QUIET_EDITS: dict[tuple[ModuleType, str], tuple[str, str]] = {
    (check_then_act, "a look before the step that decides"): (
        "ConcurrentDictionary<int, int> _d = new(); int M(int k) { return _d.GetOrAdd(k, x => x + 1); }",
        "ConcurrentDictionary<int, int> _d = new();"
        " int M(int k) { if (_d.TryGetValue(k, out var v)) { return v; } return _d.GetOrAdd(k, x => x + 1); }",
    ),
    (check_then_act, "inverted"): (
        "ConcurrentDictionary<int, int> _d = new(); bool M(int k) { if (_d.TryRemove(k, out var v)) { Close(v); return true; } return false; }",
        "ConcurrentDictionary<int, int> _d = new(); bool M(int k) { if (!_d.TryRemove(k, out var v)) return false; Close(v); return true; }",
    ),
    (check_then_act, "a write without a look"): (
        "ConcurrentDictionary<int, int> _d = new(); void M(int k) { _d.TryAdd(k, 1); }",
        "ConcurrentDictionary<int, int> _d = new(); void M(int k) { _d[k] = 1; }",
    ),
    (lock_split, "only one part touches state"): (
        "void M() { lock (_gate) { _n++; Log(); } }",
        "void M() { lock (_gate) { _n++; } lock (_gate) { Log(); } }",
    ),
    (lock_split, "another lock"): (
        "void M() { lock (_gate) { _n++; } }",
        "void M() { lock (_gate) { _n++; } lock (_other) { _sum++; } }",
    ),
    (lock_split, "a second lock around something new"): (
        "void M() { lock (_gate) { _n++; } }",
        "void M() { lock (_gate) { _n++; } Work(); lock (_gate) { _sum++; } }",
    ),
    (concurrent_collection, "one call"): (
        "Dictionary<int, int> _d = new(); void M(int x) { lock (_gate) { _d[x] = 1; } }",
        "ConcurrentDictionary<int, int> _d = new(); void M(int x) { _d[x] = 1; }",
    ),
    (concurrent_collection, "one atomic call for two"): (
        "Dictionary<int, int> _d = new(); void M(int x) { lock (_gate) { if (!_d.ContainsKey(x)) _d[x] = 1; } }",
        "ConcurrentDictionary<int, int> _d = new(); void M(int x) { _d.TryAdd(x, 1); }",
    ),
    (concurrent_collection, "the lock stays"): (
        "Dictionary<int, int> _d = new(); void M(int x) { lock (_gate) { _d[x] = 1; _sum++; } }",
        "ConcurrentDictionary<int, int> _d = new(); void M(int x) { lock (_gate) { _d[x] = 1; _sum++; } }",
    ),
    (volatile_field, "now under a lock"): (
        "volatile bool _done; bool Done() { return _done; } void Stop() { _done = true; }",
        "bool _done; bool Done() { lock (_gate) { return _done; } } void Stop() { lock (_gate) { _done = true; } }",
    ),
    (volatile_field, "now through Volatile"): (
        "volatile bool _done; bool Done() { return _done; } void Stop() { _done = true; }",
        "bool _done; bool Done() { return Volatile.Read(ref _done); } void Stop() { Volatile.Write(ref _done, true); }",
    ),
    (volatile_field, "the field is gone"): (
        "volatile bool _done; bool Done() { return _done; }",
        "bool Done() { return _source.IsCancellationRequested; }",
    ),
    (interlocked_pair, "one counter"): (
        "void M() { lock (_gate) { _n++; } }",
        "void M() { Interlocked.Increment(ref _n); }",
    ),
    (interlocked_pair, "the lock stays"): (
        "void M(int x) { lock (_gate) { _n++; _sum += x; } }",
        "void M(int x) { lock (_gate) { Interlocked.Increment(ref _n); Interlocked.Add(ref _sum, x); } }",
    ),
    (thread_affine_await, "ConfigureAwait under a semaphore"): (
        "async Task M() { await _slots.WaitAsync(); try { await Work(); } finally { _slots.Release(); } }",
        "async Task M() { await _slots.WaitAsync(); try { await Work().ConfigureAwait(false); } finally { _slots.Release(); } }",
    ),
    (thread_affine_await, "it was there"): (
        "async Task M() { Monitor.Enter(_gate); try { await Work().ConfigureAwait(false); } finally { Monitor.Exit(_gate); } }",
        "async Task M() { Monitor.Enter(_gate); try { await Word().ConfigureAwait(false); } finally { Monitor.Exit(_gate); } }",
    ),
    (callback_under_lock, "an event moves out"): (
        "void M() { lock (_gate) { _n++; Changed(this, null); } }",
        "void M() { lock (_gate) { _n++; } Changed(this, null); }",
    ),
    (callback_under_lock, "it was there"): (
        "void M() { lock (_gate) { _n++; Changed?.Invoke(this, null); } }",
        "void M() { lock (_gate) { _n += 1; Changed(this, null); } }",
    ),
    (callback_under_lock, "a method of its own"): (
        "void M() { lock (_gate) { _n++; } Report(); } void Report() { }",
        "void M() { lock (_gate) { _n++; Report(); } } void Report() { }",
    ),
    (hoisted_clock, "moved in"): (
        "DateTime _at; void M() { var now = DateTime.UtcNow; lock (_gate) { _at = now; } }",
        "DateTime _at; void M() { lock (_gate) { _at = DateTime.UtcNow; } }",
    ),
    (hoisted_clock, "taken after it"): (
        "DateTime _at; void M() { lock (_gate) { _n++; _at = DateTime.UtcNow; } }",
        "DateTime _at; void M() { lock (_gate) { _n++; } _at = DateTime.UtcNow; }",
    ),
    (lazy_mode, "strengthened"): (
        "readonly Lazy<int> _v = new(Make, LazyThreadSafetyMode.None);",
        "readonly Lazy<int> _v = new(Make);",
    ),
    (lazy_mode, "the default written out"): (
        "readonly Lazy<int> _v = new(Make);",
        "readonly Lazy<int> _v = new(Make, true);",
    ),
    (monitor_wait, "all for one"): (
        "void M() { lock (_gate) { _n++; Monitor.Pulse(_gate); } }",
        "void M() { lock (_gate) { _n++; Monitor.PulseAll(_gate); } }",
    ),
    (monitor_wait, "another loop"): (
        "void M() { lock (_gate) { while (_n == 0) { Monitor.Wait(_gate); } _n--; } }",
        "void M() { lock (_gate) { while (true) { if (_n > 0) { break; } Monitor.Wait(_gate); } _n--; } }",
    ),
    (scope_change, "the same by another name"): (
        "int N() { lock (_gate) { return _n; } }",
        "int N() { lock (this._gate) { return this._n; } }",
    ),
    (scope_change, "a new line under it"): (
        "int N() { lock (_gate) { return _n; } }",
        "int N() { lock (_gate) { _sum++; return _n; } }",
    ),
    (reentrant_grain, "it was there"): (
        "[Reentrant] class G : Grain { public async Task M() { await Work(); } }",
        "[Reentrant] class G : Grain { public async Task M() { await Work(); Done(); } }",
    ),
    (reentrant_grain, "taken away"): (
        "[Reentrant] class G : Grain { public async Task M() { await Work(); } }",
        "class G : Grain { public async Task M() { await Work(); } }",
    ),
    (lock_order, "the order of the others"): (
        "void A() { lock (_other) { lock (_gate) { _n++; } } } void B() { lock (_gate) { lock (_other) { _n--; } } }",
        "void A() { lock (_gate) { lock (_other) { _n++; } } } void B() { lock (_gate) { lock (_other) { _n--; } } }",
    ),
    (lock_order, "one after the other"): (
        "void A() { lock (_gate) { _n++; } lock (_other) { _sum++; } }",
        "void A() { lock (_other) { _sum++; } lock (_gate) { _n++; } }",
    ),
    (scope_attribute, "by its interface"): (
        "void Import(int id) { } [UnitOfWork] public virtual void Ship(int id) { Work(); }",
        "void Import(int id) { _orders.Ship(id); } [UnitOfWork] public virtual void Ship(int id) { Work(); }",
    ),
    (scope_attribute, "from a member that has its own"): (
        "[UnitOfWork] public virtual void Import(int id) { } [UnitOfWork] public virtual void Ship(int id) { Work(); }",
        "[UnitOfWork] public virtual void Import(int id) { Ship(id); } [UnitOfWork] public virtual void Ship(int id) { Work(); }",
    ),
    (static_shared, "a service without state"): (
        "readonly Mapper _mapper; Row M() { return _mapper.Map(1); }",
        "static readonly Mapper _mapper; Row M() { return _mapper.Map(1); }",
    ),
    (static_shared, "a context under a lock"): (
        "readonly Shop _shop; void M() { lock (_gate) { _shop.SaveChanges(); } }",
        "static Shop _shop; void M() { lock (_gate) { _shop.SaveChanges(); } }",
    ),
    (scope_change, "the field renamed"): (
        "object _sync = new(); int N() { lock (_sync) { return _n; } } void M() { lock (_sync) { _n++; } }",
        "object _monitor = new(); int N() { lock (_monitor) { return _n; } } void M() { lock (_monitor) { _n++; } }",
    ),
    (scope_change, "a private method that nothing called deleted"): (
        "private void M() { lock (_gate) { _n++; } }",
        "void Other() { Work(); }",
    ),
}

MINE = sorted({r for r, _ in (*LOUD, *LOUD_EDITS)}, key=lambda r: r.__name__)
COMPARES = [r for r in MINE if hasattr(r, "compare") and "Example" in (r.__doc__ or "")]


def name(value: object) -> str:
    """A rule's module or a case, for a test's name."""
    return value.__name__.rpartition(".")[2] if isinstance(value, ModuleType) else str(value)


@pytest.mark.parametrize(("rule", "case"), LOUD, ids=name)
def test_loud(rule: ModuleType, case: str) -> None:
    """The rule finds exactly one thing, with evidence and a question, and the check of all rules has it too."""
    (finding,) = found(rule, LOUD[rule, case])
    assert finding.rule == rule.ID
    assert finding.message.endswith(".")
    assert "?" in finding.question
    assert finding in rules.check(outlined(LOUD[rule, case]))


@pytest.mark.parametrize(("rule", "case"), QUIET, ids=name)
def test_quiet(rule: ModuleType, case: str) -> None:
    """The legitimate twin is left alone."""
    assert found(rule, QUIET[rule, case]) == []


@pytest.mark.parametrize(("rule", "case"), LOUD_EDITS, ids=name)
def test_loud_edit(rule: ModuleType, case: str) -> None:
    """The edit has one finding of the rule, with its severity, evidence and a question."""
    before, after, severity = LOUD_EDITS[rule, case]
    (finding,) = edited(rule, before, after)
    assert finding.severity == severity
    assert finding.message.endswith(".")
    assert "?" in finding.question
    assert 1 <= finding.at.start_line <= finding.at.end_line


@pytest.mark.parametrize(("rule", "case"), QUIET_EDITS, ids=name)
def test_quiet_edit(rule: ModuleType, case: str) -> None:
    """The edit's legitimate twin is left alone."""
    assert edited(rule, *QUIET_EDITS[rule, case]) == []


@pytest.mark.parametrize("rule", COMPARES, ids=name)
def test_every_edit_rule_has_its_cases(rule: ModuleType) -> None:
    """Each rule about edits has at least two loud and two quiet edits besides its own examples."""
    assert sum(r is rule for r, _ in LOUD_EDITS) >= 2
    assert sum(r is rule for r, _ in QUIET_EDITS) >= 2
