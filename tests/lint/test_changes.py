"""``lint --diff`` reports what a branch takes away: what the guard finds between both versions, by the command itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Done, run_command
from tests.guard.test_versions import INCIDENT, SERVICE, commit, edit, repo
from tests.reports.test_sarif import validator
from tests.workspace.test_git import git, write

__all__ = ["repo"]

Lint = Callable[..., Done]


@pytest.fixture
def lint(repo: Path) -> Lint:
    """The command in the repository."""
    return lambda *arguments: run_command("lint", *arguments, cwd=repo)


def document(done: Done) -> dict[str, Any]:
    """What was printed as JSON; the exit status is 0 or 1."""
    assert done.returncode in (0, 1), done.stderr
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def found(done: Done) -> set[tuple[str, str, str]]:
    """Path, severity and rule of each finding."""
    return {(f["path"], f["severity"], f["rule"]) for f in document(done)["findings"]}


@pytest.mark.parametrize("what", INCIDENT)
def test_a_branch_that_loses_protection_fails(repo: Path, lint: Lint, what: str) -> None:
    """A deleted lock, a dropped transaction and an untracked read fail a build, which they did not where only lines that are there count."""
    name, *pairs = INCIDENT[what]
    edit(repo, name, *pairs)  # type: ignore[arg-type]
    commit(repo)
    done = lint("--diff", "main...HEAD", "--fail-on", "high", "--format", "json")
    assert done.returncode == 1, done.stderr
    assert (name, "high") in {(path, severity) for path, severity, _ in found(done)}
    assert len(document(done)["findings"]) == len(found(done)), "each is told once"
    assert lint("--diff", "main", "--fail-on", "high").returncode == 1
    assert lint("--diff", "HEAD", "--fail-on", "high").returncode == 0
    assert "high" not in {severity for _, severity, _ in found(lint("--diff", "HEAD..main", "--format", "json"))}


def test_the_files_are_those_of_the_revision(repo: Path, lint: Lint) -> None:
    """Of a range between two commits, nothing is read of the disk; paths name files of the later one."""
    edit(repo, "src/Cache.cs", ("lock (_gate) { return _count; }", "lock (this) { return _count; }"))
    commit(repo)
    write(repo, {"src/Cache.cs": "class Cache;\n", "src/Other.cs": "class O { void M() { lock (this) { } } }\n"})
    asked = ("--diff", "main..HEAD", "--format", "json", "--select", "lock-target")
    assert found(lint(*asked)) == {("src/Cache.cs", "low", "lock-target")}
    assert found(lint(*asked, "src/Cache.cs")) == {("src/Cache.cs", "low", "lock-target")}
    assert found(lint(*asked, "src/Record.cs")) == set()
    assert "src/Other.cs: the revision has no source file of that name" in lint(*asked, "src/Other.cs").stderr
    made = json.loads(lint("--diff", "main..HEAD", "--format", "sarif").stdout)
    assert list(validator().iter_errors(made)) == []
    regions = [r["locations"][0]["physicalLocation"]["region"] for r in made["runs"][0]["results"]]
    assert all("startColumn" in region for region in regions)


def test_what_is_silenced_selected_and_known(repo: Path, lint: Lint, tmp_path: Path) -> None:
    """A comment with a reason silences a finding on a change as any other; rules about changes can be selected with a range only."""
    name, *pairs = INCIDENT["lock"]
    edit(repo, name, *pairs)  # type: ignore[arg-type]
    (one,) = document(lint("--diff", "main", "--format", "json", "--select", "scope-change"))["findings"]
    assert (one["path"], one["severity"], one["rule"]) == (name, "high", "scope-change")
    assert found(lint("--diff", "main", "--format", "json", "--ignore", "scope-change,unlocked-getter")) == set()
    line = (repo / name).read_text().splitlines()[one["start_line"] - 1]
    edit(repo, name, (line, f"    // ctxreview: ignore scope-change because one thread alone puts\n{line}"))
    done = lint("--diff", "main", "--format", "json", "--select", "scope-change")
    assert (document(done)["findings"], document(done)["suppressed"]) == ([], 1)
    whole = lint("--format", "json", name)
    assert "suppression" not in {rule for _, _, rule in found(whole)}
    refused = lint("--select", "scope-skip")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "this rule is about changes; give it with --diff" in refused.stderr


def test_a_file_that_is_gone(repo: Path, lint: Lint) -> None:
    """What was found on a file that is gone is told by its old path, where the paths that were named hold it."""
    git(repo, "rm", "-q", "src/Cache.Read.cs")
    told = ("src/Cache.Read.cs", "note", "scope-change")
    assert told in found(lint("--diff", "main", "--format", "json"))
    assert told in found(lint("--diff", "main", "--format", "json", "src"))
    write(repo, {"lib/A.cs": "class A;\n"})
    assert found(lint("--diff", "main", "--format", "json", "lib")) == set()
    assert lint("--diff", "main", "--format", "sarif").returncode == 0
    assert SERVICE not in {path for path, _, _ in found(lint("--diff", "main", "--format", "json"))}
