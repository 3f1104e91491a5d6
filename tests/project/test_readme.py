"""Every command the README shows is run here, and what it shows as output is what comes out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ctxreview.llm import store
from tests import ROOT
from tests.llm.test_store import row

README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
COMMANDS = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines() if line]
SETUP = [c for c in COMMANDS if "-m venv" in c]
OURS = [c for c in COMMANDS if c.startswith(".venv/bin/ctxreview ")]
ENVIRONMENT = {
    k: v for k, v in os.environ.items() if not re.match(r"(OPENAI|ANTHROPIC|CTXREVIEW)_|DISPLAY$|WAYLAND_DISPLAY$", k)
}


def _shell(command: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=ENVIRONMENT | {"CTXREVIEW_STATE_DIR": os.environ["CTXREVIEW_STATE_DIR"]} | variables,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_no_other_kind_of_command_is_shown() -> None:
    """Each shown command is one of the two set-ups or a call of ctxreview, so that none escapes these tests."""
    assert len(SETUP) == 2
    assert set(COMMANDS) == {*SETUP, *OURS}


@pytest.mark.parametrize("command", OURS)
def test_every_shown_command_works(command: str) -> None:
    """The command runs from the repository's root, offline and without a key, when one review was kept."""
    store.record_review(row())
    done = _shell(command.replace(".venv/bin/ctxreview", str(Path(sys.executable).parent / "ctxreview"), 1), ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert "Traceback" not in done.stderr


PAGES = sorted(
    [*ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md"), ROOT / "SECURITY.md", ROOT / "CONTRIBUTING.md"]
)
WITH_SERVERS = {ROOT / "docs/providers.md", ROOT / "docs/batch.md", ROOT / "docs/scale.md"}
"""Their commands are run by the tests of the providers, of many questions and of clusters, with servers."""
IN_BLOCK = re.compile(r"^```(?:sh|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ON_PAGES = [
    (page, c)
    for page in PAGES
    if page not in WITH_SERVERS
    for text in IN_BLOCK.findall(page.read_text("utf-8"))
    for c in text.splitlines()
    if c
]


@pytest.mark.parametrize(("page", "command"), ON_PAGES, ids=[f"{p.stem}: {c[:60]}" for p, c in ON_PAGES])
def test_every_command_on_the_other_pages_works(page: Path, command: str) -> None:
    """From the root, or the example's folder, each command runs as it is written after the README's set-up."""
    folder = page.parent if command.startswith("../../.venv/") else ROOT
    assert command.count(".venv/bin/ctxreview ") == command.count("ctxreview "), command
    installed = str(Path(sys.executable).parent / "ctxreview")
    given = re.sub(r"(?:\.\./\.\./)?\.venv/bin/ctxreview(?= )", installed, command)
    done = _shell(given, folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert "Traceback" not in done.stderr


def test_the_first_command_sets_up_and_reviews_the_example(tmp_path: Path) -> None:
    """From a clean copy, one command installs and prints the review of the incident, and says no model was asked."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    # To compile thousands of modules ahead, of which few are imported, takes longer than all else; "no" is how pip is told so.
    done = _shell(SETUP[0], tmp_path, PIP_NO_COMPILE="no")
    assert done.returncode == 0, done.stderr
    assert "in-scope: method UpdateRecord" in done.stdout
    assert "No model was asked" in done.stdout


def test_the_shown_output_is_what_is_printed() -> None:
    """Each line of the README's first screen and of the guard's finding is printed by the commands above it."""
    shown = [text for kind, text in BLOCKS if kind == "text"]
    command = str(Path(sys.executable).parent / "ctxreview")
    review = _shell(f"{command} {SETUP[0].partition('.venv/bin/ctxreview ')[2]}", ROOT).stdout.splitlines()
    guard = _shell(OURS[0].replace(".venv/bin/ctxreview", command, 1), ROOT).stdout.splitlines()
    assert [line for line in shown[0].splitlines() if line not in review] == []
    assert [line for line in shown[1].splitlines() if line not in guard] == []
