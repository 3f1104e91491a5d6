"""A second language, made of data and one hook, is read like the first: the seam holds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from ctxreview.languages import PACKAGES, load
from ctxreview.model.outline import Outline
from ctxreview.model.source import Source
from ctxreview.outline import outline
from ctxreview.reports.explain import explain_text
from ctxreview.rules.catalogue import entry

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent / "toy_java"
STOCK = """\
package shop;

public class Stock {
    private static volatile int total = 0;
    private final ReentrantLock gate = new ReentrantLock();
    private final Map<String, Integer> counts = new HashMap<>();
    private final Object mutex = new Object();

    public void take(String sku, int n) {
        gate.lock();
        try {
            int left = counts.get(sku) - n; // gate.unlock();
            counts.put(sku, left);
            this.total++;
        } finally {
            gate.unlock();
        }
    }

    public int sum() {
        synchronized (mutex) {
            int all = 0;
            for (int each : counts.values()) {
                all += each;
            }
            total = all;
            return all;
        }
    }

    public synchronized void reset() {
        counts.clear();
    }

    @Transactional(isolation = Isolation.SERIALIZABLE)
    public void place(Order order) {
        orders.save(order);
        take(order.sku, 1);
    }
}
"""
SHOP = """\
package shop;

public class Shop {
    private final Stock stock = new Stock();

    @Transactional
    public void buy(Order order) {
        stock.take(order.sku, 1);
    }
}
"""
TAKE = STOCK[STOCK.index("    public void take") : STOCK.index("    public int sum")]


def test_a_language_is_small() -> None:
    """The data and hooks of the toy are less than 150 lines together."""
    files = [f for f in FOLDER.iterdir() if f.suffix in (".toml", ".scm", ".py")]
    assert sum(len(f.read_text("utf-8").splitlines()) for f in files) < 150


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Outline:
    """The outline of one file, where the toy is one of the languages."""
    monkeypatch.setitem(PACKAGES, "java", "tests.languages.toy_java")
    return outline(Source("Stock.java", STOCK.encode()))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two files, one of which calls the other under a transaction."""
    (tmp_path / "Stock.java").write_text(STOCK, "utf-8")
    (tmp_path / "Shop.java").write_text(SHOP, "utf-8")
    return tmp_path


def told(root: Path, *words: str, given: str = "") -> dict[str, Any]:
    """What a command says as JSON where the toy is one of the languages."""
    start = "from ctxreview.languages import PACKAGES; PACKAGES['java'] = 'tests.languages.toy_java'"
    run = subprocess.run(
        [sys.executable, "-c", f"{start}; from ctxreview.__main__ import main; main()", *words, "--format", "json"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == ""
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_functions_types_and_members(read: Outline) -> None:
    """Methods, the class with its package and the fields with their modifiers are found, and what a comment says is not."""
    assert [(f.kind, f.name, f.container) for f in read.functions] == [
        ("method", name, "Stock") for name in ("take", "sum", "reset", "place")
    ]
    assert [(t.kind, t.qualified) for t in read.types] == [("class", "shop.Stock")]
    assert [(m.names, m.declares) for m in read.members][:2] == [(("total",), "int"), (("gate",), "ReentrantLock")]
    assert read.members[0].modifiers == ("private", "static", "volatile")
    assert len(read.comments) == 1


def test_each_form_of_a_region(read: Outline) -> None:
    """A pair of calls, a statement, a modifier and an annotation: each holds what it says it does."""
    lines = read.source.lines_of
    assert [(r.kind, r.form, r.construct, r.resource, lines(r.span)) for r in read.regions] == [
        ("lock", "acquire-release", "ReentrantLock", "gate", (10, 16)),
        ("lock", "block", "synchronized", "mutex", (21, 28)),
        ("lock", "attribute", "synchronized", "this", (31, 33)),
        ("transaction", "attribute", "@Transactional", "this", (35, 39)),
    ]


def test_facts_of_state_and_calls(read: Outline) -> None:
    """Reads, writes, saves and exits are told as of any language; what the catalogue has no words for is nothing."""
    found = [(f.kind, f.name, read.source.line_of(f.span.start)) for f in read.facts]
    assert ("write", "counts", 13) in found
    assert ("read", "total", 14) in found and ("write", "total", 14) in found
    assert ("exit", "return", 27) in found
    assert ("save", "save", 37) in found


def test_the_context_has_the_lock_and_the_callers_transaction(repository: Path) -> None:
    """A line in the lock is held by it, and by the transactions under which this and another file call the method."""
    about = told(repository, "context", "Stock.java:13")
    held = {(s["kind"], s["construct"], s["path"]) for s in about["scopes"] if s["encloses_selection"]}
    assert held == {
        ("lock", "ReentrantLock", "Stock.java"),
        ("transaction", "@Transactional", "Stock.java"),
        ("transaction", "@Transactional", "Shop.java"),
    }
    assert (about["language"], about["verdict"]) == ("java", "in-scope")


def changed(root: Path, *pairs: tuple[str, str]) -> dict[str, Any]:
    """What guard says of an answer with the method in which the first of each pair is the second."""
    new = TAKE
    for old, instead in pairs:
        assert old in new
        new = new.replace(old, instead)
    answer = f"So:\n\n```java\n{dedent(new)}```\n"
    return told(root, "guard", "Stock.java:9-17", "--suggestion", "-", given=answer)


def test_an_edit_that_drops_the_lock_conflicts(repository: Path) -> None:
    """Without its pair of calls the state is no longer held, and guard says so."""
    result = changed(repository, ("        gate.lock();\n", ""), ("            gate.unlock();\n", ""))
    assert result["verdict"] == "conflicts"
    assert "scope-change" in {f["rule"] for f in result["suggestions"][0]["findings"]}


def test_a_renamed_local_is_no_conflict(repository: Path) -> None:
    """A local variable by another name changes nothing that a rule knows of."""
    result = changed(repository, ("left", "remaining"))
    assert (result["verdict"], result["suggestions"][0]["applied"]) == ("no-known-conflict", True)


def test_rules_about_another_language_are_not_asked_and_named(repository: Path) -> None:
    """Lint and guard say which rules they did not ask; rules that any language may break are asked."""
    found = told(repository, "lint", ".")
    others = found["not_asked"]["java"]
    assert {"lock-type", "volatile-field", "async-flow"} <= set(others)
    assert "scope-end" in others  # it asks what functions do, and the toy has no lowering
    assert {f["rule"] for f in found["findings"]} == {"missing-intent"}
    assert others == changed(repository, ("left", "remaining"))["not_asked"]
    assert not {"scope-change", "missing-intent", "lock-order"} & set(others)


def test_what_a_language_leaves_out_is_not_known_and_no_crash(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without its catalogue, hooks, words, roles and fields a language has functions and types, and neither regions nor facts."""
    package = tmp_path / "bare_java"
    package.mkdir()
    whole = (FOLDER / "language.toml").read_text("utf-8")
    (package / "__init__.py").write_text("", "utf-8")
    (package / "language.toml").write_text(whole[: whole.index("[words]")], "utf-8")
    (package / "outline.scm").write_text("(class_declaration) @type\n(method_declaration) @function\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(PACKAGES, "bare", "bare_java")
    monkeypatch.delitem(PACKAGES, "csharp")
    found = outline(Source("Stock.java", STOCK.encode()))
    assert (len(found.functions), len(found.types), found.regions, found.facts) == (4, 1, (), ())


def outlined(package: Path, code: str, monkeypatch: pytest.MonkeyPatch, *changes: tuple[str, str, str]) -> Outline:
    """The outline of a method's code by a copy of the toy, in whose files texts are changed."""
    shutil.copytree(FOLDER, package)
    for name, old, new in changes:
        text = (package / name).read_text("utf-8")
        assert old in text
        (package / name).write_text(text.replace(old, new), "utf-8")
    monkeypatch.syspath_prepend(package.parent)
    monkeypatch.setitem(PACKAGES, package.name, package.name)
    return outline(Source("C.java", f"class C {{ ReentrantLock gate; {code} }}".encode()))


def test_whether_leaving_a_transaction_completes_it_is_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form that is completed by leaving it is left uncompleted by exceptions alone, and an unknown form is an error."""
    code = "@Transactional int f(int n) { if (n > 1) throw new E(); orders.save(n); return n; }"
    found = outlined(tmp_path / "completing_java", code, monkeypatch)
    (region,) = found.regions
    assert [found.source.text(e) for e in region.exits] == ["throw new E();"]
    undone = outlined(tmp_path / "undoing_java", code, monkeypatch, ("constructs.toml", '["attribute"]', "[]"))
    assert undone.regions[0].exits == ()  # nobody here completes it
    with pytest.raises(
        ValueError, match=r"^odd_java/constructs.toml: completed_by_leaving has a form that there is not$"
    ):
        outlined(tmp_path / "odd_java", code, monkeypatch, ("constructs.toml", '["attribute"]', '["atribute"]'))


def test_whether_a_release_is_postponed_is_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a postponed statement releases is held to the end of the function, however that ends."""
    code = "void f() { gate.lock(); later: gate.unlock(); n++; }"
    at_once = outlined(tmp_path / "prompt_java", code, monkeypatch)
    role = ("language.toml", "[roles]\n", '[roles]\npostponed = "labeled_statement"\n')
    at_the_end = outlined(tmp_path / "postponing_java", code, monkeypatch, role)
    assert [(o.source.text(r.span), r.leaks_on_exception) for o in (at_once, at_the_end) for r in o.regions] == [
        ("gate.lock(); later: gate.unlock()", True),
        ("gate.lock(); later: gate.unlock(); n++; }", False),
    ]


@pytest.mark.parametrize("key", ["extensions", "grammar", "shape"])
def test_what_no_language_can_be_without_is_an_error(key: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A language without one of these is refused when it is loaded, and the error says where that is missing."""
    package = tmp_path / f"no_{key}"
    package.mkdir()
    whole = (FOLDER / "language.toml").read_text("utf-8").replace(key, f"another_{key}")
    (package / "__init__.py").write_text("", "utf-8")
    (package / "language.toml").write_text(whole, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(PACKAGES, f"no_{key}", f"no_{key}")
    with pytest.raises(ValueError, match=rf"^no_{key}/language.toml: there is no {key}$"):
        load(f"no_{key}")


def test_explain_says_whom_a_rule_is_asked_of() -> None:
    """A rule that knows one language's library says so where it is explained."""
    assert "csharp only" in explain_text(entry("lock-type"), 80).splitlines()[0]
    assert "languages with lower only" in explain_text(entry("scope-end"), 80).splitlines()[0]
    assert "only" not in explain_text(entry("lock-order"), 80).splitlines()[0]
