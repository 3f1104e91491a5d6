"""Settings files that a stranger put there, and texts of environment and options that act on a terminal."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.llm.test_store import run
from tests.project.test_hostile import ACTIVE

NAMES = [".ctxreview.toml", "pyproject.toml"]
CODE = "class A { void M() { lock (_g) { _n++; } } }\n"
SECRET = "hunter2-of-somebody-else"


def repository(folder: Path) -> Path:
    """A repository of one file, beside a file that is not its own."""
    root = folder / "repository"
    (root / ".git").mkdir(parents=True)
    (root / "A.cs").write_text(CODE)
    (folder / "other.toml").write_text(f'[tool.ctxreview]\n{SECRET} = "{SECRET}\n')
    return root


def link(to: str) -> object:
    """Puts a link to somewhere."""
    return lambda path: path.symlink_to(to)


PLACED = {
    "a link to a device": (link("/dev/zero"), "it points outside"),
    "a link to a file outside": (link("../other.toml"), "it points outside"),
    "a pipe": (os.mkfifo, "it is a pipe or a device"),
    "a folder": (os.mkdir, "it is a folder"),
    "nesting": (lambda p: p.write_text("# ctxreview\na = " + "[" * 20_000), "values nested too deeply"),
    "a key of parts": (lambda p: p.write_text("# ctxreview\n" + ".".join("a" * 50_000) + " = 1\n"), "more than 64 parts"),
    "a number of digits": (lambda p: p.write_text("# ctxreview\nbudget = " + "9" * 900_000), "an error in it"),
    "a long name": (lambda p: p.write_text("# ctxreview\n" + "a" * 900_000), "an error at end of document"),
    "gigabytes": (lambda p: os.truncate(os.open(p, os.O_CREAT | os.O_WRONLY), 4 << 30), "more than 1,000,000 bytes"),
    "a fault": (lambda p: p.write_text(f"# ctxreview\n{SECRET}"), "an error at end of document"),
    "no UTF-8": (lambda p: p.write_bytes(b"# ctxreview\n\xff\xfe" + SECRET.encode()), "it is not UTF-8"),
    "a name that is none": (lambda p: p.write_text(f'tool.ctxreview."{SECRET} x" = 1\n"{SECRET} x" = 1\n'), "there is no setting"),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("place", "says"), PLACED.values(), ids=PLACED)
def test_a_settings_file_made_to_harm(name: str, place: object, says: str, tmp_path: Path) -> None:
    """One sentence with the file's name, status 2, at once, and nothing of what is there unless it is a setting."""
    root = repository(tmp_path)
    place(root / name)  # type: ignore[operator]
    began = time.monotonic()
    done = run("context", "A.cs:1", folder=root)
    assert (done.returncode, done.stdout) == (2, "")
    assert name in done.stderr
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert SECRET not in done.stderr
    assert time.monotonic() - began < 20


def test_a_link_within_the_repository_is_followed(tmp_path: Path) -> None:
    """Settings that are kept elsewhere in the same repository hold."""
    root = repository(tmp_path)
    (root / "settings.toml").write_text("budget = 9000\n")
    (root / ".ctxreview.toml").symlink_to("settings.toml")
    assert run("config", folder=root).stdout.count("budget = 9000") == 1


def test_the_users_file_is_bounded_as_well(tmp_path: Path) -> None:
    """The user's own file is a regular one of up to a million bytes."""
    mine = tmp_path / "config" / "ctxreview"
    mine.mkdir(parents=True)
    os.mkfifo(mine / "config.toml")
    done = run("context", "A.cs:1", folder=repository(tmp_path), XDG_CONFIG_HOME=str(tmp_path / "config"))
    assert done.returncode == 2
    assert "config.toml: cannot be read (it is a pipe or a device)" in done.stderr


ACTS = "x\x1b[2J\u202e\u034fy\nok       key"


@pytest.mark.parametrize(
    "command",
    [["config"], ["doctor", "--provider", "none"], ["config", "--format", "json"], ["doctor", "--format", "json"]],
)
def test_values_of_the_environment_act_on_nothing(command: list[str], tmp_path: Path) -> None:
    """Control and direction characters of variables and of the folder's name are written out, each on its line."""
    home = tmp_path / ACTS
    home.mkdir()
    (home / ".git").mkdir()
    done = run(*command, folder=home, CTXREVIEW_MODEL=ACTS, CTXREVIEW_BASE_URL=f"http://127.0.0.1:1/{ACTS}")
    assert not ACTIVE.search(done.stdout + done.stderr)
    assert not any(line.startswith("ok       key") and line.endswith("key") for line in done.stdout.splitlines())


WRONG = [
    ["context", f"--no{ACTS}"],
    [f"con{ACTS}"],
    ["context", "--hops", ACTS, "A.cs:1"],
    ["context", "--format", ACTS, "A.cs:1"],
    ["context", "--budget", ACTS, "A.cs:1"],
    ["context", "--root", ACTS, "A.cs:1"],
    ["review", "--fail-on", ACTS, "A.cs:1"],
    ["context", f"{ACTS}.cs:1"],
    ["context", "A.cs:1", "-o", f"/{ACTS}/{ACTS}"],
    ["review", "A.cs:1", "--provider", ACTS],
    ["review", "A.cs:1", "--models", f"{ACTS},{ACTS}"],
    ["guard", "A.cs:1", "--suggestion", ACTS],
    ["lint", ACTS],
    ["explain", ACTS],
    ["show", ACTS],
    ["context", "--selections", ACTS],
    [f"--{ACTS}"],
]


@pytest.mark.parametrize("arguments", WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_quoted_and_not_obeyed(arguments: list[str], tmp_path: Path) -> None:
    """An unknown option or command, a wrong value, a path that is not there: shown as what it is."""
    done = run(*arguments, folder=repository(tmp_path))
    assert done.returncode == 2
    assert not ACTIVE.search(done.stdout + done.stderr)
    assert "\\u202e" in done.stderr
