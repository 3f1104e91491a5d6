"""Many selections at once give what each gives alone, in the order given."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from pathlib import Path
from typing import cast

import pytest

from ctxreview import processes
from ctxreview.errors import CtxreviewError
from ctxreview.model.review import Finding
from ctxreview.model.source import Lines
from ctxreview.prompt.request import Job
from ctxreview.reports import document
from ctxreview.review.batch import Shown, each
from ctxreview.review.pipeline import context_of
from ctxreview.review.pipeline import job as job_of
from ctxreview.tokens import ESTIMATE

CLASS = """\
class C{n}
{{
    readonly object _gate = new();
    int _count;

    public void Add() {{ lock (_gate) {{ _count++; }} }}

    public int Read() => _count;
}}
"""


def job() -> Job:
    """What the runs share."""
    return job_of(None, 16_000, ESTIMATE, "optimize this")._replace(whole=False)


def shown(given: str, its: Job) -> Shown:
    """What ``context`` prints for one selection."""
    return Shown(document.dumps(document.context(context_of(given, its))))


@pytest.fixture
def selections(tmp_path: Path) -> list[str]:
    """Two places in each of forty files, the files taken in turn; one of them does not exist."""
    for n in range(40):
        (tmp_path / f"C{n}.cs").write_text(CLASS.format(n=n))
    found = [f"{tmp_path}/C{n}.cs:{line}" for line in (6, 8) for n in range(40)]
    return [*found[:50], f"{tmp_path}/None.cs:1", *found[50:]]


@pytest.mark.parametrize("cores", [1, 2, 3])
def test_as_each_alone_and_in_the_order_given(
    selections: list[str], cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the company of other selections nor the number of processes changes a result or its place."""
    monkeypatch.setattr(processes, "cores", lambda: cores)
    made = list(each(selections, job(), shown, alone=False))
    assert [m.failed for m in made] == ["None.cs" in s for s in selections]
    assert "None.cs" in made[50].text
    for given, one in zip(selections, made, strict=True):
        if not one.failed:
            assert one == shown(given, job())


def test_one_after_the_other_where_each_asks_a_model(selections: list[str]) -> None:
    """Alone, each result is there before the next selection is begun."""
    order: list[str] = []

    def noted(given: str, its: Job) -> Shown:
        order.append(given)
        return shown(given, its)

    for n, _ in enumerate(each(selections, job(), noted, alone=True)):
        assert order == selections[: n + 1]


def test_a_fault_of_ours_is_not_swallowed(selections: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is said in a sentence stands in a selection's place; anything else ends the run, from any process."""
    monkeypatch.setattr(processes, "cores", lambda: 2)

    def broken(given: str, its: Job) -> Shown:
        raise ZeroDivisionError(given)

    with pytest.raises(ZeroDivisionError):
        list(each(selections, job(), broken, alone=False))


def test_findings_come_back_from_every_process(selections: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What ``--fail-on`` looks at is there for all selections."""
    monkeypatch.setattr(processes, "cores", lambda: 2)

    def found(given: str, its: Job) -> Shown:
        return Shown(given, (Finding("rule", "low", "syntactic", given, "?", Lines("C.cs", 1, 1)),))

    assert [m.findings[0].message for m in each(selections, job(), found, alone=False)] == selections


def test_a_process_that_is_ended_from_outside_is_said(selections: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One that the system ends, for want of memory say, does not leave a shorter list of results behind."""
    monkeypatch.setattr(processes, "cores", lambda: 2)
    first = os.getpid()

    def ended(given: str, its: Job) -> Shown:
        assert os.getpid() != first
        if given == selections[60]:
            os.kill(os.getpid(), signal.SIGKILL)
        return Shown(given)

    with pytest.raises(CtxreviewError, match="was ended from outside"):
        list(each(selections, job(), ended, alone=False))


def test_no_process_is_left_behind_when_the_reader_stops(
    selections: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Results that nobody waits for any longer are not worked on."""
    monkeypatch.setattr(processes, "cores", lambda: 2)
    results = cast("Generator[Shown]", each(selections, job(), lambda given, its: Shown(str(os.getpid())), alone=False))
    worker = int(next(results).text)
    results.close()
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
