"""Words that the outline's texts have in every language: of the current object, and of waiting for a task.

A language that has other words writes these into its outlines. ``tests/languages/test_seam.py`` compares them with the data of the languages,
and finds other modules that write them out.
"""

from __future__ import annotations

SELF = "this"
"""The current object, in resources, targets and receivers."""
OPTIONAL_SELF = rf"(?:{SELF}\s*\.\s*)?"
"""A regular expression for the receiver before a member of the current object, where it is written."""
AWAIT = "await"
"""The word before a call that is waited for."""
OPTIONAL_AWAIT = rf"(?:{AWAIT}\s+)?"
"""A regular expression for it, where it is written."""


def without_self(path: str) -> str:
    """A dotted name without the current object as its receiver: ``_gate`` of ``this._gate``."""
    return path.removeprefix(f"{SELF}.")
