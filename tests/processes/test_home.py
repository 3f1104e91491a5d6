"""Work that is shared among forked processes: who does which piece, and what a process that has gone leaves."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator

import pytest

from ctxreview.errors import CtxreviewError
from ctxreview.processes.home import Crew, Home

PIECES = 60
EACH = 4
"""Pieces in a row that are near each other."""


@pytest.fixture
def crew() -> Iterator[Crew[int]]:
    """Two processes with a thread each, whose pieces of work give the number of the process."""
    made = Crew(lambda _: os.getpid(), Home(), threads=2, processes=2)
    yield made
    made.end()


def test_who_does_what_is_near(crew: Crew[int]) -> None:
    """Pieces that are near each other are done by one process, and all processes have a share of the work."""
    for number in range(PIECES):
        crew.give(number, number // EACH)
    by_group = defaultdict[int, set[int]](set)
    for _ in range(PIECES):
        came = crew.made(10)
        assert came is not None
        by_group[came[0] // EACH].add(came[1])
    assert all(len(group) == 1 for group in by_group.values())
    assert len(set().union(*by_group.values())) == 2


def test_one_group_alone(crew: Crew[int]) -> None:
    """Where everything is near, no process waits for another one to do it all."""
    for number in range(PIECES):
        crew.give(number, "all")
    made = [crew.made(10) for _ in range(PIECES)]
    assert len({came[1] for came in made if came is not None}) == 2


def test_a_process_that_has_gone() -> None:
    """A process that was killed is told to who waits, and takes no further work silently."""
    crew = Crew(lambda _: os._exit(1), Home(), threads=2, processes=2)
    try:
        with pytest.raises(CtxreviewError):
            for number in range(PIECES):
                crew.give(number, number)
                crew.made(0.05)
    finally:
        crew.end()
