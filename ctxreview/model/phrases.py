"""Numbers with their nouns, as sentences for people have them."""

from __future__ import annotations

from collections.abc import Iterable

MOST_LISTED = 5
"""Names that a sentence lists; the others are counted."""


def amount(count: int, noun: str, rest: str = "") -> str:
    """``1 line`` or ``2,000 lines``; ``rest`` is between: ``1 more line``. The noun takes an ``s``."""
    between = f"{rest} " if rest else ""
    return f"{count:,} {between}{noun}{'' if count == 1 else 's'}"


def place(first: int, last: int) -> str:
    """``line 3`` or ``lines 3-5``."""
    return f"line {first}" if first == last else f"lines {first}-{last}"


def at_lines(numbers: list[int]) -> str:
    """``line 3`` or ``lines 3, 5``."""
    return f"line{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def numbers(first: int, last: int) -> str:
    """``28`` or ``28-31``."""
    return f"{first}" if last <= first else f"{first}-{last}"


def listed(names: Iterable[str], most: int = MOST_LISTED) -> str:
    """``A``, ``A and B``, ``A, B and 3 more``: each name once, at most ``most`` of them."""
    shown = list(dict.fromkeys(names))
    if len(shown) > most:
        shown[most:] = [f"{len(shown) - most:,} more"]
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)
