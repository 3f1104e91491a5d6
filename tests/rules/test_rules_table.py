"""The table of hazards and the words of the guard: what is asked about each suggestion, and its legitimate twin.

``hazards.md`` has the table row by row, ``moves.md`` what an edit moves; both say how they are read.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from ctxreview import rules
from ctxreview.model.kinds import SEVERITIES
from ctxreview.model.outline import Outline
from ctxreview.model.review import Finding
from ctxreview.model.source import Source
from ctxreview.outline import outline
from tests import ROOT
from tests.samples import PATH, shop

FIELDS = """\
    readonly object _gate = new();
    readonly object _other = new();
    readonly List<int> _items = new();
    readonly SemaphoreSlim _slots = new(1, 1);
    readonly ReaderWriterLockSlim _rw = new();
    readonly ILogger _logger;
    int _n, _sum;
    event EventHandler Changed;
"""
ELSEWHERE = {
    2: "UseQueryTrackingBehavior where the context is registered, in another file than what saves",
    15: "a factory of contexts behind a name of the project's own",
    22: "an interceptor in another file, where the tag's text does not say that it locks",
    37: "a transaction that a method of another type opens",
    38: "a second transaction on a connection that is handed over under another name",
    47: "an isolation level that a stored procedure or a script sets",
    53: "a dictionary that a base type or another part of the type declares",
    61: "code for a user interface in a type that does not say so, such as a view model",
    62: "a semaphore that a base type or another part of the type declares, and takes",
    68: "two locks that two types take",
    76: "uses in another part of the type, or in derived types",
    78: "an interceptor that is registered for an interface, a name or a namespace",
    80: "a singleton whose constructor takes what is made for a request",
}
"""What of a row one file does not show, and no rule finds: a person or the context of the review has to."""


class Edit(NamedTuple):
    """A file before and after an edit, and how severely it is asked about: ``""`` where it is left alone."""

    before: str
    after: str
    severity: str


class Entry(NamedTuple):
    """A suggestion with its rule, and an edit that looks like it and is right; ``row`` is 0 outside the table."""

    row: int
    what: str
    rule: str
    asked: Edit
    right: Edit


_ENTRY = re.compile(
    r"^## (?:(\d+) )?([\w-]+) \((\w+)\): (.+)\n\n```diff (\w+)\n([^`]*)```\n\nRight(?: \((\w+)\))?:\n\n```diff (\w+)\n([^`]*)```$",
    re.MULTILINE,
)


def entries(name: str) -> list[Entry]:
    """The entries of a file beside this one; backticks stand nowhere in their code."""
    text = (ROOT / "tests" / name).read_text("utf-8")
    found = [
        Entry(int(e[1] or 0), e[4], e[2], Edit(*edit(e[5], e[6]), e[3]), Edit(*edit(e[8], e[9]), e[7] or ""))
        for e in _ENTRY.finditer(text)
    ]
    assert len(found) == len(re.findall("^## ", text, re.MULTILINE))
    return found


def edit(kind: str, diff: str) -> tuple[str, str]:
    """The files before and after a diff of all lines."""
    lines = diff.splitlines()
    before, after = ("\n".join(line[1:] for line in lines if line[:1] != sign) for sign in "+-")
    whole = {"file": str, "statements": shop, "members": lambda code: f"class C\n{{\n{FIELDS}\n{code}\n}}\n"}[kind]
    return whole(before), whole(after)


def asked(tried: Edit) -> list[Finding]:
    """What the rules ask about an edit between two files that parse."""

    def outlined(code: str) -> Outline:
        found = outline(Source(PATH, code.encode()))
        assert not found.parse.errors, code
        return found

    return list(rules.compare(outlined(tried.before), outlined(tried.after)))


def worst(findings: list[Finding]) -> str:
    """The worst severity; ``""`` where nothing was found."""
    return min((f.severity for f in findings), key=SEVERITIES.index, default="")


TABLE = entries("hazards.md")
MOVES = entries("moves.md")


def name(entry: Entry) -> str:
    """An entry's row and what it is about."""
    return f"{entry.row} {entry.what}" if entry.row else entry.what


@pytest.mark.parametrize("entry", [*TABLE, *MOVES], ids=name)
def test_loud(entry: Entry) -> None:
    """The entry's rule asks about the suggestion, as severely as the entry says."""
    assert entry.rule in {rule.ID for rule in rules.RULES}
    assert worst([f for f in asked(entry.asked) if f.rule == entry.rule]) == entry.asked.severity


@pytest.mark.parametrize("entry", [*TABLE, *MOVES], ids=name)
def test_quiet(entry: Entry) -> None:
    """The legitimate twin is left alone, or a person is asked; nothing is held against it."""
    found = asked(entry.right)
    assert worst(found) == entry.right.severity != "high", found


def test_every_row_of_the_table_has_a_rule() -> None:
    """Each of the 80 rows has a suggestion that is asked about, and a row of which a file shows only a part is in the table."""
    assert {entry.row for entry in TABLE} == set(range(1, 81))
    assert ELSEWHERE.keys() <= set(range(1, 81))


def test_every_rule_about_edits_has_an_entry() -> None:
    """No rule is outside the table and the words, save the ones about comments and about files on disk that have tests of their own."""
    told = {entry.rule for entry in (*TABLE, *MOVES)}
    assert {rule.ID for rule in rules.RULES} - told == {"missing-intent", "durable-write"}


@pytest.mark.parametrize("row", ELSEWHERE)
def test_what_a_file_does_not_show_is_said(row: int) -> None:
    """The documentation of the rules lists what they cannot see, with the reason."""
    assert " ".join(ELSEWHERE[row].split()) in " ".join((rules.__doc__ or "").split())
