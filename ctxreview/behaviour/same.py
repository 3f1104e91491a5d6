"""Outlines by their identity: what is known of one, or of two versions of a file, is kept by these."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec, TypeVar

from ctxreview.model.outline import Outline

P = ParamSpec("P")
R = TypeVar("R")

_KEPT: list[Callable[[], None]] = []


def kept(most: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Keeps the last ``most`` results of a function, as :func:`functools.lru_cache` does, until they are forgotten."""

    def keeping(function: Callable[P, R]) -> Callable[P, R]:
        cached = lru_cache(most)(function)
        _KEPT.append(cached.cache_clear)
        return cached  # type: ignore[return-value]  # which is called as the function is

    return keeping


def forget() -> None:
    """Give up what is :func:`kept`: of a large file it may be a megabyte, and who goes through thousands needs few of them again."""
    for clear in _KEPT:
        clear()


class Same:
    """One outline: hashing its values would cost more than most rules."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline

    def __hash__(self) -> int:
        return id(self.outline)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.outline is self.outline


class SameTwo:
    """The two versions of a file."""

    def __init__(self, before: Outline, after: Outline) -> None:
        self.before, self.after = before, after

    def __hash__(self) -> int:
        return hash((id(self.before), id(self.after)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameTwo) and other.before is self.before and other.after is self.after
