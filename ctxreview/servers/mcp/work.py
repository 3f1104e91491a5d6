"""``python -m ctxreview.servers.mcp.work ROOT ...``: does calls, one after the other, in a process that may be ended at any time.

A call comes on standard input and is answered on standard output, each as JSON behind its length. The process ends with
the one that started it, and by itself where a call takes much too long: nobody is there any more to end it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec

from ctxreview.context.visible import one_line
from ctxreview.errors import CtxreviewError
from ctxreview.reports.json_text import dumps
from ctxreview.servers.mcp import bounded
from ctxreview.servers.mcp.tools import PROMPTS, TOOLS, Entry

LENGTH = 8
"""Bytes of the length that stands before what is sent, big-endian."""
SECONDS = 60
"""Seconds that a call may take."""
LATER = 10
"""Seconds after that in which the process that asked should have ended this one."""

KINDS = {"tool": TOOLS, "prompt": PROMPTS}


class Answer(NamedTuple):
    """What became of a call: a document and a text, or else one sentence in ``error``."""

    document: dict[str, Any]
    text: str
    error: str = ""


def answer(entry: Entry, arguments: Any, roots: Sequence[Path]) -> Answer:
    """The answer to a call, bounded. Whatever goes wrong is one sentence of it."""
    from ctxreview.workspace.roots import forget_roots

    forget_roots()
    try:
        given = msgspec.convert(arguments, entry.asked, strict=False)
    except (msgspec.ValidationError, RecursionError) as error:
        return Answer({}, "", _sentence(f"The arguments do not fit: {error}."))
    try:
        made = entry.does(given, roots)
        return Answer(bounded.document(made.document), bounded.text(made.text))
    except CtxreviewError as error:
        return Answer({}, "", _sentence(str(error)))
    except OSError as error:
        return Answer({}, "", _sentence(f"It cannot be read: {error.strerror or type(error).__name__}."))
    except (Exception, RecursionError) as error:
        return Answer({}, "", f"ctxreview failed here ({type(error).__name__}); please report it with the arguments.")


def _sentence(said: str) -> str:
    return one_line(said[: 4 * bounded.LONGEST])[: bounded.LONGEST]


def main() -> None:
    """Answer until standard input ends."""
    wire, sent = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints does not print into an answer
    roots = tuple(map(Path, sys.argv[1:]))
    while head := wire.read(LENGTH):
        call = json.loads(wire.read(int.from_bytes(head, "big")))
        _alarm(SECONDS + LATER)
        made = answer(KINDS[call["kind"]][call["name"]], call["arguments"], roots)
        _alarm(0)
        _send(sent, made)


def _send(sent: BinaryIO, made: Answer) -> None:
    data = dumps(made._asdict()).encode("ascii")
    sent.write(len(data).to_bytes(LENGTH, "big") + data)
    sent.flush()


def _alarm(seconds: int) -> None:
    """End this process in so many seconds, where the system can; 0 for never."""
    import signal

    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


if __name__ == "__main__":
    main()
