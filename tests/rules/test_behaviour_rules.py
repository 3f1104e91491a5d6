"""Edits whose effect stands elsewhere: in a helper, a view, an extension, a constant; each beside a twin that changes nothing."""

from __future__ import annotations

import pytest

from ctxreview import rules
from tests.rules.test_rules import outlined

CONTEXT = """
class ShopContext : DbContext {
    public DbSet<Order> Orders => Set<Order>();
    public IQueryable<Order> Lean => Orders.AsNoTracking();
    public IQueryable<Order> Open => Orders.Where(o => o.IsOpen);
}
static class Queries {
    public static IQueryable<T> Fast<T>(this IQueryable<T> rows) => rows.AsNoTracking();
    public static IQueryable<Order> Due(this IQueryable<Order> rows) => rows.Where(o => o.Due);
}
"""
FIELDS = """
    readonly ShopContext _db; readonly IStore _store; readonly Func<ShopContext> _open; readonly string _source; readonly AsyncLock _turn;
    readonly Func<ShopContext, Order> _ask;
"""


def said(before: str, after: str, fields: str = "", fields_after: str | None = None) -> list[str]:
    """The rules that ask about an edit of a class's members."""
    one, two = (
        f"{CONTEXT} class C {{ {FIELDS} {state} {members} }}"
        for state, members in ((fields, before), (fields if fields_after is None else fields_after, after))
    )
    return [f.rule for f in rules.compare(outlined(one), outlined(two)) if f.severity != "note"]


UPDATE = """
    async Task M(int id) {{
        using var tx = _db.Database.BeginTransaction();
        var order = await _db.{}.FirstAsync(o => o.Id == id);
        order.State = 1;
        await _db.SaveChangesAsync();
        tx.Commit();
    }}
"""
SHOW = """
    async Task<string> M(int id) {{
        var order = await _db.{}.FirstAsync(o => o.Id == id);
        return order.Name;
    }}
"""


@pytest.mark.parametrize(
    "query", ["Lean", "Orders.Fast()", "Open.Fast()", "Orders.AsTracking(QueryTrackingBehavior.NoTracking)"]
)
def test_an_update_is_lost_by_whatever_stops_the_tracking(query: str) -> None:
    """A view, an extension or an option that stops tracking loses the update, and is asked about once."""
    assert said(UPDATE.format("Orders"), UPDATE.format(query)) == ["no-tracking-write"]


@pytest.mark.parametrize("query", ["Open", "Orders.Due()", "Orders.Fast().AsTracking()"])
def test_a_tracked_query_by_another_name_loses_nothing(query: str) -> None:
    """A view or an extension that only filters keeps the update, and so does tracking that is asked for again."""
    assert said(UPDATE.format("Orders"), UPDATE.format(query)) == []


@pytest.mark.parametrize("query", ["Lean", "Orders.Fast()"])
def test_what_is_only_read_needs_no_tracking(query: str) -> None:
    """A row that is only read may come from a query that nobody tracks."""
    assert said(SHOW.format("Orders"), SHOW.format(query)) == []


def test_the_helper_that_stops_the_tracking_may_be_what_is_edited() -> None:
    """An edit of a helper is seen in the functions that call it."""
    helper = "IQueryable<Order> All() => _db.Orders{};"
    use = "void M() { var o = All().First(); o.State = 1; _db.SaveChanges(); }"
    assert said(use + helper.format(""), use + helper.format(".AsNoTracking()")) == ["no-tracking-write"]
    again = "void M() { var o = All().First(); o.State = 1; _db.Update(o); _db.SaveChanges(); }"
    assert said(again + helper.format(""), again + helper.format(".AsNoTracking()")) == []


def test_a_task_is_waited_for_while_its_lock_is_held() -> None:
    """A task that is returned where it was awaited outlives the lock; where nothing is held it may be returned."""
    held = "{}Task M(int id) {{ using var handle = _turn.Lock(); {} _store.DeleteAsync(id); }}"
    before, after = (held.format(*words) for words in (("async ", "await"), ("", "return")))
    assert said(before, after) == ["deferred-execution"]
    free = "{}Task M(int id) {{ {} _store.DeleteAsync(id); }}"
    assert said(free.format("async ", "await"), free.format("", "return")) == []


def test_of_calls_that_are_alike_one_may_go() -> None:
    """Of several calls of one method, awaited and not, an edit takes one away: the others are what they were."""
    code = (
        "async Task M(int id) { _ = _store.DeleteAsync(1); await _store.DeleteAsync(2); await _store.DeleteAsync(3); }"
    )
    assert said(code, code.replace("await _store.DeleteAsync(2);", "")) == []


def test_who_waits_for_a_call_waits_for_the_function_it_was_given() -> None:
    """A query that moves into the function given to a cache is waited for with the call of the cache."""
    code = "async Task<List<Order>> M(int id) {{ return {}; }} readonly IMemoryCache _cache;"
    query = "_db.Lean.ToListAsync()"
    cached = f'await _cache.GetOrCreateAsync("orders", entry => {{ return {query}; }})'
    assert said(code.format(f"await {query}"), code.format(cached)) == []


def test_a_bulk_copy_that_opens_its_own_connection() -> None:
    """A bulk copy made from a connection string is outside the transaction; one made on its connection is not."""
    code = """
        void M(DataTable rows) {{
            using var connection = new SqlConnection(_source);
            using var tx = connection.BeginTransaction();
            using var copy = new SqlBulkCopy({});
            copy.WriteToServer(rows);
            tx.Commit();
        }}
        readonly string _connectionString;
    """
    own, inside = "_connectionString", "connection, SqlBulkCopyOptions.Default, tx"
    assert "second-connection" in said(code.format(inside), code.format(own))
    assert said(code.format(own), code.format(inside)) == []


def test_a_query_is_read_before_its_transaction_ends() -> None:
    """A query that leaves its transaction unread is asked about, wherever its context comes from; one read by another name is not."""
    code = """
        IEnumerable<Order> M() {{
            using (var db = _open())
            using (var tx = db.Database.BeginTransaction(IsolationLevel.Snapshot)) {{
                var rows = db.Orders.Where(o => o.Due){};
                tx.Commit();
                return rows;
            }}
        }}
    """
    assert said(code.format(".ToList()"), code.format("")) == ["deferred-execution"]
    assert said(code.format(".ToList()"), code.format(".ToArray()")) == []


def test_a_second_connection_joins_a_transaction_of_all() -> None:
    """A connection that a local function opens is one more; the same commands on the one that is open are not."""
    code = """
        void M(int id) {{
            using (var scope = new TransactionScope())
            using (var conn = new SqlConnection(_source)) {{
                conn.Open();
                {}
                scope.Complete();
            }}
        }}
    """
    inside = 'using (var first = new SqlCommand("UPDATE A SET X = 1", conn)) first.ExecuteNonQuery();'
    own = """
        Run("UPDATE A SET X = 1");
        void Run(string sql) {
            using (var own = new SqlConnection(_source)) { own.Open(); new SqlCommand(sql, own).ExecuteNonQuery(); }
        }
    """
    same = 'Run("UPDATE A SET X = 1"); void Run(string sql) { using var c = new SqlCommand(sql, conn); c.ExecuteNonQuery(); }'
    assert "second-connection" in said(code.format(inside), code.format(own))
    assert said(code.format(inside), code.format(same)) == []


def test_a_context_that_becomes_static_is_shared() -> None:
    """A context that all requests share is asked about, whatever its type is called; a constant is not."""
    use = "void M() { using var tx = s_db.Database.BeginTransaction(); s_db.Add(new Order()); s_db.SaveChanges(); tx.Commit(); }"
    assert "static-shared" in said(use, use, "readonly Warehouse s_db;", "static Warehouse s_db;")
    limit = "int M() => Most;"
    assert said(limit, limit, "readonly int Most = 3;", "static readonly int Most = 3;") == []
