"""Git in a stranger's checkout: no command of the repository's is run, nothing hangs, and nothing is hidden from ``lint --diff``.

The traps are commands that leave a file behind when they are run. A control shows that plain git commands do run them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ctxreview.cli.app import app
from ctxreview.errors import ConfigError
from ctxreview.workspace import git as module
from ctxreview.workspace import ignored
from ctxreview.workspace.changed_files import changed_files
from ctxreview.workspace.changed_lines import ALL, Changes, Ranges, changed_lines
from ctxreview.workspace.files import list_workspace
from ctxreview.workspace.renames import ALIKE
from ctxreview.workspace.revision import range_of
from tests import ROOT

LOUD = "class {} {{\n  void M() {{\n    lock (this) {{ Work(); }}\n  }}\n}}\n"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the traps are scripts for a POSIX shell")


def git(folder: Path, *command: str, code: int | None = 0) -> str:
    """What a git command prints; it has to end with that status."""
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(("git", *who, *command), cwd=folder, capture_output=True, text=True, check=False)
    assert code is None or done.returncode == code, done.stderr
    return done.stdout


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    """Files with their text or bytes; a folder is made where it is missing."""
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git and ctxreview without the settings of whoever runs the tests."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository with two loud files, one of them in a folder, committed."""
    root = tmp_path / "repo"
    write(root, {"A.cs": LOUD.format("A"), "lib/B.cs": LOUD.format("B")})
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    return root


def paths(root: Path) -> tuple[str, ...]:
    """The C# files that are listed."""
    return list_workspace(root, (".cs",)).paths


def changes(given: str, root: Path, listed: Sequence[str]) -> Changes:
    """What a range changes among the listed files."""
    found = Changes(range_of(given, root).option)
    list(found.seen(changed_files(range_of(given, root), root, listed)))
    return found


def differ(root: Path, revision: str = "HEAD") -> dict[str, Ranges]:
    """The changed lines of the C# files that are listed."""
    return dict(changes(revision, root, paths(root)).lines)


# --- nothing is run ----------------------------------------------------------------------------------------

COMMANDS = (
    "core.fsmonitor", "core.pager", "core.sshCommand", "core.askPass", "core.editor", "core.gitProxy",
    "core.alternateRefsCommand", "sequence.editor", "diff.external", "diff.trap.command", "diff.trap.textconv",
    "filter.clean.clean", "filter.clean.smudge", "filter.process.process", "merge.trap.driver", "credential.helper",
    "gpg.program", "interactive.diffFilter", "pager.diff", "pager.ls-files", "pager.ls-tree", "pager.rev-parse",
    "pager.cat-file", "pager.config", "uploadpack.packObjectsHook", "remote.origin.uploadpack", "remote.origin.receivepack",
    "tar.trap.command", "difftool.trap.cmd", "mergetool.trap.cmd", "trailer.trap.command", "browser.trap.cmd",
)  # fmt: skip
"""Settings that are commands."""
SHELL = (
    "alias.ls-files", "alias.rev-parse", "alias.ls-tree", "alias.cat-file", "alias.config", "alias.version",
    "submodule.sub.update",
)  # fmt: skip
"""Settings that are commands behind an exclamation mark."""
HOOKS = (
    "post-index-change", "reference-transaction", "pre-auto-gc", "fsmonitor-watchman", "post-checkout", "query-watchman",
    "pre-commit", "post-rewrite", "sendemail-validate",
)  # fmt: skip


class Traps:
    """Commands that leave a file with their name."""

    def __init__(self, folder: Path) -> None:
        self.sprung_in = folder / "sprung"
        self.sprung_in.mkdir()
        self.script = folder / "trap"
        self.script.write_text(
            f"#!/bin/sh\nname=${{0##*/}}\n[ $name = trap ] && name=$1\ntouch '{self.sprung_in}/'$name\nexit 1\n"
        )
        self.script.chmod(0o755)

    def command(self, name: str) -> str:
        """A command that springs the trap ``name``."""
        return f"'{self.script}' {name}"

    def sprung(self) -> list[str]:
        """The names of the traps that were sprung since the last time."""
        found = sorted(file.name for file in self.sprung_in.iterdir())
        for name in found:
            (self.sprung_in / name).unlink()
        return found


@pytest.fixture
def traps(tmp_path: Path) -> Traps:
    """Traps beside the repository."""
    return Traps(tmp_path)


def set_all(traps: Traps, config: Path) -> None:
    """A configuration with every trap in it, some of it in a file of the work tree."""
    for name in COMMANDS:
        subprocess.run(("git", "config", "-f", config, name, traps.command(name)), check=True)
    for name in SHELL:
        subprocess.run(("git", "config", "-f", config, name, f"!{traps.command(name)}"), check=True)
    for name, value in {
        "include.path": "../included",
        "core.attributesFile": "attributes",
        "core.untrackedCache": "true",
        "diff.orderFile": "no/such/file",
        "log.showSignature": "true",
        "remote.origin.url": str(traps.script.parent),
        "remote.other.url": f"ext::{traps.script} ext",
        "remote.other.promisor": "true",
        "remote.origin.promisor": "true",
        "remote.origin.partialclonefilter": "blob:none",
        "extensions.partialClone": "origin",
        "core.repositoryFormatVersion": "1",
        "protocol.allow": "always",
        "protocol.ext.allow": "always",
        "core.worktree": "../lib",
    }.items():
        subprocess.run(("git", "config", "-f", config, name, value), check=True)


@pytest.fixture
def trapped(repo: Path, traps: Traps) -> Path:
    """A repository with a trap behind each of some fifty settings, and changes of all kinds."""
    write(repo, {"A.cs": LOUD.format("A2"), "New.cs": LOUD.format("New"), "Process.cs": LOUD.format("P")})
    write(repo, {".gitattributes": "*.cs filter=clean diff=trap merge=trap\nProcess.cs filter=process\n"})
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "second")
    write(repo, {"A.cs": LOUD.format("A3"), "Process.cs": LOUD.format("P2")})
    write(repo, {".git/info/attributes": "lib/*.cs filter=process\n"})
    write(repo, {"included": f"[core]\n\tfsmonitor = {traps.command('included')}\n\thooksPath = hooks\n"})
    for hook in HOOKS:
        for folder in ("hooks", ".git/hooks"):
            (repo / folder).mkdir(exist_ok=True)
            (repo / folder / hook).unlink(missing_ok=True)
            (repo / folder / hook).symlink_to(traps.script)
    for name in ("git", "sh", "cat"):  # in the working folder
        (repo / name).symlink_to(traps.script)
    set_all(traps, repo / ".git" / "config")
    return repo


def test_no_command_runs_a_command_of_the_repository(
    trapped: Path, traps: Traps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fifty settings, hooks, attributes and programs in the working folder name, nothing of it is run."""
    monkeypatch.chdir(trapped)
    for command in (
        "-p diff HEAD",
        "diff HEAD~1",
        "log -p --textconv --no-ext-diff HEAD~1",
        "stash",
        "show",
        "commit -am x",
    ):
        subprocess.run(
            ("git", "--work-tree=.", "-c", "diff.orderFile=/dev/null", *command.split()),
            capture_output=True,
            check=False,
        )
    control = set(traps.sprung())
    assert control >= {"included", "filter.clean.clean", "filter.process.process", "diff.trap.textconv"}, control
    blob = git(trapped, "--work-tree=.", "rev-parse", "HEAD:A.cs").strip()
    (trapped / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    subprocess.run(("git", "cat-file", "-p", blob), capture_output=True, check=False)
    assert traps.sprung(), "a partial clone fetches what is missing"
    write(
        trapped, {name: LOUD.format("Changed").replace("Work", "Play") for name in ("A.cs", "Process.cs", "lib/B.cs")}
    )
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.pathsep}{trapped}{os.pathsep}{os.environ['PATH']}")
    write(trapped.parent, {"answer.md": "```csharp\nvoid M() { Work(); }\n```\n"})
    for command in (
        ("lint", "--diff", "HEAD"),
        ("lint", "--diff", "HEAD~1"),
        ("lint", "--diff", "HEAD", "--root", "lib"),
        ("lint", "--diff", "nowhere"),
        ("lint", "--diff", "HEAD~1..HEAD"),
        ("lint", "--staged"),
        ("guard", "--diff", "HEAD"),
        ("guard", "--diff", "HEAD~1...HEAD"),
        ("lint",),
        ("context", "A.cs:3"),
        ("prompt", "A.cs:3"),
        ("review", "A.cs:3", "--provider", "none"),
        ("guard", "A.cs:3", "--suggestion", str(trapped.parent / "answer.md")),
        ("intent", "A.cs:3", "--offline"),
        ("comment", "last", "--answer", "It does."),
        ("config",),
        ("doctor", "--provider", "none"),
        ("explain", "lock-target"),
        ("log",),
    ):
        done = CliRunner().invoke(app, command)
        assert traps.sprung() == [], command
        if command[:2] == ("lint", "--diff") and command[2] in ("HEAD", "HEAD~1"):
            assert "lock-target" in done.stdout, (command, done.output)


def layouts(root: Path, traps: Traps) -> Iterator[tuple[str, Path]]:
    """Places with a repository that is not the one it seems to be, with the folder that is named as the root."""
    bare = root / "lib"
    for name in ("HEAD", "config"):
        write(bare, {name: (root / ".git" / name).read_bytes()})
    for name in ("objects", "refs"):
        subprocess.run(("cp", "-r", root / ".git" / name, bare), check=True)
    set_all(traps, bare / "config")
    subprocess.run(("git", "config", "-f", bare / "config", "--unset", "core.worktree"), check=True)
    yield "a bare repository in a folder of a clone", bare
    (root / ".git").rename(root / "real")
    write(root, {".git": "gitdir: lib\n"})
    yield "a .git file that leads into the work tree", root
    (root / ".git").unlink()
    (root / ".git").symlink_to("lib")
    yield "a .git link that leads into the work tree", root
    (root / ".git").unlink()
    (root / "lib" / ".git").mkdir()
    yield "a bare repository around an empty .git folder", bare


def test_no_other_repository_is_taken_for_the_one_around(repo: Path, traps: Traps) -> None:
    """A bare repository below the root, and a .git that leads into the work tree, run nothing and hide nothing."""
    write(repo, {"lib/B.cs": LOUD.format("B2")})
    for name, root in layouts(repo, traps):
        assert "B.cs" in {path.rpartition("/")[2] for path in paths(root)}, name
        try:
            found = differ(root)
        except ConfigError as error:
            assert "empty .git" in name and "does not read" in str(error)
        else:
            assert any(path.endswith("B.cs") for path in found), name
        assert traps.sprung() == [], name


def test_only_one_module_starts_programs() -> None:
    """Every command that calls git goes through the one module that is tried here; one starts the pager that the environment names, two Python itself, in a cluster's worker and for an agent's call."""
    callers = [
        file.name
        for file in sorted((ROOT / "ctxreview").rglob("*.py"))
        if any(
            word in file.read_text("utf-8") for word in ("subprocess", "os.system", "os.popen", "os.exec", "os.spawn")
        )
    ]
    assert callers == ["pager.py", "cluster.py", "workers.py", "git.py"]


def test_what_git_may_start_is_ended_with_it(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A git that waits for another program that holds its output is ended in time, and so is that program."""
    fake = repo.parent / "bin" / "git"
    write(repo.parent, {"bin/git": f"#!/bin/sh\nsleep 60 &\necho $! > '{repo.parent}/pid'\nwait\n"})
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent), prepend=os.pathsep)
    began = time.monotonic()
    assert module.run_git(repo, "ls-files", seconds=0.5) is None
    assert time.monotonic() - began < 20
    pid = int((repo.parent / "pid").read_text())
    while time.monotonic() - began < 20 and Path(f"/proc/{pid}/cmdline").exists():
        if not Path(f"/proc/{pid}/cmdline").read_bytes():  # ended, and not yet waited for by anybody
            break
        time.sleep(0.05)
    else:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_process_ends_though_git_is_still_at_work(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends a git that takes too long does not hold the process: Ctrl-C may come where nobody cancels it."""
    fake = repo.parent / "bin" / "git"
    write(repo.parent, {"bin/git": "#!/bin/sh\nexec sleep 9\n"})
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent), prepend=os.pathsep)
    asked = (
        "import sys, threading, time; from pathlib import Path; from ctxreview.workspace.git import run_git;"
        "threading.Thread(target=run_git, args=(Path(sys.argv[1]), 'ls-files'), daemon=True).start(); time.sleep(1)"
    )
    began = time.monotonic()
    subprocess.run((sys.executable, "-c", asked, str(repo)), check=True)
    assert time.monotonic() - began < 6


def test_git_is_not_read_without_end(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Output over the limit is not an answer."""
    fake = repo.parent / "bin" / "git"
    write(repo.parent, {"bin/git": "#!/bin/sh\nexec cat /dev/zero\n"})
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent), prepend=os.pathsep)
    assert module.run_git(repo, "ls-files", most=1_000_000) is None
    assert paths(repo) == ("A.cs", "lib/B.cs")


# --- nothing hangs -----------------------------------------------------------------------------------------


def test_lists_of_ignored_files_that_are_no_files(repo: Path) -> None:
    """Pipes, devices, endless and linked files in the place of a list of ignored files are not waited for, and ignore nothing."""
    write(repo, {"New.cs": LOUD.format("New"), "huge": "*\n" * ignored.MAX_IGNORE_BYTES})
    (repo / ".git" / "info" / "exclude").unlink(missing_ok=True)
    os.mkfifo(repo / "pipe")
    os.mkfifo(repo / "lib" / ".gitignore")
    write(repo, {"lib/New.cs": LOUD.format("New"), "outside": "*\n"})
    everything = ("A.cs", "New.cs", "lib/B.cs", "lib/New.cs")
    began = time.monotonic()
    for target in ("pipe", "/dev/zero", "huge", "/dev/tty"):
        for link in (".gitignore", ".git/info/exclude"):
            (repo / link).symlink_to(repo / target)
            assert paths(repo) == everything, (target, link)
            (repo / link).unlink()
        git(repo, "config", "core.excludesFile", str(repo / target))
        assert paths(repo) == everything, target
        assert set(differ(repo)) == {"New.cs", "lib/New.cs"}
    git(repo, "config", "--unset", "core.excludesFile")
    (repo / ".gitignore").symlink_to("outside")  # git does not read it through a link, either
    assert paths(repo) == everything
    assert time.monotonic() - began < 60


def test_all_lists_of_ignored_files_count(repo: Path, tmp_path: Path) -> None:
    """The repository's own list, the one that a setting names, and the user's are honoured, in a folder as the root too."""
    for name in ("lib/One.cs", "lib/Two.cs", "lib/Three.cs", "lib/Four.cs"):
        write(repo, {name: LOUD.format("N")})
    write(repo, {".git/info/exclude": "/lib/One.cs\n", ".gitignore": "Two.cs\n"})
    write(tmp_path, {"config/git/ignore": "Three.cs\n", "mine": "Four.cs\n"})
    assert paths(repo) == ("A.cs", "lib/B.cs", "lib/Four.cs")
    assert paths(repo / "lib") == ("B.cs", "Four.cs")
    git(repo, "config", "core.excludesFile", str(tmp_path / "mine"))
    assert paths(repo) == ("A.cs", "lib/B.cs", "lib/Three.cs")
    git(repo, "worktree", "add", "-q", str(tmp_path / "linked"))
    write(tmp_path / "linked", {"lib/One.cs": LOUD.format("N"), "lib/Five.cs": LOUD.format("N")})
    assert paths(tmp_path / "linked") == ("A.cs", "lib/B.cs", "lib/Five.cs")
    assert set(differ(tmp_path / "linked")) == {"lib/Five.cs"}


def test_patterns_that_take_for_ever(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern with many stars is not tried on a long name, and patterns in their thousands end with a sentence."""
    name = f"{'a' * 200}.cs"
    write(
        repo,
        {
            name: LOUD.format("N"),
            ".gitignore": f"*a*a*a*a*a*a*a*a*a*b\n*.tm*p*.*\n{'*' * 65}'{'*' * 35}\n{'**/' * 60}'\n",
            "x.tmp.cs": LOUD.format("N"),
        },
    )
    began = time.monotonic()
    assert paths(repo) == ("A.cs", name, "lib/B.cs")
    assert time.monotonic() - began < 30
    monkeypatch.setattr(ignored, "MAX_IGNORE_SECONDS", 0.0)
    place = list_workspace(repo, (".cs",))
    assert place.paths == ("A.cs", name, "lib/B.cs", "x.tmp.cs")
    assert place.left_out == (
        f"Matching paths with ignore patterns took over 0 s; from {name} on, nothing was treated as ignored.",
    )


def test_a_repository_that_cannot_be_read_without_waiting(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe in the place of a file of git's own is seen; one that its settings include holds git up once, and no longer."""
    began = time.monotonic()
    for name in ("index", "HEAD", "config"):
        (repo / ".git" / name).rename(repo / "aside")
        os.mkfifo(repo / ".git" / name)
        assert paths(repo) == ("A.cs", "lib/B.cs")
        with pytest.raises(ConfigError, match="does not read"):
            changes("HEAD", repo, ["A.cs"])
        (repo / ".git" / name).unlink()
        (repo / "aside").rename(repo / ".git" / name)
    assert time.monotonic() - began < module.SECONDS
    assert differ(repo) == {}
    monkeypatch.setattr(module, "SECONDS", 1)
    os.mkfifo(repo / "pipe")
    with (repo / ".git" / "config").open("a") as config:
        config.write(f"[include]\n\tpath = {repo}/pipe\n")
    write(repo, {"New.cs": LOUD.format("New"), ".gitignore": "x\n"})
    began = time.monotonic()
    assert paths(repo) == ("A.cs", "New.cs", "lib/B.cs")
    with pytest.raises(ConfigError, match="does not read"):
        changes("HEAD", repo, ["A.cs"])
    assert time.monotonic() - began < 5


def test_the_users_own_settings_count(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository of somebody else is read where the user's settings or environment say so, and else is not."""
    if os.getuid() != 0:
        pytest.skip("only root can give files away")
    write(repo, {"Mine.cs": LOUD.format("M"), ".gitignore": "*\n"})
    for file in (repo, *repo.rglob("*")):
        os.chown(file, 12345, 12345)
    assert module.tracked_files(repo) is None
    with pytest.raises(ConfigError, match=r"does not read .* status says why"):
        changes("HEAD", repo, [])
    for name, value in {"COUNT": "1", "KEY_0": "safe.directory", "VALUE_0": str(repo)}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    assert module.tracked_files(repo) == {"A.cs", "lib/B.cs"}
    monkeypatch.delenv("GIT_CONFIG_COUNT")
    write(repo.parent, {"gitconfig": f"[safe]\n\tdirectory = {repo}\n"})
    assert module.tracked_files(repo) == {"A.cs", "lib/B.cs"}


# --- nothing is hidden -------------------------------------------------------------------------------------


def test_neither_attributes_nor_index_nor_settings_hide_a_file(repo: Path) -> None:
    """Files that are binary by attribute, assumed unchanged, skipped, or in another encoding are compared all the same."""
    names = ("Minus.cs", "Binary.cs", "Assumed.cs", "Skipped.cs", "Utf16.cs", "Ordered.cs", "Tracked.ignored.cs")
    text = {name: LOUD.format(name.partition(".")[0]) for name in names}
    write(repo, {name: code.encode("utf-16" if name == "Utf16.cs" else "utf-8") for name, code in text.items()})
    write(repo, {".gitattributes": "Minus.cs -diff\nBinary.cs binary\n*.cs linguist-generated\n"})
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "all")
    write(repo, {".gitignore": "*.ignored.cs\n"})
    git(repo, "update-index", "--assume-unchanged", "Assumed.cs")
    git(repo, "update-index", "--skip-worktree", "Skipped.cs")
    git(repo, "config", "diff.orderFile", "no/such/file")
    git(repo, "config", "core.bigFileThreshold", "1")
    assert differ(repo) == {}
    for name, code in text.items():
        new = code.replace("Work();", "Work(1);")
        write(repo, {name: new.encode("utf-16" if name == "Utf16.cs" else "utf-8")})
    assert differ(repo) == dict.fromkeys(names, ((3, 3),))


def test_another_object_in_the_place_of_a_revision_hides_nothing(repo: Path) -> None:
    """A replacement that makes the revision look like the work tree is not looked at."""
    write(repo, {"A.cs": LOUD.format("A").replace("Work();", "Work(1);")})
    git(repo, "stash")
    git(repo, "replace", "HEAD", git(repo, "rev-parse", "stash").strip())
    git(repo, "checkout", "stash", "--", "A.cs")
    assert differ(repo) == {"A.cs": ((3, 3),)}


def test_a_tag_with_the_name_of_a_branch_hides_nothing(repo: Path) -> None:
    """Tags come with what is fetched, and git prefers them: where a tag and a branch of one name differ, that is told."""
    git(repo, "branch", "base")
    git(repo, "tag", "-a", "-m", "same", "base")
    write(repo, {"A.cs": LOUD.format("A").replace("Work();", "Work(1);")})
    assert differ(repo, "base") == {"A.cs": ((3, 3),)}
    git(repo, "commit", "-qam", "second")
    git(repo, "tag", "-f", "-a", "-m", "other", "base")
    with pytest.raises(ConfigError, match="is refs/heads/base and refs/tags/base, which differ"):
        differ(repo, "base")
    assert differ(repo, "heads/base") == {"A.cs": ((3, 3),)}
    assert differ(repo, "HEAD~1") == {"A.cs": ((3, 3),)}


def test_encodings_and_line_ends_are_no_change(repo: Path) -> None:
    """A file in other line ends or another encoding than git stored has no changed lines, and an edit in it has its own."""
    code = "// größe\n" + LOUD.format("C")
    write(repo, {f"{n}.cs": code for n in range(5)})
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "lf")
    forms = [
        lambda t: t.replace("\n", "\r\n").encode(),
        lambda t: ("\ufeff" + t).encode(),
        lambda t: t.replace("\n", "\r\n").encode("utf-16"),
        lambda t: t.encode("cp1252"),
        lambda t: t.replace("\n", "\r").encode(),
    ]
    for n, form in enumerate(forms):
        write(repo, {f"{n}.cs": form(code)})
    assert differ(repo) == {}
    for n, form in enumerate(forms):
        write(repo, {f"{n}.cs": form(code.replace("Work();", "Work(1);"))})
    assert differ(repo) == {f"{n}.cs": ((4, 4),) for n in range(5)}


def test_renamed_files(repo: Path) -> None:
    """A file that git tracks under another name has the lines that were edited; the copy beside it is new."""
    code = "".join(f"// line {n} of the file\n" for n in range(20)) + LOUD.format("R")
    write(repo, {"Old.cs": code, "Same.cs": code.replace("line", "word")})
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "two")
    git(repo, "mv", "Old.cs", "lib/New name.cs")
    git(repo, "mv", "Same.cs", "lib/Same.cs")
    write(repo, {"lib/New name.cs": code.replace("Work();", "Work(1);"), "Copy.cs": code})
    assert differ(repo) == {"lib/New name.cs": ((23, 23),), "Copy.cs": ALL}
    write(repo, {"lib/New name.cs": LOUD.format("R").replace("M()", "Other()")})
    assert differ(repo)["lib/New name.cs"] == ALL, ALIKE


def test_what_a_partial_clone_has_not(repo: Path, tmp_path: Path) -> None:
    """Where the text of then is not in the clone, all lines count as changed, which is told; nothing is fetched."""
    write(repo, {f"{n}.cs": LOUD.format(f"C{n}") for n in range(5)})
    git(repo, "config", "uploadpack.allowFilter", "true")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "more")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{repo}", str(clone))
    git(clone, "checkout", "-q", "HEAD", "--", "0.cs", "1.cs")
    write(
        clone,
        {f"{n}.cs": LOUD.format(f"C{n}").replace("Work();", "Work(1);") for n in range(3)}
        | {"3.cs": LOUD.format("C3")},
    )
    before = sorted((clone / ".git" / "objects").rglob("*"))
    found = changes("HEAD", clone, [f"{n}.cs" for n in range(4)])
    assert found.lines == {"0.cs": ((3, 3),), "1.cs": ((3, 3),), "2.cs": ALL}
    assert found.notes == (
        "--diff HEAD: the content of 1 file at that revision is not in this clone, and nothing is fetched; all lines count as changed.",
    )
    assert sorted((clone / ".git" / "objects").rglob("*")) == before


def test_links_and_other_kinds_of_repository(repo: Path, tmp_path: Path) -> None:
    """A link counts by what it leads to; a repository with SHA-256 names is compared as well."""
    (repo / "Link.cs").symlink_to("notes.txt")
    write(repo, {"notes.txt": LOUD.format("L")})
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "link")
    assert differ(repo) == {}
    write(repo, {"notes.txt": LOUD.format("L").replace("Work();", "Work(1);")})
    assert differ(repo) == {"Link.cs": ((3, 3),)}
    other = tmp_path / "sha256"
    write(other, {"A.cs": LOUD.format("A"), "B.cs": LOUD.format("B")})
    git(other, "init", "-q", "--object-format=sha256")
    git(other, "add", "-A")
    git(other, "commit", "-qm", "first")
    write(other, {"A.cs": LOUD.format("A").replace("Work();", "Work(1);")})
    assert differ(other) == {"A.cs": ((3, 3),)}


def test_a_folder_that_was_not_there(repo: Path) -> None:
    """All files of a root that the revision does not have are new."""
    write(repo, {"new/C.cs": LOUD.format("C")})
    assert differ(repo / "new") == {"C.cs": ALL}
    assert differ(repo / "lib") == {}


# --- which lines -------------------------------------------------------------------------------------------


def kept(lines: Sequence[bytes], changed: Ranges) -> list[bytes]:
    """The lines that are in none of the ranges."""
    return [line for n, line in enumerate(lines, 1) if not any(first <= n <= last for first, last in changed)]


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ("abc", "abc", ()),
        ("", "ab", ((1, 2),)),
        ("ab", "", ((1, 0),)),
        ("abc", "axc", ((2, 2),)),
        ("abc", "ac", ((2, 1),)),
        ("abc", "bc", ((1, 0),)),
        ("abc", "ab", ((3, 2),)),
        ("abcd", "xabyd", ((1, 1), (4, 4))),
        ("{a}{b}", "{a}{c}{b}", ((5, 7),)),
        ("aaaa", "aaa", ((4, 3),)),
        ("abcdef", "defabc", ((1, 0), (4, 6))),
    ],
)
def test_changed_lines(before: str, after: str, changed: Ranges) -> None:
    """Each letter is a line; lines that are only gone are the two between which they stood, reversed."""
    found = changed_lines([c.encode() for c in before], [c.encode() for c in after])
    assert found == changed


LINES = st.lists(st.sampled_from([b"a", b"b", b"c", b"{", b"}", b"", b"d", b"e"]), max_size=40)


@settings(max_examples=300)
@given(before=LINES, after=LINES)
def test_what_is_not_changed_was_there(before: list[bytes], after: list[bytes]) -> None:
    """The lines that do not count as changed are in the text before, in the same order; ranges are in order and apart."""
    changed = changed_lines(before, after)
    rest = iter(before)
    assert all(line in rest for line in kept(after, changed))
    assert all(last < first for (_, last), (first, _) in pairwise(changed))
    if before != after:
        assert changed


def test_large_texts_take_no_time() -> None:
    """Texts of a hundred thousand lines, alike, unlike or all of a few lines, are compared in seconds."""
    many = [b"line %d" % n for n in range(100_000)]
    few = [b"{", b"}", b""] * 30_000
    began = time.monotonic()
    assert changed_lines(many, [*many[:50_000], b"new", *many[50_000:]]) == ((50_001, 50_001),)
    assert changed_lines(many, [line + b"!" for line in many]) == ((1, 100_000),)
    assert changed_lines(many, many[::-1])
    assert changed_lines(few, [b"}", b"", b"", b"{"] * 25_000)
    assert changed_lines([b"x"] * 90_000, [*[b"x"] * 40_000, *[b"y", b"x"] * 20_000])
    assert time.monotonic() - began < 60
