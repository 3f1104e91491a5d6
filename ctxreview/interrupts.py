"""Ctrl-C, also where a library does not let it through.

While an SDK is imported, and for each event that it reads, pydantic runs Python code from its own: a KeyboardInterrupt
there becomes an error of another kind, or is printed and passed over. So that it was pressed is remembered.
"""

import signal
import sys

_pressed = False


def listen() -> None:
    """From here on remember Ctrl-C, besides raising KeyboardInterrupt for it; to be called in the main thread."""
    signal.signal(signal.SIGINT, _press)
    shown = sys.unraisablehook
    # What was passed over need not be shown: :func:`check` raises it again.
    sys.unraisablehook = lambda told: None if _pressed and told.exc_type is KeyboardInterrupt else shown(told)


def _press(*_: object) -> None:
    global _pressed  # noqa: PLW0603
    _pressed = True
    raise KeyboardInterrupt


def pressed() -> bool:
    """Whether Ctrl-C was pressed since :func:`listen`."""
    return _pressed


def check() -> None:
    """Raise KeyboardInterrupt if Ctrl-C was pressed: it was lost on the way."""
    if _pressed:
        raise KeyboardInterrupt


def over() -> None:
    """All is done: from here on there is nothing left to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
