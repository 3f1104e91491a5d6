"""The concurrency checklist: its items, as a file lists them."""

import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from ctxreview.errors import ConfigError


class Item(NamedTuple):
    """One question that every review has to answer.

    Without a model :func:`ctxreview.prompt.answers.answers` answers those of the shipped checklist, by their ids.
    """

    id: str
    question: str


def load(path: Path) -> tuple[Item, ...]:
    """The items in a checklist file. Raises :class:`ConfigError` when it is not one."""
    try:
        rows: list[dict[str, Any]] = tomllib.loads(path.read_text("utf-8"))["item"]
        return tuple(Item(**row) for row in rows)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path}: is not a valid checklist ({error}); it needs [[item]] tables with an id and a question."
        ) from None
