"""The rules page, ``RULES.md``, made from the rules' own docstrings.

``python -m ctxreview.rules.page`` writes it into the current folder; a test says so where it is out of date.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ctxreview.rules.catalogue import RuleEntry, entries, markdown

FILE = "RULES.md"
INTRODUCTION = """\
# Rules

Each rule names evidence and asks a question; none says that code is right or wrong. Rules that look at code check the
code in a file, and the code that an edit adds. Rules that look at edits compare the code before and after a suggestion.
`ctxreview explain RULE` prints a section of this page.

This page is generated from the rules' docstrings; `python -m ctxreview.rules.page` regenerates it.
"""
FAMILIES = {
    "transactions": "Transactions",
    "locks": "Locks and shared memory",
    "orm": "Tracked entities, queries and saves",
    "sql": "SQL",
    "scopes": "Transactions and locks",
}
"""The packages of the rules, in the order of the page, with their titles."""


def page() -> str:
    """The whole page."""
    return "\n\n".join([INTRODUCTION.rstrip("\n"), *(_family(*family) for family in FAMILIES.items())]) + "\n"


def _family(family: str, title: str) -> str:
    rules = [e for e in entries() if e.family == family]
    sections = [f"### {e.id}\n\n{_code(e.summary)} {_asked(e)}\n\n{markdown(e, 4)}" for e in rules]
    return "\n\n".join([f"## {title}", _table(rules), *sections])


def _table(rules: Sequence[RuleEntry]) -> str:
    rows = [f"| [{e.id}](#{e.id}) | {e.severity} | {e.looks_at} | {_cell(e.summary)} |" for e in rules]
    return "\n".join(["| rule | severity | looks at | about |", "|---|---|---|---|", *rows])


def _asked(rule: RuleEntry) -> str:
    of = f" Applies to {rule.asked_of}." if rule.asked_of else ""
    return f"Severity: {rule.severity}.{of}"


def _code(text: str) -> str:
    return text.replace("``", "`")


def _cell(text: str) -> str:
    return _code(text).replace("|", "\\|")


if __name__ == "__main__":
    Path(FILE).write_bytes(page().encode())
