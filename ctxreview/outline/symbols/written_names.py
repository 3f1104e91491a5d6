"""The names of types as they are written."""

from __future__ import annotations

from ctxreview.kept import kept

MOST_KEPT = 4_096
"""Types as written whose names are kept: the same ones are asked for thousands of times."""


@kept(MOST_KEPT)
def simple_type(written: str) -> str:
    """The simple name of a type: ``Repo`` of ``Data.Repo<int>?``, ``int[]`` of an array."""
    return written.strip().rstrip("?").partition("<")[0].rpartition(".")[2].strip().lstrip("@")


@kept(MOST_KEPT)
def simple_type_or_array(written: str) -> str:
    """The simple name of a type; ``[]`` for an array of whatever type."""
    return "[]" if written.strip().rstrip("?").endswith("]") else simple_type(written)
