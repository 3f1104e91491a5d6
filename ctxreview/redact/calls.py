"""What calls do with secrets and with texts, by their names in the ``secrets.toml`` of every language.

A text to redact is of any language, or of several.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from ctxreview.languages import PACKAGES, data
from ctxreview.languages.words import any_of


class Call(NamedTuple):
    """Which arguments of a call may be the secret, from 1 on, or from the end as -1; the first literal there is it."""

    places: tuple[int, ...]
    common: bool = False
    """Whether calls of this name have other arguments as well, so that only what can be nothing else is taken."""


@cache
def calls() -> Mapping[str, Call]:
    """What takes a secret, by the name of the method or type, or its end, as in ``BasicAWSCredentials``."""
    rows = [row for name in PACKAGES for row in data(name, "secrets.toml").get("call", ())]
    return {called: Call(tuple(row["places"]), row.get("common", False)) for row in rows for called in row["names"]}


@cache
def names(operation: str) -> frozenset[str]:
    """The calls that make something of texts: a list under ``[text]``."""
    return frozenset(
        name for lang in PACKAGES for name in data(lang, "secrets.toml").get("text", {}).get(operation, ())
    )


@cache
def either(operation: str) -> str:
    """A regular expression for one of :func:`names`."""
    return any_of(names(operation))
