"""A transaction that a method is given or its type holds: what is asked when a statement loses it, and what is left alone."""

from __future__ import annotations

import pytest

from ctxreview.rules.transactions import transaction_argument
from tests.rules.test_rules import outlined

TYPE = """
public sealed class Repo(IUow uow, IDbConnection db, IDbTransaction current)
{{
    private readonly IDbTransaction _current = current;
    private IDbTransaction Tx => uow.Transaction;

    public async Task M(int id, IDbTransaction begun)
    {{
        {body}
    }}
}}
"""
FIRST = 'await db.ExecuteAsync("UPDATE a SET x = 1", new { id }, begun);\n'
LOST = {
    "a parameter": ('await db.ExecuteAsync("UPDATE b", new { id }, begun);', 'await db.ExecuteAsync("UPDATE b", new { id });'),
    "a field": ('await db.ExecuteAsync("UPDATE b", new { id }, _current);', 'await db.ExecuteAsync("UPDATE b", new { id });'),
    "a property": ('await db.ExecuteAsync("UPDATE b", new { id }, Tx);', 'await db.ExecuteAsync("UPDATE b", new { id });'),
    "the unit of work's": (
        'await uow.Connection.ExecuteAsync("UPDATE b", new { id }, uow.Transaction);',
        'await uow.Connection.ExecuteAsync("UPDATE b", new { id });',
    ),
    "by name, others stay": (
        'await db.ExecuteAsync("UPDATE b", new { id }, transaction: begun, commandTimeout: 5);',
        'await db.ExecuteAsync("UPDATE b", new { id }, commandTimeout: 5);',
    ),
    "none is given": (
        'await db.ExecuteAsync("UPDATE b", new { id }, begun);',
        'await db.ExecuteAsync("UPDATE b", new { id }, null);',
    ),
    "in a definition": (
        'await db.ExecuteAsync(new CommandDefinition("UPDATE b", new { id }, begun));',
        'await db.ExecuteAsync(new CommandDefinition("UPDATE b", new { id }));',
    ),
    "a method of its own": ("await Touch(id, begun);", "await Touch(id);"),
    "a command's": (
        "using var command = db.CreateCommand();\ncommand.Transaction = begun;\ncommand.ExecuteNonQuery();",
        "using var command = db.CreateCommand();\ncommand.ExecuteNonQuery();",
    ),
    "one of what follows a new call": (
        'await db.ExecuteAsync("UPDATE b", new { id }, begun);',
        'await db.ExecuteAsync("UPDATE c", new { id }, begun);\nawait db.ExecuteAsync("UPDATE b", new { id });',
    ),
}  # fmt: skip
KEPT = {
    "by name now": (
        'await db.ExecuteAsync("UPDATE b", new { id }, begun);',
        'await db.ExecuteAsync("UPDATE b", new { id }, transaction: begun);',
    ),
    "under another name": (
        'await db.ExecuteAsync("UPDATE b", new { id }, begun);',
        'await db.ExecuteAsync("UPDATE b", new { id }, _current);',
    ),
    "it was none": ('await db.ExecuteAsync("UPDATE b", new { id }, null);', 'await db.ExecuteAsync("UPDATE b", new { id });'),
    "another argument goes": (
        'await db.ExecuteAsync("UPDATE b", new { id }, begun, 5);',
        'await db.ExecuteAsync("UPDATE b", new { id }, begun);',
    ),
    "the statement goes with it": ('await db.ExecuteAsync("UPDATE b", new { id }, begun);', ""),
    "a new statement never had it": ("", 'await other.ExecuteAsync("UPDATE b", new { id });'),
    "the command goes with it": (
        "using var command = db.CreateCommand();\ncommand.Transaction = begun;\ncommand.ExecuteNonQuery();",
        'await db.ExecuteAsync("UPDATE b", null, begun);',
    ),
}  # fmt: skip


def said(before: str, after: str) -> list[str]:
    """The severities of what the rule says of an edit of the method."""
    old, new = (TYPE.format(body=FIRST + body) for body in (before, after))
    return [f.severity for f in transaction_argument.compare(outlined(old), outlined(new))]


@pytest.mark.parametrize("form", LOST)
def test_a_statement_that_loses_a_transaction_begun_elsewhere_is_asked_about(form: str) -> None:
    """Where a parameter, field or property holds it, no scope of the file does; the dropped argument tells all the same."""
    assert said(*LOST[form]) == ["medium"]


@pytest.mark.parametrize("form", KEPT)
def test_a_statement_that_keeps_its_transaction_or_goes_is_left_alone(form: str) -> None:
    """Another way to give it, another argument dropped, or the whole statement: nothing runs outside it now."""
    assert said(*KEPT[form]) == []
