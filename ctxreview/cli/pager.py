"""A pager for text on a terminal, as git has one: what CTXREVIEW_PAGER or PAGER names, or else less."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain

from ctxreview.cli import console


def command() -> str:
    """What the person's environment names; ``""`` for no pager, as an empty variable and ``cat`` say."""
    for name in ("CTXREVIEW_PAGER", "PAGER"):
        if (chosen := os.environ.get(name)) is not None:
            return "" if chosen.strip() in ("", "cat") else chosen
    return "less" if shutil.which("less") else ""


def show(texts: Iterable[str], *, wanted: bool) -> None:
    """Print texts as they come: through the pager where it is ``wanted`` and there is a terminal, else as they are.

    A reader who leaves the pager has seen enough: what is still to come is not made.
    """
    following = iter(texts)
    first = next(following, None)  # the pager is started when there is something to see
    if first is None:
        return
    chosen = command() if wanted and console.is_live(sys.stdout) else ""
    if not chosen:
        for text in chain([first], following):
            console.print_line(text)
        return
    with _through(chosen), suppress(BrokenPipeError):
        for text in chain([first], following):
            print(text, flush=True)


@contextmanager
def _through(chosen: str) -> Iterator[None]:
    """Standard output, and standard error where it is a terminal too, go through a program until it ends."""
    import subprocess

    environment = {
        "LESS": "FRX",
        "LV": "-c",
        **os.environ,
    }  # as git has them: no pager for one screen, colours, text that stays
    sys.stdout.flush()
    streams = [1, *([2] if sys.stderr is not None and sys.stderr.isatty() else [])]
    kept = [os.dup(stream) for stream in streams]
    # A shell runs what the person's own environment names; nothing of the reviewed repository can name one.
    with subprocess.Popen(chosen, shell=True, stdin=subprocess.PIPE, env=environment) as running:
        if running.stdin is None:
            return
        for stream in streams:
            os.dup2(running.stdin.fileno(), stream)
        running.stdin.close()
        try:
            yield
        finally:
            for stream, before in zip(streams, kept, strict=True):
                os.dup2(before, stream)  # which ends the pager's input
                os.close(before)
            while running.poll() is None:
                with suppress(KeyboardInterrupt):  # it is the pager's: less stops a search by it
                    running.wait()
