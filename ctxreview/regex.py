"""Patterns that are compiled when they are first asked something.

A run asks one of seven patterns that its modules have at their top, and compiling the others took an eighth of ``guard``'s
time on one edit. A pattern that is not one is found by a test and not at import.
"""

import re
from typing import AnyStr, Generic, cast


class _Later(Generic[AnyStr]):
    """What stands for a compiled pattern: each of its methods and fields is taken from that at its first use."""

    def __init__(self, pattern: AnyStr, flags: int) -> None:
        self.pattern: AnyStr = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        found = getattr(re.compile(self.pattern, self._flags), name)
        self.__dict__[name] = found
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Later) and (self.pattern, self._flags) == (other.pattern, other._flags)

    def __hash__(self) -> int:
        return hash((self.pattern, self._flags))

    def __reduce__(self) -> tuple[object, tuple[AnyStr, int]]:
        return regex, (self.pattern, self._flags)


def regex(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """``re.compile`` for the top of a module. Raises :class:`re.error` at the first use and not here.

    The functions of ``re`` do not take it, and the ``re`` of a match is not it: its own methods are what to call.
    """
    return cast("re.Pattern[AnyStr]", _Later(pattern, flags))
