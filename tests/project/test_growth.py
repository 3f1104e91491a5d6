"""Four times as much takes about four times as long, not sixteen: processor time within one process, noise tried again."""

from __future__ import annotations

import gc
import importlib.util
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import pytest

from ctxreview import rules
from ctxreview.callgraph.repository import sources
from ctxreview.config import project
from ctxreview.errors import SourceError
from ctxreview.guard import check as guards
from ctxreview.lint import run as linting
from ctxreview.lint.listing import Listing
from ctxreview.lint.plan import CHECKS, Plan
from ctxreview.model.outline import Outline
from ctxreview.model.regions import NO_WRAPPERS
from ctxreview.model.source import Source
from ctxreview.outline import outline
from ctxreview.reports.document import context_document, finding_document
from ctxreview.reports.json_text import dumps
from ctxreview.review import batch
from ctxreview.review.context import build
from ctxreview.review.pipeline import check_suggestions
from ctxreview.review.request import Run, Siblings
from ctxreview.tokens import Tokenizer
from tests import ROOT
from tests.samples import options, request

WORDS = Tokenizer("words", lambda text: len(text.split()))
BOUND = 8
"""Times as long for four times as much: 4 where time grows as the size does, 16 where it grows as its square."""
TRIES = 4


def _benchmark() -> ModuleType:
    path = ROOT / "benchmarks" / "growth.py"
    spec = importlib.util.spec_from_file_location("growth", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GROWTH = _benchmark()


def _grows(folder: Path, name: str, count: int, work: Callable[[Path], object]) -> float:
    """How many times as long ``work`` takes on four times as many as ``count`` of a shape: the least of some tries."""
    least = float("inf")
    for attempt in range(TRIES):
        taken = []
        for size in (count, 4 * count):
            place = folder / f"{attempt}-{size}"
            place.mkdir()
            for path, text in GROWTH.SHAPES[name].made(size).items():
                (place / path).write_text(text, "utf-8")
            gc.collect()
            began = time.process_time()
            work(place)
            taken.append(time.process_time() - began)
        least = min(least, taken[1] / taken[0])
        if least < BOUND:
            return least
    return least


def _context(folder: Path, selection: str, hops: int) -> object:
    asked = request(f"{folder}/{selection}", options("q", 10**9, folder, hops, WORDS))
    return dumps(context_document(build(asked, whole=False)))


def _lint(folder: Path) -> object:
    plan = Plan(CHECKS, frozenset(rule.ID for rule in rules.RULES), project(folder).scopes)
    made = next(linting.lint_files(Listing(folder, ("A.cs",)), plan))
    assert not made.failed
    return dumps({"findings": [finding_document(f) for f in made.findings]})


CONTEXTS = {
    "parts of a type": ("A0.cs:2", 60),
    "parts that call": ("A.cs:2", 50),
    "callers in a file": ("A.cs:3", 200),
    "derived in a chain": ("A.cs:2", 150),
    "derived in a fan": ("A.cs:2", 200),
    "a ring of calls": ("A.cs:3", 200),
    "calls and overloads": ("A.cs:3", 200),
    "ordinary code": ("A.cs:20", 60),
    "nested lambdas": ("A.cs:3", 500),
    "deep calls": ("A.cs:3", 1000),
    "chained calls": ("A.cs:3", 500),
}


@pytest.mark.parametrize("name", CONTEXTS)
def test_a_context_takes_as_long_as_there_is_much(name: str, tmp_path: Path) -> None:
    """Of parts, callers, derived types, overloads and levels, each is examined a few times, however many there are."""
    selection, count = CONTEXTS[name]
    assert _grows(tmp_path, name, count, lambda folder: _context(folder, selection, 3)) < BOUND


def test_equal_selections_are_looked_at_once(tmp_path: Path) -> None:
    """A selection that is given thousands of times gets its result each time, and is examined once where no model is asked."""
    (tmp_path / "A.cs").write_text(GROWTH.ordinary(3)["A.cs"], "utf-8")
    given = [f"{tmp_path}/A.cs:20", f"{tmp_path}/A.cs:999999"] * 5000
    looked: list[str] = []

    run, asked = Run(), options("q", 10**9, tmp_path, 0, WORDS)

    def path(one: str, siblings: Siblings) -> str:
        looked.append(one)
        return build(run.resolve(one, asked, siblings), whole=False).path

    found = list(batch.each_selection(given, tmp_path, run, path, sequential=False))
    assert (len(found), len(looked)) == (10_000, 2)
    assert [isinstance(f, SourceError) for f in found[:4]] == [False, True, False, True]
    assert set(found[::2]) == {"A.cs"}


def test_of_many_members_under_one_lock_the_nearest_are_looked_at(tmp_path: Path) -> None:
    """A context has the members around the selected one, and says of how many others it does not know."""
    members = "".join(f"void M{n}() {{ lock (_gate) {{ _n++; }} }}\n" for n in range(100))
    (tmp_path / "A.cs").write_text(f"class A {{ object _gate = new(); int _n;\n{members}}}\n", "utf-8")
    about = build(request(f"{tmp_path}/A.cs:52", options("q", 10**9, tmp_path, 1, WORDS)), whole=False)
    beyond = "A.cs has 39 more members that also use _gate and _n and were not read."
    assert [s for s in about.blind_spots if "more members" in s] == [beyond]
    shared = [e.why.partition(" ")[0] for e in about.excerpts if e.role == "same-lock"]
    assert sorted(shared, key=lambda m: int(m[1:])) == [f"M{n}" for n in range(20, 81) if n != 50]


def _outlines(folder: Path, changed: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often a file is outlined for an answer that changes so many of the methods of one, each called in another."""
    folder.mkdir()
    files = GROWTH.scattered(changed)
    for path, text in files.items():
        (folder / path).write_text(text, "utf-8")
    calls = "".join(
        f"void C{n}(Orders orders) {{ lock (_gate) {{ orders.Save{n}(null, default); }} }}\n" for n in range(changed)
    )
    (folder / "B.cs").write_text(f"class B {{ object _gate = new();\n{calls}}}\n", "utf-8")
    asked = request(f"{folder}/A.cs:12", options("q", 10**9, folder, 1, WORDS))
    about = build(asked)
    read: list[str] = []

    def outlined(source: Source, *given: Any) -> Outline:
        read.append(source.path)
        return outline(source, *given)

    monkeypatch.setattr(sources, "outline", outlined)
    (answer,) = guards.suggestions(files["answer.md"], about)
    (made,) = check_suggestions([answer], about, asked)
    monkeypatch.undo()
    assert made.applied
    return len(read)


def test_an_answer_that_changes_many_methods_has_each_file_outlined_a_few_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The callers of all changed methods are looked for in one outline of a file, not in one for each method."""
    few, many = (_outlines(tmp_path / str(n), n, monkeypatch) for n in (8, 32))
    assert 0 < many <= few


LINTED = {"distinct locks, lint": 200, "nested transactions, lint": 150, "using declarations, lint": 150}


@pytest.mark.parametrize("name", LINTED)
def test_lint_takes_as_long_as_there_is_much(name: str, tmp_path: Path) -> None:
    """Distinct locks, and transactions under hundreds of others."""
    assert _grows(tmp_path, name, LINTED[name], _lint) < BOUND


def test_a_method_of_a_thousand_transactions_is_refused_by_lint(tmp_path: Path) -> None:
    """Where more scopes lie over one place than rules can compare in seconds, the file is named with the count."""
    for count, says in ((1001, "A.cs: has 1,001 nested transactions and locks"), (10, "")):
        (tmp_path / "A.cs").write_text(GROWTH.SHAPES["using declarations, lint"].made(count)["A.cs"], "utf-8")
        plan = Plan(CHECKS, frozenset(rule.ID for rule in rules.RULES), project(tmp_path).scopes)
        made = next(linting.lint_files(Listing(tmp_path, ("A.cs",)), plan))
        assert made.failed.startswith(says) and bool(made.failed) == bool(says)


KINDS = """
    partial class Kept{0}<T> {{
        static readonly Lazy<int> _lazy{0} = new(() => 1);
        readonly Lock _gate{0} = new();
        readonly ConcurrentDictionary<int, int> _map{0} = new();
        readonly List<int> _list{0} = new();
        [ThreadStatic] static int _own{0};
        // how many there are
        public int Count{0} {{ get {{ lock (_gate{0}) {{ return _list{0}.Count; }} }} set {{ lock (_gate{0}) {{ _list{0}.Add(value); }} }} }}
        public Level Level{0} {{ get; set; }}
        // adds one
        public async Task Add{0}(int n) {{
            lock (_gate{0}) {{ _list{0}.Add(n); Changed{0}(); }}
            _own{0}++;
            await Task.Yield();
            _own{0}++;
            _map{0}[n]++;
            _map{0}.GetOrAdd(n, k => {{ _list{0}.Clear(); return k; }});
            if (Level{0}.Name == "") {{ _list{0}.Clear(); }}
        }}
        void Changed{0}() {{ Updated{0}?.Invoke(this, _list{0}.ToList()); }}
        public event Action<object, List<int>> Updated{0};
    }}
"""
"""A type that most rules about locks have something to look at in."""


def _calls(types: int) -> int:
    """How many functions of ours are called to lint a file with so many types."""
    text = f"using System;\nnamespace Shop {{\n{''.join(KINDS.format(n) for n in range(types))}}}\n"
    plan = Plan(CHECKS, frozenset(rule.ID for rule in rules.RULES), NO_WRAPPERS)
    made = 0

    def count(frame: FrameType, event: str, what: object) -> None:
        nonlocal made
        made += event == "call" and "ctxreview" in frame.f_code.co_filename  # none of `re`, which keeps patterns

    sys.setprofile(count)
    try:
        found, _ = linting.hazards_in(Source("A.cs", text.encode()), plan)
    finally:
        sys.setprofile(None)
    assert len(found) >= 4 * types
    return made


def test_lint_of_many_types_does_as_much_for_each() -> None:
    """Four times the types are about four times the calls: what a rule looks up, it does not look for in all of the file."""
    _calls(4)  # what is read once
    assert _calls(48) < 5 * _calls(12)


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (
            "using declarations",
            "One function of A.cs has 1,001 transactions and locks: edits are not compared beyond 1,000. Compare that function yourself.",
        ),
        (
            "nested lambdas",
            "1,002 functions or types of A.cs are nested in each other: edits are not compared beyond 1,000. Compare that file yourself.",
        ),
        (
            "nested types",
            "1,002 functions or types of A.cs are nested in each other: edits are not compared beyond 1,000. Compare that file yourself.",
        ),
    ],
)
def test_an_edit_among_a_thousand_scopes_is_not_compared(shape: str, reason: str, tmp_path: Path) -> None:
    """Where more scopes or lambdas belong to one function than can be compared in seconds, that is the reason, and a person has to look."""
    for count, says in ((1001, reason), (10, "")):
        files = GROWTH.SHAPES[f"{shape}, guard"].made(count)
        (tmp_path / "A.cs").write_text(files["A.cs"], "utf-8")
        asked = request(f"{tmp_path}/A.cs:4", options("q", 10**9, tmp_path, 0, WORDS))
        about = build(asked)
        (made,) = check_suggestions(guards.suggestions(files["answer.diff"], about), about, asked)
        assert (made.applied, made.reason) == (not says, says)
        assert not says or made.verdict == "needs-human"
