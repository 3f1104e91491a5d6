"""Selections by a member's name, by lines as forges write them, and by a forge's link: the right place, or a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import Done, run_command
from tests.guard.test_versions import SERVICE, commit, edit, repo
from tests.workspace.test_git import git, write

__all__ = ["repo"]

Context = Callable[..., Done]
LINK = f"https://github.com/acme/shop/blob/main/{SERVICE}#L31-L33"


@pytest.fixture
def context(repo: Path) -> Context:
    """The command in a clone of acme/shop, without the repository around."""
    git(repo, "remote", "add", "origin", "git@github.com:acme/Shop.git")
    return lambda *given, cwd=repo: run_command("context", *given, "--hops", "0", "--format", "json", cwd=cwd)


def lines(done: Done) -> tuple[str, int, int]:
    """Path, first and last line of the selection."""
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["selection"]
    return found["path"], found["start_line"], found["end_line"]


@pytest.mark.parametrize(
    ("given", "first", "last"),
    [
        (f"{SERVICE}:UpdateRecord", 24, 47),
        (f"{SERVICE}:RecordService.UpdateRecord", 24, 47),
        (f"{SERVICE}:_statsLock", 11, 11),
        (f"{SERVICE}#L31-L33", 31, 33),
        (f"{SERVICE}#L31-33", 31, 33),
        (f"{SERVICE}#L31C5-L33C9", 31, 33),
        (f"{SERVICE}#L31", 31, 31),
        (LINK, 31, 33),
        (LINK.replace("L31-L33", "L31"), 31, 31),
        (f"https://gitlab.example/group/sub/shop/-/blob/main/{SERVICE}?ref_type=heads#L31-33", 31, 33),
        (f"https://dev.azure.com/acme/p/_git/shop?path=/{SERVICE}&version=GBmain&line=31&lineEnd=34&lineStartColumn=1&lineEndColumn=1", 31, 33),
        (f"https://dev.azure.com/acme/p/_git/shop?path=/{SERVICE}&version=GBmain&line=31&lineEnd=33&lineEndColumn=9", 31, 33),
    ],
)  # fmt: skip
def test_what_is_meant_is_selected(context: Context, given: str, first: int, last: int) -> None:
    """Each form leads to its lines, from any folder where it is a link."""
    assert lines(context(given)) == (SERVICE, first, last)


def test_a_link_is_of_its_revision(repo: Path, context: Context) -> None:
    """The lines of a link are followed to where they are now, on a branch with a slash too; lines that changed are refused."""
    git(repo, "branch", "old/main")
    edit(repo, SERVICE, ("namespace ", "// One more line.\nnamespace "))
    commit(repo)
    for link in (LINK, LINK.replace("main", "old/main"), LINK.replace("main", git(repo, "rev-parse", "main").strip())):
        assert lines(context(link, cwd=repo / "src")) == (SERVICE, 32, 34)
    edit(repo, SERVICE, (".FirstOrDefault(r => r.Id == recordId)", ".First(r => r.Id == recordId)"))
    assert "these lines of src/RecordService.cs have changed since" in refusal(context(LINK))


def refusal(done: Done) -> str:
    """The one sentence of a command that did nothing."""
    assert (done.returncode, done.stdout) == (2, ""), done
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (f"{SERVICE}:UpdateRecrod", "has no member UpdateRecrod; did you mean UpdateRecord?"),
        (f"{SERVICE}:Other.UpdateRecord", "has no member Other.UpdateRecord"),
        ("src/Nowhere.cs:Method", "there is no file src/Nowhere.cs"),
        (f"{SERVICE}#L9999", "is past its end"),
        (LINK.replace("shop", "till"), "leads to till, and"),
        (LINK.replace("main", "gone"), "that file at gone is not in this clone"),
        (LINK.replace("Service.cs", "Server.cs"), "is not in this clone"),
        (LINK.replace("L31-L33", "L3100"), "and no line 3100"),
        (LINK.partition("#")[0], "is not a link to lines of a file"),
        ("https://example.org/", "is not a link to lines of a file"),
    ],
)
def test_what_is_not_there_is_said(context: Context, given: str, said: str) -> None:
    """A name, file, revision or repository that is not here is one sentence and status 2, and no other place is taken."""
    assert said in refusal(context(given))


def test_several_members_are_listed(repo: Path, context: Context) -> None:
    """Overloads, and members of one name in two types, are candidates that are listed; the type's name decides between these."""
    write(repo, {"src/Two.cs": "class A\n{\n    void M() { }\n    void M(int n) { }\n    int P { get; set; }\n}\nclass B\n{\n    int P { get { return 1; } }\n}\n"})  # fmt: skip
    assert "has 2 members of that name; give the lines of one: A.M at line 3; A.M at line 4." in refusal(
        context("src/Two.cs:M")
    )
    assert "A.P at line 5; B.P at line 9" in refusal(context("src/Two.cs:P"))
    assert lines(context("src/Two.cs:B.P")) == ("src/Two.cs", 9, 9)


def test_every_function_that_holds_a_scope(repo: Path) -> None:
    """``--scopes`` selects the members in which a transaction or lock begins, and no other."""
    done = run_command("context", "--scopes", "src/RecordService.cs", "--scopes", "src/Cache.cs", cwd=repo)
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    assert [d["functions"][0]["name"] for d in documents if d["selection"]["path"] == "src/Cache.cs"] == [
        "Put",
        "Count",
    ]
    assert "UpdateRecord" in {d["functions"][-1]["name"] for d in documents}
    assert "GetRecord" not in {f["name"] for d in documents for f in d["functions"]}
    assert all(d["scopes"] for d in documents)
    none = run_command("context", "--scopes", "src/Record.cs", cwd=repo)
    assert (none.returncode, none.stdout) == (0, "")
    assert "No function there holds a transaction or lock" in none.stderr
    beside = run_command("review", "--scopes", "src", "src/Cache.cs:3", cwd=repo)
    assert "--scopes selects functions; give it without SELECTION..." in refusal(beside)


# --- a buffer ----------------------------------------------------------------------------------------------


def test_an_unsaved_buffer_is_the_file(repo: Path) -> None:
    """The text on standard input is what is looked at, under its own name and with the callers that the repository has."""
    write(
        repo,
        {
            "src/Caller.cs": "class Caller\n{\n    void Go(Work work)\n    {\n        lock (this) { work.Do(); }\n    }\n}\n"
        },
    )
    text = "class Work\n{\n    public void Do()\n    {\n        Note();\n    }\n    void Note() { }\n}\n"
    for given in (
        ("src/Work.cs:5", "--stdin"),
        ("5", "--stdin", "--path", "src/Work.cs"),
        ("Do", "--stdin", "--path", "src/Work.cs"),
    ):
        done = run_command("context", *given, "--format", "json", cwd=repo, stdin=text)
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        assert document["selection"]["path"] == "src/Work.cs"
        assert [(s["kind"], s["path"]) for s in document["scopes"]] == [("lock", "src/Caller.cs")]
    write(
        repo,
        {
            "src/Work.cs": "class Old;\n",
            "answer.md": "```csharp\n    public void Do()\n    {\n        lock (this) { Note(); }\n    }\n```\n",
        },
    )
    done = run_command(
        "guard", "5", "--stdin", "--path", "src/Work.cs", "--suggestion", "answer.md", cwd=repo, stdin=text
    )
    assert "adds a lock on `this`" in done.stdout, done.stderr
    assert (repo / "src/Work.cs").read_text() == "class Old;\n"
    several = run_command(
        "review", "5", "7", "--stdin", "--path", "src/Work.cs", "--provider", "none", "-q", cwd=repo, stdin=text
    )
    assert [json.loads(line)["context"]["selection"]["start_line"] for line in several.stdout.splitlines()] == [5, 7]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("context", "--stdin", "--path", "src/Work.cs"), "--stdin: give the lines or the member"),
        (("context", "a.cs:1", "b.cs:1", "--stdin"), "--stdin is the text of one file"),
        (("context", "1", "--path", "a.cs"), "--path names the file that --stdin is"),
        (("context", "--diff", "main", "--stdin"), "--diff selects what changed; give it without --stdin"),
        (("guard", "a.cs:1", "--stdin", "--suggestion", "-"), "--suggestion needs a file"),
        (("review", "a.cs:1", "--stdin", "--reply", "-"), "--reply needs a file"),
        (("context", "a.cs:1", "--stdin"), "a.cs: is empty"),
    ],
)  # fmt: skip
def test_a_buffer_beside_other_things(repo: Path, given: tuple[str, ...], said: str) -> None:
    """What does not go together with a buffer is one sentence."""
    assert said in refusal(run_command(*given, cwd=repo, stdin=""))
