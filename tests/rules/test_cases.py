"""Each rule's cases: ``tests/corpus/rules/RULE.md`` has code and edits that the rule asks about, and legitimate twins that it leaves alone.

A case is a heading (``loud``, ``quiet``, ``loud edit`` or ``quiet edit``, for a loud one the severity where it matters, and what it is
about) and one block: ``file`` is a whole file, ``members`` are in a class with some locks and state, ``statements`` in a method of such a
class, whose head may follow ``of``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple

import pytest

from ctxreview import rules
from ctxreview.model.outline import Outline
from ctxreview.model.source import Source
from ctxreview.outline import outline
from tests import ROOT
from tests.samples import PATH, shop

PAGES = ROOT / "tests" / "corpus" / "rules"
RULES = {rule.ID: rule for rule in rules.RULES}
FIELDS = """\
    readonly object _gate = new();
    readonly object _other = new();
    readonly List<int> _items = new();
    readonly SemaphoreSlim _slots = new(1, 1);
    readonly ReaderWriterLockSlim _rw = new();
    int _n, _sum;
    volatile bool _stop;
    event EventHandler Changed;
"""
_CASE = re.compile(
    r"^## (loud|quiet)( edit)?(?:, (high|medium|low|note))?: ([^\n]+)\n\n```(csharp|diff) (file|members|statements)(?: of ([^\n]+))?\n(.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


class Case(NamedTuple):
    """A case of a rule: ``text`` is code, or of an edit the diff of all lines; ``severity`` is ``""`` where any does."""

    rule: ModuleType
    what: str
    loud: bool
    edit: bool
    severity: str
    kind: str
    head: str
    text: str

    def __str__(self) -> str:
        """The name of its test."""
        return f"{self.rule.ID}: {self.what}"

    def outlined(self, code: str) -> Outline:
        """The outline of the file that the case's code is in."""
        if self.kind == "statements":
            code = shop(code, self.head) if self.head else shop(code)
        elif self.kind == "members":
            code = f"class C\n{{\n{FIELDS}\n{code}\n}}\n"
        return outline(Source(PATH, code.encode()))


def cases() -> Iterator[Case]:
    """The cases of all rules."""
    for page in sorted(PAGES.glob("*.md")):
        text, rule = page.read_text("utf-8"), RULES[page.stem]
        found = _CASE.findall(text)
        assert len(found) == len(re.findall("^## ", text, re.MULTILINE)), f"{page.name} has a case in another form"
        for label, edit, severity, what, marked, kind, head, code in found:
            assert (marked == "diff") == bool(edit), f"{page.name}: {what}"
            yield Case(rule, what, label == "loud", bool(edit), severity, kind, head, code)


CASES = list(cases())
CODE = [case for case in CASES if not case.edit]
EDITS = [case for case in CASES if case.edit]


@pytest.mark.parametrize("case", CODE, ids=str)
def test_code(case: Case) -> None:
    """A rule finds one thing in loud code, with evidence and a question, and the check of all rules has it too; nothing in a twin."""
    code = case.outlined(case.text)
    findings = case.rule.check(code)
    assert len(findings) == case.loud
    for finding in findings:
        assert finding.rule == case.rule.ID
        assert finding.severity == (case.severity or finding.severity)
        assert finding.message.endswith(".")
        assert "?" in finding.question
        assert finding in rules.check(code)


@pytest.mark.parametrize("case", EDITS, ids=str)
def test_edit(case: Case) -> None:
    """A loud edit has one finding of the rule, by itself or as a hazard that is new; its twin has none."""
    lines = case.text.splitlines()
    before, after = (case.outlined("\n".join(line[1:] for line in lines if line[:1] != sign)) for sign in "+-")
    assert not after.parse.errors
    findings = [finding for finding in rules.compare(before, after) if finding.rule == case.rule.ID]
    assert [finding.severity for finding in findings] == [case.severity] * case.loud
    for finding in findings:
        assert finding.message.endswith(".")
        assert "?" in finding.question
        assert 1 <= finding.at.start_line <= finding.at.end_line


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.ID)
def test_each_rule_has_cases(rule: ModuleType) -> None:
    """A rule that checks code has at least two loud and two quiet cases of code besides its own examples."""
    if hasattr(rule, "check"):
        loud = [case.loud for case in CODE if case.rule is rule]
        assert loud.count(True) >= 2
        assert loud.count(False) >= 2


@pytest.mark.parametrize("rule", [rule for rule in rules.RULES if not hasattr(rule, "check")], ids=lambda rule: rule.ID)
def test_each_rule_about_edits_has_both(rule: ModuleType) -> None:
    """A rule that only looks at edits has at least two loud and two quiet ones, or they are in ``hazards.md`` and ``moves.md``."""
    loud = [case.loud for case in EDITS if case.rule is rule]
    assert not loud or (loud.count(True) >= 2 and loud.count(False) >= 2)


def test_no_two_cases_have_one_name() -> None:
    """A case is told by its name."""
    assert len({(str(case), case.edit) for case in CASES}) == len(CASES)
