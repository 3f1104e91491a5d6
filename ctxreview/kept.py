"""What is kept of files so that it need not be made twice, and how it is given up."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, ParamSpec, TypeVar, cast
from weakref import WeakSet

P = ParamSpec("P")
R = TypeVar("R")

_KEPT: WeakSet[Any] = WeakSet()


def kept(most: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Keeps the last ``most`` results of a function, as :func:`functools.lru_cache` does, until they are forgotten."""

    def keeping(function: Callable[P, R]) -> Callable[P, R]:
        cached = lru_cache(most)(function)
        _KEPT.add(cached)
        return cast("Callable[P, R]", cached)

    return keeping


def forget(*some: Any) -> None:
    """Give up what is :func:`kept` by ``some`` functions, or by all.

    Of a large file it may be a megabyte, and who goes through thousands needs little of it again. The small texts count as well: an
    allocator gives back only what nothing is left in.
    """
    for cached in some or list(_KEPT):
        cached.cache_clear()
