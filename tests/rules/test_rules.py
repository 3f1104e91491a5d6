"""Each rule documents itself, its examples run, and its legitimate twins stay quiet."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from ctxreview import rules
from ctxreview.model.kinds import SEVERITIES
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.model.source import Source
from ctxreview.outline import outline
from ctxreview.rules.locks import lock_target, release_outside_finally
from ctxreview.rules.orm import no_tracking_write
from ctxreview.rules.scopes import missing_intent, scope_change
from ctxreview.rules.transactions import async_flow
from tests.rules import test_rules_data
from tests.samples import PATH, shop

HEADINGS = ("What it flags", "Why it matters here", "When it is fine", "Example", "Instead", "Source")
CHECKS = [rule for rule in rules.RULES if hasattr(rule, "check")]


def name(rule: ModuleType) -> str:
    """The rule's module, for a test's name."""
    return rule.__name__.rpartition(".")[2]


def outlined(code: str) -> Outline:
    """The outline of a file."""
    return outline(Source(PATH, code.encode()))


def found(rule: ModuleType, code: str) -> list[Finding]:
    """What one rule finds in a file."""
    findings: list[Finding] = rule.check(outlined(code))
    return findings


def edited(rule: ModuleType, before: str, after: str) -> list[Finding]:
    """What one rule says of an edit, on its own or as a hazard that is new."""
    return [f for f in rules.compare(outlined(before), outlined(after)) if f.rule == rule.ID]


def sections(rule: ModuleType) -> dict[str, str]:
    """The parts of a rule's docstring by their headings."""
    parts = re.split(r"^(.+)\n-{3,}\n", rule.__doc__ or "", flags=re.MULTILINE)
    return {heading: text.strip() for heading, text in zip(parts[1::2], parts[2::2], strict=True)}


def code_in(text: str) -> str:
    """The one fenced C# example in a section."""
    (code,) = re.findall(r"```csharp\n(.*?)```", text, re.DOTALL)
    return str(code)


@pytest.mark.parametrize("rule", rules.RULES, ids=name)
def test_documented(rule: ModuleType) -> None:
    """A rule says what it flags, why, when that is fine, and on whose word; it has an ID and a severity."""
    told = sections(rule)
    assert tuple(told) == HEADINGS
    assert all(told.values())
    assert (rule.__doc__ or "").splitlines()[0].endswith(".")
    assert name(rule).replace("_", "-") == rule.ID
    assert rule.SEVERITY in SEVERITIES


@pytest.mark.parametrize("rule", rules.RULES, ids=name)
def test_its_own_examples(rule: ModuleType) -> None:
    """The example parses and is found where it is, or as the edit that makes it of what to write instead; that is left alone."""
    told = sections(rule)
    example, instead = code_in(told["Example"]), code_in(told["Instead"])
    assert not outlined(example).parse.errors
    assert not outlined(instead).parse.errors
    if rule in CHECKS:
        assert found(rule, example)
        assert found(rule, instead) == []
    if rule.SEVERITY != "note":  # an edit is not asked for what only deserves a note
        assert edited(rule, instead, example)
    for code in (example, instead):
        assert edited(rule, code, code) == []
        assert edited(rule, code, "// Another line.\n" + code.replace("; ", ";\n\n// why\n")) == []


@pytest.mark.parametrize("rule", rules.RULES, ids=name)
def test_the_way_back_is_not_held_against_it(rule: ModuleType) -> None:
    """An edit that turns the example into what to write instead is left alone; what it puts under a scope is asked about."""
    told = sections(rule)
    back = edited(rule, code_in(told["Example"]), code_in(told["Instead"]))
    assert [f.severity for f in back] == (["medium"] if rule is scope_change else [])


@pytest.mark.parametrize("rule", rules.RULES, ids=name)
def test_a_finding_is_evidence_and_a_question(rule: ModuleType) -> None:
    """A finding names its rule and place, states what it saw, and asks; it never says bug."""
    told = sections(rule)
    example, instead = code_in(told["Example"]), code_in(told["Instead"])
    for finding in (*(found(rule, example) if rule in CHECKS else ()), *edited(rule, instead, example)):
        assert finding.rule == rule.ID
        assert finding.message.endswith(".")
        assert "?" in finding.question
        assert "bug" not in finding.message.lower()
        assert finding.at.path == PATH
        assert 1 <= finding.at.start_line <= finding.at.end_line


def test_ids_are_unique() -> None:
    """No two rules have the same ID."""
    assert len({rule.ID for rule in rules.RULES}) == len(rules.RULES)


FLOW = "TransactionScopeAsyncFlowOption.Enabled"
LOUD: dict[tuple[ModuleType, str], str] = {
    (no_tracking_write, "under a transaction"): """
        using var tx = _db.Database.BeginTransaction();
        var order = await _db.Orders.AsNoTracking().FirstAsync(o => o.Id == id);
        order.State = 1;
        await _db.SaveChangesAsync();
        tx.Commit();
    """,
    (no_tracking_write, "in a loop"): """
        foreach (var order in _db.Orders.AsNoTrackingWithIdentityResolution())
        {
            order.State = 1;
        }
        _db.SaveChanges();
    """,
    (no_tracking_write, "in the block of its context"): """
        using (var db = new ShopContext())
        {
            var order = db.Orders.AsNoTracking().First(o => o.Id == id);
            order.State = 1;
            db.SaveChanges();
        }
    """,
    (no_tracking_write, "a new variable in between"): """
        var orders = await _db.Orders.AsNoTracking().ToListAsync();
        var order = new Order();
        order = orders.First(o => o.Id == id);
        order.State = 1;
        await _db.SaveChangesAsync();
    """,
    (async_flow, "until it is disposed of"): """
        var scope = new TransactionScope();
        try
        {
            await _db.SaveChangesAsync();
        }
        finally
        {
            scope.Dispose();
        }
    """,
    (async_flow, "suppressed flow"): """
        using var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Suppress);
        await _db.SaveChangesAsync();
        scope.Complete();
    """,
    (no_tracking_write, "handed to a method that changes it"): """
        var order = await _db.Orders.AsNoTracking().FirstAsync(o => o.Id == id);
        Ship(order);
        await _db.SaveChangesAsync();
        void Ship(Order one) { one.State = 1; }
    """,
    (async_flow, "declaration"): """
        using var scope = new TransactionScope(TransactionScopeOption.RequiresNew);
        await _db.SaveChangesAsync();
        scope.Complete();
    """,
    (async_flow, "second await"): """
        using (var scope = new TransactionScope(await Option(id)))
        {
            await _db.SaveChangesAsync();
            scope.Complete();
        }
    """,
    (release_outside_finally, "after an await"): """
        await _slots.WaitAsync();
        await _db.SaveChangesAsync();
        _slots.Release();
    """,
    (release_outside_finally, "in a catch for one exception"): """
        _slots.Wait();
        try
        {
            Work();
            _slots.Release();
        }
        catch (IOException)
        {
            _slots.Release();
            throw;
        }
    """,
    (release_outside_finally, "early return"): """
        Monitor.Enter(_gate);
        if (_count == 0) return 0;
        Monitor.Exit(_gate);
    """,
    (release_outside_finally, "after a synchronous wait for a task"): """
        _slots.WaitAsync().GetAwaiter().GetResult();
        Work();
        _slots.Release();
    """,
    (lock_target, "this"): "lock (this)\n{\n    _count++;\n}",
    (lock_target, "string"): 'lock ("orders")\n{\n    _count++;\n}',
    (lock_target, "made here"): "lock (new object())\n{\n    _count++;\n}",
    (missing_intent, "lock"): "lock (_gate)\n{\n    _count++;\n}",
    (missing_intent, "comment too far above"): "// Not about the lock.\n\nlock (_gate)\n{\n    _count++;\n}",
    (missing_intent, "comment inside"): "_slots.Wait();\n// Counts.\n_count++;\n_slots.Release();",
    (
        missing_intent,
        "comment that repeats the lock",
    ): "// Take the lock on the gate.\nlock (_gate)\n{\n    _count++;\n}",
    (missing_intent, "comment that repeats the transaction"): """
        // Begin a new transaction
        using var tx = _db.Database.BeginTransaction();
        tx.Commit();
    """,
    (missing_intent, "only one thread at a time"): "lock (_gate) // thread safety\n{\n    _count++;\n}",
    (missing_intent, "code that was taken out"): "// _total++;\nlock (_gate)\n{\n    _count++;\n}",
    (missing_intent, "a word for another tool"): """
        // ReSharper disable once InconsistentlySynchronizedField
        lock (_gate)
        {
            _count++;
        }
    """,
}
QUIET: dict[tuple[ModuleType, str], str] = {
    (no_tracking_write, "only read"): """
        var order = await _db.Orders.AsNoTracking().FirstAsync(o => o.Id == id);
        return order.State;
    """,
    (no_tracking_write, "its context is gone"): """
        Order old;
        using (var db = new ShopContext())
        {
            old = db.Orders.AsNoTracking().First(o => o.Id == id);
        }
        using (var db = new ShopContext())
        {
            var now = db.Orders.First(o => o.Id == old.Id);
            old = now;
            old.State = 1;
            db.SaveChanges();
        }
    """,
    (no_tracking_write, "tracked in the end"): """
        var query = _db.Orders.AsNoTracking();
        var order = await query.FirstOrDefaultAsync(o => o.Id == id);
        if (order == null)
        {
            order = await query.AsTracking().FirstAsync();
            order.State = 1;
            await _db.SaveChangesAsync();
        }
    """,
    (no_tracking_write, "something else in the same variable"): """
        var order = await _db.Orders.AsNoTracking().FirstAsync(o => o.Id == id);
        order = await _store.Load(id);
        order.State = 1;
        await _db.SaveChangesAsync();
    """,
    (no_tracking_write, "handed back"): """
        var order = await _db.Orders.AsNoTracking().FirstAsync(o => o.Id == id);
        order.State = 1;
        _db.Update(order);
        await _db.SaveChangesAsync();
    """,
    (no_tracking_write, "read after ExecuteUpdate in the transaction"): """
        using var tx = _db.Database.BeginTransaction();
        await _db.Orders.Where(o => o.Id == id).ExecuteUpdateAsync(s => s.SetProperty(o => o.State, 1));
        var changed = await _db.Orders.AsNoTracking().Where(o => o.Id == id).ToArrayAsync();
        await tx.CommitAsync();
        return changed.Length;
    """,
    (no_tracking_write, "taken again with tracking"): """
        var orders = _db.Orders.AsNoTracking();
        var order = await orders.FirstOrDefaultAsync(o => o.Open);
        if (order == null)
        {
            order = await orders.AsTracking().FirstOrDefaultAsync();
            order.Open = true;
            await _db.SaveChangesAsync();
        }
    """,
    (no_tracking_write, "a method of the file that only reads it"): """
        var order = await _db.Orders.AsNoTracking().FirstAsync(o => o.Id == id);
        ApplyTo(order);
        await _db.SaveChangesAsync();
        void ApplyTo(Order one) { _count += one.State; }
    """,
    (async_flow, "flows"): f"""
        using var scope = new TransactionScope(TransactionScopeOption.Required, {FLOW});
        await _db.SaveChangesAsync();
        scope.Complete();
    """,
    (async_flow, "given by somebody else"): """
        using var scope = new TransactionScope(TransactionScopeOption.Required, options, _settings.AsyncFlowOption);
        await _db.SaveChangesAsync();
        scope.Complete();
    """,
    (async_flow, "made elsewhere"): """
        using TransactionScope scope = CreateScope();
        await _db.SaveChangesAsync();
        scope.Complete();
    """,
    (async_flow, "disposed of before, in one of two loops"): """
        for (var i = 0; i < 2; i++)
        {
            var scope = new TransactionScope();
            scope.Dispose();
            await Work();
        }
        for (var i = 0; i < 2; i++)
        {
            var scope = new TransactionScope();
            scope.Dispose();
        }
    """,
    (async_flow, "suppressed on purpose"): """
        using (new TransactionScope(TransactionScopeOption.Suppress))
        {
            await _db.SaveChangesAsync();
        }
    """,
    (async_flow, "awaited after it"): """
        using (var scope = new TransactionScope())
        {
            _db.SaveChanges();
            scope.Complete();
        }
        await Notify(id);
    """,
    (async_flow, "awaited in a lambda that runs later"): """
        using (var scope = new TransactionScope())
        {
            _later.Add(async () => await Notify(id));
            _db.SaveChanges();
            scope.Complete();
        }
    """,
    (async_flow, "another kind of transaction"): """
        using var tx = await _db.Database.BeginTransactionAsync();
        await _db.SaveChangesAsync();
        await tx.CommitAsync();
    """,
    (release_outside_finally, "given back and taken again inside the try"): """
        try
        {
            _lock.EnterReadLock();
            if (Grows(id))
            {
                _lock.ExitReadLock();
                Grow();
                _lock.EnterReadLock();
            }
            return Get(id);
        }
        finally
        {
            _lock.ExitReadLock();
        }
    """,
    (release_outside_finally, "in a catch for everything"): """
        _slots.Wait();
        try
        {
            Work();
            _slots.Release();
        }
        catch (Exception)
        {
            _slots.Release();
            throw;
        }
    """,
    (release_outside_finally, "in a finally"): """
        await _slots.WaitAsync();
        try
        {
            await _db.SaveChangesAsync();
        }
        finally
        {
            _slots.Release();
        }
    """,
    (release_outside_finally, "nothing between"): "_slots.Wait();\n_slots.Release();",
    (release_outside_finally, "released elsewhere"): "_slots.Wait();\n_count++;",
    (lock_target, "private field"): "lock (_gate)\n{\n    _count++;\n}",
    (lock_target, "a field by this"): "lock (this._gate)\n{\n    _count++;\n}",
    (lock_target, "a local"): "var newest = _gates[id];\nlock (newest)\n{\n    _count++;\n}",
    (missing_intent, "said above"): "// Counts must add up.\nlock (_gate)\n{\n    _count++;\n}",
    (
        missing_intent,
        "said above in several lines",
    ): "/* Counts must\n   add up. */\n_slots.Wait();\n_count++;\n_slots.Release();",
    (missing_intent, "no scope"): "_count++;\nreturn 0;",
    (missing_intent, "said beside"): "lock (_gate) // counts must add up\n{\n    _count++;\n}",
    (missing_intent, "said above the statement around the call"): """
        // Who finds it taken skips the run: the next one sees the same rows.
        if (!await _slots.WaitAsync(0))
        {
            return 0;
        }
        _count++;
        _slots.Release();
    """,
    (missing_intent, "said above a statement of several lines"): """
        // Nobody may see an order without its lines.
        using var tx =
            _db.Database.BeginTransaction();
        tx.Commit();
    """,
    (missing_intent, "said once for two locks"): """
        // The sums of both have to agree.
        lock (_gate)
        lock (_other)
        {
            _count++;
        }
    """,
}


@pytest.mark.parametrize(("rule", "case"), LOUD, ids=lambda v: v if isinstance(v, str) else name(v))
def test_loud(rule: ModuleType, case: str) -> None:
    """The rule finds exactly one thing, and the check of all rules has it too."""
    code = shop(LOUD[rule, case])
    findings = found(rule, code)
    assert len(findings) == 1
    assert findings[0] in rules.check(outlined(code))


@pytest.mark.parametrize(("rule", "case"), QUIET, ids=lambda v: v if isinstance(v, str) else name(v))
def test_quiet(rule: ModuleType, case: str) -> None:
    """The legitimate twin is left alone."""
    assert found(rule, shop(QUIET[rule, case])) == []


@pytest.mark.parametrize("rule", [r for r in CHECKS if r not in test_rules_data.CHECKED], ids=name)
def test_every_rule_has_its_cases(rule: ModuleType) -> None:
    """Each rule has at least two loud and two quiet cases besides its own examples, here or in a file beside this one."""
    files = [import_module(f"tests.rules.{path.stem}") for path in sorted(Path(__file__).parent.glob("test_rules*.py"))]
    assert sum(r is rule for file in files for r, _ in getattr(file, "LOUD", ())) >= 2
    assert sum(r is rule for file in files for r, _ in getattr(file, "QUIET", ())) >= 2


FIELD = "    private readonly object _gate = new();"


@pytest.mark.parametrize(
    "told",
    [
        f"    // Guards the counts.\n{FIELD}",
        f"{FIELD} // guards the counts",
        f"    /// <summary>\n    /// Counts are read by the timer, too.\n    /// </summary>\n{FIELD}",
        f'    /// <summary>Guards <see cref="_count"/>.</summary>\n{FIELD}',
    ],
)
@pytest.mark.parametrize("use", ["_gate", "this._gate"])
def test_intent_at_the_field_counts_for_its_locks(told: str, use: str) -> None:
    """A comment at the declaration of the locked field speaks for every lock on it."""
    code = shop(f"lock ({use})\n{{\n    _count++;\n}}")
    assert found(missing_intent, code)
    assert found(missing_intent, code.replace(FIELD, told)) == []


@pytest.mark.parametrize(
    "told",
    [
        f"    // The lock object.\n{FIELD}",
        f"    /// <summary>Lock.</summary>\n{FIELD}",
        f"    private int _other; // how often it ran\n{FIELD}",
        f"    // How often it ran.\n    private int _runs;\n{FIELD}",
    ],
)
def test_a_comment_of_something_else_or_of_nothing_does_not_count(told: str) -> None:
    """What only says that it is a lock, or belongs to the field above, says nothing about why."""
    code = shop("lock (_gate)\n{\n    _count++;\n}")
    assert found(missing_intent, code.replace(FIELD, told))


def test_another_types_field_says_nothing() -> None:
    """Of two types in a file with a lock of the same name, each has to say it; a base type's word counts."""
    told = "class A\n{\n    // Counts must add up.\n    protected object _gate = new();\n}\n"
    use = "    void M()\n    {\n        lock (_gate)\n        {\n        }\n    }\n}\n"
    assert found(missing_intent, f"{told}class B\n{{\n    object _gate = new();\n{use}")
    assert found(missing_intent, f"{told}class B : A\n{{\n{use}") == []


def test_a_members_documentation_is_not_the_locks() -> None:
    """What is said of a property on the same line does not say why there is a lock."""
    code = shop("return 0;").replace(
        FIELD,
        f"{FIELD}\n    /// <summary>The count.</summary>\n    int Count {{ get {{ lock (_gate) return _count; }} }}",
    )
    assert found(missing_intent, code)


def test_what_only_repeats_is_told_apart() -> None:
    """The message says whether there is no comment, or one that says nothing."""
    bare, repeating = (
        found(missing_intent, shop(f"{comment}lock (_gate)\n{{\n    _count++;\n}}"))[0].message
        for comment in ("", "// lock\n")
    )
    assert "no comment" in bare
    assert "repeats the statement" in repeating


def test_findings_come_in_source_order() -> None:
    """The check of all rules lists its findings by line."""
    code = shop("lock (this)\n{\n    _count++;\n}\nlock (new object())\n{\n    _count++;\n}")
    lines = [f.at.start_line for f in rules.check(outlined(code))]
    assert lines == sorted(lines)
    assert len(set(lines)) == 2


def test_a_place_is_where_it_happens() -> None:
    """The finding points at the call that detaches, and to the write, the save and the scope."""
    code = shop(LOUD[no_tracking_write, "under a transaction"])
    (finding,) = found(no_tracking_write, code)

    def at(text: str) -> int:
        return next(n for n, line in enumerate(code.splitlines(), 1) if text in line)

    assert finding.at.start_line == at("AsNoTracking")
    assert [r.start_line for r in finding.related] == [at("State = 1"), at("SaveChangesAsync"), at("BeginTransaction")]
    assert "under the BeginTransaction" in finding.message
