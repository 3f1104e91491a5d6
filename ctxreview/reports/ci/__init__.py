"""Findings for builds and forges: what ``lint``, ``guard`` and ``review`` found, as rows, in the form that somebody else defines."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Literal, cast, get_args

from ctxreview.reports.ci.rows import Found

BuildForm = Literal["markdown", "sarif", "github", "azure", "gitlab", "rdjson"]
"""The forms, each of which is made by the module of its name; ``markdown`` is a comment on a pull request."""

FORMS: tuple[str, ...] = get_args(BuildForm)


def build_text(form: str, found: Found) -> str:
    """What was found, in one of the :data:`FORMS`; it ends without a line end, and may be empty."""
    module = import_module(f"{__name__}.{form}")
    return cast("Callable[[Found], str]", module.text)(found)
