"""Many questions in one run: made and checked on every core, asked from the first process at one pace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from ctxreview import processes, redact
from ctxreview.errors import CtxreviewError, NotAskedError
from ctxreview.processes.home import Crew, Home
from ctxreview.review.batch import Make, by_file, forgetting, made_or_error, siblings_of
from ctxreview.review.pace import Pace
from ctxreview.review.request import Run, Siblings
from ctxreview.workspace.selection_form import path_in

T = TypeVar("T")

MOST_AHEAD = 64
"""Selections begun before an earlier one has its answer, besides those on their way: their results wait in memory."""
READY = 4
"""Questions of each process that are made ahead, so that one is there when another is answered."""
MIN_EACH = 8
"""Selections of each process: with fewer, starting processes takes longer than they save."""
WAIT = 0.5
"""Seconds after which it is told that nothing has come."""
MAX_FILES = 16
"""Files whose selections are kept by a process."""


def each_asked(
    given: Sequence[str],
    root: Path | None,
    run: Run,
    make: Make[T],
    pace: Pace,
    home: Home,
    seen: Callable[[T | CtxreviewError | None], None],
) -> Iterator[T | CtxreviewError]:
    """What ``make`` makes of each selection, in the order given, while up to ``pace.jobs`` wait for a model; for one that fails, its error.

    ``seen`` is called with each as soon as it is there, in any order, and with ``None`` now and then while none comes.
    ``make`` runs with the turn of ``home`` held, and asks by it. A selection that is given twice is made again after it was made once:
    then the store has its answer.
    """
    workers = min(processes.cores(), len(given) // MIN_EACH)
    if workers > 1:
        run.prepare(given, root)
    redact.prepare()
    make = forgetting(make)
    groups = by_file(given)

    @lru_cache(MAX_FILES)
    def siblings(path: str) -> Siblings:
        return siblings_of(groups[path], given, root, run)

    def work(number: int) -> T | CtxreviewError:
        return made_or_error(given[number], siblings(path_in(given[number])), make)

    ahead = READY * workers if workers > 1 else 0
    crew = Crew(work, home, min(pace.jobs + ahead, len(given)), workers)
    try:
        yield from _in_order(given, crew, pace, seen)
    finally:
        crew.end()


def _in_order(
    given: Sequence[str],
    crew: Crew[T | CtxreviewError],
    pace: Pace,
    seen: Callable[[T | CtxreviewError | None], None],
) -> Iterator[T | CtxreviewError]:
    alike: dict[str, list[int]] = {}
    ready: dict[int, T | CtxreviewError] = {}
    begun = 0
    for following in range(len(given)):
        while following not in ready:
            while begun < min(len(given), following + pace.jobs + MOST_AHEAD):
                one = given[begun]
                if pace.stopped is not None:
                    why = f"{one} was not reviewed: the run had stopped after an error. {pace.stopped}"
                    seen(ready.setdefault(begun, NotAskedError(why)))
                elif one in alike:
                    alike[one].append(begun)
                else:
                    alike[one] = []
                    crew.give(begun, path_in(one))
                begun += 1
            if following in ready:
                break
            came = crew.made(WAIT)
            if came is None:
                seen(None)
                continue
            number, ready[number] = came
            seen(ready[number])
            if alike[given[number]]:
                crew.give(alike[given[number]].pop(0), path_in(given[number]))
            else:
                del alike[given[number]]
        yield ready.pop(following)
