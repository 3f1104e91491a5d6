"""Colours of a terminal."""

from __future__ import annotations

from typing import NamedTuple

COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
SEVERITY_COLOURS = {"high": "red", "medium": "yellow", "low": "cyan", "note": "dim"}
VERDICT_COLOURS = {"conflicts": "red", "needs-human": "yellow", "no-known-conflict": "dim"}


class Paint(NamedTuple):
    """Colours a text, or leaves it as it is."""

    colour: bool

    def __call__(self, text: str, *names: str) -> str:
        """``text`` in the named colours."""
        codes = ";".join(COLOURS[n] for n in names if n in COLOURS)
        return f"\x1b[{codes}m{text}\x1b[0m" if self.colour and codes else text
