"""An edit held against the rest of the repository: wrappers in other files, and callers there that the edit changes."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

from ctxreview.guard.check import suggestions
from ctxreview.model.review import Context, GuardResult
from ctxreview.review.context import build
from ctxreview.review.pipeline import check_suggestions
from tests.samples import context_at, options, request

UNIT = """
    public interface IUnit { Task RunAsync(Func<Task> work); }
    public sealed class Unit(ShopContext db) : IUnit
    {
        public async Task RunAsync(Func<Task> work)
        {
            await using var transaction = await db.Database.BeginTransactionAsync(IsolationLevel.Serializable);
            await work();
            await transaction.CommitAsync();
        }
    }
"""
GATE = """
    public sealed class Gate
    {
        private readonly SemaphoreSlim _one = new(1, 1);
        public async Task<IDisposable> HoldAsync(string key) { await _one.WaitAsync(); return new Exit(_one); }
        public async Task<T> UnderAsync<T>(string key, Func<Task<T>> work)
        {
            await _one.WaitAsync();
            try { return await work(); } finally { _one.Release(); }
        }
        private sealed class Exit(SemaphoreSlim one) : IDisposable { public void Dispose() => one.Release(); }
    }
"""
SERVICE = """
    public sealed class Seats(ShopContext db, Gate gate, IUnit unit)
    {
        public async Task<bool> Take(string row, int count)
        {
            using (await gate.HoldAsync(row))
            {
                var seat = await db.Seats.FirstAsync(s => s.Row == row);
                seat.Free -= count;
                await db.SaveChangesAsync();
                return true;
            }
        }

        public Task<int> Give(string row, int count) =>
            gate.UnderAsync(row, async () =>
            {
                var seat = await db.Seats.FirstAsync(s => s.Row == row);
                seat.Free += count;
                return await db.SaveChangesAsync();
            });

        public async Task Move(string from, string to)
        {
            await unit.RunAsync(async () =>
            {
                var source = await db.Seats.FirstAsync(s => s.Row == from);
                var target = await db.Seats.FirstAsync(s => s.Row == to);
                source.Free -= 1;
                target.Free += 1;
                await db.SaveChangesAsync();
            });
        }
    }
"""
HELD = {"Unit.cs": UNIT, "Gate.cs": GATE, "Seats.cs": SERVICE}

REPOSITORY = """
    public interface IRepository<T> where T : class { Task<T?> GetAsync(Expression<Func<T, bool>> wanted); }
    public class EfRepository<T>(ShopContext db) : IRepository<T> where T : class
    {
        public virtual async Task<T?> GetAsync(Expression<Func<T, bool>> wanted)
        {
            var query = db.Set<T>().AsQueryable();
            return await query.FirstOrDefaultAsync(wanted);
        }
    }
    public interface IWork { Task<int> SaveAsync(); Task InTransactionAsync(Func<Task> work); }
    public sealed class Work(ShopContext db) : IWork
    {
        public Task<int> SaveAsync() => db.SaveChangesAsync();
        public async Task InTransactionAsync(Func<Task> work)
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            await work();
            await transaction.CommitAsync();
        }
    }
"""
ORDERS = """
    public sealed class Orders(IRepository<Order> orders, IRepository<Stock> stocks, IWork work)
    {
        public async Task Cancel(string number)
        {
            await work.InTransactionAsync(async () =>
            {
                var order = await orders.GetAsync(o => o.Number == number);
                order.Status = Status.Cancelled;
                foreach (var line in order.Lines)
                {
                    var stock = await stocks.GetAsync(s => s.Sku == line.Sku);
                    stock!.Free += line.Count;
                }

                await work.SaveAsync();
            });
        }
    }
"""
GENERIC = {"Repository.cs": REPOSITORY, "Orders.cs": ORDERS}


def repository(folder: Path, files: dict[str, str], settings: str = "") -> Path:
    """Some files of one repository."""
    (folder / ".git").mkdir()
    for name, text in files.items():
        (folder / name).write_text(dedent(text).lstrip("\n"), "utf-8")
    if settings:
        (folder / ".ctxreview.toml").write_text(settings, "utf-8")
    return folder


def context_of(folder: Path, path: str, at: str, hops: int = 3) -> Context:
    """The context of the first line of a file that has the text."""
    lines = (folder / path).read_text("utf-8").splitlines()
    line = next(n for n, text in enumerate(lines, 1) if at in text)
    return context_at(f"{folder / path}:{line}", options(hops=hops))


def edited(folder: Path, path: str, old: str, new: str, hops: int = 3) -> GuardResult:
    """The guard's opinion on a diff that turns ``old`` into ``new`` in one file; whole lines, without their margins."""
    text = (folder / path).read_text("utf-8")
    pattern = r"\s*\n\s*".join(re.escape(line.strip()) for line in dedent(old).strip().splitlines())
    found = re.search(rf"^[ \t]*{pattern}[ \t]*\n", text, re.MULTILINE)
    assert found is not None, old
    first = text[: found.start()].count("\n") + 1
    was = found[0].splitlines()
    now = [f"        {line}" for line in dedent(new).strip().splitlines()]
    diff = [f"--- a/{path}", f"+++ b/{path}", f"@@ -{first},{len(was)} +{first},{len(now)} @@"]
    diff += [*(f"-{line}" for line in was), *(f"+{line}" for line in now)]
    asked = request(f"{folder / path}:{first}", options(hops=hops))
    about = build(asked)
    (checked,) = check_suggestions(suggestions("\n".join(diff) + "\n", about), about, asked)
    assert checked.applied, checked.reason
    return checked


TAKE = """
    using (await gate.HoldAsync(row))
    {
        var seat = await db.Seats.FirstAsync(s => s.Row == row);
        seat.Free -= count;
        await db.SaveChangesAsync();
        return true;
    }
"""
TAKEN = """
    var seat = await db.Seats.FirstAsync(s => s.Row == row);
    seat.Free -= count;
    await db.SaveChangesAsync();
    return true;
"""
GIVE = """
    gate.UnderAsync(row, async () =>
    {
        var seat = await db.Seats.FirstAsync(s => s.Row == row);
        seat.Free += count;
        return await db.SaveChangesAsync();
    });
"""
GIVEN = "Add(row, count);"
MOVE = """
    await unit.RunAsync(async () =>
    {
        var source = await db.Seats.FirstAsync(s => s.Row == from);
        var target = await db.Seats.FirstAsync(s => s.Row == to);
        source.Free -= 1;
        target.Free += 1;
        await db.SaveChangesAsync();
    });
"""
MOVED = """
    var source = await db.Seats.FirstAsync(s => s.Row == from);
    var target = await db.Seats.FirstAsync(s => s.Row == to);
    source.Free -= 1;
    target.Free += 1;
    await db.SaveChangesAsync();
"""
LATE = """
    var seat = await db.Seats.FirstAsync(s => s.Row == row);
    using (await gate.HoldAsync(row))
    {
        seat.Free -= count;
        await db.SaveChangesAsync();
        return true;
    }
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [(TAKE, TAKEN), (GIVE, GIVEN), (MOVE, MOVED), (TAKE, LATE)],
    ids=["using", "lambda", "unit", "hoisted"],
)
def test_a_wrapper_of_another_file_is_missed_when_an_edit_drops_it(tmp_path: Path, old: str, new: str) -> None:
    """The call of a wrapper that another file declares is a scope for the guard, as it is for the context."""
    folder = repository(tmp_path, HELD)
    assert edited(folder, "Seats.cs", old, new).verdict == "conflicts"
    assert edited(folder, "Seats.cs", old, new, hops=0).verdict == "no-known-conflict"  # this file alone


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seat.Free -= count;", "seat.Free = seat.Free - count;"),
        (TAKE, TAKE.replace("seat", "place")),
        (MOVE, MOVE.replace("source", "first").replace("target", "second")),
    ],
    ids=["written otherwise", "renamed under a lock", "renamed under a transaction"],
)
def test_an_edit_that_keeps_the_wrapper_is_quiet(tmp_path: Path, old: str, new: str) -> None:
    """What is under the same call as before is not a change of its scope."""
    assert edited(repository(tmp_path, HELD), "Seats.cs", old, new).verdict == "no-known-conflict"


def test_a_wrapper_that_settings_name_is_known_with_what_its_body_says(tmp_path: Path) -> None:
    """A name in the settings opens a scope for the guard too; where its body was read, that says more."""
    settings = '[scopes]\nlock = ["gate.HoldAsync", "gate.UnderAsync"]\ntransaction = ["unit.RunAsync"]\n'
    folder = repository(tmp_path, HELD, settings)
    for old, new in ((TAKE, TAKEN), (GIVE, GIVEN), (MOVE, MOVED)):
        assert edited(folder, "Seats.cs", old, new).verdict == "conflicts"
    (scope,) = context_of(folder, "Seats.cs", "source.Free").enclosing
    assert (scope.certainty, scope.isolation.level) == ("resolved", "Serializable")


UNWRAPPED = {
    "the transaction goes": (
        "await using var transaction = await db.Database.BeginTransactionAsync(IsolationLevel.Serializable);\nawait work();\nawait transaction.CommitAsync();",
        "await work();",
    ),
    "the work goes before it": (
        "await using var transaction = await db.Database.BeginTransactionAsync(IsolationLevel.Serializable);\nawait work();",
        "await work();\nawait using var transaction = await db.Database.BeginTransactionAsync(IsolationLevel.Serializable);",
    ),
}


@pytest.mark.parametrize("case", UNWRAPPED)
def test_an_edit_in_a_wrapper_says_which_callers_lose_their_scope(tmp_path: Path, case: str) -> None:
    """Callers in other files ran under what the wrapper opened: they are named with their lines."""
    old, new = UNWRAPPED[case]
    checked = edited(repository(tmp_path, HELD), "Unit.cs", old, new)
    assert checked.verdict == "conflicts"
    (lost,) = [f for f in checked.findings if f.message.startswith("Seen from Seats.cs: ")]
    assert "removes the RunAsync" in lost.message
    assert (lost.at.path, lost.certainty) == ("Unit.cs", "resolved")
    assert any(r.path == "Seats.cs" for r in lost.related)


def test_an_edit_in_a_wrapper_that_keeps_its_scope_says_nothing_of_callers(tmp_path: Path) -> None:
    """A wrapper that does one thing more, and runs its delegate as before, is the same to its callers."""
    checked = edited(
        repository(tmp_path, HELD),
        "Unit.cs",
        "await work();",
        "ArgumentNullException.ThrowIfNull(work);\nawait work();",
    )
    assert [f.message for f in checked.findings if "Seen from" in f.message] == []


def test_a_lower_isolation_in_a_wrapper_is_told_to_its_callers(tmp_path: Path) -> None:
    """The level is the wrapper's and the work is the callers': both ends are in the finding."""
    checked = edited(
        repository(tmp_path, HELD),
        "Unit.cs",
        "await using var transaction = await db.Database.BeginTransactionAsync(IsolationLevel.Serializable);",
        "await using var transaction = await db.Database.BeginTransactionAsync(IsolationLevel.ReadCommitted);",
    )
    assert checked.verdict == "needs-human"
    (told,) = [f for f in checked.findings if f.message.startswith("Seen from Seats.cs: ")]
    assert "from Serializable to ReadCommitted" in told.message


UNTRACKED = ("var query = db.Set<T>().AsQueryable();", "var query = db.Set<T>().AsNoTracking();")
DROPPED = {
    "in the repository": ("Repository.cs", *UNTRACKED),
    "in one expression": ("Repository.cs", "var query = db.Set<T>().AsQueryable();\nreturn await query.FirstOrDefaultAsync(wanted);", "return await db.Set<T>().AsNoTracking().FirstOrDefaultAsync(wanted);"),
    "saved line by line": ("Orders.cs", "stock!.Free += line.Count;\n}\n\nawait work.SaveAsync();", "stock!.Free += line.Count;\nawait work.SaveAsync();\n}"),
    "all at once": ("Orders.cs", "foreach (var line in order.Lines)\n{\nvar stock = await stocks.GetAsync(s => s.Sku == line.Sku);\nstock!.Free += line.Count;\n}", "await Task.WhenAll(order.Lines.Select(async line =>\n{\nvar stock = await stocks.GetAsync(s => s.Sku == line.Sku);\nstock!.Free += line.Count;\n}));"),
}  # fmt: skip


@pytest.mark.parametrize("case", DROPPED)
def test_a_generic_repository_is_seen_through_from_both_files(tmp_path: Path, case: str) -> None:
    """Reading untracked in the repository, or saving and reading otherwise in the service, conflicts with what the other does."""
    path, old, new = DROPPED[case]
    folder = repository(tmp_path, GENERIC)
    assert edited(folder, path, old, new).verdict == "conflicts"


QUIET = {
    "a copy": ("Repository.cs", "var query = db.Set<T>().AsQueryable();", "IQueryable<T> query = db.Set<T>();"),
    "asked for": ("Repository.cs", "var query = db.Set<T>().AsQueryable();", "var query = db.Set<T>().AsQueryable();\nif (_readsOnly)\n{\nquery = query.AsNoTracking();\n}"),
    "renamed": ("Orders.cs", "var order = await orders.GetAsync(o => o.Number == number);", "var order = await orders.GetAsync(one => one.Number == number);"),
}  # fmt: skip


@pytest.mark.parametrize("case", QUIET)
def test_a_change_that_callers_cannot_notice_is_quiet(tmp_path: Path, case: str) -> None:
    """What is read tracked as before, or untracked on demand alone, is held against no caller."""
    path, old, new = QUIET[case]
    assert edited(repository(tmp_path, GENERIC), path, old, new).verdict == "no-known-conflict"


def test_callers_that_only_read_may_be_given_what_nobody_tracks(tmp_path: Path) -> None:
    """Without a caller that changes and saves what it gets, an untracked read is not a hazard."""
    reads = """
        public sealed class Report(IRepository<Order> orders)
        {
            public async Task<string> Name(string number)
            {
                var order = await orders.GetAsync(o => o.Number == number);
                return order?.Name ?? "";
            }
        }
    """
    folder = repository(tmp_path, {"Repository.cs": REPOSITORY, "Report.cs": reads})
    assert edited(folder, "Repository.cs", *UNTRACKED).verdict == "no-known-conflict"


@pytest.mark.parametrize(("functions", "followed"), [(40, True), (45, False)])
def test_callers_of_many_changed_functions_are_not_all_followed(tmp_path: Path, functions: int, followed: bool) -> None:
    """Of an edit that changes more functions than are followed into other files, the rest is named, as a note."""
    old = "\n".join(f"public int M{n}() => {n};" for n in range(functions))
    text = "public class Many\n{\n" + "".join(f"        {line}\n" for line in old.splitlines()) + "}\n"
    folder = repository(tmp_path, {"Many.cs": text})
    checked = edited(folder, "Many.cs", old, old.replace(";", " + 1;"))
    told = [f for f in checked.findings if f.rule == "unfollowed-callers"]
    assert [f.severity for f in told] == ([] if followed else ["note"])
    assert checked.verdict == ("no-known-conflict" if followed else "needs-human")
    assert followed or "5 more functions, from M40 on" in told[0].message
