"""What ``lint`` takes besides paths: a diff, a buffer and copied code, by the command itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Done, run_command
from tests.guard.test_versions import INCIDENT, SERVICE, commit, edit, repo
from tests.reports.test_schemas import valid
from tests.workspace.test_git import git, write

__all__ = ["repo"]
THIS = "class Other\n{\n    int _count;\n\n    void Put()\n    {\n        lock (this) { _count++; }\n    }\n}\n"


def lint(repo: Path, *arguments: str, stdin: str = "", cwd: str = ".") -> Done:
    """The command in the repository."""
    return run_command("lint", *arguments, "--format", "json", cwd=repo / cwd, stdin=stdin)


def findings(done: Done) -> list[Any]:
    """What was found; the exit status is 0 or 1."""
    assert done.returncode in (0, 1), done.stderr
    made: list[Any] = json.loads(done.stdout)["findings"]
    return made


def rows(done: Done) -> list[tuple[str, int, str]]:
    """Path, line and rule of each finding."""
    return [(f["path"], f["start_line"], f["rule"]) for f in findings(done)]


@pytest.mark.parametrize("what", INCIDENT)
def test_a_diff_says_what_its_range_says(repo: Path, what: str) -> None:
    """Applied or not, a diff has the findings of the range that it is of; paths name some of its files, a rule may be selected."""
    name, *pairs = INCIDENT[what]
    edit(repo, name, *pairs)  # type: ignore[arg-type]
    write(repo, {"src/Other.cs": THIS})
    commit(repo)
    diff = git(repo, "diff", "main")
    ranged = findings(lint(repo, "--diff", "main...HEAD"))
    assert {"high", "low"} <= {f["severity"] for f in ranged}
    applied = lint(repo, "--patch", "-", "--fail-on", "high", stdin=diff)
    assert (applied.returncode, findings(applied)) == (1, ranged)
    assert "- is applied already to 2 files" in applied.stderr
    git(repo, "checkout", "-q", "main")
    (repo / "pr.diff").write_text(diff)
    ahead = lint(repo, "--patch", "../pr.diff", cwd="src")
    assert findings(ahead) == ranged
    assert ahead.stderr == ""
    assert rows(lint(repo, "src/Other.cs", "--patch", "pr.diff", "--select", "lock-target")) == [
        ("src/Other.cs", 7, "lock-target")
    ]
    assert rows(lint(repo, "--patch", "pr.diff", "--select", "scope-change", "src/Other.cs")) == []
    other = lint(repo, "--patch", "-", stdin="--- a/notes.md\n+++ b/notes.md\n@@ -1 +1 @@\n-a\n+b\n")
    assert (other.returncode, other.stderr) == (0, "-: changes no .cs, .csx file.\n")
    sarif = run_command("lint", "--patch", "pr.diff", "--format", "sarif", cwd=repo)
    assert '"startColumn"' in sarif.stdout


def test_a_buffer_is_linted_under_its_own_name(repo: Path) -> None:
    """The text on standard input stands for the file, new or not, with what other files open for it; the disk is left alone."""
    assert rows(lint(repo, "--stdin", "--path", "src/Other.cs", "--select", "lock-target", stdin=THIS)) == [
        ("src/Other.cs", 7, "lock-target")
    ]
    assert not (repo / "src/Other.cs").exists()
    service = (repo / SERVICE).read_text()
    changed = service.replace("_db.SaveChanges();\n            scope", "scope")
    assert changed != service
    known = rows(lint(repo, SERVICE))
    assert known
    assert rows(lint(repo, "--stdin", "--path", SERVICE, stdin=service)) == known
    assert rows(lint(repo, "--stdin", "--path", "RecordService.cs", cwd="src", stdin=f"// One more.\n{service}")) == [
        (path, line + 1, rule) for path, line, rule in known
    ]
    assert rows(lint(repo, "--stdin", "--path", SERVICE, stdin="class Empty;\n")) == []
    made = run_command("lint", "--stdin", "--path", "src/Other.cs", "--format", "github", cwd=repo, stdin=THIS)
    assert "file=src/Other.cs,line=7" in made.stdout


def test_of_copied_code_only_its_lines_count(repo: Path) -> None:
    """A fragment, found in a file or in the repository, has the findings that touch it; what is not certain is refused."""
    write(
        repo,
        {
            "src/Other.cs": THIS.replace(
                "\n}\n", "\n\n    void Take()\n    {\n        lock (this) { _count--; }\n    }\n}\n"
            )
        },
    )
    for given in (
        ("src/Other.cs", "--text", "-"),
        ("src/Other.cs:1", "--text", "-"),
        ("--paste", "--in", "src"),
        ("--paste",),
    ):
        done = run_command(
            "lint",
            *given,
            "--format",
            "json",
            "--select",
            "lock-target",
            cwd=repo,
            stdin="lock(this)\n{ _count--; }",
            env={"PATH": ""},
        )
        assert rows(done) == [("src/Other.cs", 12, "lock-target")]
        assert done.stderr == "The copied code is src/Other.cs:12.\n"
    done = run_command("lint", "src/Other.cs", "--text", "-", cwd=repo, stdin="lock (this)")
    assert (done.returncode, done.stdout) == (2, "")
    assert "stands at 2 places" in done.stderr


TWICE = (
    "class Twice\n{\n    void Put() { lock (this) { } }\n    void Take() { lock (this) { } }\n    void Look() { }\n}\n"
)


def test_selections_are_those_of_other_commands(repo: Path) -> None:
    """Members, lines, a buffer's, an editor's, listed ones and functions with scopes have the findings that touch them; an entry has its own, by id."""
    write(repo, {"src/Twice.cs": TWICE, "src/Other.cs": THIS})
    only = ("--select", "lock-target")
    put, take, other = (("src/Twice.cs", 3, "lock-target"), ("src/Twice.cs", 4, "lock-target"), ("src/Other.cs", 7, "lock-target"))  # fmt: skip
    for given, expected in (
        (("src/Twice.cs:Take",), [take]),
        (("src/Twice.cs:Twice.Put", "src/Other.cs"), [other, put]),
        (("src/Twice.cs#L4-L5",), [take]),
        (("src/Twice.cs:5",), []),
        (("--scopes", "src/Twice.cs", "--scopes", "src/Other.cs"), [other, put, take]),
        (("src/Twice.cs", "--text-env", "SELECTED", "--line", "4"), [take]),
        (("Take", "--stdin", "--path", "src/New.cs"), [("src/New.cs", 4, "lock-target")]),
    ):
        done = run_command("lint", *given, *only, "--format", "json", cwd=repo, stdin=TWICE)
        assert rows(done) == expected, given
    listed = "".join(
        json.dumps(entry) + "\n"
        for entry in (
            {"selection": "src/Twice.cs:Take", "id": "T", "tags": ["x"]},
            {"selection": "src/Gone.cs:3", "id": "G"},
            {"selection": "src", "id": "all"},
        )
    )
    done = lint(repo, "--selections", "-", *only, stdin=listed)
    assert (done.returncode, done.stderr.count("\n")) == (2, 2), done.stderr
    (document,) = valid(done.stdout, "ctxreview.lint/1")
    assert [f["start_line"] for f in document["findings"]] == [7, 3, 4]
    one, gone, every = document["selections"]
    assert (one["id"], one["tags"], one["at"]["start_line"], one["findings"]) == ("T", ["x"], 4, [2])
    assert (gone["at"], gone["findings"], gone["error"] in document["failed"]) == (None, [], True)
    assert (every["at"], every["findings"]) == (None, [0, 1, 2])
    assert "selections" not in json.loads(lint(repo, "src").stdout)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--stdin",), "--stdin: give --path, the file that it is."),
        (("--stdin", "--path", "a.cs", "--scopes", "src"), "--stdin is the text of one file; give it without --scopes."),
        (("--stdin", "--path", "a.cs", "B"), "a.cs:B: a.cs has no member B"),
        (("--path", "a.cs"), "--path names the file that --stdin is"),
        (("--stdin", "--path", "a.txt"), "a.txt"),
        (("--patch", "-", "--diff", "main"), "--patch is a change of its own; give it without --diff"),
        (("--patch", "-"), "-: is not a unified diff"),
        (("--diff", "main", "--staged"), "--diff and --staged each name two versions; give one."),
        (("--text", "-"), "--text: give the file that the copied code is from"),
        (("--paste", "src"), "--paste finds the copied code anywhere; give it without [PATH|SELECTION...]."),
        (("src/Cache.cs:3", "--diff", "main"), "--diff selects what changed; give files and folders beside it, not src/Cache.cs:3."),
        (("--scopes", "src", "--staged"), "--staged selects what changed; give it without --scopes."),
        (("--selections", "-", "src"), "Give selections as arguments or with --selections, not both."),
        (("src/Cache.cs:3", "--scheduler", "tcp://127.0.0.1:1"), "give files and folders alone."),
        (("src/Cache.cs:3", "--baseline", "known.json", "--write-baseline"), "and nothing but paths"),
        (("src", "--in", "src"), "--in says where --paste looks; give both."),
        (("--patch", "-", "--baseline", "known.json", "--write-baseline"), "and nothing but paths"),
        (("--list", "--paste"), "--list lists the rules; give it without --paste"),
    ],
)  # fmt: skip
def test_what_does_not_go_together(repo: Path, given: tuple[str, ...], said: str) -> None:
    """One sentence says so."""
    done = run_command("lint", *given, cwd=repo, stdin="class A;\n")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done
    assert said in done.stderr
