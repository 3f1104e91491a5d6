"""Work on the machines of a Dask cluster, each piece in a process of its own there.

A worker has several threads, and may live for months: nothing of ours expects several, and a piece is to see the files as they are. So a
worker starts a process for each piece, which reads it, does it and ends.

What is sent is pickled: whoever reaches a scheduler can run anything on its workers, and in who asks it. Dask asks nobody who they are.
A cluster does a piece again where a worker was lost, so that nothing that may be done once alone is sent there.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from ctxreview import __version__
from ctxreview.errors import ConfigError, CtxreviewError
from ctxreview.regex import regex

if TYPE_CHECKING:
    from distributed import Client

T = TypeVar("T")
R = TypeVar("R")

PIECES = 2
"""Pieces for each thread of the cluster, of work that reads little besides: more of them end more evenly, but each reads the repository anew."""
CONNECTING = 10
"""Seconds until a scheduler has to answer, and until it has to have a worker."""
_ADDRESS = regex(r"(?:tcp|tls)://(?:[\w.-]+|\[[0-9A-Fa-f:]+\]):\d{1,5}")


def check_address(address: str) -> None:
    """Raises :class:`ConfigError` where something is no address of a scheduler."""
    if not _ADDRESS.fullmatch(address):
        raise ConfigError(f"--scheduler {address}: is not an address; give it as tcp://HOST:8786 or tls://HOST:8786.")


def cluster_map(
    work: Callable[[Sequence[T]], Sequence[R]], items: Sequence[T], address: str, folder: Path, pieces: int = PIECES
) -> Iterator[R]:
    """What ``work`` gives for each item, in the order given, each once; ``address`` is the scheduler's, each thread of which gets so many ``pieces``.

    ``work`` is called with some of the items in a process on another machine, in the folder of that path there, and gives a result for each; it, the items and the results are pickled. Raises what ``work`` raises, and :class:`CtxreviewError` where the cluster
    cannot do it.
    """
    from concurrent.futures import CancelledError, as_completed

    check_address(address)
    client = _connected(address)
    try:
        threads = _threads(client, address)
        size = -(-len(items) // (threads * pieces)) or 1
        executor = client.get_executor(pure=False)  # type: ignore[no-untyped-call]
        waiting = {}
        for at in range(0, len(items), size):
            sent = pickle.dumps((work, tuple(items[at : at + size])), pickle.HIGHEST_PROTOCOL)
            waiting[executor.submit(done_there, sent, str(folder), __version__)] = at
        done: dict[int, Sequence[R]] = {}
        following = 0
        for future in as_completed(waiting):
            try:
                failed, made = pickle.loads(future.result())
            except (Exception, CancelledError) as error:
                raise CtxreviewError(f"{address}: {_said(error)}") from None
            if failed:
                raise made
            done[waiting[future]] = made
            while following in done:
                yield from done.pop(following)
                following += size
    finally:
        client.close(timeout=1)  # type: ignore[no-untyped-call]  # what was not begun is given up with it


def _connected(address: str) -> Client:
    import socket

    try:
        import dask
    except ImportError:
        raise ConfigError("--scheduler needs the extra cluster: install ctxreview[cluster].") from None
    dask.config.set(
        {"logging.distributed": "critical"}
    )  # what goes wrong is said once, by us; read when it is imported
    where = urlsplit(address)
    try:
        # Dask would try again for all of the time that an answer may take, also where nobody listens.
        socket.create_connection((where.hostname, where.port), CONNECTING).close()
        from distributed import Client

        return Client(address, timeout=CONNECTING, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, RuntimeError, TypeError) as error:
        raise ConfigError(
            f"--scheduler {address}: does not answer ({type(error).__name__}); start it, or omit it."
        ) from None


def _threads(client: Client, address: str) -> int:
    """How many pieces the cluster does at once."""
    try:
        client.wait_for_workers(1, timeout=CONNECTING)
    except TimeoutError:
        raise ConfigError(f"--scheduler {address}: has no worker; start one with: dask worker {address}") from None
    return max(1, sum(client.nthreads().values()))  # type: ignore[no-untyped-call]


def _said(error: BaseException) -> str:
    """What went wrong in the cluster, in one sentence."""
    name = type(error).__name__
    if name == "KilledWorker":
        return "a part was given up after several workers were lost with it, often for lack of memory."
    if isinstance(error, CtxreviewError):
        return str(error)
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cause)
    if any(isinstance(cause, ModuleNotFoundError) for cause in causes):
        return "a worker has no ctxreview; install the version that you have here in the workers' environment."
    return f"a worker failed ({name}: {' '.join(str(error).split())[:200]})."


def done_there(sent: bytes, folder: str, version: str) -> bytes:
    """Do a piece in a process of its own, in ``folder``; runs in a worker. Gives whether it failed, and the results or what was raised, pickled."""
    import socket
    import subprocess

    host = socket.gethostname()
    if version != __version__:
        raise CtxreviewError(
            f"{host} has ctxreview {__version__}, and here it is {version}; install the same everywhere."
        )
    if not Path(folder).is_dir():
        raise CtxreviewError(
            f"{host} has no folder {folder}; give each worker the checkout at the path that it has here."
        )
    command = [sys.executable, "-P", "-m", "ctxreview.processes.cluster"]
    done = subprocess.run(command, input=sent, capture_output=True, cwd=folder, check=False)
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise CtxreviewError(f"{host}: a part ended with status {done.returncode} ({last[:200]}).")
    return done.stdout


def _do() -> None:
    """Do the piece that is on standard input."""
    from ctxreview.processes import forking

    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else is printed is no result
    forking.share()
    try:
        work, items = pickle.loads(sys.stdin.buffer.read())
        made = False, work(items)
    except CtxreviewError as error:
        made = True, error.with_traceback(None)
    with output:
        output.write(pickle.dumps(made, pickle.HIGHEST_PROTOCOL))


if __name__ == "__main__":
    _do()
