"""A forked process: how it is started, what it must not keep open, and how it ends."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence

GARBAGE = 50_000
"""Objects made before the collector looks for cycles: there are hardly any, and looking each 700 takes 4 per cent."""
LENGTH = 8
"""Bytes of the length that stands before what is sent."""

_shared = False


def is_forked() -> bool:
    """Whether this process is one that shares somebody's work."""
    return _shared


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C waits meanwhile."""
    import signal

    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start(serve: Callable[[], None], others: Sequence[int]) -> int:
    """The number of a process that runs ``serve``, to be called :func:`uninterrupted`; it ends with that, and says nothing at its end.

    It closes ``others``, the ends of pipes that are not its own: whoever reads or writes there has to learn that the other side has gone.
    """
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        for pipe in others:
            os.close(pipe)
        share()
        serve()
        status = 0
    finally:
        os._exit(status)  # what the first process has open or has to say at its end is not this one's


def share() -> None:
    """This process does a part of somebody's work from here on, and shares it with nobody."""
    import gc
    import signal

    global _shared  # noqa: PLW0603
    _shared = True
    gc.set_threshold(GARBAGE)
    # Ctrl-C reaches every process; the first one ends the others. What raised it before the fork is blocked until now.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def end(pid: int) -> None:
    """Leave no process behind, at work or not."""
    import signal

    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
