"""What the rules say of themselves: ``explain``, the list of rules, and the generated page."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ctxreview import rules
from ctxreview.errors import ConfigError
from ctxreview.model.kinds import SEVERITIES
from ctxreview.reports.explain import explain_text
from ctxreview.rules.catalogue import RuleEntry, entries, entry, listed, pieces, rows
from ctxreview.rules.page import FAMILIES, FILE, page
from tests import ROOT
from tests.commands import run_command

IDS = [e.id for e in entries()]


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command, offline: without a key, and with a proxy that answers nothing."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "ANTHROPIC_", "CTXREVIEW_"))}
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    return run_command(*arguments, cwd=ROOT, env=kept | nowhere | variables)


def test_explain_prints_the_rules_own_words() -> None:
    """All headings of the docstring come in their order, with what is under them and the examples as code."""
    done = run("explain", "no-tracking-write", COLUMNS="200")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "no-tracking-write (high, looks at code and edits, csharp only)"
    assert lines[1] == entry("no-tracking-write").summary
    headings = [line for line in lines[2:] if line and not line.startswith(" ")]
    assert headings == ["What it flags", "Why it matters here", "When it is fine", "Example", "Instead", "Source"]
    assert "    class C {" in lines
    assert "``" not in done.stdout
    assert "\x1b" not in done.stdout


def test_prose_is_wrapped_for_the_terminal_and_code_is_not() -> None:
    """In a narrow terminal no line of prose is wider than it, and each line of code is as it was written."""
    for rule in entries():
        blocks = [piece for _, text in rule.sections for is_code, piece in pieces(text) if is_code]
        code = [f"    {line}" if line else "" for block in blocks for line in block.split("\n")]
        _, *shown = explain_text(rule, 50).split("\n")
        assert [line for line in code if line not in shown] == []
        assert [line for line in shown if len(line) > 50 and line not in code and len(line.split()) > 1] == []


def test_a_rule_that_does_not_exist() -> None:
    """An unknown name gets one sentence with the nearest rule and how to see all of them, and exit status 2."""
    done = run("explain", "lock-targt")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "There is no rule 'lock-targt': did you mean lock-target? ctxreview lint --list shows all rules.\n"
    )
    with pytest.raises(ConfigError, match=r"There is no rule 'xyzzy': ctxreview lint --list shows"):
        entry("xyzzy")


@pytest.mark.parametrize("written", ["lock-target", "LOCK-TARGET", "lock_target", " lock-target "])
def test_a_rule_is_found_however_its_name_is_written(written: str) -> None:
    """A module's name and capitals mean the rule too."""
    assert entry(written).id == "lock-target"


def test_every_rule_is_listed_once() -> None:
    """The catalogue has each rule, sorted, with its severity and what it looks at, and every part of its docstring."""
    assert sorted(IDS) == IDS == sorted(rule.ID for rule in rules.RULES)
    for rule in rules.RULES:
        found = entry(rule.ID)
        assert (found.severity, found.standing, found.edits) == (
            rule.SEVERITY,
            hasattr(rule, "check"),
            hasattr(rule, "compare"),
        )
        assert re.sub(r"[\s-]", "", "".join([found.summary, *(h + t for h, t in found.sections)])) == re.sub(
            r"[\s-]", "", rule.__doc__ or ""
        )


def test_the_list_as_text_and_as_json() -> None:
    """One line a rule with ID, severity and summary in columns; the same as JSON values."""
    lines = listed(entries()).split("\n")
    assert [line.split()[0] for line in lines] == IDS
    assert all(line.split()[1] in SEVERITIES for line in lines)
    assert len({line.index(entry(line.split()[0]).severity) for line in lines}) == 1
    assert not any("``" in line for line in lines)
    found = json.loads(json.dumps(rows(entries())))
    assert [row["id"] for row in found] == IDS
    assert found[IDS.index("scope-change")] == {
        "id": "scope-change",
        "severity": "high",
        "summary": "An edit removes, narrows, widens or replaces a transaction or lock.",
        "check": False,
        "compare": True,
    }


def test_the_page_is_up_to_date(tmp_path: Path, expect: Callable[[Path, str], None]) -> None:
    """RULES.md is what the docstrings say today, and the command that its head names writes it."""
    expect(ROOT / FILE, page())
    subprocess.run(
        [sys.executable, "-m", "ctxreview.rules.page"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert (tmp_path / FILE).read_bytes() == (ROOT / FILE).read_bytes()


@pytest.mark.parametrize("rule", entries(), ids=lambda rule: rule.id)
def test_each_source_has_a_link(rule: RuleEntry) -> None:
    """What a rule rests on can be opened: each of its sources has an address, which explain prints in one piece."""
    section = dict(rule.sections)["Source"]
    addresses = re.findall(r"<(https://[^\s<>]+)>", section)
    assert addresses
    assert section.count("https://") == len(addresses)
    assert all(f"<{address}>" in explain_text(rule, 60) for address in addresses)


def test_each_family_is_on_the_page() -> None:
    """Every rule's package has a part of the page, with the rules of that package alone."""
    parts = re.split(r"^## (.+)$", page(), flags=re.MULTILINE)[1:]
    found = {
        title: re.findall(r"^### (.+)$", text, re.MULTILINE)
        for title, text in zip(parts[::2], parts[1::2], strict=True)
    }
    assert found == {title: [e.id for e in entries() if e.family == family] for family, title in FAMILIES.items()}


def test_the_page_has_each_rule_with_a_link_that_leads_to_it() -> None:
    """Each row of the table links a heading of the page, and the fences are balanced."""
    links = re.findall(r"^\| \[(.+)\]\(#(.+)\) \|", page(), re.MULTILINE)
    assert sorted(name for name, _ in links) == IDS
    assert all(name == anchor and f"\n### {name}\n" in page() for name, anchor in links)
    assert len(re.findall(r"^```csharp$", page(), re.MULTILINE)) == len(re.findall(r"^```$", page(), re.MULTILINE))
    assert not re.search(r"\bsafe to\b|\bapproved\b|\bLGTM\b", page())
