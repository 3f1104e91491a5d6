"""Lint: the rules over files and folders, what silences them, and that what is not read would not have been found."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest

from ctxreview import processes, rules
from ctxreview.config import Project
from ctxreview.errors import CtxreviewError
from ctxreview.languages import load
from ctxreview.lint import baseline
from ctxreview.lint import run as linting
from ctxreview.lint.listing import files_named
from ctxreview.lint.plan import CHECKS, Plan, plan_of
from ctxreview.model.regions import NO_WRAPPERS, Wrappers
from ctxreview.model.review import Finding
from ctxreview.model.source import Source
from ctxreview.outline import outline
from ctxreview.rules.prefilter import ALWAYS, LOCKS, TRANSACTIONS, candidates
from tests import ROOT
from tests.commands import Done, run_command, run_on_terminal
from tests.reports.test_sarif import validator
from tests.rules.test_cases import CODE

SCRIPT = Path(sys.executable).parent / "ctxreview"
LOUD = "class {} {{ void M() {{ lock (this) {{ Work(); }} }} }}\n"
FOUND = ["lock-target", "missing-intent"]
QUIET = "class Q { int M() => 1; }\n"
NOISY = "class S { void M() { lock (new object()) { Work(); } } }\n"
EVERY = plan_of(Project(), None, None)

Lint = Callable[..., Done]


def git(folder: Path, *command: str) -> str:
    """What a git command prints; it has to succeed."""
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(("git", *who, *command), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    """Files with their text or bytes; a folder is made where it is missing."""
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)


def commit(root: Path, what: str = "more") -> None:
    """Everything there as a commit."""
    git(root, "add", "-A")
    git(root, "commit", "-qm", what)


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git and ctxreview without the settings of whoever runs the tests."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A git repository with a loud file, a quiet one, and one in a folder, all committed."""
    root = tmp_path / "repo"
    write(root, {"A.cs": LOUD.format("A"), "Q.cs": QUIET, "src/B.cs": LOUD.format("B")})
    git(root, "init", "-q")
    commit(root, "first")
    return root


@pytest.fixture
def lint(repo: Path) -> Lint:
    """Runs ``ctxreview lint``, in the repository unless told otherwise."""

    def call(*args: str | Path, cwd: Path | None = None) -> Done:
        done = run_command("lint", *args, cwd=cwd or repo)
        assert "Traceback" not in done.stderr
        return done

    return call


def document(done: Done, status: int = 0) -> dict[str, Any]:
    """The JSON document that a run printed."""
    assert done.returncode == status, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["schema"] == "ctxreview.lint/1"
    return found


def places(done: Done, status: int = 0) -> list[tuple[str, int, str]]:
    """Path, line and rule of each finding of a run."""
    return [(f["path"], f["start_line"], f["rule"]) for f in document(done, status)["findings"]]


def paths(done: Done, status: int = 0) -> list[str]:
    """The paths with a finding of a run, each once, in its order."""
    return list(dict.fromkeys(path for path, _, _ in places(done, status)))


def refusal(done: Done, says: str) -> None:
    """A run that failed with status 2, printed nothing, and said one sentence."""
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(says, done.stderr), done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.rstrip().endswith((".", "?"))


def hazards(code: str, plan: Plan = EVERY) -> tuple[list[tuple[str, str]], int]:
    """Rule and severity of what is found in a file, and how many findings its comments silence."""
    found, silenced = linting.hazards_in(Source("C.cs", code.encode()), plan)
    return [(f.rule, f.severity) for f in found], silenced


# --- what is printed ---------------------------------------------------------------------------------------


def test_text(lint: Lint) -> None:
    """Each finding is a line as compilers print it, with its question, and the last line sums up."""
    done = lint("A.cs", "Q.cs")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == dedent(
        """\
        A.cs:1: low lock-target: The lock is on this, which every holder of the object can lock.
            Question: Does anyone outside lock this object?
        A.cs:1: note missing-intent: The lock has no comment that says what it protects.
            Question: Why is it here, and what under it must not change? Write it above.
        2 findings (1 low, 1 note) in 1 of 2 files.
        """
    )


def test_text_with_related_places(lint: Lint, repo: Path) -> None:
    """The places that a finding points to are told below it."""
    code = "class C { void M() { using (var t = new TransactionScope()) { await Task.Yield(); } } }"
    write(repo, {"C.cs": code})
    assert "\n    See line 1: TransactionScope.\n" in lint("C.cs").stdout


def test_nothing_found_is_no_proof(lint: Lint) -> None:
    """Where nothing was found, that is said and not called anything better."""
    assert lint("Q.cs").stdout == (
        "1 file was checked. The rules found nothing, which does not prove that there is nothing.\n"
    )


def test_document(lint: Lint) -> None:
    """The JSON document has every finding with its path, and what was not shown in numbers."""
    made = document(lint("--format", "json"))
    assert made | {"findings": []} == {
        "schema": "ctxreview.lint/1",
        "findings": [],
        "files": 3,
        "suppressed": 0,
        "baseline": 0,
        "failed": [],
    }
    first = made["findings"][0]
    assert list(first) == [
        "rule",
        "severity",
        "certainty",
        "message",
        "question",
        "path",
        "start_line",
        "end_line",
        "related",
    ]
    assert [(f["path"], f["rule"]) for f in made["findings"]] == [(p, r) for p in ("A.cs", "src/B.cs") for r in FOUND]


def test_output_file(lint: Lint, repo: Path) -> None:
    """With -o the result goes into the file and nothing to standard output."""
    done = lint("-o", "out.json", "--format", "json")
    assert (done.returncode, done.stdout) == (0, "")
    assert len(json.loads((repo / "out.json").read_text())["findings"]) == 4


def test_control_characters_are_written_out(lint: Lint, repo: Path) -> None:
    """A file's name or code cannot make a terminal do anything: it is shown as what it is."""
    write(repo, {"X\x1b[31m.cs": 'class X { void M() { lock ("a\x1b]0;\u202e") { W(); } } }'})
    done = lint("X\x1b[31m.cs")
    assert "X\\x1b[31m.cs:1: medium lock-target" in done.stdout
    assert not {"\x1b", "\u202e"} & {*done.stdout, *done.stderr}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_text(lint: Lint, repo: Path) -> None:
    """A file whose name is not UTF-8 is linted and shown like any other, in each format and in a baseline."""
    write(repo, {os.fsdecode(b"\xff.cs"): LOUD.format("N")})
    assert "\\udcff.cs:1: low" in lint().stdout
    assert len(paths(lint("--format", "json"))) == 3
    assert lint("--baseline", "known.json", "--write-baseline").returncode == 0
    assert places(lint("--baseline", "known.json", "--format", "json")) == []


# --- which files -------------------------------------------------------------------------------------------


def test_the_repository_without_paths(lint: Lint, repo: Path) -> None:
    """Without paths it is the repository around the current folder; paths are shown from its root."""
    assert paths(lint("--format", "json", cwd=repo / "src")) == ["A.cs", "src/B.cs"]


def test_files_and_folders(lint: Lint, repo: Path) -> None:
    """Files and folders are linted once each, however they are named, in the order of their paths."""
    assert paths(lint("src", "src/B.cs", "A.cs", "./src/", "--format", "json")) == ["A.cs", "src/B.cs"]
    assert paths(lint(repo / "src", "--format", "json", cwd=repo.parent)) == ["src/B.cs"]


def test_what_is_left_out_of_folders(lint: Lint, repo: Path) -> None:
    """Ignored, built, vendored and generated files and what links lead to outside are left out; one that is named is not."""
    outside = repo.parent / "outside"
    generated = "// <auto-generated/>\n" + LOUD.format("G")
    left = ["ignored/I.cs", "bin/O.cs", "obj/O.cs", "vendor/V.cs", "F.g.cs", "W.Designer.cs"]
    write(repo, dict.fromkeys(left, LOUD.format("L")) | {".gitignore": "ignored/\n", "G.cs": generated})
    write(outside, {"T.cs": LOUD.format("T")})
    (repo / "link").symlink_to(outside)
    assert paths(lint("--format", "json")) == ["A.cs", "src/B.cs"]
    for path in (*left, "G.cs"):
        assert paths(lint(path, "--format", "json")) == [path]


def test_a_folder_outside_any_repository(lint: Lint, tmp_path: Path) -> None:
    """Outside of a repository the folder itself is linted."""
    write(tmp_path / "plain", {"A.cs": LOUD.format("A"), ".gitignore": "B.cs\n", "B.cs": LOUD.format("B")})
    assert paths(lint("--format", "json", cwd=tmp_path / "plain")) == ["A.cs"]
    assert paths(lint(tmp_path / "plain", "--format", "json")) == ["A.cs"]


def test_root(lint: Lint, repo: Path) -> None:
    """--root names the repository, from which paths are shown; what is outside of it is refused."""
    assert paths(lint("--root", "src", "--format", "json")) == ["B.cs"]
    refused = lint("A.cs", "--root", "src", "--format", "json")
    assert paths(refused, 2) == []
    assert "A.cs: is outside" in refused.stderr
    refusal(lint("--root", "nowhere"), "--root nowhere: is not a folder")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("Gone.cs", None, "cannot be read"),
        ("Binary.cs", b"\x00\x01\x02" * 50, "is a binary file"),
        ("Notes.txt", b"text", "language of this file is not supported"),
        ("Large.cs", b"// " + b"x" * 17_000_000, "are not read"),
    ],
)
def test_a_file_that_cannot_be_linted(lint: Lint, repo: Path, name: str, content: bytes | None, says: str) -> None:
    """It is a sentence and status 2 in the end, and the other files are linted all the same."""
    if content is not None:
        write(repo, {name: content})
    done = lint("A.cs", name, "src", "--format", "json", "--fail-on", "note")
    assert paths(done, 2) == ["A.cs", "src/B.cs"]
    assert name in done.stderr
    assert says in done.stderr
    (failed,) = document(done, 2)["failed"]
    assert says in failed


def test_a_binary_file_of_a_folder(lint: Lint, repo: Path) -> None:
    """A listed file that is refused is not a clean file either."""
    write(repo, {"Z.cs": b"\x00\x01\x02" * 50})
    done = lint("--format", "json")
    assert paths(done, 2) == ["A.cs", "src/B.cs"]
    assert "Z.cs: is a binary file" in done.stderr


def test_a_file_too_large_to_list(lint: Lint, repo: Path) -> None:
    """What a folder's listing leaves out for its size is said, and the run is not complete."""
    write(repo, {"Large.cs": b"// " + b"x" * 4_200_000})
    done = lint("--format", "json")
    assert paths(done, 2) == ["A.cs", "src/B.cs"]
    assert re.search(r"1 file over .* was not searched: Large.cs", done.stderr)


def test_empty_files_and_folders(lint: Lint, repo: Path) -> None:
    """An empty file has no findings, and a folder without source files says so; neither is an error."""
    write(repo, {"E.cs": "", "W.cs": " \n\n", "M.cs": b"\xef\xbb\xbf", "docs/a.md": "a"})
    assert paths(lint("--format", "json")) == ["A.cs", "src/B.cs"]
    assert lint("E.cs", "W.cs", "M.cs").returncode == 0
    done = lint("docs")
    assert done.returncode == 0
    assert "docs: has no .cs" in done.stderr


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_and_line_ends(lint: Lint, repo: Path, codec: str, newline: str) -> None:
    """Lines are the editor's whatever the line ends and the encoding; suppressions work in all of them."""
    text = (
        "// Zürich\nclass A {\n  void M() {\n    lock (this) { }\n"
        "    // ctxreview: ignore lock-target, missing-intent because é\n    lock (this) { }\n  }\n}\n"
    )
    write(repo, {"E.cs": text.replace("\n", newline).encode(codec)})
    done = lint("E.cs", "--format", "json")
    assert places(done) == [("E.cs", 4, rule) for rule in FOUND]
    assert done.stderr == "2 findings are silenced by comments.\n"


# --- rules and severities ----------------------------------------------------------------------------------


def test_select_and_ignore(lint: Lint) -> None:
    """--select asks only the named rules, --ignore all but the named ones, and both together what is left."""
    assert {r for _, _, r in places(lint("--format", "json", "--select", "lock-target"))} == {"lock-target"}
    assert {r for _, _, r in places(lint("--format", "json", "--ignore", "lock-target,lock-order"))} == {
        "missing-intent"
    }
    both = lint("--format", "json", "--select", "lock-target, missing-intent", "--ignore", "missing-intent")
    assert {r for _, _, r in places(both)} == {"lock-target"}


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_an_unknown_rule(lint: Lint, option: str) -> None:
    """A rule that there is not is refused with the one that was probably meant."""
    refusal(lint(option, "lock-targets"), r"lock-targets: lint has no such rule; did you mean lock-target\?")
    refusal(lint(option, "qqq"), "the rules are no-tracking-write")
    refusal(lint(option, ","), "name rules")


@pytest.mark.parametrize(("limit", "status"), [("high", 0), ("medium", 0), ("low", 1), ("note", 1)])
def test_fail_on(lint: Lint, limit: str, status: int) -> None:
    """The status is 1 for a finding of that severity or worse; the findings are printed in any case."""
    done = lint("--fail-on", limit)
    assert done.returncode == status
    assert "4 findings" in done.stdout
    refusal_of_usage = lint("--fail-on", "fatal")
    assert refusal_of_usage.returncode == 2


def test_settings_of_the_repository(lint: Lint, repo: Path) -> None:
    """What the repository calls its locks is one, and the rules it ignores are not asked unless they are selected by name."""
    code = "class C { async Task M() { using (await _gate.HoldAsync()) { Work(); } } }"
    write(repo, {"C.cs": code})
    assert places(lint("C.cs", "--format", "json")) == []
    write(repo, {".ctxreview.toml": '[scopes]\nlock = ["HoldAsync"]\n'})
    assert places(lint("C.cs", "--format", "json")) == [("C.cs", 1, "missing-intent")]
    write(repo, {".ctxreview.toml": 'ignore = ["missing-intent"]\n[scopes]\nlock = ["HoldAsync"]\n'})
    assert places(lint("C.cs", "--format", "json")) == []
    assert places(lint("C.cs", "--format", "json", "--select", "missing-intent")) == [("C.cs", 1, "missing-intent")]
    write(repo, {".ctxreview.toml": 'ignore = ["missing-intend"]\n'})
    refusal(lint("C.cs"), "ignore names missing-intend, which is not a known rule; did you mean missing-intent")


def test_a_lock_on_this_is_told_once_a_file(lint: Lint, repo: Path) -> None:
    """Where a type locks itself in several places, one finding has the lines of all; a lock on a type stays one of its own."""
    body = "".join(
        f"    void M{n}() {{ lock ({what}) {{ _n++; }} }}\n" for n, what in enumerate(("this", "typeof(C)", "this"))
    )
    write(repo, {"C.cs": f"class C {{\n    int _n;\n{body}}}\n"})
    asked = lint("C.cs", "--format", "json", "--ignore", "missing-intent")
    assert places(asked) == [("C.cs", 3, "lock-target"), ("C.cs", 4, "lock-target")]
    assert json.loads(asked.stdout)["findings"][0]["message"].endswith("The same holds at line 5.")


def test_an_intent_is_asked_for_once_a_file(lint: Lint, repo: Path) -> None:
    """Of locks without a reason a file has one note, with the lines of the others; by its name the rule tells each."""
    write(repo, {"M.cs": TWO, "tests/T.cs": TWO})
    asked = lint("M.cs", "tests/T.cs", "--format", "json", "--ignore", "lock-target")
    assert places(asked) == [("M.cs", 3, "missing-intent")]
    (finding,) = json.loads(asked.stdout)["findings"]
    assert finding["message"] == "The lock has no comment that says what it protects. The same holds at line 6."
    each = lint("M.cs", "tests/T.cs", "--format", "json", "--select", "missing-intent")
    assert places(each) == [("M.cs", 3, "missing-intent"), ("M.cs", 6, "missing-intent")]


def test_a_known_note_does_not_hide_a_new_one(lint: Lint, repo: Path) -> None:
    """A baseline has every lock without a reason, so that one that comes later is told."""
    write(repo, {"M.cs": TWO})
    lint("M.cs", "--baseline", "b.json", "--write-baseline")
    write(repo, {"M.cs": TWO.replace("}\n}\n", "}\n  void O() {\n    lock (this.a) { }\n  }\n}\n")})
    assert places(lint("M.cs", "--baseline", "b.json", "--format", "json")) == [("M.cs", 9, "missing-intent")]


# --- changed lines -----------------------------------------------------------------------------------------

TWO = "class T {\n  void M() {\n    lock (this) { }\n  }\n  void N() {\n    lock (this) { }\n  }\n}\n"


@pytest.fixture
def two(repo: Path) -> Path:
    """A committed file with a finding on line 3 and on line 6."""
    write(repo, {"T.cs": TWO})
    commit(repo)
    return repo / "T.cs"


def changed(lint: Lint, revision: str = "HEAD", *args: str) -> list[tuple[str, int]]:
    """Path and line of the findings on the lines that changed since a revision."""
    done = lint("--select", "lock-target", "--format", "json", "--diff", revision, *args)
    return [(path, line) for path, line, _ in places(done)]


def test_nothing_changed(lint: Lint, two: Path) -> None:
    """A clean work tree has no finding on changed lines, and no file is read for it."""
    assert changed(lint) == []
    assert document(lint("--diff", "HEAD", "--format", "json"))["files"] == 0


def test_a_changed_line(lint: Lint, two: Path, repo: Path) -> None:
    """Only findings on changed lines are told, by the lines as they are now, staged or committed or not."""
    two.write_text("// new\n\n" + TWO.replace("N() {\n    lock (this) { }", "N() {\n    lock (this) {  }"))
    assert changed(lint) == [("T.cs", 8)]
    git(repo, "add", "-A")
    assert changed(lint) == [("T.cs", 8)]
    commit(repo)
    assert changed(lint) == []
    assert changed(lint, "HEAD~1") == [("T.cs", 8)]
    assert changed(lint, "HEAD~1", "src") == []


def test_lines_that_are_gone(lint: Lint, repo: Path) -> None:
    """A finding whose lines was around what was taken away touches the change; one above or below it does not."""
    write(repo, {"G.cs": TWO.replace("lock (this) { }", "lock (this) {\n      A();\n      B();\n    }")})
    commit(repo)
    write(repo, {"G.cs": (repo / "G.cs").read_text().replace("      A();\n", "", 1)})
    assert changed(lint) == [("G.cs", 3)]
    write(repo, {"G.cs": (repo / "G.cs").read_text().replace("  void N() {\n", "  void N()\n  {\n", 1)})
    assert changed(lint) == [("G.cs", 3)]


def test_a_change_at_a_related_place(lint: Lint, repo: Path) -> None:
    """A new await under an old TransactionScope is found, and an old await under a new one is, too."""
    code = "class C {\n  async Task M() {\n    using (var t = new TransactionScope())\n    {\n      A();\n      await B();\n    }\n  }\n}\n"
    asks = ("--select", "async-flow", "--format", "json", "--diff", "HEAD")
    write(repo, {"C.cs": code.replace("await B", "B")})
    commit(repo)
    write(repo, {"C.cs": code})
    assert places(lint(*asks)) == [("C.cs", 6, "async-flow")]
    commit(repo)
    write(repo, {"C.cs": code.replace("TransactionScope()", "TransactionScope( )")})
    assert places(lint(*asks)) == [("C.cs", 6, "async-flow")]
    write(repo, {"C.cs": code.replace("A();", "A(1);")})
    assert places(lint(*asks)) == []


def test_new_and_renamed_files(lint: Lint, two: Path, repo: Path) -> None:
    """Untracked files are new in all their lines, ignored ones are not there, and a renamed one is what was edited in it."""
    write(repo, {"New.cs": TWO, "I.cs": TWO, ".gitignore": "I.cs\n"})
    git(repo, "mv", "T.cs", "src/Renamed é.cs")
    renamed = repo / "src" / "Renamed é.cs"
    assert changed(lint) == [("New.cs", 3), ("New.cs", 6)]
    renamed.write_text(TWO.replace("lock (this) { }", "lock (this) {  }", 1))
    assert changed(lint) == [("New.cs", 3), ("New.cs", 6), ("src/Renamed é.cs", 3)]


def test_odd_names_and_odd_lines_in_a_diff(lint: Lint, repo: Path) -> None:
    """A path that git quotes, a file without a last line end, and text that looks like a header are all read right."""
    odd = 'a "b"\t\\c.cs'
    write(repo, {odd: TWO, "H.cs": f"++ b/A.cs\n{TWO}".rstrip("\n")})
    commit(repo)
    write(repo, {odd: TWO.replace("M() {\n    lock (this) { }", "M() {\n    lock (this) {  }")})
    write(repo, {"H.cs": f"++ b/Q.cs\n-- a\n{TWO}".rstrip("\n") + "//"})
    assert changed(lint) == [(odd, 3)]


def test_a_folder_of_the_repository_as_root(lint: Lint, repo: Path) -> None:
    """With --root in a folder of the repository the changed paths are that folder's."""
    write(repo, {"src/B.cs": LOUD.format("Other"), "A.cs": LOUD.format("Other")})
    assert changed(lint, "HEAD", "--root", "src") == [("B.cs", 1)]


@pytest.mark.parametrize("revision", ["nowhere", "-p", "--output=x", "HEAD:A.cs", "a b", ""])
def test_no_such_revision(lint: Lint, repo: Path, revision: str) -> None:
    """A revision that is none is a sentence, and is never taken for an option of git."""
    refusal(lint(f"--diff={revision}"), "there is no such revision")
    assert not (repo / "x").exists()


def test_diff_outside_a_repository(lint: Lint, tmp_path: Path) -> None:
    """Without a repository there is nothing to compare with, which is a sentence."""
    write(tmp_path / "plain", {"A.cs": QUIET})
    refusal(lint("--diff", "HEAD", cwd=tmp_path / "plain"), "is not in a git repository")


# --- baseline ----------------------------------------------------------------------------------------------


def test_baseline(lint: Lint, repo: Path) -> None:
    """What the baseline has is not told again and counted on standard error; what is new is told, and only that fails."""
    done = lint("--baseline", "known.json", "--write-baseline", "--fail-on", "note")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "4 findings are in known.json.\n"
    done = lint("--baseline", "known.json", "--fail-on", "note")
    assert done.returncode == 0
    assert done.stderr == "4 findings are known from known.json.\n"
    write(repo, {"S.cs": NOISY})
    done = lint("--baseline", "known.json", "--fail-on", "high", "--format", "json")
    assert paths(done, 1) == ["S.cs"]
    assert document(done, 1)["baseline"] == 4


def test_baseline_survives_other_edits(lint: Lint, repo: Path) -> None:
    """Inserted lines, another indentation and other line ends do not make an old finding a new one; a second like it is new."""
    write(repo, {"T.cs": TWO})
    lint("T.cs", "--baseline", "known.json", "--write-baseline")
    moved = "// one\n// two\n\n" + TWO.replace("    lock (this) { }", "\tlock  (this)  { }").replace("\n", "\r\n")
    write(repo, {"T.cs": moved})
    assert places(lint("T.cs", "--baseline", "known.json", "--format", "json")) == []
    write(repo, {"T.cs": TWO.replace("  void M", "  void L() {\n    lock (this) { }\n  }\n  void M")})
    assert [line for _, line, _ in places(lint("T.cs", "--baseline", "known.json", "--format", "json"))] == [9, 9]
    write(repo, {"T.cs": TWO.replace("lock (this) { }", "lock (this) { A(); }", 1)})
    assert [line for _, line, _ in places(lint("T.cs", "--baseline", "known.json", "--format", "json"))] == [3, 3]


def test_baseline_of_some_files(lint: Lint, repo: Path) -> None:
    """Written for some paths, it keeps what it had of the others; written for all, it has only what is there."""
    lint("--baseline", "known.json", "--write-baseline")
    write(repo, {"A.cs": QUIET})
    lint("A.cs", "--baseline", "known.json", "--write-baseline")
    assert {e.path for e in baseline.read_baseline(repo / "known.json")} == {"src/B.cs"}
    (repo / "src/B.cs").unlink()
    lint("--baseline", "known.json", "--write-baseline")
    assert baseline.read_baseline(repo / "known.json") == ()


def test_baseline_has_no_code(lint: Lint, repo: Path) -> None:
    """The file names rules and paths and has no text of the source."""
    write(repo, {"P.cs": 'class P { void M() { lock ("hunter2") { } } }'})
    lint("--baseline", "known.json", "--write-baseline")
    assert "hunter2" not in (repo / "known.json").read_text()
    assert {e.path for e in baseline.read_baseline(repo / "known.json")} == {"A.cs", "P.cs", "src/B.cs"}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        '{"schema": "ctxreview.lint/1", "findings": []}',
        '{"schema": "ctxreview.baseline/1"}',
        '{"schema": "ctxreview.baseline/1", "findings": [{"rule": 1}]}',
        '{"schema": "ctxreview.baseline/1", "findings": [[]]}',
        "[" * 100_000,
        "\x00\xff",
    ],
)
def test_a_malformed_baseline(lint: Lint, repo: Path, content: str) -> None:
    """A file that is not a baseline is a sentence, and is not written over."""
    write(repo, {"known.json": content.encode("latin-1")})
    refusal(lint("--baseline", "known.json"), "known.json: (is not a baseline|has a finding without)")
    refusal(
        lint("--baseline", "known.json", "--write-baseline"), "known.json: (is not a baseline|has a finding without)"
    )
    assert (repo / "known.json").read_bytes() == content.encode("latin-1")


def test_baseline_options(lint: Lint) -> None:
    """A baseline that is not there, and --write-baseline without one or with --diff, are sentences."""
    refusal(lint("--baseline", "none.json"), "none.json: cannot be read .* make it with --write-baseline")
    refusal(lint("--write-baseline"), "--write-baseline records")
    refusal(lint("--write-baseline", "--baseline", "b.json", "--diff", "HEAD"), "--write-baseline records")
    refusal(lint("--baseline", "nowhere/b.json", "--write-baseline"), "cannot be written")


# --- suppressions ------------------------------------------------------------------------------------------

BECAUSE = "ctxreview: ignore lock-target, missing-intent because the type never leaves this assembly"


def holding(statement: str) -> str:
    """A file with a member of these lines."""
    return f"class C {{\n  void M() {{\n{statement}\n  }}\n}}\n"


@pytest.mark.parametrize(
    "statement",
    [
        f"    lock (this) {{ }} // {BECAUSE}",
        f"    // {BECAUSE}\n    lock (this) {{ }}",
        f"    /* {BECAUSE} */\n    lock (this) {{ }}",
        f"    /* {BECAUSE} */ lock (this) {{ }}",
        f"    lock (this) // {BECAUSE}\n    {{ }}",
        "    // ctxreview: ignore lock-target because a\n    // ctxreview: ignore missing-intent because b\n    lock (this) { }",
        f"    //{BECAUSE.replace(': ', ':')}\n    lock (this) {{ }}",
    ],
)
def test_suppressed_with_a_reason(statement: str) -> None:
    """A comment on the line a finding starts on, or in the comment lines right above it, silences the rules it names."""
    assert hazards(holding(statement)) == ([], 2)


def test_a_suppression_is_no_intent() -> None:
    """Other comments may be between it and the code; it does not itself say what a lock protects, as these may."""
    alone = "    // ctxreview: ignore lock-target because it never leaves this assembly\n    lock (this) { }"
    assert hazards(holding(alone)) == ([("missing-intent", "note")], 1)
    explained = alone.replace("    lock", "    // One sender at a time.\n    lock")
    assert hazards(holding(explained)) == ([], 1)


@pytest.mark.parametrize(
    "statement",
    [
        f"    // {BECAUSE}\n\n    lock (this) {{ }}",
        f"    A(); // {BECAUSE}\n    lock (this) {{ }}",
        f"    lock (this) {{ }}\n    // {BECAUSE}",
        f"    lock (this)\n    {{ // {BECAUSE}\n    }}",
    ],
)
def test_suppression_in_the_wrong_place(statement: str) -> None:
    """A comment elsewhere silences nothing, and is noted for that."""
    found, silenced = hazards(holding(statement))
    assert sorted(found) == [("lock-target", "low"), ("missing-intent", "note"), ("suppression", "note")]
    assert silenced == 0


@pytest.mark.parametrize(
    "text",
    [
        f'    var a = "// {BECAUSE}"; lock (this) {{ }}',
        f'    var a = @"\n// {BECAUSE}\n"; lock (this) {{ }}',
        f'    var a = """\n    // {BECAUSE}\n    """; lock (this) {{ }}',
    ],
)
def test_a_text_is_no_comment(text: str) -> None:
    """What is in a string silences nothing and is not told of."""
    assert hazards(holding(text)) == ([("lock-target", "low"), ("missing-intent", "note")], 0)


@pytest.mark.parametrize(
    ("comment", "says"),
    [
        ("ctxreview: ignore lock-target", "has no reason"),
        ("ctxreview: ignore lock-target because", "has no reason"),
        ("ctxreview: ignore lock-target because ...", "has no reason"),
        ("ctxreview: ignore because it is fine", "names no rule"),
        ("ctxreview: ignore lock-targets because it is fine", "did you mean lock-target"),
        ("ctxreview: ignore lock-target, all because it is fine", "names all, which is not a rule of lint"),
        ("ctxreview: disable lock-target because it is fine", "This suppression is not understood"),
    ],
)
def test_a_suppression_that_does_not_suppress(comment: str, says: str) -> None:
    """Without a reason, without a rule or with one that there is not, it silences nothing and is a finding itself."""
    source = Source("C.cs", holding(f"    lock (this) {{ }} // {comment}").encode())
    found, silenced = linting.hazards_in(source, EVERY)
    assert [(f.rule, f.severity) for f in found] == [
        ("lock-target", "low"),
        ("missing-intent", "note"),
        ("suppression", "low"),
    ]
    assert says in found[-1].message
    assert silenced == 0


def test_a_suppression_that_silences_nothing(lint: Lint, repo: Path) -> None:
    """It is noted, also in a file without any hazard, but not where its rule was not asked."""
    code = holding("    // ctxreview: ignore lock-target because it is fine\n    Work();")
    assert hazards(code) == ([("suppression", "note")], 0)
    write(repo, {"C.cs": code})
    assert places(lint("C.cs", "--format", "json")) == [("C.cs", 3, "suppression")]
    assert places(lint("C.cs", "--format", "json", "--select", "missing-intent,suppression")) == []
    assert places(lint("C.cs", "--format", "json", "--ignore", "suppression")) == []
    assert places(lint("C.cs", "--format", "json", "--ignore", "lock-target")) == []


def test_what_is_said_about_suppressions_cannot_be_suppressed() -> None:
    """No comment silences the finding about a comment without a reason."""
    code = holding(
        "    // ctxreview: ignore suppression because I say so\n    lock (this) { } // ctxreview: ignore lock-target"
    )
    assert ("suppression", "low") in hazards(code)[0]


def test_prose_that_names_the_tool_is_no_suppression() -> None:
    """A comment that only mentions it, or its form in passing, is left alone."""
    assert hazards(holding("    // See ctxreview: ignore is described in the README.\n    Work();")) == ([], 0)


def test_suppressed_findings_are_counted(lint: Lint, repo: Path) -> None:
    """How many findings comments silence is said on standard error and in the document."""
    write(repo, {"C.cs": holding(f"    lock (this) {{ }} // {BECAUSE}")})
    done = lint("C.cs", "--format", "json")
    assert done.stderr == "2 findings are silenced by comments.\n"
    assert document(done)["suppressed"] == 2


def test_the_guard_is_not_silenced_by_suggested_code(repo: Path) -> None:
    """A suggestion cannot bring a comment that takes away what the guard finds in it."""
    before = "class C {\n  void M() {\n    lock (_gate) {\n      _n++;\n    }\n  }\n}\n"
    after = "    // ctxreview: ignore scope-change, lock-target because it is fine\n    lock (new object()) {\n      _n++;\n    }\n"
    write(repo, {"C.cs": before, "answer.md": f"```csharp\n{after}```\n"})
    done = run_command("guard", "C.cs:3-5", "--suggestion", "answer.md", "--format", "json", cwd=repo)
    made = json.loads(done.stdout)
    assert made["verdict"] == "conflicts"
    assert "lock-target" in {f["rule"] for s in made["suggestions"] for f in s["findings"]}


# --- what is not read --------------------------------------------------------------------------------------


def _samples() -> Iterator[tuple[str, str]]:
    """Every piece of C# that the tests of the rules have, and the corpora."""
    for rule in rules.RULES:
        for code in re.findall(r"```csharp\n(.*?)```", rule.__doc__ or "", re.DOTALL):
            yield rule.ID, code
    yield from ((str(case), case.outlined(case.text).source.data.decode()) for case in CODE)
    for file in sorted((*(ROOT / "tests" / "corpus").rglob("*.cs"), *(ROOT / "examples").rglob("*.cs"))):
        yield file.relative_to(ROOT).as_posix(), file.read_bytes().decode("utf-8-sig")


SAMPLES = [*_samples()]
BESIDE = """
class Beside {
    object _beside = new();
    public int Plain(int a) { var b = a + 1; Call(b, "don't"); return b; }
    public int Other() { return Plain(2); } // an open @" in a comment
    Task Later() { return Task.FromResult(_beside); }
}
"""


def whole(code: str) -> tuple[Finding, ...]:
    """What all rules find where all of the file is read."""
    return rules.check(outline(Source("C.cs", code.encode())), CHECKS)


def test_the_words_lose_no_finding() -> None:
    """What is found by asking only the rules whose words are in a file, of only these members, is what all find in all of it."""
    for number, (name, code) in enumerate(SAMPLES):
        for text in (code, code + BESIDE if number % 2 else code.replace("\n", "\r\n")):
            assert linting.hazards_in(Source("C.cs", text.encode()), EVERY)[0] == whole(text), name


def test_most_is_not_read() -> None:
    """Beside a hazard in one member, the bodies of others are not read; a file without any word is not read at all."""
    name = "no-tracking-write: under a transaction"
    (case,) = (case for case in CODE if str(case) == name)
    code = case.outlined(case.text).source.data.decode() + BESIDE
    source = Source("C.cs", code.encode())
    may = candidates(source.data, CHECKS, "csharp", NO_WRAPPERS)
    assert not linting.outline_for_rules(source, may, NO_WRAPPERS, whole=False).has_read(
        outline(source).outermost[-1].span
    )
    assert candidates(BESIDE.encode(), CHECKS, "csharp", NO_WRAPPERS).rules == ()


def test_every_rule_says_what_it_needs() -> None:
    """Each rule that lint asks declares its words, and finds nothing in the words of none."""
    assert all(rule.NEEDS for rule in CHECKS)
    assert all(getattr(rule, "BEYOND", ALWAYS) in (ALWAYS, LOCKS, TRANSACTIONS) for rule in CHECKS)


def test_every_name_of_the_catalogue_is_a_reason_to_look() -> None:
    """Whatever the catalogue knows to take a lock or open a transaction, a file with that word is examined."""
    for construct in load("csharp").constructs:
        for field in ("creates", "opens", "acquires", "releases", "runs"):
            for name in getattr(construct, field):
                assert candidates(f"x {name}(".encode(), CHECKS, "csharp", NO_WRAPPERS).rules, name
        for name in construct.attributes:
            assert candidates(f"[{name}]".encode(), CHECKS, "csharp", NO_WRAPPERS).rules, name


def test_names_of_the_project_are_a_reason_to_look() -> None:
    """What the project itself calls a lock is a word, too; without it the file is not looked at."""
    code = b"using (await _gate.HoldAsync()) { }"
    assert candidates(code, CHECKS, "csharp", NO_WRAPPERS).rules == ()
    assert candidates(code, CHECKS, "csharp", Wrappers(lock=("_gate.HoldAsync",))).rules


# --- several processes, and a person at the terminal --------------------------------------------------------


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A folder with more files than one process is used for, some of them broken."""
    root = tmp_path / "many"
    for n in range(120):
        code = [LOUD.format(f"L{n}"), QUIET, TWO][n % 3]
        write(root, {f"d{n % 7}/F{n}.cs": b"\x00\x01\x02" * 9 if n % 40 == 7 else code})
    return root


@pytest.mark.parametrize("cores", [2, 3])
def test_as_one_process_alone(many: Path, cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many processes there are, the results and their order are those of one."""
    files = files_named((many,), many)
    monkeypatch.setattr(processes, "cores", lambda: 1)
    alone = list(linting.lint_files(files, EVERY))
    monkeypatch.setattr(processes, "cores", lambda: cores)
    assert list(linting.lint_files(files, EVERY)) == alone
    assert [r.path for r in alone] == sorted(files.paths)
    assert sum(bool(r.failed) for r in alone) == 3


def test_a_process_that_is_killed(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that the system ends is a sentence, and not a result that lacks its files."""
    deadly = ModuleType("deadly")
    vars(deadly).update(ID="deadly", NEEDS=("lock",), check=lambda _: os._exit(9))
    monkeypatch.setattr(processes, "cores", lambda: 2)
    with pytest.raises(CtxreviewError, match="A worker process was killed"):
        list(linting.lint_files(files_named((many,), many), EVERY._replace(checks=(deadly,))))


class Terminal:
    """A command that runs on a terminal of its own."""

    def __init__(self, cwd: Path, *args: str, **env: str) -> None:
        self._controller, terminal = pty.openpty()
        self.child = subprocess.Popen(
            [SCRIPT, "lint", *args],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            cwd=cwd,
            env=os.environ | {"TERM": "xterm"} | env,
            start_new_session=True,
        )
        os.close(terminal)
        self.text = ""

    def read(self, until: str = "\0") -> str:
        """What it prints, up to a text or to its end."""
        try:
            while until not in self.text and (piece := os.read(self._controller, 65_536)):
                self.text += piece.decode("utf-8", "replace")
        except OSError:  # how Linux says that the terminal's last user has gone
            pass
        return self.text


def test_a_bar_on_a_terminal_only(repo: Path, lint: Lint) -> None:
    """On a terminal a bar counts the files; not with --quiet, not with NO_COLOR, and never in a pipe."""
    for args, env, bar in (((), {}, True), (("-q",), {}, False), ((), {"NO_COLOR": "1"}, False)):
        done = run_on_terminal("lint", *args, cwd=repo, env=os.environ | env)
        shown = done.shown
        assert done.status == 0
        assert ("Linting" in shown) is bar
        assert "4 findings" in shown
    assert "Linting" not in lint().stderr


def test_a_person_stops_it(tmp_path: Path) -> None:
    """Ctrl-C ends all processes with one sentence and status 130, and prints no half result."""
    slow = "class C {\n" + "".join(f"  void M{n}() {{ lock (this) {{ _a{n} = {n}; }} }}\n" for n in range(300)) + "}\n"
    write(tmp_path / "slow", {f"F{n}.cs": slow for n in range(300)})
    run = Terminal(tmp_path / "slow")
    run.read("Linting")
    os.killpg(run.child.pid, signal.SIGINT)
    shown = run.read()
    assert run.child.wait(30) == 130
    assert re.search(r"Stopped; [\d,]+ of 300 files were linted\.", shown)
    assert "Traceback" not in shown
    assert "lock-target" not in shown


# --- the rules, and the form for code scanning ---------------------------------------------------------------


def test_the_rules_are_listed(lint: Lint) -> None:
    """--list names every rule with its severity and what it says, as text or as a document."""
    shown = lint("--list").stdout
    found = json.loads(lint("--list", "--format", "json").stdout)
    assert found["schema"] == "ctxreview.rules/1"
    assert {r["id"] for r in found["rules"]} == {rule.ID for rule in rules.RULES}
    assert all(r["id"] in shown for r in found["rules"])
    refusal(lint("--list", "--format", "sarif"), "text or json")


def test_for_code_scanning(repo: Path, lint: Lint) -> None:
    """The findings as SARIF, valid by the official schema; their fingerprints do not depend on what was left out."""
    write(repo, {"Bad.cs": b"\x00\x01\x02" * 9})
    every = lint("--format", "sarif")
    assert every.returncode == 2
    found = json.loads(every.stdout)
    assert [e.message for e in validator().iter_errors(found)] == []
    (run,) = found["runs"]
    assert not run["invocations"][0]["executionSuccessful"]
    assert "Bad.cs" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    uris = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]}
    assert uris == {"A.cs", "src/B.cs"}
    marks = [r["partialFingerprints"]["primaryLocationLineHash"] for r in run["results"]]
    commit(repo)
    write(repo, {"src/B.cs": "// moved\n\n" + LOUD.format("B")})
    since = json.loads(lint("--format", "sarif", "--diff", "HEAD", "src").stdout)["runs"][0]["results"]
    assert all(r["partialFingerprints"]["primaryLocationLineHash"] in marks for r in since)
    assert all("startColumn" in r["locations"][0]["physicalLocation"]["region"] for r in run["results"])
