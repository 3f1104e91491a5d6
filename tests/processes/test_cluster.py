"""Work on other machines: the results of a real cluster are those of this machine, each once, whatever becomes of a worker."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from ctxreview import __version__
from ctxreview.errors import ConfigError, CtxreviewError
from ctxreview.lint.pieces import Piece
from ctxreview.processes.cluster import check_address, done_there
from tests import ROOT
from tests.lint.test_elsewhere import CALLER, UNIT_OF_WORK
from tests.samples import EXAMPLE

FOLDER = Path(sys.executable).parent
PAGE = (ROOT / "docs/scale.md").read_text("utf-8")
SHOWN = [c for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL) for c in block.splitlines()]
SHOWN_ADDRESS = "tcp://127.0.0.1:8786"
COPIES = 49
"""Folders with the example's source: as many files as are shared."""


class Cluster(NamedTuple):
    """A scheduler with two workers, as processes."""

    address: str
    workers: tuple[subprocess.Popen[bytes], ...]


def started(folder: Path, *command: str) -> subprocess.Popen[bytes]:
    """A program that runs until it is ended."""
    environment = {**os.environ, "HOME": str(folder), "DASK_CONFIG": str(folder)}
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [FOLDER / command[0], *command[1:]], cwd=folder, env=environment, stdout=log, stderr=log
        )


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster that has answered."""
    folder = tmp_path_factory.mktemp("cluster")
    (about := folder / "scheduler.json").unlink(missing_ok=True)
    scheduler, worker = (shlex.split(c) for c in SHOWN if ".venv/bin/dask" in c)
    assert scheduler == [".venv/bin/dask", "scheduler", "--host", "127.0.0.1"]
    assert worker == [".venv/bin/dask", "worker", SHOWN_ADDRESS, "--nthreads", "1"]
    plain = ["--no-dashboard"]
    running = [started(folder, "dask", *scheduler[1:], "--port", "0", "--scheduler-file", str(about), *plain)]
    try:
        end = time.monotonic() + 120
        while not about.is_file() or not about.read_text():
            assert running[0].poll() is None and time.monotonic() < end, (folder / "log").read_text()
            time.sleep(0.1)
        address = json.loads(about.read_text())["address"]
        more = [address, "--nthreads", "1", "--no-nanny", *plain]
        running += [started(folder, "dask", "worker", *more) for _ in range(2)]
        from distributed import Client

        with Client(address, timeout=60, set_as_default=False) as client:  # type: ignore[no-untyped-call]
            client.wait_for_workers(2, timeout=120)
        yield Cluster(address, tuple(running[1:]))
    finally:
        for process in running:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the example's source in many folders, each with a class of its own name, and a file that another one opens a transaction for."""
    root = tmp_path_factory.mktemp("repository")
    (root / ".git").mkdir()
    text = (EXAMPLE / "src/RecordService.cs").read_text("utf-8")
    for number in range(COPIES):
        file = root / f"part{number}" / "RecordService.cs"
        file.parent.mkdir()
        file.write_text(text.replace("class RecordService", f"class RecordService{number}"), "utf-8")
    (root / "Unit.cs").write_text(UNIT_OF_WORK, "utf-8")
    (root / "Pay.cs").write_text(CALLER.format(method="InTransaction"), "utf-8")
    lines = [f"part{n}/RecordService.cs:31" for n in range(COPIES)]
    (root / "selections.txt").write_text("\n".join([*lines, "part0/Nope.cs:3", lines[0]]) + "\n", "utf-8")
    return root


def run(root: Path, *arguments: str) -> tuple[int, str, str]:
    """Status, output and messages of a command."""
    done = subprocess.run(
        [sys.executable, "-m", "ctxreview", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.returncode, done.stdout, done.stderr


def children(of: subprocess.Popen[bytes]) -> set[int]:
    """The processes that one has started."""
    found = set[int]()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            # The parent's number is the second field after the name, which is in parentheses and may have some.
            if int((process / "stat").read_text().rpartition(")")[2].split()[1]) == of.pid:
                found.add(int(process.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")
def test_what_a_cluster_gives(cluster: Cluster, repository: Path) -> None:
    """Contexts and findings are byte for byte those of this machine, also where a worker is killed while it has a part: each once, in order."""
    lint = ("lint", ".", "--format", "json", "--root", ".")
    here = run(repository, *lint)
    assert json.loads(here[1])["findings"]
    assert run(repository, *lint, "--scheduler", cluster.address) == here
    few = ("lint", "part0", "Pay.cs", "--format", "json", "--root", ".")
    here = run(repository, *few)
    assert '"external-call"' in here[1] and '"path": "Pay.cs"' in here[1]
    assert run(repository, *few, "--scheduler", cluster.address) == here
    contexts = ("context", "--selections", "selections.txt", "--root", ".", "--hops", "1")
    here = run(repository, *contexts)
    assert len(here[1].splitlines()) == COPIES + 2
    asking = subprocess.Popen(
        [sys.executable, "-m", "ctxreview", *contexts, "--scheduler", cluster.address],
        cwd=repository,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lost = cluster.workers[0]
    end = time.monotonic() + 120
    while not (parts := children(lost)):
        assert time.monotonic() < end and asking.poll() is None, "it had no part"
        time.sleep(0.001)
    lost.kill()
    for part in parts:
        with contextlib.suppress(ProcessLookupError):
            os.kill(part, signal.SIGKILL)
    output, said = asking.communicate(timeout=300)
    assert (asking.returncode, output, said) == here


def test_the_commands_on_the_page(cluster: Cluster, tmp_path: Path) -> None:
    """The commands of docs/scale.md run as they are shown, with a cluster at another address."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    ours = [shlex.split(c) for c in SHOWN if ".venv/bin/ctxreview" in c]
    assert len(ours) == 2
    for _, *arguments in ours:
        assert SHOWN_ADDRESS in arguments
        status, output, said = run(tmp_path, *(cluster.address if a == SHOWN_ADDRESS else a for a in arguments))
        assert (status, bool(output)) == (0, True), said


@pytest.mark.parametrize(
    "address", ["", "localhost", "tcp://", "tcp://a:b", "http://a:1", "tcp://a:1/x", "tcp://a b:1"]
)
def test_what_is_no_address(address: str) -> None:
    """An address has a host and a port, of TCP or TLS; nothing else is tried."""
    with pytest.raises(ConfigError, match="is not an address"):
        check_address(address)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("context", "--selections", "selections.txt"), "does not answer"),
        (("lint", ".", "--root", "."), "does not answer"),
        (("lint", "part0", "--root", "."), "does not answer"),
        (("context", "part1/RecordService.cs:31"), "shares several selections"),
        (("lint", "--diff", "HEAD"), "give it without --diff"),
    ],
)
def test_one_sentence(repository: Path, arguments: Sequence[str], said: str) -> None:
    """Where there is no scheduler, or nothing to share, one sentence says so, with status 2."""
    status, output, message = run(repository, *arguments, "--scheduler", "tcp://127.0.0.1:9")
    assert (status, output, message.count("\n")) == (2, "", 1)
    assert said in message


def test_workers_that_are_not_alike(tmp_path: Path) -> None:
    """Another version, a checkout that is elsewhere, and a file with another text are errors, and give no result."""
    with pytest.raises(CtxreviewError, match=f"has ctxreview {re.escape(__version__)}, and here it is 9"):
        done_there(b"", str(tmp_path), "9")
    with pytest.raises(CtxreviewError, match="has no folder"):
        done_there(b"", str(tmp_path / "gone"), __version__)
    with pytest.raises(CtxreviewError, match="ended with status 1"):
        done_there(b"no pickle", str(tmp_path), __version__)
    (tmp_path / "A.cs").write_text("class A { }", "utf-8")
    (made,) = Piece(tmp_path, frozenset(), None, None, few=False).lint([("A.cs", "0" * 64)])
    assert made.failed == "A.cs: a worker has another text of it; give each the same checkout."
