"""Each rule documents itself, its examples run, and its legitimate twins stay quiet."""

from __future__ import annotations

import re
from types import ModuleType

import pytest

from ctxreview import rules
from ctxreview.model.kinds import SEVERITIES
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.model.source import Source
from ctxreview.outline import outline
from ctxreview.rules.locks import static_shared
from ctxreview.rules.orm import no_tracking_write
from ctxreview.rules.scopes import missing_intent, scope_change
from ctxreview.rules.sql import lock_hint
from ctxreview.rules.transactions import external_call, nested_transaction, second_connection
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


@pytest.mark.parametrize("rule", [external_call, second_connection, nested_transaction, static_shared], ids=name)
def test_code_of_tests(rule: ModuleType) -> None:
    """What tests do on purpose is not told of them, and is of the same code elsewhere."""
    example = code_in(sections(rule)["Example"]).encode()
    assert rule.check(outline(Source("src/Orders.cs", example)))
    assert not rule.check(outline(Source("tests/Shop.Tests/OrderTests.cs", example)))


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
    assert [f.severity for f in back] == (["note"] if rule is scope_change else [])


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
    code = shop("""
        using var tx = _db.Database.BeginTransaction();
        var order = await _db.Orders.AsNoTracking().FirstAsync(o => o.Id == id);
        order.State = 1;
        await _db.SaveChangesAsync();
        tx.Commit();
    """)
    (finding,) = found(no_tracking_write, code)

    def at(text: str) -> int:
        return next(n for n, line in enumerate(code.splitlines(), 1) if text in line)

    assert finding.at.start_line == at("AsNoTracking")
    assert [r.start_line for r in finding.related] == [at("State = 1"), at("SaveChangesAsync"), at("BeginTransaction")]
    assert "under the BeginTransaction" in finding.message


def test_a_hint_that_goes_with_its_member_is_no_change() -> None:
    """A query that is deleted with its method locks nothing less; the same query without its hint does."""
    kept = outlined("public class Orders { void Other() { } }")
    locking = 'public class Orders { void Take() { Run("SELECT * FROM jobs FOR UPDATE"); } void Other() { } }'
    assert lock_hint.compare(outlined(locking), kept) == []
    assert len(lock_hint.compare(outlined(locking), outlined(locking.replace(" FOR UPDATE", "")))) == 1


def test_a_hazard_of_a_member_on_one_line_is_known_where_it_is_broken() -> None:
    """A member that was one line and is two has the hazard that it had."""
    add = "void Add(int x) { lock (_gate) { _p ??= []; _p.Add(x); } }"
    remove = "void Remove(int x) { lock (_gate) { if (_p is null) return; _p.Remove(x); } }"
    get = "public IEnumerable<int> Get() => _p ?? (IEnumerable<int>)[];"
    before = "\n    ".join(("class C\n{", "readonly object _gate = new(); List<int>? _p;", get, add, remove)) + "\n}\n"
    after = before.replace("=> _p ??", "=>\n            _p ??")
    assert [f.rule for f in rules.check(outlined(before)) if f.severity != "note"] == ["outside-lock"]
    assert rules.compare(outlined(before), outlined(after)) == ()
