"""``guard --diff``: both versions of all files that a range changes, compared as one edit, by the command itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ctxreview.guard import versions
from ctxreview.workspace.changed_files import Changed
from tests.commands import Done, run_command
from tests.samples import EXAMPLE
from tests.workspace.test_git import git, write

Guard = Callable[..., Done]
SERVICE = "src/RecordService.cs"
CACHE = """
public partial class Cache
{
    private readonly object _gate = new();
    private readonly Dictionary<string, int> _items = new();
    private int _count;

    public void Put(string key, int value)
    {
        lock (_gate)
        {
            _items[key] = value;
            _count++;
        }
    }

    public int Count()
    {
        lock (_gate) { return _count; }
    }
}
"""
READ = """
public partial class Cache
{
    public int Take(string key)
    {
        lock (_gate)
        {
            _count--;
            return _items.Remove(key, out var value) ? value : 0;
        }
    }
}
"""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """The example and a type in two files, committed on main; the branch ``work`` is checked out."""
    root = tmp_path / "repo"
    shutil.copytree(EXAMPLE / "src", root / "src")
    write(root, {"src/Cache.cs": CACHE, "src/Cache.Read.cs": READ})
    git(root, "init", "-q", "-b", "main")
    commit(root)
    git(root, "checkout", "-qb", "work")
    return root


@pytest.fixture
def guard(repo: Path) -> Guard:
    """The command in the repository."""

    def run(*arguments: str, cwd: Path = repo, stdin: str | None = None) -> Done:
        return run_command("guard", *arguments, cwd=cwd, stdin=stdin)

    return run


def commit(root: Path) -> None:
    """Everything as it is, committed."""
    git(root, "add", "-A")
    git(root, "commit", "-qm", "a commit")


def edit(root: Path, name: str, *pairs: tuple[str, str]) -> None:
    """Texts of a file replaced, each of which has to be there."""
    text = (root / name).read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    write(root, {name: text})


def found(done: Done) -> list[tuple[str, str, str]]:
    """Path, severity and rule of each finding of a guard's JSON, its exit status being 0 or 1."""
    assert done.returncode in (0, 1), done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["schema"] == "ctxreview.guard/1"
    return [(f["path"], f["severity"], f["rule"]) for s in document["suggestions"] for f in s["findings"]]


INCIDENT = {
    "no-tracking": (SERVICE, ("var record = _db.Records\n                .Where(r => r.TenantId == tenantId)\n                .FirstOrDefault(r => r.Id", "var record = _db.Records.AsNoTracking()\n                .Where(r => r.TenantId == tenantId)\n                .FirstOrDefault(r => r.Id")),
    "transaction": (SERVICE, ("        using (var scope = new TransactionScope(TransactionScopeOption.Required,\n            new TransactionOptions { IsolationLevel = IsolationLevel.RepeatableRead }))\n", ""), ("            scope.Complete();\n", "")),
    "lock": ("src/Cache.cs", ("        lock (_gate)\n        {\n            _items[key] = value;\n            _count++;\n        }\n", "        _items[key] = value;\n        _count++;\n")),
}  # fmt: skip
"""What a branch must not do unseen: the file, and its texts with what becomes of them."""


@pytest.mark.parametrize("what", INCIDENT)
def test_a_branch_that_loses_protection_fails(repo: Path, guard: Guard, what: str) -> None:
    """An untracked read that is written, a transaction and a lock that go are found on the branch, with its commit or without."""
    name, *pairs = INCIDENT[what]
    edit(repo, name, *pairs)  # type: ignore[arg-type]
    told = guard("--diff", "main", "--fail-on", "high")
    assert told.returncode == 1, told
    assert told.stdout.startswith("Guard: conflicts: main: 1 file compared (1 conflicts)")
    commit(repo)
    done = guard("--diff", "main...HEAD", "--fail-on", "high", "--format", "json")
    assert done.returncode == 1
    assert (name, "high") in {(path, severity) for path, severity, _ in found(done)}
    assert found(guard("--diff", "HEAD", "--format", "json")) == []


def test_what_is_compared_is_what_the_range_says(repo: Path, guard: Guard) -> None:
    """``A...B`` begins where the branch left, ``A..B`` at A; neither reads the disk, and nothing is said of what main did since."""
    edit(repo, "src/Cache.cs", ("lock (_gate) { return _count; }", "return _count;"))
    commit(repo)
    git(repo, "checkout", "-q", "main")
    name, *pairs = INCIDENT["no-tracking"]
    edit(repo, name, *pairs)  # type: ignore[arg-type]
    commit(repo)
    write(repo, {"src/Cache.cs": "class Cache;\n"})
    assert {path for path, *_ in found(guard("--diff", "main...work", "--format", "json"))} == {"src/Cache.cs"}
    assert {path for path, *_ in found(guard("--diff", "work...main", "--format", "json"))} == {SERVICE}
    back = json.loads(guard("--diff", "main..work", "--format", "json").stdout)
    assert [s["path"] for s in back["suggestions"]] == ["src/Cache.cs", SERVICE]
    assert "conflicts" not in {s["verdict"] for s in back["suggestions"] if s["path"] == SERVICE}


def test_files_of_one_change_are_compared_together(repo: Path, guard: Guard) -> None:
    """A lock renamed in all its files is one rename; what is renamed in one file and taken in another is judged with it."""
    for name in ("src/Cache.cs", "src/Cache.Read.cs"):
        edit(repo, name, ("_gate", "_sync"))
    done = guard("--diff", "main", "--format", "json")
    assert json.loads(done.stdout)["verdict"] == "no-known-conflict"
    edit(repo, "src/Cache.Read.cs", ("lock (_sync)", "lock (_items)"))
    assert ("src/Cache.Read.cs", "high") in {(p, s) for p, s, _ in found(guard("--diff", "main", "--format", "json"))}


def test_renamed_new_and_deleted_files(repo: Path, guard: Guard) -> None:
    """A renamed file is compared with what it was; a new one has no version before, one that is gone none after."""
    git(repo, "mv", "src/Cache.Read.cs", "src/Taking.cs")
    assert json.loads(guard("--diff", "main", "--format", "json").stdout)["verdict"] == "no-known-conflict"
    edit(repo, "src/Taking.cs", ("lock (_gate)", ""))
    write(repo, {"src/New.cs": "class New { int M() => 1; }\n"})
    git(repo, "rm", "-q", "src/DocumentedRecordService.cs")
    done = guard("--diff", "main", "--format", "json")
    document = json.loads(done.stdout)
    assert [(s["path"], s["path_before"], s["gone"]) for s in document["suggestions"]] == [
        ("src/DocumentedRecordService.cs", "src/DocumentedRecordService.cs", True),
        ("src/New.cs", None, False),
        ("src/Taking.cs", "src/Cache.Read.cs", False),
    ]
    assert ("src/Taking.cs", "high", "scope-change") in found(done)
    commit(repo)
    assert json.loads(guard("--diff", "main..HEAD", "--format", "json").stdout) == document | {"compared": "main..HEAD"}


def test_what_moves_to_another_file_is_compared_there(repo: Path, guard: Guard) -> None:
    """A member or type that moves, into a new file or one that is there, is no scope lost and none added; an edit in it is found."""
    start, end = CACHE.index("    public void Put"), CACHE.index("    public int Count")
    put = CACHE[start:end]
    write(
        repo, {"src/Cache.cs": CACHE[:start] + CACHE[end:], "src/Cache.Put.cs": f"partial class Cache\n{{\n{put}}}\n"}
    )
    done = guard("--diff", "main", "--format", "json")
    assert (json.loads(done.stdout)["verdict"], found(done)) == ("no-known-conflict", [])
    edit(repo, "src/Cache.Put.cs", ("lock (_gate)", ""))
    assert ("src/Cache.Put.cs", "high", "scope-change") in found(guard("--diff", "main", "--format", "json"))
    taken = READ[READ.index("    public int Take") : READ.rindex("}")]
    (repo / "src/Cache.Put.cs").unlink()
    (repo / "src/Cache.Read.cs").unlink()
    text = CACHE[: CACHE.rindex("}")] + taken + "}\n"
    write(repo, {"src/Cache.cs": text})
    assert found(guard("--diff", "main", "--format", "json")) == []
    for name in ("src/Record.cs", "src/RecordsDbContext.cs"):  # the types of two files change places
        other = {"src/Record.cs": "src/RecordsDbContext.cs"}.get(name, "src/Record.cs")
        write(repo, {name: git(repo, "show", f"main:{other}")})
    assert found(guard("--diff", "main", "--format", "json")) == []
    write(
        repo,
        {
            "src/Cache.cs": text.replace(
                "lock (_gate)\n        {\n            _count--;", "        {\n            _count--;"
            )
        },
    )
    assert ("src/Cache.cs", "high", "scope-change") in found(guard("--diff", "main", "--format", "json"))


def test_what_a_sparse_checkout_leaves_out_is_not_gone(repo: Path, guard: Guard) -> None:
    """A file that is tracked and not to be in the work tree has not been deleted."""
    write(repo, {"lib/Other.cs": READ})
    commit(repo)
    git(repo, "sparse-checkout", "set", "lib")
    assert not (repo / "src").exists()
    assert "no source file was compared" in guard("--diff", "HEAD").stdout
    git(repo, "rm", "-q", "lib/Other.cs")
    assert {path for path, *_ in found(guard("--diff", "HEAD", "--format", "json"))} == {"lib/Other.cs"}


def test_a_range_is_the_same_from_every_folder(repo: Path, guard: Guard) -> None:
    """Paths are those of the repository wherever the command starts; with --root a folder is the whole."""
    name, *pairs = INCIDENT["lock"]
    edit(repo, name, *pairs)  # type: ignore[arg-type]
    assert found(guard("--diff", "main", "--format", "json", cwd=repo / "src"))[0][0] == name
    assert found(guard("--diff", "main", "--format", "json", "--root", "src"))[0][0] == "Cache.cs"


def test_line_ends_and_encodings_are_no_change(repo: Path, guard: Guard) -> None:
    """A file with other line ends and a byte order mark has not changed, and its lines are those of the file where it has."""
    text = (repo / SERVICE).read_text()
    write(repo, {SERVICE: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()})
    assert "no source file was compared" in guard("--diff", "main").stdout
    write(repo, {SERVICE: text.replace("\n", "\r\n").replace("_db.SaveChanges();", "", 1)})
    (one,) = json.loads(guard("--diff", "main", "--format", "json").stdout)["suggestions"]
    assert [place["start_line"] for place in one["before"]] == [43]


def test_ranges_that_are_none(repo: Path, guard: Guard, tmp_path: Path) -> None:
    """A revision that there is not, branches without a common commit and a shallow clone are one sentence each, and status 2."""
    git(repo, "checkout", "-q", "--orphan", "other")
    write(repo, {"src/New.cs": "class New;\n"})
    commit(repo)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth", "1", "--no-single-branch", f"file://{repo}", str(clone))
    for folder, given, why in (
        (repo, "main...other", "the two have no common commit; write main..other to compare the two."),
        (clone, "origin/main...other", "this clone is shallow: fetch the history that is missing"),
        (repo, "nowhere..main", "there is no revision nowhere in"),
        (repo, "main....other", "there is no revision .other"),
        (tmp_path, "main", "is not in a git repository"),
    ):
        done = guard("--diff", given, cwd=folder)
        assert (done.returncode, done.stdout) == (2, ""), given
        assert why in done.stderr, given
        assert done.stderr.count("\n") == 1


def test_what_cannot_be_compared_is_said(repo: Path, guard: Guard, tmp_path: Path) -> None:
    """Where git does not have what a file was, or a file is binary, that is told for it, the others are compared, and status is 2."""
    write(repo, {"src/Binary.cs": "class B;\n"})
    commit(repo)
    name, *pairs = INCIDENT["lock"]
    edit(repo, name, *pairs)  # type: ignore[arg-type]
    edit(repo, "src/Record.cs", ("class", "partial class"))
    write(repo, {"src/Binary.cs": b"class B;\0\x01\n"})
    commit(repo)
    blob = git(repo, "rev-parse", "main:src/Record.cs").strip()
    (repo / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    done = guard("--diff", "main..HEAD", "--format", "json")
    document = json.loads(done.stdout)
    assert done.returncode == 2
    assert [s["path"] for s in document["suggestions"]] == [name]
    assert len(document["failed"]) == 2
    assert "src/Binary.cs: is a binary file" in done.stderr
    assert "src/Record.cs: what it was before is not in this clone" in done.stderr


def test_a_large_range_is_cut_with_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so many files the rest is not compared, which is told as something that could not be done."""
    monkeypatch.setattr(versions, "MOST_FILES", 3)
    changed = (Changed(f"{n}.cs", f"{n}.cs", b"class C;", b"class D;") for n in range(9))
    made = versions.compare("a..b", changed, Path("/"), lambda language: None, 0)
    assert [file.after.path for file in made.files] == ["0.cs", "1.cs", "2.cs"]
    assert made.verdict == "needs-human"
    assert made.failed[0].startswith("6 more files changed in a..b, from 3.cs on: at most 3 files")


@pytest.mark.parametrize(
    "arguments",
    [("--diff", "main", f"{SERVICE}:31"), ("--diff", "main", "--suggestion", "a.md"), ("--diff", "main", "--replace"), (SERVICE,), ()],
)  # fmt: skip
def test_options_that_do_not_go_together(guard: Guard, arguments: tuple[str, ...]) -> None:
    """A range stands alone, and an answer needs a selection."""
    done = guard(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
