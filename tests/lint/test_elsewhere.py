"""Lint and methods of other files that open a transaction or lock for their callers."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctxreview import lint, processes
from tests.lint.test_lint import QUIET, write

UNIT_OF_WORK = """
using System;
using System.Threading.Tasks;
namespace Shop.Data;
public class UnitOfWork
{
    readonly ShopDb _db;
    public UnitOfWork(ShopDb db) => _db = db;
    public async Task InTransaction(Func<Task> work)
    {
        await using var tx = await _db.Database.BeginTransactionAsync(); // what is written in it is written as one
        await work();
        await tx.CommitAsync();
    }
    public async Task Retried(Func<Task> work) { for (var n = 0; n < 3; n++) await work(); }
    public Task InOrder(Func<Task> work) => InTransaction(work);
}
"""
CALLER = """
using System.Net.Http;
using Shop.Data;
namespace Shop.Orders;
public class Payments
{{
    readonly UnitOfWork _work;
    readonly ShopDb _db;
    readonly HttpClient _http;
    public async Task Pay(int id)
    {{
        await _work.{method}(async () =>
        {{
            var order = await _db.Orders.FindAsync(id);
            order.State = 2;
            await _http.PostAsync("https://pay.example.org/", null);
            await _db.SaveChangesAsync();
        }});
    }}
}}
"""


def found(root: Path, *paths: str) -> list[tuple[str, str]]:
    """The path and rule of each finding, notes aside; some paths are linted, or all."""
    result = lint([root / path for path in paths] or [root], root=root)
    assert result.failed == ()
    return [(f.at.path, f.rule) for f in result.findings if f.severity != "note"]


@pytest.mark.parametrize(
    ("method", "expected"),
    [("InTransaction", [("Pay.cs", "external-call")]), ("InOrder", [("Pay.cs", "external-call")]), ("Retried", [])],
)
def test_a_transaction_of_another_file_is_seen(tmp_path: Path, method: str, expected: list[tuple[str, str]]) -> None:
    """What runs in a method of another file that opens a transaction is under it; a method that opens none holds nothing."""
    write(tmp_path, {"Unit.cs": UNIT_OF_WORK, "Pay.cs": CALLER.format(method=method)})
    assert found(tmp_path) == expected


def test_one_file_is_linted_with_what_its_repository_says(tmp_path: Path) -> None:
    """The file that opens the transaction need not be linted itself."""
    write(tmp_path, {"data/Unit.cs": UNIT_OF_WORK, "Pay.cs": CALLER.format(method="InTransaction")})
    assert found(tmp_path, "Pay.cs") == [("Pay.cs", "external-call")]


@pytest.mark.parametrize("cores", [1, 2])
def test_many_files_are_seen_in_two_passes(tmp_path: Path, cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where many files are linted, methods that open something are known before their callers are looked at again."""
    monkeypatch.setattr(processes, "cores", lambda: cores)
    files = {f"q/Q{n}.cs": QUIET for n in range(60)}
    write(tmp_path, {**files, "Unit.cs": UNIT_OF_WORK, "Pay.cs": CALLER.format(method="InTransaction")})
    assert found(tmp_path) == [("Pay.cs", "external-call")]
    assert len(lint([tmp_path], root=tmp_path).findings) == len({*lint([tmp_path], root=tmp_path).findings})


def test_a_method_of_the_same_name_opens_nothing(tmp_path: Path) -> None:
    """What a call is of is told by its receiver's type, and not by its name."""
    other = CALLER.format(method="InTransaction").replace("readonly UnitOfWork", "readonly Retries")
    retries = "namespace Shop.Data; public class Retries { public async Task InTransaction(Func<Task> work) => await work(); }"
    write(tmp_path, {"Unit.cs": UNIT_OF_WORK, "Retries.cs": retries, "Pay.cs": other})
    assert found(tmp_path) == []


def test_a_comment_silences_what_another_file_holds(tmp_path: Path) -> None:
    """A finding under a transaction of another file is silenced like any other, and the comment counts as used."""
    silenced = CALLER.format(method="InTransaction").replace(
        "await _http", "// ctxreview: ignore external-call because the payment is idempotent\n            await _http"
    )
    write(tmp_path, {"Unit.cs": UNIT_OF_WORK, "Pay.cs": silenced})
    result = lint([tmp_path], root=tmp_path)
    assert ([f for f in result.findings if f.severity != "note"], result.suppressed) == ([], 1)
