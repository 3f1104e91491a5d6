"""What can go wrong, in one clear sentence each: what, where, what to do."""

from __future__ import annotations

from collections.abc import Iterable


class CtxreviewError(Exception):
    """The work could not be done. ``str(error)`` is the sentence for standard error."""

    exit_code = 2


class SourceError(CtxreviewError):
    """A file cannot be read, or the selection does not fit it."""


class BudgetError(CtxreviewError):
    """What must be shown does not fit the token budget."""


class LimitError(BudgetError):
    """What a run may still use of its limits is too little for the next question."""


class ConfigError(CtxreviewError):
    """A setting or option is wrong."""


class ProviderError(CtxreviewError):
    """The model could not be asked, or did not answer completely.

    ``key`` is the row of the table of faults, ``wait`` how many seconds the server asks to wait.
    """

    def __init__(self, sentence: str, key: str = "", wait: float | None = None) -> None:
        super().__init__(sentence)
        self.key = key
        self.wait = wait


class NotAskedError(CtxreviewError):
    """The model was not asked, since an earlier question showed that it is of no use."""


class StoreError(CtxreviewError):
    """The record of reviews cannot be read or written."""


class StoppedError(CtxreviewError):
    """The person stopped the work."""

    exit_code = 130


class ReplyError(CtxreviewError):
    """The model answered, but not in the form that was asked for."""


def did_you_mean(given: str, known: Iterable[str], otherwise: str, prefix: str = "") -> str:
    """What to do about a name that there is not: the nearest ``known`` one with its ``prefix``, or else ``otherwise``."""
    from difflib import get_close_matches  # only where something is wrong

    near = get_close_matches(given[:40], list(known), 1)
    return f"did you mean {prefix}{near[0]}?" if near else otherwise
