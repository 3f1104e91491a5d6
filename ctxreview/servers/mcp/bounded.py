"""Answers of a bounded size: what is cut says that it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctxreview.reports.json_text import dumps

MOST = 200_000
"""Characters of a structured answer as JSON, and of a text."""
LONGEST = 1_000
"""Characters of a sentence."""

_STEPS = ((200, 60_000), (100, 30_000), (50, 15_000), (20, 6_000), (8, 2_000), (3, 500), (1, 100))
"""Entries of a list and characters of a text that are kept, less at each step until all is short enough."""


def text(given: str, most: int = MOST) -> str:
    """A text of at most ``most`` characters, and a line that says what was cut."""
    if len(given) <= most:
        return given
    return f"{given[:most]}\n… cut here: {len(given) - most:,} characters more."


def document(given: Mapping[str, Any], most: int = MOST) -> dict[str, Any]:
    """A document of at most some ``most`` characters with the key ``cut``: a line for each list and text that is not whole."""
    if len(dumps(given)) <= most:
        return {**given, "cut": []}
    made: dict[str, Any] = {}
    for entries, characters in _STEPS:
        cut: dict[str, None] = {}
        made = {key: _shorter(value, key, entries, characters, cut) for key, value in given.items()}
        made["cut"] = list(cut)[:entries]
        if len(dumps(made)) <= most:
            break
    return made


def _shorter(value: Any, name: str, entries: int, characters: int, cut: dict[str, None]) -> Any:
    if isinstance(value, str):
        if len(value) <= characters:
            return value
        cut[f"{name}: {characters:,} of {len(value):,} characters"] = None
        return f"{value[:characters]}\n… cut here"
    if isinstance(value, Mapping):
        return {key: _shorter(inner, f"{name}.{key}", entries, characters, cut) for key, inner in value.items()}
    if isinstance(value, list):
        if len(value) > entries:
            cut[f"{name}: {entries:,} of {len(value):,}"] = None
        return [_shorter(inner, name, entries, characters, cut) for inner in value[:entries]]
    return value
