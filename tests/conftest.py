"""What every test shares: a store of its own, and examples without a time limit, since the machines are noisy."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

from tests import ROOT

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

if sys.dont_write_bytecode and not sys.pycache_prefix:
    # It is kept for this run then: commands that start anew would each compile all that they import, most of their time.
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = tempfile.mkdtemp(prefix="bytecode-")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    atexit.register(shutil.rmtree, sys.pycache_prefix, ignore_errors=True)

NUMBERS = count()

TERMINAL = (
    "CI",
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "LINES",
    "PAGER",
    "CTXREVIEW_PAGER",
)
"""Variables by which a person or a build says what is shown: a test that wants one sets it."""


@pytest.fixture(scope="session", autouse=True)
def state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No test reads or writes what the user keeps, whatever it does to its environment."""
    home = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(home))
        patch.setenv("CTXREVIEW_STATE_DIR", str(home / "shared"))
        patch.setenv("TERM", "xterm")
        for variable in TERMINAL:
            patch.delenv(variable, raising=False)
        yield home


@pytest.fixture(autouse=True)
def state(state_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of this test's store; it is made when something is kept."""
    folder = state_home / str(next(NUMBERS))
    monkeypatch.setenv("CTXREVIEW_STATE_DIR", str(folder))
    assert os.environ["XDG_STATE_HOME"] == str(state_home)
    return folder


def pytest_xdist_auto_num_workers() -> int:
    """Two more than there are processors: a third of the time tests wait, for a server that is slow or a process that ends."""
    return (os.cpu_count() or 1) + 2


def pytest_sessionstart(session: pytest.Session) -> None:
    """Each process imports another part of the tests first: what is compiled for one is there for the others, which would all do the same at once."""
    worker = getattr(session.config, "workerinput", None)
    if worker is not None:
        number, count = int(worker["workerid"].removeprefix("gw")), worker["workercount"]
        modules = sorted((ROOT / "tests").rglob("test_*.py"))
        share = -(-len(modules) // count)
        for path in modules[number * share : (number + 1) * share]:
            import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--update`` writes the long expectations again, after a change that is meant: read what changed."""
    parser.addoption("--update", action="store_true", help="write the expected texts that are files again")


@pytest.fixture
def expect(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Holds a text against the file that has the expected one; with ``--update`` the file gets it."""

    def hold(path: Path, text: str) -> None:
        known = path.read_bytes().decode() if path.exists() else None
        if request.config.getoption("update") and text != known:
            path.write_bytes(text.encode())
            return
        assert text == known, f"{path.name} is out of date: read the difference, and run this test with --update."

    return hold
