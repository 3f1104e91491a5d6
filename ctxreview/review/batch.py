"""Many selections in one run: each file is read once for all that point into it, on every core where no model is asked."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from ctxreview import processes
from ctxreview.errors import CtxreviewError
from ctxreview.model.review import Finding
from ctxreview.model.source import Selection
from ctxreview.prompt.request import Job, Siblings
from ctxreview.workspace.selection import path_in, select

MAX_KEPT = 32
"""Results kept for selections that are given once more, where no model is asked."""
MIN_FILES = 24
"""With fewer files, starting processes takes longer than they save."""


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
    if alone or len(groups) < MIN_FILES or processes.cores() < 2:
        jobs = {given[i]: j for group in groups for i, j in _jobs(group, given, job)}

        def made(one: str) -> Shown:
            return _shown(one, jobs[one], show)

        yield from map(made if alone else lru_cache(MAX_KEPT)(made), given)
    else:
        yield from _forked(groups, given, job, show)


def _by_file(given: Sequence[str]) -> list[list[int]]:
    """The selections' places in the order given, those of one file together."""
    groups: dict[str, list[int]] = {}
    for i, one in enumerate(given):
        groups.setdefault(path_in(one), []).append(i)
    return list(groups.values())


def _jobs(group: Sequence[int], given: Sequence[str], job: Job) -> Iterator[tuple[int, Job]]:
    """The job of each selection of one file, which knows the others."""
    selections: dict[str, Selection] = {}
    for one in dict.fromkeys(given[i] for i in group) if len(group) > 1 else ():
        with contextlib.suppress(CtxreviewError):
            selections[one] = select(one, job.root)
    places = tuple(sorted({s.span for s in selections.values()}))
    shared = job._replace(siblings=Siblings(selections, places))
    yield from ((i, shared) for i in group)


def _shown(one: str, job: Job, show: Show) -> Shown:
    try:
        return show(one, job)
    except CtxreviewError as error:
        return Shown(str(error), failed=True)


def _forked(groups: list[list[int]], given: Sequence[str], job: Job, show: Show) -> Iterator[Shown]:
    def work(group: list[int]) -> dict[int, Shown]:
        jobs = {given[i]: its for i, its in _jobs(group, given, job)}
        made = lru_cache(MAX_KEPT)(lambda one: _shown(one, jobs[one], show))
        return {i: made(given[i]) for i in group}

    done: dict[int, Shown] = {}
    following = 0
    for made in processes.parallel_map(work, groups):
        done.update(made)
        while following in done:
            yield done.pop(following)
            following += 1
