"""Nothing is decided by a sentence that is made for people: all of them reworded, everything else is as it was.

Messages, notes and reasons are reworded where they are read, so that who reads one back finds other words there. Names in
them are reworded too; lengths are kept, since a text may cost tokens.
"""

from __future__ import annotations

import codecs
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ctxreview import rules
from ctxreview.cli.app import app
from ctxreview.languages import Construct
from ctxreview.model.regions import Region
from ctxreview.model.review import Excerpt, Finding, SharedUse
from ctxreview.model.source import Lines, Source
from ctxreview.outline import outline
from tests import ROOT
from tests.callgraph import test_callers as repositories
from tests.rules.test_rules_table import MOVES, TABLE

SENTENCES = ("note", "why", "message", "reason", "unplaced", "doubt")
"""Fields that have sentences, of all values of the model and the call graph."""
ALSO = ((Finding, "question"), (Lines, "what"), (Construct, "note"))
TEXTS = frozenset(
    {
        "note",
        "why",
        "message",
        "question",
        "what",
        "reason",
        "blind_spots",
        "seen",
        "not_seen",
        "tokens",
        "prompt_tokens",
    }
)
"""Keys of documents that have sentences, or count their tokens."""
SOURCES = sorted((ROOT / "tests" / "corpus" / "csharp").glob("*.cs"))
READ = ("wrapper", "lock", "hops", "lambda", "caller", "transaction", "group", "interface")
"""Words of the repositories that are read: those with wrappers, callers, chains, shared locks and marks."""
LOCKS = """
class Gate
{
    private readonly object _gate = new();
    private readonly object _other = new();
    void Enter() { Monitor.Enter(_gate); Work(); }
    void Work() { lock (_other) { lock (_gate) { } } }
    void Turned() { lock (_gate) { lock (_other) { } } }
    void Leave() { Monitor.Exit(_gate); }
}
"""
"""A lock that nothing in its function releases, which says no more of the order of locks than where it is taken."""


def reworded(text: str) -> str:
    """Other words of the same length."""
    return codecs.encode(text, "rot13")


def reword(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every field with a sentence be read in other words."""
    named = (
        (kind, field)
        for name, module in list(sys.modules.items())
        if name.startswith(("ctxreview.model.", "ctxreview.callgraph."))
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__ == name and issubclass(kind, tuple)
        for field in getattr(kind, "_fields", ())
        if field in SENTENCES
    )
    for kind, field in {*named, *ALSO}:
        at = kind._fields.index(field)
        monkeypatch.setattr(kind, field, property(lambda self, at=at: self[at] and reworded(self[at])))


def outcome(finding: Finding) -> tuple[object, ...]:
    """A finding without its words."""
    places = [(p.path, p.start_line, p.end_line) for p in (finding.at, *finding.related)]
    return finding.rule, finding.severity, finding.certainty, finding.about, places


def in_a_file(code: bytes) -> Iterator[object]:
    """What is seen and found in one file, without words."""
    found = outline(Source("M.cs", code))
    yield [r._replace(note="") for r in found.regions]
    yield found.facts
    yield [outcome(f) for f in rules.check(found)]


def of_edits() -> Iterator[object]:
    """What is found about each edit of the table of hazards."""
    for entry in (*TABLE, *MOVES):
        versions = (outline(Source("M.cs", code.encode())) for code in (entry.asked.before, entry.asked.after))
        yield entry.what, [outcome(f) for f in rules.compare(*versions)]


def of_files() -> Iterator[object]:
    """What is seen and found in each file of the corpus."""
    yield from in_a_file(LOCKS.encode())
    for path in SOURCES:
        yield from in_a_file(path.read_bytes())


def without_texts(document: Any) -> Any:
    """A document without its sentences; of a list of them their number."""
    if isinstance(document, dict):
        kept = {k: len(v) for k, v in document.items() if k in TEXTS and isinstance(v, list)}
        return kept | {k: without_texts(v) for k, v in document.items() if k not in TEXTS}
    return [without_texts(part) for part in document] if isinstance(document, list) else document


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Path]]:
    """Some repositories of the corpus as a team has them, and a selection in each."""
    made = []
    for case in (c for c in repositories.CASES if any(word in c.parent.name for word in READ)):
        expected = repositories._expected(case)
        root = repositories._copy(case.parent, tmp_path_factory.mktemp("copy"), expected)
        made.append((str(root / expected["selection"]), root))
    return made


def in_repositories(copies: list[tuple[str, Path]]) -> Iterator[object]:
    """The review without a model (context, hazards, answers), and the drafted comment, of each selection."""
    for selection, root in copies:
        asked = ("--root", str(root), "--provider", "none")
        done = CliRunner().invoke(app, ["review", selection, *asked, "--format", "json"])
        yield selection, without_texts(json.loads(done.stdout))
        drafted = CliRunner().invoke(app, ["intent", selection, *asked])
        yield drafted.exit_code, drafted.stdout


def test_what_is_seen_and_found_in_files_does_not_hang_on_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Regions, facts and findings of files are the same when every sentence is another one."""
    plain = list(of_files())
    reword(monkeypatch)
    assert list(of_files()) == plain


def test_what_is_found_about_edits_does_not_hang_on_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which findings an edit has, and which was there before, is the same when every sentence is another one."""
    plain = list(of_edits())
    reword(monkeypatch)
    assert list(of_edits()) == plain


def test_what_is_said_of_repositories_does_not_hang_on_words(
    monkeypatch: pytest.MonkeyPatch, copies: list[tuple[str, Path]]
) -> None:
    """Documents of selections with callers, wrappers and shared state, and drafted comments, differ in nothing but sentences."""
    plain = list(in_repositories(copies))
    reword(monkeypatch)
    assert list(in_repositories(copies)) == plain


READERS = {
    "a rule reads a note": (Region, "end_is_known", lambda self: "releases it" not in self.note),
    "a draft reads a reason": (
        Excerpt,
        "users",
        lambda self: (
            (SharedUse(m[1], self.span, m[2]),)
            if (m := re.fullmatch(r"(\S+) takes the same lock, (\S+)", self.why))
            else ()
        ),
    ),
}


@pytest.mark.parametrize("reader", READERS)
def test_who_reads_a_sentence_back_is_found(
    reader: str, monkeypatch: pytest.MonkeyPatch, copies: list[tuple[str, Path]]
) -> None:
    """With a field that is taken from a sentence again, what is found changes with the words: these tests can fail."""
    kind, field, read = READERS[reader]
    monkeypatch.setattr(kind, field, property(read))
    few = [(selection, root) for selection, root in copies if "StockLedger" in selection]
    plain = [*in_a_file(LOCKS.encode()), *in_repositories(few)]
    reword(monkeypatch)
    assert [*in_a_file(LOCKS.encode()), *in_repositories(few)] != plain


def test_every_sentence_is_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a rule says is read in other words, so that the tests above compare what they mean to."""
    (finding, *_) = rules.check(outline(Source("M.cs", b"class C { void M() { lock (this) { Work(); } } }")))
    said = finding.message, finding.question, finding.at.what
    reword(monkeypatch)
    assert (finding.message, finding.question, finding.at.what) == tuple(map(reworded, said))
    assert finding.message != said[0]


@pytest.mark.parametrize("entry", [*TABLE, *MOVES], ids=lambda entry: f"{entry.row} {entry.what}")
def test_findings_of_a_rule_differ_in_what_they_are_about(entry: Any) -> None:
    """A hazard says what it is about. What tells two of one rule apart in words, numbers aside, also does so in fields, and no more."""
    versions = (t for tried in (entry.asked, entry.right) for t in (tried.before, tried.after))
    found = [f for code in versions for f in rules.check(outline(Source("M.cs", code.encode())))]
    assert all(f.about for f in found), found
    said: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    about: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for finding in found:
        plain = re.sub(r"\d+", "0", finding.message)
        said.setdefault((finding.rule, finding.about), set()).add(plain)
        about.setdefault((finding.rule, plain), set()).add(finding.about)
    assert all(len(texts) == 1 for texts in said.values()), said
    assert all(len(names) == 1 for names in about.values()), about
