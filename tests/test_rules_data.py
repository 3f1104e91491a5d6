"""Hazards of data under transactions and locks: each rule's loud cases, and its legitimate twins."""

from __future__ import annotations

import re
from types import ModuleType
from typing import NamedTuple

import pytest
from samples import PATH, shop

from ctxreview import rules
from ctxreview.model import Finding, Outline, Source
from ctxreview.outline import outline
from ctxreview.rules import immediate_execution, several_saves, tracking_change

EDITS = (tracking_change, immediate_execution, several_saves)
"""The rules about edits."""


class Case(NamedTuple):
    """An edit of one method's statements, and how severe it is; ``""`` for one that is left alone."""

    rule: ModuleType
    what: str
    before: str
    after: str
    severity: str = ""


def name(value: object) -> str:
    """A short name for a test's parameter."""
    if isinstance(value, Case):
        return f"{name(value.rule)}: {value.what}"
    return value.__name__.rpartition(".")[2] if isinstance(value, ModuleType) else str(value)


def outlined(code: str) -> Outline:
    """The outline of a file."""
    return outline(Source(PATH, code.encode()))


def compared(rule: ModuleType, before: str, after: str) -> list[Finding]:
    """What one rule says of an edit from one file to another."""
    findings: list[Finding] = rule.compare(outlined(before), outlined(after))
    return findings


def examples(rule: ModuleType, heading: str) -> list[str]:
    """The fenced code under a heading of the rule's docstring."""
    parts = re.split(r"^(.+)\n-{3,}\n", rule.__doc__ or "", flags=re.MULTILINE)
    text = dict(zip(parts[1::2], parts[2::2], strict=True))[heading]
    return re.findall(r"```csharp\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("rule", EDITS, ids=name)
def test_its_own_examples(rule: ModuleType) -> None:
    """The example's edit is found, and the one to make instead is not."""
    before, after = examples(rule, "Example")
    (instead,) = examples(rule, "Instead")
    for finding in compared(rule, before, after):
        assert finding.message.endswith(".")
        assert finding.question.endswith("?")
        assert "bug" not in finding.message.lower()
    assert compared(rule, before, after)
    assert compared(rule, before, instead) == []


@pytest.mark.parametrize("rule", EDITS, ids=name)
def test_no_edit_is_no_change(rule: ModuleType) -> None:
    """A file compared with itself, or with another layout and other comments, has nothing to ask about."""
    before, _ = examples(rule, "Example")
    assert compared(rule, before, before) == []
    assert compared(rule, before, "// Another line.\n" + before.replace("; ", ";\n\n// why\n")) == []


CASES = (
    Case(
        tracking_change,
        "off for the whole context",
        """
        var order = await _db.Orders.FirstAsync(o => o.Id == id);
        order.State = 1;
        await _db.SaveChangesAsync();
        """,
        """
        _db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.NoTracking;
        var order = await _db.Orders.FirstAsync(o => o.Id == id);
        order.State = 1;
        await _db.SaveChangesAsync();
        """,
        "high",
    ),
    Case(
        tracking_change,
        "off, and the file saves what it adds",
        "_db.Add(new Order(id));\nawait _db.SaveChangesAsync();",
        """
        _db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.NoTracking;
        _db.Add(new Order(id));
        await _db.SaveChangesAsync();
        """,
        "medium",
    ),
    Case(
        tracking_change,
        "off where nothing is saved",
        "return await _db.Orders.CountAsync();",
        "_db.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.NoTracking;\nreturn await _db.Orders.CountAsync();",
    ),
    Case(
        tracking_change,
        "re-read after a semaphore",
        """
        var order = await _db.Orders.FirstAsync(o => o.Id == id);
        await _slots.WaitAsync();
        var now = await _db.Orders.AsNoTracking().FirstAsync(o => o.Id == id);
        _slots.Release();
        """,
        """
        var order = await _db.Orders.FirstAsync(o => o.Id == id);
        await _slots.WaitAsync();
        var now = await _db.Orders.FirstAsync(o => o.Id == id);
        _slots.Release();
        """,
        "high",
    ),
    Case(
        tracking_change,
        "the only read is tracked now",
        "lock (_gate)\n{\n    var order = _db.Orders.AsNoTracking().First(o => o.Id == id);\n}",
        "lock (_gate)\n{\n    var order = _db.Orders.First(o => o.Id == id);\n}",
    ),
    Case(
        immediate_execution,
        "a token is no longer checked",
        """
        try
        {
            var order = await _db.Orders.FirstAsync(o => o.Id == id);
            order.State = 1;
            await _db.SaveChangesAsync();
        }
        catch (DbUpdateConcurrencyException)
        {
            throw;
        }
        """,
        "await _db.Orders.Where(o => o.Id == id).ExecuteUpdateAsync(s => s.SetProperty(o => o.State, 1));",
        "high",
    ),
    Case(
        immediate_execution,
        "the tracked instance is saved later",
        """
        var order = await _db.Orders.FirstAsync(o => o.Id == id);
        order.State = 1;
        order.Total = 2;
        await _db.SaveChangesAsync();
        """,
        """
        var order = await _db.Orders.FirstAsync(o => o.Id == id);
        await _db.Orders.Where(o => o.Id == id).ExecuteUpdateAsync(s => s.SetProperty(o => o.State, 1));
        order.Total = 2;
        await _db.SaveChangesAsync();
        """,
        "medium",
    ),
    Case(
        immediate_execution,
        "one change, sent at once",
        "var order = _db.Orders.First(o => o.Id == id);\norder.State = 1;\n_db.SaveChanges();",
        "_db.Orders.Where(o => o.Id == id).ExecuteUpdate(s => s.SetProperty(o => o.State, 1));",
        "low",
    ),
    Case(
        immediate_execution,
        "the version leaves the condition",
        """
        var n = await _db.Orders.Where(o => o.Id == id && o.Version == version).ExecuteUpdateAsync(s => s.SetProperty(o => o.State, 1));
        if (n == 0) throw new Lost();
        """,
        """
        var n = await _db.Orders.Where(o => o.Id == id).ExecuteUpdateAsync(s => s.SetProperty(o => o.State, 1));
        if (n == 0) throw new Lost();
        """,
        "high",
    ),
    Case(
        immediate_execution,
        "the number of rows is not looked at",
        """
        var n = command.ExecuteNonQuery();
        if (n != 1) throw new Lost();
        """,
        "command.ExecuteNonQuery();",
        "medium",
    ),
    Case(
        immediate_execution,
        "a bulk library",
        "_db.Orders.AddRange(orders);\n_db.SaveChanges();",
        "_db.BulkInsert(orders);",
        "medium",
    ),
    Case(
        immediate_execution,
        "it was executed before, too",
        "await _db.Orders.Where(o => o.Id == id).ExecuteDeleteAsync();\nawait _db.SaveChangesAsync();",
        "await _db.Orders.Where(o => o.Old && o.Id == id).ExecuteDeleteAsync();\nawait _db.SaveChangesAsync();",
    ),
    Case(
        immediate_execution,
        "the count was never looked at",
        "await _db.Orders.Where(o => o.Id == id).ExecuteDeleteAsync();\n_count++;",
        "await _db.Orders.Where(o => o.Id == id).ExecuteDeleteAsync();",
    ),
    Case(
        several_saves,
        "the transaction around a delete and a save goes",
        """
        using var context = _provider.CreateDbContext();
        using var transaction = context.Database.BeginTransaction();
        context.Images.Where(e => e.ItemId == id).ExecuteDelete();
        context.Images.AddRange(images);
        context.SaveChanges();
        transaction.Commit();
        """,
        """
        using var context = _provider.CreateDbContext();
        context.Images.Where(e => e.ItemId == id).ExecuteDelete();
        context.Images.AddRange(images);
        context.SaveChanges();
        """,
        "high",
    ),
    Case(
        several_saves,
        "saved in the loop now",
        """
        foreach (var order in orders)
        {
            order.State = 1;
        }
        await _db.SaveChangesAsync();
        """,
        """
        foreach (var order in orders)
        {
            order.State = 1;
            await _db.SaveChangesAsync();
        }
        """,
        "high",
    ),
    Case(
        several_saves,
        "one becomes two",
        "_db.Add(order);\n_db.Add(line);\n_db.SaveChanges();",
        "_db.Add(order);\n_db.SaveChanges();\n_db.Add(line);\n_db.SaveChanges();",
        "high",
    ),
    Case(
        several_saves,
        "joined, but the key is used between",
        """
        _db.Orders.Add(order);
        _db.SaveChanges();
        _db.Lines.Add(new Line { Order = order.Id });
        _db.SaveChanges();
        """,
        """
        _db.Orders.Add(order);
        _db.Lines.Add(new Line { Order = order.Id });
        _db.SaveChanges();
        """,
        "medium",
    ),
    Case(
        several_saves,
        "joined, nothing between",
        "_db.Add(order);\n_db.SaveChanges();\n_db.Add(line);\n_db.SaveChanges();",
        "_db.Add(order);\n_db.Add(line);\n_db.SaveChanges();",
    ),
    Case(
        several_saves,
        "the transaction around one read goes",
        """
        using var transaction = _db.Database.BeginTransaction();
        var order = _db.Orders.First(o => o.Id == id);
        transaction.Commit();
        return order.State;
        """,
        "var order = _db.Orders.First(o => o.Id == id);\nreturn order.State;",
    ),
    Case(
        several_saves,
        "one save for each of two ways out",
        "order.State = 1;\n_db.SaveChanges();\nreturn 0;",
        """
        if (id == 0)
        {
            _db.SaveChanges();
            return 1;
        }
        order.State = 1;
        _db.SaveChanges();
        return 0;
        """,
    ),
    Case(
        several_saves,
        "two under a transaction",
        """
        using var tx = _db.Database.BeginTransaction();
        _db.Add(order);
        _db.Add(line);
        _db.SaveChanges();
        tx.Commit();
        """,
        """
        using var tx = _db.Database.BeginTransaction();
        _db.Add(order);
        _db.SaveChanges();
        _db.Add(line);
        _db.SaveChanges();
        tx.Commit();
        """,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=name)
def test_edit(case: Case) -> None:
    """An edit is asked about once, as severely as it deserves, and its legitimate twin is left alone."""
    before, after = outlined(shop(case.before)), outlined(shop(case.after))
    findings: list[Finding] = case.rule.compare(before, after)
    assert [f.severity for f in findings] == ([case.severity] if case.severity else [])
    assert all(f in rules.compare(before, after) for f in findings)


@pytest.mark.parametrize("rule", EDITS, ids=name)
def test_every_rule_has_its_cases(rule: ModuleType) -> None:
    """Each rule has at least two edits that are asked about and two that are left alone."""
    assert sum(c.rule is rule and bool(c.severity) for c in CASES) >= 2
    assert sum(c.rule is rule and not c.severity for c in CASES) >= 2
