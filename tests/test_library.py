"""The library: what its page shows, the same results as the commands, and no trace of it in process or files."""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import ctxreview
from ctxreview.cli.app import app
from ctxreview.reports.document import context_document, guard_document, review_document
from ctxreview.reports.findings import lint_document
from ctxreview.reports.json_text import dumps
from tests import ROOT
from tests.samples import EXAMPLE, QUERY

PAGE = ROOT / "docs" / "library.md"
BOX = """\
class Box
{
    readonly object _gate = new();
    int _count;
    public void Add() { lock (_gate) { _count++; } }
}
"""


@pytest.fixture(autouse=True)
def nobodys_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings or keys of this machine, and no ranks of a tokenizer."""
    for name in list(os.environ):
        if name.startswith(("OPENAI", "ANTHROPIC", "CTXREVIEW")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    monkeypatch.chdir(ROOT)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command prints, run in this process."""
    with pytest.raises(SystemExit):
        app(list(arguments))
    return capsys.readouterr().out


def test_every_block_of_the_page_runs() -> None:
    """docs/library.md is a session that can be repeated; no block is left out."""
    text = PAGE.read_text("utf-8")
    test = doctest.DocTestParser().get_doctest(text.replace("```", "\n```"), {}, PAGE.name, str(PAGE), 0)
    assert text.count("```pycon\n>>> ") == text.count("```") // 2
    failed, tried = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test)
    assert (failed, tried > 20) == (0, True)


def test_the_example_script_runs() -> None:
    """A provider of one's own is asked, and the guard's verdict decides the status."""
    script = ROOT / "examples" / "library" / "own_model.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("Add AsNoTracking() to the query: conflicts\n  high no-tracking-write, line 31: ")


def test_public_names_are_typed_and_misspelt_ones_are_errors(tmp_path: Path) -> None:
    """A type checker sees the functions' own signatures, in the example and where they are misused."""
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import ctxreview\n\nctxreview.contxt('a')\nn: int = ctxreview.context('A.cs:1')\n", "utf-8")
    example = ROOT / "examples" / "library" / "own_model.py"
    done = subprocess.run(
        [str(Path(sys.executable).parent / "mypy"), "--strict", "--config-file=", str(example), str(wrong)],
        capture_output=True,
        text=True,
        check=False,
    )
    errors = [line.partition("error: ")[2] for line in done.stdout.splitlines() if "error: " in line]
    assert len(errors) == 2, done.stdout
    assert "no attribute" in errors[0]
    assert 'expression has type "Context"' in errors[1]


def test_names_that_are_packages_too_are_functions() -> None:
    """Whatever has been imported before, ``from ctxreview import context`` gives the function."""
    script = (
        "import ctxreview.context.build, ctxreview.review.pipeline, ctxreview.lint.run\n"
        "from ctxreview import context, prompt, guard, lint, review, explain\n"
        "import ctxreview.guard.check, ctxreview.prompt.build\n"
        "import ctxreview\n"
        "print([f.__module__ for f in (context, prompt, guard, lint, review, explain)])\n"
        "print(all(callable(getattr(ctxreview, n)) for n in ('context', 'prompt', 'guard', 'lint', 'review')))\n"
    )
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [repr(["ctxreview.library"] * 6), "True"], done.stderr


def test_every_public_name_is_there() -> None:
    """Each name in ``__all__`` can be read, and is listed."""
    assert [name for name in ctxreview.__all__ if not hasattr(ctxreview, name)] == []
    assert set(ctxreview.__all__) <= set(dir(ctxreview))
    with pytest.raises(AttributeError, match="has no attribute 'contxt'"):
        ctxreview.contxt  # noqa: B018


def test_nothing_is_read_before_it_is_asked_for() -> None:
    """The package alone imports no rule, no grammar and no SDK."""
    script = (
        "import sys, ctxreview\n"
        "print([m for m in sys.modules if m.startswith(('tree_sitter', 'ctxreview.rules', 'ctxreview.model', 'openai'))])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_results_are_those_of_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON, context, guard, review and lint are what the commands print."""
    place, answer = f"{EXAMPLE}/{QUERY}", EXAMPLE / "answers" / "unsafe-answer.md"
    shown = dumps(context_document(ctxreview.context(place)), 2)
    assert printed(capsys, "context", place, "--format", "json") == f"{shown}\n"
    checked = ctxreview.guard(place, answer.read_text("utf-8"))
    shown = dumps(guard_document(checked, ctxreview.context(place), "conflicts"), 2)
    assert printed(capsys, "guard", place, "--suggestion", str(answer), "--format", "json") == f"{shown}\n"
    shown = dumps(review_document(ctxreview.review(place, "why?")), 2)
    assert printed(capsys, "review", place, "-m", "why?", "--format", "json", "--provider", "none") == f"{shown}\n"
    linted = ctxreview.lint(EXAMPLE)
    shown = dumps(lint_document(linted.findings, linted.files, linted.suppressed, 0, linted.failed, {}), 2)
    assert printed(capsys, "lint", str(EXAMPLE), "--format", "json") == f"{shown}\n"
    made = ctxreview.prompt(place, "why?")
    assert f"{made.system}\n===== user =====\n{made.user}" in printed(capsys, "prompt", place, "-m", "why?")


def test_a_text_is_read_as_the_file_would_be(tmp_path: Path) -> None:
    """A text in place of its file gives what the file with that text gives, its callers in other files included."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "Box.cs").write_text(BOX.replace("_count++", "_count--"), "utf-8")
    (tmp_path / "User.cs").write_text(
        "class User\n{\n    void Use(Box box) { using var t = new TransactionScope(); box.Add(); t.Complete(); }\n}\n",
        "utf-8",
    )
    place = f"{tmp_path}/Box.cs:5"
    edited = context_document(ctxreview.context(place, text=BOX))
    assert "_count++" in ctxreview.prompt(place, text=BOX).user
    (tmp_path / "Box.cs").write_text(BOX, "utf-8")
    assert context_document(ctxreview.context(place)) == edited
    assert [scope["path"] for scope in edited["scopes"] if scope["kind"] == "transaction"] == ["User.cs"]
    (tmp_path / "Box.cs").unlink()
    assert context_document(ctxreview.context("Box.cs:5", text=BOX, root=tmp_path)) == edited


def test_a_selection_is_a_value(tmp_path: Path) -> None:
    """A selection can be made of a text and a place in it, without any file."""
    source = ctxreview.Source("Box.cs", BOX.encode(), root=tmp_path)
    at = BOX.index("_count++")
    found = ctxreview.context(ctxreview.Selection(source, ctxreview.Span(at, at + 8), "Box.cs"))
    assert [scope.resource for scope in found.enclosing] == ["_gate"]
    with pytest.raises(ctxreview.SourceError, match="is outside"):
        ctxreview.context("../Box.cs:5", text=BOX, root=tmp_path)


def test_a_long_lived_process_sees_changes(tmp_path: Path) -> None:
    """Between two calls files and settings may change; the second call knows."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "A.cs").write_text(
        "class A\n{\n    public void M() { using (Hold()) { _n++; } }\n    int _n;\n}\n", "utf-8"
    )
    place = f"{tmp_path}/A.cs:3:42-3:45"
    assert ctxreview.context(place).enclosing == ()
    (tmp_path / ".ctxreview.toml").write_text('[scopes]\nlock = ["Hold"]\n', "utf-8")
    assert [scope.kind for scope in ctxreview.context(place).enclosing] == ["lock"]
    (tmp_path / "B.cs").write_text("class B\n{\n    void N(A a) { lock (this) { a.M(); } }\n}\n", "utf-8")
    assert [scope.path for scope in ctxreview.context(place).enclosing] == ["", "B.cs"]


def test_threads_may_call_it() -> None:
    """Contexts made at once in several threads are those made one after the other, also where each reads other parts."""
    places = [f"{EXAMPLE}/src/RecordService.cs:{line}" for line in (31, 51, 74, 88, 100)]
    expected = [context_document(ctxreview.context(place, hops=0)) for place in places]
    found: dict[int, list[bool]] = {}

    def make(start: int) -> None:
        order = [(start + step) % len(places) for step in range(20)]
        found[start] = [context_document(ctxreview.context(places[n], hops=0)) == expected[n] for n in order]

    interval = sys.getswitchinterval()
    try:
        sys.setswitchinterval(1e-6)
        threads = [threading.Thread(target=make, args=(start,)) for start in range(len(places))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert found == {start: [True] * 20 for start in range(len(places))}


@pytest.mark.parametrize("wrong", ["Missing.cs:1", "nonsense", f"{EXAMPLE}/src/RecordService.cs:1"])
def test_what_cannot_be_done_is_raised(wrong: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Errors are raised as one sentence; nothing is printed, and the process goes on."""
    with pytest.raises(ctxreview.CtxreviewError) as caught:
        ctxreview.review(wrong)
    assert "\n" not in str(caught.value)
    with pytest.raises(ctxreview.ConfigError, match="one file, but 2 paths"):
        ctxreview.lint(["A.cs", "B.cs"], text=BOX)
    assert capfd.readouterr() == ("", "")


READS = """
import os, sys
log, arguments = sys.argv[1], sys.argv[2:]
def hook(event, args):
    if event == "open" and isinstance(args[0], str) and os.path.basename(args[0]) in (".ctxreview.toml", "config.toml"):
        with_log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(with_log, (os.path.basename(args[0]) + "\\n").encode())
        os.close(with_log)
sys.addaudithook(hook)
sys.argv = ["ctxreview", *arguments]
from ctxreview.__main__ import main
main()
"""
RUNS = {
    "context": ["context", "src/C0.cs:3"],
    "many on every core": ["context", *(f"src/C{n}.cs:{line}" for n in range(40) for line in (3, 4))],
    "many reviews": ["review", "src/C0.cs:3", "src/C1.cs:3", "--provider", "none"],
    "prompt": ["prompt", "src/C0.cs:3"],
    "dry run of two models": ["review", "src/C0.cs:3", "--models", "local:a,local:b", "--dry-run"],
    "guard": ["guard", "src/C0.cs:3", "--suggestion", "answer.diff"],
    "lint": ["lint", "src"],
    "intent": ["intent", "src/C0.cs:3", "--provider", "none"],
}


@pytest.mark.parametrize("case", RUNS)
def test_settings_are_read_once_a_run(case: str, tmp_path: Path) -> None:
    """However many selections, models and processes a run has, it opens each file with settings once."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "src").mkdir()
    for n in range(40):
        code = f"class C{n}\n{{\n    void Add() {{ lock (_gate) {{ _count++; }} }}\n    int _count; object _gate;\n}}\n"
        (tmp_path / "src" / f"C{n}.cs").write_text(code, "utf-8")
    diff = "--- a/src/C0.cs\n+++ b/src/C0.cs\n@@ -4 +4 @@\n-    int _count; object _gate;\n+    int _count, _b; object _gate;\n"
    (tmp_path / "answer.diff").write_text(diff, "utf-8")
    (tmp_path / ".ctxreview.toml").write_text('[[checklist]]\nid = "audit"\nquestion = "Is it audited?"\n', "utf-8")
    config = Path(os.environ["XDG_CONFIG_HOME"]) / "ctxreview" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("retries = 1\n", "utf-8")
    log = tmp_path / "opened"
    done = subprocess.run(
        [sys.executable, "-P", "-c", READS, str(log), *RUNS[case]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    opened = sorted(log.read_text("utf-8").splitlines())
    assert opened == [".ctxreview.toml"] if case == "lint" else [".ctxreview.toml", "config.toml"]
