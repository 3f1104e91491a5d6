"""Work in a thread of its own, one piece after the other, each of which can be stopped while it is done.

The library works on values and knows nothing of servers. So what is no longer wanted is stopped as Ctrl-C stops a command: by
an exception that comes from outside.
"""

from __future__ import annotations

import asyncio
import ctypes
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class _Stopped(BaseException):
    """Nobody waits for the result any more."""


class _Piece:
    def __init__(self, call: Callable[[], Any], loop: asyncio.AbstractEventLoop) -> None:
        self.call = call
        self.loop = loop
        self.result: asyncio.Future[Any] = loop.create_future()

    def end(self, value: Any, error: BaseException | None) -> None:
        """Hand over what came of it, to whoever still waits."""
        if self.result.done():
            return
        if error is not None:
            self.result.set_exception(error)
        else:
            self.result.set_result(value)


class Worker:
    """A thread that does what it is given in the order given."""

    def __init__(self, name: str) -> None:
        self._queue: queue.SimpleQueue[_Piece] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._current: _Piece | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def do(self, call: Callable[[], T]) -> T:
        """The result of ``call``. Where whoever waits is cancelled, it is not begun, or is stopped."""
        piece = _Piece(call, asyncio.get_running_loop())
        self._queue.put(piece)
        try:
            made: T = await piece.result
        except asyncio.CancelledError:
            self._stop(piece)
            raise
        return made

    def _stop(self, piece: _Piece) -> None:
        with self._lock:
            if self._current is piece:
                _raise_in(self._thread, _Stopped)

    def _run(self) -> None:
        while True:
            try:
                self._next()
            except _Stopped:
                continue  # it came when the piece was done already

    def _next(self) -> None:
        with self._lock:
            self._current = None
            _raise_in(self._thread, None)  # one that was meant for the piece before
        piece = self._queue.get()
        with self._lock:
            if piece.result.cancelled():
                return
            self._current = piece
        value, error = None, None
        try:
            value = piece.call()
        except Exception as raised:
            error = raised
        piece.loop.call_soon_threadsafe(piece.end, value, error)


def _raise_in(thread: threading.Thread, error: type[BaseException] | None) -> None:
    """Raise ``error`` in another thread at its next step in Python; ``None`` takes back one that it has not met yet."""
    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(error) if error is not None else None
        )
