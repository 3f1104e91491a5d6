"""``--lint``: of many selections those in whose function a rule finds something or a scope is; those of one function are one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import Done, run_command
from tests.guard.test_versions import SERVICE, commit, edit, repo
from tests.workspace.test_git import git, write

__all__ = ["repo"]
CHECKED = """using System.Collections.Concurrent;

public class Rates
{
    private readonly ConcurrentDictionary<string, int> _rates = new();

    public int Read(string key)
    {
        if (!_rates.ContainsKey(key))
        {
            _rates[key] = 1;
        }
        return _rates[key];
    }

    public int Nothing(int a)
    {
        return a + 1;
    }
}
"""
OPENS = """
public class Gates
{
    private readonly object _gate = new();

    public void Run(System.Action work)
    {
        lock (_gate) { work(); }
    }
}

public class Caller
{
    private readonly Gates _gates = new();
    private int _n;

    public void Use()
    {
        _gates.Run(() => _n++);
    }

    public void Plain(int a)
    {
        a.ToString();
    }
}
"""


def context(repo: Path, *given: str, stdin: str = "") -> Done:
    """The command with --lint, without callers."""
    return run_command("context", *given, "--lint", "--hops", "0", "--format", "json", cwd=repo, stdin=stdin)


def lines(done: Done) -> list[tuple[str, int, int]]:
    """Path, first and last line of each selection."""
    assert done.returncode == 0, done.stderr
    found = (json.loads(line)["selection"] for line in done.stdout.splitlines())
    return [(s["path"], s["start_line"], s["end_line"]) for s in found]


def test_only_where_something_is(repo: Path) -> None:
    """A scope or a finding keeps a function, and neither leaves it out, which is counted; several of one function are one."""
    write(repo, {"src/Rates.cs": CHECKED, "src/Gates.cs": OPENS.partition("public class Caller")[0], "src/Caller.cs": "public class Caller" + OPENS.partition("public class Caller")[2]})  # fmt: skip
    given = [f"{SERVICE}:31", f"{SERVICE}:40", f"{SERVICE}:51", "src/Rates.cs:9", "src/Rates.cs:18", "src/Caller.cs:Use", "src/Caller.cs:12", f"{SERVICE}:73"]  # fmt: skip
    done = context(repo, *given)
    assert lines(done) == [
        (SERVICE, 31, 40),
        ("src/Rates.cs", 9, 9),
        ("src/Caller.cs", 6, 9),
        (SERVICE, 73, 73),
    ]
    assert done.stderr == (
        "3 of 8 selections were left out: no rule finds anything in the function, and no transaction or lock is in it.\n"
        "1 selection is taken together with another one of the same function.\n"
    )
    nothing = context(repo, "src/Rates.cs:18", "src/Caller.cs:12")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "2 of 2 selections were left out" in nothing.stderr


def test_a_manifest_keeps_its_entries(repo: Path) -> None:
    """What has an id, or another question, stays a selection of its own; what cannot be selected is told in its place."""
    entries = [
        {"selection": f"{SERVICE}:31", "id": "a"},
        {"selection": f"{SERVICE}:40", "id": "b"},
        {"selection": f"{SERVICE}:51", "id": "c"},
        {"selection": "src/Gone.cs:1", "id": "d"},
        {"selection": f"{SERVICE}:31", "question": "Why?"},
        {"selection": f"{SERVICE}:40", "question": "Why?"},
    ]
    given = "".join(json.dumps(entry) + "\n" for entry in entries)
    done = run_command("review", "-q", "--provider", "none", "--selections", "-", "--lint", cwd=repo, stdin=given)
    assert done.returncode == 2
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [d.get("id") for d in found] == ["a", "b", "d", None]
    assert (found[3]["question"], found[3]["context"]["selection"]["end_line"]) == ("Why?", 40)


@pytest.mark.parametrize("how", ["range", "applied", "ahead"])
def test_of_a_change_the_version_after_it_counts(repo: Path, how: str) -> None:
    """What a range or a diff selects is judged by the files after it, whatever is checked out."""
    edit(repo, "src/Cache.cs", ("lock (_gate) { return _count; }", "return _count;"))
    write(repo, {"src/Rates.cs": CHECKED})
    commit(repo)
    diff = git(repo, "diff", "main")
    if how != "applied":
        git(repo, "checkout", "-q", "main")
    given = ("--diff", "main...work") if how == "range" else ("--patch", "-")
    done = context(repo, *given, stdin=diff)
    assert [place for place in lines(done) if place[0] == "src/Rates.cs"] == [("src/Rates.cs", 7, 14)], done.stderr
    assert "left out: no rule finds anything" in done.stderr
    one = run_command("prompt", *given, "--lint", "-q", cwd=repo, stdin=diff)
    assert "src/Rates.cs" in one.stdout + one.stderr


def test_one_selection_is_asked_about(repo: Path) -> None:
    """With one selection there is nothing to leave out."""
    done = context(repo, f"{SERVICE}:31")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--lint leaves out some of several selections" in done.stderr
