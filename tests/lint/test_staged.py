"""``lint --staged`` looks at what a commit in the making has, and pre-commit runs it so."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests import ROOT
from tests.commands import run_command
from tests.guard.test_versions import INCIDENT, SERVICE, edit, repo
from tests.lint.test_changes import Lint, document, found, lint
from tests.workspace.test_git import git, write

__all__ = ["lint", "repo"]

BIN = Path(sys.executable).parent


@pytest.mark.parametrize("what", INCIDENT)
def test_what_is_staged_counts(repo: Path, lint: Lint, what: str) -> None:
    """What the index has fails, whatever the work tree has made of it since; what is not staged is not looked at."""
    name, *pairs = INCIDENT[what]
    before = (repo / name).read_bytes()
    edit(repo, name, *pairs)  # type: ignore[arg-type]
    assert found(lint("--staged", "--format", "json")) == set()
    git(repo, "add", name)
    write(repo, {name: before})
    done = lint("--staged", "--fail-on", "high", "--format", "json")
    assert done.returncode == 1
    assert (name, "high") in {(path, severity) for path, severity, _ in found(done)}
    git(repo, "commit", "-qm", "done")
    assert found(lint("--staged", "--format", "json")) == set()
    assert found(lint("--staged", "--format", "json", "src")) == set()


def test_files_that_are_new_gone_renamed_or_in_conflict(repo: Path, lint: Lint) -> None:
    """New, deleted and renamed files count as in a range, from any folder; one whose conflict is not resolved is in no commit."""
    write(
        repo,
        {
            "src/New.cs": "class N\n{\n    void M()\n    {\n        lock (this) { }\n    }\n}\n",
            "src/More.cs": "class M { }\n",
        },
    )
    git(repo, "add", "src/New.cs")
    git(repo, "rm", "-q", "src/Cache.Read.cs")
    git(repo, "mv", "src/Record.cs", "src/Renamed.cs")
    told = found(lint("--staged", "--format", "json"))
    assert told >= {("src/New.cs", "low", "lock-target"), ("src/Cache.Read.cs", "note", "scope-change")}
    assert {path for path, _, _ in told} == {"src/New.cs", "src/Cache.Read.cs"}
    inside = json.loads(run_command("lint", "--staged", "--format", "json", "--root", ".", cwd=repo / "src").stdout)
    assert {f["path"] for f in inside["findings"]} == {"New.cs", "Cache.Read.cs"}
    sarif = json.loads(lint("--staged", "--format", "sarif").stdout)
    assert all(
        "startColumn" in r["locations"][0]["physicalLocation"]["region"]
        for r in sarif["runs"][0]["results"]
        if "New" in str(r["locations"])
    )
    git(repo, "commit", "-qm", "one")
    for branch in ("left", "right"):
        git(repo, "checkout", "-qb", branch, "work")
        write(repo, {"src/New.cs": f"class N {{ void {branch}() {{ lock (this) {{ }} }} }}\n"})
        git(repo, "commit", "-qam", branch)
    git(repo, "merge", "left", code=1)
    assert document(lint("--staged", "--format", "json"))["findings"] == []


def test_the_first_commit(tmp_path: Path) -> None:
    """Before there is a commit everything that is staged is new; without a repository it is refused."""
    git(tmp_path, "init", "-q")
    write(tmp_path, {"A.cs": "class A\n{\n    void M()\n    {\n        lock (this) { }\n    }\n}\n"})
    assert found(run_command("lint", "--staged", "--format", "json", cwd=tmp_path)) == set()
    git(tmp_path, "add", "-A")
    assert ("A.cs", "low", "lock-target") in found(run_command("lint", "--staged", "--format", "json", cwd=tmp_path))
    shutil.rmtree(tmp_path / ".git")
    done = run_command("lint", "--staged", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("--staged: ")
    for beside in (("--diff", "HEAD"), ("--write-baseline", "--baseline", "b.json")):
        refused = run_command("lint", "--staged", *beside, cwd=tmp_path)
        assert (refused.returncode, refused.stdout) == (2, "")


def committed(repo: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A commit in the repository, by git itself with its hooks; the program that the hook names is the one under test."""
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    environment = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PRE_COMMIT_HOME": str(repo.parent / "pre-commit"),
    }
    return subprocess.run(
        ("git", *who, *command), cwd=repo, env=environment, capture_output=True, text=True, check=False
    )


def test_pre_commit_runs_it(repo: Path) -> None:
    """The manifest is one for pre-commit, and its hook stops a commit that loses a lock, also one made of what ``commit -a`` stages; others pass."""
    manifest = ROOT / ".pre-commit-hooks.yaml"
    subprocess.run((BIN / "pre-commit", "validate-manifest", manifest), check=True)
    (hook,) = yaml.safe_load(manifest.read_text("utf-8"))
    assert hook.pop("language") == "python"
    own = {"repos": [{"repo": "local", "hooks": [{**hook, "language": "system"}]}]}
    write(repo, {".pre-commit-config.yaml": yaml.safe_dump(own)})
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "hooks")
    assert committed(repo, "init").returncode == 0
    installed = subprocess.run((BIN / "pre-commit", "install"), cwd=repo, capture_output=True, text=True, check=False)
    assert installed.returncode == 0, installed.stdout
    name, *pairs = INCIDENT["lock"]
    edit(repo, name, *pairs)  # type: ignore[arg-type]
    for command in (("commit", "-qam", "all"), ("commit", "-qm", "one", name)):
        stopped = committed(repo, *command)
        assert stopped.returncode == 1, stopped.stderr
        assert "scope-change" in stopped.stderr
        assert git(repo, "log", "-1", "--format=%s") == "hooks\n"
    git(repo, "checkout", "-q", name)
    edit(repo, SERVICE, ("RepeatableRead", "Serializable"))
    assert committed(repo, "commit", "-qam", "stricter").returncode == 0
    git(repo, "rm", "-q", "src/Cache.cs", "src/Cache.Read.cs")
    assert committed(repo, "commit", "-qm", "gone").returncode == 0


def test_the_hook_of_another_repository(repo: Path, tmp_path: Path) -> None:
    """An index that a hook of another repository names is not taken for this one's."""
    other = tmp_path / "other"
    write(other, {"B.cs": "class B { void M() { lock (this) { } } }\n"})
    git(other, "init", "-q")
    git(other, "add", "-A")
    for index in (other / ".git" / "index", repo / "src" / "Cache.cs", repo / ".git" / "no-such"):
        done = run_command("lint", "--staged", "--format", "json", cwd=repo, env={"GIT_INDEX_FILE": str(index)})
        assert found(done) == set()
