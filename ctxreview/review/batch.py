"""Many selections in one run: each file is read once for all that point into it, on every core where no model is asked."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from ctxreview import processes
from ctxreview.errors import CtxreviewError
from ctxreview.model.source import Selection
from ctxreview.review.request import Run, Siblings
from ctxreview.workspace.selection_form import path_in

T = TypeVar("T")

Make = Callable[[str, Siblings], T]
"""Makes the result of one selection, given as text; it also gets those that point into the same file."""

MAX_KEPT = 32
"""Results kept for selections that are given once more, where no model is asked."""
MIN_FILES = 24
"""With fewer files, starting processes takes longer than they save."""


def each_selection(
    given: Sequence[str], root: Path | None, run: Run, make: Make[T], *, sequential: bool
) -> Iterator[T | CtxreviewError]:
    """What ``make`` makes of each selection, in the order given; for one that fails, its error.

    With ``sequential``, one after the other, as is due where each asks a model; otherwise on every core, where the
    system can fork: results have to be picklable.
    """
    groups = by_file(given)
    if sequential or len(groups) < MIN_FILES or processes.cores() < 2:
        siblings = {path: siblings_of(group, given, root, run) for path, group in groups.items()}

        def made(one: str) -> T | CtxreviewError:
            return made_or_error(one, siblings[path_in(one)], make)

        yield from map(made if sequential else lru_cache(MAX_KEPT)(made), given)
    else:
        run.prepare(given, root)
        yield from _forked(list(groups.values()), given, root, run, make)


def by_file(given: Sequence[str]) -> dict[str, list[int]]:
    """The selections' places in the order given, by the path that each names."""
    groups: dict[str, list[int]] = {}
    for i, one in enumerate(given):
        groups.setdefault(path_in(one), []).append(i)
    return groups


def siblings_of(group: Sequence[int], given: Sequence[str], root: Path | None, run: Run) -> Siblings:
    """What each selection of one file gets: all of them."""
    selections: dict[str, Selection] = {}
    for one in dict.fromkeys(given[i] for i in group) if len(group) > 1 else ():
        with contextlib.suppress(CtxreviewError):
            selections[one] = run.select(one, root)
    return Siblings(selections, tuple(sorted({s.span for s in selections.values()})))


def made_or_error(one: str, siblings: Siblings, make: Make[T]) -> T | CtxreviewError:
    """What ``make`` makes of a selection, or the error that it raises."""
    try:
        return make(one, siblings)
    except CtxreviewError as error:
        return error.with_traceback(None)  # it would keep alive all that was made for the selection


def _forked(
    groups: list[list[int]], given: Sequence[str], root: Path | None, run: Run, make: Make[T]
) -> Iterator[T | CtxreviewError]:
    def work(group: list[int]) -> dict[int, T | CtxreviewError]:
        siblings = siblings_of(group, given, root, run)
        made = lru_cache(MAX_KEPT)(lambda one: made_or_error(one, siblings, make))
        return {i: made(given[i]) for i in group}

    done: dict[int, T | CtxreviewError] = {}
    following = 0
    for made in processes.parallel_map(work, groups):
        done.update(made)
        while following in done:
            yield done.pop(following)
            following += 1
