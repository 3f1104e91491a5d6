"""Suggestions that change several files are compared as one; files that share a lock or state with the edited one count."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import pytest

from ctxreview.guard.check import suggestions
from ctxreview.model.review import GuardResult
from ctxreview.review.context import build
from ctxreview.review.pipeline import check_suggestions
from tests.guard.test_across import repository
from tests.samples import options, request

PUT = """
    public partial class Cache
    {
        public void Put(string key, string value)
        {
            lock (_gate)
            {
                Store(key, value);
            }
        }

        public int Puts()
        {
            lock (_gate)
            {
                return _puts;
            }
        }
    }
"""
STATE = """
    public partial class Cache
    {
        private readonly object _gate = new();
        private readonly object _other = new();
        private readonly Dictionary<string, string> _items = new();
        private int _puts;

        private void Store(string key, string value)
        {
            _items[key] = value;
            _puts++;
        }
    }
"""
READ = """
    public partial class Cache
    {
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
                _items.Remove(key);
                _puts--;
            }
        }
    }
"""
CACHE = {"Cache.cs": PUT, "Cache.State.cs": STATE, "Cache.Read.cs": READ}

BOARD = """
    public static class Board
    {
        public static readonly object Gate = new();
        public static readonly object Second = new();
        public static readonly List<string> Open = new();
        public static int Seen;
    }
"""
POSTER = """
    public sealed class Poster
    {
        public void Post(string text)
        {
            lock (Board.Gate)
            {
                Board.Open.Add(text);
            }
        }

        public void See()
        {
            lock (Board.Gate)
            {
                Board.Seen++;
            }
        }

        public int Seen()
        {
            lock (Board.Gate)
            {
                return Board.Seen;
            }
        }
    }
"""
CLERK = """
    public sealed class Clerk
    {
        public void Clear()
        {
            lock (Board.Gate)
            {
                Board.Open.Clear();
            }
        }
    }
"""
BOARDS = {"Poster.cs": POSTER, "Board.cs": BOARD, "Clerk.cs": CLERK}

BASE = """
    public abstract class Meter
    {
        protected readonly object Sync = new();
        protected readonly object Extra = new();
        protected long Total;

        public void Add(long count)
        {
            lock (Sync)
            {
                Total += count;
            }
        }
    }
"""
DERIVED = """
    public sealed class DailyMeter : Meter
    {
        public long Reset()
        {
            lock (Sync)
            {
                var total = Total;
                Total = 0;
                return total;
            }
        }
    }
"""
METERS = {"Meter.cs": BASE, "DailyMeter.cs": DERIVED}

VIEWS = """
    public static class Views
    {
        public static IQueryable<T> Current<T>(this IQueryable<T> rows) where T : class => rows.AsNoTracking();
    }
"""
SHIPPING = """
    public sealed class Shipping
    {
        private readonly ShopContext _db;

        public void Ship(int id)
        {
            var order = _db.Orders.First(o => o.Id == id);
            order.Status = Status.Shipped;
            _db.SaveChanges();
        }
    }
"""
SHOP = {"Shipping.cs": SHIPPING, "Views.cs": VIEWS}
VIEWED = {
    "Shipping.cs": SHIPPING.replace("_db.Orders.First", "_db.Orders.Current().First"),
    "Views.cs": VIEWS.replace("AsNoTracking", "AsQueryable"),
}

PLAIN = "        _items[key] = value;\n        _puts++;\n"
LOCKED = "        lock (_gate)\n        {\n            _items[key] = value;\n            _puts++;\n        }\n"
GUARDED = "        lock (_gate)\n        {\n            Store(key, value);\n        }\n"
TWICE = {**CACHE, "Cache.State.cs": dedent(STATE).replace(PLAIN, LOCKED)}
ONCE = {**TWICE, "Cache.cs": dedent(PUT).replace(GUARDED, "        Store(key, value);\n")}

Edits = dict[str, list[tuple[str, str]]]


class Case(NamedTuple):
    """Files, and of those that change the texts that are replaced, the selected file first."""

    files: dict[str, str]
    edits: Edits


def suggested(folder: Path, files: dict[str, str], edits: Edits, hops: int = 3) -> GuardResult:
    """The guard's opinion on a diff over several files; what is in a new file replaces nothing."""
    diff: list[str] = []
    for path, changes in edits.items():
        old = dedent(files.get(path, "")).lstrip("\n")
        new = old
        for was, now in changes:
            assert was in new
            new = new.replace(was, now)
        names = (f"a/{path}" if old else "/dev/null", f"b/{path}")
        diff += unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), *names)
    first = next(iter(edits))
    before = dedent(files[first]).lstrip("\n")
    line = before[: before.index(edits[first][0][0])].count("\n") + 1
    asked = request(f"{folder / first}:{line}", options(hops=hops))
    about = build(asked)
    (checked,) = check_suggestions(suggestions("".join(diff), about), about, asked)
    assert checked.applied, checked.reason
    return checked


RENAMED = [("_gate", "_sync")]
LOUD = {
    "a helper lets the lock to callers that do not take it": Case(ONCE, {"Cache.State.cs": [(LOCKED, PLAIN)]}),
    "a view stops tracking for a caller in another file": Case(VIEWED, {"Views.cs": [("AsQueryable", "AsNoTracking")]}),
    "one part takes another lock than the others": Case(CACHE, {"Cache.cs": [("lock (_gate)\n        {\n            Store", "lock (_other)\n        {\n            Store")]}),
    "two of three parts take another lock": Case(
        CACHE, {"Cache.cs": [("lock (_gate)", "lock (_other)")], "Cache.State.cs": [("private int _puts;", "private int _puts = 0;")]}
    ),
    "a static lock is another one in one file": Case(
        BOARDS, {"Poster.cs": [("lock (Board.Gate)\n        {\n            Board.Open", "lock (Board.Second)\n        {\n            Board.Open")]}
    ),
    "a derived type takes another lock": Case(METERS, {"DailyMeter.cs": [("lock (Sync)", "lock (Extra)")]}),
    "a base type takes another lock": Case(METERS, {"Meter.cs": [("lock (Sync)", "lock (Extra)")]}),
    "a lock goes from a part": Case(CACHE, {"Cache.cs": [("        lock (_gate)\n        {\n            Store(key, value);\n        }\n", "        Store(key, value);\n")]}),
    "a view that is not tracked is used": Case(SHOP, {"Shipping.cs": [("_db.Orders.First", "_db.Orders.Current().First")]}),
    "a view of a new file is not tracked": Case(
        SHOP,
        {
            "Shipping.cs": [("_db.Orders.First", "_db.Orders.Open().First")],
            "OpenViews.cs": [("", "public static class OpenViews\n{\n    public static IQueryable<Order> Open(this IQueryable<Order> rows) => rows.AsNoTracking();\n}\n")],
        },
    ),
}  # fmt: skip
QUIET = {
    "a helper lets the lock to its callers in another part": Case(TWICE, {"Cache.State.cs": [(LOCKED, PLAIN)]}),
    "a view does what it did": Case(VIEWED, {"Views.cs": [("rows.AsQueryable()", "rows.AsTracking()")]}),
    "a lock is renamed in three files": Case(CACHE, {"Cache.cs": RENAMED, "Cache.State.cs": RENAMED, "Cache.Read.cs": RENAMED}),
    "all parts take the other lock": Case(CACHE, {"Cache.cs": [("lock (_gate)", "lock (_other)")], "Cache.Read.cs": [("lock (_gate)", "lock (_other)")]}),
    "a static lock is another one in all files": Case(
        BOARDS, {"Poster.cs": [("Board.Gate", "Board.Second")], "Clerk.cs": [("Board.Gate", "Board.Second")]}
    ),
    "base and derived type take the other lock": Case(METERS, {"DailyMeter.cs": [("lock (Sync)", "lock (Extra)")], "Meter.cs": [("lock (Sync)", "lock (Extra)")]}),
    "a lock moves into the helper of another part": Case(
        CACHE,
        {
            "Cache.cs": [("        lock (_gate)\n        {\n            Store(key, value);\n        }\n", "        Store(key, value);\n")],
            "Cache.State.cs": [("        _items[key] = value;\n        _puts++;\n", "        lock (_gate)\n        {\n            _items[key] = value;\n            _puts++;\n        }\n")],
        },
    ),
    "the view that is used is tracked now": Case(
        SHOP, {"Shipping.cs": [("_db.Orders.First", "_db.Orders.Current().First")], "Views.cs": [("rows.AsNoTracking()", "rows.AsTracking()")]}
    ),
    "a view of a new file is tracked": Case(
        SHOP,
        {
            "Shipping.cs": [("_db.Orders.First", "_db.Orders.Open().First")],
            "OpenViews.cs": [("", "public static class OpenViews\n{\n    public static IQueryable<Order> Open(this IQueryable<Order> rows) => rows.Where(o => o.Open);\n}\n")],
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LOUD)
def test_files_that_no_longer_agree_are_loud(tmp_path: Path, case: str) -> None:
    """What one file does now does not fit what another one does, edited or not."""
    of = LOUD[case]
    assert suggested(repository(tmp_path, of.files), of.files, of.edits).verdict != "no-known-conflict"


@pytest.mark.parametrize("case", QUIET)
def test_files_that_change_together_are_quiet(tmp_path: Path, case: str) -> None:
    """Each file on its own would not fit the others; the suggestion as a whole does."""
    of = QUIET[case]
    checked = suggested(repository(tmp_path, of.files), of.files, of.edits)
    assert (checked.verdict, [f.message for f in checked.findings if not f.informs], checked.reason) == (
        "no-known-conflict",
        [],
        "",
    )


def test_each_file_that_is_compared_is_in_the_diff(tmp_path: Path) -> None:
    """The diff shows all files; findings name the file in which they stand."""
    edits: Edits = {
        "Poster.cs": [
            ("lock (Board.Gate)\n        {\n            Board.Open.Add(text);\n        }", "Board.Open.Add(text);")
        ],
        "Clerk.cs": [
            ("lock (Board.Gate)\n        {\n            Board.Open.Clear();\n        }", "Board.Open.Clear();")
        ],
    }
    checked = suggested(repository(tmp_path, BOARDS), BOARDS, edits)
    assert checked.verdict == "conflicts"
    assert [line for line in checked.diff.splitlines() if line.startswith("+++")] == [
        "+++ b/Poster.cs",
        "+++ b/Clerk.cs",
    ]
    assert {f.at.path for f in checked.findings} == {"Poster.cs", "Clerk.cs"}


def test_a_file_in_which_an_edit_has_no_place_is_told(tmp_path: Path) -> None:
    """A hunk of another file that quotes other lines is not made: a person is told, and the rest is compared."""
    other = {**BOARDS, "Clerk.cs": CLERK.replace("Board.Open.Clear();", "Board.Open.RemoveAll(_ => true);")}
    edits: Edits = {
        "Poster.cs": [("Board.Seen++;", "Board.Seen += 1;")],
        "Clerk.cs": [("Board.Open.RemoveAll(_ => true);", "Board.Open.Clear();")],
    }
    checked = suggested(repository(tmp_path, BOARDS), other, edits)
    assert (checked.verdict, checked.reason) == (
        "needs-human",
        "It also changes Clerk.cs, which was not checked: give the lines as this checkout has them, or look at that part yourself.",
    )


def test_without_hops_other_files_are_told_of(tmp_path: Path) -> None:
    """With ``--hops 0`` no other file is read: that one is changed too is said."""
    of = QUIET["all parts take the other lock"]
    checked = suggested(repository(tmp_path, of.files), of.files, of.edits, hops=0)
    assert (
        checked.reason
        == "It also changes Cache.Read.cs, which was not checked: give the lines as this checkout has them, or look at that part yourself."
    )
