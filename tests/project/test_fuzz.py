"""The fuzz script itself: it finds faults of each kind, repeats a case, and finds none in what is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from tests.fuzz import KINDS, Case, Ended, Maker, fault

CASE = Case("source", ("context", "a.cs:1", "--format", "json"), (("a.cs", b"\xff\0"),), b"in", b"over", (("A", "b"),))
TRACE = 'Traceback (most recent call last):\n  File "/x/ctxreview/cli/app.py", line 7, in main\n    f()\nRecursionError: too deep\n'


@pytest.mark.parametrize(
    ("ended", "mark"),
    [
        (Ended(0, "{}\n", "", 0.1), ""),
        (Ended(1, "{}\n", "", 0.1), ""),
        (Ended(2, "", "a.cs: cannot be read (No such file); check the path.\n", 0.1), ""),
        (Ended(2, "", "", 0.1), "status 2 without a sentence"),
        (Ended(2, "", "no\n", 0.1), "status 2 without a sentence"),
        (Ended(3, "", "a.cs: odd.\n", 0.1), "status 3"),
        (Ended(-1, "", TRACE, 0.1), "traceback RecursionError ctxreview/cli/app.py:7"),
        (Ended(0, '{"a": NaN}\n', "", 0.1), "output that is not JSON"),
        (Ended(0, '{"a": \n', "", 0.1), "output that is not JSON"),
        (Ended(2, "", "a\x1b[31m: cannot be read.\n", 0.1), "control character in standard error"),
        (Ended(0, '{"a": "\u202e"}\n', "", 0.1), "control character in standard output"),
        (Ended(-1, "", "", 20.0, "hang"), "hang"),
    ],
)
def test_what_is_a_fault(ended: Ended, mark: str) -> None:
    """Tracebacks, other statuses, silence, control characters, broken JSON and hangs are faults; all else is not."""
    assert fault(CASE, ended) == mark


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_makes_its_case_again(kind: str) -> None:
    """The same seed makes the same case, another one another, and a kept case is what it was."""
    made = Maker("5").case(kind)
    assert made == Maker("5").case(kind) != Maker("6").case(kind)
    assert Case.loads(made.dumps()) == made
    assert Case.loads(CASE.dumps()) == CASE


def test_no_faults_are_known(tmp_path: Path) -> None:
    """For 10 seconds nothing that is fed in makes a traceback, a hang, another status or a silent end."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--seconds", "10", "--seed", "1", "--keep", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 faults." in done.stdout
