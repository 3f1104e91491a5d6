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

CHUNKS = 16
"""Pieces of work for each process: more of them end more evenly, fewer cost less to hand out."""


GARBAGE = 50_000
"""Objects made before the collector looks for cycles: there are hardly any, and looking each 700 takes 4 per cent."""

NUMBER, LENGTH = 2, 8
"""Bytes of a piece's number, and of the length of what is sent."""


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


def _forked(groups: list[list[int]], given: Sequence[str], job: Job, show: Show, workers: int) -> Iterator[Shown]:
    """The work shared among forked processes.

    Written here since :mod:`concurrent.futures` and what it needs take the twentieth part of a batch to import.
    """
    import gc
    import select

    size = -(-len(groups) // (workers * CHUNKS))
    pieces = [groups[at : at + size] for at in range(0, len(groups), size)]
    if sys.stdout is not None:
        sys.stdout.flush()  # or each process would print what stands in its copy of the buffer
    gc.freeze()
    gc.set_threshold(GARBAGE)
    ours: list[_Process] = []
    done: dict[int, Shown] = {}
    following = 0
    try:
        numbers = _numbers(len(pieces))
        for _ in range(workers):
            ours.append(_start(numbers, pieces, given, job, show))
        os.close(numbers)
        reading = {process.results: process for process in ours}
        while reading:
            for ready in select.select(list(reading), [], [])[0]:
                done.update(reading[ready].received())
                if reading[ready].ended:
                    del reading[ready]
            while following in done:
                yield done.pop(following)
                following += 1
        if following < len(given):
            raise CtxreviewError(
                "A process of this batch was ended from outside, often for want of memory; "
                "ask for fewer selections at a time."
            )
    finally:
        for process in ours:
            process.end()


def _numbers(count: int) -> int:
    """The numbers of the pieces of work, as a pipe from which each process takes its next."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(b"".join(n.to_bytes(NUMBER, "big") for n in range(count)))
    return reading


class _Process:
    """A forked process: what it has sent so far, results of pieces of work one after the other."""

    def __init__(self, pid: int, results: int) -> None:
        """``results`` is the end of a pipe to read from."""
        self.pid = pid
        self.results = results
        self.ended = False
        self._read = bytearray()

    def received(self) -> dict[int, Shown]:
        """The results that have come whole since the last call; waits for something to come.

        Raises what ended the process there.
        """
        import pickle

        sent = os.read(self.results, 1 << 20)
        self.ended = not sent
        self._read += sent
        found: dict[int, Shown] = {}
        while len(self._read) >= LENGTH:
            end = LENGTH + int.from_bytes(self._read[:LENGTH], "big")
            if len(self._read) < end:
                break
            made = pickle.loads(self._read[LENGTH:end])
            del self._read[:end]
            if isinstance(made, Exception):
                raise made
            found.update(made)
        return found

    def end(self) -> None:
        """Leave no process behind, at work or not."""
        import signal

        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.results)


def _start(numbers: int, pieces: list[list[list[int]]], given: Sequence[str], job: Job, show: Show) -> _Process:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return _Process(pid, reading)
    status = 1
    try:
        _serve(numbers, writing, pieces, given, job, show)
        status = 0
    finally:
        os._exit(status)  # what the first process has open or has to say at its end is not this one's


def _serve(
    numbers: int, results: int, pieces: list[list[list[int]]], given: Sequence[str], job: Job, show: Show
) -> None:
    """Do pieces of work until none is left."""
    import pickle
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the first one ends the others
    with os.fdopen(results, "wb") as pipe:
        while number := os.read(numbers, NUMBER):
            piece = pieces[int.from_bytes(number, "big")]
            made: dict[int, Shown] | Exception
            try:
                made = {i: _shown(given[i], its, show) for group in piece for i, its in _jobs(group, given, job)}
            except Exception as error:
                made = error
            sent = pickle.dumps(made, pickle.HIGHEST_PROTOCOL)
            pipe.write(len(sent).to_bytes(LENGTH, "big"))
            pipe.write(sent)
            pipe.flush()
