"""A transaction that a unit of work opens is ended by the call on it that commits, whose body is in another file."""

from __future__ import annotations

from pathlib import Path

from ctxreview.model.regions import Region
from tests.guard.test_across import context_of, repository

HANDLER = """\
public sealed class Handler(PermitDb db, IUnitOfWork unitOfWork)
{
    public async Task<bool> Handle(int id)
    {
        await unitOfWork.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        var permit = await db.Permits.FirstOrDefaultAsync(p => p.Id == id);
        if (permit is null)
        {
            return false;
        }
        permit.Count++;
        return await unitOfWork.FinishAsync();
    }
}
"""
UNIT = """\
public interface IUnitOfWork
{
    Task BeginTransactionAsync(IsolationLevel level);
    Task<bool> FinishAsync();
}
sealed class UnitOfWork(PermitDb db) : IUnitOfWork
{
    IDbContextTransaction _transaction;
    public async Task BeginTransactionAsync(IsolationLevel level) => _transaction = await db.Database.BeginTransactionAsync(level);
    public Task<bool> FinishAsync() => SaveAsync();
    async Task<bool> SaveAsync()
    {
        await db.SaveChangesAsync();
        END
        return true;
    }
}
"""


def test_excerpts_show_what_opens_and_what_commits(tmp_path: Path) -> None:
    """Of the unit of work stands there what begins the transaction, and the way from the call to the commit."""
    repository(
        tmp_path, {"Handler.cs": HANDLER, "UnitOfWork.cs": UNIT.replace("END", "await _transaction.CommitAsync();")}
    )
    found = context_of(tmp_path, "Handler.cs", "permit.Count++")
    text = "\n".join(e.source.text(e.span) for e in found.excerpts if e.source.path == "UnitOfWork.cs")
    assert "_transaction = await db.Database.BeginTransactionAsync(level)" in text
    assert "FinishAsync() => SaveAsync()" in text
    assert "_transaction.CommitAsync()" in text


def transaction(tmp_path: Path, end: str) -> Region:
    """The transaction of the handler, with a unit of work whose saving does ``end`` as well."""
    repository(tmp_path, {"Handler.cs": HANDLER, "UnitOfWork.cs": UNIT.replace("END", end)})
    found = context_of(tmp_path, "Handler.cs", "permit.Count++")
    (region,) = (r for r in found.outline.regions if r.kind == "transaction")
    return region


def test_a_call_that_commits_ends_it(tmp_path: Path) -> None:
    """The transaction ends with the call whose method, or a method that it calls, commits; a return before that leaves it."""
    region = transaction(tmp_path, "await _transaction.CommitAsync();")
    source = HANDLER.encode()
    assert source[region.completes_at[0].start : region.completes_at[0].end].startswith(b"unitOfWork.FinishAsync")
    assert [source[e.start : e.end].startswith(b"return false") for e in region.exits] == [True]
    assert (region.released, region.certainty) == ("here", "resolved")
    assert "FinishAsync ends it (UnitOfWork.cs:14)" in region.note


def test_a_call_that_only_saves_does_not(tmp_path: Path) -> None:
    """A save that commits nothing leaves the transaction open, as far as the function shows."""
    region = transaction(tmp_path, "Log();")
    assert (region.released, region.completes_at) == ("never", ())
