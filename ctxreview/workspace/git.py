"""Git, asked for names and objects only: nothing that it is asked here runs a command of the repository's.

A repository's configuration names commands for filters, monitors, hooks, text conversion, transports and more, and git runs them
when it compares files, writes, or fetches what is missing. So it is asked for its index, for revisions, trees and blobs, each as
it is stored, and never to look at files; :mod:`ctxreview.workspace.changed_lines` compares these itself. What such a question could still start
is turned off, and the repository is the one that holds ``.git``: a folder that only looks like a repository is none.
"""

from __future__ import annotations

import contextlib
import os
import signal
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from ctxreview import file_access as files

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from typing import IO

SECONDS = 10
"""Git is not waited for any longer."""
MOST = 64 * 1024 * 1024
"""Bytes that are taken from git: names of a million files."""

_CHUNK = 4096
_SLOW: set[Path] = set()
"""Work trees in which git was not done in time, and is not asked again."""

_SETTINGS = (
    "core.fsmonitor=",  # empty: since 2.36 a no, and a command that there is not before
    f"core.hooksPath={os.devnull}",
    "core.pager=cat",
    "safe.bareRepository=explicit",
    "protocol.allow=never",
    "maintenance.auto=false",
    "gc.auto=0",
)
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",  # another object under a revision's name would hide what has changed
    # A partial clone fetches what is missing, through a command that its configuration names. The first is for git from 2.45 on.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
}
_PASSED = ("GIT_EXEC_PATH", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")
"""Of git's variables only these are passed on, which are the user's; a hook that starts ctxreview has set others, for another
repository. What is set here wins over them."""


def git_root(home: Path) -> Path | None:
    """The work tree that holds the folder ``home``, which is resolved: the nearest with ``.git``; ``None`` without one."""
    return next((folder for folder in (home, *home.parents) if os.path.lexists(folder / ".git")), None)


def git_program(home: Path) -> str | None:
    """The path of git; neither a program of the repository's around ``home`` nor one of the current folder is taken."""
    import shutil

    own = git_root(home) or home
    given = os.environ.get("PATH", os.defpath).split(os.pathsep)
    trusted = [f for f in given if Path(f).is_absolute() and not Path(f).resolve().is_relative_to(own)]
    found = shutil.which("git", path=os.pathsep.join(trusted))
    # Windows looks in the current folder first, whatever it is told.
    if found is None or not Path(found).is_absolute() or Path(found).resolve().is_relative_to(own):
        return None
    return found


def run_git(
    home: Path, *command: str, given: bytes = b"", seconds: float | None = None, most: int = MOST, index: str = ""
) -> bytes | None:
    """What a git command prints in the work tree around ``home``, with ``given`` as its input; ``index`` is another index than its own.

    ``None`` without git or a work tree, and where it fails, takes longer than ``seconds`` (:data:`SECONDS`) or prints more
    than ``most`` bytes.
    """
    around, found = git_root(home), git_program(home)
    if around is None or found is None or around in _SLOW or _is_bare(around) or _waits(around):
        return None
    return _run(found, around, command, given, SECONDS if seconds is None else seconds, most, index)


def index_given(home: Path) -> str:
    """The index that ``git commit`` made for the commit in the making, by the variable that it sets for a hook; ``""`` for the repository's own.

    Only a file beside that one is taken: the hook of another repository has set its own.
    """
    named, around = os.environ.get("GIT_INDEX_FILE", ""), git_root(home)
    inside = run_git(home, "rev-parse", "--absolute-git-dir") if named and around is not None else None
    if around is None or inside is None:
        return ""
    file = Path(os.path.realpath(around / named))
    own = Path(os.path.realpath(os.fsdecode(inside).rstrip("\n")))
    return str(file) if file.parent == own and file.is_file() else ""


def git_version(found: str) -> str | None:
    """What the git program ``found`` says of itself; ``None`` where it does not run."""
    said = _run(found, Path(found).parent, ("version",), b"", SECONDS, _CHUNK, "")
    return None if said is None else said.decode("utf-8", "replace").strip()


def _run(
    found: str, folder: Path, command: tuple[str, ...], given: bytes, seconds: float, most: int, index: str
) -> bytes | None:
    import subprocess

    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k.startswith(_PASSED)}
    # The working folder is the work tree's own, and no folder above it is examined.
    place = {"GIT_WORK_TREE": str(folder), "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    place |= {"GIT_INDEX_FILE": index} if index else {}
    try:
        with _input(given) as source:
            running = subprocess.Popen(
                (found, "--no-pager", *settings, *command),
                cwd=folder,
                env=inherited | _ENVIRONMENT | place,
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # so that all that it may have started can be ended with it
            )
        printed, late = _printed(running, seconds, most)
        if late:
            _SLOW.add(folder)
        return printed
    except (OSError, ValueError):  # ValueError: a zero byte in an argument
        return None


def tracked_files(home: Path) -> frozenset[str] | None:
    """The paths under ``home``, from there, of what is in the index; ``None`` without git or a repository."""
    around = git_root(home)
    if around is None:
        return None
    inside = path_in_checkout(home, around)
    listed = run_git(home, "ls-files", "-z", "--cached", *(["--", inside] if inside else []))
    return None if listed is None else frozenset(n.removeprefix(inside) for n in os.fsdecode(listed).split("\0")[:-1])


def left_out_files(home: Path) -> frozenset[str]:
    """The paths under ``home``, from there, of what is in the index and not to be in the work tree: in a sparse checkout that is no deletion."""
    around = git_root(home)
    if around is None:
        return frozenset()
    inside = path_in_checkout(home, around)
    listed = run_git(home, "ls-files", "-z", "-t", "--cached", *(["--", inside] if inside else [])) or b""
    rows = os.fsdecode(listed).split("\0")[:-1]
    return frozenset(row[2:].removeprefix(inside) for row in rows if row.startswith("S "))


def path_in_checkout(home: Path, around: Path) -> str:
    """What a path from ``home`` begins with in the work tree ``around`` it: nothing, or folders with a slash at the end."""
    inside = home.relative_to(around).as_posix()
    return "" if inside == "." else f"{inside}/"


@contextlib.contextmanager
def _input(given: bytes) -> Iterator[IO[bytes] | int]:
    """A file with ``given`` in it, since a pipe would have to be written while the answer is read."""
    import subprocess
    import tempfile

    if not given:
        yield subprocess.DEVNULL
        return

    with tempfile.TemporaryFile() as file:
        file.write(given)
        file.seek(0)
        yield file


def _printed(running: subprocess.Popen[bytes], seconds: float, most: int) -> tuple[bytes | None, bool]:
    """All that a program prints, if it ends well and in time, and whether it was not in time."""
    from threading import Event, Timer

    assert running.stdout is not None
    late = Event()

    def end() -> None:
        late.set()
        _end(running)

    timer = Timer(seconds, end)
    timer.daemon = True  # Ctrl-C may come where nothing cancels it: the process would wait for it at its end
    with running:
        try:
            timer.start()
            printed = files.taken(running.stdout.fileno(), most)
            return (printed if running.wait() == 0 else None), late.is_set()
        except OSError:  # too much
            return None, False
        finally:
            timer.cancel()
            _end(running)
            timer.join()  # before anything forks


def _end(running: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(running.pid, signal.SIGKILL)
        else:
            running.kill()


def _is_bare(folder: Path) -> bool:
    """Whether a folder itself looks like a repository: git before 2.38 would take it for one where its ``.git`` is none."""
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()


def _waits(folder: Path) -> bool:
    """Whether git would wait for a pipe in the place of one of its own files."""
    for name in ("HEAD", "config", "config.worktree", "index", "packed-refs", "commondir", "shallow"):
        with contextlib.suppress(OSError):
            if not stat.S_ISREG((folder / ".git" / name).stat().st_mode):
                return True
    return False
