"""The repository around a file: which files are its own, and in which of them a name stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxreview.workspace import files as module
from ctxreview.workspace import git as git_module
from ctxreview.workspace import readable
from ctxreview.workspace.files import Workspace, list_workspace, read_file
from ctxreview.workspace.search import search_words
from tests import ROOT

CODE = "class A { void Ship() { } }\n"


def git(folder: Path, *command: str) -> str:
    """What a git command prints; it has to succeed."""
    done = subprocess.run(("git", *command), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    """Files with their text or bytes; a folder is made where it is missing."""
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)


def tree(root: Path, *names: str) -> None:
    """Files of one class each."""
    write(root, dict.fromkeys(names, CODE))


def listed(root: Path) -> list[str]:
    """The paths of the C# files there; nothing was left out for a limit."""
    place = list_workspace(root, (".cs", ".csx"))
    assert place.left_out == ()
    return list(place.paths)


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git without the settings of whoever runs the tests."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """An empty git repository."""
    home = tmp_path / "repo"
    home.mkdir()
    git(home, "init", "-q")
    return home


@pytest.fixture
def no_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without git."""
    monkeypatch.setenv("PATH", "")


# --- which files -------------------------------------------------------------------------------------------


def test_files_that_git_tracks_or_would_track(repo: Path) -> None:
    """Tracked and new files are listed once, sorted; ignored ones are not, unless they are tracked."""
    write(repo, {".gitignore": "*.tmp.cs\nlocal/\n"})
    tree(repo, "B.cs", "a/New.cs", "Kept.tmp.cs", "Lost.tmp.cs", "local/L.cs", "Script.CSX", "Notes.md", "x.css")
    git(repo, "add", "-f", "B.cs", "Kept.tmp.cs")
    assert listed(repo) == ["B.cs", "Kept.tmp.cs", "Script.CSX", "a/New.cs"]


def test_deleted_files_drop_out(repo: Path) -> None:
    """A file that is tracked and no longer on disk is not listed."""
    tree(repo, "A.cs", "B.cs")
    git(repo, "add", ".")
    (repo / "A.cs").unlink()
    assert listed(repo) == ["B.cs"]


def test_a_file_in_conflict_is_listed_once(repo: Path) -> None:
    """Git lists a file once for each side of a merge conflict."""
    tree(repo, "A.cs")
    blob = git(repo, "hash-object", "-w", "A.cs").strip()
    sides = "".join(f"100644 {blob} {stage}\tA.cs\n" for stage in (1, 2, 3))
    subprocess.run(("git", "update-index", "--index-info"), cwd=repo, input=sides, text=True, check=True)
    assert git(repo, "ls-files", "--cached").count("A.cs") == 3
    assert listed(repo) == ["A.cs"]


def test_a_folder_of_a_repository_is_a_root(repo: Path) -> None:
    """With a folder of the repository as root, its files are listed, from there, with the repository's patterns."""
    write(repo, {".gitignore": "/sub/skip/\n"})
    tree(repo, "A.cs", "sub/B.cs", "sub/skip/C.cs", "sub/deep/D.cs")
    assert listed(repo / "sub") == ["B.cs", "deep/D.cs"]


def test_an_ignored_folder_that_is_named_is_listed(repo: Path) -> None:
    """Who names a folder that the repository around it ignores means that folder."""
    write(repo, {".gitignore": "/scratch/\n"})
    tree(repo, "A.cs", "scratch/B.cs")
    assert listed(repo) == ["A.cs"]
    assert listed(repo / "scratch") == ["B.cs"]


def test_submodules_are_no_files(repo: Path) -> None:
    """A folder that is a repository of its own is neither a file nor entered, even where its name looks like one."""
    tree(repo, "A.cs")
    for name in ("inner.cs", "new"):
        tree(repo, f"{name}/B.cs")
        git(repo / name, "init", "-q")
    head = "1" * 40
    git(repo, "update-index", "--add", "--cacheinfo", f"160000,{head},inner.cs")
    assert "inner.cs" in git(repo, "ls-files").split()
    assert listed(repo) == ["A.cs"]


@pytest.mark.parametrize(
    "name",
    [
        "with space/My File.cs",
        "Größe/名前.cs",
        "tab\there.cs",
        "line\nbreak.cs",
        'quote".cs',
        "-x.cs",
        "back\\slash.cs",
    ],
)
@pytest.mark.parametrize("way", ["git", "walk"])
def test_any_name(repo: Path, request: pytest.FixtureRequest, name: str, way: str) -> None:
    """Names are taken as they are, and what they name is found and read."""
    tree(repo, name)
    if way == "walk":
        request.getfixturevalue("no_git")
    place = list_workspace(repo, (".cs",))
    assert place.paths == (name,)
    assert search_words(place, ["Ship"]) == {"Ship": (name,)}
    source = read_file(place, name)
    assert source is not None
    assert (source.path, source.data) == (name, CODE.encode())


@pytest.mark.skipif(sys.platform != "linux", reason="names are UTF-8 on other systems")
@pytest.mark.parametrize("way", ["git", "walk"])
def test_a_name_that_is_no_text(repo: Path, request: pytest.FixtureRequest, way: str) -> None:
    """A name with bytes that are not UTF-8 is listed, searched and read all the same."""
    name = os.fsdecode(b"gr\xf6\xdfe.cs")
    tree(repo, name)
    if way == "walk":
        request.getfixturevalue("no_git")
    place = list_workspace(repo, (".cs",))
    assert place.paths == (name,)
    assert search_words(place, ["Ship"]) == {"Ship": (name,)}
    assert read_file(place, name) is not None


def test_the_settings_of_a_running_git_command_do_not_count(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started by a hook of another repository, the files are those of the root."""
    tree(repo, "A.cs")
    other = repo.parent / "other"
    other.mkdir()
    git(other, "init", "-q")
    tree(other, "Other.cs")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert listed(repo) == ["A.cs"]


def test_nothing_of_the_repository_is_executed(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a file system monitor in its configuration nor a program of its own named git is started."""
    tree(repo, "A.cs")
    trap = repo / "tools" / "git"
    write(repo, {"tools/git": f"#!/bin/sh\ntouch '{repo.parent}/sprung'\n"})
    trap.chmod(0o755)
    git(repo, "config", "core.fsmonitor", str(trap))
    git(repo, "status")
    assert (repo.parent / "sprung").exists()  # a plain git command does
    (repo.parent / "sprung").unlink()
    assert listed(repo) == ["A.cs"]
    monkeypatch.setenv("PATH", str(trap.parent), prepend=os.pathsep)
    assert listed(repo) == ["A.cs"]
    assert not (repo.parent / "sprung").exists()


@pytest.mark.parametrize(
    "script",
    ["exit 128", "echo 'fatal: detected dubious ownership in repository' >&2; exit 128", "exec sleep 60"],
    ids=["fails", "refuses", "hangs"],
)
def test_a_git_that_does_not_answer(repo: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Where git fails, refuses or hangs, the files are found without it."""
    write(repo, {".gitignore": "B.cs\n"})
    tree(repo, "A.cs", "B.cs")
    fake = repo.parent / "bin" / "git"
    write(repo.parent, {"bin/git": f"#!/bin/sh\n{script}\n"})
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent), prepend=os.pathsep)
    monkeypatch.setattr(git_module, "SECONDS", 0.5)
    assert listed(repo) == ["A.cs"]


def test_without_a_repository(tmp_path: Path) -> None:
    """Outside a repository the files of the folder are listed, by its own patterns and no other folder's."""
    write(tmp_path, {".gitignore": "*\n", "src/.gitignore": "B.cs\n"})
    tree(tmp_path, "src/A.cs", "src/B.cs")
    assert listed(tmp_path / "src") == ["A.cs"]


def test_no_folder(tmp_path: Path) -> None:
    """A root that is not there has no files."""
    assert listed(tmp_path / "missing") == []


@pytest.mark.parametrize("way", ["git", "walk"])
def test_what_is_not_the_projects_own_code(repo: Path, request: pytest.FixtureRequest, way: str) -> None:
    """Build output, vendored and generated files are left out, tracked or not; what only resembles them stays."""
    own = [
        "Binder/A.cs", "objects/A.cs", "src/Vendor/A.cs", "src/External/A.cs", "Packages/A.cs", "vendored/A.cs",
        "bin.cs", "g.cs", "Designer.cs", "Generated.cs", "Config.cs", "MyDesigner.cs", "A.generated.B.cs",
    ]  # fmt: skip
    others = [
        "bin/A.cs", "src/Obj/Debug/A.cs", "OBJ/A.cs", "a/node_modules/A.cs", "packages/X.1.0/A.cs", "vendor/A.cs",
        "src/third_party/a/A.cs", "external/A.cs", ".vs/A.cs", "Form1.Designer.cs", "View.g.cs", "View.g.i.cs",
        "Client.generated.cs", "Client.GENERATED.CS", "Form1.designer.cs",
    ]  # fmt: skip
    tree(repo, *own, *others)
    git(repo, "add", "-f", "bin", "vendor")
    if way == "walk":
        request.getfixturevalue("no_git")
    assert listed(repo) == sorted(own)


# --- the walk agrees with git ------------------------------------------------------------------------------

TREES: list[dict[str, str]] = [
    {},
    {".gitignore": "# note\n\n*.cs\n!Keep.cs\n"},
    {".gitignore": "*\n!*/\n!*.cs\n", "a/.gitignore": "Keep.cs\n"},
    {".gitignore": "*\n!*/\n!Keep.cs\n"},
    {".gitignore": "a/\n!a/Keep.cs\n"},
    {".gitignore": "a/*\n!a/Keep.cs\n"},
    {".gitignore": "a/**\n!a/Keep.cs\n"},
    {".gitignore": "a/**\n!a/**/\n!a/**/Keep.cs\n"},
    {".gitignore": "**/b/Keep.cs\n/Keep.cs\n"},
    {".gitignore": "b\n", "a/.gitignore": "!b\n", "a/b/.gitignore": "Drop.cs\n"},
    {".gitignore": "/b\n", "a/.gitignore": "/b/c/\n"},
    {".gitignore": "a/b/c\nc/*/b\n"},
    {".gitignore": "*.cs\n", "a/.gitignore": "!*.cs\n", "a/b/.gitignore": "*.cs\n", "a/b/c/.gitignore": "!Keep.cs\n"},
    {".gitignore": "[Kk]eep.cs\n?rop.cs\n!a/[!c]/Drop.cs\n"},
    {".gitignore": "\\#x.cs\n\\!y.cs\nz\\ .cs  \n"},
    {".gitignore": "\ufeffKeep.cs\r\na/b/\r\n"},
    {".gitignore": "*/\n!a/\n"},
    {".gitignore": "**/\n"},
    {".gitignore": "**/c/**\n"},
    {".gitignore": "/*\n!/a\n/a/*\n!/a/b\n"},
    {".gitignore": "a/**/Keep.cs\n"},
    {".gitignore": "Keep.cs/\nb/Drop.cs/\n"},
    {".gitignore": "/\n//\n!\n[\n[z-a].cs\n"},
    {".gitignore": "a", "c/.gitignore": "**"},
    {".gitignore": "K***p.cs\n***/c/Drop.cs\n"},
    {".gitignore": "a*" * 400 + "\nDrop.cs\n"},
    {".gitignore": "a/****/Keep.cs\n!**b/\n\\**x\n"},
    {".gitignore": "****\n!*/\n!**e**p**\n"},
    {"a/.gitignore": "*.cs\n!/Keep.cs\n", "c/.gitignore": "*\n!.gitignore\n"},
]
PLACES = ("", "a/", "a/b/", "a/b/c/", "b/", "c/", "c/a/", "c/a/b/")
FILES = [f"{place}{name}" for place in PLACES for name in ("Keep.cs", "Drop.cs")] + [
    "#x.cs",
    "!y.cs",
    "z .cs",
    "a/a.cs",
]


def both(root: Path) -> tuple[list[str], list[str]]:
    """What git lists, and what is listed, which is the same without git."""
    by_git = git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.cs").split("\0")
    found = listed(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "")
        assert listed(root) == found
    return sorted(filter(None, by_git)), found


@pytest.mark.parametrize("ignored", TREES, ids=range(len(TREES)))
@pytest.mark.parametrize("inside", ["", "a", "a/b"])
def test_the_walk_lists_what_git_lists(repo: Path, ignored: dict[str, str], inside: str) -> None:
    """Nested patterns, negations, anchors and wildcards mean without git what they mean to it."""
    tree(repo, *FILES)
    write(repo, ignored)
    expected, found = both(repo / inside)
    if expected:  # an ignored folder that is named is listed all the same
        assert found == expected


SEGMENT = st.sampled_from(
    ["a", "b", "c", "*", "**", "?", "[ab]", "Keep.cs", "Drop.cs", "*.cs", "K*", "a*", "!a", "\\a"]
)
PATTERN = st.builds(
    lambda no, start, parts, end: no + start + "/".join(parts) + end,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "/"]),
    st.lists(SEGMENT, min_size=1, max_size=3),
    st.sampled_from(["", "/"]),
)
IGNORED = st.dictionaries(st.sampled_from(PLACES), st.lists(PATTERN, max_size=4), max_size=3)


@given(ignored=IGNORED)
def test_the_walk_lists_what_git_lists_whatever_the_patterns(
    tmp_path_factory: pytest.TempPathFactory, ignored: dict[str, list[str]]
) -> None:
    """Any few patterns in any few folders mean without git what they mean to it."""
    home = tmp_path_factory.mktemp("tree")
    git(home, "init", "-q")
    tree(home, *FILES)
    write(home, {f"{place}.gitignore": "\n".join(lines) for place, lines in ignored.items()})
    expected, found = both(home)
    assert found == expected


# --- links -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["git", "walk"])
def test_links_do_not_lead_out(repo: Path, request: pytest.FixtureRequest, way: str) -> None:
    """A link to a file or folder outside is neither listed nor searched nor read; nor is one that leads nowhere."""
    outside = repo.parent / "outside"
    tree(repo, "A.cs")
    write(outside, {"Secret.cs": "class Secret { }"})
    (repo / "File.cs").symlink_to(outside / "Secret.cs")
    (repo / "folder").symlink_to(outside)
    (repo / "Folder.cs").symlink_to(outside)
    (repo / "Nowhere.cs").symlink_to("missing.cs")
    (repo / "Loop.cs").symlink_to("Loop.cs")
    (repo / "up").symlink_to("..")
    if way == "walk":
        request.getfixturevalue("no_git")
    assert listed(repo) == ["A.cs"]
    stale = Workspace(repo, ("A.cs", "File.cs", "Folder.cs", "Nowhere.cs", "Loop.cs"), ())
    assert search_words(stale, ["Secret", "A"]) == {"Secret": (), "A": ("A.cs",)}
    for path in ("File.cs", "folder/Secret.cs", "../outside/Secret.cs", "Folder.cs", "Nowhere.cs", "Loop.cs"):
        assert read_file(stale, path) is None


def test_a_tracked_folder_that_became_a_link(repo: Path) -> None:
    """Git still lists the files of a folder whose place a link has taken; they are not read through it."""
    tree(repo, "src/deep/A.cs", "B.cs")
    git(repo, "add", ".")
    (repo / "src").rename(repo.parent / "elsewhere")
    (repo / "src").symlink_to(repo.parent / "elsewhere")
    assert "src/deep/A.cs" in git(repo, "ls-files").split()
    assert listed(repo) == ["B.cs"]


@pytest.mark.parametrize("way", ["git", "walk"])
def test_links_within_are_read_once(repo: Path, request: pytest.FixtureRequest, way: str) -> None:
    """A link to a file that is listed adds nothing; one to a file that is not stands for it, once."""
    tree(repo, "Z.cs", "shared/Template.txt")
    (repo / "A.cs").symlink_to("Z.cs")
    (repo / "B.cs").symlink_to("shared/Template.txt")
    (repo / "C.cs").symlink_to("B.cs")
    if way == "walk":
        request.getfixturevalue("no_git")
    place = list_workspace(repo, (".cs",))
    assert place.paths == ("B.cs", "Z.cs")
    assert search_words(place, ["Ship"]) == {"Ship": ("B.cs", "Z.cs")}
    assert read_file(place, "B.cs") is not None


def test_a_root_that_is_a_link(repo: Path) -> None:
    """The root itself may be reached through a link."""
    tree(repo, "src/A.cs")
    link = repo.parent / "link"
    link.symlink_to(repo)
    place = list_workspace(link, (".cs",))
    assert place.paths == ("src/A.cs",)
    assert read_file(place, "src/A.cs") is not None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_pipes_are_not_read(repo: Path, no_git: None) -> None:
    """A named pipe is not a file, and nobody waits for it."""
    tree(repo, "A.cs")
    os.mkfifo(repo / "Pipe.cs")
    assert listed(repo) == ["A.cs"]
    assert search_words(Workspace(repo, ("A.cs", "Pipe.cs"), ()), ["Ship"]) == {"Ship": ("A.cs",)}


# --- limits ------------------------------------------------------------------------------------------------


def test_too_many_files(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first files by name are kept, and how many are not is said."""
    monkeypatch.setattr(module, "MAX_FILES", 3)
    tree(repo, "A.cs", "B.cs", "C.cs")
    assert list_workspace(repo, (".cs",)).left_out == ()
    tree(repo, "D.cs", "E.cs")
    place = list_workspace(repo, (".cs",))
    assert place.paths == ("A.cs", "B.cs", "C.cs")
    assert place.left_out == (
        "2 files beyond the first 3 by name were not searched, from D.cs on; name a smaller folder with --root.",
    )


def test_files_too_large(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file over the limit is left out and named; one of exactly that size is not."""
    for reading in (readable, module):
        monkeypatch.setattr(reading, "MAX_BYTES", 1_000)
    write(repo, {"Fits.cs": "x" * 1_000, "Large.cs": "x" * 1_001})
    place = list_workspace(repo, (".cs",))
    assert place.paths == ("Fits.cs",)
    assert place.left_out == ("1 file over 1,000 bytes was not searched: Large.cs.",)
    write(repo, {f"Large{n}.cs": "x" * 1_001 for n in range(4)})
    (said,) = list_workspace(repo, (".cs",)).left_out
    assert said == "5 files over 1,000 bytes were not searched: Large.cs, Large0.cs, Large1.cs, …."


def test_too_much_to_walk(repo: Path, monkeypatch: pytest.MonkeyPatch, no_git: None) -> None:
    """Without git a huge tree is not walked to its end, and it is said where the walk ended."""
    tree(repo, "A.cs", "a/B.cs", "b/C.cs", "c/D.cs")
    assert list_workspace(repo, (".cs",)).left_out == ()
    monkeypatch.setattr(module, "MAX_ENTRIES", 6)  # .git, A.cs, a, b, c; then one file in each
    place = list_workspace(repo, (".cs",))
    assert place.paths == ("A.cs", "a/B.cs")
    assert place.left_out == (
        "Only 6 files and folders are searched; those in b/ and after it were not: name a smaller folder with --root.",
    )


# --- the search --------------------------------------------------------------------------------------------


def hits(root: Path, files: Mapping[str, str | bytes], words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """In which of some files the words stand."""
    write(root, files)
    return dict(search_words(Workspace(root, tuple(sorted(files)), ()), words))


@pytest.mark.parametrize("filler", [0, 20], ids=["few words", "many words"])
@pytest.mark.parametrize(
    ("text", "stands"),
    [
        ("Ship", True),
        ("x.Ship(", True),
        ("this.@Ship()", True),
        ("nameof(Ship)", True),
        ("\nShip\n", True),
        ("// Ship", True),
        ('"Ship"', True),
        ("await ShipAsync(); Ship();", True),
        ("ShipShip; Ship", True),
        ("Ship<T>", True),
        ("ShipAsync", False),
        ("_Ship", False),
        ("Ship_", False),
        ("Ship2 2Ship", False),
        ("ReShip", False),
        ("ShipShip", False),
        ("Shipé éShip", False),
        ("ship SHIP", False),
        ("", False),
    ],
)
def test_whole_identifiers(tmp_path: Path, text: str, stands: bool, filler: int) -> None:
    """A word stands where neither a letter, a digit, an underscore nor anything beyond ASCII touches it."""
    words = ["Ship", *(f"Filler{n}" for n in range(filler))]
    assert hits(tmp_path, {"A.cs": text}, words)["Ship"] == (("A.cs",) if stands else ())


@pytest.mark.parametrize("filler", [0, 20], ids=["few words", "many words"])
@pytest.mark.parametrize("text", ["Ship();\n", "var größe = Ship(Größe);\n", "Ship"])
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("cp1252", b""),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("utf-16-le", b""),
        ("utf-32-le", b"\xff\xfe\0\0"),
    ],
)
def test_encodings(tmp_path: Path, encoding: str, mark: bytes, text: str, filler: int) -> None:
    """A word is found in every encoding that files are read in, right after a byte order mark, too."""
    words = ["Ship", "Größe", *(f"Filler{n}" for n in range(filler))]
    found = hits(tmp_path, {"A.cs": mark + text.encode(encoding)}, words)
    assert found["Ship"] == ("A.cs",)
    assert found["Größe"] == (("A.cs",) if "Größe" in text else ())
    assert hits(tmp_path, {"A.cs": mark + text.encode(encoding)}, ["Ship"]) == {"Ship": ("A.cs",)}


def test_what_is_no_identifier_is_nowhere(tmp_path: Path) -> None:
    """Every word that is asked for has an answer; with a verbatim identifier's ``@`` it is the same name."""
    words = ["@Ship", "", "@", "a.b", "x y", "\udc80"]
    found = hits(tmp_path, {"A.cs": "a.b; x y; Ship"}, words)
    assert found == {"@Ship": ("A.cs",), "": (), "@": (), "a.b": (), "x y": (), "\udc80": ()}
    assert search_words(Workspace(tmp_path, ("A.cs",), ()), []) == {}


@pytest.mark.parametrize(
    ("head", "generated"),
    [
        ("// <auto-generated/>\n", True),
        ("\n//----\n// <auto-generated>\n//  by a tool\n", True),
        ("/* <autogenerated> */\n", True),
        ("#pragma warning disable\n// <auto-generated />\n", True),
        ('class G { const string Head = "// <auto-generated/>"; }\n', False),
        ("using System;\n// <auto-generated/> is what the generator writes first\n", False),
        ("// generated by hand\n", False),
        ("// writes the auto-generated header\n", False),
        ("// " + "x" * 3_000 + "\n// <auto-generated/>\n", False),
    ],
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_generated_files_do_not_count(tmp_path: Path, head: str, generated: bool, mark: str) -> None:
    """A file whose first comment calls it generated has no hit; a generator's own source has."""
    found = hits(tmp_path, {"A.cs": mark + head + CODE}, ["Ship"])
    assert found == {"Ship": () if generated else ("A.cs",)}


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """Binary, empty and missing files have no hits and are not read; the others are searched all the same."""
    write(tmp_path, {"A.cs": CODE, "B.cs": b"\0\1\2Ship\0\0\0", "C.cs": "", "D.cs": b"\xff\xfeShip "})
    place = Workspace(tmp_path, ("A.cs", "B.cs", "C.cs", "D.cs", "Gone.cs"), ())
    assert search_words(place, ["Ship"]) == {"Ship": ("A.cs",)}
    assert [path for path in place.paths if read_file(place, path)] == ["A.cs"]


def test_few_files_may_be_open_at_once(tmp_path: Path) -> None:
    """Where a process may open hardly any files, all are searched all the same."""
    resource = pytest.importorskip("resource")
    names = tuple(f"F{n:03}.cs" for n in range(200))
    for name in names:
        (tmp_path / name).write_text("class Ship { }\n")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(path.name) for path in Path("/dev/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 9, hard))
    try:
        found = search_words(Workspace(tmp_path, names, ()), ["Ship"])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert found == {"Ship": names}


def test_long_files_are_read_to_their_end(tmp_path: Path) -> None:
    """A name at the very end of a file is found, wherever the reads before it ended."""
    for size in (2**18 - 5, 2**18 - 4, 2**18, 3 * 2**18 - 2):
        assert hits(tmp_path, {"A.cs": b" " * size + b"Ship"}, ["Ship"]) == {"Ship": ("A.cs",)}, size


def test_many_files(tmp_path: Path) -> None:
    """What several threads find comes in the order of the paths."""
    files = {f"{n:04}.cs": f"class C{n % 7} {{ }} // Ship" for n in range(1_500)}
    found = hits(tmp_path, files, ["Ship", "C3"])
    assert found["Ship"] == tuple(files)
    assert found["C3"] == tuple(name for n, name in enumerate(files) if n % 7 == 3)


NAMES = ["a", "b", "ab", "aa", "_a", "a1", "é", "aé", "@a", "名", "1a", "a_b", "ba", "A", "AB", "bb"]
TEXT = st.lists(st.sampled_from([*NAMES, " ", ".", "@", "\n", "(", "”"]), max_size=30).map("".join)


@given(
    texts=st.lists(TEXT, min_size=1, max_size=4), encodings=st.lists(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
)
def test_many_words_find_what_single_words_find(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], encodings: list[str]
) -> None:
    """One search for many words, one for each, and a plain definition by characters agree."""
    root = tmp_path_factory.mktemp("words")
    files: dict[str, str | bytes] = {
        f"{n}.cs": text.encode(encodings[n] if n < len(encodings) else "utf-8") for n, text in enumerate(texts)
    }
    together = hits(root, files, [*NAMES, *(f"Filler{n}" for n in range(20))])
    place = Workspace(root, tuple(files), ())
    for word in NAMES:
        alone = search_words(place, [word])[word]
        name = word.removeprefix("@")
        plain = (n for n, text in enumerate(texts) if name in re.split(r"[^A-Za-z0-9_\x80-\U0010ffff]+", text))
        assert together[word] == alone == tuple(f"{n}.cs" for n in plain)


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    """A context of one file pays for neither pathspec nor threads."""
    script = (
        "import sys, ctxreview.workspace.search\n"
        "print([m for m in ('pathspec', 'subprocess', 'concurrent.futures', 'shutil') if m in sys.modules])"
    )
    done = subprocess.run((sys.executable, "-c", script), cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
