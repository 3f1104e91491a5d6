"""Many selections at once give what each gives alone, in the order given."""

from __future__ import annotations

import gc
import os
import signal
import weakref
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TypeVar, cast

import pytest

from ctxreview import processes
from ctxreview.behaviour.version import version
from ctxreview.cli.results import Result
from ctxreview.errors import CtxreviewError
from ctxreview.languages import language_of
from ctxreview.model.review import Finding
from ctxreview.model.source import Lines, Source
from ctxreview.outline import outline
from ctxreview.outline.parse import Reading, read
from ctxreview.reports.document import context_document
from ctxreview.reports.json_text import dumps
from ctxreview.review.batch import REMEMBERED, Make, each_selection
from ctxreview.review.context import build
from ctxreview.review.request import ALONE, Run, Siblings
from tests.samples import options

CLASS = """\
class C{n}
{{
    readonly object _gate = new();
    int _count;

    public void Add() {{ lock (_gate) {{ _count++; }} }}

    public int Read() => _count;
}}
"""


T = TypeVar("T")


def results(selections: list[str], make: Make[T], *, sequential: bool = False) -> Iterator[T | CtxreviewError]:
    """What a run makes of each selection."""
    return each_selection(selections, None, Run(), make, sequential=sequential)


def shown(given: str, siblings: Siblings) -> str:
    """What ``context`` prints for one selection."""
    return dumps(context_document(build(Run().resolve(given, options(), siblings), whole=False)))


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
    made = list(results(selections, shown))
    assert [isinstance(m, CtxreviewError) for m in made] == ["None.cs" in s for s in selections]
    assert "None.cs" in str(made[50])
    for given, one in zip(selections, made, strict=True):
        if not isinstance(one, CtxreviewError):
            assert one == shown(given, ALONE)


def test_one_after_the_other_where_each_asks_a_model(selections: list[str]) -> None:
    """Alone, each result is there before the next selection is begun."""
    order: list[str] = []

    def noted(given: str, siblings: Siblings) -> str:
        order.append(given)
        return shown(given, siblings)

    for n, _ in enumerate(results(selections, noted, sequential=True)):
        assert order == selections[: n + 1]


def test_a_fault_of_ours_is_not_swallowed(selections: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is said in a sentence is in a selection's place; anything else ends the run, from any process."""
    monkeypatch.setattr(processes, "cores", lambda: 2)

    def broken(given: str, siblings: Siblings) -> str:
        raise ZeroDivisionError(given)

    with pytest.raises(ZeroDivisionError):
        list(results(selections, broken))


def test_findings_come_back_from_every_process(selections: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What ``--fail-on`` looks at is there for all selections."""
    monkeypatch.setattr(processes, "cores", lambda: 2)

    def found(given: str, siblings: Siblings) -> Result:
        return Result(given, (Finding("rule", "low", "syntactic", given, "?", Lines("C.cs", 1, 1)),))

    made = results(selections, found)
    assert [m.findings[0].message for m in made if isinstance(m, Result)] == selections


def test_a_process_that_is_ended_from_outside_is_said(selections: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One that the system ends, for want of memory say, does not leave a shorter list of results behind."""
    monkeypatch.setattr(processes, "cores", lambda: 2)
    first = os.getpid()

    def ended(given: str, siblings: Siblings) -> str:
        assert os.getpid() != first
        if given == selections[60]:
            os.kill(os.getpid(), signal.SIGKILL)
        return given

    with pytest.raises(CtxreviewError, match="A worker process was killed"):
        list(results(selections, ended))


def test_no_process_is_left_behind_when_the_reader_stops(
    selections: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Results that nobody waits for any longer are not worked on."""
    monkeypatch.setattr(processes, "cores", lambda: 2)
    made = cast("Generator[int]", results(selections, lambda given, siblings: os.getpid()))
    worker = next(made)
    made.close()
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_what_is_known_of_files_is_forgotten() -> None:
    """However many files a run goes through, what they do is not remembered for all of them, nor are their trees, which are large."""
    known: list[weakref.ref[object]] = []
    readings: list[Reading] = []

    def asked(given: str, siblings: Siblings) -> int:
        source = Source(f"{given}.cs", f"class {given} {{ void M() {{ }} }}".encode())
        made = version(outline(source))
        known.append(weakref.ref(made))
        readings.append(read(source.data, language_of(source.path)))
        assert read(source.data, language_of(source.path)) is readings[-1]
        return sum(made.units.get(function.span) is not None for function in made.outline.functions)

    given = [f"C{n}" for n in range(REMEMBERED)]
    assert list(each_selection(given, None, Run(), asked, sequential=True)) == [1] * REMEMBERED
    gc.collect()
    assert [ref() for ref in known] == [None] * REMEMBERED
    last = Source(f"{given[-1]}.cs", f"class {given[-1]} {{ void M() {{ }} }}".encode())
    assert read(last.data, language_of(last.path)) is not readings[-1]
