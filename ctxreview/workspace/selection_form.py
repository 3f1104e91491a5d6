"""How a selection is written: a path, and lines or columns in it."""

from __future__ import annotations

import re

from ctxreview.regex import regex

FORMS = "PATH:LINE, PATH:START-END or PATH:LINE:COL-LINE:COL"
FORM = regex(
    r"(?P<path>.+?):(?:(?P<l1>N):(?P<c1>N)-(?P<l2>N):(?P<c2>N)|(?P<start>N)(?:-(?P<end>N))?)".replace("N", r"\d{1,20}"),
    re.S,
)


def path_in(given: str) -> str:
    """The path that a selection names; what is not a selection as it is."""
    form = FORM.fullmatch(given.rstrip())
    return form["path"] if form is not None else given
