"""Work shared among forked processes.

Written here because :mod:`concurrent.futures` and what it needs take as long to import as a tenth of a typical batch
takes in all.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from ctxreview.errors import CtxreviewError
from ctxreview.processes import forking

T = TypeVar("T")
R = TypeVar("R")

PIECES = 48
"""Pieces of work for each process: more of them end more evenly, fewer cost less to hand out."""
KILLED = "A worker process was killed, often for lack of memory; process fewer selections or files at a time."

_NUMBER = 2
"""Bytes of a piece's number."""


def cores() -> int:
    """How many processes may work at once; 1 in one that shares work already or has threads, and where nothing can fork."""
    threading = sys.modules.get("threading")  # a thread is not copied, and what it holds is never released
    if forking.is_forked() or not hasattr(os, "fork") or (threading is not None and threading.active_count() > 1):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def give_back() -> None:
    """Give the system back the memory that is free: glibc keeps it otherwise, and elsewhere nothing is to be done."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def parallel_map(work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """``work`` of each item in the order given, done by as many processes as there are :func:`cores`.

    The processes inherit ``work`` and ``items``; results are sent back, so that they have to be picklable. What ``work``
    raises is raised here and ends them all. Raises :class:`CtxreviewError` where one of them is ended from outside.
    """
    import gc
    import select

    workers = cores()
    size = -(-len(items) // (workers * PIECES)) or 1
    pieces = [items[at : at + size] for at in range(0, len(items), size)]
    if sys.stdout is not None:
        sys.stdout.flush()  # or each process would print what is in its copy of the buffer
    frozen = gc.get_freeze_count()
    gc.freeze()
    ours: list[_Process[R]] = []
    done: dict[int, list[R]] = {}
    following = 0
    try:
        numbers = _numbers(len(pieces))
        with forking.uninterrupted():  # or one that was just started would be nobody's
            for _ in range(min(workers, len(pieces))):
                ours.append(_start(numbers, work, pieces, [process.results for process in ours]))
        os.close(numbers)
        reading = {process.results: process for process in ours}
        while reading:
            for ready in select.select(list(reading), [], [])[0]:
                done.update(reading[ready].received())
                if reading[ready].ended:
                    del reading[ready]
            while following in done:
                yield from done.pop(following)
                following += 1
        if following < len(pieces):
            raise CtxreviewError(KILLED)
    finally:
        with forking.uninterrupted():
            for process in ours:
                process.end()
        if not frozen:
            gc.unfreeze()


def _numbers(count: int) -> int:
    """The numbers of the pieces of work, as a pipe from which each process takes its next."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(b"".join(n.to_bytes(_NUMBER, "big") for n in range(count)))
    return reading


class _Process(Generic[R]):
    """A forked process: what it has sent so far, results of pieces of work one after the other."""

    def __init__(self, pid: int, results: int) -> None:
        """``results`` is the end of a pipe to read from."""
        self.pid = pid
        self.results = results
        self.ended = False
        self._read = bytearray()

    def received(self) -> dict[int, list[R]]:
        """The results that have come whole since the last call, by their pieces' numbers; waits for something to come.

        Raises what ended the process there.
        """
        import pickle

        sent = os.read(self.results, 1 << 20)
        self.ended = not sent
        self._read += sent
        found: dict[int, list[R]] = {}
        while len(self._read) >= forking.LENGTH:
            end = forking.LENGTH + int.from_bytes(self._read[: forking.LENGTH], "big")
            if len(self._read) < end:
                break
            number, made = pickle.loads(self._read[forking.LENGTH : end])
            del self._read[:end]
            if isinstance(made, Exception):
                raise made
            found[number] = made
        return found

    def end(self) -> None:
        """Leave no process behind, at work or not."""
        forking.end(self.pid)
        os.close(self.results)


def _start(numbers: int, work: Callable[[T], R], pieces: Sequence[Sequence[T]], others: Sequence[int]) -> _Process[R]:
    """``others`` are the pipes that results of processes started before come through."""
    reading, writing = os.pipe()
    pid = forking.start(lambda: _serve(numbers, writing, work, pieces), [reading, *others])
    os.close(writing)
    return _Process(pid, reading)


def _serve(numbers: int, results: int, work: Callable[[T], R], pieces: Sequence[Sequence[T]]) -> None:
    """Do pieces of work until none is left."""
    import pickle

    with os.fdopen(results, "wb") as pipe:
        while taken := os.read(numbers, _NUMBER):
            number = int.from_bytes(taken, "big")
            made: list[R] | Exception
            try:
                made = [work(item) for item in pieces[number]]
            except Exception as error:
                made = error
            sent = pickle.dumps((number, made), pickle.HIGHEST_PROTOCOL)
            pipe.write(len(sent).to_bytes(forking.LENGTH, "big"))
            pipe.write(sent)
            pipe.flush()
