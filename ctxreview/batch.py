"""Many selections in one run: each file is read once for all that point into it, on every core where no model is asked."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ctxreview.errors import CtxreviewError
from ctxreview.model import Finding
from ctxreview.review import Job
from ctxreview.selection import path_in, select

MIN_FILES = 24
"""With fewer files, starting processes takes longer than they save."""

CHUNKS = 4
"""Pieces of work for each process: more of them end more evenly, fewer cost less to hand out."""


class Shown(NamedTuple):
    """The printed result of one selection with its findings; where it ``failed``, the error's sentence."""

    text: str
    findings: tuple[Finding, ...] = ()
    failed: bool = False


Show = Callable[[str, Job], Shown]


def each(given: Sequence[str], job: Job, show: Show, *, alone: bool) -> Iterator[Shown]:
    """What ``show`` makes of each selection, in the order given.

    With ``alone``, one after the other, as is due where each asks a model; otherwise on every core, where the system
    can fork. A selection that fails is in the result and stops nothing.
    """
    groups = _by_file(given)
    workers = _cores()
    if alone or len(groups) < MIN_FILES or workers < 2 or not hasattr(os, "fork"):
        jobs = {i: j for group in groups for i, j in _jobs(group, given, job)}
        yield from (_shown(one, jobs[i], show) for i, one in enumerate(given))
    else:
        yield from _forked(groups, given, job, show, workers)


def _by_file(given: Sequence[str]) -> list[list[int]]:
    """The selections' places in the order given, those of one file together."""
    groups: dict[str, list[int]] = {}
    for i, one in enumerate(given):
        groups.setdefault(path_in(one), []).append(i)
    return list(groups.values())


def _jobs(group: Sequence[int], given: Sequence[str], job: Job) -> Iterator[tuple[int, Job]]:
    """The job of each selection of one file, which knows the others."""
    selections = []
    for i in group if len(group) > 1 else ():
        with contextlib.suppress(CtxreviewError):
            selections.append(select(given[i], job.root))
    shared = job._replace(beside=tuple(selections))
    yield from ((i, shared) for i in group)


def _shown(one: str, job: Job, show: Show) -> Shown:
    try:
        return show(one, job)
    except CtxreviewError as error:
        return Shown(str(error), failed=True)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_plan: tuple[Sequence[str], Job, Show]
"""What the forked processes inherit: ``show`` closes over options and cannot be sent."""


def _forked(groups: list[list[int]], given: Sequence[str], job: Job, show: Show, workers: int) -> Iterator[Shown]:
    import gc
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    global _plan  # noqa: PLW0603
    _plan = given, job, show
    size = -(-len(groups) // (workers * CHUNKS))
    pieces = [groups[at : at + size] for at in range(0, len(groups), size)]
    done: dict[int, Shown] = {}
    following = 0
    if sys.stdout is not None:
        sys.stdout.flush()  # or each process would print what stands in its copy of the buffer
    gc.freeze()
    with ProcessPoolExecutor(workers, get_context("fork"), initializer=_leave_interrupts) as pool:
        try:
            for made in pool.map(_work, pieces):
                done.update(made)
                while following in done:
                    yield done.pop(following)
                    following += 1
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _leave_interrupts() -> None:
    """Ctrl-C reaches every process of the terminal; the first one ends the others."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _work(piece: list[list[int]]) -> dict[int, Shown]:
    given, job, show = _plan
    return {i: _shown(given[i], its, show) for group in piece for i, its in _jobs(group, given, job)}
