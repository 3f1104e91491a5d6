"""Work that calls home: many threads in forked processes, and what the first process alone does for all of them.

A forked process has no threads of the first one, none of its connections and no count of what the others do. So what has to be one
for all, such as asking somebody at one pace, is a function that stays at home and is called from there.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import IO, Any, Generic, NamedTuple, TypeVar

from ctxreview.errors import CtxreviewError
from ctxreview.processes import KILLED, forking

R = TypeVar("R")
A = TypeVar("A")
B = TypeVar("B")

Function = Callable[[Any], Any]
"""Takes a value and gives one, both picklable, or raises :class:`CtxreviewError`."""

_NUMBER = 4
"""Bytes of the number of a piece of work."""
_BEHIND = 8
"""Pieces of work that a process may have waiting beyond the idlest one, for what is near what it has done."""
_M_ARENA_MAX = -8
"""The number of that setting in glibc's ``malloc.h``."""


class Home:
    """Functions that are done in the first process.

    ``turn`` is held by the one thread of a process that works; it lets it go while it waits for a function.
    """

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self._functions: list[Function] = []
        self._line: _Line | None = None

    def of(self, function: Callable[[A], B]) -> Callable[[A], B]:
        """``function`` as it is called from every process, by who holds :attr:`turn`; to be made before there are several."""
        number = len(self._functions)
        self._functions.append(function)

        def called(value: A) -> B:
            self.turn.release()
            try:
                made: B = self.do(number, value) if self._line is None else self._line.call(number, value)
                return made
            finally:
                self.turn.acquire()

        return called

    def do(self, number: int, value: Any) -> Any:
        """What a function gives, here."""
        return self._functions[number](value)

    def reach_by(self, line: _Line) -> None:
        """From here on this is another process, which calls home by ``line``."""
        self._line = line


class _Broken(NamedTuple):
    """A fault of ours, or a Ctrl-C, in the place of a result: it belongs to who waits for the results."""

    error: BaseException


class Crew(Generic[R]):
    """Threads that do pieces of ``work``, each the next number that was given, and call ``home`` meanwhile.

    ``threads`` are shared among ``processes``, which inherit what ``work`` needs; with fewer than two they are threads of this one. Results
    have to be picklable. One thread of a process works at a time: nothing that ``work`` uses expects several.
    """

    def __init__(self, work: Callable[[int], R], home: Home, threads: int, processes: int) -> None:
        self._made: SimpleQueue[tuple[int, R | _Broken]] = SimpleQueue()
        self._helpers: list[_Helper] = []
        self._numbers: SimpleQueue[int] = SimpleQueue()
        self._whose: dict[int, _Helper] = {}
        self._near: tuple[object, _Helper] | None = None
        _one_heap()
        if processes < 2:
            for _ in range(threads):
                _start_thread(_work_through, self._numbers.get, work, home, self._made_here)
        else:
            self._fork(work, home, -(-threads // processes), processes)

    def _made_here(self, number: int, made: Any) -> None:
        self._made.put((number, made))

    def _fork(self, work: Callable[[int], R], home: Home, threads: int, processes: int) -> None:
        import gc

        if sys.stdout is not None:
            sys.stdout.flush()  # or each process would print what is in its copy of the buffer
        gc.freeze()
        with forking.uninterrupted():  # or one that was just started would be nobody's
            for _ in range(processes):
                others = [end for helper in self._helpers for end in helper.ends]
                self._helpers.append(_helper(others, work, home, threads))
        for helper in self._helpers:
            _start_thread(helper.listen, home, self._made.put)

    def give(self, number: int, near: object) -> None:
        """Have a piece of work done, by who was given the one before if that was ``near`` the same and he is not far behind the others."""
        if not self._helpers:
            self._numbers.put(number)
            return
        idle = min(self._helpers, key=lambda h: h.given)
        last = self._near[1] if self._near is not None and self._near[0] == near else idle
        helper = last if last.given <= idle.given + _BEHIND else idle
        helper.given += 1
        self._whose[number], self._near = helper, (near, helper)
        with contextlib.suppress(BrokenPipeError):  # it has gone: who listens to it says so
            os.write(helper.ends[2], number.to_bytes(_NUMBER, "big"))

    def made(self, seconds: float) -> tuple[int, R] | None:
        """The next result, of whichever piece, ``None`` where none comes for so long.

        Raises what ended the work: a fault of ours, or that a process was killed.
        """
        try:
            number, made = self._made.get(timeout=seconds)
        except Empty:
            return None
        if isinstance(made, _Broken):
            raise made.error
        if self._helpers:
            self._whose.pop(number).given -= 1
        return number, made

    def end(self) -> None:
        """Leave no process behind, at work or not."""
        with forking.uninterrupted():
            for helper in self._helpers:
                forking.end(helper.pid)
                os.close(helper.ends[2])
        self._helpers = []


def _one_heap() -> None:
    """Have all threads allocate from one heap: glibc gives each of many its own, which took 25 MB more in each process. Elsewhere nothing is to be done."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _start_thread(target: Callable[..., None], *given: Any) -> None:
    threading.Thread(target=target, args=given, daemon=True).start()


def _work_through(
    following: Callable[[], int], work: Callable[[int], Any], home: Home, put: Callable[[int, Any], None]
) -> None:
    """Do one piece of work after the other; ``following`` waits for a number."""
    while True:
        number = following()
        try:
            with home.turn:
                made = work(number)
        except BaseException as error:
            made = _Broken(error)
        put(number, made)


class _Pipe:
    """An end of a pipe to which several threads write values, each whole."""

    def __init__(self, end: int) -> None:
        self._file = os.fdopen(end, "wb")
        self._lock = threading.Lock()

    def send(self, value: tuple[Any, ...]) -> None:
        sent = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        with self._lock:
            self._file.write(len(sent).to_bytes(forking.LENGTH, "big"))
            self._file.write(sent)
            self._file.flush()


def _received(file: IO[bytes]) -> Any:
    """The next value that was sent, ``None`` where the other side has gone."""
    length = file.read(forking.LENGTH)
    if len(length) < forking.LENGTH:
        return None
    sent = file.read(int.from_bytes(length, "big"))
    return pickle.loads(sent) if len(sent) == int.from_bytes(length, "big") else None


class _Helper:
    """A forked process, seen from home.

    ``ends`` are the ends of its pipes that are here: of what it sends, for what it is answered, and for the numbers of its work, of
    which it has been ``given`` so many that are not done.
    """

    def __init__(self, pid: int, ends: tuple[int, int, int]) -> None:
        self.pid, self.ends, self.given = pid, ends, 0

    def listen(self, home: Home, put: Callable[[tuple[int, Any]], None]) -> None:
        """Take its results, and serve its calls, until it has gone."""
        reading, writing, _ = self.ends
        answers = _Pipe(writing)
        try:
            with os.fdopen(reading, "rb") as file:
                while (sent := _received(file)) is not None:
                    number, made, caller = sent
                    if caller is None:
                        put((number, made))
                    else:
                        _start_thread(self._serve, home, number, made, caller, answers, put)
            raise CtxreviewError(KILLED)
        except BaseException as error:
            put((-1, _Broken(error)))

    def _serve(
        self, home: Home, number: int, value: Any, caller: int, answers: _Pipe, put: Callable[[tuple[int, Any]], None]
    ) -> None:
        try:
            answer: tuple[int, Any, CtxreviewError | None]
            try:
                answer = caller, home.do(number, value), None
            except CtxreviewError as error:
                answer = caller, None, error.with_traceback(None)
            with contextlib.suppress(BrokenPipeError):  # it was ended: nobody waits
                answers.send(answer)
        except BaseException as error:
            put((-1, _Broken(error)))


def _helper(others: Sequence[int], work: Callable[[int], Any], home: Home, threads: int) -> _Helper:
    results, sending = os.pipe()
    answers, answering = os.pipe()
    numbers, giving = os.pipe()
    line = lambda: _Line(sending, answers).serve(numbers, work, home, threads)  # noqa: E731
    pid = forking.start(line, [results, answering, giving, *others])
    for end in (sending, answers, numbers):
        os.close(end)
    return _Helper(pid, (results, answering, giving))


class _Line:
    """The way home of a forked process."""

    def __init__(self, sending: int, answers: int) -> None:
        self._home = _Pipe(sending)
        self._answers = os.fdopen(answers, "rb")
        self._waiting: dict[int, SimpleQueue[tuple[Any, CtxreviewError | None]]] = {}

    def serve(self, numbers: int, work: Callable[[int], Any], home: Home, threads: int) -> None:
        """Work until the first process has gone."""
        home.reach_by(self)
        for _ in range(threads):
            _start_thread(_work_through, lambda: _number(numbers), work, home, self._send_made)
        while (answer := _received(self._answers)) is not None:
            caller, value, error = answer
            self._waiting[caller].put((value, error))

    def _send_made(self, number: int, made: Any) -> None:
        try:
            self._home.send((number, made, None))
        except BrokenPipeError:
            os._exit(1)  # nobody is at home
        except Exception as error:  # it cannot be pickled
            self._home.send((number, _Broken(RuntimeError(f"{type(error).__name__}: {error}")), None))

    def call(self, number: int, value: Any) -> Any:
        me = threading.get_ident()
        mine = self._waiting.setdefault(me, SimpleQueue())
        self._home.send((number, value, me))
        answer, error = mine.get()
        if error is not None:
            raise error
        return answer


def _number(numbers: int) -> int:
    """The next piece of work; ends this process where there will be none."""
    taken = os.read(numbers, _NUMBER)
    if len(taken) < _NUMBER:
        os._exit(0)
    return int.from_bytes(taken, "big")
