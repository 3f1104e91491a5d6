"""``guard --patch``: a diff of any forge, applied in memory, or undone where the files have it already."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.guard.test_versions import CACHE, INCIDENT, SERVICE, Guard, commit, edit, found, guard, repo
from tests.workspace.test_git import git, write

__all__ = ["guard", "repo"]

APPLIED = "is applied already to"


def changed(repo: Path) -> str:
    """A change of several kinds made on the branch and committed; its diff with main."""
    for what in ("no-tracking", "lock"):
        name, *pairs = INCIDENT[what]
        edit(repo, name, *pairs)  # type: ignore[arg-type]
    git(repo, "mv", "src/Cache.Read.cs", "src/Taking.cs")
    git(repo, "rm", "-q", "src/DocumentedRecordService.cs")
    write(repo, {"src/New.cs": "class New { int M() => 1; }\n", "notes.txt": "Nothing.\n"})
    commit(repo)
    return git(repo, "diff", "-M", "main", "HEAD")


def document(done: Any) -> dict[str, Any]:
    """What was printed as JSON, but for what it was asked of."""
    made: dict[str, Any] = json.loads(done.stdout)
    return {key: value for key, value in made.items() if key not in ("compared", "notes")}


def test_a_diff_says_what_the_range_says(repo: Path, guard: Guard) -> None:
    """Applied in memory on main, undone in memory on the branch, and as a range, a change is compared the same way."""
    text = changed(repo)
    ranged = document(guard("--diff", "main...HEAD", "--format", "json"))
    assert ranged["verdict"] == "conflicts"
    back = guard("--patch", "-", "--format", "json", stdin=text)
    assert document(back) == ranged
    assert json.loads(back.stdout)["notes"] == [
        "- is applied already to 5 files: it was undone in memory to get the version before."
    ]
    git(repo, "checkout", "-q", "main")
    forth = guard("--patch", "-", "--format", "json", "--fail-on", "high", stdin=text)
    assert (forth.returncode, document(forth)) == (1, ranged)
    assert json.loads(forth.stdout)["notes"] == []
    assert git(repo, "status", "--porcelain") == "", "nothing is written"


def test_an_answer_that_is_applied_already(repo: Path, guard: Guard) -> None:
    """``--suggestion pr.diff`` on the branch that has it says so and compares what it changed."""
    write(repo.parent, {"pr.diff": changed(repo)})
    pr = str(repo.parent / "pr.diff")
    done = guard(f"{SERVICE}:31", "--suggestion", pr)
    assert APPLIED in " ".join(done.stdout.split())
    assert "high no-tracking-write" in done.stdout
    git(repo, "checkout", "-q", "main")
    done = guard(f"{SERVICE}:31", "--suggestion", pr)
    assert APPLIED not in " ".join(done.stdout.split())
    assert "high no-tracking-write" in done.stdout


def test_paths_from_other_folders(repo: Path, guard: Guard) -> None:
    """A diff names files from a folder in the repository, or from one around it; without git's prefixes, and with a time."""
    name, *pairs = INCIDENT["lock"]
    edit(repo, name, *pairs)  # type: ignore[arg-type]
    near = git(repo / "src", "diff", "--relative")
    assert "a/Cache.cs" in near
    told = {(name, "high", "scope-change")}
    assert set(found(guard("--patch", "-", "--format", "json", stdin=near))) == told
    assert set(found(guard("--patch", "-", "--format", "json", stdin=near, cwd=repo / "src"))) == told
    around = near.replace("a/Cache.cs", f"{repo.name}/src/Cache.cs\t2026-01-01 10:00:00").replace(
        "b/Cache.cs", f"{repo.name}/src/Cache.cs"
    )
    assert set(found(guard("--patch", "-", "--format", "json", stdin=around))) == told
    elsewhere = around.replace(f"{repo.name}/", "mono/services/records/")
    assert set(found(guard("--patch", "-", "--format", "json", stdin=elsewhere))) == told
    write(repo, {"lib/Cache.cs": CACHE})
    two = guard("--patch", "-", "--format", "json", stdin=near)
    assert two.returncode == 2
    assert "Cache.cs: - does not apply to it; it was not compared." in two.stderr


def test_a_series_of_mails(repo: Path, guard: Guard) -> None:
    """Several patches of one file, as ``git format-patch`` mails them, are one change of it."""
    edit(
        repo,
        "src/Cache.cs",
        ("lock (_gate) { return _count; }", "lock (_gate)\n        {\n            return _count;\n        }"),
    )
    commit(repo)
    edit(
        repo,
        "src/Cache.cs",
        ("        lock (_gate)\n        {\n            return _count;\n        }\n", "        return _count;\n"),
    )
    commit(repo)
    mails = git(repo, "format-patch", "--stdout", "main")
    ranged = document(guard("--diff", "main..HEAD", "--format", "json"))
    assert ranged["suggestions"][0]["findings"]
    assert document(guard("--patch", "-", "--format", "json", stdin=mails)) == ranged
    git(repo, "checkout", "-q", "main")
    assert document(guard("--patch", "-", "--format", "json", stdin=mails)) == ranged


def test_what_does_not_apply(repo: Path, guard: Guard) -> None:
    """A file to which the diff does not apply, or applies in the other direction than to the rest, is told; so is a text that is no diff."""
    text = changed(repo)
    git(repo, "checkout", "-q", "main", "--", "src/Cache.cs")
    half = guard("--patch", "-", "--format", "json", stdin=text)
    assert half.returncode == 2
    assert "src/Cache.cs: - is applied to other files already, and not to this one; it was not compared." in half.stderr
    git(repo, "checkout", "-q", "main")
    edit(repo, "src/Cache.cs", ("_items[key] = value;", "_items.Add(key, value);"))
    other = guard("--patch", "-", "--format", "json", stdin=text)
    assert other.returncode == 2
    assert "src/Cache.cs: - does not apply to it; it was not compared." in other.stderr
    assert {path for path, *_ in found_of(other)} >= {SERVICE}


def found_of(done: Any) -> list[tuple[str, str]]:
    """Path and rule of each finding, whatever the exit status."""
    return [(f["path"], f["rule"]) for s in json.loads(done.stdout)["suggestions"] for f in s["findings"]]


@pytest.mark.parametrize("text", ["", "Looks good to me.", "--- a/A.cs\n+++ b/A.cs\n@@ -1,9 +1,9 @@\n-a\n+b\n"])
def test_texts_that_are_no_diff(guard: Guard, text: str) -> None:
    """A text without hunks, or with counts that are wrong, is one sentence and status 2."""
    done = guard("--patch", "-", stdin=text)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("-: is not a unified diff with right line counts")
