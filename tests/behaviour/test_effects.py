"""Traces: what a function does to what others can see, helpers in place of their calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctxreview.behaviour.effects import Effect, Trace
from ctxreview.behaviour.tracing import trace
from ctxreview.model.source import Source
from ctxreview.outline import outline

SOURCES = sorted((Path(__file__).parents[1] / "corpus" / "csharp").glob("*.cs"))

FIELDS = """
    readonly object _gate = new(); readonly SemaphoreSlim _turn = new(1); readonly Db _db; int _free; bool _open;
    readonly List<string> _names = new(); event Action Changed;
"""
EXTENSIONS = "static class Ext { public static IQueryable<T> Lean<T>(this IQueryable<T> rows) => rows.AsNoTracking(); }"


def traced(members: str, name: str = "M", around: str = "") -> Trace:
    """The trace of a member of a type with the usual fields."""
    file = outline(Source("case.cs", f"class C {{ {FIELDS} {members} }} {around}".encode()))
    found = trace(file, next(f for f in file.outermost if f.name == name))
    assert found is not None
    return found


def keys(of: Trace, *kinds: str) -> list[str]:
    """The keys of the effects of these kinds, or of all."""
    return [e.key for e in of.effects if not kinds or e.kind in kinds]


def one(of: Trace, key: str) -> Effect:
    """The only effect with that key."""
    (found,) = (e for e in of.effects if e.key == key)
    return found


def test_an_extracted_helper_gives_the_same_trace() -> None:
    """Code in a method of its own has the effects, the holds and the dependencies that it had in place."""
    whole = traced('void M() { lock (_gate) { if (_free > 0) { _free--; _names.Add("x"); } } }')
    parts = traced(
        "void M() { lock (_gate) { if (Any()) Take(); } } bool Any() => _free > 0;"
        'void Take() { _free--; Note("x"); } void Note(string it) => _names.Add(it);'
    )
    assert keys(parts) == keys(whole)
    assert [e.locks for e in parts.effects] == [e.locks for e in whole.effects]
    assert [e.depends for e in parts.effects] == [e.depends for e in whole.effects]


def test_names_of_variables_are_in_no_key() -> None:
    """Renaming locals and parameters changes no key."""
    first = traced("void M(Order a) { var b = _free; lock (_gate) { a.Count = b; _free = b + 1; } }")
    second = traced("void M(Order order) { var n = _free; lock (_gate) { order.Count = n; _free = n + 1; } }")
    assert keys(first) == keys(second)


def test_an_inverted_condition_decides_the_same() -> None:
    """What follows a guard clause depends on its condition, as what is in the branch does."""
    nested = traced("void M() { lock (_gate) { if (_open) { _free--; } } } void N() => _open = true;")
    inverted = traced("void M() { lock (_gate) { if (!_open) return; _free--; } } void N() => _open = true;")
    for found in (nested, inverted):
        assert found.decides(one(found, "read C._open"), one(found, "write C._free"))


def test_a_lock_behind_a_property_or_variable_is_the_lock() -> None:
    """A lock has the key of the object that is locked, whatever name it is reached by."""
    found = traced("object Gate => _gate; void M() { lock (Gate) _free++; var g = _gate; lock (g) _free--; }")
    assert {h for e in found.of("write") for h in e.locks} == {"C._gate"}


def test_two_sections_of_one_lock_are_not_one() -> None:
    """A lock that is let go in between has two sections, also where a helper takes it."""
    found = traced("void M() { if (Any()) lock (_gate) _free--; } bool Any() { lock (_gate) return _free > 0; }")
    first, *_, last = found.of("read", "write")
    assert first.locks == last.locks == {"C._gate"}
    assert not last.under(first.holds[0])
    assert found.decides(first, last)


def test_a_semaphore_is_held_between_its_two_calls() -> None:
    """What is between acquire and release is held, awaited or not."""
    found = traced(
        "async Task M() { await _turn.WaitAsync(); try { _free++; } finally { _turn.Release(); } _open = true; }"
    )
    assert one(found, "write C._free").locks == {"C._turn"}
    assert not one(found, "write C._open").locks
    assert keys(found, "acquire", "release") == ["acquire C._turn", "release C._turn"]


@pytest.mark.parametrize(
    "query",
    [
        "_db.Orders.AsNoTracking().First()",
        "_db.Orders.Lean().First()",
        "_db.Orders.AsTracking(QueryTrackingBehavior.NoTracking).First()",
        "Rows().First()",
        "Fast(_db)",
        "Reading.First()",
    ],
)
def test_untracked_by_any_name(query: str) -> None:
    """An extension, a method, a property and a compiled query that are AsNoTracking are seen as that."""
    found = traced(
        f"void M() {{ var o = {query}; o.Status = 1; _db.SaveChanges(); }} IQueryable<Order> Rows() => _db.Orders.Lean();"
        "static readonly Func<Db, Order> Fast = EF.CompileQuery((Db db) => db.Orders.AsNoTracking().First());"
        "IQueryable<Order> Reading => _db.Orders.AsNoTracking();",
        around=EXTENSIONS,
    )
    (asked,) = found.of("query")
    assert "untracked" in asked.traits
    written = one(found, "write Orders.Status")
    assert (written.made, written.made_by) == ("query", {asked.number})


def test_a_context_of_the_file_has_its_own_views() -> None:
    """A property of a context in the file is looked into; the rows are those of the set."""
    context = "class Db : DbContext { public DbSet<Order> Orders { get; set; } public IQueryable<Order> Lean => Orders.AsNoTracking(); }"
    found = traced("void M() { _db.Lean.First().Status = 1; }", around=context)
    (asked,) = found.of("query")
    assert (asked.key, "untracked" in asked.traits, asked.party) == ("query Orders", True, "C._db")


def test_sql_in_a_constant_is_its_text() -> None:
    """A constant, also one put together, is the text that is sent."""
    found = traced(
        'const string Hint = "WITH (UPDLOCK)"; const string Sql = "SELECT * FROM Jobs " + Hint;'
        "void M() { var j = _db.Jobs.FromSqlRaw(Sql).First(); }"
    )
    assert one(found, "query Jobs").text == "SELECT * FROM Jobs WITH (UPDLOCK)"


def test_a_transaction_holds_until_its_commit() -> None:
    """Effects are under the transaction of their context, and the commit is an effect."""
    found = traced(
        "async Task M() { await using var tx = await _db.Database.BeginTransactionAsync(); _db.Orders.First().X = 1;"
        "await _db.SaveChangesAsync(); await tx.CommitAsync(); _free++; }"
    )
    assert [h.key for h in one(found, "save C._db.SaveChanges").holds] == ["C._db"]
    assert not one(found, "write C._free").holds
    assert keys(found, "begin", "save", "commit") == ["begin C._db", "save C._db.SaveChanges", "commit C._db"]


def test_a_task_that_nobody_waits_for_outlives_the_lock() -> None:
    """Returning a task from under a lock lets the lock lapse for what the task does; awaiting it does not."""
    helper = "async Task DoAsync() { await Task.Yield(); _free++; }"
    returned = traced("Task M() { _turn.Wait(); try { return DoAsync(); } finally { _turn.Release(); } }" + helper)
    write = one(returned, "write C._free")
    assert (write.locks, [h.key for h in write.lapsed], "unawaited" in write.traits) == (set(), ["C._turn"], True)
    awaited = traced("async Task M() { _turn.Wait(); try { await DoAsync(); } finally { _turn.Release(); } }" + helper)
    assert one(awaited, "write C._free").locks == {"C._turn"}


def test_a_copy_is_not_what_was_copied() -> None:
    """Walking a copy touches nothing shared; walking the list, or a query on it, does."""
    copied = traced("void M() { List<string> all; lock (_gate) all = _names.ToList(); foreach (var n in all) Show(n); }"
                    "void N() => _names.Clear();")  # fmt: skip
    assert all(e.locks for e in copied.of("read"))
    live = traced("void M() { IEnumerable<string> all; lock (_gate) all = _names.Where(n => n != null); foreach (var n in all) Show(n); }"
                  "void N() => _names.Clear();")  # fmt: skip
    assert [e.key for e in live.of("read") if not e.locks] == ["read C._names[]"]


def test_atomic_and_volatile_accesses_are_told() -> None:
    """One indivisible step, an ordered access and a plain one differ in their traits."""
    found = traced("void M() { Interlocked.Increment(ref _free); Volatile.Write(ref _free, 1); _free = 2; }")
    assert [set(e.traits) for e in found.of("write")] == [{"atomic", "both ways"}, {"volatile"}, set()]


def test_what_runs_later_is_under_no_lock() -> None:
    """A delegate that is kept, or started as a task, does not run under the lock that it is made under."""
    found = traced(
        "void M() { lock (_gate) { Changed += () => _free++; Task.Run(() => _open = true); Later(() => _free--); } }"
    )
    assert [e.locks for e in found.of("write") if e.key in ("write C._free", "write C._open")] == [set()] * 2


def test_a_parallel_body_shares_what_it_captures() -> None:
    """A variable that a parallel body writes is a place that others reach."""
    found = traced("void M(List<int> all) { var sum = 0; Parallel.ForEach(all, n => { sum += n; }); }")
    written = one(found, "write captured sum")
    assert "parallel" in written.traits
    assert written.is_seen


def test_pure_work_and_log_lines_have_no_visible_effect() -> None:
    """Calculations, texts and log lines are nothing that others see."""
    found = traced(
        'void M(int n) { var text = string.Join(",", n) + Math.Max(n, 3); _logger.LogInformation("{T}", text); }'
    )
    assert not any(e.is_seen for e in found.effects)


def test_a_method_that_only_the_interface_has_is_no_circle() -> None:
    """The one type that implements an interface may have the method in another part of it: then the call is not followed."""
    around = "interface IOut { void Put(string text); } partial class Out : IOut { }"
    assert keys(traced("void M(Out to) { to.Put(_names[0]); }", around=around)) == ["call Out.Put"]


def test_recursion_is_cut_and_said() -> None:
    """A function that calls itself is followed once, and the trace says so."""
    found = traced("void M(int n) { _free++; if (n > 0) M(n - 1); }")
    assert not found.understood
    assert [e.kind for e in found.effects if "cut" in e.traits] == ["call"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_function_has_a_trace(path: Path) -> None:
    """Tracing raises on nothing, and effects need only what was before them."""
    file = outline(Source(path.name, path.read_bytes()))
    for function in file.outermost:
        found = trace(file, function)
        for number, effect in enumerate(found.effects if found is not None else ()):
            assert effect.number == number
            assert all(n < number for n in effect.depends)
            assert function.span.contains(effect.span)
