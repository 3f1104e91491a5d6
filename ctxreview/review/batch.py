"""Many selections in one run: each file is read once for all that point into it, on every core where no model is asked."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from ctxreview import processes
from ctxreview.errors import CtxreviewError, SourceError
from ctxreview.file_access import contents
from ctxreview.kept import forget
from ctxreview.model.source import Selection
from ctxreview.review.request import Run, Siblings
from ctxreview.workspace.reading import MAX_BYTES, path_from
from ctxreview.workspace.selection_form import path_in

T = TypeVar("T")

Make = Callable[[str, Siblings], T]
"""Makes the result of one selection, given as text; it also gets those that point into the same file."""

Maker = Callable[[Run], Make[T]]
"""Makes, with what a run reads, results of selections; it can be pickled where they are made on other machines."""


class Elsewhere(NamedTuple, Generic[T]):
    """Other machines: the ``address`` of their scheduler, the ``folder`` that paths are seen from, and the ``maker`` of the results there."""

    address: str
    folder: Path
    maker: Maker[T]


MAX_KEPT = 32
"""Results kept for selections that are given once more, where no model is asked."""
REMEMBERED = 32
"""Results of a process after which what is known of files is forgotten."""
MIN_FILES = 24
"""With fewer files, starting processes takes longer than they save."""


def each_selection(
    given: Sequence[str],
    root: Path | None,
    run: Run,
    make: Make[T],
    *,
    sequential: bool,
    elsewhere: Elsewhere[T] | None = None,
) -> Iterator[T | CtxreviewError]:
    """What ``make`` makes of each selection, in the order given; for one that fails, its error.

    With ``sequential``, one after the other, as is due where each asks a model; otherwise ``elsewhere``, or on every core, where the
    system can fork: results have to be picklable.
    """
    make = forgetting(make)
    groups = by_file(given)
    if elsewhere is not None:
        yield from _sent(list(groups.values()), given, root, elsewhere)
    elif sequential or len(groups) < MIN_FILES or processes.cores() < 2:
        siblings = {path: siblings_of(group, given, root, run) for path, group in groups.items()}

        def made(one: str) -> T | CtxreviewError:
            return made_or_error(one, siblings[path_in(one)], make)

        yield from map(made if sequential else lru_cache(MAX_KEPT)(made), given)
    else:
        run.prepare(given, root)
        yield from _forked(list(groups.values()), given, root, run, make)


def forgetting(make: Make[T]) -> Make[T]:
    """``make``, which forgets what it knows of files now and then: thousands of selections take no more memory than a hundred."""
    made = count(1)

    def one(given: str, siblings: Siblings) -> T:
        try:
            return make(given, siblings)
        finally:
            if next(made) % REMEMBERED == 0:
                forget()
                processes.give_back()

    return one


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

    yield from _ordered(processes.parallel_map(work, groups))


def _ordered(parts: Iterable[dict[int, T | CtxreviewError]]) -> Iterator[T | CtxreviewError]:
    """Results by their places in the order given, each as soon as all before it are there."""
    done: dict[int, T | CtxreviewError] = {}
    following = 0
    for made in parts:
        done.update(made)
        while following in done:
            yield done.pop(following)
            following += 1


class _Piece(NamedTuple, Generic[T]):
    """Selections that are made on another machine, those of a file together."""

    maker: Maker[T]
    root: Path | None

    def make(self, groups: Sequence[tuple[str, str, tuple[str, ...]]]) -> list[list[T | CtxreviewError]]:
        """The results of each group, which is given with its path and the digest of that."""
        run = Run()
        make = forgetting(self.maker(run))
        made: list[list[T | CtxreviewError]] = []
        for path, digest, group in groups:
            if _digest(Path(path), self.root) != digest:
                error: CtxreviewError = SourceError(
                    f"{path}: a worker has another text of it; give each the same checkout."
                )
                made.append([error for _ in group])
                continue
            siblings = siblings_of(range(len(group)), group, self.root, run)
            made.append([made_or_error(one, siblings, make) for one in group])
        return made


def _sent(
    groups: list[list[int]], given: Sequence[str], root: Path | None, elsewhere: Elsewhere[T]
) -> Iterator[T | CtxreviewError]:
    from ctxreview.processes.cluster import cluster_map

    paths = [path_in(given[group[0]]) for group in groups]
    parts = [
        (path, _digest(elsewhere.folder / path, root), tuple(given[i] for i in group))
        for path, group in zip(paths, groups, strict=True)
    ]
    # Each piece searches the repository for its callers, so that each thread gets one.
    results = cluster_map(_Piece(elsewhere.maker, root).make, parts, elsewhere.address, elsewhere.folder, pieces=1)
    yield from _ordered(dict(zip(group, made, strict=True)) for group, made in zip(groups, results, strict=True))


def _digest(path: Path, root: Path | None) -> str:
    """Of what a file has; ``""`` where it cannot be read, which is said when it is selected in."""
    from hashlib import sha256

    try:
        return sha256(contents(path_from(path, root) or path, MAX_BYTES)).hexdigest()
    except (OSError, ValueError):
        return ""
